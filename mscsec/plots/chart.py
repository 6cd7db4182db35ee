"""A chart with two axes, laid out by measuring: title, panel, ticks, favours, legend, key of numbered points, notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from mscsec.arrays import Array
from mscsec.plots.labels import Labels, Points, label
from mscsec.plots.scales import Scale, Ticks
from mscsec.plots.theme import INK, QUIET, RULE, SMALLEST, Page, Sheet, describe
from mscsec.plots.typeset import typeset

MARGIN = 0.1
WIDTH = 5.6  # inches, where no width is asked for
TICK = 0.045
LINES_OF_TITLE = 6
STEP = 0.03  # inches between places on a line that labels keep clear of
LEADING = 1.42  # of a line of text, in its size
POINT = 1 / 72  # inches


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the legend: its words, and a sample drawn as "line", "point" or "patch" with matplotlib's own style."""

    words: str
    kind: str
    style: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a panel.

    favours : words under the two ends of the x axis. over, beside : inches kept free above and to the right of the panel.
    """

    title: str
    subtitle: str = ""
    favours: tuple[str, str] = ("", "")
    legend: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()
    over: float = 0.0
    beside: float = 0.0


def apart(scale: Scale, ticks: Ticks, length: float, sheet: Sheet, size: float, upright: bool = False) -> bool:
    """Whether the texts of ticks have room beside each other on an axis of `length` inches."""
    gap = 0.02 if upright else 0.08
    places = sorted((scale.share(value) * length, sheet.extent(text, size)[upright] / 2) for value, text in ticks)
    return all(after - at >= half + half_after + gap for (at, half), (after, half_after) in pairwise(places))


class Chart:
    """One panel on a sheet. `axes` has data coordinates; `sheet` is measured in inches from the upper left corner.

    shape : height of the panel over its width. points : what gets labels. lines : (x, y) in data coordinates of what labels
    keep clear of where they can.
    """

    def __init__(
        self,
        page: Page,
        x: Scale,
        y: Scale,
        frame: Frame,
        *,
        shape: float = 0.72,
        points: Points | None = None,
        lines: Sequence[tuple[Any, Any]] = (),
    ) -> None:
        self.page, self.x, self.y, self.frame = page, x, y, frame
        self.sheet = Sheet()
        self.base = page.base
        self.small = max(SMALLEST, page.base - 1)
        self.full = page.width or WIDTH
        self._measure(shape)
        self.labels = self._labels(points, lines)
        self._rows()
        self._draw()

    # --- measuring ---------------------------------------------------------------------------------------------------

    def _measure(self, shape: float) -> None:
        """Left edge and size of the panel: they hang on the tick labels, and on nothing below the panel."""
        sheet, line = self.sheet, self.line(self.base)
        side = max((sheet.extent(text, self.base)[0] for _, text in self.y.ticks), default=0.0)
        ends = [sheet.extent(text, self.base)[0] / 2 for _, text in self.x.ticks]
        right = MARGIN + max(max(ends, default=0.0) * 0.9, 0.05) + self.frame.beside
        self.y_title: list[str] = []
        for lines in range(
            1, LINES_OF_TITLE + 1
        ):  # each line of the title along the axis takes from the panel's height
            self.left = MARGIN + line * lines + 0.04 + side + TICK + 0.04
            self.width = self.full - self.left - right
            self.height = self.width * shape
            self.y_title = sheet.wrap(self.y.title, self.height, self.base) if self.y.title else []
            if len(self.y_title) <= lines:
                break
        self.x = self.x.fitted(lambda ticks: apart(self.x, ticks, self.width, sheet, self.base))
        self.y = self.y.fitted(lambda ticks: apart(self.y, ticks, self.height, sheet, self.base, upright=True))
        room = self.full - 2 * MARGIN
        self.title_size = self.base + 1.5
        title = self.frame.title if self.page.title is None else self.page.title
        self.title = sheet.wrap(title, room, self.title_size, "bold") if title else []
        self.subtitle = sheet.wrap(self.frame.subtitle, room, self.base) if self.frame.subtitle else []
        self.top = MARGIN + self.line(self.title_size) * len(self.title) + line * len(self.subtitle) + 0.1
        self.top += self.frame.over

    def line(self, size: float) -> float:
        """Height of a line of text in inches."""
        return size * POINT * LEADING

    def place(self, x: Any, y: Any) -> Any:
        """(..., 2) inches from the panel's upper left corner."""
        across = (np.asarray(x, dtype=float) - self.x.low) / (self.x.high - self.x.low) * self.width
        down = (1 - (np.asarray(y, dtype=float) - self.y.low) / (self.y.high - self.y.low)) * self.height
        return np.stack(np.broadcast_arrays(across, down), axis=-1)

    def _labels(self, points: Points | None, lines: Sequence[tuple[Any, Any]]) -> Labels:
        if points is None or not len(points.names):
            return Labels((), (), 0)
        size = self.small
        return label(
            points, self.place(points.x, points.y), (self.width, self.height),
            lambda words: self.sheet.extent(words, size), self._along(lines),
        )  # fmt: skip

    def _along(self, lines: Sequence[tuple[Any, Any]]) -> Array:
        """Places every `STEP` inches along lines, in inches from the panel's upper left corner."""
        found = [np.empty((0, 2))]
        for x, y in lines:
            corners = self.place(x, y)
            corners = corners[np.isfinite(corners).all(axis=1)]
            for start, end in pairwise(corners):
                pieces = min(400, max(1, int(np.hypot(*(end - start)) / STEP)))
                found.append(start + (end - start) * np.linspace(0, 1, pieces + 1)[:, None])
        every = np.concatenate(found)
        seen = (every >= 0).all(axis=1) & (every[:, 0] <= self.width) & (every[:, 1] <= self.height)
        return np.asarray(every[seen])

    def _rows(self) -> None:
        """What stands under the panel, in lines, and with it the height of the page."""
        sheet, room = self.sheet, self.full - 2 * MARGIN
        self.x_title = sheet.wrap(self.x.title, room, self.base) if self.x.title else []
        self.favours = [
            sheet.wrap(text, self.width / 2 - 0.1, self.small) if text else [] for text in self.frame.favours
        ]
        self.legend = _legend_rows(sheet, self.frame.legend, room, self.small)
        self.key = _key_columns(sheet, self.labels.key, room, self.small)
        notes = list(self.frame.notes)
        if self.labels.partial:
            notes.append(f"Numbered: {len(self.labels.key)} of {self.labels.of} studies, those that stand out most.")
        self.notes = [line for note in notes for line in sheet.wrap(typeset(note), room, self.small)]
        self.under = self.top + self.height + TICK + 0.03 + self.line(self.base)

    # --- drawing -----------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        sheet, small = self.sheet, self.line(self.small)
        y = self.under + 0.03
        places: list[tuple[float, float, str, float, dict[str, Any]]] = []
        for words in self.x_title:
            places.append(
                (self.left + self.width / 2, y + self.line(self.base) / 2, words, self.base, {"ha": "center"})
            )
            y += self.line(self.base)
        y = self._favours(places, y)
        legend_top = y + (0.08 if self.legend else 0)
        y = legend_top + len(self.legend) * (small + 0.03)
        key_top = y + (0.08 if self.key else 0)
        y = key_top + small * max((sum(len(lines) for _, lines in column) for column in self.key), default=0)
        y += 0.06 if self.notes else 0
        for words in self.notes:
            places.append((MARGIN, y + small / 2, words, self.small, {"color": QUIET}))
            y += small
        sheet.size(self.full, y + MARGIN)
        self.total = y + MARGIN
        sheet.axes.set_zorder(10)
        self.axes = self.add(self.left, self.top, self.width, self.height, self.x, self.y)
        for x, at, words, size, style in places:
            sheet.text(x, at, words, size, **style)
        self._heads()
        self._ticks()
        self._legend(legend_top)
        self._key(key_top)
        self._names()

    def _favours(self, places: list[Any], y: float) -> float:
        left, right = self.favours
        if not left and not right:
            return y
        small = self.line(self.small)
        for number in range(max(len(left), len(right))):
            at = y + small * (number + 0.5)
            if number < len(left):
                arrow = "← " if number == 0 else ""
                places.append((self.left, at, f"{arrow}{left[number]}", self.small, {"color": QUIET}))
            if number < len(right):
                arrow = " →" if number == 0 else ""
                style = {"color": QUIET, "ha": "right"}
                places.append((self.left + self.width, at, f"{right[number]}{arrow}", self.small, style))
        return y + small * max(len(left), len(right))

    def add(self, left: float, top: float, width: float, height: float, x: Scale, y: Scale) -> Axes:
        """A panel with its frame at the left and below, ticks without text."""
        full, total = self.full, self.total
        axes = self.sheet.figure.add_axes((left / full, 1 - (top + height) / total, width / full, height / total))
        axes.set_xlim(x.low, x.high)
        axes.set_ylim(y.low, y.high)
        axes.patch.set_visible(False)
        axes.set_xticks([value for value, _ in x.ticks], labels=[], minor=False)
        axes.set_yticks([value for value, _ in y.ticks], labels=[], minor=False)
        axes.tick_params(length=TICK * 72, width=0.6, color=INK)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set(linewidth=0.6, color=INK)
        return axes

    def _heads(self) -> None:
        y = MARGIN
        for lines, size, weight in ((self.title, self.title_size, "bold"), (self.subtitle, self.base, "normal")):
            for words in lines:
                self.sheet.text(MARGIN, y + self.line(size) / 2, words, size, weight=weight)
                y += self.line(size)
        for number, words in enumerate(self.y_title):
            x = MARGIN + self.line(self.base) * (number + 0.5)
            self.sheet.text(x, self.top + self.height / 2, words, self.base, ha="center", rotation=90)

    def _ticks(self) -> None:
        for value, words in self.x.ticks:
            x = self.left + self.x.share(value) * self.width
            self.sheet.text(x, self.under - self.line(self.base) / 2, words, self.base, ha="center")
        for value, words in self.y.ticks:
            y = self.top + (1 - self.y.share(value)) * self.height
            self.sheet.text(self.left - TICK - 0.04, y, words, self.base, ha="right")

    def _legend(self, top: float) -> None:
        step = self.line(self.small) + 0.03
        for number, row in enumerate(self.legend):
            y = top + step * (number + 0.5)
            for x, entry, words in row:
                if entry is not None:
                    _sample(self.sheet, MARGIN + x, y, entry)
                self.sheet.text(MARGIN + x + SAMPLE + 0.06, y, words, self.small)

    def _key(self, top: float) -> None:
        small = self.line(self.small)
        x = MARGIN
        for column in self.key:
            y = top
            for number, lines in column:
                self.sheet.text(x + NUMBER - 0.06, y + small / 2, number, self.small, ha="right", color=QUIET)
                for words in lines:
                    self.sheet.text(x + NUMBER, y + small / 2, words, self.small)
                    y += small
            x += (self.full - 2 * MARGIN) / len(self.key)

    def _names(self) -> None:
        sheet = self.sheet
        for one in self.labels.placed:
            left, top, _, bottom = one.box
            if one.line is not None:
                x0, y0, x1, y1 = one.line
                line = Line2D(
                    [self.left + x0, self.left + x1], [self.top + y0, self.top + y1], color=QUIET, linewidth=0.4
                )
                sheet.axes.add_line(line)
            text = sheet.text(self.left + left, self.top + (top + bottom) / 2, one.words, self.small)
            text.set_path_effects([withStroke(linewidth=1.4, foreground="white")])

    def done(self, description: str) -> Figure:
        """The figure with its title and a description in words."""
        title = self.page.title or self.frame.title
        return describe(self.sheet.figure, title, description)


