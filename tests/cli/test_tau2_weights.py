"""`--tau2-weights`: the weights of generalised Q from a field of the records or a column of the table, in every command that pools."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas
import pytest

import mscsec as ms
from mscsec.pooling.regression import regress

from .conftest import Cli

ROWS = [("a", 0.1, 0.04, 120, 1, "x"), ("b", 0.42, 0.09, 45, 2, "x"), ("c", 0.81, 0.06, 80, 4, "y"), ("d", -0.12, 0.03, 150, 3, "y"), ("e", 0.6, 0.05, 60, 6, "y")]  # fmt: skip
YI, VI, W, DOSE = ([row[place] for row in ROWS] for place in (1, 2, 3, 4))
WEIGHTS = ("--tau2-weights", "patients")


@pytest.fixture
def table(here: Path) -> tuple[str, ...]:
    lines = ["study,yi,vi,patients,dose,site", *(",".join(map(str, row)) for row in ROWS)]
    (here / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ("--table", "t.csv")


@pytest.mark.parametrize("chosen", [("--tau2", "GENQ"), ("--tau2", "genqm"), ("--tau2-ci", "GENQ")], ids=" ".join)
def test_pool_takes_the_column(chosen: tuple[str, str], table: tuple[str, ...], cli: Cli) -> None:
    found = json.loads(cli("pool", *table, *chosen, *WEIGHTS, "--json").out)["result"]
    wanted = ms.pool(YI, VI, tau2_weights=W, **{chosen[0].strip("-").replace("-", "_"): chosen[1]})
    numbers = ("estimate", "ci_high", "tau2", "tau2_ci_low", "tau2_ci_high")
    assert [found[name] for name in numbers] == [getattr(wanted, name) for name in numbers]
    assert found["details"]["tau2_weights"] == {"field": "patients", "values": W}
    assert ", with weights from patients" in " ".join(cli("pool", *table, *chosen, *WEIGHTS).out.split())
    other = json.loads(cli("pool", *table, *chosen, "--tau2-weights", "dose", "--json").out)["result"]
    assert found["tau2_ci_high"] != other["tau2_ci_high"] or found["tau2"] != other["tau2"]


def test_each_subgroup_has_the_weights_of_its_studies(table: tuple[str, ...], cli: Cli) -> None:
    call = ("pool", *table, "--by", "site", "--tau2", "GENQ", *WEIGHTS)
    found = json.loads(cli(*call, "--json").out)["result"]
    assert found["groups"]["y"]["tau2"] == ms.pool(YI[2:], VI[2:], tau2="GENQ", tau2_weights=W[2:]).tau2
    shared = json.loads(cli(*call, "--common-tau2", "--json").out)["result"]["tau2"]
    site = [[float(row[5] == name) for name in "xy"] for row in ROWS]
    assert shared == regress(YI, VI, site, intercept=False, tau2="GENQ", tau2_weights=W).tau2
    assert "with weights from patients" in " ".join(cli(*call).out.split())


def test_a_regression_weights_its_variance_alone(table: tuple[str, ...], cli: Cli) -> None:
    call = ("regress", *table, "--moderators", "dose", "--tau2", "GENQ", "--tau2-ci", "GENQ", *WEIGHTS)
    document = json.loads(cli(*call, "--json").out)
    found = document["result"]
    assert document["tau2_weights"] == "patients"
    both = regress(YI, VI, DOSE, tau2="GENQ", weights=W, tau2_ci="GENQ")
    assert (found["tau2"], found["tau2_ci_high"]) == pytest.approx((both.tau2, both.tau2_ci_high), rel=1e-12)
    wanted = regress(YI, VI, DOSE, tau2=found["tau2"]).coefficients["x1"]
    assert found["coefficients"]["dose"]["estimate"] == pytest.approx(wanted.estimate, rel=1e-12)
    assert ", with weights from patients; tests and 95%" in " ".join(cli(*call).out.split())


def test_records_have_fields_for_weights(cli: Cli) -> None:
    call = (
        "--outcome",
        "death",
        "--comparison",
        "active_vs_control",
        "--tau2",
        "GENQ",
        "--tau2-weights",
        "n",
        "--json",
    )
    document = json.loads(cli("pool", *call).out)
    sizes = [row["experimental"]["n"] + row["comparator"]["n"] for row in document["effects"]["rows"]]
    assert document["result"]["details"]["tau2_weights"] == {"field": "n", "values": sizes}


def test_a_picture_shows_the_fit_and_one_that_refits_says_why_not(table: tuple[str, ...], cli: Cli, here: Path) -> None:
    chosen = ("--tau2", "GENQ", *WEIGHTS)
    assert "[" in cli("plot", "forest", *table, *chosen).out
    assert cli("plot", "forest", *table, *chosen, "-o", "f.svg").code == 0
    code, out, err = cli("plot", "baujat", *table, *chosen, "-o", "b.svg")
    assert (code, out) == (2, "")
    assert (
        "refits the studies without the weights of patients; leave out --tau2-weights, and take another --tau2" in err
    )


def test_batch_reads_the_column(here: Path, cli: Cli) -> None:
    lines = ["analysis,yi,vi,w", *(f"A,{y},{v},{w}" for y, v, w in zip(YI, VI, W, strict=True))]
    lines += ["B,0.1,0.04,3", "B,0.9,0.05,0", "B,0.5,0.04,", "B,0.4,0.03,-1", "B,0.7,0.03,7", "C,1,1,1"]
    lines[2], lines[7] = lines[7], lines[2]  # rows of one analysis apart
    (here / "b.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, out, err = cli("batch", "b.csv", "--tau2", "GENQ", "--tau2-weights", "W", "--tau2-ci", "GENQ")
    assert code == 0
    rows = {row["analysis"]: row for row in csv.DictReader(out.splitlines())}
    wanted = {"A": ms.pool(YI, VI, tau2="GENQ", tau2_ci="GENQ", tau2_weights=W), "B": ms.pool([0.1, 0.7], [0.04, 0.03], tau2="GENQ", tau2_ci="GENQ", tau2_weights=[3, 7])}  # fmt: skip
    for name, fit in wanted.items():
        for number in ("estimate", "tau2", "tau2_ci_low", "tau2_ci_high"):
            assert float(rows[name][number]) == pytest.approx(getattr(fit, number), rel=1e-9)
    assert (rows["B"]["k"], rows["B"]["left_out"], rows["C"]["status"]) == ("2", "3", "k=1")
    assert "B: the weight is missing [E102]" in err
    assert "B: the weight is 0; it is positive and finite [E222]" in err
    same = cli("batch", "b.csv", "--tau2", "GENQ", "--tau2-weights", "vi")  # a column that the effect is read from too
    assert same.code == 0
    pandas.read_csv(here / "b.csv").to_parquet(here / "b.parquet")
    assert cli("batch", "b.parquet", "--tau2", "GENQ", "--tau2-weights", "vi").out == same.out
    assert float(next(csv.DictReader(same.out.splitlines()))["tau2"]) == pytest.approx(ms.pool(YI, VI, tau2="GENQ", tau2_weights=VI).tau2)  # fmt: skip


def test_a_weight_that_is_no_number_is_named_by_its_column(here: Path, cli: Cli) -> None:
    (here / "b.csv").write_text("analysis,yi,vi,Size\nA,1,.2,3\nA,2,.3,many\nA,3,.2,5\n", encoding="utf-8")
    pandas.read_csv(here / "b.csv").to_parquet(here / "b.parquet")
    for name, line in (("b.csv", 3), ("b.parquet", 2)):
        err = cli("batch", name, "--tau2", "GENQ", "--tau2-weights", "size").err
        assert f"{name}:{line}: A: Size is 'many'; a number or" in err


TABLE = ("--table", "t.csv")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("pool", *TABLE, "--tau2", "GENQ"), "--tau2 GENQ is built on weights of your own; name the field that has them: --tau2-weights FIELD"),
        (("pool", *TABLE, "--tau2-ci", "genq"), "--tau2-ci genq is built on weights of your own"),
        (("regress", *TABLE, "--moderators", "dose", "--tau2", "GENQM"), "--tau2 GENQM is built on weights of your own"),
        (("batch", "b.csv", "--tau2", "GENQ"), "--tau2 GENQ is built on weights of your own"),
        (("pool", *TABLE, *WEIGHTS), "--tau2-weights belongs to --tau2 GENQ or GENQM, or to --tau2-ci GENQ"),
        (("pool", *TABLE, *WEIGHTS, "--tau2", "PM"), "--tau2-weights belongs to"),
        (("batch", "b.csv", *WEIGHTS), "--tau2-weights belongs to"),
        (("regress", *TABLE, "--moderators", "dose", *WEIGHTS), "--tau2-weights belongs to"),
        (("plot", "forest", *TABLE, *WEIGHTS), "--tau2-weights belongs to"),
        (("pool", *TABLE, "--tau2", "GENQ", "--tau2-weights", "patient"), "unknown field 'patient'; did you mean 'patients'?"),
        (("batch", "b.csv", "--tau2", "GENQ", "--tau2-weights", "ww"), "unknown column for --tau2-weights 'ww'; did you mean 'w'?"),
        (("pool", *TABLE, "--tau2", "GENQ", "--tau2-weights", "site"), "site is x for a, x for b, y for c, y for d, y for e; weights are positive numbers"),
        (("pool", *TABLE, "--tau2", "GENQ", "--tau2-weights", "yi"), "yi is -0.12 for d; weights are"),
        (("pool", *TABLE, "--model", "common", *WEIGHTS), "leave out --tau2-weights, or --model common"),
        (("pool", *TABLE, "--measure", "OR", "--method", "MH", *WEIGHTS), "leave out --tau2-weights"),
        (("pool", *TABLE, "--compare", *WEIGHTS), "leave out --tau2-weights"),
    ],
    ids=lambda value: " ".join(value[:9]) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_weights_without_a_use_and_a_use_without_weights_are_refused(
    call: tuple[str, ...], says: str, table: tuple[str, ...], cli: Cli, here: Path
) -> None:
    (here / "b.csv").write_text("analysis,yi,vi,w\nA,0.1,0.2,1\nA,0.3,0.1,2\n", encoding="utf-8")
    code, out, err = cli(*call)
    assert (code, out) == (2, "")
    assert says in err
