"""Nagashima's prediction interval: the uncertainty of tau2 enters through its confidence distribution."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mscsec.arrays import Array
from mscsec.pooling.quadratic_form import q_cdf
from mscsec.pooling.sets import Sets, weigh

DRAWS = 25_000
GRID = 400
# Draws beyond this upper tail of the confidence distribution are set to its edge; with DRAWS draws hardly one is.
TAIL = 1e-7
BLOCK = 200_000  # numbers at a time, so that a large k does not fill the memory

Progress = Callable[[int, int], None]


class Bootstrapped(NamedTuple):
    """Limits measured from the set's origin, and the sorted draws of a new study's effect, likewise."""

    low: float
    high: float
    draws: Array


def bootstrap_prediction(
    sets: Sets, level: float, rng: np.random.Generator, *, draws: int = DRAWS, progress: Progress | None = None
) -> Bootstrapped:
    """Percentile interval of mean(tau2) + z tau - t se(tau2), tau2 drawn from its confidence distribution, t on k - 1.

    The distribution of tau2 is that of which Cochran's Q is the pivot, P(Q > observed | tau2); mean and HKSJ standard error
    are taken at each draw. sets : one set of two studies or more. progress : called with draws done and wanted.
    Source: Nagashima, Noma & Furukawa (2019), Stat Methods Med Res 28:1689-1702.
    """
    tau2 = _draw_tau2(sets, rng, draws)
    normal = rng.standard_normal(draws)
    student = rng.standard_t(float(sets.k) - 1, draws)
    effects = np.empty(draws)
    block = max(1, BLOCK // sets.yi.size)
    for start in range(0, draws, block):
        part = slice(start, start + block)
        by = weigh(sets, tau2[part])
        se = np.sqrt(by.q / (sets.k - 1) / by.sum_w)
        effects[part] = by.mean + normal[part] * np.sqrt(tau2[part]) - student[part] * se
        if progress is not None:
            progress(min(start + block, draws), draws)
    effects.sort()
    low, high = np.quantile(effects, [(1 - level) / 2, (1 + level) / 2])
    return Bootstrapped(float(low), float(high), effects)


def _draw_tau2(sets: Sets, rng: np.random.Generator, draws: int) -> Array:
    """Draws from the confidence distribution of tau2, by inversion on a grid; 0 has the mass that the truncation gives it."""
    ai = sets.common.wi
    q = sets.common.q
    least = float(sets.vi.min())

    def below(tau2: Array) -> Array:
        return q_cdf(sets, ai, tau2, np.broadcast_to(q, tau2.shape))

    top = least
    while below(np.array([top]))[0] > TAIL and top < 1e200:
        top *= 8
    step = math.log1p(top / least) / (GRID - 1)
    grid = least * np.expm1(step * np.arange(GRID))
    grid[0] = 0.0
    rows = max(1, BLOCK // sets.yi.size)
    height = np.concatenate([below(grid[i : i + rows]) for i in range(0, GRID, rows)])
    wanted = rng.random(draws)
    # height falls with tau2; interpolation runs on log(1 + tau2 / least), in which it is smooth
    shape = np.interp(-wanted, -height, np.arange(GRID) * step)
    drawn: Array = least * np.expm1(shape)
    return drawn
