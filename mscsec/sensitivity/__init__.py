"""The same meta-analysis over other sets of its studies: what the answer hangs on.

Takes effects `yi` and variances `vi` (k,), gives frozen results of arrays. Every set of studies is a row of one batch, so
leave-one-out, a cumulative analysis and all subsets are one call of the kernel. Pure arrays: no labels, no records, no
printing. May import: pooling and the foundation.
"""

from mscsec.sensitivity.baujat import Baujat, baujat
from mscsec.sensitivity.refits import Refits, all_subsets, cumulative, gosh, leave_one_out, subsets

__all__ = ["Baujat", "Refits", "all_subsets", "baujat", "cumulative", "gosh", "leave_one_out", "subsets"]
