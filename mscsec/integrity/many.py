"""GRIMMER for very many figures at once, in whole-number arrays; it answers as `grimmer` does, without the numbers around it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from mscsec.arrays import Array, BoolArray, IntArray
from mscsec.errors import InvalidInput
from mscsec.integrity import whole_numbers
from mscsec.integrity.granularity import mean_step
from mscsec.integrity.printed import ROUNDING, Figure, Printed, before_rounding, spread_span
from mscsec.registry import choose

# Below this many values the existence of whole numbers is not a matter of parity alone (see `whole_numbers`).
_FREE = 5
# Whole-number arithmetic is exact in 64 bits as long as products stay below this; larger ones are worked one by one.
_EXACT = 2.0**62


def grimmer_many(
    mean: Array,
    sd: Array,
    n: IntArray,
    *,
    mean_decimals: int = 2,
    sd_decimals: int = 2,
    granularity: Figure = 1,
    items: int = 1,
    rounding: str = "up_or_down",
) -> BoolArray:
    """Whether n values in whole steps can have this mean and SD (divisor n - 1), for arrays of one shape (...): bool.

    mean, sd : as printed with `mean_decimals` and `sd_decimals`, in the unit of `granularity`. n : 2 or more.
    rounding : key of `ROUNDING`. Raises InvalidInput for an n below 2, an SD below 0 or a figure with more decimals.
    Source: Anaya (2016), PeerJ Preprints 4:e2400v1; exact as described in `whole_numbers`.
    """
    means, sds, sizes = np.broadcast_arrays(np.asarray(mean, float), np.asarray(sd, float), np.asarray(n))
    shape = means.shape
    units_mean, units_sd = _units(means.ravel(), mean_decimals), _units(sds.ravel(), sd_decimals)
    sizes = sizes.ravel().astype(np.int64)
    if (sizes < 2).any() or (units_sd < 0).any():
        raise InvalidInput("an n is below 2 or an SD below 0", "an SD needs two values or more, and is 0 or more")
    choose(ROUNDING, rounding, "rounding rule")
    step = mean_step(1, granularity, items)
    plain = (sizes >= _FREE) & _fits_in_64_bits(units_mean, units_sd, sizes, step, mean_decimals, sd_decimals)
    possible = np.zeros(means.size, dtype=bool)
    if plain.any():
        possible[plain] = _by_parity(
            units_mean[plain], units_sd[plain], sizes[plain], step, mean_decimals, sd_decimals, rounding
        )
    for place in np.flatnonzero(~plain):
        figures = (
            _printed(int(units_mean[place]), mean_decimals),
            _printed(int(units_sd[place]), sd_decimals),
        )
        possible[place] = _one(*figures, int(sizes[place]), step, rounding)
    return possible.reshape(shape)


def _units(figures: Array, decimals: int) -> IntArray:
    """Figures in units of their last decimal."""
    scaled = figures * 10.0**decimals
    whole = np.rint(scaled)
    if not np.isfinite(figures).all() or (np.abs(scaled - whole) > 1e-6 * np.maximum(np.abs(scaled), 1)).any():
        raise InvalidInput("a figure has more decimals, or is not finite", f"every figure has {decimals} decimals")
    return whole.astype(np.int64)


def _printed(units: int, decimals: int) -> Printed:
    value = Fraction(units, 10**decimals)
    return Printed(value, decimals, f"{float(value):.{decimals}f}")


def _fits_in_64_bits(mean: IntArray, sd: IntArray, n: IntArray, step: Fraction, dm: int, ds: int) -> BoolArray:
    """Where the largest products of `_by_parity` are exact."""
    p, q, size = float(step.numerator), float(step.denominator), n.astype(float)
    total = (np.abs(mean).astype(float) + 1) / 10.0**dm * size * q / p + 1
    squares = 4 * (sd.astype(float) + 1) ** 2 * size**2 * q**2
    fits: BoolArray = (total**2 * 4 * 10.0 ** (2 * ds) * p**2 + squares < _EXACT) & (total * 2 * 10.0**dm * p < _EXACT)
    return fits


def _one(mean: Printed, sd: Printed, n: int, step: Fraction, rounding: str) -> bool:
    """The same for one triple in exact fractions."""
    spread = spread_span(sd, rounding).times(1 / step).squared().times(Fraction(n - 1))
    return any(
        next(whole_numbers.candidates(n, total, spread.plus(Fraction(total**2, n)).multiples(Fraction(1))), None)
        is not None
        for total in before_rounding(mean, rounding).multiples(step / n)
    )


def _ends(units: IntArray, rounding: str) -> tuple[IntArray, IntArray, BoolArray, BoolArray]:
    """Both ends of what was rounded, in half units, and whether each belongs to it; by the rule's own function.

    A rule looks at a figure's sign and at whether its last digit is even, so that one figure of each kind tells for all.
    """
    low, high = np.empty_like(units), np.empty_like(units)
    low_closed, high_closed = np.empty(units.shape, bool), np.empty(units.shape, bool)
    kind = np.sign(units) * 2 + units % 2
    for each in np.unique(kind):
        of_kind = kind == each
        example = int(units[of_kind][0])
        span = before_rounding(_printed(example, 0), rounding)
        low[of_kind] = 2 * units[of_kind] + int(2 * (span.low - example))
        high[of_kind] = 2 * units[of_kind] + int(2 * (span.high - example))
        low_closed[of_kind], high_closed[of_kind] = span.low_closed, span.high_closed
    return low, high, low_closed, high_closed


def _first(top: IntArray, bottom: IntArray, closed: BoolArray) -> IntArray:
    """The least integer at or above top / bottom, or above it where the end is open; bottom is positive."""
    floor = top // bottom
    exact = floor * bottom == top
    first: IntArray = np.where(exact & closed, floor, floor + 1)
    return first


def _last(top: IntArray, bottom: IntArray, closed: BoolArray) -> IntArray:
    floor = top // bottom
    exact = floor * bottom == top
    last: IntArray = np.where(exact & ~closed, floor - 1, floor)
    return last


def _by_parity(mean: IntArray, sd: IntArray, n: IntArray, step: Fraction, dm: int, ds: int, rounding: str) -> BoolArray:
    """From n = 5 on: some sum fits the mean, and some sum of squares of its parity, large enough, fits the SD.

    A sum T of steps p/q has T p / (q n) for its mean; the sum of squares Q of the steps has Q = D + T^2 / n, where D, the
    squared deviations, is (n - 1) SD^2 q^2 / p^2.
    """
    p, q = step.numerator, step.denominator
    low, high, low_in, high_in = _ends(mean, rounding)
    unit = 2 * 10**dm * p
    first, last = _first(low * n * q, unit, low_in), _last(high * n * q, unit, high_in)
    sd_low, sd_high, sd_low_in, sd_high_in = _ends(sd, rounding)
    sd_low_in = sd_low_in | (sd_low < 0)
    sd_low = np.maximum(sd_low, 0)
    bottom = 4 * 10 ** (2 * ds) * p**2
    spread_low, spread_high = sd_low**2 * (n - 1) * n * q**2, sd_high**2 * (n - 1) * n * q**2
    possible = np.zeros(n.shape, dtype=bool)
    total = first
    open_ = total <= last
    while open_.any():
        shift = total**2 * bottom
        squares = _first(shift + spread_low, bottom * n, sd_low_in)
        most = _last(shift + spread_high, bottom * n, sd_high_in)
        base, over = total // n, total % n
        squares = np.maximum(squares, (n - over) * base**2 + over * (base + 1) ** 2)
        squares = squares + (squares - total) % 2
        possible |= open_ & (squares <= most)
        total = total + 1
        open_ = (total <= last) & ~possible
    return possible
