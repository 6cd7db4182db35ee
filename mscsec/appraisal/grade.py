"""Certainty of evidence: start by design, proposals domain by domain, the panel's word beside each, every step shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mscsec.appraisal.evidence import Evidence, grade_data, label
from mscsec.appraisal.proposals import GRADE_DOMAINS, Proposal, Value
from mscsec.errors import InvalidInput, UnknownName
from mscsec.results import Notice, Result
from mscsec.said import OUTCOME, Said, quoted, said


@dataclass(frozen=True, slots=True)
class Override:
    """The panel's levels for one domain (0 for none) and the reason, which is required."""

    levels: int
    reason: str


@dataclass(frozen=True, slots=True)
class Step(Result):
    """One step of the rating.

    proposed : levels the data speak for, None where they cannot say; levels : what counts.
    change : levels with its sign, down negative; 0 where rating up is not allowed.
    after : certainty once this step is taken, held between the lowest and the highest.
    reason : the panel's where it overrides, else that of the proposal.
    """

    domain: str
    name: str
    proposed: int | None
    levels: int
    label: str
    change: int
    after: str
    overridden: bool
    reason: str
    proposed_reason: str
    numbers: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Certainty(Result):
    """The rating of one body of evidence.

    level : High, Moderate, Low or Very low; target : what the certainty is about.
    size : trivial, small, moderate or large by the stated thresholds; trivial or important where there is one alone;
        empty where none was stated.
    notes : one sentence for each domain that changed the rating, as a footnote has it.
    """

    outcome: str
    start: str
    start_reason: str
    steps: tuple[Step, ...]
    level: str
    symbol: str
    meaning: str
    target: str
    size: str
    statement: str
    notes: tuple[str, ...]
    warnings: tuple[Notice, ...] = ()

    def __repr__(self) -> str:
        changes = ", ".join(f"{step.domain} {step.change:+d}" for step in self.steps if step.change)
        return f"Certainty({self.outcome}: {self.level}; start {self.start}{', ' + changes if changes else ''})"


def propose(evidence: Evidence) -> tuple[Proposal, ...]:
    """What the data speak for in every domain, in the order of an evidence profile; decides nothing."""
    return tuple(domain.propose(evidence) for domain in GRADE_DOMAINS.values())


def rate(evidence: Evidence, overrides: Mapping[str, Override] | None = None) -> Certainty:
    """The certainty of `evidence`: the proposals, with the panel's `overrides` by domain in their place.

    Start (High 4, Low 2) less the levels down plus the levels up, held between 1 and 4. Rating up is for
    non-randomised evidence that was not rated down. Domains that data cannot judge count as 0 and are named (B404).
    Raises `UnknownName` (B401) for a domain that does not exist and `InvalidInput` (B401) for an override without
    reason or with levels the domain does not have. Source: Balshem et al. (2011), J Clin Epidemiol 64:401-406.
    """
    checked = dict(overrides or {})
    for key, override in checked.items():
        _check_override(key, override)
    names = [item["name"] for item in grade_data()["levels"]]
    start = grade_data()["start"][evidence.design]
    place = names.index(start["level"])
    steps: list[Step] = []
    for proposal in propose(evidence):
        step = _step(evidence, proposal, checked.get(proposal.domain), steps, place, names)
        steps.append(step)
    final = names.index(steps[-1].after)
    level = grade_data()["levels"][final]
    size = _size(evidence)
    return Certainty(
        outcome=evidence.outcome,
        start=start["level"],
        start_reason=start["why"],
        steps=tuple(steps),
        level=level["name"],
        symbol=level["symbol"],
        meaning=level["meaning"],
        target=_target(evidence),
        size=size,
        statement=_statement(evidence, level["name"], size),
        notes=tuple(_note(step) for step in steps if step.change),
        warnings=_warnings(evidence, steps, size),
    )


def _check_override(key: str, override: Override) -> None:
    if key not in GRADE_DOMAINS:
        raise UnknownName("GRADE domain", key, GRADE_DOMAINS, code="B401")
    labels = grade_data()["domains"][key]["labels"]
    if not 0 <= override.levels < len(labels):
        raise InvalidInput(
            f"{key} is rated by {override.levels} levels", f"levels are 0 to {len(labels) - 1}", code="B401"
        )
    if not override.reason.strip():
        raise InvalidInput(f"{key} is overridden without a reason", "the panel's judgement needs a reason", code="B401")


