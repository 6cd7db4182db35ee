"""The axis of the page's forest plot: what it holds, its ticks, and places that agree one by one and as an array."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscsec.effects.sizes import EffectSizes, effects
from mscsec.effects.tabular import effects_from_table, read_csv
from mscsec.pooling import pool
from mscsec.records.reader import load, shipped_folder
from mscsec.report.page.axis import NOWHERE, OUT_LEFT, OUT_RIGHT, WIDTH, Axis, axis_of

LOG = Axis(0.1, 10.0, True, (), 1.0)
LINEAR = Axis(-2.0, 6.0, False, (), 0.0)


@pytest.mark.parametrize(
    ("axis", "value", "place"),
    [
        (LOG, 0.1, 0), (LOG, 1.0, WIDTH // 2), (LOG, 10.0, WIDTH), (LOG, 0.09, OUT_LEFT), (LOG, 11.0, OUT_RIGHT),
        (LOG, 0.0, OUT_LEFT), (LOG, math.inf, OUT_RIGHT), (LOG, math.nan, None), (LOG, None, None),
        (LINEAR, -2.0, 0), (LINEAR, 0.0, WIDTH // 4), (LINEAR, 6.0, WIDTH), (LINEAR, -math.inf, OUT_LEFT),
    ],
)  # fmt: skip
def test_places(axis: Axis, value: float | None, place: int | None):
    assert axis.at(value) == place


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=20))
def test_places_rise_with_the_values(values: list[float]):
    places = LOG.all_at(np.sort(values))
    assert (np.diff(places) >= 0).all()
    assert (places != NOWHERE).all()


def table(measure: str, rows: list[tuple[float, float]]) -> EffectSizes:
    text = "study,yi,sei\n" + "".join(f"s{place},{y!r},{s!r}\n" for place, (y, s) in enumerate(rows))
    return effects_from_table(read_csv("t.csv", text), measure, outcome="x")


@given(
    rows=st.lists(
        st.tuples(st.integers(-300, 300).map(lambda n: n / 100), st.floats(0.01, 4)), min_size=2, max_size=12
    ),
    measure=st.sampled_from(["MD", "RR"]),
)
def test_estimates_pooled_intervals_and_no_effect_lie_on_the_axis(rows: list[tuple[float, float]], measure: str):
    sizes = table(measure, rows)
    fit = pool(sizes.yi, sizes.vi, transform=sizes.back(), tau2="DL")
    axis = axis_of(sizes, fit)
    shown = fit.display
    inside = [row.estimate for row in sizes.rows] + [shown.estimate, shown.ci_low, shown.ci_high, axis.null]
    for value in inside:
        if value is not None and math.isfinite(value) and (value > 0 or not axis.log):
            assert 0 <= (axis.at(value) or 0) <= WIDTH
            assert axis.at(value) not in (OUT_LEFT, OUT_RIGHT)


@given(low=st.floats(1e-4, 1e3), factor=st.floats(1.3, 1e5))
def test_ticks_of_ratios_are_few_and_on_the_axis(low: float, factor: float):
    from mscsec.report.page.axis import _log_ticks

    ticks = _log_ticks(low, low * factor)
    assert 1 <= len(ticks) <= 9
    assert all(low * 0.999 <= tick <= low * factor * 1.001 for tick in ticks)
    assert list(ticks) == sorted(set(ticks))


@given(low=st.floats(-1e4, 1e4), span=st.floats(0.01, 1e5))
def test_ticks_of_differences_are_few_and_on_the_axis(low: float, span: float):
    from mscsec.report.page.axis import _ticks

    ticks = _ticks(low, low + span)
    assert 2 <= len(ticks) <= 7
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in ticks)


def test_the_shipped_deaths_have_ticks_that_readers_know():
    sizes = effects(load(shipped_folder()), "mortality_28d")
    axis = axis_of(sizes, pool(sizes.yi, sizes.vi, transform="exp"))
    assert [text for _, text in axis.marks] == ["0.01", "0.03", "0.1", "0.3", "1", "3"]
    assert axis.null == 1.0


def test_one_imprecise_study_does_not_press_the_others_together():
    sizes = table("MD", [(0.0, 0.1), (0.1, 0.1), (0.2, 0.1), (0.1, 50.0)])
    fit = pool(sizes.yi, sizes.vi)
    axis = axis_of(sizes, fit)
    assert axis.at(sizes.rows[3].low) == OUT_LEFT
    assert axis.at(sizes.rows[3].high) == OUT_RIGHT
    first = sizes.rows[0]
    assert (axis.at(first.high) or 0) - (axis.at(first.low) or 0) > WIDTH / 6


def test_every_second_text_may_go_where_the_plot_is_narrow_but_never_that_of_no_effect() -> None:
    axis = Axis(0.0098, 7.5, True, (0.01, 0.03, 0.1, 0.3, 1.0, 3.0), 1.0)
    kept = [text for place, text in axis.marks if place not in axis.between]
    assert kept == ["0.01", "0.1", "1"]
    assert Axis(0.2, 3.0, True, (0.5, 1.0, 2.0), 1.0).between == ()
