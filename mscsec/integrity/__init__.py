"""Can the reported figures be true? Checks on figures as printed, each with what it assumes and what to ask.

The pure checks take figures (text, or numbers with their decimals) and counts; they give `Verdict`s and, beneath them,
the plain results of exact or numerical functions. They know no records, print nothing, and import from the foundation
alone (errors, registry, results, arrays, constants), so that they can be used by themselves:

    printed          a figure, its rounding rules, the span it was rounded from
    whole_numbers    the arithmetic of sums and sums of squares
    granularity      GRIM, GRIMMER, DEBIT, percentages, medians; the n that would fit
    tails, means, tables, contrasts, ranks   P values, effects and intervals recomputed
    arithmetic       sums, orders, possible SDs
    across           figures shared by records, baseline similarity
    reconstruction   samples that give a reported mean and SD
    many             GRIMMER for very many figures at once
    checks_*, table  the checks and their table, `INTEGRITY`

Over them stand the modules that read an evidence base, and import from records and effects; they are imported by name,
since the checks do without them:

    sample_sizes, located              how many patients stand behind a figure; a verdict and its place
    arm_checks, result_checks, base_checks   every check that an arm, a result, a record or two records allow
    review           `review(base)`: the findings with file, line and column; `flagged`: a mark a study
    samples          samples that give a recorded mean and SD
    inspect_sr       suggested answers to checks of INSPECT-SR
    problems         findings as problems at their line, for `check --strict` and SARIF
"""

import mscsec.arrays  # noqa: F401  # before the checks: it imports scipy.special without what nothing here needs
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
from mscsec.integrity.many import grimmer_many
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
    "grimmer_many",
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
