"""A pooled effect in other words: the arithmetic of the Handbook, and what it does not hold for."""

from __future__ import annotations

import pytest

from mscsec.effects.reexpressed import ABSOLUTE, re_express
from mscsec.errors import InvalidInput, NotEstimable, UsageError


@pytest.mark.parametrize(
    ("measure", "effect", "risk"),
    [("RR", 0.5, 0.1), ("OR", 0.5, 0.25 * 0.5 / (1 + 0.25 * 0.5)), ("HR", 0.5, 1 - 0.8**0.5), ("RD", -0.1, 0.1)],
)
def test_risk_at_a_baseline_of_20_percent(measure, effect, risk):
    found = re_express(measure, effect, effect, effect, baseline_risk=0.2)
    assert found.risk is not None
    assert found.per_1000 is not None
    assert found.risk.estimate == pytest.approx(risk)
    assert found.per_1000.estimate == pytest.approx(1000 * (risk - 0.2))
    assert found.nnt == pytest.approx(1 / (0.2 - risk))


def test_no_difference_has_no_number_needed_to_treat():
    assert re_express("RR", 1, 0.5, 2, baseline_risk=0.2).nnt is None


def test_a_standardised_difference_in_natural_units():
    found = re_express("SMD", -0.5, -0.8, -0.2, sd=10)
    assert found.difference is not None
    assert (found.difference.low, found.difference.estimate, found.difference.high) == (-8, -5, -2)


@pytest.mark.parametrize("measure", ABSOLUTE)
@pytest.mark.parametrize("risk", [0, 1, -0.1, 20, float("nan")])
def test_an_impossible_baseline_risk(measure, risk):
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        re_express(measure, 0.5, 0.4, 0.6, baseline_risk=risk)


def test_what_it_does_not_hold_for():
    with pytest.raises(UsageError, match="says nothing about MD"):
        re_express("MD", 1, 0, 2, baseline_risk=0.2)
    with pytest.raises(UsageError, match="the measure is RR"):
        re_express("RR", 1, 0.5, 2, sd=1)
    with pytest.raises(InvalidInput, match="positive"):
        re_express("SMD", 1, 0.5, 2, sd=0)
    with pytest.raises(NotEstimable, match=r"baseline risk of 0\.9"):
        re_express("RR", 2, 1, 4, baseline_risk=0.9)