def _step(
    evidence: Evidence, proposal: Proposal, override: Override | None, before: list[Step], start: int, names: list[str]
) -> Step:
    domain = GRADE_DOMAINS[proposal.domain]
    levels = override.levels if override else proposal.levels or 0
    allowed = not domain.up or _may_rate_up(evidence, before)
    change = (levels if domain.up else -levels) if allowed else 0
    total = start + sum(step.change for step in before) + change
    reason = quoted(override.reason.rstrip()) if override else proposal.reason
    if levels and not allowed:
        reason += " Not rated up: that is for non-randomised evidence without a reason to rate down."
    return Step(
        domain=domain.key,
        name=domain.name,
        proposed=proposal.levels,
        levels=levels,
        label=label(domain.key, levels) if override or proposal.levels is not None else proposal.label,
        change=change,
        after=names[min(max(total, 0), len(names) - 1)],
        overridden=override is not None and override.levels != proposal.levels,
        reason=reason,
        proposed_reason=proposal.reason,
        numbers=proposal.numbers,
    )


def _may_rate_up(evidence: Evidence, before: list[Step]) -> bool:
    return evidence.design == "nonrandomised" and not any(step.change < 0 for step in before)


def _note(step: Step) -> str:
    count = ("", "one level", "two levels", "three levels")[abs(step.change)]
    way = "down" if step.change < 0 else "up"
    reason = step.reason
    return said("Rated {} {} for {}: {}{}", way, count, step.name.lower(), reason, "" if reason.endswith(".") else ".")


def _target(evidence: Evidence) -> str:
    threshold = evidence.threshold
    if len(evidence.limits) > 1:
        return "partially contextualized: the size of the effect (trivial, small, moderate or large)"
    if threshold:
        shown = (
            said("{:.0f} per 1000", 1000 * threshold)
            if evidence.has_absolute
            else said("{:.3g} on the analysis scale", threshold)
        )
        return said("minimally contextualized: an important difference ({})", shown)
    return "non-contextualized: an effect on one side of no effect"


def _size(evidence: Evidence) -> str:
    """By the absolute effect and the thresholds stated, never by a P value."""
    difference = abs(evidence.absolute(evidence.estimate))
    limits = evidence.limits
    if not limits:
        return ""
    words = ("trivial", "small", "moderate", "large") if len(limits) > 1 else ("trivial", "important")
    return words[sum(difference >= limit for limit in limits)]


def _statement(evidence: Evidence, level: str, size: str) -> Said:
    """The plain-language sentence; without thresholds it speaks of the direction alone."""
    verb = "reduce" if evidence.estimate < 0 else "increase"
    words = {"verb": verb, "verbs": f"{verb}s", "noun": "reduction" if verb == "reduce" else "increase"}
    chosen = "trivial" if evidence.estimate == 0 else size if size in ("trivial", "small", "large") else "moderate"
    text: str = grade_data()["statements"][level][chosen]
    outcome = evidence.outcome
    inside = (
        outcome if outcome[1:2].isupper() else outcome[:1].lower() + outcome[1:]
    )  # ICU and IL-6 keep their capitals
    named = evidence.intervention.replace("{", "{{").replace("}", "}}")
    template = text.format(X=named, O="{}", **words)
    if not template[1:2].isupper():  # iNO keeps its small letter
        template = template[0].upper() + template[1:]
    return said(template, quoted(inside, OUTCOME))


def _warnings(evidence: Evidence, steps: list[Step], size: str) -> tuple[Notice, ...]:
    notices = []
    open_domains = [step.name for step in steps if step.proposed is None and not step.overridden]
    if open_domains:
        notices.append(Notice("B404", f"not judged and counted as no reason to rate down: {', '.join(open_domains)}"))
    if not size:
        notices.append(
            Notice("B405", "no important difference is stated; certainty is about the direction of the effect alone")
        )
    if evidence.is_ratio and not evidence.has_absolute and evidence.absolute_measure:
        notices.append(Notice("B406", "no baseline risk is known; imprecision is judged on the relative scale"))
    return tuple(notices)
