"""`mscsec integrity`: can the recorded figures be true, what would make them agree, and what to ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from mscsec.cli import options as opt
from mscsec.cli.check import choose_format
from mscsec.cli.check import render as render_problems
from mscsec.cli.output import document, emit, json_text, output_kind, say_base
from mscsec.cli.render_integrity import (
    inspect_csv,
    inspect_markdown,
    inspect_text,
    integrity_csv,
    integrity_markdown,
    integrity_text,
    samples_csv,
    samples_markdown,
    samples_text,
)
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import MscsecError, UsageError
from mscsec.integrity.inspect_sr import prefill
from mscsec.integrity.problems import problems_of
from mscsec.integrity.review import IntegrityReview, contradicted_results, review
from mscsec.integrity.samples import samples_of
from mscsec.pooling.result import PooledResult
from mscsec.problems import RecordError
from mscsec.records.reader import EvidenceBase, load
from mscsec.results import Result
from mscsec.synthesis.fit import choices_of, fit_effects, pooled

Study = Annotated[
    str | None,
    typer.Option(
        "--study", metavar="STUDY", help="One study, by id.", autocompletion=opt._studies, rich_help_panel=opt.STUDIES
    ),
]
Rounding = Annotated[
    str,
    typer.Option(
        "--rounding",
        metavar="RULE",
        help="How the reports rounded: up_or_down (nearest, ties either way), up, down, even, away, ceiling, floor, ceiling_or_floor, trunc, anti_trunc.",
        rich_help_panel="Checks",
    ),
]
All = Annotated[bool, typer.Option("--all", help="List the checks that passed, too.", rich_help_panel="Checks")]
Reconstruct = Annotated[
    bool,
    typer.Option(
        "--reconstruct",
        help="With --outcome and --study: samples of whole steps that give the mean and SD, as a histogram.",
        rich_help_panel="Checks",
    ),
]
InspectSr = Annotated[
    bool,
    typer.Option(
        "--inspect-sr",
        help="Suggested answers to the checks of INSPECT-SR that figures can speak to.",
        rich_help_panel="Checks",
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--output-format",
        metavar="FORMAT",
        help="text, json, github (annotations) or sarif.",
        rich_help_panel=opt.SHOWN,
    ),
]


@dataclass(frozen=True, slots=True)
class WithAndWithout(Result):
    """The pooled estimate of all results, and without those that contradict themselves.

    left_out : labels of the studies without which it was pooled again; empty where no pooled result is in question.
    reason : why there is no estimate, where there is none.
    """

    sizes: EffectSizes | None
    everything: PooledResult | None
    without: PooledResult | None
    left_out: tuple[str, ...]
    reason: str = ""


def command(
    outcome: opt.Outcome = None,
    study: Study = None,
    rounding: Rounding = "up_or_down",
    all_checks: All = False,
    reconstruct: Reconstruct = False,
    inspect_sr: InspectSr = False,
    comparison: opt.Comparison = None,
    studies: opt.Studies = None,
    json: opt.AsJson = False,
    csv: opt.AsCsv = False,
    markdown: opt.AsMarkdown = False,
    output_format: Format = "text",
    output: opt.Output = None,
    force: opt.Force = False,
) -> None:
    """Check whether the reported figures can be true; exit 1 where some contradict each other.

    Percentages, means and SDs of whole steps, P values, effects and intervals are recomputed from the figures beside
    them, allowing for rounding. A finding is a question about figures and accuses nobody. Silence one where it stands:
    # mscsec: ignore[I205] reason

    \b
    Examples:
      mscsec integrity
      mscsec integrity --outcome icu_stay
      mscsec integrity --outcome icu_stay --study baghalishahi2025 --reconstruct
      mscsec integrity --inspect-sr --markdown
      mscsec integrity --output-format sarif -o integrity.sarif
    """
    chosen = choose_format(output_format, json)
    if chosen in ("github", "sarif") and (csv or markdown or reconstruct or inspect_sr):
        raise UsageError(f"--output-format {chosen} writes findings alone; leave out the other switches")
    kind = (
        chosen
        if chosen in ("github", "sarif")
        else output_kind(output, json=chosen == "json", csv=csv, markdown=markdown)
    )
    if reconstruct and (outcome is None or study is None):
        raise UsageError("--reconstruct takes one result: --outcome NAME --study ID")
    if reconstruct and inspect_sr:
        raise UsageError("--reconstruct and --inspect-sr exclude each other; give one of them")
    base = load(studies)
    if studies is None:
        say_base(base)
    if reconstruct:
        assert outcome is not None
        assert study is not None
        emit(_samples(base, study, outcome, rounding, kind), output, force)
        return
    found = review(base, outcome, study, rounding, locate_all=all_checks)
    if inspect_sr:
        emit(_inspect(found, kind), output, force)
    else:
        emit(_shown(base, found, comparison, all_checks, kind), output, force)
    if found.contradicts:
        raise typer.Exit(1)


def _shown(base: EvidenceBase, found: IntegrityReview, comparison: str | None, everything: bool, kind: str) -> str:
    if kind in ("github", "sarif"):
        return render_problems(problems_of(base, found), kind)
    both = None if found.outcome is None else with_and_without(base, found, found.outcome, comparison)
    if kind == "json":
        passed = {"passed": found.passed, "undecided": found.undecided} if everything else {}
        pooled = {} if both is None else {"pooled": both}
        return json_text(
            document(
                "integrity", evidence_base={"folder": base.folder, "shipped": base.shipped, "studies": len(base.studies)},
                outcome=found.outcome, study=found.study, rounding=found.rounding, counts=found.counts,
                findings=found.findings, silenced=found.silenced, **passed, **pooled,
            )
        )  # fmt: skip
    if kind == "text":
        return integrity_text(found, both, everything)
    return {"csv": integrity_csv, "markdown": integrity_markdown}[kind](found, everything)


def with_and_without(
    base: EvidenceBase, found: IntegrityReview, outcome: str, comparison: str | None
) -> WithAndWithout:
    """The outcome pooled as the review says, of all results and without those that contradict themselves."""
    try:
        sizes, everything = pooled(base, outcome, comparison)
    except RecordError as error:
        return WithAndWithout(None, None, None, (), "; ".join(problem.head for problem in error.problems))
    except MscsecError as error:
        return WithAndWithout(None, None, None, (), error.message)
    if everything is None:
        return WithAndWithout(sizes, None, None, (), f"no study contributes to {outcome}")
    against = contradicted_results(found)
    out = [row for row in sizes.rows if row.result_index is not None and (row.study, row.result_index) in against]
    labels = tuple(row.label for row in out)
    rest = sizes.without(row.study for row in out)
    if not out or not rest.rows:
        return WithAndWithout(sizes, everything, None, labels)
    return WithAndWithout(sizes, everything, fit_effects(rest, choices_of(base)), labels)


def _samples(base: EvidenceBase, study: str, outcome: str, rounding: str, kind: str) -> str:
    arms = samples_of(base, study, outcome, rounding)
    if kind == "json":
        return json_text(document("integrity-samples", study=study, outcome=outcome, rounding=rounding, arms=arms))
    plan = base.review.outcomes[outcome]
    if kind == "text":
        return samples_text(arms, base.study(study).label, plan.label, plan.unit)
    return {"csv": samples_csv, "markdown": samples_markdown}[kind](arms)


def _inspect(found: IntegrityReview, kind: str) -> str:
    rows = prefill(found)
    if kind == "json":
        return json_text(document("integrity-inspect-sr", suggestions=rows))
    return {"text": inspect_text, "csv": inspect_csv, "markdown": inspect_markdown}[kind](rows)
