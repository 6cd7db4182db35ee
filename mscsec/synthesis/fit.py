"""The effects of one outcome pooled as the review or the caller asks: inverse variance, or a method from the cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mscsec.effects.collect import without_estimate
from mscsec.effects.measures import MEASURES
from mscsec.effects.sizes import EffectSizes, effects
from mscsec.errors import InvalidInput, UnknownMethod, UsageError
from mscsec.pooling import DEFAULT_PRESET, PRESETS, pool
from mscsec.pooling.plan import make_plan
from mscsec.pooling.result import PooledResult
from mscsec.pooling.tau2 import is_weighted
from mscsec.problems import Problem, RecordError
from mscsec.records.checks import Finding
from mscsec.records.models import Analysis
from mscsec.records.reader import EvidenceBase
from mscsec.registry import choose
from mscsec.results import Notice
from mscsec.said import RULE, num, said
from mscsec.synthesis.weights import as_arrays, noted

if TYPE_CHECKING:  # methods from the cells, which cost their import
    from mscsec.pooling.counts import ZeroCells
    from mscsec.pooling.counts.fit import CountMethod, GroupMethod


def pooled(base: EvidenceBase, outcome: str, comparison: str | None = None) -> tuple[EffectSizes, PooledResult | None]:
    """The effects and their pooled result; None where no study contributes. Raises as `effects` and `pool` do."""
    sizes = effects(base, outcome, comparison=comparison, level=float(base.review.analysis.level or 0.95))
    return sizes, fit_effects(sizes, choices_of(base)) if sizes.rows else None


def choices_of(base: EvidenceBase) -> dict[str, Any]:
    """The review's own analysis, as `fit_effects` takes it. Raises RecordError where it names what pooling does not know."""
    return chosen_of(base.review.analysis, base=base)


def chosen_of(
    analysis: Analysis,
    model: str | None = None,
    tau2: str | None = None,
    ci: str | None = None,
    prediction: str | None = None,
    preset: str | None = None,
    base: EvidenceBase | None = None,
) -> dict[str, Any]:
    """What is asked for first, then the review's analysis, as `fit_effects` takes it; what neither says is the preset's.

    A preset that is asked for sets the review's own analysis aside. base : where the analysis stands. Raises RecordError, at
    the line there, where something of the analysis that is used names what pooling does not know.
    """
    own = analysis if preset is None else Analysis()
    if model == "common":  # the review's choices between random-effects methods have nothing to say then
        own = Analysis(preset=own.preset)
    if base is not None:
        asked = {"model": model, "tau2": tau2, "ci": ci, "prediction": prediction}
        used = own.model_copy(update={key: None for key, value in asked.items() if value is not None})
        if problems := problems_of(base, used):
            raise RecordError(problems)
    return {
        "model": model or own.model, "tau2": tau2 or own.tau2, "ci": ci or own.ci,
        "prediction": prediction or own.prediction, "preset": preset or own.preset,
    }  # fmt: skip


def faults_of(analysis: Analysis) -> list[tuple[str, str]]:
    """What a review's analysis names that pooling does not know, and what does not go together: the key, "" for the whole, and why."""
    nothing: dict[str, Any] = {
        "model": analysis.model or "random", "tau2": None, "ci": None, "prediction": None, "tau2_ci": None, "i2": None,
        "preset": None, "level": 0.95, "prediction_level": None, "null": 0.0,
    }  # fmt: skip
    chosen = {
        key: value for key in ("preset", "tau2", "ci", "prediction") if (value := getattr(analysis, key)) is not None
    }
    found = []
    for key, value in chosen.items():
        try:
            make_plan(**(nothing | {key: value}))
        except UnknownMethod as error:
            found.append((key, error.message))
        except InvalidInput:  # it does not go with a default, but may with the other choices, which are looked at below
            continue
    if is_weighted(analysis.tau2):
        found.append(
            ("tau2", "a protocol has no weights for it: name it, and them, on the command line (--tau2-weights FIELD)")
        )
    if not found:
        try:
            make_plan(**(nothing | chosen))
        except InvalidInput as error:
            found.append(("", error.message))
    return found


def problems_of(base: EvidenceBase, analysis: Analysis) -> list[Problem]:
    """The faults of the protocol's analysis, or of what is left of it, each at its place in the file; none that is silenced there."""
    found = []
    for key, why in faults_of(analysis):
        path, what = (
            (("analysis", key), f"{key} {getattr(analysis, key)!r}") if key else (("analysis",), "these choices")
        )
        found.append(base.protocol.problem(Finding(path, "R218", f"found {what}", why)))
    return [problem for problem in found if problem is not None]


