"""Numbers of `pool` on the scale that its page has: a single group's measures, decimals around an estimate, notes in CSV."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from .conftest import Cli

EFFECTS = "study,yi,vi,dose\nA,0.1,0.04,1\nB,0.3,0.05,2\nC,0.9,0.02,3\nD,-0.2,0.08,4\nE,0.5,0.03,5\nF,0.7,0.06,6\n"
GROUPS = "study,events,n,g\nA,4,123,a\nB,6,306,a\nC,0,62,b\nD,62,598,a\nE,33,69,b\nF,18,18,b\n"
RATES = """\
study,events_1,time_1,events_2,time_2,dose
A,4,1230,11,1390,1
B,6,3060,29,3030,2
C,0,620,11,600,3
D,62,13598,248,12867,4
E,0,5069,0,5808,5
F,180,15410,372,14510,6
"""


@pytest.fixture
def tables(here: Path) -> Path:
    for name, text in (("effects", EFFECTS), ("groups", GROUPS), ("rates", RATES)):
        (here / f"{name}.csv").write_text(text)
    return here


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("ci", "shown"),
    [
        ("wald", "the standard error of the interval shown"),
        ("t", "the standard error of the interval shown"),
        ("hksj", "the Wald standard error"),
        ("kr", "the Wald standard error"),
        ("hc", "the Wald standard error"),
    ],
)
def test_the_standard_error_of_a_prediction_interval_is_said_as_it_is(cli: Cli, ci: str, shown: str) -> None:
    call = ("pool", "--table", "effects.csv", "--ci", ci, "--prediction", "t-k1")
    assert f"the prediction interval uses t with k - 1 degrees of freedom and {shown}." in flat(cli(*call).out)
    found = json.loads(cli(*call, "--json").out)["result"]
    half = (found["prediction_high"] - found["prediction_low"]) / 2 / 2.5705818366  # t(5), 0.975
    same = half**2 == pytest.approx(found["tau2"] + found["se"] ** 2)
    assert same == (shown != "the Wald standard error")


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("measure", ["PFT", "PLO", "PR"])
def test_a_single_group_has_no_effect_to_test_or_to_exclude(cli: Cli, measure: str) -> None:
    call = ("pool", "--table", "groups.csv", "--measure", measure)
    for form in ((), ("--markdown",), ("--csv",), ("--by", "g"), ("--by", "g", "--markdown"), ("--by", "g", "--csv")):
        said = flat(cli(*call, *form).out)
        assert "no effect" not in said
        assert "P204" not in said
    assert "k tau2 (95% CI) I2 95% PI" in flat(cli(*call, "--by", "g").out)
    assert "| g | k | τ² (95% CI) | I² | 95% PI |" in cli(*call, "--by", "g", "--markdown").out
    assert "k P tau2 (95% CI)" in flat(cli("pool", "--table", "rates.csv", "--measure", "IRR", "--by", "dose").out)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("more", [(), ("--by", "g")])
@pytest.mark.parametrize("measure", ["PFT", "PLO"])
def test_the_axis_of_the_forest_is_that_of_its_figures(cli: Cli, measure: str, more: tuple[str, ...]) -> None:
    lines = cli("pool", "--table", "groups.csv", "--measure", measure, *more).out.splitlines()
    (labels,) = (lines[place + 1] for place, line in enumerate(lines) if "─┴─" in line)
    ticks = [float(text) for text in labels.split()]
    assert min(ticks) == 0
    assert 0.8 <= max(ticks) <= 1
    (row,) = (line for line in lines if line.strip().startswith("E "))  # 33 of 69 stands between 0.4 and 0.6
    assert labels.index("0.4") < row.index("■") < labels.index("0.6") + 2


@pytest.mark.usefixtures("tables")
def test_a_prediction_interval_has_the_decimals_of_its_estimate(cli: Cli) -> None:
    call = ("pool", "--table", "rates.csv", "--measure", "IRD")
    shown = json.loads(cli(*call, "--json").out)["result"]["display"]
    low, high = (f"{shown[f'prediction_{end}']:.4f}" for end in ("low", "high"))
    assert abs(shown["estimate"]) < 0.01 < abs(shown["prediction_low"])
    assert f"95% PI {low} to {high} for" in cli(*call).out
    assert f"[{low}, {high}]" in cli(*call).out
    assert f"95% PI {low} to {high} for" in cli(*call, "--markdown").out
    regressed = ("regress", "--table", "rates.csv", "--measure", "IRD", "--moderators", "dose", "--at", "dose=4")
    found = json.loads(cli(*regressed, "--json").out)["predictions"]
    numbers = [found[name][0] for name in ("estimate", "ci_low", "ci_high", "prediction_low", "prediction_high")]
    assert abs(numbers[0]) < 0.01 < max(map(abs, numbers))
    estimate, *ends = (f"{value:.4f}" for value in numbers)
    assert f"{estimate} {ends[0]} to {ends[1]} {ends[2]} to {ends[3]}" in flat(cli(*regressed).out)


def test_notes_in_csv_have_the_words_of_the_terminal(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(
        "study,events_1,n_1,events_2,n_2\nA,4,123,11,139\nB,6,306,29,303\nC,30,231,41,220\nD,0,50,0,50\n"
    )
    call = ("pool", "--table", "t.csv", "--measure", "OR")
    for more in ((), ("--method", "MH")):
        notes = [row["notes"] for row in csv.DictReader(cli(*call, *more, "--csv").out.splitlines())][-1]
        assert notes
        said = flat(cli(*call, *more).out)
        assert all(note in said for note in notes.split("; ") if "." not in note.rstrip("."))
        assert ("the Hartung-Knapp interval is shown" in notes) == ("the Hartung-Knapp interval is shown" in said)
        assert "disagrees about 0" not in notes
        assert "study 4" not in notes


@pytest.mark.usefixtures("tables")
def test_a_regression_in_markdown_says_its_scale_and_who_is_left_out(cli: Cli) -> None:
    call = ("regress", "--table", "rates.csv", "--measure", "IRR", "--moderators", "dose", "--markdown")
    out = cli(*call).out
    assert "Coefficients are on the log scale; exp() is the ratio of IRRs per unit." in out
    assert "Not in the analysis: E (left out: nobody had an event)." in out
    assert "Coefficients are on" not in cli(*("regress", "--table", "effects.csv", "--moderators", "dose", "--markdown")).out  # fmt: skip


@pytest.mark.parametrize("more", [(), ("--by", "g")])
@pytest.mark.parametrize(("option", "what"), [("--ci", "interval"), ("--prediction", "prediction interval")])
def test_an_interval_without_bounds_is_said_to_say_nothing(
    cli: Cli, here: Path, option: str, what: str, more: tuple[str, ...]
) -> None:
    rows = "study,events_1,n_1,events_2,n_2,g\nA,60,250,70,250,x\nB,20,120,23,122,x\nC,1,60,3,61,x\n"
    (here / "t.csv").write_text(rows)
    call = ("pool", "--table", "t.csv", "--measure", "RR", option, "kr", *more)
    said = flat(cli(*call).out)
    assert f"The {what} stands on " in said
    assert "so that it is practically without bounds; take another [P210]" in said
    assert f"An end of the {what} is beyond any number on the natural scale" in said
    assert said.count(f"An end of the {what} is beyond") == (2 if more else 1)  # of the subgroup and of all
    assert "P210" not in cli("pool", "--table", "t.csv", "--measure", "RR", *more).out
