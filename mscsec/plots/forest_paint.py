"""A forest plot drawn: heights of the lines, then every text and mark at its place."""

from __future__ import annotations

from dataclasses import dataclass, replace

from matplotlib.figure import Figure

from mscsec.effects.sizes import EffectSizes
from mscsec.plots import forest_marks as marks
from mscsec.plots.forest_axis import Axis, axis_of, with_ticks
from mscsec.plots.forest_content import Content, Line, Look
from mscsec.plots.forest_layout import (
    LEADING,
    MARGIN,
    Layout,
    Placed,
    effect_pieces,
    head_of,
    layout_of,
    letters_of,
    notes_room,
    superscript,
)
from mscsec.plots.forest_notes import (
    Legend,
    Note,
    draw_legend,
    draw_notes,
    legend_height,
    legend_of,
    notes_height,
    notes_of,
)
from mscsec.plots.theme import INK, QUIET, RULE, Page, Sheet, disc, mark_of

NARROW = 1.9  # inches left of the plot below which words go under it
GAP = 0.62  # between two studies, in sizes of the letters, beside the lines of their text


@dataclass(frozen=True, slots=True)
class Row:
    """A line with its texts broken, its height, and its upper edge."""

    line: Line
    label: tuple[str, ...]
    cells: tuple[tuple[Placed, tuple[str, ...]], ...]
    height: float
    top: float = 0.0

    @property
    def middle(self) -> float:
        """The height on which its marks stand."""
        return self.top + self.height / 2


