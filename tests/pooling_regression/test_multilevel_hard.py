"""Three levels where variances run over 13 orders and the likelihood rises by less than its own rounding.

Both variances are those of the log-likelihood in 50 digits (mpmath 1.4), and at the limits it lies half a chi-square below its maximum.
"""

from __future__ import annotations

import pytest

from mscsec.pooling.regression import multilevel

YI = [0.21, -0.4, 2.12, -2.54, -0.27, 1.04, -9.18, -1.18]
VI = [1e-12, 0.04, 30.0, 5.0, 4e-06, 8e-05, 60.0, 0.03]
CLUSTER = [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("method", "between", "within", "between_high", "within_limits"),
    [
        ("ML", 0.0, 0.5259222640450847, 2.702174904347617, (0.12193662213296311, 2.523877772652913)),
        (
            "REML",
            0.1765121356009701,
            0.5379577244158619,
            7.203852013404798,
            (0.11762445784744127, 3.7614563448992553),
        ),
    ],
)
def test_it_settles_where_the_likelihood_is_rounding(
    method: str, between: float, within: float, between_high: float, within_limits: tuple[float, float]
) -> None:
    for scale in (1.0, 1e-3, 1e4):
        found = multilevel([scale * y for y in YI], [scale**2 * v for v in VI], CLUSTER, method=method)
        variances = (found.tau2_between, found.tau2_within, found.tau2_between_ci_low, found.tau2_between_ci_high)
        limits = (found.tau2_within_ci_low, found.tau2_within_ci_high)
        assert [v / scale**2 for v in variances] == pytest.approx([between, within, 0, between_high], rel=1e-8)
        assert [v / scale**2 for v in limits] == pytest.approx(within_limits, rel=1e-8)
