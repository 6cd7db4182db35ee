"""The cases of tests/reference/effects.json in the words of `effect_size`."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).parent.parent / "reference" / "effects.json"

# metafor's argument names by family; "bi" and "di" are turned into group sizes below.
NAMES = {
    "dichotomous": {"ai": "events_1", "n1i": "n_1", "ci": "events_2", "n2i": "n_2", "bi": "bi", "di": "di"},
    "marginal": {
        "ai": "events_1",
        "n1i": "n_1",
        "ci": "events_2",
        "n2i": "n_2",
        "bi": "bi",
        "di": "di",
        "ri": "r",
        "pi": "p_both",
    },
    "paired": {"ai": "both", "bi": "only_1", "ci": "only_2", "di": "neither"},
    "rates": {"x1i": "events_1", "t1i": "time_1", "x2i": "events_2", "t2i": "time_2"},
    "auc": {"ai": "auc", "n1i": "n_1", "n2i": "n_2", "mi": "ties"},
    "partial": {"ti": "t", "mi": "predictors", "ni": "n", "r2i": "r2", "ri": "r", "pi": "p"},
    "semipartial": {"ti": "t", "mi": "predictors", "ni": "n", "r2i": "r2", "ri": "r", "pi": "p"},
    "r2": {"r2i": "r2", "mi": "predictors", "ni": "n", "fi": "f"},
    "proportion": {"xi": "events", "ni": "n", "mi": "mi"},
    "rate": {"xi": "events", "ti": "time"},
    "mean": {"mi": "mean", "sdi": "sd", "ni": "n"},
    "sd": {"sdi": "sd", "ni": "n"},
    "alpha": {"ai": "alpha", "mi": "items", "ni": "n"},
    "genotypes": {"ai": "cases_0", "bi": "cases_1", "ci": "cases_2"},
    "reported": {"yi": "yi", "vi": "vi", "sei": "sei"},
}
COMMON = {
    "m1i": "mean_1", "sd1i": "sd_1", "n1i": "n_1", "m2i": "mean_2", "sd2i": "sd_2", "n2i": "n_2",
    "di": "d", "ti": "t", "pi": "p", "ri": "r", "ni": "n",
}  # fmt: skip


@functools.cache
def load() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document


def measure_cases() -> list[dict[str, Any]]:
    return [case for case in load()["cases"] if "measure" in case["options"]]


def transform_cases() -> list[dict[str, Any]]:
    return [case for case in load()["cases"] if case["call"].startswith("with(") and "transf" in case["options"]]


def column(dataset: str, name: str) -> np.ndarray:
    return np.array(load()["datasets"][dataset]["columns"][name], dtype=float)


def arrays_of(case: dict[str, Any], family: str) -> dict[str, np.ndarray]:
    """The case's input under our names."""
    pairs = (
        re.findall(r"(\w+)=(\w+)(?=[,)])", case["call"].split(", data=")[0] + ")") if "escalc" in case["call"] else []
    )
    names = NAMES.get(family, COMMON)
    if not pairs:  # the functions of the reference's own script take the data set whole
        pairs = [(name, name) for name in load()["datasets"][case["dataset"]]["columns"] if name in names]
    given = {names[argument]: column(case["dataset"], name) for argument, name in pairs}
    for other, events, size in (("bi", "events_1", "n_1"), ("di", "events_2", "n_2"), ("mi", "events", "n")):
        if other in given:
            given[size] = given[events] + given.pop(other)
    return given


def numbers(values: list[Any]) -> np.ndarray:
    return np.array([np.nan if value is None else float(value) for value in values])
