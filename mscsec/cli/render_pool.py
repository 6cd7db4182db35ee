"""A pooled outcome as text, Markdown and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mscsec.cli.output import csv_text, display_width, pad, shorten, styled, unicode_output, width, wrap
from mscsec.cli.render_assumed import assumed_markdown, assumed_text
from mscsec.effects.collect import StudyEffect
from mscsec.effects.sizes import EffectSizes
from mscsec.plots import characters as draw
from mscsec.plots.forest_axis import null_of, span_of_fit, span_of_prediction, span_of_row
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import beside, count, in_brackets, level, percent, with_limits
from mscsec.report.words import (
    Footnotes,
    arm_words,
    association_words,
    benefit_words,
    estimate_words,
    footnotes,
    heterogeneity_words,
    left_out_words,
    measure_label,
    method_words,
    other_words,
    test_words,
    warning_words,
)

if TYPE_CHECKING:
    from mscsec.effects.reexpressed import ReExpressed
    from mscsec.synthesis.assumed import Sensitivity

NO_EFFECT = "not estimable"
LABEL_ROOM = 26
PLOT_ROOM = (16, 44)
NARROW = (8, 10)  # cells for labels and plot that a narrow terminal leaves at the least


def pool_text(
    sizes: EffectSizes,
    fit: PooledResult,
    other: ReExpressed | None = None,
    assumed: Sequence[Sensitivity] = (),
) -> str:
    """The whole answer for a terminal: table with forest plot, estimate, method, notes, who was left out."""
    cells = width()
    notes = footnotes(sizes.rows)
    unit = f" ({sizes.unit})" if sizes.unit else ""
    lines = wrap(f"{sizes.outcome_label}{unit}", cells)
    lines[0] = styled(lines[0], "1")
    if sizes.comparison_label:
        lines += wrap(sizes.comparison_label, cells)
    lines += ["", *forest(sizes, fit, notes, cells), "", *_first_bold(summary(sizes, fit, cells, other)), ""]
    lines += wrap(f"Method: {method_words(sizes, fit)}", cells)
    for warning in warning_words(sizes, fit):
        lines += wrap(f"Note: {warning}", cells, "  ")
    if assumed:
        lines += assumed_text(assumed, sizes, cells)
    if notes.notes:
        lines += ["", "Notes"]
        for mark, text in notes.notes:
            lines += wrap(f"  {mark}  {text}", cells, "     ")
    lines += left_out(sizes, cells)
    return "\n".join(lines) + "\n"


def _first_bold(lines: list[str]) -> list[str]:
    return [styled(lines[0], "1"), *lines[1:]]


def summary(sizes: EffectSizes, fit: PooledResult, cells: int, other: ReExpressed | None = None) -> list[str]:
    """The figures under the plot, one line each."""
    head = "Effect" if fit.k == 1 else "Pooled effect"
    test = "" if sizes.null is None else f"; {test_words(fit)}"  # a single group has no effect of zero to test
    lines = wrap(f"{head}: {estimate_words(sizes, fit)}{test}; k = {fit.k}", cells, "  ")
    if fit.prediction_low is not None:
        shown = fit.display
        ahead = beside(shown.estimate, shown.prediction_low, shown.prediction_high)
        lines += wrap(f"Prediction: {level(fit.level)} PI {ahead} for the effect in a new study", cells, "  ")
    if fit.threshold is not None and fit.probability_above is not None:
        lines += wrap(benefit_words(sizes, fit), cells, "  ")
    if fit.k > 1 and heterogeneity_words(fit):
        lines += wrap(f"Heterogeneity: {heterogeneity_words(fit)}", cells, "  ")
    if fit.k > 1 and fit.method == "MH" and fit.model == "common" and association_words(fit):
        lines += wrap(f"Tests: {association_words(fit)}", cells, "  ")
    if other is not None:
        lines += wrap(other_words(other, sizes.unit, fit.level, sizes.measure), cells, "  ")
    return lines


def forest(sizes: EffectSizes, fit: PooledResult, notes: Footnotes, cells: int) -> list[str]:
    """The table of studies with the plot beside it, as wide as `cells` allows."""
    glyphs = draw.UNICODE if unicode_output() else draw.ASCII
    columns = _columns(sizes, fit, notes, cells)
    used = sum(columns.widths) + 2 * len(columns.widths)
    room = max(NARROW[1], min(PLOT_ROOM[1], cells - used))
    studies = [span_of_row(sizes, place) for place in range(len(sizes.rows))]
    whole, null = span_of_fit(sizes, fit), null_of(sizes)
    scale = draw.axis([*studies, whole], null, room, sizes.transform == "exp")
    blank = " " * room
    lines = [styled(columns.line(columns.header, " " * room).rstrip(), "1")]
    for span, cells_of_row in zip(studies, columns.rows, strict=True):
        lines.append(columns.line(cells_of_row, draw.study_line(scale, *span, null, glyphs)))
    lines.append(glyphs.axis * columns.total(room))
    if fit.k > 1:
        lines.append(styled(columns.line(columns.pooled, draw.pooled_line(scale, *whole, null, glyphs)).rstrip(), "1"))
    if (ahead := span_of_prediction(sizes, fit)) is not None:
        lines.append(columns.line(columns.prediction, draw.prediction_line(scale, *ahead[1:], null, glyphs)))
    for text in draw.axis_lines(scale, null, glyphs):
        lines.append(columns.line([""] * len(columns.header), text or blank))
    better = {"lower": ("experimental", "comparator"), "higher": ("comparator", "experimental"), "neither": ("", "")}[
        sizes.better
    ]
    before, after = columns.beside
    direction = draw.favours(scale, null, better, (before, after), glyphs)
    lines += [direction] if direction else []
    return [line.rstrip() for line in lines]


def short_label(label: str, room: int) -> str:
    """A study's label cut to a width, with its last word where that is a year or a number."""
    head, _, tail = label.rpartition(" ")
    if display_width(label) > room and any(sign.isdigit() for sign in tail) and display_width(tail) <= room - 6:
        return f"{shorten(head, room - display_width(tail) - 1)} {tail}"
    return shorten(label, room)


