"""What an assumed correlation or ICC decides: effects and pooled result at other values, against the same run by hand."""

from __future__ import annotations

import math

import pytest

from mscsec.effects.reading import Rules
from mscsec.effects.sizes import EffectSizes, effects
from mscsec.pooling import pool
from mscsec.synthesis.assumed import QUANTITIES, assumed_quantities
from tests.effects.bases import base_of, study


def changed(name, shift, **more):
    a = {"change": {"mean": -4 + shift} | more, "sd": 6.2, "baseline": {"mean": 20, "sd": 5.8}}
    c = {"change": {"mean": -1}, "sd": 6.6, "baseline": {"mean": 20, "sd": 6.1}}
    return study({"outcome": "stay", "arms": {"a": a, "c": c}}, name=name, n=(40, 42))


def clusters(name, a, **design):
    return study(
        {"outcome": "death", "arms": {"a": {"events": a}, "c": {"events": 19}}},
        name=name, n=(80, 84), design={"type": "cluster-rct", "cluster_size": 12} | design,
    )  # fmt: skip


PLAIN = study({"outcome": "stay", "arms": {"a": {"mean": 8, "sd": 3}, "c": {"mean": 10, "sd": 4}}}, name="plain")
CHANGES = base_of(changed("one", 0.0), changed("two", 0.5), PLAIN, outcomes={"stay": {"correlation": 0.5}})
CLUSTERS = base_of(clusters("one", 9), clusters("two", 12, icc=0.02), outcomes={"death": {"icc": 0.03}})


def fit(sizes: EffectSizes):
    return pool(sizes.yi, sizes.vi, model="random", transform=sizes.back())


def found(base, outcome, rules=None, fit=fit):
    rules = rules or Rules()
    sizes = effects(base, outcome, rules=rules)
    plan = base.review.outcomes[outcome]
    return assumed_quantities(sizes, plan, rules, lambda other: effects(base, outcome, rules=other), fit)


@pytest.mark.parametrize("asked", [None, 0.65])
def test_an_assumed_correlation_over_its_range(asked):
    (item,) = found(CHANGES, "stay", Rules(correlation=asked))
    used = asked or 0.5
    assert (item.quantity, item.used, item.studies) == ("correlation", used, ("one", "two"))
    assert [point.value for point in item.points] == sorted({0.1, 0.3, 0.5, 0.7, 0.9, used})
    assert [point.value for point in item.points if point.used] == [used]
    for point in item.points:
        sizes = effects(CHANGES, "stay", rules=Rules(correlation=point.value))
        by_hand = fit(sizes)
        assert (point.estimate, point.ci_low, point.ci_high) == (
            by_hand.display.estimate, by_hand.display.ci_low, by_hand.display.ci_high,
        )  # fmt: skip
        assert (point.tau2, point.i2, point.p_value) == (by_hand.tau2, by_hand.i2, by_hand.p_value)
        assert [at.study for at in point.studies] == ["one", "two"]
        assert [(at.estimate, at.low, at.high) for at in point.studies] == [
            (row.estimate, row.low, row.high) for row in sizes.rows if row.study != "plain"
        ]


def test_a_study_at_a_value_is_what_the_formula_gives():
    (item,) = found(CHANGES, "stay", fit=None)
    at = next(point for point in item.points if point.value == 0.9).studies[0]
    variance = sum((sd**2 + base**2 - 2 * 0.9 * sd * base) / n for sd, base, n in ((6.2, 5.8, 40), (6.6, 6.1, 42)))
    assert (at.high - at.low) / 2 == pytest.approx(1.959963984540054 * math.sqrt(variance))
    assert all(point.estimate is None and point.excludes_null is None for point in item.points)


def test_whether_the_interval_excludes_no_effect_is_said_at_each_value():
    (item,) = found(CHANGES, "stay")
    said = [(point.excludes_null, not point.ci_low <= 0 <= point.ci_high) for point in item.points]
    assert all(one == other for one, other in said)
    assert item.points[-1].excludes_null


def test_an_assumed_icc_over_its_range():
    (item,) = found(CLUSTERS, "death")
    assert (item.quantity, item.used, item.studies) == ("icc", 0.03, ("one",))  # the other trial prints its own
    widths = [math.log(point.studies[0].high / point.studies[0].low) for point in item.points]
    assert widths == sorted(widths)
    assert [point.value for point in item.points] == [0.0, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2]
    (asked,) = found(CLUSTERS, "death", Rules(icc=0.07))
    assert asked.used == 0.07


def test_nothing_assumed_is_nothing_to_show():
    base = base_of(PLAIN, changed("printed", 0, correlation=0.4), outcomes={"stay": {"correlation": 0.5}})
    sizes = effects(base, "stay")
    assert len(sizes.rows) == 2
    (item,) = found(base, "stay")  # the comparator's correlation is still assumed
    assert item.studies == ("printed",)
    assert found(base_of(PLAIN, outcomes={"stay": {"correlation": 0.5}}), "stay") == ()


def test_a_value_that_leaves_nothing_to_pool_does_not_stop_the_others():
    def stubborn(sizes):
        if len({row.vi for row in sizes.rows}) and abs(sizes.rows[0].ci_high - sizes.rows[0].ci_low) < 3:
            from mscsec.errors import NotEstimable

            raise NotEstimable("no estimate here")
        return fit(sizes)

    (item,) = found(CHANGES, "stay", fit=stubborn)
    assert item.points[-1].estimate is None
    assert item.points[0].estimate is not None


def test_every_quantity_is_a_rule_and_a_key_of_the_protocol():
    from mscsec.records.models import Outcome

    for quantity in QUANTITIES:
        assert quantity.key in Outcome.model_fields
        assert getattr(quantity.at(Rules(), 0.25), quantity.key) == 0.25
        assert list(quantity.values) == sorted(set(quantity.values))
