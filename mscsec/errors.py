"""The errors mscsec raises on purpose; each is one sentence with its fields, and knows its exit code.

Exit codes are a contract with scripts: 2 is wrong use or invalid input, 3 is "these data cannot answer that".
Anything that is not a `MscsecError` is a defect and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class MscsecError(Exception):
    """Base of every expected error. `code` is stable and `mscsec explain CODE` says more about it."""

    exit_code = 2
    code = "U000"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code

    @property
    def message(self) -> str:
        """The sentence itself."""
        return str(self.args[0])


class UsageError(MscsecError):
    """A request that makes no sense as it stands (options that contradict each other, a file that is not there)."""

    code = "U001"


class UnknownName(MscsecError):
    """A name that is not in a table: an outcome, a study, a column.

    what : kind of thing asked for, singular ("outcome").
    asked : what was written.
    known : the valid names; the nearest one is suggested.
    """

    code = "U002"

    def __init__(self, what: str, asked: str, known: Iterable[str], *, code: str | None = None) -> None:
        self.what, self.asked, self.known = what, asked, tuple(known)
        suggestion = nearest(asked, self.known)
        hint = f"; did you mean {suggestion!r}?" if suggestion else "."
        names = ", ".join(self.known) if self.known else "none are defined"
        super().__init__(f"unknown {what} {asked!r}{hint} Known: {names}", code=code)


class UnknownMethod(UnknownName):
    """A method key that is in no registry."""

    code = "U003"


class InvalidInput(MscsecError):
    """Numbers handed to a function that no data can have (a negative variance, more events than patients).

    found : what is wrong, with the value and its place in the array.
    rule : what holds for valid input.
    instead : what to write instead, where that is known.
    """

    code = "U004"

    def __init__(self, found: str, rule: str, instead: str = "", *, code: str | None = None) -> None:
        self.found, self.rule, self.instead = found, rule, instead
        super().__init__(
            "; ".join(part for part in (found, rule) if part) + (f". {instead}" if instead else ""), code=code
        )


class CannotCompute(MscsecError):
    """The request is valid but these data do not determine an answer."""

    exit_code = 3
    code = "P100"


class TooFewStudies(CannotCompute):
    """A method was asked for with fewer studies than it needs."""

    code = "P101"

    def __init__(self, method: str, needed: int, found: int, why: str = "") -> None:
        self.method, self.needed, self.found = method, needed, found
        super().__init__(
            f"{method} needs {needed} {'study' if needed == 1 else 'studies'} or more, found {found}"
            + (f". {why}" if why else "")
        )


class NotConverged(CannotCompute):
    """An iteration did not settle within its bound; the state it was left in is in the fields."""

    code = "P102"

    def __init__(self, method: str, iterations: int, last: float, instead: str = "") -> None:
        self.method, self.iterations, self.last = method, iterations, last
        super().__init__(
            f"{method} did not converge in {iterations} iterations (last value {last:.6g})"
            + (f". {instead}" if instead else "")
        )


class NotEstimable(CannotCompute):
    """The quantity does not exist for these data (no events anywhere, a singular design)."""

    code = "P103"


def nearest(asked: str, known: Sequence[str]) -> str | None:
    """The known name closest to `asked`, or None where none is close. Upper and lower case do not matter."""
    folded = {name.casefold(): name for name in known}
    word = asked.casefold()
    close = difflib.get_close_matches(word, folded, n=5, cutoff=0.6)
    if not close:
        return None
    likeness = {name: difflib.SequenceMatcher(None, name, word).ratio() for name in close}
    best = max(likeness.values())
    equals = [name for name in close if likeness[name] == best]
    return folded[next((name for name in equals if sorted(name) == sorted(word)), equals[0])]  # SDM is SMD, not SMN
