"""Tables of methods, written by hand and read like a menu; choices, docs and tests are derived from them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Protocol, TypeVar

from mscsec.errors import UnknownMethod


class Row(Protocol):
    """Anything with a `key` can be a row of a table."""

    @property
    def key(self) -> str:
        """The name by which the row is asked for."""


R = TypeVar("R", bound=Row)


def by_key(*rows: R) -> MappingProxyType[str, R]:
    """A read-only table of `rows` in the order given.

    Raises ValueError where two rows share a key: a defect of the table, found when the module is first imported.
    """
    table: dict[str, R] = {}
    for row in rows:
        if row.key in table:
            raise ValueError(f"the key {row.key!r} stands twice in one table")
        table[row.key] = row
    return MappingProxyType(table)


def choose(table: MappingProxyType[str, R], key: str, what: str, also: tuple[str, ...] = ()) -> R:
    """The row called `key`, upper and lower case alike; raises `UnknownMethod`, naming the nearest, where there is none.

    also : words that the caller takes without a row, for that message.
    """
    if not isinstance(key, str):  # None, or a number in the place of a name
        raise UnknownMethod(what, str(key), (*also, *table))
    if key in table:
        return table[key]
    for name, row in table.items():
        if name.casefold() == key.casefold():
            return row
    raise UnknownMethod(what, key, (*also, *table))
