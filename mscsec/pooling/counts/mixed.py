"""The mixed models, from a request to a result."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mscsec.arrays import Array, BoolArray
from mscsec.errors import InvalidInput, NotEstimable, UnknownMethod
from mscsec.pooling.counts import glmm_models, glmm_saturated, notices
from mscsec.pooling.counts.closed import MEASURES, Request
from mscsec.pooling.counts.continuity import ZeroCells
from mscsec.pooling.counts.frame import Options, Spread, display, spread_of, spread_out, wald_result
from mscsec.pooling.counts.glmm import GlmmFit, Problem, fit
from mscsec.pooling.counts.glmm_saturated import Heterogeneity, Saturated
from mscsec.pooling.counts.study_effects import StudyEffects
from mscsec.pooling.counts.tables import PersonTime, Tables
from mscsec.pooling.result import PooledResult
from mscsec.pooling.tails import critical
from mscsec.results import Notice
from mscsec.said import num, said

Builder = Callable[[Any, Array, int, float], Problem]


@dataclass(frozen=True, slots=True)
class GroupRequest:
    """One group a study: events (k,), participants or person-time (k,), and which studies have any."""

    events: Array
    size: Array
    mask: BoolArray
    options: Options
    points: int | None = None


# --- two arms ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How a model is built from the tables, and the saturated model above it; None where there is none."""

    build: Builder
    saturate: Callable[[Any], Saturated] | None


def _binomial_saturated(t: Tables) -> Saturated:
    return glmm_saturated.one_binomial(t.a, t.a + t.c, np.log(t.n_1) - np.log(t.n_2))


def _rates_saturated(t: PersonTime) -> Saturated:
    return glmm_saturated.one_binomial(t.x_1, t.x_1 + t.x_2, np.log(t.t_1) - np.log(t.t_2))


OF_TABLES = {
    "UM.FS": Likelihood(glmm_models.fixed_study_effects, glmm_saturated.two_binomial_arms),
    "UM.RS": Likelihood(glmm_models.random_study_effects, None),
    "CM.EL": Likelihood(glmm_models.conditional_exact, glmm_saturated.conditional),
    "CM.AL": Likelihood(glmm_models.conditional_approximate, _binomial_saturated),
}
OF_RATES = {
    "UM.FS": Likelihood(glmm_models.rates_fixed_study_effects, glmm_saturated.two_poisson_arms),
    "UM.RS": Likelihood(glmm_models.rates_random_study_effects, None),
    "CM.EL": Likelihood(glmm_models.rates_conditional, _rates_saturated),
}


def by_fixed_study_effects(request: Request) -> PooledResult:
    """UM.FS, for odds ratios and rate ratios."""
    return _two_arms(request, "UM.FS")


def by_random_study_effects(request: Request) -> PooledResult:
    """UM.RS, for odds ratios and rate ratios."""
    return _two_arms(request, "UM.RS")


def by_conditional_exact(request: Request) -> PooledResult:
    """CM.EL, for odds ratios and rate ratios."""
    return _two_arms(request, "CM.EL")


def by_conditional_approximate(request: Request) -> PooledResult:
    """CM.AL for odds ratios."""
    return _two_arms(request, "CM.AL")


@dataclass(frozen=True, slots=True)
class TwoArms:
    """What a model of two arms is fitted to.

    used : (k,) the studies that inform it; kept : their tables. notices : what became of the others.
    """

    used: BoolArray
    kept: Any
    likelihood: Likelihood
    points: int
    coding: float
    notices: tuple[Notice, ...]

    def problem(self, design: Array) -> Problem:
        """The model with covariates (n, p) of the effect, a row for each study used."""
        return self.likelihood.build(self.kept, design, self.points, self.coding)

    def heterogeneity(self, design: Array, flat: GlmmFit) -> Heterogeneity | None:
        """Tests against the saturated model, of the fit without a random effect."""
        if self.likelihood.saturate is None:
            return None
        return glmm_saturated.heterogeneity(self.likelihood.saturate(self.kept), design, flat.log_likelihood)


