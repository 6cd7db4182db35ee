"""Funnel plot: effects against their precision, with the region that chance alone would fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from mscsec.arrays import Array
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import NotEstimable, UsageError
from mscsec.plots.chart import Chart, Entry
from mscsec.plots.kinds import Request
from mscsec.plots.labels import Points
from mscsec.plots.parts import dots, draw_points, frame, options_of, pooled_entry
from mscsec.plots.scales import Scale, effect_scale, favour_words, limits, linear
from mscsec.plots.theme import INK, QUIET, Page
from mscsec.pooling.result import PooledResult
from mscsec.registry import by_key, choose
from mscsec.report.numbers import count, interval, level, number
from mscsec.report.words import asymmetry_words
from mscsec.sensitivity.diagnostics import FunnelRegion, funnel_region
from mscsec.small_study import TrimAndFill, trim_and_fill
from mscsec.synthesis.fit import settled
from mscsec.synthesis.funnel import funnel_test

CONTOURS = (0.90, 0.95, 0.99)
FURTHER = np.geomspace(1.05, 1e4, 80)
ZONES = ("P > 0.10", "0.05 < P ≤ 0.10", "0.01 < P ≤ 0.05", "P ≤ 0.01")


@dataclass(frozen=True, slots=True)
class Height:
    """A row of `HEIGHTS`: what stands on the vertical axis.

    value : from effects and standard errors (k,) to the axis. of_se : from a standard error to the axis; None where the
    axis says nothing about it. falls : whether the axis runs downwards.
    """

    key: str
    title: str
    value: Callable[[EffectSizes, Array], Array]
    of_se: Callable[[Array], Array] | None
    falls: bool = False


def _participants(sizes: EffectSizes, _: Array) -> Array:
    totals = [
        [arm.n for arm in (row.experimental, row.comparator) if arm.label or arm.n is not None] for row in sizes.rows
    ]
    for row, arms in zip(sizes.rows, totals, strict=True):
        if not arms or None in arms:
            raise NotEstimable(f"the number of participants of {row.label} is not known; take --y se or precision")
    return np.array([sum(n for n in arms if n is not None) for arms in totals])


HEIGHTS = by_key(
    Height("se", "Standard error", lambda _, se: se, lambda se: se, falls=True),
    Height("precision", "Precision (1 / standard error)", lambda _, se: 1 / se, lambda se: 1 / se),
    Height("n", "Participants", _participants, None),
)


def funnel(
    page: Page,
    sizes: EffectSizes,
    fit: PooledResult,
    *,
    y: str = "se",
    contours: bool = False,
    filled: TrimAndFill | None = None,
    test: str = "",
) -> Figure:
    """Each study as a point; dashed lines hold `fit.level` of the studies of the pooled effect if they do not differ in truth.

    y : key of `HEIGHTS`. contours : zones of the P value around no effect instead of the dashed lines. filled : studies
    as trim and fill adds them, as open points, with the adjusted effect. test : words of a test of asymmetry, under the plot.
    Raises UnknownMethod, UsageError where there is no value of no effect to draw contours around, and NotEstimable for a
    number of participants that is not known.
    Source: Sterne & Egger (2001); Peters et al. (2008).
    """
    row = choose(HEIGHTS, y, "vertical axis of a funnel plot")
    if contours and (sizes.null is None or row.of_se is None):
        raise UsageError("contours show the P value of no effect at a standard error; the measure or the axis has none")
    if filled is not None and row.of_se is None:
        raise UsageError(f"trim and fill adds studies without {row.title.lower()}; take --y se or precision")
    yi, se = sizes.yi, np.sqrt(sizes.vi)
    height = row.value(sizes, se)
    if filled is not None and filled.k0 == 0:
        test = f"{_filled_words(sizes, filled)}. {test}".strip()
        filled = None
    extra = np.array([] if filled is None else filled.filled_yi)
    added = np.sqrt(np.array([] if filled is None else filled.filled_vi))
    largest = float(np.concatenate([se, added]).max()) * 1.06
    centre = fit.estimate if filled is None else filled.filled.estimate
    region = funnel_region(centre, largest, level=fit.level) if row.of_se is not None else None
    values = [*yi, fit.estimate, centre, *extra]
    middle = centre if not contours else float(sizes.null or 0.0)
    ends = [] if region is None else [float(region.low[-1]), float(region.high[-1])]
    if contours and row.of_se is not None:  # the same reach on either side of no effect, with its zones at the least SE
        widest = funnel_region(middle, float(se.min()), level=CONTOURS[-1])
        ends = [float(widest.low[-1]), float(widest.high[-1]), *(2 * middle - value for value in values)]
    x = effect_scale(sizes, *limits(values, [middle, *ends], 0.03))
    legend = _legend(page, sizes, fit, contours, region, filled)
    notes = (test,) if test else ()
    chart = Chart(
        page, x, _upright(row, height, largest), frame(sizes, favours=favour_words(sizes), legend=legend, notes=notes),
        points=Points(yi, height, sizes.labels, dots(yi.size), np.abs(yi - fit.estimate) / se),
        lines=_lines(sizes, fit, row, region, contours, (extra, added)),
    )  # fmt: skip
    if contours and row.of_se is not None:
        _zones(chart, float(sizes.null or 0.0), largest, row.of_se)
    elif region is not None and row.of_se is not None:
        edge = _heights(row.of_se, region.se)
        for side in (region.low, region.high):
            chart.axes.plot(side, edge, color=QUIET, linewidth=0.8, linestyle=(0, (4, 2.5)), label="region")
    _pooled_line(chart, fit, filled)
    draw_points(chart, yi, height, dots(yi.size), label="studies")
    if extra.size and row.of_se is not None:
        open_style = {"facecolor": "white", "edgecolor": page.palette.accent, "linewidth": 0.9, "label": "filled"}
        draw_points(chart, extra, row.of_se(added), dots(added.size), **open_style)
    return chart.done(_description(sizes, fit, filled, test))


def _lines(
    sizes: EffectSizes,
    fit: PooledResult,
    row: Height,
    region: FunnelRegion | None,
    contours: bool,
    filled: tuple[Array, Array],
) -> list[tuple[Array, Array]]:
    """What names keep clear of: the pooled effect and no effect, the edges of the region, and studies filled in."""
    far = 1e3 * float(np.sqrt(sizes.vi).max()) if row.of_se is None else 0.0
    upright = np.array([0.0, max(far, 1e3)]) if not row.falls else np.array([0.0, float(np.sqrt(sizes.vi).max()) * 2])
    centres = [fit.estimate, *([sizes.null] if contours and sizes.null is not None else [])]
    lines = [(np.full(2, centre), upright) for centre in centres]
    if region is not None and row.of_se is not None and not contours:
        edge = _heights(row.of_se, region.se)
        lines += [(region.low[1:], edge[1:]), (region.high[1:], edge[1:])]
    if row.of_se is not None:
        lines += [(np.full(2, y), np.full(2, at)) for y, at in zip(filled[0], row.of_se(filled[1]), strict=True)]
    return lines


def _upright(row: Height, height: Array, largest: float) -> Scale:
    if row.falls:
        return linear(largest, 0.0, row.title)
    return linear(0.0, float(height.max()) * 1.06, row.title)


def _heights(of_se: Callable[[Array], Array], se: Array) -> Array:
    with np.errstate(divide="ignore"):
        return of_se(se)


def _zones(chart: Chart, null: float, largest: float, of_se: Callable[[Array], Array]) -> None:
    """Shaded from the outside in, each region over the one around it."""
    outermost, *inner = chart.page.palette.shades
    chart.axes.axhspan(*sorted((chart.y.low, chart.y.high)), facecolor=outermost, zorder=0, label="zone")
    for share, shade in zip(reversed(CONTOURS), inner, strict=True):
        zone = funnel_region(null, largest, level=share)
        se = np.concatenate([zone.se, largest * FURTHER])  # where precision falls to 0, the zones go on
        half = np.concatenate([zone.high - null, (zone.high[-1] - null) * FURTHER])
        edge = _heights(of_se, se)
        shown = np.isfinite(edge)
        chart.axes.fill_betweenx(
            edge[shown], null - half[shown], null + half[shown], facecolor=shade, edgecolor="none", zorder=1,
            label=f"contour-{share:g}",
        )  # fmt: skip
        for side in (-half, half):
            chart.axes.plot(null + side[shown], edge[shown], color=QUIET, linewidth=0.4, zorder=1.5)
    chart.axes.axvline(null, color=INK, linewidth=0.6, zorder=2, label="null")


def _pooled_line(chart: Chart, fit: PooledResult, filled: TrimAndFill | None) -> None:
    palette = chart.page.palette
    chart.axes.axvline(fit.estimate, color=palette.pooled, linewidth=1.2, zorder=3, label="pooled")
    if filled is not None:
        chart.axes.axvline(
            filled.filled.estimate,
            color=palette.accent,
            linewidth=1.2,
            linestyle=(0, (1.2, 1.2)),
            zorder=3,
            label="adjusted",
        )


def _legend(
    page: Page,
    sizes: EffectSizes,
    fit: PooledResult,
    contours: bool,
    region: FunnelRegion | None,
    filled: TrimAndFill | None,
) -> tuple[Entry, ...]:
    entries = [pooled_entry(sizes, fit, page.palette.pooled)]
    if contours:
        shades = reversed(page.palette.shades)
        entries += [Entry(words, "patch", {"facecolor": shade}) for words, shade in zip(ZONES, shades, strict=True)]
    elif region is not None:
        around = "adjusted effect" if filled is not None else "pooled effect"
        words = f"{level(region.level)} of studies of the {around}, if there were no heterogeneity"
        entries.append(Entry(words, "line", {"color": QUIET, "linewidth": 0.8, "linestyle": (0, (4, 2.5))}))
    if filled is not None:
        accent = page.palette.accent
        style = {"markerfacecolor": "white", "markeredgecolor": accent}
        entries.append(Entry("Study added by trim and fill", "point", style))
        dotted = {"color": accent, "linewidth": 1.2, "linestyle": (0, (1.2, 1.2))}
        entries.append(Entry(_filled_words(sizes, filled), "line", dotted))
    return tuple(entries)


def _filled_words(sizes: EffectSizes, filled: TrimAndFill) -> str:
    """ "With 3 studies filled in on the left (L0): 0.62 [95% CI 0.50, 0.77]"."""
    if not filled.k0:
        return f"Trim and fill ({filled.estimator}): no study is missing"
    back, fit = sizes.back(), filled.filled
    limits = interval(back(fit.ci_low), back(fit.ci_high), joint=", ")
    added = count(filled.k0, "study", "studies")
    return f"With {added} filled in on the {filled.side} ({filled.estimator}): {number(back(fit.estimate))} [{level(fit.level)} CI {limits}]"


def _description(sizes: EffectSizes, fit: PooledResult, filled: TrimAndFill | None, test: str) -> str:
    words = f"Funnel plot of {count(fit.k, 'study', 'studies')}; pooled effect {number(fit.display.estimate)}."
    if filled is not None:
        words += f" {_filled_words(sizes, filled)}."
    return f"{words} {test}".strip()


def draw(request: Request) -> Figure:
    """The picture that is asked for: options `y`, `contours`, `trim-fill` (a key of the estimators)."""
    sizes, fit = request.pooled
    filled = None
    if request.options.get("trim-fill") is not None:
        chosen = options_of(request, "trim and fill")
        chosen |= {"tau2": settled(chosen)["tau2"]}
        filled = trim_and_fill(sizes.yi, sizes.vi, estimator=request.options["trim-fill"], prediction="none", **chosen)
    return funnel(
        request.page, sizes, fit, y=request.options.get("y") or "se", contours=bool(request.options.get("contours")),
        filled=filled, test=asymmetry_words(funnel_test(sizes, fit.tau2)),
    )  # fmt: skip
