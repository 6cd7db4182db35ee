"""Judgements at the command line: tables, weights, agreement, robvis and import, and what `check` says of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mscsec.records.reader import load

from .base import ANSWERS, STUDY, assessed, make_base, mscsec

ROE = STUDY.format(id="roe2020", author="Roe", events=10)
DOE = STUDY.format(id="doe2020", author="Doe", events=16)
HIGH = {"answers": {"1.1": "Y", "1.2": "N", "1.3": "N"}}
SOME = {"answers": HIGH["answers"], "judgement": "Some concerns", "reason": "Only two patients were affected."}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Roe: some concerns. Doe: D1 high by the answers, judged some concerns. Poe: not assessed."""
    poe = STUDY.format(id="poe2020", author="Poe", events=18)
    return make_base(tmp_path, {"roe2020": assessed(ROE), "doe2020": assessed(DOE, D1=SOME), "poe2020": poe})


def report(capsys, base: Path, *arguments: str) -> str:
    code, out, err = mscsec(capsys, "bias-report", "--studies", str(base), *arguments)
    assert code == 0, err
    return out


def test_the_table_shows_what_departs_what_is_open_and_what_is_suggested(base: Path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    out = report(capsys, base, "--tool", "rob2", "--outcome", "death")
    assert out.startswith("Risk of bias (RoB 2, 22 August 2019): Death by day 28 (death)\n")
    rows = {line.split()[0]: line.split() for line in out.splitlines() if " 2020 " in line and ":" not in line}
    assert rows["Roe"][2:9] == ["+", "-", "+", "+", "+", "-", "Some"]
    assert rows["Doe"][2] == "-*"
    assert rows["Poe"][2:9] == [".", ".", ".", ".", ".", ".", "not"]
    assert "Doe 2020, A, D1: proposed High, judged Some concerns. Only two patients were affected." in out
    assert "Poe 2020: 1.1 Y, 1.2 NI, 2.1 Y, 2.2 Y, 3.1 Y, 4.3 NI, 4.4 N, 5.1 NI" in out


def test_shares_are_those_of_the_weights_that_pool_gives(base: Path, capsys) -> None:
    code, out, _ = mscsec(capsys, "pool", "--studies", str(base), "--outcome", "death", "--json")
    assert code == 0
    fit = json.loads(out)
    weights = dict(zip([row["study"] for row in fit["effects"]["rows"]], fit["result"]["weights"], strict=True))
    table = json.loads(report(capsys, base, "--tool", "rob2", "--outcome", "death", "--json"))["table"]
    assert table["weighted"] is True
    assert table["shares"]["D3"]["Low"] == pytest.approx(weights["roe2020"] + weights["doe2020"])
    assert table["shares"]["overall"]["Not assessed"] == pytest.approx(weights["poe2020"])
    for shares in table["shares"].values():
        assert sum(shares.values()) == pytest.approx(1)


def test_csv_and_markdown_hold_every_assessment(base: Path, capsys) -> None:
    out = report(capsys, base, "--tool", "rob2", "--csv")
    assert out.splitlines()[0].startswith(
        "study,label,result,timepoint,assessor,stands,weight,D1,D1_proposed,D1_reason"
    )
    assert "Some concerns,High,Only two patients were affected." in out
    text = report(capsys, base, "--tool", "rob2", "--markdown")
    assert "| Doe 2020, death | -\\* | - | + | + | + | Some concerns |" in text


def test_robvis_goes_out_and_comes_back(base: Path, tmp_path: Path, capsys) -> None:
    out = report(capsys, base, "--tool", "rob2", "--outcome", "death", "--robvis", "-")
    assert out.splitlines()[0] == "Study,D1,D2,D3,D4,D5,Overall,Weight"
    (tmp_path / "r.csv").write_text(out, encoding="utf-8")
    arguments = ["import-bias", str(tmp_path / "r.csv"), "--result", "death", "--assessor", "B", "--studies", str(base)]
    before = (base / "roe2020.yaml").read_text(encoding="utf-8")
    code, shown, _ = mscsec(capsys, *arguments)
    assert (code, "roe2020" in shown, (base / "roe2020.yaml").read_text(encoding="utf-8")) == (0, True, before)
    assert mscsec(capsys, *arguments, "--write")[0] == 0
    assert (base / "roe2020.yaml").read_text(encoding="utf-8").startswith(before)
    first, second = load(base).study("doe2020").risk_of_bias
    assert (first.assessor, second.assessor) == ("A", "B")
    assert {id: part.judgement for id, part in second.domains.items()} == {
        "D1": "Some concerns", "D2": "Some concerns", "D3": "Low", "D4": "Low", "D5": "Low"
    }  # fmt: skip
    assert mscsec(capsys, *arguments, "--write")[0] == 2  # not twice


def test_two_assessors_and_the_consensus(tmp_path: Path, capsys) -> None:
    texts = {
        "roe2020": assessed(assessed(ROE), "B"),
        "doe2020": assessed(assessed(assessed(DOE), "B", D1=HIGH), "consensus", D1=HIGH),
    }
    base = make_base(tmp_path, texts)
    pairs = json.loads(report(capsys, base, "--agreement", "--json"))["pairs"]
    (pair,) = pairs  # the consensus is no assessor
    assert (pair["first"], pair["second"], pair["results"]) == ("A", "B", 2)
    by_place = {one["place"]: one for one in pair["agreements"]}
    assert by_place["all domains"]["n"] == 10
    assert by_place["all domains"]["coefficients"]["agreement"]["estimate"] == pytest.approx(9 / 10)
    assert by_place["D1"]["disagreements"][0]["second"] == "High"
    text = report(capsys, base, "--agreement")
    assert "doe2020, death, D1: Low / High" in text
    table = json.loads(report(capsys, base, "--tool", "rob2", "--outcome", "death", "--json"))["table"]
    standing = {row["study"]: row["assessor"] for row in table["rows"] if row["counts"]}
    assert standing == {"roe2020": "A", "doe2020": "consensus"}
    assert [notice["message"] for notice in table["warnings"] if notice["code"] == "B007"] == [
        "roe2020, death is assessed by A, B without a consensus; the first stands"
    ]


def test_agreement_needs_two_assessors(base: Path, capsys) -> None:
    code, _, err = mscsec(capsys, "bias-report", "--agreement", "--studies", str(base))
    assert (code, "B202" in err) == (3, True)


def test_check_names_every_problem_at_its_line(tmp_path: Path, capsys) -> None:
    wrong = {
        "roe2020": assessed(
            ROE,
            D1={"answers": {"1.1": "maybe", "1.9": "Y", "2.1": "Y"}},
            D5={"answers": {"5.2": "Y", "5.3": "N"}, "judgement": "Low"},
        ),
        "doe2020": assessed(DOE).replace("tool: rob2", "tool: rob3"),
    }
    base = make_base(tmp_path, wrong)
    code, out, _ = mscsec(capsys, "check", "--studies", str(base))
    assert code == 1
    lines = wrong["roe2020"].splitlines()
    at = next(number for number, line in enumerate(lines, 1) if "maybe" in line)
    assert f"roe2020.yaml:{at}:{lines[at - 1].index('maybe') + 1}: error: B003" in out
    assert f"roe2020.yaml:{at}:" in out.split("B002")[0]
    last = next(number for number, line in enumerate(lines, 1) if "judgement: Low" in line)
    assert f"roe2020.yaml:{last}:20: error: B004" in out
    assert "doe2020.yaml:" in out
    assert "unknown instrument 'rob3'" in out
    code, _, err = mscsec(capsys, "bias-report", "--studies", str(base))
    assert (code, "B004" in err) == (2, True)


def test_an_unfinished_assessment_is_a_warning(tmp_path: Path, capsys) -> None:
    text = assessed(ROE, D3={"answers": {"3.1": "N"}})
    base = make_base(tmp_path, {"roe2020": text, "doe2020": DOE})
    code, out, err = mscsec(capsys, "check", "--studies", str(base))
    assert code == 0
    assert "warning: B006" in out
    assert "3.2, 3.3, 3.4 open. Go on: mscsec assess roe2020 --tool rob2 --result death --assessor A" in out
    assert "no errors, 1 warning" in err


def test_an_answer_that_is_not_asked_is_a_note(tmp_path: Path, capsys) -> None:
    text = assessed(ROE, D3={"answers": {"3.1": "Y", "3.2": "N"}})
    base = make_base(tmp_path, {"roe2020": text})
    out = report(capsys, base, "--tool", "rob2")
    assert "3.2 is not asked" in " ".join(out.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--summary"],
        ["-o", "x.svg", "--json"],
        ["--agreement", "--robvis", "x.csv"],
        ["--tool", "rob9"],
        ["--comparison", "c"],
        ["--tool", "checklist", "-o", "x.png"],
        ["--json", "--csv"],
    ],
)
def test_wrong_use(base: Path, capsys, arguments: list[str]) -> None:
    assert mscsec(capsys, "bias-report", "--studies", str(base), *arguments)[0] == 2


