"""GRIM, GRIMMER and DEBIT against the exhaustive verdicts of tests/reference/integrity.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mscsec.integrity.granularity import debit, grim, grimmer

FILE = Path(__file__).parent.parent / "reference" / "integrity.json"
CASES = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
REASONS = {
    "GRIM": "mean",
    "no integer sum of squares fits": "sum of squares",
    "parity": "parity",
    "no set of n integers has this sum and sum of squares": "values",
    "possible": "possible",
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_verdicts_are_those_of_the_exhaustive_search(case):
    options, expected = case["options"], case["expected"]
    seen = {}
    if options["fun"] == "debit":
        seen["debit_exact"] = debit(options["x"], options["sd"], options["n"], rounding=options["rounding"]).possible
    else:
        given = {"items": options["items"], "rounding": options["rounding"]}
        seen["grim_exact"] = grim(options["x"], options["n"], percent=options["percent"], **given).possible
    if options["fun"] == "grimmer":
        result = grimmer(options["x"], options["sd"], options["n"], **given)
        seen["grimmer_exact"] = result.possible
        assert result.reason == REASONS[expected["grimmer_exact_reason"]]
    assert seen == {key: value for key, value in expected.items() if key in seen}
    assert set(seen) == {key for key in expected if key.endswith("_exact")}


def test_the_file_has_every_function_and_both_verdicts():
    for function in ("grim", "grimmer", "debit"):
        verdicts = {c["expected"][f"{function}_exact"] for c in CASES if c["options"]["fun"] == function}
        assert verdicts == {True, False}, function


def test_the_package_and_the_search_disagree_only_where_a_note_says_so():
    """Departures from scrutiny are its faults and are kept beside the truth."""
    for case in CASES:
        expected = case["expected"]
        differs = any(
            expected[f"{name}_scrutiny"] != expected[f"{name}_exact"]
            for name in ("grim", "grimmer", "debit")
            if f"{name}_exact" in expected
        )
        assert differs == ("note" in case), case["id"]
