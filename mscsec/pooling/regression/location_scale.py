"""Location-scale models: moderators of the mean, and moderators of the between-study variance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from mscsec.arrays import Array, ArrayLike
from mscsec.errors import InvalidInput, NotConverged, NotEstimable, TooFewStudies
from mscsec.pooling.regression.fit import check_level, design_with_intercept, estimate_tau2
from mscsec.pooling.regression.inference import Inference
from mscsec.pooling.regression.problem import Problem, arrange
from mscsec.pooling.regression.projection import project
from mscsec.pooling.regression.result import Coefficient, JointTest
from mscsec.pooling.regression.summary import as_rows, coefficients, information_criteria, wald_joint
from mscsec.results import Notice, Result

STEPS = 200
SETTLED = 1e-10  # Newton decrement, in units of log-likelihood, at which the next step changes nothing that is shown
FLAT = 40.0  # a log variance this far below the largest sampling variance is 0 in every digit


@dataclass(frozen=True, slots=True)
class LocationScaleResult(Result):
    """A location-scale model with log link: log tau2_i = z_i'alpha.

    location : coefficients of the mean by name; scale : of the log between-study variance.
    tau2 : (k,) between-study variance of each study, squared units of yi.
    qm, qs : joint tests of the moderators of the mean and of the scale (of the intercept alone where there are none).
    qe, qe_df, qe_p : residual heterogeneity about the inverse-variance fit.
    log_likelihood and criteria : restricted for REML; parameters are the coefficients of both parts.
    """

    k: int
    p: int
    q: int
    location: Mapping[str, Coefficient]
    scale: Mapping[str, Coefficient]
    vcov: tuple[tuple[float, ...], ...]
    vcov_scale: tuple[tuple[float, ...], ...]
    tau2: tuple[float, ...]
    qm: JointTest
    qs: JointTest
    qe: float
    qe_df: int
    qe_p: float
    log_likelihood: float
    aic: float
    aicc: float
    bic: float
    method: str
    ci_method: str
    level: float
    iterations: int
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class _State:
    """Log-likelihood of alpha with its first two derivatives."""

    value: float
    gradient: Array
    hessian: Array
    tau2: Array


def location_scale(
    yi: ArrayLike,
    vi: ArrayLike,
    X: ArrayLike,
    Z: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    scale_names: Sequence[str] | None = None,
    intercept: bool = True,
    scale_intercept: bool = True,
    method: str = "REML",
    ci: str = "wald",
    level: float = 0.95,
) -> LocationScaleResult:
    """Meta-regression of the mean on X and of the log between-study variance on Z.

    yi, vi : (k,); X : (k, p) and Z : (k, q) designs as in `regress`; pass ones for an intercept alone.
    method : "REML" or "ML". ci : "wald", or "t" on k - p for the mean and k - q for the scale.
    Standard errors of the scale coefficients come from the observed information of the profile likelihood.
    Raises TooFewStudies where k < p + q; NotEstimable for a singular design or a variance that goes to zero;
    NotConverged.
    Source: Viechtbauer & Lopez-Lopez (2022), Res Synth Methods 13:697-715.
    """
    _check_options(method, ci, level)
    x, labels, where = design_with_intercept(X, names, intercept)
    z, scale_labels, scale_where = design_with_intercept(Z, scale_names, scale_intercept)
    problem = _one_set(yi, vi, x, z)
    k, p, q = *x.shape, z.shape[1]
    alpha, factor, state, steps = _maximise(problem, z, method == "REML")
    fit = project(problem, 1 / (problem.vi + state.tau2))
    inverse = fit.inverse_triangle()[0]
    df = np.inf if ci == "wald" else float(k - p)
    df_scale = np.inf if ci == "wald" else float(k - q)
    beta = fit.beta()[0]
    residual = project(problem, problem.precision(0.0))
    qe = float(residual.rss[0])
    criteria = information_criteria(problem, state.value, method == "REML", p + q)
    return LocationScaleResult(
        k=k,
        p=p,
        q=q,
        location=coefficients(labels, beta, Inference(inverse[None], np.full((1, p), df)), level),
        scale=coefficients(scale_labels, alpha, Inference(factor[None], np.full((1, q), df_scale)), level),
        vcov=as_rows(inverse @ inverse.T),
        vcov_scale=as_rows(factor @ factor.T),
        tau2=tuple(state.tau2.tolist()),
        qm=wald_joint(beta, inverse, labels, where, df),
        qs=wald_joint(alpha, factor, scale_labels, scale_where, df_scale),
        qe=qe,
        qe_df=k - p,
        qe_p=float(chdtrc(k - p, qe)),
        method=method,
        ci_method=ci,
        level=level,
        iterations=steps,
        log_likelihood=criteria.log_likelihood,
        aic=criteria.aic,
        aicc=criteria.aicc,
        bic=criteria.bic,
    )


def _check_options(method: str, ci: str, level: float) -> None:
    level = check_level(level)
    if method not in ("REML", "ML"):
        raise InvalidInput(f"method is {method!r}", 'a location-scale model is fitted by "REML" or "ML"')
    if ci not in ("wald", "t"):
        raise InvalidInput(f"ci is {ci!r}", 'it is "wald" or "t"')


def _one_set(yi: ArrayLike, vi: ArrayLike, x: Array, z: Array) -> Problem:
    problem, lead = arrange(yi, vi, x)
    if lead:
        raise InvalidInput(f"yi has {len(lead) + 1} axes", "location_scale fits one set of studies, (k,)")
    k, p, q = *x.shape, z.shape[1]
    if z.shape[0] != k:
        raise InvalidInput(f"Z has {z.shape[0]} rows, X has {k}", "each study has one row in both")
    if k < p + q:
        raise TooFewStudies(f"a location-scale model with {p + q} coefficients", p + q, k)
    return problem


def _state(problem: Problem, z: Array, alpha: Array, restricted: bool) -> _State:
    """The (restricted) log-likelihood with the coefficients of the mean profiled out, and its exact derivatives.

    With u_i = tau2_i: d/du_i = ((Py)_i^2 - P_ii) / 2 and d2/du_i du_j = P_ij^2 / 2 - (Py)_i P_ij (Py)_j; for ML the
    P of the determinant is W. Chained through du_i / dalpha = u_i z_i.
    """
    tau2 = np.exp(z @ alpha)
    w = 1 / (problem.vi[0] + tau2)
    fit = project(problem, w[None])
    root = np.sqrt(w)
    half = fit.basis[:, 0, :] * root
    p = np.diag(w) - half.T @ half
    py = root * fit.residual[0]
    log_det = -float(np.log(w).sum()) + (float(fit.log_det[0]) if restricted else 0.0)
    count = problem.yi.shape[-1] - (problem.p if restricted else 0)
    value = -0.5 * (count * math.log(2 * math.pi) + log_det + float(fit.rss[0]))
    trace, square = (np.diagonal(p), p**2) if restricted else (w, np.diag(w**2))
    slope = 0.5 * (py**2 - trace) * tau2
    curvature = (0.5 * square - py[:, None] * p * py) * tau2[:, None] * tau2 + np.diag(slope)
    return _State(value, z.T @ slope, z.T @ curvature @ z, tau2)


def _maximise(problem: Problem, z: Array, restricted: bool) -> tuple[Array, Array, _State, int]:
    """Newton ascent from the model with one variance, in orthonormal coordinates of Z, with step halving.

    Returns alpha, a factor of its covariance (the inverse of the observed information), the state there and the steps.
    Where the likelihood is not concave its eigenvalues are turned negative, which keeps every step uphill.
    """
    basis, triangle = np.linalg.qr(z)
    ones = np.ones(z.shape[0])
    start = float(estimate_tau2(problem, "random", "REML" if restricted else "ML").value[0])
    start = max(start, 1e-3 * float(np.median(problem.vi)))
    gamma = basis.T @ (ones * np.log(start))
    state = _state(problem, basis, gamma, restricted)
    for step in range(1, STEPS + 1):
        values, vectors = np.linalg.eigh(state.hessian)
        bend = np.minimum(-np.abs(values), -1e-8 * np.abs(values).max())
        move = -vectors @ ((vectors.T @ state.gradient) / bend)
        reach = np.abs(basis @ move).max()
        move = move * min(1.0, 3.0 / reach) if reach > 0 else move
        _refuse_vanishing(problem, basis, gamma, state)
        gain = float(state.gradient @ move)
        if gain <= SETTLED**2 and (values < 0).all():
            return np.linalg.solve(triangle, gamma), np.linalg.solve(triangle, vectors / np.sqrt(-values)), state, step
        share = 1.0
        while share > 1e-10:
            ahead = _state(problem, basis, gamma + share * move, restricted)
            if ahead.value >= state.value + 1e-4 * share * gain - 1e-13 * abs(state.value):
                break
            share /= 2
        gamma, state = gamma + share * move, ahead
    raise NotConverged("the location-scale model", STEPS, state.value, "Leave moderators out of the scale part")


def _refuse_vanishing(problem: Problem, basis: Array, gamma: Array, state: _State) -> None:
    """The log of a variance that the likelihood wants at zero has no maximum: say so instead of running after it."""
    if (basis @ gamma).max() < np.log(problem.vi.min()) - FLAT / 2:
        raise NotEstimable(
            "the between-study variance of the location-scale model goes to zero, so its logarithm is not estimable. "
            "There is no heterogeneity for the scale moderators to explain"
        )
