"""A pooled effect in other words: absolute risks at a baseline risk, or natural units for a standardised difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.effects.reconstruct import (
    absolute_from_hr,
    absolute_from_or,
    absolute_from_rd,
    absolute_from_rr,
    absolute_from_smd,
)
from mscsec.errors import InvalidInput, NotEstimable, UsageError
from mscsec.results import Result

# Measures that a baseline risk turns into absolute risks; each function takes the effect on its natural scale.
ABSOLUTE = {
    "RR": absolute_from_rr,
    "OR": absolute_from_or,
    "PETO": absolute_from_or,
    "HR": absolute_from_hr,
    "RD": absolute_from_rd,
    "SMD": absolute_from_smd,
}


@dataclass(frozen=True, slots=True)
class Triple(Result):
    """A value with the limits of its interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ReExpressed(Result):
    """An effect and its interval in other words; None for what does not apply.

    baseline_risk : the comparator's risk, proportion. risk, risk_difference : under the intervention; proportions.
    per_1000 : risk difference times 1000. risk_ratio, odds_ratio : implied at this baseline.
    nnt : 1 / |risk difference| at the estimate, None where there is no difference.
    sd, difference : SD taken for the natural scale, and the mean difference in its units.
    """

    baseline_risk: float | None
    risk: Triple | None
    risk_difference: Triple | None
    per_1000: Triple | None
    risk_ratio: Triple | None
    odds_ratio: Triple | None
    nnt: float | None
    sd: float | None
    difference: Triple | None


def re_express(
    measure: str,
    estimate: float,
    low: float,
    high: float,
    *,
    baseline_risk: float | None = None,
    sd: float | None = None,
) -> ReExpressed:
    """The effect at a baseline risk, or in the units of an SD; estimate and interval on the natural scale of `measure`.

    The interval is that of the effect carried through, the baseline risk or SD taken as known (Cochrane Handbook 15.4.4
    and 15.5.3.2). Raises UsageError for a measure this does not hold for, InvalidInput for an impossible risk or SD, and
    NotEstimable where a risk above 1 would follow.
    """
    if sd is not None and baseline_risk is not None:
        raise UsageError("an SD gives natural units, a baseline risk absolute risks; ask for one of them")
    if sd is not None:
        if measure not in ("SMD", "SMDH", "SMD1", "SMD1H"):
            raise UsageError(f"an SD turns a standardised mean difference into natural units; the measure is {measure}")
        if not (np.isfinite(sd) and sd > 0):
            raise InvalidInput(f"the SD is {sd:g}", "a standard deviation is positive")
        return ReExpressed(None, None, None, None, None, None, None, sd, Triple(estimate * sd, low * sd, high * sd))
    if baseline_risk is None or not 0 < baseline_risk < 1:
        raise InvalidInput(
            f"the baseline risk is {baseline_risk}", "a baseline risk lies between 0 and 1", "Write 0.2 for 20 percent"
        )
    if measure not in ABSOLUTE:
        raise UsageError(f"a baseline risk says nothing about {measure}; it does about {', '.join(ABSOLUTE)}")
    found = ABSOLUTE[measure](np.array([estimate, low, high]), baseline_risk)
    if found.refused:
        raise NotEstimable(f"at a baseline risk of {baseline_risk:g}: {found.refused[0].message}")
    nnt = float(found.nnt[0])
    return ReExpressed(
        baseline_risk, _triple(found.risk), _triple(found.risk_difference), _triple(found.per_1000), _triple(found.risk_ratio),
        _triple(found.odds_ratio), nnt if np.isfinite(nnt) else None, None, None,
    )  # fmt: skip


def _triple(values: Any) -> Triple:
    return Triple(*(float(value) for value in values))
