"""Kernels of the likelihoods of tau2 in exact arithmetic, and roots that lie on the boundary."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import helmert
from scipy.stats import multivariate_normal, norm

from mscsec.arrays import of_one
from mscsec.pooling import pool, pool_batch
from mscsec.pooling.likelihood import log_likelihood, score
from mscsec.pooling.sets import Sets, one_set

from .test_exact import NARROW, ml_score, reml_score

SCORES: dict[bool, Callable[[Any, Any, Fraction], Fraction]] = {True: reml_score, False: ml_score}
RESTRICTED = pytest.mark.parametrize("restricted", [True, False], ids=["REML", "ML"])

# yi, vi, tau2: ordinary weights; a study that has nearly all of them; an outlier; two studies.
ORDINARY: list[tuple[list[float], list[float], float]] = [
    ([0.1, 0.9, 0.3, -0.2, 0.6], [0.04, 0.09, 0.1, 0.05, 0.02], 0.07),
    ([0.1, 0.9, 0.3, -0.2], [1e-9, 0.5, 0.25, 1.0], 1e-8),
    ([1.0, 4.0, -2.0, 30.0], [1.0, 1e-3, 1e3, 1e6], 2.0),
    ([0.3, 1.7], [0.5, 0.125], 0.25),
]


def batch_of(yi: Any, vi: Any, beside: int = 3) -> Sets:
    """The set, padded, among `beside` others, as `pool_batch` lays them out."""
    k = len(yi)
    y, v = np.zeros((beside + 1, k + 2), order="F"), np.full((beside + 1, k + 2), np.inf, order="F")
    origin = yi[int(np.argmin(vi))]
    y[-1, 1:-1], v[-1, 1:-1] = np.array(yi) - origin, vi
    y[:beside, :2], v[:beside, :2] = [0.0, 1.0], [1.0, 2.0]
    mask = np.isfinite(v)
    return Sets(y, v, mask.sum(-1).astype(float), np.array([0.0] * beside + [origin]), mask)


@RESTRICTED
@pytest.mark.parametrize(("yi", "vi", "tau2"), ORDINARY)
def test_the_score_and_its_slope_are_those_of_rational_arithmetic(
    yi: list[float], vi: list[float], tau2: float, restricted: bool
) -> None:
    exact, at, tiny = SCORES[restricted], Fraction(tau2), Fraction(1, 10**40)
    value = float(exact(yi, vi, at))
    slope = float((exact(yi, vi, at + tiny) - exact(yi, vi, at - tiny)) / (2 * tiny))
    alone = score(one_set(yi, vi), of_one(tau2), restricted=restricted)
    among = score(batch_of(yi, vi), np.full(4, tau2), restricted=restricted)
    for found in ((alone.value, alone.slope), (among.value[-1], among.slope[-1])):
        assert_allclose(found, (value, slope), rtol=1e-11)


@pytest.mark.parametrize(("yi", "vi", "tau2"), ORDINARY)
def test_the_log_likelihoods_are_normal_densities(yi: list[float], vi: list[float], tau2: float) -> None:
    """In full that of the effects about the weighted mean, restricted that of k - 1 orthonormal contrasts of them."""
    y, total = np.array(yi), np.array(vi) + tau2
    mean = np.average(y, weights=1 / total)
    full = float(norm.logpdf(y, mean, np.sqrt(total)).sum())
    contrasts = helmert(y.size)
    restricted = float(multivariate_normal(cov=contrasts * total @ contrasts.T).logpdf(contrasts @ y))
    for sets, at in ((one_set(yi, vi), of_one(tau2)), (batch_of(yi, vi), np.full(4, tau2))):
        for expected, kind in ((full, False), (restricted, True)):
            found = np.ravel(log_likelihood(sets, at, restricted=kind))[-1]
            assert found == pytest.approx(expected, rel=1e-9)


# --- roots at the boundary --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["REML", "ML"])
def test_effects_that_differ_exactly_as_chance_would_have_it_have_no_variance_between_them(key: str) -> None:
    """Equal variances and that of the effects the same in decimals, so that rounding alone decides the sign of the score at 0."""
    ahead, step = (np.arange(1, 12) / 10 for _ in range(2))
    yi = np.array([[a, a + d, a + 2 * d] for a in ahead for d in step])
    vi = np.repeat([(d * d) * (1 if key == "REML" else 2 / 3) for _ in ahead for d in step], 3).reshape(-1, 3)
    batch = pool_batch(yi, vi, tau2=key)
    assert batch.converged.all()
    assert (batch.tau2 >= 0).all()
    assert_allclose(batch.tau2, 0, atol=1e-14)
    for y, v in zip(yi[::5], vi[::5], strict=True):
        one = pool(y, v, tau2=key)
        assert one.tau2 == pytest.approx(0, abs=1e-14)
        assert one.tau == math.sqrt(one.tau2)


def test_a_variance_that_is_small_beside_all_studies_but_a_dominating_one_is_found() -> None:
    """The root of the score in 50 digits (mpmath 1.4, halved 150 times) is 9.9999999975355408e-8."""
    yi, vi = [0.0, 1.43721042982146, -1.0779078223660952, 0.4790701432738201], [1e-12, 1.0, 0.5, 2.0]
    assert pool(yi, vi, tau2="REML", ci="wald").tau2 == pytest.approx(9.9999999975355408e-8, rel=1e-7)
    assert pool_batch([yi], [vi], tau2="REML", ci="wald").tau2[0] == pytest.approx(9.9999999975355408e-8, rel=1e-7)


@pytest.mark.parametrize("key", ["REML", "ML"])
def test_newtons_method_needs_few_steps(key: str) -> None:
    rng = np.random.default_rng(3)
    vi = rng.uniform(0.01, 0.5, (200, 13))
    yi = rng.normal(0, np.sqrt(vi + 0.1))
    found = [pool(y, v, tau2=key, ci="wald", tau2_ci="none") for y, v in zip(yi, vi, strict=True)]
    assert max(one.iterations for one in found) <= 4
    assert all((one.iterations > 0) == (one.tau2 != 0) for one in found)  # no search where it is 0


@pytest.mark.parametrize(("key", "divisor"), [("REML", 2), ("ML", 3)])
def test_a_maximum_close_to_zero_is_the_only_one(key: str, divisor: int) -> None:
    """With equal variances of 1 it is at the variance of the effects less 1, here below the first step of the search."""
    yi, vi = np.array([-1.0, 0.0, 1.0]) * math.sqrt(1.005 * divisor / 2), np.ones(3)
    one = pool(yi, vi, tau2=key, ci="wald", tau2_ci="none")
    assert one.tau2 == pytest.approx(0.005, rel=1e-11)
    assert not one.warnings
    batch = pool_batch([yi, 2 * yi], [vi, vi], tau2=key, ci="wald")
    assert_allclose(batch.tau2, [0.005, 3.02], rtol=1e-11)
    assert batch.modes.tolist() == [1, 1]


# --- steps that would leave the bracket -------------------------------------------------------------------------------


@pytest.mark.parametrize("beside", [1, 300], ids=["alone", "among others"])
@pytest.mark.parametrize(
    ("yi", "vi"), [([0.0067, -2.523], [0.00839, 5.955]), ([-4.142, -48.17], [1.616, 1670.0]), ([1.0, 3.0], [0.5, 0.7])]
)
def test_two_studies_have_half_of_what_their_squared_difference_exceeds_its_variance_by(
    yi: list[float], vi: list[float], beside: int
) -> None:
    """The restricted likelihood is the normal density of the difference, whose variance is v1 + v2 + 2 tau2."""
    exact = ((yi[0] - yi[1]) ** 2 - sum(vi)) / 2
    assert pool(yi, vi, tau2="REML", ci="wald").tau2 == pytest.approx(exact, rel=1e-12)
    batch = pool_batch([yi] + (beside - 1) * [[0.0, 1.0]], [vi] + (beside - 1) * [[0.1, 0.2]], tau2="REML", ci="wald")
    assert batch.tau2[0] == pytest.approx(exact, rel=1e-12)
    assert batch.converged.all()


def test_a_step_that_would_leave_its_bracket_is_halved() -> None:
    """From the first point Newton's method would end in a negative tau2, below -min v; the score changes sign at the answer."""
    yi, vi = [-9.141, 8.074, -6.57], [1.097, 49.34, 0.07579]
    value = pool(yi, vi, tau2="REML", ci="wald").tau2
    assert value is not None
    assert reml_score(yi, vi, Fraction(value) * (1 - NARROW)) > 0 > reml_score(yi, vi, Fraction(value) * (1 + NARROW))
    assert pool_batch([yi], [vi], tau2="REML", ci="wald").tau2[0] == pytest.approx(value, rel=1e-11)
