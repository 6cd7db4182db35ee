"""What an assumed quantity decides: the effects and their pooled result again at other values of it.

A correlation of baseline and final values, or an ICC, that no trial prints is a guess, so that its result is shown over
the range such guesses come from (Cochrane Handbook 6.5.2.8 and 23.1.4, which ask for a sensitivity analysis).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mscsec.effects.reading import Rules
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import CannotCompute, InvalidInput
from mscsec.pooling.result import PooledResult
from mscsec.records.models import Outcome
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class StudyAt(Result):
    """One study's effect at a value of the quantity, on the natural scale."""

    study: str
    label: str
    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Point(Result):
    """The results at one value; on the natural scale.

    used : whether it is the value of the analysis. studies : those that the quantity enters, in their order.
    estimate, ci_low, ci_high, p_value, tau2, i2 : of the pooled effect; None where nothing was pooled.
    excludes_null : whether the interval of the pooled effect excludes no effect; None where there is none.
    """

    value: float
    used: bool
    studies: tuple[StudyAt, ...]
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    tau2: float | None = None
    i2: float | None = None
    excludes_null: bool | None = None


@dataclass(frozen=True, slots=True)
class Sensitivity(Result):
    """One assumed quantity over a range of its values; `points` rise, the value used among them.

    quantity : key of QUANTITIES. name : in words. studies : ids of those whose effect stands on it.
    """

    quantity: str
    name: str
    used: float
    studies: tuple[str, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity that may be assumed; `key` is its field in `Rules` and in the protocol's outcome, and its flag's mark.

    values : the range shown. at : the rules with another value of it.
    """

    key: str
    name: str
    values: tuple[float, ...]
    at: Callable[[Rules, float], Rules]


QUANTITIES = (
    Quantity(
        "correlation",
        "correlation of baseline and final values",
        (0.1, 0.3, 0.5, 0.7, 0.9),
        lambda rules, value: replace(rules, correlation=value),
    ),
    Quantity(
        "icc",
        "intra-cluster correlation",
        (0.0, 0.01, 0.02, 0.05, 0.1, 0.2),
        lambda rules, value: replace(rules, icc=value),
    ),
)


def assumed_quantities(
    sizes: EffectSizes,
    plan: Outcome,
    rules: Rules,
    again: Callable[[Rules], EffectSizes],
    fit: Callable[[EffectSizes], PooledResult] | None = None,
) -> tuple[Sensitivity, ...]:
    """The sensitivity of `sizes` to each quantity that was assumed for one of its studies; empty where none was.

    plan : the outcome in the protocol. rules : those that `sizes` were computed by. again : the effects by other rules.
    fit : pools effects; where None, the effects of the studies alone are given.
    """
    found = []
    for quantity in QUANTITIES:
        marked = tuple(row.study for row in sizes.rows if any(flag.mark == quantity.key for flag in row.flags))
        own = getattr(plan, quantity.key)
        used = getattr(rules, quantity.key)
        used = float(own.value) if used is None and own is not None else used
        if not marked or used is None:
            continue
        values = sorted({*quantity.values, used})
        points = tuple(
            _at(
                sizes if value == used else again(quantity.at(rules, value)),
                value,
                value == used,
                marked,
                fit,
            )
            for value in values
        )
        found.append(Sensitivity(quantity.key, quantity.name, used, marked, points))
    return tuple(found)


def _at(
    sizes: EffectSizes,
    value: float,
    used: bool,
    marked: tuple[str, ...],
    fit: Callable[[EffectSizes], PooledResult] | None,
) -> Point:
    studies = tuple(
        StudyAt(row.study, row.label, row.estimate, row.low, row.high) for row in sizes.rows if row.study in marked
    )
    if fit is None or not sizes.rows:
        return Point(value, used, studies)
    try:
        pooled = fit(sizes)
    except (CannotCompute, InvalidInput):  # this value leaves too little for the method; the others stand
        return Point(value, used, studies)
    shown = pooled.display
    excludes = None if sizes.null is None else not pooled.ci_low <= sizes.null <= pooled.ci_high
    return Point(
        value, used, studies, shown.estimate, shown.ci_low, shown.ci_high, pooled.p_value, pooled.tau2, pooled.i2, excludes
    )  # fmt: skip
