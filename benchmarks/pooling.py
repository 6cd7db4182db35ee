"""Time the pooling kernel beside PyMARE and metafor: python benchmarks/pooling.py

Prints one line a job: our time, the rival's, and how many times faster we are. A rival that is not installed is named and
left out. Times are the processor's, the best of several runs, ours and theirs in turn, so that a busy machine disturbs
them little and both alike. Only the lines on two workers are by the clock: close other programs before believing them.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from mscsec.pooling import pool, pool_batch

K = 13
REPEATS = 5
ROUNDS = 4

R_SCRIPT = """
suppressMessages(library(metafor))
set.seed(1)
vi <- runif({k}, 0.01, 0.5); yi <- rnorm({k}, 0, sqrt(vi + 0.1))
best <- Inf
for (run in 1:{runs}) {{
  spent <- system.time(for (i in 1:{n}) {{ res <- rma(yi, vi, method="REML", test="knha"); {more} }})
  best <- min(best, (spent[["user.self"]] + spent[["sys.self"]]) / {n})
}}
cat(best)
"""


def best(job: Callable[[], Any], number: int = 1) -> float:
    """Seconds of processor time of one call, the best of several runs."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(number):
            job()
        times.append((time.process_time() - start) / number)
    return min(times)


def data(*shape: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    vi = rng.uniform(0.01, 0.5, shape)
    return rng.normal(0, np.sqrt(vi + 0.1)), vi


def readable(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def line(job: str, ours: float, rivals: dict[str, float | None]) -> None:
    parts = [f"{job:<46} {readable(ours):>9}"]
    for name, theirs in rivals.items():
        if theirs is not None:
            parts.append(f"{name} {readable(theirs)}, {theirs / ours:.0f}x")
    print("   ".join(parts), flush=True)


# --- rivals -----------------------------------------------------------------------------------------------------------


def metafor(k: int, n: int, more: str = "") -> float | None:
    """Seconds of one rma() in R, or None where R or metafor is missing."""
    if shutil.which("Rscript") is None:
        return None
    done = subprocess.run(
        ["Rscript", "-e", R_SCRIPT.format(k=k, n=n, more=more, runs=1 if k > 100 else 3)],
        capture_output=True,
        text=True,
        check=False,
    )
    return float(done.stdout) if done.returncode == 0 and done.stdout else None


def pymare(estimator: str, yi: Any, vi: Any) -> float | None:
    """Seconds of one PyMARE fit of (k,) effects, or of (n, k) at once where it can; None where it is missing."""
    try:
        from pymare import Dataset, estimators
    except ImportError:
        return None
    if estimator == "DL":
        fit = estimators.DerSimonianLaird().fit_dataset
    else:
        fit = estimators.VarianceBasedLikelihoodEstimator(method="REML").fit_dataset
    y, v = np.atleast_2d(yi).T, np.atleast_2d(vi).T  # studies are its first axis
    return best(lambda: fit(Dataset(y, v)))


# --- jobs -------------------------------------------------------------------------------------------------------------


def in_turn(*jobs: Callable[[], float | None]) -> list[float | None]:
    """The best of several rounds, each job once a round; None for one that is missing."""
    rounds = [[job() for job in jobs] for _ in range(ROUNDS)]
    measured = [[time for time in times if time is not None] for times in zip(*rounds, strict=True)]
    return [min(times, default=None) for times in measured]


def single() -> None:
    yi, vi = data(K)
    whole, bare, rma, all_of_it, pm = in_turn(
        lambda: best(lambda: pool(yi, vi, tau2="REML", ci="hksj"), 200),
        lambda: best(lambda: pool(yi, vi, tau2="REML", ci="hksj", tau2_ci="none", prediction="none"), 200),
        lambda: metafor(K, 100),
        lambda: metafor(K, 50, "predict(res); confint(res);"),
        lambda: pymare("REML", yi, vi),
    )
    assert whole is not None
    assert bare is not None
    line(f"one REML fit with HKSJ, k = {K}, all there is", whole, {"rma()": rma, "with its intervals": all_of_it})
    line("  without prediction and Q-profile", bare, {"rma()": rma, "PyMARE": pm})


def batches() -> None:
    n = 100_000
    yi, vi = data(n, K)
    for key in ("DL", "REML", "PM"):
        ours, theirs = in_turn(
            lambda key=key: best(lambda: pool_batch(yi, vi, tau2=key, ci="wald")) / n,
            lambda key=key: None if key != "DL" or (t := pymare("DL", yi, vi)) is None else t / n,
        )
        assert ours is not None
        line(f"{key} in a batch of {n:,}, each", ours, {"PyMARE": theirs})


def growth() -> None:
    for n in (1_000, 10_000, 100_000, 1_000_000):
        yi, vi = data(n, K)
        line(f"REML in a batch of {n:,}, each", best(functools.partial(pool_batch, yi, vi, ci="wald")) / n, {})
    for k in (1_000, 10_000, 100_000, 1_000_000):
        yi, vi = data(k)
        line(f"REML, k = {k:,}, per study", best(functools.partial(pool, yi, vi, tau2_ci="none")) / k, {})


def large() -> None:
    yi, vi = data(2_000)
    line("REML, k = 2,000", best(lambda: pool(yi, vi, tau2_ci="none"), 5), {"metafor": metafor(2_000, 1)})


def by_the_clock(job: Callable[[], Any]) -> float:
    """Seconds of one call on the clock."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def beside_itself(job: Callable[[], Any]) -> float:
    """Seconds of one call on the clock while another process does nothing but the same."""
    ready, say = os.pipe()
    other = os.fork()
    if not other:
        job()  # what the processes had in common is copied once, and not while the clock runs
        os.write(say, b".")
        while True:
            job()
    try:
        job()
        os.read(ready, 1)
        return by_the_clock(job)
    finally:
        os.kill(other, signal.SIGKILL)
        os.waitpid(other, 0)
        os.close(ready)
        os.close(say)


def two_workers() -> None:
    """One worker and two in turn, by the clock: the best of each, and how the gain varied from turn to turn.

    What the machine's second core can give at all is seen from two processes that share nothing, in the same turns.
    """
    for key, n, rounds in (
        ("REML", 1_000_000, 2 * ROUNDS),
        ("DL", 1_000_000, 5 * ROUNDS),
        ("DL", 2_000_000, 4 * ROUNDS),
    ):
        yi, vi = data(n, K)
        alone, shared, beside = [], [], []
        for _ in range(rounds):
            one, two = (
                functools.partial(pool_batch, yi, vi, tau2=key, ci="wald", workers=workers) for workers in (1, 2)
            )
            alone.append(by_the_clock(one))
            shared.append(by_the_clock(two))
            beside.append(beside_itself(one))
        turns = sorted(a / b for a, b in zip(alone, shared, strict=True))
        print(
            f"two workers on {key}, {n:,}: {min(alone) / min(shared):.2f} times as fast as one ({turns[0]:.2f} to {turns[-1]:.2f} "
            f"in {rounds} turns); two programs that share nothing get {2 * min(alone) / min(beside):.2f} times as much done"
        )


def main() -> None:
    if find_spec("pymare") is None:
        print("PyMARE is not installed here and is left out (pip install pymare)")
    if metafor(3, 1) is None:
        print("Rscript with metafor is not installed here and is left out")
    single()
    batches()
    large()
    two_workers()
    growth()


if __name__ == "__main__":
    main()
