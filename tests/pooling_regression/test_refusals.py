"""Input at the edges: an answer, or an error that says what is wrong and what to do."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from mscsec.codes import CODES
from mscsec.errors import (
    InvalidInput,
    MscsecError,
    NotEstimable,
    TooFewStudies,
    UnknownMethod,
)
from mscsec.pooling.regression import (
    ESTIMATORS,
    INTERVALS,
    PREDICTIONS,
    SANDWICHES,
    TAU2_INTERVALS,
    between,
    contrast,
    influence,
    likelihood_ratio,
    location_scale,
    multilevel,
    permutation_test,
    predict,
    regress,
    regress_batch,
    residuals,
    robust,
    shrunken_effects,
    subgroups,
    variance_inflation,
    wald,
)
from mscsec.pooling.regression.likelihood import score
from mscsec.sources import SOURCES

Y = np.array([0.1, 0.5, -0.2, 0.9, 0.4, 0.0])
V = np.array([0.04, 0.09, 0.02, 0.1, 0.05, 0.03])
X = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 7.0])


def nan_free(result):
    """to_dict is JSON without NaN."""
    return json.dumps(result.to_dict(), allow_nan=False)


# --- designs ------------------------------------------------------------------------------------------------------------


def test_a_singular_design_names_its_columns():
    with pytest.raises(NotEstimable, match="double is made up of dose"):
        regress(Y, V, np.column_stack([X, 2 * X]), names=["dose", "double"])
    dummies = np.column_stack([np.arange(6) % 3 == g for g in range(3)])
    with pytest.raises(NotEstimable, match="c is made up of intercept, a, b"):
        regress(Y, V, dummies, names=["a", "b", "c"])
    with pytest.raises(NotEstimable, match="none is zero in every study"):
        regress(Y, V, np.column_stack([X, np.zeros(6)]), names=["dose", "none"])


def test_fewer_studies_than_coefficients_is_said_before_the_design_is_called_singular():
    with pytest.raises(TooFewStudies, match="a meta-regression with 3 coefficients needs 3 studies or more, found 2"):
        regress(Y[:2], V[:2], np.column_stack([X[:2], X[:2] ** 2]), names=["dose", "square"])


def test_a_column_that_does_not_vary_is_said_to_be_so():
    with pytest.raises(NotEstimable, match=r"dose is the same in every study, as the intercept is\. Leave it out, or"):
        regress(Y, V, np.full(6, 3.0), names=["dose"])


def test_a_calendar_year_is_not_singular_beside_an_intercept():
    fit = regress(Y, V, 2000 + X / 10)
    assert fit.coefficients["x1"].estimate == pytest.approx(10 * regress(Y, V, X).coefficients["x1"].estimate, rel=1e-8)


def test_an_intercept_is_put_in_once():
    given = regress(Y, V, np.column_stack([X, np.ones(6)]), names=["dose", "one"])
    added = regress(Y, V, X, names=["dose"])
    assert list(given.coefficients) == ["dose", "one"]
    assert list(added.coefficients) == ["intercept", "dose"]
    assert given.qm.statistic == pytest.approx(added.qm.statistic, rel=1e-10)
    assert given.qm.tested == added.qm.tested == ("dose",)
    assert list(regress(Y, V, X, intercept=False).coefficients) == ["x1"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vi": [0.04, 0.09, -0.02, 0.1, 0.05, 0.03]}, r"vi of study 2 .* is -0.02"),
        ({"vi": [0.0, 0.09, 0.02, 0.1, 0.05, 0.03]}, "finite and above zero"),
        ({"yi": [np.nan, 0.5, -0.2, 0.9, 0.4, 0.0]}, "yi of study 0"),
        ({"X": [1, 2, 3, 4, np.inf, 6]}, "x1 of study 4 .* is inf"),
        ({"X": np.ones((6, 2, 2))}, "3 axes"),
        ({"X": X[:5]}, "5 rows"),
        ({"names": ["a", "b"]}, "1 columns and names has 2"),
        ({"X": np.column_stack([X, X**2]), "names": ["a", "a"]}, "share a name"),
        ({"names": ["intercept"]}, "kept for the column of ones"),
        ({"level": 95}, "level is 95"),
        ({"model": "mixed"}, "model is 'mixed'"),
        ({"tau2": -1.0}, "tau2 is -1.0"),
        ({"tau2": math.nan}, "tau2 is nan"),
        ({"tau2": "GENQ"}, "without weights"),
        ({"weights": np.zeros(6)}, "weights of study 0"),
        ({"btt": ["dose"]}, "no coefficient is called 'dose'"),
        ({"btt": [2]}, "coefficient 2 does not exist"),
        ({"btt": []}, "one or more"),
        ({"redundant": "ignore"}, "redundant is 'ignore'"),
        ({"tau2": "DL", "tau2_ci": "PL"}, "profile-likelihood interval was asked for with DL"),
        ({"tau2_ci": "GENQ"}, "without weights"),
        ({"tau2": 0.1, "tau2_ci": "QP"}, "only an estimated tau2 has one"),
        ({"yi": np.tile(Y, (2, 1))}, "yi has 2 axes"),
    ],
)
def test_impossible_requests_say_what_is_wrong(change, message):
    arguments = {"yi": Y, "vi": V, "X": X} | change
    with pytest.raises(InvalidInput, match=message):
        regress(**arguments)


@pytest.mark.parametrize("change", [{"tau2": "REMEL"}, {"ci": "hks"}, {"tau2_ci": "QPP"}])
def test_unknown_methods_suggest_the_nearest(change):
    with pytest.raises(UnknownMethod, match="did you mean"):
        regress(Y, V, X, **change)


def test_as_many_coefficients_as_studies():
    y, v, x = Y[:2], V[:2], X[:2]
    with pytest.raises(TooFewStudies, match="2 coefficients and a between-study variance needs 3"):
        regress(y, v, x)
    exact = regress(y, v, x, model="common")
    assert (exact.qe, exact.qe_df, exact.qe_p, exact.i2, exact.h2) == (pytest.approx(0, abs=1e-20), 0, 1.0, 0.0, 1.0)
    assert exact.r2 is None
    assert exact.ci_method == "wald"
    nan_free(exact)
    with pytest.raises(TooFewStudies):
        regress(y, v, x, model="common", ci="hksj")
    with pytest.raises(TooFewStudies):
        regress(y[:1], v[:1], np.column_stack([x, x**2])[:1], model="common", redundant="drop", ci="t")
    whole = np.column_stack([np.ones(2), x])
    for model, ci, estimable in (("common", "wald", True), ("common", "t", False), ("random", "wald", False)):
        assert regress_batch([y], [v], whole, model=model, ci=ci).estimable.tolist() == [estimable]
    given = regress(y, v, x, tau2=0.1)
    assert predict(given, 2.5).warnings[0].code == "P405"
    with pytest.raises(TooFewStudies):
        predict(given, 2.5, prediction="t-kp")
    with pytest.raises(TooFewStudies, match=r"needs 4 studies or more, found 3"):
        predict(regress(Y[:3], V[:3], X[:3], tau2=0.1), 2.5, prediction="hts")


def test_one_residual_degree_of_freedom():
    fit = regress(Y[:3], V[:3], X[:3])
    assert fit.ci_method == "wald"
    assert predict(fit, 2.0).prediction_df == (1.0,)
    with pytest.raises(TooFewStudies):
        predict(fit, 2.0, prediction="hts")
    nan_free(fit)


# --- numbers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ESTIMATORS)
def test_variances_over_twenty_four_orders_of_magnitude(key):
    v = np.geomspace(1e-12, 1e12, 8)
    y = 0.5 + 0.1 * np.arange(8) + 1e-3 * np.sin(np.arange(8))
    weights = np.ones(8) if ESTIMATORS[key].needs_weights else None
    fit = regress(y, v, np.arange(8.0), tau2=key, ci="hksj", weights=weights)
    assert all(math.isfinite(part.estimate) and part.se > 0 for part in fit.coefficients.values())
    assert fit.tau2 >= 0
    nan_free(fit)


def test_two_huge_weights_fix_the_line():
    v = np.array([1e-12, 1.0, 1.0, 1.0, 1e-12, 1.0])
    fit = regress(Y, v, X, model="common", ci="wald")
    slope = (Y[4] - Y[0]) / (X[4] - X[0])
    assert fit.coefficients["x1"].estimate == pytest.approx(slope, rel=1e-9)
    part = residuals(fit)
    assert part.hat[[0, 4]] == pytest.approx([1, 1])
    nan_free(fit)


@pytest.mark.parametrize("key", [key for key in ESTIMATORS if not ESTIMATORS[key].needs_weights])
def test_effects_exactly_on_a_line(key):
    fit = regress(3 + 2 * X, V, X, tau2=key, ci="wald")
    assert fit.coefficients["x1"].estimate == pytest.approx(2, rel=1e-10)
    assert fit.tau2 == pytest.approx(0, abs=1e-12) or key == "SJ"
    nan_free(fit)


def test_identical_effects_have_no_slope_and_no_variance():
    fit = regress(np.full(6, 0.5), V, X, tau2="SJ")
    assert fit.tau2 == 0
    assert fit.coefficients["x1"].estimate == pytest.approx(0, abs=1e-12)
    nan_free(fit)


def test_a_far_origin_costs_no_digits():
    near, far = regress(Y, V, X), regress(Y + 1e6, V, X)
    assert far.tau2 == pytest.approx(near.tau2, rel=1e-7)
    assert far.coefficients["x1"].estimate == pytest.approx(near.coefficients["x1"].estimate, rel=1e-7)


def test_a_likelihood_with_two_maxima_takes_the_higher_and_says_so():
    y = np.array([0.0, 0.05, -0.05, 0.02, 4.0, -4.0])
    v = np.array([0.001, 0.001, 0.001, 0.001, 10.0, 10.0])
    found = [
        regress(y * [1, 1, 1, 1, far, far], v, np.ones(6), tau2="ML", ci="wald", tau2_ci="none")
        for far in np.linspace(1, 12, 23)
    ]
    several = [fit for fit in found if "P403" in [notice.code for notice in fit.warnings]]
    assert several
    assert len(several) < len(found)
    for fit in several:
        heights = [
            score(fit.data.problem, np.array([tau2]), restricted=False).log_likelihood[0]
            for tau2 in np.geomspace(1e-6, 1e4, 400)
        ]
        assert max(heights) <= fit.log_likelihood + 1e-9


def test_an_empty_interval_for_tau2_is_shown_at_zero_with_a_notice():
    fit = regress(1 + X, np.full(6, 5.0), X)
    assert (fit.tau2_ci_low, fit.tau2_ci_high) == (0.0, 0.0)
    assert "P404" in [notice.code for notice in fit.warnings]


def test_auto_is_hksj_with_heterogeneity_and_wald_without():
    spread = regress(Y, V / 20, X)
    assert (spread.ci_method, spread.tau2 > 0) == ("hksj", True)
    assert regress(1 + X, V, X).ci_method == "wald"


def test_an_interval_that_disagrees_about_zero_is_named():
    noise = np.array([1, -1, 1, 1, -1, -1]) * 0.4
    fits = [regress(noise + slope * X, V, X, names=["dose"], tau2_ci="none") for slope in np.linspace(0, 0.4, 81)]
    told = [fit for fit in fits if "dose [" in " ".join(str(notice) for notice in fit.warnings)]
    assert told
    for fit in fits:
        part, other = (
            regress(fit.data.problem.yi[0], V, X, names=["dose"], ci=ci).coefficients["dose"] for ci in ("hksj", "wald")
        )
        disagree = (part.ci_low > 0) != (other.ci_low > 0)
        assert (fit in told) == (disagree and fit.ci_method == "hksj")


def test_kenward_roger_without_an_f_distribution_has_no_joint_test():
    fit = regress(Y, np.full(6, 0.05), np.column_stack([X, X**2, X**3]), ci="kr")
    assert fit.qm is None
    assert [notice.code for notice in fit.warnings if notice.code == "P410"] == ["P410"]
    assert all(part.df > 0 for part in fit.coefficients.values())
    with pytest.raises(NotEstimable, match="no F distribution with 2 residual degrees"):
        wald(fit, ["x1", "x2"])
    assert wald(fit, ["x1"]).p_value == pytest.approx(fit.coefficients["x1"].p_value)
    with pytest.raises(NotEstimable):
        permutation_test(fit, draws=10)


# --- what follows a fit -------------------------------------------------------------------------------------------------


def test_coefficients_on_less_than_one_degree_of_freedom_are_named():
    fit = regress(Y[:4], [1e-4, 1, 1, 1], X[:4], names=["dose"], ci="kr")
    assert [notice.message.split(": ")[1] for notice in fit.warnings if notice.code == "P210"] == ["intercept, dose"]
    assert "P210" not in [notice.code for notice in regress(Y, V, X, ci="kr").warnings]


def test_results_hold_no_nan_and_a_short_repr():
    fit = regress(Y, V, X, names=["dose"])
    assert repr(fit).startswith("RegressionResult(k=6, intercept=")
    assert "data" not in fit.to_dict()
    assert fit.to_dict()["coefficients"]["dose"]["estimate"] == fit.coefficients["dose"].estimate
    for result in (
        fit, predict(fit, [1, 2]), residuals(fit), shrunken_effects(fit), influence(fit), permutation_test(fit),
        robust(fit, [1, 1, 2, 2, 3, 4]), contrast(fit, [[1, 3]]), subgroups(Y, V, list("aabbcc")),
        multilevel(Y, V, [1, 1, 2, 2, 3, 4], tau2_ci="none"),
    ):  # fmt: skip
        nan_free(result)


def numpy_scalars(value, path=""):
    """Where in a result, arrays aside, a scalar of numpy stands."""
    if isinstance(value, np.generic):
        return [path]
    if isinstance(value, dict | Mapping):
        return [found for name, part in value.items() for found in numpy_scalars(part, f"{path}[{name}]")]
    if isinstance(value, tuple | list):
        return [found for i, part in enumerate(value) for found in numpy_scalars(part, f"{path}[{i}]")]
    if is_dataclass(value):
        own = [each.name for each in fields(value) if each.name != "data"]
        return [found for name in own for found in numpy_scalars(getattr(value, name), f"{path}.{name}")]
    return []


def test_results_hold_plain_numbers():
    fit = regress(Y, V, X, names=["dose"])
    clusters = [1, 1, 2, 2, 3, 4]
    for result in (
        fit, predict(fit, [1, 2]), permutation_test(fit), robust(fit, clusters), contrast(fit, [[1, 3]]), wald(fit, ["dose"]),
        subgroups(Y, V, list("aabbcc")), subgroups(Y, V, list("aabbcc"), tau2_common=True),
        multilevel(Y, V, clusters), location_scale(Y, V, X, np.ones(6), scale_intercept=False),
        location_scale(Y, V, X, np.ones(6), scale_intercept=False, method="ML"),
    ):  # fmt: skip
        assert numpy_scalars(result, type(result).__name__) == []


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda labels: robust(regress(Y, V, X), labels), "has no cluster"),
        (lambda labels: multilevel(Y, V, labels), "has no cluster"),
        (lambda labels: subgroups(Y, V, labels), "no group is given for study 1"),
    ],
    ids=["robust", "multilevel", "subgroups"],
)
def test_a_label_is_one_value(call, what):
    with pytest.raises(InvalidInput, match=r"the label of effect 0 \(counted from 0\) is a ndarray"):
        call(np.column_stack([X, X]))
    for missing in (None, math.nan, np.float64("nan"), np.datetime64("NaT")):
        with pytest.raises(InvalidInput, match=what):
            call(["a", missing, "a", "b", "b", "c"])


def test_prediction_wants_the_moderators():
    fit = regress(Y, V, np.column_stack([X, X**2]), names=["dose", "square"])
    assert (
        predict(fit, [2, 4]).estimate
        == predict(fit, {"dose": 2, "square": 4}).estimate
        == predict(fit, [[1, 2, 4]]).estimate
    )
    with pytest.raises(InvalidInput, match="has one: dose, square"):
        predict(fit, {"dose": 2})
    with pytest.raises(
        InvalidInput, match="values are given for nothing; each coefficient's column has one: dose, square"
    ):
        predict(fit, {})
    alone = regress(Y, V, np.ones(6))
    assert predict(alone, {}).estimate == pytest.approx([part.estimate for part in alone.coefficients.values()])
    with pytest.raises(InvalidInput, match="has 1 values"):
        predict(fit, [[2], [3]])
    with pytest.raises(InvalidInput, match="not a finite number"):
        predict(fit, [2, math.nan])
    assert predict(regress(Y, V, X, model="common"), 2.0).prediction_low is None
    assert predict(fit, [2, 4], prediction="none").prediction_low is None
    with pytest.raises(UnknownMethod):
        predict(fit, [2, 4], prediction="riley")


def test_prediction_methods_differ_in_their_degrees_of_freedom_alone():
    fit = regress(Y, V, X, ci="wald", tau2=0.1)
    found = {key: predict(fit, 2.0, prediction=key) for key in PREDICTIONS}
    assert [found[key].prediction_df for key in PREDICTIONS] == [(4.0,), (3.0,), (None,), (None,)]
    width = {key: part.prediction_high[0] - part.prediction_low[0] for key, part in found.items()}
    assert width["hts"] > width["t-kp"] > width["normal"] == width["test"]


def test_a_study_that_alone_carries_a_category_has_no_influence():
    part = influence(regress(Y, V, (np.arange(6) == 2).astype(float)))
    assert np.isnan(part.cook).tolist() == [False, False, True, False, False, False]
    assert np.isnan(part.tau2).tolist() == [False, False, True, False, False, False]
    assert [notice.code for notice in part.warnings] == ["P406"]
    assert "study [2]" in part.warnings[0].message
    with pytest.raises(TooFewStudies):
        influence(regress(Y[:3], V[:3], X[:3]))


def test_one_cluster_and_too_few_are_not_estimable():
    fit = regress(Y, V, X)
    with pytest.raises(NotEstimable, match="not estimable: one cluster"):
        robust(fit, ["a"] * 6)
    with pytest.raises(NotEstimable, match="2 clusters for 2 coefficients"):
        robust(fit, list("aaabbb"), kind="CR1p")
    with pytest.raises(InvalidInput, match=r"effect 1 .* has no cluster"):
        robust(fit, ["a", None, "a", "b", "b", "c"])
    with pytest.raises(InvalidInput, match="5 cluster labels and 6 effects"):
        robust(fit, list("aabbc"))
    with pytest.raises(UnknownMethod):
        robust(fit, list("aabbcc"), kind="CR9")
    with pytest.raises(InvalidInput, match="df is 'n'"):
        robust(fit, list("aabbcc"), df="n")


@pytest.mark.parametrize("kind", SANDWICHES)
def test_a_coefficient_from_one_cluster_is_not_estimable_and_the_others_are(kind):
    fit = regress(Y, V, (np.arange(6) == 0).astype(float), names=["lone"])
    part = robust(fit, list("abbccd"), kind=kind)
    assert part.coefficients["lone"] is None
    assert part.coefficients["intercept"].se > 0
    assert part.qm is None
    assert part.vcov[1] == (None, None)
    (notice,) = part.warnings
    assert notice.code == "P407"
    assert notice.message.startswith("no robust standard error for lone:")
    assert robust(fit, list("abccdd"), kind="CR0").warnings == part.warnings
    assert robust(regress(Y, V, X), list("abccdd"), kind=kind).warnings == ()
    nan_free(part)


def test_permutation_refuses_what_would_never_end():
    rng = np.random.default_rng(0)
    fit = regress(rng.normal(size=30), np.full(30, 0.1), np.arange(30.0), tau2="DL")
    with pytest.raises(InvalidInput, match="Write exact=False"):
        permutation_test(fit, exact=True)
    assert not permutation_test(fit, draws=20).exact
    for bad in ({"alternative": "both"}, {"statistic": "z"}, {"draws": 0}, {"seed": -1}):
        with pytest.raises(InvalidInput):
            permutation_test(fit, **bad)


def test_permutation_reports_progress():
    seen = []
    fit = regress(Y, V, X, tau2="DL", ci="wald")
    permutation_test(fit, exact=True, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (720, 720)


def test_nested_models_must_be_nested_and_by_ml():
    small, large = regress(Y, V, X, tau2="ML"), regress(Y, V, np.column_stack([X, X**2]), tau2="ML")
    assert 0 <= likelihood_ratio(large, small).p_value <= 1
    with pytest.raises(InvalidInput, match="compared by ML"):
        likelihood_ratio(regress(Y, V, np.column_stack([X, X**2])), regress(Y, V, X))
    with pytest.raises(InvalidInput, match="not within the larger"):
        likelihood_ratio(large, regress(Y, V, X**3, tau2="ML"))
    with pytest.raises(InvalidInput, match="different studies"):
        likelihood_ratio(large, regress(Y + 1, V, X, tau2="ML"))
    with pytest.raises(InvalidInput, match="the full has more"):
        likelihood_ratio(small, small)


def test_contrasts_and_inflation_want_something_to_work_on():
    fit = regress(Y, V, X)
    with pytest.raises(InvalidInput, match="no weights"):
        contrast(fit, [[0, 0]])
    with pytest.raises(InvalidInput, match="3 weights"):
        contrast(fit, [[0, 0, 1]])
    assert contrast(fit, [[0, 1], [0, 2]]).joint is None
    with pytest.raises(NotEstimable, match="two coefficients"):
        variance_inflation(fit)


def test_location_scale_at_its_edges():
    with pytest.raises(NotEstimable, match="goes to zero"):
        location_scale(np.full(6, 0.3) + 1e-3 * Y, V, np.ones(6), X)
    with pytest.raises(TooFewStudies, match="4 coefficients needs 4"):
        location_scale(Y[:3], V[:3], X[:3], X[:3])
    with pytest.raises(InvalidInput, match="Z has 5 rows"):
        location_scale(Y, V, X, X[:5])
    with pytest.raises(InvalidInput, match="yi has 2 axes"):
        location_scale(np.tile(Y, (3, 1)), V, np.ones(6), X)
    for bad in ({"method": "DL"}, {"ci": "hksj"}, {"level": 0}):
        with pytest.raises(InvalidInput):
            location_scale(Y, V, X, X, **bad)


def test_three_levels_at_their_edges():
    with pytest.raises(NotEstimable, match="one cluster"):
        multilevel(Y, V, [1] * 6)
    with pytest.raises(NotEstimable, match="every cluster has one effect"):
        multilevel(Y, V, range(6))
    with pytest.raises(TooFewStudies):
        multilevel(Y[:2], V[:2], [1, 1])
    with pytest.raises(InvalidInput, match="has no cluster"):
        multilevel(Y, V, [1, 1, None, 2, 2, 3])
    with pytest.raises(InvalidInput, match="5 cluster labels and 6 effects"):
        multilevel(Y, V, [1, 1, 2, 2, 3])
    with pytest.raises(InvalidInput, match="it is one of"):
        multilevel(Y, V, [1, 1, 2, 2, 3, 3], method="DL")
    flat = multilevel(np.full(6, 0.2), V, [1, 1, 2, 2, 3, 3])
    assert (flat.tau2_between, flat.tau2_within) == (0.0, 0.0)
    assert flat.tau2_between_ci_low == 0.0


def test_three_levels_with_one_variance_at_zero_are_two_levels():
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(8), 3)
    v = rng.uniform(0.02, 0.1, 24)
    y = rng.normal(size=24) * np.sqrt(v + 0.3) - 0.2 * (cluster % 2)
    fit = multilevel(y, v, cluster, np.arange(24.0), tau2_ci="none")
    if fit.tau2_between == 0:
        two = regress(y, v, np.arange(24.0), ci="wald", tau2_ci="none")
        assert fit.tau2_within == pytest.approx(two.tau2, rel=1e-8)
        assert fit.coefficients["x1"].se == pytest.approx(two.coefficients["x1"].se, rel=1e-8)
        assert fit.log_likelihood == pytest.approx(two.log_likelihood, rel=1e-10)
    dense = np.diag(v + fit.tau2_within) + fit.tau2_between * (cluster[:, None] == cluster)
    x = np.column_stack([np.ones(24), np.arange(24.0)])
    vcov = np.linalg.inv(x.T @ np.linalg.solve(dense, x))
    assert np.allclose(fit.vcov, vcov, rtol=1e-8)


def test_subgroups_at_their_edges():
    with pytest.raises(InvalidInput, match="no group is given for study 1"):
        subgroups(Y, V, ["a", None, "a", "b", "b", "b"])
    with pytest.raises(InvalidInput, match="5 group names and 6 studies"):
        subgroups(Y, V, list("aabbc"))
    with pytest.raises(InvalidInput, match="shared tau2 with a common-effect model"):
        subgroups(Y, V, list("aabbcc"), model="common", tau2_common=True)
    one = subgroups(Y, V, ["a"] * 6)
    assert (one.between.q, one.between.p_value, one.between.df) == (None, None, 0)
    assert [notice.code for notice in one.warnings] == ["P408"]
    assert between({"a": one.groups["a"]}).q is None
    assert one.between.reason == "fewer than two subgroups have an estimate"
    nan_free(one)


def test_a_lone_study_is_a_subgroup_of_one():
    own = subgroups(Y, V, list("aaabbc"))
    assert own.groups["c"].k == 1
    assert own.groups["c"].se == pytest.approx(math.sqrt(V[5]))
    shared = subgroups(Y, V, list("aaabbc"), tau2_common=True, transform="exp")
    lone = shared.groups["c"]
    assert lone.se == pytest.approx(math.sqrt(V[5] + shared.tau2))
    assert lone.display.ci_high == pytest.approx(math.exp(lone.ci_high))
    each = subgroups(Y, V, list("abcdef"), model="common")
    assert each.q_within_p is None
    assert each.q_within_df == 0


def test_an_hksj_interval_of_zero_width_cannot_weigh_a_subgroup_and_the_groups_are_shown():
    yi = [0.5, 0.5, 0.5, 0.1, 0.9, 0.4]
    found = subgroups(yi, V, list("aaabbb"), ci="hksj")
    assert found.groups["a"].se == 0
    assert (found.between.q, found.between.p_value, found.between.df) == (None, None, 1)
    assert found.between.reason == "the standard error of a is zero, so its mean has no weight"
    assert found.between_common.q is not None
    (notice,) = found.warnings
    assert notice.code == "P412"
    nan_free(found)
    assert subgroups(yi, V, list("aaabbb"), ci="wald").between.reason is None
    both = subgroups([0.5, 0.5, 0.5, 0.1, 0.1, 0.1], V, list("aaabbb"), ci="hksj").between
    assert both.reason == "the standard error of a and b each is zero, so these means have no weight"


# --- tables -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [ESTIMATORS, INTERVALS, TAU2_INTERVALS, PREDICTIONS, SANDWICHES])
def test_every_row_has_a_source(table):
    for row in table.values():
        assert row.source in SOURCES, row.key


def test_every_notice_and_error_has_its_code():
    assert {f"P4{i:02}" for i in range(1, 12)} <= set(CODES)
    assert all(issubclass(error, MscsecError) and error.code in CODES for error in (NotEstimable, TooFewStudies))


# --- sizes no double can hold -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("yi", 1e36, "yi of study 2 .*Rescale"),
        ("yi", -1e308, "yi of study 2 .*Rescale"),
        ("vi", 1e-300, "vi of study 2 .*Rescale"),
        ("vi", 1e300, "vi of study 2 .*Rescale"),
        ("vi", 0.0, "vi of study 2 .*Leave out"),
        ("x", 1e300, "x1 of study 2 .*a moderator is a finite number"),
    ],
)
def test_numbers_whose_powers_overflow_are_refused(place, value, message):
    given = {"yi": Y.copy(), "vi": V.copy(), "x": X.copy()}
    given[place][2] = value
    with pytest.raises(InvalidInput, match=message):
        regress(given["yi"], given["vi"], given["x"])


def test_a_design_without_a_column_is_refused():
    with pytest.raises(InvalidInput, match="no column"):
        regress(Y, V, np.zeros((6, 0)), intercept=False)


@pytest.mark.parametrize(("place", "value"), [("yi", np.nan), ("vi", 0.0), ("X", np.inf)])
def test_an_impossible_number_in_a_batch_is_named_by_its_row(place, value):
    given = {"yi": np.zeros((2, 2, 6)), "vi": np.ones((2, 2, 6)), "X": np.ones((2, 2, 6, 1))}
    given[place][1, 0, 3] = value
    with pytest.raises(InvalidInput, match=rf"^{place} of study 3 in row 2 \(counted from 0\) is "):
        regress_batch(**given)
