"""Meta-regression on the counts: a mixed model whose effect depends on study-level columns, without study effects in between."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import chdtrc, fdtrc

from mscsec.arrays import Array, ArrayLike, BoolArray, floats
from mscsec.errors import InvalidInput, NotEstimable, TooFewStudies, UnknownMethod
from mscsec.pooling.counts.closed import MEASURES, Request
from mscsec.pooling.counts.continuity import ZeroCells
from mscsec.pooling.counts.fit import SYNONYMS
from mscsec.pooling.counts.frame import Options, check_options, check_points
from mscsec.pooling.counts.glmm import GlmmFit
from mscsec.pooling.counts.glmm_saturated import Heterogeneity
from mscsec.pooling.counts.mixed import (
    OF_RATES,
    OF_TABLES,
    GroupRequest,
    OneGroup,
    TwoArms,
    fitted,
    group_rates,
    proportions,
    two_arms,
)
from mscsec.pooling.counts.tables import PersonTime, Tables, at_most, counts, needs_time, person_time, two_by_two
from mscsec.pooling.regression.fit import read_design
from mscsec.pooling.regression.result import Coefficient, CountRegression, JointTest
from mscsec.pooling.tails import critical, two_sided_p
from mscsec.results import Notice

# A standard error on the link scale, of columns of unit size, that no finite maximum of counts has: where the likelihood is level.
INFINITE = 1e4
UNCOUNTED = "Studies that do not inform the model do not count"


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options of one regression; raises InvalidInput and UnknownMethod for those that no model has."""

    method: str
    names: Sequence[str] | None
    intercept: bool
    redundant: str
    options: Options
    points: int | None
    coding: float = 0.5

    def __post_init__(self) -> None:
        if self.options.ci not in ("wald", "t"):
            raise InvalidInput(f"ci is {self.options.ci!r}", 'the tests of a mixed model of counts are "wald" or "t"')
        check_options(self.options)
        check_points(self.points)


def regress_counts(
    events_1: ArrayLike,
    n_1: ArrayLike,
    events_2: ArrayLike,
    n_2: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    intercept: bool = True,
    redundant: str = "refuse",
    method: str = "UM.FS",
    model: str = "random",
    ci: str = "wald",
    level: float = 0.95,
    points: int | None = None,
    coding: float = 0.5,
) -> CountRegression:
    """Log odds ratios of 2x2 tables as a function of study-level columns, by a mixed model (metafor: rma.glmm(mods=)).

    events_1, n_1, events_2, n_2 : (k,) as for `pool_counts`. X, names, intercept, redundant : (k, p) design, as for `regress`.
    method : UM.FS, UM.RS, CM.EL or CM.AL; "GLMM" is UM.FS. model : "random", or "common" without residual heterogeneity.
    ci : "wald", or "t" on k - p degrees of freedom, then with an F test. points, coding : as for `pool_counts`.

    Raises InvalidInput, UnknownMethod, TooFewStudies, NotEstimable for a singular design or an effect without a finite
    estimate, and NotConverged.
    Source: Stijnen, Hamza & Ozdemir (2010), Stat Med 29:3046-3067; metafor's parameterisation.
    """
    tables = two_by_two(events_1, n_1, events_2, n_2)
    asked = _Asked(method, names, intercept, redundant, Options(model, level, ci), points, coding)
    return _of_two_arms(tables, "OR", X, asked)


def regress_rates(
    events_1: ArrayLike,
    time_1: ArrayLike,
    events_2: ArrayLike,
    time_2: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    intercept: bool = True,
    redundant: str = "refuse",
    method: str = "UM.FS",
    model: str = "random",
    ci: str = "wald",
    level: float = 0.95,
    points: int | None = None,
    coding: float = 0.5,
) -> CountRegression:
    """Log rate ratios as a function of study-level columns; method is UM.FS, UM.RS or CM.EL, the rest is as for `regress_counts`."""
    tables = person_time(events_1, time_1, events_2, time_2)
    asked = _Asked(method, names, intercept, redundant, Options(model, level, ci), points, coding)
    return _of_two_arms(tables, "IRR", X, asked)


