"""An interrupted run continues from what was finished, and its output is whole or not there."""

from __future__ import annotations

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
from mscsec.batch.parts import Part, Store
from mscsec.errors import UsageError

from .tables import many, rows_of, write

PIECE = 500


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
    with pytest.raises(UsageError, match="request was"):
        pool_file(table, tmp_path / "o.csv", workers=1, piece_size=PIECE, resume=True, options=Options(tau2="DL"))
    os.utime(table, ns=(1, 1))
    with pytest.raises(UsageError, match="changed was"):
        pool_file(table, tmp_path / "o.csv", workers=1, piece_size=PIECE, resume=True)
    summary = pool_file(table, tmp_path / "o.csv", workers=1, piece_size=PIECE, force=True)
    assert summary.resumed == 0


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
