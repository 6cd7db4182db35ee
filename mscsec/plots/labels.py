"""Names at points, placed so that none runs into another, into a point or over the edge; else numbers with a key."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, BoolArray

GAP = 0.035  # inches between a point and its label, and between two labels
RINGS = (0.0, 0.05, 0.11, 0.19, 0.29, 0.41, 0.55, 0.72)  # further and further from the point, with a line back to it
NEAR = 2  # rings whose labels need no line
CLOSE = 4  # rings whose numbers are found at a glance
ANGLES = (0, 180, 90, 270, 45, 315, 135, 225, 22, 338, 158, 202, 68, 292, 112, 248)
FEW = 40  # as many points can all have a number and a line in the key
MOST = 12  # of more points, those that stand out most
ALL = 18  # as many have their number however far from the point
WIDEST = 0.42  # of the panel, for a name beside its point

Box = tuple[float, float, float, float]
Measure = Callable[[str], tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """What is labelled: places in data coordinates, names, how large each is drawn, and which stand out.

    radius : inches, one for each. rank : the greater, the sooner a point has its label; None takes the order given.
    """

    x: Array
    y: Array
    names: Sequence[str]
    radius: Array
    rank: Array | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """One label: which point, its words, its box (left, top, right, bottom, in inches from the panel's upper left corner),
    and where its line starts and ends, None where it stands close by."""

    point: int
    words: str
    box: Box
    line: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels, and the key of the numbers among them: (number, name)."""

    placed: tuple[Placed, ...]
    key: tuple[tuple[str, str], ...]
    of: int

    @property
    def partial(self) -> bool:
        """Whether only some of the points have a number."""
        return 0 < len(self.key) < self.of


def label(
    points: Points, at: Array, panel: tuple[float, float], measure: Measure, lines: Array | None = None
) -> Labels:
    """Names beside their points where all of them find room, else numbers, else numbers for those that stand out: where
    there are more than `FEW`, or more than `ALL` whose numbers would need long lines.

    at : (k, 2) places in inches from the panel's upper left corner. panel : its width and height. lines : (m, 2) places
    on lines that are drawn, which a label keeps clear of where it can.
    """
    drawn = np.empty((0, 2)) if lines is None else lines
    k = len(points.names)
    rank = np.zeros(k) if points.rank is None else np.asarray(points.rank, dtype=float)
    order = sorted(range(k), key=lambda i: -rank[i] if math.isfinite(rank[i]) else math.inf)
    sizes = [measure(name) for name in points.names]
    if k <= FEW and max((width for width, _ in sizes), default=0.0) <= WIDEST * panel[0]:
        found = place(sizes, points.names, at, points.radius, order, panel, drawn, RINGS[:NEAR])
        if len(found) == k:
            return Labels(tuple(found), (), k)
    few = order if k <= ALL else order[:MOST]
    for chosen, rings in ((order, RINGS[:CLOSE]), (few, RINGS)) if k <= FEW else ((few, RINGS),):
        numbers = {point: str(place + 1) for place, point in enumerate(sorted(chosen))}
        words = [numbers.get(i, "") for i in range(k)]
        found = place([measure(text or "0") for text in words], words, at, points.radius, chosen, panel, drawn, rings)
        if len(found) == len(chosen):
            break
    shown = {one.point for one in found}
    key = tuple((numbers[i], points.names[i]) for i in sorted(chosen) if i in shown)
    return Labels(tuple(found), key, k)


def place(
    sizes: Sequence[tuple[float, float]],
    words: Sequence[str],
    at: Array,
    radii: Array,
    order: Sequence[int],
    panel: tuple[float, float],
    lines: Array,
    rings: Sequence[float],
) -> list[Placed]:
    """Each label of `order` in the first free place around its point, if there is one close by then off all lines; one
    that finds none is left out.
    """
    blocked = np.column_stack([at - radii[:, None], at + radii[:, None]])
    found = []
    for i in order:
        offered = _candidates(at[i], float(radii[i]), sizes[i], rings)
        inside = (offered[:, 0] >= GAP) & (offered[:, 1] >= GAP)
        inside &= (offered[:, 2] <= panel[0] - GAP) & (offered[:, 3] <= panel[1] - GAP)
        across = np.minimum(offered[:, None, 2], blocked[:, 2]) - np.maximum(offered[:, None, 0], blocked[:, 0])
        down = np.minimum(offered[:, None, 3], blocked[:, 3]) - np.maximum(offered[:, None, 1], blocked[:, 1])
        free = inside & ~((across > 0) & (down > 0)).any(axis=1)
        if not free.any():
            continue
        near = np.arange(len(offered)) < NEAR * len(ANGLES)
        clear = free & ~_crossed(offered, lines)
        best = next(int(np.argmax(ones)) for ones in (clear & near, free & near, clear, free) if ones.any())
        left, bottom, right, top = offered[best].tolist()
        box = (left, bottom, right, top)
        far = best // len(ANGLES) >= NEAR
        found.append(Placed(i, words[i], box, _line(at[i], float(radii[i]), box) if far else None))
        margin = GAP / 2
        kept = offered[best] + np.array([-margin, -margin, margin, margin])
        blocked = np.vstack([blocked, kept])
    return found


def _crossed(boxes: Array, lines: Array) -> BoolArray:
    """Which boxes a line runs through, by the places on it."""
    x, y = lines[:, 0], lines[:, 1]
    inside = (boxes[:, None, 0] < x) & (x < boxes[:, None, 2]) & (boxes[:, None, 1] < y) & (y < boxes[:, None, 3])
    return np.asarray(inside.any(axis=1), dtype=bool)


def _candidates(at: Array, radius: float, size: tuple[float, float], rings: Sequence[float]) -> Array:
    """(rings * angles, 4) boxes around a point, nearest first."""
    ring = np.repeat(np.asarray(rings) + radius + GAP, len(ANGLES))
    angle = np.tile(np.radians(ANGLES), len(rings))
    cos, sin = np.cos(angle), -np.sin(angle)
    width, height = size
    x = at[0] + cos * ring + width / 2 * np.clip(cos * 1.6, -1, 1)
    y = at[1] + sin * ring + height / 2 * np.clip(sin * 1.6, -1, 1)
    return np.column_stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2])


def _line(at: Array, radius: float, box: Box) -> tuple[float, float, float, float]:
    """From the edge of the point to the nearest place of the box."""
    x, y = float(at[0]), float(at[1])
    end_x, end_y = min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])
    length = math.hypot(end_x - x, end_y - y) or 1.0
    share = min(radius / length, 1.0)
    return x + (end_x - x) * share, y + (end_y - y) * share, end_x, end_y
