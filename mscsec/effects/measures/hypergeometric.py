"""Gauss's 2F1(p, p; c; z) for p = 1/2 and p = 1, as the unbiased correlation needs it, for any sample size."""

from __future__ import annotations

import numpy as np
from scipy.special import hyp2f1

from mscsec.arrays import Array

# From c = 15 on the terms fall faster than k**-14 times Gamma(15) even at z = 1, so that 80 of them are exact to rounding;
# scipy's own routine overflows where c is some hundreds (n = 1832 gives nan).
_SERIES_FROM = 15.0
_TERMS = 80


def hypergeometric(p: float, c: Array, z: Array) -> Array:
    """2F1(p, p; c; z) with 0 <= z <= 1; nan where c is not positive or the sum diverges.

    p : 1/2 or 1. c, z : one shape. Source: Olkin & Pratt (1958), Ann Math Stat 29:201-211, equation 2.3.
    """
    c, z = np.broadcast_arrays(np.asarray(c, dtype=float), np.asarray(z, dtype=float))
    out = np.full(c.shape, np.nan)
    small = (c > 0) & (c < _SERIES_FROM)
    out[small] = hyp2f1(p, p, c[small], z[small])
    large = c >= _SERIES_FROM
    out[large] = _series(p, c[large], z[large])
    out[~np.isfinite(out)] = np.nan
    return out


def _series(p: float, c: Array, z: Array) -> Array:
    term = np.ones_like(c)
    total = np.ones_like(c)
    for k in range(_TERMS):
        term = term * ((p + k) ** 2 / (k + 1.0) * z / (c + k))
        total = total + term
        if term.size == 0 or term.max() < 1e-17:
            break
    return np.asarray(total)
