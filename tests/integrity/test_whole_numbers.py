"""The arithmetic of sums of squares against plain enumeration."""

from itertools import combinations_with_replacement

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.integrity import whole_numbers


def sums(n, values):
    return {(sum(each), sum(x * x for x in each)) for each in combinations_with_replacement(values, n)}


@pytest.mark.parametrize(("n", "reach"), [(1, 9), (2, 9), (3, 9), (4, 8), (5, 5), (6, 4), (7, 4)])
def test_integers_without_limits(n, reach):
    """Sums of squares below reach^2 cannot use a number beyond reach, so the enumeration is complete there."""
    seen = sums(n, range(-reach, reach + 1))
    for total in range(-2, 2 * n):
        found = {squares for squares in range(reach**2) if whole_numbers.exists(n, total, squares)}
        assert found == {squares for squares in range(reach**2) if (total, squares) in seen}
        assert list(whole_numbers.candidates(n, total, range(reach**2))) == sorted(found)


@pytest.mark.parametrize(("n", "most"), [(1, 12), (2, 12), (3, 11), (4, 9), (5, 7), (6, 6), (7, 5), (8, 4), (11, 3)])
def test_integers_within_limits(n, most):
    for top in range(most + 1):
        seen = sums(n, range(top + 1))
        for total in range(n * top + 1):
            for squares in range(n * top**2 + 2):
                expected = (total, squares) in seen
                assert whole_numbers.exists_within(n, total, squares, top) == expected
                if expected:
                    example = whole_numbers.example(n, total, squares, top)
                    assert (len(example), sum(example), sum(x * x for x in example)) == (n, total, squares)
                    assert 0 <= min(example) <= max(example) <= top


@given(st.lists(st.integers(0, 100), min_size=1, max_size=150), st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_what_real_numbers_have_is_found_to_exist(numbers, above):
    total, squares, top = sum(numbers), sum(x * x for x in numbers), max(numbers) + above
    assert whole_numbers.exists_within(len(numbers), total, squares, top)
    assert whole_numbers.exists(len(numbers), total, squares)
    low, high = whole_numbers.samuelson(len(numbers), total, squares)
    assert low <= min(numbers) <= max(numbers) <= high
    example = whole_numbers.example(len(numbers), total, squares, top)
    assert (len(example), sum(example), sum(x * x for x in example)) == (len(numbers), total, squares)
