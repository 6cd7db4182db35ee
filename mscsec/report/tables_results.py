"""Tables of results: what was pooled, and how it changes when the analysis does."""

from __future__ import annotations

from typing import Any

from mscsec.effects.sizes import EffectSizes
from mscsec.pooling.result import PooledResult
from mscsec.report.assumed import assumed_row, assumed_title, assumed_verdict
from mscsec.report.manuscript.blocks import Column, Row, Table, make_table, marked
from mscsec.report.material import Listed, Material, fitted
from mscsec.report.numbers import beside, level, p_value, percent, plain, variance, with_limits
from mscsec.report.tables_studies import participants
from mscsec.synthesis.assumed import Sensitivity as AssumedQuantity
from mscsec.synthesis.review import OutcomeSynthesis, Sensitivity

MOST_LEFT_OUT = 30
POOLED_NOTES = {
    "a": "A figure that no report prints went into it; see the effects of its studies and the assumptions",
    "!": "Recorded figures of a study in it contradict each other; see the findings of integrity",
    "?": "Recorded figures of a study in it raise a question; see the findings of integrity",
}
_GROUPS = {
    "own": "",
    "choice": "Another model or interval",
    "set": "Fewer studies",
    "leave-one-out": "One study left out",
}


def _tested(sizes: EffectSizes, p: float | None) -> str:
    """The same of a pooled effect; a dash for a single group, which has no effect of zero to test."""
    return short_p(None if sizes.null is None else p)


def short_p(p: float | None) -> str:
    """A P value under a head that says P: "0.041", "< 0.0001", which stays on one line."""
    return "–" if p is None else p_value(p).removeprefix("P ").removeprefix("= ").replace(" ", "\u00a0")


def pooled_tables(found: Material) -> list[Table]:
    """One table, a row an outcome."""
    rows = []
    used: set[str] = set()
    for one in found.synthesis.with_data:
        sizes, fit = fitted(one)
        marks = _marks(one)
        used |= set(marks)
        shown, people = fit.display, participants(sizes.rows)
        rows.append(Row((
            marked(f"{one.label}{f' ({sizes.unit})' if sizes.unit else ''}", ",".join(marks)), str(fit.k), "not known" if people is None else plain(people),
            f"{sizes.measure} {with_limits(shown.estimate, shown.ci_low, shown.ci_high)}", _tested(sizes, fit.p_value),
            "–" if shown.prediction_low is None else beside(shown.estimate, shown.prediction_low, shown.prediction_high),
            *_spread(fit),
        )))  # fmt: skip
    heads = ("Outcome", Column("Studies", True), Column("People", True), "Effect (CI)", Column("P", True), "Prediction interval", Column("τ²", True), Column("I²", True))  # fmt: skip
    levels = {fit.level for _, fit in map(fitted, found.synthesis.with_data)}
    note = f"Confidence and prediction intervals at {', '.join(level(one) for one in sorted(levels))}."
    return [
        make_table(
            "pooled",
            "Pooled results",
            heads,
            rows,
            [*((mark, text) for mark, text in POOLED_NOTES.items() if mark in used), ("", note)] if rows else [],
            wide=True,
        )
    ]


def _marks(one: OutcomeSynthesis) -> list[str]:
    """The marks of a pooled result: an assumed figure went into it, or figures that are under question."""
    sizes, _ = fitted(one)
    assumed = any(figure.assumed for row in sizes.rows for figure in row.derivation.figures)
    levels = {one.marks.get(row.record) for row in sizes.rows}
    return [
        mark for mark, there in (("a", assumed), ("!", "contradiction" in levels), ("?", "question" in levels)) if there
    ]


def _spread(fit: PooledResult) -> tuple[str, str]:
    """tau2 and I2; a dash where nothing was pooled."""
    return ("–", "–") if fit.k < 2 else (variance(fit.tau2), percent(fit.i2))


def pooled_data(found: Material) -> Listed:
    """A row an outcome; every digit."""
    names = (
        "k", "estimate", "se", "ci_low", "ci_high", "level", "statistic", "df", "p_value", "tau2", "tau2_ci_low", "tau2_ci_high", "i2",
        "i2_q", "h2", "q", "q_df", "q_p", "prediction_low", "prediction_high", "prediction_df", "model", "method", "tau2_method", "ci_method",
        "prediction_method",
    )  # fmt: skip
    shown = ("estimate", "ci_low", "ci_high", "prediction_low", "prediction_high")
    head = ("outcome", "label", "measure", "unit", "comparison", "participants", *(f"shown_{name}" for name in shown), *names, "notes")  # fmt: skip
    rows = []
    for one in found.synthesis.with_data:
        sizes, fit = fitted(one)
        rows.append((
            one.outcome, one.label, sizes.measure, sizes.unit, sizes.comparison, participants(sizes.rows),
            *(getattr(fit.display, name) for name in shown), *(getattr(fit, name) for name in names),
            "; ".join(str(notice) for notice in fit.warnings),
        ))  # fmt: skip
    return Listed(head, tuple(rows))


