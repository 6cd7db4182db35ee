"""Mean and SD through a Box-Cox transformation: the BC method, and the MLN method for unknown non-normal data.

Both take a power at which the quantiles look normal, a mean and an SD on that scale, and transform the normal
distribution back; on the way back it is cut at -1/lambda, below which nothing can lie, and at its mirror image above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, ndtr

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.effects.reconstruct.five_numbers import S1, S2, S3, Summary, luo_mean, not_enough, only, summarise, wan_sd
from mscsec.effects.reconstruct.rows import Reason, Refusal, blank, judge
from mscsec.effects.reconstruct.search import minimise
from mscsec.results import Result

BC_POWERS = (-2.0, 3.0)  # McGrath et al. 2020 search lambda in this interval
MLN_POWERS = (0.0, 10.0)  # Cai et al. 2021, the authors' search interval
MLN_TOLERANCE = 1e-3  # and their tolerance for lambda
LOGARITHM = 1e-8  # a power this near zero is the logarithm


@dataclass(frozen=True, slots=True)
class PowerFit(Result):
    """mean, sd : (...) units of the outcome, NaN in a refused row.

    location, scale : mean and SD of the transformed values. power : lambda of the Box-Cox transformation.
    """

    mean: Array
    sd: Array
    location: Array
    scale: Array
    power: Array
    refused: tuple[Refusal, ...] = ()


def mean_sd_by_box_cox(
    n: ArrayLike,
    median: ArrayLike,
    minimum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> PowerFit:
    """Mean and SD by the BC method: the power that makes the quantiles symmetric, then Luo's mean and Wan's SD.

    Arguments as for `mean_sd_from_five_numbers`; every value positive, else the row is refused (E302).
    A negative power is taken as 0, the logarithm. The way back is an integral, not a simulation.
    Source: McGrath et al. (2020), section 2.3.
    """
    summary, stands, refused = _positive(n, median, minimum, q1, q3, maximum)
    power = np.maximum(
        minimise(lambda powers: _asymmetry(summary, powers), np.linspace(*BC_POWERS, 101), stands.shape), 0.0
    )
    transformed = _transformed(summary, power)
    location, scale = luo_mean(transformed), wan_sd(transformed)
    return _back(location, scale, power, stands, refused)


def mean_sd_by_mln(
    n: ArrayLike,
    median: ArrayLike,
    minimum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> PowerFit:
    """Mean and SD by the MLN method: power by likelihood, then location and scale by maximum likelihood.

    Arguments and refusals as for `mean_sd_by_box_cox`. The likelihood is that of the order statistics of the transformed
    values, without the Jacobian of the transformation; it mostly rises towards power 0, where the method is a log-normal
    fit, and the search then stops at the smallest power it tries.
    Source: Cai, Zhou & Pan (2021), Stat Methods Med Res 30:2701-2719.
    """
    summary, stands, refused = _positive(n, median, minimum, q1, q3, maximum)
    location, scale, power = (np.full(stands.shape, np.nan) for _ in range(3))
    for row in map(tuple, np.argwhere(stands)):
        location[row], scale[row], power[row] = _mln_row(_row(summary, row))
    return _back(location, scale, power, stands, refused)


def _positive(
    n: ArrayLike,
    median: ArrayLike,
    minimum: ArrayLike | None,
    q1: ArrayLike | None,
    q3: ArrayLike | None,
    maximum: ArrayLike | None,
) -> tuple[Summary, BoolArray, tuple[Refusal, ...]]:
    """The summary, with rows that stand; those without positive values or without spread are refused."""
    summary = summarise(n, median, minimum, q1, q3, maximum)
    smallest = np.where(summary.rows(S2), summary.q1, summary.minimum)
    largest = np.where(summary.rows(S2), summary.q3, summary.maximum)
    reasons: list[Reason] = [
        *not_enough(summary),
        (smallest <= 0, "E302", "a power transformation needs positive values"),
        (
            (smallest == summary.median) | (largest == summary.median),
            "E302",
            "the median lies at an end of its quantiles",
        ),
    ]
    stands, refused = judge(summary.n.shape, reasons)
    return only(summary, stands), stands, refused


def _power(x: Array, power: Array) -> Array:
    """Box-Cox transform (x^lambda - 1) / lambda, log x at lambda 0; in expm1, which is right in between too."""
    near_zero = np.abs(power) < LOGARITHM
    lam = np.where(near_zero, 1.0, power)
    return np.where(near_zero, np.log(x), np.expm1(lam * np.log(x)) / lam)


def _transformed(s: Summary, power: Array) -> Summary:
    stands = s.scenario != ""
    columns = (np.where(stands & (x > 0), x, np.nan) for x in (s.minimum, s.q1, s.median, s.q3, s.maximum))
    low, q1, middle, q3, high = (_power(x, power) for x in columns)
    return Summary(low, q1, middle, q3, high, s.n, s.scenario)


def _asymmetry(s: Summary, power: Array) -> Array:
    """(upper / lower distance to the median - 1)^2, of the range and of the quartiles, summed where both are there."""
    t = _transformed(s, power)
    ends = _ratio_from_one(t.minimum, t.median, t.maximum)
    quartiles = _ratio_from_one(t.q1, t.median, t.q3)
    return np.select([s.rows(S1), s.rows(S2), s.rows(S3)], [ends, quartiles, ends + quartiles], 0.0)


def _ratio_from_one(low: Array, middle: Array, high: Array) -> Array:
    below = np.where(middle > low, middle - low, np.nan)
    return ((high - middle) / below - 1) ** 2


def _back(location: Array, scale: Array, power: Array, stands: BoolArray, refused: tuple[Refusal, ...]) -> PowerFit:
    mean, sd = (np.full(stands.shape, np.nan) for _ in range(2))
    with np.errstate(over="ignore", invalid="ignore"):  # an SD beyond the reach of a double is refused below
        mean[stands], sd[stands] = _moments(location[stands], scale[stands], power[stands])
    finite, beyond = judge(
        stands.shape,
        [(stands & ~np.isfinite(mean + sd), "E302", "the transformed spread is too wide to come back from")],
    )
    kept = stands & finite
    figures = [blank(kept, x) for x in (mean, sd, location, scale, power)]
    everyone = tuple(sorted((*refused, *beyond), key=lambda refusal: refusal.row))
    return PowerFit(figures[0], figures[1], figures[2], figures[3], figures[4], everyone)


def _tanh_sinh() -> tuple[Array, Array]:
    """Nodes and weights on (-1, 1), crowded towards both ends, where a power of the distance to -1/lambda may start.

    Source: Takahasi & Mori (1974), Publ Res Inst Math Sci 9:721-741.
    """
    steps = np.linspace(-3.0, 3.0, 241)
    inner = np.pi / 2 * np.sinh(steps)
    return np.tanh(inner), (steps[1] - steps[0]) * np.pi / 2 * np.cosh(steps) / np.cosh(inner) ** 2


def _moments(location: Array, scale: Array, power: Array) -> tuple[Array, Array]:
    """Mean and SD of (1 + lambda Y)^(1/lambda), Y normal and cut symmetrically at -1/lambda; rows (r,)."""
    lam = np.maximum(power, LOGARITHM)[:, None]
    reach = np.minimum(location + 1 / lam[:, 0], 12 * scale + 2 * scale**2)[:, None]
    nodes, node_weights = _tanh_sinh()
    offset = reach * nodes
    weight = node_weights * np.exp(-0.5 * (offset / scale[:, None]) ** 2)
    weight = weight / weight.sum(-1, keepdims=True)
    inner = np.maximum(1 + lam * (location[:, None] + offset), np.finfo(float).tiny)
    value = np.exp(np.log(inner) / lam)
    mean = (weight * value).sum(-1)
    sd = np.sqrt((weight * (value - mean[:, None]) ** 2).sum(-1))
    straight = power < LOGARITHM
    log_mean, log_sd = np.where(straight, location, 0.0), np.where(straight, scale, 0.0)
    logs = np.exp(log_mean + log_sd**2 / 2)
    return np.where(straight, logs, mean), np.where(straight, logs * np.sqrt(np.expm1(log_sd**2)), sd)


def _row(s: Summary, row: tuple[int, ...]) -> Summary:
    fields = (s.minimum, s.q1, s.median, s.q3, s.maximum, s.n, s.scenario)
    return Summary(*(np.asarray(field[row]) for field in fields))


def _mln_row(s: Summary) -> tuple[float, float, float]:
    from scipy.optimize import minimize, minimize_scalar  # 150 ms to import; needed for this method alone

    used = {S1: (0, 2, 4), S2: (1, 2, 3), S3: (0, 1, 2, 3, 4)}[str(s.scenario)]
    n = float(s.n)
    ranks = np.array([1.0, *(np.floor(n * j / 4) + 1 for j in (1, 2, 3)), np.floor(n)])[list(used)]

    def transformed(power: float) -> tuple[Array, float, float]:
        t = _transformed(s, np.asarray(power))
        values = np.array([t.minimum, t.q1, t.median, t.q3, t.maximum])[list(used)]
        return values, float(luo_mean(t)), float(wan_sd(t))

    def unlikely(power: float) -> float:
        values, mean, sd = transformed(power)
        return -_log_likelihood(values, ranks, n, mean, sd)

    search = minimize_scalar(unlikely, bounds=MLN_POWERS, method="bounded", options={"xatol": MLN_TOLERANCE})
    values, mean, sd = transformed(float(search.x))

    def unlikely_at(theta: Array) -> float:
        return -_log_likelihood(values, ranks, n, mean + sd * float(theta[0]), sd * float(np.exp(theta[1])))

    fit = minimize(unlikely_at, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
    return mean + sd * float(fit.x[0]), sd * float(np.exp(fit.x[1])), float(search.x)


def _log_likelihood(values: Array, ranks: Array, n: float, mean: float, sd: float) -> float:
    """Joint log density of normal order statistics, but for a constant. Source: David & Nagaraja (2003), section 2.2."""
    z = (values - mean) / sd
    points = -0.5 * (z**2).sum() - len(z) * np.log(sd)
    outside = (ranks[0] - 1) * log_ndtr(z[0]) + (np.floor(n) - ranks[-1]) * log_ndtr(-z[-1])
    gaps = np.diff(ranks) - 1
    mass = np.where(z[:-1] > 0, ndtr(-z[:-1]) - ndtr(-z[1:]), ndtr(z[1:]) - ndtr(z[:-1]))
    between = np.where(gaps > 0, gaps * np.log(np.maximum(mass, np.finfo(float).tiny)), 0.0)
    return float(points + outside + between.sum())
