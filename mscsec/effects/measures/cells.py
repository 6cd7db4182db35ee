"""Counts as measures see them, and the rules for zero cells."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from mscsec.arrays import Array, BoolArray

TO = MappingProxyType(
    {
        "only0": "studies with a zero cell",
        "all": "all studies",
        "if0all": "all studies where any has a zero cell",
        "none": "no study",
    }
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Base of the cell types: every field is one cell of the table, of the batch's shape."""

    def cells(self) -> tuple[Array, ...]:
        """The cells, in order."""
        return tuple(getattr(self, field.name) for field in fields(self) if field.name in self.counted())

    @classmethod
    def counted(cls) -> tuple[str, ...]:
        """Names of the fields that are counts, to which the correction is added."""
        return tuple(field.name for field in fields(cls))

    @classmethod
    def events(cls) -> tuple[str, ...]:
        """Names of the fields that count events rather than those without."""
        return cls.counted()

    def has_zero(self) -> BoolArray:
        """Where any cell is zero."""
        return np.asarray(np.logical_or.reduce([cell == 0 for cell in self.cells()]))

    def double_zero(self) -> BoolArray:
        """Where both groups are without events, or both without non-events; nowhere for one group."""
        return np.zeros(self.cells()[0].shape, dtype=bool)


C = TypeVar("C", bound=Counts)


@dataclass(frozen=True, slots=True)
class Table(Counts):
    """Two groups by event: a, b with and without in group 1; c, d in group 2."""

    a: Array
    b: Array
    c: Array
    d: Array

    @classmethod
    def events(cls) -> tuple[str, ...]:
        """The event cells."""
        return ("a", "c")

    @property
    def n_1(self) -> Array:
        """Size of group 1."""
        return self.a + self.b

    @property
    def n_2(self) -> Array:
        """Size of group 2."""
        return self.c + self.d

    @property
    def p_1(self) -> Array:
        """Risk in group 1."""
        return self.a / self.n_1

    @property
    def p_2(self) -> Array:
        """Risk in group 2."""
        return self.c / self.n_2

    @property
    def inverse_sum(self) -> Array:
        """Sum of the reciprocals of the four cells, the variance of the log odds ratio (Woolf 1955)."""
        return 1 / self.a + 1 / self.b + 1 / self.c + 1 / self.d

    def double_zero(self) -> BoolArray:
        """Where nobody, or everybody, had the event."""
        return np.asarray(((self.a == 0) & (self.c == 0)) | ((self.b == 0) & (self.d == 0)))


@dataclass(frozen=True, slots=True)
class ZeroRule:
    """What to do about zero cells; see `effect_size`."""

    add: float
    to: str
    drop00: bool
    addyi: bool
    addvi: bool
    onlyo1: bool


@dataclass(frozen=True, slots=True)
class Treated:
    """Counts after the rule: for yi, for vi, and which studies were corrected or dropped."""

    for_yi: Counts
    for_vi: Counts
    added: BoolArray
    dropped: BoolArray


def treat_zeros(counts: Counts, rule: ZeroRule) -> Treated:
    """Apply `rule` to `counts`.

    "if0all" looks over the studies of one meta-analysis, which is the last axis; a dropped study does not make others be corrected.
    Source: Cochrane Handbook 10.4.4.2; Sweeting, Sutton & Lambert (2004), Stat Med 23:1351-1375.
    """
    dropped = counts.double_zero() if rule.drop00 else np.zeros(counts.cells()[0].shape, dtype=bool)
    if dropped.any():
        counts = _map(counts, counts.counted(), lambda cell: np.where(dropped, np.nan, cell))
    zero = counts.has_zero()
    known = ~np.logical_or.reduce([np.isnan(cell) for cell in counts.cells()])
    reach = {
        "only0": lambda: zero,
        "all": lambda: np.ones_like(zero),
        "if0all": lambda: (
            np.broadcast_to(np.atleast_1d(zero & known).any(-1, keepdims=True), zero.shape) if zero.ndim else zero
        ),
        "none": lambda: np.zeros_like(zero),
    }[rule.to]()
    added = reach & known & (rule.add > 0)
    if not added.any():
        return Treated(counts, counts, added, dropped)
    names = counts.events() if rule.onlyo1 else counts.counted()
    more = _map(counts, names, lambda cell: np.where(added, cell + rule.add, cell))
    return Treated(more if rule.addyi else counts, more if rule.addvi else counts, added, dropped)


def _map(counts: C, names: tuple[str, ...], change) -> C:  # type: ignore[no-untyped-def]
    return replace(counts, **{name: change(getattr(counts, name)) for name in names})
