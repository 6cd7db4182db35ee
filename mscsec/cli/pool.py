"""`mscsec pool`: one outcome, from records (or a table) to an estimate with its interval and a forest plot."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mscsec.cli import options as opt
from mscsec.cli.output import document, emit, json_text, output_kind, say_base
from mscsec.cli.render_pool import pool_csv, pool_markdown, pool_text
from mscsec.effects.sizes import EffectSizes, effects
from mscsec.effects.tabular import Table, effects_from_table, read_csv
from mscsec.errors import TooFewStudies, UsageError
from mscsec.pooling import pool
from mscsec.pooling.result import PooledResult
from mscsec.problems import RecordError
from mscsec.records.models import Analysis
from mscsec.records.reader import EvidenceBase, decode, load, read_file
from mscsec.report.words import footnotes, method_words

Model = Annotated[str | None, typer.Option("--model", metavar="KEY", help="random or common. Default: random.")]
Tau2 = Annotated[
    str | None,
    typer.Option(
        "--tau2",
        metavar="KEY",
        help="Estimator of the between-study variance: REML, DL, PM, ML, HE, SJ, EB ... Default: REML.",
    ),
]
Ci = Annotated[
    str | None,
    typer.Option(
        "--ci",
        metavar="KEY",
        help="Interval of the pooled effect: auto, wald, t, hksj, hksj-adhoc ... Default: auto (HKSJ where k > 2 and tau2 > 0, else Wald).",
    ),
]
PredictionKey = Annotated[
    str | None,
    typer.Option(
        "--prediction", metavar="KEY", help="Prediction interval: auto, t-k1, hts, hk, normal, none ... Default: auto."
    ),
]
Preset = Annotated[
    str | None,
    typer.Option("--preset", metavar="KEY", help="A whole convention: cochrane-2025, revman-5, metafor, meta."),
]
TableFile = Annotated[
    str | None,
    typer.Option(
        "--table",
        metavar="FILE",
        help="Read a CSV table (- is stdin) instead of an evidence base: columns study and events_1 n_1 events_2 n_2, or mean_1 sd_1 n_1 mean_2 sd_2 n_2, or yi vi.",
    ),
]


def command(
    outcome: opt.Outcome = None,
    measure: opt.Measure = None,
    model: Model = None,
    tau2: Tau2 = None,
    ci: Ci = None,
    prediction: PredictionKey = None,
    level: opt.Level = None,
    preset: Preset = None,
    comparison: opt.Comparison = None,
    timepoint: opt.Timepoint = None,
    design: opt.Designs = None,
    exclude: opt.Exclude = None,
    table: TableFile = None,
    studies: opt.Studies = None,
    json: opt.AsJson = False,
    csv: opt.AsCsv = False,
    markdown: opt.AsMarkdown = False,
    output: opt.Output = None,
    force: opt.Force = False,
) -> None:
    """Pool one outcome: estimate, interval, heterogeneity, prediction and a forest plot.

    \b
    Examples:
      mscsec pool --outcome icu_stay
      mscsec pool --outcome mortality_28d --measure OR --tau2 PM --ci hksj
      mscsec pool --outcome hospital_stay --exclude shu2020 --json
      mscsec pool --table trials.csv --measure RR -o result.md
    """
    kind = output_kind(output, json=json, csv=csv, markdown=markdown)
    if table is not None:
        if studies is not None or comparison or timepoint or design:
            raise UsageError(
                "--table stands alone: --studies, --comparison, --timepoint and --design belong to an evidence base"
            )
        base, analysis = None, Analysis()
        sizes = effects_from_table(
            read_table(table), measure, outcome=outcome or Path(table).stem, exclude=exclude or (), level=level or 0.95
        )
    else:
        base = load(studies)
        analysis = base.review.analysis
        if studies is None:
            say_base(base)
        sizes = effects(
            base, chosen_outcome(base, outcome), measure=measure, comparison=comparison, timepoint=timepoint, designs=design,
            exclude=exclude or (), level=level or float(analysis.level or 0.95),
        )  # fmt: skip
    fit = _pool(sizes, analysis, model, tau2, ci, prediction, preset)
    if kind == "json":
        emit(json_text(_document(sizes, fit, base)), output, force)
    else:
        render = {"text": pool_text, "csv": pool_csv, "markdown": pool_markdown}[kind]
        emit(render(sizes, fit), output, force)


def chosen_outcome(base: EvidenceBase, asked: str | None) -> str:
    """The outcome asked for; raises UsageError with the list where none was."""
    if asked is None:
        raise UsageError(
            f"name an outcome: --outcome {next(iter(base.review.outcomes))}. Outcomes here: {', '.join(base.review.outcomes)}"
        )
    return asked


def read_table(file: str) -> Table:
    """The table in a CSV file, or on stdin for "-"."""
    if file == "-":
        file, (text, problems) = "<stdin>", decode("<stdin>", sys.stdin.buffer.read(), mark_allowed=True)
    else:
        text, problems = read_file(file, mark_allowed=True)
    if problems:
        raise RecordError(problems)
    return read_csv(file, text)


def _pool(
    sizes: EffectSizes,
    analysis: Analysis,
    model: str | None,
    tau2: str | None,
    ci: str | None,
    prediction: str | None,
    preset: str | None,
) -> PooledResult:
    """The fit; options first, then the review's analysis, then the preset. A named preset sets the review's aside."""
    own = analysis if preset is None else Analysis()
    if not sizes.rows:
        reasons = "\n".join(f"  {study.label} ({study.study}): {study.reason}" for study in sizes.excluded)
        raise TooFewStudies(
            "pooling", 1, 0, f"No study of {len(sizes.excluded)} contributes to {sizes.outcome}:\n{reasons}"
        )
    return pool(
        sizes.yi, sizes.vi, model=model or own.model or "random", tau2=tau2 or own.tau2, ci=ci or own.ci,
        prediction=prediction or own.prediction, level=sizes.level, transform=sizes.transform, preset=preset or own.preset,
    )  # fmt: skip


def _document(sizes: EffectSizes, fit: PooledResult, base: EvidenceBase | None) -> dict[str, object]:
    notes = footnotes(sizes.rows)
    return document(
        "pool",
        evidence_base=None
        if base is None
        else {"folder": base.folder, "shipped": base.shipped, "studies": len(base.studies)},
        effects=sizes,
        result=fit,
        method_text=method_words(sizes, fit),
        notes=[{"mark": mark, "text": text} for mark, text in notes.notes],
    )
