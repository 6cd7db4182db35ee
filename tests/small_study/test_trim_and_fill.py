"""Trim and fill: what follows a change of scale, what a hand can check, and where it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mscsec.errors import InvalidInput, NotConverged, NotEstimable, TooFewStudies, UnknownMethod
from mscsec.pooling import pool
from mscsec.small_study import CONVENTIONS, ESTIMATORS, trim_and_fill
from mscsec.sources import SOURCES

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Seven studies about 0, two or three more on the right without counterparts.
YI = np.array([0.0, -0.1, 0.12, -0.21, 0.19, 0.3, -0.33, 0.8, 0.9, 1.3])
VI = np.array([0.01, 0.02, 0.02, 0.05, 0.05, 0.09, 0.09, 0.2, 0.22, 0.4])


@st.composite
def funnels(draw: Any) -> tuple[Any, Any]:
    k = draw(st.integers(4, 12))
    yi = draw(st.lists(st.integers(-300, 300), min_size=k, max_size=k, unique=True))
    vi = draw(st.lists(st.integers(1, 1000), min_size=k, max_size=k, unique=True))
    return np.array(yi) / 100, np.array(vi) / 500


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("estimator", ["L0", "R0"])
@FEW
@given(
    data=funnels(), shift=st.integers(-20, 20), power=st.integers(-2, 2), flip=st.booleans(), seed=st.integers(0, 99)
)
def test_follows_shift_scale_sign_and_order(
    estimator: str, convention: str, data: Any, shift: int, power: int, flip: bool, seed: int
) -> None:
    yi, vi = data
    scale = (-1 if flip else 1) * 2.0**power
    order = np.random.default_rng(seed).permutation(yi.size)
    how: dict[str, Any] = {"estimator": estimator, "convention": convention, "model": "common", "prediction": "none"}
    try:
        before = trim_and_fill(yi, vi, **how)
    except NotConverged:
        assume(False)
    after = trim_and_fill((scale * yi + shift)[order], (scale**2 * vi)[order], **how)
    assert after.k0 == before.k0
    assert (after.side == before.side) != flip
    assert_allclose(after.filled_yi, scale * np.array(before.filled_yi) + shift, atol=1e-9)
    assert_allclose(after.filled.estimate, scale * before.filled.estimate + shift, rtol=1e-9, atol=1e-9)


def test_the_missing_ones_are_on_the_left() -> None:
    result = trim_and_fill(YI, VI, model="common")
    assert (result.side, result.k0) == ("left", 2)
    assert set(result.source) == {8, 9}
    assert_allclose(np.array(result.filled_yi) + YI[list(result.source)], 2 * result.centre, rtol=1e-12)
    assert_allclose(result.filled_vi, VI[list(result.source)])
    assert result.filled.k == 12
    assert result.observed == pool(YI, VI, model="common")
    again = pool([*YI, *result.filled_yi], [*VI, *result.filled_vi], model="common")
    assert result.filled.estimate == pytest.approx(again.estimate, rel=1e-12)
    assert result.filled.estimate < result.observed.estimate
    assert [n.code for n in result.warnings] == ["P508"]


def test_l0_by_hand() -> None:
    """Four studies of equal variance, effects 0 1 2 9, mean 3: deviations -3 -2 -1 6, signed ranks -3 -2 -1 4; S = 4,
    L0 = (4 * 4 - 4 * 5) / 7 < 0, so none is missing. Its variance with k0 = -4/7 is in the result."""
    result = trim_and_fill([0, 1, 2, 9], np.full(4, 1.0), side="left", model="common")
    k, k0 = 4, -4 / 7
    variance = (k * (k + 1) * (2 * k + 1) + 10 * k0**3 + 27 * k0**2 + 17 * k0 - 18 * k * k0**2 - 18 * k * k0 + 6 * k**2 * k0) / 24  # fmt: skip
    assert result.k0 == 0
    assert result.k0_se == pytest.approx(4 * variance**0.5 / 7, rel=1e-12)
    assert result.filled is result.observed


def test_r0_by_hand() -> None:
    """Effects 0 1 2 7 8 9 of one variance, mean 4.5: deviations -4.5 -3.5 -2.5 2.5 3.5 4.5, ranks in order 5 3 1 2 4 6.
    The largest negative rank is 5, so R0 = 6 - 5 - 1 = 0, with P = 1/2 for a run as long."""
    result = trim_and_fill([0, 1, 2, 7, 8, 9], np.full(6, 1.0), side="left", model="common", estimator="R0")
    assert (result.k0, result.k0_p, result.k0_se) == (0, 0.5, pytest.approx(2**0.5))


def test_named_side_looks_there() -> None:
    right = trim_and_fill(YI, VI, side="right", model="common")
    assert right.side == "right"
    assert right.k0 == 0


def test_the_pooled_results_have_what_was_asked() -> None:
    result = trim_and_fill(YI, VI, ci="hksj", level=0.9, transform="exp", tau2="PM")
    for fit in (result.observed, result.filled):
        assert (fit.ci_method, fit.level, fit.tau2_method, fit.display.transform) == ("hksj", 0.9, "PM", "exp")
    assert result.to_dict()["filled"]["k"] == 10 + result.k0
    assert repr(result).startswith("TrimAndFill(k=10, k0=")


# --- edges ------------------------------------------------------------------------------------------------------------


def test_two_studies_are_too_few_and_three_enough() -> None:
    with pytest.raises(TooFewStudies, match="trim and fill needs 3 studies or more, found 2"):
        trim_and_fill([0.1, 0.2], [0.1, 0.2])
    assert trim_and_fill([0.1, 0.2, 0.9], [0.1, 0.2, 0.3]).k == 3


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_identical_effects_miss_none(estimator: str) -> None:
    result = trim_and_fill(np.full(6, 0.37), VI[:6], estimator=estimator)
    assert (result.k0, result.k0_se) == (0, None)
    assert "P507" in [n.code for n in result.warnings]


def test_equal_variances_need_a_side() -> None:
    with pytest.raises(NotEstimable, match='in Python side="left" or side="right" names it'):
        trim_and_fill(YI, np.full(10, 0.2))
    assert trim_and_fill(YI, np.full(10, 0.2), side="left").side == "left"


def test_ties_are_ranked() -> None:
    yi = np.array([0.0, 0.0, 0.5, 0.5, 0.5, 1.0, 2.0, 2.0])
    for convention in CONVENTIONS:
        assert trim_and_fill(yi, VI[:8], convention=convention).k0 >= 0


@pytest.mark.parametrize("estimator", ["L0", "R0"])
@FEW
@given(data=funnels())
def test_never_all_studies_are_trimmed(estimator: str, data: Any) -> None:
    try:
        result = trim_and_fill(*data, estimator=estimator, side="left", model="common")
    except NotConverged:
        return
    assert 0 <= result.k0 < result.k
    assert np.isfinite(result.filled.estimate)


def test_wrong_requests() -> None:
    with pytest.raises(UnknownMethod, match="unknown estimator of the number of missing studies 'L1'"):
        trim_and_fill(YI, VI, estimator="L1")
    with pytest.raises(InvalidInput, match="side is 'up'"):
        trim_and_fill(YI, VI, side="up")
    with pytest.raises(InvalidInput, match="trim_model is 'both'"):
        trim_and_fill(YI, VI, trim_model="both")
    with pytest.raises(UnknownMethod, match="unknown convention"):
        trim_and_fill(YI, VI, convention="stata")


def test_rows_have_their_sources() -> None:
    assert {row.source for row in ESTIMATORS.values()} <= set(SOURCES)
