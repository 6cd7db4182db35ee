"""Permutation tests of the coefficients: every rearrangement, or a random sample, as one batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mscsec.arrays import Array, IntArray, whole
from mscsec.errors import InvalidInput, NotConverged, NotEstimable
from mscsec.pooling.regression.fit import estimate_tau2
from mscsec.pooling.regression.inference import INTERVALS, fit_coefficients, omnibus, ratio
from mscsec.pooling.regression.problem import Problem
from mscsec.pooling.regression.result import RegressionResult
from mscsec.results import Result

MOST_EXACT = 1_000_000  # rearrangements beyond which "exact" is refused: minutes, and no reader needs the digits
CHUNK = 1 << 15  # numbers of yi fitted at a time
TIES = 1e-8  # two statistics closer than this, relative to the one observed, are the same up to rounding


@dataclass(frozen=True, slots=True)
class PermutationTest(Result):
    """P values from the distribution of each statistic over rearrangements of the studies.

    p_values : by coefficient; qm_p : of the joint test of the moderators, always one-sided upwards.
    permutations : how many there were, the data as observed among them; exact : whether they were all of them.
    statistic : "test" (the coefficient over its SE) or "coefficient".
    what : "signs" of the effects (a model with only an intercept) or "rows" of the design.
    """

    p_values: Mapping[str, float]
    qm_p: float
    permutations: int
    exact: bool
    alternative: str
    statistic: str
    what: str
    seed: int | None


def permutation_test(
    fit: RegressionResult,
    *,
    exact: bool | None = None,
    draws: int = 5000,
    alternative: str = "two-sided",
    statistic: str = "test",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> PermutationTest:
    """Permutation test of a fitted meta-regression; the whole model is fitted again to each rearrangement.

    With moderators the rows of the design are permuted against the studies, distinct arrangements counted once; with
    an intercept alone the signs of the effects are flipped.
    exact : True for all rearrangements, False for a random sample, None for all where there are no more than `draws`.
    draws : size of the sample; the data as observed are counted in, so that no P value is zero.
    alternative : "two-sided", "greater" or "less", for the coefficients.
    seed : of the sample's generator. progress : called with the number done and the number in all.
    Raises InvalidInput for an unknown option or an exact test that is too large.
    Source: Higgins & Thompson (2004), Stat Med 23:1663-1682; Follmann & Proschan (1999), Biometrics 55:732-737; the
    count of the observed, Phipson & Smyth (2010), Stat Appl Genet Mol Biol 9:39.
    """
    if alternative not in ("two-sided", "greater", "less"):
        raise InvalidInput(f"alternative is {alternative!r}", 'it is "two-sided", "greater" or "less"')
    if statistic not in ("test", "coefficient"):
        raise InvalidInput(f"statistic is {statistic!r}", 'it is "test" or "coefficient"')
    draws, seed = whole("draws", draws, 1), whole("seed", seed, 0)
    signs = fit.data.intercept is not None and fit.p == 1
    groups = None if signs else _row_groups(fit.data.design)
    total = 2**fit.k if groups is None else arrangements(np.bincount(groups))
    all_of_them = total <= draws if exact is None else exact
    if all_of_them and total > MOST_EXACT:
        raise InvalidInput(
            f"there are {total} rearrangements", f"an exact test takes up to {MOST_EXACT}", "Write exact=False"
        )
    rng = np.random.default_rng(seed)
    source = _every(fit, groups) if all_of_them else _sample(fit, groups, draws, rng)
    observed = _statistics(fit, fit.data.problem, statistic)[:, 0]
    counts, done = np.zeros((fit.p + 1, 3)), 0
    for batch in source:
        counts += _as_extreme(_statistics(fit, batch, statistic), observed)
        done += batch.yi.shape[0]
        if progress is not None:
            progress(done, total if all_of_them else draws)
    if not all_of_them:
        counts, done = counts + 1, done + 1
    column = {"two-sided": 0, "greater": 1, "less": 2}[alternative]
    return PermutationTest(
        p_values={name: float(counts[j, column] / done) for j, name in enumerate(fit.data.names)},
        qm_p=float(counts[-1, 1] / done),
        permutations=done,
        exact=all_of_them,
        alternative=alternative,
        statistic=statistic,
        what="signs" if signs else "rows",
        seed=None if all_of_them else seed,
    )


def _statistics(fit: RegressionResult, batch: Problem, statistic: str) -> Array:
    """(p + 1, B) statistic of each coefficient and, last, of the joint test."""
    try:
        tau2 = estimate_tau2(batch, fit.data.model, fit.data.tau2).value
    except NotConverged as error:
        raise NotConverged("a permutation's fit", error.iterations, error.last, error.args[0]) from error
    fitted = fit_coefficients(batch, tau2)
    method = INTERVALS[fit.ci_method]
    inferred = method.infer(fitted)
    joint = omnibus(fitted, method, inferred, np.eye(fit.p)[list(fit.data.tested)]).statistic
    if np.isnan(joint).any():
        raise NotEstimable(
            f"{method.name} has no joint test for some permutations. Fit the model with another interval"
        )
    single = fitted.beta if statistic == "coefficient" else ratio(fitted.beta, inferred.se)
    return np.concatenate([single.T, joint[None]])


def _as_extreme(permuted: Array, observed: Array) -> Array:
    """(p + 1, 3) counts: at least as far from zero, as high, as low as observed."""
    slack = (TIES * np.where(np.isfinite(observed), np.maximum(np.abs(observed), TIES), 0.0))[:, None]
    seen = observed[:, None]
    return np.stack(
        [
            (np.abs(permuted) >= np.abs(seen) - slack).sum(-1),
            (permuted >= seen - slack).sum(-1),
            (permuted <= seen + slack).sum(-1),
        ],
        axis=1,
    ).astype(float)


def _row_groups(design: Array) -> IntArray:
    """(k,) a number for each study, shared by studies with the same row of the design."""
    return np.unique(design, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def arrangements(counts: IntArray) -> int:
    """Number of distinct orders of a multiset with the given multiplicities."""
    total = math.factorial(int(counts.sum()))
    for count in counts:
        total //= math.factorial(int(count))
    return total


def distinct_orders(groups: IntArray) -> IntArray:
    """(M, k) every distinct order of the group numbers in `groups` (k,), each once, built place by place."""
    left = np.bincount(groups)[None, :]
    orders = np.zeros((1, 0), dtype=np.int64)
    for _ in range(groups.size):
        rows, chosen = np.nonzero(left)
        left = left[rows]
        left[np.arange(rows.size), chosen] -= 1
        orders = np.column_stack([orders[rows], chosen])
    return orders


def _every(fit: RegressionResult, groups: IntArray | None) -> Iterator[Problem]:
    size = max(1, CHUNK // fit.k)
    if groups is None:
        for start in range(0, 2**fit.k, size):
            codes = np.arange(start, min(start + size, 2**fit.k))
            yield _flipped(fit, np.where((codes[:, None] >> np.arange(fit.k)) & 1, -1.0, 1.0))
        return
    first = np.array([np.nonzero(groups == g)[0][0] for g in range(groups.max() + 1)])
    orders = distinct_orders(groups)
    for start in range(0, orders.shape[0], size):
        yield _permuted(fit, first[orders[start : start + size]])


def _sample(fit: RegressionResult, groups: IntArray | None, draws: int, rng: np.random.Generator) -> Iterator[Problem]:
    size = max(1, CHUNK // fit.k)
    for start in range(0, draws, size):
        count = min(size, draws - start)
        if groups is None:
            yield _flipped(fit, rng.choice([-1.0, 1.0], size=(count, fit.k)))
        else:
            yield _permuted(fit, rng.permuted(np.tile(np.arange(fit.k), (count, 1)), axis=1))


def _flipped(fit: RegressionResult, signs: Array) -> Problem:
    whole = fit.data.problem.take(np.zeros(signs.shape[0], dtype=np.int64))
    return replace(whole, yi=whole.yi * signs)


def _permuted(fit: RegressionResult, order: IntArray) -> Problem:
    whole = fit.data.problem.take(np.zeros(order.shape[0], dtype=np.int64))
    return replace(whole, x=fit.data.problem.x[:, 0, :][:, order])
