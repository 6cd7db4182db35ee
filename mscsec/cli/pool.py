"""`mscsec pool`: one outcome, from records (or a table) to an estimate with its interval and a forest plot."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mscsec.cli import options as opt
from mscsec.cli.inputs import Inputs, TableFile, read_inputs, read_rules
from mscsec.cli.marks import Integrity, with_marks
from mscsec.cli.output import document, emit, json_text, output_kind
from mscsec.cli.render_pool import pool_csv, pool_markdown, pool_text
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import UsageError
from mscsec.pooling.result import PooledResult
from mscsec.records.models import Analysis
from mscsec.report.words import footnotes, method_words
from mscsec.results import Notice
from mscsec.synthesis.fit import cells_of, fit_cells, fit_effects, with_advice

if TYPE_CHECKING:
    from mscsec.effects.reexpressed import ReExpressed
    from mscsec.pooling.counts import Comparison
    from mscsec.synthesis.assumed import Sensitivity

Method = Annotated[
    str | None,
    typer.Option(
        "--method",
        metavar="KEY",
        help="IV (inverse variance), or from the cells: MH, Peto, UM.FS, UM.RS, CM.EL, CM.AL (GLMMs), BB, Firth, SSW. Default: IV.",
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="FIELD",
        help="Subgroups by a field of the records (year, dose, route, open_label, ...) or a column of the table.",
    ),
]
CommonTau2 = Annotated[
    bool, typer.Option("--common-tau2", help="With --by: one between-study variance for all subgroups.")
]
Compare = Annotated[
    bool,
    typer.Option(
        "--compare",
        help="Dichotomous outcomes: every method that suits the data side by side, with advice for rare events.",
    ),
]


BaselineRisk = Annotated[
    float | None,
    typer.Option(
        "--baseline-risk",
        metavar="RISK",
        help="Absolute effects at this risk of the comparator, a proportion such as 0.2 (RR, OR, HR, RD, SMD).",
    ),
]
NaturalSd = Annotated[
    float | None,
    typer.Option("--sd", metavar="SD", help="A standardised mean difference back in natural units, by this SD."),
]


def command(
    outcome: opt.Outcome = None,
    measure: opt.Measure = None,
    method: Method = None,
    model: opt.Model = None,
    tau2: opt.Tau2 = None,
    ci: opt.Ci = None,
    prediction: opt.PredictionKey = None,
    level: opt.Level = None,
    preset: opt.Preset = None,
    vtype: opt.Vtype = None,
    quantiles: opt.Quantiles = "normal",
    mean_rule: opt.MeanRule = "luo2018",
    sd_rule: opt.SdRule = "wan-shi",
    multi_arm: opt.MultiArm = "combine",
    correlation: opt.Correlation = None,
    icc: opt.Icc = None,
    prefer: opt.Prefer = "arms",
    by: By = None,
    common_tau2: CommonTau2 = False,
    compare: Compare = False,
    baseline_risk: BaselineRisk = None,
    sd: NaturalSd = None,
    comparison: opt.Comparison = None,
    timepoint: opt.Timepoint = None,
    design: opt.Designs = None,
    exclude: opt.Exclude = None,
    table: TableFile = None,
    integrity: Integrity = None,
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
      mscsec pool --outcome mortality_28d --method MH
      mscsec pool --outcome mortality_28d --compare
      mscsec pool --outcome mortality_28d --baseline-risk 0.25
      mscsec pool --outcome hospital_stay --by country --common-tau2
      mscsec pool --outcome hospital_stay --exclude shu2020 --json
      mscsec pool --table trials.csv --measure RR -o result.md
    """
    kind = output_kind(output, json=json, csv=csv, markdown=markdown)
    if table is not None and integrity:
        raise UsageError("--integrity reads records; a table has none. Leave it out")
    _agree(by=by, compare=compare, method=method, common_tau2=common_tau2)
    chosen_models = {"--model": model, "--tau2": tau2, "--ci": ci, "--prediction": prediction}
    _refuse_idle(
        compare, by, method, chosen_models | {"--vtype": vtype}, {"--baseline-risk": baseline_risk, "--sd": sd}, model
    )
    from_cells = compare or (method is not None and method.upper() not in ("IV", "INVERSE"))
    if from_cells and prefer == "arms":
        prefer = "cells"
    rules = read_rules(quantiles, mean_rule, sd_rule, multi_arm, correlation, prefer, icc)
    peto = method is not None and method.upper() == "PETO" and measure in (None, "OR", "PETO")
    inputs = read_inputs(
        outcome, "PETO" if peto else measure, table=table, studies=studies, comparison=comparison, timepoint=timepoint,
        design=design, exclude=exclude, level=level, drop00=False if from_cells else None, vtype=vtype, prefer=prefer,
        to="none" if peto else None, rules=rules,
    )  # fmt: skip
    inputs.need_studies()
    if from_cells:
        inputs = replace(inputs, sizes=_as_counted(inputs.sizes))
    if integrity:
        inputs = replace(inputs, sizes=with_marks(inputs.sizes, inputs.base))
    # A method from the cells has its own model and its own tau2, so the review's choices for inverse variance stay out.
    chosen = choices(Analysis() if from_cells else inputs.analysis, model, tau2, ci, prediction, preset)
    if compare:
        emit(_compared(inputs, chosen, kind), output, force)
    elif by is not None:
        emit(_by(inputs, by, common_tau2, chosen, kind), output, force)
    else:
        how = (
            partial(fit_cells, method=method or "", chosen=chosen)
            if from_cells
            else partial(fit_effects, chosen=chosen)
        )
        fit = how(inputs.sizes)
        fit = with_advice(inputs.sizes, fit) if not from_cells else fit
        fit = with_unmet(fit, ci, prediction)
        other = _other_words(inputs.sizes, fit, baseline_risk, sd)
        emit(_shown(inputs, fit, other, inputs.assumed(rules, how), kind), output, force)


