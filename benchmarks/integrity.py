"""Time the checks of figures: python benchmarks/integrity.py.

A hundred thousand GRIMMER checks at once, a review of the shipped evidence base, and one of 500 copies of a record with
other figures. Prints seconds (best of three) and exits with 1 where the first takes longer than a second.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mscsec.integrity.many import grimmer_many
from mscsec.integrity.review import review
from mscsec.records.reader import load

STUDIES = Path(__file__).parent.parent / "studies"
LIMIT = 1.0
REVIEW = """\
schema: mscsec/review/1
title: Benchmark
outcomes: {stay: {label: Stay, type: continuous, unit: day, granularity: 1, measure: MD}}
"""


def seconds(run: Callable[[], object]) -> float:
    """Best of three."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def figures(k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means and SDs to two decimals of lengths of stay, with arms of 2 to 200."""
    return np.round(rng.uniform(1, 40, k), 2), np.round(rng.uniform(0.5, 15, k), 2), rng.integers(2, 201, k)


def record(at: int, rng: np.random.Generator) -> str:
    """A trial of a length of stay from simulated patients."""
    n = int(rng.integers(10, 80))
    arms = []
    for name, role in (("a", "experimental"), ("c", "comparator")):
        stay = rng.poisson(rng.uniform(5, 15), n)
        arms.append((name, role, stay.mean(), stay.std(ddof=1)))
    rows = ", ".join(f"{name}: {{mean: {mean:.2f}, sd: {sd:.2f}}}" for name, _, mean, sd in arms)
    made = ", ".join(f"{name}: {{role: {role}, n: {n}}}" for name, role, _, _ in arms)
    return (
        f"schema: mscsec/study/1\nid: t{at}\ncitation: {{title: T{at}}}\ndesign: {{type: parallel-rct}}\n"
        f"arms: {{{made}}}\nresults: [{{outcome: stay, arms: {{{rows}}}}}]\n"
    )


def main() -> int:
    """Print the table; 1 where the hundred thousand take too long."""
    rng = np.random.default_rng(1)
    taken = seconds(lambda: grimmer_many(*figures(100_000, rng)))
    print(f"100,000 GRIMMER checks      {taken:7.3f} s")
    shipped = load(STUDIES)
    print(f"review of {len(shipped.studies)} shipped studies {seconds(lambda: review(shipped)):7.3f} s")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "review.yaml").write_text(REVIEW, encoding="utf-8")
        for at in range(500):
            (Path(folder) / f"t{at}.yaml").write_text(record(at, rng), encoding="utf-8")
        many = load(folder)
        print(f"review of 500 studies       {seconds(lambda: review(many)):7.3f} s")
    print(f"limit of the first: {LIMIT:g} s")
    return 1 if taken > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
