"""The routes from printed figures to the numbers a meta-analysis needs, one row a route."""

from __future__ import annotations

from collections.abc import Collection

from mscsec.effects.reconstruct.route import Reconstruction
from mscsec.effects.reconstruct.routes_continuous import CONTINUOUS
from mscsec.effects.reconstruct.routes_effects import EFFECTS
from mscsec.effects.reconstruct.routes_tables import TABLES
from mscsec.registry import by_key

RECONSTRUCT = by_key(*CONTINUOUS, *EFFECTS, *TABLES)


def open_routes(reported: Collection[str]) -> tuple[Reconstruction, ...]:
    """The routes that these figures, by name, are enough for; in the order of the table, exact ones first."""
    names = set(reported)
    rows = [
        row
        for row in RECONSTRUCT.values()
        if names.issuperset(row.needs) and (not row.one_of or any(names.issuperset(group) for group in row.one_of))
    ]
    return tuple(sorted(rows, key=lambda row: not row.exact))
