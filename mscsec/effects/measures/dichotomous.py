"""Two groups, event or not: risk ratio, odds ratio, risk difference and their relatives.

Every function takes a `Table` with cells of shape (..., k), corrected for zeros before, and returns yi and vi of that shape.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from mscsec.arrays import Array
from mscsec.constants import COX_SNELL, SMD_TO_LOG_OR
from mscsec.effects.measures.base import Estimate, How, pooled_mean
from mscsec.effects.measures.cells import Table


def risk_ratio(t: Table, how: How) -> Estimate:
    """Log of the ratio of two risks.

    vtype : LS with each study's risks; AV with the risks averaged over the studies; H0 with one risk for both groups.
    Source: Katz et al (1978), Biometrics 34:469-474.
    """
    yi = np.log(t.p_1) - np.log(t.p_2)
    if how.vtype == "AV":
        p_1, p_2 = pooled_mean(t.p_1, t.n_1), pooled_mean(t.p_2, t.n_2)
        return Estimate(yi, (1 - p_1) / (t.n_1 * p_1) + (1 - p_2) / (t.n_2 * p_2))
    if how.vtype == "H0":
        p = (t.a + t.c) / (t.n_1 + t.n_2)
        return Estimate(yi, (1 - p) / p * (1 / t.n_1 + 1 / t.n_2))
    return Estimate(yi, 1 / t.a - 1 / t.n_1 + 1 / t.c - 1 / t.n_2)


def odds_ratio(t: Table, how: How) -> Estimate:
    """Log of the ratio of two odds. vtype as for `risk_ratio`. Source: Woolf (1955), Ann Hum Genet 19:251-253."""
    yi = np.log(t.a) + np.log(t.d) - np.log(t.b) - np.log(t.c)
    if how.vtype == "AV":
        p_1, p_2 = pooled_mean(t.p_1, t.n_1), pooled_mean(t.p_2, t.n_2)
        return Estimate(yi, 1 / (t.n_1 * p_1 * (1 - p_1)) + 1 / (t.n_2 * p_2 * (1 - p_2)))
    if how.vtype == "H0":
        p = (t.a + t.c) / (t.n_1 + t.n_2)
        return Estimate(yi, 1 / (p * (1 - p)) * (1 / t.n_1 + 1 / t.n_2))
    return Estimate(yi, t.inverse_sum)


def risk_difference(t: Table, how: How) -> Estimate:
    """Difference of two risks.

    vtype : LS divides each binomial variance by n, UB by n - 1; AV and H0 as for `risk_ratio`.
    Source: Cochrane Handbook 6.4.1.5; AV after Berkey et al (1995), Stat Med 14:395-411.
    """
    n_1, n_2, p_1, p_2 = t.n_1, t.n_2, t.p_1, t.p_2
    yi = p_1 - p_2
    if how.vtype == "UB":
        return Estimate(yi, p_1 * (1 - p_1) / (n_1 - 1) + p_2 * (1 - p_2) / (n_2 - 1))
    if how.vtype == "AV":
        p_1, p_2 = pooled_mean(p_1, n_1), pooled_mean(p_2, n_2)
    elif how.vtype == "H0":
        p_1 = p_2 = (t.a + t.c) / (n_1 + n_2)
    return Estimate(yi, p_1 * (1 - p_1) / n_1 + p_2 * (1 - p_2) / n_2)


def peto(t: Table, how: How) -> Estimate:
    """Log odds ratio in one step from the null: (O - E) / V, with V hypergeometric.

    Source: Yusuf et al (1985), Prog Cardiovasc Dis 27:335-371, statistical appendix.
    """
    n, events = t.n_1 + t.n_2, t.a + t.c
    v = t.n_1 * t.n_2 * (events / n) * ((t.b + t.d) / n) / (n - 1)
    return Estimate((t.a - events * t.n_1 / n) / v, 1 / v)


def arcsine_difference(t: Table, how: How) -> Estimate:
    """Difference of arcsine square roots of two risks; bears zero cells. Source: Rücker et al (2009), Stat Med 28:721-738."""
    yi = np.arcsin(np.sqrt(t.p_1)) - np.arcsin(np.sqrt(t.p_2))
    return Estimate(yi, 1 / (4 * t.n_1) + 1 / (4 * t.n_2))


def yule_q(t: Table, how: How) -> Estimate:
    """Yule's Q, (OR - 1) / (OR + 1). Source: Yule (1912), J R Stat Soc 75:579-652."""
    yi = (t.a * t.d - t.b * t.c) / (t.a * t.d + t.b * t.c)
    return Estimate(yi, (1 - yi**2) ** 2 / 4 * t.inverse_sum)


