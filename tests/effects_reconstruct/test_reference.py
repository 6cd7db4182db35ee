"""Reference values: what metafor, estmeansd, metaBLUE and base R give for the same figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, ndtr, ndtri

from mscsec.effects import reconstruct as rc

REFERENCE = Path(__file__).parents[1] / "reference"
EFFECTS = json.loads((REFERENCE / "effects.json").read_text(encoding="utf-8"))
OWN = json.loads((REFERENCE / "reconstruct.json").read_text(encoding="utf-8"))
FAMILIES_OF_CASES = ("fivenum-", "wald-", "conv2x2-", "delta-", "hb-")
CASES = {case["id"]: case for case in EFFECTS["cases"] if case["id"].startswith(FAMILIES_OF_CASES)}

Columns = dict[str, Any]
Answer = dict[str, Any]


def numbers(values: Any) -> np.ndarray:
    """Expected values as floats; null is NaN and "Inf" infinity."""
    return np.array([np.nan if v is None else float(v) for v in np.atleast_1d(np.array(values, dtype=object))])


def agree(found: Any, expected: Any, tolerance: float, what: str) -> None:
    """Relative tolerance, absolute where the expected value is within 1e-8 of zero; NaN exactly where null."""
    found, expected = np.atleast_1d(np.asarray(found, dtype=float)), numbers(expected)
    assert found.shape == expected.shape, what
    assert np.array_equal(np.isnan(found), np.isnan(expected)), f"{what}: {found} for {expected}"
    with np.errstate(invalid="ignore"):
        limit = np.where(np.abs(expected) < 1e-8, tolerance, tolerance * np.abs(expected))
        near = (np.abs(found - expected) <= limit) | (found == expected) | np.isnan(expected)
    assert near.all(), f"{what}: {found[~near]} for {expected[~near]}"


def columns_of(case: dict[str, Any]) -> Columns:
    columns = EFFECTS["datasets"][case["dataset"]]["columns"]
    return {name: np.array([np.nan if v is None else v for v in values]) for name, values in columns.items()}


# --- five numbers ------------------------------------------------------------------------------------------------

PAIRINGS = {
    "default": ("luo2018", "wan-shi"),
    "wan2014": ("wan2014", "wan2014"),
    "hozo2005": ("hozo2005", "hozo2005"),
    "bland2015": ("bland2015", "bland2015"),
    "walter2007": ("walter2007", "walter2007"),
    "blue": ("blue", "blue"),
    "luo2016-shi2020": ("luo2018", "shi2020"),
}
FAMILY_NAMES = {"lognormal": "lnorm"}


def five_numbers(case: dict[str, Any]) -> Answer:
    columns, options = columns_of(case), case["options"]
    quantiles = {name: columns[name] for name in ("n", "median", "q1", "q3")}
    quantiles |= {"minimum": columns["min"], "maximum": columns["max"]}
    method = options.get("method", "default")
    key = "-".join(method) if isinstance(method, list) else method
    test = options.get("test", True)
    if options.get("dist") == "lnorm":
        fit = rc.mean_sd_from_five_numbers_lognormal(**quantiles, refuse_skewed=test)
        natural = options.get("transf", True)
        logs = {name: np.log(values) for name, values in quantiles.items() if name != "n"}
        test_values = _skewness(**logs, n=quantiles["n"])
        mean, sd = (fit.mean, fit.sd) if natural else (fit.mean_log, fit.sd_log)
        return {"mean": mean, "sd": sd, **test_values}
    if key == "qe":
        fit = rc.mean_sd_by_quantile_estimation(**quantiles)
        families = [FAMILY_NAMES.get(family, family) for family in fit.family]
        return {"mean": fit.mean, "sd": fit.sd, "value": fit.sum_of_squares, "dist": families}
    if key in ("bc", "mln"):
        power = (rc.mean_sd_by_box_cox if key == "bc" else rc.mean_sd_by_mln)(**quantiles)
        shared = {"location": power.location, "scale": power.scale, "shape": power.power}
        return {"mean": power.mean, "sd": power.sd, **shared}
    mean_rule, sd_rule = PAIRINGS[key]
    fit = rc.mean_sd_from_five_numbers(**quantiles, mean=mean_rule, sd=sd_rule, refuse_skewed=test)
    return {"mean": fit.mean, "sd": fit.sd, **_skewness(**quantiles)}


def _skewness(**quantiles: Any) -> Answer:
    test = rc.skewness(**quantiles)
    refused = np.zeros(test.skewed.shape, dtype=bool)
    for refusal in test.refused:
        refused[refusal.row] = True
    return {"tval": test.statistic, "crit": test.critical, "sig": np.where(refused, np.nan, test.skewed)}


# --- intervals, tables, transformations ---------------------------------------------------------------------------


def wald(case: dict[str, Any]) -> Answer:
    c = columns_of(case)
    fit = rc.effect_from_report(
        c["est"],
        c["lb"],
        c["ub"],
        level=c.get("level", np.array(95.0)) / 100,
        z=c.get("z"),
        p_value=c.get("p"),
        scale=case["options"].get("transf", "identity"),
    )
    return {
        "yi": fit.yi,
        "vi": fit.vi,
        "ci_lb": fit.yi - 1.959963984540054 * fit.sei,
        "ci_ub": fit.yi + 1.959963984540054 * fit.sei,
    }


def two_by_two(case: dict[str, Any]) -> Answer:
    c = columns_of(case)
    if "sens" in c:
        npv = None if case["options"]["from"] == "sens, spec, ppv" else c["npv"]
        table = rc.cells_from_accuracy(c["N"], c["sens"], c["spec"], c["ppv"], npv)
        return {
            "ai": table.true_positive,
            "bi": table.false_positive,
            "ci": table.false_negative,
            "di": table.true_negative,
        }
    margins = c["N"], c["row1"], c["col1"]
    kind = case["options"].get("from", "any")
    if kind == "any":  # one statistic a row, each by its own route; the last row has none
        by_or, by_phi = rc.table_from_or(c["or"], *margins), rc.table_from_phi(c["phi"], *margins)
        by_chi2 = rc.table_from_chi2_yates(c["chi2"], *margins)
        rows = [_cells(table) for table in (by_or, by_phi, by_chi2)]
        return {name: np.fmax(np.fmax(rows[0][i], rows[1][i]), rows[2][i]) for i, name in enumerate("abcd")}
    route = {
        "odds ratio": lambda: rc.table_from_or(c["or"], *margins),
        "phi": lambda: rc.table_from_phi(c["phi"], *margins),
        "signed chi-square with continuity correction": lambda: rc.table_from_chi2_yates(c["chi2_yates"], *margins),
        "signed chi-square without continuity correction": lambda: rc.table_from_chi2(c["chi2"], *margins),
    }[kind]
    return dict(zip("abcd", _cells(route()), strict=True))


def _cells(table: Any) -> tuple[Any, Any, Any, Any]:
    return table.events_1, table.n_1 - table.events_1, table.events_2, table.n_2 - table.events_2


def point_biserial(d: Any, n1: Any, n2: Any) -> Any:
    m = n1 + n2 - 2
    return d / np.sqrt(d**2 + m / n1 + m / n2)


def biserial(d: Any, n1: Any, n2: Any) -> Any:
    p = n1 / (n1 + n2)
    return point_biserial(d, n1, n2) * np.sqrt(p * (1 - p)) / (np.exp(-(ndtri(p) ** 2) / 2) / np.sqrt(2 * np.pi))


TRANSFORMATIONS: dict[str, Callable[[Columns], Callable[[Any], Any]]] = {
    "log": lambda c: np.log,
    "exp": lambda c: np.exp,
    "transf.logit": lambda c: lambda p: np.log(p / (1 - p)),
    "transf.arcsin": lambda c: lambda p: np.arcsin(np.sqrt(p)),
    "transf.rtoz": lambda c: np.arctanh,
    "transf.dtocles": lambda c: lambda d: ndtr(d / np.sqrt(2)),
    "transf.dtolnor.logis": lambda c: lambda d: d * np.pi / np.sqrt(3),
    "transf.dtorpb": lambda c: lambda d: point_biserial(d, c["n1i"], c["n2i"]),
    "transf.dtorbis": lambda c: lambda d: biserial(d, c["n1i"], c["n2i"]),
    "transf.lnortorr": lambda c: lambda y: np.exp(y) / (1 - c["pc"] + c["pc"] * np.exp(y)),
    "transf.lnortord": lambda c: lambda y: expit(np.log(c["pc"] / (1 - c["pc"])) + y) - c["pc"],
}


def delta(case: dict[str, Any]) -> Answer:
    c = columns_of(case)
    fit = rc.delta_method(c["est"], c["var"], TRANSFORMATIONS[case["options"]["transf"]](c))
    half = 1.959963984540054 * np.sqrt(fit.vi)
    return {"yi": fit.yi, "vi": fit.vi, "ci_lb": fit.yi - half, "ci_ub": fit.yi + half}


# --- the Handbook's formulas --------------------------------------------------------------------------------------


def design_effect(c: Columns) -> Answer:
    counts = rc.cluster_counts(c["events"], c["n"], c["m"], c["icc"])
    se = rc.cluster_se(c["se"], c["m"], c["icc"])
    size = rc.cluster_size_effective(c["n"], c["m"], c["icc"])
    rounded = {"n_round": np.round(counts.n), "events_round": np.round(counts.events)}
    return {"de": counts.design_effect, "n_eff": size.n, "events_eff": counts.events, "se_inflated": se.se, **rounded}


def combined(c: Columns, groups: int) -> Answer:
    stacked = [np.stack([c[f"{name}{i}"] for i in range(1, groups + 1)], -1) for name in ("n", "m", "sd")]
    return fields(rc.combine_groups(*stacked), "n", "mean", "sd")


def shared_control(c: Columns) -> Answer:
    events, group = (
        rc.split_shared_events(c["events"], c["n"], c["arms"]),
        rc.split_shared_group(c["n"], c["mean"], c["sd"], c["arms"]),
    )
    return {"events": events.events, "n": events.n, "mean": group.mean, "sd": group.sd}


def absolute(c: Columns) -> Answer:
    rr, odds = rc.absolute_from_rr(c["rr"], c["acr"]), rc.absolute_from_or(c["or"], c["acr"])
    differences = {"rd_from_rr": rr.risk_difference, "rd_from_or": odds.risk_difference, "per1000_or": odds.per_1000}
    return {"rr_from_or": odds.risk_ratio, "nnt_from_rr": rr.nnt, "nnt_from_or": odds.nnt, **differences}


def cells(c: Columns) -> Answer:
    total = rc.table_from_rr_total(c["rr"], c["n1"], c["n2"], c["events"])
    control = rc.table_from_rr_control(c["rr"], c["n1"], c["n2"], c["events_c"])
    odds = rc.table_from_or_control(c["or"], c["n1"], c["n2"], c["events_c"])
    of_total = {"ai_from_rr_total": total.unrounded_1, "ci_from_rr_total": total.unrounded_2}
    return {**of_total, "ai_from_rr_control": control.unrounded_1, "ai_from_or_control": odds.unrounded_1}


def from_tests(c: Columns) -> Answer:
    z, t, chi2 = rc.statistics.from_z(c["z"]), rc.statistics.from_t(c["t"], c["df"]), rc.statistics.from_chi2(c["chi2"])
    se = {
        "se_z": rc.effect_from_z(c["est"], c["z"]).sei,
        "se_t": rc.effect_from_t(c["est"], c["t"]).sei,
        "se_chi2": rc.effect_from_chi2(c["est"], c["chi2"]).sei,
    }
    f = rc.statistics.from_f(c["f"], c["df"])
    return {**se, "p_z": z.p_value, "p_t": t.p_value, "p_chi2": chi2.p_value, "t_from_f": f.statistic}


def from_geometric(c: Columns) -> Answer:
    return fields(rc.log_from_geometric_ci_t(c["gm"], c["lb"], c["ub"], c["n"]), "mean_log", "sd_log", "mean", "sd")


def fields(result: Any, *names: str, **renamed: str) -> Answer:
    return {name: getattr(result, name) for name in names} | {to: getattr(result, name) for name, to in renamed.items()}


HANDBOOK: dict[str, Callable[[Columns], Answer]] = {
    "sd_from_se": lambda c: fields(rc.sd_from_se(c["se"], c["n"]), "sd"),
    "sd_from_ci_normal": lambda c: fields(rc.sd_from_ci_normal(c["lb"], c["ub"], c["n"], c["level"] / 100), "sd"),
    "sd_from_ci_rounded": lambda c: fields(rc.sd_from_ci_handbook(c["lb"], c["ub"], c["n"], c["level"] / 100), "sd"),
    "sd_from_ci_t": lambda c: fields(rc.sd_from_ci_t(c["lb"], c["ub"], c["n"], c["level"] / 100), "sd"),
    "sd_from_t_of_md": lambda c: fields(rc.sd_from_t(c["md"], c["t"], c["n1"], c["n2"]), "se", "sd"),
    "sd_from_p_of_md": lambda c: (
        fields(rc.sd_from_p(c["md"], c["p"], c["n1"], c["n2"]), "se", "sd")
        | {"t": rc.statistics.t_from_p(c["p"], c["n1"] + c["n2"] - 2).statistic}
    ),
    "sd_from_ci_of_md": lambda c: fields(rc.sd_from_md_ci_t(c["lb"], c["ub"], c["n1"], c["n2"]), "se", "sd"),
    "sd_from_ci_of_md_normal": lambda c: fields(
        rc.sd_from_md_ci_normal(c["lb"], c["ub"], c["n1"], c["n2"]), "se", "sd"
    ),
    "combine_two_groups": lambda c: combined(c, 2),
    "combine_three_groups": lambda c: combined(c, 3),
    "sd_change_from_r": lambda c: fields(rc.change_sd(c["sd_base"], c["sd_final"], c["r"]), "sd_change"),
    "r_from_sd_change": lambda c: fields(rc.correlation_from_sds(c["sd_base"], c["sd_final"], c["sd_change"]), "r"),
    "loghr_from_ci": lambda c: fields(rc.effect_from_ci(c["hr"], c["lb"], c["ub"], scale="log"), "yi", "sei"),
    "loghr_from_p": lambda c: fields(rc.effect_from_p(c["hr"], c["p"], scale="log"), "yi", "sei"),
    "loghr_from_OE": lambda c: with_interval(rc.log_hr_from_oe(c["OmE"], c["V"])),
    "OE_from_p_and_events": lambda c: fields(
        rc.log_hr_from_p(c["p"], c["events"], c["n1"], c["n2"], c["sign"]), "yi", "sei", v="V", oe="OmE"
    ),
    "design_effect": design_effect,
    "split_shared_control": shared_control,
    "crossover_md_and_smd": lambda c: fields(
        rc.crossover(c["m_e"], c["sd_e"], c["m_c"], c["sd_c"], c["n"], c["r"]),
        "md",
        "sd_diff",
        "se_md",
        "smd",
        "se_smd",
    ),
    "sd_from_iqr_range": lambda c: {
        "sd_iqr": rc.sd_from_iqr(c["q1"], c["q3"]).sd,
        "sd_range": rc.sd_from_range(c["min"], c["max"]).sd,
    },
    "logscale_from_raw": lambda c: fields(rc.log_from_raw(c["mean"], c["sd"]), "mean_log", "sd_log", "geometric_mean"),
    "raw_from_logscale": from_geometric,
    "nnt_from_ratio": absolute,
    "cells_from_ratio": cells,
    "se_from_test": from_tests,
}


def with_interval(fit: Any) -> Answer:
    half = 1.959963984540054 * fit.sei
    return {"yi": fit.yi, "vi": fit.vi, "ci_lb": fit.yi - half, "ci_ub": fit.yi + half}


def handbook(case: dict[str, Any]) -> Answer:
    return HANDBOOK[case["options"]["what"]](columns_of(case))


READERS = {"fivenum": five_numbers, "wald": wald, "conv2x2": two_by_two, "delta": delta, "hb": handbook}
CELL_NAMES = {"ai": "a", "bi": "b", "ci": "c", "di": "d"}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_case_of_the_reference_implementations(case: dict[str, Any]) -> None:
    answer = READERS[case["id"].split("-")[0]](case)
    for name, expected in case["expected"].items():
        if name == "dist":  # a choice only quantile estimation makes; elsewhere it repeats the request
            if case["options"].get("method") == "qe":
                assert answer["dist"] == expected
            continue
        found = answer[name] if name in answer else answer[CELL_NAMES[name]]
        agree(found, expected, case["tolerance"], f"{case['id']} {name}")


@pytest.mark.parametrize("case", OWN["cases"], ids=lambda case: case["id"])
def test_case_of_base_r(case: dict[str, Any]) -> None:
    result = rc.RECONSTRUCT[case["route"]].function(**case["input"])
    for name, expected in case["expected"].items():
        agree(getattr(result, name), expected, case["tolerance"], f"{case['id']} {name}")


# Routes whose reference stands in effects.json; every other row of the table has its case in reconstruct.json.
BY_EFFECTS_JSON = {
    "sd-se", "sd-ci-normal", "sd-ci-handbook", "sd-iqr", "sd-range", "common-sd-ci-normal",
    "quantiles-normal", "quantiles-lognormal", "quantiles-qe", "quantiles-bc", "quantiles-mln",
    "split-events", "split-group", "cluster-counts", "cluster-se", "change-sd", "effect-report",
    "table-rr-total", "table-rr-control", "table-or-control", "absolute-rr", "delta",
}  # fmt: skip


def test_every_route_has_a_reference_case() -> None:
    own = {case["route"] for case in OWN["cases"]}
    assert own | BY_EFFECTS_JSON == set(rc.RECONSTRUCT)


def test_every_rule_for_mean_and_sd_has_a_reference_case() -> None:
    used = {tuple(pair) for pair in PAIRINGS.values()}
    assert {mean for mean, _ in used} == set(rc.MEANS)
    assert {sd for _, sd in used} == set(rc.SDS)


def test_the_reference_files_are_whole() -> None:
    kinds = {kind: sum(case_id.startswith(kind) for case_id in CASES) for kind in FAMILIES_OF_CASES}
    assert kinds == {"fivenum-": 15, "wald-": 4, "conv2x2-": 8, "delta-": 11, "hb-": 25}
