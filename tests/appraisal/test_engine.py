"""The engine over every shipped instrument: completeness, open questions, inputs and overrides."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.appraisal.decision import Open, Tree, settle
from mscsec.appraisal.engine import appraise, assessment_problems
from mscsec.appraisal.instrument import (
    ASSESSOR,
    Domain,
    Instrument,
    instrument,
    instrument_keys,
    parse_instrument,
    read_instrument,
)
from mscsec.codes import CODES
from mscsec.errors import InvalidInput, UnknownName, UsageError
from mscsec.sources import SOURCES

KEYS = instrument_keys()
DOMAINS = [(key, domain) for key in KEYS for domain in instrument(key).all_domains()]
ALGORITHMS = [(key, domain) for key, domain in DOMAINS if domain.has_algorithm]


def name(item: str | Domain) -> str:
    return item if isinstance(item, str) else f"{item.id}{item.variant}"


def chosen(form: Instrument, domain: Domain) -> dict[str, frozenset[str]]:
    """Settings under which every question of the domain can be asked."""
    return {
        setting.id: frozenset(option for option, _ in setting.options)
        if setting.several
        else frozenset([domain.variant or setting.default])
        for setting in form.settings
    }


def depth(tree: Tree) -> int:
    return 1 + max(depth(branch) for branch in tree.branches) if isinstance(tree, Open) else 0


@pytest.mark.parametrize("key", KEYS)
def test_every_instrument_has_its_facts_and_a_known_source(key: str) -> None:
    form = instrument(key)
    assert form.key == key
    assert form.source in SOURCES
    assert all([form.name, form.title, form.version, form.scope, form.unit, form.overall])
    assert all(question.text and len(question.options) > 1 for d in form.all_domains() for question in d.questions)
    suggested = {rule.question for rule in form.suggestions}
    assert suggested <= {*form.question_ids(), *(domain.id for domain in form.domains)}


def test_every_code_of_the_room_is_explained_and_used() -> None:
    package = Path(__file__).parent.parent.parent / "mscsec"
    files = [path for room in ("appraisal", "synthesis", "cli") for path in (package / room).glob("*.py")]
    used = {code for path in files for code in re.findall(r'"(B\d{3})"', path.read_text(encoding="utf-8"))}
    assert used == {code for code in CODES if code.startswith("B")}


@pytest.mark.parametrize("key", KEYS)
def test_suggested_answers_are_options(key: str) -> None:
    form = instrument(key)
    for rule in form.suggestions:
        judged = [d for d in form.domains if d.id == rule.question]
        options = judged[0].judgements if judged else form.question(rule.question).options
        assert rule.answer in options, rule


@pytest.mark.parametrize(("key", "domain"), ALGORITHMS, ids=name)
def test_every_path_through_a_domain_ends_in_a_judgement(key: str, domain: Domain) -> None:
    settled = settle(domain, {}, chosen(instrument(key), domain))
    assert isinstance(settled.tree, Open)
    assert depth(settled.tree) >= 2
    assert set(settled.possible) - {ASSESSOR} <= set(domain.judgements)


@pytest.mark.parametrize(("key", "domain"), ALGORITHMS, ids=name)
def test_every_judgement_of_a_domain_can_be_reached(key: str, domain: Domain) -> None:
    possible = settle(domain, {}, chosen(instrument(key), domain)).possible
    assert possible == domain.judgements or ASSESSOR in possible


@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_what_open_questions_allow_is_what_their_answers_give(data: st.DataObject) -> None:
    key, domain = data.draw(st.sampled_from(ALGORITHMS))
    setting = chosen(instrument(key), domain)
    answers = {q.id: frozenset([data.draw(st.sampled_from(q.options))]) for q in domain.questions}
    open_ = data.draw(st.lists(st.sampled_from([q.id for q in domain.questions]), max_size=3, unique=True))
    partial = {id: answer for id, answer in answers.items() if id not in open_}
    settled = settle(domain, partial, setting)
    options = {q.id: [frozenset([o]) for o in q.options] for q in domain.questions}
    derived = {q.id for q in domain.questions if q.derived}
    if not derived & set(open_):
        completions = [
            partial | dict(zip(open_, choice, strict=True)) for choice in product(*(options[id] for id in open_))
        ]
        reached = {settle(domain, full, setting).tree for full in completions}
        assert set(settled.possible) == reached
        assert isinstance(settled.tree, str) == (len(reached) == 1)
        for id in open_:  # a question is named exactly where its answer can change the judgement
            others = [o for o in open_ if o != id]
            matters = any(
                len(
                    {
                        settle(domain, partial | dict(zip(others, choice, strict=True)) | {id: value}, setting).tree
                        for value in options[id]
                    }
                )
                > 1
                for choice in product(*(options[o] for o in others))
            )
            assert matters == (id in settled.unanswered), id


@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_an_answer_to_a_question_not_asked_changes_nothing(data: st.DataObject) -> None:
    key, domain = data.draw(st.sampled_from(ALGORITHMS))
    setting = chosen(instrument(key), domain)
    answers = {q.id: frozenset([data.draw(st.sampled_from(q.options))]) for q in domain.questions}
    settled = settle(domain, answers, setting)
    skipped = [id for id, asked in settled.asked.items() if asked is False]
    for question in domain.questions:
        if question.id in skipped:
            changed = answers | {question.id: frozenset([data.draw(st.sampled_from(question.options))])}
            assert settle(domain, changed, setting).tree == settled.tree
    assert settle(domain, {id: a for id, a in answers.items() if id not in skipped}, setting).tree == settled.tree


def test_an_answer_to_a_question_not_asked_is_reported() -> None:
    result = appraise("rob2", {"3.1": "Y", "3.4": "Y"}, settings={"aim": "assignment"})
    assert result.domain("D3").ignored == ("3.4",)
    assert [n.code for n in result.warnings] == ["B101"]
    assert "3.4" in result.warnings[0].message


def test_an_answer_of_another_variant_is_reported() -> None:
    result = appraise("robins-i", {"4.3": "Y"}, settings={"aim": "assignment"})
    assert [n.code for n in result.warnings] == ["B101"]


def test_a_default_setting_is_said() -> None:
    result = appraise("rob2", {})
    assert result.settings["aim"] == ("assignment",)
    assert [n.code for n in result.warnings] == ["B103"]


def test_the_rule_that_decides_and_its_answers_are_shown() -> None:
    result = appraise("rob2", {"1.1": "n", "1.2": "Probably  Yes"}).domain("D1")
    assert (result.judgement, result.rule, result.because) == ("Some concerns", "4", {"1.1": ("N",), "1.2": ("PY",)})
    assert result.unanswered == ()


def test_an_open_question_that_cannot_matter_does_not_block() -> None:
    result = appraise("rob2", {"1.2": "NI", "1.3": "N", "3.1": "N", "3.2": "N", "3.4": "N"})
    assert result.domain("D1").judgement == "Some concerns"  # whatever 1.1 is
    assert result.domain("D3").unanswered == ("3.3",)
    assert result.domain("D3").possible == ("Low", "Some concerns")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ({"answers": {"1.7": "Y"}}, "B002", "unknown question '1.7'"),
        ({"answers": {"1.1": "maybe"}}, "B003", "the options are Y, PY, PN, N, NI"),
        ({"answers": {"1.1": "probaly yes"}}, "B003", "Did you mean 'PY'?"),
        ({"answers": {"3.2": "NI"}}, "B003", "the options are Y, PY, PN, N, NA"),
        ({"answers": {"1.1": "NA"}}, "B003", "the answer to 1.1 is 'NA'"),
        ({"answers": {"1.1": ["Y", "N"]}}, "B003", "has 2 values"),
        ({"answers": {"1.1": [False]}}, "B003", "is False (bool)"),
        ({"answers": {}, "settings": {"aimm": "assignment"}}, "B002", "did you mean 'aim'?"),
        ({"answers": {}, "settings": {"aim": "asignment"}}, "B003", "Did you mean 'assignment'?"),
        ({"answers": {}, "settings": {"deviations_addressed": []}}, "B003", "at least one option"),
        ({"answers": {}, "judgements": {"D9": "Low"}}, "B002", "unknown domain of RoB 2 'D9'"),
        ({"answers": {}, "judgements": {"D1": "Medium"}}, "B003", "the options are Low, Some concerns, High"),
        ({"answers": {}, "reasons": {"D9": "x"}}, "B002", "'D9'"),
        ({"answers": {}, "directions": {"D1": "upwards"}}, "B003", "Towards null"),
        ({"answers": {"1.2": "N"}, "judgements": {"D1": "Low"}}, "B004", "the answers give 'High'"),
        ({"answers": {"1.2": "N"}, "judgements": {"D1": "Low"}, "reasons": {"D1": "  "}}, "B004", "needs a reason"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], code: str, said: str) -> None:
    with pytest.raises((InvalidInput, UnknownName)) as caught:
        appraise("rob2", **arguments)
    assert (caught.value.code, caught.value.exit_code) == (code, 2)
    assert said in caught.value.message


def test_every_problem_is_listed_at_once() -> None:
    problems = assessment_problems("rob2", {"1.7": "Y", "1.1": "q"}, judgements={"D2": "Bad"})
    assert [(p.path, p.error.code) for p in problems] == [
        (("answers", "1.7"), "B002"),
        (("answers", "1.1"), "B003"),
        (("judgements", "D2"), "B003"),
    ]
    assert assessment_problems("rob2", {"1.1": "Y"}) == ()
    late = assessment_problems("rob2", {"1.2": "N"}, judgements={"D1": "Low", "overall": "Low"})
    assert [p.path for p in late] == [("judgements", "D1")]  # with D1 Low by the assessor, the overall one is open


def test_an_unknown_instrument_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'rob2'") as caught:
        appraise("rob-2", {})
    assert caught.value.code == "B001"


def test_a_departure_with_a_reason_keeps_both_judgements_and_counts() -> None:
    result = appraise("rob2", {"1.2": "N"}, judgements={"d1": "some concerns"}, reasons={"D1": "central pharmacy"})
    domain = result.domain("D1")
    assert (domain.proposed, domain.judgement, domain.overridden) == ("High", "Some concerns", True)
    assert "B106" in [n.code for n in result.warnings]
    assert result.judgement is None  # no domain that counts is High any more


def test_the_overall_judgement_can_be_raised_with_a_reason() -> None:
    answers = {"1.2": "NI", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y", "3.1": "Y", "4.1": "N", "4.2": "N", "4.3": "N", "5.1": "NI", "5.2": "N", "5.3": "N"}  # fmt: skip
    result = appraise("rob2", answers, judgements={"overall": "High"}, reasons={"overall": "two domains together"})
    assert (result.overall[0].proposed, result.judgement) == ("Some concerns", "High")


def test_a_judgement_before_its_answers_counts_and_is_said() -> None:
    result = appraise("rob2", {}, judgements={"D1": "High"}, settings={"aim": "assignment"})
    assert (result.domain("D1").judgement, result.judgement) == ("High", "High")
    assert [n.code for n in result.warnings] == ["B105"]


def test_a_direction_is_kept() -> None:
    result = appraise("rob2", {}, directions={"D1": "towards null", "overall": "NA"})
    assert (result.domain("D1").direction, result.overall[0].direction) == ("Towards null", "NA")


def test_the_result_is_plain_data_and_has_a_short_repr() -> None:
    result = appraise("rob2", {"1.2": "N"})
    document = result.to_dict()
    assert document["domains"][0]["judgement"] == "High"
    assert repr(result).startswith("Appraisal(RoB 2: D1 High, D2 incomplete")


FORM = """
key: x
name: X
title: X
version: 1
source: sterne2019
scope: trials
judgements: [Low, High]
options: [Y, N]
domains:
  - id: A
    name: A
    questions: [{id: "1", ask: one?}, {id: "2", ask: two?, asked_if: {when: {"1": [Y]}}}]
    rules: [{when: {"2": [N]}, then: High}, {then: Low}]
