"""`mscsec serve`: the review's page on this machine, built again when a record changes."""

from __future__ import annotations

import signal
import threading
import time
import traceback
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mscsec.cli import options as opt
from mscsec.cli.assessments import sound
from mscsec.cli.output import say, say_base
from mscsec.cli.version import __version__
from mscsec.errors import InvalidInput, MscsecError
from mscsec.problems import RecordError
from mscsec.records.reader import find_folder, load
from mscsec.report.numbers import count

if TYPE_CHECKING:
    from mscsec.server.board import Board
    from mscsec.server.http import Server

Port = Annotated[
    int, typer.Option("--port", metavar="N", help="Port on 127.0.0.1; 0 takes a free one. The address is printed.")
]
Open = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]


def command(studies: opt.Studies = None, port: Port = 8765, show: Open = False) -> None:
    """Serve the review's page on this machine and build it again whenever a record is saved; Ctrl-C stops.

    An open page follows by itself and keeps its place. What is wrong in a record stands in the page with its line and a
    caret, and the last good page stays at /last. Only this machine can ask. Needs watchfiles (pip install 'mscsec[serve]').

    \b
    Examples:
      mscsec serve
      mscsec serve --studies my-review --open
      mscsec serve --port 0
    """
    from mscsec.server.board import Board
    from mscsec.server.http import open_server
    from mscsec.server.watch import changes, need_watchfiles

    need_watchfiles()
    if not 0 <= port <= 65535:
        raise InvalidInput(f"--port is {port}", "a port lies between 0 and 65535", "Write 0 for a free one")
    folder, _ = find_folder(studies)
    if not Path(folder).is_dir():
        load(folder)  # a slip in the folder's name is said at once; what is wrong inside it stands in the page
    board = Board()
    server = open_server(board, port)
    with _stopping() as stop, _running(server, board) as start:
        for _ in changes(Path(folder), stop):
            first = board.now is None
            say(_rebuild(board, lambda: _page(studies)))
            if first:
                start()
                print(server.url, flush=True)
                say(f"Serving {folder}; Ctrl-C stops")
                if show:
                    webbrowser.open(server.url)
    say("Stopped")


def _page(studies: Path | None) -> str:
    """The page of the records as they are now."""
    from mscsec.cli.report import page_of
    from mscsec.synthesis.review import synthesise

    base = load(studies)
    if studies is None:
        say_base(base)
    sound(base)
    return page_of(synthesise(base, program=__version__))


def _rebuild(board: Board, build: Callable[[], str]) -> str:
    """Pins the page to the board, or what is wrong in its place; says which."""
    from mscsec.server.live import live
    from mscsec.server.trouble import trouble_page

    began = time.monotonic()
    try:
        board.pin(live(build()), good=True)
        return f"Built the page in {time.monotonic() - began:.1f} s"
    except MscsecError as error:
        wrong = error
    except Exception:  # a defect keeps its traceback, and the server its page
        traceback.print_exc()
        wrong = MscsecError(
            "The page could not be built, which is a defect of mscsec; its traceback is in the terminal"
        )
    board.pin(live(trouble_page(wrong, board.good is not None)), good=False)
    if isinstance(wrong, RecordError):
        return f"{wrong.message}\n{count(len(wrong.problems), 'problem')}; shown in the page"
    return f"error: {wrong.message} [{wrong.code}]; shown in the page"


@contextmanager
def _running(server: Server, board: Board) -> Iterator[Callable[[], None]]:
    """Gives the function that starts to answer; at the end everyone who waits is let go and the port is free again."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
    try:
        yield thread.start
    finally:
        board.close()
        if thread.is_alive():
            server.shutdown()
        server.server_close()


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C and a polite kill set; the second Ctrl-C is as everywhere."""
    stop = threading.Event()
    names = (signal.SIGINT, signal.SIGTERM)
    before = {name: signal.getsignal(name) for name in names}

    def asked(_number: int, _frame: object) -> None:
        stop.set()
        for name in names:
            signal.signal(name, before[name])

    for name in names:
        signal.signal(name, asked)
    try:
        yield stop
    finally:
        for name in names:
            signal.signal(name, before[name])
