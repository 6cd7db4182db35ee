"""`mscsec regress`: do study-level moderators explain the differences between studies?"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from mscsec.cli import options as opt
from mscsec.cli.groups import (
    EffectOptions,
    FormOptions,
    ModelOptions,
    StudyOptions,
    check_weights,
    expanded,
    given,
    is_from_cells,
)
from mscsec.cli.inputs import Inputs, read_inputs
from mscsec.cli.output import document, emit, json_text, progress
from mscsec.cli.pooled import as_counted
from mscsec.cli.render_regress import regress_csv, regress_markdown, regress_text
from mscsec.effects.moderators import EFFECT_COLUMNS
from mscsec.errors import UsageError
from mscsec.synthesis.fit import chosen_of, settled
from mscsec.synthesis.regression import Beside, Moderators, Regression, regress_cells, regress_effects
from mscsec.synthesis.weights import weigh

Formula = Annotated[
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
    str | None,
    typer.Option(
        "--robust",
        metavar="KIND",
        help="With --cluster: CR0, CR1, CR1p, CR1S, or CR2 and CR3 (with Satterthwaite degrees of freedom). Default: CR2.",
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
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        min=0,
        help="With --permutations: seed of those that are sampled. Default: 0.",
        rich_help_panel="Regression",
    ),
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
Redundant = Annotated[
    str,
    typer.Option(
        "--redundant",
        metavar="RULE",
        help="A coefficient's column that others make up: refuse (with their names) or drop (with a note).",
        rich_help_panel="Regression",
    ),
]
Method = Annotated[
    str | None,
    typer.Option(
        "--method",
        metavar="KEY",
        help="IV (inverse variance), or a mixed model of the counts: UM.FS, UM.RS, CM.EL, CM.AL (OR; all but CM.AL: IRR), where GLMM is UM.FS; of a single group (PLO, IRLN) GLMM. Default: IV.",
        rich_help_panel=opt.MODEL,
    ),
]


@dataclass(frozen=True, slots=True, eq=False)
class RegressOptions:
    """What the effect is regressed on, how, and what is asked for beside the coefficients."""

    moderators: Formula = None
    method: Method = None
    scale: Scale = None
    cluster: Cluster = None
    robust: Robust = None
    permutations: Permutations = 0
    seed: Seed = None
    at: At = None
    missing: Missing = "refuse"
    redundant: Redundant = "refuse"
    weights: opt.MeanWeights = None
    tau2_ci: opt.Tau2CiKey = None

    @property
    def from_cells(self) -> bool:
        """Whether the method named works on the counts themselves."""
        return is_from_cells(self.method)


@expanded
def command(
    studies: StudyOptions, effects: EffectOptions, asked: ModelOptions, how: RegressOptions, *, form: FormOptions
) -> None:
    """Meta-regression: the effect as a function of study-level moderators.

    Without --moderators the fields that can be used are listed. The options of pool that decide its numbers have the same
    meaning here, but for --method (of those from the cells the mixed models alone take moderators), --by and --common-tau2
    (a moderator that is a word makes the groups) and --prediction (--at gives prediction intervals).

    \b
    Examples:
      mscsec regress --outcome mortality_28d --moderators n
      mscsec regress --table bcg.csv --measure RR --moderators "ablat + year"
      mscsec regress --table t.csv --measure OR --moderators dose --method CM.EL
      mscsec regress --table bcg.csv --moderators ablat --ci t --permutations 1000
      mscsec regress --table t.csv --moderators dose --at dose=10 --at dose=40
    """
    kind = form.kind()
    _agree(effects, asked, how, kind)
    at = _places(how.at or [])
    inputs = read_inputs(studies, effects, method=how.method if how.from_cells else None, preset=asked.preset)
    inputs.need_studies()
    if how.moderators is None:
        raise UsageError(
            f"give a formula, --moderators FIELD. Fields with different values in these studies: {', '.join(_useful(inputs)) or 'none'}"
        )
    by = Moderators(how.moderators, inputs.columns(), how.missing, how.redundant, at)
    if how.from_cells:
        preset = asked.preset or inputs.analysis.preset
        inputs = replace(inputs, sizes=as_counted(inputs.sizes, how.method or "", asked.model, preset))
        found = regress_cells(inputs.sizes, by, how.method or "", asked.model, asked.ci)
    else:
        found = _of_effects(inputs, by, asked, how)
    if kind == "json":
        text = json_text(document("regress", evidence_base=inputs.about(), effects=inputs.sizes, **found.to_dict()))
    else:
        text = {"text": regress_text, "csv": regress_csv, "markdown": regress_markdown}[kind](inputs.sizes, found)
    emit(text, form.output, form.force)


def _of_effects(inputs: Inputs, by: Moderators, asked: ModelOptions, how: RegressOptions) -> Regression:
    chosen = settled(chosen_of(inputs.analysis, asked.model, asked.tau2, asked.ci, None, asked.preset, inputs.base))
    chosen["tau2_ci"] = how.tau2_ci or "auto"
    check_weights(chosen["tau2"], how.tau2_ci, asked.tau2_weights)
    chosen = weigh(chosen, asked.tau2_weights, inputs.sizes, lambda: by.columns)
    chosen = weigh(chosen, how.weights, inputs.sizes, lambda: by.columns, of="weights")
    with progress("permutations") as report:
        beside = Beside(how.scale, how.cluster, how.robust or "CR2", how.permutations, how.seed or 0, report)
        return regress_effects(inputs.sizes, by, chosen, beside)


def _agree(effects: EffectOptions, asked: ModelOptions, how: RegressOptions, kind: str) -> None:
    """Raises UsageError for options that cannot go together, or that would do nothing."""
    asked.check(tau2_ci=how.tau2_ci)
    for option, value, needs, there in (
        ("--robust", how.robust, "--cluster FIELD", how.cluster),
        ("--seed", how.seed, "--permutations N", how.permutations),
    ):
        if value is not None and not there:
            raise UsageError(f"{option} belongs to {needs}")
    if how.from_cells:
        _agree_with_counts(effects, asked, how)
    _has_room(
        kind, {"--scale": how.scale, "--cluster": how.cluster, "--permutations": how.permutations, "--at": how.at}
    )
    if how.scale is not None:
        wrong = [
            f"{name} {value}"
            for name, value, fits in (
                ("--model", asked.model, ("random",)), ("--tau2", asked.tau2, ("reml", "ml")),
                ("--ci", asked.ci, ("auto", "wald", "t")),
            )
            if value is not None and str(value).lower() not in fits
        ] + ([f"--weights {how.weights}"] if how.weights is not None else [])  # fmt: skip
        if wrong:
            raise UsageError(
                f"--scale models the between-study variance by REML or ML with Wald or t tests; leave out {', '.join(wrong)}"
            )


_WITH_EFFECTS = ("--vtype", "--preset", "--weights", "--tau2", "--tau2-weights", "--tau2-ci", "--scale", "--cluster", "--robust", "--permutations", "--seed")  # fmt: skip


def _agree_with_counts(effects: EffectOptions, asked: ModelOptions, how: RegressOptions) -> None:
    """Raises UsageError for what a model of the counts, with its own maximum of the likelihood, has no use for."""
    chosen = {**given(effects), **given(asked), **given(how)}
    if asked.tau2 is not None and asked.tau2.upper() == "ML":
        del chosen["--tau2"]
    if idle := [name for name in _WITH_EFFECTS if name in chosen]:
        one = len(idle) == 1
        raise UsageError(f"{', '.join(idle)} {'belongs' if one else 'belong'} to a regression on the effects; with --method {how.method}, on their counts, leave {'it' if one else 'them'} out")  # fmt: skip


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


_PLACE = re.compile(r"\s*(.+?)\s*=\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?:,|$)")  # a name may hold = and ,


def _places(at: list[str]) -> dict[str, dict[str, float]]:
    """`["dose=10,year=2020", "dose=40,year=2020"]` as values by column, by the words that name them."""
    places: dict[str, dict[str, float]] = {}
    for text in at:
        place: dict[str, float] = {}
        end = 0
        while end < len(text) and (found := _PLACE.match(text, end)):
            name, end = found[1], found.end()
            if name in place:
                raise UsageError(f"--at {text!r} gives {name} twice; write a second --at for another value")
            place[name] = float(found[2])
        if not place or end < len(text) or text.rstrip().endswith(","):
            raise UsageError(f"--at is {text!r}; write NAME=NUMBER, several with commas: --at dose=10,year=2020")
        names = list(next(iter(places.values()), place))
        if set(place) != set(names):
            raise UsageError(
                f"--at {text!r} gives {', '.join(place)}, the first gives {', '.join(names)}; each gives a value for the same columns"
            )
        places[text] = place
    return places
