"""`mscsec assess`: in a pseudo-terminal, killed in the middle, and from a file of answers."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from mscsec.appraisal.from_record import appraise_record, record_problems
from mscsec.appraisal.instrument import instrument
from mscsec.appraisal.walk import way
from mscsec.records.reader import load

from .base import ANSWERS, STUDY, assessed, make_base, mscsec
from .terminal import drive

ASSESS = ("assess", "roe2020", "--result", "death")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return make_base(tmp_path)


def the_assessment(base: Path):
    (item,) = load(base).study("roe2020").risk_of_bias
    return item


def test_answers_back_stop_and_resume(base: Path, tmp_path: Path) -> None:
    before = (base / "roe2020.yaml").read_text(encoding="utf-8")
    shown, code, left = drive(tmp_path, ASSESS, ["", "perhaps", "?", "=", "NI", "back", "PY", "N", "Table 1", "stop"])
    assert (code, left) == (0, 0)
    assert "'perhaps'; the options are Y, PY, PN, N, NI" in shown
    assert "suggested: Y (the record has the sequence generation as adequate)" in shown
    assert "1.2 Y/PY/PN/N/NI [NI]> PY" in shown  # after going back, with the answer that stood
    assert "D1 Randomization process: Low (proposed)" in shown
    after = (base / "roe2020.yaml").read_text(encoding="utf-8")
    assert after.startswith(before)  # comments and layout are there, byte for byte
    assert dict(the_assessment(base).domains["D1"].answers) == {"1.1": "Y", "1.2": "PY", "1.3": "N"}
    assert the_assessment(base).domains["D1"].support == "Table 1"

    rest = ["=", "=", "NI", "Y", "", "=", "", "N", "N", "N", "", "Y", "N", "N", ""]
    shown, code, left = drive(tmp_path, ASSESS, [*rest, "D2", "hi", "", "Co-treatment differed", ""])
    assert (code, left) == (0, 0)
    assert "1.1 " not in shown.split("Judgements")[0]  # it goes on where it stopped
    assert "record: Title says open label." in shown
    done = appraise_record(the_assessment(base))
    assert [(d.id, d.judgement) for d in done.domains] == [
        ("D1", "Low"), ("D2", "High"), ("D3", "Low"), ("D4", "Low"), ("D5", "Low")
    ]  # fmt: skip
    assert (done.domain("D2").proposed, done.domain("D2").reason) == ("Some concerns", "Co-treatment differed")
    assert done.judgement == "High"
    assert (base / "roe2020.yaml").read_text(encoding="utf-8").startswith(before)


def test_a_kill_loses_nothing_answered(base: Path, tmp_path: Path) -> None:
    _, code, _ = drive(tmp_path, ASSESS, ["", "Y", "NI", "N", "", "Y"])
    assert code == -9
    kept = the_assessment(base).domains
    assert dict(kept["D1"].answers) == {"1.1": "Y", "1.2": "NI", "1.3": "N"}
    assert dict(kept["D2"].answers) == {"2.1": "Y"}
    assert not [path.name for path in base.iterdir() if path.suffix != ".yaml"]


def test_an_accepted_judgement_follows_a_changed_answer(base: Path, tmp_path: Path) -> None:
    text = assessed(
        (base / "roe2020.yaml").read_text(encoding="utf-8"), D1={"answers": ANSWERS["D1"], "judgement": "High"}
    )
    (base / "roe2020.yaml").write_text(text, encoding="utf-8")
    _, code, _ = drive(tmp_path, (*ASSESS, "--assessor", "A"), [""])
    assert code == 0
    assert record_problems(the_assessment(base)) == ()
    assert appraise_record(the_assessment(base)).domain("D1").judgement == "Low"


def test_without_a_terminal_answers_come_from_a_file(base: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, _, err = mscsec(capsys, *ASSESS)
    assert (code, "--answers" in err) == (2, True)
    lines = ["answers:", *(f'  "{q}": {a}' for part in ANSWERS.values() for q, a in part.items())]
    (tmp_path / "answers.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, out, _ = mscsec(capsys, *ASSESS, "--answers", "answers.yaml", "--assessor", "B")
    assert code == 0
    assert "overall  Overall                                 Some concerns" in out
    assert the_assessment(base).assessor == "B"


def test_wrong_answers_in_a_file_are_all_named_and_nothing_is_written(
    base: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = (base / "roe2020.yaml").read_bytes()
    (tmp_path / "a.yaml").write_text('answers:\n  "1.1": maybe\n  "9.9": Y\n', encoding="utf-8")
    code, _, err = mscsec(capsys, *ASSESS, "--answers", "a.yaml")
    assert code == 2
    assert "a.yaml:2:10: error: B003" in err
    assert "a.yaml:3:10: error: B002" in err
    assert (base / "roe2020.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["assess", "row2020"], "did you mean 'roe2020'"),
        (["assess", "roe2020", "--result", "pain"], "unknown result 'pain'"),
        (["assess", "roe2020", "--tool", "rob9"], "unknown instrument 'rob9'"),
    ],
)
def test_what_does_not_exist_is_refused(base: Path, capsys, arguments: list[str], said: str) -> None:
    code, _, err = mscsec(capsys, *arguments, "--studies", str(base))
    assert (code, said in err) == (2, True)


@pytest.mark.parametrize(
    "tool", ["rob2", "rob2-cluster", "rob2-crossover", "robins-i-v2", "robins-i", "pedro", "jadad", "quadas-2"]
)
def test_the_way_ends_and_asks_nothing_that_does_not_apply(tool: str) -> None:
    form = instrument(tool)
    answers: dict[str, str] = {}
    for _ in range(200):
        stops = way(form, answers, {})
        if stops[-1].answer:
            break
        question = stops[-1].question
        assert question.id not in answers
        answers[question.id] = question.options[len(answers) % len(question.options)]
    else:
        pytest.fail("the way does not end")
    from mscsec.appraisal.engine import appraise

    done = appraise(form, answers)
    assert [id for domain in done.domains for id in domain.ignored] == []
    assert done.unanswered == () or any(domain.status == "skipped" for domain in done.domains)


def test_the_record_may_change_between_two_answers(base: Path) -> None:
    from mscsec.cli.assessing import Head, Session

    session = Session(str(base / "roe2020.yaml"), instrument("rob2"), Head("rob2", "death", None, "A"))
    session.answer("D1", "1.1", "y")
    text = (base / "roe2020.yaml").read_text(encoding="utf-8").replace("Last line", "Another last line")
    (base / "roe2020.yaml").write_text(text, encoding="utf-8")
    session.answer("D1", "1.2", "probably no")
    after = (base / "roe2020.yaml").read_text(encoding="utf-8")
    assert "Another last line" in after
    assert '{"1.1": Y, "1.2": PN}' in after
    assert STUDY.splitlines()[0] in after
