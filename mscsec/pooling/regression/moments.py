"""Closed-form and moment estimators of the residual between-study variance, on a batch.

Each equates a quadratic form y'Py of its own weights to its expectation, tr(PV) + tau2 tr(P).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from mscsec.arrays import Array, BoolArray
from mscsec.errors import InvalidInput
from mscsec.pooling.regression.mixture import chi2_mixture_cdf
from mscsec.pooling.regression.problem import Problem
from mscsec.pooling.regression.projection import Projection, dot, project
from mscsec.pooling.regression.roots import bracketed_root


@dataclass(frozen=True, slots=True)
class Tau2:
    """Residual between-study variance of each row of the batch.

    value : (B,) squared units of yi, exactly 0 where truncated.
    se : (B,) its standard error; nan where there is none.
    converged : (B,) True throughout for a closed form.
    iterations : the most that any row took.
    several_maxima : (B,) True where the likelihood has more than one maximum; the highest was taken.
    """

    value: Array
    se: Array
    converged: BoolArray
    iterations: int = 0
    several_maxima: BoolArray | None = None


def _moment(problem: Problem, weights: Array, tau2_of: Callable[[Projection], tuple[Array, Array]]) -> Tau2:
    """`tau2_of` gives the untruncated estimate and d tau2 / d Q, the factor that turns the SE of Q into its own."""
    fit = project(problem, weights)
    raw, factor = tau2_of(fit)
    value = np.maximum(raw, 0.0)
    return Tau2(value, factor * se_of_q(problem, fit, value), np.ones(value.shape, dtype=bool))


def se_of_q(problem: Problem, fit: Projection, tau2: Array) -> Array:
    """(B,) standard error of the quadratic form y'Py under normality: sqrt(2 tr(P S P S)), S = V + tau2 I."""
    spread = fit.weights * (problem.vi + tau2[:, None])
    return np.sqrt(2 * fit.trace_product(spread, spread))


def dersimonian_laird(problem: Problem) -> Tau2:
    """Method of moments on the residual Q of the inverse-variance fit.

    Source: DerSimonian & Laird (1986); with moderators Raudenbush (2009), Handbook of Research Synthesis, ch. 16.
    """

    def solve(fit: Projection) -> tuple[Array, Array]:
        trace = fit.trace(fit.weights)
        return (fit.rss - problem.df) / trace, 1 / trace

    return _moment(problem, problem.precision(0.0), solve)


def hedges(problem: Problem) -> Tau2:
    """Method of moments on the unweighted residual sum of squares (the variance-component estimator).

    Source: Hedges (1983), Psychol Bull 93:388-395; with moderators Raudenbush (2009).
    """

    def solve(fit: Projection) -> tuple[Array, Array]:
        return (fit.rss - fit.trace(fit.weights * problem.vi)) / problem.df, 1 / problem.df

    return _moment(problem, problem.mask.astype(float), solve)


def hunter_schmidt(problem: Problem) -> Tau2:
    """(Q - k) / sum of weights; biased downwards. Source: Hunter & Schmidt (2004), Methods of Meta-Analysis."""

    def solve(fit: Projection) -> tuple[Array, Array]:
        total = fit.weights.sum(-1)
        return (fit.rss - problem.k) / total, 1 / total

    return _moment(problem, problem.precision(0.0), solve)


def hunter_schmidt_k(problem: Problem) -> Tau2:
    """Hunter-Schmidt with Q raised by k / (k - p) for the coefficients estimated.

    Source: Brannick, Potter, Benitez & Morris (2019), Res Synth Methods 10:490-514.
    """

    def solve(fit: Projection) -> tuple[Array, Array]:
        factor = problem.k / problem.df / fit.weights.sum(-1)
        return factor * fit.rss - problem.k / fit.weights.sum(-1), factor

    return _moment(problem, problem.precision(0.0), solve)


def sidik_jonkman(problem: Problem) -> Tau2:
    """A crude variance of the effects, then improved once by the residuals weighted with it; never truncated.

    The crude value is the sum of squares about the plain mean over k, moderators or not.
    Source: Sidik & Jonkman (2005), J R Stat Soc C 54:367-384.
    """
    mean = problem.yi.sum(-1) / problem.k
    spread = np.where(problem.mask, problem.yi - mean[:, None], 0.0)
    crude = dot(spread, spread) / problem.k
    fit = project(problem, problem.precision(crude))
    factor = crude / problem.df
    value = factor * fit.rss
    return Tau2(value, factor * se_of_q(problem, fit, value), np.ones(value.shape, dtype=bool))


def _given(problem: Problem) -> Array:
    if problem.q_weights is None:
        raise InvalidInput("GENQ and GENQM were asked for without weights", "they are built on weights of your own")
    return problem.q_weights


