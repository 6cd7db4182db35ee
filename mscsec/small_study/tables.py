"""2x2 tables and sample sizes as the tests of asymmetry read them, with the score statistics that some are built on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln

from mscsec.arrays import Array, ArrayLike, BoolArray, floats
from mscsec.errors import InvalidInput, NotEstimable


@dataclass(frozen=True, slots=True)
class Tables:
    """Cells of k tables, each (k,): events and participants of the experimental (1) and the comparator (2) arm."""

    events_1: Array
    n_1: Array
    events_2: Array
    n_2: Array

    @property
    def n(self) -> Array:
        """Participants of each study."""
        return self.n_1 + self.n_2

    @property
    def events(self) -> Array:
        """Events of each study."""
        return self.events_1 + self.events_2

    @property
    def informative(self) -> BoolArray:
        """True where somebody had the event and somebody had not, so that the table says anything about a ratio."""
        return np.asarray((self.events > 0) & (self.events < self.n))

    def only(self, chosen: BoolArray) -> Tables:
        """The tables chosen by a boolean array."""
        return Tables(self.events_1[chosen], self.n_1[chosen], self.events_2[chosen], self.n_2[chosen])


def read_tables(events_1: ArrayLike, n_1: ArrayLike, events_2: ArrayLike, n_2: ArrayLike, k: int) -> Tables:
    """Checked tables. Raises InvalidInput, naming the first study whose counts are impossible."""
    tables = Tables(*(column(name, given, k) for name, given in _named(events_1, n_1, events_2, n_2)))
    for arm, events, n in (("1", tables.events_1, tables.n_1), ("2", tables.events_2, tables.n_2)):
        wrong = (events < 0) | (events > n) | (n <= 0)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise InvalidInput(
                f"study {at} (counted from 0) has {events[at]:g} events of {n[at]:g} in arm {arm}",
                "events lie between 0 and the number of participants, which is positive",
            )
    return tables


def _named(*columns: ArrayLike) -> list[tuple[str, ArrayLike]]:
    return list(zip(("events_1", "n_1", "events_2", "n_2"), columns, strict=True))


def column(name: str, given: ArrayLike, k: int) -> Array:
    """A column of k finite numbers; raises InvalidInput otherwise."""
    values = np.array(floats(name, given), ndmin=1)
    if values.shape != (k,):
        raise InvalidInput(f"{name} has shape {values.shape}", f"there is one number for each of the {k} effects")
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        raise InvalidInput(f"{name}[{at}] is {values[at]}", "it is a finite number", "Leave the study out, and say so.")
    return values


def odds_ratio_score(tables: Tables) -> tuple[Array, Array]:
    """Efficient score Z and information V of the log odds ratio at no effect, each (k,); no continuity correction.

    Z = a - n1 m / N and V = n1 n2 m (N - m) / (N^2 (N - 1)), with a events in arm 1 and m in both.
    Source: Harbord, Egger & Sterne (2006), Stat Med 25:3443-3457, section 3.
    """
    n, m = tables.n, tables.events
    z = tables.events_1 - tables.n_1 * m / n
    v = tables.n_1 * tables.n_2 * m * (n - m) / (n**2 * (n - 1))
    return z, v


def risk_ratio_score(tables: Tables) -> tuple[Array, Array]:
    """Efficient score and information of the log risk ratio at no effect, each (k,).

    Z = (a N - m n1) / (N - m) and V = n1 n2 m / (N (N - m)).
    Source: Harbord, Harris & Sterne (2009), Stata J 9:197-210, section 2.
    """
    n, m = tables.n, tables.events
    z = (tables.events_1 * n - m * tables.n_1) / (n - m)
    v = tables.n_1 * tables.n_2 * m / (n * (n - m))
    return z, v


def mantel_haenszel_log_odds_ratio(tables: Tables) -> float:
    """Logarithm of the Mantel-Haenszel odds ratio of the tables, without a continuity correction.

    Raises NotEstimable where one of its two sums is zero.
    Source: Mantel & Haenszel (1959), J Natl Cancer Inst 22:719-748.
    """
    top = float((tables.events_1 * (tables.n_2 - tables.events_2) / tables.n).sum())
    bottom = float((tables.events_2 * (tables.n_1 - tables.events_1) / tables.n).sum())
    if top == 0 or bottom == 0:
        raise NotEstimable("the Mantel-Haenszel odds ratio is zero or infinite, so the expected counts do not exist")
    return float(np.log(top / bottom))


def conditional_moments(tables: Tables, log_odds_ratio: float) -> tuple[Array, Array]:
    """Mean and variance of the events in arm 1 given the margins, each (k,).

    Fisher's noncentral hypergeometric distribution, summed over its support.
    Source: Schwarzer, Antes & Schumacher (2007), Stat Med 26:721-733, section 2.
    """
    mean, variance = np.empty(tables.n.size), np.empty(tables.n.size)
    for i, (n_1, n_2, m) in enumerate(zip(tables.n_1, tables.n_2, tables.events, strict=True)):
        a = np.arange(max(0.0, m - n_2), min(n_1, m) + 1)
        log_p = a * log_odds_ratio - _log_ways(n_1, a) - _log_ways(n_2, m - a)
        p = np.exp(log_p - log_p.max())
        p /= p.sum()
        mean[i] = p @ a
        variance[i] = p @ (a - mean[i]) ** 2
    return mean, variance


def _log_ways(n: float, chosen: Array) -> Array:
    """Minus the logarithm of `n choose chosen`, up to a constant that does not depend on `chosen`."""
    return np.asarray(betaln(chosen + 1, n - chosen + 1))


def check_whole(tables: Tables) -> None:
    """Raises InvalidInput where a count is no whole number, which a distribution of counts cannot have."""
    for name in ("events_1", "n_1", "events_2", "n_2"):
        values = getattr(tables, name)
        if (values != np.round(values)).any():
            at = int(np.flatnonzero(values != np.round(values))[0])
            raise InvalidInput(
                f"{name}[{at}] is {values[at]:g}", "this test counts tables, so that counts are whole numbers"
            )
