"""What a manuscript is made of: headings, paragraphs, lists, tables and pictures, whatever they are written as.

A text is a plain string or a row of runs. Renderers take everything from here and escape it for their kind of file, so a
text of a record is never markup. Footnotes are runs in the style "mark", which stand before notes of the same mark.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text. style : "", "strong", "emphasis", or "mark" (the letters of footnotes). link : an address."""

    text: str
    style: str = ""
    link: str = ""


Words = str | tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is a section of the manuscript."""

    level: int
    words: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    words: Words


@dataclass(frozen=True, slots=True)
class Listing:
    """A list; with numbers where the order is part of what is said."""

    items: tuple[Words, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers stand on the right."""

    head: str
    right: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table. kind : "", "total" (what is pooled), or "group" (one text over the whole width)."""

    cells: tuple[Words, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A note under a table; without a mark it is about the whole of it."""

    mark: str
    words: Words


@dataclass(frozen=True, slots=True)
class Table:
    """A table. key : a name for files and labels. wide : it wants the page turned. number : its place, set by `numbered`."""

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[Note, ...] = ()
    wide: bool = False
    number: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture. alt : what it shows, for those who do not see it. draw : its bytes by kind of file ("svg", "png", "pdf").

    size : width and height in inches. words : every text in it. number : its place, set by `numbered`.
    """

    key: str
    caption: str
    alt: str
    draw: Callable[[str], bytes]
    size: tuple[float, float]
    words: tuple[str, ...] = ()
    number: int = 0

    def drawn(self, kind: str) -> Picture:
        """The same with its file of `kind` made, and of no other."""
        return replace(self, draw=Drawn(kind, self.draw(kind)))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture's file of one kind."""

    kind: str
    data: bytes

    def __call__(self, kind: str) -> bytes:
        """The file. Raises ValueError for another kind, which is a defect of whoever asks."""
        if kind != self.kind:
            raise ValueError(f"the picture was drawn as {self.kind}, not as {kind}")
        return self.data


Block = Heading | Paragraph | Listing | Table | Picture


@dataclass(frozen=True, slots=True)
class Manuscript:
    """The whole: its title and its blocks in order."""

    title: str
    blocks: tuple[Block, ...]


def numbered(title: str, blocks: Iterable[Block]) -> Manuscript:
    """The manuscript with tables and pictures numbered in the order in which they stand."""
    tables = pictures = 0
    made: list[Block] = []
    for block in blocks:
        if isinstance(block, Table):
            tables += 1
            block = replace(block, number=tables)
        elif isinstance(block, Picture):
            pictures += 1
            block = replace(block, number=pictures)
        made.append(block)
    return Manuscript(title, tuple(made))


def strong(text: str) -> Run:
    """A run that stands out."""
    return Run(text, "strong")


def marked(text: str, marks: str) -> Words:
    """A text with the letters of its footnotes behind it."""
    return (Run(text), Run(marks, "mark")) if marks else text


def runs(words: Words) -> tuple[Run, ...]:
    """The runs of a text, each on one line and without what no page can show; empty ones are left out."""
    found = (Run(words),) if isinstance(words, str) else words
    cleaned = [replace(run, text=clean(run.text)) for run in found]
    if cleaned:
        cleaned[0] = replace(cleaned[0], text=cleaned[0].text.lstrip())
        cleaned[-1] = replace(cleaned[-1], text=cleaned[-1].text.rstrip())
    return tuple(run for run in cleaned if run.text)


def text_of(words: Words) -> str:
    """A text without its styles; the marks of footnotes in brackets."""
    return "".join(f" ({run.text})" if run.style == "mark" else run.text for run in runs(words))


# Letters that turn the order of a whole line round; the direction of a script needs none of them.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def clean(text: str) -> str:
    """`text` on one line, without control characters, halves of letters, and marks that turn a line round."""
    if text.isascii() and text.isprintable():
        return re.sub(r" {2,}", " ", text)
    kept = "".join(" " if char.isspace() and char != "\u00a0" else char for char in text if char not in _TURNING)
    kept = "".join("\ufffd" if unicodedata.category(char) in ("Cc", "Cs", "Cn", "Co") else char for char in kept)
    return re.sub(r" {2,}", " ", kept)


ROOM = {False: 104, True: 160}  # letters of a table's size in a line of an upright page and of a turned one


def shares(table: Table) -> tuple[float, ...]:
    """The part of the width that each column wants; together 1. No word is broken where they all fit; the rest goes by content."""
    least, wish, area = [], [], []
    for place, column in enumerate(table.columns):
        texts = [column.head, *(text_of(row.cells[place]) for row in table.rows if row.kind != "group")]
        lengths = [len(text) for text in texts]
        words = [len(word) * (1.12 if text is column.head else 1) for text in texts for word in text.split(" ")]
        least.append(max(3.0, 2.0 + min(68.0, max(words, default=1))))
        wish.append(max(least[-1], 2.0 + min(max(lengths), 60)))
        area.append((max(lengths) * sum(lengths) / len(lengths)) ** 0.5)
    room = ROOM[table.wide]
    if sum(wish) <= room:
        wanted = wish
    else:
        spare = max(room - sum(least), 0.0)
        excess = [max(size - low, 0.0) for size, low in zip(area, least, strict=True)]
        whole = sum(excess) or 1.0
        wanted = [low + spare * more / whole for low, more in zip(least, excess, strict=True)]
    total = sum(wanted)
    return tuple(want / total for want in wanted)


def turns(blocks: Sequence[Block]) -> list[bool | None]:
    """For each block whether its page is turned; None where it stays on the page of the block before.

    A heading stands on the page of what follows it, and so does a paragraph between a heading and a table.
    """
    found: list[bool | None] = [None] * len(blocks)
    for place in reversed(range(len(blocks))):
        block = blocks[place]
        after = found[place + 1] if place + 1 < len(blocks) else None
        if isinstance(block, Table):
            found[place] = block.wide
        elif isinstance(block, Picture):
            found[place] = False
        elif isinstance(block, Heading):
            found[place] = bool(after)
        elif place and isinstance(blocks[place - 1], Heading):
            found[place] = bool(after) and isinstance(block, Paragraph)
    return found


def check(table: Table) -> Table:
    """The table; raises ValueError where a row has not the cells of its columns, which is a defect of whoever made it."""
    for row in table.rows:
        if len(row.cells) != (1 if row.kind == "group" else len(table.columns)):
            raise ValueError(f"table {table.key}: a row of {len(row.cells)} cells under {len(table.columns)} columns")
    return table


def make_table(
    key: str,
    caption: str,
    columns: Sequence[Column | str],
    rows: Iterable[Sequence[Words] | Row],
    notes: Iterable[tuple[str, Words]] = (),
    wide: bool = False,
) -> Table:
    """A table from columns by name, rows of texts, and (mark, text) of its notes."""
    return check(
        Table(
            key,
            caption,
            tuple(Column(one) if isinstance(one, str) else one for one in columns),
            tuple(one if isinstance(one, Row) else Row(tuple(one)) for one in rows),
            tuple(Note(mark, words) for mark, words in notes),
            wide,
        )
    )