def two_arms(request: Request, key: str) -> TwoArms:
    """The studies and the likelihood of a model; raises NotEstimable where the effect is infinite, InvalidInput for options it does not have."""
    _check(request.options)
    if not math.isfinite(request.coding):
        raise InvalidInput(f"coding is {request.coding}", "it is a number, 0.5 where both arms vary alike")
    t = request.tables
    used = _used(request, key)
    _require_events(t, used, key)
    told = (
        notices.empty_arms(~t.mask)
        + notices.double_zero(t.double_zero, _treated(used & t.double_zero, key))
        + notices.double_full(t.double_full, _treated(used & t.double_full, key))
    )
    likelihood = (OF_TABLES if isinstance(t, Tables) else OF_RATES)[key]
    points = _points(request, key, request.options.model == "random")
    return TwoArms(used, _rows(t, used), likelihood, points, request.coding, told)


def _two_arms(request: Request, key: str) -> PooledResult:
    """Fit one of the models."""
    parts = two_arms(request, key)
    design = np.ones((int(parts.used.sum()), 1))
    flat, found = fitted(parts.problem(design), request.options)
    measure = MEASURES[request.measure]
    effects = measure.effect(parts.kept, ZeroCells("own", drop="never"))
    tests = parts.heterogeneity(design, flat)
    return _result(found, tests, effects, parts.used, key, request.options, measure.transform, parts.notices)


def _used(request: Request, key: str) -> BoolArray:
    """Studies in the likelihood. A study without events, or with nothing but events, does not inform the effect.

    Under random study effects it informs the overall level; it enters there if the rule for zero cells says "never" drop.
    """
    t = request.tables
    if key == "UM.RS" and request.rule.drop == "never":
        return t.mask
    return t.mask & ~t.double_zero & ~t.double_full


def _treated(kept: BoolArray, key: str) -> str:
    return f"kept for the overall level of {key}" if kept.any() else f"left out, without information for {key}"


def _points(request: Request, key: str, random: bool) -> int:
    if request.points is not None:
        return request.points
    if key == "UM.RS" and random:
        return glmm_models.LAPLACE
    return glmm_models.EXACT_POINTS if key == "CM.EL" and request.measure == "OR" else glmm_models.POINTS


def _rows(t: Any, used: BoolArray) -> Any:
    """The used studies of either kind of table."""
    fields = ("a", "n_1", "c", "n_2") if isinstance(t, Tables) else ("x_1", "t_1", "x_2", "t_2")
    return type(t)(*(getattr(t, name)[used] for name in (*fields, "mask")))


NO_OUTCOME = "over all studies there is no event, or no one without it, in one of the arms"


def _require_events(t: Tables | PersonTime, used: BoolArray, key: str) -> None:
    """Raises NotEstimable where the maximum likelihood effect is infinite: every study at the same end of its support."""
    x_1, x_2 = (t.a, t.c) if isinstance(t, Tables) else (t.x_1, t.x_2)
    low, high = np.zeros_like(x_1), x_1 + x_2
    if isinstance(t, Tables) and key in ("UM.FS", "CM.EL"):
        low, high = np.maximum(0.0, high - t.n_2), np.minimum(t.n_1, high)
    above, below = bool((x_1 > low)[used].any()), bool((x_1 < high)[used].any())
    if isinstance(t, Tables) and key == "UM.RS":
        above = bool(t.a[used].any() and t.d[used].any())
        below = bool(t.b[used].any() and t.c[used].any())
    if above and below:
        return
    why = notices.NO_EVENT
    if isinstance(t, Tables) and key != "CM.AL":
        why = NO_OUTCOME if key == "UM.RS" else notices.ONE_SIDED
    raise NotEstimable(f"the effect is infinite or undefined under {key}: {why}")


