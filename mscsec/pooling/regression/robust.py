"""Cluster-robust covariance of the coefficients: effects that share a cluster may depend on each other in any way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, BoolArray, IntArray
from mscsec.errors import InvalidInput, NotEstimable
from mscsec.pooling.regression.fit import check_level, positions
from mscsec.pooling.regression.inference import Inference, fit_coefficients, wald_test
from mscsec.pooling.regression.problem import without_label
from mscsec.pooling.regression.projection import dependent_columns
from mscsec.pooling.regression.result import Coefficient, JointTest, RegressionResult
from mscsec.pooling.regression.summary import coefficients
from mscsec.registry import by_key, choose
from mscsec.results import Notice, Result


@dataclass(frozen=True, slots=True)
class Sandwich:
    """One small-sample correction.

    factor : (n clusters, p coefficients, k effects) to the multiplier of the covariance.
    power : of the blocks I - H that the residuals are divided by: 0, 1/2 (bias-reduced) or 1 (jackknife).
    satterthwaite : degrees of freedom estimated for each coefficient, else n - p.
    """

    key: str
    name: str
    factor: Callable[[int, int, int], float]
    power: float
    satterthwaite: bool
    source: str


SANDWICHES = by_key(
    Sandwich("CR0", "no correction", lambda n, p, k: 1.0, 0.0, False, "hedges2010"),
    Sandwich("CR1", "n / (n - 1)", lambda n, p, k: n / (n - 1), 0.0, False, "pustejovsky2018"),
    Sandwich("CR1p", "n / (n - p)", lambda n, p, k: n / (n - p), 0.0, False, "pustejovsky2018"),
    Sandwich("CR1S", "n (k - 1) / ((n - 1) (k - p))", lambda n, p, k: n * (k - 1) / ((n - 1) * (k - p)), 0.0, False, "pustejovsky2018"),
    Sandwich("CR2", "bias-reduced linearisation", lambda n, p, k: 1.0, 0.5, True, "pustejovsky2018"),
    Sandwich("CR3", "jackknife", lambda n, p, k: 1.0, 1.0, True, "pustejovsky2018"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RobustResult(Result):
    """Coefficients of a meta-regression with cluster-robust tests and intervals.

    coefficients : by name; one that cannot be estimated is None and `warnings` says why. vcov : in their order, None with them.
    qm : joint test of the moderators, F; None where it cannot be estimated.
    kind : key of `SANDWICHES`; df_method : "n-p" or "satterthwaite"; n_clusters, k : of clusters and effects.
    """

    coefficients: Mapping[str, Coefficient | None]
    vcov: tuple[tuple[float | None, ...], ...]
    qm: JointTest | None
    n_clusters: int
    k: int
    p: int
    kind: str
    df_method: str
    level: float
    warnings: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class _Clusters:
    """The fit cut into clusters.

    members : the effects of each cluster. adjusted : for each the (p, n_i) matrix M X_i' A_i B_i, M = (X'AX)^-1, that its
    residuals are multiplied by.
    basis : (k, p) orthonormal rows of A^(1/2) X; total : (k,) working variances vi + tau2; a : (k,) weights of the fit.
    residual : (k,) y - x'beta. alone : (p,) True for the coefficients that some cluster determines alone.
    """

    members: tuple[IntArray, ...]
    adjusted: tuple[Array, ...]
    basis: Array
    residual: Array
    total: Array
    a: Array
    alone: BoolArray


def robust(
    fit: RegressionResult,
    cluster: Sequence[object],
    *,
    kind: str = "CR2",
    df: str = "auto",
    btt: Sequence[str | int] | None = None,
    level: float | None = None,
) -> RobustResult:
    """Cluster-robust tests and intervals for a fitted meta-regression, its variances as the working model.

    cluster : (k,) label of the cluster of each effect, in the order the effects were given.
    kind : key of `SANDWICHES`. df : "n-p", "satterthwaite", or "auto", as the kind has it.
    btt : coefficients of the joint test; those of the fit where not given. With n - p it is F(m, n - p); with
        Satterthwaite the approximate Hotelling T2 of Tipton & Pustejovsky (2015), J Educ Behav Stat 40:604-634.
    level : that of the fit where not given.
    Raises InvalidInput for a label missing; NotEstimable for one cluster, or no more clusters than coefficients
    where the degrees of freedom are n - p.
    Source: Hedges, Tipton & Johnson (2010), Res Synth Methods 1:39-65; Pustejovsky & Tipton (2018), J Bus Econ Stat
    36:672-683.
    """
    row = choose(SANDWICHES, kind, "cluster-robust estimator")
    if df not in ("auto", "n-p", "satterthwaite"):
        raise InvalidInput(f"df is {df!r}", 'it is "n-p", "satterthwaite" or "auto"')
    satterthwaite = row.satterthwaite if df == "auto" else df == "satterthwaite"
    level = fit.level if level is None else check_level(level)
    members = _members(cluster, fit.k)
    n = len(members)
    if n == 1:
        raise NotEstimable("the cluster-robust covariance is not estimable: one cluster")
    if n <= fit.p and (not satterthwaite or row.key == "CR1p"):
        raise NotEstimable(f"the cluster-robust covariance is not estimable: {n} clusters for {fit.p} coefficients")
    parts = _cut(fit, members, row.power)
    pieces = np.stack([b @ parts.residual[m] for b, m in zip(parts.adjusted, members, strict=True)])
    factor = np.sqrt(row.factor(n, fit.p, fit.k)) * pieces.T
    vcov = factor @ factor.T
    cross = _cross(parts)
    own_df = _satterthwaite(cross) if satterthwaite else np.full(fit.p, float(n - fit.p))
    known = ~parts.alone & (np.diagonal(vcov) > 0)
    names = fit.data.names
    found = _coefficients(fit, factor, own_df, known, level)
    tested = fit.data.tested if btt is None else positions(btt, names)
    qm = _joint(fit, factor, cross, tested, n, satterthwaite) if known[list(tested)].all() else None
    lost = [name for name, ok in zip(names, known, strict=True) if not ok]
    notice = Notice("P407", f"no robust standard error for {', '.join(lost)}: one cluster alone determines it")
    return RobustResult(
        found,
        tuple(
            tuple(float(x) if known[i] and known[j] else None for j, x in enumerate(line))
            for i, line in enumerate(vcov)
        ),
        qm,
        n,
        fit.k,
        fit.p,
        row.key,
        "satterthwaite" if satterthwaite else "n-p",
        level,
        (notice,) if lost else (),
    )


def _members(cluster: Sequence[object], k: int) -> tuple[IntArray, ...]:
    labels = list(cluster)
    if len(labels) != k:
        raise InvalidInput(f"there are {len(labels)} cluster labels and {k} effects", "each effect has one")
    if missing := without_label(labels):
        raise InvalidInput(f"effect {missing[0]} (counted from 0) has no cluster", "each effect belongs to one")
    groups: dict[object, list[int]] = {}
    for i, label in enumerate(labels):
        groups.setdefault(label, []).append(i)
    return tuple(np.array(group, dtype=np.int64) for group in groups.values())


def _cut(fit: RegressionResult, members: tuple[IntArray, ...], power: float) -> _Clusters:
    problem, x = fit.data.problem, fit.data.design
    used = fit_coefficients(problem, np.array([fit.tau2])).used
    inverse, basis = used.inverse_triangle()[0], used.basis[:, 0, :].T
    a, total = used.weights[0], problem.vi[0] + fit.tau2
    adjusted, alone = [], np.zeros(x.shape[1], dtype=bool)
    for m in members:
        lost = dependent_columns(np.delete(x, m, axis=0))  # without this cluster
        for j, made_of in lost.items():
            alone[[j, *made_of]] = True
        correction = np.eye(m.size)
        if power == 0.5:
            correction = _bias_reduced(basis, m, a, total, len(lost))
        elif power == 1:
            correction = _jackknife(basis, m, a, len(lost))
        adjusted.append((inverse @ basis[m].T * np.sqrt(a[m])) @ correction)
    return _Clusters(members, tuple(adjusted), basis, used.residual[0] / np.sqrt(a), total, a, alone)


def _bias_reduced(basis: Array, m: IntArray, a: Array, total: Array, lost: int) -> Array:
    """B with B R B' = diag(total), R the working covariance of one cluster's residuals, (I - H) diag(total) (I - H)'.

    The symmetric root is taken in units of the working standard deviations; a direction that the cluster alone
    determines has no residual and drops out (Moore-Penrose inverse).
    """
    factor = _residual_factor(basis, m, np.sqrt(a * total)) * np.sqrt(total[m] / a[m])[:, None]
    vectors, values = _singular(factor, lost)
    root = np.sqrt(total[m])
    return np.asarray(root[:, None] * ((vectors / values) @ vectors.T) * root)


def _jackknife(basis: Array, m: IntArray, a: Array, lost: int) -> Array:
    """(I - H)^-1 of one cluster: its residuals become those of the fit without it."""
    vectors, values = _singular(_residual_factor(basis, m, np.ones(a.size)), lost)
    return np.asarray(((vectors / values**2) @ vectors.T) * np.sqrt(a[m]) / np.sqrt(a[m])[:, None])


def _residual_factor(basis: Array, m: IntArray, r: Array) -> Array:
    """(n_i, n_i + p) E of which E E' is the cluster's block of (I - QQ') diag(r^2) (I - QQ'), Q the (k, p) basis.

    The columns of the other clusters are an orthogonal transformation of Q_i Q' diag(r). Where a cluster has nearly
    all of the leverage in some direction its block is a difference that rounding eats; the factor keeps it, for what
    is left of that direction stands in the columns of the others.
    """
    own, rest = basis[m], np.delete(basis * r[:, None], m, axis=0)
    return np.hstack([np.diag(r[m]) - own @ (own * r[m][:, None]).T, -own @ np.asarray(np.linalg.qr(rest, mode="r")).T])


def _singular(factor: Array, lost: int) -> tuple[Array, Array]:
    """Left singular vectors and values, without the `lost` smallest, which are zero.

    Rows of very different size (a variance of 1e-9 beside 1) keep their digits if the long ones are reduced first.
    Source: Higham (2000), Linear Algebra Appl 309:153-174, on QR with sorted rows before an SVD.
    """
    order = np.argsort(-(factor**2).sum(-1), kind="stable")
    triangle = np.asarray(np.linalg.qr(factor[order].T, mode="r")).T
    vectors, values, _ = np.linalg.svd(triangle)
    keep = values.size - lost
    return vectors[np.argsort(order), :keep], values[:keep]


def _cross(parts: _Clusters) -> Array:
    """(p, p, n, n) covariances between the clusters' contributions to the coefficients under the working model."""
    k, p = parts.basis.shape
    root = np.sqrt(parts.total)
    others = (parts.basis * np.sqrt(parts.a * parts.total)[:, None]).T
    scaled = np.zeros((len(parts.members), p, k))
    for i, (b, m) in enumerate(zip(parts.adjusted, parts.members, strict=True)):
        scaled[i] = -(b / np.sqrt(parts.a[m]) @ parts.basis[m]) @ others
        scaled[i][:, m] += b * root[m]
    flat = scaled.reshape(-1, k)
    return np.asarray((flat @ flat.T).reshape(*scaled.shape[:2], *scaled.shape[:2]).transpose(1, 3, 0, 2))


