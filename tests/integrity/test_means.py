import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mscsec.errors import InvalidInput, NotEstimable
from mscsec.integrity.means import MEAN_TESTS, p_of_anova, p_of_means, p_over_splits, sd_from_mean_interval, splits_of

ICU = ("5.50", "1.64", 10, "10.90", "3.75", 10)
SPO2 = ("79.47", "15.36", 10, "60.65", "16.58", 10)

summary = st.tuples(st.integers(-500, 500), st.integers(10, 400), st.integers(2, 60))


def oracle(method, m_1, s_1, n_1, m_2, s_2, n_2):
    if method == "z":
        return 2 * stats.norm.sf(abs(m_1 - m_2) / np.sqrt(s_1**2 / n_1 + s_2**2 / n_2))
    return stats.ttest_ind_from_stats(m_1, s_1, n_1, m_2, s_2, n_2, equal_var=method == "student").pvalue


@pytest.mark.parametrize("method", MEAN_TESTS)
@given(first=summary, second=summary, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_p_of_figures_and_of_all_they_may_have_been(method, first, second, seed):
    """Figures are printed in tenths; what they may have been before rounding gives a P within the interval."""
    (m_1, s_1, n_1), (m_2, s_2, n_2) = first, second
    texts = [f"{value / 10:.1f}" for value in (m_1, s_1, m_2, s_2)]
    found = p_of_means(method, texts[0], texts[1], n_1, texts[2], texts[3], n_2)
    assert found.value == pytest.approx(
        oracle(method, m_1 / 10, s_1 / 10, n_1, m_2 / 10, s_2 / 10, n_2), rel=1e-8, abs=1e-300
    )
    rng = np.random.default_rng(seed)
    for _ in range(20):
        a, b, c, d = (float(text) + rng.uniform(-0.05, 0.05) for text in texts)
        p = oracle(method, a, b, n_1, c, d, n_2)
        assert found.low * (1 - 1e-6) <= p <= found.high * (1 + 1e-6)


@pytest.mark.parametrize(
    ("figures", "method", "as_se", "expected"),
    [
        (ICU, "student", False, "0.0006"),
        (ICU, "welch", False, "0.0012"),
        (ICU, "student", True, "0.2036"),
        (ICU, "welch", True, "0.2110"),
        (SPO2, "welch", False, "0.0169"),
    ],
)
def test_the_founding_trial(figures, method, as_se, expected):
    assert f"{p_of_means(method, *figures, as_se=as_se).value:.4f}" == expected


def test_no_split_of_twenty_gives_the_reported_p():
    splits = p_over_splits("welch", "5.50", "1.64", "10.90", "3.75", splits_of(20, 6))
    values = {(each.n_1, each.n_2): each.p for each in splits}
    assert set(values) == {(n, 20 - n) for n in range(6, 15)}
    assert round(values[14, 6].value, 4) == 0.0153
    assert round(min(p.value for p in values.values()), 4) == 0.0003
    assert max(p.high for p in values.values()) < 0.035
    assert round(p_of_means("welch", "10.90", "3.75", 10, "5.50", "1.64", 6).value, 4) == 0.0016


def test_swapping_the_groups_changes_nothing():
    for method in MEAN_TESTS:
        assert p_of_means(method, *ICU) == p_of_means(method, *ICU[3:], *ICU[:3])


def test_edges():
    assert p_of_means("welch", "3.0", "0.0", 5, "4.0", "1.0", 5).value > 0
    assert p_of_means("student", "3.0", "1.0", 5, "3.0", "1.0", 5).high == 1
    with pytest.raises(NotEstimable, match="printed as 0"):
        p_of_means("student", "3.0", "0.0", 5, "4.0", "0", 5)
    with pytest.raises(InvalidInput, match="two members"):
        p_of_means("student", "3.0", "1.0", 1, "4.0", "1", 5)


def one_way(samples):
    """scipy's F of equal means is a rounding error on either side of 0; below, its P is nan, and 1 is meant."""
    p = stats.f_oneway(*samples).pvalue
    return 1.0 if np.isnan(p) else p


@given(
    groups=st.lists(st.tuples(st.integers(20, 80), st.integers(5, 40), st.integers(2, 30)), min_size=2, max_size=5),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None)
def test_analysis_of_variance_from_summaries(groups, seed):
    means, sds, ns = zip(*groups, strict=True)
    found = p_of_anova([str(m) for m in means], [str(s) for s in sds], ns)
    rng = np.random.default_rng(seed)
    samples = []
    for m, s, n in groups:  # data with just these means and SDs
        x = rng.normal(size=n)
        samples.append(m + s * (x - x.mean()) / x.std(ddof=1))
    assert found.value == pytest.approx(one_way(samples), rel=1e-6, abs=1e-12)
    for _ in range(10):
        shifted = [
            x.mean() + (x - x.mean()) * (s + rng.uniform(-0.5, 0.5)) / s + rng.uniform(-0.5, 0.5)
            for x, s in zip(samples, sds, strict=True)
        ]
        p = one_way(shifted)
        assert found.low * (1 - 1e-6) <= p <= found.high * (1 + 1e-6)


def test_two_groups_by_variance_are_student():
    assert p_of_anova(["5.50", "10.90"], ["1.64", "3.75"], [10, 10]).value == pytest.approx(
        p_of_means("student", *ICU).value
    )
    with pytest.raises(InvalidInput, match="2 to 12 groups"):
        p_of_anova(["5.50"], ["1.64"], [10])


def test_sd_of_an_interval_of_a_mean():
    low, high = stats.t.interval(0.95, 15, loc=20, scale=4 / np.sqrt(16))
    found = sd_from_mean_interval(f"{low:.2f}", f"{high:.2f}", 16)
    assert found.low <= 4 <= found.high
    assert found.value == pytest.approx(4, rel=0.003)
