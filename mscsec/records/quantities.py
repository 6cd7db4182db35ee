"""The kinds of value a record may hold: numbers with their rule, text, P values, intervals.

Wherever a number stands, `{value: 10, assumed: why}` or `{value: 10, source: {...}}` may stand too.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    Strict,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from mscsec.records.number import Number, describe


def refuse(code: str, found: str, rule: str, instead: str = "") -> PydanticCustomError:
    """The error a validator raises; the reader turns it into a `Problem` at the value's place."""
    return PydanticCustomError(code, "{found}", {"found": found, "rule": rule, "instead": instead})


def known_keys(model: type[BaseModel]) -> dict[str, Any]:
    """Keys of a model as they are written in a file, with their fields."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


class Model(BaseModel):
    """Base of all record models: frozen, and a key that is not in the model is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        """`key: null` says "looked for, not in the report", which is the same as leaving a known key out."""
        if isinstance(value, dict) and None in value.values():
            known = known_keys(cls)
            return {key: item for key, item in value.items() if item is not None or key not in known}
        return value


def as_text(value: Any) -> Any:
    """Text, also where the words happen to look like a number (volume: 14); its digits are kept as written."""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, str):
        return value
    raise refuse(
        "R104", f"found {describe(value)}", "text is wanted here", "Write words, in quotes where they hold a colon"
    )


def as_line(value: Any) -> Any:
    """Text that stands in a table or a plot: one line, without the spaces and line ends around it."""
    line = as_text(value).strip()
    if "\n" in line or "\t" in line:
        found = f"found {len(line.splitlines())} lines" if "\n" in line else "found a tab"
        raise refuse(
            "R108", found, "this text stands on one line of a table", "Write it on one line, or with >- instead of |"
        )
    return line


def _as_text_list(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else [as_text(value)]


_TEXT: dict[str, Any] = {"type": ["string", "number"]}
_TEXTS: dict[str, Any] = {"anyOf": [{"type": "array", "items": _TEXT}, _TEXT]}

Text = Annotated[str, BeforeValidator(as_text), WithJsonSchema(_TEXT)]
Line = Annotated[str, BeforeValidator(as_line), WithJsonSchema(_TEXT)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_text_list), WithJsonSchema(_TEXTS)]
Lines = Annotated[tuple[Line, ...], BeforeValidator(_as_text_list), WithJsonSchema(_TEXTS)]


Flag = Annotated[bool, Strict()]


class SourceNote(Model):
    """Where a figure stands in the paper, and its words."""

    where: Text
    text: Text | None = None
    page: Text | None = None
    url: Text | None = None
    note: Text | None = None


class Quantity(Model):
    """A finite number as printed, with what is known about it.

    value : the number; its text, and so its decimals, are kept.
    assumed : why it is believed, where the paper does not give it. An assumption follows the number to every table.
    source : its place in the paper, where that differs from the result's.
    """

    value: Number
    assumed: Text | None = None
    source: SourceNote | None = None
    note: Text | None = None

    low: ClassVar[float | None] = None
    high: ClassVar[float | None] = None
    low_open: ClassVar[bool] = False
    integer: ClassVar[bool] = False
    rule: ClassVar[str] = "a number is wanted here"
    advice: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return value if isinstance(value, (dict, Quantity)) else {"value": value}

    @model_validator(mode="after")
    def _in_range(self) -> Quantity:
        number, low, high = self.value, self.low, self.high
        below = low is not None and (number <= low if self.low_open else number < low)
        if below or (high is not None and number > high) or (self.integer and not number.is_integer()):
            raise refuse("R106", f"found {number.text}", self.rule, self.advice)
        return self

    def __float__(self) -> float:
        return float(self.value)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        number: dict[str, Any] = {"type": "integer" if cls.integer else "number", "description": cls.rule}
        if cls.low is not None:
            number["exclusiveMinimum" if cls.low_open else "minimum"] = cls.low
        if cls.high is not None:
            number["maximum"] = cls.high
        whole = dict(handler.resolve_ref_schema(handler(schema)))
        properties = dict(whole["properties"])
        properties["value"] = number
        return {"anyOf": [number, {**whole, "properties": properties}]}


class Spread(Quantity):
    """A standard deviation or standard error."""

    low, low_open = 0.0, True
    rule = "a standard deviation or standard error is positive"
    advice = "Leave it out where the paper does not give it; where every value was the same, say so under notes:"


