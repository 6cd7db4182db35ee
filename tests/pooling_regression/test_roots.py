"""Root finding against roots that are known, with the steps it may take."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mscsec.pooling.regression.roots import bracketed_newton, bracketed_root

# Each falls through its root within the bracket: the function, its derivative, the bracket, the root.
CURVES = {
    "a parabola": (lambda x: 2 - x * x, lambda x: -2 * x, 0.0, 2.0, math.sqrt(2)),
    "the omega constant": (lambda x: 1 - x * np.exp(x), lambda x: -(1 + x) * np.exp(x), 0.0, 3.0, 0.5671432904097838),
    "a step from which Newton flies off": (
        lambda x: -np.arctan(40 * (x - 0.3)), lambda x: -40 / (1 + 1600 * (x - 0.3) ** 2), -7.0, 11.0, 0.3,
    ),
    "a rise before the fall": (lambda x: 1 + x - x**3, lambda x: 1 - 3 * x * x, 0.0, 40.0, 1.324717957244746),
    "a far root on a slope that flattens": (lambda x: np.exp(-x) - 1e-6, lambda x: -np.exp(-x), 0.0, 500.0, 13.815510557964274),
}  # fmt: skip
NAMES = list(CURVES)


def each(part: int, x: np.ndarray) -> np.ndarray:
    return np.array([float(CURVES[name][part](value)) for name, value in zip(NAMES, x, strict=True)])


LOW, HIGH, ROOTS = (np.array([CURVES[name][part] for name in NAMES]) for part in (2, 3, 4))


def test_newton_within_a_bracket():
    for start in (0.5 * (LOW + HIGH), LOW + 0.01 * (HIGH - LOW), HIGH):
        found = bracketed_newton(lambda x: (each(0, x), each(1, x)), LOW, HIGH, start)
        assert found.converged.all()
        assert_allclose(found.value, ROOTS, rtol=1e-13)
        assert found.iterations <= 24


def test_a_root_that_newton_creeps_up_to_is_bisected():
    """Of a multiple root Newton's step takes a ninth of the way; halves of the bracket take over where it is slow."""
    found = bracketed_newton(
        lambda x: ((1 - x) ** 9, -9 * (1 - x) ** 8), np.array([0.0]), np.array([4.0]), np.array([3.9])
    )
    assert found.converged.all()
    assert_allclose(found.value, 1, atol=1e-7)
    assert found.iterations <= 110


def test_without_derivatives():
    found = bracketed_root(lambda x: each(0, x), LOW, HIGH)
    assert found.converged.all()
    assert_allclose(found.value, ROOTS, rtol=1e-14)
    assert found.iterations <= 16
    swapped = bracketed_root(lambda x: -each(0, x), LOW, HIGH)
    assert_allclose(swapped.value, ROOTS, rtol=1e-14)


def test_a_coarser_tolerance_is_kept_and_no_more():
    found = bracketed_root(lambda x: each(0, x), LOW, HIGH, tolerance=1e-3)
    assert_allclose(found.value, ROOTS, rtol=2e-3)
    assert found.iterations < bracketed_root(lambda x: each(0, x), LOW, HIGH).iterations


@pytest.mark.parametrize("bound", [1, 2, 3])
def test_what_has_not_settled_within_the_bound_is_not_converged(bound):
    newton = bracketed_newton(lambda x: (each(0, x), each(1, x)), LOW, HIGH, HIGH, most=bound)
    assert newton.iterations == bound
    assert not newton.converged.any()
    plain = bracketed_root(lambda x: each(0, x), LOW, HIGH, most=bound)
    assert plain.iterations == bound
    assert not plain.converged.any()
