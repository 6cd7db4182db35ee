"""Marginal log-likelihood of count models with normal random effects, with its derivatives, study by study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array
from mscsec.pooling.counts.families import Family
from mscsec.pooling.counts.jets import Jet, constant, log_sum_exp, variable

MODE_STEPS = 100
MODE_TOLERANCE = 1e-8  # two more Newton steps follow, which square it twice


@dataclass(frozen=True, slots=True)
class Model:
    """eta = offset + X beta + own intercept + sum_r scale_r z_r u_r, with u_r standard normal for each study.

    family : the m observations of each of k studies.
    design : (k, m, p) covariates of the coefficients that studies share.
    own_intercept : whether each study has a fixed intercept of its own.
    effects : (m, r) how each random effect enters the m observations; r is 0, 1 or 2.
    points : nodes of the adaptive Gauss-Hermite quadrature in each dimension; 1 is the Laplace approximation.
    """

    family: Family
    design: Array
    own_intercept: bool
    effects: Array
    points: int = 7

    @property
    def shared(self) -> int:
        """Number of parameters that studies share: coefficients, then scales."""
        return int(self.design.shape[-1] + self.effects.shape[-1])

    @property
    def rounding(self) -> float:
        """How far rounding may put the log-likelihood off: its terms grow with the counts, and all but cancel in the sum."""
        return 16 * float(np.finfo(float).eps * (np.abs(self.family.constant).sum() + np.abs(self.family.y).sum()))


def log_likelihood(model: Model, shared: Array, own: Array) -> Jet:
    """Log-likelihood of each study, value (k,), with derivatives in the shared parameters and, last, its own intercept.

    shared : (p + r,) coefficients and scales; own : (k,) intercepts, without effect where the model has none.
    Source: Pinheiro & Bates (1995), J Comput Graph Stat 4:12-35; Liu & Pierce (1994), Biometrika 81:624-629.
    """
    count = model.shared + model.own_intercept
    p, r = model.design.shape[-1], model.effects.shape[-1]
    k = len(own)
    values = [variable(np.full(k, v), j, count) for j, v in enumerate(shared)]
    linear = _linear(model, values[:p], own, count)
    scales = values[p:]
    if r == 0:
        flat: Jet = _density(model, linear.add_axis(), count).sum(-1) + model.family.constant.sum(-1)
        return flat
    start = _mode(model, linear.value, shared[p:])
    modes = [constant(start[:, s], count) for s in range(r)]
    # Two Newton steps that carry derivatives: the first makes those of order one exact, the second those of order two.
    for _ in range(2):
        gradient, curvature = _slopes(model, linear, scales, modes, count)
        modes = [mode + step for mode, step in zip(modes, _solve(curvature, gradient), strict=True)]
    _, curvature = _slopes(model, linear, scales, modes, count)
    integral: Jet = _quadrature(model, linear, scales, modes, curvature, count) + model.family.constant.sum(-1)
    return integral


def _linear(model: Model, beta: list[Jet], own: Array, count: int) -> Jet:
    """Linear predictor without random effects, value (k, m)."""
    total = constant(model.family.offset, count)
    for j, b in enumerate(beta):
        total = total + b.add_axis() * model.design[:, :, j]
    return total + variable(own, count - 1, count).add_axis() if model.own_intercept else total


def _density(model: Model, eta: Jet, count: int) -> Jet:
    """Sum over a study's observations of y eta - K(eta), value (k, j) from eta (k, m, j)."""
    k0, k1, k2, _, _ = model.family.cumulants(eta.value)
    return (eta * model.family.y[..., None] - eta.through(k0, k1, k2)).sum(-2)


def _mode(model: Model, linear: Array, scales: Array) -> Array:
    """Mode (k, r) of each study's integrand, which is strictly concave; Newton with step halving."""
    loads = model.effects * scales
    u = np.zeros((len(linear), len(scales)))

    def height(u: Array) -> Array:
        eta = linear + u @ loads.T
        density = model.family.y * eta - model.family.cumulants(eta[..., None])[0][..., 0]
        return np.asarray(density.sum(-1) - (u**2).sum(-1) / 2)

    value = height(u)
    for _ in range(MODE_STEPS):
        _, mean, variance, _, _ = (c[..., 0] for c in model.family.cumulants((linear + u @ loads.T)[..., None]))
        gradient = (model.family.y - mean) @ loads - u
        hessian = np.einsum("km,mr,ms->krs", variance, loads, loads) + np.eye(len(scales))
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        size = np.ones(len(u))
        for _ in range(40):
            trial = height(u + size[:, None] * step)
            worse = trial < value - 1e-12 * np.abs(value)
            if not worse.any():
                break
            size = np.where(worse, size / 2, size)
        u, value = u + size[:, None] * step, trial
        if np.abs(step).max() < MODE_TOLERANCE * (1 + np.abs(u).max()):
            break
    return u


