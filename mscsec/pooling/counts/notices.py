"""What a reader must be told about sparse tables, by counts and places."""

from __future__ import annotations

import numpy as np

from mscsec.arrays import BoolArray
from mscsec.results import Notice
from mscsec.said import Said, num, said

SPARSE_RATE = 0.05  # event rate below which tables with a zero cell become likely at usual sample sizes
SHOWN = 10  # places named in one message before it says "and so on"


def places(which: BoolArray) -> Said:
    """The studies where `which` (k,) is True, by position from 1: "studies 1, 6 (2 of 8)"."""
    found = (np.flatnonzero(which) + 1).tolist()
    listed = ", ".join(str(i) for i in found[:SHOWN]) + (", ..." if len(found) > SHOWN else "")
    return num(f"{'study' if len(found) == 1 else 'studies'} {listed} ({len(found)} of {which.size})")


def empty_arms(given: BoolArray) -> tuple[Notice, ...]:
    """Studies that carry nothing because an arm has no participants or no person-time."""
    if not given.any():
        return ()
    return (Notice("P301", said("An arm is empty in {}; left out", places(given))),)


def double_zero(which: BoolArray, treatment: str) -> tuple[Notice, ...]:
    """Studies without any event, and what the method did with them."""
    return (Notice("P302", said("No event in either arm of {}: {}", places(which), treatment)),) if which.any() else ()


def double_full(which: BoolArray, treatment: str) -> tuple[Notice, ...]:
    """Studies in which everybody had the event, and what the method did with them."""
    return (Notice("P302", said("Everybody had the event in {}: {}", places(which), treatment)),) if which.any() else ()


def rare_events(rate: float, zero: BoolArray) -> tuple[Notice, ...]:
    """Said where an analysis rests on the normal approximation after a continuity correction although events are rare.

    rate : events over participants, or its complement where the event is the rule. Source: Cochrane Handbook 10.4.4.
    """
    if rate >= SPARSE_RATE and not zero.any():
        return ()
    why = num(f"{100 * rate:.2g} in 100") + (said(", a zero cell in {}", places(zero)) if zero.any() else "")
    return (
        Notice(
            "P306",
            said(
                "Events are rare ({}): inverse variance is biased with so few, and depends on the continuity correction; "
                "a common-effect MH or Peto estimate or a mixed model suits better",
                why,
            ),
        ),
    )


def corrected(which: BoolArray, how: str) -> tuple[Notice, ...]:
    """Studies whose counts were changed by the continuity correction."""
    return (Notice("P303", said("A zero cell in {}: {}", places(which), how)),) if which.any() else ()
