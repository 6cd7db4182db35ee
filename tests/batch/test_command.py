"""`mscsec batch` at the command line: table to stdout or a file, talk on stderr, exit codes, JSON."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mscsec.batch.parts import Store
from mscsec.cli.app import run

from .tables import many, rows_of, write

Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs `mscsec batch` in a folder with t.csv; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.csv", rows_of(many(6)))

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["batch", *arguments, "--workers", "1"])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_the_table_is_the_only_thing_on_stdout(said):
    code, out, err = said("t.csv")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("analysis,k,left_out,estimate,se,ci_low,ci_high")
    assert len(lines) == 7
    assert "30 rows, 6 analyses: 6 ok" in err


def test_a_file_and_a_summary(said, tmp_path):
    write(tmp_path / "t.csv", [*rows_of(many(6)), ["late", "x", 1]])
    code, out, err = said("t.csv", "-o", "o.csv", "--json", "--rejects", "r.csv")
    assert code == 0
    document = json.loads(out)
    assert document["schema"] == "mscsec/batch/1"
    summary = document["summary"]
    assert (summary["input"], summary["output"], summary["analyses"]) == ("t.csv", "o.csv", 7)
    assert summary["status"] == {"ok": 6, "k=1": 0, "no studies": 1, "not converged": 0, "refused": 0}
    assert summary["examples"] == [
        {"line": 32, "group": "late", "code": "E212", "reason": "yi is 'x'; a number or an empty cell is wanted here"}
    ]
    assert "t.csv:32: late: yi is 'x'" in err
    assert (tmp_path / "r.csv").read_text(encoding="utf-8").splitlines()[1].startswith("32,late,E212,")
    first = (tmp_path / "o.csv").read_bytes()
    assert said("t.csv", "-o", "o.csv", "--json", "--rejects", "r.csv", "--force")[1] == out
    assert (tmp_path / "o.csv").read_bytes() == first


def test_stdin_and_gzip_give_the_same_table(said, tmp_path, monkeypatch):
    wanted = said("t.csv")[1]
    content = (tmp_path / "t.csv").read_bytes()
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(content))
    assert said("t.csv.gz")[1] == wanted
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert said("-")[1] == wanted


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("t.csv", "--group", "analyss"), 2, "did you mean 'analysis'"),
        (("t.csv", "--engine", "gpu"), 2, "unknown engine"),
        (("t.csv", "--json"), 2, "--json needs -o FILE"),
        (("t.csv", "--resume"), 2, "--resume needs -o FILE"),
        (("-", "-o", "o.csv", "--resume"), 2, "what came through stdin is gone"),
        (("absent.csv",), 2, "absent.csv does not exist"),
        (("absent.csv.gz",), 2, "absent.csv.gz does not exist"),
        (("t.csv", "-o", "t.txt"), 2, "names no format"),
        (("t.csv", "-o", "t.csv"), 2, "the same file"),
        (
            ("t.csv", "--level", "95"),
            2,
            "--level is 95; a confidence level lies between 0.5 and 1, such as 0.95. Write 0.95",
        ),
        (("empty.csv",), 3, "no analysis of this table could be pooled"),
        (("wrong.csv", "--strict"), 2, "wrong.csv:2: vi is -1"),
        (("broken.csv.gz",), 2, "broken.csv.gz cannot be read"),
        (("wrong.csv.gz", "--strict"), 2, "wrong.csv.gz:2: vi is -1"),
        (("short.csv.gz",), 2, "short.csv.gz has no rows"),
        (
            ("t.csv", "-o", "o.csv", "--rejects", "absent/r.csv"),
            2,
            "absent/r.csv cannot be written: there is no such folder",
        ),
        (("t.csv", "-o", "o.csv", "--rejects", ".", "--force"), 2, "cannot be written: it is a folder"),
    ],
)
def test_exit_codes_with_one_message(arguments, code, message, said, tmp_path):
    (tmp_path / "empty.csv").write_text("analysis,yi,vi\na,,\n", encoding="utf-8")
    (tmp_path / "wrong.csv").write_text("analysis,yi,vi\na,1,-1\n", encoding="utf-8")
    (tmp_path / "broken.csv.gz").write_bytes(b"not gzip")
    (tmp_path / "wrong.csv.gz").write_bytes(gzip.compress((tmp_path / "wrong.csv").read_bytes()))
    (tmp_path / "short.csv.gz").write_bytes(gzip.compress(b"analysis,yi,vi\n"))
    before = sorted(tmp_path.iterdir())
    found, _, err = said(*arguments)
    assert found == code
    assert message in err
    assert "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (b"analysis,yi,vi\na,1,-1\n", ["--strict"], "error: <stdin>:2: vi is -1"),
        (b"analysis,yi,vi\na\xff,1,1\n", [], "error: <stdin>:2: a byte that is not UTF-8"),
        (b"", [], "error: <stdin> does not start with a line of column names"),
        (b"analysis,yi,vi\n", [], "error: <stdin> has no rows"),
    ],
)
def test_what_comes_through_stdin_is_called_so(content, arguments, message, said, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    code, out, err = said("-", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(message)


def test_a_stdout_that_is_full_is_one_message(said, tmp_path):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mscsec", "batch", "t.csv"],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: stdout cannot be written: No space left")


def test_rejects_may_go_to_a_device_and_leave_it_one(said, tmp_path):
    write(tmp_path / "t.csv", [*rows_of(many(3)), ["late", "x", 1]])
    assert said("t.csv", "-o", "o.csv", "--rejects", os.devnull)[0] == 0
    assert Path(os.devnull).is_char_device()
    assert not Path(os.devnull).with_name(".null.part").exists()


def test_processes_write_the_same_bytes_and_need_no_guard(said, tmp_path):
    wanted = said("t.csv")[1]
    done = subprocess.run(
        [sys.executable, "-m", "mscsec", "batch", "t.csv", "--workers", "2", "--no-progress"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == wanted


def test_an_interrupt_of_what_came_through_stdin_leaves_nothing(said, monkeypatch, tmp_path):
    def interrupted(self: object, number: int, part: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "save", interrupted)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((tmp_path / "t.csv").read_bytes())))
    assert said("-", "-o", "o.csv") == (130, "", "Interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_an_interrupt_says_how_to_continue(said, monkeypatch, tmp_path):
    def interrupted(self: object, number: int, part: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "save", interrupted)
    code, out, err = said("t.csv", "-o", "o.csv")
    assert (code, out) == (130, "")
    assert "--resume continues from it" in err
    assert (tmp_path / "o.csv.parts").is_dir()


def test_a_full_disk_is_said(said, monkeypatch, tmp_path):
    def full(self: object, number: int, part: object) -> None:
        raise OSError(28, "No space left on device", "o.csv.parts/0000000.csv")

    monkeypatch.setattr(Store, "save", full)
    code, _, err = said("t.csv", "-o", "o.csv")
    assert code == 2
    assert "o.csv.parts/0000000.csv: No space left on device" in err
    assert "--resume" not in err  # nothing was finished
    assert not (tmp_path / "o.csv.parts").exists()


def test_a_disk_that_is_full_from_the_start_is_said_too(said, monkeypatch, tmp_path):
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mscsec.batch.lock.os.write", full)
        assert said("t.csv", "-o", "o.csv")[0] == 0  # only the number in the lock is missing
    monkeypatch.setattr("mscsec.batch.parts.write_bytes", full)
    code, _, err = said("t.csv", "-o", "p.csv")
    assert code == 2
    assert err.startswith("error: p.csv: No space left on device")


def test_a_bar_is_drawn_on_a_terminal_alone(said, monkeypatch, capsys):
    from mscsec.cli import batch

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    drawn = Terminal()
    monkeypatch.setattr(sys, "stderr", drawn)
    with batch._progress(True, after=0.0) as report:
        assert report is not None
        report(1, 4)
    assert "Pooling" in drawn.getvalue()
    with batch._progress(False) as report:
        assert report is None
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with batch._progress(True) as report:
        assert report is None


def test_pool_does_not_pay_for_this_room():
    program = "import sys, mscsec.cli.pool; print([name for name in sys.modules if name.startswith('mscsec.batch')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
