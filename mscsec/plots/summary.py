"""Risk of bias as bars: the share of each judgement in each domain."""

from __future__ import annotations

from matplotlib.figure import Figure

from mscsec.plots.kinds import Request
from mscsec.plots.theme import to_width
from mscsec.plots.traffic_light import summary_bars


def draw(request: Request) -> Figure:
    """The picture that is asked for."""
    return to_width(summary_bars(request.judgements(), request.page.title), request.page.width)
