"""Maximum likelihood and restricted maximum likelihood of the between-study variance, at the global maximum.

The score divided by sum w^2 is nearly linear in tau2 (exactly so where the variances are equal). A grid from 0 to a bound
above every root finds each place where it turns from positive to negative, a local maximum of the profile likelihood;
Newton's method inside the bracket gives its digits. Where there are several, the highest wins. Where the grid is coarse, or
the score turns back before it reaches zero and might have touched it between two points, a finer grid is laid.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mscsec.arrays import Array, BoolArray, IntArray
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
    sum_w, sum_w2, sum_w3 : sums of powers of the weights, which straighten the score for Newton's method.
    """

    value: Array
    slope: Array
    sum_w: Array
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
        value = spread - trace_p(wi, sum_w, sum_w2)
        slope = trace_pp(wi, sum_w, sum_w2, sum_w3) - 2 * curvature
    else:
        value, slope = spread - sum_w, sum_w2 - 2 * curvature
    return Score(value, slope, sum_w, sum_w2, sum_w3)


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
    grid: Array = first * either(ratio > 2, ratio, 2.0) ** powers
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


def _maximise(sets: Sets, *, restricted: bool, points: int = GRID, levels: int = LEVELS) -> Tau2:
    """The maximum between the points of a grid; sets for which that grid may be too coarse are searched on a finer one."""
    grid = search_grid(sets, points)
    height = _scan(sets, grid, restricted)
    doubt = levels > 0 and doubtful(grid, height)
    if doubt is True:
        return _maximise(sets, restricted=restricted, points=finer(points), levels=levels - 1)
    found = _maximise_on(sets, grid, height, restricted)
    if not anywhere(doubt):
        return found
    closer = _maximise(sets.rows(doubt), restricted=restricted, points=finer(points), levels=levels - 1)
    for name in ("value", "converged", "modes"):
        getattr(found, name)[doubt] = getattr(closer, name)
    return Tau2(found.value, found.converged, found.iterations + closer.iterations, found.modes)


def _maximise_on(sets: Sets, grid: Array, height: Array, restricted: bool) -> Tau2:
    rising = height > 0
    rising[-1] = False  # beyond the bound every score is negative; rounding must not say otherwise
    tops = rising[:-1] > rising[1:]
    modes = np.add.reduce(tops, axis=0) + ~rising[0]
    at = tops.argmax(axis=0)
    interior = _pick(tops, at)
    found = _climb(sets, *_bracket(grid, height, at), interior ^ True, restricted)
    value = either(interior, found.value, 0.0)
    converged: Any = found.converged
    if anywhere(modes > 1):
        value, converged = _highest(sets, grid, height, tops, modes, value, converged, restricted)
    return Tau2(value, converged, found.iterations, modes)


def _bracket(grid: Array, height: Array, at: IntArray) -> tuple[Array, Array, Array]:
    """Ends of the grid's interval number `at` (...), and where the straight line through its heights crosses zero."""
    low, high = _pick(grid, at), _pick(grid, at + 1)
    above, below = _pick(height, at), _pick(height, at + 1)
    drop = above - below
    share = either(drop > 0, above / either(drop > 0, drop, 1.0), 0.5)
    return low, high, low + (high - low) * either(share < 0.001, 0.001, either(share > 0.999, 0.999, share))


def _pick(values: npt.NDArray[Any], at: IntArray) -> Any:
    if values.ndim == 1:
        return values.item(at)
    return values[at, np.arange(at.size)]


def _climb(sets: Sets, low: Array, high: Array, start: Array, done: BoolArray, restricted: bool) -> Tau2:
    """Newton's method on the straightened score within [low, high], halving where a step would leave it.

    Rows in `done` need no search. Rows that have settled are left out once they are the greater part, so that a batch does not
    wait for its slowest row.
    """
    batch = sets.yi.ndim > 1
    if batch and 2 * np.count_nonzero(done) > done.size:
        return _climb_on(sets, low, high, start, done, 0, restricted)
    tau2 = start
    for step in range(1, STEPS + 1):
        at = score(sets, tau2, restricted=restricted)
        up = at.value > 0
        low, high = either(up, tau2, low), either(up, high, tau2)
        steep = at.slope + 2 * at.value * at.sum_w3 / at.sum_w2
        fall = either(steep < 0, -steep, math.nan)  # nan fails every comparison below
        move = at.value / fall
        # small enough, or all that the rounding of the score can move
        small = abs(move) <= SETTLED * tau2 + ROUNDING * at.sum_w / fall
        new = tau2 + move
        tau2 = either(small | ((new >= low) & (new <= high)), new, 0.5 * (low + high))
        done = done | small | (high - low <= EPSILON * high)
        if everywhere(done):
            break
        if batch and 2 * np.count_nonzero(done) > done.size:
            return _climb_on(sets, low, high, tau2, done, step, restricted)
    return Tau2(tau2, done, step)


def _climb_on(sets: Sets, low: Array, high: Array, tau2: Array, done: BoolArray, step: int, restricted: bool) -> Tau2:
    left = ~done
    if not left.any():
        return Tau2(tau2, done, step)
    rest = _climb(
        sets.rows(left), low[left], high[left], tau2[left], np.zeros(np.count_nonzero(left), dtype=bool), restricted
    )
    tau2[left] = rest.value
    done[left] = rest.converged
    return Tau2(tau2, done, step + rest.iterations)


def _highest(
    sets: Sets,
    grid: Array,
    height: Array,
    tops: BoolArray,
    modes: IntArray,
    value: Array,
    converged: BoolArray,
    restricted: bool,
) -> tuple[Array, BoolArray]:
    """The best of several maxima, for the rows that have them: each one is climbed and the likelihoods are compared."""
    if modes.ndim:
        rows = modes > 1
        part = (grid[:, rows], height[:, rows], tops[:, rows], modes[rows], value[rows], converged[rows])
        best, settled = _best_of(sets.rows(rows), *part, restricted)
        value[rows], converged[rows] = best, settled
        return value, converged
    return _best_of(sets, grid, height, tops, modes, value, converged, restricted)


def _best_of(
    sets: Sets,
    grid: Array,
    height: Array,
    tops: BoolArray,
    modes: IntArray,
    value: Array,
    converged: BoolArray,
    restricted: bool,
) -> tuple[Array, BoolArray]:
    best = log_likelihood(sets, value, restricted=restricted)
    candidates = [(np.zeros_like(value), np.ones_like(converged), height[0] <= 0)]
    order = np.cumsum(tops, axis=0)
    for nth in range(2, int(order[-1].max()) + 1):
        there = order[-1] >= nth
        found = _climb(sets, *_bracket(grid, height, (order >= nth).argmax(axis=0)), ~there, restricted)
        candidates.append((found.value, found.converged, there))  # type: ignore[arg-type]
    for tau2, settled, there in candidates:
        higher = log_likelihood(sets, tau2, restricted=restricted)
        better = there & (higher > best)
        best = np.where(better, higher, best)
        value, converged = np.where(better, tau2, value), np.where(better, settled, converged)
    return value[()], converged[()]
