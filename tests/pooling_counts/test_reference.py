"""Every count case of the reference table, through the public functions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mscsec.errors import NotEstimable
from mscsec.pooling.counts import (
    CONVENTIONS,
    COUNTS,
    GROUP_RATES,
    PROPORTIONS,
    RATES,
    ZeroCells,
    pool_counts,
    pool_group_rates,
    pool_proportions,
    pool_rates,
)
from mscsec.pooling.counts.moderators import regress_counts
from mscsec.pooling.result import PooledResult
from mscsec.pooling.tails import critical

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "pooling.json").read_text(encoding="utf-8"))
CASES = {case["id"]: case for case in REFERENCE["cases"]}
METHOD = {"Inverse": "IV"}

STATISTIC = {"pval": "stat", "pval_common": "stat_common", "pval_random": "stat_random"}

# What the reference leaves less exact than its file's tolerance: (case, key) to (tolerance, reason).
LOOSER = {
    ("meta-glmm-Fleiss1993bin-OR-UM.RS", "pi_ub"): (
        1e-3,
        "lme4's standard error is off by 2.4e-4 (finite differences); the limit lies near zero and magnifies that",
    ),
    ("glmm-caffeine-OR-UM.FS-EE", "QEp_Wald"): (
        2e-7,
        "R's glm takes the variances from the iteration before the last; the statistic is off by 3.5e-8, its tail by more",
    ),
}


def column(case: dict[str, Any], *names: str) -> list[np.ndarray]:
    columns = REFERENCE["datasets"][case["dataset"]]["columns"]
    return [np.array(columns[name], dtype=float) for name in names]


def tables(case: dict[str, Any]) -> list[np.ndarray]:
    columns = REFERENCE["datasets"][case["dataset"]]["columns"]
    a, c = column(case, "ai", "ci")
    n_1 = column(case, "n1i")[0] if "n1i" in columns else a + column(case, "bi")[0]
    n_2 = column(case, "n2i")[0] if "n2i" in columns else c + column(case, "di")[0]
    return [a, n_1, c, n_2]


def times(case: dict[str, Any]) -> list[np.ndarray]:
    return column(case, "x1i", "t1i", "x2i", "t2i")


def check(case: dict[str, Any], found: dict[str, Any], expected: dict[str, Any] | None = None) -> None:
    """Every expected key: relative, absolute where the expected value is near zero.

    A P value far in the tail magnifies the relative error of its statistic z by about z squared (d log p = z dz), so its
    tolerance is that of the statistic times 1 + z^2.
    """
    expected = case["expected"] if expected is None else expected
    missing = set(expected) - set(found)
    assert not missing, f"not compared: {missing}"
    for key, value in expected.items():
        tolerance = LOOSER.get((case["id"], key), (case["tolerance"], ""))[0]
        if key in STATISTIC and STATISTIC[key] in found:
            tolerance = tolerance * (1 + as_array(found[STATISTIC[key]]) ** 2)
        wanted, got = as_array(value), as_array(found[key])
        assert wanted.shape == got.shape, key
        assert (np.isnan(wanted) == np.isnan(got)).all(), (key, value, found[key])
        scale = np.where(np.abs(wanted) > 1e-8, np.abs(wanted), 1.0)
        error = np.abs(wanted - got) / scale
        assert not (error > tolerance).any(), (key, value, found[key], error)


def as_array(value: Any) -> np.ndarray:
    values = np.atleast_1d(np.array(value, dtype=object))
    return np.array([np.nan if v is None else float(v) for v in values])


def percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def metafor_fields(r: PooledResult) -> dict[str, Any]:
    d = r.details or {}
    fields = {
        "k": r.k, "k_yi": d.get("k_estimates"), "estimate": r.estimate, "se": r.se, "stat": r.statistic,
        "pval": r.p_value, "ci_lb": r.ci_low, "ci_ub": r.ci_high, "QE": r.q, "QEp": r.q_p, "I2": percent(r.i2),
        "H2": r.h2, "k_pos": d.get("k_pos"), "weights": [100 * w for w in r.weights], "tau2": r.tau2 or 0.0,
        "se_tau2": r.tau2_se, "sigma2": d.get("sigma2"), "logLik": d.get("log_likelihood"), "AIC": d.get("aic"),
        "BIC": d.get("bic"), "QE_Wald": d.get("q_wald"), "QEp_Wald": d.get("q_wald_p"), "QE_LRT": d.get("q_lrt"),
        "QEp_LRT": d.get("q_lrt_p"), "QE_df": r.q_df, "pi_lb": r.prediction_low, "pi_ub": r.prediction_high,
    }  # fmt: skip
    for key, name in (("CO", "cochran"), ("MH", "mantel_haenszel"), ("BD", "breslow_day"), ("TA", "tarone")):
        fields |= {key: d.get(name, {}).get("statistic"), f"{key}p": d.get(name, {}).get("p_value")}
    return fields


def meta_fields(common: PooledResult, random: PooledResult) -> dict[str, Any]:
    d = random.details or {}
    fields: dict[str, Any] = {"k": d.get("k_estimates", random.k), "df_random": random.df}
    for suffix, r in (("common", common), ("random", random)):
        fields |= {
            f"estimate_{suffix}": r.estimate, f"se_{suffix}": r.se, f"stat_{suffix}": r.statistic,
            f"pval_{suffix}": r.p_value, f"ci_lb_{suffix}": r.ci_low, f"ci_ub_{suffix}": r.ci_high,
            f"weights_{suffix}": [100 * w for w in r.weights],
        }  # fmt: skip
    quantile = float(critical(0.95, random.prediction_df or math.inf))
    assert random.prediction_low is not None
    assert random.prediction_high is not None
    return fields | {
        "study_estimate": d.get("study_estimate"), "study_se": d.get("study_se"), "df_predict": random.prediction_df,
        "se_predict": (random.prediction_high - random.prediction_low) / 2 / quantile, "pi_lb": random.prediction_low,
        "pi_ub": random.prediction_high, "tau2": random.tau2, "tau": random.tau, "se_tau2": random.tau2_se,
        "Q": random.q, "df_Q": random.q_df, "pval_Q": random.q_p, "I2": percent(random.i2_q),
        "I2_lb": percent(d["i2_q_ci"][0]) if "i2_q_ci" in d else None,
        "I2_ub": percent(d["i2_q_ci"][1]) if "i2_q_ci" in d else None,
        "H": max(1.0, math.sqrt(random.q / random.q_df)) if random.q is not None and random.q_df else None,
        "H_lb": d["h_ci"][0] if "h_ci" in d else None, "H_ub": d["h_ci"][1] if "h_ci" in d else None,
        "Q_CMH": d.get("cochran", {}).get("statistic"), "pval_Q_CMH": d.get("cochran", {}).get("p_value"),
        "Q_Wald": d.get("q_wald"), "Q_LRT": d.get("q_lrt"),
    }  # fmt: skip


def zero_cells(options: dict[str, Any]) -> ZeroCells:
    """meta's options as a rule."""
    base = CONVENTIONS["meta"]
    return ZeroCells(
        "meta",
        increment=0.5 if options.get("incr") is None else str(options["incr"]).lower() if options["incr"] == "TACC" else options["incr"],
        where=options.get("method.incr", "only0"),
        in_sums=() if options.get("MH.exact") else base.in_sums,
        drop="never" if options.get("allstudies") else "ratio",
        ratio_once=not options.get("RR.Cochrane", False),
        raw_difference=True,
        large_strata=True,
    )  # fmt: skip


