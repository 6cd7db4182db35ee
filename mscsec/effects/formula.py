"""The numbers that a measure's formula was really given, by the letters of the formula, for the last steps of a trail."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mscsec.arrays import Array
from mscsec.effects.measures import FAMILIES, Measure, effect_size
from mscsec.effects.measures.base import VTYPE_NOTES
from mscsec.effects.measures.cells import Counts
from mscsec.effects.measures.effects import Effects

# By letter of a formula, the attributes of a family's numbers that it may stand for; the first that is there is meant.
LETTERS: dict[str, tuple[str, ...]] = {
    "a": ("a", "aa"), "b": ("b", "ab"), "c": ("c", "bb"), "d": ("cohen_d", "d"), "n1": ("n_1",), "n2": ("n_2",), "n": ("n",),
    "p1": ("p_1",), "p2": ("p_2",), "p": ("p",), "x1": ("x_1",), "t1": ("t_1",), "x2": ("x_2",), "t2": ("t_2",), "x": ("x",),
    "t": ("t",), "m1": ("mean_1",), "s1": ("sd_1",), "m2": ("mean_2",), "s2": ("sd_2",), "m": ("mean", "items", "predictors"),
    "s": ("sd",), "r": ("r",), "R2": ("r2",), "s_pooled": ("pooled_sd",), "df": ("df",), "A": ("auc",), "ties": ("ties",), "s_change": ("change_sd",), "alpha": ("alpha",),
}  # fmt: skip
# Formulas that stand on a ratio or a coefficient of the cells, which are not written out in them.
_OF_CELLS = ("OR", "phi", "rho", "multinomial")


class Formula:
    """One measure over the studies of one call: what the formula of each was given, and what was added to its cells."""

    def __init__(self, row: Measure, found: Effects, arrays: Mapping[str, Any]) -> None:
        """arrays : those `effect_size` was called with."""
        shape = found.yi.shape
        x = {
            name: np.broadcast_to(np.array(arrays.get(name, np.nan), dtype=float), shape)
            for name in FAMILIES[row.family].names
        }
        with np.errstate(all="ignore"):  # gaps and zeros show as nan and inf, which are left out below
            self.before: Any = FAMILIES[row.family].build(x)
            self.after: Any = replace(self.before, **found.cells) if found.cells is not None else self.before
            self.after_vi: Any = replace(self.before, **found.vi_cells) if found.vi_cells is not None else self.before
        self.row, self.found = row, found
        self._arrays = arrays
        self._plain: Array | None = None

    def inputs(self, place: int, formula: str, yi: float | None = None) -> dict[str, float]:
        """The letters of `formula` with their numbers in study `place`; yi where the formula has it."""
        words = set(re.findall(r"[A-Za-z_]\w*", formula))
        given: dict[str, float] = {}
        for letter in LETTERS:
            if letter in words or (letter in "abcd" and words & set(_OF_CELLS)):
                value = self._value(letter, place, self.after if yi is None else self.after_vi)
                if value is not None:
                    given[letter] = value
        if "OR" in words and {"a", "b", "c", "d"} <= given.keys():
            given["OR"] = given["a"] * given["d"] / (given["b"] * given["c"])
        of = self.after if yi is None else self.after_vi
        if "n" in words and "n" not in given and hasattr(of, "n_1"):
            both = self._value("n1", place, of), self._value("n2", place, of)
            if both[0] is not None and both[1] is not None:
                given["n"] = both[0] if self.row.family == "marginal" else both[0] + both[1]
        if "t" in words and "t" not in given and (r := self._value("r", place, of)) is not None:
            given["r"] = r  # t of a correlation that is printed as such
        if "J" in words and (factor := self._correction(place)) is not None:
            given["J"] = factor
        if yi is not None and "yi" in words:
            given["yi"] = yi
        return given

    def _correction(self, place: int) -> float | None:
        """The factor against small-sample bias: the effect over what it is without the correction; None at an effect of 0."""
        if not self.found.correct:
            return 1.0
        if self._plain is None:
            given = {name: values for name, values in self._arrays.items() if name in FAMILIES[self.row.family].names}
            self._plain = effect_size(self.row.key, vtype=self.found.vtype, correct=False, **given).yi
        plain = float(self._plain.reshape(-1)[place])
        return abs(float(self.found.yi.reshape(-1)[place]) / plain) if plain else None

    @staticmethod
    def _value(letter: str, place: int, of: Any) -> float | None:
        with np.errstate(all="ignore"):  # a number may be a property, which other studies' gaps and zeros run through
            for name in LETTERS[letter]:
                if hasattr(of, name):
                    found = getattr(of, name)
                    value = float(np.asarray(found() if callable(found) else found).reshape(-1)[place])
                    return value if math.isfinite(value) else None
        return None

    def variance(self) -> str:
        """The variance formula in one line: that of the row, or what another of its formulas is."""
        vtype = self.found.vtype
        return self.row.variance if vtype == self.row.vtypes[0] else f"{vtype}: {VTYPE_NOTES[vtype]}"

    def added(self, place: int) -> list[tuple[str, float, float]]:
        """By name of a cell (with its group, where there are two), the number after and before something was added."""
        if not isinstance(self.before, Counts):
            return []
        names = {
            "a": "events_1",
            "n_1": "n_1",
            "c": "events_2",
            "n_2": "n_2",
            "x_1": "events_1",
            "x_2": "events_2",
            "x": "events",
            "n": "n",
        }
        if not hasattr(self.before, "n_1") and hasattr(self.before, "d"):  # pairs, whose cells are no groups
            names = {"a": "a", "b": "b", "c": "c", "d": "d"}
        changes = []
        for name, said in names.items():
            if hasattr(self.before, name):
                before, after = (float(np.asarray(getattr(of, name))[place]) for of in (self.before, self.after_vi))
                if before != after and math.isfinite(before):
                    changes.append((said, after, before))
        return changes
