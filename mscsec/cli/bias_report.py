"""`mscsec bias-report`: the design checklist by study, counts by item, and the assessments on record."""

from __future__ import annotations

from collections.abc import Sequence

from mscsec.appraisal.bias import BiasReport, bias_report
from mscsec.appraisal.judgements import RecordedAppraisal
from mscsec.cli import options as opt
from mscsec.cli.output import (
    csv_text,
    display_width,
    document,
    emit,
    json_text,
    output_kind,
    pad,
    say_base,
    shorten,
    styled,
    table,
    unicode_output,
    width,
    wrap,
)
from mscsec.errors import UnknownName
from mscsec.records.reader import load
from mscsec.report.numbers import count

SYMBOLS = {"yes": "+", "unclear": "?", "no": "x"}
COLOURS = {"yes": "32", "unclear": "33", "no": "31", "Low": "32", "Unclear": "33", "Some concerns": "33", "High": "31"}
HEADS = ("RS", "AC", "BP", "BC", "BA", "OL", "CD", "SR", "RG", "SS")
BAR = 30


def command(
    outcome: opt.Outcome = None,
    studies: opt.Studies = None,
    json: opt.AsJson = False,
    csv: opt.AsCsv = False,
    markdown: opt.AsMarkdown = False,
    output: opt.Output = None,
    force: opt.Force = False,
) -> None:
    """Report risk of bias by study: a checklist from the design flags, and the assessments on record.

    Each item is + (yes, the low-risk practice), ? (unclear) or x (no). The text reads without colour.

    \b
    Examples:
      mscsec bias-report
      mscsec bias-report --outcome mortality_28d --markdown
      mscsec bias-report --csv -o bias.csv
    """
    kind = output_kind(output, json=json, csv=csv, markdown=markdown)
    base = load(studies)
    if studies is None:
        say_base(base)
    if outcome is not None and outcome not in base.review.outcomes:
        raise UnknownName("outcome", outcome, base.review.outcomes)
    report = bias_report(base.studies, outcome)
    render = {"text": bias_text, "csv": bias_csv, "markdown": bias_markdown, "json": _json}[kind]
    emit(render(report), output, force)


def bias_text(report: BiasReport) -> str:
    """The table of symbols, a bar an item, the rule, and the recorded judgements."""
    cells = width()
    of = f" that report {report.outcome}" if report.outcome else ""
    lines = [
        styled(f"Risk of bias: design checklist of {count(len(report.checklists), 'study', 'studies')}{of}", "1"),
        "",
    ]
    label_room = max(14, cells - 3 * len(HEADS) - 18)
    rows = [
        [
            shorten(report.labels[one.study], label_room),
            *(SYMBOLS[item.answer] for item in one.items),
            f"{one.score}/{one.out_of}",
            one.rating,
        ]
        for one in report.checklists
    ]
    drawn = table(["Study", *HEADS, "Score", "Rating"], rows, right=[len(HEADS) + 1], gap=1)
    lines += [drawn[0], *(_coloured(text, row) for text, row in zip(drawn[1:], rows, strict=True)), ""]
    lines += _bars(report)
    rated = ", ".join(f"{number} {rating.lower()}" for rating, number in report.ratings.items())
    lines += [
        "",
        *wrap(f"Rating: {rated}. {report.rule}", cells),
        *wrap("+ yes (low-risk practice), ? unclear, x no; * key item of the rating", cells),
    ]
    if report.recorded:
        lines += ["", styled("Assessments on record", "1"), *_recorded_table(report.recorded)]
    return "\n".join(lines) + "\n"


def _coloured(text: str, row: Sequence[str]) -> str:
    """Colour on the rating only: symbols carry the rest."""
    rating = row[-1]
    at = text.rindex(rating)
    return text[:at] + styled(rating, COLOURS[rating]) + text[at + len(rating) :]


def _bars(report: BiasReport) -> list[str]:
    total = max(len(report.checklists), 1)
    full, half, light = ("█", "▒", "░") if unicode_output() else ("#", ":", ".")
    names = [item.id.replace("_", " ") for item in report.items]
    room = max(map(len, names))
    length = min(BAR, width() - room - 22)
    lines = []
    for head, name, item in zip(HEADS, names, report.items, strict=True):
        yes = round(length * item.yes / total)
        no = round(length * item.no / total)
        unclear = max(length - yes - no, 0) if report.checklists else 0
        bar = (
            styled(full * yes, COLOURS["yes"])
            + styled(light * unclear, COLOURS["unclear"])
            + styled(half * no, COLOURS["no"])
        )
        mark = "*" if item.key else " "
        lines.append(f"{head}{mark} {pad(name, room)} {bar} {item.yes:>3}+ {item.unclear:>3}? {item.no:>3}x")
    return lines


def _recorded_table(recorded: Sequence[RecordedAppraisal]) -> list[str]:
    lines: list[str] = []
    for tool in dict.fromkeys(item.tool for item in recorded):
        of_tool = [item for item in recorded if item.tool == tool]
        domains = list(dict.fromkeys(domain.id for item in of_tool for domain in item.appraisal.domains))
        rows = []
        for item in of_tool:
            found = {domain.id: domain.judgement or domain.status for domain in item.appraisal.domains}
            overall = item.appraisal.judgement or "incomplete"
            rows.append(
                [item.label, item.result or "", item.assessor, *(found.get(domain, "") for domain in domains), overall]
            )
        lines += [of_tool[0].appraisal.name, *_fitted(["Study", "Result", "Assessor", *domains, "Overall"], rows), ""]
    return lines[:-1]


def _fitted(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The table; where it is wider than the terminal, with initials for the judgements and a legend."""
    drawn = table(head, rows)
    if max(map(display_width, drawn)) <= width():
        return drawn
    words = dict.fromkeys(word for row in rows for word in row[3:] if word)
    short = {word: "".join(part[0].upper() for part in word.split()) for word in words}
    label_room = max(12, width() - 5 * len(head) - 22)
    cut = [[shorten(row[0], label_room), *row[1:3], *(short.get(word, "") for word in row[3:])] for row in rows]
    return [*table(head, cut), *wrap(", ".join(f"{initials} {word}" for word, initials in short.items()), width())]


def bias_csv(report: BiasReport) -> str:
    """One row a study, one column an item with its answer, and one with its support."""
    ids = [item.id for item in report.items]
    header = ["study", "label", *ids, "score", "out_of", "rating", *(f"{name}_support" for name in ids)]
    rows = [
        [
            one.study,
            report.labels[one.study],
            *(item.answer for item in one.items),
            one.score,
            one.out_of,
            one.rating,
            *(item.support for item in one.items),
        ]
        for one in report.checklists
    ]
    return csv_text(header, rows)


def bias_markdown(report: BiasReport) -> str:
    """A table for a manuscript, with the legend under it."""
    head = ["Study", *HEADS, "Score", "Rating"]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " :-: |" * (len(head) - 1)]
    for one in report.checklists:
        label = report.labels[one.study].replace("|", "\\|")
        lines.append(
            f"| {label} | "
            + " | ".join(SYMBOLS[item.answer] for item in one.items)
            + f" | {one.score}/{one.out_of} | {one.rating} |"
        )
    legend = "; ".join(
        f"{head} {item.question.rstrip('?').lower()}" for head, item in zip(HEADS, report.items, strict=True)
    )
    return "\n".join([*lines, "", f"+ yes, ? unclear, x no. {legend}.", "", report.rule]) + "\n"


def _json(report: BiasReport) -> str:
    return json_text(document("bias-report", report=report))
