"""Plain text as it is printed: true minus signs, τ² and I², powers of ten, and figures of one column with decimals alike."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable

from mscsec.report.numbers import number

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LARGE, LARGEST = 1e6, 1e10  # between them an effect is printed as a whole number, in which neighbours still differ
MOST = 6  # decimals; what needs more is printed by powers of ten


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
    """How the effects of one column are printed: all with the same decimals, a ratio below 0.005 as <0.01.

    ratio : whether they are ratios, which have two decimals. spans : the ends of the intervals; differences have two
    decimals, or as many as half an interval needs not to be 0.
    """
    halves = sorted(abs(high - low) / 2 for low, high in spans) or [1.0]
    half = halves[len(halves) // 2]
    decimals = 2 if ratio or not 0 < half < math.inf else max(2, math.ceil(-math.log10(half) - 1e-9))

    def printed(value: float | None) -> str:
        if value is not None and LARGE <= abs(value) < LARGEST:
            return typeset(f"{value:.0f}")
        if value is None or decimals > MOST or not abs(value) < LARGE:
            return typeset(number(value))
        if ratio and 0 < value < 0.005:
            return "<0.01"
        text = f"{value:.{decimals}f}"
        return text.lstrip("-") if float(text) == 0 else typeset(text)

    return printed
