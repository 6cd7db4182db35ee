"""The menu of between-study variance estimators, and of intervals for the variance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array
from mscsec.pooling.heterogeneity import cochran, h2_from_tau2, h_interval
from mscsec.pooling.likelihood import maximum_likelihood, maximum_se, restricted_maximum_likelihood, restricted_se
from mscsec.pooling.moments import (
    Tau2,
    dersimonian_laird,
    dersimonian_laird_se,
    generalised_q,
    generalised_q_se,
    hedges,
    hedges_se,
    hunter_schmidt,
    hunter_schmidt_corrected,
    hunter_schmidt_corrected_se,
    hunter_schmidt_se,
    q_weights,
    sidik_jonkman,
    sidik_jonkman_se,
    truncated,
    two_step,
    two_step_se,
)
from mscsec.pooling.profile import tau2_profile
from mscsec.pooling.q_equation import (
    empirical_bayes,
    iterated_jonkman,
    iterated_laird,
    median_unbiased,
    paule_mandel,
    paule_mandel_se,
    q_profile,
)
from mscsec.pooling.quadratic_form import median_generalised_q, q_interval
from mscsec.pooling.sets import Sets
from mscsec.pooling.tails import critical
from mscsec.registry import by_key

# An interval whose limits differ from the estimate by more than this factor says nothing; it stays a finite number.
LOG_LIMIT = 200.0


@dataclass(frozen=True, slots=True)
class Tau2Method:
    """A row of `TAU2`.

    estimate : the estimator, for sets of two studies or more; truncated at zero.
    se : its standard error at the estimate.
    iterative : False for a closed form.
    likelihood : "REML" or "ML" where the estimate maximises one.
    weighted : True where the user must give the weights of Q.
    """

    key: str
    name: str
    estimate: Callable[[Sets], Tau2]
    se: Callable[[Sets, Array], Array]
    source: str
    iterative: bool = False
    likelihood: str | None = None
    weighted: bool = False


TAU2 = by_key(
    Tau2Method("DL", "DerSimonian-Laird", dersimonian_laird, dersimonian_laird_se, "dersimonian1986"),
    Tau2Method("DL2", "two-step DerSimonian-Laird", two_step, two_step_se, "dersimonian2007"),
    Tau2Method("HE", "Hedges (variance component)", hedges, hedges_se, "hedges1983"),
    Tau2Method("HS", "Hunter-Schmidt", hunter_schmidt, hunter_schmidt_se, "hunter2004"),
    Tau2Method(
        "HSk",
        "Hunter-Schmidt, small-sample corrected",
        hunter_schmidt_corrected,
        hunter_schmidt_corrected_se,
        "brannick2019",
    ),
    Tau2Method("SJ", "Sidik-Jonkman", sidik_jonkman, sidik_jonkman_se, "sidik2005"),
    Tau2Method("ML", "maximum likelihood", maximum_likelihood, maximum_se, "hardy1996", True, "ML"),
    Tau2Method(
        "REML",
        "restricted maximum likelihood",
        restricted_maximum_likelihood,
        restricted_se,
        "viechtbauer2005",
        True,
        "REML",
    ),
    Tau2Method("EB", "empirical Bayes", empirical_bayes, paule_mandel_se, "morris1983", True),
    Tau2Method("PM", "Paule-Mandel", paule_mandel, paule_mandel_se, "paule1982", True),
    Tau2Method("PMM", "Paule-Mandel, median-unbiased", median_unbiased, paule_mandel_se, "viechtbauer2021", True),
    Tau2Method("DLIT", "DerSimonian-Laird, iterated", iterated_laird, paule_mandel_se, "dersimonian2007", True),
    Tau2Method("SJIT", "Sidik-Jonkman, iterated", iterated_jonkman, paule_mandel_se, "sidik2005", True),
    Tau2Method(
        "GENQ", "generalised Q, given weights", generalised_q, generalised_q_se, "dersimonian2007", weighted=True
    ),
    Tau2Method(
        "GENQM",
        "generalised Q, given weights, median-unbiased",
        median_generalised_q,
        generalised_q_se,
        "viechtbauer2021",
        True,
        weighted=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Estimated:
    """A set with its estimated tau2, from which an interval for tau2 is taken.

    likelihood : "ML" where the estimate maximises the full likelihood, else "REML"; what a profile interval profiles.
    """

    sets: Sets
    tau2: Array
    se: Array
    likelihood: str = "REML"


@dataclass(frozen=True, slots=True)
class Tau2Ci:
    """A row of `TAU2_CI`. `compute` gives the limits, nan where they do not exist. `needs` is the number of studies."""

    key: str
    name: str
    compute: Callable[[Estimated, float], tuple[Array, Array]]
    source: str
    needs: int = 2


def by_q_profile(estimated: Estimated, level: float) -> tuple[Array, Array]:
    """See `q_profile`."""
    return q_profile(estimated.sets, level, estimated.tau2)


def by_likelihood(estimated: Estimated, level: float) -> tuple[Array, Array]:
    """See `tau2_profile`."""
    return tau2_profile(estimated.sets, level, restricted=estimated.likelihood == "REML")


def biggerstaff_jackson(estimated: Estimated, level: float) -> tuple[Array, Array]:
    """Generalised Q with weights 1 / vi, Cochran's. Source: Biggerstaff & Jackson (2008), Stat Med 27:6093-6110."""
    return q_interval(estimated.sets, estimated.sets.common.wi, level)


