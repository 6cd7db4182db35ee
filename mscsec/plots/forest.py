"""The forest plot."""

from __future__ import annotations

from matplotlib.figure import Figure

from mscsec.plots.kinds import Request
from mscsec.plots.theme import Sheet, describe


def draw(request: Request) -> Figure:
    """The forest plot of a request."""
    sizes, _ = request.pooled
    sheet = Sheet()
    sheet.size(request.page.width or 6.0, 1 + 0.2 * len(sizes.rows))
    for place, row in enumerate(sizes.rows):
        sheet.text(0.15, 0.5 + 0.2 * place, row.label)
    return describe(sheet.figure, f"Forest plot of {sizes.outcome_label}", "")
