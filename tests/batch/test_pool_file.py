"""The table of results is what `pool` gives analysis by analysis, however the rows stand and whoever computes it."""

from __future__ import annotations

import csv
import gc
import multiprocessing
import os
import random
import socket
import sys
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from distributed import KilledWorker, LocalCluster
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.batch import ENGINES, FORMATS, Options, engines, pool_file, pool_table
from mscsec.batch.analyse import analyse
from mscsec.batch.options import choose_columns
from mscsec.batch.source import open_table
from mscsec.effects.measures import effect_size
from mscsec.errors import CannotCompute, InvalidInput, UnknownMethod, UnknownName, UsageError
from mscsec.pooling import CI, PREDICTION, TAU2, TAU2_CI, pool

from .tables import FIELDS, Analyses, alone, analyses, many, rows_of, same, write

METHODS = [
    {},
    {"tau2": "DL", "ci": "wald", "prediction": "hts"},
    {"tau2": "PM", "ci": "hksj", "tau2_ci": "QP", "level": 0.9},
    {"tau2": "ML", "ci": "t", "prediction": "none"},
    {"model": "common"},
    {"preset": "revman-5"},
    {"preset": "metafor", "tau2_ci": "PL"},
]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def read(path: Path) -> dict[str, dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    return {next(iter(line.values())): line for line in lines}


def number(text: str) -> float | None:
    return float(text) if text else None


def assert_as_pool(found: dict[str, dict[str, str]], tables: Analyses, chosen: dict[str, Any]) -> None:
    options = {"tau2_ci": "none", **chosen} if chosen.get("model") != "common" else chosen
    assert list(found) == list(tables)
    for name, studies in tables.items():
        line = found[name]
        wanted = alone(studies, **(options if len(studies) > 1 else {**options, "tau2_ci": "none"}))
        assert int(line["k"]) == len(studies)
        assert line["status"] == ("k=1" if len(studies) == 1 else "ok")
        for field in FIELDS:
            value = number(line.get(field, ""))
            assert same(value, wanted[field]), (name, field, value, wanted[field])


@settings(max_examples=30, deadline=None)
@given(tables=analyses(), chosen=st.sampled_from(METHODS), piece=st.sampled_from([40, 300, 1 << 20]))
def test_each_line_is_what_pool_gives(tables, chosen, piece):
    with tempfile.TemporaryDirectory() as name:
        table = write(Path(name) / "t.csv", rows_of(tables))
        pool_file(table, Path(name) / "o.csv", options=Options(**chosen), workers=1, piece_size=piece)
        assert_as_pool(read(Path(name) / "o.csv"), tables, chosen)


@settings(max_examples=25, deadline=None)
@given(tables=analyses(), order=st.randoms(use_true_random=False), piece=st.sampled_from([60, 400, 1 << 20]))
def test_rows_in_any_order_give_the_same_numbers(tables, order, piece):
    rows = rows_of(tables)
    order.shuffle(rows)
    first = list(dict.fromkeys(row[0] for row in rows))
    with tempfile.TemporaryDirectory() as name:
        table = write(Path(name) / "t.csv", rows)
        pool_file(table, Path(name) / "o.csv", workers=1, piece_size=piece)
        found = read(Path(name) / "o.csv")
        assert not (Path(name) / "o.csv.parts").exists()
    assert_as_pool(found, {key: tables[key] for key in first}, {})


@pytest.mark.parametrize("key", [key for key, row in TAU2.items() if not row.weighted])
def test_every_estimator(key, folder):
    tables = many(12, 4)
    pool_file(write(folder / "t.csv", rows_of(tables)), folder / "o.csv", options=Options(tau2=key), workers=1)
    assert_as_pool(read(folder / "o.csv"), tables, {"tau2": key})


@pytest.mark.parametrize("key", CI)
def test_every_interval(key, folder):
    tables = many(6, 5) | {"alone": [(0.3, 0.1)]}
    chosen = {"ci": key, "tau2": "ML"}
    pool_file(write(folder / "t.csv", rows_of(tables)), folder / "o.csv", options=Options(**chosen), workers=1)
    found = read(folder / "o.csv")
    single = found.pop("alone")
    row = CI[key]
    if key != "hc":  # the one interval that is refused for one study, as in metafor
        assert same(number(single["estimate"]), 0.3)
        assert single["status"] == "k=1"
    else:
        assert single["estimate"] == ""
        assert single["status"] == f"refused: the interval by {row.name} needs 2 studies or more, found 1"
    tables.pop("alone")
    assert_as_pool(found, tables, chosen)


@pytest.mark.parametrize("key", PREDICTION)
def test_every_prediction_interval(key, folder):
    tables = many(6, 5) | {"two": [(0.3, 0.1), (0.4, 0.2)]}
    pool_file(write(folder / "t.csv", rows_of(tables)), folder / "o.csv", options=Options(prediction=key), workers=1)
    assert_as_pool(read(folder / "o.csv"), tables, {"prediction": key})


@pytest.mark.parametrize("key", [key for key in TAU2_CI if key != "GENQ"])
def test_every_interval_of_tau2(key, folder):
    tables = many(6, 5)
    pool_file(write(folder / "t.csv", rows_of(tables)), folder / "o.csv", options=Options(tau2_ci=key), workers=1)
    assert_as_pool(read(folder / "o.csv"), tables, {"tau2_ci": key})


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_writes_the_same_bytes(engine, folder):
    table = write(folder / "t.csv", rows_of(many(60)))
    pool_file(table, folder / "one.csv", engine="serial", piece_size=1000)
    if engine == "dask":
        with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster:
            address = cluster.scheduler_address
            pool_file(table, folder / "o.csv", engine=engine, scheduler=address, workers=2, piece_size=1000)
    else:
        pool_file(table, folder / "o.csv", engine=engine, workers=2, piece_size=1000)
    assert (folder / "o.csv").read_bytes() == (folder / "one.csv").read_bytes()


@pytest.mark.parametrize("scattered", [False, True])
@pytest.mark.parametrize("suffix_in", ["csv", "parquet"])
@pytest.mark.parametrize("key", FORMATS)
def test_every_format_in_and_out(key, suffix_in, scattered, folder):
    tables = many(80, 4)
    rows = rows_of(tables)
    if scattered:
        random.Random(1).shuffle(rows)
    first = list(dict.fromkeys(row[0] for row in rows))
    table = write(folder / "t.csv", rows)
    if suffix_in == "parquet":
        table = folder / "t.parquet"
        pd.read_csv(folder / "t.csv").to_parquet(table, row_group_size=33)
    output = folder / f"o{FORMATS[key].suffix}"
    summary = pool_file(table, output, workers=1, piece_size=700)
    assert summary.spooled == scattered
    frame = pd.read_csv(output) if key == "csv" else pd.read_parquet(output)
    assert frame["analysis"].tolist() == first
    wanted = [alone(tables[name])["estimate"] for name in first]
    assert all(same(a, b) for a, b in zip(frame["estimate"], wanted, strict=True))


def test_parquet_keeps_its_analyses_whole_across_row_groups(folder):
    tables = many(30, 7)
    frame = pd.DataFrame(
        [(name, y, v) for name, rows in tables.items() for y, v in rows], columns=["analysis", "yi", "vi"]
    )
    for size in (1, 3, 7, 50):
        frame.to_parquet(folder / "t.parquet", row_group_size=size)
        summary = pool_file(folder / "t.parquet", folder / "o.csv", workers=1, piece_size=640, force=True)
        assert not summary.spooled
        assert_as_pool(read(folder / "o.csv"), tables, {})


def test_a_measure_is_computed_as_effect_size_does(folder):
    cells = [[4, 123, 11, 139], [6, 306, 29, 303], [0, 20, 3, 21], [0, 30, 0, 31]]
    table = write(folder / "t.csv", [["bcg", *row] for row in cells], "Trial,Events_1,N_1,Events_2,N_2")
    pool_file(table, folder / "o.csv", group="trial", measure="RR", workers=1)
    line = read(folder / "o.csv")["bcg"]
    names = ("events_1", "n_1", "events_2", "n_2")
    effects = effect_size("RR", **{name: [row[i] for row in cells] for i, name in enumerate(names)}, drop00=True)
    fit = pool(effects.yi[:3], effects.vi[:3])
    assert (line["Trial"], line["k"], line["left_out"]) == ("bcg", "3", "1")
    assert same(number(line["estimate"]), fit.estimate)
    assert same(number(line["ci_high"]), fit.ci_high)


@pytest.mark.parametrize(
    ("header", "row", "measure"),
    [
        ("analysis,yi,sei", ["a", 0.5, 0.2], None),
        ("analysis;yi;vi", ["a", 0.5, 0.04], "gen"),
        ("analysis\tmean_1\tsd_1\tn_1\tmean_2\tsd_2\tn_2", ["a", 1.0, 2.0, 50, 0.5, 2.0, 50], "MD"),
        ("analysis,r,n", ["a", 0.4, 28], "ZCOR"),
        ("analysis,yi,vi", ["a", 0.5, 0.04], "RR"),
    ],
)
def test_ways_to_write_an_effect(header, row, measure, folder):
    separator = next(mark for mark in ";\t," if mark in header)
    (folder / "t.csv").write_text(header + "\n" + separator.join(map(str, row)) + "\n", encoding="utf-8")
    pool_file(folder / "t.csv", folder / "o.csv", measure=measure, workers=1)
    line = read(folder / "o.csv")["a"]
    assert line["status"] == "k=1"
    wanted = {"r": 0.42364893019360184}.get(header.split(separator)[1], 0.5)
    assert same(number(line["estimate"]), wanted)


def test_a_variance_that_is_not_the_square_of_its_standard_error_is_said(folder):
    rows = [
        ["a", 0.5, 0.04, 0.2],
        ["a", 0.5, 0.04, 0.21],
        ["a", 0.5, 0.2, 0.2],
        ["a", 0.5, "", 0.3],
        ["a", 0.5, 0.0441, 0.21],
    ]
    rows += [
        ["b", 0.5, 0.123456789**2, 0.123456789],
        ["b", 0.5, 0.0153, 0.123456789],
        ["b", 0.5, 1, 3],
        ["b", 0.5, 4, ""],
        ["b", 0.5, 1e300, 1e300],
    ]
    table = write(folder / "t.csv", rows, "analysis,yi,vi,sei")
    summary = pool_file(table, folder / "o.csv", workers=1)
    assert [(reject.line, reject.code) for reject in summary.examples] == [(line, "E222") for line in (4, 8, 9, 11)]
    assert summary.examples[0].reason == "sei is 0.2 and vi 0.2; vi is the square of sei, here 0.04"


def test_blank_lines_and_spaces_count_as_lines_and_nothing_else(folder):
    text = "\n analysis , YI, vi\n\na,0.1, 0.2\n\na,−0.3,0.25\na,+.2,x\n   \n"
    (folder / "t.csv").write_text(text, encoding="utf-8")
    summary = pool_file(folder / "t.csv", folder / "o.csv", workers=1)
    line = read(folder / "o.csv")["a"]
    assert same(number(line["estimate"]), pool([0.1, -0.3], [0.2, 0.25]).estimate)
    assert [reject.line for reject in summary.examples] == [7]
    assert summary.rows == 3


def test_names_are_kept_as_they_are_written(folder):
    names = ["007", "NA", "1e3", "Grün, blau", 'say "so"', "  edged  ", "nan", "true"]
    with open(folder / "t.csv", "w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        out.writerow(["analysis", "yi", "vi"])
        out.writerows([[name, 0.1, 0.2] for name in names])
    pool_file(folder / "t.csv", folder / "o.csv", workers=1, piece_size=10)
    assert list(read(folder / "o.csv")) == [name.strip() for name in names]


def test_every_digit_of_the_input_counts(folder):
    yi = [0.1 + 0.2, 1 / 3, 2 / 3 * 1e-5, 123456.78901234567]
    pool_file(write(folder / "t.csv", [[i, repr(y), 0.1] for i, y in enumerate(yi)]), folder / "o.csv", workers=1)
    assert [float(line["estimate"]) for line in read(folder / "o.csv").values()] == yi


def test_a_frame_gives_the_same_table_with_its_own_keys(folder):
    tables = many(20, 3)
    rows = [(i, y, v) for i, studies in enumerate(tables.values()) for y, v in studies]
    random.Random(2).shuffle(rows)
    frame = pd.DataFrame(rows, columns=["gene", "yi", "vi"])
    found = pool_table(frame, group="gene")
    assert found.frame["gene"].dtype == frame["gene"].dtype
    frame.to_csv(folder / "t.csv", index=False)
    pool_file(folder / "t.csv", folder / "o.csv", group="gene", workers=1)
    pd.testing.assert_frame_equal(found.frame, pd.read_csv(folder / "o.csv"), check_dtype=False, rtol=1e-12)
    pd.testing.assert_frame_equal(
        found.frame, pool_table(folder / "t.csv", group="gene").frame.astype({"gene": int}), check_dtype=False
    )
    assert found.summary.rows == len(rows)


@pytest.mark.parametrize("kind", ["category", "Int64", "float64", "datetime64[ns]", "object"])
def test_keys_of_any_kind(kind, folder):
    keys = pd.Series([3, 3, 1, 1, 3]).astype(kind)
    frame = pd.DataFrame({"analysis": keys, "yi": [0.1, 0.2, 0.3, 0.4, 0.5], "vi": [0.1] * 5})
    found = pool_table(frame).frame
    assert found["k"].tolist() == [3, 2]
    assert found["analysis"].tolist() == [keys[0], keys[2]]
    if kind != "object":
        frame.to_parquet(folder / "t.parquet")
        pool_file(folder / "t.parquet", folder / "o.csv", workers=1)
        assert [line["k"] for line in read(folder / "o.csv").values()] == ["3", "2"]


def test_columns_without_a_name_are_passed_over(folder):
    (folder / "t.csv").write_text('"",analysis,yi,vi,,\n1,a,0.5,0.1,,x\n2,a,0.6,0.1,,', encoding="utf-8")
    pool_file(folder / "t.csv", folder / "o.csv", workers=1)
    assert read(folder / "o.csv")["a"]["k"] == "2"


def test_a_worker_that_dies_is_said_to_have_died():
    with pytest.raises(CannotCompute, match="ended before its work was done"):
        list(ENGINES["processes"].run([1, 2, 3], os._exit, 2, None))


def test_missing_values_of_a_frame():
    frame = pd.DataFrame({"analysis": ["a", "a", None, "b"], "yi": [0.1, None, 3.0, "x"], "vi": [0.1, 0.2, 0.3, 0.4]})
    found = pool_table(frame)
    assert found.frame["status"].tolist() == ["k=1", "no studies"]
    assert found.frame["left_out"].tolist() == [1, 1]
    assert found.summary.left_out == {"E102": 1, "E212": 1, "E221": 1}


# --- rows that are wrong ------------------------------------------------------------------------------------------------

BAD = """analysis,yi,vi
a,0.1,0.2
a,zero,0.2
a,0.3,-1
b,0.4

b,0.5,0.1,9
c,inf,0.1
,0.5,0.1
,,
d,0.5,NA
e,0.5,0
f,0.1,1e-90
a,0.7,0.3
"""
REASONS = {
    3: ("a", "E212", "yi is 'zero'; a number or an empty cell is wanted here"),
    4: ("a", "E222", "vi is -1; a variance is 0 or more"),
    5: ("", "E230", "found 2 cells under 3 columns"),
    7: ("", "E230", "found 4 cells under 3 columns"),
    8: ("c", "E222", "yi is inf; a reported number is finite"),
    9: ("", "E221", "the row names no analysis"),
    11: ("d", "E102", "of these, none is complete: vi; sei"),
    12: ("e", "E105", "the sampling variance is zero, which no weight can be made of"),
    13: ("f", "E222", "the sampling variance is 1e-90; it lies between 1e-70 and 1e+70"),
}


@pytest.mark.parametrize("piece", [15, 60, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_row_left_out_is_listed_with_its_line(piece, end, folder):
    (folder / "t.csv").write_bytes(BAD.replace("\n", end).encode())
    summary = pool_file(folder / "t.csv", folder / "o.csv", rejects=folder / "r.csv", workers=1, piece_size=piece)
    with open(folder / "r.csv", newline="", encoding="utf-8") as file:
        listed = {int(line["line"]): (line["analysis"], line["code"], line["reason"]) for line in csv.DictReader(file)}
    assert listed == REASONS
    assert summary.rows == 11
    assert summary.faults == 7
    assert {reject.line: reject[1:] for reject in summary.examples} == REASONS
    found = read(folder / "o.csv")
    assert {name: (line["k"], line["left_out"], line["status"]) for name, line in found.items()} == {
        "a": ("2", "2", "ok"), "c": ("0", "1", "no studies"), "d": ("0", "1", "no studies"),
        "e": ("0", "1", "no studies"), "f": ("0", "1", "no studies"),
    }  # fmt: skip
    assert same(number(found["a"]["estimate"]), pool([0.1, 0.7], [0.2, 0.3]).estimate)


@pytest.mark.parametrize("piece", [15, 1 << 20])
def test_strict_stops_at_the_first_wrong_row(piece, folder):
    (folder / "t.csv").write_text(BAD, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"t\.csv:3: yi is 'zero'") as caught:
        pool_file(folder / "t.csv", folder / "o.csv", strict=True, workers=1, piece_size=piece)
    assert caught.value.code == "E212"
    assert list(folder.iterdir()) == [folder / "t.csv"]


def test_rows_the_measure_alone_can_refuse_are_found(folder):
    rows = [["a", 5, 20, 6, 20, 0.5], ["a", 5, 20, 6, 21, 0.5], ["a", 5, 20, 7, 20, 0.5], ["a", 25, 20, 7, 20, 0.5]]
    table = write(folder / "t.csv", rows, "analysis,events_1,n_1,events_2,n_2,r")
    summary = pool_file(table, folder / "o.csv", measure="MPORM", workers=1)
    assert [(reject.line, reject.code) for reject in summary.examples] == [(3, "E222"), (5, "E222")]
    assert "pairs have one n" in summary.examples[0].reason
    assert read(folder / "o.csv")["a"]["k"] == "2"


def test_a_cell_over_two_lines_is_said_to_be_one(folder):
    (folder / "t.csv").write_text(
        'analysis,note,yi,vi\na,"one, two",1,2\na,"one\ntwo",1,2\na,x,1,2\n', encoding="utf-8"
    )
    summary = pool_file(folder / "t.csv", folder / "o.csv", workers=1)
    assert [reject.line for reject in summary.examples] == [3, 4]
    assert "a quote is left open" in summary.examples[0].reason
    assert read(folder / "o.csv")["a"]["k"] == "2"


# --- requests that make no sense ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        ("analysis,yi,vi\na,1,2\n", {"group": "analyses"}, UnknownName, "did you mean 'analysis'"),
        ("analysis,x,vi\na,1,2\n", {}, UsageError, "name the measure"),
        ("analysis,x,vi\na,1,2\n", {"measure": "RR"}, UsageError, "needs the columns events_1 n_1 events_2 n_2"),
        ("analysis,yi,vi\na,1,2\n", {"measure": "RX"}, UnknownMethod, "unknown measure"),
        ("analysis,yi,vi\na,1,2\n", {"options": Options(tau2="XL")}, UnknownMethod, "unknown estimator of tau2"),
        ("analysis,yi,vi\na,1,2\n", {"options": Options(tau2="GENQ")}, InvalidInput, "weights"),
        ("analysis,yi,vi\na,1,2\n", {"options": Options(level=95)}, InvalidInput, "level"),
        ("analysis,yi,vi\na,1,2\n", {"options": Options(prediction="bootstrap")}, InvalidInput, "closed-form"),
        ("analysis,yi,vi\na,1,2\n", {"engine": "gpu", "workers": 2}, UnknownMethod, "unknown engine"),
        ("analysis,yi,vi\na,1,2\n", {"scheduler": "tcp://x:1"}, UsageError, "engine dask"),
        ("analysis,yi,vi\na,1,2\n", {"spool_rows": "perhaps"}, UnknownName, "auto, always, never"),
        ("analysis,yi,vi\n", {}, UsageError, "no rows"),
        ("", {}, UsageError, "column names"),
        ("analysis\na\n", {}, UsageError, "one column"),
        ("analysis,yi,YI,vi\na,1,1,2\n", {}, UsageError, "stands twice"),
    ],
)
def test_what_is_refused_before_anything_is_computed(text, options, error, message, folder):
    (folder / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(error, match=message):
        pool_file(folder / "t.csv", folder / "o.csv", **options)
    assert list(folder.iterdir()) == [folder / "t.csv"]


def test_bytes_that_are_no_text_are_refused_with_their_line(folder):
    (folder / "t.csv").write_bytes(b"analysis,yi,vi\na,1,2\nb\xff,1,2\n")
    with pytest.raises(InvalidInput, match=r"t\.csv:3: a byte that is not UTF-8"):
        pool_file(folder / "t.csv", folder / "o.csv", workers=1)


def test_an_output_is_not_overwritten_unless_asked(folder):
    table = write(folder / "t.csv", rows_of(many(2)))
    (folder / "o.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already"):
        pool_file(table, folder / "o.csv")
    assert (folder / "o.csv").read_text(encoding="utf-8") == "mine"
    pool_file(table, folder / "o.csv", force=True)
    assert len(read(folder / "o.csv")) == 2
    with pytest.raises(UsageError, match="names no format"):
        pool_file(table, folder / "o.xlsx")
    with pytest.raises(UsageError, match="no such folder"):
        pool_file(table, folder / "absent" / "o.csv")


def test_spooling_can_be_forbidden_and_forced(folder):
    rows = rows_of(many(40))
    table = write(folder / "t.csv", [*rows[1:], rows[0]])
    with pytest.raises(InvalidInput, match="Sort the table by analysis") as caught:
        pool_file(table, folder / "o.csv", workers=1, piece_size=500, spool_rows="never")
    assert caught.value.code == "E223"
    auto = pool_file(table, folder / "o.csv", workers=1, piece_size=500)
    always = pool_file(table, folder / "p.csv", workers=1, piece_size=500, spool_rows="always")
    assert auto.spooled
    assert always.spooled
    assert (folder / "o.csv").read_bytes() == (folder / "p.csv").read_bytes()
    whole = pool_file(table, folder / "q.csv", workers=1, spool_rows="never")  # one piece: nothing to spool
    assert not whole.spooled


def test_an_analysis_that_cannot_be_computed_says_why_and_stops_no_other(folder):
    tables = many(5, 3)
    tables["wild"] = [(1e300, 0.1), (-1e300, 0.1), (0.0, 0.1)]
    pool_file(write(folder / "t.csv", rows_of(tables)), folder / "o.csv", workers=1)
    found = read(folder / "o.csv")
    wild = found.pop("wild")
    tables.pop("wild")
    assert wild["status"].startswith(("refused: ", "not converged"))
    assert wild["estimate"] == ""
    assert_as_pool(found, tables, {})


@pytest.mark.parametrize(
    ("package", "options", "output", "extra"),
    [("pyarrow", {}, "o.parquet", "parquet"), ("distributed", {"engine": "dask"}, "o.csv", "dask")],
)
def test_a_package_that_is_not_installed_is_named(package, options, output, extra, folder, monkeypatch):
    table = write(folder / "t.csv", rows_of(many(2)))
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=rf"pip install 'mscsec\[{extra}\]'"):
        pool_file(table, folder / output, **options)
    assert list(folder.iterdir()) == [table]


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "nonsense", "tcp://127.0.0.1", "http://127.0.0.1:9", "tls://127.0.0.1:9", ""]
)
def test_dask_without_a_cluster_says_so(address, folder, monkeypatch, capfd):
    monkeypatch.setattr(engines, "TIMEOUT", 0.3)
    table = write(folder / "t.csv", rows_of(many(2)))
    with pytest.raises(
        UsageError, match=rf"no dask scheduler answers at {address!r}: .+ Write an address like tcp://host:8786"
    ):
        pool_file(table, folder / "o.csv", engine="dask", scheduler=address)
    assert list(folder.iterdir()) == [table]
    gc.collect()  # a client that was not wanted would complain now
    assert capfd.readouterr().err == ""


