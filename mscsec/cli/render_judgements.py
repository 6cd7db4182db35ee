"""Tables of risk-of-bias judgements: for a terminal, a manuscript, a spreadsheet; and agreement between assessors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mscsec.appraisal.assessment import Appraisal, DomainAppraisal, OverallAppraisal
from mscsec.appraisal.degree import DEGREES, degree
from mscsec.appraisal.judgements import NOT_ASSESSED, AssessorPair, BiasRow, BiasTable, RecordedAppraisal
from mscsec.appraisal.robvis import robvis_row, robvis_tool, write_robvis
from mscsec.cli.output import csv_text, display_width, pad, shorten, styled, table, unicode_output, width, wrap
from mscsec.errors import UsageError
from mscsec.report.numbers import count, number, percent

if TYPE_CHECKING:
    from mscsec.appraisal.agreement import Agreement, Coefficient

SYMBOL_OF_DEGREE = {"low": "+", "some": "-", "high": "x", "critical": "!", "none": "?", "absent": "."}
COLOUR_OF_DEGREE = {"low": "32", "some": "33", "high": "31", "critical": "31", "none": "36", "absent": "2"}
BAR = 24


def symbol(judgement: str, scale: Sequence[str] = ()) -> str:
    """One character for a judgement."""
    return SYMBOL_OF_DEGREE[degree(judgement, scale)]


Item = DomainAppraisal | OverallAppraisal


def _items(row: BiasRow) -> dict[str, Item]:
    return {} if row.appraisal is None else {i.id: i for i in row.appraisal.items}


def _cell(row: BiasRow, place: str, found: BiasTable) -> str:
    item = _items(row).get(place)
    if item is None and row.appraisal is not None:
        return ""
    return symbol(row.judgement(place), found.judgements) + ("*" if item is not None and item.overridden else "")


def table_text(found: BiasTable) -> str:
    """The table with symbols, the share of each judgement under it, and what stands behind it."""
    about = f": {f'{found.label} ({found.outcome})' if found.label else found.outcome}" if found.outcome else ""
    lines = [styled(f"Risk of bias ({found.name}, {found.version}){about}", "1"), ""]
    places = [id for id, _ in found.domains]
    who = list(dict.fromkeys(row.assessor for row in found.rows if row.assessor))
    head = [
        "Study",
        *(["Assessor"] if len(who) > 1 else []),
        *places,
        "Overall",
        *(["Weight"] if found.weighted else []),
    ]
    room = max(14, width() - 4 * len(places) - 18 - 8 * found.weighted - 14 * (len(who) > 1))
    rows = []
    for row in found.rows:
        overall = row.judgement("overall") or ("open" if row.appraisal else NOT_ASSESSED.lower())
        cells = [shorten(row.name, room), *([shorten(row.assessor or "-", 12)] if len(who) > 1 else [])]
        cells += [_cell(row, place, found) for place in places]
        weight = percent(row.weight) if row.counts else ""
        rows.append([*cells, f"{_cell(row, 'overall', found)} {overall}", *([weight] if found.weighted else [])])
    drawn = table(head, rows, right=[len(head) - 1] if found.weighted else [])
    lines += [*drawn, *([f"Assessor: {who[0]}"] if len(who) == 1 else [])]
    lines += ["", *_share_lines(found), *_behind(found)]
    return "\n".join(lines).rstrip() + "\n"


def _share_lines(found: BiasTable) -> list[str]:
    """A bar a domain; each degree has its own character."""
    if not found.shares:
        return []
    said = "Share of the weight in the meta-analysis" if found.weighted else "Share of results"
    names = {**dict(found.domains), "overall": "Overall"}
    room = min(max(map(display_width, names.values())), max(20, width() - BAR - 32))
    fill = dict(zip(DEGREES, "█▒░▓·  " if unicode_output() else "#:x!.  ", strict=False))
    lines = [said]
    for place, name in names.items():
        shares = {degree(word, found.judgements): share for word, share in found.shares.get(place, {}).items()}
        bar = "".join(styled(fill[kind] * cells, COLOUR_OF_DEGREE[kind]) for kind, cells in _cells(shares).items())
        words = ", ".join(f"{SYMBOL_OF_DEGREE[kind]} {percent(share, 0)}" for kind, share in shares.items())
        lines.append(f"{place if place != 'overall' else '':<4}{pad(shorten(name, room), room)} {bar} {words}")
    return [*lines, ""]


def _cells(shares: dict[str, float]) -> dict[str, int]:
    """Characters of a bar for each share; together exactly `BAR`, by rounding where the shares end."""
    cells, done, start = {}, 0.0, 0
    for kind, share in shares.items():
        done += share
        cells[kind] = round(BAR * done) - start
        start = round(BAR * done)
    return cells


def _behind(found: BiasTable) -> list[str]:
    """Departures with their reasons, open questions, suggestions, notices, and the meaning of the symbols."""
    cells = width()
    lines: list[str] = []
    departed = [(row, item) for row in found.rows for item in _items(row).values() if item.overridden]
    if departed:
        lines.append("Judged otherwise than the algorithm proposes (*)")
        for row, item in departed:
            words = f"{_who(row)}, {item.id}: proposed {item.proposed}, judged {item.judgement}. {item.reason}"
            lines += wrap(f"  {words}", cells, "    ")
        lines.append("")
    waiting = [(row, row.appraisal.unanswered) for row in found.rows if row.appraisal and row.appraisal.unanswered]
    if waiting:
        lines.append("Open questions")
        for row, open_now in waiting:
            lines += wrap(f"  {_who(row)}: {', '.join(open_now)}", cells, "    ")
        lines.append("")
    spoken = [row for row in found.rows if row.suggestions]
    if spoken:
        words = "Suggestions from the design flags (they count for nothing until an assessor takes them over)"
        lines += wrap(words, cells, "  ")
        for row in spoken:
            words = ", ".join(f"{one.place} {one.answer}" for one in row.suggestions)
            lines += wrap(f"  {row.name}: {words}", cells, "    ")
        lines.append("")
    for notice in found.warnings:
        lines += wrap(f"Note: {notice}", cells, "  ")
    if found.warnings:
        lines.append("")
    meaning = dict.fromkeys((*found.judgements, NOT_ASSESSED))
    words = "; ".join(f"{symbol(word, found.judgements)} {word.lower()}" for word in meaning)
    return [*lines, *wrap(words, cells), *wrap("; ".join(f"{id} {name.lower()}" for id, name in found.domains), cells)]


def _who(row: BiasRow) -> str:
    return f"{row.name}, {row.assessor}" if row.assessor else row.name


def table_markdown(found: BiasTable) -> str:
    """A table for a manuscript: one row a result, with departures as footnotes."""
    places = [id for id, _ in found.domains]
    head = ["Study", *places, "Overall", *(["Weight"] if found.weighted else [])]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " :-: |" * (len(head) - 1)]
    for row in found.standing:
        overall = row.judgement("overall") or NOT_ASSESSED
        cells = [_cell(row, place, found).replace("*", "\\*") for place in places]
        cells += [overall + ("\\*" if _overridden(row, "overall") else "")]
        cells += [percent(row.weight)] if found.weighted else []
        lines.append(f"| {row.name.replace('|', chr(92) + '|')} | " + " | ".join(cells) + " |")
    meaning = "; ".join(
        f"{symbol(word, found.judgements)} {word.lower()}" for word in (*found.judgements, NOT_ASSESSED)
    )
    names = "; ".join(f"{id} {name.lower()}" for id, name in found.domains)
    notes = [
        f"\\* {row.name}, {item.id}: the algorithm proposes {item.proposed}. {item.reason}"
        for row in found.standing
        for item in _items(row).values()
        if item.overridden
    ]
    return (
        "\n".join(
            [*lines, "", f"{found.name} ({found.version}). {names}. {meaning}.", *(f"\n{note}" for note in notes)]
        )
        + "\n"
    )


def _overridden(row: BiasRow, place: str) -> bool:
    item = _items(row).get(place)
    return item is not None and item.overridden


def table_csv(found: BiasTable) -> str:
    """One row an assessment: by domain the judgement, the proposal, the reason and the support; open questions."""
    places = [*(id for id, _ in found.domains), "overall"]
    head = ["study", "label", "result", "timepoint", "assessor", "stands", "weight"]
    for place in places:
        head += [place, f"{place}_proposed", f"{place}_reason", f"{place}_support"]
    rows = []
    for row in found.rows:
        cells: list[object] = [
            row.study, row.label, row.result, row.timepoint, row.assessor, str(row.counts).lower(), row.weight,
        ]  # fmt: skip
        items = _items(row)
        for place in places:
            item = items.get(place)
            support = "; ".join(text for key, text in row.support.items() if key.split(" ")[0] == place)
            cells += [row.judgement(place), item.proposed if item else None, item.reason if item else "", support]
        open_now = row.appraisal.unanswered if row.appraisal else ()
        spoken = "; ".join(f"{one.place} {one.answer}: {one.reason}" for one in row.suggestions)
        rows.append([*cells, " ".join(open_now), spoken])
    return csv_text([*head, "open_questions", "suggestions"], rows)


def robvis_text(found: BiasTable) -> str:
    """The standing judgements as robvis reads them, with weights where the table has them.

    Raises UsageError where nothing is assessed, and `InvalidInput` (B301) for a word that robvis does not know.
    """
    assessed = [row for row in found.standing if row.appraisal is not None]
    if not assessed:
        raise UsageError("nothing is assessed here, so there is no table for robvis")
    labels = [row.name for row in assessed]
    labels = [
        name if labels.count(name) == 1 else f"{name} ({row.study})" for name, row in zip(labels, assessed, strict=True)
    ]
    rows = [
        robvis_row(name, row.appraisal, row.weight or 0.0 if found.weighted else None)
        for name, row in zip(labels, assessed, strict=True)
        if row.appraisal is not None
    ]
    return write_robvis(rows, robvis_tool(found.tool), weighted=found.weighted)


def recorded_lines(recorded: Sequence[RecordedAppraisal]) -> list[str]:
    """Every assessment on record, by instrument, for the foot of the checklist."""
    lines: list[str] = []
    for tool in dict.fromkeys(item.tool for item in recorded):
        of_tool = [item for item in recorded if item.tool == tool]
        ids = list(dict.fromkeys(d.id for item in of_tool for d in item.appraisal.domains if d.status != "recorded"))
        rows = []
        for item in of_tool:
            found = {d.id: symbol(d.judgement or "") + ("*" if d.overridden else "") for d in item.appraisal.domains}
            overall = item.appraisal.judgement or "open"
            rows.append([item.label, item.result or "", item.assessor, *(found.get(id, "") for id in ids), overall])
        head = ["Study", "Result", "Assessor", *ids, "Overall"]
        beside = max(map(display_width, table(head[1:], [row[1:] for row in rows]))) + 2
        room = max(6, width() - beside)
        drawn = table(head, [[shorten(row[0], room), *row[1:]] for row in rows])
        lines += [of_tool[0].appraisal.name, *drawn, ""]
    return [*lines, *wrap(f"More: mscsec bias-report --tool {recorded[0].tool}", width())] if lines else []


def appraisal_text(result: Appraisal, what: str) -> str:
    """One appraisal: each domain's judgement with the answers that decided, and what is open."""
    lines = [styled(f"{result.name}: {what}", "1")]
    rows = []
    for item in result.items:
        said = item.judgement or ("open" if item.possible else "")
        changed = f"(proposed {item.proposed}: {item.reason})" if item.overridden else ""
        because = (
            ", ".join(f"{id} {'/'.join(a)}" for id, a in item.because.items())
            if isinstance(item, DomainAppraisal)
            else ""
        )
        rows.append([item.id, item.name, said, changed or because])
    lines += table(["", "Domain", "Judgement", "Because"], rows)
    if result.unanswered:
        lines.append(f"Open: {', '.join(result.unanswered)}")
    for notice in result.warnings:
        if notice.code != "B106":
            lines += wrap(f"Note: {notice}", width(), "  ")
    return "\n".join(lines) + "\n"


