"""What each study contributes: weight, fit, residuals, leverage, its own shrunken effect, and what changes without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, ArrayLike
from mscsec.errors import InvalidInput, TooFewStudies
from mscsec.pooling.batch import BatchResult, pool_batch
from mscsec.pooling.mean import Fitted
from mscsec.pooling.plan import Plan, check_given_weights, make_plan
from mscsec.pooling.sets import Sets, complement, read_weights
from mscsec.pooling.solve import Solved, solve
from mscsec.pooling.tails import critical
from mscsec.results import Notice, Result

BLOCK = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Shrunken:
    """Best linear unbiased predictions of the studies' true effects, (k,) each, and of their distances from the mean.

    se takes tau2 as known; the limits use the quantile of the interval shown for the mean.
    """

    effect: Array
    se: Array
    low: Array
    high: Array
    distance: Array
    distance_se: Array
    distance_low: Array
    distance_high: Array


@dataclass(frozen=True, slots=True, eq=False)
class Deleted:
    """The meta-analysis without each study in turn, (k,) each; nan throughout for two studies, which leave nothing to pool.

    resid, se, z : externally studentised residuals: the study against the mean of the others.
    estimate, mean_se, tau2, q, i2 : of the others.
    Where the interval is of the HKSJ family, the variances of a study and of the mean are both in units of the others' residual
    mean square, as metafor has it.
    dffits, cook, covariance_ratio, dfbetas : influence on the fitted value, on the mean (in its variance), on that variance,
        and on the mean (in standard errors of the others' fit).
    What is measured in a standard error of zero is nan, as under HKSJ where the other effects agree exactly; a notice says so.
    """

    resid: Array
    se: Array
    z: Array
    estimate: Array
    mean_se: Array
    tau2: Array
    q: Array
    i2: Array
    dffits: Array
    cook: Array
    covariance_ratio: Array
    dfbetas: Array


@dataclass(frozen=True, slots=True, eq=False)
class StudyResult(Result):
    """Per-study quantities of one meta-analysis; arrays (k,) in the order given, on the analysis scale.

    weights : shares of the mean, summing to one. leverage : diagonal of the hat matrix.
    resid : effect less fitted mean; pearson : over sqrt(vi + tau2); standard_se, standard_z : internally standardised, nan for a
        study that has all the weight and so no residual.
    conditional_resid, conditional_se : effect less the study's own shrunken effect, and its standard error; their ratio is standard_z.
        None under a common-effect model.
    shrunken : None under a common-effect model and for given weights, for which it is not defined.
    """

    weights: Array
    fitted: Array
    leverage: Array
    resid: Array
    pearson: Array
    standard_se: Array
    standard_z: Array
    conditional_resid: Array | None
    conditional_se: Array | None
    shrunken: Shrunken | None
    deleted: Deleted
    warnings: tuple[Notice, ...] = ()


def studies(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    model: str = "random",
    tau2: str | float | None = None,
    ci: str | None = None,
    level: float = 0.95,
    weights: ArrayLike | str | None = None,
    tau2_weights: ArrayLike | None = None,
    preset: str | None = None,
) -> StudyResult:
    """Per-study quantities of the meta-analysis that `pool` fits with the same options; `yi`, `vi` (k,), k at least 2.

    Source: Viechtbauer & Cheung (2010), Res Synth Methods 1:112-125, for residuals and influence; Raudenbush & Bryk (1985),
    J Educ Stat 10:75-98, for the shrunken effects.
    """
    plan = make_plan(
        model=model, tau2=tau2, ci=ci, prediction="none", tau2_ci=None, i2=None, preset=preset, level=level,
        prediction_level=None, null=0.0,
    )  # fmt: skip
    sets, mean_weights = read_weights(yi, vi, weights, tau2_weights)
    if mean_weights is not None:
        check_given_weights(plan)
    if sets.k < 2:
        raise TooFewStudies("the comparison of studies", 2, int(sets.k))
    if plan.ci is not None and plan.ci.mean == "common":
        raise InvalidInput(f"studies with the {plan.ci.key} interval", "its estimate does not have the model's weights")
    if mean_weights is not None and sets.k > 2 and np.count_nonzero(mean_weights) < 2:
        raise InvalidInput("one study has all the weight", "without it there is nothing to compare with")
    solved = solve(sets, plan, mean_weights)
    fit = solved.fit
    si = sets.vi + fit.tau2
    share = fit.weights / np.add.reduce(fit.weights)
    resid = sets.yi - fit.estimate
    # variance of y_i - sum h_j y_j: the study's own part and that of the others, so that neither cancels where one dominates
    rest, parts = complement(fit.weights, np.add.reduce(fit.weights)), share * share * si
    standard_se = np.sqrt(si * rest * rest + complement(parts, np.add.reduce(parts)) * np.add.reduce(parts))
    own = sets.vi / si
    deleted = _deleted(fit, solved, plan, mean_weights)
    return StudyResult(
        weights=share,
        fitted=np.full(share.shape, fit.estimate + sets.origin),
        leverage=share,
        resid=resid,
        pearson=resid / np.sqrt(si),
        standard_se=standard_se,
        standard_z=_over(resid, standard_se),
        conditional_resid=own * resid if plan.random else None,
        conditional_se=own * standard_se if plan.random else None,
        shrunken=_shrunken(solved, plan) if plan.random and mean_weights is None else None,
        deleted=deleted,
        warnings=_blind(deleted) if sets.k > 2 else (),
    )


def _over(top: Array, bottom: Array) -> Array:
    """top / bottom, nan where the bottom is zero."""
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)


def _blind(deleted: Deleted) -> tuple[Notice, ...]:
    """The notice of the studies of which some measure of influence does not exist."""
    measures = (deleted.z, deleted.dffits, deleted.cook, deleted.covariance_ratio, deleted.dfbetas)
    lost = np.flatnonzero(np.isnan(measures).any(axis=0)).tolist()
    told = f"some measures of influence do not exist for study {lost} (counted from 0): a variance of zero"
    return (Notice("P411", told),) if lost else ()


def _shrunken(solved: Solved, plan: Plan) -> Shrunken:
    fit = solved.fit
    sets, mean_variance = fit.sets, solved.shown.se**2
    pull = fit.tau2 / (fit.tau2 + sets.vi)
    distance = pull * (sets.yi - fit.estimate)
    effect = fit.estimate + sets.origin + distance
    se = np.sqrt(pull * sets.vi + (1 - pull) ** 2 * mean_variance)
    distance_se = np.sqrt(pull * sets.vi + pull**2 * mean_variance)
    times = critical(plan.level, float(solved.shown.df))
    return Shrunken(
        effect, se, effect - times * se, effect + times * se,
        distance, distance_se, distance - times * distance_se, distance + times * distance_se,
    )  # fmt: skip


def _deleted(fit: Fitted, solved: Solved, plan: Plan, mean_weights: Array | None) -> Deleted:
    """Every leave-one-out fit as one batch whose masks are the rows of a square."""
    sets, k = fit.sets, int(fit.sets.k)
    if k == 2:
        return Deleted(*(np.full(k, np.nan) for _ in range(12)))
    others = _others(sets, plan, mean_weights, None if plan.ci is None else plan.ci.key)
    factor = np.ones(k)
    if others.scaled.any():
        factor = (others.se / _others(sets, plan, mean_weights, "wald").se) ** 2
    mean = others.estimate
    tau2 = others.tau2 if plan.random else np.zeros(k)
    spread = factor * (sets.vi + tau2)
    resid = sets.yi - mean
    se = np.sqrt(spread + others.se**2)
    moved = fit.estimate - mean
    share = fit.weights / np.add.reduce(fit.weights)
    mean_variance = solved.shown.se**2
    if mean_weights is None:  # the leverage of the fit shown, the variance of the fit without the study
        fitted_variance, whole_variance = share * spread, factor / _total_weight(sets, tau2)
    else:
        whole_variance = factor * (np.add.reduce(share * share * sets.vi) + np.add.reduce(share * share) * tau2)
        fitted_variance = whole_variance
    return Deleted(
        resid=resid,
        se=se,
        z=_over(resid, se),
        estimate=mean + sets.origin,
        mean_se=others.se,
        tau2=tau2,
        q=others.q,
        i2=others.i2,
        dffits=_over(moved, np.sqrt(fitted_variance)),
        cook=_over(moved**2, mean_variance),
        covariance_ratio=_over(others.se**2, mean_variance),
        dfbetas=_over(moved, np.sqrt(whole_variance)),
    )


def _others(sets: Sets, plan: Plan, mean_weights: Array | None, ci: str | None) -> BatchResult:
    from_plan = plan.tau2 if plan.tau2 is None or isinstance(plan.tau2, float) else plan.tau2.key
    return pool_batch(
        sets.yi,
        sets.vi,
        ~np.eye(sets.yi.size, dtype=bool),
        model="random" if plan.random else "common",
        tau2=from_plan,
        ci=ci,
        level=plan.level,
        i2=plan.i2,
        weights=mean_weights,
        tau2_weights=sets.weights,
    )


def _total_weight(sets: Sets, tau2: Array) -> Array:
    """Sum of the weights of all studies at each of the values `tau2` (k,), in blocks, so that no square of numbers is held."""
    block = max(1, BLOCK // sets.yi.size)
    starts = range(0, tau2.size, block)
    return np.concatenate([np.add.reduce(1 / (sets.vi + tau2[i : i + block, None]), axis=-1) for i in starts])
