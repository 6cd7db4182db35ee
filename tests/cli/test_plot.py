"""`mscsec plot`: files, what is refused, and that nothing is drawn before it can be written."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from mscsec.errors import UsageError
from mscsec.plots.theme import picture

from .conftest import Cli

DEATH = ("--outcome", "death", "--comparison", "active_vs_control")


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_a_picture_is_written(suffix: str, cli: Cli, here: Path) -> None:
    code, out, err = cli("plot", "forest", *DEATH, "-o", f"death.{suffix}")
    assert (code, out) == (0, "")
    assert f"Wrote death.{suffix}" in err
    start = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}[suffix]
    assert (here / f"death.{suffix}").read_bytes().startswith(start)


def test_the_file_is_named_after_the_kind_where_none_is_named(cli: Cli, here: Path) -> None:
    assert cli("plot", "radial", *DEATH).code == 0
    assert (here / "radial.svg").is_file()
    code, _, err = cli("plot", "radial", *DEATH)
    assert code == 2
    assert "radial.svg exists already" in err
    assert cli("plot", "radial", *DEATH, "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("wood", *DEATH), "unknown kind of picture 'wood'"),
        (("forest",), "name an outcome"),
        (("forest", *DEATH, "-o", "a.jpg"), "'.jpg'"),
        (("radial", *DEATH, "--width", "3 columns"), "--width is 3 columns"),
        (("radial", *DEATH, "--palette", "gray"), "unknown palette 'gray'"),
        (("radial", *DEATH, "--dpi", "7"), "--dpi is 7"),
        (("radial", *DEATH, "--dpi", "0"), "--dpi is 0"),
        (("forest", *DEATH, "--model", "common", "--prediction", "hts"), "leave out --prediction"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], words: str, cli: Cli, here: Path) -> None:
    code, out, err = cli("plot", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert not list(here.glob("*.svg"))


def words(here: Path, name: str) -> str:
    """What an SVG says to those who cannot see it."""
    return (here / name).read_text(encoding="utf-8").split("<desc")[1].split("</desc>")[0]


def test_the_estimate_is_that_of_pool(cli: Cli, here: Path) -> None:
    options = ("--measure", "OR", "--tau2", "PM", "--ci", "wald", "--exclude", "abel2019")
    shown = cli("pool", *DEATH, *options).out
    assert cli("plot", "forest", *DEATH, *options, "-o", "f.svg").code == 0
    found = next(line for line in shown.splitlines() if line.startswith(("Pooled effect", "Effect")))
    estimate = found.split(": ")[1].split(")")[0] + ")"
    assert estimate in words(here, "f.svg")


def test_further_models_stand_below(cli: Cli, here: Path) -> None:
    call = ("plot", "forest", *DEATH, "--and", "common", "--and", "DL,hksj", "--and", "MH", "-o", "f.svg")
    assert cli(*call).code == 0
    said = words(here, "f.svg")
    assert "common effect: RR" in said
    assert "random effects (DL" in said
    assert "Mantel-Haenszel, common effect: RR" in said
    pooled = cli("pool", *DEATH, "--method", "MH").out
    found = next(line for line in pooled.splitlines() if line.startswith("Pooled effect"))
    assert found.split(": ")[1].split(")")[0] in said


def test_subgroups_and_columns_come_from_the_records(cli: Cli, here: Path) -> None:
    call = ("plot", "forest", *DEATH, "--by", "blinding_assessors", "--columns", "study,year,effect", "--sort", "-year")
    assert cli(*call, "-o", "f.svg").code == 0
    assert "no-blinding: RR" in words(here, "f.svg")


def test_what_is_dropped_is_said(cli: Cli) -> None:
    code, _, err = cli("plot", "forest", *DEATH, "--width", "1", "-o", "f.svg")
    assert code == 0
    assert "Left out for want of room: group data" in err
    assert cli("plot", "forest", *DEATH, "--width", "12", "--force", "-o", "f.svg").err.count("Left out") == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--and", "fixed effects"), "unknown model (--and) 'fixed effects'"),
        (("--and", "colour=red"), "unknown choice of a model 'colour'"),
        (("--columns", "study,weigth"), "did you mean 'weight'"),
        (("--sort", "size"), "unknown order (sort) 'size'"),
        (("--at", "0,1"), "value of zero or below"),
        (("--at", "one"), "--at is one"),
        (("--limits", "2"), "--limits is 2"),
        (("--limits", "2,1"), "--limits is 2,1"),
        (("--lines", "mean"), "unknown line (lines) 'mean'"),
        (("--names", "one"), "--names is one"),
        (("--favours", "a,b,c"), "--favours is a,b,c"),
        (("--lights", "rob9"), "rob9"),
        (("--by", "colour"), "unknown field 'colour'"),
        (("--by", "year", "--method", "MH"), "leave out --method"),
    ],
)
def test_options_of_the_forest_plot_are_checked(arguments: tuple[str, ...], words: str, cli: Cli, here: Path) -> None:
    code, out, err = cli("plot", "forest", *DEATH, *arguments, "-o", "f.svg")
    assert (code, out) == (2, "")
    assert words in err
    assert not list(here.glob("*.svg"))


def test_a_table_is_drawn_too(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text("study,events_1,n_1,events_2,n_2\na,3,20,6,20\nb,5,40,9,41\nc,0,12,2,11\n")
    call = ("plot", "forest", "--table", "t.csv", "--measure", "RR", "--title", "Trials", "--at", "0.1,1,10")
    assert cli(*call, "-o", "t.svg").code == 0
    assert "Forest plot: Trials" in (here / "t.svg").read_text(encoding="utf-8")
    code, _, err = cli(*call, "--integrity", "-o", "u.svg")
    assert code == 2
    assert "a table has none" in err


def test_a_common_model_has_no_prediction_interval(cli: Cli, here: Path) -> None:
    assert cli("plot", "forest", *DEATH, "--model", "common", "-o", "f.svg").code == 0
    assert "prediction" not in words(here, "f.svg")


def test_help_imports_no_matplotlib() -> None:
    import subprocess
    import sys

    code = "import sys; from mscsec.cli.app import run; run(['plot', '--help']); sys.exit('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0


def test_a_picture_too_long_for_a_png_is_not_sent_to_dots_that_are_refused() -> None:
    for inches, lower in ((300.0, "lower the dots to 218"), (4000.0, None)):
        with pytest.raises(UsageError, match="more than a png can hold here; write svg or pdf") as caught:
            picture(Figure(figsize=(2, inches)), "png", 300)
        assert ("lower the dots" in str(caught.value)) == (lower is not None)
        assert lower is None or lower in str(caught.value)


@pytest.mark.parametrize("standing", [("--trim-fill", "-o", "f.svg"), ("-o", "f.svg", "--trim-fill")])
def test_trim_and_fill_without_a_key_is_by_l0(standing: tuple[str, ...], cli: Cli, here: Path) -> None:
    rows = [f"s{number},{-0.4 + 0.1 * number},{0.05 + 0.05 * number}" for number in range(9)]
    (here / "t.csv").write_text("\n".join(["study,yi,sei", *rows]))
    call = ("plot", "funnel", "--table", "t.csv", "--measure", "GEN")
    assert cli(*call, *standing).code == 0
    bare = (here / "f.svg").read_text(encoding="utf-8")
    assert cli(*call, "--trim-fill", "L0", "-o", "g.svg").code == 0
    assert bare == (here / "g.svg").read_text(encoding="utf-8")
    assert "(L0)" in bare
    assert cli("plot", "--trim-fill", *call[1:], "-o", "first.svg").code == 0
    assert bare == (here / "first.svg").read_text(encoding="utf-8")
    code, _, err = cli(*call, "--trim-fill", "X1", "-o", "h.svg")
    assert code == 2
    assert "L0, R0, Q0" in err


def test_letters_that_no_typeface_has_are_named_once(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text("study,yi,sei\n\U00012000 2020,0.1,0.2\n\U00012000 2021,0.2,0.1\n", encoding="utf-8")
    code, _, err = cli("plot", "forest", "--table", "t.csv", "--measure", "GEN", "-o", "f.svg")
    assert code == 0
    assert err.count("boxes are drawn") == 1
    assert "\U00012000" in err
    assert "Install" in err


def test_a_bubble_plot_offers_the_fields_that_could_explain_the_effect(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text("study,yi,sei,dose\na,0.1,0.2,1\nb,0.3,0.3,2\nc,0.5,0.1,4\n", encoding="utf-8")
    code, _, err = cli("plot", "bubble", "--table", "t.csv", "-o", "b.svg")
    assert code == 2
    assert "--moderator dose. Fields that are numbers and differ here: dose [U001]" in err
