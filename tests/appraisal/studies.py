"""Study records made for the tests of this room."""

from __future__ import annotations

from typing import Any

from mscsec.records.models import Study

GOOD: dict[str, Any] = {
    "type": "parallel-rct",
    "randomised": True,
    "sequence_generation": "adequate",
    "allocation_concealment": "adequate",
    "open_label": False,
    "blinding": {"participants": "blinded", "personnel": "blinded", "assessors": "blinded"},
    "incomplete_outcome_data": "adequate",
    "selective_reporting": "adequate",
    "registration": "NCT00000001",
}


def study(
    arms: dict[str, Any] | None = None, population: dict[str, Any] | None = None, results: Any = (), **design: Any
) -> Study:
    return Study.model_validate(
        {
            "schema": "mscsec/study/1",
            "id": "roe2021",
            "citation": {},
            "design": GOOD | design,
            "population": population or {},
            "arms": arms or {"a": {"role": "experimental", "n": 210}, "b": {"role": "comparator", "n": 205}},
            "results": results,
        }
    )
