"""`--weights`: weights of the mean from a field, or equal ones, in `pool`, `plot` and `regress`, as metafor has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mscsec as ms
from mscsec.errors import InvalidInput

from .conftest import Cli

ROWS = "study,yi,vi,dose,grp,cl,sc\na,0.1,0.04,10,x,1,1\nb,0.3,0.05,20,x,1,2\nc,-0.2,0.02,30,y,2,3\nd,0.5,0.09,40,y,2,1\ne,0.7,0.03,50,y,3,2\nf,0.05,0.06,15,x,4,5\n"
YI, VI, SC = [0.1, 0.3, -0.2, 0.5, 0.7, 0.05], [0.04, 0.05, 0.02, 0.09, 0.03, 0.06], [1, 2, 3, 1, 2, 5]
TABLE = ("--table", "t.csv")
# metafor 3.8: rma(yi, vi, weights=sc, test="knha"), method="EE", and the same with weights of 1
POOLED = {
    ("sc", "random"): (0.160714285714, 0.163950579552, -0.260734096023, 0.582162667452),
    ("sc", "common"): (0.160714285714, 0.104246567995, -0.0436052330682, 0.365033804497),
    ("equal", "random"): (0.241666666667, 0.141226611232, -0.121367894875, 0.604701228208),
    ("equal", "common"): (0.241666666667, 0.0897527467856, 0.0657545154534, 0.41757881788),
}
# rma(yi, vi, mods = ~ dose, weights=sc, test="knha"), and robust(cluster=cl, clubSandwich=TRUE) of it
SLOPE = (0.0136433512683, 0.00990121445587, -0.0138468271432, 0.0411335296798)
SLOPE_CR2 = (0.0077315415893, 1.70659058517)


@pytest.fixture(autouse=True)
def table(here: Path) -> None:
    (here / "t.csv").write_text(ROWS)


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(("weights", "model"), POOLED)
def test_the_mean_has_the_weights(weights: str, model: str, cli: Cli) -> None:
    call = ("pool", *TABLE, "--weights", weights, "--model", model)
    found = json.loads(cli(*call, "--json").out)["result"]
    names = ("estimate", "se", "ci_low", "ci_high")
    assert [found[name] for name in names] == pytest.approx(POOLED[weights, model], rel=1e-9)
    values = SC if weights == "sc" else [1] * 6
    assert found["weights"] == pytest.approx([value / sum(values) for value in values])
    assert found["details"]["weights"] == {"field": weights, "values": values}
    said = {
        "sc": "6 studies were pooled with the weights of sc in",
        "equal": "6 studies were pooled with equal weights in",
    }
    assert said[weights] in flat(cli(*call).out)


def test_coefficients_have_them(cli: Cli) -> None:
    call = ("regress", *TABLE, "--moderators", "dose", "--weights", "sc", "--cluster", "cl")
    found = json.loads(cli(*call, "--json").out)
    dose = found["result"]["coefficients"]["dose"]
    assert [dose[name] for name in ("estimate", "se", "ci_low", "ci_high")] == pytest.approx(SLOPE, rel=1e-9)
    robust = found["robust"]["coefficients"]["dose"]
    assert (robust["se"], robust["df"]) == pytest.approx(SLOPE_CR2, rel=1e-9)
    assert found["weights"] == "sc"
    assert "meta-regression with the weights of sc, with the residual" in flat(cli(*call).out)


def test_each_subgroup_has_those_of_its_studies(cli: Cli) -> None:
    call = ("pool", *TABLE, "--by", "grp", "--weights", "sc")
    found = json.loads(cli(*call, "--json").out)["result"]
    assert found["groups"]["y"]["estimate"] == pytest.approx((-0.2 * 3 + 0.5 * 1 + 0.7 * 2) / 6)
    assert found["overall"]["estimate"] == pytest.approx(POOLED["sc", "random"][0])


def test_a_picture_shows_them_and_one_that_refits_says_why_not(cli: Cli, here: Path) -> None:
    assert "0.16 [-0.26, 0.58]" in cli("plot", "forest", *TABLE, "--weights", "sc").out
    assert cli("plot", "forest", *TABLE, "--weights", "sc", "-o", "f.svg").code == 0
    code, _, err = cli("plot", "leave-one-out", *TABLE, "--weights", "sc", "-o", "l.svg")
    assert code == 2
    assert "refits the studies without the weights of sc; leave out --weights" in err


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("pool", *TABLE, "--weights", "cs"), "unknown field 'cs'"),
        (("pool", *TABLE, "--weights", "yi"), "yi is -0.2 for c; weights are positive numbers"),
        (("pool", *TABLE, "--weights", "grp"), "grp is x for a, x for b"),
        (("pool", *TABLE, "--weights", "sc", "--compare"), "leave out --weights"),
        (("pool", *TABLE, "--weights", "sc", "--method", "MH"), "without weights of your own; leave out --weights"),
        (("regress", *TABLE, "--moderators", "dose", "--weights", "sc", "--scale", "sc"), "leave out --weights sc"),
        (("regress", *TABLE, "--moderators", "dose", "--weights", "sc", "--ci", "kr"), "the kr interval with weights of your own"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_weights_that_are_none_or_do_nothing_are_refused(call: tuple[str, ...], says: str, cli: Cli) -> None:
    code, out, err = cli(*call)
    assert (code, out) == (2, "")
    assert says in err


@pytest.mark.parametrize(
    "options",
    [{"ci": "kr"}, {"ci": "hc"}, {"ci": "ivhet"}, {"ci": "profile", "tau2": "ML"}, {"ci": "wald", "prediction": "kr"}, {"ci": "wald", "prediction": "bootstrap"}],
    ids=lambda options: " ".join(options.values()),
)  # fmt: skip
def test_an_interval_about_another_mean_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"interval with weights of your own"):
        ms.pool(YI, VI, weights=SC, **options)
    if options.get("prediction") != "bootstrap":
        with pytest.raises(InvalidInput, match=r"interval with weights of your own"):
            ms.pool_batch([YI], [VI], weights=[SC], **options)
    ms.pool(YI, VI, tau2_weights=SC, **options)  # those of Q alone leave the mean as it is


def test_quantities_of_studies_refuse_it_too() -> None:
    with pytest.raises(InvalidInput, match="the kr interval with weights of your own"):
        ms.studies(YI, VI, weights=SC, ci="kr")
