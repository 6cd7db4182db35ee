"""How bad a judgement is, whatever words its instrument has: what tables and pictures choose their marks by."""

from __future__ import annotations

from collections.abc import Sequence

from mscsec.appraisal.judgements import NOT_ASSESSED

# low, some, high, critical; none: no information; absent: nobody has judged.
DEGREES = ("low", "some", "high", "critical", "none", "absent")
_WORDS = {
    "low": "low",
    "low risk": "low",
    "low risk of bias": "low",
    "low (except for concerns about uncontrolled confounding)": "low",
    "some concerns": "some",
    "moderate": "some",
    "unclear": "some",
    "high": "high",
    "high risk": "high",
    "at risk of bias": "high",
    "serious": "high",
    "critical": "critical",
    "very high": "critical",
    "no information": "none",
    NOT_ASSESSED.casefold(): "absent",
    "": "absent",
}


def degree(judgement: str, scale: Sequence[str] = ()) -> str:
    """One of `DEGREES`, by the judgement's word, else by the third of `scale` (best first) in which it stands."""
    known = _WORDS.get(judgement.casefold())
    if known is None and judgement in scale:
        place = scale.index(judgement) / max(len(scale) - 1, 1)
        known = "low" if place < 1 / 3 else "some" if place <= 2 / 3 else "high"
    return known or "none"
