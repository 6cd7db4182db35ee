"""Quantiles and tail areas of the normal and the t distribution, taken from the small side.

Degrees of freedom are infinite for the normal distribution, so that a batch may mix both.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from scipy.special import chdtri, ndtr, ndtri, stdtr, stdtrit

from mscsec.arrays import Array, of_one


def critical(level: float, df: Array | float) -> Array:
    """The value that a two-sided interval at `level` multiplies the standard error with."""
    if isinstance(df, float):
        return _one_critical(level, df)
    if df.size and df.min() == df.max():
        return np.full(df.shape, _one_critical(level, df.flat[0].item()))[()]
    # few differ in a batch, and a quantile of t takes far longer than to find them
    values, at = np.unique(df, return_inverse=True)
    tail = (1 - level) / 2
    normal = np.isinf(values)
    quantiles: Array = np.where(normal, -ndtri(tail), -stdtrit(np.where(normal, 1.0, values), tail))
    return quantiles[at].reshape(df.shape)


@functools.lru_cache(maxsize=1000)
def _one_critical(level: float, df: float) -> Array:
    tail = (1 - level) / 2
    return of_one(float(-ndtri(tail) if math.isinf(df) else -stdtrit(df, tail)))


def chi_square_above(df: Array | float, tail: float) -> Array:
    """The value that chi-square on `df` exceeds with probability `tail`."""
    return _one_chi_square_above(df, tail) if isinstance(df, float) else np.asarray(chdtri(df, tail), dtype=float)


@functools.lru_cache(maxsize=1000)
def _one_chi_square_above(df: float, tail: float) -> Array:
    return of_one(float(chdtri(df, tail)))


def two_sided_p(statistic: Array, df: Array | float) -> Array:
    """Probability of a value as far from zero as `statistic`, on either side."""
    return 2 * lower_tail(-abs(statistic), df)


def lower_tail(x: Array, df: Array | float) -> Array:
    """Probability below `x`."""
    if isinstance(df, float):
        if math.isinf(df):
            return ndtr(x)
        return stdtr(df, x)  # type: ignore[return-value]  # as scipy-stubs have it, a Python float could make it single precision
    normal = np.isinf(df)
    if normal.all():
        return np.broadcast_to(ndtr(x), np.broadcast_shapes(np.shape(x), df.shape))
    if not np.ndim(x) or not df.ndim:
        return np.where(normal, ndtr(x), stdtr(np.where(normal, 1.0, df), x))
    below = np.empty(np.broadcast_shapes(x.shape, df.shape))
    x, df, normal = (np.broadcast_to(a, below.shape) for a in (x, df, normal))
    below[normal], below[~normal] = ndtr(x[normal]), stdtr(df[~normal], x[~normal])
    return below
