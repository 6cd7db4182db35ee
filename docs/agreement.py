"""Writes docs/agreement.md: how far each method lies from the reference implementations, at most, over all their cases.

    python docs/agreement.py    # runs every reference case, in a few seconds

The cases and the way to the public functions are those of the tests; here the comparison notes the difference instead of
judging it. Differences are shown to one digit, rounded up, and below 1e-11 as powers of ten: their digits differ between
machines.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "agreement.md"
HEADER = "<!-- Written by docs/agreement.py from the reference cases of the tests. -->\n"
NEAR_ZERO = 1e-8  # below it a relative difference means nothing, and the absolute one stands for it
ARITHMETIC = 1e-11  # differences below come from the order of additions
SMALLEST = 1e-15  # what is printed for numbers that agree in every digit


@dataclass
class Line:
    """What was seen of one row: its cases, the largest difference, and the loosest tolerance it was held to."""

    cases: set[str] = field(default_factory=set)
    largest: float = 0.0
    tolerance: float = 0.0


class Recorder:
    """Collects differences by (table, key)."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], Line] = {}

    def note(self, rows: list[tuple[str, str]], case: str, actual: Any, expected: Any, tolerance: Any) -> None:
        """One comparison, counted for every row in `rows`."""
        difference = largest_difference(actual, expected)
        for row in rows:
            line = self.lines.setdefault(row, Line())
            line.cases.add(case)
            line.largest = max(line.largest, difference)
            line.tolerance = max(line.tolerance, float(np.max(tolerance)))


def numbers(values: Any) -> np.ndarray:
    """Numbers as floats, flat; null is nan and "Inf" infinity."""
    flat = np.ravel(np.asarray(values, dtype=object))
    return np.array([math.nan if value is None else float(value) for value in flat])


def largest_difference(actual: Any, expected: Any) -> float:
    """Relative, absolute near zero; 0 where both have no number."""
    got, wanted = np.broadcast_arrays(numbers(actual), numbers(expected))
    both = np.isfinite(got) & np.isfinite(wanted)
    if not both.any():
        return 0.0
    scale = np.where(np.abs(wanted[both]) < NEAR_ZERO, 1.0, np.abs(wanted[both]))
    return float((np.abs(got[both] - wanted[both]) / scale).max())


@contextmanager
def replaced(module: ModuleType, **functions: Callable[..., None]) -> Iterator[None]:
    """Some functions of a module exchanged for others."""
    kept = {name: getattr(module, name) for name in functions}
    for name, function in functions.items():
        setattr(module, name, function)
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(module, name, function)


def cases_of(function: Any) -> list[Any]:
    """The cases a test is run over."""
    (mark,) = [mark for mark in function.pytestmark if mark.name == "parametrize"]
    return [
        value.values[0] if hasattr(value, "values") and not isinstance(value, dict) else value for value in mark.args[1]
    ]


# --- one set of effects ----------------------------------------------------------------------------------------------


def pooling(seen: Recorder) -> None:
    """Estimators of tau2 and the intervals, against rma() and metagen()."""
    tests = importlib.import_module("tests.pooling.test_reference")
    reference = tests.reference
    current: dict[str, Any] = {}

    def note(actual: Any, expected: Any, tolerance: float, what: str) -> None:
        rows = pooling_rows(current["options"], what.split(" ", 1)[1], current["common"])
        if actual is not None:
            seen.note(rows, current["case"]["id"], actual, expected, tolerance)

    with replaced(reference, close=note):
        for function, options in (
            (tests.test_univariate_as_in_metafor, reference.rma_options),
            (tests.test_generic_inverse_variance_as_in_meta, reference.meta_options),
            (tests.test_inverse_variance_of_meta_from_its_study_effects, reference.meta_options),
            (tests.test_henmi_copas_as_in_metafor, lambda case: {"ci": "hc"}),
        ):
            for case in cases_of(function):
                common = "ivhet" if "IVhet" in case["call"] else "wald"
                current.update(case=case, options=options(case), common=common)
                function(case)


