"""The rules of reading: those that do not exist are refused before any study is read."""

from __future__ import annotations

import pytest

from mscsec.effects.reading import Rules
from mscsec.errors import InvalidInput, UnknownMethod

from .bases import arm, codes, row_of, sizes_of, two

DEATHS = two({"events": 4}, {"events": 9})


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (Rules(multi_arm="combined"), "rule for several arms 'combined'; did you mean 'combine'"),
        (Rules(quantiles="normal"), "route from a median 'normal'. Known: quantiles-normal"),
        (Rules(mean="luo"), "rule for the mean 'luo'"),
        (Rules(sd="wan"), "rule for the SD 'wan'"),
    ],
)
def test_an_unknown_rule(rules, words):
    with pytest.raises(UnknownMethod, match=words):
        sizes_of("death", DEATHS, rules=rules)


def test_an_impossible_correlation_and_preference():
    with pytest.raises(InvalidInput, match="correlation is 2"):
        sizes_of("death", DEATHS, rules=Rules(correlation=2))
    with pytest.raises(UnknownMethod, match=r"preference \(prefer\) 'arm'"):
        sizes_of("death", DEATHS, prefer="arm")


def test_a_figure_that_two_routes_look_at_stands_once():
    crossed = {"type": "crossover-rct"}
    row = row_of("stay", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}), design=crossed)
    names = [figure.name for figure in row.derivation.figures]
    assert sorted(names) == ["a: SD", "a: mean", "a: n", "c: SD", "c: mean", "c: n"]


def test_a_bound_keeps_its_sign_on_the_trail():
    row = row_of("survival", {"effects": [{"measure": "HR", "estimate": 0.7, "p": "<0.001"}]})
    assert [(figure.name, figure.text) for figure in row.derivation.figures] == [("HR", "0.7"), ("P", "<0.001")]


def test_a_source_of_its_own_comes_before_that_of_the_result():
    a = {"events": {"value": 4, "source": {"where": "figure 2"}}}
    row = row_of("death", two(a, {"events": 9}, source={"where": "table 1", "text": "4 of 20"}))
    where = {figure.name: (figure.where, figure.quote) for figure in row.derivation.figures}
    assert where["a: events"] == ("figure 2", None)
    assert where["c: events"] == ("table 1", "4 of 20")


def test_one_group_is_not_told_about_comparators():
    arms = {"a": arm("experimental"), "c": arm("comparator"), "d": arm("comparator")}
    result = {"arms": {"a": {"events": 4}, "c": {"events": 9}}}
    comparisons = {"main": {"experimental": "a", "comparator": ["c", "d"]}}
    assert codes(row_of("death", result, arms=arms, comparisons=comparisons, measure="PR")) == set()
    assert codes(row_of("death", result, arms=arms, comparisons=comparisons)) == {"E201"}
