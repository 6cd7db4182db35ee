"""`add-study` and `init`: what is written is whole, valid and canonical, or nothing is; at a terminal answers are asked again."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from mscsec.records.reader import load
from mscsec.records.template import template

from .base import STUDIES
from .conftest import Cli

NEW = (
    STUDIES["abel2019"]
    .replace("abel2019", "newman2024")
    .replace("Ada Abel", "Nat Newman")
    .replace("mean: 8.2, ", "mean: 8.20, ")
)


def records(here: Path) -> dict[str, bytes]:
    """Every file below the working directory, so that leftovers show."""
    return {str(path.relative_to(here)): path.read_bytes() for path in sorted(here.rglob("*")) if path.is_file()}


# --- from a file ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_a_record_is_taken_from_a_file_or_stdin(way: str, cli: Cli, here: Path) -> None:
    (here / "in.yaml").write_text(NEW, encoding="utf-8")
    answer = cli("add-study", "--from", "in.yaml") if way == "file" else cli("add-study", "--from", "-", stdin=NEW)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "Wrote studies/newman2024.yaml. Check it: mscsec check --studies studies\n"
    text = (here / "studies" / "newman2024.yaml").read_text(encoding="utf-8")
    assert "mean: 8.20" in text
    base = load("studies")
    assert base.study("newman2024").label == "Newman 2019"
    assert cli("check").code == 0


def test_the_canonical_form_says_the_same(cli: Cli, here: Path) -> None:
    cli("add-study", "--from", "-", stdin=NEW)
    text = (here / "studies" / "newman2024.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) == yaml.safe_load(NEW)
    cli("add-study", "--from", "studies/newman2024.yaml", "--force")
    assert (here / "studies" / "newman2024.yaml").read_text(encoding="utf-8") == text


def test_a_dry_run_shows_and_writes_nothing(cli: Cli, here: Path) -> None:
    before = records(here)
    shown = cli("add-study", "--from", "-", "--dry-run", stdin=NEW)
    assert shown.code == 0
    assert yaml.safe_load(shown.out) == yaml.safe_load(NEW)
    assert records(here) == before
    cli("add-study", "--from", "-", stdin=NEW)
    assert (here / "studies" / "newman2024.yaml").read_text(encoding="utf-8") == shown.out


def test_the_template_is_a_record(cli: Cli, here: Path) -> None:
    answer = cli("add-study", "--template")
    assert (answer.code, answer.out, answer.err) == (0, template("study"), "")
    assert cli("init", "fresh").code == 0
    (here / "fresh" / "roe2021.yaml").unlink()
    assert cli("add-study", "--from", "-", "--studies", "fresh", stdin=answer.out).code == 0


def test_an_id_that_is_taken_is_refused_and_forced(cli: Cli, here: Path) -> None:
    (here / "studies" / "abel2019.yaml").rename(here / "studies" / "other.yaml")
    before = records(here)
    text = STUDIES["abel2019"].replace("events: 4", "events: 5")
    answer = cli("add-study", "--from", "-", stdin=text)
    assert (answer.code, answer.out) == (2, "")
    assert "the id abel2019 is taken by studies/other.yaml. Give the study another id, or --force" in answer.err
    assert records(here) == before
    assert cli("add-study", "--from", "-", "--force", stdin=text).code == 0
    assert set(records(here)) == set(before)
    assert "events: 5" in (here / "studies" / "other.yaml").read_text(encoding="utf-8")
    assert cli("check").code == 0


def test_a_file_of_another_study_is_not_overwritten(cli: Cli, here: Path) -> None:
    (here / "studies" / "newman2024.yaml").write_text(
        STUDIES["abel2019"].replace("abel2019", "elsewhere"), encoding="utf-8"
    )
    before = records(here)
    answer = cli("add-study", "--from", "-", stdin=NEW)
    assert answer.code == 2
    assert "studies/newman2024.yaml exists already and is not overwritten" in answer.err
    assert records(here) == before


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_the_protocol_cannot_be_overwritten(force: tuple[str, ...], cli: Cli, here: Path) -> None:
    before = records(here)
    answer = cli("add-study", "--from", "-", *force, stdin=NEW.replace("newman2024", "review"))
    assert answer.code == 2
    assert "would put the study into studies/review.yaml, which is the protocol" in answer.err
    assert records(here) == before


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("events: 4", "events: 44", "<stdin>:16:24: error: R205 found 44 events in 40 participants"),
        ("outcome: stay", "outcome: sty", "<stdin>:18:14: error: R203 found the outcome 'sty'"),
        ("id: newman2024", "id: Newman", "<stdin>:2:5: error: R107"),
        ("arms:", "arms: [", "error: R008"),
    ],
)
def test_a_record_at_fault_is_not_written(old: str, new: str, says: str, cli: Cli, here: Path) -> None:
    before = records(here)
    answer = cli("add-study", "--from", "-", stdin=NEW.replace(old, new, 1))
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err
    assert records(here) == before


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"\xed\xa0\x80", b"a: \x00", b"- x", "id: ü".encode("latin-1")])
def test_bytes_that_are_no_record(data: bytes, cli: Cli, here: Path) -> None:
    before = records(here)
    answer = cli("add-study", "--from", "-", stdin=data)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("<stdin>:1:")
    assert records(here) == before


def test_a_crash_while_writing_leaves_nothing(cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(30, "Read-only file system")

    before = records(here)
    monkeypatch.setattr(os, "replace", fail)
    answer = cli("add-study", "--from", "-", stdin=NEW)
    assert answer.code == 2
    assert "studies/newman2024.yaml cannot be written: Read-only file system" in answer.err
    assert records(here) == before


# --- init --------------------------------------------------------------------------------------------------------------


def test_init_makes_a_base_that_is_sound_and_pools(cli: Cli, here: Path) -> None:
    answer = cli("init", "a/b")
    assert (answer.code, answer.out) == (0, "")
    assert "Wrote a/b/review.yaml" in answer.err
    assert cli("check", "--studies", "a/b").code == 0
    assert cli("pool", "--outcome", "death", "--studies", "a/b").code == 0
    assert cli("pool", "--outcome", "stay", "--studies", "a/b").code == 0


def test_init_does_not_overwrite(cli: Cli, here: Path) -> None:
    before = records(here)
    answer = cli("init")
    assert answer.code == 2
    assert "studies/review.yaml exists already and is not overwritten" in answer.err
    assert records(here) == before
    assert cli("init", "studies", "--force").code == 0
    assert records(here)["studies/review.yaml"] == template("review").encode()
    (here / "file").write_text("x", encoding="utf-8")
    assert "cannot be made" in cli("init", "file/sub").err


# --- at a terminal -------------------------------------------------------------------------------------------------------


class Terminal:
    """`mscsec add-study` behind a pseudo-terminal: `answer` waits for a question and types."""

    def __init__(self, here: Path) -> None:
        main, far = pty.openpty()
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"} | {
            "TERM": "dumb",
            "COLUMNS": "80",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mscsec", "add-study"], cwd=here, stdin=far, stdout=subprocess.PIPE, stderr=far, env=environment, start_new_session=True, preexec_fn=_control,
        )  # fmt: skip
        os.close(far)
        self.main, self.heard = main, ""

    def wait_for(self, words: str) -> None:
        """Reads until `words` have come since the last call."""
        deadline = time.monotonic() + 30
        while words not in self.heard:
            assert time.monotonic() < deadline, f"no {words!r} in: {self.heard}"
            ready, _, _ = select.select([self.main], [], [], 0.5)
            if ready:
                try:
                    self.heard += os.read(self.main, 4096).decode("utf-8", "replace")
                except OSError:  # the other end is closed
                    pytest.fail(f"ended without {words!r}: {self.heard}")
        self.heard = self.heard.split(words, 1)[1]

    def answer(self, question: str, text: str) -> None:
        self.wait_for(question)
        os.write(self.main, text.encode() + b"\n")

    def end(self) -> tuple[int, str, str]:
        """Exit code, stdout, and the rest of the talk."""
        assert self.process.stdout is not None
        out = self.process.stdout.read().decode()
        code = self.process.wait(timeout=30)
        while True:
            try:
                data = os.read(self.main, 4096)
            except OSError:
                break
            if not data:
                break
            self.heard += data.decode("utf-8", "replace")
        return code, out, self.heard

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        os.close(self.main)


def _control() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminal(here: Path) -> Iterator[Terminal]:
    made = Terminal(here)
    yield made
    made.close()


ANSWERS = (
    ("id (", "newman2024"), ("title", "A trial: of something"), ("year", "2024"), ("journal", ""), ("doi", "10.1000/xyz"),
    ("authors, separated by semicolons", "Nat Newman; Ola Olsen"), ("type (", "parallel-rct"), ("sequence_generation", "adequate"),
    ("allocation_concealment", ""), ("open_label", "true"), ("blinding of participants", "no-blinding"), ("blinding of personnel", ""),
    ("blinding of assessors", ""), ("country", "NO"), ("registration", ""),
    ("experimental arm: id", "drug"), ("drug: label", "Drug"), ("drug: treatment", "active"), ("drug: n", "21"),
    ("comparator arm: id", "control"), ("control: label", ""), ("control: treatment", "usual care"), ("control: n", "20"), ("A further arm?", "n"),
    ("outcome", "death"), ("timepoint", "day 28"), ("drug: events", "3"), ("drug: percent", ""), ("control: events", "7"), ("control: percent", ""),
    ("reported p", "<0.2"), ("source: where", "table 2"), ("source: text", "3 vs 7"),
)  # fmt: skip


def test_questions_at_a_terminal_make_a_record(terminal: Terminal, here: Path) -> None:
    for question, text in ANSWERS:
        terminal.answer(question, text)
    terminal.answer("outcome (empty: no more)", "")
    terminal.answer("Write studies/newman2024.yaml?", "y")
    code, out, talk = terminal.end()
    assert code == 0, talk
    assert "Wrote studies/newman2024.yaml" in talk
    text = (here / "studies" / "newman2024.yaml").read_text(encoding="utf-8")
    assert out == text
    study = load(here / "studies").study("newman2024")
    assert (study.citation.title, study.design.country, study.citation.authors) == (
        "A trial: of something",
        "NO",
        ("Nat Newman", "Ola Olsen"),
    )
    assert study.results[0].reported is not None
    assert study.results[0].reported.p is not None
    assert study.results[0].reported.p.bound == "<"


WRONG = {
    "id (": [
        ("Newman 2024", "an id has lower-case"),
        ("abel2019", "abel2019 is taken"),
        ("", "an answer is needed here"),
    ],
    "year": [("24", "a year has four digits")],
    "doi": [("https://doi.org/x", "a doi is bare and starts with 10.")],
    "type (": [("rct", "allowed here: parallel-rct, cluster-rct"), ("", "an answer is needed here")],
    "open_label": [("yes", "true or false is wanted here")],
    "experimental arm: id": [("two words", "one short word")],
    "comparator arm: id": [("drug", "one short word that no other arm has")],
    "drug: n": [("0", "an arm has at least one participant"), ("21 patients", "a number is wanted here")],
    "outcome": [("deth", "one of: death, stay, harm, score")],
    "drug: events": [("-1", "a count is a whole number from 0 on"), ("2,5", "Write 2.5 with a decimal point")],
    "drug: percent": [("140", "a percentage lies between 0 and 100")],
    "reported p": [("ns", "a P value or its bound is wanted here"), ("1.2", "a P value lies between 0 and 1")],
}


def test_answers_that_are_wrong_are_asked_again(terminal: Terminal, here: Path) -> None:
    for question, text in ANSWERS:
        for wrong, says in WRONG.get(question, ()):
            terminal.answer(question, wrong)
            terminal.wait_for(says)
        terminal.answer(question, text)
    terminal.answer("outcome (empty: no more)", "")
    terminal.answer("Write studies/newman2024.yaml?", "y")
    assert terminal.end()[0] == 0
    assert load(here / "studies").study("newman2024").arms["drug"].n is not None


def test_figures_that_do_not_fit_together_are_asked_again(terminal: Terminal, here: Path) -> None:
    for question, text in ANSWERS:
        terminal.answer(question, "22" if question == "drug: events" else text)
    terminal.wait_for("found 22 events in 21 participants")
    terminal.wait_for("This result is asked again.")
    start = next(place for place, (question, _) in enumerate(ANSWERS) if question == "outcome")
    for question, text in ANSWERS[start:]:
        terminal.answer(question, text)
    terminal.answer("outcome (empty: no more)", "")
    terminal.answer("Write studies/newman2024.yaml?", "")
    assert terminal.end()[0] == 0
    assert len(load(here / "studies").study("newman2024").results) == 1


def test_no_is_no(terminal: Terminal, here: Path) -> None:
    before = records(here)
    for question, text in ANSWERS:
        terminal.answer(question, text)
    terminal.answer("outcome (empty: no more)", "")
    terminal.answer("Write studies/newman2024.yaml?", "n")
    code, _, talk = terminal.end()
    assert code == 0
    assert "Nothing was written." in talk
    assert records(here) == before


@pytest.mark.parametrize("key", [b"\x03", b"\x04"], ids=["Ctrl-C", "Ctrl-D"])
@pytest.mark.parametrize("after", [0, 20, len(ANSWERS)])
def test_a_break_writes_nothing(key: bytes, after: int, terminal: Terminal, here: Path) -> None:
    before = records(here)
    for question, text in ANSWERS[:after]:
        terminal.answer(question, text)
    terminal.wait_for((*ANSWERS, ("outcome (empty: no more)", ""))[after][0])
    time.sleep(0.05)
    os.write(terminal.main, key)
    code, out, talk = terminal.end()
    assert code not in (0, -signal.SIGKILL)
    assert out == ""
    assert "Traceback" not in talk
    assert records(here) == before