def both(case: dict[str, Any], data: list[np.ndarray] | None = None) -> tuple[PooledResult, PooledResult]:
    """meta's two models of a metabin or metainc case."""
    o = case["options"]
    binary = "metabin(" in case["call"]
    data = (tables(case) if binary else times(case)) if data is None else data
    measure = {"ASD": "AS"}.get(o["sm"], o["sm"])
    method = o.get("model.glmm", METHOD.get(o["method"], o["method"]))
    shared = {"measure": measure, "method": method, "preset": "meta", "zero_cells": zero_cells(o), "correct": False}
    random = dict(shared)
    if o["method"] != "GLMM":
        about = "MH" if binary and o.get("Q.Cochrane", True) else "IV"
        random |= {"tau2": o["method.tau"], "tau2_ci": "none", "tau2_about": about}
        if 'method.random.ci="HK"' in case["call"]:
            random["ci"] = "hksj"
    pool = pool_counts if binary else pool_rates
    return pool(*data, model="common", **shared), pool(*data, model="random", **random)


def is_plain_meta(case: dict[str, Any]) -> bool:
    """metabin and metainc on one set; IRSD is a difference of transformed rates, an effect measure and no count method."""
    o = case["options"]
    apart = ("metainf", "metacum", "subgroup=")
    return (
        case["call"].startswith(("m <- metabin(", "m <- metainc("))
        and not any(word in case["call"] for word in apart)
        and o.get("sm") != "IRSD"
    )


