"""The distribution of generalised Q against what is known of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import chdtr, ndtr

from mscsec.pooling.bootstrap import _draw_tau2
from mscsec.pooling.moments import weigh_by
from mscsec.pooling.quadratic_form import q_cdf
from mscsec.pooling.sets import one_set, weigh


@pytest.mark.parametrize("k", [2, 3, 10, 50, 300])
@pytest.mark.parametrize("share", [0.01, 0.5, 1.0, 1.5, 3.0])
def test_equal_weights_and_variances_are_chi_square(k: int, share: float) -> None:
    sets = one_set(np.zeros(k), np.ones(k))
    q = share * (k - 1)
    found = q_cdf(sets, np.ones(k), np.float64(0.0), np.float64(q))
    assert found == pytest.approx(chdtr(k - 1, q), abs=1e-10)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-20, 20), min_size=2, max_size=12), st.floats(0.01, 40))
def test_cochran_weights_are_chi_square_without_heterogeneity(powers: list[int], q: float) -> None:
    vi = 2.0 ** np.array(powers)
    sets = one_set(np.zeros(vi.size), vi)
    found = q_cdf(sets, 1 / vi, np.float64(0.0), np.float64(q))
    assert found == pytest.approx(chdtr(vi.size - 1, q), abs=1e-10)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.001, 1000), st.floats(0.001, 1000), st.floats(0.01, 100), st.floats(0.1, 30))
def test_two_studies_are_one_scaled_chi_square(v1: float, v2: float, a: float, q: float) -> None:
    """Q = a1 a2 / (a1 + a2) (y1 - y2)^2, whose difference has variance v1 + v2 + 2 tau2."""
    sets = one_set([0.0, 0.0], [v1, v2])
    scale = a / (1 + a) * (v1 + v2 + 2 * 0.3)
    found = q_cdf(sets, np.array([1.0, a]), np.float64(0.3), np.float64(q))
    assert found == pytest.approx(1 - 2 * ndtr(-np.sqrt(q / scale)), abs=1e-9)


def test_simulated_distribution() -> None:
    rng = np.random.default_rng(3)
    vi, ai, tau2 = np.array([0.1, 0.4, 2.0, 0.05, 1.0]), np.array([1.0, 3.0, 0.2, 2.0, 5.0]), 0.3
    sets = one_set(np.zeros(5), vi)
    n = 200_000
    y = rng.normal(0, np.sqrt(vi + tau2), (n, 5))
    mean = (ai * y).sum(-1) / ai.sum()
    q = (ai * (y - mean[:, None]) ** 2).sum(-1)
    for p in (0.05, 0.5, 0.95):
        value = np.quantile(q, p)
        assert q_cdf(sets, ai, np.float64(tau2), np.float64(value)) == pytest.approx(
            p, abs=5 * np.sqrt(p * (1 - p) / n)
        )


def test_draws_of_tau2_follow_the_confidence_distribution() -> None:
    yi, vi = [0.1, 0.9, 0.3, -0.2, 0.6], [0.04, 0.09, 0.1, 0.05, 0.02]
    sets = one_set(yi, vi)
    ai = weigh(sets, 0.0).wi
    draws = _draw_tau2(sets, np.random.default_rng(0), 40_000)
    at_zero = 1 - q_cdf(sets, ai, np.float64(0.0), weigh_by(sets, ai).q)
    assert np.mean(draws == 0) == pytest.approx(at_zero, abs=0.01)
    for tau2 in (0.05, 0.2, 1.0):
        expected = 1 - q_cdf(sets, ai, np.float64(tau2), weigh_by(sets, ai).q)
        assert np.mean(draws <= tau2) == pytest.approx(expected, abs=0.015)
