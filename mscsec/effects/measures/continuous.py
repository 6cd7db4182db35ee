"""Two groups, a continuous outcome: differences and ratios of means, standardised or not.

Every function takes `TwoMeans` of shape (..., k) and returns yi and vi of that shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array
from mscsec.constants import COX_SNELL, REVMAN_SMD, SMD_TO_LOG_OR
from mscsec.effects.measures.base import Estimate, How, pooled_mean
from mscsec.effects.measures.small_sample import small_sample_factor


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
    def squared_cvs(self) -> tuple[Array, Array]:
        """Squared coefficients of variation of the two groups."""
        return (self.sd_1 / self.mean_1) ** 2, (self.sd_2 / self.mean_2) ** 2

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
        studies; H0 under no difference; RM as RevMan, 1/n1 + 1/n2 + g^2 / 2(n1 + n2 - 3.94), there with correct="approximate".
    Source: Hedges (1981), J Educ Stat 6:107-128; Hedges & Olkin (1985), chapter 5; Borenstein (2009) for LS2.
    """
    n, df, d = x.n_1 + x.n_2, x.df, x.cohen_d
    j = small_sample_factor(df, how)
    yi = j * d
    base = 1 / x.n_1 + 1 / x.n_2
    if how.vtype == "RM":
        return Estimate(yi, np.where(n > REVMAN_SMD, base + yi**2 / (2 * (n - REVMAN_SMD)), np.nan))
    return Estimate(yi, _standardised_variance(yi, d, j, base, n, df, how))


def _standardised_variance(yi: Array, d: Array, j: Array, base: Array, n: Array, df: Array, how: How) -> Array:
    """Variance of a difference standardised by an SD on `df`; `base` is the variance of the mean difference in SDs."""
    if how.vtype == "LS2":
        return np.asarray(j**2 * (base + d**2 / (2 * n)))
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
    c_1, c_2 = x.squared_cvs
    yi = np.log(x.mean_1 / x.mean_2)
    if how.correct:
        yi = yi + (c_1 / x.n_1 - c_2 / x.n_2) / 2
    return Estimate(yi, _log_ratio_variance(x, c_1, c_2, how))


def _log_ratio_variance(x: TwoMeans, c_1: Array, c_2: Array, how: How) -> Array:
    """Variance of the log ratio of means from the squared coefficients of variation."""
    if how.vtype == "LS2":
        return np.asarray(c_1 / x.n_1 + c_2 / x.n_2 + ((c_1 / x.n_1) ** 2 + (c_2 / x.n_2) ** 2) / 2)
    if how.vtype == "HO":
        pooled = x.pooled_sd**2
        return np.asarray(pooled / (x.n_1 * x.mean_1**2) + pooled / (x.n_2 * x.mean_2**2))
    if how.vtype in ("AV", "AVHO"):
        cv_1, cv_2 = x.sd_1 / x.mean_1, x.sd_2 / x.mean_2
        if how.vtype == "AVHO":
            n = x.n_1 + x.n_2
            return np.asarray(pooled_mean((x.n_1 * cv_1 + x.n_2 * cv_2) / n, n) ** 2 * (1 / x.n_1 + 1 / x.n_2))
        return np.asarray(pooled_mean(cv_1, x.n_1) ** 2 / x.n_1 + pooled_mean(cv_2, x.n_2) ** 2 / x.n_2)
    return np.asarray(c_1 / x.n_1 + c_2 / x.n_2)


def smd_unequal(x: TwoMeans, how: How) -> Estimate:
    """Difference of two means over the square root of the mean of the two variances (SMDH); the SDs may differ.

    vtype : LS divides by n - 1; LS2 by n; LS3 by n for the means and n - 1 for the SDs.
    Source: Bonett (2009), Psychol Methods 14:225-238.
    """
    size = (x.n_1, x.n_2) if how.vtype in ("LS2", "LS3") else (x.n_1 - 1, x.n_2 - 1)
    df = (x.n_1, x.n_2) if how.vtype == "LS2" else (x.n_1 - 1, x.n_2 - 1)
    v_1, v_2 = x.sd_1**2, x.sd_2**2
    average = (v_1 + v_2) / 2
    yi = (x.mean_1 - x.mean_2) / np.sqrt(average) * small_sample_factor(x.df, how)
    vi = (v_1 / size[0] + v_2 / size[1]) / average + yi**2 * (v_1**2 / df[0] + v_2**2 / df[1]) / (8 * average**2)
    return Estimate(yi, vi)


