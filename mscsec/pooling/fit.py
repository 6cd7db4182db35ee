"""`pool`: one meta-analysis from effects and variances to one result."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mscsec.arrays import Array, ArrayLike, of_one, real, whole
from mscsec.errors import InvalidInput, NotConverged, TooFewStudies
from mscsec.pooling.bootstrap import Progress, bootstrap_prediction
from mscsec.pooling.heterogeneity import Cochran, cochran, h2_from_tau2, h_interval, i2_from_tau2, r_b
from mscsec.pooling.likelihood import log_likelihood_of
from mscsec.pooling.mean import CI, Interval, fitted, wald
from mscsec.pooling.plan import Plan, check_given_weights, make_plan
from mscsec.pooling.prediction import Prediction, PredictionMethod, probability_above
from mscsec.pooling.result import NO_TAU2, NO_TAU2_INTERVAL, Display, PooledResult
from mscsec.pooling.sets import Sets, read_weights
from mscsec.pooling.solve import Solved, predict, solve
from mscsec.pooling.tau2 import Estimated, Tau2Method
from mscsec.results import Notice
from mscsec.said import num, said

Transform = str | Callable[[float], float]
TRANSFORMS: dict[str, Callable[[float], float]] = {"identity": float, "exp": math.exp, "tanh": math.tanh}

Fields = dict[str, Any]


def pool(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    model: str = "random",
    tau2: str | float | None = None,
    ci: str | None = None,
    prediction: str | None = None,
    level: float = 0.95,
    weights: ArrayLike | str | None = None,
    tau2_weights: ArrayLike | None = None,
    tau2_ci: str | None = None,
    i2: str | None = None,
    transform: Transform = "identity",
    preset: str | None = None,
    threshold: float | None = None,
    null: float = 0.0,
    prediction_level: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> PooledResult:
    """Pool effects `yi` with sampling variances `vi`, both (k,), on the analysis scale (ratios as logs).

    model : "random" or "common".
    tau2 : key of `TAU2`, or a number to take as known.
    ci : key of `CI`, or "auto": HKSJ where k > 2 and tau2 > 0, else Wald.
    prediction : key of `PREDICTION`; "auto": from k = 3 on, t on k - 1 with the standard error of the interval shown;
        "bootstrap": Nagashima's, with `seed` and `progress`; or "none".
    level : of every interval, in (0, 1); `prediction_level` where that of the prediction interval differs.
    weights : (k,) weights of the mean in place of inverse variances, or "equal"; they also serve generalised Q.
    tau2_weights : (k,) weights of generalised Q where they differ from `weights`.
    tau2_ci : key of `TAU2_CI`, or "none".
    i2 : "tau2" or "q", the form that `i2` and `h2` report; `i2_q` is always there.
    transform : "identity", "exp", "tanh" or an increasing function; the way back to the scale of `display`.
    preset : key of `PRESETS`, from which every option left at None is taken; "cochrane-2025" unless named.
    threshold : where given, a finite number, the result carries the probability that a new study's true effect lies above it.
    null : value of the mean that the test is of, on the analysis scale.

    Raises TooFewStudies without a study, InvalidInput for impossible numbers or options that contradict each other,
    UnknownMethod for an unknown key and NotConverged where an iteration fails. One study is returned as it is, with a notice.
    """
    plan = make_plan(
        model=model,
        tau2=tau2,
        ci=ci,
        prediction=prediction,
        tau2_ci=tau2_ci,
        i2=i2,
        preset=preset,
        level=level,
        prediction_level=prediction_level,
        null=null,
    )
    back = _way_back(transform)
    bound = None if threshold is None else _threshold(threshold)
    sets, mean_weights = read_weights(yi, vi, weights, tau2_weights)
    if mean_weights is not None:
        check_given_weights(plan)
    if sets.k == 0:
        raise TooFewStudies("a meta-analysis", 1, 0, "No study has an estimate with a sampling variance.")
    if sets.k == 1:
        return _single(sets, plan, tau2_ci, back, bound)
    return _several(sets, mean_weights, plan, back, bound, seed, progress)


# --- one study --------------------------------------------------------------------------------------------------------


def _single(
    sets: Sets, plan: Plan, tau2_ci: str | None, back: tuple[str, Callable[[float], float]], threshold: float | None
) -> PooledResult:
    """The study itself; nothing is pooled, so no between-study quantity exists. The interval is Wald's, as the notice says."""
    if plan.ci is not None and plan.ci.refuses_one:
        raise TooFewStudies(f"the interval by {plan.ci.name}", plan.ci.needs, 1)
    if tau2_ci not in (None, "none"):
        raise TooFewStudies("an interval for tau2", 2, 1)
    shown = wald(fitted(sets, np.zeros(())[()], null=plan.null), plan.level)
    told: str = "One study: its own estimate and Wald interval are shown, nothing was pooled"
    if plan.ci is not None and plan.ci.needs > 1:
        told = said("{}; the interval asked for ({}) needs {}", told, plan.ci.name, num(f"{plan.ci.needs} studies"))
    notices = [Notice("P201", told)]
    if threshold is not None:
        notices.append(_NO_PROBABILITY)
    return PooledResult(
        k=1,
        model="single",
        method="single study",
        level=plan.level,
        weights=(1.0,),
        warnings=tuple(notices),
        threshold=threshold,
        **_NOT_POOLED,
        **NO_TAU2_INTERVAL,
        **_mean_fields(sets, shown, "wald", None, None, back),
    )


