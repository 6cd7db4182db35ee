"""The shipped death rates by another road: the printed counts, the formulas written out, the likelihood on a grid."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from mscsec.cli.app import run
from mscsec.records.reader import shipped_folder

# Deaths and patients as the papers print them, MSC cells then control: Bowdish 2023, Shu 2020, Zhu 2021.
PRINTED = [(42, 112, 47, 110), (0, 12, 3, 29), (0, 29, 2, 29)]


def log_risk_ratio(a: float, n1: float, c: float, n2: float) -> tuple[float, float]:
    """With a half in every cell of a table that has an empty one."""
    if 0 in (a, c, n1 - a, n2 - c):
        a, c, n1, n2 = a + 0.5, c + 0.5, n1 + 1, n2 + 1
    return math.log((a / n1) / (c / n2)), 1 / a - 1 / n1 + 1 / c - 1 / n2


def restricted_log_likelihood(y: np.ndarray, v: np.ndarray, tau2: float) -> float:
    w = 1 / (v + tau2)
    mu = (w * y).sum() / w.sum()
    return float(-0.5 * (np.log(v + tau2).sum() + np.log(w.sum()) + (w * (y - mu) ** 2).sum()))


def test_death_by_day_28_over_the_cell_trials(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pool", "--outcome", "mortality_28d", "--studies", str(shipped_folder()), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    fit = document["result"]
    y, v = (np.array(column) for column in zip(*(log_risk_ratio(*row) for row in PRINTED), strict=True))
    grid = np.linspace(0, 5, 50_001)
    tau2 = grid[int(np.argmax([restricted_log_likelihood(y, v, float(t)) for t in grid]))]
    w = 1 / (v + tau2)
    mu, se = (w * y).sum() / w.sum(), w.sum() ** -0.5
    assert [row["study"] for row in document["effects"]["rows"]] == ["bowdish2023", "shu2020", "zhu2021"]
    assert fit["tau2"] == pytest.approx(tau2, abs=1e-4)
    assert fit["estimate"] == pytest.approx(mu, rel=1e-12)
    assert fit["ci_low"] == pytest.approx(mu - 1.959963984540054 * se, rel=1e-12)
    assert fit["ci_high"] == pytest.approx(mu + 1.959963984540054 * se, rel=1e-12)
    assert fit["q"] == pytest.approx(((y - mu) ** 2 / v).sum(), rel=1e-12)
    t = 0.95 / math.sqrt(2 * 0.975 * 0.025)  # the quantile of t with two degrees of freedom, in closed form
    assert fit["prediction_low"] == pytest.approx(mu - t * math.sqrt(se**2 + tau2), rel=1e-12)
    assert fit["display"]["estimate"] == pytest.approx(math.exp(mu), rel=1e-12)
    assert sum(fit["weights"]) == pytest.approx(1)
