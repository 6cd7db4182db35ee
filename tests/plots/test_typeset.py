"""Text as it is printed: signs, powers, and figures of one column with decimals alike."""

from __future__ import annotations

import pytest

from mscsec.plots.typeset import figures, typeset
from mscsec.report.numbers import variance


@pytest.mark.parametrize(
    ("plain", "printed"),
    [
        ("t = -3.37 on 10 df, P = 0.007", "t\u00a0=\u00a0−3.37 on 10 df, P\u00a0=\u00a00.007"),
        ("tau2 = 0.1; I2 = 3%", "τ²\u00a0=\u00a00.1; I²\u00a0=\u00a03%"),
        ("1.23e+06 to 4e-05", "1.23·10⁶ to 4·10⁻⁵"),
        ("day 0-14, MSC-2", "day 0-14, MSC-2"),
    ],
)
def test_typeset(plain: str, printed: str) -> None:
    assert typeset(plain) == printed


def test_ratios_of_one_column_have_two_decimals_and_none_reads_as_nothing() -> None:
    printed = figures(True, [(0.0086, 2.39)])
    assert [printed(value) for value in (0.85, 0.0086, 0.0049, 0.0, 13.373, 5.18e21, None)] == [
        "0.85", "0.01", "<0.01", "0.00", "13.37", "5.18·10²¹", "–",
    ]  # fmt: skip


def test_differences_have_two_decimals_unless_their_intervals_are_narrower() -> None:
    days, risks = figures(False, [(-4.1, 2.0), (-1.0, 1.0)]), figures(False, [(-0.004, 0.006)])
    minute = figures(False, [(1e-9, 3e-9)])
    assert minute(2e-9) == "2·10⁻⁹"
    assert [days(-2.5), days(0.004), days(-0.004), days(0.006)] == ["−2.50", "0.00", "0.00", "0.01"]
    assert [days(12345678.4), days(-1.2e12)] == ["12345678", "−1.2·10¹²"]
    assert [risks(value) for value in (-0.0042, 0.25, -3.2e-5)] == ["−0.004", "0.250", "0.000"]


def test_a_variance_of_a_thousand_has_no_exponent() -> None:
    assert [variance(value) for value in (1303.4, 142.3, 21.37, 0.000621, 0.0)] == [
        "1303",
        "142",
        "21.4",
        "0.000621",
        "0",
    ]
