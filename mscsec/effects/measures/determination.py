"""R squared of a regression model, with random predictors (R2, ZR2) or fixed ones (R2F, ZR2F)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, ive

from mscsec.arrays import Array
from mscsec.effects.measures.base import Estimate, How, pooled_mean


@dataclass(frozen=True, slots=True)
class Determination:
    """R squared, the number of predictors, and of observations."""

    r2: Array
    predictors: Array
    n: Array


def r_squared(x: Determination, how: How) -> Estimate:
    """R squared with random predictors.

    vtype : LS 4 R2 (1 - R2)^2 / n; LS2 with the degrees of freedom in it; AV and AV2 the same at the mean R squared.
    Source: Kendall & Stuart (1979), chapter 27; Olkin & Finn (1995), Psychol Bull 118:155-164.
    """
    at = pooled_mean(x.r2, x.n) if how.vtype in ("AV", "AV2") else x.r2
    core = 4 * at * (1 - at) ** 2
    if how.vtype in ("LS2", "AV2"):
        return Estimate(x.r2, core * (x.n - x.predictors - 1) ** 2 / ((x.n**2 - 1) * (x.n + 3)))
    return Estimate(x.r2, core / x.n)


def z_of_r_squared(x: Determination, how: How) -> Estimate:
    """Fisher's z of the multiple correlation, variance 1/n. Source: Olkin & Finn (1995), Psychol Bull 118:155-164."""
    return Estimate(np.arctanh(np.sqrt(x.r2)), 1 / x.n)


def r_squared_fixed(x: Determination, how: How) -> Estimate:
    """R squared with fixed predictors; its variance is that of the population value given the observed F.

    The F statistic is noncentral with noncentrality n rho2 / (1 - rho2); rho2 is weighed by its likelihood on (0, 1).
    Source: Kelley (2007), J Stat Softw 20(8), for the distribution; the weighing over rho2 as metafor has it.
    """
    return Estimate(x.r2, _likelihood_variance(x))


def z_of_r_squared_fixed(x: Determination, how: How) -> Estimate:
    """Fisher's z of the multiple correlation with fixed predictors.

    vtype : LS is metafor's, the variance of R squared over (1 - R2^2)^2, which belongs to artanh(R2); LS2 is the delta
        method for artanh(sqrt(R2)), over 4 R2 (1 - R2)^2.
    Source: as `r_squared_fixed`.
    """
    vi = _likelihood_variance(x)
    slope = 1 - x.r2**2 if how.vtype == "LS" else 2 * np.sqrt(x.r2) * (1 - x.r2)
    return Estimate(np.arctanh(np.sqrt(x.r2)), vi / slope**2)


# The likelihood is integrated between these, the ends of metafor's grid.
_LOW, _HIGH = 1e-4, 0.9999
_NODES, _INNER = 96, 48
_BLOCK = 256  # studies at a time, so that the inner grid stays within some ten megabytes


def _likelihood_variance(x: Determination) -> Array:
    """Variance of rho2 under the likelihood of the observed F; nan without residual degrees of freedom."""
    r2, m, n = (part.reshape(-1, 1) for part in np.broadcast_arrays(x.r2, x.predictors, x.n))
    blocks = [slice(start, start + _BLOCK) for start in range(0, max(r2.size, 1), _BLOCK)]
    variance = np.concatenate([_block_variance(r2[at], m[at], n[at]) for at in blocks])
    return np.where(n[:, 0] - m[:, 0] - 1 > 0, variance, np.nan).reshape(x.r2.shape)


def _block_variance(r2: Array, m: Array, n: Array) -> Array:
    """The variance for a column of studies, by Gauss-Legendre quadrature within 12 SDs of artanh(sqrt(R2))."""
    points, weights = np.polynomial.legendre.leggauss(_NODES)
    reach = 12 / np.sqrt(np.maximum(n - m - 1, 1))
    low = np.maximum(np.arctanh(np.sqrt(r2)) - reach, np.arctanh(np.sqrt(_LOW)))
    high = np.minimum(np.arctanh(np.sqrt(r2)) + reach, np.arctanh(np.sqrt(_HIGH)))
    z = low + (high - low) * (points + 1) / 2
    rho2 = np.tanh(z) ** 2
    log_density = _log_likelihood(rho2, r2, m, n)
    density = np.exp(log_density - log_density.max(-1, keepdims=True)) * weights
    density = density * 2 * np.tanh(z) / np.cosh(z) ** 2  # d rho2 / d z
    density = density / density.sum(-1, keepdims=True)
    mean = (density * rho2).sum(-1, keepdims=True)
    return np.asarray((density * (rho2 - mean) ** 2).sum(-1))


def _log_likelihood(rho2: Array, r2: Array, m: Array, n: Array) -> Array:
    """Log density of the observed F at rho2, up to a constant: exp(-l/2) 1F1((n - 1)/2; m/2; l r2/2), l = n rho2/(1 - rho2).

    1F1 as an integral over Bessel functions, in s = sqrt(t): no overflow however large n is.
    Source: NIST Digital Library of Mathematical Functions, 16.5.3.
    """
    noncentrality = n * rho2 / (1 - rho2)
    y, a, b = noncentrality * r2 / 2, m / 2, (n - 1) / 2
    points, weights = np.polynomial.legendre.leggauss(_INNER)
    peak = (np.sqrt(y) + np.sqrt(y + 4 * b)) / 2
    width = 9 / np.sqrt(2 + 2 * b / peak**2)
    low = np.maximum(peak - width, 0)
    s = low + (peak + width - low) * (points.reshape(-1, 1, 1) + 1) / 2
    log_terms = (2 * b - 1) * np.log(s) - s**2 + _log_0f1(np.broadcast_to(a, s.shape), y * s**2)
    top = log_terms.max(0)
    total = (np.exp(log_terms - top) * weights.reshape(-1, 1, 1)).sum(0) * (peak + width - low)
    return np.asarray(-noncentrality / 2 + top + np.log(total))


def _log_0f1(a: Array, q: Array) -> Array:
    """Log of 0F1(; a; q) for q >= 0, by the scaled Bessel function, and by the series where that underflows."""
    w = np.maximum(2 * np.sqrt(q), 1e-150)  # at zero itself the two factors are 0 and infinite
    bessel = ive(a - 1, w)
    by_bessel = gammaln(a) + (1 - a) * np.log(w / 2) + np.log(bessel) + w
    small = (bessel < 1e-280) | (w < 1e-100)
    a, q = a[small], q[small]
    term, total = np.ones_like(q), np.ones_like(q)
    for k in range(60):
        term = term * q / ((a + k) * (k + 1))
        total = total + term
    by_bessel[small] = np.log(total)
    return np.asarray(by_bessel)
