"""The routes from printed figures to the numbers a meta-analysis needs, one row a route."""

from __future__ import annotations

from mscsec.effects.reconstruct.route import Reconstruction
from mscsec.effects.reconstruct.routes_continuous import CONTINUOUS
from mscsec.effects.reconstruct.routes_effects import EFFECTS
from mscsec.effects.reconstruct.routes_tables import TABLES
from mscsec.registry import by_key

RECONSTRUCT = by_key(*CONTINUOUS, *EFFECTS, *TABLES)

__all__ = ["RECONSTRUCT", "Reconstruction"]
