"""What a meta-regression and the questions put to it return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mscsec.arrays import Array
from mscsec.pooling.regression.problem import Problem
from mscsec.results import Notice, Result, plain


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient on the analysis scale, per unit of its column; df is None for the normal distribution."""

    estimate: float
    se: float
    statistic: float
    df: float | None
    p_value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class JointTest(Result):
    """Test that several coefficients, or contrasts, are all zero.

    tested : their names. statistic : chi-square on df1 where df2 is None, else F on df1 and df2.
    """

    tested: tuple[str, ...]
    statistic: float
    df1: int
    df2: float | None
    p_value: float


@dataclass(frozen=True, slots=True)
class ModelData:
    """The arrays and options a result was computed from, which predictions, diagnostics and permutations need."""

    problem: Problem
    names: tuple[str, ...]
    intercept: int | None
    model: str
    tau2: str | float
    ci: str
    level: float
    tested: tuple[int, ...]

    @property
    def design(self) -> Array:
        """(k, p) design matrix."""
        return self.problem.x[:, 0, :].T


@dataclass(frozen=True, slots=True)
class RegressionResult(Result):
    """One meta-regression. What does not exist for it is None, and `warnings` says why.

    k, p : numbers of studies and of coefficients, the intercept included.
    coefficients : by name; vcov : their covariance, rows and columns in that order.
    qm : test of the moderators (chi-square, or F where df2 is not None); qm.tested names them; None for
        Kenward-Roger with too few residual degrees of freedom for an F distribution.
    qe, qe_df, qe_p : residual heterogeneity, Cochran's Q about the inverse-variance fit.
    tau2, tau2_se, tau2_ci_low, tau2_ci_high : residual between-study variance, squared units of yi; tau its root.
    i2 : share of residual heterogeneity in the residual variance, in [0, 1]: tau2 / (tau2 + (k - p) / tr P) for a
        random-effects model, (Q - df) / Q for a common-effect one; h2 = 1 / (1 - i2).
    r2 : share of the between-study variance of the model without moderators that they account for, in [0, 1]
        (for a common-effect model of the residual mean square); None where the constant is not in the design.
    log_likelihood, aic, aicc, bic : restricted where tau2 is by REML, else full; None where tau2 was given.
    """

    k: int
    p: int
    coefficients: Mapping[str, Coefficient]
    vcov: tuple[tuple[float, ...], ...]
    qm: JointTest | None
    qe: float
    qe_df: int
    qe_p: float
    tau2: float
    tau2_se: float | None
    tau2_ci_low: float | None
    tau2_ci_high: float | None
    tau: float
    i2: float | None
    i2_ci_low: float | None
    i2_ci_high: float | None
    h2: float | None
    h2_ci_low: float | None
    h2_ci_high: float | None
    r2: float | None
    log_likelihood: float | None
    aic: float | None
    aicc: float | None
    bic: float | None
    level: float
    model: str
    tau2_method: str | None
    tau2_ci_method: str | None
    ci_method: str
    converged: bool
    iterations: int
    warnings: tuple[Notice, ...]
    data: ModelData = field(repr=False, compare=False)

    @property
    def constant(self) -> str | None:
        """Name of the coefficient that is the mean where all moderators are zero; None where the design has none."""
        return None if self.data.intercept is None else self.data.names[self.data.intercept]

    def to_dict(self) -> dict[str, Any]:
        """Fields as plain data, without the arrays the model was fitted to."""
        return plain_fields(self)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={part.estimate:.6g}" for name, part in self.coefficients.items())
        return f"RegressionResult(k={self.k}, {shown}, tau2={self.tau2:.6g} by {self.tau2_method}, ci_method={self.ci_method!r})"


@dataclass(frozen=True, slots=True)
class CountRegression(Result):
    """A mixed model of counts with moderators of the effect; coefficients on the link scale (logs of ratios, logits, log rates).

    k, p : studies that inform the model, and coefficients with the intercept. used : (k of the input) which studies those are.
    coefficients : by name; vcov : their covariance, rows and columns in that order.
    constant : name of the coefficient that is the mean where all moderators are zero; None where the design has none.
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
    constant: str | None
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


AnyRegression = RegressionResult | CountRegression


def plain_fields(result: Any) -> dict[str, Any]:
    """Fields of a result as plain data, all but `data`."""
    return {name: plain(getattr(result, name)) for name in result.__dataclass_fields__ if name != "data"}
