"""Axes as values: limits on the analysis scale, round ticks on the scale a reader knows, the words beside them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from mscsec.effects.crosscheck import IN_UNITS
from mscsec.effects.measures import TRANSFORMS
from mscsec.effects.sizes import EffectSizes
from mscsec.plots.typeset import superscript
from mscsec.report.numbers import plural

LARGEST_LOG = 600.0  # its exponential is still a number
ROUNDING = 1e-9
NATURAL = ("exp", "ztor", "ilogit", "iprobit", "iarcsin")  # ways back that need nothing but the value


Ticks = tuple[tuple[float, str], ...]  # values on the axis's own scale, with what is printed at each


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis. `low`, `high` : its ends, the first at the left or at the bottom (so an axis can run downwards).

    ticks : as they are drawn. title : the words along it. fewer : the same for about so many ticks, in wider steps.
    """

    low: float
    high: float
    ticks: Ticks
    title: str
    fewer: Callable[[int], Ticks] | None = field(default=None, compare=False)

    def fitted(self, apart: Callable[[Ticks], bool]) -> Scale:
        """The scale with the most ticks that do not touch: wider steps are taken, none is left out between two others.

        apart : whether such ticks have room beside each other. Of the widest steps, if need be, every second one.
        """
        if apart(self.ticks) or not self.ticks:
            return self
        fewer = self.fewer or (lambda _: self.ticks)
        for count in range(len(self.ticks), 1, -1):
            ticks = fewer(count)
            if 1 < len(ticks) < len(self.ticks) and apart(ticks):
                return replace(self, ticks=ticks)
        ticks = fewer(2)
        while len(ticks) > 1 and not apart(ticks):
            ticks = ticks[::2]
        return replace(self, ticks=ticks)

    def share(self, value: float) -> float:
        """How far along the axis a value stands: 0 at `low`, 1 at `high`."""
        return (value - self.low) / (self.high - self.low)

    def holds(self, value: float) -> bool:
        """Whether the value lies on the axis."""
        return math.isfinite(value) and -1e-9 <= self.share(value) <= 1 + 1e-9


def linear(low: float, high: float, title: str, count: int = 6) -> Scale:
    """A plain axis from `low` to `high` with about `count` round ticks; `low` may be the greater."""

    def ticks(number: int) -> Ticks:
        return tuple(round_values(min(low, high), max(low, high), number))

    return Scale(low, high, ticks(count), title, ticks)


def round_values(low: float, high: float, count: int = 6) -> list[tuple[float, str]]:
    """Round values in [low, high] in steps of 1, 2 or 5 times a power of ten, with the decimals that tell them apart."""
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return [(low, tick_text(low, False))]
    raw = span / max(count, 1)
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= raw * 0.7)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(number * step, _told(number * step, step)) for number in range(first, last + 1)]


def _told(value: float, step: float) -> str:
    """A tick with the digits that its step needs, and no more."""
    if abs(value) < step / 2:
        return "0"
    decimals = -math.floor(math.log10(step) + 1e-9)
    if decimals <= 4 and abs(value) < 1e6:
        return f"{value:.{max(decimals, 0)}f}".replace("-", "−")
    digits = max(1, math.floor(math.log10(abs(value)) + 1e-9) + decimals + 1)
    return f"{value:.{digits}g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-").replace("-", "−")


def ratios(low: float, high: float, count: int = 6) -> list[tuple[float, str]]:
    """Round ratios between exp(low) and exp(high), at their logs: powers of ten, of those 1-2-5, or finer where it is narrow."""
    low, high = max(low, -LARGEST_LOG), min(high, LARGEST_LOG)
    decades = (high - low) / math.log(10)
    if decades < 0.5:
        fine = round_values(math.exp(low), math.exp(high), max(count, 2))
        return [(math.log(value), text) for value, text in fine if value > 0]
    for steps in STEPS:
        if len(found := _powers(low, high, steps, 1)) <= count + 1:
            break
    else:
        found = _powers(low, high, (1,), math.ceil(decades / count))
    return [(0.0 if abs(value) < 1e-12 else value, tick_text(math.exp(value))) for value in found]


STEPS = ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))  # within a decade, from fine to coarse


def _powers(low: float, high: float, steps: tuple[float, ...], every: int) -> list[float]:
    """Logs of the steps within each power of ten (or every second, every third ...) from `low` to `high`."""
    powers = range(math.floor(low / math.log(10)) - 1, math.ceil(high / math.log(10)) + 2)
    found = [math.log(step) + power * math.log(10) for power in powers if power % every == 0 for step in steps]
    return [value for value in found if low - ROUNDING <= value <= high + ROUNDING]


