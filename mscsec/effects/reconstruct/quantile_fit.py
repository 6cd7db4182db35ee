"""Mean and SD by quantile estimation (QE): the distribution whose quantiles lie nearest the reported ones.

Normal, log-normal, gamma, Weibull and, for values between 0 and 1, beta are fitted by least squares; the smallest sum of
squares wins, and its mean and SD are the answer. All but beta are a shape and a linear scale, so that the scale has a
closed form given the shape and one variable is left to search, over the whole batch at once.
Source: McGrath, Zhao, Steele et al. (2020), Stat Methods Med Res 29:2520-2537.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, gamma, gammaincinv, ndtri

from mscsec.arrays import Array, ArrayLike
from mscsec.effects.reconstruct.five_numbers import S1, S2, S3, Summary, not_enough, summarise
from mscsec.effects.reconstruct.rows import Refusal, blank, judge
from mscsec.effects.reconstruct.search import minimise
from mscsec.registry import by_key
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class QuantileFit(Result):
    """mean, sd : (...) units of the outcome, NaN in a refused row.

    family : (...) key of the family that fits best, "" in a refused row.
    shape, scale : (...) its parameters: SD of the logs and exp of their mean for the log-normal, shape and scale for gamma
        and Weibull, alpha and beta for the beta distribution; NaN for the normal, whose parameters are mean and sd.
    sum_of_squares : (...) of its distances to the reported quantiles, squared units of the outcome.
    """

    mean: Array
    sd: Array
    family: np.ndarray[tuple[int, ...], np.dtype[np.str_]]
    shape: Array
    scale: Array
    sum_of_squares: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """A positive distribution with a shape and a scale.

    quantile : quantiles at scale one, of (shape, probability). mean, sd : at scale one, of the shape.
    low, high : ends of the search over the shape, far wider than any clinical outcome needs.
    """

    key: str
    name: str
    quantile: Callable[[Array, Array], Array]
    mean: Callable[[Array], Array]
    sd: Callable[[Array], Array]
    low: float
    high: float


def _weibull_sd(k: Array) -> Array:
    """SD at scale one; the difference of gammas is taken on logs so that it does not cancel for a large shape."""
    return np.asarray(gamma(1 + 1 / k) * np.sqrt(np.maximum(gamma(1 + 2 / k) / gamma(1 + 1 / k) ** 2 - 1, 0.0)))


FAMILIES = by_key(
    Family(
        "lognormal",
        "log-normal",
        lambda s, p: np.exp(s * ndtri(p)),
        lambda s: np.exp(s**2 / 2),
        lambda s: np.exp(s**2 / 2) * np.sqrt(np.expm1(s**2)),
        1e-4,
        10.0,
    ),
    Family("gamma", "gamma", gammaincinv, lambda k: k, np.sqrt, 0.02, 1e6),
    Family(
        "weibull",
        "Weibull",
        lambda k, p: (-np.log1p(-p)) ** (1 / k),
        lambda k: gamma(1 + 1 / k),
        _weibull_sd,
        0.05,
        1e4,
    ),
)
GRID = 97  # points over the shape's log range


def mean_sd_by_quantile_estimation(
    n: ArrayLike,
    median: ArrayLike,
    minimum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> QuantileFit:
    """Mean and SD of the best-fitting family. Minimum and maximum stand for the quantiles 1/n and 1 - 1/n.

    Arguments as for `mean_sd_from_five_numbers`. With a negative value only the normal distribution is fitted.
    No test of skewness: the families allow for it. Carried to the minimum, without bounds on the parameters.
    Source: McGrath et al. (2020), section 2.2.
    """
    summary = summarise(n, median, minimum, q1, q3, maximum)
    stands, refused = judge(summary.n.shape, not_enough(summary))
    values, chances = _observed(summary)
    rows = stands.reshape(-1)
    x, p = values.reshape(-1, 5)[rows], chances.reshape(-1, 5)[rows]
    keys, fits = _fits(x, p)
    best = np.argmin(fits[:, 2], axis=0) if rows.any() else np.zeros(0, dtype=int)
    figures = np.full((5, *rows.shape), np.nan)
    figures[:, rows] = fits[best, :, np.arange(best.size)].T
    mean, sd, squares, form, size = (figure.reshape(stands.shape) for figure in figures)
    family = np.full(rows.shape, "", dtype=object)
    family[rows] = np.array(keys, dtype=object)[best]
    return QuantileFit(mean, sd, family.astype(str).reshape(stands.shape), form, size, squares, refused)


def _observed(summary: Summary) -> tuple[Array, Array]:
    """Reported quantiles and their probabilities, (..., 5), NaN for those that the scenario leaves out."""
    s = summary
    n = np.where(s.n >= 2, s.n, 2.0)
    values = np.stack([s.minimum, s.q1, s.median, s.q3, s.maximum], -1)
    quarter = np.ones_like(n)
    chances = np.stack([1 / n, 0.25 * quarter, 0.5 * quarter, 0.75 * quarter, 1 - 1 / n], -1)
    ends, quartiles = s.rows(S1) | s.rows(S3), s.rows(S2) | s.rows(S3)
    used = np.stack([ends, quartiles, ends | quartiles, quartiles, ends], -1)
    return blank(used, values), blank(used, chances)


def _fits(x: Array, p: Array) -> tuple[list[str], Array]:
    """Keys of the families and (families, 5, rows): mean, SD, sum of squares (infinite where one does not apply), shape, scale."""
    keys, fits = ["normal", *FAMILIES, "beta"], [_normal(x, p)]
    positive = ~np.any(x < 0, axis=-1)
    for family in FAMILIES.values():
        mean, sd, squares, shape, scale = _scaled(family, np.where(positive[:, None], x, 1.0), p)
        fits.append(np.stack([mean, sd, np.where(positive, squares, np.inf), shape, scale]))
    fits.append(_beta(x, p))
    return keys, np.stack(fits)


def _normal(x: Array, p: Array) -> Array:
    """Least squares of the quantiles on the normal quantiles: a straight line."""
    z = ndtri(p)
    z_mean, x_mean = np.nanmean(z, -1, keepdims=True), np.nanmean(x, -1, keepdims=True)
    slope = np.nansum((z - z_mean) * (x - x_mean), -1, keepdims=True) / np.nansum((z - z_mean) ** 2, -1, keepdims=True)
    mean = x_mean - slope * z_mean
    squares = np.nansum((x - mean - slope * z) ** 2, -1)
    none = np.full(len(x), np.nan)
    return np.stack([mean[:, 0], slope[:, 0], squares, none, none])


def _scaled(family: Family, x: Array, p: Array) -> tuple[Array, Array, Array, Array, Array]:
    def project(log_shape: Array) -> tuple[Array, Array]:
        """Best scale, relative to the median at scale one, and the sum of squares it leaves."""
        shape = np.exp(log_shape)
        unit = family.quantile(shape[..., None], p)
        unit = unit / np.maximum(family.quantile(shape, np.array(0.5)), np.finfo(float).tiny)[..., None]
        scale = np.nansum(x * unit, -1) / np.nansum(unit**2, -1)
        return scale, np.nansum((x - scale[..., None] * unit) ** 2, -1)

    grid = np.linspace(np.log(family.low), np.log(family.high), GRID)
    log_shape = minimise(lambda candidates: project(candidates)[1], grid, x.shape[:1])
    scale, squares = project(log_shape)
    shape = np.exp(log_shape)
    unit = scale / family.quantile(shape, np.array(0.5))
    return unit * family.mean(shape), unit * family.sd(shape), squares, shape, unit


def _beta(x: Array, p: Array) -> Array:
    """Mean, SD, sum of squares and both parameters of the beta distribution for rows strictly between 0 and 1, infinite elsewhere."""
    fits = np.full((5, len(x)), np.inf)
    rows = np.flatnonzero(~np.any((x <= 0) | (x >= 1), axis=-1))
    for i in rows:
        fits[:, i] = _beta_row(x[i][~np.isnan(x[i])], p[i][~np.isnan(x[i])])
    return fits


def _beta_row(x: Array, p: Array) -> tuple[float, float, float, float, float]:
    from scipy.optimize import least_squares  # 150 ms to import; needed for outcomes between 0 and 1 alone

    mean, sd = _normal(x[None], p[None])[:2, 0]
    size = max(mean * (1 - mean) / max(sd, 1e-6) ** 2 - 1, 0.5) if 0 < mean < 1 else 2.0
    middle = min(max(mean, 0.05), 0.95)
    start = np.log([middle * size, (1 - middle) * size])

    def distances(logs: Array) -> Array:
        return np.asarray(betaincinv(np.exp(logs[0]), np.exp(logs[1]), p) - x)

    fit = least_squares(
        distances,
        np.clip(start, -6, 14),
        bounds=(-7.0, 15.0),
        xtol=1e-12,
        ftol=1e-14,
        gtol=1e-14,
    )
    a, b = np.exp(fit.x)
    return a / (a + b), float(np.sqrt(a * b / (a + b + 1)) / (a + b)), float(2 * fit.cost), a, b
