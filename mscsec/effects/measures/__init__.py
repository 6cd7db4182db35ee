"""Effect measures on arrays.

Takes argument arrays by name (`events_1 n_1 events_2 n_2` and so on; 1 experimental, 2 comparator) and gives `Effects`:
yi, vi and interval on the analysis scale with a flag for every correction and a reason for every gap. Imports numpy,
scipy.special and the foundation; knows no records.
"""

from mscsec.effects.measures.base import VTYPE_NOTES, Estimate, How, Measure
from mscsec.effects.measures.cells import drop_double_zeros
from mscsec.effects.measures.effect_size import effect_size
from mscsec.effects.measures.effects import Effects, Flag
from mscsec.effects.measures.families import FAMILIES, Family
from mscsec.effects.measures.table import MEASURES
from mscsec.effects.measures.transforms import TRANSFORMS, Transform, transform

__all__ = [
    "FAMILIES",
    "MEASURES",
    "TRANSFORMS",
    "VTYPE_NOTES",
    "Effects",
    "Estimate",
    "Family",
    "Flag",
    "How",
    "Measure",
    "Transform",
    "drop_double_zeros",
    "effect_size",
    "transform",
]
