"""Records and bases with one fault each: the code, the place to line and column, the words, the exit codes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from mscsec.cli.app import run
from mscsec.codes import CODES
from mscsec.constants import MAX_FILE_PROBLEMS
from mscsec.records.reader import inspect

from .bases import CARET, FILES, STUDY, broken, write

S, R = "roe2021.yaml", "review.yaml"


class Case(NamedTuple):
    """One fault: `old` in `file` becomes `new`, where a caret stands before the place that must be named."""

    name: str
    file: str
    old: str
    new: str
    code: str
    says: str


CASES = (
    # --- kinds of value ---
    Case("number wanted, word found", S, "mean: 8.2", "mean: ¦eight", "R104", "found the text 'eight'; a number is wanted here"),
    Case("number quoted", S, "mean: 8.2", 'mean: ¦"8.2"', "R104", "Write 8.2 without quotes"),
    Case("decimal comma", S, "{mean: 8.2, sd", '{mean: ¦"8,2", sd', "R104", "Write 8.2 with a decimal point"),
    Case("mean and SD in one", S, "mean: 8.2", "mean: ¦5.50 ± 1.64", "R104", "Write the two figures apart"),
    Case("percent sign", S, "active: {events: 3}", "active: {events: ¦50%}", "R104", "Write 50 under percent:"),
    Case("unit inside the number", S, "mean: 8.2", "mean: ¦8.2 days", "R104", "the unit goes under unit:"),
    Case("en dash for minus", S, "mean: 8.2", "mean: ¦–8.2", "R104", "Write -8.2 with an ASCII minus sign"),
    Case("leading zero", S, "{events: 3}", "{events: ¦03}", "R104", "Write 3"),
    Case("underscore in a number", S, "{events: 3}", "{events: ¦1_000}", "R104", "Write 1000"),
    Case("hexadecimal", S, "{events: 3}", "{events: ¦0x1F}", "R104", "a number is wanted here"),
    Case("not a number", S, "mean: 8.2", "mean: ¦.nan", "R104", "found the text '.nan'"),
    Case("infinite by its exponent", S, "mean: 8.2", "mean: ¦1e999", "R104", "found the text '1e999'"),
    Case("a date for a number", S, "{events: 3}", "{events: ¦2020-01-02}", "R104", "a number is wanted here"),
    Case("a list for a number", S, "mean: 8.2", "mean: ¦[8.2]", "R104", "results[1].arms.active.mean: found a list"),
    Case("a mapping for text", S, "title: A trial", "title: ¦{a: b}", "R104", "text is wanted here"),
    Case("a flag for text", S, "title: A trial", "title: ¦true", "R104", "found true; text is wanted here"),
    Case("yes for true", S, "randomised: true", "randomised: ¦yes", "R104", "Write true, false or null (not yes or no)"),
    Case("a word for a mapping", S, "active: {role: experimental, n: 21}", "active: ¦experimental", "R104", "a mapping (key: value) is wanted here"),
    Case("a list for a mapping", S, "population: {condition: severe, randomised: 42}", "population: ¦[severe]", "R104", "a mapping (key: value) is wanted here"),
    Case("a mapping for a list", S, "effects:\n      - {measure", "effects:\n      ¦one: {measure", "R104", "a list is wanted here"),
    Case("a list for support", S, "assessor: A}", "assessor: A, domains: {D1: {support: ¦[a]}}}", "R104", "text is wanted here"),
    Case("null inside an interval", S, "iqr: [7, 14]", "iqr: [7, 14, 15]".replace("[", "¦["), "R104", "found 3 values; two numbers are wanted here"),
    Case("interval of one number", S, "ci: [0.13, 1.44]", "ci: ¦0.13", "R104", "two numbers are wanted here, lower and upper"),
    Case("a P value in words", S, "reported: {p: 0.28}", "reported: {p: ¦ns}", "R104", 'Write p: 0.04, or a bound in quotes, p: "<0.001"'),
    Case("a P value with its letter", S, "reported: {p: 0.28}", "reported: {p: ¦P < 0.001}", "R104", "a P value or its bound is wanted here"),
    Case("text over several lines", S, "timepoint: day 28", 'timepoint: ¦"day\\n28"', "R108", "found 2 lines; this text stands on one line"),
    # --- ranges ---
    Case("SD negative", S, "sd: 3.1", "sd: ¦-3.1", "R106", "found -3.1; a standard deviation or standard error is positive"),
    Case("SD zero", S, "sd: 3.1", "sd: ¦0", "R106", "a standard deviation or standard error is positive"),
    Case("n zero", S, "comparator, n: 21", "comparator, n: ¦0", "R106", "an arm has at least one participant"),
    Case("n of half a patient", S, "comparator, n: 21", "comparator, n: ¦10.5", "R106", "found 10.5"),
    Case("n inside value", S, "comparator, n: 21", "comparator, n: {assumed: half, value: ¦-1}", "R106", "arms.control.n: found -1"),
    Case("events negative", S, "{events: 3}", "{events: ¦-3}", "R106", "a count is a whole number from 0 on"),
    Case("total events of half a patient", S, "    reported: {p: 0.28}", "    reported: {p: 0.28}\n    events: ¦10.5", "R106", "a count is a whole number from 0 on"),
    Case("total events below those of an arm", S, "    reported: {p: 0.28}", "    reported: {p: 0.28}\n    events: ¦6", "R205", "found 6 events in all arms and 7 in control"),
    Case("total events above all participants", S, "    reported: {p: 0.28}", "    reported: {p: 0.28}\n    events: ¦60", "R205", "found 60 events in 42 participants"),
    Case("direction in other words", S, "reported: {p: 0.28}", "reported: {p: 0.28, direction: ¦lower}", "R105", "allowed here: fewer, more"),
    Case("direction of an effect", S, "p: 0.17}", "p: 0.17, direction: ¦down}", "R105", "allowed here: fewer, more"),
    Case("yates as a word", S, "reported: {p: 0.28}", "reported: {chi2: 1.2, yates: ¦yes}", "R104", "true or false is wanted here"),
    Case("chi-square negative", S, "reported: {p: 0.28}", "reported: {chi2: ¦-1.2}", "R106", "this number cannot be below 0"),
    Case("percent 140", S, "{events: 3}", "{percent: ¦140}", "R106", "a percentage lies between 0 and 100"),
    Case("P above one", S, "reported: {p: 0.28}", "reported: {p: ¦1.2}", "R106", "a P value lies between 0 and 1"),
    Case("level 95", S, "ci: [0.13, 1.44]", "ci: [0.13, 1.44], ci_level: ¦95", "R106", "Write 0.95"),
    Case("level of the review", R, "level: 0.95", "level: ¦0.3", "R106", "a confidence level lies between 0.5 and 1"),
    Case("correlation 1.4", S, "randomised: true", "randomised: true\n  icc: ¦1.4", "R106", "a correlation lies between -1 and 1"),
    Case("year with two digits", S, "year: 2021", "year: ¦21", "R106", "a year has four digits"),
    Case("conversion of zero", R, "hour: 0.0416667", "hour: ¦0", "R106", "this number is above 0"),
    Case("flow negative", R, "screened: 120", "screened: ¦-1", "R106", "flow.screened: found -1"),
    Case("flow that does not add up", R, "duplicates: 20}", "duplicates: 20}, sought: ¦90", "R217", "found 90, but screened less excluded is 100"),
    Case("reports that are not what is left", R, "duplicates: 20}", "duplicates: 20}, assessed: 20, ineligible: 5, included: {studies: 9, reports: ¦12}", "R217", "found 12, but reports assessed less ineligible is 15"),
    Case("unknown box of the flow", R, "flow: {screened", "flow: {¦screend", "R102", "Did you mean 'screened'?"),
    Case("flow negative further in", R, "duplicates: 20", "duplicates: ¦2.5", "R106", "flow.excluded.duplicates: found 2.5"),
    Case("ratio negative", S, "estimate: 0.43, ci: [0.13, 1.44]", "estimate: ¦-0.84", "R106", "a ratio is positive. Where the paper prints the logarithm, add log: true"),
    Case("important difference too wide", R, "important_difference: 2", "important_difference: ¦20", "R106", "fits into the outcome's range, which is 10 wide"),
    Case("interval reversed", S, "iqr: [7, 14]", "iqr: ¦[14, 7]", "R106", "the lower number stands first. Write [7, 14]"),
    # --- options and forms ---
    Case("unknown design", S, "type: parallel-rct", "type: ¦parallel-rtc", "R105", "Write parallel-rct"),
    Case("unknown role", S, "role: comparator", "role: ¦placebo", "R105", "allowed here: experimental, comparator, other"),
    Case("unknown judgement of a flag", S, "sequence_generation: adequate", "sequence_generation: ¦yes", "R105", "allowed here: adequate, inadequate, unclear"),
    Case("schema of tomorrow", S, "schema: mscsec/study/1", "schema: ¦mscsec/study/2", "R105", "allowed here: mscsec/study/1"),
    Case("a study for a protocol", R, "schema: mscsec/review/1", "schema: ¦mscsec/study/1", "R105", "allowed here: mscsec/review/1"),
    Case("type of an outcome", R, "death: {label: Death, type: dichotomous", "death: {label: Death, type: ¦binary", "R105", "dichotomous"),
    Case("id with capitals and spaces", S, "id: roe2021", "id: ¦Roe 2021", "R107", "Write roe2021"),
    Case("id empty in quotes", S, "id: roe2021", 'id: ¦""', "R107", "an id has lower-case letters"),
    Case("id without end", S, "id: roe2021", f"id: ¦{'a' * 81}", "R107", "an id has at most 80"),
    Case("doi as an address", S, "doi: 10.1000/xyz", "doi: ¦https://doi.org/10.1000/xyz", "R107", "Write 10.1000/xyz"),
    Case("doi of nothing", S, "doi: 10.1000/xyz", "doi: ¦see above", "R107", "a doi is bare and starts with 10."),
    # --- keys ---
    Case("unknown key", S, "events: 3}", "¦evnets: 3}", "R102", "unknown key 'evnets'; only known keys are read. Did you mean 'events'?"),
    Case("unknown key at the top", S, "notes: [first", "¦note: [first", "R102", "Did you mean 'notes'?"),
    Case("unknown key of the protocol", R, "analysis: {level: 0.95}", "analysis: {¦levle: 0.95}", "R102", "Did you mean 'level'?"),
    Case("python's name of a key", S, "schema: mscsec/study/1", "schema: mscsec/study/1\n¦schema_: mscsec/study/1", "R102", "Did you mean 'schema'?"),
    Case("merge key", S, "active: {events: 3}", "active: {¦<<: {events: 3}}", "R102", "unknown key '<<'"),
    Case("duplicate key", S, "active: {mean: 8.2, sd: 3.1}", "active: {mean: 8.2, sd: 3.1, ¦mean: 9}", "R101", "found 'mean' for the second time"),
    Case("duplicate key at the top", S, "notes: [first, second]", "notes: [first, second]\n¦id: x", "R101", "it already stands on line 2"),
    Case("id missing", S, "schema: mscsec/study/1\nid: roe2021\n", "¦schema: mscsec/study/1\n", "R103", "'id' is missing; this key is required here. Write id: ..."),
    Case("outcome missing", S, "- outcome: stay\n    unit: day", "- ¦unit: day", "R103", "results[1]: 'outcome' is missing"),
    Case("role missing", S, "  active: {role: experimental, n: 21}", "  ¦active: {n: 21}", "R103", "arms.active: 'role' is missing"),
    Case("mapping without content", S, "citation:\n  title: A trial\n  authors: [Jane Roe]\n  year: 2021\n  doi: 10.1000/xyz\n", "citation:¦\n", "R103", "nothing stands here; this key is required"),
    Case("no arms", S, "arms:\n  active: {role: experimental, n: 21}\n  control: {role: comparator, n: 21}", "arms: ¦{}", "R103", "at least one entry is required"),
    Case("key that is a list", S, "notes: [first, second]", "? ¦[a, b]\n: c", "R016", "keys are single words"),
    Case("key with a tab", S, "notes: [first, second]", '¦"a\\tb": c', "R016", "keys are single words"),
    # --- between values ---
    Case("more events than participants", S, "{events: 7}", "{events: ¦22}", "R205", "found 22 events in 21 participants"),
    Case("more survivors than participants", S, "{events: 7}", "{non_events: ¦22}", "R205", "non_events cannot exceed n"),
    Case("interval without its estimate", S, "ci: [0.13, 1.44]", "ci: ¦[0.53, 1.44]", "R206", "a confidence interval contains its estimate"),
    Case("median outside its quartiles", S, "iqr: [7, 14]", "iqr: ¦[11, 14]", "R207", "the median lies inside its iqr"),
    Case("range inside the quartiles", S, "range: [2, 30]", "range: ¦[8, 30]", "R207", "the range encloses the quartiles"),
    Case("unknown arm", S, "active: {events: 3}", "actve: ¦{events: 3}", "R202", "found the arm 'actve'; a result speaks of arms that stand under arms:. Did you mean 'active'?"),
    Case("unknown arm of an effect", S, "{measure: RR,", "{experimental: ¦drug, measure: RR,", "R202", "Arms: active, control"),
    Case("unknown outcome", S, "- outcome: stay", "- outcome: ¦sty", "R203", "Did you mean 'stay'? Outcomes: death, stay, score"),
    Case("unit of another kind", S, "unit: day\n    arms", "unit: ¦week\n    arms", "R204", "stay is measured in day. Write the figures in day, or add the factor"),
    Case("result twice", S, "- outcome: stay\n    unit: day\n    arms:\n      active: {mean: 8.2, sd: 3.1}\n      control: {median: 10, iqr: [7, 14], range: [2, 30]}",
         "- outcome: ¦death\n    timepoint: day 28\n    effects: [{measure: RR, estimate: 0.4}]\n    arms:\n      active: {events: 3}\n      control: {events: 7}", "R210", "found death at day 28 for the second time"),
    Case("no comparator", S, "arms:\n  active: {role: experimental, n: 21}\n  control: {role: comparator, n: 21}", "arms:\n  ¦active: {role: experimental, n: 21}\n  control: {role: other, n: 21}", "R211", "found no arm with role: comparator"),
    Case("assessment of nothing", S, "result: death,", "result: ¦mortality,", "R212", "an assessment names an outcome under results:"),
    Case("unknown comparison", R, "comparison: active_vs_control", "comparison: ¦active_vs_cntrl", "R213", "Did you mean 'active_vs_control'?"),
    Case("mean of a dichotomous outcome", S, "active: {events: 3}", "active: {events: 3, mean: ¦4}", "R214", "death is dichotomous in review.yaml"),
    Case("events of a continuous outcome", S, "active: {mean: 8.2, sd: 3.1}", "active: {mean: 8.2, sd: 3.1, events: ¦4}", "R214", "stay is continuous in review.yaml"),
    # --- YAML ---
    Case("tab in the indentation", S, "  title: A trial", "¦\ttitle: A trial", "R009", "found a tab in the indentation"),
    Case("unclosed quote", S, "title: A trial", 'title: ¦"A trial', "R008", "found a quote that runs on to line 25"),
    Case("unclosed quote at the end", S, "notes: [first, second]", "notes: ¦'first", "R008", "found a quote that is never closed"),
    Case("unclosed bracket", S, "iqr: [7, 14], range: [2, 30]}", "iqr: [7, 14, range: [2, 30]¦}", "R008", "found no comma and no ] here"),
    Case("unclosed bracket at the end", S, "notes: [first, second]", "notes: ¦[first, second", "R008", "found [ that is never closed; brackets stand in pairs. Write the ]"),
    Case("unclosed brace at the end", S, "notes: [first, second]", "notes: [¦{a: b, c: d", "R008", "found { that is never closed"),
    Case("missing comma in brackets", S, "{role: experimental, n: 21}", "{role: experimental n¦: 21}", "R008", "found no comma and no } here"),
    Case("colon in text", S, "title: A trial", "title: A trial¦: part two", "R008", "found a colon inside text"),
    Case("line without a colon", S, "  title: A trial\n  authors:", "  title A trial\n  authors¦:", "R008", "or the one above its colon"),
    Case("last line without a colon", S, "notes: [first, second]", "¦notes", "R008", "found a line without a colon"),
    Case("indented key", S, "  randomised: true\n", "    randomised¦: true\n", "R008", "this line lacks its indentation"),
    Case("outdented key", S, "  randomised: true\n  sequence", "  randomised: true\n ¦sequence", "R008", "found text that belongs to no key"),
    Case("text behind a quote", S, "title: A trial", 'title: "A" ¦trial', "R008", "nothing follows a closing quote"),
    Case("at sign", S, "title: A trial", "title: ¦@trial", "R008", "found a character that cannot start a value"),
    Case("backslash in quotes", S, "title: A trial", 'title: "a\\¦d"', "R008", "found a backslash that starts no escape"),
    Case("two documents", S, "notes: [first, second]", "¦---\nid: b", "R010", "found a second document (---)"),
    Case("python object", S, "title: A trial", "title: ¦!!python/object/apply:os.system [ls]", "R011", "a record is plain data"),
    Case("recursive alias", S, "notes: [first, second]", "notes: &a [¦*a]", "R012", "found *a inside its own anchor"),
    Case("alias of nothing", S, "notes: [first, second]", "notes: ¦*nowhere", "R008", "which no anchor defines"),
    Case("control character", S, "title: A trial", "title: A¦\x07 trial", "R006", "found the control character U+0007"),
    Case("NUL", S, "title: A trial", "title: A¦\x00 trial", "R006", "found the control character U+0000"),
    Case("escape sequence of a terminal", S, "title: A trial", 'title: ¦"\\e[31mA trial"', "R006", "found the control character U+001B"),
    Case("wide characters before", S, "randomised: true\n", "randomised: true\n  support: {漢字: 😀, ¦漢字: b}\n", "R101", "found '漢字' for the second time"),
    Case("deep nesting", S, "notes: [first, second]", f"notes: {'[' * 63}¦{'[' * 99_937}", "R014", "found more than 64 levels of nesting"),
)  # fmt: skip


def laughs() -> str:
    """The billion laughs: each level repeats the one before it nine times."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    return "\n".join(lines) + "\n"


