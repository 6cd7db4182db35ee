"""Axes: round ticks on the scale a reader knows, and limits that no single study stretches."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscsec.plots.scales import (
    effect_scale,
    effect_title,
    favour_words,
    held_limits,
    limits,
    linear,
    ratios,
    round_values,
    side_names,
)

from .samples import far_apart, sizes_of


@given(low=st.floats(-1e4, 1e4), span=st.floats(1e-3, 1e8), count=st.integers(3, 9))
def test_linear_ticks_are_inside_evenly_spaced_and_read_as_they_stand(low, span, count):
    ticks = round_values(low, low + span, count)
    assert 1 <= len(ticks) <= 2.5 * count
    values = [value for value, _ in ticks]
    assert all(low - 1e-6 * span <= value <= low + span * (1 + 1e-6) for value in values)
    steps = np.diff(values)
    assert steps == pytest.approx(np.full(steps.size, steps[0] if steps.size else 0), rel=1e-6)
    read = [float(text.replace("−", "-")) for _, text in ticks]
    assert read == pytest.approx(values, rel=1e-9, abs=1e-9 * span)


def test_linear_ticks_by_example():
    assert [text for _, text in round_values(-0.31, 0.27, 6)] == ["−0.3", "−0.2", "−0.1", "0", "0.1", "0.2"]
    assert [text for _, text in round_values(0, 100, 5)] == ["0", "20", "40", "60", "80", "100"]
    assert [text for _, text in round_values(0, 4e6, 4)] == ["0", "1e6", "2e6", "3e6", "4e6"]
    assert [text for _, text in round_values(0, 4e-6, 4)] == ["0", "1e−6", "2e−6", "3e−6", "4e−6"]
    assert round_values(3, 3) == [(3, "3")]


def read(text: str) -> float:
    """The number that a tick says: 0.5, 20, 10⁻⁴, 5·10⁶."""
    part, ten, power = text.rpartition("10")
    raised = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    if ten and raised != power:
        return float(part.removesuffix("·") or 1) * 10.0 ** int(raised)
    return float(text.replace("−", "-"))


@given(low=st.floats(-12, 12), span=st.floats(0.02, 30))
def test_ratio_ticks_are_the_ratios_they_say(low, span):
    ticks = ratios(low, low + span)
    assert 1 <= len(ticks) <= 14 or span < 0.05
    for value, text in ticks:
        assert low - 1e-9 <= value <= low + span + 1e-9
        assert math.exp(value) == pytest.approx(read(text), rel=1e-6)
    assert all(b > a for (a, _), (b, _) in pairwise(ticks))


@given(low=st.floats(-12, 12), span=st.floats(0.05, 30), room=st.integers(1, 12))
def test_where_ticks_have_no_room_the_steps_are_wider_and_none_is_left_out_between_two(low, span, room):
    scale = effect_scale(sizes_of(3), low, low + span, 8)
    found = scale.fitted(lambda ticks: len(ticks) <= room)
    assert len(found.ticks) <= room
    if len(found.ticks) > 2 and span < 0.5 * math.log(10):
        steps = np.diff([math.exp(value) for value, _ in found.ticks])
        assert steps == pytest.approx(np.full(steps.size, steps[0]), rel=1e-6)
    assert set(found.ticks) <= set(scale.ticks) or len(found.ticks) < len(scale.ticks)


def test_one_is_among_the_ratios_around_it():
    for low, high in ((-0.2, 0.1), (-2, 1), (-9, 8), (-40, 300)):
        assert 0.0 in [value for value, _ in ratios(low, high)]


def test_an_axis_holds_all_it_must_and_is_never_a_point():
    low, high = limits([3.0, math.inf, 5.0], must=(0.0,))
    assert low < 0 < 5 < high
    for same in ([2.0], [2.0, 2.0 + 1e-14], [1e-9], [0.0]):
        low, high = limits(same)
        assert high - low > 0.01 * same[0]
        assert low < same[0] < high
    assert held_limits([-1000.0, 3.0], core=[0.0, 1.0], reach=3)[0] > -1
    assert held_limits([-1000.0, 3.0], core=[0.0, 1.0], reach=3)[1] > 3


def test_shares_run_downwards_as_well():
    scale = linear(0.8, 0.0, "Standard error")
    assert (scale.share(0.8), scale.share(0.0)) == (0.0, 1.0)
    assert scale.holds(0.4)
    assert not scale.holds(0.9)
    assert not scale.holds(math.nan)


def test_titles_name_measure_unit_and_scale():
    assert effect_title(sizes_of(2)) == "Risk ratio (log scale)"
    days = replace(far_apart(2), measure="MD", measure_name="mean difference", unit="day")
    assert effect_title(days) == "Mean difference, days"
    assert effect_title(replace(days, measure="SMD", measure_name="standardised mean difference")) == "Standardised mean difference"  # fmt: skip


def test_other_scales_have_ticks_where_they_are_read():
    """Fisher's z is drawn on its own scale and read as a correlation."""
    correlation = replace(far_apart(2), transform="ztor", measure="ZCOR", measure_name="correlation")
    scale = effect_scale(correlation, -1.0, 2.0)
    for value, text in scale.ticks:
        assert math.tanh(value) == pytest.approx(float(text.replace("−", "-")), abs=1e-9)
    assert len(scale.ticks) >= 3


def test_who_is_favoured_follows_the_direction_and_the_comparison():
    sizes = sizes_of(2)
    assert side_names(sizes) == ("mesenchymal stromal cells", "placebo or usual care")
    assert favour_words(sizes) == ("Favours mesenchymal stromal cells", "Favours placebo or usual care")
    assert favour_words(replace(sizes, better="higher")) == tuple(reversed(favour_words(sizes)))
    assert favour_words(replace(sizes, better="neither")) == ("", "")
    assert favour_words(replace(sizes, null=None)) == ("", "")
    assert side_names(replace(sizes, comparison_label=None)) == ("experimental", "comparator")
    assert side_names(replace(sizes, comparison_label="MSC vs. placebo (any)")) == ("MSC", "placebo")
