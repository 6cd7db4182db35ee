"""From patients to printed summaries to effects: as near the truth as the printed digits allow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from mscsec.effects.measures import effect_size
from mscsec.effects.reading import Rules
from mscsec.effects.sizes import effects

from .bases import base_of, fixed, row_of, study, two

FEW = settings(max_examples=40, deadline=None)


@st.composite
def patients(draw, least=8, most=60):
    """Values of two groups, as a trial measures them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(least, most)), draw(st.integers(least, most))
    mean, spread = draw(st.floats(8, 40)), draw(st.floats(1, 4))
    return tuple(rng.normal(mean + 3 * group, spread, size) for group, size in enumerate(n))


def summary(values: np.ndarray, how: str, decimals: int) -> dict[str, Any]:
    """What a paper prints of a group."""
    n, mean, sd = len(values), values.mean(), values.std(ddof=1)
    half = stats.t.ppf(0.975, n - 1) * sd / math.sqrt(n)
    printed = {
        "sd": {"mean": mean, "sd": sd}, "se": {"mean": mean, "se": sd / math.sqrt(n)},
        "ci": {"mean": mean, "ci": [mean - half, mean + half]},
        "quartiles": {"median": np.median(values), "iqr": list(np.quantile(values, [0.25, 0.75]))},
        "five": {"median": np.median(values), "iqr": list(np.quantile(values, [0.25, 0.75])), "range": [values.min(), values.max()]},
    }[how]  # fmt: skip
    return {
        key: [fixed(x, decimals) for x in value] if isinstance(value, list) else fixed(value, decimals)
        for key, value in printed.items()
    } | {"n": n}


