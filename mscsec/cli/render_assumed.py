"""How much an assumed quantity decides, as text and Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from mscsec.cli.output import table, wrap
from mscsec.effects.sizes import EffectSizes
from mscsec.report.assumed import assumed_heads, assumed_mark, assumed_row, assumed_title, assumed_verdict
from mscsec.report.numbers import in_brackets
from mscsec.synthesis.assumed import Sensitivity


def assumed_text(found: Sequence[Sensitivity], sizes: EffectSizes, cells: int) -> list[str]:
    """A small table for each assumed quantity: the pooled result at each of its values."""
    lines: list[str] = []
    for item in found:
        lines += ["", *wrap(assumed_title(item, sizes), cells, "  ")]
        drawn = table(assumed_heads(sizes), [assumed_row(point) for point in item.points], right=[1])
        lines += [f"  {line}".rstrip() for line in drawn]
        lines += wrap(f"  {assumed_verdict(item)}", cells, "  ") if assumed_verdict(item) else []
    return lines


def assumed_markdown(found: Sequence[Sensitivity], sizes: EffectSizes) -> list[str]:
    """The same as Markdown tables."""
    lines: list[str] = []
    for item in found:
        lines += [
            "",
            assumed_title(item, sizes),
            "",
            f"| {' | '.join(assumed_heads(sizes))} |",
            "| ---: | ---: | --- | --- |",
        ]
        lines += [f"| {' | '.join(assumed_row(point))} |" for point in item.points]
        lines += ["", assumed_verdict(item)] if assumed_verdict(item) else []
    return lines


def assumed_of_study(found: Sequence[Sensitivity], study: str, measure: str) -> list[str]:
    """One study's effect at each value of what was assumed for it; empty where nothing was."""
    lines = []
    for item in found:
        rows = [
            [assumed_mark(point), in_brackets(at.estimate, at.low, at.high)]
            for point in item.points
            for at in point.studies
            if at.study == study
        ]
        if rows:
            lines += [f"  {measure} by {item.name} (* as used)"]
            lines += [f"    {line}".rstrip() for line in table(["at", measure], rows, right=[1])[1:]]
    return lines
