"""Trim and fill: how many studies would make the funnel symmetric, and the mean with them in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.arrays import Array, ArrayLike, IntArray
from mscsec.errors import InvalidInput, NotConverged, NotEstimable, TooFewStudies
from mscsec.pooling.fit import pool
from mscsec.pooling.regression import regress
from mscsec.pooling.result import PooledResult
from mscsec.pooling.sets import Sets, one_set
from mscsec.registry import by_key, choose
from mscsec.results import Notice, Result

NEEDS = 3
STEPS = 100  # trims, re-estimates and ranks; a count of studies settles within a few or not at all


@dataclass(frozen=True, slots=True)
class TrimAndFill(Result):
    """The studies that would make the funnel symmetric, and the fits without and with them.

    k : studies observed; k0 : studies missing by the estimate, k0_se its standard error, None where its formula has none.
    k0_p : P of the hypothesis that none is missing, for R0 alone.
    side : "left" or "right", where studies are missing.
    filled_yi, filled_vi : (k0,) the imputed effects, mirror images about `centre`, and their variances, from the
        least to the most extreme.
    source : (k0,) position (from 0) of the study that each is the mirror image of.
    observed, filled : the pooled results of the observed studies, and of the observed with the imputed ones.
    """

    k: int
    k0: int
    k0_se: float | None
    k0_p: float | None
    side: str
    estimator: str
    convention: str
    centre: float
    filled_yi: tuple[float, ...]
    filled_vi: tuple[float, ...]
    source: tuple[int, ...]
    observed: PooledResult
    filled: PooledResult
    iterations: int
    warnings: tuple[Notice, ...] = ()

    def __repr__(self) -> str:
        return f"TrimAndFill(k={self.k}, k0={self.k0} on the {self.side}, filled={self.filled!r})"


@dataclass(frozen=True, slots=True)
class Missing:
    """An estimate of the number of missing studies before it is rounded; k0_se None where its variance is negative."""

    k0: float
    k0_se: float | None


@dataclass(frozen=True, slots=True)
class Estimator:
    """One estimator: `estimate` takes the signed ranks (k,) of the deviations from the trimmed mean."""

    key: str
    name: str
    estimate: Callable[[Array], Missing]
    source: str


def _run(signed: Array) -> Missing:
    """R0: the run of largest ranks on the heavy side. Duval & Tweedie (2000), J Am Stat Assoc 95:89-98, equation 3."""
    k = signed.size
    k0 = k - max(0.0, float(-signed.min())) - 1
    return Missing(k0, math.sqrt(2 * max(0.0, k0) + 2))


def _linear(signed: Array) -> Missing:
    """L0, linear in Wilcoxon's statistic; the same paper, equation 5."""
    k = signed.size
    k0 = (4 * _wilcoxon(signed) - k * (k + 1)) / (2 * k - 1)
    variance = _variance(k, k0)
    return Missing(k0, 4 * math.sqrt(variance) / (2 * k - 1) if variance >= 0 else None)


def _quadratic(signed: Array) -> Missing:
    """Q0, the root of a quadratic in Wilcoxon's statistic; the same paper, equation 6. NotEstimable without a real root."""
    k = signed.size
    square = 2 * k**2 - 4 * _wilcoxon(signed) + 0.25
    if square < 0:
        raise NotEstimable(
            "Q0 has no value for these data: the square root in its formula is of a negative number."
            " L0 and R0 always have one"
        )
    k0 = k - 0.5 - math.sqrt(square)
    variance, below = _variance(k, k0), (k - 0.5) ** 2 - k0 * (2 * k - k0 - 1)
    return Missing(k0, 2 * math.sqrt(variance) / math.sqrt(below) if variance >= 0 and below > 0 else None)


def _wilcoxon(signed: Array) -> float:
    return float(signed[signed > 0].sum())


def _variance(k: int, k0: float) -> float:
    """Variance of Wilcoxon's statistic with k0 studies missing; Duval & Tweedie (2000), Biometrics 56:455-463, section 3."""
    return (
        k * (k + 1) * (2 * k + 1) + 10 * k0**3 + 27 * k0**2 + 17 * k0 - 18 * k * k0**2 - 18 * k * k0 + 6 * k**2 * k0
    ) / 24


