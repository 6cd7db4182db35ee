"""Folders and files to an evidence base, with every problem of every file found in one run."""

from __future__ import annotations

import codecs
import contextlib
import gc
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from mscsec.constants import MAX_FILE_PROBLEMS, MAX_RECORD_BYTES
from mscsec.errors import UnknownName, UsageError
from mscsec.problems import Problem, RecordError
from mscsec.records.checks import STUDY_CHECKS, Finding, review_checks
from mscsec.records.explain import problem_of
from mscsec.records.models import Review, Study
from mscsec.records.nodes import Node, Path, Source, parse

REVIEW_FILE = "review.yaml"
SUFFIX = ".yaml"
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value stands in its record, and its text as written."""

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Document:
    """One file as read; `sha256` names the version.

    The tree of nodes is dropped after validation and made again from the text when a position is asked for: it is ten
    times the size of the record, and most records are never asked.
    """

    __slots__ = ("_root", "file", "sha256", "text")

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self.sha256 = hashlib.sha256(text.encode()).hexdigest()
        self._root: Node | None = None

    @property
    def root(self) -> Node:
        """The nodes with their positions."""
        if self._root is None:
            root = parse(Source(self.file, self.text))
            assert root is not None  # it was parsed before
            self._root = root
        return self._root

    @property
    def lines(self) -> list[str]:
        """The lines of the file."""
        return Source(self.file, self.text).lines

    def origin(self, path: Path) -> Origin:
        """Where the value at `path` stands; the nearest enclosing value where there is none.

        A figure written as `{value: ..., assumed: ...}` stands at its value.
        """
        node, _ = self.root.find(path)
        if isinstance(node.value, dict) and "value" in node.value:
            node = node.value["value"][1]
        return Origin(self.file, node.line, node.column, node.text)

    def problem(self, finding: Finding, severity: str = "error") -> Problem | None:
        """`finding` at its place, or None where the record silences its code there."""
        origin = self.origin(finding.path)
        lines = self.lines
        if _silenced(lines, origin.line, finding.code):
            return None
        return Problem(
            self.file,
            origin.line,
            origin.column,
            finding.code,
            finding.found,
            finding.rule,
            finding.instead,
            severity="warning" if severity == "warning" else "error",
            excerpt=lines[origin.line - 1] if origin.line <= len(lines) else "",
        )


@dataclass(frozen=True, slots=True)
class EvidenceBase:
    """A review protocol and its studies, in order of file name.

    folder : as given by the user, or where it was found.
    shipped : True for the base inside the package.
    protocol, documents : the files behind them, the studies' by id.
    """

    folder: str
    review: Review
    studies: tuple[Study, ...]
    protocol: Document = field(repr=False)
    documents: Mapping[str, Document] = field(repr=False)
    shipped: bool = False
    _by_id: dict[str, Study] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {study.id: study for study in reversed(self.studies)})

    def study(self, study_id: str) -> Study:
        """The study called `study_id`; raises `UnknownName`, with the nearest, where there is none."""
        if study_id in self._by_id:
            return self._by_id[study_id]
        raise UnknownName("study", study_id, [study.id for study in self.studies])

    def origin(self, study_id: str, path: Path) -> Origin:
        """Where a value of a study stands: `base.origin("shu2020", ("results", 0, "arms", "control", "events"))`."""
        return self.documents[study_id].origin(path)


def find_folder(given: str | os.PathLike[str] | None = None) -> tuple[str, bool]:
    """The folder to read and whether it is the shipped one.

    Where none is given: the nearest `studies/` with a protocol upward from the working directory, then the shipped base.
    """
    if given is not None:
        return os.fspath(given), False
    here = FilePath.cwd()
    for parent in (here, *here.parents):
        candidate = parent / "studies"
        if (candidate / REVIEW_FILE).is_file():
            return os.path.relpath(candidate, here), False
    return os.fspath(shipped_folder()), True


def shipped_folder() -> FilePath:
    """The evidence base that comes with the program: inside the package, or beside it in a checkout."""
    package = FilePath(__file__).parent.parent
    inside = package / "studies"
    return inside if inside.is_dir() else package.parent / "studies"


def load(folder: str | os.PathLike[str] | None = None) -> EvidenceBase:
    """The evidence base in `folder`.

    Raises RecordError, with `.problems`, where any file is at fault, and UsageError where there is no such folder.
    """
    base, problems = inspect(folder)
    if problems or base is None:
        raise RecordError(problems)
    return base


def inspect(folder: str | os.PathLike[str] | None = None) -> tuple[EvidenceBase | None, list[Problem]]:
    """As `load`, but problems are returned beside what could be read; the base is None without a usable protocol."""
    where, shipped = find_folder(folder)
    with _no_collection():
        return _inspect(where, shipped)


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Without Python's cyclic garbage collector, which else walks all records read so far again and again.

    Records hold no cycles; with it, loading 10,000 of them takes time that grows with the square of their number.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _inspect(where: str, shipped: bool) -> tuple[EvidenceBase | None, list[Problem]]:
    problems: list[Problem] = []
    documents: dict[str, Document] = {}
    studies: list[Study] = []
    review: Review | None = None
    protocol: Document | None = None
    for name in _names(where):
        path = os.path.join(where, name)
        if not name.endswith(SUFFIX):
            problems.append(_stray(path))
            continue
        is_review = name == REVIEW_FILE
        model, document, found = _read(path, Review if is_review else Study)
        problems += found
        if isinstance(model, Review) and document is not None:
            review, protocol = model, document
        elif isinstance(model, Study) and document is not None:
            if model.id in documents:
                problems += _problems(document, [_twice(model.id, documents[model.id].file)])
                continue
            studies.append(model)
            documents[model.id] = document
    if review is None or protocol is None:
        return None, problems
    problems += _problems(protocol, review_checks(review))
    for study in studies:
        problems += _problems(documents[study.id], study_findings(study, review))
    return EvidenceBase(where, review, tuple(studies), protocol, documents, shipped), sorted(
        problems, key=lambda problem: problem.sort_key
    )


def study_findings(study: Study, review: Review) -> Iterator[Finding]:
    """Every rule between values that `study` breaks."""
    for check in STUDY_CHECKS:
        yield from check(study, review)


def read_study(file: str, text: str) -> tuple[Study | None, Document | None, list[Problem]]:
    """A study from text that stands in no file yet (standard input, an answer given at the terminal)."""
    return _validate(Source(file, text), Study)


def read_file(path: str, mark_allowed: bool = False) -> tuple[str, list[Problem]]:
    """The text of one file, or the problem that keeps it from being read.

    mark_allowed : True for a table, which spreadsheets save with a byte-order mark; it is dropped.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            return "", [
                Problem(
                    path,
                    1,
                    1,
                    "R002",
                    f"this is {kind}",
                    "a record is a file",
                    "Rename it, or move it out of the folder",
                )
            ]
        if status.st_size > MAX_RECORD_BYTES:
            size = f"{status.st_size / 1e6:.1f} MB"
            return "", [
                Problem(
                    path,
                    1,
                    1,
                    "R003",
                    f"the file has {size}",
                    f"a record has at most {MAX_RECORD_BYTES // 1024} kB",
                    "Keep data files elsewhere",
                )
            ]
        data = FilePath(path).read_bytes()
    except OSError as error:
        return "", [
            Problem(
                path,
                1,
                1,
                "R002",
                f"the file cannot be read: {error.strerror}",
                "",
                "Check the name"
                if isinstance(error, FileNotFoundError) and not os.path.islink(path)
                else "Check the link and the permissions",
            )
        ]
    return decode(path, data, mark_allowed)


