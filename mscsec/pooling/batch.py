"""`pool_batch`: many meta-analyses at once, by the same kernels as one.

The batch is worked through in chunks that fit the processor's cache, laid out with the studies as the slow axis, so that a sum
over the studies runs along the batch. Processes share the chunks of a large batch (`shares`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from mscsec.arrays import (
    Array,
    ArrayLike,
    BoolArray,
    IntArray,
    floats,
    once,
    whole,
)
from mscsec.errors import InvalidInput
from mscsec.pooling.heterogeneity import h2_from_tau2, i2_from_q, i2_from_tau2, typical_variance
from mscsec.pooling.plan import Plan, check_given_weights, make_plan
from mscsec.pooling.sets import EFFECT_MAX, VARIANCE_MAX, VARIANCE_MIN, Sets
from mscsec.pooling.shares import Columns, spread
from mscsec.pooling.solve import Solved, predict, solve
from mscsec.pooling.tails import two_sided_p
from mscsec.pooling.tau2 import Estimated, Tau2Method
from mscsec.results import Result, plain

# Numbers of one array in a chunk: half a megabyte, so that numpy's calls are long beside the interpreter's and the few arrays of a
# step stay in the cache that each core has to itself.
CHUNK = 65_000

# Chunks from which some are cut.
MANY = 12


@dataclass(frozen=True, eq=False)
class BatchResult(Result):
    """Many meta-analyses; every array has the batch's shape (...).

    k : number of studies. pooled : True where there were two studies or more and the row holds a meta-analysis; a row of one study
        holds that study's estimate and Wald interval, a row of none nan throughout.
    converged : of the estimator of tau2; False marks a row whose numbers are not to be used.
    modes : local maxima of the likelihood found.
    scaled : True where the interval is of the HKSJ family (under "auto" it may differ from row to row).
    df : infinite for the normal distribution.
    own_p : the P values of a test that has another distribution than t on `df`, None for all others; `p_value` has either.
    Other fields as in `PooledResult`; None where they were not asked for, nan where a row has too few studies for them.
    """

    k: IntArray
    estimate: Array
    se: Array
    statistic: Array
    df: Array
    ci_low: Array
    ci_high: Array
    tau2: Array
    i2: Array
    h2: Array
    q: Array
    pooled: BoolArray
    converged: BoolArray
    modes: npt.NDArray[np.int8]
    scaled: BoolArray
    tau2_se: Array | None = None
    tau2_ci_low: Array | None = None
    tau2_ci_high: Array | None = None
    prediction_low: Array | None = None
    prediction_high: Array | None = None
    own_p: Array | None = None

    @once
    def p_value(self) -> Array:
        """Two-sided, of the hypothesis that the mean is the null value; as `q_p` worked out when asked for, which takes longer than DL."""
        p = two_sided_p(self.statistic, self.df)
        return p if self.own_p is None else np.where(self.pooled, self.own_p, p)

    @once
    def i2_q(self) -> Array:
        """max(0, (Q - df) / Q), in [0, 1], from Q alone; nan where nothing was pooled."""
        return i2_from_q(self.q, np.asarray(self.k - 1, dtype=float))

    @once
    def q_p(self) -> Array:
        """Upper tail of chi-square for Q; nan where nothing was pooled."""
        return np.where(self.pooled, chdtrc(np.maximum(self.k - 1, 1), np.where(self.pooled, self.q, 0.0)), np.nan)

    def to_dict(self) -> dict[str, Any]:
        """Fields as plain data, with the P values and the I2 that are worked out when asked for."""
        document = Result.to_dict(self)
        del document["own_p"]
        return document | {name: plain(getattr(self, name)) for name in ("p_value", "i2_q", "q_p")}


def pool_batch(
    yi: ArrayLike,
    vi: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    model: str = "random",
    tau2: str | float | None = None,
    ci: str | None = None,
    prediction: str = "none",
    level: float = 0.95,
    weights: ArrayLike | None = None,
    tau2_weights: ArrayLike | None = None,
    tau2_ci: str = "none",
    tau2_se: bool = False,
    i2: str | None = None,
    preset: str | None = None,
    null: float = 0.0,
    prediction_level: float | None = None,
    workers: int = 1,
) -> BatchResult:
    """Pool each row of `yi`, `vi` (..., k); both, `mask` and the weights are broadcast against each other.

    mask : True for a study, False for padding, whose numbers are not looked at. Options as in `pool`; what costs time and is
        seldom needed of a batch (prediction, tau2_ci, tau2_se) is off unless asked for, and the bootstrap is not offered.
    workers : 1 or more processes that share the work of a large batch; threads where the system cannot split a process.
    Memory beyond the input and the result is a few chunks. Raises what `pool` raises, for the whole batch, except that
    rows that did not converge and rows of too few studies are flagged in the result instead.
    """
    if prediction == "bootstrap":
        raise InvalidInput(
            "prediction is 'bootstrap'",
            "a batch has closed-form prediction intervals only",
            "Take t-k1, another, or none",
        )
    plan = make_plan(
        model=model,
        tau2=tau2,
        ci=ci,
        prediction=prediction,
        tau2_ci=None if tau2_ci == "none" else tau2_ci,
        i2=i2,
        preset=preset,
        level=level,
        prediction_level=prediction_level,
        null=null,
    )
    if weights is not None:
        check_given_weights(plan)
    if tau2_ci == "none":
        plan = _without_tau2_interval(plan)
    return _pooled(_Data.of(yi, vi, mask, weights, tau2_weights), plan, tau2_se, whole("workers", workers, 1))


def _pooled(data: _Data, plan: Plan, tau2_se: bool, workers: int) -> BatchResult:
    """Every row by the plan, a chunk at a time, by as many processes as the batch is worth."""
    kinds = _kinds(plan, tau2_se, counted=data.mask is not None)

    def work(part: slice, columns: Columns) -> None:
        _fill(dict(zip(kinds, columns, strict=True)), data, part, plan)

    columns = spread(work, list(kinds.values()), _parts(data), workers)
    out = dict(zip(kinds, columns, strict=True))
    if data.mask is None:
        out["k"] = np.broadcast_to(np.int64(data.studies), data.rows)
    return BatchResult(**{name: array.reshape(data.shape) for name, array in out.items()})


def _parts(data: _Data) -> list[slice]:
    """The chunks; of many the first and the last two are cut in four.

    It is soon seen how long one takes, and no process waits long for another when there is no more to take.
    """
    size = max(1, CHUNK // max(1, data.studies))
    starts = list(range(0, data.rows, size))
    if len(starts) >= MANY:
        short = max(1, size // 4)
        starts = [*range(0, size, short), *starts[1:-2], *range(starts[-2], data.rows, short)]
    return [slice(*ends) for ends in itertools.pairwise([*starts, data.rows])]


def _without_tau2_interval(plan: Plan) -> Plan:
    values = {field.name: getattr(plan, field.name) for field in fields(plan)}
    return Plan(**(values | {"tau2_ci": None}))


# --- input ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Data:
    """The batch as (rows, k) views of the input; nothing is copied until a chunk is taken."""

    shape: tuple[int, ...]
    yi: Array
    vi: Array
    mask: BoolArray | None
    weights: Array | None
    tau2_weights: Array | None

    @staticmethod
    def of(
        yi: ArrayLike,
        vi: ArrayLike,
        mask: ArrayLike | None,
        weights: ArrayLike | None,
        tau2_weights: ArrayLike | None,
    ) -> _Data:
        given: dict[str, Any] = {"yi": floats("yi", yi), "vi": floats("vi", vi)}
        if mask is not None:
            given["mask"] = _mask(mask)
        for name, values in (("weights", weights), ("tau2_weights", tau2_weights)):
            if values is not None:
                given[name] = floats(name, values)
        try:
            full = np.broadcast_shapes(*(values.shape for values in given.values()))
        except ValueError:
            shapes = ", ".join(f"{name} {values.shape}" for name, values in given.items())
            raise InvalidInput(f"the shapes {shapes}", "they can be broadcast against each other") from None
        if not full:
            raise InvalidInput("yi and vi are single numbers", "the last axis of a batch is that of the studies")
        flat = (-1, full[-1]) if full[-1] else (int(np.prod(full[:-1])), 0)
        rows = {name: (a if a.shape == full else np.broadcast_to(a, full)).reshape(flat) for name, a in given.items()}
        own = rows.get("weights")
        return _Data(full[:-1], rows["yi"], rows["vi"], rows.get("mask"), own, rows.get("tau2_weights", own))

    @property
    def rows(self) -> int:
        return len(self.yi)

    @property
    def studies(self) -> int:
        return int(self.yi.shape[1])

    def counts(self, part: slice) -> IntArray:
        """Studies in each row of a chunk."""
        if self.mask is None:
            return np.full(len(self.yi[part]), self.studies, dtype=np.int64)
        counted: IntArray = np.count_nonzero(self.mask[part], axis=-1)
        return counted

    def sets(self, part: slice, chosen: BoolArray | None) -> tuple[Sets, Array | None]:
        """The chosen rows of a chunk as checked `Sets`, studies the slow axis, and the weights of their means."""

        def take(a: Any) -> Any:
            block = a[part] if chosen is None else a[part][chosen]
            return np.array(block, order="F")

        y, v = take(self.yi), take(self.vi)
        mask = None if self.mask is None else take(self.mask)
        self._check(y, v, mask, part.start, chosen)
        if mask is not None and mask.all():
            mask = None
        if mask is not None:
            v[~mask] = np.inf
            k = np.count_nonzero(mask, axis=-1).astype(float)
        else:
            k = np.full(y.shape[0], float(self.studies))
        if mask is not None:
            y[~mask] = 0.0
        origin = _of_most_precise(y, v)
        y -= origin[:, None]
        if mask is not None:
            y[~mask] = 0.0
        own, of_q = (
            None if w is None else _weights(take(w), mask, part.start, chosen)
            for w in (self.weights, self.tau2_weights)
        )
        if own is not None and not (weighed := own.max(axis=-1) > 0).all():
            row = _number(int(np.argmin(weighed)), part.start, chosen)
            raise InvalidInput(
                f"row {row}: the weights of its studies are all zero", "one of them at least is positive"
            )
        return Sets(y, v, k, origin, mask, of_q), own

    def _check(self, y: Array, v: Array, mask: BoolArray | None, start: int, chosen: BoolArray | None) -> None:
        # the extremes first, which are nan where one number is: a third of the time of a look at each
        if y.min() >= -EFFECT_MAX and y.max() <= EFFECT_MAX and v.min() >= VARIANCE_MIN and v.max() <= VARIANCE_MAX:
            return
        good = (np.abs(y) <= EFFECT_MAX) & (v >= VARIANCE_MIN) & (v <= VARIANCE_MAX)
        if mask is not None:
            good |= ~mask
        if not good.all():
            row, study = (int(i[0]) for i in np.nonzero(~good))
            raise InvalidInput(
                f"row {_number(row, start, chosen)}, study {study}: yi is {y[row, study]}, vi is {v[row, study]}",
                "effects are finite and sampling variances positive, finite numbers",
                "Mark padding and studies without an estimate as False in the mask.",
            )


# What a difference of two variances is multiplied with to be larger than any effect: VARIANCE_MIN has its next neighbours at 1e-86,
# and VARIANCE_MAX stays within double precision.
_FAR = 1e230


def _of_most_precise(y: Array, v: Array) -> Array:
    """The largest effect of those with the smallest variance, of each row.

    All others are moved below every effect by arithmetic; argmin runs against the grain of this layout, and np.where is slow.
    """
    moved = v - np.minimum.reduce(v, axis=-1)[:, None]
    moved *= -_FAR
    moved += y
    origin: Array = np.maximum.reduce(moved, axis=-1)
    return origin


def _mask(mask: ArrayLike) -> BoolArray:
    """`mask` as booleans; raises InvalidInput for what is neither True or 1 nor False or 0, as a text or nan is."""
    given = np.asarray(mask)
    if given.dtype == bool:
        return given
    numbers = floats("mask", mask)
    if not (known := (numbers == 0) | (numbers == 1)).all():
        raise InvalidInput(f"mask holds {numbers[~known].flat[0]}", "it is True for a study and False for padding")
    return np.asarray(numbers, dtype=bool)


def _weights(given: Array, mask: BoolArray | None, start: int, chosen: BoolArray | None) -> Array:
    """Weights of the user for some rows, 0 in the padding; raises InvalidInput, with the row, where they are none."""
    w = given if mask is None else np.where(mask, given, 0.0)
    if not (good := np.isfinite(w) & (w >= 0)).all():
        row, study = (int(i[0]) for i in np.nonzero(~good))
        raise InvalidInput(
            f"row {_number(row, start, chosen)}, study {study}: its weight is {w[row, study]}",
            "weights are finite and not negative",
        )
    return w


def _number(row: int, start: int, chosen: BoolArray | None) -> int:
    """The number in the batch of one of the `chosen` rows of the chunk that begins at `start`."""
    return start + (row if chosen is None else int(np.flatnonzero(chosen)[row]))


# --- output -----------------------------------------------------------------------------------------------------------

_NOTHING = {
    "modes": 1,
    "pooled": False,
    "scaled": False,
    "converged": True,
}  # of a row too few to pool; nan for the rest
_ALWAYS = (
    "estimate", "se", "statistic", "df", "ci_low", "ci_high", "tau2", "i2", "h2", "q",
)  # fmt: skip


def _kinds(plan: Plan, tau2_se: bool, counted: bool) -> dict[str, type]:
    """The columns of the result and what numbers they hold; that of k where studies are counted row by row."""
    kinds: dict[str, type] = dict.fromkeys(_ALWAYS, np.float64)
    if tau2_se and isinstance(plan.tau2, Tau2Method):
        kinds["tau2_se"] = np.float64
    if plan.tau2_ci is not None:
        kinds |= dict.fromkeys(("tau2_ci_low", "tau2_ci_high"), np.float64)
    if plan.random and plan.prediction != "none":
        kinds |= dict.fromkeys(("prediction_low", "prediction_high"), np.float64)
    if plan.ci is not None and plan.ci.own_p:
        kinds["own_p"] = np.float64
    if counted:
        kinds["k"] = np.int64
    kinds |= {"modes": np.int8, "pooled": np.bool_, "scaled": np.bool_, "converged": np.bool_}
    return kinds


def _fill(out: dict[str, Any], data: _Data, part: slice, plan: Plan) -> None:
    """Work through one chunk, the rows of several studies and then those of one; `out` has the columns of its rows."""
    counts = data.counts(part)
    if "k" in out:
        out["k"][...] = counts
    needs = 2 if plan.ci is None else max(2, plan.ci.needs)
    several = counts >= needs
    if several.all():
        _fill_several(out, data, part, None, plan)
        return
    for name, values in out.items():
        if name != "k":
            values[...] = _NOTHING.get(name, np.nan)
    if several.any():
        _fill_several(out, data, part, several, plan)
    if (counts == 1).any():
        _fill_single(out, data, part, counts == 1, plan)


def _fill_several(out: dict[str, Any], data: _Data, part: slice, chosen: BoolArray | None, plan: Plan) -> None:
    sets, weights = data.sets(part, chosen)
    solved = solve(sets, plan, weights)
    for name, values in _values(solved, plan, "tau2_se" in out):
        target = out[name]
        if chosen is None:
            target[...] = values
        else:
            target[chosen] = values


def _values(solved: Solved, plan: Plan, tau2_se: bool) -> Iterator[tuple[str, Any]]:
    """Each field of the result for the rows of one chunk, on the scale of the input."""
    sets, shown, between = solved.fit.sets, solved.shown, solved.between
    yield from zip(
        ("estimate", "ci_low", "ci_high"),
        (x + sets.origin for x in (shown.estimate, shown.low, shown.high)),
        strict=True,
    )
    yield from zip(("se", "statistic", "df"), (shown.se, shown.statistic, shown.df), strict=True)
    if shown.own_p is not None:
        yield "own_p", shown.own_p
    yield from (("q", sets.q), ("pooled", True))
    yield from (("converged", between.converged), ("modes", between.modes), ("scaled", solved.scaled))
    yield "tau2", between.value if plan.random else np.nan
    if plan.random and plan.i2 == "tau2":
        typical = typical_variance(sets)
        yield "i2", i2_from_tau2(between.value, typical)
        yield "h2", h2_from_tau2(between.value, typical)
    else:
        yield "i2", i2_from_q(sets.q, sets.k - 1)
        yield "h2", sets.q / (sets.k - 1)
    if isinstance(plan.tau2, Tau2Method) and (tau2_se or plan.tau2_ci is not None):
        estimated = Estimated(sets, between.value, plan.tau2.se(sets, between.value), plan.tau2.likelihood or "REML")
        if tau2_se:
            yield "tau2_se", estimated.se
        if plan.tau2_ci is not None:
            low, high = plan.tau2_ci.compute(estimated, plan.level)
            enough = sets.k >= plan.tau2_ci.needs
            yield "tau2_ci_low", np.where(enough, low, np.nan)
            yield "tau2_ci_high", np.where(enough, high, np.nan)
    ahead = predict(solved, plan)
    if ahead is not None:
        yield "prediction_low", ahead.low + sets.origin
        yield "prediction_high", ahead.high + sets.origin


def _fill_single(out: dict[str, Any], data: _Data, part: slice, chosen: BoolArray, plan: Plan) -> None:
    """Rows of one study: the study and its Wald interval."""
    sets, _ = data.sets(part, chosen)
    alone = make_plan(
        model="common", tau2=None, ci="wald", prediction="none", tau2_ci=None, i2=None, preset=None,
        level=plan.level, prediction_level=None, null=plan.null,
    )  # fmt: skip
    shown = solve(sets, alone).shown
    for name in ("estimate", "ci_low", "ci_high"):
        out[name][chosen] = getattr(shown, name.removeprefix("ci_")) + sets.origin
    for name in ("se", "statistic", "df"):
        out[name][chosen] = getattr(shown, name)
