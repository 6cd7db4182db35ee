"""Diagnostics of one meta-analysis against formulas by hand, scipy's distributions and what metafor prints."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from mscsec.errors import NotEstimable, TooFewStudies
from mscsec.pooling import pool, studies
from mscsec.sensitivity.diagnostics import (
    funnel_region,
    normal_quantiles,
    p_value_curves,
    radial,
    tau2_likelihood,
)

BCG = json.loads((Path(__file__).parents[1] / "reference" / "pooling.json").read_text())["datasets"]["bcg_lnRR"][
    "columns"
]
YI, VI = np.array(BCG["yi"]), np.array(BCG["vi"])


def test_a_funnel_without_heterogeneity_is_two_straight_lines():
    region = funnel_region(-0.7, 0.8, level=0.95)
    assert (region.se[0], region.se[-1]) == (0.0, 0.8)
    assert_allclose(region.high, -0.7 + 1.959963984540054 * region.se, rtol=1e-12)
    assert_allclose(region.high + region.low, -1.4, rtol=1e-12)


def test_heterogeneity_widens_the_funnel_at_its_top():
    region = funnel_region(0.0, 1.0, level=0.9, tau2=0.25)
    assert_allclose(region.high[0], 1.6448536269514722 * 0.5, rtol=1e-12)
    assert_allclose(region.high[-1], 1.6448536269514722 * math.sqrt(1.25), rtol=1e-12)


def test_the_slope_of_a_radial_plot_is_the_weighted_mean():
    """Least squares through the origin of y / s on 1 / s is the inverse-variance mean (Galbraith 1988)."""
    fit = pool(YI, VI, tau2="DL")
    found = radial(YI, VI, tau2=fit.tau2 or 0.0)
    slope = (found.precision * found.standardised).sum() / (found.precision**2).sum()
    assert_allclose(slope, fit.estimate, rtol=1e-12)
    assert_allclose(found.standardised / found.precision, YI, rtol=1e-12)


@pytest.mark.parametrize("k", [2, 5, 10, 11, 200])
def test_normal_quantiles_are_those_of_order_statistics(k):
    z = np.random.default_rng(k).normal(size=k)
    found = normal_quantiles(z, level=0.9)
    order = np.argsort(z)
    a = 3 / 8 if k <= 10 else 1 / 2  # R's ppoints
    ranks = np.arange(1, k + 1)
    assert_allclose(found.theory[order], stats.norm.ppf((ranks - a) / (k + 1 - 2 * a)), atol=1e-12)
    assert_allclose(found.low[order], stats.norm.ppf(stats.beta.ppf(0.05, ranks, k + 1 - ranks)), atol=1e-9)
    assert_allclose(found.high[order], stats.norm.ppf(stats.beta.ppf(0.95, ranks, k + 1 - ranks)), atol=1e-9)


def test_the_band_holds_its_share_of_normal_samples():
    chance = np.random.default_rng(1)
    inside = np.mean([~normal_quantiles(chance.normal(size=20), level=0.9).outside for _ in range(2000)])
    assert inside == pytest.approx(0.9, abs=0.01)


def test_residuals_off_the_line_are_marked():
    assert normal_quantiles([-1.0, -0.3, 0.2, 0.9, 9.0]).outside.tolist() == [False, False, False, False, True]
    with pytest.raises(TooFewStudies):
        normal_quantiles([0.1])


@pytest.mark.parametrize("ci", ["wald", "t", "hksj", "kr"])
def test_p_value_curves_cross_every_level_at_its_interval(ci):
    for level in (0.5, 0.9, 0.95, 0.99):
        fit = pool(YI, VI, ci=ci, level=level)
        curves = p_value_curves(YI, VI, fit)
        low = np.interp(1 - level, curves.p, curves.pooled_low)
        assert low == pytest.approx(fit.ci_low, abs=2e-4)
        assert fit.prediction_low is not None
        assert curves.prediction_low is not None
        assert np.interp(1 - level, curves.p, curves.prediction_low) == pytest.approx(fit.prediction_low, abs=1e-3)
    same = p_value_curves(YI, VI, pool(YI, VI, ci=ci, level=0.6)).pooled_low  # the level of the fit does not matter
    assert_allclose(same, curves.pooled_low, rtol=1e-10)


def test_a_curve_of_a_study_is_its_own_p_value():
    curves = p_value_curves(YI, VI, pool(YI, VI))
    p = 2 * stats.norm.sf(np.abs(curves.study_low - YI[:, None]) / np.sqrt(VI)[:, None])
    assert_allclose(p, np.broadcast_to(curves.p, p.shape), rtol=1e-9)
    assert_allclose(curves.study_low[:, -1], YI, atol=1e-12)
    assert_allclose(curves.pooled_low[-1], curves.pooled_high[-1])


def test_no_curve_where_one_interval_does_not_tell_of_the_others():
    for options in ({"ci": "hc"}, {"ci": "profile", "tau2": "ML"}):
        with pytest.raises(NotEstimable, match=f"the {options['ci']} interval is not"):
            p_value_curves(YI, VI, pool(YI, VI, **options))


def test_the_bootstrap_prediction_has_no_curve():
    fit = pool(YI[:5], VI[:5], prediction="bootstrap", ci="wald")
    assert fit.prediction_low is not None
    assert p_value_curves(YI[:5], VI[:5], fit).prediction_low is None


def test_the_likelihood_of_tau2_is_metafors():
    """metafor 4: rma(yi, vi, data=dat.bcg), logLik -12.2024 restricted, -12.6651 by ML; profile interval of the REML fit."""
    found = tau2_likelihood(YI, VI)
    assert found.top == pytest.approx(-12.2024, abs=5e-5)
    assert found.estimate == pytest.approx(0.3132, abs=5e-5)
    assert found.estimate in found.tau2
    assert found.log_likelihood.max() == pytest.approx(found.top)
    assert tau2_likelihood(YI, VI, restricted=False).top == pytest.approx(-12.6651, abs=5e-5)


@pytest.mark.parametrize("restricted", [True, False])
def test_the_curve_by_the_density_itself(restricted):
    """Full: the joint normal density at the weighted mean. Restricted: the density of k - 1 orthonormal contrasts."""
    found = tau2_likelihood(YI, VI, restricted=restricted)
    for tau2, value in zip(found.tau2[::40], found.log_likelihood[::40], strict=True):
        cov = np.diag(VI + tau2)
        if restricted:
            contrasts = np.linalg.svd(np.eye(YI.size) - 1 / YI.size)[2][:-1]
            expected = stats.multivariate_normal.logpdf(contrasts @ YI, cov=contrasts @ cov @ contrasts.T)
        else:
            w = 1 / np.diag(cov)
            expected = stats.multivariate_normal.logpdf(YI, mean=np.full(YI.size, (w @ YI) / w.sum()), cov=cov)
        assert value == pytest.approx(expected, rel=1e-9)


def test_the_interval_ends_where_the_likelihood_ratio_rejects():
    found = tau2_likelihood(YI, VI, level=0.9, shown=0.5)
    assert found.top - found.floor == pytest.approx(stats.chi2.ppf(0.9, 1) / 2)
    for end in (found.low, found.high):
        assert np.interp(end, found.tau2, found.log_likelihood) == pytest.approx(found.floor, abs=5e-3)
    assert found.tau2[0] == 0
    assert found.tau2[-1] > found.high
    assert found.shown_log_likelihood == pytest.approx(np.interp(0.5, found.tau2, found.log_likelihood), abs=1e-4)


def test_equal_effects_have_their_maximum_at_zero():
    found = tau2_likelihood([0.2, 0.2, 0.2], [0.1, 0.2, 0.3])
    assert (found.estimate, found.low) == (0.0, 0.0)
    assert np.isfinite(found.log_likelihood).all()
    with pytest.raises(TooFewStudies):
        tau2_likelihood([0.2], [0.1])


def test_residuals_of_a_fit_go_straight_in():
    found = normal_quantiles(studies(YI, VI).standard_z)
    assert found.theory.shape == YI.shape
    assert int(np.argmax(found.theory)) == int(np.argmax(found.observed))
