"""Sums that stand in the last line of a table of studies: patients, events, shares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mscsec.effects.collect import StudyEffect


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over studies of one side; None where a study does not say."""

    n: float | None
    events: float | None


def totals(rows: Sequence[StudyEffect]) -> tuple[Totals, Totals]:
    """Patients and events of the experimental and of the comparator side."""
    sides = ([row.experimental for row in rows], [row.comparator for row in rows])
    one, two = (Totals(_sum([arm.n for arm in side]), _sum([arm.events for arm in side])) for side in sides)
    return one, two


def share_of(weights: Sequence[float | None], members: Sequence[int]) -> float | None:
    """The share of the studies at the places `members`; None where the method gives no weights."""
    return _sum([weights[place] for place in members])


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if known and len(known) == len(values) else None
