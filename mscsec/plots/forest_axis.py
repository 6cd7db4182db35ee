"""The axis of a forest plot: where it ends, where its ticks stand, and what is cut off."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mscsec.effects.sizes import EffectSizes
from mscsec.plots.characters import LARGEST_LOG
from mscsec.plots.characters import axis as limits
from mscsec.plots.scales import tick_text
from mscsec.plots.typeset import typeset
from mscsec.pooling.result import PooledResult

Span = tuple[float, float, float]  # estimate, low, high as they stand on the axis


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high` (ratios as logs, all else on the natural scale), drawn from `left` to `right` in inches."""

    low: float
    high: float
    ratio: bool
    null: float | None
    ticks: tuple[tuple[float, str], ...] = ()
    left: float = 0.0
    right: float = 1.0

    def x(self, value: float) -> float:
        """Inches from the left edge of the page; not held inside the axis."""
        return self.left + (value - self.low) / (self.high - self.low) * (self.right - self.left)

    def inside(self, value: float) -> bool:
        """Whether the value lies on the axis."""
        return math.isfinite(value) and self.low <= value <= self.high

    def at(self, value: float) -> float:
        """The place of a value on the natural scale."""
        return math.log(value) if self.ratio else value


def span_of_row(sizes: EffectSizes, place: int) -> Span:
    """A study's effect as it stands on the axis."""
    row = sizes.rows[place]
    return (row.yi, row.ci_low, row.ci_high) if sizes.transform == "exp" else (row.estimate, row.low, row.high)


def span_of_fit(sizes: EffectSizes, fit: PooledResult) -> Span:
    """A pooled effect as it stands on the axis."""
    if sizes.transform == "exp":
        return fit.estimate, fit.ci_low, fit.ci_high
    return fit.display.estimate, fit.display.ci_low, fit.display.ci_high


def span_of_prediction(sizes: EffectSizes, fit: PooledResult) -> Span | None:
    """A prediction interval as it stands on the axis, around the estimate; None where there is none."""
    shown = fit.display
    if fit.prediction_low is None or fit.prediction_high is None:
        return None
    if sizes.transform == "exp":
        return fit.estimate, fit.prediction_low, fit.prediction_high
    if shown.prediction_low is None or shown.prediction_high is None:
        return None
    return shown.estimate, shown.prediction_low, shown.prediction_high


def null_of(sizes: EffectSizes) -> float | None:
    """No effect as it stands on the axis; None where there is no such value."""
    return sizes.null if sizes.transform == "exp" or sizes.null is None else sizes.back()(sizes.null)


def axis_of(
    sizes: EffectSizes,
    spans: Iterable[Span],
    ends: tuple[float, float] | None = None,
    at: Sequence[float] = (),
) -> Axis:
    """An axis that holds every estimate and the line of no effect, and intervals unless they are extreme.

    ends : its limits on the natural scale, where the caller chooses them. at : ticks on the natural scale that it holds.
    """
    ratio = sizes.transform == "exp"
    null = null_of(sizes)
    found = limits(list(spans), null, 100, ratio)
    axis = Axis(found.low, found.high, ratio, null)
    if ends is not None:
        return replace(axis, low=axis.at(ends[0]), high=axis.at(ends[1]))
    places = [axis.at(value) for value in at]
    return replace(axis, low=min([axis.low, *places]), high=max([axis.high, *places]))


def with_ticks(axis: Axis, width: Callable[[str], float], gap: float, at: Sequence[float] = ()) -> Axis:
    """The axis with its ticks. width : of a text in inches; two texts stay `gap` apart.

    The finest set of round values whose texts fit is taken; of those asked for (`at`), all that fit from the left.
    """
    if at:
        asked = [(axis.at(value), tick_text(value, axis.ratio)) for value in sorted(at)]
        return replace(axis, ticks=tuple(_greedy(axis, asked, width, gap)))
    best: list[tuple[float, str]] = []
    for values in _candidates(axis):
        ticks = [(value, text) for value, text in values if axis.inside(value)]
        if _fits(axis, ticks, width, gap):
            if 2 < len(ticks) < 10:
                return replace(axis, ticks=tuple(ticks))
            best = ticks if len(ticks) < 10 and len(ticks) > len(best) else best
    return replace(axis, ticks=tuple(best))


def _fits(axis: Axis, ticks: Sequence[tuple[float, str]], width: Callable[[str], float], gap: float) -> bool:
    return len(_greedy(axis, ticks, width, gap)) == len(ticks)


def _greedy(
    axis: Axis, ticks: Sequence[tuple[float, str]], width: Callable[[str], float], gap: float
) -> list[tuple[float, str]]:
    kept: list[tuple[float, str]] = []
    end = -math.inf
    for value, text in ticks:
        half = width(text) / 2
        if axis.inside(value) and axis.x(value) - half >= end + gap:
            kept.append((value, text))
            end = axis.x(value) + half
    return kept


def _candidates(axis: Axis) -> Iterator[list[tuple[float, str]]]:
    """Sets of round values from fine to coarse, each with 0 (or the ratio 1) among them where it lies on the axis."""
    if not axis.ratio:
        yield from _steps(axis.low, axis.high)
        return
    low, high = max(axis.low, -LARGEST_LOG), min(axis.high, LARGEST_LOG)
    if high - low < math.log(5):
        for values in _steps(math.exp(low), math.exp(high)):
            yield [(math.log(value), tick_text(value, True)) for value, _ in values if value > 0]
    first, last = math.floor(low / math.log(10)) - 1, math.ceil(high / math.log(10)) + 1
    for parts, skip in (((1, 2, 5), 1), ((1, 3), 1), *(((1,), skip) for skip in (1, 2, 3, 4, 5, 10, 20, 50, 100))):
        powers = [power for power in range(first, last + 1) if power % skip == 0]
        yield [
            (
                math.log(part) + power * math.log(10) if part * 10.0**power != 1 else 0.0,
                tick_text(part * 10.0**power, True),
            )
            for power in powers
            for part in parts
        ]


def _steps(low: float, high: float) -> Iterator[list[tuple[float, str]]]:
    """Multiples of 1, 2, 2.5 and 5 times powers of ten."""
    span = high - low
    start = math.floor(math.log10(span)) - 1
    for power in (start, start + 1, start + 2):
        for part in (1.0, 2.0, 2.5, 5.0):
            step = part * 10.0**power
            if not 1 < span / step < 12:
                continue
            decimals = max(0, (1 if part == 2.5 else 0) - power)
            values = [place * step for place in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
            yield [(value, _decimal(value, decimals)) for value in values]


def _decimal(value: float, decimals: int) -> str:
    if abs(value) >= 1e6 or decimals > 6:
        return typeset(f"{value:.3g}")
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")