def regress_proportions(
    events: ArrayLike,
    n: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    intercept: bool = True,
    redundant: str = "refuse",
    model: str = "random",
    ci: str = "wald",
    level: float = 0.95,
    points: int | None = None,
) -> CountRegression:
    """Logits of one group's proportions as a function of study-level columns (binomial-normal); options as for `regress_counts`."""
    (x, size), keep = counts(None, events=events, n=n)
    at_most(x, size, keep)
    asked = _Asked("GLMM", names, intercept, redundant, Options(model, level, ci), points)
    parts = proportions(GroupRequest(x, size, keep & (size > 0), asked.options, points))
    return _fitted(parts, parts.vi, X, asked)


def regress_group_rates(
    events: ArrayLike,
    time: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    intercept: bool = True,
    redundant: str = "refuse",
    model: str = "random",
    ci: str = "wald",
    level: float = 0.95,
    points: int | None = None,
) -> CountRegression:
    """Log rates of one group as a function of study-level columns (Poisson-normal); options as for `regress_counts`."""
    (x, size), keep = counts(None, events=events, time=time)
    needs_time(x, size, keep)
    asked = _Asked("GLMM", names, intercept, redundant, Options(model, level, ci), points)
    parts = group_rates(GroupRequest(x, size, keep & (size > 0), asked.options, points))
    return _fitted(parts, parts.vi, X, asked)


# --- what is fitted ----------------------------------------------------------------------------------------------------


def _of_two_arms(tables: Tables | PersonTime, measure: str, X: ArrayLike, asked: _Asked) -> CountRegression:
    rows = OF_TABLES if isinstance(tables, Tables) else OF_RATES
    key = SYNONYMS.get(asked.method.upper(), asked.method)
    if key not in rows:
        raise UnknownMethod("mixed model with moderators", asked.method, tuple(rows))
    rule = ZeroCells("own", drop="ratio")
    parts = two_arms(Request(tables, measure, rule, asked.options, points=asked.points, coding=asked.coding), key)
    vi = MEASURES[measure].effect(parts.kept, ZeroCells("own", drop="never")).vi
    return _fitted(parts, vi, X, replace(asked, method=key))


def _fitted(likelihood: TwoArms | OneGroup, vi: Array, X: ArrayLike, asked: _Asked) -> CountRegression:
    """Fit in columns of mean 0 and SD 1, and carry coefficients and covariance back. vi : (n,) of the studies' own effects."""
    options, used = asked.options, likelihood.used
    given = floats("X", X)
    if given.shape[:1] != used.shape:
        raise InvalidInput(f"X has shape {given.shape} for {used.size} studies", "it has a row for each study")
    random, k = options.model == "random", int(used.sum())
    design, labels, where, dropped = _design(given, used, asked)
    p = len(labels)
    if k < p + random:
        what = f"{p} coefficients and a between-study variance" if random else f"{p} coefficients"
        raise TooFewStudies(f"a mixed model with {what}", p + random, k, UNCOUNTED)
    even, back = _evened(design, where)
    flat, found = fitted(likelihood.problem(even), options)
    _check_finite(found)
    beta, vcov = back @ found.beta, back @ found.covariance @ back.T
    tests = likelihood.heterogeneity(even, flat)
    df = float(k - p) if options.ci == "t" else math.inf
    if df < 1:
        raise TooFewStudies("t tests of a mixed model", p + 1, k)
    typical = _typical(design, vi) if k > p else None
    return CountRegression(
        k=k,
        p=p,
        used=tuple(used.tolist()),
        coefficients=_coefficients(labels, beta, vcov, df, options.level),
        vcov=tuple(tuple(row) for row in vcov.tolist()),
        constant=None if where is None else labels[where],
        qm=_joint(labels, where, beta, vcov, df),
        tau2=found.tau2,
        tau2_se=found.tau2_se,
        tau=math.sqrt(found.tau2),
        sigma2=found.sigma2,
        i2=found.tau2 / (found.tau2 + typical) if random and typical else None,
        h2=1 + found.tau2 / typical if random and typical else None,
        log_likelihood=found.log_likelihood,
        aic=found.aic,
        bic=found.bic,
        level=options.level,
        model=options.model,
        method=asked.method,
        ci_method=str(options.ci),
        iterations=found.iterations,
        warnings=(*likelihood.notices, *dropped),
        **_test_fields(tests, k - p),
    )


