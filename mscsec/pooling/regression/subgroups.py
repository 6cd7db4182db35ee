"""Subgroups: each pooled by itself, and the test that their means are equal."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc

from mscsec.arrays import Array, ArrayLike, BoolArray, floats
from mscsec.errors import InvalidInput
from mscsec.pooling.fit import pool
from mscsec.pooling.presets import DEFAULT_PRESET, PRESETS
from mscsec.pooling.regression.fit import regress
from mscsec.pooling.regression.problem import without_label
from mscsec.pooling.regression.result import RegressionResult
from mscsec.pooling.result import PooledResult
from mscsec.registry import choose
from mscsec.results import Notice, Result


@dataclass(frozen=True, slots=True)
class BetweenTest(Result):
    """Cochran's Q of the subgroups' means, weighted by the variances of the intervals shown; chi-square on `df`.

    estimates : by subgroup, those that entered. q, p_value : None where there is no such test, for the `reason`.
    """

    q: float | None
    df: int
    p_value: float | None
    estimates: Mapping[str, float]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SubgroupResult(Result):
    """Subgroups by name, each with its own meta-analysis, and the test between them.

    groups : by name, in the order the names first appear. overall : all studies together.
    between : of the model asked for; between_common : the part of Q that lies between the groups, common effect.
    q_within, q_within_df, q_within_p : sum of the groups' Q.
    tau2_common : True where all groups share one tau2, which the following describe, else they are None.
    tau2, tau2_se, tau2_ci_low, tau2_ci_high : the shared between-study variance, squared units of yi.
    i2_residual, h2_residual : from tau2, in [0, 1] for i2; i2_q_residual : (Q - df) / Q within groups.
    r2 : share of the overall between-study variance that the groups account for.
    """

    groups: Mapping[str, PooledResult]
    overall: PooledResult
    between: BetweenTest
    between_common: BetweenTest
    q_within: float
    q_within_df: int
    q_within_p: float | None
    tau2_common: bool
    tau2: float | None
    tau2_se: float | None
    tau2_ci_low: float | None
    tau2_ci_high: float | None
    tau2_method: str | None
    i2_residual: float | None
    h2_residual: float | None
    i2_q_residual: float
    r2: float | None
    warnings: tuple[Notice, ...]


def subgroups(
    yi: ArrayLike,
    vi: ArrayLike,
    groups: Sequence[object],
    *,
    tau2_common: bool = False,
    model: str = "random",
    tau2: str | float | None = None,
    ci: str | None = None,
    prediction: str | None = None,
    level: float = 0.95,
    weights: ArrayLike | None = None,
    tau2_weights: ArrayLike | None = None,
    transform: str | Callable[[float], float] = "identity",
    preset: str | None = None,
) -> SubgroupResult:
    """Pool each subgroup and test whether their means differ.

    yi, vi : (k,) as for `pool`; groups : (k,) the name of each study's subgroup.
    tau2_common : False, each group has its own between-study variance; True, one is estimated for all from the
        residuals within groups (a meta-regression on the groups), a lone study's variance then including it.
    model, tau2, ci, prediction, level, transform, preset : as for `pool`.
    weights, tau2_weights : (k,) as for `pool`, for GENQ and GENQM.
    Raises InvalidInput for a study without a group, and what `pool` and `regress` raise.
    Source: Borenstein & Higgins (2013), Prev Sci 14:134-143; Cochrane Handbook, section 10.11.3.
    """
    if tau2_common and model != "random":
        raise InvalidInput("a shared tau2 with a common-effect model", "a common effect has no between-study variance")
    labels = _labels(groups, np.size(yi))
    y, v = floats("yi", yi), floats("vi", vi)
    given = {"weights": weights, "tau2_weights": tau2_weights}
    own: dict[str, Any] = {name: floats(name, part) for name, part in given.items() if part is not None}
    for name, part in own.items():
        if part.shape != y.shape:
            raise InvalidInput(
                f"{name} has shape {part.shape}", f"there is one weight for each effect, shape {y.shape}"
            )

    def pooled(at: BoolArray, between: str | float | None, added: float = 0.0) -> PooledResult:
        return pool(
            y[at], v[at] + added, model=model, tau2=between, ci=ci, prediction=prediction, level=level,
            transform=transform, preset=preset, **{name: part[at] for name, part in own.items()},
        )  # fmt: skip

    names = list(dict.fromkeys(labels))
    members = {name: np.array([label == name for label in labels]) for name in names}
    everyone = np.ones(y.size, dtype=bool)
    overall = pooled(everyone, tau2)
    if tau2_common:
        estimator = choose(PRESETS, preset or DEFAULT_PRESET, "preset").tau2 if tau2 is None else tau2
        shared = _shared(y, v, members, estimator, level, own)
        found = {name: _with_shared(pooled, at, shared) for name, at in members.items()}
    else:
        shared = None
        found = {name: pooled(at, tau2) for name, at in members.items()}
    return _result(found, overall, shared, y, v, members)


def _result(
    found: dict[str, PooledResult],
    overall: PooledResult,
    shared: RegressionResult | None,
    y: Array,
    v: Array,
    members: Mapping[str, BoolArray],
) -> SubgroupResult:
    between_common, q_within = _common(y, v, members)
    df = y.size - len(members)
    test = between(found)
    notices: tuple[Notice, ...] = ()
    if len(members) == 1:
        notices = (Notice("P408", "one subgroup: there is nothing to compare it with"),)
    elif test.reason is not None:
        notices = (Notice("P412", f"no test for subgroup differences: {test.reason}; the Wald interval gives one"),)
    return SubgroupResult(
        groups=found,
        overall=overall,
        between=test,
        between_common=between_common,
        q_within=q_within,
        q_within_df=df,
        q_within_p=float(chdtrc(df, q_within)) if df > 0 else None,
        tau2_common=shared is not None,
        tau2=None if shared is None else shared.tau2,
        tau2_se=None if shared is None else shared.tau2_se,
        tau2_ci_low=None if shared is None else shared.tau2_ci_low,
        tau2_ci_high=None if shared is None else shared.tau2_ci_high,
        tau2_method=None if shared is None else shared.tau2_method,
        i2_residual=None if shared is None else shared.i2,
        h2_residual=None if shared is None else shared.h2,
        i2_q_residual=max(0.0, (q_within - df) / q_within) if q_within > 0 else 0.0,
        r2=None if shared is None else shared.r2,
        warnings=notices,
    )


def between(groups: Mapping[str, PooledResult]) -> BetweenTest:
    """Test that the means of separately pooled groups are equal, whatever method pooled them.

    Q = sum w (estimate - mean)^2 with w = 1 / se^2 of the interval shown, chi-square on groups - 1.
    Source: Borenstein & Higgins (2013), Prev Sci 14:134-143.
    """
    estimate = np.array([part.estimate for part in groups.values()])
    se = np.array([part.se for part in groups.values()])
    return _between(tuple(groups), estimate, se**2)


def _between(names: tuple[str, ...], estimate: Array, variance: Array) -> BetweenTest:
    shown = {name: float(value) for name, value in zip(names, estimate, strict=True)}
    df = len(names) - 1
    if df < 1:
        return BetweenTest(None, df, None, shown, "fewer than two subgroups have an estimate")
    exact = [name for name, part in zip(names, variance, strict=True) if not part > 0]
    if exact:
        each = "each is zero, so these means have" if len(exact) > 1 else "is zero, so its mean has"
        told = f"the standard error of {' and '.join(exact)} {each} no weight"
        return BetweenTest(None, df, None, shown, told)
    w = 1 / variance
    centre = (w * estimate).sum() / w.sum()
    q = float((w * (estimate - centre) ** 2).sum())
    return BetweenTest(q, df, float(chdtrc(df, q)), shown)


def _labels(groups: Sequence[object], k: int) -> list[str]:
    labels = list(groups)
    if len(labels) != k:
        raise InvalidInput(f"there are {len(labels)} group names and {k} studies", "each study has one")
    missing = without_label(labels)
    if missing:
        shown = ", ".join(map(str, missing))
        raise InvalidInput(
            f"no group is given for study {shown} (counted from 0)",
            "each study belongs to one",
            "Leave it out, or name its group",
        )
    return [str(label) for label in labels]


def _common(y: Array, v: Array, members: Mapping[str, BoolArray]) -> tuple[BetweenTest, float]:
    """Q between the common-effect means of the groups, and the sum of Q within them."""
    w = 1 / v
    mean = np.array([(w[at] * y[at]).sum() / w[at].sum() for at in members.values()])
    within = sum(float((w[at] * (y[at] - m) ** 2).sum()) for at, m in zip(members.values(), mean, strict=True))
    variance = np.array([1 / w[at].sum() for at in members.values()])
    return _between(tuple(members), mean, variance), within


def _shared(
    y: Array, v: Array, members: Mapping[str, BoolArray], tau2: str | float, level: float, weights: Mapping[str, Any]
) -> RegressionResult:
    """The meta-regression on one column a group, whose tau2 is the one they share."""
    design = np.column_stack([at.astype(float) for at in members.values()])
    return regress(
        y, v, design, names=list(members), intercept=False, tau2=tau2, ci="wald", level=level, **weights
    )  # fmt: skip


def _with_shared(pooled: Callable[..., PooledResult], at: BoolArray, shared: RegressionResult) -> PooledResult:
    """One group at the shared tau2. A lone study's mean has the variance vi + tau2, as the regression gives it."""
    if at.sum() == 1:
        lone = pooled(at, None, shared.tau2)
        found = dataclasses.replace(lone, tau2=shared.tau2, tau=math.sqrt(shared.tau2))
    else:
        found = pooled(at, shared.tau2)
    return dataclasses.replace(found, tau2_se=shared.tau2_se, tau2_method=shared.tau2_method)
