"""What a forest plot says, line by line and before it is measured: results in, texts and spans out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mscsec.appraisal.judgements import BiasRow, BiasTable
from mscsec.effects.collect import StudyEffect
from mscsec.effects.measures import TRANSFORMS
from mscsec.effects.sizes import EffectSizes
from mscsec.effects.trail import Flag
from mscsec.errors import InvalidInput, UnknownName
from mscsec.plots.forest_axis import Span, span_of_fit, span_of_prediction, span_of_row
from mscsec.plots.forest_columns import Column, Columns, columns_of
from mscsec.plots.typeset import figures, typeset
from mscsec.pooling.regression import SubgroupResult
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import interval, level, number, p_value, percent, plural
from mscsec.report.words import (
    TAU2_NAMES,
    Footnotes,
    effect_unit,
    footnotes,
    heterogeneity_words,
    left_out_words,
    measure_label,
    method_name,
    test_words,
)
from mscsec.synthesis.fit import important
from mscsec.synthesis.totals import share_of, totals

SORTS = ("record", "effect", "weight", "precision", "year", "label")
DEFAULT_COLUMNS = ("study", "arms", "effect", "weight")
_CI = {
    "wald": "Wald", "t": "t", "hksj": "Hartung-Knapp", "hksj-adhoc": "Hartung-Knapp, ad hoc", "kr": "Kenward-Roger",
    "hc": "Henmi-Copas", "profile": "profile likelihood", "ivhet": "IVhet",
}  # fmt: skip
_INVERSE = ("inverse variance", "IV", "given weights", "single study")
_SIGNS = ("!", "?")
MODEL = "\0model "  # before the number of a further model, where a line of a table is named after its subgroup


@dataclass(frozen=True, slots=True)
class Groups:
    """Subgroups of a forest plot: what divides the studies, the group of each row of `sizes`, and the result."""

    field: str
    labels: tuple[str, ...]
    result: SubgroupResult


@dataclass(frozen=True, slots=True)
class Look:
    """What the reader of a forest plot chooses.

    columns : keys in order. sort : key of SORTS, with a minus in front from great to small. at : ticks on the natural
    scale. ends : limits of the axis on the natural scale. lines : "important" and "pooled", beside the line of no effect.
    names : of the two sides. favours : words left and right of no effect; None where the outcome's direction gives them.
    title : None for the outcome's label, "" for none.
    """

    columns: tuple[str, ...] = DEFAULT_COLUMNS
    sort: str = "record"
    at: tuple[float, ...] = ()
    ends: tuple[float, float] | None = None
    lines: tuple[str, ...] = ()
    names: tuple[str, str] = ("Experimental", "Comparator")
    favours: tuple[str, str] | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a heading, a study, a pooled estimate, a prediction interval, or words.

    notes, less : letters behind the label, and those that are left there where figures of the groups have their own.

    place : of a study among the rows. group : whose sums stand in a pooled line: a subgroup's, or "" for all studies.
    figures : estimate, low and high in print. share : of the box's area in that of the largest, in [0, 1].
    """

    kind: str
    label: str
    place: int | None = None
    group: str | None = None
    span: Span | None = None
    figures: tuple[str, str, str] | None = None
    share: float | None = None
    light: BiasRow | None = None
    notes: str = ""
    less: str = ""
    sign: str = ""
    indent: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that the plot shows. notes : (mark, text) under it. favours : words left and right of no effect."""

    title: str
    subtitle: str
    columns: Columns
    lines: tuple[Line, ...]
    bias: BiasTable | None
    notes: tuple[tuple[str, str], ...]
    axis_title: str
    favours: tuple[str, str]
    marked: tuple[tuple[str, float], ...] = ()
    spans: tuple[Span, ...] = field(default=())


def content_of(
    sizes: EffectSizes,
    fits: Sequence[PooledResult],
    look: Look,
    *,
    groups: Groups | None = None,
    bias: BiasTable | None = None,
    fields: Mapping[str, Sequence[Any]] | None = None,
) -> Content:
    """The content of a forest plot. fits : models one below the other; the weights are those of the first.

    Raises InvalidInput where there is no study or no model, UnknownName for a column or an order that is none.
    """
    if not sizes.rows or not fits:
        raise InvalidInput("there is no study to draw", "a forest plot has one study and one model or more")
    order = _order(sizes, fits[0], look.sort, fields or {})
    members = _members(groups, order)
    sums = {name: totals([sizes.rows[place] for place in places]) for name, places in members.items()}
    sums[""] = totals(sizes.rows)
    read = [place for places in members.values() for place in places] or order
    marks = footnotes([_read(sizes.rows[place]) for place in read])
    on_figures = _on_figures(sizes, marks)
    columns = columns_of(sizes, look.columns, fields or {}, _weights(fits, members), look.names, sums, on_figures)
    lights = {row.study: row for row in bias.standing} if bias is not None else {}
    studies = [_study(sizes, place, fits[0], marks, on_figures, lights) for place in range(len(sizes.rows))]
    lines = _lines(sizes, fits, groups, members, order, studies)
    unit = f" ({plural(sizes.unit)})" if sizes.unit else ""
    return Content(
        title=f"{sizes.outcome_label}{unit}" if look.title is None else look.title,
        subtitle=(sizes.comparison_label or "") if look.title is None else "",
        columns=columns,
        lines=tuple(lines),
        bias=bias,
        notes=(*_methods(sizes, fits, groups), *_line_notes(sizes, fits[0], look.lines), *_footnotes(sizes, marks)),
        axis_title=_axis_title(sizes),
        favours=look.favours or _favours(sizes, look.names),
        marked=_marked(sizes, fits[0], look.lines),
        spans=tuple(line.span for line in lines if line.span is not None),
    )


def _order(sizes: EffectSizes, fit: PooledResult, asked: str, fields: Mapping[str, Sequence[Any]]) -> list[int]:
    """Places of the studies in the order asked for; what has no value stands last."""
    key, down = asked.removeprefix("-"), asked.startswith("-")
    rows = sizes.rows
    values: dict[str, Sequence[Any]] = {
        "record": range(len(rows)), "effect": [row.yi if row.estimable else None for row in rows],
        "precision": [1 / row.vi if row.estimable else None for row in rows],
        "label": [row.label.casefold() for row in rows], "weight": fit.weights or [None] * len(rows),
        "year": fields.get("year") or [None] * len(rows),
    }  # fmt: skip
    if key not in values:
        raise UnknownName("order (sort)", key, SORTS)
    known = [place for place in range(len(rows)) if values[key][place] is not None]
    rest = [place for place in range(len(rows)) if values[key][place] is None]
    return sorted(known, key=lambda place: values[key][place], reverse=down) + rest


def _members(groups: Groups | None, order: Sequence[int]) -> dict[str, list[int]]:
    if groups is None:
        return {}
    return {name: [place for place in order if groups.labels[place] == name] for name in groups.result.groups}


def _weights(fits: Sequence[PooledResult], members: Mapping[str, Sequence[int]]) -> list[Column]:
    """A column of weights a model, where the models' weights differ in print; none where a method gives none."""
    found: list[Column] = []
    for model, fit in enumerate(fits):
        if not fit.weights:
            continue
        cells = tuple(percent(share) for share in fit.weights)
        if any(cells == column.cells for column in found):
            continue
        ends = {name: percent(share_of(fit.weights, places)) for name, places in members.items()} if not model else {}
        ends[f"{MODEL}{model}" if model else ""] = percent(math.fsum(fit.weights))
        found.append(Column("weight", "Weight", cells, side="right", totals=ends))
    if len(found) > 1:
        heads = [f"Weight, {fit.model if fit.method in _INVERSE else fit.method}" for fit in fits if fit.weights]
        heads = heads if len(set(heads)) == len(found) else [f"Weight {number + 1}" for number in range(len(found))]
        found = [replace(column, head=head) for column, head in zip(found, heads, strict=False)]
    return found


