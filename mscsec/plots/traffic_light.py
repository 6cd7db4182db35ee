"""Risk of bias in pictures: a traffic-light table of every judgement, and bars with the share of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mscsec.appraisal.judgements import NOT_ASSESSED, BiasRow, BiasTable
from mscsec.errors import InvalidInput, UsageError
from mscsec.plots.kinds import Request
from mscsec.plots.theme import INK, QUIET, RULE, SHADE, SMALLEST, Mark, Page, Palette, Sheet, describe, disc, mark_of
from mscsec.records.reader import EvidenceBase
from mscsec.report.numbers import count, percent

MARGIN = 0.1
NATURAL = 9.0  # points, where the page has room
RADIUS = 0.125  # inches of a disc at that size; all else hangs on the size likewise
COLUMN = 0.56
LINE = 0.165  # from line to line
LABEL = 3.4  # the widest column of labels before they are broken into lines
LEAST = 0.95  # the narrowest that a page leaves them before type grows smaller
LOWEST = 0.55  # and the narrowest at all
SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0)


@dataclass(frozen=True, slots=True)
class Grid:
    """Widths of the table in inches. size : of the type in points; label : room of the labels; left : edge of the discs."""

    size: float
    label: float
    column: float
    overall: float
    weight: float
    places: int

    @property
    def scale(self) -> float:
        """The size of the type in that of the natural one."""
        return self.size / NATURAL

    @property
    def small(self) -> float:
        """Size of notes and legend."""
        return max(SMALLEST, self.size - 1)

    @property
    def line(self) -> float:
        """From one line of labels to the next."""
        return LINE * self.scale

    @property
    def radius(self) -> float:
        """Of a disc."""
        return RADIUS * self.scale

    @property
    def left(self) -> float:
        """Left edge of the discs."""
        return MARGIN + self.label + 0.12 * self.scale

    @property
    def right(self) -> float:
        """Right edge of the table."""
        return self.left + self.column * self.places + self.overall + self.weight


def traffic_light(
    table: BiasTable, title: str | None = None, page: Page | None = None, outcomes: Mapping[str, str] | None = None
) -> Figure:
    """One row a result, one disc a domain, the overall judgement in a shaded column, and the weight where there is one.

    A disc has its symbol, so that it reads without colour; * marks a judgement that departs from the algorithm's, with
    the reason under the table. page : width and inks. outcomes : what each outcome is called in print, by its name.
    Raises `InvalidInput` (B301) for a table without rows, `UsageError` for a page too narrow for its columns.
    """
    rows, page = _rows(table), page or Page()
    sheet = Sheet()
    labels = [_label(row, table, outcomes or {}) for row in rows]
    grid = _grid_of(sheet, table, rows, labels, page.width)
    wrapped = [sheet.wrap(label, grid.label + 0.01, grid.size) for label in labels]
    heights = [
        max(2 * grid.radius + 0.11 * grid.scale, grid.line * len(lines) + 0.14 * grid.scale) for lines in wrapped
    ]
    names = [f"{id}\u2002{name}" for id, name in table.domains]
    width = page.width or max(grid.right + MARGIN, min(4.2, _widest(sheet, names, grid.small) + 2 * MARGIN))
    room = width - 2 * MARGIN
    heading = _title_lines(sheet, table, room, title)
    idle = ["– not in the meta-analysis"] if table.weighted and any(row.weight is None for row in rows) else []
    told = (*names, "", *idle, *_departures(rows, table, labels))
    notes = [line for note in told for line in sheet.wrap(note, room, grid.small)]
    legend = _legend_lines(
        sheet, [(word, mark_of(word, table.judgements, page.palette)) for word in _levels(rows, table)], room, grid
    )
    top = MARGIN + TITLE_LINE * len(heading) + 0.08 + 2 * grid.line
    under = top + sum(heights) + 0.12
    height = under + _entry(grid) * len(legend) + 0.05 + SMALL * grid.small * len(notes) + MARGIN
    sheet.size(width, height)
    _title(sheet, heading)
    _table(sheet, table, rows, wrapped, heights, grid, (top, page.palette))
    _legend(sheet, legend, under + _entry(grid) / 2, grid)
    y = under + _entry(grid) * len(legend) + 0.05
    for note in notes:
        sheet.text(MARGIN, y + SMALL * grid.small / 2, note, grid.small, color=QUIET)
        y += SMALL * grid.small if note else 0.06
    return sheet.figure


TITLE_LINE = 0.2
SMALL = 1.42 / 72  # inches from line to line of notes, a point of their size


def _label(row: BiasRow, table: BiasTable, outcomes: Mapping[str, str]) -> str:
    """The study, and where the table has several outcomes which one, as a reader knows it."""
    if table.outcome or not row.result or f", {row.result}" not in row.name:
        return row.name
    said = outcomes.get(row.result) or row.result.replace("_", " ")
    return row.name.replace(f", {row.result}", f": {said}", 1)


def _widest(sheet: Sheet, texts: Sequence[str], size: float) -> float:
    return max((sheet.extent(text, size)[0] for text in texts), default=0.0)


def _grid_of(
    sheet: Sheet, table: BiasTable, rows: Sequence[BiasRow], labels: Sequence[str], width: float | None
) -> Grid:
    """The widths on a page: columns are drawn together first, then labels are broken, then type is smaller."""
    places = [id for id, _ in table.domains]
    departs = any(item.overridden for row in rows if row.appraisal is not None for item in row.appraisal.items)

    def grid(size: float, wide: bool) -> Grid:
        scale = size / NATURAL
        heads = max((sheet.extent(place, size, "bold")[0] for place in places), default=0.0)
        least = max(2 * RADIUS * scale + (0.13 if departs else 0.05), heads + 0.06)
        overall = sheet.extent("Overall", size, "bold")[0] + (0.35 if wide else 0.14)
        weight = sheet.extent("Weight", size, "bold")[0] + (0.25 if wide else 0.1) if table.weighted else 0.0
        natural = min(_widest(sheet, [*labels, "Study"], size), LABEL)
        return Grid(size, natural, COLUMN * scale if wide else least, overall, weight, len(places))

    if width is None or grid(NATURAL, True).right + MARGIN <= width:
        return grid(NATURAL, True)
    for least in (LEAST, LOWEST):
        for size in SIZES:
            found = grid(size, False)
            room = found.label + width - MARGIN - found.right
            if room < min(found.label, least):
                continue
            label = min(found.label, room)
            spare = (room - label) / max(len(places), 1)
            return replace(found, label=label, column=min(found.column + spare, COLUMN * found.scale))
    least_width = found.right - found.label + LOWEST + MARGIN
    raise UsageError(
        f"this picture does not fit into {width:.3g} inches with type of {SMALLEST:g} points; a width of {math.ceil(10 * least_width) / 10:g} or more holds it"
    )


def _rows(table: BiasTable) -> tuple[BiasRow, ...]:
    if not table.standing:
        raise InvalidInput("there is no result to draw", "a picture has one row or more", code="B301")
    return table.standing


def _title_lines(sheet: Sheet, table: BiasTable, room: float, title: str | None) -> list[str]:
    words = named(table) if title is None else title
    return sheet.wrap(words, room, TITLE, "bold") if words else []


TITLE = 9.5


def _title(sheet: Sheet, lines: Sequence[str]) -> None:
    for number, words in enumerate(lines):
        sheet.text(MARGIN, MARGIN + TITLE_LINE * (number + 0.5), words, TITLE, weight="bold")


def _table(
    sheet: Sheet,
    table: BiasTable,
    rows: Sequence[BiasRow],
    wrapped: Sequence[Sequence[str]],
    heights: Sequence[float],
    grid: Grid,
    frame: tuple[float, Palette],
) -> None:
    """Heads, labels, discs and rules. frame : top of the rows, and the inks."""
    top, palette = frame
    places = [id for id, _ in table.domains]
    overall = grid.left + grid.column * len(places) + grid.overall / 2
    middles = [grid.left + grid.column * (number + 0.5) for number in range(len(places))]
    sheet.axes.add_patch(
        Rectangle((overall - grid.overall / 2, top), grid.overall, sum(heights), facecolor=SHADE, edgecolor="none")
    )
    head = top - 0.8 * grid.line
    sheet.text(MARGIN, head, "Study", grid.size, weight="bold")
    for place, x in zip((*places, "Overall"), (*middles, overall), strict=True):
        sheet.text(x, head, place, grid.size, ha="center", weight="bold")
    if grid.weight:
        sheet.text(grid.right, head, "Weight", grid.size, ha="right", weight="bold")
    y = top
    for row, lines, height in zip(rows, wrapped, heights, strict=True):
        sheet.axes.plot([MARGIN, grid.right], [y, y], color=RULE, linewidth=0.6)
        middle = y + height / 2
        for number, words in enumerate(lines):
            sheet.text(MARGIN, middle + (number - (len(lines) - 1) / 2) * grid.line, words, grid.size)
        for place, x in zip((*places, "overall"), (*middles, overall), strict=True):
            _disc(sheet, (x, middle), row, place, table, grid, palette)
        if grid.weight:
            sheet.text(grid.right, middle, percent(row.weight), grid.size, ha="right")
        y += height
    sheet.axes.plot([MARGIN, grid.right], [y, y], color=RULE, linewidth=0.6)


def _disc(
    sheet: Sheet, at: tuple[float, float], row: BiasRow, place: str, table: BiasTable, grid: Grid, palette: Palette
) -> None:
    if not _has(row, place):
        return
    x, y = at
    mark = mark_of(row.judgement(place) or NOT_ASSESSED, table.judgements, palette)
    disc(sheet, x, y, grid.radius, mark, max(SMALLEST, grid.size))
    if row.appraisal is not None and any(item.overridden for item in row.appraisal.items if item.id == place):
        sheet.text(x + grid.radius + 0.02, y - grid.radius + 0.03, "*", grid.size, weight="bold")


def _has(row: BiasRow, place: str) -> bool:
    """Whether the domain is one of this row's: a variant of a form can lack one."""
    return row.appraisal is None or any(item.id == place for item in row.appraisal.items)


