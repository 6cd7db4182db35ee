"""Coefficients, their covariance and degrees of freedom, given the between-study variance; on a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

from mscsec.arrays import Array
from mscsec.errors import InvalidInput
from mscsec.pooling.regression.problem import Problem
from mscsec.pooling.regression.projection import Projection, dot, forward_substitute, project
from mscsec.registry import by_key

INDEPENDENT = 1e-12  # of a correlation's triangle: below it the coefficients tested are one and the same up to rounding
MEAN_EXISTS = 1e-6  # closer to zero than this, one over the mean or the variance of F is rounding error


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients of each row of the batch under one between-study variance.

    model : the projection with weights 1 / (vi + tau2); used : the one whose weights gave `beta`, the same unless
        the user chose weights.
    beta : (B, p); factor : (B, p, q) with factor factor' the covariance of beta when vi and tau2 are the true variances.
    scale : (B,) residual mean square of `model`, y'Py / (k - p), whose expectation is one whatever weights gave beta.
    """

    problem: Problem
    tau2: Array
    model: Projection
    used: Projection
    beta: Array
    factor: Array
    scale: Array

    @property
    def bread(self) -> Array:
        """(B, p, p) covariance of beta when vi and tau2 are the true variances."""
        return np.asarray(self.factor @ np.swapaxes(self.factor, -1, -2))


@dataclass(frozen=True, slots=True)
class Inference:
    """What an interval method makes of a fit.

    factor : (B, p, q) with factor factor' the covariance; kept because a test on it loses half as many digits.
    df : (B, p), infinite for the normal distribution.
    """

    factor: Array
    df: Array

    @property
    def vcov(self) -> Array:
        """(B, p, p) covariance of the coefficients."""
        return np.asarray(self.factor @ np.swapaxes(self.factor, -1, -2))

    @property
    def se(self) -> Array:
        """(B, p) standard errors."""
        return np.asarray(np.sqrt((self.factor**2).sum(-1)))


def fit_coefficients(problem: Problem, tau2: Array) -> Fit:
    """Weighted least squares with 1 / (vi + tau2), or with the problem's own weights.

    With weights A of the user's the covariance is (X'AX)^-1 X'A S A X (X'AX)^-1, S = V + tau2 I.
    """
    model = project(problem, problem.precision(tau2))
    if problem.weights is None:
        used = model
        factor = model.inverse_triangle()
    else:
        used = project(problem, problem.weights)
        root = np.sqrt(problem.weights * (problem.vi + tau2[:, None]))
        factor = used.inverse_triangle() @ np.moveaxis(used.basis * root, 0, -2)
    beta = used.beta()
    scale = np.where(problem.df > 0, model.rss / np.maximum(problem.df, 1.0), 1.0)
    return Fit(problem, tau2, model, used, beta, factor, scale)


def _wald(fit: Fit) -> Inference:
    return Inference(fit.factor, np.full(fit.beta.shape, np.inf))


def _residual_df(fit: Fit) -> Array:
    return np.broadcast_to(fit.problem.df[:, None], fit.beta.shape)


def _t(fit: Fit) -> Inference:
    return Inference(fit.factor, _residual_df(fit))


def _hksj(fit: Fit) -> Inference:
    return Inference(fit.factor * np.sqrt(fit.scale)[:, None, None], _residual_df(fit))


def _hksj_adhoc(fit: Fit) -> Inference:
    return Inference(fit.factor * np.sqrt(np.maximum(fit.scale, 1.0))[:, None, None], _residual_df(fit))


@dataclass(frozen=True, slots=True)
class KenwardRoger:
    """The pieces of Kenward and Roger's adjustment with one variance parameter, in the coordinates R beta.

    spread : (B, p, p) basis'W basis, minus the derivative of the precision by tau2.
    factor : (B, p, p + k) with factor factor' the covariance of R beta, enlarged for the estimation of tau2.
    variance : (B,) of tau2 hat, 2 / tr(PP).
    """

    spread: Array
    factor: Array
    variance: Array

    @property
    def covariance(self) -> Array:
        """(B, p, p) covariance of R beta."""
        return np.asarray(self.factor @ np.swapaxes(self.factor, -1, -2))

    def df(self, half: Array) -> Array:
        """Degrees of freedom of each contrast; half : (B, m, p) contrasts in the coordinates R beta."""
        turned = half @ self.covariance
        ratio = ((turned @ self.spread) * turned).sum(-1) / (turned * half).sum(-1)
        return np.asarray(2 / (self.variance[:, None] * ratio**2))


