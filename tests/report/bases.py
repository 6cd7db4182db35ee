"""Evidence bases made on the spot: as many studies and outcomes as a test of the page wants, and texts that try to break out."""

from __future__ import annotations

import random
from pathlib import Path

HOSTILE = "<script>window.broken=1</script><b>&amp;\"'"

DOMAINS = {
    "D1": {"1.1": "Y", "1.2": "Y", "1.3": "N"},
    "D2": {"2.1": "N", "2.2": "N", "2.6": "Y"},
    "D3": {"3.1": "Y"},
    "D4": {"4.1": "N", "4.2": "N", "4.3": "N"},
    "D5": {"5.1": "Y", "5.2": "N", "5.3": "N"},
}


def write_base(folder: Path, studies: int, outcomes: int, seed: int = 1, said: str = "", text: str = "") -> Path:
    """A base of randomised trials that all report every outcome, every third of them at high risk of bias for the first.

    Outcomes alternate between deaths (RR) and a stay in days (MD). said : put at the end of every text. text : more
    lines for review.yaml.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    (folder / "review.yaml").write_text(_review(outcomes, said) + text, encoding="utf-8")
    for number in range(studies):
        (folder / f"trial{number:03}.yaml").write_text(_study(number, outcomes, chance, said), encoding="utf-8")
    return folder


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _review(outcomes: int, said: str) -> str:
    lines = ["schema: mscsec/review/1", f"title: {_quoted('Treatment for disease ' + said)}", "outcomes:"]
    for place in range(outcomes):
        if place % 2:
            lines.append(
                f"  o{place}: {{label: {_quoted('Stay ' + str(place) + said)}, type: continuous, unit: day, better: lower, important_difference: 1, measure: MD}}"
            )
        else:
            lines.append(
                f"  o{place}: {{label: {_quoted('Death ' + str(place) + said)}, type: dichotomous, better: lower, important_difference: 0.9, measure: RR}}"
            )
    lines += [
        "comparisons:",
        f"  c: {{label: {_quoted('Drug against care ' + said)}, experimental: drug, comparator: care}}",
    ]
    lines += ["grade:", "  o0:", f"    indirectness: {{levels: 0, reason: {_quoted('As asked ' + said)}}}"]
    lines += [f"notes: [{_quoted('A note ' + said)}]"] if said else []
    return "\n".join(lines) + "\n"


def _study(number: int, outcomes: int, chance: random.Random, said: str) -> str:
    n = (chance.randint(20, 200), chance.randint(20, 200))
    guessed = f"{{value: {n[0]}, assumed: {_quoted('equal split ' + said)}}}"
    author = "Ada Author" + str(number).zfill(3) + said
    lines = [
        "schema: mscsec/study/1", f"id: trial{number:03}",
        f"citation: {{title: {_quoted('Trial ' + said)}, authors: [{_quoted(author)}], year: {2000 + number % 25}, doi: 10.1000/x{number}}}",
        "design: {type: parallel-rct, randomised: true}",
        "arms:",
        f"  a: {{role: experimental, label: {_quoted('Drug ' + said)}, treatment: drug, n: {n[0] if number % 5 else guessed}}}",
        f"  b: {{role: comparator, label: Care, treatment: care, n: {n[1]}}}",
        "results:",
    ]  # fmt: skip
    for place in range(outcomes):
        if place % 2:
            mean = chance.gauss(9, 1.0)
            cells = [
                f"{{mean: {mean + shift:.2f}, sd: {chance.uniform(2, 5):.2f}}}"
                for shift in (chance.gauss(-1, 0.8), 0.0)
            ]
        else:
            risk = chance.uniform(0.1, 0.4)
            cells = [
                f"{{events: {max(1, round(size * risk * factor))}}}"
                for size, factor in zip(n, (chance.uniform(0.4, 1.1), 1.0), strict=True)
            ]
        lines += [
            f"  - outcome: o{place}", f"    arms: {{a: {cells[0]}, b: {cells[1]}}}",
            f"    source: {{where: table 2, text: {_quoted('as printed ' + said)}}}",
        ]  # fmt: skip
    lines += [
        "risk_of_bias:",
        "  - tool: rob2",
        "    result: o0",
        "    aim: assignment",
        "    assessor: AB",
        "    domains:",
    ]
    for domain, answers in DOMAINS.items():
        given = answers | ({"1.1": "N", "1.2": "N"} if domain == "D1" and number % 3 == 0 else {})
        words = ", ".join(f'"{key}": {value}' for key, value in given.items())
        lines += [f"      {domain}:", f"        answers: {{{words}}}", f"        support: {_quoted('Said so ' + said)}"]
    return "\n".join(lines) + "\n"
