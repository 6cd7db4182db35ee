"""Risk of bias in pictures: a traffic-light table of every judgement, and bars with the share of each."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mscsec.appraisal.judgements import NOT_ASSESSED, BiasRow, BiasTable
from mscsec.errors import InvalidInput
from mscsec.plots.kinds import Request
from mscsec.plots.theme import INK, QUIET, RULE, SHADE, Mark, Sheet, describe, disc, mark_of, to_width
from mscsec.report.numbers import count, percent

MARGIN = 0.15
RADIUS = 0.125
COLUMN = 0.56
LINE = 0.165  # from line to line in 9 points
LABEL = 3.4  # the widest column of labels before they are broken into lines


def traffic_light(table: BiasTable, title: str | None = None) -> Figure:
    """One row a result, one disc a domain, the overall judgement in a shaded column, and the weight where there is one.

    A disc has its symbol, so that it reads without colour; * marks a judgement that departs from the algorithm's, with
    the reason under the table. Raises `InvalidInput` (B301) for a table without rows.
    """
    rows = _rows(table)
    sheet = Sheet()
    labels = [row.name for row in rows]
    widest = max(sheet.extent(label)[0] for label in (*labels, "Study"))
    room = min(widest, LABEL) + 0.02
    wrapped = [sheet.wrap(label, room) for label in labels]
    heights = [max(0.36, LINE * len(lines) + 0.14) for lines in wrapped]
    places = [id for id, _ in table.domains]
    weight_room = 0.75 if table.weighted else 0.0
    grid = MARGIN + room + 0.12
    width = grid + COLUMN * len(places) + 0.85 + weight_room + MARGIN
    names = [f"{id}  {name}" for id, name in table.domains]
    width = max(width, MARGIN * 2 + max((sheet.extent(name, 8)[0] for name in names), default=0.0), 4.2)
    notes = [line for note in _departures(rows, table) for line in sheet.wrap(note, width - 2 * MARGIN, 8)]
    levels = _levels(rows, table)
    legend = _legend_lines(sheet, levels, width - 2 * MARGIN)
    head = 0.75
    height = head + sum(heights) + 0.2 + LINE * len(names) + 0.15 + 0.3 * len(legend) + LINE * len(notes) + 0.2
    sheet.size(width, height)
    _title(sheet, table, width, title)
    _grid(sheet, table, rows, wrapped, heights, (grid, head, weight_room))
    y = head + sum(heights) + 0.25
    for name in names:
        sheet.text(MARGIN, y, name, 8, color=QUIET)
        y += LINE
    y += 0.15
    _legend(sheet, legend, y)
    y += 0.3 * len(legend)
    for note in notes:
        sheet.text(MARGIN, y, note, 8)
        y += LINE
    return sheet.figure


def _rows(table: BiasTable) -> tuple[BiasRow, ...]:
    if not table.standing:
        raise InvalidInput("there is no result to draw", "a picture has one row or more", code="B301")
    return table.standing


def _title(sheet: Sheet, table: BiasTable, width: float, title: str | None) -> None:
    words = named(table) if title is None else title
    for size in (11, 10, 9, 8, 7):
        if sheet.extent(words, size, "bold")[0] <= width - 2 * MARGIN:
            break
    sheet.text(MARGIN, 0.22, words, size, weight="bold")


def _grid(
    sheet: Sheet,
    table: BiasTable,
    rows: Sequence[BiasRow],
    wrapped: Sequence[Sequence[str]],
    heights: Sequence[float],
    frame: tuple[float, float, float],
) -> None:
    """Heads, labels, discs and rules. frame : left edge of the discs, top of the rows, room for the weights."""
    left, top, weight_room = frame
    places = [id for id, _ in table.domains]
    overall = left + COLUMN * len(places) + 0.42
    right = left + COLUMN * len(places) + 0.84 + weight_room
    sheet.axes.add_patch(Rectangle((overall - 0.42, top), 0.84, sum(heights), facecolor=SHADE, edgecolor="none"))
    sheet.text(MARGIN, top - 0.16, "Study", weight="bold")
    for number, place in enumerate(places):
        sheet.text(left + COLUMN * (number + 0.5), top - 0.16, place, ha="center", weight="bold")
    sheet.text(overall, top - 0.16, "Overall", ha="center", weight="bold")
    if weight_room:
        sheet.text(right, top - 0.16, "Weight", ha="right", weight="bold")
    y = top
    for row, lines, height in zip(rows, wrapped, heights, strict=True):
        sheet.axes.plot([MARGIN, right], [y, y], color=RULE, linewidth=0.6)
        middle = y + height / 2
        sheet.text(MARGIN, middle, "\n".join(lines), linespacing=1.15)
        for number, place in enumerate(places):
            _disc(sheet, left + COLUMN * (number + 0.5), middle, row, place, table)
        _disc(sheet, overall, middle, row, "overall", table)
        if weight_room:
            sheet.text(right, middle, percent(row.weight), ha="right")
        y += height
    sheet.axes.plot([MARGIN, right], [y, y], color=RULE, linewidth=0.6)


def _disc(sheet: Sheet, x: float, y: float, row: BiasRow, place: str, table: BiasTable) -> None:
    if not _has(row, place):
        return
    mark = mark_of(row.judgement(place) or NOT_ASSESSED, table.judgements)
    _draw(sheet, x, y, mark)
    if row.appraisal is not None and any(item.overridden for item in row.appraisal.items if item.id == place):
        sheet.text(x + RADIUS + 0.03, y - RADIUS + 0.03, "*", 9, weight="bold")


def _has(row: BiasRow, place: str) -> bool:
    """Whether the domain is one of this row's: a variant of a form can lack one."""
    return row.appraisal is None or any(item.id == place for item in row.appraisal.items)


