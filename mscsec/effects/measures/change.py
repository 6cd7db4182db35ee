"""One group measured twice, or matched pairs: change in mean, standardised change, ratios.

Every function takes a `Change` of shape (..., k): 1 and 2 are the two occasions, the effect is 1 against 2, and `sd_1`
is the SD that SMCR and SMCRH standardise by (give the pre-test SD there to standardise by it). Returns yi and vi.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from mscsec.arrays import Array
from mscsec.effects.measures.base import Estimate, How
from mscsec.effects.measures.correlation import unbiased_r
from mscsec.effects.measures.small_sample import normal_density, small_sample_factor


@dataclass(frozen=True, slots=True)
class Change:
    """Means and SDs of two occasions, their correlation, the pairs, and d where a study reports only that."""

    mean_1: Array
    sd_1: Array
    mean_2: Array
    sd_2: Array
    r: Array
    n: Array
    d: Array

    @property
    def change(self) -> Array:
        """Mean change."""
        return self.mean_1 - self.mean_2

    @property
    def change_variance(self) -> Array:
        """Variance of the change; not below zero, where r = 1 would leave a rounding error."""
        return np.maximum(self.sd_1**2 + self.sd_2**2 - 2 * self.r * self.sd_1 * self.sd_2, 0)

    @property
    def change_sd(self) -> Array:
        """SD of the change."""
        return np.asarray(np.sqrt(self.change_variance))

    @property
    def average_sd(self) -> Array:
        """Square root of the mean of the two variances."""
        return np.asarray(np.sqrt((self.sd_1**2 + self.sd_2**2) / 2))

    @property
    def fourth_moments(self) -> Array:
        """s1^4 + s2^4 + 2 r^2 s1^2 s2^2: the sampling variance of s1^2 + s2^2 is 2/(n - 1) times this."""
        return np.asarray(self.sd_1**4 + self.sd_2**4 + 2 * self.r**2 * self.sd_1**2 * self.sd_2**2)


def mean_change(x: Change, how: How) -> Estimate:
    """Mean change in the outcome's unit. Source: Cochrane Handbook 23.2.7.1."""
    return Estimate(x.change, x.change_variance / x.n)


def standardised_by_change(x: Change, how: How) -> Estimate:
    """Change over the SD of the change (SMCC). vtype as for the standardised mean difference.

    Source: Gibbons, Hedeker & Davis (1993), J Educ Stat 18:271-279.
    """
    d = np.where(np.isnan(x.d), x.change / np.sqrt(x.change_variance), x.d)
    return _standardised(d, 1 / x.n, 1 / x.n, x.n, how)


def standardised_by_one_sd(x: Change, how: How) -> Estimate:
    """Change over sd_1 (SMCR), both occasions taken to have one SD.

    vtype : as for the standardised mean difference; UB and H0 take the unbiased correlation.
    Source: Becker (1988), Br J Math Stat Psychol 41:257-278; Viechtbauer (2007), J Educ Behav Stat 32:39-60.
    """
    unbiased = 2 * (1 - unbiased_r(x.r, x.n)) / x.n if how.vtype in ("UB", "H0") else x.n
    return _standardised(x.change / x.sd_1, 2 * (1 - x.r) / x.n, unbiased, x.n, how)


def _standardised(d: Array, base: Array, unbiased_base: Array, n: Array, how: How) -> Estimate:
    """A standardised change on n - 1 degrees of freedom; `base` is the variance of the change in squared SDs."""
    df = n - 1
    j = small_sample_factor(df, how)
    yi = j * d
    if how.vtype == "LS2":
        return Estimate(yi, j**2 * (base + d**2 / (2 * n)))
    if how.vtype == "UB":
        return Estimate(yi, unbiased_base + (1 - (df - 2) / (df * j**2)) * yi**2)
    if how.vtype == "H0":
        return Estimate(yi, np.where(df > 2, unbiased_base * df / (df - 2) * j**2, np.nan))
    return Estimate(yi, base + yi**2 / (2 * n))


def standardised_by_one_sd_unequal(x: Change, how: How) -> Estimate:
    """Change over sd_1, the two SDs free (SMCRH). vtype: LS divides by n - 1, LS2 by n.

    Source: Bonett (2008), Psychol Methods 13:99-109.
    """
    yi = x.change / x.sd_1 * small_sample_factor(x.n - 1, how)
    size = x.n if how.vtype == "LS2" else x.n - 1
    return Estimate(yi, (x.change_variance / x.sd_1**2 + yi**2 / 2) / size)


