"""Confidence intervals for the residual between-study variance of one meta-regression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from mscsec.arrays import Array
from mscsec.errors import InvalidInput, NotConverged
from mscsec.pooling.regression.likelihood import score
from mscsec.pooling.regression.moments import QuantileTau2, q_quantile_tau2, weighted_rss_tau2
from mscsec.pooling.regression.problem import Problem
from mscsec.pooling.regression.projection import project
from mscsec.pooling.regression.roots import bracketed_root
from mscsec.registry import by_key


@dataclass(frozen=True, slots=True)
class Tau2Interval:
    """Limits in squared units of yi, truncated at 0; `empty` where even the upper one would lie below 0."""

    low: float
    high: float
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Tau2IntervalMethod:
    """`limits` takes the problem (one row), the estimate, the estimator's key and the level."""

    key: str
    name: str
    limits: Callable[[Problem, float, str, float], Tau2Interval]
    source: str


def _q_profile(problem: Problem, tau2: float, estimator: str, level: float) -> Tau2Interval:
    """The values of tau2 at which the generalised Q is not in either tail of chi-square on k - p.

    Source: Viechtbauer (2007), Stat Med 26:37-52; with moderators Jackson et al. (2014).
    """
    tail = (1 - level) / 2
    upper, lower = (np.asarray(chdtri(problem.df, share), dtype=float) for share in (tail, 1 - tail))
    low, _ = _settled(weighted_rss_tau2(problem, upper), "the Q-profile interval")
    high, below = _settled(weighted_rss_tau2(problem, lower), "the Q-profile interval")
    return Tau2Interval(low, high, below)


def _settled(found: QuantileTau2, what: str) -> tuple[float, bool]:
    if not found.converged.all():
        raise NotConverged(what, found.iterations, float(found.value[0]))
    return float(found.value[0]), bool(found.below[0])


def _generalised(weights: Callable[[Problem], Array]) -> Callable[[Problem, float, str, float], Tau2Interval]:
    """The values of tau2 at which the generalised Q of the given weights is in neither tail of its distribution."""

    def limits(problem: Problem, tau2: float, estimator: str, level: float) -> Tau2Interval:
        fit = project(problem, weights(problem))
        tail = (1 - level) / 2
        low, _ = _settled(q_quantile_tau2(problem, fit, np.array([1 - tail])), "the generalised Q interval")
        high, below = _settled(q_quantile_tau2(problem, fit, np.array([tail])), "the generalised Q interval")
        return Tau2Interval(low, high, below)

    return limits


def _chosen(problem: Problem) -> Array:
    if problem.q_weights is None:
        raise InvalidInput("the GENQ interval was asked for without weights", "it is built on weights of your own")
    return problem.q_weights


def _profile_likelihood(problem: Problem, tau2: float, estimator: str, level: float) -> Tau2Interval:
    """The values of tau2 whose (restricted) log-likelihood is within half a chi-square quantile of the highest.

    Source: Hardy & Thompson (1996), Stat Med 15:619-629.
    """
    if estimator not in ("ML", "REML"):
        raise InvalidInput(
            f"the profile-likelihood interval was asked for with {estimator}",
            "it belongs to tau2 by ML or REML",
            "Ask for QP, or for tau2 by REML",
        )

    def level_of(value: Array) -> Array:
        return score(problem, value, restricted=estimator == "REML").log_likelihood

    here, zero = np.array([tau2]), np.zeros(1)
    floor = level_of(here) - chdtri(1.0, 1 - level) / 2
    low = 0.0
    if tau2 > 0 and level_of(zero)[0] < floor[0]:
        low = float(bracketed_root(lambda value: level_of(value) - floor, zero, here).value[0])
    high = here + problem.vi[problem.mask].max()
    while level_of(high)[0] > floor[0]:
        high = 2 * high
    return Tau2Interval(low, float(bracketed_root(lambda value: level_of(value) - floor, here, high).value[0]))


TAU2_INTERVALS = by_key(
    Tau2IntervalMethod("QP", "Q-profile", _q_profile, "viechtbauer2007"),
    Tau2IntervalMethod("PL", "Profile likelihood", _profile_likelihood, "hardy1996"),
    Tau2IntervalMethod(
        "BJ", "Biggerstaff-Jackson", _generalised(lambda problem: problem.precision(0.0)), "biggerstaff2008"
    ),
    Tau2IntervalMethod("J", "Jackson", _generalised(lambda problem: np.sqrt(problem.precision(0.0))), "jackson2013"),
    Tau2IntervalMethod("GENQ", "Generalised Q, weights given", _generalised(_chosen), "jackson2014"),
)
