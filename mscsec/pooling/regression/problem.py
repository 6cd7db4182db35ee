"""The arrays of a meta-regression, checked once and laid out for the batch axis."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, ArrayLike, BoolArray, IntArray, floats
from mscsec.errors import InvalidInput
from mscsec.pooling.sets import EFFECT_MAX, VARIANCE_MAX, VARIANCE_MIN


@dataclass(frozen=True, slots=True)
class Problem:
    """A batch of B meta-regressions of up to k studies on p columns.

    yi, vi : (B, k) effects on the analysis scale and sampling variances; 0 and 1 where masked.
    x : (p, B, k) design, one array a column so that sums over studies run over contiguous memory; 0 where masked.
    mask : (B, k) True for a study, False for padding.
    weights : (B, k) weights chosen by the user for the coefficients, or None for inverse variances.
    tau2_weights : (B, k) weights of generalised Q, where they are not these.
    """

    yi: Array
    vi: Array
    x: Array
    mask: BoolArray
    weights: Array | None = None
    tau2_weights: Array | None = None

    @property
    def q_weights(self) -> Array | None:
        """(B, k) weights of generalised Q."""
        return self.weights if self.tau2_weights is None else self.tau2_weights

    @property
    def p(self) -> int:
        """Number of columns of the design."""
        return int(self.x.shape[0])

    @property
    def k(self) -> Array:
        """(B,) number of studies in each row."""
        return np.asarray(self.mask.sum(-1), dtype=float)

    @property
    def df(self) -> Array:
        """(B,) residual degrees of freedom k - p."""
        return self.k - self.p

    def precision(self, tau2: Array | float) -> Array:
        """(B, k) weights 1 / (vi + tau2), zero where masked; `tau2` is (B,)."""
        total = self.vi + np.asarray(tau2, dtype=float)[..., None]
        return np.where(self.mask, 1 / total, 0.0)

    def take(self, rows: IntArray | slice) -> Problem:
        """The problems of the given rows of the batch, repeated as often as a row is named."""
        weights, of_q = (None if w is None else w[rows] for w in (self.weights, self.tau2_weights))
        return Problem(self.yi[rows], self.vi[rows], self.x[:, rows], self.mask[rows], weights, of_q)


def arrange(
    yi: ArrayLike,
    vi: ArrayLike,
    x: ArrayLike,
    mask: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    tau2_weights: ArrayLike | None = None,
) -> tuple[Problem, tuple[int, ...]]:
    """Checked and broadcast arrays as a `Problem`, and the leading shape its rows came in.

    yi, vi : (..., k); x : (..., k, p); mask, weights, tau2_weights : (..., k). Leading shapes broadcast.
    Raises InvalidInput for lengths that disagree, a number that is not finite or a variance that is not positive.
    """
    y, v, design = floats("yi", yi), floats("vi", vi), floats("X", x)
    if design.ndim < 2:
        raise InvalidInput(
            f"the design has {design.ndim} axis", "it has one row a study and one column a coefficient: (k, p)"
        )
    keep = np.ones(y.shape, dtype=bool) if mask is None else np.asarray(mask, dtype=bool)
    given = {"weights": weights, "tau2_weights": tau2_weights}
    user = {name: floats(name, part) for name, part in given.items() if part is not None}
    k = design.shape[-2]
    for name, part in (("yi", y), ("vi", v), ("mask", keep), *user.items()):
        if part.shape[-1:] != (k,):
            raise InvalidInput(f"{name} has shape {part.shape}, the design {k} rows", "each study has one of each")
    own = (part.shape[:-1] for part in (y, v, keep, *user.values()))
    lead = np.broadcast_shapes(*own, design.shape[:-2])
    rows = int(np.prod(lead, dtype=int))
    keep = np.broadcast_to(keep, (*lead, k)).reshape(rows, k)

    def flat(part: Array, filler: float, name: str, low: float, high: float = np.inf) -> Array:
        whole = np.broadcast_to(part, (*lead, k)).reshape(rows, k)
        _refuse_bad(whole, keep, name, low, high, several=bool(lead))
        return whole if keep.all() else np.where(keep, whole, filler)

    columns = np.moveaxis(np.broadcast_to(design, (*lead, *design.shape[-2:])), -1, 0)
    columns = columns.reshape(columns.shape[0], rows, k)
    _refuse_bad(columns, np.broadcast_to(keep, columns.shape), "X", -np.inf, several=bool(lead))
    columns = columns if keep.all() else np.where(keep, columns, 0.0)
    chosen = {name: flat(part, 0.0, name, 0.0) for name, part in user.items()}
    effects = flat(y, 0.0, "yi", -np.inf, EFFECT_MAX)
    return Problem(effects, flat(v, 1.0, "vi", 0.0, VARIANCE_MAX), columns, keep, **chosen), lead


def _refuse_bad(values: Array, keep: BoolArray, name: str, low: float, high: float = np.inf, *, several: bool) -> None:
    """Refuse what is not finite or not above `low`, and a size from whose powers nothing could be computed.

    values : (..., rows, k). several : is the row to be named too?
    """
    least = VARIANCE_MIN if name == "vi" else 0.0
    sound = np.isfinite(values) & (values > low)
    bad = keep & ~(sound & (np.abs(values) >= least) & (np.abs(values) <= high))
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        rule = "it is a finite number" if low == -np.inf else "it is finite and above zero"
        raise InvalidInput(
            f"{name} of study {place[-1]}{f' in row {place[-2]}' if several else ''} (counted from 0) is {float(values[place])}",
            rule,
            "Rescale the effects to ordinary units"
            if sound[place]
            else "Leave out a study that lacks the number, and say so, before fitting",
        )


def without_label(labels: Sequence[object]) -> list[int]:
    """Places of the effects whose label, of a cluster or a group, is missing: None or not a number.

    Raises InvalidInput for a label that is no single value, as the rows of a design are.
    """
    for place, label in enumerate(labels):
        if not isinstance(label, Hashable):
            raise InvalidInput(
                f"the label of effect {place} (counted from 0) is a {type(label).__name__}", "it is a name or a number"
            )
    missing = ("None", "nan", "NaT", "<NA>")  # of floats, dates and data frames, some of which refuse to be compared
    return [i for i, label in enumerate(labels) if not isinstance(label, str) and str(label) in missing]
