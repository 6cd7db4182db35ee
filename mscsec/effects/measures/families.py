"""Families of measures: the arrays they are computed from, and how those become the numbers a measure takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.arrays import Array, BoolArray
from mscsec.effects.measures.arguments import refuse
from mscsec.effects.measures.cells import Table
from mscsec.effects.measures.continuous import TwoMeans
from mscsec.effects.measures.generic import Reported
from mscsec.registry import by_key

Arrays = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Family:
    """Measures that take the same arrays.

    key, name : what it is called.
    build : takes the arrays (nan where an optional one is absent) and gives what the functions of the family take.
    needs : arrays that every study needs.
    any_of : beside these, one complete set out of several; earlier sets come first where a study has more than one.
    may : arrays that are used where present.
    """

    key: str
    name: str
    build: Callable[[Arrays], Any]
    needs: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    may: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every array of the family, in reading order."""
        flat = (*self.needs, *(name for names in self.any_of for name in names), *self.may)
        return tuple(dict.fromkeys(flat))

    def missing(self, arrays: Arrays) -> BoolArray:
        """Where a study lacks what the family needs."""
        gaps = [np.isnan(arrays[name]) for name in self.needs]
        if self.any_of:
            ways = [np.logical_or.reduce([np.isnan(arrays[name]) for name in names]) for names in self.any_of]
            gaps.append(np.logical_and.reduce(ways))
        return np.asarray(np.logical_or.reduce(gaps))


def _table(x: Arrays) -> Table:
    for group in ("1", "2"):
        events, n = x[f"events_{group}"], x[f"n_{group}"]
        refuse(events > n, f"{{value:g}} events among {{other:g}} participants in group {group}", "events are n at most", events, n)
    return Table(x["events_1"], x["n_1"] - x["events_1"], x["events_2"], x["n_2"] - x["events_2"])


def _two_means(x: Arrays) -> TwoMeans:
    absent = np.full(x["n_1"].shape, np.nan)
    return TwoMeans(x["mean_1"], x["sd_1"], x["n_1"], x["mean_2"], x["sd_2"], x["n_2"], x.get("d", absent))


def _reported(x: Arrays) -> Reported:
    return Reported(x["yi"], np.where(np.isnan(x["vi"]), x["sei"] ** 2, x["vi"]))


MEANS = ("mean_1", "sd_1", "n_1", "mean_2", "sd_2", "n_2")

FAMILIES = by_key(
    Family("dichotomous", "two groups, event or not", _table, ("events_1", "n_1", "events_2", "n_2")),
    Family("means", "means of two groups", _two_means, MEANS),
    Family("smd", "means of two groups, or a standardised difference", _two_means, ("n_1", "n_2"), (("d",), ("mean_1", "sd_1", "mean_2", "sd_2"))),
    Family("reported", "an effect as reported", _reported, ("yi",), (("vi",), ("sei",))),
)
