"""The likelihood methods against other ways to the same number: brute force, dense algebra, scipy's distributions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, optimize, stats
from scipy.special import expit, gammaln

from mscsec.pooling.counts import ZeroCells, families, pool_counts, pool_group_rates, pool_proportions, pool_rates
from mscsec.pooling.counts.beta_binomial import DIRECT, _rising, fit_beta_binomial
from mscsec.pooling.counts.families import log_gamma_ratio, noncentral_hypergeometric
from mscsec.pooling.counts.glmm_models import (
    conditional_approximate,
    conditional_exact,
    fixed_study_effects,
    random_study_effects,
)
from mscsec.pooling.counts.marginal import log_likelihood
from mscsec.pooling.counts.tables import two_by_two

A, N1, C, N2 = (
    np.array(v, dtype=float)
    for v in (
        [4, 6, 3, 62, 33, 8],
        [123, 306, 231, 700, 500, 90],
        [11, 29, 11, 40, 47, 3],
        [139, 303, 220, 650, 480, 88],
    )
)
TABLES = (A, N1, C, N2)


def dense_logistic() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Design, events and totals of the stratified logistic regression, one row an arm, the effect last."""
    k = len(A)
    levels = np.vstack([np.eye(k), np.eye(k)])
    design = np.column_stack([levels, np.repeat([1.0, 0.0], k)])
    return design, np.concatenate([A, C]), np.concatenate([N1, N2])


def test_without_heterogeneity_it_is_logistic_regression() -> None:
    design, y, n = dense_logistic()
    beta = np.zeros(design.shape[1])
    for _ in range(30):
        p = expit(design @ beta)
        information = design.T @ (design * (n * p * (1 - p))[:, None])
        beta = beta + np.linalg.solve(information, design.T @ (y - n * p))
    found = pool_counts(*TABLES, method="UM.FS", model="common")
    assert_allclose(found.estimate, beta[-1], rtol=1e-10)
    assert_allclose(found.se, np.sqrt(np.linalg.inv(information)[-1, -1]), rtol=1e-9)
    assert found.details is not None
    assert_allclose(found.details["log_likelihood"], stats.binom.logpmf(y, n, expit(design @ beta)).sum(), rtol=1e-12)


def test_exact_conditional_is_fishers_noncentral_hypergeometric() -> None:
    found = pool_counts(*TABLES, method="CM.EL", model="common")

    def minus(theta: float) -> float:
        return -stats.nchypergeom_fisher.logpmf(A, N1 + N2, N1, A + C, np.exp(theta)).sum()

    best = optimize.minimize_scalar(minus, bracket=(-1, 0), tol=1e-12)
    assert_allclose(found.estimate, best.x, rtol=1e-6)
    assert found.details is not None
    assert_allclose(found.details["log_likelihood"], -best.fun, rtol=1e-9)


def test_the_marginal_likelihood_is_the_integral() -> None:
    found = pool_counts(*TABLES, method="CM.AL", points=41)
    assert found.tau is not None
    assert found.tau > 0.1
    total = 0.0
    for a, n_1, c, n_2 in zip(*TABLES, strict=True):

        def height(u: float, a: float = a, m: float = a + c, offset: float = np.log(n_1 / n_2)) -> float:
            p = expit(found.estimate + offset + found.tau * u)
            return float(stats.binom.pmf(a, m, p) * stats.norm.pdf(u))

        total += np.log(integrate.quad(height, -12, 12, epsabs=0, epsrel=1e-11, limit=400)[0])
    assert found.details is not None
    assert_allclose(found.details["log_likelihood"], total, rtol=1e-9)


