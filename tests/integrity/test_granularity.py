import math
from itertools import combinations_with_replacement

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.errors import InvalidInput
from mscsec.integrity.granularity import (
    debit,
    grim,
    grimmer,
    median_possible,
    possible_counts,
    possible_denominators,
    possible_n,
)


def mean_and_sd(values):
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((x - mean) ** 2 for x in values) / (len(values) - 1))


@given(
    values=st.lists(st.integers(-20, 60), min_size=2, max_size=40),
    decimals=st.integers(0, 4),
    step=st.sampled_from([(1, "1"), (0.5, "0.5"), (0.1, "0.1"), (5, "5")]),
)
@settings(deadline=None)
def test_figures_of_real_data_always_pass(values, decimals, step):
    """No false alarm, whatever the decimals, the step and the limits that the data keep to."""
    scaled = [step[0] * x for x in values]
    mean, sd = mean_and_sd(scaled)
    figures = f"{mean:.{decimals}f}", f"{sd:.{decimals}f}"
    n, low, high = len(values), f"{min(scaled):.1f}", f"{max(scaled):.1f}"
    assert grim(figures[0], n, granularity=step[1]).possible
    assert grimmer(*figures, n, granularity=step[1]).possible
    assert grimmer(*figures, n, granularity=step[1], low=low, high=high).possible
    assert n in possible_n(*figures, [n], granularity=step[1])


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
@pytest.mark.parametrize(("low", "high"), [(0, 4), (1, 5), (-2, 2)])
def test_grimmer_within_limits_is_the_enumeration(n, low, high):
    samples = [mean_and_sd(each) for each in combinations_with_replacement(range(low, high + 1), n)]
    for total in range(n * low, n * high + 1):
        mean = f"{total / n:.3f}"
        for hundredths in range(0, 300, 7):
            sd = f"{hundredths / 100:.2f}"
            expected = any(
                abs(m - float(mean)) <= 0.0005 + 1e-12 and abs(s - float(sd)) <= 0.005 + 1e-12 for m, s in samples
            )
            assert grimmer(mean, sd, n, low=low, high=high).possible == expected


def test_a_pair_that_is_shown_has_the_mean_and_the_sd():
    result = grimmer("10.90", "3.75", 10)
    variance = (result.sum_of_squares - result.sum**2 / 10) / 9
    assert result.possible
    assert (round(result.sum / 10, 2), round(math.sqrt(variance), 2)) == (10.9, 3.75)


@pytest.mark.parametrize(
    ("mean", "sd", "expected"),
    [
        ("10.90", "3.75", (10, 20)),
        ("5.50", "1.64", (6, 20)),
        ("60.65", "16.58", (17, 20)),
        ("79.47", "15.36", (15, 17, 19)),
    ],
)
def test_sizes_that_whole_days_and_whole_percents_allow(mean, sd, expected):
    assert possible_n(mean, sd, range(2, 21)) == expected


def test_the_step_decides():
    """5.50 ± 1.64 of ten patients: not in whole or half days, but in tenths of a day."""
    assert [grimmer("5.50", "1.64", 10, granularity=step).possible for step in ("1", "0.5", "0.1")] == [
        False,
        False,
        True,
    ]
    below, above = grimmer("5.50", "1.64", 10).nearest_sd
    assert (round(below, 2), round(above, 2)) == (1.58, 1.65)


def test_means_of_whole_days_that_pass_alone():
    assert [n for n in range(2, 32) if n in possible_n("10.90", None, [n])] == [10, 20, 21, 29, 30, 31]
    assert possible_n("5.50", None, range(5, 41)) == tuple(range(6, 41, 2))


def test_a_divisor_of_n_gives_other_sds():
    assert not grimmer("2.50", "0.50", 4).possible
    assert grimmer("2.50", "0.50", 4, population=True).possible


def test_limits_narrow_what_is_possible():
    assert grimmer("6.00", "3.46", 4).possible
    assert grimmer("6.00", "3.46", 4, high=8).reason == "limits"
    with pytest.raises(InvalidInput, match="no step lies"):
        grimmer("6.00", "3.46", 4, low="1.2", high="1.8")


def test_grim_says_where_it_cannot_fail():
    assert grim("5.19", 28).can_fail
    assert not grim("5.19", 100).can_fail
    assert grim("5.19", 100, rounding="even").possible
    assert not grim("5.2", 11).can_fail
    assert grim("5.19", 28).nearest == pytest.approx((145 / 28, 146 / 28))


def test_percentages_of_whole_patients():
    """Survival printed as 91% is 10 of 11; 28% is no count of 14 or 15; 7.31% is 3 of 41 cut off, 4.88% 2 of 41."""
    assert possible_counts("91", 12) == ()
    assert possible_denominators(None, "91", range(8, 13)) == (11,)
    assert possible_counts("42", 12) == (5,)
    assert possible_counts("28", 15) == possible_counts("28", 14) == ()
    assert possible_counts("57", 14) == (8,)
    assert possible_denominators(3, "7.31", range(20, 60)) == ()
    assert possible_denominators(3, "7.31", range(20, 60), rounding="trunc") == (41,)
    assert possible_denominators(2, "4.88", range(20, 60)) == (41,)
    assert possible_denominators(4, "13.79", range(20, 60)) == (29,)
    assert possible_counts("100", 7) == (7,)


def test_debit_is_the_enumeration_and_knows_its_edges():
    for n in range(2, 25):
        for count in range(n + 1):
            mean, sd = mean_and_sd([1] * count + [0] * (n - count))
            assert count in debit(f"{mean:.2f}", f"{sd:.2f}", n).counts
    assert debit("1.00", "0.00", 15).possible
    assert not debit("0.36", "0.11", 20).possible
    with pytest.raises(InvalidInput, match=r"lies in 0 \.\.\. 1"):
        debit("1.20", "0.3", 15)


def test_medians():
    assert median_possible("4", 5)
    assert not median_possible("4.5", 5)
    assert median_possible("4.5", 6)
    assert not median_possible("4.3", 6)
    assert median_possible("4.25", 6, granularity="0.5")


@pytest.mark.parametrize("wrong", [{"n": 0}, {"n": 5, "items": 0}, {"n": 5, "granularity": 0}])
def test_sizes_and_steps_are_positive(wrong):
    with pytest.raises(InvalidInput):
        grim("1.0", **wrong)
    with pytest.raises(InvalidInput):
        grimmer("1.0", "0.5", 1)
