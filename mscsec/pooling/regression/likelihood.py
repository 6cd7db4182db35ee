"""Maximum and restricted maximum likelihood for the residual between-study variance, on a batch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mscsec.arrays import Array, IntArray
from mscsec.pooling.regression.moments import Tau2
from mscsec.pooling.regression.problem import Problem
from mscsec.pooling.regression.projection import Projection, dot, project
from mscsec.pooling.regression.roots import bracketed_newton
from mscsec.pooling.search import LEVELS, doubtful, finer

GRID = 16  # points on which the score is searched for changes of sign, before `doubtful` asks for more
CHUNK = 1 << 15  # numbers held in one array at a time: the working set stays in the cache


@dataclass(frozen=True, slots=True)
class Slope:
    """Log-likelihood of tau2 and its derivative, each (B,), with the fit they came from."""

    log_likelihood: Array
    score: Array
    fit: Projection


@dataclass(frozen=True, slots=True)
class Score:
    """Log-likelihood, its first two derivatives in tau2 and the expected information, each (B,)."""

    log_likelihood: Array
    score: Array
    curvature: Array
    information: Array


def slope(problem: Problem, tau2: Array, *, restricted: bool) -> Slope:
    """The profile log-likelihood of tau2 (B,); the restricted one leaves out log|X'X| / 2, which tau2 does not touch.

    Source: Harville (1977), J Am Stat Assoc 72:320-338, sections 4 and 5; Raudenbush (2009).
    """
    fit = project(problem, problem.precision(tau2))
    w, e = fit.weights, fit.residual
    log_det = -np.log(np.where(problem.mask, w, 1.0)).sum(-1)
    if restricted:
        trace, count, log_det = fit.trace(w), problem.df, log_det + fit.log_det
    else:
        trace, count = w.sum(-1), problem.k
    value = -0.5 * (count * math.log(2 * math.pi) + log_det + fit.rss)
    return Slope(value, 0.5 * (dot(w * e, e) - trace), fit)


def score(problem: Problem, tau2: Array, *, restricted: bool) -> Score:
    """As `slope`, with the second derivative and the expected information."""
    at = slope(problem, tau2, restricted=restricted)
    w, pushed = at.fit.weights, at.fit.weights * at.fit.residual
    trace2 = at.fit.trace_product(w, w) if restricted else dot(w, w)
    return Score(at.log_likelihood, at.score, 0.5 * trace2 - dot(at.fit.remainder(pushed), pushed), 0.5 * trace2)


def _chunked(problem: Problem, rows: IntArray, tau2: Array, of: Callable[[Problem, Array], tuple[Array, ...]]) -> Array:
    """`of` problem `rows[i]` at `tau2[i]`, a cache-sized part at a time; (2, M)."""
    parts = np.empty((2, rows.size))
    size = max(1, CHUNK // problem.yi.shape[-1])
    for start in range(0, rows.size, size):
        part = slice(start, start + size)
        parts[:, part] = of(problem.take(rows[part]), tau2[part])
    return parts


def _grid(problem: Problem, points: int) -> Array:
    """(B, points) values of tau2 between which every stationary point lies.

    The unweighted residual sum of squares bounds them from above: beyond it each term of the score is negative.
    Below a fraction of the least sampling variance the likelihood hardly changes.
    """
    fit = project(problem, problem.mask.astype(float))
    least = np.where(problem.mask, problem.vi, np.inf).min(-1) / 8
    top = np.maximum(2 * fit.rss, 2 * least)
    share = np.linspace(0, 1, points - 1)
    geometric = np.exp(np.log(least)[:, None] + share * np.log(top / least)[:, None])
    return np.concatenate([np.zeros((top.size, 1)), geometric], axis=1)


def _maximise(problem: Problem, *, restricted: bool, points: int = GRID, levels: int = LEVELS) -> Tau2:
    """The global maximum over tau2 >= 0: every change of sign of the score is followed, and the ends compared.

    Problems for which the grid may be too coarse are searched on a finer one.
    """
    batch = problem.yi.shape[0]
    grid = _grid(problem, points)

    def straightened(part: Problem, tau2: Array) -> tuple[Array, Array]:
        at = slope(part, tau2, restricted=restricted)
        return at.log_likelihood, at.score / dot(at.fit.weights, at.fit.weights)

    every = np.repeat(np.arange(batch), points)
    level, rise = _chunked(problem, every, grid.ravel(), straightened).reshape(2, batch, points)
    rise[:, -1] = np.minimum(rise[:, -1], 0.0)
    found = _climb(problem, grid, level[:, 0], rise, restricted)
    doubt = np.asarray(doubtful(grid.T, rise.T)) if levels else np.zeros(batch, dtype=bool)
    if not doubt.any():
        return found
    closer = _maximise(
        problem.take(np.flatnonzero(doubt)), restricted=restricted, points=finer(points), levels=levels - 1
    )
    for name in ("value", "se", "converged", "several_maxima"):
        getattr(found, name)[doubt] = getattr(closer, name)
    return replace(found, iterations=max(found.iterations, closer.iterations))


def _climb(problem: Problem, grid: Array, level: Array, rise: Array, restricted: bool) -> Tau2:
    """The best of 0, at log-likelihood `level` (B,), and of the maxima in the intervals of `grid` where `rise` turns to fall."""
    batch = problem.yi.shape[0]
    rows, cells = np.nonzero((rise[:, :-1] > 0) & (rise[:, 1:] <= 0))
    low, high = grid[rows, cells], grid[rows, cells + 1]
    share = rise[rows, cells] / (rise[rows, cells] - rise[rows, cells + 1])

    def derivatives(part: Problem, tau2: Array) -> tuple[Array, Array]:
        at = score(part, tau2, restricted=restricted)
        return at.score, at.curvature

    def heights(part: Problem, tau2: Array) -> tuple[Array, Array]:
        at = slope(part, tau2, restricted=restricted)
        return at.log_likelihood, at.score

    def newton(tau2: Array) -> tuple[Array, Array]:
        values, slopes = _chunked(problem, rows, tau2, derivatives)
        return values, slopes

    found = bracketed_newton(newton, low, high, low + (high - low) * share)
    height = _chunked(problem, rows, found.value, heights)[0]
    value, best, converged = np.zeros(batch), level.copy(), np.ones(batch, dtype=bool)
    for row, tau2, log_likelihood, settled in zip(rows, found.value, height, found.converged, strict=True):
        if log_likelihood > best[row]:
            value[row], best[row], converged[row] = tau2, log_likelihood, settled
    maxima = np.bincount(rows, minlength=batch) + (rise[:, 0] <= 0)
    se = 1 / np.sqrt(score(problem, value, restricted=restricted).information)
    return Tau2(value, se, converged, found.iterations, maxima > 1)


def maximum_likelihood(problem: Problem) -> Tau2:
    """Maximum likelihood, global; standard error from the expected information.

    Source: Hardy & Thompson (1996), Stat Med 15:619-629; Raudenbush (2009).
    """
    return _maximise(problem, restricted=False)


def restricted_maximum_likelihood(problem: Problem) -> Tau2:
    """Restricted maximum likelihood, global; standard error from the expected information.

    Source: Harville (1977), J Am Stat Assoc 72:320-338; Raudenbush (2009).
    """
    return _maximise(problem, restricted=True)