# --- agreement -------------------------------------------------------------------------------------------------

_SHOWN = ("agreement", "kappa", "weighted_kappa", "ac1", "ac2")
_HEADS = ("Agreement", "Kappa", "Weighted kappa", "AC1", "AC2")


def agreement_text(pairs: Sequence[AssessorPair]) -> str:
    """Coefficients by domain with their intervals, and every disagreement."""
    lines: list[str] = []
    for pair in pairs:
        title = f"Agreement of {pair.first} and {pair.second} ({pair.tool}, {count(pair.results, 'result')})"
        rows = [
            [one.place, str(one.n), *(_estimate(one.coefficients[key]) for key in _SHOWN)] for one in pair.agreements
        ]
        lines += [styled(title, "1"), *table(["", "n", *_HEADS], rows, right=[1]), ""]
        apart = [one for found in pair.agreements if found.place != "all domains" for one in found.disagreements]
        lines.append(f"Disagreements ({pair.first} / {pair.second})" if apart else "No disagreements.")
        for one in apart:
            lines += wrap(f"  {one.item}, {one.place}: {one.first} / {one.second}", width(), "    ")
        for note in dict.fromkeys(str(notice) for found in pair.agreements for notice in found.warnings):
            lines += wrap(f"Note: {note}", width(), "  ")
        unpaired = sorted({name for found in pair.agreements if found.place == "overall" for name in found.unpaired})
        if unpaired:
            lines += wrap(f"Assessed by one alone: {'; '.join(unpaired)}", width(), "  ")
        lines.append("")
    lines += wrap(f"Weights of weighted kappa and AC2: {_weights(pairs)}. Intervals are {_level(pairs)}.", width())
    return "\n".join(lines) + "\n"


