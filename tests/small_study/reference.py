"""The cases of tests/reference/smallstudy.json, in the words of this room."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.testing import assert_allclose

FILE = Path(__file__).parent.parent / "reference" / "smallstudy.json"
CI_OF_TEST = {"z": "wald", "t": "t", "knha": "hksj"}


@functools.cache
def document() -> dict[str, Any]:
    found = json.loads(FILE.read_text())
    assert isinstance(found, dict)
    return found


def cases(fun: str, **options: Any) -> list[dict[str, Any]]:
    """Cases of one R function, those with the given options."""
    return [
        case
        for case in document()["cases"]
        if case["options"]["fun"] == fun and all(case["options"].get(k) == v for k, v in options.items())
    ]


def ids(chosen: list[dict[str, Any]]) -> list[str]:
    return [case["id"] for case in chosen]


def columns(case: dict[str, Any]) -> dict[str, Any]:
    data = document()["datasets"][case["dataset"]]["columns"]
    return {name: np.array(values, dtype=float) for name, values in data.items() if name != "study"}


def effects(case: dict[str, Any]) -> tuple[Any, Any]:
    """Effects and variances that the call of the case pools: log odds ratios where it asks for them."""
    data = columns(case)
    suffix = "_or" if case["options"].get("sm") == "OR" and "yi_or" in data else ""
    return data["yi" + suffix], data["vi" + suffix]


def tables(case: dict[str, Any]) -> dict[str, Any]:
    data = columns(case)
    return {"events_1": data["ai"], "n_1": data["n1i"], "events_2": data["ci"], "n_2": data["n2i"]}


def close(actual: Any, expected: Any, tolerance: float, what: str) -> None:
    """Relative, or absolute where the expected value is within 1e-8 of zero; None where the reference has null."""
    if expected is None:
        assert actual is None, f"{what}: {actual} where the reference has none"
        return
    assert actual is not None, f"{what} is missing"
    if isinstance(expected, (str, bool)):
        assert actual == expected, f"{what}: {actual} is not {expected}"
        return
    wanted, got = np.ravel(np.asarray(expected, dtype=float)), np.ravel(np.asarray(actual, dtype=float))
    near = np.abs(wanted) < 1e-8
    assert got.shape == wanted.shape, what
    assert_allclose(got[~near], wanted[~near], rtol=tolerance, atol=0, err_msg=what)
    assert_allclose(got[near], wanted[near], rtol=0, atol=max(tolerance, 1e-9), err_msg=what)


def compare(case: dict[str, Any], found: dict[str, Any], aside: tuple[str, ...] = ()) -> None:
    """Every number of the reference has its counterpart, but for those set aside by name."""
    missing = set(case["expected"]) - set(found) - set(aside)
    assert not missing, f"{case['id']}: {sorted(missing)} are not compared"
    for name, expected in case["expected"].items():
        if name not in aside:
            close(found[name], expected, case["tolerance"], f"{case['id']} {name}")
