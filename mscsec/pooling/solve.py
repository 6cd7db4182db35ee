"""One analysis or a whole batch, from checked sets and a plan to every quantity: what `pool` and `pool_batch` share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, BoolArray
from mscsec.pooling.mean import Fitted, Interval, choose_interval, fitted, hksj, wald
from mscsec.pooling.moments import Tau2
from mscsec.pooling.plan import Plan
from mscsec.pooling.prediction import Prediction, PredictionMethod, as_shown
from mscsec.pooling.sets import Sets
from mscsec.pooling.tau2 import Tau2Method


@dataclass(frozen=True, slots=True)
class Solved:
    """A fitted set with the interval of the plan, for sets of two studies or more; arrays (...).

    scaled : True where the interval shown is of the HKSJ family.
    candidates : under "auto", the Wald and the HKSJ interval between which it chose.
    """

    between: Tau2
    fit: Fitted
    shown: Interval
    scaled: bool | np.bool_ | BoolArray
    candidates: tuple[Interval, Interval] | None = None


def between_studies(sets: Sets, plan: Plan) -> Tau2:
    """The between-study variance that the plan asks for; 0 under a common-effect model."""
    if isinstance(plan.tau2, Tau2Method):
        return plan.tau2.estimate(sets)
    return Tau2(np.full(np.shape(sets.k), plan.tau2 or 0.0)[()])


def solve(sets: Sets, plan: Plan, weights: Array | None = None) -> Solved:
    """tau2, the mean and its interval; `weights` (..., k) replace the inverse variances in the mean."""
    between = between_studies(sets, plan)
    fit = fitted(sets, between.value, weights, plan.null)
    if plan.ci is not None:
        return Solved(between, fit, plan.ci.compute(fit, plan.level), plan.ci.scaled)
    simple = wald(fit, plan.level)
    if not plan.random:
        return Solved(between, fit, simple, False)
    scaled = hksj(fit, plan.level)
    use = (sets.k > 2) & (between.value > 0)
    one = scaled if np.ndim(use) == 0 and use else simple
    shown = one if np.ndim(use) == 0 else choose_interval(use, scaled, simple)
    return Solved(between, fit, shown, use, (simple, scaled))


def predict(solved: Solved, plan: Plan) -> Prediction | None:
    """The prediction interval of the plan; None for "none" and for a common effect. Rows with too few studies hold nan."""
    if not plan.random or plan.prediction == "none":
        return None
    if isinstance(plan.prediction, PredictionMethod):
        compute, needs = plan.prediction.compute, plan.prediction.needs
    else:
        compute, needs = as_shown, 3
    fit = solved.fit
    enough = fit.sets.k >= needs
    if np.ndim(enough) == 0:
        return compute(fit, solved.shown, bool(solved.scaled), plan.prediction_level) if enough else None
    return _blanked(
        compute(_with_enough(fit, enough), solved.shown, bool(np.all(solved.scaled)), plan.prediction_level), enough
    )


def _with_enough(fit: Fitted, enough: BoolArray) -> Fitted:
    """`fit` with three studies pretended where there are fewer, so that no degrees of freedom are zero before blanking."""
    s = fit.sets
    sets = Sets(s.yi, s.vi, np.where(enough, s.k, 3.0), s.origin, s.mask, s.weights)
    return Fitted(sets, fit.tau2, fit.by, fit.weights, fit.estimate, fit.variance, fit.null)


def _blanked(prediction: Prediction, enough: BoolArray) -> Prediction:
    return Prediction(*(np.where(enough, field, np.nan) for field in prediction))
