"""Likelihoods of tau2 with two maxima that stand close together or are nearly one: the higher is found and both are spoken of.

The maxima are those of the log-likelihood in 50 digits (mpmath 1.4), bracketed among 20,000 points and halved 120 times.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose

from mscsec.pooling import pool, pool_batch
from mscsec.pooling.regression import regress
from mscsec.pooling.search import doubtful

# estimator, yi, vi, the two maxima, which of them is the higher
TWO: list[tuple[str, list[float], list[float], tuple[float, float], int]] = [
    ("ML", [9.577, 30.38, 140.3], [0.0007206, 0.1929, 1701.0], (246.76276533762257, 876.0551769118482), 1),
    (
        "ML",
        [10.94, 22.19, 79.18, -16.23, -49.71],
        [0.001196, 0.0009821, 1367.0, 990.5, 517.1],
        (61.72510279882394, 302.6211890035417),
        0,
    ),
    ("REML", [3.261, -0.419, 0.1176], [2.258, 0.01108, 0.001988], (0.38696882109303676, 0.8061999060341979), 1),
    (
        "ML",
        [-0.5528, 2.228, -0.9958, 38.68, -6.186, -2.228],
        [0.01226, 1.176, 0.01508, 85.49, 0.7924, 1.351],
        (14.763060915683631, 49.52587173050584),
        0,
    ),
    (
        "REML",
        [25.36, -9.448, -0.8795, 8.122, -92.62, 4.308],
        [636.1, 0.0008402, 1.388, 740.6, 694.2, 1.086],
        (116.35918243142407, 465.86981018110964),
        1,
    ),
    (
        "REML",
        [-14.21, -0.02336, 1.726, -3.745, 11.2],
        [33.04, 0.01513, 0.3911, 31.04, 98.48],
        (2.583593075067786, 9.22749123559379),
        0,
    ),
]
case = pytest.mark.parametrize(("key", "yi", "vi", "maxima", "higher"), TWO)


@case
def test_the_higher_maximum_is_found_and_the_other_spoken_of(
    key: str, yi: Any, vi: Any, maxima: tuple[float, float], higher: int
) -> None:
    result = pool(yi, vi, tau2=key, ci="wald")
    assert result.tau2 == pytest.approx(maxima[higher], rel=1e-10)
    assert [notice.code for notice in result.warnings].count("P203") == 1
    assert any("2 local maxima" in notice.message for notice in result.warnings)


@case
def test_a_regression_on_nothing_finds_it_too(
    key: str, yi: Any, vi: Any, maxima: tuple[float, float], higher: int
) -> None:
    result = regress(yi, vi, np.ones((len(yi), 1)), tau2=key, ci="wald")
    assert_allclose(result.tau2, maxima[higher], rtol=1e-8)
    assert any(notice.code == "P403" for notice in result.warnings)


@case
def test_a_batch_finds_it_among_other_sets(
    key: str, yi: Any, vi: Any, maxima: tuple[float, float], higher: int
) -> None:
    y = np.array([yi, range(len(yi)), yi])
    v = np.array([vi, np.ones(len(yi)), vi])
    result = pool_batch(y, v, tau2=key, ci="wald")
    assert_allclose(result.tau2[[0, 2]], maxima[higher], rtol=1e-10)
    assert result.modes.tolist() == [2, 1, 2]


@given(
    hnp.arrays(float, (5, 20), elements=st.sampled_from([-4.0, -1.0, -0.1, -0.02, 0.0, 0.02, 0.1, 1.0, 4.0])),
    st.floats(1.1, 3.0),
)
def test_doubt_about_one_set_is_that_about_the_same_set_among_others(height: Any, ratio: float) -> None:
    grid = np.concatenate([[0.0], ratio ** np.arange(4.0)])
    among = doubtful(np.repeat(grid[:, None], 20, axis=1), height)
    assert [doubtful(grid, column) for column in height.T] == np.asarray(among).tolist()


@pytest.mark.parametrize("key", ["REML", "ML"])
def test_hard_sets_side_by_side_are_those_sets_alone(key: str) -> None:
    """Several maxima, none away from zero, and grids laid again for some of them only, in one batch."""
    rng = np.random.default_rng(11)
    vi = 10 ** rng.uniform(-4, 4, (1500, 5))
    yi = rng.normal(0, np.sqrt(vi)) + rng.normal(0, 10 ** rng.uniform(-2, 2, (1500, 1)), (1500, 5))
    mask = rng.random(vi.shape) < 0.8
    mask[:, :2] = True
    together = pool_batch(yi, vi, mask, tau2=key, ci="wald")
    alone = [pool(yi[row][mask[row]], vi[row][mask[row]], tau2=key, ci="wald") for row in range(1500)]
    assert_allclose(together.tau2, [one.tau2 for one in alone], rtol=1e-8)
    several = [any("local maxima" in notice.message for notice in one.warnings) for one in alone]
    assert (together.modes > 1).tolist() == several
    assert 3 < sum(several) < 750
