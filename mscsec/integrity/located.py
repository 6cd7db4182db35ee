"""A verdict with the place of its figures in a record, and the calls that make one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mscsec.errors import MscsecError
from mscsec.integrity.printed import ReportedP, printed
from mscsec.integrity.sample_sizes import Size
from mscsec.integrity.table import INTEGRITY
from mscsec.integrity.verdict import Finding, Verdict, listed
from mscsec.records.models import Outcome, Study, StudyResult
from mscsec.records.nodes import Path
from mscsec.records.quantities import PValue
from mscsec.said import joined, num, said

Placed = tuple[Path, Verdict]
Verdicts = Iterator[Placed]


@dataclass(frozen=True, slots=True)
class Setting:
    """One result of one study with the outcome's plan. path : of the result in the record. rounding : key of `ROUNDING`."""

    study: Study
    result: StudyResult
    plan: Outcome | None
    path: Path
    rounding: str

    @property
    def own_unit(self) -> bool:
        """Whether the figures stand in the outcome's unit, in which its granularity and range are given."""
        return self.plan is not None and self.result.unit in (None, self.plan.unit)

    @property
    def independent(self) -> bool:
        """Whether patients were allocated one by one to arms of their own, as every plain test takes it."""
        return self.study.design.type not in ("cluster-rct", "crossover-rct")


def attempt(key: str, *arguments: Any, **named: Any) -> Verdict:
    """The verdict of the check `key`; undecided, with the reason, where its figures cannot be computed with."""
    try:
        return INTEGRITY[key].run(*arguments, **named)
    except MscsecError as error:
        figures = joined(", ", (num(each) for each in arguments if not isinstance(each, (list, tuple, dict))))
        return Verdict(key, Finding.UNDECIDED, figures, "", error.message)


def p_of(quantity: PValue) -> ReportedP:
    """A recorded P with its sign."""
    sign = {"<=": "≤", ">=": "≥", None: "="}.get(quantity.bound, quantity.bound)
    return ReportedP(printed(quantity.value), sign or "=")


def with_size(verdict: Verdict, size: Size, fits: tuple[int, ...] | None = None) -> Verdict:
    """The verdict with where its n comes from; one against an n that is not printed becomes a condition on n.

    fits : other sizes up to `size.most` that the figures allow.
    """
    verdict = replace(verdict, assumption=joined("; ", (part for part in (verdict.assumption, size.words) if part)))
    if size.firm or fits is None or verdict.finding not in (Finding.INCONSISTENT, Finding.ONLY_IF):
        return verdict
    if not fits:
        return replace(verdict, found=said("{}; no n up to {} allows it", verdict.found, size.most))
    condition = joined(" or ", (part for part in (verdict.condition, said("n is {}", listed(fits))) if part))
    numbers = {**verdict.numbers, "possible_n": fits}
    return replace(verdict, finding=Finding.ONLY_IF, condition=condition, numbers=numbers)