class Positive(Quantity):
    """A number above zero: a ratio, a time, a variance."""

    low, low_open = 0.0, True
    rule = "this number is above 0"
    advice = "A ratio is written on its own scale (0.83), not as its logarithm"


class NonNegative(Quantity):
    """A number that cannot be below zero."""

    low = 0.0
    rule = "this number cannot be below 0"


class Count(Quantity):
    """A number of people or events: a whole number from 0 on."""

    low, integer = 0.0, True
    rule = "a count is a whole number from 0 on"
    advice = "A share of patients goes under percent:"


class SampleSize(Quantity):
    """A number of participants: a whole number from 1 on."""

    low, integer = 1.0, True
    rule = "an arm has at least one participant, and participants are whole"
    advice = "Leave n out (or write null) where the paper does not give it"


class Percent(Quantity):
    """A percentage, 0 to 100."""

    low, high = 0.0, 100.0
    rule = "a percentage lies between 0 and 100"


class Correlation(Quantity):
    """A correlation or intra-cluster correlation, -1 to 1."""

    low, high = -1.0, 1.0
    rule = "a correlation lies between -1 and 1"


_P_BOUND = re.compile(r"\s*(<|>|≤|≥|<=|>=)\s*(0?\.\d+|1|0)\s*")


class PValue(Quantity):
    """A P value as printed: a number, or a bound such as "<0.0001" (then `bound` is the sign)."""

    bound: Literal["<", ">", "≤", "≥", "<=", ">="] | None = None

    low, high = 0.0, 1.0
    rule = "a P value lies between 0 and 1"
    advice = 'Write p: 0.04, or a bound in quotes, p: "<0.001"'

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        written = value.get("value") if isinstance(value, dict) else value
        match = _P_BOUND.fullmatch(written) if isinstance(written, str) else None
        if match is None and isinstance(written, str) and not re.fullmatch(r"\s*[\d.,]+\s*", written):
            raise refuse("R104", f"found {describe(written)}", "a P value or its bound is wanted here", cls.advice)
        if match is None:
            return value if isinstance(value, (dict, Quantity)) else {"value": value}
        rest = dict(value) if isinstance(value, dict) else {}
        return rest | {"value": Number(match[2], match[2]), "bound": match[1]}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        number, mapping = super().__get_pydantic_json_schema__(schema, handler)["anyOf"]
        bound = {"type": "string", "pattern": f"^{_P_BOUND.pattern}$"}
        properties = {**mapping["properties"], "value": {"anyOf": [number, bound]}}
        return {"anyOf": [number, {**mapping, "properties": properties}, bound]}


def _as_pair(value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        found = f"found {len(value)} values" if isinstance(value, (list, tuple)) else f"found {describe(value)}"
        raise refuse("R104", found, "two numbers are wanted here, lower and upper", "Write [7.94, 12.5]")
    return tuple(value)


def _in_order(pair: tuple[Number, Number]) -> tuple[Number, Number]:
    if pair[0] > pair[1]:
        raise refuse(
            "R106",
            f"found [{pair[0].text}, {pair[1].text}]",
            "the lower number stands first",
            f"Write [{pair[1].text}, {pair[0].text}]",
        )
    return pair


def _pair_schema() -> dict[str, Any]:
    return {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}


def _interval(value: Any) -> Any:
    pair = _as_pair(value)
    return _in_order((Number._validate(pair[0]), Number._validate(pair[1])))


Interval = Annotated[tuple[Number, Number], BeforeValidator(_interval), WithJsonSchema(_pair_schema())]


def _level(value: Any) -> Any:
    number = Number._validate(value)
    if not 0.5 <= number < 1:
        instead = f"Write {number / 100:g}" if 50 <= number < 100 else "Write 0.95 for a 95 % interval"
        raise refuse("R106", f"found {number.text}", "a confidence level lies between 0.5 and 1", instead)
    return number


Level = Annotated[
    Number, BeforeValidator(_level), WithJsonSchema({"type": "number", "minimum": 0.5, "exclusiveMaximum": 1})
]


def _year(value: Any) -> Any:
    number = Number._validate(value)
    if not (number.is_integer() and 1600 <= number <= 2200):
        raise refuse(
            "R106",
            f"found {number.text}",
            "a year has four digits",
            "Write year: 2025; a fuller date goes under published:",
        )
    return int(number)


Year = Annotated[int, BeforeValidator(_year), WithJsonSchema({"type": "integer", "minimum": 1600, "maximum": 2200})]
