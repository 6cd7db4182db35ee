"""Round trips and invariants: what is summarised and reconstructed equals what the raw data give."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from scipy.special import logit

from mscsec.effects import reconstruct as rc
from mscsec.effects.reconstruct.accuracy import cells_from_accuracy
from mscsec.effects.reconstruct.five_numbers import expected_range
from mscsec.effects.reconstruct.search import minimise

FEW = settings(max_examples=40, deadline=None)
MANY = settings(max_examples=100, deadline=None)
FAST_KEYS = ("quantiles-normal", "quantiles-lognormal", "quantiles-qe", "quantiles-bc")


@st.composite
def values(draw: st.DrawFn, least: int = 3) -> np.ndarray:
    """Raw data of one group with some spread."""
    n = draw(st.integers(least, 30))
    raw = draw(hnp.arrays(float, n, elements=st.floats(-50, 50).map(lambda x: round(x, 3))))
    return raw + np.linspace(0, 1, n)


@st.composite
def quantiles(draw: st.DrawFn) -> dict[str, float]:
    """Positive quantiles in order, apart from one another, and a group size."""
    steps = draw(st.lists(st.floats(0.1, 20), min_size=5, max_size=5))
    low, q1, median, q3, high = 1 + np.cumsum(steps)
    n = draw(st.integers(5, 400))
    given_ones = {"n": n, "median": median}
    kind = draw(st.sampled_from(["S1", "S2", "S3"]))
    if kind != "S2":
        given_ones |= {"minimum": low, "maximum": high}
    if kind != "S1":
        given_ones |= {"q1": q1, "q3": q3}
    return given_ones


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Four cells, each one or more."""
    a, b, c, d = (draw(st.integers(1, 200)) for _ in range(4))
    return a, b, c, d


# --- SDs ---------------------------------------------------------------------------------------------------------


