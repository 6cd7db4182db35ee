"""Results as the lines of a table: every number in the fewest digits that give it back, whatever its size."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mscsec.batch.analyse import Analysed
from mscsec.batch.tables import encode_csv


def lines(values: np.ndarray) -> list[list[str]]:
    """The cells of a table of (g, n) numbers."""
    g = len(values)
    ones, names = np.ones(g, dtype=np.int64), np.array([f"a{i}" for i in range(g)], dtype=object)
    numbers = {f"x{j}": values[:, j] for j in range(values.shape[1])}
    found = Analysed(names, ones, ones, ones, numbers, np.full(g, "ok", dtype=object), 0, [], g, False)
    text = encode_csv(found, "analysis").decode()
    assert text == "".join(line + "\n" for line in text.splitlines())
    return [line.split(",") for line in text.splitlines()]


def wanted(values: np.ndarray) -> list[list[str]]:
    cells = [[repr(x) if math.isfinite(x) else "" for x in row] for row in values.tolist()]
    return [[f"a{i}", "1", "1", *row, "ok"] for i, row in enumerate(cells)]


@given(st.lists(st.tuples(st.floats(), st.floats(), st.floats(-1e3, 1e3)), max_size=8))
def test_a_number_is_written_as_python_writes_it(rows) -> None:
    values = np.array(rows, dtype=float).reshape(-1, 3)
    assert lines(values) == wanted(values)


def test_the_edges_of_notation_and_halves_that_could_be_rounded_either_way() -> None:
    tens, twos = 10.0 ** np.arange(-8, 20), 2.0 ** np.arange(-60, 70)
    rng = np.random.default_rng(5)
    halves = np.ldexp(rng.integers(2**52, 2**53, 20_000).astype(float), rng.integers(-70, 4, 20_000))
    values = np.concatenate([np.nextafter(tens, 0), tens, np.nextafter(tens, np.inf), twos, halves, [0.0, -0.0]])
    values = np.column_stack([values, -values, np.full(len(values), np.nan)])
    assert lines(values) == wanted(values)
