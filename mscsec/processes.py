"""Processes split from this one, which see the same memory, and a queue from which they take their work."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator

# Bytes of a number in the queue, and how many go into any system's pipe at once.
_BYTES, _HELD = 4, 1000


def can_split() -> bool:
    """Can a process be split here? On macOS it can, but its system libraries do not survive it."""
    return hasattr(os, "fork") and sys.platform != "darwin"


def split_off(work: Callable[[], None]) -> int:
    """The id of a new process that does `work` and ends without a word: nothing of its parent's is written or closed twice.

    It ends with 0, or with 1 where `work` raised. The caller waits for it, or has it reaped. Raises OSError where the system gives no process.
    """
    with warnings.catch_warnings():
        # Python 3.12 warns where other threads run, as a linear-algebra library's do; the child takes none of their locks.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process:
        return process
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def reap(process: int) -> None:
    """Takes note of the end of a process split from this one, without waiting: the system takes milliseconds to free its memory."""
    waiting = threading.Thread(target=_wait, args=(process,))
    try:
        waiting.start()
    except RuntimeError:  # the system gives no thread
        _wait(process)


def _wait(process: int) -> None:
    with contextlib.suppress(ChildProcessError):  # the program ignores SIGCHLD, or took note itself
        os.waitpid(process, 0)


class Queue:
    """The numbers 0 to `count` - 1 in a pipe: whoever iterates over it, in this process or in one split from it, takes the next."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._group = max(1, -(-count // _HELD))
        self._pipe, sending = os.pipe()
        os.write(sending, b"".join(first.to_bytes(_BYTES, "little") for first in range(0, count, self._group)))
        os.close(sending)

    def __iter__(self) -> Iterator[int]:
        """The numbers that this process takes; a read of so few bytes is never torn."""
        while taken := os.read(self._pipe, _BYTES):
            first = int.from_bytes(taken, "little")
            yield from range(first, min(first + self._group, self._count))

    def close(self) -> None:
        """Frees the pipe in this process."""
        os.close(self._pipe)
