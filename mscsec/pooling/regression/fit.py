"""Mixed-effects meta-regression of one set of studies."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mscsec.arrays import Array, ArrayLike, floats, real
from mscsec.errors import InvalidInput, NotConverged, NotEstimable, TooFewStudies
from mscsec.pooling.regression.inference import (
    INTERVALS,
    Fit,
    Inference,
    IntervalMethod,
    critical,
    fit_coefficients,
)
from mscsec.pooling.regression.moments import Tau2
from mscsec.pooling.regression.problem import Problem, arrange
from mscsec.pooling.regression.projection import dependent_columns
from mscsec.pooling.regression.result import ModelData, RegressionResult
from mscsec.pooling.regression.summary import summarise, tested_positions
from mscsec.pooling.regression.tau2 import ESTIMATORS, fixed_tau2
from mscsec.pooling.regression.tau2_interval import TAU2_INTERVALS, Tau2Interval
from mscsec.registry import choose
from mscsec.results import Notice

INTERCEPT = "intercept"
MODERATOR_MAX = 1e100  # its square is summed over the studies


def regress(
    yi: ArrayLike,
    vi: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    intercept: bool = True,
    model: str = "random",
    tau2: str | float = "REML",
    ci: str = "auto",
    level: float = 0.95,
    btt: Sequence[str | int] | None = None,
    weights: ArrayLike | None = None,
    tau2_weights: ArrayLike | None = None,
    tau2_ci: str = "auto",
    redundant: str = "refuse",
) -> RegressionResult:
    """Meta-regression of effects on study-level columns, with residual heterogeneity.

    yi, vi : (k,) effects on the analysis scale (ratios as logs) and their sampling variances.
    X : (k, p) design, a row a study; a (k,) array is one column.
    names : labels of the columns of X, x1, x2 ... where not given.
    intercept : True puts a column of ones, called "intercept", in front unless X already holds one; False takes X
        as the whole design.
    model : "random" (mixed effects) or "common" (tau2 = 0).
    tau2 : key of `ESTIMATORS`, or a number, which is then taken as known.
    ci : key of `INTERVALS`, or "auto": hksj where tau2 > 0 and k - p > 1, else wald.
    btt : names or positions of the coefficients tested together; all but the intercept where not given.
    weights : (k,) weights of one's own for the coefficients, and for GENQ and GENQM; inverse variances otherwise.
    tau2_weights : (k,) weights of GENQ and GENQM where they differ from `weights`.
    tau2_ci : key of `TAU2_INTERVALS`, "none", or "auto", which is QP.
    redundant : "refuse" a column that is a combination of others, or "drop" it with a notice.

    Raises InvalidInput, UnknownMethod; TooFewStudies where k is not above p (common effect: below p); NotEstimable
    for a singular design, naming the columns; NotConverged.
    Source: Berkey et al. (1995), Stat Med 14:395-411; Raudenbush (2009), Handbook of Research Synthesis, ch. 16.
    """
    level = check_level(level)
    design, labels, where, notices = read_design(X, names, intercept, redundant)
    problem, lead = arrange(yi, vi, design, weights=weights, tau2_weights=tau2_weights)
    if lead:
        raise InvalidInput(f"yi has {len(lead) + 1} axes", "regress fits one set of studies, (k,)")
    _enough_studies(problem, model, tau2)
    estimate = estimate_tau2(problem, model, tau2)
    fitted = fit_coefficients(problem, estimate.value)
    method, more = _interval_method(ci, fitted, estimate, level, labels)
    tested = tested_positions(labels, where) if btt is None else positions(btt, labels)
    interval, interval_key = _tau2_interval(problem, estimate, model, tau2, tau2_ci, level)
    notices = (*notices, *more, *_tau2_notices(estimate, interval))
    data = ModelData(problem, labels, where, model, tau2, method.key, level, tested)
    return summarise(data, fitted, estimate, method, interval, interval_key, notices)


def design_with_intercept(
    x: ArrayLike, names: Sequence[str] | None, intercept: bool
) -> tuple[Array, tuple[str, ...], int | None]:
    """A design as `regress` reads it: the matrix, its labels and the place of its intercept. Refuses a singular one."""
    design, labels, where, _ = read_design(x, names, intercept, None)
    return design, labels, where


def read_design(
    x: ArrayLike, names: Sequence[str] | None, intercept: bool, redundant: str | None
) -> tuple[Array, tuple[str, ...], int | None, tuple[Notice, ...]]:
    """The matrix, its labels, the place of its intercept, and a notice of what was dropped.

    redundant : as for `regress`; None for a caller whose users cannot choose, and who refuses.
    """
    design, labels, constant = _with_intercept(*_labelled(x, names), intercept)
    design, labels, notices = _independent(design, labels, redundant)
    return design, labels, labels.index(constant) if constant in labels else None, notices


def check_level(level: float) -> float:
    """`level` as a float; raises InvalidInput for what does not lie between 0 and 1."""
    rule = "it lies between 0 and 1"
    if not 0 < (value := real("level", level, rule)) < 1:
        raise InvalidInput(f"level is {level}", rule, "Write 0.95 for 95 %")
    return value


def _labelled(x: ArrayLike, names: Sequence[str] | None) -> tuple[Array, tuple[str, ...]]:
    design = floats("X", x)
    if design.ndim == 1:
        design = design[:, None]
    if design.ndim != 2:
        raise InvalidInput(f"X has {design.ndim} axes", "it is (k, p): a row a study, a column a coefficient")
    labels = tuple(f"x{j + 1}" for j in range(design.shape[1])) if names is None else tuple(str(n) for n in names)
    if len(labels) != design.shape[1]:
        raise InvalidInput(f"X has {design.shape[1]} columns and names has {len(labels)}", "each column has one name")
    if len(set(labels)) != len(labels):
        raise InvalidInput(f"two columns share a name in {', '.join(labels)}", "names are unique")
    return design, labels


def _with_intercept(
    design: Array, labels: tuple[str, ...], intercept: bool
) -> tuple[Array, tuple[str, ...], str | None]:
    """The design, its labels and the label of its intercept, if it has one."""
    ones = [label for label, column in zip(labels, design.T, strict=True) if (column == 1).all()]
    if ones:
        return design, labels, ones[0]
    if not intercept:
        return design, labels, None
    if INTERCEPT in labels:
        raise InvalidInput(f"a column called {INTERCEPT} is not constant", "that name is kept for the column of ones")
    return np.column_stack([np.ones(design.shape[0]), design]), (INTERCEPT, *labels), INTERCEPT


def _independent(
    design: Array, labels: tuple[str, ...], redundant: str | None
) -> tuple[Array, tuple[str, ...], tuple[Notice, ...]]:
    """The design without columns that others make up, or NotEstimable, as `redundant` asks."""
    if redundant not in (None, "refuse", "drop"):
        raise InvalidInput(f"redundant is {redundant!r}", 'it is "refuse" or "drop"')
    if not design.shape[1]:
        raise InvalidInput(
            "the design has no column", "it has one a coefficient", "A column of ones stands for the mean"
        )
    sound = np.abs(design) <= MODERATOR_MAX  # False for a nan
    if not sound.all():
        row, column = (int(i) for i in np.argwhere(~sound)[0])
        raise InvalidInput(
            f"{labels[column]} of study {row} (counted from 0) is {design[row, column]}",
            "a moderator is a finite number",
            "Leave out the study, and say so, or the moderator",
        )
    made_of = dependent_columns(design)
    if not made_of:
        return design, labels, ()
    if redundant != "drop" and len(design) < len(labels):
        raise TooFewStudies(f"a meta-regression with {len(labels)} coefficients", len(labels), len(design))
    said = "; ".join(_redundant(labels, j, parts) for j, parts in made_of.items())
    if redundant != "drop":
        several = any(labels[i] != INTERCEPT for parts in made_of.values() for i in parts)
        leave = "Leave out one of them" if several else "Leave it out"
        instead = "" if redundant is None else ', or have it left out: redundant="drop" (--redundant drop)'
        raise NotEstimable(f"the design is singular: {said}. {leave}{instead}")
    kept = [j for j in range(len(labels)) if j not in made_of]
    notice = Notice("P401", f"dropped from the design: {said}")
    return design[:, kept], tuple(labels[j] for j in kept), (notice,)


def _redundant(labels: tuple[str, ...], j: int, parts: list[int]) -> str:
    """What is wrong with a column of the design that others make up."""
    others = [labels[i] for i in parts]
    if not others:
        return f"{labels[j]} is zero in every study"
    if others == [INTERCEPT]:
        return f"{labels[j]} is the same in every study, as the {INTERCEPT} is"
    return f"{labels[j]} is made up of {', '.join(others)}"


def _enough_studies(problem: Problem, model: str, tau2: str | float) -> None:
    if model not in ("random", "common"):
        raise InvalidInput(f"model is {model!r}", 'it is "random" or "common"')
    k, p = problem.yi.shape[-1], problem.p
    estimated = model == "random" and isinstance(tau2, str)
    needed = max(p + estimated, 1)
    if k < needed:
        what = f"{p} coefficients and a between-study variance" if estimated else f"{p} coefficients"
        raise TooFewStudies(f"a meta-regression with {what}", needed, k)


def estimate_tau2(problem: Problem, model: str, tau2: str | float) -> Tau2:
    """Residual between-study variance as asked: estimated, given, or zero for a common-effect model.

    Raises NotConverged naming the estimator.
    """
    if model == "common":
        return fixed_tau2(problem, 0.0)
    if not isinstance(tau2, str):
        return fixed_tau2(problem, given_tau2(tau2))
    estimator = choose(ESTIMATORS, tau2, "estimator of tau2")
    found = estimator.estimate(problem)
    if not found.converged.all():
        instead = "DL gives an answer without iterating"
        raise NotConverged(estimator.name, found.iterations, float(found.value[~found.converged][0]), instead)
    return found


def given_tau2(tau2: float) -> float:
    """A between-study variance that is taken as known; raises InvalidInput where it is none."""
    if not 0 <= (value := real("tau2", tau2, "it is a number or names an estimator")) < math.inf:
        raise InvalidInput(f"tau2 is {tau2}", "a variance is zero or positive")
    return value


def _interval_method(
    ci: str, fitted: Fit, estimate: Tau2, level: float, labels: tuple[str, ...]
) -> tuple[IntervalMethod, tuple[Notice, ...]]:
    """The method asked for; for "auto" also a notice where the method not taken disagrees about zero."""
    df = float(fitted.problem.df[0])
    if ci != "auto":
        method = choose(INTERVALS, ci, "interval", ("auto",))
        if method.residual_df and df < 1:
            raise TooFewStudies(f"the {method.name} interval", fitted.problem.p + 1, int(fitted.problem.k[0]))
        return method, ()
    if estimate.value[0] <= 0 or df <= 1:
        return INTERVALS["wald"], ()
    limits = {key: _limits(fitted, INTERVALS[key].infer(fitted), level) for key in ("hksj", "wald")}
    differ = [
        f"{label} [{low:.4g}, {high:.4g}]"
        for label, low, high, sure, sure_wald in zip(
            labels, *limits["wald"], _excludes_zero(limits["hksj"]), _excludes_zero(limits["wald"]), strict=True
        )
        if sure != sure_wald
    ]
    notice = Notice("P402", f"the Wald interval disagrees about zero: {'; '.join(differ)}")
    return INTERVALS["hksj"], (notice,) if differ else ()


def _limits(fitted: Fit, inferred: Inference, level: float) -> tuple[Array, Array]:
    half = critical(level, inferred.df[0]) * inferred.se[0]
    return fitted.beta[0] - half, fitted.beta[0] + half


def _excludes_zero(limits: tuple[Array, Array]) -> list[bool]:
    return [bool(low > 0 or high < 0) for low, high in zip(*limits, strict=True)]


def positions(asked: Sequence[str | int], labels: tuple[str, ...]) -> tuple[int, ...]:
    """Positions of coefficients named or numbered (from 0); raises InvalidInput for one that is not there."""
    found = []
    for item in asked:
        if isinstance(item, str):
            if item not in labels:
                raise InvalidInput(f"no coefficient is called {item!r}", f"they are {', '.join(labels)}")
            found.append(labels.index(item))
        elif not 0 <= item < len(labels):
            raise InvalidInput(f"coefficient {item} does not exist", f"they are numbered 0 to {len(labels) - 1}")
        else:
            found.append(int(item))
    if not found or len(set(found)) != len(found):
        raise InvalidInput(f"the coefficients asked for are {list(asked)}", "one or more, each once")
    return tuple(found)


def _tau2_interval(
    problem: Problem, estimate: Tau2, model: str, tau2: str | float, key: str, level: float
) -> tuple[Tau2Interval | None, str | None]:
    if model == "common" or not isinstance(tau2, str):
        if key not in ("auto", "none"):
            raise InvalidInput(f"the {key} interval for tau2 was asked for", "only an estimated tau2 has one")
        return None, None
    if key == "none":
        return None, None
    method = choose(TAU2_INTERVALS, "QP" if key == "auto" else key, "interval for tau2", ("auto", "none"))
    return method.limits(problem, float(estimate.value[0]), tau2, level), method.key


def _tau2_notices(estimate: Tau2, interval: Tau2Interval | None) -> tuple[Notice, ...]:
    notices = []
    if estimate.several_maxima is not None and estimate.several_maxima[0]:
        notices.append(
            Notice(
                "P403",
                "the likelihood of tau2 has more than one maximum; the highest was taken. Look at it by DL or PM too",
            )
        )
    if interval is not None and interval.empty:
        notices.append(
            Notice("P404", "the interval for tau2 is empty (less spread than chance alone); shown as [0, 0]")
        )
    return tuple(notices)