def kenward_roger_parts(fit: Fit) -> KenwardRoger:
    """The adjustment for V = diag(vi) + tau2 I.

    Its degrees of freedom are computed from the enlarged covariance, as Partlett & Riley (2017), Stat Med 36:301-317,
    do for the pooled mean; with one column this is the interval of `pool`.
    Raises InvalidInput for weights of the user, since it holds for the generalised least squares estimate alone.
    Source: Kenward & Roger (1997), Biometrics 53:983-997, section 2.
    """
    if fit.problem.weights is not None:
        raise InvalidInput(
            "the kr interval with weights of your own",
            "it stands on inverse variances",
            "Take wald, t, hksj or hksj-adhoc.",
        )
    w = fit.model.weights
    variance = 2 / fit.model.trace_product(w, w)
    spread = fit.model.quadratic(w)
    left = np.stack([fit.model.remainder(w * column) for column in fit.model.basis], axis=-2)  # (I - H) W basis
    identity = np.broadcast_to(np.eye(spread.shape[-1]), spread.shape)
    enlarged = np.concatenate([identity, np.sqrt(2 * variance)[:, None, None] * left], axis=-1)
    return KenwardRoger(spread, enlarged, variance)


def _kenward_roger(fit: Fit) -> Inference:
    """Covariance enlarged for the estimation of tau2, and for each coefficient its own degrees of freedom.

    For a single contrast the scale factor of the 1997 paper is 1 and its degrees of freedom are 2 / A1.
    """
    parts = kenward_roger_parts(fit)
    inverse = fit.model.inverse_triangle()
    return Inference(inverse @ parts.factor, parts.df(inverse))


@dataclass(frozen=True, slots=True)
class IntervalMethod:
    """One way to an interval and a test of the coefficients. `residual_df`: needs k > p."""

    key: str
    name: str
    infer: Callable[[Fit], Inference]
    source: str
    residual_df: bool = True


INTERVALS = by_key(
    IntervalMethod("wald", "Wald, normal distribution", _wald, "raudenbush2009", residual_df=False),
    IntervalMethod("t", "Wald, t on k - p", _t, "berkey1995"),
    IntervalMethod("hksj", "Hartung-Knapp-Sidik-Jonkman", _hksj, "knapp2003"),
    IntervalMethod("hksj-adhoc", "HKSJ, factor at least one", _hksj_adhoc, "knapp2003"),
    IntervalMethod("kr", "Kenward-Roger", _kenward_roger, "kenward1997"),
)


def two_sided(statistic: Array, df: Array) -> Array:
    """P value of |statistic| under t on `df`, the normal distribution where df is infinite."""
    size = -np.abs(statistic)
    finite = np.isfinite(df)
    return np.asarray(2 * np.where(finite, stdtr(np.where(finite, df, 1.0), size), ndtr(size)))


def critical(level: float, df: Array) -> Array:
    """Quantile that leaves (1 - level) / 2 in each tail of t on `df`, the normal where df is infinite."""
    tail = (1 - level) / 2
    finite = np.isfinite(df)
    return np.asarray(-np.where(finite, stdtrit(np.where(finite, df, 1.0), tail), ndtri(tail)))


@dataclass(frozen=True, slots=True)
class Omnibus:
    """A joint test: statistic (B,), chi-square on df1 where df2 is infinite, else F on df1 and df2."""

    statistic: Array
    df1: int
    df2: Array
    p_value: Array


def ratio(estimate: Array, se: Array) -> Array:
    """Estimate over standard error; a standard error of zero gives an infinite statistic, zero for an estimate of zero."""
    none = se == 0
    endless = np.where(estimate == 0, 0.0, np.copysign(np.inf, estimate))
    return np.where(none, endless, estimate / np.where(none, 1.0, se))


