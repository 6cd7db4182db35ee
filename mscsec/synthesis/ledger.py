"""What stands behind a synthesis: every assumption with its place, the version of every record, and the software."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mscsec.effects.sizes import EffectSizes
from mscsec.records.nodes import Path
from mscsec.records.quantities import Model, Quantity
from mscsec.records.reader import EvidenceBase, Origin
from mscsec.results import Result

PROTOCOL = "review"  # stands for the protocol where a study's id would


@dataclass(frozen=True, slots=True)
class Assumption(Result):
    """A figure that no report prints, and why it is believed.

    study, label : whose it is; `PROTOCOL` for the review's own. path, origin : its place in the record.
    used : outcomes whose effects were computed from it.
    """

    study: str
    label: str
    path: Path
    origin: Origin
    reason: str
    used: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordVersion(Result):
    """A file that was read, and the SHA-256 of its text."""

    study: str
    label: str
    file: str
    sha256: str


def assumptions(base: EvidenceBase, sizes: Iterable[EffectSizes] = ()) -> tuple[Assumption, ...]:
    """Every `assumed:` in the protocol and the records, in the order of the files.

    sizes : effects whose derivations say where an assumption was used.
    """
    used: dict[tuple[str, Path], list[str]] = {}
    for of_outcome in sizes:
        for row in of_outcome.rows:
            for figure in row.derivation.figures:
                if figure.assumed:
                    names = used.setdefault((row.record, figure.path), [])
                    if of_outcome.outcome not in names:
                        names.append(of_outcome.outcome)
    found = [
        Assumption(PROTOCOL, "Protocol", path, base.protocol.origin(path), reason, ())
        for path, reason in _assumed(base.review, ())
    ]
    for study in base.studies:
        found += [
            Assumption(
                study.id, study.label, path, base.origin(study.id, path), reason, tuple(used.get((study.id, path), ()))
            )
            for path, reason in _assumed(study, ())
        ]
    return tuple(found)


def _assumed(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, Quantity):
        if value.assumed:
            yield path, value.assumed
    elif isinstance(value, Model):
        for name, field in type(value).model_fields.items():
            if name in value.model_fields_set:
                yield from _assumed(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _assumed(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from _assumed(item, (*path, place))


def record_versions(base: EvidenceBase) -> tuple[RecordVersion, ...]:
    """The protocol, then every study, each with its SHA-256."""
    rows = [RecordVersion(PROTOCOL, "Protocol", base.protocol.file, base.protocol.sha256)]
    rows += [
        RecordVersion(study.id, study.label, base.documents[study.id].file, base.documents[study.id].sha256)
        for study in base.studies
    ]
    return tuple(rows)


def software(own: str | None = None) -> tuple[tuple[str, str], ...]:
    """Names and versions of what computed the numbers. own : this program's version, the installed one's where None."""
    found = [("mscsec", own or _installed("mscsec")), ("Python", platform.python_version())]
    return (*found, *((name, _installed(name)) for name in ("numpy", "scipy", "pydantic", "PyYAML")))


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not known"
