"""Printed contrasts: a hazard ratio in every form, ratios and differences, and which of several is taken."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mscsec.effects.reading import Rules

from .bases import THREE, codes, reason_of, row_of, sizes_of, two

Z = stats.norm.ppf(0.975)


def hr(**printed):
    return {"effects": [{"measure": "HR", "estimate": 0.7} | printed]}


LOG = math.log(0.7)


@pytest.mark.parametrize(
    ("printed", "sei"),
    [
        ({"ci": [0.5, 0.98]}, math.log(0.98 / 0.5) / (2 * Z)),
        ({"ci": [0.5, 0.98], "ci_level": 0.9}, math.log(0.98 / 0.5) / (2 * stats.norm.ppf(0.95))),
        ({"se": 0.17}, 0.17),
        ({"p": 0.03}, -LOG / stats.norm.isf(0.015)),
        ({"p": "<0.001"}, -LOG / stats.norm.isf(0.0005)),
        ({"z": -2.1}, -LOG / 2.1),
        ({"t": -2.1}, -LOG / 2.1),
        ({"chi2": 4.41}, -LOG / 2.1),
        ({"events": 90}, math.sqrt((40 + 50) ** 2 / (90 * 40 * 50))),
        ({"events": 90, "p": ">0.05"}, math.sqrt((40 + 50) ** 2 / (90 * 40 * 50))),
        ({"ci": [0.5, 0.98], "p": 0.9}, math.log(0.98 / 0.5) / (2 * Z)),
    ],
)
def test_a_hazard_ratio_by_each_form_of_its_uncertainty(printed, sei):
    row = row_of("survival", hr(**printed), n=(40, 50))
    assert (row.yi, row.sei) == pytest.approx((LOG, sei), rel=1e-9)
    assert row.estimate == pytest.approx(0.7)
    assert codes(row) == ({"E216"} if printed.get("p") == "<0.001" else set())


def test_a_hazard_ratio_from_observed_minus_expected():
    row = row_of("survival", {"effects": [{"measure": "HR", "o_minus_e": -8.5, "variance": 21}]})
    assert (row.yi, row.vi) == pytest.approx((-8.5 / 21, 1 / 21))


def test_a_hazard_ratio_on_the_log_scale():
    row = row_of("survival", {"effects": [{"measure": "HR", "log": True, "estimate": -0.35, "ci": [-0.7, 0.0]}]})
    assert (row.yi, row.sei) == pytest.approx((-0.35, 0.7 / (2 * Z)))


def test_a_hazard_ratio_from_curves():
    a = {"survival": [1.0, 0.9, 0.8], "at_risk": [100, 85, 70]}
    c = {"survival": [1.0, 0.85, 0.6], "at_risk": [100, 80, 52]}
    row = row_of("survival", two(a, c, times=[0, 6, 12]))
    assert codes(row) == {"E217"}
    assert row.yi < 0
    assert {figure.path[-2] for figure in row.derivation.figures} == {"survival", "at_risk"}
    # the arms exchanged: the other sign, the same variance
    other = row_of("survival", two(c, a, times=[0, 6, 12]))
    assert (other.yi, other.vi) == pytest.approx((-row.yi, row.vi))


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ({}, "neither interval, test statistic nor P value"),
        ({"p": ">0.05"}, "only known to be > 0.05"),
        ({"p": 1}, "leaves the standard error open"),
        ({"z": 0}, "leaves the standard error open"),
    ],
)
def test_a_hazard_ratio_without_its_uncertainty_is_refused_by_name(printed, words):
    assert words in reason_of("survival", hr(**printed))


def test_a_contrast_without_an_estimate_is_refused():
    assert reason_of("survival", {"effects": [{"measure": "HR", "z": 2.1}]}) == "the reported HR has no estimate"
    assert "leaves its direction open" in reason_of("survival", {"effects": [{"measure": "HR", "p": 0.03}]})


def test_nothing_reported_is_refused():
    assert "no hazard ratio is reported" in reason_of("survival", two({"n": 20}, {"n": 20}))
    assert "no contrast is reported" in reason_of("effect", two({"n": 20}, {"n": 20}))


def test_an_adjusted_contrast_is_marked():
    row = row_of("survival", hr(ci=[0.5, 0.98], adjusted="age and sex"))
    assert [flag.text for flag in row.flags if flag.code == "E210"] == ["adjusted estimate: age and sex"]
    assert codes(row) == {"E210"}


def test_every_printed_contrast_says_that_its_interval_is_made_again():
    (flag,) = row_of("survival", hr(ci=[0.5, 0.98])).flags
    assert flag.code == "E227"
    assert "HR as printed" in flag.text


def test_the_first_of_several_is_taken_and_the_others_are_named():
    first = {"measure": "HR", "estimate": 0.7, "ci": [0.5, 0.98]}
    second = {"measure": "HR", "estimate": 0.8, "ci": [0.6, 1.1], "adjusted": "age"}
    row = row_of("survival", {"effects": [first, second]})
    assert row.estimate == pytest.approx(0.7)
    flag = next(flag for flag in row.flags if flag.code != "E227")
    assert flag.code == "E201"
    assert "HR 0.8, adjusted for age" in flag.text


def test_a_contrast_of_the_comparator_is_turned_round():
    straight = row_of("survival", hr(ci=[0.5, 0.98], experimental="a", comparator="c"))
    turned = {"measure": "HR", "estimate": 1 / 0.7, "ci": [1 / 0.98, 1 / 0.5], "experimental": "c", "comparator": "a"}
    row = row_of("survival", {"effects": [turned]})
    assert (row.yi, row.vi) == pytest.approx((straight.yi, straight.vi))
    assert "turned round" in row.derivation.words


@pytest.mark.parametrize("measure", ["OR", "RR", "HR", "IRR", "ROM"])
def test_a_ratio_among_generic_effects_enters_as_its_logarithm(measure):
    row = row_of("effect", {"effects": [{"measure": measure, "estimate": 0.7, "ci": [0.5, 0.98]}]})
    assert (row.yi, row.sei) == pytest.approx((LOG, math.log(0.98 / 0.5) / (2 * Z)))
    assert codes(row) == {"E225"}


def test_a_generic_effect_enters_as_it_is():
    row = row_of("effect", {"effects": [{"measure": "slope", "estimate": -1.2, "se": 0.4}]})
    assert (row.yi, row.sei) == (-1.2, 0.4)
    assert codes(row) == set()


# --- differences ---------------------------------------------------------------------------------------------------

MD = {"measure": "MD", "estimate": -2, "ci": [-4, 0]}


def test_a_difference_in_another_unit_is_converted_and_a_standardised_one_is_not():
    row = row_of("stay", {"effects": [{"measure": "MD", "estimate": -48, "ci": [-96, 0]}], "unit": "hour"})
    assert (row.yi, row.sei) == pytest.approx((-2, 4 / (2 * Z)))
    row = row_of("stay", {"effects": [{"measure": "SMD", "estimate": -0.5, "se": 0.2}], "unit": "hour"}, measure="SMD")
    assert (row.yi, row.sei) == (-0.5, 0.2)


def test_a_difference_on_a_reversed_scale_changes_its_sign():
    row = row_of("stay", {"effects": [MD], "reversed": True})
    assert row.yi == 2
    assert codes(row) == {"E220"}


def test_a_ratio_on_a_reversed_scale_is_refused_but_an_odds_ratio_is_inverted():
    reason = reason_of("survival", hr(ci=[0.5, 0.98]) | {"reversed": True})
    assert "cannot be turned round" in reason
    row = row_of(
        "death", {"effects": [{"measure": "OR", "estimate": 0.7, "ci": [0.5, 0.98]}], "reversed": True}, measure="OR"
    )
    assert row.yi == pytest.approx(-LOG)


@pytest.mark.parametrize(("prefer", "yi"), [("arms", -1.9), ("reported", -2.0)])
def test_figures_by_arm_or_the_contrast_first(prefer, yi):
    result = two({"mean": 8.1, "sd": 3}, {"mean": 10, "sd": 3}, effects=[MD])
    assert row_of("stay", result, prefer=prefer).yi == pytest.approx(yi)


def test_the_other_route_where_the_preferred_one_gives_nothing():
    assert row_of("stay", two({"mean": 8.1}, {"mean": 10}, effects=[MD])).yi == -2
    result = two({"mean": 8.1, "sd": 3}, {"mean": 10, "sd": 3})
    assert row_of("stay", result, prefer="reported").yi == pytest.approx(-1.9)


def test_the_reason_of_the_preferred_route_is_the_one_given():
    assert "neither events nor a percentage" in reason_of("death", two({"n": 3}, {"events": 4}))
    other = {"effects": [{"measure": "OR", "estimate": 0.5, "ci": [0.2, 1.2]}]}
    assert "no RR is reported as such" in reason_of("death", other)
    assert "neither the events of an arm" in reason_of("death", other)
    assert "no RR is reported as such" in reason_of("death", two({"n": 9}, {"n": 9}) | other, prefer="reported")
    assert "neither events nor a percentage" in reason_of("death", two({"n": 3}, {"events": 4}), prefer="reported")


# --- several arms ----------------------------------------------------------------------------------------------------


def named(measure="RR", estimate=0.6, arm="low"):
    return {"measure": measure, "estimate": estimate, "ci": [0.3, 1.2], "experimental": arm, "comparator": "c"}


def test_contrasts_of_single_arms_do_not_stand_for_all_of_them():
    both = {"effects": [named(), named(estimate=0.8, arm="high")]}
    assert "no single reported contrast covers them" in reason_of("death", both, arms=THREE)
    together = {"effects": [{"measure": "RR", "estimate": 0.6, "ci": [0.3, 1.2]}]}
    assert row_of("death", together, arms=THREE).estimate == pytest.approx(0.6)


def test_a_contrast_of_one_arm_is_taken_for_that_arm_where_the_other_is_not_reported():
    row = row_of("death", {"effects": [named()]}, arms=THREE)
    assert (row.experimental.label, row.comparator.label) == ("low", "c")
    assert "nothing is reported for arm high" in row.flags[0].text


@pytest.mark.parametrize("rule", ["split", "separate"])
def test_contrasts_that_share_a_comparator_are_refused_where_each_arm_has_a_row(rule):
    both = {"effects": [named(), named(estimate=0.8, arm="high")]}
    found = sizes_of("death", both, arms=THREE, rules=Rules(multi_arm=rule))
    assert found.rows == ()
    assert "share a comparator" in found.excluded[0].reason


# --- crossed with the figures by arm ---------------------------------------------------------------------------------


def table_or(a, n1, c, n2):
    b, d = n1 - a, n2 - c
    log, se = math.log(a * d / b / c), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return tuple(np.exp([log, log - Z * se, log + Z * se]))


@pytest.mark.parametrize("decimals", [1, 2, 3])
@pytest.mark.parametrize("cells", [(4, 20, 9, 20), (14, 120, 29, 118), (3, 200, 5, 190)])
def test_a_contrast_that_agrees_within_rounding_is_not_marked(cells, decimals):
    estimate, low, high = (round(float(x), decimals) for x in table_or(*cells))
    a, n1, c, n2 = cells
    effect = {"measure": "OR", "estimate": estimate, "ci": [low, high]}
    row = row_of("death", two({"events": a}, {"events": c}, effects=[effect]), n=(n1, n2), measure="OR")
    assert codes(row) == set()


@pytest.mark.parametrize("effect", [
    {"measure": "OR", "estimate": 0.5, "ci": [0.2, 1.25]},  # another estimate
    {"measure": "OR", "estimate": 0.31, "ci": [0.19, 0.51]},  # another interval
    {"measure": "OR", "estimate": 0.31, "se": 0.2},
])  # fmt: skip
def test_a_contrast_that_disagrees_is_marked(effect):
    row = row_of("death", two({"events": 4}, {"events": 9}, effects=[effect]), measure="OR")
    assert codes(row) == {"E219"}
    assert "the paper prints OR" in row.flags[0].text
    adjusted = effect | {"adjusted": "age"}
    assert codes(row_of("death", two({"events": 4}, {"events": 9}, effects=[adjusted]), measure="OR")) == set()


@pytest.mark.parametrize("quantile", [Z, stats.t.ppf(0.975, 18)])
def test_intervals_of_a_mean_difference_by_z_or_t_agree(quantile):
    se = math.sqrt((9 + 16) / 10)
    effect = {"measure": "MD", "estimate": -2, "ci": [round(-2 - quantile * se, 2), round(-2 + quantile * se, 2)]}
    result = two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}, effects=[effect])
    assert codes(row_of("stay", result, n=(10, 10))) == set()


def test_rounded_means_are_allowed_for():
    close = {"measure": "MD", "estimate": -2.9, "se": 1.1}  # 7.6 - 10.4, each printed without decimals
    assert codes(row_of("stay", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}, effects=[close]))) == set()
    far = {"measure": "MD", "estimate": -3.6, "se": 1.1}
    assert codes(row_of("stay", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}, effects=[far]))) == {"E219"}


@pytest.mark.parametrize("smd", [0.571, 0.560])  # Cohen's d and Hedges' g of the same figures
def test_both_forms_of_a_standardised_difference_agree(smd):
    effect = {"measure": "SMD", "estimate": -smd, "ci": [round(-smd - 0.63, 3), round(-smd + 0.63, 3)]}
    result = two({"mean": 8.00, "sd": 3.50}, {"mean": 10.00, "sd": 3.50}, effects=[effect])
    assert codes(row_of("stay", result, measure="SMD")) == set()


def test_units_and_reversed_scales_are_allowed_for():
    effect = {"measure": "MD", "estimate": -48, "se": 27}
    result = two({"mean": 192, "sd": 72}, {"mean": 240, "sd": 96}, effects=[effect], unit="hour")
    assert codes(row_of("stay", result)) == {"E202"}
    assert codes(row_of("stay", result | {"reversed": True})) == {"E202", "E220"}


# --- indirect ways -----------------------------------------------------------------------------------------------------


def test_a_hazard_ratio_from_p_events_and_direction():
    printed = {"measure": "HR", "p": 0.03, "events": 60}
    z = stats.norm.isf(0.015)
    v = 60 * 80 * 120 / 200**2
    for direction, sign in (("fewer", -1), ("more", 1)):
        row = row_of("survival", {"effects": [printed | {"direction": direction}]}, n=(80, 120))
        assert (row.yi, row.vi) == pytest.approx((sign * z / math.sqrt(v), 1 / v), rel=1e-9)
        assert codes(row) == {"E229"}


def test_a_hazard_ratio_from_p_and_the_events_of_each_arm():
    result = two({"events": 30}, {"events": 38}, effects=[{"measure": "HR", "p": 0.03, "direction": "fewer"}])
    row = row_of("survival", result, n=(100, 100))
    v = 30 * 38 / 68
    assert (row.yi, row.vi) == pytest.approx((-stats.norm.isf(0.015) / math.sqrt(v), 1 / v), rel=1e-9)
    lacking = two({"events": 30}, {"n": 20}, effects=[{"measure": "HR", "p": 0.03, "direction": "fewer"}])
    assert "events of arm c are not recorded" in reason_of("survival", lacking, n=(100, 100))


def test_a_hazard_ratio_from_median_times_and_events():
    row = row_of("survival", two({"median": 12, "events": 30}, {"median": 9, "events": 38}), n=(100, 100))
    assert (row.yi, row.vi) == pytest.approx((math.log(9 / 12), 1 / 30 + 1 / 38), rel=1e-12)
    assert codes(row) == {"E229"}


@pytest.mark.parametrize(
    ("printed", "se"),
    [
        ({"se": 0.8}, 0.8),
        ({"ci": [-4, 0]}, 2 / stats.t.ppf(0.975, 19)),
        ({"ci": [-4, 0], "ci_level": 0.9}, 2 / stats.t.ppf(0.95, 19)),
    ],
)
def test_a_crossover_trial_by_its_printed_difference(printed, se):
    md = {"measure": "MD", "estimate": -2}
    crossover = {"design": {"type": "crossover-rct"}}
    arms = two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4})
    row = row_of("stay", arms | {"effects": [md | printed], "reported": {"p": 0.9}}, **crossover)
    assert (row.yi, row.sei) == pytest.approx((-2, se))
    turned = md | printed | {"estimate": 2, "experimental": "c", "comparator": "a"}
    if "ci" in printed:
        turned["ci"] = [0, 4]
    assert row_of("stay", arms | {"effects": [turned]}, **crossover).yi == -2


@pytest.mark.parametrize(("printed", "se"), [({"se": 1.2}, 1.2), ({"ci": [-4.5, 0.5]}, 2.5 / stats.t.ppf(0.975, 38))])
def test_one_sd_for_both_arms_from_the_printed_difference(printed, se):
    result = two({"mean": 8}, {"mean": 10}, effects=[{"measure": "MD", "estimate": -2} | printed])
    row = row_of("stay", result, measure="SMD")
    d = -2 / (se / math.sqrt(1 / 10))
    assert row.yi == pytest.approx(d * stats_j(38), rel=1e-9)
    assert codes(row) == {"E208"}
    assert codes(row_of("stay", result)) == set()  # the mean difference itself enters as printed
    adjusted = two({"mean": 8}, {"mean": 10}, effects=[{"measure": "MD", "estimate": -2, "adjusted": "age"} | printed])
    assert "no SD" in reason_of("stay", adjusted, measure="SMD")


def stats_j(df):
    """Hedges' exact factor."""
    return math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)
