"""The tables of a report, as a table: each for the page of a manuscript, and as data with every digit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mscsec.registry import by_key
from mscsec.report.manuscript.blocks import Table
from mscsec.report.material import Listed, Material
from mscsec.report.tables_appraisal import (
    assumption_tables,
    assumptions_data,
    bias_data,
    bias_tables,
    findings_data,
    findings_tables,
    integrity_data,
    integrity_tables,
)
from mscsec.report.tables_results import pooled_data, pooled_tables, sensitivity_data, sensitivity_tables
from mscsec.report.tables_studies import characteristics, characteristics_data, effect_tables, effects_data


@dataclass(frozen=True, slots=True)
class TableKind:
    """A row of `TABLES`. shown : tables for a page, none where there is nothing to say. data : the same as rows of data."""

    key: str
    name: str
    shown: Callable[[Material], list[Table]]
    data: Callable[[Material], Listed]


TABLES = by_key(
    TableKind("characteristics", "Characteristics of the studies", characteristics, characteristics_data),
    TableKind("effects", "Effects of the studies, by outcome", effect_tables, effects_data),
    TableKind("pooled", "Pooled results", pooled_tables, pooled_data),
    TableKind("sensitivity", "Sensitivity analyses, by outcome", sensitivity_tables, sensitivity_data),
    TableKind("bias", "Risk of bias, by outcome", bias_tables, bias_data),
    TableKind("findings", "Summary of findings", findings_tables, findings_data),
    TableKind("assumptions", "Assumptions", assumption_tables, assumptions_data),
    TableKind("integrity", "Findings of integrity", integrity_tables, integrity_data),
)
