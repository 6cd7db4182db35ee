"""Sets of studies as arrays: what every kernel of this room takes, and the few sums they all share.

The study axis is the last one, whatever stands before it: one meta-analysis is `(k,)`, a batch is `(n, k)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mscsec.arrays import Array, ArrayLike, BoolArray, IntArray, floats, of_one, once
from mscsec.errors import InvalidInput

# Powers up to the fourth of a weight must stay within double precision (1e-308 to 1e308).
VARIANCE_MIN, VARIANCE_MAX = 1e-70, 1e70
EFFECT_MAX = 1e35  # the square of Q, itself a square over a variance, must stay there too

# Below this share of the total a difference of two totals has lost digits and is summed again without cancellation.
CANCELLED = 1e-3

# Fewer numbers than this are multiplied and added sooner than einsum has read its subscripts.
SMALL = 1000

# From about here on a linear-algebra library would start threads of its own for a product with two or three vectors.
THREADED = 8000

# Numbers that are laid out at once for one step, so that they stay in the processor's cache.
AT_ONCE = 20_000


# One, as an array: what is divided need not be turned into one, which is a third of the time for a few numbers.
ONE = np.array(1.0)

Pair = tuple[Array, Array]
Triple = tuple[Array, Array, Array]


@dataclass(frozen=True)
class Sets:
    """One or many sets of studies, ready for the kernels.

    yi : (..., k) effects on the analysis scale, measured from `origin`; 0 where padded.
    vi : (..., k) sampling variances; infinite where padded, so that padding has weight zero at every tau2.
    k : (...) number of studies, as floats.
    origin : (...) effect of the most precise study. Differences from it keep their digits where one study dominates
        or all effects share a large constant; and sums of powers of them can stand for sums of squared residuals (`weigh`).
    mask : (..., k) True for a study; None where nothing is padded.
    weights : (..., k) weights given by the user for generalised Q, 0 where padded; None where none were given.
    """

    yi: Array
    vi: Array
    k: Array
    origin: Array
    mask: BoolArray | None = None
    weights: Array | None = None

    @once
    def squares(self) -> Array:
        """yi^2, (..., k)."""
        return self.yi * self.yi

    @once
    def powers(self) -> Array:
        """(k, 3) the powers 0, 1 and 2 of yi of one set, so that one product gives three sums."""
        return np.array([np.ones_like(self.yi), self.yi, self.squares]).T

    @once
    def least(self) -> Array:
        """The smallest sampling variance."""
        if self.vi.ndim == 1:
            return of_one(self.vi.item(self.vi.argmin()))
        return np.asarray(np.minimum.reduce(self.vi, axis=-1))

    @once
    def most(self) -> Array:
        """The largest sampling variance."""
        if self.vi.ndim == 1:
            return of_one(self.vi.item(self.vi.argmax()))
        return np.asarray(np.maximum.reduce(self.finite(self.vi), axis=-1))

    @once
    def common(self) -> Weighing:
        """The common-effect weighing, by 1 / vi, which several methods start from."""
        return weigh(self, 0.0)

    @once
    def q(self) -> Array:
        """Cochran's Q."""
        return self.common.q

    @once
    def trace(self) -> Array:
        """tr(P) of the common-effect weighing, the slope of the expectation of Q in tau2."""
        return trace_p(self.common.wi, self.common.sum_w)

    def finite(self, values: Array) -> Array:
        """`values` (..., k) with 0 in the padding, for sums in which an infinite variance would count."""
        return values if self.mask is None else np.where(self.mask, values, 0.0)

    def rows(self, chosen: IntArray | BoolArray) -> Sets:
        """The rows of a batch picked by their numbers or by a boolean array."""
        numbers = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return Sets(*(_by_study(values, lambda v: v.take(numbers, axis=-1)) for values in self._fields()))

    def and_again(self, rows: IntArray) -> Sets:
        """The batch, followed by some of its rows once more."""
        if not rows.size:
            return self
        return Sets(
            *(
                _by_study(values, lambda v: np.concatenate([v, v.take(rows, axis=-1)], axis=-1))
                for values in self._fields()
            )
        )

    def _fields(self) -> tuple[Any, ...]:
        return self.yi, self.vi, self.k, self.origin, self.mask, self.weights


