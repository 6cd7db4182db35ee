"""The marks in the plot itself: boxes, intervals, diamonds, arrows, lines and the axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from matplotlib.patches import Polygon, Rectangle

from mscsec.plots.forest_axis import Axis, Span
from mscsec.plots.theme import INK, QUIET, Palette, Sheet

Point = tuple[float, float]
BOX = (0.3, 0.98)  # side of the smallest and of the largest box, in sizes of the letters
STROKE = 0.8
DASH = {"important": (0, (5, 2.5)), "pooled": (0, (1, 1.8))}


@dataclass(frozen=True, slots=True)
class Pen:
    """Where marks are drawn and with which inks; `em` is the size of the letters in inches."""

    sheet: Sheet
    axis: Axis
    palette: Palette
    em: float

    def hold(self, value: float) -> float:
        """The place of a value, held inside the plot."""
        if math.isnan(value):
            return self.axis.left
        return min(max(self.axis.x(value), self.axis.left), self.axis.right)

    def stroke(self, start: Point, end: Point, colour: str, width: float = STROKE, **style: Any) -> None:
        """A straight line."""
        self.sheet.line([start[0], end[0]], [start[1], end[1]], colour, width, **style)

    def arrow(self, x: float, y: float, way: int, colour: str) -> None:
        """A head at the edge of the plot, for what goes on beyond it. way : -1 to the left, 1 to the right."""
        long, half = 0.55 * self.em, 0.28 * self.em
        points = [(x, y), (x - way * long, y - half), (x - way * long, y + half)]
        self.sheet.add(Polygon(points, closed=True, facecolor=colour, edgecolor="none"))

    def beyond(self, low: float, high: float, y: float, colour: str) -> None:
        """Arrows at the ends that lie outside the axis."""
        if not low >= self.axis.low:
            self.arrow(self.axis.left, y, -1, colour)
        if not high <= self.axis.high:
            self.arrow(self.axis.right, y, 1, colour)


def study(pen: Pen, span: Span, share: float | None, y: float) -> None:
    """A box of an area by weight, on its interval."""
    estimate, low, high = span
    pen.stroke((pen.hold(low), y), (pen.hold(high), y), INK, STROKE, solid_capstyle="butt")
    pen.beyond(low, high, y, INK)
    if pen.axis.inside(estimate):
        side = pen.em * (0.55 if share is None else max(BOX[0], BOX[1] * math.sqrt(share)))
        x = pen.axis.x(estimate)
        pen.sheet.add(
            Rectangle((x - side / 2, y - side / 2), side, side, facecolor=pen.palette.study, edgecolor="white", linewidth=0.3, zorder=3)
        )  # fmt: skip


def diamond(pen: Pen, span: Span, y: float, hollow: bool = False) -> None:
    """A pooled effect: its middle is the estimate, its ends are the interval; cut off at the edges of the plot."""
    estimate, low, high = span
    half = 0.46 * pen.em
    ends = [value if math.isfinite(value) else math.copysign(1e9, value) for value in (low, high)]
    xs = [max(min(pen.axis.x(value), 1e6), -1e6) for value in (ends[0], estimate, ends[1])]
    points = [(xs[0], y), (xs[1], y - half), (xs[2], y), (xs[1], y + half)]
    for edge, keep_right in ((pen.axis.left, True), (pen.axis.right, False)):
        points = _clipped(points, edge, keep_right)
    if points:
        pen.sheet.add(
            Polygon(points, closed=True, facecolor="white" if hollow else pen.palette.pooled, edgecolor=pen.palette.pooled, linewidth=0.8, joinstyle="miter", zorder=3)
        )  # fmt: skip
    pen.beyond(low, high, y, pen.palette.pooled)


def _clipped(points: list[Point], edge: float, keep_right: bool) -> list[Point]:
    """The part of a polygon on one side of a vertical line (Sutherland & Hodgman 1974)."""
    found: list[Point] = []
    for (x_0, y_0), (x_1, y_1) in zip(points, points[1:] + points[:1], strict=True):
        in_0, in_1 = (x_0 >= edge, x_1 >= edge) if keep_right else (x_0 <= edge, x_1 <= edge)
        if in_0:
            found.append((x_0, y_0))
        if in_0 != in_1:
            found.append((edge, y_0 + (edge - x_0) / (x_1 - x_0) * (y_1 - y_0)))
    return found


def prediction(pen: Pen, span: Span, y: float) -> None:
    """A prediction interval: a bar with ends."""
    _, low, high = span
    half, colour = 0.13 * pen.em, pen.palette.prediction
    left, right = pen.hold(low), pen.hold(high)
    pen.sheet.add(Rectangle((left, y - half), right - left, 2 * half, facecolor=colour, edgecolor="none"))
    for value, x in ((low, left), (high, right)):
        if pen.axis.inside(value):
            pen.stroke((x, y - 0.3 * pen.em), (x, y + 0.3 * pen.em), colour, 1.0)
    pen.beyond(low, high, y, colour)


def upright(pen: Pen, top: float, bottom: float, marked: tuple[tuple[str, float], ...]) -> None:
    """The line of no effect, and those asked for."""
    if pen.axis.null is not None and pen.axis.inside(pen.axis.null):
        x = pen.axis.x(pen.axis.null)
        pen.stroke((x, top), (x, bottom), INK, 0.6, zorder=0.5)
    for key, value in marked:
        if pen.axis.inside(value):
            x = pen.axis.x(value)
            colour = pen.palette.accent if key == "important" else pen.palette.pooled
            pen.stroke((x, top), (x, bottom), colour, 0.8, linestyle=DASH[key], zorder=0.6)


def axis_line(pen: Pen, y: float, size: float) -> None:
    """The axis with its ticks and their texts."""
    pen.stroke((pen.axis.left, y), (pen.axis.right, y), INK, 0.6, solid_capstyle="butt")
    for value, text in pen.axis.ticks:
        x = pen.axis.x(value)
        pen.stroke((x, y), (x, y + 0.3 * pen.em), INK, 0.6, solid_capstyle="butt")
        pen.sheet.text(x, y + 0.45 * pen.em + 0.95 * size / 72, text, size, ha="center", va="baseline", color=QUIET)
