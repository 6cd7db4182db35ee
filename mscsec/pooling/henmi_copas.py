"""Henmi and Copas's interval: the common-effect estimate, calibrated by the joint law of the estimate and DL's tau2."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import gammainc

from mscsec.arrays import Array
from mscsec.pooling.moments import dersimonian_laird
from mscsec.pooling.sets import Sets, across, complement, dot, traces

NODES = 64
STEPS = 200
# On the logarithm of the tail; the interval itself is then good to about as many digits.
SETTLED = 1e-12
# The normal density is below 1e-33 beyond; nothing of the integral lies there.
FAR = 12.0


class HenmiCopas(NamedTuple):
    """estimate measured from the set's origin; half_width of the interval; p_value of a mean of `null`."""

    estimate: Array
    se: Array
    half_width: Array
    p_value: Array


class _Law(NamedTuple):
    """What the conditional mean and variance of Q given the standardised estimate are made of."""

    tau2: Array
    k: Array
    w2: Array
    uneven: Array  # w3 - w2^2
    fourth: Array  # w4 - 2 w2 w3 + w2^3
    trace: Array
    trace_2: Array  # w1 w2 - 2 w3 + w2^2
    ratio: Array  # variance of the estimate in units of 1 / w1


def henmi_copas(sets: Sets, level: float, null: float = 0.0) -> HenmiCopas:
    """Estimate, standard error, half width and P value for sets of two studies or more.

    Source: Henmi & Copas (2010), Stat Med 29:2969-2983.
    """
    by = sets.common
    tau2 = dersimonian_laird(sets).value
    law = _law(sets, tau2)
    se = np.sqrt(law.ratio / by.sum_w)
    sd = np.sqrt(law.ratio)  # of the pivot's numerator, in units of the common-effect standard error
    quantile = sd * _solve(law, (1 - level) / 2)
    own = np.abs(by.mean + (sets.origin - null)) / se
    return HenmiCopas(by.mean, se, quantile * se, np.minimum(2 * _tail(law, own / sd), 1.0))


def _law(sets: Sets, tau2: Array) -> _Law:
    """The sums that the law needs; w_n is sum w^n / sum w. Their differences are summed as squares about the mean share."""
    by = sets.common
    share, rest = by.wi / across(by.sum_w), complement(by.wi, by.sum_w)
    off = across(dot(share, rest)) - rest  # share less its mean, sum share^2
    w2 = dot(by.wi, share)
    return _Law(
        tau2,
        sets.k,
        w2,
        by.sum_w**2 * dot(share, off * off),
        by.sum_w**3 * dot(share * off, share * off),
        sets.trace,
        traces(by.wi, by.sum_w).pp,
        1 + tau2 * w2,
    )


def _tail(law: _Law, x: Array) -> Array:
    """Probability that the pivot exceeds `x` standard deviations of its numerator: the integral over r > x of P(Q < f(r / x) | r) phi(r)."""
    nodes, node_weights = _nodes()
    x = np.asarray(x, dtype=float)
    start = np.minimum(x, FAR)
    r = start[..., None] + 0.5 * (FAR - start)[..., None] * (nodes + 1)
    safe = np.where(x > 0, x, 1.0)[..., None]
    reach = (law.trace / law.w2)[..., None] * ((r / safe) ** 2 - 1) + across(law.k - 1)
    mean, variance = _conditional_q(law, r)
    below = gammainc(mean**2 / variance, reach * mean / variance)
    below = np.where(x[..., None] > 0, below, 1.0)
    density = np.exp(-0.5 * r * r) / math.sqrt(2 * math.pi)
    return 0.5 * (FAR - start) * dot(np.broadcast_to(node_weights, r.shape), below * density)


@functools.cache
def _nodes() -> tuple[Array, Array]:
    return leggauss(NODES)


def _conditional_q(law: _Law, r: Array) -> tuple[Array, Array]:
    """Mean and variance of Q given that the estimate is `r` (..., nodes) standard errors from the truth."""
    tau2, uneven, fourth, ratio = (across(getattr(law, name)) for name in ("tau2", "uneven", "fourth", "ratio"))
    trace, trace_2, df = across(law.trace), across(law.trace_2), across(law.k - 1)
    shift = (r * r - 1) / ratio
    mean = df + tau2 * trace + tau2**2 * shift * uneven
    variance = (
        2 * df
        + 4 * tau2 * trace
        + 2 * tau2**2 * trace_2
        + 4 * tau2**2 * shift * uneven
        + 4 * tau2**3 * shift * fourth
        + 2 * tau2**4 * (1 - 2 * r * r) / ratio**2 * uneven**2
    )
    return mean, variance


def _solve(law: _Law, tail: float) -> Array:
    """The x at which the pivot's upper tail is `tail`: regula falsi on the logarithm of the tail, which is nearly a parabola in x."""
    aim = math.log(tail)
    low, above = np.zeros_like(law.ratio), np.full_like(law.ratio, math.log(0.5) - aim)
    high = np.full_like(law.ratio, 2.0)
    below = _log_tail(law, high) - aim
    for _ in range(STEPS):
        short = below > 0
        if not short.any():
            break
        low, above = np.where(short, high, low), np.where(short, below, above)
        high = np.where(short, 2 * high, high)
        below = np.where(short, _log_tail(law, high) - aim, below)
    side = np.zeros_like(low)
    for _ in range(STEPS):
        new = low + (high - low) * above / (above - below)
        here = _log_tail(law, new) - aim
        up = here > 0
        below = np.where(up, np.where(side > 0, 0.5 * below, below), here)
        above = np.where(up, here, np.where(side < 0, 0.5 * above, above))
        low, high = np.where(up, new, low), np.where(up, high, new)
        side = np.where(up, 1.0, -1.0)
        if (np.abs(here) <= SETTLED).all():
            break
    return new


def _log_tail(law: _Law, x: Array) -> Array:
    value: Array = np.log(np.maximum(_tail(law, x), 1e-300))
    return value