SAMPLE = 0.24
NUMBER = 0.26


LegendRow = list[tuple[float, Entry | None, str]]


def _legend_rows(sheet: Sheet, entries: Sequence[Entry], room: float, size: float) -> list[LegendRow]:
    """Entries side by side, in rows of `room` inches; one that is longer than a row goes over several."""
    rows: list[LegendRow] = []
    x = room
    for entry in entries:
        lines = sheet.wrap(typeset(entry.words), room - SAMPLE - 0.1, size)
        need = SAMPLE + 0.06 + sheet.extent(lines[0], size)[0] + 0.26
        if not rows or x + need > room + 0.26 or len(lines) > 1:
            rows.append([])
            x = 0.0
        rows[-1].append((x, entry, lines[0]))
        rows += [[(x, None, words)] for words in lines[1:]]
        x = room if len(lines) > 1 else x + need
    return rows


def _sample(sheet: Sheet, x: float, y: float, entry: Entry) -> None:
    style: dict[str, Any] = dict(_SAMPLES[entry.kind]) | entry.style
    if entry.kind == "patch":
        sheet.axes.add_patch(Rectangle((x, y - 0.05), SAMPLE, 0.1, **style))
    elif entry.kind == "line":
        sheet.axes.add_line(Line2D([x, x + SAMPLE], [y, y], **style))
    else:
        sheet.axes.add_line(Line2D([x + SAMPLE / 2], [y], **style))


_SAMPLES: dict[str, dict[str, Any]] = {
    "patch": {"linewidth": 0.6, "edgecolor": RULE},
    "line": {"color": INK, "linewidth": 1.0},
    "point": {"color": INK, "linestyle": "", "marker": "o", "markersize": 4.5},
}


def _key_columns(
    sheet: Sheet, key: Sequence[tuple[str, str]], room: float, size: float
) -> list[list[tuple[str, list[str]]]]:
    """The key in as many columns as its names allow, read downwards; names longer than a column go over several lines."""
    if not key:
        return []
    widest = max(sheet.extent(name, size)[0] for _, name in key)
    count = max(1, min(4, len(key), int(room / (min(widest, room / 2 - NUMBER) + NUMBER + 0.12))))
    width = room / count - NUMBER - 0.1
    wrapped = [(number, sheet.wrap(name, width, size)) for number, name in key]
    each = -(-sum(len(lines) for _, lines in wrapped) // count)
    columns: list[list[tuple[str, list[str]]]] = [[]]
    used = 0
    for number, lines in wrapped:
        if used >= each and len(columns) < count:
            columns.append([])
            used = 0
        columns[-1].append((number, lines))
        used += len(lines)
    return columns
