"""Constants with a reason: the fact, why it is needed, and the source. Nothing is imported here but math."""

from __future__ import annotations

import math

# --- records ---------------------------------------------------------------------------------------------------
MAX_RECORD_BYTES = 1_048_576  # a record is a page of text (largest shipped: 8 kB); beyond a megabyte it is something else
MAX_RECORD_NODES = 100_000  # values once aliases are written out; stops "billion laughs" before memory does
MAX_RECORD_DEPTH = 64  # the deepest path of a record has 9 steps; stops brackets without end

# --- appraisal -------------------------------------------------------------------------------------------------
NEARLY_COMPLETE = 0.95  # share of the randomised analysed that often suffices; RoB 2 guidance (2019), question 3.1
TOO_INCOMPLETE = 0.85  # below this the PEDro scale gives no point for follow-up; Maher et al. 2003, item 8
SMALL_ARM = 50  # participants in an arm below which a trial is small; Cochrane Pain group, after Moore et al. 2010, Pain 150:386-389
LARGE_ARM = 200  # participants in an arm from which a trial is large; the same source
SMD_TO_LOG_OR = math.pi / math.sqrt(3)  # SD of the logistic; Hasselblad & Hedges 1995, Psychol Bull 117:167-178