overall: [{kind: worst}]
"""


def test_an_own_instrument_runs() -> None:
    form = parse_instrument(FORM, "x.yaml")
    assert appraise(form, {"1": "Y", "2": "N"}).judgement == "High"
    assert appraise(form, {"1": "N"}).judgement == "Low"


def test_an_own_instrument_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(FORM, encoding="utf-8")
    assert read_instrument(tmp_path / "x.yaml").name == "X"
    with pytest.raises(UsageError, match="cannot be read"):
        read_instrument(tmp_path / "y.yaml")


def test_an_own_instrument_can_take_a_domain_over() -> None:
    form = parse_instrument(
        FORM.replace("domains:", "domains:\n  - {use: rob2/D5}").replace("kind: worst", "kind: worst, domains: [A]"),
        "x.yaml",
    )
    assert [item.id for item in form.domains] == ["D5", "A"]
    assert appraise(form, {"5.2": "PY"}).domain("D5").judgement == "High"
    for place in ("rob9/D5", "rob2/D9", "rob2"):
        with pytest.raises(InvalidInput) as caught:
            parse_instrument(FORM.replace("domains:", f"domains:\n  - {{use: {place}}}"), "x.yaml")
        assert caught.value.code == "B005"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("source: sterne2019\n", "", "the key 'source' is missing"),
        ('when: {"2": [N]}', 'when: {"3": [N]}', "'3' is not one of 1, 2"),
        ('when: {"2": [N]}', 'when: {"2": [PN]}', "'PN' is not one of"),
        ('when: {"2": [N]}', 'when: {"2": N}', "are a list"),
        ("then: High", "then: Medium", "'Medium' is not one of"),
        ('{when: {"1": [Y]}}', '{when: {"2": [Y]}}', "'2' is not one of 1"),
        ('{id: "2"', '{id: "1"', "stands twice"),
        ("kind: worst", "kind: best", "found 'best'"),
        ("domains:", "domains: [", "not YAML"),
    ],
)
def test_a_malformed_instrument_is_refused(old: str, new: str, said: str) -> None:
    assert old in FORM
    with pytest.raises(InvalidInput) as caught:
        parse_instrument(FORM.replace(old, new), "x.yaml")
    assert caught.value.code == "B005"
    assert said in caught.value.message
    assert "x.yaml" in caught.value.message