def _by_study(values: Any, change: Callable[[Any], Any]) -> Any:
    """`change` done to an array with its rows as the last axis, which are the fast one in memory and so remain; None stays."""
    return None if values is None else change(values.T).T


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
    """A set weighed by `wi`; `sum_wy` and `mean` are measured from the set's origin. `squares` are those of its effects."""

    wi: Array
    sum_w: Array
    sum_wy: Array
    mean: Array
    squares: Array

    @property
    def q(self) -> Array:
        """Generalised Q: the weighted sum of squared residuals, as sum w y^2 - mean sum w y.

        With inverse-variance weights the origin's own term w (0 - mean)^2 is part of Q and its weight the largest, so mean^2 sum w
        is at most k Q: the difference can lose a factor of k in precision and no more.
        """
        return dot(self.wi, self.squares) - self.mean * self.sum_wy


def weigh(sets: Sets, tau2: Array | float) -> Weighing:
    """The set weighed by 1 / (vi + tau2) at `tau2` (...)."""
    wi = _inverse(sets.vi, tau2)
    if wi.ndim == 1 and _fits(sets, wi):
        sum_w, sum_wy, _ = wi.dot(sets.powers).tolist()
    else:
        sum_w, sum_wy = total(wi), dot(wi, sets.yi)
    return Weighing(wi, sum_w, sum_wy, sum_wy / sum_w, sets.squares)


def _inverse(vi: Array, tau2: Array | float) -> Array:
    """1 / (vi + tau2), without a second array of that size, or a pass to add nothing."""
    if isinstance(tau2, float):
        return ONE / (vi + tau2 if tau2 else vi)
    sums: Array = vi + tau2[..., None]
    np.divide(ONE, sums, out=sums)
    return sums


def two_power_sums(sets: Sets, wi: Array, *, for_q: bool = False) -> tuple[Triple, Triple]:
    """Sums over the studies of the powers 1 and 2 of the weights times the powers 0, 1 and 2 of yi.

    Of one set with (k,) weights they are plain floats, whose arithmetic takes a third of the time of numpy's numbers.
    for_q : is the sum of the weights times yi^2 wanted, which is of use to Q alone? It may be nan where it is not.
    """
    if _fits(sets, wi):
        powers = sets.powers
        if wi.ndim == 1:
            return wi.dot(powers).tolist(), (wi * wi).dot(powers).tolist()
        return tuple(wi.dot(powers).T), tuple((wi * wi).dot(powers).T)
    wy = wi * sets.yi
    wyy: Any = dot(wy, sets.yi) if for_q else math.nan
    return (total(wi), total(wy), wyy), (dot(wi, wi), dot(wi, wy), dot(wy, wy))


def three_power_sums(sets: Sets, wi: Array) -> tuple[Pair, Triple, Triple]:
    """As `two_power_sums`, with the cubes of the weights times the powers 0, 1 and 2 of yi."""
    if wi.ndim == 1 and _fits(sets, wi):
        squares, powers = wi * wi, sets.powers
        sum_w, sum_wy, _ = wi.dot(powers).tolist()
        return (sum_w, sum_wy), squares.dot(powers).tolist(), (squares * wi).dot(powers).tolist()
    wy, squares = wi * sets.yi, wi * wi
    w2y = wi * wy
    return (
        (total(wi), total(wy)),
        (total(squares), total(w2y), dot(wy, wy)),
        (dot(squares, wi), dot(squares, wy), dot(w2y, wy)),
    )


def _fits(sets: Sets, weights: Array) -> bool:
    return sets.yi.ndim == 1 and 3 * sets.yi.size < THREADED and weights.size <= AT_ONCE


def across(values: Array | float) -> Array | float:
    """`values` (...) with an axis for the studies; a single number stays one, which is quicker to broadcast."""
    return values if isinstance(values, float) else values[..., None]


def anywhere(condition: Array | BoolArray | np.bool_ | bool) -> bool:
    """Is it true for some row? A single row's answer is taken as it is, which is quicker than to reduce it."""
    return bool(condition) if isinstance(condition, (bool, np.bool_)) else bool(np.count_nonzero(condition) > 0)