# Whole files that are no records: bytes, then code, line, column and words.
FILE_CASES = (
    ("empty", b"", "R007", 1, 1, "the file is empty"),
    ("only comments", b"# nothing yet\n\n# really\n", "R007", 1, 1, "Start from: mscsec add-study --template"),
    ("only a document start", b"---\n", "R015", 2, 1, "the file is not a mapping"),
    ("a list", b"- a\n- b\n", "R015", 1, 1, "the file is not a mapping"),
    ("a word", b"hello\n", "R015", 1, 1, "a record is a mapping of keys to values"),
    ("byte-order mark", b"\xef\xbb\xbf" + STUDY.encode(), "R005", 1, 1, "byte-order mark"),
    ("UTF-16", STUDY.encode("utf-16"), "R005", 1, 1, 'Save it as "UTF-8"'),
    ("latin-1", STUDY.replace("Jane Roe", "Zoë Roe").encode("latin-1"), "R004", 5, 15, "found the byte 0xEB, which is not UTF-8"),
    ("binary", bytes(range(256)), "R004", 3, 115, "found the byte 0x80"),
    ("billion laughs", laughs().encode(), "R013", 6, 15, "found more than 100,000 values"),
    ("windows line ends and a stray tab", STUDY.replace("\n", "\r\n").replace("  title", "\ttitle").encode(), "R009", 4, 1, "found a tab"),
)  # fmt: skip


