"""`mscsec regress` at a terminal: long names of coefficients do not make its tables wider than the page."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from mscsec.cli.output import broken, display_width

from .conftest import Cli

TRIALS = """\
study,yi,vi,allocation_concealment_of_trial,dose_in_micrograms_per_kilogram,site
a,0.1,0.04,alternate assignment by the day of admission,10,x
b,0.3,0.05,alternate assignment by the day of admission,20,x
c,0.2,0.03,systematic assignment of consecutive patients,15,y
d,-0.4,0.06,systematic assignment of consecutive patients,25,y
e,0.5,0.02,random,40,z
f,0.35,0.07,random,35,z
g,0.15,0.07,random,38,w
h,-0.15,0.03,alternate assignment by the day of admission,33,w
"""
DOSE = "dose_in_micrograms_per_kilogram"
CALLS = [
    ("--moderators", f"allocation_concealment_of_trial + {DOSE}", "--permutations", "20", "--cluster", "site"),
    ("--moderators", DOSE, "--at", f"{DOSE}=4", "--scale", DOSE),
]


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("call", CALLS, ids=["factor", "scale"])
def test_the_tables_fit_and_say_every_name(call: tuple[str, ...], columns: int, cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(TRIALS, encoding="utf-8")
    code, out, err = cli("regress", "--table", "t.csv", *call, columns=columns)
    assert code == 0, err
    assert max(map(display_width, out.splitlines())) <= columns
    table = out.split("\n\n")[1]
    assert "".join(line[:20].strip() if line.startswith("  ") else line.split("  ")[0] for line in table.splitlines()).endswith(DOSE)  # fmt: skip


@pytest.mark.parametrize("columns", [60, 80, 100, 140])
@pytest.mark.parametrize("more", [(), ("--permutations", "30")], ids=["plain", "permuted"])
def test_a_narrow_page_loses_no_column(columns: int, more: tuple[str, ...], cli: Cli, here: Path) -> None:
    """What does not fit stands in a table below, with the estimate, its interval and SE, and the test and its P together."""
    (here / "t.csv").write_text(TRIALS.replace(",10,", ",-123456,"), encoding="utf-8")
    call = ("regress", "--table", "t.csv", "--moderators", f"site + {DOSE}", *more)
    code, out, err = cli(*call, columns=columns)
    assert code == 0, err
    assert max(map(display_width, out.splitlines())) <= columns
    coefficients = json.loads(cli(*call, "--json").out)["result"]["coefficients"]
    tables = [part.splitlines() for part in out.split("\n\n") if part.startswith("Coefficient ")]
    heads = [re.split(r"\s{2,}", lines[0].rstrip()) for lines in tables]
    asked = ["Estimate", "95% CI", "SE", "Test", "P", *(["P perm."] if more else []), "VIF"]
    assert [name for head in heads for name in head[1:]] == asked
    assert all(("Estimate" in head) == ("SE" in head) and ("Test" in head) == ("P" in head) for head in heads)
    assert len(heads) == 1 or columns < 140
    (with_se,) = (lines for lines, head in zip(tables, heads, strict=True) if "SE" in head)
    row = next(line for line in with_se if line.startswith("intercept"))
    assert f"{coefficients['intercept']['se']:.4f}" in row.split()


def test_the_example_of_the_help_for_the_shipped_studies_works(cli: Cli) -> None:
    found = re.findall(r"mscsec (regress --outcome .+)", " ".join(cli("regress", "--help", columns=200).out.split("│")))
    assert found
    for example in found:
        code, out, err = cli(*example.split(), "--studies", str(Path(__file__).parents[2] / "studies"))
        assert (code, err.count("error")) == (0, 0), err
        assert "Test of moderators: " in out


@pytest.mark.parametrize("cells", [8, 12, 20, 60])
@pytest.mark.parametrize(
    "name", ["short", "a_name_with_marks:and[T.words in it]", "x" * 50, "试验地点的名称很长" * 3, ""]
)
def test_a_broken_name_fits_and_loses_no_letter(name: str, cells: int) -> None:
    lines = broken(name, cells)
    assert all(display_width(line) <= cells for line in lines)
    assert "".join("".join(lines).split()) == "".join(name.split())
    assert len(lines) == 1 or display_width(name) > cells


def test_levels_of_a_factor_have_their_inflation_together(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(TRIALS, encoding="utf-8")
    call = ("regress", "--table", "t.csv", "--moderators")
    out = cli(*call, f"site + {DOSE}", columns=120).out
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line}
    site = re.search(r"VIF of site, its 3 coefficients together: (\S+); (\S+) on the scale of a standard error", out)
    assert site is not None
    assert float(site[2]) == pytest.approx(float(site[1]) ** (1 / 6), abs=0.005)
    assert float(rows[DOSE][-1]) == pytest.approx(
        float(site[1]), abs=0.005
    )  # of two terms each inflates the other alike
    header, *cells = csv.reader(cli(*call, f"site + {DOSE}", "--csv").out.splitlines())
    gvif = {row[0]: row[header.index("gvif")] for row in cells}
    assert gvif["intercept"] == ""
    levels = [float(gvif[name]) for name in gvif if name.startswith("site")]
    assert levels == [pytest.approx(float(site[1]), abs=0.005)] * 3
    assert "VIF" not in cli(*call, "site").out  # a term alone is inflated by nothing


@pytest.mark.parametrize(
    ("table", "call", "says"),
    [
        (TRIALS, (), f"in these studies: allocation_concealment_of_trial, {DOSE}, site [U001]"),
        ("study,yi,vi\na,0.1,0.2\nb,0.2,0.2\n", (), "in these studies: none [U001]"),
        (TRIALS, ("--moderators", "site+"), "misplaced. Write names of fields with + between them"),
        (TRIALS, ("--moderators", "site", "--ci", "x"), "unknown interval 'x'. Known: auto, wald, t, hksj"),
        (TRIALS, ("--moderators", "site", "--tau2-ci", "x"), "Known: auto, none, QP"),
    ],
    ids=["fields", "no field", "formula", "interval", "interval of tau2"],
)
def test_what_is_wrong_is_said_with_what_to_write(
    table: str, call: tuple[str, ...], says: str, cli: Cli, here: Path
) -> None:
    (here / "t.csv").write_text(table, encoding="utf-8")
    code, out, err = cli("regress", "--table", "t.csv", *call)
    assert (code, out) == (2, "")
    assert says in err


def test_a_common_effect_has_no_variance_between_studies_to_account_for(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(TRIALS, encoding="utf-8")
    call = ("regress", "--table", "t.csv", "--moderators", DOSE, "--model", "common")
    out = " ".join(cli(*call).out.split())
    assert "Residual heterogeneity: I2 = " in out
    assert "share of the mean square about the mean that the moderators account for" in out
    assert "tau2" not in out + cli(*call, "--markdown").out
    assert "R2" not in cli("regress", "--table", "t.csv", "--moderators", "1", "--markdown").out


@pytest.mark.parametrize(
    "beside", [("--scale", DOSE), ("--cluster", "site"), ("--permutations", "5"), ("--at", f"{DOSE}=4")]
)
@pytest.mark.parametrize("form", ["--csv", "--markdown"])
def test_what_a_table_of_coefficients_has_no_room_for_is_refused(
    beside: tuple[str, str], form: str, cli: Cli, here: Path
) -> None:
    (here / "t.csv").write_text(TRIALS, encoding="utf-8")
    code, out, err = cli("regress", "--table", "t.csv", "--moderators", DOSE, *beside, form)
    if (form, beside[0]) == ("--csv", "--permutations"):
        assert [code, err] == [0, ""]
        assert "p_permutation" in out
        assert all(line.split(",")[8] for line in out.splitlines()[1:])
    else:
        assert (code, out) == (2, "")
        assert f"has the coefficients alone; leave out {beside[0]}, or take text or JSON [U001]" in err


def method_of(out: str) -> str:
    return " ".join(out.partition("Method: ")[2].split())


def test_the_method_names_what_stands_beside_the_coefficients(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(TRIALS, encoding="utf-8")
    call = ("regress", "--table", "t.csv", "--moderators", DOSE)
    assert method_of(cli(*call).out).count(". ") == 0
    beside = ("--scale", DOSE, "--cluster", "site", "--permutations", "50", "--at", f"{DOSE}=20")
    said = method_of(cli(*call, *beside).out)
    assert "the coefficients are by the method of Knapp and Hartung. The prediction intervals allow" in said
    assert "use t with k - p degrees of freedom" in said
    assert "refit this model to 50 rearrangements of the rows drawn (seed 0) and the data as observed" in said
    assert "by the CR2 covariance (bias-reduced linearisation) and t with Satterthwaite degrees of freedom" in said
    assert "fitted by REML with a log link for the between-study variance; its tests are by the normal distr" in said
    few = cli(*call, "--cluster", "site", "--robust", "CR1", "--permutations", "100000").out
    assert "CR1 covariance (n / (n - 1)) and t with clusters - p degrees of freedom" in method_of(few)
    assert "all 40320 rearrangements of the rows" in method_of(few)


def test_the_scale_takes_the_likelihood_and_the_tests_asked_for(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(TRIALS, encoding="utf-8")
    call = ("regress", "--table", "t.csv", "--moderators", DOSE, "--scale", DOSE, "--json")
    plain, asked = (json.loads(cli(*call, *more).out)["scale"] for more in ((), ("--tau2", "ml", "--ci", "t")))
    assert (plain["method"], plain["ci_method"]) == ("REML", "wald")
    assert (asked["method"], asked["ci_method"]) == ("ML", "t")
    assert asked["location"]["intercept"]["df"] == 6
    assert abs(asked["log_likelihood"] - plain["log_likelihood"]) > 0.1


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("--at", f"{DOSE}=1,{DOSE}=2"), f"gives {DOSE} twice"),
        (("--at", f"{DOSE}=1,"), "write NAME=NUMBER"),
        (("--at", f"{DOSE}=1=2"), f"each coefficient's column has one: {DOSE} [U004]"),
    ],
)
def test_a_place_to_predict_at_that_is_not_one_is_refused(
    call: tuple[str, ...], says: str, cli: Cli, here: Path
) -> None:
    (here / "t.csv").write_text(TRIALS, encoding="utf-8")
    code, out, err = cli("regress", "--table", "t.csv", "--moderators", DOSE, *call)
    assert (code, out) == (2, "")
    assert says in err


def test_every_column_is_asked_for_and_how_is_said(cli: Cli, here: Path) -> None:
    rows = 'study,yi,vi,arm,dose\na,.1,.1,x,1\nb,.3,.2,x,2\nc,.2,.1,"y, late",3\nd,.5,.2,"y, late",5\ne,.6,.1,x,4\n'
    (here / "t.csv").write_text(rows, encoding="utf-8")
    call = ("regress", "--table", "t.csv", "--moderators", "arm * dose", "--json", "--at")
    code, _, err = cli(*call, "dose=1")
    assert code == 2
    names = "arm[T.y, late], dose, arm[T.y, late]:dose"
    assert f"values are given for dose; each coefficient's column has one: {names}. Of a factor give arm[T.y, late] 1 at that level and 0 at the others; of the interaction arm[T.y, late]:dose give the product of its parts [U004]" in err  # fmt: skip
    out = json.loads(cli(*call, "arm[T.y, late]=1, dose=1.5e0,arm[T.y, late]:dose=1.5").out)
    found = {name: part["estimate"] for name, part in out["result"]["coefficients"].items()}
    level, slope = found["arm[T.y, late]"], found["dose"] + found["arm[T.y, late]:dose"]
    assert out["predictions"]["estimate"] == [pytest.approx(found["intercept"] + level + 1.5 * slope)]


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("", "the formula is empty; name a moderator, or write 1 for the mean alone [U001]"),
        ("one", "one is 'u' in every study; a moderator differs between studies. Leave it out [U004]"),
        ("seven", "seven is the same in every study, as the intercept is. Leave it out"),
        ("x + yi", "yi is the effect itself; a moderator is something else that is known of the studies [U004]"),
    ],
)
def test_what_explains_nothing_is_refused(formula: str, says: str, cli: Cli, here: Path) -> None:
    rows = "study,yi,vi,one,seven,x\na,.1,.1,u,7,1\nb,.3,.2,u,7,2\nc,.2,.1,u,7,4\nd,.4,.1,u,7,3\n"
    (here / "t.csv").write_text(rows, encoding="utf-8")
    code, out, err = cli("regress", "--table", "t.csv", "--moderators", formula)
    assert code in (2, 3)
    assert out == ""
    assert says in err


def test_the_mean_alone_is_no_test_of_moderators(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(TRIALS, encoding="utf-8")
    for form in ((), ("--markdown",)):
        out = cli("regress", "--table", "t.csv", "--moderators", "1", *form).out
        assert "Test of the intercept: " in out
        assert "of moderators" not in out
    assert cli("regress", "--table", "t.csv", "--moderators", "vi").code == 0  # small studies may differ: no refusal
