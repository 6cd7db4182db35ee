"""A weighted straight line with a residual variance of its own: what Egger's test and its descendants fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array
from mscsec.errors import NotEstimable

SAME = 1e-10  # a predictor that varies by less than this share of its size is constant up to rounding
ON_THE_LINE = 1e-12  # of the spread of the effects: residuals this small are the rounding of a perfect line


@dataclass(frozen=True, slots=True)
class Line:
    """Intercept and slope by weighted least squares; every field is a number.

    sigma : residual standard deviation, the root of the multiplicative dispersion; the standard errors contain it.
    df : k - 2.
    """

    intercept: float
    intercept_se: float
    slope: float
    slope_se: float
    sigma: float
    df: int


def weighted_line(yi: Array, x: Array, wi: Array, what: str) -> Line:
    """Least squares of `yi` on `x` with weights `wi`, all (k,), k of 3 or more.

    what : the predictor in words, for the message where it does not vary.
    Raises NotEstimable where `x` is the same in every study, or where no residual variation is left to judge by.
    Source: Egger et al. (1997), BMJ 315:629-634, in the form of Sterne, Gavaghan & Egger (2000), J Clin Epidemiol 53:1119-1129.
    """
    check_varies(x, what)
    total = wi.sum()
    x_mean, y_mean = float(wi @ x / total), float(wi @ yi / total)
    dx, dy = x - x_mean, yi - y_mean
    sxx = float(wi @ dx**2)
    slope = float(wi @ (dx * dy)) / sxx
    residual = dy - slope * dx
    rss = float(wi @ residual**2)
    if rss <= (ON_THE_LINE**2) * float(wi @ yi**2):
        raise no_variation()
    df = yi.size - 2
    sigma = float(np.sqrt(rss / df))
    return Line(
        intercept=y_mean - slope * x_mean,
        intercept_se=float(sigma * np.sqrt(1 / total + x_mean**2 / sxx)),
        slope=slope,
        slope_se=float(sigma / np.sqrt(sxx)),
        sigma=sigma,
        df=df,
    )


def check_varies(x: Array, what: str) -> None:
    """Raises NotEstimable where `x` is the same in every study, so that no line has a slope."""
    if float(np.ptp(x)) <= SAME * float(np.abs(x).max()):
        raise NotEstimable(
            f"{what} is the same in every study, so small and large studies cannot be told apart by it;"
            " a test of funnel asymmetry does not exist for these data"
        )


def no_variation() -> NotEstimable:
    """The refusal for effects that lie on one line exactly."""
    return NotEstimable(
        "the effects lie exactly on one line, so that no variation is left to judge its slope by;"
        " a test of funnel asymmetry does not exist for these data"
    )
