"""What a study record and a review protocol are: two pydantic models and their parts.

Fields hold what was reported, never what was derived from it. `docs/schema/` has the JSON Schemas generated from here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, StringConstraints, Tag, WithJsonSchema

from mscsec.records.flow import Flow
from mscsec.records.number import Number
from mscsec.records.quantities import (
    Correlation,
    Count,
    Flag,
    Interval,
    Level,
    Line,
    Lines,
    Model,
    NonNegative,
    Percent,
    Positive,
    PValue,
    Quantity,
    SampleSize,
    SourceNote,
    Spread,
    Text,
    Texts,
    Year,
    as_text,
)

Adequacy = Literal["adequate", "inadequate", "unclear"]
Blinded = Literal["blinded", "no-blinding", "unclear"]
DesignType = Literal["parallel-rct", "cluster-rct", "crossover-rct", "nonrandomised", "single-arm"]
OutcomeType = Literal["continuous", "dichotomous", "time-to-event", "count", "correlation", "generic"]
Role = Literal["experimental", "comparator", "other"]
Direction = Literal["fewer", "more"]

STUDY_SCHEMA = "mscsec/study/1"
REVIEW_SCHEMA = "mscsec/review/1"

_ID = r"^[a-z0-9][a-z0-9_-]*$"
Identifier = Annotated[
    str,
    BeforeValidator(as_text),
    StringConstraints(pattern=_ID, max_length=80),
    WithJsonSchema({"type": ["string", "integer"], "pattern": _ID, "maxLength": 80, "minimum": 0}),
]
_DOI = r"^10\.\d{4,9}/\S+$"
Doi = Annotated[
    str, BeforeValidator(as_text), StringConstraints(pattern=_DOI), WithJsonSchema({"type": "string", "pattern": _DOI})
]


def family_name(author: str) -> str:
    """The family name, with its particles, in "Given Family", "Family, Given" or "Family GI"."""
    if "," in author:
        return author.split(",")[0].strip()
    words = author.split()
    if len(words) > 2 and words[-1].rstrip(".") in ("Jr", "Sr"):
        words.pop()
    if len(words) < 2:
        return author.strip()
    if words[-1].isupper() and len(words[-1]) <= 3:
        return " ".join(words[:-1])
    first = len(words) - 1
    while first > 1 and words[first - 1].islower():  # van der Berg, de la Tour
        first -= 1
    return " ".join(words[first:])


class Citation(Model):
    """The report a record was made from. A doi is bare: 10.4103/abr.abr_477_23."""

    title: Text | None = None
    authors: Lines = ()
    year: Year | None = None
    journal: Text | None = None
    published: Text | None = None
    volume: Text | None = None
    issue: Text | None = None
    pages: Text | None = None
    doi: Doi | None = None
    pmid: Text | None = None
    pmcid: Text | None = None
    preprint: Text | None = None
    url: Text | None = None
    note: Text | None = None


class Blinding(Model):
    """Who was kept from knowing the assignment."""

    participants: Blinded = "unclear"
    personnel: Blinded = "unclear"
    assessors: Blinded = "unclear"


class Design(Model):
    """How the study was done, as flags. What the report does not say is unclear or null, never a guess."""

    type: DesignType
    randomised: Flag | None = None
    ratio: Text | None = None
    sequence_generation: Adequacy = "unclear"
    allocation_concealment: Adequacy = "unclear"
    open_label: Flag | None = None
    placebo: Flag | None = None
    blinding: Blinding = Blinding()
    incomplete_outcome_data: Adequacy = "unclear"
    selective_reporting: Adequacy = "unclear"
    country: Text | None = None
    centres: Text | None = None
    period: Text | None = None
    registration: Text | None = None
    ethics: Text | None = None
    funding: Text | None = None
    conflicts: Text | None = None
    stopped_early: Text | None = None
    icc: Correlation | None = None
    cluster_size: Positive | None = None
    period_correlation: Correlation | None = None
    support: dict[str, Text] = Field(default_factory=dict)
    source: SourceNote | None = None
    notes: Texts = ()


class Population(Model):
    """Who was studied, and how many came to each stage."""

    condition: Text | None = None
    severity: Text | None = None
    inclusion: Text | None = None
    age: Text | None = None
    sex: Text | None = None
    planned: SampleSize | None = None
    screened: SampleSize | None = None
    enrolled: SampleSize | None = None
    randomised: SampleSize | None = None
    analysed: SampleSize | None = None
    source: SourceNote | None = None
    notes: Texts = ()


class Arm(Model):
    """One arm. `treatment` names what it gives in the words of the review's comparisons; without it the arm's id does.

    `n` is the number analysed where a result does not say otherwise.
    """

    role: Role
    label: Line | None = None
    treatment: Line | None = None
    intervention: Text | None = None
    dose: Text | None = None
    route: Text | None = None
    schedule: Text | None = None
    n: SampleSize | None = None
    randomised: SampleSize | None = None
    source: SourceNote | None = None
    notes: Texts = ()


class Change(Model):
    """Change from baseline in one arm; `correlation` is that between baseline and final values."""

    mean: Quantity
    sd: Spread | None = None
    se: Spread | None = None
    ci: Interval | None = None
    ci_level: Level | None = None
    correlation: Correlation | None = None


class Baseline(Model):
    """The same outcome before treatment."""

    mean: Quantity
    sd: Spread | None = None
    se: Spread | None = None
    n: SampleSize | None = None


class ArmResult(Model):
    """What the paper prints for one arm, in whatever form it prints it.

    non_events, non_event_percent : where the paper counts those without the event (survivors for death).
    range : smallest and largest value. time : person-time at risk. ci : confidence interval of the mean.
    survival, at_risk : Kaplan-Meier proportions and numbers at risk at the `times` of the result.
    """

    n: SampleSize | None = None
    events: Count | None = None
    percent: Percent | None = None
    non_events: Count | None = None
    non_event_percent: Percent | None = None
    mean: Quantity | None = None
    sd: Spread | None = None
    se: Spread | None = None
    ci: Interval | None = None
    ci_level: Level | None = None
    median: Quantity | None = None
    iqr: Interval | None = None
    range: Interval | None = None
    time: Positive | None = None
    survival: tuple[Number, ...] | None = None
    at_risk: tuple[Number, ...] | None = None
    baseline: Baseline | None = None
    change: Change | None = None
    note: Text | None = None


class ReportedEffect(Model):
    """A contrast as the paper prints it. Ratios stand on their own scale unless `log` is true.

    events : of both arms together, for a hazard ratio. direction : whether the experimental arm had fewer or more events,
        where only a P value is printed.
    """

    measure: Line
    experimental: Line | None = None
    comparator: Line | None = None
    estimate: Quantity | None = None
    ci: Interval | None = None
    ci_level: Level | None = None
    se: Spread | None = None
    p: PValue | None = None
    z: Quantity | None = None
    t: Quantity | None = None
    chi2: NonNegative | None = None
    events: Count | None = None
    o_minus_e: Quantity | None = None
    variance: Positive | None = None
    direction: Direction | None = None
    log: Flag = False
    adjusted: Text | None = None
    note: Text | None = None


class Reported(Model):
    """Test results printed beside the figures; kept to be checked, and used only where nothing better is there.

    yates : whether the chi-square has Yates' continuity correction. direction : whether the experimental arm had fewer or
        more events than the comparator, which a chi-square leaves open.
    """

    p: PValue | None = None
    test: Text | None = None
    t: Quantity | None = None
    f: NonNegative | None = None
    z: Quantity | None = None
    chi2: NonNegative | None = None
    yates: Flag = False
    direction: Direction | None = None
    df: Positive | None = None
    note: Text | None = None


class StudyResult(Model):
    """One outcome at one time point; `arms` by arm id, `effects` for printed contrasts.

    reversed : True where the scale runs against the outcome's, so that a difference changes sign.
    events : of the compared arms together, where the paper does not print them by arm; with a ratio or a chi-square and n
        of each arm they give the four cells.
    r, n : a correlation and its sample size, for an outcome of that type. times : landmarks of survival curves.
    """

    outcome: Line
    timepoint: Line | None = None
    unit: Line | None = None
    arms: dict[str, ArmResult] = Field(default_factory=dict)
    effects: tuple[ReportedEffect, ...] = ()
    reported: Reported | None = None
    events: Count | None = None
    r: Correlation | None = None
    n: SampleSize | None = None
    times: tuple[Number, ...] | None = None
    reversed: Flag = False
    source: SourceNote | None = None
    analysis: Line | None = None
    do_not_pool: Text | None = None
    notes: Texts = ()


def _shape_of_support(value: object) -> str:
    return "<mapping>" if isinstance(value, dict) else "<text>"


# A tag in angle brackets names the branch that was taken; `explain` leaves it out of the path it spells.
Support = Annotated[
    Annotated[dict[str, Text], Tag("<mapping>")] | Annotated[Text, Tag("<text>")], Discriminator(_shape_of_support)
]


class DomainAssessment(Model):
    """One domain of an instrument: answers by question id, support, the judgement, and the reason of an override."""

    answers: dict[str, Text] = Field(default_factory=dict)
    support: Support | None = None
    judgement: Text | None = None
    reason: Text | None = None
    direction: Text | None = None


class OverallAssessment(Model):
    """The overall judgement, and the reason where it departs from the algorithm's."""

    judgement: Text | None = None
    reason: Text | None = None
    direction: Text | None = None


