"""The rows of a Word table, written as WordprocessingML in one piece (ECMA-376, part 1, 17.4), which is read once.

python-docx makes each cell, paragraph and run by itself and looks for its place among the others each time, which for the
tables of a review takes longer than everything else in the document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from mscsec.report.manuscript.blocks import Row, Run, Table, Words, runs, text_of

RULE = '<w:tcBorders><w:top w:val="single" w:sz="4" w:space="0" w:color="000000"/></w:tcBorders>'
Link = Callable[[str], str]  # the id of the relation that leads to an address
Shown = Callable[[str], str]  # a text as it is printed


def rows_of(table: Table, widths: Sequence[int], style: str, link: Link, shown: Shown) -> list[Any]:
    """The rows with their head as elements for a `w:tbl`.

    widths : of the columns, in twentieths of a point. style : id of the style of each paragraph.
    """
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    writer = _Rows(style, widths, [column.right for column in table.columns], link, shown)
    head = writer.row(Row(tuple(column.head for column in table.columns)), head=True)
    rows = "".join(writer.row(row) for row in table.rows)
    return list(parse_xml(f"<w:tbl {nsdecls('w', 'r')}>{head}{rows}</w:tbl>"))


class _Rows:
    """Writes rows of one table."""

    def __init__(self, style: str, widths: Sequence[int], right: Sequence[bool], link: Link, shown: Shown) -> None:
        self.style, self.widths, self.right, self.link, self.shown = quoteattr(style), widths, right, link, shown

    def row(self, row: Row, head: bool = False) -> str:
        """A row, which stays on one page; a head is repeated on each."""
        if row.kind == "group":
            words = (Run(text_of(row.cells[0]), "strong"),)
            span = f'<w:gridSpan w:val="{len(self.widths)}"/>' if len(self.widths) > 1 else ""
            cells = self.cell(words, sum(self.widths), properties=span, keep="<w:keepNext/>")
        else:
            total = row.kind == "total"
            cells = "".join(
                self.cell(words, width, right, bold=head or total, properties=RULE if total else "")
                for words, width, right in zip(row.cells, self.widths, self.right, strict=True)
            )
        return f"<w:tr><w:trPr><w:cantSplit/>{'<w:tblHeader/>' if head else ''}</w:trPr>{cells}</w:tr>"

    def cell(self, words: Words, width: int, right: bool = False, bold: bool = False, properties: str = "", keep: str = "") -> str:  # fmt: skip
        """A cell with one paragraph."""
        text = "".join(self.run(run, bold) for run in runs(words))
        side = "right" if right else "left"
        return (
            f'<w:tc><w:tcPr><w:tcW w:type="dxa" w:w="{width}"/>{properties}</w:tcPr>'
            f'<w:p><w:pPr><w:pStyle w:val={self.style}/>{keep}<w:jc w:val="{side}"/></w:pPr>{text}</w:p></w:tc>'
        )

    def run(self, run: Run, bold: bool) -> str:
        """A run; one with an address leads to it."""
        style = "<w:b/>" if bold or run.style == "strong" else ""
        style += "<w:i/>" if run.style == "emphasis" else ""
        style += '<w:vertAlign w:val="superscript"/>' if run.style == "mark" else ""
        text = self.shown(run.text)
        space = ' xml:space="preserve"' if text.strip() != text else ""
        made = f"<w:r>{f'<w:rPr>{style}</w:rPr>' if style else ''}<w:t{space}>{escape(text)}</w:t></w:r>"
        return f"<w:hyperlink r:id={quoteattr(self.link(run.link))}>{made}</w:hyperlink>" if run.link else made
