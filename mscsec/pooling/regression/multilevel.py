"""Three-level meta-analysis: effects within clusters, with variance between clusters and between effects of one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, chdtri

from mscsec.arrays import Array, ArrayLike, BoolArray, IntArray
from mscsec.errors import InvalidInput, NotConverged, NotEstimable, TooFewStudies
from mscsec.pooling.regression.fit import check_level, design_with_intercept
from mscsec.pooling.regression.inference import Inference, critical
from mscsec.pooling.regression.problem import Problem, arrange, without_label
from mscsec.pooling.regression.projection import Projection, project
from mscsec.pooling.regression.result import Coefficient, JointTest
from mscsec.pooling.regression.roots import bracketed_root
from mscsec.pooling.regression.summary import as_rows, coefficients, information_criteria, wald_joint
from mscsec.results import Notice, Result

STEPS = 500
SETTLED = 1e-12  # change of both variances, relative to their sum and the sampling variances, that ends the ascent
# Rise of the log-likelihood, relative to its size, that its rounding may hide. The gradient is exact beyond that: steps for which no
# more is to be gained are taken as they are, and after this many the gradient's own rounding is all that still moves.
HIDDEN, LAST = 1e-12, 30


@dataclass(frozen=True, slots=True)
class MultilevelResult(Result):
    """A three-level model: yi = x'beta + u_cluster + w_effect + error.

    k, n_clusters, p : effects, clusters and coefficients. coefficients : by name; vcov in their order.
    tau2_between, tau2_within : variances of u and w, squared units of yi, with profile-likelihood limits.
    i2_between, i2_within : their shares of the total variance at the typical sampling variance, in [0, 1].
    qm : test of the moderators. q, q_df, q_p : residual heterogeneity about the inverse-variance fit.
    prediction_low, prediction_high : interval for the effect of a new study's new effect, t on k - p; None with
        moderators.
    """

    k: int
    n_clusters: int
    p: int
    coefficients: Mapping[str, Coefficient]
    vcov: tuple[tuple[float, ...], ...]
    qm: JointTest
    tau2_between: float
    tau2_between_ci_low: float | None
    tau2_between_ci_high: float | None
    tau2_within: float
    tau2_within_ci_low: float | None
    tau2_within_ci_high: float | None
    i2_between: float
    i2_within: float
    q: float
    q_df: int
    q_p: float
    prediction_low: float | None
    prediction_high: float | None
    prediction_df: float | None
    log_likelihood: float
    aic: float
    aicc: float
    bic: float
    method: str
    ci_method: str
    tau2_ci_method: str | None
    level: float
    iterations: int
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class _Model:
    """Effects in clusters: `of` (k,) is the number of each effect's cluster, n the number of clusters."""

    problem: Problem
    of: IntArray
    n: int
    restricted: bool


@dataclass(frozen=True, slots=True)
class _Level:
    """Log-likelihood at (between, within), its gradient, average information, the expected one's
    diagonal (without the coefficients) and the whitened fit."""

    value: float
    gradient: Array
    information: Array
    expected: Array
    fit: Projection


def multilevel(
    yi: ArrayLike,
    vi: ArrayLike,
    cluster: Sequence[object],
    X: ArrayLike | None = None,
    *,
    names: Sequence[str] | None = None,
    intercept: bool = True,
    method: str = "REML",
    ci: str = "wald",
    level: float = 0.95,
    tau2_ci: str = "PL",
) -> MultilevelResult:
    """Pool dependent effects with a variance between clusters and one between the effects of a cluster.

    yi, vi : (k,) effects with independent sampling errors; cluster : (k,) labels.
    X : (k, p) design as in `regress`; an intercept alone where not given.
    method : "REML" or "ML". ci : "wald", or "t" on k - p. tau2_ci : "PL" or "none".
    Raises NotEstimable where clusters and effects cannot be told apart (one cluster, or no cluster with two effects),
    TooFewStudies, InvalidInput, NotConverged.
    Source: Konstantopoulos (2011), Res Synth Methods 2:61-76; Van den Noortgate et al. (2013), Behav Res Methods
    45:576-594.
    """
    level = check_level(level)
    for name, asked, known in (("method", method, ("REML", "ML")), ("ci", ci, ("wald", "t")), ("tau2_ci", tau2_ci, ("PL", "none"))):  # fmt: skip
        if asked not in known:
            raise InvalidInput(f"{name} is {asked!r}", f"it is one of {', '.join(known)}")
    design = np.ones(np.asarray(yi).shape) if X is None else X
    x, labels, where = design_with_intercept(design, ["intercept"] if X is None else names, intercept)
    problem, lead = arrange(yi, vi, x)
    if lead:
        raise InvalidInput(f"yi has {len(lead) + 1} axes", "multilevel fits one set of effects, (k,)")
    model = _model(problem, cluster, method == "REML")
    theta, at, steps = _maximise(model, None, 0.0)
    limits = [_profile(model, part, theta, at.value, level) if tau2_ci == "PL" else (None, None) for part in (0, 1)]
    return _result(model, theta, at, steps, limits, labels, where, method, ci, level, tau2_ci)


