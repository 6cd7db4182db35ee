"""How long `mscsec bias-report` takes on 1,000 records, start of Python included; the aim is under two seconds.

    python benchmarks/bias.py

The shipped records, a third of them with assessments by RoB 2, copied under new ids until there are 1,000. For the checks
of integrity that is the worst case: every record shares its figures with thirty others, and each such pair is looked at.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mscsec.records.reader import shipped_folder

SIZE = 1_000
COMMANDS = (
    ["bias-report", "--no-integrity"],
    ["bias-report", "--tool", "rob2"],
    ["bias-report", "--tool", "rob2", "--outcome", "mortality_28d", "--csv"],
    ["bias-report", "--outcome", "mortality_28d"],  # with the marks of the integrity checks, as by default
)


def main() -> None:
    """Makes the base and times the commands."""
    shipped = shipped_folder()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        records = [path for path in sorted(shipped.glob("*.yaml")) if path.name != "review.yaml"]
        (here / "review.yaml").write_text((shipped / "review.yaml").read_text(encoding="utf-8"), encoding="utf-8")
        for number in range(SIZE):
            record = records[number % len(records)]
            text = record.read_text(encoding="utf-8").replace(f"\nid: {record.stem}", f"\nid: copy{number}", 1)
            (here / f"copy{number}.yaml").write_text(text, encoding="utf-8")
        for command in COMMANDS:
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "mscsec", *command, "--studies", folder], capture_output=True, check=True
            )
            seconds = time.perf_counter() - start
            print(f"{' '.join(command):<60} {seconds:5.2f} s, {len(done.stdout):,} bytes")


if __name__ == "__main__":
    main()
