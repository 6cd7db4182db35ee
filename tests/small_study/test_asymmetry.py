"""What holds of every test of funnel asymmetry, its edges, and what it says beside the number."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

import mscsec as ms
from mscsec.errors import InvalidInput, NotEstimable, TooFewStudies, UnknownMethod
from mscsec.small_study import ASYMMETRY, asymmetry, recommended_test
from mscsec.small_study.ranks import exact_p, rank_correlation
from mscsec.small_study.tables import Tables, conditional_moments
from mscsec.sources import SOURCES

FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BY_COUNTS = ("harbord", "harbord-rr", "schwarzer", "rucker")  # tests that look at the cells alone
OWN_EFFECTS = [key for key in ASYMMETRY if key not in BY_COUNTS]
SIZES = {"n_1": [20, 31, 44, 60, 85, 120, 33, 15], "n_2": [22, 30, 40, 61, 80, 121, 30, 19]}
EVENTS = {"events_1": [3, 5, 9, 10, 22, 30, 7, 1], "events_2": [6, 9, 10, 19, 25, 41, 12, 8]}
YI = np.array([-0.8, -0.6, -0.3, -0.7, -0.2, -0.3, -0.9, -1.6])
VI = np.array([0.40, 0.30, 0.25, 0.14, 0.10, 0.07, 0.31, 0.80])


@st.composite
def funnels(draw: Any) -> tuple[Any, Any]:
    """Eight effects with variances over three orders of magnitude, no two alike."""
    yi = draw(st.lists(st.integers(-300, 300), min_size=8, max_size=8, unique=True))
    vi = draw(st.lists(st.integers(1, 1000), min_size=8, max_size=8, unique=True))
    return np.array(yi) / 100, np.array(vi) / 500


def options(key: str) -> dict[str, Any]:
    return {**SIZES, **EVENTS} | ({"tau2": "DL"} if key == "thompson" else {})


@pytest.mark.parametrize("key", OWN_EFFECTS)
@FEW
@given(data=funnels(), shift=st.integers(-50, 50), power=st.integers(-2, 2), flip=st.booleans())
def test_follows_shift_scale_and_sign(key: str, data: Any, shift: int, power: int, flip: bool) -> None:
    yi, vi = data
    sign = -1 if flip else 1
    scale = sign * 2.0**power  # exact, so that the ranks keep their ties
    before, after = (
        asymmetry(yi, vi, key, **options(key)),
        asymmetry(scale * yi + shift, scale**2 * vi, key, **options(key)),
    )
    assert_allclose(after.statistic, sign * before.statistic, rtol=1e-6, atol=1e-8)
    assert_allclose(after.p_value, before.p_value, rtol=1e-6)
    if before.intercept is not None:
        assert_allclose(after.intercept, scale * before.intercept + shift, rtol=1e-6, atol=1e-6)
    other = {"higher": "lower", "lower": "higher", None: None}
    assert after.small_studies == (other[before.small_studies] if flip else before.small_studies)


@pytest.mark.parametrize("key", ASYMMETRY)
@FEW
@given(data=funnels(), seed=st.integers(0, 99))
def test_order_does_not_matter(key: str, data: Any, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(8)
    moved = {
        name: np.array(values)[order] if name in (*SIZES, *EVENTS) else values for name, values in options(key).items()
    }
    before, after = asymmetry(*data, key, **options(key)), asymmetry(data[0][order], data[1][order], key, **moved)
    assert_allclose([after.statistic, after.p_value], [before.statistic, before.p_value], rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("key", ["harbord", "harbord-rr", "schwarzer", "rucker"])
def test_swapped_arms_turn_the_sign(key: str) -> None:
    swapped = {
        "events_1": EVENTS["events_2"], "n_1": SIZES["n_2"], "events_2": EVENTS["events_1"], "n_2": SIZES["n_1"],
    }  # fmt: skip
    before, after = asymmetry(YI, VI, key, **SIZES, **EVENTS), asymmetry(-YI, VI, key, **swapped)
    assert_allclose(after.statistic, -before.statistic, rtol=1e-9)
    assert {before.small_studies, after.small_studies} == {"higher", "lower"}


def test_level_of_egger_is_exact_for_normal_effects() -> None:
    """With effects normal about one mean and variances known up to a factor, P is uniform."""
    rng = np.random.default_rng(1)
    vi = np.geomspace(0.02, 1.0, 12)
    p = [asymmetry(rng.normal(0.3, np.sqrt(2 * vi)), vi).p_value for _ in range(1500)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_egger_finds_small_studies_that_lie_apart() -> None:
    rng = np.random.default_rng(2)
    vi = np.geomspace(0.02, 1.0, 20)
    result = asymmetry(rng.normal(-2 * np.sqrt(vi), np.sqrt(vi)), vi)
    assert result.p_value < 0.05
    assert result.small_studies == "lower"
    assert result.limit_estimate is not None
    assert result.limit_ci_low is not None
    assert result.limit_ci_high is not None
    assert result.limit_ci_low < 0 < result.limit_ci_high


def test_egger_is_the_radial_regression() -> None:
    """Egger's own form: the standardised effect on precision; its intercept is our slope, its slope our intercept."""
    radial = stats.linregress(1 / np.sqrt(VI), YI / np.sqrt(VI))
    result = asymmetry(YI, VI)
    assert_allclose([result.slope, result.intercept], [radial.intercept, radial.slope], rtol=1e-10)
    assert_allclose([result.slope_se, result.intercept_se], [radial.intercept_stderr, radial.stderr], rtol=1e-10)


