"""Many meta-regressions at once: bootstraps, simulations, subsets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from mscsec.arrays import Array, ArrayLike, BoolArray, IntArray
from mscsec.errors import InvalidInput
from mscsec.pooling.regression.fit import check_level, given_tau2
from mscsec.pooling.regression.inference import INTERVALS, critical, fit_coefficients, omnibus, ratio, two_sided
from mscsec.pooling.regression.moments import Tau2
from mscsec.pooling.regression.problem import Problem, arrange
from mscsec.pooling.regression.projection import project
from mscsec.pooling.regression.tau2 import ESTIMATORS, fixed_tau2
from mscsec.registry import choose
from mscsec.results import Result

CHUNK = 1 << 15  # numbers of yi fitted at a time


@dataclass(frozen=True, slots=True)
class RegressionBatch(Result):
    """A batch of meta-regressions. Shapes: (...) for one number a row, (..., p) for one a coefficient.

    estimable : (...) False where a row has too few studies or dependent columns; its numbers are nan.
    converged : (...) of the estimator of tau2; False where it did not settle, or was not run.
    estimate, se, df, p_value, ci_low, ci_high : (..., p); df infinite for the normal distribution.
    qm, qm_df2, qm_p : (...) joint test, as in `RegressionResult`; nan where Kenward-Roger has none.
    tau2, tau2_se, qe, qe_p : (...).
    """

    estimable: BoolArray
    converged: BoolArray
    estimate: Array
    se: Array
    df: Array
    p_value: Array
    ci_low: Array
    ci_high: Array
    qm: Array
    qm_df2: Array
    qm_p: Array
    tau2: Array
    tau2_se: Array
    qe: Array
    qe_p: Array


def regress_batch(
    yi: ArrayLike,
    vi: ArrayLike,
    X: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    model: str = "random",
    tau2: str | float = "REML",
    ci: str = "hksj",
    level: float = 0.95,
    btt: tuple[int, ...] | None = None,
) -> RegressionBatch:
    """The meta-regressions of `regress`, any number of them in one call.

    yi, vi : (..., k); X : (..., k, p) the whole design, its intercept included; leading shapes broadcast.
    mask : (..., k) True for a study, False for padding. weights : (..., k) as in `regress`.
    btt : positions of the coefficients tested together; all but the first where not given, the first where alone.
    Raises InvalidInput and UnknownMethod; what cannot be fitted is flagged in the result.
    """
    level = check_level(level)
    problem, lead = arrange(yi, vi, X, mask, weights)
    tested = btt or (tuple(range(1, problem.p)) or (0,))
    if model not in ("random", "common"):
        raise InvalidInput(f"model is {model!r}", 'it is "random" or "common"')
    method = choose(INTERVALS, ci, "interval")
    estimated = model == "random" and isinstance(tau2, str)
    needed = problem.p + (estimated or method.residual_df)
    rows, p = problem.yi.shape[0], problem.p
    numbers, coefficients = np.full((7, rows), np.nan), np.full((6, rows, p), np.nan)
    estimable = (problem.k >= needed) & (problem.k > 0)
    converged = np.zeros(rows, dtype=bool)
    size = max(1, CHUNK // problem.yi.shape[-1])
    for start in range(0, rows, size):
        at = np.arange(start, min(start + size, rows))
        at = at[estimable[at]]
        part = problem.take(at)
        at, part = _independent(at, part, estimable)
        if not at.size:
            continue
        between = _between(part, model, tau2)
        converged[at] = between.converged
        fit = fit_coefficients(part, between.value)
        inferred = method.infer(fit)
        joint = omnibus(fit, method, inferred, np.eye(p)[list(tested)])
        se = inferred.se
        half = critical(level, inferred.df) * se
        p_value = two_sided(ratio(fit.beta, se), inferred.df)
        coefficients[:, at] = (fit.beta, se, inferred.df, p_value, fit.beta - half, fit.beta + half)
        qe = project(part, part.precision(0.0)).rss
        qe_p = np.where(part.df > 0, chdtrc(np.maximum(part.df, 1), qe), 1.0)
        numbers[:, at] = (joint.statistic, joint.df2, joint.p_value, between.value, between.se, qe, qe_p)
    shaped = (part.reshape((*lead, p)) for part in coefficients)
    flat = (part.reshape(lead) for part in numbers)
    return RegressionBatch(estimable.reshape(lead), converged.reshape(lead), *shaped, *flat)


def _independent(at: IntArray, part: Problem, estimable: BoolArray) -> tuple[IntArray, Problem]:
    """The rows whose columns are independent; the others are marked in `estimable`."""
    full = project(part, part.mask.astype(float)).full_rank
    estimable[at[~full]] = False
    return at[full], part.take(np.nonzero(full)[0])


def _between(part: Problem, model: str, tau2: str | float) -> Tau2:
    if model == "common":
        return fixed_tau2(part, 0.0)
    if isinstance(tau2, str):
        return choose(ESTIMATORS, tau2, "estimator of tau2").estimate(part)
    return fixed_tau2(part, given_tau2(tau2))
