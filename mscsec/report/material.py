"""What a report's tables are made of: a synthesis, the ratings of its outcomes, and a table's two faces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mscsec.appraisal.findings import SummaryOfFindings, summary_of_findings
from mscsec.effects.sizes import EffectSizes
from mscsec.pooling.result import PooledResult
from mscsec.report.places import from_folder
from mscsec.said import Ref, Said, parts_of
from mscsec.synthesis.certainty import Body, bodies_of
from mscsec.synthesis.funnel import FunnelTest, funnel_test
from mscsec.synthesis.review import OutcomeSynthesis, Synthesis

FEWEST_FOR_A_FUNNEL = 10  # below, asymmetry is told from chance by no test (Cochrane Handbook 13.3.5.4)


@dataclass(frozen=True, slots=True)
class Material:
    """A synthesis, and by outcome the certainty of those that the protocol has decisions for.

    funnels : by outcome, the test of funnel asymmetry of those with as many studies as the guidance wants for one.
    """

    synthesis: Synthesis
    bodies: Mapping[str, Body]
    funnels: Mapping[str, FunnelTest]

    def here(self, path: str) -> str:
        """A file of the base, or a place in it, from the folder that holds the base: nothing of the machine is printed."""
        return from_folder(self.synthesis.base.folder)(path)

    @property
    def findings(self) -> SummaryOfFindings | None:
        """The summary of findings; outcomes with decisions and without data close it. None where nothing is rated."""
        base = self.synthesis.base
        asked = [one.outcome for one in self.synthesis.outcomes]
        empty = [name for name in base.review.grade if name in asked and name not in self.bodies]
        if not self.bodies and not empty:
            return None
        rated = [(body.evidence, body.certainty) for body in self.bodies.values()]
        return summary_of_findings(rated, [base.review.outcomes[name].label for name in empty])


@dataclass(frozen=True, slots=True)
class Listed:
    """A table as data: a line a row, every digit kept; None is empty."""

    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def material(synthesis: Synthesis) -> Material:
    """The material of a synthesis, its outcomes rated by the review's own analysis."""
    funnels = {
        one.outcome: funnel_test(one.sizes, one.fit.tau2)
        for one in synthesis.with_data
        if one.sizes is not None and one.fit is not None and one.fit.k >= FEWEST_FOR_A_FUNNEL
    }
    return Material(synthesis, bodies_of(synthesis), funnels)


def fitted(one: OutcomeSynthesis) -> tuple[EffectSizes, PooledResult]:
    """Effects and result of an outcome that has them."""
    assert one.sizes is not None
    assert one.fit is not None
    return one.sizes, one.fit


def printed(text: str) -> Said:
    """A notice as a reader finds it on paper: a sentence, without what to type at a terminal."""
    parts = [part if isinstance(part, Ref) else typeset(re.sub(r" \(--[^)]*\)", "", part)) for part in parts_of(text)]
    if parts and isinstance(parts[0], str):
        parts[0] = f"{parts[0][:1].upper()}{parts[0][1:]}"
    return Said(*parts, "" if text.endswith(".") else ".")


def typeset(text: str) -> str:
    """A sentence of the program with its symbols as a journal sets them; not for texts of records."""
    return re.sub(r"\btau2\b", "τ²", re.sub(r"\bI2\b", "I²", text))
