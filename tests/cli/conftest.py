"""The command line in process: `cli(...)` runs it in a folder with a small evidence base and gives code, stdout, stderr."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from mscsec.cli.app import run

from .base import write_base

GOLDEN = Path(__file__).parent / "golden"


class Answer(NamedTuple):
    """What one run of the command line gave."""

    code: int
    out: str
    err: str


Cli = Callable[..., Answer]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/cli --update-golden` writes the stored renderings anew; read the difference before it is committed."""
    parser.addoption("--update-golden", action="store_true", default=False, help="write the stored renderings anew")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the evidence base in `studies/`, and a plain environment of 80 columns."""
    write_base(tmp_path / "studies")
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "MSCSEC_STUDIES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    return tmp_path


@pytest.fixture
def cli(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs one command line; `stdin` is what stands on standard input."""

    def call(*arguments: str, columns: int = 80, stdin: str | bytes = "", **environment: str) -> Answer:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", str(columns))
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
            capsys.readouterr()
            code = run(arguments)
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return call


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the stored one of that name."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden", default=False):
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"no stored rendering {name}: pytest tests/cli --update-golden"
        assert text == path.read_text(encoding="utf-8")

    return compare
