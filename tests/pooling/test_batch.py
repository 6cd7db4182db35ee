"""`pool_batch`: the same numbers as one at a time, flags instead of errors, shapes, memory."""

from __future__ import annotations

import dataclasses
import gc
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mscsec.errors import InvalidInput
from mscsec.pooling import CI, PREDICTION, TAU2_CI, BatchResult, pool, pool_batch
from mscsec.pooling.batch import _of_most_precise

RNG = np.random.default_rng(8)
VI = RNG.uniform(0.01, 0.5, (40, 7))
YI = RNG.normal(0, np.sqrt(VI + 0.2 * RNG.random((40, 1))))
MASK = RNG.random((40, 7)) < 0.6
MASK[:, 0] |= ~MASK.any(axis=1)
MASK[0] = False
MASK[1] = [True] + 6 * [False]
MASK[2] = True

FIELDS = ("estimate", "se", "statistic", "p_value", "ci_low", "ci_high", "tau2", "i2", "h2", "i2_q", "q", "q_p")
EXTRA = ("tau2_se", "tau2_ci_low", "tau2_ci_high", "prediction_low", "prediction_high")
OPTIONS: list[dict[str, Any]] = [
    {"tau2": "REML"},
    {"model": "common"},
    {"preset": "revman-5"},
    *({"tau2": "ML" if key == "profile" else "REML", "ci": key} for key in CI),
    *({"tau2": "DL", "prediction": key} for key in PREDICTION),
    *({"tau2": "REML", "tau2_ci": key, "tau2_se": True} for key in TAU2_CI if key != "GENQ"),
    {"tau2": "PM", "tau2_ci": "QP"},
    {"tau2": "DL", "tau2_se": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_each_row_is_its_own_meta_analysis(options: dict[str, Any]) -> None:
    batch = pool_batch(YI, VI, MASK, **options)
    alone = {name: value for name, value in options.items() if name != "tau2_se"}
    asked = {"tau2_se": ("tau2_se",), "tau2_ci": ("tau2_ci_low", "tau2_ci_high")}
    asked |= {"prediction": ("prediction_low", "prediction_high")}
    wanted = {name for option, names in asked.items() if option in options for name in names}
    assert {name for name in EXTRA if getattr(batch, name) is not None} == wanted
    checked = 0
    for row, mask in enumerate(MASK):
        k = int(mask.sum())
        assert batch.k[row] == k
        assert batch.pooled[row] == (k >= 2)
        if k < 2 or (alone.get("tau2_ci") == "HT" and k < 3):
            continue
        one = pool(YI[row, mask], VI[row, mask], **({"tau2_ci": "none", "prediction": "none"} | alone))
        for name in FIELDS + EXTRA:
            found = getattr(batch, name)
            if found is not None:
                expected = getattr(one, name)
                expected = math.nan if expected is None else expected
                assert_allclose(found[row], expected, rtol=1e-8, atol=1e-10, err_msg=f"{name} of row {row}")
                checked += 1
    assert checked > 300


@pytest.mark.parametrize(
    "options", [{"tau2": "REML"}, {"tau2": "GENQ", "weights": np.arange(1.0, 8)}], ids=["REML", "GENQ"]
)
def test_the_size_of_a_chunk_changes_nothing(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    whole = pool_batch(YI, VI, MASK, prediction="hts", tau2_ci="QP", tau2_se=True, **options)
    monkeypatch.setattr("mscsec.pooling.batch.CHUNK", 3 * 7)
    parts = pool_batch(YI, VI, MASK, prediction="hts", tau2_ci="QP", tau2_se=True, **options)
    for field in dataclasses.fields(whole):
        if (values := getattr(whole, field.name)) is not None:
            assert_allclose(getattr(parts, field.name), values, rtol=1e-11, atol=1e-13, err_msg=field.name)
    wrong = VI.copy()
    wrong[38, 4] = -1
    with pytest.raises(InvalidInput, match="row 38, study 4"):
        pool_batch(YI, wrong)


def test_rows_of_one_study_and_of_none() -> None:
    batch = pool_batch(YI, VI, MASK)
    assert math.isnan(batch.estimate[0])
    assert (batch.k[0], batch.pooled[0]) == (0, False)
    assert np.isnan(batch.q[:2]).all()
    assert np.isnan(batch.q_p[:2]).all()
    assert batch.to_dict()["q_p"][:2] == [None, None]
    one = pool(YI[1, :1], VI[1, :1])
    assert (batch.estimate[1], batch.se[1], batch.ci_low[1]) == pytest.approx((one.estimate, one.se, one.ci_low))
    assert math.isnan(batch.tau2[1])
    assert batch.to_dict()["tau2"][1] is None
    for row in (0, 1):
        assert (batch.modes[row], batch.converged[row], batch.scaled[row]) == (1, True, False)
    by_law = pool_batch(YI, VI, MASK, ci="hc")
    assert by_law.p_value[1] == pytest.approx(one.p_value, rel=1e-12)


@pytest.mark.parametrize("ci", CI)
def test_a_row_of_one_study_has_its_wald_interval_whatever_is_asked_for(ci: str) -> None:
    batch = pool_batch([[0.3, 0.0], [0.1, 0.5]], 0.04, [[True, False], [True, True]], tau2="ML", ci=ci)
    assert (batch.ci_low[0], batch.ci_high[0]) == pytest.approx(
        (0.3 - 1.959963984540054 * 0.2, 0.3 + 1.959963984540054 * 0.2)
    )
    assert (batch.pooled[0], batch.scaled[0]) == (False, False)


@pytest.mark.parametrize("ci", ["t", "hc"])
def test_what_is_worked_out_when_asked_for_is_in_the_plain_form(ci: str) -> None:
    batch = pool_batch([[0.1, 0.4, 0.9]], [[0.1, 0.2, 0.3]], ci=ci)
    one = pool([0.1, 0.4, 0.9], [0.1, 0.2, 0.3], ci=ci)
    plain = batch.to_dict()
    assert "own_p" not in plain
    for name in ("p_value", "q_p", "i2_q"):
        assert plain[name] == [pytest.approx(getattr(one, name), rel=1e-12)]
        assert getattr(BatchResult, name).__doc__  # a class has no value, and says what it would be


def test_padding_is_not_looked_at() -> None:
    y, v = np.where(MASK, YI, np.nan), np.where(MASK, VI, -7.0)
    clean, dirty = pool_batch(YI, VI, MASK), pool_batch(y, v, MASK)
    assert_array_equal(clean.estimate, dirty.estimate)


@pytest.mark.parametrize("name", ["weights", "tau2_weights"])
def test_weights_of_padding_are_not_looked_at(name: str) -> None:
    mask = np.array([[1, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]], dtype=bool)
    for padding in (0.0, np.nan, -1.0):
        given = {name: np.where(mask, [1.0, 2, 3, 4], padding)}
        batch = pool_batch(YI[:3, :4], VI[:3, :4], mask, tau2="GENQ", **given)
        one = pool(YI[0, :3], VI[0, :3], tau2="GENQ", **{name: [1.0, 2, 3]})
        assert_allclose((batch.estimate[0], batch.tau2[0]), (one.estimate, one.tau2), rtol=1e-12)
        assert batch.k.tolist() == [3, 4, 0]


def test_a_mask_of_anything_but_true_and_false_is_refused() -> None:
    mask = np.array([[1, 1, 1, 0], [1, 1, 0, 1]])
    for same in (mask, mask.astype(float), mask.astype(bool).astype(object), mask.tolist()):
        assert pool_batch(YI[:2, :4], VI[:2, :4], same).k.tolist() == [3, 3]
    for wrong in (np.where(mask, 1, np.nan), np.where(mask, "yes", "no"), 2 * mask):
        with pytest.raises(InvalidInput, match="mask holds"):
            pool_batch(YI[:2, :4], VI[:2, :4], wrong)


@pytest.mark.parametrize("workers", [0, -1, 2.5, "2", None])
def test_a_number_of_workers_that_is_none_is_refused(workers: Any) -> None:
    with pytest.raises(InvalidInput, match="workers is"):
        pool_batch(YI, VI, workers=workers)


def test_any_leading_shape_and_broadcasting() -> None:
    flat = pool_batch(YI, VI)
    cube = pool_batch(YI.reshape(2, 4, 5, 7), VI.reshape(2, 4, 5, 7))
    assert cube.estimate.shape == (2, 4, 5)
    assert_array_equal(cube.estimate.ravel(), flat.estimate)
    assert pool_batch(YI[0], VI[0]).estimate.shape == ()
    leave_one_out = pool_batch(YI[2], VI[2], ~np.eye(7, dtype=bool), tau2="DL")
    assert leave_one_out.k.tolist() == [6] * 7
    assert pool_batch(np.empty((0, 5)), np.empty((0, 5))).estimate.shape == (0,)


def test_what_a_chunk_took_is_given_back_at_once() -> None:
    """Not by the garbage collector, which comes late: a cycle of references would keep chunk after chunk."""
    pool_batch(YI, VI, tau2="REML")  # what is kept for later calls is there
    pool(YI[2], VI[2])
    gc.collect()
    gc.disable()
    try:
        tracemalloc.start()
        for _ in range(20):
            pool_batch(YI, VI, tau2="REML")
            pool(YI[2], VI[2])
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert left < 4 * (YI.nbytes + VI.nbytes)


def test_effects_that_agree_exactly_leave_the_tests_of_other_rows_alone() -> None:
    """Under HKSJ their standard error is 0, and the statistic infinite or, at the null value, 0."""
    yi, vi = [[0.5, 0.5, 0.5], [0.0, 0.0, 0.0], [-0.5, -0.5, -0.5], [0.1, 0.5, 1.9]], [0.04, 0.1, 0.02]
    batch, last = pool_batch(yi, vi, ci="hksj"), pool(yi[3], vi, ci="hksj")
    assert last.statistic is not None
    assert batch.statistic.tolist() == [math.inf, 0, -math.inf, pytest.approx(last.statistic)]
    assert batch.p_value.tolist() == [0, 1, 0, pytest.approx(last.p_value)]
    assert last.statistic == pytest.approx(last.estimate / last.se)


def test_weights_of_the_mean_and_of_q() -> None:
    weights = np.arange(1.0, 8)
    batch = pool_batch(YI, VI, tau2="GENQ", weights=weights)
    one = pool(YI[3], VI[3], tau2="GENQ", weights=weights)
    assert_allclose((batch.estimate[3], batch.se[3], batch.tau2[3]), (one.estimate, one.se, one.tau2), rtol=1e-10)
    two = pool_batch(YI[3], VI[3], tau2="DL", weights=[weights, weights[::-1]])
    assert two.estimate.tolist() == [
        pool(YI[3], VI[3], tau2="DL", weights=w).estimate for w in (weights, weights[::-1])
    ]


def test_memory_stays_within_four_times_the_input() -> None:
    v = RNG.uniform(0.01, 0.5, (60_000, 13))
    y = RNG.normal(0, np.sqrt(v))
    pool_batch(y[:100], v[:100])
    tracemalloc.start()
    pool_batch(y, v, tau2="REML")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * (y.nbytes + v.nbytes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((np.full((2, 3), np.nan), np.ones((2, 3)), None), "row 0, study 0"),
        ((np.zeros((2, 3)), np.array([[1, 1, 1], [1, 0, 1.0]]), None), "row 1, study 1"),
        ((np.zeros((2, 3)), np.array([[1, 1, 1], [1, 1, 1e80]]), None), "row 1, study 2"),
        ((np.zeros((2, 3)), np.array([[1, 1e-80, 1], [1, 1, 1]]), None), "row 0, study 1"),
        ((np.zeros((2, 3)), np.ones((2, 4)), None), "broadcast"),
        ((1.0, 1.0, None), "last axis"),
    ],
)
def test_impossible_input_is_named(change: Any, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        pool_batch(*change)


@pytest.mark.parametrize("row", [2, 4])
def test_an_impossible_number_is_named_by_its_row_among_rows_of_few_studies(row: int) -> None:
    mask = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 1], [0, 0, 0], [0, 1, 0]], dtype=bool)
    vi = np.ones((5, 3))
    vi[row, 1] = -1
    with pytest.raises(InvalidInput, match=f"row {row}, study 1: yi is 0.0, vi is -1.0"):
        pool_batch(np.zeros((5, 3)), vi, mask)


