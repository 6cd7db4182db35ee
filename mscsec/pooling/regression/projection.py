"""Weighted least squares over a batch, by orthogonalising the weighted design.

Everything that meta-regression needs of P = W - WX(X'WX)^-1X'W is a sum over studies once the columns of
W^(1/2)X are an orthonormal basis, so no k x k matrix is ever formed and the normal equations, which square the
condition number of a design with a calendar year in it, are not used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, BoolArray, IntArray
from mscsec.pooling.regression.problem import Problem

# A column whose remainder after projection is below this share of its length adds no direction of its own.
# Rounding leaves 1e-16; weights that differ by 24 orders of magnitude legitimately leave 1e-12.
RANK_TOLERANCE = 1e-14


@dataclass(frozen=True, slots=True)
class Projection:
    """One weighted fit for each row of the batch.

    basis : (p, B, k) orthonormal columns spanning W^(1/2) X.
    triangle : (B, p, p) upper triangular R with W^(1/2) X = basis R.
    weights : (B, k) the diagonal of W.
    scores : (B, p) coordinates of W^(1/2) y in the basis, so that R beta = scores.
    residual : (B, k) W^(1/2) (y - X beta).
    full_rank : (B,) False where the columns are dependent; numbers of such a row mean nothing.
    """

    basis: Array
    triangle: Array
    weights: Array
    scores: Array
    residual: Array
    full_rank: BoolArray

    @property
    def rss(self) -> Array:
        """(B,) weighted residual sum of squares y'Py."""
        return dot(self.residual, self.residual)

    @property
    def hat(self) -> Array:
        """(B, k) leverages, the diagonal of the hat matrix."""
        return np.asarray(np.einsum("j...k,j...k->...k", self.basis, self.basis))

    @property
    def log_det(self) -> Array:
        """(B,) log determinant of X'WX."""
        return np.asarray(2 * np.log(np.abs(np.diagonal(self.triangle, axis1=-2, axis2=-1))).sum(-1))

    def beta(self) -> Array:
        """(B, p) coefficients."""
        return back_substitute(self.triangle, self.scores[..., None])[..., 0]

    def inverse_triangle(self) -> Array:
        """(B, p, p) R^-1, for which (X'WX)^-1 = R^-1 R^-T."""
        identity = np.broadcast_to(np.eye(self.triangle.shape[-1]), self.triangle.shape)
        return back_substitute(self.triangle, identity)

    def quadratic(self, s: Array) -> Array:
        """(B, p, p) basis' diag(s) basis; s is (B, k)."""
        return np.asarray(np.einsum("i...k,...k,j...k->...ij", self.basis, s, self.basis))

    def _dominant(self, hat: Array) -> tuple[IntArray, IntArray, Array]:
        """Row and place of the studies with more than half of their leverage, and their squared H_ij, 0 at j = i."""
        rows, places = np.nonzero(hat > 0.5)
        cross = np.einsum("pm,pmk->mk", self.basis[:, rows, places], self.basis[:, rows, :])
        cross[np.arange(rows.size), places] = 0.0
        return rows, places, cross**2

    def spare(self) -> Array:
        """(B, k) 1 - leverage. Where one study dominates, 1 - h would be rounding error, but (1 - h) h = sum H_ij^2."""
        hat = self.hat
        rows, places, squares = self._dominant(hat)
        left = 1 - hat
        left[rows, places] = squares.sum(-1) / hat[rows, places]
        return np.asarray(left)

    def trace(self, s: Array) -> Array:
        """(B,) trace of (I - H) diag(s); s is (B, k)."""
        return np.asarray((s * self.spare()).sum(-1))

    def trace_product(self, s: Array, t: Array) -> Array:
        """(B,) trace of (I - H) diag(s) (I - H) diag(t).

        Every term is positive: pairs with a dominant study are summed one by one, the others by the p x p identity.
        """
        hat = self.hat
        rows, places, squares = self._dominant(hat)
        s_rest, t_rest = s, t
        total = np.zeros(hat.shape[0])
        if rows.size:
            s_rest, t_rest = np.array(np.broadcast_to(s, hat.shape)), np.array(np.broadcast_to(t, hat.shape))
            own_s, own_t = s_rest[rows, places], t_rest[rows, places]
            s_rest[rows, places] = t_rest[rows, places] = 0.0
            both = squares * (own_s[:, None] * t_rest[rows] + own_t[:, None] * s_rest[rows])
            between = squares * own_s[:, None] * np.where(hat[rows] > 0.5, t[rows], 0.0)
            own = own_s * own_t * (squares.sum(-1) / hat[rows, places]) ** 2
            np.add.at(total, rows, both.sum(-1) + between.sum(-1) + own)
        inner = (self.quadratic(s_rest) * self.quadratic(t_rest)).sum((-2, -1))
        return np.asarray(total + (s_rest * t_rest * (1 - 2 * hat)).sum(-1) + inner)

    def remainder(self, z: Array) -> Array:
        """(B, k) the part of z orthogonal to the basis."""
        for _ in range(2):
            z = z - np.einsum("j...k,j...->...k", self.basis, np.einsum("j...k,...k->j...", self.basis, z))
        return z


