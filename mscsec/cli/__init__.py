"""The command line: parse, call one function, render. `main` is the console script.

May import everything; nothing imports it. Each command is one file, imported when it is used.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Runs `mscsec`; a `MscsecError` becomes one message on stderr and its exit code, a defect keeps its traceback."""
    from mscsec.cli.app import run

    sys.exit(run(sys.argv[1:]))
