"""Can the reported figures be true? Checks on figures as printed, each with what it assumes and what to ask.

Takes figures (text, or numbers with their decimals) and counts; gives `Verdict`s and, beneath them, the plain results of
exact or numerical functions. Knows no records, prints nothing, and imports from the foundation alone (errors, registry,
results, arrays, constants), so that it can be used by itself.

    printed          a figure, its rounding rules, the span it was rounded from
    whole_numbers    the arithmetic of sums and sums of squares
    granularity      GRIM, GRIMMER, DEBIT, percentages, medians; the n that would fit
    tails, means, tables, contrasts, ranks   P values, effects and intervals recomputed
    arithmetic       sums, orders, possible SDs
    across           figures shared by records, baseline similarity
    reconstruction   samples that give a reported mean and SD
    checks_*, table  the checks and their table, `INTEGRITY`
"""

from mscsec.integrity.across import BaselineVariable, baseline_similarity, shared_figures, shared_registrations
from mscsec.integrity.granularity import (
    debit,
    grim,
    grimmer,
    median_possible,
    possible_counts,
    possible_denominators,
    possible_n,
)
from mscsec.integrity.printed import ROUNDING, Printed, ReportedP, before_rounding, printed, reported_p
from mscsec.integrity.ranks import RankPRange, p_of_reconstructions
from mscsec.integrity.reconstruction import Reconstruction, reconstruct
from mscsec.integrity.table import INTEGRITY, Check
from mscsec.integrity.verdict import Finding, Reading, Verdict

__all__ = [
    "INTEGRITY",
    "ROUNDING",
    "BaselineVariable",
    "Check",
    "Finding",
    "Printed",
    "RankPRange",
    "Reading",
    "Reconstruction",
    "ReportedP",
    "Verdict",
    "baseline_similarity",
    "before_rounding",
    "debit",
    "grim",
    "grimmer",
    "median_possible",
    "p_of_reconstructions",
    "possible_counts",
    "possible_denominators",
    "possible_n",
    "printed",
    "reconstruct",
    "reported_p",
    "shared_figures",
    "shared_registrations",
]
