"""Figures that no data can have stop the call; figures that leave the answer open are refused for their row, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mscsec.effects import reconstruct as rc
from mscsec.errors import InvalidInput

INVALID: dict[str, tuple[Callable[[], Any], str]] = {
    "negative SE": (lambda: rc.sd_from_se([1.0, -1.2], 20), r"se\[1\] is -1\.2; a standard error is positive"),
    "group of one": (lambda: rc.sd_from_se(1.0, 1), "n is 1; a group has 2 or more"),
    "limits exchanged": (lambda: rc.sd_from_ci_t(4, 3, 20), "lower confidence limit lies below"),
    "level in percent": (lambda: rc.sd_from_ci_t(3, 4, 20, 95), "Write 0.95 for 95 percent"),
    "P above one": (lambda: rc.sd_from_p(1, 1.2, 20, 20), "P value lies above 0"),
    "P of zero": (lambda: rc.sd_from_p(1, 0.0, 20, 20), "give the bound, 0.001"),
    "negative F": (lambda: rc.sd_from_f(1, -2, 20, 20), "an F statistic is not negative"),
    "t test of two": (lambda: rc.sd_from_p(1, 0.04, 1, 1), "three or more participants"),
    "quartiles exchanged": (lambda: rc.sd_from_iqr(9, 3), "first quartile is at most the third"),
    "range exchanged": (lambda: rc.sd_from_range(9, 3), "minimum is at most the maximum"),
    "q1 above median": (lambda: rc.mean_sd_from_five_numbers(30, 5, q1=6, q3=9), "q1 is 6 and median is 5"),
    "maximum below q3": (lambda: rc.mean_sd_by_quantile_estimation(30, 5, 1, 3, 9, 8), "q3 is at most maximum"),
    "estimate outside": (lambda: rc.effect_from_ci(2.1, 0.5, 2.0), "lies within its own confidence interval"),
    "ratio of zero": (lambda: rc.effect_from_ci(0.5, 0.0, 2.0, scale="log"), "a ratio and its limits are positive"),
    "log taken as ratio": (lambda: rc.effect_from_ci(-0.4, -0.9, 0.1, scale="log"), "the scale is identity"),
    "lower limit above": (lambda: rc.effect_from_lower(1.0, 1.1), "lower limit lies below the estimate"),
    "correlation of two": (lambda: rc.change_sd(1, 1, 2.0), r"a correlation lies in \[-1, 1\]"),
    "percent of 120": (lambda: rc.events_from_percent(120, 30), "lies in 0 to 100"),
    "half a person": (lambda: rc.events_from_percent(50, 30.5), "it is a whole number"),
    "events above n": (lambda: rc.split_shared_events(117, 44, 2), "events is 117 and n is 44"),
    "margin above total": (lambda: rc.table_from_or(1.2, 50, 60, 10), "no larger than the whole"),
    "negative odds ratio": (lambda: rc.table_from_or(-1.2, 50, 20, 10), "an odds ratio is positive"),
    "icc of 1.2": (lambda: rc.cluster_se(0.2, 20, 1.2), "intracluster correlation"),
    "negative variance": (lambda: rc.delta_method(1.0, -0.1, np.exp), "a variance is not negative"),
    "direction of 0": (lambda: rc.log_hr_from_p(0.03, 40, 50, 50, 0), "direction is -1"),
    "rising curve": (
        lambda: rc.log_hr_from_curves_at_risk([1, 0.5, 0.6], [1, 0.5, 0.4], [9, 5, 3], [9, 5, 3]),
        "does not rise",
    ),
    "curve from 0.9": (
        lambda: rc.log_hr_from_curves_at_risk([0.9, 0.5], [1, 0.5], [9, 5], [9, 5]),
        "is 1 at the first time",
    ),
    "baseline in percent": (lambda: rc.absolute_from_or(0.6, 20), "Divide a percentage by 100"),
    "mean off its scale": (lambda: rc.rescale(11, 1, 0, 10, 0, 100), "a mean lies on its own scale"),
    "part above whole": (lambda: rc.remove_group(10, 5, 1, 9, 5, 1), "two or more participants are left"),
    "sensitivity in percent": (lambda: rc.cells_from_accuracy(90, 85, 0.9, 0.8), "Divide a percentage by 100"),
    "geometric SD below 1": (lambda: rc.log_from_geometric_sd(3, 0.8), "a factor above 1"),
}

REFUSED: dict[str, tuple[Callable[[], Any], str, str, str]] = {
    "P of one": (lambda: rc.sd_from_p(1, 1.0, 20, 20), "sd", "E304", "P = 1"),
    "t of zero": (lambda: rc.sd_from_t(1, 0.0, 20, 20), "sd", "E304", "zero"),
    "difference of zero": (lambda: rc.effect_from_p(1.0, 0.8, scale="log"), "sei", "E304", "zero"),
    "odd level": (lambda: rc.sd_from_ci_handbook(1, 2, 30, 0.8), "sd", "E302", "0.90, 0.95 and 0.99"),
    "four participants": (lambda: rc.mean_sd_from_five_numbers(4, 7, 3, maximum=12), "mean", "E302", "5 participants"),
    "median alone": (lambda: rc.mean_sd_from_five_numbers(40, 7), "mean", "E301", "neither the quartiles"),
    "skewed": (lambda: rc.mean_sd_from_five_numbers(200, 3, q1=2, q3=12), "mean", "E306", "too skewed"),
    "skewed logs": (lambda: rc.mean_sd_from_five_numbers_lognormal(200, 10, q1=1, q3=12), "mean", "E306", "log-normal"),
    "logs of zero": (lambda: rc.mean_sd_from_five_numbers_lognormal(50, 3, q1=0, q3=12), "mean", "E302", "positive"),
    "powers of zero": (lambda: rc.mean_sd_by_box_cox(50, 3, q1=0, q3=12), "mean", "E302", "positive"),
    "likelihood of zero": (lambda: rc.mean_sd_by_mln(50, 3, q1=0, q3=12), "mean", "E302", "positive"),
    "median at its end": (lambda: rc.mean_sd_by_box_cox(50, 3, q1=3, q3=12), "mean", "E302", "at an end"),
    "logs without bounds": (lambda: rc.mean_sd_from_five_numbers_lognormal(5, 1, 1e-300, maximum=1e300), "sd", "E302", "wide"),
    "rule without formula": (
        lambda: rc.mean_sd_from_five_numbers(40, 7, q1=5, q3=9, sd="hozo2005"), "sd", "E302", "Hozo et al. 2005 has no formula",
    ),
    "three SDs that clash": (lambda: rc.correlation_from_sds(1, 1, 3), "r", "E303", r"outside [-1, 1]"),
    "percentage of no one": (lambda: rc.events_from_percent(7, 9), "events", "E303", "no whole number"),
    "percentage of several": (lambda: rc.events_from_percent(50, 400), "events", "E305", "several numbers"),
    "percentages, group 2": (lambda: rc.table_from_percents(50, 10, 50, 400), "events_1", "E305", "group 2: several"),
    "margins that forbid": (lambda: rc.table_from_phi(0.54, 400, 200, 50), "events_1", "E303", "a cell would be negative"),
    "no events": (lambda: rc.table_from_or(2.0, 40, 20, 0), "events_1", "E304", "everyone or no one"),
    "empty group": (lambda: rc.table_from_or(2.0, 40, 40, 10), "events_1", "E304", "groups is empty"),
    "no comparator events": (lambda: rc.table_from_rr_control(2.0, 40, 40, 0), "events_1", "E304", "no events in the comparator"),
    "risk above one": (lambda: rc.absolute_from_rr(3.0, 0.5), "risk", "E303", "outside [0, 1]"),
    "two statistics": (lambda: rc.cells_from_accuracy(90, 0.8, 0.9), "true_positive", "E301", "three of"),
    "accuracy of ones": (lambda: rc.cells_from_accuracy(90, 1, 1, 1), "true_positive", "E304", "leave the table open"),
    "trial without events": (lambda: rc.log_hr_from_events(0.8, 0, 50, 50), "yi", "E304", "without events"),
    "curves that stay up": (
        lambda: rc.log_hr_from_curves_at_risk([1, 1, 1], [1, 0.9, 0.8], [9, 9, 9], [9, 8, 7]), "yi", "E304", "no interval",
    ),
    "part that does not fit": (lambda: rc.remove_group(20, 5, 1, 10, 9, 3), "sd", "E303", "does not fit the whole"),
    "one figure of a group": (lambda: rc.combine_groups([10, 12], [3, None], [1, 1]), "sd", "E301", "mean is not reported"),
    "no groups": (lambda: rc.combine_counts([None, None], [None, None]), "n", "E301", "no group"),
    "log of a negative": (lambda: rc.delta_method(-1.0, 0.1, np.log), "yi", "E302", "no value"),
    "root at zero": (lambda: rc.delta_method(0.0, 0.1, np.sqrt), "vi", "E302", "no derivative"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), INVALID.values(), ids=INVALID)
def test_impossible_figures_are_invalid(call: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        call()


@pytest.mark.parametrize(("call", "field", "code", "sentence"), REFUSED.values(), ids=REFUSED)
def test_open_figures_are_refused_by_name(call: Callable[[], Any], field: str, code: str, sentence: str) -> None:
    result = call()
    assert np.isnan(getattr(result, field)).all()
    assert [refusal.code for refusal in result.refused] == [code]
    assert sentence in result.refused[0].message
    assert result.refused[0].row == ()


def test_a_refusal_names_its_row_and_leaves_the_others() -> None:
    result = rc.sd_from_p([[1.0, 1.0], [2.0, 0.0]], [[0.04, 1.0], [0.3, 0.2]], 20, 22)
    assert [refusal.row for refusal in result.refused] == [(0, 1), (1, 1)]
    assert np.array_equal(np.isnan(result.sd), [[False, True], [False, True]])
    assert str(result.refused[0]).startswith("row 0, 1: a difference or test statistic of zero")


def test_an_interval_off_its_estimate_is_remarked_on_and_still_used() -> None:
    good = rc.effect_from_ci(0.71, 0.52, 0.97, scale="log")
    wrong_scale = rc.effect_from_ci(0.25, 0.08, 0.81)
    assert good.noted == ()
    assert [note.code for note in wrong_scale.noted] == ["E307"]
    assert wrong_scale.refused == ()
    assert np.isfinite(wrong_scale.sei)


def test_a_lower_limit_alone_has_its_own_route() -> None:
    combined = rc.effect_from_report(1.4, ci_low=1.02, scale="log")
    assert np.isnan(combined.sei)
    assert np.isfinite(rc.effect_from_lower(1.4, 1.02, scale="log").sei)


def test_a_skewed_row_is_computed_on_request_and_marked() -> None:
    result = rc.mean_sd_from_five_numbers(200, 3, q1=2, q3=12, refuse_skewed=False)
    assert bool(result.skewed)
    assert np.isfinite(result.mean)
    assert result.refused == ()


def test_a_figure_shared_by_a_batch_is_named_with_the_row_it_fails_in() -> None:
    curves = [[1, 0.9, 0.8], [1, 0.8, 0.7]]
    times = [[0, 1, 2], [0, 1, 9]]
    with pytest.raises(InvalidInput, match=r"follow_up_max\[1\] is 5; no curve is read beyond"):
        rc.log_hr_from_curves(times, curves, curves, 50, 50, 1, 5)
    together = rc.log_hr_from_curves([0, 1, 2], curves, curves[::-1], 50, 50, 1, 5)
    np.testing.assert_allclose(together.yi[0], -together.yi[1])
