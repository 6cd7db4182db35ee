from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.errors import InvalidInput, NotEstimable
from mscsec.integrity.granularity import grimmer
from mscsec.integrity.reconstruction import reconstruct


def rng():
    return np.random.default_rng(20)


@pytest.mark.parametrize(("mean", "sd"), [("2.5", "1.3"), ("2.0", "1.1"), ("3.3", "0.5"), ("2.33", "1.51")])
@pytest.mark.parametrize("n", [3, 6])
def test_few_samples_are_all_listed(mean, sd, n):
    expected = set()
    for each in combinations_with_replacement(range(5), n):
        x = np.array(each, dtype=float)
        decimals = len(mean.split(".")[1])
        ends = 0.5 * 10.0**-decimals + 1e-12
        if (
            abs(x.mean() - float(mean)) <= ends
            and abs(x.std(ddof=1) - float(sd)) <= 0.5 * 10.0 ** -len(sd.split(".")[1]) + 1e-12
        ):
            expected.add(each)
    if not expected:
        with pytest.raises(NotEstimable):
            reconstruct(mean, sd, n, rng(), low=0, high=4)
        assert not grimmer(mean, sd, n, low=0, high=4).possible
        return
    found = reconstruct(mean, sd, n, rng(), low=0, high=4)
    assert found.exhaustive
    assert {tuple(np.repeat(found.values.astype(int), row)) for row in found.counts} == expected
    assert len(found.counts) == len(expected)


@given(values=st.lists(st.integers(1, 40), min_size=3, max_size=40), limit=st.integers(1, 15))
@settings(max_examples=25, deadline=None)
def test_samples_have_the_figures_and_keep_the_limits(values, limit):
    x = np.array(values, dtype=float)
    mean, sd = f"{x.mean():.2f}", f"{x.std(ddof=1):.2f}"
    found = reconstruct(mean, sd, len(x), rng(), low=1, high=40, limit=limit)
    assert found.counts.shape[0] <= limit
    assert (found.counts.sum(-1) == len(x)).all()
    assert (found.counts >= 0).all()
    used = found.values[found.counts.any(0)]
    assert used.min() >= 1
    assert used.max() <= 40
    np.testing.assert_allclose(found.means, float(mean), atol=0.005 + 1e-9)
    np.testing.assert_allclose(found.sds, float(sd), atol=0.005 + 1e-9)


def test_ten_stays_in_intensive_care():
    """No ten whole days give 5.50 ± 1.64; six do, in four ways."""
    with pytest.raises(NotEstimable, match=r"no 10 values in steps of 1 have mean 5\.50 and SD 1\.64"):
        reconstruct("5.50", "1.64", 10, rng())
    six = reconstruct("5.50", "1.64", 6, rng(), low=0)
    assert six.exhaustive
    assert six.counts.shape[0] == 4
    control = reconstruct("10.90", "3.75", 10, rng(), low=0)
    assert control.exhaustive
    assert control.values[control.counts.any(0)].max() <= 22


def test_a_seed_fixes_the_samples_and_limits_may_be_left_out():
    calls = [reconstruct("3.7", "1.2", 30, rng(), low=1, high=7, limit=50) for _ in range(2)]
    assert not calls[0].exhaustive
    np.testing.assert_array_equal(calls[0].counts, calls[1].counts)
    assert len(np.unique(calls[0].counts, axis=0)) > 10
    free = reconstruct("-2.5", "1.3", 4, rng())
    assert free.values.min() < 0
    np.testing.assert_allclose(free.means, -2.5)


def test_steps_and_items():
    found = reconstruct("2.25", "0.50", 4, rng(), granularity="0.25")
    assert {0.25} == set(np.round(np.diff(found.values), 10))
    assert reconstruct("2.25", "0.50", 4, rng(), items=4).counts.shape == found.counts.shape
    with pytest.raises(InvalidInput):
        reconstruct("2.25", "0.50", 1, rng())