def _levels(rows: Sequence[BiasRow], table: BiasTable) -> list[str]:
    """Judgements that occur, best first, and the open ones at the end."""
    said = {
        row.judgement(place) or NOT_ASSESSED
        for row in rows
        for place in (*dict(table.domains), "overall")
        if _has(row, place)
    }
    known = [word for word in table.judgements if word in said]
    return [*known, *([NOT_ASSESSED] if NOT_ASSESSED in said else [])]


Legend = list[list[tuple[str, Mark, float]]]


def _entry(grid: Grid) -> float:
    """Height of a line of the legend."""
    return 0.3 * grid.scale


def _legend_lines(sheet: Sheet, entries: Sequence[tuple[str, Mark]], room: float, grid: Grid) -> Legend:
    """Entries with their horizontal place, broken into lines of `room`."""
    lines: Legend = [[]]
    x = 0.0
    for word, mark in entries:
        need = 2 * grid.radius + 0.08 + sheet.extent(word, grid.small)[0] + 0.22
        if lines[-1] and x + need > room + 0.22:
            lines.append([])
            x = 0.0
        lines[-1].append((word, mark, x))
        x += need
    return lines


def _legend(sheet: Sheet, lines: Legend, top: float, grid: Grid, bars: bool = False) -> None:
    for number, line in enumerate(lines):
        y = top + _entry(grid) * number
        for word, mark, x in line:
            if bars:
                _segment(sheet, MARGIN + x, y - 0.72 * grid.radius, 2 * grid.radius, 1.44 * grid.radius, mark)
            else:
                disc(sheet, MARGIN + x + grid.radius, y, grid.radius, mark, max(SMALLEST, grid.size))
            sheet.text(MARGIN + x + 2 * grid.radius + 0.08, y, word, grid.small)


