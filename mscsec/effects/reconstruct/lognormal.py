"""Skewed outcomes on the log scale: from raw to log and back, geometric means, and quantiles of log-normal data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.effects.reconstruct import rules
from mscsec.effects.reconstruct.five_numbers import (
    S1,
    S2,
    S3,
    Summary,
    luo_mean,
    not_enough,
    only,
    skewness_of,
    summarise,
    too_skewed,
    wan_shi_sd,
)
from mscsec.effects.reconstruct.rows import Reason, Refusal, blank, columns, judge, missing, must, safe
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class LogScale(Result):
    """mean_log, sd_log : mean and SD of the logarithms. geometric_mean : exp(mean_log), units of the outcome."""

    mean_log: Array
    sd_log: Array
    geometric_mean: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class RawScale(Result):
    """mean, sd : units of the outcome. mean_log, sd_log : of the logarithms. NaN in a refused row."""

    mean: Array
    sd: Array
    mean_log: Array
    sd_log: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class LogNormalFit(Result):
    """mean, sd : units of the outcome. mean_log, sd_log : of the logarithms. skewed : the logs fail the skewness test."""

    mean: Array
    sd: Array
    mean_log: Array
    sd_log: Array
    skewed: BoolArray
    refused: tuple[Refusal, ...] = ()


def log_from_raw(mean: ArrayLike, sd: ArrayLike) -> LogScale:
    """Mean and SD of the logs of log-normal data from mean and SD: sd_log^2 = log(1 + sd^2 / mean^2).

    mean, sd : (...) units of the outcome, positive.
    Source: Higgins, White & Anzures-Cabrera (2008), Stat Med 27:6072-6092, method 1; Cochrane Handbook 6.5.2.4.
    """
    mean_, sd_ = columns(mean=mean, sd=sd)
    rules.positive("a mean of log-normal data", mean=mean_)
    rules.positive("a standard deviation", sd=sd_)
    _, refused = judge(mean_.shape, missing(mean=mean_, sd=sd_))
    variance = np.log1p((sd_ / mean_) ** 2)
    mean_log = np.log(mean_) - variance / 2
    stands = ~np.isnan(mean_log)
    return LogScale(mean_log, blank(stands, np.sqrt(variance)), np.exp(mean_log), refused)


def raw_from_log(mean_log: ArrayLike, sd_log: ArrayLike) -> RawScale:
    """Mean and SD of log-normal data from those of the logs: mean = exp(mean_log + sd_log^2 / 2).

    mean_log, sd_log : (...) natural logs; sd_log positive.
    Source: Higgins, White & Anzures-Cabrera (2008), Stat Med 27:6072-6092.
    """
    m, s = columns(mean_log=mean_log, sd_log=sd_log)
    rules.positive("a standard deviation", sd_log=s)
    stands, refused = judge(m.shape, missing(mean_log=m, sd_log=s))
    mean = np.exp(m + s**2 / 2)
    return RawScale(mean, mean * np.sqrt(np.expm1(s**2)), blank(stands, m), blank(stands, s), refused)


def log_from_geometric_ci_t(
    geometric_mean: ArrayLike, ci_low: ArrayLike, ci_high: ArrayLike, n: ArrayLike, level: ArrayLike = 0.95
) -> RawScale:
    """Mean and SD of the logs, and of the outcome, from a geometric mean with its interval by t on n - 1 degrees of freedom.

    geometric_mean, ci_low, ci_high : (...) units of the outcome, positive. n : group size of two or more.
    Source: Cochrane Handbook 6.5.2.4 with 6.5.2.2; Higgins, White & Anzures-Cabrera (2008).
    """
    centre, low, high, n_, level_ = columns(
        geometric_mean=geometric_mean, ci_low=ci_low, ci_high=ci_high, n=n, level=level
    )
    for name, figure in (("geometric_mean", centre), ("ci_low", low), ("ci_high", high)):
        rules.positive("a geometric mean and its limits", **{name: figure})
    rules.interval(low, high)
    rules.inside(centre, low, high)
    rules.confidence(level_)
    rules.group_size(n=n_)
    stands, refused = judge(centre.shape, missing(geometric_mean=centre, ci_low=low, ci_high=high, n=n_, level=level_))
    quantile = -stdtrit(safe(stands, n_, 2.0) - 1, safe(stands, (1 - level_) / 2, 0.025))
    sd_log = np.sqrt(safe(stands, n_)) * (np.log(high) - np.log(low)) / (2 * quantile)
    raw = raw_from_log(blank(stands, np.log(centre)), blank(stands, sd_log))
    return RawScale(raw.mean, raw.sd, raw.mean_log, raw.sd_log, refused)


def log_from_geometric_sd(geometric_mean: ArrayLike, geometric_sd: ArrayLike) -> RawScale:
    """Mean and SD of the logs, and of the outcome, from a geometric mean and a geometric SD (a factor above 1)."""
    centre, factor = columns(geometric_mean=geometric_mean, geometric_sd=geometric_sd)
    rules.positive("a geometric mean", geometric_mean=centre)
    must(~(factor <= 1), "a geometric SD is a factor above 1", {"geometric_sd": factor})
    _, refused = judge(centre.shape, missing(geometric_mean=centre, geometric_sd=factor))
    raw = raw_from_log(np.log(centre), np.log(factor))
    return RawScale(raw.mean, raw.sd, raw.mean_log, raw.sd_log, refused)


def mean_sd_from_five_numbers_lognormal(
    n: ArrayLike,
    median: ArrayLike,
    minimum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    *,
    refuse_skewed: bool = True,
) -> LogNormalFit:
    """Mean and SD of log-normal data from its quantiles: Luo and Wan or Shi on the logs, then back with a correction for bias.

    Arguments as for `mean_sd_from_five_numbers`; every value positive, else the row is refused (E302).
    refuse_skewed : refuse rows whose logs fail the skewness test (E306).
    Source: Shi, Tong, Wang & Genton (2020), Stat Interface 13:519-531.
    """
    raw = summarise(n, median, minimum, q1, q3, maximum)
    smallest = np.where(raw.rows(S2), raw.q1, raw.minimum)
    reasons: list[Reason] = [*not_enough(raw), (smallest <= 0, "E302", "a logarithm needs positive values")]
    stands, _ = judge(raw.n.shape, reasons)
    logs = only(raw, stands).logs()
    statistic, critical = skewness_of(logs, stands)
    skewed = stands & (statistic >= critical)
    if refuse_skewed:
        reasons.append(too_skewed(skewed))
    stands, _ = judge(raw.n.shape, reasons)
    mean_log, plain_sd = luo_mean(logs), wan_shi_sd(logs)
    with np.errstate(over="ignore", invalid="ignore"):  # a mean beyond the reach of a double is refused below
        mean, variance, sd_log = _back(logs, mean_log, plain_sd)
    reasons.append((~np.isfinite(variance), "E302", "the spread of the logarithms is too wide to come back from"))
    stands, refused = judge(raw.n.shape, reasons)
    sd = np.asarray(np.sqrt(np.where(stands, variance, np.nan)))
    figures = (blank(stands, figure) for figure in (mean, mean_log, sd_log))
    mean, mean_log, sd_log = figures
    return LogNormalFit(mean, sd, mean_log, sd_log, skewed, refused)


def _back(s: Summary, mean_log: Array, plain_sd: Array) -> tuple[Array, Array, Array]:
    """Mean and variance of the outcome, and the SD of the logs, corrected for bias; one set of constants a scenario.

    The square of an SD estimate is too large by a factor z, its fourth power by a factor z4; the exponentials of the
    estimates are too large by phi. Source: Shi, Tong, Wang & Genton (2020), section 3 (S1, S2, S3).
    """
    n, where = s.n, [s.rows(S1), s.rows(S2), s.rows(S3)]
    log2 = np.log(n) ** 2
    z = np.select(where, [1.01 + 0.25 / log2, 1 + 1.58 / n, 1 + 0.28 / log2], 1.0)
    z4 = np.select(where, [1 + 2.23 / log2, 1 + 19.2 / n**1.2, 1 + 3.93 / n], 1.0)
    a, b = np.select(where, [0.565, 0.57, 0.405], 0.0), np.select(where, [0.37, 0.75, 0.315], 0.0)
    variance, fourth = plain_sd**2 / z, plain_sd**4 / z4
    mean = np.exp(mean_log + variance / 2) / (1 + (a * variance + b * fourth) / n)
    first = np.exp(2 * mean_log + variance) / (1 + (4 * a * variance + 4 * b * fourth) / n)
    # log of E X^2 over (E X)^2, each with its correction; above zero for every spread from n = 5 on
    ratio = (
        variance
        + np.log1p((4 * a * variance + 4 * b * fourth) / n)
        - np.log1p((4 * a * variance + 16 * b * fourth) / n)
    )
    return mean, first * np.expm1(np.maximum(ratio, 0.0)), plain_sd / np.sqrt(z)