def decode(path: str, data: bytes, mark_allowed: bool = False) -> tuple[str, list[Problem]]:
    """The text behind bytes from a file or from standard input, or the problem that keeps them from being read."""
    if mark_allowed:
        data = data.removeprefix(codecs.BOM_UTF8)
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return "", [
            Problem(
                path,
                1,
                1,
                "R005",
                "the file starts with a byte-order mark",
                "this file is UTF-8 without one" if not mark_allowed else "this file is UTF-8",
                'Save it as "UTF-8" (not "UTF-8 with BOM" or UTF-16)',
            )
        ]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = Source(path, before).place(len(before))
        return "", [
            Problem(
                path,
                line,
                column,
                "R004",
                f"found the byte 0x{data[error.start]:02X}, which is not UTF-8",
                "this file is UTF-8 text",
                "Save it in that encoding",
            )
        ]


def _names(folder: str) -> list[str]:
    """The files of a base, protocol first, and those that look like records; UsageError where the folder is not a base."""
    try:
        names = sorted(
            name for name in os.listdir(folder) if name.lower().endswith((SUFFIX, ".yml")) and not name.startswith(".")
        )
    except NotADirectoryError:
        raise UsageError(
            f"{folder!r} is a file, not a folder. Name the folder that it is in: {os.path.dirname(folder) or '.'}",
            code="R001",
        ) from None
    except OSError as error:
        raise UsageError(
            f"the folder {folder!r} cannot be read: {error.strerror}. Name an existing one, or make one: mscsec init {folder}",
            code="R001",
        ) from None
    if REVIEW_FILE not in names:
        raise UsageError(
            f"{os.path.join(folder, REVIEW_FILE)} is missing: a folder of study records holds its protocol there. Make one: mscsec init {folder}",
            code="R001",
        )
    names.remove(REVIEW_FILE)
    return [REVIEW_FILE, *names]


