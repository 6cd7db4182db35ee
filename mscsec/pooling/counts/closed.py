"""The closed-form methods, from a request to a result: Mantel-Haenszel, Peto, inverse variance, SSW, Cochran."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mscsec.arrays import Array, BoolArray
from mscsec.errors import NotEstimable
from mscsec.pooling.counts import mantel_haenszel, notices, peto, study_effects
from mscsec.pooling.counts.continuity import ZeroCells, has_estimate, incremented, incremented_time, increments
from mscsec.pooling.counts.frame import (
    Options,
    Spread,
    inverse_variance,
    only_wald,
    q_intervals,
    spread_about,
    wald_result,
)
from mscsec.pooling.counts.mantel_haenszel import Stratified
from mscsec.pooling.counts.stratified_tests import (
    ChiSquare,
    cochran,
    cochran_mantel_haenszel,
    homogeneity,
    rate_association,
)
from mscsec.pooling.counts.study_effects import StudyEffects
from mscsec.pooling.counts.tables import PersonTime, Tables
from mscsec.pooling.result import PooledResult
from mscsec.registry import by_key
from mscsec.results import Notice
from mscsec.said import joined, num, said


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that a method may need.

    tables : (k,) with every study, those with an empty arm masked.
    correct : continuity correction of the association tests. tau2_about : "MH" or "IV", the estimate that the Q of a
    DerSimonian-Laird tau2 is taken about. points, coding : of the mixed models.
    """

    tables: Tables | PersonTime
    measure: str
    rule: ZeroCells
    options: Options
    correct: bool = True
    tau2_about: str = "MH"
    points: int | None = None
    coding: float = 0.5


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of `MEASURES`: the study effect, its Mantel-Haenszel estimate where there is one, and the way back."""

    key: str
    name: str
    effect: Callable[..., StudyEffects]
    stratified: Callable[..., Stratified] | None
    transform: str
    source: str


MEASURES = by_key(
    Measure("OR", "log odds ratio", study_effects.odds_ratio, mantel_haenszel.odds_ratio, "exp", "robins1986"),
    Measure("RR", "log risk ratio", study_effects.risk_ratio, mantel_haenszel.risk_ratio, "exp", "greenland1985"),
    Measure(
        "RD", "risk difference", study_effects.risk_difference, mantel_haenszel.risk_difference, "identity", "sato1989"
    ),
    Measure("AS", "arcsine difference", study_effects.arcsine_difference, None, "identity", "rucker2009"),
    Measure("IRR", "log rate ratio", study_effects.rate_ratio, mantel_haenszel.rate_ratio, "exp", "greenland1985"),
    Measure(
        "IRD", "rate difference", study_effects.rate_difference, mantel_haenszel.rate_difference, "identity",
        "greenland1985",
    ),
)  # fmt: skip


# --- Mantel-Haenszel ------------------------------------------------------------------------------------------------


def by_mantel_haenszel(request: Request) -> PooledResult:
    """Mantel-Haenszel; with a random-effects model, inverse variance with tau2 about the Mantel-Haenszel estimate (DL)."""
    effects = _effects(request)
    tables = _summed(request, "MH")
    if not tables.mask.any():
        who = "nobody" if isinstance(tables, PersonTime) else "nobody, or everybody,"
        raise NotEstimable(f"in every study {who} had the event, and such studies are left out of the sums")
    found = _mantel_haenszel(request, tables)
    _require(found, request.measure)
    estimate, se = float(found.estimate), float(found.se)
    spread = spread_about(effects, estimate)
    details = _details(request, tables if request.rule.in_tests else request.tables, effects, estimate)
    told = _told(request, effects, "MH")
    if request.options.model == "random":
        return _random_about(request, effects, found, spread, details, told)
    only_wald(request.options, "the Mantel-Haenszel estimate")
    if se == 0:
        told = (*told, Notice("P304", said("The standard error is {} (no table varies), so there is no test", 0)))
    return wald_result(
        estimate,
        se,
        k=int(tables.mask.sum()),
        weights=found.weights,
        method="MH",
        options=request.options,
        transform=MEASURES[request.measure].transform,
        spread=spread,
        notices=told,
        details=details,
    )


def _mantel_haenszel(request: Request, tables: Tables | PersonTime) -> Stratified:
    return mantel_haenszel_estimate(request.tables, tables, request.measure, request.rule)


def mantel_haenszel_estimate(
    counted: Tables | PersonTime, summed: Tables | PersonTime, measure: str, rule: ZeroCells
) -> Stratified:
    """The Mantel-Haenszel estimate (...) of the tables `summed`, which are `counted` or those with the rule's increments."""
    compute = MEASURES[measure].stratified
    if measure == "RD" and rule.large_strata:
        compute = mantel_haenszel.risk_difference_large_strata
    assert compute is not None
    found = compute(summed)
    if measure in ("RD", "IRD") and "MH" in rule.in_sums and rule.raw_difference:
        # Weights and variance from the changed tables, the differences themselves from the counts as they are.
        return replace(found, estimate=np.asarray((found.weights * _raw_difference(counted)).sum(-1)))
    return found


