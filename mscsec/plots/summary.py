"""Risk of bias as bars: the share of each judgement in each domain."""

from __future__ import annotations

from matplotlib.figure import Figure

from mscsec.plots.kinds import Request
from mscsec.plots.theme import describe
from mscsec.plots.traffic_light import in_words, named, summary_bars


def draw(request: Request) -> Figure:
    """The picture that is asked for."""
    table, page = request.judgements(), request.page
    return describe(summary_bars(table, page.title, page), page.title or named(table), in_words(table))
