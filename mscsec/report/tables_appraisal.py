"""Tables of appraisal: risk of bias with its support, findings, assumptions and integrity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mscsec.appraisal.judgements import NOT_ASSESSED, BiasRow, BiasTable
from mscsec.integrity.review import Located
from mscsec.report.findings import HEADS, finding_cells
from mscsec.report.manuscript.blocks import Column, Row, Table, make_table
from mscsec.report.material import Listed, Material
from mscsec.report.numbers import percent
from mscsec.report.places import path_words
from mscsec.synthesis.review import OutcomeSynthesis


def bias_tables(found: Material) -> list[Table]:
    """For each assessed outcome the judgements, and what supports them."""
    return [table for one in found.synthesis.with_data for table in bias_of(one)]


def bias_of(one: OutcomeSynthesis) -> list[Table]:
    """The two tables of one outcome; none where nothing is assessed."""
    if one.bias is None:
        return []
    return [_judgements(one, one.bias), *_support(one, one.bias)]


def _judgements(one: OutcomeSynthesis, table: BiasTable) -> Table:
    heads: list[Column | str] = ["Study", *(name for name, _ in table.domains), "Overall"]
    heads += [Column("Weight", True)] if table.weighted else []
    places = [name for name, _ in table.domains] + ["overall"]
    rows = [
        Row((row.name, *(_word(row, place) for place in places), *([percent(row.weight)] if table.weighted else [])))
        for row in table.standing
    ]
    domains = "; ".join(f"{key}, {name}" for key, name in table.domains)
    notes = [("", f"{domains}.")]
    if any(_overridden(row, place) for row in table.standing for place in places):
        notes.insert(
            0, ("*", "Judged otherwise than the instrument's rules propose; the reason stands in the support.")
        )
    return make_table(
        f"bias-{one.outcome}", f"Risk of bias of {one.label} ({table.name}, {table.version})", heads, rows, notes,
        wide=len(heads) > 9,
    )  # fmt: skip


def _word(row: BiasRow, place: str) -> str:
    word = row.judgement(place) or ("open" if row.appraisal is not None else NOT_ASSESSED.lower())
    return f"{word} *" if _overridden(row, place) else word


def _overridden(row: BiasRow, place: str) -> bool:
    items = row.appraisal.items if row.appraisal is not None else ()
    return any(item.overridden for item in items if item.id == place)


def _supports(table: BiasTable) -> Iterator[tuple[BiasRow, str, str, str]]:
    """Row, domain with its question, judgement and text, for everything that has a text or a reason."""
    for row in table.standing:
        if row.appraisal is None:
            continue
        for item in row.appraisal.items:
            texts = [(place, text) for place, text in row.support.items() if place.split()[0] == item.id]
            if item.overridden and item.reason:
                texts.append((item.id, f"Proposed {item.proposed}, judged {item.judgement}: {item.reason}"))
            for place, text in texts:
                yield row, place if item.id != "overall" else "Overall", item.judgement or "open", text


def _support(one: OutcomeSynthesis, table: BiasTable) -> list[Table]:
    rows: list[Row] = []
    last = ""
    for row, place, word, text in _supports(table):
        if row.name != last:
            last = row.name
            rows.append(Row((f"{row.name}{f', assessed by {row.assessor}' if row.assessor else ''}",), "group"))
        rows.append(Row((place, word, text)))
    if not rows:
        return []
    heads = ("Domain", "Judgement", "Support")
    return [make_table(f"support-{one.outcome}", f"Support for the judgements of {one.label}", heads, rows)]


def bias_data(found: Material) -> Listed:
    """A row an outcome, study and domain, the overall judgement among them."""
    head = ("outcome", "tool", "version", "study", "label", "timepoint", "assessor", "weight", "domain", "name", "judgement", "proposed", "overridden", "reason", "support")  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for one in found.synthesis.with_data:
        if one.bias is None:
            continue
        for row in one.bias.standing:
            common = (
                one.outcome,
                one.bias.tool,
                one.bias.version,
                row.study,
                row.label,
                row.timepoint,
                row.assessor,
                row.weight,
            )
            for item in row.appraisal.items if row.appraisal is not None else ():
                text = "; ".join(said for place, said in row.support.items() if place.split()[0] == item.id)
                rows.append((*common, item.id, item.name, item.judgement, item.proposed, str(item.overridden).lower(), item.reason, text))  # fmt: skip
            if row.appraisal is None:
                rows.append((*common, *(None,) * 7))
    return Listed(head, tuple(rows))


# --- findings ----------------------------------------------------------------------------------------------------


def findings_tables(found: Material) -> list[Table]:
    """The GRADE summary of findings; none where no outcome is rated."""
    summary = found.findings
    if summary is None:
        return []
    notes = [*summary.notes.items()]
    notes += [("", summary.remark)] if any(row.absolute for row in summary.rows) else []
    notes += [("", str(notice)) for notice in summary.warnings]
    used = dict.fromkeys(row.certainty for row in summary.rows if row.certainty)
    notes += [("", f"{name}: {summary.meanings[name]}") for name in used if name in summary.meanings]
    return [make_table("findings", "Summary of findings", HEADS, [finding_cells(row) for row in summary.rows], notes, wide=True)]  # fmt: skip


def findings_data(found: Material) -> Listed:
    """A row an outcome; risks in [0, 1], every digit."""
    names = ("outcome", "followup", "measure", "relative", "relative_low", "relative_high", "difference", "difference_low", "difference_high", "participants", "studies")  # fmt: skip
    risks = ("baseline", "risk", "risk_low", "risk_high", "text")
    head = (*names, *(f"absolute_{name}" for name in risks), "certainty", "statement", "reasons")
    summary = found.findings
    rows = [
        (
            *(getattr(row, name) for name in names),
            *(getattr(row.absolute, name) if row.absolute is not None else None for name in risks),
            row.certainty, row.statement, "; ".join(summary.notes[mark] for mark in row.marks),
        )
        for row in (summary.rows if summary is not None else ())
    ] if summary is not None else []  # fmt: skip
    return Listed(head, tuple(rows))


# --- assumptions and integrity -----------------------------------------------------------------------------------


def assumption_tables(found: Material) -> list[Table]:
    """Every figure that no report prints, with its line."""
    plans = found.synthesis.base.review.outcomes
    rows = [
        (one.label, path_words(one.path), one.origin.text, one.reason, "; ".join(plans[name].label for name in one.used) or "no effect here", found.here(str(one.origin)))
        for one in found.synthesis.assumptions
    ]  # fmt: skip
    heads = ("Record", "Figure", Column("Value", True), "Why it is believed", "Used in", "Line")
    return [make_table("assumptions", "Figures that no report prints", heads, rows, wide=True)] if rows else []


def assumptions_data(found: Material) -> Listed:
    """A row an assumption."""
    head = ("study", "label", "path", "value", "reason", "used", "file", "line", "column")
    rows = [
        (one.study, one.label, ".".join(map(str, one.path)), one.origin.text, one.reason, " ".join(one.used), found.here(one.origin.file), one.origin.line, one.origin.column)
        for one in found.synthesis.assumptions
    ]  # fmt: skip
    return Listed(head, tuple(rows))


def _integrity(found: Material) -> tuple[Located, ...]:
    """Findings about the outcomes of the report, and about whole records."""
    asked = {one.outcome for one in found.synthesis.outcomes}
    return tuple(one for one in found.synthesis.integrity.findings if one.outcome is None or one.outcome in asked)


def integrity_tables(found: Material) -> list[Table]:
    """What the checks found, worst first."""
    plans = found.synthesis.base.review.outcomes
    rows = [
        (
            one.label, plans[one.outcome].label if one.outcome in plans else "whole record", one.level, f"{one.name} ({one.verdict.check})",
            one.verdict.tested, one.verdict.found, one.verdict.question, found.here(one.place),
        )
        for one in _integrity(found)
    ]  # fmt: skip
    heads = ("Study", "Outcome", "Finding", "Check", "Figures", "What was found", "Question for the authors", "Line")
    note = "A contradiction holds under every reading that was tried; a question has an answer under which the figures agree. A finding is about figures, not about people."
    return [make_table("integrity", "Findings of integrity", heads, rows, [("", note)], wide=True)] if rows else []


def integrity_data(found: Material) -> Listed:
    """A row a finding."""
    head = ("study", "label", "outcome", "timepoint", "level", "check", "name", "finding", "tested", "assumption", "found", "condition", "question", "file", "line", "column", "where", "quote")  # fmt: skip
    rows = [
        (
            one.study, one.label, one.outcome, one.timepoint, one.level, one.verdict.check, one.name, one.verdict.finding.value, one.verdict.tested,
            one.verdict.assumption, one.verdict.found, one.verdict.condition, one.verdict.question, found.here(one.file), one.line, one.column, one.where, one.quote,
        )
        for one in _integrity(found)
    ]  # fmt: skip
    return Listed(head, tuple(rows))
