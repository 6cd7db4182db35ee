"""Baujat plot: which studies make the heterogeneity, and which move the estimate."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from mscsec.effects.sizes import EffectSizes
from mscsec.plots.chart import Chart
from mscsec.plots.kinds import Request
from mscsec.plots.labels import Points
from mscsec.plots.parts import dots, draw_points, frame, options_of
from mscsec.plots.scales import limits, linear
from mscsec.plots.theme import Page
from mscsec.sensitivity import Baujat, baujat


def baujat_plot(page: Page, sizes: EffectSizes, found: Baujat) -> Figure:
    """Contribution of each study to Q against its influence on the pooled effect; what counts stands at the upper right."""
    x, y = found.contribution, found.influence
    radius = dots(x.size)
    far = x / max(float(x.max()), 1e-300) + y / max(float(y.max()), 1e-300)
    across = linear(*_from_zero(x), "Contribution to heterogeneity (squared Pearson residual)")
    up = linear(*_from_zero(y), "Influence on the pooled effect")
    notes = ("Influence: squared change of the pooled effect without the study, over its variance then.",)
    chart = Chart(page, across, up, frame(sizes, notes=notes), points=Points(x, y, sizes.labels, radius, far))
    draw_points(chart, x, y, radius, label="studies")
    most = sizes.labels[int(np.argmax(far))]
    return chart.done(f"Baujat plot of {x.size} studies; {most} stands out most.")


def _from_zero(values: np.ndarray) -> tuple[float, float]:
    high = limits(values, (0.0,), 0.06)[1]
    return -0.03 * high, high


def draw(request: Request) -> Figure:
    """The picture that is asked for."""
    sizes, _ = request.pooled
    return baujat_plot(request.page, sizes, baujat(sizes.yi, sizes.vi, **options_of(request, "a Baujat plot")))
