"""Maximum and restricted maximum likelihood for the residual between-study variance, on a batch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, IntArray
from mscsec.pooling.regression.moments import Tau2
from mscsec.pooling.regression.problem import Problem
from mscsec.pooling.regression.projection import dot, project
from mscsec.pooling.regression.roots import bracketed_newton

GRID = 24  # points on which the score is searched for changes of sign: local maxima are rarely closer than a factor two
CHUNK = 1 << 18  # numbers held in one array at a time: the working set stays in the cache


@dataclass(frozen=True, slots=True)
class Score:
    """Log-likelihood, its first two derivatives in tau2 and the expected information, each (B,)."""

    log_likelihood: Array
    score: Array
    curvature: Array
    information: Array


def score(problem: Problem, tau2: Array, *, restricted: bool) -> Score:
    """The profile log-likelihood of tau2 (B,); the restricted one leaves out log|X'X| / 2, which tau2 does not touch.

    Source: Harville (1977), J Am Stat Assoc 72:320-338, sections 4 and 5; Raudenbush (2009).
    """
    fit = project(problem, problem.precision(tau2))
    w, e = fit.weights, fit.residual
    again = fit.remainder(w * e)
    log_det = -np.log(np.where(problem.mask, w, 1.0)).sum(-1)
    if restricted:
        trace, trace2 = fit.trace(w), fit.trace_product(w, w)
        count = problem.df
        log_det = log_det + fit.log_det
    else:
        trace, trace2, count = w.sum(-1), dot(w, w), problem.k
    value = -0.5 * (count * math.log(2 * math.pi) + log_det + fit.rss)
    return Score(value, 0.5 * (dot(w * e, e) - trace), 0.5 * trace2 - dot(again, w * e), 0.5 * trace2)


def _chunked(problem: Problem, rows: IntArray, tau2: Array, restricted: bool) -> tuple[Array, Array, Array]:
    """Log-likelihood, score and curvature of problem `rows[i]` at `tau2[i]`, a cache-sized part at a time."""
    parts = np.empty((3, rows.size))
    size = max(1, CHUNK // problem.yi.shape[-1])
    for start in range(0, rows.size, size):
        part = slice(start, start + size)
        at = score(problem.take(rows[part]), tau2[part], restricted=restricted)
        parts[:, part] = at.log_likelihood, at.score, at.curvature
    return parts[0], parts[1], parts[2]


def _grid(problem: Problem) -> Array:
    """(B, GRID) values of tau2 between which every stationary point lies.

    The unweighted residual sum of squares bounds them from above: beyond it each term of the score is negative.
    Below a fraction of the least sampling variance the likelihood hardly changes.
    """
    fit = project(problem, problem.mask.astype(float))
    least = np.where(problem.mask, problem.vi, np.inf).min(-1) / 8
    top = np.maximum(2 * fit.rss, 2 * least)
    share = np.linspace(0, 1, GRID - 1)
    geometric = np.exp(np.log(least)[:, None] + share * np.log(top / least)[:, None])
    return np.concatenate([np.zeros((top.size, 1)), geometric], axis=1)


def _maximise(problem: Problem, *, restricted: bool) -> Tau2:
    """The global maximum over tau2 >= 0: every change of sign of the score is followed, and the ends compared."""
    batch = problem.yi.shape[0]
    grid = _grid(problem)
    every = np.repeat(np.arange(batch), GRID)
    level, slope, _ = (part.reshape(batch, GRID) for part in _chunked(problem, every, grid.ravel(), restricted))
    slope[:, -1] = np.minimum(slope[:, -1], 0.0)
    rows, cells = np.nonzero((slope[:, :-1] > 0) & (slope[:, 1:] <= 0))
    found = bracketed_newton(
        lambda tau2: _chunked(problem, rows, tau2, restricted)[1:], grid[rows, cells], grid[rows, cells + 1]
    )
    height = _chunked(problem, rows, found.value, restricted)[0]
    value, best, converged = np.zeros(batch), level[:, 0].copy(), np.ones(batch, dtype=bool)
    for row, tau2, log_likelihood, settled in zip(rows, found.value, height, found.converged, strict=True):
        if log_likelihood > best[row]:
            value[row], best[row], converged[row] = tau2, log_likelihood, settled
    maxima = np.bincount(rows, minlength=batch) + (slope[:, 0] <= 0)
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
