"""What must hold whatever the tables are."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mscsec.errors import CannotCompute
from mscsec.pooling.counts import (
    CONVENTIONS,
    COUNTS,
    RATES,
    pool_counts,
    pool_counts_batch,
    pool_rates,
    pool_rates_batch,
)
from mscsec.pooling.counts import mantel_haenszel as mh
from mscsec.pooling.counts.stratified_tests import fitted_count, homogeneity
from mscsec.pooling.counts.tables import person_time, two_by_two

_spec = importlib.util.spec_from_file_location("count_strategies", Path(__file__).with_name("strategies.py"))
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
tables, similar = _module.tables, _module.similar

CLOSED = [("MH", "OR"), ("MH", "RR"), ("MH", "RD"), ("Peto", "OR")]
ROWS = [(row.key, measure) for row in COUNTS.values() for measure in row.measures]
LIKELIHOODS = [pair for pair in ROWS if COUNTS[pair[0]].exact]
MANY = settings(deadline=None, max_examples=40)


def swapped(data: list[np.ndarray]) -> list[np.ndarray]:
    return [*data[2:], *data[:2]]


@pytest.mark.parametrize(("method", "measure"), CLOSED)
@MANY
@given(data=tables())
@example(
    data=[np.array([0.0]), np.array([5.0]), np.array([71.0]), np.array([71.0])]
)  # a difference of 1 has no variance
def test_swapped_arms_change_the_sign(method: str, measure: str, data: list[np.ndarray]) -> None:
    one = pool_counts_batch(*data, method=method, measure=measure)
    two = pool_counts_batch(*swapped(data), method=method, measure=measure)
    assert one.estimable == two.estimable
    if one.estimable:
        assert_allclose(two.estimate, -one.estimate, rtol=1e-10, atol=1e-12)
        assert_allclose(two.se, one.se, rtol=1e-9, atol=1e-9)


@MANY
@given(sizes=st.lists(st.integers(1, 10**6), min_size=2, max_size=8))
def test_tables_full_of_events_have_no_difference_and_no_variance(sizes: list[int]) -> None:
    full = pool_counts(sizes, sizes, sizes[::-1], sizes[::-1], measure="RD")
    assert (full.estimate, full.se, full.p_value) == (0.0, 0.0, None)
    assert "P304" in {notice.code for notice in full.warnings}


@pytest.mark.parametrize(("method", "measure"), ROWS)
@settings(deadline=None, max_examples=6)
@given(data=similar())
def test_swapped_arms_change_the_sign_in_every_row(method: str, measure: str, data: list[np.ndarray]) -> None:
    one = pool_counts(*data, method=method, measure=measure, ci=None)
    two = pool_counts(*swapped(data), method=method, measure=measure)
    assert_allclose(two.estimate, -one.estimate, rtol=1e-5, atol=1e-6)
    assert_allclose(two.se, one.se, rtol=1e-5)
    assert_allclose((two.ci_low, two.ci_high), (-one.ci_high, -one.ci_low), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("method", "measure"), ROWS)
@settings(deadline=None, max_examples=6)
@given(data=similar(), seed=st.integers(0, 1000))
def test_the_order_of_studies_does_not_matter(method: str, measure: str, data: list[np.ndarray], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(data[0]))
    one = pool_counts(*data, method=method, measure=measure)
    two = pool_counts(*(v[order] for v in data), method=method, measure=measure)
    assert_allclose(two.estimate, one.estimate, rtol=1e-6, atol=1e-7)
    assert_allclose(two.weights, np.array(one.weights)[order], rtol=1e-5, atol=1e-7)
    assert sum(one.weights) == pytest.approx(1)


@pytest.mark.parametrize(("method", "measure"), ROWS)
@settings(deadline=None, max_examples=4)
@given(data=similar())
def test_an_empty_study_changes_nothing_but_is_reported(method: str, measure: str, data: list[np.ndarray]) -> None:
    one = pool_counts(*data, method=method, measure=measure)
    two = pool_counts(*(np.append(v, 0.0) for v in data), method=method, measure=measure)
    assert_allclose((two.estimate, two.se, two.k), (one.estimate, one.se, one.k), rtol=1e-9, atol=1e-12)
    assert two.weights[-1] == 0
    assert [n.code for n in two.warnings].count("P301") == 1


@pytest.mark.parametrize(("method", "measure"), [*CLOSED, ("SSW", "RD"), ("IV", "RD")])
@MANY
@given(data=tables(inner=True), factor=st.integers(2, 50))
def test_counts_times_a_factor(method: str, measure: str, data: list[np.ndarray], factor: int) -> None:
    """Every closed form but Peto's variance (N - 1) keeps its estimate and has its variance divided by the factor."""
    one = pool_counts(*data, method=method, measure=measure, model="common")
    two = pool_counts(*(factor * v for v in data), method=method, measure=measure, model="common")
    rtol = 0.2 if method == "Peto" else 1e-9
    assert_allclose(two.estimate, one.estimate, rtol=rtol, atol=0.05 if method == "Peto" else 1e-12)
    assert_allclose(two.se, one.se / np.sqrt(factor), rtol=rtol)


