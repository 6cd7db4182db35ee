"""What every measure is made of: a row of the table, its options, and the numbers it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from mscsec.arrays import Array, BoolArray


class Estimate(NamedTuple):
    """Effects and their sampling variances, both of the batch's shape; nan where the formula has no value."""

    yi: Array
    vi: Array


@dataclass(frozen=True, slots=True)
class How:
    """Options that reach a measure's function.

    vtype : key of the variance formula, one of the row's `vtypes`.
    correct : whether to remove small-sample bias, where the row `corrects`.
    approximate : whether to do so with Hedges' approximate factor instead of the exact one, where the row has it.
    """

    vtype: str
    correct: bool
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason for which a study has no estimate: where it holds, and the sentence that says it."""

    where: Callable[[Any, How], BoolArray]
    why: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One effect measure.

    key : the name it is asked for by, metafor's where metafor has the measure.
    name : in words.
    family : key of the family, which names the argument arrays.
    function : takes the family's prepared numbers and `How`, gives an `Estimate` on the analysis scale.
    back : key in TRANSFORMS of the way from the analysis scale to the natural one.
    null : the value of no effect on the analysis scale; None for a single group.
    swap : what swapping the arms does: "negate" (yi to -yi), "complement" (yi to 1 - yi) or "" (no such rule).
    source : key in SOURCES.
    vtypes : variance formulas, the default first; `vtype_notes` says what each is.
    corrects : whether a bias correction exists, and is applied by default.
    approximates : whether the correction also exists with Hedges' approximate factor 1 - 3/(4 df - 1).
    add : constant added to zero cells by default; 0 where the measure bears a zero.
    formula, variance : yi, and vi under the first of `vtypes`, in one line each. a b c d are the cells of the table
        (with, without in group 1; with, without in group 2; of pairs: both, 1 alone, 2 alone, neither), p the risks,
        x t events and time, m s n mean, SD and size (m predictors or items for correlations and alpha), d the difference
        over s_pooled; quantile, phi and Phi belong to the standard normal.
    meta, revman : the measure's name there; empty where it is absent.
    refusals : named reasons, in order, for rows in which the formula has no value.
    """

    key: str
    name: str
    family: str
    function: Callable[[Any, How], Estimate]
    source: str
    back: str = "identity"
    null: float | None = 0.0
    swap: str = "negate"
    vtypes: tuple[str, ...] = ("LS",)
    corrects: bool = False
    approximates: bool = False
    add: float = 0.5
    formula: str = ""
    variance: str = ""
    meta: str = ""
    revman: str = ""
    refusals: tuple[Refusal, ...] = ()

    @property
    def antisymmetric(self) -> bool:
        """True where swapping the arms flips the sign of yi and leaves vi alone."""
        return self.swap == "negate"


VTYPE_NOTES = MappingProxyType(
    {
        "LS": "large-sample variance, with each study's own estimate in it",
        "LS2": "the other large-sample variance in use",
        "LS3": "large-sample variance that mixes n and n - 1: n for the means, n - 1 for the SDs",
        "UB": "unbiased",
        "AV": "large-sample variance with the mean over the studies in the place of each study's own value",
        "AV2": "as AV, in the form of LS2",
        "H0": "under the null hypothesis",
        "H0b": "under the null hypothesis, 1/n",
        "HO": "the two groups share one SD",
        "AVHO": "coefficients of variation averaged over the two groups and the studies",
        "ST": "group sizes fixed by design",
        "CS": "only the total is fixed by design (cross-sectional)",
        "RM": "RevMan's, 1/n1 + 1/n2 + yi^2 / 2(n1 + n2 - 3.94)",
        "MAX": "largest value the variance can have",
    }
)


def pooled_mean(values: Array, weights: Array) -> Array:
    """Weighted mean over the studies (last axis), kept as an axis; rows with a missing value do not count."""
    known = np.isfinite(values) & np.isfinite(weights)
    total = np.where(known, weights, 0.0).sum(-1, keepdims=True)
    return np.asarray(np.where(known, weights * values, 0.0).sum(-1, keepdims=True) / total)
