"""The table of combinations is what `pool` gives for each set and choice, and every set on offer is found again."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from mscsec.effects.sizes import EffectSizes, effects
from mscsec.pooling import pool
from mscsec.records.reader import load, shipped_folder
from mscsec.synthesis.combinations import EVERY_SUBSET_UP_TO, Combinations, choices, combinations, options_of
from mscsec.synthesis.fit import choices_of, fit_effects

from ..report.bases import write_base

OWN = {"model": "random", "tau2": "REML", "ci": "auto", "prediction": "auto", "preset": "cochrane-2025"}
FIELDS = ("estimate", "ci_low", "ci_high", "prediction_low", "prediction_high")


def sizes_of(tmp_path: Path, studies: int, outcome: str = "o0") -> EffectSizes:
    return effects(load(write_base(tmp_path / "base", studies, 2)), outcome)


def assert_as_pooled(sizes: EffectSizes, table: Combinations, row: int, place: int, chosen: dict[str, object]) -> None:
    """One cell of the table against `pool` over the same studies."""
    inside = table.members[row]
    options = options_of(table.choices[place], chosen)
    fit = pool(sizes.yi[inside], sizes.vi[inside], level=sizes.level, transform=sizes.back(), **options)
    column = table.columns[place]
    for name in FIELDS:
        known, found = getattr(fit.display, name), getattr(column, name)[row]
        assert (known is None) == math.isnan(found), name
        if known is not None:
            assert found == pytest.approx(known, rel=1e-9), name
    assert column.p_value[row] == pytest.approx(fit.p_value, rel=1e-8)
    for name in ("tau2", "i2"):
        known, found = getattr(fit, name), getattr(column, name)[row]
        assert math.isnan(found) if known is None else found == pytest.approx(known, rel=1e-8, abs=1e-12)
    assert column.weights[row][inside] == pytest.approx(fit.weights, rel=1e-9)
    assert (column.weights[row][~inside] == 0).all()


@pytest.mark.parametrize("outcome", ["o0", "o1"])
def test_every_subset_and_choice_is_what_pool_gives(tmp_path: Path, outcome: str):
    sizes = sizes_of(tmp_path, 4, outcome)
    table = combinations(sizes, OWN)
    assert table.complete
    assert table.members.shape == (15, 4)
    for row in range(15):
        for place in range(len(table.choices)):
            assert_as_pooled(sizes, table, row, place, OWN)


def test_beyond_the_limit_there_are_all_each_left_out_and_the_named(tmp_path: Path):
    k = EVERY_SUBSET_UP_TO + 1
    sizes = sizes_of(tmp_path, k)
    half = [place % 2 == 0 for place in range(k)]
    table = combinations(sizes, OWN, [("half", "Every other", half)])
    assert not table.complete
    assert len(table.members) == 1 + k + 1
    assert table.members[0].all()
    assert table.named[0].key == "all"
    assert table.members[table.named[1].row].tolist() == half
    for row in (0, 1, k, k + 1):
        for place in range(len(table.choices)):
            assert_as_pooled(sizes, table, row, place, OWN)
    with pytest.raises(KeyError):
        table.row([place < 3 for place in range(k)])


def test_at_the_limit_every_subset_is_there(tmp_path: Path):
    table = combinations(sizes_of(tmp_path, EVERY_SUBSET_UP_TO), OWN)
    assert table.complete
    assert len(table.members) == 2**EVERY_SUBSET_UP_TO - 1
    for row in (0, 1, 77, 4094):
        assert table.row(table.members[row].tolist()) == row
    assert np.unique(table.members, axis=0).shape == table.members.shape


def test_a_set_left_out_is_found(tmp_path: Path):
    table = combinations(sizes_of(tmp_path, 5), OWN)
    for study in range(5):
        row = table.without(study)
        assert row is not None
        assert table.members[row].tolist() == [place != study for place in range(5)]


def test_one_study_has_nothing_to_leave_out(tmp_path: Path):
    table = combinations(sizes_of(tmp_path, 1), OWN)
    assert table.members.tolist() == [[True]]
    assert table.without(0) is None
    assert math.isnan(table.columns[0].tau2[0])
    assert table.columns[0].weights.tolist() == [[1.0]]


def test_named_sets_that_are_empty_all_or_known_are_left_out(tmp_path: Path):
    named = [
        ("none", "", [False] * 3),
        ("all too", "", [True] * 3),
        ("a", "A", [True, False, True]),
        ("b", "B", [True, False, True]),
    ]
    table = combinations(sizes_of(tmp_path, 3), OWN, named)
    assert [one.key for one in table.named] == ["all", "a"]


@pytest.mark.parametrize(
    ("own", "first"),
    [
        (OWN, ("random", "auto")),
        ({"model": None, "ci": None, "preset": "revman-5"}, ("random", "wald")),
        ({"model": "common", "ci": None, "preset": None}, ("common", "wald")),
        ({"model": "random", "ci": "kr", "preset": None}, ("random", "kr")),
    ],
)
def test_the_first_choice_is_the_review_s_own(tmp_path: Path, own: dict[str, object], first: tuple[str, str]):
    found = choices(own)
    assert (found[0].model, found[0].ci) == first
    assert [one.own for one in found] == [True] + [False] * (len(found) - 1)
    assert len({(one.model, one.ci) for one in found}) == len(found)
    sizes = sizes_of(tmp_path, 4)
    table = combinations(sizes, own)
    for row in (6, 14):
        assert_as_pooled(sizes, table, row, 0, own)


def test_the_shipped_base_has_its_own_analysis_in_the_first_column():
    base = load(shipped_folder())
    sizes = effects(base, "mortality_28d")
    table = combinations(sizes, choices_of(base))
    fit = fit_effects(sizes, choices_of(base))
    column, row = table.columns[table.own], table.named[0].row
    assert column.estimate[row] == pytest.approx(fit.display.estimate)
    assert column.ci_low[row] == pytest.approx(fit.display.ci_low)
    assert column.prediction_high[row] == pytest.approx(fit.display.prediction_high)


def test_a_way_back_that_hangs_on_the_sizes_is_that_of_the_set(tmp_path: Path):
    base = load(write_base(tmp_path / "base", 4, 1))
    sizes = effects(base, "o0", measure="PFT")
    table = combinations(sizes, OWN)
    row = table.row([True, False, True, False])
    inside = table.members[row]
    own = sizes.without(row.study for row, there in zip(sizes.rows, inside, strict=True) if not there)
    fit = pool(own.yi, own.vi, transform=own.back(), tau2="REML")
    assert table.columns[0].estimate[row] == pytest.approx(fit.display.estimate, rel=1e-12)
