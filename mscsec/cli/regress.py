"""`mscsec regress`: do study-level moderators explain the differences between studies?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mscsec.cli import options as opt
from mscsec.cli.groups import EffectOptions, FormOptions, ModelOptions, StudyOptions, expanded
from mscsec.cli.inputs import Inputs, read_inputs
from mscsec.cli.output import document, emit, json_text, progress
from mscsec.cli.render_regress import Regression, regress_csv, regress_markdown, regress_text
from mscsec.effects.moderators import EFFECT_COLUMNS, column
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
from mscsec.synthesis.fit import chosen_of, settled

Moderators = Annotated[
    str | None,
    typer.Option(
        "--moderators",
        metavar="FORMULA",
        help='Formula over fields of the records or columns of the table: "year + dose", "route * open_label", "C(arm) + log(n)".',
        rich_help_panel="Regression",
    ),
]
Scale = Annotated[
    str | None,
    typer.Option(
        "--scale",
        metavar="FORMULA",
        help="Location-scale model: moderators of the between-study variance.",
        rich_help_panel="Regression",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="FIELD",
        help="Cluster-robust tests: the field that names the cluster of each study.",
        rich_help_panel="Regression",
    ),
]
Robust = Annotated[
    str,
    typer.Option(
        "--robust",
        metavar="KIND",
        help="CR0, CR1, CR1p or CR2 (with Satterthwaite degrees of freedom).",
        rich_help_panel="Regression",
    ),
]
Permutations = Annotated[
    int,
    typer.Option(
        "--permutations",
        metavar="N",
        min=0,
        help="Permutation test with up to N rearrangements (exact where there are fewer).",
        rich_help_panel="Regression",
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", metavar="N", help="Seed of the sampled permutations.", rich_help_panel="Regression")
]
At = Annotated[
    list[str] | None,
    typer.Option(
        "--at",
        metavar="NAME=VALUE,...",
        help="Predict at these values of the coefficients' columns. May be repeated.",
        rich_help_panel="Regression",
    ),
]
Missing = Annotated[
    str,
    typer.Option(
        "--missing",
        metavar="RULE",
        help="Studies without a moderator: refuse (with their names) or drop (with a note).",
        rich_help_panel="Regression",
    ),
]


@expanded
def command(
    studies: StudyOptions,
    effects: EffectOptions,
    asked: ModelOptions,
    moderators: Moderators = None,
    scale: Scale = None,
    cluster: Cluster = None,
    robust_kind: Robust = "CR2",
    permutations: Permutations = 0,
    seed: Seed = 0,
    at: At = None,
    missing: Missing = "refuse",
    tau2_ci: opt.Tau2CiKey = None,
    *,
    form: FormOptions,
) -> None:
    """Meta-regression: the effect as a function of study-level moderators.

    Without --moderators the fields that can be used are listed. The options of pool that decide its numbers have the same
    meaning here, but for --method (a regression weights by inverse variance), --by and --common-tau2 (a moderator that is
    a word makes the groups) and --prediction (--at gives prediction intervals).

    \b
    Examples:
      mscsec regress --outcome mortality_28d --moderators year
      mscsec regress --table bcg.csv --measure RR --moderators "ablat + year"
      mscsec regress --table bcg.csv --moderators ablat --ci t --permutations 1000
      mscsec regress --table t.csv --moderators dose --at dose=10 --at dose=40
    """
    kind = form.kind()
    if robust_kind != "CR2" and cluster is None:
        raise UsageError("--robust belongs to --cluster FIELD")
    asked.check()
    _has_room(kind, {"--scale": scale, "--cluster": cluster, "--permutations": permutations, "--at": at})
    if scale is not None and (
        asked.model == "common" or asked.tau2 not in (None, "REML", "ML") or asked.ci not in (None, "auto", "wald", "t")
    ):
        raise UsageError(
            "--scale models the between-study variance by REML or ML with Wald or t tests; leave out the options that contradict it"
        )
    inputs = read_inputs(studies, effects)
    inputs.need_studies()
    if moderators is None:
        raise UsageError(
            f"give a formula, --moderators FIELD. Fields with different values in these studies: {', '.join(_useful(inputs)) or 'none'}"
        )
    chosen = settled(chosen_of(inputs.analysis, asked.model, asked.tau2, asked.ci, None, asked.preset))
    chosen["tau2_ci"] = tau2_ci or "auto"
    found = _fit(inputs, moderators, chosen, scale, cluster, robust_kind, permutations, seed, at, missing)
    if kind == "json":
        text = json_text(document("regress", evidence_base=inputs.about(), effects=inputs.sizes, **found.to_dict()))
    else:
        text = {"text": regress_text, "csv": regress_csv, "markdown": regress_markdown}[kind](inputs.sizes, found)
    emit(text, form.output, form.force)


def _has_room(kind: str, beside: dict[str, Any]) -> None:
    """Raises UsageError for what was asked for beside the coefficients where a table of these has no room for it."""
    room = {"csv": ("--permutations",), "markdown": ()}.get(kind, tuple(beside))
    if idle := [name for name, value in beside.items() if value and name not in room]:
        raise UsageError(
            f"{'CSV' if kind == 'csv' else 'Markdown'} has the coefficients alone; leave out {', '.join(idle)}, or take text or JSON"
        )


def _useful(inputs: Inputs) -> list[str]:
    """Fields that could explain anything: recorded for every study, and not the same in all; not the name and the effect itself."""
    columns = {name: cells for name, cells in inputs.columns().items() if name.strip().lower() not in EFFECT_COLUMNS}
    return [name for name, cells in columns.items() if None not in cells and len(set(cells)) > 1] or list(columns)


def _fit(
    inputs: Inputs,
    formula: str,
    chosen: dict[str, Any],
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
    fit = regress(yi, vi, x.X, names=x.names, intercept=False, level=sizes.level, **chosen)
    terms = _term_sets(x, fit.coefficients)
    permuted = None
    if permutations:
        with progress("permutations") as report:
            permuted = permutation_test(fit, draws=permutations, seed=seed, progress=report)
    return Regression(
        formula=formula,
        labels=tuple(labels[place] for place in kept),
        fit=fit,
        terms=terms,
        inflation=variance_inflation(fit, terms) if len(terms) > 1 else None,
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
