"""Where the pieces are computed: here, in threads, in processes, or on a dask cluster; the table is the same."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any, TypeVar

from mscsec.errors import CannotCompute, UsageError
from mscsec.processes import can_split
from mscsec.registry import by_key

TIMEOUT = 10.0  # seconds that a dask scheduler has to answer

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Engine:
    """A row of `ENGINES`. `run(jobs, work, workers, scheduler)` yields the results in the order of the jobs, a few ahead."""

    key: str
    name: str
    run: Callable[[Iterable[Any], Callable[[Any], Any], int, str | None], Generator[Any, None, None]]


def serial(jobs: Iterable[J], work: Callable[[J], R], workers: int, scheduler: str | None) -> Generator[R, None, None]:
    """One after the other."""
    yield from map(work, jobs)


def threads(jobs: Iterable[J], work: Callable[[J], R], workers: int, scheduler: str | None) -> Generator[R, None, None]:
    """Threads of this process; reading and pooling run side by side, writing digits does not."""
    yield from _executor(ThreadPoolExecutor(workers), jobs, work, workers)


def processes(
    jobs: Iterable[J], work: Callable[[J], R], workers: int, scheduler: str | None
) -> Generator[R, None, None]:
    """Processes of this machine, no more than there are jobs, and none for a single one.

    Where they cannot be split from this one, they are started anew, a second later, and a script that calls this needs
    `if __name__ == "__main__":`.
    """
    rest = iter(jobs)
    first = list(itertools.islice(rest, workers))
    workers = len(first)
    if workers < 2:
        yield from map(work, first)
        return
    # A process split from one in which threads run may hang: it waits for what they held.
    split = can_split() and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if split else "spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_follow_the_parent)
    if split:
        with warnings.catch_warnings():
            # Python 3.12 warns of a linear-algebra library's threads too, which look after themselves.
            warnings.simplefilter("ignore", DeprecationWarning)
            pool.submit(int)  # the first job splits all of them off
    try:
        yield from _executor(pool, itertools.chain(first, rest), work, workers)
    except BrokenProcessPool:
        raise CannotCompute(
            "a worker process ended before its work was done, most likely for lack of memory; take fewer workers, and resume"
        ) from None


def _follow_the_parent() -> None:
    """A worker leaves interrupts to its parent, and ends when the parent does, even where that was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _executor(pool: Executor, jobs: Iterable[J], work: Callable[[J], R], workers: int) -> Generator[R, None, None]:
    try:
        yield from _in_order(jobs, lambda job: pool.submit(work, job), lambda future: future.result(), workers)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _in_order(
    jobs: Iterable[J], submit: Callable[[J], Any], result: Callable[[Any], R], workers: int
) -> Generator[R, None, None]:
    """Results in the order of the jobs; at most two jobs a worker are under way, so that memory is bounded."""
    under_way: deque[Any] = deque()
    for job in jobs:
        under_way.append(submit(job))
        if len(under_way) >= 2 * workers:
            yield result(under_way.popleft())
    while under_way:
        yield result(under_way.popleft())


def dask(jobs: Iterable[J], work: Callable[[J], R], workers: int, scheduler: str | None) -> Generator[R, None, None]:
    """A dask cluster: the one at the address `scheduler`, else one of `workers` processes on this machine.

    Its machines see the input under the same path; results come back here and are written here.
    """
    try:
        from distributed import Client, KilledWorker, LocalCluster
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise UsageError("the engine dask needs the package distributed: pip install 'mscsec[dask]'") from None
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=40)
            address: Any = stack.enter_context(cluster)
        else:
            _answers(scheduler)
            address = scheduler
        try:
            connected = Client(address, timeout=TIMEOUT, set_as_default=False)
            client = stack.enter_context(connected)
        except (OSError, ValueError) as error:
            raise UsageError(f"no dask scheduler answers at {scheduler}: {error}") from None
        several = max(workers, sum(client.nthreads().values()))
        try:
            yield from _in_order(
                jobs, lambda job: client.submit(work, job, pure=False), lambda future: future.result(), several
            )
        except (CancelledError, CommClosedError, KilledWorker) as error:
            raise CannotCompute(
                f"the dask cluster or a worker of it ended before its work was done ({type(error).__name__}); resume once it is back"
            ) from None


def _answers(scheduler: str) -> None:
    """Raises UsageError where nothing answers at the address. A client that finds that out leaves threads and their
    complaints behind, so it is asked first.
    """
    from distributed.comm.core import connect
    from distributed.security import Security

    async def ask() -> None:
        asked = connect(scheduler, timeout=TIMEOUT, **Security().get_connection_args("client"))
        comm = await asyncio.wait_for(asked, TIMEOUT + 1)  # for a server of another kind, which lets everyone wait
        await comm.close()

    try:
        with ThreadPoolExecutor(1) as thread:  # whose loop is its own: the caller may be in one, as in a notebook
            thread.submit(asyncio.run, ask()).result()
    except Exception as error:  # whatever makes an address useless: a scheme, a port, a certificate
        why = str(error) or "it is no dask scheduler that listens there"
        raise UsageError(
            f"no dask scheduler answers at {scheduler!r}: {why}. Write an address like tcp://host:8786"
        ) from None


ENGINES = by_key(
    Engine("serial", "one after the other", serial),
    Engine("threads", "threads of this process", threads),
    Engine("processes", "processes of this machine", processes),
    Engine("dask", "a dask cluster", dask),
)
