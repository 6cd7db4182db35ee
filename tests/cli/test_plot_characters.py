"""Pictures with characters: marks stand at the numbers, and a terminal without line drawing gets ASCII."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mscsec.plots import characters, characters_funnel
from mscsec.plots.characters_funnel import ROWS, SIDE, funnel_lines
from mscsec.report.numbers import number

from ..plots.samples import CHOSEN, far_apart, sizes_of
from .conftest import Cli

DEATH = ("--outcome", "death", "--comparison", "active_vs_control")


def drawn(k: int, cells: int = 80) -> tuple[list[str], list[float]]:
    from mscsec.synthesis.fit import fit_effects

    sizes = sizes_of(k)
    fit = fit_effects(sizes, CHOSEN)
    return funnel_lines(sizes, fit, cells, characters.UNICODE, characters_funnel.UNICODE), [
        row.sei for row in sizes.rows
    ]


@pytest.mark.parametrize("cells", [60, 80, 120])
@pytest.mark.parametrize("k", [1, 3, 30, 200])
def test_a_funnel_has_a_mark_for_every_study_and_fits(k: int, cells: int) -> None:
    lines, _ = drawn(k, cells)
    assert max(map(len, lines)) <= cells
    marks = "".join(line[SIDE + 1 :] for line in lines[:ROWS])
    told = [1 if mark == "●" else int(mark) for mark in re.findall(r"[●2-9]", marks)]
    if "*" not in marks:
        assert sum(told) == k


def test_a_study_stands_in_the_line_of_its_standard_error() -> None:
    lines, errors = drawn(3)
    found = [row for row, line in enumerate(lines[:ROWS]) for _ in re.findall("●", line)]
    largest = max(errors) * 1.02
    assert found == sorted(round(se / largest * (ROWS - 1)) for se in errors)
    assert lines[ROWS - 1].strip().startswith(number(largest))


def test_extreme_standard_errors_are_drawn() -> None:
    from mscsec.synthesis.fit import fit_effects

    sizes = far_apart(30)
    lines = funnel_lines(sizes, fit_effects(sizes, CHOSEN), 80, characters.ASCII, characters_funnel.ASCII)
    assert max(map(len, lines)) <= 80
    assert all(line.isascii() for line in lines)


@pytest.mark.parametrize("kind", ["forest", "funnel", "traffic-light"])
def test_without_a_file_it_is_printed(kind: str, cli: Cli, here: Path) -> None:
    arguments = DEATH if kind != "traffic-light" else ("--tool", "rob2")
    code, out, _ = cli("plot", kind, *arguments)
    assert code == 0
    assert len(out.splitlines()) > 8
    assert not list(here.glob("*.svg"))
    assert cli("plot", kind, *arguments, "-o", "-").out == out


def test_the_terminal_says_what_the_file_says(cli: Cli) -> None:
    pooled = json.loads(cli("pool", *DEATH, "--json").out)["result"]["display"]["estimate"]
    for kind in ("forest", "funnel"):
        assert f"RR {number(pooled)}" in cli("plot", kind, *DEATH).out
    for columns in (60, 80, 120):
        words = " ".join(cli("plot", "funnel", *DEATH, columns=columns).out.split())
        assert "; k = 4 ● study" in words
        assert "No test of funnel asymmetry: 4 studies" in words


@pytest.mark.parametrize(
    "options", [("--width", "2"), ("--palette", "grey"), ("--dpi", "300"), ("--contours",), ("--y", "n")]
)
def test_what_only_a_file_shows_is_refused(options: tuple[str, ...], cli: Cli) -> None:
    code, out, err = cli("plot", "funnel", *DEATH, *options)
    assert (code, out) == (2, "")
    assert f"with {options[0]} the picture goes into a file" in err


def test_a_title_of_ones_own(cli: Cli) -> None:
    assert cli("plot", "funnel", *DEATH, "--title", "Another name").out.startswith("Another name\n")


def test_options_of_another_kind_are_refused(cli: Cli) -> None:
    for kind, options in (
        ("radial", ("--contours",)),
        ("gosh", ("--moderator", "n")),
        ("prisma", ("--outcome", "death")),
    ):
        code, _, err = cli("plot", kind, *(DEATH if kind != "prisma" else ()), *options)
        assert code == 2
        assert f"has no use for {options[0]}" in err


def test_a_review_without_a_flow_exits_with_three(cli: Cli) -> None:
    code, _, err = cli("plot", "prisma", "-o", "flow.svg")
    assert code == 3
    assert "identified, removed, screened" in err


def test_a_picture_of_bias_says_why_it_is_not_weighted(cli: Cli, here: Path) -> None:
    code, _, err = cli("plot", "summary", "--outcome", "death", "--tool", "rob2", "-o", "bias.svg")
    assert code == 0
    assert "Not weighted" in err
    assert (here / "bias.svg").is_file()
