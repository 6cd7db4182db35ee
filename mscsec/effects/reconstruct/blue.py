"""Best linear unbiased mean and SD from a few order statistics of a normal sample.

Generalised least squares of the reported quantiles on the expected standard normal order statistics, with their
covariances. Source: Yang, Hutson & Wang (2022), J Appl Stat 49:3846-3867; moments by the series of David & Johnson (1954),
Biometrika 41:228-240, to order 1 / (n + 2)^2.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from mscsec.arrays import Array


def blue(quantiles: Array, n: Array, places: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean and SD of each row.

    quantiles : (..., m) reported values. n : (...) group size, five or more.
    places : which of minimum 0, q1 1, median 2, q3 3, maximum 4 they are; the quartile j of n values is taken as the
    order statistic floor(jn/4) + 1.
    """
    ranks = np.clip(np.floor(n[..., None] * np.array(places) / 4) + 1, 1, np.floor(n)[..., None])
    expected, covariance = normal_order_moments(ranks, n[..., None])
    design = np.stack([np.ones_like(expected), expected], -1)
    weighted = np.linalg.solve(covariance, design)
    estimate = np.linalg.solve(
        np.swapaxes(design, -1, -2) @ weighted, np.swapaxes(weighted, -1, -2) @ quantiles[..., None]
    )
    return estimate[..., 0, 0], estimate[..., 1, 0]


def normal_order_moments(ranks: Array, n: Array) -> tuple[Array, Array]:
    """Expected values (..., m) and covariances (..., m, m) of standard normal order statistics.

    ranks : (..., m) rising, from 1 to n. n : (..., 1) sample size.
    Source: David & Johnson (1954), the terms up to 1 / (n + 2)^2.
    """
    p = ranks / (n + 1)
    z = ndtri(p)
    q = 1 - p
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    d1, d2 = 1 / density, z / density**2
    d3, d4 = (1 + 2 * z**2) / density**3, z * (7 + 6 * z**2) / density**4
    m = n + 2
    expected = z + p * q * d2 / (2 * m) + p * q / m**2 * ((q - p) * d3 / 3 + p * q * d4 / 8)

    def pair(i: Array, j: Array) -> Array:
        """i of the smaller rank (rows), j of the larger (columns)."""
        return i[..., :, None] * j[..., None, :]

    first = pair(p * d1, q * d1) / m[..., None]
    inner = (
        pair(p * (q - p) * d2, q * d1)
        + pair(p * d1, q * (q - p) * d2)
        + pair(p * p * q * d3, q * d1) / 2
        + pair(p * d1, p * q * q * d3) / 2
        + pair(p * p * d2, q * q * d2) / 2
    )
    upper = first + inner / m[..., None] ** 2
    return expected, np.triu(upper) + np.swapaxes(np.triu(upper, 1), -1, -2)
