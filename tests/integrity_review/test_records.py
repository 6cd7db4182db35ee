"""Every check, from a record that breaks it: which figure, which level, and which words."""

from __future__ import annotations

import pytest

from mscsec.errors import UnknownMethod, UnknownName
from mscsec.integrity import INTEGRITY
from mscsec.integrity.inspect_sr import CHECKS_OF, prefill
from mscsec.integrity.problems import problems_of
from mscsec.integrity.result_checks import test_named as key_of_test
from mscsec.integrity.review import CONTRADICTION, NOTE, QUESTION, UNDECIDED, review
from mscsec.integrity.sample_sizes import smallest_arm
from mscsec.integrity.samples import samples_of

from .base import base_of, record

STAY = "- {outcome: stay, arms: {a: {mean: 5.50, sd: 1.64}, c: {mean: 10.90, sd: 3.75}}}"
LABORATORY = "\n".join(
    f"- {{outcome: {name}, arms: {{a: {{mean: {mean}}}}}}}"
    for name, mean in (("crp", 77), ("ferritin", 43), ("dimer", 42))
)


def deaths(figures: str, more: str = "") -> str:
    return f"- {{outcome: death, arms: {{{figures}}}{', ' + more if more else ''}}}"


def effect(text: str, figures: str = "a: {events: 6}, c: {events: 3}") -> str:
    return deaths(figures, f"effects: [{{experimental: a, comparator: c, {text}}}]")


