"""`pool` from end to end: conventions, notices, refusals and the fields of its result."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, stdtr, stdtrit

from mscsec.codes import CODES
from mscsec.errors import InvalidInput, TooFewStudies, UnknownMethod
from mscsec.pooling import CI, PREDICTION, PRESETS, TAU2, TAU2_CI, PooledResult, pool, pool_batch, studies
from mscsec.pooling.tau2 import is_weighted
from mscsec.sources import SOURCES

from . import reference

YI = [0.1, 0.9, 0.3, -0.2, 0.6]
VI = [0.04, 0.09, 0.1, 0.05, 0.02]


def codes(result: PooledResult) -> list[str]:
    return [notice.code for notice in result.warnings]


# --- few studies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{}, {"model": "common"}, {"tau2": "PM", "ci": "hksj", "prediction": "hts"}, {"ci": "t"}]
)
def test_one_study_is_shown_as_it_is(options: dict[str, Any]) -> None:
    result = pool([0.35], [0.04], **options)
    assert (result.k, result.model, result.estimate, result.se) == (1, "single", 0.35, 0.2)
    assert result.ci_low == pytest.approx(0.35 - 1.959963984540054 * 0.2, rel=1e-12)
    nothing = (result.tau2, result.i2, result.q, result.h2, result.prediction_low, result.tau2_method)
    assert nothing == (None,) * 6
    assert result.weights == (1.0,)
    assert codes(result) == ["P201"]


@pytest.mark.parametrize("ci", [key for key, row in CI.items() if key not in ("wald", "hc")])
def test_an_interval_that_one_study_cannot_have_is_named_beside_its_wald_interval(ci: str) -> None:
    result = pool([0.35], [0.04], tau2="ML", ci=ci)
    assert (result.ci_low, result.ci_high) == pytest.approx(
        (0.35 - 1.959963984540054 * 0.2, 0.35 + 1.959963984540054 * 0.2)
    )
    assert (result.ci_method, codes(result)) == ("wald", ["P201"])
    assert result.warnings[0].message.endswith(f"; the interval asked for ({CI[ci].name}) needs 2 studies")


def test_one_study_is_refused_by_henmi_and_copas() -> None:
    """As metafor's hc() does: "Stopped because k = 1."."""
    with pytest.raises(TooFewStudies, match="Henmi-Copas needs 2 studies or more, found 1"):
        pool([0.35], [0.04], ci="hc")


def test_two_studies_come_with_a_warning_and_a_wald_interval() -> None:
    result = pool([0.1, 0.9], [0.04, 0.09])
    assert codes(result) == ["P202"]
    assert result.ci_method == "wald"
    assert result.prediction_low is None


def test_a_prediction_interval_that_cannot_be_is_explained() -> None:
    assert codes(pool([0.1, 0.9], [0.04, 0.09], prediction="hts")) == ["P202", "P205"]


# --- auto -------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    yi=st.lists(st.integers(-100, 200), min_size=2, max_size=6),
    vi=st.lists(st.integers(1, 60), min_size=6, max_size=6),
)
def test_auto_takes_hksj_from_three_studies_on_where_they_differ(yi: list[int], vi: list[int]) -> None:
    y, v = np.array(yi) / 100, np.array(vi[: len(yi)]) / 200
    result, scaled, simple = (pool(y, v, ci=ci) for ci in ("auto", "hksj", "wald"))
    assert result.tau2 is not None
    expected = "hksj" if len(yi) > 2 and result.tau2 > 0 else "wald"
    assert result.ci_method == expected
    shown, other = (scaled, simple) if expected == "hksj" else (simple, scaled)
    assert (result.ci_low, result.ci_high, result.p_value) == (shown.ci_low, shown.ci_high, shown.p_value)
    assert result.details is not None
    beside = result.details[other.ci_method]
    assert (beside["ci_low"], beside["ci_high"]) == (other.ci_low, other.ci_high)
    excludes = [r.ci_low > 0 or r.ci_high < 0 for r in (shown, other)]
    assert ("P204" in codes(result)) == (excludes[0] != excludes[1])
    if len(yi) > 2:
        df = len(yi) - 1
        half = pool(y, v, prediction="hk" if expected == "hksj" else "t-k1", ci=expected)
        assert (result.prediction_low, result.prediction_df) == (pytest.approx(half.prediction_low), df)
        assert result.prediction_method == half.prediction_method


