"""How long a command takes from a cold process, against a bare Python, R with metafor, and the limits of the project.

    python benchmarks/startup.py [RUNS]

Each command runs RUNS times (default 15) in turn with the others, so that a slow moment of the machine falls on all of
them. Printed: median and minimum in milliseconds, and the median as a ratio to R with metafor loaded.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

MSCSEC = str(Path(sys.executable).parent / "mscsec")
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "mscsec --version": [MSCSEC, "--version"],
    "mscsec --help": [MSCSEC, "--help"],
    "mscsec check": [MSCSEC, "check"],
    "mscsec pool --outcome icu_stay": [MSCSEC, "pool", "--outcome", "icu_stay"],
    "mscsec pool --outcome mortality_28d --json": [MSCSEC, "pool", "--outcome", "mortality_28d", "--json"],
}
LIMITS = {"mscsec --version": 0.12, "mscsec pool --outcome icu_stay": 0.45}  # seconds
FORBIDDEN = ("pandas", "scipy.stats", "scipy.optimize", "matplotlib", "jinja2", "numpy.f2py", "numpy.testing")


def main(runs: int) -> None:
    """Times the commands and lists what `pool` must not import."""
    commands = dict(COMMANDS)
    r = "Rscript -e library(metafor)"
    if shutil.which("Rscript"):
        commands[r] = ["Rscript", "-e", "suppressMessages(library(metafor))"]
    else:
        print("R is not installed: no ratio to it")
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            if turn:  # the first turn warms the disk
                times[name].append(time.perf_counter() - start)
    base = statistics.median(times[r]) if r in times else None
    for name, seconds in times.items():
        median = statistics.median(seconds)
        ratio = f"  {median / base:5.2f} of R + metafor" if base else ""
        limit = f"  limit {1000 * LIMITS[name]:.0f} ms" if name in LIMITS else ""
        print(f"{name:45} median {1000 * median:7.1f} ms  min {1000 * min(seconds):7.1f} ms{ratio}{limit}")
    traced = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mscsec", "pool", "--outcome", "icu_stay"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {
        line.rsplit("|", 1)[-1].strip() for line in traced.stderr.splitlines() if line.startswith("import time")
    }
    found = sorted(name for name in imported if name.split(".")[0] in FORBIDDEN or name in FORBIDDEN)
    print("imported though it should not be:", ", ".join(found) if found else "nothing")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