BASELINE = "\n".join(
    f"- {{outcome: {name}, arms: {{a: {{baseline: {{mean: {mean}, sd: 12.3}}}}, c: {{baseline: {{mean: {mean}, sd: 14.1}}}}}}}}"
    for name, mean in (
        ("crp", "71.32"),
        ("ferritin", "402.11"),
        ("dimer", "31.87"),
        ("saturation", "81.44"),
        ("score", "21.15"),
    )
)
# key: records by name, level, path of the figure as its last parts, words of the finding or its condition.
BROKEN = {
    "I101": ({"x": record("x", deaths("a: {events: 1}"), more="population: {analysed: 41}\n")}, CONTRADICTION, ("analysed",), "+1 to the total"),
    "I105": ({"x": record("x", "- {outcome: crp, arms: {a: {mean: 21.0, baseline: {mean: 44.0}, change: {mean: 23.0}}}}")}, QUESTION, ("mean",), "a fall is printed as a positive change"),
    "I201": ({"x": record("x", deaths("a: {events: 3, percent: 13}"))}, CONTRADICTION, ("percent",), "3 of 20 is 15.00%"),
    "I202": ({"x": record("x", "- {outcome: stay, arms: {a: {median: 11.5}}}", n=("21", "20"))}, QUESTION, ("median",), "n is even"),
    "I204": ({"x": record("x", "- {outcome: stay, arms: {a: {mean: 5.51}}}")}, CONTRADICTION, ("mean",), "nearest possible means 5.5 and 5.55"),
    "I205": ({"x": record("x", STAY, n=("10", "10"))}, CONTRADICTION, ("mean",), "possible for n = 6, 20"),
    "I301": ({"x": record("x", STAY[:-1] + ", reported: {p: 0.30}}")}, CONTRADICTION, ("p",), "reported P = 0.30"),
    "I302": ({"x": record("x", STAY[:-1] + ", reported: {p: 0.04}}", ("{value: 10, assumed: half}",) * 2, "population: {randomised: 20}\n")}, CONTRADICTION, ("p",), "no split from 6 + 14 to 14 + 6"),
    "I303": ({"x": record("x", deaths("a: {events: 8}, c: {events: 4}", "reported: {p: 0.0004}"))}, CONTRADICTION, ("p",), "Fisher's exact test gives P = 0.301"),
    "I304": ({"x": record("x", deaths("a: {events: 8}, c: {events: 4}, m: {events: 5}", "reported: {p: 0.0004}")).replace("  c: {role", "  m: {role: other, n: 20}\n  c: {role")}, CONTRADICTION, ("p",), "chi-square"),
    "I305": ({"x": record("x", "- {outcome: stay, arms: {a: {mean: 6}}, reported: {t: 2.10, df: 38, p: 0.30}}")}, CONTRADICTION, ("p",), "gives P = 0.042"),
    "I306": ({"x": record("x", effect("measure: HR, estimate: 0.60, ci: [0.40, 0.90], p: 0.20", ""))}, QUESTION, ("p",), "P and interval come from different tests"),
    "I307": ({"x": record("x", effect("measure: RR, estimate: 2.9, ci: [0.6, 13.2]"), ("30", "29"))}, CONTRADICTION, ("estimate",), "6/30 against 2/29"),
    "I308": ({"x": record("x", "- {outcome: crp, effects: [{measure: MD, experimental: a, comparator: c, estimate: 5.0, ci: [1.0, 7.0]}]}")}, CONTRADICTION, ("ci",), "the middle is 4"),
    "I309": ({"x": record("x", "- {outcome: stay, arms: {a: {median: 5}, c: {median: 9}}, reported: {p: 0.02, test: Mann-Whitney}}", ("3", "3"))}, QUESTION, ("p",), "a normal approximation"),
    "I310": ({"x": record("x", "- {outcome: crp, arms: {a: {mean: 5.5, sd: 1.6}, c: {mean: 5.6, sd: 1.7}, m: {mean: 5.4, sd: 1.5}}, reported: {p: 0.001}}").replace("  c: {role", "  m: {role: other, n: 20}\n  c: {role")}, CONTRADICTION, ("p",), "analysis of variance"),
    "I401": ({"x": record("x", "- {outcome: score, arms: {a: {mean: 39.0, sd: 9.0}}}")}, CONTRADICTION, ("sd",), "possible from"),
    "I402": ({"x": record("x", "- {outcome: crp, arms: {a: {mean: 15, sd: 20.5, range: [10, 30]}}}")}, CONTRADICTION, ("sd",), "possible from"),
    "I403": ({"x": record("x", "- {outcome: crp, arms: {a: {mean: 30.0, median: 20.0, sd: 4.0}}}")}, QUESTION, ("sd",), "± is a standard error"),
    "I404": ({"x": record("x", "- {outcome: crp, arms: {a: {mean: 20, sd: 3.0, baseline: {mean: 40, sd: 4.0}, change: {mean: -20, sd: 9.0}}}}")}, CONTRADICTION, ("sd",), "outside -1 to 1"),
    "I405": ({name: record(name, f"- {{outcome: crp, arms: {{a: {{mean: 40.1{at}, sd: {sd}}}}}}}") for at, (name, sd) in enumerate((("x", "1.91"), ("y", "9.03"), ("z", "8.21")))}, QUESTION, ("sd",), "as a standard error"),
    "I406": ({"x": record("x", "- {outcome: crp, arms: {a: {mean: 40, sd: 2.0, ci: [35.8, 44.2]}}}")}, QUESTION, ("ci",), "the SD is a standard error"),
    "I501": ({name: record(name, LABORATORY) for name in ("x", "y")}, QUESTION, ("mean",), "ferritin, experimental, mean 43"),
    "I502": ({name: record(name, deaths("a: {events: 1}")).replace("randomised: true", "randomised: true, registration: NCT01234567") for name in ("x", "y")}, QUESTION, ("registration",), "NCT01234567: x, y"),
    "I503": ({"x": record("x", BASELINE, ("200", "200"))}, QUESTION, ("baseline",), "more alike"),
    "I504": ({"x": record("x", "- {outcome: crp, arms: {a: {mean: 51.3, sd: 12.34}, c: {mean: 60.2, sd: 12.34}}}")}, QUESTION, ("sd",), "a = c"),
}  # fmt: skip
# Checks that no record can fail, or that records hold no figures for.
APART = {
    "I102": "the reader refuses more events than patients (R205)",
    "I103": "the reader refuses figures out of order (R207)",
    "I104": "the reader refuses an estimate outside its interval (R206)",
    "I106": "a record holds no overall mean beside those of its groups",
    "I203": "a dichotomous outcome is recorded as counts, never as a mean and SD of zeros and ones",
}


def test_every_check_has_a_record_that_breaks_it_or_a_reason():
    assert set(BROKEN) | set(APART) == set(INTEGRITY)
    assert not set(BROKEN) & set(APART)