def _weights(pairs: Sequence[AssessorPair]) -> str:
    return ", ".join(dict.fromkeys(one.weights for pair in pairs for one in pair.agreements))


def _level(pairs: Sequence[AssessorPair]) -> str:
    levels = dict.fromkeys(c.level for pair in pairs for one in pair.agreements for c in one.coefficients.values())
    return ", ".join(f"{100 * level:g}%" for level in levels)


def _estimate(value: Coefficient) -> str:
    if value.estimate is None:
        return "-"
    if value.ci_low is None or value.ci_high is None:
        return number(value.estimate)
    return f"{number(value.estimate)} ({number(value.ci_low)} to {number(value.ci_high)})"


def agreement_rows(pairs: Sequence[AssessorPair]) -> list[list[object]]:
    """One row a coefficient."""
    return [
        [pair.tool, pair.first, pair.second, one.place, one.n, one.weights, key, *_numbers(one, key)]
        for pair in pairs
        for one in pair.agreements
        for key in one.coefficients
    ]


def _numbers(one: Agreement, key: str) -> list[object]:
    value = one.coefficients[key]
    return [value.estimate, value.se, value.ci_low, value.ci_high]


def agreement_csv(pairs: Sequence[AssessorPair]) -> str:
    """Every coefficient with its standard error and interval."""
    head = ["tool", "first", "second", "place", "n", "weights", "coefficient", "estimate", "se", "ci_low", "ci_high"]
    return csv_text(head, agreement_rows(pairs))


def agreement_markdown(pairs: Sequence[AssessorPair]) -> str:
    """The coefficients as a table for each pair."""
    lines = []
    for pair in pairs:
        lines += [f"**{pair.first} and {pair.second}** ({pair.tool})", "", "| | n | " + " | ".join(_HEADS) + " |"]
        lines.append("| --- | ---: |" + " --- |" * len(_HEADS))
        for one in pair.agreements:
            cells = " | ".join(_estimate(one.coefficients[key]) for key in _SHOWN)
            lines.append(f"| {one.place} | {one.n} | {cells} |")
        lines.append("")
    return "\n".join(lines)
