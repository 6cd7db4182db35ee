"""A small evidence base with what a rendering must show: notes, assumptions, zero cells, medians, and studies left out."""

from __future__ import annotations

from pathlib import Path

REVIEW = """\
schema: mscsec/review/1
title: Active treatment for a severe disease
outcomes:
  death: {label: Death by day 28, type: dichotomous, better: lower, important_difference: 0.9, measure: RR, timepoints: [day 28, day 30]}
  stay: {label: Length of stay, type: continuous, unit: day, conversions: {hour: 0.0416667}, better: lower, important_difference: 1, measure: MD}
  harm: {label: Serious adverse events, type: dichotomous, better: lower, measure: RR}
  score: {label: Symptom score, type: continuous, better: higher, measure: MD}
comparisons:
  active_vs_control: {label: Active treatment against placebo or usual care, experimental: active, comparator: [placebo, usual care]}
  other_vs_control: {label: Another treatment against usual care, experimental: other, comparator: usual care}
"""


def _study(name: str, author: str, year: int, n: tuple[str, str], results: str, design: str = "", more: str = "", treatment: str = "active") -> str:  # fmt: skip
    return f"""\
schema: mscsec/study/1
id: {name}
citation: {{title: Trial {name}, authors: [{author}], year: {year}}}
design:
  type: {"nonrandomised" if "nonrandomised" in design else "parallel-rct"}
  randomised: {"false" if "nonrandomised" in design else "true"}
  sequence_generation: {"unclear" if "nonrandomised" in design else "adequate"}
  allocation_concealment: {"unclear" if year % 2 else "adequate"}
  blinding: {{participants: blinded, personnel: blinded, assessors: {"blinded" if year % 3 else "no-blinding"}}}
arms:
  a: {{role: experimental, label: Active, treatment: {treatment}, n: {n[0]}}}
  c: {{role: comparator, label: Control, treatment: usual care, n: {n[1]}}}
results:
{results}{more}"""


def _events(a: str, c: str, timepoint: str = "day 28", more: str = "") -> str:
    return f"""\
  - outcome: death
    timepoint: {timepoint}
    arms: {{a: {{{a}}}, c: {{{c}}}}}
    source: {{where: table 2, text: "as printed in {timepoint}"}}
{more}"""


def _stay(a: str, c: str, unit: str = "day") -> str:
    return f"""\
  - outcome: stay
    unit: {unit}
    arms: {{a: {{{a}}}, c: {{{c}}}}}
    source: {{where: table 3}}
"""


ROB = """\
risk_of_bias:
  - tool: rob2
    result: death
    assessor: AB
    aim: assignment
    domains:
      D1: {answers: {"1.1": Y, "1.2": Y, "1.3": N}}
      D2: {answers: {"2.1": N, "2.2": N, "2.6": Y}}
      D3: {answers: {"3.1": Y}}
      D4: {answers: {"4.1": N, "4.2": N, "4.3": N}}
      D5: {answers: {"5.1": NI, "5.2": N, "5.3": N}}
"""

STUDIES = {
    "abel2019": _study("abel2019", "Ada Abel", 2019, ("40", "41"), _events("events: 4", "events: 9") + _stay("mean: 8.2, sd: 3.1", "mean: 10.4, sd: 4.0")),
    "baker2020": _study("baker2020", "Bo Baker", 2020, ("{value: 25, assumed: equal split of 50}", "25"), _events("percent: 12", "events: 6") + _stay("median: 9, iqr: [7, 12]", "median: 11, iqr: [8, 16]")),
    "cole2021": _study("cole2021", "Cy Cole", 2021, ("30", "29"), _events("events: 0", "events: 3", "day 30") + _stay("mean: 200, se: 15", "mean: 260, se: 18", "hour")),
    "doe2022": _study("doe2022", "Dee Doe-Featherstonehaugh de la Tour", 2022, ("118", "122"), _events("events: 21", "events: 30", more='    reported: {p: 0.20}\n') + _stay("mean: 9.1, ci: [8.1, 10.1]", "mean: 9.9, ci: [8.8, 11.0]"), more=ROB),
    "east2020": _study("east2020", "Eve East", 2020, ("20", "20"), _events("events: 1", "events: 5"), design="nonrandomised"),
    "ford2021": _study("ford2021", "Finn Ford", 2021, ("15", "15"), _events("events: 0", "events: 0")),
    "gray2018": _study("gray2018", "Gil Gray", 2018, ("33", "35"), _events("events: 2", "events: 4"), treatment="other"),
    "hill2023": _study("hill2023", "Hal Hill", 2023, ("null", "50"), _events("events: 2", "events: 4")),
}  # fmt: skip


def write_base(folder: Path) -> Path:
    """The base in a new folder."""
    folder.mkdir(parents=True)
    (folder / "review.yaml").write_text(REVIEW, encoding="utf-8")
    for name, text in STUDIES.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder
