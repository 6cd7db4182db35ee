"""`mscsec plot`: files, what is refused, and that nothing is drawn before it can be written."""

from __future__ import annotations

from pathlib import Path

import pytest

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
        (("forest", *DEATH, "--model", "common", "--prediction", "hts"), "leave out --prediction"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], words: str, cli: Cli, here: Path) -> None:
    code, out, err = cli("plot", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert not list(here.glob("*.svg"))
