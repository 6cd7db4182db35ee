"""The cases of tests/reference/pooling.json that pool one set of effects, in the words of `pool` and `studies`."""

from __future__ import annotations

import functools
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.testing import assert_allclose

FOLDER = Path(__file__).parent.parent / "reference"

CI_OF_TEST = {"z": "wald", "t": "t", "knha": "hksj", "adhoc": "hksj-adhoc"}
PREDICTION_OF_TEST = {"z": "normal", "t": "t-k1", "knha": "hk", "adhoc": "hk"}
# metafor's predtype under test "z" and under the Knapp-Hartung test
PREDTYPE = {"simple": ("simple", "simple"), "riley": ("hts", "hk-pr"), "t": ("t-k1", "hk")}
TAU2_CI = {
    "QP": "QP", "PL": "PL", "GENQ": "GENQ", "HT": "HT", "wald": "wald", "wald.log": "wald-log", "wald.sqrt": "wald-sqrt",
}  # fmt: skip
META_CI = {"": "hksj", "se": "hksj-adhoc", "ci": "hksj-wider", "IQWiG6": "hksj-iqwig"}
META_PREDICTION = {
    "V": "t-k1", "HTS": "hts", "HK": "hk", "HK-PR": "hk-pr", "KR": "kr", "KR-PR": "kr-pr", "S": "normal",
}  # fmt: skip
MINE = re.compile(r"uni-|tau2ci-|edge-edge_(k1|k2|k2hom|zero|low|huge|equal|var|na|vi0)-")


@functools.cache
def file(name: str) -> dict[str, Any]:
    document = json.loads((FOLDER / name).read_text())
    assert isinstance(document, dict)
    return document


@functools.cache
def effects_by_case() -> dict[str, dict[str, Any]]:
    return {case: given for given in file("pooling_effects.json")["sets"] for case in given["ids"]}


def cases(choose: Any) -> list[dict[str, Any]]:
    return [case for case in file("pooling.json")["cases"] if choose(case)]


def is_error(case: dict[str, Any]) -> bool:
    return "error" in case["expected"]


def is_univariate(case: dict[str, Any]) -> bool:
    """Calls of rma() without moderators, with or without confint() or predict()."""
    return bool(
        MINE.match(case["id"])
        and case["call"].startswith("res <- rma(")
        and "mods" not in case["call"]
        and "leave1out" not in case["call"]
        and not is_error(case)
    )


def is_metagen(case: dict[str, Any]) -> bool:
    call = case["call"]
    return "metagen(" in call and "subgroup" not in call and "cluster" not in call and not is_error(case)


def is_inverse(case: dict[str, Any]) -> bool:
    """meta's calls from cells, of which the effects stand in the case: pooled by inverse variances."""
    own = "study_se" in case["expected"] and "_w" not in "".join(case["expected"])
    call = case["call"]
    inverse = 'method="Inverse"' in call or re.search(r"meta(cont|cor)\(", call)
    return bool(own and inverse and "subgroup" not in call and not is_error(case))


def is_per_study(case: dict[str, Any]) -> bool:
    return bool(re.match(r"blup-|resid-|infl-|leave1out-", case["id"])) and "mods" not in case["call"]


def columns(case: dict[str, Any]) -> dict[str, Any]:
    found = file("pooling.json")["datasets"][case["dataset"]]["columns"]
    assert isinstance(found, dict)
    return found


def complete(yi: list[Any], vi: list[Any]) -> tuple[Any, Any]:
    """Effects and variances of the studies that have both, as metafor drops the others."""
    pairs = [(y, v) for y, v in zip(yi, vi, strict=True) if y is not None and v is not None]
    return np.array([y for y, _ in pairs]), np.array([v for _, v in pairs])


def effects(case: dict[str, Any]) -> tuple[Any, Any]:
    if "measure=" in case["call"]:
        given = effects_by_case()[case["id"]]
        return complete(given["yi"], given["vi"])
    data = columns(case)
    if "seTE=sei" in case["call"]:
        return np.array(data["yi"]), np.array(data["sei"]) ** 2
    return complete(data["yi"], data["vi"])


def quoted(call: str, name: str, otherwise: str = "") -> str:
    found = re.search(rf'\b{re.escape(name)}="([^"]*)"', call)
    return found.group(1) if found else otherwise


