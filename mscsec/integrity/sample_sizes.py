"""How many patients stand behind a recorded figure, how sure that is, and which other numbers it might be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import bdtr

from mscsec.records.models import ArmResult, Study, StudyResult
from mscsec.records.quantities import SampleSize
from mscsec.said import quoted, said

Kind = Literal["printed", "arm", "randomised", "assumed", "elsewhere"]

# Simple randomisation seldom gives a split further out than this: 2.5% of the time on each side.
_TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Size:
    """A number of patients. kind : where it comes from. words : the same for a reader. most : the largest it might be."""

    n: int
    kind: Kind
    words: str
    most: int

    @property
    def firm(self) -> bool:
        """Whether the report prints it, for the result or for the arm."""
        return self.kind in ("printed", "arm", "randomised")


def size_of(study: Study, result: StudyResult, name: str, own: SampleSize | None = None) -> Size | None:
    """The size behind the figures of arm `name`, or None where nothing in the record tells.

    own : n printed closer to the figure than the result's (that of a baseline). First the n of the result, then that of
    the arm, then the randomised, then the n of another result of the same arm.
    """
    arm, here = study.arms.get(name), result.arms.get(name)
    closest = own or (here.n if here else None)
    if closest is not None:
        return _size(study, name, closest, "printed", "n as printed for this result")
    if arm is not None and arm.n is not None:
        return _size(study, name, arm.n, "arm", "n of the arm; that of this result is not printed")
    if arm is not None and arm.randomised is not None:
        return _size(study, name, arm.randomised, "randomised", "all randomised; the number analysed is not printed")
    for other in study.results:
        there = other.arms.get(name)
        if there is not None and there.n is not None:
            return _size(study, name, there.n, "elsewhere", f"n of {other.outcome}")
    return None


def _size(study: Study, name: str, quantity: SampleSize, kind: Kind, words: str) -> Size:
    n = int(quantity.value)
    if quantity.assumed is not None:
        kind = "elsewhere" if kind == "elsewhere" else "assumed"
        words = (
            said("{}, assumed there ({})", words, quoted(quantity.assumed))
            if kind == "elsewhere"
            else said("n assumed ({})", quoted(quantity.assumed))
        )
    if kind == "elsewhere":
        words += "; that of this result is not printed"
    return Size(n, kind, words, max(n, most_patients(study, name) or 2 * n))


def most_patients(study: Study, name: str) -> int | None:
    """The largest number the arm can have: its randomised, else all patients of the trial; None where neither is known."""
    arm = study.arms.get(name)
    if arm is not None and arm.randomised is not None:
        return int(arm.randomised.value)
    return total_patients(study)


def total_patients(study: Study) -> int | None:
    """Patients randomised, else analysed, else enrolled, in the whole trial; None where none is recorded as printed."""
    people = study.population
    for quantity in (people.randomised, people.analysed, people.enrolled):
        if quantity is not None and quantity.assumed is None:
            return int(quantity.value)
    return None


def smallest_arm(total: int) -> int:
    """The smaller arm of the most uneven split that 1:1 simple randomisation of `total` patients gives 95 times in 100.

    The lower 2.5% point of a binomial with one half, and 2 at least: 6 of 20.
    """
    sizes = np.arange(total // 2 + 1)
    below = bdtr(sizes, total, 0.5)
    return max(int(sizes[below > _TAIL][0]), 2)


def firm_count(arm: ArmResult, size: Size | None) -> int | None:
    """Events as printed, or those left by the printed patients without the event; None where neither is printed."""
    if arm.events is not None:
        return int(arm.events.value)
    if arm.non_events is not None and size is not None and size.n >= arm.non_events.value:
        return size.n - int(arm.non_events.value)
    return None
