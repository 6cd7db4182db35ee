"""`mscsec effects`: the effect of every study, and with `--explain` the path from the printed figures to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from mscsec.cli import options as opt
from mscsec.cli.groups import EffectOptions, FormOptions, StudyOptions, expanded
from mscsec.cli.inputs import read_inputs
from mscsec.cli.output import (
    csv_text,
    display_width,
    document,
    emit,
    json_text,
    pad,
    shorten,
    table,
    width,
    wrap,
)
from mscsec.cli.render_assumed import assumed_of_study
from mscsec.cli.render_pool import LABEL_ROOM, left_out, markdown_head, markdown_left_out, markdown_row, markdown_text
from mscsec.effects.collect import StudyEffect
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import UnknownName, UsageError
from mscsec.records.reader import EvidenceBase
from mscsec.report.numbers import in_brackets, level, number
from mscsec.report.words import arm_words, footnotes
from mscsec.sources import SOURCES
from mscsec.synthesis.assumed import Sensitivity

Explain = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="For each study the printed figures, their place, and each step to yi and vi.",
        rich_help_panel=opt.SHOWN,
    ),
]
Study = Annotated[
    list[str] | None,
    typer.Option(
        "--study",
        metavar="STUDY",
        help="Show only this study, by id. May be repeated.",
        autocompletion=opt._studies,
        rich_help_panel=opt.SHOWN,
    ),
]


@expanded
def command(
    studies: StudyOptions,
    effects: EffectOptions,
    study: Study = None,
    explain: Explain = False,
    *,
    form: FormOptions,
) -> None:
    """Show the effect of every study that reports an outcome, and how each was derived.

    \b
    Examples:
      mscsec effects --outcome hospital_stay
      mscsec effects --outcome hospital_stay --explain --study shu2020
      mscsec effects --outcome mortality_28d --measure OR --csv -o effects.csv
    """
    kind = form.kind()
    if explain and kind in ("csv", "markdown"):
        raise UsageError(
            "--explain is text, or data with --json; a table of the effects has no room for it. Leave it out"
        )
    inputs = read_inputs(studies, effects, correlated=True)
    sizes, base = inputs.sizes, inputs.base
    if study:
        sizes = _only(sizes, study)
    assumed = inputs.assumed() if kind == "json" or explain else ()
    if kind == "json":
        text = json_text(_document(sizes, base, assumed))
    elif explain:
        text = explain_text(sizes, base, assumed)
    else:
        text = {"text": effects_text, "csv": effects_csv, "markdown": effects_markdown}[kind](sizes)
    emit(text, form.output, form.force)


def _only(sizes: EffectSizes, studies: list[str]) -> EffectSizes:
    """Some studies alone, whether they enter or not; raises UnknownName for a stranger."""
    known = [row.study for row in sizes.rows] + [left_out.study for left_out in sizes.excluded]
    for name in studies:
        if name not in known and name not in [study.split(":")[0] for study in known]:
            raise UnknownName("study", name, known)
    rows = tuple(row for row in sizes.rows if row.study in studies or row.record in studies)
    outside = tuple(item for item in sizes.excluded if item.study in studies or item.study.split(":")[0] in studies)
    return replace(sizes, rows=rows, excluded=outside)


def effects_text(sizes: EffectSizes) -> str:
    """A table of the studies with both groups' figures and the derivation in words."""
    cells = width()
    notes = footnotes(sizes.rows)
    head = ["Study", "Experimental", "Comparator", f"{sizes.measure} [{level(sizes.level)} CI]", ""]
    rows = [
        [
            row.label,
            arm_words(row.experimental),
            arm_words(row.comparator),
            in_brackets(row.estimate, row.low, row.high),
            notes.marks[row.study],
        ]
        for row in sizes.rows
    ]
    lines = [
        *wrap(f"{sizes.outcome_label}: {sizes.measure_name} ({sizes.measure})", cells),
        *(wrap(sizes.comparison_label, cells) if sizes.comparison_label else []),
        "",
    ]
    lines += _drawn(head, rows, cells) if rows else ["No study contributes to this outcome."]
    if notes.notes:
        lines += ["", "Notes"]
        for mark, text in notes.notes:
            lines += wrap(f"  {mark}  {text}", cells, "     ")
    return "\n".join(lines + left_out(sizes, cells)) + "\n"


def _drawn(head: list[str], rows: list[list[str]], cells: int) -> list[str]:
    """The table within `cells`: long labels are cut first, then the groups' figures go."""
    drawn = table(head, rows, right=[3])
    over = max(map(display_width, drawn)) - cells
    if over > 0:
        room = max(LABEL_ROOM, max(display_width(row[0]) for row in rows) - over)
        drawn = table(head, [[shorten(row[0], room), *row[1:]] for row in rows], right=[3])
    if max(map(display_width, drawn)) > cells or not any(row[1] or row[2] for row in rows):
        drawn = table([head[0], *head[3:]], [[row[0], *row[3:]] for row in rows], right=[1])
    return drawn