def _agree(by: str | None, compare: bool, method: str | None, common_tau2: bool) -> None:
    """Options that cannot go together, said before anything is read."""
    if compare and (by or method):
        raise UsageError(f"--compare fits every method to all studies; leave out {'--by' if by else '--method'}")
    if by and method and method.upper() not in ("IV", "INVERSE"):
        raise UsageError("--by pools the effects of each subgroup by inverse variance; leave out --method")
    if common_tau2 and not by:
        raise UsageError("--common-tau2 belongs to --by FIELD")


def _as_counted(sizes: EffectSizes) -> EffectSizes:
    """The effects with what is true of a method from the cells: 0.5 is added for the study's own row alone."""
    text = "0.5 added to every cell for this row alone; the pooled estimate is made from the counts"
    rows = tuple(
        replace(row, flags=tuple(replace(flag, text=text) if flag.code == "E101" else flag for flag in row.flags))
        for row in sizes.rows
    )
    return replace(sizes, rows=rows)


def _refuse_idle(
    compare: bool,
    by: str | None,
    method: str | None,
    models: dict[str, str | None],
    words: dict[str, float | None],
    model: str | None,
) -> None:
    """Options that the command would not use, refused rather than ignored."""
    given = [name for name, value in models.items() if value is not None]
    extra = [name for name, value in words.items() if value is not None]
    if compare and (given or extra):
        raise UsageError(
            f"--compare fits each method with its own model and interval; leave out {', '.join(given + extra)}"
        )
    if by and extra:
        raise UsageError(f"{', '.join(extra)} re-express one pooled estimate; leave out --by")
    if method is not None and method.upper() not in ("IV", "INVERSE") and models["--vtype"] is not None:
        raise UsageError(f"{method} is computed from the cells and has its own variance; leave out --vtype")
    if model == "common" and models["--prediction"] not in (None, "none"):
        raise UsageError(
            "a common-effect model has no between-study variance, so no prediction interval; leave out --prediction"
        )


def choices(
    analysis: Analysis, model: str | None, tau2: str | None, ci: str | None, prediction: str | None, preset: str | None
) -> dict[str, Any]:
    """Options first, then the review's analysis, then the preset. A preset named here sets the review's own aside."""
    own = analysis if preset is None else Analysis()
    if model == "common":  # the review's choices between random-effects methods have nothing to say then
        own = Analysis(preset=own.preset)
    return {
        "model": model or own.model, "tau2": tau2 or own.tau2, "ci": ci or own.ci,
        "prediction": prediction or own.prediction, "preset": preset or own.preset,
    }  # fmt: skip