class _Columns:
    """Text columns of the table; the plot stands after the study's data and before the numbers."""

    def __init__(
        self,
        header: list[str],
        rows: list[list[str]],
        pooled: list[str],
        prediction: list[str],
        plot_at: int,
        right: set[int],
    ) -> None:
        self.header, self.rows, self.pooled, self.prediction = header, rows, pooled, prediction
        self.plot_at, self.right = plot_at, right
        self.widths = [
            max(display_width(row[i]) for row in (header, *rows, pooled, prediction)) for i in range(len(header))
        ]

    def line(self, cells: Sequence[str], plot: str) -> str:
        """One line: cells padded, the plot at its place."""
        parts = [pad(cell, self.widths[i], i in self.right) for i, cell in enumerate(cells)]
        parts.insert(self.plot_at, plot)
        return "  ".join(parts)

    @property
    def beside(self) -> tuple[int, int]:
        """Cells left and right of the plot."""
        before = sum(self.widths[: self.plot_at]) + 2 * self.plot_at
        return before, sum(self.widths) + 2 * len(self.widths) - before

    def total(self, room: int) -> int:
        """Width of a whole line."""
        return sum(self.widths) + 2 * len(self.widths) + room


def _columns(sizes: EffectSizes, fit: PooledResult, notes: Footnotes, cells: int) -> _Columns:
    """As many columns as fit: the groups' data is the first to go, then labels are shortened."""
    wide = _build(sizes, fit, notes, arms=True, label_room=LABEL_ROOM + 14)
    if wide.total(PLOT_ROOM[0] + 6) <= cells:
        return wide
    room = LABEL_ROOM
    narrow = _build(sizes, fit, notes, arms=False, label_room=room)
    while narrow.total(PLOT_ROOM[0] if room > 12 else NARROW[1]) > cells and room > NARROW[0]:
        room -= 1
        narrow = _build(sizes, fit, notes, arms=False, label_room=room)
    return narrow


