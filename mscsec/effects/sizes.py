"""The effects of one outcome over an evidence base: one row a study, with its trail, its flags, and who was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mscsec.arrays import Array
from mscsec.effects.collect import (
    GROUPS,
    Read,
    StudyEffect,
    check_type,
    compute,
    natural,
    read_study,
)
from mscsec.effects.measures import MEASURES, TRANSFORMS
from mscsec.effects.reading import Gap, Rules
from mscsec.effects.select import DESIGNS, RANDOMISED_DESIGNS, Chosen, Excluded, choose, comparison_of
from mscsec.effects.shared import SharedComparator, covariance_matrix, shared_comparators
from mscsec.effects.trail import Derivation, Flag
from mscsec.effects.zero_cells import ZERO_CELLS, zero_options
from mscsec.errors import UnknownMethod, UnknownName
from mscsec.records.reader import EvidenceBase
from mscsec.registry import choose as choose_row
from mscsec.results import Notice, Result

PREFERENCES = ("arms", "reported", "cells")
DEFAULT_MEASURES = {
    "continuous": "MD",
    "dichotomous": "RR",
    "time-to-event": "HR",
    "count": "IRR",
    "correlation": "ZCOR",
    "generic": "GEN",
}


@dataclass(frozen=True, slots=True)
class EffectSizes(Result):
    """Effects of one outcome. `rows` can be pooled; `excluded` says for every other study why it is not here.

    shared : pairs of rows against one comparator (rule multi_arm "separate"), which must not be pooled as independent.
    """

    outcome: str
    outcome_label: str
    measure: str
    measure_name: str
    transform: str
    null: float | None
    unit: str | None
    better: str
    important_difference: float | None
    comparison: str | None
    comparison_label: str | None
    level: float
    rows: tuple[StudyEffect, ...]
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[Notice, ...] = ()
    shared: tuple[SharedComparator, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Study labels in the order of `yi`."""
        return tuple(row.label for row in self.rows)

    @property
    def yi(self) -> Array:
        """(k,) effects on the analysis scale."""
        return np.array([row.yi for row in self.rows])

    @property
    def vi(self) -> Array:
        """(k,) sampling variances."""
        return np.array([row.vi for row in self.rows])

    @property
    def covariance(self) -> Array:
        """(k, k) covariance of the effects: `vi` on the diagonal, beside it the covariances of `shared`, else 0."""
        return np.asarray(covariance_matrix(self.rows, self.shared))

    def back(self) -> Callable[[float], float]:
        """The way from the analysis scale to the natural one for a pooled value.

        Where the transformation needs a sample size or person-time, the harmonic mean of the studies' stands for it
        (Miller 1978).
        """
        of = "time" if "t" in TRANSFORMS[self.transform].needs else "n"
        sizes = [size for row in self.rows if (size := getattr(row.experimental, of))]
        mean = len(sizes) / sum(1 / size for size in sizes) if sizes else None

        def back(value: float) -> float:
            return float(natural(self.transform, value, mean))

        back.__name__ = self.transform
        return back

    @property
    def flags(self) -> tuple[tuple[Flag, ...], ...]:
        """Flags of each study, in the order of `yi`."""
        return tuple(row.flags for row in self.rows)

    @property
    def derivation(self) -> tuple[Derivation, ...]:
        """Where each effect comes from, in the order of `yi`."""
        return tuple(row.derivation for row in self.rows)

    def without(self, studies: Iterable[str]) -> EffectSizes:
        """The same effects without some studies (by id), which move to `excluded`. Raises UnknownName for a stranger."""
        out = set(studies)
        known = [row.study for row in self.rows] + [study.study for study in self.excluded]
        for study in out:
            if study not in known and study not in [name.split(":")[0] for name in known]:
                raise UnknownName("study", study, known)
        out |= {name for name in known if name.split(":")[0] in out}
        moved = tuple(Excluded(row.study, row.label, "excluded on request") for row in self.rows if row.study in out)
        return replace(
            self, rows=tuple(row for row in self.rows if row.study not in out), excluded=(*self.excluded, *moved)
        )


