"""Every command: help, JSON, CSV, exit codes, which stream, files, and names that do not exist."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mscsec.cli import output
from mscsec.cli.app import COMMANDS
from mscsec.cli.version import __version__

from .conftest import Cli

DEATH = ("--outcome", "death", "--comparison", "active_vs_control")
STAY = ("--outcome", "stay")
# Calls that do something, by command. A command has one here or a test file of its own, test_<command>.py.
CALLS: dict[str, tuple[str, ...]] = {
    "init": ("init", "new"),
    "add-study": ("add-study", "--template"),
    "check": ("check",),
    "explain": ("explain",),
    "effects": ("effects", *DEATH),
    "pool": ("pool", *DEATH),
    "batch": ("batch", "t.csv", "--group", "analysis"),
    "integrity": ("integrity",),
    "regress": ("regress", *STAY, "--moderators", "year"),
    "bias-report": ("bias-report",),
    "grade": ("grade", *STAY),
}
TABLES = {
    "comma": "study,yi,sei\na,0.1,0.2\nb,-0.3,0.25\nc,0.2,0.3\n",
    "semicolon": "study;yi;sei\na;0.1;0.2\nb;-0.3;0.25\nc;0.2;0.3\n",
    "tab": "study\tyi\tsei\na\t0.1\t0.2\nb\t-0.3\t0.25\nc\t0.2\t0.3\n",
    "byte-order mark": "\ufeffstudy,yi,sei\na,0.1,0.2\nb,-0.3,0.25\nc,0.2,0.3\n",
    "windows line ends": "study,yi,sei\r\na,0.1,0.2\r\nb,-0.3,0.25\r\nc,0.2,0.3\r\n",
    "blank lines and spaces": "\n study , YI, sei\n\na,0.1, 0.2\n\nb,−0.3,0.25\nc,+0.2,.3\n\n",
    "quoted": '"study","yi","sei"\n"a, too",0.1,0.2\n"b",-0.3,0.25\nc,0.2,0.3\n',
    "further columns and order": "note,sei,yi,study\nx,0.2,0.1,a\ny,0.25,-0.3,b\n,0.3,0.2,c\n",
}


@pytest.fixture(autouse=True)
def many(here: Path) -> None:
    """A table of two analyses for `batch`."""
    (here / "t.csv").write_text(
        "analysis,study,yi,vi\nx,a,0.1,0.04\nx,b,-0.3,0.06\ny,a,0.5,0.1\ny,b,0.2,0.05\n", encoding="utf-8"
    )


def test_every_command_has_a_call() -> None:
    tests = Path(__file__).parent.parent
    own = {
        name
        for name in COMMANDS
        for room in ("cli", "appraisal_cli")
        if (tests / room / f"test_{name.replace('-', '_')}.py").is_file()
    }
    assert set(COMMANDS) - set(CALLS) - own == set(), "add a call of the new command to CALLS"


# --- help -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_has_examples_that_fit(command: str, flag: str, cli: Cli) -> None:
    code, out, err = cli(command, flag)
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: mscsec {command}")
    examples = out.split("Examples:\n")[1].split("\n\n")[0].splitlines()
    assert examples
    assert any(line.strip().startswith("mscsec ") for line in examples)
    assert [line for line in out.splitlines() if len(line) > 80] == []


def test_help_of_the_whole_names_every_command_and_the_exit_codes(cli: Cli) -> None:
    for arguments in (("--help",), ()):
        out = "".join(cli(*arguments)[1:])
        assert all(f"\n  {name} " in out for name in COMMANDS)
        assert "Exit codes:" in out


def test_version(cli: Cli) -> None:
    assert cli("--version") == (0, f"mscsec {__version__}\n", "")


# --- machine-readable ------------------------------------------------------------------------------------------------


def refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} in JSON")


@pytest.mark.parametrize("command", CALLS)
def test_json_is_one_document_without_nan(command: str, cli: Cli) -> None:
    if "--json" not in cli(command, "--help").out:
        assert command in ("init", "add-study")
        return
    if command == "batch":
        return  # its JSON is about the run and stands beside a table in a file; tests/batch reads it
    code, out, err = cli(*CALLS[command], "--json")
    assert code == 0, err
    document = json.loads(out, parse_constant=refuse_constant)
    assert document["schema"].startswith("mscsec/")
    assert document["schema"].endswith("/1")
    assert document["generated_by"] == f"mscsec {__version__}"
    assert cli(*CALLS[command], "--json").out == out


@pytest.mark.parametrize("command", CALLS)
def test_csv_is_a_table(command: str, cli: Cli) -> None:
    if "--csv" not in cli(command, "--help").out:
        assert command in ("init", "add-study", "check", "explain", "batch")  # what batch writes is a CSV table
        return
    code, out, err = cli(*CALLS[command], "--csv")
    assert code == 0, err
    rows = list(csv.reader(io.StringIO(out)))
    assert len(rows) > 1 or command == "integrity"  # which finds nothing here
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(set(rows[0])) == len(rows[0])
    assert "nan" not in out
    assert "\r" not in out


def test_numbers_agree_between_json_and_csv(cli: Cli) -> None:
    document = json.loads(cli("pool", *DEATH, "--json").out)
    rows = list(csv.DictReader(io.StringIO(cli("pool", *DEATH, "--csv").out)))
    for row, effect, weight in zip(rows, document["effects"]["rows"], document["result"]["weights"], strict=False):
        assert (row["study"], float(row["yi"]), float(row["vi"]), float(row["weight"])) == (
            effect["study"],
            effect["yi"],
            effect["vi"],
            weight,
        )
    assert float(rows[-1]["yi"]) == document["result"]["estimate"]
    assert float(rows[-1]["estimate"]) == document["result"]["display"]["estimate"]


def test_json_leads_each_figure_to_its_line(cli: Cli, here: Path) -> None:
    document = json.loads(cli("effects", *DEATH, "--json").out)
    figures = [figure for row in document["effects"]["rows"] for figure in row["derivation"]["figures"]]
    assert len(figures) > 10
    for figure in figures:
        origin = figure["origin"]
        line = (here / origin["file"]).read_text(encoding="utf-8").splitlines()[origin["line"] - 1]
        assert line[origin["column"] - 1 :].startswith(figure["text"])


# --- streams and exit codes --------------------------------------------------------------------------------------------


def test_stdout_is_the_result_and_stderr_is_talk(cli: Cli) -> None:
    code, out, err = cli("pool", *STAY)
    assert code == 0
    assert "Reading the evidence base: studies (8 studies)" in err
    assert "Reading" not in out
    assert cli("pool", *STAY, "--studies", "studies").err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("pool",), "name an outcome: --outcome death. Outcomes here: death, stay, harm, score"),
        (("pool", "--outcome", "deth"), "unknown outcome 'deth'; did you mean 'death'?"),
        (("effects", "--outcome", "xyz"), "unknown outcome 'xyz'. Known: death, stay, harm, score"),
        (("bias-report", "--outcome", "sty"), "did you mean 'stay'?"),
        (("pool", *STAY, "--comparison", "active_vs_contrl"), "did you mean 'active_vs_control'?"),
        (("pool", *STAY, "--exclude", "abel2091"), "unknown study 'abel2091'; did you mean 'abel2019'?"),
        (("effects", *STAY, "--study", "cole2012"), "did you mean 'cole2021'?"),
        (("pool", *STAY, "--tau2", "REMLL"), "did you mean 'REML'?"),
        (("pool", *STAY, "--ci", "hskj"), "did you mean 'hksj'?"),
        (("pool", *STAY, "--prediction", "htss"), "did you mean 'hts'?"),
        (("pool", *STAY, "--preset", "metaphor"), "did you mean 'metafor'?"),
        (("pool", *STAY, "--model", "rnadom"), 'is "random" or "common"'),
        (("pool", *STAY, "--measure", "SDM"), "did you mean 'SMD'?"),
        (("pool", *STAY, "--measure", "RR"), "does not fit stay, which is continuous"),
        (("pool", *STAY, "--design", "paralel-rct"), "did you mean 'parallel-rct'?"),
        (("effects", *STAY, "--mean-rule", "lou2018"), "did you mean 'luo2018'?"),
        (("effects", *STAY, "--prefer", "arm"), "arms"),
        (("pool", "--outcome", "death"), "is reported for several comparisons, which are not pooled together"),
        (("pool", *STAY, "--level", "95"), "0.95"),
        (("pool", *STAY, "--level", "abc"), "a number is wanted"),
        (("pool", *STAY, "--json", "--csv"), "--json and --csv exclude each other"),
        (("check", "--output-format", "sariff"), "did you mean 'sarif'?"),
        (("explain", "R25"), "unknown code 'R25'; did you mean"),
        (("pol",), "unknown command 'pol'; did you mean 'pool'?"),
        (("xyzzy",), "unknown command 'xyzzy'. Known: init, add-study"),
        (("pool", "--outcme", "x"), "--outcome"),
        (("pool", "--outcome"), "requires an argument"),
        (("explain", "R205", "R206"), "unexpected extra argument"),
        (("pool", "--table", "nowhere.csv"), "the file cannot be read: No such file or directory. Check the name"),
        (("pool", "--table", "."), ". is a folder; --table reads a CSV file"),
        (("pool", *STAY, "-o", "x.pdf"), "the suffix '.pdf' of x.pdf names no format"),
        (("effects", *STAY, "-o", "x.pdf"), "the suffix '.pdf' of x.pdf names no format"),
        (("effects", *STAY, "--explain", "-o", "x.md"), "--explain is text, or data with --json"),
        (("effects", *STAY, "--explain", "--csv"), "Leave it out"),
        (("pool", *STAY, "-o", "studies"), "names no format"),
        (("pool", *STAY, "-o", "nowhere/x.csv"), "nowhere/x.csv cannot be written: there is no folder nowhere. Make it"),
        (("bias-report", "-o", "x.gif"), ".md, .markdown, .txt, .svg, .png, .pdf"),
        (("grade", *STAY, "-o", "x.pdf"), ".txt, .html, .docx"),
        (("regress", *STAY, "--moderators", "year +"), "Write names of fields with + between them"),
        (("serve", "--studies", "nowhere"), "Name an existing one, or make one"),
        (("pool", *STAY, "--studies", "studies/review.yaml"), "Name the folder that it is in: studies"),
        (("add-study",), "no terminal to ask at"),
        (("add-study", "--from", "nowhere.yaml"), "the file cannot be read"),
    ],
)  # fmt: skip
def test_wrong_use_is_answered_with_what_is_right(arguments: tuple[str, ...], says: str, cli: Cli, here: Path) -> None:
    before = sorted(here.rglob("*"))
    code, out, err = cli(*arguments)
    assert code == 2
    assert out == ""
    assert says.lower() in err.lower()
    assert "Traceback" not in err
    assert sorted(here.rglob("*")) == before


def test_what_these_data_cannot_answer_ends_with_three(cli: Cli) -> None:
    code, out, err = cli("pool", "--outcome", "harm")
    assert (code, out) == (3, "")
    assert "error: pooling needs 1 study or more, found 0" in err
    code, out, err = cli(
        "pool",
        *DEATH,
        "--exclude",
        "abel2019",
        "--exclude",
        "baker2020",
        "--exclude",
        "cole2021",
        "--exclude",
        "doe2022",
    )
    assert (code, out) == (3, "")
    assert "Hill 2023 (hill2023): n of arm a is not reported" in err


def test_a_problem_found_by_check_ends_with_one(cli: Cli, here: Path) -> None:
    path = here / "studies" / "abel2019.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("events: 4", "events: 44"), encoding="utf-8")
    code, out, err = cli("check")
    assert code == 1
    assert out.startswith("studies/abel2019.yaml:16:24: error: R205 found 44 events in 40 participants")
    assert err == "1 problem in 1 file. `mscsec explain CODE` says more.\n"
    assert cli("pool", *DEATH).code == 2
    document = json.loads(cli("check", "--json").out)
    assert [(p["code"], p["line"], p["column"]) for p in document["problems"]] == [("R205", 16, 24)]
    annotation = cli("check", "--output-format", "github").out
    assert annotation.startswith("::error file=studies/abel2019.yaml,line=16,col=24,title=R205::found 44 events")
    sarif = json.loads(cli("check", "--output-format", "sarif").out)
    region = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert region["artifactLocation"]["uri"] == "studies/abel2019.yaml"
    assert region["region"] == {"startLine": 16, "startColumn": 24}
    assert sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"] == "R205"


def test_check_finds_what_other_rooms_know(cli: Cli, here: Path) -> None:
    review = here / "studies" / "review.yaml"
    review.write_text(
        review.read_text(encoding="utf-8").replace("better: higher, measure: MD", "better: higher, measure: MDD"),
        encoding="utf-8",
    )
    abel = here / "studies" / "abel2019.yaml"
    abel.write_text(
        abel.read_text(encoding="utf-8").replace("  randomised: true\n", "  randomised: true\n  open_label: true\n"),
        encoding="utf-8",
    )
    code, out, _ = cli("check")
    assert code == 1
    assert ": error: R216 found the measure 'MDD'" in out
    assert "B010" in out


@pytest.mark.parametrize(
    ("analysis", "place", "says"),
    [
        (
            "tau2: REMLL",
            "tau2: ",
            "R218 found tau2 'REMLL'; unknown estimator of tau2 'REMLL'; did you mean 'REML'?",
        ),
        ("ci: hk", "ci: ", "R218 found ci 'hk'"),
        ("prediction: htsx", "prediction: ", "did you mean 'hts'"),
        ("preset: revman5", "preset: ", "did you mean 'revman-5'"),
        ("tau2: GENQ", "tau2: ", "a protocol has no weights for it"),
        ("model: common, ci: kr", "", "the kr interval with a common-effect model"),
    ],
)
def test_check_knows_the_methods_of_the_analysis(cli: Cli, here: Path, analysis: str, place: str, says: str) -> None:
    line = with_analysis(here, analysis)
    code, out, _ = cli("check")
    assert code == 1
    assert says in " ".join(out.split())
    column = len("analysis: {") + (len(place) + 1 if place else 0)
    assert f"review.yaml:{line}:{column}" in out


def with_analysis(here: Path, analysis: str) -> int:
    """The base with another analysis; the number of its line."""
    review = here / "studies" / "review.yaml"
    lines = [line for line in review.read_text(encoding="utf-8").splitlines() if not line.startswith("analysis:")]
    review.write_text("\n".join([*lines, f"analysis: {{{analysis}}}"]) + "\n", encoding="utf-8")
    return len(lines) + 1


@pytest.mark.parametrize(
    "call",
    [
        ("pool", *DEATH), ("plot", "forest", *DEATH, "-o", "x.svg"), ("grade", *STAY), ("report", "-o", "x.html"),
        ("regress", *STAY, "--moderators", "year"),
    ],
    ids=lambda call: call[0],
)  # fmt: skip
def test_a_fault_of_the_analysis_has_its_line_in_every_command_that_pools(
    cli: Cli, here: Path, call: tuple[str, ...]
) -> None:
    at = f"review.yaml:{with_analysis(here, 'model: random, tau2: XX')}:33: error: R218 found tau2 'XX'; unknown estimator"
    code, out, err = cli(*call)
    assert (code, out) == (2, "")
    assert at in err
    assert not (here / "x.svg").exists()
    assert not (here / "x.html").exists()


def test_what_the_command_line_says_instead_stands_in_for_a_fault_of_the_analysis(cli: Cli, here: Path) -> None:
    with_analysis(here, "model: random, tau2: XX")
    for more in (("--tau2", "DL"), ("--preset", "meta"), ("--model", "common"), ("--method", "MH")):
        assert cli("pool", *DEATH, *more).code == 0, more
    assert cli("pool", *DEATH, "--ci", "hksj").code == 2
    with_analysis(here, "model: common, ci: kr")
    assert "review.yaml" in cli("pool", *DEATH).err
    assert cli("pool", *DEATH, "--model", "random").code == 0


def test_sarif_and_github_of_a_sound_base(cli: Cli) -> None:
    assert cli("check", "--output-format", "github") == (0, "", "")
    assert json.loads(cli("check", "--output-format", "sarif").out)["runs"][0]["results"] == []


def test_a_name_with_a_comma_or_a_space_is_escaped(cli: Cli, here: Path) -> None:
    (here / "studies" / "a b,c%.yaml").write_text("", encoding="utf-8")
    assert "file=studies/a b%2Cc%25.yaml,line=1" in cli("check", "--output-format", "github").out
    assert '"uri": "studies/a%20b%2Cc%25.yaml"' in cli("check", "--output-format", "sarif").out


# --- where the evidence base is found -------------------------------------------------------------------------------------


def test_the_nearest_base_upward_is_taken(cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = here / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert "Reading the evidence base: ../../studies (8 studies)" in cli("pool", *STAY).err


def test_the_shipped_base_is_the_last_resort_and_is_not_written_to(cli: Cli, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    assert "Reading the evidence base shipped with mscsec" in cli("bias-report").err
    code, _, err = cli("add-study", "--from", "-")
    assert code == 2
    assert "the evidence base inside the package is not written to. Make one: mscsec init" in err


def test_the_environment_names_a_base(cli: Cli, here: Path) -> None:
    (here / "studies").rename(here / "elsewhere")
    assert cli("pool", *STAY, MSCSEC_STUDIES="elsewhere").code == 0


# --- files --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".json", ".csv", ".md", ".markdown", ".txt", ".JSON"])
def test_the_suffix_chooses_the_kind(suffix: str, cli: Cli, here: Path) -> None:
    flag = {".json": "--json", ".csv": "--csv", ".md": "--markdown", ".markdown": "--markdown", ".txt": None}[
        suffix.lower()
    ]
    file = here / f"result{suffix}"
    code, out, err = cli("pool", *DEATH, "-o", file.name)
    assert (code, out) == (0, "")
    assert err.endswith(f"Wrote {file.name}\n")
    assert file.read_text(encoding="utf-8") == cli("pool", *DEATH, *([flag] if flag else [])).out
    assert file.stat().st_mode & 0o777 == 0o666 & ~output._umask()


def test_a_switch_wins_over_the_suffix_and_dash_is_stdout(cli: Cli, here: Path) -> None:
    cli("pool", *STAY, "--csv", "-o", "x.txt")
    assert (here / "x.txt").read_text(encoding="utf-8").startswith("study,label")
    assert cli("pool", *STAY, "-o", "-").out == cli("pool", *STAY).out


def test_nothing_is_overwritten_without_force(cli: Cli, here: Path) -> None:
    file = here / "x.csv"
    file.write_text("mine", encoding="utf-8")
    code, out, err = cli("pool", *STAY, "-o", "x.csv")
    assert (code, out) == (2, "")
    assert "x.csv exists already and is not overwritten. Give --force to replace it, or another name" in err
    assert file.read_text(encoding="utf-8") == "mine"
    assert cli("pool", *STAY, "-o", "x.csv", "--force").code == 0
    assert file.read_text(encoding="utf-8").startswith("study,label")


@pytest.mark.parametrize(
    "failure", [KeyboardInterrupt(), OSError(28, "No space left on device"), RuntimeError("a defect")]
)
@pytest.mark.parametrize("at", ["replace", "fsync"])
@pytest.mark.parametrize("present", [True, False])
def test_a_failure_leaves_the_old_file_or_none(failure: BaseException, at: str, present: bool, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    def fail(*_arguments: Any) -> None:
        raise failure

    file = here / "x.txt"
    if present:
        file.write_text("old", encoding="utf-8")
    before = sorted(here.iterdir())
    monkeypatch.setattr(os, at, fail)
    expected = output.UsageError if isinstance(failure, OSError) else type(failure)
    with pytest.raises(expected):
        output.write_whole(file, "new", force=True)
    assert sorted(here.iterdir()) == before
    assert not present or file.read_text(encoding="utf-8") == "old"


def test_a_failure_of_the_disk_is_one_message(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    code, out, err = cli("pool", *STAY, "-o", "x.csv", "--studies", "studies")
    assert (code, out, err) == (2, "", "error: x.csv cannot be written: No space left on device [U001]\n")


def test_a_link_is_followed_and_a_device_is_written_to(cli: Cli, here: Path) -> None:
    (here / "real.csv").write_text("old", encoding="utf-8")
    (here / "link.csv").symlink_to("real.csv")
    (here / "null.csv").symlink_to("/dev/null")
    assert cli("pool", *STAY, "-o", "link.csv", "--force").code == 0
    assert (here / "link.csv").is_symlink()
    assert (here / "real.csv").read_text(encoding="utf-8").startswith("study,")
    assert cli("pool", *STAY, "-o", "null.csv").code == 0
    assert Path("/dev/null").is_char_device()


# --- tables ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_any_dialect(name: str, cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(TABLES[name], encoding="utf-8", newline="")
    result = json.loads(cli("pool", "--table", "t.csv", "--json").out)["result"]
    piped = json.loads(cli("pool", "--table", "-", "--json", stdin=TABLES[name]).out)["result"]
    plain = json.loads(cli("pool", "--table", "-", "--json", stdin=TABLES["comma"]).out)["result"]
    assert result == piped == plain


BAD = (
    ("empty", "", "1:1: error: E211 the table has no rows"),
    ("header alone", "study,yi,vi\n", "E211 the table has no rows"),
    ("a word", "study,yi,vi\na,0.1,0.2\nb,many,0.2\n", "3:2: error: E212 yi is 'many'; a number or an empty cell is wanted here"),
    ("decimal comma", "study;yi;vi\na;0,1;0.2\n", "2:2: error: E212 yi is '0,1'; a number or an empty cell is wanted here. Write 0.1"),
    ("infinite", "study,yi,vi\na,inf,0.2\n", "2:2: error: E212 yi is 'inf'"),
    ("beyond floats", "study,yi,vi\na,1e999,0.2\n", "2:2: error: E212 yi is '1e999'"),
    ("column twice", "study,yi,yi,vi\na,1,2,3\n", "1:1: error: E211 the column 'yi' stands twice"),
    ("short row", "study,yi,vi\na,1,2\nb,1\n", "3:1: error: E211 found 2 cells under 3 columns"),
    ("unclosed quote", 'study,yi,vi\n"a,1,2\nb,1,2\n', "E211"),
    ("huge field", "study,yi,vi\n" + "x" * 200_000 + ",1,2\n", "E211 this is not a CSV table: field larger than field limit"),
    ("no measure", "study,a,b\nx,1,2\n", "name the measure"),
    ("negative variance", "study,yi,vi\na,1,-2\nb,1,2\n", "vi"),
    ("no UTF-8", b"study,yi,vi\na,1,\xff\n", "2:5: error: R004 found the byte 0xFF"),
    ("UTF-16", "study,yi,vi\na,1,2\n".encode("utf-16"), "R005"),
)  # fmt: skip


@pytest.mark.parametrize(("table", "says"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_table_is_said_with_its_place(table: str | bytes, says: str, cli: Cli, here: Path) -> None:
    data = table.encode() if isinstance(table, str) else table
    (here / "t.csv").write_bytes(data)
    for answer in (cli("pool", "--table", "t.csv"), cli("effects", "--table", "-", stdin=data)):
        assert answer.code == 2
        assert answer.out == ""
        assert says in answer.err
        assert "Traceback" not in answer.err


def test_columns_that_a_measure_lacks_are_named(cli: Cli) -> None:
    code, _, err = cli("pool", "--table", "-", "--measure", "RR", stdin="study,events_1,n_1\na,1,2\n")
    assert code == 2
    assert "needs the columns" in err
    assert "events_2" in err


# --- processes of their own ---------------------------------------------------------------------------------------------------


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= options.pop("env", {})
    return subprocess.run([sys.executable, "-m", "mscsec", *arguments], capture_output=True, env=environment, timeout=60, check=False, **options)  # fmt: skip


def test_a_terminal_of_ascii_gets_ascii(here: Path) -> None:
    done = process("pool", *DEATH, cwd=here, env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert b"Pooled" in done.stdout
    assert b"Traceback" not in done.stderr


def test_a_reader_who_leaves_early_is_no_error(here: Path) -> None:
    table = "study,yi,vi\n" + "".join(f"study {i},{i % 7},1\n" for i in range(3_000))
    (here / "t.csv").write_text(table, encoding="utf-8")
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m mscsec effects --table t.csv 2>talk | head -1"], cwd=here, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.count(b"\n") == 1
    assert b"Traceback" not in (here / "talk").read_bytes()
    assert b"BrokenPipe" not in (here / "talk").read_bytes()


@pytest.mark.parametrize("call", [["bias-report"], ["--help"]], ids=" ".join)
def test_a_full_disk_behind_stdout_is_one_message(call: list[str], here: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mscsec", *call],
            cwd=here,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.endswith(b"error: stdout cannot be written: No space left on device [U001]\n")


def test_same_bytes_in_two_processes(here: Path) -> None:
    runs = [process("pool", *DEATH, "--json", cwd=here, env={"PYTHONHASHSEED": seed}).stdout for seed in ("1", "2")]
    assert runs[0] == runs[1] != b""


@pytest.mark.parametrize("arguments", [("effects", *DEATH), ("pool", *DEATH, "--by", "year"), ("pool", *DEATH, "--compare"), ("grade", *DEATH), ("bias-report", "--tool", "rob2")], ids=["effects", "by", "compare", "grade", "bias-report"])  # fmt: skip
def test_a_long_label_is_wrapped_and_not_cut(arguments: tuple[str, ...], cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", "80")
    protocol = here / "studies" / "review.yaml"
    long = "Death from any cause by day 28 in those who were on a ventilator when they were randomised to either arm"
    protocol.write_text(protocol.read_text(encoding="utf-8").replace("Death by day 28", long), encoding="utf-8")
    out = cli(*arguments).out
    head = " ".join(out.split())
    assert arguments[0] == "bias-report" or "randomised to either arm" in head
    assert max(map(output.display_width, out.splitlines())) <= 80
