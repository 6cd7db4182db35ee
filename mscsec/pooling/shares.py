"""Work on a large batch shared by processes; threads where the system cannot split a process.

numpy's calls on cache-sized pieces are too short for threads to overlap: they mostly wait for the interpreter's lock. A forked
process has its own lock, reads the input without a copy, and sends each part of the result down a pipe as soon as it is done.
Memory that both could write to would save that copy, but costs more to come by, page after page, than a closed form to compute.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mscsec.processes import Queue, split_off

Columns = Sequence[npt.NDArray[Any]]
# Works out a part of the rows and writes it into columns of that length.
Work = Callable[[slice, Columns], None]

# Numbers of input from which splitting the process (a few milliseconds) is repaid.
WORTH = 1_000_000

# Bytes of a part's number, which goes before its rows.
NUMBER = 4

# Bytes that a pipe holds, the most that Linux gives without asking: a larger piece is sent in fewer turns.
PIPE = 1 << 20


def alone(work: Work, columns: Columns, parts: Iterable[slice]) -> None:
    """Does `work` on every part of `columns`, one-dimensional arrays, in this process."""
    for part in parts:
        work(part, [column[part] for column in columns])


def split(work: Work, columns: Columns, parts: Sequence[slice], workers: int) -> None:
    """Does `work` on every part of `columns` in `workers` processes, each taking the next part when it has done one.

    What another process took and did not finish, for whatever reason, is done here again, and so is a part that failed here after
    those before it: the error that is raised is the one that a single worker would have met first.
    """
    queue = Queue(len(parts))
    shared = _Shared(work, columns, parts, queue, set())
    others: list[_Other] = []
    with contextlib.suppress(OSError):  # where the system gives no more processes, those there are share the work
        while len(others) < workers - 1:
            others.append(_Other(shared, tuple(others)))
    for other in others:
        other.listen()
    try:
        for number in queue:
            alone(work, columns, [parts[number]])
            shared.done.add(number)
    except BaseException as error:
        for other in others:
            os.kill(other.process, signal.SIGKILL)
        if not isinstance(error, Exception):
            raise
    finally:
        for other in others:
            other.wait()
        queue.close()
    alone(work, columns, [part for number, part in enumerate(parts) if number not in shared.done])


class _Shared(NamedTuple):
    """What the processes share; `done` are the numbers of the parts whose rows are in `columns`, as this process knows them."""

    work: Work
    columns: Columns
    parts: Sequence[slice]
    queue: Queue
    done: set[int]


class _Other:
    """A process split from this one, which works through the queue and sends what it did.

    It keeps no receiving end of a pipe, its own or of those split off before, so that it ends where nobody is left to send to.
    """

    def __init__(self, shared: _Shared, before: Sequence[_Other]) -> None:
        self._shared, self._before = shared, before
        self._pipe, self._sending = _pipe()
        try:
            self.process = split_off(self._work)
        except OSError:
            os.close(self._pipe)
            raise
        finally:
            os.close(self._sending)

    def _work(self) -> None:
        for other in (*self._before, self):
            os.close(other._pipe)
        of = self._shared
        own = [np.empty_like(column[of.parts[0]]) for column in of.columns]  # the same few pages for every part
        for number in of.queue:
            part = of.parts[number]
            rows = [column[: len(of.columns[0][part])] for column in own]
            of.work(part, rows)
            _all(os.writev, self._sending, [memoryview(number.to_bytes(NUMBER, "little")), *_bytes(rows)])

    def listen(self) -> None:
        """Starts to receive, beside this process's own work, as a full pipe keeps the other waiting."""
        self._listener = threading.Thread(target=self._receive, daemon=True)
        self._listener.start()

    def _receive(self) -> None:
        of, head = self._shared, bytearray(NUMBER)
        while _all(os.readv, self._pipe, [memoryview(head)]):
            number = int.from_bytes(head, "little")
            if _all(os.readv, self._pipe, _bytes([column[of.parts[number]] for column in of.columns])):
                of.done.add(number)

    def wait(self) -> None:
        """Returns when it has ended and all that it sent has arrived."""
        self._listener.join()
        os.close(self._pipe)
        os.waitpid(self.process, 0)


def _bytes(columns: Columns) -> list[memoryview]:
    return [column.data.cast("B") for column in columns]


def _all(move: Callable[[int, list[memoryview]], int], pipe: int, left: list[memoryview]) -> bool:
    """Moves all bytes that are `left` through the pipe; False where it ends before that."""
    while left:
        moved = move(pipe, left)
        if not moved:
            return False
        while left and moved >= len(left[0]):
            moved -= len(left.pop(0))
        if moved:
            left[0] = left[0][moved:]
    return True


def _pipe() -> tuple[int, int]:
    receiving, sending = os.pipe()
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):  # where the user's pipes hold as much as they may, this one stays small
            fcntl.fcntl(sending, fcntl.F_SETPIPE_SZ, PIPE)
    return receiving, sending


def thread(work: Work, columns: Columns, parts: Sequence[slice], workers: int) -> None:
    """Does `work` on every part of `columns` in `workers` threads."""
    from concurrent.futures import ThreadPoolExecutor  # brings logging along, which one set has no use for

    with ThreadPoolExecutor(workers) as threads:
        for _ in threads.map(lambda part: alone(work, columns, [part]), parts):
            pass
