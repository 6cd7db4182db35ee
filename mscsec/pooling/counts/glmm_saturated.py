"""The saturated model of each likelihood: a study's own effect, and the two tests of heterogeneity that rest on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, gammaln, xlogy

from mscsec.arrays import Array
from mscsec.pooling.counts.families import log_beta_ratio, noncentral_hypergeometric
from mscsec.pooling.counts.tables import PersonTime, Tables


@dataclass(frozen=True, slots=True)
class Saturated:
    """Each study's own maximum likelihood effect (k,) with its information, 0 where it is infinite; the sum of maxima."""

    yi: Array
    information: Array
    log_likelihood: float


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Wald and likelihood-ratio statistics against the saturated model, chi-square on `df` degrees of freedom."""

    wald: float
    wald_p: float | None
    lrt: float
    lrt_p: float | None
    df: int


def heterogeneity(saturated: Saturated, design: Array, log_likelihood: float) -> Heterogeneity:
    """Tests of the model without heterogeneity, whose maximum is `log_likelihood`, against the saturated one.

    The Wald statistic is the residual sum of squares of the studies' own effects weighted by their information: a study
    whose own effect is infinite (a zero cell) has no information and adds nothing, the limit of the formula.
    """
    root = np.sqrt(saturated.information)
    b = np.linalg.lstsq(design * root[:, None], saturated.yi * root, rcond=None)[0]
    wald = float((saturated.information * (saturated.yi - design @ b) ** 2).sum())
    lrt = max(0.0, 2 * (saturated.log_likelihood - log_likelihood))
    df = design.shape[0] - design.shape[1]
    tails = [float(chdtrc(df, q)) if df > 0 else None for q in (wald, lrt)]
    return Heterogeneity(wald, tails[0], lrt, tails[1], df)


def two_binomial_arms(t: Tables) -> Saturated:
    """Log odds ratio of each table as it is."""
    value = _binomial(t.a, t.n_1) + _binomial(t.c, t.n_2)
    yi, vi = _finite(np.stack([t.a, t.d]), np.stack([t.b, t.c]))
    return Saturated(yi, vi, value)


def two_poisson_arms(t: PersonTime) -> Saturated:
    """Log rate ratio of each study as it is."""
    yi, information = _finite(t.x_1[None], t.x_2[None])
    offset = np.log(t.t_1) - np.log(t.t_2)
    return Saturated(yi - np.where(information > 0, offset, 0.0), information, _poisson(t.x_1) + _poisson(t.x_2))


def one_binomial(x: Array, n: Array, offset: Array) -> Saturated:
    """Logit of each proportion, less the offset."""
    yi, information = _finite(x[None], (n - x)[None])
    return Saturated(yi - np.where(information > 0, offset, 0.0), information, _binomial(x, n))


def one_poisson(x: Array, time: Array) -> Saturated:
    """Log rate of each study."""
    yi = np.log(np.where(x > 0, x, 1.0)) - np.log(time)
    return Saturated(np.where(x > 0, yi, 0.0), x, _poisson(x))


def conditional(t: Tables) -> Saturated:
    """Conditional maximum likelihood log odds ratio of each table, by Newton's method on its mean equation.

    A table at the end of its support has an infinite one, no information, and likelihood 1.
    """
    m = t.a + t.c
    inner = (t.a > np.maximum(0.0, m - t.n_2)) & (t.a < np.minimum(t.n_1, m))
    if not inner.any():
        return Saturated(np.zeros(len(m)), np.zeros(len(m)), 0.0)
    kept = Tables(t.a[inner], t.n_1[inner], t.c[inner], t.n_2[inner], t.mask[inner])
    family = noncentral_hypergeometric(kept)
    theta = np.log((kept.a + 0.5) * (kept.d + 0.5)) - np.log((kept.b + 0.5) * (kept.c + 0.5))
    for _ in range(100):
        k0, mean, variance, _, _ = (c[:, 0, 0] for c in family.cumulants(theta[:, None, None]))
        step = np.clip((kept.a - mean) / variance, -1.0, 1.0)
        theta = theta + step
        if np.abs(step).max() < 1e-12 * (1 + np.abs(theta).max()):
            break
    k0, _, variance, _, _ = (c[:, 0, 0] for c in family.cumulants(theta[:, None, None]))
    yi, information = np.zeros(len(m)), np.zeros(len(m))
    yi[inner], information[inner] = theta, variance
    return Saturated(yi, information, float((kept.a * theta - k0).sum()))


def _finite(upper: Array, lower: Array) -> tuple[Array, Array]:
    """log(product of upper / product of lower) and 1 / (sum of reciprocals); both 0 where some count is 0."""
    cells = np.concatenate([upper, lower])
    positive = (cells > 0).all(0)
    safe_upper, safe_lower = np.where(positive, upper, 1.0), np.where(positive, lower, 1.0)
    yi = np.log(safe_upper).sum(0) - np.log(safe_lower).sum(0)
    information = 1 / (1 / np.concatenate([safe_upper, safe_lower])).sum(0)
    return yi, np.where(positive, information, 0.0)


def _binomial(x: Array, n: Array) -> float:
    rest = n - x
    return float((xlogy(x, x) + xlogy(rest, rest) - xlogy(n, n) - log_beta_ratio(n, x)).sum())


def _poisson(x: Array) -> float:
    return float((xlogy(x, x) - x - gammaln(x + 1)).sum())