def generalised_q(problem: Problem) -> Tau2:
    """Method of moments on the generalised Q of the weights given.

    Source: DerSimonian & Kacker (2007), Contemp Clin Trials 28:105-114, equation 6; with moderators Jackson,
    Turner, Rhodes & Viechtbauer (2014), BMC Med Res Methodol 14:103.
    """

    def solve(fit: Projection) -> tuple[Array, Array]:
        trace = fit.trace(fit.weights)
        return (fit.rss - fit.trace(fit.weights * problem.vi)) / trace, 1 / trace

    return _moment(problem, _given(problem), solve)


def generalised_q_median(problem: Problem) -> Tau2:
    """The tau2 under which the generalised Q of the weights given lies at the median of its distribution.

    Source: Viechtbauer (2021), European Congress of Methodology; the distribution, Jackson et al. (2014).
    """
    fit = project(problem, _given(problem))
    found = q_quantile_tau2(problem, fit, np.full(problem.yi.shape[0], 0.5))
    se = se_of_q(problem, fit, found.value) / fit.trace(fit.weights)
    return Tau2(found.value, se, found.converged, found.iterations)


@dataclass(frozen=True, slots=True)
class QuantileTau2:
    """A tau2 at which a statistic stands at a given quantile; `below` where even 0 puts it under that quantile."""

    value: Array
    below: BoolArray
    converged: BoolArray
    iterations: int


def q_quantile_tau2(problem: Problem, fit: Projection, probability: Array) -> QuantileTau2:
    """The tau2 under which P(Q <= observed) equals `probability` (B,), Q = y'Py with the weights of `fit`.

    Q is distributed as a sum of chi-square variables scaled by the eigenvalues of S^(1/2) P S^(1/2).
    """

    def excess(tau2: Array) -> Array:
        root = np.sqrt(fit.weights * (problem.vi + tau2[:, None]))
        half = fit.basis * root
        inside = np.einsum("bi,ij->bij", root**2, np.eye(root.shape[-1]))
        inside = inside - root[:, :, None] * np.einsum("pbi,pbj->bij", fit.basis, half)
        scales = np.maximum(np.linalg.eigvalsh((inside + np.swapaxes(inside, -1, -2)) / 2), 0.0)
        return chi2_mixture_cdf(fit.rss, scales) - probability

    zero = np.zeros(fit.rss.shape)
    below = excess(zero) <= 0
    high = np.where(below, 0.0, fit.rss / fit.trace(fit.weights))
    for _ in range(200):
        more = ~below & (excess(high) > 0)
        if not more.any():
            break
        high = np.where(more, 2 * high, high)
    found = bracketed_root(lambda tau2: np.where(below, -tau2, excess(tau2)), zero, high)
    return QuantileTau2(np.where(below, 0.0, found.value), below, found.converged | below, found.iterations)


def weighted_rss_tau2(problem: Problem, target: Array, most: int = 200) -> QuantileTau2:
    """The tau2 at which the residual sum of squares weighted by 1 / (vi + tau2) equals `target` (B,).

    1 / RSS is a concave increasing function of tau2 (a harmonic mean), so Newton's method on it climbs from 0 to the
    root without ever passing it; where even tau2 = 0 leaves RSS below the target, 0 is returned and `below` says so.
    """
    tau2 = np.zeros(target.shape)
    below, done = np.zeros(target.shape, dtype=bool), np.zeros(target.shape, dtype=bool)
    for iteration in range(most):
        fit = project(problem, problem.precision(tau2))
        excess = fit.rss / target - 1
        if iteration == 0:
            below = excess <= 0
            done = below.copy()
        slope = dot(fit.weights * fit.residual, fit.residual)
        step = np.where(done, 0.0, fit.rss / np.where(slope > 0, slope, 1.0) * excess)
        done |= (excess <= 4e-15) | (step <= 1e-15 * tau2)
        tau2 = tau2 + np.maximum(step, 0.0)
        if done.all():
            return QuantileTau2(tau2, below, done, iteration)
    return QuantileTau2(tau2, below, done, most)


def _solved(problem: Problem, target: Array) -> Tau2:
    found = weighted_rss_tau2(problem, target)
    se = np.sqrt(2 / problem.df) * problem.k / problem.precision(found.value).sum(-1)
    return Tau2(found.value, se, found.converged, found.iterations)


def paule_mandel(problem: Problem) -> Tau2:
    """The tau2 at which the generalised Q equals its expectation k - p; the empirical Bayes estimator has the same root.

    Source: Paule & Mandel (1982), J Res Natl Bur Stand 87:377-385; the equality, Viechtbauer et al. (2015), Psychol
    Methods 20:360-374.
    """
    return _solved(problem, problem.df)


def paule_mandel_median(problem: Problem) -> Tau2:
    """The tau2 at which the generalised Q equals the median of chi-square on k - p: median unbiased.

    Source: Viechtbauer (2021), European Congress of Methodology.
    """
    return _solved(problem, np.asarray(chdtri(problem.df, 0.5), dtype=float))
