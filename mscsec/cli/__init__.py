"""The command line: parse, call one function, render. `main` is the console script.

May import everything; nothing imports it. Each command is one file, imported when it is used.
"""

from __future__ import annotations

import gc
import os
import sys

NEEDS_FULL_EXIT = frozenset({"batch"})  # starts processes and threads, which have their own farewells


def main() -> None:
    """Runs `mscsec`; a `MscsecError` becomes one message on stderr and its exit code, a defect keeps its traceback."""
    gc.set_threshold(
        50_000, 20, 20
    )  # a command makes few cycles, and imports alone would set off dozens of collections
    from mscsec.cli.app import run

    arguments = sys.argv[1:]
    code = run(arguments)
    if NEEDS_FULL_EXIT.intersection(arguments[:1]):
        sys.exit(code)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 1
    os._exit(code)  # without the interpreter's tidying of numpy and scipy, which takes an eighth of a short command
