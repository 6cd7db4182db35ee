"""How the time to load and check an evidence base grows with its size.

    python benchmarks/records.py

Copies of a shipped record under new ids, 1,250 to 10,000 of them. Printed: seconds, and microseconds a record, which
stay level where the growth is linear; once with PyYAML's C parser and once, for the smallest base, without it.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import yaml

from mscsec.records import nodes
from mscsec.records.reader import load, shipped_folder

SIZES = (1_250, 2_500, 5_000, 10_000)


def main() -> None:
    """Makes the bases and times them."""
    shipped = shipped_folder()
    text = (shipped / "shu2020.yaml").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "review.yaml").write_text((shipped / "review.yaml").read_text(encoding="utf-8"), encoding="utf-8")
        made = 0
        for size in SIZES:
            for number in range(made, size):
                (here / f"copy{number}.yaml").write_text(
                    text.replace("id: shu2020", f"id: copy{number}"), encoding="utf-8"
                )
            made = size
            print(f"{size:>6} records of {len(text.encode()):,} bytes: {timed(here, size)}")
    if nodes.PARSER is not yaml.SafeLoader:
        nodes.PARSER = yaml.SafeLoader
        print(
            f"{len(load(shipped).studies):>6} shipped records without the C parser: {timed(shipped, len(load(shipped).studies))}"
        )


def timed(folder: Path, size: int) -> str:
    """Loads once and says how long it took."""
    start = time.perf_counter()
    base = load(folder)
    seconds = time.perf_counter() - start
    assert len(base.studies) == size
    return f"{seconds:7.2f} s, {1e6 * seconds / size:6.0f} us each"


if __name__ == "__main__":
    main()
