"""One outcome read and pooled as the options say: the one way there of every command that takes them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mscsec.cli.groups import NO_PREDICTION, EffectOptions, PoolOptions, StudyOptions, check_weights
from mscsec.cli.inputs import Inputs, read_inputs
from mscsec.cli.marks import with_marks
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import UsageError
from mscsec.pooling.presets import DEFAULT_PRESET
from mscsec.pooling.result import PooledResult
from mscsec.records.models import Analysis
from mscsec.results import Notice
from mscsec.synthesis.fit import chosen_of, fit_cells, fit_effects, with_advice, with_blanks
from mscsec.synthesis.weights import weigh

if TYPE_CHECKING:
    from mscsec.pooling.regression import SubgroupResult


@dataclass(frozen=True, slots=True)
class Pooling:
    """The effects of one outcome and how they are pooled. chosen : of `fit_effects` or `fit_cells`."""

    inputs: Inputs
    chosen: dict[str, Any]
    asked: PoolOptions

    def fit(self, sizes: EffectSizes) -> PooledResult:
        """Any effects pooled in this way."""
        if self.asked.from_cells:
            return fit_cells(sizes, self.asked.method or "", self.chosen)
        return fit_effects(sizes, self.chosen)

    def result(self) -> PooledResult:
        """The effects that were read, pooled, with what is to be said of it."""
        fit = self.fit(self.inputs.sizes)
        fit = fit if self.asked.from_cells else with_advice(self.inputs.sizes, fit)
        return with_unmet(fit, self.asked.ci, self.asked.prediction)

    def groups(self) -> tuple[list[str], SubgroupResult]:
        """The group of each study by the field of --by, and the groups pooled."""
        from mscsec.synthesis.groups import fit_groups

        assert self.asked.by is not None
        tau2 = self.asked.common_tau2
        labels, found = fit_groups(
            self.inputs.sizes, self.inputs.columns(), self.asked.by, self.chosen, common_tau2=tau2
        )
        groups = {name: with_boundless(fit) for name, fit in found.groups.items()}
        return labels, replace(found, groups=groups, overall=with_boundless(found.overall))


def read_pooling(
    studies: StudyOptions,
    effects: EffectOptions,
    asked: PoolOptions,
    *,
    compare: bool = False,
    integrity: bool | None = None,
) -> Pooling:
    """Reads the effects of an outcome, and settles how they are pooled: options first, then the review's own analysis.

    compare : for all methods from the cells at once. integrity : mark studies whose figures are under question.
    Raises UsageError for options that contradict each other, before anything is read; TooFewStudies where no study
    contributes.
    """
    agree(effects, asked)
    if studies.table is not None and integrity:
        raise UsageError("--integrity reads records; a table has none. Leave it out")
    cells = compare or asked.from_cells
    inputs = read_inputs(studies, effects, method=(asked.method or "MH") if cells else None, preset=asked.preset)
    inputs.need_studies()
    if cells:
        preset = asked.preset or inputs.analysis.preset
        inputs = replace(inputs, sizes=as_counted(inputs.sizes, asked.method or "", asked.model, preset))
    if integrity:
        inputs = replace(inputs, sizes=with_marks(inputs.sizes, inputs.base))
    # A method from the cells has its own model and its own tau2: of the review's choices its whole convention alone holds for it.
    own = Analysis(preset=inputs.analysis.preset) if cells else inputs.analysis
    chosen = chosen_of(own, asked.model, asked.tau2, asked.ci, asked.prediction, asked.preset, inputs.base)
    if asked.tau2_ci is not None:
        chosen["tau2_ci"] = asked.tau2_ci
    if not cells:
        check_weights(chosen["tau2"], chosen.get("tau2_ci"), asked.tau2_weights)
        chosen = weigh(chosen, asked.tau2_weights, inputs.sizes, inputs.columns)
        chosen = weigh(chosen, asked.weights, inputs.sizes, inputs.columns, of="weights")
    return Pooling(inputs, chosen, asked)


def agree(effects: EffectOptions, asked: PoolOptions) -> None:
    """Raises UsageError for options that cannot go together."""
    asked.check(tau2_ci=asked.tau2_ci)
    if asked.by and asked.from_cells:
        raise UsageError("--by pools the effects of each subgroup by inverse variance; leave out --method")
    if asked.common_tau2 and not asked.by:
        raise UsageError("--common-tau2 belongs to --by FIELD")
    if asked.tau2_ci is not None and asked.by:
        raise UsageError("each subgroup has the Q-profile interval of its tau2; leave out --tau2-ci")
    if asked.from_cells and effects.vtype is not None:
        raise UsageError(f"{asked.method} is computed from the cells and has its own variance; leave out --vtype")
    own = {"--weights": asked.weights, "--tau2-weights": asked.tau2_weights}
    if asked.from_cells and (idle := [name for name, field in own.items() if field is not None]):
        raise UsageError(
            f"{asked.method} is computed from the cells, without weights of your own; leave out {', '.join(idle)}"
        )
    if asked.model == "common" and asked.prediction not in (None, "none"):
        raise UsageError(NO_PREDICTION)


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
    return with_boundless(replace(fit, warnings=(*fit.warnings, *notices)) if notices else fit)


def with_boundless(fit: PooledResult) -> PooledResult:
    """The fit with a notice where an end of an interval is beyond any number in print."""
    shown = fit.display
    ends = {
        "interval": (shown.ci_low, shown.ci_high),
        "prediction interval": (shown.prediction_low, shown.prediction_high),
    }
    notices = [
        Notice(
            "P209",
            f"An end of the {what} is beyond any number on the natural scale; the analysis scale (--json) has it",
        )
        for what, pair in ends.items()
        if any(end is not None and not math.isfinite(end) for end in pair)
    ]
    return replace(fit, warnings=(*fit.warnings, *notices)) if notices else fit


def as_counted(sizes: EffectSizes, method: str, model: str | None, preset: str | None) -> EffectSizes:
    """The effects with what is true of a method from the cells: which studies have no estimate of their own, and whether what
    was added for a study's own row is pooled too.
    """
    from mscsec.pooling.counts import CONVENTIONS

    method = method.upper()
    rule = CONVENTIONS.get(preset or DEFAULT_PRESET)
    sizes = with_blanks(sizes, rule)
    if method in ("SSW", "COCHRAN") or (method in ("MH", "PETO") and model == "random"):
        return sizes  # the effects themselves are pooled
    if rule is not None and method in (name.upper() for name in rule.in_sums):
        once = rule.ratio_once and sizes.measure == "RR"
        more = ", and to every cell in the pooled sums" if once else ", in the pooled sums as well"
    else:
        more = " for this row alone; the pooled estimate is made from the counts"
    rows = tuple(
        replace(
            row,
            flags=tuple(replace(flag, text=flag.text + more) if flag.code == "E101" else flag for flag in row.flags),
        )
        for row in sizes.rows
    )
    return replace(sizes, rows=rows)
