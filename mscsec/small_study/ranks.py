"""Kendall's rank correlation: score, tau-b, its variance with ties and its exact distribution without."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from mscsec.arrays import Array
from mscsec.errors import NotEstimable

EXACT_BELOW = 50  # studies: up to here the exact distribution is the default, as in R's cor.test


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """Kendall's correlation of two columns of k numbers.

    tau : tau-b, in [-1, 1]. score : concordant minus discordant pairs. score_se : its standard error where the columns
    are unrelated, allowing for ties. ties : some value stands twice in a column.
    """

    tau: float
    score: float
    score_se: float
    ties: bool


def rank_correlation(x: Array, y: Array) -> RankCorrelation:
    """Kendall's rank correlation of `x` and `y`, both (k,), k of 2 or more.

    Raises NotEstimable where a column is the same throughout.
    Source: Kendall (1938), Biometrika 30:81-93; the variance with ties: Kendall (1970), Rank Correlation Methods, 4th ed, section 4.4.
    """
    k = x.size
    pairs = k * (k - 1) / 2
    signs_x, signs_y = (np.sign(column[:, None] - column[None, :]) for column in (x, y))
    score = float((signs_x * signs_y).sum() / 2)
    groups_x, groups_y = (np.unique(column, return_counts=True)[1].astype(float) for column in (x, y))
    tied_x, tied_y = (float((t * (t - 1)).sum() / 2) for t in (groups_x, groups_y))
    if tied_x == pairs or tied_y == pairs:
        raise NotEstimable(
            "the studies cannot be ranked: all deviations or all variances are the same;"
            " a rank test of funnel asymmetry does not exist for these data"
        )
    tau = score / math.sqrt((pairs - tied_x) * (pairs - tied_y))
    return RankCorrelation(tau, score, math.sqrt(_variance(k, groups_x, groups_y)), tied_x + tied_y > 0)


def _variance(k: int, t: Array, u: Array) -> float:
    """Variance of the score; t and u are the sizes of the groups of equal values."""
    v0 = k * (k - 1) * (2 * k + 5)
    vt, vu = (float((g * (g - 1) * (2 * g + 5)).sum()) for g in (t, u))
    both = float((t * (t - 1)).sum()) * float((u * (u - 1)).sum()) / (2 * k * (k - 1))
    three = 0.0
    if k > 2:
        three = (
            float((t * (t - 1) * (t - 2)).sum()) * float((u * (u - 1) * (u - 2)).sum()) / (9 * k * (k - 1) * (k - 2))
        )
    return (v0 - vt - vu) / 18 + both + three


def normal_p(score: float, se: float) -> float:
    """Two-sided P of a score by the normal approximation."""
    return float(2 * ndtr(-abs(score / se)))


def exact_p(score: float, k: int) -> float:
    """Two-sided P of a score of k untied pairs: twice the smaller tail, over all k! orders.

    The number of discordant pairs of a random order is the sum of independent uniform numbers on 0 ... j - 1, j = 1 ... k.
    Source: Kendall (1938), section 5.
    """
    chance = np.ones(1)
    for j in range(2, k + 1):
        chance = np.convolve(chance, np.full(j, 1 / j))
    discordant = round((k * (k - 1) / 2 - score) / 2)
    low, high = chance[: discordant + 1].sum(), chance[discordant:].sum()
    return float(min(1.0, 2 * min(low, high)))
