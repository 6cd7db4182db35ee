"""Iterative estimators in exact rational arithmetic: the sign of their equation changes within a billionth of the answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar
from scipy.special import chdtrc, chdtri

from mscsec.pooling import pool

NARROW = Fraction(1, 10**9)


def rational(values: Any) -> list[Fraction]:
    return [Fraction(float(x)) for x in values]


def weighed(yi: Any, vi: Any, tau2: Fraction) -> tuple[list[Fraction], list[Fraction]]:
    """Weights 1 / (vi + tau2) and residuals from the weighted mean."""
    w = [1 / (v + tau2) for v in rational(vi)]
    y = rational(yi)
    mean = sum(a * b for a, b in zip(w, y, strict=True)) / sum(w)
    return w, [b - mean for b in y]


def reml_score(yi: Any, vi: Any, tau2: Fraction) -> Fraction:
    w, r = weighed(yi, vi, tau2)
    return sum(((a * b) ** 2 for a, b in zip(w, r, strict=True)), Fraction()) - (
        sum(w) - sum(a * a for a in w) / sum(w)
    )


def ml_score(yi: Any, vi: Any, tau2: Fraction) -> Fraction:
    w, r = weighed(yi, vi, tau2)
    return sum(((a * b) ** 2 for a, b in zip(w, r, strict=True)), Fraction()) - sum(w)


def pm_excess(yi: Any, vi: Any, tau2: Fraction) -> Fraction:
    w, r = weighed(yi, vi, tau2)
    return sum((a * b * b for a, b in zip(w, r, strict=True)), Fraction()) - (len(w) - 1)


EQUATIONS: dict[str, Callable[[Any, Any, Fraction], Fraction]] = {
    "REML": reml_score, "ML": ml_score, "PM": pm_excess, "EB": pm_excess,
}  # fmt: skip


@pytest.mark.parametrize("key", EQUATIONS)
@settings(max_examples=25, deadline=None)
@given(
    yi=st.lists(st.integers(-500, 500), min_size=3, max_size=6, unique=True),
    powers=st.lists(st.integers(-10, 10), min_size=6, max_size=6),
    wide=st.booleans(),
)
def test_the_equation_changes_sign_at_the_estimate(key: str, yi: Any, powers: Any, wide: bool) -> None:
    y = np.array(yi) / 64
    v = (10.0 if wide else 1.5) ** np.array(powers[: y.size])
    value = pool(y, v, tau2=key, ci="wald", tau2_ci="none", prediction="none").tau2
    assert value is not None
    if value == 0:  # nothing to bracket; a likelihood with several maxima may be highest at 0 though it rises elsewhere
        assert EQUATIONS[key](y, v, Fraction(0)) <= 0
        return
    tau2 = Fraction(value)
    assert EQUATIONS[key](y, v, tau2 * (1 - NARROW)) > 0
    assert EQUATIONS[key](y, v, tau2 * (1 + NARROW)) < 0


@settings(max_examples=25, deadline=None)
@given(
    yi=st.lists(st.integers(-500, 500), min_size=3, max_size=6, unique=True),
    vi=st.lists(st.integers(1, 400), min_size=6, max_size=6),
)
def test_two_step_dersimonian_laird_is_its_formula(yi: Any, vi: Any) -> None:
    """DerSimonian & Kacker (2007), with weights from the first step."""
    y, v = np.array(yi) / 64, np.array(vi[: len(yi)]) / 64
    first = pool(y, v, tau2="DL", ci="wald", tau2_ci="none").tau2
    assert first is not None
    a, r = weighed(y, v, Fraction(first))
    s = rational(v)
    q = sum((p * b * b for p, b in zip(a, r, strict=True)), Fraction())
    expected = sum((p * x for p, x in zip(a, s, strict=True)), Fraction())
    expected -= sum((p * p * x for p, x in zip(a, s, strict=True)), Fraction()) / sum(a)
    exact = (q - expected) / (sum(a) - sum(p * p for p in a) / sum(a))
    second = pool(y, v, tau2="DL2", ci="wald", tau2_ci="none").tau2
    assert_allclose(second, max(float(exact), 0.0), rtol=1e-9, atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(
    yi=st.lists(st.integers(-200, 200), min_size=3, max_size=6, unique=True),
    vi=st.lists(st.integers(1, 400), min_size=6, max_size=6),
    level=st.sampled_from([0.8, 0.95]),
)
def test_profile_limits_have_the_likelihood_ratio_of_their_level(yi: Any, vi: Any, level: float) -> None:
    """The likelihood at a limit, maximised over tau2 by another optimiser, is chi-square / 2 below the maximum."""
    y, v = np.array(yi) / 64, np.array(vi[: len(yi)]) / 64
    result = pool(y, v, tau2="ML", ci="profile", level=level, tau2_ci="none")
    assume(not any(warning.code == "P203" for warning in result.warnings))
    assert result.details is not None

    def minus(tau: float, mean: float) -> float:
        s = v + tau * tau
        return float(0.5 * np.sum(np.log(2 * np.pi * s) + (y - mean) ** 2 / s))

    for limit in (result.ci_low, result.ci_high):
        top = min(
            minimize_scalar(minus, args=(limit,), bounds=bounds, method="bounded", options={"xatol": 1e-10}).fun
            for bounds in ((0, 0.3), (0.2, 3), (2, 30))
        )
        ratio = 2 * (result.details["log_likelihood"] + top)
        assert ratio == pytest.approx(chdtri(1, 1 - level), abs=1e-5)


@pytest.mark.parametrize("null", [-3.0, 0.0, 5.2, 5.5, 40.0])
def test_the_statistic_of_the_profile_is_the_signed_root_of_the_likelihood_ratio(null: float) -> None:
    """Both likelihoods maximised over log tau2 by another optimiser; effects far from zero and from their null value."""
    y, v = np.array([5.0, 5.6, 4.7, 5.9, 5.5]), np.array([0.04, 0.09, 0.1, 0.05, 0.02])

    def highest(mean_of: Callable[[Any], Any]) -> float:
        def minus(log_tau2: float) -> float:
            s = v + np.exp(log_tau2)
            return float(0.5 * np.sum(np.log(s) + (y - mean_of(1 / s)) ** 2 / s))

        parts = ((-9, 0), (-3, 4), (0, 12))
        return -min(
            minimize_scalar(minus, bounds=part, method="bounded", options={"xatol": 1e-9}).fun for part in parts
        )

    ratio = 2 * (highest(lambda w: np.average(y, weights=w)) - highest(lambda w: null))
    result = pool(y, v, tau2="ML", ci="profile", null=null, tau2_ci="none")
    assert result.statistic == pytest.approx(math.copysign(math.sqrt(ratio), result.estimate - null), rel=1e-6)
    assert result.p_value == pytest.approx(chdtrc(1, ratio), rel=1e-5)


def test_a_profile_limit_may_lie_at_a_tau2_just_above_an_estimate_of_zero() -> None:
    y = np.array([-1.4, 0.2, -3.4, -1.8, -0.3, -1.2])
    v = np.array([1.34, 1.91, 5.68, 3.73, 1.93, 5.17])
    fit = pool(y, v, tau2="ML", ci="profile", prediction="none")
    assert fit.tau2 == 0

    def log_likelihood(tau2: Any, mean: Any) -> Any:
        w = 1 / (v + tau2)
        return 0.5 * (np.log(w).sum(-1) - (w * (y - mean) ** 2).sum(-1))

    tau2 = np.linspace(0, 0.02, 20001)[:, None]
    mean = ((y / (v + tau2)).sum(-1) / (1 / (v + tau2)).sum(-1))[:, None]
    room = log_likelihood(tau2, mean) - log_likelihood(0.0, mean[0]) + chdtri(1, 0.05) / 2
    upper = mean[:, 0] + np.sqrt(2 * np.maximum(room, 0) / (1 / (v + tau2)).sum(-1))
    assert 0 < upper.argmax() < upper.size - 1
    assert fit.ci_high == pytest.approx(upper.max(), rel=1e-9)
