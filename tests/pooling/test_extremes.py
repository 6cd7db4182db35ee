"""Extreme input: right answers or a named error, no silent nan, no warning from below (pytest turns those into errors)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mscsec.errors import InvalidInput, TooFewStudies
from mscsec.pooling import CI, TAU2, TAU2_CI, pool, pool_batch
from mscsec.pooling.likelihood import log_likelihood
from mscsec.pooling.sets import one_set

RNG = np.random.default_rng(20)
EXTREMES: dict[str, tuple[Any, Any]] = {
    "variances over 24 orders": (RNG.normal(0, 1, 9), 10.0 ** np.array([-12, 12, 0, -6, 6, -3, 3, -9, 9])),
    "small effects, such variances": (RNG.normal(0, 1e-6, 9), 10.0 ** np.array([-12, 12, 0, -6, 6, -3, 3, -9, 9])),
    "one dominating study": (np.array([1.0, 2, 3, 4]), np.array([1e-12, 1e12, 1e12, 1e11])),
    "one study with all the weight": (np.array([0.3, 0.1, -1.0]), np.array([0.1, 0.2, 1e-9])),
    "an outlier with all the weight": (np.array([100, 0.3, -0.4, 0.9, 0.1]), np.array([1e-10, 1, 1, 1, 1.5])),
    "identical effects": (np.full(5, 0.5), np.array([0.02, 0.05, 0.03, 0.11, 0.07])),
    "identical zeros": (np.zeros(5), np.array([0.02, 0.05, 0.03, 0.11, 0.07])),
    "two": (np.array([0.1, 0.9]), np.array([0.04, 0.09])),
    "two alike": (np.array([0.1, 0.1]), np.array([0.04, 0.09])),
    "three": (np.array([0.1, 0.9, 0.3]), np.array([0.04, 0.09, 0.1])),
    "heterogeneity far above error": (np.array([-50.0, 120, 300, -210, 15]), np.array([1, 2, 1.5, 0.5, 3])),
    "a large constant": (np.array([0.1, 0.5, 0.3]) + 1e8, np.array([0.04, 0.05, 0.06])),
    "tiny units": (np.array([0.1, 0.5, 0.3]) * 1e-10, np.array([0.04, 0.05, 0.06]) * 1e-20),
}


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("key", TAU2)
def test_every_estimator_gives_numbers(key: str, name: str) -> None:
    yi, vi = EXTREMES[name]
    result = pool(yi, vi, tau2=key, tau2_weights=1 / np.sqrt(vi))
    numbers = (result.estimate, result.se, result.ci_low, result.ci_high, result.tau2, result.tau2_se, result.i2)
    assert all(x is not None and math.isfinite(x) for x in numbers)
    assert result.ci_low <= result.estimate <= result.ci_high
    assert result.p_value is not None
    assert 0 <= result.p_value <= 1
    assert result.tau2 is not None
    assert result.tau2 >= 0
    assert math.isclose(sum(result.weights), 1, rel_tol=1e-12)
    batch = pool_batch(yi[None], vi[None], tau2=key, tau2_weights=1 / np.sqrt(vi[None]))
    assert_allclose(batch.tau2[0], result.tau2, rtol=1e-7, atol=1e-12 * float(vi.min()))
    assert batch.converged[0]


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize(
    "weights", [lambda v: np.linspace(1, 2, v.size), lambda v: 1 / v, np.sqrt], ids=["plain", "1/vi", "sei"]
)
def test_given_weights_of_any_kind_give_numbers(weights: Any, name: str) -> None:
    yi, vi = EXTREMES[name]
    for key in ("GENQ", "GENQM"):
        result = pool(yi, vi, tau2=key, tau2_weights=weights(vi), tau2_ci="GENQ")
        assert result.tau2 is not None
        assert result.tau2_ci_low is not None
        assert result.tau2_ci_high is not None
        assert 0 <= result.tau2_ci_low <= result.tau2_ci_high < math.inf
        assert math.isfinite(result.tau2)


@pytest.mark.parametrize("name", EXTREMES)
def test_the_mean_share_of_variance_between_studies_lies_within_its_limits(name: str) -> None:
    yi, vi = EXTREMES[name]
    for key in ("DL", "REML", "SJ"):
        result = pool(yi, vi, tau2=key, preset="meta")
        assert result.details is not None
        low, high = result.details["rb_ci"]
        assert 0 <= low <= result.details["rb"] <= high <= 1
        assert_allclose(result.details["rb"], np.mean(result.tau2 / (result.tau2 + vi)), rtol=1e-12)


def test_henmi_and_copas_interval_widens_with_the_root_of_the_weight_of_one_study() -> None:
    """The pivot is large where tau2 is 0 by chance, the standard error then being that of the heavy study."""
    widths = [pool([0.3, 0.1, -1], [0.1, 0.2, v], tau2="DL", ci="hc").ci_high + 1 for v in (1e-8, 1e-10, 1e-12)]
    assert_allclose(widths[1] / widths[0], 10, rtol=1e-3)
    assert_allclose(widths[2] / widths[1], 10, rtol=1e-4)


def test_henmi_and_copas_statistic_beyond_the_smallest_p_value_is_in_standard_errors() -> None:
    for sign in (-1, 1):
        result = pool(sign * np.array([500.0, 501, 502]), [0.01, 0.02, 0.03], tau2="DL", ci="hc")
        assert result.p_value == 0
        assert result.statistic == pytest.approx(result.estimate / result.se, rel=1e-12)


def test_a_wald_interval_on_the_logarithm_stays_finite() -> None:
    """Two studies have tau2 = ((y1 - y2)^2 - v1 - v2) / 2; half of the interval's width on the logarithm is over a million."""
    result = pool([0.0, 1.0], [0.499999, 0.499999], tau2="DL", tau2_ci="wald-log")
    assert result.tau2 == pytest.approx(1e-6, rel=1e-9)
    assert result.tau2_ci_low == pytest.approx(result.tau2 * math.exp(-200))
    assert result.tau2_ci_high == pytest.approx(result.tau2 * math.exp(200))


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("key", CI)
def test_every_interval_gives_numbers(key: str, name: str) -> None:
    yi, vi = EXTREMES[name]
    result = pool(yi, vi, tau2="ML", ci=key, tau2_ci="none")
    assert all(math.isfinite(x) for x in (result.estimate, result.se, result.ci_low, result.ci_high))
    slack = 1e-12 * abs(result.estimate)
    assert result.ci_low <= result.estimate + slack
    assert result.ci_high >= result.estimate - slack


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("key", TAU2_CI)
def test_every_interval_for_tau2_gives_numbers_or_says_why_not(key: str, name: str) -> None:
    yi, vi = EXTREMES[name]
    if yi.size < TAU2_CI[key].needs:
        with pytest.raises(TooFewStudies):
            pool(yi, vi, tau2_ci=key)
        return
    result = pool(yi, vi, tau2_ci=key, tau2_weights=1 / vi)
    if result.tau2_ci_low is None:
        assert any(warning.code == "P206" for warning in result.warnings)
    else:
        assert result.tau2_ci_high is not None
        assert 0 <= result.tau2_ci_low <= result.tau2_ci_high


