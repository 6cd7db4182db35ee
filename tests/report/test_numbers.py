"""Numbers in print: an estimate and its limits in one line have like decimals."""

from __future__ import annotations

import pytest

from mscsec.report.numbers import with_limits


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((0.0065, -0.02, 0.04), "0.0065 (-0.0200 to 0.0400)"),
        ((-0.0065, -0.02, 0.0), "-0.0065 (-0.0200 to 0.0000)"),
        ((0.0099996, 0.005, 1.2), "0.0100 (0.0050 to 1.2000)"),
        ((0.01, -0.02, 0.04), "0.01 (-0.02 to 0.04)"),
        ((-5.4, -7.943, -2.857), "-5.40 (-7.94 to -2.86)"),
        ((0.0, -0.02, 0.04), "0.00 (-0.02 to 0.04)"),
        ((0.2, 0.0042, 9.31), "0.20 (0.0042 to 9.31)"),  # a limit below 0.01 keeps two digits of its own
        ((0.00002, -0.02, 0.04), "2e-05 (-0.02 to 0.04)"),
        ((None, None, None), "– (– to –)"),
    ],
)
def test_limits_have_the_decimals_of_their_estimate(values: tuple[float | None, ...], shown: str) -> None:
    estimate, low, high = values
    assert with_limits(estimate, low, high) == shown
    inside = with_limits(estimate, low, high, "{} [{}]", ", ")
    assert inside == shown.replace(" to ", ", ").replace("(", "[").replace(")", "]")
