"""The judgements of one instrument over an evidence base, weighted by the meta-analysis of an outcome where there is one."""

from __future__ import annotations

from mscsec.appraisal.bias import reporting
from mscsec.appraisal.judgements import BiasTable, bias_table, recorded_appraisals, tools_of
from mscsec.errors import MscsecError, UnknownName, UsageError
from mscsec.records.reader import EvidenceBase


def judgements(
    base: EvidenceBase, tool: str | None, outcome: str | None = None, comparison: str | None = None
) -> tuple[BiasTable, str]:
    """The table, and why it is not weighted ("" where it is, and where no outcome is named).

    tool : key of an instrument; the one most used on record where None. outcome : weights come from its meta-analysis.
    Raises UnknownName for an outcome, TooFewStudies where no study reports it, UsageError where no assessment is on record and no instrument is named.
    """
    if outcome is not None and outcome not in base.review.outcomes:
        raise UnknownName("outcome", outcome, base.review.outcomes)
    studies = reporting(base.studies, outcome)
    if tool is None:
        used = tools_of(recorded_appraisals(base.studies, outcome))
        if not used:
            raise UsageError("no assessment is on record here; name an instrument with --tool, such as --tool rob2")
        tool = used[0]
    weights, why = None, ""
    if outcome is not None:
        from mscsec.synthesis.fit import pooled, weights_of  # numpy and scipy.special, for the weights alone

        try:
            sizes, fit = pooled(base, outcome, comparison)
            weights = weights_of(sizes, fit) or None
            why = "" if weights else "no study contributes to the meta-analysis"
        except MscsecError as error:
            why = error.message
    return bias_table(studies, tool, outcome, plans=base.review.outcomes, weights=weights), why
