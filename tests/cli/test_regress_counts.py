"""`mscsec regress --method`: mixed models of the counts with moderators, from a table and from records."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import mscsec as ms
from mscsec.cli.output import display_width
from mscsec.pooling.regression import predict

from .conftest import Cli

ROWS = [
    ("Aronson", 4, 123, 11, 139, 44, "random"),
    ("Ferguson", 6, 306, 29, 303, 55, "random"),
    ("Rosenthal", 3, 231, 11, 220, 42, "random"),
    ("Hart", 62, 13598, 248, 12867, 52, "random"),
    ("Nothing", 0, 40, 0, 41, 30, "none of these"),
    ("Frimodt", 33, 5069, 47, 5808, 13, "alternate"),
    ("Stein", 180, 1541, 372, 1451, 44, "alternate"),
    ("Madras", 505, 88391, 499, 88391, 13, "random"),
    ("Coetzee", 29, 7499, 45, 7277, 27, "random"),
    ("Comstock", 186, 50634, 141, 27338, 18, "alternate"),
]
USED = [row for row in ROWS if row[0] != "Nothing"]
TWO, ONE = "study,events_1,{0}_1,events_2,{0}_2,ablat,alloc", "study,events,{0},ablat,alloc"
CALL = ("regress", "--table", "t.csv", "--moderators")


def write(here: Path, header: str) -> None:
    """The table under a header, of both groups or of the first."""
    rows = [row if "events_1" in header else (*row[:3], *row[5:]) for row in ROWS]
    text = "\n".join([header, *(",".join(map(str, row)) for row in rows)])
    (here / "t.csv").write_text(text + "\n", encoding="utf-8")


def columns(*places: int) -> list[list[float]]:
    """Numbers of the studies with events, a list for each place in the row."""
    return [[float(row[place]) for row in USED] for place in places]


X = columns(5)[0]
FACES = [
    (TWO.format("n"), "OR", method, lambda method=method: ms.regress_counts(*columns(1, 2, 3, 4), X, names=["ablat"], method=method))
    for method in ("UM.FS", "UM.RS", "CM.EL", "CM.AL", "GLMM")
] + [
    (TWO.format("time"), "IRR", method, lambda method=method: ms.regress_rates(*columns(1, 2, 3, 4), X, names=["ablat"], method=method))
    for method in ("UM.FS", "UM.RS", "CM.EL")
] + [
    (ONE.format("n"), "PLO", "GLMM", lambda: ms.regress_proportions([*columns(1)[0], 0], [*columns(2)[0], 40], [*X, 30], names=["ablat"])),
    (ONE.format("time"), "IRLN", "GLMM", lambda: ms.regress_group_rates([*columns(1)[0], 0], [*columns(2)[0], 40], [*X, 30], names=["ablat"])),
]  # fmt: skip


@pytest.mark.parametrize(("header", "measure", "method", "face"), FACES, ids=lambda value: str(value)[:12])
def test_the_command_line_fits_what_the_python_face_fits(header, measure, method, face, cli: Cli, here: Path) -> None:
    write(here, header)
    call = (*CALL, "ablat", "--measure", measure, "--method", method, "--at", "ablat=20")
    code, out, err = cli(*call, "--json")
    assert (code, err) == (0, "")
    found, wanted = json.loads(out), face()
    result = found["result"]
    assert result["k"] == (9 if "events_1" in header else 10)
    assert found["method"] == result["method"] == {"OR": "UM.FS"}.get(measure, method) if method == "GLMM" else method
    for name, part in wanted.coefficients.items():
        for number in ("estimate", "se", "ci_low", "ci_high", "p_value"):
            assert result["coefficients"][name][number] == pytest.approx(getattr(part, number), rel=1e-5)
    assert (result["tau2"], result["log_likelihood"]) == pytest.approx((wanted.tau2, wanted.log_likelihood), rel=1e-5)
    ahead = predict(wanted, [20.0])
    assert ahead.prediction_low is not None
    there = found["predictions"]
    assert [there["estimate"], there["prediction_low"]] == [
        pytest.approx(ahead.estimate, rel=1e-5), pytest.approx(ahead.prediction_low, rel=1e-5),
    ]  # fmt: skip


@pytest.mark.parametrize("width", [80, 120])
def test_the_page_says_who_was_fitted_and_how(width: int, cli: Cli, here: Path) -> None:
    write(here, TWO.format("n"))
    call = (*CALL, "ablat + alloc", "--measure", "OR", "--method", "cm.el", "--redundant", "drop", "--at", "ablat=20,alloc[T.random]=1")  # fmt: skip
    code, out, err = cli(*call, columns=width)
    assert (code, err) == (0, "")
    assert max(map(display_width, out.splitlines())) <= width
    said = " ".join(out.split())
    for words in (
        "exp() is the ratio of ORs per unit",
        "Test of moderators: chi2(2) = ",
        "likelihood-ratio test = ",
        "odds ratios of 9 studies were regressed on ablat + alloc in a mixed-effects meta-regression by the hypergeometric-normal GLMM CM.EL (exact conditional)",
        "Note: No event in either arm of Nothing (1 of 10): left out, without information for CM.EL [P302]",
        "Note: dropped from the design: alloc[T.none of these] is zero in every study [P401]",
    ):
        assert words in said
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("alloc[T.random]")] != []


def test_a_table_of_coefficients_says_how_many_studies_and_what_became_of_the_others(cli: Cli, here: Path) -> None:
    write(here, TWO.format("n"))
    call = (*CALL, "ablat", "--measure", "OR", "--method", "UM.RS")
    (row, *_) = csv.DictReader(cli(*call, "--csv").out.splitlines())
    assert (row["k"], row["level"]) == ("9", "0.95")
    assert "random study effects" in row["method"]
    assert row["notes"].startswith("No event in either arm of Nothing (1 of 10)")
    page = cli(*call, "--markdown").out
    assert "variance of the levels of the studies = " in page
    assert "Note: No event in either arm of Nothing (1 of 10)" in page
    common = cli(*call[:-1], "CM.AL", "--model", "common", "--markdown").out
    assert "fixed-effects meta-regression by the conditional" in common
    assert "tau2" not in common


def test_records_are_counted_too(cli: Cli) -> None:
    death = ("--outcome", "death", "--comparison", "active_vs_control", "--measure", "OR", "--method", "UM.FS")
    found = json.loads(cli("regress", *death, "--moderators", "1", "--json").out)
    pooled = json.loads(cli("pool", *death, "--json").out)
    assert found["effects"]["rows"] == pooled["effects"]["rows"]
    assert found["result"]["coefficients"]["intercept"]["estimate"] == pytest.approx(pooled["result"]["estimate"], rel=1e-6)  # fmt: skip


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (("--method", "MH"), 2, "unknown method with moderators for OR 'MH'. Known: IV, UM.FS, UM.RS, CM.EL, CM.AL"),
        (("--method", "CMEL"), 2, "did you mean 'CM.EL'?"),
        (("--method", "CM.EL", "--measure", "RR"), 2, "estimates OR, not RR; add --measure OR"),
        (("--method", "CM.EL", "--tau2", "PM"), 2, "--tau2 belongs to a regression on the effects; with --method CM.EL, on their counts, leave it out"),
        (("--method", "CM.EL", "--cluster", "alloc", "--robust", "CR1"), 2, "--cluster, --robust belong to a regression on the effects"),
        (("--method", "CM.EL", "--permutations", "9", "--seed", "1"), 2, "--permutations, --seed belong to"),
        (("--method", "CM.EL", "--preset", "meta", "--vtype", "LS"), 2, "--vtype, --preset belong to"),
        (("--method", "CM.EL", "--scale", "ablat", "--tau2-ci", "QP"), 2, "--tau2-ci, --scale belong to"),
        (("--method", "CM.EL", "--ci", "hksj"), 2, '"wald" or "t"'),
        (("--method", "CM.EL", "--at", "alat=3"), 2, "values are given for alat; each coefficient's column has one: ablat"),
        (("--method", "CM.EL", "--at", "ablat=3", "--csv"), 2, "has the coefficients alone; leave out --at"),
        (("--method", "CM.EL", "--moderators", "alloc"), 3, "is zero in every study. Leave it out, or have it left out"),
        (("--method", "CM.EL", "--moderators", "study"), 3, "needs 10 studies or more, found 9. Studies that do not inform the model do not count"),
        (("--method", "CM.EL", "--moderators", "alat"), 2, "did you mean 'ablat'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_a_mixed_model_of_counts_has_no_use_for_is_refused(
    more, code: int, says: str, cli: Cli, here: Path
) -> None:
    write(here, TWO.format("n"))
    answer = cli(*CALL, "ablat", "--measure", "OR", *more)
    assert (answer.code, answer.out) == (code, "")
    assert says in answer.err


def test_an_effect_without_its_counts_is_named(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text("study,yi,vi,ablat\na,0.1,0.2,1\nb,0.2,0.2,2\nc,0.1,0.1,3\n", encoding="utf-8")
    code, out, err = cli(*CALL, "ablat", "--measure", "OR", "--method", "UM.FS")
    assert (code, out) == (2, "")
    assert "has no events to count" in err


@pytest.mark.parametrize("method", ["GLMM", "BB"])
def test_a_single_group_is_pooled_from_its_counts(method: str, cli: Cli, here: Path) -> None:
    write(here, ONE.format("n"))
    call = ("pool", "--table", "t.csv", "--measure", "PLO", "--method", method)
    found = json.loads(cli(*call, "--json").out)["result"]
    wanted = ms.pool_proportions([row[1] for row in ROWS], [row[2] for row in ROWS], method=method)
    assert (found["estimate"], found["display"]["ci_high"]) == pytest.approx((wanted.estimate, wanted.display.ci_high), rel=1e-6)  # fmt: skip
    assert found["k"] == 10
    out = " ".join(cli(*call).out.split())
    assert f"pooled by the {'binomial-normal GLMM on the logit' if method == 'GLMM' else 'beta-binomial'}" in out
    assert "leave out --tau2" in cli(*call, "--tau2", "DL").err
    assert "estimates PLO, not PR; add --measure PLO" in cli(*call, "--measure", "PR").err


def test_each_measure_has_the_likelihood_of_its_own_named(cli: Cli, here: Path) -> None:
    for header, measure, method, name in (
        (TWO.format("n"), "OR", "GLMM", "binomial-normal GLMM UM.FS with fixed study effects"),
        (TWO.format("time"), "IRR", "UM.RS", "Poisson-normal GLMM UM.RS with random study effects"),
        (ONE.format("time"), "IRLN", "GLMM", "Poisson-normal GLMM on the log rate"),
    ):
        write(here, header)
        call = ("--table", "t.csv", "--measure", measure, "--method", method)
        for command in (("pool",), ("regress", "--moderators", "ablat")):
            assert f"by the {name}" in " ".join(cli(*command, *call).out.split())
        assert cli("plot", "forest", *call, "-o", "f.svg", "--force").code == 0
        assert name in (here / "f.svg").read_text(encoding="utf-8").split("</desc>")[0]
