"""Processes split from this one: each number of a queue is taken once, and nobody speaks with its parent's voice."""

from __future__ import annotations

import os
import sys
import time

import pytest

from mscsec.processes import Queue, can_split, reap, split_off

pytestmark = pytest.mark.skipif(not can_split(), reason="no process can be split here")


@pytest.mark.parametrize("count", [0, 1, 7, 1000, 1001, 25_000])
def test_alone_it_is_every_number_in_order(count: int) -> None:
    queue = Queue(count)
    assert list(queue) == list(range(count))
    assert list(queue) == []
    queue.close()


@pytest.mark.parametrize("count", [60, 3001])
def test_each_number_is_taken_by_one_process(count: int) -> None:
    queue = Queue(count)
    reading, writing = os.pipe()

    def take() -> None:
        for number in queue:
            time.sleep(1e-4)
            os.write(writing, number.to_bytes(2, "little"))

    processes = [split_off(take) for _ in range(2)]
    os.close(writing)
    own = []
    for number in queue:
        time.sleep(1e-4)
        own.append(number)
    with os.fdopen(reading, "rb") as pipe:
        sent = pipe.read()
    theirs = [int.from_bytes(sent[at : at + 2], "little") for at in range(0, len(sent), 2)]
    assert own
    assert theirs
    assert sorted(own + theirs) == list(range(count))
    assert [os.waitpid(process, 0)[1] for process in processes] == [0, 0]
    queue.close()


def test_its_end_says_whether_it_did_its_work(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ValueError("a word")

    def leave() -> None:
        sys.exit(0)

    process = split_off(fail)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 1
    process = split_off(leave)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 1
    assert capfd.readouterr() == ("", "")


def test_a_process_is_reaped_while_others_go_on() -> None:
    waiting, going = os.pipe()
    process = split_off(lambda: os.read(waiting, 1) and None)
    reap(process)
    os.kill(process, 0)  # it is there: nobody waited
    os.write(going, b"x")
    for _ in range(500):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            break
        time.sleep(0.01)
    else:
        pytest.fail("it ended, and nobody took note")
    os.close(waiting)
    os.close(going)
