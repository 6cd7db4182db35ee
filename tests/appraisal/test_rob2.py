"""RoB 2 against its flowcharts, walked here by hand for every set of answers."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.appraisal.decision import settle
from mscsec.appraisal.engine import appraise
from mscsec.appraisal.instrument import Domain, instrument

ORDER = ["Low", "Some concerns", "High"]
MATTERS = ("non_protocol", "implementation", "non_adherence")


def yes(answer: str | None) -> bool:
    return answer in ("Y", "PY")


def no(answer: str | None) -> bool:
    return answer in ("N", "PN")


def d1(a: dict[str, str]) -> str:
    if no(a["1.2"]):
        return "High"
    if a["1.2"] == "NI":
        return "High" if yes(a["1.3"]) else "Some concerns"
    return "Some concerns" if no(a["1.1"]) or yes(a["1.3"]) else "Low"


def d2_assignment(a: dict[str, str]) -> str:
    def deviations() -> str:
        if no(a["2.1"]) and no(a["2.2"]):
            return "Low"
        if no(a["2.3"]):
            return "Low"
        if a["2.3"] == "NI" or no(a["2.4"]):
            return "Some concerns"
        return "Some concerns" if yes(a["2.5"]) else "High"

    def analysis() -> str:
        if yes(a["2.6"]):
            return "Low"
        return "Some concerns" if no(a["2.7"]) else "High"

    return max(deviations(), analysis(), key=ORDER.index)


def d2_adherence(a: dict[str, str], addressed: frozenset[str]) -> str:
    aware = not (no(a["2.1"]) and no(a["2.2"]))
    unbalanced = aware and "non_protocol" in addressed and not yes(a["2.3"])
    failed = "implementation" in addressed and not no(a["2.4"])
    strayed = "non_adherence" in addressed and not no(a["2.5"])
    if not (unbalanced or failed or strayed):
        return "Low"
    return "Some concerns" if yes(a["2.6"]) else "High"


def d3(a: dict[str, str]) -> str:
    if yes(a["3.1"]) or yes(a["3.2"]) or no(a["3.3"]):
        return "Low"
    return "Some concerns" if no(a["3.4"]) else "High"


def d4(a: dict[str, str]) -> str:
    if yes(a["4.1"]) or yes(a["4.2"]):
        return "High"
    good_end = "Low" if no(a["4.2"]) else "Some concerns"
    if no(a["4.3"]) or no(a["4.4"]):
        return good_end
    return "Some concerns" if no(a["4.5"]) else "High"


def d5(a: dict[str, str]) -> str:
    if yes(a["5.2"]) or yes(a["5.3"]):
        return "High"
    if a["5.2"] == "NI" or a["5.3"] == "NI":
        return "Some concerns"
    return "Low" if yes(a["5.1"]) else "Some concerns"


FLOWCHARTS = {"D1": d1, "D2": d2_assignment, "D3": d3, "D4": d4, "D5": d5}


def domain(id: str, variant: str = "") -> Domain:
    return next(d for d in instrument("rob2").domains if d.id == id and d.variant in ("", variant or "assignment"))


def every(form: Domain, options: tuple[str, ...] = ("Y", "N", "NI")) -> list[dict[str, str]]:
    choices = [[o for o in options if o in question.options] for question in form.questions]
    ids = [question.id for question in form.questions]
    return [dict(zip(ids, choice, strict=True)) for choice in product(*choices)]


def judged(form: Domain, answers: dict[str, str], **chosen: frozenset[str]) -> str:
    settled = settle(form, {id: frozenset([answer]) for id, answer in answers.items()}, chosen)
    assert isinstance(settled.tree, str)
    return settled.tree


@pytest.mark.parametrize("id", FLOWCHARTS)
def test_every_set_of_answers_ends_where_the_flowchart_does(id: str) -> None:
    form = domain(id)
    sets = (
        every(form) if id == "D2" else every(form, ("Y", "PY", "PN", "N", "NI"))
    )  # seven questions would be 78,125 sets
    assert len(sets) >= 60
    for answers in sets:
        assert judged(form, answers, aim=frozenset(["assignment"])) == FLOWCHARTS[id](answers), answers


@pytest.mark.parametrize(
    "addressed", [frozenset(m for m, on in zip(MATTERS, bits, strict=True) if on) for bits in product([0, 1], repeat=3)]
)
def test_every_set_of_answers_about_adhering_ends_where_the_flowchart_does(addressed: frozenset[str]) -> None:
    form = domain("D2", "adherence")
    for answers in every(form):
        assert judged(form, answers, aim=frozenset(["adherence"]), deviations_addressed=addressed) == d2_adherence(
            answers, addressed
        ), answers


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_probably_has_the_consequence_of_the_definite_answer(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(instrument("rob2").domains))
    answers = {q.id: data.draw(st.sampled_from(q.options)) for q in form.questions}
    definite = {id: answer.removeprefix("P") for id, answer in answers.items()}
    chosen = {"aim": frozenset([form.variant or "assignment"]), "deviations_addressed": frozenset(MATTERS)}
    assert judged(form, answers, **chosen) == judged(form, definite, **chosen)


@pytest.mark.parametrize("form", instrument("rob2").domains, ids=lambda form: form.id + form.variant)
def test_a_worse_answer_never_gives_a_better_judgement(form: Domain) -> None:
    chosen = {"aim": frozenset([form.variant or "assignment"]), "deviations_addressed": frozenset(MATTERS)}
    for answers in every(form, ("Y", "N")):
        for question in form.questions:
            good, bad = ("Y", "N") if question.good == "yes" else ("N", "Y")
            better = judged(form, answers | {question.id: good}, **chosen)
            worse = judged(form, answers | {question.id: bad}, **chosen)
            assert ORDER.index(better) <= ORDER.index(worse), (answers, question.id)


EXAMPLES = [
    ("D1", {"1.1": "NI", "1.2": "Y", "1.3": "NI"}, "assignment", "Low"),
    ("D1", {"1.1": "N", "1.2": "PY", "1.3": "N"}, "assignment", "Some concerns"),
    ("D1", {"1.1": "Y", "1.2": "NI", "1.3": "PY"}, "assignment", "High"),
    (
        "D2",
        {"2.1": "Y", "2.2": "Y", "2.3": "NI", "2.4": "NA", "2.5": "NA", "2.6": "Y", "2.7": "NA"},
        "assignment",
        "Some concerns",
    ),
    (
        "D2",
        {"2.1": "N", "2.2": "PN", "2.3": "NA", "2.4": "NA", "2.5": "NA", "2.6": "N", "2.7": "NI"},
        "assignment",
        "High",
    ),
    ("D2", {"2.1": "Y", "2.2": "Y", "2.3": "Y", "2.4": "NA", "2.5": "PN", "2.6": "NA"}, "adherence", "Low"),
    ("D2", {"2.1": "N", "2.2": "N", "2.3": "NA", "2.4": "NA", "2.5": "NI", "2.6": "PY"}, "adherence", "Some concerns"),
    ("D3", {"3.1": "N", "3.2": "PN", "3.3": "NI", "3.4": "PN"}, "assignment", "Some concerns"),
    ("D4", {"4.1": "NI", "4.2": "NI", "4.3": "N", "4.4": "NA", "4.5": "NA"}, "assignment", "Some concerns"),
    ("D4", {"4.1": "N", "4.2": "N", "4.3": "Y", "4.4": "N", "4.5": "NA"}, "assignment", "Low"),
    ("D5", {"5.1": "NI", "5.2": "N", "5.3": "N"}, "assignment", "Some concerns"),
]


@pytest.mark.parametrize(("id", "answers", "aim", "judgement"), EXAMPLES)
def test_published_examples(id: str, answers: dict[str, str], aim: str, judgement: str) -> None:
    result = appraise("rob2", answers, settings={"aim": aim}).domain(id)
    assert (result.judgement, result.status, result.ignored) == (judgement, "proposed", ())


LOW = {"1.1": "Y", "1.2": "Y", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y", "3.1": "Y", "4.1": "N", "4.2": "N", "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "N"}  # fmt: skip


def test_all_domains_low_is_low_overall() -> None:
    result = appraise("rob2", LOW, settings={"aim": "assignment"})
    assert [d.judgement for d in result.domains] == ["Low"] * 5
    assert (result.judgement, result.warnings, result.unanswered) == ("Low", (), ())


@pytest.mark.parametrize(("change", "overall"), [({"5.1": "NI"}, "Some concerns"), ({"5.1": "NI", "1.1": "N"}, "Some concerns"), ({"1.2": "N"}, "High"), ({"1.2": "N", "5.1": "NI"}, "High")])  # fmt: skip
def test_the_worst_domain_is_the_overall_judgement(change: dict[str, str], overall: str) -> None:
    assert appraise("rob2", LOW | change).judgement == overall


def test_one_high_domain_settles_the_overall_judgement_while_others_are_open() -> None:
    result = appraise("rob2", {"1.2": "N"})
    assert (result.judgement, result.overall[0].waiting_for) == ("High", ())
    assert result.domain("D3").status == "incomplete"


def test_without_a_high_domain_an_open_one_leaves_the_overall_judgement_open() -> None:
    result = appraise("rob2", {key: value for key, value in LOW.items() if key != "5.1"})
    overall = result.overall[0]
    assert (overall.judgement, overall.possible, overall.waiting_for) == (None, ("Low", "Some concerns"), ("D5",))
    assert result.unanswered == ("5.1",)


def test_nothing_addressed_for_adhering_is_said() -> None:
    answers = {"2.1": "Y", "2.2": "Y", "2.3": "NA", "2.4": "NA", "2.5": "NA"}
    result = appraise("rob2", answers, settings={"aim": "adherence"})
    assert result.domain("D2").judgement == "Low"
    assert [notice.code for notice in result.warnings] == ["B104"]


def test_an_addressed_matter_cannot_be_not_applicable() -> None:
    answers = {"2.1": "Y", "2.2": "Y", "2.3": "Y", "2.4": "NA", "2.5": "N"}
    chosen = {"aim": "adherence", "deviations_addressed": list(MATTERS)}
    result = appraise("rob2", answers, settings=chosen)
    assert result.domain("D2").unanswered == ("2.4", "2.6")
    assert "B102" in [notice.code for notice in result.warnings]


CLUSTER_LOW = {"1a.1": "Y", "1a.2": "Y", "1a.3": "N", "1b.1": "Y", "2.1a": "N", "2.2": "N", "2.6": "Y", "3.1a": "Y", "3.1b": "Y", "4.1": "N", "4.2": "N", "4.3a": "N", "5.1": "Y", "5.2": "N", "5.3": "N"}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "id", "judgement"),
    [
        ({}, "D1b", "Low"),
        ({"1b.1": "N", "1b.2": "PY", "1b.3": "N"}, "D1b", "High"),
        ({"1b.1": "NI", "1b.2": "N", "1b.3": "Y"}, "D1b", "Some concerns"),
        ({"1b.1": "N", "1b.2": "N", "1b.3": "NI"}, "D1b", "Low"),
        ({"1b.1": "N", "1b.2": "NI", "1b.3": "Y"}, "D1b", "High"),
        ({"1b.1": "N", "1b.2": "NI", "1b.3": "N"}, "D1b", "Some concerns"),
        ({"1a.2": "NI", "1a.3": "NI"}, "D1a", "Some concerns"),
        ({"2.1a": "Y", "2.1b": "N"}, "D2", "Low"),
        ({"2.1a": "Y", "2.1b": "Y", "2.3": "Y", "2.4": "N"}, "D2", "Some concerns"),
        ({"2.1a": "Y", "2.1b": "NI", "2.3": "Y", "2.4": "Y", "2.5": "N"}, "D2", "High"),
        ({"3.1b": "N", "3.2": "N", "3.3": "Y", "3.4": "N"}, "D3", "Some concerns"),
        ({"3.1a": "NI", "3.2": "PY"}, "D3", "Low"),
        ({"4.3a": "Y", "4.3b": "N"}, "D4", "Low"),
        ({"4.2": "NI", "4.3a": "Y", "4.3b": "Y", "4.4": "N"}, "D4", "Some concerns"),
        ({"4.3a": "NI", "4.3b": "NI", "4.4": "Y", "4.5": "NI"}, "D4", "High"),
    ],
)
def test_cluster_trials(change: dict[str, str], id: str, judgement: str) -> None:
    result = appraise("rob2-cluster", CLUSTER_LOW | change, settings={"aim": "assignment"})
    assert result.domain(id).judgement == judgement
    assert result.judgement == judgement


def test_cluster_form_says_where_readings_differ_and_that_it_is_a_test_version() -> None:
    codes = [n.code for n in appraise("rob2-cluster", CLUSTER_LOW, settings={"aim": "assignment"}).warnings]
    assert codes == ["B107"]
    disputed = CLUSTER_LOW | {"2.1a": "Y", "2.1b": "Y", "2.3": "Y", "2.4": "N"}
    codes = [n.code for n in appraise("rob2-cluster", disputed, settings={"aim": "assignment"}).warnings]
    assert codes == ["B108", "B107"]


def test_crossover_leaves_period_effects_to_the_assessor() -> None:
    open_ = appraise("rob2-crossover", LOW, settings={"aim": "assignment"})
    assert open_.domain("DS").status == "assessor"
    assert (open_.judgement, open_.overall[0].waiting_for) == (None, ("DS",))
    done = appraise("rob2-crossover", LOW, settings={"aim": "assignment"}, judgements={"DS": "some concerns"})
    assert (done.domain("DS").status, done.judgement) == ("judged", "Some concerns")
