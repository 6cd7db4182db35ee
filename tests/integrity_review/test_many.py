"""Very many GRIMMER checks at once agree with the exact one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.errors import InvalidInput, UnknownMethod
from mscsec.integrity import ROUNDING, grimmer
from mscsec.integrity.many import grimmer_many

CASES = st.lists(
    st.tuples(st.integers(-3000, 5000), st.integers(0, 2500), st.integers(2, 300)), min_size=1, max_size=12
)


def shown(units: int, decimals: int) -> str:
    value = Fraction(units, 10**decimals)
    return f"{float(value):.{decimals}f}"


@pytest.mark.parametrize("rule", ROUNDING)
@settings(max_examples=25, deadline=None)
@given(
    cases=CASES,
    decimals=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    step=st.sampled_from(["1", "0.5", "2", "0.1"]),
    items=st.integers(1, 3),
)
def test_many_agree_with_the_exact_one(rule, cases, decimals, step, items):
    mean_decimals, sd_decimals = decimals
    found = grimmer_many(
        np.array([mean / 10**mean_decimals for mean, _, _ in cases]),
        np.array([sd / 10**sd_decimals for _, sd, _ in cases]),
        np.array([n for _, _, n in cases]),
        mean_decimals=mean_decimals, sd_decimals=sd_decimals, granularity=step, items=items, rounding=rule,
    )  # fmt: skip
    exact = [
        grimmer(
            shown(mean, mean_decimals), shown(sd, sd_decimals), n, granularity=step, items=items, rounding=rule
        ).possible
        for mean, sd, n in cases
    ]
    assert found.tolist() == exact


@settings(max_examples=40, deadline=None)
@given(data=st.data(), n=st.integers(2, 40))
def test_figures_of_real_values_are_possible(data, n):
    values = np.array(data.draw(st.lists(st.integers(0, 60), min_size=n, max_size=n)))
    mean, sd = np.round(values.mean(), 2), np.round(values.std(ddof=1), 2)
    assert grimmer_many(mean, sd, n).all()


def test_published_figures():
    assert grimmer_many([5.50, 5.50, 5.50, 10.90], [1.64, 1.64, 1.64, 3.75], [10, 6, 20, 10]).tolist() == [
        False,
        True,
        True,
        True,
    ]


def test_shape_is_kept_and_broadcast():
    found = grimmer_many(np.array([[5.5], [5.51]]), 1.64, np.array([6, 10, 20]))
    assert found.shape == (2, 3)
    assert found.tolist() == [[True, False, True], [False, False, False]]


def test_figures_beyond_64_bits_are_worked_exactly():
    mean, sd, n = 123456789.25, 9876.5, 100_000
    exact = grimmer("123456789.25", "9876.50", n).possible
    assert grimmer_many(mean, sd, n).item() is exact


def test_refusals():
    with pytest.raises(InvalidInput, match="n is below 2"):
        grimmer_many(1.0, 1.0, 1)
    with pytest.raises(InvalidInput, match="SD below 0"):
        grimmer_many(1.0, -1.0, 5)
    with pytest.raises(InvalidInput, match="2 decimals"):
        grimmer_many(1.234, 1.0, 5)
    with pytest.raises(InvalidInput, match="not finite"):
        grimmer_many(np.nan, 1.0, 5)
    with pytest.raises(UnknownMethod, match="rounding rule"):
        grimmer_many(1.0, 1.0, 5, rounding="nearest")
