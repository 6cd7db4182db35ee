"""Exact small-sample factors, and the density, of the normal distribution."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

from mscsec.arrays import Array
from mscsec.effects.measures.base import How

# From here on six terms of Stirling's ratio are exact to rounding, where the difference of two large log-gammas is not.
_SERIES_FROM = 200.0


def hedges_j(df: Array) -> Array:
    """Factor that makes Cohen's d unbiased: Gamma(df/2) / (sqrt(df/2) Gamma((df - 1)/2)).

    df : any shape, degrees of freedom of the standardiser; nan where df is 1 or less, for which the mean does not exist.
    Source: Hedges (1981), J Educ Stat 6:107-128; the series is Tricomi & Erdelyi (1951), Pacific J Math 1:133-142.
    """
    df = np.asarray(df, dtype=float)
    out = np.full(df.shape, np.nan)
    small = (df > 1) & (df < _SERIES_FROM)
    part = df[small] / 2
    out[small] = np.exp(gammaln(part) - gammaln(part - 0.5)) / np.sqrt(part)
    large = df >= _SERIES_FROM
    x = 1 / ((df[large] - 1) / 2)
    series = 1 + x * (-1 / 8 + x * (1 / 128 + x * (5 / 1024 + x * (-21 / 32768 + x * (-399 / 262144)))))
    out[large] = np.sqrt((df[large] - 1) / df[large]) * series
    return out


def small_sample_factor(df: Array, how: How) -> Array:
    """`hedges_j`, or its approximation, where the correction is asked for, 1 where it is not.

    nan for one degree of freedom or less with a correction. Source: Hedges (1981), J Educ Stat 6:107-128.
    """
    if not how.correct:
        return np.ones_like(df)
    return np.where(df > 1, 1 - 3 / (4 * df - 1), np.nan) if how.approximate else hedges_j(df)


def normal_density(z: Array) -> Array:
    """Density of the standard normal distribution at z."""
    return np.asarray(np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi))
