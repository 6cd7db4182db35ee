"""Distribution of generalised Q, a sum of chi-square variables with unequal weights.

For independent normal effects with variances s_i and weights a_i, Q = y'Py has the Laplace transform det(I + 2zPS)^(-1/2).
Because P is a diagonal matrix less one of rank one, the determinant is a product and a sum over the studies, without
eigenvalues. All its singularities lie on the negative real axis. The inversion integral is taken through the saddle point
of its integrand on a hyperbola with the curvature of the path of steepest descent, where it hardly oscillates, with the
trapezoidal rule after a sinh transform; its error falls geometrically with the number of nodes, for few and for
many studies alike.

Source: Jackson (2013), Res Synth Methods 4:220-229, on the distribution; Rice (1980), SIAM J Sci Stat Comput 1:438-448,
on inversion along the path of steepest descent; Trefethen & Weideman (2014), SIAM Rev 56:385-458, on the trapezoidal rule.
"""

from __future__ import annotations

import math

import numpy as np

from mscsec.arrays import Array, BoolArray
from mscsec.pooling.moments import Tau2, q_weights, weigh_by
from mscsec.pooling.sets import Sets, across, total

NODES = 80
SPACING = 0.12
STEPS = 200
SETTLED = 1e-12


def q_cdf(sets: Sets, ai: Array, tau2: Array, q: Array) -> Array:
    """Probability that generalised Q with weights `ai` (..., k) stays below `q` (...) when the variance is `tau2` (...).

    Absolute error about 1e-13.
    """
    tau2, q = np.asarray(tau2, dtype=float), np.asarray(q, dtype=float)
    si = sets.finite(sets.vi + tau2[..., None])
    x = np.where(q > 0, q, 1.0)
    scaled = ai * si / x[..., None]  # in units of q, so that the argument of the transform is of order one
    share = ai / across(total(ai))
    saddle, width, bend = _path(scaled, sets.k)
    value = np.zeros(saddle.shape)
    for node in range(NODES):
        y = width * math.sinh((node + 0.5) * SPACING)
        step = width * math.cosh((node + 0.5) * SPACING) * SPACING
        arm = np.hypot(y, bend)
        z = saddle - (arm - bend) + 1j * y
        factor = 1 + 2 * z[..., None] * scaled
        # the part of rank one, 1 - 2z sum(share scaled / factor), without its cancellation
        log_det = total(np.log(factor)) + np.log(total(share / factor))
        value = value + (np.exp(z - 0.5 * log_det) / z * (1j - y / arm)).imag * step / math.pi
    return np.where(q > 0, np.clip(value, 0.0, 1.0), 0.0)


def _path(scaled: Array, k: Array) -> tuple[Array, Array, Array]:
    """Saddle point z of exp(z) L(z) / z on the positive axis, the width of its hill and the semi-axis of the hyperbola.

    The eigenvalues are stood in for by `scaled` (they interlace); the path need not be exact for the integral to be.
    The equation is increasing and concave in z, so Newton's method from the left does not pass its root.
    """
    share = (k - 1) / k
    z = np.ones(scaled.shape[:-1])
    for _ in range(STEPS):
        shrunk = scaled / (1 + 2 * z[..., None] * scaled)
        slope = 2 * share * total(shrunk**2) + 1 / z**2
        move = (share * total(shrunk) + 1 / z - 1) / slope
        z = z + move
        if (move <= 1e-3 * z).all():
            break
    shrunk = scaled / (1 + 2 * z[..., None] * scaled)
    second = 2 * share * total(shrunk**2) + 1 / z**2
    third = 8 * share * total(shrunk**3) + 2 / z**3
    return z, 1 / np.sqrt(second), 3 * second / third


def solve_q_cdf(sets: Sets, ai: Array, target: float) -> Tau2:
    """The tau2 at which generalised Q is below what was observed with probability `target`; 0 where that is so only below 0.

    The probability falls with tau2. Bracketed by doubling, then the Illinois form of the secant method.
    """
    q = weigh_by(sets, ai).q
    scale = _scale(sets, ai, q)
    low = np.zeros_like(q)
    above = q_cdf(sets, ai, low, q) - target
    none = above <= 0
    high = np.array(scale)
    below = q_cdf(sets, ai, high, q) - target
    for _ in range(STEPS):
        short = (below > 0) & ~none
        if not short.any():
            break
        low, above = np.where(short, high, low), np.where(short, below, above)
        high = np.where(short, 4 * high, high)
        below = np.where(short, q_cdf(sets, ai, high, q) - target, below)
    value, converged, steps = _illinois(sets, ai, q, target, low, above, high, below)
    return Tau2(np.where(none, 0.0, value), converged | none, steps)


def _scale(sets: Sets, ai: Array, q: Array) -> Array:
    by = weigh_by(sets, ai)
    least = sets.vi.min(axis=-1)
    scale: Array = np.maximum(q / total(by.wi), least)
    return scale


def _illinois(
    sets: Sets, ai: Array, q: Array, target: float, low: Array, above: Array, high: Array, below: Array
) -> tuple[Array, BoolArray, int]:
    """Regula falsi within [low, high]; an end that stays twice has its height halved, so that both ends close in."""
    side = np.zeros(np.shape(q))
    new, step = high, 0
    while step < STEPS:
        step += 1
        before, drop = new, above - below
        new = low + (high - low) * np.where(drop > 0, above / np.where(drop > 0, drop, 1.0), 0.5)
        here = q_cdf(sets, ai, new, q) - target
        up = here > 0
        low, high = np.where(up, new, low), np.where(up, high, new)
        below = np.where(up, np.where(side > 0, 0.5 * below, below), here)
        above = np.where(up, here, np.where(side < 0, 0.5 * above, above))
        side = np.where(up, 1.0, -1.0)
        done = (np.abs(new - before) <= SETTLED * new) | (high - low <= SETTLED * high) | (here == 0)
        if done.all():
            break
    return new, done, step


def median_generalised_q(sets: Sets) -> Tau2:
    """The tau2 at which the observed generalised Q, with the user's weights, is the median of its distribution.

    Source: Viechtbauer (2021), European Congress of Methodology, Valencia; Jackson (2013) for the distribution.
    """
    return solve_q_cdf(sets, q_weights(sets), 0.5)


def q_interval(sets: Sets, ai: Array, level: float) -> tuple[Array, Array]:
    """Interval for tau2 that inverts the test of generalised Q with weights `ai`; 0 where a limit would be negative.

    Source: Jackson (2013); with weights 1 / vi, Biggerstaff & Jackson (2008), Stat Med 27:6093-6110.
    """
    tail = (1 - level) / 2
    return solve_q_cdf(sets, ai, 1 - tail).value, solve_q_cdf(sets, ai, tail).value
