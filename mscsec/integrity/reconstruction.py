"""Samples of whole numbers that give a reported mean, SD and n: all of them where they are few, else a random choice.

A reconstruction shows what data a summary allows (must someone have stayed forty days?). It is not the data.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from math import isqrt

import numpy as np

from mscsec.arrays import Array, IntArray
from mscsec.errors import InvalidInput, NotEstimable
from mscsec.integrity import whole_numbers
from mscsec.integrity.granularity import mean_step
from mscsec.integrity.printed import Figure, before_rounding, printed, spread_span
from mscsec.results import Result

# Changes of three numbers at once between two samples kept, for each number of the sample; neighbours are alike with less.
_MOVES_PER_NUMBER = 5


@dataclass(frozen=True, slots=True)
class Reconstruction(Result):
    """Samples as counts of each value.

    values : (m,) possible values, ascending, in the unit of the figures. counts : (samples, m) how many patients have
    each. exhaustive : whether these are all samples there are; else they are `limit` random ones, not equally likely.
    """

    values: Array
    counts: IntArray
    exhaustive: bool

    @property
    def means(self) -> Array:
        """(samples,) mean of each sample."""
        means: Array = self.counts @ self.values / self.counts.sum(-1)
        return means

    @property
    def sds(self) -> Array:
        """(samples,) SD of each sample, divisor n - 1."""
        deviations = self.values - self.means[:, None]
        sds: Array = np.sqrt((self.counts * deviations**2).sum(-1) / (self.counts.sum(-1) - 1))
        return sds


@dataclass(frozen=True, slots=True)
class _Problem:
    """Some integers from 0 on: how many, their sum, and their sum of squares."""

    n: int
    total: int
    squares: int


def reconstruct(
    mean: Figure,
    sd: Figure,
    n: int,
    rng: np.random.Generator,
    *,
    low: Figure | None = None,
    high: Figure | None = None,
    granularity: Figure = 1,
    items: int = 1,
    rounding: str = "up_or_down",
    limit: int = 1000,
) -> Reconstruction:
    """Samples of `n` values in whole steps from `low` to `high` with the printed mean and SD (divisor n - 1).

    low, high : where None, the bounds that mean and SD themselves set. limit : most samples to return.
    rng : used only where there are more samples than `limit`; each is then reached from another by changing three
    values at a time and keeping their sum and sum of squares.
    Raises NotEstimable where no sample exists. Source: Heathers et al. (2018), SPRITE, PeerJ Preprints 6:e26968v1.
    """
    if n < 2 or limit < 1:
        raise InvalidInput(f"n is {n} and limit {limit}", "n is 2 or more and limit 1 or more")
    step = mean_step(1, granularity, items)
    pairs = _pairs(mean, sd, n, step, rounding)
    bottom, top = _limits(pairs, n, low, high, step)
    problems = _feasible(pairs, n, bottom, top)
    if not problems:
        raise NotEstimable(
            f"no {n} values in steps of {float(step):g} have mean {printed(mean)} and SD {printed(sd)} within these limits"
        )
    feasible = functools.cache(whole_numbers.exists_within)
    every = (sample for problem in problems for sample in _samples(problem, top, feasible))
    samples = list(islice(every, limit + 1))
    exhaustive = len(samples) <= limit
    rows = [_counts(sample, top) for sample in samples] if exhaustive else _draw(problems, top, limit, rng)
    values = np.array([float((bottom + i) * step) for i in range(top + 1)])
    return Reconstruction(values, np.array(rows, dtype=np.int64), exhaustive)


def _pairs(mean: Figure, sd: Figure, n: int, step: Fraction, rounding: str) -> list[tuple[int, int]]:
    """Sums and sums of squares, in steps, that fit the figures and are those of some whole numbers."""
    spread = spread_span(sd, rounding).times(1 / step).squared().times(Fraction(n - 1))
    return [
        (total, squares)
        for total in before_rounding(mean, rounding).multiples(step / n)
        for squares in whole_numbers.candidates(n, total, spread.plus(Fraction(total**2, n)).multiples(Fraction(1)))
    ]


def _limits(
    pairs: list[tuple[int, int]], n: int, low: Figure | None, high: Figure | None, step: Fraction
) -> tuple[int, int]:
    """The least value in steps, and how many steps above it the greatest one is."""
    reach = [whole_numbers.samuelson(n, total, squares) for total, squares in pairs]
    bottom = min((each[0] for each in reach), default=0)
    top = max((each[1] for each in reach), default=0)
    if low is not None:
        bottom = max(bottom, (printed(low).value / step).__ceil__())
    if high is not None:
        top = min(top, (printed(high).value / step).__floor__())
    return bottom, max(top - bottom, 0)


def _feasible(pairs: list[tuple[int, int]], n: int, bottom: int, top: int) -> list[_Problem]:
    moved = (_Problem(n, total - n * bottom, squares - 2 * bottom * total + n * bottom**2) for total, squares in pairs)
    return [each for each in moved if whole_numbers.exists_within(each.n, each.total, each.squares, top)]


Sample = tuple[tuple[int, int], ...]  # (value, how often), greatest value first


def _samples(problem: _Problem, top: int, feasible: functools._lru_cache_wrapper[bool]) -> Iterator[Sample]:
    """Every sample of a problem, none twice; each branch entered has one, so none is entered in vain."""

    def grow(n: int, total: int, squares: int, cap: int) -> Iterator[Sample]:
        if n == 0:
            yield ()
            return
        for left, rest_total, rest_squares, rest_cap in whole_numbers.branches(n, total, squares, cap):
            if left and not feasible(left, rest_total, rest_squares, rest_cap):
                continue
            value = (total - rest_total) // (n - left)
            for sample in grow(left, rest_total, rest_squares, rest_cap):
                yield ((value, n - left), *sample)

    return grow(problem.n, problem.total, problem.squares, top)


def _counts(sample: Sample, top: int) -> IntArray:
    counts = np.zeros(top + 1, dtype=np.int64)
    for value, times in sample:
        counts[value] = times
    return counts


def _draw(problems: list[_Problem], top: int, limit: int, rng: np.random.Generator) -> list[IntArray]:
    """`limit` samples: for each, a sum and sum of squares is drawn, and its chain of samples moved on."""
    chains: dict[_Problem, list[int]] = {}
    rows = []
    for choice in rng.integers(len(problems), size=limit):
        problem = problems[choice]
        if problem not in chains:
            chains[problem] = whole_numbers.example(problem.n, problem.total, problem.squares, top)
        numbers = chains[problem]
        if problem.n >= 3:
            _move(numbers, top, rng)
        rows.append(np.bincount(numbers, minlength=top + 1).astype(np.int64))
    return rows


def _move(numbers: list[int], top: int, rng: np.random.Generator) -> None:
    """Change three of the numbers at a time, in place; every three with the same sum and squares are equally likely."""
    for _ in range(_MOVES_PER_NUMBER * len(numbers)):
        places = rng.choice(len(numbers), size=3, replace=False)
        three = [numbers[place] for place in places]
        options = _triples(sum(three), sum(value**2 for value in three), top)
        for place, value in zip(places, options[rng.integers(len(options))], strict=True):
            numbers[place] = value


@functools.lru_cache(maxsize=65536)
def _triples(total: int, squares: int, top: int) -> tuple[tuple[int, int, int], ...]:
    """Every ordered three of 0 ... top with this sum and sum of squares."""
    found = []
    for x in range(min(top, isqrt(squares)) + 1):
        rest = total - x
        square = 2 * (squares - x**2) - rest**2
        difference = isqrt(square) if square >= 0 else -1
        if square < 0 or difference**2 != square or (rest + difference) % 2:
            continue
        y, z = (rest + difference) // 2, (rest - difference) // 2
        if y <= top and z >= 0:
            found.append((x, y, z))
            if y != z:
                found.append((x, z, y))
    return tuple(found)
