"""One run at a time writes an output, and what a killed run leaves stands in nobody's way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mscsec.batch import pool_file, run
from mscsec.batch.lock import sole
from mscsec.errors import UsageError

from .tables import many, rows_of, write

HOLD = """
import sys, time
from pathlib import Path
from mscsec.batch.lock import sole
with sole(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "t.csv", rows_of(many(4)))


def holder(output: Path) -> subprocess.Popen[str]:
    """Another process that writes `output`."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(output)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_refused_by_name_and_a_killed_one_forgotten(table: Path, tmp_path: Path) -> None:
    output = tmp_path / "o.csv"
    process = holder(output)
    try:
        for options in ({}, {"force": True}, {"resume": True}):
            with pytest.raises(
                UsageError, match=rf"o\.csv is being written by another run .*\(process {process.pid}\)"
            ):
                pool_file(table, output, workers=1, **options)
        assert pool_file(table, tmp_path / "p.csv", workers=1).analyses == 4  # another output is free
        assert not output.exists()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert (tmp_path / "o.csv.lock").exists()
    assert pool_file(table, output, workers=1).analyses == 4
    assert sorted(os.listdir(tmp_path)) == ["o.csv", "p.csv", "t.csv"]


def test_a_second_run_of_the_same_process_is_refused_too(table: Path, tmp_path: Path) -> None:
    output = tmp_path / "o.csv"
    with sole(output), pytest.raises(UsageError, match=f"process {os.getpid()}"):
        pool_file(table, output, workers=1)
    assert pool_file(table, output, workers=1).analyses == 4


def test_an_output_that_came_while_the_run_began_is_not_overwritten(table: Path, tmp_path: Path, monkeypatch) -> None:
    output = tmp_path / "o.csv"

    def late(path: Path):
        path.write_text("of the other run", encoding="utf-8")
        return sole(path)

    monkeypatch.setattr(run, "sole", late)
    with pytest.raises(UsageError, match="exists already"):
        pool_file(table, output, workers=1)
    assert output.read_text(encoding="utf-8") == "of the other run"


def test_a_folder_that_cannot_be_written_is_one_message(table: Path, tmp_path: Path) -> None:
    (tmp_path / "o.csv.lock").mkdir()
    with pytest.raises(UsageError, match=r"o\.csv cannot be written: .*o\.csv\.lock"):
        pool_file(table, tmp_path / "o.csv", workers=1)
