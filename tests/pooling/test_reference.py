"""One set of effects against metafor and meta, case by case."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mscsec.errors import InvalidInput, MscsecError, TooFewStudies, UnknownMethod
from mscsec.pooling import CI, PREDICTION, TAU2, TAU2_CI, PooledResult, pool, studies

from . import reference
from .reference import cases, compare, effects, meta_options, rma_options

ALL_UNIVARIATE = cases(reference.is_univariate)
UNIVARIATE = [case for case in ALL_UNIVARIATE if "vi0" not in case["id"]]
METAGEN = cases(reference.is_metagen)
INVERSE = cases(reference.is_inverse)
PER_STUDY = cases(reference.is_per_study)
HENMI = cases(lambda case: case["id"].startswith("hc-"))

# metafor searches for the limits of tau2 up to 100 unless told otherwise, and reports 100 where the limit lies beyond; the
# case "QP-wide" has the limit itself, which is ours in both.
CAPPED = {"edge-edge_k2-QP": ("tau2_ub", "tau_ub", "I2_ub", "H2_ub")}
# A tau2 that is taken as known has no standard error here; metafor prints the one that REML would have at that value.
KNOWN = {"uni-raudenbush1985-REML-z-tau2fix": ("se_tau2",)}
# meta gives Q = 0 on no degrees of freedom for a single study; here nothing was pooled, so there is no Q.
SINGLE = ("Q", "df_Q", "QE", "QE_df", "QEp", "I2", "H2", "pi_lb", "pi_ub")


def ids(chosen: list[dict[str, Any]]) -> list[str]:
    return [case["id"] for case in chosen]


def shares(result: PooledResult) -> list[float]:
    return [100 * share for share in result.weights]


def percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def without(found: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in names}


@pytest.mark.parametrize("case", UNIVARIATE, ids=ids(UNIVARIATE))
def test_univariate_as_in_metafor(case: dict[str, Any]) -> None:
    yi, vi = effects(case)
    options = rma_options(case)
    result = pool(yi, vi, **options)
    details = result.details or {}
    found = {
        "k": result.k,
        "estimate": result.estimate,
        "se": result.se,
        "stat": result.statistic,
        "df": result.df,
        "pval": result.p_value,
        "ci_lb": result.ci_low,
        "ci_ub": result.ci_high,
        "tau2": result.tau2 or 0.0,
        "se_tau2": result.tau2_se,
        "I2": percent(result.i2),
        "H2": result.h2,
        "QE": result.q,
        "QE_df": result.q_df,
        "QEp": result.q_p,
        "weights": shares(result),
        "pi_lb": result.prediction_low,
        "pi_ub": result.prediction_high,
    }
    if "predtype" in case["options"]:
        found["pi_df"] = result.prediction_df
    for name, key in (("logLik", "log_likelihood"), ("AIC", "aic"), ("BIC", "bic"), ("AICc", "aicc")):
        if key in details:
            found[name] = details[key]
    if "confint" in case["call"]:
        found = {name: found[name] for name in ("tau2", "I2", "H2")}
        found |= {"tau2_lb": result.tau2_ci_low, "tau2_ub": result.tau2_ci_high}
        found |= {"I2_lb": 100 * details["i2_ci"][0], "I2_ub": 100 * details["i2_ci"][1]}
        found |= {"H2_lb": details["h2_ci"][0], "H2_ub": details["h2_ci"][1]}
    left_out = CAPPED.get(case["id"], ()) + KNOWN.get(case["id"], ()) + (SINGLE if result.k == 1 else ())
    compare(case, without(found, left_out), least=6)


def test_the_capped_limit_lies_beyond_the_cap() -> None:
    """Both numbers stay in sight: 100 in metafor's default search, 325.8 without the cap."""
    capped, wide = (
        next(c for c in UNIVARIATE if c["id"] == name) for name in ("edge-edge_k2-QP", "edge-edge_k2-QP-wide")
    )
    assert capped["expected"]["tau2_ub"] == 100
    result = pool(*effects(capped), tau2="REML", tau2_ci="QP")
    assert result.tau2_ci_high == pytest.approx(wide["expected"]["tau2_ub"], rel=1e-6)


@pytest.mark.parametrize("case", METAGEN, ids=ids(METAGEN))
def test_generic_inverse_variance_as_in_meta(case: dict[str, Any]) -> None:
    yi, vi = effects(case)
    compare_with_meta(case, yi, vi)


