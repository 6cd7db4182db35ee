"""PRISMA 2020 flow diagram, from the numbers under `flow:` of review.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from mscsec.errors import NotEstimable, UsageError
from mscsec.plots.kinds import Request
from mscsec.plots.theme import INK, SHADE, SMALLEST, Page, Sheet, describe
from mscsec.records.flow import Flow, Included

MARGIN, PAD, GAP, ACROSS = 0.1, 0.07, 0.2, 0.2
BAR = 0.24
COLUMN = 1.55  # inches of a box, where no width is asked for
NARROWEST = 0.92  # inches of a box in which its words are still read
LEADING = 1.38
STAGES = ("Identification", "Screening", "Included")
_HEADS = {
    "main": "Identification of studies via databases and registers",
    "other": "Identification of studies via other methods",
    "previous": "Previous studies",
}
# Box, where it stands (row, side of its way), and the words over its number; `(n = 12)` follows.
_MAIN = (
    ("identified", 0, "Records identified"), ("screened", 1, "Records screened"), ("sought", 2, "Reports sought for retrieval"),
    ("assessed", 3, "Reports assessed for eligibility"),
)  # fmt: skip
_OUT = (
    ("removed", 0, "Records removed before screening"), ("excluded", 1, "Records excluded"), ("not_retrieved", 2, "Reports not retrieved"),
    ("ineligible", 3, "Reports excluded"),
)  # fmt: skip
ROWS = 5


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its column, its row, and its lines, each words with the number that stays in one piece behind them."""

    column: int
    row: int
    lines: tuple[tuple[str, str], ...]


def prisma(page: Page, flow: Flow, title: str = "") -> Figure:
    """The boxes that are recorded, joined by arrows from top to bottom, with what was taken out at the side of each.

    Raises NotEstimable, naming the fields, where nothing of the flow is recorded.
    Source: Page, McKenzie, Bossuyt et al. (2021), BMJ 372:n71, doi 10.1136/bmj.n71, figure 1.
    """
    if not flow.model_fields_set:
        raise NotEstimable(
            "review.yaml records no flow, so that there is nothing to draw. Write the numbers of the search under flow: "
            "identified, removed, screened, excluded, sought, not_retrieved, assessed, ineligible, included: {studies, reports}; "
            "for other methods the same with other_ in front; for an update previous: and total:"
        )
    ways = [way for way in ("previous", "main", "other") if _has(flow, way)]
    columns = sum(1 if way == "previous" else 2 for way in ways)
    width = page.width or MARGIN * 2 + BAR + ACROSS + columns * COLUMN + (columns - 1) * ACROSS
    sheet, size = Sheet(), max(SMALLEST, page.base - (0.5 if page.width is None else 1.5 if columns > 2 else 1))
    room = (width - 2 * MARGIN - BAR - ACROSS - (columns - 1) * ACROSS) / columns
    if room < NARROWEST:
        need = MARGIN * 2 + BAR + ACROSS + columns * NARROWEST + (columns - 1) * ACROSS
        raise UsageError(
            f"{columns} columns of boxes do not fit into {width:.3g} inches; a width of {need:.2g} or more holds them"
        )
    first = dict(zip(ways, _starts(ways), strict=True))
    boxes = _boxes(flow, first)
    drawn = _Drawing(sheet, width, room, size, page)
    drawn.lay_out(
        title if page.title is None else page.title,
        [(first[way], _HEADS[way], 1 if way == "previous" else 2) for way in ways],
        boxes,
    )
    numbers = [
        f"{name.replace('_', ' ')} {total}" for name in Flow.model_fields if (total := _total(flow, name)) is not None
    ]
    return describe(
        sheet.figure, page.title or title or "PRISMA flow diagram", f"PRISMA flow diagram: {', '.join(numbers)}."
    )


def _total(flow: Flow, name: str) -> int | None:
    given = getattr(flow, name)
    if isinstance(given, Included):
        return None if given.studies is None else int(given.studies.value)
    return flow.sum_of(name)


def _has(flow: Flow, way: str) -> bool:
    if way == "main":
        return True
    if way == "previous":
        return flow.previous is not None
    return any(getattr(flow, name) is not None for name in Flow.model_fields if name.startswith("other_"))


def _starts(ways: Sequence[str]) -> list[int]:
    starts, at = [], 0
    for way in ways:
        starts.append(at)
        at += 1 if way == "previous" else 2
    return starts


