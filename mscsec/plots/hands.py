"""Pictures drawn by several processes at once, which see the same memory; by one where the system cannot split a process."""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, Generic, TypeVar

from mscsec.pooling.shares import can_split

WORTH = 4  # pieces of work from which splitting the process is repaid
MOST = 20_000  # pieces whose numbers a pipe holds at once, two bytes each

T = TypeVar("T")
Tell = Callable[[int, int], None]


def by_all(work: Callable[[int], T], count: int, tell: Tell) -> list[T]:
    """`work` of 0, 1 ... `count` - 1, in that order, each done by whichever process is free.

    work : returns what can be pickled, the same in every process. tell : is told how many have begun, of how many.
    What another process did not finish, for whatever reason, is done here again, so that an error is raised as it would be by one.
    """
    hands = min(processors(), count // 2) if can_split() and WORTH <= count <= MOST else 1
    with _numbers(count) as numbers:
        others = [_Other(work, numbers) for _ in range(hands - 1)]
        try:
            done: dict[int, T] = {}
            for place in _taken(numbers):
                tell(place, count)
                done[place] = work(place)
        except BaseException:
            for other in others:
                other.stop()
            raise
        for other in others:
            done |= other.result()
    tell(count, count)
    return [done[place] if place in done else work(place) for place in range(count)]


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _numbers(count: int) -> IO[bytes]:
    """A pipe with the numbers from 0 to `count` - 1, from which each process takes the next; a read of two bytes is never torn."""
    read, write = os.pipe()
    with os.fdopen(write, "wb") as file:
        file.write(b"".join(place.to_bytes(2, "big") for place in range(count)))
    return os.fdopen(read, "rb", buffering=0)


def _taken(numbers: IO[bytes]) -> Iterator[int]:
    while found := numbers.read(2):
        yield int.from_bytes(found, "big")


class _Other(Generic[T]):
    """Another process at the same work, and the file in which it leaves what it did."""

    def __init__(self, work: Callable[[int], T], numbers: IO[bytes]) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever ends the process
        with warnings.catch_warnings():
            # Python 3.12 warns where other threads run, as a linear-algebra library's do; the child takes none of their locks.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.id = os.fork()
        if self.id:
            return
        code = 1  # the child ends without a word: nothing of its parent's is written or closed twice
        try:
            pickle.dump({place: work(place) for place in _taken(numbers)}, self.file, protocol=5)
            self.file.flush()
            code = 0
        finally:
            os._exit(code)

    def result(self) -> dict[int, T]:
        """What it did, once it has ended; nothing where it failed."""
        failed = os.waitpid(self.id, 0)[1] != 0
        with self.file as file:
            if failed:
                return {}
            file.seek(0)
            return dict(pickle.load(file))

    def stop(self) -> None:
        """Ends it."""
        with suppress(ProcessLookupError):
            os.kill(self.id, signal.SIGKILL)
        os.waitpid(self.id, 0)
        self.file.close()