def number(call: str, name: str) -> float | None:
    found = re.search(rf"\b{re.escape(name)}=([\d.]+)", call)
    return float(found.group(1)) if found else None


def given(case: dict[str, Any], expression: str) -> Any:
    """The weights that an R expression of the calls stands for."""
    data = columns(case)
    _, vi = effects(case)
    known = {
        "1/vi": 1 / vi,
        "1/sqrt(vi)": 1 / np.sqrt(vi),
        "1/sei": 1 / np.sqrt(vi),
        "ni": data.get("ni"),
        "n1i+n2i": np.add(data.get("n1i", 0), data.get("n2i", 0)),
    }
    return np.asarray(known[expression], dtype=float)


def rma_options(case: dict[str, Any]) -> dict[str, Any]:
    """The options of `pool` for a call of rma(); prediction intervals as metafor's predict() gives them."""
    call = case["call"]
    test = quoted(call, "test", "z")
    method = quoted(call, "method")
    options: dict[str, Any] = {"ci": CI_OF_TEST[test], "prediction": PREDICTION_OF_TEST[test]}
    if method == "EE":
        options["model"] = "common"
    else:
        fixed = number(call.split(";")[0], "tau2")
        options["tau2"] = method if fixed is None else fixed
    weights = re.search(r"weights=(1/sqrt\(vi\)|[^,)]+)", call)
    if weights:
        options["tau2_weights" if "weighted=FALSE" in call else "weights"] = given(case, weights.group(1))
    if "weighted=FALSE" in call:
        options["weights"] = "equal"
    level = number(call, "level")
    if level:
        options["level"] = level / 100
    interval = re.search(r'confint\(res, type="([\w.]+)"', call)
    if method != "EE":
        options["tau2_ci"] = TAU2_CI[interval.group(1)] if interval else "none"
    if predtype := quoted(call, "predtype"):
        options["prediction"] = PREDTYPE.get(predtype, (options["prediction"],) * 2)[test == "knha"]
    return options


def meta_options(case: dict[str, Any]) -> dict[str, Any]:
    """The options of `pool` for the random-effects side of a call of meta's functions."""
    call = case["call"].split("m <- ")[-1]
    predict = META_PREDICTION[quoted(call, "method.predict", "V")]
    tau2: str | float = quoted(call, "method.tau", "REML")
    if predict == "kr" and tau2 != "REML":
        predict = "t-k1"
    how = quoted(call, "method.random.ci", "classic")
    options: dict[str, Any] = {
        "tau2": tau2,
        "ci": {"classic": "wald", "KR": "kr"}.get(how) or META_CI[quoted(call, "adhoc.hakn.ci")],
        "prediction": predict,
        "tau2_ci": quoted(call, "method.tau.ci", "none") or "none",
        "i2": "tau2" if 'method.I2="tau2"' in call else "q",
    }
    preset = number(call, "tau.preset")
    if preset is not None:
        options["tau2"] = preset**2
    for name, mine in (("level.ma", "level"), ("level.predict", "prediction_level"), ("null.effect", "null")):
        value = number(call, name)
        if value is not None:
            options[mine] = value
    if "weights.random=ni" in call:
        options["weights"] = np.asarray(columns(case)["ni"], dtype=float)
    return options


def close(actual: Any, expected: Any, tolerance: float, what: str) -> None:
    """Relative, or absolute where the expected value is within 1e-8 of zero; None where the reference has null."""
    if expected is None:
        assert actual is None, f"{what}: {actual} where the reference has none"
        return
    wanted = np.asarray(
        [math.inf if x == "Inf" else x for x in np.ravel(np.asarray(expected, dtype=object))], dtype=float
    )
    assert actual is not None, f"{what} is missing"
    got = np.ravel(np.asarray(actual, dtype=float))
    near = np.abs(wanted) < 1e-8
    assert_allclose(got[~near], wanted[~near], rtol=tolerance, atol=0, err_msg=what)
    assert_allclose(got[near], wanted[near], rtol=0, atol=max(tolerance, 1e-9), err_msg=what)


def compare(case: dict[str, Any], found: dict[str, Any], least: int) -> None:
    """Compare what both sides name; `least` is how many names there must be, so that nothing falls out unseen."""
    shared = [name for name in found if name in case["expected"]]
    assert len(shared) >= least, f"{case['id']}: only {shared} are compared"
    for name in shared:
        close(found[name], case["expected"][name], case["tolerance"], f"{case['id']} {name}")