def _slopes(
    model: Model, linear: Jet, scales: list[Jet], modes: list[Jet], count: int
) -> tuple[list[Jet], list[list[Jet]]]:
    """Gradient and minus the Hessian, in u, of the log-integrand at `modes`."""
    eta = linear
    loads = [[scale * float(model.effects[m, s]) for m in range(len(model.effects))] for s, scale in enumerate(scales)]
    for s, (scale, mode) in enumerate(zip(scales, modes, strict=True)):
        eta = eta + (scale * mode).add_axis() * model.effects[:, s]
    _, k1, k2, k3, k4 = (c[..., 0] for c in model.family.cumulants(eta.value[..., None]))
    residual = -(eta.through(k1, k2, k3) - model.family.y)
    variance = eta.through(k2, k3, k4)
    gradient, curvature = [], []
    for s, mode in enumerate(modes):
        gradient.append(_weighted(residual, loads[s]) - mode)
        row = [_weighted(variance, [a * b for a, b in zip(loads[s], loads[q], strict=True)]) for q in range(s + 1)]
        row[s] = row[s] + 1.0
        curvature.append(row)
    return gradient, curvature


def _weighted(values: Jet, loads: list[Jet]) -> Jet:
    """Sum over the m observations of values (k, m) times loads, value (k,)."""
    terms = [
        Jet(values.value[:, m], values.gradient[:, :, m], values.hessian[:, :, :, m]) * load
        for m, load in enumerate(loads)
    ]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _cholesky(matrix: list[list[Jet]]) -> list[list[Jet]]:
    """Lower Cholesky factor of a 1x1 or 2x2 matrix given by its lower triangle."""
    first = matrix[0][0].sqrt()
    if len(matrix) == 1:
        return [[first]]
    below = matrix[1][0] / first
    return [[first], [below, (matrix[1][1] - below * below).sqrt()]]


def _solve(matrix: list[list[Jet]], vector: list[Jet]) -> list[Jet]:
    """Solution of matrix x = vector for a 1x1 or 2x2 matrix given by its lower triangle."""
    if len(matrix) == 1:
        return [vector[0] / matrix[0][0]]
    a, b, d = matrix[0][0], matrix[1][0], matrix[1][1]
    determinant = a * d - b * b
    return [(d * vector[0] - b * vector[1]) / determinant, (a * vector[1] - b * vector[0]) / determinant]


def _quadrature(
    model: Model, linear: Jet, scales: list[Jet], modes: list[Jet], curvature: list[list[Jet]], count: int
) -> Jet:
    """Log of the integral over the random effects, value (k,), on nodes centred and scaled by the integrand."""
    factor = _cholesky(curvature)
    nodes, log_weights = _grid(model.points, len(modes))
    one = constant(np.ones((1, 1)), count)
    spread = [row[-1].add_axis() for row in factor]
    if len(modes) == 1:
        places = [modes[0].add_axis() + (one * nodes[0]) / spread[0]]
        log_volume = -factor[0][0].log()
    else:
        second = (one * nodes[1]) / spread[1]
        first = (one * nodes[0] - second * factor[1][0].add_axis()) / spread[0]
        places = [modes[0].add_axis() + first, modes[1].add_axis() + second]
        log_volume = -factor[0][0].log() - factor[1][1].log()
    eta = linear.add_axis()
    prior = constant(np.zeros((1, 1)), count)
    for s, (scale, place) in enumerate(zip(scales, places, strict=True)):
        move = scale.add_axis() * place
        eta = eta + _between(move) * model.effects[:, s][:, None]
        prior = prior - place * place * 0.5
    terms = _density(model, eta, count) + prior + log_weights
    return log_sum_exp(terms) + log_volume


def _between(values: Jet) -> Jet:
    """(k, j) as (k, 1, j)."""
    return Jet(values.value[:, None], values.gradient[:, :, None], values.hessian[:, :, :, None])


def _grid(points: int, dimensions: int) -> tuple[Array, Array]:
    """Nodes (r, j) on the standard normal scale and log weights that undo the normal kernel."""
    x, w = np.polynomial.hermite.hermgauss(points)
    log_w = np.log(w) + x**2 - 0.5 * np.log(np.pi)
    if dimensions == 1:
        return (x * np.sqrt(2))[None], log_w
    first, second = np.meshgrid(x, x, indexing="ij")
    return np.stack([first.ravel(), second.ravel()]) * np.sqrt(2), (log_w[:, None] + log_w[None]).ravel()