@pytest.mark.parametrize("key", BROKEN)
def test_a_broken_record_is_found(key):
    records, level, place, words = BROKEN[key]
    with base_of(records) as base:
        found = review(base)
    hits = [each for each in found.findings if each.verdict.check == key]
    assert len(hits) == 1, [(each.verdict.check, each.verdict.found) for each in found.findings]
    (hit,) = hits
    assert hit.level == level
    assert hit.path[-len(place) :] == place or place == ("baseline",)
    assert words in f"{hit.verdict.found} {hit.verdict.condition}"
    assert hit.verdict.question
    assert hit.line > 1
    assert hit.column > 1


def test_an_assumed_n_turns_a_contradiction_into_a_condition_on_it():
    known = record("x", STAY, ("10", "10"))
    assumed = record("x", STAY, ("{value: 10, assumed: half of 20}", "10"), "population: {randomised: 20}\n")
    for text, level in ((known, CONTRADICTION), (assumed, QUESTION)):
        with base_of({"x": text}) as base:
            (hit,) = review(base).findings
        assert (hit.verdict.check, hit.level) == ("I205", level)
    assert hit.verdict.condition == "n is 6, 20"
    assert "half of 20" in hit.verdict.assumption


def test_an_unknown_n_is_tried_up_to_the_trial():
    possible = record("x", STAY, ("null", "null"), "population: {randomised: 20}\n")
    with base_of({"x": possible}) as base:
        found = review(base)
    assert not found.findings
    assert any("possible for n = 6, 20, of up to 20" in each.verdict.found for each in found.passed)
    with base_of({"x": possible.replace("randomised: 20", "randomised: 5")}) as base:
        assert [each.verdict.found for each in review(base).findings] == ["possible for n = none, of up to 5"] * 2


def test_a_percentage_without_n_names_the_n_it_implies():
    with base_of({"x": record("x", deaths("a: {events: 7, percent: 50}"), ("null", "null"))}) as base:
        (passed,) = review(base).passed
    assert "possible for n = 14" in passed.verdict.found
    with base_of(
        {"x": record("x", deaths("a: {events: 7, percent: 50.1}"), ("null", "null"), "population: {enrolled: 60}\n")}
    ) as base:
        assert review(base).findings[0].level == CONTRADICTION


def test_p_against_percentages_tries_every_count_they_allow():
    text = deaths("a: {percent: 60}, c: {percent: 30}", "reported: {p: 0.057}")
    with base_of({"x": record("x", text)}) as base:
        found = review(base)
    agreed = next(each for each in found.passed + found.findings if each.verdict.check == "I303")
    assert agreed.level in ("passed", NOTE)
    assert "counts read from percentages: 12/20 against 6/20" in agreed.verdict.assumption


def test_a_test_that_cannot_be_recomputed_is_left_alone():
    for named in ("ANCOVA", "log-rank test", "mixed model"):
        with base_of({"x": record("x", f"{STAY[:-1]}, reported: {{p: 0.9, test: {named}}}}}")}) as base:
            assert not any(each.verdict.check == "I301" for each in review(base).findings)


@pytest.mark.parametrize("design", ["cluster-rct", "crossover-rct"])
def test_plain_tests_are_not_asked_of_designs_they_do_not_fit(design):
    text = record("x", f"{STAY[:-1]}, reported: {{p: 0.9}}}}", design=design)
    with base_of({"x": text}) as base:
        assert not any(each.verdict.check == "I301" for each in review(base).findings)


def test_another_unit_has_another_granularity():
    text = "- {outcome: stay, unit: hour, arms: {a: {mean: 131.9, sd: 39.3}}}"
    review_text = "schema: mscsec/review/1\ntitle: R\noutcomes: {stay: {label: S, type: continuous, unit: day, granularity: 1, conversions: {hour: 0.0416667}}}\n"
    with base_of({"x": record("x", text)}, review_text) as base:
        found = review(base)
    assert not [each for each in found.findings + found.passed if each.verdict.check in ("I204", "I205")]


def test_a_scale_without_a_step_is_noted_and_no_more():
    with base_of(
        {"x": record("x", "- {outcome: saturation, arms: {a: {mean: 79.47, sd: 15.36}}}", ("10", "10"))}
    ) as base:
        (hit,) = review(base).findings
    assert hit.level == NOTE
    assert [notice.code for notice in hit.verdict.warnings] == ["I003"]


def test_figures_that_cannot_be_computed_with_are_undecided():
    with base_of({"x": record("x", "- {outcome: stay, arms: {a: {mean: 6, sd: 2}}}", ("1", "20"))}) as base:
        found = review(base)
    assert [each.level for each in found.undecided] == [UNDECIDED]
    assert "two values" in found.undecided[0].verdict.found


