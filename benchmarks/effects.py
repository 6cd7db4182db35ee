"""Time a million effects of every measure: python benchmarks/effects.py [number of studies].

Prints a line per measure (seconds, best of three) and exits with 1 where a closed-form measure takes longer than a second.
RTET, ZTET, R2F and ZR2F solve or integrate study by study; they are timed on a hundredth of the studies and not judged.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from mscsec.effects.measures import FAMILIES, MEASURES, Measure, effect_size

LIMIT = 1.0
ITERATIVE = {"RTET", "ZTET", "R2F", "ZR2F"}


def reports(row: Measure, k: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Arrays of k studies for `row`; one study in a hundred has a zero cell."""
    family = FAMILIES[row.family]
    names = (*family.needs, *(family.any_of[-1] if family.any_of else ()))
    sizes = rng.integers(20, 400, k).astype(float)
    drawn = {
        "mean": lambda: rng.uniform(5, 50, k),
        "sd": lambda: rng.uniform(1, 10, k),
        "events": lambda: np.where(rng.random(k) < 0.01, 0, rng.integers(1, 20, k)).astype(float),
        "time": lambda: rng.uniform(10, 1000, k),
        "n": lambda: sizes,
        "r": lambda: rng.uniform(-0.9, 0.9, k),
        "t": lambda: rng.uniform(-3, 3, k),
        "p": lambda: rng.uniform(0.01, 1, k),
        "f": lambda: rng.uniform(0.5, 9, k),
        "r2": lambda: rng.uniform(0.1, 0.9, k),
        "auc": lambda: rng.uniform(0.1, 0.9, k),
        "alpha": lambda: rng.uniform(0, 0.9, k),
        "items": lambda: rng.integers(2, 30, k).astype(float),
        "predictors": lambda: rng.integers(1, 9, k).astype(float),
        "p_both": lambda: rng.uniform(0.01, 0.02, k),
        "yi": lambda: rng.normal(size=k),
        "sei": lambda: rng.uniform(0.1, 1, k),
    }
    counts = ("both", "only_1", "only_2", "neither", "cases_0", "cases_1", "cases_2")
    return {name: (drawn["events"] if name in counts else drawn.get(name) or drawn[name[:-2]])() for name in names}


def seconds(row: Measure, k: int) -> float:
    """Best of three."""
    arrays = reports(row, k, np.random.default_rng(1))
    times = []
    for _ in range(3):
        start = time.perf_counter()
        effect_size(row.key, **arrays)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> int:
    """Print the table; 1 where a closed form is too slow."""
    k = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    slow = []
    for row in MEASURES.values():
        studies = k // 100 if row.key in ITERATIVE else k
        taken = seconds(row, studies)
        print(f"{row.key:8} {studies:>9,} studies {taken:7.3f} s")
        if row.key not in ITERATIVE and taken > LIMIT:
            slow.append(row.key)
    print(f"over {LIMIT:g} s: {', '.join(slow) or 'none'}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