def _model(problem: Problem, cluster: Sequence[object], restricted: bool) -> _Model:
    labels, k = list(cluster), problem.yi.shape[-1]
    if len(labels) != k:
        raise InvalidInput(f"there are {len(labels)} cluster labels and {k} effects", "each effect has one")
    missing = without_label(labels)
    if missing:
        raise InvalidInput(f"effect {missing[0]} (counted from 0) has no cluster", "each effect belongs to one")
    if k < problem.p + 2:
        raise TooFewStudies(f"a three-level model with {problem.p} coefficients", problem.p + 2, k)
    number: dict[object, int] = {}
    of = np.array([number.setdefault(label, len(number)) for label in labels], dtype=np.int64)
    if len(number) == 1:
        raise NotEstimable("the variance between clusters is not estimable: one cluster")
    if len(number) == k:
        raise NotEstimable("the two variances cannot be told apart: every cluster has one effect. Use pool or regress")
    return _Model(problem, of, len(number), restricted)


def _level(model: _Model, theta: Array) -> _Level:
    """The log-likelihood at theta = (between, within) and what the ascent needs.

    A cluster's covariance is D + between 11'; with u the unit vector along D^(-1/2) 1 it is whitened by
    (I - c uu') D^(-1/2), c = 1 - (1 + between s)^(-1/2), s = 1'D^-1 1. The average information matrix is that of
    Gilmour, Thompson & Cullis (1995), Biometrics 51:1440-1450.
    """
    problem, of, n = model.problem, model.of, model.n
    d = 1 / (problem.vi[0] + theta[1])
    root = np.sqrt(d)
    s = np.bincount(of, d, n)
    u = root / np.sqrt(s)[of]
    c = 1 - 1 / np.sqrt(1 + theta[0] * s)

    def inner(z: Array) -> Array:
        """(I - c uu') z"""
        return np.asarray(z - (c * np.bincount(of, u * z, n))[of] * u)

    def whiten(z: Array) -> Array:
        return inner(root * z)

    white = Problem(
        whiten(problem.yi[0])[None],
        problem.vi,
        np.stack([whiten(column[0]) for column in problem.x])[:, None, :],
        problem.mask,
    )
    fit = project(white, np.ones(white.yi.shape))
    basis = [root * inner(q[0]) for q in fit.basis]
    py = root * inner(fit.residual[0])
    shared = s / (1 + theta[0] * s)  # 1' S^-1 1 of each cluster
    own = d - (theta[0] / (1 + theta[0] * s))[of] * d**2  # diagonal of S^-1
    trace = np.array([shared.sum(), own.sum()])
    log_det = -np.log(d).sum() + np.log1p(theta[0] * s).sum()
    count = problem.yi.shape[-1]
    if model.restricted:
        trace = trace - np.array(
            [sum((np.bincount(of, b, n) ** 2).sum() for b in basis), sum((b**2).sum() for b in basis)]
        )
        log_det += float(fit.log_det[0])
        count -= problem.p
    sums = np.asarray(np.bincount(of, py, n), dtype=float)
    gradient = 0.5 * (np.array([(sums**2).sum(), (py**2).sum()]) - trace)
    pushed = np.stack([fit.remainder(whiten(f)[None])[0] for f in (sums[of], py)])
    value = -0.5 * (count * math.log(2 * math.pi) + log_det + float(fit.rss[0]))
    expected = 0.5 * np.array([(shared**2).sum(), (own**2).sum()])
    return _Level(float(value), gradient, 0.5 * pushed @ pushed.T, expected, fit)


def _maximise(model: _Model, held: int | None, value: float) -> tuple[Array, _Level, int]:
    """The highest likelihood over both variances >= 0, or over one with the other held at `value`, from three starts."""
    y = model.problem.yi[0]
    spread = float(np.var(y)) + 1e-3 * float(np.median(model.problem.vi))
    best: tuple[Array, _Level, int] | None = None
    for share in (0.5, 0.05, 0.95):
        start = np.array([share, 1 - share]) * spread
        if held is not None:
            start[held] = value
        found = _ascend(model, start, held)
        if best is None or found[1].value > best[1].value + 1e-10:
            best = found
    assert best is not None
    return best


