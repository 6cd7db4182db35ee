"""mscsec in a pseudo-terminal, one reply a prompt."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

SECONDS = 30  # without a word from the program


def drive(folder: Path, arguments: Sequence[str], replies: Sequence[str]) -> tuple[str, int, int]:
    """What was shown, the exit code (-9 where it was killed at the prompt after the last reply), and replies left."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ.update(COLUMNS="100", NO_COLOR="1")
        os.execv(sys.executable, [sys.executable, "-m", "mscsec", *arguments])
    shown, waiting = b"", list(replies)
    try:
        while select.select([terminal], [], [], SECONDS)[0]:
            try:
                data = os.read(terminal, 4096)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            shown += data
            if shown.endswith(b"> "):
                if not waiting:
                    os.kill(pid, signal.SIGKILL)
                    break
                os.write(terminal, waiting.pop(0).encode() + b"\n")
        else:
            os.kill(pid, signal.SIGKILL)
    finally:
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
    return shown.decode().replace("\r\n", "\n"), os.waitstatus_to_exitcode(status), len(waiting)
