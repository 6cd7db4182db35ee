"""Normal Q-Q plot of the standardised residuals: do the studies scatter as the model says?"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from mscsec.effects.sizes import EffectSizes
from mscsec.plots.chart import Chart, Entry
from mscsec.plots.kinds import Request
from mscsec.plots.labels import Points
from mscsec.plots.parts import dots, draw_points, frame, options_of
from mscsec.plots.scales import limits, linear
from mscsec.plots.theme import QUIET, Page
from mscsec.pooling import studies
from mscsec.report.numbers import count, level
from mscsec.sensitivity.diagnostics import NormalQuantiles, normal_quantiles


def normal_qq(page: Page, sizes: EffectSizes, found: NormalQuantiles) -> Figure:
    """A point a study against the quantile of its rank; the band holds each rank with probability `found.level`.

    Points outside of the band are filled with the accent and drawn as squares.
    """
    order = np.argsort(found.theory)
    radius = dots(found.theory.size)
    x = linear(*limits(found.theory), "Normal quantile")
    y = linear(*limits([*found.observed, *found.low, *found.high]), "Standardised residual")
    palette = page.palette
    legend = [
        Entry("Identity", "line", {"color": palette.pooled, "linewidth": 1.0}),
        Entry(f"{level(found.level)} of normal samples, rank by rank", "patch", {"facecolor": palette.shades[1]}),
    ]
    outside = int(found.outside.sum())
    if outside:
        legend.append(Entry("Outside", "point", {"color": palette.accent, "marker": "s"}))
    chart = Chart(
        page, x, y, frame(sizes, legend=tuple(legend)), shape=0.85,
        points=Points(found.theory, found.observed, sizes.labels, radius, np.abs(found.observed - found.theory)),
        lines=[(found.theory[order], edge[order]) for edge in (found.theory, found.low, found.high)],
    )  # fmt: skip
    ranks = found.theory[order]
    chart.axes.fill_between(
        ranks, found.low[order], found.high[order], facecolor=palette.shades[1], edgecolor=QUIET, linewidth=0.5,
        zorder=1, label="envelope",
    )  # fmt: skip
    chart.axes.axline((0, 0), slope=1, color=palette.pooled, linewidth=1.0, zorder=2, label="identity")
    for chosen, style in ((~found.outside, {}), (found.outside, {"facecolor": palette.accent, "marker": "s"})):
        if chosen.any():
            draw_points(chart, found.theory[chosen], found.observed[chosen], radius[chosen], **style, label="studies")
    words = count(found.theory.size, "study", "studies")
    return chart.done(f"Normal Q-Q plot of the standardised residuals of {words}; {outside} outside of the band.")


def draw(request: Request) -> Figure:
    """The picture that is asked for."""
    sizes, _ = request.pooled
    found = studies(sizes.yi, sizes.vi, **options_of(request, "a normal Q-Q plot"))
    return normal_qq(request.page, sizes, normal_quantiles(found.standard_z, level=sizes.level))
