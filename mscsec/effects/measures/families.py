"""Families of measures: the arrays they are computed from, and how those become the numbers a measure takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from mscsec.arrays import Array, BoolArray
from mscsec.effects.measures.arguments import refuse
from mscsec.effects.measures.cells import Table
from mscsec.effects.measures.change import Change
from mscsec.effects.measures.continuous import TwoMeans
from mscsec.effects.measures.correlation import Correlation, Partial
from mscsec.effects.measures.determination import Determination
from mscsec.effects.measures.generic import Reported
from mscsec.effects.measures.paired import Margins, PairedTable
from mscsec.effects.measures.rates import TwoRates
from mscsec.effects.measures.reliability import Alpha, Genotypes
from mscsec.effects.measures.single import Binomial, Poisson, Sample
from mscsec.effects.measures.superiority import Superiority
from mscsec.registry import by_key

Arrays = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Family:
    """Measures that take the same arrays.

    key, name : what it is called.
    build : takes the arrays (nan throughout where one is absent) and gives what the functions of the family take.
    needs : arrays that every study needs.
    any_of : beside these, one complete set out of several; the earliest complete set of a study is the one used.
    may : arrays that are used, or harmless, where present.
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

    def empty(self, arrays: Arrays) -> BoolArray:
        """Where a group has no participants, no person-time or no pairs."""
        groups = [arrays[name] for name in ("n_1", "n_2", "n", "time_1", "time_2", "time") if name in self.needs]
        if "both" in self.needs:
            groups.append(sum((arrays[name] for name in self.needs[1:]), start=arrays["both"]))
        return np.asarray(np.logical_or.reduce([group == 0 for group in groups])) if groups else np.asarray(False)

    def missing(self, arrays: Arrays) -> list[tuple[str, BoolArray]]:
        """What a study may lack, and which studies lack it."""
        gaps = [(f"{name} is missing", np.isnan(arrays[name])) for name in self.needs]
        if self.any_of:
            ways = [np.logical_or.reduce([np.isnan(arrays[name]) for name in names]) for names in self.any_of]
            listed = "; ".join(" ".join(names) for names in self.any_of)
            gaps.append((f"of these, none is complete: {listed}", np.logical_and.reduce(ways)))
        return gaps


def _split(x: Arrays, events: str, n: str, group: str) -> tuple[Array, Array]:
    """Those with and those without the event; nan in an empty group, whose zeros are no observation to be corrected."""
    found = f"{{value:g}} events among {{other:g}} participants{group}"
    refuse(x[events] > x[n], found, "there are at most as many events as participants", x[events], x[n])
    size = np.where(x[n] > 0, x[n], np.nan)
    return np.where(x[n] > 0, x[events], np.nan), size - x[events]


def _table(x: Arrays) -> Table:
    return Table(*_split(x, "events_1", "n_1", " in group 1"), *_split(x, "events_2", "n_2", " in group 2"))


def _margins(x: Arrays) -> Margins:
    differ = np.abs(x["n_1"] - x["n_2"]) > 0  # a missing n differs from none
    refuse(differ, "n_1 is {value:g} and n_2 is {other:g}", "pairs have one n", x["n_1"], x["n_2"])
    one, two = _split(x, "events_1", "n_1", " under condition 1"), _split(x, "events_2", "n_2", " under condition 2")
    return Margins(*one, *two, r=x["r"], p_both=x["p_both"])


def _two_rates(x: Arrays) -> TwoRates:
    return TwoRates(*_counted(x["events_1"], x["time_1"]), *_counted(x["events_2"], x["time_2"]))


def _counted(events: Array, time: Array) -> tuple[Array, Array]:
    """Events and person-time, both nan where no time was observed."""
    seen = _observed(time)
    return np.where(seen > 0, events, np.nan), seen


def _observed(size: Array) -> Array:
    """Person-time or pairs, nan where there is none."""
    return np.where(size > 0, size, np.nan)


def _paired(x: Arrays) -> PairedTable:
    cells = [x[name] for name in ("both", "only_1", "only_2", "neither")]
    seen = _observed(sum(cells[1:], start=cells[0]))
    return PairedTable(*(np.where(np.isnan(seen), np.nan, cell) for cell in cells))


def _two_means(x: Arrays) -> TwoMeans:
    """Means and SDs; d from t, a signed P or r where the study has one of these."""
    absent = np.full(x["n_2"].shape, np.nan)
    d = absent
    if "d" in x:
        df, root = x["n_1"] + x["n_2"] - 2, np.sqrt(1 / x["n_1"] + 1 / x["n_2"])
        d = _first(x["d"], x["t"] * root, _t_from_p(x["p"], df) * root)
        r = x.get("r", absent)
        d = _first(d, r / np.sqrt(1 - r**2) * np.sqrt(df) * root)
    return TwoMeans(
        mean_1=x.get("mean_1", absent),
        sd_1=x.get("sd_1", absent),
        n_1=x["n_1"],
        mean_2=x.get("mean_2", absent),
        sd_2=x["sd_2"],
        n_2=x["n_2"],
        d=d,
    )


def _change(x: Arrays) -> Change:
    """Means and SDs of two occasions; d from the paired t or a signed P where the study has one of these."""
    absent = np.full(x["n"].shape, np.nan)
    d = absent
    if "d" in x:
        root = np.sqrt(1 / x["n"])
        d = _first(x["d"], x["t"] * root, _t_from_p(x["p"], x["n"] - 1) * root)
    return Change(
        mean_1=x.get("mean_1", absent),
        sd_1=x["sd_1"],
        mean_2=x.get("mean_2", absent),
        sd_2=x.get("sd_2", absent),
        r=x["r"],
        n=x["n"],
        d=d,
    )


