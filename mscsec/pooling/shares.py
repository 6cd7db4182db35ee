"""Work on a large batch shared by processes that see one memory; threads where the system cannot split a process.

numpy's calls on cache-sized pieces are too short for threads to overlap: they mostly wait for the interpreter's lock. A forked
process has its own lock, reads the input without a copy, and writes its rows into memory shared with its parent.
"""

from __future__ import annotations

import mmap
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Work = Callable[[slice], None]

# Numbers of input from which splitting the process (a few milliseconds) is repaid.
WORTH = 1_000_000


def can_split() -> bool:
    """Can a process be split here? On macOS it can, but its system libraries do not survive it."""
    return hasattr(os, "fork") and sys.platform != "darwin"


def shared_empty(rows: int, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """An array like np.empty's whose memory stays common to this process and those split from it later."""
    kind = np.dtype(dtype)
    return np.frombuffer(mmap.mmap(-1, max(1, rows * kind.itemsize)), kind, rows)


def split(work: Work, parts: Sequence[slice], workers: int) -> None:
    """Does `work` on every part in `workers` processes; `work` writes only to arrays from `shared_empty`.

    Each process takes neighbouring parts, this one the first. What another did not finish, for whatever reason, is done here
    again, so that an error is raised as it would be by one worker.
    """
    size = -(-len(parts) // workers)
    shares = [parts[start : start + size] for start in range(0, len(parts), size)]
    children = [_child(work, share) for share in shares[1:]]
    try:
        for part in shares[0]:
            work(part)
    except BaseException:
        for child in children:
            os.kill(child, signal.SIGKILL)
        raise
    finally:
        failed = [os.waitpid(child, 0)[1] != 0 for child in children]
    for share, again in zip(shares[1:], failed, strict=True):
        for part in share if again else ():
            work(part)


def _child(work: Work, share: Sequence[slice]) -> int:
    """The id of a new process that does its share and ends without a word: nothing of the parent's is written or closed twice."""
    with warnings.catch_warnings():
        # Python 3.12 warns where other threads run, as a linear-algebra library's do; the child takes none of their locks.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        for part in share:
            work(part)
        code = 0
    finally:
        os._exit(code)


def thread(work: Work, parts: Sequence[slice], workers: int) -> None:
    """Does `work` on every part in `workers` threads."""
    from concurrent.futures import ThreadPoolExecutor  # brings logging along, which one set has no use for

    with ThreadPoolExecutor(workers) as threads:
        for _ in threads.map(work, parts):
            pass
