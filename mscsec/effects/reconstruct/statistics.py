"""Test statistics and P values into one another; tails are taken from the small side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

from mscsec.arrays import Array, ArrayLike
from mscsec.effects.reconstruct import rules
from mscsec.effects.reconstruct.rows import Refusal, blank, columns, judge, missing, safe
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class Statistic(Result):
    """statistic : z or t without its sign. p_value : two-sided. NaN in a refused row."""

    statistic: Array
    p_value: Array
    refused: tuple[Refusal, ...] = ()


def from_z(z: ArrayLike) -> Statistic:
    """|z| and its two-sided P value."""
    (z_,) = columns(z=z)
    return Statistic(np.abs(z_), 2 * ndtr(-np.abs(z_)), judge(z_.shape, missing(z=z_))[1])


def from_t(t: ArrayLike, df: ArrayLike) -> Statistic:
    """|t| and its two-sided P value on `df` degrees of freedom, which need not be whole (Welch)."""
    t_, df_ = columns(t=t, df=df)
    rules.positive("a number of degrees of freedom", df=df_)
    stands, refused = judge(t_.shape, missing(t=t_, df=df_))
    p = 2 * stdtr(safe(stands, df_), -np.abs(safe(stands, t_)))
    return Statistic(blank(stands, np.abs(t_)), blank(stands, p), refused)


def from_chi2(chi2: ArrayLike) -> Statistic:
    """sqrt(chi-square), which is |z|, and the P value; one degree of freedom."""
    (x2,) = columns(chi2=chi2)
    rules.not_negative("a chi-square", chi2=x2)
    stands, refused = judge(x2.shape, missing(chi2=x2))
    return Statistic(np.sqrt(x2), blank(stands, chdtrc(1, safe(stands, x2))), refused)


def from_f(f: ArrayLike, df: ArrayLike) -> Statistic:
    """sqrt(F), which is |t|, and the P value; one numerator degree of freedom, `df` in the denominator."""
    f_, df_ = columns(f=f, df=df)
    rules.not_negative("an F statistic", f=f_)
    rules.positive("a number of degrees of freedom", df=df_)
    stands, refused = judge(f_.shape, missing(f=f_, df=df_))
    p = fdtrc(1, safe(stands, df_), safe(stands, f_))
    return Statistic(blank(stands, np.sqrt(f_)), blank(stands, p), refused)


def z_from_p(p_value: ArrayLike) -> Statistic:
    """|z| of a two-sided P value."""
    (p,) = columns(p_value=p_value)
    rules.probability(p_value=p)
    return Statistic(-ndtri(p / 2), p, judge(p.shape, missing(p_value=p))[1])


def t_from_p(p_value: ArrayLike, df: ArrayLike) -> Statistic:
    """|t| of a two-sided P value on `df` degrees of freedom."""
    p, df_ = columns(p_value=p_value, df=df)
    rules.probability(p_value=p)
    rules.positive("a number of degrees of freedom", df=df_)
    stands, refused = judge(p.shape, missing(p_value=p, df=df_))
    return Statistic(blank(stands, -stdtrit(safe(stands, df_), safe(stands, p) / 2)), blank(stands, p), refused)