def explain_text(sizes: EffectSizes, base: EvidenceBase | None, assumed: Sequence[Sensitivity] = ()) -> str:
    """Study by study: figures as printed with their line and place in the paper, then each step."""
    lines = wrap(f"{sizes.outcome_label}: {sizes.measure_name} ({sizes.measure})", width())
    for row in sizes.rows:
        lines += ["", *_explain_study(row, sizes, base)]
        lines += assumed_of_study(assumed, row.study, sizes.measure)
    return "\n".join(lines + left_out(sizes, width())) + "\n"


def _explain_study(row: StudyEffect, sizes: EffectSizes, base: EvidenceBase | None) -> list[str]:
    cells = width()
    lines = [
        f"{row.label} ({row.study})",
        *wrap(
            f"  {sizes.measure} {in_brackets(row.estimate, row.low, row.high)}: {row.derivation.words}",
            cells,
            "    ",
        ),
    ]
    room = max((display_width(figure.name) for figure in row.derivation.figures), default=0)
    values = max((display_width(figure.text) for figure in row.derivation.figures), default=0)
    lines += ["  Printed" if row.derivation.figures else "  Given as effects"]
    quoted: dict[str, None] = {}
    for figure in row.derivation.figures:
        place = str(base.origin(row.record, figure.path)) if base else f"{figure.path[0]}:{figure.path[1]}"
        written = f"    {pad(figure.name, room)}  {pad(figure.text, values, right=True)}"
        place += "  (assumed)" if figure.assumed else ""
        if display_width(written) + 2 + display_width(place) <= cells:
            lines.append(f"{written}  {place}")
        else:
            lines += [written, f"      {place}"]
        if figure.where:
            quoted[f"{figure.where}: “{figure.quote}”" if figure.quote else figure.where] = None
    for text in quoted:
        lines += wrap(f"    from {text}", cells, "      ")
    lines += ["  Steps"] if row.derivation.steps else []
    for step in row.derivation.steps:
        source = SOURCES.get(step.source)
        named = " " + f"[{source.short}]".replace(" ", "\u00a0") if source else ""  # on one line
        given = ", ".join(f"{name} = {value:.6g}" for name, value in step.inputs)
        lines += wrap(
            f"    {step.result} = {_short(step.value)}  {step.formula}{f' ({given})' if given else ''}{named}",
            cells,
            "      ",
        )
    for flag in row.flags:
        lines += wrap(f"  ! {flag.text} [{flag.code}]", cells, "    ")
    return lines


def _short(value: float) -> str:
    """Four decimals, none for a whole number, and five digits for a small one."""
    if value == round(value) or 0 < abs(value) < 0.001:
        return f"{value:.5g}" if abs(value) < 1e5 else f"{value:.0f}"
    return number(value, 4)


_HEADER = [
    "study",
    "label",
    "yi",
    "vi",
    "sei",
    "estimate",
    "ci_low",
    "ci_high",
    "n_1",
    "events_1",
    "mean_1",
    "sd_1",
    "n_2",
    "events_2",
    "mean_2",
    "sd_2",
    "timepoint",
    "derivation",
    "notes",
]


def effects_csv(sizes: EffectSizes) -> str:
    """One row a study, every digit kept; yi on the analysis scale, estimate on the natural one."""
    rows = []
    for row in sizes.rows:
        arms = [
            getattr(arm, name) for arm in (row.experimental, row.comparator) for name in ("n", "events", "mean", "sd")
        ]
        notes = "; ".join(flag.text for flag in row.flags)
        rows.append(
            [
                row.study,
                row.label,
                row.yi,
                row.vi,
                row.sei,
                row.estimate,
                row.low,
                row.high,
                *arms,
                row.timepoint,
                row.derivation.words,
                notes,
            ]
        )
    return csv_text(_HEADER, rows)


def effects_markdown(sizes: EffectSizes) -> str:
    """A table for a manuscript, one row a study, with the notes and the studies left out under it."""
    notes = footnotes(sizes.rows)
    lines = [f"**{sizes.outcome_label}**", ""]
    if sizes.rows:
        lines += [*markdown_head(sizes), *(markdown_row(row, notes.marks[row.study]) for row in sizes.rows), ""]
    else:
        lines += ["No study contributes to this outcome.", ""]
    lines += [f"{mark}. {text}" for mark, text in notes.notes]
    return markdown_text(lines + markdown_left_out(sizes))


def _document(sizes: EffectSizes, base: EvidenceBase | None, assumed: Sequence[Sensitivity]) -> dict[str, object]:
    content = document("effects", effects=sizes, assumed=assumed)
    if sizes.shared:
        content["effects"]["covariance"] = sizes.covariance.tolist()
    if base is not None:
        for row in content["effects"]["rows"]:
            for figure in row["derivation"]["figures"]:
                origin = base.origin(row["study"].split(":")[0], tuple(figure["path"]))
                figure["origin"] = {"file": origin.file, "line": origin.line, "column": origin.column}
    return content