# --- one group -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OneGroup:
    """What a model of one group is fitted to.

    used : (k,) the studies that have participants or person-time; events, size : of these. vi : variances of their own
    effects. notices : what became of the others.
    """

    used: BoolArray
    events: Array
    size: Array
    build: Callable[[Array, Array, Array, int], Problem]
    saturated: Saturated
    vi: Array
    points: int
    notices: tuple[Notice, ...]

    def problem(self, design: Array) -> Problem:
        """The model with covariates (n, p), a row for each study used."""
        return self.build(self.events, self.size, design, self.points)

    def heterogeneity(self, design: Array, flat: GlmmFit) -> Heterogeneity:
        """Tests against the saturated model, of the fit without a random effect."""
        return glmm_saturated.heterogeneity(self.saturated, design, flat.log_likelihood)


def proportions(request: GroupRequest) -> OneGroup:
    """The binomial-normal model of logits; raises NotEstimable where the logit over all studies is infinite."""
    x, n = request.events[request.mask], request.size[request.mask]
    if not 0 < x.sum() < n.sum():
        raise NotEstimable("no one, or everyone, had the event over all studies, so the logit is infinite")
    half = np.where((x == 0) | (x == n), 0.5, 0.0)
    vi = 1 / (x + half) + 1 / (n - x + half)
    return _group(request, glmm_models.proportions, glmm_saturated.one_binomial(x, n, np.zeros_like(x)), vi)


def group_rates(request: GroupRequest) -> OneGroup:
    """The Poisson-normal model of log rates; raises NotEstimable where there is no event."""
    x, time = request.events[request.mask], request.size[request.mask]
    if not x.sum() > 0:
        raise NotEstimable("no event over all studies, so the log rate is infinite")
    return _group(request, glmm_models.rates, glmm_saturated.one_poisson(x, time), 1 / np.where(x == 0, 0.5, x))


def _group(
    request: GroupRequest, build: Callable[[Array, Array, Array, int], Problem], saturated: Saturated, vi: Array
) -> OneGroup:
    _check(request.options)
    used, points = request.mask, request.points or glmm_models.POINTS
    told = notices.empty_arms(~used)
    return OneGroup(used, request.events[used], request.size[used], build, saturated, vi, points, told)


def by_proportions(request: GroupRequest) -> PooledResult:
    """Binomial-normal model of logits."""
    return _one_group(request, proportions(request), "expit")


def by_group_rates(request: GroupRequest) -> PooledResult:
    """Poisson-normal model of log rates."""
    return _one_group(request, group_rates(request), "exp")


def _one_group(request: GroupRequest, parts: OneGroup, transform: str) -> PooledResult:
    design = np.ones((len(parts.vi), 1))
    flat, found = fitted(parts.problem(design), request.options)
    tests = parts.heterogeneity(design, flat)
    effects = StudyEffects(np.zeros_like(parts.vi), parts.vi, np.ones(len(parts.vi), dtype=bool))
    return _result(found, tests, effects, parts.used, "GLMM", request.options, transform, parts.notices)


def fitted(problem: Problem, options: Options) -> tuple[GlmmFit, GlmmFit]:
    """The fit without a random effect, which the tests of heterogeneity are of, and the one asked for."""
    flat = fit(problem, random=False)
    return flat, fit(problem, random=True) if options.model == "random" else flat


# --- the result ----------------------------------------------------------------------------------------------------------


def _result(
    found: GlmmFit,
    tests: Heterogeneity | None,
    effects: StudyEffects,
    used: BoolArray,
    key: str,
    options: Options,
    transform: str,
    told: tuple[Notice, ...],
) -> PooledResult:
    """The common part of all mixed models; with random effects tau2, I2 and the prediction interval on top."""
    k = int(used.sum())
    ci_method, df = _interval(options, k)
    details: dict[str, Any] = {
        "log_likelihood": found.log_likelihood,
        "aic": found.aic,
        "bic": found.bic,
        "parameters": found.parameters,
    }
    if tests is not None:
        details |= {"q_wald": tests.wald, "q_wald_p": tests.wald_p, "q_lrt": tests.lrt, "q_lrt_p": tests.lrt_p}
    if found.sigma2 is not None:
        details["sigma2"] = found.sigma2
    plain = wald_result(
        float(found.beta[-1]),
        float(np.sqrt(found.covariance[-1, -1])),
        k=k,
        weights=spread_out(found.weights, used),
        method=key,
        options=options,
        transform=transform,
        spread=Spread() if tests is None else spread_of(tests.wald, tests.df),
        df=df,
        ci_method=ci_method,
        notices=told,
        details=details,
    )
    plain = replace(plain, iterations=found.iterations)
    return _with_spread(plain, found, effects, options, transform) if options.model == "random" else plain


