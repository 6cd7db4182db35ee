"""`mscsec bias-report`: the design checklist by study, or the judgements of one instrument, in words or as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mscsec.appraisal.bias import BiasReport, bias_report, reporting
from mscsec.appraisal.instrument import instrument
from mscsec.appraisal.judgements import BiasTable, agreements, recorded_appraisals
from mscsec.cli import options as opt
from mscsec.cli.assessments import sound
from mscsec.cli.marks import Integrity, integrity_marks, marks_lines
from mscsec.cli.output import (
    csv_text,
    document,
    emit,
    json_text,
    output_kind,
    pad,
    say,
    say_base,
    shorten,
    styled,
    table,
    unicode_output,
    width,
    wrap,
    write_whole,
)
from mscsec.cli.render_judgements import (
    agreement_csv,
    agreement_markdown,
    agreement_text,
    recorded_lines,
    robvis_text,
    table_csv,
    table_markdown,
    table_text,
)
from mscsec.errors import NotEstimable, UnknownName, UsageError
from mscsec.records.reader import EvidenceBase, load
from mscsec.report.numbers import count
from mscsec.synthesis.bias import judgements

if TYPE_CHECKING:
    from mscsec.effects.trail import Flag

PICTURES = (".svg", ".png", ".pdf")
SYMBOLS = {"yes": "+", "unclear": "?", "no": "x"}
COLOURS = {"yes": "32", "unclear": "33", "no": "31", "Low": "32", "Unclear": "33", "Some concerns": "33", "High": "31"}
HEADS = ("RS", "AC", "BP", "BC", "BA", "OL", "CD", "SR", "RG", "SS")
BAR = 30


Tool = Annotated[
    str | None,
    typer.Option(
        "--tool",
        metavar="KEY",
        help="The judgements of one instrument (rob2, robins-i-v2 ...), weighted by the meta-analysis with --outcome; checklist for the checklist alone.",
        rich_help_panel="Judgements",
    ),
]
Summary = Annotated[
    bool,
    typer.Option(
        "--summary", help="With -o FILE.svg: bars with the share of each judgement.", rich_help_panel="Judgements"
    ),
]
AgreementFlag = Annotated[
    bool,
    typer.Option("--agreement", help="How far assessors agree, and where they do not.", rich_help_panel="Judgements"),
]
Robvis = Annotated[
    Path | None,
    typer.Option(
        "--robvis",
        metavar="FILE",
        help="Write the judgements as a table for robvis (- is stdout).",
        rich_help_panel=opt.SHOWN,
    ),
]
PictureFile = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to FILE; .svg .png .pdf draw a traffic-light table, .txt .json .csv .md write text.",
        rich_help_panel=opt.SHOWN,
    ),
]


def command(
    outcome: opt.Outcome = None,
    comparison: opt.Comparison = None,
    tool: Tool = None,
    agreement: AgreementFlag = False,
    summary: Summary = False,
    robvis: Robvis = None,
    integrity: Integrity = None,
    studies: opt.Studies = None,
    json: opt.AsJson = False,
    csv: opt.AsCsv = False,
    markdown: opt.AsMarkdown = False,
    output: PictureFile = None,
    force: opt.Force = False,
) -> None:
    """Report risk of bias by study: a checklist from the design flags, and the assessments on record.

    Each item is + (yes, the low-risk practice), ? (unclear) or x (no). The text reads without colour. The weights with
    --outcome are those of the review's own analysis (analysis: in review.yaml), so that options of pool are not taken.

    \b
    Examples:
      mscsec bias-report
      mscsec bias-report --outcome mortality_28d --markdown
      mscsec bias-report --tool rob2 --outcome mortality_28d -o bias.svg
      mscsec bias-report --tool rob2 --outcome mortality_28d --summary -o bias.png
      mscsec bias-report --tool rob2 --agreement
      mscsec bias-report --tool rob2 --robvis rob2.csv
    """
    drawn = output is not None and output.suffix.lower() in PICTURES
    kind = "text" if drawn else output_kind(output, others=PICTURES, json=json, csv=csv, markdown=markdown)
    _agree(drawn, summary, agreement, robvis, any((json, csv, markdown)))
    if comparison is not None and outcome is None:
        raise UsageError("--comparison chooses the meta-analysis that gives the weights; name its --outcome too")
    base = load(studies)
    if studies is None:
        say_base(base)
    if outcome is not None and outcome not in base.review.outcomes:
        raise UnknownName("outcome", outcome, base.review.outcomes)
    sound(base)
    reporting(base.studies, outcome)  # refuses an outcome that no study reports
    if agreement:
        emit(_agreement(base, tool, outcome, kind), output, force)
    elif drawn or robvis is not None or tool not in (None, "checklist"):
        found = _table(base, tool, outcome, comparison)
        if robvis is not None:
            emit(robvis_text(found), robvis, force)
        if drawn and output is not None:
            _draw(found, base, summary, output, force)
        elif robvis is None or output is not None:
            emit(_shown(found, kind), output, force)
    else:
        report = bias_report(base.studies, outcome)
        if tool == "checklist":
            report = replace(report, recorded=())
        marked = outcome is not None if integrity is None else integrity  # over all outcomes it takes a while
        marks = integrity_marks(base, outcome) if marked and kind in ("text", "json") else {}
        emit(_checklist(report, marks, kind), output, force)


def _checklist(report: BiasReport, marks: Mapping[str, Flag], kind: str) -> str:
    """The report as text of a kind; marks : of integrity, which text and JSON have room for."""
    if kind == "json":
        return _json(report, marks)
    render = {"text": bias_text, "csv": bias_csv, "markdown": bias_markdown}
    lines = marks_lines(marks, width()) if kind == "text" else []
    return render[kind](report) + "".join(f"{line}\n" for line in lines)


def _agree(drawn: bool, summary: bool, agreement: bool, robvis: Path | None, asked: bool) -> None:
    """Options that cannot go together, said before anything is read."""
    if drawn and (asked or agreement):
        raise UsageError("a picture holds the judgements alone; leave out --json, --csv, --markdown and --agreement")
    if summary and not drawn:
        raise UsageError("--summary is a picture; name a file for it: --summary -o bias.svg")
    if agreement and robvis is not None:
        raise UsageError("--agreement and --robvis exclude each other; give one of them")


def _table(base: EvidenceBase, tool: str | None, outcome: str | None, comparison: str | None) -> BiasTable:
    """The judgements of one instrument; by weight where an outcome is named and its studies can be pooled."""
    if tool == "checklist":
        raise UsageError("no assessment is on record here; name an instrument with --tool, such as --tool rob2")
    found, why = judgements(base, tool, outcome, comparison)
    if why:
        say(f"Not weighted: {why}")
    return found


def _shown(found: BiasTable, kind: str) -> str:
    if kind == "json":
        return json_text(document("bias-table", table=found))
    return {"text": table_text, "csv": table_csv, "markdown": table_markdown}[kind](found)


def _draw(found: BiasTable, base: EvidenceBase, summary: bool, output: Path, force: bool) -> None:
    from mscsec.plots.theme import picture  # matplotlib costs most of a second
    from mscsec.plots.traffic_light import outcome_names, summary_bars, traffic_light

    figure = summary_bars(found) if summary else traffic_light(found, outcomes=outcome_names(base))
    write_whole(output, picture(figure, output.suffix.lower()[1:]), force)
    say(f"Wrote {output}")


def _agreement(base: EvidenceBase, tool: str | None, outcome: str | None, kind: str) -> str:
    if tool is not None:
        instrument(tool)  # refuses one that does not exist
    pairs = agreements(recorded_appraisals(base.studies, outcome), tool)
    if not pairs:
        raise NotEstimable("no result is assessed by two assessors with one instrument", code="B202")
    if kind == "json":
        return json_text(document("agreement", pairs=pairs))
    return {"text": agreement_text, "csv": agreement_csv, "markdown": agreement_markdown}[kind](pairs)


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
        lines += ["", styled("Assessments on record", "1"), *recorded_lines(report.recorded)]
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


def _json(report: BiasReport, marks: Mapping[str, Flag]) -> str:
    return json_text(document("bias-report", report=report, integrity=marks))
