"""Scalars of a record: YAML 1.2 core, resolved by hand, with a number's text kept.

PyYAML's own resolver is YAML 1.1: it reads `NO` as false, `010` as eight and `12:30` as 750. Here only null, true,
false, integers and decimals mean anything but text, and a number remembers how it was written, because `5.50` says
more about rounding than `5.5`.
"""

from __future__ import annotations

import math
import re
from typing import Any

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_WORDS = _NULL | _TRUE | _FALSE
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
# A leading zero (010) is text, not a number: half of the world reads it as octal, and identifiers look like that.
_NUMBER = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")


class Number(float):
    """A finite number as printed: the value, and the text it was read from."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, value: float | str, text: str | None = None) -> Number:
        number = super().__new__(cls, value)
        number.text = text if text is not None else str(value)
        return number

    @property
    def decimals(self) -> int:
        """Digits after the decimal point as written; negative where an exponent moves them (1e3 has -3)."""
        mantissa, _, exponent = self.text.lower().partition("e")
        return len(mantissa.partition(".")[2]) - int(exponent or 0)

    @property
    def half_unit(self) -> float:
        """Half a unit in the last written place: the true value lies within this of the number."""
        return float(f"5e{-self.decimals - 1}")

    def __reduce__(self) -> tuple[type[Number], tuple[float, str]]:  # pickling and copying keep the text
        return (type(self), (float(self), self.text))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._validate)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: Any) -> dict[str, Any]:
        return {"type": "number"}

    @classmethod
    def _validate(cls, value: Any) -> Number:
        if isinstance(value, Number):
            return value
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return cls(value)
        raise PydanticCustomError(
            "R104",
            "{found}",
            {"found": f"found {describe(value)}", "rule": "a number is wanted here", "instead": _advice(value)},
        )


def resolve(text: str, plain: bool) -> Any:
    """The value of a scalar: None, bool, `Number`, or text.

    plain : True for an unquoted scalar; a quoted one is always text.
    """
    if not plain:
        return text
    if text[:1] in _LETTERS and text not in _WORDS:  # most scalars are words: decided by one look
        return text
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return Number(text, text)
    return text


def describe(value: Any) -> str:
    """`value` in the words of a message."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        return "a mapping (key: value)"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = str(value)
    return f"the text {text[:60] + '…' if len(text) > 60 else text!r}"


def _advice(value: Any) -> str:
    """What to write instead of `value` where a number is wanted."""
    if value is None:
        return "Leave the key out where the paper does not give it"
    if not isinstance(value, str):
        return "Write the figure alone, as printed"
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return f"Write {text} without quotes"
    if re.fullmatch(r"[-+]?\d+,\d+", text):
        return f"Write {text.replace(',', '.')} with a decimal point"
    if re.fullmatch(r"[-+]?\d[\d_ ']*", text):
        return f"Write {re.sub('[^0-9+-]', '', text).lstrip('0') or '0'}"
    if "±" in text or "+/-" in text:
        return "Write the two figures apart, mean: and sd: (or se:)"
    if re.fullmatch(r"[-+]?[\d.]+\s*%", text):
        return f"Write {text.rstrip('% ')} under percent:"
    if re.fullmatch(r"[−–—]\s*[\d.]+", text):
        return f"Write -{text[1:].strip()} with an ASCII minus sign"
    if re.fullmatch(r"[-+]?[\d.]+\s*[^\W\d]+\.?", text):
        return "Write the figure alone; the unit goes under unit:"
    return "Write the figure alone, as printed"
