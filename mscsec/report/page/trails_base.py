"""Trails of what is said of the whole base: records, the flow, the protocol's choices, and numbers that a rule sets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mscsec.appraisal.evidence import grade_data
from mscsec.appraisal.judgements import recorded_appraisals
from mscsec.effects.measures import MEASURES
from mscsec.pooling.presets import DEFAULT_PRESET, PRESETS
from mscsec.records.flow import Flow, Included
from mscsec.records.models import Arm, Population, Study
from mscsec.records.nodes import Path
from mscsec.records.quantities import Quantity, SourceNote
from mscsec.records.reader import EvidenceBase
from mscsec.report.numbers import count, number
from mscsec.report.page.names import ASSESSMENTS, FLOW, PROTOCOL_TRAIL, RECORDS_TRAIL, RULES, record_id
from mscsec.report.page.trails import Figure, Quote, Step, Trail, exact, source_words
from mscsec.synthesis.combinations import EVERY_SUBSET_UP_TO
from mscsec.synthesis.ledger import PROTOCOL, Assumption
from mscsec.synthesis.review import Synthesis

STAGES = ("planned", "screened", "enrolled", "randomised", "analysed")


def base_trails(synthesis: Synthesis) -> Iterator[Trail]:
    """Everything that is not about one outcome."""
    base = synthesis.base
    yield protocol_trail(synthesis)
    yield rules_trail()
    yield records_trail(base)
    if any(study.risk_of_bias for study in base.studies):
        yield assessments_trail(base)
    for study in base.studies:
        yield record_trail(base, study, [one for one in synthesis.assumptions if one.study == study.id])
    if any(True for _ in flow_counts(base.review.flow)):
        yield flow_trail(base)


# --- one record -------------------------------------------------------------------------------------------------


def record_trail(base: EvidenceBase, study: Study, assumed: list[Assumption]) -> Trail:
    """The figures that the page shows of one study outside its results, each at its line, and all that is assumed in it."""
    figures: dict[Path, Figure] = {}
    quotes: dict[tuple[str, str], None] = {}

    def note(source: SourceNote | None) -> None:
        if source is not None:
            quotes[(source.where, source.text or "")] = None

    def add(name: str, value: Quantity, path: Path) -> None:
        figures[path] = Figure(name, value.value.text, str(base.origin(study.id, path)), value.assumed or "")
        note(value.source)

    def cited(name: str, text: str | None, *path: str) -> None:
        if text is not None and re.search(r"\d", text):
            figures[path] = Figure(name, text, str(base.origin(study.id, path)))

    for part in ("country", "centres"):
        cited(part, getattr(study.design, part), "design", part)
    for part in ("condition", "severity"):
        cited(part, getattr(study.population, part), "population", part)
    for stage, value in stages(study.population).items():
        add(stage, value, ("population", stage))
    note(study.population.source)
    for key, arm in study.arms.items():
        for part in ("label", "dose", "route", "schedule"):
            cited(f"{key}: {part}", getattr(arm, part), "arms", key, part)
        for name, value in sizes_of(arm).items():
            add(f"{arm.label or key}: {name}", value, ("arms", key, name))
        note(arm.source)
    for one in assumed:
        figures.setdefault(one.path, Figure(" ".join(map(str, one.path)), one.origin.text, str(one.origin), one.reason))
    words = "" if figures else base.documents[study.id].file
    return Trail(
        record_id(study.id), f"{study.label}: figures of the record", words, tuple(figures.values()),
        tuple(Quote(*one) for one in quotes),
    )  # fmt: skip


def stages(population: Population) -> Mapping[str, Quantity]:
    """How many people came to each stage, where the report says so."""
    found = {stage: getattr(population, stage) for stage in STAGES}
    return {stage: value for stage, value in found.items() if value is not None}


def sizes_of(arm: Arm) -> Mapping[str, Quantity]:
    """The sizes that a record has of an arm."""
    found = {"randomised": arm.randomised, "n": arm.n}
    return {name: value for name, value in found.items() if value is not None}


# --- all records ------------------------------------------------------------------------------------------------


def records_trail(base: EvidenceBase) -> Trail:
    """Every record, and the outcomes that it reports: who is counted where a number of studies is said."""
    plans = base.review.outcomes
    figures = []
    for study in base.studies:
        names = dict.fromkeys(plans[one.outcome].label for one in study.results if one.outcome in plans)
        figures.append(
            Figure(study.label, "; ".join(names) or "no outcome of the protocol", base.documents[study.id].file)
        )
    return Trail(
        RECORDS_TRAIL, f"The {count(len(base.studies), 'record')}, and the outcomes that each reports",
        "A number of studies counts lines of this table.", tuple(figures),
    )  # fmt: skip


def assessments_trail(base: EvidenceBase) -> Trail:
    """Every assessment of risk of bias on record, at its line."""
    figures = tuple(
        Figure(one.label, f"{one.tool}, {one.result or 'the study'}", str(base.origin(one.study, ("risk_of_bias", one.place, "tool"))))
        for one in recorded_appraisals(base.studies)
    )  # fmt: skip
    return Trail(ASSESSMENTS, "Assessments of risk of bias on record", "", figures)


def flow_counts(flow: Flow) -> Iterator[tuple[str, str, Quantity]]:
    """Every number of the flow that is recorded: its box, its name within it (empty where there is one alone), and itself."""
    for name in type(flow).model_fields:
        given = getattr(flow, name)
        if isinstance(given, Included):
            inner = {part: getattr(given, part) for part in ("studies", "reports")}
            yield from ((name, part, one) for part, one in inner.items() if one is not None)
        elif isinstance(given, Mapping):
            yield from ((name, part, one) for part, one in given.items())
        elif given is not None:
            yield name, "", given


def flow_trail(base: EvidenceBase) -> Trail:
    """The counts of the flow of studies, each at its line in the protocol."""
    figures = []
    for name, part, one in flow_counts(base.review.flow):
        path = ("flow", name, part) if part else ("flow", name)
        said = ": ".join(word.replace("_", " ") for word in (name, part) if word)
        figures.append(Figure(said, one.value.text, str(base.protocol.origin(path)), one.assumed or ""))
    return Trail(FLOW, "Flow of studies", "", tuple(figures))


# --- choices and rules ------------------------------------------------------------------------------------------


def protocol_trail(synthesis: Synthesis) -> Trail:
    """What the protocol chooses, each choice at its line, and the convention that holds where it says nothing."""
    base = synthesis.base
    own, origin = base.review.analysis, base.protocol.origin
    preset = PRESETS[own.preset or DEFAULT_PRESET]
    figures = []
    for name in type(own).model_fields:
        if getattr(own, name) is not None:
            at = origin(("analysis", name))
            figures.append(Figure(name, at.text or ", ".join(getattr(own, name)), str(at)))
    for one in synthesis.outcomes:
        plan = base.review.outcomes[one.outcome]
        for name in ("label", "important_difference", "granularity", "correlation", "icc"):
            value = getattr(plan, name)
            if value is not None and (name != "label" or re.search(r"\d", value)):
                at = origin(("outcomes", one.outcome, name))
                assumed = value.assumed or "" if isinstance(value, Quantity) else ""
                figures.append(Figure(f"{one.outcome}: {name.replace('_', ' ')}", at.text, str(at), assumed))
    question = base.review.question
    for name in ("population", "intervention", "comparator"):
        text = getattr(question, name)
        if text and re.search(r"\d", text):
            figures.append(Figure(name, text, str(origin(("question", name)))))
    for key, comparison in base.review.comparisons.items():
        if comparison.label and re.search(r"\d", comparison.label):
            at = origin(("comparisons", key, "label"))
            figures.append(Figure(f"{key}: label", comparison.label, str(at)))
    figures += [Figure("note", text, str(origin(("notes", place)))) for place, text in enumerate(base.review.notes)]
    figures += [
        Figure(" ".join(map(str, one.path)), one.origin.text, str(one.origin), one.reason)
        for one in synthesis.assumptions
        if one.study == PROTOCOL
    ]
    steps = [
        Step("level of confidence", number(float(own.level or 0.95)), "the protocol's" if own.level else "the usual one; the protocol states none"),
        Step("convention", preset.key, preset.name, "", source_words(preset.source)),
    ]  # fmt: skip
    return Trail(PROTOCOL_TRAIL, "Choices of the protocol", "", tuple(figures), steps=tuple(steps))


def rules_trail() -> Trail:
    """Numbers that neither data nor protocol set, but a rule: of guidance, or of this program."""
    steps = [
        Step(
            name.replace("_", " "), exact(float(row["value"])), str(row.get("why", "")) or "a number of GRADE",
            "", "convention of this program" if row["source"] == "convention" else source_words(row["source"]),
        )
        for name, row in grade_data()["numbers"].items()
    ]  # fmt: skip
    subsets = 2**EVERY_SUBSET_UP_TO - 1
    steps += [
        Step("added to empty cells", exact(MEASURES["RR"].add), "to every cell of a table of which one is empty", "", source_words("cochrane_handbook")),
        Step("every subset", str(EVERY_SUBSET_UP_TO), f"up to so many studies each subset is worked out: {subsets} of them", "", "convention of this program"),
    ]  # fmt: skip
    return Trail(
        RULES, "Numbers set by a rule", "They come neither from data nor from the protocol.", steps=tuple(steps)
    )
