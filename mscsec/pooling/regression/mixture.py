"""The distribution of a positive combination of chi-square variables, which generalised Q statistics follow."""

from __future__ import annotations

import numpy as np

from mscsec.arrays import Array

RULE_ERROR = 34.5  # minus log of 1e-15, the discretisation error allowed to the trapezoidal rule
NODES = 120  # enough to reach terms below 1e-16 of the first wherever the distribution is not 0 or 1 to that accuracy
FINITE = (1e-100, 1e100)  # of q over the largest scale; beyond, the probability is 0 or 1 to every digit given
GROWTH = 5.0  # how far, as an exponent, the integrand may rise above one where the contour keeps away from its pole


def chi2_mixture_cdf(q: Array, scales: Array) -> Array:
    """P(sum_j scales_j X_j <= q) for independent X_j, chi-square on one degree of freedom each; absolute error 1e-11.

    q : (B,); scales : (B, m), zero or positive, in the units of q. Zero scales drop out.
    The Laplace transform prod_j (1 + 2 scales_j z)^(-1/2) has its singularities on the negative half-line beyond
    -1 / (2 max scale). The Bromwich integral is taken on a parabola around them with its focus at the first, through
    the saddle point of the integrand on the positive half-line, where the trapezoidal rule converges geometrically.
    Source: Weideman & Trefethen (2007), Math Comp 76:1341-1356 (parabola); Rice (1980), SIAM J Sci Stat Comput
    1:438-448 (saddle point).
    """
    largest = scales.max(-1)
    positive = (q > 0) & (largest > 0)
    unit = np.where(positive, largest, 1.0)
    at = np.clip(np.where(positive, q, 1.0) / unit, *FINITE)
    share = np.where(positive[:, None], scales / unit[:, None], 0.0)
    saddle = _saddle(at, share)
    depth = saddle + 0.5  # from the focus at -1/2 to the apex
    pole = saddle / depth / (1 + np.sqrt(0.5 / depth))  # distance of the pole at zero from the real axis of theta
    step = 2 * np.pi * pole / RULE_ERROR
    turn = 1 + 1j * (np.arange(NODES) + 0.5) * step[:, None]
    z = depth[:, None] * turn**2 - 0.5
    exponent = z * at[:, None] - 0.5 * np.log1p(2 * share[:, None, :] * z[:, :, None]).sum(-1)
    terms = np.exp(exponent) / z * 2 * depth[:, None] * turn
    value = np.clip(step / np.pi * terms.real.sum(-1), 0.0, 1.0)
    return np.where(positive, value, np.where(q > 0, 1.0, 0.0))


def _saddle(at: Array, share: Array) -> Array:
    """Where z at - sum log(1 + 2 share z) / 2 - log z is least, kept off the pole at zero in the upper tail.

    Newton from the left of a concave equation, which it cannot overshoot.
    """
    z = 1 / at
    for _ in range(100):
        ratio = share / (1 + 2 * share * z[:, None])
        slope = at - ratio.sum(-1) - 1 / z
        step = -slope / ((2 * ratio**2).sum(-1) + 1 / z**2)
        z = z + np.maximum(step, 0.0)
        if (step <= 1e-6 * z).all():  # the contour need not pass through the saddle exactly
            break
    spread = np.sqrt(np.maximum(2 * (share**2).sum(-1), 1.0))
    beyond = np.maximum(at - share.sum(-1), GROWTH * spread)
    return np.asarray(np.maximum(z, GROWTH / beyond))