def check(folder: Path, capsys: pytest.CaptureFixture[str], expected: list[str]) -> None:
    """`pool` refuses with exit 2 and `check` finds with exit 1; both name exactly the heads expected."""
    assert run(["pool", "--outcome", "death", "--studies", str(folder)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    heads = [line.removeprefix(f"{folder}/") for line in err.splitlines() if re.match(r".*:\d+:\d+: error: ", line)]
    assert len(heads) == len(expected), err
    for head, start in zip(heads, expected, strict=True):
        assert head.startswith(start)
    assert "Nothing was computed. `mscsec explain CODE` says more." in err
    assert run(["check", "--studies", str(folder)]) == 1
    out, err = capsys.readouterr()
    for start in expected:
        assert f"{folder}/{start}" in out


def test_the_base_that_is_broken_is_sound(tmp_path: Path) -> None:
    base, problems = inspect(write(tmp_path))
    assert base is not None
    assert problems == []


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_one_fault(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, line, column = broken(case.file, case.old, case.new)
    folder = write(tmp_path, {case.file: text})
    check(folder, capsys, [f"{case.file}:{line}:{column}: error: {case.code} "])
    problem = inspect(folder)[1][0]
    assert case.says in problem.message
    assert problem.excerpt == re.split(r"\r\n|\n", text)[line - 1]
    assert case.code in CODES


@pytest.mark.parametrize(("data", "code", "line", "column", "says"), [row[1:] for row in FILE_CASES], ids=[row[0] for row in FILE_CASES])  # fmt: skip
@pytest.mark.parametrize("file", [S, R])
def test_file_that_is_no_record(file: str, data: bytes, code: str, line: int, column: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    folder = write(tmp_path)
    (folder / file).write_bytes(data)
    check(folder, capsys, [f"{file}:{line}:{column}: error: {code} "])
    assert says in inspect(folder)[1][0].message


def _remove(path: Path) -> Path:
    path.unlink(missing_ok=True)
    return path


# What stands in the folder under the name of a record and is none.
THINGS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "folder": (lambda path: _remove(path).mkdir(), "R002", "this is a folder; a record is a file"),
    "FIFO": (lambda path: os.mkfifo(_remove(path)), "R002", "this is not a regular file"),
    "device": (lambda path: _remove(path).symlink_to("/dev/zero"), "R002", "this is not a regular file"),
    "symlink loop": (lambda path: _remove(path).symlink_to(path.name), "R002", "the file cannot be read: Too many levels of symbolic links"),
    "broken link": (lambda path: _remove(path).symlink_to("nowhere"), "R002", "the file cannot be read: No such file or directory"),
    "50 MB": (lambda path: os.truncate(path, 50_000_000), "R003", "the file has 50.0 MB; a record has at most 1024 kB"),
}  # fmt: skip


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("file", [S, R])
def test_thing_that_is_no_file(thing: str, file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, code, says = THINGS[thing]
    folder = write(tmp_path)
    make(folder / file)
    check(folder, capsys, [f"{file}:1:1: error: {code} {says}"])


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_file_that_the_system_refuses(error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    def refuse(_path: Path) -> bytes:
        raise error

    folder = write(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    check(folder, capsys, [f"{name}:1:1: error: R002 the file cannot be read: {error.strerror}" for name in FILES])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda path: None,
            "cannot be read: No such file or directory. Name an existing one, or make one: mscsec init",
        ),
        (lambda path: path.write_text("x"), "is a file, not a folder. Name the folder that it is in: "),
        (lambda path: path.mkdir(), "review.yaml is missing: a folder of study records holds its protocol there"),
        (lambda path: path.symlink_to(path.name), "cannot be read: Too many levels of symbolic links"),
    ],
    ids=["missing", "a file", "no protocol", "symlink loop"],
)
@pytest.mark.parametrize("command", [["pool", "--outcome", "x"], ["check"], ["effects", "--outcome", "x"], ["bias-report"], ["add-study", "--from", "-"]])  # fmt: skip
def test_folder_that_is_no_base(command: list[str], make: Callable[[Path], object], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    folder = tmp_path / "base"
    make(folder)
    assert run([*command, "--studies", str(folder)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.rstrip().endswith("[R001]")
    assert len(err.splitlines()) == 1


def test_one_id_for_two_studies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path, {"zoe2022.yaml": STUDY})
    check(folder, capsys, [f"zoe2022.yaml:2:5: error: R201 found the id 'roe2021', which {folder}/{S} has"])


@pytest.mark.parametrize("name", ["zoe2022.yml", "zoe2022.YAML"])
def test_record_under_another_suffix_is_not_left_out_unseen(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    folder = write(tmp_path, {name: STUDY.replace("roe2021", "zoe2022")})
    check(folder, capsys, [f"{name}:1:1: error: R017 "])


def test_all_faults_of_all_files_are_listed_down_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = STUDY.replace("sd: 3.1", "sd: -3.1").replace("year: 2021", "year: 21").replace("role: comparator", "rle: x")
    folder = write(tmp_path, {S: study, "a.yaml": "", "b.yaml": "- x\n"})
    check(
        folder,
        capsys,
        [
            "a.yaml:1:1: error: R007",
            "b.yaml:1:1: error: R015",
            f"{S}:6:9: error: R106",
            f"{S}:15:3: error: R103",
            f"{S}:15:13: error: R102",
            f"{S}:29:31: error: R106",
        ],
    )


def test_a_rule_between_values_is_silenced_with_a_reason_and_only_so(tmp_path: Path) -> None:
    fault = "      control: {events: 22}"
    for comment, count in (
        ("# mscsec: ignore[R205] two patients were readmitted", 0),
        ("# mscsec: ignore[R204, R205] two patients were readmitted", 0),
        ("# mscsec: ignore[R205]", 1),
        ("# mscsec: ignore[R204] something else", 1),
    ):
        for text in (f"{fault}  {comment}", f"      {comment}\n{fault}"):
            write(tmp_path, {S: STUDY.replace("      control: {events: 7}", text)})
            assert len(inspect(tmp_path)[1]) == count, text


def test_a_silencing_comment_behind_the_line_above_does_not_reach_down(tmp_path: Path) -> None:
    text = STUDY.replace("{events: 3}\n", "{events: 3}  # mscsec: ignore[R205] a reason\n").replace(
        "events: 7", "events: 22"
    )
    write(tmp_path, {S: text})
    assert [problem.code for problem in inspect(tmp_path)[1]] == ["R205"]


def test_a_file_of_nothing_but_faults_is_cut_short(tmp_path: Path) -> None:
    write(tmp_path, {S: "".join(f"k{i}: 1\n" for i in range(20_000)), "b.yaml": "a: 1\n" * 100_000})
    counts = [problem.file.rsplit("/", 1)[1] for problem in inspect(tmp_path)[1]]
    assert counts.count(S) == counts.count("b.yaml") == MAX_FILE_PROBLEMS


@pytest.mark.parametrize("name", ["SD negative", "unclosed quote", "duplicate key", "deep nesting", "NUL"])
def test_no_traceback_in_a_process_of_its_own(name: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == name)
    text, line, column = broken(case.file, case.old, case.new)
    write(tmp_path / "studies", {case.file: text})
    done = subprocess.run([sys.executable, "-m", "mscsec", "pool", "--outcome", "death"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"studies/{case.file}:{line}:{column}: error: {case.code} ")
    assert "Traceback" not in done.stderr


def test_there_are_cases_for_every_code_of_the_room() -> None:
    said = Path(__file__).read_text(encoding="utf-8")
    source = "".join(
        path.read_text(encoding="utf-8") for path in (Path(inspect.__code__.co_filename).parent).glob("*.py")
    )
    codes = set(re.findall(r'"(R[0-2]\d\d)"', source)) - {"R000"}
    assert {code for code in codes if code not in said} == set()
    assert len(CASES) + len(FILE_CASES) + len(THINGS) >= 60
    assert CARET not in "".join(FILES.values())