def dot(a: Array, b: Array) -> Array:
    """Sum of products over the last axis."""
    return np.asarray(np.einsum("...k,...k->...", a, b))


def project(problem: Problem, weights: Array) -> Projection:
    """Least squares of yi on the design with the given (B, k) weights.

    Modified Gram-Schmidt with every step done twice, which leaves a basis orthogonal to rounding error.
    Source: Bjorck (1996), Numerical Methods for Least Squares Problems, section 2.4.5.
    """
    root = np.sqrt(weights)
    basis = problem.x * root
    p, rows = basis.shape[:2]
    triangle = np.zeros((rows, p, p))
    full_rank = np.ones(rows, dtype=bool)
    for j in range(p):
        column = basis[j]
        length = np.sqrt(dot(column, column))
        for _ in range(2 if j else 0):
            for i in range(j):
                share = dot(basis[i], column)
                triangle[:, i, j] += share
                column = column - share[:, None] * basis[i]
        norm = np.sqrt(dot(column, column)) if j else length
        ok = norm > RANK_TOLERANCE * length
        full_rank &= ok
        triangle[:, j, j] = np.where(ok, norm, 1.0)
        basis[j] = np.where(ok[:, None], column / triangle[:, j, j][:, None], 0.0)
    scores, residual = _coordinates(basis, problem.yi * root)
    return Projection(basis, triangle, weights, scores, residual, full_rank)


def _coordinates(basis: Array, z: Array) -> tuple[Array, Array]:
    """Coordinates of z in the basis and what is left of it, projected twice so that a large mean costs no digits."""
    scores = np.zeros((z.shape[0], basis.shape[0]))
    for _ in range(2):
        for j, column in enumerate(basis):
            share = dot(column, z)
            scores[:, j] += share
            z = z - share[:, None] * column
    return scores, z


def back_substitute(triangle: Array, right: Array) -> Array:
    """Solution of R u = right for upper triangular R (..., p, p) and right (..., p, q)."""
    p = triangle.shape[-1]
    solution = np.zeros(np.broadcast_shapes(triangle.shape[:-2], right.shape[:-2]) + right.shape[-2:])
    for j in range(p - 1, -1, -1):
        known = np.einsum("...i,...iq->...q", triangle[..., j, j + 1 :], solution[..., j + 1 :, :])
        solution[..., j, :] = (right[..., j, :] - known) / triangle[..., j, j, None]
    return solution


def forward_substitute(triangle: Array, right: Array) -> Array:
    """Solution of R' u = right for upper triangular R (..., p, p) and right (..., p)."""
    solution = np.zeros(np.broadcast_shapes(triangle.shape[:-1], right.shape))
    for j in range(triangle.shape[-1]):
        known = np.einsum("...i,...i->...", triangle[..., :j, j], solution[..., :j])
        solution[..., j] = (right[..., j] - known) / triangle[..., j, j]
    return solution


def dependent_columns(x: Array) -> dict[int, list[int]]:
    """For each redundant column of the (k, p) design, from the left, the earlier columns it is made of.

    Columns are compared at unit length; what counts as zero is 1e-10 of it, far above rounding and far below a
    calendar year beside an intercept.
    """
    length = np.sqrt((x**2).sum(0))
    unit = x / np.where(length > 0, length, 1.0)
    kept: list[int] = []
    made_of: dict[int, list[int]] = {}
    for j in range(x.shape[1]):
        if kept:
            share, *_ = np.linalg.lstsq(unit[:, kept], unit[:, j], rcond=None)
            rest = unit[:, j] - unit[:, kept] @ share
        else:
            share, rest = np.zeros(0), unit[:, j]
        if np.sqrt((rest**2).sum()) > 1e-10:
            kept.append(j)
        else:
            made_of[j] = [i for i, part in zip(kept, share, strict=True) if abs(part) > 1e-8]
    return made_of
