"""What an assumed quantity decides, in words and rows, for every kind of page."""

from __future__ import annotations

from collections.abc import Sequence

from mscsec.effects.sizes import EffectSizes
from mscsec.report.numbers import in_brackets, level, percent, variance
from mscsec.said import Said, joined, num, quoted, said
from mscsec.synthesis.assumed import Point, Sensitivity


def assumed_title(item: Sensitivity, sizes: EffectSizes) -> Said:
    """Which quantity, with which value, for which studies."""
    labels = [quoted(row.label) for row in sizes.rows if row.study in item.studies]
    return said("Sensitivity to the {}, {:g} assumed for {}", item.name, item.used, joined(", ", labels))


def assumed_heads(sizes: EffectSizes) -> list[str]:
    """Heads of the table: the value, the pooled effect, tau2 and I2."""
    return ["at", f"{sizes.measure} [{level(sizes.level)} CI]", "tau2", "I2"]


def assumed_row(point: Point) -> list[str]:
    """The pooled result at one value; what does not exist is empty."""
    shown = ""
    if point.estimate is not None:
        shown = in_brackets(point.estimate, point.ci_low, point.ci_high)
    spread = "" if point.tau2 is None else variance(point.tau2)
    return [assumed_mark(point), shown, spread, "" if point.i2 is None else percent(point.i2)]


def assumed_mark(point: Point) -> str:
    """A value, with a star where it is the one used."""
    return f"{point.value:g}{'*' if point.used else ''}"


def assumed_verdict(item: Sensitivity) -> Said:
    """Whether the interval says the same at every value; empty where nothing was pooled or there is no null."""
    told = [(point.value, point.excludes_null) for point in item.points if point.excludes_null is not None]
    if not told:
        return Said()
    excluding = [value for value, excludes in told if excludes]
    if not excluding or len(excluding) == len(told):
        return Said(f"The interval {'excludes' if excluding else 'includes'} no effect at each of these values (* the one used).")  # fmt: skip
    including = [value for value, excludes in told if not excludes]
    return said(
        "The interval excludes no effect at {}, not at {} (* the one used).", _listed(excluding), _listed(including)
    )


def _listed(values: Sequence[float]) -> Said:
    *most, last = (f"{value:g}" for value in values)
    return num(f"{', '.join(most)} and {last}" if most else last)