def _departures(rows: Sequence[BiasRow], table: BiasTable, labels: Sequence[str]) -> list[str]:
    return [
        f"* {label}, {item.id}: the algorithm proposes {item.proposed}. {item.reason}"
        for row, label in zip(rows, labels, strict=True)
        if row.appraisal is not None
        for item in row.appraisal.items
        if item.overridden
    ]


# --- summary bars ----------------------------------------------------------------------------------------------

BAR = 4.4
SLOT = 0.34
NARROW = 4.5  # inches of a page below which type is smaller


def summary_bars(table: BiasTable, title: str | None = None, page: Page | None = None) -> Figure:
    """One bar a domain, filled from the left with the share of each judgement; the overall one last and set apart.

    Shares are of the weight in the meta-analysis where the table is weighted, else of the number of results. A segment
    has its hatch and, where there is room, its symbol and its percentage. page : width and inks. Raises `InvalidInput`
    (B301) without rows.
    """
    rows, page = _rows(table), page or Page()
    if not table.shares:
        raise InvalidInput("the weights add to 0", "a summary needs one weight above 0", code="B301")
    sheet = Sheet()
    size = NATURAL if page.width is None or page.width >= NARROW else 7.0
    grid = Grid(size, 0.0, 0.0, 0.0, 0.0, 0)
    bars = [*table.domains, ("overall", "Overall")]
    weights = ["bold" if id == "overall" else "normal" for id, _ in bars]
    most = LABEL if page.width is None else min(LABEL, 0.38 * page.width)
    labels = [sheet.wrap(name, most, size, weight) for (_, name), weight in zip(bars, weights, strict=True)]
    room = max(
        sheet.extent(line, size, weight)[0] for lines, weight in zip(labels, weights, strict=True) for line in lines
    )
    heights = [max(SLOT * grid.scale, grid.line * len(lines) + 0.1 * grid.scale) for lines in labels]
    left, end = MARGIN + room + 0.12, 0.5 * sheet.extent("100%", grid.small)[0]
    width = page.width or left + BAR + end + MARGIN
    long = width - left - end - MARGIN
    marks = {word: mark_of(word, table.judgements, page.palette) for word in _levels(rows, table)}
    entries = [(f"{mark.symbol} {word}".strip(), mark) for word, mark in marks.items()]
    legend = _legend_lines(sheet, entries, width - 2 * MARGIN, grid)
    heading = _title_lines(sheet, table, width - 2 * MARGIN, title)
    said = (
        "Share of the weight in the meta-analysis"
        if table.weighted
        else f"Share of {count(len(rows), 'result', 'results')}"
    )
    top, gap = MARGIN + TITLE_LINE * len(heading) + 0.08, 0.08
    under = top + sum(heights) + gap + 0.06 + 0.1 + SMALL * grid.small
    height = under + 0.12 + SMALL * grid.small + _entry(grid) * len(legend) + MARGIN
    sheet.size(width, height)
    _title(sheet, heading)
    y = top
    for (id, _), lines, slot, weight in zip(bars, labels, heights, weights, strict=True):
        y += gap if id == "overall" else 0
        for number, words in enumerate(lines):
            at = y + slot / 2 + (number - (len(lines) - 1) / 2) * grid.line
            sheet.text(MARGIN + room, at, words, size, ha="right", weight=weight)
        _bar(sheet, table, id, (left, y + slot / 2, long), grid, marks)
        y += slot
    _axis(sheet, left, y + 0.06, long, grid)
    sheet.text(left + long / 2, under + SMALL * grid.small / 2, said, grid.small, ha="center", color=QUIET)
    _legend(sheet, legend, under + 0.12 + SMALL * grid.small + _entry(grid) / 2, grid, bars=True)
    return sheet.figure


