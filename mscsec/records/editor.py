"""Writes single values into the text of a record, and leaves every other character of it as it is.

A record belongs to its author: comments, order, quotes and blank lines are theirs. So nothing is dumped anew; the place
of a value is found in the text, and what is put there is as short as it can be. The edited text is read again and
compared with what was asked for before anybody gets it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from mscsec.errors import UsageError
from mscsec.records.nodes import Path, Source, parse
from mscsec.records.writer import scalar_text

_LOADER: Any = yaml.SafeLoader  # the C loader's marks have no index, and a record is edited rarely
WIDTH = 110


@dataclass(frozen=True, slots=True)
class _Edit:
    """`text` in the place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


def put(file: str, text: str, path: Path, value: Any) -> str:
    """`text` with `value` at `path`, which is made where it does not exist yet.

    path : keys and list places from the root; a place equal to the length of a list appends to it.
    value : text, true, false, `Number`, or mappings and lists of them.
    Raises UsageError where the record is not YAML, or an alias or a list written on one line stands in the way.
    """
    before = _plain(file, text)
    wanted = _with(before, path, value)
    after = _apply(file, text, path, value)
    if _plain(file, after) != wanted:
        raise UsageError(f"{file} is written in a way that {_spell(path)} cannot be edited in; write it by hand")
    return after


def _plain(file: str, text: str) -> Any:
    source = Source(file, text)
    root = parse(source)
    if root is None or source.problems:
        raise UsageError(f"{file} cannot be edited while it has problems; run mscsec check")
    return root.plain()


def _with(data: Any, path: Path, value: Any) -> Any:
    """`data` with `value` at `path`, in new containers."""
    if not path:
        return value
    step = path[0]
    if data is not None and not isinstance(data, list if isinstance(step, int) else dict):
        raise UsageError(f"{_spell(path)} cannot be put where {str(data)[:40]!r} stands; write it by hand")
    if isinstance(step, int):
        items = list(data or [])
        if step > len(items):
            raise UsageError(f"a list of {len(items)} has no place {step} to write to")
        items[step : step + 1] = [_with(items[step] if step < len(items) else None, path[1:], value)]
        return items
    mapping = dict(data or {})
    mapping[step] = _with(mapping.get(step), path[1:], value)
    return mapping


def _apply(file: str, text: str, path: Path, value: Any) -> str:
    root = yaml.compose(text, Loader=_LOADER)
    assert root is not None  # it was parsed before
    node, steps, key = root, 0, None
    for step in path:
        found = _child(node, step)
        if found is None:
            break
        inner_key, inner = found
        if not node.start_mark.index <= inner.start_mark.index <= node.end_mark.index:
            raise UsageError(f"{file}: {_spell(path)} stands behind an alias; write the value out before it is edited")
        node, key, steps = inner, inner_key, steps + 1
    edit = _edit(text, node, key, path[steps:], value)
    if edit is None:
        raise UsageError(f"{file} has a list or mapping where {_spell(path)} should go; write it by hand")
    end = "\r\n" if "\r\n" in text else "\n"
    return text[: edit.start] + edit.text.replace("\n", end) + text[edit.end :]