@pytest.mark.parametrize(
    ("build", "points"),
    [
        (fixed_study_effects, 7),
        (random_study_effects, 1),
        (random_study_effects, 5),
        (conditional_exact, 9),
        (conditional_approximate, 3),
    ],
)
def test_derivatives_are_those_of_the_quadrature(build, points) -> None:
    """Gradient and Hessian against central differences of the value, at a place that is no maximum."""
    model = build(two_by_two(*TABLES), np.ones((6, 1)), points, 0.5).model
    q = model.shared
    shared, own = np.linspace(0.3, 0.6, q), np.linspace(-3, -2, 6)
    jet, h = log_likelihood(model, shared, own), 1e-4
    for i in range(q):
        step = h * np.eye(q)[i]
        up, down = log_likelihood(model, shared + step, own), log_likelihood(model, shared - step, own)
        assert_allclose(jet.gradient[i], (up.value - down.value) / (2 * h), rtol=1e-6, atol=1e-6)
        assert_allclose(jet.hessian[i], (up.gradient - down.gradient) / (2 * h), rtol=1e-5, atol=1e-5)
    if model.own_intercept:
        up, down = log_likelihood(model, shared, own + h), log_likelihood(model, shared, own - h)
        assert_allclose(jet.gradient[-1], (up.value - down.value) / (2 * h), rtol=1e-6, atol=1e-6)
        assert_allclose(jet.hessian[-1], (up.gradient - down.gradient) / (2 * h), rtol=1e-5, atol=1e-5)


def test_two_random_effects_by_product_quadrature() -> None:
    """One table's likelihood under UM.RS against a double integral; Laplace is near, the product rule exact."""
    model = random_study_effects(two_by_two([9], [40], [14], [45]), np.ones((1, 1)), 25, 0.5).model
    mu, theta, sigma, tau = -1.0, -0.4, 0.6, 0.8

    # The trapezoid rule on a fine grid: exact to rounding for so smooth an integrand.
    grid = np.linspace(-8, 8, 201)
    u, v = np.meshgrid(grid, grid)
    one, two = mu + sigma * u + theta + tau * v / 2, mu + sigma * u - tau * v / 2
    likelihood = stats.binom.pmf(9, 40, expit(one)) * stats.binom.pmf(14, 45, expit(two))
    density = np.exp(-(u * u + v * v) / 2) / (2 * np.pi)
    exact = np.log((likelihood * density).sum() * (grid[1] - grid[0]) ** 2)
    shared = np.array([mu, theta, sigma, tau])
    assert_allclose(log_likelihood(model, shared, np.zeros(1)).value[0], exact, rtol=1e-8)
    laplace = random_study_effects(two_by_two([9], [40], [14], [45]), np.ones((1, 1)), 1, 0.5).model
    assert abs(log_likelihood(laplace, shared, np.zeros(1)).value[0] - exact) < 0.05


def test_a_long_support_on_a_lattice_is_the_whole_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    table = two_by_two([700], [3000], [650], [2800])
    eta = np.array([[[-1.0, 0.0, 0.02, 1.5]]])
    whole = noncentral_hypergeometric(table).cumulants(eta)
    monkeypatch.setattr(families, "WHOLE", 10)
    lattice = noncentral_hypergeometric(table).cumulants(eta)
    for one, other in zip(whole, lattice, strict=True):
        assert_allclose(other, one, rtol=1e-9, atol=1e-9)


def test_log_gamma_ratio_keeps_its_digits() -> None:
    near = log_gamma_ratio(1e9, np.array([3.0]))
    assert_allclose(near, np.log(1e9) + np.log(1e9 + 1) + np.log(1e9 + 2), rtol=1e-15)
    a, step = np.array([2.0, 31.0, 500.0]), np.array([5.5, -0.5, 250.0])
    assert_allclose(log_gamma_ratio(a, step), gammaln(a + step) - gammaln(a), rtol=1e-12)


def test_one_group_models() -> None:
    x, n = np.array([14, 42, 15, 9.0]), np.array([22, 53, 30, 9.0])
    found = pool_proportions(x, n, model="common")
    assert_allclose(found.estimate, np.log(x.sum() / (n - x).sum()), rtol=1e-10)
    assert_allclose(found.display.estimate, x.sum() / n.sum(), rtol=1e-10)
    rate = pool_group_rates(x, n, model="common")
    assert_allclose((rate.estimate, rate.se), (np.log(x.sum() / n.sum()), x.sum() ** -0.5), rtol=1e-10)


# --- beta-binomial -------------------------------------------------------------------------------------------------------


def brute_beta_binomial(link) -> optimize.OptimizeResult:
    def minus(v: np.ndarray) -> float:
        spread = np.exp(v[2])
        value = 0.0
        for x, n, eta in ((A, N1, v[0]), (C, N2, v[1])):
            p = link(eta)
            value -= stats.betabinom.logpmf(x, n, p / spread, (1 - p) / spread).sum()
        return value

    start = {expit: [-2.5, -2.4, -4.0], np.exp: [-2.7, -2.5, -4.0]}[link]
    return optimize.minimize(
        minus, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000}
    )


