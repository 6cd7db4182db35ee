"""Matched pairs or crossover, event or not; from the paired table, or from the margins with a correlation.

Every function takes a `PairedTable` (or a `Margins`) with cells of shape (..., k) and returns yi and vi of that shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array
from mscsec.effects.measures.base import Estimate, How
from mscsec.effects.measures.cells import Counts, Table


@dataclass(frozen=True, slots=True)
class PairedTable(Counts):
    """Pairs by event: under both conditions a, under 1 alone b, under 2 alone c, under neither d."""

    a: Array
    b: Array
    c: Array
    d: Array

    @property
    def n(self) -> Array:
        """Pairs."""
        return self.a + self.b + self.c + self.d


@dataclass(frozen=True, slots=True)
class Margins(Table):
    """The two margins as a table, with the correlation of the paired events, or the proportion with both."""

    r: Array
    p_both: Array

    @classmethod
    def counted(cls) -> tuple[str, ...]:
        """The four cells of the margins."""
        return ("a", "b", "c", "d")


def paired_risk_difference(x: PairedTable, how: How) -> Estimate:
    """Difference of the two marginal risks. Source: May & Johnson (1997), Stat Med 16:2127-2136; Newcombe (1998)."""
    return Estimate((x.b - x.c) / x.n, ((x.b + x.c) / x.n - ((x.b - x.c) / x.n) ** 2) / x.n)


def paired_risk_ratio(x: PairedTable, how: How) -> Estimate:
    """Log ratio of the two marginal risks. Source: Zou (2007), Clin Trials 4:25-31."""
    first, second = x.a + x.b, x.a + x.c
    return Estimate(np.log(first) - np.log(second), (x.b + x.c) / (first * second))


def paired_odds_ratio(x: PairedTable, how: How) -> Estimate:
    """Log ratio of the two marginal odds. Source: Becker & Balagtas (1993), Biometrics 49:997-1009; Elbourne et al (2002)."""
    yes_1, no_1, yes_2, no_2 = x.a + x.b, x.c + x.d, x.a + x.c, x.b + x.d
    yi = np.log(yes_1) - np.log(no_1) - np.log(yes_2) + np.log(no_2)
    # Over one denominator, so that counts alone are added and a variance of zero is exactly zero.
    first, second = yes_1 * no_1, yes_2 * no_2
    return Estimate(yi, (first + second - 2 * (x.a * x.d - x.b * x.c)) / first * x.n / second)


def paired_odds_ratio_conditional(x: PairedTable, how: How) -> Estimate:
    """Log ratio of the discordant pairs, the conditional odds ratio. Source: Breslow & Day (1980), chapter 5.2."""
    return Estimate(np.log(x.b / x.c), 1 / x.b + 1 / x.c)


def paired_peto(x: PairedTable, how: How) -> Estimate:
    """Conditional log odds ratio by Peto's method. Source: Curtin, Elbourne & Altman (2002), Stat Med 21:2145-2159."""
    discordant = x.b + x.c
    return Estimate(2 * (x.b - x.c) / discordant, 4 / discordant)


def margins_odds_ratio(x: Margins, how: How) -> Estimate:
    """Log ratio of the marginal odds, from the margins and the correlation or the proportion with the event under both.

    Source: Elbourne et al (2002), Int J Epidemiol 31:140-149.
    """
    sd_1, sd_2 = np.sqrt(x.a * x.b) / x.n_1, np.sqrt(x.c * x.d) / x.n_2  # from counts: equal ones are exactly equal
    r = np.where(np.isnan(x.r), (x.p_both - x.p_1 * x.p_2) / (sd_1 * sd_2), x.r)
    yi = np.log(x.a) - np.log(x.b) - np.log(x.c) + np.log(x.d)
    # 1/sd_1^2 + 1/sd_2^2 - 2 r/(sd_1 sd_2) as a square and a rest, which cannot round below zero.
    return Estimate(yi, ((1 / sd_1 - 1 / sd_2) ** 2 + 2 * (1 - r) / (sd_1 * sd_2)) / x.n_1)