# --- sensitivity -------------------------------------------------------------------------------------------------


def sensitivity_tables(found: Material) -> list[Table]:
    """A table an outcome with two studies or more."""
    return [sensitivity_table(one) for one in found.synthesis.with_data if len(one.sensitivity) > 1]


def sensitivity_table(one: OutcomeSynthesis) -> Table:
    """The review's analysis, other models and intervals, and other sets of studies."""
    sizes, fit = fitted(one)
    rows: list[Row] = []
    group = ""
    printed, said = _printed(one)
    for analysis in printed:
        if _GROUPS[analysis.kind] != group:
            group = _GROUPS[analysis.kind]
            rows.append(Row((group,), "group"))
        k, values = looked_up(one, analysis)
        ahead = values["prediction_low"]
        rows.append(Row((
            analysis.name, str(k), with_limits(values['estimate'], values['ci_low'], values['ci_high']),
            _tested(sizes, values["p_value"]), "–" if ahead is None else beside(values["estimate"], ahead, values["prediction_high"]),
            variance(values["tau2"]), percent(values["i2"]),
        )))  # fmt: skip
    heads = ("Analysis", Column("Studies", True), Column(f"{sizes.measure} ({level(fit.level)} CI)", True), Column("P", True),
             Column("Prediction interval", True), Column("τ²", True), Column("I²", True))  # fmt: skip
    notes = [
        *said,
        ("", "A dash: there is no such number for this analysis, as for one study alone or a model without it."),
    ]
    return make_table(f"sensitivity-{one.outcome}", f"Sensitivity of {one.label}", heads, rows, notes)


def _printed(one: OutcomeSynthesis) -> tuple[list[Sensitivity], list[tuple[str, str]]]:
    """The analyses that a page has room for: of very many studies left out in turn, those with the most effect either way."""
    left = [analysis for analysis in one.sensitivity if analysis.kind == "leave-one-out"]
    if len(left) <= MOST_LEFT_OUT:
        return list(one.sensitivity), []
    known = [(value, analysis) for analysis in left if (value := looked_up(one, analysis)[1]["estimate"]) is not None]
    ends = [pick(known, key=lambda pair: pair[0])[1] for pick in (min, max)]
    kept = [analysis for analysis in one.sensitivity if analysis.kind != "leave-one-out" or analysis in ends]
    return kept, [
        ("", f"Of {len(left)} studies left out in turn, the two that give the lowest and the highest effect.")
    ]


_FIELDS = ("estimate", "ci_low", "ci_high", "p_value", "prediction_low", "prediction_high", "tau2", "i2")


def looked_up(one: OutcomeSynthesis, analysis: Sensitivity) -> tuple[int, dict[str, float | None]]:
    """Number of studies and the numbers of one analysis; None where a number does not exist or did not converge."""
    table = one.combinations
    assert table is not None
    column = table.columns[analysis.choice]
    good = bool(column.converged[analysis.row])
    values = {name: float(getattr(column, name)[analysis.row]) for name in _FIELDS}
    members = int(table.members[analysis.row].sum())
    return members, {name: value if good and value == value else None for name, value in values.items()}


def sensitivity_data(found: Material) -> Listed:
    """A row an outcome and analysis; effects on the natural scale, every digit."""
    head = ("outcome", "label", "kind", "analysis", "left_out", "model", "ci", "k", "measure", *_FIELDS)
    rows: list[tuple[Any, ...]] = []
    for one in found.synthesis.with_data:
        sizes, _ = fitted(one)
        for analysis in one.sensitivity:
            k, values = looked_up(one, analysis)
            assert one.combinations is not None
            choice = one.combinations.choices[analysis.choice]
            inside = one.combinations.members[analysis.row]
            left = " ".join(row.study for row, there in zip(sizes.rows, inside, strict=True) if not there)
            rows.append((one.outcome, one.label, analysis.kind, analysis.name, left, choice.model, choice.ci, k, sizes.measure, *values.values()))  # fmt: skip
    return Listed(head, tuple(rows))


# --- assumed values ----------------------------------------------------------------------------------------------


def assumed_table(one: OutcomeSynthesis, item: AssumedQuantity) -> Table:
    """The pooled result at each value of an assumed quantity, and whether that changes what it says."""
    sizes, fit = fitted(one)
    rows = []
    for point in item.points:
        value, shown, tau2, i2 = assumed_row(point)
        effect = with_limits(point.estimate, point.ci_low, point.ci_high) if shown else "–"
        rows.append(Row((value, effect, short_p(point.p_value), tau2 or "–", i2 or "–")))
    heads = (Column("Value", True), Column(f"{sizes.measure} ({level(fit.level)} CI)", True), Column("P", True),
             Column("τ²", True), Column("I²", True))  # fmt: skip
    verdict = assumed_verdict(item)
    notes = [("", verdict)] if verdict else []
    return make_table(f"assumed-{one.outcome}-{item.quantity}", assumed_title(item, sizes), heads, rows, notes)
