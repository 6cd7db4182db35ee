"""Tables for robvis: what is written, what is read back, what is refused."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscsec.appraisal.engine import appraise
from mscsec.appraisal.robvis import (
    ROBVIS,
    RobvisRow,
    read_robvis,
    robvis_row,
    robvis_tool,
    weight_shares,
    write_robvis,
)
from mscsec.errors import InvalidInput, UnknownMethod
from mscsec.sources import SOURCES

# Made to give the shares that the package's own example shows: D1 6, 1, 1, 1 of 9; Overall 1, 3, 5.
D1 = ["Low"] * 6 + ["Some concerns", "High", "No information"]
OVERALL = ["Low"] + ["Some concerns"] * 3 + ["High"] * 5


def rob2(study: str, d1: str = "Low", overall: str = "Low", weight: float | None = None) -> RobvisRow:
    return RobvisRow(study, {"D1": d1, "D2": "Low", "D3": "Low", "D4": "Low", "D5": "Low"}, overall, weight)


def test_a_table_as_robvis_reads_it() -> None:
    text = write_robvis([rob2("Roe, 2021", "Some concerns", "Some concerns"), rob2('"Poe" 2020')], "ROB2")
    assert text == (
        "Study,D1,D2,D3,D4,D5,Overall\n"
        '"Roe, 2021",Some concerns,Low,Low,Low,Low,Some concerns\n'
        '"""Poe"" 2020",Low,Low,Low,Low,Low,Low\n'
    )


def test_weights_stand_last() -> None:
    text = write_robvis([rob2("a", weight=0.25), rob2("b", weight=0.75)], "ROB2", weighted=True)
    assert text.splitlines()[0].endswith(",Overall,Weight")
    assert [row.weight for row in read_robvis(text, "ROB2")] == [0.25, 0.75]


@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1),
        min_size=1,
        max_size=5,
        unique=True,
    ),
    tool=st.sampled_from([key for key in ROBVIS if key != "Generic"]),
    data=st.data(),
)
def test_what_is_written_is_read_back(names: list[str], tool: str, data: st.DataObject) -> None:
    words = st.sampled_from(ROBVIS[tool].judgements)
    rows = tuple(
        RobvisRow(name, {c: data.draw(words) for c in ROBVIS[tool].columns}, data.draw(words)) for name in names
    )
    assert read_robvis(write_robvis(rows, tool), tool) == rows


@pytest.mark.parametrize(
    ("tool", "cell", "word"),
    [
        ("ROB2", "L", "Low"),
        ("ROB2", "s", "Some concerns"),
        ("ROB2", " HIGH ", "High"),
        ("ROB2", "Low risk", "Low"),
        ("ROB2", "+", "Low"),
        ("ROB2", "-", "Some concerns"),
        ("ROB2", "x", "High"),
        ("ROB2", "?", "No information"),
        ("ROB2", "NI", "No information"),
        ("ROB2", "", "No information"),
        ("ROB2", "NA", "Not applicable"),
        ("ROBINS-I", "S", "Serious"),
        ("ROBINS-I", "-", "Moderate"),
        ("ROBINS-I", "!", "Critical"),
        ("ROBINS-I", "Low (except for concerns about uncontrolled confounding)", "Low"),
        ("QUADAS-2", "Unclear", "Some concerns"),
    ],
)
def test_spellings_that_are_understood(tool: str, cell: str, word: str) -> None:
    columns = ROBVIS[tool].columns
    text = f"Study,{','.join(columns)},Overall\na,{cell},{','.join(['Low'] * (len(columns) - 1))},Low\n"
    (row,) = read_robvis(text, tool)
    assert row.judgements["D1"] == word


