"""The scales on which an estimate and its interval are symmetric."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from mscsec.arrays import Array
from mscsec.effects.reconstruct.rows import must
from mscsec.registry import by_key, choose

Forward = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Scale:
    """From the printed figure to the analysis scale.

    low, high : open limits of what can be printed. rule : the same in words.
    """

    key: str
    forward: Forward
    low: float
    high: float
    rule: str


SCALES = by_key(
    Scale("identity", np.array, -np.inf, np.inf, "any number"),
    Scale(
        "log",
        np.log,
        0.0,
        np.inf,
        "a ratio and its limits are positive; if they are logs already, the scale is identity",
    ),
    Scale("logit", logit, 0.0, 1.0, "a proportion and its limits lie strictly between 0 and 1"),
    Scale("fisher-z", np.arctanh, -1.0, 1.0, "a correlation and its limits lie strictly between -1 and 1"),
    Scale("sqrt", np.sqrt, 0.0, np.inf, "a rate and its limits are positive"),
)


def to_scale(scale: str | Forward, **figures: Array) -> tuple[Array, ...]:
    """The figures on the analysis scale; a function is used as it is.

    Raises InvalidInput for a figure outside the scale's range, UnknownMethod for an unknown scale.
    """
    if callable(scale):
        return tuple(np.asarray(scale(array), dtype=np.float64) for array in figures.values())
    row = choose(SCALES, scale, "scale")
    for name, array in figures.items():
        must(~((array <= row.low) | (array >= row.high)), row.rule, {name: array})
    return tuple(row.forward(array) for array in figures.values())
