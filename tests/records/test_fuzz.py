"""Whatever the bytes: a valid base or a `MscsecError`, from the reader and from the command line, and soon."""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mscsec.cli.app import run
from mscsec.codes import CODES
from mscsec.effects.sizes import effects
from mscsec.errors import MscsecError
from mscsec.records.reader import EvidenceBase, inspect, load

from .bases import FILES, REVIEW, STUDY, write

SHIPPED = sorted((Path(__file__).parents[2] / "studies").glob("*.yaml"))
MANY = settings(
    max_examples=300, deadline=5_000, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
SOME = settings(MANY, max_examples=60)

SCRAPS = (
    "null", "true", "[]", "{}", "-1", "0", "1e999", "1e-5", "'x'", '"', "[", "{a: b}", "&a", "*a", "!!int 3", "- ", "? ", ": ", "#", "|", ">", "\t", "  ", "---", "...",
    "\x00", "\x85", "\u2028", "\ufeff", "\ud7ff", "\ue000", "😀", "<<: *a", "%YAML 1.2", "{value: 1, assumed: x}", "[1, 2]", "[2, 1]", "<0.001", "é", "5,5", "99999999999999999999",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One folder for all examples: files are overwritten in it."""
    path = Path(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


def survives(folder: Path) -> EvidenceBase | None:
    """Reads the base; what is wrong with it is a list of problems with a known code and a place in the file."""
    base, problems = inspect(folder)
    for problem in problems:
        assert problem.code in CODES
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.found
        assert "\n" not in problem.head
        assert "\x1b" not in problem.render()
    if problems:
        with pytest.raises(MscsecError, match=r"."):
            load(folder)
        return None
    if base is None:
        raise AssertionError("neither a base nor a problem")
    return load(folder)


def mutated(lines: list[str], choose: random.Random) -> str:
    """A record with a few lines dropped, doubled, swapped, indented, or with a scrap where a value stood."""
    for _ in range(choose.randint(1, 2)):
        at = choose.randrange(len(lines))
        line = lines[at]
        kind = choose.randrange(8)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(choose.randrange(len(lines)), line)
        elif kind == 2:
            other = choose.randrange(len(lines))
            lines[at], lines[other] = lines[other], line
        elif kind == 3:
            lines[at] = " " * choose.randint(0, 8) + line.strip() + "\n"
        elif kind == 4:
            lines[at] = line.split(":")[0] + ": " + choose.choice(SCRAPS) + "\n"
        elif kind == 5:
            cut = choose.randrange(len(line) + 1)
            lines[at] = line[:cut] + choose.choice(SCRAPS) + line[cut:]
        elif kind == 6:
            start, end = sorted((choose.randrange(len(line) + 1), choose.randrange(len(line) + 1)))
            lines[at] = line[:start] + line[end:]
        else:
            lines[:] = "".join(lines)[: choose.randrange(1, sum(map(len, lines)) + 1)].splitlines(keepends=True)
        if not lines:
            return ""
    return "".join(lines)


@MANY
@given(data=st.binary(max_size=400), file=st.sampled_from(sorted(FILES)))
def test_random_bytes(data: bytes, file: str, folder: Path) -> None:
    write(folder)
    (folder / file).write_bytes(data)
    survives(folder)


YAMLISH = st.lists(
    st.one_of(st.sampled_from(SCRAPS), st.sampled_from(["\n", ": ", ", ", "- ", "  ", "\n    "]), st.sampled_from(STUDY.split()), st.text(max_size=4)),
    max_size=60,
).map(lambda parts: "".join(parts).encode("utf-8", "replace"))  # fmt: skip


@MANY
@given(data=YAMLISH, file=st.sampled_from(sorted(FILES)))
def test_random_text_that_looks_like_yaml(data: bytes, file: str, folder: Path) -> None:
    write(folder)
    (folder / file).write_bytes(data)
    survives(folder)


@MANY
@given(seed=st.integers(0, 2**32), file=st.sampled_from(sorted(FILES)))
def test_mutated_base(seed: int, file: str, folder: Path) -> None:
    text = mutated(FILES[file].splitlines(keepends=True), random.Random(seed))
    write(folder, {file: text.encode("utf-8", "replace").decode()})
    base = survives(folder)
    if base is None:
        return
    for outcome in base.review.outcomes:
        with contextlib.suppress(MscsecError):
            effects(base, outcome)


@SOME
@given(seed=st.integers(0, 2**32), file=st.sampled_from(SHIPPED))
def test_mutated_shipped_record(seed: int, file: Path, folder: Path) -> None:
    write(folder)
    text = mutated(file.read_text(encoding="utf-8").splitlines(keepends=True), random.Random(seed))
    (folder / "roe2021.yaml").write_bytes(text.encode("utf-8", "replace"))
    survives(folder)


COMMANDS = (
    ["check"], ["pool", "--outcome", "death"], ["pool", "--outcome", "stay", "--json"], ["effects", "--outcome", "stay", "--explain"],
    ["effects", "--outcome", "death", "--csv"], ["bias-report"], ["bias-report", "--json"], ["pool", "--outcome", "death", "--markdown"],
)  # fmt: skip


@MANY
@given(seed=st.integers(0, 2**32), file=st.sampled_from(sorted(FILES)), command=st.sampled_from(COMMANDS))
def test_the_command_line_ends_with_an_exit_code(seed: int, file: str, command: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    text = mutated(FILES[file].splitlines(keepends=True), random.Random(seed))
    write(folder, {file: text.encode("utf-8", "replace").decode()})
    code = run([*command, "--studies", str(folder)])
    out, err = capsys.readouterr()
    assert code in (0, 1, 2, 3)
    if code in (2, 3):
        assert out == ""
        assert err
    assert "Traceback" not in err


def test_the_mutations_leave_some_bases_whole_and_break_others(folder: Path) -> None:
    whole = 0
    for seed in range(200):
        write(
            folder,
            {
                "roe2021.yaml": mutated(STUDY.splitlines(keepends=True), random.Random(seed))
                .encode("utf-8", "replace")
                .decode()
            },
        )
        whole += survives(folder) is not None
    assert 8 <= whole <= 160
    assert REVIEW
