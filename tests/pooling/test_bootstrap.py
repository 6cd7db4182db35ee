"""Nagashima's predictive distribution against draws from its definition where that has a closed form."""

from __future__ import annotations

import numpy as np
import pytest

from mscsec.pooling.bootstrap import bootstrap_prediction
from mscsec.pooling.sets import one_set


@pytest.mark.parametrize(("yi", "v"), [([0.0, 0.3, 0.5, 0.9], 0.05), ([0.2, 1.9, 0.4], 0.3), ([0.1, 0.8], 0.04)])
def test_with_equal_variances_the_draws_are_those_of_the_definition(yi: list[float], v: float) -> None:
    """Q is (v + tau2) / v times chi-square on k - 1, mean and HKSJ standard error are those of the plain mean at every tau2."""
    k, n = len(yi), 150_000
    found = bootstrap_prediction(one_set(yi, [v] * k), 0.9, np.random.default_rng(3), draws=n)
    assert np.all(np.diff(found.draws) >= 0)
    rng = np.random.default_rng(4)
    squares = float(np.sum((np.array(yi) - np.mean(yi)) ** 2))
    tau2 = np.maximum(squares / rng.chisquare(k - 1, n) - v, 0.0)
    error = np.sqrt(squares / (k - 1) / k) * rng.standard_t(k - 1, n)
    expected = np.mean(yi) - yi[0] + rng.standard_normal(n) * np.sqrt(tau2) + error  # the first study is the origin
    for p in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95):
        share = np.mean(found.draws <= np.quantile(expected, p))
        assert share == pytest.approx(p, abs=5 * np.sqrt(2 * p * (1 - p) / n))
    assert np.mean(expected < found.low) == pytest.approx(0.05, abs=0.004)
    assert np.mean(expected > found.high) == pytest.approx(0.05, abs=0.004)


def test_progress_is_told_to_the_last_draw() -> None:
    seen: list[tuple[int, int]] = []
    sets = one_set(np.arange(30.0), np.ones(30))
    bootstrap_prediction(sets, 0.9, np.random.default_rng(0), draws=15_000, progress=lambda *done: seen.append(done))
    assert [done for done, _ in seen] == [6666, 13_332, 15_000]
    assert {wanted for _, wanted in seen} == {15_000}
