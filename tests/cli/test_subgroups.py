"""`mscsec pool --by`: the words around the groups are true of the model, and what the terminal notes stands in every form."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from .conftest import Cli

ROWS = """\
study,yi,vi,g
A,.3,.1,a
B,.3,.2,a
C,.3,.3,a
D,.5,.1,b
E,.9,.1,b
"""
BY = ("pool", "--table", "t.csv", "--by", "g")


@pytest.fixture
def table(here: Path) -> None:
    (here / "t.csv").write_text(ROWS, encoding="utf-8")


@pytest.mark.usefixtures("table")
def test_a_common_effect_has_no_between_study_variance_to_speak_of(cli: Cli, here: Path) -> None:
    for form in ((), ("--markdown",), ("--csv",)):
        out = " ".join(cli(*BY, "--model", "common", *form, columns=120).out.split())
        assert "each with a common effect" in out
        assert "of its own" not in out
        assert "own tau2" not in out
    # means 0.3 and 0.7 with weights 55/3 and 20: Q = 0.4^2 / (3/55 + 1/20) = 1.53
    assert "P = 0.22 (a common effect within each subgroup)" in cli(*BY, "--model", "common", columns=120).out
    assert "(each subgroup with its own tau2)" in cli(*BY, columns=120).out
    assert "(one tau2 for all subgroups)" in cli(*BY, "--common-tau2", columns=120).out
    for model, says in (("common", False), ("random", True)):
        draw = ("plot", "forest", "--table", "t.csv", "--by", "g", "--model", model, "-o", f"{model}.svg")
        assert cli(*draw).code == 0
        picture = (here / f"{model}.svg").read_text(encoding="utf-8")
        assert ("of each subgroup" in picture) is says


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    "form", [(), ("--markdown",), ("--csv",), ("--json",)], ids=["text", "markdown", "csv", "json"]
)
def test_identical_effects_in_a_subgroup_take_the_test_away_and_leave_the_groups(
    cli: Cli, form: tuple[str, ...]
) -> None:
    code, out, err = cli(*BY, "--ci", "hksj", *form, columns=120)
    assert (code, err) == (0, "")
    said = " ".join(out.split())
    assert "the standard error of a is zero, so its mean has no weight" in said
    assert "P412" in said
    if form in ((), ("--markdown",)):
        assert "Test for subgroup differences: not possible, the standard error of a is zero" in said
    if form == ("--json",):
        assert json.loads(out)["result"]["between"]["q"] is None


@pytest.mark.usefixtures("table")
def test_what_the_terminal_notes_stands_in_markdown_and_csv(cli: Cli) -> None:
    note = "Two studies: the between-study variance is hardly estimable and its interval very wide [P202]"
    assert f"Note on b: {note}" in " ".join(cli(*BY, columns=120).out.split())
    assert f"- Note on b: {note}" in cli(*BY, "--markdown").out.splitlines()
    rows = {row["group"]: row for row in csv.DictReader(cli(*BY, "--csv").out.splitlines()) if row["study"] == "pooled"}
    assert rows["b"]["notes"].startswith(note)
    assert rows["b"]["method"].startswith("The effects as reported of 2 studies were pooled by inverse variance")
    assert rows[""]["method"].startswith("Subgroups by g were pooled separately")


def test_markdown_keeps_its_columns_and_the_notes_of_its_studies(cli: Cli, here: Path) -> None:
    rows = "study,yi,ci_low,ci_high,sei,g\nA|1,.3,,,.3,x|y\nB,.4,,,.2,x|y\nC,.5,,,.2,z\nD,.1,,,.2,z\n"
    (here / "t.csv").write_text(rows, encoding="utf-8")
    out = cli(*BY, "--markdown").out
    assert "| A\\|1 |" in out
    assert "| *x\\|y* |" in out
    assert "\n| x\\|y | 2 |" in out


@pytest.mark.usefixtures("table")
def test_what_is_said_of_all_studies_stands_under_the_groups(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text("study,yi,vi,g\nA,.1,.1,a\nB,.9,.1,b\n", encoding="utf-8")
    assert "Note on all studies: Two studies: the between-study variance" in " ".join(cli(*BY, columns=120).out.split())


def test_a_subgroup_too_small_for_a_method_is_named(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(ROWS + "F,.2,.1,c\n", encoding="utf-8")
    code, out, err = cli(*BY, "--ci", "hc")
    assert (code, out) == (3, "")
    assert "needs 2 studies or more, found 1. So few are in g = c; leave out --by, or take another method [P101]" in err
    err = cli("pool", "--table", "t.csv", "--by", "study", "--common-tau2").err
    assert "needs 7 studies or more, found 6 [P101]" in err
