"""What is done about zero cells: how much is added, to which tables, and whether the pooled sums see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, BoolArray
from mscsec.errors import InvalidInput, UnknownMethod
from mscsec.pooling.counts.tables import PersonTime, Tables
from mscsec.registry import by_key, choose

WHERE = ("only0", "if0all", "all", "none")
DROPS = ("always", "relative", "ratio", "never")


@dataclass(frozen=True, slots=True)
class ZeroCells:
    """One rule for zero cells.

    increment : events added to a cell; the text "tacc" adds n_1 / N and n_2 / N, so that the arms' increments are in
        proportion to their size and add up to one (Sweeting et al. 2004, section 3.3).
    where : "only0" the tables with a zero, "if0all" every table as soon as one has a zero, "all" every table, "none". Under
        drop="always" a table that is dropped does not count as one with a zero, as in metafor; in meta it does.
    in_sums : closed-form methods whose sums get it too ("MH", "Peto"); the others keep their sums exact, which needs
        no correction as long as some study has an event in each arm.
    in_tests : True has the tests of association and homogeneity see what the Mantel-Haenszel sums see.
    drop : which double-zero (no event in both arms) and double-full tables have no study estimate: "always" all of them,
        "relative" both kinds for OR and RR (Deeks & Higgins 2010), "ratio" both kinds for OR and double-zero for RR, "never".
        For IRR double-zero under any of these but the last.
    keep_alone : True has inverse variance keep what `drop` leaves out, as metafor's rma() does, which keeps what rma.mh() drops.
    ratio_once : True adds the increment once to a risk ratio's denominators and leaves an arm full of events alone in the
        variance (Hartung & Knapp 2001, equation 18); False adds to all four cells, hence twice to a denominator.
    raw_difference : True takes a risk or rate difference from the counts as they are and the increment only into its
        variance; False takes both from the changed counts.
    large_strata : True takes the variance of a Mantel-Haenszel risk difference that suits few large strata.
    """

    key: str
    increment: float | str = 0.5
    where: str = "only0"
    in_sums: tuple[str, ...] = ()
    in_tests: bool = False
    drop: str = "relative"
    keep_alone: bool = False
    ratio_once: bool = False
    raw_difference: bool = False
    large_strata: bool = False

    def __post_init__(self) -> None:
        if self.where not in WHERE:
            raise UnknownMethod("place for the continuity correction", self.where, WHERE)
        if self.drop not in DROPS:
            raise UnknownMethod("rule for double-zero studies", self.drop, DROPS)
        if isinstance(self.increment, str):
            if self.increment != "tacc":
                raise UnknownMethod("increment", self.increment, ("tacc",))
        elif not (np.isfinite(self.increment) and self.increment >= 0):
            raise InvalidInput(f"the increment is {self.increment:g}", "it must be a number, 0 or more")


CONVENTIONS = by_key(
    ZeroCells("cochrane-2025"),
    ZeroCells("revman-5", in_sums=("MH",), raw_difference=True, large_strata=True),
    ZeroCells("metafor", drop="always", keep_alone=True),
    ZeroCells("meta", drop="ratio", in_sums=("MH",), ratio_once=True, raw_difference=True, large_strata=True),
)


def convention(rule: str | ZeroCells) -> ZeroCells:
    """The rule itself, or the one called so in `CONVENTIONS`; raises UnknownMethod."""
    return rule if isinstance(rule, ZeroCells) else choose(CONVENTIONS, rule, "convention for zero cells")


def increments(tables: Tables | PersonTime, rule: ZeroCells) -> tuple[Array, Array]:
    """What is added to each event (and non-event) cell of arm 1 and of arm 2, shape (..., k)."""
    zero = tables.any_zero
    counted = zero & ~tables.double_zero & ~tables.double_full if rule.drop == "always" else zero
    touched = {
        "only0": zero,
        "if0all": tables.mask & counted.any(-1, keepdims=True),
        "all": tables.mask,
        "none": np.zeros_like(zero),
    }[rule.where]
    if not isinstance(rule.increment, str):
        each = np.where(touched, float(rule.increment), 0.0)
        return each, each
    size_1, size_2 = (tables.n_1, tables.n_2) if isinstance(tables, Tables) else (tables.t_1, tables.t_2)
    return np.where(touched, size_1 / tables.total, 0.0), np.where(touched, size_2 / tables.total, 0.0)


def has_estimate(tables: Tables | PersonTime, measure: str, rule: ZeroCells) -> BoolArray:
    """Which studies have an estimate of their own under the rule."""
    if rule.drop == "never":
        return tables.mask
    if rule.drop == "always" or measure == "OR" or (rule.drop == "relative" and measure == "RR"):
        return tables.mask & ~tables.double_zero & ~tables.double_full
    return tables.mask & ~tables.double_zero if measure in ("RR", "IRR") else tables.mask


def incremented(tables: Tables, rule: ZeroCells) -> Tables:
    """Tables with the increment in all four cells."""
    one, two = increments(tables, rule)
    return Tables(tables.a + one, tables.n_1 + 2 * one, tables.c + two, tables.n_2 + 2 * two, tables.mask)


def incremented_time(table: PersonTime, rule: ZeroCells) -> PersonTime:
    """Person-time tables with the increment in the events; the person-time stays."""
    one, two = increments(table, rule)
    return PersonTime(table.x_1 + one, table.t_1, table.x_2 + two, table.t_2, table.mask)
