"""Maximum likelihood and restricted maximum likelihood of the between-study variance, at the global maximum.

The score divided by sum w^2 is nearly linear in tau2 (exactly so where the variances are equal). A grid from 0 to a bound
above every root finds each place where it turns from positive to negative, a local maximum of the profile likelihood;
Newton's method inside the bracket gives its digits. Where there are several, the highest wins.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mscsec.arrays import Array
from mscsec.pooling.moments import Tau2
from mscsec.pooling.sets import Sets, Weighing, dot, total, trace_p, trace_pp, weigh

GRID = 15
STEPS = 100
SETTLED = 1e-12
# Grid and data of a batch are laid out at once while they fit the processor's cache.
AT_ONCE = 20_000

Score = Callable[[Weighing], tuple[Array, Array]]


# --- the two likelihoods ---------------------------------------------------------------------------------------------


def restricted_score(by: Weighing) -> tuple[Array, Array]:
    """Twice the derivative of the restricted log-likelihood, y'PPy - tr(P), and twice the second, tr(PP) - 2 y'PPPy."""
    u = by.wi * by.resid
    swing = u - (total(by.wi * u) / by.sum_w)[..., None]
    slope = trace_pp(by.wi, by.sum_w) - 2 * dot(by.wi * swing, swing)
    return dot(u, u) - trace_p(by.wi, by.sum_w), slope


def full_score(by: Weighing) -> tuple[Array, Array]:
    """Twice the derivative of the profile log-likelihood, y'PPy - tr(W), and twice the second, tr(WW) - 2 y'PPPy."""
    u = by.wi * by.resid
    swing = u - (total(by.wi * u) / by.sum_w)[..., None]
    return dot(u, u) - by.sum_w, dot(by.wi, by.wi) - 2 * dot(by.wi * swing, swing)


def log_likelihood(sets: Sets, tau2: Array, *, restricted: bool) -> Array:
    """Log-likelihood at `tau2` and the mean that maximises it, constants included (Harville 1977, J Am Stat Assoc 72:320-338)."""
    by = weigh(sets, tau2)
    logs = np.log(by.wi) if sets.mask is None else np.log(np.where(sets.mask, by.wi, 1.0))
    value = total(logs) - by.q
    if restricted:
        return 0.5 * (value - (sets.k - 1) * math.log(2 * math.pi) - np.log(by.sum_w) + np.log(sets.k))
    return 0.5 * (value - sets.k * math.log(2 * math.pi))


# --- search ----------------------------------------------------------------------------------------------------------


def restricted_maximum_likelihood(sets: Sets) -> Tau2:
    """REML: the tau2 that maximises the likelihood of the residuals.

    Source: Harville (1977), J Am Stat Assoc 72:320-338; Viechtbauer (2005), J Educ Behav Stat 30:261-293, equation 15.
    """
    return _maximise(sets, restricted_score, restricted=True)


def maximum_likelihood(sets: Sets) -> Tau2:
    """ML: the tau2 of the joint maximum over mean and tau2.

    Source: Hardy & Thompson (1996), Stat Med 15:619-629; Viechtbauer (2005), equation 14.
    """
    return _maximise(sets, full_score, restricted=False)


def restricted_se(sets: Sets, tau2: Array) -> Array:
    """Standard error of REML from the expected information, sqrt(2 / tr(PP))."""
    by = weigh(sets, tau2)
    return np.sqrt(2 / trace_pp(by.wi, by.sum_w))


def maximum_se(sets: Sets, tau2: Array) -> Array:
    """Standard error of ML from the expected information, sqrt(2 / sum w^2)."""
    wi = weigh(sets, tau2).wi
    return np.sqrt(2 / dot(wi, wi))


def search_grid(sets: Sets) -> Array:
    """(GRID, ...) values of tau2 from 0 to beyond every root of either score, geometric from a fraction of the least variance.

    With s2 the variance of the effects and d the range of the variances, y'PPy < tr(P) for certain once
    u = tau2 + min v exceeds (s2 + sqrt(s2^2 + 4 s2 d)) / 2: y'PPy is at most (k-1) s2 / u^2, tr(P) at least (k-1) / (u + d).
    """
    least = sets.vi.min(axis=-1)
    most = sets.finite(sets.vi).max(axis=-1)
    spread = sets.finite(sets.yi - (total(sets.yi) / sets.k)[..., None])
    s2 = total(spread * spread) / (sets.k - 1)
    bound = 0.5 * (s2 + np.sqrt(s2 * (s2 + 4 * (most - least)))) + 0.01 * least
    first = 0.02 * least
    ratio = np.maximum(bound / first, 2.0)
    powers = np.arange(GRID - 1) / (GRID - 2)
    grid = first * ratio ** powers.reshape(-1, *(1,) * np.ndim(ratio))
    return np.concatenate((np.zeros((1, *np.shape(ratio))), grid))


def _scan(sets: Sets, grid: Array, score: Score) -> Array:
    """(GRID, ...) bool: is the score positive there?"""
    if grid.shape[0] * sets.yi.size <= AT_ONCE:
        return _sign(sets, grid, score)
    return np.stack([_sign(sets, tau2, score) for tau2 in grid])


def _sign(sets: Sets, tau2: Array, score: Score) -> Array:
    by = weigh(sets, tau2)
    u = by.wi * by.resid
    trace = by.sum_w if score is full_score else trace_p(by.wi, by.sum_w)
    return dot(u, u) > trace


def _maximise(sets: Sets, score: Score, *, restricted: bool) -> Tau2:
    grid = search_grid(sets)
    rising = _scan(sets, grid, score)
    rising[-1] = False  # the bound; rounding must not say otherwise
    tops = rising[:-1] & ~rising[1:]
    at_zero = ~rising[0]
    modes = tops.sum(axis=0) + at_zero
    first = tops.argmax(axis=0)
    found = _climb(sets, grid, first, score)
    interior = tops.any(axis=0)
    value = np.where(interior, found.value, 0.0)
    converged = found.converged | ~interior
    if (modes > 1).any():
        value, converged = _highest(sets, grid, tops, at_zero, score, restricted, value, converged)
    return Tau2(value, converged, found.iterations, modes)