def ended(job: object) -> None:
    raise KilledWorker("work", SimpleNamespace(address="tcp://x:1"), 3)


def test_a_cluster_that_loses_its_workers_is_said_to(folder):
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        found = ENGINES["dask"].run([1, 2], ended, 1, cluster.scheduler_address)
        with pytest.raises(CannotCompute, match=r"ended before its work was done \(KilledWorker\); resume"):
            list(found)


def test_a_cluster_that_goes_away_is_said_to(folder):
    cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None)

    def jobs() -> Iterator[int]:
        yield from (3, 3)
        cluster.close()
        yield 0

    with pytest.raises(CannotCompute, match=r"ended before its work was done \(FutureCancelledError\); resume"):
        list(ENGINES["dask"].run(jobs(), time.sleep, 2, cluster.scheduler_address))


def test_a_server_of_another_kind_is_no_scheduler(folder, monkeypatch):
    monkeypatch.setattr(engines, "TIMEOUT", 0.3)
    table = write(folder / "t.csv", rows_of(many(2)))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UsageError, match="no dask scheduler answers"):
            pool_file(table, folder / "o.csv", engine="dask", scheduler=address)


def test_there_are_no_more_processes_than_pieces():
    found = ENGINES["processes"].run([1, 2, 3], abs, 500, None)
    assert next(found) == 1
    assert len(multiprocessing.active_children()) <= 3
    assert list(found) == [2, 3]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_piece_that_is_done_leaves_nothing_to_the_garbage_collector(suffix, folder):
    table = write(folder / "t.csv", [["a", 9, 2, 1, 2], ["b", 1, 20, 2, 20]], "analysis,events_1,n_1,events_2,n_2")
    if suffix == "parquet":
        table = folder / "t.parquet"
        pd.read_csv(folder / "t.csv").to_parquet(table)
    columns = choose_columns(["analysis", "events_1", "n_1", "events_2", "n_2"], "analysis", "OR")
    with open_table(table) as read:
        (piece,) = read.pieces(columns, 1 << 20)
    for options in (Options(), Options(method="MH")):
        analyse(piece.rows(), columns, options)  # what is imported and built once is not counted
        gc.collect()
        gc.disable()  # a run meets the collector too seldom for arrays of megabytes
        try:
            rows = piece.rows()
            kept = [weakref.ref(rows.groups), *map(weakref.ref, rows.numbers.values())]
            analyse(rows, columns, options)
            del rows
            assert [ref() is None for ref in kept] == [True] * 5
        finally:
            gc.enable()
