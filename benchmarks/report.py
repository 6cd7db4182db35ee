"""How long `mscsec report` takes, and how large its page is: for the shipped base, and for bases of many studies and outcomes.

    python benchmarks/report.py

Bases of randomised trials that all report every outcome, with an assessment of risk of bias each, are written to a
temporary folder. Printed for each: seconds on the clock, processor seconds, memory and the size of the page. Exits with 1 where the
shipped base takes more than 3 seconds, or 100 studies and 10 outcomes more than 20.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MSCSEC = str(Path(sys.executable).parent / "mscsec")
CASES = {
    "30 studies, 8 outcomes": (30, 8),
    "12 studies, 8 outcomes (every subset)": (12, 8),
    "100 studies, 10 outcomes": (100, 10),
}
LIMITS = {"the shipped base": 3.0, "100 studies, 10 outcomes": 20.0}
ANSWERS = 'D1: {answers: {"1.1": Y, "1.2": Y, "1.3": N}}, D2: {answers: {"2.1": N, "2.2": N, "2.6": Y}}, D3: {answers: {"3.1": Y}}, D4: {answers: {"4.1": N, "4.2": N, "4.3": N}}, D5: {answers: {"5.1": Y, "5.2": N, "5.3": N}}'


def write_base(folder: Path, studies: int, outcomes: int) -> None:
    """A protocol and `studies` records; outcomes alternate between deaths and days."""
    folder.mkdir()
    chance = random.Random(1)
    plans = "".join(
        f"  o{place}: {{label: Outcome {place}, better: lower, "
        + ("type: continuous, unit: day, measure: MD}\n" if place % 2 else "type: dichotomous, measure: RR}\n")
        for place in range(outcomes)
    )
    (folder / "review.yaml").write_text(
        f"schema: mscsec/review/1\ntitle: Many trials\noutcomes:\n{plans}comparisons:\n  c: {{experimental: drug, comparator: care}}\ngrade:\n  o0: {{indirectness: {{levels: 0, reason: as asked}}}}\n"
    )
    for number in range(studies):
        n = chance.randint(20, 200), chance.randint(20, 200)
        results = ""
        for place in range(outcomes):
            arms = (
                [f"{{mean: {chance.gauss(9, 1):.2f}, sd: {chance.uniform(2, 5):.2f}}}" for _ in n]
                if place % 2
                else [f"{{events: {max(1, round(size * chance.uniform(0.1, 0.4)))}}}" for size in n]
            )
            results += f"  - outcome: o{place}\n    arms: {{a: {arms[0]}, b: {arms[1]}}}\n    source: {{where: table 2, text: as printed}}\n"
        bias = "".join(
            f"  - {{tool: rob2, result: o{place}, aim: assignment, assessor: AB, domains: {{{ANSWERS}}}}}\n"
            for place in range(outcomes)
        )
        (folder / f"t{number:03}.yaml").write_text(
            f"schema: mscsec/study/1\nid: t{number:03}\ncitation: {{title: Trial {number}, authors: [Ada A{number:03}], year: {2000 + number % 25}}}\n"
            f"design: {{type: parallel-rct, randomised: true}}\narms:\n  a: {{role: experimental, treatment: drug, n: {n[0]}}}\n"
            f"  b: {{role: comparator, treatment: care, n: {n[1]}}}\nresults:\n{results}risk_of_bias:\n{bias}"
        )


def run(name: str, arguments: list[str], page: Path) -> bool:
    """One run, printed; False where it takes longer than its limit."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([MSCSEC, "report", *arguments, "-o", str(page), "--force"], check=True, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{name:40} {seconds:6.2f} s  {used:6.2f} s of processor  {after.ru_maxrss / 1024:5.0f} MB at most  page {page.stat().st_size / 1e6:.2f} MB"
    )
    return seconds <= LIMITS.get(name, float("inf"))


def main() -> int:
    """Every case."""
    sound = True
    with tempfile.TemporaryDirectory() as root:
        page = Path(root) / "review.html"
        sound &= run("the shipped base", [], page)
        for name, (studies, outcomes) in CASES.items():
            folder = Path(root) / f"{studies}x{outcomes}"
            write_base(folder, studies, outcomes)
            sound &= run(name, ["--studies", str(folder)], page)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
