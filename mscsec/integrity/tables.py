"""Tests of 2x2 and larger tables of counts. Counts are exact, so there is no interval: one test, one P.

`_1` is experimental, `_2` comparator. What a paper calls "chi-square" or "Fisher" hides several tests whose P differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from mscsec.arrays import Array
from mscsec.errors import InvalidInput, NotEstimable
from mscsec.integrity.tails import p_from_chi2
from mscsec.registry import by_key

# Two tables count as equally likely within this share: their probabilities are computed by different sums of logs.
_TIE = 1e-7


@dataclass(frozen=True, slots=True)
class Counts:
    """Events and group sizes; raises InvalidInput where there are more events than patients."""

    events_1: int
    n_1: int
    events_2: int
    n_2: int

    def __post_init__(self) -> None:
        for events, n in ((self.events_1, self.n_1), (self.events_2, self.n_2)):
            if not 0 <= events <= n or n < 1:
                raise InvalidInput(f"found {events} events in {n}", "events lie between 0 and n, and n is 1 or more")

    def __str__(self) -> str:
        return f"{self.events_1}/{self.n_1} against {self.events_2}/{self.n_2}"

    @property
    def cells(self) -> Array:
        """(2, 2): groups by rows; with the event, without."""
        rows = [[self.events_1, self.n_1 - self.events_1], [self.events_2, self.n_2 - self.events_2]]
        return np.array(rows, dtype=float)


def _hypergeometric(counts: Counts) -> tuple[Array, int]:
    """Probabilities of every table with these margins, and the place of the observed one."""
    events, n = counts.events_1 + counts.events_2, counts.n_1 + counts.n_2
    first, last = max(0, events - counts.n_2), min(events, counts.n_1)
    x = np.arange(first, last + 1.0)

    def choose(top: float, bottom: Array | float) -> Array:
        return np.asarray(gammaln(top + 1.0) - gammaln(bottom + 1.0) - gammaln(top - bottom + 1.0))

    log_p = choose(counts.n_1, x) + choose(counts.n_2, events - x) - choose(n, float(events))
    return np.exp(log_p), counts.events_1 - first


def fisher(counts: Counts) -> float:
    """Two-sided exact P: every table with these margins that is no likelier than the observed one.

    Source: Fisher (1935), J R Stat Soc 98:39-82; two-sided by probability, as R and SAS do.
    """
    p, place = _hypergeometric(counts)
    return float(min(p[p <= p[place] * (1 + _TIE)].sum(), 1.0))


def fisher_mid_p(counts: Counts) -> float:
    """Fisher's P with half the probability of the observed table. Source: Lancaster (1961), J Am Stat Assoc 56:223-234."""
    p, place = _hypergeometric(counts)
    return max(fisher(counts) - float(p[place]) / 2, 0.0)


def fisher_one_sided(counts: Counts) -> float:
    """The smaller one-sided exact P."""
    p, place = _hypergeometric(counts)
    return float(min(p[: place + 1].sum(), p[place:].sum(), 1.0))


def fisher_doubled(counts: Counts) -> float:
    """Twice the smaller one-sided exact P, 1 at most."""
    return min(2 * fisher_one_sided(counts), 1.0)


def pearson(counts: Counts) -> float:
    """Pearson's chi-square without continuity correction; the squared z test of two proportions."""
    return _chi_square(counts.cells, 0.0)[1]


def yates(counts: Counts) -> float:
    """Chi-square with continuity correction, 1/2 at most. Source: Yates (1934), Suppl J R Stat Soc 1:217-235."""
    return _chi_square(counts.cells, 0.5)[1]


def n_minus_one(counts: Counts) -> float:
    """Chi-square times (N - 1) / N. Source: Campbell (2007), Stat Med 26:3661-3675."""
    n = counts.n_1 + counts.n_2
    return float(p_from_chi2(np.array(_chi_square(counts.cells, 0.0)[0] * (n - 1) / n), 1.0))


def likelihood_ratio(counts: Counts) -> float:
    """Likelihood-ratio chi-square (G)."""
    cells = counts.cells
    expected = _expected(cells)
    ratio = np.divide(cells, expected, out=np.ones_like(cells), where=cells > 0)
    return float(p_from_chi2(np.array(max(2 * (cells * np.log(ratio)).sum(), 0.0)), 1.0))


def _expected(cells: Array) -> Array:
    rows, columns = cells.sum(1), cells.sum(0)
    if not (rows.all() and columns.all()):
        raise NotEstimable("a row or a column of the table is empty, which leaves nothing to compare")
    expected: Array = np.outer(rows, columns) / cells.sum()
    return expected


def _chi_square(cells: Array, correction: float) -> tuple[float, float]:
    """Statistic and P; as in R, the correction is not larger than the deviation itself."""
    expected = _expected(cells)
    deviation = np.abs(cells - expected)
    deviation = deviation - min(correction, float(deviation.min()))
    statistic = float((deviation**2 / expected).sum())
    df = (cells.shape[0] - 1) * (cells.shape[1] - 1)
    return statistic, float(p_from_chi2(np.array(statistic), float(df)))


def pearson_table(counts: Sequence[Sequence[int]]) -> float:
    """P of Pearson's chi-square for any table, groups by rows; raises InvalidInput for ragged or negative counts."""
    if len({len(row) for row in counts}) != 1 or len(counts) < 2 or len(counts[0]) < 2:
        raise InvalidInput(
            "the table is ragged or has one row or column", "each group has the same two columns or more"
        )
    cells = np.array(counts, dtype=float)
    if (cells < 0).any():
        raise InvalidInput("a count is negative", "counts are whole numbers from 0 on")
    return _chi_square(cells, 0.0)[1]


@dataclass(frozen=True, slots=True)
class TableMethod:
    """A test of a 2x2 table. usual : what a reader takes an unnamed P for; the others need saying."""

    key: str
    name: str
    p: Callable[[Counts], float]
    usual: bool


TABLE_TESTS = by_key(
    TableMethod("fisher", "Fisher's exact test", fisher, True),
    TableMethod("pearson", "chi-square without correction", pearson, True),
    TableMethod("yates", "chi-square with Yates's correction", yates, True),
    TableMethod("mid-p", "Fisher's exact test, mid-P", fisher_mid_p, False),
    TableMethod("n-1", "chi-square by N - 1", n_minus_one, False),
    TableMethod("likelihood-ratio", "likelihood-ratio chi-square", likelihood_ratio, False),
    TableMethod("fisher-doubled", "twice the one-sided exact P", fisher_doubled, False),
    TableMethod("fisher-one-sided", "Fisher's exact test, one-sided", fisher_one_sided, False),
)


def smallest_rank_p(n_1: int, n_2: int) -> float:
    """The least two-sided P of an exact rank test without ties, or one that doubles a tail: 2 / C(n_1 + n_2, n_1).

    It is reached where all of one group lie above all of the other. A permutation test on distances from expectation can
    give half of it where values are tied, or means are compared, and the groups differ in size: the other end of the
    distribution may then lie nearer.
    """
    if min(n_1, n_2) < 1:
        raise InvalidInput(f"n is {n_1} and {n_2}", "each group has one member or more")
    total = float(n_1 + n_2)
    log_ways = float(gammaln(total + 1.0) - gammaln(n_1 + 1.0) - gammaln(n_2 + 1.0))
    return float(min(2 * np.exp(-log_ways), 1.0))
