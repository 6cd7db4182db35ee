"""Quantiles and tail areas of the normal and the t distribution, taken from the small side.

Degrees of freedom are infinite for the normal distribution, so that a batch may mix both.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from mscsec.arrays import Array


def critical(level: float, df: Array | float) -> Array:
    """The value that a two-sided interval at `level` multiplies the standard error with."""
    tail = (1 - level) / 2
    if np.ndim(df) == 0:
        return -ndtri(tail) if math.isinf(df) else -stdtrit(df, tail)  # type: ignore[return-value]
    normal = np.isinf(df)
    return np.where(normal, -ndtri(tail), -stdtrit(np.where(normal, 1.0, df), tail))


def two_sided_p(statistic: Array, df: Array | float) -> Array:
    """Probability of a value as far from zero as `statistic`, on either side."""
    return 2 * lower_tail(-np.abs(statistic), df)


def lower_tail(x: Array, df: Array | float) -> Array:
    """Probability below `x`."""
    if np.ndim(df) == 0:
        return ndtr(x) if math.isinf(df) else stdtr(df, x)  # type: ignore[return-value]
    normal = np.isinf(df)
    return np.where(normal, ndtr(x), stdtr(np.where(normal, 1.0, df), x))