def _build(sizes: EffectSizes, fit: PooledResult, notes: Footnotes, arms: bool, label_room: int) -> _Columns:
    effect_head = f"{measure_label(sizes.measure)} [{level(fit.level)} CI]"
    header, pooled, prediction = ["Study"], ["Pooled"], ["Prediction"]
    rows = [[short_label(row.label, label_room)] for row in sizes.rows]
    has_arms = arms and any(arm_words(row.experimental) for row in sizes.rows)
    if has_arms:
        header += ["Experimental", "Comparator"]
        pooled += ["", ""]
        prediction += ["", ""]
        for cells, row in zip(rows, sizes.rows, strict=True):
            cells += [arm_words(row.experimental), arm_words(row.comparator)]
    plot_at = len(header)
    header += [effect_head, "Weight", ""]
    for cells, row, weight in zip(rows, sizes.rows, shares(fit), strict=True):
        cells += [study_words(row, "{} [{}]", ", "), percent(weight), notes.marks[row.study]]
    shown = fit.display
    pooled += [
        _bracketed(shown.estimate, shown.ci_low, shown.ci_high),
        percent(sum(fit.weights) if fit.weights else None),
        "",
    ]
    prediction += [
        f"[{beside(shown.estimate, shown.prediction_low, shown.prediction_high, ', ')}]"
        if shown.prediction_low is not None
        else "",
        "",
        "",
    ]
    return _Columns(header, rows, pooled, prediction, plot_at, {plot_at, plot_at + 1})


def shares(fit: PooledResult) -> tuple[float | None, ...]:
    """Each study's share of the estimate; None where the method gives none (a likelihood over all cells)."""
    return fit.weights or (None,) * fit.k


def study_words(row: StudyEffect, form: str, joint: str) -> str:
    """A study's effect in print. form : has room for the estimate and for the interval, whose ends `joint` parts."""
    return with_limits(row.estimate, row.low, row.high, form, joint) if row.estimable else NO_EFFECT


def _bracketed(estimate: float, low: float, high: float) -> str:
    return in_brackets(estimate, low, high)


def left_out(sizes: EffectSizes, cells: int) -> list[str]:
    """Studies that report the outcome but do not enter, with the reason, and how many do not report it."""
    worth, silent = left_out_words(sizes)
    lines = ["", "Not in the analysis"] if worth or silent else []
    for study in worth:
        lines += wrap(f"  {study.label} ({study.study}): {study.reason}", cells, "    ")
    if silent:
        lines += [
            f"  {count(silent, 'further study', 'further studies')} in the evidence base: {sizes.outcome} not reported"
        ]
    return lines


_HEADER = [
    "study", "label", "k", "estimate", "ci_low", "ci_high", "weight", "yi", "vi", "sei", "n_1", "events_1", "mean_1", "sd_1", "n_2", "events_2",
    "mean_2", "sd_2", "p_value", "tau2", "i2", "prediction_low", "prediction_high", "method", "notes", "q", "q_df", "q_p", "tau2_ci_low",
    "tau2_ci_high", "level", "model",
]  # fmt: skip


def pool_csv(sizes: EffectSizes, fit: PooledResult) -> str:
    """One row a study, then the pooled row; estimates on the natural scale, yi on the analysis scale, weights as shares."""
    rows = [_csv_row(row, weight) | {"level": sizes.level} for row, weight in zip(sizes.rows, shares(fit), strict=True)]
    shown = fit.display
    pooled = dict.fromkeys(_HEADER) | {
        "study": "pooled", "label": "pooled", "k": fit.k, "estimate": shown.estimate, "ci_low": shown.ci_low, "ci_high": shown.ci_high,
        "weight": sum(fit.weights) if fit.weights else None, "yi": fit.estimate, "vi": fit.se**2, "sei": fit.se, "p_value": fit.p_value, "tau2": fit.tau2, "i2": fit.i2,
        "prediction_low": shown.prediction_low, "prediction_high": shown.prediction_high,
        "method": method_words(sizes, fit), "notes": "; ".join(warning_words(sizes, fit)),
        "q": fit.q, "q_df": fit.q_df, "q_p": fit.q_p, "tau2_ci_low": fit.tau2_ci_low, "tau2_ci_high": fit.tau2_ci_high,
        "level": fit.level, "model": fit.model,
    }  # fmt: skip
    return csv_text(_HEADER, [[row[name] for name in _HEADER] for row in (*rows, pooled)])


