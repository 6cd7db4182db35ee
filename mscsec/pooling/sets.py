"""Sets of studies as arrays: what every kernel of this room takes, and the few sums they all share.

The study axis is the last one, whatever stands before it: one meta-analysis is `(k,)`, a batch is `(n, k)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.errors import InvalidInput

# Powers up to the fourth of a weight must stay within double precision (1e-308 to 1e308).
VARIANCE_MIN, VARIANCE_MAX = 1e-70, 1e70

# Below this share of the total a difference of two totals has lost digits and is summed again without cancellation.
CANCELLED = 1e-3

# Fewer numbers than this are multiplied and added sooner than einsum has read its subscripts.
SMALL = 1000

# From about here on a linear-algebra library would start threads of its own for a product of two vectors.
THREADED = 8000


@dataclass(frozen=True)
class Sets:
    """One or many sets of studies, ready for the kernels.

    yi : (..., k) effects on the analysis scale, measured from `origin`; 0 where padded.
    vi : (..., k) sampling variances; infinite where padded, so that padding has weight zero at every tau2.
    k : (...) number of studies, as floats.
    origin : (...) effect of the most precise study. Differences from it keep their digits where one study dominates
        or all effects share a large constant.
    mask : (..., k) True for a study; None where nothing is padded.
    weights : (..., k) weights given by the user for generalised Q, 0 where padded; None where none were given.
    """

    yi: Array
    vi: Array
    k: Array
    origin: Array
    mask: BoolArray | None = None
    weights: Array | None = None

    @cached_property
    def common(self) -> Weighing:
        """The common-effect weighing, by 1 / vi, which several methods start from."""
        return weigh(self, 0.0)

    def finite(self, values: Array) -> Array:
        """`values` (..., k) with 0 in the padding, for sums in which an infinite variance would count."""
        return values if self.mask is None else np.where(self.mask, values, 0.0)

    def rows(self, chosen: Any) -> Sets:
        """The rows of a batch picked by an index or a boolean array."""

        def studies(values: Any) -> Any:
            return None if values is None else values.T[..., chosen].T  # keeps the studies the slow axis in memory

        return Sets(
            studies(self.yi),
            studies(self.vi),
            self.k[chosen],
            self.origin[chosen],
            studies(self.mask),
            studies(self.weights),
        )


def total(values: Array) -> Array:
    """Sum over the studies."""
    summed: Array = np.add.reduce(values, axis=-1)
    return summed


def dot(a: Array, b: Array) -> Array:
    """Sum over the studies of a * b, without the product in memory."""
    if a.ndim == 1 and b.ndim == 1 and a.size < THREADED:
        summed: Array = a.dot(b)
    elif a.size < SMALL:
        summed = np.add.reduce(a * b, axis=-1)
    else:
        summed = np.einsum("...k,...k->...", a, b)
    return summed


class Weighing(NamedTuple):
    """A set weighed by 1 / (vi + tau2). `resid` and `mean` are measured from the set's origin."""

    wi: Array
    sum_w: Array
    mean: Array
    resid: Array

    @property
    def q(self) -> Array:
        """Generalised Q: the weighted sum of squared residuals."""
        return dot(self.wi, self.resid * self.resid)


def weigh(sets: Sets, tau2: Array | float) -> Weighing:
    """Inverse-variance weights at `tau2` (...), their sum, the weighted mean and the residuals from it."""
    wi = 1.0 / (sets.vi + across(tau2))
    sum_w = total(wi)
    mean = dot(wi, sets.yi) / sum_w
    return Weighing(wi, sum_w, mean, sets.yi - across(mean))


def across(values: Array | float) -> Array | float:
    """`values` (...) with an axis for the studies; a single number stays one, which is quicker to broadcast."""
    return values if isinstance(values, float) else values[..., None]


def anywhere(condition: Array | BoolArray | np.bool_) -> bool:
    """Is it true for some row? A single row's answer is taken as it is, which is quicker than to reduce it."""
    return bool(condition) if condition.ndim == 0 else bool(condition.any())


def everywhere(condition: Array | BoolArray | np.bool_) -> bool:
    """Is it true for every row?"""
    return bool(condition) if condition.ndim == 0 else bool(condition.all())


def pair_sum(a: Array, total_a: Array) -> Array:
    """Sum over i of a_i (total - a_i) for positive `a`, without cancellation where one of them is nearly the total."""
    largest = np.argmax(a, axis=-1)[..., None]
    others = a.copy()
    np.put_along_axis(others, largest, 0.0, axis=-1)
    rest = total(others)
    return dot(others, total_a[..., None] - others) + np.take_along_axis(a, largest, axis=-1)[..., 0] * rest


def trace_p(wi: Array, sum_w: Array) -> Array:
    """tr(P) = sum w - sum w^2 / sum w, for P = W - W1(1'W1)^-1 1'W; full precision where one weight dominates."""
    return _guarded_trace_p(wi, sum_w, dot(wi, wi))


