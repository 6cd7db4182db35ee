"""The count models of meta-analysis as likelihoods: which observations, which parameters, which random effects.

Names and models of Stijnen, Hamza & Ozdemir (2010), Stat Med 29:3046-3067; overview in Jackson et al. (2018),
Stat Med 37:1059-1085. A builder takes the tables (k,), the covariates (k, p) of the effect, the number of quadrature
points, and `coding`: in the models with both arms the random effect enters arm 1 times `coding`, arm 2 times `coding` - 1.
"""

from __future__ import annotations

import numpy as np

from mscsec.arrays import Array
from mscsec.errors import InvalidInput
from mscsec.pooling.counts.families import Family, binomial, noncentral_hypergeometric, poisson
from mscsec.pooling.counts.glmm import Problem
from mscsec.pooling.counts.marginal import Model
from mscsec.pooling.counts.tables import PersonTime, Tables, whole

POINTS = 7  # nodes of the adaptive quadrature; the field's default where one random effect is integrated out
EXACT_POINTS = 25  # leaves no visible error, for the model whose likelihood is called exact
LAPLACE = 1  # with two random effects


def fixed_study_effects(t: Tables, design: Array, points: int, coding: float) -> Problem:
    """UM.FS: two binomial arms, a fixed intercept for each study, a random log odds ratio."""
    x, n = np.stack([t.a, t.c], -1), np.stack([t.n_1, t.n_2], -1)
    own = np.log(x.sum(-1) + 0.5) - np.log((n - x).sum(-1) + 0.5)
    return _both_arms_fixed(binomial(x, n), design, points, coding, own)


def rates_fixed_study_effects(t: PersonTime, design: Array, points: int, coding: float) -> Problem:
    """UM.FS for rates: two Poisson arms, a fixed intercept for each study, a random log rate ratio."""
    x, time = np.stack([t.x_1, t.x_2], -1), np.stack([t.t_1, t.t_2], -1)
    own = np.log(x.sum(-1) + 0.5) - np.log(time.sum(-1))
    return _both_arms_fixed(poisson(x, time), design, points, coding, own)


def random_study_effects(t: Tables, design: Array, points: int, coding: float) -> Problem:
    """UM.RS: two binomial arms, a random intercept, and a random log odds ratio independent of it."""
    x, n = np.stack([t.a, t.c], -1), np.stack([t.n_1, t.n_2], -1)
    level = np.log(x.sum() + 0.5) - np.log((n - x).sum() + 0.5)
    return _both_arms_random(binomial(x, n), design, points, coding, level)


def rates_random_study_effects(t: PersonTime, design: Array, points: int, coding: float) -> Problem:
    """UM.RS for rates: two Poisson arms, a random intercept, and a random log rate ratio independent of it."""
    x, time = np.stack([t.x_1, t.x_2], -1), np.stack([t.t_1, t.t_2], -1)
    return _both_arms_random(poisson(x, time), design, points, coding, np.log(x.sum() + 0.5) - np.log(time.sum()))


def conditional_exact(t: Tables, design: Array, points: int, coding: float) -> Problem:
    """CM.EL: events of arm 1 given the margins, noncentral hypergeometric with a random log odds ratio."""
    if not all(whole(counts, t.mask) for counts in (t.a, t.n_1, t.c, t.n_2)):
        raise InvalidInput(
            "some counts are fractions", "the exact conditional model needs whole counts", "Ask for the model CM.AL"
        )
    return _one_observation("GLMM CM.EL", noncentral_hypergeometric(t), design, points)


def conditional_approximate(t: Tables, design: Array, points: int, coding: float) -> Problem:
    """CM.AL: events of arm 1 given all events, binomial with offset log(n_1 / n_2); close to CM.EL for rare events."""
    offset = np.log(t.n_1) - np.log(t.n_2)
    family = binomial(t.a[:, None], (t.a + t.c)[:, None], offset[:, None])
    return _one_observation("GLMM CM.AL", family, design, points)


def rates_conditional(t: PersonTime, design: Array, points: int, coding: float) -> Problem:
    """CM.EL for rates: events of arm 1 given all events, which is exactly binomial with offset log(t_1 / t_2)."""
    offset = np.log(t.t_1) - np.log(t.t_2)
    family = binomial(t.x_1[:, None], (t.x_1 + t.x_2)[:, None], offset[:, None])
    return _one_observation("GLMM CM.EL", family, design, points)


def proportions(x: Array, n: Array, design: Array, points: int) -> Problem:
    """One group: binomial counts with a random logit. Source: Hamza et al. (2008), J Clin Epidemiol 61:41-51."""
    return _one_observation("binomial GLMM", binomial(x[:, None], n[:, None]), design, points)


def rates(x: Array, time: Array, design: Array, points: int) -> Problem:
    """One group: Poisson counts with a random log rate."""
    level = np.full((len(x), 1), np.log(x.sum() + 0.5) - np.log(time.sum()))
    return _one_observation("Poisson GLMM", poisson(x[:, None], time[:, None]), design, points, level)


def _both_arms_fixed(family: Family, design: Array, points: int, coding: float, own: Array) -> Problem:
    p = design.shape[1]
    model = Model(family, _arm_1_only(design), True, np.array([[coding], [coding - 1]]), points)
    return Problem("GLMM UM.FS", model, p, np.zeros(p), own)


def _both_arms_random(family: Family, design: Array, points: int, coding: float, level: float) -> Problem:
    k, p = design.shape
    effect = np.concatenate([np.ones((k, 2, 1)), _arm_1_only(design)], -1)
    effects = np.array([[1.0, coding], [1.0, coding - 1]])
    start = np.concatenate([[level], np.zeros(p)])
    return Problem("GLMM UM.RS", Model(family, effect, False, effects, points), p, start, np.zeros(k))


def _one_observation(name: str, family: Family, design: Array, points: int, level: Array | None = None) -> Problem:
    """One count a study; the coefficients start from the least-squares fit of `level`, or from 0."""
    k, p = design.shape
    start = (
        np.zeros(p) if level is None else np.asarray(np.linalg.lstsq(design, level[:, 0], rcond=None)[0], dtype=float)
    )
    return Problem(name, Model(family, design[:, None, :], False, np.ones((1, 1)), points), p, start, np.zeros(k))


def _arm_1_only(design: Array) -> Array:
    """(k, 2, p): the covariates in arm 1, none in arm 2."""
    return np.stack([design, np.zeros_like(design)], axis=1)
