"""Subgroups as text, Markdown and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mscsec.cli.output import csv_text, display_width, fitted_table, shorten, styled, unicode_output, width, wrap
from mscsec.cli.render_pool import left_out, markdown_head, markdown_left_out, markdown_row, markdown_text
from mscsec.effects.sizes import EffectSizes
from mscsec.plots import characters as draw
from mscsec.plots.forest_axis import null_of, span_of_fit, span_of_row
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import beside, in_brackets, level, number, p_value, percent, variance, with_limits
from mscsec.report.words import footnotes, method_words, warning_words

if TYPE_CHECKING:
    from mscsec.pooling.regression import SubgroupResult

PLOT_ROOM = (16, 40)


def subgroups_text(sizes: EffectSizes, field: str, labels: Sequence[str], found: SubgroupResult) -> str:
    """Each subgroup with its studies and its own estimate, then all studies, then the test between."""
    cells = width()
    notes = footnotes(sizes.rows)
    glyphs = draw.UNICODE if unicode_output() else draw.ASCII
    blocks = _blocks(sizes, labels, found)
    texts = [line for block in blocks for line in block]
    room_label = min(max(display_width(text[0]) for text in texts), 26 if cells < 100 else 40)
    room_effect = max(display_width(text[1]) for text in texts)
    room = max(PLOT_ROOM[0], min(PLOT_ROOM[1], cells - room_label - room_effect - 16))
    whole = [item[3] for block in blocks for item in block if item[3] is not None]
    null = null_of(sizes)
    scale = draw.axis(whole, null, room, sizes.transform == "exp")
    lines = [
        *(styled(line, "1") for line in wrap(f"{sizes.outcome_label} by {field}", cells)),
        *([sizes.comparison_label] if sizes.comparison_label else []),
        "",
    ]
    head = f"{'Study':{room_label}}  {'':{room}}  {f'{sizes.measure} [{level(sizes.level)} CI]':>{room_effect}}  Weight"
    lines.append(styled(head.rstrip(), "1"))
    for block in blocks:
        lines += [_line(item, scale, null, glyphs, room_label, room, room_effect) for item in block]
        lines.append("")
    for text in draw.axis_lines(scale, null, glyphs):
        lines.append((" " * (room_label + 2) + text).rstrip())
    lines += ["", *_spread(sizes, found, cells), "", *wrap(between_words(found), cells, "  ")]
    if found.tau2_common:
        shared = f"Shared tau2 = {variance(found.tau2)} ({level(sizes.level)} CI {variance(found.tau2_ci_low)} to {variance(found.tau2_ci_high)})"
        lines += wrap(f"{shared}; residual I2 = {percent(found.i2_residual)}; R2 = {percent(found.r2)}", cells, "  ")
    lines += ["", *wrap(f"Method: {_method(sizes, field, found)}", cells)]
    for text in _notes(sizes, found):
        lines += wrap(text, cells, "  ")
    if notes.notes:
        lines += [
            "",
            "Notes",
            *(line for mark, text in notes.notes for line in wrap(f"  {mark}  {text}", cells, "     ")),
        ]
    return "\n".join(lines + left_out(sizes, cells)) + "\n"


def _notes(sizes: EffectSizes, found: SubgroupResult) -> list[str]:
    """What a reader must know beside the numbers: of the comparison, of all studies together, of each subgroup."""
    fits = {"all studies": found.overall, **found.groups}
    each = [f"Note on {name}: {text}" for name, fit in fits.items() for text in warning_words(sizes, fit)]
    return [f"Note: {warning}" for warning in found.warnings] + each


_Item = tuple[str, str, str, tuple[float, float, float] | None, bool]  # label, effect, weight, what to draw, pooled


def _blocks(sizes: EffectSizes, labels: Sequence[str], found: SubgroupResult) -> list[list[_Item]]:
    notes = footnotes(sizes.rows)
    blocks: list[list[_Item]] = []
    for name, fit in found.groups.items():
        members = [place for place, label in enumerate(labels) if label == name]
        block: list[_Item] = [(name, "", "", None, True)]
        for place, weight in zip(members, fit.weights, strict=True):
            row = sizes.rows[place]
            mark = f" {notes.marks[row.study]}" if notes.marks[row.study] else ""
            effect = in_brackets(row.estimate, row.low, row.high)
            block.append((f"  {row.label}{mark}", effect, percent(weight), span_of_row(sizes, place), False))
        block.append(_pooled(sizes, f"  k = {fit.k}", fit))
        blocks.append(block)
    blocks.append([_pooled(sizes, f"All, k = {found.overall.k}", found.overall)])
    return blocks


def _spread(sizes: EffectSizes, found: SubgroupResult, cells: int) -> list[str]:
    """What is behind each pooled effect: how much its studies differ, and what a new one may show."""
    fits = {**found.groups, "All": found.overall}
    confidence = level(found.overall.level)
    tested = _tested(sizes)
    head = ["", "k", *tested, f"tau2 ({confidence} CI)", "I2", f"{confidence} PI"]
    rows = [[name, str(fit.k), *(_p(fit) for _ in tested), *_between(fit)] for name, fit in fits.items()]
    return fitted_table(head, rows, cells, right=[1])


def _tested(sizes: EffectSizes) -> list[str]:
    """The heading over P values, and none where there are none: a single group has no effect of zero to test."""
    return [] if sizes.null is None else ["P"]


def _p(fit: PooledResult) -> str:
    return p_value(fit.p_value).removeprefix("P ").removeprefix("= ")


def _between(fit: PooledResult) -> list[str]:
    """tau2 with its interval, I2, and the prediction interval; a dash for what one or two studies do not give."""
    if fit.k < 2:
        return ["–"] * 3
    limits = "" if fit.tau2_ci_low is None else f" ({variance(fit.tau2_ci_low)} to {variance(fit.tau2_ci_high)})"
    shown = fit.display
    beyond = "–"
    if fit.prediction_low is not None:
        beyond = beside(shown.estimate, shown.prediction_low, shown.prediction_high)
    return [variance(fit.tau2) + limits, percent(fit.i2), beyond]


def _pooled(sizes: EffectSizes, label: str, fit: PooledResult) -> _Item:
    shown = fit.display
    return (
        label,
        in_brackets(shown.estimate, shown.ci_low, shown.ci_high),
        "",
        span_of_fit(sizes, fit),
        True,
    )


def _line(
    item: _Item, scale: draw.Axis, null: float | None, glyphs: draw.Glyphs, room_label: int, room: int, room_effect: int
) -> str:
    label, effect, weight, triple, pooled = item
    if triple is None:
        return styled(label, "1")
    plot = (draw.pooled_line if pooled else draw.study_line)(scale, *triple, null, glyphs)
    text = f"{shorten(label, room_label):{room_label}}  {plot}  {effect:>{room_effect}}  {weight:>6}".rstrip()
    return styled(text, "1") if pooled else text


def between_words(found: SubgroupResult) -> str:
    """The test for a difference between subgroups."""
    test = found.between
    if test.q is None:
        return f"Test for subgroup differences: not possible, {test.reason}"
    kind = "each subgroup with its own tau2"
    if found.overall.model == "common":
        kind = "a common effect within each subgroup"
    elif found.tau2_common:
        kind = "one tau2 for all subgroups"
    return f"Test for subgroup differences: Q = {number(test.q)}, df = {test.df}, {p_value(test.p_value)} ({kind})"


def _method(sizes: EffectSizes, field: str, found: SubgroupResult) -> str:
    shared = "each with a between-study variance of its own"
    if found.overall.model == "common":
        shared = "each with a common effect"
    elif found.tau2_common:
        shared = "with one between-study variance for all"
    text = f"Subgroups by {field} were pooled separately, {shared}, and compared by Cochran's Q between them. All together: "
    whole = method_words(sizes, found.overall)
    other = [
        f"{name}: {CI_SHORT.get(fit.ci_method, fit.ci_method)}"
        for name, fit in found.groups.items()
        if fit.ci_method != found.overall.ci_method
    ]
    return (
        text
        + whole[0].lower()
        + whole[1:]
        + (f" The interval differs in subgroups ({'; '.join(other)})." if other else "")
    )


CI_SHORT = {"wald": "Wald", "hksj": "Hartung-Knapp"}


_HEADER = [
    "group",
    "study",
    "label",
    "k",
    "estimate",
    "ci_low",
    "ci_high",
    "weight",
    "yi",
    "sei",
    "p_value",
    "tau2",
    "i2",
    "q_between",
    "df_between",
    "p_between",
    "tau2_ci_low",
    "tau2_ci_high",
    "prediction_low",
    "prediction_high",
    "method",
    "notes",
]


def subgroups_csv(sizes: EffectSizes, field: str, labels: Sequence[str], found: SubgroupResult) -> str:
    """One row a study and one a subgroup, then all; the column `group` holds the value of the field."""
    rows: list[list[object]] = []
    for name, fit in found.groups.items():
        members = [row for row, label in zip(sizes.rows, labels, strict=True) if label == name]
        for row, weight in zip(members, fit.weights, strict=True):
            figures = [1, row.estimate, row.low, row.high, weight, row.yi, row.sei]
            told = "; ".join(flag.text for flag in row.flags)
            rows.append([name, row.study, row.label, *figures, *[None] * 10, row.derivation.words, told])
        how = [method_words(sizes, fit), "; ".join(warning_words(sizes, fit))]
        rows.append([name, "pooled", f"{field} = {name}", *_figures(fit), None, None, None, *_limits(fit), *how])
    test, whole = found.between, found.overall
    how = [_method(sizes, field, found), "; ".join([*map(str, found.warnings), *warning_words(sizes, whole)])]
    rows.append(["", "pooled", "all", *_figures(whole), test.q, test.df, test.p_value, *_limits(whole), *how])
    return csv_text(_HEADER, rows)


def _limits(fit: PooledResult) -> list[object]:
    return [fit.tau2_ci_low, fit.tau2_ci_high, fit.display.prediction_low, fit.display.prediction_high]


def _figures(fit: PooledResult) -> list[object]:
    shown = fit.display
    return [
        fit.k,
        shown.estimate,
        shown.ci_low,
        shown.ci_high,
        None,
        fit.estimate,
        fit.se,
        fit.p_value,
        fit.tau2,
        fit.i2,
    ]


def subgroups_markdown(sizes: EffectSizes, field: str, labels: Sequence[str], found: SubgroupResult) -> str:
    """A table for a manuscript, with the test, the method and the notes under it."""
    marks = footnotes(sizes.rows)
    lines = [f"**{sizes.outcome_label} by {field}**", "", *markdown_head(sizes)]
    for name, fit in found.groups.items():
        lines.append(f"| *{_cell(name)}* | | | |")
        for row, label in zip(sizes.rows, labels, strict=True):
            if label == name:
                lines.append(markdown_row(row, marks.marks[row.study]))
        lines.append(_total(f"k = {fit.k}", fit))
    lines.append(_total(f"All, k = {found.overall.k}", found.overall))
    confidence, tested = level(found.overall.level), _tested(sizes)
    head = [_cell(field), "k", *tested, f"τ² ({confidence} CI)", "I²", f"{confidence} PI"]
    ends = ["---", "---:", *("---:" for _ in tested), "---", "---:", "---"]
    lines += ["", f"| {' | '.join(head)} |", f"| {' | '.join(ends)} |"]
    for name, fit in {**found.groups, "All": found.overall}.items():
        cells = [_cell(name), str(fit.k), *(_p(fit) for _ in tested), *_between(fit)]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", between_words(found), "", _method(sizes, field, found), ""]
    lines += [f"{mark}. {text}" for mark, text in marks.notes]
    lines += ["", *(f"- {text}" for text in _notes(sizes, found))]
    return markdown_text(lines + markdown_left_out(sizes))


def _total(label: str, fit: PooledResult) -> str:
    shown = fit.display
    return f"| **{label}** | | | **{with_limits(shown.estimate, shown.ci_low, shown.ci_high)}** |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