_FIGURES = ("n", "events", "mean", "sd")


def _figure_of(row: StudyEffect, flag: Flag) -> tuple[int, str] | None:
    """The side and the figure of a group that a note is about, such as an assumed number of patients."""
    if flag.mark != "assumed":
        return None
    for side, arm in enumerate((row.experimental, row.comparator)):
        for what in _FIGURES:
            if flag.text.startswith(f"{arm.label}: {'SD' if what == 'sd' else what} = "):
                return side, what
    return None


def _read(row: StudyEffect) -> StudyEffect:
    """The notes of a study in the order in which their letters are read: behind its name, then from side to side."""
    places = [_figure_of(row, flag) for flag in row.flags]
    order = sorted(range(len(places)), key=lambda number: -1 if (found := places[number]) is None else found[0])
    return replace(row, flags=tuple(row.flags[number] for number in order))


def _on_figures(sizes: EffectSizes, marks: Footnotes) -> dict[tuple[int, int, str], str]:
    """Letters of the notes that are about one figure of a group."""
    letters = {text: letter for letter, text in marks.notes}
    found: dict[tuple[int, int, str], str] = {}
    for place, row in enumerate(sizes.rows):
        for flag in row.flags:
            letter, where = letters.get(f"{row.label}: {flag.text}", ""), _figure_of(row, flag)
            if where is not None and 0 < len(letter) < 3:
                found[place, *where] = letter
    return found


