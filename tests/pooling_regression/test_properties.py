"""What must hold for every estimator and every interval, whatever the numbers."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import chi2, norm

from mscsec.errors import InvalidInput
from mscsec.pooling import pool
from mscsec.pooling.regression import (
    ESTIMATORS,
    INTERVALS,
    between,
    contrast,
    influence,
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
from mscsec.pooling.regression.inference import fit_coefficients
from mscsec.pooling.regression.likelihood import score
from mscsec.pooling.regression.mixture import chi2_mixture_cdf
from mscsec.pooling.regression.permutation import arrangements, distinct_orders
from mscsec.pooling.regression.problem import arrange
from mscsec.pooling.regression.projection import project

from .data import regressions

EVERY_ESTIMATOR = pytest.mark.parametrize("key", ESTIMATORS)
FEW = settings(max_examples=8, deadline=None)
SOME = settings(max_examples=25, deadline=None)
MANY = settings(max_examples=60, deadline=None)


def fit(y, v, x, key="REML", ci="wald", **more):
    weights = np.linspace(1, 2, len(y)) if ESTIMATORS[key].needs_weights else None
    return regress(y, v, x, tau2=key, ci=ci, weights=weights, **({"tau2_ci": "none"} | more))


def beta(result):
    return np.array([part.estimate for part in result.coefficients.values()])


def se(result):
    return np.array([part.se for part in result.coefficients.values()])


@EVERY_ESTIMATOR
@SOME
@given(data=regressions(), shift=st.floats(-50, 50), scale=st.floats(0.01, 100))
def test_a_change_of_scale_and_origin_is_followed(key, data, shift, scale):
    y, v, x = data
    before, after = fit(y, v, x, key), fit(scale * y + shift, scale**2 * v, x, key)
    if key == "SJ":  # its crude variance is about the plain mean, so only there is nothing else to follow
        assert_allclose(after.tau2, scale**2 * before.tau2, rtol=1e-8)
    assert_allclose(after.tau2, scale**2 * before.tau2, rtol=1e-6, atol=1e-9 * scale**2)
    assert_allclose(beta(after), scale * beta(before) + [shift, 0, 0], rtol=1e-6, atol=1e-6 * scale)
    assert_allclose(after.qm.statistic, before.qm.statistic, rtol=1e-6, atol=1e-8)
    assert_allclose(after.i2, before.i2, rtol=1e-6, atol=1e-8)


@EVERY_ESTIMATOR
@SOME
@given(data=regressions(), seed=st.integers(0, 99))
def test_the_order_of_studies_does_not_matter(key, data, seed):
    y, v, x = data
    order = np.random.default_rng(seed).permutation(len(y))
    weights = np.linspace(1, 2, len(y)) if ESTIMATORS[key].needs_weights else None
    a = regress(y, v, x, tau2=key, ci="hksj", weights=weights, tau2_ci="none")
    b = regress(
        y[order], v[order], x[order], tau2=key, ci="hksj", tau2_ci="none",
        weights=None if weights is None else weights[order],
    )  # fmt: skip
    assert_allclose(b.tau2, a.tau2, rtol=1e-8, atol=1e-10)
    assert_allclose(beta(b), beta(a), rtol=1e-7, atol=1e-9)
    assert_allclose(se(b), se(a), rtol=1e-7)


@EVERY_ESTIMATOR
@SOME
@given(data=regressions())
def test_any_basis_of_the_same_columns_gives_the_same_fit(key, data):
    y, v, x = data
    turn = np.array([[1.0, 4.0, -2.0], [0.0, 3.0, 0.5], [0.0, 0.0, 7.0]])
    a, b = fit(y, v, x, key), fit(y, v, x @ turn, key)
    assert_allclose(b.tau2, a.tau2, rtol=1e-8, atol=1e-10)
    assert_allclose(x @ turn @ beta(b), x @ beta(a), rtol=1e-6, atol=1e-8)
    assert_allclose([b.qe, b.log_likelihood is None], [a.qe, a.log_likelihood is None], rtol=1e-8)
    if key != "REML":  # the restricted likelihood is relative to the units of the columns
        assert_allclose(b.log_likelihood, a.log_likelihood, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("ci", INTERVALS)
@SOME
@given(data=regressions(most=12, columns=1), seed=st.integers(0, 99))
def test_the_baseline_of_a_factor_changes_neither_its_test_nor_the_fit(ci, data, seed):
    y, v, x = data
    level = np.random.default_rng(seed).permutation(np.arange(len(y)) % 3)
    fits = []
    for baseline in range(3):
        dummies = [(level == other).astype(float) for other in range(3) if other != baseline]
        fits.append(fit(y, v, np.column_stack([x, *dummies]), ci=ci, btt=["x3", "x4"]))
    for other in fits[1:]:
        if fits[0].qm is None:
            assert (ci, other.qm) == ("kr", None)
        else:
            assert_allclose(other.qm.statistic, fits[0].qm.statistic, rtol=1e-5, atol=1e-9)
            assert_allclose(other.qm.p_value, fits[0].qm.p_value, rtol=1e-5, atol=1e-9)
        assert_allclose(residuals(other).fitted, residuals(fits[0]).fitted, rtol=1e-6, atol=1e-8)


@EVERY_ESTIMATOR
@SOME
@given(data=regressions(columns=1))
def test_an_intercept_alone_is_the_univariate_kernel(key, data):
    y, v, _ = data
    mine = fit(y, v, np.ones(len(y)), key, ci="hksj", tau2_ci="QP")
    weights = np.linspace(1, 2, len(y)) if ESTIMATORS[key].needs_weights else None
    theirs = pool(y, v, tau2=key, ci="hksj", weights=weights, tau2_ci="QP")
    part = mine.coefficients["x1"]
    assert_allclose(mine.tau2, theirs.tau2, rtol=1e-6, atol=1e-9)
    assert_allclose([part.estimate, part.se, part.p_value], [theirs.estimate, theirs.se, theirs.p_value], rtol=1e-6)
    assert_allclose(
        [mine.tau2_ci_low, mine.tau2_ci_high], [theirs.tau2_ci_low, theirs.tau2_ci_high], rtol=1e-6, atol=1e-9
    )
    assert_allclose([mine.tau2_se, mine.i2, mine.qe], [theirs.tau2_se, theirs.i2, theirs.q], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("ci", ["wald", "t", "hksj", "hksj-adhoc", "kr"])
@SOME
@given(data=regressions(columns=1))
def test_every_interval_with_an_intercept_alone_is_that_of_pool(ci, data):
    y, v, _ = data
    part = fit(y, v, np.ones(len(y)), ci=ci).coefficients["x1"]
    theirs = pool(y, v, tau2="REML", ci=ci)
    assert_allclose(
        [part.se, part.ci_low, part.ci_high], [theirs.se, theirs.ci_low, theirs.ci_high], rtol=1e-6, atol=1e-8
    )
    assert part.df == (None if theirs.df is None else pytest.approx(theirs.df, rel=1e-6))


@EVERY_ESTIMATOR
@FEW
@given(data=st.lists(regressions(most=9), min_size=2, max_size=4))
def test_a_batch_is_its_rows_and_padding_counts_for_nothing(key, data):
    k = max(len(y) for y, _, _ in data)
    yi, vi, x, mask = np.full((len(data), k), np.nan), np.full((len(data), k), -1.0), np.full((len(data), k, 3), np.inf), np.zeros((len(data), k), bool)  # fmt: skip
    weights = np.full((len(data), k), np.nan)
    for row, (y, v, design) in enumerate(data):
        n = len(y)
        yi[row, :n], vi[row, :n], x[row, :n], mask[row, :n] = y, v, design, True
        weights[row, :n] = np.linspace(1, 2, n)
    given_weights = weights if ESTIMATORS[key].needs_weights else None
    problem, lead = arrange(yi, vi, x, mask, given_weights)
    assert lead == (len(data),)
    tau2 = ESTIMATORS[key].estimate(problem)
    whole = fit_coefficients(problem, tau2.value)
    for row, (y, v, design) in enumerate(data):
        one = fit(y, v, design, key)
        assert_allclose(tau2.value[row], one.tau2, rtol=1e-7, atol=1e-10)
        assert_allclose(tau2.se[row], one.tau2_se, rtol=1e-7)
        assert_allclose(whole.beta[row], beta(one), rtol=1e-7, atol=1e-9)
        assert_allclose(np.sqrt(np.diagonal(whole.bread[row])), se(one), rtol=1e-7)


def assert_row(batch, row, one):
    """A row of a batch has the numbers of that regression alone."""
    for name in ("estimate", "se", "df", "p_value", "ci_low", "ci_high"):
        expected = [getattr(part, name) for part in one.coefficients.values()]
        expected = [np.inf if value is None else value for value in expected]
        assert_allclose(getattr(batch, name)[row], expected, rtol=1e-6, atol=1e-8, err_msg=name)
    if one.qm is not None:
        df2 = np.inf if one.qm.df2 is None else one.qm.df2
        found = [batch.qm[row], batch.qm_df2[row], batch.qm_p[row]]
        assert_allclose(found, [one.qm.statistic, df2, one.qm.p_value], rtol=1e-5, atol=1e-12)
    assert_allclose([batch.qe[row], batch.qe_p[row]], [one.qe, one.qe_p], rtol=1e-8)
    if one.tau2_se is not None:
        assert_allclose(batch.tau2_se[row], one.tau2_se, rtol=1e-6)


@pytest.mark.parametrize("tau2", ["REML", "DL"])
def test_the_size_of_a_chunk_changes_nothing(tau2, monkeypatch):
    rng = np.random.default_rng(8)
    x, v, y = np.column_stack([np.ones(7), np.arange(7.0)]), rng.uniform(0.05, 0.4, 7), rng.normal(size=(11, 7))
    one = regress(y[0], v, x, tau2=tau2)
    whole, test = regress_batch(y, v, x, tau2=tau2), permutation_test(one, draws=50)
    for module in ("batch", "likelihood", "permutation"):
        monkeypatch.setattr(f"mscsec.pooling.regression.{module}.CHUNK", 3 * 7)
    parts = regress_batch(y, v, x, tau2=tau2)
    for field in dataclasses.fields(whole):
        values = getattr(whole, field.name)
        assert_allclose(getattr(parts, field.name), values, rtol=1e-10, atol=1e-13, err_msg=field.name)
    seen = []
    assert (
        permutation_test(one, draws=50, progress=lambda *done: seen.append(done)).permutations
        == test.permutations
        == 51
    )
    assert seen == [(done, 50) for done in (*range(3, 50, 3), 50)]


@pytest.mark.parametrize("options", [{"model": "common"}, {"tau2": 0.3}, {"tau2": 0.0}, {"tau2": "DL"}], ids=str)
@pytest.mark.parametrize("ci", ["wald", "hksj"])
def test_regress_batch_takes_a_known_variance_and_none(ci, options):
    rng = np.random.default_rng(6)
    x, v, y = np.column_stack([np.ones(7), np.arange(7.0)]), rng.uniform(0.05, 0.4, 7), rng.normal(size=(2, 7))
    batch = regress_batch(y, v, x, ci=ci, level=0.9, **options)
    for row in range(2):
        one = regress(y[row], v, x, ci=ci, level=0.9, **options)
        assert_row(batch, row, one)
        assert batch.tau2[row] == pytest.approx(one.tau2 or 0.0)
    for wrong in (-0.1, np.inf, np.nan):
        with pytest.raises(InvalidInput, match=f"tau2 is {wrong}"):
            regress_batch(y, v, x, ci=ci, tau2=wrong)


@pytest.mark.parametrize("ci", INTERVALS)
@FEW
@given(data=regressions(most=9))
def test_regress_batch_is_regress_row_by_row(ci, data):
    y, v, x = data
    k = len(y)
    mask = np.ones((3, 2, k), dtype=bool)
    mask[1, 0, 0] = mask[2, 1, 1] = False
    mask[2, 0, 2:] = False  # two studies for three coefficients
    shifted = y + np.arange(3)[:, None, None] * x[:, 1]
    batch = regress_batch(np.broadcast_to(shifted, (3, 2, k)), v, x, mask=mask, ci=ci)
    assert batch.estimable.tolist() == [[True, True], [True, True], [False, True]]
    assert np.isnan(batch.estimate[2, 0]).all()
    for row in np.ndindex(3, 2):
        inside = mask[row]
        if not batch.estimable[row]:
            continue
        one = fit((y + row[0] * x[:, 1])[inside], v[inside], x[inside], ci=ci)
        assert_allclose(batch.tau2[row], one.tau2, rtol=1e-7, atol=1e-10)
        assert_row(batch, row, one)


def test_a_singular_row_of_a_batch_is_flagged_and_the_others_are_not():
    x = np.array([[[1.0, 0], [1, 0], [1, 0], [1, 0]], [[1, 0], [1, 1], [1, 2], [1, 3]]])
    batch = regress_batch([0.1, 0.2, 0.5, 0.4], [0.1, 0.2, 0.1, 0.2], x)
    assert batch.estimable.tolist() == [False, True]
    assert batch.converged.tolist() == [False, True]
    assert np.isnan(batch.se[0]).all()
    assert np.isfinite(batch.se[1]).all()
    assert "NaN" not in json.dumps(batch.to_dict(), allow_nan=False)


@SOME
@given(seed=st.integers(0, 10**6), left=st.integers(5, 13), m=st.integers(2, 5))
def test_kenward_roger_is_exact_for_equal_variances(seed, left, m):
    """One variance in all is the linear model, where F on m and k - p degrees of freedom is exact."""
    rng = np.random.default_rng(seed)
    k = m + 1 + left
    x = np.column_stack([np.ones(k), rng.normal(size=(k, m))])
    y = rng.normal(size=k)
    found, scaled = (fit(y, np.full(k, 0.01), x, ci=ci) for ci in ("kr", "hksj"))
    assert found.tau2 > 0
    assert_allclose([part.df for part in found.coefficients.values()], left, rtol=1e-8)
    assert_allclose(se(found), se(scaled), rtol=1e-7)
    assert_allclose([found.qm.statistic, found.qm.df2], [scaled.qm.statistic, left], rtol=1e-6)


@SOME
@given(data=regressions())
def test_paule_mandel_solves_its_equation_and_the_q_profile_inverts_its_test(data):
    y, v, x = data
    found = fit(y, v, x, "PM", tau2_ci="QP")
    problem, _ = arrange(y, v, x)
    df = len(y) - 3

    def q(tau2):
        return project(problem, problem.precision(np.array([tau2]))).rss[0]

    assert found.tau2 == 0 or q(found.tau2) == pytest.approx(df, rel=1e-10)
    for limit, tail in ((found.tau2_ci_low, 0.975), (found.tau2_ci_high, 0.025)):
        assert q(limit) <= chi2.ppf(tail, df) * (1 + 1e-9)
        assert limit == 0 or q(limit) == pytest.approx(chi2.ppf(tail, df), rel=1e-9)


@MANY
@given(data=regressions(columns=1), restricted=st.booleans())
def test_the_likelihood_is_nowhere_higher_and_its_derivatives_are_right(data, restricted):
    y, v, x = data
    found = fit(y, v, x, "REML" if restricted else "ML")
    problem, _ = arrange(y, v, x)
    best = score(problem, np.array([found.tau2]), restricted=restricted).log_likelihood[0]
    for tau2 in np.r_[0, np.geomspace(1e-4, 1e4, 60)]:
        assert score(problem, np.array([tau2]), restricted=restricted).log_likelihood[0] <= best + 1e-9
    at, h = np.array([0.3]), 1e-5
    low, here, high = (score(problem, at + d, restricted=restricted) for d in (-h, 0, h))
    assert_allclose(here.score, (high.log_likelihood - low.log_likelihood) / (2 * h), rtol=1e-4, atol=1e-6)
    assert_allclose(here.curvature, (high.score - low.score) / (2 * h), rtol=1e-4, atol=1e-5)


@SOME
@given(data=regressions())
def test_limits_of_the_between_study_variance(data):
    y, v, x = data
    common = regress(y, v, x, model="common", ci="wald")
    none, huge = regress(y, v, x, tau2=0.0, ci="wald"), regress(y, v, x, tau2=1e12, ci="wald")
    assert_allclose(beta(none), beta(common), rtol=1e-12)
    assert_allclose(beta(huge), np.linalg.lstsq(x, y, rcond=None)[0], rtol=1e-6, atol=1e-8)


@SOME
@given(data=regressions())
def test_against_dense_matrices(data):
    y, v, x = data
    found = fit(y, v, x, "DL", ci="hksj")
    w = np.diag(1 / (v + found.tau2))
    vcov = np.linalg.inv(x.T @ w @ x)
    b = vcov @ x.T @ w @ y
    r = y - x @ b
    assert_allclose(beta(found), b, rtol=1e-8, atol=1e-10)
    assert_allclose(np.array(found.vcov), vcov * (r @ w @ r) / (len(y) - 3), rtol=1e-8, atol=1e-12)
    hat = x @ vcov @ x.T @ w
    here = residuals(found)
    assert_allclose(here.hat, np.diagonal(hat), rtol=1e-8)
    centred = np.eye(len(y)) - hat
    assert_allclose(here.se, np.sqrt(np.diagonal(centred @ np.diag(v + found.tau2) @ centred.T)), rtol=1e-7)


@FEW
@given(data=regressions(columns=1))
def test_leaving_out_a_study_is_fitting_the_others(data):
    y, v, x = data
    part = influence(fit(y, v, x, "REML", ci="hksj"))
    for i in (0, len(y) - 1):
        rest = np.arange(len(y)) != i
        one = fit(y[rest], v[rest], x[rest], "REML", ci="hksj")
        assert_allclose(part.tau2[i], one.tau2, rtol=1e-7, atol=1e-10)
        assert_allclose(part.qe[i], one.qe, rtol=1e-8)
        assert_allclose(part.residual[i], y[i] - x[i] @ beta(one), rtol=1e-6, atol=1e-9)


Y = np.array([0.1, 0.5, -0.2, 0.9, 0.4, 0.0]) + np.array([1, 2, 3, 4, 5, 7]) / 4
V = np.array([0.04, 0.09, 0.02, 0.1, 0.05, 0.03])
X = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 7.0])


@pytest.mark.parametrize(
    ("options", "r2"),
    [
        ({"model": "common"}, 0.66677203984373961),
        ({"tau2": "REML"}, 0.66753762792699405),
        ({"tau2": "DL"}, 0.71333713434164665),
        ({"tau2": "ML"}, 0.80160055830420191),
        ({"tau2": 0.1}, None),
    ],
    ids=str,
)
def test_the_share_of_variance_that_the_moderators_account_for_as_in_metafor(options, r2):
    """R2 of rma(Y, V, mods=~X, method=...) in metafor 3.8, where its REML stops at 1e-5 and ours at the root."""
    found = regress(Y, V, X, ci="wald", **options)
    assert found.r2 == (None if r2 is None else pytest.approx(r2, rel=1e-5))


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_the_log_likelihood_with_given_weights_is_that_at_the_coefficients_reported(method):
    """ML: the normal density there; REML: less by as much as the weighted squares are more than at the best coefficients."""
    design = np.column_stack([np.ones(6), X])
    found = regress(Y, V, X, tau2=method, weights=np.arange(1.0, 7.0), ci="wald")
    s = V + found.tau2
    least = np.linalg.lstsq(design / np.sqrt(s)[:, None], Y / np.sqrt(s), rcond=None)[0]
    at, best = (np.sum(norm.logpdf(Y, design @ b, np.sqrt(s))) for b in (beta(found), least))
    if method == "ML":
        assert found.log_likelihood == pytest.approx(at, rel=1e-10)
        assert found.aic == pytest.approx(-2 * at + 2 * 3, rel=1e-10)
    else:
        plain = regress(Y, V, X, tau2="REML", ci="wald")
        assert plain.tau2 == pytest.approx(found.tau2)
        assert found.log_likelihood == pytest.approx(plain.log_likelihood + at - best, rel=1e-8)


def test_the_shares_of_three_levels_are_of_the_typical_sampling_variance():
    """(k - p) / tr P of Higgins & Thompson (2002), P with dense matrices."""
    design, w = np.column_stack([np.ones(6), X]), np.diag(1 / V)
    p = w - w @ design @ np.linalg.inv(design.T @ w @ design) @ design.T @ w
    found = multilevel(Y, V, list("aabbcd"), X, ci="t", tau2_ci="none")
    total = found.tau2_between + found.tau2_within + 4 / np.trace(p)
    assert found.tau2_within == pytest.approx(0.13088957478232455, rel=1e-4)  # rma.mv() of metafor 3.8
    assert found.i2_within == pytest.approx(found.tau2_within / total, rel=1e-10)
    assert found.i2_between == pytest.approx(found.tau2_between / total, rel=1e-10)
    assert (found.q_df, found.prediction_df) == (4, None)
    alone = multilevel(Y, V, list("aabbcd"), tau2_ci="none")
    assert (alone.q_df, alone.prediction_df) == (5, 5)


def test_a_study_is_influential_by_any_one_of_the_cutoffs():
    """Those of metafor's documentation of influence.rma.uni(), each deciding alone for some study."""
    alone = dict.fromkeys(("dffits", "cook", "hat", "high dfbeta", "low dfbeta"), 0)
    for seed in range(200, 250):
        rng = np.random.default_rng(seed)
        k, p = 14, 1 + seed % 2
        x, v = np.exp(1.2 * rng.normal(size=k)) if p == 2 else np.ones(k), 10 ** rng.uniform(-2, 0, k)
        part = influence(regress(rng.normal(0, np.sqrt(v + 0.2)), v, x, tau2="DL", ci="wald"))
        above = {
            "dffits": np.abs(part.dffits) > 3 * np.sqrt(p / (k - p)),
            "cook": chi2.cdf(part.cook, p) > 0.5,
            "hat": part.hat > 3 * p / k,
            "high dfbeta": (part.dfbetas > 1).any(1),
            "low dfbeta": (part.dfbetas < -1).any(1),
        }
        together = np.array(list(above.values()))
        assert part.influential.tolist() == together.any(0).tolist()
        for name, which in above.items():
            alone[name] += int(np.count_nonzero(which & (together.sum(0) == 1)))
    assert min(alone.values()) > 0, alone


