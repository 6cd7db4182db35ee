"""What charts of studies share: points by weight, the pooled line, its words for the legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mscsec.arrays import Array
from mscsec.effects.moderators import column
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import InvalidInput, UnknownName, UsageError
from mscsec.plots.chart import Chart, Entry, Frame
from mscsec.plots.kinds import Request
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import interval, level, number

DOT = 0.032  # radius in inches of a plain point
LARGEST, LEAST = 0.15, 0.022  # radii in inches of points by weight


def bubbles(weights: Sequence[float] | Array, largest: float = LARGEST) -> Array:
    """(k,) radii in inches: area in proportion to the weight, never too small to be seen."""
    share = np.asarray(weights, dtype=float)
    top = share.max(initial=0.0)
    crowd = largest * min(1.0, (30 / max(share.size, 1)) ** 0.25)
    root = np.sqrt(share / top) if top > 0 else np.ones_like(share)
    return np.asarray(np.maximum(crowd * root, LEAST), dtype=float)


def dots(k: int) -> Array:
    """(k,) radii of plain points, smaller where there are many."""
    return np.full(k, DOT if k <= 60 else DOT * 0.75)


def draw_points(chart: Chart, x: Any, y: Any, radius: Array, **style: Any) -> None:
    """Points of `radius` inches with a white edge, so that those that overlap are told apart."""
    palette = chart.page.palette
    options: dict[str, Any] = {
        "s": (2 * radius * 72) ** 2, "facecolor": palette.study, "edgecolor": "white", "linewidth": 0.5, "zorder": 4, "clip_on": False,
    }  # fmt: skip
    chart.axes.scatter(x, y, **(options | style))


def pooled_words(sizes: EffectSizes, fit: PooledResult) -> str:
    """ "Pooled effect 0.49 [0.33, 0.73], random effects"."""
    shown = fit.display
    name = "Effect" if fit.k == 1 else "Pooled effect"
    limits = interval(shown.ci_low, shown.ci_high, joint=", ")
    model = {"random": ", random effects", "common": ", common effect"}.get(fit.model, "") if fit.k > 1 else ""
    return f"{name} {number(shown.estimate)} [{level(fit.level)} CI {limits}]{model}"


def pooled_entry(sizes: EffectSizes, fit: PooledResult, ink: str, **style: Any) -> Entry:
    """The pooled effect as a line of the legend, or as a point where `style` names a marker."""
    kind = "point" if "marker" in style else "line"
    return Entry(
        pooled_words(sizes, fit), kind, {"color": ink} | ({} if kind == "point" else {"linewidth": 1.2}) | style
    )


def frame(sizes: EffectSizes, **around: Any) -> Frame:
    """The frame of a chart of one outcome: its title and comparison, and what else is given."""
    return Frame(title=sizes.outcome_label, subtitle=sizes.comparison_label or "", **around)


def options_of(request: Request, what: str) -> dict[str, Any]:
    """The choices of the analysis as `pool_batch` and `studies` take them.

    Raises UsageError for a method from the cells, whose estimate over other sets of studies is another function.
    """
    sizes, fit = request.pooled
    for option, name in (("--weights", "weights"), ("--tau2-weights", "tau2_weights")):
        if (weights := request.chosen.get(name)) is not None:
            other = ", and take another --tau2" if name == "tau2_weights" else ""
            raise UsageError(
                f"{what} refits the studies without the weights of {weights.field}; leave out {option}{other}"
            )
    if fit.method not in ("inverse variance", "single study"):
        raise UsageError(f"{what} refits the studies by inverse variance; leave out --method {fit.method}")
    chosen = {name: request.chosen.get(name) for name in ("model", "tau2", "ci", "preset")}
    return chosen | {"model": chosen["model"] or "random", "level": sizes.level}


def values_of(sizes: EffectSizes, columns: dict[str, list[Any]], field: str) -> Array:
    """(k,) a field of the studies as numbers, for an axis or an order.

    Raises UnknownName for a field that no study has, InvalidInput, naming the studies, where it is missing or no number.
    """
    cells = column(columns, field)
    missing = [row.label for row, cell in zip(sizes.rows, cells, strict=True) if cell is None]
    words = [str(cell) for cell in cells if cell is not None and not isinstance(cell, (int, float))]
    if missing or words:
        found = f"{field} is not recorded for {', '.join(missing)}" if missing else f"{field} is {words[0]!r}"
        raise InvalidInput(
            found, "a number for every study is needed here", "Leave studies out with --exclude, or take another field"
        )
    return np.array([float(cell) for cell in cells])


def numeric_fields(columns: dict[str, list[Any]]) -> list[str]:
    """Fields that are numbers for every study, and not the same for all."""
    return [
        name for name, cells in columns.items()
        if len(set(cells)) > 1 and all(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in cells)
    ]  # fmt: skip


def place_of(sizes: EffectSizes, asked: str) -> int:
    """Which row a study is, by its id or its label. Raises UnknownName for a stranger."""
    names = {row.study: place for place, row in enumerate(sizes.rows)}
    names |= {row.label: place for place, row in enumerate(sizes.rows) if row.label not in names}
    if asked not in names:
        raise UnknownName("study", asked, [row.study for row in sizes.rows])
    return names[asked]
