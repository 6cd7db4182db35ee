"""`mscsec grade` on ten studies and more: the funnel is tested by what suits the outcome, and every format says so."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mscsec.small_study import asymmetry

from .base import REVIEW, STUDY, make_base, mscsec

PAIN = """\
schema: mscsec/study/1
id: {id}
citation: {{authors: [{author}, X], year: 2020}}
design: {{type: parallel-rct, randomised: true}}
arms:
  drug: {{role: experimental, n: {n}}}
  usual: {{role: comparator, n: {n}}}
results:
  - outcome: pain
    unit: point
    arms: {{drug: {{mean: {mean}, sd: 2.0}}, usual: {{mean: 5.0, sd: 2.0}}}}
    source: {{where: table 2}}
"""
NAMES = ["Ash", "Bay", "Cox", "Day", "Ely", "Fox", "Gum", "Hay", "Ivy", "Jay", "Kay", "Lee"]
# The smaller a study, the larger its benefit.
ARMS = [200, 150, 120, 90, 70, 60, 50, 40, 30, 24, 20, 16]
MEANS = [4.9, 4.8, 4.9, 4.6, 4.5, 4.4, 4.5, 4.1, 3.9, 3.5, 3.2, 3.0]
SIZES = ["400", "300", "250", "200", "180", "150", "130", "120", "100", "90", "80", "70"]
EVENTS = [18, 16, 15, 14, 12, 13, 9, 8, 7, 5, 4, 3]


def pain_base(folder: Path, k: int) -> Path:
    studies = {
        f"{name.lower()}2020": PAIN.format(id=f"{name.lower()}2020", author=name, n=n, mean=mean)
        for name, n, mean in list(zip(NAMES, ARMS, MEANS, strict=True))[:k]
    }
    return make_base(folder, studies)


@pytest.fixture
def lopsided(tmp_path: Path) -> Path:
    return pain_base(tmp_path, 12)


def publication(document: str) -> dict[str, object]:
    (outcome,) = json.loads(document)["outcomes"]
    (step,) = [s for s in outcome["certainty"]["steps"] if s["domain"] == "publication_bias"]
    return step | {"funnel": outcome["funnel"], "notices": [n["code"] for n in outcome["warnings"]]}


def test_a_lopsided_funnel_is_suspected(lopsided: Path, capsys) -> None:
    code, out, _ = mscsec(capsys, "grade", "--studies", str(lopsided), "--outcome", "pain", "--json")
    assert code == 0
    step = publication(out)
    n = np.array(ARMS, dtype=float)
    known = asymmetry(np.array(MEANS) - 5, 8 / n)  # SD 2 in both arms: variance 2 * 4 / n
    assert step["proposed"] == 1
    assert step["numbers"] == {
        "k": 12,
        "asymmetry_test": "Egger's regression",
        "asymmetry_p": pytest.approx(known.p_value, rel=1e-9),
        "asymmetry_statistic": pytest.approx(known.statistic, rel=1e-9),
        "asymmetry_df": 10.0,
        "small_studies": "lower",
        "missing_evidence": None,
    }
    assert known.p_value < 0.001
    assert step["funnel"]["test"] == "egger"
    assert step["funnel"]["result"]["slope"] == pytest.approx(known.slope, rel=1e-9)
    assert "does not depend on the effect" in step["funnel"]["reason"]


def test_every_format_names_the_test(lopsided: Path, tmp_path: Path, capsys) -> None:
    asked = ("grade", "--studies", str(lopsided), "--outcome", "pain")
    for option in ((), ("--csv",), ("--markdown",), ("--html",)):
        out = " ".join(mscsec(capsys, *asked, *option)[1].replace("&#x27;", "'").replace("&lt;", "<").split())
        assert "Egger's regression gives P < 0.001" in out, option
        assert "on 10 degrees of freedom; effects of small studies lie lower" in out, option
    file = tmp_path / "findings.docx"
    assert mscsec(capsys, *asked, "-o", str(file))[0] == 0
    text = zipfile.ZipFile(io.BytesIO(file.read_bytes())).read("word/document.xml").decode()
    assert "Egger's regression gives P &lt; 0.001" in text


def test_nine_studies_are_not_tested(tmp_path: Path, capsys) -> None:
    base = pain_base(tmp_path, 9)
    step = publication(mscsec(capsys, "grade", "--studies", str(base), "--outcome", "pain", "--json")[1])
    assert step["proposed"] == 0
    assert step["reason"].startswith("9 studies: no test of funnel asymmetry is made below 10")
    assert step["funnel"] == {
        "test": None,
        "name": "",
        "reason": "9 studies, fewer than 10: a test would have too little power",
        "result": None,
    }


def test_deaths_are_tested_by_the_score(tmp_path: Path, capsys) -> None:
    base = make_base(
        tmp_path,
        {
            f"{name.lower()}2020": STUDY.format(id=f"{name.lower()}2020", author=name, events=events).replace("100", n)
            for name, events, n in zip(NAMES, EVENTS, SIZES, strict=True)
        },
    )
    step = publication(mscsec(capsys, "grade", "--studies", str(base), "--outcome", "death", "--json")[1])
    assert step["funnel"]["test"] == "harbord-rr"
    assert step["numbers"]["asymmetry_test"] == "Harbord's score test (risk ratio)"
    (base / "review.yaml").write_text(REVIEW.replace("measure: RR", "measure: OR"), encoding="utf-8")
    step = publication(mscsec(capsys, "grade", "--studies", str(base), "--outcome", "death", "--json")[1])
    assert step["funnel"]["test"] == "rucker"  # tau2 of the log odds ratios is above 0.1
    (base / "review.yaml").write_text(REVIEW.replace("measure: RR, important_difference: 0.9", "measure: RD"), encoding="utf-8")  # fmt: skip
    step = publication(mscsec(capsys, "grade", "--studies", str(base), "--outcome", "death", "--json")[1])
    assert step["reason"] == "No test of asymmetry was made: the guidance names no test for this measure (RD)."


def test_studies_of_one_size_are_no_funnel(tmp_path: Path, capsys) -> None:
    studies = {
        f"{name.lower()}2020": PAIN.format(id=f"{name.lower()}2020", author=name, n=40, mean=mean)
        for name, mean in zip(NAMES, MEANS, strict=True)
    }
    base = make_base(tmp_path, studies)
    step = publication(mscsec(capsys, "grade", "--studies", str(base), "--outcome", "pain", "--json")[1])
    assert step["proposed"] == 0
    assert "Egger's regression was to be made, but the standard error is the same in every study" in step["reason"]