@pytest.mark.parametrize("case", INVERSE, ids=ids(INVERSE))
def test_inverse_variance_of_meta_from_its_study_effects(case: dict[str, Any]) -> None:
    yi, sei = reference.complete(case["expected"]["study_estimate"], case["expected"]["study_se"])
    compare_with_meta(case, yi, sei**2)


def compare_with_meta(case: dict[str, Any], yi: Any, vi: Any) -> None:
    options = meta_options(case)
    result = pool(yi, vi, **options)
    of_mean = {name: options[name] for name in ("level", "null", "weights") if name in options}
    if "IVhet" in case["call"]:  # meta files it under the common effect, with the tau2 of the random one
        common = pool(yi, vi, tau2=options["tau2"], ci="ivhet", **of_mean)
    else:
        common = pool(yi, vi, model="common", **of_mean)
    found = {
        "k": result.k,
        "estimate_random": result.estimate,
        "se_random": result.se,
        "stat_random": result.statistic,
        "df_random": result.df,
        "pval_random": result.p_value,
        "ci_lb_random": result.ci_low,
        "ci_ub_random": result.ci_high,
        "df_predict": result.prediction_df,
        "pi_lb": result.prediction_low,
        "pi_ub": result.prediction_high,
        "tau2": result.tau2,
        "se_tau2": result.tau2_se,
        "Q": result.q,
        "df_Q": result.q_df,
        "pval_Q": result.q_p,
        "I2": percent(result.i2),
        "H": None if result.h2 is None else math.sqrt(max(result.h2, 1.0)),
        "tau2_lb": result.tau2_ci_low,
        "tau2_ub": result.tau2_ci_high,
        "weights_random": shares(result),
        "estimate_common": common.estimate,
        "se_common": common.se,
        "stat_common": common.statistic,
        "pval_common": common.p_value,
        "ci_lb_common": common.ci_low,
        "ci_ub_common": common.ci_high,
        "weights_common": shares(common),
    }
    details = result.details or {}
    if "i2_ci" in details and options["i2"] == "q" and "level.hetstat" not in case["call"]:
        found["I2_lb"], found["I2_ub"] = (100 * limit for limit in details["i2_ci"])
        found["H_lb"], found["H_ub"] = (math.sqrt(limit) for limit in details["h2_ci"])
    if "Rb" in case["expected"]:
        found["Rb"], (found["Rb_lb"], found["Rb_ub"]) = details["rb"], details["rb_ci"]
    left_out = SINGLE if result.k == 1 else ()
    listed = case["expected"].get("weights_random", result.weights)
    if len(listed) != result.k:  # meta lists the studies without an estimate too
        left_out += ("weights_random", "weights_common")
    if "metaprop" in case["call"] or "metarate" in case["call"]:
        # meta tests no hypothesis about a single proportion or rate
        left_out += ("stat_random", "pval_random", "stat_common", "pval_common")
    compare(case, without(found, left_out), least=2)


@pytest.mark.parametrize("case", HENMI, ids=ids(HENMI))
def test_henmi_copas_as_in_metafor(case: dict[str, Any]) -> None:
    result = pool(*effects(case), tau2="DL", ci="hc")
    found = {
        "estimate": result.estimate, "se": result.se, "ci_lb": result.ci_low, "ci_ub": result.ci_high, "tau2": result.tau2,
    }  # fmt: skip
    compare(case, found, least=5)


@pytest.mark.parametrize("case", PER_STUDY, ids=ids(PER_STUDY))
def test_per_study_quantities_as_in_metafor(case: dict[str, Any]) -> None:
    options = rma_options(case)
    for name in ("prediction", "tau2_ci"):
        options.pop(name, None)
    result = studies(*effects(case), **options)
    out = result.deleted
    found = {
        "fitted": result.fitted,
        "resid": result.resid,
        "pearson": result.pearson,
        "hat": result.leverage,
        "weight": 100 * result.weights,
        "rstandard_resid": result.resid,
        "rstandard_se": result.standard_se,
        "rstandard_z": result.standard_z,
        "rstandard_cond_resid": result.conditional_resid,
        "rstandard_cond_se": result.conditional_se,
        "rstudent_resid": out.resid,
        "rstudent_se": out.se,
        "rstudent_z": out.z,
        "rstudent": out.z,
        "dffits": out.dffits,
        "cook_d": out.cook,
        "cov_r": out.covariance_ratio,
        "dfbs": out.dfbetas,
        "tau2_del": out.tau2,
        "QE_del": out.q,
        "estimate": out.estimate,
        "se": out.mean_se,
        "tau2": out.tau2,
        "Q": out.q,
        "I2": 100 * out.i2,
    }
    if result.shrunken is not None:
        s = result.shrunken
        found |= {"blup": s.effect, "blup_se": s.se, "blup_pi_lb": s.low, "blup_pi_ub": s.high}
        found |= {"ranef": s.distance, "ranef_se": s.distance_se}
        found |= {"ranef_pi_lb": s.distance_low, "ranef_pi_ub": s.distance_high}
    compare(case, found, least=4)


