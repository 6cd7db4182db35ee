"""A forest plot drawn with characters: it goes where text goes, and needs no colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mscsec.report.numbers import number


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of a plot; `ASCII` for terminals without the others."""

    line: str
    box: str
    pooled: str
    diamond: str
    prediction: str
    null: str
    axis: str
    tick: str
    left: str
    right: str


LARGEST_LOG = 600.0  # its exponential, and that of a margin around it, is still a number

UNICODE = Glyphs("─", "■", "━", "◆", "╌", "│", "─", "┴", "◄", "►")
ASCII = Glyphs("-", "#", "=", "O", ".", "|", "-", "+", "<", ">")


@dataclass(frozen=True, slots=True)
class Axis:
    """A horizontal axis `width` characters wide; `low` and `high` are on the analysis scale, ratios as logs."""

    low: float
    high: float
    width: int
    ratio: bool

    def column(self, value: float) -> int:
        """The column of a value; below 0 or beyond `width` - 1 outside the axis."""
        return round((value - self.low) / (self.high - self.low) * (self.width - 1))


def axis(values: Sequence[tuple[float, float, float]], null: float | None, width: int, ratio: bool) -> Axis:
    """An axis for (estimate, low, high) triples: it holds every estimate, the null, and intervals unless they are extreme.

    An interval end further out than three times the spread of the estimates and the middle half of the interval ends is
    cut off, so that one imprecise study does not press the others into a single column.
    """
    finite = [[x for x in triple if math.isfinite(x)] for triple in values]
    estimates = [triple[0] for triple in finite if triple] + ([null] if null is not None else [])
    ends = sorted(x for triple in finite for x in triple[1:])
    low, high = min(estimates, default=0.0), max(estimates, default=1.0)
    if ends:
        lower, upper = ends[len(ends) // 4], ends[(3 * len(ends)) // 4]
        reach = 3 * max(high - low, upper - lower, 1e-300)
        low = min(low, max(ends[0], min(low, lower) - reach / 2))
        high = max(high, min(ends[-1], max(high, upper) + reach / 2))
    if ratio:
        low, high = max(low, -LARGEST_LOG), min(high, LARGEST_LOG)
    span = (high - low) or max(abs(high), 1.0)
    return Axis(low - 0.04 * span, high + 0.04 * span, width, ratio)


def study_line(scale: Axis, estimate: float, low: float, high: float, null: float | None, glyphs: Glyphs) -> str:
    """One study: a box on its interval, arrows where the interval runs off the axis."""
    cells = _field(scale, null, glyphs)
    _bar(cells, scale, low, high, glyphs.line, glyphs)
    _put(cells, scale.column(estimate), glyphs.box)
    return "".join(cells)


def pooled_line(scale: Axis, estimate: float, low: float, high: float, null: float | None, glyphs: Glyphs) -> str:
    """The pooled estimate: a diamond on a heavy interval."""
    cells = _field(scale, null, glyphs)
    _bar(cells, scale, low, high, glyphs.pooled, glyphs)
    _put(cells, scale.column(estimate), glyphs.diamond)
    return "".join(cells)


def prediction_line(scale: Axis, low: float, high: float, null: float | None, glyphs: Glyphs) -> str:
    """The prediction interval: a broken line."""
    cells = _field(scale, null, glyphs)
    _bar(cells, scale, low, high, glyphs.prediction, glyphs)
    return "".join(cells)


def axis_lines(scale: Axis, null: float | None, glyphs: Glyphs) -> tuple[str, str]:
    """The axis with its ticks, and the labels under them."""
    rule = [glyphs.axis] * scale.width
    labels = [" "] * scale.width
    places = ticks(scale)
    for value in sorted(places, key=lambda tick: (tick != null, abs(tick - (null or 0.0)))):
        column = scale.column(value)
        text = (
            number(math.exp(value), 4).rstrip("0").rstrip(".")
            if scale.ratio
            else number(value, 6).rstrip("0").rstrip(".")
        )
        start = min(max(column - len(text) // 2, 0), scale.width - len(text))
        free = all(labels[i] == " " for i in range(max(start - 1, 0), min(start + len(text) + 1, scale.width)))
        if 0 <= column < scale.width and start >= 0 and free:
            rule[column] = glyphs.tick
            labels[start : start + len(text)] = text
    return "".join(rule), "".join(labels)


def ticks(scale: Axis) -> list[float]:
    """Round values inside the axis, on the analysis scale: 1-2-5 steps, or such ratios around one."""
    if scale.ratio:
        decades = range(math.floor(scale.low / math.log(10)) - 1, math.ceil(scale.high / math.log(10)) + 2)
        wide = scale.high - scale.low > 3 * math.log(10)
        steps: tuple[float, ...] = (1,) if wide else (1, 2, 5)
        if scale.high - scale.low < math.log(4):
            steps = (1, 1.2, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
        found = [math.log(step) + decade * math.log(10) for decade in decades for step in steps]
        return [0.0 if abs(value) < 1e-12 else value for value in found if scale.low <= value <= scale.high]
    span = scale.high - scale.low
    raw = span / max(3, min(8, scale.width // 6))
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= raw * 0.7)
    first = math.ceil(scale.low / step)
    return [(first + i) * step for i in range(int((scale.high - first * step) / step) + 1)]


def favours(scale: Axis, null: float | None, left: str, right: str) -> str:
    """Which side of no effect favours whom, cut to the room on either side."""
    if null is None:
        return ""
    middle = min(max(scale.column(null), 0), scale.width - 1)
    before, after = (f"favours {name}" if name else "" for name in (left, right))
    room_left, room_right = middle, scale.width - middle - 1
    before, after = _fit(before, left, room_left - 1), _fit(after, right, room_right - 1)
    return before.rjust(max(room_left - 1, 0)) + " " * (3 if room_left else 2) + after


def _fit(text: str, short: str, room: int) -> str:
    return next((candidate for candidate in (text, short) if len(candidate) <= room), "")


def _field(scale: Axis, null: float | None, glyphs: Glyphs) -> list[str]:
    cells = [" "] * scale.width
    if null is not None:
        _put(cells, scale.column(null), glyphs.null)
    return cells


def _bar(cells: list[str], scale: Axis, low: float, high: float, glyph: str, glyphs: Glyphs) -> None:
    first, last = scale.column(low), scale.column(high)
    for column in range(max(first, 0), min(last, scale.width - 1) + 1):
        cells[column] = glyph
    if first < 0:
        cells[0] = glyphs.left
    if last > scale.width - 1:
        cells[-1] = glyphs.right


def _put(cells: list[str], column: int, glyph: str) -> None:
    if 0 <= column < len(cells):
        cells[column] = glyph