def test_rucker_is_the_mixed_line_of_arcsine_differences() -> None:
    data = ms.effect_size("AS", **SIZES, **EVENTS)
    line = asymmetry(data.yi, data.vi, "thompson")
    result = asymmetry(YI, VI, "rucker", **SIZES, **EVENTS)
    assert_allclose(
        [result.statistic, result.p_value, result.slope], [line.statistic, line.p_value, line.slope], rtol=1e-9
    )


def test_arcsine_test_keeps_a_study_without_events() -> None:
    events = {"events_1": [0, *EVENTS["events_1"][1:]], "events_2": [0, *EVENTS["events_2"][1:]]}
    assert asymmetry(YI, VI, "rucker", **SIZES, **events).k == 8
    result = asymmetry(YI, VI, "harbord", **SIZES, **events)
    assert result.k == 7
    assert [n.message for n in result.warnings if n.code == "P506"] == [
        "Nobody or everybody had the event in study 0 (counted from 0); Harbord's score test (odds ratio) leaves it out"
    ]


# --- the pieces -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_exact_p_is_a_count_of_orders(k: int) -> None:
    scores = [
        rank_correlation(np.arange(k, dtype=float), np.array(order, dtype=float)).score
        for order in itertools.permutations(range(k))
    ]
    for score in set(scores):
        low, high = (sum(s <= score for s in scores), sum(s >= score for s in scores))
        assert_allclose(exact_p(score, k), min(1, 2 * min(low, high) / len(scores)), rtol=1e-12)
    assert_allclose(
        rank_correlation(np.arange(float(k)), np.arange(float(k))).score_se ** 2, np.var(scores), rtol=1e-12
    )


def test_rank_correlation_with_ties_as_in_scipy() -> None:
    x, y = np.array([1.0, 1, 2, 3, 3, 5, 6]), np.array([2.0, 1, 1, 4, 4, 3, 9])
    found, scipy = rank_correlation(x, y), stats.kendalltau(x, y, method="asymptotic")
    assert found.ties
    assert_allclose(found.tau, scipy.statistic, rtol=1e-12)


