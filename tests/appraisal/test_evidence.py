"""Bodies of evidence that cannot be are refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mscsec.errors import InvalidInput, UnknownName

from .bodies import but


def test_a_measure_is_known_however_it_is_spelled() -> None:
    assert (but(measure="hr-EVENT-free").measure, but(measure="or").is_ratio) == ("HR-event-free", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": (0.5, 0.5)},
        {"weights": (0.5, 0.5, 0.5, 0.5)},
        {"k": 0},
        {"ci_high": math.inf},
        {"ci_low": 1.0},
        {"estimate": math.nan},
        {"design": "randomized"},
        {"sizes": (0.3, 0.2, 0.1)},
        {"important_difference": -0.05},
    ],
)
def test_evidence_that_cannot_be(changes: dict[str, Any]) -> None:
    with pytest.raises((InvalidInput, UnknownName)) as caught:
        but(**changes)
    assert caught.value.code == "B403"
