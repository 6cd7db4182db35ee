"""GOSH plot: the pooled effect and the heterogeneity of every subset of the studies."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from mscsec.arrays import Array, BoolArray
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import NotEstimable
from mscsec.plots.chart import Chart, Entry
from mscsec.plots.kinds import Request
from mscsec.plots.parts import frame, options_of, place_of, pooled_entry
from mscsec.plots.scales import Scale, effect_scale, limits, linear
from mscsec.plots.theme import INK, Page
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import count
from mscsec.sensitivity import Refits, gosh

FEW = 600  # subsets that are drawn as points; more are counted in cells
LIMIT = 2**15  # subsets; all of those of 15 studies, so many at random of more
CELLS = (120, 84)
BARS = 60
SIDE = 0.55  # inches for the densities at the top and at the right


def gosh_plot(page: Page, sizes: EffectSizes, fit: PooledResult, found: Refits, member: int | None = None) -> Figure:
    """Estimate against I² of every subset with two studies or more; darker where more of them fall, their densities at the
    margins.

    member : place of a study; subsets with it and without it are drawn in two inks, and their densities with two lines.
    Raises NotEstimable where no subset holds two studies.
    Source: Olkin, Dahabreh & Trikalinos (2012), Res Synth Methods 3:214-223.
    """
    fits = found.result
    kept = fits.pooled & np.isfinite(fits.i2) & np.isfinite(fits.estimate)
    if not kept.any():
        raise NotEstimable("no subset of the studies holds two of them")
    x, y = fits.estimate[kept], 100 * fits.i2[kept]
    inside = np.zeros(x.size, dtype=bool) if member is None else found.members[kept, member]
    across = effect_scale(sizes, *limits(x, (fit.estimate,)))
    up = linear(*limits(y, (0.0, 10.0), 0.03), "I², %")
    legend = [pooled_entry(sizes, fit, page.palette.pooled, marker="D")]
    if member is not None:
        with_it, without = _inks(page, member)
        legend.append(Entry(f"With {sizes.labels[member]}", "patch", {"facecolor": with_it, "edgecolor": INK}))
        legend.append(Entry(f"Without {sizes.labels[member]}", "patch", {"facecolor": without, "edgecolor": INK}))
    drawn = count(x.size, "subset", "subsets").replace(f"{x.size:g}", f"{x.size:,}")
    total = 2 ** len(sizes.rows) - 1 - len(sizes.rows)
    notes = (f"{drawn} of two studies or more{'' if x.size >= total else ', drawn at random'}.",)
    around = frame(sizes, legend=tuple(legend), notes=notes, over=SIDE + 0.06, beside=SIDE + 0.06)
    chart = Chart(page, across, up, around, shape=0.78)
    _cloud(chart, x, y, inside, member)
    _margins(chart, x, y, inside, member)
    if fit.i2 is not None:
        chart.axes.plot(
            [fit.estimate], [100 * fit.i2], marker="D", markersize=6, color=page.palette.pooled, markeredgecolor="white",
            markeredgewidth=0.8, linestyle="", zorder=5, label="all",
        )  # fmt: skip
    more = "" if member is None else f" Those with {sizes.labels[member]} are set apart."
    return chart.done(f"GOSH plot: pooled effect against I squared of {drawn}.{more}")


def _inks(page: Page, member: int | None) -> tuple[str, str]:
    """Of subsets with the study and without it: a light and a dark one, which a grey print tells apart."""
    series = page.palette.series
    return (series[3], series[0]) if member is not None else (series[0], series[0])


def _cloud(chart: Chart, x: Array, y: Array, inside: BoolArray, member: int | None) -> None:
    with_it, without = _inks(chart.page, member)
    if x.size <= FEW:
        for chosen, ink, marker in ((~inside, without, "o"), (inside, with_it, "^")):
            if chosen.any():
                chart.axes.scatter(
                    x[chosen],
                    y[chosen],
                    s=9,
                    color=ink,
                    marker=marker,
                    alpha=0.55,
                    linewidth=0,
                    zorder=2,
                    label="subsets",
                )
        return
    edges = (np.linspace(chart.x.low, chart.x.high, CELLS[0] + 1), np.linspace(chart.y.low, chart.y.high, CELLS[1] + 1))
    every, _, _ = np.histogram2d(x, y, bins=edges)
    those, _, _ = np.histogram2d(x[inside], y[inside], bins=edges)
    share = np.divide(those, every, out=np.zeros_like(every), where=every > 0)[..., None]
    depth = np.log1p(every) / np.log1p(every.max())
    image = np.empty((*every.shape, 4))
    image[..., :3] = share * np.array(to_rgb(with_it)) + (1 - share) * np.array(to_rgb(without))
    image[..., 3] = np.where(every > 0, 0.35 + 0.65 * depth, 0.0)
    chart.axes.imshow(
        image.transpose(1, 0, 2), extent=(chart.x.low, chart.x.high, chart.y.low, chart.y.high), origin="lower",
        aspect="auto", interpolation="nearest", zorder=1, label="density",
    )  # fmt: skip


def _margins(chart: Chart, x: Array, y: Array, inside: BoolArray, member: int | None) -> None:
    """Densities above and at the right, one line for each ink; both of one area, so that shapes compare."""
    blank = Scale(0.0, 1.08, (), "")
    above = chart.add(chart.left, chart.top - SIDE, chart.width, SIDE, Scale(chart.x.low, chart.x.high, (), ""), blank)
    right = chart.add(
        chart.left + chart.width + 0.06, chart.top, SIDE, chart.height, blank, Scale(chart.y.low, chart.y.high, (), "")
    )
    for axes in (above, right):
        for spine in axes.spines.values():
            spine.set_visible(False)
    with_it, without = _inks(chart.page, member)
    groups = [(~inside, without, "--" if member is not None else "-"), (inside, with_it, "-")]
    for axes, values, scale, turned in ((above, x, chart.x, False), (right, y, chart.y, True)):
        bars = np.linspace(scale.low, scale.high, BARS + 1)
        heights = [np.histogram(values[chosen], bars)[0] / max(int(chosen.sum()), 1) for chosen, _, _ in groups]
        top = max(float(height.max()) for height in heights)
        for height, (chosen, ink, dash) in zip(heights, groups, strict=True):
            if chosen.any():
                _density(axes, bars, height / top, (ink, dash, turned))


def _density(axes: Axes, bars: Array, height: Array, style: tuple[str, str, bool]) -> None:
    """One density: a dark outline, solid or broken, over a fill of its ink."""
    ink, dash, turned = style
    along, up = np.repeat(bars, 2)[1:-1], np.repeat(height, 2)
    pair = (up, along) if turned else (along, up)
    axes.plot(*pair, color=INK, linewidth=0.8, linestyle=dash, label="density-line")
    fill = axes.fill_betweenx if turned else axes.fill_between
    fill(along, 0, up, color=ink, alpha=0.4, linewidth=0)


def draw(request: Request) -> Figure:
    """The picture that is asked for; subsets with the study under `study` are set apart."""
    sizes, fit = request.pooled
    asked = request.options.get("study")
    member = None if asked is None else place_of(sizes, asked)
    options = options_of(request, "a GOSH plot") | {"limit": request.options.get("limit") or LIMIT}
    return gosh_plot(request.page, sizes, fit, gosh(sizes.yi, sizes.vi, **options), member)
