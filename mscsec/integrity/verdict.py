"""What a check says: what was tested, under which assumption, what was found, and what to ask the authors.

A verdict is about figures and never about people. Most contradictions turn out to be misprints, patients missing from an
outcome, or a spread of the other kind; so each verdict names the readings under which the figures would agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mscsec.integrity.printed import ReportedP
from mscsec.integrity.tails import Interval
from mscsec.results import Notice, Result
from mscsec.said import joined, num, said


class Finding(StrEnum):
    """How the figures stand to each other, from agreement to a changed conclusion."""

    CONSISTENT = "consistent"
    ONLY_IF = "consistent-only-if"  # under a reading other than the usual one, which `condition` names
    UNLIKELY = "unlikely"  # possible, and a coincidence that wants explaining
    INCONSISTENT = "inconsistent"  # under no reading that was tried
    DECISION_ERROR = "decision-error"  # inconsistent, and on the other side of alpha than reported
    UNDECIDED = "undecided"  # the figures do not let the check be made


@dataclass(frozen=True, slots=True)
class Reading(Result):
    """One way to read the figures, and what it gives.

    usual : what a reader takes it for unless told otherwise. value : recomputed from the figures as printed; low, high :
    what their rounding allows. None where there is no number. fits : whether the reported figure agrees.
    """

    label: str
    usual: bool
    fits: bool
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict(Result):
    """The outcome of one check; `check` is its key in `INTEGRITY`, and a code that `mscsec explain` explains.

    tested : the figures, as printed. assumption : what was taken for granted. found : the result, with its numbers.
    condition : the reading under which the figures agree, for consistent-only-if. question : what to ask the authors;
    empty where there is nothing to ask. numbers : what was computed, by name. readings : every reading that was tried.
    """

    check: str
    finding: Finding
    tested: str
    assumption: str
    found: str
    condition: str = ""
    question: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()
    warnings: tuple[Notice, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether there is something to ask the authors."""
        return self.finding not in (Finding.CONSISTENT, Finding.UNDECIDED)


def reading_of_p(label: str, usual: bool, p: Interval, reported: ReportedP, rounding: str) -> Reading:
    """A reading that gives a P, compared with the reported one."""
    return Reading(label, usual, reported.fits(p.low, p.high, rounding), p.value, p.low, p.high)


def judge_p(
    check: str,
    reported: ReportedP,
    readings: Sequence[Reading],
    *,
    tested: str,
    assumption: str,
    question: str,
    alpha: float,
    numbers: Mapping[str, Any] | None = None,
) -> Verdict:
    """The verdict on a reported P by the readings that were tried, one usual reading or more among them."""
    usual = [each for each in readings if each.usual]
    fitting = [each for each in readings if each.fits]
    finding = _finding(reported, usual, fitting, alpha)
    best = next((each for each in usual if each.fits), None)
    shown = [best] if best else usual
    found = joined("; ", (said("{} gives {}", each.label, num(p_text(each))) for each in shown)) + said(
        "; reported {}", reported
    )
    return Verdict(
        check,
        finding,
        tested,
        assumption,
        found,
        condition=joined(" or ", (each.label for each in fitting)) if finding is Finding.ONLY_IF else "",
        question="" if finding is Finding.CONSISTENT else question,
        numbers=numbers or {},
        readings=tuple(readings),
        warnings=_test_decides(reported, usual, alpha) if finding is Finding.CONSISTENT else (),
    )


def _finding(reported: ReportedP, usual: Sequence[Reading], fitting: Sequence[Reading], alpha: float) -> Finding:
    if any(each.usual for each in fitting):
        return Finding.CONSISTENT
    if fitting:
        return Finding.ONLY_IF
    sides = {_side(each, alpha) for each in usual}
    claimed = reported.side(alpha)
    crossed = claimed is not None and sides == {not claimed}
    return Finding.DECISION_ERROR if crossed else Finding.INCONSISTENT


def _side(reading: Reading, alpha: float) -> bool | None:
    """True where every P the figures allow is below alpha, False where none is, None where rounding leaves it open."""
    if reading.low is None or reading.high is None:
        return None
    return True if reading.high < alpha else False if reading.low >= alpha else None


def _test_decides(reported: ReportedP, usual: Sequence[Reading], alpha: float) -> tuple[Notice, ...]:
    """A notice where another usual test puts the same figures on the other side of alpha."""
    claimed = reported.side(alpha)
    other = [each for each in usual if _side(each, alpha) is not None and _side(each, alpha) != claimed]
    if claimed is None or not other:
        return ()
    named = joined(", ", (said("{} {}", each.label, num(p_text(each))) for each in other))
    return (
        Notice(
            "I002", said("which side of {:g} P lies on depends on the test: {}, against {}", alpha, named, reported)
        ),
    )


def p_text(reading: Reading) -> str:
    """P with the interval that rounding allows, where that is wider than its last digit."""
    value = f"P = {short_p(reading.value)}"
    if reading.low is None or reading.high is None or short_p(reading.low) == short_p(reading.high):
        return value
    return f"{value} ({short_p(reading.low)} to {short_p(reading.high)})"


def short_p(p: float | None) -> str:
    """P to two significant digits, three decimals at most where it is large; "-" for none."""
    if p is None:
        return "-"
    return f"{p:.3f}" if p >= 0.01 else f"{p:.2g}"


def listed(numbers: Sequence[int], most: int = 12) -> str:
    """ "6, 20" ; "none"; a long list is cut and says so."""
    if not numbers:
        return "none"
    shown = ", ".join(str(number) for number in numbers[:most])
    return num(shown + (f" and {len(numbers) - most} more" if len(numbers) > most else ""))