@dataclass(frozen=True, slots=True)
class Favours:
    """Lines left and right of no effect; where one side is too narrow for a word they stand below each other."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    stacked: bool

    @property
    def count(self) -> int:
        """Lines of text that they take."""
        return len(self.left) + len(self.right) if self.stacked else max(len(self.left), len(self.right))


@dataclass(frozen=True, slots=True)
class Frame:
    """Heights of the parts, from the top of the page."""

    title: tuple[tuple[str, ...], float]
    subtitle: tuple[str, ...]
    head: float
    body: float
    foot: float
    favours: Favours | None
    axis_title: tuple[str, ...]
    legend: float
    notes: float
    height: float


def paint(sizes: EffectSizes, content: Content, look: Look, page: Page) -> tuple[Figure, tuple[str, ...]]:
    """The figure, and what was left out of it for want of room."""
    sheet = Sheet()
    layout = layout_of(sheet, content, page.width, page.base)
    content = _moved(content, layout)
    axis = replace(axis_of(sizes, content.spans, look.ends, look.at), left=layout.plot[0], right=layout.plot[1])
    axis = with_ticks(axis, lambda text: sheet.extent(text, layout.small)[0], 0.7 * layout.em, look.at)
    rows = [_row(sheet, layout, line) for line in content.lines]
    notes = notes_of(sheet, layout, content.notes)
    studies = [row.study for row in sizes.rows]
    legend = (
        legend_of(sheet, layout, content.bias, studies, page.palette)
        if content.bias is not None and layout.lights
        else None
    )
    frame = _frame(sheet, layout, content, axis, rows, notes, legend)
    sheet.size(layout.width, frame.height)
    y = frame.body
    for place, row in enumerate(rows):
        rows[place] = replace(row, top=y)
        y += row.height
    _heads(sheet, layout, frame)
    pen = marks.Pen(sheet, axis, page.palette, layout.em)
    marks.upright(pen, frame.body, frame.foot, content.marked)
    for row in rows:
        _texts(pen, layout, row)
        _marks(pen, row)
        _lights(pen, layout, row, content)
    _foot(sheet, layout, pen, frame)
    if legend is not None:
        draw_legend(sheet, layout, legend, frame.legend)
    draw_notes(sheet, layout, notes, frame.notes)
    return sheet.figure, layout.left_out


def _moved(content: Content, layout: Layout) -> Content:
    """Words that have no room left of the plot stand under it."""
    if layout.block >= NARROW:
        return content
    notes: list[tuple[str, str]] = []
    several = sum(line.kind == "pooled" and not line.indent for line in content.lines) > 1
    heading = model = ""
    for line in content.lines:
        heading = line.label if line.kind == "heading" else heading
        model = line.label if several and line.kind == "pooled" and not line.indent else model
        if line.kind == "words":
            about = heading if line.indent else "" if "subgroup" in line.label else model
            notes.append(("", f"{about}: {line.label[:1].lower()}{line.label[1:]}." if about else f"{line.label}."))
    lines = tuple(line for line in content.lines if line.kind != "words")
    return replace(content, lines=lines, notes=(*notes, *content.notes))


# --- heights ---------------------------------------------------------------------------------------------------------


def _row(sheet: Sheet, layout: Layout, line: Line) -> Row:
    if line.kind == "gap":
        return Row(line, (), (), 0.5 * layout.em)
    if line.kind == "words":
        label = tuple(sheet.wrap(line.label, layout.block - (layout.em if line.indent else 0.0), layout.small))
        return Row(line, label, (), LEADING * layout.small / 72 * len(label) + 0.2 * layout.em)
    cells = []
    for placed in layout.columns:
        text = _cell(placed, line)
        if text and placed.column.key != "effect":
            weight = "bold" if line.kind == "pooled" else "normal"
            cells.append((placed, tuple(sheet.wrap(text, placed.right - placed.left + 0.02, layout.size, weight))))
    indent = layout.em if line.indent else 0.0
    if line.kind == "study":
        room = layout.label - indent - notes_room(sheet, line, layout.size, layout.marked) + 0.01
    else:
        first = min(
            (placed.left for placed, _ in cells if placed.column.side == "left"),
            default=layout.plot[0] - 0.1 * layout.em,
        )
        room = first - 1.1 * layout.em - MARGIN - indent
    weight = "normal" if line.kind in ("study", "prediction") else "bold"
    label = tuple(sheet.wrap(line.label, max(room, 0.3), layout.size, weight))
    count = max([len(label), *(len(lines) for _, lines in cells)])
    return Row(line, label, tuple(cells), layout.line * count + GAP * layout.em)


def _cell(placed: Placed, line: Line) -> str:
    if line.place is not None:
        return placed.column.cells[line.place]
    return placed.column.totals.get(line.group, "") if line.kind == "pooled" and line.group is not None else ""


def _frame(
    sheet: Sheet,
    layout: Layout,
    content: Content,
    axis: Axis,
    rows: list[Row],
    notes: list[Note],
    legend: Legend | None,
) -> Frame:
    room = layout.width - 2 * MARGIN
    big = layout.size + 1.5
    title = tuple(sheet.wrap(content.title, room, big, "bold")) if content.title else ()
    subtitle = tuple(sheet.wrap(content.subtitle, room, layout.size)) if content.subtitle else ()
    y = MARGIN + LEADING * big / 72 * len(title) + layout.line * len(subtitle)
    y += 0.5 * layout.em if title or subtitle else 0.0
    head = y
    y += layout.line * _head_lines(layout) + (0.25 * layout.em if layout.overs else 0.0) + 0.7 * layout.em
    body = y + 0.15 * layout.em
    foot = body + sum(row.height for row in rows) + 0.3 * layout.em
    axis_title = tuple(sheet.wrap(content.axis_title, min(room, 1.6 * (layout.plot[1] - layout.plot[0])), layout.small))
    favours = _favours(sheet, layout, content, axis)
    step = LEADING * layout.small / 72
    y = foot + 0.45 * layout.em + step * (1.15 + len(axis_title)) + 0.3 * layout.em
    y += favours.count * step + 0.3 * layout.em if favours is not None else 0.0
    at_legend = y + 0.35 * layout.em
    y = at_legend + (legend_height(layout, legend) if legend is not None else 0.0)
    height = y + notes_height(layout, notes) + MARGIN
    return Frame((title, big), subtitle, head, body, foot, favours, axis_title, at_legend, y, height)


def _head_lines(layout: Layout) -> int:
    """Lines of text in the head of the table."""
    overs = max((len(over.lines) for over in layout.overs), default=0)
    under = max((len(placed.head) for placed in layout.columns if placed.column.over), default=0)
    return max([overs + under, *(len(placed.head) for placed in layout.columns), 1])


def _favours(sheet: Sheet, layout: Layout, content: Content, axis: Axis) -> Favours | None:
    """The words on either side of no effect; None where that lies outside the axis, or neither side is better."""
    if axis.null is None or not axis.inside(axis.null) or not any(content.favours):
        return None
    x, gap, size = axis.x(axis.null), _arrow_room(layout), layout.small
    most = max(1.5, (layout.plot[1] - layout.plot[0]) * 0.75)
    rooms = (min(most, x - gap - MARGIN), min(most, layout.width - MARGIN - x - gap))
    longest = [max(sheet.extent(word, size)[0] for word in text.split()) for text in content.favours]
    if all(room >= word + 0.02 for room, word in zip(rooms, longest, strict=True)):
        sides = [tuple(sheet.wrap(text, room, size)) for text, room in zip(content.favours, rooms, strict=True)]
        return Favours(sides[0], sides[1], False)
    room = layout.width - 2 * MARGIN
    one, two = content.favours
    return Favours(tuple(sheet.wrap(f"← {one}", room, size)), tuple(sheet.wrap(f"{two} →", room, size)), True)


def _arrow_room(layout: Layout) -> float:
    return 2.0 * layout.em


# --- drawing ---------------------------------------------------------------------------------------------------------


def _heads(sheet: Sheet, layout: Layout, frame: Frame) -> None:
    title, big = frame.title
    y = MARGIN
    for text in title:
        y += LEADING * big / 72
        sheet.text(MARGIN, y - 0.3 * big / 72, text, big, va="baseline", weight="bold")
    for text in frame.subtitle:
        y += layout.line
        sheet.text(MARGIN, y - 0.3 * layout.em, text, layout.size, va="baseline", color=QUIET)
    right = layout.width - MARGIN
    base = frame.body - 0.15 * layout.em
    last = base - 0.55 * layout.em
    sheet.line([MARGIN, right], [frame.head, frame.head], INK, 0.9)
    sheet.line([MARGIN, right], [base, base], INK, 0.5)
    sheet.text(MARGIN, last, "Study", layout.size, va="baseline", weight="bold")
    for placed in layout.columns:
        at, align = (placed.right, "right") if placed.column.align == "right" else (placed.left, "left")
        for number, text in enumerate(reversed(placed.head)):
            sheet.text(at, last - number * layout.line, text, layout.size, ha=align, va="baseline", weight="bold")
    for name, x in layout.lights:
        sheet.text(x, last, head_of(name), layout.size, ha="center", va="baseline", weight="bold")
    lines = max([len(placed.head) for placed in layout.columns if placed.column.over] + [1])
    for over in layout.overs:
        bottom = last - lines * layout.line - 0.25 * layout.em
        sheet.line([over.left, over.right], [bottom + 0.3 * layout.em] * 2, RULE, 0.5, solid_capstyle="butt")
        for number, text in enumerate(reversed(over.lines)):
            middle = (over.left + over.right) / 2
            sheet.text(
                middle, bottom - number * layout.line, text, layout.size, ha="center", va="baseline", weight="bold"
            )


def _texts(pen: marks.Pen, layout: Layout, row: Row) -> None:
    sheet = pen.sheet
    line = row.line
    x = MARGIN + (layout.em if line.indent else 0.0)
    if line.kind == "words":
        step = LEADING * layout.small / 72
        for number, text in enumerate(row.label):
            sheet.text(x, row.top + step * (number + 0.8), text, layout.small, va="baseline", color=QUIET)
        return
    weight = "normal" if line.kind in ("study", "prediction") else "bold"
    for number, text in enumerate(row.label):
        sheet.text(x, _baseline(layout, row, number, len(row.label)), text, layout.size, va="baseline", weight=weight)
    if row.label and line.kind == "study":
        _behind(pen, layout, row, x + sheet.extent(row.label[-1], layout.size)[0])
    bold = "bold" if line.kind == "pooled" else "normal"
    for placed, lines in row.cells:
        at, align = (placed.right, "right") if placed.column.align == "right" else (placed.left, "left")
        for number, text in enumerate(lines):
            y = _baseline(layout, row, number, len(lines))
            sheet.text(at, y, text, layout.size, ha=align, va="baseline", weight=bold)
        if line.place is not None and placed.column.marks and placed.column.marks[line.place]:
            _raised(sheet, layout, placed.right + 0.05 * layout.em, y, placed.column.marks[line.place])
    if line.kind == "study" and line.figures is None and layout.figures is not None:
        sheet.text(
            layout.figures[2], _baseline(layout, row, 0, 1), "not estimable", layout.size, ha="right", va="baseline"
        )
    if line.figures is not None and layout.figures is not None:
        y = _baseline(layout, row, 0, 1)
        for text, at in zip(effect_pieces(line.figures), layout.figures, strict=True):
            if text:
                sheet.text(at, y, text, layout.size, ha="right", va="baseline", weight=bold)


def _behind(pen: marks.Pen, layout: Layout, row: Row, x: float) -> None:
    """The sign of integrity and the letters of the notes behind a label."""
    sheet = pen.sheet
    y = _baseline(layout, row, len(row.label) - 1, len(row.label))
    if row.line.sign:
        x += 0.2 * layout.em
        sheet.text(x, y, row.line.sign, layout.size, va="baseline", weight="bold", color=pen.palette.accent)
        x += sheet.extent(row.line.sign, layout.size, "bold")[0]
    if letters := letters_of(row.line, layout.marked):
        _raised(sheet, layout, x + 0.1 * layout.em, y, letters)


def _raised(sheet: Sheet, layout: Layout, x: float, y: float, letters: str) -> None:
    """Letters of notes behind a text that ends at `x` on the base line `y`."""
    sheet.text(x, y - 0.3 * layout.em, letters, superscript(layout.size), va="baseline", color=QUIET)


def _baseline(layout: Layout, row: Row, number: int, count: int) -> float:
    return row.middle + (number - (count - 1) / 2) * layout.line + 0.36 * layout.em


def _marks(pen: marks.Pen, row: Row) -> None:
    if row.line.span is None:
        return
    if row.line.kind == "study":
        marks.study(pen, row.line.span, row.line.share, row.middle)
    elif row.line.kind == "pooled":
        marks.diamond(pen, row.line.span, row.middle)
    else:
        marks.prediction(pen, row.line.span, row.middle)


def _lights(pen: marks.Pen, layout: Layout, row: Row, content: Content) -> None:
    if row.line.kind != "study" or content.bias is None:
        return
    light = row.line.light
    for place, x in layout.lights:
        if (
            light is not None
            and light.appraisal is not None
            and all(item.id != place for item in light.appraisal.items)
        ):
            continue  # a variant of the form does not have this domain
        word = (light.judgement(place) if light is not None else "") or "Not assessed"
        disc(
            pen.sheet,
            x,
            row.middle,
            layout.radius,
            mark_of(word, content.bias.judgements, pen.palette),
            max(6.0, 0.85 * layout.size),
        )


def _foot(sheet: Sheet, layout: Layout, pen: marks.Pen, frame: Frame) -> None:
    """The axis, its title, and who is favoured on which side."""
    size = layout.small
    step = LEADING * size / 72
    marks.axis_line(pen, frame.foot, size)
    y = frame.foot + 0.45 * layout.em + 1.15 * step
    middle = (layout.plot[0] + layout.plot[1]) / 2
    for text in frame.axis_title:
        half = sheet.extent(text, size)[0] / 2
        at = min(max(middle, MARGIN + half), layout.width - MARGIN - half)
        sheet.text(at, y + 0.8 * step, text, size, ha="center", va="baseline", color=QUIET)
        y += step
    if frame.favours is not None:
        _draw_favours(sheet, layout, pen, frame.favours, y + 0.3 * layout.em)


def _draw_favours(sheet: Sheet, layout: Layout, pen: marks.Pen, favours: Favours, y: float) -> None:
    size = layout.small
    step = LEADING * size / 72
    if favours.stacked:
        for lines, at, align in ((favours.left, MARGIN, "left"), (favours.right, layout.width - MARGIN, "right")):
            for words in lines:
                sheet.text(at, y + 0.8 * step, words, size, ha=align, va="baseline", color=INK)
                y += step
        return
    assert pen.axis.null is not None
    x, room = pen.axis.x(pen.axis.null), _arrow_room(layout)
    for lines, way, align in ((favours.left, -1, "right"), (favours.right, 1, "left")):
        start, end = x + way * 0.35 * layout.em, x + way * (room - 0.45 * layout.em)
        pen.stroke((start, y + 0.52 * step), (end - way * 0.2 * layout.em, y + 0.52 * step), QUIET, 0.7)
        pen.arrow(end, y + 0.52 * step, way, QUIET)
        for number, words in enumerate(lines):
            sheet.text(x + way * room, y + (number + 0.8) * step, words, size, ha=align, va="baseline", color=INK)
