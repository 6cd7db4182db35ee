"""A problem in a file: where it is, what was found, what the rule is and what to write instead."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mscsec.errors import MscsecError
from mscsec.results import Result

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem(Result):
    """One problem at one place; `line` and `column` count from 1, in characters.

    file : path as it was given by the user.
    code : stable, explained by `mscsec explain CODE`.
    found, rule, instead : the three parts of the message; `instead` may be empty.
    excerpt : the line of the file, for the caret; empty where the file has no such line.
    """

    file: str
    line: int
    column: int
    code: str
    found: str
    rule: str = ""
    instead: str = ""
    severity: Severity = "error"
    excerpt: str = ""

    @property
    def message(self) -> str:
        """The parts as one text: found, then the rule, then what to write instead."""
        text = "; ".join(part for part in (self.found, self.rule) if part)
        return f"{text}. {self.instead}" if self.instead else text

    @property
    def head(self) -> str:
        """`file:line:column: error: CODE message`, the form editors and continuous integration read."""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.code} {self.message}"

    def render(self) -> str:
        """The head, with the line of the file and a caret under the place."""
        if not self.excerpt.strip():
            return self.head
        line, offset = _window(self.excerpt, self.column - 1)
        number = str(self.line)
        return f"{self.head}\n  {number} | {line}\n  {' ' * len(number)} | {' ' * offset}^"

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Order of a listing: by file, then down the page."""
        return (self.file, self.line, self.column, self.code, self.found)


class RecordError(MscsecError):
    """Files of an evidence base cannot be used as they stand; `problems` holds every one of them, in order."""

    code = "R000"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(sorted(problems, key=lambda problem: problem.sort_key))
        super().__init__("\n".join(problem.render() for problem in self.problems))


_WINDOW = 100  # characters of a line that are shown; the caret stays in view


def _window(line: str, caret: int) -> tuple[str, int]:
    """The part of `line` around `caret` without control characters, and the caret's offset in terminal cells."""
    start = max(0, caret - _WINDOW // 2) if len(line) > _WINDOW else 0
    clean = [
        "�" if unicodedata.category(char) in ("Cc", "Cf", "Cs") else char for char in line[start : start + _WINDOW]
    ]
    before = clean[: max(0, caret - start)]
    cells = sum(
        2 if unicodedata.east_asian_width(char) in "WF" else 0 if unicodedata.combining(char) else 1 for char in before
    )
    prefix = "…" if start else ""
    return prefix + "".join(clean).rstrip(), cells + len(prefix)
