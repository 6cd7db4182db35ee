"""The one value every pooling method returns, whatever its model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.results import Notice, Result

# Fields of a result without between-study variance, and of one without its interval.
NO_TAU2: dict[str, Any] = {"tau2": None, "tau2_se": None, "tau": None, "tau2_method": None}
NO_TAU2_INTERVAL: dict[str, Any] = {"tau2_ci_low": None, "tau2_ci_high": None, "tau2_ci_method": None}


@dataclass(frozen=True, slots=True)
class Display:
    """The estimate and its intervals back on the scale a reader knows (a risk ratio instead of its log).

    Every field is on the natural scale; `transform` names the way back ("identity", "exp", ...).
    """

    transform: str
    estimate: float
    ci_low: float
    ci_high: float
    prediction_low: float | None
    prediction_high: float | None

    @staticmethod
    def by(
        transform: str,
        back: Callable[[float], float],
        interval: tuple[float, float, float],
        ahead: tuple[float, float] | None = None,
    ) -> Display:
        """interval : estimate, low and high on the analysis scale. ahead : the prediction interval. An overflow is infinite."""

        def natural(value: float) -> float:
            try:
                return float(back(value))
            except OverflowError:
                return math.inf

        estimate, low, high = interval
        with np.errstate(over="ignore"):  # of a way back in numpy
            beyond = (None, None) if ahead is None else (natural(ahead[0]), natural(ahead[1]))
            return Display(transform, natural(estimate), natural(low), natural(high), *beyond)


@dataclass(frozen=True, slots=True)
class PooledResult(Result):
    """One meta-analysis. What does not exist for it is None, and `warnings` says why.

    k : number of studies that entered.
    estimate, se, ci_low, ci_high : on the analysis scale (ratios as logs), at `level`.
    statistic, df, p_value : the test that belongs to the interval shown; `df` is None for the normal distribution.
    tau2, tau2_se, tau2_ci_low, tau2_ci_high : between-study variance, squared units of the effect; tau its root.
    i2 : proportion of the total variance that is between studies, in [0, 1], from tau2 for a random-effects model
        (Higgins & Thompson 2002, typical sampling variance), from Q for a common-effect one; h2 likewise.
    i2_q : max(0, (Q - df) / Q), the form based on Q, in [0, 1].
    q, q_df, q_p : Cochran's Q, its degrees of freedom and the upper tail of chi-square.
    prediction_low, prediction_high, prediction_df : interval for the effect in a new study; df None for the normal.
    weights : share of each study in the estimate, in the order given, summing to one.
    model, method, tau2_method, tau2_ci_method, ci_method, prediction_method : keys of the methods used (never "auto").
    threshold, probability_above : the probability that a new study's true effect exceeds `threshold`, where one was given.
    converged, iterations : of the between-study variance estimator; True and 0 for a closed form.
    display : estimate, interval and prediction interval back on the scale of a reader (a ratio instead of its log).
    warnings : notices, each with its code, that a reader must know beside the numbers.
    details : by name, what else belongs to this fit and has no field: under "auto" both candidates for the interval (`wald`,
        `hksj`), limits of I2 and H2 (`i2_ci`, `h2_ci`), `log_likelihood`, `aic`, `bic` and `aicc` of a likelihood, the tests of a
        method from the cells; None where there is nothing.
    """

    k: int
    estimate: float
    se: float
    statistic: float | None
    df: float | None
    p_value: float | None
    ci_low: float
    ci_high: float
    level: float
    tau2: float | None
    tau2_se: float | None
    tau2_ci_low: float | None
    tau2_ci_high: float | None
    tau: float | None
    i2: float | None
    i2_q: float | None
    h2: float | None
    q: float | None
    q_df: float | None
    q_p: float | None
    prediction_low: float | None
    prediction_high: float | None
    prediction_df: float | None
    weights: tuple[float, ...]
    model: str
    method: str
    tau2_method: str | None
    tau2_ci_method: str | None
    ci_method: str
    prediction_method: str | None
    display: Display
    converged: bool = True
    iterations: int = 0
    warnings: tuple[Notice, ...] = ()
    details: dict[str, Any] | None = None
    threshold: float | None = None
    probability_above: float | None = None

    def __repr__(self) -> str:
        shown = f"PooledResult(k={self.k}, estimate={self.estimate:.6g}, ci=[{self.ci_low:.6g}, {self.ci_high:.6g}]"
        tau2 = "" if self.tau2 is None else f", tau2={self.tau2:.6g} by {self.tau2_method}"
        return f"{shown}{tau2}, ci_method={self.ci_method!r})"
