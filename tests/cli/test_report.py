"""`mscsec report`: the file it writes, and what it says where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Cli


def test_a_page_is_written_whole(cli: Cli, here: Path):
    code, out, err = cli("report", "-o", "review.html")
    assert (code, out) == (0, "")
    assert err == "Reading the evidence base: studies (8 studies)\nWrote review.html\n"
    page = (here / "review.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    assert "Death by day 28" in page


def test_outcomes_can_be_chosen(cli: Cli, here: Path):
    assert cli("report", "--outcome", "stay", "-o", "review.html").code == 0
    page = (here / "review.html").read_text(encoding="utf-8")
    assert 'id="outcome-stay"' in page
    assert 'id="outcome-death"' not in page


def test_nothing_is_overwritten_without_force(cli: Cli, here: Path):
    (here / "review.html").write_text("mine")
    answer = cli("report", "-o", "review.html")
    assert answer.code == 2
    assert "--force" in answer.err
    assert (here / "review.html").read_text() == "mine"
    assert cli("report", "-o", "review.html", "--force").code == 0
    assert (here / "review.html").read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("report",), 2, "name the file to write: mscsec report -o review.html"),
        (("report", "-o", "review.xyz"), 2, "the suffix '.xyz' of review.xyz names no kind of report"),
        (("report", "--outcome", "deth", "-o", "r.html"), 2, "death"),
        (("report", "--outcome", "score", "-o", "r.html"), 3, "no outcome of the review has a result"),
        (("report", "--studies", "nowhere", "-o", "r.html"), 2, "nowhere"),
    ],
)
def test_what_cannot_be_written_is_said(arguments: tuple[str, ...], code: int, said: str, cli: Cli, here: Path):
    answer = cli(*arguments)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    assert not (here / "r.html").exists()
