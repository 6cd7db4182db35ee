"""Two groups, events in person-time. Every function takes `TwoRates` of shape (..., k) and returns yi and vi of that shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, BoolArray
from mscsec.effects.measures.base import Estimate, How
from mscsec.effects.measures.cells import Counts


@dataclass(frozen=True, slots=True)
class TwoRates(Counts):
    """Events x and person-time t of two groups."""

    x_1: Array
    t_1: Array
    x_2: Array
    t_2: Array

    @classmethod
    def counted(cls) -> tuple[str, ...]:
        """Person-times are no counts."""
        return ("x_1", "x_2")

    def double_zero(self) -> BoolArray:
        """Where neither group has an event."""
        return np.asarray((self.x_1 == 0) & (self.x_2 == 0))


def rate_ratio(x: TwoRates, how: How) -> Estimate:
    """Log of the ratio of two rates. Source: Rothman, Greenland & Lash (2008), chapter 14."""
    return Estimate(np.log(x.x_1 / x.t_1) - np.log(x.x_2 / x.t_2), 1 / x.x_1 + 1 / x.x_2)


def rate_difference(x: TwoRates, how: How) -> Estimate:
    """Difference of two rates. Source: Rothman, Greenland & Lash (2008), chapter 14."""
    return Estimate(x.x_1 / x.t_1 - x.x_2 / x.t_2, x.x_1 / x.t_1**2 + x.x_2 / x.t_2**2)


def root_rate_difference(x: TwoRates, how: How) -> Estimate:
    """Difference of the square roots of two rates; bears zero events. Source: Freeman & Tukey (1950); Rothman (2008)."""
    return Estimate(np.sqrt(x.x_1 / x.t_1) - np.sqrt(x.x_2 / x.t_2), 1 / (4 * x.t_1) + 1 / (4 * x.t_2))