def _satterthwaite(cross: Array) -> Array:
    """(p,) degrees of freedom 2 E(V)^2 / Var(V) of each diagonal element."""
    own = np.einsum("ssij->sij", cross)
    trace = np.einsum("sii->s", own)
    return np.asarray(trace**2 / np.maximum((own**2).sum((-2, -1)), np.finfo(float).tiny))


def _coefficients(
    fit: RegressionResult, factor: Array, df: Array, known: BoolArray, level: float
) -> dict[str, Coefficient | None]:
    safe = np.where(known[:, None], factor, 1.0)
    beta = np.array([part.estimate for part in fit.coefficients.values()])
    whole = coefficients(fit.data.names, beta, Inference(safe[None], np.where(known, df, 1.0)[None]), level)
    return {name: part if ok else None for (name, part), ok in zip(whole.items(), known, strict=True)}


def _joint(
    fit: RegressionResult, factor: Array, cross: Array, tested: tuple[int, ...], n: int, satterthwaite: bool
) -> JointTest | None:
    """F test of the coefficients tested; None where the covariance of so many cannot be told from so few clusters."""
    at = list(tested)
    m = len(at)
    beta = np.array([part.estimate for part in fit.coefficients.values()])[at]
    if n < m:
        return None
    if not satterthwaite:
        eta, scale = float(n - fit.p), 1.0
    else:
        eta = _hotelling_df(cross[np.ix_(at, at)])
        eta, scale = eta - m + 1, (eta - m + 1) / eta
    if eta <= 0:
        return None
    found = wald_test(beta[None], factor[None, at], np.array([eta]), np.array([scale]))
    if np.isnan(found.statistic[0]):
        return None
    names = tuple(fit.data.names[j] for j in tested)
    return JointTest(names, float(found.statistic[0]), m, eta, float(found.p_value[0]))


def _hotelling_df(cross: Array) -> float:
    """Degrees of freedom of the Wishart distribution that matches the total variance of the standardised covariance.

    Source: Tipton & Pustejovsky (2015), equation 11 (their method HTZ).
    """
    m = cross.shape[0]
    expected = np.einsum("stii->st", cross)
    values, vectors = np.linalg.eigh(expected)
    root = (vectors / np.sqrt(values)) @ vectors.T
    unit = np.einsum("as,bt,stij->abij", root, root, cross)
    own = np.einsum("ssij->sij", unit)
    variance = np.einsum("sij,tij->", own, own) + np.einsum("stij,stji->", unit, unit)
    return float(m * (m + 1) / variance)
