"""The preset rules over zero cells in a study's own effect, alike in `pool`, `batch`, `effects` and the methods from the cells."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pytest

import mscsec as ms
from mscsec.effects.zero_cells import ZERO_CELLS
from mscsec.pooling import PRESETS

from .conftest import Cli

HEAD = "study,events_1,n_1,events_2,n_2\n"
NONE = HEAD + "A,0,43,0,79\nB,2,26,7,74\nC,3,54,1,22\nD,12,65,2,29\nE,0,18,3,69\n"
FULL = HEAD + "A,43,43,79,79\nB,2,26,7,74\nC,3,54,1,22\nD,12,65,2,29\nE,1,18,3,69\n"
ARM = HEAD + "A,10,10,5,10\nB,3,20,0,22\nC,0,15,0,16\nD,12,12,14,14\nE,4,50,9,48\nF,2,9,9,9\n"
TABLES = {"none": NONE, "full": FULL, "arm": ARM}
# metafor 3.8: rma(measure=, ai=events_1, n1i=n_1, ci=events_2, n2i=n_2): estimate, standard error, k
RMA = {
    ("full", "RR"): (-0.00452315017414, 0.0184189039856, 5),
    ("full", "OR"): (0.344854759066, 0.46292172695, 5),
    ("full", "RD"): (0.00304292051625, 0.0156074759556, 5),
    ("none", "RR"): (0.299628867272, 0.444658229143, 5),
    ("none", "OR"): (0.329149478603, 0.477790210338, 5),
    ("none", "RD"): (0.00651118328893, 0.0152246962992, 5),
}


def cells(text: str) -> list[list[float]]:
    rows = list(csv.DictReader(io.StringIO(text)))
    return [[float(row[name]) for row in rows] for name in ("events_1", "n_1", "events_2", "n_2")]


@pytest.fixture(autouse=True)
def tables(here: Path) -> None:
    for name, text in TABLES.items():
        (here / f"{name}.csv").write_text(text)
        grouped = "".join(f"g,{line}\n" for line in text.splitlines()[1:])
        (here / f"{name}_batch.csv").write_text("analysis," + HEAD + grouped)


def test_each_preset_has_its_rule() -> None:
    assert list(ZERO_CELLS) == list(PRESETS)


@pytest.mark.parametrize(("table", "measure"), RMA)
def test_metafor_keeps_what_rma_keeps(table: str, measure: str, cli: Cli) -> None:
    call = ("pool", "--table", f"{table}.csv", "--measure", measure, "--preset", "metafor", "--json")
    found = json.loads(cli(*call).out)["result"]
    wanted = RMA[table, measure]
    assert (found["estimate"], found["se"], found["k"]) == pytest.approx(wanted, rel=1e-9)
    direct = ms.pool_counts(*cells(TABLES[table]), measure=measure, method="IV", preset="metafor")
    assert (direct.estimate, direct.se, direct.k) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
@pytest.mark.parametrize("table", TABLES)
def test_one_answer_from_every_command(table: str, measure: str, preset: str, cli: Cli) -> None:
    chosen = ("--measure", measure, "--preset", preset)
    alone = json.loads(cli("pool", "--table", f"{table}.csv", *chosen, "--json").out)["result"]
    batch = next(csv.DictReader(io.StringIO(cli("batch", f"{table}_batch.csv", *chosen).out)))
    assert (float(batch["estimate"]), int(batch["k"])) == pytest.approx((alone["estimate"], alone["k"]), rel=1e-9)
    compared = csv.DictReader(io.StringIO(cli("pool", "--table", f"{table}.csv", *chosen, "--compare", "--csv").out))
    row = next(row for row in compared if row["method"] == "IV")
    assert int(row["k"]) == alone["k"]
    direct = ms.pool_counts(*cells(TABLES[table]), measure=measure, method="IV", preset=preset)
    assert (direct.estimate, direct.se) == pytest.approx((alone["estimate"], alone["se"]), rel=1e-9)


def test_a_review_has_its_presets_rule(cli: Cli, here: Path) -> None:
    review = here / "studies" / "review.yaml"
    call = ("effects", "--outcome", "death", "--comparison", "active_vs_control", "--json")
    assert "ford2021" not in {row["study"] for row in json.loads(cli(*call).out)["effects"]["rows"]}
    review.write_text(review.read_text() + "analysis: {preset: metafor}\n")
    assert "ford2021" in {row["study"] for row in json.loads(cli(*call).out)["effects"]["rows"]}


@pytest.mark.parametrize("preset", PRESETS)
def test_petos_odds_ratio_has_nothing_added_but_by_metafor(preset: str, cli: Cli) -> None:
    chosen = ("--preset", preset, "--model", "common")
    out = cli("pool", "--table", "none.csv", "--measure", "PETO", *chosen, "--json").out
    found = json.loads(out)["result"]
    # metafor 3.8: rma(measure="PETO") adds 1/2 as escalc() does, rma.peto() does not
    rma, rma_peto = (0.330846436176, 0.414218069472, 5), (0.279179858922, 0.429083424998, 4)
    wanted = rma if preset == "metafor" else rma_peto
    assert (found["estimate"], found["se"], found["k"]) == pytest.approx(wanted, rel=1e-9)
    assert ("0.5 added" in out) == (preset == "metafor")
    line = next(csv.DictReader(io.StringIO(cli("batch", "none_batch.csv", "--measure", "PETO", *chosen).out)))
    assert (float(line["estimate"]), int(line["k"])) == pytest.approx(wanted[::2], rel=1e-9)
    alone = json.loads(cli("pool", "--table", "none.csv", "--method", "Peto", *chosen, "--measure", "OR", "--json").out)
    assert alone["result"]["estimate"] == pytest.approx(rma_peto[0], rel=1e-9)


@pytest.mark.parametrize("method", [("--method", "MH"), ("--method", "MH", "--model", "random"), ("--compare",)])
@pytest.mark.parametrize("preset", ["revman-5", "meta"])
def test_a_reviews_preset_holds_for_methods_from_the_cells(
    preset: str, method: tuple[str, ...], cli: Cli, here: Path
) -> None:
    call = ("pool", "--outcome", "death", "--comparison", "active_vs_control", "--measure", "RD", *method)
    default, wanted = cli(*call).out, cli(*call, "--preset", preset).out
    review = here / "studies" / "review.yaml"
    review.write_text(review.read_text() + f"analysis: {{preset: {preset}, tau2: PM}}\n")
    assert cli(*call).out == wanted != default
    assert cli(*call, "--preset", "cochrane-2025").out == default


def test_what_was_added_for_the_variance_alone_is_said_and_followed(cli: Cli) -> None:
    call = ("pool", "--table", "none.csv", "--measure", "RD", "--preset", "revman-5")
    assert "0.5 added to every cell for the variance alone" in " ".join(cli(*call).out.split())
    row = json.loads(cli(*call, "--json").out)["effects"]["rows"][4]
    assert row["yi"] == pytest.approx(0 / 18 - 3 / 69, rel=1e-12)
    assert row["vi"] == pytest.approx(0.5 * 18.5 / 19**3 + 3.5 * 66.5 / 70**3, rel=1e-12)
    steps = {step["result"]: dict(step["inputs"]) for step in row["derivation"]["steps"]}
    assert (steps["yi"]["p1"], steps["vi"]["p1"]) == (0, 0.5 / 19)


def test_under_meta_a_full_arm_keeps_its_events_in_the_variance_of_a_risk_ratio(cli: Cli) -> None:
    call = ("pool", "--table", "arm.csv", "--measure", "RR", "--preset", "meta", "--json")
    rows = {row["study"]: row for row in json.loads(cli(*call).out)["effects"]["rows"]}
    assert list(rows) == ["A", "B", "D", "E", "F"]
    # Hartung & Knapp (2001), equation 18: 1/2 in events and denominators, an arm full of events 1/n - 1/(n + 1/2)
    wanted = {
        "A": (0.0 - math.log(5.5 / 10.5), 1 / 10 - 1 / 10.5 + 1 / 5.5 - 1 / 10.5),
        "D": (0.0, 1 / 12 - 1 / 12.5 + 1 / 14 - 1 / 14.5),
        "F": (math.log(2.5 / 9.5), 1 / 2.5 - 1 / 9.5 + 1 / 9 - 1 / 9.5),
    }
    for study, numbers in wanted.items():
        assert (rows[study]["yi"], rows[study]["vi"]) == pytest.approx(numbers, rel=1e-12)
    steps = {step["result"]: dict(step["inputs"]) for step in rows["A"]["derivation"]["steps"]}
    assert (steps["vi"]["a"], steps["vi"]["n1"]) == (10, 10.5)


@pytest.mark.parametrize("method", ["BB", "SSW", "MH"])
def test_under_meta_a_study_full_of_events_is_in_every_method(method: str, cli: Cli) -> None:
    call = ("pool", "--table", "full.csv", "--measure", "RR", "--preset", "meta", "--method", method, "--json")
    found = json.loads(cli(*call).out)["result"]
    direct = ms.pool_counts(*cells(FULL), measure="RR", method=method, preset="meta")
    assert (found["estimate"], found["se"], found["k"]) == pytest.approx((direct.estimate, direct.se, 5), rel=1e-9)


def test_a_risk_ratio_of_events_in_everybody_is_counted_in_the_sums_alone(cli: Cli) -> None:
    out = cli("pool", "--table", "full.csv", "--measure", "RR", "--method", "MH", columns=120).out
    assert "Everybody had the event in A (1 of 5): no estimate of its own, but counted in the sums" in " ".join(
        out.split()
    )
    found = json.loads(cli("pool", "--table", "full.csv", "--measure", "RR", "--method", "MH", "--json").out)["result"]
    # metafor 3.8: rma.mh(measure="RR"): 0.06889804579 (0.07141444798), QE 1.73894316791, k.yi 4
    assert (found["estimate"], found["se"]) == pytest.approx((0.06889804579, 0.07141444798), rel=1e-9)
    assert (found["q"], found["q_df"]) == (pytest.approx(1.73894316791, rel=1e-9), 3)
