"""Every regression case of the reference files against its numbers."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from mscsec.errors import TooFewStudies, UnknownMethod
from mscsec.pooling.regression import (
    ESTIMATORS,
    INTERVALS,
    SANDWICHES,
    TAU2_INTERVALS,
    RegressionResult,
    contrast,
    design,
    influence,
    likelihood_ratio,
    location_scale,
    multilevel,
    permutation_test,
    predict,
    regress,
    residuals,
    robust,
    shrunken_effects,
    subgroups,
    variance_inflation,
    wald,
)

from .reference import CI, TOPICS, case, cases, close, columns, compare, designed, document, fitted

SPECIAL = ("gvif", "anova", "LRT", "contrast")


def shown(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(found, id=found["id"]) for found in cases]


def percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def answers(fit: RegressionResult) -> dict[str, Any]:
    parts = fit.coefficients.values()
    common = fit.model == "common"
    return {
        "k": fit.k,
        "p": fit.p,
        "coef": [part.estimate for part in parts],
        "se": [part.se for part in parts],
        "stat": [part.statistic for part in parts],
        "df": next(iter(parts)).df,
        "pval": [part.p_value for part in parts],
        "ci_lb": [part.ci_low for part in parts],
        "ci_ub": [part.ci_high for part in parts],
        "vcov": fit.vcov,
        "QM": fit.qm.statistic,
        "QM_df1": fit.qm.df1,
        "QM_df2": fit.qm.df2,
        "QMp": fit.qm.p_value,
        "tau2": fit.tau2,
        "se_tau2": None if common else fit.tau2_se,
        "R2": percent(fit.r2),
        "I2": percent(fit.i2),
        "H2": fit.h2,
        "QE": fit.qe,
        "QE_df": fit.qe_df,
        "QEp": fit.qe_p,
        "fitted": fit.data.design @ np.array([part.estimate for part in parts]),
        "logLik": fit.log_likelihood,
        "AIC": fit.aic,
        "BIC": fit.bic,
        "AICc": fit.aicc,
    }


def new_values(call: str) -> np.ndarray | None:
    """The rows of `newmods` in a call: c(...) is a column, cbind(...) columns, rbind(...) rows."""
    found = re.search(r"newmods=((?:c|[cr]bind)\(.*\))\)", call)
    if found is None:
        return None
    parts = [[float(x) for x in part.split(",")] for part in re.findall(r"\bc\(([^()]*)\)", found.group(1))]
    return np.array(parts) if found.group(1).startswith("rbind") else np.array(parts).T


@pytest.mark.parametrize("found", shown([c for c in cases("mreg") if not any(word in c["id"] for word in SPECIAL)]))
def test_regression(found):
    fit = fitted(found)
    actual = answers(fit)
    rows = new_values(found["call"])
    if rows is not None:
        # a null-free reference: the common-effect cases have no prediction interval to compare
        ahead = predict(fit, rows, prediction="test")
        actual |= {
            "pred": ahead.estimate, "pred_se": ahead.se, "pred_ci_lb": ahead.ci_low, "pred_ci_ub": ahead.ci_high,
            "pred_pi_lb": ahead.prediction_low, "pred_pi_ub": ahead.prediction_high,
        }  # fmt: skip
    if "vif" in found["expected"]:
        actual["vif"] = [part.gvif for part in variance_inflation(fit).values()]
    assert len(fit.coefficients) == len(found["expected"]["coef_names"])
    ignored = {"coef_names", "vif_names"}
    tiny = found["expected"].get("vcov", [])
    if np.any((np.abs(np.array(tiny, dtype=float)) < 1e-14) & (np.array(tiny, dtype=float) != 0)):
        ignored.add("vcov")  # rounding error printed as a covariance; the standard errors stand for it
    compare(actual, found, ignored)


def test_generalised_variance_inflation():
    found = case("mreg-bcg-RR-gvif-ablat-alloc")
    inflation = variance_inflation(fitted(found), {"ablat": [1], "alloc": [2, 3]}).values()
    actual = {"m": [i.m for i in inflation], "gvif": [i.gvif for i in inflation], "gsif": [i.gsif for i in inflation]}
    compare(actual, found, ("coef_names",))


def test_the_terms_of_a_formula_are_the_sets_of_inflation():
    found = case("mreg-bcg-RR-gvif-ablat-alloc")
    terms = dict(designed(found, columns(found)).terms)
    terms.pop("intercept")
    assert [i.gvif for i in variance_inflation(fitted(found), terms).values()] == pytest.approx(
        found["expected"]["gvif"]
    )


@pytest.mark.parametrize("found", shown([c for c in cases("mreg") if "anova" in c["id"]]))
def test_joint_test_of_coefficients(found):
    test = wald(fitted(found), [at - 1 for at in found["options"]["btt"]])
    compare({"QM": test.statistic, "QM_df1": test.df1, "QM_df2": test.df2, "QMp": test.p_value}, found)
    within = fitted(found, btt=[at - 1 for at in found["options"]["btt"]]).qm
    assert within == test


def test_contrast():
    found = case("mreg-bcg-RR-contrast-random-minus-systematic-z")
    part = contrast(fitted(found), [[0, 1, -1]])
    one = next(iter(part.contrasts.values()))
    compare({"estimate": [one.estimate], "se": [one.se], "stat": [one.statistic], "pval": [one.p_value]}, found)
    half = 1.959963984540054 * found["expected"]["se"][0]
    limits = [found["expected"]["estimate"][0] + sign * half for sign in (-1, 1)]
    assert [one.ci_low, one.ci_high] == pytest.approx(limits, rel=1e-6)
    by_name = contrast(fitted(found), {"difference": {"alloc[T.random]": 1, "alloc[T.systematic]": -1}})
    assert by_name.contrasts["difference"] == one


def test_likelihood_ratio():
    found = case("mreg-bcg-RR-LRT-alloc")
    table = columns(found)
    full, reduced = (
        regress(table["yi"], table["vi"], design(mods, table).X, tau2="ML", ci="wald")
        for mods in ("ablat + alloc", "ablat")
    )
    test = likelihood_ratio(full, reduced)
    compare(
        {
            "LRT": test.statistic,
            "pval": test.p_value,
            "df": test.df,
            "logLik_full": test.log_likelihood_full,
            "logLik_reduced": test.log_likelihood_reduced,
        },
        found,
    )


@pytest.mark.parametrize("found", shown([c for c in cases("tau2ci") if "mods" in c["options"]]))
def test_interval_of_tau2(found):
    fit = fitted(found, tau2_ci=found["options"]["type"])
    low, high = fit.tau2_ci_low, fit.tau2_ci_high
    actual = {
        "tau2": fit.tau2, "tau2_lb": low, "tau2_ub": high,
        "tau": fit.tau, "tau_lb": math.sqrt(low), "tau_ub": math.sqrt(high),
        "I2": percent(fit.i2), "I2_lb": percent(fit.i2_ci_low), "I2_ub": percent(fit.i2_ci_high),
        "H2": fit.h2, "H2_lb": fit.h2_ci_low, "H2_ub": fit.h2_ci_high,
    }  # fmt: skip
    compare(actual, found, ("ci_null", "lb_sign", "ub_sign"))


@pytest.mark.parametrize(
    "found",
    shown([c for c in cases("tau2ci") if "mods" not in c["options"] and c["options"]["type"] in TAU2_INTERVALS]),
)
def test_interval_of_tau2_without_moderators(found):
    fit = fitted(found, tau2_ci=found["options"]["type"], level=found["options"].get("level", 95) / 100)
    compare(
        {"tau2": fit.tau2, "tau2_lb": fit.tau2_ci_low, "tau2_ub": fit.tau2_ci_high},
        found,
        set(found["expected"]) - {"tau2", "tau2_lb", "tau2_ub"},
    )


@pytest.mark.parametrize(("key", "weights"), [("BJ", "1/vi"), ("J", "1/sqrt(vi)")])
def test_named_intervals_are_generalised_q_with_their_weights(key, weights):
    found = [c for c in cases("tau2ci") if c["options"]["type"] == "GENQ" and c["options"]["weights"] == weights]
    assert found
    for one in found:
        fit = fitted(one, tau2_ci=key, level=one["options"].get("level", 95) / 100)
        close(
            [fit.tau2_ci_low, fit.tau2_ci_high],
            [one["expected"]["tau2_lb"], one["expected"]["tau2_ub"]],
            one["tolerance"],
            one["id"],
        )


@pytest.mark.parametrize("found", shown(cases("resid")))
def test_residuals(found):
    fit = fitted(found)
    here, without = residuals(fit), influence(fit)
    compare(
        {
            "fitted": here.fitted, "resid": here.raw, "pearson": here.pearson, "hat": here.hat,
            "rstandard_resid": here.raw, "rstandard_se": here.se, "rstandard_z": here.standardised,
            "rstandard_cond_resid": here.conditional, "rstandard_cond_se": here.conditional_se,
            "rstandard_cond_z": here.standardised, "rstudent_resid": without.residual,
            "rstudent_se": without.residual_se, "rstudent_z": without.studentised,
        },
        found,
    )  # fmt: skip


@pytest.mark.parametrize("found", shown(cases("blup")))
def test_shrunken_effects(found):
    part = shrunken_effects(fitted(found))
    compare(
        {
            "blup": part.estimate, "blup_se": part.se, "blup_pi_lb": part.low, "blup_pi_ub": part.high,
            "ranef": part.deviation, "ranef_se": part.deviation_se, "ranef_pi_lb": part.deviation_low,
            "ranef_pi_ub": part.deviation_high,
        },
        found,
    )  # fmt: skip


def influences(fit: RegressionResult) -> dict[str, Any]:
    part = influence(fit)
    return {
        "rstudent": part.studentised, "rstudent_z": part.studentised, "dffits": part.dffits, "cook_d": part.cook,
        "cov_r": part.covratio, "tau2_del": part.tau2, "QE_del": part.qe, "hat": part.hat,
        "weight": 100 * part.weight, "dfbs": part.dfbetas, "is_infl": part.influential,
        "x": part.baujat_x, "y": part.baujat_y, "baujat_y": part.baujat_y,
    }  # fmt: skip


@pytest.mark.parametrize("found", shown(cases("infl", "baujat")))
def test_influence(found):
    compare(influences(fitted(found)), found, ("dfbs_names",))


@pytest.mark.parametrize("found", shown(cases("perm")))
def test_permutation(found):
    options = found["options"]
    test = permutation_test(
        fitted(found),
        exact=True,
        alternative=options.get("alternative", "two-sided"),
        statistic={"test": "test", "coef": "coefficient"}[options.get("stat", "test")],
    )
    compare({"n_perm": test.permutations, "pval": list(test.p_values.values()), "QMp": test.qm_p}, found)


@pytest.mark.parametrize("found", shown(cases("robust")))
def test_robust(found):
    # The reference's robust() scales by n / (n - p), which clubSandwich and this table call CR1p.
    kind = {"CR1": "CR1p"}.get(found["options"]["estimator"], found["options"]["estimator"])
    table = columns(found)
    cluster = table["study"]
    if found["dataset"] == "bcg":
        assert len(set(cluster)) == found["expected"]["n_clusters"]
    part = robust(fitted(found), cluster, kind=kind)
    each = part.coefficients.values()
    compare(
        {
            "coef": [c.estimate for c in each], "se": [c.se for c in each], "stat": [c.statistic for c in each],
            "df": [c.df for c in each], "pval": [c.p_value for c in each], "ci_lb": [c.ci_low for c in each],
            "ci_ub": [c.ci_high for c in each], "QM": part.qm.statistic, "QM_df1": part.qm.df1,
            "QM_df2": part.qm.df2, "QMp": part.qm.p_value, "n_clusters": part.n_clusters,
        },
        found,
        ("coef_names",),
    )  # fmt: skip


@pytest.mark.parametrize("found", shown(cases("ls")))
def test_location_scale(found):
    options, table = found["options"], columns(found)
    x, z = (design(options[part].removeprefix("~"), table) for part in ("mods", "scale"))
    fit = location_scale(
        table["yi"], table["vi"], x.X, z.X, names=x.names, scale_names=z.names, method=options["method"],
        ci=CI[options.get("test", "z")],
    )  # fmt: skip
    mean, scale = fit.location.values(), fit.scale.values()
    compare(
        {
            "coef": [c.estimate for c in mean], "se": [c.se for c in mean], "stat": [c.statistic for c in mean],
            "pval": [c.p_value for c in mean], "ci_lb": [c.ci_low for c in mean], "ci_ub": [c.ci_high for c in mean],
            "alpha": [c.estimate for c in scale], "se_alpha": [c.se for c in scale],
            "stat_alpha": [c.statistic for c in scale], "pval_alpha": [c.p_value for c in scale],
            "ci_lb_alpha": [c.ci_low for c in scale], "ci_ub_alpha": [c.ci_high for c in scale], "tau2": fit.tau2,
            "QM": fit.qm.statistic, "QMp": fit.qm.p_value, "QS": fit.qs.statistic, "QSp": fit.qs.p_value,
            "QE": fit.qe, "QEp": fit.qe_p, "logLik": fit.log_likelihood, "AIC": fit.aic, "BIC": fit.bic,
        },
        found,
        ("coef_names", "alpha_names"),
    )  # fmt: skip
    assert fit.qe_df == len(table["yi"]) - len(found["expected"]["coef"])


@pytest.mark.parametrize("found", shown([c for c in cases("meta") if "-3level-" in c["id"]]))
def test_three_levels(found):
    options, table = found["options"], columns(found)
    fit = multilevel(
        table["yi"],
        table["vi"],
        table["study"],
        method=options["method.tau"],
        ci="t" if options.get("method.random.ci") == "HK" else "wald",
        tau2_ci="PL" if options.get("method.tau.ci") == "PL" else "none",
    )
    mean = fit.coefficients["intercept"]
    compare(
        {
            "k": fit.k, "k_study": fit.n_clusters, "estimate_random": mean.estimate, "se_random": mean.se,
            "stat_random": mean.statistic, "df_random": mean.df, "pval_random": mean.p_value,
            "ci_lb_random": mean.ci_low, "ci_ub_random": mean.ci_high, "tau2_between": fit.tau2_between,
            "tau2_within": fit.tau2_within, "Q": fit.q, "df_Q": fit.q_df, "pval_Q": fit.q_p,
            "pi_lb": fit.prediction_low, "pi_ub": fit.prediction_high,
            "tau2_between_lb": fit.tau2_between_ci_low, "tau2_between_ub": fit.tau2_between_ci_high,
            "tau2_within_lb": fit.tau2_within_ci_low, "tau2_within_ub": fit.tau2_within_ci_high,
        },
        found,
    )  # fmt: skip


@pytest.mark.parametrize(
    "found", shown([c for c in cases("meta") if "-sub-" in c["id"] and c["options"].get("method") != "MH"])
)
def test_subgroups(found):
    options, table = (
        found["options"],
        columns(found | {"options": {"measure": "RR"}}) if found["dataset"] == "bcg" else _table(found),
    )
    arguments = {"transform": "identity", "prediction": "none"}
    each = subgroups(
        table["yi"], table["vi"], table[options["subgroup"]], tau2=options["method.tau"],
        tau2_common=options["tau.common"], ci="hksj" if options.get("method.random.ci") == "HK" else "wald", **arguments,
    )  # fmt: skip
    common = subgroups(table["yi"], table["vi"], table[options["subgroup"]], model="common", **arguments)
    groups = each.groups.values()
    assert list(each.groups) == found["expected"]["levels"]
    shared = each.tau2_common
    actual = {
        "k": each.overall.k, "k_w": [g.k for g in groups],
        "Q_w": [g.q for g in groups], "I2_w": [100 * g.i2_q for g in groups], "tau2_w": [g.tau2 for g in groups],
        "Q_w_common": each.q_within, "df_Q_w": each.q_within_df, "pval_Q_w_common": each.q_within_p,
        "Q_b_common": each.between_common.q, "df_Q_b_common": each.between_common.df,
        "pval_Q_b_common": each.between_common.p_value, "Q_b_random": each.between.q,
        "df_Q_b_random": each.between.df, "pval_Q_b_random": each.between.p_value,
        "tau2_resid": each.tau2, "Q_resid": each.q_within if shared else None,
        "df_Q_resid": each.q_within_df if shared else None,
        "I2_resid": 100 * each.i2_q_residual if shared else None,
        "tau2": each.overall.tau2, "tau": each.overall.tau, "Q": each.overall.q, "df_Q": each.overall.q_df,
    }  # fmt: skip
    for model, of in (("common", common), ("random", each)):
        actual |= {
            f"estimate_{model}": of.overall.estimate, f"se_{model}": of.overall.se,
            f"ci_lb_{model}": of.overall.ci_low, f"ci_ub_{model}": of.overall.ci_high,
            f"estimate_{model}_w": [g.estimate for g in of.groups.values()],
            f"se_{model}_w": [g.se for g in of.groups.values()],
            f"ci_lb_{model}_w": [g.ci_low for g in of.groups.values()],
            f"ci_ub_{model}_w": [g.ci_high for g in of.groups.values()],
        }  # fmt: skip
    assert common.between.q == pytest.approx(each.between_common.q, rel=1e-10)
    of_pool = {
        key
        for key in found["expected"]
        if re.match(r"(stat|pval|df)_(common|random)$|se_tau2|pval_Q$|I2(_[lu]b)?$|H(_[lu]b)?$", key)
    }
    compare(actual, found, {"levels"} | of_pool)


def _table(found: dict[str, Any]) -> dict[str, Any]:
    table = dict(document("pooling.json")["datasets"][found["dataset"]]["columns"])
    if found["dataset"] == "molloy2014":
        return table | {"yi": np.arctanh(table["ri"]), "vi": 1 / (np.array(table["ni"]) - 3)}
    return table | {"vi": np.array(table["sei"]) ** 2}


def test_a_missing_moderator_drops_the_study():
    found = case("edge-edge_na-reg-EE")
    table = document("pooling.json")["datasets"]["edge_na"]["columns"]
    there = [i for i, row in enumerate(zip(table["yi"], table["vi"], strict=True)) if None not in row]
    of = {key: [column[i] for i in there] for key, column in table.items()}
    matrix = design("x", of, missing="drop")
    fit = regress(
        [of["yi"][i] for i in matrix.kept], [of["vi"][i] for i in matrix.kept], matrix.X, model="common", ci="wald"
    )
    compare(answers(fit), found, ("coef_names",))


def test_a_redundant_column_is_dropped_where_asked():
    found = case("edge-raudenbush1985-redundant")
    fit = fitted(found | {"options": {"method": "DL", "mods": "~ weeks + I(2 * weeks)"}})
    compare(answers(fit), found, ("coef_names",))
    assert [notice.code for notice in fit.warnings] == ["P401"]


def test_what_the_reference_refuses_is_refused():
    table = document("pooling.json")["datasets"]["edge_k2"]["columns"]
    assert case("edge-edge_k2-reg-error")["expected"]["error"]
    with pytest.raises(TooFewStudies):
        regress(table["yi"], table["vi"], [1, 2])
    table = document("pooling.json")["datasets"]["edge_var"]["columns"]
    assert case("edge-edge_var-hc-mods-error")["expected"]["error"]
    with pytest.raises(UnknownMethod):
        regress(table["yi"], table["vi"], np.sqrt(table["vi"]), tau2="DL", ci="hc")


# --- regression.json ----------------------------------------------------------------------------------------------------


def _own(found: dict[str, Any]) -> RegressionResult:
    options, table = found["options"], columns(found, "regression.json")
    x = np.column_stack([table[name] for name in options["mods"]])
    return regress(
        table["yi"], table["vi"], x, names=options["mods"], intercept=options["intercept"], tau2=options["method"],
        ci=CI[options["test"]], weights=options.get("weights"),
    )  # fmt: skip


@pytest.mark.parametrize("found", shown(cases("mods", "weights", name="regression.json")))
def test_estimators_and_weights(found):
    fit = _own(found)
    actual = answers(fit)
    if "dffits" in found["expected"]:
        here = residuals(fit)
        actual |= influences(fit) | {"rstandard_se": here.se, "rstandard_z": here.standardised}
    compare(actual, found)


@pytest.mark.parametrize("found", shown(cases("robust", name="regression.json")))
def test_sandwiches(found):
    part = robust(_own(found), found["options"]["cluster"], kind=found["options"]["kind"], df="satterthwaite")
    each, m = part.coefficients.values(), part.qm.df1
    eta = part.qm.df2 + m - 1
    compare(
        {
            "se": [c.se for c in each], "df": [c.df for c in each], "pval": [c.p_value for c in each],
            "Fstat": part.qm.statistic / m * part.qm.df2 / eta if m == 1 else part.qm.statistic,
            "df_num": m, "df_denom": part.qm.df2, "HTZp": part.qm.p_value,
        },
        found,
    )  # fmt: skip


@pytest.mark.parametrize("exact", document("regression.json")["exact"], ids=lambda exact: exact["id"])
def test_against_exact_arithmetic(exact):
    actual = answers(fitted(case(exact["id"])))
    for key, expected in exact["expected"].items():
        close(actual[key], expected, exact["tolerance"], key)


# --- completeness -------------------------------------------------------------------------------------------------------


def test_every_topic_and_every_row_of_a_table_has_cases():
    for topic in TOPICS:
        assert cases(topic), topic
    seen = [found["options"] for name in ("pooling.json", "regression.json") for found in document(name)["cases"]]
    methods = {found.get("method") for found in seen if "mods" in found} | {"GENQM"}
    assert set(ESTIMATORS) <= methods
    assert set(INTERVALS) - {CI[found["test"]] for found in seen if found.get("test") in CI} == {"kr"}
    assert set(SANDWICHES) == {found["kind"] for found in seen if "kind" in found}
    assert set(TAU2_INTERVALS) - {"BJ", "J"} <= {found.get("type") for found in seen}  # those two are GENQ, see above


def test_median_of_generalised_q_has_reference_without_moderators():
    found = [c for c in cases("uni") + cases("tau2ci") if c["options"].get("method") == "GENQM"]
    assert found
    for one in found:
        fit = fitted(one, tau2_ci="none")
        close(fit.tau2, one["expected"]["tau2"], one["tolerance"], one["id"])
