"""A forest plot drawn with characters: it goes where text goes, and needs no colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mscsec.plots.scales import ratios, round_values


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of a plot; `ASCII` for terminals without the others.

    crossed, pooled_crossed : where an interval crosses the line of no effect.
    """

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
    crossed: str
    pooled_crossed: str


LARGEST_LOG = 600.0  # its exponential, and that of a margin around it, is still a number

UNICODE = Glyphs("─", "■", "━", "◆", "╌", "│", "─", "┴", "◄", "►", "┼", "┿")
ASCII = Glyphs("-", "#", "=", "O", ".", "|", "-", "+", "<", ">", "|", "|")


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
    """One study: a box on its interval, arrows where the interval runs off the axis; nothing where the estimate is nan."""
    cells = _field(scale, null, glyphs)
    if math.isnan(estimate):
        return "".join(cells)
    _bar(cells, scale, (low, high), null, glyphs.line, glyphs)
    _put(cells, scale.column(estimate), glyphs.box)
    return "".join(cells)


def pooled_line(scale: Axis, estimate: float, low: float, high: float, null: float | None, glyphs: Glyphs) -> str:
    """The pooled estimate: a diamond on a heavy interval."""
    cells = _field(scale, null, glyphs)
    _bar(cells, scale, (low, high), null, glyphs.pooled, glyphs)
    _put(cells, scale.column(estimate), glyphs.diamond)
    return "".join(cells)


def prediction_line(scale: Axis, low: float, high: float, null: float | None, glyphs: Glyphs) -> str:
    """The prediction interval: a broken line."""
    cells = _field(scale, null, glyphs)
    _bar(cells, scale, (low, high), null, glyphs.prediction, glyphs)
    return "".join(cells)


def axis_lines(scale: Axis, null: float | None, glyphs: Glyphs) -> tuple[str, str]:
    """The axis with its ticks, and the labels under them: as many evenly spaced ones as have room, that of no effect first."""
    most = max(3, min(8, scale.width // 5))
    found: dict[int, str] = {}
    for count in range(most, 1, -1):
        found, whole = _labelled(scale, ticks(scale, count), null)
        if whole and len(found) > 1:
            break
    rule = "".join(glyphs.tick if column in found else glyphs.axis for column in range(scale.width))
    labels = [" "] * scale.width
    for column, text in found.items():
        start = _start(scale, column, text)
        labels[start : start + len(text)] = text
    return rule, "".join(labels)


def _labelled(scale: Axis, values: Sequence[float], null: float | None) -> tuple[dict[int, str], bool]:
    """The ticks that have room, by column, and whether none is left out but at an end of the axis."""
    taken: set[int] = set()
    found: dict[int, str] = {}
    kept: set[float] = set()
    for value in sorted(values, key=lambda tick: (tick != null, abs(tick - (null or 0.0)))):
        column, text = scale.column(value), f"{math.exp(value) if scale.ratio else value:.6g}"
        start = _start(scale, column, text)
        cells = set(range(start - 1, start + len(text) + 1))
        if 0 <= column < scale.width and start >= 0 and not cells & taken:
            found[column] = text
            taken |= set(range(start, start + len(text)))
            kept.add(value)
    return found, all(value in kept for value in values[1:-1])


def _start(scale: Axis, column: int, text: str) -> int:
    """The cell in which the label of a tick starts."""
    return min(max(column - len(text) // 2, 0), scale.width - len(text))


def ticks(scale: Axis, count: int = 8) -> list[float]:
    """About so many round values inside the axis, on the analysis scale: evenly spaced, or ratios such as 1, 2, 5."""
    if scale.ratio:
        return [value for value, _ in ratios(scale.low, scale.high, count)]
    return [value for value, _ in round_values(scale.low, scale.high, count)]


def favours(scale: Axis, null: float | None, names: tuple[str, str], rooms: tuple[int, int], glyphs: Glyphs) -> str:
    """Which side of no effect favours whom; it may run on into the `rooms` (cells) left and right of the plot.

    It starts that far left of the plot. Empty where no side is better, or the room is too narrow for the names.
    """
    if null is None or not any(names):
        return ""
    middle = min(max(scale.column(null), 0), scale.width - 1) + rooms[0]
    most = rooms[0] + scale.width + rooms[1]
    one, two = names
    for before, after in (
        (f"{glyphs.left} favours {one}", f"favours {two} {glyphs.right}"),
        (f"favours {one}", f"favours {two}"),
        (f"{glyphs.left} {one}", f"{two} {glyphs.right}"),
    ):
        if len(before) <= middle - 1 and middle + 2 + len(after) <= most:
            return f"{before:>{middle - 1}}   {after}"
    return ""


def _field(scale: Axis, null: float | None, glyphs: Glyphs) -> list[str]:
    cells = [" "] * scale.width
    if null is not None:
        _put(cells, scale.column(null), glyphs.null)
    return cells


def _bar(
    cells: list[str], scale: Axis, ends: tuple[float, float], null: float | None, glyph: str, glyphs: Glyphs
) -> None:
    """An interval; where no effect lies in its column but beyond its end, the line of no effect stays whole."""
    low, high = ends
    first, last = scale.column(low), scale.column(high)
    crossed = glyphs.pooled_crossed if glyph == glyphs.pooled else glyphs.crossed
    if null is not None and not low <= null <= high:
        crossed = glyphs.null
    for column in range(max(first, 0), min(last, scale.width - 1) + 1):
        cells[column] = crossed if cells[column] == glyphs.null else glyph
    if first < 0:
        cells[0] = glyphs.left
    if last > scale.width - 1:
        cells[-1] = glyphs.right


def _put(cells: list[str], column: int, glyph: str) -> None:
    if 0 <= column < len(cells):
        cells[column] = glyph
