"""Every measure against the reference implementation, case by case."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mscsec.effects.measures import MEASURES, effect_size, transform

from .reference import arrays_of, column, measure_cases, numbers, transform_cases

OPTIONS = ("vtype", "correct", "add", "to", "drop00", "addyi", "addvi", "onlyo1", "flip")


def close(actual: Any, expected: Any, tolerance: float) -> None:
    """Relative, or absolute where the expected value is within 1e-8 of zero; nan where the reference has none."""
    expected = np.asarray(expected)
    near = np.abs(expected) < 1e-8
    assert_allclose(np.where(near, 0, actual), np.where(near, 0, expected), rtol=tolerance, atol=0)
    assert_allclose(np.where(near, actual, 0), np.where(near, expected, 0), rtol=0, atol=tolerance)


def compute(case: dict[str, Any]) -> Any:
    row = MEASURES[case["options"]["measure"]]
    options = {name: value for name, value in case["options"].items() if name in OPTIONS}
    said = case["options"].get("summary", "")
    if said.startswith("level="):
        options["level"] = float(said.removeprefix("level=")) / 100
    if said.startswith("olim="):
        options["olim"] = tuple(float(value) for value in re.findall(r"-?\d+", said))
    return effect_size(row.key, **options, **arrays_of(case, row.family))


@pytest.mark.parametrize("case", measure_cases(), ids=lambda case: case["id"])
def test_measure_agrees_with_the_reference(case):
    effects, expected = compute(case), case["expected"]
    if "yi" not in expected:
        parts = dict(zip(("yi", "ci_lb", "ci_ub"), effects.natural(), strict=True))
        for key, values in expected.items():
            close(parts[re.sub("_(exp|transf)$", "", key)], numbers(values), case["tolerance"])
        return
    close(effects.yi, numbers(expected["yi"]), case["tolerance"])
    close(effects.vi, numbers(expected["vi"]), case["tolerance"])
    close(effects.ci_low, numbers(expected["ci_lb"]), case["tolerance"])
    close(effects.ci_high, numbers(expected["ci_ub"]), case["tolerance"])


# metafor's further arguments under our names; those given as targs stand in the call.
NAMES = {"n": "n", "t": "t", "n1": "n_1", "n2": "n_2", "pg": "pg", "pc": "pc"}


@pytest.mark.parametrize("case", transform_cases(), ids=lambda case: case["id"])
def test_transformation_agrees_with_the_reference(case):
    key = case["options"]["transf"].removeprefix("transf.")
    inside = case["call"].split(case["options"]["transf"], 1)[1]
    names = re.findall(r"\w+", inside.split("targs")[0])
    more = {NAMES[name]: column(case["dataset"], name) for name in names[1:]}
    for target, value in re.findall(r"(sd|tau2)=([\d.]+)", inside):
        more[target] = np.array(float(value))
    if "ni=n" in inside:
        more["n"] = column(case["dataset"], "n")
    close(
        transform(key, column(case["dataset"], names[0]), **more), numbers(case["expected"]["value"]), case["tolerance"]
    )


def test_every_measure_and_every_variance_formula_has_a_case():
    seen = {case["options"]["measure"] for case in measure_cases()}
    assert set(MEASURES) - seen == {"GEN"}  # the same function as HR, compared with it in test_measures.py
    assert seen <= set(MEASURES)
