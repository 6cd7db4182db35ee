"""A body of evidence that nothing speaks against, and changes to it."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from mscsec.appraisal.evidence import Evidence
from mscsec.appraisal.proposals import GRADE_DOMAINS, Proposal

LEVELS = ["Very low", "Low", "Moderate", "High"]
BASE = Evidence(
    outcome="death by day 28",
    measure="RR",
    design="randomised",
    k=4,
    estimate=math.log(0.75),
    ci_low=math.log(0.60),
    ci_high=math.log(0.94),
    intervention="secretome",
    i2=0.0,
    prediction_low=math.log(0.55),
    prediction_high=math.log(0.98),
    study_estimates=tuple(math.log(value) for value in (0.7, 0.75, 0.8, 0.76)),
    study_low=tuple(math.log(value) for value in (0.5, 0.5, 0.5, 0.5)),
    study_high=tuple(math.log(value) for value in (0.9, 1.1, 1.2, 1.1)),
    weights=(0.25, 0.25, 0.25, 0.25),
    judgements=("Low", "Low", "Low", "Some concerns"),
    participants=5000,
    events=900,
    baseline_risk=0.2,
    indirectness={"population": (0, ""), "outcome": (0, "")},
)


def but(**changes: Any) -> Evidence:
    return dataclasses.replace(BASE, **changes)


def logs(*values: float) -> dict[str, float]:
    return dict(zip(("estimate", "ci_low", "ci_high"), map(math.log, values), strict=True))


def proposal(evidence: Evidence, domain: str) -> Proposal:
    return GRADE_DOMAINS[domain].propose(evidence)
