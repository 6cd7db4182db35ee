"""What must hold of every measure, whatever the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mscsec.effects.measures import FAMILIES, MEASURES, effect_size

from .data import K, reports

EVERY = pytest.mark.parametrize("row", MEASURES.values(), ids=list(MEASURES))
PARTNER = {"1": "2", "2": "1"}
SWAPPED = {"only_1": "only_2", "only_2": "only_1"}


def swap(arrays):
    """The two arms (or occasions) exchanged; a reported effect turns its sign."""
    out = {}
    for name, values in arrays.items():
        if name[-2:] in ("_1", "_2"):
            out[name[:-1] + PARTNER[name[-1]]] = values
        elif name in ("d", "t", "p") or (name == "r" and "n_1" in arrays and "events_1" not in arrays):
            out[name] = -values
        else:
            out[name] = values
    return out


def same(one, other, rtol=1e-9, atol=1e-11):
    for name in ("yi", "vi", "ci_low", "ci_high"):
        assert_allclose(getattr(one, name), getattr(other, name), rtol=rtol, atol=atol)
    assert_array_equal(one.included, other.included)


@pytest.mark.parametrize("row", [row for row in MEASURES.values() if row.swap], ids=lambda row: row.key)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_swapped_arms_turn_the_effect(row, data):
    arrays = data.draw(reports(row))
    vtype = data.draw(st.sampled_from(row.vtypes))
    there, back = (effect_size(row.key, vtype=vtype, **x) for x in (arrays, swap(arrays)))
    turned = -back.yi if row.antisymmetric else 1 - back.yi
    assert_allclose(there.yi, turned, rtol=1e-8, atol=1e-10)
    assert_allclose(there.vi, back.vi, rtol=1e-7, atol=1e-12)


@EVERY
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_the_order_of_studies_does_not_matter(row, data):
    arrays, order = data.draw(reports(row)), data.draw(st.permutations(range(K)))
    vtype = data.draw(st.sampled_from(row.vtypes))
    sorted_after = effect_size(row.key, vtype=vtype, **arrays)
    sorted_before = effect_size(row.key, vtype=vtype, **{name: values[list(order)] for name, values in arrays.items()})
    assert_allclose(sorted_after.yi[list(order)], sorted_before.yi, rtol=1e-12)
    assert_allclose(sorted_after.vi[list(order)], sorted_before.vi, rtol=1e-9)


@EVERY
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_a_batch_is_its_rows(row, data):
    vtype = data.draw(st.sampled_from(row.vtypes))
    first = data.draw(reports(row))
    second = {name: values[::-1] for name, values in first.items()}
    third = {name: np.roll(values, 1) for name, values in first.items()}
    third = {name: np.where(np.arange(K) == 0, values[1], values) for name, values in third.items()}
    stack = {name: np.stack([first[name], second[name], third[name]])[:, None] for name in first}
    batch = effect_size(row.key, vtype=vtype, **stack)
    assert batch.yi.shape == (3, 1, K)
    for at, arrays in enumerate((first, second, third)):
        alone = effect_size(row.key, vtype=vtype, **arrays)
        assert_allclose(batch.yi[at, 0], alone.yi, rtol=1e-12)
        assert_allclose(batch.vi[at, 0], alone.vi, rtol=1e-11)


@EVERY
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_gap_is_without_its_reason(row, data):
    arrays = data.draw(reports(row, rough=True))
    options = {"vtype": data.draw(st.sampled_from(row.vtypes))}
    if any(name.startswith(("events", "both", "cases")) for name in FAMILIES[row.family].names):
        options["to"] = data.draw(st.sampled_from(["only0", "none", "all", "if0all"]))
        options["drop00"] = data.draw(st.booleans())
    effects = effect_size(row.key, **options, **arrays)
    gap = ~(np.isfinite(effects.yi) & np.isfinite(effects.vi))
    explained = np.zeros_like(gap)
    for flag in effects.flags:
        if flag.code in ("E102", "E103", "E104"):
            assert not (explained & flag.where).any(), "one gap, one reason"
            explained |= flag.where
    assert_array_equal(gap, explained)
    zero = np.zeros_like(gap)
    for flag in effects.flags:
        zero |= flag.where if flag.code == "E105" else False
    assert_array_equal(effects.included, ~gap & ~zero)
    assert (effects.vi[effects.included] > 0).all()


SCALE_FREE = ["SMD", "SMDH", "SMD1", "SMD1H", "ROM", "VR", "CVR", "D2OR", "D2ORN", "CLESN", "RPB", "RBIS", "SMCC", "SMCR", "SMCRH",
              "SMCRP", "SMCRPH", "CLESCN", "ROMC", "VRC", "CVRC", "SMN", "CVLN"]  # fmt: skip
SHIFT_FREE = [
    "MD",
    "SMD",
    "SMDH",
    "SMD1",
    "SMD1H",
    "CLESN",
    "RPB",
    "RBIS",
    "MC",
    "SMCC",
    "SMCR",
    "SMCRH",
    "SMCRP",
    "SMCRPH",
    "CLESCN",
]


def in_unit(arrays, factor=1.0, shift=0.0):
    return {
        name: values * factor + (shift if name.startswith("mean") else 0) if name.startswith(("mean", "sd")) else values
        for name, values in arrays.items()
    }


@pytest.mark.parametrize("key", SCALE_FREE)
@settings(max_examples=8, deadline=None)
@given(data=st.data(), factor=st.floats(0.01, 100))
def test_a_change_of_unit_leaves_it_alone(key, data, factor):
    arrays, vtype = data.draw(reports(MEASURES[key])), data.draw(st.sampled_from(MEASURES[key].vtypes))
    same(
        effect_size(key, vtype=vtype, **arrays),
        effect_size(key, vtype=vtype, **in_unit(arrays, factor)),
        rtol=1e-7,
        atol=1e-9,
    )


@pytest.mark.parametrize("key", ["MD", "MC", "MN"])
@settings(max_examples=8, deadline=None)
@given(data=st.data(), factor=st.floats(0.01, 100))
def test_a_difference_follows_a_change_of_unit(key, data, factor):
    arrays = data.draw(reports(MEASURES[key]))
    before, after = effect_size(key, **arrays), effect_size(key, **in_unit(arrays, factor))
    assert_allclose(after.yi, factor * before.yi, rtol=1e-9, atol=1e-11)
    assert_allclose(after.vi, factor**2 * before.vi, rtol=1e-9)


@pytest.mark.parametrize("key", SHIFT_FREE)
@settings(max_examples=8, deadline=None)
@given(data=st.data(), shift=st.floats(-50, 50))
def test_a_change_of_origin_leaves_it_alone(key, data, shift):
    arrays = data.draw(reports(MEASURES[key]))
    same(effect_size(key, **arrays), effect_size(key, **in_unit(arrays, 1, shift)), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("key", ["IRR", "IRD", "IRSD", "IR", "IRLN", "IRS", "IRFT"])
@settings(max_examples=8, deadline=None)
@given(data=st.data(), factor=st.floats(0.01, 100))
def test_rates_follow_the_unit_of_time(key, data, factor):
    arrays = data.draw(reports(MEASURES[key]))
    slower = {name: values * factor if name.startswith("time") else values for name, values in arrays.items()}
    before, after = effect_size(key, **arrays), effect_size(key, **slower)
    if key == "IRR":
        same(before, after)
    elif key == "IRLN":
        assert_allclose(after.yi, before.yi - np.log(factor), rtol=1e-9, atol=1e-10)
    else:
        power = 1 if key in ("IRD", "IR") else 0.5
        assert_allclose(after.yi, before.yi / factor**power, rtol=1e-9, atol=1e-10)
        assert_allclose(after.vi, before.vi / factor ** (2 * power), rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(data=st.data(), level=st.floats(0.5, 0.999))
def test_the_interval_is_symmetric_and_widens_with_the_level(data, level):
    arrays = data.draw(reports(MEASURES["MD"]))
    narrow, wide = effect_size("MD", level=level, **arrays), effect_size("MD", level=(1 + level) / 2, **arrays)
    assert_allclose((narrow.ci_low + narrow.ci_high) / 2, narrow.yi, rtol=1e-9, atol=1e-9)
    assert (wide.ci_high >= narrow.ci_high).all()


@pytest.mark.parametrize("key", ["PHI", "ZPHI"])
@pytest.mark.parametrize("n_1", range(1, 12))
@pytest.mark.parametrize("n_2", range(1, 12))
def test_a_perfect_association_has_no_variance_and_no_weight(key: str, n_1: int, n_2: int) -> None:
    for events_1, events_2 in ((0, n_2), (n_1, 0)):
        found = effect_size(key, events_1=events_1, n_1=n_1, events_2=events_2, n_2=n_2)
        assert not found.included[0]
        assert [flag.code for flag in found.flags] == (["E105"] if key == "PHI" else ["E104"])


def test_pairs_that_agree_perfectly_have_no_variance() -> None:
    found = effect_size("MPORM", events_1=[0, 3], n_1=[2, 7], events_2=[2, 4], n_2=[2, 7], r=1.0)
    assert list(found.vi) == [0.0, 0.0]
    assert not found.included.any()
