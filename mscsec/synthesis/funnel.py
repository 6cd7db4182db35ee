"""The test of funnel asymmetry that suits an outcome, made where the guidance allows one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mscsec.effects.sizes import EffectSizes
from mscsec.errors import CannotCompute
from mscsec.results import Result
from mscsec.small_study import ASYMMETRY, Asymmetry, asymmetry, recommended_test

CELLS = ("events_1", "n_1", "events_2", "n_2")


@dataclass(frozen=True, slots=True)
class FunnelTest(Result):
    """The test made of one outcome's funnel, or why none was.

    test : key of `ASYMMETRY`, None where none was made; name : in words, empty where none was.
    reason : why this test, or why none.
    """

    test: str | None
    name: str
    reason: str
    result: Asymmetry | None = None


def funnel_test(sizes: EffectSizes, tau2: float | None = None) -> FunnelTest:
    """The recommended test for the effects of an outcome. tau2 : between-study variance of its pooled result.

    What the data cannot answer (studies of one size, effects on one line) is a reason, not an error.
    """
    columns = columns_of(sizes)
    advice = recommended_test(
        sizes.measure,
        len(sizes.rows),
        counts=set(CELLS) <= set(columns),
        arms={"n_1", "n_2"} <= set(columns),
        tau2=tau2,
    )
    if advice.test is None:
        return FunnelTest(None, "", advice.reason)
    name = ASYMMETRY[advice.test].name
    try:
        found = asymmetry(sizes.yi, sizes.vi, advice.test, measure=sizes.measure, level=sizes.level, **columns)
    except CannotCompute as refused:
        return FunnelTest(None, "", f"{name} was to be made, but {refused.message}")
    return FunnelTest(advice.test, name, advice.reason, found)


def columns_of(sizes: EffectSizes) -> dict[str, Any]:
    """Sizes and events of the arms, (k,) by name, as `asymmetry` takes them; those that a study lacks are left out."""
    values = {
        "events_1": [row.experimental.events for row in sizes.rows],
        "n_1": [row.experimental.n for row in sizes.rows],
        "events_2": [row.comparator.events for row in sizes.rows],
        "n_2": [row.comparator.n for row in sizes.rows],
    }
    return {name: column for name, column in values.items() if None not in column}