@pytest.mark.parametrize(("measure", "link"), [("OR", expit), ("RR", np.exp)])
def test_beta_binomial_is_the_maximum(measure: str, link) -> None:
    brute = brute_beta_binomial(link)
    found = pool_counts(*TABLES, method="BB", measure=measure)
    assert found.details is not None
    assert_allclose(found.estimate, brute.x[0] - brute.x[1], rtol=1e-5)
    assert_allclose(found.details["log_likelihood"], -brute.fun, rtol=1e-10)
    spread = np.exp(brute.x[2])
    assert_allclose(found.details["rho"], spread / (1 + spread), rtol=1e-4)


def test_beta_binomial_without_overdispersion_is_binomial() -> None:
    same = [np.full(4, v, dtype=float) for v in (10, 40, 16, 44)]
    found = pool_counts(*same, method="BB")
    assert found.details is not None
    assert found.details["rho"] == 0
    odds = 10 / 30 / (16 / 28)
    variance = (1 / 10 + 1 / 30 + 1 / 16 + 1 / 28) / 4
    assert_allclose((found.estimate, found.se), (np.log(odds), np.sqrt(variance)), rtol=1e-9)


def test_rising_sums_of_large_counts() -> None:
    counts = np.array([3.0, DIRECT + 0.0, 250_000.0, 1_500.0])
    rising = _rising(counts)
    for p, gamma in ((0.2, 0.05), (1e-6, 1.0), (0.7, 0.0)):
        direct = sum(np.log(p + np.arange(x) * gamma).sum() for x in counts)
        assert_allclose((rising.weights * np.log(p + gamma * rising.places)).sum(), direct, rtol=1e-11)


def test_beta_binomial_risk_difference_follows_from_the_group_means() -> None:
    fit = fit_beta_binomial([(A, N1), (C, N2)], "identity")
    logit = fit_beta_binomial([(A, N1), (C, N2)], "logit")
    assert_allclose(fit.eta, expit(logit.eta), rtol=1e-7)
    assert_allclose(fit.log_likelihood, logit.log_likelihood, rtol=1e-12)


# --- Firth ---------------------------------------------------------------------------------------------------------------


def penalised(beta: np.ndarray) -> float:
    design, y, n = dense_logistic()
    eta = design @ beta
    p = expit(eta)
    information = design.T @ (design * (n * p * (1 - p))[:, None])
    return float((y * eta - n * np.logaddexp(0, eta)).sum() + np.linalg.slogdet(information)[1] / 2)


def test_firth_is_the_penalised_maximum() -> None:
    found = pool_counts(*TABLES, method="Firth")
    start = np.append(np.log((A + C) / (N1 + N2)), -0.1)
    best = optimize.minimize(lambda b: -penalised(b), start, method="BFGS", options={"gtol": 1e-7})
    assert_allclose(found.estimate, best.x[-1], rtol=1e-5)
    assert found.details is not None
    assert_allclose(found.details["penalised_log_likelihood"], -best.fun, rtol=1e-10)


def test_firth_limits_are_where_the_ratio_test_rejects() -> None:
    found = pool_counts(*TABLES, method="Firth")
    assert found.details is not None
    start = np.log((A + C) / (N1 + N2))
    for limit in (found.ci_low, found.ci_high):
        held = optimize.minimize(
            lambda b, at=limit: -penalised(np.append(b, at)), start, method="BFGS", options={"gtol": 1e-7}
        )
        ratio = 2 * (found.details["penalised_log_likelihood"] + held.fun)
        assert_allclose(ratio, stats.chi2.ppf(0.95, 1), rtol=1e-6)


def test_firth_stays_finite_under_separation() -> None:
    found = pool_counts([0, 0, 0], [20, 30, 40], [3, 2, 1], [22, 31, 38], method="Firth")
    assert np.isfinite([found.estimate, found.ci_low, found.ci_high]).all()
    assert found.ci_method == "profile"
    assert pool_counts(*TABLES, method="Firth", ci="wald").ci_method == "wald"


# --- between methods -----------------------------------------------------------------------------------------------------