def _csv_row(row: StudyEffect, weight: float | None) -> dict[str, object]:
    arms = {
        f"{name}_{side}": getattr(arm, name)
        for side, arm in ((1, row.experimental), (2, row.comparator))
        for name in ("n", "events", "mean", "sd")
    }
    effect = {
        "estimate": row.estimate, "ci_low": row.low, "ci_high": row.high, "yi": row.yi, "vi": row.vi, "sei": row.sei,
    }  # fmt: skip
    return dict.fromkeys(_HEADER) | arms | (effect if row.estimable else {}) | {
        "study": row.study, "label": row.label, "k": 1, "weight": weight, "method": row.derivation.words,
        "notes": "; ".join(flag.text for flag in row.flags),
    }  # fmt: skip


def pool_markdown(
    sizes: EffectSizes,
    fit: PooledResult,
    other: ReExpressed | None = None,
    assumed: Sequence[Sensitivity] = (),
) -> str:
    """A table for a manuscript, with the estimate, the method and the notes under it."""
    notes = footnotes(sizes.rows)
    lines = [f"**{sizes.outcome_label}**", "", *markdown_head(sizes, "Weight")]
    for row, weight in zip(sizes.rows, shares(fit), strict=True):
        lines.append(markdown_row(row, notes.marks[row.study], percent(weight)))
    shown = fit.display
    if fit.k > 1:
        lines.append(f"| **Pooled** | | | **{with_limits(shown.estimate, shown.ci_low, shown.ci_high)}** | 100.0% |")
    lines += [
        "",
        *(line for text in summary(sizes, fit, 10_000, other) for line in (text, "")),
        method_words(sizes, fit),
        "",
    ]
    lines += [f"{mark}. {text}" for mark, text in notes.notes]
    warnings = warning_words(sizes, fit)
    lines += ["", *(f"- {text}" for text in warnings)] if warnings else []
    lines += assumed_markdown(assumed, sizes)
    return markdown_text(lines + markdown_left_out(sizes))


def markdown_text(lines: Sequence[str]) -> str:
    """Lines as a text in which one empty line parts two blocks."""
    kept = [line for line, before in zip(lines, ("", *lines), strict=False) if line or before]
    return "\n".join(kept).rstrip() + "\n"


def markdown_head(sizes: EffectSizes, *more: str) -> list[str]:
    """The head of a Markdown table of studies; more : columns of numbers behind the effect."""
    head = ["Study", "Experimental", "Comparator", f"{measure_label(sizes.measure)} ({level(sizes.level)} CI)", *more]
    return ["| " + " | ".join(head) + " |", "| --- | --- | --- |" + " ---: |" * (1 + len(more))]


def markdown_row(row: StudyEffect, mark: str, *more: str) -> str:
    """A study's row under `markdown_head`; mark : letters of its notes."""
    cells = [
        row.label + (f" ({mark})" if mark else ""),
        arm_words(row.experimental),
        arm_words(row.comparator),
        study_words(row, "{} ({})", " to "),
        *more,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def markdown_left_out(sizes: EffectSizes) -> list[str]:
    """The studies that might have been expected in the table, each with the reason."""
    worth, _ = left_out_words(sizes)
    listed = "; ".join(f"{study.label} ({study.reason})" for study in worth)
    return ["", f"Not in the analysis: {listed}."] if worth else []
