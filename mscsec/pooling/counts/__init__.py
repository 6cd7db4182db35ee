"""Pooling from the cells: 2x2 tables, person-time tables, single groups.

Takes arrays of counts, gives `PooledResult`. The closed forms stand on the batch axis of the kernel; the likelihoods are fitted
by Newton's method with exact derivatives. Imports the kernel beside it (`pool`, presets, tails) and nothing to its right.
"""

from mscsec.pooling.counts.batch import CountsBatch, pool_counts_batch, pool_rates_batch
from mscsec.pooling.counts.continuity import CONVENTIONS, ZeroCells
from mscsec.pooling.counts.fit import (
    COUNTS,
    GROUP_RATES,
    PROPORTIONS,
    RATES,
    pool_counts,
    pool_group_rates,
    pool_proportions,
    pool_rates,
)
from mscsec.pooling.counts.rare import Advice, Comparison, advise, compare

__all__ = [
    "CONVENTIONS",
    "COUNTS",
    "GROUP_RATES",
    "PROPORTIONS",
    "RATES",
    "Advice",
    "Comparison",
    "CountsBatch",
    "ZeroCells",
    "advise",
    "compare",
    "pool_counts",
    "pool_counts_batch",
    "pool_group_rates",
    "pool_proportions",
    "pool_rates",
    "pool_rates_batch",
]
