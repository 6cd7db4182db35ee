"""The cases of tests/reference/pooling.json and regression.json in the words of the regression room."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.testing import assert_allclose
from scipy.special import gammaln

from mscsec.pooling.regression import Design, RegressionResult, design, regress

FOLDER = Path(__file__).parent.parent / "reference"
CI = {"z": "wald", "t": "t", "knha": "hksj", "adhoc": "hksj-adhoc"}

# What the room answers, by the first word of a case's id; the test of completeness reads it.
TOPICS = ("mreg", "perm", "robust", "ls", "resid", "blup", "infl", "baujat")


@functools.cache
def document(name: str) -> dict[str, Any]:
    """A whole reference file."""
    found: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def cases(*topics: str, name: str = "pooling.json") -> list[dict[str, Any]]:
    """The cases whose id begins with one of the words."""
    return [case for case in document(name)["cases"] if case["id"].split("-")[0] in topics]


def case(identifier: str) -> dict[str, Any]:
    """The case of pooling.json with this id."""
    return next(found for found in document("pooling.json")["cases"] if found["id"] == identifier)


def columns(case: Mapping[str, Any], name: str = "pooling.json") -> dict[str, Any]:
    """The data set of a case with its effects: the columns, and `yi` and `vi` of the measure asked for."""
    table = dict(document(name)["datasets"][case["dataset"]]["columns"])
    if "yi" not in table:
        table["yi"], table["vi"] = _effects(case["options"]["measure"], table)
    elif "vi" not in table:
        table["vi"] = np.array(table["sei"]) ** 2
    return table


def _effects(measure: str, table: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Effects as metafor's escalc has them by default, 1/2 added to every cell of a table with a zero."""
    of = {key: np.array(value, dtype=float) for key, value in table.items() if not isinstance(value[0], str)}
    if measure in ("RR", "OR"):
        b = of["bi"] if "bi" in of else of["n1i"] - of["ai"]
        d = of["di"] if "di" in of else of["n2i"] - of["ci"]
        cells = np.array([of["ai"], b, of["ci"], d])
        cells = cells + 0.5 * (cells == 0).any(0)
        a, b, c, d = cells
        if measure == "OR":
            return np.log(a * d / (b * c)), (1 / cells).sum(0)
        return np.log(a / (a + b) * (c + d) / c), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    if measure == "IRR":
        return np.log(of["x1i"] / of["t1i"] * of["t2i"] / of["x2i"]), 1 / of["x1i"] + 1 / of["x2i"]
    if measure == "MD":
        return of["m1i"] - of["m2i"], of["sd1i"] ** 2 / of["n1i"] + of["sd2i"] ** 2 / of["n2i"]
    if measure == "SMD":
        n, m = of["n1i"] + of["n2i"], of["n1i"] + of["n2i"] - 2
        pooled = np.sqrt(((of["n1i"] - 1) * of["sd1i"] ** 2 + (of["n2i"] - 1) * of["sd2i"] ** 2) / m)
        unbiased = np.exp(gammaln(m / 2) - np.log(np.sqrt(m / 2)) - gammaln((m - 1) / 2))
        g = unbiased * (of["m1i"] - of["m2i"]) / pooled
        return g, 1 / of["n1i"] + 1 / of["n2i"] + g**2 / (2 * n)
    raise AssertionError(f"no effects for {measure}")


def formula(mods: str) -> str:
    """R's right-hand side in ours: pmin is minimum."""
    return mods.replace("pmin(", "minimum(").removeprefix("~").strip()


def designed(case: Mapping[str, Any], table: Mapping[str, Any]) -> Design:
    """The design of a case: its formula over its columns, an intercept where it has none."""
    mods = case["options"].get("mods")
    if mods is None:  # the options leave the formula out where the call tells it
        found = re.search(r"mods ?= ?(~[^,]*)", case["call"])
        mods = "1" if found is None else found.group(1)
    return design(formula(mods), table)


def _weights(written: str, table: Mapping[str, Any]) -> np.ndarray:
    """The weights of a call: a column, a sum of columns, or a function of vi."""
    vi = np.array(table["vi"], dtype=float)
    known = {"1/vi": 1 / vi, "1/sqrt(vi)": 1 / np.sqrt(vi)}
    if written in known:
        return known[written]
    return sum(np.array(table[name], dtype=float) for name in written.split("+"))


def fitted(case: Mapping[str, Any], **changed: Any) -> RegressionResult:
    """The regression a case of pooling.json is about."""
    options, table = case["options"], columns(case)
    matrix = designed(case, table)
    method = options["method"]
    arguments: dict[str, Any] = {
        "names": matrix.names,
        "intercept": False,
        "model": "common" if method == "EE" else "random",
        "ci": CI[options.get("test", "z")],
        "redundant": "drop",
    }
    if method != "EE":
        arguments["tau2"] = method
    if "weights" in options:
        arguments["weights"] = _weights(options["weights"], table)
    if options.get("weighted") is False:
        arguments["weights"] = np.ones(len(table["yi"]))
    return regress(table["yi"], table["vi"], matrix.X, **(arguments | changed))


def numbers(value: Any) -> np.ndarray:
    """Expected numbers, null as nan."""
    return np.array(value, dtype=float)


def close(actual: Any, expected: Any, tolerance: float, what: str = "") -> None:
    """Relative, or absolute where the expected value is within 1e-8 of zero; nan where the reference has none."""
    wanted, got = numbers(expected), numbers(actual)
    near_zero = np.abs(wanted) < 1e-8
    assert_allclose(got[near_zero], wanted[near_zero], rtol=0, atol=tolerance, err_msg=what)
    assert_allclose(got[~near_zero], wanted[~near_zero], rtol=tolerance, atol=0, err_msg=what)


# Where the reference itself is off by more than the tolerance: a calendar year beside an intercept costs its normal
# equations eight digits. `exact` in regression.json has these numbers in 50-digit arithmetic.
ROUNDED = {("mreg-bcg-RR-ablat-year-alloc-DL-z", "ci_ub"): 1e-7, ("mreg-li2007-OR-year-DL-knha", "QEp"): 1e-6}


def compare(actual: Mapping[str, Any], case: Mapping[str, Any], ignored: Iterable[str] = ()) -> None:
    """Every expected number of a case; one that `actual` does not answer is a failure."""
    missing = set(case["expected"]) - set(actual) - set(ignored)
    assert not missing, f"{case['id']}: {sorted(missing)} are not compared"
    for key, expected in case["expected"].items():
        if key not in ignored:
            tolerance = ROUNDED.get((case["id"], key), case["tolerance"])
            close(actual[key], expected, tolerance, f"{case['id']} {key}")