def _raw_difference(t: Tables | PersonTime) -> Array:
    x_1, n_1, x_2, n_2 = (t.a, t.n_1, t.c, t.n_2) if isinstance(t, Tables) else (t.x_1, t.t_1, t.x_2, t.t_2)
    return x_1 / np.where(t.mask, n_1, 1.0) - x_2 / np.where(t.mask, n_2, 1.0)


def _random_about(
    request: Request,
    effects: StudyEffects,
    found: Stratified,
    spread: Spread,
    details: dict[str, Any],
    told: tuple[Notice, ...],
) -> PooledResult:
    """Inverse-variance random effects; a DerSimonian-Laird tau2 takes its Q about the Mantel-Haenszel estimate if asked."""
    options = request.options
    estimator = options.convention.tau2 if options.tau2 is None else options.tau2
    details["common"] = {"estimate": float(found.estimate), "se": float(found.se), "weights": found.weights.tolist()}
    about = estimator == "DL" and request.tau2_about == "MH" and effects.included.sum() > 1
    transform = MEASURES[request.measure].transform
    result = inverse_variance(
        effects,
        method="MH",
        options=options,
        transform=transform,
        notices=told,
        details=details,
        tau2=_tau2_about(effects, spread) if about else None,
    )
    if not about:
        return result
    by_q = options.convention.i2 == "q"
    assert result.details is not None
    return replace(
        result,
        tau2_method="DL",
        q=spread.q,
        q_p=spread.p,
        i2_q=spread.i2,
        i2=spread.i2 if by_q else result.i2,
        h2=spread.h2 if by_q else result.h2,
        details={**result.details, "tau2_about": "MH", **q_intervals(spread, options.level)},
    )


def _tau2_about(effects: StudyEffects, spread: Spread) -> float:
    """DerSimonian and Laird's moment estimator with Q about the Mantel-Haenszel estimate, as Review Manager 5 has it."""
    assert spread.q is not None
    assert spread.df is not None
    w = np.where(effects.included, 1 / effects.vi, 0.0)
    return max(0.0, (spread.q - spread.df) / float(w.sum() - (w**2).sum() / w.sum()))


# --- Peto, inverse variance and weights that need no variance ------------------------------------------------------------


def by_peto(request: Request) -> PooledResult:
    """Peto's one-step odds ratio; with a random-effects model, inverse variance on the one-step estimates."""
    tables = _summed(request, "Peto")
    assert isinstance(tables, Tables)
    found = peto.odds_ratio(tables)
    if not found.estimable:
        raise NotEstimable(f"{why_none('Peto', 'OR')}, so the odds ratio is not estimable by Peto's method")
    effects = study_effects.peto_odds_ratio(tables)
    told = _outside_peto(request.tables, float(found.estimate)) + _informative_only(request)
    details = _details(request, tables, effects, float(found.estimate), homogeneous=False)
    if request.options.model == "random":
        return inverse_variance(
            effects, method="Peto", options=request.options, transform="exp", notices=told, details=details
        )
    only_wald(request.options, "Peto's method")
    return wald_result(
        float(found.estimate),
        float(found.se),
        k=int(tables.mask.sum()),
        weights=found.weights,
        method="Peto",
        options=request.options,
        transform="exp",
        spread=spread_about(effects, float(found.estimate)),
        notices=told,
        details=details,
    )


def by_inverse_variance(request: Request) -> PooledResult:
    """Inverse variance on the study effects after the continuity correction."""
    if request.rule.keep_alone:
        request = replace(request, rule=replace(request.rule, drop="never"))
    effects = _effects(request)
    return inverse_variance(
        effects,
        method="IV",
        options=request.options,
        transform=MEASURES[request.measure].transform,
        notices=_told(request, effects, "IV"),
        details=_details(request, request.tables, effects, None),
    )


