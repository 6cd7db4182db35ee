"""Each study's effect as the R package meta computes it, from the options that reproduce its conventions."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mscsec.effects.measures import MEASURES, effect_size

from .reference import numbers

FILE = Path(__file__).parent.parent / "reference" / "pooling.json"
NAMES = {
    "metabin": {"event.e": "events_1", "n.e": "n_1", "event.c": "events_2", "n.c": "n_2"},
    "metainc": {"event.e": "events_1", "time.e": "time_1", "event.c": "events_2", "time.c": "time_2"},
    "metacont": {"n.e": "n_1", "mean.e": "mean_1", "sd.e": "sd_1", "n.c": "n_2", "mean.c": "mean_2", "sd.c": "sd_2"},
    "metacor": {"cor": "r", "n": "n"},
    "metaprop": {"event": "events", "n": "n"},
    "metarate": {"event": "events", "time": "time"},
}
MEASURE = {row.meta: row.key for row in MEASURES.values() if row.meta} | {"SMD": "SMD"}


@functools.cache
def load() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return document


def cases() -> list[dict[str, Any]]:
    return [case for case in load()["cases"] if "study_estimate" in case["expected"]]


def arrays_of(case: dict[str, Any], function: str) -> dict[str, np.ndarray]:
    columns = load()["datasets"][case["dataset"]]["columns"]
    pairs = dict(re.findall(r"([\w.]+)=(\w+)", case["call"].split(", data=")[0]))
    return {ours: np.array(columns[pairs[theirs]], dtype=float) for theirs, ours in NAMES[function].items()}


def binary(case: dict[str, Any]) -> dict[str, Any]:
    """RR grows a group by 1/2 only, RD takes its estimate from the cells as they are; Peto is not corrected at all."""
    options = case["options"]
    if options["method"] == "Peto":
        return {"add": 0, "drop00": True}
    out: dict[str, Any] = {"to": options.get("method.incr", "only0"), "drop00": not options.get("allstudies", False)}
    if "incr" in options:
        out["add"] = options["incr"]
    if options["sm"] == "RR":
        out["onlyo1"] = "spare-full" if not options.get("RR.Cochrane", False) else False
        out["drop00"] = "no-events" if out["drop00"] else False
    if options["sm"] == "RD":
        out["addyi"], out["drop00"] = False, False
    if options["sm"] == "ASD":
        return {}
    return out


def continuous(case: dict[str, Any]) -> dict[str, Any]:
    options = case["options"]
    if options["sm"] == "MD":
        return {"vtype": "HO"} if options.get("pooledvar") else {}
    if options["sm"] == "ROM":
        return {"correct": False}
    if not options.get("exact.smd", True):
        return {"vtype": "RM", "correct": "approximate"}
    if options["method.smd"] == "Glass":
        return {"vtype": "LS3", "correct": False}
    return {"vtype": "UB"}


def single(case: dict[str, Any]) -> dict[str, Any]:
    return {"addyi": False} if case["options"]["sm"] == "PRAW" else {}


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_a_study_is_what_meta_makes_of_it(case):
    function = re.search(r"(meta\w+)\(", case["call"])[1]
    options = {"metabin": binary, "metacont": continuous, "metaprop": single}.get(function, lambda case: {})(case)
    key = MEASURE[case["options"]["sm"]]
    if case["options"].get("method") == "Peto":
        key = "PETO"
    if case["options"].get("method.smd") == "Glass":
        key = "SMD1"
    arrays = arrays_of(case, function)
    effects = effect_size(key, **options, **arrays)
    yi = effects.yi
    if case["options"].get("method.smd") == "Cohen":  # meta gives d the variance of g
        yi = effect_size(key, correct=False, **arrays).yi
    # Where everybody had the event meta takes PLN at log(1), with a variance of 1/n - 1/(n + 1/2).
    own = ~everybody(key, arrays)
    expected = numbers(case["expected"]["study_estimate"])
    assert_allclose(yi[own], expected[own], rtol=case["tolerance"], atol=1e-9)
    assert_allclose(effects.sei[own], numbers(case["expected"]["study_se"])[own], rtol=case["tolerance"], atol=1e-9)


def everybody(key: str, arrays: dict[str, np.ndarray]) -> np.ndarray:
    if key == "PLN":
        return arrays["events"] == arrays["n"]
    return np.zeros(next(iter(arrays.values())).shape, dtype=bool)
