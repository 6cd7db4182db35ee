"""Profile likelihood of the between-study variance."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from mscsec.effects.sizes import EffectSizes
from mscsec.plots.chart import Chart, Entry
from mscsec.plots.kinds import Request
from mscsec.plots.parts import frame
from mscsec.plots.scales import limits, linear
from mscsec.plots.theme import QUIET, Page
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import level, variance
from mscsec.report.words import TAU2_CI_NAMES
from mscsec.sensitivity.diagnostics import Tau2Profile, tau2_likelihood

BROKEN = (0, (3, 1))


def profile(
    page: Page,
    sizes: EffectSizes,
    found: Tau2Profile,
    shown_method: str | None = None,
    pooled: tuple[str, float, float] | None = None,
) -> Figure:
    """The curve, its maximum, and the interval where it stays above the dashed line.

    shown_method : estimator of the analysis, whose tau2 is marked as well where it is another one. pooled : the method and
    the ends of the interval that is printed with the pooled effect, where it is not that of the likelihood; drawn below.
    """
    far = float(found.tau2[-1])
    depth = found.top - found.floor
    bottom = max(float(found.log_likelihood.min()), found.top - 4 * depth)
    kind = "Restricted log-likelihood" if found.restricted else "Log-likelihood"
    x = linear(-0.02 * far, far, "Between-study variance τ²")
    strip = 0.1 * (found.top - bottom) if pooled is not None else 0.0
    y = linear(*limits([bottom - strip, found.top, found.floor]), kind)
    palette, name = page.palette, "REML" if found.restricted else "ML"
    legend = [
        Entry(f"{name} estimate {variance(found.estimate)}", "point", {"color": palette.pooled, "marker": "D"}),
        Entry(
            f"{level(found.level)} CI by profile likelihood {variance(found.low)} to {variance(found.high)}", "line",
            {"color": palette.accent, "linewidth": 1.6},
        ),
    ]  # fmt: skip
    if pooled is not None:
        name, low, high = pooled
        words = f"{level(found.level)} CI by {name} {variance(low)} to {variance(high)}, as with the pooled effect"
        legend.append(Entry(words, "line", {"color": palette.prediction, "linewidth": 1.6, "linestyle": BROKEN}))
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
    if pooled is not None:
        _strip(chart, pooled[1:], y.low + 0.6 * strip)
    if other is not None:
        axes.plot(
            *([value] for value in other), marker="o", markersize=5, markerfacecolor="white",
            markeredgecolor=palette.study, zorder=4, linestyle="", label="shown",
        )  # fmt: skip
    words = f"{kind} of tau squared: estimate {variance(found.estimate)}, {level(found.level)} interval by profile likelihood {variance(found.low)} to {variance(found.high)}"
    words += f", by {pooled[0]} {variance(pooled[1])} to {variance(pooled[2])}" if pooled is not None else ""
    return chart.done(f"{words}.")


def _strip(chart: Chart, ends: tuple[float, float], y: float) -> None:
    """An interval below the curve, with an end where it ends and an arrow where it goes on beyond the axis."""
    ink, (low, high) = chart.page.palette.prediction, ends
    style: dict[str, Any] = {"color": ink, "linestyle": "", "zorder": 3, "clip_on": False}
    chart.axes.plot(
        [low, min(high, chart.x.high)],
        [y, y],
        color=ink,
        linewidth=1.6,
        linestyle=BROKEN,
        zorder=3,
        label="pooled-interval",
    )
    chart.axes.plot([low], [y], marker="|", markersize=6, markeredgewidth=1.2, **style)
    beyond = high > chart.x.high
    chart.axes.plot(
        [min(high, chart.x.high)], [y], marker=">" if beyond else "|", markersize=4 if beyond else 6, markeredgewidth=1.2,
        label="beyond" if beyond else "end", **style,
    )  # fmt: skip


def _pooled_interval(fit: PooledResult, restricted: bool) -> tuple[str, float, float] | None:
    """What is printed with the pooled effect; None where it is the interval of this likelihood, or there is none."""
    if fit.tau2_ci_low is None or fit.tau2_ci_high is None or fit.tau2_ci_method is None:
        return None
    if fit.tau2_ci_method == "PL" and restricted == (fit.tau2_method == "REML"):
        return None
    name = TAU2_CI_NAMES.get(fit.tau2_ci_method, f"the method {fit.tau2_ci_method}")
    return name, fit.tau2_ci_low, fit.tau2_ci_high


def draw(request: Request) -> Figure:
    """The picture that is asked for: restricted likelihood, unless the analysis is by ML."""
    sizes, fit = request.pooled
    restricted = fit.tau2_method != "ML"
    found = tau2_likelihood(sizes.yi, sizes.vi, level=sizes.level, restricted=restricted, shown=fit.tau2)
    return profile(request.page, sizes, found, fit.tau2_method, _pooled_interval(fit, restricted))
