"""Evidence bases for these tests: written as a user writes them, read as the program reads them."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from mscsec.records.reader import EvidenceBase, load

REVIEW = """\
schema: mscsec/review/1
title: A review
outcomes:
  stay: {label: Length of stay, type: continuous, unit: day, granularity: 1, better: lower, measure: MD}
  score: {label: Symptom score, type: continuous, granularity: 1, range: [0, 40], better: lower, measure: MD}
  saturation: {label: Oxygen saturation, type: continuous, unit: "%", range: [0, 100], better: higher, measure: MD}
  crp: {label: C-reactive protein, type: continuous, unit: mg/L, better: lower, measure: MD}
  ferritin: {label: Ferritin, type: continuous, unit: ug/L, better: lower, measure: MD}
  dimer: {label: D-dimer, type: continuous, unit: mg/L, better: lower, measure: MD}
  death: {label: Death, type: dichotomous, better: lower, measure: RR}
"""


def record(
    name: str, results: str, n: tuple[str, str] = ("20", "20"), more: str = "", design: str = "parallel-rct"
) -> str:
    """A record of two arms, a and c; `results` is YAML of the list, `more` YAML of further keys."""
    return (
        f"schema: mscsec/study/1\nid: {name}\n"
        f"citation: {{title: Trial {name}, authors: [Ann {name.capitalize()}], year: 2021}}\n"
        f"design: {{type: {design}, randomised: true}}\n"
        f"arms:\n  a: {{role: experimental, n: {n[0]}}}\n  c: {{role: comparator, n: {n[1]}}}\n"
        f"{textwrap.dedent(more)}results:\n{textwrap.indent(textwrap.dedent(results).strip(), '  ')}\n"
    )


def write(folder: Path, records: Mapping[str, str], review: str = REVIEW) -> Path:
    """The files of a base."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "review.yaml").write_text(review, encoding="utf-8")
    for name, text in records.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


@contextlib.contextmanager
def base_of(records: Mapping[str, str], review: str = REVIEW) -> Iterator[EvidenceBase]:
    """The base of these records, while its files are there."""
    with TemporaryDirectory() as folder:
        yield load(write(Path(folder) / "studies", records, review))
