"""Work shared by processes: the same bits, the same errors, and nothing left running."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mscsec.errors import InvalidInput
from mscsec.pooling import BatchResult, pool_batch, shares
from mscsec.processes import can_split

RNG = np.random.default_rng(20)
VI = RNG.uniform(0.01, 0.5, (30_000, 40))
YI = RNG.normal(0, np.sqrt(VI + 0.1))
MASK = RNG.random(VI.shape) < 0.4
MASK[[0, 29_999]] = False

WAYS = [pytest.param(can_split, id="processes"), pytest.param(lambda: False, id="threads")]


def same(a: BatchResult, b: BatchResult) -> None:
    for field in dataclasses.fields(a):
        assert_array_equal(getattr(a, field.name), getattr(b, field.name), err_msg=field.name)


@pytest.fixture(autouse=True)
def any_batch_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "REPAID", 0.0)


@pytest.mark.parametrize("can_split", WAYS)
@pytest.mark.parametrize("workers", [2, 3])
def test_workers_change_not_a_bit(monkeypatch: pytest.MonkeyPatch, can_split: Callable[[], bool], workers: int) -> None:
    monkeypatch.setattr("mscsec.pooling.shares.can_split", can_split)
    options: dict[str, Any] = {"tau2": "PM", "prediction": "hts", "tau2_ci": "QP"}
    same(pool_batch(YI, VI, MASK, workers=workers, **options), pool_batch(YI, VI, MASK, **options))


@pytest.mark.parametrize(("repaid", "processes"), [(0.0, 2), (1e9, 0)])
def test_what_is_soon_done_is_done_alone(
    monkeypatch: pytest.MonkeyPatch, children: list[int], repaid: float, processes: int
) -> None:
    monkeypatch.setattr(shares, "REPAID", repaid)
    pool_batch(YI, VI, MASK, tau2="DL", workers=3)
    assert len(children) == processes


def test_the_time_left_is_that_of_the_faster_of_two_parts() -> None:
    pauses = iter([0.2, 0.01])

    def work(part: slice, columns: shares.Columns) -> None:
        time.sleep(next(pauses))
        columns[0][:] = part.start

    parts = [slice(0, 2), slice(2, 4), slice(4, 14)]
    tried, left = shares._try(work, [float], parts)
    assert_array_equal([columns[0] for columns in tried], [[0, 0], [2, 2]])
    assert 0.05 <= left < 0.9


@pytest.mark.parametrize("can_split", WAYS)
@pytest.mark.parametrize("row", [5, 29_990])
def test_an_impossible_number_is_named_whoever_meets_it(
    monkeypatch: pytest.MonkeyPatch, can_split: Callable[[], bool], row: int
) -> None:
    monkeypatch.setattr("mscsec.pooling.shares.can_split", can_split)
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
    """Has each of them ended and been waited for, within a few seconds?"""
    for child in children:
        for _ in range(500):
            if not running(child):
                break
            time.sleep(0.01)
    return not any(running(child) for child in children)


def running(child: int) -> bool:
    """Is it there, be it as a process that ended and that nobody waited for?"""
    try:
        os.kill(child, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_a_process_left_undone_is_done_again_and_no_process_stays(children: list[int]) -> None:
    parent = os.getpid()
    by = np.zeros(60, np.int64)
    begun, beginning = os.pipe()
    going, go = os.pipe()
    met: set[int] = set()

    def everybody_has_a_part() -> None:
        """Nobody goes on before each has taken one."""
        if os.getpid() in met:
            return
        met.add(os.getpid())
        if os.getpid() == parent:
            for _ in range(2):
                assert os.read(begun, 1)
            os.write(go, b"xx")
        else:
            os.write(beginning, b"x")
            os.read(going, 1)

    def work(part: slice, columns: shares.Columns) -> None:
        everybody_has_a_part()
        if os.getpid() != parent and part.start >= 40:
            raise OSError
        columns[0][:] = os.getpid()

    shares.split(work, [by], [slice(i, i + 1) for i in range(60)], 3)
    for end in (begun, beginning, going, go):
        os.close(end)
    assert set(by[:40]) == {parent, *children}
    assert set(by[40:]) == {parent}
    assert len(children) == 2
    assert gone(children)


def test_the_error_is_that_of_the_first_wrong_row_whoever_meets_another_before() -> None:
    wrong = VI.copy()
    wrong[[9_000, 29_000], 3] = -1
    parent = os.getpid()

    def work(part: slice, columns: shares.Columns) -> None:
        if os.getpid() != parent and part.start == 3:
            time.sleep(0.1)  # the parent meets 7 long before
        if part.start in (3, 7):
            raise InvalidInput(f"part {part.start}", "that")

    for _ in range(5):
        with pytest.raises(InvalidInput, match="part 3"):
            shares.split(work, [np.zeros(9)], [slice(i, i + 1) for i in range(9)], 2)
        with pytest.raises(InvalidInput, match="row 9000, study 3"):
            pool_batch(YI, wrong, tau2="PM", workers=2)


def test_each_part_is_worked_out_once() -> None:
    done, doing = os.pipe()

    def work(part: slice, columns: shares.Columns) -> None:
        os.write(doing, bytes([part.start]))
        columns[0][:] = 1

    shares.split(work, [np.zeros(90)], [slice(i, i + 1) for i in range(90)], 3)
    assert sorted(os.read(done, 1000)) == list(range(90))
    os.close(done)
    os.close(doing)


def test_an_interrupt_ends_all_of_them_and_goes_on(children: list[int]) -> None:
    parent = os.getpid()

    def work(part: slice, columns: shares.Columns) -> None:
        if os.getpid() == parent:
            raise KeyboardInterrupt
        while True:
            pass

    with pytest.raises(KeyboardInterrupt):
        shares.split(work, [np.zeros(2)], [slice(0, 1), slice(1, 2)], 2)
    assert len(children) == 1
    assert gone(children)


def test_more_parts_than_a_pipe_takes_numbers() -> None:
    n = 20_001
    rows = np.zeros(n + 1)

    def work(part: slice, columns: shares.Columns) -> None:
        columns[0][:] = 1 + np.arange(part.start, part.stop)

    shares.split(work, [rows], [*(slice(i, i + 1) for i in range(n - 1)), slice(n - 1, n + 1)], 2)
    assert_array_equal(rows, 1 + np.arange(n + 1))


def test_no_more_processes_than_parts(children: list[int]) -> None:
    shares.split(lambda part, columns: None, [np.zeros(4)], [slice(i, i + 1) for i in range(4)], 100)
    assert len(children) == 3


HANDLED = """
import os, signal, time
import numpy as np
from mscsec.pooling import shares

