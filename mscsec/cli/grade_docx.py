"""Summary of findings and evidence profile as a Word document; needs the extra `docx`."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from mscsec.appraisal.findings import SummaryOfFindings
from mscsec.cli.render_grade import (
    HEADS,
    PROFILE,
    STEPS,
    below_findings,
    finding_cells,
    notes_on,
    profile_cells,
    step_rows,
)
from mscsec.errors import UsageError
from mscsec.report.certainty import Body

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip file can hold


def grade_docx(bodies: Sequence[Body], found: SummaryOfFindings) -> bytes:
    """The document's bytes, the same each time. Raises UsageError where python-docx is not installed."""
    try:
        from docx import Document
        from docx.enum.section import WD_ORIENT
        from docx.shared import Pt
    except ImportError:
        raise UsageError("a .docx needs python-docx: pip install 'mscsec[docx]'") from None
    made = Document()
    section = made.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = section.page_height, section.page_width
    made.styles["Normal"].font.size = Pt(9)
    made.core_properties.author = "mscsec"
    made.core_properties.title = "Summary of findings"
    made.add_heading("Summary of findings", 1)
    _table(made, HEADS, [finding_cells(row) for row in found.rows])
    for text in below_findings(found):
        made.add_paragraph(text)
    if bodies:
        made.add_heading("Evidence profile", 1)
        _table(made, PROFILE, [profile_cells(body, row) for body, row in zip(bodies, found.rows, strict=False)])
    for body in bodies:
        made.add_heading(body.certainty.outcome, 2)
        _table(made, STEPS, step_rows(body))
        for note in notes_on(body):
            made.add_paragraph(note)
    made.add_heading("Certainty", 1)
    _table(made, ("Level", "Meaning"), [[name, text] for name, text in found.meanings.items()])
    buffer = io.BytesIO()
    made.save(buffer)
    return _timeless(buffer.getvalue())


def _table(made: Any, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    grid = made.add_table(rows=1, cols=len(head))
    grid.style = "Table Grid"
    for cell, text in zip(grid.rows[0].cells, head, strict=True):
        cell.paragraphs[0].add_run(text).bold = True
    for row in rows:
        for cell, text in zip(grid.add_row().cells, row, strict=True):
            cell.text = text


def _timeless(data: bytes) -> bytes:
    """The same archive without the time of its making."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            fresh = zipfile.ZipInfo(item.filename, _EPOCH)
            fresh.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(fresh, old.read(item.filename))
    return out.getvalue()
