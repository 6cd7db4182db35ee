"""How much the effects differ beyond chance: Cochran's Q, the typical variance, I2 and H2, and their intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc, ndtri

from mscsec.arrays import Array
from mscsec.pooling.moments import q_sd
from mscsec.pooling.sets import Sets, across, either, total

TINY = 1e-100


class Cochran(NamedTuple):
    """Cochran's Q around the common-effect mean.

    q, df, p : the statistic, k - 1 and the upper tail of chi-square; p is 1 for a single study.
    typical : typical sampling variance (k - 1) / tr(P) of Higgins & Thompson, squared units of yi; nan for a single study.
    i2, h2 : max(0, (Q - df) / Q) in [0, 1], and Q / df, from Q alone.
    """

    q: Array
    df: Array
    p: Array
    typical: Array
    i2: Array
    h2: Array


def cochran(sets: Sets) -> Cochran:
    """Q and what follows from it, for sets of two studies or more.

    Source: Cochran (1954), Biometrics 10:101-129; Higgins & Thompson (2002), Stat Med 21:1539-1558.
    """
    q, df = sets.q, sets.k - 1
    return Cochran(q, df, chdtrc(df, q), typical_variance(sets), i2_from_q(q, df), q / df)


def typical_variance(sets: Sets) -> Array:
    """(k - 1) / tr(P), see `Cochran`."""
    return (sets.k - 1) / sets.trace


def i2_from_q(q: Array, df: Array) -> Array:
    """(Q - df) / Q, or 0 where it is negative."""
    excess = q - df
    return either(excess <= 0, 0.0, excess / either(excess <= 0, 1.0, q))


def i2_from_tau2(tau2: Array, typical: Array) -> Array:
    """tau2 / (tau2 + typical sampling variance), in [0, 1]. Source: Higgins & Thompson (2002)."""
    return tau2 / (tau2 + typical)


def h2_from_tau2(tau2: Array, typical: Array) -> Array:
    """(tau2 + typical sampling variance) / typical sampling variance, at least 1."""
    return 1 + tau2 / typical


class RatioOfVariances(NamedTuple):
    """R_b: the mean share of the studies' total variances that lies between them, in [0, 1], and its limits cut there; (...)."""

    value: Array
    low: Array
    high: Array


def r_b(sets: Sets, tau2: Array, level: float) -> RatioOfVariances:
    """Mean of tau2 / (vi + tau2), with Wald limits by the delta method on Cochran's Q.

    Q moves R_b through the method-of-moments tau2, before truncation; its variance is that at `tau2`.
    Source: Crippa, Khudyakov, Wang, Orsini & Spiegelman (2016), Stat Med 35:3661-3675, equation 4 and appendix D.
    """
    value = tau2 * total(sets.finite(1 / (sets.vi + across(tau2)))) / sets.k
    moment = (sets.q - (sets.k - 1)) / sets.trace
    gap = sets.vi + across(moment)  # of either sign where the moment is negative
    gap = np.where(gap == 0, TINY, gap)
    slope = total(sets.finite(sets.vi) / gap / gap) / (sets.k * sets.trace)
    half = -ndtri((1 - level) / 2) * slope * q_sd(sets, tau2)
    return RatioOfVariances(value, np.maximum(value - half, 0.0), np.minimum(value + half, 1.0))


def h_interval(h2: Array, q: Array, k: Array, level: float) -> tuple[Array, Array]:
    """Test-based interval of H = sqrt(Q / df), at least 1; nan for two studies, for which it is not defined.

    h2 : Q / df, or 1 + tau2 / typical variance for the form based on tau2. q : Cochran's Q, which gives the standard error.
    Source: Higgins & Thompson (2002), Stat Med 21:1539-1558.
    """
    k = np.asarray(k, dtype=float)
    many = np.where(k > 2, k, 3.0)
    large = q > k
    above = np.where(large, q, many + 1.0)
    from_q = 0.5 * (np.log(above) - np.log(many - 1)) / (np.sqrt(2 * above) - np.sqrt(2 * many - 3))
    from_k = np.sqrt(1 / (2 * (many - 2)) * (1 - 1 / (3 * (many - 2) ** 2)))
    half = -ndtri((1 - level) / 2) * np.where(k > 2, np.where(large, from_q, from_k), np.nan)
    h = np.sqrt(np.maximum(h2, 1.0))
    return np.maximum(h * np.exp(-half), 1.0), h * np.exp(half)
