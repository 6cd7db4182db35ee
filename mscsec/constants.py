"""Constants with a reason: the fact, why it is needed, and the source. Nothing is imported here but math."""

from __future__ import annotations

# --- records ---------------------------------------------------------------------------------------------------
MAX_RECORD_BYTES = 1_048_576  # a record is a page of text (largest shipped: 8 kB); beyond a megabyte it is something else
MAX_RECORD_NODES = 100_000  # values once aliases are written out; stops "billion laughs" before memory does
MAX_RECORD_DEPTH = 64  # the deepest path of a record has 9 steps; stops brackets without end
