"""`mscsec report --format md|csv|latex`: the tables alone, read back."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from mscsec.records.reader import load
from mscsec.report.tables import TABLES
from mscsec.synthesis.fit import pooled

from .conftest import Cli

STAY = ("report", "--outcome", "stay", "--format")


@pytest.fixture
def one_comparison(here: Path) -> Path:
    """The base with nothing open: its deaths have a comparison."""
    protocol = here / "studies" / "review.yaml"
    text = protocol.read_text(encoding="utf-8").replace(
        "dichotomous, better", "dichotomous, comparison: active_vs_control, better"
    )
    protocol.write_text(text, encoding="utf-8")
    return here


def test_csv_keeps_every_digit(cli: Cli, here: Path):
    code, out, _ = cli(*STAY, "csv", "--table", "pooled")
    assert code == 0
    (row,) = csv.DictReader(io.StringIO(out))
    _, fit = pooled(load(here / "studies"), "stay")
    assert fit is not None
    assert float(row["estimate"]) == fit.estimate
    assert float(row["ci_high"]) == fit.ci_high
    assert (row["outcome"], int(row["k"])) == ("stay", fit.k)


def test_csv_of_effects_has_a_row_a_study(cli: Cli, here: Path):
    rows = list(csv.DictReader(io.StringIO(cli(*STAY, "csv", "--table", "effects").out)))
    sizes, _ = pooled(load(here / "studies"), "stay")
    assert [float(row["yi"]) for row in rows] == sizes.yi.tolist()
    assert sum(float(row["weight"]) for row in rows) == pytest.approx(1)


def test_all_tables_as_csv_go_into_a_folder(cli: Cli, one_comparison: Path):
    code, out, err = cli("report", "--format", "csv", "-o", "tables")
    assert (code, out) == (0, "")
    assert "Wrote 8 tables into tables" in err
    names = sorted(path.name for path in (one_comparison / "tables").iterdir())
    assert names == sorted(f"{key}.csv" for key in TABLES)
    assert cli("report", "--format", "csv", "-o", "tables").code == 2
    assert cli("report", "--format", "csv", "-o", "tables", "--force").code == 0


@pytest.mark.parametrize("key", [key for key in TABLES if key != "findings"])
@pytest.mark.parametrize("form", ["md", "latex", "csv"])
def test_every_table_is_shown_in_every_format(key: str, form: str, cli: Cli, one_comparison: Path):
    code, out, err = cli("report", "--format", form, "--table", key)
    if key == "integrity" and form != "csv" and code == 3:
        assert "nothing to show" in err
        return
    assert code == 0, err
    if form == "md":
        assert any(token.type == "table_open" for token in MarkdownIt("commonmark").enable("table").parse(out))
    elif form == "latex":
        assert out.count(r"\begin{longtable}") == out.count(r"\end{longtable}") >= 1
    else:
        lines = list(csv.reader(io.StringIO(out)))
        assert {len(line) for line in lines} == {len(lines[0])}


def test_several_tables_stand_in_their_own_order(cli: Cli, here: Path):
    out = cli(*STAY, "md", "--table", "sensitivity", "--table", "pooled").out
    assert out.index("**Pooled results**") < out.index("**Sensitivity of Length of stay**")
    assert "**Effects" not in out


def test_tables_can_be_written_into_a_file(cli: Cli, here: Path):
    code, out, _ = cli(*STAY, "latex", "--table", "pooled", "-o", "t.tex")
    assert (code, out) == (0, "")
    assert re.search(r"\\toprule", (here / "t.tex").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--format", "xml"), 2, "unknown format 'xml'"),
        (("--format", "md", "--table", "poled"), 2, "pooled"),
        (("--format", "csv"), 2, "a CSV file holds one table"),
        (("--format", "csv", "-o", "t.csv"), 2, "a CSV file holds one table"),
        (("--format", "md", "-o", "t.csv"), 2, "contradict each other"),
        (("--table", "pooled", "-o", "r.html"), 2, "--table belongs to --format"),
        (("--format", "md", "--table", "findings"), 3, "nothing to show"),
    ],
)
def test_what_makes_no_sense_is_said(arguments: tuple[str, ...], code: int, said: str, cli: Cli, here: Path):
    answer = cli("report", *arguments)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    assert [path.name for path in here.iterdir()] == ["studies"]


ALONE = """\
schema: mscsec/review/1
title: Harm under treatment
outcomes:
  harm: {label: Harm, type: dichotomous, better: lower, measure: PLO}
comparisons:
  alone: {label: Active alone, experimental: active, comparator: placebo}
analysis: {designs: [single-arm]}
"""


@pytest.fixture
def single_group(here: Path) -> Path:
    """A base of three studies of one arm, whose proportions are pooled."""
    folder = here / "alone"
    folder.mkdir()
    (folder / "review.yaml").write_text(ALONE, encoding="utf-8")
    for name, events, n in (("abel2020", 4, 50), ("baker2021", 9, 70), ("cole2022", 30, 80)):
        (folder / f"{name}.yaml").write_text(
            f"schema: mscsec/study/1\nid: {name}\ncitation: {{title: {name}, authors: [A B], year: {name[-4:]}}}\n"
            f"design: {{type: single-arm, randomised: false}}\n"
            f"arms: {{a: {{role: experimental, label: A, treatment: active, n: {n}}}}}\n"
            f"results: [{{outcome: harm, arms: {{a: {{events: {events}}}}}, source: {{where: table 1}}}}]\n",
            encoding="utf-8",
        )
    return folder


@pytest.mark.usefixtures("single_group")
def test_a_single_group_has_no_p_value_in_tables_and_page(cli: Cli, here: Path):
    for table in ("pooled", "sensitivity"):
        out = cli("report", "--studies", "alone", "--outcome", "harm", "--format", "md", "--table", table).out
        head, _, *rows = [line.strip("| ").split(" | ") for line in out.splitlines() if line.startswith("|")]
        tested = {row[head.index("P")] for row in rows if len(row) == len(head)}
        assert tested - {""} == {"–"}
    assert cli("report", "--studies", "alone", "-o", "page.html").code == 0
    page = (here / "page.html").read_text(encoding="utf-8")
    shown = re.search(r'<dl class="results">.*?</dl>', page, re.DOTALL)
    assert shown is not None
    assert "Effect (PLO)" in shown[0]
    assert ">Test<" not in shown[0]
