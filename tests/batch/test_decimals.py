"""Decimal commas: read as `pool --table` reads them, or refused with what to write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscsec.batch import pool_table
from mscsec.batch.csv_input import open_csv
from mscsec.effects.decimals import decimal_commas
from mscsec.effects.tabular import read_csv

from .tables import many, rows_of


def written(rows: list[list[str]], separator: str, comma: bool) -> str:
    """Rows as a spreadsheet writes them: cells with the separator in them in quotes."""
    cells = [[cell.replace(".", ",") if comma and place else cell for place, cell in enumerate(row)] for row in rows]
    lines = [separator.join(f'"{cell}"' if separator in cell else cell for cell in row) for row in cells]
    return "\n".join([separator.join(("analysis", "yi", "vi")), *lines]) + "\n"


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_a_table_with_decimal_commas_is_the_same_table(separator: str, tmp_path) -> None:
    rows = rows_of(many(12))
    for name, comma in (("point.csv", False), ("comma.csv", True)):
        (tmp_path / name).write_text(written(rows, separator, comma), encoding="utf-8")
    point, comma_ = (pool_table(tmp_path / name).frame for name in ("point.csv", "comma.csv"))
    assert point.equals(comma_)  # to the last bit
    assert point["status"].eq("ok").all()


CELLS = st.sampled_from(
    ["0,25", "-1,5", "0.5", ".5", "1,250", "2,500", "3", "NA", "", "1,5e-3", "x,y", "−0,5", "12,5,3"]
)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=6))
def test_the_rule_is_that_of_pool(tmp_path_factory, rows) -> None:
    text = "study;yi;vi\n" + "".join(f"s{place};{yi};{vi}\n" for place, (yi, vi) in enumerate(rows))
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text(text, encoding="utf-8")
    assert open_csv(str(path)).comma == read_csv("t.csv", text).comma


@pytest.mark.parametrize(
    ("cells", "found"),
    [(["0,25", "1"], True), (["0,25", "0.5"], False), (["1,250", "2,500"], None), (["1,250", "2,5"], True), (["3", ""], None)],
)  # fmt: skip
def test_what_says_so(cells: list[str], found: bool | None) -> None:
    assert decimal_commas(cells) is found


def reasons(path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    return [reject.reason for reject in pool_table(path).summary.examples if reject.code == "E212"]


def test_what_cannot_be_read_says_what_to_write(tmp_path) -> None:
    path = tmp_path / "t.csv"
    mixed = reasons(path, "analysis;yi;vi\na;0.25;0.04\na;0,5;0.1\na;1,500;0.1\n")
    assert mixed == [
        "yi is '0,5'; a number or an empty cell is wanted here. Write 0.5, and a point in every number: a table has decimal points or decimal commas, not both",
        "yi is '1,500'; a number or an empty cell is wanted here. Write 1500 if the comma parts thousands, 1.500 if it is a decimal comma",
    ]
    filler = "".join(f"b;0,{place % 90 + 10};0,1\n" for place in range(120_000))  # more than the head that is looked at
    late = reasons(path, f"analysis;yi;vi\n{filler}a;0.25;0,04\na;x;0,04\n")
    assert late == [
        "yi is '0.25'; this table writes decimal commas. Write 0,25",
        "yi is 'x'; a number or an empty cell is wanted here",
    ]


def test_decimals_are_looked_for_until_there_are_some(tmp_path) -> None:
    whole = "".join(f"b;{place % 90 + 10};1\n" for place in range(200_000))
    path = tmp_path / "t.csv"
    path.write_text(f"analysis;yi;vi\n{whole}a;0,25;0,04\na;0,5;0,04\n", encoding="utf-8")
    assert path.stat().st_size > 1 << 20
    assert pool_table(path).summary.comma
    assert not pool_table(path).summary.left_out