# --- several ----------------------------------------------------------------------------------------------------------


def _several(
    sets: Sets,
    mean_weights: Array | None,
    plan: Plan,
    back: tuple[str, Callable[[float], float]],
    threshold: float | None,
    seed: int,
    progress: Progress | None,
) -> PooledResult:
    if plan.ci is not None and sets.k < plan.ci.needs:
        raise TooFewStudies(f"the interval by {plan.ci.name}", plan.ci.needs, int(sets.k))
    solved = solve(sets, plan, mean_weights)
    if not solved.between.converged:
        raise NotConverged(_name(plan), solved.between.iterations, float(solved.between.value), 'Try tau2="DL".')
    notices = _notices(solved, plan)
    details: Fields = {}
    ci_key = _ci_key(solved, plan)
    _compare(solved, plan, details, notices)
    ahead, above = _ahead(solved, plan, threshold, seed, progress, notices)
    if threshold is not None and above is None:
        notices.append(_NO_PROBABILITY)
    notices += _hardly_any_df(float(solved.shown.df), ahead)
    if solved.shown.se == 0:
        notices.append(_NO_WIDTH)
    spread = _heterogeneity(solved, plan, details, notices)
    weights = sets.common.wi if CI[ci_key].mean == "common" else solved.fit.weights
    return PooledResult(
        k=int(sets.k),
        model="random" if plan.random else "common",
        method="inverse variance" if mean_weights is None else "given weights",
        level=plan.level,
        weights=tuple((weights / np.add.reduce(weights)).tolist()),
        iterations=solved.between.iterations,
        warnings=tuple(notices),
        details=details or None,
        threshold=threshold,
        probability_above=above,
        **spread,
        **_mean_fields(sets, solved.shown, ci_key, ahead, _prediction_key(ahead, ci_key, plan), back),
    )


def _name(plan: Plan) -> str:
    return plan.tau2.name if isinstance(plan.tau2, Tau2Method) else "a fixed tau2"


def _ci_key(solved: Solved, plan: Plan) -> str:
    if plan.ci is not None:
        return plan.ci.key
    return "hksj" if solved.scaled else "wald"


def _notices(solved: Solved, plan: Plan) -> list[Notice]:
    notices = []
    if plan.random and solved.fit.sets.k == 2:
        notices.append(
            Notice("P202", "Two studies: the between-study variance is hardly estimable and its interval very wide")
        )
    if solved.between.modes > 1:
        count = int(solved.between.modes)
        notices.append(
            Notice(
                "P203",
                said("The likelihood of tau2 ({}) has {} local maxima; the highest was taken", _name(plan), count),
            )
        )
    return notices


_NO_WIDTH = Notice(
    "P211",
    "The effects are all the same, so that the scaled standard error is zero and the interval has no width, whatever the variances; "
    "take hksj-adhoc or wald",
)


def _hardly_any_df(df: float, ahead: Prediction | None) -> list[Notice]:
    """Notices of intervals on less than one degree of freedom, as Kenward-Roger's may be."""
    intervals = [("The interval", df), *([] if ahead is None else [("The prediction interval", float(ahead.df))])]
    told = "{} stands on {} degrees of freedom, fewer than one, so that it is practically without bounds; take another"
    return [Notice("P210", said(told, what, num(f"{left:.2g}"))) for what, left in intervals if left < 1]