def _design(
    given: Array, used: BoolArray, asked: _Asked
) -> tuple[Array, tuple[str, ...], int | None, tuple[Notice, ...]]:
    """The design of the studies used, its labels, the place of its constant, and a notice of columns that were dropped."""
    try:
        return read_design(given[used], asked.names, asked.intercept, asked.redundant)
    except NotEstimable as error:
        raise NotEstimable(error.message + ("" if used.all() else f". {UNCOUNTED}")) from None
    except TooFewStudies as error:
        raise TooFewStudies(error.method, error.needed, error.found, "" if used.all() else UNCOUNTED) from None


def _check_finite(found: GlmmFit) -> None:
    """Raises NotEstimable where the likelihood only levels off: the search stopped, but the estimates are on their way to infinity."""
    if np.sqrt(np.diagonal(found.covariance)).max() > INFINITE:
        raise NotEstimable(
            "the moderators part studies with events in one arm alone from the others (separation): the effect is infinite there. "
            "Leave out a moderator, or merge its categories"
        )


def _evened(design: Array, where: int | None) -> tuple[Array, Array]:
    """The design in columns about their means (where a constant takes these up) and of unit size, and the matrix (p, p) that
    takes coefficients of those columns back to coefficients of the given ones."""
    p = design.shape[1]
    others = [j for j in range(p) if j != where]
    shift = np.zeros(p) if where is None else design.mean(0)
    if where is not None:
        shift[where] = 0.0
    size = np.sqrt(((design - shift) ** 2).mean(0))
    back = np.diag(1 / size)
    if where is not None:
        back[where, others] = -shift[others] / size[others]
    return (design - shift) / size, back


def _typical(design: Array, vi: Array) -> float:
    """(k - p) / tr P of the studies' own effects. Source: Higgins & Thompson (2002), Stat Med 21:1539-1558."""
    root = 1 / np.sqrt(vi)
    q, _ = np.linalg.qr(design * root[:, None])
    trace = float(((1 / vi) * (1 - (q**2).sum(1))).sum())
    return float((design.shape[0] - design.shape[1]) / trace)


def _coefficients(labels: tuple[str, ...], beta: Array, vcov: Array, df: float, level: float) -> dict[str, Coefficient]:
    se = np.sqrt(np.diagonal(vcov))
    half = float(critical(level, df)) * se
    p_value = two_sided_p(beta / se, df)
    return {
        name: Coefficient(
            float(beta[j]), float(se[j]), float(beta[j] / se[j]), None if math.isinf(df) else df, float(p_value[j]),
            float(beta[j] - half[j]), float(beta[j] + half[j]),
        )
        for j, name in enumerate(labels)
    }  # fmt: skip


def _joint(labels: tuple[str, ...], where: int | None, beta: Array, vcov: Array, df: float) -> JointTest:
    """All coefficients but the constant, or the constant where there is nothing else."""
    tested = [j for j in range(len(labels)) if j != where] or [0]
    b, m = beta[tested], len(tested)
    chi_square = float(b @ np.linalg.solve(vcov[np.ix_(tested, tested)], b))
    names = tuple(labels[j] for j in tested)
    if math.isinf(df):
        return JointTest(names, chi_square, m, None, float(chdtrc(m, chi_square)))
    return JointTest(names, chi_square / m, m, df, float(fdtrc(m, df, chi_square / m)))


def _test_fields(tests: Heterogeneity | None, df: int) -> dict[str, Any]:
    if tests is None:
        return dict.fromkeys(("q_wald", "q_wald_p", "q_lrt", "q_lrt_p")) | {"q_df": df}
    return {
        "q_wald": tests.wald, "q_wald_p": tests.wald_p, "q_lrt": tests.lrt, "q_lrt_p": tests.lrt_p, "q_df": tests.df,
    }  # fmt: skip
