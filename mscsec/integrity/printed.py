"""A figure as it stands on the page, and every value it may have been before it was rounded.

All of it is exact: a printed figure is a rational number, and so are the ends of the span it was rounded from.
Floats would decide the borderline cases (2.675 to two decimals) by accident.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

from mscsec.errors import InvalidInput
from mscsec.registry import by_key, choose


@dataclass(frozen=True, slots=True)
class Printed:
    """A number with its text. decimals : digits after the point as written; negative where an exponent moves them."""

    value: Fraction
    decimals: int
    text: str

    @property
    def unit(self) -> Fraction:
        """One unit in the last written place."""
        return Fraction(10) ** -self.decimals

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        return self.text


# A figure may come as text ("5.50"), as `mscsec.records.number.Number` (a float that keeps its text), as a plain
# number (its shortest decimal form is taken for its text) or ready made.
Figure = str | float | int | Printed


def printed(figure: Figure, decimals: int | None = None) -> Printed:
    """`figure` with its decimals; `decimals` says how many were printed where a plain number cannot (5.5 for "5.50").

    Raises InvalidInput for text that is no finite number, and for more digits than `decimals`.
    """
    if isinstance(figure, Printed):
        return figure if decimals is None else _with_decimals(figure, decimals)
    kept = getattr(figure, "text", None)
    exact = _read(kept if isinstance(kept, str) else figure if isinstance(figure, str) else _shortest(figure))
    return exact if decimals is None else _with_decimals(exact, decimals)


@lru_cache(maxsize=65536)
def _read(figure: str) -> Printed:
    """A figure's text as a number. A base prints the same few figures over and over, and several checks look at each."""
    text = figure.strip()
    plain = text.rstrip(" %").replace("−", "-").replace("\N{MIDDLE DOT}", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise InvalidInput(f"{text!r} is not a number", "a figure is digits with at most one decimal point") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise InvalidInput(f"{text} is not finite", "a printed figure is a finite number")
    return Printed(Fraction(number), -exponent, text)


def _shortest(number: float) -> str:
    """The shortest decimal form of a plain number; 5.0 is taken for "5", since a float does not know its decimals."""
    value = float(number)
    return str(int(value)) if value.is_integer() else repr(value)


def _with_decimals(figure: Printed, decimals: int) -> Printed:
    if (figure.value * Fraction(10) ** decimals).denominator != 1:
        raise InvalidInput(
            f"{figure.text} does not fit {decimals} decimals", "decimals is the number of digits as printed"
        )
    return Printed(figure.value, decimals, f"{float(figure.value):.{max(decimals, 0)}f}")


@dataclass(frozen=True, slots=True)
class Span:
    """An interval of rational numbers, each end belonging to it or not."""

    low: Fraction
    high: Fraction
    low_closed: bool = True
    high_closed: bool = True

    def __contains__(self, value: Fraction) -> bool:
        above = value >= self.low if self.low_closed else value > self.low
        return above and (value <= self.high if self.high_closed else value < self.high)

    def multiples(self, step: Fraction) -> range:
        """The integers i with i * step in the span; `step` is positive."""
        up, down = step.denominator, step.numerator  # in whole numbers, which are exact too and need no reducing
        low, low_in = self.low.numerator * up, self.low.denominator * down
        high, high_in = self.high.numerator * up, self.high.denominator * down
        first = -(-low // low_in)  # ceiling
        last = high // high_in
        if not self.low_closed and first * low_in == low:
            first += 1
        if not self.high_closed and last * high_in == high:
            last -= 1
        return range(first, last + 1)

    def times(self, factor: Fraction) -> Span:
        """The span of `factor` (positive) times the values."""
        return Span(self.low * factor, self.high * factor, self.low_closed, self.high_closed)

    def plus(self, shift: Fraction) -> Span:
        """The span of the values with `shift` added."""
        return Span(self.low + shift, self.high + shift, self.low_closed, self.high_closed)

    def squared(self) -> Span:
        """The squares of the values, which are not negative."""
        return Span(self.low**2, self.high**2, self.low_closed, self.high_closed)

    def at_least(self, floor: Fraction) -> Span | None:
        """The part from `floor` on, or None where nothing is left."""
        if self.low >= floor:
            return self
        cut = Span(floor, self.high, True, self.high_closed)
        return cut if self.high > floor or (self.high == floor and self.high_closed) else None

    def floats(self) -> tuple[float, float]:
        """Both ends as floats, for computations that are not exact anyway."""
        return float(self.low), float(self.high)

    def meets(self, low: float, high: float) -> bool:
        """Whether the closed span and [low, high] have a value in common, up to floating-point error."""
        slack = 1e-12 * max(abs(low), abs(high), abs(float(self.low)), abs(float(self.high)))
        return low <= float(self.high) + slack and high >= float(self.low) - slack


@dataclass(frozen=True, slots=True)
class Rounding:
    """A rule of rounding. before : the values that it prints as the figure."""

    key: str
    name: str
    before: Callable[[Printed], Span]


def _half(figure: Printed, low_closed: bool, high_closed: bool) -> Span:
    half = figure.unit / 2
    return Span(figure.value - half, figure.value + half, low_closed, high_closed)


def _half_even(figure: Printed) -> Span:
    """Both ties next to an even last digit go to it, none goes to an odd one."""
    even = int(figure.value / figure.unit) % 2 == 0
    return _half(figure, even, even)


def _half_away(figure: Printed) -> Span:
    return _half(figure, figure.value > 0, figure.value < 0)


def _ceiling(figure: Printed) -> Span:
    return Span(figure.value - figure.unit, figure.value, False, True)


def _floor(figure: Printed) -> Span:
    return Span(figure.value, figure.value + figure.unit, True, False)


def _ceiling_or_floor(figure: Printed) -> Span:
    return Span(figure.value - figure.unit, figure.value + figure.unit, False, False)


def _toward_zero(figure: Printed) -> Span:
    if figure.value == 0:
        return _ceiling_or_floor(figure)
    return _floor(figure) if figure.value > 0 else _ceiling(figure)


def _away_from_zero(figure: Printed) -> Span:
    if figure.value == 0:
        return Span(figure.value, figure.value)
    return _ceiling(figure) if figure.value > 0 else _floor(figure)


ROUNDING = by_key(
    Rounding("up_or_down", "To nearest, ties either way", lambda figure: _half(figure, True, True)),
    Rounding("up", "To nearest, ties up", lambda figure: _half(figure, True, False)),
    Rounding("down", "To nearest, ties down", lambda figure: _half(figure, False, True)),
    Rounding("even", "To nearest, ties to even", _half_even),
    Rounding("away", "To nearest, ties away from zero", _half_away),
    Rounding("ceiling", "Up", _ceiling),
    Rounding("floor", "Down", _floor),
    Rounding("ceiling_or_floor", "Up or down, not to nearest", _ceiling_or_floor),
    Rounding("trunc", "Cut off (toward zero)", _toward_zero),
    Rounding("anti_trunc", "Away from zero", _away_from_zero),
)


def before_rounding(figure: Figure, rounding: str = "up_or_down") -> Span:
    """Every value that `rounding`, a key of `ROUNDING`, prints as `figure`."""
    return choose(ROUNDING, rounding, "rounding rule").before(printed(figure))


def spread_span(figure: Figure, rounding: str = "up_or_down") -> Span:
    """As `before_rounding` for a figure that cannot be negative, such as an SD; raises InvalidInput for a negative one."""
    whole = before_rounding(figure, rounding).at_least(Fraction(0))
    if whole is None or printed(figure).value < 0:
        raise InvalidInput(f"{printed(figure).text} is negative", "a standard deviation or error is 0 or more")
    return whole


_P = re.compile(r"\s*[Pp]?\s*(<=|>=|<|>|≤|≥|=)?\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class ReportedP:
    """A P value as printed: the figure, and "=", "<", "≤", ">" or "≥" before it."""

    figure: Printed
    sign: str = "="

    def __str__(self) -> str:
        return f"P {self.sign} {self.figure.text}"

    def fits(self, low: float, high: float, rounding: str = "up_or_down") -> bool:
        """Whether some P in [low, high] would be printed so."""
        limit = float(self.figure)
        if self.sign == "=":
            return before_rounding(self.figure, rounding).meets(low, high)
        return {"<": low < limit, "≤": low <= limit, ">": high > limit, "≥": high >= limit}[self.sign]

    def side(self, alpha: float) -> bool | None:
        """True where the report claims P below `alpha`, False where not; None where a bound leaves it open.

        `P = alpha` to the printed decimals leaves it open too.
        """
        limit = float(self.figure)
        if self.sign == "=":
            return None if limit == alpha else limit < alpha
        if self.sign in "<≤":
            return True if limit <= alpha else None
        return False if limit >= alpha else None


def reported_p(text: ReportedP | Figure, sign: str | None = None) -> ReportedP:
    """A reported P from its text ("0.04", "<0.001", "P = .047") or from a figure and its sign.

    Raises InvalidInput where it is no P value.
    """
    if isinstance(text, ReportedP):
        return text
    match = _P.fullmatch(text) if isinstance(text, str) else None
    if isinstance(text, str) and match is None:
        raise InvalidInput(f"{text!r} is not a P value", "a P value is a number from 0 to 1, or a bound such as <0.001")
    figure = printed(match[2] if match else text)
    if not 0 <= figure.value <= 1:
        raise InvalidInput(f"P is {figure.text}", "a P value lies between 0 and 1")
    found = sign or (match[1] if match else None) or "="
    normal = {"<=": "≤", ">=": "≥"}.get(found, found)
    if normal not in ("=", "<", "≤", ">", "≥"):
        raise InvalidInput(f"{found!r} stands before P", "the sign is one of = < ≤ > ≥")
    return ReportedP(figure, normal)
