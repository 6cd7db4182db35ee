"""What a record says about a study's design, as flat flags that suggestions and the checklist read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mscsec.constants import NEARLY_COMPLETE

if TYPE_CHECKING:
    from mscsec.records.models import Arm, Design, Outcome, Study, StudyResult
    from mscsec.records.quantities import Quantity

Flags = dict[str, frozenset[str]]


class Contradiction(NamedTuple):
    """Two flags of a record that cannot both hold; `path` leads to the first, code B010."""

    path: tuple[str | int, ...]
    message: str


class Numbers(NamedTuple):
    """Participants randomised and analysed as reported; None where the record does not have them for every arm."""

    randomised: int | None
    analysed: int | None

    @property
    def share(self) -> float | None:
        """The share analysed, in [0, 1]; None where a number is missing or more were analysed than randomised."""
        if self.randomised is None or self.analysed is None or self.analysed > self.randomised:
            return None
        return self.analysed / self.randomised


def design_flags(study: Study, result: StudyResult | None = None, outcome: Outcome | None = None) -> Flags:
    """The flags of one study, and of one of its results where it is given.

    result : adds `outcome_data`: complete, nearly complete (95% or more of the randomised analysed), incomplete, unclear.
    outcome : adds `outcome_subjective` where the protocol says.
    """
    design = study.design
    flags = {
        "design": design.type,
        "sequence_generation": design.sequence_generation,
        "allocation_concealment": design.allocation_concealment,
        "blinding_participants": design.blinding.participants,
        "blinding_personnel": design.blinding.personnel,
        "blinding_assessors": design.blinding.assessors,
        "incomplete_outcome_data": design.incomplete_outcome_data,
        "selective_reporting": design.selective_reporting,
        "registered": _word(bool(design.registration)),
        "randomised": _word(design.randomised),
        "open_label": _word(design.open_label),
    }
    if result is not None:
        flags["outcome_data"] = _completeness(numbers(study, result).share)
    if outcome is not None:
        flags["outcome_subjective"] = _word(outcome.subjective)
    return {name: frozenset([value]) for name, value in flags.items()}


def _word(value: bool | None) -> str:
    return "unclear" if value is None else str(value).lower()


def _completeness(share: float | None) -> str:
    if share is None:
        return "unclear"
    return "complete" if share == 1 else "nearly complete" if share >= NEARLY_COMPLETE else "incomplete"


def numbers(study: Study, result: StudyResult | None = None) -> Numbers:
    """Participants randomised and analysed, over the arms of `result`, or over the study where none is given."""
    ids = tuple(result.arms) if result is not None and result.arms else tuple(study.arms)
    arms = [study.arms[id] for id in ids if id in study.arms]
    randomised = _total([_int(arm.randomised) for arm in arms])
    if randomised is None and len(arms) == len(study.arms):
        randomised = _int(study.population.randomised)
    analysed = _total([_analysed(study, id, result) for id in ids])
    if analysed is None and result is None:
        analysed = _int(study.population.analysed)
    return Numbers(randomised, analysed)


def _analysed(study: Study, id: str, result: StudyResult | None) -> int | None:
    if result is not None and id in result.arms and result.arms[id].n is not None:
        return _int(result.arms[id].n)
    return _int(study.arms[id].n) if id in study.arms else None


def arm_size(arm: Arm) -> int | None:
    """Participants of an arm: randomised, or analysed where that is all the record has; None where only assumed."""
    randomised = _int(arm.randomised)
    return randomised if randomised is not None else _int(arm.n)


def _int(quantity: Quantity | None) -> int | None:
    """The number as reported; one that was assumed is no evidence of how many there were."""
    return None if quantity is None or quantity.assumed else int(float(quantity))


def _total(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if values and len(known) == len(values) else None


def contradictions(study: Study) -> tuple[Contradiction, ...]:
    """Pairs of design flags that cannot both hold, each with its path in the record (code B010)."""
    design = study.design
    return (*_blinding(design), *_randomisation(design))


def _blinding(design: Design) -> list[Contradiction]:
    found = []
    blinding = design.blinding
    if design.open_label is True:
        found += [
            Contradiction(
                ("design", "blinding", group),
                f"{group} are blinded, but open_label is true; in an open-label trial participants and personnel know the treatment",
            )
            for group, value in (("participants", blinding.participants), ("personnel", blinding.personnel))
            if value == "blinded"
        ]
    groups = (blinding.participants, blinding.personnel, blinding.assessors)
    if design.open_label is False and all(value == "no-blinding" for value in groups):
        found.append(
            Contradiction(
                ("design", "open_label"),
                "open_label is false, but participants, personnel and assessors are all not blinded",
            )
        )
    return found


def _randomisation(design: Design) -> list[Contradiction]:
    found = []
    trial = design.type.endswith("-rct")
    if design.randomised is False and trial:
        found.append(Contradiction(("design", "randomised"), f"randomised is false, but the type is {design.type}"))
    if design.randomised is True and not trial:
        found.append(Contradiction(("design", "randomised"), f"randomised is true, but the type is {design.type}"))
    if design.randomised is False and design.sequence_generation == "adequate":
        found.append(
            Contradiction(("design", "sequence_generation"), "a random sequence is adequate, but randomised is false")
        )
    return found
