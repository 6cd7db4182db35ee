"""Leave-one-out forest plot: what the answer would be without each study in turn."""

from __future__ import annotations

from matplotlib.figure import Figure

from mscsec.plots.kinds import Request
from mscsec.plots.parts import options_of
from mscsec.plots.refits import refits_plot
from mscsec.sensitivity import leave_one_out


def draw(request: Request) -> Figure:
    """The picture that is asked for."""
    sizes, fit = request.pooled
    found = leave_one_out(sizes.yi, sizes.vi, **options_of(request, "a leave-one-out analysis"))
    return refits_plot(request.page, sizes, fit, found, sizes.labels, ("Study left out", "None left out"))