@SOME
@given(data=regressions())
def test_one_row_contrasts_and_predictions_agree_with_coefficients(data):
    y, v, x = data
    for ci in INTERVALS:
        found = fit(y, v, x, ci=ci)
        first = contrast(found, [[0, 1, 0]])
        assert first.joint is not None
        alone = next(iter(first.contrasts.values()))
        for name in ("estimate", "se", "p_value", "ci_low", "ci_high"):
            assert_allclose(getattr(alone, name), getattr(found.coefficients["x2"], name), rtol=1e-9, atol=1e-12)
        assert_allclose(first.joint.p_value, alone.p_value, rtol=1e-8, atol=1e-14)
        assert_allclose(wald(found, ["x2"]).p_value, alone.p_value, rtol=1e-8, atol=1e-14)
        ahead = predict(found, x[:, 1:])
        assert_allclose(ahead.estimate, residuals(found).fitted, rtol=1e-8, atol=1e-10)
        assert all(low <= c for low, c in zip(ahead.prediction_low, ahead.ci_low, strict=True)) or ci in ("kr", "wald")
        assert predict(found, {"x2": x[:, 1], "x3": x[:, 2]}).estimate == pytest.approx(ahead.estimate)


@SOME
@given(data=regressions())
def test_shrunken_effects_lie_between_the_study_and_the_line(data):
    y, v, x = data
    found = fit(y, v, x)
    part, line = shrunken_effects(found), residuals(found).fitted
    assert ((part.estimate - np.minimum(y, line) > -1e-9) & (np.maximum(y, line) - part.estimate > -1e-9)).all()