@pytest.mark.parametrize(("tool", "cell"), [("ROB2", "Serious"), ("ROB2", "Unclear"), ("ROB2", "!"), ("ROBINS-I", "Some concerns"), ("ROB2", "great"), ("Generic", "S")])  # fmt: skip
def test_a_word_the_template_would_draw_as_another_is_refused(tool: str, cell: str) -> None:
    columns = ROBVIS[tool].columns or ("Sequence",)
    with pytest.raises(InvalidInput) as caught:
        write_robvis([RobvisRow("a", dict.fromkeys(columns, cell), "Low")], tool)
    assert caught.value.code == "B301"
    assert repr(cell) in caught.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Study,D1,D2,D3,D4,D5,Overall\n", "no rows"),
        ("Study,D1,D2\na,Low,Low\n", "header has 3 cells"),
        ("Study,D1,D2,D3,D4,D5,Overall\na,Low\n", "row 2 has 2 cells"),
        ("Study,D1,D2,D3,D4,D5,Overall\na,Low,Low,Low,Low,Low,Low\na,Low,Low,Low,Low,Low,Low\n", "stands twice"),
        ("Study,D1,D2,D3,D4,D5,Overall,Weight\na,Low,Low,Low,Low,Low,Low,much\n", "'much'"),
        ("Study,D1,D2,D3,D4,D5,Overall,Weight\na,Low,Low,Low,Low,Low,Low,-1\n", "0 or more"),
    ],
)
def test_a_table_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_robvis(text, "ROB2")


def test_rows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInput, match="no judgements"):
        write_robvis([], "ROB2")
    with pytest.raises(InvalidInput, match="the columns are"):
        write_robvis([RobvisRow("a", {"D1": "Low"}, "Low")], "ROB2")
    with pytest.raises(InvalidInput, match="weight of a is None"):
        write_robvis([rob2("a")], "ROB2", weighted=True)
    with pytest.raises(UnknownMethod):
        write_robvis([rob2("a")], "ROB3")


def test_generic_headings_are_the_domains() -> None:
    text = "Study,Random.sequence.generation,Blinding,Overall,Weight\na,Low,Unclear,Unclear,2\n"
    (row,) = read_robvis("\ufeff" + text, "Generic")
    assert row == RobvisRow("a", {"Random sequence generation": "Low", "Blinding": "Unclear"}, "Unclear", 2.0)


@pytest.mark.parametrize(
    ("tool", "template"),
    [("rob2", "ROB2"), ("rob2-cluster", "ROB2-Cluster"), ("robins-i", "ROBINS-I"), ("robins-i-v2", "ROBINS-I"), ("quadas-2", "QUADAS-2"), ("rob1", "Generic"), ("rob2-crossover", "Generic")],
)  # fmt: skip
def test_an_appraisal_becomes_a_row(tool: str, template: str) -> None:
    assert robvis_tool(tool) == template
    row = robvis_row("a", appraise(tool, {}))
    text = write_robvis([row], template)
    (header, cells) = csv.reader(io.StringIO(text))
    assert len(header) == len(cells) == len(row.judgements) + 2
    assert set(cells[1:]) <= {"No information", "Not applicable"}


def test_robins_i_v2_takes_the_columns_of_2016() -> None:
    given = {
        "B": "Proceed",
        "D1": "Serious",
        "D2": "Low",
        "D3": "Moderate",
        "D4": "Critical",
        "D5": "Low",
        "D6": "Moderate",
    }
    row = robvis_row("a", appraise("robins-i-v2", {}, judgements=given))
    assert list(row.judgements.values()) == [
        "Serious",
        "Moderate",
        "Low",
        "Not applicable",
        "Critical",
        "Low",
        "Moderate",
    ]
    assert row.overall == "Critical"


def test_shares_of_the_packages_example() -> None:
    rows = [rob2(str(n), *pair) for n, pair in enumerate(zip(D1, OVERALL, strict=True))]
    shares = weight_shares(rows, "ROB2")
    assert {key: round(100 * value, 1) for key, value in shares["D1"].items()} == {
        "Low": 66.7,
        "Some concerns": 11.1,
        "High": 11.1,
        "No information": 11.1,
    }
    assert {key: round(100 * value, 1) for key, value in shares["Overall"].items()} == {
        "Low": 11.1,
        "Some concerns": 33.3,
        "High": 55.6,
    }


def test_shares_by_weight() -> None:
    rows = [rob2("a", "High", "High", 3.0), rob2("b", "Low", "Low", 1.0)]
    assert weight_shares(rows, "ROB2")["D1"] == {"Low": 0.25, "High": 0.75}
    with pytest.raises(InvalidInput, match="add to 0"):
        weight_shares([rob2("a", weight=0.0)], "ROB2")


def test_every_template_has_its_source() -> None:
    assert {row.source for row in ROBVIS.values()} <= set(SOURCES)