META = [key for key, case in CASES.items() if is_plain_meta(case)]
MH = [key for key, case in CASES.items() if case["call"].startswith("res <- rma.mh(")]
PETO = [key for key, case in CASES.items() if case["call"].startswith("res <- rma.peto(")]
GLMM = [
    key for key, case in CASES.items() if case["call"].startswith("res <- rma.glmm(") and "mods" not in case["options"]
]


@pytest.mark.parametrize("name", META)
def test_meta(name: str) -> None:
    case = CASES[name]
    check(case, meta_fields(*both(case)))


def metafor_rule(case: dict[str, Any]) -> ZeroCells | str:
    """metafor's add, to and drop00 as a rule."""
    call = case["call"]
    if "add=c(0.5, 0.5)" in call:
        return ZeroCells("both", in_sums=("MH", "Peto"), in_tests=True, drop="always")
    if 'to="all"' in call:
        return ZeroCells("all", where="all", drop="always")
    return ZeroCells("kept", drop="never") if "drop00=FALSE" in call else "metafor"


@pytest.mark.parametrize("name", MH)
def test_mantel_haenszel(name: str) -> None:
    case = CASES[name]
    o = case["options"]
    options = {"correct": o.get("correct", True), "level": o.get("level", 95) / 100}
    options |= {"measure": o["measure"], "method": "MH", "preset": "metafor", "zero_cells": metafor_rule(case)}
    rates = o["measure"] in ("IRR", "IRD")
    if case["expected"]["estimate"] is None:
        with pytest.raises(NotEstimable):
            pool_counts(*tables(case), **options)
        return
    check(case, metafor_fields(pool_rates(*times(case), **options) if rates else pool_counts(*tables(case), **options)))


@pytest.mark.parametrize("name", PETO)
def test_peto(name: str) -> None:
    case = CASES[name]
    found = pool_counts(*tables(case), method="Peto", preset="metafor", zero_cells=metafor_rule(case))
    check(case, metafor_fields(found))


def test_peto_without_events_is_refused() -> None:
    case = CASES["edge-edge_none-peto-error"]
    assert "error" in case["expected"]
    with pytest.raises(NotEstimable, match="never occurred"):
        pool_counts(*tables(case), method="Peto")


@pytest.mark.parametrize("name", GLMM)
def test_glmm(name: str) -> None:
    case = CASES[name]
    o = case["options"]
    model = {"EE": "common", "ML": "random"}[o["method"]]
    options = {"model": model, "preset": "metafor", "points": 1 if o.get("nAGQ") == 1 else None}
    if o["measure"] == "OR":
        found = pool_counts(*tables(case), method=o["model"], **options)
    elif o["measure"] == "IRR":
        found = pool_rates(*times(case), method=o["model"], **options)
    elif o["measure"] == "PLO":
        found = pool_proportions(*column(case, "xi", "ni"), **options)
    else:
        found = pool_group_rates(*column(case, "x2i", "t2i"), **options)
    fields = metafor_fields(found)
    if model == "common":
        fields |= {"I2": 0.0, "H2": 1.0}  # metafor's I2 of a mixed model is that of tau2, which is 0 by assumption
    check(case, fields)


