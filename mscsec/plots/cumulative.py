"""Cumulative forest plot: the answer as the studies came in."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from mscsec.plots.kinds import Request
from mscsec.plots.parts import options_of, values_of
from mscsec.plots.refits import refits_plot
from mscsec.sensitivity import cumulative


def draw(request: Request) -> Figure:
    """The picture that is asked for: by the field under `order`, else by year where every study has one, else as they stand."""
    sizes, fit = request.pooled
    field = request.options.get("order")
    columns = dict(request.columns())
    years = columns.get("year", [None])
    if field is None and all(isinstance(year, (int, float)) for year in years):
        field = "year"
    order = None if field is None else values_of(sizes, columns, field)
    found = cumulative(sizes.yi, sizes.vi, order, **options_of(request, "a cumulative analysis"))
    places = np.arange(fit.k) if found.order is None else np.argsort(found.order)
    labels = [f"+ {sizes.labels[place]}" for place in places]
    return refits_plot(
        request.page, sizes, fit, found, labels, (f"Study added, by {field}" if field else "Study added", "All studies")
    )
