"""Probability of superiority: that a value of group 1 exceeds one of group 2 (common language effect, area under the curve).

Every function takes numbers of shape (..., k) and returns yi and vi of that shape, on the scale of the probability.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from mscsec.arrays import Array
from mscsec.effects.measures.base import Estimate, How
from mscsec.effects.measures.continuous import TwoMeans
from mscsec.effects.measures.small_sample import normal_density


@dataclass(frozen=True, slots=True)
class Superiority:
    """A reported probability of superiority, the group sizes and the proportion of tied pairs."""

    auc: Array
    n_1: Array
    n_2: Array
    ties: Array


def reported_superiority(x: Superiority, how: How) -> Estimate:
    """The probability as reported (from ranks or pairs); unbiased estimators divide by (n1 - 1)(n2 - 1).

    vtype : LS Newcombe's method 4, LS2 Hanley and McNeil, both with ties; H0 under no difference; MAX the largest possible.
    Source: Newcombe (2006), Stat Med 25:559-573; Hanley & McNeil (1982), Radiology 143:29-36; Bamber (1975) for ties, MAX.
    """
    a, n_1, n_2 = x.auc, x.n_1, x.n_2
    pairs = (n_1 - 1) * (n_2 - 1)
    spread = a * (1 - a)
    if how.vtype == "H0":
        return Estimate(a, (n_1 + n_2 + 1) / (12 * n_1 * n_2))
    if how.vtype == "MAX":
        return Estimate(a, spread / (np.minimum(n_1, n_2) - 1))
    q_1, q_2 = a / (2 - a) - a**2, 2 * a**2 / (1 + a) - a**2
    if how.vtype == "LS2":
        return Estimate(a, (spread - x.ties / 4 + (n_1 - 1) * q_1 + (n_2 - 1) * q_2) / pairs)
    middle = (n_1 + n_2) / 2 - 1
    return Estimate(a, (spread - x.ties / 4 + spread * middle * ((1 - a) / (2 - a) + a / (1 + a))) / pairs)


def normal_superiority(x: TwoMeans, how: How) -> Estimate:
    """Probability of superiority of two normal variables, from means and SDs.

    vtype : LS divides by n - 1; LS2 by n; LS3 by n for the means and n - 1 for the SDs; H0 at no difference, by n - 1;
        HO one SD for both groups, as is always used where only d is reported.
    Source: Ruscio (2008), Psychol Methods 13:19-30; delta method: Goddard & Hinberg (1990), Stat Med 9:325-337.
    """
    v_1, v_2 = x.sd_1**2, x.sd_2**2
    z = (x.mean_1 - x.mean_2) / np.sqrt(np.where(v_1 + v_2 > 0, v_1 + v_2, np.nan))
    size = (x.n_1, x.n_2) if how.vtype in ("LS2", "LS3") else (x.n_1 - 1, x.n_2 - 1)
    df = (x.n_1, x.n_2) if how.vtype == "LS2" else (x.n_1 - 1, x.n_2 - 1)
    means = (v_1 / size[0] + v_2 / size[1]) / (v_1 + v_2)
    if how.vtype == "H0":
        vi = means / (2 * math.pi)
    else:
        sds = z**2 * (v_1**2 / df[0] + v_2**2 / df[1]) / (2 * (v_1 + v_2) ** 2)
        vi = normal_density(z) ** 2 * (means + sds)
    one_sd = _equal_sd_superiority(x, how)
    use = np.full(z.shape, True) if how.vtype == "HO" else ~np.isnan(x.d)
    return Estimate(np.where(use, one_sd.yi, ndtr(z)), np.where(use, one_sd.vi, vi))


def _equal_sd_superiority(x: TwoMeans, how: How) -> Estimate:
    d = x.cohen_d
    z = d / math.sqrt(2)
    at, extra = (np.zeros_like(z), 0.0) if how.vtype == "H0" else (z, d**2 / (2 * (x.n_1 + x.n_2)))
    return Estimate(ndtr(z), normal_density(at) ** 2 / 2 * (1 / x.n_1 + 1 / x.n_2 + extra))
