"""Tables made elsewhere: read by their headings, matched with studies, and written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from mscsec.appraisal.imported import import_table
from mscsec.records.reader import load

from .base import STUDY, make_base, mscsec


@pytest.fixture
def base(tmp_path: Path) -> Path:
    names = ("roe2020", "poe2020")
    return make_base(tmp_path, {name: STUDY.format(id=name, author=name[:3].title(), events=10) for name in names})


def test_a_sheet_is_read_by_its_headings_and_departures_are_said(base: Path, tmp_path: Path, capsys) -> None:
    sheet = (
        "Unique ID,Study ID,Outcome,1.1,1.2,1.3,Randomization process,Deviations from intended interventions,Overall Bias\n"
        "7,Poe 2020,Death by day 28,Y,N,N,Some concerns,Low risk,Some concerns\n"
    )
    (tmp_path / "s.csv").write_text(sheet, encoding="utf-8")
    code, _, err = mscsec(capsys, "import-bias", str(tmp_path / "s.csv"), "--studies", str(base), "--write")
    assert code == 0, err
    assert "Columns without a meaning here: Unique ID" in err
    (made,) = load(base).study("poe2020").risk_of_bias
    assert dict(made.domains["D1"].answers) == {"1.1": "Y", "1.2": "N", "1.3": "N"}
    assert "gives no reason" in (made.domains["D1"].reason or "")
    assert mscsec(capsys, "check", "--studies", str(base))[0] == 0


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("Study,D1,D2,D3,D4,D5,Overall\nZoe 2020,Low,Low,Low,Low,Low,Low\n", "B302"),
        ("Study,D1,D2,D3,D4,D5,Overall\nroe2020,Medium,Low,Low,Low,Low,Low\n", "Medium"),
        ("Name,D1\nroe2020,Low\n", "one column names the study"),
        ("Study,Colour\nroe2020,red\n", "columns are domains"),
        ("Study ID,Domain 1,1.1\nroe2020,Low,perhaps\n", "perhaps"),
    ],
)
def test_a_wrong_table_is_refused_and_nothing_is_written(
    base: Path, tmp_path: Path, capsys, table: str, said: str
) -> None:
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    before = {path.name: path.read_bytes() for path in base.iterdir()}
    arguments = ["import-bias", str(tmp_path / "t.csv"), "--result", "death", "--assessor", "C", "--write"]
    code, _, err = mscsec(capsys, *arguments, "--studies", str(base))
    assert (code, said in err) == (2, True), err
    assert {path.name: path.read_bytes() for path in base.iterdir()} == before


@pytest.mark.parametrize(
    ("heading", "place"),
    [
        ("D1", "D1"),
        ("Domain 1", "D1"),
        ("Domain 3 judgement", "D3"),
        ("Bias arising from the randomisation process", "D1"),
        ("Bias due to missing outcome data", "D3"),
        ("Bias in measurement of the outcome", "D4"),
        ("Bias in selection of the reported result", "D5"),
        ("Overall bias", "overall"),
        ("Overall risk of bias judgment", "overall"),
    ],
)
def test_headings_in_use(heading: str, place: str) -> None:
    table = import_table(f"Study,{heading},Comment\nRoe 2020,High risk,why\n", "rob2")
    assert [(row.study, row.judgements, row.row) for row in table.rows] == [("Roe 2020", {place: "High"}, 2)]
    assert table.unused == ("Comment",)


def test_an_open_cell_is_no_judgement() -> None:
    table = import_table("Study,D1,D2,D3,D4,D5,Overall\na,No information,S,h,+,,x\n", "rob2")
    assert table.rows[0].judgements == {"D2": "Some concerns", "D3": "High", "D4": "Low", "overall": "High"}
