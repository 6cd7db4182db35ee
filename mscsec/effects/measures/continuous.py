"""Two groups, a continuous outcome: differences and ratios of means, standardised or not.

Every function takes `TwoMeans` of shape (..., k) and returns yi and vi of that shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array
from mscsec.effects.measures.base import Estimate, How, pooled_mean
from mscsec.effects.measures.small_sample import hedges_j


@dataclass(frozen=True, slots=True)
class TwoMeans:
    """Means, SDs and sizes of two groups, and the standardised difference d where a study reports only that."""

    mean_1: Array
    sd_1: Array
    n_1: Array
    mean_2: Array
    sd_2: Array
    n_2: Array
    d: Array

    @property
    def df(self) -> Array:
        """Degrees of freedom of the pooled variance."""
        return self.n_1 + self.n_2 - 2

    @property
    def pooled_sd(self) -> Array:
        """Square root of the pooled variance."""
        return np.asarray(np.sqrt(((self.n_1 - 1) * self.sd_1**2 + (self.n_2 - 1) * self.sd_2**2) / self.df))

    @property
    def cohen_d(self) -> Array:
        """Standardised mean difference without correction; reported values come first."""
        return np.where(np.isnan(self.d), (self.mean_1 - self.mean_2) / self.pooled_sd, self.d)


def mean_difference(x: TwoMeans, how: How) -> Estimate:
    """Difference of two means, in the outcome's unit.

    vtype : LS with each group's own SD; HO with the pooled SD.
    Source: Cochrane Handbook 6.5.1.1, 10.5.1.
    """
    yi = x.mean_1 - x.mean_2
    if how.vtype == "HO":
        return Estimate(yi, x.pooled_sd**2 * (1 / x.n_1 + 1 / x.n_2))
    return Estimate(yi, x.sd_1**2 / x.n_1 + x.sd_2**2 / x.n_2)


def standardised_mean_difference(x: TwoMeans, how: How) -> Estimate:
    """Difference of two means over the pooled SD: Hedges' g, or Cohen's d with correct=False.

    vtype : LS 1/n1 + 1/n2 + g^2 / 2(n1 + n2); LS2 the same of d, times J^2; UB unbiased; AV with g averaged over the
        studies; H0 under no difference.
    Source: Hedges (1981), J Educ Stat 6:107-128; Hedges & Olkin (1985), chapter 5; Borenstein (2009) for LS2.
    """
    n, df, j = x.n_1 + x.n_2, x.df, hedges_j(x.df)
    d = x.cohen_d
    yi = j * d if how.correct else d
    base = 1 / x.n_1 + 1 / x.n_2
    return Estimate(yi, _standardised_variance(yi, d, j, base, n, df, how))


def _standardised_variance(yi: Array, d: Array, j: Array, base: Array, n: Array, df: Array, how: How) -> Array:
    """Variance of a difference standardised by an SD on `df`; `base` is the variance of the mean difference in SDs."""
    if how.vtype == "LS2":
        return np.asarray((j**2 if how.correct else 1.0) * (base + d**2 / (2 * n)))
    if how.vtype == "UB":
        return np.asarray(base + (1 - (df - 2) / (df * j**2)) * yi**2)
    if how.vtype == "AV":
        return np.asarray(base + pooled_mean(yi, n) ** 2 / (2 * n))
    if how.vtype == "H0":
        return np.where(df > 2, base * df / (df - 2) * j**2, np.nan)
    return np.asarray(base + yi**2 / (2 * n))


def ratio_of_means(x: TwoMeans, how: How) -> Estimate:
    """Log of the ratio of two means of one sign, by default corrected for the bias of the logarithm.

    vtype : LS first order; LS2 second order; HO with the pooled SD; AV and AVHO with the squared coefficients of
        variation averaged over the studies.
    Source: Hedges, Gurevitch & Curtis (1999), Ecology 80:1150-1156; the corrections: Lajeunesse (2015), Ecology 96:2056-2063.
    """
    sd_1, sd_2 = (x.pooled_sd, x.pooled_sd) if how.vtype in ("HO", "AVHO") else (x.sd_1, x.sd_2)
    c_1, c_2 = sd_1**2 / (x.n_1 * x.mean_1**2), sd_2**2 / (x.n_2 * x.mean_2**2)
    yi = np.log(x.mean_1 / x.mean_2)
    if how.correct:
        yi = yi + (x.sd_1**2 / (x.n_1 * x.mean_1**2) - x.sd_2**2 / (x.n_2 * x.mean_2**2)) / 2
    if how.vtype == "LS2":
        return Estimate(yi, c_1 + c_2 + (c_1**2 + c_2**2) / 2)
    if how.vtype in ("AV", "AVHO"):
        s_1, s_2 = pooled_mean(c_1 * x.n_1, x.n_1), pooled_mean(c_2 * x.n_2, x.n_2)
        return Estimate(yi, s_1 / x.n_1 + s_2 / x.n_2)
    return Estimate(yi, c_1 + c_2)
