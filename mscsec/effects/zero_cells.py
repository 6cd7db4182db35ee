"""What a convention does about zero cells in a study's own effect, as options of `effect_size`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mscsec.effects.measures import Measure, drop_double_zeros
from mscsec.effects.measures.cells import NO_EVENTS, SPARE_FULL
from mscsec.registry import by_key, choose

DEFAULT = "cochrane-2025"
_DIFFERENCES = ("RD", "IRD")


@dataclass(frozen=True, slots=True)
class OwnEffect:
    """A row of `ZERO_CELLS`, called as the preset of pooling whose part it is.

    raw_difference : a difference is taken from the counts as they are, and its variance alone from the changed ones.
    once : a risk ratio has the constant in its events alone, and so once in each denominator; the variance of a group that
        all had the event keeps them as counted.
    peto : Peto's odds ratio has the constant too, which it does without elsewhere: its variance bears a zero cell.
    keep : studies without information about a ratio that stay: "" none, "all", or "full" (risk ratios with events in everybody).
    source : of the convention.
    """

    key: str
    source: str
    raw_difference: bool = False
    once: bool = False
    peto: bool = False
    keep: str = ""


ZERO_CELLS = by_key(
    OwnEffect(DEFAULT, "cochrane_handbook"),
    OwnEffect("revman-5", "deeks2010", raw_difference=True),
    OwnEffect("metafor", "viechtbauer2010", peto=True, keep="all"),
    OwnEffect("meta", "balduzzi2019", raw_difference=True, once=True, keep="full"),
)


def zero_options(row: Measure, preset: str | None, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `effect_size` for a measure: those asked for, then the convention's. preset : None for the default.

    Raises UnknownMethod for a preset that is none.
    """
    rule = choose(ZERO_CELLS, preset or DEFAULT, "preset")
    drop00: bool | str | None = asked.get("drop00")
    if drop00 is None and rule.keep:
        drop00 = False if rule.keep == "all" else NO_EVENTS if row.key == "RR" else None
    found: dict[str, Any] = {}
    if rule.raw_difference and row.key in _DIFFERENCES:
        found["addyi"] = False
    if rule.once and row.key == "RR":
        found["onlyo1"] = SPARE_FULL
    given = {name: value for name, value in asked.items() if value is not None}
    if row.key == "PETO" and not rule.peto and not {"add", "to"} & given.keys():
        found["to"] = "none"
    return found | given | {"drop00": drop_double_zeros(row, drop00)}
