"""Maximum likelihood and restricted maximum likelihood of the between-study variance, at the global maximum.

The score divided by sum w^2 is nearly linear in tau2 (exactly so where the variances are equal). A grid from 0 to a bound
above every root finds each place where it turns from positive to negative, a local maximum of the profile likelihood;
Newton's method inside the bracket gives its digits. Where there are several, the highest wins. Where the grid is coarse, or
the score turns back before it reaches zero and might have touched it between two points, a finer grid is laid.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

from mscsec.arrays import Array, BoolArray, IntArray, of_one
from mscsec.pooling.moments import Tau2
from mscsec.pooling.search import LEVELS, doubtful, finer
from mscsec.pooling.sets import (
    AT_ONCE,
    CANCELLED,
    ONE,
    Sets,
    Weighing,
    across,
    anywhere,
    dot,
    either,
    everywhere,
    three_power_sums,
    total,
    trace_p,
    trace_pp,
    traces,
    two_power_sums,
    weigh,
)

GRID = 15
# First step of the grid as a share of the least variance; below it the score hardly changes.
FIRST = 0.02
# Numbers of a batch that are laid out at once for the grid: fewer calls, and arrays that still stay in cache.
SCANNED = 60_000
STEPS = 100
# A Newton step squares the relative error, so one of this size leaves nothing that a double can hold.
SETTLED = 1e-7
ROUNDING = 2e-15
EPSILON = 2.0**-52

# --- the two likelihoods ---------------------------------------------------------------------------------------------


class Score(NamedTuple):
    """Derivatives of a profile log-likelihood in tau2, each times two.

    value : y'PPy - tr(P) restricted, y'PPy - tr(W) in full.
    slope : tr(PP) - 2 y'PPPy restricted, tr(WW) - 2 y'PPPy in full.
    size : of the terms that `value` was put together from; it is as exact as rounding leaves a number of that size.
    sum_w2, sum_w3 : sums of powers of the weights, which straighten the score for Newton's method.
    """

    value: Array
    slope: Array
    size: Array
    sum_w2: Array
    sum_w3: Array


def score(sets: Sets, tau2: Array, *, restricted: bool) -> Score:
    """The score at `tau2` (...). Source: Harville (1977), J Am Stat Assoc 72:320-338.

    The quadratic forms are put together from sums of powers, which loses no more than `weigh` explains, except that y'PPPy also
    cancels where one study dominates, and is then summed again from the residuals.
    """
    wi = ONE / (sets.vi + across(tau2))
    (sum_w, sum_wy), (sum_w2, w2y, w2yy), (sum_w3, w3y, w3yy) = three_power_sums(sets, wi)
    mean = sum_wy / sum_w
    pull = w2y - mean * sum_w2
    spread = w2yy - mean * (w2y + pull)
    cube = w3yy - mean * (2 * w3y - mean * sum_w3)
    curvature = cube - pull * pull / sum_w
    if anywhere(curvature < CANCELLED * cube):
        u = wi * (sets.yi - across(mean))
        swing = u - across(dot(wi, u) / sum_w)
        curvature = dot(wi * swing, swing)
    if restricted:
        trace = trace_p(wi, sum_w, sum_w2)
        slope = trace_pp(wi, sum_w, sum_w2, sum_w3) - 2 * curvature
        # where one weight is nearly the sum, the trace is summed from the others
        return Score(spread - trace, slope, either(trace < CANCELLED * sum_w, trace, sum_w), sum_w2, sum_w3)
    return Score(spread - sum_w, sum_w2 - 2 * curvature, sum_w, sum_w2, sum_w3)


def log_likelihood(sets: Sets, tau2: Array, *, restricted: bool) -> Array:
    """Log-likelihood at `tau2` and at the mean that maximises it there, constants included."""
    return log_likelihood_of(sets, weigh(sets, tau2), restricted=restricted)


def log_likelihood_of(sets: Sets, by: Weighing, *, restricted: bool, mean: Array | None = None) -> Array:
    """Log-likelihood at the tau2 that `by` was weighed with, at its mean or at `mean` (from the set's origin).

    Source: Harville (1977), J Am Stat Assoc 72:320-338.
    """
    off = 0.0 if mean is None else by.sum_w * (mean - by.mean) ** 2
    logs = np.log(by.wi) if sets.mask is None else np.log(np.where(sets.mask, by.wi, 1.0))
    value = total(logs) - by.q - off
    if restricted:
        return 0.5 * (value - (sets.k - 1) * math.log(2 * math.pi) - np.log(by.sum_w) + np.log(sets.k))
    return 0.5 * (value - sets.k * math.log(2 * math.pi))


# --- search ----------------------------------------------------------------------------------------------------------


def restricted_maximum_likelihood(sets: Sets) -> Tau2:
    """REML: the tau2 that maximises the likelihood of the residuals.

    Source: Harville (1977), J Am Stat Assoc 72:320-338; Viechtbauer (2005), J Educ Behav Stat 30:261-293.
    """
    return _maximise(sets, restricted=True)


def maximum_likelihood(sets: Sets) -> Tau2:
    """ML: the tau2 of the joint maximum over mean and tau2.

    Source: Hardy & Thompson (1996), Stat Med 15:619-629; Viechtbauer (2005).
    """
    return _maximise(sets, restricted=False)


def restricted_se(sets: Sets, tau2: Array) -> Array:
    """Standard error of REML from the expected information, sqrt(2 / tr(PP))."""
    by = weigh(sets, tau2)
    return np.sqrt(2 / traces(by.wi, by.sum_w).pp)


def maximum_se(sets: Sets, tau2: Array) -> Array:
    """Standard error of ML from the expected information, sqrt(2 / sum w^2)."""
    wi = weigh(sets, tau2).wi
    return np.sqrt(2 / dot(wi, wi))


@functools.cache
def _powers(points: int) -> Array:
    """Powers of the ratio of the grid's ends at its points; the first makes 0 of it."""
    return np.concatenate([[-np.inf], np.arange(points - 1.0) / (points - 2)])


def search_grid(sets: Sets, points: int = GRID) -> Array:
    """(points, ...) values of tau2 from 0 to beyond every root of either score, geometric from a fraction of the least variance.

    With s2 the variance of the effects and d the range of the variances, y'PPy < tr(P) for certain once
    u = tau2 + min v exceeds (s2 + sqrt(s2^2 + 4 s2 d)) / 2: y'PPy is at most (k-1) s2 / u^2, tr(P) at least (k-1) / (u + d).
    """
    mean = total(sets.yi) / sets.k
    s2 = (total(sets.squares) - mean * mean * sets.k) / (sets.k - 1)
    s2 = either(s2 > 0, s2, 0.0)
    least = sets.least
    bound = 0.5 * (s2 + (s2 * (s2 + 4 * (sets.most - least))) ** 0.5) + 0.01 * least
    first = FIRST * least
    ratio = bound / first
    powers = _powers(points) if sets.yi.ndim == 1 else _powers(points)[:, None]
    grid: Array = first * np.exp(powers * np.log(either(ratio > 2, ratio, 2.0)))  # a third of the time of a power
    return grid


def straightened(sets: Sets, tau2: Array, *, restricted: bool) -> Array:
    """Score over sum w^2, positive below a maximum and negative above it."""
    wi = ONE / (sets.vi + across(tau2))
    (sum_w, sum_wy, _), (sum_w2, w2y, w2yy) = two_power_sums(sets, wi)
    mean = sum_wy / sum_w
    spread = w2yy - mean * (2 * w2y - mean * sum_w2)
    return (spread - (trace_p(wi, sum_w, sum_w2) if restricted else sum_w)) / sum_w2


def _scan(sets: Sets, grid: Array, restricted: bool) -> Array:
    """The straightened score at each value of the grid, as many of them at once as fit the processor's cache."""
    if len(grid) * sets.yi.size <= AT_ONCE:
        return straightened(sets, grid, restricted=restricted)
    if sets.yi.ndim == 1:
        return np.stack([straightened(sets, tau2, restricted=restricted) for tau2 in grid])
    size = max(1, SCANNED // sets.yi.size)
    steps = [grid[start : start + size] for start in range(0, len(grid), size)]
    return np.concatenate([straightened(sets, tau2, restricted=restricted) for tau2 in steps])


class _Maxima(NamedTuple):
    """Where the likelihoods of a batch of n sets have local maxima away from zero, each between two points of a grid.

    low, high : (n + m,) the two points: of the first maximum of each set, and of the m others. start : about where between them.
    there : (n,) True where a set has such a maximum; the numbers of a first one that is not there mean nothing.
    row : (m,) the sets that the others belong to.
    modes : (n,) local maxima of each set, that at zero with them.
    """

    low: Array
    high: Array
    start: Array
    there: BoolArray
    row: IntArray
    modes: IntArray

    def but(self, rows: IntArray, closer: _Maxima) -> _Maxima:
        """These, with what `closer` found of the sets `rows`."""
        n, kept = self.there.size, ~np.isin(self.row, rows)

        def merged(old: Array, new: Array) -> Array:
            old[rows] = new[: rows.size]
            return np.concatenate([old[:n], old[n:][kept], new[rows.size :]])

        self.there[rows], self.modes[rows] = closer.there, closer.modes
        low, high, start = (merged(old, new) for old, new in zip(self[:3], closer[:3], strict=True))
        row = np.concatenate([self.row[kept], rows[closer.row]])
        return _Maxima(low, high, start, self.there, row, self.modes)


def _maximise(sets: Sets, *, restricted: bool) -> Tau2:
    """The highest of the maxima that a grid finds; sets for which that grid may be too coarse are searched on a finer one."""
    if sets.yi.ndim == 1:
        return _maximise_one(sets, GRID, LEVELS, restricted=restricted)
    maxima = _maxima(sets, GRID, LEVELS, restricted=restricted)
    low, high, start, there, row, modes = maxima
    done = np.zeros(low.size, dtype=bool)
    done[: there.size] = ~there
    found = _climb(sets.and_again(row), low, high, start, done, restricted=restricted)
    value, converged = np.where(there, found.value[: there.size], 0.0), np.asarray(found.converged)[: there.size]
    if anywhere(modes > 1):
        _take_highest(sets, maxima, found, value, converged, restricted=restricted)
    return Tau2(value, converged, found.iterations, modes)


def _maximise_one(sets: Sets, points: int, levels: int, *, restricted: bool) -> Tau2:
    """`_maximise` of a single set, whose few numbers are looked at sooner one by one."""
    grid = search_grid(sets, points)
    heights = _scan(sets, grid, restricted)
    if levels and doubtful(grid, heights):
        return _maximise_one(sets, finer(points), levels - 1, restricted=restricted)
    height = heights.tolist()
    height[-1] = -1.0  # beyond the bound every score is negative; rounding must not say otherwise
    tops = [at for at in range(points - 1) if height[at] > 0 >= height[at + 1]]
    found = [
        _climb(
            sets, *_bracket(*grid[at : at + 2].tolist(), *heights[at : at + 2].tolist()), False, restricted=restricted
        )
        for at in tops
    ]
    if height[0] <= 0:
        found.insert(0, Tau2(of_one(0.0)))
    best = found[0]
    if len(found) > 1:
        best = max(found, key=lambda at: float(log_likelihood(sets, at.value, restricted=restricted)))
    return Tau2(best.value, best.converged, sum(at.iterations for at in found), len(found))


def _maxima(sets: Sets, points: int, levels: int, *, restricted: bool) -> _Maxima:
    grid = search_grid(sets, points)
    height = _scan(sets, grid, restricted)
    rising = height > 0
    rising[-1] = False  # beyond the bound every score is negative; rounding must not say otherwise
    tops = rising[:-1] > rising[1:]
    modes = np.add.reduce(tops, axis=0) + ~rising[0]
    n = modes.size
    place = np.flatnonzero(tops)  # in the grid as one row, in whose order each set's first comes first
    row = place % n
    there, first = np.zeros(n, dtype=bool), np.zeros(n, dtype=place.dtype)
    there[row], first[row[::-1]] = True, place[::-1]
    other = first[row] != place
    ends = np.concatenate([first, place[other]])
    here = _Maxima(
        *_bracket(grid.take(ends), grid.take(ends + n), height.take(ends), height.take(ends + n)),
        there,
        row[other],
        modes,
    )
    doubt = levels > 0 and doubtful(grid, height)
    if not anywhere(doubt):
        return here
    again = np.flatnonzero(doubt)
    return here.but(again, _maxima(sets.rows(again), finer(points), levels - 1, restricted=restricted))


def _bracket(low: Array, high: Array, above: Array, below: Array) -> tuple[Array, Array, Array]:
    """The ends of an interval, and where the straight line between its heights, `above` and `below` zero, crosses zero."""
    drop = above - below
    share = either(drop > 0, above / either(drop > 0, drop, 1.0), 0.5)
    return low, high, low + (high - low) * either(share < 0.001, 0.001, either(share > 0.999, 0.999, share))


def _take_highest(
    sets: Sets, maxima: _Maxima, found: Tau2, value: Array, converged: BoolArray, *, restricted: bool
) -> None:
    """Puts the highest of several maxima in `value` (n,) and `converged`, which hold those of the first that were `found`."""
    n = value.size
    several = maxima.modes > 1
    zero = several & (maxima.modes > maxima.there + np.bincount(maxima.row, minlength=n))
    first, at_zero = np.flatnonzero(several), np.flatnonzero(zero)
    rows = np.concatenate([first, at_zero, maxima.row])
    tau2 = np.concatenate([value[first], np.zeros(at_zero.size), found.value[n:]])
    settled = np.concatenate([converged[first], np.ones(at_zero.size, dtype=bool), np.asarray(found.converged)[n:]])
    upwards = np.argsort(log_likelihood(sets.rows(rows), tau2, restricted=restricted), kind="stable")
    # the last of several values for one place stays
    value[rows[upwards]], converged[rows[upwards]] = tau2[upwards], settled[upwards]


def _climb(sets: Sets, low: Array, high: Array, start: Array, done: BoolArray | bool, *, restricted: bool) -> Tau2:
    """Newton's method on the straightened score within [low, high], halving where a step would leave it.

    Rows in `done` need no search. Rows that have settled are left out once they are the greater part, so that a batch does not
    wait for its slowest row.
    """
    tau2, step = start, 0
    while not everywhere(done) and step < STEPS:
        if not isinstance(done, bool) and 2 * np.count_nonzero(done) > done.size:
            left = np.flatnonzero(~done)
            todo = np.zeros(left.size, dtype=bool)
            rest = _climb(sets.rows(left), low[left], high[left], tau2[left], todo, restricted=restricted)
            tau2[left], done[left] = rest.value, rest.converged
            return Tau2(tau2, done, step + rest.iterations)
        step += 1
        at = score(sets, tau2, restricted=restricted)
        up = at.value > 0
        low, high = either(up, tau2, low), either(up, high, tau2)
        steep = at.slope + 2 * at.value * at.sum_w3 / at.sum_w2
        fall = either(steep < 0, -steep, math.nan)  # nan fails every comparison below
        move = at.value / fall
        doubt = ROUNDING * at.size / fall  # what the rounding of the score can move tau2 by
        small = abs(move) <= SETTLED * tau2 + doubt
        new = tau2 + move
        kept, done = small | ((new >= low) & (new <= high)), done | small
        new = either(small & (new <= doubt), 0.0, new)  # a root that rounding cannot tell from 0 may come out below it
        if everywhere(kept):
            tau2 = new
        else:
            tau2 = either(kept, new, 0.5 * (low + high))
            done = done | (high - low <= EPSILON * high)  # a step within such an interval is small
    return Tau2(tau2, done, step)
