"""Prediction intervals: where the effect of a new study is expected, one function, one row of `PREDICTION`.

They are named by their degrees of freedom and standard error, since the packages call different things by one name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mscsec.arrays import Array
from mscsec.pooling.mean import Fitted, Interval, hksj, kenward_roger
from mscsec.pooling.tails import critical, lower_tail
from mscsec.registry import by_key


class Prediction(NamedTuple):
    """The predictive distribution of a new study's true effect, t on `df` around the mean; every field (...).

    centre, low, high : measured from the set's origin. se : sqrt(tau2 + se(mean)^2). df : infinite for the normal.
    """

    centre: Array
    se: Array
    df: Array | float
    low: Array
    high: Array


def _around(fit: Fitted, shown: Interval, se2: Array, df: Array | float, level: float) -> Prediction:
    se = np.sqrt(fit.tau2 + se2)
    half = critical(level, df) * se
    return Prediction(shown.estimate, se, df, shown.estimate - half, shown.estimate + half)


def _hksj_se2(fit: Fitted, shown: Interval, scaled: bool) -> Array:
    return (shown.se if scaled else hksj(fit, 0.95).se) ** 2


def t_k1(fit: Fitted, shown: Interval, scaled: bool, level: float) -> Prediction:
    """t on k - 1 with the Wald standard error (meta's "V"). Source: Veroniki, Jackson, Bender et al (2019), Res Synth Methods 10:23-43."""
    return _around(fit, shown, fit.variance, fit.sets.k - 1, level)


def higgins(fit: Fitted, shown: Interval, scaled: bool, level: float) -> Prediction:
    """t on k - 2 with the Wald standard error (meta's "HTS"). Source: Higgins, Thompson & Spiegelhalter (2009), J R Stat Soc A 172:137-159."""
    return _around(fit, shown, fit.variance, fit.sets.k - 2, level)


def hk(fit: Fitted, shown: Interval, scaled: bool, level: float) -> Prediction:
    """t on k - 1 with the HKSJ standard error, floored as the interval shown where that is of the HKSJ family."""
    return _around(fit, shown, _hksj_se2(fit, shown, scaled), fit.sets.k - 1, level)


def hk_pr(fit: Fitted, shown: Interval, scaled: bool, level: float) -> Prediction:
    """t on k - 2 with the HKSJ standard error. Source: Partlett & Riley (2017), Stat Med 36:301-317."""
    return _around(fit, shown, _hksj_se2(fit, shown, scaled), fit.sets.k - 2, level)


def kr(fit: Fitted, shown: Interval, scaled: bool, level: float) -> Prediction:
    """t on the Kenward-Roger degrees of freedom with the Kenward-Roger standard error."""
    own = kenward_roger(fit, level)
    return _around(fit, shown, own.se**2, own.df, level)


def kr_pr(fit: Fitted, shown: Interval, scaled: bool, level: float) -> Prediction:
    """As `kr`, with one degree of freedom fewer. Source: Partlett & Riley (2017), Stat Med 36:301-317."""
    own = kenward_roger(fit, level)
    return _around(fit, shown, own.se**2, own.df - 1, level)


def normal(fit: Fitted, shown: Interval, scaled: bool, level: float) -> Prediction:
    """Normal quantile with the Wald standard error (metafor's default with test z; meta's "S")."""
    return _around(fit, shown, fit.variance, math.inf, level)


def spread_only(fit: Fitted, shown: Interval, scaled: bool, level: float) -> Prediction:
    """Normal quantile times tau alone, the mean taken as known (metafor's "simple"). Source: Skipka (2006), XIV Cochrane Colloquium."""
    return _around(fit, shown, np.zeros_like(fit.variance), math.inf, level)


def as_shown(fit: Fitted, shown: Interval, scaled: bool, level: float) -> Prediction:
    """t on k - 1 with the standard error of the interval shown for the mean."""
    return _around(fit, shown, shown.se**2, fit.sets.k - 1, level)


def probability_above(threshold: float, prediction: Prediction, origin: Array) -> Array:
    """Probability that a new study's true effect exceeds `threshold`, under the predictive distribution; 1/2 at a zero spread on it."""
    gap = prediction.centre + origin - threshold
    zero = prediction.se == 0
    ratio = np.where(zero, np.where(gap == 0, 0.0, np.copysign(np.inf, gap)), gap / np.where(zero, 1.0, prediction.se))
    return lower_tail(ratio, prediction.df)


@dataclass(frozen=True, slots=True)
class PredictionMethod:
    """A row of `PREDICTION`. `needs` is the number of studies it needs at least."""

    key: str
    name: str
    compute: Callable[[Fitted, Interval, bool, float], Prediction]
    needs: int
    source: str


PREDICTION = by_key(
    PredictionMethod("t-k1", "t on k - 1, Wald standard error", t_k1, 2, "veroniki2019"),
    PredictionMethod("hts", "t on k - 2, Wald standard error", higgins, 3, "higgins2009"),
    PredictionMethod("hk", "t on k - 1, HKSJ standard error", hk, 2, "partlett2017"),
    PredictionMethod("hk-pr", "t on k - 2, HKSJ standard error", hk_pr, 3, "partlett2017"),
    PredictionMethod("kr", "Kenward-Roger", kr, 2, "partlett2017"),
    PredictionMethod("kr-pr", "Kenward-Roger, one degree of freedom fewer", kr_pr, 2, "partlett2017"),
    PredictionMethod("normal", "normal quantile, Wald standard error", normal, 2, "skipka2006"),
    PredictionMethod("simple", "normal quantile, tau alone", spread_only, 2, "skipka2006"),
    PredictionMethod("shown", "t on k - 1, standard error of the interval shown", as_shown, 2, "veroniki2019"),
)
