"""Work on a large batch shared by processes; threads where the system cannot split a process.

numpy's calls on cache-sized pieces are too short for threads to overlap: they mostly wait for the interpreter's lock. A forked
process has its own lock, reads the input without a copy, and sends its rows of the result down a pipe when it has done them.
Memory that both could write to would save that copy, but costs more to come by, page after page, than a closed form to compute.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy.typing as npt

Work = Callable[[slice], None]
Columns = Sequence[npt.NDArray[Any]]

# Numbers of input from which splitting the process (a few milliseconds) is repaid.
WORTH = 1_000_000

# Bytes that a pipe holds, the most that Linux gives without asking: a larger piece is sent in fewer turns.
PIPE = 1 << 20


def can_split() -> bool:
    """Can a process be split here? On macOS it can, but its system libraries do not survive it."""
    return hasattr(os, "fork") and sys.platform != "darwin"


def split(work: Work, columns: Columns, parts: Sequence[slice], workers: int) -> None:
    """Does `work` on every part in `workers` processes; `work` writes that part of the rows of `columns`, one-dimensional arrays.

    Each process takes neighbouring parts, this one the first. What another did not finish, for whatever reason, is done here
    again, so that an error is raised as it would be by one worker.
    """
    size = -(-len(parts) // workers)
    shares = [parts[start : start + size] for start in range(0, len(parts), size)]
    others = [_Other(work, columns, share) for share in shares[1:]]
    for other in others:
        other.listen()
    try:
        for part in shares[0]:
            work(part)
    except BaseException:
        for other in others:
            os.kill(other.process, signal.SIGKILL)
        raise
    finally:
        done = [other.ended() for other in others]
    for share, whole in zip(shares[1:], done, strict=True):
        for part in () if whole else share:
            work(part)


class _Other:
    """A process split from this one, which does its share, sends its rows and ends without a word: nothing of the parent's is
    written or closed twice."""

    def __init__(self, work: Work, columns: Columns, share: Sequence[slice]) -> None:
        rows = slice(share[0].start, share[-1].stop)
        self._rows = [column[rows].data.cast("B") for column in columns]
        self._pipe, sending = _pipe()
        self._whole = False
        with warnings.catch_warnings():
            # Python 3.12 warns where other threads run, as a linear-algebra library's do; the child takes none of their locks.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.process = os.fork()
        if self.process:
            os.close(sending)
            return
        try:
            for part in share:
                work(part)
            for left in self._rows:
                while left:
                    left = left[os.write(sending, left) :]
            os.write(sending, b".")
        finally:
            os._exit(0)

    def listen(self) -> None:
        """Starts to receive, beside this process's own work, as what a full pipe cannot take keeps the other waiting."""
        self._listener = threading.Thread(target=self._receive, daemon=True)
        self._listener.start()

    def _receive(self) -> None:
        for left in self._rows:
            while left:
                got = os.readv(self._pipe, [left])
                if not got:
                    return
                left = left[got:]
        self._whole = os.read(self._pipe, 1) == b"."

    def ended(self) -> bool:
        """Waits for its end; did all of its rows arrive?"""
        self._listener.join()
        os.close(self._pipe)
        os.waitpid(self.process, 0)
        return self._whole


def _pipe() -> tuple[int, int]:
    receiving, sending = os.pipe()
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):  # where the user's pipes hold as much as they may, this one stays small
            fcntl.fcntl(sending, fcntl.F_SETPIPE_SZ, PIPE)
    return receiving, sending


def thread(work: Work, parts: Sequence[slice], workers: int) -> None:
    """Does `work` on every part in `workers` threads."""
    from concurrent.futures import ThreadPoolExecutor  # brings logging along, which one set has no use for

    with ThreadPoolExecutor(workers) as threads:
        for _ in threads.map(work, parts):
            pass
