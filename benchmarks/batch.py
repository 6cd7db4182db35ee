"""How long `mscsec batch` takes for a table of many analyses, in how much memory, and how much of it is reading.

    python benchmarks/batch.py [ANALYSES] [STUDIES EACH]

A CSV file with all digits is written to a temporary folder (default: a million analyses of ten studies, half a gigabyte).
Printed for each run: seconds, rows a second, processor seconds, and the most memory that the command and its workers held
together. The share of reading is the processor time of reading alone, in one process, over that of the whole command.
Exits with 1 where the default size takes more than a minute or two gigabytes.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from mscsec.batch.csv_input import open_csv
from mscsec.batch.options import choose_columns
from mscsec.batch.run import PIECE

MSCSEC = str(Path(sys.executable).parent / "mscsec")
RUNS = {
    "REML, auto, prediction": [],
    "DL, Wald, no prediction": ["--tau2", "DL", "--ci", "wald", "--prediction", "none"],
}
SECONDS, BYTES = 60.0, 2e9


def write_table(path: Path, analyses: int, k: int) -> None:
    """`analyses` times `k` rows: analysis, study, yi, vi."""
    rng = np.random.default_rng(1)
    with open(path, "w", encoding="ascii") as file:
        file.write("analysis,study,yi,vi\n")
        for start in range(0, analyses, 20_000):
            n = min(20_000, analyses - start) * k
            names = (start + np.arange(n) // k).tolist()
            yi, vi = rng.normal(0.2, 0.5, n).tolist(), rng.uniform(0.01, 0.3, n).tolist()
            file.writelines(
                f"g{g},s{i % k},{y!r},{v!r}\n" for i, (g, y, v) in enumerate(zip(names, yi, vi, strict=True))
            )


def resident(pid: int) -> int:
    """Bytes that a process and its descendants hold; 0 once it has gone."""
    try:
        held = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
        children = [
            child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
        ]
    except OSError:
        return 0
    return held + sum(resident(int(child)) for child in children)


def run(command: list[str]) -> tuple[float, float, int]:
    """Seconds on the clock, processor seconds, and the most bytes held."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    most = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.05):
            most = max(most, resident(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    done.set()
    watcher.join()
    seconds = time.perf_counter() - start
    if code:
        raise SystemExit(f"{' '.join(command)}: exit {code}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, most


def reading(path: Path) -> float:
    """Processor seconds to read the whole table in one process."""
    table = open_csv(str(path))
    columns = choose_columns(table.names, "analysis", None)
    start = time.process_time()
    for piece in table.pieces(columns, PIECE):
        piece.rows()
    return time.process_time() - start


def main(analyses: int, k: int) -> int:
    """Prints the table; 1 where the default size is over the limits."""
    slow = False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path, analyses, k)
        print(f"{analyses * k:,} rows, {analyses:,} analyses, {path.stat().st_size / 1e6:,.0f} MB")
        read = reading(path)
        print(f"reading alone: {read:.1f} s of one core")
        for name, options in RUNS.items():
            output = Path(folder) / "pooled.csv"
            seconds, cpu, most = run([MSCSEC, "batch", str(path), "-o", str(output), "--force", *options])
            print(
                f"{name:26} {seconds:6.1f} s  {analyses * k / seconds:12,.0f} rows/s  {cpu:6.1f} s of processor"
                f"  {most / 1e6:6,.0f} MB  reading {100 * read / cpu:3.0f}%"
            )
            slow |= seconds > SECONDS or most > BYTES
    return int(slow and analyses * k <= 10_000_000)


if __name__ == "__main__":
    sizes = [int(size) for size in sys.argv[1:3]]
    sys.exit(main(*(sizes + [1_000_000, 10][len(sizes) :])))
