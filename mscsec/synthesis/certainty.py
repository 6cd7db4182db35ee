"""From a pooled outcome and its assessments to the body of evidence that GRADE rates, and to its findings."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mscsec.appraisal.degree import degree
from mscsec.appraisal.evidence import RATIOS, Evidence
from mscsec.appraisal.grade import Certainty, Override, rate
from mscsec.appraisal.judgements import bias_table, recorded_appraisals, tools_of
from mscsec.appraisal.proposals import GRADE_DOMAINS
from mscsec.effects.collect import StudyEffect
from mscsec.effects.sizes import EffectSizes
from mscsec.pooling.result import PooledResult
from mscsec.records.models import GradeOutcome, Study
from mscsec.records.reader import EvidenceBase
from mscsec.results import Notice, Result
from mscsec.said import OUTCOME, num, quoted, said
from mscsec.synthesis.fit import choices_of, fit_effects
from mscsec.synthesis.funnel import FunnelTest, funnel_test
from mscsec.synthesis.review import Synthesis

Fit = Callable[[EffectSizes], PooledResult]


@dataclass(frozen=True, slots=True)
class Body(Result):
    """One outcome rated: what was looked at, the rating, and where its numbers come from.

    tool : instrument of the risk-of-bias judgements; empty where nothing is assessed. baseline_from : in words.
    funnel : the test of funnel asymmetry, or why there is none.
    """

    outcome: str
    comparison: str | None
    evidence: Evidence
    certainty: Certainty
    tool: str
    baseline_from: str
    warnings: tuple[Notice, ...] = ()
    funnel: FunnelTest | None = None


def body_of(
    base: EvidenceBase, sizes: EffectSizes, fit: PooledResult, refit: Fit, baseline: float | None = None
) -> Body:
    """The certainty of one pooled outcome: proposals from the data, decisions from `grade:` in the protocol.

    refit : pools some of the studies again in the same way, for the estimate without those at high risk of bias.
    baseline : risk in the comparison group, in [0, 1]; the protocol's, else that of the pooled comparison groups, where
        None. Raises `InvalidInput` as `rate` does.
    """
    decision = base.review.grade.get(sizes.outcome) or GradeOutcome()
    studies = [base.study(row.record) for row in sizes.rows]
    tool, judged = _judgements(studies, sizes, base)
    risk, risk_from, notices = _baseline(sizes, decision, baseline)
    funnel = funnel_test(sizes, fit.tau2)
    low_risk = _without_high(sizes, judged, refit)
    evidence = _evidence(base, sizes, fit, funnel, _design(studies, tool), judged, low_risk, risk)
    if funnel.result is not None:
        notices += funnel.result.warnings
    return Body(
        sizes.outcome,
        sizes.comparison,
        evidence,
        rate(evidence, overrides_of(decision)),
        tool,
        risk_from,
        tuple(notices),
        funnel,
    )


def _evidence(
    base: EvidenceBase,
    sizes: EffectSizes,
    fit: PooledResult,
    funnel: FunnelTest,
    design: str,
    judged: tuple[str | None, ...],
    without_high: tuple[float, float, float] | None,
    risk: float | None,
) -> Evidence:
    decision = base.review.grade.get(sizes.outcome) or GradeOutcome()
    ratio = sizes.measure in RATIOS
    difference = sizes.important_difference
    return Evidence(
        outcome=base.review.outcomes[sizes.outcome].label,
        measure=sizes.measure,
        design=design,
        k=fit.k,
        estimate=fit.estimate,
        ci_low=fit.ci_low,
        ci_high=fit.ci_high,
        intervention=_intervention(base, sizes),
        level=fit.level,
        prediction_low=fit.prediction_low,
        prediction_high=fit.prediction_high,
        i2=fit.i2,
        tau2=fit.tau2,
        study_estimates=tuple(row.yi for row in sizes.rows),
        study_low=tuple(row.ci_low for row in sizes.rows),
        study_high=tuple(row.ci_high for row in sizes.rows),
        weights=fit.weights,
        judgements=judged,
        without_high=without_high,
        participants=_total(sizes.rows, "n"),
        events=_total(sizes.rows, "events"),
        baseline_risk=risk,
        sd=_sd(sizes.rows),
        important_difference=None if ratio else difference,
        important_ratio=min(difference, 1 / difference) if ratio and difference else None,
        sizes=(float(decision.sizes[0]), float(decision.sizes[1]), float(decision.sizes[2]))
        if decision.sizes
        else None,
        suspicions=decision.suspicions,
        **_asymmetry(funnel),
        followup=decision.followup or "",
    )


def _asymmetry(funnel: FunnelTest) -> dict[str, Any]:
    """The fields of `Evidence` that the test of the funnel fills."""
    if funnel.result is None:
        return {"asymmetry_why": funnel.reason}
    return {
        "asymmetry_p": funnel.result.p_value,
        "asymmetry_test": funnel.name,
        "asymmetry_statistic": funnel.result.statistic,
        "asymmetry_df": funnel.result.df,
        "asymmetry_why": funnel.reason,
        "small_studies": funnel.result.small_studies,
    }


def bodies_of(synthesis: Synthesis) -> dict[str, Body]:
    """The certainty of every outcome with data that the protocol has decisions for, by outcome."""
    base = synthesis.base
    chosen = choices_of(base)
    return {
        one.outcome: body_of(base, one.sizes, one.fit, lambda sizes: fit_effects(sizes, chosen))
        for one in synthesis.with_data
        if one.outcome in base.review.grade and one.sizes is not None and one.fit is not None
    }


def overrides_of(decision: GradeOutcome) -> dict[str, Override]:
    """The panel's decisions as `rate` takes them: levels without their sign, by domain."""
    made = {key: getattr(decision, key) for key in GRADE_DOMAINS}
    return {key: Override(abs(int(item.levels)), item.reason) for key, item in made.items() if item is not None}