@MANY
@given(data=tables(inner=True))
def test_one_table_gives_its_own_effect(data: list[np.ndarray]) -> None:
    a, n_1, c, n_2 = (v[:1] for v in data)
    own = {
        "OR": np.log(a * (n_2 - c) / (c * (n_1 - a))),
        "RR": np.log(a / n_1 * n_2 / c),
        "RD": a / n_1 - c / n_2,
    }
    variance = {"OR": 1 / a + 1 / (n_1 - a) + 1 / c + 1 / (n_2 - c), "RR": 1 / a - 1 / n_1 + 1 / c - 1 / n_2}
    for measure, value in own.items():
        found = pool_counts_batch(a, n_1, c, n_2, measure=measure)
        assert_allclose(found.estimate, value[0], rtol=1e-10, atol=1e-12)
        if measure in variance:
            assert_allclose(found.se**2, variance[measure][0], rtol=1e-9)


@pytest.mark.parametrize(("method", "measure"), CLOSED)
@MANY
@given(data=tables(), padding=st.integers(1, 4))
def test_a_batch_is_its_rows(method: str, measure: str, data: list[np.ndarray], padding: int) -> None:
    k = len(data[0])
    columns = [
        np.stack([np.append(v, np.full(padding, 7.0)), np.append(v[::-1], np.full(padding, np.nan))]) for v in data
    ]
    mask = np.tile(np.arange(k + padding) < k, (2, 1))
    whole = pool_counts_batch(*columns, mask=mask, method=method, measure=measure)
    row = pool_counts_batch(*data, method=method, measure=measure)
    assert (whole.estimable == row.estimable).all()
    assert (whole.k == k).all()
    if row.estimable:
        assert_allclose(whole.estimate, np.full(2, row.estimate), rtol=1e-9, atol=1e-12)
        assert_allclose(whole.se, np.full(2, row.se), rtol=1e-9, atol=1e-12)
        assert (whole.weights[:, k:] == 0).all()


@pytest.mark.parametrize("preset", CONVENTIONS)
@pytest.mark.parametrize(
    ("one", "many", "measure"),
    [(pool_counts, pool_counts_batch, m) for m in ("OR", "RR", "RD")]
    + [(pool_rates, pool_rates_batch, m) for m in ("IRR", "IRD")],
)
@settings(deadline=None, max_examples=10)
@given(data=tables())
def test_a_batch_is_what_is_pooled_alone_in_every_convention(
    one, many, measure: str, preset: str, data: list[np.ndarray]
) -> None:
    whole = many(*data, measure=measure, preset=preset)
    try:
        row = one(*data, measure=measure, method="MH", preset=preset)
    except CannotCompute:
        assert not whole.estimable
        return
    for name in ("estimate", "se", "statistic", "p_value", "q", "q_p", "i2", "k"):
        alone = getattr(row, name)
        assert_allclose(getattr(whole, name), np.nan if alone is None else alone, rtol=1e-9, err_msg=name)


@MANY
@given(data=tables(inner=True))
def test_rates_are_risks_in_a_crowd(data: list[np.ndarray]) -> None:
    """With person-time counted as patients, and so many of them that no one leaves, RR becomes IRR and RD becomes IRD."""
    x_1, t_1, x_2, t_2 = data
    crowd = 1e9
    rate = pool_rates_batch(x_1, t_1, x_2, t_2, measure="IRR")
    risk = pool_counts_batch(x_1, t_1 * crowd, x_2, t_2 * crowd, measure="RR")
    assert_allclose((risk.estimate, risk.se), (rate.estimate, rate.se), rtol=1e-6, atol=1e-9)
    difference = pool_rates_batch(x_1, t_1, x_2, t_2, measure="IRD")
    crowded = mh.risk_difference_large_strata(two_by_two(x_1, t_1 * crowd, x_2, t_2 * crowd))
    assert_allclose(crowded.estimate * crowd, difference.estimate, rtol=1e-9, atol=1e-12)
    assert_allclose(crowded.se * crowd, difference.se, rtol=1e-6)


@MANY
@given(data=tables(inner=True), unit=st.floats(0.01, 100))
def test_the_unit_of_time(data: list[np.ndarray], unit: float) -> None:
    x_1, t_1, x_2, t_2 = data
    for measure, scale in (("IRR", 1.0), ("IRD", 1 / unit)):
        one = pool_rates_batch(x_1, t_1, x_2, t_2, measure=measure)
        two = pool_rates_batch(x_1, t_1 * unit, x_2, t_2 * unit, measure=measure)
        assert_allclose((two.estimate, two.se), (one.estimate * scale, one.se * scale), rtol=1e-9, atol=1e-12)


RATE_ROWS = [(row.key, measure, model) for row in RATES.values() for measure in row.measures for model in row.models]


