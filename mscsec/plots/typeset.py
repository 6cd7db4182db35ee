"""Plain text as it is printed: true minus signs, τ² and I², powers of ten, and figures of one column with decimals alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from mscsec.report.numbers import number

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LARGE, LARGEST = 1e6, 1e10  # between them an effect is printed as a whole number, in which neighbours still differ
SPREAD = 0.02  # intervals of differences narrower than this need more than two decimals


def superscript(power: int) -> str:
    """The digits of an exponent, raised."""
    return str(power).translate(_SUPERSCRIPT)


def typeset(text: str) -> str:
    """A true minus sign, τ² and I², 5.2·10²¹, and no line break in "P = 0.04"."""
    text = re.sub(r"\btau2\b", "τ²", re.sub(r"\bI2\b", "I²", text))
    text = re.sub(r"(?<=\w|²) ([=<]) (?=[-\d])", "\u00a0\\1\u00a0", text)
    text = re.sub(r"(?<=\d)e([+-]\d+)\b", lambda found: f"·10{superscript(int(found[1]))}", text)
    return re.sub(r"(?<![\w.)-])-(?=\d|inf)", "−", text)


def figures(ratio: bool, spans: Iterable[tuple[float, float]]) -> Callable[[float | None], str]:
    """How the effects of one column are printed: all with two decimals, a ratio below 0.005 as <0.01.

    ratio : whether they are ratios. spans : the ends of the intervals; of differences with intervals too narrow for two
    decimals each has two significant digits.
    """
    widths = sorted(abs(high - low) for low, high in spans) or [1.0]
    fixed = ratio or widths[len(widths) // 2] >= SPREAD

    def printed(value: float | None) -> str:
        if value is not None and LARGE <= abs(value) < LARGEST:
            return typeset(f"{value:.0f}")
        if value is None or not fixed or not abs(value) < 0.01:
            return typeset(number(value))
        if ratio and 0 < value < 0.005:
            return "<0.01"
        text = f"{value:.2f}"
        return text.lstrip("-") if float(text) == 0 else typeset(text)

    return printed
