"""The stable codes: each one in the source is explained, and each explanation belongs to one in the source."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from mscsec.cli.app import COMMANDS
from mscsec.codes import CODES, Code

PACKAGE = Path(__file__).parents[1] / "mscsec"
CODE = re.compile(r"""["'\[]([A-Z]\d{3})["'\]]""")
ROOMS = {"U": "", "R": "records", "E": "effects", "P": "pooling", "B": "appraisal", "I": "integrity"}


@cache
def used() -> dict[str, set[str]]:
    """Codes that stand in the source as literals (the table itself left out), and the files they stand in."""
    found: dict[str, set[str]] = {}
    for path in sorted((*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.yaml"))):
        if path.name != "codes.py":
            for code in CODE.findall(path.read_text(encoding="utf-8")):
                found.setdefault(code, set()).add(str(path.relative_to(PACKAGE)))
    return found


def test_every_code_in_the_source_has_its_row() -> None:
    missing = {code: files for code, files in used().items() if code not in CODES and code[0] in ROOMS}
    assert missing == {}


def test_every_row_is_used() -> None:
    assert [code for code in CODES if code not in used()] == []


@pytest.mark.parametrize("row", CODES.values(), ids=CODES)
def test_row_reads_well(row: Code) -> None:
    assert re.fullmatch(r"[UREPBI]\d{3}", row.key)
    assert row.title
    assert not row.title.endswith(".")
    assert row.explanation.endswith(".")
    assert "\n" not in row.explanation
    assert len(row.title) <= 60


def test_commands_named_in_explanations_exist() -> None:
    named = {word for row in CODES.values() for word in re.findall(r"`mscsec ([a-z][a-z-]+)", row.explanation)}
    planned = {
        "assess",
        "integrity",
        "plot",
        "report",
        "regress",
        "grade",
        "trace",
        "export",
        "import",
        "diff",
        "batch",
    }
    assert "check" in named
    assert named - set(COMMANDS) - planned == set()
