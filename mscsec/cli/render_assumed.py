"""How much an assumed quantity decides, as text and Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from mscsec.cli.output import table, wrap
from mscsec.effects.sizes import EffectSizes
from mscsec.report.numbers import interval, level, number, percent, variance
from mscsec.synthesis.assumed import Point, Sensitivity


def assumed_text(found: Sequence[Sensitivity], sizes: EffectSizes, cells: int) -> list[str]:
    """A small table for each assumed quantity: the pooled result at each of its values."""
    lines: list[str] = []
    for item in found:
        lines += ["", *wrap(_title(item, sizes), cells, "  ")]
        drawn = table(_head(sizes), [_row(point) for point in item.points], right=[1])
        lines += [f"  {line}".rstrip() for line in drawn]
        lines += wrap(f"  {_verdict(item)}", cells, "  ") if _verdict(item) else []
    return lines


def assumed_markdown(found: Sequence[Sensitivity], sizes: EffectSizes) -> list[str]:
    """The same as Markdown tables."""
    lines: list[str] = []
    for item in found:
        lines += ["", _title(item, sizes), "", f"| {' | '.join(_head(sizes))} |", "| ---: | ---: | --- | --- |"]
        lines += [f"| {' | '.join(_row(point))} |" for point in item.points]
        lines += ["", _verdict(item)] if _verdict(item) else []
    return lines


def assumed_of_study(found: Sequence[Sensitivity], study: str, measure: str) -> list[str]:
    """One study's effect at each value of what was assumed for it; empty where nothing was."""
    lines = []
    for item in found:
        rows = [
            [_mark(point), f"{number(at.estimate)} [{interval(at.low, at.high, joint=', ')}]"]
            for point in item.points
            for at in point.studies
            if at.study == study
        ]
        if rows:
            lines += [f"  {measure} by {item.name} (* as used)"]
            lines += [f"    {line}".rstrip() for line in table(["at", measure], rows, right=[1])[1:]]
    return lines


def _mark(point: Point) -> str:
    return f"{point.value:g}{'*' if point.used else ''}"


def _title(item: Sensitivity, sizes: EffectSizes) -> str:
    labels = [row.label for row in sizes.rows if row.study in item.studies]
    return f"Sensitivity to the {item.name}, {item.used:g} assumed for {', '.join(labels)}"


def _head(sizes: EffectSizes) -> list[str]:
    return ["at", f"{sizes.measure} [{level(sizes.level)} CI]", "tau2", "I2"]


def _row(point: Point) -> list[str]:
    shown = (
        ""
        if point.estimate is None
        else f"{number(point.estimate)} [{interval(point.ci_low, point.ci_high, joint=', ')}]"
    )
    spread = "" if point.tau2 is None else variance(point.tau2)
    return [
        _mark(point),
        shown,
        spread,
        percent(point.i2) if point.i2 is not None else "",
    ]


def _verdict(item: Sensitivity) -> str:
    """Whether the interval says the same at every value."""
    said = [(point.value, point.excludes_null) for point in item.points if point.excludes_null is not None]
    if not said:
        return ""
    excluding = [value for value, excludes in said if excludes]
    if not excluding or len(excluding) == len(said):
        return f"The interval {'excludes' if excluding else 'includes'} no effect at each of these values (* the one used)."
    including = [value for value, excludes in said if not excludes]
    return f"The interval excludes no effect at {_listed(excluding)}, not at {_listed(including)} (* the one used)."


def _listed(values: Sequence[float]) -> str:
    *most, last = (f"{value:g}" for value in values)
    return f"{', '.join(most)} and {last}" if most else last