def test_peto_is_the_exact_method_for_a_tiny_effect() -> None:
    a, n, c = np.array([100.0, 205.0]), np.array([10_000.0, 20_000.0]), np.array([101.0, 204.0])
    peto, exact = (pool_counts(a, n, c, n, method=m, model="common") for m in ("Peto", "CM.EL"))
    assert_allclose((peto.estimate, peto.se), (exact.estimate, exact.se), rtol=1e-5, atol=1e-9)


def test_rare_events_bring_the_conditional_models_together() -> None:
    n = np.array([1e6, 2e6, 3e6])
    a, c = np.array([4.0, 9, 12]), np.array([7.0, 11, 25])
    exact, near = (pool_counts(a, n, c, n, method=m) for m in ("CM.EL", "CM.AL"))
    assert_allclose((near.estimate, near.se), (exact.estimate, exact.se), rtol=1e-4)


def test_zero_cells_need_no_correction_in_a_likelihood() -> None:
    zero = ([0, 5, 3], [40, 50, 60], [4, 0, 8], [42, 50, 58])
    for method in ("UM.FS", "CM.EL", "UM.RS"):
        plain = pool_counts(*zero, method=method)
        other = pool_counts(*zero, method=method, zero_cells=ZeroCells("other", increment=0.01))
        assert plain.estimate == other.estimate
        assert not any(notice.code == "P303" for notice in plain.warnings)


# Trials of a national register: the likelihood's terms are near 1e6, so that its last steps are less than its rounding.
REGISTER = [
    np.array(v)
    for v in (
        [63870.0, 84275, 7438, 21438, 12814, 22326],
        [223980.0, 294907, 26131, 74660, 44796, 78393],
        [47731.0, 564953, 167106, 580654, 485462, 111364],
        [50250.0, 594625, 175875, 611375, 510875, 117250],
    )
]


@pytest.mark.parametrize("model", ["common", "random"])
@pytest.mark.parametrize("method", ["UM.FS", "CM.AL", "UM.RS"])
def test_large_counts_converge_whichever_way_round(method: str, model: str) -> None:
    a, n_1, c, n_2 = REGISTER
    found = pool_counts(a, n_1, c, n_2, method=method, model=model)
    others = [pool_counts(c, n_2, a, n_1, method=method, model=model)]
    others += [] if method == "CM.AL" else [pool_counts(n_1 - a, n_1, n_2 - c, n_2, method=method, model=model)]
    for other in others:
        assert_allclose((other.estimate, other.se), (-found.estimate, found.se), rtol=1e-7)
    if (method, model) == ("UM.FS", "common"):
        assert_allclose(found.estimate, stratified_logistic(), rtol=1e-10)


def stratified_logistic() -> float:
    """The root of the score with each stratum's level at its own root: no likelihood, so no rounding of one."""

    def surplus(level: float, theta: float, a: float, n_1: float, c: float, n_2: float) -> float:
        return float(n_1 * expit(level + theta) + n_2 * expit(level) - a - c)

    def score(theta: float) -> float:
        total = 0.0
        for a, n_1, c, n_2 in zip(*REGISTER, strict=True):
            level = optimize.brentq(surplus, -20, 20, args=(theta, a, n_1, c, n_2), xtol=1e-14, rtol=1e-15)
            total += n_1 * expit(level + theta) - a
        return total

    return float(optimize.brentq(score, -6, 0, xtol=1e-13, rtol=1e-14))


@pytest.mark.parametrize("seed", range(6))
def test_large_person_times_converge(seed: int) -> None:
    """Counts of ten millions: the pooled log rate ratio of one true ratio lies within a few standard errors of it."""
    rng = np.random.default_rng(seed)
    t_1, t_2 = rng.uniform(1e6, 1e8, (2, 4))
    rate = 0.3 * np.exp(rng.normal(0, 0.5, 4))
    data = (rng.poisson(rate * t_1 * np.exp(-1)), t_1, rng.poisson(rate * t_2), t_2)
    for method in ("UM.FS", "CM.EL", "UM.RS"):
        for model in ("common", "random"):
            found = pool_rates(*data, method=method, model=model)
            assert abs(found.estimate + 1) < 5 * found.se < 0.05
    assert pool_group_rates(data[0], t_1).iterations is not None
