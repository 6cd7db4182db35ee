"""`mscsec grade`: proposals, decisions, and a summary of findings whose arithmetic was done by hand."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path

import pytest

from mscsec.appraisal.evidence import Evidence
from mscsec.appraisal.findings import summary_of_findings
from mscsec.appraisal.grade import rate
from mscsec.report.findings import finding_cells

from .base import REVIEW, STUDY, assessed, make_base, mscsec

# Worked by hand: measure, effect with limits, baseline risk; risk with the intervention; difference.
WORKED = [
    ("RR", (0.5, 0.25, 1.0), 0.2, "100 per 1000 (50 to 200)", "100 fewer per 1000 (from 150 fewer to 0 fewer)"),
    ("RR", (2.0, 1.0, 4.0), 0.1, "200 per 1000 (100 to 400)", "100 more per 1000 (from 0 fewer to 300 more)"),
    ("RR", (0.8, 0.6, 1.1), 0.05, "40 per 1000 (30 to 55)", "10 fewer per 1000 (from 20 fewer to 5 more)"),
    ("RR", (1.25, 1.0, 1.5), 0.4, "500 per 1000 (400 to 600)", "100 more per 1000 (from 0 fewer to 200 more)"),
    ("RR", (1 / 3, 1 / 6, 2 / 3), 0.3, "100 per 1000 (50 to 200)", "200 fewer per 1000 (from 250 fewer to 100 fewer)"),
    # odds 1, 0.5 / 1.5 = 333
    ("OR", (0.5, 0.25, 1.0), 0.5, "333 per 1000 (200 to 500)", "167 fewer per 1000 (from 300 fewer to 0 fewer)"),
    # odds 0.25: 0.5 / 1.5, 0.75 / 1.75
    ("OR", (2.0, 1.0, 3.0), 0.2, "333 per 1000 (200 to 429)", "133 more per 1000 (from 0 fewer to 229 more)"),
    # odds 4: 1 / 2, 0.4 / 1.4, 2 / 3
    ("OR", (0.25, 0.1, 0.5), 0.8, "500 per 1000 (286 to 667)", "300 fewer per 1000 (from 514 fewer to 133 fewer)"),
    # 1 - 0.9^2 = 0.19, 1 - 0.9^3 = 0.271
    ("HR", (2.0, 1.0, 3.0), 0.1, "190 per 1000 (100 to 271)", "90 more per 1000 (from 0 fewer to 171 more)"),
    # 1 - 0.81^0.5 = 0.1, 1 - 0.81^0.25 = 0.0513
    ("HR", (0.5, 0.25, 1.0), 0.19, "100 per 1000 (51 to 190)", "90 fewer per 1000 (from 139 fewer to 0 fewer)"),
    ("RD", (-0.03, -0.06, 0.01), 0.15, "120 per 1000 (90 to 160)", "30 fewer per 1000 (from 60 fewer to 10 more)"),
    ("RD", (0.005, -0.001, 0.02), 0.01, "15 per 1000 (9 to 30)", "5 more per 1000 (from 1 fewer to 20 more)"),
]


@pytest.mark.parametrize(("measure", "effect", "baseline", "risk", "difference"), WORKED)
def test_findings_worked_by_hand(
    measure: str, effect: tuple[float, float, float], baseline: float, risk: str, difference: str
) -> None:
    estimate, low, high = effect if measure == "RD" else tuple(math.log(value) for value in effect)
    evidence = Evidence(
        "Death", measure, "randomised", 1, estimate, low, high, baseline_risk=baseline, participants=100
    )
    (row,) = summary_of_findings([(evidence, rate(evidence))]).rows
    cells = finding_cells(row)
    assert cells[1] == "100 (1)"
    assert cells[3] == f"{round(1000 * baseline)} per 1000"
    assert cells[4:6] == [risk, difference]


DECIDED = (
    REVIEW
    + """\
grade:
  death:
    baseline_risk: {value: 0.4, source: {where: a registry}}
    indirectness: {levels: -1, reason: Another dose is in use.}
    publication_bias: {levels: 0, reason: All registered trials are published.}
