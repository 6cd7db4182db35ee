import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mscsec.errors import InvalidInput, NotEstimable
from mscsec.integrity.contrasts import (
    contrast_of_counts,
    counts_that_fit,
    excludes_null,
    interval_middle,
    p_of_interval,
)
from mscsec.integrity.tables import Counts


@pytest.mark.parametrize(
    ("measure", "counts", "expected"),
    [
        ("RR", (3, 11, 8, 24), ("0.82", "0.27", "2.50")),
        ("RR", (0, 8, 8, 24), ("0.16", "0.01", "2.55")),
        ("RR", (6, 30, 2, 29), ("2.90", "0.64", "13.22")),
        ("RR", (7, 14, 12, 15), ("0.62", "0.35", "1.12")),
        ("RR", (9, 12, 5, 12), ("1.80", "0.85", "3.79")),
        ("RR", (42, 112, 47, 110), ("0.88", "0.64", "1.21")),
        ("RR", (3, 29, 13, 29), ("0.23", "0.07", "0.73")),
    ],
)
def test_published_tables(measure, counts, expected):
    found = contrast_of_counts(measure, Counts(*counts))
    assert tuple(f"{value:.2f}" for value in (found.estimate, found.ci_low, found.ci_high)) == expected


def test_effects_against_scipy():
    counts = Counts(7, 40, 15, 52)
    relative = stats.contingency.relative_risk(7, 40, 15, 52)
    interval = relative.confidence_interval(0.95)
    found = contrast_of_counts("RR", counts)
    assert (found.estimate, found.ci_low, found.ci_high) == pytest.approx((relative.relative_risk, *interval))
    odds = stats.contingency.odds_ratio([[7, 33], [15, 37]], kind="sample")
    limits = odds.confidence_interval(0.95)
    found = contrast_of_counts("OR", counts)
    assert (found.estimate, found.ci_low, found.ci_high) == pytest.approx((odds.statistic, *limits))


def test_empty_cells_and_what_has_no_effect():
    assert contrast_of_counts("OR", Counts(0, 8, 8, 24)).adjusted
    assert contrast_of_counts("RR", Counts(8, 8, 8, 24)).estimate == pytest.approx(3)
    assert not contrast_of_counts("RD", Counts(0, 8, 0, 24)).adjusted
    for counts in (Counts(0, 8, 0, 24), Counts(8, 8, 24, 24)):
        with pytest.raises(NotEstimable):
            contrast_of_counts("OR", counts)
    with pytest.raises(InvalidInput, match="RR, OR or RD"):
        contrast_of_counts("HR", Counts(1, 8, 3, 24))
    with pytest.raises(InvalidInput, match="level"):
        contrast_of_counts("RR", Counts(1, 8, 3, 24), level=95)


def test_denominators_behind_reported_ratios():
    """0.08 (0.005 to 1.26) is 0/18 against 8/24; 0.49 takes 3/19 to 3/20; 2.9 (0.6 to 13.2) is two events, not three."""
    fits = counts_that_fit("RR", "0.08", ("0.005", "1.26"), [0], range(8, 41), [8], [24])
    assert [(fit.n_1, fit.n_2) for fit in fits] == [(18, 24)]
    sizes = {(fit.n_1, fit.n_2) for fit in counts_that_fit("RR", "0.49", None, [3], range(11, 21), [8], range(24, 30))}
    assert sizes == {(19, 25), (20, 26)}
    gorman = counts_that_fit("RR", "2.9", ("0.6", "13.2"), range(10), [30], range(10), [29])
    assert [(fit.events_1, fit.events_2) for fit in gorman] == [(6, 2)]
    with pytest.raises(InvalidInput):
        counts_that_fit("RR", None, None, [3], [20], [8], [24])


@given(estimate=st.floats(0.2, 5), se=st.floats(0.1, 1.5), log=st.booleans(), level=st.sampled_from([0.9, 0.95, 0.99]))
@settings(deadline=None)
def test_p_of_an_interval_brackets_the_p_it_was_made_with(estimate, se, log, level):
    centre = math.log(estimate) if log else estimate - 2.5
    z = stats.norm.isf((1 - level) / 2)
    scale = math.exp if log else float
    figures = [f"{scale(value):.3f}" for value in (centre, centre - z * se, centre + z * se)]
    found = p_of_interval(*figures, log=log, level=level) if float(figures[1]) > 0 or not log else None
    if found is not None:
        true = 2 * stats.norm.sf(abs(centre) / se)
        assert found.low * (1 - 1e-9) <= true <= found.high * (1 + 1e-9)
        assert found.low <= found.value <= found.high
        assert interval_middle(*figures, log=log).agrees


def test_an_interval_made_with_t():
    low, high = stats.t.interval(0.95, 8, loc=3, scale=1.2)
    found = p_of_interval("3.0000", f"{low:.4f}", f"{high:.4f}", log=False, df=8)
    assert found.value == pytest.approx(2 * stats.t.sf(3 / 1.2, 8), rel=1e-3)


def test_intervals_off_their_centre():
    assert not interval_middle("0.49", "0.14", "1.11", log=True).agrees
    assert round(interval_middle("0.49", "0.14", "1.11", log=True).middle, 2) == 0.39
    assert interval_middle("0.08", "0.005", "1.26", log=True).agrees
    assert interval_middle("2.9", "0.6", "13.2", log=True).agrees
    assert interval_middle("0.10", "0.00", "2.00", log=True).low == 0
    assert not interval_middle("33", "0.09", "1.18", log=True).agrees
    assert interval_middle("0.33", "0.09", "1.18", log=True).agrees


def test_a_null_that_rounding_hides():
    assert excludes_null("0.14", "1.11", 1) is False
    assert excludes_null("0.14", "0.98", 1) is True
    assert excludes_null("0.14", "1.00", 1) is None
    assert excludes_null("0.2", "1.4", 0) is True


def test_edges():
    with pytest.raises(InvalidInput, match="lower limit stands first"):
        p_of_interval("0.5", "1.2", "0.3", log=True)
    with pytest.raises(NotEstimable):
        p_of_interval("0.50", "0.00", "1.20", log=True)
    with pytest.raises(NotEstimable):
        p_of_interval("0.50", "0.50", "0.50", log=True)
    with pytest.raises(InvalidInput, match="df is 0"):
        p_of_interval("0.50", "0.30", "0.80", log=True, df=0)
    wide = p_of_interval("0.1", "0.0", "0.2", log=False)
    assert (wide.low, wide.high) != (wide.value, wide.value)
    assert np.isfinite([wide.low, wide.high]).all()
