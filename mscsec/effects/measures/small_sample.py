"""Exact small-sample factors of the normal distribution."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from mscsec.arrays import Array

# From here on six terms of Stirling's ratio are exact to rounding, where the difference of two large log-gammas is not.
_SERIES_FROM = 200.0


def hedges_j(df: Array) -> Array:
    """Factor that makes Cohen's d unbiased: Gamma(df/2) / (sqrt(df/2) Gamma((df - 1)/2)).

    df : any shape, degrees of freedom of the standardiser; nan where df is 1 or less, for which the mean does not exist.
    Source: Hedges (1981), J Educ Stat 6:107-128, equation 6e; the series is Tricomi & Erdelyi (1951), Pacific J Math 1:133-142.
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
