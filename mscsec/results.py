"""What every result has in common: plain fields, `to_dict()` without NaN, and notices with a code."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from enum import Enum
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """Something a reader of the number must know; `code` is stable and explained by `mscsec explain CODE`."""

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: dataclasses as objects, arrays as lists, NaN and infinities as None."""
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # numpy arrays and scalars, without importing numpy here
        return plain(value.tolist())
    raise TypeError(f"a result holds a {type(value).__name__}, which has no plain form")


class Result:
    """Base of result dataclasses: `to_dict()` is what `--json` prints."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Fields as plain data; a number that does not exist is None, never NaN."""
        document = plain(self)
        assert isinstance(document, dict)
        return document
