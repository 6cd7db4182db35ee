"""Radial (Galbraith) plot: standardised effects against precision, so that every effect is a slope from the origin."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from mscsec.arrays import Array
from mscsec.effects.sizes import EffectSizes
from mscsec.plots.chart import MARGIN, Chart, Entry
from mscsec.plots.kinds import Request
from mscsec.plots.labels import Points
from mscsec.plots.parts import dots, draw_points, frame, pooled_entry
from mscsec.plots.scales import Scale, effect_ticks, effect_title, limits, linear
from mscsec.plots.theme import INK, QUIET, Page, Sheet
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import level, number
from mscsec.sensitivity.diagnostics import Radial, radial

SHAPE = 0.78
REACH = 0.94  # of the arc's radius, within which the points stay
TICK = 0.05


def radial_plot(page: Page, sizes: EffectSizes, fit: PooledResult) -> Figure:
    """A point a study; the slope of the line is the pooled effect, and the arc at the right reads every slope as an effect.

    The band holds `fit.level` of the studies if they estimate the pooled effect. Under random effects the precision
    counts the between-study variance in.
    """
    tau2 = fit.tau2 or 0.0
    found = radial(sizes.yi, sizes.vi, tau2=tau2, level=fit.level)
    x, y = _scales(found, fit.estimate, tau2)
    inside = _visible(x, y)
    ticks = effect_ticks(sizes, *inside, 7)
    room = max(Sheet().extent(text, page.base)[0] for _, text in ticks) + 0.2
    band = Entry(
        f"{level(fit.level)} of studies, if all estimate the pooled effect",
        "patch",
        {"facecolor": page.palette.shades[1]},
    )
    around = frame(
        sizes, beside=room, legend=(pooled_entry(sizes, fit, page.palette.pooled), band),
        notes=(f"Arc: {_lower(effect_title(sizes))}, with the pooled effect and its {level(fit.level)} interval in bold.",),
    )  # fmt: skip
    distance = np.abs(found.standardised - fit.estimate * found.precision)
    points = Points(found.precision, found.standardised, sizes.labels, dots(sizes.yi.size), distance)
    chart = Chart(page, x, y, around, shape=SHAPE, points=points, lines=_edges((x, y), found, fit.estimate))
    _band(chart, found, fit.estimate)
    _arc(chart, fit, ticks, inside)
    draw_points(chart, found.precision, found.standardised, dots(sizes.yi.size), label="studies")
    words = f"Radial plot of {fit.k} {'study' if fit.k == 1 else 'studies'}; slope {number(fit.display.estimate)}."
    return chart.done(words)


def _edges(axes: tuple[Scale, Scale], found: Radial, slope: float) -> list[tuple[Array, Array]]:
    """The line, the edges of its band and the arc, of which labels keep clear."""
    x, y = axes
    ends = np.array([0.0, x.high])
    lines = [(ends, slope * ends + shift) for shift in (0.0, -found.half_width, found.half_width)]
    up = np.linspace(y.low, y.high, 61)
    rise = np.clip(up * SHAPE / (y.high - y.low), -1, 1)  # in widths of the panel, as the arc's radius
    return [*lines, (x.high * np.sqrt(1 - rise**2), up)]


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def _scales(found: Radial, slope: float, tau2: float) -> tuple[Scale, Scale]:
    """Axes on which the points stay within the arc, whose centre is the origin and whose radius the width of the panel."""
    widest = float(found.precision.max())
    ends = [0.0, slope * widest]
    low, high = limits([*found.standardised, *(end + side * found.half_width for end in ends for side in (-1, 1))])
    up = found.standardised / (high - low) * SHAPE
    across = np.sqrt(np.maximum(REACH**2 - up**2, 0.04))
    far = float((found.precision / across).max())
    root = "1 / √(SE² + τ²)" if tau2 > 0 else "1 / SE"
    x = linear(0.0, far, f"Precision: {root}", 5)
    return x, linear(low, high, "Effect × precision (standardised effect)")


def _on_arc(chart: Chart, effects: Array, radius: float = 1.0) -> Array:
    """(n, 2) data coordinates where the rays with these slopes meet a circle; `radius` in widths of the panel."""
    across = chart.width / chart.x.high
    up = chart.height / (chart.y.high - chart.y.low)
    length = radius * chart.width / np.hypot(across, effects * up)
    return np.column_stack([length, effects * length])


def _band(chart: Chart, found: Radial, slope: float) -> None:
    """From the origin to the arc."""
    x = np.array([0.0, chart.x.high])
    half = found.half_width
    band = chart.axes.fill_between(
        x, slope * x - half, slope * x + half, facecolor=chart.page.palette.shades[1], edgecolor=QUIET, linewidth=0.5,
        zorder=1, label="band",
    )  # fmt: skip
    up = chart.width / chart.height * (chart.y.high - chart.y.low)
    circle = Ellipse((0, 0), 2 * chart.x.high, 2 * up, transform=chart.axes.transData)
    band.set_clip_path(circle)
    end = np.array([0.0, float(_on_arc(chart, np.array([slope]))[0, 0])])
    chart.axes.plot(end, slope * end, color=chart.page.palette.pooled, linewidth=1.2, zorder=2, label="slope")


def _arc(chart: Chart, fit: PooledResult, ticks: tuple[tuple[float, str], ...], inside: tuple[float, float]) -> None:
    """The arc through what the panel can show, its ticks with their words, and the pooled interval in bold."""
    axes = chart.axes
    line = _on_arc(chart, np.linspace(*inside, 181))
    axes.plot(line[:, 0], line[:, 1], color=INK, linewidth=0.7, clip_on=False, zorder=3, label="arc")
    low, high = (min(max(end, inside[0]), inside[1]) for end in (fit.ci_low, fit.ci_high))
    bold = _on_arc(chart, np.linspace(low, high, 61))
    axes.plot(
        bold[:, 0], bold[:, 1], color=chart.page.palette.pooled, linewidth=2.6, solid_capstyle="butt", clip_on=False,
        zorder=3, label="arc-ci",
    )  # fmt: skip
    kept: list[tuple[float, float]] = []
    size = chart.base
    for value, words in sorted(ticks, key=lambda tick: (abs(tick[0]) > 1e-12, abs(tick[0] - fit.estimate))):
        if not inside[0] <= value <= inside[1]:
            continue
        outer = _on_arc(chart, np.array([value]), 1 + TICK / chart.width)[0]
        (start, end) = (chart.place(*_on_arc(chart, np.array([value]))[0]), chart.place(*outer))
        half = chart.sheet.extent(words, size)[1] / 2
        at = chart.top + float(end[1])
        if any(abs(at - other) < half + room for other, room in kept) or not at - half > MARGIN:
            continue
        kept.append((at, half))
        chart.sheet.axes.plot(
            [chart.left + start[0], chart.left + end[0]],
            [chart.top + start[1], chart.top + end[1]],
            color=INK,
            linewidth=0.7,
        )
        chart.sheet.text(chart.left + float(end[0]) + 0.04, at, words, size)


def _visible(x: Scale, y: Scale) -> tuple[float, float]:
    """The slopes whose end on the arc is within the height of the panel."""
    up = SHAPE / (y.high - y.low)  # panel widths for one standardised unit

    def slope(end: float) -> float:
        rise = max(-0.999, min(0.999, end * up))
        return math.tan(math.asin(rise)) / x.high / up

    return slope(y.low), slope(y.high)


def draw(request: Request) -> Figure:
    """The picture that is asked for."""
    return radial_plot(request.page, *request.pooled)
