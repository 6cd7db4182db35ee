"""Meta-regression on the counts: a mixed model whose effect depends on study-level columns, without study effects in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import chdtrc, fdtrc

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.errors import InvalidInput, NotEstimable, TooFewStudies, UnknownMethod
from mscsec.pooling.counts import glmm_models, glmm_saturated, notices
from mscsec.pooling.counts.closed import MEASURES, Request
from mscsec.pooling.counts.continuity import ZeroCells
from mscsec.pooling.counts.fit import SYNONYMS
from mscsec.pooling.counts.frame import Options, check_options, check_points
from mscsec.pooling.counts.glmm import GlmmFit, Problem, fit
from mscsec.pooling.counts.glmm_saturated import Heterogeneity
from mscsec.pooling.counts.mixed import OF_RATES, OF_TABLES, need_logit, need_rate, two_arms
from mscsec.pooling.counts.tables import PersonTime, Tables, at_most, counts, needs_time, person_time, two_by_two
from mscsec.pooling.regression.fit import design_with_intercept
from mscsec.pooling.regression.result import Coefficient, JointTest
from mscsec.pooling.tails import critical, two_sided_p
from mscsec.results import Notice, Result

# A standard error on the link scale, of columns of unit size, that no finite maximum of counts has: where the likelihood is level.
INFINITE = 1e4


@dataclass(frozen=True, slots=True)
class CountRegression(Result):
    """A mixed model of counts with moderators of the effect; coefficients on the link scale (logs of ratios, logits, log rates).

    k, p : studies that inform the model, and coefficients with the intercept. used : (k of the input) which studies those are.
    coefficients : by name; vcov : their covariance, rows and columns in that order.
    qm : test of the moderators, chi-square, or F on k - p where ci is "t".
    q_wald, q_lrt, q_df : heterogeneity that the moderators leave, against the saturated model; None for UM.RS, which has none.
    tau2, tau2_se : residual between-study variance by maximum likelihood; sigma2 : of the study levels, UM.RS alone.
    i2, h2 : tau2 / (tau2 + typical variance (k - p) / tr P of the studies' own effects), and its H2; None for a common effect.
    log_likelihood, aic, bic : all constants included.
    """

    k: int
    p: int
    used: tuple[bool, ...]
    coefficients: Mapping[str, Coefficient]
    vcov: tuple[tuple[float, ...], ...]
    qm: JointTest
    q_wald: float | None
    q_wald_p: float | None
    q_lrt: float | None
    q_lrt_p: float | None
    q_df: int
    tau2: float
    tau2_se: float | None
    tau: float
    sigma2: float | None
    i2: float | None
    h2: float | None
    log_likelihood: float
    aic: float
    bic: float
    level: float
    model: str
    method: str
    ci_method: str
    iterations: int
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options of one regression."""

    method: str
    names: Sequence[str] | None
    intercept: bool
    options: Options


@dataclass(frozen=True, slots=True)
class _Likelihood:
    """What is fitted: studies used, the model for a design (n, p), its tests, and (n,) variances of the studies' own effects."""

    used: BoolArray
    problem: Callable[[Array], Problem]
    heterogeneity: Callable[[Array, GlmmFit], Heterogeneity | None]
    vi: Array
    notices: tuple[Notice, ...]


def regress_counts(
    events_1: ArrayLike,
    n_1: ArrayLike,
    events_2: ArrayLike,
    n_2: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    intercept: bool = True,
    method: str = "UM.FS",
    model: str = "random",
    ci: str = "wald",
    level: float = 0.95,
    points: int | None = None,
    coding: float = 0.5,
) -> CountRegression:
    """Log odds ratios of 2x2 tables as a function of study-level columns, by a mixed model (metafor: rma.glmm(mods=)).

    events_1, n_1, events_2, n_2 : (k,) as for `pool_counts`. X, names, intercept : (k, p) design, as for `regress`.
    method : UM.FS, UM.RS, CM.EL or CM.AL; "GLMM" is UM.FS. model : "random", or "common" without residual heterogeneity.
    ci : "wald", or "t" on k - p degrees of freedom, then with an F test. points, coding : as for `pool_counts`.

    Raises InvalidInput, UnknownMethod, TooFewStudies, NotEstimable for a singular design or an effect without a finite
    estimate, and NotConverged.
    Source: Stijnen, Hamza & Ozdemir (2010), Stat Med 29:3046-3067; metafor's parameterisation.
    """
    tables = two_by_two(events_1, n_1, events_2, n_2)
    return _of_two_arms(tables, "OR", X, _asked(method, names, intercept, model, ci, level), points, coding)


def regress_rates(
    events_1: ArrayLike,
    time_1: ArrayLike,
    events_2: ArrayLike,
    time_2: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    intercept: bool = True,
    method: str = "UM.FS",
    model: str = "random",
    ci: str = "wald",
    level: float = 0.95,
    points: int | None = None,
    coding: float = 0.5,
) -> CountRegression:
    """Log rate ratios as a function of study-level columns; method is UM.FS, UM.RS or CM.EL, the rest is as for `regress_counts`."""
    tables = person_time(events_1, time_1, events_2, time_2)
    return _of_two_arms(tables, "IRR", X, _asked(method, names, intercept, model, ci, level), points, coding)


def regress_proportions(
    events: ArrayLike,
    n: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    intercept: bool = True,
    model: str = "random",
    ci: str = "wald",
    level: float = 0.95,
    points: int | None = None,
) -> CountRegression:
    """Logits of one group's proportions as a function of study-level columns (binomial-normal); options as for `regress_counts`."""
    (x, size), keep = counts(None, events=events, n=n)
    at_most(x, size, keep)
    asked = _asked("GLMM", names, intercept, model, ci, level)
    return _of_one_group(x, size, keep & (size > 0), X, asked, points, rates=False)


def regress_group_rates(
    events: ArrayLike,
    time: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    intercept: bool = True,
    model: str = "random",
    ci: str = "wald",
    level: float = 0.95,
    points: int | None = None,
) -> CountRegression:
    """Log rates of one group as a function of study-level columns (Poisson-normal); options as for `regress_counts`."""
    (x, size), keep = counts(None, events=events, time=time)
    needs_time(x, size, keep)
    asked = _asked("GLMM", names, intercept, model, ci, level)
    return _of_one_group(x, size, keep & (size > 0), X, asked, points, rates=True)


# --- what is fitted ----------------------------------------------------------------------------------------------------


def _asked(method: str, names: Sequence[str] | None, intercept: bool, model: str, ci: str, level: float) -> _Asked:
    if ci not in ("wald", "t"):
        raise InvalidInput(f"ci is {ci!r}", 'the tests of a mixed model of counts are "wald" or "t"')
    options = Options(model, level, ci)
    check_options(options)
    return _Asked(method, names, intercept, options)


def _of_two_arms(
    tables: Tables | PersonTime, measure: str, X: ArrayLike, asked: _Asked, points: int | None, coding: float
) -> CountRegression:
    rows = OF_TABLES if isinstance(tables, Tables) else OF_RATES
    key = SYNONYMS.get(asked.method.upper(), asked.method)
    if key not in rows:
        raise UnknownMethod("mixed model with moderators", asked.method, tuple(rows))
    rule = ZeroCells("own", drop="ratio")
    request = Request(tables, measure, rule, asked.options, points=check_points(points), coding=coding)
    parts = two_arms(request, key)
    vi = MEASURES[measure].effect(parts.kept, ZeroCells("own", drop="never")).vi
    likelihood = _Likelihood(parts.used, parts.problem, parts.heterogeneity, vi, parts.notices)
    return _fitted(likelihood, X, replace(asked, method=key))


def _of_one_group(
    x: Array, size: Array, used: BoolArray, X: ArrayLike, asked: _Asked, points: int | None, *, rates: bool
) -> CountRegression:
    x, size = x[used], size[used]
    nodes = check_points(points) or glmm_models.POINTS
    if rates:
        need_rate(x)
        saturated, vi = glmm_saturated.one_poisson(x, size), 1 / np.where(x == 0, 0.5, x)
    else:
        need_logit(x, size)
        half = np.where((x == 0) | (x == size), 0.5, 0.0)
        saturated = glmm_saturated.one_binomial(x, size, np.zeros_like(x))
        vi = 1 / (x + half) + 1 / (size - x + half)
    build = glmm_models.rates if rates else glmm_models.proportions
    likelihood = _Likelihood(
        used,
        lambda design: build(x, size, design, nodes),
        lambda design, flat: glmm_saturated.heterogeneity(saturated, design, flat.log_likelihood),
        vi,
        notices.empty_arms(~used),
    )
    return _fitted(likelihood, X, asked)


def _fitted(likelihood: _Likelihood, X: ArrayLike, asked: _Asked) -> CountRegression:
    """Fit in columns of mean 0 and SD 1, and carry coefficients and covariance back."""
    options, used = asked.options, likelihood.used
    given = np.asarray(X, dtype=float)
    if given.shape[:1] != used.shape:
        raise InvalidInput(f"X has shape {given.shape} for {used.size} studies", "it has a row for each study")
    random, k = options.model == "random", int(used.sum())
    design, labels, where = design_with_intercept(given[used], asked.names, asked.intercept)
    p = len(labels)
    if k < p + random:
        what = f"{p} coefficients and a between-study variance" if random else f"{p} coefficients"
        raise TooFewStudies(
            f"a mixed model with {what}", p + random, k, "Studies that do not inform the model do not count."
        )
    even, back = _evened(design, where)
    problem = likelihood.problem(even)
    flat = fit(problem, random=False)
    found = fit(problem, random=True) if random else flat
    _check_finite(found)
    beta, vcov = back @ found.beta, back @ found.covariance @ back.T
    tests = likelihood.heterogeneity(even, flat)
    df = float(k - p) if options.ci == "t" else math.inf
    if df < 1:
        raise TooFewStudies("t tests of a mixed model", p + 1, k)
    typical = _typical(design, likelihood.vi) if k > p else None
    return CountRegression(
        k=k,
        p=p,
        used=tuple(used.tolist()),
        coefficients=_coefficients(labels, beta, vcov, df, options.level),
        vcov=tuple(tuple(row) for row in vcov.tolist()),
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
        warnings=likelihood.notices,
        **_test_fields(tests, k - p),
    )


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
