"""How long `mscsec report` takes in each kind of file, and how large its page is: for the shipped base, and for many studies and outcomes.

    python benchmarks/report.py

Bases of randomised trials that all report every outcome, with an assessment of risk of bias each, are written to a
temporary folder. Printed for each: seconds on the clock (the best of three), processor seconds, memory and the size of the file;
for a page also how long Chromium takes to open it, where playwright and chromium are installed. One run beforehand leaves
Python's compiled modules in a folder of this script's own, as every installation has them.
Exits with 1 where the shipped base takes more than 3 seconds, 100 studies and 10 outcomes more than 20, or where the page of
30 studies and 8 outcomes, or of every subset of 12, has more than 2 MB.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

MSCSEC = str(Path(sys.executable).parent / "mscsec")
SHIPPED = "the shipped base"
CASES = {
    "30 studies, 8 outcomes": (30, 8),
    "12 studies, 8 outcomes (every subset)": (12, 8),
    "100 studies, 10 outcomes": (100, 10),
}
KINDS = ("html", "docx", "md", "tex")
SECONDS = {SHIPPED: 3.0, "100 studies, 10 outcomes": 20.0}
MEGABYTES = {"30 studies, 8 outcomes": 2.0, "12 studies, 8 outcomes (every subset)": 2.0}
ANSWERS = 'D1: {answers: {"1.1": Y, "1.2": Y, "1.3": N}}, D2: {answers: {"2.1": N, "2.2": N, "2.6": Y}}, D3: {answers: {"3.1": Y}}, D4: {answers: {"4.1": N, "4.2": N, "4.3": N}}, D5: {answers: {"5.1": Y, "5.2": N, "5.3": N}}'


def write_base(folder: Path, studies: int, outcomes: int) -> None:
    """A protocol and `studies` records; outcomes alternate between deaths and days."""
    folder.mkdir()
    chance = random.Random(1)
    plans = "".join(
        f"  o{place}: {{label: Outcome {place}, better: lower, "
        + ("type: continuous, unit: day, measure: MD}\n" if place % 2 else "type: dichotomous, measure: RR}\n")
        for place in range(outcomes)
    )
    (folder / "review.yaml").write_text(
        f"schema: mscsec/review/1\ntitle: Many trials\noutcomes:\n{plans}comparisons:\n  c: {{experimental: drug, comparator: care}}\ngrade:\n  o0: {{indirectness: {{levels: 0, reason: as asked}}}}\n"
    )
    for number in range(studies):
        n = chance.randint(20, 200), chance.randint(20, 200)
        results = ""
        for place in range(outcomes):
            arms = (
                [f"{{mean: {chance.gauss(9, 1):.2f}, sd: {chance.uniform(2, 5):.2f}}}" for _ in n]
                if place % 2
                else [f"{{events: {max(1, round(size * chance.uniform(0.1, 0.4)))}}}" for size in n]
            )
            results += f"  - outcome: o{place}\n    arms: {{a: {arms[0]}, b: {arms[1]}}}\n    source: {{where: table 2, text: as printed}}\n"
        bias = "".join(
            f"  - {{tool: rob2, result: o{place}, aim: assignment, assessor: AB, domains: {{{ANSWERS}}}}}\n"
            for place in range(outcomes)
        )
        (folder / f"t{number:03}.yaml").write_text(
            f"schema: mscsec/study/1\nid: t{number:03}\ncitation: {{title: Trial {number}, authors: [Ada A{number:03}], year: {2000 + number % 25}}}\n"
            f"design: {{type: parallel-rct, randomised: true}}\narms:\n  a: {{role: experimental, treatment: drug, n: {n[0]}}}\n"
            f"  b: {{role: comparator, treatment: care, n: {n[1]}}}\nresults:\n{results}risk_of_bias:\n{bias}"
        )


def run(name: str, arguments: list[str], file: Path, env: dict[str, str]) -> bool:
    """The best of some runs, printed; False where it takes longer than its limit or the page is larger than its own."""
    command = [MSCSEC, "report", *arguments, "-o", str(file), "--force"]
    seconds = used = float("inf")
    for _ in range(3 if name == SHIPPED else 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env=env)
        seconds = min(seconds, time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = min(used, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    size = file.stat().st_size / 1e6
    opened = f"  opens in {opening(file):4.0f} ms" if file.suffix == ".html" and can_open() else ""
    print(
        f"{name:38} {file.suffix:6}{seconds:6.2f} s  {used:6.2f} s of processor  {after.ru_maxrss / 1024:5.0f} MB of memory at most  {size:6.2f} MB{opened}",
        flush=True,
    )
    most = MEGABYTES.get(name, float("inf")) if file.suffix == ".html" else float("inf")
    return seconds <= SECONDS.get(name, float("inf")) and size <= most


def can_open() -> bool:
    """Whether a page can be opened here."""
    return importlib.util.find_spec("playwright") is not None and shutil.which("chromium") is not None


def opening(page: Path) -> float:
    """Milliseconds from the start of the navigation to the end of the load event, the median of five in fresh contexts."""
    from playwright.sync_api import sync_playwright

    times = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(5):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            tab = context.new_page()
            tab.goto(page.as_uri(), wait_until="load")
            times.append(tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
            context.close()
        browser.close()
    return statistics.median(times)


def main() -> int:
    """Every case in every kind of file."""
    print(
        f"{platform.machine()}, {os.cpu_count()} processors; CPython {platform.python_version()}; "
        + ", ".join(f"{name} {version(name)}" for name in ("numpy", "matplotlib", "python-docx", "lxml", "Jinja2"))
    )
    sound = True
    with tempfile.TemporaryDirectory() as root:
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        env["PYTHONPYCACHEPREFIX"] = str(Path(root) / "compiled")
        for kind in KINDS:
            subprocess.run(
                [MSCSEC, "report", "-o", f"{root}/warm.{kind}"], check=True, stderr=subprocess.DEVNULL, env=env
            )
        for name, arguments in cases(Path(root)).items():
            for kind in KINDS:
                sound &= run(name, arguments, Path(root) / f"review.{kind}", env)
    return 0 if sound else 1


def cases(root: Path) -> dict[str, list[str]]:
    """By name, what `mscsec report` is given; the bases are written on the way."""
    found: dict[str, list[str]] = {SHIPPED: []}
    for name, (studies, outcomes) in CASES.items():
        folder = root / f"{studies}x{outcomes}"
        write_base(folder, studies, outcomes)
        found[name] = ["--studies", str(folder)]
    return found


if __name__ == "__main__":
    sys.exit(main())