def _spell(path: Path) -> str:
    return ".".join(f"[{step}]" if isinstance(step, int) else str(step) for step in path).replace(".[", "[")


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    """The key node (None in a list) and the value at one step; None where it is not there."""
    if isinstance(node, yaml.MappingNode) and isinstance(step, str):
        return next(((key, item) for key, item in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None


def _edit(text: str, node: Any, key: Any, rest: Path, value: Any) -> _Edit | None:
    """What changes at `node`, the last on the way that exists; `rest` is still to be made under it."""
    made = _nested(rest, value)
    if isinstance(node, yaml.ScalarNode):
        empty = node.value == "" and node.style is None and node.start_mark.index == node.end_mark.index
        nothing = empty or (node.style is None and node.value in ("null", "~", "Null", "NULL"))
        if rest and not nothing:
            return None
        return _replaced(text, node, key, made)
    if not rest:
        return None  # a whole mapping or list is never replaced
    if isinstance(node, yaml.MappingNode):
        return _new_key(text, node, key, made)
    return _new_item(text, node, key, made[0])


def _nested(rest: Path, value: Any) -> Any:
    for step in reversed(rest):
        value = [value] if isinstance(step, int) else {step: value}
    return value


def _replaced(text: str, node: Any, key: Any, value: Any) -> _Edit | None:
    """A scalar's own characters give way to the new value; what stands behind them on the line stays."""
    start, end = node.start_mark.index, node.end_mark.index
    if not isinstance(value, (dict, list)):
        if node.style in ("|", ">"):  # the mark is at the start of the next content; blank lines before it stay
            end = start + len(text[start:end].rstrip())
        return _Edit(start, end, (" " if start == end else "") + inline(value))
    if key is None:
        return None
    indent = key.start_mark.column + 2
    lead = start - (len(text[:start]) - len(text[:start].rstrip(" ")))
    if _end_of_line(text, end) is None:  # something stands behind it: inside a mapping on one line
        return _Edit(start, end, (" " if start == end else "") + inline(value))
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end + 1
    comment = text[end:line_end].rstrip("\r\n")
    return _Edit(lead, line_end, f"{comment}\n" + _block(value, indent))


def _end_of_line(text: str, index: int) -> str | None:
    """The comment behind `index`, or nothing; None where more of the value's line follows."""
    stop = text.find("\n", index)
    rest = text[index : len(text) if stop < 0 else stop].strip()
    return rest if not rest or rest.startswith("#") else None


def _new_key(text: str, node: Any, key: Any, made: Mapping[str, Any]) -> _Edit:
    if node.flow_style:
        return _into_flow(text, node, ", ".join(f"{_key(name)}: {inline(item)}" for name, item in made.items()))
    indent = node.start_mark.column
    return _after(text, node, _block(made, indent))


def _new_item(text: str, node: Any, key: Any, item: Any) -> _Edit | None:
    if node.flow_style and not node.value and key is not None and _end_of_line(text, node.end_mark.index) is not None:
        # An empty list on one line becomes one with a line for each item.
        start = node.start_mark.index
        lead = start - (len(text[:start]) - len(text[:start].rstrip(" ")))
        stop = text.find("\n", node.end_mark.index)
        stop = len(text) if stop < 0 else stop + 1
        comment = text[node.end_mark.index : stop].rstrip("\r\n")
        return _Edit(lead, stop, f"{comment}\n" + _block([item], key.start_mark.column + 2))
    if node.flow_style:
        return _into_flow(text, node, inline(item))
    return _after(text, node, _block([item], node.start_mark.column))


def _into_flow(text: str, node: Any, entry: str) -> _Edit:
    """Before the closing bracket, behind the last value (a comma that ends the list is kept in its place)."""
    close = node.end_mark.index - 1
    if not node.value:
        return _Edit(close, close, entry)
    last = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    at = last.end_mark.index
    return _Edit(at, at, f", {entry}")


def _after(text: str, node: Any, lines: str) -> _Edit:
    """Behind the last line of a block's content; comments and blank lines that follow stay behind what is added."""
    end = _content_end(text, node)
    stop = text.find("\n", end)
    if stop < 0:
        return _Edit(len(text), len(text), "\n" + lines.rstrip("\n"))
    return _Edit(stop + 1, stop + 1, lines)


def _content_end(text: str, node: Any) -> int:
    """The index behind the last character of a value, without the blank lines and comments after it."""
    if isinstance(node, yaml.ScalarNode):
        if node.style in ("|", ">"):
            return int(node.start_mark.index + len(text[node.start_mark.index : node.end_mark.index].rstrip()))
        return int(node.end_mark.index)
    if node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    if isinstance(last, tuple):
        return max(int(last[0].end_mark.index) + 1, _content_end(text, last[1]))
    return _content_end(text, last)


def inline(value: Any) -> str:
    """`value` as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)}: {inline(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    return scalar_text(value)


def _key(name: str) -> str:
    return scalar_text(name)


def _block(value: Any, indent: int) -> str:
    """`value` as lines of a block, each ending the line; answers and lists of plain values on one line."""
    space = " " * indent
    if isinstance(value, Mapping):
        lines = []
        for name, item in value.items():
            if _short(item, indent + len(name) + 2, name):
                lines.append(f"{space}{_key(name)}: {inline(item)}\n")
            else:
                lines.append(f"{space}{_key(name)}:\n{_block(item, indent + 2)}")
        return "".join(lines)
    lines = []
    for item in value:
        inner = _block(item, indent + 2) if isinstance(item, Mapping) and item else f"{space}  {inline(item)}\n"
        lines.append(f"{space}- {inner[indent + 2 :]}")
    return "".join(lines)


def _short(item: Any, room: int, name: str) -> bool:
    """Whether a value stands on the line of its key. Domains get a block, so that answers can be added one by one."""
    if not isinstance(item, (Mapping, list, tuple)):
        return True
    parts: Sequence[Any] = list(item.values()) if isinstance(item, Mapping) else item
    flat = not any(isinstance(part, (Mapping, list, tuple)) for part in parts)
    return (
        not item
        or (name == "answers" and flat)
        or (flat and room + len(inline(item)) <= WIDTH and name != "overall" and not name.startswith("D"))
    )