@SOME
@given(data=regressions(columns=1), seed=st.integers(0, 9))
def test_subgroups_are_their_own_meta_analyses_and_the_regression_on_them(data, seed):
    y, v, _ = data
    names = np.random.default_rng(seed).permutation([["a", "b"][i % 2] for i in range(len(y))]).tolist()
    separate = subgroups(y, v, names, ci="wald", prediction="none")
    for name, part in separate.groups.items():
        inside = np.array([label == name for label in names])
        assert part == pool(y[inside], v[inside], ci="wald", prediction="none")
    assert separate.between == between(separate.groups)
    shared = subgroups(y, v, names, ci="wald", tau2_common=True, prediction="none")
    line = fit(y, v, np.array([float(name == "a") for name in names]))
    assert_allclose(shared.tau2, line.tau2, rtol=1e-8, atol=1e-10)
    assert_allclose(shared.between.q, line.qm.statistic, rtol=1e-7, atol=1e-10)
    for name, of_line in (("i2_residual", "i2"), ("h2_residual", "h2"), ("tau2_se", "tau2_se"), ("r2", "r2")):
        theirs = getattr(line, of_line)
        assert getattr(shared, name) == (None if theirs is None else pytest.approx(theirs, rel=1e-7, abs=1e-10))
    df = len(y) - 2
    assert shared.i2_q_residual == pytest.approx(max(0.0, 1 - df / shared.q_within) if shared.q_within else 0.0)
    assert_allclose(shared.q_within + shared.between_common.q, shared.overall.q, rtol=1e-9, atol=1e-10)


