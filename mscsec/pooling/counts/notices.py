"""What a reader must be told about sparse tables, by counts and places."""

from __future__ import annotations

import numpy as np

from mscsec.arrays import BoolArray
from mscsec.results import Notice
from mscsec.said import Said, num, said

SPARSE_RATE = 0.05  # event rate below which tables with a zero cell become likely at usual sample sizes
NO_EVENT = "over all studies there is no event in one of the arms"
ONE_SIDED = (
    "in every study there is no event in one of the arms, or no one without it in the other, always on the same side"
)
ONE_OUTCOME = "one of the two outcomes never occurred in any table"
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


def rare_events(rate: float, zero: BoolArray, measure: str) -> tuple[Notice, ...]:
    """Said where an analysis rests on study effects after a continuity correction although the tables are sparse.

    rate : events over participants, in [0, 1]. measure : "OR", or "RR", which is sparse in events alone.
    Source: Cochrane Handbook 10.4.4.
    """
    odds = measure == "OR"
    if (min(rate, 1 - rate) if odds else rate) >= SPARSE_RATE and not zero.any():
        return ()
    many = odds and rate > 0.5
    why = num(f"{100 * (1 - rate):.2g} in 100 without the event" if many else f"{100 * rate:.2g} events in 100")
    why += said(", a zero cell in {}", places(zero)) if zero.any() else ""
    better = "a common-effect MH or Peto estimate or a mixed model" if odds else "a common-effect MH estimate"
    text = said(
        "The tables are sparse ({}): pooling the studies' own estimates is biased then, and depends on the continuity "
        "correction; {} suits better",
        why, better,
    )  # fmt: skip
    return (Notice("P306", text),)


def corrected(which: BoolArray, how: str) -> tuple[Notice, ...]:
    """Studies whose counts were changed by the continuity correction."""
    return (Notice("P303", said("A zero cell in {}: {}", places(which), how)),) if which.any() else ()


def corrected_too(which: BoolArray, amount: str, where: str) -> tuple[Notice, ...]:
    """Studies without a zero cell whose counts were changed by a rule that goes beyond these ("if0all" or "all")."""
    if not which.any():
        return ()
    why = "because another study has one" if where == "if0all" else "as in every study"
    return (Notice("P303", said("No zero cell in {}: {} added there too, {}", places(which), amount, why)),)


def no_weight(which: BoolArray) -> tuple[Notice, ...]:
    """Studies whose events in arm 1 do not count, since none in the comparator lets any be expected."""
    if not which.any():
        return ()
    text = said(
        "No event in the comparator of {}: no weight in the estimate, which weights by expected events", places(which)
    )
    return (Notice("P302", text),)
