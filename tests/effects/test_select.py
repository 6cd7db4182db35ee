"""Which result of which arms enters, and what is said about those passed over."""

from __future__ import annotations

import pytest

from mscsec.effects.sizes import effects
from mscsec.errors import UnknownName, UsageError

from .bases import THREE, arm, base_of, codes, reason_of, row_of, sizes_of, study, two

EARLY = two({"events": 1}, {"events": 3}, timepoint="day 7")
LATE = two({"events": 4}, {"events": 9}, timepoint="day 28")


def test_the_time_point_asked_for():
    row = row_of("death", EARLY, LATE, timepoint="day 28")
    assert (row.timepoint, row.experimental.events, row.result_index) == ("day 28", 4, 1)
    assert codes(row) == set()
    other = study({"outcome": "death", "timepoint": "day 90", "arms": EARLY["arms"]}, name="other")
    base = base_of(study({"outcome": "death"} | EARLY, {"outcome": "death"} | LATE), other)
    (left_out,) = effects(base, "death", timepoint="day 90").excluded
    assert left_out.reason == "reports death at day 28, day 7, not at day 90"


def test_a_time_point_that_no_study_has_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match=r"unknown time point of death 'day 29'; did you mean 'day 28'\?"):
        sizes_of("death", EARLY, LATE, timepoint="day 29")


def test_time_points_in_the_order_of_the_protocol_and_what_is_passed_over_is_said():
    row = row_of("death", EARLY, LATE, outcomes={"death": {"timepoints": ["day 30", "day 28"]}})
    assert row.timepoint == "day 28"
    assert [flag.text for flag in row.flags] == ["day 28 taken; also reported: day 7"]
    row = row_of("death", EARLY, LATE)
    assert row.timepoint == "day 7"
    assert codes(row) == {"E201"}


def test_two_analyses_at_one_time_point():
    per_protocol = two({"events": 3}, {"events": 9}, timepoint="day 28", analysis="per protocol")
    row = row_of("death", LATE | {"analysis": "intention to treat"}, per_protocol)
    assert row.flags[0].text == "day 28, intention to treat taken; also reported: day 28, per protocol"


def test_a_result_marked_do_not_pool_gives_way_or_is_the_reason():
    marked = EARLY | {"do_not_pool": "interim analysis"}
    assert row_of("death", marked, LATE).timepoint == "day 28"
    assert reason_of("death", marked) == "marked do_not_pool: interim analysis"


def test_the_result_that_speaks_of_the_arms_is_taken():
    arms = {"a": arm("experimental"), "other": arm("experimental"), "c": arm("comparator")}
    elsewhere = {"arms": {"other": {"events": 2}, "c": {"events": 9}}}
    row = row_of("death", elsewhere, LATE, arms=arms)
    assert (row.experimental.label, row.experimental.events) == ("a", 4)


@pytest.mark.parametrize(
    ("design", "allowed", "enters"),
    [
        ("parallel-rct", None, True),
        ("nonrandomised", None, False),
        ("nonrandomised", ["nonrandomised"], True),
        ("nonrandomised", ["all"], True),
        ("parallel-rct", ["nonrandomised"], False),
    ],
)
def test_designs(design, allowed, enters):
    found = sizes_of("death", LATE, design={"type": design}, designs=allowed)
    assert bool(found.rows) == enters
    assert enters or found.excluded[0].reason.startswith(f"design is {design}; only")


def test_designs_of_the_review():
    found = sizes_of("death", LATE, design={"type": "nonrandomised"}, analysis={"designs": ["nonrandomised"]})
    assert len(found.rows) == 1


def test_an_unknown_design_is_an_error():
    with pytest.raises(UnknownName, match="did you mean 'parallel-rct'"):
        sizes_of("death", LATE, designs=["paralel-rct"])


# --- comparisons -----------------------------------------------------------------------------------------------------

TWO_COMPARISONS = {
    "against_c": {"experimental": "a", "comparator": "c", "label": "A against C"},
    "against_d": {"experimental": "A drug", "comparator": "d"},
}
FIRST = study(
    LATE | {"outcome": "death"}, name="first", arms={"a": arm("experimental"), "c": arm("comparator", treatment="c")}
)
SECOND = study(
    {"outcome": "death", "arms": {"x": {"events": 2}, "c": {"events": 5}}},
    name="second",
    arms={"x": arm("experimental", treatment="a DRUG"), "c": arm("comparator", treatment="d")},
)


def test_the_only_comparison_that_has_studies():
    found = effects(base_of(FIRST, comparisons=TWO_COMPARISONS), "death")
    assert (found.comparison, found.comparison_label) == ("against_c", "A against C")


def test_several_comparisons_are_listed_and_not_pooled():
    base = base_of(FIRST, SECOND, comparisons=TWO_COMPARISONS)
    with pytest.raises(UsageError, match=r"against_c \(1 study\), against_d \(1 study\).*--comparison against_c"):
        effects(base, "death")
    found = effects(base, "death", comparison="against_d")
    assert [row.study for row in found.rows] == ["second"]  # the treatment, in any case, and not the arm's id
    assert found.excluded[0].reason == "has no experimental arm of the comparison against_d"
    with pytest.raises(UnknownName, match="did you mean 'against_d'"):
        effects(base, "death", comparison="agianst_d")


def test_the_outcomes_own_comparison():
    base = base_of(FIRST, SECOND, comparisons=TWO_COMPARISONS, outcomes={"death": {"comparison": "against_d"}})
    assert [row.study for row in effects(base, "death").rows] == ["second"]


def test_without_comparisons_the_roles_decide():
    found = effects(base_of(FIRST, SECOND, comparisons={}), "death")
    assert [row.study for row in found.rows] == ["first", "second"]
    assert found.comparison is None


def test_a_comparator_that_names_no_treatment_is_whatever_it_is_compared_with():
    result = {"arms": {"low": {"events": 4}, "high": {"events": 7}, "c": {"events": 11}}}
    row = row_of("death", result, arms=THREE, comparisons={"one": {"experimental": "low", "comparator": "placebo"}})
    assert (row.experimental.label, row.comparator.label) == ("low", "c")
