"""What a route from printed figures to usable numbers is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """One route.

    function : takes the printed figures by name, gives a frozen value with `refused`.
    gives : the fields of that value that are of use.
    exact : the result equals what the raw data would give, but for rounding in print; False for an approximation.
    formula : one line for the trail of a number.
    one_of : groups of optional arguments of which one must be given in full, the best first; empty where `needs` says all.
    """

    key: str
    name: str
    function: Callable[..., Any]
    gives: tuple[str, ...]
    source: str
    exact: bool
    formula: str
    one_of: tuple[tuple[str, ...], ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Arguments that must be given."""
        parameters = inspect.signature(self.function).parameters.values()
        return tuple(p.name for p in parameters if p.default is p.empty)

    @property
    def options(self) -> tuple[str, ...]:
        """Arguments with a default."""
        parameters = inspect.signature(self.function).parameters.values()
        return tuple(p.name for p in parameters if p.default is not p.empty)