def by_sample_size(request: Request) -> PooledResult:
    """Weights n_1 n_2 / N, which do not depend on the outcome.

    Under the convention "meta" the prediction interval is the inverse-variance one, around another estimate than is shown.
    Source: Bakbergenuly, Hoaglin & Kulinskaya (2020), Res Synth Methods 11:426-442.
    """
    effects, t = _effects(request), request.tables
    assert isinstance(t, Tables)
    result = inverse_variance(
        effects,
        method="SSW",
        options=request.options,
        transform=MEASURES[request.measure].transform,
        weights=np.where(t.mask, t.n_1 * (t.n_2 / t.total), 0.0),
        notices=_told(request, effects, "SSW"),
        details=_details(request, t, effects, None),
    )
    if request.options.preset != "meta" or result.prediction_low is None:
        return result
    other = inverse_variance(
        effects, method="IV", options=request.options, transform=MEASURES[request.measure].transform
    )
    shown = replace(
        result.display,
        prediction_low=other.display.prediction_low,
        prediction_high=other.display.prediction_high,
    )
    return replace(result, prediction_low=other.prediction_low, prediction_high=other.prediction_high, display=shown)


def by_cochran(request: Request) -> PooledResult:
    """Mean of the log rate ratios, weighted by the events that arm 1 would have at the rates of arm 2.

    The variance 1 / sum x_1 + 1 / sum x_2 takes the ratio to be the same everywhere.
    Source: Bayne-Jones et al. (1964), Smoking and Health, chapter 8.
    """
    t = request.tables
    assert isinstance(t, PersonTime)
    effects = _effects(request)
    expected = np.where(effects.included, t.x_2 * t.t_1 / np.where(t.mask, t.t_2, 1.0), 0.0)
    total_1, total_2 = float(t.x_1[t.mask].sum()), float(t.x_2[t.mask].sum())
    if total_1 == 0 or expected.sum() == 0:
        raise NotEstimable("no event in one of the arms over all studies, so the rate ratio is not estimable")
    weights, se = expected / expected.sum(), float(np.sqrt(1 / total_1 + 1 / total_2))
    estimate = float((weights * effects.yi).sum())
    told = _told(request, effects, "Cochran")
    details = _details(request, t, effects, None)
    if request.options.model == "random":
        details["common"] = {"estimate": estimate, "se": se, "weights": weights.tolist()}
        return inverse_variance(
            effects, method="Cochran", options=request.options, transform="exp", notices=told, details=details
        )
    only_wald(request.options, "Cochran's method")
    told += notices.no_weight(t.mask & (t.x_1 > 0) & (t.x_2 == 0))
    return wald_result(
        estimate,
        se,
        k=int(t.mask.sum()),
        weights=weights,
        method="Cochran",
        options=request.options,
        transform="exp",
        spread=spread_about(effects, estimate),
        notices=told,
        details=details,
    )


# --- what they share ---------------------------------------------------------------------------------------------------


def _effects(request: Request) -> StudyEffects:
    return MEASURES[request.measure].effect(request.tables, request.rule)


def _summed(request: Request, method: str) -> Tables | PersonTime:
    return summed_tables(request.tables, request.measure, request.rule, method)


def summed_tables(t: Tables | PersonTime, measure: str, rule: ZeroCells, method: str) -> Tables | PersonTime:
    """The tables that the sums of `method` run over: as they are, or with the increments where the rule puts them there."""
    if method not in rule.in_sums:
        return t
    # A table that the rule leaves without an estimate stays out of sums that would otherwise see only its increment.
    mask = t.mask if rule.drop == "always" else has_estimate(t, measure, rule)
    changed = incremented(t, rule) if isinstance(t, Tables) else incremented_time(t, rule)
    return replace(changed, mask=mask)


def _require(found: Stratified, measure: str) -> None:
    if not found.estimable:
        raise NotEstimable(
            f"{why_none('MH', measure)}, so the Mantel-Haenszel {MEASURES[measure].name} is not estimable"
        )


def why_none(method: str, measure: str) -> str:
    """What is true of studies whose events do not determine the estimate by "MH" or "Peto"."""
    if method == "Peto":
        return notices.ONE_OUTCOME
    return notices.ONE_SIDED if measure == "OR" else notices.NO_EVENT


def _test(test: ChiSquare) -> dict[str, float | int | None]:
    return {
        "statistic": float(test.statistic) if test.exists else None,
        "df": int(test.df),
        "p_value": float(test.p_value) if test.exists and test.df > 0 else None,
    }


