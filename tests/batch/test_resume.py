"""An interrupted run continues from what was finished, and its output is whole or not there."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mscsec.batch import Options, pool_file
from mscsec.batch.parts import Part, Store, move_whole
from mscsec.errors import InvalidInput, UsageError

from .tables import many, rows_of, write

PIECE = 500
clear = Store.clear


class Killed(BaseException):
    """What a signal looks like from inside."""


def interrupt(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Lets `after` parts be saved; the next is cut off in the middle of its table."""
    whole = Store.save
    saved = 0

    def save(self: Store, number: int, part: Part) -> None:
        nonlocal saved
        saved += 1
        if saved > after:
            self.table(number).write_bytes(part.table[: len(part.table) // 2])
            raise Killed
        whole(self, number, part)

    monkeypatch.setattr(Store, "save", save)


@pytest.mark.parametrize("scattered", [False, True])
@pytest.mark.parametrize("after", [0, 1, 4])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_run_killed_in_the_middle_continues(suffix, after, scattered, tmp_path, monkeypatch):
    rows = rows_of(many(60))
    if scattered:
        random.Random(5).shuffle(rows)
    table = write(tmp_path / "t.csv", rows)
    output = tmp_path / f"o.{suffix}"
    # Rows that stand apart are met in the first part or two; the run that is killed is the one behind them.
    spool = "always" if scattered else "auto"
    with monkeypatch.context() as patch:
        interrupt(patch, after)
        with pytest.raises(Killed):
            pool_file(table, output, workers=1, piece_size=PIECE, spool_rows=spool)
    assert not output.exists()
    with pytest.raises(UsageError, match="--resume to continue it"):
        pool_file(table, output, workers=1, piece_size=PIECE, spool_rows=spool)
    summary = pool_file(table, output, workers=1, piece_size=PIECE, spool_rows=spool, resume=True)
    assert summary.resumed == after
    assert summary.spooled == scattered
    pool_file(table, tmp_path / f"p.{suffix}", workers=1, piece_size=PIECE, spool_rows=spool)
    assert output.read_bytes() == (tmp_path / f"p.{suffix}").read_bytes()
    assert not Path(f"{output}.parts").exists()


def test_a_run_killed_while_the_table_is_put_together_continues(tmp_path, monkeypatch):
    table = write(tmp_path / "t.csv", rows_of(many(60)))
    with monkeypatch.context() as patch:
        patch.setattr("mscsec.batch.run.move_whole", lambda path, target: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            pool_file(table, tmp_path / "o.csv", workers=1, piece_size=PIECE)
    assert not (tmp_path / "o.csv").exists()
    summary = pool_file(table, tmp_path / "o.csv", workers=1, piece_size=PIECE, resume=True)
    assert summary.resumed > 5
    assert summary.analyses == 60


def interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    table = write(tmp_path / "t.csv", rows_of(many(60)))
    with monkeypatch.context() as patch:
        interrupt(patch, 2)
        with pytest.raises(Killed):
            pool_file(table, tmp_path / "o.csv", workers=1, piece_size=PIECE)
    return table


def test_another_input_or_other_options_are_another_run(tmp_path, monkeypatch):
    table = interrupted(tmp_path, monkeypatch)
    for changed, message in (
        ({"options": Options(tau2="DL")}, r"\(tau2 was not given, is 'DL'\)"),
        ({"options": Options(level=0.9)}, r"\(level was 0.95, is 0.9\)"),
        ({"spool_rows": "always"}, r"\(spool was 'auto', is 'always'\)"),
    ):
        with pytest.raises(UsageError, match=message):
            pool_file(table, tmp_path / "o.csv", workers=1, piece_size=PIECE, resume=True, **changed)
    os.utime(table, ns=(1, 1))
    with pytest.raises(UsageError, match="changed was"):
        pool_file(table, tmp_path / "o.csv", workers=1, piece_size=PIECE, resume=True)
    summary = pool_file(table, tmp_path / "o.csv", workers=1, piece_size=PIECE, force=True)
    assert summary.resumed == 0


def test_a_packed_table_continues(tmp_path, monkeypatch):
    table = write(tmp_path / "t.csv", rows_of(many(60)))
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(table.read_bytes()))
    with monkeypatch.context() as patch:
        interrupt(patch, 3)
        with pytest.raises(Killed):
            pool_file(packed, tmp_path / "o.csv", workers=1, piece_size=PIECE)
    assert pool_file(packed, tmp_path / "o.csv", workers=1, piece_size=PIECE, resume=True).resumed == 3
    pool_file(table, tmp_path / "p.csv", workers=1, piece_size=PIECE)
    assert (tmp_path / "o.csv").read_bytes() == (tmp_path / "p.csv").read_bytes()


@pytest.mark.parametrize("after", [0, 1, 3, 8])
@pytest.mark.parametrize("place", [0, 2])
def test_rows_apart_within_one_piece_mean_the_same_to_whoever_meets_them(place, after, tmp_path, monkeypatch):
    # Padding decides how sums are rounded, so that the two ways differ in the last bits: one way must be taken always.
    tables = many(60, 7)
    for i, name in enumerate(list(tables)):
        tables[name] = (tables[name] * 2)[: 3 + i % 9]
    pieces = [list(rows_of(dict(chunk))) for chunk in zip(*[iter(tables.items())] * 6, strict=True)]
    pieces[place] = pieces[place][::2] + pieces[place][1::2]
    table = write(tmp_path / "t.csv", [row for rows in pieces for row in rows])
    call = {"piece_size": len(pieces[0]) * 40}
    whole = pool_file(table, tmp_path / "p.csv", workers=1, **call)
    assert whole.spooled
    pool_file(table, tmp_path / "q.csv", engine="threads", workers=3, **call)
    with monkeypatch.context() as patch:
        interrupt(patch, after)
        with pytest.raises(Killed):
            pool_file(table, tmp_path / "o.csv", workers=1, **call)
    again = pool_file(table, tmp_path / "o.csv", workers=1, resume=True, **call)
    assert again.spooled
    assert (tmp_path / "o.csv").read_bytes() == (tmp_path / "p.csv").read_bytes() == (tmp_path / "q.csv").read_bytes()


@pytest.mark.parametrize("suffix", [".csv", ".rejects", ".npz"])
@pytest.mark.parametrize("content", [b"", None])
def test_a_part_that_the_disk_lost_is_computed_again(content, suffix, tmp_path, monkeypatch):
    table = write(tmp_path / "t.csv", [["a", "x", 1], *rows_of(many(60))])
    with monkeypatch.context() as patch:
        interrupt(patch, 4)
        with pytest.raises(Killed):
            pool_file(table, tmp_path / "o.csv", workers=1, piece_size=PIECE)
    lost = tmp_path / "o.csv.parts" / f"0000000{suffix}"
    lost.write_bytes(bytes(lost.stat().st_size) if content is None else content)
    call = {"workers": 1, "piece_size": PIECE, "rejects": tmp_path / "r.csv", "force": True}
    summary = pool_file(table, tmp_path / "o.csv", resume=True, **call)
    assert summary.resumed == 3
    first = [(tmp_path / name).read_bytes() for name in ("o.csv", "r.csv")]
    pool_file(table, tmp_path / "o.csv", **call)
    assert [(tmp_path / name).read_bytes() for name in ("o.csv", "r.csv")] == first


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_a_run_killed_while_its_results_are_put_in_place_continues(moved, tmp_path, monkeypatch):
    table = write(tmp_path / "t.csv", [["a", "x", 1], *rows_of(many(20))])
    call = {"workers": 1, "piece_size": PIECE, "rejects": tmp_path / "r.csv"}
    done = 0

    def move(path: Path, target: Path) -> None:
        nonlocal done
        if done == moved:
            raise Killed
        done += 1
        move_whole(path, target)

    with monkeypatch.context() as patch:
        patch.setattr("mscsec.batch.run.move_whole", move)
        patch.setattr(Store, "clear", lambda self: (_ for _ in ()).throw(Killed) if done == 2 else clear(self))
        with pytest.raises(Killed):
            pool_file(table, tmp_path / "o.csv", **call)
    assert (tmp_path / "r.csv").exists() == (moved > 0)
    assert (tmp_path / "o.csv").exists() == (moved > 1)
    summary = pool_file(table, tmp_path / "o.csv", resume=True, **call)
    assert summary.analyses == 21
    assert sorted(os.listdir(tmp_path)) == ["o.csv", "r.csv", "t.csv"]
    with pytest.raises(UsageError, match="exists already"):
        pool_file(table, tmp_path / "o.csv", resume=True, **call)


def test_an_input_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch):
    table = write(tmp_path / "t.csv", rows_of(many(60)))
    whole = Store.save

    def save(self: Store, number: int, part: Part) -> None:
        os.utime(table, ns=(1, 1))
        whole(self, number, part)

    monkeypatch.setattr(Store, "save", save)
    with pytest.raises(InvalidInput, match=r"t\.csv was changed while it was read"):
        pool_file(table, tmp_path / "o.csv", workers=1, piece_size=PIECE)
    assert os.listdir(tmp_path) == ["t.csv"]


def test_of_an_input_that_goes_away_nothing_is_kept(tmp_path, monkeypatch):
    table = write(tmp_path / "t.csv", rows_of(many(60)))
    interrupt(monkeypatch, 3)
    with pytest.raises(Killed):
        pool_file(table, tmp_path / "o.csv", workers=1, piece_size=PIECE, called="<stdin>")
    assert os.listdir(tmp_path) == ["t.csv"]


@pytest.mark.parametrize("content", ["{", "[1]", '{"schema": "mscsec/batch-parts/1"}'])
def test_a_manifest_that_cannot_be_read_is_one_message(content, tmp_path, monkeypatch):
    table = interrupted(tmp_path, monkeypatch)
    (tmp_path / "o.csv.parts" / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=r"(cannot be read|schema was [^;]*\)).*give --force to start again"):
        pool_file(table, tmp_path / "o.csv", workers=1, resume=True, piece_size=PIECE)
    assert pool_file(table, tmp_path / "o.csv", workers=1, force=True, piece_size=PIECE).resumed == 0


def test_a_file_where_the_parts_would_be_is_left_alone(tmp_path):
    table = write(tmp_path / "t.csv", rows_of(many(2)))
    (tmp_path / "o.csv.parts").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="something else"):
        pool_file(table, tmp_path / "o.csv", force=True)
    assert (tmp_path / "o.csv.parts").read_text(encoding="utf-8") == "mine"


