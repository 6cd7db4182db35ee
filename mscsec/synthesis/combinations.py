"""Every analysis that a reader may ask for, worked out beforehand: sets of studies times models times intervals.

All sets are rows of one batch, so that the table is a few calls of the kernel and whoever shows it only looks up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mscsec.arrays import Array, BoolArray
from mscsec.effects.measures import TRANSFORMS
from mscsec.effects.sizes import EffectSizes
from mscsec.pooling import CI, PRESETS
from mscsec.pooling.batch import BatchResult
from mscsec.pooling.presets import DEFAULT_PRESET
from mscsec.results import Result
from mscsec.sensitivity import subsets

# 2^12 - 1 = 4095 sets fit into a page; 2^13 would double it with every study more.
EVERY_SUBSET_UP_TO = 12
ALL = "all"


@dataclass(frozen=True, slots=True)
class Choice(Result):
    """A model and an interval on offer. ci : key of `CI`, or "auto". own : True for the review's own analysis."""

    model: str
    ci: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class NamedSet(Result):
    """A set of studies with a name. key : "all", "without-high-risk", ... . row : its place among the sets."""

    key: str
    name: str
    row: int


@dataclass(frozen=True, slots=True, eq=False)
class Column(Result):
    """One choice over all sets; arrays (sets,), nan where a number does not exist for a set.

    estimate, ci_low, ci_high, prediction_low, prediction_high : on the natural scale, as `PooledResult.display` has them.
    tau2 : squared units of the analysis scale. i2, p_value : in [0, 1].
    converged : False marks a set whose numbers are not to be used. scaled : the interval is of the HKSJ family.
    weights : (sets, k) share of each study in the estimate, summing to one over a set; 0 where it is left out.
    """

    estimate: Array
    ci_low: Array
    ci_high: Array
    prediction_low: Array
    prediction_high: Array
    p_value: Array
    tau2: Array
    i2: Array
    converged: BoolArray
    scaled: BoolArray
    weights: Array


@dataclass(frozen=True, slots=True, eq=False)
class Combinations(Result):
    """The table. Row i of `members` (sets, k) is a set of studies in the order of the effects; `columns` go with `choices`.

    complete : every subset is there, and row i holds the studies whose bits are set in i + 1, the first study the lowest.
        Otherwise row 0 is all studies, row 1 + i leaves study i out, and the named sets follow.
    """

    studies: tuple[str, ...]
    members: BoolArray
    complete: bool
    named: tuple[NamedSet, ...]
    choices: tuple[Choice, ...]
    columns: tuple[Column, ...]

    @property
    def own(self) -> int:
        """Place of the review's own analysis among the choices."""
        return next(place for place, choice in enumerate(self.choices) if choice.own)

    def row(self, members: Iterable[bool]) -> int:
        """The row of a set; raises KeyError where it is not on offer."""
        wanted = np.fromiter(members, dtype=bool)
        if self.complete:
            place = int((wanted * 2 ** np.arange(wanted.size)).sum()) - 1
            if place >= 0:
                return place
        else:
            found = np.flatnonzero((self.members == wanted).all(axis=1))
            if found.size:
                return int(found[0])
        raise KeyError(tuple(wanted.tolist()))

    def without(self, study: int) -> int | None:
        """The row that leaves one study out; None where it is the only one."""
        k = len(self.studies)
        return None if k < 2 else self.row(place != study for place in range(k))


def combinations(
    sizes: EffectSizes, chosen: Mapping[str, Any], named: Sequence[tuple[str, str, Sequence[bool]]] = ()
) -> Combinations:
    """The table for the effects of one outcome, which must not be empty.

    chosen : the review's own analysis, as `choices_of` gives it. named : key, name and members of sets with a name; empty
    sets and those that are all studies are left out, as is a second name of the same set.
    Raises what `pool_batch` raises.
    """
    k = len(sizes.rows)
    complete = k <= EVERY_SUBSET_UP_TO
    wanted = _distinct(k, named)
    members = _power_set(k) if complete else _few(k, [row for _, _, row in wanted])
    offered = choices(chosen)
    columns = []
    for choice in offered:
        options = options_of(choice, chosen)
        found = subsets(sizes.yi, sizes.vi, members, level=sizes.level, **options).result
        columns.append(_column(sizes, members, found, choice))
    table = Combinations(
        tuple(row.study for row in sizes.rows), members, complete, (), offered, tuple(columns)
    )  # fmt: skip
    sets = [NamedSet(ALL, "All studies", table.row([True] * k))]
    sets += [NamedSet(key, name, table.row(row)) for key, name, row in wanted]
    return Combinations(table.studies, members, complete, tuple(sets), offered, table.columns)


