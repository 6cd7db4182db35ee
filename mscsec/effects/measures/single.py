"""One group: proportions, rates, means and their variability.

Every function takes numbers of shape (..., k) and returns yi and vi of that shape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from mscsec.arrays import Array
from mscsec.effects.measures.base import Estimate, How, pooled_mean
from mscsec.effects.measures.cells import Counts
from mscsec.effects.measures.small_sample import small_sample_factor


@dataclass(frozen=True, slots=True)
class Binomial(Counts):
    """One group by event: x with, y without."""

    x: Array
    y: Array

    @classmethod
    def events(cls) -> tuple[str, ...]:
        """The event cell."""
        return ("x",)

    @property
    def n(self) -> Array:
        """Group size."""
        return self.x + self.y

    @property
    def p(self) -> Array:
        """Proportion with the event."""
        return self.x / self.n

    def mean_p(self, how: How) -> Array:
        """The proportion the variance is taken at: the study's own, or for vtype AV the mean over the studies."""
        return pooled_mean(self.p, self.n) if how.vtype == "AV" else self.p


@dataclass(frozen=True, slots=True)
class Poisson(Counts):
    """Events x in person-time t."""

    x: Array
    t: Array

    @classmethod
    def counted(cls) -> tuple[str, ...]:
        """Person-time is no count."""
        return ("x",)


@dataclass(frozen=True, slots=True)
class Sample:
    """Mean, SD and size of one group."""

    mean: Array
    sd: Array
    n: Array


def proportion(x: Binomial, how: How) -> Estimate:
    """A proportion. vtype: LS divides p(1 - p) by n, UB by n - 1, AV at the mean proportion. Source: Agresti (2013), 1.3."""
    p = x.mean_p(how)
    return Estimate(x.p, p * (1 - p) / (x.n - 1 if how.vtype == "UB" else x.n))


def log_proportion(x: Binomial, how: How) -> Estimate:
    """Log of a proportion. Source: delta method; Agresti (2013), 3.1."""
    p = x.mean_p(how)
    return Estimate(np.log(x.p), (1 - p) / (x.n * p))


def logit_proportion(x: Binomial, how: How) -> Estimate:
    """Log odds. Source: delta method; Agresti (2013), 3.1.6."""
    p = x.mean_p(how)
    return Estimate(np.log(x.x) - np.log(x.y), 1 / (x.n * p) + 1 / (x.n * (1 - p)))


def probit_proportion(x: Binomial, how: How) -> Estimate:
    """Standard normal quantile of a proportion. Source: delta method."""
    z = ndtri(x.p)
    return Estimate(z, 2 * math.pi * x.p * (1 - x.p) * np.exp(z**2) / x.n)


def arcsine_proportion(x: Binomial, how: How) -> Estimate:
    """Arcsine of the square root of a proportion. Source: Anscombe (1948), Biometrika 35:246-254."""
    return Estimate(np.arcsin(np.sqrt(x.p)), 1 / (4 * x.n))


def double_arcsine_proportion(x: Binomial, how: How) -> Estimate:
    """Freeman-Tukey double arcsine, halved to the scale of the arcsine. Source: Freeman & Tukey (1950)."""
    yi = (np.arcsin(np.sqrt(x.x / (x.n + 1))) + np.arcsin(np.sqrt((x.x + 1) / (x.n + 1)))) / 2
    return Estimate(yi, 1 / (4 * x.n + 2))


def rate(x: Poisson, how: How) -> Estimate:
    """Events by person-time. Source: Rothman, Greenland & Lash (2008), chapter 14."""
    return Estimate(x.x / x.t, x.x / x.t**2)


def log_rate(x: Poisson, how: How) -> Estimate:
    """Log of a rate. Source: Rothman, Greenland & Lash (2008), chapter 14."""
    return Estimate(np.log(x.x / x.t), 1 / x.x)


def root_rate(x: Poisson, how: How) -> Estimate:
    """Square root of a rate. Source: Freeman & Tukey (1950)."""
    return Estimate(np.sqrt(x.x / x.t), 1 / (4 * x.t))


def double_root_rate(x: Poisson, how: How) -> Estimate:
    """Freeman-Tukey double square root of a rate, halved. Source: Freeman & Tukey (1950)."""
    return Estimate((np.sqrt(x.x / x.t) + np.sqrt((x.x + 1) / x.t)) / 2, 1 / (4 * x.t))


def mean(x: Sample, how: How) -> Estimate:
    """A mean. vtype: LS with the study's SD; HO with the SDs pooled over the studies. Source: delta method."""
    variance = x.sd**2
    if how.vtype == "HO":
        variance = pooled_mean(x.sd**2, x.n - 1)
    return Estimate(x.mean, variance / x.n)


def standardised_mean(x: Sample, how: How) -> Estimate:
    """A mean in SDs, corrected as Hedges' g is. Source: Hedges (1981) for one sample."""
    yi = x.mean / x.sd * small_sample_factor(x.n - 1, how)
    return Estimate(yi, 1 / x.n + yi**2 / (2 * x.n))


def log_mean(x: Sample, how: How) -> Estimate:
    """Log of a mean. Source: delta method; Hedges, Gurevitch & Curtis (1999)."""
    return Estimate(np.log(x.mean), x.sd**2 / (x.n * x.mean**2))


def log_sd(x: Sample, how: How) -> Estimate:
    """Log of a standard deviation, corrected for the bias of the logarithm. Source: Raudenbush & Bryk (1987)."""
    return Estimate(np.log(x.sd) + log_sd_bias(x.n, how), 1 / (2 * (x.n - 1)))


def log_cv(x: Sample, how: How) -> Estimate:
    """Log of the coefficient of variation. Source: Nakagawa et al (2015), Methods Ecol Evol 6:143-152, equation 27."""
    squared = x.sd**2 / (x.n * x.mean**2)
    yi = np.log(x.sd / x.mean) + log_sd_bias(x.n, how)
    return Estimate(yi, 1 / (2 * (x.n - 1)) + squared)


def log_sd_bias(n: Array, how: How) -> Array:
    """What the log of an SD on n - 1 degrees of freedom lacks on average; 0 without correction, nan where n is 1."""
    size = np.where(n > 1, n, np.nan)
    return np.asarray(1 / (2 * (size - 1)) if how.correct else 0 * size)
