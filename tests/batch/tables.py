"""Tables to pool, written as a user would write them, and the same analyses by `pool`, one at a time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mscsec.errors import MscsecError
from mscsec.pooling import pool

Study = tuple[float, float]
Analyses = dict[str, list[Study]]

FIELDS = (
    "estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "tau2", "i2", "h2", "q", "q_p",
    "prediction_low", "prediction_high", "tau2_ci_low", "tau2_ci_high",
)  # fmt: skip


@st.composite
def analyses(draw: st.DrawFn, most: int = 8) -> Analyses:
    """A few analyses of one to twelve studies."""
    sizes = draw(st.lists(st.integers(1, 12), min_size=1, max_size=most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from([0.0, 0.3, 3.0]))
    return {
        f"a{i}": list(zip(rng.normal(0.1, 0.1 + spread, k).tolist(), rng.uniform(0.01, 0.5, k).tolist(), strict=True))
        for i, k in enumerate(sizes)
    }


def rows_of(tables: Analyses) -> list[list[Any]]:
    """Rows of analysis, yi, vi, analysis by analysis."""
    return [[name, repr(y), repr(v)] for name, studies in tables.items() for y, v in studies]


def write(path: Path, rows: list[list[Any]], header: str = "analysis,yi,vi", end: str = "\n") -> Path:
    """A CSV file."""
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    path.write_bytes((end.join(lines) + end).encode())
    return path


def many(n: int, k: int = 5, seed: int = 3) -> Analyses:
    """n analyses of k studies."""
    rng = np.random.default_rng(seed)
    yi, vi = rng.normal(0.2, 0.5, (n, k)).tolist(), rng.uniform(0.01, 0.3, (n, k)).tolist()
    return {f"g{i:05d}": list(zip(y, v, strict=True)) for i, (y, v) in enumerate(zip(yi, vi, strict=True))}


def alone(studies: list[Study], **options: Any) -> dict[str, float | None]:
    """The fields of `pool` for one analysis; empty where it refuses."""
    try:
        fit = pool([y for y, _ in studies], [v for _, v in studies], **options)
    except MscsecError:
        return {}
    return {name: getattr(fit, name) for name in FIELDS}


def same(found: float | None, wanted: float | None) -> bool:
    """Two numbers that agree to 1e-9, or that are both absent."""
    gone = found is None or math.isnan(found)
    if wanted is None or not math.isfinite(wanted):
        return gone
    return not gone and math.isclose(float(found or 0.0), wanted, rel_tol=1e-9, abs_tol=1e-10)
