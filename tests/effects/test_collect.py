"""Zero cells, single groups, tiny arms and impossible numbers: the right rule, or a reason, study by study."""

from __future__ import annotations

import math

import pytest

from mscsec.effects.reading import Rules
from mscsec.effects.sizes import effects
from mscsec.errors import InvalidInput, UsageError

from .bases import THREE, base_of, codes, reason_of, row_of, sizes_of, study, two


def test_a_zero_cell_gets_one_half_and_a_mark():
    row = row_of("death", two({"events": 0}, {"events": 3}), measure="OR")
    assert row.yi == pytest.approx(math.log(0.5 * 17.5 / (20.5 * 3.5)))
    assert row.vi == pytest.approx(1 / 0.5 + 1 / 20.5 + 1 / 3.5 + 1 / 17.5)
    assert codes(row) == {"E101"}


@pytest.mark.parametrize("events", [0, 20])
@pytest.mark.parametrize("measure", ["RR", "OR", "PETO", "OR2D", "YUQ"])
def test_nobody_or_everybody_leaves_a_ratio_open(measure, events):
    reason = reason_of("death", two({"events": events}, {"events": events}), measure=measure)
    assert "nobody, or everybody, had the event" in reason


@pytest.mark.parametrize("measure", ["RR", "OR"])
def test_such_a_trial_enters_where_the_cells_are_wanted(measure):
    row = row_of("death", two({"events": 0}, {"events": 0}), measure=measure, drop00=False)
    assert (row.experimental.events, row.comparator.n) == (0, 20)


def test_a_difference_keeps_a_trial_without_events():
    row = row_of("death", two({"events": 0}, {"events": 0}), measure="RD")
    assert row.yi == 0
    assert row.vi > 0


def test_rates_without_events_in_either_arm():
    none = two({"events": 0, "time": 100}, {"events": 0, "time": 110})
    assert "nobody had an event" in reason_of("falls", none)
    assert row_of("falls", none, drop00=False).experimental.time == 100
    assert row_of("falls", none, measure="IRD").yi == pytest.approx(0.5 / 100 - 0.5 / 110)


def test_everybody_had_the_event_in_one_arm():
    row = row_of("death", two({"events": 20}, {"events": 9}))
    assert codes(row) == {"E101"}
    assert row.yi == pytest.approx(math.log(20.5 / 21 / (9.5 / 21)))


@pytest.mark.parametrize(
    ("measure", "result", "n", "words"),
    [
        ("VR", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}), (1, 20), "one participant"),
        ("ROM", two({"mean": -8, "sd": 3}, {"mean": 10, "sd": 4}), (20, 20), "two means of one sign"),
        ("ROM", two({"mean": 0, "sd": 3}, {"mean": 10, "sd": 4}), (20, 20), "two means of one sign"),
        ("MD", two({"mean": 8, "se": 1}, {"mean": 10, "sd": 4}), (1, 20), "one participant"),
        ("MD", two({"mean": 8}, {"mean": 8}, reported={"t": 0}), (20, 20), "zero"),
    ],
)
def test_what_has_no_effect_is_refused_by_name(measure, result, n, words):
    assert words in reason_of("stay", result, measure=measure, n=n)


def test_one_participant_has_no_sd():
    assert "one participant" in reason_of("stay", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}), n=(1, 20))


def test_an_effective_sample_size_that_is_impossible_excludes_that_study_alone():
    cluster = {"type": "cluster-rct", "icc": 0.99, "cluster_size": 1000}
    odd = study(two({"events": 1}, {"events": 0}) | {"outcome": "death"}, name="odd", n=(1, 1), design=cluster)
    whole = study(two({"events": 4}, {"events": 9}) | {"outcome": "death"}, name="whole")
    found = effects(base_of(odd, whole), "death")
    assert {row.study for row in found.rows} | {item.study for item in found.excluded} == {"odd", "whole"}
    assert "whole" in {row.study for row in found.rows}


def test_an_impossible_option_is_an_error_and_no_reason_of_a_study():
    with pytest.raises(InvalidInput, match="level is 2"):
        sizes_of("death", two({"events": 4}, {"events": 9}), level=2)


@pytest.mark.parametrize(("outcome", "measure"), [("death", "MD"), ("stay", "RR"), ("survival", "OR"), ("link", "MD")])
def test_a_measure_that_does_not_fit_the_type_lists_those_that_do(outcome, measure):
    with pytest.raises(UsageError, match="Measures that do: "):
        sizes_of(outcome, measure=measure)


# --- one group -----------------------------------------------------------------------------------------------------

SINGLE = {"arms": {"a": {"events": 4, "n": 25}}}


