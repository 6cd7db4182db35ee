"""Work shared by processes is the same as that of one, whatever becomes of the others."""

from __future__ import annotations

import os
import time

import pytest

from mscsec.plots import hands
from mscsec.plots.hands import by_all

PARENT = os.getpid()


def no_word(done: int, total: int) -> None:
    pass


def slow_square(place: int) -> tuple[int, int]:
    time.sleep(0.002)
    return place * place, os.getpid()


@pytest.fixture(params=[1, 2, 3])
def processes(request, monkeypatch) -> int:
    monkeypatch.setattr(hands, "processors", lambda: request.param)
    return int(request.param)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 50])
def test_results_stand_in_order(processes: int, count: int) -> None:
    assert [found for found, _ in by_all(slow_square, count, no_word)] == [place**2 for place in range(count)]


def test_every_process_takes_part(processes: int) -> None:
    by = {process for _, process in by_all(slow_square, 60, no_word)}
    assert PARENT in by
    assert len(by) == (processes if hands.can_split() else 1)


def test_what_a_process_leaves_undone_is_done_here(processes: int) -> None:
    def fails_elsewhere(place: int) -> int:
        time.sleep(0.002)
        if os.getpid() != PARENT:
            os._exit(3)
        return place

    assert by_all(fails_elsewhere, 20, no_word) == list(range(20))


def test_an_error_is_raised_as_by_one(processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    forked, fork = [], os.fork

    def recorded() -> int:
        child = fork()
        if child:
            forked.append(child)
        return child

    monkeypatch.setattr(os, "fork", recorded)

    def refuses(place: int) -> int:
        time.sleep(0.002)
        if place in (5, 6, 17):
            if place == 5:
                time.sleep(0.02)  # so that another process fails before this one
            raise ValueError(f"number {place}.")
        return place

    for _ in range(5):
        with pytest.raises(ValueError, match=r"number 5\."):
            by_all(refuses, 20, no_word)
    for child in forked:
        with pytest.raises(ChildProcessError):
            os.waitpid(child, os.WNOHANG)  # no process is left behind
    assert len(forked) == 5 * (processes - 1)


def test_progress_is_told(processes: int) -> None:
    told: list[tuple[int, int]] = []
    by_all(slow_square, 10, lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (10, 10)