def _draw(sheet: Sheet, x: float, y: float, mark: Mark) -> None:
    disc(sheet, x, y, RADIUS, mark, 10)


def _levels(rows: Sequence[BiasRow], table: BiasTable) -> list[str]:
    """Judgements that occur, worst first, and the open ones at the end."""
    said = {
        row.judgement(place) or NOT_ASSESSED
        for row in rows
        for place in (*dict(table.domains), "overall")
        if _has(row, place)
    }
    known = [word for word in reversed(table.judgements) if word in said]
    return [*known, *([NOT_ASSESSED] if NOT_ASSESSED in said else [])]


Legend = list[list[tuple[str, Mark, float]]]


def _legend_lines(sheet: Sheet, levels: Sequence[str], room: float) -> Legend:
    """Entries with their horizontal place, broken into lines of `room`."""
    lines: Legend = [[]]
    x = 0.0
    for word in levels:
        need = 2 * RADIUS + 0.08 + sheet.extent(word, 8)[0] + 0.22
        if lines[-1] and x + need > room:
            lines.append([])
            x = 0.0
        lines[-1].append((word, mark_of(word, levels[::-1]), x))
        x += need
    return lines


def _legend(sheet: Sheet, lines: Legend, top: float, bars: bool = False) -> None:
    for number, line in enumerate(lines):
        y = top + 0.3 * number
        for word, mark, x in line:
            if bars:
                _segment(sheet, MARGIN + x, y - 0.09, 2 * RADIUS, 0.18, mark)
            else:
                _draw(sheet, MARGIN + x + RADIUS, y, mark)
            sheet.text(MARGIN + x + 2 * RADIUS + 0.08, y, word, 8)


def _departures(rows: Sequence[BiasRow], table: BiasTable) -> list[str]:
    return [
        f"* {row.label}, {item.id}: the algorithm proposes {item.proposed}. {item.reason}"
        for row in rows
        if row.appraisal is not None
        for item in row.appraisal.items
        if item.overridden
    ]


# --- summary bars ----------------------------------------------------------------------------------------------

BAR = 4.4
SLOT = 0.34


