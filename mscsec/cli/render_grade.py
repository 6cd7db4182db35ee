"""Certainty of evidence and summary of findings: for a terminal, a manuscript, a spreadsheet and a browser."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mscsec.appraisal.findings import SummaryOfFindings
from mscsec.cli.output import csv_text, styled, unicode_output, width, wrap
from mscsec.report.findings import (
    HEADS,
    PROFILE,
    STEPS,
    below_findings,
    change,
    finding_cells,
    notes_on,
    profile_cells,
    step_rows,
)
from mscsec.synthesis.certainty import Body

PLAIN = str.maketrans({"⊕": "+", "◯": "o", "○": "o"})


def _symbols(text: str) -> str:
    return text if unicode_output() else text.translate(PLAIN)


def grade_text(bodies: Sequence[Body], found: SummaryOfFindings) -> str:
    """Every step of every rating, then the findings."""
    cells = width()
    lines: list[str] = []
    for body in bodies:
        rated = body.certainty
        title = f"Certainty of evidence: {rated.outcome} ({body.outcome})"
        lines += [styled(line, "1") for line in wrap(title, cells)]
        lines += [f"{_symbols(rated.symbol)} {rated.level}", ""]
        lines += wrap(f"Target: {rated.target}", cells, "  ")
        lines += wrap(f"Start: {rated.start}. {rated.start_reason}", cells, "  ")
        for step in rated.steps:
            head = f"{change(step):>3}  {step.name}: {step.label}"
            if step.overridden:
                said = "cannot say" if step.proposed is None else f"propose {step.proposed}"
                head += f" (decided; the data {said})"
            lines.append(head)
            lines += wrap(f"     {step.reason}", cells, "     ")
            if step.overridden and step.proposed_reason != step.reason:
                lines += wrap(f"     From the data: {step.proposed_reason}", cells, "     ")
        lines += wrap(f"  =  {rated.level}: {rated.meaning}", cells, "     ")
        for note in notes_on(body):
            lines += wrap(note, cells, "  ")
        lines.append("")
    return "\n".join([*lines, *_findings_text(found, cells)]) + "\n"


def _findings_text(found: SummaryOfFindings, cells: int) -> list[str]:
    lines = [styled("Summary of findings", "1")]
    for row in found.rows:
        values = [_symbols(cell) for cell in finding_cells(row)]
        lines += ["", *wrap(values[0], cells)]
        rows = [[f"  {head}", value] for head, value in zip(HEADS[1:], values[1:], strict=True) if value]
        room = max(len(head) for head, _ in rows) + 2
        for head, value in rows:
            first, *rest = wrap(value, cells - room)
            lines += [head.ljust(room) + first, *(" " * room + line for line in rest)]
    lines.append("")
    for text in below_findings(found):
        lines += wrap(text, cells, "" if text == found.remark else "   ")
    return lines


def grade_csv(bodies: Sequence[Body], found: SummaryOfFindings) -> str:
    """The evidence profile: one row an outcome and domain, then the rating; every digit kept."""
    head = [
        "outcome",
        "label",
        "domain",
        "proposed",
        "levels",
        "change",
        "after",
        "overridden",
        "reason",
        "proposed_reason",
    ]
    head += ["certainty", "k", "participants", "events", "measure", "estimate", "ci_low", "ci_high"]
    head += ["baseline_risk", "risk", "risk_low", "risk_high", "statement"]
    rows = []
    for body, row in zip(bodies, found.rows, strict=False):
        e, rated, a = body.evidence, body.certainty, row.absolute
        common = [
            rated.level,
            e.k,
            e.participants,
            e.events,
            e.measure,
            e.estimate,
            e.ci_low,
            e.ci_high,
            e.baseline_risk,
        ]
        risks = [a.risk, a.risk_low, a.risk_high] if a else [None, None, None]
        rows += [
            [body.outcome, rated.outcome, step.domain, step.proposed, step.levels, step.change, step.after,
             str(step.overridden).lower(), step.reason, step.proposed_reason, *common, *risks, rated.statement]
            for step in rated.steps
        ]  # fmt: skip
    return csv_text(head, rows)


def grade_markdown(bodies: Sequence[Body], found: SummaryOfFindings) -> str:
    """Summary of findings, evidence profile and the reasons, for a manuscript."""
    lines = ["**Summary of findings**", "", _md(HEADS), "|" + " --- |" * len(HEADS)]
    lines += [_md(finding_cells(row)) for row in found.rows]
    lines += ["", *(f"{text}\n" for text in below_findings(found))]
    if bodies:
        lines += ["**Evidence profile**", "", _md(PROFILE), "|" + " --- |" * len(PROFILE)]
        lines += [_md(profile_cells(body, row)) for body, row in zip(bodies, found.rows, strict=False)]
        lines.append("")
    for body in bodies:
        lines += [f"**{body.certainty.outcome}**: starts at {body.certainty.start}.", ""]
        lines += [f"- {name}, {levels}: {reason}" for name, levels, reason in step_rows(body)]
        lines += ["", *(f"{note}\n" for note in notes_on(body))]
    return "\n".join(lines)


def _md(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:80rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{border:1px solid #b3b3b3;padding:.4rem .6rem;"
    "text-align:left;vertical-align:top}th{background:#ececec}"
)


def grade_html(bodies: Sequence[Body], found: SummaryOfFindings) -> str:
    """One page that needs nothing else: findings, profile, and each step with its reason."""
    parts = ["<h1>Summary of findings</h1>", _html_table(HEADS, [finding_cells(row) for row in found.rows])]
    parts += [f"<p>{escape(text)}</p>" for text in below_findings(found)]
    if bodies:
        rows = [profile_cells(body, row) for body, row in zip(bodies, found.rows, strict=False)]
        parts += ["<h2>Evidence profile</h2>", _html_table(PROFILE, rows)]
    for body in bodies:
        parts.append(f"<h2>{escape(body.certainty.outcome)}</h2><p>Starts at {escape(body.certainty.start)}.</p>")
        parts.append(_html_table(STEPS, step_rows(body)))
        parts += [f"<p>{escape(note)}</p>" for note in notes_on(body)]
    meanings = [[name, text] for name, text in found.meanings.items()]
    parts += ["<h2>Certainty</h2>", _html_table(("Level", "Meaning"), meanings)]
    page = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Summary of findings</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n{page}\n</body></html>\n"
    )


def _html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "\n".join(
        "<tr>"
        + f'<th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
