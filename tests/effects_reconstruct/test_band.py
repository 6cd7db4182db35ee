"""Rounding bands, and which routes a set of figures opens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.effects.reconstruct import RECONSTRUCT, open_routes, rounding_band
from mscsec.errors import InvalidInput, UnknownMethod


@settings(max_examples=60, deadline=None)
@given(estimate=st.floats(0.3, 3), spread=st.floats(0.2, 1.2), places=st.integers(1, 3))
def test_the_truth_lies_in_the_band(estimate: float, spread: float, places: int) -> None:
    low, high = estimate / 2.718**spread, estimate * 2.718**spread
    function = RECONSTRUCT["effect-ci"].function
    truth = float(function(estimate, low, high, scale="log").sei)
    printed = {"estimate": round(estimate, places), "ci_low": round(low, places), "ci_high": round(high, places)}
    try:
        bands = rounding_band("effect-ci", {**printed, "scale": "log"}, dict.fromkeys(printed, places))
    except InvalidInput:  # rounding brought a ratio to 0
        assert min(printed.values()) == 0
        return
    (sei,) = [band for band in bands if band.name == "sei"]
    assert sei.low is not None
    assert sei.high is not None
    if min(printed.values()) > 0.5 * 10**-places:
        assert sei.low - 1e-12 <= truth <= sei.high + 1e-12


def test_band_of_a_hand_computed_sd() -> None:
    (band,) = rounding_band("sd-se", {"se": 1.2, "n": 25}, {"se": 1})
    assert (band.name, band.value) == ("sd", pytest.approx(6.0))
    assert (band.low, band.high) == (pytest.approx(5.75), pytest.approx(6.25))


def test_combinations_that_no_data_can_show_are_left_out() -> None:
    bands = rounding_band("effect-ci", {"estimate": 0.9, "ci_low": 0.9, "ci_high": 1.3}, {"estimate": 1, "ci_low": 1})
    assert all(band.low is not None for band in bands)


def test_figures_that_give_no_number_have_no_band() -> None:
    (band,) = rounding_band("sd-ci-handbook", {"ci_low": 1, "ci_high": 2, "n": 9, "level": 0.8}, {})
    assert (band.value, band.low, band.high) == (None, None, None)


def test_wrong_use_is_named() -> None:
    with pytest.raises(InvalidInput, match="decimals for sd"):
        rounding_band("sd-se", {"se": 1.2, "n": 25}, {"sd": 1})
    with pytest.raises(UnknownMethod, match="sd-se"):
        rounding_band("sd-sem", {"se": 1.2, "n": 25}, {})


def test_open_routes_are_those_the_figures_are_enough_for() -> None:
    assert [row.key for row in open_routes(["se", "n"])] == ["sd-se", "paired-se"]
    quantiles = [row.key for row in open_routes(["n", "median", "q1", "q3"])]
    assert {"quantiles-normal", "quantiles-qe"} <= set(quantiles)
    assert "quantiles-normal" not in {row.key for row in open_routes(["n", "median", "q1"])}
    assert open_routes([]) == ()