def _guarded_trace_p(wi: Array, sum_w: Array, sum_w2: Array) -> Array:
    trace = sum_w - sum_w2 / sum_w
    if anywhere(trace < CANCELLED * sum_w):
        trace = pair_sum(wi, sum_w) / sum_w
    return trace


class Traces(NamedTuple):
    """Sums of powers of the weights, and the traces of P and PP that they make."""

    sum_w2: Array
    sum_w3: Array
    p: Array
    pp: Array


def traces(wi: Array, sum_w: Array) -> Traces:
    """tr(P), and tr(PP) = sum w^2 - 2 sum w^3 / sum w + (sum w^2 / sum w)^2, at full precision."""
    squares = wi * wi
    sum_w2 = total(squares)
    sum_w3 = dot(squares, wi)
    ratio = sum_w2 / sum_w
    pp = sum_w2 - 2 * sum_w3 / sum_w + ratio * ratio
    if anywhere(pp < CANCELLED * sum_w2):
        own = complement(wi, sum_w)
        pp = total((wi * own) ** 2) + pair_sum(squares, sum_w2) / sum_w**2
    return Traces(sum_w2, sum_w3, _guarded_trace_p(wi, sum_w, sum_w2), pp)


def complement(wi: Array, sum_w: Array) -> Array:
    """1 - w_i / sum w for each study: one minus its leverage, summed from the others for the heaviest."""
    largest = np.argmax(wi, axis=-1)[..., None]
    others = wi.copy()
    np.put_along_axis(others, largest, 0.0, axis=-1)
    share = 1.0 - wi / sum_w[..., None]
    np.put_along_axis(share, largest, (total(others) / sum_w)[..., None], axis=-1)
    return share


def one_set(yi: ArrayLike, vi: ArrayLike, weights: ArrayLike | None = None) -> Sets:
    """A single meta-analysis, checked.

    yi, vi : (k,) finite numbers, `vi` positive. weights : (k,) not negative, not all zero, for generalised Q.
    Raises InvalidInput, naming the first offending study by its position.
    """
    y = np.array(yi, dtype=float, ndmin=1)
    v = np.array(vi, dtype=float, ndmin=1)
    if y.ndim != 1 or y.shape != v.shape:
        raise InvalidInput(
            f"yi has shape {y.shape} and vi has shape {v.shape}", "both are one-dimensional and equally long"
        )
    if y.size:
        _check(y, v)
    given = None if weights is None else given_weights(weights, y.shape)
    if not y.size:
        return Sets(y, v, np.float64(0), np.float64(0), None, given)  # type: ignore[arg-type]
    origin = y[v.argmin()]
    return Sets(y - origin, v, np.float64(y.size), origin, None, given)  # type: ignore[arg-type]


def _check(y: Array, v: Array) -> None:
    if not np.isfinite(y).all():
        at = int(np.flatnonzero(~np.isfinite(y))[0])
        raise InvalidInput(
            f"yi[{at}] is {y.flat[at]}", "effects are finite numbers", "Leave out a study without an estimate."
        )
    if not (v.min() >= VARIANCE_MIN and v.max() <= VARIANCE_MAX):  # a nan fails the comparison
        at = int(np.flatnonzero(~((v >= VARIANCE_MIN) & (v <= VARIANCE_MAX)))[0])
        value = v.flat[at]
        instead = (
            "Rescale the effects to ordinary units."
            if np.isfinite(value) and value > 0
            else "A study without a sampling variance cannot be weighted; leave it out or correct it."
        )
        raise InvalidInput(f"vi[{at}] is {value}", "sampling variances are positive, finite numbers", instead)


def given_weights(weights: ArrayLike, shape: tuple[int, ...]) -> Array:
    """Weights of the user as an array of `shape`; raises InvalidInput where they are none."""
    w = np.asarray(weights, dtype=float)
    if w.shape != shape:
        raise InvalidInput(f"weights has shape {w.shape}", f"there is one weight for each effect, shape {shape}")
    if w.size and not (np.isfinite(w).all() and w.min() >= 0 and (w.max(axis=-1) > 0).all()):
        raise InvalidInput(
            f"weights run from {w.min()} to {w.max()}", "weights are finite, not negative and not all zero"
        )
    return w


def read_weights(
    yi: ArrayLike, vi: ArrayLike, weights: ArrayLike | str | None, tau2_weights: ArrayLike | None
) -> tuple[Sets, Array | None]:
    """One set with the weights of generalised Q in it, and the weights of the mean: given, the word "equal", or None."""
    if weights is None:
        return one_set(yi, vi, tau2_weights), None
    sets = one_set(yi, vi)
    if isinstance(weights, str):
        if weights != "equal":
            raise InvalidInput(f"weights is {weights!r}", 'weights are numbers, or the word "equal"')
        mean_weights = np.ones_like(sets.yi)
    else:
        mean_weights = given_weights(weights, sets.yi.shape)
    of_q = mean_weights if tau2_weights is None else given_weights(tau2_weights, sets.yi.shape)
    return Sets(sets.yi, sets.vi, sets.k, sets.origin, None, of_q), mean_weights
