"""Rows in, rows out: broadcasting, the rules every figure obeys, and refusals that name their row.

Two kinds of bad row are kept apart. A figure that no data can have (a negative SD, P = 1.2) is a slip of the pen and stops
the call with `InvalidInput`. A figure that may well be right but does not determine the answer (no SD can be had from
P = 1) is refused for its row alone: the value there is NaN and a `Refusal` says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.errors import InvalidInput

Reason = tuple[BoolArray, str, str]
"""Where it holds, its code, and the sentence for the reader."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row left out, or remarked on.

    row : its index in the batch, () for a single row.
    code : stable code, explained by `mscsec explain CODE`.
    message : why, in one sentence.
    """

    row: tuple[int, ...]
    code: str
    message: str

    def __str__(self) -> str:
        place = f"row {', '.join(map(str, self.row))}: " if self.row else ""
        return f"{place}{self.message} [{self.code}]"


def columns(**figures: ArrayLike | None) -> tuple[Array, ...]:
    """The figures as float arrays of one shape; None and NaN mean "not reported".

    Raises InvalidInput for an infinite figure, for text, and for shapes that do not go together.
    """
    try:
        arrays = {name: np.asarray(value, dtype=np.float64) for name, value in figures.items()}
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"a figure is not a number: {error}", "figures are numbers, None or NaN") from error
    for name, array in arrays.items():
        must(~np.isinf(array), "a reported figure is finite", {name: array})
    try:
        return tuple(np.broadcast_arrays(*arrays.values()))
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InvalidInput(f"the shapes do not go together: {shapes}", "every figure has one value a row") from error


def must(holds: Any, rule: str, figures: Mapping[str, Array], instead: str = "") -> None:
    """Raise InvalidInput for the first row where `holds` is False, with its figures.

    holds : boolean, of the shape that the figures broadcast to; written so that an unreported figure (NaN) passes, as in `~(sd < 0)`.
    """
    if np.all(holds):
        return
    row = tuple(int(i) for i in np.argwhere(~np.asarray(holds))[0])
    place = f"[{', '.join(map(str, row))}]" if row else ""
    shape = np.shape(holds)
    values = {name: float(np.broadcast_to(array, shape)[row]) for name, array in figures.items()}
    found = " and ".join(f"{name}{place} is {value:.10g}" for name, value in values.items())
    raise InvalidInput(found, rule, instead)


def missing(**figures: Array) -> list[Reason]:
    """One reason a figure: the rows where it is not reported."""
    return [(np.isnan(array), "E301", f"{name} is not reported") for name, array in figures.items()]


def uninformative(difference: Array, statistic: Array) -> list[Reason]:
    """Rows in which a difference of zero or a statistic of zero (P = 1) fits every standard error."""
    sentence = "a difference or test statistic of zero (P = 1) leaves the standard error open"
    return [((statistic == 0) | (difference == 0), "E304", sentence)]


def judge(shape: tuple[int, ...], reasons: Iterable[Reason]) -> tuple[BoolArray, tuple[Refusal, ...]]:
    """Which rows stand, and the refusals of the others; the first reason that holds for a row is the one given.

    shape : of the batch. Gives a boolean array of that shape, and the refusals in the order of the rows.
    """
    stands = np.ones(shape, dtype=bool)
    refused: list[Refusal] = []
    for where, code, message in reasons:
        fresh = stands & where
        refused += [Refusal(tuple(int(i) for i in row), code, message) for row in np.argwhere(fresh)]
        stands = stands & ~fresh
    return stands, tuple(sorted(refused, key=lambda refusal: refusal.row))


def blank(stands: BoolArray, values: ArrayLike) -> Array:
    """`values` where the row stands, NaN where it is refused; the refusal travels beside it."""
    return np.where(stands, values, np.nan)


def safe(stands: BoolArray, values: Array, filler: float = 1.0) -> Array:
    """`values` with `filler` in the refused rows, so that a formula may run over the whole batch without warnings."""
    return np.where(stands, values, filler)
