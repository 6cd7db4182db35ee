"""Work shared by processes: the same bits, the same errors, and nothing left running."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mscsec.errors import InvalidInput
from mscsec.pooling import BatchResult, pool_batch, shares

RNG = np.random.default_rng(20)
VI = RNG.uniform(0.01, 0.5, (30_000, 40))
YI = RNG.normal(0, np.sqrt(VI + 0.1))
MASK = RNG.random(VI.shape) < 0.4
MASK[[0, 29_999]] = False

WAYS = [pytest.param(shares.can_split, id="processes"), pytest.param(lambda: False, id="threads")]


def same(a: BatchResult, b: BatchResult) -> None:
    for field in dataclasses.fields(a):
        assert_array_equal(getattr(a, field.name), getattr(b, field.name), err_msg=field.name)


def test_the_batch_is_large_enough_to_be_shared() -> None:
    assert VI.size >= shares.WORTH


@pytest.mark.parametrize("can_split", WAYS)
@pytest.mark.parametrize("workers", [2, 3])
def test_workers_change_not_a_bit(monkeypatch: pytest.MonkeyPatch, can_split: Callable[[], bool], workers: int) -> None:
    monkeypatch.setattr("mscsec.pooling.batch.can_split", can_split)
    options = {"tau2": "PM", "prediction": "hts", "tau2_ci": "QP"}
    same(pool_batch(YI, VI, MASK, workers=workers, **options), pool_batch(YI, VI, MASK, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("can_split", WAYS)
@pytest.mark.parametrize("row", [5, 29_990])
def test_an_impossible_number_is_named_whoever_meets_it(
    monkeypatch: pytest.MonkeyPatch, can_split: Callable[[], bool], row: int
) -> None:
    monkeypatch.setattr("mscsec.pooling.batch.can_split", can_split)
    wrong = VI.copy()
    wrong[row, 3] = -1
    with pytest.raises(InvalidInput, match=f"row {row}, study 3"):
        pool_batch(YI, wrong, tau2="PM", workers=2)


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that a test starts."""
    started: list[int] = []
    fork = os.fork

    def counted() -> int:
        child = fork()
        started.append(child)
        return child

    monkeypatch.setattr(os, "fork", counted)
    return started


def gone(children: list[int]) -> bool:
    """Has each of them ended and been waited for?"""
    for child in children:
        with pytest.raises(ChildProcessError):
            os.waitpid(child, os.WNOHANG)
    return True


def test_what_a_process_left_undone_is_done_again_and_no_process_stays(children: list[int]) -> None:
    parent = os.getpid()
    done = np.zeros(6, np.int64)

    def work(part: slice) -> None:
        if os.getpid() != parent and part.start == 4:
            raise OSError
        done[part] += 1 if os.getpid() == parent else 10

    shares.split(work, [done], [slice(i, i + 1) for i in range(6)], 3)
    assert_array_equal(done, [1, 1, 10, 10, 1, 1])
    assert len(children) == 2
    assert gone(children)


def test_an_error_here_ends_the_others(children: list[int]) -> None:
    parent = os.getpid()

    def work(part: slice) -> None:
        if os.getpid() == parent:
            raise InvalidInput("this", "that")
        while True:
            pass

    with pytest.raises(InvalidInput):
        shares.split(work, [], [slice(0, 1), slice(1, 2)], 2)
    assert len(children) == 1
    assert gone(children)
