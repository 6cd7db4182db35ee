from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mscsec.errors import InvalidInput, UnknownMethod
from mscsec.integrity.printed import ROUNDING, before_rounding, printed, reported_p, spread_span
from mscsec.records.number import Number

DECIMAL_RULES = {
    "even": (ROUND_HALF_EVEN,),
    "away": (ROUND_HALF_UP,),  # decimal's "half up" is away from zero
    "ceiling": (ROUND_CEILING,),
    "floor": (ROUND_FLOOR,),
    "trunc": (ROUND_DOWN,),
    "anti_trunc": (ROUND_UP,),
    "up_or_down": (ROUND_HALF_UP, ROUND_HALF_DOWN),
    "ceiling_or_floor": (ROUND_CEILING, ROUND_FLOOR),
}


def test_every_rule_is_compared_with_decimal():
    assert set(DECIMAL_RULES) | {"up", "down"} == set(ROUNDING)


@pytest.mark.parametrize("rule", DECIMAL_RULES)
@given(value=st.integers(-400, 400), figure=st.integers(-40, 40))
def test_the_span_holds_exactly_what_is_rounded_to_the_figure(rule, value, figure):
    """value : hundredths. figure : tenths."""
    exact, shown = Decimal(value).scaleb(-2), Decimal(figure).scaleb(-1)
    rounded = {exact.quantize(Decimal("0.1"), rounding=mode) for mode in DECIMAL_RULES[rule]}
    assert (Fraction(exact) in before_rounding(str(shown), rule)) == (shown in rounded)


@given(value=st.integers(-400, 400))
def test_ties_up_and_down_go_their_way_on_both_sides_of_zero(value):
    tie = Fraction(2 * value + 1, 20)
    below, above = printed(f"{value / 10:.1f}"), printed(f"{(value + 1) / 10:.1f}")
    assert tie in before_rounding(above, "up")
    assert tie not in before_rounding(below, "up")
    assert tie in before_rounding(below, "down")
    assert tie not in before_rounding(above, "down")


@pytest.mark.parametrize(
    ("figure", "value", "decimals"),
    [
        ("5.50", Fraction(11, 2), 2),
        (".047", Fraction(47, 1000), 3),
        ("−1.5", Fraction(-3, 2), 1),
        ("7·31", Fraction(731, 100), 2),
        ("7.31%", Fraction(731, 100), 2),
        ("1e3", Fraction(1000), -3),
        (5.5, Fraction(11, 2), 1),
        (5, Fraction(5), 0),
        (12.0, Fraction(12), 0),
        (Number(5.5, "5.50"), Fraction(11, 2), 2),
    ],
)
def test_a_figure_keeps_its_decimals(figure, value, decimals):
    assert (printed(figure).value, printed(figure).decimals) == (value, decimals)


def test_decimals_can_be_said_and_must_fit():
    assert printed(5.5, 2).text == "5.50"
    with pytest.raises(InvalidInput, match="does not fit 1 decimals"):
        printed("5.55", 1)


@pytest.mark.parametrize("text", ["five", "", "nan", "inf", "3.7 ± 1"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(InvalidInput):
        printed(text)


def test_an_unknown_rule_and_a_negative_spread_are_refused():
    with pytest.raises(UnknownMethod, match="did you mean 'even'"):
        before_rounding("1.0", "evn")
    with pytest.raises(InvalidInput, match="negative"):
        spread_span("-1.64")
    assert spread_span("0.0").low == 0


@pytest.mark.parametrize(
    ("text", "low", "high", "fits"),
    [
        ("0.04", 0.0351, 0.0352, True),
        ("0.04", 0.0012, 0.0013, False),
        ("<0.001", 0.0009, 0.002, True),
        ("P < 0.0001", 0.139, 0.139, False),
        (".047", 0.0467, 0.0467, True),
        ("≤0.05", 0.05, 0.06, True),
        (">0.05", 0.01, 0.05, False),
        (">= .5", 0.4, 0.5, True),
        ("0.000", 1e-9, 1e-8, True),
    ],
)
def test_a_reported_p_is_read_with_its_sign(text, low, high, fits):
    assert reported_p(text).fits(low, high) is fits


@pytest.mark.parametrize(
    ("text", "side"),
    [("0.04", True), ("0.06", False), ("0.05", None), ("<0.05", True), ("<0.1", None), (">0.05", False)],
)
def test_the_side_of_alpha_that_is_claimed(text, side):
    assert reported_p(text).side(0.05) is side


@pytest.mark.parametrize("text", ["n.s.", "1.5", "-0.1", "0.1 <"])
def test_what_is_no_p_value_is_refused(text):
    with pytest.raises(InvalidInput):
        reported_p(text)