@pytest.mark.parametrize(("method", "measure", "model"), RATE_ROWS)
@settings(deadline=None, max_examples=5)
@given(data=similar(), seed=st.integers(0, 1000), unit=st.sampled_from([1e-3, 365.25, 1e6]))
def test_what_must_not_matter_to_rates(
    method: str, measure: str, model: str, data: list[np.ndarray], seed: int, unit: float
) -> None:
    """The order of studies, one without person-time, the unit of time and, but for the sign, which arm is which."""
    x_1, t_1, x_2, t_2 = data
    scale = 1.0 if measure == "IRR" else 1 / unit

    def found(*columns: np.ndarray) -> tuple[float, float, int]:
        r = pool_rates(*columns, method=method, measure=measure, model=model)
        return r.estimate, r.se, r.k

    estimate, se, k = found(*data)
    order = np.random.default_rng(seed).permutation(len(x_1))
    assert_allclose(found(*(v[order] for v in data)), (estimate, se, k), rtol=1e-6, atol=1e-7)
    assert_allclose(found(*(np.append(v, 0.0) for v in data)), (estimate, se, k), rtol=1e-9, atol=1e-12)
    moved = found(x_1, t_1 * unit, x_2, t_2 * unit)
    assert_allclose(moved, (estimate * scale, se * scale, k), rtol=1e-5, atol=1e-6 * scale)
    if (method, model) != ("Cochran", "common"):  # its weights are the rates of one arm
        assert_allclose(found(*swapped(data)), (-estimate, se, k), rtol=1e-5, atol=1e-6)


@MANY
@given(data=tables(inner=True, smallest=2))
def test_cochrans_estimate_is_its_formula(data: list[np.ndarray]) -> None:
    x_1, t_1, x_2, t_2 = data
    expected = x_2 * t_1 / t_2
    found = pool_rates(*data, method="Cochran")
    assert_allclose(found.estimate, (expected * np.log(x_1 / expected)).sum() / expected.sum(), rtol=1e-9, atol=1e-12)
    assert_allclose(found.se**2, 1 / x_1.sum() + 1 / x_2.sum(), rtol=1e-12)


@MANY
@given(data=tables(inner=True), log_or=st.floats(-20, 20))
def test_fitted_counts_have_the_odds_ratio_asked_for(data: list[np.ndarray], log_or: float) -> None:
    t = two_by_two(*data)
    x = fitted_count(t, np.asarray(log_or))
    rest = t.n_2 - (t.a + t.c) + x
    left, right = np.log(x) + np.log(rest), np.log(t.n_1 - x) + np.log(t.a + t.c - x) + log_or
    # A cell near zero is a difference of large numbers, so its log is right to the size of rounding over the cell.
    smallest = np.minimum.reduce([x, rest, t.n_1 - x, t.a + t.c - x])
    assume((smallest > 1e-6).all())
    assert_allclose(left, right, rtol=1e-7, atol=1e-7)


@MANY
@given(data=tables(inner=True, smallest=2))
def test_tarone_is_at_most_breslow_day(data: list[np.ndarray]) -> None:
    t = two_by_two(*data)
    found = homogeneity(t, mh.odds_ratio(t).estimate)
    assert 0 <= found.tarone.statistic <= found.breslow_day.statistic + 1e-12


@MANY
@given(base=similar(smallest=1))
def test_tables_of_one_odds_ratio_are_homogeneous(base: list[np.ndarray]) -> None:
    same = [np.repeat(v[:1], 4) for v in base]
    t = two_by_two(*same)
    assert_allclose(homogeneity(t, mh.odds_ratio(t).estimate).breslow_day.statistic, 0, atol=1e-9)
    assert pool_counts(*same, method="UM.FS").tau2 == 0


@pytest.mark.parametrize(("method", "measure"), LIKELIHOODS)
@settings(deadline=None, max_examples=5)
@given(data=similar())
def test_double_zero_studies_do_not_enter_ratio_likelihoods(method: str, measure: str, data: list[np.ndarray]) -> None:
    more = [np.append(v, extra) for v, extra in zip(data, (0.0, 30.0, 0.0, 40.0), strict=True)]
    one = pool_counts(*data, method=method, measure=measure)
    two = pool_counts(*more, method=method, measure=measure)
    assert any(notice.code == "P302" for notice in two.warnings)
    if method in ("BB", "Firth"):
        assert two.k == one.k + 1
    else:
        assert two.estimate == one.estimate
        assert two.weights[-1] == 0


@settings(deadline=None, max_examples=60)
@given(data=tables(low=1, high=12), method=st.sampled_from(ROWS))
def test_every_legal_table_gives_finite_numbers_or_a_named_refusal(
    data: list[np.ndarray], method: tuple[str, str]
) -> None:
    try:
        found = pool_counts(*data, method=method[0], measure=method[1])
    except CannotCompute:
        return
    assert np.isfinite([found.estimate, found.se, found.ci_low, found.ci_high]).all()
    assert found.ci_low <= found.estimate <= found.ci_high
    found.to_dict()


def test_person_time_of_zero_is_masked() -> None:
    t = person_time([1, 0], [10, 0], [2, 1], [20, 5])
    assert t.mask.tolist() == [True, False]
