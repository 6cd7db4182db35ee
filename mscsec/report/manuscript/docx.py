"""A manuscript as a Word document: real headings, tables whose head is repeated, wide ones on a turned page.

Needs python-docx (the extra `docx`), which is imported when the first document is made.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

from mscsec.errors import UsageError
from mscsec.report.manuscript import word
from mscsec.report.manuscript.blocks import (
    Block,
    Heading,
    Listing,
    Manuscript,
    Note,
    Paragraph,
    Picture,
    Table,
    Words,
    clean,
    runs,
    shares,
    turns,
)
from mscsec.report.manuscript.cells import rows_of
from mscsec.report.manuscript.slices import slices

FIGURE = "png"  # the kind of its pictures
MARGIN = 2.2  # cm
PORTRAIT = (21.0, 29.7)  # A4
SHRINKS = 1.4  # times the height of a page, up to which a picture is shrunk to one; a taller one goes over several
CAPTION_ROOM = 2.6  # cm that a picture leaves to its caption
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip file can hold
_MINUS = re.compile(r"(^|(?<=[\s(\[]))-(?=[\d.])")


def need_docx() -> None:
    """Raises UsageError where python-docx is not installed."""
    if find_spec("docx") is None:
        raise UsageError("a .docx needs python-docx: pip install 'mscsec[docx]'")


def docx(manuscript: Manuscript, landscape: bool = False) -> bytes:
    """The document's bytes, the same each time. landscape : every page is turned.

    Raises UsageError where python-docx is not installed.
    """
    need_docx()
    from docx import Document

    writer = _Writer(Document(), landscape)
    writer.title(manuscript.title)
    for block, turned in zip(manuscript.blocks, turns(manuscript.blocks), strict=True):
        writer.turn(turned)
        writer.block(block)
    buffer = io.BytesIO()
    writer.made.save(buffer)
    return _timeless(buffer.getvalue())


class _Writer:
    """Appends blocks to a document, turning the page where a table wants it."""

    def __init__(self, made: Any, landscape: bool) -> None:
        self.made, self.turned, self.always = made, landscape, landscape
        word.prepare(made)
        word.page(made.sections[0], *self._paper(landscape), MARGIN)
        word.page_numbers(made.sections[0])

    @staticmethod
    def _paper(turned: bool) -> tuple[float, float]:
        return (PORTRAIT[1], PORTRAIT[0]) if turned else PORTRAIT

    @property
    def room(self) -> tuple[float, float]:
        """Width and height between the margins of the current page, in cm."""
        width, height = self._paper(self.turned)
        return width - 2 * MARGIN, height - 2 * MARGIN

    def turn(self, wanted: bool | None) -> None:
        """Begins a new section where the page is not yet as it is wanted."""
        if wanted is not None and wanted != self.turned and not self.always:
            word.page(self.made.add_section(), *self._paper(wanted), MARGIN)
            self.turned = wanted

    def title(self, title: str) -> None:
        shown = clean(title).strip()
        self.made.core_properties.author = self.made.core_properties.last_modified_by = "mscsec"
        self.made.core_properties.title = shown[:255]
        self.made.add_paragraph(shown, style="Title")

    def block(self, block: Block) -> None:
        if isinstance(block, Table):
            self.table(block)
        elif isinstance(block, Heading):
            word.paragraph(self.made, f"Heading {min(block.level, 9)}").add_run(clean(block.words).strip())
        elif isinstance(block, Paragraph):
            self.words(self.made.add_paragraph(), block.words)
        elif isinstance(block, Listing):
            numbers = word.own_numbers(self.made) if block.ordered else None
            for item in block.items:
                line = word.paragraph(self.made, "List Number" if block.ordered else "List Bullet")
                if numbers is not None:
                    word.count_by(line, numbers)
                self.words(line, item)
        else:
            self.picture(block)

    def words(self, paragraph: Any, words: Words) -> None:
        """Appends a text to a paragraph; a minus sign before a number does not break from it."""
        for run in runs(words):
            text = _minus(run.text)
            made = word.link(paragraph, text, run.link) if run.link else paragraph.add_run(text)
            if run.style == "strong":
                made.bold = True
            if run.style == "emphasis":
                made.italic = True
            if run.style == "mark":
                made.font.superscript = True

    def caption(self, kind: str, number: int, words: str, keep: bool) -> None:
        line = word.paragraph(self.made, "Caption")
        line.paragraph_format.keep_with_next = keep
        if number:
            line.add_run(f"{kind} ").bold = True
            word.sequence(line, kind, number)
            line.add_run(". ").bold = True
        line.add_run(_minus(clean(words).strip())).bold = None if number else True

    def table(self, table: Table) -> None:
        self.caption("Table", table.number, table.caption, keep=True)
        grid = self.made.add_table(rows=0, cols=len(table.columns))
        grid._tbl.tblStyle_val = word.style_id(word.TABLE)
        word.describe_table(grid, clean(table.caption).strip())
        widths = [share * self.room[0] for share in shares(table)]
        word.column_widths(grid, widths)
        twips = [word.twips(width) for width in widths]
        grid._tbl.extend(
            rows_of(table, twips, word.style_id(word.TEXT), partial(word.relation, self.made.part), _minus)
        )
        self.notes(table.notes)

    def notes(self, notes: Sequence[Note]) -> None:
        line = None
        for note in notes:
            line = word.paragraph(self.made, word.NOTE)
            if note.mark:
                line.add_run(clean(note.mark)).font.superscript = True
                line.add_run("\u00a0")
            self.words(line, note.words)
        word.end_of_table(line if line is not None else word.paragraph(self.made, word.NOTE))

    def picture(self, picture: Picture) -> None:
        from docx.shared import Cm, Inches

        width, height = picture.size
        most = (self.room[0] / 2.54, (self.room[1] - CAPTION_ROOM) / 2.54)
        scale, data = min(1.0, most[0] / width), picture.draw(FIGURE)
        parts = [data]
        if height * scale > SHRINKS * most[1]:  # smaller than that it could not be read
            parts = slices(data, int(most[1] / (height * scale) * word.pixels(data)[1]))
        else:
            scale = min(scale, most[1] / height)
        for place, part in enumerate(parts):
            line = self.made.add_paragraph()
            line.paragraph_format.keep_with_next = place == len(parts) - 1
            line.paragraph_format.space_before = Cm(0.2)
            drawn = line.add_run().add_picture(io.BytesIO(part), width=Inches(width * scale))
            words = clean(picture.alt).strip() if place == 0 else f"Part {place + 1} of {len(parts)}"
            word.describe_picture(drawn, clean(picture.caption).strip(), words)
        self.caption("Figure", picture.number, picture.caption, keep=False)


def _minus(text: str) -> str:
    """A text with true minus signs before its numbers."""
    return _MINUS.sub("\u2212", text)


def _timeless(data: bytes) -> bytes:
    """The same archive without the time of its making."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            fresh = zipfile.ZipInfo(item.filename, _EPOCH)
            packed = item.filename.endswith((".png", ".jpeg"))  # which are compressed already
            fresh.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            new.writestr(fresh, old.read(item.filename))
    return out.getvalue()
