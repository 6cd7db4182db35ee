"""Where everything of a forest plot stands, in inches: texts are measured, and what does not fit is left out in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mscsec.plots.forest_columns import Column, Columns, reduced, reductions
from mscsec.plots.forest_content import Content, Line
from mscsec.plots.theme import COLUMNS, SMALLEST, Sheet

MARGIN = 0.07
LEADING = 1.22  # from line to line, in sizes of the letters
PLOT = (0.9, 1.45, 2.6)  # widths of the plot: the least in one column, the least in two, the natural one
LABEL = (0.95, 0.95, 3.2)  # widths of the labels likewise; the last is the most
SHARE = 0.36  # of the page that labels take at most, where they can be broken
EDGE = 1.7  # sizes of letters between the plot and the edge of the page, for half of a tick's text
ROUND = 0.5  # a size of letters is lowered in steps of half a point


@dataclass(frozen=True, slots=True)
class Placed:
    """A column of text with its edges, and its heading broken into lines."""

    column: Column
    left: float
    right: float
    head: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Over:
    """A heading over several columns."""

    lines: tuple[str, ...]
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Widths of a forest plot. size : of the letters in points, em : the same in inches.

    label : room of the labels. plot : left and right edge of the plot. figures : right edges of estimate, low and high.
    lights : middle of the disc of each domain, "overall" among them. block : right edge of the part left of the plot.
    """

    width: float
    size: float
    label: float
    columns: tuple[Placed, ...]
    overs: tuple[Over, ...]
    plot: tuple[float, float]
    figures: tuple[float, float, float] | None
    lights: tuple[tuple[str, float], ...]
    left_out: tuple[str, ...]

    @property
    def marked(self) -> bool:
        """Whether figures of the groups have letters of their own."""
        return any(placed.column.marks for placed in self.columns)

    @property
    def em(self) -> float:
        """The size of the letters in inches."""
        return self.size / 72

    @property
    def line(self) -> float:
        """From one line of text to the next."""
        return LEADING * self.em

    @property
    def radius(self) -> float:
        """Of a disc."""
        return 0.56 * self.em

    @property
    def block(self) -> float:
        """Room left of the plot."""
        return self.plot[0] - 1.2 * self.em - MARGIN

    @property
    def small(self) -> float:
        """Size of the notes."""
        return max(SMALLEST, self.size - 1)


def layout_of(sheet: Sheet, content: Content, width: float | None, base: float) -> Layout:
    """The layout at `width` inches, or at the natural width where that is None."""
    has_lights = content.bias is not None
    steps = reductions(content.columns, has_lights)
    if width is None:
        natural = _Measured(sheet, content, content.columns, steps[:0], base)
        free = natural.fixed() + natural.label(LABEL[2]) + PLOT[2] + 2 * MARGIN
        return natural.place(max(free, COLUMNS["1"]), LABEL[2])
    for count in range(len(steps) + 1):
        columns = reduced(content.columns, steps[:count])
        last = count == len(steps)
        for size in _sizes(base, SMALLEST if last else min(base, 7.0)):
            measured = _Measured(sheet, content, columns, steps[:count], size)
            least = measured.least(_between(LABEL, width)) + _between(PLOT, width) + 2 * MARGIN
            if measured.fixed() + least <= width or (last and size == SMALLEST):
                return measured.place(width, SHARE * width)
    raise AssertionError("the last step always fits")


def _sizes(base: float, least: float) -> list[float]:
    count = max(0, round((base - least) / ROUND))
    return [base - ROUND * step for step in range(count)] + [least]


def _between(widths: tuple[float, float, float], page: float) -> float:
    """The least width on a page between one column and two."""
    share = min(max((page - COLUMNS["1"]) / (COLUMNS["2"] - COLUMNS["1"]), 0.0), 1.0)
    return widths[0] + share * (widths[1] - widths[0])


