"""`mscsec regress` at a terminal: long names of coefficients do not make its tables wider than the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from mscsec.cli.output import broken, display_width

from .conftest import Cli

TRIALS = """\
study,yi,vi,allocation_concealment_of_trial,dose_in_micrograms_per_kilogram,site
a,0.1,0.04,alternate assignment by the day of admission,10,x
b,0.3,0.05,alternate assignment by the day of admission,20,x
c,0.2,0.03,systematic assignment of consecutive patients,15,y
d,-0.4,0.06,systematic assignment of consecutive patients,25,y
e,0.5,0.02,random,40,z
f,0.35,0.07,random,35,z
g,0.15,0.07,random,38,w
h,-0.15,0.03,alternate assignment by the day of admission,33,w
"""
DOSE = "dose_in_micrograms_per_kilogram"
CALLS = [
    ("--moderators", f"allocation_concealment_of_trial + {DOSE}", "--permutations", "20", "--cluster", "site"),
    ("--moderators", DOSE, "--at", f"{DOSE}=4", "--scale", DOSE),
]


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("call", CALLS, ids=["factor", "scale"])
def test_the_tables_fit_and_say_every_name(call: tuple[str, ...], columns: int, cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(TRIALS, encoding="utf-8")
    code, out, err = cli("regress", "--table", "t.csv", *call, columns=columns)
    assert code == 0, err
    assert max(map(display_width, out.splitlines())) <= columns
    table = out.split("\n\n")[1]
    assert "".join(line[:20].strip() if line.startswith("  ") else line.split("  ")[0] for line in table.splitlines()).endswith(DOSE)  # fmt: skip


@pytest.mark.parametrize("cells", [8, 12, 20, 60])
@pytest.mark.parametrize(
    "name", ["short", "a_name_with_marks:and[T.words in it]", "x" * 50, "试验地点的名称很长" * 3, ""]
)
def test_a_broken_name_fits_and_loses_no_letter(name: str, cells: int) -> None:
    lines = broken(name, cells)
    assert all(display_width(line) <= cells for line in lines)
    assert "".join("".join(lines).split()) == "".join(name.split())
    assert len(lines) == 1 or display_width(name) > cells