@SOME
@given(data=regressions(columns=1))
def test_robust_with_each_effect_its_own_cluster_is_the_heteroscedastic_sandwich(data):
    y, v, x = data
    found = fit(y, v, x, "DL")
    w = 1 / (v + found.tau2)
    bread = np.linalg.inv(x.T * w @ x)
    r = y - x @ beta(found)
    meat = (x.T * (w * r) ** 2) @ x
    part = robust(found, range(len(y)), kind="CR0")
    assert_allclose(np.array(part.vcov), bread @ meat @ bread, rtol=1e-7, atol=1e-14)
    jackknife = robust(found, range(len(y)), kind="CR3")
    hat = np.einsum("ki,ij,kj->k", x, bread, x) * w
    assert_allclose(
        np.array(jackknife.vcov), bread @ (x.T * (w * r / (1 - hat)) ** 2) @ x @ bread, rtol=1e-6, atol=1e-14
    )


@SOME
@given(counts=st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_distinct_orders_are_all_and_each_once(counts):
    groups = np.repeat(np.arange(len(counts)), counts)
    orders = distinct_orders(groups)
    assert len(orders) == arrangements(np.array(counts)) == len({tuple(row) for row in orders.tolist()})
    assert (np.sort(orders, axis=1) == np.sort(groups)).all()


@FEW
@given(data=regressions(most=7, columns=1))
def test_a_sampled_permutation_test_approaches_the_exact_one_and_repeats_by_its_seed(data):
    y, v, x = data
    found = fit(y, v, x, "DL")
    every = permutation_test(found, exact=True)
    sample = permutation_test(found, exact=False, draws=4000, seed=5)
    assert sample == permutation_test(found, exact=False, draws=4000, seed=5)
    assert abs(sample.qm_p - every.qm_p) < 5 * np.sqrt(0.25 / 4000)
    sides = [permutation_test(found, exact=True, alternative=side).p_values["x2"] for side in ("greater", "less")]
    assert sum(sides) >= 1
    assert 1 / every.permutations <= every.qm_p <= 1


@pytest.mark.parametrize("signs", [False, True], ids=["rows", "signs"])
def test_the_data_as_observed_are_counted_with_the_sample(signs):
    """Effects in the order of the moderator, or all far above zero: one other of k! or 2^k rearrangements is as extreme."""
    y = np.arange(1.0, 17.0) + (100 if signs else 0)
    v = np.full(16, 0.01)
    found = regress(y, v, np.ones((16, 1))) if signs else regress(y, v, np.arange(16.0))
    sample = permutation_test(found, draws=99, seed=7)
    assert (sample.permutations, sample.exact, sample.seed, sample.what) == (
        100,
        False,
        7,
        "signs" if signs else "rows",
    )
    name = next(reversed(sample.p_values))
    assert sample.p_values[name] == sample.qm_p == 1 / 100
    less = permutation_test(found, draws=99, seed=7, alternative="less")
    assert less.p_values[name] == 1
    assert less.qm_p == 1 / 100  # always upwards


def test_a_sample_of_signs_is_of_every_sign():
    """Equal variances, so that the mean of the effects under all 2^k signs gives the exact P value."""
    y = np.array([0.9, -0.4, 1.3, 0.2, 0.7, -0.1, 0.5, 0.8])
    found = regress(y, np.full(8, 0.1), np.ones((8, 1)), model="common")
    means = np.array([np.dot(y, signs) for signs in itertools.product((-1, 1), repeat=8)])
    exact = {
        "two-sided": np.mean(abs(means) >= abs(y.sum()) - 1e-9),
        "greater": np.mean(means >= y.sum() - 1e-9),
        "less": np.mean(means <= y.sum() + 1e-9),
    }
    for alternative, p in exact.items():
        for draws in (256, 255):
            test = permutation_test(found, draws=draws, alternative=alternative, statistic="coefficient", seed=1)
            (value,) = test.p_values.values()
            assert (test.exact, test.permutations) == (draws == 256, 256)
            assert value == pytest.approx(p, abs=1e-12 if test.exact else 5 * np.sqrt(p * (1 - p) / 255) + 1 / 256)


def test_permutation_p_values_are_uniform_under_the_null():
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(8), np.arange(8.0)])
    v = rng.uniform(0.1, 0.4, 8)
    p = [
        permutation_test(fit(rng.normal(size=8) * np.sqrt(v + 0.2), v, x, "DL"), exact=False, draws=99, seed=i).qm_p
        for i in range(300)
    ]
    assert abs(np.mean(np.array(p) <= 0.05) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 300)
    assert abs(np.mean(p) - 0.5) < 4 * np.sqrt(1 / 12 / 300)


