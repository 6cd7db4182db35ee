"""Random meta-regressions for the property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st


@st.composite
def regressions(draw: st.DrawFn, most: int = 14, columns: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """yi (k,), vi (k,) and a well-conditioned design (k, 1 + columns) with an intercept first."""
    k = draw(st.integers(columns + 4, most))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    spread = draw(st.floats(0.0, 1.0))
    ratio = draw(st.floats(1.0, 30.0))
    x = np.column_stack([np.ones(k), rng.normal(size=(k, columns))])
    vi = rng.uniform(0.05, 0.05 * ratio, size=k)
    return x @ rng.normal(size=1 + columns) + rng.normal(size=k) * np.sqrt(vi + spread**2), vi, x
