"""What is asked of every analysis in the table, and which columns it is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from mscsec.arrays import Array, BoolArray
from mscsec.effects.measures import FAMILIES, MEASURES
from mscsec.errors import UnknownMethod, UnknownName, UsageError
from mscsec.pooling import DEFAULT_PRESET, PRESETS, pool_batch
from mscsec.pooling.counts.batch import BINARY, RATE, pool_counts_batch, pool_rates_batch
from mscsec.registry import choose

WEIGHTS = "tau2_weights"  # what the column of weights is called among the numbers of a row
_GENERIC = (("yi", "vi"), ("yi", "sei"))


# What the sums over the cells are made of, by method.
METHODS = {method: (*BINARY.get(method, ()), *RATE.get(method, ())) for method in (*BINARY, *RATE)}


class Fits(NamedTuple):
    """Analyses that were pooled in one call: the numbers asked for, by name, (g,) each.

    converged : of the estimator of tau2. several : True where the likelihood has more than one maximum. estimable : False where
    the data do not determine the effect.
    """

    numbers: dict[str, Array]
    converged: BoolArray
    several: BoolArray
    estimable: BoolArray


@dataclass(frozen=True, slots=True)
class Options:
    """One choice of methods for all analyses; the fields mean what they mean in `pool`.

    method : None for inverse variance; a key of METHODS sums over the cells, for which of the other choices only `level` and
        `preset` (its rule for zero cells) matter.
    tau2_ci : "none" unless asked for, since it takes longer than all the rest. prediction : the preset's where None.
    tau2_weights : the column of the weights that GENQ and GENQM are built on.
    """

    model: str = "random"
    tau2: str | float | None = None
    ci: str | None = None
    prediction: str | None = None
    level: float = 0.95
    tau2_ci: str = "none"
    preset: str | None = None
    tau2_weights: str | None = None
    method: str | None = None

    @property
    def random(self) -> bool:
        """Whether there is a between-study variance."""
        return self.model == "random" and self.method is None

    @property
    def predicts(self) -> bool:
        """Whether the result has a prediction interval."""
        return self.random and self._prediction != "none"

    @property
    def _prediction(self) -> str:
        return self.prediction or choose(PRESETS, self.preset or DEFAULT_PRESET, "preset").prediction

    def pool(self, data: Sequence[Array], mask: Any, measure: str, names: Sequence[str]) -> Fits:
        """What `pool_batch`, or the sums over the cells, make of the data with these options.

        data : yi, vi, and the weights of the column where one is named; with a `method` the cells of `measure`.
        names : of the numbers wanted, as `BatchResult` has them.
        """
        if self.method is not None:
            return self._summed(data, mask, measure, names)
        yi, vi, *weights = data
        chosen = asdict(self) | {"tau2_weights": weights[0] if weights else None}
        del chosen["method"]
        fit = pool_batch(yi, vi, mask, **chosen)
        numbers = {name: getattr(fit, name) for name in names}
        return Fits(numbers, fit.converged, fit.modes > 1, np.ones(len(yi), dtype=bool))

    def _summed(self, cells: Sequence[Array], mask: Any, measure: str, names: Sequence[str]) -> Fits:
        assert self.method is not None
        pooled = pool_rates_batch if measure in RATE.get(self.method, ()) else pool_counts_batch
        one, of_one, two, of_two = cells
        fit = pooled(
            one, of_one, two, of_two, mask, measure=measure, method=self.method, level=self.level, preset=self.preset
        )
        g = len(fit.estimate)
        given = {"df": np.full(g, np.inf), "tau2": np.full(g, np.nan)}
        numbers = {name: given[name] if name in given else getattr(fit, name) for name in names}
        yes = np.ones(g, dtype=bool)
        return Fits(numbers, yes, ~yes, fit.estimable)

    def check(self) -> None:
        """Raises what the kernel raises for options that no data could satisfy, before any data are read."""
        if self.method is not None:
            choose(PRESETS, self.preset or DEFAULT_PRESET, "preset")
            if self.method not in METHODS:
                raise UnknownMethod("method that sums over the cells", self.method, METHODS)
            some = [np.array([[number]]) for number in (1.0, 10.0, 2.0, 10.0)]
            self._summed(some, None, METHODS[self.method][0], ())
            return
        yi, vi = np.array([[0.0, 0.5, 1.0]]), np.array([[0.1, 0.2, 0.1]])
        self.pool([yi, vi] if self.tau2_weights is None else [yi, vi, vi], None, "GEN", ())


def choose_method(asked: str | None) -> str | None:
    """The key of METHODS, None for inverse variance; raises UnknownMethod."""
    if asked is None or asked.upper() == "IV":
        return None
    for key in METHODS:
        if key.upper() == asked.upper():
            return key
    raise UnknownMethod("method of batch", asked, ("IV", *METHODS))


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns are read.

    group : as it stands in the header. measure : key of MEASURES. used : columns the effect is computed from, as they
    stand in the header; `names` are the same as the measure calls them. WEIGHTS is the name of the weights, the last.
    """

    group: str
    measure: str
    used: tuple[str, ...]
    names: tuple[str, ...]


def choose_columns(
    header: Sequence[str], group: str, measure: str | None, weights: str | None = None, method: str | None = None
) -> Columns:
    """The columns for a measure, or yi with vi or sei, and that of weights; names match in upper and lower case alike.

    method : a key of METHODS, whose measures have cells. Raises UnknownName for a column of groups or weights that is not there,
    UsageError where columns lack, a name stands twice, or the method does not have the measure.
    """
    by_name = {}
    for name in header:
        if name.strip().lower() in by_name:
            raise UsageError(
                f"the column {name.strip()!r} stands twice in the table; rename one of the two", code="E211"
            )
        by_name[name.strip().lower()] = name
    for option, asked in (("--group", group), ("--tau2-weights", weights or group)):
        if asked.strip().lower() not in by_name:
            raise UnknownName(f"column for {option}", asked, [name.strip() for name in header])
    extra = ((), ()) if weights is None else ((by_name[weights.strip().lower()],), (WEIGHTS,))
    others = {name: text for name, text in by_name.items() if name != group.strip().lower()}
    generic = next((way for way in _GENERIC if set(way) <= set(others)), None)
    listed = ", ".join(name.strip() for name in header)
    if measure is None and generic is None:
        raise UsageError(f"name the measure: --measure RR, OR, RD, MD, SMD ...; the table has the columns {listed}")
    row = choose(MEASURES, measure or "GEN", "measure")
    if method is not None and row.key not in METHODS[method]:
        raise UsageError(f"--method {method} pools {', '.join(METHODS[method])}; write --measure {METHODS[method][0]}")
    family = FAMILIES[row.family]
    usable = tuple(name for name in family.names if name in others)
    complete = set(family.needs) <= set(usable) and (
        not family.any_of or any(set(way) <= set(usable) for way in family.any_of)
    )
    if complete:
        found = tuple(others[name] for name in usable)
        return Columns(by_name[group.strip().lower()], row.key, found + extra[0], usable + extra[1])
    if generic is None or method is not None:
        ways = " and one of: " + "; ".join(" ".join(way) for way in family.any_of) if family.any_of else ""
        raise UsageError(
            f"{row.key} ({row.name}) needs the columns {' '.join(family.needs)}{ways}{'' if method else ', or yi vi, or yi sei'}; the table has {listed}"
        )
    found = tuple(others[name] for name in generic)
    return Columns(by_name[group.strip().lower()], "GEN", found + extra[0], generic + extra[1])
