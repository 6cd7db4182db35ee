import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mscsec.errors import InvalidInput, NotEstimable
from mscsec.integrity.tables import TABLE_TESTS, Counts, pearson_table, smallest_rank_p


def cells(counts):
    return np.array([[counts.events_1, counts.n_1 - counts.events_1], [counts.events_2, counts.n_2 - counts.events_2]])


def one_sided(counts):
    return min(stats.fisher_exact(cells(counts), alternative=side).pvalue for side in ("less", "greater"))


def mid_p(counts):
    observed = stats.hypergeom.pmf(
        counts.events_1, counts.n_1 + counts.n_2, counts.events_1 + counts.events_2, counts.n_1
    )
    return stats.fisher_exact(cells(counts)).pvalue - observed / 2


def n_minus_one(counts):
    n = counts.n_1 + counts.n_2
    return stats.chi2.sf(stats.chi2_contingency(cells(counts), correction=False).statistic * (n - 1) / n, 1)


ORACLE = {
    "fisher": lambda c: stats.fisher_exact(cells(c)).pvalue,
    "pearson": lambda c: stats.chi2_contingency(cells(c), correction=False).pvalue,
    "yates": lambda c: stats.chi2_contingency(cells(c), correction=True).pvalue,
    "mid-p": mid_p,
    "n-1": n_minus_one,
    "likelihood-ratio": lambda c: stats.chi2_contingency(cells(c), correction=False, lambda_="log-likelihood").pvalue,
    "fisher-doubled": lambda c: min(2 * one_sided(c), 1),
    "fisher-one-sided": one_sided,
}


@st.composite
def tables(draw):
    n_1, n_2 = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    return Counts(draw(st.integers(0, n_1)), n_1, draw(st.integers(0, n_2)), n_2)


def test_every_test_has_an_oracle():
    assert set(ORACLE) == set(TABLE_TESTS)


@pytest.mark.parametrize("method", TABLE_TESTS.values(), ids=TABLE_TESTS)
@given(counts=tables())
@settings(max_examples=60, deadline=None)
def test_p_is_that_of_the_oracle(method, counts):
    if counts.events_1 + counts.events_2 in (0, counts.n_1 + counts.n_2):
        if "chi-square" in method.name:
            with pytest.raises(NotEstimable):
                method.p(counts)
        return
    assert method.p(counts) == pytest.approx(ORACLE[method.key](counts), rel=1e-8, abs=1e-12)
    swapped = Counts(counts.events_2, counts.n_2, counts.events_1, counts.n_1)
    assert method.p(swapped) == pytest.approx(method.p(counts), rel=1e-9)


@pytest.mark.parametrize(
    ("counts", "method", "expected"),
    [
        ((10, 20, 4, 20), "pearson", 0.047),
        ((10, 20, 4, 20), "fisher", 0.096),
        ((10, 20, 4, 20), "yates", 0.097),
        ((8, 14, 4, 15), "fisher", 0.139),
        ((8, 14, 4, 14), "fisher", 0.252),
        ((7, 14, 12, 15), "fisher", 0.128),
        ((0, 12, 4, 29), "fisher", 0.302),
        ((0, 12, 3, 29), "fisher", 0.543),
        ((6, 30, 2, 29), "fisher", 0.254),
        ((11, 12, 5, 12), "fisher", 0.027),
        ((3, 29, 13, 29), "fisher", 0.007),
        ((0, 8, 8, 24), "fisher", 0.081),
    ],
)
def test_published_tables(counts, method, expected):
    assert round(TABLE_TESTS[method].p(Counts(*counts)), 3) == expected


def test_impossible_counts_are_refused():
    with pytest.raises(InvalidInput, match="21 events in 20"):
        Counts(21, 20, 4, 20)
    with pytest.raises(InvalidInput):
        pearson_table([[1, 2], [3]])
    with pytest.raises(InvalidInput):
        pearson_table([[1, -2], [3, 4]])


def test_larger_tables_are_pearson():
    table = [[11, 8, 10], [4, 8, 17]]
    assert pearson_table(table) == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, rel=1e-9)


@given(st.integers(1, 12), st.integers(1, 12))
def test_the_least_p_of_an_exact_rank_test(n_1, n_2):
    assert smallest_rank_p(n_1, n_2) == pytest.approx(min(2 / math.comb(n_1 + n_2, n_1), 1))
    if n_1 + n_2 > 2:
        apart = stats.mannwhitneyu(range(n_1), range(n_1, n_1 + n_2), method="exact").pvalue
        assert smallest_rank_p(n_1, n_2) == pytest.approx(apart)