def test_a_common_effect_has_walds_interval_and_no_other_beside_it() -> None:
    result, batch = pool(YI, VI, model="common"), pool_batch([YI], [VI], model="common")
    se = 1 / math.sqrt(sum(1 / v for v in VI))
    mean = sum(y / v for y, v in zip(YI, VI, strict=True)) * se * se
    assert (result.ci_method, result.df, result.prediction_low) == ("wald", None, None)
    assert (result.ci_low, result.ci_high) == pytest.approx(
        (mean - 1.959963984540054 * se, mean + 1.959963984540054 * se)
    )
    assert "hksj" not in (result.details or {})
    assert (batch.scaled.tolist(), batch.df.tolist()) == ([False], [math.inf])
    assert batch.ci_high[0] == pytest.approx(result.ci_high, rel=1e-12)


@pytest.mark.parametrize("ci", ["hc", "ivhet"])
def test_the_weights_are_those_of_the_estimate_shown(ci: str) -> None:
    result = pool(YI, VI, tau2="DL", ci=ci)
    assert result.weights == pytest.approx([1 / v / sum(1 / u for u in VI) for v in VI], rel=1e-12)
    assert result.estimate == pytest.approx(sum(w * y for w, y in zip(result.weights, YI, strict=True)), rel=1e-12)


def test_i2_from_q_just_above_its_degrees_of_freedom() -> None:
    """Two studies have Q = (y1 - y2)^2 / (v1 + v2), here 3/2 on 1."""
    result, batch = pool([0.0, 1.0], [1 / 3, 1 / 3], preset="meta"), pool_batch([[0.0, 1.0]], 1 / 3, preset="meta")
    assert (result.q, result.i2_q, result.i2, result.h2) == pytest.approx((1.5, 1 / 3, 1 / 3, 1.5))
    assert (batch.i2_q[0], batch.i2[0], batch.h2[0]) == pytest.approx((1 / 3, 1 / 3, 1.5))


def test_equal_effects_tell_nothing_of_the_share_of_variance_between() -> None:
    """The moment estimate is minus the sampling variance of both studies, where the delta method has no slope left to take."""
    result = pool([0.1, 0.1], [0.04, 0.04], preset="meta")
    assert result.details is not None
    assert (result.details["rb"], result.details["rb_ci"]) == (0, (0, 1))


def test_disagreement_about_zero_gives_the_other_interval_in_numbers() -> None:
    result = pool([0.3, 0.5, 0.1], [0.01, 0.012, 0.011])
    (notice,) = [n for n in result.warnings if n.code == "P204"]
    assert result.details is not None
    assert f"{result.details['wald']['ci_low']:.4g}" in notice.message
    assert "excludes" in notice.message


def test_less_spread_than_chance_is_said() -> None:
    data = reference.file("pooling.json")["datasets"]["edge_zero"]["columns"]
    result = pool(data["yi"], data["vi"])
    assert (result.tau2_ci_low, result.tau2_ci_high) == (0, 0)
    assert "P207" in codes(result)


# --- presets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_its_options(preset: str) -> None:
    row = PRESETS[preset]
    by_name = pool(YI, VI, preset=preset)
    by_hand = pool(YI, VI, tau2=row.tau2, ci=row.ci, prediction=row.prediction, tau2_ci=row.tau2_ci, i2=row.i2)
    assert by_name.to_dict() == by_hand.to_dict()


def test_a_preset_can_be_overridden() -> None:
    result = pool(YI, VI, preset="revman-5", ci="hksj", tau2="PM")
    assert (result.tau2_method, result.ci_method, result.prediction_method) == ("PM", "hksj", None)


def test_revman_5_is_dersimonian_laird_with_wald() -> None:
    result = pool(YI, VI, preset="revman-5")
    wi = 1 / (np.array(VI) + result.tau2)
    assert result.se == pytest.approx(1 / math.sqrt(wi.sum()), rel=1e-12)
    assert result.i2 == result.i2_q
    assert (result.tau2_method, result.df) == ("DL", None)


# --- the result -------------------------------------------------------------------------------------------------------


