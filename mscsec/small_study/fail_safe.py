"""Fail-safe N: how many studies without an effect would undo a result."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from mscsec.arrays import Array, ArrayLike, floats
from mscsec.errors import InvalidInput, NotEstimable, TooFewStudies
from mscsec.pooling.fit import pool
from mscsec.pooling.sets import one_set
from mscsec.registry import by_key, choose
from mscsec.results import Notice, Result

BLOCK = 1024  # candidates looked at together at first; twice as many each time
MOST = 10_000_000  # where the search ends; nobody has that many studies in a drawer
ROUNDING = 1e-9  # a count within this of a whole number is that number, before it is rounded up


@dataclass(frozen=True, slots=True)
class FailSafeN(Result):
    """The number of studies without an effect that would undo a result.

    method : key of `FAIL_SAFE`. n : their number, rounded up; 0 where the result is undone as it is.
    alpha : significance the result must lose, or None; target : effect it must fall to, with its sign, or None.
    estimate, p_value : of the k studies by the method's own mean and test; None where it has none.
    estimate_after, tau2_after, p_value_after : with n more studies, for "general".
    """

    method: str
    k: int
    n: int
    alpha: float | None
    target: float | None
    estimate: float | None
    p_value: float | None
    tau2: float | None = None
    estimate_after: float | None = None
    tau2_after: float | None = None
    p_value_after: float | None = None
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: effects and variances (k,), and how far the result must fall."""

    yi: Array
    vi: Array
    alpha: float
    target: float | None
    weighted: bool
    model: str
    tau2: str


@dataclass(frozen=True, slots=True)
class FailSafe:
    """One fail-safe N. `by` says which of "alpha" and "target" it is about."""

    key: str
    name: str
    count: Callable[[Question], FailSafeN]
    by: str
    source: str


def _up(number: float) -> int:
    return max(0, math.ceil(number - ROUNDING * max(1.0, abs(number))))


def _rosenthal(q: Question) -> FailSafeN:
    """Stouffer's sum of z, one-sided in the direction of its own sign. Rosenthal (1979), Psychol Bull 86:638-641."""
    k = q.yi.size
    z = abs(float((q.yi / np.sqrt(q.vi)).sum())) / math.sqrt(k)
    n = k * (z / float(ndtri(q.alpha))) ** 2 - k
    return _answer("rosenthal", q, _up(n), None, float(ndtr(-z)))


def _rosenberg(q: Question) -> FailSafeN:
    """Null studies of average weight against the common-effect mean. Rosenberg (2005), Evolution 59:464-468, equation 5."""
    wi = 1 / q.vi
    total, top = float(wi.sum()), float(wi @ q.yi)
    n = ((top / float(ndtri(q.alpha / 2))) ** 2 - total) * q.yi.size / total
    return _answer("rosenberg", q, _up(n), top / total, float(2 * ndtr(-abs(top) / math.sqrt(total))))


def _orwin(q: Question) -> FailSafeN:
    """Null studies that bring the mean down to the target. Orwin (1983), J Educ Stat 8:157-159."""
    assert q.target is not None
    mean = float(q.yi @ (1 / q.vi) / (1 / q.vi).sum()) if q.weighted else float(q.yi.mean())
    return _answer("orwin", q, _up(q.yi.size * (abs(mean) - q.target) / q.target), mean, None)


def _answer(method: str, q: Question, n: int, estimate: float | None, p_value: float | None) -> FailSafeN:
    by_target = FAIL_SAFE[method].by == "target"
    target = math.copysign(q.target, estimate) if by_target and q.target is not None and estimate is not None else None
    return FailSafeN(
        method=method,
        k=q.yi.size,
        n=n,
        alpha=None if by_target else q.alpha,
        target=target,
        estimate=estimate,
        p_value=p_value,
        warnings=(_DISCOURAGED,),
    )


_DISCOURAGED = Notice("P509", "A fail-safe N says nothing about bias itself; the Cochrane Handbook advises against it")