def everywhere(condition: Array | BoolArray | np.bool_ | bool) -> bool:
    """Is it true for every row?"""
    return (
        bool(condition)
        if isinstance(condition, (bool, np.bool_))
        else bool(np.count_nonzero(condition) == condition.size)
    )


def either(condition: BoolArray | np.bool_ | bool, a: Any, b: Any) -> Array:
    """`a` where the condition (...) holds, else `b`: np.where, without its cost for a single row."""
    if isinstance(condition, (bool, np.bool_)):
        chosen: Array = a if condition else b
        return chosen
    picked: Array = np.where(condition, a, b)
    return picked


def pair_sum(a: Array, total_a: Array) -> Array:
    """Sum over i of a_i (total - a_i) for positive `a`, without cancellation where one of them is nearly the total."""
    largest = np.argmax(a, axis=-1)[..., None]
    others = a.copy()
    np.put_along_axis(others, largest, 0.0, axis=-1)
    rest = total(others)
    return dot(others, across(total_a) - others) + np.take_along_axis(a, largest, axis=-1)[..., 0] * rest


def trace_p(wi: Array, sum_w: Array, sum_w2: Array | None = None) -> Array:
    """tr(P) = sum w - sum w^2 / sum w, for P = W - W1(1'W1)^-1 1'W; full precision where one weight dominates."""
    trace = sum_w - (dot(wi, wi) if sum_w2 is None else sum_w2) / sum_w
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
    sum_w2, sum_w3 = dot(wi, wi), dot(squares, wi)
    return Traces(sum_w2, sum_w3, trace_p(wi, sum_w, sum_w2), trace_pp(wi, sum_w, sum_w2, sum_w3))


def trace_pp(wi: Array, sum_w: Array, sum_w2: Array, sum_w3: Array) -> Array:
    """tr(PP), see `traces`."""
    ratio = sum_w2 / sum_w
    pp = sum_w2 - 2 * sum_w3 / sum_w + ratio * ratio
    if anywhere(pp < CANCELLED * sum_w2):
        own = complement(wi, sum_w)
        pp = total((wi * own) ** 2) + pair_sum(wi * wi, sum_w2) / sum_w**2
    return pp


def complement(wi: Array, sum_w: Array) -> Array:
    """1 - w_i / sum w for each study: one minus its leverage, summed from the others for the heaviest."""
    largest = np.argmax(wi, axis=-1)[..., None]
    others = wi.copy()
    np.put_along_axis(others, largest, 0.0, axis=-1)
    share = 1.0 - wi / across(sum_w)
    np.put_along_axis(share, largest, (total(others) / sum_w)[..., None], axis=-1)
    return share


def one_set(yi: ArrayLike, vi: ArrayLike, weights: ArrayLike | None = None) -> Sets:
    """A single meta-analysis, checked.

    yi, vi : (k,) finite numbers, `vi` positive. weights : (k,) not negative, not all zero, for generalised Q.
    Raises InvalidInput, naming the first offending study by its position.
    """
    y = np.array(floats("yi", yi), ndmin=1)
    v = np.array(floats("vi", vi), ndmin=1)
    if y.ndim != 1 or y.shape != v.shape:
        raise InvalidInput(
            f"yi has shape {y.shape} and vi has shape {v.shape}", "both are one-dimensional and equally long"
        )
    given = None if weights is None else given_weights(weights, y.shape)
    if not y.size:
        return Sets(y, v, of_one(0.0), of_one(0.0), None, given)
    precise = v.argmin()
    _check(y, v, v.item(precise))
    origin = y.item(precise)
    return Sets(y - origin, v, of_one(float(y.size)), of_one(origin), None, given)


def _check(y: Array, v: Array, least: float) -> None:
    if not np.abs(y).max() <= EFFECT_MAX:  # a nan fails the comparison
        at = int(np.flatnonzero(~(np.abs(y) <= EFFECT_MAX))[0])
        instead = (
            "Rescale the effects to ordinary units." if np.isfinite(y[at]) else "Leave out a study without an estimate."
        )
        raise InvalidInput(f"yi[{at}] is {y[at]}", "effects are finite numbers", instead)
    if not (least >= VARIANCE_MIN and v.item(v.argmax()) <= VARIANCE_MAX):  # a nan fails the comparison
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
    w = floats("weights", weights)
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
