"""The menu of estimators of residual between-study variance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array
from mscsec.pooling.regression import likelihood, moments
from mscsec.pooling.regression.moments import Tau2
from mscsec.pooling.regression.problem import Problem
from mscsec.registry import by_key


@dataclass(frozen=True, slots=True)
class Estimator:
    """One estimator: `estimate` takes a `Problem` with more studies than columns in every row."""

    key: str
    name: str
    estimate: Callable[[Problem], Tau2]
    source: str
    needs_weights: bool = False


ESTIMATORS = by_key(
    Estimator("DL", "DerSimonian-Laird", moments.dersimonian_laird, "dersimonian1986"),
    Estimator("HE", "Hedges", moments.hedges, "hedges1983"),
    Estimator("HS", "Hunter-Schmidt", moments.hunter_schmidt, "hunter2004"),
    Estimator("HSk", "Hunter-Schmidt, small-sample", moments.hunter_schmidt_k, "brannick2019"),
    Estimator("SJ", "Sidik-Jonkman", moments.sidik_jonkman, "sidik2005"),
    Estimator("ML", "Maximum likelihood", likelihood.maximum_likelihood, "hardy1996"),
    Estimator("REML", "Restricted maximum likelihood", likelihood.restricted_maximum_likelihood, "harville1977"),
    Estimator("EB", "Empirical Bayes", moments.paule_mandel, "morris1983"),
    Estimator("PM", "Paule-Mandel", moments.paule_mandel, "paule1982"),
    Estimator("PMM", "Paule-Mandel, median unbiased", moments.paule_mandel_median, "viechtbauer2021"),
    Estimator("GENQ", "Generalised Q", moments.generalised_q, "dersimonian2007", needs_weights=True),
    Estimator("GENQM", "Generalised Q, median", moments.generalised_q_median, "viechtbauer2021", needs_weights=True),
)


def fixed_tau2(problem: Problem, value: Array | float) -> Tau2:
    """A between-study variance that was given, not estimated: it has no standard error."""
    each = np.broadcast_to(np.asarray(value, dtype=float), problem.yi.shape[:1]).copy()
    return Tau2(each, np.full(each.shape, np.nan), np.ones(each.shape, dtype=bool))