def direct(measure: str, one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    found = effect_size(
        measure, mean_1=[one.mean()], sd_1=[one.std(ddof=1)], n_1=[len(one)], mean_2=[other.mean()],
        sd_2=[other.std(ddof=1)], n_2=[len(other)],
    )  # fmt: skip
    return float(found.yi[0]), float(found.sei[0])


@given(data=patients(), decimals=st.integers(2, 5))
@pytest.mark.parametrize("how", ["sd", "se", "ci"])
@FEW
def test_exact_routes_differ_by_rounding_alone(data, decimals, how):
    one, other = data
    unit = 0.5 * 10.0**-decimals
    row = row_of("stay", two(summary(one, how, decimals), summary(other, how, decimals)))
    yi, sei = direct("MD", one, other)
    assert abs(row.yi - yi) <= 2 * unit * (1 + 1e-6)
    # an SE is off by half a unit, an SD by that over sqrt(n), an interval by one unit over two quantiles
    assert abs(row.sei - sei) <= 2 * unit * (1 + 1e-6)


@given(data=patients(least=20))
@pytest.mark.parametrize(("how", "bound"), [("quartiles", 1.0), ("five", 0.8)])
@pytest.mark.parametrize("route", ["normal", "qe", "bc"])
@settings(max_examples=12, deadline=None)
def test_a_median_comes_close_for_normal_data(data, how, route, bound):
    """Luo (2018) and McGrath (2020) report errors of the mean of a fraction of its standard error for normal data."""
    one, other = data
    if route == "bc":  # a Box-Cox transformation has no place for values below zero
        one, other = (group - min(group.min(), 0) + 0.01 for group in (one, other))
    row = row_of("stay", two(summary(one, how, 3), summary(other, how, 3)), rules=Rules(quantiles=f"quantiles-{route}"))
    yi, sei = direct("MD", one, other)
    assert abs(row.yi - yi) < 2.5 * bound * sei
    assert 0.4 < row.sei / sei < 2.5


@given(data=patients(), decimals=st.integers(3, 5))
@FEW
def test_one_sd_from_the_printed_test(data, decimals):
    one, other = data
    t, p = stats.ttest_ind(one, other)
    assume(abs(t) > 0.5)
    means = {"a": {"mean": fixed(one.mean(), 6), "n": len(one)}, "c": {"mean": fixed(other.mean(), 6), "n": len(other)}}
    by_t = row_of("stay", {"arms": means, "reported": {"t": fixed(t, decimals)}})
    se = abs(one.mean() - other.mean()) / abs(t)
    assert by_t.sei == pytest.approx(se, rel=10.0**-decimals / abs(t) + 1e-5)
    if p > 1e-4:
        by_p = row_of("stay", {"arms": means, "reported": {"p": fixed(p, 12)}})
        assert by_p.sei == pytest.approx(se, rel=1e-5)


@given(a=st.integers(0, 50), n1=st.integers(50, 90), c=st.integers(0, 60), n2=st.integers(60, 99))
@FEW
def test_counts_by_each_way_they_are_printed_are_the_same_counts(a, n1, c, n2):
    assume((a, c) != (0, 0))
    ways = [
        {"events": a}, {"non_events": n1 - a}, {"percent": fixed(100 * a / n1, 1)}, {"non_event_percent": fixed(100 * (n1 - a) / n1, 2)},
    ]  # fmt: skip
    found = [row_of("death", two(way, {"events": c}), n=(n1, n2), drop00=False) for way in ways]
    assert {(row.yi, row.vi) for row in found} == {(found[0].yi, found[0].vi)}


@given(
    a=st.integers(1, 49),
    n1=st.integers(50, 90),
    c=st.integers(1, 59),
    n2=st.integers(60, 99),
    decimals=st.integers(2, 4),
)
@pytest.mark.parametrize("measure", ["RR", "OR"])
@FEW
def test_a_ratio_comes_back_from_its_printed_interval(a, n1, c, n2, decimals, measure):
    truth = row_of("death", two({"events": a}, {"events": c}), n=(n1, n2), measure=measure)
    assume(truth.low > 20 * 10.0**-decimals)
    printed = {
        "measure": measure,
        "estimate": fixed(truth.estimate, decimals),
        "ci": [fixed(truth.low, decimals), fixed(truth.high, decimals)],
    }
    row = row_of("death", {"effects": [printed]}, measure=measure)
    unit = 0.5 * 10.0**-decimals
    assert abs(row.yi - truth.yi) <= 1.1 * unit / (truth.estimate - unit)
    assert abs(row.sei - truth.sei) <= 1.1 * (unit / (truth.low - unit) + unit / (truth.high - unit)) / (2 * 1.959)
    both = row_of("death", two({"events": a}, {"events": c}) | {"effects": [printed]}, n=(n1, n2), measure=measure)
    assert both.flags == ()  # the two agree within rounding


MEASURES = {
    "stay": ("MD", "SMD", "SMDH", "ROM", "VR"),
    "death": ("RR", "OR", "RD", "PETO", "AS"),
    "falls": ("IRR", "IRD", "IRSD"),
}
PAIRS = {
    "stay": ({"mean": 8.2, "sd": 3.1, "n": 31}, {"mean": 10.4, "se": 0.7, "n": 28}),
    "death": ({"events": 4, "n": 31}, {"percent": 25, "n": 28}),
    "falls": ({"events": 4, "time": 120.5}, {"events": 11, "time": 98}),
}


@pytest.mark.parametrize(("outcome", "measure"), [(outcome, key) for outcome, keys in MEASURES.items() for key in keys])
def test_swapped_arms_change_the_sign(outcome, measure):
    one, other = PAIRS[outcome]
    straight, swapped = (row_of(outcome, two(*pair), measure=measure) for pair in ((one, other), (other, one)))
    assert (swapped.yi, swapped.vi) == pytest.approx((-straight.yi, straight.vi), rel=1e-12)


@given(data=patients(), factor=st.sampled_from([0.0416666666666667, 7.0, 24.0, 1000.0]))
@pytest.mark.parametrize("how", ["sd", "ci", "quartiles"])
@settings(max_examples=20, deadline=None)
def test_a_change_of_unit_scales_differences_and_leaves_the_others_alone(data, factor, how):
    one, other = data
    result = two(summary(one, how, 4), summary(other, how, 4)) | {"outcome": "stay"}
    plan = {"stay": {"conversions": {"hour": factor}}}
    base = base_of(study(result, name="days"), study(result | {"unit": "hour"}, name="hours"), outcomes=plan)
    for measure in MEASURES["stay"]:
        days, hours = effects(base, "stay", measure=measure).rows
        scale = factor if measure == "MD" else 1.0
        assert (hours.yi, hours.vi) == pytest.approx((days.yi * scale, days.vi * scale**2), rel=1e-7)
