"""Cluster trials, crossover trials and changes from baseline: what an ordinary analysis needs of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from mscsec.arrays import Array, ArrayLike
from mscsec.effects.reconstruct import rules
from mscsec.effects.reconstruct.rows import Reason, Refusal, blank, columns, judge, missing, must, safe, uninformative
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class EffectiveCounts(Result):
    """design_effect : 1 for independent people. events, n : effective numbers, not rounded."""

    design_effect: Array
    events: Array
    n: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class EffectiveSize(Result):
    """design_effect : 1 for independent people. n : effective size, not rounded; mean and SD stay as they are."""

    design_effect: Array
    n: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class InflatedSe(Result):
    """design_effect : 1 for independent people. se : standard error that allows for the clusters."""

    design_effect: Array
    se: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class PairedSd(Result):
    """sd_diff : SD of the within-person differences. se : standard error of their mean."""

    sd_diff: Array
    se: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeSd(Result):
    """sd_change : SD of the changes from baseline, units of the outcome."""

    sd_change: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Crossover(Result):
    """md, se_md : paired mean difference. smd, se_smd : standardised by the SD of a single measurement.

    sd_diff : SD of the within-person differences.
    """

    md: Array
    se_md: Array
    smd: Array
    se_smd: Array
    sd_diff: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Correlation(Result):
    """r : correlation between two measurements of the same people."""

    r: Array
    refused: tuple[Refusal, ...] = ()


# --- clusters ----------------------------------------------------------------------------------------------------


def cluster_counts(
    events: ArrayLike, n: ArrayLike, cluster_size: ArrayLike, icc: ArrayLike, cv: ArrayLike = 0.0
) -> EffectiveCounts:
    """Events and size of an arm of a cluster trial, divided by the design effect 1 + ((1 + cv^2) m - 1) icc.

    cluster_size : (...) mean size m of the clusters. icc : intracluster correlation in [0, 1].
    cv : coefficient of variation of the cluster sizes, 0 for equal clusters.
    Source: Cochrane Handbook 23.1.4; Eldridge, Ashby & Kerry (2006) for unequal clusters.
    """
    events_, n_, m, rho, spread = columns(events=events, n=n, cluster_size=cluster_size, icc=icc, cv=cv)
    rules.group_size(1, n=n_)
    rules.counts(events_, n_)
    effect = _design_effect(m, rho, spread)
    stands, refused = judge(n_.shape, missing(events=events_, n=n_, cluster_size=m, icc=rho, cv=spread))
    divisor = safe(stands, effect)
    return EffectiveCounts(
        blank(stands, divisor), blank(stands, events_ / divisor), blank(stands, n_ / divisor), refused
    )


def cluster_size_effective(n: ArrayLike, cluster_size: ArrayLike, icc: ArrayLike, cv: ArrayLike = 0.0) -> EffectiveSize:
    """Size of an arm of a cluster trial, divided by the design effect; for continuous outcomes.

    Arguments as for `cluster_counts`. Source: Cochrane Handbook 23.1.4.
    """
    n_, m, rho, spread = columns(n=n, cluster_size=cluster_size, icc=icc, cv=cv)
    rules.group_size(1, n=n_)
    effect = _design_effect(m, rho, spread)
    stands, refused = judge(n_.shape, missing(n=n_, cluster_size=m, icc=rho, cv=spread))
    divisor = safe(stands, effect)
    return EffectiveSize(blank(stands, divisor), blank(stands, n_ / divisor), refused)


def cluster_se(se: ArrayLike, cluster_size: ArrayLike, icc: ArrayLike, cv: ArrayLike = 0.0) -> InflatedSe:
    """Standard error of an analysis that ignored the clusters, times the root of the design effect.

    Source: Cochrane Handbook 23.1.5.
    """
    se_, m, rho, spread = columns(se=se, cluster_size=cluster_size, icc=icc, cv=cv)
    rules.positive("a standard error", se=se_)
    effect = _design_effect(m, rho, spread)
    stands, refused = judge(se_.shape, missing(se=se_, cluster_size=m, icc=rho, cv=spread))
    return InflatedSe(blank(stands, effect), blank(stands, se_ * np.sqrt(safe(stands, effect))), refused)


def _design_effect(cluster_size: Array, icc: Array, cv: Array) -> Array:
    must(~(cluster_size < 1), "a cluster has one member or more on average", {"cluster_size": cluster_size})
    must(~((icc < 0) | (icc > 1)), "an intracluster correlation lies in [0, 1]", {"icc": icc})
    rules.not_negative("a coefficient of variation", cv=cv)
    return 1 + ((1 + cv**2) * cluster_size - 1) * icc


# --- change from baseline ----------------------------------------------------------------------------------------


def change_sd(sd_baseline: ArrayLike, sd_final: ArrayLike, r: ArrayLike) -> ChangeSd:
    """SD of the changes from the SDs at both times and an assumed correlation.

    sd_baseline, sd_final : (...) positive, units of the outcome. r : correlation in [-1, 1]; show the result over a range of it.
    Source: Cochrane Handbook 6.5.2.8.
    """
    before, after, rho = columns(sd_baseline=sd_baseline, sd_final=sd_final, r=r)
    stands, refused = judge(before.shape, missing(sd_baseline=before, sd_final=after, r=rho))
    rules.positive("a standard deviation", sd_baseline=before, sd_final=after)
    return ChangeSd(blank(stands, _sd_of_difference(before, after, rho)), refused)


def correlation_from_sds(sd_baseline: ArrayLike, sd_final: ArrayLike, sd_change: ArrayLike) -> Correlation:
    """Correlation between two measurements from the SDs of both and of their difference. Exact.

    Figures that imply a correlation outside [-1, 1] contradict one another and are refused (E303).
    Source: Cochrane Handbook 6.5.2.8.
    """
    before, after, change = columns(sd_baseline=sd_baseline, sd_final=sd_final, sd_change=sd_change)
    rules.positive("a standard deviation", sd_baseline=before, sd_final=after)
    rules.not_negative("a standard deviation", sd_change=change)
    r = (before**2 + after**2 - change**2) / (2 * before * after)
    r = np.where(np.abs(np.abs(r) - 1) < 1e-12, np.sign(r), r)  # binary error at the ends is not a contradiction
    reasons: list[Reason] = [
        *missing(sd_baseline=before, sd_final=after, sd_change=change),
        (np.abs(r) > 1, "E303", "the three SDs imply a correlation outside [-1, 1]"),
    ]
    stands, refused = judge(before.shape, reasons)
    return Correlation(blank(stands, r), refused)


def _sd_of_difference(first: Array, second: Array, r: Array) -> Array:
    """sqrt(a^2 + b^2 - 2 r a b), as (a - b)^2 + 2 (1 - r) a b, which cannot come out negative."""
    rules.correlation(r=r)
    return np.asarray(np.sqrt((first - second) ** 2 + 2 * (1 - r) * first * second))


# --- crossover trials --------------------------------------------------------------------------------------------


def crossover(
    mean_1: ArrayLike, sd_1: ArrayLike, mean_2: ArrayLike, sd_2: ArrayLike, n: ArrayLike, r: ArrayLike
) -> Crossover:
    """Paired analysis of a crossover trial from the figures of both treatments and a correlation.

    mean_1, sd_1 : (...) on the experimental treatment; mean_2, sd_2 on the comparator. n : participants with both periods.
    r : correlation between the two measurements of a person.
    Source: Elbourne et al. (2002), Int J Epidemiol 31:140-149; Cochrane Handbook 23.2.7.
    """
    m1, s1, m2, s2, n_, rho = columns(mean_1=mean_1, sd_1=sd_1, mean_2=mean_2, sd_2=sd_2, n=n, r=r)
    rules.group_size(2, n=n_)
    rules.positive("a standard deviation", sd_1=s1, sd_2=s2)
    stands, refused = judge(n_.shape, missing(mean_1=m1, sd_1=s1, mean_2=m2, sd_2=s2, n=n_, r=rho))
    difference, size = _sd_of_difference(s1, s2, rho), safe(stands, n_)
    md = m1 - m2
    smd = md / np.sqrt((s1**2 + s2**2) / 2)
    se_smd = np.sqrt((1 / size + smd**2 / (2 * size)) * 2 * (1 - rho))
    figures = [blank(stands, x) for x in (md, difference / np.sqrt(size), smd, se_smd, difference)]
    return Crossover(figures[0], figures[1], figures[2], figures[3], figures[4], refused)


def paired_sd_from_se(se: ArrayLike, n: ArrayLike) -> PairedSd:
    """SD of the within-person differences from the standard error of their mean: SE sqrt(n). Exact."""
    se_, n_ = columns(se=se, n=n)
    rules.positive("a standard error", se=se_)
    rules.group_size(n=n_)
    return _paired(se_, n_, missing(se=se_, n=n_))


def paired_sd_from_t(md: ArrayLike, t: ArrayLike, n: ArrayLike) -> PairedSd:
    """SD of the within-person differences from a paired t statistic: SE = |md / t|.

    Source: Cochrane Handbook 23.2.7.1.
    """
    md_, t_, n_ = columns(md=md, t=t, n=n)
    rules.group_size(n=n_)
    reasons: list[Reason] = [*missing(md=md_, t=t_, n=n_), *uninformative(md_, t_)]
    stands, _ = judge(md_.shape, reasons)
    return _paired(np.abs(md_) / safe(stands, np.abs(t_)), n_, reasons)


def paired_sd_from_p(md: ArrayLike, p_value: ArrayLike, n: ArrayLike) -> PairedSd:
    """SD of the within-person differences from the two-sided P value of a paired t test, n - 1 degrees of freedom.

    Source: Cochrane Handbook 23.2.7.1.
    """
    md_, p, n_ = columns(md=md, p_value=p_value, n=n)
    rules.probability(p_value=p)
    rules.group_size(n=n_)
    known, _ = judge(p.shape, missing(p_value=p, n=n_))
    t = blank(known, -stdtrit(safe(known, n_, 2.0) - 1, safe(known, p) / 2))
    reasons: list[Reason] = [*missing(md=md_, p_value=p, n=n_), *uninformative(md_, t)]
    stands, _ = judge(md_.shape, reasons)
    return _paired(np.abs(md_) / safe(stands, t), n_, reasons)


def paired_sd_from_ci_t(ci_low: ArrayLike, ci_high: ArrayLike, n: ArrayLike, level: ArrayLike = 0.95) -> PairedSd:
    """SD of the within-person differences from the interval of their mean, t on n - 1 degrees of freedom.

    Source: Cochrane Handbook 23.2.7.1.
    """
    low, high, n_, level_ = columns(ci_low=ci_low, ci_high=ci_high, n=n, level=level)
    rules.interval(low, high)
    rules.confidence(level_)
    rules.group_size(n=n_)
    reasons = missing(ci_low=low, ci_high=high, n=n_, level=level_)
    stands, _ = judge(low.shape, reasons)
    quantile = -stdtrit(safe(stands, n_, 2.0) - 1, safe(stands, (1 - level_) / 2, 0.025))
    return _paired((high - low) / (2 * quantile), n_, reasons)


def _paired(se: Array, n: Array, reasons: list[Reason]) -> PairedSd:
    stands, refused = judge(se.shape, reasons)
    return PairedSd(blank(stands, se * np.sqrt(safe(stands, n))), blank(stands, se), refused)