@MANY
@given(x=values(), level=st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_sd_of_a_group_comes_back(x: np.ndarray, level: float) -> None:
    n, sd = len(x), x.std(ddof=1)
    se = sd / np.sqrt(n)
    low, high = stats.t.interval(level, n - 1, loc=x.mean(), scale=se)
    np.testing.assert_allclose(rc.sd_from_se(se, n).sd, sd, rtol=1e-12)
    np.testing.assert_allclose(rc.sd_from_ci_t(low, high, n, level).sd, sd, rtol=1e-9)
    z_low, z_high = stats.norm.interval(level, loc=x.mean(), scale=se)
    np.testing.assert_allclose(rc.sd_from_ci_normal(z_low, z_high, n, level).sd, sd, rtol=1e-9)


@MANY
@given(x=values(), y=values())
def test_common_sd_comes_back_from_the_t_test(x: np.ndarray, y: np.ndarray) -> None:
    n1, n2, md = len(x), len(y), x.mean() - y.mean()
    pooled = np.sqrt(((n1 - 1) * x.var(ddof=1) + (n2 - 1) * y.var(ddof=1)) / (n1 + n2 - 2))
    test = stats.ttest_ind(x, y)
    interval = test.confidence_interval()
    np.testing.assert_allclose(rc.sd_from_md_ci_t(interval.low, interval.high, n1, n2).sd, pooled, rtol=1e-8)
    if abs(test.statistic) > 1e-3:
        np.testing.assert_allclose(rc.sd_from_t(md, test.statistic, n1, n2).sd, pooled, rtol=1e-9)
        np.testing.assert_allclose(rc.sd_from_f(md, test.statistic**2, n1, n2).sd, pooled, rtol=1e-9)
        np.testing.assert_allclose(rc.sd_from_p(md, test.pvalue, n1, n2).sd, pooled, rtol=1e-6)


@MANY
@given(x=values(5), data=st.data())
def test_paired_figures_come_back(x: np.ndarray, data: st.DataObject) -> None:
    noise = data.draw(hnp.arrays(float, len(x), elements=st.floats(-5, 5)))
    y = x / 2 + noise + np.linspace(0, 3, len(x)) ** 2
    difference = x - y
    sds = x.std(ddof=1), y.std(ddof=1), difference.std(ddof=1)
    r = rc.correlation_from_sds(*sds).r
    np.testing.assert_allclose(r, np.corrcoef(x, y)[0, 1], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(rc.change_sd(sds[0], sds[1], r).sd_change, sds[2], rtol=1e-6, atol=1e-7)
    paired = rc.crossover(x.mean(), sds[0], y.mean(), sds[1], len(x), r)
    np.testing.assert_allclose(paired.md, difference.mean(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(paired.se_md, sds[2] / np.sqrt(len(x)), rtol=1e-6, atol=1e-7)


# --- groups ------------------------------------------------------------------------------------------------------


@MANY
@given(groups=st.lists(values(), min_size=2, max_size=5))
def test_groups_combine_as_if_listed_together_and_come_apart_again(groups: list[np.ndarray]) -> None:
    whole = np.concatenate(groups)
    n, mean, sd = zip(*[(len(g), g.mean(), g.std(ddof=1)) for g in groups], strict=True)
    combined = rc.combine_groups(n, mean, sd)
    assert combined.n == len(whole)
    np.testing.assert_allclose([combined.mean, combined.sd], [whole.mean(), whole.std(ddof=1)], rtol=1e-9, atol=1e-9)
    padded = rc.combine_groups([*n, None], [*mean, None], [*sd, None])
    np.testing.assert_allclose(padded.sd, combined.sd, rtol=1e-12)
    rest = rc.remove_group(combined.n, combined.mean, combined.sd, n[0], mean[0], sd[0])
    others = np.concatenate(groups[1:])
    np.testing.assert_allclose([rest.mean, rest.sd], [others.mean(), others.std(ddof=1)], rtol=1e-6, atol=1e-6)


# --- effects -----------------------------------------------------------------------------------------------------


@MANY
@given(
    yi=st.floats(0.01, 3),
    sei=st.floats(0.05, 2),
    sign=st.sampled_from([-1, 1]),
    level=st.sampled_from([0.9, 0.95, 0.99]),
)
def test_standard_error_comes_back_by_every_route(yi: float, sei: float, sign: int, level: float) -> None:
    yi = sign * yi
    half = stats.norm.isf((1 - level) / 2) * sei
    ratio, low, high = np.exp([yi, yi - half, yi + half])
    z = yi / sei
    fits = [
        rc.effect_from_ci(ratio, low, high, level, "log"),
        rc.effect_from_upper(ratio, high, level, "log"),
        rc.effect_from_lower(ratio, low, level, "log"),
        rc.effect_from_z(ratio, -z, "log"),
        rc.effect_from_chi2(ratio, z**2, "log"),
        rc.effect_from_t(yi, z),
    ]
    p = 2 * stats.norm.sf(abs(z))
    if p > 1e-200:
        fits += [rc.effect_from_p(ratio, p, "log")]
    for fit in fits:
        np.testing.assert_allclose([fit.yi, fit.sei, fit.vi], [yi, sei, sei**2], rtol=1e-6)


# --- tables ------------------------------------------------------------------------------------------------------


@MANY
@given(table=tables())
def test_table_comes_back_from_each_statistic(table: tuple[int, int, int, int]) -> None:
    a, b, c, d = table
    n, n1, n2, events = a + b + c + d, a + b, c + d, a + c
    determinant = a * d - b * c
    margins = np.prod([float(n1), n2, events, n - events])
    corrected = np.sign(determinant) * n * max(abs(determinant) - n / 2, 0) ** 2 / margins
    routes = [
        rc.table_from_or(a * d / (b * c), n, n1, events),
        rc.table_from_phi(determinant / np.sqrt(margins), n, n1, events),
        rc.table_from_chi2(np.sign(determinant) * n * determinant**2 / margins, n, n1, events),
        rc.table_from_rr_total(a / n1 / (c / n2), n1, n2, events),
        rc.table_from_rr_control(a / n1 / (c / n2), n1, n2, c),
        rc.table_from_or_control(a * d / (b * c), n1, n2, c),
        rc.table_from_rd_total(a / n1 - c / n2, n1, n2, events),
        rc.table_from_rd_control(a / n1 - c / n2, n1, n2, c),
    ]
    if abs(determinant) > n / 2 * 1.0001:
        routes.append(rc.table_from_chi2_yates(corrected, n, n1, events))
    for found in routes:
        assert (found.events_1, found.n_1, found.events_2, found.n_2) == (a, n1, c, n2)
        np.testing.assert_allclose(found.unrounded_1, a, rtol=1e-6)


@MANY
@given(
    n=st.integers(1, 2000),
    share=st.floats(0, 1),
    decimals=st.integers(0, 3),
    rounding=st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]),
)
def test_events_lie_within_what_the_percentage_allows(n: int, share: float, decimals: int, rounding: str) -> None:
    events = round(share * n)
    printed = (Decimal(100) * events / n).quantize(Decimal(1).scaleb(-decimals), rounding=rounding)
    found = rc.events_from_percent(float(printed), n, decimals)
    assert found.lowest <= events <= found.highest
    if not found.refused:
        assert found.events == events
    else:
        assert found.refused[0].code == "E305"


@MANY
@given(table=tables())
def test_accuracy_comes_back_from_any_three_and_from_all_four(table: tuple[int, int, int, int]) -> None:
    tp, fp, fn, tn = table
    stated = {
        "sensitivity": tp / (tp + fn),
        "specificity": tn / (tn + fp),
        "ppv": tp / (tp + fp),
        "npv": tn / (tn + fn),
    }
    for left_out in (None, *stated):
        given_ones = {name: value for name, value in stated.items() if name != left_out}
        cells = cells_from_accuracy(tp + fp + fn + tn, **given_ones)
        found = cells.true_positive, cells.false_positive, cells.false_negative, cells.true_negative
        assert found == (tp, fp, fn, tn)


@FEW
@given(stated=hnp.arrays(float, 4, elements=st.floats(0.1, 0.95)))
def test_four_that_clash_give_the_nearest_that_do_not(stated: np.ndarray) -> None:
    fit = cells_from_accuracy(500, *stated)
    if fit.refused:
        assert fit.refused[0].code == "E304"
        return
    found = np.array([fit.sensitivity, fit.specificity, fit.ppv, fit.npv])
    np.testing.assert_allclose(logit(found[:2]).sum(), logit(found[2:]).sum(), atol=1e-8)
    sign, gradient = np.array([1, 1, -1, -1]), 1 / (found * (1 - found))
    pull = (found - stated) / (sign * gradient)  # at the nearest point the residual is along the gradient of the tie
    np.testing.assert_allclose(pull, pull[0], atol=1e-6)
    cells = [fit.true_positive, fit.false_positive, fit.false_negative, fit.true_negative]
    assert sum(cells) == 500


# --- quantiles ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", rc.MEANS)
@pytest.mark.parametrize("sd", rc.SDS)
@FEW
@given(five=quantiles(), shift=st.floats(-100, 100), scale=st.floats(0.1, 10))
def test_every_rule_follows_a_change_of_scale(
    mean: str, sd: str, five: dict[str, float], shift: float, scale: float
) -> None:
    moved = {name: x if name == "n" else scale * x + shift for name, x in five.items()}
    before = rc.mean_sd_from_five_numbers(**five, mean=mean, sd=sd, refuse_skewed=False)
    after = rc.mean_sd_from_five_numbers(**moved, mean=mean, sd=sd, refuse_skewed=False)
    np.testing.assert_allclose(after.mean, scale * before.mean + shift, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(after.sd, scale * before.sd, rtol=1e-7, atol=1e-8)
    assert before.refused == after.refused


@pytest.mark.parametrize("key", FAST_KEYS)
@FEW
@given(five=quantiles(), scale=st.floats(1, 10))
def test_every_method_follows_a_change_of_unit(key: str, five: dict[str, float], scale: float) -> None:
    function = rc.RECONSTRUCT[key].function  # the values stay above 1, where no beta distribution is fitted
    before, after = function(**five), function(**{name: x if name == "n" else scale * x for name, x in five.items()})
    assert before.refused == after.refused
    # The search for a shape or a power ends within sqrt(eps) of the minimum, and flat valleys pass that on to the SD.
    rtol = 1e-3 if key in ("quantiles-qe", "quantiles-bc") else 1e-9
    np.testing.assert_allclose(after.mean, scale * before.mean, rtol=rtol)
    np.testing.assert_allclose(after.sd, scale * before.sd, rtol=rtol)


@FEW
@given(five=quantiles())
def test_skewness_has_no_side(five: dict[str, float]) -> None:
    names = {"minimum": "maximum", "q1": "q3", "q3": "q1", "maximum": "minimum"}
    mirrored = {names.get(name, name): x if name == "n" else -x for name, x in five.items()}
    one, other = rc.skewness(**five), rc.skewness(**mirrored)
    np.testing.assert_allclose(one.statistic, other.statistic, rtol=1e-9, atol=1e-12)
    assert one.critical == other.critical


def summaries(samples: np.ndarray, scenario: str) -> dict[str, Any]:
    """What papers would print of each row of samples; at n = 4 Q + 1 all definitions of a quartile agree."""
    low, q1, median, q3, high = np.quantile(samples, [0, 0.25, 0.5, 0.75, 1], axis=1)
    ends, quartiles = {"minimum": low, "maximum": high}, {"q1": q1, "q3": q3}
    shown = {"S1": ends, "S2": quartiles, "S3": {**ends, **quartiles}}[scenario]
    return {"n": samples.shape[1], "median": median, **shown}


@pytest.mark.parametrize("scenario", ["S1", "S2", "S3"])
@pytest.mark.parametrize("rules", [("luo2018", "wan-shi"), ("blue", "blue")])
def test_normal_samples_are_estimated_without_bias(scenario: str, rules: tuple[str, str]) -> None:
    samples = np.random.default_rng(20).normal(50, 10, (20_000, 81))
    fit = rc.mean_sd_from_five_numbers(**summaries(samples, scenario), mean=rules[0], sd=rules[1], refuse_skewed=False)
    assert abs(fit.mean.mean() - 50) < 0.05
    assert (
        abs(fit.sd.mean() - 10) < 0.15
    )  # Wan (2014) and Shi (2020) report relative errors below 2 percent from n = 40


@pytest.mark.parametrize("scenario", ["S1", "S2", "S3"])
@pytest.mark.parametrize("n", [21, 101])
def test_skewness_test_keeps_its_level(scenario: str, n: int) -> None:
    samples = np.random.default_rng(21).normal(0, 1, (40_000, n))
    rejected = rc.skewness(**summaries(samples, scenario)).skewed.mean()
    assert 0.035 < rejected < 0.065


@pytest.mark.parametrize("scenario", ["S1", "S2", "S3"])
def test_lognormal_samples_are_estimated_with_little_bias(scenario: str) -> None:
    samples = np.random.default_rng(22).lognormal(2, 0.6, (20_000, 100))
    fit = rc.mean_sd_from_five_numbers_lognormal(**summaries(samples, scenario), refuse_skewed=False)
    mean = np.exp(2 + 0.18)
    assert abs(fit.mean.mean() / mean - 1) < 0.02
    assert abs(fit.sd.mean() / (mean * np.sqrt(np.expm1(0.36))) - 1) < 0.05


@pytest.mark.parametrize(
    ("family", "distribution"),
    [
        ("normal", stats.norm(50, 8)),
        ("lognormal", stats.lognorm(0.7, scale=9)),
        ("gamma", stats.gamma(2.5, scale=3)),
        ("weibull", stats.weibull_min(3.6, scale=12)),
        ("beta", stats.beta(2.0, 5.0)),
    ],
)
@pytest.mark.parametrize("scenario", ["S2", "S3"])
def test_quantile_estimation_finds_the_family_of_exact_quantiles(family: str, distribution: Any, scenario: str) -> None:
    n = 200
    low, q1, median, q3, high = distribution.ppf([1 / n, 0.25, 0.5, 0.75, 1 - 1 / n])
    ends = {"minimum": low, "maximum": high} if scenario == "S3" else {}
    fit = rc.mean_sd_by_quantile_estimation(n, median, q1=q1, q3=q3, **ends)
    assert str(fit.family) == family
    np.testing.assert_allclose([fit.mean, fit.sd], [distribution.mean(), distribution.std()], rtol=1e-5)
    assert fit.sum_of_squares < 1e-8


def test_a_spread_beyond_all_numbers_is_refused() -> None:
    fit = rc.mean_sd_by_box_cox(5, 1.0, q1=1e-9, q3=1e40)
    assert [refusal.code for refusal in fit.refused] == ["E302"]
    assert np.isnan(fit.mean)


def test_box_cox_returns_the_moments_of_exact_log_normal_quantiles() -> None:
    n, distribution = 10**6, stats.lognorm(0.5, scale=20)  # so large that Wan's and Luo's corrections are nothing
    q1, median, q3 = distribution.ppf([0.25, 0.5, 0.75])
    for function in (rc.mean_sd_by_box_cox, rc.mean_sd_by_mln):
        fit = function(n, median, q1=q1, q3=q3)
        np.testing.assert_allclose([fit.mean, fit.sd], [distribution.mean(), distribution.std()], rtol=2e-3)


def test_mean_of_a_power_normal_by_simulation() -> None:
    fit = rc.mean_sd_by_box_cox(60, 25.0, q1=14.0, q3=40.0)
    draws = np.random.default_rng(3).normal(fit.location, fit.scale, 2_000_000)
    kept = draws[np.abs(draws - fit.location) < fit.location + 1 / fit.power]
    raw = (1 + fit.power * kept) ** (1 / fit.power)
    np.testing.assert_allclose([fit.mean, fit.sd], [raw.mean(), raw.std()], rtol=3e-3)


def test_expected_range_in_closed_form() -> None:
    found = expected_range(np.array([2.0, 3.0]))
    np.testing.assert_allclose(found, [2 / np.sqrt(np.pi), 3 / np.sqrt(np.pi)], rtol=1e-12)


def test_identical_values_have_no_spread_and_no_skewness() -> None:
    for key in ("quantiles-normal", "quantiles-lognormal", "quantiles-qe"):
        fit = rc.RECONSTRUCT[key].function(20, 7.0, 7.0, 7.0, 7.0, 7.0)
        assert fit.refused == ()
        np.testing.assert_allclose([fit.mean, fit.sd], [7.0, 0.0], atol=1e-2 if key == "quantiles-qe" else 1e-12)


def test_search_finds_the_minimum_of_each_problem() -> None:
    centres = np.array([-1.4, 0.0, 0.3333, 2.9])
    found = minimise(lambda x: np.abs(x - centres) ** 1.5, np.linspace(-2, 3, 11), (4,))
    np.testing.assert_allclose(found, centres, atol=1e-8)


# --- log scale, hazards, re-expression ---------------------------------------------------------------------------


@MANY
@given(mean=st.floats(0.1, 1000), cv=st.floats(0.01, 3))
def test_log_scale_and_back(mean: float, cv: float) -> None:
    logs = rc.log_from_raw(mean, cv * mean)
    raw = rc.raw_from_log(logs.mean_log, logs.sd_log)
    np.testing.assert_allclose([raw.mean, raw.sd], [mean, cv * mean], rtol=1e-9)


def censored_trial(rng: np.random.Generator, n: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Exponential survival, follow-up even between 2 and 5 years."""
    death, follow_up = rng.exponential(1 / rate, n), rng.uniform(2, 5, n)
    return np.minimum(death, follow_up), death <= follow_up


def kaplan_meier(time: np.ndarray, died: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(time)
    survival = np.cumprod(1 - died[order] / np.arange(len(time), 0, -1))
    read = np.concatenate([[1.0], survival])[np.searchsorted(time[order], at, side="right")]
    return read, (time >= at[:, None]).sum(-1)


def test_curves_give_the_hazard_ratio_within_their_error() -> None:
    """Parmar (1998) found curve-based log hazard ratios without systematic error; so here, against the truth."""
    rng, at = np.random.default_rng(30), np.arange(0.0, 4.6, 0.15)
    by_model, by_risk, ses = [], [], []
    for _ in range(300):
        arms = [censored_trial(rng, 300, rate) for rate in (0.24, 0.4)]
        (s1, r1), (s2, r2) = (kaplan_meier(time, died, at) for time, died in arms)
        model = rc.log_hr_from_curves(at, s1, s2, 300, 300, 2, 5)
        by_model.append(model.yi)
        by_risk.append(rc.log_hr_from_curves_at_risk(s1, s2, r1, r2).yi)
        ses.append(model.sei)
    truth = np.log(0.24 / 0.4)
    assert abs(np.mean(by_model) - truth) < 0.03
    assert abs(np.mean(by_risk) - truth) < 0.03
    assert abs(np.mean(ses) / np.std(by_model) - 1) < 0.15


@MANY
@given(hr=st.floats(0.2, 5), events=st.integers(4, 500), n1=st.integers(300, 900), n2=st.integers(300, 900))
def test_hazard_routes_agree_with_one_another(hr: float, events: int, n1: int, n2: int) -> None:
    first = rc.log_hr_from_events(hr, events, n1, n2)
    again = rc.log_hr_from_oe(first.oe, first.v)
    np.testing.assert_allclose([again.yi, again.sei], [np.log(hr), first.sei], rtol=1e-9, atol=1e-12)
    p = rc.statistics.from_z(first.oe / np.sqrt(first.v)).p_value
    if 1e-200 < p < 0.999:
        by_p = rc.log_hr_from_p(p, events, n1, n2, np.sign(np.log(hr)))
        np.testing.assert_allclose(by_p.yi, first.yi, rtol=1e-6)


@MANY
@given(base=st.floats(0.01, 0.99), log_or=st.floats(-4, 4))
def test_absolute_effects_agree_with_one_another(base: float, log_or: float) -> None:
    by_or = rc.absolute_from_or(np.exp(log_or), base)
    np.testing.assert_allclose(logit(by_or.risk), logit(base) + log_or, rtol=1e-8, atol=1e-8)
    for other in (
        rc.absolute_from_rr(by_or.risk_ratio, base),
        rc.absolute_from_rd(by_or.risk_difference, base),
        rc.absolute_from_hr(np.log1p(-by_or.risk) / np.log1p(-base), base),
    ):
        np.testing.assert_allclose([other.risk, other.odds_ratio], [by_or.risk, by_or.odds_ratio], rtol=1e-7)


def test_no_effect_needs_infinitely_many() -> None:
    none = rc.absolute_from_rr(1.0, 0.3)
    assert none.nnt == np.inf
    assert none.to_dict()["nnt"] is None
    interval = rc.number_needed(-0.05, 0.1)
    np.testing.assert_allclose([interval.fewer_events, interval.more_events], [20, 10])
    assert bool(interval.through_infinity)


@MANY
@given(x=st.floats(0.001, 0.999), v=st.floats(0, 2))
def test_delta_method_finds_the_derivative(x: float, v: float) -> None:
    known = {
        np.exp: np.exp(x),
        np.log: 1 / x,
        np.sqrt: 0.5 / np.sqrt(x),
        logit: 1 / (x * (1 - x)),
        np.arctanh: 1 / (1 - x**2),
    }
    for function, slope in known.items():
        np.testing.assert_allclose(rc.delta_method(x, v, function).derivative, slope, rtol=1e-7)
    assert rc.delta_method(x, v, np.exp, np.exp).derivative == np.exp(x)


@MANY
@given(mean=st.floats(0, 10), sd=st.floats(0, 5))
def test_reversing_a_scale_twice_gives_it_back(mean: float, sd: float) -> None:
    once = rc.rescale(mean, sd, 0, 10, 10, 0)
    twice = rc.rescale(np.clip(once.mean, 0, 10), once.sd, 0, 10, 10, 0)
    np.testing.assert_allclose([twice.mean, twice.sd], [mean, sd], atol=1e-12)


@MANY
@given(icc=st.floats(0, 1), m=st.floats(1, 100), cv=st.floats(0, 2))
def test_design_effect_is_at_least_one_and_one_without_correlation(icc: float, m: float, cv: float) -> None:
    assert rc.cluster_se(0.2, m, icc, cv).design_effect >= 1 - 1e-12
    assert rc.cluster_se(0.2, m, 0.0, cv).se == pytest.approx(0.2)
    size, counts = rc.cluster_size_effective(300, m, icc, cv), rc.cluster_counts(30, 300, m, icc, cv)
    np.testing.assert_allclose(counts.events / counts.n, 0.1)
    assert size.n == counts.n
