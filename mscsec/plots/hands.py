"""Pictures drawn by several processes at once, which see the same memory; by one where the system cannot split a process."""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from mscsec.processes import Queue, can_split, split_off

WORTH = 4  # pieces of work from which splitting the process is repaid

T = TypeVar("T")
Tell = Callable[[int, int], None]


def by_all(work: Callable[[int], T], count: int, tell: Tell) -> list[T]:
    """`work` of 0, 1 ... `count` - 1, in that order, each done by whichever process is free.

    work : returns what can be pickled, the same in every process. tell : is told how many have begun, of how many.
    What another process did not finish, for whatever reason, is done here again, and so is what failed here after it: the error that
    is raised is the one that a single process would have met first.
    """
    hands = min(processors(), count // 2) if can_split() and count >= WORTH else 1
    queue, others, done = Queue(count), list[_Other[T]](), dict[int, T]()
    with suppress(OSError):  # where the system gives no more processes, those there are share the work
        while len(others) < hands - 1:
            others.append(_Other(work, queue))
    try:
        for place in queue:
            tell(place, count)
            done[place] = work(place)
    except BaseException as error:
        for other in others:
            other.stop()
        if not isinstance(error, Exception):
            raise
    finally:
        for other in others:
            done |= other.result()
        queue.close()
    tell(count, count)
    return [done[place] if place in done else work(place) for place in range(count)]


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Other(Generic[T]):
    """Another process at the same work, and the file in which it leaves what it did."""

    def __init__(self, work: Callable[[int], T], queue: Queue) -> None:
        self._work, self._queue = work, queue
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when its result is read
        try:
            self._process = split_off(self._all)
        except OSError:
            self._file.close()
            raise

    def _all(self) -> None:
        pickle.dump({place: self._work(place) for place in self._queue}, self._file, protocol=5)
        self._file.flush()

    def stop(self) -> None:
        """Ends it."""
        os.kill(self._process, signal.SIGKILL)

    def result(self) -> dict[int, T]:
        """What it did, once it has ended; nothing where it failed."""
        failed = os.waitpid(self._process, 0)[1] != 0
        with self._file as file:
            if failed:
                return {}
            file.seek(0)
            return dict(pickle.load(file))