signal.signal(signal.{name}, signal.{how})
parent = os.getpid()
began, begin = os.pipe()
going, go = os.pipe()
waits = [True]

def work(part, columns):  # each process takes one part
    if os.getpid() != parent:
        os.write(begin, b"x")
        os.read(going, 1)
        columns[0][:] = 1
        return
    if waits and waits.pop():
        os.write(go, b"x")
        os.read(began, 1)
        time.sleep(0.2)  # until the other has done the rest and has ended
    if {fails}:
        raise ValueError
    columns[0][:] = 1

rows = np.zeros(2)
try:
    shares.split(work, [rows], [slice(0, 1), slice(1, 2)], 2)
    print(rows)
except ValueError:
    print("refused")
"""


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize(("name", "how"), [("SIGPIPE", "SIG_DFL"), ("SIGCHLD", "SIG_IGN")])
def test_what_the_program_does_with_signals_is_of_no_consequence(name: str, how: str, fails: bool) -> None:
    """An end of a pipe that nobody reads is no end of this program, and a process nobody waits for no error."""
    script = HANDLED.format(name=name, how=how, fails=fails)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=30, check=False, text=True)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "refused\n" if fails else "[1. 1.]\n")


def test_a_python_without_ctypes_shares_a_batch(monkeypatch: pytest.MonkeyPatch, children: list[int]) -> None:
    monkeypatch.setitem(sys.modules, "ctypes", None)
    same(pool_batch(YI, VI, MASK, tau2="DL", workers=2), pool_batch(YI, VI, MASK, tau2="DL"))
    assert len(children) == 1


def test_no_process_to_be_had_is_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", none_left)
    before = len(os.listdir("/dev/fd"))
    same(pool_batch(YI, VI, MASK, tau2="DL", workers=2), pool_batch(YI, VI, MASK, tau2="DL"))
    assert len(os.listdir("/dev/fd")) == before


def test_an_error_here_ends_the_others(children: list[int]) -> None:
    parent = os.getpid()

    def work(part: slice, columns: shares.Columns) -> None:
        if os.getpid() == parent:
            raise InvalidInput("this", "that")
        while True:
            pass

    with pytest.raises(InvalidInput):
        shares.split(work, [np.zeros(2)], [slice(0, 1), slice(1, 2)], 2)
    assert len(children) == 1
    assert gone(children)


KILLED = """
import os, signal, time
import numpy as np
from mscsec.pooling import shares

parent = os.getpid()
started, begun = os.pipe()

def work(part, columns):
    if os.getpid() != parent:
        os.write(begun, b"x")
    else:
        os.read(started, 1)
        time.sleep(0.1)  # until the others have no place left to put a part, and wait for one
        os.kill(parent, signal.SIGKILL)

rows = np.zeros(40 << 18)
shares.split(work, [rows], [slice(i, i + (1 << 18)) for i in range(0, rows.size, 1 << 18)], 3)
"""


def test_no_process_outlives_a_parent_that_was_killed() -> None:
    """The others hold the pipe of stdout as well, so it ends when the last of them does."""
    done = subprocess.run([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, timeout=30, check=False)
    assert done.returncode == -signal.SIGKILL
