"""From an estimate, its standard error and what goes with them to a `PooledResult`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import chdtrc

from mscsec.arrays import Array, BoolArray
from mscsec.errors import InvalidInput, NotEstimable, UnknownMethod
from mscsec.pooling.counts.study_effects import StudyEffects
from mscsec.pooling.fit import pool
from mscsec.pooling.heterogeneity import h_interval
from mscsec.pooling.presets import DEFAULT_PRESET, PRESETS, Preset
from mscsec.pooling.result import NO_TAU2, NO_TAU2_INTERVAL, Display, PooledResult
from mscsec.pooling.tails import critical, two_sided_p
from mscsec.registry import choose
from mscsec.results import Notice

BACK: dict[str, Callable[[float], float]] = {
    "identity": float,
    "exp": math.exp,
    "expit": lambda x: 1 / (1 + math.exp(-x)) if x > -700 else math.exp(x),
}


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for beside the data; None is left to the preset."""

    model: str
    level: float = 0.95
    ci: str | None = None
    tau2: str | float | None = None
    tau2_ci: str | None = None
    prediction: str | None = None
    preset: str | None = None

    @property
    def convention(self) -> Preset:
        """The preset's row."""
        return choose(PRESETS, self.preset or DEFAULT_PRESET, "preset")


def check_options(options: Options) -> None:
    """Raises InvalidInput and UnknownMethod for options that no method can use."""
    if options.model not in ("common", "random"):
        raise InvalidInput(f"model is {options.model!r}", 'the model is "common" or "random"')
    if options.model == "common" and (options.tau2 is not None or options.tau2_ci not in (None, "none")):
        raise InvalidInput(
            "tau2 with a common-effect model",
            "a common effect has no between-study variance",
            "Leave out tau2 and tau2_ci, or take a random-effects model",
        )
    if not 0 < options.level < 1:
        raise InvalidInput(f"level is {options.level}", "a level lies between 0 and 1", "Write 0.95 for 95 percent.")
    assert options.convention.key


def check_points(points: int | None) -> int | None:
    """The number of nodes asked for; raises InvalidInput for one that no quadrature has."""
    if points is not None and not (isinstance(points, int | np.integer) and 1 <= points <= 101):
        raise InvalidInput(f"points is {points}", "a quadrature has 1 to 101 nodes")
    return points


def only_wald(options: Options, method: str) -> None:
    """Raises UnknownMethod where another interval than Wald's is asked of a method that has no other."""
    if options.ci not in (None, "auto", "wald"):
        raise UnknownMethod(f"interval for {method}", str(options.ci), ("wald",))


@dataclass(frozen=True, slots=True)
class Spread:
    """Heterogeneity about an estimate: Q with its degrees of freedom and tail, I2 in [0, 1] and H2 from it."""

    q: float | None = None
    df: int | None = None
    p: float | None = None
    i2: float | None = None
    h2: float | None = None


def spread_about(effects: StudyEffects, centre: float) -> Spread:
    """Cochran's Q of the study effects (k,) about a given estimate; empty where no study has an effect, 0 where one has.

    About its own corrected cells a lone study would seem to differ from the estimate, which is of the cells as they are.
    """
    k = int(effects.included.sum())
    if k == 0:
        return Spread()
    if k == 1:
        return spread_of(0.0, 0)
    return spread_of(float(q_about(effects, np.asarray(centre))), k - 1)


def q_about(effects: StudyEffects, centre: Array) -> Array:
    """Cochran's Q (...) of study effects (..., k) about an estimate (...)."""
    summed: Array = (np.where(effects.included, 1 / effects.vi, 0.0) * (effects.yi - centre[..., None]) ** 2).sum(-1)
    return summed


def spread_of(q: float, df: int) -> Spread:
    """The fields that follow from Q; with one study there is nothing to compare."""
    if df < 1:
        return Spread(q, df)
    i2 = max(0.0, (q - df) / q) if q > 0 else 0.0
    return Spread(q, df, float(chdtrc(df, q)), i2, q / df)