def test_the_hksj_interval_of_a_slope_covers_at_its_level():
    rng = np.random.default_rng(11)
    x = np.column_stack([np.ones(12), np.linspace(-1, 1, 12)])
    v = rng.uniform(0.05, 0.5, 12)
    problem, _ = arrange(rng.normal(size=(4000, 12)) * np.sqrt(v + 0.1), v, x)
    fitted = fit_coefficients(problem, ESTIMATORS["REML"].estimate(problem).value)
    inferred = INTERVALS["hksj"].infer(fitted)
    t = fitted.beta[:, 1] / np.sqrt(inferred.vcov[:, 1, 1])
    assert abs(np.mean(np.abs(t) < 2.2281388519649385) - 0.95) < 0.015  # t on 10 df; REML with 12 studies is near exact


def test_a_mixture_without_scales_is_always_zero():
    q, scales = np.array([2.0, 0.0, -1.0, 2.0, -1.0]), np.zeros((5, 3))
    scales[3:, 1] = 1.0
    assert_allclose(chi2_mixture_cdf(q, scales), [1, 0, 0, chi2.cdf(2, 1), 0], rtol=1e-11)


@MANY
@given(
    n=st.integers(1, 400),
    p=st.floats(1e-4, 0.9999),
    scale=st.floats(1e-3, 1e3),
)
def test_a_mixture_of_equal_scales_is_chi_square(n, p, scale):
    q = chi2.ppf(p, n)
    assert_allclose(chi2_mixture_cdf(np.array([scale * q]), np.full((1, n), scale)), p, atol=1e-10)


