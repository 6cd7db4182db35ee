"""Many meta-analyses in one table: thousands to millions, on every core, in bounded memory.

Takes a CSV or Parquet file (or a data frame) with one row a study and a column that names the analysis the row belongs to; gives
a table with one row an analysis. Statistics come from `pooling`, effects of studies from `effects`; this room reads, deals out,
counts and writes. Imports effects, pooling and the foundation.
"""

from mscsec.batch.engines import ENGINES
from mscsec.batch.options import Options, choose_method
from mscsec.batch.rows import Reject
from mscsec.batch.run import BatchTable, Summary, pool_file, pool_table
from mscsec.batch.tables import FORMATS

__all__ = [
    "ENGINES",
    "FORMATS",
    "BatchTable",
    "Options",
    "Reject",
    "Summary",
    "choose_method",
    "pool_file",
    "pool_table",
]
