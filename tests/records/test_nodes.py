"""Nodes: positions to line and column, the same with and without the C parser, and bounded work on hostile text."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest
import yaml

from mscsec.constants import MAX_RECORD_DEPTH, MAX_RECORD_NODES
from mscsec.records import nodes
from mscsec.records.nodes import Node, Source, parse

from .bases import REVIEW, STUDY
from .test_malformed import CASES, FILES, broken, laughs

SOUND = {
    "study": STUDY,
    "review": REVIEW,
    "comments": "# one\n\n# two\na: 1  # three\n",
    "windows line ends": STUDY.replace("\n", "\r\n"),
    "old Macintosh line ends": "a: 1\rb: [x,\r  y]\r",
    "next-line characters": "a: x\x85b: [1,\u2028 2]\u2029",
    "wide characters": "漢字: 😀😀\nnext: {é: [ñ, 😀, z]}\n",
    "block scalars": "a: |\n  one\n   two\nb: >-\n  one\n  two\n\n  three\nc: 3\n",
    "folded plain": "a: one\n  two\n  three\nb: 'it''s\n\n  folded'\nc: \"x\\ty\\u00e9\"\n",
    "quoted keys": "\"a b\": 1\n'c': 2\n? d\n: 3\n",
    "nothing": "a:\nb: ~\nc: ''\nd: [ , ]\n".replace("[ , ]", "[]"),
    "anchors": "a: &x {k: [1, 2]}\nb: *x\nc: [*x, &y z, *y]\n",
    "flow over lines": "a: [1,\n  {b: 2,\n   c: 3},\n  [4]]\n",
    "unknown directive": "%FOO bar\n---\na: 1",
    "document marks": "%YAML 1.1\n---\na: 1\n...\n",
    "a scalar": "hello\n",
    "a list": "- a\n- - b\n  - c\n-\n",
    "empty": "",
    "spaces": "  \n\n",
}
HOSTILE = {
    "brackets": "[" * 100_000,
    "braces": "{a: " * 100_000,
    "dashes": "- " * 100_000,
    "question marks": "? " * 100_000,
    "block": "".join(" " * level + "a:\n" for level in range(1_000)),
    "laughs": laughs(),
    "a chain of aliases": "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 5_000)),
    "quotes": '"' * 200_000,
    "anchors": "&a " * 100_000,
    "colons": "a: " * 100_000,
    "a tag": "a: !!python/object/apply:os.system [ls]",
    "a set": "!!set {a}",
    "a local tag": "!x a",
    "an alias in itself": "a: &a {b: [*a]}",
    "an alias as a key": "a: &a [1]\n*a : 2\n",
    "an alias before its anchor": "a: *b\nb: &b 1\n",
    "duplicate keys": "a: 1\nb: {c: 1, c: 2}\na: 2\n",
    "duplicate in quotes": "a: 1\n'a': 2\n\"\\x61\": 3\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "directive of nothing": "%",
    "text behind the end": "a: 1\n...\nb: 2\n",
    "surrogate escape": 'a: "\\uD800"',
    "escape": 'a: "\\e[31m"',
    "line separator escape": 'a: "\\L"',
}


def both(text: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Node | None, list[Any]]]:
    """Nodes and problems of `text` from each of PyYAML's parsers."""
    answers = []
    for parser in (yaml.CSafeLoader, yaml.SafeLoader):
        monkeypatch.setattr(nodes, "PARSER", parser)
        source = Source("f.yaml", text)
        answers.append((parse(source), source.problems))
    return answers


def test_the_fast_parser_is_the_c_one() -> None:
    assert nodes.PARSER is yaml.CSafeLoader


@pytest.mark.parametrize("name", SOUND)
def test_both_parsers_give_the_same_nodes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = both(SOUND[name], monkeypatch)
    assert fast == slow
    assert fast[1] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_both_parsers_refuse_alike(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = both(HOSTILE[name], monkeypatch)
    assert fast[1] == slow[1]
    assert fast[1]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_both_parsers_see_the_same_in_broken_records(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = both(broken(case.file, case.old, case.new)[0], monkeypatch)
    assert fast == slow


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_ends_at_once(name: str) -> None:
    source = Source("f.yaml", HOSTILE[name])
    start = time.process_time()
    parse(source)
    assert source.problems
    assert time.process_time() - start < 2


@pytest.mark.parametrize("name", SOUND)
def test_every_scalar_stands_where_its_node_says(name: str) -> None:
    """At the place of a node the text itself stands: its own words, a quote, a bracket or the mark of a block."""
    source = Source("f.yaml", SOUND[name])
    root = parse(source)

    def walk(node: Node) -> None:
        rest = source.lines[node.line - 1][node.column - 1 :]
        if isinstance(node.value, dict):
            for key, value in node.value.values():
                walk(key)
                walk(value)
        elif isinstance(node.value, list):
            for item in node.value:
                walk(item)
        elif node.text:
            assert rest[0] in "\"'|>*&" or rest.startswith(node.text.split()[0]), (node, rest)

    if root is not None:
        walk(root)


def test_positions_by_hand() -> None:
    source = Source("f.yaml", "a: 1\n漢字:  {b: [x, 5.50]}\n\n  # c\nd:\n  - e: 'f'\n")
    root = parse(source)
    assert root is not None
    found = {}
    for path in ((), ("a",), ("漢字",), ("漢字", "b"), ("漢字", "b", 1), ("d",), ("d", 0), ("d", 0, "e")):
        node, steps = root.find(path)
        assert steps == len(path)
        found[path] = (node.line, node.column)
    assert list(found.values()) == [(1, 1), (1, 4), (2, 6), (2, 10), (2, 14), (6, 3), (6, 5), (6, 8)]
    assert root.key(("漢字", "b")).column == 7
    assert root.find(("d", 0, "nowhere", "x"))[1] == 2
    assert root.plain() == {"a": 1.0, "漢字": {"b": ["x", 5.5]}, "d": [{"e": "f"}]}


def test_an_alias_stands_where_it_is_used() -> None:
    root = parse(Source("f.yaml", "a: &x {k: 1}\nb: *x\n"))
    assert root is not None
    node, _ = root.find(("b",))
    assert (node.line, node.column) == (2, 4)
    assert root.plain()["b"] == {"k": 1.0}


@pytest.mark.parametrize("depth", [MAX_RECORD_DEPTH, MAX_RECORD_DEPTH + 1])
def test_depth_is_counted_through_aliases(depth: int) -> None:
    """Nested by brackets or by aliases, the limit is the same level."""
    brackets = Source("f.yaml", "[" * depth + "]" * depth)
    aliases = Source("f.yaml", "".join(f"- &a{i} [{f'*a{i - 1}' if i else 'x'}]\n" for i in range(depth - 1)))
    for source in (brackets, aliases):
        root = parse(source)
        assert [problem.code for problem in source.problems] == ([] if depth == MAX_RECORD_DEPTH else ["R014"])
        assert root is None or root.depth == depth


def test_as_many_values_as_allowed() -> None:
    for count, codes in ((MAX_RECORD_NODES - 1, []), (MAX_RECORD_NODES, ["R013"])):
        source = Source("f.yaml", "- x\n" * count)
        parse(source)
        assert [problem.code for problem in source.problems] == codes


def test_reading_needs_no_recursion(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "[" * 60 + "]" * 60
    limit = sys.getrecursionlimit()
    assert limit >= 1_000
    for root, problems in both(text, monkeypatch):
        assert problems == []
        assert root is not None
        assert root.plain() is not None


def test_every_case_file_is_known() -> None:
    assert {case.file for case in CASES} == set(FILES)
