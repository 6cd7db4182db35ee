"""Records made from simulated patients and rounded honestly raise no finding, under any rounding rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy import stats

from mscsec.integrity.printed import ROUNDING
from mscsec.integrity.review import review

from .base import base_of, record

RECORDS = 8  # in each simulated base
BASES = 6  # drawn for each rule: 48 records

# Decimal's own rounding modes, which know nothing of `ROUNDING`; by sign where a rule looks toward infinity.
_UP = (ROUND_HALF_UP, ROUND_HALF_DOWN)  # of a positive and of a negative number
MODES: dict[str, tuple[str, str] | None] = {
    "up": _UP,
    "down": _UP[::-1],
    "even": (ROUND_HALF_EVEN, ROUND_HALF_EVEN),
    "away": (ROUND_HALF_UP, ROUND_HALF_UP),
    "ceiling": (ROUND_CEILING, ROUND_CEILING),
    "floor": (ROUND_FLOOR, ROUND_FLOOR),
    "trunc": (ROUND_DOWN, ROUND_DOWN),
    "anti_trunc": (ROUND_UP, ROUND_UP),
    "up_or_down": None,  # either of two, figure by figure
    "ceiling_or_floor": None,
}

Print = Callable[[float, int], str]


def printer(rule: str, rng: np.random.Generator) -> Print:
    """Prints a number as `rule` does."""
    either = {"up_or_down": ("up", "down"), "ceiling_or_floor": ("ceiling", "floor")}

    def show(value: float, decimals: int) -> str:
        name = str(rng.choice(either[rule])) if rule in either else rule
        modes = MODES[name]
        assert modes is not None
        exact = Decimal(repr(float(value)))
        return str(exact.quantize(Decimal(1).scaleb(-decimals), rounding=modes[exact < 0]))

    return show


def p_text(p: float, show: Print) -> str:
    return '"<0.001"' if p < 0.001 else show(p, 3)


def moments(values: np.ndarray, show: Print, decimals: int = 2) -> str:
    return f"mean: {show(values.mean(), decimals)}, sd: {show(values.std(ddof=1), decimals)}"


def simulated(name: str, rng: np.random.Generator, show: Print) -> str:
    """One trial: every kind of figure that a record can hold, computed from its patients."""
    n = rng.integers(8, 60, 2)
    stays = [rng.poisson(rng.uniform(6, 14), size) + 1 for size in n]
    before = [rng.integers(10, 40, size) for size in n]
    after = [np.maximum(base - rng.integers(0, 9, base.size), 0) for base in before]
    saturation = [np.round(rng.uniform(60, 95, size), 1) for size in n]
    crp = [rng.lognormal(3, 0.5, size) for size in n]
    dead = rng.binomial(n, rng.uniform(0.15, 0.7, 2))
    results = "\n".join(
        (
            _stay(stays, rng, show),
            _score(before, after, show),
            _median([each + rng.poisson(4, each.size) for each in stays], show),
            _saturation(saturation, show),
            _crp(crp, show),
            _death(dead, n, rng, show),
            _survivors(dead, n, show),
        )
    )
    population = f"population: {{randomised: {n.sum()}, analysed: {n.sum()}}}\n"
    return record(name, results, (str(n[0]), str(n[1])), population)


def _arms(figures: list[str]) -> str:
    return f"{{a: {{{figures[0]}}}, c: {{{figures[1]}}}}}"


def _stay(stays: list[np.ndarray], rng: np.random.Generator, show: Print) -> str:
    equal = bool(rng.integers(2))
    found = stats.ttest_ind(*stays, equal_var=equal)
    named = ("" if rng.integers(2) else ", test: Student's t") if equal else ", test: Welch"
    difference = stays[0].mean() - stays[1].mean()
    ci = found.confidence_interval()
    statistic = f", t: {show(found.statistic, 2)}, df: {found.df:g}" if equal else ""
    return f"""\