def pooling_rows(options: dict[str, Any], name: str, common: str) -> list[tuple[str, str]]:
    """The rows of the tables that a quantity of a case belongs to."""
    tau2, interval = options.get("tau2", "REML"), options.get("ci")
    if name in ("tau2_lb", "tau2_ub"):
        return [("TAU2_CI", options["tau2_ci"])] if options.get("tau2_ci", "none") != "none" else []
    if name in ("tau2", "se_tau2"):
        return [("TAU2", tau2)] if isinstance(tau2, str) and options.get("model") != "common" else []
    if name.endswith("_common"):
        return [("CI", common)] if name.startswith("ci_") else []
    if name.startswith("ci_"):
        return [("CI", interval)]
    if name.startswith("pi_") or name == "df_predict":
        return [("PREDICTION", options["prediction"])] if "prediction" in options else []
    return []


# --- from the cells ----------------------------------------------------------------------------------------------------


# Tests over the tables, by their names in the cases; those of person-time count as Mantel and Haenszel's.
ASSOCIATION = {
    "CO": "cochran", "Q_CMH": "cochran", "MH": "mantel_haenszel", "BD": "breslow_day", "TA": "tarone"
}  # fmt: skip


def counts(seen: Recorder) -> None:
    """Methods from the cells, against rma.mh(), rma.peto(), rma.glmm(), metabin() and metainc()."""
    tests = importlib.import_module("tests.pooling_counts.test_reference")

    def note(case: dict[str, Any], found: dict[str, Any], expected: dict[str, Any] | None = None) -> None:
        row = counts_row(case)
        for key, value in (case["expected"] if expected is None else expected).items():
            if "pval" in key or key.endswith(("p", "p_Wald", "p_LRT")):
                continue  # a P value far in the tail magnifies the difference of its statistic
            tolerance = tests.LOOSER.get((case["id"], key), (case["tolerance"], ""))[0]
            rows = [row, ("ASSOCIATION", ASSOCIATION[key])] if key in ASSOCIATION and value is not None else [row]
            seen.note(rows, case["id"], found[key], value, tolerance)

    with replaced(tests, check=note):
        for function in (tests.test_meta, tests.test_mantel_haenszel, tests.test_peto, tests.test_glmm):
            for name in cases_of(function):
                function(name)


def counts_row(case: dict[str, Any]) -> tuple[str, str]:
    """The row a case belongs to."""
    options, call = case["options"], case["call"]
    if "metabin(" in call or "metainc(" in call:
        method = options.get("model.glmm", {"Inverse": "IV", "LRP": "Firth"}.get(options["method"], options["method"]))
        return ("COUNTS" if "metabin(" in call else "RATES"), method
    if "rma.glmm(" in call:
        measure = options["measure"]
        if measure in ("PLO", "IRLN"):
            return ("PROPORTIONS" if measure == "PLO" else "GROUP_RATES"), "GLMM"
        return ("COUNTS" if measure == "OR" else "RATES"), options["model"]
    if "rma.peto(" in call:
        return "COUNTS", "Peto"
    return ("RATES" if options["measure"] in ("IRR", "IRD") else "COUNTS"), "MH"


# --- regression, measures, reconstructions -------------------------------------------------------------------------------

TOPICS = {
    "test_regression": "coefficients, tests and fit", "test_joint_test_of_coefficients": "joint tests",
    "test_interval_of_tau2": "interval of tau2", "test_residuals": "residuals", "test_shrunken_effects": "shrunken effects",
    "test_influence": "influence", "test_permutation": "permutation tests", "test_robust": "cluster-robust (robust())",
    "test_sandwiches": "cluster-robust (clubSandwich)", "test_location_scale": "location-scale models",
    "test_three_levels": "three-level models", "test_subgroups": "subgroups", "test_estimators_and_weights": "estimators and weights",
}  # fmt: skip