@pytest.mark.parametrize("odds_ratio", [0.2, 1.0, 3.5])
def test_conditional_moments_as_in_scipy(odds_ratio: float) -> None:
    tables = Tables(np.array([4.0, 0, 12]), np.array([20.0, 9, 30]), np.array([7.0, 3, 2]), np.array([25.0, 11, 28]))
    mean, variance = conditional_moments(tables, float(np.log(odds_ratio)))
    for i in range(3):
        m, n_1, n = tables.events[i], tables.n_1[i], tables.n[i]
        known = stats.nchypergeom_fisher(int(n), int(m), int(n_1), odds_ratio)
        assert_allclose([mean[i], variance[i]], [known.mean(), known.var()], rtol=1e-8)


# --- edges ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ASYMMETRY)
def test_two_studies_are_too_few_and_three_enough(key: str) -> None:
    def first(k: int) -> dict[str, Any]:
        return {name: values[:k] for name, values in (SIZES | EVENTS).items()}

    with pytest.raises(TooFewStudies, match="needs 3 studies or more, found 2"):
        asymmetry(YI[:2], VI[:2], key, **first(2))
    result = asymmetry(YI[:3], VI[:3], key, **first(3))
    assert 0 <= result.p_value <= 1
    assert result.warnings[0].code == "P501"


@pytest.mark.parametrize("key", ["egger", "thompson", "begg"])
def test_equal_variances_are_refused_by_name(key: str) -> None:
    with pytest.raises(NotEstimable, match="the same"):
        asymmetry(YI, np.full(8, 0.2), key)


@pytest.mark.parametrize("key", ["egger", "begg"])
def test_identical_effects_are_refused(key: str) -> None:
    with pytest.raises(NotEstimable, match=r"exactly on one line|cannot be ranked"):
        asymmetry(np.full(8, 0.37), VI, key)


def test_identical_effects_have_no_slope_in_the_mixed_line() -> None:
    result = asymmetry(np.full(8, 0.37), VI, "thompson", tau2="DL")
    assert (result.slope, result.p_value, result.small_studies) == (0.0, 1.0, None)
    with pytest.raises(NotEstimable, match="exactly on one line"):
        asymmetry(np.full(8, 0.37), VI, "thompson", tau2="DL", ci="hksj")


def test_effects_on_a_line_are_refused() -> None:
    with pytest.raises(NotEstimable, match="exactly on one line"):
        asymmetry(0.1 + 2 * np.sqrt(VI), VI)


def test_ties_are_said_and_exact_p_is_not_for_them() -> None:
    vi = VI.copy()
    vi[1] = vi[0]
    result = asymmetry(YI, vi, "begg")
    assert result.exact is False
    assert [n.code for n in result.warnings] == ["P501", "P505"]
    assert asymmetry(YI, VI, "begg").exact is True


@pytest.mark.parametrize("key", ["peters", "harbord", "schwarzer", "deeks", "pustejovsky", "macaskill", "rucker"])
def test_what_is_missing_is_named(key: str) -> None:
    with pytest.raises(InvalidInput, match=r"no (counts|sample sizes).*[Gg]ive"):
        asymmetry(YI, VI, key)


