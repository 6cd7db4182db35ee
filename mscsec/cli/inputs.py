"""What `effects`, `pool`, `plot` and `regress` start from: the effects of one outcome, from an evidence base or from a table."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mscsec.cli.groups import EffectOptions, StudyOptions, check_level, given
from mscsec.cli.output import is_pipe, say, say_base
from mscsec.effects.moderators import columns_of_base, columns_of_table
from mscsec.effects.reading import Rules
from mscsec.effects.sizes import PREFERENCES, EffectSizes, effects
from mscsec.effects.tabular import Table, effects_from_table, read_csv
from mscsec.errors import TooFewStudies, UnknownMethod, UsageError
from mscsec.problems import RecordError
from mscsec.records.models import Analysis
from mscsec.records.reader import EvidenceBase, decode, load, read_file

if TYPE_CHECKING:
    from mscsec.pooling.result import PooledResult
    from mscsec.synthesis.assumed import Sensitivity


@dataclass(frozen=True, slots=True)
class Inputs:
    """Effects with their origin: the base they come from (None for a table) and the review's own analysis.

    rules : of reconstruction. again : the same effects by other rules; None for a table.
    """

    sizes: EffectSizes
    base: EvidenceBase | None
    analysis: Analysis
    columns: Callable[[], dict[str, list[Any]]]
    rules: Rules
    again: Callable[[Rules], EffectSizes] | None = None

    def about(self) -> dict[str, object] | None:
        """The evidence base, for a JSON document."""
        base = self.base
        return None if base is None else {"folder": base.folder, "shipped": base.shipped, "studies": len(base.studies)}

    def assumed(self, fit: Callable[[EffectSizes], PooledResult] | None = None) -> tuple[Sensitivity, ...]:
        """The sensitivity to each quantity that was assumed for a study, where there is one."""
        marks = {flag.mark for row in self.sizes.rows for flag in row.flags if flag.code == "E203"}
        if self.base is None or self.again is None or not marks & {"correlation", "icc"}:
            return ()
        from mscsec.synthesis.assumed import assumed_quantities

        outcome = self.base.review.outcomes[self.sizes.outcome]
        return assumed_quantities(self.sizes, outcome, self.rules, self.again, fit)

    def need_studies(self) -> None:
        """Raises TooFewStudies, with the reason of every study, where none contributes."""
        if self.sizes.rows:
            return
        reasons = "\n".join(f"  {study.label} ({study.study}): {study.reason}" for study in self.sizes.excluded)
        why = f"No study of {len(self.sizes.excluded)} contributes to {self.sizes.outcome}:\n{reasons}"
        raise TooFewStudies("pooling", 1, 0, why)


def read_inputs(
    asked: StudyOptions,
    how: EffectOptions,
    *,
    method: str | None = None,
    correlated: bool = False,
    preset: str | None = None,
) -> Inputs:
    """Loads and computes the effects.

    method : one from the cells, which wants them counted: no study without events is dropped, nothing is added for Peto
    (a study without an estimate of its own then has nan), and cells rebuilt from a ratio come before the ratio. correlated : whether the caller can take effects that share a
    comparator (--multi-arm separate). preset : whose rule for zero cells a study's own effect follows; the review's where None.
    Raises UsageError for options that contradict each other or that these data have no use for.
    """
    check_level(how.level)
    rules = read_rules(how, correlated=correlated)
    peto = method is not None and method.upper() == "PETO" and how.measure in (None, "OR", "PETO")
    options: dict[str, Any] = {
        "measure": "PETO" if peto else how.measure,
        "vtype": how.vtype,
        "drop00": None if method is None else False,
        "to": "none" if peto else None,
        "counted": method is not None,
        "zero_cells": preset,
        "exclude": asked.exclude or (),
    }
    if asked.table is not None:
        return _from_table(asked, how, options)
    base = load(asked.studies)
    if asked.studies is None:
        say_base(base)
    name = _chosen_outcome(base, asked.outcome)
    _refuse_continuous(base, name, how)
    prefer = how.prefer or ("arms" if method is None else "cells")

    def by_rules(chosen: Rules | None) -> EffectSizes:
        return effects(
            base, name, comparison=asked.comparison, timepoint=asked.timepoint, designs=asked.design or None,
            level=how.level or float(base.review.analysis.level or 0.95), rules=chosen, prefer=prefer, **options,
        )  # fmt: skip

    sizes = by_rules(rules)
    return Inputs(sizes, base, base.review.analysis, lambda: columns_of_base(base, sizes), rules, by_rules)


def _from_table(asked: StudyOptions, how: EffectOptions, options: dict[str, Any]) -> Inputs:
    assert asked.table is not None
    strange = {name: value for name, value in given(asked).items() if name not in ("--table", "--outcome", "--exclude")}
    if os.environ.get("MSCSEC_STUDIES") == str(asked.studies):
        strange.pop("--studies", None)  # a default of the environment gives way to what was typed
    if strange:
        raise UsageError(
            "--table stands alone: --studies, --comparison, --timepoint and --design belong to an evidence base"
        )
    if idle := [name for name in given(how) if name not in ("--measure", "--level", "--vtype")]:
        raise UsageError(f"a table has its figures in columns, so that there is no use for {', '.join(idle)}; leave {'it' if len(idle) == 1 else 'them'} out")  # fmt: skip
    read = read_table(asked.table)
    name = asked.outcome or ("table" if asked.table == "-" or is_pipe(asked.table) else Path(asked.table).stem)
    sizes = effects_from_table(read, outcome=name, level=how.level or 0.95, **options)
    return Inputs(sizes, None, Analysis(), lambda: columns_of_table(read, sizes), Rules())


def read_rules(how: EffectOptions, *, correlated: bool = False) -> Rules:
    """The rules of reconstruction named on the command line; raises UnknownMethod for one that does not exist.

    correlated : as for `read_inputs`.
    """
    for what, asked, known in (
        ("route from a median (--quantiles)", how.quantiles, ("normal", "lognormal", "qe", "bc", "mln")),
        ("rule for several arms (--multi-arm)", how.multi_arm, ("combine", "split", "separate")),
        ("preference (--prefer)", how.prefer or "arms", PREFERENCES),
    ):
        if asked not in known:
            raise UnknownMethod(what, asked, known)
    if how.quantiles != "normal" and (idle := [name for name in given(how) if name in ("--mean-rule", "--sd-rule")]):
        raise UsageError(f"--quantiles {how.quantiles} has its own mean and SD, and no use for {', '.join(idle)}; leave {'it' if len(idle) == 1 else 'them'} out")  # fmt: skip
    if how.multi_arm == "separate" and not correlated:
        raise UsageError(
            "--multi-arm separate sets each arm against the whole comparator, whose patients would count twice here; take combine or split. The effects with their covariances: mscsec effects --multi-arm separate --json"
        )
    if how.correlation is not None and not -1 <= how.correlation <= 1:
        raise UsageError(f"--correlation is {how.correlation:g}; a correlation lies between -1 and 1")
    if how.icc is not None and not 0 <= how.icc <= 1:
        raise UsageError(f"--icc is {how.icc:g}; an intra-cluster correlation lies between 0 and 1")
    rules = Rules(f"quantiles-{how.quantiles}", how.mean_rule, how.sd_rule, how.multi_arm, how.correlation, how.icc)
    rules.check()
    return rules


def _chosen_outcome(base: EvidenceBase, asked: str | None) -> str:
    if asked is None:
        known = base.review.outcomes
        raise UsageError(f"name an outcome: --outcome {next(iter(known))}. Outcomes here: {', '.join(known)}")
    return asked


def _refuse_continuous(base: EvidenceBase, outcome: str, how: EffectOptions) -> None:
    """Raises UsageError for rules about means and SDs where the outcome is none of these."""
    plan = base.review.outcomes.get(outcome)
    rules = ("--quantiles", "--mean-rule", "--sd-rule", "--correlation")
    if plan is not None and plan.type != "continuous" and (idle := [name for name in given(how) if name in rules]):
        raise UsageError(f"{outcome} is {plan.type}, and has no use for {', '.join(idle)}; leave {'it' if len(idle) == 1 else 'them'} out")  # fmt: skip


def read_table(file: str) -> Table:
    """The table in a CSV file or a pipe, or on stdin for "-"."""
    if file == "-":
        file, (text, problems) = "<stdin>", decode("<stdin>", sys.stdin.buffer.read(), mark_allowed=True)
    elif is_pipe(file):
        text, problems = decode(file, Path(file).read_bytes(), mark_allowed=True)
    elif os.path.isdir(file):
        raise UsageError(f"{file} is a folder; --table reads a CSV file. Of records: --studies {file}")
    else:
        text, problems = read_file(file, mark_allowed=True)
    if problems:
        raise RecordError(problems)
    read = read_csv(file, text)
    if read.comma:
        say(f"{file}: numbers are read with decimal commas")
    return read
