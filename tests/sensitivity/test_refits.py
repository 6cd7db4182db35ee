"""What must hold of refits whatever the studies are."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mscsec.errors import InvalidInput, NotEstimable, TooFewStudies
from mscsec.pooling import pool
from mscsec.sensitivity import Refits, all_subsets, baujat, cumulative, gosh, leave_one_out, subsets

YI = np.array([-0.9, -1.6, -1.35, -1.44, -0.22, -0.79, -1.62, 0.01, -0.47, -1.37])
VI = np.array([0.33, 0.19, 0.41, 0.02, 0.05, 0.007, 0.22, 0.004, 0.06, 0.07])

studies = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 4)), min_size=3, max_size=9)


def arrays(pairs: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([y for y, _ in pairs]), np.array([v for _, v in pairs])


@given(studies)
def test_each_row_is_the_analysis_of_its_members(pairs: list[tuple[float, float]]) -> None:
    yi, vi = arrays(pairs)
    found = leave_one_out(yi, vi)
    for row, members in enumerate(found.members):
        alone = pool(yi[members], vi[members])
        ours = found.result
        assert_allclose(ours.estimate[row], alone.estimate, rtol=1e-7, atol=1e-8)
        assert_allclose(ours.tau2[row], alone.tau2, rtol=1e-5, atol=1e-7)
        assert_allclose([ours.ci_low[row], ours.ci_high[row]], [alone.ci_low, alone.ci_high], rtol=1e-6, atol=1e-6)
        assert ours.k[row] == alone.k == len(yi) - 1


@given(studies, st.randoms(use_true_random=False))
def test_the_last_row_of_a_cumulative_analysis_is_the_whole(
    pairs: list[tuple[float, float]], chance: random.Random
) -> None:
    yi, vi = arrays(pairs)
    years = np.array([chance.randint(1990, 1995) for _ in yi])
    found = cumulative(yi, vi, years)
    assert found.members[-1].all()
    assert_array_equal(found.members.sum(axis=1), np.arange(1, len(yi) + 1))
    assert_allclose(found.result.estimate[-1], pool(yi, vi).estimate, rtol=1e-7, atol=1e-8)
    assert found.order is not None
    added = years[np.argsort(found.order)]
    assert (np.diff(added) >= 0).all()


def test_ties_keep_the_order_given() -> None:
    found = cumulative(YI[:4], VI[:4], [2001, 2000, 2000, 1999])
    assert found.order is not None
    assert found.order.tolist() == [3, 1, 2, 0]


@pytest.mark.parametrize("k", [1, 2, 5, 12])
def test_all_subsets_are_there_once(k: int) -> None:
    members = all_subsets(k)
    assert members.shape == (2**k - 1, k)
    assert len({row.tobytes() for row in members}) == 2**k - 1
    assert members.any(axis=1).all()
    assert (np.diff(members.sum(axis=1)) >= 0).all()


def test_gosh_draws_where_there_are_too_many() -> None:
    one, two = (gosh(YI, VI, limit=200, generator=np.random.default_rng(3)) for _ in range(2))
    assert one.members.shape == (200, 10)
    assert one.members.any(axis=1).all()
    assert_array_equal(one.members, two.members)
    assert 0.4 < one.members.mean() < 0.6
    assert len(gosh(YI, VI, limit=1023).members) == 1023


def test_a_lone_study_is_marked() -> None:
    found: Refits = subsets(YI, VI, np.eye(10, dtype=bool))
    assert not found.result.pooled.any()
    assert_allclose(found.result.estimate, YI)


def test_influence_on_a_mean_without_variance_is_refused() -> None:
    yi, vi = [0.5, 0.5, 0.5, 0.9], [0.02, 0.05, 0.03, 0.11]
    with pytest.raises(NotEstimable, match=r"the mean without study 3 .* Use ci=\"wald\""):
        baujat(yi, vi, ci="hksj")
    assert np.isfinite(baujat(yi, vi, ci="wald").influence).all()


def test_baujat_sums_to_the_generalised_q() -> None:
    found = baujat(YI, VI, tau2="PM", ci="wald")
    assert_allclose(found.contribution.sum(), len(YI) - 1, rtol=1e-9)  # what Paule and Mandel solve for
    common = baujat(YI, VI, model="common", ci="wald")
    assert_allclose(common.contribution.sum(), pool(YI, VI, model="common").q, rtol=1e-12)
    # a study's influence by hand: the common-effect mean with and without the first
    w = 1 / VI
    whole, rest = (w * YI).sum() / w.sum(), (w[1:] * YI[1:]).sum() / w[1:].sum()
    assert_allclose(common.influence[0], (whole - rest) ** 2 * w[1:].sum(), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: leave_one_out(YI[:1], VI[:1]), TooFewStudies, "2 studies or more, found 1"),
        (lambda: baujat(YI[:2], VI[:2]), TooFewStudies, "3 studies or more, found 2"),
        (lambda: subsets(YI, VI, np.zeros((2, 10), dtype=bool)), InvalidInput, "set 0 is empty"),
        (lambda: subsets(YI, VI, np.ones((2, 9), dtype=bool)), InvalidInput, "10 columns"),
        (lambda: cumulative(YI, VI, [1, 2]), InvalidInput, "one value for each of the 10"),
        (lambda: all_subsets(21), InvalidInput, "power set"),
        (lambda: gosh(YI, VI, limit=0), InvalidInput, "one set or more"),
        (lambda: leave_one_out([], []), TooFewStudies, "found 0"),
        (lambda: leave_one_out(YI, VI[:3]), InvalidInput, "one value a study"),
    ],
)
def test_refusals(call: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()