class _Measured:
    """The columns at one size of letters."""

    def __init__(
        self, sheet: Sheet, content: Content, columns: Columns, done: Sequence[tuple[str, str]], size: float
    ) -> None:
        self.sheet, self.content, self.columns, self.size = sheet, content, columns, size
        self.em = size / 72
        self.gap = 1.1 * self.em
        self.done = {key for key, _ in done}
        self.left = [column for column in columns.shown if column.side == "left"]
        self.right = [column for column in columns.shown if column.side == "right"]
        self.widths = {id(column): self._width(column) for column in columns.shown}
        self._widen()
        self.lights = self._lights()

    @property
    def marked(self) -> bool:
        """Whether figures of the groups have letters of their own."""
        return any(column.marks for column in self.columns.shown)

    def wide(self, text: str, weight: str = "normal") -> float:
        """Width of a text."""
        return self.sheet.extent(text, self.size, weight)[0] if text else 0.0

    def pieces(self) -> tuple[float, float, float]:
        """Widths of the three parts of an effect in figures."""
        found = [0.0, 0.0, 0.0]
        for line in self.content.lines:
            if line.figures:
                weight = "bold" if line.kind == "pooled" else "normal"
                for place, text in enumerate(effect_pieces(line.figures)):
                    found[place] = max(found[place], self.wide(text, weight))
        return found[0], found[1], found[2]

    def _width(self, column: Column) -> float:
        head = max((self.wide(word, "bold") for word in column.head.split()), default=0.0)
        if column.key == "effect":
            return max(sum(self.pieces()) + 0.7 * self.em, self.wide(column.head, "bold"))
        cells = max((self.wide(text) for text in column.cells), default=0.0)
        ends = max((self.wide(text, "bold") for text in column.totals.values()), default=0.0)
        return max(head, min(cells, 2.2), ends)

    def _widen(self) -> None:
        """Room for a heading over several columns: its longest word, or about half of it where it has several words."""
        for name, members in self._overs():
            room = sum(self.widths[id(column)] for column in members) + self.gap * (len(members) - 1)
            longest = max((self.wide(word, "bold") for word in name.split()), default=0.0)
            wanted = max(longest, min(self.wide(name, "bold"), 7.5 * self.em))
            if wanted > room:
                for column in members:
                    self.widths[id(column)] += (wanted - room) / len(members)

    def _overs(self) -> list[tuple[str, list[Column]]]:
        found: list[tuple[str, list[Column]]] = []
        for column in self.left:
            if column.over:
                if found and found[-1][0] == column.over and column.key[-1] == found[-1][1][-1].key[-1]:
                    found[-1][1].append(column)
                else:
                    found.append((column.over, [column]))
        return found

    def _lights(self) -> list[tuple[str, float]]:
        """Places of judgements with the room each takes."""
        bias = self.content.bias
        if bias is None or "lights" in self.done:
            return []
        places = [] if "domains" in self.done else [id for id, _ in bias.domains]
        least = 1.12 * self.em + 0.3 * self.em
        return [
            (place, max(least, self.wide(head_of(place), "bold") + (0.35 if place != "overall" else 0.7) * self.em))
            for place in (*places, "overall")
        ]

    def fixed(self) -> float:
        """Room of everything but labels, plot and margins."""
        text = sum(self.widths.values()) + self.gap * len(self.columns.shown) + sum(map(self.behind, self.left))
        lights = sum(room for _, room in self.lights) + (self.gap if self.lights else 0.0)
        beside = 1.2 * self.em - self.gap if self.right else 0.0 if self.lights else EDGE * self.em
        return text + lights + 1.2 * self.em + beside

    def behind(self, column: Column) -> float:
        """Room behind a column for the letters of notes on its figures."""
        return max((self.sheet.extent(mark, superscript(self.size))[0] for mark in column.marks if mark), default=0.0)

    def label(self, most: float) -> float:
        """Room of the labels, at most `most` where they can be broken."""
        natural = max((self._of_label(line) for line in self.content.lines), default=0.0)
        return min(max(natural, self.wide("Study", "bold")), most)

    def least(self, most: float) -> float:
        """Room that the labels of the studies want, at most `most`; pooled lines are broken instead."""
        lines = self.content.lines
        studies = [self._of_label(line) for line in lines if line.kind == "study"]
        pooled = [self._in_two(line.label) for line in lines if line.kind == "pooled"]
        return min(max([self.wide("Study", "bold"), *studies, *pooled]), most)

    def _in_two(self, text: str) -> float:
        """Room of a text in two lines."""
        words = text.split()
        cuts = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
        return min((max(self.wide(part, "bold") for part in cut) for cut in cuts), default=self.wide(text, "bold"))

    def _of_label(self, line: Line) -> float:
        if line.kind in ("pooled", "prediction"):  # can be broken, and runs on over columns without sums
            return min(self.wide(line.label, "bold"), 12 * self.em)
        if line.kind != "study":
            return 0.0
        return (
            self.wide(line.label)
            + notes_room(self.sheet, line, self.size, self.marked)
            + (self.em if line.indent else 0.0)
        )

    def place(self, width: float, most: float) -> Layout:
        """The layout at this width: what is left over goes to the labels first, up to `most`, then to the plot."""
        free = width - 2 * MARGIN - self.fixed()
        least = self.least(_between(LABEL, width))
        label = max(min(self.label(most), free - _between(PLOT, width)), least)
        plot = free - label
        x = MARGIN + label
        placed: list[Placed] = []
        for column in self.left:
            x += self.gap
            placed.append(self._placed(column, x))
            x = placed[-1].right + self.behind(column)
        edges = (x + 1.2 * self.em, x + 1.2 * self.em + plot)
        x = edges[1] + (1.2 * self.em - self.gap if self.right else 0.0)
        figures = None
        for column in self.right:
            x += self.gap
            placed.append(self._placed(column, x))
            x = placed[-1].right
            if column.key == "effect":
                _, low, high = self.pieces()
                figures = (x - low - high - 0.7 * self.em, x - high - 0.25 * self.em, x)
        x += self.gap
        lights: list[tuple[str, float]] = []
        for name, room in self.lights:
            lights.append((name, x + room / 2))
            x += room
        by_id = {id(one.column): one for one in placed}
        overs = []
        for name, members in self._overs():
            first, last = by_id[id(members[0])].left, by_id[id(members[-1])].right
            overs.append(Over(tuple(self.sheet.balanced(name, last - first + 0.01, self.size, "bold")), first, last))
        return Layout(
            width, self.size, label, tuple(placed), tuple(overs), edges, figures, tuple(lights), self.columns.left_out
        )

    def _placed(self, column: Column, left: float) -> Placed:
        right = left + self.widths[id(column)]
        return Placed(column, left, right, tuple(self.sheet.wrap(column.head, right - left + 0.01, self.size, "bold")))


def head_of(place: str) -> str:
    """Heading of a column of lights."""
    return "Overall" if place == "overall" else place


def effect_pieces(figures: tuple[str, str, str]) -> tuple[str, str, str]:
    """An effect in three parts, each of which is aligned by itself."""
    estimate, low, high = figures
    return estimate, f"[{low},", f"{high}]"


def letters_of(line: Line, marked: bool) -> str:
    """The letters behind a label. marked : whether figures of the groups have their own."""
    return line.less if marked else line.notes


def notes_room(sheet: Sheet, line: Line, size: float, marked: bool) -> float:
    """Room that the letters of the notes and a sign of integrity take behind a label."""
    letters = letters_of(line, marked)
    room = sheet.extent(letters, superscript(size))[0] + 0.15 * size / 72 if letters else 0.0
    return room + (sheet.extent(line.sign, size, "bold")[0] + 0.3 * size / 72 if line.sign else 0.0)


def superscript(size: float) -> float:
    """Size of the letters that point to a note."""
    return max(SMALLEST, 0.75 * size)