@pytest.mark.parametrize(
    ("measure", "yi", "vi"),
    [
        ("PR", 0.16, 0.16 * 0.84 / 25),
        ("PLO", math.log(4 / 21), 1 / 4 + 1 / 21),
        ("PLN", math.log(0.16), 1 / 4 - 1 / 25),
        ("PAS", math.asin(0.4), 1 / 100),
        ("PFT", (math.asin(math.sqrt(4 / 26)) + math.asin(math.sqrt(5 / 26))) / 2, 1 / (4 * 25 + 2)),
    ],
)
def test_proportions(measure, yi, vi):
    arms = {"a": {"role": "experimental"}}
    found = sizes_of("death", SINGLE, measure=measure, arms=arms, design={"type": "single-arm"})
    (row,) = found.rows
    assert (row.yi, row.vi) == pytest.approx((yi, vi))
    assert row.estimate == pytest.approx(0.16, abs=1e-9)
    assert found.back()(row.yi) == pytest.approx(0.16, abs=1e-9)


@pytest.mark.parametrize(
    ("measure", "yi"),
    [
        ("IR", 0.05),
        ("IRLN", math.log(0.05)),
        ("IRS", math.sqrt(0.05)),
        ("IRFT", (math.sqrt(0.05) + math.sqrt(0.0625)) / 2),
    ],
)
def test_rates_of_one_group(measure, yi):
    found = sizes_of("falls", two({"events": 4, "time": 80}, {"events": 9, "time": 90}), measure=measure)
    (row,) = found.rows
    assert row.yi == pytest.approx(yi)
    assert found.back()(row.yi) == pytest.approx(row.estimate)
    assert row.estimate == pytest.approx(0.05, rel=1e-6)


def test_a_mean_of_one_group_and_several_of_its_arms():
    row = row_of("stay", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}), measure="MN")
    assert (row.yi, row.vi) == pytest.approx((8, 9 / 20))
    result = {"arms": {"low": {"mean": 8, "sd": 3}, "high": {"mean": 7, "sd": 2}, "c": {"mean": 10, "sd": 4}}}
    row = row_of("stay", result, measure="MN", arms=THREE)
    assert row.yi == pytest.approx((40 * 8 + 42 * 7) / 82)
    found = sizes_of("stay", result, measure="MN", arms=THREE, rules=Rules(multi_arm="split"))
    assert [row.yi for row in found.rows] == [8, 7]
    assert all(codes(row) == set() for row in found.rows)


BEFORE_AFTER = {
    "arms": {"a": {"mean": 8, "sd": 3, "baseline": {"mean": 11, "sd": 4}, "change": {"mean": -3, "correlation": 0.6}}}
}


def test_a_change_of_one_group():
    row = row_of("stay", BEFORE_AFTER, measure="MC")
    assert (row.yi, row.vi) == pytest.approx((-3, (9 + 16 - 2 * 0.6 * 12) / 20))
    turned = row_of("stay", BEFORE_AFTER | {"reversed": True}, measure="MC")
    assert (turned.yi, turned.vi) == pytest.approx((3, row.vi))


def test_a_change_is_standardised_by_the_sd_before_treatment():
    row = row_of("stay", BEFORE_AFTER, measure="SMCR", correct=False)
    assert row.yi == pytest.approx(-3 / 4)  # Becker 1988
    row = row_of("stay", BEFORE_AFTER, measure="SMCC", correct=False)
    assert row.yi == pytest.approx(-3 / math.sqrt(9 + 16 - 14.4))
    row = row_of("stay", BEFORE_AFTER, measure="VRC", correct=False)
    assert row.yi == pytest.approx(math.log(3 / 4))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mean": 8, "sd": 3}, "no baseline"),
        ({"mean": 8, "sd": 3, "baseline": {"mean": 11}}, "no baseline: with mean and sd"),
        ({"mean": 8, "sd": 3, "baseline": {"mean": 11, "sd": 4}}, "no correlation between baseline and final"),
        ({"change": {"mean": -3, "sd": 2}, "baseline": {"mean": 11, "sd": 4}}, "no final value beside its baseline"),
    ],
)
def test_a_change_that_cannot_be_computed_is_refused(change, words):
    assert words in reason_of("stay", {"arms": {"a": change}}, measure="MC")


def test_changes_of_several_arms_are_taken_one_by_one():
    one = BEFORE_AFTER["arms"]["a"]
    result = {"arms": {"low": one, "high": one}}
    assert "not combined" in reason_of("stay", result, measure="MC", arms=THREE)
    assert len(sizes_of("stay", result, measure="MC", arms=THREE, rules=Rules(multi_arm="split")).rows) == 2


def test_a_correlation():
    row = row_of("link", {"r": 0.4, "n": 53})
    assert (row.yi, row.vi) == pytest.approx((math.atanh(0.4), 1 / 50))
    assert row.estimate == pytest.approx(0.4)
    assert reason_of("link", {"r": 0.4}) == "the result has no r: with its n:"
    assert "infinite" in reason_of("link", {"r": 1, "n": 53})