@pytest.mark.parametrize(("suffix", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pictures_are_the_same_bytes_each_time(base: Path, tmp_path: Path, capsys, suffix: str, magic: bytes) -> None:
    files = [tmp_path / f"{name}.{suffix}" for name in ("one", "two")]
    for file in files:
        report(capsys, base, "--tool", "rob2", "--outcome", "death", "-o", str(file))
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes().startswith(magic)
    assert mscsec(capsys, "bias-report", "--studies", str(base), "--tool", "rob2", "-o", str(files[0]))[0] == 2


def test_the_questions_answered_in_these_tests_are_those_of_the_tool() -> None:
    from mscsec.appraisal.instrument import instrument

    assert {id for part in ANSWERS.values() for id in part} <= set(instrument("rob2").question_ids())


@pytest.mark.parametrize("more", [(), ("--json",), ("--tool", "rob2"), ("--agreement",), ("--tool", "checklist")])
def test_an_outcome_that_no_study_reports_is_said_in_one_sentence(
    more: tuple[str, ...], base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = mscsec(capsys, "bias-report", "--studies", str(base), "--outcome", "pain", *more)
    assert (code, out) == (3, "")
    assert "No study reports pain; outcomes with results: death" in err


@pytest.mark.parametrize("command", [("bias-report",), ("plot", "traffic-light"), ("plot", "summary", "-o", "s.svg")])
def test_an_unknown_outcome_is_answered_as_by_pool(
    command: tuple[str, ...], base: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base.parent)
    asked = ("--studies", str(base), "--outcome", "deaht")
    expected = mscsec(capsys, "pool", *asked)
    assert expected[0] == 2
    assert "did you mean 'death'?" in expected[2]
    assert mscsec(capsys, *command, *asked) == expected
    code, _, err = mscsec(capsys, *command, "--studies", str(base), "--outcome", "pain")
    assert (code, "No study reports pain" in err) == (3, True)