class Assessment(Model):
    """A risk-of-bias assessment of one result by one assessor (or the consensus)."""

    tool: Line
    version: Line | None = None
    result: Line | None = None
    timepoint: Line | None = None
    comparison: Line | None = None
    aim: Literal["assignment", "adherence"] | None = None
    deviations_addressed: Texts = ()
    assessor: Line
    date: Text | None = None
    domains: dict[str, DomainAssessment] = Field(default_factory=dict)
    overall: OverallAssessment | None = None
    notes: Texts = ()


def _moderator(value: object) -> object:
    return {"value": value} if isinstance(value, Number) else value


Moderator = Annotated[Quantity | Text, BeforeValidator(_moderator)]


class Study(Model):
    """One study record. `moderators` holds study-level numbers or words for subgroups and meta-regression."""

    schema_: Literal["mscsec/study/1"] = Field(alias="schema")
    id: Identifier
    citation: Citation
    design: Design
    population: Population = Population()
    arms: Annotated[dict[str, Arm], Field(min_length=1)]
    results: tuple[StudyResult, ...] = ()
    risk_of_bias: tuple[Assessment, ...] = ()
    moderators: dict[str, Moderator] = Field(default_factory=dict)
    text_seen: Text | None = None
    not_reported: Texts = ()
    notes: Texts = ()

    @property
    def label(self) -> str:
        """First author's family name and year, as a forest plot names a study; the id where there is no author."""
        if not self.citation.authors:
            return self.id
        return f"{family_name(self.citation.authors[0])} {self.citation.year or ''}".strip()


