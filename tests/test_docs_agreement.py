"""The page on agreement: every case is within its tolerance, every row of the page is a fresh run's, no method is left out unseen."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from mscsec.effects.measures import MEASURES
from mscsec.pooling import CI, PREDICTION, TAU2, TAU2_CI
from mscsec.pooling.counts import COUNTS, RATES
from mscsec.pooling.regression import SANDWICHES
from mscsec.small_study import ASYMMETRY, ESTIMATORS, FAIL_SAFE

SCRIPT = Path(__file__).resolve().parents[1] / "docs" / "agreement.py"
SPEC = importlib.util.spec_from_file_location("docs_agreement", SCRIPT)
assert SPEC is not None
assert SPEC.loader is not None
AGREEMENT = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = AGREEMENT  # dataclasses look their module up while it is being made
SPEC.loader.exec_module(AGREEMENT)

# Rows without a case in the reference files; their own tests compare them with brute force or published numbers.
ALONE = {
    "TAU2": {"DL2"}, "TAU2_CI": set(), "CI": {"profile"}, "PREDICTION": {"shown"}, "COUNTS": {"BB", "Firth"}, "RATES": set(),
    "MEASURES": {"GEN"}, "ASYMMETRY": {"rucker"}, "ESTIMATORS": set(), "FAIL_SAFE": set(),
    "SANDWICHES": set(),
}  # fmt: skip
REGISTRIES = {
    "TAU2": TAU2, "TAU2_CI": TAU2_CI, "CI": CI, "PREDICTION": PREDICTION, "COUNTS": COUNTS, "RATES": RATES, "MEASURES": MEASURES,
    "ASYMMETRY": ASYMMETRY, "ESTIMATORS": ESTIMATORS, "FAIL_SAFE": FAIL_SAFE, "SANDWICHES": SANDWICHES,
}  # fmt: skip


@pytest.fixture(scope="module")
def seen():
    return AGREEMENT.run()


def test_every_line_is_within_its_tolerance(seen):
    beyond = {row: (line.largest, line.tolerance) for row, line in seen.lines.items() if line.largest > line.tolerance}
    assert beyond == {}


@pytest.mark.parametrize("name", REGISTRIES)
def test_every_row_has_a_line(seen, name):
    assert set(REGISTRIES[name]) - {key for table, key in seen.lines if table == name} == ALONE[name]


def test_the_page_has_these_lines_and_cases(seen):
    page = AGREEMENT.PAGE.read_text(encoding="utf-8")
    shown = re.findall(r"^\| `([^`]+)` \| (\d+) \| \S+ \| (\S+) \|$", page, re.MULTILINE)
    order = [row for name in AGREEMENT.TITLES for row in seen.lines if row[0] == name]
    fresh = [
        (key, str(len(seen.lines[table, key].cases)), f"{seen.lines[table, key].tolerance:.0e}") for table, key in order
    ]
    assert shown == fresh, "run python docs/agreement.py"


def test_the_largest_difference_is_found():
    assert AGREEMENT.largest_difference([1.0, 2.0, None], [1.0, 2.02, None]) == pytest.approx(0.02 / 2.02)
    assert AGREEMENT.largest_difference(1e-9, 0.0) == 1e-9
    assert AGREEMENT.largest_difference(np.nan, 3.0) == 0.0


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "1e-15"), (3e-14, "1e-13"), (4.1e-4, "5e-04"), (1e-3, "1e-03"), (9.4e-7, "1e-06")]
)
def test_a_difference_is_rounded_up(value, shown):
    assert AGREEMENT.power(value) == shown
