"""Which studies make the heterogeneity, and which move the estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.arrays import Array, ArrayLike
from mscsec.errors import NotEstimable, TooFewStudies
from mscsec.pooling.studies import studies
from mscsec.results import Result

NEEDED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Baujat(Result):
    """The two coordinates of each study, (k,) each, both without unit.

    contribution : its squared Pearson residual (yi - mean)^2 / (vi + tau2), whose sum is the generalised Q.
    influence : (mean - mean without it)^2 over the variance of the mean without it.
    """

    contribution: Array
    influence: Array


def baujat(yi: ArrayLike, vi: ArrayLike, **options: Any) -> Baujat:
    """Contribution to heterogeneity and influence on the estimate; `options` as in `pooling.studies`.

    Raises TooFewStudies below three, where no mean is left to compare with, NotEstimable where the other effects agree exactly
    under HKSJ, whose mean then has no variance, and what `studies` raises.
    Source: Baujat, Mahe, Pignon & Hill (2002), Stat Med 21:2641-2652, doi 10.1002/sim.1221, here with the weights of the
    model fitted instead of a common effect's.
    """
    if np.size(yi) < NEEDED:
        raise TooFewStudies("a Baujat plot", NEEDED, np.size(yi))
    found = studies(yi, vi, **options)
    still = np.flatnonzero(found.deleted.mean_se == 0)
    if still.size:
        raise NotEstimable(
            f"the mean without study {int(still[0])} (counted from 0) has a standard error of zero, in which its influence "
            'would be measured. Use ci="wald" (--ci wald)'
        )
    moved = found.fitted - found.deleted.estimate
    return Baujat(found.pearson**2, np.square(moved / found.deleted.mean_se))
