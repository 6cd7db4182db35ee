"""A small evidence base on disk, with comments and a layout of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mscsec.cli.app import run

REVIEW = """\
schema: mscsec/review/1
title: Deaths
outcomes:
  death: {label: Death by day 28, type: dichotomous, better: lower, measure: RR, important_difference: 0.9, subjective: false}
  pain: {label: Pain, type: continuous, unit: point, better: lower, measure: MD, important_difference: 1, subjective: true}
"""
STUDY = """\
# A record with a head comment.
schema: mscsec/study/1
id: {id}
citation: {{authors: [{author}, X], year: 2020}}   # the label comes from here
design:
  type: parallel-rct
  randomised: true
  sequence_generation: adequate
  open_label: true   # said in the title

  support: {{open_label: Title says open label.}}
arms:
  drug: {{role: experimental, n: 100, randomised: 100}}
  usual:   {{role: comparator, n: 100, randomised: 100}}
results:
  - outcome: death
    arms: {{drug: {{events: {events}}}, usual: {{events: 20}}}}
    source: {{where: table 2}}
# A comment between the results and the notes.
notes:
  - Last line of the record.
"""
# Every question of RoB 2 that is asked on this way, with what is answered: Low but for D2 (some concerns).
ANSWERS = {
    "D1": {"1.1": "Y", "1.2": "Y", "1.3": "N"},
    "D2": {"2.1": "Y", "2.2": "Y", "2.3": "NI", "2.6": "Y"},
    "D3": {"3.1": "Y"},
    "D4": {"4.1": "N", "4.2": "N", "4.3": "N"},
    "D5": {"5.1": "Y", "5.2": "N", "5.3": "N"},
}


def make_base(folder: Path, studies: dict[str, str] | None = None) -> Path:
    """`folder`/studies with two studies, or those given by id and text; the folder of the base."""
    base = folder / "studies"
    base.mkdir()
    (base / "review.yaml").write_text(REVIEW, encoding="utf-8")
    texts = studies or {
        "roe2020": STUDY.format(id="roe2020", author="Roe", events=10),
        "doe2020": STUDY.format(id="doe2020", author="Doe", events=16),
    }
    for name, text in texts.items():
        (base / f"{name}.yaml").write_text(text, encoding="utf-8")
    return base


def assessed(text: str, assessor: str = "A", **changes: dict[str, Any]) -> str:
    """The record with an assessment of death; `changes` replace whole domains."""
    lines = [] if "risk_of_bias:" in text else ["risk_of_bias:"]
    lines += ["  - tool: rob2", "    result: death", f"    assessor: {assessor}", "    aim: assignment", "    domains:"]
    for id, answers in ANSWERS.items():
        given = changes.get(id, {"answers": answers})
        lines.append(f"      {id}:")
        for key, value in given.items():
            said = "{" + ", ".join(f'"{q}": {a}' for q, a in value.items()) + "}" if isinstance(value, dict) else value
            lines.append(f"        {key}: {said}")
    return text + "\n".join(lines) + "\n"


def mscsec(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    code = run(arguments)
    done = capsys.readouterr()
    return code, done.out, done.err
