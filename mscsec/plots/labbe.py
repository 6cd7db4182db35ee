"""L'Abbé plot: the risk with treatment against the risk without, one bubble a study."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from mscsec.appraisal.absolute import ABSOLUTE
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import NotEstimable, UsageError
from mscsec.plots.chart import Chart, Entry
from mscsec.plots.kinds import Request
from mscsec.plots.labels import Points
from mscsec.plots.parts import bubbles, draw_points, frame, pooled_entry
from mscsec.plots.scales import linear, side_names
from mscsec.plots.theme import QUIET, Page
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import count, number

MEASURES = ("RR", "OR", "PETO", "RD")


def labbe(page: Page, sizes: EffectSizes, fit: PooledResult) -> Figure:
    """Risks in [0, 1] of both arms, area by weight, the line of equal risks, and the line or curve of the pooled effect.

    Raises UsageError for a measure that is no comparison of two risks, NotEstimable where no study has events in both arms.
    Source: L'Abbé, Detsky & O'Rourke (1987), Ann Intern Med 107:224-233.
    """
    if sizes.measure not in MEASURES:
        raise UsageError(
            f"a L'Abbé plot compares the risks of two arms; {sizes.measure} is not of that kind. Take --measure RR, OR or RD"
        )
    rows = [
        (place, row.comparator.events / row.comparator.n, row.experimental.events / row.experimental.n)
        for place, row in enumerate(sizes.rows)
        if row.comparator.events is not None and row.experimental.events is not None
        and row.comparator.n and row.experimental.n
    ]  # fmt: skip
    if not rows:
        raise NotEstimable(f"no study of {sizes.outcome} has events and patients in both arms")
    places = [place for place, _, _ in rows]
    x, y = (np.array([row[side] for row in rows]) for side in (1, 2))
    weights = np.array(fit.weights)[places] if fit.weights else np.array([_patients(sizes, place) for place in places])
    radius = bubbles(weights)
    top = min(1.0, max(float(x.max()), float(y.max()), 0.01) * 1.12)
    scale = linear(-0.03 * top, top * (1.0 if top < 1 else 1.03), "")
    across, up = (linear(scale.low, scale.high, f"Risk, {name}", 6) for name in reversed(side_names(sizes)))
    missing = len(sizes.rows) - len(rows)
    notes = [
        "Area of a circle: weight in the pooled effect." if fit.weights else "Area of a circle: number of patients."
    ]
    if missing:
        notes.append(f"{count(missing, 'study', 'studies')} without events in both arms not shown.")
    legend = (
        pooled_entry(sizes, fit, page.palette.pooled),
        Entry("Equal risks", "line", {"color": QUIET, "linewidth": 0.8, "linestyle": (0, (4, 2.5))}),
    )
    baseline = np.linspace(0.0, 1.0, 201)
    risk = ABSOLUTE["OR" if sizes.measure == "PETO" else sizes.measure].risk
    curve = np.array([risk(fit.estimate, float(value)) for value in baseline])
    possible = (curve >= 0) & (curve <= 1)
    gap = np.abs(y - x)
    chart = Chart(
        page, across, up, frame(sizes, legend=legend, notes=tuple(notes)), shape=0.9,
        points=Points(x, y, [sizes.labels[place] for place in places], radius, gap),
        lines=[(np.array([0.0, 1.0]), np.array([0.0, 1.0])), (baseline[possible], curve[possible])],
    )  # fmt: skip
    chart.axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=(0, (4, 2.5)), zorder=1, label="equal")
    chart.axes.plot(
        baseline[possible], curve[possible], color=page.palette.pooled, linewidth=1.2, zorder=2, label="pooled"
    )
    order = np.argsort(-radius, kind="stable")
    draw_points(chart, x[order], y[order], radius[order], alpha=0.75, label="studies")
    return chart.done(
        f"L'Abbé plot of {count(len(rows), 'study', 'studies')}; pooled {sizes.measure_name} {number(fit.display.estimate)}."
    )


def _patients(sizes: EffectSizes, place: int) -> float:
    row = sizes.rows[place]
    return float((row.experimental.n or 0) + (row.comparator.n or 0))


def draw(request: Request) -> Figure:
    """The picture that is asked for."""
    return labbe(request.page, *request.pooled)