def standardised_by_average_sd(x: Change, how: How) -> Estimate:
    """Change over the SD averaged over the occasions, taken as equal (SMCRP). Source: Cousineau (2020), TQMP 16:418-421."""
    yi = x.change / x.average_sd * _average_j(x, how)
    return Estimate(yi, 2 * (1 - x.r) / x.n + yi**2 * (1 + x.r**2) / (4 * x.n))


def standardised_by_average_sd_unequal(x: Change, how: How) -> Estimate:
    """Change over the averaged SD, the two SDs free (SMCRPH). vtype: LS divides by n - 1, LS2 by n.

    Source: Bonett (2008), Psychol Methods 13:99-109.
    """
    yi = x.change / x.average_sd * _average_j(x, how)
    size = x.n if how.vtype == "LS2" else x.n - 1
    vi = x.change_variance / x.average_sd**2 + yi**2 * x.fourth_moments / (8 * x.average_sd**4)
    return Estimate(yi, vi / size)


def _average_j(x: Change, how: How) -> Array:
    """Correction on 2(n - 1)/(1 + r^2) degrees of freedom, those of the averaged variance of correlated samples."""
    return small_sample_factor(2 * (x.n - 1) / (1 + x.r**2), how)


def superiority(x: Change, how: How) -> Estimate:
    """Probability that a value of occasion 1 exceeds one of occasion 2, both normal.

    Source: Ruscio (2008), Psychol Methods 13:19-30; variance by the delta method.
    """
    total = x.sd_1**2 + x.sd_2**2
    z = x.change / np.sqrt(total)
    vi = x.change_variance / total + z**2 / (2 * total**2) * x.fourth_moments
    return Estimate(ndtr(z), normal_density(z) ** 2 * vi / (x.n - 1))


def ratio_of_means_paired(x: Change, how: How) -> Estimate:
    """Log of the ratio of two correlated means (ROMC). vtype: LS first order; LS2 second order.

    Source: Lajeunesse (2011), Ecology 92:2049-2055; corrections and LS2: Senior, Viechtbauer & Nakagawa (2020).
    """
    c_1, c_2 = x.sd_1**2 / (x.n * x.mean_1**2), x.sd_2**2 / (x.n * x.mean_2**2)
    yi = np.log(x.mean_1 / x.mean_2) + ((c_1 - c_2) / 2 if how.correct else 0.0)
    return Estimate(yi, _log_ratio_variance(x, c_1, c_2, how))


def _log_ratio_variance(x: Change, c_1: Array, c_2: Array, how: How) -> Array:
    shared = x.r * x.sd_1 * x.sd_2 / (x.mean_1 * x.mean_2 * x.n)
    first = c_1 + c_2 - 2 * shared
    if how.vtype != "LS2":
        return np.asarray(first)
    ratio = (x.mean_1 / x.mean_2) ** 2
    return np.asarray(first + (c_1**2 + c_2**2) / 2 + shared**2 * (ratio + 1 / ratio) / 2)


def ratio_of_sds_paired(x: Change, how: How) -> Estimate:
    """Log of the ratio of two correlated SDs (VRC); the biases of the two logs cancel.

    vtype : LS first order; LS2 second order.
    Source: Senior, Viechtbauer & Nakagawa (2020), Res Synth Methods 11:553-567.
    """
    return Estimate(np.log(x.sd_1 / x.sd_2), _log_sd_ratio_variance(x, how))


def _log_sd_ratio_variance(x: Change, how: How) -> Array:
    df = x.n - 1
    first = (1 - x.r**2) / df
    if how.vtype != "LS2":
        return np.asarray(first)
    ratio = (x.sd_1 / x.sd_2) ** 4
    return np.asarray(first + (1 + x.r**4 * (ratio + 1 / ratio) / 2) / df**2)


def ratio_of_cvs_paired(x: Change, how: How) -> Estimate:
    """Log of the ratio of two correlated coefficients of variation (CVRC). vtype as for `ratio_of_sds_paired`.

    Source: Senior, Viechtbauer & Nakagawa (2020), Res Synth Methods 11:553-567.
    """
    c_1, c_2 = x.sd_1**2 / (x.n * x.mean_1**2), x.sd_2**2 / (x.n * x.mean_2**2)
    yi = np.log(x.sd_1 / x.mean_1) - np.log(x.sd_2 / x.mean_2) - ((c_1 - c_2) / 2 if how.correct else 0.0)
    return Estimate(yi, _log_sd_ratio_variance(x, how) + _log_ratio_variance(x, c_1, c_2, how))
