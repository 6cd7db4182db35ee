"""Time the pooling kernel beside PyMARE and metafor: python benchmarks/pooling.py

Prints one line a job: our time, the rival's, and how many times faster we are. A rival that is not installed is named and
left out. Every time is the best of several runs in one process; close other programs before believing the threads' line.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from mscsec.pooling import pool, pool_batch

K = 13
REPEATS = 5

R_SCRIPT = """
suppressMessages(library(metafor))
set.seed(1)
vi <- runif({k}, 0.01, 0.5); yi <- rnorm({k}, 0, sqrt(vi + 0.1))
best <- Inf
for (run in 1:{runs}) {{
  spent <- system.time(for (i in 1:{n}) {{ res <- rma(yi, vi, method="REML", test="knha"); {more} }})[["elapsed"]]
  best <- min(best, spent / {n})
}}
cat(best)
"""


def best(job: Callable[[], Any], number: int = 1) -> float:
    """Seconds of one call, the best of several runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(number):
            job()
        times.append((time.perf_counter() - start) / number)
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


def single() -> None:
    yi, vi = data(K)
    theirs = {"metafor": metafor(K, 100), "PyMARE": pymare("REML", yi, vi)}
    plain = best(lambda: pool(yi, vi, ci="hksj", tau2_ci="none"), 200)
    line(f"one REML fit with HKSJ, k = {K}", plain, theirs)
    more = "predict(res); confint(res);"
    line(
        "  with prediction and Q-profile", best(lambda: pool(yi, vi, ci="hksj"), 200), {"metafor": metafor(K, 50, more)}
    )


def batches() -> None:
    n = 100_000
    yi, vi = data(n, K)
    for key in ("DL", "REML", "PM"):
        ours = best(lambda key=key: pool_batch(yi, vi, tau2=key, ci="wald")) / n
        theirs = pymare("DL", yi, vi) if key == "DL" else None
        line(f"{key} in a batch of {n:,}, each", ours, {"PyMARE": None if theirs is None else theirs / n})


def growth() -> None:
    for n in (1_000, 10_000, 100_000, 1_000_000):
        yi, vi = data(n, K)
        line(f"REML in a batch of {n:,}, each", best(lambda: pool_batch(yi, vi, ci="wald")) / n, {})  # noqa: B023
    for k in (1_000, 10_000, 100_000, 1_000_000):
        yi, vi = data(k)
        line(f"REML, k = {k:,}, per study", best(lambda: pool(yi, vi, tau2_ci="none")) / k, {})  # noqa: B023


def large() -> None:
    yi, vi = data(2_000)
    line("REML, k = 2,000", best(lambda: pool(yi, vi, tau2_ci="none"), 5), {"metafor": metafor(2_000, 1)})


def threads() -> None:
    yi, vi = data(200_000, K)
    one, two = (best(lambda w=w: pool_batch(yi, vi, ci="wald", workers=w)) for w in (1, 2))
    print(f"two threads on REML, 200,000: {one / two:.2f} times as fast as one")


def main() -> None:
    try:
        import pymare as _  # noqa: F401
    except ImportError:
        print("PyMARE is not installed here and is left out (pip install pymare)")
    if metafor(3, 1) is None:
        print("Rscript with metafor is not installed here and is left out")
    single()
    batches()
    large()
    threads()
    growth()


if __name__ == "__main__":
    main()