@MANY
@given(a=st.floats(0.01, 1.0), b=st.floats(1e-6, 0.009), q=st.floats(0.0, 20.0))
def test_a_mixture_of_pairs_is_hypoexponential(a, b, q):
    exact = 1 - (a * np.exp(-q / (2 * a)) - b * np.exp(-q / (2 * b))) / (a - b)
    assert_allclose(chi2_mixture_cdf(np.array([q]), np.array([[a, b, a, b, 0.0]])), exact, atol=1e-10)


@SOME
@given(data=regressions())
def test_inflation_is_one_over_one_minus_r_squared(data):
    y, _, x = data
    found = regress(y, np.full(len(y), 0.3), x, model="common", ci="wald")
    centred = x[:, 1:] - x[:, 1:].mean(0)
    r = centred[:, 0] @ centred[:, 1] / np.sqrt((centred**2).sum(0).prod())
    for part in variance_inflation(found).values():
        assert part.gvif == pytest.approx(1 / (1 - r**2), rel=1e-8)
        assert part.gsif == pytest.approx(np.sqrt(part.gvif))


def test_inflation_without_an_intercept_is_of_sums_of_products_that_are_not_centred():
    x = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0], [0.5, 4.0]])
    found = regress(x[:, 0] - 0.3 * x[:, 1] ** 2, np.full(4, 0.3), x, intercept=False, model="common", ci="wald")
    (first, second), square = x.T, np.dot(x[:, 0], x[:, 1]) ** 2
    expected = 1 / (1 - square / (np.dot(first, first) * np.dot(second, second)))
    assert [part.gvif for part in variance_inflation(found).values()] == pytest.approx([expected] * 2)


def test_a_study_that_alone_determines_its_fitted_value_has_a_residual_without_spread():
    x = np.array([0.0, 0, 0, 1])
    fitted = regress([0.3, 0.1, 0.6, 0.9], [0.5, 0.9, 0.2, 0.9], x, tau2=0.0, weights=[2.0, 2, 3, 2], ci="wald")
    result = residuals(fitted)
    assert result.se[3] == 0
    assert np.isnan(result.standardised[3])
    assert (result.se[:3] > 0.1).all()