def test_the_result_is_json_without_nan() -> None:
    document = json.dumps(pool(YI, VI, transform="exp", threshold=0.2).to_dict(), allow_nan=False)
    assert json.loads(document)["display"]["transform"] == "exp"


def test_display_is_the_way_back() -> None:
    result = pool(YI, VI, transform="exp")
    assert result.display.estimate == pytest.approx(math.exp(result.estimate))
    assert result.prediction_high is not None
    assert result.display.prediction_high == pytest.approx(math.exp(result.prediction_high))
    custom = pool(YI, VI, transform=lambda x: 2 * x).display
    assert custom.ci_low == pytest.approx(2 * result.ci_low)
    assert pool([900.0, 901.0], [0.1, 0.1], transform="exp").display.estimate == math.inf


@pytest.mark.parametrize(("prediction", "df"), [("normal", None), ("t-k1", 4), ("hts", 3)])
def test_probability_above_a_threshold(prediction: str, df: int | None) -> None:
    result = pool(YI, VI, prediction=prediction, threshold=0.25, ci="wald")
    assert result.tau2 is not None
    z = (result.estimate - 0.25) / math.sqrt(result.se**2 + result.tau2)
    assert result.probability_above == pytest.approx(ndtr(z) if df is None else stdtr(df, z), rel=1e-12)
    assert result.prediction_low is not None
    at_limit = pool(YI, VI, prediction=prediction, threshold=result.prediction_low, ci="wald")
    assert at_limit.probability_above == pytest.approx(0.975, rel=1e-9)


@pytest.mark.parametrize(("threshold", "chance"), [(0.4, 1.0), (0.5, 0.5), (0.6, 0.0)])
def test_a_new_effect_is_certain_where_effects_agree_exactly(threshold: float, chance: float) -> None:
    result = pool([0.5] * 4, [0.02, 0.05, 0.03, 0.11], ci="hksj", prediction="hk", threshold=threshold)
    assert (result.prediction_low, result.prediction_high) == (0.5, 0.5)
    assert result.probability_above == chance


@pytest.mark.parametrize(
    ("ci", "key"),
    [("wald", "t-k1"), ("t", "t-k1"), ("hksj", "hk"), ("hksj-adhoc", "hk"), ("kr", "shown"), ("ivhet", "shown")],
)
def test_the_prediction_interval_goes_with_the_interval_shown(ci: str, key: str) -> None:
    result = pool(YI, VI, ci=ci)
    assert result.tau2 is not None
    half = stdtrit(4, 0.975) * math.sqrt(result.tau2 + result.se**2)
    assert (result.prediction_method, result.prediction_df) == (key, 4)
    assert (result.prediction_low, result.prediction_high) == pytest.approx(
        (result.estimate - half, result.estimate + half)
    )
    batch = pool_batch([YI], [VI], ci=ci, prediction="auto")
    assert batch.prediction_low is not None
    assert batch.prediction_low[0] == pytest.approx(result.prediction_low, rel=1e-9)


def test_without_a_prediction_there_is_no_probability_and_it_is_said() -> None:
    for result in (
        pool(YI, VI, threshold=0.1, model="common"),
        pool(YI, VI, threshold=0.1, prediction="none"),
        pool(YI[:1], VI[:1], threshold=0.1),
    ):
        assert result.probability_above is None
        assert codes(result)[-1] == "P205"


def test_null_moves_the_test_and_not_the_interval() -> None:
    for ci in CI:
        tau2 = "ML" if ci == "profile" else "DL"
        plain = pool(YI, VI, ci=ci, tau2=tau2)
        moved = pool(YI, VI, ci=ci, tau2=tau2, null=plain.ci_low)
        assert moved.p_value == pytest.approx(0.05, rel=1e-5), ci
        assert (moved.ci_low, moved.ci_high) == (plain.ci_low, plain.ci_high)


def test_fixed_tau2_is_taken_as_known() -> None:
    result = pool(YI, VI, tau2=0.2)
    assert (result.tau2, result.tau2_method, result.tau2_se, result.tau2_ci_low) == (0.2, "fixed", None, None)


