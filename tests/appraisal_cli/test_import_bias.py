"""Tables made elsewhere: read by their headings, matched with studies, and written whole or not at all."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from mscsec.appraisal.imported import import_table
from mscsec.errors import InvalidInput
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


# The sheet "Results" of the RoB 2 workbook (ROB2_IRPG_beta_v8), by the headings that public readers of it look for: a line
# of groups, then these. Not all of its columns are known, so some stand for those that are not.
WORKBOOK = [
    "No.", "Unique ID", "Study ID", "Assessor", "Aim", "1.1", "1.2", "Note for 1.1&1.2", "1.3", "Note for 1.3",
    "1.0 Algorithm result", "1.0 Assessor's Judgement", "2.1", "2.2", "Note for 2.1&2.2", "2.3", "Note for 2.3", "2.4", "2.5",
    "2.6", "2.7", "2.0 Algorithm result", "2.0 Assessor’s Judgement", "3.1", "3.2", "3.3", "3.4", "Note for 3.3&3.4",
    "3.0 Algorithm result", "3.0 Assessor's judgement", "4.1", "4.2", "4.3", "4.4", "4.5", "4.0 Algorithm result",
    "4.0 Assessor's Judgement", "5.1", "5.2", "5.3", "5.0 Algorithm result", "5.0 Assessor's Judgement",
    "Algorithm's overall Judgement", "Assessor's overall Judgement",
]  # fmt: skip
ROW = {
    "No.": "1", "Unique ID": "NCT1", "Study ID": "Poe 2020", "Assessor": "AB",
    "Aim": "assignment to intervention (the 'intention-to-treat' effect)",
    "1.1": "Y", "1.2": "NI", "Note for 1.1&1.2": "Random numbers,\nnot said how kept", "1.3": "N", "Note for 1.3": "Table 1",
    "1.0 Algorithm result": "Some concerns", "1.0 Assessor's Judgement": "Some concerns",
    "2.1": "Y", "2.2": "Y", "Note for 2.1&2.2": "Open label", "2.3": "N", "2.6": "Y",
    "2.0 Algorithm result": "Low", "2.0 Assessor’s Judgement": "Low",
    "3.1": "Y", "3.0 Algorithm result": "High", "3.0 Assessor's judgement": "Low",
    "4.1": "N", "4.2": "N", "4.3": "Y", "4.4": "N", "4.0 Algorithm result": "Low", "4.0 Assessor's Judgement": "",
    "5.1": "Y", "5.2": "N", "5.3": "N", "5.0 Algorithm result": "Low", "5.0 Assessor's Judgement": "Low",
    "Algorithm's overall Judgement": "Some concerns", "Assessor's overall Judgement": "High",
}  # fmt: skip


def workbook(**changes: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["", "Randomisation"])
    writer.writerow(WORKBOOK)
    writer.writerow([(ROW | changes).get(name, "") for name in WORKBOOK])
    writer.writerow([""] * len(WORKBOOK))
    return out.getvalue()


def test_the_results_of_the_workbook_are_read() -> None:
    table = import_table(workbook(), "rob2")
    (row,) = table.rows
    assert (row.study, row.row, row.aim) == ("Poe 2020", 3, "assignment")
    assert row.judgements == {"D1": "Some concerns", "D2": "Low", "D3": "Low", "D5": "Low", "overall": "High"}
    assert row.algorithm["D3"] == "High"
    assert row.answers["1.2"] == "NI"
    assert row.support["D1"] == "1.1, 1.2: Random numbers, not said how kept; 1.3: Table 1"
    assert table.unused == ("No.", "Unique ID", "Assessor")


def test_the_workbook_is_written_with_its_notes_and_compared(base: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "w.csv").write_text(workbook(), encoding="utf-8")
    arguments = ["import-bias", str(tmp_path / "w.csv"), "--studies", str(base), "--result", "death"]
    code, _, err = mscsec(capsys, *arguments, "--assessor", "AB", "--write")
    assert code == 0, err
    assert "Row 3, D3: the table's algorithm gives High, the answers give Low here" in err
    assert "Columns without a meaning here: No., Unique ID, Assessor" in err
    (made,) = load(base).study("poe2020").risk_of_bias
    assert (made.aim, made.assessor) == ("assignment", "AB")
    assert made.domains["D2"].support == "2.1, 2.2: Open label"
    assert made.overall is not None
    assert made.overall.judgement == "High"
    assert "gives no reason" in (made.overall.reason or "")
    assert mscsec(capsys, "check", "--studies", str(base))[0] == 0


def test_the_other_aim_and_one_that_is_none() -> None:
    table = import_table(workbook(Aim="adhering to intervention (the 'per-protocol' effect)"), "rob2")
    assert table.rows[0].aim == "adherence"
    with pytest.raises(InvalidInput, match=r"row 3: the aim is 'both'"):
        import_table(workbook(Aim="both"), "rob2")
