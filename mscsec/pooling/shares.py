"""Work on a large batch shared by processes; threads where the system cannot split a process.

numpy's calls on cache-sized pieces are too short for threads to overlap: they mostly wait for the interpreter's lock. A forked
process has its own lock and reads the input without a copy. It leaves each part of the result on a small desk of memory that both
can write to, and this process copies it from there to its place: memory for the whole result that both could write to would save
the copy, but is had only page by page, which takes longer than a closed form takes to compute, as sending it down a pipe does.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy.typing as npt

from mscsec.arrays import block_size, give_back_freed_memory, keep_freed_memory, side_by_side
from mscsec.processes import Queue, can_split, reap, split_off

Columns = Sequence[npt.NDArray[Any]]
# Works out a part of the rows and writes it into columns of that length.
Work = Callable[[slice, Columns], None]

# Parts that this process does first, to see how long one takes: two, as the first finds memory and cache cold.
TRIED = 2

# Seconds that the rest would take one process, from which more are repaid: splitting it, and the pages of memory that each then
# must have of its own, cost some hundredth of one.
REPAID = 0.04

# Parts that another process may be ahead of this one, which looks for them after each part of its own.
DESKS = 4

# Bytes of a part's number.
NUMBER = 4


def spread(work: Work, kinds: Sequence[npt.DTypeLike], parts: Sequence[slice], workers: int) -> Columns:
    """Columns of these kinds, with `work` done on every part of their rows by as many of `workers` as there is work for.

    parts : follow each other from row 0 on.
    """
    keep_freed_memory()
    tried: list[Columns] = []
    left = 0.0
    if workers > 1 and len(parts) > TRIED:
        tried, left = _try(work, kinds, parts)
    together = left >= REPAID
    if together and can_split():
        give_back_freed_memory()
    columns = side_by_side(kinds, parts[-1].stop if parts else 0)
    rest = parts[len(tried) :]
    if not together:
        alone(work, columns, rest)
    elif can_split():
        split(work, columns, rest, workers)
    else:
        thread(work, columns, rest, workers)
    for part, made in zip(parts, tried, strict=False):
        _put(made, columns, part)
    return columns


def _try(work: Work, kinds: Sequence[npt.DTypeLike], parts: Sequence[slice]) -> tuple[list[Columns], float]:
    """What the first parts hold, and the seconds that the others would take.

    They are done on the side, as memory of the result that is touched before the process is split is copied after it.
    """
    tried: list[Columns] = []
    seconds = []
    for part in parts[:TRIED]:
        columns = side_by_side(kinds, part.stop - part.start)
        start = time.perf_counter()
        work(part, columns)
        seconds.append((time.perf_counter() - start) / (part.stop - part.start))
        tried.append(columns)
    return tried, min(seconds) * (parts[-1].stop - parts[TRIED].start)


def _put(made: Columns, columns: Columns, part: slice) -> None:
    """Copies what was made of a part to its place."""
    for values, column in zip(made, columns, strict=True):
        column[part] = values


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
    try:
        with contextlib.suppress(OSError):  # where the system gives no more processes, those there are share the work
            while len(others) < min(workers, len(parts)) - 1:
                others.append(_Other(shared, tuple(others)))
        keep_freed_memory()
        for number in queue:
            alone(work, columns, [parts[number]])
            shared.done.add(number)
            for other in others:
                other.fetch()
        for other in others:
            other.fetch(wait=True)
    except BaseException as error:
        for other in others:
            other.stop()
        if not isinstance(error, Exception):
            raise
    finally:
        for other in others:
            other.end()
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
    """A process split from this one, which works through the queue and leaves what it did on its desks, one after the other.

    It says which part is ready down one pipe and hears down the other that a desk is free again. It keeps neither of this
    process's ends of a pipe, its own or of those split off before, so that it ends where nobody is left to listen. This process
    keeps the end at which the other hears, as one that tells a process that has ended would be ended itself where SIGPIPE does that.
    """

    def __init__(self, shared: _Shared, before: Sequence[_Other]) -> None:
        self._shared, self._before = shared, before
        self._desks, self._fetched = _desks(shared), 0
        ready, free = os.pipe(), os.pipe()
        self._ready, self._free, self._hear = ready[0], free[1], free[0]
        self._say = ready[1]
        try:
            self.process = split_off(self._work)
        except BaseException:
            self._close()
            raise
        finally:
            os.close(self._say)

    def _work(self) -> None:
        for other in self._before:
            other._close()
        os.close(self._ready)
        os.close(self._free)
        keep_freed_memory()
        of = self._shared
        for count, number in enumerate(of.queue):
            if count >= DESKS and not os.read(self._hear, 1):
                return
            part = of.parts[number]
            of.work(part, _top(self._desks[count % DESKS], of, part))
            os.write(self._say, number.to_bytes(NUMBER, "little"))
        os.close(self._say)  # the system frees this process's memory before it would

    def fetch(self, wait: bool = False) -> None:
        """Takes what is ready from the desks to its place; with `wait` all that is still to come, until the other has ended."""
        os.set_blocking(self._ready, wait)
        of = self._shared
        with contextlib.suppress(BlockingIOError):
            while ready := os.read(self._ready, NUMBER * DESKS):
                for at in range(0, len(ready), NUMBER):
                    number = int.from_bytes(ready[at : at + NUMBER], "little")
                    part = of.parts[number]
                    _put(_top(self._desks[self._fetched % DESKS], of, part), of.columns, part)
                    self._fetched += 1
                    of.done.add(number)
                    os.write(self._free, b"\0")

    def stop(self) -> None:
        """Ends it."""
        with contextlib.suppress(ProcessLookupError):  # it has ended, and nobody needs to take note
            os.kill(self.process, signal.SIGKILL)

    def end(self) -> None:
        """No more is wanted of it."""
        self._close()
        reap(self.process)

    def _close(self) -> None:
        for end in (self._ready, self._free, self._hear):
            os.close(end)


def _desks(of: _Shared) -> list[list[npt.NDArray[Any]]]:
    """Desks for the largest part in memory that this process and one split from it share, each a column for each of the result."""
    rows = max(part.stop - part.start for part in of.parts)
    kinds = [column.dtype for column in of.columns]
    size = block_size(kinds, rows)
    memory = memoryview(mmap.mmap(-1, DESKS * size))
    return [side_by_side(kinds, rows, memory[desk * size :]) for desk in range(DESKS)]


def _top(desk: Columns, of: _Shared, part: slice) -> Columns:
    """As much of a desk as the part has rows."""
    rows = len(of.columns[0][part])
    return [column[:rows] for column in desk]


def thread(work: Work, columns: Columns, parts: Sequence[slice], workers: int) -> None:
    """Does `work` on every part of `columns` in `workers` threads."""
    from concurrent.futures import ThreadPoolExecutor  # brings logging along, which one set has no use for

    with ThreadPoolExecutor(workers) as threads:
        for _ in threads.map(lambda part: alone(work, columns, [part]), parts):
            pass