def choices(chosen: Mapping[str, Any]) -> tuple[Choice, ...]:
    """The models and intervals on offer, the review's own first; without a between-study variance there is Wald alone."""
    preset = PRESETS[chosen.get("preset") or DEFAULT_PRESET]
    model = chosen.get("model") or "random"
    ci = chosen.get("ci") or (preset.ci if model == "random" else "wald")
    if model == "common" and ci == "auto":
        ci = "wald"
    rest = [("random", "auto"), ("random", "wald"), ("random", "hksj"), ("common", "wald")]
    return (Choice(model, ci, True), *(Choice(*pair) for pair in rest if pair != (model, ci)))


def options_of(choice: Choice, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The choice as `pool` and `pool_batch` take it, everything else as the review has it.

    A bootstrap prediction interval is not for a batch; there is none in the table where the review asks for one.
    """
    if choice.model == "common":
        return {"model": "common", "ci": choice.ci, "prediction": "none", "preset": chosen.get("preset")}
    prediction = chosen.get("prediction") or PRESETS[chosen.get("preset") or DEFAULT_PRESET].prediction
    return {
        "model": "random", "tau2": chosen.get("tau2"), "ci": choice.ci, "preset": chosen.get("preset"),
        "prediction": "none" if prediction == "bootstrap" else prediction,
    }  # fmt: skip


def _distinct(k: int, named: Sequence[tuple[str, str, Sequence[bool]]]) -> list[tuple[str, str, tuple[bool, ...]]]:
    seen: set[tuple[bool, ...]] = {(True,) * k, (False,) * k}
    kept = []
    for key, name, members in named:
        row = tuple(bool(one) for one in members)
        if row not in seen:
            seen.add(row)
            kept.append((key, name, row))
    return kept


def _power_set(k: int) -> BoolArray:
    """(2^k - 1, k), row i the bits of i + 1, so that a set is found without a search."""
    return np.asarray((np.arange(1, 2**k)[:, None] >> np.arange(k)) & 1 == 1)


def _few(k: int, named: Sequence[Sequence[bool]]) -> BoolArray:
    """All studies, all but each one, and the named sets."""
    rows = [np.ones((1, k), dtype=bool), ~np.eye(k, dtype=bool)]
    return np.concatenate([*rows, *(np.array([row], dtype=bool) for row in named)])


def _column(sizes: EffectSizes, members: BoolArray, found: BatchResult, choice: Choice) -> Column:
    back = _ways_back(sizes, members)
    none = np.full(len(members), np.nan)
    several = found.pooled
    common = choice.model == "common" or (choice.ci in CI and CI[choice.ci].mean == "common")
    tau2 = np.zeros(len(members)) if common else np.where(several, np.nan_to_num(found.tau2), 0.0)
    raw = np.where(members, 1 / (sizes.vi + tau2[:, None]), 0.0)
    return Column(
        estimate=_natural(found.estimate, back),
        ci_low=_natural(found.ci_low, back),
        ci_high=_natural(found.ci_high, back),
        prediction_low=_natural(none if found.prediction_low is None else found.prediction_low, back),
        prediction_high=_natural(none if found.prediction_high is None else found.prediction_high, back),
        p_value=found.p_value,
        tau2=np.where(several, found.tau2, np.nan),
        i2=np.where(several, found.i2, np.nan),
        converged=found.converged,
        scaled=found.scaled,
        weights=raw / raw.sum(axis=1, keepdims=True),
    )


def _ways_back(sizes: EffectSizes, members: BoolArray) -> list[Any]:
    """One way back for all sets, or one for each where it hangs on the sizes of the studies in the set."""
    if sizes.transform == "exp":
        return [math.exp]
    if not TRANSFORMS[sizes.transform].needs:
        return [sizes.back()]
    return [
        replace(sizes, rows=tuple(row for row, there in zip(sizes.rows, row_of, strict=True) if there)).back()
        for row_of in members
    ]


def _natural(values: Array, back: Sequence[Any]) -> Array:
    """`values` by the way back, number by number as `pool` does, so that both print the same digits."""
    out = np.full(values.shape, np.nan)
    for place in np.flatnonzero(~np.isnan(values)).tolist():
        way = back[place if len(back) > 1 else 0]
        try:
            out[place] = way(float(values[place]))
        except OverflowError:
            out[place] = math.inf
    return out