"""
)
HIGH = {"answers": {"1.1": "Y", "1.2": "N", "1.3": "N"}}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    texts = {
        name: assessed(STUDY.format(id=name, author=name[:3].title(), events=events), **changes)
        for name, events, changes in (("roe2020", 10, {}), ("doe2020", 16, {"D1": HIGH}))
    }
    folder = make_base(tmp_path, texts)
    (folder / "review.yaml").write_text(DECIDED, encoding="utf-8")
    return folder


def test_steps_hold_the_proposal_and_the_decision(base: Path, capsys) -> None:
    code, out, err = mscsec(capsys, "grade", "--studies", str(base), "--outcome", "death", "--json")
    assert code == 0, err
    document = json.loads(out)
    assert document["schema"] == "mscsec/grade/1"
    (body,) = document["outcomes"]
    steps = {step["domain"]: step for step in body["certainty"]["steps"]}
    assert (steps["indirectness"]["levels"], steps["indirectness"]["overridden"]) == (1, True)
    assert steps["indirectness"]["reason"] == "Another dose is in use."
    assert steps["publication_bias"]["overridden"] is False  # decided as proposed
    high = body["evidence"]["weights"][[row == "High" for row in body["evidence"]["judgements"]].index(True)]
    assert steps["risk_of_bias"]["numbers"]["high"] == pytest.approx(high)
    assert steps["risk_of_bias"]["numbers"]["without_high"] == pytest.approx(math.log(10 / 20))  # roe2020 alone
    assert body["evidence"]["baseline_risk"] == 0.4
    assert body["baseline_from"] == "a registry"
    assert (body["evidence"]["participants"], body["evidence"]["events"]) == (400, 66)


def test_a_baseline_on_the_command_line_goes_first(base: Path, capsys) -> None:
    _, out, _ = mscsec(capsys, "grade", "--studies", str(base), "--baseline-risk", "0.2", "--json")
    row = json.loads(out)["summary_of_findings"]["rows"][0]
    assert row["absolute"]["baseline"] == 0.2
    assert row["absolute"]["risk"] == pytest.approx(0.2 * row["relative"])
    assert mscsec(capsys, "grade", "--studies", str(base), "--baseline-risk", "20")[0] == 2


def test_without_a_stated_baseline_the_comparison_groups_stand_in(base: Path, capsys) -> None:
    (base / "review.yaml").write_text(REVIEW, encoding="utf-8")
    code, out, _ = mscsec(capsys, "grade", "--studies", str(base), "--outcome", "death")
    assert code == 0
    assert "Baseline risk 200 per 1000: 40 of 200 in the comparison groups" in out
    assert "B408" in out
    assert mscsec(capsys, "grade", "--studies", str(base))[0] == 2  # no outcome and no decisions


def test_every_format_has_the_findings(base: Path, tmp_path: Path, capsys) -> None:
    for option in ("--csv", "--markdown", "--html"):
        code, out, _ = mscsec(
            capsys, "grade", "--studies", str(base), "--outcome", "death", "--outcome", "pain", option
        )
        assert code == 0
        assert "Death by day 28" in out
        assert "Another dose is in use." in out
        if option != "--csv":
            assert "Another dose is in use. From the data (cannot say): To be judged" in out
            assert "Baseline risk 400 per 1000: a registry" in out
    assert (
        "No included study reported this outcome."
        in mscsec(capsys, "grade", "--studies", str(base), "--outcome", "pain")[1]
    )
    files = [tmp_path / "one.docx", tmp_path / "two.docx"]
    for file in files:
        assert mscsec(capsys, "grade", "--studies", str(base), "-o", str(file))[0] == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    text = zipfile.ZipFile(io.BytesIO(files[0].read_bytes())).read("word/document.xml").decode()
    assert "400 per 1000" in text
    assert "From the data (cannot say)" in text
    assert "Baseline risk 400 per 1000: a registry" in text
    assert mscsec(capsys, "grade", "--studies", str(base), "--csv", "-o", str(tmp_path / "three.docx"))[0] == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("    imprecision: {levels: 1, reason: why}", "B409"),
        ("    large_effect: {levels: -1, reason: why}", "B409"),
        ("    publication_bias: {levels: -2, reason: why}", "B409"),
        ("    imprecision: {levels: -1}", "R103"),
        ("    impresision: {levels: -1, reason: why}", "imprecision"),
        ("    baseline_risk: 20", "a risk lies between 0 and 1"),
    ],
)
def test_a_decision_that_cannot_be_is_found_at_its_line(tmp_path: Path, capsys, line: str, said: str) -> None:
    base = make_base(tmp_path)
    text = f"{REVIEW}grade:\n  death:\n{line}\n"
    (base / "review.yaml").write_text(text, encoding="utf-8")
    code, out, _ = mscsec(capsys, "check", "--studies", str(base))
    assert (code, said in out) == (1, True), out
    assert f"review.yaml:{len(text.splitlines())}:" in out
    assert mscsec(capsys, "grade", "--studies", str(base), "--outcome", "death")[0] == 2


def test_the_shipped_decisions_are_rated(capsys) -> None:
    code, out, _ = mscsec(capsys, "grade", "--studies", str(Path(__file__).parents[2] / "studies"), "--json")
    assert code == 0
    found = {row["outcome"]: row for row in json.loads(out)["summary_of_findings"]["rows"]}
    assert found["Length of stay in the ICU"]["difference"] == pytest.approx(-5.4)
    assert found["Length of stay in the ICU"]["certainty"] == "Very low"
    death = found["Death by day 28 to 30"]
    assert death["absolute"]["risk"] == pytest.approx(0.427 * death["relative"])
