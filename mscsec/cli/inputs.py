"""What `effects`, `pool` and `regress` start from: the effects of one outcome, from an evidence base or from a table."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mscsec.cli.output import say, say_base
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

TableFile = Annotated[
    str | None,
    typer.Option(
        "--table",
        metavar="FILE",
        help="Read a CSV table (- is stdin) instead of an evidence base: columns study and events_1 n_1 events_2 n_2, or mean_1 sd_1 n_1 mean_2 sd_2 n_2, or yi vi, or yi sei. --outcome is then the title.",
    ),
]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Effects with their origin: the base they come from (None for a table) and the review's own analysis.

    again : the same effects by other rules of reconstruction; None for a table.
    """

    sizes: EffectSizes
    base: EvidenceBase | None
    analysis: Analysis
    columns: Callable[[], dict[str, list[Any]]]
    again: Callable[[Rules], EffectSizes] | None = None

    def about(self) -> dict[str, object] | None:
        """The evidence base, for a JSON document."""
        base = self.base
        return None if base is None else {"folder": base.folder, "shipped": base.shipped, "studies": len(base.studies)}

    def assumed(
        self, rules: Rules, fit: Callable[[EffectSizes], PooledResult] | None = None
    ) -> tuple[Sensitivity, ...]:
        """The sensitivity to each quantity that was assumed for a study, where there is one."""
        marks = {flag.mark for row in self.sizes.rows for flag in row.flags if flag.code == "E203"}
        if self.base is None or self.again is None or not marks & {"correlation", "icc"}:
            return ()
        from mscsec.synthesis.assumed import assumed_quantities

        return assumed_quantities(self.sizes, self.base.review.outcomes[self.sizes.outcome], rules, self.again, fit)

    def need_studies(self) -> None:
        """Raises TooFewStudies, with the reason of every study, where none contributes."""
        if self.sizes.rows:
            return
        reasons = "\n".join(f"  {study.label} ({study.study}): {study.reason}" for study in self.sizes.excluded)
        why = f"No study of {len(self.sizes.excluded)} contributes to {self.sizes.outcome}:\n{reasons}"
        raise TooFewStudies("pooling", 1, 0, why)


def read_inputs(
    outcome: str | None,
    measure: str | None,
    *,
    table: str | None = None,
    studies: Path | None = None,
    comparison: str | None = None,
    timepoint: str | None = None,
    design: list[str] | None = None,
    exclude: list[str] | None = None,
    level: float | None = None,
    rules: Rules | None = None,
    prefer: str = "arms",
    **options: Any,
) -> Inputs:
    """Loads and computes the effects.

    rules, prefer : of `effects`, which a table has no use for. options : of `effect_size`.
    """
    if level is not None and not 0.5 <= level < 1:
        raise UsageError(
            f"--level is {level:g}; a confidence level lies between 0.5 and 1, such as 0.95"
            + (f". Write {level / 100:g}" if 50 <= level < 100 else "")
        )
    if table is not None:
        if studies is not None and os.environ.get("MSCSEC_STUDIES") == str(studies):
            studies = None  # a default of the environment gives way to what was typed
        if studies is not None or comparison or timepoint or design:
            raise UsageError(
                "--table stands alone: --studies, --comparison, --timepoint and --design belong to an evidence base"
            )
        read = read_table(table)
        name = outcome or (Path(table).stem if table != "-" else "table")
        sizes = effects_from_table(read, measure, outcome=name, exclude=exclude or (), level=level or 0.95, **options)
        return Inputs(sizes, None, Analysis(), lambda: columns_of_table(read, sizes))
    base = load(studies)
    if studies is None:
        say_base(base)
    analysis = base.review.analysis
    name = _chosen_outcome(base, outcome)

    def by_rules(chosen: Rules | None) -> EffectSizes:
        return effects(
            base, name, measure=measure, comparison=comparison, timepoint=timepoint, designs=design,
            exclude=exclude or (), level=level or float(analysis.level or 0.95), rules=chosen, prefer=prefer, **options,
        )  # fmt: skip

    sizes = by_rules(rules)
    return Inputs(sizes, base, analysis, lambda: columns_of_base(base, sizes), by_rules)


def read_rules(
    quantiles: str,
    mean_rule: str,
    sd_rule: str,
    multi_arm: str,
    correlation: float | None,
    prefer: str,
    icc: float | None = None,
    *,
    correlated: bool = False,
) -> Rules:
    """The rules of reconstruction named on the command line; raises UnknownMethod for one that does not exist.

    correlated : whether the command can take effects that share a comparator (--multi-arm separate).
    """
    for what, asked, known in (
        ("route from a median (--quantiles)", quantiles, ("normal", "lognormal", "qe", "bc", "mln")),
        ("rule for several arms (--multi-arm)", multi_arm, ("combine", "split", "separate")),
        ("preference (--prefer)", prefer, PREFERENCES),
    ):
        if asked not in known:
            raise UnknownMethod(what, asked, known)
    if multi_arm == "separate" and not correlated:
        raise UsageError(
            "--multi-arm separate sets each arm against the whole comparator, whose patients would count twice here; take combine or split. The effects with their covariances: mscsec effects --multi-arm separate --json"
        )
    if correlation is not None and not -1 <= correlation <= 1:
        raise UsageError(f"--correlation is {correlation:g}; a correlation lies between -1 and 1")
    if icc is not None and not 0 <= icc <= 1:
        raise UsageError(f"--icc is {icc:g}; an intra-cluster correlation lies between 0 and 1")
    rules = Rules(f"quantiles-{quantiles}", mean_rule, sd_rule, multi_arm, correlation, icc)
    rules.check()
    return rules


def _chosen_outcome(base: EvidenceBase, asked: str | None) -> str:
    if asked is None:
        known = base.review.outcomes
        raise UsageError(f"name an outcome: --outcome {next(iter(known))}. Outcomes here: {', '.join(known)}")
    return asked


def read_table(file: str) -> Table:
    """The table in a CSV file, or on stdin for "-"."""
    if file == "-":
        file, (text, problems) = "<stdin>", decode("<stdin>", sys.stdin.buffer.read(), mark_allowed=True)
    else:
        text, problems = read_file(file, mark_allowed=True)
    if problems:
        raise RecordError(problems)
    read = read_csv(file, text)
    if read.comma:
        say(f"{file}: numbers are read with decimal commas")
    return read