def test_resume_with_nothing_to_continue_is_a_run(tmp_path):
    table = write(tmp_path / "t.csv", rows_of(many(10)))
    assert pool_file(table, tmp_path / "o.csv", workers=1, resume=True).analyses == 10


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    table = write(tmp_path / "t.csv", rows_of(many(10)))
    (tmp_path / "o.csv.parts").mkdir()
    (tmp_path / "o.csv.parts" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="something else"):
        pool_file(table, tmp_path / "o.csv", force=True)
    assert (tmp_path / "o.csv.parts" / "thesis.txt").exists()


def test_the_manifest_says_what_the_run_is_of(tmp_path, monkeypatch):
    table = interrupted(tmp_path, monkeypatch)
    manifest = json.loads((tmp_path / "o.csv.parts" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["input"] == str(table)
    assert manifest["size"] == table.stat().st_size
    assert manifest["mode"] == "contiguous"


def test_a_command_that_is_killed_leaves_no_process_behind_and_continues(tmp_path):
    table = write(tmp_path / "t.csv", rows_of(many(20_000)))
    call = "mscsec.batch.pool_file('t.csv', 'o.csv', engine='processes', workers=2, piece_size=20_000)"
    command = [sys.executable, "-c", f"import mscsec.batch; {call}"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    parts = tmp_path / "o.csv.parts"
    wait_for(lambda: list(parts.glob("*.npz")) or process.poll() is not None)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.wait()
    assert workers
    assert not (tmp_path / "o.csv").exists()
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    summary = pool_file(table, tmp_path / "o.csv", workers=1, resume=True, piece_size=20_000)
    assert summary.resumed > 0
    assert summary.analyses == 20_000


def wait_for(event: Callable[[], object], seconds: float = 20.0) -> None:
    """Returns once `event()` is true; fails after a while."""
    end = time.monotonic() + seconds
    while not event():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)
