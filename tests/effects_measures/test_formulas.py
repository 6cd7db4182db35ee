"""The one-line formulas that a trail prints give the numbers that the functions give."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import gamma, hyp2f1, ndtr, ndtri

from mscsec.effects.measures import FAMILIES, MEASURES, Measure, effect_size

VALUES = {
    "events_1": 7.0, "n_1": 31.0, "events_2": 12.0, "n_2": 44.0, "events": 9.0, "n": 37.0, "time_1": 120.0, "time_2": 95.5,
    "time": 61.0, "both": 14.0, "only_1": 9.0, "only_2": 5.0, "neither": 11.0, "cases_0": 40.0, "cases_1": 61.0, "cases_2": 33.0,
    "mean_1": 11.2, "sd_1": 3.1, "mean_2": 9.4, "sd_2": 2.3, "mean": 11.2, "sd": 3.1, "r": 0.43, "t": 2.6, "r2": 0.47,
    "predictors": 4.0, "alpha": 0.83, "items": 12.0, "auc": 0.71, "ties": 0.01, "yi": 0.3, "sei": 0.12,
}  # fmt: skip
IN_WORDS = {  # formulas that say what is done rather than give an expression; by measure and half
    ("PHI", "vi"), ("ZPHI", "vi"), ("ZPHI", "yi"), ("RTET", "yi"), ("RTET", "vi"), ("ZTET", "yi"), ("ZTET", "vi"),
    ("OR2D", "yi"), ("OR2DL", "yi"), ("OR2DN", "yi"), ("OR2D", "vi"), ("OR2DL", "vi"), ("OR2DN", "vi"),
    ("CLES", "yi"), ("AUC", "yi"), ("CLESN", "vi"), ("AUCN", "vi"), ("CLESCN", "vi"), ("AUCCN", "vi"), ("ZPB", "vi"),
    ("ZBIS", "yi"), ("ZBIS", "vi"), ("UCOR", "yi"), ("ZSPCOR", "vi"), ("R2F", "vi"), ("ZR2F", "vi"),
    ("HR", "yi"), ("HR", "vi"), ("GEN", "yi"), ("GEN", "vi"),
}  # fmt: skip


def given(row: Measure) -> dict[str, float]:
    family = FAMILIES[row.family]
    ways = [names for names in family.any_of if set(names) <= set(VALUES)]
    ways.sort(key=lambda names: (len(names) == 1, names != ("t",) if row.family == "partial" else False))
    names = (*family.needs, *(ways[0] if ways else ()), *(name for name in family.may if name == "ties"))
    arrays = {name: VALUES[name] for name in names}
    if row.family == "marginal":
        arrays["n_2"] = arrays["n_1"]
    return arrays


def symbols(row: Measure, arrays: dict[str, float]) -> dict[str, Any]:
    """The letters of the formulas."""
    x: dict[str, Any] = {"pi": np.pi, "log": np.log, "sqrt": np.sqrt, "exp": np.exp, "asin": np.arcsin, "artanh": np.arctanh,
                         "Gamma": gamma, "quantile": ndtri, "Phi": ndtr, "phi": lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi)}  # fmt: skip
    short = {"mean": "m", "sd": "s", "n": "n", "time": "t", "events": "x", "r": "r", "t": "t", "r2": "R2",
             "alpha": "alpha", "auc": "A", "ties": "ties", "predictors": "m", "items": "m"}  # fmt: skip
    for name, value in arrays.items():
        stem, _, group = name.partition("_")
        if stem in short:
            x[short[stem] + group] = value
    cells = {"paired": ("both", "only_1", "only_2", "neither"), "genotypes": ("cases_0", "cases_1", "cases_2")}.get(
        row.family
    )
    if cells:
        x |= dict(zip("abcd", (arrays[name] for name in cells), strict=False))
        x["n"] = sum(arrays.values())
    if "events_1" in arrays and "n_1" in arrays:
        x |= {"a": x["x1"], "b": x["n1"] - x["x1"], "c": x["x2"], "d": x["n2"] - x["x2"]}
        x |= {
            "p1": x["a"] / x["n1"],
            "p2": x["c"] / x["n2"],
            "n": x["n1"] if row.family == "marginal" else x["n1"] + x["n2"],
        }
    elif "n1" in x:
        x["n"], x["df"] = x["n1"] + x["n2"], x["n1"] + x["n2"] - 2
        if "m1" in x and "s1" in x:
            x["s_pooled"] = np.sqrt(((x["n1"] - 1) * x["s1"] ** 2 + (x["n2"] - 1) * x["s2"] ** 2) / x["df"])
            x["d"] = (x["m1"] - x["m2"]) / x["s_pooled"]
    if row.family == "proportion":
        x["p"] = x["x"] / x["n"]
    if row.family.startswith("change") and "s2" in x:
        x["s_change"] = np.sqrt(x["s1"] ** 2 + x["s2"] ** 2 - 2 * x["r"] * x["s1"] * x["s2"])
    df = {"SMD": x.get("df"), "SMDH": x.get("df"), "SMD1": x.get("n2", 0) - 1, "SMD1H": x.get("n2", 0) - 1}.get(row.key)
    df = 2 * (x["n"] - 1) / (1 + x["r"] ** 2) if row.key.startswith("SMCRP") else df or x.get("n", 2) - 1
    x["J"] = gamma(df / 2) / (np.sqrt(df / 2) * gamma((df - 1) / 2))
    return x


def evaluate(text: str, x: dict[str, Any]) -> float:
    """The value of "expression, name = expression, ...", multiplication written as a space."""
    parts = re.split(r", (?=[\w^]+ = )", text)
    names = dict(x)
    for part in reversed(parts[1:]):
        name, _, expression = part.partition(" = ")
        power = name.endswith("^2")
        value = value_of(expression, names)
        names[name.removesuffix("^2")] = np.sqrt(value) if power else value
    return value_of(parts[0], names)


def value_of(text: str, names: dict[str, Any]) -> float:
    code = re.sub(r"(?<=[\w)]) (?=[\w(])|(?<=\))(?=\()", " * ", text).replace("^", "**")
    value: float = eval(code, {"__builtins__": {}}, names)
    return value


@pytest.mark.parametrize("row", MEASURES.values(), ids=list(MEASURES))
def test_the_printed_formula_gives_the_number(row):
    arrays = given(row)
    effects = effect_size(row.key, **arrays)
    x = symbols(row, arrays) | {"yi": effects.yi[0]}
    if (row.key, "yi") not in IN_WORDS:
        assert_allclose(evaluate(row.formula, x), effects.yi[0], rtol=1e-10)
    if (row.key, "vi") not in IN_WORDS:
        assert_allclose(evaluate(row.variance, x), effects.vi[0], rtol=1e-10)


def test_the_unbiased_correlation_is_its_formula():
    assert_allclose(effect_size("UCOR", r=0.43, n=37).yi, 0.43 * hyp2f1(0.5, 0.5, 35 / 2, 1 - 0.43**2), rtol=1e-12)
