"""What a command must not wait for: libraries that its answer has no use for."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("pandas", "scipy.stats", "scipy.optimize", "matplotlib", "jinja2", "numpy.f2py", "numpy.testing")

CODE = f"""
import sys
from mscsec.cli.app import run
run(sys.argv[1:])
print("imported", *(name for name in {HEAVY} if name in sys.modules))
"""


@pytest.mark.parametrize(
    "command",
    [
        "pool --outcome icu_stay",
        "pool --outcome mortality_28d --measure OR --method MH",
        "effects --outcome icu_stay",
        "check",
        "integrity --study baghalishahi2025",
        "bias-report",
        "regress --outcome mortality_28d",
    ],
)
def test_nothing_heavy_is_imported(command: str) -> None:
    done = subprocess.run([sys.executable, "-c", CODE, *command.split()], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "imported", done.stderr
