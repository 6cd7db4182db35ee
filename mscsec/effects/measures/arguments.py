"""The argument arrays: their names, what each may hold, and how they become arrays of one shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.arrays import Array, BoolArray, floats
from mscsec.errors import InvalidInput
from mscsec.registry import by_key


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument array: name, what it is, the values it may hold and the sentence for those it may not."""

    key: str
    what: str
    valid: Callable[[Array], BoolArray]
    rule: str


def _not_negative(x: Array) -> BoolArray:
    return np.asarray(x >= 0)


def _from_one(x: Array) -> BoolArray:
    return np.asarray(x >= 1)


def _proportion(x: Array) -> BoolArray:
    return np.asarray((x >= 0) & (x <= 1))


def _correlation(x: Array) -> BoolArray:
    return np.asarray(np.abs(x) <= 1)


def _signed_p(x: Array) -> BoolArray:
    return np.asarray((np.abs(x) <= 1) & (x != 0))


def _any(x: Array) -> BoolArray:
    return np.ones(x.shape, dtype=bool)


def _count(key: str, what: str) -> Argument:
    return Argument(key, what, _not_negative, "a count is 0 or more")


def _sd(key: str, what: str) -> Argument:
    return Argument(key, what, _not_negative, "a standard deviation is 0 or more")


ARGUMENTS = by_key(
    _count("events_1", "events in group 1"),
    _count("events_2", "events in group 2"),
    _count("events", "events"),
    Argument("n_1", "participants in group 1", _not_negative, "a number of participants is 0 or more"),
    Argument("n_2", "participants in group 2", _not_negative, "a number of participants is 0 or more"),
    Argument("n", "participants", _not_negative, "a number of participants is 0 or more"),
    Argument("time_1", "person-time in group 1", _not_negative, "person-time is 0 or more"),
    Argument("time_2", "person-time in group 2", _not_negative, "person-time is 0 or more"),
    Argument("time", "person-time", _not_negative, "person-time is 0 or more"),
    _count("both", "pairs with the event under both conditions"),
    _count("only_1", "pairs with the event under condition 1 alone"),
    _count("only_2", "pairs with the event under condition 2 alone"),
    _count("neither", "pairs with the event under neither condition"),
    Argument("p_both", "proportion with the event under both conditions", _proportion, "a proportion lies in [0, 1]"),
    _count("cases_0", "cases without the allele"),
    _count("cases_1", "cases with one copy of the allele"),
    _count("cases_2", "cases with two copies of the allele"),
    Argument("mean_1", "mean of group 1", _any, ""),
    Argument("mean_2", "mean of group 2", _any, ""),
    Argument("mean", "mean", _any, ""),
    _sd("sd_1", "SD of group 1"),
    _sd("sd_2", "SD of group 2"),
    _sd("sd", "SD"),
    Argument("d", "standardised difference as reported, without bias correction", _any, ""),
    Argument("t", "t statistic, its sign the sign of the effect", _any, ""),
    Argument("p", "two-sided P value, its sign the sign of the effect", _signed_p, "a P value lies in (0, 1]"),
    Argument("r", "correlation", _correlation, "a correlation lies in [-1, 1]"),
    Argument("auc", "probability of superiority, or area under the curve", _proportion, "a probability lies in [0, 1]"),
    Argument("ties", "proportion of tied pairs", _proportion, "a proportion lies in [0, 1]"),
    Argument("predictors", "predictors in the model, the focal one among them", _from_one, "a model has a predictor"),
    Argument("r2", "R squared of the model", _proportion, "R squared lies in [0, 1]"),
    Argument("f", "F statistic of the whole model", _not_negative, "an F statistic is 0 or more"),
    Argument("alpha", "Cronbach's alpha", lambda x: np.asarray(x <= 1), "alpha is 1 at most"),
    Argument("items", "items of the scale", lambda x: np.asarray(x >= 2), "alpha needs two items or more"),
    Argument("yi", "effect on the analysis scale; ratios as logs", _any, ""),
    Argument("vi", "sampling variance of yi", _not_negative, "a variance is 0 or more"),
    Argument("sei", "standard error of yi", _not_negative, "a standard error is 0 or more"),
)


def as_arrays(given: Mapping[str, Any]) -> dict[str, Array]:
    """`given` as floats of one shape, None as nan; raises `InvalidInput` naming every impossible value's place."""
    arrays = {name: np.atleast_1d(floats(name, values)) for name, values in given.items()}
    try:
        arrays = dict(zip(arrays, np.broadcast_arrays(*arrays.values()), strict=True))
    except ValueError as clash:
        shapes = ", ".join(f"{name} {values.shape}" for name, values in arrays.items())
        raise InvalidInput(
            f"the arrays do not fit together: {shapes}", "one value a study in each, or one value for all"
        ) from clash
    for name, values in arrays.items():
        argument = ARGUMENTS[name]
        refuse(np.isinf(values), f"{name} is infinite", "a reported number is finite", values)
        refuse(~np.isnan(values) & ~argument.valid(values), f"{name} is {{value:g}}", argument.rule, values)
    return arrays


def refuse(where: BoolArray, found: str, rule: str, *values: Array) -> None:
    """Raise `InvalidInput` where anything is True in `where`; `{value}` in `found` is the first such value.

    Places are counted from 1, as rows of a table are.
    """
    if not where.any():
        return
    places = np.argwhere(np.atleast_1d(where)) + 1
    first = tuple(places[0] - 1)
    shown = {name: float(np.atleast_1d(array)[first]) for name, array in zip(("value", "other"), values, strict=False)}
    listed = ", ".join(str(tuple(map(int, place)) if len(place) > 1 else int(place[0])) for place in places[:5])
    more = f" and {len(places) - 5} more" if len(places) > 5 else ""
    raise InvalidInput(f"{found.format(**shown)} (study {listed}{more})", rule)
