"""Tetrachoric correlation: of two normal variables that were both cut in two, by maximum likelihood."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, ndtri

from mscsec.arrays import Array
from mscsec.effects.measures.base import Estimate, How
from mscsec.effects.measures.cells import Table

_NODES = 64
_STEPS = 60
_BLOCK = 16_384  # studies at a time, so that the nodes of the integral stay within some ten megabytes


def tetrachoric(t: Table, how: How) -> Estimate:
    """Tetrachoric correlation and its variance under multinomial sampling; nan where a cell is zero.

    The cuts follow from the margins, and the correlation solves P(X < h, Y < k) = a / n.
    Source: Pearson (1900), Phil Trans R Soc A 195:1-47; Kirk (1973), Psychometrika 38:259-268; variance: inverse information.
    """
    n = t.n_1 + t.n_2
    rows, columns, both = t.n_1 / n, (t.a + t.c) / n, t.a / n
    k, h = ndtri(rows), ndtri(columns)
    inside = (t.a > 0) & (t.b > 0) & (t.c > 0) & (t.d > 0)
    h, k = np.where(inside, h, np.nan), np.where(inside, k, np.nan)
    angle = _solve(h, k, both)
    rho, root = np.sin(angle), np.cos(angle)
    density = np.exp(-(h**2 - 2 * rho * h * k + k**2) / (2 * root**2)) / (2 * math.pi * root)
    row_slope, column_slope = ndtr((h - rho * k) / root), ndtr((k - rho * h) / root)
    # rho is a function of the three proportions both, rows and columns; the multinomial gives their covariances.
    gradient = np.stack([np.ones_like(rho), -row_slope, -column_slope]) / density
    shares = np.stack([both, rows, columns])
    joint = np.stack(
        [
            np.stack([both, both, both]),
            np.stack([both, rows, both]),
            np.stack([both, both, columns]),
        ]
    )
    covariance = (joint - shares[:, None] * shares[None, :]) / n
    return Estimate(rho, np.einsum("i...,ij...,j...->...", gradient, covariance, gradient))


def fisher_z_tetrachoric(t: Table, how: How) -> Estimate:
    """Fisher's z of the tetrachoric correlation, by the delta method. Source: as `tetrachoric`."""
    yi, vi = tetrachoric(t, how)
    return Estimate(np.arctanh(yi), vi / (1 - yi**2) ** 2)


def _solve(h: Array, k: Array, both: Array) -> Array:
    """Angles for all studies, `_BLOCK` of them at a time."""
    parts = [part.ravel() for part in np.broadcast_arrays(h, k, both)]
    blocks = [slice(start, start + _BLOCK) for start in range(0, max(parts[0].size, 1), _BLOCK)]
    return np.concatenate([_solve_block(*(part[at] for part in parts)) for at in blocks]).reshape(both.shape)


def _solve_block(h: Array, k: Array, both: Array) -> Array:
    """Angle whose sine is the correlation: Newton's method, held in a bracket that halves where it would leave.

    P(X < h, Y < k) rises in the angle, so that the bracket from -pi/2 to pi/2 always holds the root.
    """
    low, high = np.full(both.shape, -math.pi / 2), np.full(both.shape, math.pi / 2)
    angle = np.zeros(both.shape)
    for _ in range(_STEPS):
        gap = _orthant(h, k, angle) - both
        low, high = np.where(gap < 0, angle, low), np.where(gap >= 0, angle, high)
        step = angle - gap / _integrand(h, k, angle)
        inside = (step > low) & (step < high)
        following = np.where(inside, step, (low + high) / 2)
        moved = np.abs(following - angle)
        angle = following
        if not np.any(moved > 1e-15):
            break
    return np.where(np.isnan(h), np.nan, angle)


def _orthant(h: Array, k: Array, angle: Array) -> Array:
    """P(X < h, Y < k) for normal variables with correlation sin(angle). Source: Drezner & Wesolowsky (1990)."""
    points, weights = np.polynomial.legendre.leggauss(_NODES)
    at = angle[..., None] * (points + 1) / 2
    total = (_integrand(h[..., None], k[..., None], at) * weights).sum(-1) * angle / 2
    return np.asarray(ndtr(h) * ndtr(k) + total)


def _integrand(h: Array, k: Array, angle: Array) -> Array:
    exponent = -(h**2 - 2 * h * k * np.sin(angle) + k**2) / (2 * np.cos(angle) ** 2)
    return np.asarray(np.exp(exponent) / (2 * math.pi))
