"""Study-level columns for subgroups and meta-regression, read from the records (or the table) behind the effects."""

from __future__ import annotations

from typing import Any

from mscsec.effects.collect import GROUPS
from mscsec.effects.measures import MEASURES
from mscsec.effects.sizes import EffectSizes
from mscsec.effects.tabular import Table
from mscsec.errors import UnknownName
from mscsec.records.models import Arm, Study
from mscsec.records.quantities import Quantity
from mscsec.records.reader import EvidenceBase

_DESIGN = (
    "randomised", "sequence_generation", "allocation_concealment", "open_label", "placebo", "incomplete_outcome_data",
    "selective_reporting", "country", "registration", "funding", "conflicts",
)  # fmt: skip
EFFECT_COLUMNS = frozenset(
    {"study", "yi", "vi", "sei"}
)  # columns of a table that name a study or are its effect, and explain none
_ARM = ("treatment", "intervention", "dose", "route", "schedule")


def columns_of_base(base: EvidenceBase, sizes: EffectSizes) -> dict[str, list[Any]]:
    """Columns by name for the rows of `sizes`; None where a record does not say.

    year, country, design, timepoint and the other design flags; blinding_participants ...; condition and severity; dose,
    route, schedule, treatment and intervention of the experimental arm, with `comparator_` in front those of the
    comparator; n, n_1, n_2 (of a single group n is n_1); and every key under `moderators:` of a record.
    """
    studies = {study.id: study for study in base.studies}
    one = GROUPS.get(MEASURES[sizes.measure].family, 2) == 1
    found = [_of_study(studies[row.record], row.part) | _of_row(row, one_group=one) for row in sizes.rows]
    names = list(dict.fromkeys(name for one in found for name in one))
    return {name: [one.get(name) for one in found] for name in names}


def _of_study(study: Study, part: str = "") -> dict[str, Any]:
    """Columns of a record. part : the experimental arm, where the trial enters with several; else its first."""
    design = study.design
    found: dict[str, Any] = {"year": study.citation.year, "design": design.type}
    found |= {name: _plain(getattr(design, name)) for name in _DESIGN}
    found |= {
        f"blinding_{group}": getattr(design.blinding, group) for group in ("participants", "personnel", "assessors")
    }
    found |= {name: getattr(study.population, name) for name in ("condition", "severity")}
    for role, prefix in (("comparator", "comparator_"), ("experimental", "")):
        arm = next((arm for arm in study.arms.values() if arm.role == role), None)
        arm = study.arms[part] if part and role == "experimental" else arm
        if isinstance(arm, Arm):
            found |= {prefix + name: getattr(arm, name) for name in _ARM}
    return found | {name: _plain(value) for name, value in study.moderators.items()}


def _of_row(row: Any, *, one_group: bool) -> dict[str, Any]:
    n_1, n_2 = row.experimental.n, row.comparator.n
    both = None if n_1 is None or n_2 is None else n_1 + n_2
    return {"timepoint": row.timepoint, "n_1": n_1, "n_2": n_2, "n": n_1 if one_group else both}


def _plain(value: Any) -> Any:
    if isinstance(value, Quantity):
        return float(value.value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def columns_of_table(table: Table, sizes: EffectSizes) -> dict[str, list[Any]]:
    """The table's columns for the rows of `sizes`; a column in which every filled cell is a number is one of numbers."""
    labels = table.labels()
    kept = [labels.index(row.study) for row in sizes.rows]
    return {name: _typed([table.plain(cells[place]) for place in kept]) for name, cells in table.columns.items()}


def _typed(cells: list[str]) -> list[Any]:
    filled: list[Any] = [cell or None for cell in cells]
    try:
        return [None if cell is None else float(cell) for cell in filled]
    except ValueError:
        return filled


def column(columns: dict[str, list[Any]], name: str) -> list[Any]:
    """One column; raises UnknownName, with the nearest, where there is none."""
    if name not in columns:
        raise UnknownName("field", name, columns)
    return columns[name]
