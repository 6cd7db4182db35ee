"""Cronbach's alpha, and other measures of one sample that stand alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array
from mscsec.effects.measures.base import Estimate, How
from mscsec.effects.measures.cells import Counts


@dataclass(frozen=True, slots=True)
class Alpha:
    """Cronbach's alpha of a scale of `items` in n persons."""

    alpha: Array
    items: Array
    n: Array

    @property
    def base(self) -> Array:
        """2 m / ((m - 1)(n - 2)), the variance of log(1 - alpha); nan where n is 2 or less."""
        room = np.where(self.n > 2, self.n - 2, np.nan)
        return np.asarray(2 * self.items / ((self.items - 1) * room))


@dataclass(frozen=True, slots=True)
class Genotypes(Counts):
    """Persons with no copy, one copy and two copies of an allele."""

    aa: Array
    ab: Array
    bb: Array


def raw_alpha(x: Alpha, how: How) -> Estimate:
    """Alpha itself. Source: Bonett (2010), Psychol Methods 15:368-385."""
    return Estimate(x.alpha, x.base * (1 - x.alpha) ** 2)


def cube_root_alpha(x: Alpha, how: How) -> Estimate:
    """1 - (1 - alpha)^(1/3). Source: Hakstian & Whalen (1976), Psychometrika 41:219-231."""
    root = np.cbrt(1 - x.alpha)
    return Estimate(1 - root, 18 * x.items * (x.n - 1) * root**2 / ((x.items - 1) * (9 * x.n - 11) ** 2))


def log_alpha(x: Alpha, how: How) -> Estimate:
    """-log(1 - alpha). Source: Bonett (2002), J Educ Behav Stat 27:335-340; (2010), Psychol Methods 15:368-385."""
    return Estimate(-np.log(1 - x.alpha), x.base)


def heterozygosity(x: Genotypes, how: How) -> Estimate:
    """Log of the relative excess of heterozygotes. Source: Ziegler, Van Steen & Wellek (2011), Breast Cancer Res Treat 128:197-201."""
    yi = np.log(x.ab) - np.log(2 * np.sqrt(x.aa * x.bb))
    return Estimate(yi, 1 / (4 * x.aa) + 1 / x.ab + 1 / (4 * x.bb))