def wald_test(estimate: Array, factor: Array, df2: Array, scale: Array | None = None) -> Omnibus:
    """Joint Wald test that each of the m components of `estimate` (B, m) is zero; nan where they depend on each other.

    factor : (B, m, q) with factor factor' the covariance, q at least m; df2 : (B,) denominator degrees of freedom,
    infinite for chi-square; scale : (B,) factor of F.
    """
    m = estimate.shape[-1]
    sd = np.sqrt((factor**2).sum(-1))
    z = ratio(estimate, sd)
    statistic = z[:, 0] ** 2 if m == 1 else _joint_square(z, factor, sd)
    f = statistic / m * (1.0 if scale is None else scale)
    normal = np.isinf(df2)
    p_f = fdtrc(m, np.where(normal, 1.0, df2), f)
    p_value = np.where(normal, chdtrc(m, statistic), p_f)
    return Omnibus(np.where(normal, statistic, f), m, df2, np.where(np.isposinf(statistic), 0.0, p_value))


def _joint_square(z: Array, factor: Array, sd: Array) -> Array:
    """z' C^-1 z with C the correlations of the factor's rows, through the triangle of its transpose."""
    perfect = ~np.isfinite(z).all(-1)
    unit = factor / np.where(sd > 0, sd, 1.0)[..., None]
    triangle = np.linalg.qr(np.swapaxes(unit, -1, -2), mode="r")
    known = np.abs(np.diagonal(triangle, axis1=-2, axis2=-1)).min(-1) > INDEPENDENT
    usable = (known & ~perfect)[:, None]
    safe = np.where(usable[..., None], triangle, np.eye(z.shape[-1]))
    white = forward_substitute(safe, np.where(usable, z, 0.0))
    return np.where(perfect, np.inf, np.where(known, dot(white, white), np.nan))


def omnibus(fit: Fit, method: IntervalMethod, inferred: Inference, contrast: Array) -> Omnibus:
    """Test that contrast @ beta = 0 by the distribution that belongs to `method`; contrast is (m, p)."""
    estimate = fit.beta @ contrast.T
    factor = contrast @ inferred.factor
    if method.key != "kr":
        return wald_test(estimate, factor, inferred.df[:, 0])
    df2, scale = _kenward_roger_f(fit, contrast)
    return wald_test(estimate, factor, df2, scale)


def _kenward_roger_f(fit: Fit, contrast: Array) -> tuple[Array, Array]:
    """Denominator degrees of freedom and scale of the F statistic of an m-row contrast; nan where it has none.

    The two are matched to the mean and variance of F, which do not exist with few residual degrees of freedom.
    Source: Kenward & Roger (1997), section 3, with their values of E and V matched to the exact cases.
    """
    m = contrast.shape[0]
    parts = kenward_roger_parts(fit)
    half = contrast @ fit.model.inverse_triangle()
    if m == 1:
        return parts.df(half)[:, 0], np.ones(half.shape[0])
    turned = half @ parts.covariance
    triangle = np.linalg.qr(np.swapaxes(half @ parts.factor, -1, -2), mode="r")
    size = np.abs(np.diagonal(triangle, axis1=-2, axis2=-1))
    known = size.min(-1) > INDEPENDENT * size.max(-1)
    safe = np.where(known[:, None, None], triangle, np.eye(m))
    once = np.linalg.solve(np.swapaxes(safe, -1, -2), turned @ parts.spread @ np.swapaxes(turned, -1, -2))
    middle = np.swapaxes(np.linalg.solve(np.swapaxes(safe, -1, -2), np.swapaxes(once, -1, -2)), -1, -2)
    a1 = parts.variance * np.trace(middle, axis1=-2, axis2=-1) ** 2
    a2 = parts.variance * np.trace(middle @ middle, axis1=-2, axis2=-1)
    lean = 1 - a2 / m
    b = (a1 + 6 * a2) / (2 * m)
    g = ((m + 1) * a1 - (m + 4) * a2) / ((m + 2) * a2)
    bottom = 3 * m + 2 * (1 - g)
    left, right = 1 - (m - g) / bottom * b, 1 - (m + 2 - g) / bottom * b
    possible = known & (lean > MEAN_EXISTS) & (right > MEAN_EXISTS) & (left != 0)
    mean = 1 / np.where(possible, lean, 1.0)
    spread = 2 / m * (1 + g / bottom * b) / np.where(possible, left**2 * right, 1.0)
    over = m * spread / (2 * mean**2) - 1
    possible &= over > 0
    df2 = np.where(possible, 4 + (m + 2) / np.where(possible, over, 1.0), np.nan)
    return df2, df2 / (mean * (df2 - 2))