def test_wrong_requests() -> None:
    with pytest.raises(UnknownMethod, match="did you mean 'egger'"):
        asymmetry(YI, VI, "eggers")
    with pytest.raises(UnknownMethod, match="unknown predictor 'se'"):
        asymmetry(YI, VI, predictor="se")
    with pytest.raises(InvalidInput, match="predictor with begg"):
        asymmetry(YI, VI, "begg", predictor="vi")
    with pytest.raises(InvalidInput, match="exact or correct with egger"):
        asymmetry(YI, VI, exact=True)
    with pytest.raises(InvalidInput, match="exact with correct"):
        asymmetry(YI, VI, "begg", exact=True, correct=True)
    with pytest.raises(InvalidInput, match=r"level is 95"):
        asymmetry(YI, VI, level=95)
    with pytest.raises(InvalidInput, match=r"study 1 \(counted from 0\) has 117 events of 31 in arm 1"):
        asymmetry(YI, VI, "harbord", **SIZES, **(EVENTS | {"events_1": [3, 117, 9, 10, 22, 30, 7, 1]}))
    with pytest.raises(InvalidInput, match="whole numbers"):
        asymmetry(YI, VI, "schwarzer", **SIZES, **(EVENTS | {"events_1": [3.5, 5, 9, 10, 22, 30, 7, 1]}))
    with pytest.raises(InvalidInput, match=r"n_1 has shape \(2,\)"):
        asymmetry(YI, VI, "pustejovsky", n_1=[1, 2], n_2=SIZES["n_2"])
    with pytest.raises(InvalidInput, match=r"n\[0\] is -1"):
        asymmetry(YI, VI, "macaskill", n=[-1, 2, 3, 4, 5, 6, 7, 8])
    with pytest.raises(InvalidInput, match=r"vi\[2\] is 0"):
        asymmetry(YI, [0.1, 0.2, 0.0, 0.1, 0.1, 0.1, 0.1, 0.1])


# --- what is said -----------------------------------------------------------------------------------------------------


def codes(measure: str | None, test: str = "egger", yi: Any = None, vi: Any = None) -> list[str]:
    yi = np.linspace(-0.1, 0.1, 12) if yi is None else yi
    vi = np.geomspace(0.02, 1, 12) if vi is None else vi
    return [n.code for n in asymmetry(yi, vi, test, measure=measure).warnings]


def test_notices_follow_the_guidance() -> None:
    assert codes(None) == []
    assert codes("MD") == []
    assert codes("OR") == ["P502"]
    assert codes("SMD", "thompson") == ["P502"]
    assert codes("MD", "begg") == []
    assert "P503" in codes("MD", yi=np.linspace(-3, 3, 12))
    assert codes("MD", yi=np.random.default_rng(0).permutation(np.linspace(-0.1, 0.1, 12)), vi=np.geomspace(0.1, 0.4, 12)) == ["P504"]  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "given", "test"),
    [
        ("MD", {}, "egger"),
        ("OR", {"counts": True}, "harbord"),
        ("PETO", {"counts": True, "tau2": 0.05}, "harbord"),
        ("OR", {"counts": True, "tau2": 0.11}, "rucker"),
        ("OR", {}, None),
        ("RR", {"counts": True}, "harbord-rr"),
        ("RR", {}, None),
        ("SMD", {"arms": True}, "pustejovsky"),
        ("SMD", {}, None),
        ("HR", {}, "egger"),
        ("RD", {"counts": True}, None),
        ("PLO", {}, None),
    ],
)
def test_recommended_test(measure: str, given: dict[str, Any], test: str | None) -> None:
    found = recommended_test(measure, 10, **given)
    assert found.test == test
    assert found.reason
    assert found.source in SOURCES
    few = recommended_test(measure, 9, **given)
    assert few.test is None
    assert few.reason == "9 studies, fewer than 10: a test would have too little power"


def test_recommended_tests_are_not_warned_about() -> None:
    yi, vi = np.tile(YI, 2), np.concatenate([VI, 1.7 * VI])
    given = {name: values * 2 for name, values in (SIZES | EVENTS).items()}
    for measure in ("MD", "OR", "RR", "SMD", "HR"):
        test = recommended_test(measure, 16, counts=True, arms=True).test
        assert test is not None
        found = asymmetry(yi, vi, test, measure=measure, **given)
        assert "P502" not in [n.code for n in found.warnings]


def test_rows_have_their_sources() -> None:
    assert {row.source for row in ASYMMETRY.values()} <= set(SOURCES)


def test_python_face() -> None:
    result = ms.asymmetry(YI, VI)
    assert repr(result).startswith("Asymmetry(test='egger', k=8, statistic=")
    assert result.to_dict()["tau2"] is None
    assert ms.trim_and_fill(YI, VI).k == 8