def regression(seen: Recorder) -> None:
    """Meta-regression and its relatives."""
    tests = importlib.import_module("tests.pooling_regression.test_reference")
    reference = importlib.import_module("tests.pooling_regression.reference")
    current: dict[str, Any] = {}

    def note(actual: Any, expected: Any, tolerance: float, what: str = "") -> None:
        seen.note(current["rows"], current["case"], actual, expected, tolerance)

    with replaced(reference, close=note), replaced(tests, close=note):
        for name, topic in TOPICS.items():
            function = getattr(tests, name)
            for case in cases_of(function):
                current.update(rows=[("REGRESSION", topic), *sandwich(name, case["options"])], case=case["id"])
                function(case)


def sandwich(test: str, options: dict[str, Any]) -> list[tuple[str, str]]:
    """The row of a case of cluster-robust tests; metafor's CR1 is n / (n - p), CR1p here."""
    if test == "test_robust":
        return [("SANDWICHES", {"CR1": "CR1p"}.get(options["estimator"], options["estimator"]))]
    return [("SANDWICHES", options["kind"])] if test == "test_sandwiches" else []


def measures(seen: Recorder) -> None:
    """Effect measures and transformations, against escalc() and its transformations."""
    tests = importlib.import_module("tests.effects_measures.test_reference")
    current: dict[str, Any] = {}

    def note(actual: Any, expected: Any, tolerance: float) -> None:
        seen.note([current["row"]], current["case"], actual, expected, tolerance)

    with replaced(tests, close=note):
        for case in cases_of(tests.test_measure_agrees_with_the_reference):
            current.update(row=("MEASURES", case["options"]["measure"]), case=case["id"])
            tests.test_measure_agrees_with_the_reference(case)
        for case in cases_of(tests.test_transformation_agrees_with_the_reference):
            current.update(row=("TRANSFORMS", case["options"]["transf"].removeprefix("transf.")), case=case["id"])
            tests.test_transformation_agrees_with_the_reference(case)


KINDS = {
    "fivenum": "mean and SD from quantiles", "wald": "effects from intervals and tests", "conv2x2": "2x2 tables",
    "delta": "delta method", "hb": "formulas of the Cochrane Handbook",
}  # fmt: skip


def reconstructions(seen: Recorder) -> None:
    """Routes from printed figures, against metafor, estmeansd, metaBLUE and base R."""
    tests = importlib.import_module("tests.effects_reconstruct.test_reference")
    current: dict[str, Any] = {}

    def note(actual: Any, expected: Any, tolerance: float, what: str) -> None:
        seen.note([("RECONSTRUCT", current["row"])], current["case"], actual, expected, tolerance)

    with replaced(tests, agree=note):
        for case in cases_of(tests.test_case_of_the_reference_implementations):
            current.update(row=KINDS[case["id"].split("-")[0]], case=case["id"])
            tests.test_case_of_the_reference_implementations(case)
        for case in cases_of(tests.test_case_of_base_r):
            current.update(row=case["route"], case=case["id"])
            tests.test_case_of_base_r(case)


