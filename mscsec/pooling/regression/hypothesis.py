"""Questions put to a fitted meta-regression: joint tests, contrasts, nested models, collinearity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from mscsec.arrays import Array, ArrayLike, floats
from mscsec.errors import InvalidInput, NotEstimable
from mscsec.pooling.regression.fit import positions
from mscsec.pooling.regression.inference import INTERVALS, critical, fit_coefficients, two_sided
from mscsec.pooling.regression.predict import row_df
from mscsec.pooling.regression.projection import dependent_columns
from mscsec.pooling.regression.result import AnyRegression, Coefficient, JointTest, RegressionResult
from mscsec.pooling.regression.summary import joint_test
from mscsec.results import Result


def wald(fit: RegressionResult, btt: Sequence[str | int]) -> JointTest:
    """Joint test that the named (or numbered, from 0) coefficients are zero, by the fit's interval method.

    Chi-square for the normal distribution, else F on m and the method's degrees of freedom.
    Raises NotEstimable where Kenward-Roger has no F distribution: too few residual degrees of freedom.
    Source: Raudenbush (2009), ch. 16; Knapp & Hartung (2003), Stat Med 22:2693-2710, for the F.
    """
    chosen = positions(btt, fit.data.names)
    found = _tested(fit, np.eye(fit.p)[list(chosen)], tuple(fit.data.names[j] for j in chosen))
    if found is None:
        raise NotEstimable(
            f"{INTERVALS[fit.ci_method].name} has no F distribution with {fit.k - fit.p} residual degrees of freedom"
        )
    return found


def _tested(fit: RegressionResult, rows: Array, tested: tuple[str, ...]) -> JointTest | None:
    fitted = fit_coefficients(fit.data.problem, np.array([fit.tau2]))
    method = INTERVALS[fit.ci_method]
    return joint_test(fitted, method, method.infer(fitted), rows, tested)


@dataclass(frozen=True, slots=True)
class Contrasts(Result):
    """Linear combinations of coefficients by name, and the test that all of them are zero.

    `joint` is None where the combinations are not independent of each other, or Kenward-Roger has no F for them.
    """

    contrasts: Mapping[str, Coefficient]
    joint: JointTest | None
    level: float


def contrast(fit: RegressionResult, weights: Mapping[str, Mapping[str, float]] | ArrayLike) -> Contrasts:
    """Estimates, intervals and tests of linear combinations of the coefficients.

    weights : (m, p) a row a contrast, columns in the order of the coefficients, the intercept included; or by name,
        as {"random - systematic": {"random": 1, "systematic": -1}}, what is not named being 0.
    """
    labels, rows = _contrast_rows(fit, weights)
    estimate = rows @ np.array([part.estimate for part in fit.coefficients.values()])
    se = np.sqrt(np.einsum("mi,ij,mj->m", rows, np.array(fit.vcov), rows))
    if not (se > 0).all():
        raise InvalidInput("a contrast has no weights", "at least one coefficient enters each")
    df = row_df(fit, rows)
    half, statistic = critical(fit.level, df) * se, estimate / se
    p_value = two_sided(statistic, df)
    parts = {
        label: Coefficient(
            float(estimate[i]),
            float(se[i]),
            float(statistic[i]),
            float(df[i]) if np.isfinite(df[i]) else None,
            float(p_value[i]),
            float(estimate[i] - half[i]),
            float(estimate[i] + half[i]),
        )
        for i, label in enumerate(labels)
    }
    independent = not dependent_columns(rows.T)
    return Contrasts(parts, _tested(fit, rows, labels) if independent else None, fit.level)


def _contrast_rows(
    fit: RegressionResult, weights: Mapping[str, Mapping[str, float]] | ArrayLike
) -> tuple[tuple[str, ...], Array]:
    names = fit.data.names
    if isinstance(weights, Mapping):
        rows = np.zeros((len(weights), fit.p))
        for i, parts in enumerate(weights.values()):
            for name, weight in parts.items():
                rows[i, positions([name], names)[0]] = weight
        return tuple(weights), rows
    rows = np.atleast_2d(floats("weights", weights))
    if rows.shape[1] != fit.p:
        raise InvalidInput(f"each contrast has {rows.shape[1]} weights", f"the coefficients are {', '.join(names)}")
    return tuple(_spelled(row, names) for row in rows), rows


def _spelled(row: Array, names: tuple[str, ...]) -> str:
    return " ".join(f"{weight:+g} {name}" for weight, name in zip(row, names, strict=True) if weight).removeprefix("+")


@dataclass(frozen=True, slots=True)
class LikelihoodRatio(Result):
    """Likelihood-ratio test of a model against one nested in it: chi-square on `df`."""

    statistic: float
    df: int
    p_value: float
    log_likelihood_full: float
    log_likelihood_reduced: float


def likelihood_ratio(full: RegressionResult, reduced: RegressionResult) -> LikelihoodRatio:
    """Compare two nested models of the same studies, both fitted by ML (or both common-effect).

    Raises InvalidInput where the studies differ, the likelihoods cannot be compared (REML with different
    coefficients, moment estimators) or the smaller design is not within the larger.
    Source: Huizenga, Visser & Dolan (2011), Br J Math Stat Psychol 64:1-19.
    """
    a, b = full.data.problem, reduced.data.problem
    if a.yi.shape != b.yi.shape or not (np.array_equal(a.yi, b.yi) and np.array_equal(a.vi, b.vi)):
        raise InvalidInput("the two models are of different studies", "nested models share their data")
    both = {full.tau2_method, reduced.tau2_method}
    if both not in ({"ML"}, {None}):
        keys = " and ".join(sorted(str(key) for key in both))
        raise InvalidInput(
            f"tau2 is by {keys}", "models with different moderators are compared by ML", 'Write tau2="ML"'
        )
    together = np.column_stack([full.data.design, reduced.data.design])
    if len(dependent_columns(together)) != reduced.p:
        raise InvalidInput("the smaller model is not within the larger", "every column of it is made up of theirs")
    if full.log_likelihood is None or reduced.log_likelihood is None or full.p <= reduced.p:
        raise InvalidInput(
            f"the full model has {full.p} coefficients, the reduced one {reduced.p}", "the full has more"
        )
    statistic = max(0.0, 2 * (full.log_likelihood - reduced.log_likelihood))
    df = full.p - reduced.p
    return LikelihoodRatio(statistic, df, float(chdtrc(df, statistic)), full.log_likelihood, reduced.log_likelihood)


@dataclass(frozen=True, slots=True)
class Inflation(Result):
    """Variance inflation of a set of m coefficients: gvif, and gsif = gvif^(1 / (2 m)), on the scale of one SE."""

    m: int
    gvif: float
    gsif: float


def variance_inflation(
    fit: AnyRegression, sets: Mapping[str, Sequence[str | int]] | None = None
) -> dict[str, Inflation]:
    """(Generalised) variance inflation factors of the coefficients, the intercept left aside, by name.

    fit : of `regress`, whose inverse-variance fit is looked at, or of `regress_counts` and its kin.
    sets : coefficients taken together (the dummies of a factor), by a name for each set; each by itself where None.
    Source: Fox & Monette (1992), J Am Stat Assoc 87:178-183.
    """
    names = tuple(fit.coefficients)
    where = None if fit.constant is None else names.index(fit.constant)
    kept = [j for j in range(fit.p) if j != where]
    if len(kept) < 2:
        raise NotEstimable("variance inflation needs two coefficients beside the intercept")
    vcov = _covariance(fit)[np.ix_(kept, kept)]
    sd = np.sqrt(np.diagonal(vcov))
    correlation = vcov / np.outer(sd, sd)
    asked = {names[j]: [j] for j in kept} if sets is None else sets
    found = {}
    for label, members in asked.items():
        inside = [kept.index(j) for j in positions(list(members), names) if j != where]
        if not inside:
            raise InvalidInput(f"the set {label!r} holds only the intercept", "it has no variance inflation")
        outside = [j for j in range(len(kept)) if j not in inside]
        log_gvif = sum(
            sign * float(np.linalg.slogdet(correlation[np.ix_(part, part)])[1])
            for sign, part in ((1, inside), (1, outside), (-1, list(range(len(kept)))))
            if part
        )
        found[label] = Inflation(len(inside), float(np.exp(log_gvif)), float(np.exp(log_gvif / (2 * len(inside)))))
    return found


def _covariance(fit: AnyRegression) -> Array:
    """(p, p) covariance of the coefficients, without what an interval method makes of it."""
    if isinstance(fit, RegressionResult):
        return np.asarray(fit_coefficients(fit.data.problem, np.array([fit.tau2])).bread[0])
    return np.array(fit.vcov)
