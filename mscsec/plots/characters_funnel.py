"""A funnel plot drawn with characters: each study at its effect and standard error, with the region of chance around it."""

from __future__ import annotations

from dataclasses import dataclass

from mscsec.effects.sizes import EffectSizes
from mscsec.plots.characters import LARGEST_LOG, Axis, Glyphs, axis_lines, favours
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import number
from mscsec.sensitivity.diagnostics import funnel_region

ROWS = 17  # lines of the plot
SIDE = 8  # cells for the figures at the left
WIDEST = 96  # cells; a wider plot is no clearer
TOGETHER = 9  # as many studies in one cell have their number shown


@dataclass(frozen=True, slots=True)
class Signs:
    """The characters of a funnel; `ASCII` for terminals without the others. side : the vertical axis."""

    study: str
    region: str
    pooled: str
    side: str
    corner: str


UNICODE = Signs("●", "·", "┊", "│", "└")
ASCII = Signs("o", ".", ":", "|", "+")


def funnel_lines(sizes: EffectSizes, fit: PooledResult, cells: int, glyphs: Glyphs, signs: Signs) -> list[str]:
    """The plot, `cells` wide at most: standard errors from 0 at the top, effects from left to right, the legend below.

    A digit stands where several studies fall on one place, * for more than nine.
    """
    errors = [row.sei for row in sizes.rows]
    largest = max(errors) * 1.02
    region = funnel_region(fit.estimate, largest, level=fit.level)
    values = [row.yi for row in sizes.rows] + [float(region.low[-1]), float(region.high[-1])]
    low, high = min(values), max(values)
    if sizes.transform == "exp":
        low, high = max(low, -LARGEST_LOG), min(high, LARGEST_LOG)
    margin = 0.03 * ((high - low) or 1.0)
    scale = Axis(low - margin, high + margin, min(cells, WIDEST) - SIDE - 1, sizes.transform == "exp")
    field = [[" "] * scale.width for _ in range(ROWS)]
    middle = scale.column(fit.estimate)
    for row in range(ROWS):
        half = (region.high[-1] - region.centre) * row / (ROWS - 1)
        for edge in (scale.column(fit.estimate - half), scale.column(fit.estimate + half)):
            _put(field[row], edge, signs.region)
        _put(field[row], middle, signs.pooled)
    held: dict[tuple[int, int], int] = {}
    for study in sizes.rows:
        place = (round(study.sei / largest * (ROWS - 1)), scale.column(study.yi))
        held[place] = held.get(place, 0) + 1
    for (row, column), count in held.items():
        _put(field[row], column, signs.study if count == 1 else str(count) if count <= TOGETHER else "*")
    lines = [_side(row, largest) + signs.side + "".join(cells_of).rstrip() for row, cells_of in enumerate(field)]
    rule, labels = axis_lines(scale, sizes.null, glyphs)
    lines += [" " * SIDE + signs.corner + rule, " " * (SIDE + 1) + labels]
    better = {"lower": ("experimental", "comparator"), "higher": ("comparator", "experimental"), "neither": ("", "")}
    direction = favours(scale, sizes.null, better[sizes.better], (SIDE + 1, 0), glyphs)
    return [line.rstrip() for line in (*lines, *([direction] if direction else []))]


def _side(row: int, largest: float) -> str:
    """The standard error at every fourth line."""
    text = number(largest * row / (ROWS - 1), 2) if row % 4 == 0 else ""
    return f"{text:>{SIDE - 1}} "


def _put(line: list[str], column: int, sign: str) -> None:
    if 0 <= column < len(line):
        line[column] = sign