def _read(path: str, model: type[M]) -> tuple[M | None, Document | None, list[Problem]]:
    text, problems = read_file(path)
    if problems:
        return None, None, problems
    return _validate(Source(path, text), model)


def _validate(source: Source, model: type[M]) -> tuple[M | None, Document | None, list[Problem]]:
    root = parse(source)
    if root is None:
        if not source.problems:
            source.report(
                1,
                1,
                "R007",
                "the file is empty",
                "a record is a mapping of keys to values",
                "Start from: mscsec add-study --template",
            )
        return None, None, source.problems
    document = Document(source.file, source.text)
    if not isinstance(root.value, dict):
        source.report(
            root.line,
            root.column,
            "R015",
            "the file is not a mapping",
            "a record is a mapping of keys to values",
            "Start from: mscsec add-study --template",
        )
        return None, document, source.problems
    try:
        return model.model_validate(root.plain()), document, source.problems
    except ValidationError as error:
        details = error.errors(include_url=False)[:MAX_FILE_PROBLEMS]
        source.problems += (problem_of(detail, root, source, model) for detail in details)
        return None, document, source.problems


def _problems(document: Document, findings: Iterable[Finding]) -> list[Problem]:
    return [problem for finding in findings if (problem := document.problem(finding)) is not None]


def _stray(path: str) -> Problem:
    name = os.path.splitext(path)[0] + SUFFIX
    return Problem(
        path, 1, 1, "R017", "found a record under another suffix", f"a record ends in {SUFFIX}", f"Rename it to {name}"
    )


def _twice(study_id: str, first: str) -> Finding:
    return Finding(
        ("id",),
        "R201",
        f"found the id {study_id!r}, which {first} has",
        "an id names one study",
        "Give one of the two another id",
    )


_IGNORE = re.compile(r"#\s*mscsec:\s*ignore\[([A-Z]\d{3}(?:\s*,\s*[A-Z]\d{3})*)\]\s*(\S.*)?$")


def _silenced(lines: list[str], line: int, code: str) -> bool:
    """Whether the line, or a comment line right above it, ignores `code` with a reason."""
    for number in (line, line - 1):
        if not 0 < number <= len(lines) or (number != line and not lines[number - 1].lstrip().startswith("#")):
            continue
        match = _IGNORE.search(lines[number - 1])
        if match and match[2] and code in re.split(r"\s*,\s*", match[1]):
            return True
    return False


def plain_types(value: Any) -> Any:
    """Validated data as JSON and YAML know it: numbers keep their text by staying `Number`."""
    if isinstance(value, BaseModel):
        return {key: plain_types(item) for key, item in value.model_dump(by_alias=True, exclude_unset=True).items()}
    if isinstance(value, Mapping):
        return {key: plain_types(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_types(item) for item in value]
    return value