def _boxes(flow: Flow, first: dict[str, int]) -> dict[str, Box]:
    """By name, every box with a number."""
    found: dict[str, Box] = {}
    for way, prefix in (("main", ""), ("other", "other_")):
        for side, table in enumerate((_MAIN, _OUT)):
            for name, row, words in table:
                if way in first and prefix + name in Flow.model_fields:
                    lines = _lines(flow, prefix + name, words)
                    if lines:
                        found[prefix + name] = Box(first[way] + side, row, lines)
    included = flow.included
    if included is not None and (
        lines := _both("New studies included in review" if flow.previous else "Studies included in review", included)
    ):
        found["included"] = Box(first["main"], ROWS - 1, lines)
    if flow.previous is not None and (lines := _both("Studies included in the previous version", flow.previous)):
        found["previous"] = Box(first["previous"], 0, lines)
    if flow.total is not None and (lines := _both("Total studies included in review", flow.total)):
        found["total"] = Box(first["main"], ROWS, lines)
    return found


def _lines(flow: Flow, name: str, words: str) -> tuple[tuple[str, str], ...]:
    total = flow.sum_of(name)
    if total is None:
        return ()
    parts = flow.parts(name)
    if not parts:
        return ((words, _n(total)),)
    head = f"{words} from" if name.endswith("identified") else words
    return ((head, f"{_n(total)}:"), *((f"• {part.replace('_', ' ')}", _n(number)) for part, number in parts))


def _n(number: int) -> str:
    return f"(n = {number:,})"


def _both(words: str, given: Included) -> tuple[tuple[str, str], ...]:
    studies = () if given.studies is None else ((words, _n(int(given.studies.value))),)
    more = (
        "Reports of included studies" if studies else words.replace("Studies", "Reports").replace("studies", "reports")
    )
    reports = () if given.reports is None else ((more, _n(int(given.reports.value))),)
    return (*studies, *reports)