# --- what must be refused ---------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[type[MscsecError], dict[str, Any]]] = {
    "edge-edge_k1-confint-error": (TooFewStudies, {"tau2_ci": "QP"}),
    "edge-edge_k1-hc-error": (TooFewStudies, {"ci": "hc"}),
    "edge-edge_k2-HT-error": (TooFewStudies, {"tau2": "DL", "tau2_ci": "HT"}),
    "edge-edge_k2hom-HT-error": (TooFewStudies, {"tau2": "DL", "tau2_ci": "HT"}),
    "edge-edge_vi0-DL-error": (InvalidInput, {"tau2": "DL"}),
    "edge-edge_vi0-EE-error": (InvalidInput, {"model": "common"}),
    "edge-edge_vi0-PM-error": (InvalidInput, {"tau2": "PM"}),
    "edge-edge_k2-EE-confint-error": (InvalidInput, {"model": "common", "tau2_ci": "QP"}),
    "edge-edge_k2-tau2fix-confint-error": (InvalidInput, {"tau2": 0.1, "tau2_ci": "QP"}),
    "edge-edge_var-method-error": (UnknownMethod, {"tau2": "XX"}),
    "edge-edge_var-weights-error": (InvalidInput, {"weights": [-1, 1, 1, 1, 1]}),
    "edge-edge_var-genq-noweights-error": (InvalidInput, {"tau2": "GENQ"}),
    "edge-edge_var-genq-ci-error": (InvalidInput, {"tau2": "DL", "tau2_ci": "GENQ"}),
}
# The deletion of the only study; shrunken effects under user weights are None; a cap on the search is not an option here;
# moderators belong to the regression room.
ELSEWHERE = {
    "edge-edge_k1-influence-error", "edge-edge_var-blup-weights-error", "edge-edge_var-PM-tau2max-error",
    "edge-edge_var-hc-mods-error", "edge-edge_k2-reg-error",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_metafor_refuses_is_refused_by_name(name: str) -> None:
    error, options = REFUSED[name]
    case = next(case for case in reference.file("pooling.json")["cases"] if case["id"] == name)
    data = reference.columns(case)
    with pytest.raises(error):
        pool(data["yi"], data["vi"], **options)


def test_every_refusal_of_the_reference_is_accounted_for() -> None:
    mine = cases(lambda case: reference.MINE.match(case["id"]) and reference.is_error(case))
    assert {case["id"] for case in mine} == set(REFUSED) | ELSEWHERE


def test_refusals_outside_pool() -> None:
    with pytest.raises(TooFewStudies):
        studies([0.35], [0.04])
    assert studies([0.1, 0.4, 0.2], [0.1, 0.2, 0.1], weights=[1, 2, 3]).shrunken is None


def test_a_variance_of_zero_is_refused_for_unweighted_estimators_too() -> None:
    """metafor's HE runs on it without Q or I2; here a study without sampling variance is refused for every estimator."""
    case = next(case for case in ALL_UNIVARIATE if case["id"] == "edge-edge_vi0-HE")
    data = reference.columns(case)
    with pytest.raises(InvalidInput, match=r"vi\[1\] is 0"):
        pool(data["yi"], data["vi"], tau2="HE")


# --- nothing falls out unseen -----------------------------------------------------------------------------------------


def test_every_row_of_every_table_has_a_reference() -> None:
    used = [rma_options(case) for case in UNIVARIATE] + [meta_options(case) for case in METAGEN + INVERSE]
    assert {o["tau2"] for o in used if isinstance(o.get("tau2"), str)} >= set(TAU2) - {"DL2"}
    assert {o["ci"] for o in used} | {"hc", "ivhet"} >= set(CI) - {"profile"}
    assert {o["prediction"] for o in used} >= set(PREDICTION) - {"shown"}
    assert {o["tau2_ci"] for o in used if "tau2_ci" in o} >= set(TAU2_CI)


def test_the_number_of_cases_does_not_shrink() -> None:
    assert (len(UNIVARIATE), len(METAGEN), len(INVERSE), len(HENMI), len(PER_STUDY)) >= (275, 45, 40, 6, 20)
    assert np.all([len(case["expected"]) for case in UNIVARIATE])
