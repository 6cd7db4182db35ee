import math
from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.errors import InvalidInput
from mscsec.integrity.arithmetic import (
    adds_up,
    change_sd,
    difference_of,
    in_order,
    mean_and_median,
    mean_of_groups,
    sd_by_range,
    sd_on_scale,
)

samples = st.lists(st.integers(0, 100), min_size=2, max_size=30).filter(lambda x: len(set(x)) > 1)


@given(values=samples, decimals=st.integers(0, 3))
def test_figures_of_real_data_always_pass(values, decimals):
    x = np.array(values, dtype=float)
    mean, sd, median = (f"{f:.{decimals}f}" for f in (x.mean(), x.std(ddof=1), np.median(x)))
    low, high = f"{x.min():.0f}", f"{x.max():.0f}"
    assert sd_on_scale(mean, 0, 100, sd, len(x)).agrees
    assert sd_by_range(low, high, sd, len(x)).agrees
    assert sd_by_range(low, high, sd, len(x), mean).agrees
    assert mean_and_median(mean, median, sd, len(x)).agrees
    quartiles = [f"{np.quantile(x, q):.{decimals}f}" for q in (0, 0.25, 0.5, 0.75, 1)]
    assert in_order(quartiles) == ()


@given(before=samples, seed=st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_changes_of_real_data_always_pass(before, seed):
    b = np.array(before, dtype=float)
    f = b + np.random.default_rng(seed).integers(-30, 30, len(b))
    if f.std() == 0 or (f - b).std() == 0:
        return
    figures = [f"{x.std(ddof=1):.1f}" for x in (b, f, f - b)]
    found = change_sd(*figures)
    assert found.agrees
    assert found.low - 1e-9 <= np.corrcoef(b, f)[0, 1] <= found.high + 1e-9
    assert difference_of(f"{f.mean():.2f}", f"{b.mean():.2f}", f"{(f - b).mean():.2f}").agrees


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 50)), min_size=1, max_size=6))
def test_overall_means_of_real_groups_always_pass(groups):
    means, ns = [total / n for total, n in groups], [n for _, n in groups]
    overall = sum(total for total, _ in groups) / sum(ns)
    assert mean_of_groups([f"{m:.1f}" for m in means], ns, f"{overall:.1f}").agrees


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_the_bounds_of_an_sd_are_reached(n):
    """By enumeration of all samples of 0 ... 4 with their ends at 0 and 4; the middle must be attainable."""
    sds = [np.std((0, *middle, 4), ddof=1) for middle in combinations_with_replacement(range(5), n - 2)]
    found = sd_by_range("0.00000000", "4.00000000", "1.5", n)
    assert (found.low, found.high) == pytest.approx((min(sds), max(sds)), rel=1e-6)
    halves = sd_on_scale("2.00000000", 0, 4, "1.0", n)
    assert halves.high == pytest.approx(2 * math.sqrt(n / (n - 1)), rel=1e-6)


def test_sums():
    assert adds_up([11, 8, 24], 43).agrees
    assert adds_up([15, 14], 29).agrees
    assert adds_up([20, 14], 35).difference == 1
    with pytest.raises(InvalidInput):
        adds_up([-1, 3], 2)
    with pytest.raises(InvalidInput):
        adds_up([], 2)


def test_orders():
    assert in_order(["6", "9.00", "13"]) == ()
    assert in_order(["9.1", "9.0", "13", "12.9"]) == ()  # a tenth is within rounding
    assert in_order(["9.3", "9.0", "13.0", "12.0"]) == (0, 2)


def test_what_cannot_be():
    assert not sd_on_scale("4.8", 1, 5, "1.2", 30).agrees
    assert not sd_on_scale("5.8", 1, 5, "0.2", 30).agrees
    assert not sd_by_range(1, 7, "0.5", 10).agrees
    assert not sd_by_range(1, 7, "4.1", 10).agrees
    assert not mean_and_median("10.0", "14.0", "1.2", 12).agrees
    assert not change_sd("3.0", "3.0", "6.2").agrees
    assert not change_sd("9.0", "3.0", "1.0").agrees
    assert not difference_of("7.1", "9.3", "2.2").agrees
    assert not mean_of_groups(["5.0", "7.0"], [10, 10], "6.3").agrees
    assert change_sd("0.0", "3.0", "3.0").correlation is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: sd_on_scale("3", 5, 1, "1", 10),
        lambda: sd_by_range(1, 7, "1", 1),
        lambda: sd_by_range(7, 1, "1", 5),
        lambda: mean_and_median("1", "1", "1", 0),
        lambda: mean_of_groups(["1"], [1, 2], "1"),
        lambda: sd_on_scale("3", 1, 5, "-1", 10),
    ],
)
def test_what_makes_no_sense_is_refused(call):
    with pytest.raises(InvalidInput):
        call()
