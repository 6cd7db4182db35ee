"""One run at a time on one output: a lock that the system lets go of when the run ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from mscsec.errors import UsageError

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> bool:
        try:
            os.lseek(file, _FAR, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks: as good as none
            return True
        return True


_FAR = 1 << 20  # behind the number of the process, which Windows would not let others read otherwise


@contextlib.contextmanager
def sole(output: Path) -> Iterator[None]:
    """Holds `OUTPUT.lock` while a run writes `output`; what a run that was killed has left of it is taken over.

    Raises UsageError, with the process that writes it, where another run does.
    """
    path = output.with_name(output.name + ".lock")
    file = _held(path, output)
    try:
        with contextlib.suppress(OSError):  # a full disk: who holds the lock is only said to the others
            os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)
            os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()  # before it is let go of, so that none takes a file that then goes away
        os.close(file)


def _held(path: Path, output: Path) -> int:
    while True:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise UsageError(f"{output} cannot be written: {error.strerror} ({path})") from None
        if not _take(file):
            by = os.read(file, 40).decode("ascii", "replace").strip()
            os.close(file)
            raise UsageError(
                f"{output} is being written by another run of mscsec batch{f' (process {by})' if by else ''}; wait for it, or name another output"
            )
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(file), os.stat(path)):
                return file
        os.close(file)  # the run before has ended and removed the file between our two steps