def test_an_interval_on_less_than_one_degree_of_freedom_says_so() -> None:
    """Kenward-Roger without heterogeneity, where one study has nearly all the weight."""
    yi, vi = [0.1, 0.5, 0.3, 0.2], [1e-4, 1, 1, 1]
    both = pool(yi, vi, ci="kr", prediction="kr")
    assert both.df == both.prediction_df == pytest.approx(4.05e-15, rel=1e-3)
    said = [notice.message for notice in both.warnings if notice.code == "P210"]
    assert [text.split(" stands")[0] for text in said] == ["The interval", "The prediction interval"]
    assert all("4.1e-15 degrees of freedom" in text for text in said)
    assert "P210" not in codes(pool(yi, [1, 1, 1, 1], ci="kr", prediction="kr"))
    assert "P210" not in codes(pool(yi, vi, ci="hksj", prediction="hts"))


@pytest.mark.parametrize("ci", ["hksj", "hksj-wider", "hksj-adhoc", "wald", None])
def test_an_interval_without_width_says_so(ci: str | None) -> None:
    result = pool([0.3, 0.3, 0.3], [0.04, 0.05, 0.02], ci=ci, tau2_ci="none")
    assert ("P211" in codes(result)) == (result.ci_low == result.ci_high) == (ci == "hksj")
    assert "P211" not in codes(pool([0.3, 0.3, 0.31], [0.04, 0.05, 0.02], ci="hksj"))


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"tau2": "RMEL"}, UnknownMethod, "did you mean 'REML'"),
        ({"ci": "hksjj"}, UnknownMethod, "did you mean 'hksj'"),
        ({"prediction": "htz"}, UnknownMethod, "did you mean 'hts'"),
        ({"tau2_ci": "XX"}, UnknownMethod, "QP"),
        ({"ci": "x"}, UnknownMethod, "Known: auto, wald"),
        ({"prediction": "x"}, UnknownMethod, "Known: auto, none, bootstrap, t-k1"),
        ({"prediction": "bootstrap", "seed": -1}, InvalidInput, "seed is -1; it is a whole number, 0 or more"),
        ({"prediction": "bootstrap", "seed": None}, InvalidInput, "seed is None"),
        ({"ci": 0.95}, InvalidInput, r"ci is 0\.95; it is the name of a method"),
        ({"prediction": ["t-k1"]}, InvalidInput, "prediction is"),
        ({"transform": 2}, InvalidInput, "transform is 2"),
        ({"tau2_ci": "x"}, UnknownMethod, "Known: none, QP"),
        ({"preset": "revman"}, UnknownMethod, "revman-5"),
        ({"model": "fixed"}, InvalidInput, "common"),
        ({"level": 95}, InvalidInput, r"Write 0\.95"),
        ({"level": 0.0}, InvalidInput, "between 0 and 1"),
        ({"tau2": -0.1}, InvalidInput, "not negative"),
        ({"i2": "R"}, InvalidInput, "tau2"),
        ({"null": math.nan}, InvalidInput, "finite"),
        ({"transform": "log"}, InvalidInput, "identity"),
        ({"weights": "ni"}, InvalidInput, "equal"),
        ({"weights": [1, 2]}, InvalidInput, "one weight for each"),
        ({"weights": [0, 0, 0, 0, 0]}, InvalidInput, "not all zero"),
        ({"tau2": "GENQ", "tau2_weights": [0, 0, 3, 0, 0]}, InvalidInput, "zero but for one study"),
        ({"tau2": "GENQM", "weights": [0, 0, 3, 0, 0]}, InvalidInput, "zero but for one study"),
        ({"tau2_ci": "GENQ", "tau2_weights": [1, 0, 0, 0, 0]}, InvalidInput, "zero but for one study"),
        ({"ci": "profile", "tau2": "REML"}, InvalidInput, 'tau2="ML"'),
        ({"model": "common", "tau2": "DL"}, InvalidInput, "no between-study variance"),
        ({"model": "common", "ci": "kr"}, InvalidInput, "between-study variance"),
    ],
)
def test_refused_with_the_way_out(options: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        pool(YI, VI, **options)


def test_which_estimators_take_weights_of_the_users_own() -> None:
    asked = ("GENQ", "genqm", "DL", "REML", "GEN", "", 0.1, None)
    assert [is_weighted(key) for key in asked] == [True, True, *6 * [False]]


def test_keys_may_be_written_in_any_case() -> None:
    assert pool(YI, VI, tau2="reml", ci="HKSJ").tau2_method == "REML"


# --- prediction by bootstrap ------------------------------------------------------------------------------------------


def test_bootstrap_prediction_is_reproducible_and_near_the_closed_forms_for_many_studies() -> None:
    rng = np.random.default_rng(4)
    vi = rng.uniform(0.01, 0.05, 60)
    yi = rng.normal(0.3, np.sqrt(vi + 0.2))
    seen: list[tuple[int, int]] = []
    first = pool(yi, vi, prediction="bootstrap", seed=1, progress=lambda done, wanted: seen.append((done, wanted)))
    again = pool(yi, vi, prediction="bootstrap", seed=1)
    other = pool(yi, vi, prediction="bootstrap", seed=2, threshold=0.3)
    assert first.prediction_low == again.prediction_low != other.prediction_low
    assert seen[-1][0] == seen[-1][1]
    assert other.probability_above == pytest.approx(0.5, abs=0.05)
    closed = pool(yi, vi, prediction="hk", ci="hksj")
    assert first.prediction_low == pytest.approx(closed.prediction_low, abs=0.08)
    assert first.prediction_high == pytest.approx(closed.prediction_high, abs=0.08)
    assert first.prediction_method == "bootstrap"


def test_bootstrap_prediction_is_wider_for_few_studies() -> None:
    """The point of it: with few studies the uncertainty of tau2 widens the interval beyond Higgins's (Nagashima 2019)."""
    few = pool(YI, VI, tau2="DL", prediction="bootstrap", ci="wald")
    plain = pool(YI, VI, tau2="DL", prediction="normal", ci="wald")
    assert width(few) > width(plain)


def width(result: PooledResult) -> float:
    """Of the prediction interval."""
    assert result.prediction_low is not None
    assert result.prediction_high is not None
    return result.prediction_high - result.prediction_low


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table", [TAU2, CI, PREDICTION, TAU2_CI, PRESETS], ids=["tau2", "ci", "prediction", "tau2_ci", "presets"]
)
def test_every_row_has_its_source_and_a_docstring(table: Any) -> None:
    for row in table.values():
        assert row.source in SOURCES
        for function in (getattr(row, name, None) for name in ("estimate", "se", "compute")):
            if function is not None:
                assert function.__doc__


