"""Minimum of a function of one variable, for a whole batch of problems at once."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mscsec.arrays import Array

GOLDEN = (math.sqrt(5.0) - 1) / 2
STEPS = 60  # the bracket shrinks by 0.618 a step; 60 steps take any grid below the resolution of a double at a minimum


def minimise(objective: Callable[[Array], Array], grid: Array, batch: tuple[int, ...]) -> Array:
    """The arguments at which `objective` is smallest, found on a grid and refined by golden section.

    objective : takes candidates (g, ...) and gives their values (g, ...), the trailing axes being the batch;
    NaN where a candidate is impossible.
    grid : (g,) rising, three points or more, fine enough that the best point and its neighbours hold one minimum.
    batch : shape of the batch.
    Gives (...) arguments between the grid's ends; as good as sqrt(eps) relative to the width of the valley.
    """
    values = objective(np.broadcast_to(grid.reshape((-1, *(1,) * len(batch))), (grid.size, *batch)))
    best = np.argmin(np.where(np.isnan(values), np.inf, values), axis=0)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, grid.size - 1)]
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = _at(objective, left), _at(objective, right)
    for _ in range(STEPS):
        go_left = ~(at_right < at_left)
        low, high = np.where(go_left, low, left), np.where(go_left, right, high)
        new = np.where(go_left, high - GOLDEN * (high - low), low + GOLDEN * (high - low))
        at_new = _at(objective, new)
        left, right = np.where(go_left, new, right), np.where(go_left, left, new)
        at_left, at_right = np.where(go_left, at_new, at_right), np.where(go_left, at_left, at_new)
    return np.asarray((low + high) / 2)


def _at(objective: Callable[[Array], Array], point: Array) -> Array:
    value = objective(point[None])[0]
    return np.where(np.isnan(value), np.inf, value)
