"""A small evidence base to break: one protocol, one record, and a caret that says where the break is."""

from __future__ import annotations

from pathlib import Path

CARET = "¦"  # stands in a replacement right before the place a problem must point to

REVIEW = """\
schema: mscsec/review/1
title: A review
question: {population: people, intervention: active, comparator: control, outcomes: [death, stay]}
outcomes:
  death: {label: Death, type: dichotomous, better: lower, measure: RR}
  stay:
    label: Length of stay
    type: continuous
    unit: day
    conversions: {hour: 0.0416667}
    measure: MD
    comparison: active_vs_control
  score: {label: Score, type: continuous, range: [0, 10], important_difference: 2}
comparisons:
  active_vs_control: {label: Active against control, experimental: active, comparator: control}
analysis: {level: 0.95}
flow: {screened: 120, excluded: {duplicates: 20}}
"""

STUDY = """\
schema: mscsec/study/1
id: roe2021
citation:
  title: A trial
  authors: [Jane Roe]
  year: 2021
  doi: 10.1000/xyz
design:
  type: parallel-rct
  randomised: true
  sequence_generation: adequate
population: {condition: severe, randomised: 42}
arms:
  active: {role: experimental, n: 21}
  control: {role: comparator, n: 21}
results:
  - outcome: death
    timepoint: day 28
    arms:
      active: {events: 3}
      control: {events: 7}
    effects:
      - {measure: RR, estimate: 0.43, ci: [0.13, 1.44], p: 0.17}
    reported: {p: 0.28}
    source: {where: table 2, text: "3 vs 7, P = 0.28"}
  - outcome: stay
    unit: day
    arms:
      active: {mean: 8.2, sd: 3.1}
      control: {median: 10, iqr: [7, 14], range: [2, 30]}
    source: {where: table 2}
risk_of_bias:
  - {tool: rob2, result: death, assessor: A}
notes: [first, second]
"""

FILES = {"review.yaml": REVIEW, "roe2021.yaml": STUDY}


def write(folder: Path, files: dict[str, str] | None = None) -> Path:
    """The base in `folder`, with some files replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (FILES | (files or {})).items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return folder


def broken(file: str, old: str, new: str) -> tuple[str, int, int]:
    """The text of `file` with `old` replaced by `new`, and line and column of the caret in it."""
    text = FILES[file]
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    text = text.replace(old, new)
    before, caret, _ = text.partition(CARET)
    assert caret, f"no caret in {new!r}"
    return text.replace(CARET, ""), before.count("\n") + 1, len(before) - before.rfind("\n")