def test_every_notice_has_its_explanation() -> None:
    for number in range(201, 208):
        assert f"P{number}" in CODES


# --- per study --------------------------------------------------------------------------------------------------------


def test_shrunken_effects_lie_between_study_and_mean() -> None:
    result = studies(YI, VI, tau2="DL", ci="wald")
    assert result.shrunken is not None
    low, high = np.minimum(YI, result.fitted), np.maximum(YI, result.fitted)
    assert np.all((result.shrunken.effect >= low) & (result.shrunken.effect <= high))
    assert np.isclose(result.weights.sum(), 1)
    assert np.isclose((result.weights * result.resid).sum(), 0, atol=1e-12)


def test_without_a_study_is_the_meta_analysis_of_the_others() -> None:
    choices: tuple[dict[str, Any], ...] = (
        {"tau2": "REML"},
        {"model": "common"},
        {"tau2": "PM", "weights": [1.0, 2, 3, 4, 5]},
        {"tau2": "ML", "ci": "kr"},
    )
    for options in choices:
        result = studies(YI, VI, **options)
        for i in range(5):
            keep = [j for j in range(5) if j != i]
            rest = dict(options)
            if "weights" in rest:
                rest["weights"] = [options["weights"][j] for j in keep]
            others = pool([YI[j] for j in keep], [VI[j] for j in keep], **rest)
            assert result.deleted.estimate[i] == pytest.approx(others.estimate, rel=1e-9)
            assert result.deleted.mean_se[i] == pytest.approx(others.se, rel=1e-9)
            assert result.deleted.resid[i] == pytest.approx(YI[i] - others.estimate, rel=1e-9)


@pytest.mark.parametrize("weights", [None, [1.0, 3e9, 2.0]])
def test_the_standard_error_of_a_residual_keeps_its_digits_where_one_study_dominates(
    weights: list[float] | None,
) -> None:
    vi = [1.0, 1e-10, 0.5]
    w = [Fraction(x) for x in (weights or [1 / v for v in vi])]
    exact = [sum((((j == i) - w[j] / sum(w)) ** 2 * Fraction(vi[j]) for j in range(3)), Fraction()) for i in range(3)]
    result = studies([0.1, 0.9, 0.3], vi, model="common", weights=weights, ci="wald")
    np.testing.assert_allclose(result.standard_se, [math.sqrt(x) for x in exact], rtol=1e-12)
    both = studies([0.5, 5.0], [1e-12, 1e12], model="common")
    np.testing.assert_allclose(both.standard_se, [1e-18, 1e6], rtol=1e-12)


