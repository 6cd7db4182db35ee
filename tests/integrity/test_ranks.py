from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mscsec.errors import InvalidInput
from mscsec.integrity.ranks import exact_rank_p, mann_whitney, p_of_reconstructions
from mscsec.integrity.reconstruction import reconstruct
from mscsec.integrity.tables import smallest_rank_p

arm = st.lists(st.integers(0, 7), min_size=2, max_size=25)


@given(first=arm, second=arm)
@settings(deadline=None)
def test_p_is_that_of_scipy(first, second):
    if len(set(first + second)) == 1:
        return
    counts = [np.bincount(each, minlength=8) for each in (first, second)]
    found = mann_whitney(*counts)
    for p, correction in zip(found, (False, True), strict=True):
        expected = stats.mannwhitneyu(first, second, use_continuity=correction, method="asymptotic").pvalue
        assert p == pytest.approx(min(expected, 1), rel=1e-9)


@given(first=arm.filter(lambda x: len(x) < 8), second=arm.filter(lambda x: len(x) < 8))
@settings(max_examples=40, deadline=None)
def test_exact_p_is_that_of_all_divisions(first, second):
    """Every division of the pooled ranks, the statistic being the rank sum's distance from its expectation."""
    ranks = stats.rankdata(first + second)
    expected = len(first) * (len(ranks) + 1) / 2
    divisions = [abs(sum(each) - expected) for each in combinations(ranks, len(first))]
    observed = abs(ranks[: len(first)].sum() - expected)
    p = sum(each >= observed - 1e-9 for each in divisions) / len(divisions)
    counts = [np.bincount(each, minlength=8) for each in (first, second)]
    assert exact_rank_p(*counts) == pytest.approx(p, rel=1e-12)


def test_the_exact_p_of_groups_that_lie_apart():
    """Without ties both ends count; with all tied in either group and unequal sizes, the other end lies nearer."""
    lower, upper = np.repeat([1, 0], [6, 10]), np.repeat([0, 1], [6, 10])
    assert exact_rank_p(lower, upper) == pytest.approx(smallest_rank_p(6, 10)) == pytest.approx(2 / 8008)
    assert exact_rank_p(np.array([6, 0]), np.array([0, 10])) == pytest.approx(1 / 8008)


def test_arms_without_variation_give_one():
    assert [float(p) for p in mann_whitney(np.array([0, 4]), np.array([0, 5]))] == [1, 1]


def test_no_rank_test_of_whole_days_gives_the_reported_p():
    """Six and ten stays with the printed means and SDs: P from 0.0006 to 0.033, so 0.04 is no Mann-Whitney P of them."""
    rng = np.random.default_rng(1)
    first, second = reconstruct("5.50", "1.64", 6, rng, low=0), reconstruct("10.90", "3.75", 10, rng, low=0)
    found = p_of_reconstructions(first, second)
    assert found.exhaustive
    assert found.pairs == first.counts.shape[0] * second.counts.shape[0]
    assert (round(found.low, 4), round(found.high, 3)) == (0.0006, 0.033)
    exact = p_of_reconstructions(first, second, exact=True)
    assert exact.exhaustive
    assert exact.high < 0.035
    thinned = p_of_reconstructions(first, second, most_pairs=100)
    assert not thinned.exhaustive
    assert found.low <= thinned.low <= thinned.high <= found.high
    with pytest.raises(InvalidInput, match="different steps"):
        p_of_reconstructions(first, reconstruct("2.25", "0.50", 4, rng, granularity="0.25"))
