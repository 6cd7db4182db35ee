"""Errors of YAML's grammar in plain words, at the place where the mistake is rather than where it came to light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mistake:
    """A grammar error: its place (from 1) and the parts of the message."""

    line: int
    column: int
    found: str
    rule: str
    instead: str


@dataclass(frozen=True, slots=True)
class _Row:
    """Words of PyYAML's Python parser, part of its problem or context, and ours. `at_start` takes where the context began."""

    words: str
    found: str
    rule: str
    instead: str
    at_start: bool = False


_ROWS = (
    _Row("while scanning a quoted scalar found unexpected end", "found a quote that is never closed", "quoted text ends in the quote it began with", "Close it", at_start=True),
    _Row("while scanning a quoted scalar found unexpected document separator", "found a quote that is never closed", "quoted text ends in the quote it began with", "Close it", at_start=True),
    _Row("while scanning a simple key could not find expected ':'", "found a line without a colon", "a key stands before a colon, and text of several lines is indented below it", "Write key: value", at_start=True),
    _Row("mapping values are not allowed here", "found a colon inside text", "a colon and a space separate a key from its value", "Put the text into double quotes; or this line lacks its indentation, or the one above its colon"),
    _Row("sequence entries are not allowed here", "found a dash inside text", "a list starts on a line of its own", "Write one entry a line, each after a dash"),
    _Row("while parsing a flow sequence expected ',' or ']'", "found no comma and no ] here", "entries in brackets are parted by commas", "Check the brackets, and quote text that holds a bracket, a comma or a colon"),
    _Row("while parsing a flow mapping expected ',' or '}'", "found no comma and no } here", "entries in braces are parted by commas", "Check the braces, and quote text that holds a brace, a comma or a colon"),
    _Row("while parsing a block mapping expected <block end>", "found text that belongs to no key", "the keys of a mapping stand in one column", "Check the indentation here and on the line above, and that nothing follows a closing quote"),
    _Row("while parsing a block collection expected <block end>", "found text that belongs to no entry", "the dashes of a list stand in one column", "Check the indentation here and on the line above"),
    _Row("that cannot start any token", "found a character that cannot start a value", "such text stands in quotes", "Put the value into double quotes"),
    _Row("expected the node content", "found no value where one is wanted", "brackets hold values parted by single commas", "Check the brackets and the commas"),
    _Row("while scanning a double-quoted scalar found unknown escape character", "found a backslash that starts no escape", "in double quotes a backslash is special", "Use single quotes, or write two backslashes"),
    _Row("expected '<document start>'", "found text behind the end of the record", "a record is one mapping", "Write key: value, and nothing before or behind it"),
    _Row("invalid Unicode character escape", "found an escape that is no character", "an escape names a character of Unicode", "Write the character itself"),
)  # fmt: skip


def mistake_of(error: Any, opened: tuple[int, int, str] | None, quoted: tuple[int, int, int] | None) -> Mistake:
    """The mistake behind a YAMLError of PyYAML's Python parser.

    opened : line, column and character of the bracket that was open when the parser gave up, if any.
    quoted : line and column of the last quoted text of several lines, and its last line, if any.
    """
    problem = getattr(error, "problem", None) or "the text cannot be parsed"
    context = getattr(error, "context", None) or ""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if opened is not None and "<stream end>" in problem:
        closing = {"[": "]", "{": "}"}[opened[2]]
        return Mistake(
            opened[0],
            opened[1],
            f"found {opened[2]} that is never closed",
            "brackets stand in pairs",
            f"Write the {closing}",
        )
    if quoted is not None and quoted[2] == line:  # a quote that was not closed ran on to the next one in the file
        return Mistake(
            quoted[0],
            quoted[1],
            f"found a quote that runs on to line {line}",
            "quoted text ends in the quote it began with",
            "Close it",
        )
    for row in _ROWS:
        if row.words in f"{context} {problem}":
            start = getattr(error, "context_mark", None) if row.at_start else None
            if start is not None:
                line, column = start.line + 1, start.column + 1
            return Mistake(line, column, row.found, row.rule, row.instead)
    words = problem.replace("'\\x00'", "the end of the file") + (f" ({context})" if context else "")
    return Mistake(
        line,
        column,
        f"this is not YAML: {words}",
        "",
        "Check the indentation, the quotes and the brackets here and on the line above",
    )