def _study(
    sizes: EffectSizes,
    place: int,
    fit: PooledResult,
    marks: Footnotes,
    on_figures: Mapping[tuple[int, int, str], str],
    lights: Mapping[str, BiasRow],
) -> Line:
    row = sizes.rows[place]
    inner = {letter for (number, _, _), letter in on_figures.items() if number == place}
    less = ",".join(letter for letter in marks.marks[row.study].split(",") if letter not in inner)
    share = fit.weights[place] / max(fit.weights) if fit.weights and max(fit.weights) > 0 else None
    sign = next((flag.mark for flag in row.flags if flag.mark in _SIGNS), "")
    has = row.estimable
    return Line(
        "study", row.label, place=place, span=span_of_row(sizes, place) if has else None,
        figures=_figures(_printed(sizes), row.estimate, row.low, row.high) if has else None,
        share=share, light=lights.get(row.record), notes=marks.marks[row.study], less=less, sign=sign,
    )  # fmt: skip


def _printed(sizes: EffectSizes) -> Callable[[float | None], str]:
    return figures(sizes.transform == "exp", [(row.low, row.high) for row in sizes.rows if row.estimable])


def _figures(
    printed: Callable[[float | None], str], estimate: float, low: float | None, high: float | None
) -> tuple[str, str, str]:
    return printed(estimate), printed(low), printed(high)


def _lines(
    sizes: EffectSizes,
    fits: Sequence[PooledResult],
    groups: Groups | None,
    members: Mapping[str, Sequence[int]],
    order: Sequence[int],
    studies: Sequence[Line],
) -> list[Line]:
    lines: list[Line] = []
    if groups is None:
        lines += [studies[place] for place in order]
    else:
        for name, fit in groups.result.groups.items():
            lines += [Line("gap", ""), Line("heading", _heading(groups.field, name))] if lines else []
            lines += [] if lines else [Line("heading", _heading(groups.field, name))]
            lines += [replace(studies[place], indent=True) for place in members[name]]
            lines += _pooled(sizes, fit, f"Subtotal, {model_words(fit, sizes.measure)}", name, indent=True)
            words = heterogeneity_words(fit)
            lines += [Line("words", typeset(f"Heterogeneity: {words}"), indent=True)] if fit.k > 1 and words else []
    if fits[0].k > 1:
        lines.append(Line("gap", ""))
        for place, fit in enumerate(fits):
            label = model_words(fit, sizes.measure)
            label = f"Total, {label}" if groups is not None else label[:1].upper() + label[1:]
            lines += _pooled(sizes, fit, label, f"{MODEL}{place}" if place else "")
            lines += [Line("words", text) for text in _found(sizes, fit, fits[:place])]
    if groups is not None:
        lines.append(Line("words", typeset(_between(groups.result))))
    return lines


