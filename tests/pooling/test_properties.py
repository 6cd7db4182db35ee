"""What holds of every estimator and every interval, whatever the data."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import chdtri

from mscsec.pooling import CI, PREDICTION, TAU2, TAU2_CI, pool, pool_batch
from mscsec.pooling.likelihood import log_likelihood, search_grid
from mscsec.pooling.sets import one_set, weigh

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
METHODS = list(TAU2)


@st.composite
def effects(draw: Any, least: int = 2, most: int = 9) -> tuple[Any, Any]:
    """Effects of ordinary size with variances over three orders of magnitude."""
    k = draw(st.integers(least, most))
    yi = draw(st.lists(st.integers(-300, 300), min_size=k, max_size=k))
    vi = draw(st.lists(st.integers(1, 1000), min_size=k, max_size=k))
    return np.array(yi) / 100, np.array(vi) / 500


def options_for(row: Any) -> dict[str, Any]:
    """An option set in which the row of a table is used."""
    return {"tau2": "ML"} if row.key == "profile" else {"tau2": "PM"}


def tau2_of(key: str, yi: Any, vi: Any) -> float:
    value = pool(yi, vi, tau2=key, ci="wald", tau2_ci="none", tau2_weights=1 / np.sqrt(vi)).tau2
    assert value is not None
    return value


@pytest.mark.parametrize("key", METHODS)
@FEW
@given(
    data=effects(), shift=st.integers(-50, 50), power=st.integers(-3, 3), flip=st.booleans(), seed=st.integers(0, 99)
)
def test_tau2_follows_shift_scale_sign_and_order(
    key: str, data: Any, shift: int, power: int, flip: bool, seed: int
) -> None:
    yi, vi = data
    scale = (-1 if flip else 1) * 3.0**power
    order = np.random.default_rng(seed).permutation(yi.size)
    before = tau2_of(key, yi, vi)
    after = tau2_of(key, (scale * yi + shift)[order], (scale**2 * vi)[order])
    assert_allclose(after, scale**2 * before, rtol=1e-6, atol=1e-9 * scale**2)


@pytest.mark.parametrize("row", CI.values(), ids=CI)
@FEW
@given(data=effects(least=3), shift=st.integers(-50, 50), scale=st.sampled_from([-3.0, 0.25, 7.0]))
def test_interval_follows_shift_and_scale(row: Any, data: Any, shift: int, scale: float) -> None:
    yi, vi = data
    options = options_for(row) | {"ci": row.key, "tau2_ci": "none", "prediction": "none"}
    before = pool(yi, vi, **options)
    after = pool(scale * yi + shift, scale**2 * vi, **options)
    limits = sorted((scale * before.ci_low + shift, scale * before.ci_high + shift))
    assert_allclose([after.ci_low, after.ci_high], limits, rtol=1e-6, atol=1e-6 * abs(scale))
    assert_allclose(after.se, abs(scale) * before.se, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("row", CI.values(), ids=CI)
@FEW
@given(data=effects(least=3), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_p_value_belongs_to_the_interval(row: Any, data: Any, level: float) -> None:
    """The interval excludes zero where, and only where, P is below one minus its level."""
    yi, vi = data
    result = pool(yi, vi, **options_for(row), ci=row.key, level=level, tau2_ci="none", prediction="none")
    assert result.p_value is not None
    if abs(result.p_value - (1 - level)) > 1e-6:
        assert (result.ci_low > 0 or result.ci_high < 0) == (result.p_value < 1 - level)


@pytest.mark.parametrize("key", METHODS)
@FEW
@given(data=effects(), padding=st.integers(1, 4), seed=st.integers(0, 99))
def test_a_padded_batch_is_its_rows(key: str, data: Any, padding: int, seed: int) -> None:
    yi, vi = data
    k = yi.size
    rng = np.random.default_rng(seed)
    place = np.sort(rng.choice(k + padding, k, replace=False))
    y, v, mask = (
        np.full((2, k + padding), np.nan),
        np.full((2, k + padding), -1.0),
        np.zeros((2, k + padding), dtype=bool),
    )
    y[0, place], v[0, place], mask[0, place] = yi, vi, True
    y[1, place[:2]], v[1, place[:2]], mask[1, place[:2]] = yi[:2], vi[:2], True
    given_weights = np.where(mask, 1 / np.sqrt(np.where(mask, v, 1.0)), 0.0)
    batch = pool_batch(y, v, mask, tau2=key, tau2_weights=given_weights, prediction="auto")
    for row, count in enumerate((k, 2)):
        single = pool(yi[:count], vi[:count], tau2=key, tau2_weights=1 / np.sqrt(vi[:count]), tau2_ci="none")
        for name in ("estimate", "se", "tau2", "i2", "q", "ci_low", "ci_high", "p_value"):
            assert_allclose(getattr(batch, name)[row], getattr(single, name), rtol=1e-7, atol=1e-9, err_msg=name)
        assert batch.k[row] == single.k
        expected = np.nan if single.prediction_low is None else single.prediction_low
        assert batch.prediction_low is not None
        assert_allclose(batch.prediction_low[row], expected, rtol=1e-7, atol=1e-9)


@FEW
@given(data=effects())
def test_a_common_effect_does_not_care_how_a_study_is_split(data: Any) -> None:
    """A study told twice with twice the variance is the study told once."""
    yi, vi = data
    whole = pool(yi, vi, model="common")
    split = pool(
        np.append(yi, yi[0]), np.append(vi, 2 * vi[0]) * np.append(np.r_[2, np.ones(yi.size - 1)], 1), model="common"
    )
    assert_allclose((split.estimate, split.se, split.q), (whole.estimate, whole.se, whole.q), rtol=1e-9, atol=1e-12)


@FEW
@given(data=effects(least=3))
def test_limits_of_tau2(data: Any) -> None:
    """At tau2 = 0 the mean is the common-effect one; as tau2 grows it becomes the plain mean."""
    yi, vi = data
    common = pool(yi, vi, model="common")
    at_zero = pool(yi, vi, tau2=0.0, ci="wald")
    assert_allclose((at_zero.estimate, at_zero.se), (common.estimate, common.se), rtol=1e-12, atol=1e-15)
    far = pool(yi, vi, tau2=1e9, ci="wald")
    assert_allclose(far.estimate, yi.mean(), rtol=1e-6, atol=1e-7)
    assert_allclose(far.weights, 1 / yi.size, rtol=1e-6)


@pytest.mark.parametrize(("key", "target"), [("PM", None), ("EB", None), ("DLIT", None), ("PMM", 0.5)])
@FEW
@given(data=effects())
def test_paule_mandel_solves_its_equation(key: str, target: float | None, data: Any) -> None:
    yi, vi = data
    aim = yi.size - 1 if target is None else chdtri(yi.size - 1, target)
    value = tau2_of(key, yi, vi)
    sets = one_set(yi, vi)
    if value > 0:
        assert_allclose(weigh(sets, np.float64(value)).q, aim, rtol=1e-9)
    else:
        assert weigh(sets, 0.0).q <= aim * (1 + 1e-12)


@FEW
@given(data=effects(least=3), level=st.sampled_from([0.5, 0.9, 0.95]), key=st.sampled_from(["DL", "SJ"]))
@example(data=(np.array([-2.32, -0.21, 6.25, -0.3]), np.array([2.894, 0.343, 97.46, 83.82])), level=0.5, key="SJ")
def test_q_profile_inverts_its_test(data: Any, level: float, key: str) -> None:
    """Whatever the estimate, which for SJ may lie above the upper limit."""
    yi, vi = data
    result = pool(yi, vi, tau2=key, tau2_ci="QP", level=level)
    sets = one_set(yi, vi)
    for limit, tail in ((result.tau2_ci_low, (1 - level) / 2), (result.tau2_ci_high, (1 + level) / 2)):
        assert limit is not None
        if limit > 0:
            assert_allclose(weigh(sets, np.float64(limit)).q, chdtri(yi.size - 1, tail), rtol=1e-9)
        else:
            assert weigh(sets, 0.0).q <= chdtri(yi.size - 1, tail) * (1 + 1e-12)


@pytest.mark.parametrize(("key", "restricted"), [("REML", True), ("ML", False)])
@FEW
@given(data=effects())
def test_likelihood_has_no_higher_point_on_a_fine_grid(key: str, restricted: bool, data: Any) -> None:
    yi, vi = data
    sets = one_set(yi, vi)
    value = np.float64(tau2_of(key, yi, vi))
    top = float(search_grid(sets)[-1])
    fine = np.concatenate([[0.0], np.geomspace(1e-4 * vi.min(), 2 * top, 2000)])
    assert (
        log_likelihood(sets, value, restricted=restricted)
        >= log_likelihood(sets, fine, restricted=restricted).max() - 1e-9
    )


@pytest.mark.parametrize("row", TAU2_CI.values(), ids=TAU2_CI)
@FEW
@given(data=effects(least=3))
def test_tau2_interval_is_ordered_and_nested(row: Any, data: Any) -> None:
    yi, vi = data
    wide, narrow = (
        pool(yi, vi, tau2="REML", tau2_ci=row.key, level=level, tau2_weights=1 / vi, prediction="none", ci="wald")
        for level in (0.95, 0.8)
    )
    if wide.tau2_ci_low is None:
        assert wide.tau2 == 0
        assert {w.code for w in wide.warnings} >= {"P206"}
        return
    assert wide.tau2_ci_high is not None
    assert narrow.tau2_ci_low is not None
    assert narrow.tau2_ci_high is not None
    assert 0 <= wide.tau2_ci_low <= narrow.tau2_ci_low + 1e-9
    assert narrow.tau2_ci_high <= wide.tau2_ci_high * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize("row", PREDICTION.values(), ids=PREDICTION)
@FEW
@given(data=effects(least=4))
def test_prediction_is_centred_on_the_mean_and_no_narrower_than_tau_alone(row: Any, data: Any) -> None:
    yi, vi = data
    result = pool(yi, vi, tau2="DL", prediction=row.key, ci="wald", tau2_ci="none")
    if result.prediction_low is None:  # Kenward-Roger may leave no degree of freedom
        assert result.warnings[-1].code == "P205"
        return
    assert result.prediction_high is not None
    assert result.tau is not None
    width = result.prediction_high - result.prediction_low  # with a fraction of a degree of freedom beyond all bounds
    assert_allclose(
        (result.prediction_low + result.prediction_high) / 2, result.estimate, rtol=1e-9, atol=1e-9 + 1e-15 * width
    )
    assert width >= 2 * 1.9599 * result.tau


# --- exact arithmetic -------------------------------------------------------------------------------------------------


def exact_moments(yi: Any, vi: Any) -> dict[str, Fraction]:
    """DL, HE and HS in rational numbers, without any rounding."""
    y, v = [Fraction(float(x)) for x in yi], [Fraction(float(x)) for x in vi]
    k, w = len(y), [1 / x for x in v]
    mean = sum(a * b for a, b in zip(w, y, strict=True)) / sum(w)
    q = sum(a * (b - mean) ** 2 for a, b in zip(w, y, strict=True))
    plain = sum(y) / k
    spread = sum((b - plain) ** 2 for b in y) / (k - 1)
    return {
        "DL": (q - (k - 1)) / (sum(w) - sum(a * a for a in w) / sum(w)),
        "HE": spread - sum(v) / k,
        "HS": (q - k) / sum(w),
    }


@FEW
@given(
    yi=st.lists(st.integers(-1000, 1000), min_size=4, max_size=8, unique=True),
    powers=st.lists(st.integers(-12, 12), min_size=8, max_size=8),
    shift=st.sampled_from([0.0, 1e6]),
)
def test_moments_keep_their_digits_over_24_orders_of_magnitude(yi: Any, powers: Any, shift: float) -> None:
    y = np.array(yi) / 64 + shift
    v = 10.0 ** np.array(powers[: y.size])
    for key, exact in exact_moments(y, v).items():
        result = pool(y, v, tau2=key, ci="wald", tau2_ci="none", prediction="none")
        size = {"DL": result.q / 1.0 if result.q else 1.0, "HE": float(v.mean()), "HS": 1.0}[key]
        assert_allclose(
            result.tau2, max(float(exact), 0.0), rtol=1e-9, atol=1e-12 * size * float(v.min() if key != "HE" else 1)
        )