ESTIMATORS = by_key(
    Estimator("L0", "linear estimator", _linear, "duval2000"),
    Estimator("R0", "run estimator", _run, "duval2000"),
    Estimator("Q0", "quadratic estimator", _quadratic, "duval2000"),
)


@dataclass(frozen=True, slots=True)
class Convention:
    """How a program trims: ranks of ties, rounding, and which mean and which slope it looks at."""

    key: str
    name: str
    ties: str
    round: Callable[[float], int]
    line: str


CONVENTIONS = by_key(
    Convention("metafor", "ties in order, side by the slope under the same model", "first", round, "same"),
    Convention("meta", "average ranks, side by Egger's slope", "average", lambda x: math.floor(x + 0.5), "egger"),
)


def trim_and_fill(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    estimator: str = "L0",
    side: str = "auto",
    model: str = "random",
    tau2: str = "REML",
    ci: str | None = None,
    trim_model: str | None = None,
    convention: str = "metafor",
    prediction: str | None = None,
    level: float = 0.95,
    transform: str = "identity",
    preset: str | None = None,
) -> TrimAndFill:
    """Trim the studies that make the funnel lopsided, find its centre, and fill in their mirror images.

    yi, vi : (k,) effects on the analysis scale (ratios as logs) and their sampling variances.
    estimator : key of `ESTIMATORS`. side : where studies are missing; "auto" by the sign of the slope on the
        standard error. model, tau2, ci, prediction, level, transform, preset : of the two pooled results, as in `pool`.
    trim_model : "common" or "random", the mean trimmed about; as `model` where not given.
    convention : key of `CONVENTIONS`.

    The filled studies are inventions that a symmetric funnel would need: the second result is a sensitivity analysis.
    Raises TooFewStudies below three studies, NotEstimable (Q0), NotConverged, UnknownMethod, InvalidInput.
    Source: Duval & Tweedie (2000), Biometrics 56:455-463.
    """
    row = choose(ESTIMATORS, estimator, "estimator of the number of missing studies")
    habit = choose(CONVENTIONS, convention, "convention")
    about = trim_model or model
    _check(side, about)
    sets = _enough(yi, vi)
    k, origin = int(sets.k), float(sets.origin)
    options: dict[str, Any] = {
        "model": model, "ci": ci, "prediction": prediction, "level": level, "transform": transform, "preset": preset,
    } | ({"tau2": tau2} if model == "random" else {})  # fmt: skip
    observed = pool(yi, vi, **options)
    where = _side(sets.yi, sets.vi, about, tau2, habit) if side == "auto" else side
    trimmed, source, centre = _trim_side(sets, where, row, habit, about, tau2)
    filled_yi, filled_vi = 2 * centre - sets.yi[source] + origin, sets.vi[source]
    all_yi, all_vi = np.concatenate([sets.yi + origin, filled_yi]), np.concatenate([sets.vi, filled_vi])
    filled = pool(all_yi, all_vi, **options) if trimmed.k0 else observed
    return TrimAndFill(
        k=k,
        k0=trimmed.k0,
        k0_se=trimmed.k0_se,
        k0_p=0.5 ** (trimmed.k0 + 1) if row.key == "R0" else None,
        side=where,
        estimator=row.key,
        convention=habit.key,
        centre=centre + origin,
        filled_yi=tuple(filled_yi.tolist()),
        filled_vi=tuple(filled_vi.tolist()),
        source=tuple(int(i) for i in source),
        observed=observed,
        filled=filled,
        iterations=trimmed.iterations,
        warnings=_notices(trimmed, k),
    )


def _enough(yi: ArrayLike, vi: ArrayLike) -> Sets:
    sets = one_set(yi, vi)
    if sets.k < NEEDS:
        raise TooFewStudies("trim and fill", NEEDS, int(sets.k))
    return sets