def yule_y(t: Table, how: How) -> Estimate:
    """Yule's Y, Q with the square root of the odds ratio. Source: Yule (1912)."""
    concordant, discordant = np.sqrt(t.a * t.d), np.sqrt(t.b * t.c)
    yi = (concordant - discordant) / (concordant + discordant)
    return Estimate(yi, (1 - yi**2) ** 2 / 16 * t.inverse_sum)


def probit_difference(t: Table, how: How) -> Estimate:
    """Difference of two probits: a standardised mean difference where a normal variable was cut in two.

    Source: Sanchez-Meca, Marin-Martinez & Chacon-Moscoso (2003), Psychol Methods 8:448-467.
    """
    z_1, z_2 = ndtri(t.p_1), ndtri(t.p_2)
    vi = 2 * math.pi * (t.p_1 * (1 - t.p_1) * np.exp(z_1**2) / t.n_1 + t.p_2 * (1 - t.p_2) * np.exp(z_2**2) / t.n_2)
    return Estimate(z_1 - z_2, vi)


def log_or_as_smd_logistic(t: Table, how: How) -> Estimate:
    """Log odds ratio times sqrt(3)/pi: a standardised mean difference under a logistic variable. Source: Chinn (2000)."""
    yi, vi = odds_ratio(t, how)
    return Estimate(yi / SMD_TO_LOG_OR, vi / SMD_TO_LOG_OR**2)


def log_or_as_smd_normal(t: Table, how: How) -> Estimate:
    """Log odds ratio divided by 1.65: a standardised mean difference under a normal variable. Source: Cox & Snell (1989)."""
    yi, vi = odds_ratio(t, how)
    return Estimate(yi / COX_SNELL, vi / COX_SNELL**2)


def phi(t: Table, how: How) -> Estimate:
    """Phi coefficient of the fourfold table.

    vtype : CS takes the total alone as fixed by design (multinomial), ST the group sizes (two binomials).
    Source: Bishop, Fienberg & Holland (1975), Discrete Multivariate Analysis.
    """
    n, n_1, n_2, e_1, e_2 = t.n_1 + t.n_2, t.n_1, t.n_2, t.a + t.c, t.b + t.d
    yi = (t.a * t.d - t.b * t.c) / np.sqrt(n_1 * n_2) / np.sqrt(e_1 * e_2)
    perfect = ((t.b == 0) & (t.c == 0)) | ((t.a == 0) & (t.d == 0))  # exactly 1 or -1, with no variance
    yi = np.where(perfect & np.isfinite(yi), np.sign(yi), yi)
    if how.vtype == "ST":
        return Estimate(yi, _stratified_phi_variance(t, yi))
    row, col = (n_1 - n_2) / np.sqrt(n_1 * n_2), (e_1 - e_2) / np.sqrt(e_1 * e_2)
    vi = (1 - yi**2 + yi * (1 + yi**2 / 2) * row * col - 0.75 * yi**2 * (row**2 + col**2)) / n
    return Estimate(yi, np.where(perfect & np.isfinite(vi), 0.0, vi))


def _stratified_phi_variance(t: Table, yi: Array) -> Array:
    """Variance of phi with the group sizes fixed: two independent binomials, by the delta method."""
    n = t.n_1 + t.n_2
    share_1, share_2 = t.n_1 / n, t.n_2 / n
    p = share_1 * t.p_1 + share_2 * t.p_2
    spread = p * (1 - p)
    pull = (t.p_1 - t.p_2) * (1 - 2 * p) / (2 * spread)
    slope_1, slope_2 = 1 - pull * share_1, 1 + pull * share_2
    binomial_1, binomial_2 = t.p_1 * (1 - t.p_1) / t.n_1, t.p_2 * (1 - t.p_2) / t.n_2
    return np.asarray(share_1 * share_2 / spread * (slope_1**2 * binomial_1 + slope_2**2 * binomial_2))


def fisher_z_phi(t: Table, how: How) -> Estimate:
    """Fisher's z of phi, variance by the delta method; vtype as for `phi`. Source: Bishop, Fienberg & Holland (1975)."""
    yi, vi = phi(t, how)
    return Estimate(np.arctanh(yi), vi / (1 - yi**2) ** 2)