class Question(Model):
    """The review question."""

    population: Text | None = None
    intervention: Text | None = None
    comparator: Text | None = None
    outcomes: Texts = ()


class Outcome(Model):
    """One outcome of the protocol and how it is analysed.

    granularity : step of a single patient's value, in `unit` (1 for whole days); None where it is not known.
    important_difference : minimal important difference: in `unit` for a difference, a ratio's own scale for a ratio.
    timepoints : time points in order of preference, where a trial reports several.
    correlation : assumed between baseline and final values, where a trial gives no SD of change; icc : likewise for
        cluster trials. Both are marked as assumptions wherever they are used.
    conversions : factor that turns a reported unit into `unit` (hour: 0.0416667).
    comparison : the comparison that `pool` takes unless told otherwise.
    """

    label: Line
    type: OutcomeType
    unit: Line | None = None
    granularity: Positive | None = None
    better: Literal["lower", "higher", "neither"] = "neither"
    important_difference: Positive | None = None
    measure: Text | None = None
    subjective: Flag | None = None
    comparison: Text | None = None
    timepoints: Lines = ()
    conversions: dict[str, Positive] = Field(default_factory=dict)
    range: Interval | None = None
    correlation: Correlation | None = None
    icc: Correlation | None = None
    notes: Texts = ()


class Comparison(Model):
    """Which treatments are set against which; both sides may name several."""

    experimental: Lines
    comparator: Lines
    label: Line | None = None


class Analysis(Model):
    """Defaults of `pool` for this review; the command line overrides each."""

    preset: Text | None = None
    model: Literal["random", "common"] | None = None
    tau2: Text | None = None
    ci: Text | None = None
    prediction: Text | None = None
    level: Level | None = None
    designs: tuple[DesignType, ...] | None = None


class Risk(Quantity):
    """A risk in [0, 1], as a baseline for absolute effects."""

    low, high = 0.0, 1.0
    rule = "a risk lies between 0 and 1"
    advice = "Write 0.2 for 20%"


class GradeDecision(Model):
    """What the panel decides in one domain of GRADE: levels (-1 is one down, 1 one up, 0 no change) and why."""

    levels: Literal[-3, -2, -1, 0, 1, 2]
    reason: Text


class GradeOutcome(Model):
    """The panel's decisions on the certainty for one outcome; a domain left out keeps the proposal.

    baseline_risk : assumed risk in the comparison group. sizes : where a small, moderate and large effect begin, rising.
    suspicions : reasons to suspect unpublished results.
    """

    comparison: Text | None = None
    importance: Literal["critical", "important", "limited"] | None = None
    followup: Line | None = None
    baseline_risk: Risk | None = None
    sizes: tuple[Positive, Positive, Positive] | None = None
    suspicions: Texts = ()
    risk_of_bias: GradeDecision | None = None
    inconsistency: GradeDecision | None = None
    indirectness: GradeDecision | None = None
    imprecision: GradeDecision | None = None
    publication_bias: GradeDecision | None = None
    large_effect: GradeDecision | None = None
    dose_response: GradeDecision | None = None
    plausible_confounding: GradeDecision | None = None


class Review(Model):
    """The protocol: `review.yaml`. `grade` holds the panel's decisions by outcome."""

    schema_: Literal["mscsec/review/1"] = Field(alias="schema")
    title: Line
    question: Question = Question()
    outcomes: Annotated[dict[str, Outcome], Field(min_length=1)]
    comparisons: dict[str, Comparison] = Field(default_factory=dict)
    analysis: Analysis = Analysis()
    flow: Flow = Flow()
    grade: dict[str, GradeOutcome] = Field(default_factory=dict)
    notes: Texts = ()
