"""What rounding in print leaves open: a figure printed as 5.5 is anything from 5.45 to 5.55."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.effects.reconstruct.table import RECONSTRUCT
from mscsec.errors import InvalidInput
from mscsec.registry import choose
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class Band(Result):
    """One result of a route and the range that rounding alone allows.

    value : from the figures as printed. low, high : smallest and largest over the ends of their rounding intervals.
    None where the figures as printed, or all of these ends, give no number.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None


def rounding_band(key: str, figures: Mapping[str, Any], decimals: Mapping[str, int]) -> tuple[Band, ...]:
    """The range of each result of route `key` that the rounding of its figures allows.

    figures : arguments of the route, one number each (a single result, not a batch). decimals : places printed, for the
    figures that were rounded; the others are taken as exact.
    The route is run at every combination of interval ends, 2 to the number of rounded figures, which bounds a result
    that rises or falls in each figure. Combinations that no data can show (an estimate outside its interval) are left out.
    Raises InvalidInput where the figures as printed are impossible, UnknownMethod for an unknown key.
    """
    route = choose(RECONSTRUCT, key, "reconstruction")
    unknown = set(decimals) - set(figures)
    if unknown:
        raise InvalidInput(f"decimals for {', '.join(sorted(unknown))}", "decimals are those of figures that are given")
    printed = route.function(**figures)
    halves = {name: 0.5 * 10.0**-places for name, places in decimals.items()}
    corners: list[Any] = []
    for signs in itertools.product((-1.0, 1.0), repeat=len(halves)):
        moved = {name: figures[name] + sign * half for sign, (name, half) in zip(signs, halves.items(), strict=True)}
        try:
            corners.append(route.function(**{**figures, **moved}))
        except InvalidInput:
            continue
    return tuple(_band(name, printed, corners) for name in route.gives)


def _band(name: str, printed: Any, corners: list[Any]) -> Band:
    def number(result: Any) -> float | None:
        value = float(np.asarray(getattr(result, name)))
        return None if np.isnan(value) else value

    found = [value for value in map(number, corners) if value is not None]
    return Band(name, number(printed), min(found, default=None), max(found, default=None))
