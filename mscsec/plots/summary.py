"""Risk of bias as bars: the share of each judgement in each domain."""

from __future__ import annotations

from matplotlib.figure import Figure

from mscsec.plots.kinds import Request
from mscsec.plots.theme import describe, to_width
from mscsec.plots.traffic_light import in_words, named, summary_bars


def draw(request: Request) -> Figure:
    """The picture that is asked for."""
    table, title = request.judgements(), request.page.title
    figure = to_width(summary_bars(table, title), request.page.width)
    return describe(figure, title or named(table), in_words(table))