def wald_result(
    estimate: float,
    se: float,
    *,
    k: int,
    weights: Array,
    method: str,
    options: Options,
    transform: str,
    spread: Spread,
    df: float = math.inf,
    limits: tuple[float, float] | None = None,
    test: tuple[float, float] | None = None,
    ci_method: str = "wald",
    notices: tuple[Notice, ...] = (),
    details: dict[str, Any] | None = None,
) -> PooledResult:
    """A result without between-study variance; the interval is estimate ± quantile × se unless `limits` are given.

    limits, test : interval, and statistic with its P value, of a method that has its own.
    A standard error of zero leaves the test undefined, which a notice of the caller explains.
    """
    low, high = limits or _wald_limits(estimate, se, options.level, df)
    statistic, p_value = test or _tested(estimate, se, df)
    if k == 1:
        notices = (*notices, Notice("P201", "One study: its own estimate is shown, nothing was pooled"))
    return PooledResult(
        k=k,
        estimate=estimate,
        se=se,
        statistic=statistic,
        df=None if math.isinf(df) else df,
        p_value=p_value,
        ci_low=low,
        ci_high=high,
        level=options.level,
        **NO_TAU2,
        **NO_TAU2_INTERVAL,
        i2=spread.i2,
        i2_q=spread.i2,
        h2=spread.h2,
        q=spread.q,
        q_df=None if spread.df is None else float(spread.df),
        q_p=spread.p,
        prediction_low=None,
        prediction_high=None,
        prediction_df=None,
        prediction_method=None,
        weights=tuple(weights.tolist()),
        model=options.model,
        method=method,
        ci_method=ci_method,
        display=display(transform, estimate, low, high),
        warnings=notices,
        details={**(details or {}), **q_intervals(spread, options.level)} or None,
    )


def q_intervals(spread: Spread, level: float) -> dict[str, tuple[float, float]]:
    """Test-based intervals of H and of the I2 that rests on Q. Source: Higgins & Thompson (2002), Stat Med 21:1539-1558."""
    if spread.q is None or spread.df is None or spread.df < 2:
        return {}
    h2, q, k = np.asarray(spread.q / spread.df), np.asarray(spread.q), np.asarray(spread.df + 1.0)
    ends = h_interval(h2, q, k, level)
    low, high = (float(end) for end in ends)
    return {"h_ci": (low, high), "i2_q_ci": (1 - low**-2, 1 - high**-2)}


def _wald_limits(estimate: float, se: float, level: float, df: float) -> tuple[float, float]:
    half = float(critical(level, df)) * se
    return estimate - half, estimate + half


def _tested(estimate: float, se: float, df: float) -> tuple[float | None, float | None]:
    if not se > 0:
        return None, None
    return estimate / se, float(two_sided_p(np.asarray(estimate / se), df))


def display(
    transform: str, estimate: float, low: float, high: float, ahead: tuple[float, float] | None = None
) -> Display:
    """The numbers back on the scale that a reader knows."""
    return Display.by(transform, BACK[transform], (estimate, low, high), ahead)


def inverse_variance(
    effects: StudyEffects,
    *,
    method: str,
    options: Options,
    transform: str,
    weights: Array | None = None,
    notices: tuple[Notice, ...] = (),
    details: dict[str, Any] | None = None,
    tau2: float | None = None,
) -> PooledResult:
    """The studies that have an effect, pooled by the kernel; weights come back in the order given, 0 for the others.

    weights : (k,) those of the mean, where they are not inverse variances. tau2 : a value found elsewhere.
    Raises NotEstimable where no study has an effect.
    """
    used = effects.included
    if not used.any():
        raise NotEstimable("no study has an estimate with a sampling variance, so there is nothing to pool")
    random = options.model == "random"
    found = pool(
        effects.yi[used],
        effects.vi[used],
        model=options.model,
        tau2=(options.tau2 if tau2 is None else tau2) if random else None,
        tau2_ci=(options.tau2_ci if tau2 is None else "none") if random else None,
        ci=options.ci,
        prediction=options.prediction if random else None,
        level=options.level,
        preset=options.preset,
        weights=None if weights is None else weights[used],
        transform=transform if transform in ("identity", "exp") else BACK[transform],
    )
    spread = Spread() if found.q is None or found.q_df is None else Spread(found.q, int(found.q_df))
    return replace(
        found,
        method=method,
        weights=tuple(spread_out(found.weights, used).tolist()),
        warnings=(*notices, *found.warnings),
        details={**(found.details or {}), **(details or {}), **q_intervals(spread, options.level)} or None,
    )


def spread_out(weights: Array | tuple[float, ...], used: BoolArray) -> Array:
    """Weights of the used studies in their places among all, 0 for the others."""
    everywhere = np.zeros(used.shape)
    everywhere[used] = weights
    return everywhere
