"""Sentences that know their numbers.

A sentence is written where its numbers are at hand, and read in many places. Here it is a text like any other, so that a
terminal, a manuscript or JSON prints it as it is; and it keeps its pieces, so that a page can lead from each number to what
stands behind it. Nothing is looked for in a text afterwards.

said     a sentence from a template and its values; a value that is no text is a number
num      a number, or a few words about one, as printed
quoted   words of a record or of the protocol, which lead as a whole to their line
joined   sentences with something between them
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter
from typing import Any

# What stands behind a number, where it is not what its sentence is about. Whoever shows the sentence knows the places.
EFFECT = "effect"  # the pooled result of the outcome
RULE = "rule"  # a number that a rule of the method sets, not the data
PROTOCOL = "protocol"  # what the protocol chooses, or the convention where it says nothing
OUTCOME = "outcome"  # the outcome, by its name
RECORDS = "records"  # which records there are, and what each reports
ASSESSED = "assessed"  # the assessments of risk of bias on record
RATED = "rated"  # the outcomes whose certainty is rated


@dataclass(frozen=True, slots=True)
class Ref:
    """A piece of a sentence that leads somewhere. of : what stands behind it; empty where it is what the sentence is about."""

    text: str
    of: str = ""


class Said(str):
    """A text made of pieces; `Ref` are its numbers and quotations, `str` the words between them."""

    __slots__ = ("parts",)
    parts: tuple[str | Ref, ...]

    def __new__(cls, *parts: str | Ref) -> Said:
        flat: list[str | Ref] = []
        for part in parts:
            if isinstance(part, Said):
                flat += part.parts
            elif isinstance(part, Ref) or part:
                flat.append(part)
        made = super().__new__(cls, "".join(part.text if isinstance(part, Ref) else part for part in flat))
        made.parts = tuple(flat)
        return made

    def __add__(self, other: str) -> Said:
        return Said(self, other)

    def __radd__(self, other: str) -> Said:
        return Said(other, self)

    def __reduce__(self) -> tuple[type[Said], tuple[str | Ref, ...]]:
        return Said, self.parts

    @property
    def refs(self) -> tuple[Ref, ...]:
        """Its numbers and quotations, in order."""
        return tuple(part for part in self.parts if isinstance(part, Ref))


def said(template: str, *values: Any, of: str = "") -> Said:
    """A sentence from `template` with `{}` for each value, which may have a format: said("{} of {:.3g}", 3, 4.5).

    A value that is a text goes in as it is, a `Said` with its pieces; everything else is a number. of : as in `Ref`, of
    these numbers. Raises IndexError where values are missing, ValueError where there are too many.
    """
    found: list[str | Ref] = []
    left = iter(values)
    for text, spec in _pieces(template):
        found.append(text)
        if spec is None:
            continue
        try:
            value = next(left)
        except StopIteration:
            raise IndexError(f"a value is missing for {template!r}") from None
        found.append(value if isinstance(value, str) else Ref(format(value, spec), of))
    if next(left, found) is not found:
        raise ValueError(f"there are more values than places in {template!r}")
    return Said(*found)


@lru_cache(maxsize=1024)
def _pieces(template: str) -> tuple[tuple[str, str | None], ...]:
    """Texts of a template, each with the format of the place behind it; None where there is no place."""
    return tuple((text, None if name is None else spec) for text, name, spec, _ in Formatter().parse(template))


def num(value: Any, of: str = "") -> Said:
    """A number as printed; also "3 studies" or "0.2 to 0.5", where the words make a better name for a link."""
    return Said(Ref(str(value), of))


def quoted(text: str, of: str = "") -> Said:
    """Words that stand in a record or in the protocol."""
    return Said(Ref(text, of)) if text else Said()


def joined(between: str, texts: Iterable[str]) -> Said:
    """The texts with `between` between them, their pieces kept."""
    found: list[str] = []
    for text in texts:
        found += [between, text] if found else [text]
    return Said(*found)


def parts_of(text: str) -> tuple[str | Ref, ...]:
    """The pieces of any text; one that was never made of pieces is a single one."""
    return text.parts if isinstance(text, Said) else (text,) if text else ()
