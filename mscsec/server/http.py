"""HTTP on 127.0.0.1: the page, the last good one, and a stream of events; only to a browser that asked for this host."""

from __future__ import annotations

import errno
import os
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mscsec.errors import UsageError
from mscsec.server.board import Board, Sheet

HOST = "127.0.0.1"
STREAMS = 64  # open pages that are followed at once; the next is told to come again
HEARTBEAT = 10.0  # seconds after which a silent stream says that it is alive, and learns whether anyone listens
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",  # beside the page's own; this one counts in a header alone
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Server(ThreadingHTTPServer):
    """Serves a board until it is closed; a thread for each request, none of which outlives the program."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = os.name == "posix"  # elsewhere it would take the port from whoever has it

    def __init__(self, board: Board, port: int) -> None:
        self.board = board
        self.streams = threading.BoundedSemaphore(STREAMS)
        super().__init__((HOST, port), Handler)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/"

    @property
    def hosts(self) -> frozenset[str]:
        """Names by which this server may be asked for; any other is a page elsewhere that had its name point here."""
        names = (HOST, "localhost")
        return frozenset(f"{name}:{self.server_port}" for name in names) | (
            frozenset(names) if self.server_port == 80 else frozenset()
        )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away in the middle is no error; anything else keeps its traceback."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def open_server(board: Board, port: int) -> Server:
    """A server on `port`, or on a free one for 0. Raises UsageError where the port cannot be had."""
    try:
        return Server(board, port)
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
        raise UsageError(f"port {port} of {HOST} {why}; name another with --port, or --port 0 for a free one") from None


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    server_version = "mscsec"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        """The page and its stream."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """As GET, without the body."""
        self._answer(body=False)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._refuse_method
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are no news; rebuilds are, and whoever starts the server says them."""

    def _refuse_method(self) -> None:
        self._send(HTTPStatus.METHOD_NOT_ALLOWED, b"Only GET and HEAD\n", True, {"Allow": "GET, HEAD"})

    def _answer(self, body: bool) -> None:
        if self.headers.get("Host", "").lower() not in self.server.hosts:
            self._send(HTTPStatus.MISDIRECTED_REQUEST, b"This server answers to 127.0.0.1 and localhost alone\n", body)
            return
        address = urlsplit(self.path)
        board = self.server.board
        if address.path in ("/", "/index.html"):
            self._page(board.now, body)
        elif address.path == "/last":
            self._page(board.good, body)
        elif address.path == "/events":
            asked = parse_qs(address.query)
            self._events(asked.get("seen", [""])[0], asked.get("of") == ["last"], body)
        elif address.path == "/favicon.ico":
            self._send(HTTPStatus.NO_CONTENT, b"", body)
        else:
            self._send(HTTPStatus.NOT_FOUND, b"There is only /\n", body)

    def _page(self, page: Sheet | None, body: bool) -> None:
        if page is None:
            self._send(HTTPStatus.NOT_FOUND, b"No page could be built yet\n", body)
        else:
            self._send(HTTPStatus.OK, page.html, body, {"Content-Type": "text/html; charset=utf-8"})

    def _send(self, status: HTTPStatus, data: bytes, body: bool, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {"Content-Type": "text/plain; charset=utf-8", **_HEADERS, **(more or {})}
        if status != HTTPStatus.NO_CONTENT:
            headers["Content-Length"] = str(len(data))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def _events(self, seen: str, last: bool, body: bool) -> None:
        """Server-sent events (HTML, 9.2): `page` with the new tag whenever another page stands."""
        if not self.server.streams.acquire(blocking=False):
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, b"Too many open pages\n", body, {"Retry-After": "5"})
            return
        try:
            self.send_response(HTTPStatus.OK)
            for name, value in {**_HEADERS, "Content-Type": "text/event-stream"}.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self._stream(seen, last)
        finally:
            self.server.streams.release()

    def _stream(self, seen: str, last: bool) -> None:
        board = self.server.board
        self.wfile.write(b"retry: 1000\n\n")
        while not board.closed:
            found = board.wait(seen, HEARTBEAT, last)
            if found is not None:
                seen = found
            self.wfile.write(f"event: page\ndata: {found}\n\n".encode() if found else b": alive\n\n")
            self.wfile.flush()
