"""Counts as measures see them, and the rules for zero cells."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from types import MappingProxyType

import numpy as np

from mscsec.arrays import Array, BoolArray
from mscsec.effects.measures.base import Measure

TO = MappingProxyType(
    {
        "only0": "studies with a zero cell",
        "all": "all studies",
        "if0all": "all studies where any has a zero cell",
        "none": "no study",
    }
)

# Ratios, and other forms of the odds ratio: a trial without events in either arm says nothing about them.
NO_EVENTS = "no-events"  # the rule that drops studies without an event, and keeps those full of events
SPARE_FULL = (
    "spare-full"  # the constant in the events alone, but not for the variance of a group in which all had the event
)
RELATIVE = frozenset({"RR", "OR", "PETO", "IRR", "YUQ", "YUY", "OR2D", "OR2DL", "OR2DN"})

TACC = "TACC"  # in the place of a constant: treatment-arm continuity correction, by the size of the other arm


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

    def no_events(self) -> BoolArray:
        """Where nobody had the event."""
        return np.asarray(np.logical_and.reduce([getattr(self, name) == 0 for name in self.events()]))

    def arm_shares(self) -> dict[str, Array]:
        """Constants by cell in proportion to the group, for "TACC"; empty where there are no two groups of participants."""
        return {}


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

    def arm_shares(self) -> dict[str, Array]:
        """Each group's share of the participants. Source: Sweeting, Sutton & Lambert (2004), Stat Med 23:1351-1375."""
        share = self.n_1 / (self.n_1 + self.n_2)
        return {"a": share, "b": share, "c": 1 - share, "d": 1 - share}

    def double_zero(self) -> BoolArray:
        """Where nobody, or everybody, had the event."""
        return np.asarray(((self.a == 0) & (self.c == 0)) | ((self.b == 0) & (self.d == 0)))


@dataclass(frozen=True, slots=True)
class ZeroRule:
    """What to do about zero cells; see `effect_size`."""

    add: float | str
    to: str
    drop00: bool | str
    addyi: bool
    addvi: bool
    onlyo1: bool | str


def drop_double_zeros(row: Measure, asked: bool | str | None) -> bool | str | None:
    """Whether trials without events in either arm are left out: as asked, else for relative measures."""
    if asked is None:
        return True if row.key in RELATIVE else None
    return asked if row.family in ("dichotomous", "rates") else None


@dataclass(frozen=True, slots=True)
class Treated:
    """Counts after the rule: for yi, for vi, and which studies were corrected or dropped."""

    for_yi: Counts
    for_vi: Counts
    added: BoolArray
    dropped: BoolArray


def treat_zeros(counts: Counts, rule: ZeroRule) -> Treated:
    """Apply `rule` to `counts`.

    "if0all" looks over the studies of one meta-analysis, the last axis; a dropped study does not have others corrected.
    Source: Cochrane Handbook 10.4.4.2; Sweeting, Sutton & Lambert (2004), Stat Med 23:1351-1375.
    """
    dropped = np.zeros(counts.cells()[0].shape, dtype=bool)
    if rule.drop00:
        dropped = counts.no_events() if rule.drop00 == NO_EVENTS else counts.double_zero()
    if dropped.any():
        counts = replace(
            counts, **{name: np.where(dropped, np.nan, getattr(counts, name)) for name in counts.counted()}
        )
    added = _reach(counts, rule)
    if not added.any():
        return Treated(counts, counts, added, dropped)
    names = counts.events() if rule.onlyo1 else counts.counted()
    constants = counts.arm_shares() if rule.add == TACC else dict.fromkeys(names, rule.add)
    more = replace(counts, **{name: getattr(counts, name) + np.where(added, constants[name], 0.0) for name in names})
    for_vi = _spared(more, counts) if rule.onlyo1 == SPARE_FULL and isinstance(counts, Table) else more
    return Treated(more if rule.addyi else counts, for_vi if rule.addvi else counts, added, dropped)


def _spared(more: Counts, counts: Table) -> Counts:
    """`more` with what a group full of events got moved to those without: as large a group, and the events as counted.

    Source: Hartung & Knapp (2001), Stat Med 20:3875-3889, equation 18.
    """
    cells: dict[str, Array] = {}
    for event, other in (("a", "b"), ("c", "d")):
        full = getattr(counts, other) == 0
        before, after = getattr(counts, event), getattr(more, event)
        cells |= {event: np.where(full, before, after), other: np.where(full, after - before, getattr(counts, other))}
    return replace(more, **cells)


def _reach(counts: Counts, rule: ZeroRule) -> BoolArray:
    """The studies that the constant is added to; never one with a cell missing."""
    known = ~np.logical_or.reduce([np.isnan(cell) for cell in counts.cells()])
    zero = counts.has_zero() & known
    if rule.to == "none" or rule.add == 0:
        return np.zeros_like(zero)
    if rule.to == "only0":
        return np.asarray(zero)
    return np.asarray(known if rule.to == "all" else known & zero.any(-1, keepdims=True))