- outcome: stay
  timepoint: discharge
  arms: {_arms([moments(each, show) for each in stays])}
  reported: {{p: {p_text(found.pvalue, show)}{named}{statistic}}}
  effects:
    - {{measure: MD, experimental: a, comparator: c, estimate: {show(difference, 2)}, ci: [{show(ci.low, 2)}, {show(ci.high, 2)}], p: {p_text(found.pvalue, show)}}}"""


def _score(before: list[np.ndarray], after: list[np.ndarray], show: Print) -> str:
    figures = [
        f"{moments(last, show, 1)}, baseline: {{{moments(first, show, 1)}}}, change: {{{moments(last - first, show, 1)}}}, range: [{last.min()}, {last.max()}]"
        for first, last in zip(before, after, strict=True)
    ]
    return f"- outcome: score\n  arms: {_arms(figures)}"


def _median(stays: list[np.ndarray], show: Print) -> str:
    figures = []
    for each in stays:
        q1, median, q3 = np.quantile(each, [0.25, 0.5, 0.75])
        figures.append(
            f"median: {show(median, 1)}, iqr: [{show(q1, 2)}, {show(q3, 2)}], range: [{each.min()}, {each.max()}], mean: {show(each.mean(), 2)}, sd: {show(each.std(ddof=1), 2)}"
        )
    p = stats.mannwhitneyu(*stays).pvalue
    return f"- outcome: stay\n  timepoint: day 60\n  arms: {_arms(figures)}\n  reported: {{p: {p_text(p, show)}, test: Mann-Whitney}}"


def _saturation(values: list[np.ndarray], show: Print) -> str:
    figures = []
    for each in values:
        half = stats.t.ppf(0.975, each.size - 1) * each.std(ddof=1) / math.sqrt(each.size)
        figures.append(f"{moments(each, show)}, ci: [{show(each.mean() - half, 2)}, {show(each.mean() + half, 2)}]")
    return f"- outcome: saturation\n  arms: {_arms(figures)}"


def _crp(values: list[np.ndarray], show: Print) -> str:
    figures = [
        f"mean: {show(each.mean(), 2)}, se: {show(each.std(ddof=1) / math.sqrt(each.size), 2)}" for each in values
    ]
    p = stats.ttest_ind(*values, equal_var=False).pvalue
    return f"- outcome: crp\n  arms: {_arms(figures)}\n  reported: {{p: {p_text(p, show)}}}"


def _death(dead: np.ndarray, n: np.ndarray, rng: np.random.Generator, show: Print) -> str:
    table = np.array([dead, n - dead])
    figures = [f"events: {e}, percent: {show(100 * e / size, 1)}" for e, size in zip(dead, n, strict=True)]
    tests = {"": lambda: stats.fisher_exact(table).pvalue}
    if 0 < dead.sum() < n.sum():
        tests |= {
            ", test: chi-square": lambda: stats.chi2_contingency(table, correction=False).pvalue,
            ", test: chi-square with Yates's correction": lambda: stats.chi2_contingency(table).pvalue,
        }
    named = str(rng.choice(list(tests)))
    p = p_text(float(tests[named]()), show)
    effect = ""
    if dead.min() > 0:
        ratio = math.log(dead[0] * n[1] / (dead[1] * n[0]))
        half = stats.norm.ppf(0.975) * math.sqrt(max((1 / dead - 1 / n).sum(), 0))
        low, high = math.exp(ratio - half), math.exp(ratio + half)
        effect = f"\n  effects:\n    - {{measure: RR, experimental: a, comparator: c, estimate: {show(math.exp(ratio), 2)}, ci: [{show(low, 2)}, {show(high, 2)}], p: {p}}}"
    return f"- outcome: death\n  timepoint: day 28\n  arms: {_arms(figures)}\n  reported: {{p: {p}{named}}}{effect}"


def _survivors(dead: np.ndarray, n: np.ndarray, show: Print) -> str:
    figures = [f"non_event_percent: {show(100 * (size - e) / size, 1)}" for e, size in zip(dead, n, strict=True)]
    return f"- outcome: death\n  timepoint: day 90\n  arms: {_arms(figures)}"


def test_every_rounding_rule_has_its_honest_records():
    assert set(MODES) == set(ROUNDING)


@pytest.mark.parametrize("rule", MODES)
@settings(max_examples=BASES, deadline=None, derandomize=True, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32 - 1))
def test_honest_records_raise_no_finding(rule, seed):
    rng = np.random.default_rng(seed)
    show = printer(rule, rng)
    names = [f"trial{chr(97 + at)}" for at in range(RECORDS)]
    with base_of({name: simulated(name, rng, show) for name in names}) as base:
        found = review(base, rounding=rule)
    asked = [
        (each.study, each.outcome, each.verdict.check, each.verdict.tested, each.verdict.found)
        for each in found.findings
        if each.verdict.asks
    ]
    assert asked == []
    assert found.counts["passed"] + found.counts["note"] > 20 * RECORDS
    assert not found.undecided, [(each.verdict.check, each.verdict.found) for each in found.undecided]
