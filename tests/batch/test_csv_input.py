"""Lines of a CSV table: every one is read as Python's csv module reads it, or left out with the reason."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.batch import pool_file, pool_table
from mscsec.batch.csv_input import number, open_csv
from mscsec.batch.options import choose_columns
from mscsec.errors import UsageError

QUOTED = ['"a"', '"b, c"', '"x ""q"" y"', '"a" ', '""', ' "a, b"', '"0.5"', ' "0.5"']
STRAY = ['x"y', 'x"y"', '"', '"a', '"a" b']
PLAIN = ["a", " a", "a\u00a0", "\t", "0.5", "-1", "0.5 ", "NA", ""]
CELLS = st.sampled_from([*QUOTED, *STRAY, *PLAIN])


@settings(max_examples=300)
@given(
    lines=st.lists(st.lists(CELLS, min_size=3, max_size=5).map(",".join), min_size=1, max_size=6),
    piece=st.sampled_from([10, 1000]),
)
def test_quotes_wherever_they_stand(tmp_path_factory: pytest.TempPathFactory, lines: list[str], piece: int) -> None:
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text("analysis,note,yi,vi\n" + "\n".join(lines) + "\n", encoding="utf-8")
    table = open_csv(str(path))
    found: dict[int, object] = {}
    for part in table.pieces(choose_columns(table.names, "analysis", None), piece):
        rows = part.rows()
        for i, line in enumerate(rows.lines.tolist()):
            found[line] = "E212" if i in rows.wrong else (rows.groups[i], *(str(x[i]) for x in rows.numbers.values()))
        found |= {reject.line: reject.code for reject in rows.rejects}
    for line, text in enumerate(lines, 2):
        reader = csv.reader([text, ""], skipinitialspace=True)
        cells = next(reader)
        if reader.line_num > 1 or len(cells) != 4:
            assert found.get(line, "E230") == "E230"  # a blank line goes without a word
            continue
        values = [number(cell) for cell in cells[2:]]
        name = cells[0].strip()
        if None in values:
            assert found[line] == ("E212" if name else "E221")
        elif name:
            assert found[line] == (name, *map(str, values))
        else:
            assert found.get(line, "E221") == "E221"  # a row without any value is blank


def test_a_mark_of_inches_stops_no_run(tmp_path: Path) -> None:
    text = 'analysis,note,yi,vi\na,5" pipe,0.1,0.2\na,6" x 7" y,0.3,0.2\na,x" z,"0.5","0.2"\nb,"open,0.1,0.2\n'
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    done = pool_table(tmp_path / "t.csv")
    assert done.frame[["analysis", "k"]].to_numpy().tolist() == [["a", 3]]
    assert [(reject.line, reject.code) for reject in done.summary.examples] == [(5, "E230")]
    assert "a quote is left open" in done.summary.examples[0].reason


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_of_any_length_is_passed_over(quote: str, tmp_path: Path) -> None:
    long = quote + "x" * 140_000 + quote  # more than Python's csv module takes
    text = "analysis,note,yi,vi\n" + "".join(f"a{i // 2},{long},0.1,0.2\n" for i in range(8))
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    summary = pool_file(tmp_path / "t.csv", tmp_path / "o.csv", workers=1, piece_size=150_000)
    assert (summary.rows, summary.analyses, summary.left_out) == (8, 4, {})


def test_spaces_of_every_kind_are_taken_off_a_name_whatever_else_the_table_has(tmp_path: Path) -> None:
    for filler in ("", "b ,0.1,0.2\n"):
        (tmp_path / "t.csv").write_text(
            f"analysis,yi,vi\na,0.1,0.2\na\u00a0,0.3,0.2\na\x0b,0.5,0.2\n{filler}", encoding="utf-8"
        )
        assert pool_table(tmp_path / "t.csv").frame.k.tolist()[0] == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"analysis,yi,vi\ra,0.1,0.2\r", "carriage return alone"),
        (b'analysis,yi,"vi\na,0.1,0.2\n', "leaves a quote open"),
        ("analysis,yi,vi\na,1,2\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_header_that_is_none_is_one_message(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        pool_table(tmp_path / "t.csv")
    assert caught.value.code == "E211"
