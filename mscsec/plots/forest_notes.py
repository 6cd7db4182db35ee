"""What stands under a forest plot: legend of the lights, weight by judgement, methods, footnotes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.patches import Rectangle

from mscsec.appraisal.judgements import NOT_ASSESSED, BiasTable
from mscsec.plots.forest_layout import LEADING, MARGIN, Layout
from mscsec.plots.theme import INK, QUIET, Mark, Palette, Sheet, disc, mark_of, symbol
from mscsec.report.numbers import percent

BAR = 2.4  # length of the bar of shares in inches


@dataclass(frozen=True, slots=True)
class Note:
    """Lines of one note with the letter before it; `indent` is where its text starts."""

    mark: str
    lines: tuple[str, ...]
    indent: float


def notes_of(sheet: Sheet, layout: Layout, notes: Sequence[tuple[str, str]]) -> list[Note]:
    """The notes broken into lines of the page's width."""
    size = layout.small
    marks = [sheet.extent(mark, size)[0] for mark, _ in notes if mark]
    indent = max(marks, default=0.0) + 0.5 * size / 72
    found = []
    for mark, text in notes:
        at = indent if mark else 0.0
        found.append(Note(mark, tuple(sheet.wrap(text, layout.width - 2 * MARGIN - at, size)), at))
    return found


def notes_height(layout: Layout, notes: Sequence[Note]) -> float:
    """Height of the notes."""
    step = LEADING * layout.small / 72
    return sum(step * len(note.lines) + 0.15 * step for note in notes)


def draw_notes(sheet: Sheet, layout: Layout, notes: Sequence[Note], y: float) -> float:
    """Draws the notes from `y` on; gives where they end."""
    size = layout.small
    step = LEADING * size / 72
    for note in notes:
        if note.mark:
            sheet.text(MARGIN, y + 0.75 * step, note.mark, size, va="baseline", color=INK)
        for line in note.lines:
            sheet.text(MARGIN + note.indent, y + 0.75 * step, line, size, va="baseline", color=QUIET)
            y += step
        y += 0.15 * step
    return y


# --- lights ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Legend:
    """The legend of the lights: names of domains in lines, judgements with their place, shares of the weight.

    entries : by line, (mark, word, x). shares : (mark, word, share) of the overall judgement; empty where not weighted.
    """

    names: tuple[str, ...]
    entries: tuple[tuple[tuple[Mark, str, float], ...], ...]
    shares: tuple[tuple[Mark, str, float], ...]
    words: tuple[str, ...]


def legend_of(sheet: Sheet, layout: Layout, bias: BiasTable, studies: Sequence[str], palette: Palette) -> Legend:
    """The legend for the judgements that occur among `studies`."""
    size = layout.small
    room = layout.width - 2 * MARGIN
    drawn = [name for name, _ in layout.lights]
    named = [f"{id} {name}" for id, name in bias.domains if id in drawn]
    text = f"Risk of bias ({bias.name})" + (f": {'; '.join(named)}." if named else ", overall.")
    rows = [row for row in bias.standing if row.study in studies]
    said = {row.judgement(place) or NOT_ASSESSED for row in rows for place in drawn}
    said |= {NOT_ASSESSED} if len(rows) < len(studies) else set()
    words = [word for word in (*bias.judgements, NOT_ASSESSED) if word in said]
    lines: list[list[tuple[Mark, str, float]]] = [[]]
    x = MARGIN
    for word in words:
        wide = 2 * layout.radius + 0.4 * layout.em + sheet.extent(word, size)[0] + 1.6 * layout.em
        if lines[-1] and x + wide > MARGIN + room:
            lines.append([])
            x = MARGIN
        lines[-1].append((mark_of(word, bias.judgements, palette), word, x))
        x += wide
    shares = bias.shares.get("overall", {}) if bias.weighted else {}
    order = [word for word in (*bias.judgements, NOT_ASSESSED) if shares.get(word)]
    found = tuple((mark_of(word, bias.judgements, palette), word, shares[word]) for word in order)
    said_shares = f"Weight by overall judgement: {', '.join(f'{word} {percent(share)}' for _, word, share in found)}"
    beside = room if not found else room - min(BAR, 0.45 * room) - layout.em
    return Legend(
        tuple(sheet.wrap(text, room, size)), tuple(map(tuple, lines)), found,
        tuple(sheet.wrap(said_shares, beside, size)) if found else (),
    )  # fmt: skip


def legend_height(layout: Layout, legend: Legend) -> float:
    """Height of the legend."""
    step = LEADING * layout.small / 72
    discs = len(legend.entries) * 1.75 * layout.em
    bar = max(step * len(legend.words), 1.2 * layout.em) + 0.4 * step if legend.shares else 0.0
    return step * len(legend.names) + 0.25 * step + discs + bar


def draw_legend(sheet: Sheet, layout: Layout, legend: Legend, y: float) -> float:
    """Draws the legend from `y` on; gives where it ends."""
    size = layout.small
    step = LEADING * size / 72
    for line in legend.names:
        sheet.text(MARGIN, y + 0.75 * step, line, size, va="baseline", color=QUIET)
        y += step
    y += 0.25 * step
    for entries in legend.entries:
        middle = y + 0.8 * layout.em
        for mark, word, x in entries:
            disc(sheet, x + layout.radius, middle, layout.radius, mark, max(6.0, 0.85 * layout.size))
            at = x + 2 * layout.radius + 0.4 * layout.em
            sheet.text(at, middle + 0.36 * size / 72, word, size, va="baseline", color=QUIET)
        y += 1.75 * layout.em
    if legend.shares:
        length = min(BAR, 0.45 * (layout.width - 2 * MARGIN))
        _bar(sheet, layout, legend, (y + 0.1 * step, length))
        for number, line in enumerate(legend.words):
            at = y + step * number + 0.85 * step
            sheet.text(MARGIN + length + layout.em, at, line, size, va="baseline", color=QUIET)
        y += max(step * len(legend.words), 1.2 * layout.em) + 0.4 * step
    return y


def _bar(sheet: Sheet, layout: Layout, legend: Legend, frame: tuple[float, float]) -> None:
    """The shares as one bar. frame : its upper edge and its length."""
    top, length = frame
    x, height = MARGIN, 0.9 * layout.em
    for mark, _, share in legend.shares:
        sheet.add(Rectangle((x, top), length * share, height, facecolor=mark.fill, edgecolor=INK, linewidth=0.5))
        if length * share > 2.2 * layout.radius:  # the symbol tells it where the print has no colour
            size = max(6.0, 0.85 * layout.size)
            symbol(sheet, x + length * share / 2, top + height / 2, 0.8 * layout.radius, mark, size)
        x += length * share
