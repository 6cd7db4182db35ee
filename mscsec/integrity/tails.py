"""Two-sided P values from test statistics, and the P that a printed statistic allows once its rounding is undone.

Tails are taken from the small side, so that a P of 1e-20 is one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, fdtrc, ndtr, stdtr

from mscsec.arrays import Array
from mscsec.errors import InvalidInput
from mscsec.integrity.printed import Figure, before_rounding, printed
from mscsec.registry import by_key, choose
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class Interval(Result):
    """A number recomputed from printed figures.

    value : from the figures as printed. low, high : the least and greatest value that their rounding allows.
    """

    value: float
    low: float
    high: float


def p_from_z(z: Array) -> Array:
    """Two-sided P of a standard normal statistic."""
    return 2 * np.asarray(ndtr(-np.abs(z)))


def p_from_t(t: Array, df: Array | float) -> Array:
    """Two-sided P of Student's t on `df` degrees of freedom; df may be fractional."""
    tail: Array = np.asarray(stdtr(df, -np.abs(t)), dtype=np.float64)
    return 2 * tail


def p_from_f(f: Array, df_1: Array | float, df_2: Array | float) -> Array:
    """Upper tail of F; for df_1 = 1 this is the two-sided P of t on df_2."""
    return np.asarray(fdtrc(df_1, df_2, f), dtype=np.float64)


def p_from_chi2(chi2: Array, df: Array | float) -> Array:
    """Upper tail of chi-square."""
    return np.asarray(chdtrc(df, chi2))


def p_from_r(r: Array, df: Array | float) -> Array:
    """Two-sided P of a correlation; df is n - 2, or n - 2 less the variables held fixed. 0 where |r| is 1."""
    rest = 1 - np.minimum(np.square(r), 1.0)
    t = np.divide(np.abs(r) * np.sqrt(df), np.sqrt(rest), out=np.full(np.shape(r), np.inf), where=rest > 0)
    return p_from_t(t, df)


@dataclass(frozen=True, slots=True)
class Statistic:
    """A kind of test statistic. dfs : how many degrees of freedom belong to it. p : (statistic, *df) -> two-sided P."""

    key: str
    name: str
    dfs: int
    p: Callable[..., Array]


STATISTICS = by_key(
    Statistic("t", "Student's t", 1, p_from_t),
    Statistic("F", "F", 2, p_from_f),
    Statistic("chi2", "Chi-square", 1, p_from_chi2),
    Statistic("z", "Standard normal z", 0, p_from_z),
    Statistic("r", "Correlation", 1, p_from_r),
)


def p_of_statistic(kind: str, statistic: Figure, *df: float, rounding: str = "up_or_down") -> Interval:
    """The two-sided P of a printed statistic, with the interval that its rounding allows.

    kind : a key of `STATISTICS`. df : degrees of freedom, one for t, chi2 and r, two for F, none for z.
    Raises InvalidInput for a wrong number of df, df of 0 or less, |r| above 1, or a negative F or chi-square.
    Source: Nuijten et al. (2016), Behav Res Methods 48:1205-1226.
    """
    row = choose(STATISTICS, kind, "test statistic")
    if len(df) != row.dfs or any(not each > 0 for each in df):
        raise InvalidInput(f"df is {df}", f"{row.name} has {row.dfs} degrees of freedom, each above 0")
    value = float(printed(statistic))
    _in_domain(row, value)
    ends = np.array(before_rounding(statistic, rounding).floats())
    ends = np.maximum(ends, 0) if row.key in ("F", "chi2") else np.clip(ends, -1, 1) if row.key == "r" else ends
    smallest = 0.0 if ends[0] <= 0 <= ends[1] else float(np.abs(ends).min())
    p = row.p(np.array([value, np.abs(ends).max(), smallest]), *df)
    return Interval(float(p[0]), float(p[1]), float(p[2]))


def _in_domain(row: Statistic, value: float) -> None:
    if row.key in ("F", "chi2") and value < 0:
        raise InvalidInput(f"{row.name} is {value:g}", "it is a sum of squares and cannot be negative")
    if row.key == "r" and abs(value) > 1:
        raise InvalidInput(f"r is {value:g}", "a correlation lies between -1 and 1")
