"""Fail-safe N and PET-PEESE: edges, refusals and numbers a hand can check."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mscsec.errors import InvalidInput, NotEstimable, TooFewStudies, UnknownMethod
from mscsec.small_study import FAIL_SAFE, fail_safe_n, pet_peese
from mscsec.sources import SOURCES

YI = np.array([0.5, 0.4, 0.6, 0.2])
VI = np.array([0.04, 0.05, 0.09, 0.02])


def test_rosenthal_by_hand() -> None:
    """Two studies with z = 2 each: Stouffer's z is 4 / sqrt(2) = 2.83; (4 / 1.645)^2 - 2 = 3.91, so 4 more."""
    result = fail_safe_n([0.2, 0.2], [0.01, 0.01])
    assert result.n == 4
    assert result.p_value == pytest.approx(stats.norm.sf(4 / 2**0.5), rel=1e-12)


def test_orwin_by_hand() -> None:
    """Four effects of mean 0.425 fall to 0.1 with 4 * (0.425 - 0.1) / 0.1 = 13 studies of no effect."""
    assert fail_safe_n(YI, VI, "orwin", target=0.1).n == 13
    assert fail_safe_n(-YI, VI, "orwin", target=0.1).target == -0.1


def test_general_is_the_first_that_undoes_it() -> None:
    result = fail_safe_n(YI, VI, "general", model="common")
    weights = 1 / VI

    def p(n: int) -> float:
        return float(2 * stats.norm.sf((weights @ YI) / np.sqrt(weights.sum() + n * weights.mean())))

    assert p(result.n - 1) < 0.05 <= p(result.n)
    assert result.p_value_after == pytest.approx(p(result.n), rel=1e-10)


@pytest.mark.parametrize("method", ["rosenthal", "rosenberg", "general"])
def test_what_is_undone_needs_none(method: str) -> None:
    assert fail_safe_n([0.1, -0.1, 0.05], [1.0, 1.0, 1.0], method).n == 0


@pytest.mark.parametrize("method", FAIL_SAFE)
def test_one_study_and_none(method: str) -> None:
    target = 0.1 if method == "orwin" else None
    assert fail_safe_n([1.0], [0.04], method, target=target, model="common").n > 0
    with pytest.raises(TooFewStudies):
        fail_safe_n([], [], method, target=target)


@pytest.mark.parametrize("method", FAIL_SAFE)
def test_it_comes_with_its_caveat(method: str) -> None:
    result = fail_safe_n(YI, VI, method, target=0.1 if method == "orwin" else None)
    assert [n.code for n in result.warnings] == ["P509"]
    assert FAIL_SAFE[method].source in SOURCES


def test_an_endless_search_ends() -> None:
    with pytest.raises(NotEstimable, match="would not undo"):
        fail_safe_n([1e6, 1e6 + 1], [1e-6, 1e-6], "general", target=1e-6, model="common")


def test_wrong_requests() -> None:
    with pytest.raises(InvalidInput, match="no target"):
        fail_safe_n(YI, VI, "orwin")
    with pytest.raises(InvalidInput, match="target with rosenthal"):
        fail_safe_n(YI, VI, target=0.1)
    with pytest.raises(InvalidInput, match=r"target is -0\.1"):
        fail_safe_n(YI, VI, "orwin", target=-0.1)
    with pytest.raises(InvalidInput, match="alpha is 5"):
        fail_safe_n(YI, VI, alpha=5)
    with pytest.raises(InvalidInput, match="model is 'fixed'"):
        fail_safe_n(YI, VI, model="fixed")
    with pytest.raises(UnknownMethod, match="unknown fail-safe N"):
        fail_safe_n(YI, VI, "rosen")


def test_pet_peese_follows_a_shift_of_sign() -> None:
    right, left = pet_peese(YI, VI, side="right"), pet_peese(-YI, VI, side="left")
    assert right.chosen == left.chosen
    assert right.pet_p == pytest.approx(left.pet_p, rel=1e-9)
    assert right.estimate == pytest.approx(-left.estimate, rel=1e-9)
    assert right.ci_low < right.estimate < right.ci_high


def test_pet_peese_edges() -> None:
    with pytest.raises(TooFewStudies, match="PET-PEESE needs 3"):
        pet_peese(YI[:2], VI[:2], side="right")
    with pytest.raises(NotEstimable, match="the standard error is the same"):
        pet_peese(YI, np.full(4, 0.1), side="right")
    with pytest.raises(InvalidInput, match="side is 'up'"):
        pet_peese(YI, VI, side="up")
    with pytest.raises(InvalidInput, match="level is 95"):
        pet_peese(YI, VI, side="right", level=95)
