"""Correlations: plain, unbiased, Fisher's z, partial and semi-partial.

Every function takes a `Correlation` or `Partial` of shape (..., k) and returns yi and vi of that shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array
from mscsec.effects.measures.base import Estimate, How, pooled_mean
from mscsec.effects.measures.hypergeometric import hypergeometric


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation and the number of pairs it is from."""

    r: Array
    n: Array


@dataclass(frozen=True, slots=True)
class Partial:
    """A partial correlation r, or the t of the focal predictor; `predictors` in the model with it, R squared of the model."""

    r: Array
    t: Array
    predictors: Array
    n: Array
    r2: Array

    @property
    def df(self) -> Array:
        """Residual degrees of freedom."""
        return self.n - self.predictors - 1


def correlation(x: Correlation, how: How) -> Estimate:
    """Pearson's correlation.

    vtype : LS (1 - r^2)^2 / (n - 1); AV the same at the mean r; H0 (1 - r^2) / (n - 2), the square of r / t; H0b 1 / n.
    Source: Borenstein (2009), equation 12.27; Hunter & Schmidt (2004) for AV.
    """
    enough = np.where(x.n > 3, 1.0, np.nan)
    if how.vtype == "H0":
        return Estimate(x.r, (1 - x.r**2) / (x.n - 2) * enough)
    if how.vtype == "H0b":
        return Estimate(x.r, 1 / x.n * enough)
    at = pooled_mean(x.r, x.n) if how.vtype == "AV" else x.r
    return Estimate(x.r, (1 - at**2) ** 2 / (x.n - 1) * enough)


def unbiased_correlation(x: Correlation, how: How) -> Estimate:
    """Correlation without bias, r 2F1(1/2, 1/2; (n - 2)/2; 1 - r^2). vtype LS and AV as for `correlation`; UB without bias.

    Source: Olkin & Pratt (1958), Ann Math Stat 29:201-211, equation 2.3; the variance UB: Hedges (1989), exact.
    """
    yi = unbiased_r(x.r, x.n)
    if how.vtype == "UB":
        return Estimate(yi, _unbiased_variance(x, yi))
    at = pooled_mean(yi, x.n) if how.vtype == "AV" else yi
    return Estimate(yi, (1 - at**2) ** 2 / (x.n - 1))


def unbiased_r(r: Array, n: Array) -> Array:
    """Olkin and Pratt's minimum variance unbiased correlation; nan where n is 4 or less."""
    factor = hypergeometric(0.5, (n - 2) / 2, 1 - r**2)
    return np.where(n > 4, r * factor, np.nan)


def _unbiased_variance(x: Correlation, yi: Array) -> Array:
    """yi^2 less the unbiased estimate of the squared correlation."""
    squared = 1 - (x.n - 3) / (x.n - 2) * (1 - x.r**2) * hypergeometric(1.0, x.n / 2, 1 - x.r**2)
    return np.where(x.n > 3, yi**2 - squared, np.nan)


def fisher_z(x: Correlation, how: How) -> Estimate:
    """Fisher's z of a correlation, variance 1 / (n - 3). Source: Fisher (1921), Metron 1:3-32."""
    return Estimate(np.arctanh(x.r), np.where(x.n > 3, 1 / (x.n - 3), np.nan))


def partial_correlation(x: Partial, how: How) -> Estimate:
    """Correlation with the other predictors held. vtype as for `correlation`. Source: Aloe & Thompson (2013)."""
    yi = _partial_r(x)
    at = pooled_mean(yi, x.n) if how.vtype == "AV" else yi
    return Estimate(yi, (1 - at**2) ** 2 / (x.n - x.predictors))


def fisher_z_partial(x: Partial, how: How) -> Estimate:
    """Fisher's z of a partial correlation, variance 1 / (n - predictors - 2). Source: Fisher (1924), Metron 3:329-332."""
    yi, room = np.arctanh(_partial_r(x)), x.n - x.predictors - 2
    return Estimate(yi, np.where(room > 0, 1 / room, np.nan))


def semipartial_correlation(x: Partial, how: How) -> Estimate:
    """Correlation of the outcome with what the focal predictor adds to the others.

    vtype : LS at the study's own value; AV at the mean of the semi-partial correlations.
    Source: Aloe & Becker (2012), J Educ Behav Stat 37:278-297.
    """
    yi = x.t * np.sqrt(1 - x.r2) / np.sqrt(x.df)
    at = pooled_mean(yi, x.n) if how.vtype == "AV" else yi
    without = x.r2 - at**2
    return Estimate(yi, ((1 - x.r2) ** 2 + without * (1 - without)) / x.n)


def fisher_z_semipartial(x: Partial, how: How) -> Estimate:
    """Fisher's z of a semi-partial correlation, variance by the delta method. Source: Aloe & Becker (2012)."""
    yi, vi = semipartial_correlation(x, how)
    return Estimate(np.arctanh(yi), vi / (1 - yi**2) ** 2)


def _partial_r(x: Partial) -> Array:
    return np.where(np.isnan(x.r), x.t / np.sqrt(x.t**2 + x.df), x.r)
