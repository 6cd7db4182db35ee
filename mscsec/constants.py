"""Constants with a reason: the fact, why it is needed, and the source. Nothing is imported here but math."""

from __future__ import annotations

import math

# --- records ---------------------------------------------------------------------------------------------------
MAX_RECORD_BYTES = (
    1_048_576  # a record is a page of text (largest shipped: 8 kB); beyond a megabyte it is something else
)
MAX_RECORD_NODES = 100_000  # values once aliases are written out; stops "billion laughs" before memory does
MAX_FILE_PROBLEMS = 100  # of one file that are listed; beyond, it is not a record but something else
MAX_RECORD_DEPTH = 64  # the deepest path of a record has 9 steps; stops brackets without end

# --- appraisal -------------------------------------------------------------------------------------------------
NEARLY_COMPLETE = 0.95  # share of the randomised analysed that often suffices; RoB 2 guidance (2019), question 3.1
TOO_INCOMPLETE = 0.85  # below this the PEDro scale gives no point for follow-up; Maher et al. 2003, item 8
SMALL_ARM = 50  # participants in an arm below which a trial is small; Cochrane Pain group, after Moore et al. 2010, Pain 150:386-389
LARGE_ARM = 200  # participants in an arm from which a trial is large; the same source
SMD_TO_LOG_OR = math.pi / math.sqrt(3)  # SD of the logistic; Hasselblad & Hedges 1995, Psychol Bull 117:167-178

# --- effects -----------------------------------------------------------------------------------------------------
COX_SNELL = (
    1.65  # log odds ratio per SD of a normal variable cut in two; Cox & Snell 1989, Analysis of Binary Data, 2nd ed
)
REVMAN_SMD = 3.94  # taken off n in the SE of the SMD; Deeks & Higgins 2010, Statistical algorithms in Review Manager 5, section 8

# --- integrity -----------------------------------------------------------------------------------------------------
SIGNIFICANCE = (
    0.05  # the line trial reports draw; a recomputed P on its other side is a decision error, as in statcheck
)
SD_PEER_FACTOR = (
    2.0  # an SD below half of every comparable one asks to be read as an SE; for n >= 16 an SE is below a quarter
)
BASELINE_SIGNAL = (
    0.001  # P of a whole baseline table below which it is worth a question; a review makes tens of such tests
)