def settled(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Model, tau2 and ci with the preset's where nothing is asked for, for methods that know no preset."""
    preset = choose(PRESETS, chosen["preset"] or DEFAULT_PRESET, "preset")
    return {
        "model": chosen["model"] or "random", "tau2": chosen["tau2"] or preset.tau2, "ci": chosen["ci"] or preset.ci
    }  # fmt: skip


def weights_of(sizes: EffectSizes, fit: PooledResult | None) -> dict[str, float]:
    """By study, its share of the meta-analysis, in [0, 1]; empty where nothing was pooled."""
    return {} if fit is None else dict(zip((row.study for row in sizes.rows), fit.weights, strict=True))


def fit_effects(sizes: EffectSizes, chosen: dict[str, Any]) -> PooledResult:
    """Inverse variance, or the weights among `chosen`. Weights of one's own that are used stand under `details` too."""
    options = as_arrays(chosen, sizes) | {"model": chosen["model"] or "random"}
    fit = pool(sizes.yi, sizes.vi, level=sizes.level, transform=sizes.back(), threshold=threshold(sizes), **options)
    return noted(fit, chosen, sizes)


def threshold(sizes: EffectSizes) -> float | None:
    """`important` where there are studies enough for a prediction interval, else None."""
    return important(sizes) if len(sizes.rows) >= 3 else None


def important(sizes: EffectSizes) -> float | None:
    """The important difference as a bound on the analysis scale, on the side of benefit; None where there is none."""
    size = sizes.important_difference
    if size is None or sizes.better == "neither" or sizes.null is None:
        return None
    if sizes.transform == "exp":
        ratio = min(size, 1 / size)
        return math.log(ratio) if sizes.better == "lower" else -math.log(ratio)
    if sizes.measure not in ("MD", "RD"):
        return None
    return -size if sizes.better == "lower" else size


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts behind the effects, as the functions from the cells take them.

    cells : events and size of each study for one arm, or for the experimental one and then the comparator; rates : size is
    person-time, else participants.
    """

    arms: int
    rates: bool
    cells: tuple[list[float], ...]


def fit_cells(sizes: EffectSizes, method: str, chosen: dict[str, Any]) -> PooledResult:
    """A method that works on the counts themselves, of two arms or of a single group."""
    from mscsec.pooling.counts import pool_counts, pool_group_rates, pool_proportions, pool_rates

    counts = counts_of(sizes)
    row = method_row(counts, sizes.measure, method)
    if chosen["model"] is None and row.models[0] == "common":
        asked = {"--tau2": chosen["tau2"], "--prediction": chosen["prediction"]}
        if idle := [name for name, value in asked.items() if value not in (None, "auto", "none")]:
            both = "random" in row.models
            raise UsageError(
                f"{row.key} has a common-effect model{' unless asked otherwise' if both else ''}, which has no between-study variance; "
                f"{'add --model random, or ' if both else ''}leave out {', '.join(idle)}"
            )
    options = {name: value for name, value in chosen.items() if value is not None}
    if counts.arms == 2:
        function: Callable[..., PooledResult] = pool_rates if counts.rates else pool_counts
        options["measure"] = "OR" if sizes.measure == "PETO" else sizes.measure
    else:
        function = pool_group_rates if counts.rates else pool_proportions
        if options.pop("tau2", "ML") != "ML" or options.pop("tau2_ci", "none") != "none":
            raise UsageError(
                f"{row.key} ({row.name}) has its own likelihood for what lies between the studies; leave out --tau2 and --tau2-ci"
            )
    return function(*counts.cells, method=row.key, level=sizes.level, **options)


def with_blanks(sizes: EffectSizes, rule: ZeroCells | None) -> EffectSizes:
    """The effects with nan for studies that have no estimate of their own under a rule for zero cells; None: that of the preset.

    Raises as `counts_of`.
    """
    from mscsec.pooling.counts.continuity import convention, has_estimate
    from mscsec.pooling.counts.tables import person_time, two_by_two

    counts = counts_of(sizes)
    if counts.arms == 1:
        return sizes
    table = person_time(*counts.cells) if counts.rates else two_by_two(*counts.cells)
    has = has_estimate(table, sizes.measure, convention(rule or DEFAULT_PRESET))
    rows = tuple(row if ok else without_estimate(row) for row, ok in zip(sizes.rows, has.tolist(), strict=True))
    return replace(sizes, rows=rows)


def with_estimates(sizes: EffectSizes, fit: PooledResult) -> tuple[EffectSizes, PooledResult]:
    """The studies that have an estimate of their own, and the fit with their weights, for a picture of estimates."""
    kept = [row.estimable for row in sizes.rows]
    if all(kept):
        return sizes, fit
    weights = tuple(weight for weight, ok in zip(fit.weights, kept, strict=True) if ok) if fit.weights else fit.weights
    rows = tuple(row for row in sizes.rows if row.estimable)
    return replace(sizes, rows=rows), replace(fit, weights=weights)


def method_row(
    counts: Counts, measure: str, method: str, among: tuple[str, ...] | None = None
) -> CountMethod | GroupMethod:
    """The row of a method for counts of this kind. among : keys that alone can be had; all where None.

    Raises UnknownMethod for another one, UsageError where it does not estimate the measure.
    """
    from mscsec.pooling.counts import COUNTS, GROUP_RATES, PROPORTIONS, RATES
    from mscsec.pooling.counts.fit import SYNONYMS

    table: Mapping[str, CountMethod | GroupMethod]
    if counts.arms == 2:
        table, method = RATES if counts.rates else COUNTS, SYNONYMS.get(method.upper(), method)
    else:
        table = GROUP_RATES if counts.rates else PROPORTIONS
    what = "method" if among is None else f"method with moderators for {measure}"
    row = choose(MappingProxyType({key: table[key] for key in among or table}), method, what, ("IV",) if among else ())
    if measure not in (*row.measures, "PETO"):
        raise UsageError(
            f"{row.key} ({row.name}) estimates {', '.join(row.measures)}, not {measure}; add --measure {row.measures[0]}"
        )
    return row


def counts_of(sizes: EffectSizes) -> Counts:
    """The counts of every study.

    Raises UsageError where the outcome has none, or a study contributes a reported effect instead of its counts.
    """
    family = MEASURES[sizes.measure].family
    rates, single = family in ("rates", "rate"), family in ("proportion", "rate")
    size, where = "time" if rates else "n", "" if single else " in each arm"
    if all(row.experimental.events is None for row in sizes.rows):
        raise UsageError(
            f"{sizes.outcome} is analysed as {sizes.measure} and has no events to count; methods from the cells (--method, --compare) are for events"
        )
    cells: tuple[list[float], ...] = tuple([] for _ in range(2 if single else 4))
    for row in sizes.rows:
        for place, arm in enumerate((row.experimental,) if single else (row.experimental, row.comparator)):
            events, total = arm.events, getattr(arm, size)
            if events is None or total is None:
                raise UsageError(
                    f"{row.label} has no cells (events and {size}{where}), which this method works on; exclude it or use --method IV"
                )
            cells[2 * place].append(events)
            cells[2 * place + 1].append(total)
    return Counts(1 if single else 2, rates, cells)


def with_advice(sizes: EffectSizes, fit: PooledResult) -> PooledResult:
    """The fit with a notice where inverse variance does not suit rare events (Cochrane Handbook 10.4.4)."""
    arms = [(row.experimental, row.comparator) for row in sizes.rows]
    if (
        sizes.measure not in ("OR", "RR", "RD")
        or fit.k < 2
        or any(arm.events is None or arm.n is None for pair in arms for arm in pair)
    ):
        return fit
    if min(arm.events or 0.0 for pair in arms for arm in pair) > 0:
        return fit  # without a zero cell nothing is added to the counts
    from mscsec.pooling.counts import COUNTS, advise

    advice = advise(*counts_of(sizes).cells, measure=sizes.measure)
    if not advice.sparse:
        return fit
    suited = [
        row.method
        for row in advice.methods
        if row.verdict in ("recommended", "suitable") and sizes.measure in COUNTS[row.method].measures
    ]
    text = said("Sparse data: inverse variance with {} in zero cells is not advised", num(0.5, RULE))
    if suited:
        text += f"; {', '.join(suited)} {'suits' if len(suited) == 1 else 'suit'} better (--method {suited[0]}, or all side by side: --compare)"
    return replace(fit, warnings=(*fit.warnings, Notice("P306", text)))
