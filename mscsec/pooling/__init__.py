"""From effects and their variances to a pooled effect.

Takes arrays `yi` and `vi` (and counts, in `counts/`), gives frozen results. Pure numpy and scipy.special: no labels, no records,
no printing. Imports nothing of mscsec but the foundation.
"""

from mscsec.pooling.batch import BatchResult, pool_batch
from mscsec.pooling.fit import pool
from mscsec.pooling.mean import CI
from mscsec.pooling.prediction import PREDICTION
from mscsec.pooling.presets import DEFAULT_PRESET, PRESETS
from mscsec.pooling.result import Display, PooledResult
from mscsec.pooling.studies import StudyResult, studies
from mscsec.pooling.tau2 import TAU2, TAU2_CI

__all__ = [
    "CI",
    "DEFAULT_PRESET",
    "PREDICTION",
    "PRESETS",
    "TAU2",
    "TAU2_CI",
    "BatchResult",
    "Display",
    "PooledResult",
    "StudyResult",
    "pool",
    "pool_batch",
    "studies",
]