def glass_delta(x: TwoMeans, how: How) -> Estimate:
    """Difference of two means over the comparator's SD (SMD1), the two SDs taken as equal in the variance.

    vtype : as for the standardised mean difference, on n2 - 1 degrees of freedom; LS3 as LS with n2 - 1 in the place of n2.
    Source: Glass (1976), Educ Res 5:3-8; Hedges (1981), J Educ Stat 6:107-128.
    """
    df = x.n_2 - 1
    j = small_sample_factor(df, how)
    d = (x.mean_1 - x.mean_2) / x.sd_2
    yi = j * d
    base = 1 / x.n_1 + 1 / x.n_2
    if how.vtype == "LS3":
        return Estimate(yi, base + yi**2 / (2 * df))
    if how.vtype == "AV":
        return Estimate(yi, base + pooled_mean(yi, x.n_1 + x.n_2) ** 2 / (2 * x.n_2))
    return Estimate(yi, _standardised_variance(yi, d, j, base, x.n_2, df, how))


def glass_delta_unequal(x: TwoMeans, how: How) -> Estimate:
    """Glass's delta with a variance that lets the SDs differ (SMD1H). Source: Bonett (2008), Psychol Methods 13:99-109."""
    yi = (x.mean_1 - x.mean_2) / x.sd_2 * small_sample_factor(x.n_2 - 1, how)
    return Estimate(yi, (x.sd_1 / x.sd_2) ** 2 / (x.n_1 - 1) + (1 + yi**2 / 2) / (x.n_2 - 1))


def smd_as_log_or_logistic(x: TwoMeans, how: How) -> Estimate:
    """Standardised mean difference times pi/sqrt(3): a log odds ratio under a logistic variable.

    Source: Hasselblad & Hedges (1995), Psychol Bull 117:167-178; Chinn (2000), Stat Med 19:3127-3131.
    """
    return _scaled_smd(x, SMD_TO_LOG_OR)


def smd_as_log_or_normal(x: TwoMeans, how: How) -> Estimate:
    """Standardised mean difference times 1.65: a log odds ratio under a normal variable. Source: Cox & Snell (1989)."""
    return _scaled_smd(x, COX_SNELL)


def _scaled_smd(x: TwoMeans, factor: float) -> Estimate:
    yi, vi = standardised_mean_difference(x, How("LS", correct=False))
    return Estimate(yi * factor, vi * factor**2)


def ratio_of_sds(x: TwoMeans, how: How) -> Estimate:
    """Log of the ratio of two SDs (lnVR). vtype: LS 1 / 2(n - 1) a group; LS2 n / 2(n - 1)^2, second order.

    Source: Nakagawa et al (2015), Methods Ecol Evol 6:143-152; LS2: Senior, Viechtbauer & Nakagawa (2020).
    """
    yi = np.log(x.sd_1 / x.sd_2) + _log_sd_shift(x, how)
    return Estimate(yi, _log_sd_ratio_variance(x, how))


def ratio_of_cvs(x: TwoMeans, how: How) -> Estimate:
    """Log of the ratio of two coefficients of variation (lnCVR). vtype as for the ratio of SDs and of means.

    Source: Nakagawa et al (2015), Methods Ecol Evol 6:143-152; corrections: Senior, Viechtbauer & Nakagawa (2020).
    """
    c_1, c_2 = x.squared_cvs
    yi = np.log(x.sd_1 / x.mean_1) - np.log(x.sd_2 / x.mean_2) + _log_sd_shift(x, how)
    if how.correct:
        yi = yi - (c_1 / x.n_1 - c_2 / x.n_2) / 2
    return Estimate(yi, _log_sd_ratio_variance(x, how) + _log_ratio_variance(x, c_1, c_2, how))


def _log_sd_shift(x: TwoMeans, how: How) -> Array | float:
    return 1 / (2 * (x.n_1 - 1)) - 1 / (2 * (x.n_2 - 1)) if how.correct else 0.0


def _log_sd_ratio_variance(x: TwoMeans, how: How) -> Array:
    df_1, df_2 = x.n_1 - 1, x.n_2 - 1
    if how.vtype == "LS2":
        return np.asarray(x.n_1 / (2 * df_1**2) + x.n_2 / (2 * df_2**2))
    return np.asarray(1 / (2 * df_1) + 1 / (2 * df_2))
