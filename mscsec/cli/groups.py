"""Options that go together, and how a command takes them.

A command names a group as one parameter and gets one value; Typer is shown the group's options one by one. So an option
has one name, one default and one text in every command that has it, and the functions that read and pool take the groups.
The groups have no equality, which nothing asks for and which is half the time that such a class takes to be made.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, get_type_hints

from mscsec.cli import options as opt
from mscsec.cli.output import output_kind
from mscsec.errors import UsageError

NO_PREDICTION = "a common-effect model has no between-study variance, so no prediction interval; leave out --prediction"


@dataclass(frozen=True, slots=True, eq=False)
class StudyOptions:
    """Which studies, and of which outcome."""

    outcome: opt.Outcome = None
    comparison: opt.Comparison = None
    timepoint: opt.Timepoint = None
    design: opt.Designs = None
    exclude: opt.Exclude = None
    table: opt.TableFile = None
    studies: opt.Studies = None


@dataclass(frozen=True, slots=True, eq=False)
class EffectOptions:
    """How the effect of each study is made from what it reports."""

    measure: opt.Measure = None
    level: opt.Level = None
    vtype: opt.Vtype = None
    quantiles: opt.Quantiles = "normal"
    mean_rule: opt.MeanRule = "luo2018"
    sd_rule: opt.SdRule = "wan-shi"
    multi_arm: opt.MultiArm = "combine"
    correlation: opt.Correlation = None
    icc: opt.Icc = None
    prefer: opt.Prefer = None


@dataclass(frozen=True, slots=True, eq=False)
class ModelOptions:
    """The model that pooling, meta-regression and `batch` have in common."""

    model: opt.Model = None
    tau2: opt.Tau2 = None
    tau2_weights: opt.Tau2Weights = None
    ci: opt.Ci = None
    preset: opt.Preset = None

    def check(self, *, tau2_ci: str | None) -> None:
        """Raises UsageError for a common-effect model with what only a random-effects model has. tau2_ci : None for no interval."""
        asked = {"--tau2": self.tau2, "--tau2-weights": self.tau2_weights, "--tau2-ci": tau2_ci}
        if self.model == "common" and (idle := [name for name, value in asked.items() if value is not None]):
            raise UsageError(
                f"a common-effect model has no between-study variance; leave out {', '.join(idle)}, or --model common"
            )


@dataclass(frozen=True, slots=True, eq=False)
class PoolOptions(ModelOptions):
    """How the effects are pooled."""

    weights: opt.MeanWeights = None
    prediction: opt.PredictionKey = None
    tau2_ci: opt.Tau2CiKey = None
    method: opt.Method = None
    by: opt.By = None
    common_tau2: opt.CommonTau2 = False

    @property
    def from_cells(self) -> bool:
        """Whether the method named works on the counts themselves."""
        return is_from_cells(self.method)


@dataclass(frozen=True, slots=True, eq=False)
class FormOptions:
    """In which form the result is shown, and where."""

    json: opt.AsJson = False
    csv: opt.AsCsv = False
    markdown: opt.AsMarkdown = False
    output: opt.Output = None
    force: opt.Force = False

    def kind(self) -> str:
        """ "text", "json", "csv" or "markdown": by the switch, else by the suffix of the file; raises UsageError for two."""
        return output_kind(self.output, json=self.json, csv=self.csv, markdown=self.markdown)


def is_from_cells(method: str | None) -> bool:
    """Whether a --method works on the counts themselves."""
    return method is not None and method.upper() not in ("IV", "INVERSE")


def check_weights(tau2: Any, tau2_ci: Any, field: str | None) -> None:
    """Raises UsageError for --tau2-weights that nothing is built on, and for a method built on weights without them."""
    from mscsec.pooling.tau2 import is_weighted  # only here: not every command that takes options pools

    asked = [f"{option} {key}" for option, key in (("--tau2", tau2), ("--tau2-ci", tau2_ci)) if is_weighted(key)]
    if field is None and asked:
        raise UsageError(
            f"{asked[0]} is built on weights of your own; name the field that has them: --tau2-weights FIELD"
        )
    if field is not None and not asked:
        raise UsageError("--tau2-weights belongs to --tau2 GENQ or GENQM, or to --tau2-ci GENQ")


def check_level(level: float | None) -> None:
    """Raises UsageError for a --level that is none."""
    if level is not None and not 0.5 <= level < 1:
        raise UsageError(
            f"--level is {level:g}; a confidence level lies between 0.5 and 1, such as 0.95"
            + (f". Write {level / 100:g}" if 50 <= level < 100 else "")
        )


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """`command` as Typer reads it: each parameter that is a group stands for the group's options, in their order."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, tuple[Any, dict[str, Any]]] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if is_dataclass(hints[name]):
            own = get_type_hints(hints[name], include_extras=True)
            groups[name] = hints[name], own
            parameters += [_parameter(field.name, field.default, own[field.name]) for field in fields(hints[name])]
        else:
            parameters.append(_parameter(name, parameter.default, hints[name]))

    @functools.wraps(command)
    def flat(**given: Any) -> None:
        for name, (group, own) in groups.items():
            given[name] = group(**{option: given.pop(option) for option in own})
        command(**given)

    flat.__dict__["__signature__"] = inspect.Signature(parameters)  # what `inspect.signature` reads
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return flat


def _parameter(name: str, default: Any, annotation: Any) -> inspect.Parameter:
    default = inspect.Parameter.empty if default is MISSING else default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def given(group: Any) -> dict[str, Any]:
    """The options of a group that were chosen, by their name on the command line (--mean-rule), with their values."""
    found = {field.name: getattr(group, field.name) for field in fields(group)}
    chosen = {field.name for field in fields(group) if found[field.name] != field.default}
    return {f"--{name.replace('_', '-')}": found[name] for name in found if name in chosen}
