"""Between-study variance in closed form: methods of moments, and their standard errors.

Each estimator takes `Sets` of two studies or more in each row and returns `Tau2`, truncated at zero.
Standard errors use the estimate itself and the normal model; they are those of Viechtbauer (2005), J Educ Behav Stat
30:261-293, and Jackson (2013), Res Synth Methods 4:220-229 for generalised Q.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mscsec.arrays import Array, BoolArray, IntArray, of_one
from mscsec.errors import InvalidInput
from mscsec.pooling.sets import Sets, across, complement, dot, pair_sum, total, trace_p, traces, weigh


@dataclass(frozen=True, slots=True)
class Tau2:
    """Between-study variance; every field has the batch's shape (...).

    value : squared units of yi; exactly 0 where truncated.
    converged : True throughout for a closed form.
    iterations : steps of the slowest row; 0 for a closed form.
    modes : number of local maxima of the likelihood that were found; 1 where there is no likelihood.
    """

    value: Array
    converged: BoolArray | bool = True
    iterations: int = 0
    modes: IntArray | int = 1


def truncated(value: Array | float) -> Array:
    """`value`, or 0 where it is negative."""
    return of_one(max(value, 0.0)) if isinstance(value, float) else np.maximum(value, 0.0)


# --- generalised Q --------------------------------------------------------------------------------------------------


class GivenWeights(NamedTuple):
    """Weights that need not be inverse variances, their sum, and Q with them."""

    wi: Array
    sum_w: Array
    q: Array


def weigh_by(sets: Sets, ai: Array) -> GivenWeights:
    """The set weighed by `ai` (..., k). The heaviest study need not be the origin, so Q is summed from the residuals."""
    sum_a = total(ai)
    resid = sets.yi - across(dot(ai, sets.yi) / sum_a)
    return GivenWeights(ai, sum_a, dot(ai * resid, resid))


def trace_pv(by: GivenWeights, vi: Array) -> Array:
    """tr(PV), the expectation of generalised Q at tau2 = 0; `vi` is 0 in the padding."""
    return dot(by.wi * complement(by.wi, by.sum_w), vi)


def generalised(sets: Sets, ai: Array) -> Array:
    """Method of moments on Q with weights `ai`, before truncation: (Q - tr(PV)) / tr(P).

    Source: DerSimonian & Kacker (2007), Contemp Clin Trials 28:105-114; Jackson (2013).
    """
    by = weigh_by(sets, ai)
    return (by.q - trace_pv(by, sets.finite(sets.vi))) / trace_p(by.wi, by.sum_w)


def q_variance(by: GivenWeights, si: Array) -> Array:
    """Variance of generalised Q, 2 tr(P S P S), for total variances `si` (..., k), 0 in the padding.

    The squares of the diagonal of PS and the products across it are summed apart, so that neither cancels the other.
    """
    own = by.wi * si * complement(by.wi, by.sum_w)
    across_studies = by.wi * by.wi * si
    return 2 * (dot(own, own) + pair_sum(across_studies, total(across_studies)) / by.sum_w**2)


def generalised_se(sets: Sets, ai: Array, tau2: Array) -> Array:
    """Standard error of `generalised` at `tau2`."""
    by = weigh_by(sets, ai)
    si = sets.finite(sets.vi + np.asarray(tau2)[..., None])
    return np.sqrt(q_variance(by, si)) / trace_p(by.wi, by.sum_w)


def q_weights(sets: Sets) -> Array:
    """The weights the user gave for generalised Q; raises InvalidInput where there are none, or for one study of a set alone."""
    if sets.weights is None:
        raise InvalidInput(
            "no weights were given",
            "generalised Q (GENQ, GENQM) needs one weight for each study",
            "Write tau2_weights= (--tau2-weights FIELD).",
        )
    if (np.count_nonzero(sets.weights, axis=-1) < 2).any():
        raise InvalidInput(
            "the weights of generalised Q (GENQ, GENQM) are zero but for one study",
            "it compares the effects of two studies or more",
        )
    return sets.weights


# --- the estimators -------------------------------------------------------------------------------------------------


def dersimonian_laird(sets: Sets) -> Tau2:
    """Method of moments on Cochran's Q. Source: DerSimonian & Laird (1986), Control Clin Trials 7:177-188."""
    return Tau2(truncated((sets.q - (sets.k - 1)) / sets.trace))


