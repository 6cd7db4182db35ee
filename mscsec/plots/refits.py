"""Leave-one-out and cumulative meta-analysis as forest plots: one line a refit, the analysis of all studies below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from mscsec.arrays import Array
from mscsec.effects.sizes import EffectSizes
from mscsec.plots.chart import apart
from mscsec.plots.scales import Scale, effect_head, effect_scale, favour_words, held_limits
from mscsec.plots.theme import INK, QUIET, RULE, SMALLEST, Page, Sheet, describe
from mscsec.plots.typeset import figures
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import count, level, number, percent
from mscsec.sensitivity import Refits

MARGIN, GAP = 0.1, 0.14
WIDTH = 6.9
NARROW = 4.5  # inches below which type is smaller and I² is left out
LABEL = 2.5  # widest column of labels before they go over several lines
PANEL = 1.9  # inches of the plot that are kept, if need be by longer labels in more lines
LEADING = 1.42
TICK = 0.045


@dataclass(frozen=True, slots=True)
class Row:
    """One line: label, number of studies, estimate with limits (analysis scale), I²; nan where it does not exist."""

    label: str
    k: int
    estimate: float
    low: float
    high: float
    i2: float | None


def refits_plot(
    page: Page, sizes: EffectSizes, fit: PooledResult, found: Refits, labels: Sequence[str], heads: tuple[str, str]
) -> Figure:
    """One line for each row of `found`, with its label, how many studies it holds, its estimate and its I².

    labels : one a row. heads : of the column of labels, and of the last line ("Study left out", "All studies").
    """
    fits = found.result
    back = sizes.back()
    rows = [
        Row(
            label, int(fits.k[i]), float(fits.estimate[i]), float(fits.ci_low[i]), float(fits.ci_high[i]),
            float(fits.i2[i]) if fits.pooled[i] and np.isfinite(fits.i2[i]) else None,
        )
        for i, label in enumerate(labels)
    ]  # fmt: skip
    total = Row(heads[1], fit.k, fit.estimate, fit.ci_low, fit.ci_high, fit.i2 if fit.k > 1 else None)
    drawing = _Drawing(page, sizes, fit, rows, total, heads[0])
    ends = [(back(row.low), back(row.high)) for row in (*rows, total)]
    drawing.texts = [_texts(row, back, figures(sizes.transform == "exp", ends)) for row in (*rows, total)]
    drawing.draw()
    words = f"{heads[0]}: {count(len(rows), 'line', 'lines')}; all studies {number(fit.display.estimate)}."
    return describe(drawing.sheet.figure, page.title or sizes.outcome_label, words)


def _texts(row: Row, back: Callable[[float], float], printed: Callable[[float | None], str]) -> tuple[str, ...]:
    estimate, low, high = (printed(back(value)) for value in (row.estimate, row.low, row.high))
    return str(row.k), f"{estimate} [{low}, {high}]", percent(row.i2, 0)


Favour = tuple[list[str], float, str]


class _Drawing:
    """Labels at the left, the plot, then the columns of figures at the right."""

    texts: list[tuple[str, ...]]

    def __init__(
        self, page: Page, sizes: EffectSizes, fit: PooledResult, rows: Sequence[Row], total: Row, head: str
    ) -> None:
        self.page, self.sizes, self.fit, self.rows, self.total, self.head = page, sizes, fit, rows, total, head
        self.sheet = Sheet()
        self.full = page.width or WIDTH
        self.size = max(SMALLEST, page.base - (1.5 if self.full < NARROW else 0))
        self.line = self.size / 72 * LEADING

    def draw(self) -> None:
        """Measures the columns, then sets the page and draws."""
        sheet, size = self.sheet, self.size
        heads: tuple[str, ...] = ("k", f"{effect_head(self.sizes)} [{level(self.fit.level)} CI]", "I²")
        if self.full < NARROW:  # what a narrow page lacks room for
            heads = heads[:-1]
            self.texts = [text[:-1] for text in self.texts]
        widths = [
            max(sheet.extent(text[i], size, "bold")[0] for text in [heads, *self.texts]) for i in range(len(heads))
        ]
        figures = sum(widths) + GAP * len(widths)
        names = [row.label for row in self.rows]
        widest = max(sheet.extent(name, size)[0] for name in (*names, self.total.label, self.head))
        widest = max(widest, sheet.extent(self.total.label, size, "bold")[0], sheet.extent(self.head, size, "bold")[0])
        least = min(PANEL, 0.3 * self.full)
        room = min(widest, LABEL, self.full - 2 * MARGIN - figures - least - GAP) + 0.02
        self.panel_left = MARGIN + room + GAP
        self.panel = self.full - MARGIN - figures - self.panel_left
        labels = [sheet.wrap(name, room, size) for name in names]
        self._lay_out(labels, heads, widths)

    def _lay_out(self, labels: list[list[str]], heads: tuple[str, ...], widths: list[float]) -> None:
        sheet, page, sizes = self.sheet, self.page, self.sizes
        title_size = page.base + 1.5
        step = title_size / 72 * LEADING
        room = self.full - 2 * MARGIN
        named = sizes.outcome_label if page.title is None else page.title
        title = sheet.wrap(named, room, title_size, "bold") if named else []
        subtitle = sheet.wrap(sizes.comparison_label, room, self.size) if sizes.comparison_label else []
        top = MARGIN + step * len(title) + self.line * len(subtitle) + 0.1
        first = top + self.line + 0.07
        heights = [self.line * len(lines) + 0.05 for lines in labels]
        bottom = first + sum(heights)
        end = bottom + self.line + 0.14
        scale = self._scale()
        x_title = sheet.wrap(scale.title, self.panel + 0.9 * (self.panel_left - MARGIN), self.size)
        favours = self._favours()
        under = end + TICK + 0.03 + self.line
        height = under + self.line * (len(x_title) + max(len(lines) for lines, _, _ in favours)) + 0.05 + MARGIN
        sheet.size(self.full, height)
        sheet.axes.set_zorder(10)
        y = MARGIN
        for lines, size, weight, each in (
            (title, title_size, "bold", step),
            (subtitle, self.size, "normal", self.line),
        ):
            for words in lines:
                sheet.text(MARGIN, y + each / 2, words, size, weight=weight)
                y += each
        axes = self._axes(scale, first, end, height)
        self._figures(top + self.line / 2, heads, widths, bold=True)
        sheet.text(MARGIN, top + self.line / 2, self.head, self.size, weight="bold")
        sheet.axes.plot([MARGIN, self.full - MARGIN], [first - 0.03] * 2, color=INK, linewidth=0.6)
        sheet.axes.plot([MARGIN, self.full - MARGIN], [bottom + 0.03] * 2, color=RULE, linewidth=0.6)
        y = first
        for row, lines, tall, texts in zip(self.rows, labels, heights, self.texts, strict=False):
            middle = y + tall / 2
            for number_of, words in enumerate(lines):
                at = middle + (number_of - (len(lines) - 1) / 2) * self.line
                sheet.text(MARGIN, at, words, self.size)
            self._figures(middle, texts, widths)
            self._study(axes, row, middle)
            y += tall
        middle = bottom + 0.07 + self.line / 2
        sheet.text(MARGIN, middle, self.total.label, self.size, weight="bold")
        self._figures(middle, self.texts[-1], widths, bold=True)
        self._diamond(axes, middle)
        self._below(scale, x_title, favours, end, under)

    def _favours(self) -> list[Favour]:
        """Words under the two halves of the plot: at its ends, or back to back in its middle where they need more room."""
        sheet, middle = self.sheet, self.panel_left + self.panel / 2
        left, right = favour_words(self.sizes)
        words = (f"← {left}" if left else "", f"{right} →" if right else "")
        fits = all(sheet.extent(text, self.size)[0] <= self.panel / 2 - 0.06 for text in words if text)
        if fits:
            ends: tuple[tuple[float, str], ...] = ((self.panel_left, "left"), (self.panel_left + self.panel, "right"))
        else:
            ends = ((middle - 0.05, "right"), (middle + 0.05, "left"))
        rooms = (middle - 0.05 - MARGIN, self.full - MARGIN - middle - 0.05)
        return [
            (sheet.wrap(text, room, self.size) if text else [], *end)
            for text, room, end in zip(words, rooms, ends, strict=True)
        ]

    def _scale(self) -> Scale:
        ends = [value for row in self.rows for value in (row.low, row.high)]
        core = [row.estimate for row in self.rows] + [self.total.low, self.total.high]
        core += [self.sizes.null] if self.sizes.null is not None else []
        scale = effect_scale(self.sizes, *held_limits(ends, core, 0.6), count=max(3, int(self.panel / 0.42)))
        return scale.fitted(lambda ticks: apart(scale, ticks, self.panel, self.sheet, self.size))

    def _axes(self, scale: Scale, first: float, end: float, height: float) -> Axes:
        axes = self.sheet.figure.add_axes(
            (self.panel_left / self.full, 1 - end / height, self.panel / self.full, (end - first) / height)
        )
        axes.set_xlim(scale.low, scale.high)
        axes.set_ylim(end, first)  # inches from the top of the page, as on the sheet
        axes.patch.set_visible(False)
        axes.set_yticks([])
        axes.set_xticks([value for value, _ in scale.ticks], labels=[])
        axes.tick_params(length=TICK * 72, width=0.6, color=INK)
        for side in ("left", "top", "right"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set(linewidth=0.6, color=INK)
        if self.sizes.null is not None:
            axes.axvline(self.sizes.null, color=INK, linewidth=0.6, zorder=1, label="null")
        style: dict[str, Any] = {"color": self.page.palette.pooled, "linewidth": 0.8, "linestyle": (0, (3, 2))}
        axes.axvline(self.fit.estimate, zorder=1, label="pooled", **style)
        return axes

    def _study(self, axes: Axes, row: Row, y: float) -> None:
        """The interval, with an arrow where it runs off the axis, and the estimate."""
        low, high = axes.get_xlim()
        ink = self.page.palette.study
        axes.plot(
            [max(row.low, low), min(row.high, high)], [y, y], color=INK, linewidth=0.8, zorder=2, label="interval"
        )
        for end, edge, marker in ((row.low, low, "<"), (row.high, high, ">")):
            if (end < low) if marker == "<" else (end > high):
                axes.plot([edge], [y], marker=marker, markersize=4, color=INK, linestyle="", clip_on=False, zorder=2)
        axes.plot([row.estimate], [y], marker="s", markersize=4.2, color=ink, linestyle="", zorder=3, label="estimate")

    def _diamond(self, axes: Axes, y: float) -> None:
        half = self.line * 0.34
        corners: Array = np.array(
            [
                [self.total.low, y],
                [self.total.estimate, y - half],
                [self.total.high, y],
                [self.total.estimate, y + half],
            ]
        )
        axes.add_patch(Polygon(corners, closed=True, facecolor=self.page.palette.pooled, edgecolor="none", zorder=3))

    def _figures(self, y: float, texts: Sequence[str], widths: Sequence[float], bold: bool = False) -> None:
        x = self.full - MARGIN - sum(widths) - GAP * (len(widths) - 1)
        for words, width in zip(texts, widths, strict=True):
            x += width
            self.sheet.text(x, y, words, self.size, ha="right", weight="bold" if bold else "normal")
            x += GAP

    def _below(self, scale: Scale, title: list[str], favours: list[Favour], end: float, under: float) -> None:
        sheet, size = self.sheet, self.size
        for value, words in scale.ticks:
            at = self.panel_left + scale.share(value) * self.panel
            sheet.text(at, end + TICK + 0.03 + self.line / 2, words, size, ha="center")
        y = under
        middle = self.panel_left + self.panel / 2
        for words in title:
            half = sheet.extent(words, size)[0] / 2
            x = min(max(middle, MARGIN + half), self.full - MARGIN - half)
            sheet.text(x, y + self.line / 2, words, size, ha="center")
            y += self.line
        for lines, x, side in favours:
            for number_of, words in enumerate(lines):
                sheet.text(x, y + self.line * (number_of + 0.5), words, size, ha=side, color=QUIET)
