"""Tables for the property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st


@st.composite
def tables(
    draw: st.DrawFn, *, smallest: int = 1, low: int = 5, high: int = 150, inner: bool = False
) -> list[np.ndarray]:
    """events_1, n_1, events_2, n_2 of a few studies; `inner` keeps every cell positive."""
    k = draw(st.integers(smallest, 7))
    columns = []
    for _ in range(2):
        n = [draw(st.integers(low, high)) for _ in range(k)]
        x = [draw(st.integers(1, size - 1) if inner else st.integers(0, size)) for size in n]
        columns += [np.array(x, dtype=float), np.array(n, dtype=float)]
    return columns


@st.composite
def similar(draw: st.DrawFn, *, smallest: int = 2) -> list[np.ndarray]:
    """Tables with events in both arms that leave every likelihood with a finite maximum."""
    k = draw(st.integers(smallest, 6))
    columns = []
    for _ in range(2):
        n = [draw(st.integers(20, 120)) for _ in range(k)]
        x = [draw(st.integers(1, size // 3)) for size in n]
        columns += [np.array(x, dtype=float), np.array(n, dtype=float)]
    return columns