class _Drawing:
    """Boxes in a grid whose rows are as high as their fullest box."""

    def __init__(self, sheet: Sheet, width: float, room: float, size: float, page: Page) -> None:
        self.sheet, self.width, self.room, self.size, self.page = sheet, width, room, size, page
        self.line = size / 72 * LEADING

    def left(self, column: int) -> float:
        """Left edge of a column."""
        return MARGIN + BAR + ACROSS + column * (self.room + ACROSS)

    def lay_out(self, title: str, heads: Sequence[tuple[int, str, int]], boxes: dict[str, Box]) -> None:
        """Measures every box, then draws: title, heads of the ways, boxes, arrows, bars of the stages."""
        sheet = self.sheet
        wrapped = {name: self._wrap(box.lines) for name, box in boxes.items()}
        titles = sheet.wrap(title, self.width - 2 * MARGIN, self.page.base + 1.5, "bold") if title else []
        step = (self.page.base + 1.5) / 72 * LEADING
        tops = [
            sheet.wrap(words, span * self.room + (span - 1) * ACROSS - 2 * PAD, self.size, "bold")
            for _, words, span in heads
        ]
        y = MARGIN + step * len(titles) + (0.08 if titles else 0)
        head = max(len(lines) for lines in tops) * self.line + 2 * PAD
        rows: list[tuple[float, float]] = []
        at = y + head + GAP * 0.8
        for row in range(ROWS + 1):
            lines = [len(wrapped[name]) for name, box in boxes.items() if box.row == row]
            height = max(lines) * self.line + 2 * PAD if lines else 0.0
            rows.append((at, height))
            at += height + (GAP if lines else 0.0)
        sheet.size(self.width, at - GAP + MARGIN)
        for number, words in enumerate(titles):
            sheet.text(MARGIN, MARGIN + step * (number + 0.5), words, self.page.base + 1.5, weight="bold")
        for (column, _, span), words_of in zip(heads, tops, strict=True):
            self._head(self.left(column), y, span * self.room + (span - 1) * ACROSS, head, words_of)
        for name, box in boxes.items():
            top, height = rows[box.row]
            self._box(self.left(box.column), top, height, wrapped[name], name)
        self._arrows(boxes, rows)
        self._bars(rows)

    def _wrap(self, lines: Sequence[tuple[str, str]]) -> list[str]:
        """Lines as wide as a box; a number is never broken, and goes to a line of its own where it does not fit."""
        room, found = self.room - 2 * PAD, list[str]()
        for words, number in lines:
            wrapped = self.sheet.wrap(words, room, self.size)
            joined = f"{wrapped[-1]} {number}"
            fits = self.sheet.extent(joined, self.size)[0] <= room
            found += [*wrapped[:-1], joined] if fits else [*wrapped, number]
        return found

    def _head(self, x: float, y: float, width: float, height: float, lines: Sequence[str]) -> None:
        fill = self.page.palette.shades[2]
        self.sheet.axes.add_patch(Rectangle((x, y), width, height, facecolor=fill, edgecolor="none"))
        for number, words in enumerate(lines):
            at = y + height / 2 + (number - (len(lines) - 1) / 2) * self.line
            self.sheet.text(x + width / 2, at, words, self.size, ha="center", weight="bold")

    def _box(self, x: float, y: float, height: float, lines: Sequence[str], name: str) -> None:
        self.sheet.axes.add_patch(
            Rectangle((x, y), self.room, height, facecolor="white", edgecolor=INK, linewidth=0.7, label=name)
        )
        for number, words in enumerate(lines):
            at = y + height / 2 + (number - (len(lines) - 1) / 2) * self.line
            self.sheet.text(x + PAD, at, words, self.size)

    def _arrows(self, boxes: dict[str, Box], rows: Sequence[tuple[float, float]]) -> None:
        """Down each way from box to box, to the side for what was taken out, and into what is included."""

        def middle(box: Box) -> float:
            return self.left(box.column) + self.room / 2

        def bottom(box: Box) -> float:
            return sum(rows[box.row])

        included = boxes.get("included")
        for prefix in ("", "other_"):
            way = [boxes[prefix + name] for name, _, _ in _MAIN if prefix + name in boxes]
            for one, after in pairwise(way):
                self._arrow((middle(one), bottom(one)), (middle(after), rows[after.row][0]))
            for (name, row, _), (out, _, _) in zip(_MAIN, _OUT, strict=True):
                if prefix + name in boxes and prefix + out in boxes:
                    y = rows[row][0] + rows[row][1] / 2
                    box = boxes[prefix + name]
                    self._arrow((self.left(box.column) + self.room, y), (self.left(box.column + 1), y))
            if included is not None and way and prefix == "":
                self._arrow((middle(way[-1]), bottom(way[-1])), (middle(included), rows[included.row][0]))
            elif included is not None and way:
                self._elbow(middle(way[-1]), bottom(way[-1]), included, rows, from_left=False)
        last = boxes.get("total") or included
        if "total" in boxes and included is not None:
            self._arrow((middle(included), bottom(included)), (middle(boxes["total"]), rows[ROWS][0]))
        if "previous" in boxes and last is not None:
            self._elbow(middle(boxes["previous"]), bottom(boxes["previous"]), last, rows, from_left=True)

    def _elbow(self, x: float, y: float, to: Box, rows: Sequence[tuple[float, float]], from_left: bool) -> None:
        """Down and then into the side of a box."""
        top, height = rows[to.row]
        end = self.left(to.column) + (0 if from_left else self.room)
        level = top + height / 2
        self.sheet.axes.plot([x, x], [y, level], color=INK, linewidth=0.8, solid_capstyle="butt")
        self._arrow((x, level), (end, level))

    def _arrow(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.sheet.axes.add_patch(
            FancyArrowPatch(
                start, end, arrowstyle="-|>", mutation_scale=7, color=INK, linewidth=0.8, shrinkA=0, shrinkB=0
            )
        )

    def _bars(self, rows: Sequence[tuple[float, float]]) -> None:
        """The three stages at the left, each beside its rows; one whose rows are too low for its word has none."""
        for words, chosen in zip(STAGES, (rows[:1], rows[1:4], rows[4:]), strict=True):
            filled = [(top, height) for top, height in chosen if height]
            if not filled:
                continue
            top, end = filled[0][0], sum(filled[-1])
            self.sheet.axes.add_patch(Rectangle((MARGIN, top), BAR, end - top, facecolor=SHADE, edgecolor="none"))
            size = self.size
            while size > SMALLEST and self.sheet.extent(words, size, "bold")[0] > end - top - 0.04:
                size -= 0.5
            if self.sheet.extent(words, size, "bold")[0] <= end - top:
                self.sheet.text(MARGIN + BAR / 2, (top + end) / 2, words, size, ha="center", rotation=90, weight="bold")


def draw(request: Request) -> Figure:
    """The picture that is asked for."""
    assert request.base is not None
    return prisma(request.page, request.base.review.flow, request.base.review.title)
