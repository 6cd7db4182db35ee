"""YAML text to nodes with positions, by PyYAML's event parser; only plain data comes through.

Nodes are built here from events, not by `yaml.compose`, because its recursion overflows the C stack on deep nesting
and because duplicate keys, tags and aliases must be judged where they stand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from mscsec.constants import MAX_FILE_PROBLEMS, MAX_RECORD_DEPTH, MAX_RECORD_NODES
from mscsec.problems import Problem
from mscsec.records.number import resolve
from mscsec.records.syntax import mistake_of

Path = tuple[str | int, ...]

PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SCALAR = yaml.ScalarEvent
_QUOTES = ("'", '"')
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Node:
    """One value of the file. `value` is a scalar, a list of nodes, or a dict of (key node, value node) by key text.

    size, depth : values in it and levels of it, once aliases are written out.
    """

    value: Any
    line: int
    column: int
    text: str = ""
    size: int = 1
    depth: int = 0

    def plain(self) -> Any:
        """The data alone: dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, (_, item) in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def find(self, path: Path) -> tuple[Node, int]:
        """The node at `path`, or the last one on the way there, and how many steps were taken."""
        node, steps = self, 0
        for step in path:
            inner: Node | None = None
            if isinstance(node.value, dict) and step in node.value:
                inner = node.value[step][1]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                inner = node.value[step]
            if inner is None:
                break
            node, steps = inner, steps + 1
        return node, steps

    def key(self, path: Path) -> Node:
        """The key node that introduces the last step of `path` (the value's node in a list)."""
        parent, steps = self.find(path[:-1])
        if steps == len(path) - 1 and path and isinstance(parent.value, dict) and path[-1] in parent.value:
            introduced: tuple[Node, Node] = parent.value[path[-1]]
            return introduced[0]
        return self.find(path)[0]


class Source:
    """The text of one file and where its problems are collected."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self.problems: list[Problem] = []

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text; most files have no problem and nobody asks."""
        return re.split(r"\r\n|[\n\r\x85\u2028\u2029]", self.text)

    def report(self, line: int, column: int, code: str, found: str, rule: str = "", instead: str = "") -> None:
        """Adds a problem at a place counted from 1."""
        excerpt = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        self.problems.append(Problem(self.file, line, column, code, found, rule, instead, excerpt=excerpt))

    def place(self, index: int) -> tuple[int, int]:
        """Line and column, from 1, of the character at `index`."""
        before = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", self.text[:index])
        return len(before), len(before[-1]) + 1


class _Stop(Exception):
    """The file cannot be read further; its problem has been reported."""


