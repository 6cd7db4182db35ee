"""What holds for every route: finite answers, a batch is its rows, missing figures are refused by name, nothing changes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mscsec.codes import CODES
from mscsec.effects.reconstruct import FAMILIES, MEANS, RECONSTRUCT, SCALES, SDS
from mscsec.errors import InvalidInput, UnknownMethod
from mscsec.sources import SOURCES

OWN = json.loads((Path(__file__).parents[1] / "reference" / "reconstruct.json").read_text(encoding="utf-8"))
QUANTILES = {"n": 48, "median": 30, "minimum": 14, "q1": 22, "q3": 39, "maximum": 49}
EXAMPLES: dict[str, dict[str, Any]] = {
    "sd-se": {"se": 1.2, "n": 25},
    "sd-ci-normal": {"ci_low": 30, "ci_high": 34.2, "n": 25},
    "sd-ci-handbook": {"ci_low": 30, "ci_high": 34.2, "n": 25},
    "sd-iqr": {"q1": 12, "q3": 21},
    "sd-range": {"minimum": 5, "maximum": 40},
    "common-sd-ci-normal": {"ci_low": 0.9, "ci_high": 6.7, "n_1": 25, "n_2": 22},
    "quantiles-normal": QUANTILES,
    "quantiles-lognormal": QUANTILES,
    "quantiles-qe": QUANTILES,
    "quantiles-bc": QUANTILES,
    "quantiles-mln": QUANTILES,
    "split-events": {"events": 20, "n": 100, "comparisons": 2},
    "split-group": {"n": 100, "mean": 5.1, "sd": 2.2, "comparisons": 3},
    "cluster-counts": {"events": 30, "n": 200, "cluster_size": 20, "icc": 0.02},
    "cluster-se": {"se": 0.21, "cluster_size": 20, "icc": 0.02},
    "change-sd": {"sd_baseline": 5.3, "sd_final": 4.9, "r": 0.6},
    "effect-report": {"estimate": 0.71, "ci_low": 0.52, "ci_high": 0.97, "scale": "log"},
    "table-rr-total": {"risk_ratio": 0.7, "n_1": 100, "n_2": 98, "events_total": 51},
    "table-rr-control": {"risk_ratio": 0.7, "n_1": 100, "n_2": 98, "events_2": 30},
    "table-or-control": {"odds_ratio": 0.66, "n_1": 100, "n_2": 98, "events_2": 30},
    "absolute-rr": {"risk_ratio": 0.7, "baseline_risk": 0.2},
    "delta": {"yi": 0.3, "vi": 0.04, "function": np.exp},
}
for _case in OWN["cases"]:
    EXAMPLES.setdefault(_case["route"], _case["input"])

ROUTES = pytest.mark.parametrize("key", RECONSTRUCT)
WITHOUT_GAPS = {"hr-curves", "hr-curves-at-risk"}  # a curve with a gap is a slip, and InvalidInput


def figures(key: str) -> dict[str, Any]:
    return {name: x for name, x in EXAMPLES[key].items() if not isinstance(x, str) and not callable(x)}


def others(key: str) -> dict[str, Any]:
    return {name: x for name, x in EXAMPLES[key].items() if isinstance(x, str) or callable(x)}


def run(key: str, **changed: Any) -> Any:
    return RECONSTRUCT[key].function(**{**EXAMPLES[key], **changed})


@ROUTES
def test_row_is_complete(key: str) -> None:
    row = RECONSTRUCT[key]
    assert row.source in SOURCES
    assert row.name
    assert row.formula
    assert row.function.__doc__
    assert set(row.needs) <= set(EXAMPLES[key]) <= set(row.needs + row.options)
    assert all(set(group) <= set(row.options) for group in row.one_of)


@ROUTES
def test_what_it_gives_is_there_and_a_number(key: str) -> None:
    result = run(key)
    for name in RECONSTRUCT[key].gives:
        value = np.asarray(getattr(result, name))
        assert not np.isnan(value).any(), name
    assert json.dumps(result.to_dict(), allow_nan=False)


@ROUTES
def test_result_is_frozen_and_refusals_are_known_codes(key: str) -> None:
    result = run(key)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.refused = ()
    assert all(refusal.code in CODES for refusal in result.refused)


@ROUTES
def test_batch_is_its_rows(key: str) -> None:
    one = run(key)
    tiled = {name: np.stack([np.asarray(x, dtype=float)] * 3) for name, x in figures(key).items()}
    many = RECONSTRUCT[key].function(**tiled, **others(key))
    for name in RECONSTRUCT[key].gives:
        single, batch = np.asarray(getattr(one, name)), np.asarray(getattr(many, name))
        assert batch.shape == (3, *single.shape)
        np.testing.assert_allclose(batch, np.broadcast_to(single, batch.shape), rtol=1e-9)


@ROUTES
def test_arguments_are_left_alone(key: str) -> None:
    given = {name: np.asarray(x, dtype=float) for name, x in figures(key).items()}
    before = {name: x.copy() for name, x in given.items()}
    RECONSTRUCT[key].function(**given, **others(key))
    assert all(np.array_equal(given[name], before[name]) for name in given)


@pytest.mark.parametrize("key", [key for key in RECONSTRUCT if key not in WITHOUT_GAPS])
def test_each_missing_figure_is_refused_by_name(key: str) -> None:
    for name in RECONSTRUCT[key].needs:
        if name in others(key):
            continue
        shape = np.shape(EXAMPLES[key][name])
        result = run(key, **{name: np.full(shape, np.nan)})
        assert result.refused, name
        assert {refusal.code for refusal in result.refused} == {"E301"}, name
        assert any(name in refusal.message for refusal in result.refused), name
        gives = [np.asarray(getattr(result, field)) for field in RECONSTRUCT[key].gives]
        assert any(np.isnan(value).all() for value in gives), name


@pytest.mark.parametrize("key", sorted(WITHOUT_GAPS))
def test_a_curve_with_a_gap_is_invalid(key: str) -> None:
    broken = [*EXAMPLES[key]["survival_1"][:2], None, *EXAMPLES[key]["survival_1"][3:]]
    with pytest.raises(InvalidInput, match="gaps"):
        run(key, survival_1=broken)


@ROUTES
def test_an_infinite_figure_is_invalid(key: str) -> None:
    for name, value in figures(key).items():
        with pytest.raises(InvalidInput, match="finite"):
            run(key, **{name: np.full(np.shape(value), np.inf)})


@ROUTES
def test_text_and_shapes_that_do_not_fit_are_invalid(key: str) -> None:
    name = next(iter(figures(key)))
    with pytest.raises(InvalidInput, match="numbers"):
        run(key, **{name: "a few"})
    if len(figures(key)) > 1 and key not in WITHOUT_GAPS:
        second = list(figures(key))[1]
        with pytest.raises(InvalidInput, match="shapes"):
            run(key, **{name: np.ones((2, 5)), second: np.ones((3, 4))})


def test_sources_of_rules_are_known() -> None:
    assert {row.source for row in (*MEANS.values(), *SDS.values())} <= set(SOURCES)
    assert set(FAMILIES) == {"lognormal", "gamma", "weibull"}


@pytest.mark.parametrize("key", SCALES)
def test_every_scale_keeps_order(key: str) -> None:
    row = SCALES[key]
    x = np.array([0.2, 0.4, 0.6])
    assert np.all(np.diff(row.forward(x)) > 0)


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownMethod, match="did you mean 'luo2018'"):
        RECONSTRUCT["quantiles-normal"].function(**QUANTILES, mean="luo2016")
    with pytest.raises(UnknownMethod, match="identity, log"):
        RECONSTRUCT["effect-ci"].function(1.0, 0.5, 2.0, scale="ratio")
