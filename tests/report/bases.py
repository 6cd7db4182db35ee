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


# BCG vaccine against tuberculosis: id, year, cases and people with the vaccine and without, degrees of latitude.
# Colditz et al. (1994), JAMA 271:698-702; the same figures as metafor's dat.bcg.
_BCG = (
    ("aronson", 1948, 4, 123, 11, 139, 44), ("ferguson", 1949, 6, 306, 29, 303, 55), ("rosenthal", 1960, 3, 231, 11, 220, 42),
    ("hart", 1977, 62, 13598, 248, 12867, 52), ("frimodt", 1973, 33, 5069, 47, 5808, 13), ("stein", 1953, 180, 1541, 372, 1451, 44),
    ("vandiviere", 1973, 8, 2545, 10, 629, 19), ("madras", 1980, 505, 88391, 499, 88391, 13), ("coetzee", 1968, 29, 7499, 45, 7277, 27),
    ("rosenthal", 1961, 17, 1716, 65, 1665, 42), ("comstock", 1974, 186, 50634, 141, 27338, 18), ("webster", 1969, 5, 2498, 3, 2341, 33),
    ("comstock", 1976, 27, 16913, 29, 17854, 33),
)  # fmt: skip


def bcg(folder: Path) -> Path:
    """The 13 trials of BCG with a rating, one of them randomised by clusters so that an ICC is assumed."""
    folder.mkdir(parents=True)
    (folder / "review.yaml").write_text(
        """\
schema: mscsec/review/1
title: BCG against tuberculosis
question: {population: People without tuberculosis before 1980, intervention: BCG, comparator: No vaccine, outcomes: [tb]}
outcomes:
  tb: {label: Tuberculosis, type: dichotomous, better: lower, important_difference: 0.8, measure: RR, icc: {value: 0.05, assumed: as in 3 trials of schools}}
comparisons: {bcg: {label: BCG against none, experimental: bcg, comparator: none}}
analysis: {level: 0.9}
grade:
  tb:
    baseline_risk: {value: 0.02, assumed: 2 in 100 over 10 years}
    indirectness: {levels: -1, reason: Most people of today live far from 44 degrees of latitude}
    suspicions: [4 registered trials were never published]
""",
        encoding="utf-8",
    )
    for place, (author, year, e1, n1, e2, n2, latitude) in enumerate(_BCG):
        design = "cluster-rct, cluster_size: 30" if place == 3 else "parallel-rct"
        (folder / f"{author}{year}.yaml").write_text(
            f"""\
schema: mscsec/study/1
id: {author}{year}
citation: {{title: A trial, authors: [{author.title()} A], year: {year}}}
design: {{type: {design}, randomised: true, country: Latitude {latitude}}}
arms:
  b: {{role: experimental, treatment: bcg, n: {n1}}}
  c: {{role: comparator, treatment: none, n: {n2}}}
results:
  - {{outcome: tb, arms: {{b: {{events: {e1}}}, c: {{events: {e2}}}}}, source: {{where: table 1}}}}
""",
            encoding="utf-8",
        )
    return folder
