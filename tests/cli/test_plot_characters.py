"""Pictures with characters: marks stand at the numbers, and a terminal without line drawing gets ASCII."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from mscsec.cli.render_pool import short_label
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


@pytest.mark.parametrize("glyphs", [characters.UNICODE, characters.ASCII])
def test_an_interval_that_crosses_no_effect_shows_where(glyphs: characters.Glyphs) -> None:
    scale = characters.Axis(-2.0, 2.0, 41, False)
    across = characters.study_line(scale, -1.0, -1.5, 1.5, 0.0, glyphs)
    assert across[20] == glyphs.crossed
    assert across.count(glyphs.crossed) == 1
    assert characters.pooled_line(scale, -0.5, -1.0, 0.5, 0.0, glyphs)[20] == glyphs.pooled_crossed
    assert characters.prediction_line(scale, -1.0, 0.5, 0.0, glyphs)[20] == glyphs.crossed
    assert characters.study_line(scale, -1.0, -2.0, -0.04, 0.0, glyphs)[20] == glyphs.null  # it ends before no effect
    beside = characters.study_line(scale, -1.0, -1.5, -0.5, 0.0, glyphs)
    assert beside[20] == glyphs.null


@pytest.mark.parametrize("width", [10, 16, 24, 38, 60])
@pytest.mark.parametrize(("low", "high"), [(0.0098, 7.5), (0.6, 1.3), (0.05, 2.9), (1e-4, 900.0), (0.1, 31.0)])
def test_no_tick_is_left_out_between_two_others(width: int, low: float, high: float) -> None:
    scale = characters.Axis(math.log(low), math.log(high), width, True)
    _, labels = characters.axis_lines(scale, 0.0, characters.ASCII)
    found = [float(text) for text in labels.split()]
    assert found
    assert len(labels) == width
    sets = [[math.exp(value) for value in characters.ticks(scale, count)] for count in range(1, 9)]
    assert any(
        found == pytest.approx(whole[first : first + len(found)])
        for whole in sets
        for first in range(len(whole) - len(found) + 1)
    )


def test_the_words_for_whom_it_favours_run_on_beside_the_plot() -> None:
    scale = characters.Axis(-8.0, 0.5, 30, False)
    names = ("experimental", "comparator")
    assert characters.favours(scale, 0.0, names, (0, 0), characters.ASCII) == ""
    line = characters.favours(scale, 0.0, names, (12, 30), characters.ASCII)
    assert line.split() == ["<", "favours", "experimental", "favours", "comparator", ">"]
    assert line.index("   favours comparator") == 12 + scale.column(0.0) - 1
    assert characters.favours(scale, 0.0, ("", ""), (12, 30), characters.ASCII) == ""


def test_a_label_that_is_cut_keeps_its_year() -> None:
    cut = short_label("Collaborative Group on Pneumonia 2021", 14)
    assert cut.startswith("Collab")
    assert cut.endswith(" 2021")
    assert len(cut) <= 14
    assert short_label("Smith 2021", 14) == "Smith 2021"


@pytest.mark.parametrize("kind", ["forest", "funnel", "traffic-light"])
def test_a_plain_terminal_gets_ascii(kind: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    arguments = DEATH if kind != "traffic-light" else ("--tool", "rob2")
    for columns in (60, 80):
        out = cli("plot", kind, *arguments, columns=columns).out
        assert out.isascii(), [sign for sign in out if not sign.isascii()]
        assert max(map(len, out.splitlines())) <= columns
