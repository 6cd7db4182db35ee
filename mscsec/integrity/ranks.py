"""The P values that rank tests could have given, over the samples that a reported mean and SD allow.

A paper that prints mean ± SD may have tested ranks. Its P cannot be recomputed from the summary, but the samples behind
the summary can be listed, and the test run on each pair of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, IntArray
from mscsec.errors import InvalidInput
from mscsec.integrity.reconstruction import Reconstruction
from mscsec.integrity.tails import p_from_z
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class RankPRange(Result):
    """Two-sided Mann-Whitney P over pairs of samples.

    low, high : least and greatest; by the normal approximation the one is without and the other with continuity
    correction. pairs : how many were tested. exhaustive : whether these are all pairs there are, so that no P outside low ... high is possible.
    """

    low: float
    high: float
    pairs: int
    exhaustive: bool


def p_of_reconstructions(
    first: Reconstruction, second: Reconstruction, most_pairs: int = 1_000_000, *, exact: bool = False
) -> RankPRange:
    """The span of Mann-Whitney P between two arms of which only mean, SD and n are known.

    exact : the permutation distribution of the ranks instead of its normal approximation; about a millisecond a pair.
    most_pairs : beyond that, every m-th sample of each arm is taken, and the answer is not exhaustive.
    Raises InvalidInput where the arms were reconstructed in different steps.
    """
    values, counts = _on_one_axis(first, second)
    pairs = counts[0].shape[0] * counts[1].shape[0]
    thin = int(np.ceil(np.sqrt(pairs / most_pairs)))
    counts_1, counts_2 = counts[0][::thin], counts[1][::thin]
    low, high = 1.0, 0.0
    for sample in counts_1:
        if exact:
            p = [exact_rank_p(sample, other) for other in counts_2]
            low, high = min(low, *p), max(high, *p)
        else:
            normal = mann_whitney(np.broadcast_to(sample, counts_2.shape), counts_2)
            low, high = min(low, float(normal[0].min())), max(high, float(normal[1].max()))
    return RankPRange(
        low,
        high,
        counts_1.shape[0] * counts_2.shape[0],
        first.exhaustive and second.exhaustive and thin == 1 and values.size > 0,
    )


def _on_one_axis(first: Reconstruction, second: Reconstruction) -> tuple[Array, tuple[IntArray, IntArray]]:
    """Both arms' counts over the union of their values."""
    steps = [np.diff(each.values) for each in (first, second)]
    joined = np.concatenate(steps)
    if joined.size and not np.allclose(joined, joined[0], rtol=1e-9):
        raise InvalidInput("the two arms were reconstructed in different steps", "one granularity serves both arms")
    step = float(joined[0]) if joined.size else 1.0
    start = min(float(first.values[0]), float(second.values[0]))
    places = [np.rint((each.values - start) / step).astype(np.int64) for each in (first, second)]
    width = int(max(place[-1] for place in places)) + 1
    spread = []
    for each, place in zip((first, second), places, strict=True):
        counts = np.zeros((each.counts.shape[0], width), dtype=np.int64)
        counts[:, place] = each.counts
        spread.append(counts)
    axis: Array = start + step * np.arange(width, dtype=np.float64)
    return axis, (spread[0], spread[1])


def mann_whitney(counts_1: IntArray, counts_2: IntArray) -> tuple[Array, Array]:
    """Two-sided P without and with continuity correction, from counts of each value, ascending; shape (..., values).

    Normal approximation with the variance corrected for ties; P is 1 where all values are the same.
    Source: Mann & Whitney (1947), Ann Math Stat 18:50-60; ties as Lehmann (1975), Nonparametrics, section 1.4.
    """
    below = np.cumsum(counts_2, axis=-1) - counts_2
    n_1, n_2 = counts_1.sum(-1), counts_2.sum(-1)
    u = (counts_1 * (below + counts_2 / 2)).sum(-1)
    n = n_1 + n_2
    ties = (counts_1 + counts_2).astype(np.float64)
    variance = n_1 * n_2 / 12 * (n + 1 - (ties**3 - ties).sum(-1) / (n * (n - 1)))
    deviation = np.abs(u - n_1 * n_2 / 2)
    sd = np.sqrt(np.maximum(variance, 0.0))

    def p(distance: Array) -> Array:
        return p_from_z(np.divide(distance, sd, out=np.zeros_like(distance), where=sd > 0))

    return p(deviation), p(np.maximum(deviation - 0.5, 0.0))


def exact_rank_p(counts_1: IntArray, counts_2: IntArray) -> float:
    """Two-sided P of the rank sum over every division of the pooled values, ties at their midranks; shape (values,).

    The divisions at least as far from the expected rank sum as the observed one, counted by dynamic programming over
    patients; what a permutation test on ranks gives when all divisions are tried.
    """
    pooled = counts_1 + counts_2
    n_1, n = int(counts_1.sum()), int(pooled.sum())
    double_ranks = 2 * np.cumsum(pooled) - pooled + 1  # twice the midrank of each value, a whole number
    observed = int((counts_1 * double_ranks).sum())
    ways = np.zeros((n_1 + 1, n_1 * 2 * n + 1))  # ways[i, s]: choices of i patients with doubled rank sum s
    ways[0, 0] = 1
    for rank, times in zip(double_ranks, pooled, strict=True):
        for _ in range(int(times)):
            ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank]
    distance = np.abs(np.arange(ways.shape[1]) - n_1 * (n + 1))
    far = distance >= abs(observed - n_1 * (n + 1))
    return float(ways[n_1, far].sum() / ways[n_1].sum())
