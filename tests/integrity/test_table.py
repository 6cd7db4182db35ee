"""Each check of the table on published figures, with the finding that exact arithmetic or a hand computation gives."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest

from mscsec.codes import CODES
from mscsec.errors import InvalidInput, MscsecError
from mscsec.integrity.across import BaselineVariable
from mscsec.integrity.table import INTEGRITY
from mscsec.integrity.verdict import Finding
from mscsec.sources import SOURCES

OK, IF, ODD, BAD, DECISION, OPEN = (
    Finding.CONSISTENT,
    Finding.ONLY_IF,
    Finding.UNLIKELY,
    Finding.INCONSISTENT,
    Finding.DECISION_ERROR,
    Finding.UNDECIDED,
)
ICU = ("5.50", "1.64", 10, "10.90", "3.75", 10)
SPO2 = ("79.47", "15.36", 10, "60.65", "16.58", 10)
TWO_LABS = {
    "sengupta2020": {"CRP": "77", "ferritin": "43", "D-dimer": "42"},
    "fathikazerooni2022": {"CRP": "77", "ferritin": "43", "D-dimer": "42"},
}
ALIKE = [BaselineVariable(f"x{i}", ("50.0", "50.0"), ("9.9", "10.1"), (60, 60)) for i in range(8)]
FAIR = [BaselineVariable("age", ("58.58", "58.83"), ("15.93", "11.61"), (12, 12))]


def seed():
    return np.random.default_rng(5)


# check, positional arguments, further arguments, finding, words that the verdict must hold
CASES = [
    ("I101", ([11, 8, 24], 43), {"what": "arms"}, OK, "43"),
    ("I101", ([15, 14, 16, 13], 58), {}, OK, "58"),
    ("I101", ([20, 14], 35), {"what": "dose cohorts"}, BAD, "34, +1 to the total"),
    ("I102", (8, 24), {}, OK, ""),
    ("I102", (25, 24), {}, BAD, "more than 24"),
    ("I103", (), {"q1": "6.00", "median": "9.00", "q3": "13.00"}, OK, "in order"),
    ("I103", (), {"q1": "-15.5", "median": "54.3", "q3": "93.3", "minimum": "-20"}, OK, ""),
    ("I103", (), {"minimum": "3", "median": "2", "maximum": "9", "mean": "12"}, BAD, "mean above maximum"),
    ("I104", ("0.49", "0.14", "1.11"), {}, OK, ""),
    ("I104", ("33", "0.09", "1.18"), {}, BAD, "outside"),
    ("I105", ("9.3", "7.1", "-2.2"), {}, OK, ""),
    ("I105", ("9.3", "7.1", "2.2"), {}, IF, "a fall is printed as a positive change"),
    ("I105", ("9.3", "7.1", "-3.0"), {}, BAD, "possible from -2.3 to -2.1"),
    ("I106", (["5.0", "7.0"], [10, 30], "6.5"), {}, OK, ""),
    ("I106", (["5.0", "7.0"], [10, 30], "6.0"), {}, BAD, ""),
    ("I201", ("13.79", 29, 4), {}, OK, ""),
    ("I201", ("7.31", 29, 3), {}, BAD, "41"),
    ("I201", ("4.88", 29, 2), {}, BAD, "rounded (to nearest, ties either way), 41"),
    ("I201", ("6.7", 29, 2), {}, BAD, "30"),
    ("I201", ("38.1", 21, 9), {}, BAD, "9 of 21 is 42.86%"),
    ("I201", ("12.5", 47, 4), {}, BAD, "4 of 47 is 8.51%"),
    ("I201", ("28", 15), {}, BAD, "none"),
    ("I201", ("57", 14), {}, OK, "8"),
    ("I201", ("91", 12), {}, IF, "cut off instead of rounded"),
    ("I201", ("42.7", 110, 47), {}, OK, ""),
    ("I202", ("11", 29), {}, OK, ""),
    ("I202", ("11.5", 29), {}, IF, "n is even"),
    ("I202", ("11.3", 29), {}, BAD, ""),
    ("I203", ("0.44", "0.50", 1683), {}, OK, ""),
    ("I203", ("0.36", "0.11", 20), {}, BAD, ""),
    ("I203", ("0.50", "0.50", 40), {}, IF, "divisor n"),
    ("I204", ("10.90", 10), {}, OK, ""),
    ("I204", ("5.50", 10), {}, OK, ""),
    ("I204", ("60.65", 10), {}, BAD, "17, 20, of 1 to 20"),
    ("I204", ("98.30", 10), {"granularity": "0.1"}, OK, ""),
    ("I205", ("10.90", "3.75", 10), {}, OK, ""),
    ("I205", ("5.50", "1.64", 10), {}, BAD, "possible for n = 6, 20, of 2 to 20"),
    ("I205", ("5.50", "1.64", 10), {"granularity": "0.5"}, IF, "the SD has the divisor n"),
    ("I205", ("5.50", "1.64", 10), {"granularity": "0.1"}, OK, ""),
    ("I205", ("60.65", "16.58", 10), {"low": 0, "high": 100}, BAD, "17, 20"),
    ("I205", ("79.47", "15.36", 10), {"low": 0, "high": 100}, BAD, "15, 17, 19"),
    ("I205", ("2.50", "0.50", 4), {}, IF, "the SD has the divisor n"),
    ("I301", (*ICU, "0.04"), {}, BAD, "P = 0.00057"),
    ("I301", (*ICU, "0.04"), {"test": "welch"}, BAD, "P = 0.0012"),
    ("I301", (*ICU, "0.21"), {}, IF, "± read as standard errors"),
    ("I301", (*ICU, "0.0006"), {"test": "welch"}, IF, "Welch's t test, one-sided"),
    ("I301", (*ICU, "0.0012"), {}, OK, ""),
    ("I301", (*ICU, "0.4"), {}, DECISION, ""),
    ("I301", (*SPO2, "0.02"), {}, OK, ""),
    ("I302", ("5.50", "1.64", "10.90", "3.75", 20, "0.04"), {"smallest": 6}, BAD, ""),
    ("I302", ("5.50", "1.64", "10.90", "3.75", 20, "0.03"), {}, IF, "15 + 5"),
    ("I302", ("79.47", "15.36", "60.65", "16.58", 20, "0.02"), {}, OK, ""),
    ("I303", (8, 14, 4, 15, "<0.0001"), {}, DECISION, "P = 0.139"),
    ("I303", (8, 14, 4, 14, "<0.0001"), {}, DECISION, "P = 0.252"),
    ("I303", (10, 20, 4, 20, ".047"), {}, OK, "chi-square without correction"),
    ("I303", (10, 20, 4, 20, ".047"), {"test": "fisher"}, IF, "chi-square without correction"),
    ("I303", (0, 12, 4, 29, "0.667"), {}, BAD, "0.302"),
    ("I303", (0, 12, 3, 29, "0.543"), {}, OK, ""),
    ("I303", (6, 30, 2, 29, "0.25"), {}, OK, ""),
    ("I303", (9, 21, 9, 24, "0.71"), {}, OK, ""),
    ("I303", (8, 21, 9, 24, "0.71"), {}, BAD, ""),
    ("I303", (6, 21, 6, 24, "0.79"), {}, OK, "chi-square without correction"),
    ("I303", (18, 21, 18, 24, "0.47"), {}, OK, "Fisher"),
    ("I303", (7, 12, 5, 29, "0.020"), {}, OK, "Fisher"),
    ("I303", (12, 12, 25, 29, "0.302"), {}, OK, "Fisher"),
    ("I303", (1, 12, 5, 29, "0.651"), {}, OK, "Fisher"),
    ("I303", (3, 11, 8, 24, "0.08"), {}, BAD, ""),
    ("I303", (0, 8, 8, 24, "0.07"), {}, IF, "one-sided"),
    ("I303", (0, 12, 0, 29, "0.5"), {"test": "pearson"}, OPEN, ""),
    ("I303", (0, 12, 0, 29, "1.000"), {}, OK, ""),
    ("I304", ([[11, 8, 10], [4, 8, 17]], "0.079"), {}, OK, ""),
    ("I304", ([[11, 8, 10], [4, 8, 17]], "0.03"), {}, DECISION, ""),
    ("I305", ("t", "4.17", [12.3], "0.0012"), {}, OK, ""),
    ("I305", ("t", "1.32", [18], "0.10"), {}, IF, "one-sided"),
    ("I305", ("F", "4.20", [2, 57], "0.20"), {}, DECISION, ""),
    ("I306", ("RR", "0.08", "0.005", "1.26", "0.07"), {}, OK, ""),
    ("I306", ("RR", "0.49", "0.14", "1.11", "0.08"), {}, BAD, "0.177"),
    ("I306", ("RR", "0.80", "0.70", "0.91", "0.08"), {}, DECISION, ""),
    ("I306", ("RR", "0.50", "0.00", "1.11", "0.08"), {}, OPEN, "logarithm"),
    ("I307", ("RR", "0.49", 3, 11, 8, 24, ("0.14", "1.11")), {}, BAD, "RR 0.818 (0.267 to 2.5)"),
    ("I307", ("RR", "0.08", 0, 8, 8, 24, ("0.005", "1.26")), {}, BAD, "0/18 against 8/24"),
    ("I307", ("RR", "2.9", 6, 30, 3, 29, ("0.6", "13.2")), {}, BAD, "6/30 against 2/29"),
    ("I307", ("RR", "2.9", 6, 30, 2, 29, ("0.6", "13.2")), {}, OK, ""),
    ("I307", ("RR", "1.80", 9, 12, 5, 12, ("0.85", "3.79")), {}, OK, ""),
    ("I307", ("RR", "1.22", 3, 11, 8, 24), {}, IF, "the comparator stands first"),
    ("I307", ("OR", "0.82", 3, 11, 8, 24), {}, IF, "the figure is risk ratio"),
    ("I307", ("RR", "0.40", 3, 11, 8, 24, ("0.20", "0.80")), {}, DECISION, ""),
    ("I307", ("RR", "1.00", 0, 11, 0, 24), {}, OPEN, ""),
    ("I308", ("RR", "0.49", "0.14", "1.11"), {}, BAD, "0.394"),
    ("I308", ("RR", "0.08", "0.005", "1.26"), {}, OK, ""),
    ("I308", ("OR", "0.33", "0.09", "1.18"), {}, OK, ""),
    ("I308", ("OR", "33", "0.09", "1.18"), {}, BAD, ""),
    ("I308", ("RR", "0.63", "0.14", "1.11"), {}, IF, "natural scale"),
    ("I308", ("MD", "7.4", "-44.7", "59.7"), {}, OK, ""),
    ("I309", (3, 3, "0.10"), {}, OK, ""),
    ("I309", (3, 3, "0.04"), {}, BAD, "0.100"),
    ("I309", (3, 3, "0.05"), {}, IF, "one-sided"),
    ("I309", (3, 4, "0.03"), {}, IF, "permutation test with ties"),
    ("I310", (["5.1", "6.3", "8.0"], ["2.0", "2.4", "2.2"], [12, 11, 13], "0.009"), {}, OK, ""),
    ("I310", (["5.1", "6.3", "8.0"], ["2.0", "2.4", "2.2"], [12, 11, 13], "0.67"), {}, IF, "standard errors"),
    ("I310", (["5.1", "6.3", "8.0"], ["2.0", "2.4", "2.2"], [12, 11, 13], "0.2"), {}, DECISION, ""),
    ("I401", ("79.47", "15.36", 10, 0, 100), {}, OK, ""),
    ("I401", ("4.8", "1.2", 30, 1, 5), {}, BAD, ""),
    ("I402", ("1.8", 12, 1, 7), {}, OK, ""),
    ("I402", ("0.5", 12, 1, 7), {}, IF, "standard error"),
    ("I402", ("9.0", 12, 1, 7), {}, BAD, ""),
    ("I403", ("10.0", "11.0", "1.2", 12), {}, OK, ""),
    ("I403", ("10.0", "13.0", "1.2", 12), {}, IF, "standard error"),
    ("I403", ("10.0", "30.0", "1.2", 12), {}, BAD, ""),
    ("I404", ("3.0", "3.2", "2.5"), {}, OK, "0.68"),
    ("I404", ("9.0", "3.0", "1.0"), {}, BAD, "outside -1 to 1"),
    ("I405", ("3.75", 10, ["4.1", "3.2", "5.0"]), {}, OK, ""),
    ("I405", ("1.1", 16, ["4.1", "3.6", "5.0"]), {}, ODD, ""),
    ("I406", ("4.0", 16, "17.87", "22.13"), {}, OK, ""),
    ("I406", ("1.0", 16, "17.87", "22.13"), {}, IF, "standard error"),
    ("I406", ("2.0", 16, "17.87", "22.13"), {}, BAD, ""),
    ("I501", (TWO_LABS,), {}, ODD, "ferritin 43"),
    ("I501", ({"a": {"CRP": "77"}, "b": {"CRP": "78"}},), {}, OK, ""),
    ("I502", ({"a": "NCT04355728", "b": "nct04355728"},), {}, ODD, "NCT04355728: a, b"),
    ("I502", ({"a": "NCT04355728", "b": None},), {}, OK, ""),
    ("I503", (ALIKE, seed), {}, ODD, "more alike"),
    ("I503", (FAIR, seed), {}, OK, ""),
    ("I504", ({"baseline": "3.75", "final": "3.75"},), {}, ODD, "baseline = final"),
    ("I504", ({"baseline": "3.75", "final": "3.76"},), {}, OK, ""),
]


def run(key, arguments, further):
    return INTEGRITY[key].run(*(each() if each is seed else each for each in arguments), **further)


@pytest.mark.parametrize(("key", "arguments", "further", "finding", "words"), CASES)
def test_the_finding(key, arguments, further, finding, words):
    verdict = run(key, arguments, further)
    assert verdict.check == key
    assert verdict.finding is finding, verdict
    assert words in f"{verdict.found} {verdict.condition}"
    assert bool(verdict.condition) == (finding is Finding.ONLY_IF)
    assert bool(verdict.question) == verdict.asks
    assert verdict.tested
    assert verdict.assumption or finding is Finding.UNDECIDED
    document = json.dumps(verdict.to_dict(), allow_nan=False)
    assert json.loads(document)["finding"] == finding.value


def test_every_check_has_a_figure_that_passes_and_one_that_does_not():
    seen = {key: {case[3] for case in CASES if case[0] == key} for key in INTEGRITY}
    for key, findings in seen.items():
        assert Finding.CONSISTENT in findings, key
        assert findings - {Finding.CONSISTENT, Finding.UNDECIDED}, key


@pytest.mark.parametrize("row", INTEGRITY.values(), ids=INTEGRITY)
def test_a_row_says_what_it_needs_and_has_code_and_source(row):
    parameters = inspect.signature(row.run).parameters.values()
    assert row.needs == tuple(each.name for each in parameters if each.default is inspect.Parameter.empty)
    assert row.key in CODES
    assert row.source in SOURCES


def test_no_verdict_accuses():
    """What is asked is about figures: no word of blame in any text a verdict can hold."""
    blame = ("fraud", "fabricat", "falsif", "misconduct", "fake", "manipulat", "dishonest")
    for case in CASES:
        text = json.dumps(run(*case[:3]).to_dict()).lower()
        assert not [word for word in blame if word in text]
    for key, code in CODES.items():
        if key.startswith("I"):
            assert not [word for word in blame if word in (code.title + code.explanation).lower()]


def test_a_p_whose_side_the_test_decides_is_noticed():
    """10/20 against 4/20: 0.047 is the uncorrected chi-square, Fisher gives 0.096."""
    verdict = run("I303", (10, 20, 4, 20, ".047"), {})
    assert [notice.code for notice in verdict.warnings] == ["I002"]
    assert "Fisher's exact test P = 0.096" in verdict.warnings[0].message
    assert run("I303", (0, 12, 3, 29, "0.543"), {}).warnings == ()


def test_a_check_without_power_says_so():
    assert [notice.code for notice in run("I204", ("5.19", 400), {}).warnings] == ["I001"]
    assert [notice.code for notice in run("I201", ("34", 850), {}).warnings] == ["I001"]
    assert run("I204", ("5.18", 28), {}).warnings == ()


def test_every_notice_has_its_code():
    assert {"I001", "I002"} <= set(CODES)


def test_sizes_that_would_give_the_reported_p_are_named():
    assert run("I301", (*ICU, "0.04"), {}).numbers["equal_arms_that_fit"] == {"student": [4], "welch": []}


def test_a_named_test_that_is_unknown_is_refused():
    with pytest.raises(MscsecError, match="did you mean 'welch'"):
        run("I301", (*ICU, "0.04"), {"test": "wlech"})
    with pytest.raises(MscsecError):
        run("I303", (1, 10, 2, 10, "0.5"), {"test": "barnard"})


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("I101", ([-1], 2)),
        ("I102", (-1, 2)),
        ("I103", ()),
        ("I303", (11, 10, 2, 10, "0.5")),
        ("I405", ("1.0", 10, ["2.0"])),
        ("I405", ("0.0", 10, ["2.0", "3.0"])),
        ("I406", ("1.0", 1, "2.0", "3.0")),
        ("I503", ([], seed)),
    ],
)
def test_impossible_input_is_refused(key, arguments):
    with pytest.raises(InvalidInput):
        run(key, arguments, {})