def _heading(field: str, name: str) -> str:
    return f"{(field[:1].upper() + field[1:]).replace('_', ' ')}: {name}"


def _pooled(sizes: EffectSizes, fit: PooledResult, label: str, group: str | None, indent: bool = False) -> list[Line]:
    shown, printed = fit.display, _printed(sizes)
    effect = _figures(printed, shown.estimate, shown.ci_low, shown.ci_high)
    lines = [Line("pooled", label, group=group, span=span_of_fit(sizes, fit), figures=effect, indent=indent)]
    span = span_of_prediction(sizes, fit)
    if span is not None:
        ends = _figures(printed, shown.estimate, shown.prediction_low, shown.prediction_high)
        text = "Prediction interval"
        lines.append(Line("prediction", text, span=span, figures=("", ends[1], ends[2]), indent=indent))
    return lines


def _found(sizes: EffectSizes, fit: PooledResult, before: Sequence[PooledResult]) -> list[str]:
    """Heterogeneity and test under a pooled estimate; what an earlier model has said already is not repeated."""
    words = heterogeneity_words(fit)
    said = any(other.q == fit.q and (fit.tau2 is None or fit.tau2 == other.tau2) for other in before)
    found = [f"Heterogeneity: {words}"] if words and not said else []
    found += [f"Test of the effect: {test_words(fit)}"] if sizes.null is not None else []
    return [typeset(text) for text in found]


def _between(result: SubgroupResult) -> str:
    test = result.between
    if test.q is None:
        return f"Test for subgroup differences: not possible, {test.reason}"
    return f"Test for subgroup differences: Q = {number(test.q)}, df = {test.df}, {p_value(test.p_value)}"


def model_words(fit: PooledResult, measure: str) -> str:
    """A model of a measure in the few words that fit beside its diamond: "random effects (REML, Hartung-Knapp)"."""
    model = {"random": "random effects", "common": "common effect"}.get(fit.model, fit.model)
    how = [fit.tau2_method or ""] if fit.model == "random" and fit.k > 1 else []
    how += [_CI.get(fit.ci_method, fit.ci_method)] if fit.ci_method != "wald" else []
    details = ", ".join(part for part in how if part)
    method = "" if fit.method in _INVERSE else _method(fit.method, measure)
    if fit.method == "BB":
        return method
    if fit.k == 1:
        return method or "one study"
    return f"{f'{method}, ' if method else ''}{model}{f' ({details})' if details else ''}"


def _method(key: str, measure: str) -> str:
    return method_name(key, measure).removeprefix("the ").removesuffix(" method")


def _methods(sizes: EffectSizes, fits: Sequence[PooledResult], groups: Groups | None) -> list[tuple[str, str]]:
    """One sentence a model: weights, between-study variance, interval, prediction."""
    found: list[tuple[str, str]] = []
    for fit in [*fits, *(groups.result.groups.values() if groups is not None else ())]:
        if fit.k == 1:
            by = "profile likelihood" if fit.ci_method == "profile" else "the normal approximation"
            text = f"One study: nothing was pooled; {level(fit.level)} CI by {by}."
        else:
            name, how = model_words(fit, sizes.measure), method_name(fit.method, sizes.measure)
            parts = [
                f"{name[:1].upper()}{name[1:]}" + ("" if _method(fit.method, sizes.measure) in name else f": {how}")
            ]
            if fit.model == "random" and fit.tau2_method:
                parts.append(f"tau2 by {TAU2_NAMES.get(fit.tau2_method, fit.tau2_method)}")
            parts.append(f"{level(fit.level)} CI by {_CI.get(fit.ci_method, fit.ci_method)}")
            text = "; ".join(parts) + "."
        if ("", typeset(text)) not in found and not (fit.k == 1 and fit not in fits):
            found.append(("", typeset(text)))
    if groups is not None and groups.result.overall.model == "random":
        own = "shared by all subgroups" if groups.result.tau2_common else "of each subgroup's own"
        found.append(("", typeset(f"The between-study variance tau2 is {own}.")))
    return found