def jackson(estimated: Estimated, level: float) -> tuple[Array, Array]:
    """Generalised Q with weights 1 / sqrt(vi). Source: Jackson (2013), Res Synth Methods 4:220-229."""
    return q_interval(estimated.sets, np.sqrt(estimated.sets.common.wi), level)


def by_given_weights(estimated: Estimated, level: float) -> tuple[Array, Array]:
    """Generalised Q with the user's weights. Source: Jackson (2013)."""
    return q_interval(estimated.sets, q_weights(estimated.sets), level)


def by_h(estimated: Estimated, level: float) -> tuple[Array, Array]:
    """Test-based interval of H, turned back into tau2 by the typical sampling variance.

    Source: Higgins & Thompson (2002), Stat Med 21:1539-1558.
    """
    about = cochran(estimated.sets)
    low, high = h_interval(h2_from_tau2(estimated.tau2, about.typical), about.q, estimated.sets.k, level)
    return about.typical * (low * low - 1), about.typical * (high * high - 1)


def by_wald(estimated: Estimated, level: float) -> tuple[Array, Array]:
    """tau2 plus and minus a normal quantile times its standard error, cut at 0. Source: Biggerstaff & Tweedie (1997), Stat Med 16:753-768."""
    half = critical(level, np.inf) * estimated.se
    return truncated(estimated.tau2 - half), estimated.tau2 + half


def by_wald_log(estimated: Estimated, level: float) -> tuple[Array, Array]:
    """As `by_wald` on the logarithm, by the delta method; does not exist where tau2 is 0."""
    value = np.where(estimated.tau2 > 0, estimated.tau2, np.nan)
    ratio = np.exp(np.minimum(critical(level, np.inf) * estimated.se / value, LOG_LIMIT))
    return value / ratio, value * ratio


def by_wald_sqrt(estimated: Estimated, level: float) -> tuple[Array, Array]:
    """As `by_wald` on the square root, by the delta method; does not exist where tau2 is 0."""
    tau = np.sqrt(np.where(estimated.tau2 > 0, estimated.tau2, np.nan))
    half = critical(level, np.inf) * estimated.se / (2 * tau)
    return truncated(tau - half) ** 2, (tau + half) ** 2


TAU2_CI = by_key(
    Tau2Ci("QP", "Q-profile", by_q_profile, "viechtbauer2007"),
    Tau2Ci("PL", "profile likelihood", by_likelihood, "hardy1996"),
    Tau2Ci("BJ", "Biggerstaff-Jackson", biggerstaff_jackson, "biggerstaff2008"),
    Tau2Ci("J", "Jackson", jackson, "jackson2013"),
    Tau2Ci("GENQ", "generalised Q, given weights", by_given_weights, "jackson2013"),
    Tau2Ci("HT", "Higgins-Thompson, test-based", by_h, "higgins2002", needs=3),
    Tau2Ci("wald", "Wald", by_wald, "biggerstaff1997"),
    Tau2Ci("wald-log", "Wald on the logarithm", by_wald_log, "biggerstaff1997"),
    Tau2Ci("wald-sqrt", "Wald on the square root", by_wald_sqrt, "biggerstaff1997"),
)


def is_weighted(key: object) -> bool:
    """Whether the estimator of tau2 called `key`, or the interval of that name, is built on weights of the user's own."""
    return isinstance(key, str) and any(
        row.weighted and name.casefold() == key.casefold() for name, row in TAU2.items()
    )