def _compare(solved: Solved, plan: Plan, details: Fields, notices: list[Notice]) -> None:
    """Under "auto", keep both candidates, and say so where they disagree about the null value."""
    if solved.candidates is None:
        return
    by_key = dict(zip(("wald", "hksj"), solved.candidates, strict=True))
    origin = float(solved.fit.sets.origin)
    for key, candidate in by_key.items():
        low, high = float(candidate.low) + origin, float(candidate.high) + origin
        details[key] = {
            "se": float(candidate.se),
            "ci_low": low,
            "ci_high": high,
            "p_value": float(candidate.p_value),
            "excludes_zero": low > plan.null or high < plan.null,
        }
    if details["wald"]["excludes_zero"] == details["hksj"]["excludes_zero"]:
        return
    shown, other = ("hksj", "wald") if solved.scaled else ("wald", "hksj")
    b = details[other]
    verb = "excludes" if b["excludes_zero"] else "includes"
    notices.append(
        Notice(
            "P204",
            said(
                "The {} interval disagrees about {:g}: {} {} it; the {} interval is shown",
                CI[other].name,
                plan.null,
                num(f"{b['ci_low']:.4g} to {b['ci_high']:.4g} (P = {b['p_value']:.3g})"),
                verb,
                CI[shown].name,
            ),
        )
    )


# --- prediction -------------------------------------------------------------------------------------------------------


def _ahead(
    solved: Solved,
    plan: Plan,
    threshold: float | None,
    seed: int,
    progress: Progress | None,
    notices: list[Notice],
) -> tuple[Prediction | None, float | None]:
    """The prediction interval, and the probability of a new effect above `threshold`."""
    if plan.prediction == "bootstrap" and plan.random:
        return _bootstrapped(solved, plan, threshold, seed, progress)
    ahead = predict(solved, plan)
    if ahead is None:
        if isinstance(plan.prediction, PredictionMethod) and plan.random:
            needs, k = plan.prediction.needs, int(solved.fit.sets.k)
            notices.append(
                Notice(
                    "P205",
                    said(
                        "No prediction interval: {} needs {}, there are {}",
                        plan.prediction.name,
                        num(f"{needs} studies"),
                        k,
                    ),
                )
            )
        return None, None
    if not math.isfinite(ahead.low):
        notices.append(Notice("P205", "No prediction interval: its degrees of freedom are not positive"))
        return None, None
    above = None if threshold is None else float(probability_above(threshold, ahead, solved.fit.sets.origin))
    return ahead, above


def _bootstrapped(
    solved: Solved, plan: Plan, threshold: float | None, seed: int, progress: Progress | None
) -> tuple[Prediction, float | None]:
    sets = solved.fit.sets
    found = bootstrap_prediction(
        sets, plan.prediction_level, np.random.default_rng(whole("seed", seed, 0)), progress=progress
    )
    above = None
    if threshold is not None:
        above = float(np.mean(found.draws > threshold - sets.origin))
    spread = float(np.std(found.draws))
    return Prediction(solved.shown.estimate, of_one(spread), math.inf, of_one(found.low), of_one(found.high)), above


def _prediction_key(ahead: Prediction | None, ci_key: str, plan: Plan) -> str | None:
    """The key of what was computed; "auto" is named by the standard error it took."""
    if ahead is None:
        return None
    if isinstance(plan.prediction, PredictionMethod):
        return plan.prediction.key
    if plan.prediction == "bootstrap":
        return "bootstrap"
    if CI[ci_key].scaled:
        return "hk"
    return "t-k1" if ci_key in ("wald", "t") else "shown"


# --- the fields of the result -----------------------------------------------------------------------------------------

_NO_PROBABILITY = Notice("P205", "No probability above the threshold: there is no prediction interval to take it from")
_NOT_POOLED: Fields = NO_TAU2 | {"i2": None, "i2_q": None, "h2": None, "q": None, "q_df": None, "q_p": None}


def _mean_fields(
    sets: Sets,
    shown: Interval,
    ci_key: str,
    ahead: Prediction | None,
    prediction_key: str | None,
    back: tuple[str, Callable[[float], float]],
) -> Fields:
    origin = float(sets.origin)
    limits = (float(shown.estimate) + origin, float(shown.low) + origin, float(shown.high) + origin)
    beyond = None if ahead is None else (float(ahead.low) + origin, float(ahead.high) + origin)
    df = float(shown.df)
    return {
        "estimate": limits[0],
        "se": float(shown.se),
        "statistic": float(shown.statistic),
        "df": None if math.isinf(df) else df,
        "p_value": float(shown.p_value),
        "ci_low": limits[1],
        "ci_high": limits[2],
        "ci_method": ci_key,
        "prediction_low": None if beyond is None else beyond[0],
        "prediction_high": None if beyond is None else beyond[1],
        "prediction_df": None if ahead is None or math.isinf(ahead.df) else float(ahead.df),
        "prediction_method": prediction_key,
        "display": Display.by(*back, limits, beyond),
    }


