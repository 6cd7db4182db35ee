"""Findings as problems at their line, for `check --strict`, annotations and SARIF."""

from __future__ import annotations

from mscsec.integrity.review import CONTRADICTION, QUESTION, IntegrityReview, Located
from mscsec.problems import Problem
from mscsec.records.checks import Finding
from mscsec.records.reader import EvidenceBase


def problems_of(base: EvidenceBase, found: IntegrityReview) -> list[Problem]:
    """Contradictions as errors, questions as warnings, in the order of the files; those silenced there are left out."""
    problems = []
    for each in found.findings:
        if each.level in (CONTRADICTION, QUESTION):
            severity = "error" if each.level == CONTRADICTION else "warning"
            problems.append(base.documents[each.study].problem(_finding(each), severity))
    return sorted((each for each in problems if each is not None), key=lambda problem: problem.sort_key)


def _finding(each: Located) -> Finding:
    verdict = each.verdict
    agrees = f"agrees only if {verdict.condition}" if verdict.condition else ""
    rule = "; ".join(part for part in (f"assumed: {verdict.assumption}" if verdict.assumption else "", agrees) if part)
    ask = f"To ask: {verdict.question}" if verdict.question else ""
    return Finding(each.path, verdict.check, f"{verdict.tested}: {verdict.found}", rule, ask)
