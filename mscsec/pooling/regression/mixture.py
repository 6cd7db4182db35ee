"""The distribution of a positive combination of chi-square variables, which generalised Q statistics follow."""

from __future__ import annotations

import numpy as np

from mscsec.arrays import Array

# Steps of the trapezoidal rule: exp(-2 pi / 0.18) and exp(-2 pi^2 / 0.7^2) are both below rounding, and forty
# steps of either kind reach terms below 1e-16 of the first.
WIDEST_STEP, GAUSSIAN_STEP, NODES = 0.18, 0.7, 40


def chi2_mixture_cdf(q: Array, scales: Array) -> Array:
    """P(sum_j scales_j X_j <= q) for independent X_j, chi-square on one degree of freedom each; absolute error 1e-12.

    q : (B,); scales : (B, m), zero or positive, in the units of q. Zero scales drop out.
    The Laplace transform prod_j (1 + 2 scales_j z)^(-1/2) has its singularities on the negative half-line, so the
    Bromwich integral is taken on a parabola around it, through the saddle point of the integrand on the positive
    half-line, where the trapezoidal rule converges geometrically.
    Source: Weideman & Trefethen (2007), Math Comp 76:1341-1356 (parabola); Rice (1980), SIAM J Sci Stat Comput
    1:438-448 (saddle point).
    """
    largest = scales.max(-1)
    positive = (q > 0) & (largest > 0)
    unit = np.where(positive, largest, 1.0)
    at = np.where(positive, q, 1.0) / unit
    share = np.where(positive[:, None], scales / unit[:, None], 0.0)
    saddle = _saddle(at, share)
    curvature = (2 * (share / (1 + 2 * share * saddle[:, None])) ** 2).sum(-1) + 1 / saddle**2
    step = np.minimum(WIDEST_STEP, GAUSSIAN_STEP / np.sqrt(curvature) / (2 * saddle))
    turn = 1 + 1j * (np.arange(NODES) + 0.5) * step[:, None]
    z = saddle[:, None] * turn**2
    exponent = z * at[:, None] - 0.5 * np.log1p(2 * share[:, None, :] * z[:, :, None]).sum(-1)
    terms = np.exp(exponent) * 2 / turn
    value = np.clip(step / np.pi * terms.real.sum(-1), 0.0, 1.0)
    return np.where(positive, value, np.where(q > 0, 1.0, 0.0))


def _saddle(at: Array, share: Array) -> Array:
    """Where z at - sum log(1 + 2 share z) / 2 - log z is least; Newton from the left of a concave equation."""
    z = 1 / at
    for _ in range(100):
        ratio = share / (1 + 2 * share * z[:, None])
        slope = at - ratio.sum(-1) - 1 / z
        step = -slope / ((2 * ratio**2).sum(-1) + 1 / z**2)
        z = z + np.maximum(step, 0.0)
        if (step <= 1e-6 * z).all():  # the contour need not pass through the saddle exactly
            break
    return np.asarray(z)