def test_identical_effects_have_no_spread() -> None:
    yi, vi = EXTREMES["identical effects"]
    result = pool(yi, vi, ci="hksj")
    assert (result.tau2, result.q, result.se) == (0, 0, 0)
    assert result.statistic == math.inf
    assert result.p_value == 0
    assert result.to_dict()["statistic"] is None


def test_one_dominating_study_is_the_answer() -> None:
    yi, vi = EXTREMES["one dominating study"]
    result = pool(yi, vi, model="common")
    assert_allclose((result.estimate, result.se), (1.0, 1e-6), rtol=1e-9)
    assert_allclose(result.q, sum((y - 1) ** 2 / v for y, v in zip(yi[1:], vi[1:], strict=True)), rtol=1e-9)


def test_two_maxima_are_seen_and_the_higher_one_taken() -> None:
    """Two precise studies far apart among imprecise ones: one maximum near each explanation of the data."""
    rng = np.random.default_rng(5)
    found = None
    for _ in range(4000):
        k = int(rng.integers(3, 6))
        vi = 10.0 ** rng.uniform(-3, 1, k)
        yi = rng.normal(0, 1, k) * np.sqrt(vi) * 1.3
        result = pool(yi, vi, tau2="ML", ci="wald", tau2_ci="none", prediction="none")
        if any(warning.code == "P203" for warning in result.warnings):
            found = (yi, vi, result)
            break
    assert found is not None
    yi, vi, result = found
    sets = one_set(yi, vi)
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 50, 20_000)])
    heights = log_likelihood(sets, grid, restricted=False)
    maxima = np.count_nonzero((heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])) + (
        heights[0] > heights[1]
    )
    assert maxima == 2
    assert result.details is not None
    assert result.details["log_likelihood"] >= heights.max() - 1e-9