def effects(
    base: EvidenceBase,
    outcome: str,
    *,
    measure: str | None = None,
    comparison: str | None = None,
    timepoint: str | None = None,
    designs: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    level: float = 0.95,
    prefer: str = "arms",
    rules: Rules | None = None,
    counted: bool = False,
    zero_cells: str | None = None,
    **options: Any,
) -> EffectSizes:
    """Effects of `outcome` in every study of `base` that reports it, each with its derivation.

    measure : key of MEASURES; the outcome's own, or the usual one of its type, where None.
    comparison, timepoint : which contrast and time point; rules of the review where None.
    designs : types of design that enter; the randomised ones where None and the review says nothing (all of them for a
        measure of a single group).
    prefer : "arms" takes figures by arm before a reported contrast, "reported" the other way round. Where both are
        there and the figures by arm are taken, a disagreement beyond rounding is marked (E219). "cells" is "arms" with
        cells rebuilt from a contrast and the margins (E228) before the contrast itself.
    counted : keep studies whose counts are known and give no estimate, as rows of nan, for methods that work on the counts.
    zero_cells : key of `ZERO_CELLS`, the convention for zero cells in a study's own effect; the review's preset where None.
    rules : how medians, several arms and missing correlations are dealt with.
    options : vtype, correct, add, to, drop00 of `effect_size`.

    Raises UnknownName (outcome, comparison, time point, study), UnknownMethod (measure, rules, prefer), UsageError (several comparisons at once).
    """
    if outcome not in base.review.outcomes:
        raise UnknownName("outcome", outcome, base.review.outcomes)
    plan = base.review.outcomes[outcome]
    row = choose_row(MEASURES, measure or plan.measure or DEFAULT_MEASURES.get(plan.type, "GEN"), "measure")
    check_type(row, plan, outcome)
    groups = GROUPS.get(row.family, 2)
    key = comparison_of(base.review, base.studies, outcome, comparison) if groups == 2 or comparison else None
    asked = designs if designs is not None else base.review.analysis.designs
    allowed = _designs(asked, RANDOMISED_DESIGNS if groups == 2 else DESIGNS)
    _known_timepoint(base, outcome, timepoint)
    picked = [choose(study, base.review, outcome, key, timepoint, allowed, groups) for study in base.studies]
    excluded = [item for item in picked if isinstance(item, Excluded)]
    own = base.review.analysis.preset
    preset = zero_cells or (own if own in ZERO_CELLS else None)  # `check` is who says that a review names another
    options = zero_options(row, preset, options)
    how = _checked(rules or Rules(), prefer)
    read: list[Read] = []
    for chosen in (item for item in picked if isinstance(item, Chosen)):
        try:
            read += read_study(chosen, plan, row, how, prefer)
        except Gap as gap:
            excluded.append(Excluded(chosen.study.id, chosen.study.label, str(gap)))
    rows, refused, warnings = compute(read, row, level, options, counted)
    order = {study.id: place for place, study in enumerate(base.studies)}
    left_out = sorted((*excluded, *refused), key=lambda item: order[item.study.split(":")[0]])
    label = (base.review.comparisons[key].label or key) if key else None
    sizes = EffectSizes(
        outcome, plan.label, row.key, row.name, row.back, row.null, plan.unit, plan.better,
        float(plan.important_difference.value) if plan.important_difference else None, key, label, level,
        tuple(rows), tuple(left_out), warnings,
        shared_comparators(rows, row, options) if how.multi_arm == "separate" and groups == 2 else (),
    )  # fmt: skip
    return sizes.without(exclude)


def _checked(rules: Rules, prefer: str) -> Rules:
    rules.check()
    if prefer not in PREFERENCES:
        raise UnknownMethod("preference (prefer)", prefer, PREFERENCES)
    return rules


def _known_timepoint(base: EvidenceBase, outcome: str, asked: str | None) -> None:
    """Raises UnknownName where no study reports the outcome at the time point asked for."""
    known = dict.fromkeys(
        result.timepoint
        for study in base.studies
        for result in study.results
        if result.outcome == outcome and result.timepoint is not None
    )
    if asked is not None and asked not in known:
        raise UnknownName(f"time point of {outcome}", asked, known)


def _designs(asked: Iterable[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    if asked is None:
        return default
    names = tuple(asked)
    if names == ("all",):
        return DESIGNS
    for name in names:
        if name not in DESIGNS:
            raise UnknownName("design", name, (*DESIGNS, "all"))
    return names
