"""Maximum likelihood where every study shares a few parameters and may have one of its own: Newton on an arrow matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array
from mscsec.pooling.counts.jets import Jet

MAX_STEPS = 100
DECREMENT = 1e-18  # Newton decrement, relative to the log-likelihood, at which rounding is all that is left
STEP, SMALL = 1e-9, 1e-9  # a step and a decrement so small that, by quadratic convergence, the next changes nothing
HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Maximum:
    """A maximum.

    by_study : (q, q, k) minus each study's Hessian in the shared parameters after its own is profiled out.
    """

    shared: Array
    own: Array
    value: float
    by_study: Array
    converged: bool
    iterations: int


def maximise(
    objective: Callable[[Array, Array], Jet], shared: Array, own: Array, *, has_own: bool, rounding: float = 0.0
) -> Maximum:
    """Climb from (shared, own) by Newton's method with the Hessian made definite and the step halved as needed.

    objective : (shared (q,), own (k,)) to a Jet of value (k,) whose parameters are the shared ones and, last, the study's own.
    rounding : how far its sum may be off; a step that loses no more than that is not taken back.
    """
    jet = objective(shared, own)
    value, converged, step_count = float(jet.value.sum()), False, 0
    for step_count in range(1, MAX_STEPS + 1):  # noqa: B007 - reported
        move, move_own, decrement = _step(jet, has_own)
        if decrement <= DECREMENT * (1 + abs(value)):
            # The last step is taken without another look: what it leaves is its square.
            shared, own, converged = shared + move, own + move_own, True
            break
        if decrement <= SMALL * (1 + abs(value)) and _short(move, shared) and _short(move_own, own):
            # Nor is it asked whether this one climbs: with large counts so small a rise is less than the rounding of the sum.
            shared, own, converged = shared + move, own + move_own, True
            jet = objective(shared, own)
            value = float(jet.value.sum())
            break
        size = min(1.0, 5.0 / max(np.abs(move).max(initial=0.0), 1e-300))
        for _ in range(HALVINGS):
            trial = objective(shared + size * move, own + size * move_own)
            total = float(trial.value.sum())
            if np.isfinite(total) and total >= value - 1e-13 * abs(value) - rounding:
                break
            size /= 2
        else:
            # No step climbs: the rest is rounding if the promised gain was, and a failure otherwise.
            converged = decrement <= SMALL * (1 + abs(value))
            break
        shared, own, value, jet = shared + size * move, own + size * move_own, total, trial
    return Maximum(shared, own, value, -_profile(jet, has_own)[1], converged, step_count)


def _short(move: Array, place: Array) -> bool:
    return bool(np.abs(move).max(initial=0.0) <= STEP * (1 + np.abs(place).max(initial=0.0)))


def _profile(jet: Jet, has_own: bool) -> tuple[Array, Array]:
    """Each study's gradient (q, k) and Hessian (q, q, k) in the shared parameters, its own profiled out (Schur)."""
    if not has_own:
        return jet.gradient, jet.hessian
    g, h = jet.gradient, jet.hessian
    corner = _negative(h[-1, -1])
    cross = h[:-1, -1] / corner
    return g[:-1] - cross * g[-1], h[:-1, :-1] - cross[:, None] * h[:-1, -1][None]


def _step(jet: Jet, has_own: bool) -> tuple[Array, Array, float]:
    """Ascent direction for the shared and own parameters, and the gain that it promises (twice, as the decrement)."""
    gradient, hessian = (part.sum(-1) for part in _profile(jet, has_own))
    values, vectors = np.linalg.eigh(-hessian)
    floor = 1e-10 * max(np.abs(values).max(initial=0.0), 1e-300)
    move = vectors @ ((vectors.T @ gradient) / np.maximum(np.abs(values), floor))
    if not has_own:
        return move, np.zeros(jet.value.shape), float(gradient @ move)
    corner = _negative(jet.hessian[-1, -1])
    own = -(jet.gradient[-1] + (jet.hessian[:-1, -1] * move[:, None]).sum(0)) / corner
    gain = float(gradient @ move - (jet.gradient[-1] ** 2 / corner).sum())
    return move, own, gain


def _negative(corner: Array) -> Array:
    """A curvature that Newton's method can climb by: its negative size, away from zero."""
    return -np.maximum(np.abs(corner), 1e-12)
