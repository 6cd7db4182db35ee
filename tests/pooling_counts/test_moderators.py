"""Mixed models of counts with moderators: against brute force, and what must not matter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.special import gammaln, logsumexp

import mscsec as ms
from mscsec.errors import InvalidInput, NotConverged, NotEstimable, TooFewStudies, UnknownMethod
from mscsec.pooling.regression import predict, variance_inflation
from mscsec.pooling.regression.result import CountRegression

A = np.array([4.0, 6, 3, 62, 33, 180, 8, 505, 29, 17])
N_1 = np.array([123.0, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716])
C = np.array([11.0, 29, 11, 248, 47, 372, 10, 499, 45, 65])
N_2 = np.array([139.0, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665])
X = np.array(
    [
        [44.0, 1948],
        [55, 1949],
        [42, 1960],
        [52, 1977],
        [13, 1973],
        [44, 1953],
        [19, 1973],
        [13, 1980],
        [27, 1968],
        [42, 1961],
    ]
)
NAMES = ["latitude", "year"]
Z = np.linspace(-10, 10, 2001)
LOG_PHI = -Z * Z / 2 - 0.5 * np.log(2 * np.pi) + np.log(Z[1] - Z[0])


def binomial(x: Any, n: Any, eta: Any) -> Any:
    return gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1) + x * eta - n * np.logaddexp(0, eta)


def brute(of: Callable[[Any], Any], start: Any, tau: float) -> tuple[Any, float, float]:
    """Coefficients (centred columns), tau2 and log-likelihood by Nelder-Mead over an integral on 2,001 points."""
    design = np.column_stack([np.ones(10), (X - X.mean(0)) / X.std(0)])

    def against(p: Any) -> float:
        eta = (design @ p[:3])[:, None] + np.exp(p[3]) * Z
        return -float(logsumexp(of(eta) + LOG_PHI, axis=1).sum())

    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000, "maxfev": 5000}
    found = minimize(against, [*start, np.log(tau)], method="Nelder-Mead", options=options)
    found = minimize(against, found.x, method="Nelder-Mead", options=options)
    slopes = found.x[1:3] / X.std(0)
    return np.array([found.x[0] - slopes @ X.mean(0), *slopes]), float(np.exp(2 * found.x[3])), -float(found.fun)


def estimates(r: CountRegression) -> list[float]:
    return [c.estimate for c in r.coefficients.values()]


def test_conditional_approximate_maximises_its_likelihood() -> None:
    offset = np.log(N_1 / N_2)[:, None]
    beta, tau2, top = brute(lambda eta: binomial(A[:, None], (A + C)[:, None], eta + offset), [-0.7, -0.3, 0.1], 0.2)
    r = ms.regress_counts(A, N_1, C, N_2, X, names=NAMES, method="CM.AL", points=41)
    assert_allclose(estimates(r), beta, rtol=2e-4)
    assert r.tau2 == pytest.approx(tau2, rel=1e-4)
    assert r.log_likelihood == pytest.approx(top, abs=1e-7)


def test_proportions_maximise_their_likelihood() -> None:
    beta, tau2, top = brute(lambda eta: binomial(A[:, None], N_1[:, None], eta), [-4.0, 0.3, -0.5], 0.8)
    r = ms.regress_proportions(A, N_1, X, names=NAMES, points=41)
    assert_allclose(estimates(r), beta, rtol=2e-4)
    assert r.tau2 == pytest.approx(tau2, rel=1e-4)
    assert r.log_likelihood == pytest.approx(top, abs=1e-7)


@pytest.mark.parametrize("method", ["UM.FS", "UM.RS", "CM.EL", "CM.AL"])
def test_a_constant_alone_is_the_pooled_odds_ratio(method: str) -> None:
    r = ms.regress_counts(A, N_1, C, N_2, np.ones((10, 1)), method=method)
    pooled = ms.pool_counts(A, N_1, C, N_2, method=method, model="random")
    assert_allclose(estimates(r), [pooled.estimate], rtol=1e-6)
    assert_allclose([r.tau2, r.log_likelihood], [pooled.tau2, pooled.details["log_likelihood"]], rtol=1e-6)
    assert r.i2 == pytest.approx(pooled.i2, rel=1e-6)


@pytest.mark.parametrize("method", ["UM.FS", "UM.RS", "CM.EL"])
def test_rates_without_moderators_are_the_pooled_rate_ratio(method: str) -> None:
    r = ms.regress_rates(A, 10 * N_1, C, 10 * N_2, np.ones((10, 1)), method=method)
    pooled = ms.pool_rates(A, 10 * N_1, C, 10 * N_2, method=method, model="random")
    assert_allclose([*estimates(r), r.tau2], [pooled.estimate, pooled.tau2], rtol=1e-6)


def test_units_and_origin_of_a_moderator_do_not_matter() -> None:
    r = ms.regress_counts(A, N_1, C, N_2, X, names=NAMES)
    moved = ms.regress_counts(A, N_1, C, N_2, (X - 1900) * 1e4, names=NAMES)
    assert_allclose(1e4 * moved.coefficients["year"].estimate, r.coefficients["year"].estimate, rtol=1e-6)
    assert_allclose([moved.log_likelihood, moved.qm.statistic], [r.log_likelihood, r.qm.statistic], rtol=1e-8)


def test_t_takes_an_f_test_on_the_residual_degrees_of_freedom() -> None:
    z = ms.regress_group_rates(A, N_1, X, names=NAMES)
    t = ms.regress_group_rates(A, N_1, X, names=NAMES, ci="t")
    assert (t.qm.df1, t.qm.df2, t.coefficients["year"].df) == (2, 7.0, 7.0)
    assert t.qm.statistic == pytest.approx(z.qm.statistic / 2, rel=1e-12)
    assert t.coefficients["year"].p_value > z.coefficients["year"].p_value


def test_studies_without_events_are_said_and_do_not_count() -> None:
    a, c, x = np.append(A, 0.0), np.append(C, 0.0), np.vstack([X, [30, 1970]])
    r = ms.regress_counts(a, np.append(N_1, 50), c, np.append(N_2, 50), x, names=NAMES, method="CM.EL")
    assert (r.k, r.used[-1]) == (10, False)
    assert any(notice.code == "P302" and "study 11" in notice.message for notice in r.warnings)
    assert_allclose(estimates(r), estimates(ms.regress_counts(A, N_1, C, N_2, X, method="CM.EL")), rtol=1e-9)


def test_what_cannot_be_fitted_is_refused_by_name() -> None:
    with pytest.raises(NotEstimable, match="twice is made up of latitude"):
        ms.regress_counts(A, N_1, C, N_2, np.column_stack([X[:, 0], 2 * X[:, 0]]), names=["latitude", "twice"])
    with pytest.raises(TooFewStudies, match="3 coefficients and a between-study variance"):
        ms.regress_counts(A[:3], N_1[:3], C[:3], N_2[:3], X[:3])
    with pytest.raises(InvalidInput, match="a row for each study"):
        ms.regress_counts(A, N_1, C, N_2, X[:4])
    with pytest.raises(UnknownMethod, match="MH"):
        ms.regress_counts(A, N_1, C, N_2, X, method="MH")
    with pytest.raises(InvalidInput, match="wald"):
        ms.regress_counts(A, N_1, C, N_2, X, ci="hksj")
    with pytest.raises(InvalidInput, match="1 to 101 nodes"):
        ms.regress_counts(A, N_1, C, N_2, X, points=0)
    with pytest.raises(InvalidInput, match="1 to 101 nodes"):
        ms.regress_proportions(A, N_1, X, points=-1)
    for events in (0 * N_1, N_1):
        with pytest.raises(NotEstimable, match="logit is infinite"):
            ms.regress_proportions(events, N_1, X)
    with pytest.raises(NotEstimable, match="log rate is infinite"):
        ms.regress_group_rates(0 * N_1, N_1, X)
    with pytest.raises(NotEstimable):  # the moderator splits the studies into those of infinite effect either way
        ms.regress_counts([0, 0, 3, 4], [50] * 4, [3, 4, 0, 0], [50] * 4, [0, 0, 1, 1])


@pytest.mark.parametrize("model", ["random", "common"])
@pytest.mark.parametrize("method", ["UM.FS", "UM.RS", "CM.EL", "CM.AL"])
def test_separated_studies_have_no_estimate(method: str, model: str) -> None:
    events, n, group = ([0, 0, 0, 5, 6, 7], [5, 6, 7, 0, 0, 0]), [20] * 6, [0, 0, 0, 1, 1, 1]
    with pytest.raises((NotEstimable, NotConverged), match=r"separation|Leave out a moderator|do not determine"):
        ms.regress_counts(events[0], n, events[1], n, group, method=method, model=model)
    # one event on either side is enough for an estimate
    events = ([1, 0, 0, 5, 6, 7], [5, 6, 7, 1, 0, 0])
    found = ms.regress_counts(events[0], n, events[1], n, group, method=method, model=model)
    assert all(part.se < 5 for part in found.coefficients.values())


def test_a_column_that_others_make_up_is_left_out_where_that_is_asked() -> None:
    x = np.column_stack([X, X @ [2, 1]])
    for fit, cells in (
        (ms.regress_counts, (A, N_1, C, N_2)),
        (ms.regress_rates, (A, N_1, C, N_2)),
        (ms.regress_proportions, (A, N_1)),
        (ms.regress_group_rates, (A, N_1)),
    ):
        with pytest.raises(NotEstimable, match=r'both is made up of latitude, year.*redundant="drop"'):
            fit(*cells, x, names=[*NAMES, "both"])
        r = fit(*cells, x, names=[*NAMES, "both"], redundant="drop")
        assert_allclose(estimates(r), estimates(fit(*cells, X, names=NAMES)), rtol=1e-12)
        assert [notice.code for notice in r.warnings] == ["P401"]


def test_a_category_of_studies_without_events_alone_is_said_to_be_of_none_that_count() -> None:
    a, c, group = np.append(A, 0.0), np.append(C, 0.0), np.append(np.zeros(10), 1.0)
    with pytest.raises(
        NotEstimable, match=r"is zero in every study.* Studies that do not inform the model do not count"
    ):
        ms.regress_counts(a, np.append(N_1, 50), c, np.append(N_2, 50), group)


@pytest.mark.parametrize("ci", ["wald", "t"])
def test_a_prediction_is_the_constant_of_moderators_counted_from_there(ci: str) -> None:
    r = ms.regress_counts(A, N_1, C, N_2, X, names=NAMES, method="CM.AL", ci=ci)
    there = predict(r, {"latitude": [40.0], "year": [1970.0]})
    constant = ms.regress_counts(A, N_1, C, N_2, X - [40, 1970], method="CM.AL", ci=ci).coefficients["intercept"]
    found = (there.estimate[0], there.se[0], there.ci_low[0], there.ci_high[0])
    assert_allclose(found, (constant.estimate, constant.se, constant.ci_low, constant.ci_high), rtol=1e-6)
    assert (there.df, there.prediction_df) == ((constant.df,), (7.0,))
    assert there.prediction_low is not None
    half = 2.364624251592784 * np.hypot(constant.se, r.tau)  # t on 7 degrees of freedom
    assert there.prediction_low[0] == pytest.approx(constant.estimate - half, rel=1e-6)


def test_two_moderators_inflate_each_other_by_their_correlation() -> None:
    r = ms.regress_proportions(A, N_1, X, names=NAMES)
    vcov = np.array(r.vcov)[1:, 1:]
    share = vcov[0, 1] ** 2 / (vcov[0, 0] * vcov[1, 1])
    assert [part.gvif for part in variance_inflation(r).values()] == pytest.approx([1 / (1 - share)] * 2)


def test_predictions_are_those_of_metafor() -> None:
    """metafor 3.8.1: predict(rma.glmm(..., mods=~lat), newmods=20), a normal and a t prediction interval."""
    proportions = predict(ms.regress_proportions(A, N_1, X[:, 0]), [20.0], prediction="normal")
    ratios = predict(ms.regress_counts(A, N_1, C, N_2, X[:, 0], method="CM.AL", ci="t"), [20.0])
    for found, wanted in (
        (proportions, (-5.0968555592, 0.4401969164, -5.9596256615, -4.2340854570, -7.1586221554, -3.0350889631)),
        (ratios, (-0.3419762325, 0.1381023438, -0.6604408084, -0.0235116567, -0.8526173690, 0.1686649040)),
    ):
        assert found.prediction_low is not None
        assert found.prediction_high is not None
        ends = (found.ci_low[0], found.ci_high[0], found.prediction_low[0], found.prediction_high[0])
        assert_allclose((found.estimate[0], found.se[0], *ends), wanted, rtol=2e-4)