def _general(q: Question) -> FailSafeN:
    """Smallest N with which the mean of the model loses its significance, or falls to the target.

    The N null studies have the variance 1 / mean(1 / vi); tau2 is that of the observed and the null studies together,
    each group with the observed tau2 within and its distance from their common mean between.
    Source: documentation of fsn in metafor 5.1, type "General", exact=FALSE.
    """
    options: dict[str, Any] = {"tau2": q.tau2, "tau2_ci": "none"} if q.model == "random" else {}
    fit = pool(q.yi, q.vi, model=q.model, ci="wald", prediction="none", **options)
    tau2 = 0.0 if fit.tau2 is None else fit.tau2
    start, block = 0, BLOCK
    while start < MOST:
        candidates = np.arange(start, start + block, dtype=float)
        mean, spread, p = _with_null_studies(q, fit.estimate, tau2, candidates)
        undone = p >= q.alpha if q.target is None else np.abs(mean) <= q.target
        if undone.any():
            at = int(np.argmax(undone))
            target = None if q.target is None else math.copysign(q.target, fit.estimate)
            return FailSafeN(
                method="general",
                k=q.yi.size,
                n=start + at,
                alpha=q.alpha if q.target is None else None,
                target=target,
                estimate=fit.estimate,
                p_value=fit.p_value,
                tau2=tau2,
                estimate_after=float(mean[at]),
                tau2_after=float(spread[at]),
                p_value_after=float(p[at]),
                warnings=(_DISCOURAGED,),
            )
        start, block = start + block, min(2 * block, 64 * BLOCK)
    raise NotEstimable(f"{MOST} studies without an effect would not undo the result")


def _with_null_studies(q: Question, estimate: float, tau2: float, n: Array) -> tuple[Array, Array, Array]:
    """Mean, tau2 and P with each number `n` (m,) of null studies."""
    k = q.yi.size
    null_vi = 1 / float((1 / q.vi).mean())
    after = np.zeros_like(n)
    if q.model == "random":
        middle = k * estimate / (k + n)
        within = (k - 1 + np.maximum(n - 1, 0)) * tau2
        after = (within + k * (estimate - middle) ** 2 + n * middle**2) / (k + n - 1)
    wi = 1 / (q.vi[:, None] + after)
    total = wi.sum(0) + n / (null_vi + after)
    mean = (q.yi[:, None] * wi).sum(0) / total
    return mean, after, np.asarray(2 * ndtr(-np.abs(mean) * np.sqrt(total)))


FAIL_SAFE = by_key(
    FailSafe("rosenthal", "Rosenthal's file drawer", _rosenthal, "alpha", "rosenthal1979"),
    FailSafe("orwin", "Orwin's criterion", _orwin, "target", "orwin1983"),
    FailSafe("rosenberg", "Rosenberg's weighted count", _rosenberg, "alpha", "rosenberg2005"),
    FailSafe("general", "under the model of the analysis", _general, "either", "viechtbauer2010"),
)


def fail_safe_n(
    yi: ArrayLike,
    vi: ArrayLike,
    method: str = "rosenthal",
    *,
    alpha: float = 0.05,
    target: float | None = None,
    weighted: bool = False,
    model: str = "random",
    tau2: str = "REML",
) -> FailSafeN:
    """Count the studies without an effect that would undo a result.

    yi, vi : (k,) effects on the analysis scale and their sampling variances.
    method : key of `FAIL_SAFE`. alpha : significance that must be lost. target : size of effect it must fall to,
        positive, required for "orwin" and in place of alpha for "general". weighted : of "orwin". model, tau2 : of "general".
    Raises TooFewStudies without a study, InvalidInput, UnknownMethod, NotEstimable.
    """
    row = choose(FAIL_SAFE, method, "fail-safe N")
    if not 0 < alpha < 0.5:
        raise InvalidInput(f"alpha is {alpha}", "a significance level lies between 0 and 0.5")
    if model not in ("random", "common"):
        raise InvalidInput(f"model is {model!r}", 'it is "random" or "common"')
    if row.by == "target" and target is None:
        raise InvalidInput(
            "no target", "Orwin's count is of studies that bring the mean down to an effect", "Give target."
        )
    if row.by == "alpha" and target is not None:
        raise InvalidInput(f"target with {row.key}", "it counts studies that take away significance")
    if target is not None and not (math.isfinite(target) and target > 0):
        raise InvalidInput(f"target is {target}", "it is the size of an effect, a positive number")
    y, v = np.array(floats("yi", yi), ndmin=1), np.array(floats("vi", vi), ndmin=1)
    if y.size == 0:
        raise TooFewStudies("fail-safe N", 1, 0)
    one_set(y, v)
    return row.count(Question(y, v, alpha, target, weighted, model, tau2))
