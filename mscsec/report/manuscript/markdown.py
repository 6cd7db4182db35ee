"""A manuscript as Markdown: CommonMark with the tables of GitHub's dialect, as pandoc reads them too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from mscsec.report.manuscript.blocks import (
    Block,
    Heading,
    Listing,
    Manuscript,
    Note,
    Paragraph,
    Picture,
    Row,
    Run,
    Table,
    Words,
    clean,
    runs,
    text_of,
)

FIGURE = "svg"  # the kind of its pictures
# A line between letters and a sign before a number mean nothing to Markdown.
_ACTIVE = re.compile(r"([\\`*\[\]|~$^@{}]|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!?]|$))")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_START = re.compile(r"^(?:([#+\-=:!>])|(\d{1,9})([.)]))")
_EMPHASIS = {"strong": "**", "emphasis": "*"}


def escape(text: str) -> str:
    """`text` so that it reads as it stands, wherever it stands in a line."""
    return _ENTITY.sub(r"\\&", _ACTIVE.sub(r"\\\1", text))


def inline(words: Words, *, start: bool = False) -> str:
    """A text in one line. start : it begins a block, where a dash would begin a list."""
    text = "".join(_run(run) for run in runs(words))
    if start:
        text = _START.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", text)
    return text


def _run(run: Run) -> str:
    if run.style == "mark":
        return f" ({escape(run.text)})"
    sign = _EMPHASIS.get(run.style, "")
    body = run.text.strip() if sign else run.text
    if not body:
        return run.text
    text = f"{sign}{escape(body)}{sign}"
    if run.link:
        text = f"[{text}]({quote(clean(run.link), safe=_ADDRESS)})"
    before, after = (" " if sign and run.text != run.text.lstrip() else ""), (" " if sign and run.text != run.text.rstrip() else "")  # fmt: skip
    return f"{before}{text}{after}"


_ADDRESS = "/:?#@!$&'+,;=%~-._"  # what may stand unquoted in an address between brackets


def markdown(manuscript: Manuscript, folder: str = "") -> str:
    """The manuscript. folder : where its pictures lie, as the text names it."""
    parts = [f"# {inline(manuscript.title)}", *(_block(block, folder) for block in manuscript.blocks)]
    return "\n\n".join(parts) + "\n"


def tables_markdown(tables: Iterable[Table]) -> str:
    """Tables alone."""
    return "\n\n".join(table_markdown(table) for table in tables) + "\n"


def _block(block: Block, folder: str) -> str:
    if isinstance(block, Heading):
        return f"{'#' * min(block.level + 1, 6)} {inline(block.words)}"
    if isinstance(block, Paragraph):
        return inline(block.words, start=True)
    if isinstance(block, Listing):
        heads = (f"{place}. " if block.ordered else "- " for place in range(1, len(block.items) + 1))
        return "\n".join(f"{head}{inline(item, start=True)}" for head, item in zip(heads, block.items, strict=True))
    if isinstance(block, Table):
        return table_markdown(block)
    return _picture(block, folder)


def _picture(picture: Picture, folder: str) -> str:
    file = f"{picture.key}.{FIGURE}"
    address = quote(f"{folder}/{file}" if folder else file, safe=_ADDRESS)
    return (
        f"![{escape(clean(picture.alt).strip())}]({address})\n\n{_caption('Figure', picture.number, picture.caption)}"
    )


def _caption(kind: str, number: int, words: str) -> str:
    return f"**{kind} {number}.** {inline(words)}" if number else f"**{escape(clean(words).strip())}**"


def table_markdown(table: Table) -> str:
    """One table under its caption, with its notes below."""
    lines = [_caption("Table", table.number, table.caption), "", _line(column.head for column in table.columns)]
    lines.append("|" + "|".join(" ---: " if column.right else " --- " for column in table.columns) + "|")
    lines += [_row(row, len(table.columns)) for row in table.rows]
    return "\n".join([*lines, *_notes(table.notes)])


def _line(cells: Iterable[Words]) -> str:
    return "| " + " | ".join(inline(cell) for cell in cells) + " |"


def _row(row: Row, columns: int) -> str:
    if row.kind == "group":
        return _line([(Run(text_of(row.cells[0]), "strong"),), *[""] * (columns - 1)])
    if row.kind == "total":
        return _line([(Run(text_of(cell), "strong"),) for cell in row.cells])
    return _line(row.cells)


def _notes(notes: Iterable[Note]) -> Iterator[str]:
    for note in notes:
        yield ""
        yield f"({escape(note.mark)}) {inline(note.words)}" if note.mark else inline(note.words, start=True)
