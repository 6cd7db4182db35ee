"""Drapery plot: the P value of every hypothetical effect, for each study and for the pooled effect."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from mscsec.arrays import Array
from mscsec.effects.sizes import EffectSizes
from mscsec.plots.chart import Chart, Entry
from mscsec.plots.kinds import Request
from mscsec.plots.parts import frame, pooled_entry
from mscsec.plots.scales import Scale, Ticks, effect_scale, favour_words, held_limits
from mscsec.plots.theme import INK, QUIET, Page
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import count, level, number
from mscsec.sensitivity.diagnostics import PValueCurves, p_value_curves

LINES = (0.1, 0.05, 0.01)
PLACES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


def drapery(page: Page, sizes: EffectSizes, fit: PooledResult, curves: PValueCurves) -> Figure:
    """Where a curve crosses a height p lie the limits of its interval at level 1 - p; its top is the estimate.

    Thin curves are the studies, the heavy one is the pooled effect, the shaded region the prediction intervals.
    """
    level_at = int(np.argmin(np.abs(curves.p - 0.05)))
    core = [*sizes.yi, curves.pooled_low[level_at], curves.pooled_high[level_at], float(sizes.null or 0.0)]
    if curves.prediction_low is not None and curves.prediction_high is not None:
        core += [curves.prediction_low[level_at], curves.prediction_high[level_at]]
    ends = [*curves.study_low[:, level_at], *curves.study_high[:, level_at]]
    x = effect_scale(sizes, *held_limits(ends, core, 0.6))
    y = Scale(0.0, 1.03, _ticks(len(PLACES)), "P value", _ticks)
    palette = page.palette
    legend = [pooled_entry(sizes, fit, palette.pooled, linewidth=2.0)]
    if fit.k > 1:  # the curve of one study is that of the effect
        legend.append(Entry("Each study", "line", {"color": palette.study, "linewidth": 0.6}))
    if curves.prediction_low is not None:
        legend.append(Entry("Prediction for a new study", "patch", {"facecolor": palette.shades[2]}))
    legend.append(Entry(f"P = {LINES[1]:g}", "line", {"color": QUIET, "linewidth": 0.7, "linestyle": (0, (4, 2.5))}))
    chart = Chart(page, x, y, frame(sizes, favours=favour_words(sizes), legend=tuple(legend)))
    axes, thin = chart.axes, 0.6 if len(sizes.rows) <= 40 else 0.35
    if curves.prediction_low is not None and curves.prediction_high is not None:
        axes.fill(
            *_curve(curves.p, curves.prediction_low, curves.prediction_high), facecolor=palette.shades[2],
            edgecolor="none", zorder=0, label="prediction",
        )  # fmt: skip
    axes.axhline(LINES[1], color=QUIET, linewidth=0.7, linestyle=(0, (4, 2.5)), zorder=1, label="p-0.05")
    if sizes.null is not None:
        axes.axvline(sizes.null, color=INK, linewidth=0.6, zorder=1, label="null")
    for low, high in zip(curves.study_low, curves.study_high, strict=True):
        axes.plot(*_curve(curves.p, low, high), color=palette.study, linewidth=thin, alpha=0.8, zorder=2, label="study")
    axes.plot(
        *_curve(curves.p, curves.pooled_low, curves.pooled_high),
        color=palette.pooled,
        linewidth=2.0,
        zorder=3,
        label="pooled",
    )
    words = count(fit.k, "study", "studies")
    return chart.done(
        f"Drapery plot of {words}; pooled effect {number(fit.display.estimate)} with its {level(fit.level)} interval."
    )


def _ticks(number_of: int) -> Ticks:
    """Heights with their text; where room is short without 0.1, then without 0.05."""
    gone = {0.1, 0.05} if number_of < len(PLACES) - 1 else {0.1} if number_of < len(PLACES) else set()
    return tuple((value, f"{value:g}") for value in PLACES if value not in gone)


def _curve(p: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """From the lower end up to the estimate and down again."""
    return np.concatenate([low, high[::-1]]), np.concatenate([p, p[::-1]])


def draw(request: Request) -> Figure:
    """The picture that is asked for."""
    sizes, fit = request.pooled
    return drapery(request.page, sizes, fit, p_value_curves(sizes.yi, sizes.vi, fit))
