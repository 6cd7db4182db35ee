"""Profile likelihood of the between-study variance."""

from __future__ import annotations

from matplotlib.figure import Figure

from mscsec.effects.sizes import EffectSizes
from mscsec.plots.chart import Chart, Entry
from mscsec.plots.kinds import Request
from mscsec.plots.parts import frame
from mscsec.plots.scales import limits, linear
from mscsec.plots.theme import QUIET, Page
from mscsec.report.numbers import level, variance
from mscsec.sensitivity.diagnostics import Tau2Profile, tau2_likelihood


def profile(page: Page, sizes: EffectSizes, found: Tau2Profile, shown_method: str | None = None) -> Figure:
    """The curve, its maximum, and the interval where it stays above the dashed line.

    shown_method : estimator of the analysis, whose tau2 is marked as well where it is another one.
    """
    far = float(found.tau2[-1])
    depth = found.top - found.floor
    bottom = max(float(found.log_likelihood.min()), found.top - 4 * depth)
    kind = "Restricted log-likelihood" if found.restricted else "Log-likelihood"
    x = linear(-0.02 * far, far, "Between-study variance τ²")
    y = linear(*limits([bottom, found.top, found.floor]), kind)
    palette, name = page.palette, "REML" if found.restricted else "ML"
    legend = [
        Entry(f"{name} estimate {variance(found.estimate)}", "point", {"color": palette.pooled, "marker": "D"}),
        Entry(
            f"{level(found.level)} CI {variance(found.low)} to {variance(found.high)}", "line",
            {"color": palette.accent, "linewidth": 1.6},
        ),
    ]  # fmt: skip
    other = (
        None if found.shown is None or found.shown_log_likelihood is None else (found.shown, found.shown_log_likelihood)
    )
    if other is not None and abs(other[0] - found.estimate) <= 1e-6 * found.estimate:
        other = None
    if other is not None:
        words = f"{shown_method or 'of the analysis'} estimate {variance(other[0])}"
        legend.append(Entry(words, "point", {"markerfacecolor": "white", "markeredgecolor": palette.study}))
    chart = Chart(page, x, y, frame(sizes, legend=tuple(legend)))
    axes = chart.axes
    axes.plot(found.tau2, found.log_likelihood, color=palette.study, linewidth=1.4, zorder=2, label="curve")
    axes.axhline(found.floor, color=QUIET, linewidth=0.7, linestyle=(0, (4, 2.5)), zorder=1, label="floor")
    axes.plot(
        [found.low, found.high], [found.floor] * 2, color=palette.accent, linewidth=1.6, zorder=3, label="interval"
    )
    for end in (found.low, found.high):
        axes.plot([end, end], [y.low, found.floor], color=palette.accent, linewidth=0.8, zorder=1, label="limit")
    axes.plot([found.estimate] * 2, [y.low, found.top], color=palette.pooled, linewidth=0.8, zorder=1)
    axes.plot([found.estimate], [found.top], color=palette.pooled, marker="D", markersize=5, zorder=4, label="estimate")
    if other is not None:
        axes.plot(
            *([value] for value in other), marker="o", markersize=5, markerfacecolor="white",
            markeredgecolor=palette.study, zorder=4, linestyle="", label="shown",
        )  # fmt: skip
    return chart.done(
        f"{kind} of tau squared: estimate {variance(found.estimate)}, {level(found.level)} interval {variance(found.low)} to {variance(found.high)}."
    )


def draw(request: Request) -> Figure:
    """The picture that is asked for: restricted likelihood, unless the analysis is by ML."""
    sizes, fit = request.pooled
    found = tau2_likelihood(
        sizes.yi, sizes.vi, level=sizes.level, restricted=fit.tau2_method != "ML", shown=fit.tau2
    )  # fmt: skip
    return profile(request.page, sizes, found, fit.tau2_method)
