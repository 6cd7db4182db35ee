"""The trail from a median: the rule with its formula, or the family or power that was fitted, each with its numbers."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from mscsec.effects.reading import Rules

from .bases import row_of, two

A = {"median": 9, "iqr": [6, 14]}
C = {"median": 12, "iqr": [8, 19]}


def by(route, a=A, c=C):
    return row_of("stay", two(a, c), n=(40, 45), rules=Rules(quantiles=f"quantiles-{route}"))


def steps(row):
    return {step.result: step for step in row.derivation.steps}


@pytest.mark.parametrize(
    ("more", "formula"),
    [
        ({}, "Wan et al. 2014: (q3 - q1) / (2 quantile((0.75 n - 0.125)/(n + 0.25)))"),
        ({"range": [2, 30]}, "Shi et al. 2020: w (maximum - minimum)/xi"),
    ],
)
def test_a_rule_is_named_with_the_formula_for_the_figures_at_hand(more, formula):
    step = steps(by("normal", A | more))["a: SD"]
    assert step.formula.startswith(formula)
    assert step.source == ("shi2020" if more else "wan2014")
    assert dict(step.inputs)["q1"] == 6


def test_the_formula_shown_gives_the_number():
    found = steps(by("normal"))
    w = 0.7 + 0.39 / 40
    assert found["a: mean"].value == pytest.approx(w * 10 + (1 - w) * 9)
    assert found["a: SD"].value == pytest.approx(8 / (2 * stats.norm.ppf((0.75 * 40 - 0.125) / 40.25)))


def test_quantile_estimation_names_its_family_and_parameters():
    row = by("qe")
    found = steps(row)
    assert "a: log-normal distribution" in row.derivation.words
    sigma, scale = found["a: SD of the logs"].value, found["a: exponential of the mean of the logs"].value
    fitted = stats.lognorm(sigma, scale=scale)
    assert (found["a: mean"].value, found["a: SD"].value) == pytest.approx((fitted.mean(), fitted.std()))
    assert "on those of the log-normal distribution" in found["a: SD of the logs"].formula


@pytest.mark.parametrize(
    ("family", "median", "iqr"),
    [
        ("log-normal", 9, [6, 14]),
        ("gamma", 10, [7.8, 12.4]),
        ("Weibull", 0.2, [0.05, 0.6]),
        ("normal", 3, [0, 5]),
    ],
)
def test_each_family_has_its_parameters(family, median, iqr):
    row = by("qe", {"median": median, "iqr": iqr})
    assert f"a: {family} distribution" in row.derivation.words
    found = steps(row)
    names = {"log-normal": ("SD of the logs", "exponential of the mean of the logs"), "normal": ("SD", "mean")}
    first, second = (found[f"a: {name}"].value for name in names.get(family, ("shape", "scale")))
    fitted = {
        "log-normal": stats.lognorm(first, scale=second), "gamma": stats.gamma(first, scale=second),
        "Weibull": stats.weibull_min(first, scale=second), "normal": stats.norm(second, first),
    }[family]  # fmt: skip
    assert (found["a: mean"].value, found["a: SD"].value) == pytest.approx((fitted.mean(), fitted.std()), rel=1e-6)


@pytest.mark.parametrize("route", ["bc", "mln"])
def test_a_power_is_shown_with_the_moments_of_the_transformed_values(route):
    row = by(route)
    found = steps(row)
    power = found["a: lambda"].value
    assert f"a: lambda {power:.3g}" in row.derivation.words
    assert dict(found["a: mean"].inputs) == {
        "lambda": power,
        "transformed mean": found["a: transformed mean"].value,
        "transformed SD": found["a: transformed SD"].value,
    }
    if route == "mln":  # a power near zero, where the way back is the log-normal distribution
        middle, spread = found["a: transformed mean"].value, found["a: transformed SD"].value
        assert found["a: mean"].value == pytest.approx(math.exp(middle + spread**2 / 2), rel=0.02)


def test_the_log_normal_route_shows_the_logs():
    found = steps(by("lognormal"))
    w = 0.7 + 0.39 / 40
    logs = w * (math.log(6) + math.log(14)) / 2 + (1 - w) * math.log(9)
    assert found["a: mean of the logs"].value == pytest.approx(logs)
    assert dict(found["a: mean"].inputs)["mean of the logs"] == found["a: mean of the logs"].value
