"""`synthesise`: everything that a report says of an evidence base, computed in one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mscsec.appraisal.degree import degree
from mscsec.appraisal.judgements import BiasTable, bias_table, recorded_appraisals, tools_of
from mscsec.effects.reading import Rules
from mscsec.effects.sizes import EffectSizes, effects
from mscsec.errors import MscsecError, NotEstimable, UnknownName
from mscsec.integrity.review import CONTRADICTION, QUESTION, IntegrityReview, Located, contradicted_results, review
from mscsec.pooling.result import PooledResult
from mscsec.records.models import Study
from mscsec.records.reader import EvidenceBase
from mscsec.results import Result
from mscsec.synthesis.assumed import Sensitivity as AssumedQuantity
from mscsec.synthesis.assumed import assumed_quantities
from mscsec.synthesis.combinations import ALL, Choice, Combinations, combinations
from mscsec.synthesis.fit import choices_of, fit_effects, pooled, weights_of, with_advice
from mscsec.synthesis.ledger import Assumption, RecordVersion, assumptions, record_versions, software

Named = tuple[str, str, tuple[bool, ...]]

NAMED = 3  # outcomes that a message names before it counts the others


@dataclass(frozen=True, slots=True)
class Sensitivity(Result):
    """One analysis beside the review's own: a row and a choice of the combinations.

    kind : "own", "set" (other studies), "choice" (another model or interval) or "leave-one-out".
    study : the one that is left out, for leave-one-out.
    """

    kind: str
    name: str
    row: int
    choice: int
    study: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class OutcomeSynthesis(Result):
    """One outcome.

    sizes, fit : the effects, and their pooled result by the review's own analysis; None where no study contributes.
    combinations, sensitivity : every analysis on offer, and those that a table lists; None and empty likewise.
    integrity : findings about this outcome's figures. marks : by study, the worst level among them.
    bias : judgements by the instrument that most of the pooled results are assessed with; None where nothing is assessed.
    judged : overall judgement of each pooled study, in their order; None where there is none.
    problem : why the outcome could not be computed, where it could not.
    assumed : what each assumed quantity, such as a correlation or an ICC, decides; empty where none was assumed.
    """

    outcome: str
    label: str
    sizes: EffectSizes | None
    fit: PooledResult | None
    combinations: Combinations | None
    sensitivity: tuple[Sensitivity, ...]
    integrity: tuple[Located, ...]
    marks: dict[str, str]
    bias: BiasTable | None
    judged: tuple[str | None, ...]
    problem: str = ""
    assumed: tuple[AssumedQuantity, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Synthesis(Result):
    """A review: its outcomes in the order of the protocol, and what stands behind them.

    integrity : the checks over the whole base.
    """

    base: EvidenceBase
    outcomes: tuple[OutcomeSynthesis, ...]
    integrity: IntegrityReview
    assumptions: tuple[Assumption, ...]
    records: tuple[RecordVersion, ...]
    software: tuple[tuple[str, str], ...]

    @property
    def with_data(self) -> tuple[OutcomeSynthesis, ...]:
        """The outcomes that have a pooled result (or one study's)."""
        return tuple(one for one in self.outcomes if one.fit is not None)


def synthesise(base: EvidenceBase, outcomes: Iterable[str] | None = None, *, program: str | None = None) -> Synthesis:
    """Everything that a report shows of `base`.

    outcomes : names of the protocol's outcomes; all of them where None. program : this program's version.
    An outcome that cannot be computed says why in `problem`. Raises UnknownName for an outcome that does not exist, and
    RecordError where the protocol's analysis names what pooling does not know.
    """
    choices_of(base)
    names = list(dict.fromkeys(outcomes)) if outcomes is not None else list(base.review.outcomes)
    for name in names:
        if name not in base.review.outcomes:
            raise UnknownName("outcome", name, base.review.outcomes)
    checked = review(base)
    found = tuple(outcome_of(base, name, checked) for name in names)
    sizes = [one.sizes for one in found if one.sizes is not None]
    return Synthesis(base, found, checked, assumptions(base, sizes), record_versions(base), software(program))


def outcome_of(base: EvidenceBase, outcome: str, checked: IntegrityReview) -> OutcomeSynthesis:
    """One outcome of a base; `checked` is the integrity review of the whole base."""
    label = base.review.outcomes[outcome].label
    integrity = tuple(each for each in checked.findings if each.outcome == outcome)
    decided = base.review.grade.get(outcome)
    comparison = decided.comparison if decided else None
    try:
        sizes, fit = pooled(base, outcome, comparison)
        if fit is None:
            return OutcomeSynthesis(outcome, label, sizes, None, None, (), integrity, _marks(integrity), None, ())
        fit = with_advice(sizes, fit)
        bias, judged = _bias(base, sizes, fit)
        table = combinations(sizes, choices_of(base), list(_named(sizes, judged, checked)))
    except MscsecError as error:
        return OutcomeSynthesis(
            outcome, label, None, None, None, (), integrity, _marks(integrity), None, (), error.message
        )
    return OutcomeSynthesis(
        outcome, label, sizes, fit, table, _sensitivity(sizes, table), integrity, _marks(integrity), bias, judged,
        assumed=_assumed(base, sizes, comparison),
    )  # fmt: skip


def _assumed(base: EvidenceBase, sizes: EffectSizes, comparison: str | None) -> tuple[AssumedQuantity, ...]:
    """The review's own analysis over the range of each quantity that was assumed for one of its studies."""

    def again(rules: Rules) -> EffectSizes:
        return effects(base, sizes.outcome, comparison=comparison, level=sizes.level, rules=rules)

    chosen = choices_of(base)
    plan = base.review.outcomes[sizes.outcome]
    return assumed_quantities(sizes, plan, Rules(), again, lambda found: fit_effects(found, chosen))


def _marks(found: Sequence[Located]) -> dict[str, str]:
    marks: dict[str, str] = {}
    for each in found:  # worst first
        if each.level in (CONTRADICTION, QUESTION):
            marks.setdefault(each.study, each.level)
    return marks


def _bias(base: EvidenceBase, sizes: EffectSizes, fit: PooledResult) -> tuple[BiasTable | None, tuple[str | None, ...]]:
    """The judgements of the pooled results, weighted, and the overall one of each study."""
    studies = [base.study(record) for record in dict.fromkeys(row.record for row in sizes.rows)]
    table = _bias_table(base, studies, sizes, fit)
    if table is None:
        return None, (None,) * len(sizes.rows)
    found: dict[str, str] = {}
    times = {row.record: row.timepoint for row in sizes.rows}
    for row in table.standing:
        if row.judgement("overall") and row.timepoint in (None, times.get(row.study)):
            found.setdefault(row.study, row.judgement("overall"))
    return table, tuple(found.get(row.record) for row in sizes.rows)


def _bias_table(
    base: EvidenceBase, studies: Sequence[Study], sizes: EffectSizes, fit: PooledResult
) -> BiasTable | None:
    recorded = recorded_appraisals(studies, sizes.outcome)
    used = [item.tool for item in recorded]
    if not used:
        return None
    tool = max(tools_of(recorded), key=used.count)
    shares: dict[str, float] = {}
    for name, share in weights_of(sizes, fit).items():
        record = name.split(":")[0]
        shares[record] = shares.get(record, 0.0) + share
    return bias_table(studies, tool, sizes.outcome, plans=base.review.outcomes, weights=shares)


def _named(sizes: EffectSizes, judged: Sequence[str | None], checked: IntegrityReview) -> Iterator[Named]:
    """The sets of studies that a reader asks for first."""
    against = contradicted_results(checked)
    asked = {(each.study, int(each.path[1])) for each in checked.findings
             if each.level in (CONTRADICTION, QUESTION) and each.path[0] == "results"}  # fmt: skip
    places = [(row.record, row.result_index if row.result_index is not None else -1) for row in sizes.rows]
    degrees = ["" if word is None else degree(word) for word in judged]
    yield (
        "without-high-risk",
        "Without results at high risk of bias",
        tuple(one not in ("high", "critical") for one in degrees),
    )
    yield "low-risk", "Results at low risk of bias alone", tuple(one == "low" for one in degrees)
    yield (
        "without-contradictions",
        "Without figures that contradict each other",
        tuple(place not in against for place in places),
    )
    yield "without-questions", "Without figures under any question", tuple(place not in asked for place in places)
    yield (
        "without-assumptions",
        "Without figures that are assumed",
        tuple(not any(figure.assumed for figure in row.derivation.figures) for row in sizes.rows),
    )


def _sensitivity(sizes: EffectSizes, table: Combinations) -> tuple[Sensitivity, ...]:
    own = table.own
    everything = next(one.row for one in table.named if one.key == ALL)
    rows = [Sensitivity("own", "The review's analysis", everything, own)]
    if len(sizes.rows) < 2:
        return tuple(rows)
    rows += [
        Sensitivity("choice", choice_name(choice), everything, place)
        for place, choice in enumerate(table.choices)
        if place != own and choice.ci != "auto"
    ]
    rows += [Sensitivity("set", one.name, one.row, own) for one in table.named if one.key != ALL]
    for place, row in enumerate(sizes.rows):
        left = table.without(place)
        if left is not None:
            rows.append(Sensitivity("leave-one-out", f"Without {row.label}", left, own, row.study))
    return tuple(rows)


def choice_name(choice: Choice) -> str:
    """ "Random effects, Wald interval"."""
    model = {"random": "Random effects", "common": "Common effect"}[choice.model]
    interval = {"auto": "automatic", "wald": "Wald", "hksj": "Hartung-Knapp"}.get(choice.ci, choice.ci)
    return f"{model}, {interval} interval"


def nothing_to_report(synthesis: Synthesis) -> NotEstimable:
    """Why none of the outcomes has a result, each reason once with the outcomes that have it."""
    outcomes: dict[str, list[str]] = {}
    for one in synthesis.outcomes:
        if one.problem:
            outcomes.setdefault(str(one.problem), []).append(one.outcome)
    why = "; ".join(
        ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "") + f": {problem}"
        for problem, names in outcomes.items()
    )
    return NotEstimable(
        "no outcome of the review has a result, so there is nothing to report"
        + (f". {why}" if why else ": no study contributes to any")
    )
