"""Summary of findings and evidence profile as a Word document; needs the extra `docx`."""

from __future__ import annotations

from collections.abc import Sequence

from mscsec.appraisal.findings import SummaryOfFindings
from mscsec.report.findings import HEADS, PROFILE, STEPS, finding_cells, notes_on, profile_cells, step_rows
from mscsec.report.manuscript.blocks import Block, Heading, Manuscript, make_table
from mscsec.report.manuscript.docx import docx
from mscsec.synthesis.certainty import Body


def grade_docx(bodies: Sequence[Body], found: SummaryOfFindings) -> bytes:
    """The document's bytes, the same each time. Raises UsageError where python-docx is not installed."""
    notes = [*found.notes.items(), *([("", found.remark)] if any(row.absolute for row in found.rows) else [])]
    notes += [("", f"Note: {notice}") for notice in found.warnings]
    blocks: list[Block] = [
        make_table("findings", "Summary of findings", HEADS, [finding_cells(row) for row in found.rows], notes)
    ]
    if bodies:
        rows = [profile_cells(body, row) for body, row in zip(bodies, found.rows, strict=False)]
        blocks.append(make_table("profile", "Evidence profile", PROFILE, rows))
    for body in bodies:
        blocks.append(Heading(2, body.certainty.outcome))
        said = [("", text) for text in notes_on(body)]
        blocks.append(
            make_table(
                f"steps-{body.outcome}",
                f"Steps of the rating, from {body.certainty.start}",
                STEPS,
                step_rows(body),
                said,
            )
        )
    meanings = list(found.meanings.items())
    blocks.append(make_table("levels", "Levels of certainty", ("Level", "Meaning"), meanings))
    return docx(Manuscript("Summary of findings", tuple(blocks)), landscape=True)
