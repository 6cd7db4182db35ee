"""Exponential families of counts: the cumulant function K of the linear predictor and four derivatives.

The log-likelihood of an observation is y eta - K(eta) + constant; K' is its mean, K'' its variance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, gammaln

from mscsec.arrays import Array
from mscsec.pooling.counts.stratified_tests import fitted_count
from mscsec.pooling.counts.tables import Tables

Cumulants = tuple[Array, Array, Array, Array, Array]
"""K and its first four derivatives, each of the shape of eta."""


@dataclass(frozen=True, slots=True)
class Family:
    """Observations y of shape (k, m) for k studies.

    cumulants : from eta of shape (k, m, j) to K ... K'''' of that shape.
    constant : (k, m) the part of the log-likelihood that is free of parameters.
    offset : (k, m) what is added to every linear predictor.
    """

    y: Array
    cumulants: Callable[[Array], Cumulants]
    constant: Array
    offset: Array


def binomial(y: Array, n: Array, offset: Array | None = None) -> Family:
    """Binomial counts with the logit link; y and n of shape (k, m)."""
    size = n[..., None]

    def cumulants(eta: Array) -> Cumulants:
        p, q = expit(eta), expit(-eta)
        variance = size * p * q
        return np.logaddexp(0, eta) * size, size * p, variance, variance * (q - p), variance * (1 - 6 * p * q)

    return Family(y, cumulants, -log_beta_ratio(n, y), np.zeros_like(y) if offset is None else offset)


def poisson(y: Array, time: Array) -> Family:
    """Poisson counts in person-time with the log link; y and time of shape (k, m)."""

    def cumulants(eta: Array) -> Cumulants:
        with np.errstate(over="ignore"):  # a trial step too far; the search takes it back
            rate = np.exp(eta)
        return rate, rate, rate, rate, rate

    return Family(y, cumulants, -gammaln(y + 1), np.log(time))


def noncentral_hypergeometric(t: Tables) -> Family:
    """Events of arm 1 given all margins, eta the log odds ratio (Fisher's noncentral hypergeometric distribution).

    Tables of shape (k,). A support of up to `WHOLE` points is summed as it is. A longer one is summed on a lattice around
    the mode, fifteen standard deviations to each side with steps of at most an eighth of one: for a smooth log-concave
    function the error of such a sum falls faster than any power of the step, so it is exact to rounding for any counts.
    Source: McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed., section 7.3.2.
    """
    sums = [_support_sum(t.a[i], t.n_1[i], t.c[i], t.n_2[i]) for i in range(len(t.a))]

    def cumulants(eta: Array) -> Cumulants:
        parts = [one(row.ravel()) for one, row in zip(sums, eta, strict=True)]
        k0, k1, k2, k3, k4 = (np.stack([part[r] for part in parts]).reshape(eta.shape) for r in range(5))
        return k0, k1, k2, k3, k4

    y = t.a[:, None]
    return Family(y, cumulants, np.zeros_like(y), np.zeros_like(y))


WHOLE = 3000  # support points that are summed one by one
REACH, FINENESS = 15.0, 8.0  # standard deviations each side; lattice points a standard deviation


def _support_sum(a: float, n_1: float, c: float, n_2: float) -> Callable[[Array], Cumulants]:
    """Cumulants at eta (j,) for one table; K is relative to the binomial coefficients of the observed table."""
    m = a + c
    low, high = max(0.0, m - n_2), min(n_1, m)
    if high - low < WHOLE:
        moved = np.arange(low, high + 1) - a
        base, slope = _log_coefficients(a, n_1, c, n_2, moved)
        return lambda eta: _cumulants(a, moved, base + moved * (eta + slope)[:, None], a * eta)

    def windowed(eta: Array) -> Cumulants:
        table = Tables(*(np.asarray(v) for v in (a, n_1, c, n_2, True)))
        mode = np.clip(np.rint(fitted_count(table, eta)), low, high)
        cells = np.stack([mode, n_1 - mode, m - mode, n_2 - m + mode])
        sd = 1 / np.sqrt((1 / (cells + 0.5)).sum(0))
        step = np.maximum(1.0, np.floor(sd / FINENESS))[:, None]
        half = int(np.ceil(REACH * (FINENESS + 1)))
        x = mode[:, None] + step * np.arange(-half, half + 1)
        inside = (x >= low) & (x <= high)
        moved = np.where(inside, x, mode[:, None]) - a
        base, slope = _log_coefficients(a, n_1, c, n_2, moved)
        log_weight = base + moved * (eta + slope)[:, None]
        return _cumulants(a, moved, np.where(inside, log_weight, -np.inf), a * eta + np.log(step[:, 0]))

    return windowed


def _log_coefficients(a: float, n_1: float, c: float, n_2: float, moved: Array) -> tuple[Array, float]:
    """Log of C(n_1, x) C(n_2, m - x) at x = a + moved, relative to that at a, less `slope` times `moved`; and the slope.

    The first-order terms of the four log-gammas are added up before they meet a large `moved`, which keeps the digits.
    """
    up, down = (a + 1, n_2 - c + 1), (n_1 - a + 1, c + 1)
    rest = sum(log_gamma_excess(cell, moved) for cell in up) + sum(log_gamma_excess(cell, -moved) for cell in down)
    return -np.asarray(rest), float(np.log(down).sum() - np.log(up).sum())


def _cumulants(a: float, moved: Array, log_weight: Array, shift: Array) -> Cumulants:
    """Cumulants of a distribution on a + moved, where K also gains `shift` (a eta and the log of the lattice's step)."""
    top = log_weight.max(-1, keepdims=True)
    weight = np.exp(log_weight - top)
    total = weight.sum(-1)
    share = weight / total[:, None]
    centre = (share * moved).sum(-1)
    away = moved - centre[:, None]
    squared = away**2
    second = (share * squared).sum(-1)
    third = (share * squared * away).sum(-1)
    fourth = (share * squared**2).sum(-1) - 3 * second**2
    return top[:, 0] + np.log(total) + shift, a + centre, second, third, fourth


def log_gamma_ratio(a: Array | float, step: Array) -> Array:
    """log(Gamma(a + step) / Gamma(a)) for positive arguments, without the cancellation of two large logarithms."""
    return np.asarray(log_gamma_excess(a, step) + step * np.log(a))


def log_gamma_excess(a: Array | float, step: Array) -> Array:
    """log(Gamma(a + step) / Gamma(a)) - step log(a): what the first-order term leaves, small where the step is.

    Source: Stirling's series, Abramowitz & Stegun (1964), 6.1.41.
    """
    a, step = np.broadcast_arrays(np.asarray(a, dtype=float), step)
    end = a + step
    large = (a > STIRLING_FROM) & (end > STIRLING_FROM)
    first, last, moved = (np.where(large, v, other) for v, other in ((a, 1.0), (end, 1.0), (step, 0.0)))
    ratio = moved / first
    stirling = first * (np.log1p(ratio) - ratio) + (moved - 0.5) * np.log1p(ratio)
    stirling = stirling + _stirling_tail(last) - _stirling_tail(first)
    if large.all():
        return np.asarray(stirling)
    # Beside the series the arguments are small, or the step is nearly all of them, so that nothing cancels.
    small, other = np.where(large, 1.0, a), np.where(large, 1.0, end)
    return np.where(large, stirling, gammaln(other) - gammaln(small) - (other - small) * np.log(small))


STIRLING_FROM = 30.0  # four terms of the series leave less than 1e-16 from here on


def _stirling_tail(z: Array) -> Array:
    w = 1 / z**2
    return (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w / 1680))) / z


def log_beta_ratio(n: Array, y: Array) -> Array:
    """Minus the log of the binomial coefficient n over y; also for fractional counts."""
    return log_gamma_ratio(np.ones_like(y), y) - log_gamma_ratio(n - y + 1, y)
