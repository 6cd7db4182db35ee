"""2x2 tables and person-time tables as arrays, and what is done about their zero cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, ArrayLike, BoolArray, floats
from mscsec.errors import InvalidInput

SMALLEST, LARGEST = 1e-100, 1e100  # beyond, squares and products of counts and times leave the range of a float


@dataclass(frozen=True, slots=True)
class Tables:
    """Events and totals of two arms; every field has shape (..., k).

    a, n_1 : events and participants of the experimental arm; c, n_2 : of the comparator.
    mask : True for a table that enters, False for padding and for tables with an empty arm.
    Counts may be fractions (an effective sample size after a design effect).
    """

    a: Array
    n_1: Array
    c: Array
    n_2: Array
    mask: BoolArray

    @property
    def b(self) -> Array:
        """Participants of the experimental arm without the event."""
        return self.n_1 - self.a

    @property
    def d(self) -> Array:
        """Participants of the comparator without the event."""
        return self.n_2 - self.c

    @property
    def total(self) -> Array:
        """Participants; 1 where masked, so that a division by it is safe."""
        return np.where(self.mask, self.n_1 + self.n_2, 1.0)

    @property
    def any_zero(self) -> BoolArray:
        """Tables with a zero in some cell."""
        return _both(self.mask, (self.a == 0) | (self.b == 0) | (self.c == 0) | (self.d == 0))

    @property
    def double_zero(self) -> BoolArray:
        """Tables without any event."""
        return _both(self.mask, (self.a == 0) & (self.c == 0))

    @property
    def double_full(self) -> BoolArray:
        """Tables in which every participant had the event."""
        return _both(self.mask, (self.b == 0) & (self.d == 0))


@dataclass(frozen=True, slots=True)
class PersonTime:
    """Events and person-time of two arms; every field has shape (..., k), times in any one unit."""

    x_1: Array
    t_1: Array
    x_2: Array
    t_2: Array
    mask: BoolArray

    @property
    def total(self) -> Array:
        """Person-time of both arms; 1 where masked."""
        return np.where(self.mask, self.t_1 + self.t_2, 1.0)

    @property
    def any_zero(self) -> BoolArray:
        """Studies with no event in some arm."""
        return _both(self.mask, (self.x_1 == 0) | (self.x_2 == 0))

    @property
    def double_zero(self) -> BoolArray:
        """Studies without any event."""
        return _both(self.mask, (self.x_1 == 0) & (self.x_2 == 0))

    @property
    def double_full(self) -> BoolArray:
        """No study: person-time has no upper bound of events."""
        return np.zeros_like(self.mask)


def two_by_two(
    events_1: ArrayLike, n_1: ArrayLike, events_2: ArrayLike, n_2: ArrayLike, mask: ArrayLike | None = None
) -> Tables:
    """Checked tables from four arrays of shape (..., k); tables with an empty arm are masked.

    Raises InvalidInput, naming the first offender, for anything not finite, negative, or more events than participants.
    """
    (a, n1, c, n2), keep = counts(mask, events_1=events_1, n_1=n_1, events_2=events_2, n_2=n_2)
    for arm, events, total in ((1, a, n1), (2, c, n2)):
        at_most(events, total, keep, f" in arm {arm}")
    return Tables(a, n1, c, n2, keep & (n1 > 0) & (n2 > 0))


def person_time(
    events_1: ArrayLike, time_1: ArrayLike, events_2: ArrayLike, time_2: ArrayLike, mask: ArrayLike | None = None
) -> PersonTime:
    """Checked person-time tables from four arrays of shape (..., k); studies without person-time in an arm are masked.

    Raises InvalidInput for anything not finite or negative, and for events in no person-time.
    """
    (x1, t1, x2, t2), keep = counts(mask, events_1=events_1, time_1=time_1, events_2=events_2, time_2=time_2)
    for arm, events, time in ((1, x1, t1), (2, x2, t2)):
        needs_time(events, time, keep, f" in arm {arm}")
    return PersonTime(x1, t1, x2, t2, keep & (t1 > 0) & (t2 > 0))


def counts(mask: ArrayLike | None, **named: ArrayLike) -> tuple[list[Array], BoolArray]:
    """The named arrays as floats of one shape (..., k), 0 where masked, and the mask.

    Raises InvalidInput where an unmasked number is negative, not finite or of a size that no unit of time gives, or where the
    lengths differ.
    """
    given = [np.atleast_1d(floats(name, values)) for name, values in named.items()]
    if len({values.shape for values in given}) > 1:
        lengths = ", ".join(f"{name} has shape {v.shape}" for name, v in zip(named, given, strict=True))
        raise InvalidInput(lengths, "all columns have one entry a study")
    keep = np.ones(given[0].shape, dtype=bool)
    if mask is not None:
        keep &= np.asarray(mask, dtype=bool)
    for name, values in zip(named, given, strict=True):
        at = first(keep & ~((values == 0) | ((values >= SMALLEST) & (values <= LARGEST))))
        if at is not None:
            found = f"{name} of study {at[-1] + 1} is {values[at]:g}"
            if np.isfinite(values[at]) and values[at] > 0:
                instead = "Take another unit of person-time." if name.startswith("time") else ""
                raise InvalidInput(found, f"what is not 0 lies between {SMALLEST:g} and {LARGEST:g}", instead)
            raise InvalidInput(found, "it must be a number, 0 or more")
    return [np.where(keep, values, 0.0) for values in given], keep


def at_most(events: Array, total: Array, keep: BoolArray, where: str = "") -> None:
    """Raises InvalidInput where there are more events than participants."""
    at = first(keep & (events > total))
    if at is not None:
        raise InvalidInput(
            f"{events[at]:g} events of {total[at]:g}{where} of study {at[-1] + 1}",
            "there cannot be more events than participants",
        )


def needs_time(events: Array, time: Array, keep: BoolArray, where: str = "") -> None:
    """Raises InvalidInput where there are events in no person-time."""
    at = first(keep & (events > 0) & (time == 0))
    if at is not None:
        raise InvalidInput(f"{events[at]:g} events in no person-time{where} of study {at[-1] + 1}", "events take time")


def _both(one: BoolArray, other: BoolArray) -> BoolArray:
    return np.logical_and(one, other)


def first(bad: BoolArray) -> tuple[int, ...] | None:
    """Index of the first True, or None."""
    found = np.argwhere(bad)
    return tuple(int(i) for i in found[0]) if len(found) else None


def whole(values: Array, keep: BoolArray) -> bool:
    """Whether every unmasked count is a whole number."""
    return bool((values[keep] == np.floor(values[keep])).all())