def _ascend(model: _Model, theta: Array, held: int | None) -> tuple[Array, _Level, int]:
    """Newton steps by the average information, kept within theta >= 0 and halved until the likelihood rises, as far as that can be seen."""
    at = _level(model, theta)
    scale = float(np.median(model.problem.vi))
    hidden = 0
    for step in range(1, STEPS + 1):
        free = (theta > 0) | (at.gradient > 0)
        if held is not None:
            free[held] = False
        move = _step(at, free)
        seen = 0.5 * at.gradient @ move > HIDDEN * (1 + abs(at.value))
        hidden += not seen
        share, ahead, trial = 1.0, at, theta
        while share > 1e-12:
            trial = np.maximum(theta + share * move, 0.0)
            ahead = _level(model, trial)
            if not seen or ahead.value >= at.value - 1e-14 * abs(at.value):
                break
            share /= 2
        change = np.abs(trial - theta).max()
        theta, at = trial, ahead
        if change <= SETTLED * (theta.sum() + scale) or hidden == LAST:
            return theta, at, step
    raise NotConverged("the three-level model", STEPS, at.value, "Pool one effect of each cluster, or use robust")


def _step(at: _Level, free: BoolArray) -> Array:
    move = np.zeros(2)
    if free.any():
        inside = np.ix_(free, free)
        ridge = 1e-6 * np.diag(at.expected[free])  # the average information is zero for effects that are all equal
        move[free] = np.linalg.solve(at.information[inside] + ridge, at.gradient[free])
    return move


def _profile(model: _Model, part: int, theta: Array, best: float, level: float) -> tuple[float, float]:
    """Profile-likelihood limits of one variance, the other at its own maximum for each value. Hardy & Thompson (1996)."""
    drop = chdtri(1.0, 1 - level) / 2

    def below(value: Array) -> Array:
        return np.array([_maximise(model, part, float(v))[1].value for v in value]) - best + drop

    here = np.array([theta[part]])
    low = 0.0
    if theta[part] > 0 and below(np.zeros(1))[0] < 0:
        low = float(bracketed_root(below, np.zeros(1), here, tolerance=1e-9).value[0])
    high = 2 * here + theta.sum() + np.median(model.problem.vi)
    while below(high)[0] > 0:
        high = 2 * high
    return low, float(bracketed_root(below, here, high, tolerance=1e-9).value[0])


def _result(
    model: _Model,
    theta: Array,
    at: _Level,
    steps: int,
    limits: list[tuple[float, float] | tuple[None, None]],
    labels: tuple[str, ...],
    where: int | None,
    method: str,
    ci: str,
    level: float,
    tau2_ci: str,
) -> MultilevelResult:
    problem = model.problem
    k, p = problem.yi.shape[-1], problem.p
    inverse = at.fit.inverse_triangle()[0]
    vcov, beta = inverse @ inverse.T, at.fit.beta()[0]
    df = np.inf if ci == "wald" else float(k - p)
    residual = project(problem, problem.precision(0.0))
    q, typical = float(residual.rss[0]), (k - p) / float(residual.trace(residual.weights)[0])
    total = float(theta.sum()) + typical
    ahead = _ahead(beta, vcov, theta, k - p, level) if p == 1 and where == 0 else None
    criteria = information_criteria(problem, at.value, model.restricted, p + 2)
    return MultilevelResult(
        k=k,
        n_clusters=model.n,
        p=p,
        coefficients=coefficients(labels, beta, Inference(inverse[None], np.full((1, p), df)), level),
        vcov=as_rows(vcov),
        qm=wald_joint(beta, inverse, labels, where, df),
        tau2_between=float(theta[0]),
        tau2_between_ci_low=limits[0][0],
        tau2_between_ci_high=limits[0][1],
        tau2_within=float(theta[1]),
        tau2_within_ci_low=limits[1][0],
        tau2_within_ci_high=limits[1][1],
        i2_between=float(theta[0]) / total,
        i2_within=float(theta[1]) / total,
        q=q,
        q_df=k - p,
        q_p=float(chdtrc(k - p, q)),
        prediction_low=None if ahead is None else ahead[0],
        prediction_high=None if ahead is None else ahead[1],
        prediction_df=None if ahead is None else float(k - p),
        method=method,
        ci_method=ci,
        tau2_ci_method=None if tau2_ci == "none" else tau2_ci,
        level=level,
        iterations=steps,
        log_likelihood=criteria.log_likelihood,
        aic=criteria.aic,
        aicc=criteria.aicc,
        bic=criteria.bic,
    )


def _ahead(beta: Array, vcov: Array, theta: Array, df: int, level: float) -> tuple[float, float]:
    """Interval for the true effect of a new study in a new cluster, of a model without moderators."""
    half = float(critical(level, np.array(float(df)))) * math.sqrt(float(vcov[0, 0]) + float(theta.sum()))
    return float(beta[0]) - half, float(beta[0]) + half