def test_five_thousand_studies() -> None:
    rng = np.random.default_rng(1)
    vi = rng.uniform(0.01, 0.5, 5000)
    yi = rng.normal(0.2, np.sqrt(vi + 0.1))
    for key in TAU2:
        result = pool(yi, vi, tau2=key, tau2_ci="none", tau2_weights=1 / vi)
        # SJ's crude start holds the sampling variance too, which many studies do not wash out
        assert result.tau2 == pytest.approx(0.2 if key == "SJ" else 0.1, abs=0.02), key
        assert result.estimate == pytest.approx(0.2, abs=0.03)
    assert pool(yi, vi, tau2="DL", tau2_ci="J").tau2_ci_low == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("k", [2600, 2700, 9000, 25_000])
def test_large_sets_solve_their_equations_in_every_digit(k: int) -> None:
    """Sums of so many studies are taken in several ways, by size; here in extended precision about the mean."""
    rng = np.random.default_rng(k)
    vi = rng.uniform(0.01, 0.5, k)
    yi = rng.normal(7.0, np.sqrt(vi + 0.1))

    def excess(key: str, tau2: float) -> tuple[float, float]:
        w = 1 / (vi.astype(np.longdouble) + np.longdouble(tau2))
        resid = yi - (w * yi).sum() / w.sum()
        q, spread = (w * resid**2).sum(), (w * w * resid**2).sum()
        trace = w.sum() if key == "ML" else w.sum() - (w * w).sum() / w.sum()
        return float(q - (k - 1) if key == "PM" else spread - trace), float(np.sqrt(q / (k - 1) / w.sum()))

    for key in ("REML", "ML", "PM"):
        one = pool(yi, vi, tau2=key, ci="hksj", tau2_ci="none")
        assert one.tau2 is not None
        assert excess(key, one.tau2 * (1 - 1e-9))[0] > 0 > excess(key, one.tau2 * (1 + 1e-9))[0]
        assert one.se == pytest.approx(excess(key, one.tau2)[1], rel=1e-12)
        batch = pool_batch([yi, yi], [vi, vi], tau2=key, ci="hksj")
        assert_allclose(batch.tau2, one.tau2, rtol=1e-11)
        assert_allclose(batch.se, one.se, rtol=1e-11)


@pytest.mark.parametrize(
    ("yi", "vi", "says"),
    [
        ([0.1, math.nan], [0.1, 0.2], r"yi\[1\] is nan"),
        ([0.1, math.inf], [0.1, 0.2], r"yi\[1\] is inf"),
        ([0.1, 0.2], [0.1, -0.2], r"vi\[1\] is -0.2"),
        ([0.1, 0.2], [0.0, 0.2], r"vi\[0\] is 0.0"),
        ([0.1, 0.2], [0.1, math.nan], r"vi\[1\] is nan"),
        ([0.1, 0.2], [0.1, 1e80], r"vi\[1\] is 1e\+80"),
        ([0.1, 0.2], [0.1], "shape"),
        ([[0.1, 0.2]], [[0.1, 0.2]], "one-dimensional"),
        ([0.1, "a"], [0.1, 0.2], "yi holds 'a'; it is an array of numbers"),
        ([0.1, 0.2], [0.1, object], "vi holds <class 'object'>"),
        ([0.1, [0.2, 0.3]], [0.1, 0.2], "yi is ragged"),
    ],
)
def test_impossible_numbers_are_named(yi: Any, vi: Any, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        pool(yi, vi)


def test_no_study_at_all() -> None:
    with pytest.raises(TooFewStudies) as caught:
        pool([], [])
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("value", [1e36, -1e308, math.inf, math.nan])
def test_an_effect_whose_squares_overflow_is_refused(value: float) -> None:
    with pytest.raises(InvalidInput, match=r"yi\[1\] is .* effects are finite numbers"):
        pool([0.1, value, 0.3], [0.04, 0.05, 0.06])
    with pytest.raises(InvalidInput, match="row 0, study 1"):
        pool_batch([[0.1, value, 0.3]], [[0.04, 0.05, 0.06]])


@pytest.mark.parametrize("vi", [1e-70, 1, 1e70])
@pytest.mark.parametrize("key", TAU2)
def test_the_largest_effects_give_numbers(key: str, vi: float) -> None:
    result = pool([1e35, -1e35, -3e34], [vi] * 3, tau2=key, ci="hksj", tau2_weights=[1, 2, 3])
    assert result.tau2 is not None
    assert math.isfinite(result.tau2)
    assert result.ci_low < -1e34
    assert result.ci_high > 1e34
