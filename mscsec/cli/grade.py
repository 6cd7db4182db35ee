"""`mscsec grade`: certainty of evidence step by step, evidence profile and summary of findings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mscsec.appraisal.findings import SummaryOfFindings, summary_of_findings
from mscsec.cli import options as opt
from mscsec.cli.assessments import sound
from mscsec.cli.output import document, emit, json_text, output_kind, say, say_base, write_whole
from mscsec.cli.render_grade import grade_csv, grade_html, grade_markdown, grade_text
from mscsec.effects.sizes import EffectSizes, effects
from mscsec.errors import InvalidInput, UnknownName, UsageError
from mscsec.pooling.result import PooledResult
from mscsec.records.reader import EvidenceBase, load
from mscsec.synthesis.certainty import Body, body_of
from mscsec.synthesis.fit import choices_of, fit_effects

Baseline = Annotated[
    float | None,
    typer.Option(
        "--baseline-risk",
        metavar="RISK",
        help="Risk in the comparison group, 0 to 1. Default: the review's, else the pooled comparison groups'.",
    ),
]
AsHtml = Annotated[bool, typer.Option("--html", help="An HTML page on stdout.")]
File = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to FILE; its suffix (.txt .json .csv .md .html .docx) chooses the kind.",
    ),
]


def command(
    outcome: opt.Outcomes = None,
    comparison: opt.Comparison = None,
    baseline_risk: Baseline = None,
    exclude: opt.Exclude = None,
    studies: opt.Studies = None,
    json: opt.AsJson = False,
    csv: opt.AsCsv = False,
    markdown: opt.AsMarkdown = False,
    html: AsHtml = False,
    output: File = None,
    force: opt.Force = False,
) -> None:
    """Rate the certainty of evidence (GRADE), with every step shown, and tabulate the findings.

    The estimates are those of the review's own analysis (analysis: in review.yaml), as mscsec pool prints them without
    options; a certainty belongs to one analysis, so that it takes no others. Proposals come from the data; decisions with their reasons stand under grade: in review.yaml and override them.

    \b
    Examples:
      mscsec grade --outcome mortality_28d
      mscsec grade --outcome mortality_28d --baseline-risk 0.25 --markdown
      mscsec grade --html -o findings.html
      mscsec grade -o findings.docx
    """
    suffix = output.suffix.lower() if output is not None else ""
    kind = _kind(suffix, output, json=json, csv=csv, markdown=markdown, html=html)
    if baseline_risk is not None and not 0 <= baseline_risk <= 1:
        raise InvalidInput(f"--baseline-risk is {baseline_risk:g}", "a risk lies between 0 and 1", "Write 0.2 for 20%")
    base = load(studies)
    if studies is None:
        say_base(base)
    sound(base)
    bodies, empty = _rated(base, _names(base, outcome), comparison, baseline_risk, exclude or [])
    found = summary_of_findings([(body.evidence, body.certainty) for body in bodies], empty)
    if kind == "docx" and output is not None:
        from mscsec.cli.grade_docx import grade_docx

        write_whole(output, grade_docx(bodies, found), force)
        say(f"Wrote {output}")
        return
    emit(_shown(base, bodies, found, kind), output, force)


def _kind(suffix: str, output: Path | None, **asked: bool) -> str:
    special = {".html": "html", ".htm": "html", ".docx": "docx"}
    chosen = [name for name, wanted in asked.items() if wanted]
    if len(chosen) == 1 and chosen[0] == "html":
        return "html"
    if not chosen and suffix in special:
        return special[suffix]
    if chosen and suffix == ".docx":
        raise UsageError(f"--{chosen[0]} writes no .docx; leave it out, or name another file")
    if chosen.count("html"):
        raise UsageError(f"--{chosen[0]} and --html exclude each other; give one of them")
    return output_kind(
        output, others=(".html", ".docx"), **{name: wanted for name, wanted in asked.items() if name != "html"}
    )


def _names(base: EvidenceBase, asked: list[str] | None) -> list[str]:
    names = list(dict.fromkeys(asked or base.review.grade))
    for name in names:
        if name not in base.review.outcomes:
            raise UnknownName("outcome", name, base.review.outcomes)
    if not names:
        raise UsageError(
            f"name an outcome: --outcome {next(iter(base.review.outcomes))}. review.yaml has no decisions under grade:"
        )
    return names


def _rated(
    base: EvidenceBase, names: list[str], comparison: str | None, baseline: float | None, exclude: list[str]
) -> tuple[list[Body], list[str]]:
    """Every outcome with data, rated; and the labels of those that no study reports."""
    chosen = choices_of(base)

    def fit(sizes: EffectSizes) -> PooledResult:
        return fit_effects(sizes, chosen)

    bodies, empty = [], []
    for name in names:
        decided = base.review.grade.get(name)
        sizes = effects(
            base, name, comparison=comparison or (decided.comparison if decided else None), exclude=exclude,
            level=float(base.review.analysis.level or 0.95),
        )  # fmt: skip
        if not sizes.rows:
            empty.append(base.review.outcomes[name].label)
            continue
        bodies.append(body_of(base, sizes, fit(sizes), fit, baseline))
    return bodies, empty


def _shown(base: EvidenceBase, bodies: list[Body], found: SummaryOfFindings, kind: str) -> str:
    if kind == "json":
        about = {"folder": base.folder, "shipped": base.shipped, "studies": len(base.studies)}
        return json_text(document("grade", evidence_base=about, outcomes=bodies, summary_of_findings=found))
    render = {"text": grade_text, "csv": grade_csv, "markdown": grade_markdown, "html": grade_html}[kind]
    return render(bodies, found)
