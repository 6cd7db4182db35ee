"""Weights of the mean and of generalised Q, from a field of the records or a column of the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mscsec.effects.moderators import column
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import InvalidInput
from mscsec.pooling.result import PooledResult
from mscsec.pooling.tau2 import is_weighted

SHOWN = 5  # studies named in one message


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights by study, positive, as `field` has them."""

    field: str
    by_study: Mapping[str, float]

    def of(self, sizes: EffectSizes) -> list[float]:
        """In the order of the rows."""
        return [self.by_study[row.study] for row in sizes.rows]


def as_arrays(chosen: Mapping[str, Any], sizes: EffectSizes) -> dict[str, Any]:
    """`chosen` with its weights in the order of the rows, as `pool` takes them."""
    return {name: value.of(sizes) if isinstance(value, Weights) else value for name, value in chosen.items()}


def noted(fit: PooledResult, chosen: Mapping[str, Any], sizes: EffectSizes) -> PooledResult:
    """The fit to these effects with field and weights under `details`, where anything in it is built on them."""
    used = {
        "weights": fit.method == "given weights",
        "tau2_weights": is_weighted(fit.tau2_method) or is_weighted(fit.tau2_ci_method),
    }
    about = {
        name: {"field": weights.field, "values": weights.of(sizes)}
        for name, there in used.items()
        if there and isinstance(weights := chosen.get(name), Weights)
    }
    return replace(fit, details={**(fit.details or {}), **about}) if about else fit


def weigh(
    chosen: Mapping[str, Any],
    field: str | None,
    sizes: EffectSizes,
    columns: Callable[[], Mapping[str, list[Any]]],
    of: str = "tau2_weights",
) -> dict[str, Any]:
    """`chosen`, as `fit_effects` takes it, with the weights under `field`; as it is for None.

    columns : gives fields by name, for the rows of `sizes`. of : "tau2_weights", or "weights", for which "equal" is no field.
    Raises UnknownName, with the nearest, for a field that no study has; InvalidInput, with the studies, where it is not a
    positive number.
    """
    if field is None:
        return dict(chosen)
    known = dict(columns())
    if of == "weights" and field == "equal" and "equal" not in known:
        return {**chosen, of: Weights(field, {row.study: 1.0 for row in sizes.rows})}
    cells = column(known, field)
    wrong = [
        f"{f'{cell:g}' if isinstance(cell, (int, float)) else cell} for {row.label}"
        if cell is not None
        else f"not recorded for {row.label}"
        for row, cell in zip(sizes.rows, cells, strict=True)
        if isinstance(cell, (str, bool)) or cell is None or not (math.isfinite(cell) and cell > 0)
    ]
    if wrong:
        raise InvalidInput(
            f"{field} is {', '.join(wrong[:SHOWN])}{f' and {len(wrong) - SHOWN} more' if len(wrong) > SHOWN else ''}",
            "weights are positive numbers",
            "Record them, or leave these studies out with --exclude",
        )
    weights = Weights(field, {row.study: float(cell) for row, cell in zip(sizes.rows, cells, strict=True)})
    return {**chosen, of: weights}