def with_unmet(fit: PooledResult, ci: str | None, prediction: str | None) -> PooledResult:
    """The fit with a notice where an interval was asked for by name and these data or this method have none."""
    notices = []
    if ci not in (None, "auto") and ci.casefold() != fit.ci_method.casefold():
        notices.append(
            Notice(
                "P208", f"The interval asked for (--ci {ci}) does not exist here; the {fit.ci_method} interval is shown"
            )
        )
    told = any(notice.code == "P205" for notice in fit.warnings)
    if prediction not in (None, "auto", "none") and fit.prediction_low is None and not told:
        notices.append(
            Notice(
                "P205", f"No prediction interval (--prediction {prediction}): there is no between-study variance here"
            )
        )
    if fit.df is not None and fit.df < 1:
        notices.append(
            Notice(
                "P210",
                f"The interval stands on {fit.df:.2g} degrees of freedom, fewer than one, so that it is practically without bounds; take another --ci",
            )
        )
    if not all(math.isfinite(value) for value in (fit.display.ci_low, fit.display.ci_high)):
        notices.append(
            Notice(
                "P209",
                "An end of the interval is beyond any number on the natural scale; the analysis scale (--json) has it",
            )
        )
    return replace(fit, warnings=(*fit.warnings, *notices)) if notices else fit


def _other_words(
    sizes: EffectSizes, fit: PooledResult, baseline_risk: float | None, sd: float | None
) -> ReExpressed | None:
    if baseline_risk is None and sd is None:
        return None
    from mscsec.effects.reexpressed import re_express

    shown = fit.display
    return re_express(sizes.measure, shown.estimate, shown.ci_low, shown.ci_high, baseline_risk=baseline_risk, sd=sd)


def _shown(
    inputs: Inputs, fit: PooledResult, other: ReExpressed | None, assumed: tuple[Sensitivity, ...], kind: str
) -> str:
    sizes = inputs.sizes
    if kind == "json":
        notes = footnotes(sizes.rows)
        return json_text(
            document(
                "pool", evidence_base=inputs.about(), effects=sizes, result=fit, method_text=method_words(sizes, fit),
                re_expressed=other, assumed=assumed, notes=[{"mark": mark, "text": text} for mark, text in notes.notes],
            )
        )  # fmt: skip
    if kind == "csv":
        return pool_csv(sizes, fit)
    return {"text": pool_text, "markdown": pool_markdown}[kind](sizes, fit, other, assumed)


def _by(inputs: Inputs, field: str, common_tau2: bool, chosen: dict[str, Any], kind: str) -> str:
    from mscsec.cli.render_subgroups import subgroups_csv, subgroups_markdown, subgroups_text
    from mscsec.synthesis.groups import fit_groups

    sizes = inputs.sizes
    labels, found = fit_groups(sizes, inputs.columns(), field, chosen, common_tau2=common_tau2)
    if kind == "json":
        return json_text(
            document(
                "subgroups",
                evidence_base=inputs.about(),
                field=field,
                members=dict(zip((row.study for row in sizes.rows), labels, strict=True)),
                effects=sizes,
                result=found,
            )
        )
    render = {"text": subgroups_text, "csv": subgroups_csv, "markdown": subgroups_markdown}[kind]
    return render(sizes, field, labels, found)


def _compared(inputs: Inputs, chosen: dict[str, Any], kind: str) -> str:
    from mscsec.cli.render_compare import compare_csv, compare_markdown, compare_text
    from mscsec.pooling.counts import compare

    sizes = inputs.sizes
    cells, rates = cells_of(sizes)
    if rates or sizes.measure not in ("OR", "RR", "RD"):
        raise UsageError(
            f"--compare is for dichotomous outcomes with --measure OR, RR or RD; {sizes.outcome} is analysed as {sizes.measure}"
        )
    found: Comparison = compare(*cells, measure=sizes.measure, level=sizes.level, preset=chosen["preset"])
    if kind == "json":
        return json_text(document("compare", evidence_base=inputs.about(), outcome=sizes.outcome, comparison=found))
    return {"text": compare_text, "csv": compare_csv, "markdown": compare_markdown}[kind](sizes, found)