def _details(
    request: Request,
    tables: Tables | PersonTime,
    effects: StudyEffects,
    log_odds_ratio: float | None,
    *,
    homogeneous: bool = True,
) -> dict[str, Any]:
    """Study effects, the tests of association and, with a Mantel-Haenszel odds ratio, those of homogeneity."""
    kept = effects.included.tolist()
    details: dict[str, Any] = {
        "study_estimate": [y if ok else None for y, ok in zip(effects.yi.tolist(), kept, strict=True)],
        "study_se": [v**0.5 if ok else None for v, ok in zip(effects.vi.tolist(), kept, strict=True)],
        "k_estimates": sum(kept),
        "zero_cells": request.rule.key,
    }
    if isinstance(tables, PersonTime):
        return details | {"mantel_haenszel": _test(rate_association(tables, correct=request.correct))}
    details |= {
        "mantel_haenszel": _test(cochran_mantel_haenszel(tables, correct=request.correct)),
        "cochran": _test(cochran(tables, correct=request.correct)),
    }
    if request.measure == "OR" and homogeneous and log_odds_ratio is not None:
        found = homogeneity(tables, np.asarray(log_odds_ratio))
        details |= {"breslow_day": _test(found.breslow_day), "tarone": _test(found.tarone), "k_pos": int(found.k_pos)}
    if not homogeneous:
        details["k_pos"] = details["k_estimates"]
    return details


def _told(request: Request, effects: StudyEffects, method: str) -> tuple[Notice, ...]:
    """What happened to the sparse tables."""
    t, rule = request.tables, request.rule
    one, two = increments(t, rule)
    touched = effects.included & ((one > 0) | (two > 0)) if request.measure != "AS" else np.zeros_like(t.mask)
    rare = method in ("IV", "SSW") or request.options.model == "random"
    amount = "increments in proportion to the arms" if isinstance(rule.increment, str) else f"{rule.increment:g}"
    exact = method == "MH" and "MH" not in rule.in_sums and request.options.model == "common"
    only_variance = request.measure in ("RD", "IRD") and rule.raw_difference
    what = "variance" if only_variance else "estimate"
    common = request.options.model == "common"
    once = request.measure == "RR" and rule.ratio_once
    cells = "each cell" if isinstance(t, Tables) and not once else "the events of each arm"
    too = "it in each cell" if once else "it too"
    summed = f"; the pooled sums have {too}" if common and method in rule.in_sums else ""
    how = f"{amount} added to {cells} for the study's own {what}" + (
        "; the pooled sums are as counted" if exact else summed
    )
    return (
        notices.empty_arms(~t.mask)
        + (_rare(t, request.measure) if rare and request.measure in ("OR", "RR") else ())
        + _double(request, effects.included, method)
        + notices.corrected(touched & t.any_zero, how)
        + notices.corrected_too(touched & ~t.any_zero, amount, rule.where)
    )


def _rare(t: Tables | PersonTime, measure: str) -> tuple[Notice, ...]:
    assert isinstance(t, Tables)
    rate = float((t.a + t.c)[t.mask].sum() / t.total[t.mask].sum())
    return notices.rare_events(rate, t.any_zero, measure)


def _double(request: Request, included: BoolArray, method: str) -> tuple[Notice, ...]:
    t = request.tables
    common = method in ("MH", "Cochran") and request.options.model == "common"
    exact = common and "MH" not in request.rule.in_sums
    silent, counted, out = (
        f"no estimate of its own{more}"
        for more in (", and nothing added to the sums", ", but counted in the sums", "; left out")
    )
    difference = request.measure in ("RD", "IRD")
    none = (counted if difference else silent) if exact else out
    full = (silent if request.measure == "OR" else counted) if exact else out  # it tells risks near one, not odds
    kept = "kept, with an estimate of its own"
    return (
        notices.double_zero(t.double_zero & ~included, none)
        + notices.double_zero(t.double_zero & included, kept)
        + notices.double_full(t.double_full & ~included, full)
    )


def _informative_only(request: Request) -> tuple[Notice, ...]:
    t = request.tables
    return (
        notices.empty_arms(~t.mask)
        + notices.double_zero(t.double_zero, "no information for Peto's method")
        + notices.double_full(t.double_full, "no information for Peto's method")
    )


LARGE_EFFECT, UNBALANCED = (
    np.log(2.0),
    3.0,
)  # where Peto's one step visibly misses: Greenland & Salvan 1990, Stat Med 9:247


def _outside_peto(t: Tables | PersonTime, estimate: float) -> tuple[Notice, ...]:
    assert isinstance(t, Tables)
    ratio = t.n_1[t.mask].sum() / t.n_2[t.mask].sum()
    reasons = [said("the odds ratio is {:.2g}", np.exp(estimate))] if abs(estimate) > LARGE_EFFECT else []
    if not 1 / UNBALANCED <= ratio <= UNBALANCED:
        reasons.append(said("the arms stand {}", num(f"{ratio:.2g} to 1")))
    if not reasons:
        return ()
    return (
        Notice(
            "P305",
            said(
                "Peto's method is biased here: {}; it suits small effects and balanced arms", joined(" and ", reasons)
            ),
        ),
    )
