"""Covariances of effects that are set against the same comparator: what its chance deviation does to all of them alike.

Source: Gleser & Olkin (2009), chapter 19 of The Handbook of Research Synthesis and Meta-Analysis, 2nd edition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from mscsec.effects.collect import StudyEffect
from mscsec.effects.measures import Measure
from mscsec.effects.measures.cells import SPARE_FULL
from mscsec.effects.trail import ArmData
from mscsec.errors import UsageError
from mscsec.registry import by_key
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class SharedComparator(Result):
    """Two rows of one trial against the same comparator; `covariance` of their yi, squared units of yi."""

    study_1: str
    study_2: str
    covariance: float


@dataclass(frozen=True, slots=True)
class Covariance:
    """A row of `COVARIANCES`.

    key : of the measure. part : variance of yi that comes from the comparator alone, given what was added to each cell.
    formula : the covariance in one line; 2 is the comparator, c its events, d those without, x t events and time.
    """

    key: str
    part: Callable[[ArmData, float], float]
    formula: str
    source: str = "gleser2009"


def _cells(arm: ArmData, add: float) -> tuple[float, float, float]:
    """Events, non-events and size of the comparator, with what was added to each cell."""
    events, n = float(arm.events or 0.0), float(arm.n or 0.0)
    return events + add, n - events + add, n + 2 * add


def _log_risk(arm: ArmData, add: float) -> float:
    c, _, n = _cells(arm, add)
    return 1 / c - 1 / n


def _log_odds(arm: ArmData, add: float) -> float:
    c, d, _ = _cells(arm, add)
    return 1 / c + 1 / d


def _risk(arm: ArmData, add: float) -> float:
    c, d, n = _cells(arm, add)
    return c * d / n**3


def _arcsine(arm: ArmData, add: float) -> float:
    return 1 / (4 * _cells(arm, add)[2])


def _log_rate(arm: ArmData, add: float) -> float:
    return 1 / (float(arm.events or 0.0) + add)


def _rate(arm: ArmData, add: float) -> float:
    return (float(arm.events or 0.0) + add) / float(arm.time or 0.0) ** 2


def _root_rate(arm: ArmData, add: float) -> float:
    return 1 / (4 * float(arm.time or 0.0))


def _mean(arm: ArmData, add: float) -> float:
    return float(arm.sd or 0.0) ** 2 / float(arm.n or 0.0)


def _log_mean(arm: ArmData, add: float) -> float:
    return _mean(arm, add) / float(arm.mean or 0.0) ** 2


def _standardised(arm: ArmData, add: float) -> float:
    return 1 / float(arm.n or 0.0)  # the share of the common SD is added in `_covariance`


def _log_sd(arm: ArmData, add: float) -> float:
    return 1 / (2 * (float(arm.n or 0.0) - 1))


COVARIANCES = by_key(
    Covariance("MD", _mean, "s2^2/n2"),
    Covariance("SMD", _standardised, "1/n2 + y_i y_j n2/(2 N_i N_j), N_i = n1i + n2"),
    Covariance("ROM", _log_mean, "s2^2/(n2 m2^2)", "lajeunesse2011"),
    Covariance("VR", _log_sd, "1/(2 (n2 - 1))"),
    Covariance("RR", _log_risk, "1/c - 1/n2"),
    Covariance("OR", _log_odds, "1/c + 1/d"),
    Covariance("RD", _risk, "p2 (1 - p2)/n2"),
    Covariance("AS", _arcsine, "1/(4 n2)"),
    Covariance("IRR", _log_rate, "1/x2"),
    Covariance("IRD", _rate, "x2/t2^2"),
    Covariance("IRSD", _root_rate, "1/(4 t2)"),
)


def shared_comparators(
    rows: Sequence[StudyEffect], row: Measure, options: dict[str, Any]
) -> tuple[SharedComparator, ...]:
    """Each pair of rows that belong to one trial, with the covariance of their effects.

    rows : several of one trial have its id, a colon and their arm. options : those `effect_size` was called with.
    Raises UsageError for a measure or variance formula whose covariance is not known, where there are such rows.
    """
    pairs = [(one, two) for one, two in combinations(rows, 2) if one.part and one.record == two.record]
    if not pairs:
        return ()
    if row.key not in COVARIANCES:
        raise UsageError(
            f"the covariance of {row.key} effects that share a comparator is not known; measures that have one: {', '.join(COVARIANCES)}"
        )
    if options.get("vtype") not in (None, row.vtypes[0]):
        raise UsageError(
            f"covariances of effects that share a comparator go with the variance formula {row.vtypes[0]} of {row.key}; leave out vtype"
        )
    once, changed = options.get("onlyo1", False), any(_corrected(item) for pair in pairs for item in pair)
    other = not options.get("addvi", True) or (once and row.key != "RR")
    if isinstance(options.get("add"), str) or (other and changed):
        raise UsageError("covariances of effects that share a comparator need one constant added to every cell")
    add = row.add if options.get("add") is None else float(options["add"])
    return tuple(
        SharedComparator(one.study, two.study, _covariance(one, two, row.key, add, once)) for one, two in pairs
    )


def _once(arm: ArmData, add: float, rule: bool | str) -> ArmData:
    """The comparator for a `part` that adds to each cell, so that its size grows by `add` but once. rule : "onlyo1" of `effect_size`."""
    n, events = float(arm.n or 0.0), float(arm.events or 0.0)
    return replace(arm, n=n - add, events=events - add if rule == SPARE_FULL and events == n else events)


def _covariance(one: StudyEffect, two: StudyEffect, key: str, add: float, once: bool | str) -> float:
    """The comparator's part of both variances; the smaller where only one of the two had something added to zero cells.

    Taking the smaller keeps the matrix of a trial positive definite. For SMD, each of which has the SD of its own pair,
    the comparator's SD is one of the two in both: cov(log s_i, log s_j) = n2/(2 N_i N_j) for large samples. Gleser &
    Olkin standardise by one SD of all arms and have 1/(2 N) there.
    """
    part = COVARIANCES[key].part
    found = min(
        part(_once(item.comparator, add, once) if once else item.comparator, add)
        if _corrected(item)
        else part(item.comparator, 0.0)
        for item in (one, two)
    )
    if key == "SMD":
        n = float(one.comparator.n or 0.0)
        sizes = [float(item.experimental.n or 0.0) + n for item in (one, two)]
        found += one.yi * two.yi * n / (2 * sizes[0] * sizes[1])
    return found


def _corrected(row: StudyEffect) -> bool:
    return any(flag.code == "E101" for flag in row.flags)


def covariance_matrix(rows: Sequence[StudyEffect], shared: Sequence[SharedComparator]) -> Any:
    """(k, k) covariance of the effects in the order of `rows`: sampling variances, and the covariances of `shared`."""
    matrix = np.diag([row.vi for row in rows]) if rows else np.zeros((0, 0))
    place = {row.study: index for index, row in enumerate(rows)}
    for pair in shared:
        if pair.study_1 in place and pair.study_2 in place:
            i, j = place[pair.study_1], place[pair.study_2]
            matrix[i, j] = matrix[j, i] = pair.covariance
    return matrix