def _footnotes(sizes: EffectSizes, marks: Footnotes) -> list[tuple[str, str]]:
    signs = {flag.text: flag.mark for row in sizes.rows for flag in row.flags if flag.mark in _SIGNS}
    found = [(f"{letter} {signs[text]}" if text in signs else letter, typeset(text)) for letter, text in marks.notes]
    empty = [study.label for study in left_out_words(sizes)[0] if "nobody or everybody had the event" in study.reason]
    if empty:
        found.append(("", f"Not estimable, as nobody or everybody had the event: {', '.join(empty)}."))
    return found


def _line_notes(sizes: EffectSizes, fit: PooledResult, asked: Sequence[str]) -> list[tuple[str, str]]:
    """What the lines beside that of no effect are."""
    drawn = dict(_marked(sizes, fit, asked))
    found = []
    if "important" in drawn:
        bound = math.exp(drawn["important"]) if sizes.transform == "exp" else drawn["important"]
        unit = f" {plural(sizes.unit)}" if effect_unit(sizes) and sizes.unit else ""
        found.append(("", typeset(f"Dashed line: the important difference, {sizes.measure} {number(bound)}{unit}.")))
    if "pooled" in drawn:
        found.append(("", "Dotted line: the pooled estimate."))
    return found


def _axis_title(sizes: EffectSizes) -> str:
    """What stands on the axis: the measure, or what its way back gives (a proportion, for a logit)."""
    name = sizes.measure_name
    if sizes.transform == "exp":
        return _capital(f"{name.removeprefix('log ')} (log scale)")
    if sizes.transform != "identity":
        return _capital(TRANSFORMS[sizes.transform].name.rpartition(" to ")[2])
    return _capital(f"{name}, {plural(sizes.unit)}" if effect_unit(sizes) and sizes.unit else name)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _favours(sizes: EffectSizes, names: tuple[str, str]) -> tuple[str, str]:
    """The words on either side of no effect; none where neither direction is better."""
    if sizes.null is None or sizes.better == "neither":
        return "", ""
    one, two = (f"Favours {name[:1].lower() + name[1:] if name[1:2].islower() else name}" for name in names)
    return (one, two) if sizes.better == "lower" else (two, one)


def _marked(sizes: EffectSizes, fit: PooledResult, asked: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Vertical lines beside that of no effect: (key, place on the axis)."""
    known = ("important", "pooled")
    found: list[tuple[str, float]] = []
    for key in asked:
        if key not in known:
            raise UnknownName("line (lines)", key, known)
        if key == "pooled":
            found.append((key, span_of_fit(sizes, fit)[0]))
        elif (bound := important(sizes)) is not None:
            found.append((key, bound))
    return tuple(found)


def summary(sizes: EffectSizes, fits: Sequence[PooledResult], groups: Groups | None) -> str:
    """The plot in words, for those who cannot see it."""
    parts = [f"{len(sizes.rows)} {'study' if len(sizes.rows) == 1 else 'studies'}."]
    for fit in fits if fits[0].k > 1 else ():
        shown = fit.display
        text = f"{model_words(fit, sizes.measure)}: {measure_label(sizes.measure)} {number(shown.estimate)} ({level(fit.level)} CI {interval(shown.ci_low, shown.ci_high)})"
        if shown.prediction_low is not None:
            text += f", prediction interval {interval(shown.prediction_low, shown.prediction_high)}"
        parts.append(f"{text}; {heterogeneity_words(fit)}.")
    for name, fit in groups.result.groups.items() if groups is not None else ():
        shown = fit.display
        parts.append(
            f"{name}: {measure_label(sizes.measure)} {number(shown.estimate)} ({interval(shown.ci_low, shown.ci_high)}), k = {fit.k}."
        )
    listed = sizes.rows[:40]
    parts += [f"{row.label}: {number(row.estimate)} ({interval(row.low, row.high)})." for row in listed]
    more = len(sizes.rows) - len(listed)
    return " ".join([*parts, f"And {more} more."] if more else parts)
