"""Names of the places on the page that a link can lead to."""

from __future__ import annotations

import re

FLOW = "trail--flow"
RULES = "trail--rules"
PROTOCOL_TRAIL = "trail--protocol"
RECORDS_TRAIL = "trail--records"
ASSESSMENTS = "trail--assessed"


def slug(name: str) -> str:
    """A name as it can stand in an address; two names never share one."""
    plain = re.sub(r"[^A-Za-z0-9_-]", lambda found: f".{ord(found[0]):x}", name)
    plain = plain.replace("--", "-.2d")
    return f".2d{plain[1:]}" if plain.startswith("-") else plain


def outcome_id(outcome: str) -> str:
    """Of an outcome's section."""
    return f"outcome-{slug(outcome)}"


def pooled_id(outcome: str) -> str:
    """Of the pooled result."""
    return f"trail-{slug(outcome)}"


def study_id(outcome: str, study: str) -> str:
    """Of one study's effect."""
    return f"trail-{slug(outcome)}--{slug(study)}"


def set_id(outcome: str, place: int) -> str:
    """Of one row of the sensitivity table."""
    return f"trail-{slug(outcome)}--set--{place}"


def assumed_id(outcome: str, quantity: str) -> str:
    """Of what an assumed quantity decides."""
    return f"trail-{slug(outcome)}--at--{quantity}"


def grade_id(outcome: str) -> str:
    """Of the certainty."""
    return f"trail-{slug(outcome)}--grade"


def bias_id(outcome: str, place: int) -> str:
    """Of one assessment of risk of bias, by its row."""
    return f"trail-{slug(outcome)}--bias--{place}"


def finding_id(place: int) -> str:
    """Of a finding of integrity, by its place among all."""
    return f"trail--f{place}"


def record_id(study: str) -> str:
    """Of the figures that describe a study."""
    return f"trail--record--{slug(study)}"
