"""`mscsec integrity`, and the marks it lends to `check --strict`, `pool` and `bias-report`."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mscsec.cli.app import run
from mscsec.cli.integrity import with_and_without
from mscsec.integrity.review import review
from mscsec.records.reader import load

from .base import record, write

STAY = "- {outcome: stay, arms: {a: {mean: 5.50, sd: 1.64}, c: {mean: 10.90, sd: 3.75}}, source: {where: table 2, text: 5.50 ± 1.64}}"
FINE = "- {outcome: stay, arms: {a: {mean: 6.10, sd: 2.02}, c: {mean: 8.25, sd: 3.35}}}"
RECORDS = {
    "roe2020": record("roe2020", STAY, ("10", "10")),
    "doe2021": record("doe2021", FINE),
    "fox2022": record(
        "fox2022", FINE.replace("6.10, sd: 2.02", "5.05, sd: 3.35").replace("8.25, sd: 3.35", "8.20, sd: 2.02")
    ),
    "lee2023": record(
        "lee2023", "- {outcome: death, arms: {a: {events: 2, percent: 10}, c: {events: 4, percent: 20}}}"
    ),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "studies", RECORDS)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "MSCSEC_STUDIES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


@pytest.fixture
def cli(here, capsys):
    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_the_records_are_as_they_should_be(here):
    found = review(load(here / "studies"))
    assert [(each.study, each.verdict.check) for each in found.findings] == [("roe2020", "I205")]


def test_text_says_where_what_and_what_to_ask(cli):
    code, out, err = cli("integrity")
    assert code == 1
    assert "studies (4 studies)" in err
    for words in ("Contradictions: under no reading that was tried (1)", "[I205]", "roe2020.yaml:9:", "table 2", "5.50 ± 1.64, n = 10",
                  "possible for n = 6, 20", "ask", "not about people", "1 contradiction, 0 questions"):  # fmt: skip
        assert words in " ".join(out.split())


def test_exit_0_where_nothing_contradicts(cli):
    code, out, _ = cli("integrity", "--study", "doe2021")
    assert code == 0
    assert "0 contradictions" in out


def test_all_lists_what_passed_with_its_place(cli):
    _, out, _ = cli("integrity", "--all")
    assert "Passed (" in out
    assert "lee2023.yaml:" in out


def test_an_outcome_ends_with_the_pooled_estimate_with_and_without(cli, here):
    _, out, _ = cli("integrity", "--outcome", "stay")
    assert "all results" in out
    assert "k = 3" in out
    assert "without contradictions" in out
    assert "k = 2" in out
    assert "Left out: Roe2020 2021" in out
    base = load(here / "studies")
    both = with_and_without(base, review(base, "stay"), "stay", None)
    assert both.everything is not None
    assert both.without is not None
    # By hand: differences -2.15 and -3.15 of two trials with the same SDs and sizes have equal weights.
    assert both.without.estimate == pytest.approx(-2.65, abs=1e-12)
    assert both.left_out == ("Roe2020 2021",)


def test_an_outcome_without_contradictions_says_so(cli):
    code, out, _ = cli("integrity", "--outcome", "death")
    assert code == 0
    assert "No pooled result contradicts itself." in out


def test_an_outcome_that_cannot_be_pooled_says_why(cli):
    _, out, _ = cli("integrity", "--outcome", "crp")
    assert "none: no study contributes to crp" in out


def test_json(cli):
    code, out, _ = cli("integrity", "--outcome", "stay", "--json")
    document = json.loads(out)
    assert code == 1
    assert document["schema"] == "mscsec/integrity/1"
    assert document["counts"]["contradiction"] == 1
    (finding,) = document["findings"]
    assert finding["verdict"]["check"] == "I205"
    assert finding["verdict"]["numbers"]["possible_n"] == [6, 20]
    assert finding["path"] == ["results", 0, "arms", "a", "mean"]
    assert document["pooled"]["left_out"] == ["Roe2020 2021"]
    assert "passed" not in document
    everything = json.loads(cli("integrity", "--json", "--all")[1])
    assert len(everything["passed"]) == everything["counts"]["passed"]


def test_csv_and_markdown(cli):
    rows = list(csv.DictReader(io.StringIO(cli("integrity", "--csv")[1])))
    assert [(row["level"], row["finding"], row["code"], row["study"]) for row in rows] == [
        ("contradiction", "inconsistent", "I205", "roe2020")
    ]
    assert int(rows[0]["line"]) == 9
    table = cli("integrity", "--markdown")[1].splitlines()
    assert table[0].startswith("| Level | Study |")
    assert table[0].count("|") == table[2].count("|")


def test_github_and_sarif(cli):
    code, out, _ = cli("integrity", "--output-format", "github")
    assert code == 1
    assert out.startswith("::error file=studies/roe2020.yaml,line=9,col=")
    document = json.loads(cli("integrity", "--output-format", "sarif")[1])
    (result,) = document["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("I205", "error")


def test_a_file_is_written_by_its_suffix(cli, here):
    cli("integrity", "-o", "found.json")
    assert json.loads((here / "found.json").read_text())["counts"]["contradiction"] == 1
    cli("integrity", "--output-format", "sarif", "-o", "found.sarif")
    assert json.loads((here / "found.sarif").read_text())["version"] == "2.1.0"


def test_rounding(cli):
    code, out, _ = cli("integrity", "--study", "roe2020", "--rounding", "trunc")
    assert code == 0
    assert "0 contradictions" in out


def test_reconstruct(cli):
    code, out, _ = cli("integrity", "--outcome", "stay", "--study", "roe2020", "--reconstruct")
    assert code == 0
    assert "No sample of 10 exists. Sizes up to 20 that have one: 6, 20" in " ".join(out.split())
    assert "n = 6, all 4" in out
    assert "It is not the data." in out
    document = json.loads(cli("integrity", "--outcome", "stay", "--study", "roe2020", "--reconstruct", "--json")[1])
    assert document["arms"][0]["possible"] is False
    rows = list(
        csv.DictReader(
            io.StringIO(cli("integrity", "--outcome", "stay", "--study", "roe2020", "--reconstruct", "--csv")[1])
        )
    )
    assert {row["arm"] for row in rows} == {"a", "c"}
    assert cli("integrity", "--outcome", "stay", "--study", "roe2020", "--reconstruct", "--markdown")[1].startswith(
        "| arm |"
    )


def test_inspect_sr(cli):
    code, out, _ = cli("integrity", "--inspect-sr")
    assert code == 1
    assert "4.8 Means and counts possible for whole-number data: No (I205)" in out
    rows = json.loads(cli("integrity", "--inspect-sr", "--json")[1])["suggestions"]
    assert {row["answer"] for row in rows} == {"Yes", "No"}
    assert cli("integrity", "--inspect-sr", "--csv")[1].startswith("study,label,question,ask,answer")
    assert cli("integrity", "--inspect-sr", "--markdown")[1].startswith("| study |")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--outcome", "sty"), 2, "did you mean 'stay'?"),
        (("--study", "roe2021"), 2, "did you mean 'roe2020'?"),
        (("--rounding", "nearest"), 2, "rounding rule"),
        (("--reconstruct",), 2, "--reconstruct takes one result"),
        (("--reconstruct", "--inspect-sr", "--outcome", "stay", "--study", "roe2020"), 2, "exclude each other"),
        (("--output-format", "xml"), 2, "output format"),
        (("--output-format", "sarif", "--csv"), 2, "leave out the other switches"),
        (("--reconstruct", "--outcome", "crp", "--study", "roe2020"), 2, "no granularity"),
        (("--reconstruct", "--outcome", "stay", "--study", "lee2023"), 3, "no arm of"),
    ],
)
def test_wrong_use(cli, arguments, code, words):
    found, out, err = cli("integrity", *arguments)
    assert found == code
    assert words in err.lower() or words in err
    assert out == ""


def test_help_has_examples(cli):
    code, out, _ = cli("integrity", "--help")
    assert code == 0
    assert "mscsec integrity --outcome icu_stay" in out


def test_check_strict_includes_the_figures(cli):
    assert cli("check")[0] == 0
    code, out, _ = cli("check", "--strict")
    assert code == 1
    assert "roe2020.yaml:9:" in out
    assert "error: I205" in out


def test_pool_marks_the_study_when_asked(cli):
    assert "I205" not in cli("pool", "--outcome", "stay")[1]
    marked = " ".join(cli("pool", "--outcome", "stay", "--integrity")[1].split())
    assert "Roe2020 2021: figures contradict each other (I205; mscsec integrity)" in marked


def test_bias_report_marks_the_studies_of_an_outcome_and_all_where_asked(cli):
    mark = "! Roe2020 2021: figures contradict each other (I205"
    assert mark in cli("bias-report", "--outcome", "stay")[1]
    assert "I205" not in cli("bias-report", "--outcome", "stay", "--no-integrity")[1]
    assert "I205" not in cli("bias-report")[1]
    assert mark in cli("bias-report", "--integrity")[1]
    assert json.loads(cli("bias-report", "--integrity", "--json")[1])["integrity"]["roe2020"]["mark"] == "!"


def test_pool_does_not_pay_for_checks_it_was_not_asked_for(here):
    program = (
        "import sys; from mscsec.cli.app import run; run(['pool', '--outcome', 'stay']); "
        "print([name for name in sys.modules if name.startswith('mscsec.integrity')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=here, check=True)
    assert done.stderr.splitlines()[-1] == "[]"
