"""Effects that a study reports ready-made, with their variance or standard error."""

from __future__ import annotations

from dataclasses import dataclass

from mscsec.arrays import Array
from mscsec.effects.measures.base import Estimate, How


@dataclass(frozen=True, slots=True)
class Reported:
    """An effect on the analysis scale and its sampling variance."""

    yi: Array
    vi: Array


def as_reported(x: Reported, how: How) -> Estimate:
    """The effect and the variance as they are. Source: Cochrane Handbook 10.3 (generic inverse variance)."""
    return Estimate(x.yi, x.vi)