@pytest.mark.parametrize(("last", "lost"), [(0.5, [0, 1, 2, 3]), (0.9, [3])])
def test_influence_in_a_standard_error_of_zero_is_left_out_and_said(last: float, lost: list[int]) -> None:
    """Under HKSJ the mean of effects that agree exactly has none."""
    result = studies([0.5, 0.5, 0.5, last], [0.02, 0.05, 0.03, 0.11], ci="hksj")
    for measure in (result.deleted.z, result.deleted.dffits, result.deleted.dfbetas):
        assert np.flatnonzero(np.isnan(measure)).tolist() == lost
    (notice,) = result.warnings
    assert notice.code == "P411"
    assert str(lost) in notice.message
    assert not studies([0.5, 0.5, 0.5, last], [0.02, 0.05, 0.03, 0.11], ci="wald").warnings


def test_a_study_with_all_the_weight_has_no_residual_to_standardise() -> None:
    result = studies([0.5, 0.7], [0.02, 0.05], model="common", weights=[0, 2])
    assert result.resid[1] == result.standard_se[1] == 0
    assert np.isnan(result.standard_z).tolist() == [False, True]
    assert result.to_dict()["standard_z"][1] is None
    with pytest.raises(InvalidInput, match="one study has all the weight"):
        studies([0.5, 0.7, 0.4], [0.02, 0.05, 0.03], weights=[0, 2, 0])


@pytest.mark.parametrize("ci", ["wald", "hksj"])
def test_influence_under_given_weights_is_in_the_standard_errors_that_these_weights_have(ci: str) -> None:
    weights = np.array([1.0, 2, 3, 4, 5])
    share = weights / weights.sum()
    whole, deleted = pool(YI, VI, tau2="PM", weights=weights, ci=ci), studies(YI, VI, tau2="PM", weights=weights, ci=ci)
    for i in range(5):
        keep = np.arange(5) != i
        others = pool(np.array(YI)[keep], np.array(VI)[keep], tau2="PM", weights=weights[keep], ci=ci)
        wald = pool(np.array(YI)[keep], np.array(VI)[keep], tau2="PM", weights=weights[keep], ci="wald")
        assert others.tau2 is not None
        variance = np.sum(share**2 * (np.array(VI) + others.tau2)) * (others.se / wald.se) ** 2
        moved = (whole.estimate - others.estimate) / math.sqrt(variance)
        assert deleted.deleted.dfbetas[i] == pytest.approx(moved, rel=1e-10)
        assert deleted.deleted.dffits[i] == pytest.approx(moved, rel=1e-10)


def test_without_a_study_each_fit_has_its_own_kind_of_interval() -> None:
    """Without the last, which is far from the others, there is no heterogeneity and Wald's interval is shown, else HKSJ's."""
    yi, vi = np.array([0.1, 0.12, 0.11, 0.9]), np.array([0.01, 0.02, 0.015, 0.01])
    deleted, kinds = studies(yi, vi).deleted, []
    for i in range(4):
        keep = np.arange(4) != i
        others, wald = pool(yi[keep], vi[keep]), pool(yi[keep], vi[keep], ci="wald")
        assert others.tau2 is not None
        kinds.append(others.ci_method)
        variance = (others.se / wald.se) ** 2 * (vi[i] + others.tau2) + others.se**2
        assert deleted.se[i] == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert kinds == ["hksj", "hksj", "hksj", "wald"]


def test_influence_does_not_depend_on_how_much_is_worked_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = studies(YI, VI, tau2="PM").deleted.dfbetas
    weights = 1 / (np.array(VI) + np.array(studies(YI, VI, tau2="PM").deleted.tau2)[:, None])
    moved = pool(YI, VI, tau2="PM").estimate - studies(YI, VI, tau2="PM", ci="wald").deleted.estimate
    np.testing.assert_allclose(studies(YI, VI, tau2="PM", ci="wald").deleted.dfbetas, moved * np.sqrt(weights.sum(1)))
    monkeypatch.setitem(studies.__globals__, "BLOCK", 2 * len(YI))  # the module has the name of its function
    np.testing.assert_allclose(studies(YI, VI, tau2="PM").deleted.dfbetas, whole, rtol=1e-12)


