"""The literature behind the methods: one row a work, keyed by first author and year.

Registries point here by key, so that the docs index and the references of a report are derived from the methods used.
"""

from __future__ import annotations

from dataclasses import dataclass

from mscsec.registry import by_key


@dataclass(frozen=True, slots=True)
class Source:
    """One published work; `doi` is bare (no address in front), empty where there is none."""

    key: str
    authors: str
    year: int
    title: str
    published: str
    doi: str = ""

    def __str__(self) -> str:
        return f"{self.authors} ({self.year}). {self.title}. {self.published}." + (
            f" doi:{self.doi}" if self.doi else ""
        )


SOURCES = by_key(
    # --- general -----------------------------------------------------------------------------------------------
    Source(
        "cochrane_handbook",
        "Higgins JPT, Thomas J, Chandler J, Cumpston M, Li T, Page MJ, Welch VA (editors)",
        2024,
        "Cochrane Handbook for Systematic Reviews of Interventions, version 6.5",
        "Cochrane",
    ),
    # --- effects -----------------------------------------------------------------------------------------------
    # --- pooling: one set of effects -----------------------------------------------------------------------------
    Source(
        "dersimonian1986",
        "DerSimonian R, Laird N",
        1986,
        "Meta-analysis in clinical trials",
        "Control Clin Trials 7:177-188",
        "10.1016/0197-2456(86)90046-2",
    ),
    # --- pooling: from the cells -----------------------------------------------------------------------------------
    # --- pooling: regression -----------------------------------------------------------------------------------------
    # --- appraisal -----------------------------------------------------------------------------------------------------
    # --- integrity -----------------------------------------------------------------------------------------------------
)
