"""The folder that is watched: when to build again. watchfiles (the extra `serve`) wakes us, what the files look like decides."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from mscsec.errors import UsageError

PAUSE = 2000  # ms after which the folder is looked at although nobody woke us: not every file system tells of changes
SUFFIX = ".yaml"

Look = tuple[tuple[str, int, int, int], ...]


def look(folder: Path) -> Look:
    """Name, time, size and number of every record; two looks differ where a record was written in between."""
    found = []
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix == SUFFIX:
                state = path.stat()
                found.append((path.name, state.st_mtime_ns, state.st_size, state.st_ino))
    except OSError:  # gone, or going: the next build says so
        return (*found, ("", 0, 0, 0))
    return tuple(found)


def need_watchfiles() -> None:
    """Raises UsageError where watchfiles is not installed."""
    if find_spec("watchfiles") is None:
        raise UsageError("serve needs watchfiles: pip install 'mscsec[serve]'")


def changes(folder: Path, stop: threading.Event) -> Iterator[None]:
    """Yields now, and again whenever a record of the folder was written since the last time, until `stop` is set."""
    from watchfiles import watch

    def is_record(_: object, path: str) -> bool:
        return path.endswith(SUFFIX)

    seen: Look | None = None
    while not stop.is_set():
        if look(folder) != seen:
            seen = look(folder)
            yield
            continue
        try:
            for _ in watch(
                folder, watch_filter=is_record, debounce=400, step=50, stop_event=stop, rust_timeout=PAUSE,
                yield_on_timeout=True, raise_interrupt=False, recursive=False, ignore_permission_denied=True,
            ):  # fmt: skip
                if look(folder) != seen:
                    break
        except (OSError, RuntimeError):  # the folder is not there
            stop.wait(PAUSE / 1000)
