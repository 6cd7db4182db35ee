"""Generalised linear mixed models for counts: what enters the likelihood of each, and how it is fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mscsec.arrays import Array
from mscsec.errors import NotConverged, NotEstimable
from mscsec.pooling.counts.jets import Jet, constant
from mscsec.pooling.counts.marginal import Model, log_likelihood
from mscsec.pooling.counts.newton import Maximum, maximise

STARTS = (0.1, 0.5, 1.5)  # between-study SDs to start from: the likelihood can have a second maximum
SINGULAR = 1e-14  # ratio of eigenvalues of the information below which a parameter is not determined
LARGEST_SD = 50.0  # on a log scale; where the likelihood still rises there, tau has no finite estimate
FLAT = 1e-9  # a rise of the log-likelihood over that at tau = 0 that is rounding


@dataclass(frozen=True, slots=True)
class Problem:
    """A model with where to start.

    model : its last random effect is that of the effect of interest. coefficients : how many of the last shared
    coefficients belong to that effect; the others are nuisance.
    shared : (p,) coefficients to start from; own : (k,) intercepts to start from.
    """

    name: str
    model: Model
    coefficients: int
    shared: Array
    own: Array


@dataclass(frozen=True, slots=True)
class GlmmFit:
    """A fitted model; coefficients (p,) and their covariance (p, p) on the link scale.

    tau2, sigma2 : variances of the effect and, in the model with random study effects, of the intercepts.
    tau2_se : None where tau2 is 0 or the model has none.
    weights : (k,) share of each study in the information on the last coefficient, summing to one, by the decomposition
        of Riley et al. (2018), Stat Methods Med Res 27:2885-2905, with the scales taken as known.
    log_likelihood : all constants included. parameters : number estimated. observations : the n of the BIC.
    """

    beta: Array
    covariance: Array
    tau2: float
    tau2_se: float | None
    sigma2: float | None
    log_likelihood: float
    parameters: int
    observations: int
    iterations: int
    weights: Array

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * self.parameters - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's information criterion."""
        return self.parameters * float(np.log(self.observations)) - 2 * self.log_likelihood


def fit(problem: Problem, *, random: bool) -> GlmmFit:
    """Maximum likelihood; random=False leaves the random effect of interest out (tau2 = 0).

    With `random` the maximum is sought from several between-study variances and compared with that at tau2 = 0.
    Raises NotConverged, and NotEstimable where the information matrix is singular.
    """
    model, p = problem.model, problem.model.design.shape[-1]
    fixed = replace(model, effects=model.effects[:, :-1])
    start = np.append(problem.shared, np.full(fixed.shared - p, 0.5))
    best = _climb(fixed, start, problem.own)
    interior = random and (found := _rise(model, best)) is not None
    if interior and found is not None:
        best = found
    if not best.converged:
        instead = "Ask for a closed form (MH)" if problem.coefficients == 1 else "Leave out a moderator"
        raise NotConverged(problem.name, best.iterations, best.value, f"{instead} or ask for another model")
    level = _level_scale(model if interior else fixed, best) if model.effects.shape[1] == 2 else None
    free = [j for j in range(len(best.shared)) if j != p or level != 0.0]
    covariance = _inverse(best.by_study.sum(-1)[np.ix_(free, free)], problem.name)
    tau = float(abs(best.shared[-1])) if interior else 0.0
    keep = slice(p - problem.coefficients, p)
    return GlmmFit(
        beta=best.shared[keep],
        covariance=covariance[keep, keep],
        tau2=tau**2,
        tau2_se=2 * tau * float(np.sqrt(covariance[-1, -1])) if interior else None,
        sigma2=None if level is None else level**2,
        log_likelihood=best.value,
        parameters=fixed.shared + int(random) + (len(best.own) if model.own_intercept else 0),
        observations=model.family.y.size,
        iterations=best.iterations,
        weights=_weights(best.by_study[:p, :p], problem.name),
    )


def _level_scale(model: Model, best: Maximum) -> float:
    """SD of the random intercepts, exactly 0 where that loses nothing.

    There the likelihood is flat in the SD to the second order, as it depends on its square, so the SD leaves the information.
    """
    p = model.design.shape[-1]
    without = best.shared.copy()
    without[p] = 0.0
    height = float(log_likelihood(model, without, best.own).value.sum())
    lost = best.value - height
    return 0.0 if lost <= FLAT * (1 + abs(best.value)) + model.rounding else float(abs(best.shared[p]))


def _rise(model: Model, fixed: Maximum) -> Maximum | None:
    """The highest maximum with a positive tau, or None where none lies above that at tau = 0."""
    found = [_climb(model, np.append(fixed.shared, tau), fixed.own) for tau in STARTS]
    best = max(found, key=lambda maximum: maximum.value)
    return best if best.value > fixed.value + FLAT * (1 + abs(fixed.value)) + model.rounding else None


def _weights(by_study: Array, name: str) -> Array:
    row = _inverse(by_study.sum(-1), name)[-1]
    return np.asarray(np.einsum("i,ijk,j->k", row, by_study, row) / row[-1])


def _climb(model: Model, shared: Array, own: Array) -> Maximum:
    p = model.design.shape[-1]

    def objective(shared: Array, own: Array) -> Jet:
        if np.abs(shared[p:]).max(initial=0.0) > LARGEST_SD:
            return constant(np.full(len(own), -np.inf), model.shared + model.own_intercept)
        return log_likelihood(model, shared, own)

    return maximise(objective, shared, own, has_own=model.own_intercept, rounding=model.rounding)


def _inverse(information: Array, name: str) -> Array:
    """Inverse of a positive definite matrix; raises NotEstimable where it is not."""
    values, vectors = np.linalg.eigh(information)
    if values.min() <= SINGULAR * values.max():
        raise NotEstimable(f"the information matrix of {name} is singular: these data do not determine its parameters")
    return np.asarray((vectors / values) @ vectors.T)