def _check(side: str, about: str) -> None:
    if side not in ("auto", "left", "right"):
        raise InvalidInput(f"side is {side!r}", 'it is "left", "right" or "auto"')
    if about not in ("common", "random"):
        raise InvalidInput(f"trim_model is {about!r}", 'it is "common" or "random"')


@dataclass(frozen=True, slots=True)
class Trimmed:
    """Where the trimming came to rest: the count, its standard error, and the mean of what was left."""

    k0: int
    k0_se: float | None
    centre: float
    iterations: int


def _trim_side(
    sets: Sets, where: str, row: Estimator, habit: Convention, about: str, tau2: str
) -> tuple[Trimmed, IntArray, float]:
    """Trims opposite the side `where` studies are missing; with the positions of those trimmed, and the centre that is left."""
    flip = -1.0 if where == "right" else 1.0
    order = np.argsort(flip * sets.yi, kind="stable")
    trimmed = _trim(flip * sets.yi[order], sets.vi[order], row, habit, about, tau2)
    return trimmed, order[len(order) - trimmed.k0 :], flip * trimmed.centre


def _trim(yi: Array, vi: Array, row: Estimator, habit: Convention, about: str, tau2: str) -> Trimmed:
    """Trim sorted effects (k,) from the right until the number estimated is the number trimmed."""
    k, k0 = yi.size, 0
    for step in range(1, STEPS + 1):
        centre = _mean(yi[: k - k0], vi[: k - k0], about, tau2)
        deviation = yi - centre
        if not deviation.any():
            return Trimmed(0, None, centre, step)
        found = row.estimate(np.sign(deviation) * _ranks(np.abs(deviation), habit.ties))
        before, k0 = k0, min(max(0, habit.round(found.k0)), k - 1)
        if k0 == before:
            return Trimmed(k0, found.k0_se, centre, step)
    raise NotConverged(f"trim and fill by {row.key}", STEPS, k0, "Take another estimator.")


def _mean(yi: Array, vi: Array, about: str, tau2: str) -> float:
    if about == "common":
        return float((yi / vi).sum() / (1 / vi).sum())
    return pool(yi, vi, tau2=tau2, ci="wald", prediction="none", tau2_ci="none").estimate


def _ranks(size: Array, ties: str) -> Array:
    """Ranks 1 ... k; ties in the order they stand in, or their average."""
    order = np.argsort(size, kind="stable")
    ranks = np.empty(size.size)
    ranks[order] = np.arange(1.0, size.size + 1)
    if ties == "average":
        _, group, count = np.unique(size, return_inverse=True, return_counts=True)
        ranks = (np.bincount(group, ranks) / count)[group]
    return ranks


def _side(yi: Array, vi: Array, about: str, tau2: str, habit: Convention) -> str:
    """Studies are missing opposite to where the small ones lie; on the left where the slope is not negative."""
    sei = np.sqrt(vi)
    if float(np.ptp(sei)) <= 1e-10 * float(sei.max()):
        raise NotEstimable(
            "the standard error is the same in every study, so the side on which studies may be missing"
            ' cannot be told; in Python side="left" or side="right" names it'
        )
    model = "common" if habit.line == "egger" else about
    extra: dict[str, Any] = {"tau2": tau2} if model == "random" else {}
    slope = regress(yi, vi, sei, names=["sei"], model=model, ci="wald", tau2_ci="none", **extra).coefficients["sei"]
    return "right" if slope.estimate < 0 else "left"


def _notices(trimmed: Trimmed, k: int) -> tuple[Notice, ...]:
    notices = []
    if trimmed.k0:
        many = "1 study" if trimmed.k0 == 1 else f"{trimmed.k0} studies"
        notices.append(
            Notice(
                "P508", f"{many} filled in: inventions that a symmetric funnel would need, for a sensitivity analysis"
            )
        )
    if trimmed.k0_se is None:
        notices.append(
            Notice("P507", "No standard error of the number of missing studies: its variance is not positive")
        )
    if k < 10:
        notices.append(Notice("P501", f"{k} studies: below ten trim and fill rests on very little"))
    return tuple(notices)
