"""Arrays that studies of each family could report, for properties that hold of every measure."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from mscsec.effects.measures import FAMILIES, Measure

K = 4


def floats(low: float, high: float) -> Any:
    return st.lists(st.floats(low, high, allow_nan=False), min_size=K, max_size=K).map(np.array)


def counts(low: int, high: int) -> Any:
    return st.lists(st.integers(low, high), min_size=K, max_size=K).map(lambda values: np.array(values, dtype=float))


ORDINARY = {
    "n_1": counts(8, 400), "n_2": counts(8, 400), "n": counts(12, 400),
    "time_1": floats(5, 5000), "time_2": floats(5, 5000), "time": floats(5, 5000),
    "both": counts(0, 60), "only_1": counts(0, 60), "only_2": counts(0, 60), "neither": counts(0, 60),
    "p_both": floats(0.05, 0.9), "cases_0": counts(0, 200), "cases_1": counts(0, 200), "cases_2": counts(0, 200),
    "mean_1": floats(0.5, 90), "mean_2": floats(0.5, 90), "mean": floats(0.5, 90),
    "sd_1": floats(0.1, 30), "sd_2": floats(0.1, 30), "sd": floats(0.1, 30),
    "d": floats(-3, 3), "t": floats(-6, 6), "p": floats(0.001, 1), "r": floats(-0.95, 0.95),
    "auc": floats(0.05, 0.95), "ties": floats(0, 0.05), "predictors": counts(1, 6), "r2": floats(0.05, 0.9),
    "f": floats(0.1, 20), "alpha": floats(-0.5, 0.98), "items": counts(2, 40),
    "yi": floats(-4, 4), "vi": floats(0.01, 2), "sei": floats(0.1, 2),
}  # fmt: skip
ROUGH = {
    **ORDINARY,
    "n_1": counts(0, 6), "n_2": counts(0, 6), "n": counts(0, 8),
    "time_1": counts(0, 1), "time_2": counts(0, 1), "time": counts(0, 1),
    "both": counts(0, 2), "only_1": counts(0, 2), "only_2": counts(0, 2), "neither": counts(0, 2),
    "cases_0": counts(0, 2), "cases_1": counts(0, 2), "cases_2": counts(0, 2),
    "mean_1": st.sampled_from([0.0, -2.0, 3.0]).map(lambda v: np.array([v, 1.0, 2.0, 0.0])),
    "mean_2": st.sampled_from([0.0, -2.0, 3.0]).map(lambda v: np.array([v, v, 2.0, 5.0])),
    "mean": floats(-2, 2),
    "sd_1": st.sampled_from([0.0, 1.5]).map(lambda v: np.array([v, 0.0, 2.0, v])),
    "sd_2": st.sampled_from([0.0, 1.5]).map(lambda v: np.array([v, 2.0, v, v])),
    "sd": st.sampled_from([0.0, 1.5]).map(lambda v: np.array([v, 0.0, 2.0, np.nan])),
    "d": st.sampled_from([0.0, np.nan]).map(lambda v: np.array([v, np.nan, 1.0, np.nan])),
    "r": st.sampled_from([-1.0, 0.0, 1.0, np.nan]).map(lambda v: np.array([v, 1.0, 0.3, v])),
    "t": floats(-6, 6), "p": floats(0.001, 1),
    "auc": st.sampled_from([0.0, 0.5, 1.0]).map(lambda v: np.array([v, 1.0, 0.0, 0.7])),
    "r2": st.sampled_from([0.0, 1.0]).map(lambda v: np.array([v, 0.0, 1.0, 0.4])),
    "alpha": st.sampled_from([1.0, 0.0]).map(lambda v: np.array([v, 1.0, -3.0, 0.9])),
    "vi": st.sampled_from([0.0, np.nan]).map(lambda v: np.array([v, 0.0, 1.0, 2.0])),
    "yi": st.sampled_from([0.0, np.nan]).map(lambda v: np.array([v, 0.0, np.nan, 2.0])),
}  # fmt: skip


@st.composite
def reports(draw: Any, row: Measure, rough: bool = False) -> dict[str, np.ndarray]:
    """Arrays for `row`, of one of the sets its family can be computed from; zero cells are common."""
    family = FAMILIES[row.family]
    kinds = ROUGH if rough else ORDINARY
    way = draw(st.sampled_from(family.any_of)) if family.any_of else ()
    given = {name: draw(kinds[name]) for name in (*family.needs, *way) if not name.startswith("events")}
    if family.key == "marginal":
        given["n_2"] = given["n_1"]
    for suffix in ("_1", "_2", ""):
        if f"events{suffix}" in family.names:
            size = given.get(f"n{suffix}", np.full(K, 30.0))
            share = draw(st.sampled_from([0.0, 1.0])) if rough else draw(st.floats(0, 1))
            shares = np.array([share, *draw(st.lists(st.floats(0, 1), min_size=K - 1, max_size=K - 1))])
            given[f"events{suffix}"] = np.floor(size * shares)
    return given
