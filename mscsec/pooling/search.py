"""Whether a grid has seen every change of sign of a score, and the finer grid where it may not have."""

from __future__ import annotations

import numpy as np

from mscsec.arrays import Array, BoolArray

FINER = 8  # intervals of a finer grid in one of the coarser
LEVELS = 2  # finer grids at most, each in turn
# A geometric grid whose points are farther apart than this factor may step over two changes of sign.
COARSE = 2.4
# Two neighbouring heights rest near zero where each is below this share of its outer neighbour.
RESTING = 0.2


def finer(points: int) -> int:
    """The number of points of a grid that divides each interval of one of `points`: 0, then a geometric series."""
    return (points - 2) * FINER + 2


def doubtful(grid: Array, height: Array) -> BoolArray | bool:
    """Whether the grid may have stepped over two changes of sign: its points stand far apart, or the score lingers near zero.

    It turns back where it is nearer to zero than at both neighbours; that counts where it came by at least as much as was left.
    It rests at two neighbouring points whose heights are small beside those of the points around them.
    grid, height : (points, ...), 0 and then a geometric series, and a score there, nearly linear in the argument.
    """
    if height.ndim == 1:
        return _of_one(grid.item(1), grid.item(2), height.tolist())
    near, above = np.abs(height), height > 0
    same = above[:-1] == above[1:]
    before, here, after = near[:-2], near[1:-1], near[2:]
    turned = same[:-1] & same[1:] & (here <= before) & (here <= after) & (2 * here <= np.maximum(before, after))
    rested = (near[1:-2] <= RESTING * near[:-3]) & (near[2:-1] <= RESTING * near[3:])
    lingers = np.logical_or.reduce(turned, axis=0) | np.logical_or.reduce(rested, axis=0)
    doubt: BoolArray = (grid[2] > COARSE * grid[1]) | lingers
    return doubt


def _of_one(first: float, second: float, height: list[float]) -> bool:
    """`doubtful` of a single set, whose few numbers are looked at sooner one by one."""
    if second > COARSE * first:
        return True
    near = [abs(each) for each in height]
    for at in range(1, len(near) - 1):
        before, here, after = near[at - 1 : at + 2]
        if here <= before and (
            (here <= after and 2 * here <= max(before, after) and _one_sign(height[at - 1 : at + 2]))
            or (here <= RESTING * before and at + 2 < len(near) and after <= RESTING * near[at + 2])
        ):
            return True
    return False


def _one_sign(height: list[float]) -> bool:
    return len({each > 0 for each in height}) == 1
