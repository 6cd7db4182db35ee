"""The other instruments: each by its own scoring rule."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from mscsec.appraisal.decision import settle
from mscsec.appraisal.engine import appraise
from mscsec.appraisal.instrument import Domain, instrument

V2_ORDER = ["Low", "Low (except for concerns about uncontrolled confounding)", "Moderate", "Serious", "Critical"]
LOW_EXCEPT = V2_ORDER[1]


def domain(key: str, id: str, variant: str = "") -> Domain:
    return next(d for d in instrument(key).domains if d.id == id and d.variant == variant)


def every(form: Domain) -> list[dict[str, str]]:
    """All sets of answers, Y for PY and N for PN."""
    choices = [
        [o for o in question.options if o not in ("PY", "PN")] or list(question.options) for question in form.questions
    ]
    return [dict(zip([q.id for q in form.questions], choice, strict=True)) for choice in product(*choices)]


def judged(form: Domain, answers: dict[str, str], **chosen: str) -> object:
    return settle(
        form, {i: frozenset([a]) for i, a in answers.items()}, {i: frozenset([a]) for i, a in chosen.items()}
    ).tree


# --- ROBINS-I --------------------------------------------------------------------------------------------------


def test_robins_i_2016_proposes_no_domain_judgement() -> None:
    form = instrument("robins-i")
    assert not any(item.has_algorithm for item in form.domains)
    result = appraise("robins-i", {"1.1": "Y", "1.2": "N"}, settings={"aim": "assignment"})
    assert {item.status for item in result.domains} == {"assessor"}
    assert result.domain("D1").unanswered == ("1.4", "1.6")


@pytest.mark.parametrize(
    ("judgements", "overall"),
    [
        (["Low"] * 7, "Low"),
        (["Low"] * 6 + ["Moderate"], "Moderate"),
        (["Moderate"] * 6 + ["No information"], "No information"),
        (["Serious"] * 1 + ["No information"] * 6, "Serious"),
        (["Critical"] + ["Serious"] * 6, "Critical"),
    ],
)
def test_robins_i_2016_overall(judgements: list[str], overall: str) -> None:
    given = {f"D{n}": judgement for n, judgement in enumerate(judgements, 1)}
    assert appraise("robins-i", {}, judgements=given).judgement == overall


def v2_d2(a: dict[str, str]) -> str:
    avoided = a["2.1"] == "Y" or a["2.2"] == "Y" or a["2.3"] == "SY"
    start = 0 if avoided else 1 if a["2.3"] in ("WY", "NI") else 2
    level = start + {"N": 0, "WY": 1, "NI": 1, "SY": 2}[a["2.4"]] + (0 if a["2.5"] == "N" else 1)
    return ["Low", "Moderate", "Serious", "Critical"][min(level, 3)]


def v2_d3(a: dict[str, str]) -> str:
    first = "Serious" if a["3.1"] == "SN" else "Moderate" if a["3.1"] in ("WN", "NI") or a["3.2"] == "Y" else "Low"
    if a["3.3"] != "Y":
        second = "Low" if a["3.3"] == "N" else "Moderate"
    elif a["3.4"] != "Y":
        second = "Low" if a["3.4"] == "N" else "Moderate"
    else:
        second = "Serious" if a["3.5"] == "Y" else "Moderate"
    worse = max(first, second, key=V2_ORDER.index)
    if worse != "Serious":
        return worse
    if a["3.6"] == "Y" or a["3.7"] == "Y":
        return "Moderate"
    return "Critical" if a["3.8"] == "Y" else "Serious"


def v2_d6(a: dict[str, str]) -> str:
    selected = [a[id] for id in ("6.2", "6.3", "6.4")]
    if a["6.1"] == "Y" or selected == ["N"] * 3:
        return "Low"
    if selected.count("Y") >= 2:
        return "Critical"
    return "Serious" if "Y" in selected or selected == ["NI"] * 3 else "Moderate"


def v2_d1(a: dict[str, str]) -> str:
    if a["1.1"] in ("SN", "NI"):
        return "Critical" if a["1.4"] == "Y" else "Serious"
    if a["1.3"] == "Y":
        return "Critical" if a["1.4"] == "Y" or a["1.2"] != "Y" else "Serious"
    if a["1.2"] in ("SN", "NI") or a["1.4"] == "Y":
        return "Serious"
    return "Moderate" if "WN" in (a["1.1"], a["1.2"]) else LOW_EXCEPT


@pytest.mark.parametrize(
    ("id", "variant", "oracle"), [("D1", "assignment", v2_d1), ("D2", "", v2_d2), ("D3", "", v2_d3), ("D6", "", v2_d6)]
)
def test_robins_i_v2_over_every_set_of_answers(id: str, variant: str, oracle: Callable[[dict[str, str]], str]) -> None:
    form = domain("robins-i-v2", id, variant)
    for answers in every(form):
        assert judged(form, answers, aim="assignment") == oracle(answers), answers


@pytest.mark.parametrize(
    ("answers", "judgement"),
    [
        ({"4.1": "N", "4.2": "Y", "4.3": "Y", "4.4": "N", "4.7": "Y", "4.8": "NI"}, "Serious"),
        ({"4.1": "N", "4.4": "Y", "4.5": "N"}, "Low"),
        ({"4.1": "N", "4.4": "NI", "4.5": "Y", "4.6": "Y", "4.11": "N"}, "Moderate"),
        ({"4.1": "N", "4.4": "Y", "4.5": "Y", "4.6": "SN", "4.11": "N"}, "Critical"),
        ({"4.1": "N", "4.4": "N", "4.7": "Y", "4.8": "Y", "4.9": "WN", "4.11": "PY"}, "Moderate"),
        ({"4.1": "N", "4.4": "N", "4.7": "N", "4.10": "NI", "4.11": "N"}, "Serious"),
        ({"4.1": "N", "4.4": "N", "4.7": "N", "4.10": "Y"}, "Low"),
    ],
)
def test_robins_i_v2_missing_data(answers: dict[str, str], judgement: str) -> None:
    assert judged(domain("robins-i-v2", "D4"), answers) == judgement


@pytest.mark.parametrize(
    ("answers", "judgement"),
    [
        ({"1.1": "N", "1.4": "Y"}, "Critical"),
        ({"1.1": "NI", "1.4": "N", "1.5": "PY"}, "Critical"),
        ({"1.1": "N", "1.4": "N", "1.5": "N"}, "Serious"),
        ({"1.1": "Y", "1.2": "SN"}, "Serious"),
        ({"1.1": "Y", "1.2": "WN", "1.3": "Y", "1.5": "N"}, "Moderate"),
        ({"1.1": "Y", "1.2": "PY", "1.3": "Y", "1.5": "PN"}, LOW_EXCEPT),
    ],
)
def test_robins_i_v2_confounding_per_protocol(answers: dict[str, str], judgement: str) -> None:
    assert judged(domain("robins-i-v2", "D1", "adherence"), answers, aim="adherence") == judgement


V2_LOW = {"B1": "Y", "B3": "N", "1.1": "Y", "1.2": "Y", "1.3": "N", "1.4": "N", "2.1": "Y", "2.4": "N", "2.5": "N", "3.1": "Y", "3.2": "N", "3.3": "N", "4.1": "Y", "4.2": "Y", "4.3": "Y", "5.1": "N", "5.2": "N", "6.1": "Y"}  # fmt: skip


def test_robins_i_v2_at_its_best_is_low_except_for_confounding() -> None:
    result = appraise("robins-i-v2", V2_LOW, settings={"aim": "assignment"})
    assert result.judgement == LOW_EXCEPT
    assert (result.draft, [n.code for n in result.warnings]) == (True, ["B107"])


@pytest.mark.parametrize("stop", [{"B1": "N", "B2": "PY"}, {"B3": "Y"}])
def test_robins_i_v2_screen_stops_the_assessment(stop: dict[str, str]) -> None:
    result = appraise("robins-i-v2", V2_LOW | stop)
    assert result.judgement == "Critical"
    assert {item.status for item in result.domains if item.id != "B"} == {"skipped"}


def test_robins_i_v2_waits_for_its_screen() -> None:
    result = appraise("robins-i-v2", {key: value for key, value in V2_LOW.items() if key[0] != "B"})
    assert (result.judgement, result.overall[0].possible) == (None, (LOW_EXCEPT, "Critical"))
    assert result.overall[0].waiting_for == ("B",)


def test_robins_i_v2_says_where_readings_differ() -> None:
    result = appraise("robins-i-v2", V2_LOW | {"1.2": "WN"}, settings={"aim": "assignment"})
    assert (result.judgement, [n.code for n in result.warnings]) == ("Moderate", ["B108", "B107"])


# --- scores ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "score", "words"),
    [
        ({"randomized": "yes", "randomized_method": "appropriate", "double_blind": "yes", "double_blind_method": "appropriate", "withdrawals": "yes"}, 5, "High quality"),
        ({"randomized": "yes", "randomized_method": "inappropriate", "double_blind": "no", "withdrawals": "yes"}, 1, "Low quality"),
        ({"randomized": "yes", "randomized_method": "not described", "double_blind": "yes", "double_blind_method": "inappropriate", "withdrawals": "no"}, 1, "Low quality"),
        ({"randomized": "yes", "randomized_method": "appropriate", "double_blind": "no", "withdrawals": "yes"}, 3, "High quality"),
        ({"randomized": "no", "double_blind": "no", "withdrawals": "no"}, 0, "Low quality"),
    ],
)  # fmt: skip
def test_jadad(answers: dict[str, str], score: int, words: str) -> None:
    result = appraise("jadad", answers)
    assert (result.score, result.judgement) == (score, words)


def test_jadad_with_open_items_has_a_range_and_settles_where_the_range_does() -> None:
    result = appraise("jadad", {"randomized": "no", "double_blind": "no"})
    assert (result.score, result.score_low, result.score_high, result.judgement) == (None, 0, 1, "Low quality")
    assert appraise("jadad", {}).score_low == 0  # no point can be lost that was not given


def test_pedro_does_not_score_its_first_item() -> None:
    full = {str(n): "yes" for n in range(1, 12)}
    assert (appraise("pedro", full).score, appraise("pedro", full | {"1": "no"}).score) == (10, 10)


@pytest.mark.parametrize(
    ("count", "words"), [(3, "Poor"), (4, "Fair"), (5, "Fair"), (6, "Good"), (8, "Good"), (9, "Excellent")]
)
def test_pedro_bands(count: int, words: str) -> None:
    answers = {"1": "no"} | {str(n): "yes" if n < 2 + count else "no" for n in range(2, 12)}
    result = appraise("pedro", answers)
    assert (result.score, result.judgement) == (count, words)


@pytest.mark.parametrize(
    ("changes", "stars", "words"),
    [
        ({}, (4, 2, 3), "Good"),
        ({"C1": ""}, (4, 0, 3), "Poor"),
        ({"C1": "b"}, (4, 1, 3), "Good"),
        ({"S1": "c", "S2": "b"}, (2, 2, 3), "Fair"),
        ({"S1": "c", "S2": "b", "S4": "b"}, (1, 2, 3), "Poor"),
        ({"O1": "c", "O3": "c"}, (4, 2, 1), "Poor"),
    ],
)
def test_newcastle_ottawa_cohort(changes: dict[str, str], stars: tuple[int, ...], words: str) -> None:
    best = {"S1": "a", "S2": "a", "S3": "b", "S4": "a", "C1": "a, b", "O1": "b", "O2": "a", "O3": "b"}
    result = appraise("newcastle-ottawa-cohort", best | changes)
    assert tuple(item.score for item in result.domains) == stars
    assert (result.score, result.judgement) == (sum(stars), words)


def test_newcastle_ottawa_case_control() -> None:
    best = {"S1": "a", "S2": "a", "S3": "a", "S4": "a", "C1": ["a", "b"], "E1": "b", "E2": "a", "E3": "a"}
    assert (
        appraise("newcastle-ottawa-case-control", best).score,
        appraise("newcastle-ottawa-case-control", best).judgement,
    ) == (9, "Good")


def test_newcastle_ottawa_settles_early() -> None:
    assert appraise("newcastle-ottawa-cohort", {"C1": []}).judgement == "Poor"


# --- judged by the assessor ------------------------------------------------------------------------------------

ROB1 = {"sequence": "Low", "concealment": "Low", "blinding_participants": "High", "blinding_outcome": "Low", "incomplete": "Unclear", "selective": "Low", "other": "Low"}  # fmt: skip


@pytest.mark.parametrize(
    ("key_domains", "overall"),
    [(None, "High"), (["sequence", "concealment"], "Low"), (["sequence", "incomplete"], "Unclear")],
)
def test_rob1_summary_is_over_the_key_domains(key_domains: list[str] | None, overall: str) -> None:
    chosen = {"key_domains": key_domains} if key_domains else {}
    assert appraise("rob1", {}, judgements=ROB1, settings=chosen).judgement == overall


def test_quadas_2_allows_low_where_all_is_yes_and_leaves_the_rest_to_the_assessor() -> None:
    answers = {"1.1": "yes", "1.2": "Yes", "1.3": "yes", "2.1": "No"}
    result = appraise("quadas-2", answers)
    assert [result.domain(id).status for id in ("D1", "D2", "D3")] == ["proposed", "assessor", "incomplete"]
    given = {"D2": "High", "D3": "Low", "D4": "Low", "A1": "Low", "A2": "Unclear", "A3": "Low"}
    result = appraise("quadas-2", answers, judgements=given)
    assert [(item.id, item.judgement) for item in result.overall] == [
        ("overall", "At risk of bias"),
        ("applicability", "Concerns"),
    ]


def test_jbi_leaves_the_decision_to_the_assessor() -> None:
    result = appraise("jbi-rct", {str(n): "Yes" for n in range(1, 14)})
    assert (result.judgement, result.score, result.unanswered) == (None, None, ())
    assert appraise("jbi-rct", {}, judgements={"overall": "exclude"}).judgement == "Exclude"


def test_inspect_sr_takes_the_worst_domain() -> None:
    given = {"D1": "No concerns", "D2": "Serious concerns"}
    assert appraise("inspect-sr", {}, judgements=given).judgement == "Serious concerns"
    assert len(instrument("inspect-sr").question_ids()) == 21


def test_tract_has_nineteen_items() -> None:
    assert len(instrument("tract").question_ids()) == 19


# --- ROB-ME ----------------------------------------------------------------------------------------------------


def rob_me(a: dict[str, str]) -> str:
    if a["4.1"] == "Yes" and a["4.2"] == "Y":
        return "High"
    medium = (a["4.1"] == "Yes" and a["4.2"] == "NI") or (a["4.3"] == "Yes" and a["4.4"] != "N")
    if not medium and a["4.1"] == a["4.3"] == a["4.5"] == "No":
        return "Low"
    pattern, sensitivity = a["4.7"] == "Y", a["4.8"] == "Y"
    if medium or (a["4.5"] == "Yes" and a["4.6"] == "Y"):
        return "High" if pattern or sensitivity else "Some concerns"
    if not pattern:
        return "Low"
    return "High" if sensitivity else "Some concerns"


def test_rob_me_over_every_set_of_answers() -> None:
    form = domain("rob-me", "synthesis")
    for answers in every(form):
        assert judged(form, answers) == rob_me(answers), answers


@pytest.mark.parametrize(
    ("step3", "judgement"),
    [
        ({"3.1": "Yes"}, "Low"),
        ({"3.1": "No", "3.2": "Y", "3.3": "PY"}, "Low"),
        ({"3.1": "No", "3.2": "N"}, None),
        ({"3.1": "Yes", "4.5": "Yes"}, None),
    ],
)
def test_rob_me_takes_unidentified_studies_from_step_three(step3: dict[str, str], judgement: str | None) -> None:
    assert appraise("rob-me", {"4.1": "No", "4.3": "No"} | step3).judgement == judgement
