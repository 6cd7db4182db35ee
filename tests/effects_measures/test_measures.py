"""The menu itself, the edges by name, and the errors."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mscsec.codes import CODES
from mscsec.effects.measures import FAMILIES, MEASURES, TRANSFORMS, VTYPE_NOTES, effect_size
from mscsec.effects.measures.arguments import ARGUMENTS
from mscsec.errors import InvalidInput, UnknownMethod, UnknownName, UsageError
from mscsec.sources import SOURCES

from .reference import load, measure_cases, numbers

TABLE = {"events_1": [1, 2], "n_1": [10, 10], "events_2": [1, 2], "n_2": [10, 10]}
NATURAL = {
    "RR": "exp",
    "RD": "identity",
    "ZCOR": "ztor",
    "PLO": "ilogit",
    "PFT": "ipft",
    "IRFT": "iirft",
    "ABT": "iabt",
}


@pytest.mark.parametrize("row", MEASURES.values(), ids=list(MEASURES))
def test_a_row_is_complete(row):
    assert row.source in SOURCES
    assert row.back in TRANSFORMS
    assert set(row.vtypes) <= set(VTYPE_NOTES)
    assert len(set(row.vtypes)) == len(row.vtypes)
    assert row.swap in ("negate", "complement", "")
    assert row.function.__doc__
    assert "Source" in row.function.__doc__
    assert row.formula
    assert row.variance


def test_the_families_are_all_used_and_name_known_arrays():
    assert {row.family for row in MEASURES.values()} == set(FAMILIES)
    used = {name for family in FAMILIES.values() for name in family.names}
    assert used == set(ARGUMENTS)


def test_every_variance_formula_has_a_case_or_shares_the_function_of_one():
    seen = {
        (MEASURES[case["options"]["measure"]].function, case["options"].get("vtype", "")) for case in measure_cases()
    }
    bare = []
    for row in MEASURES.values():
        wanted = {(row.function, vtype) for vtype in row.vtypes[1:]} | {(row.function, "")}
        covered = {(function, "" if vtype == row.vtypes[0] else vtype) for function, vtype in seen}
        bare += [(row.key, vtype) for function, vtype in wanted - covered]
    # RM and LS3 are meta's and have their cases in test_meta.py; LS2 of ZR2F is held to its definition below.
    assert sorted(bare) == [("SMD", "RM"), ("SMD1", "LS3"), ("ZR2F", "LS2")]


@pytest.mark.parametrize("key", NATURAL)
def test_the_natural_scale_is_named(key):
    assert MEASURES[key].back == NATURAL[key]


def test_generic_is_as_reported():
    one = effect_size("GEN", yi=[0.2, -1.0], sei=[0.1, 0.5])
    two = effect_size("HR", yi=[0.2, -1.0], vi=[0.01, 0.25])
    assert_allclose(one.yi, two.yi)
    assert_allclose(one.vi, two.vi)
    assert_allclose(two.natural()[0], np.exp([0.2, -1.0]))
    assert_allclose(one.natural()[0], [0.2, -1.0])


def test_the_variance_comes_before_the_standard_error():
    assert_allclose(effect_size("GEN", yi=[1, 1], vi=[0.3, None], sei=[9, 0.5]).vi, [0.3, 0.25])


# --- zero cells ----------------------------------------------------------------------------------------------------


def test_a_half_is_added_where_a_cell_is_zero_and_said_so():
    effects = effect_size("OR", events_1=[0, 3], n_1=[10, 10], events_2=[4, 5], n_2=[10, 10])
    assert_allclose(effects.yi[0], np.log((0.5 * 6.5) / (10.5 * 4.5)))
    assert [(flag.code, flag.message, flag.where.tolist()) for flag in effects.flags] == [
        ("E101", "0.5 added to every cell", [True, False])
    ]
    assert effects.notices(0)[0].code == "E101"
    assert effects.notices(1) == ()
    assert str(effects.warnings[0]) == "0.5 added to every cell (1 of 2 studies) [E101]"


def test_of_rates_it_is_the_events_that_get_it():
    effects = effect_size("IRR", events_1=[0, 0], time_1=[10, 12], events_2=[4, 0], time_2=[10, 9], drop00=True)
    assert_allclose(effects.yi[0], np.log(0.5 / 4.5))
    assert [flag.message for flag in effects.flags] == ["0.5 added to the events", "left out: nobody had an event"]


@pytest.mark.parametrize(
    ("to", "added"),
    [("only0", [True, False]), ("all", [True, True]), ("if0all", [True, True]), ("none", [False, False])],
)
def test_where_the_constant_goes(to, added):
    effects = effect_size("RR", events_1=[0, 3], n_1=[10, 10], events_2=[4, 5], n_2=[10, 10], to=to)
    where = effects.flags[0].where if effects.flags[0].code == "E101" else np.zeros(2, dtype=bool)
    assert_array_equal(where, added)


def test_if0all_looks_at_one_meta_analysis_at_a_time():
    effects = effect_size("RR", events_1=[[0, 3], [2, 3]], n_1=10, events_2=[[4, 5], [4, 5]], n_2=10, to="if0all")
    assert_array_equal(effects.flags[0].where, [[True, True], [False, False]])


def test_all_events_in_both_groups_is_a_double_zero_too():
    arrays = {"events_1": [0, 10, 3], "n_1": 10, "events_2": [0, 12, 4], "n_2": 12}
    effects = effect_size("RR", drop00=True, **arrays)
    assert_array_equal(effects.included, [False, False, True])
    assert effects.notices(1)[0].code == "E103"
    kept = effect_size("RR", **arrays)
    assert kept.included.all()


def test_a_dropped_study_does_not_have_the_others_corrected():
    effects = effect_size("RR", events_1=[0, 3], n_1=10, events_2=[0, 4], n_2=12, to="if0all", drop00=True)
    assert_allclose(effects.yi[1], np.log((3 / 10) / (4 / 12)))


def test_no_study_goes_in_silence():
    effects = effect_size("PETO", events_1=[0, 2], n_1=[5, 5], events_2=[0, 1], n_2=[5, 5], to="none")
    assert_array_equal(effects.included, [False, True])
    assert effects.notices(0)[0].message == "nobody or everybody had the event, and nothing was added"


def test_measures_that_bear_a_zero_are_not_corrected():
    for key in ("AS", "PHI", "IRSD"):
        names = FAMILIES[MEASURES[key].family].needs
        arrays = dict(zip(names, ([0], [10], [4], [12]), strict=True))
        effects = effect_size(key, **arrays)
        assert effects.flags == ()
        assert effects.add == 0


# --- other edges -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "arrays", "options", "why"),
    [
        ("SMD", {"mean_1": 5, "sd_1": 0, "n_1": 6, "mean_2": 4, "sd_2": 0, "n_2": 6}, {}, "both standard deviations are zero"),
        ("SMD", {"d": 0.4, "n_1": 2, "n_2": 2}, {"vtype": "H0"}, "vtype H0 needs more than 2 degrees of freedom"),
        ("SMD", {"d": 0.4, "n_1": 2, "n_2": 1}, {}, "a group of one participant has no variance"),
        ("SMD", {"r": 1, "n_1": 9, "n_2": 9}, {}, "a correlation of 1 or -1 leaves the standardised difference infinite"),
        ("SMD1", {"mean_1": 5, "n_1": 6, "mean_2": 4, "sd_2": 0, "n_2": 6}, {}, "sd_2, which it is standardised by, is zero"),
        ("SMD1", {"mean_1": 5, "n_1": 6, "mean_2": 4, "sd_2": 1, "n_2": 2}, {}, "the bias correction needs three participants or more in group 2"),
        ("ROM", {"mean_1": -5, "sd_1": 1, "n_1": 6, "mean_2": 4, "sd_2": 1, "n_2": 6}, {}, "the log of a ratio of means needs two means of one sign, not zero"),
        ("CVR", {"mean_1": -5, "sd_1": 1, "n_1": 6, "mean_2": -4, "sd_2": 1, "n_2": 6}, {}, "a coefficient of variation needs positive means"),
        ("VR", {"sd_1": 0, "n_1": 6, "sd_2": 1, "n_2": 6}, {}, "a standard deviation is zero"),
        ("ZCOR", {"r": 1, "n": 20}, {}, "Fisher's z of a correlation of 1 or -1 is infinite"),
        ("ZCOR", {"r": 0.2, "n": 3}, {}, "needs 4 pairs or more"),
        ("ZPHI", {"events_1": 9, "n_1": 9, "events_2": 0, "n_2": 9}, {}, "phi is 1 or -1, and its Fisher's z infinite"),
        ("RTET", {"events_1": 0, "n_1": 9, "events_2": 3, "n_2": 9}, {}, "a cell is zero, and nothing was added"),
        ("PLO", {"events": 0, "n": 9}, {"to": "none"}, "a cell is zero, and nothing was added"),
        ("IRR", {"events_1": 0, "time_1": 9, "events_2": 3, "time_2": 4}, {"add": 0}, "a group has no events, and nothing was added"),
        ("RR", {"events_1": 0, "n_1": 0, "events_2": 0, "n_2": 9}, {}, "a group is empty: no participants, pairs or person-time"),
        ("IRD", {"events_1": 0, "time_1": 0, "events_2": 3, "time_2": 4}, {}, "a group is empty: no participants, pairs or person-time"),
        ("MPOR", {"both": 0, "only_1": 0, "only_2": 0, "neither": 0}, {}, "a group is empty: no participants, pairs or person-time"),
        ("SDLN", {"sd": 2, "n": 1}, {}, "needs 2 participants or more"),
        ("SMCC", {"mean_1": 5, "sd_1": 2, "mean_2": 4, "sd_2": 2, "r": 1, "n": 9}, {}, "every change is the same: its SD is zero"),
        ("ABT", {"alpha": 1, "items": 5, "n": 30}, {}, "the log of 1 - alpha is infinite where alpha is 1"),
        ("R2", {"r2": 0.5, "predictors": 4, "n": 5}, {}, "the model has no residual degrees of freedom"),
        ("MPORC", {"both": 4, "only_1": 0, "only_2": 0, "neither": 3}, {"to": "none"}, "no pair is discordant"),
        ("MPORM", {"events_1": 1, "n_1": 20, "events_2": 10, "n_2": 20, "p_both": 0.9}, {}, "the margins do not allow that correlation or proportion with both"),
        ("SPCOR", {"t": 40, "predictors": 2, "n": 20, "r2": 0.1}, {}, "t and R squared contradict each other: one predictor explains more than the whole model"),
    ],
)  # fmt: skip
def test_a_refusal_names_its_reason(key, arrays, options, why):
    effects = effect_size(key, **options, **arrays)
    assert [(flag.code, flag.message) for flag in effects.flags] == [("E104", why)]
    assert not effects.included.any()


def test_a_missing_number_is_named_and_the_rest_stands():
    effects = effect_size("MD", mean_1=[1, 2], sd_1=[1, None], n_1=[9, 9], mean_2=[0, 0], sd_2=[1, 1], n_2=[9, 9])
    assert_array_equal(effects.included, [True, False])
    assert effects.notices(1)[0].code == "E102"
    assert effects.notices(1)[0].message == "sd_1 is missing"
    assert effects.yi[1] == 2.0  # the effect itself needs no SD
    assert np.isnan(effects.vi[1])


def test_a_study_without_any_of_the_sets_is_told_which():
    effects = effect_size("GEN", yi=[1, 1], vi=[0.2, None], sei=[None, None])
    assert effects.notices(1)[0].message == "of these, none is complete: vi; sei"


def test_identical_values_have_an_effect_without_weight():
    effects = effect_size("MD", mean_1=3, sd_1=0, n_1=9, mean_2=1, sd_2=0, n_2=9)
    assert (effects.yi[0], effects.vi[0], bool(effects.included[0])) == (2.0, 0.0, False)
    assert effects.flags[0].code == "E105"


def test_d_comes_before_t_before_p_before_r_before_means():
    everything = {
        "d": 0.5,
        "t": 2.0,
        "p": 0.03,
        "r": 0.4,
        "mean_1": 9,
        "sd_1": 1,
        "mean_2": 1,
        "sd_2": 1,
        "n_1": 20,
        "n_2": 24,
    }
    for gone in ("d", "t", "p", "r"):
        alone = {name: everything[name] for name in (gone, "n_1", "n_2")}
        assert_allclose(effect_size("SMD", **everything).yi, effect_size("SMD", **alone).yi)
        del everything[gone]
    assert effect_size("SMD", **everything).yi[0] > 7


def test_a_tiny_p_value_keeps_its_digits():
    t = effect_size("SMD", p=-1e-200, n_1=400, n_2=400, correct=False).yi[0] / np.sqrt(2 / 400)
    assert -1000 < t < -30


def test_a_signed_p_is_its_t():
    effects = effect_size("COR", p=-0.07, n=30)
    assert_allclose(effects.yi, -0.3354, atol=5e-5)  # the example of metafor's help page for escalc


def test_huge_counts():
    effects = effect_size("RR", events_1=4e8, n_1=1e9, events_2=2e8, n_2=1e9)
    assert_allclose(effects.yi, np.log(2))
    assert_allclose(effects.vi, 1 / 4e8 + 1 / 2e8 - 2e-9)
    assert_allclose(effect_size("SMD", d=0.3, n_1=1e9, n_2=1e9).yi, 0.3, rtol=1e-9)


def test_numbers_alone_make_one_study_and_shapes_broadcast():
    assert effect_size("RD", events_1=3, n_1=10, events_2=4, n_2=10).yi.shape == (1,)
    assert effect_size("RD", events_1=np.ones((3, 1)), n_1=10, events_2=np.ones(5), n_2=[10] * 5).yi.shape == (3, 5)


@pytest.mark.parametrize("key", MEASURES)
def test_no_studies_make_no_effects(key):
    family = FAMILIES[MEASURES[key].family]
    names = (*family.needs, *(family.any_of[0] if family.any_of else ()))
    effects = effect_size(key, **{name: [] for name in names})
    assert effects.yi.shape == (0,)
    assert effects.flags == ()


def test_arguments_are_not_changed():
    events = np.array([0.0, 3.0])
    effect_size("OR", events_1=events, n_1=[10, 10], events_2=[4, 5], n_2=[10, 10])
    assert_array_equal(events, [0.0, 3.0])


def test_the_document_has_no_nan():
    effects = effect_size("RR", events_1=[0, None], n_1=[10, 9], events_2=[4, 5], n_2=[10, 10])
    document = json.loads(json.dumps(effects.to_dict(), allow_nan=False))
    assert document["yi"][1] is None
    assert document["warnings"][0]["code"] == "E101"
    assert document["flags"][1]["where"] == [False, True]


def test_every_code_has_its_explanation():
    assert {"E101", "E102", "E103", "E104", "E105"} <= set(CODES)


def test_natural_scale_of_the_double_arcsine_is_the_proportion():
    effects = effect_size("PFT", events=[0, 3, 40], n=[12, 20, 40])
    assert_allclose(effects.natural()[0], [0, 3 / 20, 1], atol=1e-12)
    assert_allclose(effect_size("IRFT", events=[0, 3], time=[12, 20]).natural()[0], [0, 3 / 20], atol=1e-12)


@pytest.mark.parametrize("to", ["only0", "all", "if0all", "none"])
def test_an_empty_arm_is_no_zero_cell(to):
    """A trial of the published caffeine data has nobody in either arm; a half in each cell would make it a log odds ratio of 0."""
    effects = effect_size("OR", events_1=[2, 0], n_1=[31, 0], events_2=[10, 0], n_2=[34, 0], to=to)
    assert_array_equal(effects.included, [True, False])
    assert [notice.code for notice in effects.notices(1)] == ["E104"]
    assert_allclose(effects.yi[0], np.log(2 * 24 / (29 * 10)) if to != "all" else np.log(2.5 * 24.5 / (29.5 * 10.5)))


def test_the_treatment_arm_correction_adds_the_share_of_the_group():
    effects = effect_size("OR", events_1=[0], n_1=[30], events_2=[4], n_2=[10], add="TACC")
    assert_allclose(effects.yi, np.log((0.75 * 6.25) / (30.75 * 4.25)))
    assert effects.flags[0].message == "the group's share of the participants added to every cell"
    with pytest.raises(UsageError, match="TACC needs their sizes"):
        effect_size("IRR", events_1=[0], time_1=[30], events_2=[4], time_2=[10], add="TACC")
    with pytest.raises(UnknownMethod, match="constant for zero cells"):
        effect_size("OR", **TABLE, add="half")


def test_the_approximate_correction_is_asked_for_by_name():
    arrays = {"d": 0.5, "n_1": 9, "n_2": 11}
    assert_allclose(effect_size("SMD", correct="approximate", **arrays).yi, 0.5 * (1 - 3 / (4 * 18 - 1)))
    with pytest.raises(UsageError, match="no approximate bias correction"):
        effect_size("ROM", correct="approximate", mean_1=1, sd_1=1, n_1=9, mean_2=1, sd_2=1, n_2=9)
    with pytest.raises(UnknownMethod, match="did you mean 'approximate'"):
        effect_size("SMD", correct="aproximate", **arrays)


# --- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"events_1": [1, 117], "n_1": [10, 44]}, "117 events among 44 participants in group 1 (study 2); there are at most as many events as participants"),
        ({"events_2": [-1, 2]}, "events_2 is -1 (study 1); a count is 0 or more"),
        ({"n_1": [-5, 10]}, "n_1 is -5 (study 1); a number of participants is 0 or more"),
        ({"n_1": [10, np.inf]}, "n_1 is infinite (study 2); a reported number is finite"),
        ({"n_1": [10, 10, 10]}, "the arrays do not fit together"),
        ({"n_1": ["ten", 10]}, "n_1 holds 'ten'"),
    ],
)  # fmt: skip
def test_impossible_numbers_are_refused_with_their_place(change, message):
    with pytest.raises(InvalidInput, match=re.escape(message)):
        effect_size("RR", **{**TABLE, **change})


@pytest.mark.parametrize(
    ("key", "arrays", "rule"),
    [
        ("MD", {"mean_1": 1, "sd_1": -1.64, "n_1": 9, "mean_2": 1, "sd_2": 1, "n_2": 9}, "sd_1 is -1.64 (study 1); a standard deviation is 0 or more"),
        ("COR", {"r": 1.2, "n": 9}, "r is 1.2 (study 1); a correlation lies in [-1, 1]"),
        ("COR", {"p": 0, "n": 9}, "p is 0 (study 1); a P value lies in (0, 1]"),
        ("IRR", {"events_1": 1, "time_1": -1, "events_2": 1, "time_2": 3}, "time_1 is -1 (study 1); person-time is 0 or more"),
        ("GEN", {"yi": 1, "vi": -2}, "vi is -2 (study 1); a variance is 0 or more"),
        ("ARAW", {"alpha": 1.1, "items": 4, "n": 9}, "alpha is 1.1 (study 1); alpha is 1 at most"),
        ("MPORM", {"events_1": 1, "n_1": 9, "events_2": 1, "n_2": 8, "r": 0}, "n_1 is 9 and n_2 is 8 (study 1); pairs have one n"),
    ],
)  # fmt: skip
def test_each_kind_of_number_has_its_rule(key, arrays, rule):
    with pytest.raises(InvalidInput, match=re.escape(rule)):
        effect_size(key, **arrays)


def test_places_in_a_batch_are_pairs_and_only_five_are_listed():
    with pytest.raises(InvalidInput, match=re.escape("(study (2, 1))")):
        effect_size("RR", **{**TABLE, "events_1": [[1, 1], [-1, 1]]})
    with pytest.raises(InvalidInput, match=re.escape("(study 1, 2, 3, 4, 5 and 3 more)")):
        effect_size("GEN", yi=np.zeros(8), vi=-np.ones(8))


def test_what_does_not_exist_is_answered_with_what_does():
    with pytest.raises(UnknownMethod, match="did you mean 'SMD'"):
        effect_size("SMDD", d=1, n_1=9, n_2=9)
    with pytest.raises(UnknownMethod, match=re.escape("unknown variance formula (vtype) of RR 'UB'")):
        effect_size("RR", vtype="UB", **TABLE)
    with pytest.raises(UnknownMethod, match=re.escape("unknown rule for zero cells (to) 'some'")):
        effect_size("RR", to="some", **TABLE)
    with pytest.raises(UnknownName, match="did you mean 'events_1'"):
        effect_size("RR", event_1=[1], **TABLE)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(UsageError, match=re.escape("RR (risk ratio) needs events_1 n_1 events_2 n_2; given: events_1")):
        effect_size("RR", events_1=[1])
    with pytest.raises(
        UsageError, match=re.escape("and one of: d; t; p; r; mean_1 sd_1 mean_2 sd_2; given: n_1 n_2 mean_1")
    ):
        effect_size("SMD", n_1=9, n_2=9, mean_1=1)
    with pytest.raises(UsageError, match="has no bias correction"):
        effect_size("RR", correct=True, **TABLE)
    with pytest.raises(UsageError, match="has no cells to correct"):
        effect_size("GEN", yi=1, vi=1, to="all")
    with pytest.raises(InvalidInput, match="a level lies between 0 and 1"):
        effect_size("RR", level=95, **TABLE)
    with pytest.raises(InvalidInput, match="0 or more"):
        effect_size("RR", add=-1, **TABLE)
    with pytest.raises(InvalidInput, match="the lower limit"):
        effect_size("RR", olim=(1, -1), **TABLE)


def test_upper_and_lower_case_are_one():
    assert effect_size("rr", **TABLE).measure == "RR"


def test_metafors_variance_of_zr2f_is_kept_beside_the_delta_method():
    """metafor divides the variance of R squared by (1 - R2^2)^2, the slope of artanh(R2), where yi is artanh(sqrt(R2))."""
    case = next(case for case in load()["cases"] if case["options"].get("measure") == "ZR2F")
    r2 = np.array([0.24, 0.455, 0.08])
    arrays = {"r2": r2, "predictors": [4, 7, 2], "n": [218, 232, 40]}
    fixed = effect_size("R2F", **arrays).vi
    assert_allclose(numbers(case["expected"]["vi"])[:3], fixed / (1 - r2**2) ** 2, rtol=1e-6)
    assert_allclose(effect_size("ZR2F", vtype="LS2", **arrays).vi, fixed / (4 * r2 * (1 - r2) ** 2), rtol=1e-12)
