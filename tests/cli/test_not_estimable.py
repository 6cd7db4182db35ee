"""A study without an estimate of its own, in methods that count it: shown as such, and counted alike by every command."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from .conftest import Cli

HEAD = "study,events_1,n_1,events_2,n_2\n"
TABLE = "a,4,100,11,120\nb,0,50,3,50\nc,7,80,9,82\nd,0,30,0,30\ne,15,200,22,190\nf,2,45,6,40\n"
FULL = "g,12,12,9,9\n"
WORDS = "not estimable"
FROM_CELLS = ("MH", "Peto", "UM.FS", "UM.RS", "CM.EL", "CM.AL", "BB", "Firth", "SSW")


@pytest.fixture
def pool(cli: Cli, here: Path) -> tuple[str, ...]:
    (here / "t.csv").write_text(HEAD + TABLE)
    return ("pool", "--table", "t.csv", "--measure", "OR")


def row_of(text: str, study: str) -> str:
    return next(line for line in text.splitlines() if line.split()[:1] == [study])


@pytest.mark.parametrize("method", FROM_CELLS)
def test_a_study_without_events_stands_without_an_estimate(method: str, cli: Cli, pool: tuple[str, ...]) -> None:
    out = cli(*pool, "--method", method, columns=100).out
    assert row_of(out, "d").split()[1:3] == ["0/30", "0/30"]
    assert WORDS in row_of(out, "d")
    assert "52.04" not in out  # the upper end of 1.00 [0.02, 52.04], which a half in each cell would make of it
    assert WORDS not in row_of(out, "b")


def test_a_study_full_of_events_has_no_ratio_either(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(HEAD + TABLE + FULL)
    for measure, without in (("OR", True), ("RR", True), ("RD", False)):
        out = cli("pool", "--table", "t.csv", "--measure", measure, "--method", "MH", columns=100).out
        assert (WORDS in row_of(out, "g")) is without
        assert (WORDS in row_of(out, "d")) is (measure != "RD")


def test_every_command_counts_the_same_studies(cli: Cli, here: Path, pool: tuple[str, ...]) -> None:
    (here / "all.csv").write_text("analysis," + HEAD + "".join(f"A,{line}\n" for line in TABLE.split()))
    rows = {row["method"]: row for row in csv.DictReader(io.StringIO(cli(*pool, "--compare", "--csv").out))}
    for method in ("MH", "Peto"):
        alone = json.loads(cli(*pool, "--method", method, "--json").out)["result"]["k"]
        batch = cli("batch", "all.csv", "-g", "analysis", "--measure", "OR", "--method", method).out
        # metafor 3.8: rma.mh and rma.peto count d as well (k = 6), of which five have an estimate (k.yi)
        assert (alone, int(rows[method]["k"]), int(next(csv.DictReader(io.StringIO(batch)))["k"])) == (6, 6, 6)


@pytest.mark.parametrize("kind", ["forest", "funnel", "labbe"])
def test_every_picture_calls_it_by_its_name(kind: str, cli: Cli, pool: tuple[str, ...]) -> None:
    told = cli("plot", kind, *pool[1:], "--method", "MH", "-o", f"{kind}.svg").err
    assert "No event in either arm of d (1 of 6): no estimate of its own" in told
    assert "A zero cell in b (1 of 6)" in told


def test_it_has_no_numbers_in_any_form(cli: Cli, pool: tuple[str, ...]) -> None:
    numbers = ("yi", "vi", "sei", "ci_low", "ci_high", "estimate", "low", "high")
    read = json.loads(cli(*pool, "--method", "Peto", "--json").out)["effects"]["rows"][3]
    assert [read[name] for name in numbers] == [None] * len(numbers)
    assert read["experimental"]["n"] == 30
    table = list(csv.DictReader(io.StringIO(cli(*pool, "--method", "MH", "--csv").out)))
    assert [table[3][name] for name in ("yi", "vi", "sei", "estimate", "ci_low", "ci_high")] == [""] * 6
    assert (table[3]["weight"], table[3]["n_1"]) == ("0.0", "30.0")
    page = cli(*pool, "--method", "MH", "--markdown").out
    assert f"0/30 | 0/30 | {WORDS} | 0.0% |" in page


def test_the_note_says_what_became_of_it(cli: Cli, pool: tuple[str, ...]) -> None:
    said = {
        more: " ".join(cli(*pool, *more, columns=120).out.split())
        for more in (("--method", "MH"), ("--method", "MH", "--model", "random"), ("--method", "Peto"))
    }
    common, random, peto = said.values()
    assert "of d (1 of 6): no estimate of its own, and nothing added to the sums [P302]" in common
    assert "of d (1 of 6): no estimate of its own; left out [P302]" in random
    assert "of d (1 of 6): no information for Peto's method [P302]" in peto


@pytest.mark.parametrize("kind", ["forest", "funnel", "radial", "labbe", "drapery", "profile"])
@pytest.mark.parametrize("method", ["MH", "Peto", "UM.FS"])
def test_pictures_do_without_it(kind: str, method: str, cli: Cli, here: Path, pool: tuple[str, ...]) -> None:
    code, _, err = cli("plot", kind, *pool[1:], "--method", method, "-o", "p.svg")
    assert code == 0, err
    drawn = (here / "p.svg").read_text()
    assert (f"<!-- {WORDS} -->" in drawn) is (kind == "forest")


def test_further_models_stand_below_it(cli: Cli, here: Path, pool: tuple[str, ...]) -> None:
    call = ("--method", "MH", "--and", "DL", "--and", "Peto", "--sort", "-effect", "-o", "p.svg")
    code, _, err = cli("plot", "forest", *pool[1:], *call)
    assert code == 0, err
    drawn = (here / "p.svg").read_text()
    # metafor 3.8: rma(measure="OR", method="DL", drop00=TRUE): exp(-0.62085) = 0.54 [0.33, 0.88]; without d
    for text in ("0.54", "[0.33,", "0.88]"):
        assert f"<!-- {text} -->" in drawn


@pytest.mark.parametrize("method", ["MH", "Peto"])
def test_in_a_base_of_records_too(method: str, cli: Cli) -> None:
    measure = ("--measure", "OR", "--comparison", "active_vs_control")
    code, out, err = cli("pool", "--outcome", "death", *measure, "--method", method, columns=100)
    assert code == 0, err
    assert row_of(out, "Ford").split()[2:4] == ["0/15", "0/15"]
    assert WORDS in row_of(out, "Ford")
    assert "ford2021" not in out.partition("Not in the analysis")[2]
    plain = cli("pool", "--outcome", "death", *measure, columns=100).out
    assert "ford2021" in plain.partition("Not in the analysis")[2]
