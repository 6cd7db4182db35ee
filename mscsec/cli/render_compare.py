"""Several methods on the same cells, side by side, with the advice for rare events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mscsec.cli.output import csv_text, styled, table, width, wrap
from mscsec.effects.sizes import EffectSizes
from mscsec.report.numbers import count, in_brackets, level, p_value, percent, variance
from mscsec.report.words import method_name

if TYPE_CHECKING:
    from mscsec.pooling.counts import Advice, Comparison
    from mscsec.pooling.counts.rare import Compared

MARKS = {"recommended": "+", "suitable": "o", "caution": "!", "unsuitable": "x"}
_VERDICTS = {
    "recommended": "recommended",
    "suitable": "suitable",
    "caution": "with caution",
    "unsuitable": "not suited",
}


def compare_text(sizes: EffectSizes, found: Comparison) -> str:
    """A line a method, the recommended first, then why."""
    cells = width()
    title = f"{sizes.outcome_label}: {sizes.measure_name} by {count(len(found.rows), 'method')}"
    lines = [
        *(styled(line, "1") for line in wrap(title, cells)),
        *wrap(_facts(found.advice), cells),
        "",
    ]
    head = ["", "Method", "Model", "k", f"{sizes.measure} [{level(sizes.level)} CI]", "P", "tau2"]
    lines += table(head, [_row(item) for item in found.rows], right=[3, 4])
    marks = ", ".join(f"{MARKS[verdict]} {words}" for verdict, words in _VERDICTS.items())
    lines += ["", *wrap(f"{marks}, for these data (Cochrane Handbook 10.4.4)", cells)]
    for item in found.rows:
        lines += wrap(
            f"  {MARKS[item.verdict]} {item.method}: {item.reason}"
            + (f"; not fitted: {item.error}" if item.error else ""),
            cells,
            "    ",
        )
    if more := _of_odds_ratios(found):
        lines += wrap(more, cells)
    return "\n".join(lines) + "\n"


def _of_odds_ratios(found: Comparison) -> str:
    """Which methods there are for odds ratios only; empty where those are shown."""
    shown = {item.method for item in found.rows}
    more = [row.method for row in found.advice.methods if row.method not in shown and row.verdict != "unsuitable"]
    return "" if found.measure == "OR" or not more else f"For odds ratios alone (--measure OR): {', '.join(more)}."


def _facts(advice: Advice) -> str:
    zeros = []
    if advice.double_zero:
        zeros.append(f"{count(len(advice.double_zero), 'study', 'studies')} without events in either arm")
    if advice.double_full:
        zeros.append(f"{count(len(advice.double_full), 'study', 'studies')} in which everybody had the event")
    if advice.single_zero:
        zeros.append(f"{count(len(advice.single_zero), 'study', 'studies')} with a zero cell")
    sparse = "Sparse data: avoid adding 0.5 to zero cells. " if advice.sparse else ""
    return f"{sparse}{count(advice.k, 'study', 'studies')}, {advice.events_1:g}/{advice.n_1:g} against {advice.events_2:g}/{advice.n_2:g} events, {percent(advice.event_rate)} overall; {_arms(advice.imbalance)}{'; ' + ', '.join(zeros) if zeros else ''}."


def _arms(imbalance: float) -> str:
    """How the arms of a study compare in size."""
    times = f"{imbalance:.2g}"
    return "arms of one size" if times == "1" else f"within studies the larger arm is {times} times the smaller"


def _row(item: Compared) -> list[str]:
    fit = item.result
    if fit is None:
        return [MARKS[item.verdict], item.method, item.model, "", "not fitted", "", ""]
    shown = fit.display
    effect = in_brackets(shown.estimate, shown.ci_low, shown.ci_high)
    return [
        MARKS[item.verdict],
        item.method,
        fit.model,
        str(fit.k),
        effect,
        p_value(fit.p_value).removeprefix("P ").removeprefix("= "),
        variance(fit.tau2),
    ]


_HEADER = [
    "method",
    "name",
    "model",
    "verdict",
    "k",
    "estimate",
    "ci_low",
    "ci_high",
    "yi",
    "sei",
    "p_value",
    "tau2",
    "reason",
    "error",
]


def compare_csv(_sizes: EffectSizes, found: Comparison) -> str:
    """One row a method, every digit kept."""
    rows = []
    for item in found.rows:
        fit = item.result
        figures: list[object] = (
            [None] * 8
            if fit is None
            else [
                fit.k,
                fit.display.estimate,
                fit.display.ci_low,
                fit.display.ci_high,
                fit.estimate,
                fit.se,
                fit.p_value,
                fit.tau2,
            ]
        )
        rows.append(
            [
                item.method,
                method_name(item.method, found.measure),
                item.model,
                item.verdict,
                *figures,
                item.reason,
                item.error,
            ]
        )
    return csv_text(_HEADER, rows)


def compare_markdown(sizes: EffectSizes, found: Comparison) -> str:
    """A table for a manuscript or its supplement."""
    lines = [
        f"**{sizes.outcome_label}**",
        "",
        f"| Method | Model | k | {sizes.measure} ({level(sizes.level)} CI) | P | tau2 | Advice |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for item in found.rows:
        cells = _row(item)
        lines.append(
            f"| {method_name(item.method, found.measure)} | {' | '.join(cells[2:])} | {_VERDICTS[item.verdict]} |"
        )
    return "\n".join([*lines, "", _facts(found.advice)]) + "\n"
