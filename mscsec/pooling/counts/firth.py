"""Logistic regression with an intercept for each study and Firth's penalty, for rare events."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtrc, chdtri, expit

from mscsec.arrays import Array
from mscsec.errors import NotConverged, NotEstimable, UnknownMethod
from mscsec.pooling.counts import notices
from mscsec.pooling.counts.closed import Request
from mscsec.pooling.counts.frame import Spread, spread_out, wald_result
from mscsec.pooling.counts.tables import Tables
from mscsec.pooling.result import PooledResult

MAX_STEPS, TOLERANCE = 2000, 1e-11


def by_firth(request: Request) -> PooledResult:
    """Penalised maximum likelihood odds ratio; the interval is that of the penalised likelihood ratio, or Wald's.

    The penalty is half the log determinant of the information, which keeps the estimate finite with zero cells.
    Source: Firth (1993), Biometrika 80:27-38; Heinze & Schemper (2002), Stat Med 21:2409-2419.
    """
    t = request.tables
    assert isinstance(t, Tables)
    asked = request.options.ci or "profile"
    if asked not in ("auto", "profile", "wald"):
        raise UnknownMethod("interval for Firth's method", asked, ("profile", "wald"))
    kept = Tables(t.a[t.mask], t.n_1[t.mask], t.c[t.mask], t.n_2[t.mask], t.mask[t.mask])
    if not 0 < (kept.a + kept.c).sum() < kept.total.sum():
        raise NotEstimable("no one, or everyone, had the event over all studies")
    best = _climb(kept, None, 0.0, _levels(kept))
    limits, test = None, None
    if asked != "wald":
        level = request.options.level
        limits = (_limit(kept, best, level, -1), _limit(kept, best, level, 1))
        ratio = max(0.0, 2 * (best.value - _climb(kept, 0.0, 0.0, best.own).value))
        test = (float(np.sign(best.effect) * np.sqrt(ratio)), float(chdtrc(1, ratio)))
    kept_too = "kept; the penalty keeps the estimate finite"
    told = (
        notices.empty_arms(~t.mask)
        + notices.double_zero(t.double_zero, kept_too)
        + notices.double_full(t.double_full, kept_too)
    )
    result = wald_result(
        best.effect,
        best.se,
        k=len(kept.a),
        weights=spread_out(best.weights, t.mask),
        method="Firth",
        options=request.options,
        transform="exp",
        spread=Spread(),
        limits=limits,
        test=test,
        ci_method="wald" if asked == "wald" else "profile",
        notices=told,
        details={"penalised_log_likelihood": best.value},
    )
    return replace(result, iterations=best.iterations)


@dataclass(frozen=True, slots=True)
class _Fit:
    effect: float
    own: Array
    se: float
    value: float
    weights: Array
    iterations: int


def _levels(t: Tables) -> Array:
    events = t.a + t.c
    return np.asarray(np.log(events + 0.5) - np.log(t.total - events + 0.5))


def _climb(t: Tables, fixed: float | None, effect: float, own: Array) -> _Fit:
    """Fisher scoring with step halving; the log odds ratio is held at `fixed` where one is given."""
    effect = effect if fixed is None else fixed
    value, score, step = _state(t, effect, own, fixed is not None)
    for count in range(1, MAX_STEPS + 1):
        move, move_own = step
        longest = max(abs(move), float(np.abs(move_own).max()))
        size = min(1.0, 2.0 / max(longest, 1e-300))
        if longest < TOLERANCE * (1 + abs(effect) + np.abs(own).max()):
            _, information = _parts(t, effect, own)
            s = information.sum()
            return _Fit(effect, own, float(1 / np.sqrt(s)), value, information / s, count)
        for _ in range(40):
            trial = _state(t, effect + size * move, own + size * move_own, fixed is not None)
            if trial[0] >= value - 1e-13 * abs(value):
                break
            size /= 2
        effect, own = effect + size * move, own + size * move_own
        value, score, step = trial
    raise NotConverged(
        "Firth's penalised likelihood", MAX_STEPS, float(np.abs(score).max()), "Ask for MH or a mixed model"
    )


def _parts(t: Tables, effect: float, own: Array) -> tuple[Array, Array]:
    """Variances (2, k) of the two counts, and each study's information on the effect after its own level."""
    w = np.stack([t.n_1 * expit(own + effect) * expit(-own - effect), t.n_2 * expit(own) * expit(-own)])
    return w, w[0] * (w[1] / (w[0] + w[1]))


def _state(t: Tables, effect: float, own: Array, held: bool) -> tuple[float, Array, tuple[float, Array]]:
    """Penalised log-likelihood, its modified score and the Fisher scoring step.

    The information is an arrow: D_i = w_1 + w_2 for each level, w_1 across, and S = sum w_1 w_2 / D after profiling.
    """
    eta = np.stack([own + effect, own])
    n, y = np.stack([t.n_1, t.n_2]), np.stack([t.a, t.c])
    w, information = _parts(t, effect, own)
    d, s = w.sum(0), information.sum()
    value = float((y * eta - n * np.logaddexp(0, eta)).sum() + 0.5 * (np.log(d).sum() + np.log(s)))
    leverage = w * (1 / d + (w[::-1] / d) ** 2 / s)
    residual = y - n * expit(eta) + leverage * (0.5 - expit(eta))
    score = residual.sum(0)
    if held:
        return value, score, (0.0, score / d)
    move = float((residual[0] - w[0] / d * score).sum() / s)
    return value, np.append(score, residual[0].sum()), (move, (score - w[0] * move) / d)


def _limit(t: Tables, best: _Fit, level: float, side: int) -> float:
    """Where the penalised likelihood ratio reaches its quantile on one side: bracketed, then secant and bisection."""
    target = float(chdtri(1, 1 - level)) / 2

    def gap(effect: float, own: Array) -> tuple[float, Array]:
        at = _climb(t, effect, effect, own)
        return best.value - at.value - target, at.own

    inside, f_in, own = best.effect, -target, best.own
    outside, step = best.effect, side * best.se * float(np.sqrt(2 * target))
    for _ in range(60):
        outside = outside + step
        f_out, own = gap(outside, own)
        if f_out > 0:
            break
        inside, f_in, step = outside, f_out, step * 1.5
    else:
        raise NotEstimable("the penalised likelihood is flat, so its interval has no end")
    for _ in range(200):
        # Half the steps bisect, so that the bracket shrinks whatever the curve looks like.
        guess = (inside * f_out - outside * f_in) / (f_out - f_in)
        for point in (guess, (inside + outside) / 2):
            f, own = gap(point, own)
            if f > 0:
                outside, f_out = point, f
            else:
                inside, f_in = point, f
            if abs(f) < 1e-12 or abs(outside - inside) < 1e-11 * (1 + abs(outside)):
                return point
    return (inside + outside) / 2
