"""A small review with everything that a manuscript shows, and texts of other scripts and of markup where it takes any."""

from __future__ import annotations

from pathlib import Path

SAID = "a|b & 5% <script>x</script> _u_ $1 {z} #2 ~ ^ \\ *s* `c` [l](x) مرحبا 细胞"

REVIEW = """\
schema: mscsec/review/1
title: 'Active treatment {said}'
question: {{population: 'Adults {said}', intervention: Active, comparator: Usual care, outcomes: [death, stay]}}
outcomes:
  death: {{label: 'Death by day 28 {said}', type: dichotomous, better: lower, important_difference: 0.9, measure: RR}}
  stay: {{label: Length of stay, type: continuous, unit: day, granularity: 1, better: lower, important_difference: 1, measure: MD}}
  cost: {{label: Cost, type: continuous, better: lower, measure: MD}}
comparisons:
  active: {{label: Active treatment against usual care, experimental: active, comparator: usual care}}
grade:
  death: {{importance: critical, indirectness: {{levels: 0, reason: 'As asked {said}'}}}}
flow: {{identified: 120, removed: 20, screened: 100, excluded: 90, sought: 10, not_retrieved: 2, assessed: 8, ineligible: {{wrong design: 4}}, included: {{studies: 4}}}}
notes: ['Searched {said}']
"""

ROB = """\
risk_of_bias:
  - tool: rob2
    result: death
    aim: assignment
    assessor: AB
    domains:
      D1: {{answers: {{"1.1": Y, "1.2": Y, "1.3": N}}, support: 'A computer made the list {said}'}}
      D2: {{answers: {{"2.1": N, "2.2": N, "2.6": Y}}, support: Nobody knew}}
      D3: {{answers: {{"3.1": Y}}}}
      D4: {{answers: {{"4.1": N, "4.2": N, "4.3": N}}}}
      D5: {{answers: {{"5.1": NI, "5.2": N, "5.3": N}}, support: No protocol}}
"""

STUDY = """\
schema: mscsec/study/1
id: {id}
citation: {{title: 'A trial {said}', authors: ['{author}', Second Author], year: {year}, journal: 'J Trials {said}', volume: "3", pages: 1-9, doi: "10.1000/x_{id}(a)"}}
design: {{type: parallel-rct, randomised: true, country: Iran, registration: NCT01}}
population: {{condition: 'pneumonia {said}', severity: severe, randomised: {total}}}
arms:
  a: {{role: experimental, label: 'Active {said}', treatment: active, dose: 2 mL, n: {n1}}}
  c: {{role: comparator, label: Care, treatment: usual care, n: {n2}}}
results:
  - {{outcome: death, timepoint: day 28, arms: {{a: {{events: {e1}}}, c: {{events: {e2}}}}}, source: {{where: table 2}}}}
  - {{outcome: stay, unit: day, arms: {{a: {{mean: {m1}, sd: 3.10}}, c: {{mean: {m2}, sd: 4.00}}}}, source: {{where: table 3}}}}
"""

TRIALS = (
    {"id": "abel2019", "author": "Ada Abel", "year": 2019, "n1": "40", "n2": "41", "total": 81, "e1": 4, "e2": 9, "m1": "8.20", "m2": "10.43"},
    {"id": "baker2020", "author": "Bo Baker", "year": 2020, "n1": "{value: 25, assumed: 'equal split of 50 SAID'}", "n2": "25", "total": 50, "e1": 3, "e2": 6, "m1": "9.04", "m2": "11.48"},
    {"id": "cole2021", "author": "Cy Cole", "year": 2021, "n1": "30", "n2": "29", "total": 59, "e1": 0, "e2": 3, "m1": "8.33", "m2": "10.83"},
    {"id": "doe2022", "author": "Dee Doe", "year": 2022, "n1": "118", "n2": "122", "total": 240, "e1": 21, "e2": 30, "m1": "9.10", "m2": "9.90"},
)  # fmt: skip


def write_review(folder: Path, said: str = "", more: str = "") -> Path:
    """The review in a new folder. said : a text that stands wherever a record takes words. more : lines for review.yaml."""
    folder.mkdir(parents=True)
    quoted = said.replace("'", "''")
    (folder / "review.yaml").write_text(REVIEW.format(said=quoted) + more, encoding="utf-8")
    for trial in TRIALS:
        text = STUDY.format(said=quoted, **trial).replace("SAID", quoted)
        text += ROB.format(said=quoted) if trial["id"] in ("abel2019", "doe2022") else ""
        (folder / f"{trial['id']}.yaml").write_text(text, encoding="utf-8")
    return folder
