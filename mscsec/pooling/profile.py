"""Profile likelihood: the interval for the mean (ML), and for tau2 (ML or REML)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri

from mscsec.arrays import Array
from mscsec.pooling.likelihood import (
    log_likelihood,
    maximum_likelihood,
    restricted_maximum_likelihood,
    score,
    search_grid,
)
from mscsec.pooling.sets import Sets, anywhere, weigh

POINTS = 17
ZOOMS = 12
STEPS = 200
SETTLED = 1e-13


class Profile(NamedTuple):
    """ML estimate, its standard error, limits of the mean (all measured from the set's origin), signed root of the
    likelihood ratio at the null value."""

    estimate: Array
    se: Array
    low: Array
    high: Array
    root: Array


def profile_likelihood(sets: Sets, level: float, null: float = 0.0) -> Profile:
    """Limits of the mean from the likelihood ratio with tau2 profiled out.

    At a given tau2 the log-likelihood falls as a parabola around the weighted mean, so the region that is not rejected has an
    explicit edge there, and the limit is the farthest such edge over all tau2.
    Source: Hardy & Thompson (1996), Stat Med 15:619-629.
    """
    tau2 = maximum_likelihood(sets).value
    top = log_likelihood(sets, tau2, restricted=False)
    floor = top - 0.5 * chdtri(1, 1 - level)

    def edge(at: Array, side: float) -> Array:
        by = weigh(sets, at)
        room = 2 * (log_likelihood(sets, at, restricted=False) - floor) / by.sum_w
        return np.where(room >= 0, side * by.mean + np.sqrt(np.maximum(room, 0.0)), -np.inf)

    def height(at: Array) -> Array:
        by = weigh(sets, at)
        return log_likelihood(sets, at, restricted=False) - 0.5 * by.sum_w * (by.mean + (sets.origin - null)) ** 2

    grid = _wide_grid(sets, tau2, floor)
    best = weigh(sets, tau2)
    high = _highest(lambda at: edge(at, 1.0), grid)
    low = -_highest(lambda at: edge(at, -1.0), grid)
    ratio = 2 * (top - _highest(height, _with(search_grid(sets), _null_bound(sets, null))))
    root = np.copysign(np.sqrt(np.maximum(ratio, 0.0)), best.mean + (sets.origin - null))
    return Profile(best.mean, 1 / np.sqrt(best.sum_w), low, high, root)


def _wide_grid(sets: Sets, tau2: Array, floor: Array) -> Array:
    """The grid of the search, stretched until the profile is below `floor`, with the maximum itself among its points."""
    far = search_grid(sets)[-1]
    for _ in range(STEPS):
        short = log_likelihood(sets, far, restricted=False) >= floor
        if not anywhere(short):
            break
        far = np.where(short, 2 * far, far)
    return _with(search_grid(sets), far, tau2)


def _null_bound(sets: Sets, null: float) -> Array:
    """A value above the maximising tau2 when the mean is held at the null value: the largest square about it."""
    about_zero = sets.finite(sets.yi + np.asarray(sets.origin - null)[..., None])
    bound: Array = 2 * (about_zero * about_zero).max(axis=-1) + sets.finite(sets.vi).max(axis=-1)
    return bound


def _with(grid: Array, *more: Array) -> Array:
    far = np.maximum(grid[-1], more[0])
    first = grid[1]
    powers = np.linspace(0, 1, 4 * POINTS).reshape(-1, *(1,) * np.ndim(first))
    stretched = first * (far / first) ** powers
    return np.sort(np.concatenate([grid[:1], stretched, *(np.asarray(m)[None] for m in more)]), axis=0)


def _highest(value: Callable[[Array], Array], grid: Array) -> Array:
    """The largest value of a function of tau2, from the best point of `grid` by ever finer grids between its neighbours."""
    for _ in range(ZOOMS):
        heights = value(grid)
        # the same tau2 may stand in the grid twice: its neighbours are those of the first and of the last of them
        first, last = heights.argmax(axis=0), len(grid) - 1 - heights[::-1].argmax(axis=0)
        low = np.take_along_axis(grid, np.maximum(first - 1, 0)[None], axis=0)
        high = np.take_along_axis(grid, np.minimum(last + 1, len(grid) - 1)[None], axis=0)
        share = np.linspace(0, 1, POINTS).reshape(-1, *(1,) * (grid.ndim - 1))
        best: Array = heights.max(axis=0)
        grid = low + (high - low) * share
    return best


def tau2_profile(sets: Sets, level: float, *, restricted: bool) -> tuple[Array, Array]:
    """Interval for tau2 from its likelihood ratio; the lower limit is 0 where tau2 = 0 is not rejected.

    Source: Hardy & Thompson (1996); Viechtbauer (2007), Stat Med 26:37-52.
    """
    find = restricted_maximum_likelihood if restricted else maximum_likelihood
    top = find(sets).value
    floor = log_likelihood(sets, top, restricted=restricted) - 0.5 * chdtri(1, 1 - level)

    def above(tau2: Array) -> Array:
        return log_likelihood(sets, tau2, restricted=restricted) - floor

    far = search_grid(sets)[-1]
    for _ in range(STEPS):
        short = above(far) > 0
        if not anywhere(short):
            break
        far = np.where(short, 2 * far, far)
    high = _crossing(sets, above, top, far, restricted)
    rejects_zero = above(np.zeros_like(top)) < 0
    low = _crossing(sets, above, top, np.zeros_like(top), restricted)
    return np.where(rejects_zero, low, 0.0), high


def _crossing(sets: Sets, above: Callable[[Array], Array], inside: Array, outside: Array, restricted: bool) -> Array:
    """Where the profile crosses the floor between a point above it and one below: Newton's method, halved where it leaves."""
    tau2 = 0.5 * (inside + outside)
    for _ in range(STEPS):
        gap = above(tau2)
        slope = 0.5 * score(sets, tau2, restricted=restricted).value
        inside, outside = np.where(gap > 0, tau2, inside), np.where(gap > 0, outside, tau2)
        steep = slope != 0
        new = tau2 - np.where(steep, gap, 0.0) / np.where(steep, slope, 1.0)
        low, high = np.minimum(inside, outside), np.maximum(inside, outside)
        new = np.where((new > low) & (new < high), new, 0.5 * (low + high))
        settled = np.abs(new - tau2) <= SETTLED * new
        tau2 = new
        if (settled | (high - low <= SETTLED * high)).all():
            break
    return tau2