def summary_bars(table: BiasTable, title: str | None = None) -> Figure:
    """One bar a domain, filled from the left with the share of each judgement; the overall one last and set apart.

    Shares are of the weight in the meta-analysis where the table is weighted, else of the number of results. A segment
    has its hatch and, where there is room, its symbol and its percentage. Raises `InvalidInput` (B301) without rows.
    """
    rows = _rows(table)
    if not table.shares:
        raise InvalidInput("the weights add to 0", "a summary needs one weight above 0", code="B301")
    sheet = Sheet()
    bars = [*((id, name) for id, name in table.domains), ("overall", "Overall")]
    labels = [sheet.wrap(name, LABEL, 9, "bold" if id == "overall" else "normal") for id, name in bars]
    room = max(
        sheet.extent(line, 9, "bold" if id == "overall" else "normal")[0]
        for (id, _), lines in zip(bars, labels, strict=True)
        for line in lines
    )
    heights = [max(SLOT, LINE * len(lines) + 0.1) for lines in labels]
    left = MARGIN + room + 0.15
    width = left + BAR + MARGIN + 0.2
    levels = sorted(_levels(rows, table), key=lambda word: _order(word, table))
    legend = _legend_lines(sheet, levels, width - 2 * MARGIN)
    head, gap = 0.45, 0.08
    height = head + sum(heights) + gap + 0.4 + 0.2 + 0.3 * len(legend) + LINE + 0.1
    sheet.size(width, height)
    _title(sheet, table, width, title)
    y = head
    for (id, _), lines, slot in zip(bars, labels, heights, strict=True):
        y += gap if id == "overall" else 0
        weight = "bold" if id == "overall" else "normal"
        sheet.text(MARGIN + room, y + slot / 2, "\n".join(lines), ha="right", weight=weight, linespacing=1.15)
        _bar(sheet, table, id, (left, y + slot / 2 - 0.12))
        y += slot
    _axis(sheet, left, y + 0.06)
    _legend(sheet, legend, y + 0.6, bars=True)
    count = len(rows)
    said = (
        "share of the weight in the meta-analysis"
        if table.weighted
        else f"share of {count} {'result' if count == 1 else 'results'}"
    )
    sheet.text(MARGIN, y + 0.6 + 0.3 * len(legend), said[0].upper() + said[1:], 8, color=QUIET)
    return sheet.figure


def _bar(sheet: Sheet, table: BiasTable, place: str, corner: tuple[float, float]) -> None:
    x, y = corner
    shares = table.shares.get(place, {})
    for word in sorted(shares, key=lambda name: _order(name, table)):
        mark, size = mark_of(word, table.judgements), BAR * shares[word]
        _segment(sheet, x, y, size, 0.24, mark)
        words = f"{mark.symbol} {percent(shares[word], 0)}".strip()
        if sheet.extent(words, 8, "bold")[0] + 0.14 <= size:
            box = {"facecolor": mark.fill, "edgecolor": "none", "pad": 1.2}
            sheet.text(
                x + size / 2, y + 0.12, words, 8, ha="center", va="center", color=mark.ink, weight="bold", bbox=box
            )
        x += size


def _order(word: str, table: BiasTable) -> int:
    return table.judgements.index(word) if word in table.judgements else len(table.judgements)


def _segment(sheet: Sheet, x: float, y: float, width: float, height: float, mark: Mark) -> None:
    sheet.axes.add_patch(
        Rectangle(
            (x, y),
            width,
            height,
            facecolor=mark.fill,
            edgecolor=mark.ink if mark.ink != INK else "#8c8c8c",
            hatch=mark.hatch,
            linewidth=0,
        )
    )
    sheet.axes.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=INK, linewidth=0.8))


def _axis(sheet: Sheet, left: float, y: float) -> None:
    sheet.axes.plot([left, left + BAR], [y, y], color=INK, linewidth=0.8)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + BAR * share
        sheet.axes.plot([x, x], [y, y + 0.05], color=INK, linewidth=0.8)
        sheet.text(x, y + 0.16, percent(share, 0), 8, ha="center")


def named(table: BiasTable) -> str:
    """The name of a picture of the table: instrument and outcome."""
    return f"Risk of bias ({table.name})" + (f": {table.label or table.outcome}" if table.outcome else "")


def in_words(table: BiasTable) -> str:
    """How many results there are, and the share of each overall judgement."""
    shares = "; ".join(f"{word.lower()} {percent(share, 0)}" for word, share in table.shares.get("overall", {}).items())
    return f"Judgements of {count(len(table.standing), 'result', 'results')}. Overall: {shares}."


def draw(request: Request) -> Figure:
    """The traffic-light table that is asked for."""
    table, title = request.judgements(), request.page.title
    return describe(
        to_width(traffic_light(table, title), request.page.width), title or named(table), in_words(table)
    )  # fmt: skip
