"""Bubble plot of a meta-regression on one number: effects against the moderator, the fitted line and its bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from mscsec.arrays import Array
from mscsec.effects.moderators import EFFECT_COLUMNS
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import NotEstimable, UsageError
from mscsec.plots.chart import Chart, Entry
from mscsec.plots.kinds import Request
from mscsec.plots.labels import Points
from mscsec.plots.parts import bubbles, draw_points, frame, numeric_fields, options_of, values_of
from mscsec.plots.scales import effect_scale, held_limits, limits, linear
from mscsec.plots.theme import INK, QUIET, Page
from mscsec.report.numbers import count, level, number, p_value, percent
from mscsec.synthesis.fit import settled

if TYPE_CHECKING:
    from mscsec.pooling.regression import Predictions, RegressionResult

GRID = 121  # places at which the line is predicted
MARGIN = 0.09  # of the moderator's range, on either side


def grid_of(values: Array) -> Array:
    """Values of the moderator at which line and bands are drawn: its range and a little more."""
    return np.linspace(*limits(values, margin=MARGIN), GRID)


def bubble(
    page: Page,
    sizes: EffectSizes,
    moderator: tuple[str, Array],
    fit: RegressionResult,
    along: tuple[Array, Predictions],
    weights: Array,
) -> Figure:
    """Each study at its value of the moderator, area by weight, the fitted line with its confidence band and, dashed, the
    prediction band.

    moderator : its name and its values (k,), for the rows of `sizes`. along : values of the moderator, rising, with the
    predictions there. weights : (k,) shares of the studies in the fit.
    """
    name, values = moderator
    at, line = along
    radius = bubbles(weights)
    core = [*sizes.yi, *line.estimate]
    bands = [*line.ci_low, *line.ci_high, *(line.prediction_low or ()), *(line.prediction_high or ())]
    x = linear(float(at[0]), float(at[-1]), (name[:1].upper() + name[1:]).replace("_", " "), 6)
    y = effect_scale(sizes, *held_limits(bands, core, 0.8))
    resid = np.abs(sizes.yi - np.interp(values, at, line.estimate)) * np.sqrt(weights)
    chart = Chart(
        page, x, y, frame(sizes, legend=_legend(page, line), notes=(_slope_words(sizes, name, fit),)),
        points=Points(values, sizes.yi, sizes.labels, radius, resid),
        lines=[(at, np.array(edge)) for edge in (line.estimate, line.prediction_low, line.prediction_high) if edge]
        + ([(at[[0, -1]], np.full(2, sizes.null))] if sizes.null is not None else []),
    )  # fmt: skip
    axes, palette = chart.axes, page.palette
    axes.fill_between(
        at, line.ci_low, line.ci_high, facecolor=palette.shades[2], edgecolor="none", zorder=1, label="band"
    )
    if line.prediction_low is not None and line.prediction_high is not None:
        for edge in (line.prediction_low, line.prediction_high):
            axes.plot(
                at, edge, color=palette.prediction, linewidth=0.9, linestyle=(0, (4, 2.5)), zorder=2, label="prediction"
            )
    if sizes.null is not None:
        axes.axhline(sizes.null, color=QUIET, linewidth=0.6, zorder=1, label="null")
    axes.plot(at, line.estimate, color=palette.pooled, linewidth=1.4, zorder=3, label="line")
    order = np.argsort(-radius, kind="stable")
    draw_points(chart, values[order], sizes.yi[order], radius[order], alpha=0.75, label="studies")
    return chart.done(
        f"Bubble plot of {count(fit.k, 'study', 'studies')} against {name}. {_slope_words(sizes, name, fit)}"
    )


def _legend(page: Page, line: Predictions) -> tuple[Entry, ...]:
    palette = page.palette
    entries = [
        Entry("Fitted line", "line", {"color": palette.pooled, "linewidth": 1.4}),
        Entry(f"{level(line.level)} CI", "patch", {"facecolor": palette.shades[2]}),
    ]
    if line.prediction_low is not None:
        style = {"color": palette.prediction, "linewidth": 0.9, "linestyle": (0, (4, 2.5))}
        entries.append(Entry(f"{level(line.level)} prediction interval", "line", style))
    entries.append(
        Entry("Study, area by weight", "point", {"color": palette.study, "markeredgecolor": INK, "markeredgewidth": 0})
    )
    return tuple(entries)


def _slope_words(sizes: EffectSizes, name: str, fit: RegressionResult) -> str:
    slope = next(part for key, part in fit.coefficients.items() if key != "intercept")
    log = ", on the log scale" if sizes.transform == "exp" else ""
    r2 = f"; R² {percent(fit.r2)}" if fit.r2 is not None else ""
    return (
        f"Slope per unit of {name}{log}: {number(slope.estimate, 3)} [{level(fit.level)} CI {number(slope.ci_low, 3)}, "
        f"{number(slope.ci_high, 3)}], {p_value(slope.p_value)}{r2}."
    )


def draw(request: Request) -> Figure:
    """The picture that is asked for: against the field under `moderator`, fitted as the analysis is.

    Raises UsageError, with the fields that could be drawn, where none is named.
    """
    from mscsec.pooling.regression import predict, regress, residuals

    sizes, _ = request.pooled
    chosen, columns = options_of(request, "a bubble plot"), dict(request.columns())
    name = request.options.get("moderator")
    if name is None:
        known = [field for field in numeric_fields(columns) if field.strip().lower() not in EFFECT_COLUMNS]
        raise UsageError(
            f"name the field that stands below: --moderator {known[0] if known else 'FIELD'}. Fields that are numbers and differ here: {', '.join(known) or 'none'}"
        )
    values = values_of(sizes, columns, name)
    if len(set(values.tolist())) < 2:
        raise NotEstimable(f"{name} is the same in all studies, so that no line can be fitted")
    found = regress(
        sizes.yi, sizes.vi, values[:, None], names=[name], level=sizes.level, **settled(chosen)
    )  # fmt: skip
    at = grid_of(values)
    return bubble(request.page, sizes, (name, values), found, (at, predict(found, at)), residuals(found).weight)
