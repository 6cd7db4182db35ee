"""`mscsec regress`: do study-level moderators explain the differences between studies?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mscsec.cli import options as opt
from mscsec.cli.inputs import Inputs, TableFile, read_inputs
from mscsec.cli.output import document, emit, json_text, output_kind, progress
from mscsec.cli.render_regress import Regression, regress_csv, regress_markdown, regress_text
from mscsec.effects.moderators import column
from mscsec.errors import UsageError
from mscsec.pooling.regression import (
    Design,
    design,
    location_scale,
    permutation_test,
    predict,
    regress,
    robust,
    variance_inflation,
)

Moderators = Annotated[
    str | None,
    typer.Option(
        "--moderators",
        metavar="FORMULA",
        help='Formula over fields of the records or columns of the table: "year + dose", "route * open_label", "C(arm) + log(n)".',
    ),
]
Scale = Annotated[
    str | None,
    typer.Option("--scale", metavar="FORMULA", help="Location-scale model: moderators of the between-study variance."),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="FIELD", help="Cluster-robust tests: the field that names the cluster of each study."
    ),
]
Robust = Annotated[
    str, typer.Option("--robust", metavar="KIND", help="CR0, CR1, CR1p or CR2 (with Satterthwaite degrees of freedom).")
]
Permutations = Annotated[
    int,
    typer.Option(
        "--permutations",
        metavar="N",
        min=0,
        help="Permutation test with up to N rearrangements (exact where there are fewer).",
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Seed of the sampled permutations.")]
At = Annotated[
    list[str] | None,
    typer.Option(
        "--at", metavar="NAME=VALUE,...", help="Predict at these values of the coefficients' columns. May be repeated."
    ),
]
Missing = Annotated[
    str,
    typer.Option(
        "--missing",
        metavar="RULE",
        help="Studies without a moderator: refuse (with their names) or drop (with a note).",
    ),
]


def command(
    outcome: opt.Outcome = None,
    moderators: Moderators = None,
    measure: opt.Measure = None,
    model: opt.Model = None,
    tau2: opt.Tau2 = None,
    ci: opt.Ci = None,
    level: opt.Level = None,
    scale: Scale = None,
    cluster: Cluster = None,
    robust_kind: Robust = "CR2",
    permutations: Permutations = 0,
    seed: Seed = 0,
    at: At = None,
    missing: Missing = "refuse",
    comparison: opt.Comparison = None,
    timepoint: opt.Timepoint = None,
    design_types: opt.Designs = None,
    exclude: opt.Exclude = None,
    table: TableFile = None,
    studies: opt.Studies = None,
    json: opt.AsJson = False,
    csv: opt.AsCsv = False,
    markdown: opt.AsMarkdown = False,
    output: opt.Output = None,
    force: opt.Force = False,
) -> None:
    """Meta-regression: the effect as a function of study-level moderators.

    Without --moderators the fields that can be used are listed.

    \b
    Examples:
      mscsec regress --outcome mortality_28d --moderators year
      mscsec regress --table bcg.csv --measure RR --moderators "ablat + year"
      mscsec regress --table bcg.csv --moderators ablat --ci t --permutations 1000
      mscsec regress --table t.csv --moderators dose --at dose=10 --at dose=40
    """
    kind = output_kind(output, json=json, csv=csv, markdown=markdown)
    if robust_kind != "CR2" and cluster is None:
        raise UsageError("--robust belongs to --cluster FIELD")
    if model == "common" and tau2 is not None:
        raise UsageError("a common-effect model has no between-study variance; leave out --tau2, or --model common")
    if scale is not None and (
        model == "common" or tau2 not in (None, "REML", "ML") or ci not in (None, "auto", "wald", "t")
    ):
        raise UsageError(
            "--scale models the between-study variance by REML or ML with Wald or t tests; leave out the options that contradict it"
        )
    inputs = read_inputs(
        outcome, measure, table=table, studies=studies, comparison=comparison, timepoint=timepoint, design=design_types,
        exclude=exclude, level=level,
    )  # fmt: skip
    inputs.need_studies()
    if moderators is None:
        raise UsageError(
            f"give a formula, --moderators FIELD. Fields with different values in these studies: {', '.join(_useful(inputs))}"
        )
    analysis = inputs.analysis
    asked = {
        "model": model or analysis.model or "random",
        "tau2": tau2 or analysis.tau2 or "REML",
        "ci": ci or analysis.ci or "auto",
    }
    found = _fit(inputs, moderators, asked, scale, cluster, robust_kind, permutations, seed, at, missing)
    if kind == "json":
        emit(
            json_text(document("regress", evidence_base=inputs.about(), effects=inputs.sizes, **found.to_dict())),
            output,
            force,
        )
    else:
        emit(
            {"text": regress_text, "csv": regress_csv, "markdown": regress_markdown}[kind](inputs.sizes, found),
            output,
            force,
        )


def _useful(inputs: Inputs) -> list[str]:
    """Fields that could explain anything: recorded for every study, and not the same in all."""
    columns = inputs.columns()
    return [name for name, cells in columns.items() if None not in cells and len(set(cells)) > 1] or list(columns)


def _fit(
    inputs: Inputs,
    formula: str,
    asked: dict[str, Any],
    scale: str | None,
    cluster: str | None,
    robust_kind: str,
    permutations: int,
    seed: int,
    at: list[str] | None,
    missing: str,
) -> Regression:
    sizes, columns = inputs.sizes, inputs.columns()
    labels = [row.label for row in sizes.rows]
    x = design(formula, columns, labels=labels, missing=missing)
    kept = list(x.kept)
    yi, vi = sizes.yi[kept], sizes.vi[kept]
    fit = regress(yi, vi, x.X, names=x.names, intercept=False, level=sizes.level, **asked)
    several = sum(name != "intercept" for name in fit.coefficients) > 1
    permuted = None
    if permutations:
        with progress("permutations") as report:
            permuted = permutation_test(fit, draws=permutations, seed=seed, progress=report)
    return Regression(
        formula=formula,
        labels=tuple(labels[place] for place in kept),
        fit=fit,
        inflation=variance_inflation(fit, _term_sets(x, fit.coefficients)) if several else None,
        robust=None
        if cluster is None
        else robust(fit, [column(columns, cluster)[place] for place in kept], kind=robust_kind),
        cluster=cluster,
        permutation=permuted,
        predictions=None if not at else predict(fit, _rows(at)),
        at=tuple(at or ()),
        scale=None if scale is None else _scale(scale, columns, labels, kept, yi, vi, x, sizes.level),
        notices=x.warnings,
    )


def _term_sets(x: Design, coefficients: Any) -> dict[str, tuple[str, ...]]:
    """The dummies of a factor together, coefficients that stayed in the model only."""
    sets = {
        term: tuple(name for name in names if name in coefficients and name != "intercept")
        for term, names in x.terms.items()
    }
    return {term: names for term, names in sets.items() if names}


def _scale(
    formula: str,
    columns: dict[str, list[Any]],
    labels: list[str],
    kept: list[int],
    yi: Any,
    vi: Any,
    x: Design,
    level: float,
) -> Any:
    z = design(
        formula,
        {name: [cells[place] for place in kept] for name, cells in columns.items()},
        labels=[labels[place] for place in kept],
    )
    return location_scale(
        yi, vi, x.X, z.X, names=x.names, scale_names=z.names, intercept=False, scale_intercept=False, level=level
    )


def _rows(at: list[str]) -> dict[str, list[float]]:
    """`["dose=10,year=2020", "dose=40,year=2020"]` as columns by name."""
    rows: list[dict[str, float]] = []
    for text in at:
        row: dict[str, float] = {}
        for part in text.split(","):
            name, sign, value = part.rpartition("=")
            try:
                row[name.strip()] = float(value)
            except ValueError:
                sign = ""
            if not sign:
                raise UsageError(f"--at is {text!r}; write NAME=NUMBER, several with commas: --at dose=10,year=2020")
        rows.append(row)
    names = list(rows[0])
    for row, text in zip(rows, at, strict=True):
        if set(row) != set(names):
            raise UsageError(
                f"--at {text!r} gives {', '.join(row)}, the first gives {', '.join(names)}; each gives a value for the same columns"
            )
    return {name: [row[name] for row in rows] for name in names}
