"""The trail of one effect: the figures as printed, and each step from them to `yi` and `vi`."""

from __future__ import annotations

from dataclasses import dataclass

from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class Figure(Result):
    """A number as it stands in a record.

    name : what it is, with its arm ("mean, secretome"). value, text : the number and how it is written.
    path : where it stands in the record. assumed : why it is believed, where the paper does not print it.
    where, quote : its place in the paper and the words there.
    """

    name: str
    value: float
    text: str
    path: tuple[str | int, ...]
    assumed: str | None = None
    where: str | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Step(Result):
    """One calculation: `result` is `value`, by `formula` from `inputs` (figures or results of earlier steps)."""

    result: str
    value: float
    formula: str
    method: str
    source: str
    inputs: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Flag(Result):
    """A mark that follows an effect to every table, with its footnote. `code` is stable."""

    code: str
    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Derivation(Result):
    """From the record to the effect of one study: `words` in one line, and the chain itself."""

    words: str
    figures: tuple[Figure, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class ArmData(Result):
    """What went into the effect for one side, for the columns of a table; None where the measure does not use it."""

    label: str
    n: float | None = None
    events: float | None = None
    mean: float | None = None
    sd: float | None = None
    time: float | None = None


class Trail:
    """Collects figures, steps and flags while one study's effect is worked out."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self.steps: list[Step] = []
        self.flags: list[Flag] = []
        self.words: list[str] = []

    def step(self, result: str, value: float, formula: str, method: str, source: str, **inputs: float) -> float:
        """Notes one calculation and gives its value back."""
        self.steps.append(Step(result, float(value), formula, method, source, tuple(inputs.items())))
        return float(value)

    def flag(self, code: str, mark: str, text: str) -> None:
        """Marks the effect; the same footnote is not set twice."""
        flag = Flag(code, mark, text)
        if flag not in self.flags:
            self.flags.append(flag)

    def say(self, words: str) -> None:
        """Adds to the derivation in words; said once, and nothing where there are none."""
        if words and words not in self.words:
            self.words.append(words)

    def derivation(self) -> Derivation:
        """What was collected, frozen."""
        return Derivation("; ".join(self.words) or "as printed", tuple(self.figures), tuple(self.steps))