def test_weights_that_the_mask_leaves_a_row_none_of_are_refused() -> None:
    mask, weights = np.array([[0, 0, 1], [1, 1, 1], [1, 1, 0]], dtype=bool), [0.0, 0.0, 1.0]
    with pytest.raises(InvalidInput, match="row 2: the weights of its studies are all zero"):
        pool_batch(YI[:3, :3], VI[:3, :3], mask, weights=weights, tau2="DL")
    with pytest.raises(InvalidInput, match="row 1: the weights of its studies are all zero"):
        pool_batch(YI[:2, :1], VI[:2, :1], weights=[[1.0], [0.0]])
    with pytest.raises(InvalidInput, match=r"row 1, study 2: its weight is -1\.0"):
        pool_batch(YI[:2, :3], VI[:2, :3], weights=[[1, 0, 1], [1, 1, -1]])
    with pytest.raises(InvalidInput, match="zero but for one study"):
        pool_batch(YI[:3, :3], VI[:3, :3], weights=weights, tau2="GENQ")


def test_the_bootstrap_is_not_offered() -> None:
    with pytest.raises(InvalidInput, match="closed-form"):
        pool_batch(YI, VI, prediction="bootstrap")


@pytest.mark.parametrize("least", [1e-70, 1e-12, 1.0])
@pytest.mark.parametrize("effect", [1e-30, 1.0, 1e35])
def test_the_most_precise_study_is_told_from_its_next_neighbour(least: float, effect: float) -> None:
    """Effects are measured from it: all others are far from zero, and of two as precise it is the one with the larger effect."""
    v = np.array([[np.nextafter(least, 1e70), least, 1e70, least]])
    y = np.array([[effect, -effect, effect, -2 * effect / 3]])
    assert _of_most_precise(y, v) == y[0, 3]
    assert _of_most_precise(y[:, ::-1], v[:, ::-1]) == y[0, 3]
    assert _of_most_precise(-y, v) == -y[0, 1]