def small_study(seen: Recorder) -> None:
    """Tests of funnel asymmetry, trim and fill and fail-safe N, against metafor and meta."""
    tests = importlib.import_module("tests.small_study.test_reference")
    rows: dict[Any, Callable[[dict[str, Any]], tuple[str, str]]] = {
        tests.test_regression_as_in_regtest: lambda o: ("ASYMMETRY", "egger" if o["model"] == "lm" else "thompson"),
        tests.test_ranks_as_in_ranktest: lambda o: ("ASYMMETRY", "begg"),
        tests.test_tests_as_in_metabias: lambda o: (
            "ASYMMETRY",
            tests.OURS[o["method"]] + ("-rr" if o["sm"] == "RR" else ""),
        ),
        tests.test_trim_and_fill_as_in_metafor: lambda o: ("ESTIMATORS", o["estimator"]),
        tests.test_trim_and_fill_as_in_meta: lambda o: ("ESTIMATORS", o["type"] + "0"),
        tests.test_fail_safe_n_as_in_metafor: lambda o: ("FAIL_SAFE", o["type"].lower()),
    }
    current: dict[str, Any] = {}

    def note(actual: Any, expected: Any, tolerance: float, what: str) -> None:
        if actual is not None and not isinstance(expected, (str, bool)):
            seen.note([current["row"]], current["case"], actual, expected, tolerance)

    with replaced(tests.reference, close=note):
        for function, row in rows.items():
            for case in cases_of(function):
                current.update(row=row(case["options"]), case=case["id"])
                function(case)


# --- the page ------------------------------------------------------------------------------------------------------------

TITLES = {
    "TAU2": "Between-study variance", "TAU2_CI": "Interval of the between-study variance", "CI": "Interval of the pooled effect",
    "PREDICTION": "Prediction interval", "COUNTS": "From 2x2 tables", "RATES": "From events and person-time",
    "PROPORTIONS": "Proportions of one group", "GROUP_RATES": "Rates of one group", "ASSOCIATION": "Tests over the tables",
    "REGRESSION": "Meta-regression", "SANDWICHES": "Cluster-robust covariance",
    "MEASURES": "Effect measures", "TRANSFORMS": "Transformations", "RECONSTRUCT": "From printed figures to numbers",
    "ASYMMETRY": "Tests of funnel asymmetry", "ESTIMATORS": "Trim and fill", "FAIL_SAFE": "Fail-safe N",
}  # fmt: skip
PARTS: tuple[Callable[[Recorder], None], ...] = (pooling, counts, regression, measures, reconstructions, small_study)


def run(parts: tuple[Callable[[Recorder], None], ...] = PARTS) -> Recorder:
    """All cases of the chosen parts."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    seen = Recorder()
    for part in parts:
        part(seen)
    return seen


def power(value: float) -> str:
    """A difference, rounded up to one digit, or to a power of ten where it is only the arithmetic's."""
    if value < ARITHMETIC:
        return f"1e{math.ceil(math.log10(max(value, SMALLEST)) - 1e-9):d}"
    exponent = math.floor(math.log10(value))
    return f"{math.ceil(value / 10.0**exponent - 1e-9) * 10.0**exponent:.0e}"


def page(seen: Recorder) -> str:
    """The tables, a row a method."""
    total = len({case for line in seen.lines.values() for case in line.cases})
    parts = [
        "# Agreement with the reference implementations\n",
        f"{total} cases, computed once by metafor, meta, clubSandwich, estmeansd, metaBLUE and base R (versions stand in "
        "`tests/reference/*.json`) and by the public functions here. *Largest difference* is the largest relative difference "
        "of any number of any case (absolute where the reference is within 1e-8 of zero), rounded up; "
        "*held to* is the loosest tolerance of those cases, which is that of the reference's own accuracy: where it "
        "iterates, or differentiates by finite differences, its digits end before ours. Methods that the reference "
        "implementations do not have are checked by brute force or published examples in the tests and do not stand here.\n",
    ]
    for name, title in TITLES.items():
        rows = [(key, line) for (table, key), line in seen.lines.items() if table == name]
        if rows:
            lines = [
                f"| `{key}` | {len(line.cases)} | {power(line.largest)} | {line.tolerance:.0e} |" for key, line in rows
            ]
            head = ["| Method | Cases | Largest difference | Held to |", "| --- | ---: | ---: | ---: |"]
            parts.append("\n".join([f"## {title}\n", *head, *lines, ""]))
    return HEADER + "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(run()), encoding="utf-8")
    print(f"written {PAGE.relative_to(ROOT)}")