def _correlation(x: Arrays) -> Correlation:
    t = _first(x["t"], _t_from_p(x["p"], x["n"] - 2))
    return Correlation(_first(x["r"], t / np.sqrt(t**2 + x["n"] - 2)), x["n"])


def _partial(x: Arrays) -> Partial:
    df = x["n"] - x["predictors"] - 1
    r = x.get("r", np.full(df.shape, np.nan))
    t = _first(x["t"], _t_from_p(x["p"], df))
    return Partial(r, np.where(df > 0, t, np.nan), x["predictors"], x["n"], x.get("r2", np.full(df.shape, np.nan)))


def _determination(x: Arrays) -> Determination:
    m, df = x["predictors"], x["n"] - x["predictors"] - 1
    r2 = _first(x["r2"], m * x["f"] / (m * x["f"] + df))
    return Determination(np.where(df > 0, r2, np.nan), m, x["n"])


def _superiority(x: Arrays) -> Superiority:
    return Superiority(x["auc"], x["n_1"], x["n_2"], np.where(np.isnan(x["ties"]), 0.0, x["ties"]))


def _reported(x: Arrays) -> Reported:
    return Reported(x["yi"], _first(x["vi"], x["sei"] ** 2))


def _first(*choices: Array) -> Array:
    """Of several arrays, the first value a study has."""
    found = choices[0]
    for choice in choices[1:]:
        found = np.where(np.isnan(found), choice, found)
    return found


def _t_from_p(p: Array, df: Array) -> Array:
    """The t whose two-sided P is |p|, with the sign of p; from the small tail, exact for the tiniest P."""
    p, df = np.broadcast_arrays(p, df)
    t = np.full(p.shape, np.nan)
    at = (df > 0) & ~np.isnan(p)
    t[at] = -np.sign(p[at]) * stdtrit(df[at], np.abs(p[at]) / 2)
    return t


MEANS = ("mean_1", "sd_1", "mean_2", "sd_2")
REPORTED_D = (("d",), ("t",), ("p",))

FAMILIES = by_key(
    Family("dichotomous", "two groups, event or not", _table, ("events_1", "n_1", "events_2", "n_2")),
    Family("rates", "two groups, events in person-time", _two_rates, ("events_1", "time_1", "events_2", "time_2")),
    Family("means", "means of two groups", _two_means, (*MEANS, "n_1", "n_2")),
    Family("sds", "SDs of two groups", _two_means, ("sd_1", "n_1", "sd_2", "n_2"), may=("mean_1", "mean_2")),
    Family("glass", "means of two groups and the comparator's SD", _two_means, ("mean_1", "n_1", "mean_2", "sd_2", "n_2"), may=("sd_1",)),
    Family("smd", "means of two groups, or d, t, P or r", _two_means, ("n_1", "n_2"), (*REPORTED_D, ("r",), MEANS)),
    Family("superiority", "means of two groups, or d, t or P", _two_means, ("n_1", "n_2"), (*REPORTED_D, MEANS)),
    Family("auc", "a reported probability of superiority", _superiority, ("auc", "n_1", "n_2"), may=("ties",)),
    Family("paired", "matched pairs, event or not", _paired, ("both", "only_1", "only_2", "neither")),
    Family("marginal", "margins of matched pairs", _margins, ("events_1", "n_1", "events_2", "n_2"), (("r",), ("p_both",))),
    Family("change", "one group measured twice", _change, (*MEANS, "r", "n")),
    Family("change_one_sd", "one group measured twice, one SD", _change, ("mean_1", "sd_1", "mean_2", "r", "n"), may=("sd_2",)),
    Family("change_sds", "SDs of one group measured twice", _change, ("sd_1", "sd_2", "r", "n"), may=("mean_1", "mean_2")),
    Family("change_d", "one group measured twice, or d, t or P", _change, ("n",), (*REPORTED_D, (*MEANS, "r"))),
    Family("correlation", "a correlation, or its t or P", _correlation, ("n",), (("r",), ("t",), ("p",))),
    Family("partial", "a partial correlation, or its t or P", _partial, ("predictors", "n"), (("r",), ("t",), ("p",)), ("r2",)),
    Family("semipartial", "t or P of one predictor", _partial, ("predictors", "n", "r2"), (("t",), ("p",))),
    Family("r2", "R squared, or F, of a model", _determination, ("predictors", "n"), (("r2",), ("f",))),
    Family("proportion", "one group, event or not", lambda x: Binomial(*_split(x, "events", "n", "")), ("events", "n")),
    Family("rate", "one group, events in person-time", lambda x: Poisson(*_counted(x["events"], x["time"])), ("events", "time")),
    Family("mean", "mean of one group", lambda x: Sample(x["mean"], x["sd"], x["n"]), ("mean", "sd", "n")),
    Family("sd", "SD of one group", lambda x: Sample(x["mean"], x["sd"], x["n"]), ("sd", "n"), may=("mean",)),
    Family("alpha", "Cronbach's alpha", lambda x: Alpha(x["alpha"], x["items"], x["n"]), ("alpha", "items", "n")),
    Family("genotypes", "genotypes of one sample", lambda x: Genotypes(x["cases_0"], x["cases_1"], x["cases_2"]), ("cases_0", "cases_1", "cases_2")),
    Family("reported", "an effect as reported", _reported, ("yi",), (("vi",), ("sei",))),
)  # fmt: skip
