"""The horizontal axis of a forest plot in a page: where a value stands, in steps of a part of the width."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, IntArray
from mscsec.effects.sizes import EffectSizes
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import plain

WIDTH = 400  # steps from end to end: finer than the pixels of a plot, and no finer, as each digit is stored
OUT_LEFT, OUT_RIGHT = -1, WIDTH + 1  # where a value beyond an end of the axis is said to be
NOWHERE = -2
MOST_TICKS = 7
FEW = 4  # as many ticks have room on any page


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, natural scale; `log` where ratios stand on it. null : place of no effect, None without one."""

    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]
    null: float | None

    def at(self, value: float | None) -> int | None:
        """Place of a value in 0 to `WIDTH`, `OUT_LEFT` or `OUT_RIGHT` beyond the ends; None where there is no value."""
        place = NOWHERE if value is None else int(self.all_at(np.array([value]))[0])
        return None if place == NOWHERE else place

    def all_at(self, values: Array) -> IntArray:
        """As `at`, for an array; `NOWHERE` where there is no value."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        with np.errstate(divide="ignore", invalid="ignore"):
            x = np.where(values > 0, np.log(values), -np.inf) if self.log else values
            places = np.floor((x - low) / (high - low) * WIDTH + 0.5)
        held = np.where(x < low, OUT_LEFT, np.where(x > high, OUT_RIGHT, places))
        return np.asarray(np.where(np.isnan(values), NOWHERE, held), dtype=np.int64)

    @property
    def marks(self) -> tuple[tuple[int, str], ...]:
        """Place and text of each tick."""
        return tuple((self.at(tick) or 0, plain(tick)) for tick in self.ticks)

    @property
    def between(self) -> tuple[int, ...]:
        """Places of every second tick, counted from that of no effect: their texts go first where the plot is narrow."""
        first = next((number for number, tick in enumerate(self.ticks) if tick == self.null), 0)
        places = [place for place, _ in self.marks]
        return tuple(place for number, place in enumerate(places) if (number - first) % 2) if len(places) > FEW else ()


def axis_of(sizes: EffectSizes, fit: PooledResult) -> Axis:
    """An axis that shows every estimate, the pooled intervals and no effect; study intervals far beyond them are cut."""
    log = sizes.transform == "exp"
    null = (1.0 if log else 0.0) if sizes.null is not None else None
    shown = fit.display
    core: list[float | None] = [row.estimate for row in sizes.rows]
    core += [shown.estimate, shown.ci_low, shown.ci_high, shown.prediction_low, shown.prediction_high, null]
    inside = _scaled(core, log)
    low, high = min(inside), max(inside)
    ends = [(_scaled([row.low], log), _scaled([row.high], log)) for row in sizes.rows]
    halves = sorted((b[0] - a[0]) / 2 for a, b in ends if a and b)
    reach = max(high - low, halves[len(halves) // 2] * 2 if halves else 0.0) or 1.0
    low = min([low, *(max(a[0], low - reach) for a, _ in ends if a)])
    high = max([high, *(min(b[0], high + reach) for _, b in ends if b)])
    edge = 0.03 * (high - low or 1.0)
    low, high = low - edge, high + edge
    ends_of = (math.exp(low), math.exp(high)) if log else (low, high)
    return Axis(*ends_of, log, _log_ticks(*ends_of) if log else _ticks(*ends_of), null)


def _scaled(values: Iterable[float | None], log: bool) -> list[float]:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return [math.log(value) for value in known if value > 0] if log else known


def _ticks(low: float, high: float) -> tuple[float, ...]:
    """Round numbers at a step of 1, 2 or 5 times a power of ten."""
    step = 10.0 ** math.floor(math.log10((high - low) / 2))
    for factor in (1, 2, 5, 10, 20, 50):
        first, last = math.ceil(low / (step * factor)), math.floor(high / (step * factor))
        if last - first < MOST_TICKS - 1:
            return tuple(float(f"{n * step * factor:.10g}") for n in range(first, last + 1))
    return ()


def _log_ticks(low: float, high: float) -> tuple[float, ...]:
    """Ratios that readers know: 0.1, 0.2, 0.5, 1, 2, 5, 10, fewer over many decades, finer ones within half of one."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ladders: tuple[Sequence[float], ...] = ((1, 2, 5), (1, 3), (1,))
    for steps in ladders:
        found = tuple(
            float(f"{step * 10.0**decade:.10g}")
            for decade in decades
            for step in steps
            if low <= step * 10.0**decade <= high
        )
        if len(found) <= MOST_TICKS:
            return found if len(found) >= 3 else _ticks(low, high)
    wide = [10.0**decade for decade in decades if low <= 10.0**decade <= high]
    return tuple(wide[:: -(-len(wide) // MOST_TICKS)])
