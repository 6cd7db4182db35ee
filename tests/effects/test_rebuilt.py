"""Cells that no arm prints: from a ratio, a difference or a chi-square with the margins, and what rounding leaves open."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from .bases import Plain, codes, fixed, reason_of, row_of, two

SIZES = {"n": (123, 139)}
A, C = 4, 11
RR, OR, RD = A / 123 / (C / 139), A * 128 / (119 * C), A / 123 - C / 139


def contrast(measure, estimate, **more):
    return {"effects": [{"measure": measure, "estimate": estimate} | more]}


def chi2(a, n1, c, n2, yates=False):
    return stats.chi2_contingency([[a, n1 - a], [c, n2 - c]], correction=yates).statistic


def flag_text(row, code="E228"):
    (text,) = [flag.text for flag in row.flags if flag.code == code]
    return text


ONE = {"arms": {"c": {"events": C}}}
OTHER = {"arms": {"a": {"events": A}}}
BOTH = {"events": A + C}


@pytest.mark.parametrize("margin", [BOTH, ONE, OTHER], ids=["total", "comparator", "experimental"])
@pytest.mark.parametrize(
    "printed",
    [
        contrast("RR", fixed(RR, 3)),
        contrast("OR", fixed(OR, 3)),
        contrast("RD", fixed(RD, 3)),
        contrast("OR", fixed(math.log(OR), 3), log=True),
        contrast("RR", fixed(1 / RR, 2), experimental="c", comparator="a"),
        contrast("RD", fixed(-RD, 3), experimental="c", comparator="a"),
    ],
    ids=["RR", "OR", "RD", "log OR", "RR turned", "RD turned"],
)
def test_cells_from_each_contrast_and_margin(printed, margin):
    row = row_of("death", printed | margin, measure="PHI", **SIZES)
    arms = row.experimental, row.comparator
    assert [(arm.events, arm.n) for arm in arms] == [(A, 123), (C, 139)]
    assert codes(row) == {"E228"}
    assert "only" in flag_text(row)
    straight = row_of("death", two({"events": A}, {"events": C}), measure="PHI", **SIZES)
    assert (row.yi, row.vi) == (straight.yi, straight.vi)


@pytest.mark.parametrize("yates", [False, True])
@pytest.mark.parametrize(("a", "c", "direction"), [(4, 11, "fewer"), (20, 9, "more")])
def test_cells_from_a_chi_square_and_its_direction(a, c, direction, yates):
    reported = {"chi2": fixed(chi2(a, 123, c, 139, yates), 3), "yates": yates, "direction": direction}
    row = row_of("death", {"events": a + c, "reported": reported}, measure="OR", **SIZES)
    assert (row.experimental.events, row.comparator.events) == (a, c)
    assert "chi-square" in flag_text(row)


def test_the_square_of_z_is_a_chi_square():
    z = fixed(math.sqrt(chi2(A, 123, C, 139)), 3)
    row = row_of("death", BOTH | {"reported": {"z": z, "direction": "fewer"}}, measure="OR", **SIZES)
    assert row.experimental.events == A


def test_the_direction_of_a_chi_square_may_come_from_a_contrast():
    result = BOTH | contrast("RR", 0.5, adjusted="age") | {"reported": {"chi2": fixed(chi2(A, 123, C, 139), 3)}}
    assert row_of("death", result, measure="OR", **SIZES).experimental.events == A


def test_a_chi_square_without_a_direction_is_refused_by_name():
    assert "write direction: fewer" in reason_of("death", BOTH | {"reported": {"chi2": 2.6}}, **SIZES)


def test_events_of_one_arm_and_of_both_need_no_contrast():
    row = row_of("death", BOTH | ONE, measure="RR", **SIZES)
    assert (row.experimental.events, row.comparator.events) == (A, C)
    assert codes(row) == set()
    assert row.derivation.steps[0].method == "subtraction"


def test_whole_numbers_that_print_the_same_are_counted():
    row = row_of("death", {"events": 300} | contrast("RR", 0.8), measure="OR", n=(1000, 1000))
    # RR between 0.75 and 0.85 with 300 events: 128.6 to 137.8 of them in the experimental arm
    assert row.experimental.events == 133
    assert flag_text(row).endswith("129 to 137 events in a print so, and 133 is nearest")


def test_a_ratio_that_no_table_prints_is_marked():
    row = row_of("death", {"events": 7} | contrast("RR", Plain("0.90")), measure="OR", n=(20, 20))
    assert "no table with these margins prints so" in flag_text(row)


def test_the_figure_that_leaves_the_fewest_tables_open_is_taken():
    result = {
        "events": 300,
        "effects": [{"measure": "RR", "estimate": 0.8}, {"measure": "OR", "estimate": Plain("0.7652")}],
    }
    row = row_of("death", result, measure="RD", n=(1000, 1000))
    assert "OR 0.7652" in flag_text(row)
    assert row.experimental.events == 133


def test_the_contrast_as_printed_comes_before_cells_unless_cells_are_asked_for():
    result = BOTH | contrast("RR", fixed(RR, 2), ci=[0.13, 1.26])
    assert row_of("death", result, **SIZES).experimental.events is None
    assert row_of("death", result, prefer="cells", **SIZES).experimental.events == A
    by_arm = two({"events": 5}, {"events": 10}) | contrast("RR", fixed(RR, 2), ci=[0.13, 1.26])
    assert row_of("death", by_arm, prefer="cells", **SIZES).experimental.events == 5


def test_a_printed_interval_that_the_cells_do_not_have_is_marked():
    fits = BOTH | contrast("RR", fixed(RR, 2), ci=[0.13, 1.26])
    wrong = BOTH | contrast("RR", fixed(RR, 2), ci=[0.30, 0.56])
    assert "E219" not in codes(row_of("death", fits, measure="OR", **SIZES))
    row = row_of("death", wrong, measure="OR", **SIZES)
    assert "the cells rebuilt from it" in flag_text(row, "E219")


def test_a_reversed_event_is_counted_the_other_way():
    survivors = contrast("RR", fixed((119 / 123) / (128 / 139), 4)) | {"events": 119 + 128, "reversed": True}
    row = row_of("death", survivors, measure="OR", **SIZES)
    assert (row.experimental.events, row.comparator.events) == (A, C)
    assert codes(row) == {"E220", "E228"}


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (contrast("OR", 0.4), "neither the events of an arm nor those of both together"),
        (BOTH | contrast("OR", 0.4, adjusted="age"), "no unadjusted RR, OR, RD or chi-square"),
        (BOTH | contrast("RD", -4.7), "a risk difference lies in [-1, 1]"),
        (BOTH, "no unadjusted"),
        ({"arms": {"c": {"events": 0}}} | contrast("OR", 0.4), "no events in the comparator group"),
        ({"events": 0} | contrast("OR", 0.4), "everyone or no one had the event"),
        ({"events": 200} | contrast("RR", 9.0), "these margins do not allow"),
    ],
)
def test_what_does_not_fix_the_cells_is_refused_by_name(result, words):
    assert words in reason_of("death", result, measure="PHI", **SIZES)


def test_sizes_are_needed():
    assert "n of arm a is not reported" in reason_of("death", BOTH | contrast("OR", 0.4), measure="RR", n=None)


def test_several_arms_are_refused():
    from .bases import THREE

    result = {"events": 30} | contrast("OR", 0.4)
    assert "several arms enter" in reason_of("death", result, measure="RR", arms=THREE)


@settings(deadline=None, max_examples=40)
@given(
    n=st.tuples(st.integers(5, 400), st.integers(5, 400)),
    shares=st.tuples(st.floats(0.02, 0.98), st.floats(0.02, 0.98)),
    measure=st.sampled_from(["RR", "OR", "RD"]),
    side=st.sampled_from(["total", "comparator", "experimental"]),
)
def test_cells_come_back_from_figures_with_many_decimals(n, shares, measure, side):
    a, c = (round(size * share) for size, share in zip(n, shares, strict=True))
    assume(0 < a < n[0] and 0 < c < n[1])
    value = {"RR": a / n[0] / (c / n[1]), "OR": a * (n[1] - c) / (c * (n[0] - a)), "RD": a / n[0] - c / n[1]}[measure]
    margins = {
        "total": {"events": a + c},
        "comparator": {"arms": {"c": {"events": c}}},
        "experimental": {"arms": {"a": {"events": a}}},
    }
    row = row_of("death", contrast(measure, fixed(value, 9)) | margins[side], measure="AS", n=n)
    assert (row.experimental.events, row.comparator.events) == (a, c)
    assert np.isfinite(row.yi)