def dersimonian_laird_se(sets: Sets, tau2: Array) -> Array:
    """Standard error of DL: the variance of Q at `tau2` is 2(k-1) + 4 tau2 tr(P) + 2 tau2^2 tr(PP)."""
    return q_sd(sets, tau2) / sets.trace


def q_sd(sets: Sets, tau2: Array) -> Array:
    """Standard deviation of Cochran's Q at `tau2`."""
    by = sets.common
    return np.sqrt(2 * (sets.k - 1) + 4 * tau2 * sets.trace + 2 * tau2**2 * traces(by.wi, by.sum_w).pp)


def two_step(sets: Sets) -> Tau2:
    """DL, then generalised Q with weights 1 / (vi + tau2_DL). Source: DerSimonian & Kacker (2007)."""
    return Tau2(truncated(generalised(sets, _two_step_weights(sets))))


def two_step_se(sets: Sets, tau2: Array) -> Array:
    """Standard error of the two-step estimate, its first step taken as known."""
    return generalised_se(sets, _two_step_weights(sets), tau2)


def _two_step_weights(sets: Sets) -> Array:
    return weigh(sets, dersimonian_laird(sets).value).wi


def hedges(sets: Sets) -> Tau2:
    """Variance component (Cochran ANOVA): the variance of the effects less the mean sampling variance.

    Source: Hedges (1983), Psychol Bull 93:388-395.
    """
    resid = _unweighted_residuals(sets)
    spread = total(resid * resid) / (sets.k - 1)
    return Tau2(truncated(spread - total(sets.finite(sets.vi)) / sets.k))


def hedges_se(sets: Sets, tau2: Array) -> Array:
    """Standard error of HE: generalised Q with equal weights."""
    return generalised_se(sets, equal_weights(sets), tau2)


def equal_weights(sets: Sets) -> Array:
    """(..., k) ones, 0 in the padding."""
    return sets.finite(np.ones_like(sets.yi))


def _unweighted_residuals(sets: Sets) -> Array:
    mean = total(sets.yi) / sets.k
    return sets.finite(sets.yi - mean[..., None])


def hunter_schmidt(sets: Sets) -> Tau2:
    """(Q - k) / sum w. Source: Hunter & Schmidt (1990), Methods of Meta-Analysis; Viechtbauer (2005)."""
    return Tau2(truncated((sets.q - sets.k) / sets.common.sum_w))


def hunter_schmidt_se(sets: Sets, tau2: Array) -> Array:
    """Standard error of HS."""
    return q_sd(sets, tau2) / sets.common.sum_w


def hunter_schmidt_corrected(sets: Sets) -> Tau2:
    """HS with its small-sample correction: the squared residuals times k / (k - 1).

    Source: Brannick, Potter, Benitez & Morris (2019), Organ Res Methods 22:490-514; Viechtbauer (2005).
    """
    return Tau2(truncated((sets.k / (sets.k - 1) * sets.q - sets.k) / sets.common.sum_w))


def hunter_schmidt_corrected_se(sets: Sets, tau2: Array) -> Array:
    """Standard error of HSk: that of HS times k / (k - 1)."""
    return sets.k / (sets.k - 1) * hunter_schmidt_se(sets, tau2)


def sidik_jonkman(sets: Sets) -> Tau2:
    """Weighted least squares from a crude start; positive unless the effects are all equal, where it is 0.

    Source: Sidik & Jonkman (2005), J R Stat Soc C 54:367-384; (2007), Stat Med 26:1964-1981.
    """
    crude = _crude(sets)
    return Tau2(crude * weigh(sets, crude).q / (sets.k - 1))


def sidik_jonkman_se(sets: Sets, tau2: Array) -> Array:
    """Standard error of SJ, its crude start taken as known."""
    crude = _crude(sets)
    by = weigh_by(sets, weigh(sets, crude).wi)
    si = sets.finite(sets.vi + np.asarray(tau2)[..., None])
    return crude * np.sqrt(q_variance(by, si)) / (sets.k - 1)


def _crude(sets: Sets) -> Array:
    resid = _unweighted_residuals(sets)
    return total(resid * resid) / sets.k


def generalised_q(sets: Sets) -> Tau2:
    """Method of moments on Q with the user's weights. Source: DerSimonian & Kacker (2007); Jackson (2013)."""
    return Tau2(truncated(generalised(sets, q_weights(sets))))


def generalised_q_se(sets: Sets, tau2: Array) -> Array:
    """Standard error of GENQ."""
    return generalised_se(sets, q_weights(sets), tau2)