def tick_text(value: float, ratio: bool = True) -> str:
    """A tick as it is printed: 0.5, 20, and of a ratio from 100 000 on or below 0.001 10⁻⁴ or 5·10⁻⁴."""
    if ratio and not 1e-3 <= value * (1 + ROUNDING) < 1e5:
        power = math.floor(math.log10(value) + ROUNDING)
        part = value / 10.0**power
        return ("" if round(part, 6) == 1 else f"{part:.6g}·") + "10" + superscript(power)
    return f"{value:.6g}".replace("-", "−")


def effect_ticks(sizes: EffectSizes, low: float, high: float, count: int = 6) -> tuple[tuple[float, str], ...]:
    """Ticks for effects from `low` to `high` on the analysis scale, round on the natural one where there is a way."""
    if sizes.transform == "exp":
        return tuple(ratios(low, high, count))
    if sizes.transform in NATURAL:
        back, there = TRANSFORMS[sizes.transform], TRANSFORMS[TRANSFORMS[sizes.transform].inverse or "identity"]
        least, most = sorted(float(back.function(np.float64(end))) for end in (low, high))
        inside = [(float(there.function(np.float64(value))), text) for value, text in round_values(least, most, count)]
        return tuple((value, text) for value, text in inside if math.isfinite(value))
    return tuple(round_values(low, high, count))


def effect_scale(sizes: EffectSizes, low: float, high: float, count: int = 6, title: str | None = None) -> Scale:
    """An axis of effects, with the measure's name, its unit, and the scale where it is not plain."""
    return Scale(
        low, high, effect_ticks(sizes, low, high, count), title or effect_title(sizes),
        lambda number: effect_ticks(sizes, low, high, number),
    )  # fmt: skip


def effect_head(sizes: EffectSizes) -> str:
    """The heading of a column of effects: the measure's key, or in a word what stands there ("Proportion")."""
    if sizes.transform in ("exp", "identity"):
        return "Effect" if sizes.measure == "GEN" else sizes.measure
    name = TRANSFORMS[sizes.transform].name.rpartition(" to ")[2]
    return name[:1].upper() + name[1:]


def effect_title(sizes: EffectSizes) -> str:
    """What an axis of effects shows: "Risk ratio (log scale)", "Mean difference, days"."""
    name = sizes.measure_name[:1].upper() + sizes.measure_name[1:]
    if sizes.transform == "exp":
        return f"{name} (log scale)"
    if sizes.transform == "identity":
        return f"{name}, {plural(sizes.unit)}" if sizes.unit and sizes.measure in IN_UNITS else name
    return name if sizes.transform in NATURAL else f"{name} (analysis scale)"


_AGAINST = re.compile(r"\s+(?:against|versus|vs\.?|compared with|compared to)\s+")


def sides_of(label: str | None) -> tuple[str, str] | None:
    """The two sides that a comparison's label names ("A against B"), without what stands in brackets; None where it does not."""
    parts = _AGAINST.split(re.sub(r"\s*\([^)]*\)", "", label or ""))
    return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else None


def side_names(sizes: EffectSizes) -> tuple[str, str]:
    """What the two sides are called in the middle of a sentence, by the comparison's label, else experimental and comparator."""
    sides = sides_of(sizes.comparison_label) or ("experimental", "comparator")
    one, two = (part[:1].lower() + part[1:] if part[1:2].islower() else part for part in sides)
    return one, two


def favour_words(sizes: EffectSizes) -> tuple[str, str]:
    """What the two ends of an axis of effects favour; empty where the outcome has no better direction or no null value."""
    if sizes.null is None or sizes.better == "neither":
        return "", ""
    one, two = (f"Favours {name}" for name in side_names(sizes))
    return (one, two) if sizes.better == "lower" else (two, one)


def limits(values: Iterable[float], must: Iterable[float] = (), margin: float = 0.05) -> tuple[float, float]:
    """Ends of an axis that holds all finite `values` and `must`, with a margin on either side; never a single point."""
    held = [value for value in (*values, *must) if math.isfinite(value)]
    low, high = min(held, default=0.0), max(held, default=1.0)
    largest = max(abs(low), abs(high))
    span = high - low
    if span <= ROUNDING * largest:  # one value, or several that rounding alone keeps apart
        span = (largest or 1.0) * 0.5
    return low - margin * span, high + margin * span


def held_limits(values: Iterable[float], core: Iterable[float], reach: float = 3.0) -> tuple[float, float]:
    """Ends that hold every `core` value, and `values` unless they lie further out than `reach` spans of the core."""
    low, high = limits(core, margin=0.0)
    span = high - low
    near = [value for value in values if low - reach * span <= value <= high + reach * span]
    return limits(near, (low, high))
