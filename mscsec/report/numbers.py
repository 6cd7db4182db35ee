"""Numbers as a reader wants them. Rounding happens here and nowhere before."""

from __future__ import annotations

import math


def number(value: float | None, decimals: int = 2) -> str:
    """`value` with fixed decimals where that shows two significant digits, otherwise with two significant digits.

    None is a dash. Zero has no sign. 0.00004 becomes 4e-05, 1234567 becomes 1.23e+06.
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    size = abs(value)
    if size >= 1e6 or 0 < size < 10.0 ** -(decimals + 2):
        return f"{value:.{max(decimals, 1)}g}" if size < 1 else f"{value:.3g}"
    if 0 < size < 10.0**-decimals:
        return f"{value:.{decimals + 2}f}"
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text


def interval(low: float | None, high: float | None, decimals: int = 2, joint: str = " to ") -> str:
    """ "-7.94 to -2.86"."""
    return f"{number(low, decimals)}{joint}{number(high, decimals)}"


def decimals(estimate: float | None) -> int:
    """Decimals of the limits beside an estimate: two, or as many as `number` shows of an estimate below 0.01."""
    return 4 if estimate is not None and 1e-4 <= abs(estimate) < 0.01 else 2


def beside(estimate: float | None, low: float | None, high: float | None, joint: str = " to ") -> str:
    """Another interval around an estimate, with its decimals: "-0.0300 to 0.0086" beside 0.0093."""
    return interval(low, high, decimals(estimate), joint)


def with_limits(
    estimate: float | None, low: float | None, high: float | None, form: str = "{} ({})", joint: str = " to "
) -> str:
    """An estimate with its limits, which have its decimals: "0.0065 (-0.0200 to 0.0400)". form : room for both."""
    return form.format(number(estimate), beside(estimate, low, high, joint))


def in_brackets(estimate: float | None, low: float | None, high: float | None) -> str:
    """ "0.55 [0.31, 0.98]": an estimate with its limits as tables and pictures write them."""
    return with_limits(estimate, low, high, "{} [{}]", ", ")


def p_value(p: float | None) -> str:
    """ "P = 0.041", "P < 0.0001", "P = 0.31"."""
    if p is None:
        return "P not available"
    if p < 0.0001:
        return "P < 0.0001"
    if p < 0.001:
        return f"P = {p:.4f}"
    return f"P = {p:.3f}" if p < 0.1 else f"P = {p:.2f}"


def percent(share: float | None, decimals: int = 1) -> str:
    """A proportion as a percentage: 0.452 becomes "45.2%"."""
    return "–" if share is None else f"{100 * share:.{decimals}f}%"


def level(value: float) -> str:
    """A confidence level: 0.95 becomes "95%", 0.999 "99.9%"."""
    return f"{100 * value:.6g}%"


def count(number_of: float, one: str, many: str | None = None) -> str:
    """ "1 study", "3 studies"."""
    return f"{number_of:g} {one if number_of == 1 else many or one + 's'}"


def plain(value: float | None) -> str:
    """A figure as short as it can be without losing a printed digit: 10.0 is 10, 5.5 is 5.5; None a dash."""
    return "–" if value is None else f"{value:.10g}"


_TIME_UNITS = frozenset({"minute", "hour", "day", "week", "month", "year", "point"})


def plural(unit: str) -> str:
    """A unit behind a number: "5.40 days", "3.2 mmHg"."""
    return f"{unit}s" if unit in _TIME_UNITS else unit


def variance(value: float | None) -> str:
    """A between-study variance: three significant digits or all of a whole number, 0 where it is exactly that."""
    if value is None or math.isnan(value):
        return "–"
    if 100 <= value < 1e5:
        return f"{value:.0f}"
    return "0" if value == 0 else f"{value:.3g}" if value >= 1e-4 and value < 1e5 else f"{value:.2e}"