def _judgements(studies: list[Study], sizes: EffectSizes, base: EvidenceBase) -> tuple[str, tuple[str | None, ...]]:
    """The instrument that most of the pooled results are assessed with, and the overall judgement of each."""
    used = [item.tool for item in recorded_appraisals(studies, sizes.outcome)]
    if not used:
        return "", ()
    tool = max(tools_of(recorded_appraisals(studies, sizes.outcome)), key=used.count)
    table = bias_table(studies, tool, sizes.outcome, plans=base.review.outcomes)
    found: dict[str, str] = {}
    for row in table.standing:
        at = next((one.timepoint for one in sizes.rows if one.study == row.study), None)
        if row.judgement("overall") and row.timepoint in (None, at):
            found.setdefault(row.study, row.judgement("overall"))
    return tool, tuple(found.get(row.study) for row in sizes.rows)


def _design(studies: list[Study], tool: str) -> str:
    """The weakest design among the studies, as GRADE starts from it."""
    kinds = {study.design.type for study in studies}
    if "single-arm" in kinds:
        return "case-series"
    if "nonrandomised" in kinds:
        return "nonrandomised-robins-i" if tool.startswith("robins-i") else "nonrandomised"
    return "randomised"


def _intervention(base: EvidenceBase, sizes: EffectSizes) -> str:
    plan = base.review.comparisons.get(sizes.comparison or "")
    return " or ".join(plan.experimental) if plan else "the intervention"


def _without_high(sizes: EffectSizes, judged: tuple[str | None, ...], refit: Fit) -> tuple[float, float, float] | None:
    """The estimate without the results at high risk of bias; None where none is, or none would be left."""
    high = [
        row.study
        for row, word in zip(sizes.rows, judged, strict=False)
        if word is not None and degree(word) in ("high", "critical")
    ]
    if not high or len(high) == len(sizes.rows):
        return None
    fit = refit(sizes.without(high))
    return fit.estimate, fit.ci_low, fit.ci_high


def _total(rows: tuple[StudyEffect, ...], name: str) -> int | None:
    """The sum over both arms of all studies; None where one does not report it."""
    values = [getattr(arm, name) for row in rows for arm in (row.experimental, row.comparator)]
    return None if None in values else round(math.fsum(values))


def _sd(rows: tuple[StudyEffect, ...]) -> float | None:
    """Pooled SD of the comparison groups; None where one is not known."""
    arms = [row.comparator for row in rows]
    known = [(arm.sd, arm.n) for arm in arms if arm.sd is not None and arm.n is not None and arm.n > 1]
    if len(known) < len(arms) or not known:
        return None
    return math.sqrt(math.fsum(sd**2 * (n - 1) for sd, n in known) / math.fsum(n - 1 for _, n in known))


def _baseline(
    sizes: EffectSizes, decision: GradeOutcome, asked: float | None
) -> tuple[float | None, str, list[Notice]]:
    """The assumed risk in the comparison group, where it is from, and a notice where nobody stated one."""
    if asked is not None:
        return asked, "as given on the command line", []
    stated = decision.baseline_risk
    if stated is not None:
        where = stated.source.where if stated.source else stated.assumed or ""
        return float(stated), quoted(where) or "stated in the protocol", []
    events = [row.comparator.events for row in sizes.rows]
    people = [row.comparator.n for row in sizes.rows]
    known = [(e, n) for e, n in zip(events, people, strict=True) if e is not None and n]
    if len(known) < len(sizes.rows) or not known:
        return None, "", []
    lost, total = math.fsum(e for e, _ in known), math.fsum(n for _, n in known)
    taken = said("{} in the comparison groups", num(f"{lost:g} of {total:g}"))
    return (
        lost / total,
        taken,
        [Notice("B408", said("no baseline risk is stated for {}; taken as {}", quoted(sizes.outcome, OUTCOME), taken))],
    )
