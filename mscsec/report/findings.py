"""The summary of findings and the evidence profile as texts, row by row, for every kind of page."""

from __future__ import annotations

from mscsec.appraisal.findings import Finding, SummaryOfFindings
from mscsec.appraisal.grade import Step
from mscsec.report.numbers import count, with_limits
from mscsec.results import Notice
from mscsec.said import Said, num, said
from mscsec.synthesis.certainty import Body

HEADS = ("Outcome", "Participants (studies)", "Relative effect (95% CI)", "Risk with comparison", "Risk with intervention",
         "Difference (95% CI)", "Certainty", "What happens")  # fmt: skip
STEPS = ("Domain", "Levels", "Reason")
PROFILE = ("Outcome", "Studies", "Design", "Risk of bias", "Inconsistency", "Indirectness", "Imprecision", "Other considerations",
           "Effect", "Certainty")  # fmt: skip


def effect_words(row: Finding) -> str:
    """The relative effect, or the difference of means."""
    if row.relative is not None:
        return f"{row.measure} {with_limits(row.relative, row.relative_low, row.relative_high)}"
    if row.difference is not None:
        return f"{row.measure} {with_limits(row.difference, row.difference_low, row.difference_high)}"
    return ""


def finding_cells(row: Finding) -> list[str]:
    """One row of the summary as text, in the order of `HEADS`."""
    people = (
        ""
        if not row.studies
        else f"{row.participants if row.participants is not None else 'not known'} ({row.studies})"
    )
    outcome = row.outcome + (f", {row.followup}" if row.followup else "")
    absolute = row.absolute
    risks = ["", "", ""]
    if absolute is not None:
        low, high = sorted((absolute.risk_low, absolute.risk_high))
        risks = [
            f"{per_1000(absolute.baseline)} per 1000",
            f"{per_1000(absolute.risk)} per 1000 ({per_1000(low)} to {per_1000(high)})",
            absolute.text,
        ]
    elif row.difference is not None:
        risks[2] = with_limits(row.difference, row.difference_low, row.difference_high)
    relative = effect_words(row) if row.relative is not None else ""
    marks = f" ({', '.join(row.marks)})" if row.marks else ""
    certainty = f"{row.symbol} {row.certainty}{marks}".strip()
    return [outcome, people, relative, *risks, certainty, row.statement]


def per_1000(risk: float) -> int:
    """A risk as people in a thousand, halves up."""
    return int(1000 * risk + 0.5 + 1e-9)


def profile_cells(body: Body, row: Finding) -> list[str]:
    """One row of the evidence profile as text, in the order of `PROFILE`."""
    steps = {step.domain: step for step in body.certainty.steps}
    down = [_judged(steps[key]) for key in ("risk_of_bias", "inconsistency", "indirectness", "imprecision")]
    others = [f"{step.name.lower()}: {_judged(step)}" for key, step in steps.items()
              if key not in ("risk_of_bias", "inconsistency", "indirectness", "imprecision") and (step.change or step.levels)]  # fmt: skip
    design = {"randomised": "randomised trials", "case-series": "case series"}.get(
        body.evidence.design, "non-randomised studies"
    )
    return [body.certainty.outcome, count(body.evidence.k, "study", "studies"), design, *down, "; ".join(others) or "none",
            effect_words(row), f"{row.symbol} {row.certainty}"]  # fmt: skip


def _judged(step: Step) -> str:
    return f"{step.label} ({step.change:+d})" if step.change else step.label


def below_findings(found: SummaryOfFindings) -> list[str]:
    """What stands under the summary: the lettered notes, where the absolute risks come from, and warnings."""
    remark = [found.remark] if any(row.absolute for row in found.rows) else []
    return [
        *(f"{mark}. {note}" for mark, note in found.notes.items()),
        *remark,
        *(f"Note: {x}" for x in found.warnings),
    ]


def step_rows(body: Body) -> list[list[str]]:
    """Each step of a rating as a row of text: domain, levels, reason; what the data propose beside a decision."""
    rows = []
    for step in body.certainty.steps:
        decided = " (decided by the panel)" if step.overridden else ""
        rows.append([step.name, change(step) + decided, step_reason(step)])
    return rows


def step_reason(step: Step) -> str:
    """The reason of a step; what the data propose beside a decision."""
    if not step.overridden or step.proposed_reason == step.reason:
        return step.reason
    proposed = Said("cannot say") if step.proposed is None else said("propose {}", step.proposed)
    return said("{} From the data ({}): {}", step.reason, proposed, step.proposed_reason)


def notes_on(body: Body) -> list[str]:
    """What else a reader of a rating must know: the baseline risk's origin and the warnings."""
    origin = baseline_words(body)
    return [*([origin] if origin else []), *(f"Note: {notice}" for notice in notices_on(body))]


def notices_on(body: Body) -> tuple[Notice, ...]:
    """The warnings of a rating and of the evidence that it looks at."""
    return (*body.certainty.warnings, *body.warnings)


def baseline_words(body: Body) -> Said:
    """The baseline risk and where it is from; empty where there is none."""
    risk = body.evidence.baseline_risk
    if not body.baseline_from or risk is None:
        return Said()
    return said("Baseline risk {}: {}", num(f"{per_1000(risk)} per 1000"), body.baseline_from)


def change(step: Step) -> str:
    """The levels that a step moves the certainty by, with their sign."""
    return f"{step.change:+d}" if step.change else "0"
