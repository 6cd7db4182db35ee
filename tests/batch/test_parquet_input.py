"""A Parquet table is the CSV table of the same rows, whatever types its columns have and whoever wrote it."""

from __future__ import annotations

import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from mscsec.batch import pool_file, pool_table
from mscsec.errors import InvalidInput

NAMES = ["a", "a", "a", "b", "b"]
YI = [0.5, 0.25, 1.0, -0.5, 2.0]  # exact in every type of number
VI = [0.125, 0.25, 0.5, 0.25, 0.125]
CSV = "analysis,yi,vi\n" + "".join(f"{name},{y},{v}\n" for name, y, v in zip(NAMES, YI, VI, strict=True))


def pooled(folder: Path, table: Any, name: str = "t.parquet") -> str:
    """The table of results as text."""
    path = folder / name
    if isinstance(table, str):
        path.write_text(table, encoding="utf-8")
    elif isinstance(table, pd.DataFrame):
        table.to_parquet(path)
    else:
        pyarrow.parquet.write_table(table, path)
    pool_file(path, folder / "o.csv", workers=1, force=True)
    return (folder / "o.csv").read_text(encoding="utf-8")


FRAME = pd.DataFrame({"analysis": NAMES, "yi": YI, "vi": VI})
TABLES = {
    "index of the analyses": FRAME.set_index("analysis"),
    "index of the effects": FRAME.set_index("yi"),
    "index of both": FRAME.set_index(["analysis", "vi"]),
    "other order": FRAME[["vi", "yi", "analysis"]],
    "category": FRAME.astype({"analysis": "category"}),
    "float32": FRAME.astype({"yi": "float32", "vi": "float32"}),
    "float16": pa.table({"analysis": NAMES, "yi": pa.array(np.array(YI, dtype="float16")), "vi": VI}),
    "decimal": pa.table({"analysis": NAMES, "yi": pa.array([decimal.Decimal(str(y)) for y in YI]), "vi": VI}),
    "dictionary": pa.table({"analysis": pa.array(NAMES).dictionary_encode(), "yi": pa.array(YI).dictionary_encode(), "vi": VI}),
    "bytes": pa.table({"analysis": [name.encode() for name in NAMES], "yi": YI, "vi": VI}),
    "large text": pa.table({"analysis": pa.array(NAMES, pa.large_string()), "yi": YI, "vi": VI}),
    "numbers as text": pa.table({"analysis": NAMES, "yi": [str(y) for y in YI], "vi": [str(v).encode() for v in VI]}),
}  # fmt: skip


@pytest.mark.parametrize("kind", TABLES)
def test_every_type_of_column_is_the_same_table(kind: str, tmp_path: Path) -> None:
    assert pooled(tmp_path, TABLES[kind]) == pooled(tmp_path, CSV, "t.csv")


def test_missing_values_of_every_kind_are_missing_in_csv_too(tmp_path: Path) -> None:
    table = pa.table(
        {
            "analysis": NAMES,
            "events_1": pa.array([1, None, 3, 4, 5], pa.int32()),
            "n_1": pa.array([20, 20, 20, 20, None], pa.int64()),
            "events_2": ["2", "NA", "3", None, "5"],
            "n_2": pa.array([20.0, 20.0, float("nan"), 20.0, 20.0]),
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    lines = ["a,1,20,2,20", "a,,20,NA,20", "a,3,20,3,", "b,4,20,,20", "b,5,,5,20"]
    (tmp_path / "t.csv").write_text("analysis,events_1,n_1,events_2,n_2\n" + "\n".join(lines), encoding="utf-8")
    parquet, text = (pool_table(tmp_path / name, measure="OR") for name in ("t.parquet", "t.csv"))
    pd.testing.assert_frame_equal(parquet.frame, text.frame)
    assert parquet.frame.k.tolist() == [1, 0]
    assert parquet.summary.left_out == text.summary.left_out == {"E102": 4}


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64()])
def test_long_numbers_name_their_own_analyses_beside_a_missing_one(kind: pa.DataType, tmp_path: Path) -> None:
    first = 2**53  # from here on a float holds every second number
    table = pa.table(
        {"analysis": pa.array([first, first + 1, None, first + 1], kind), "yi": [0.1, 0.2, 0.3, 0.4], "vi": [0.1] * 4}
    )
    for size in (1, 2, 10):
        pyarrow.parquet.write_table(table, tmp_path / "t.parquet", row_group_size=size)
        summary = pool_file(tmp_path / "t.parquet", tmp_path / "o.csv", workers=1, piece_size=64, force=True)
        lines = (tmp_path / "o.csv").read_text(encoding="utf-8").splitlines()[1:]
        assert [line.split(",")[:2] for line in lines] == [[str(first), "1"], [str(first + 1), "2"]]
        assert summary.left_out == {"E221": 1}


def test_lists_and_dates_are_no_numbers_and_name_analyses(tmp_path: Path) -> None:
    table = pa.table(
        {
            "analysis": [[1, 2], [1, 2], [3], [3]],
            "yi": [0.1, 0.2, 0.3, 0.4],
            "vi": pa.array([1, 2, 3, None], pa.timestamp("s")),
            "sei": [[0.1, 0.2]] * 4,
        }
    )
    for columns, left_out in (
        (["analysis", "yi", "vi"], {"E102": 1, "E212": 3}),
        (["analysis", "yi", "sei"], {"E212": 4}),
    ):
        pyarrow.parquet.write_table(table.select(columns), tmp_path / "t.parquet", row_group_size=1)
        done = pool_file(tmp_path / "t.parquet", tmp_path / "o.csv", workers=1, piece_size=64, force=True)
        assert done.left_out == left_out
        assert done.analyses == 2


def test_a_damaged_file_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"analysis": rng.integers(0, 9, 20_000).astype(str), "yi": np.arange(20_000.0), "vi": 1.0})
    frame.to_parquet(path, compression="gzip", index=False)
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + bytes(2000) + whole[2100:])
    with pytest.raises(InvalidInput, match=r"t\.parquet cannot be read: .*a Parquet file is whole") as caught:
        pool_file(path, tmp_path / "o.csv", workers=1)
    assert caught.value.code == "E211"
    assert not (tmp_path / "o.csv.parts").exists()