def test_glmm_with_a_moderator() -> None:
    case = CASES["glmm-bcg-OR-UM.FS-ML-ablat"]
    r = regress_counts(*tables(case), column(case, "ablat")[0], names=["ablat"])
    parts = list(r.coefficients.values())
    fields = {
        "k": r.k, "coef": [c.estimate for c in parts], "se": [c.se for c in parts], "stat": [c.statistic for c in parts],
        "pval": [c.p_value for c in parts], "tau2": r.tau2, "I2": percent(r.i2), "H2": r.h2, "QM": r.qm.statistic,
        "QM_df1": r.qm.df1, "QMp": r.qm.p_value, "QE_Wald": r.q_wald, "QEp_Wald": r.q_wald_p, "QE_LRT": r.q_lrt,
        "QEp_LRT": r.q_lrt_p, "QE_df": r.q_df,
    }  # fmt: skip
    expected = {key: value for key, value in case["expected"].items() if key != "coef_names"}
    # A chi-square of 143 magnifies the relative error of its P value some 70 times.
    check(case | {"tolerance": 100 * case["tolerance"]}, fields, {"QMp": expected.pop("QMp")})
    check(case, fields, expected)


@pytest.mark.parametrize("name", ["meta-glmm-pritz1997-PLOGIT", "meta-glmm-hart1999-IRLN"])
def test_meta_of_one_group(name: str) -> None:
    case = CASES[name]
    pool, names = (pool_proportions, ("xi", "ni")) if "PLOGIT" in name else (pool_group_rates, ("x2i", "t2i"))
    fits = [pool(*column(case, *names), model=model, preset="meta") for model in ("common", "random")]
    check(case, meta_fields(fits[0], fits[1]))


@pytest.mark.parametrize("pooled", ["common", "random"])
def test_leave_one_out(pooled: str) -> None:
    case = CASES[f"meta-inf-bcg-{pooled}"]
    options = {"sm": "RR", "method": "MH", "method.tau": "REML"}
    data = tables(case)
    rows = [both(case | {"options": options}, [np.delete(v, i) for v in data]) for i in range(13)]
    chosen = [pair[pooled == "random"] for pair in rows]
    fields = {
        "k": [r.k for r in chosen], "estimate": [r.estimate for r in chosen], "se": [r.se for r in chosen],
        "ci_lb": [r.ci_low for r in chosen], "ci_ub": [r.ci_high for r in chosen],
        "pval": [r.p_value for r in chosen], "tau2": [pair[1].tau2 for pair in rows],
        "I2": [percent(pair[1].i2_q) for pair in rows],
    }  # fmt: skip
    check(case, fields)


@pytest.mark.parametrize("name", ["meta-sub-bcg-alloc-OR-MH-DL-septau", "meta-sub-bcg-alloc-RR-MH-REML-septau-HK"])
def test_within_subgroups(name: str) -> None:
    """The subgroups of a Mantel-Haenszel analysis with a tau2 of their own; what compares them belongs to the regression room."""
    case = CASES[name]
    groups = REFERENCE["datasets"]["bcg"]["columns"]["alloc"]
    found: dict[str, list[Any]] = {}
    for level in case["expected"]["levels"]:
        chosen = np.array([group == level for group in groups])
        common, random = both(case, [v[chosen] for v in tables(case)])
        row = {
            "k_w": random.k, "estimate_common_w": common.estimate, "se_common_w": common.se,
            "ci_lb_common_w": common.ci_low, "ci_ub_common_w": common.ci_high, "estimate_random_w": random.estimate,
            "se_random_w": random.se, "ci_lb_random_w": random.ci_low, "ci_ub_random_w": random.ci_high,
            "tau2_w": random.tau2, "Q_w": random.q, "I2_w": percent(random.i2_q),
        }  # fmt: skip
        for key, value in row.items():
            found.setdefault(key, []).append(value)
    check(case, found, {key: case["expected"][key] for key in found})


def test_every_row_has_a_case() -> None:
    """BB and Firth have no reference implementation here; their own tests compare them with brute force."""
    options = [CASES[name]["options"] for name in (*META, *MH, *PETO, *GLMM)]
    used = {
        o.get("model", o.get("model.glmm", METHOD.get(str(o.get("method")), o.get("method", "MH")))) for o in options
    }
    used |= {"Peto"} if PETO else set()
    assert set(COUNTS) - used == {"BB", "Firth"}
    assert not set(RATES) - used
    assert {"PLO", "IRLN"} <= {o.get("measure") for o in options}
    assert set(PROPORTIONS) - {"GLMM"} == {"BB"}
    assert not set(GROUP_RATES) - {"GLMM"}


def test_the_number_of_cases_does_not_shrink() -> None:
    assert (len(META), len(MH), len(PETO), len(GLMM)) == (76, 24, 5, 32)