def _check(options: Options) -> None:
    """Refuse, before anything is fitted, what a mixed model does not do."""
    wrong = [f"tau2 {options.tau2!r}"] if options.tau2 not in (None, "ML") else []
    wrong += [f"an interval {options.tau2_ci!r} of tau2"] if options.tau2_ci not in (None, "none") else []
    if wrong:
        raise InvalidInput(
            f"{' and '.join(wrong)} with a mixed model",
            "it estimates tau2 by maximum likelihood, with a standard error and no interval",
            f"Leave {'both' if len(wrong) > 1 else 'it'} out",
        )


def _interval(options: Options, k: int) -> tuple[str, float]:
    asked = options.ci or "wald"
    if asked not in ("auto", "wald", "t"):
        raise UnknownMethod("interval for a mixed model", asked, ("wald", "t"))
    if asked == "t" and k > 1:
        return "t", float(k - 1)
    return "wald", math.inf


def _with_spread(
    result: PooledResult, found: GlmmFit, effects: StudyEffects, options: Options, transform: str
) -> PooledResult:
    """tau2 with what follows from it. I2 takes Higgins & Thompson's typical variance of the studies' own effects."""
    w = np.where(effects.included, 1 / effects.vi, 0.0)
    k, by_q = int(effects.included.sum()), options.convention.i2 == "q" and result.i2 is not None
    typical = (k - 1) / float(w.sum() - (w**2).sum() / w.sum()) if k > 1 else float(effects.vi[0])
    method, limits, df = _prediction(result, found.tau2, options)
    told = result.warnings
    if method is None and result.k > 1 and (options.prediction or options.convention.prediction) != "none":
        told = (*told, Notice("P205", said("No prediction interval from {}", num(f"{result.k} studies"))))
    return replace(
        result,
        tau2=found.tau2,
        tau=math.sqrt(found.tau2),
        tau2_se=found.tau2_se,
        tau2_method="ML",
        i2=result.i2 if by_q else found.tau2 / (found.tau2 + typical),
        h2=result.h2 if by_q else 1 + found.tau2 / typical,
        prediction_method=method,
        prediction_low=None if limits is None else limits[0],
        prediction_high=None if limits is None else limits[1],
        prediction_df=df,
        display=display(transform, result.estimate, result.ci_low, result.ci_high, limits),
        warnings=told,
    )


FREEDOM = {"auto": 1, "shown": 1, "t-k1": 1, "hts": 2}  # studies less degrees of freedom


def _prediction(
    result: PooledResult, tau2: float, options: Options
) -> tuple[str | None, tuple[float, float] | None, float | None]:
    """Method, limits and degrees of freedom; None where there are too few studies or none was asked for."""
    asked = options.prediction or options.convention.prediction
    if asked == "none":
        return None, None, None
    if asked != "normal" and asked not in FREEDOM:
        raise UnknownMethod("prediction interval of a mixed model", asked, (*FREEDOM, "normal", "none"))
    df = math.inf if asked == "normal" else float(result.k - FREEDOM[asked])
    if df < 1 or (asked == "auto" and result.k < 3):
        return None, None, None
    half = float(critical(options.level, df)) * math.sqrt(result.se**2 + tau2)
    key = "t-k1" if asked in ("auto", "shown") else asked
    return key, (result.estimate - half, result.estimate + half), None if math.isinf(df) else df