def _heterogeneity(solved: Solved, plan: Plan, details: Fields, notices: list[Notice]) -> Fields:
    sets = solved.fit.sets
    c = cochran(sets)
    fields: Fields = {"q": float(c.q), "q_df": float(c.df), "q_p": float(c.p), "i2_q": float(c.i2)}
    by_tau2 = plan.random and plan.i2 == "tau2"
    if not by_tau2 and c.df > 1:
        details |= _test_based(c, sets, plan.level)
    if not plan.random:
        return fields | NO_TAU2 | NO_TAU2_INTERVAL | {"i2": float(c.i2), "h2": float(c.h2)}
    value = solved.between.value
    fields["tau2"] = float(value)
    fields["tau"] = math.sqrt(value)
    fields["i2"] = float(i2_from_tau2(value, c.typical) if by_tau2 else c.i2)
    fields["h2"] = float(h2_from_tau2(value, c.typical) if by_tau2 else c.h2)
    if not by_tau2:
        share = r_b(sets, value, plan.level)
        details |= {"rb": float(share.value), "rb_ci": (float(share.low), float(share.high))}
    if not isinstance(plan.tau2, Tau2Method):
        return fields | NO_TAU2_INTERVAL | {"tau2_se": None, "tau2_method": "fixed"}
    likelihood = plan.tau2.likelihood
    estimated = Estimated(sets, value, plan.tau2.se(sets, value), likelihood or "REML")
    fields["tau2_se"] = float(estimated.se)
    fields["tau2_method"] = plan.tau2.key
    if likelihood:
        details |= _information(solved, restricted=likelihood == "REML")
    return fields | _tau2_interval(estimated, plan, c, details, notices)


def _test_based(c: Cochran, sets: Sets, level: float) -> Fields:
    """Limits of I2 and H2 that belong to their forms from Q."""
    low, high = (float(h) for h in h_interval(c.h2, c.q, sets.k, level))
    return {"i2_ci": (1 - low**-2, 1 - high**-2), "h2_ci": (low * low, high * high)}


def _information(solved: Solved, *, restricted: bool) -> Fields:
    """Log-likelihood of the fit, and the information criteria with mean and tau2 as its two parameters."""
    sets = solved.fit.sets
    value = float(log_likelihood_of(sets, solved.fit.by, restricted=restricted, mean=solved.fit.estimate))
    n = float(sets.k) - 1 if restricted else float(sets.k)
    small = max(n, 4.0)
    return {
        "log_likelihood": value,
        "aic": 4 - 2 * value,
        "bic": 2 * math.log(n) - 2 * value,
        "aicc": 4 * small / (small - 3) - 2 * value,
    }


def _tau2_interval(estimated: Estimated, plan: Plan, c: Cochran, details: Fields, notices: list[Notice]) -> Fields:
    row = plan.tau2_ci
    if row is None:
        return NO_TAU2_INTERVAL
    if estimated.sets.k < row.needs:
        raise TooFewStudies(f"the interval for tau2 by {row.name}", row.needs, int(estimated.sets.k))
    low, high = (float(x) for x in row.compute(estimated, plan.level))
    if math.isnan(low) or math.isnan(high):
        notices.append(Notice("P206", said("No interval for tau2: {} does not exist where tau2 is {}", row.name, 0)))
        return NO_TAU2_INTERVAL
    typical = float(c.typical)
    if plan.i2 == "tau2":
        details["i2_ci"] = (low / (low + typical), high / (high + typical))
        details["h2_ci"] = (1 + low / typical, 1 + high / typical)
    if high == 0:
        notices.append(
            Notice(
                "P207",
                said("The effects differ less than chance alone would have it: the interval for tau2 holds only {}", 0),
            )
        )
    return {"tau2_ci_low": low, "tau2_ci_high": high, "tau2_ci_method": row.key}


def _threshold(value: Any) -> float:
    """Raises InvalidInput for what is no finite number."""
    rule = "a threshold is a finite number on the analysis scale"
    bound = real("threshold", value, rule)
    if not math.isfinite(bound):
        raise InvalidInput(f"threshold is {value!r}", rule)
    return bound


def _way_back(transform: Transform) -> tuple[str, Callable[[float], float]]:
    if not isinstance(transform, str):
        if not callable(transform):
            raise InvalidInput(
                f"transform is {transform!r}", f"a transform is a function or one of {', '.join(TRANSFORMS)}"
            )
        return getattr(transform, "__name__", "custom"), transform
    if transform not in TRANSFORMS:
        raise InvalidInput(
            f"transform is {transform!r}", f"a transform is a function or one of {', '.join(TRANSFORMS)}"
        )
    return transform, TRANSFORMS[transform]
