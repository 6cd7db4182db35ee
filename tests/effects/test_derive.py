"""From what a record prints for each arm to the numbers a measure takes: every route, against arithmetic done by hand."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from mscsec.effects.reading import Rules

from .bases import THREE, arm, codes, reason_of, row_of, sizes_of, two

# --- events ------------------------------------------------------------------------------------------------------


def log_rr(a: float, n1: float, c: float, n2: float) -> tuple[float, float]:
    return math.log(a / n1 / (c / n2)), 1 / a - 1 / n1 + 1 / c - 1 / n2


@pytest.mark.parametrize(
    ("a", "c", "flags"),
    [
        ({"events": 4}, {"events": 9}, set()),
        ({"non_events": 16}, {"non_events": 11}, {"E204"}),
        ({"percent": 20}, {"percent": 45}, {"E205"}),
        ({"non_event_percent": 80}, {"events": 9}, {"E204", "E205"}),
        ({"events": 4, "n": 20, "percent": 21}, {"events": 9}, set()),  # a count as printed comes before a percentage
    ],
)
def test_events_by_each_way_they_are_printed(a, c, flags):
    row = row_of("death", two(a, c))
    assert (row.yi, row.vi) == pytest.approx(log_rr(4, 20, 9, 20), rel=1e-12)
    assert codes(row) == flags
    assert (row.experimental.events, row.comparator.events) == (4, 9)


def test_n_of_the_result_comes_before_n_of_the_arm():
    row = row_of("death", two({"events": 4, "n": 18}, {"events": 9}))
    assert (row.yi, row.vi) == pytest.approx(log_rr(4, 18, 9, 20))


@pytest.mark.parametrize(
    ("a", "n", "words"),
    [
        ({"percent": 5}, 300, "5 % of 300 in arm a"),  # 14, 15 and 16 all print as 5 %
        ({"percent": 33}, 10, "33 % of 10 in arm a"),  # no whole number does
        ({"mean": None}, 20, "neither events nor a percentage"),
    ],
)
def test_a_percentage_that_does_not_give_one_count_is_refused_by_name(a, n, words):
    assert words in reason_of("death", two(a, {"events": 9}), n=(n, 20))


def test_decimals_of_a_percentage_decide_between_counts():
    from .bases import Plain

    row = row_of("death", two({"percent": Plain("5.0")}, {"events": 9}), n=(300, 20))
    assert row.experimental.events == 15


def test_no_group_size_is_a_reason():
    assert reason_of("death", two({"events": 4}, {"events": 9}), n=None) == "n of arm a is not reported"


def test_the_opposite_event_is_turned_into_the_event():
    straight = row_of("death", two({"events": 4}, {"events": 9}), measure="OR")
    turned = row_of("death", two({"events": 16}, {"events": 11}, reversed=True), measure="OR")
    assert turned.yi == pytest.approx(straight.yi)
    assert codes(turned) == {"E220"}


# --- SDs -----------------------------------------------------------------------------------------------------------

T19 = stats.t.ppf(0.975, 19)
T19_90 = stats.t.ppf(0.95, 19)


@pytest.mark.parametrize(
    ("a", "sd"),
    [
        ({"mean": 8, "sd": 3}, 3.0),
        ({"mean": 8, "se": 0.5}, 0.5 * math.sqrt(20)),
        ({"mean": 8, "ci": [7, 9]}, math.sqrt(20) / T19),
        ({"mean": 8, "ci": [7, 9], "ci_level": 0.9}, math.sqrt(20) / T19_90),
        ({"mean": 8, "sd": 3, "se": 9}, 3.0),
    ],
)
def test_sd_by_each_way_it_is_printed(a, sd):
    row = row_of("stay", two(a, {"mean": 10, "sd": 4}))
    assert row.experimental.sd == pytest.approx(sd, rel=1e-12)
    assert (row.yi, row.vi) == pytest.approx((-2, sd**2 / 20 + 16 / 20))


@pytest.mark.parametrize(
    ("reported", "t"),
    [
        ({"t": -2.5}, 2.5),
        ({"f": 6.25}, 2.5),
        ({"p": 0.02}, stats.t.isf(0.01, 38)),
        ({"t": 2.5, "p": 0.9}, 2.5),
    ],
)
def test_one_sd_for_both_arms_from_the_test_between_them(reported, t):
    row = row_of("stay", two({"mean": 8}, {"mean": 10}, reported=reported))
    assert math.sqrt(row.vi) == pytest.approx(2 / t)
    assert row.experimental.sd == pytest.approx(2 / t / math.sqrt(1 / 10))
    assert codes(row) == {"E208"}


def test_an_upper_bound_of_p_is_taken_and_marked_and_a_lower_one_is_refused():
    row = row_of("stay", two({"mean": 8}, {"mean": 10}, reported={"p": "<0.02"}))
    assert codes(row) == {"E208", "E216"}
    assert row.vi == pytest.approx((2 / stats.t.isf(0.01, 38)) ** 2)
    reason = reason_of("stay", two({"mean": 8}, {"mean": 10}, reported={"p": ">0.05"}))
    assert reason == "P is only known to be > 0.05, which leaves the standard error open"


def test_quartiles_beside_a_mean_give_its_sd():
    row = row_of("stay", two({"mean": 8, "iqr": [6, 10.05]}, {"mean": 10, "sd": 4}))
    assert row.experimental.sd == pytest.approx(4.05 / 1.35)
    assert codes(row) == {"E206"}
    assert row_of("stay", two({"mean": 8, "iqr": [6, 10], "sd": 2.5}, {"mean": 10, "sd": 4})).experimental.sd == 2.5


def test_means_without_any_spread_are_refused():
    assert reason_of("stay", two({"mean": 8}, {"mean": 10, "sd": 2})) == "no SD, SE, CI or test statistic for a"


def test_a_test_over_three_arms_gives_no_sd_for_two_of_them():
    result = {"arms": {"low": {"mean": 8}, "high": {"mean": 7}, "c": {"mean": 10}}, "reported": {"p": 0.01}}
    found = sizes_of("stay", result, arms=THREE, rules=Rules(multi_arm="split"))
    assert found.rows == ()
    assert "a test over 3 arms" in found.excluded[0].reason


# --- medians -------------------------------------------------------------------------------------------------------

SHAPES = {
    "quartiles": {"median": 9, "iqr": [6, 13]},
    "range": {"median": 9, "range": [2, 30]},
    "five numbers": {"median": 9, "iqr": [6, 13], "range": [2, 30]},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("route", ["normal", "lognormal", "qe", "bc", "mln"])
def test_a_median_by_each_route(shape, route):
    row = row_of("stay", two(SHAPES[shape], {"mean": 10, "sd": 4}), rules=Rules(quantiles=f"quantiles-{route}"))
    assert "E206" in codes(row)
    assert 6 < row.experimental.mean < 13
    assert 3 < row.experimental.sd < 12
    assert any(step.method == f"quantiles-{route}" for step in row.derivation.steps)


def test_the_default_route_is_luo_and_wan():
    row = row_of("stay", two(SHAPES["quartiles"], {"mean": 10, "sd": 4}))
    n = 20
    w = 0.7 + 0.39 / n  # Luo et al. 2018, equation 15
    eta = 2 * stats.norm.ppf((0.75 * n - 0.125) / (n + 0.25))  # Wan et al. 2014, equation 16
    assert row.experimental.mean == pytest.approx(w * (6 + 13) / 2 + (1 - w) * 9)
    assert row.experimental.sd == pytest.approx((13 - 6) / eta)


@pytest.mark.parametrize(("mean", "sd"), [("wan2014", "wan2014"), ("hozo2005", "hozo2005"), ("luo2018", "wan-shi")])
def test_the_rules_for_mean_and_sd_can_be_chosen(mean, sd):
    row = row_of("stay", two(SHAPES["range"], {"mean": 10, "sd": 4}), rules=Rules(mean=mean, sd=sd))
    expected = {"wan2014": (2 + 2 * 9 + 30) / 4, "hozo2005": (2 + 18 + 30) / 4}
    if mean == "wan2014":
        assert row.experimental.mean == pytest.approx(expected[mean])
    assert row.experimental.sd > 0


def test_a_median_alone_is_refused():
    assert (
        reason_of("stay", two({"median": 9}, {"mean": 10, "sd": 4}))
        == "arm a has a median without its quartiles or range"
    )


def test_a_printed_mean_takes_its_sd_from_the_quartiles_only_where_nothing_better_is_printed():
    row = row_of("stay", two({"mean": 9.5, "median": 9, "iqr": [6, 13]}, {"mean": 10, "sd": 4}))
    assert row.experimental.mean == 9.5
    assert "E206" in codes(row)
    better = row_of("stay", two({"mean": 9.5, "sd": 2, "median": 9, "iqr": [6, 13]}, {"mean": 10, "sd": 4}))
    assert better.experimental.sd == 2
    assert codes(better) == set()


def test_skewed_figures_are_marked():
    row = row_of("stay", two({"median": 3, "iqr": [2.9, 30]}, {"mean": 10, "sd": 4}), n=(100, 100))
    assert "E207" in codes(row)


# --- changes -------------------------------------------------------------------------------------------------------


def changed(**change):
    return {"sd": 5, "baseline": {"mean": 20, "sd": 4}, "change": {"mean": -3} | change}


def sd_of_change(r: float) -> float:
    return math.sqrt(25 + 16 - 2 * r * 20)


@pytest.mark.parametrize(
    ("change", "options", "sd", "flags"),
    [
        ({"sd": 4.4}, {}, 4.4, {"E224"}),
        ({"se": 1}, {}, math.sqrt(20), {"E224"}),
        ({"correlation": 0.7}, {"outcomes": {"stay": {"correlation": 0.1}}}, sd_of_change(0.7), {"E224"}),
        ({}, {"outcomes": {"stay": {"correlation": 0.5}}}, sd_of_change(0.5), {"E224", "E203"}),
        ({}, {"outcomes": {"stay": {"correlation": 0.5}}, "rules": Rules(correlation=0.8)}, sd_of_change(0.8), {"E224", "E203"}),
        ({}, {"rules": Rules(correlation=0.0)}, sd_of_change(0.0), {"E224", "E203"}),
    ],
)  # fmt: skip
def test_change_scores_by_each_way_to_their_sd(change, options, sd, flags):
    row = row_of("stay", two(changed(**change), {"change": {"mean": -1, "sd": 4}}), **options)
    assert (row.yi, row.vi) == pytest.approx((-2, sd**2 / 20 + 16 / 20))
    assert codes(row) == flags


def test_changes_without_a_correlation_are_refused():
    reason = reason_of("stay", two(changed(), {"change": {"mean": -1, "sd": 4}}))
    assert "no correlation between baseline and final values for arm a" in reason


def test_a_baseline_se_gives_the_baseline_sd():
    a = {
        "sd": 5,
        "baseline": {"mean": 20, "se": 4 / math.sqrt(16), "n": 16},
        "change": {"mean": -3, "correlation": 0.7},
    }
    row = row_of("stay", two(a, {"change": {"mean": -1, "sd": 4}}))
    assert row.experimental.sd == pytest.approx(sd_of_change(0.7))


def test_final_values_and_changes_are_not_set_side_by_side():
    reason = reason_of("stay", two({"mean": 8, "sd": 3}, {"change": {"mean": -1, "sd": 4}}))
    assert "final values and another only changes" in reason


def test_final_values_come_before_changes():
    both = {"mean": 17, "sd": 5, "change": {"mean": -3, "sd": 2}}
    row = row_of("stay", two(both, {"mean": 19, "sd": 4, "change": {"mean": -1, "sd": 2}}))
    assert row.yi == -2
    assert row.vi == pytest.approx(25 / 20 + 16 / 20)


# --- designs -------------------------------------------------------------------------------------------------------


def test_a_cluster_trial_is_reduced_by_its_design_effect():
    design = {"type": "cluster-rct", "icc": 0.05, "cluster_size": 11}
    row = row_of("death", two({"events": 40}, {"events": 60}), n=(200, 210), design=design)
    assert (row.yi, row.vi) == pytest.approx(log_rr(40 / 1.5, 200 / 1.5, 60 / 1.5, 210 / 1.5))
    assert codes(row) == {"E214"}
    row = row_of("stay", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}), n=(200, 210), design=design)
    assert row.vi == pytest.approx(1.5 * (9 / 200 + 16 / 210))


def test_an_icc_of_the_protocol_is_an_assumption():
    design = {"type": "cluster-rct", "cluster_size": 11}
    result = two({"events": 40}, {"events": 60})
    row = row_of("death", result, n=(200, 210), design=design, outcomes={"death": {"icc": 0.05}})
    assert codes(row) == {"E203", "E214"}
    assert row.experimental.n == pytest.approx(200 / 1.5)


@pytest.mark.parametrize("design", [{}, {"icc": 0.05}, {"cluster_size": 11}])
def test_a_cluster_trial_that_cannot_be_corrected_is_marked(design):
    row = row_of("death", two({"events": 40}, {"events": 60}), n=(200, 210), design={"type": "cluster-rct"} | design)
    assert codes(row) == {"E213"}


def test_rates_of_a_cluster_trial_are_marked():
    result = two({"events": 4, "time": 100}, {"events": 9, "time": 110})
    assert codes(row_of("falls", result, design={"type": "cluster-rct"})) == {"E213"}


CROSSED = {"type": "crossover-rct", "period_correlation": 0.6}


def test_a_crossover_trial_is_analysed_in_pairs_where_the_correlation_is_known():
    row = row_of("stay", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}), design=CROSSED, n=(18, 20))
    assert (row.yi, row.vi) == pytest.approx((-2, (9 + 16 - 2 * 0.6 * 12) / 18))
    assert codes(row) == {"E218"}


def test_a_standardised_difference_of_a_crossover_trial():
    row = row_of("stay", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}), design=CROSSED, measure="SMD")
    smd = -2 / math.sqrt(12.5)
    assert (row.yi, row.vi) == pytest.approx((smd, (1 / 20 + smd**2 / 40) * 2 * 0.4))  # Cochrane Handbook 23.2.7.2


@pytest.mark.parametrize(("reported", "t"), [({"t": -2.5}, 2.5), ({"p": 0.02}, stats.t.isf(0.01, 19))])
def test_a_paired_test_of_a_crossover_trial(reported, t):
    row = row_of("stay", two({"mean": 8}, {"mean": 10}, reported=reported), design={"type": "crossover-rct"})
    assert math.sqrt(row.vi) == pytest.approx(2 / t)
    assert "paired analysis" in row.flags[0].text


def test_a_crossover_trial_without_a_correlation_is_marked_as_taken_for_two_groups():
    row = row_of("stay", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}), design={"type": "crossover-rct"})
    assert row.vi == pytest.approx(25 / 20)
    (flag,) = row.flags
    assert (flag.code, "too wide" in flag.text) == ("E218", True)
    assert codes(row_of("death", two({"events": 4}, {"events": 9}), design=CROSSED)) == {"E218"}


# --- several arms --------------------------------------------------------------------------------------------------

EVENTS = {"arms": {"low": {"events": 4}, "high": {"events": 7}, "c": {"events": 11}}}
MEANS = {"arms": {"low": {"mean": 8, "sd": 3}, "high": {"mean": 7, "sd": 2}, "c": {"mean": 10, "sd": 4}}}


def test_arms_on_one_side_are_combined():
    row = row_of("death", EVENTS, arms=THREE)
    assert (row.yi, row.vi) == pytest.approx(log_rr(11, 82, 11, 44))
    assert codes(row) == {"E209"}
    row = row_of("stay", MEANS, arms=THREE)
    mean = (40 * 8 + 42 * 7) / 82
    ss = 39 * 9 + 41 * 4 + 40 * (8 - mean) ** 2 + 42 * (7 - mean) ** 2
    assert row.yi == pytest.approx(mean - 10)
    assert row.vi == pytest.approx(ss / 81 / 82 + 16 / 44)


def test_the_comparator_is_split():
    found = sizes_of("death", EVENTS, arms=THREE, rules=Rules(multi_arm="split"))
    assert [row.study for row in found.rows] == ["trial:low", "trial:high"]
    assert [row.label for row in found.rows] == ["Trial 2020 (low)", "Trial 2020 (high)"]
    assert (found.rows[0].yi, found.rows[0].vi) == pytest.approx(log_rr(4, 40, 5.5, 22))
    assert all(codes(row) == {"E215"} for row in found.rows)
    found = sizes_of("stay", MEANS, arms=THREE, rules=Rules(multi_arm="split"))
    assert found.rows[1].vi == pytest.approx(4 / 42 + 16 / 22)
    rates = {
        "arms": {"low": {"events": 4, "time": 50}, "high": {"events": 7, "time": 60}, "c": {"events": 12, "time": 70}}
    }
    found = sizes_of("falls", rates, arms=THREE, rules=Rules(multi_arm="split"))
    assert found.rows[0].vi == pytest.approx(1 / 4 + 1 / 6)


def test_an_arm_of_which_a_result_says_nothing_stays_out_and_is_named():
    result = {"arms": {"low": {"events": 4}, "c": {"events": 11}}}
    row = row_of("death", result, arms=THREE)
    assert (row.yi, row.vi) == pytest.approx(log_rr(4, 40, 11, 44))
    assert [flag.text for flag in row.flags] == ["nothing is reported for arm high, which stays out"]


# --- units and directions ------------------------------------------------------------------------------------------


def test_a_reported_unit_is_converted():
    row = row_of("stay", two({"mean": 192, "sd": 72}, {"mean": 240, "se": 20}, unit="hour"))
    assert row.yi == pytest.approx(-2, rel=1e-9)
    assert row.vi == pytest.approx(9 / 20 + (20 / 24) ** 2, rel=1e-9)
    assert codes(row) == {"E202"}


def test_a_reversed_scale_changes_the_sign_of_a_difference():
    straight = row_of("stay", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}), measure="SMD")
    turned = row_of("stay", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}, reversed=True), measure="SMD")
    assert (turned.yi, turned.vi) == pytest.approx((-straight.yi, straight.vi))
    assert codes(turned) == {"E220"}


@pytest.mark.parametrize("measure", ["ROM", "CVR"])
def test_a_ratio_of_means_cannot_be_turned_round(measure):
    result = two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}, reversed=True)
    assert "cannot be turned round" in reason_of("stay", result, measure=measure)


def test_reversed_rates_are_refused():
    result = two({"events": 4, "time": 100}, {"events": 9, "time": 110}, reversed=True)
    assert "opposite event" in reason_of("falls", result)


@pytest.mark.parametrize(("field", "words"), [("time", "lacks person-time"), ("events", "lacks events")])
def test_rates_need_events_and_person_time(field, words):
    a = {"events": 4, "time": 100}
    del a[field]
    assert words in reason_of("falls", two(a, {"events": 9, "time": 110}))


def test_an_assumed_figure_is_marked_with_its_reason():
    arms = {"a": arm("experimental", {"value": 20, "assumed": "equal split of 40"}), "c": arm("comparator", 20)}
    row = row_of("death", two({"events": 4}, {"events": 9}), arms=arms)
    assert [flag.text for flag in row.flags] == ["a: n = 20 is assumed: equal split of 40"]
