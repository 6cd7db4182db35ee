"""Root finding over a batch: each entry has its own bracket, finished entries stand still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, BoolArray

RELATIVE_STEP = 4e-15  # a step below this share of the root changes only its last bits
LAST_NEWTON = 1e-8  # the error after a Newton step of this relative size is its square


@dataclass(frozen=True, slots=True)
class Roots:
    """Roots of a batch of equations: `value`, `converged` and `iterations` each of shape (B,)."""

    value: Array
    converged: BoolArray
    iterations: int


def bracketed_newton(
    slope_of: Callable[[Array], tuple[Array, Array]], low: Array, high: Array, start: Array, most: int = 200
) -> Roots:
    """Where a function that is positive at `low` and not positive at `high` crosses zero.

    slope_of : of (B,) arguments the (B,) values and derivatives. start : (B,) where to begin, within the bracket.
    A Newton step that leaves the bracket, or fails to halve it twice running, is replaced by bisection.
    """
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    at = np.array(start, dtype=float)
    width = high - low
    done = np.zeros(at.shape, dtype=bool)
    for iteration in range(1, most + 1):
        value, slope = slope_of(at)
        low = np.where(value > 0, at, low)
        high = np.where(value > 0, high, at)
        steep = np.where(slope < 0, slope, -1.0)
        newton = at - value / steep
        settled = (slope < 0) & (np.abs(newton - at) <= LAST_NEWTON * np.abs(at)) | (value == 0)
        slow = (iteration % 3 == 0) & ((high - low) > 0.5 * width)
        width = np.where(iteration % 3 == 0, high - low, width)
        inside = (slope < 0) & (newton > low) & (newton < high) & ~slow
        target = np.where(inside, newton, 0.5 * (low + high))
        target = np.where(settled, np.where(value == 0, at, np.clip(newton, low, high)), target)
        at = np.where(done, at, target)
        done |= settled | ((high - low) <= RELATIVE_STEP * high)
        if done.all():
            return Roots(at, done, iteration)
    return Roots(at, done, most)


def bracketed_root(
    function: Callable[[Array], Array], low: Array, high: Array, most: int = 200, tolerance: float = RELATIVE_STEP
) -> Roots:
    """Where a continuous function of differing signs at `low` and `high` crosses zero, without derivatives.

    tolerance : relative width of the bracket at which it stops; wider where the function itself is iterated.
    Source: Chandrupatla (1997), Adv Eng Softw 28:145-149 (inverse quadratic interpolation or bisection).
    """
    a, b = np.array(high, dtype=float), np.array(low, dtype=float)
    fa, fb = function(a), function(b)
    c, fc = a, fa
    share = np.full(a.shape, 0.5)
    done = np.zeros(a.shape, dtype=bool)
    best = np.where(np.abs(fa) < np.abs(fb), a, b)
    for iteration in range(1, most + 1):
        at = a + share * (b - a)
        f = function(at)
        same = np.sign(f) == np.sign(fa)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = at, f
        best = np.where(done, best, np.where(np.abs(fa) < np.abs(fb), a, b))
        spread = np.abs(b - a)
        near = tolerance * np.abs(best) + np.finfo(float).tiny
        done |= (spread <= 2 * near) | (f == 0)
        if done.all():
            return Roots(best, done, iteration)
        share = _interpolation(a, b, c, fa, fb, fc)
        edge = np.minimum(near / np.where(spread > 0, spread, 1.0), 0.5)
        share = np.clip(share, edge, 1 - edge)
    return Roots(best, done, most)


def _interpolation(a: Array, b: Array, c: Array, fa: Array, fb: Array, fc: Array) -> Array:
    """Chandrupatla's choice between inverse quadratic interpolation and the midpoint, as a share of the bracket."""
    safe = (fb != fa) & (fb != fc) & (fa != fc) & (b != c)

    def over(top: Array, bottom: Array) -> Array:
        return top / np.where(safe, bottom, 1.0)

    xi, phi = over(a - b, c - b), over(fa - fb, fc - fb)
    good = safe & (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
    quadratic = over(fa, fb - fa) * over(fc, fb - fc) + over(c - a, np.where(b != a, b - a, 1.0)) * over(
        fa, fc - fa
    ) * over(fb, fc - fb)
    return np.where(good, quadratic, 0.5)
