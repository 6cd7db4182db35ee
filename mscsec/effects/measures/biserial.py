"""A dichotomous variable against a continuous one: point-biserial and biserial correlations.

Every function takes `TwoMeans` of shape (..., k) and returns yi and vi of that shape.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from mscsec.arrays import Array
from mscsec.effects.measures.base import Estimate, How
from mscsec.effects.measures.continuous import TwoMeans
from mscsec.effects.measures.small_sample import normal_density


def _h(x: TwoMeans) -> Array:
    """What turns d into a point-biserial correlation: d / sqrt(d^2 + h)."""
    return np.asarray(x.df / x.n_1 + x.df / x.n_2)


def point_biserial(x: TwoMeans, how: How) -> Estimate:
    """Correlation of group membership with the outcome.

    vtype : ST group sizes fixed by design; CS only the total.
    Source: Tate (1954), Ann Math Stat 25:603-607; Jacobs & Viechtbauer (2017), Res Synth Methods 8:161-180.
    """
    d, h, n = x.cohen_d, _h(x), x.n_1 + x.n_2
    yi = d / np.sqrt(d**2 + h)
    if how.vtype == "CS":
        share = x.n_1 / n * (x.n_2 / n)
        return Estimate(yi, (1 - yi**2) ** 2 * (1 - 1.5 * yi**2 + yi**2 / (4 * share)) / n)
    vi = h**2 / (h + d**2) ** 3 * (1 / x.n_1 + 1 / x.n_2 + d**2 / (2 * n))
    return Estimate(yi, vi)


def biserial(x: TwoMeans, how: How) -> Estimate:
    """Correlation of the outcome with a normal variable that was cut into the two groups.

    Source: Soper (1914), Biometrika 10:384-390; Jacobs & Viechtbauer (2017), Res Synth Methods 8:161-180.
    """
    n = x.n_1 + x.n_2
    p, q = x.n_1 / n, x.n_2 / n
    cut = ndtri(q)
    density = normal_density(cut)
    d = x.cohen_d
    yi = np.sqrt(p * q) / density * d / np.sqrt(d**2 + _h(x))
    at = np.clip(yi, -1, 1)  # an estimate beyond 1 is possible, a correlation in the variance is not
    bracket = 1.5 + (1 - p * cut / density) * (1 + q * cut / density)
    return Estimate(yi, (at**4 - at**2 * bracket + p * q / density**2) / (n - 1))


def fisher_z_point_biserial(x: TwoMeans, how: How) -> Estimate:
    """Fisher's z of the point-biserial correlation, by the delta method. Source: Jacobs & Viechtbauer (2017)."""
    yi, vi = point_biserial(x, how)
    return Estimate(np.arctanh(yi), vi / (1 - yi**2) ** 2)


def fisher_z_biserial(x: TwoMeans, how: How) -> Estimate:
    """Fisher's z of the biserial correlation, by the delta method. Source: Jacobs & Viechtbauer (2017)."""
    yi, vi = biserial(x, how)
    return Estimate(np.arctanh(yi), vi / (1 - yi**2) ** 2)