def test_a_finding_is_silenced_where_it_stands():
    text = record(
        "x", "- outcome: stay\n  arms:\n    # mscsec: ignore[I204] the authors confirm half days\n    a: {mean: 5.51}"
    )
    with base_of({"x": text}) as base:
        found = review(base)
    assert not found.findings
    assert [each.verdict.check for each in found.silenced] == ["I204"]


def test_a_registration_of_two_records_names_the_other():
    with base_of(BROKEN["I502"][0]) as base:
        (hit,) = review(base).findings
    assert hit.study == "y"
    line = BROKEN["I502"][0]["x"].splitlines()[3]
    assert hit.others[0].endswith(f"x.yaml:4:{line.index('NCT') + 1}")


def test_refusals():
    with base_of({"x": record("x", STAY)}) as base:
        with pytest.raises(UnknownName, match="outcome"):
            review(base, outcome="sty")
        with pytest.raises(UnknownName, match="study"):
            review(base, study="y")
        with pytest.raises(UnknownMethod, match="rounding rule"):
            review(base, rounding="nearest")


def test_problems_carry_level_place_and_question():
    with base_of(
        BROKEN["I205"][0] | {"y": record("y", "- {outcome: stay, arms: {a: {median: 11.5}}}", n=("21", "20"))}
    ) as base:
        first, second = problems_of(base, review(base))
    assert (first.code, first.severity, second.code, second.severity) == ("I205", "error", "I202", "warning")
    assert "To ask: How many patients" in first.instead
    assert "agrees only if n is even" in second.rule


def test_inspect_sr_answers_by_the_worst_finding():
    with base_of({"x": record("x", f"{STAY[:-1]}, reported: {{p: 0.30}}}}", ("10", "10"))}) as base:
        rows = {row.question: row for row in prefill(review(base))}
    assert (rows["4.8"].answer, rows["4.8"].codes) == ("No", ("I205",))
    assert rows["4.9"].answer == "No"
    assert "4.3" not in rows


def test_inspect_sr_speaks_only_of_questions_and_checks_that_exist():
    from mscsec.appraisal.instrument import instrument

    questions = {question.id for domain in instrument("inspect-sr").domains for question in domain.questions}
    assert set(CHECKS_OF) <= questions
    codes = [code for checks in CHECKS_OF.values() for code in checks]
    assert sorted(codes) == sorted(INTEGRITY)


@pytest.mark.parametrize(
    ("total", "smallest"), [(4, 2), (10, 2), (20, 6), (40, 14), (100, 40)]
)  # binomial quantiles at 2.5%: 6 of 20 and 40 of 100 stand in any table
def test_the_smallest_arm_that_randomisation_is_likely_to_give(total, smallest):
    assert smallest_arm(total) == smallest


@pytest.mark.parametrize(
    ("text", "known", "key"),
    [
        (None, True, None),
        ("Student's t-test", True, "student"),
        ("Welch's t test", True, "welch"),
        ("Fisher's exact test", True, "fisher"),
        ("χ2 with continuity correction", True, "yates"),
        ("chi-square", True, "pearson"),
        ("Mann-Whitney U", True, "rank"),
        ("paired t test", False, None),
        ("logistic regression", False, None),
        ("own method", True, None),
    ],
)
def test_a_test_is_known_by_its_name(text, known, key):
    assert key_of_test(text) == (known, key)


def test_samples_have_the_printed_mean_and_sd():
    with base_of(
        {"x": record("x", STAY, ("{value: 10, assumed: half}", "10"), "population: {randomised: 20}\n")}
    ) as base:
        first, second = samples_of(base, "x", "stay")
    assert (first.possible, first.possible_n, [made.n for made in first.samples]) == (False, (6, 20), [6, 20])
    assert second.possible
    for arm, mean in ((first, 5.5), (second, 10.9)):
        for made in arm.samples:
            assert abs(sum(made.mean) - made.n) < 1e-9
            assert abs(sum(v * c for v, c in zip(made.values, made.mean, strict=True)) / made.n - mean) < 0.005
            assert min(made.values) >= 0
    assert first.samples[0].exhaustive
    assert first.samples[0].samples == 4
