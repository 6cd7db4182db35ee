"""Estimators and intervals that solve Q(tau2) = target, where Q is Cochran's statistic with weights 1 / (vi + tau2).

1 / Q is an increasing, concave function of tau2 (by the Cauchy-Schwarz inequality for the quadratic forms y'Py, y'PPy and
y'PPPy), so Newton's method on it, started left of the root, rises to the root without ever passing it: no bracket is
needed, and from the right one step brings it to the left. It is exact in one step where all variances are equal.
"""

from __future__ import annotations

import numpy as np

from mscsec.arrays import Array
from mscsec.pooling.moments import Tau2, truncated
from mscsec.pooling.sets import ONE, Sets, across, everywhere, two_power_sums, weigh
from mscsec.pooling.tails import chi_square_above

STEPS = 200
# A Newton step squares the relative error, so one of this size leaves nothing that a double can hold.
SETTLED = 1e-7
# What the rounding of Q can move tau2 by, in units of Q over its slope.
ROUNDING = 4e-15
TINY = 1e-300


def solve_q(sets: Sets, target: Array | float, start: Array | float = 0.0) -> Tau2:
    """The tau2 at which Q equals `target` (...), and 0 where Q(0) is already below it.

    `target` must be positive. Newton's method on 1 / Q from `start` (...); quadratic near the root.
    """
    tau2 = truncated(start + 0.0 * target)
    step = 0
    while step < STEPS:
        step += 1
        (sum_w, sum_wy, wyy), (w2, w2y, w2yy) = two_power_sums(sets, ONE / (sets.vi + across(tau2)), for_q=True)
        mean = sum_wy / sum_w
        q = wyy - mean * sum_wy
        fall = w2yy - mean * (2 * w2y - mean * w2) + TINY  # -dQ/dtau2 = sum (w r)^2; 0 for identical effects
        new = truncated(tau2 + q / target * ((q - target) / fall))
        done = abs(new - tau2) <= SETTLED * new + ROUNDING * q / fall
        tau2 = new
        if everywhere(done):
            break
    return Tau2(tau2, converged=done, iterations=step)


def paule_mandel(sets: Sets) -> Tau2:
    """The tau2 at which Q equals its expectation k - 1.

    Source: Paule & Mandel (1982), J Res Natl Bur Stand 87:377-385; DerSimonian & Kacker (2007).
    """
    return solve_q(sets, sets.k - 1)


def empirical_bayes(sets: Sets) -> Tau2:
    """Morris's empirical Bayes estimator, whose estimating equation without moderators is that of Paule and Mandel.

    Source: Morris (1983), J Am Stat Assoc 78:47-55; Viechtbauer, Lopez-Lopez, Sanchez-Meca & Marin-Martinez (2015),
    Psychol Methods 20:360-374, on the identity.
    """
    return paule_mandel(sets)


def median_unbiased(sets: Sets) -> Tau2:
    """The tau2 at which Q equals the median of chi-square on k - 1 degrees of freedom, so that it errs up as often as down.

    Source: Viechtbauer (2021), European Congress of Methodology, Valencia.
    """
    return solve_q(sets, chi_square_above(sets.k - 1, 0.5))


def paule_mandel_se(sets: Sets, tau2: Array) -> Array:
    """Standard error of PM, of EB and of the others that share its equation: sqrt(2 k^2 / (k - 1)) / sum w. Source: Morris (1983)."""
    return np.sqrt(2 * sets.k**2 / (sets.k - 1)) / weigh(sets, tau2).sum_w


def iterated_laird(sets: Sets) -> Tau2:
    """DL with weights 1 / (vi + tau2), repeated until it stands: at the fixed point Q equals k - 1, so it is Paule and Mandel's.

    Source: DerSimonian & Kacker (2007), Contemp Clin Trials 28:105-114.
    """
    return paule_mandel(sets)


def iterated_jonkman(sets: Sets) -> Tau2:
    """SJ repeated until it stands: tau2 = tau2 Q / (k - 1), which is Paule and Mandel's equation again, and 0 where that has no root.

    Source: Sidik & Jonkman (2005), J R Stat Soc C 54:367-384.
    """
    return paule_mandel(sets)


def q_profile(sets: Sets, level: float, near: Array | float = 0.0) -> tuple[Array, Array]:
    """Interval for tau2 of all values that Cochran's Q does not reject; both limits 0 where it rejects every one.

    near : (...) an estimate of tau2, from which the upper limit is sought.
    Source: Viechtbauer (2007), Stat Med 26:37-52; Knapp, Biggerstaff & Hartung (2006), Biom J 48:271-285.
    """
    tail = (1 - level) / 2
    upper, lower = chi_square_above(sets.k - 1, tail), chi_square_above(sets.k - 1, 1 - tail)
    return solve_q(sets, upper).value, solve_q(sets, lower, near).value
