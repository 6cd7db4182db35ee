"""The page that stands now, the last one that could be built, and the waiting for the next."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page as it is served. tag : names its content, so that an open page knows whether it is still the one."""

    html: bytes
    tag: str


def sheet(html: str) -> Sheet:
    """A page with its tag."""
    data = html.encode()
    return Sheet(data, hashlib.sha256(data).hexdigest()[:20])


class Board:
    """Holds what is served; one thread pins pages, many read and wait. Closing it lets everyone go."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._now: Sheet | None = None
        self._good: Sheet | None = None
        self.closed = False

    @property
    def now(self) -> Sheet | None:
        """What stands; None before the first page."""
        return self._now

    @property
    def good(self) -> Sheet | None:
        """The last page that could be built; None where none could."""
        return self._good

    def pin(self, page: Sheet, good: bool) -> None:
        """Puts a page up. good : it is the page itself, not what stands in its place while records have problems."""
        with self._changed:
            self._now = page
            self._good = page if good else self._good
            self._changed.notify_all()

    def close(self) -> None:
        """Wakes everyone who waits; nothing follows."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def wait(self, seen: str, seconds: float, last: bool = False) -> str | None:
        """The tag of what stands, as soon as it is not `seen`; None after `seconds`, and when the board is closed.

        last : of the last good page instead.
        """

        def fresh() -> str | None:
            page = self._good if last else self._now
            return page.tag if page is not None and page.tag != seen else None

        with self._changed:
            self._changed.wait_for(lambda: self.closed or fresh(), seconds)
            return None if self.closed else fresh()
