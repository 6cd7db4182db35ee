"""Refits against metafor's leave1out, cumul, gosh and baujat."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mscsec.sensitivity import all_subsets, baujat, cumulative, gosh, leave_one_out

from ..pooling.reference import cases, close, columns, compare, effects, is_error, rma_options

NAMES = {
    "estimate": "estimate", "se": "se", "stat": "statistic", "pval": "p_value", "ci_lb": "ci_low", "ci_ub": "ci_high", "Q": "q",
    "Qp": "q_p", "tau2": "tau2",
}  # fmt: skip


def mine(topic: str) -> list[Any]:
    found = cases(lambda case: re.match(rf"(edge-.*)?{topic}", case["id"]) and "mods" not in case["call"])
    return [pytest.param(case, id=case["id"]) for case in found if not is_error(case)]


def options(case: dict[str, Any]) -> dict[str, Any]:
    given = rma_options(case)
    return {name: value for name, value in given.items() if name not in ("prediction", "tau2_ci")}


def fields(found: Any) -> dict[str, Any]:
    """The result in the reference's words; a lone study has there tau2, Q and I2 of 0 and a P value of 1, which here do not exist."""
    values = {theirs: getattr(found.result, ours) for theirs, ours in NAMES.items()}
    pooled = found.result.pooled
    values["Q"], values["Qp"] = np.where(pooled, values["Q"], 0.0), np.where(pooled, values["Qp"], 1.0)
    values["tau2"] = np.where(np.isnan(values["tau2"]), 0.0, values["tau2"])  # a common effect has none either
    return values | {
        "I2": 100 * np.where(pooled, found.result.i2, 0.0),
        "H2": np.where(pooled, found.result.h2, 1.0),
        "k": found.result.k,
    }


@pytest.mark.parametrize("case", mine("leave1out"))
def test_leave_one_out(case: dict[str, Any]) -> None:
    compare(case, fields(leave_one_out(*effects(case), **options(case))), least=4)


@pytest.mark.parametrize("case", mine("cumul"))
def test_cumulative(case: dict[str, Any]) -> None:
    yi, vi = effects(case)
    found = cumulative(yi, vi, columns(case)["year"], **options(case))
    added = [str(1 + int(study)) for study in np.argsort(np.asarray(found.order))]
    assert added == [re.sub(r"\D", "", name) for name in case["expected"]["slab"]]
    compare(case, fields(found), least=8)


@pytest.mark.parametrize("case", mine("gosh"))
def test_gosh(case: dict[str, Any]) -> None:
    expected = case["expected"]
    found = gosh(*effects(case), **options(case))
    values = {name: np.asarray(value, dtype=float) for name, value in fields(found).items()}
    assert len(found.members) == expected["n_models"]
    assert_array_equal(found.members[: len(expected["first_incl"])], np.array(expected["first_incl"]) == 1)
    values["QE"] = values["Q"]
    pooled = found.result.pooled
    # metafor's H2 falls below 1 here, as the case says
    values["H2"] = np.where(pooled, values["Q"] / np.maximum(values["k"] - 1, 1), 1.0)
    for name in ("estimate", "QE", "I2", "H2", "tau2"):
        if expected.get(f"first_{name}") is not None and name in expected:
            close(values[name][: len(expected[f"first_{name}"])], expected[f"first_{name}"], case["tolerance"], name)
            x = values[name]
            told = {
                "mean": x.mean(), "sd": x.std(ddof=1), "min": x.min(), "q1": np.quantile(x, 0.25), "median": np.median(x),
                "q3": np.quantile(x, 0.75), "max": x.max(),
            }  # fmt: skip
            for part, value in told.items():
                close(value, expected[name][part], case["tolerance"], f"{name} {part}")


@pytest.mark.parametrize("case", mine("baujat"))
def test_baujat(case: dict[str, Any]) -> None:
    given = {name: value for name, value in options(case).items() if name in ("model", "tau2", "ci")}
    found = baujat(*effects(case), **given)
    compare(case, {"x": found.contribution, "y": found.influence}, least=2)


def test_every_kind_of_refit_has_its_cases() -> None:
    found = {topic: len(mine(topic)) for topic in ("leave1out", "cumul", "gosh", "baujat")}
    assert min(found.values()) >= 4, found


def test_all_subsets_of_three() -> None:
    wanted = ["100", "010", "001", "110", "101", "011", "111"]
    assert ["".join("1" if x else "0" for x in row) for row in all_subsets(3)] == wanted
