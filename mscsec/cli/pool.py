"""`mscsec pool`: one outcome, from records (or a table) to an estimate with its interval and a forest plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mscsec.cli import options as opt
from mscsec.cli.groups import EffectOptions, FormOptions, PoolOptions, StudyOptions, expanded, given
from mscsec.cli.inputs import Inputs
from mscsec.cli.marks import Integrity
from mscsec.cli.output import document, emit, json_text
from mscsec.cli.pooled import Pooling, agree, read_pooling
from mscsec.cli.render_pool import pool_csv, pool_markdown, pool_text
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import NotEstimable, UsageError
from mscsec.pooling.result import PooledResult
from mscsec.report.words import footnotes, method_words
from mscsec.synthesis.fit import counts_of

if TYPE_CHECKING:
    from mscsec.effects.reexpressed import ReExpressed
    from mscsec.pooling.counts import Comparison
    from mscsec.synthesis.assumed import Sensitivity

Compare = Annotated[
    bool,
    typer.Option(
        "--compare",
        help="Dichotomous outcomes: every method that suits the data side by side, with advice for rare events.",
        rich_help_panel=opt.MODEL,
    ),
]
BaselineRisk = Annotated[
    float | None,
    typer.Option(
        "--baseline-risk",
        metavar="RISK",
        help="Absolute effects at this risk of the comparator, a proportion such as 0.2 (RR, OR, HR, RD, SMD).",
        rich_help_panel=opt.SHOWN,
    ),
]
NaturalSd = Annotated[
    float | None,
    typer.Option(
        "--sd",
        metavar="SD",
        help="A standardised mean difference back in natural units, by this SD.",
        rich_help_panel=opt.SHOWN,
    ),
]


@expanded
def command(
    studies: StudyOptions,
    effects: EffectOptions,
    asked: PoolOptions,
    compare: Compare = False,
    baseline_risk: BaselineRisk = None,
    sd: NaturalSd = None,
    integrity: Integrity = None,
    *,
    form: FormOptions,
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
    kind = form.kind()
    words = {"--baseline-risk": baseline_risk, "--sd": sd}
    extra = [name for name, value in words.items() if value is not None]
    if kind == "csv" and extra:
        raise UsageError(
            f"CSV has the studies and the pooled row alone; leave out {', '.join(extra)}, or take another form"
        )
    if compare:
        _compare_alone(asked, effects, extra)
    if asked.by and extra:
        raise UsageError(f"{', '.join(extra)} stands beside one pooled estimate; leave it out, or --by")
    pooling = read_pooling(studies, effects, asked, compare=compare, integrity=integrity)
    if compare:
        text = _compared(pooling, kind)
    elif asked.by is not None:
        text = _by(pooling, kind)
    else:
        fit = pooling.result()
        other = _other_words(pooling.inputs.sizes, fit, baseline_risk, sd)
        text = _shown(pooling.inputs, fit, other, pooling.inputs.assumed(pooling.fit), kind)
    emit(text, form.output, form.force)


def _compare_alone(asked: PoolOptions, effects: EffectOptions, extra: list[str]) -> None:
    """Options that --compare would not use, refused rather than ignored."""
    if asked.by or asked.method:
        raise UsageError(f"--compare fits every method to all studies; leave out {'--by' if asked.by else '--method'}")
    agree(effects, asked)
    idle = [name for name in {**given(asked), **given(effects)} if name in _ONE_FIT] + extra
    if idle:
        raise UsageError(f"--compare fits each method with its own model and interval; leave out {', '.join(idle)}")


_ONE_FIT = ("--model", "--weights", "--tau2", "--tau2-weights", "--tau2-ci", "--ci", "--prediction", "--vtype")


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


def _by(pooling: Pooling, kind: str) -> str:
    from mscsec.cli.render_subgroups import subgroups_csv, subgroups_markdown, subgroups_text

    sizes, field = pooling.inputs.sizes, pooling.asked.by or ""
    labels, found = pooling.groups()
    if kind == "json":
        members = dict(zip((row.study for row in sizes.rows), labels, strict=True))
        about = {"evidence_base": pooling.inputs.about(), "field": field, "members": members}
        return json_text(document("subgroups", **about, effects=sizes, result=found))
    render = {"text": subgroups_text, "csv": subgroups_csv, "markdown": subgroups_markdown}[kind]
    return render(sizes, field, labels, found)


def _compared(pooling: Pooling, kind: str) -> str:
    from mscsec.cli.render_compare import compare_csv, compare_markdown, compare_text
    from mscsec.pooling.counts import compare

    sizes = pooling.inputs.sizes
    if sizes.measure not in ("OR", "RR", "RD"):
        raise UsageError(
            f"--compare is for dichotomous outcomes with --measure OR, RR or RD; {sizes.outcome} is analysed as {sizes.measure}"
        )
    found: Comparison = compare(
        *counts_of(sizes).cells, measure=sizes.measure, level=sizes.level, preset=pooling.chosen["preset"]
    )
    if all(row.result is None for row in found.rows):
        raise NotEstimable(f"no method gives the {sizes.measure_name} of these studies: {found.rows[0].reason}")
    if kind == "json":
        about = pooling.inputs.about()
        return json_text(document("compare", evidence_base=about, outcome=sizes.outcome, comparison=found))
    return {"text": compare_text, "csv": compare_csv, "markdown": compare_markdown}[kind](sizes, found)
