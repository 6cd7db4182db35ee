"""Every figure leads to its line, every flag to its code, every step to its source; and no study is lost on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.codes import CODES
from mscsec.effects.measures import MEASURES
from mscsec.effects.reading import Rules
from mscsec.effects.sizes import EffectSizes, effects
from mscsec.errors import CannotCompute, UsageError
from mscsec.records.reader import EvidenceBase, load, shipped_folder
from mscsec.sources import SOURCES

from .bases import base_of, fixed, study

SHIPPED = load(shipped_folder())
RULES = ("combine", "split", "separate")


def check(base: EvidenceBase, found: EffectSizes) -> int:
    """What holds for every study of every base; the number of figures that were followed to their line."""
    followed = 0
    entered = {row.study.split(":")[0] for row in found.rows}
    left_out = {item.study.split(":")[0] for item in found.excluded}
    assert entered | left_out == {record.id for record in base.studies}
    assert all(item.reason for item in found.excluded)
    assert np.isfinite(found.yi).all()
    assert (np.isfinite(found.vi) & (found.vi > 0)).all()
    for row in found.rows:
        assert {flag.code for flag in row.flags} <= set(CODES)
        assert all(step.source in SOURCES or step.source == "record" for step in row.derivation.steps)
        assert len({figure.path for figure in row.derivation.figures}) == len(row.derivation.figures)
        for figure in row.derivation.figures:
            origin = base.origin(row.study.split(":")[0], figure.path)
            assert origin.text.replace(" ", "") == figure.text.replace(" ", ""), figure
            followed += 1
    return followed


def every_way(base: EvidenceBase, measures: tuple[str | None, ...]) -> int:
    """All outcomes, comparisons, preferences and rules."""
    followed = 0
    for outcome in base.review.outcomes:
        for comparison in base.review.comparisons:
            for measure in measures:
                for prefer, rule in (("arms", "combine"), ("reported", "split")):
                    try:
                        found = effects(
                            base, outcome, measure=measure, comparison=comparison, designs=["all"], prefer=prefer,
                            rules=Rules(multi_arm=rule, correlation=0.5),
                        )  # fmt: skip
                    except UsageError as error:
                        assert "does not fit" in error.message  # noqa: PT017 - any other refusal is a failure
                        continue
                    followed += check(base, found)
    return followed


def test_the_shipped_base():
    assert every_way(SHIPPED, (None, "OR", "RD", "SMD", "PR", "MN")) > 500


# --- records of every make -------------------------------------------------------------------------------------------

sizes = st.integers(1, 60)
means = st.builds(fixed, st.floats(-20, 60), st.integers(0, 3))
spreads = st.builds(fixed, st.floats(0.5, 20), st.integers(1, 3))
shares = st.builds(fixed, st.floats(0, 100), st.integers(0, 2))
p_values = st.one_of(
    st.builds(lambda p: fixed(p, 3), st.floats(0.001, 1)),
    st.sampled_from(["<0.001", ">0.05", "< 0.05", "≤0.01", "≥ 0.1"]),
)


def optional(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def ordered(count: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.floats(0, 50), min_size=count, max_size=count).map(lambda xs: [fixed(x, 1) for x in sorted(xs)])


@st.composite
def arm_of_deaths(draw, n):
    events = draw(st.integers(0, n))
    return draw(
        st.sampled_from([{"events": events}, {"non_events": n - events}, {"percent": fixed(100 * events / n, 1)},
                         {"non_event_percent": fixed(100 * events / n, 0)}, {"percent": draw(shares)}, {}])
    )  # fmt: skip


@st.composite
def arm_of_stays(draw):
    five = draw(ordered(5))
    baseline = {"mean": draw(means)} | draw(optional(sd=spreads, se=spreads))
    change = {"mean": draw(means)} | draw(optional(sd=spreads, se=spreads, correlation=st.just(0.5)))
    way = draw(st.integers(0, 7))
    printed: dict[str, Any] = {
        0: {"mean": draw(means), "sd": draw(spreads)}, 1: {"mean": draw(means), "se": draw(spreads)},
        2: {"mean": five[2], "ci": [five[1], five[3]]}, 3: {"median": five[2], "iqr": [five[1], five[3]]},
        4: {"median": five[2], "range": [five[0], five[4]]},
        5: {"median": five[2], "iqr": [five[1], five[3]], "range": [five[0], five[4]]},
        6: {"change": change, "sd": draw(spreads)}, 7: {"mean": draw(means)},
    }[way]  # fmt: skip
    return printed | ({"baseline": baseline} if draw(st.booleans()) else {})


designs = st.sampled_from(
    [{}, {}, {"type": "cluster-rct", "icc": 0.05, "cluster_size": 12}, {"type": "cluster-rct"},
     {"type": "crossover-rct", "period_correlation": 0.5}, {"type": "crossover-rct"}, {"type": "nonrandomised"}]
)  # fmt: skip


@st.composite
def printed_effects(draw, measures):
    low, mid, high = sorted(draw(st.lists(st.floats(0.1, 9), min_size=3, max_size=3)))
    effect = {"measure": draw(st.sampled_from(measures)), "estimate": fixed(mid, 2)}
    effect |= draw(
        optional(ci=st.just([fixed(low, 2), fixed(high, 2)]), p=p_values, z=means, se=spreads, adjusted=st.just("age"))
    )
    sides = draw(
        st.sampled_from([{}, {"experimental": "a", "comparator": "c"}, {"experimental": "c", "comparator": "a"}])
    )
    return effect | sides


@st.composite
def records(draw):
    n = draw(sizes), draw(sizes)
    more = draw(st.booleans())
    arms = {"a": {"role": "experimental", "n": n[0]}, "c": {"role": "comparator", "n": n[1]}}
    if more:
        arms["low"] = {"role": "experimental", "n": draw(sizes)}
    results = []
    for outcome, make in (
        ("death", lambda name: arm_of_deaths(arms[name]["n"])),
        ("stay", lambda name: arm_of_stays()),
    ):
        result: dict[str, Any] = {"outcome": outcome, "arms": {name: draw(make(name)) for name in arms}}
        if draw(st.booleans()):
            result["effects"] = [
                draw(printed_effects(["RR", "OR", "HR"] if outcome == "death" else ["MD", "SMD", "ROM"]))
            ]
        reported = draw(optional(p=p_values, t=means, f=spreads))
        results.append(result | ({"reported": reported} if reported else {}) | draw(optional(reversed=st.booleans())))
    results.append({"outcome": "survival", "effects": [draw(printed_effects(["HR"]))]})
    time = st.floats(0.5, 900).map(lambda x: fixed(x, 1))
    rate = st.fixed_dictionaries({"time": time}, optional={"events": st.integers(0, 30)})
    results.append({"outcome": "falls", "arms": {name: draw(rate) for name in arms}})
    results.append({"outcome": "effect", "effects": draw(st.lists(printed_effects(["HR", "slope", "MD"]), min_size=1, max_size=2, unique_by=str))})  # fmt: skip
    results.append({"outcome": "link"} | draw(optional(r=st.sampled_from([-1, -0.3, 0, 0.95]), n=sizes)))
    return results, arms, draw(designs)


WAYS = {
    "death": ("RR", "OR", "RD", "PR", "PLO"),
    "stay": ("MD", "SMD", "ROM", "VR", "MN", "MC", "SMCR"),
    "survival": ("HR", "GEN"),
    "falls": ("IRR", "IRD", "IRSD", "IR", "IRFT"),
    "effect": ("GEN", "HR"),
    "link": ("ZCOR", "COR"),
}


@given(record=records())
@settings(max_examples=60, deadline=None)
def test_generated_records(record):
    results, arms, design = record
    base = base_of(study(*results, arms=arms, design=design))
    for outcome, measures in WAYS.items():
        for measure in measures:
            for rule in RULES:
                for prefer in ("arms", "reported"):
                    found = effects(base, outcome, measure=measure, prefer=prefer, rules=Rules(multi_arm=rule))
                    check(base, found)
                    assert found.covariance.shape == (len(found.rows),) * 2


@pytest.mark.parametrize(
    "key",
    [
        key
        for key, row in MEASURES.items()
        if row.family in ("means", "smd", "dichotomous", "superiority", "glass", "sds")
    ],
)
def test_every_measure_of_two_groups_goes_the_way_of_a_record(key):
    outcome = "death" if MEASURES[key].family == "dichotomous" else "stay"
    result = (
        {"arms": {"a": {"events": 4}, "c": {"events": 9}}}
        if outcome == "death"
        else {"arms": {"a": {"mean": 8, "sd": 3}, "c": {"mean": 10, "sd": 4}}}
    )
    base = base_of(study(result | {"outcome": outcome}))
    try:
        found = effects(base, outcome, measure=key)
    except CannotCompute as error:  # pragma: no cover - none does today
        raise AssertionError(key) from error
    assert len(found.rows) == 1
    check(base, found)
