"""Quantiles and tail areas against R 4.2 (qnorm, qt, pnorm, pt, qchisq), the normal and the t distribution side by side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mscsec.pooling.tails import chi_square_above, critical, lower_tail, two_sided_p

NORMAL, T3 = 1.959963984540054, 3.182446305283708  # qnorm(0.975), qt(0.975, 3)
BELOW_NORMAL, BELOW_T = 0.017864420562816556, 0.047968908481043078  # pnorm(-2.1), pt(-2.1, 4.5)


@pytest.mark.parametrize(
    ("df", "expected"),
    [
        (math.inf, NORMAL),
        (3.0, T3),
        (np.array([3.0, 3.0]), [T3, T3]),
        (np.array([math.inf, math.inf]), [NORMAL, NORMAL]),
        (np.array([[3.0, math.inf], [math.inf, 3.0]]), [[T3, NORMAL], [NORMAL, T3]]),
        (np.array([]), []),
    ],
)
def test_quantiles_of_a_two_sided_interval(df: Any, expected: Any) -> None:
    found = critical(0.95, df)
    assert np.shape(found) == np.shape(expected)
    assert_allclose(found, expected, rtol=1e-13)


def test_levels_and_fractions_of_a_degree_of_freedom() -> None:
    assert_allclose(critical(0.99, 7.0), 3.499483297350494, rtol=1e-13)  # qt(0.995, 7)
    assert_allclose(critical(0.8, np.array([2.5, 7.0])), [1.7302509288071763, 1.4149239276505086], rtol=1e-12)


@pytest.mark.parametrize(
    ("x", "df", "expected"),
    [
        (-2.1, math.inf, BELOW_NORMAL),
        (-2.1, 4.5, BELOW_T),
        (np.array([-2.1, 2.1]), 4.5, [BELOW_T, 1 - BELOW_T]),
        (np.array([-2.1, 2.1]), np.full(2, math.inf), [BELOW_NORMAL, 1 - BELOW_NORMAL]),
        (np.array([-2.1, -2.1]), np.array([4.5, math.inf]), [BELOW_T, BELOW_NORMAL]),
        (-2.1, np.array([4.5, math.inf]), [BELOW_T, BELOW_NORMAL]),
        (np.array([[-2.1], [2.1]]), np.array([4.5, math.inf]), [[BELOW_T, BELOW_NORMAL], [1 - BELOW_T, 1 - BELOW_NORMAL]]),
        (np.array([-2.1, 2.1]), np.array(math.inf), [BELOW_NORMAL, 1 - BELOW_NORMAL]),
    ],
)  # fmt: skip
def test_areas_below_and_on_both_sides(x: Any, df: Any, expected: Any) -> None:
    found = lower_tail(x, df)
    assert np.shape(found) == np.shape(expected)
    assert_allclose(found, expected, rtol=1e-12)
    smaller = np.minimum(expected, 1 - np.asarray(expected))
    for sign in (-1, 1):
        assert_allclose(two_sided_p(sign * np.asarray(x), df), 2 * smaller, rtol=1e-12)


def test_quantiles_of_chi_square_from_above() -> None:
    assert_allclose(chi_square_above(3.0, 0.95), 0.35184631774927144, rtol=1e-12)  # qchisq(0.05, 3)
    assert_allclose(chi_square_above(np.array([2.0, 3.0]), 0.5), [1.386294361119891, 2.365973884375338], rtol=1e-12)