def test_a_common_effect_has_no_shrunken_effects_to_be_conditional_on() -> None:
    result = studies(YI, VI, model="common")
    assert (result.shrunken, result.conditional_resid, result.conditional_se) == (None, None, None)


def test_two_studies_leave_nothing_to_pool_when_one_is_taken_away() -> None:
    result = studies([0.1, 0.9], [0.04, 0.09])
    assert np.isnan(result.deleted.estimate).all()
    assert result.to_dict()["deleted"]["estimate"] == [None, None]
    for k in (0, 1):
        with pytest.raises(TooFewStudies, match=f"needs 2 studies or more, found {k}"):
            studies([0.1][:k], [0.04][:k])
    with pytest.raises(InvalidInput):
        studies(YI, VI, ci="hc")


@pytest.mark.parametrize("key", CI)
def test_the_statistic_and_the_p_value_shown_are_of_one_test(key: str) -> None:
    result = pool([0.1, 0.3, 0.9, -0.2, 0.5, 0.7], [0.04, 0.05, 0.02, 0.08, 0.03, 0.06], tau2="ML", ci=key)
    assert result.statistic is not None
    tail = ndtr(-abs(result.statistic)) if result.df is None else stdtr(result.df, -abs(result.statistic))
    assert result.p_value == pytest.approx(2 * tail, rel=1e-9)


@pytest.mark.parametrize("value", ["a", math.nan, math.inf, [0.1, 0.2]])
def test_a_threshold_is_a_finite_number(value: Any) -> None:
    for k in (1, 3):
        with pytest.raises(InvalidInput, match=r"threshold is .*; a threshold is a finite number"):
            pool(YI[:k], VI[:k], threshold=value)


@pytest.mark.parametrize("name", ["level", "prediction_level", "null", "tau2"])
def test_an_option_that_is_no_number_is_named(name: str) -> None:
    options: dict[str, Any] = {name: [0.9]}
    with pytest.raises(InvalidInput, match=rf"{name} is \[0.9\]; it is a number"):
        pool(YI, VI, **options)


def test_what_a_masked_array_hides_is_missing() -> None:
    hidden = np.ma.array([0.1, 0.3, 0.9], mask=[False, True, False])
    with pytest.raises(InvalidInput, match=r"yi\[1\] is nan"):
        pool(hidden, [0.1, 0.1, 0.1])
    with pytest.raises(InvalidInput, match=r"vi\[1\] is nan"):
        pool([0.1, 0.1, 0.1], hidden)
    with pytest.raises(InvalidInput, match="row 0, study 1: yi is nan"):
        pool_batch(hidden, 0.1)
    with pytest.raises(InvalidInput, match="weights"):
        pool([0.1, 0.3, 0.9], [0.1, 0.1, 0.1], weights=hidden)
    whole = pool(np.ma.array([0.1, 0.3, 0.9]), [0.1, 0.1, 0.1])
    assert whole == pool([0.1, 0.3, 0.9], [0.1, 0.1, 0.1])
    left = hidden.compressed()
    assert pool(left, [0.1, 0.1]).k == 2


def test_weights_of_a_batch_that_are_no_numbers_are_named() -> None:
    with pytest.raises(InvalidInput, match="weights holds 'a'"):
        pool_batch([[0.1, 0.2]], 0.1, weights=["a", 1])
    with pytest.raises(InvalidInput, match="tau2_weights holds 'a'"):
        pool_batch([[0.1, 0.2]], 0.1, tau2="GENQ", tau2_weights=["a", 1])


def test_an_end_beyond_any_number_is_infinite_whichever_exp_is_taken() -> None:
    yi, vi = [math.log(0.5), 3.0], [0.001, 0.002]
    for transform in ("exp", np.exp, lambda value: float(np.exp(value))):
        shown = pool(yi, vi, ci="kr", level=0.999, transform=transform).display
        assert (shown.ci_low, shown.ci_high) == (0.0, math.inf)