def parse(source: Source) -> Node | None:
    """The root node of the file, or None where it could not be read; problems are in `source`."""
    unprintable = _UNPRINTABLE.search(source.text)
    if unprintable:
        line, column = source.place(unprintable.start())
        source.report(
            line,
            column,
            "R006",
            f"found the control character U+{ord(unprintable[0]):04X}",
            "a record is plain text",
            "Delete it",
        )
        return None
    known = len(source.problems)
    # What libyaml refuses is read again by PyYAML's own parser: it has the words for the mistake, and the last say.
    for parser in dict.fromkeys((PARSER, yaml.SafeLoader)):
        del source.problems[known:]
        builder = _Builder(source)
        try:
            loader = parser(source.text)
            try:
                return builder.build(loader.get_event)
            finally:
                loader.dispose()
        except _Stop:
            return None
        except yaml.YAMLError as error:
            if parser is yaml.SafeLoader:
                _report_syntax(source, error, builder)
    return None


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been read yet."""

    node: Node
    anchor: str | None
    bracket: tuple[int, int, str] | None = None
    key: Node | None = None


class _Builder:
    """Events in, one tree out; an explicit stack, so that depth costs no recursion."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node] = {}
        self.root: Node | None = None
        self.quoted: tuple[int, int, int] | None = None
        self.documents = 0
        self.total = 0

    def build(self, next_event: Callable[[], Any]) -> Node | None:
        """The tree of the events that `next_event` gives one by one, until it gives None.

        Keys and values of mappings, which most events are, are put in place here; the rest has a method each.
        """
        stack = self.stack
        while (event := next_event()) is not None:
            kind = type(event)
            if kind is _SCALAR:
                node = self.scalar(event)
                if event.anchor is not None or not stack or type(stack[-1].node.value) is not dict:
                    self.add(node, event.anchor)
                    continue
                top = stack[-1]
                mapping = top.node
                mapping.size += 1
                key = top.key
                if mapping.size > MAX_RECORD_NODES:
                    self.refuse_size(node)
                if key is None:
                    top.key = node if node.text.isprintable() else self.checked_key(node)
                elif key.text in mapping.value:
                    self.refuse_twice(mapping.value, key)
                    top.key = None
                else:
                    mapping.value[key.text] = (key, node)
                    top.key = None
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self.open(event)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                done = stack.pop()
                self.add(done.node, done.anchor)
            elif kind is yaml.AliasEvent:
                self.add(self.alias(event), None)
            elif kind is yaml.DocumentStartEvent:
                self.documents += 1
                if self.documents > 1:
                    self.stop(
                        event,
                        "R010",
                        "found a second document (---)",
                        "a file holds one record",
                        "Put it into a file of its own",
                    )
        return self.root

    def scalar(self, event: Any) -> Node:
        text, style, mark = event.value, event.style, event.start_mark
        line = mark.line + 1
        if event.tag is not None:
            self.refuse_tag(event)
        if not text.isprintable():
            self.refuse_escapes(event)
        if not style:  # '' from the C parser, None from the other
            return Node(resolve(text, event.implicit[0]), line, mark.column + 1, text)
        if style in _QUOTES and event.end_mark.line >= line:
            self.quoted = (line, mark.column + 1, event.end_mark.line + 1)
        return Node(text, line, mark.column + 1, text)

    def stop(self, event: Any, code: str, found: str, rule: str, instead: str) -> None:
        self.source.report(event.start_mark.line + 1, event.start_mark.column + 1, code, found, rule, instead)
        raise _Stop

    def refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            self.stop(
                event, "R011", f"found the tag {event.tag!r}", "a record is plain data", "Write the value without a tag"
            )

    def refuse_escapes(self, event: Any) -> None:
        """An escape in double quotes can make what a terminal, a table or a CSV cell would stumble over."""
        for char in event.value:
            if char not in "\n\t" and unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
                self.stop(
                    event,
                    "R006",
                    f"found the control character U+{ord(char):04X}",
                    "a record is plain text",
                    "Delete it",
                )

    def refuse_depth(self, event: Any, more: int) -> None:
        if len(self.stack) + more > MAX_RECORD_DEPTH:
            self.stop(
                event,
                "R014",
                f"found more than {MAX_RECORD_DEPTH} levels of nesting",
                "no record is that deep",
                "Check the brackets and the indentation",
            )

    def open(self, event: Any) -> None:
        self.refuse_tag(event)
        self.refuse_depth(event, 1)
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        mark = event.start_mark
        bracket = (
            (mark.line + 1, mark.column + 1, "{" if isinstance(value, dict) else "[") if event.flow_style else None
        )
        self.stack.append(_Open(Node(value, mark.line + 1, mark.column + 1, depth=1), event.anchor, bracket))

    def alias(self, event: Any) -> Node:
        name = event.anchor
        if any(level.anchor == name for level in self.stack):
            self.stop(
                event,
                "R012",
                f"found *{name} inside its own anchor",
                "a value cannot contain itself",
                "Write the value out",
            )
        if name not in self.anchors:
            self.stop(
                event,
                "R008",
                f"found the alias *{name}, which no anchor defines",
                "an alias repeats an earlier &anchor",
                "Write the value out",
            )
        target = self.anchors[name]
        self.refuse_depth(event, target.depth)
        # A node of its own, so that a problem in what it stands for is shown where it is used.
        return Node(
            target.value, event.start_mark.line + 1, event.start_mark.column + 1, target.text, target.size, target.depth
        )

    def add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        top.node.size += node.size
        top.node.depth = max(top.node.depth, node.depth + 1)
        if top.node.size > MAX_RECORD_NODES:
            self.refuse_size(node)
        if isinstance(top.node.value, list):
            top.node.value.append(node)
        elif top.key is None:
            top.key = self.checked_key(node)
        else:
            self.put(top.node.value, top.key, node)
            top.key = None

    def refuse_size(self, node: Node) -> None:
        self.source.report(
            node.line,
            node.column,
            "R013",
            f"found more than {MAX_RECORD_NODES:,} values once aliases are written out",
            "a record is a page, not a database",
            "Write the values out, or split the file",
        )
        raise _Stop

    def checked_key(self, node: Node) -> Node:
        if isinstance(node.value, (dict, list)) or not node.text.isprintable():
            self.source.report(
                node.line,
                node.column,
                "R016",
                "found a key that is not plain text",
                "keys are single words",
                "Write key: value",
            )
            raise _Stop
        return node

    def put(self, mapping: dict[str, tuple[Node, Node]], key: Node, node: Node) -> None:
        if key.text in mapping:
            self.refuse_twice(mapping, key)
        else:
            mapping[key.text] = (key, node)

    def refuse_twice(self, mapping: dict[str, tuple[Node, Node]], key: Node) -> None:
        """Reports a key that stands a second time; the first one is kept."""
        if len(self.source.problems) >= MAX_FILE_PROBLEMS:
            raise _Stop
        first = mapping[key.text][0]
        self.source.report(
            key.line,
            key.column,
            "R101",
            f"found {key.text!r} for the second time; it already stands on line {first.line}",
            "a key stands once in a mapping",
            "Delete one of the two",
        )


def _report_syntax(source: Source, error: yaml.YAMLError, builder: _Builder) -> None:
    """One problem for a syntax error of PyYAML's Python parser."""
    bracket = next((item.bracket for item in reversed(builder.stack) if item.bracket is not None), None)
    mistake = mistake_of(error, bracket, builder.quoted)
    line, column = mistake.line, mistake.column
    excerpt = source.lines[line - 1] if line <= len(source.lines) else ""
    if "\t" in excerpt[: len(excerpt) - len(excerpt.lstrip())]:
        source.report(
            line,
            excerpt.index("\t") + 1,
            "R009",
            "found a tab in the indentation",
            "YAML is indented with spaces",
            "Replace the tab by two spaces",
        )
        return
    source.report(line, column, "R008", mistake.found, mistake.rule, mistake.instead)