def _bar(
    sheet: Sheet, table: BiasTable, place: str, frame: tuple[float, float, float], grid: Grid, marks: Mapping[str, Mark]
) -> None:
    """The shares of one domain. frame : left edge, middle and length of the bar."""
    x, middle, long = frame
    high, small = 0.24 * grid.scale, max(SMALLEST, grid.small)
    shares = table.shares.get(place, {})
    for word in sorted(shares, key=lambda name: _order(name, table)):
        mark, size = marks.get(word) or mark_of(word, table.judgements), long * shares[word]
        _segment(sheet, x, middle - high / 2, size, high, mark)
        words = f"{mark.symbol} {percent(shares[word], 0)}".strip()
        if sheet.extent(words, small, "bold")[0] + 0.14 <= size:
            box = {"facecolor": mark.fill, "edgecolor": "none", "pad": 1.2 * grid.scale}
            sheet.text(x + size / 2, middle, words, small, ha="center", color=mark.ink, weight="bold", bbox=box)
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


def _axis(sheet: Sheet, left: float, y: float, long: float, grid: Grid) -> None:
    sheet.axes.plot([left, left + long], [y, y], color=INK, linewidth=0.8)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + long * share
        sheet.axes.plot([x, x], [y, y + 0.05], color=INK, linewidth=0.8)
        sheet.text(x, y + 0.07 + SMALL * grid.small / 2, percent(share, 0), grid.small, ha="center")


def named(table: BiasTable) -> str:
    """The name of a picture of the table: instrument and outcome."""
    return f"Risk of bias ({table.name})" + (f": {table.label or table.outcome}" if table.outcome else "")


def in_words(table: BiasTable) -> str:
    """How many results there are, and the share of each overall judgement."""
    shares = "; ".join(f"{word.lower()} {percent(share, 0)}" for word, share in table.shares.get("overall", {}).items())
    return f"Judgements of {count(len(table.standing), 'result', 'results')}. Overall: {shares}."


def draw(request: Request) -> Figure:
    """The traffic-light table that is asked for."""
    table, page = request.judgements(), request.page
    figure = traffic_light(table, page.title, page, outcome_names(request.base))
    return describe(figure, page.title or named(table), in_words(table))


def outcome_names(base: EvidenceBase | None) -> dict[str, str]:
    """What the outcomes of a review are called in print."""
    return {} if base is None else {name: plan.label for name, plan in base.review.outcomes.items() if plan.label}
