"""The server room without a page of its own: what is served, to whom, and when an open page hears of another."""

from __future__ import annotations

import http.client
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mscsec.errors import InvalidInput, UsageError
from mscsec.problems import Problem, RecordError
from mscsec.server import http as served
from mscsec.server.board import Board, sheet
from mscsec.server.http import Server, open_server
from mscsec.server.live import SCRIPT, live, script_hash
from mscsec.server.trouble import trouble_page
from mscsec.server.watch import changes, look

PAGE = (
    '<html><head><meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; script-src &#39;sha256-own&#39;">'
    "</head><body><p>one</p></body></html>"
)


@contextmanager
def serving(board: Board) -> Iterator[Server]:
    server = open_server(board, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        board.close()
        server.shutdown()
        server.server_close()
        thread.join(5)


def ask(server: Server, path: str = "/", method: str = "GET", host: str | None = None):
    line = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    line.putrequest(method, path, skip_host=True)
    if host != "":
        line.putheader("Host", host or f"127.0.0.1:{server.server_port}")
    line.endheaders()
    answer = line.getresponse()
    found = (answer.status, dict(answer.getheaders()), answer.read().decode())
    line.close()
    return found


@pytest.fixture
def board() -> Board:
    made = Board()
    made.pin(sheet("<p>first</p>"), good=True)
    return made


def test_the_page_is_served_and_kept_nowhere(board: Board):
    with serving(board) as server:
        status, headers, body = ask(server)
        assert (status, body) == (200, "<p>first</p>")
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert headers["X-Content-Type-Options"] == "nosniff"
        status, headers, body = ask(server, method="HEAD")
        assert (status, body, headers["Content-Length"]) == (200, "", "12")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1:1", "127.0.0.1.evil.example", ""])
def test_another_host_is_refused(board: Board, host: str):
    with serving(board) as server:
        status, _, body = ask(server, host=host.replace(":80", f":{server.server_port}"))
        assert status == 421
        assert "first" not in body


def test_localhost_is_this_host(board: Board):
    with serving(board) as server:
        assert ask(server, host=f"LOCALHOST:{server.server_port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_only_reading_is_allowed(board: Board, method: str):
    with serving(board) as server:
        status, headers, _ = ask(server, method=method)
        assert (status, headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(("path", "status"), [("/etc/passwd", 404), ("/../x", 404), ("/favicon.ico", 204), ("/last", 200), ("/?a=1", 200)])  # fmt: skip
def test_there_is_one_page(board: Board, path: str, status: int):
    with serving(board) as server:
        assert ask(server, path)[0] == status


def test_only_this_machine_can_ask(board: Board):
    with serving(board) as server:
        assert server.server_address[0] == "127.0.0.1"


def test_the_last_good_page_stays_while_another_stands_in_its_place(board: Board):
    board.pin(sheet("trouble"), good=False)
    with serving(board) as server:
        assert ask(server)[2] == "trouble"
        assert ask(server, "/last")[2] == "<p>first</p>"
    empty = Board()
    empty.pin(sheet("trouble"), good=False)
    with serving(empty) as server:
        assert ask(server, "/last")[0] == 404


def events(server: Server, query: str) -> tuple[socket.socket, list[bytes]]:
    line = socket.create_connection(("127.0.0.1", server.server_port), timeout=5)
    line.sendall(f"GET /events?{query} HTTP/1.1\r\nHost: localhost:{server.server_port}\r\n\r\n".encode())
    return line, []


def heard(line: socket.socket, what: str, seconds: float = 5) -> bool:
    end, said = time.monotonic() + seconds, b""
    while time.monotonic() < end and what.encode() not in said:
        line.settimeout(max(0.05, end - time.monotonic()))
        try:
            part = line.recv(4096)
        except TimeoutError:
            break
        if not part:
            break
        said += part
    return what.encode() in said


def test_an_open_page_hears_of_another(board: Board, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(served, "HEARTBEAT", 0.2)
    with serving(board) as server:
        seen = board.now.tag
        line, _ = events(server, f"seen={seen}")
        last, _ = events(server, f"seen={seen}&of=last")
        assert heard(line, ": alive")
        board.pin(sheet("trouble"), good=False)
        assert heard(line, f"event: page\ndata: {board.now.tag}\n")
        assert not heard(last, "event: page", 0.5), "the last good page is still the last good page"
        board.pin(sheet("mended"), good=True)
        assert heard(last, f"data: {board.now.tag}")
        late, _ = events(server, "seen=older")
        assert heard(late, f"data: {board.now.tag}"), "who comes with an old page hears at once"
        for one in (line, last, late):
            one.close()


def test_too_many_open_pages_are_told_to_come_again(board: Board, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(served, "STREAMS", 1)
    monkeypatch.setattr(served, "HEARTBEAT", 0.1)
    with serving(board) as server:
        line, _ = events(server, f"seen={board.now.tag}")
        assert heard(line, ": alive")
        assert ask(server, "/events?seen=x")[0] == 503
        line.close()


def test_a_port_in_use_is_said(board: Board):
    with serving(board) as server, pytest.raises(UsageError, match=rf"port {server.server_port} .* is in use; .*--port 0"):  # fmt: skip
        open_server(Board(), server.server_port)


# --- the script in the page --------------------------------------------------------------------------------------


def test_the_policy_allows_the_script_and_nothing_else_more():
    made = live(PAGE).html.decode()
    policy = re.search(r'Security-Policy" content="([^"]*)"', made)[1].replace("&#x27;", "'")
    assert policy == f"default-src 'none'; script-src 'sha256-own' {script_hash()}; connect-src 'self'"
    assert made.count(f"<script>{SCRIPT}</script>") == 1
    assert live(PAGE).tag != live(PAGE.replace("one", "two")).tag
    assert f'<meta name="mscsec-page" content="{live(PAGE).tag}">' in made


def test_a_policy_without_scripts_gets_this_one():
    made = live(PAGE.replace("script-src &#39;sha256-own&#39;", "script-src 'none'")).html.decode()
    assert f"script-src {script_hash()}".replace("'", "&#x27;") in made


@pytest.mark.parametrize("page", ["<html></html>", PAGE.replace("</body>", ""), PAGE.replace("</head>", "")])
def test_a_page_without_a_policy_is_a_defect(page: str):
    with pytest.raises(ValueError, match="no Content-Security-Policy"):
        live(page)


# --- trouble -----------------------------------------------------------------------------------------------------


def test_problems_stand_on_the_page_with_line_and_caret_and_escaped():
    problem = Problem(
        "a<b>.yaml", 3, 5, "R201", "found <script>", "rule & rule", "write", excerpt="  n: <script>x</script>"
    )
    page = trouble_page(RecordError([problem]), good=True)
    assert "a&lt;b&gt;.yaml:3:5" in page
    assert "found &lt;script&gt;; rule &amp; rule. write" in page
    assert "  3 |   n: &lt;script&gt;x&lt;/script&gt;\n    |     ^" in page
    assert "<script" not in page
    assert 'href="/last"' in page
    assert "1 problem in 1 file" in page
    assert b"EventSource" in live(page).html


def test_a_thousand_problems_do_not_fill_the_page():
    problems = [Problem("a.yaml", line, 1, "R201", "found") for line in range(1, 1001)]
    page = trouble_page(RecordError(problems), good=False)
    assert page.count("<li>") == 200
    assert "And 800 more" in page
    assert "/last" not in page


def test_what_is_no_record_problem_is_said_too():
    assert "nothing &lt;here&gt; [U004]" in trouble_page(InvalidInput("nothing <here>", ""), good=False)


# --- the folder --------------------------------------------------------------------------------------------------


def test_a_record_that_is_written_is_seen(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("1", encoding="utf-8")
    stop, turns = threading.Event(), []

    def write() -> None:
        time.sleep(0.3)
        (tmp_path / "note.txt").write_text("no record", encoding="utf-8")
        time.sleep(0.3)
        (tmp_path / "b.yaml").write_text("2", encoding="utf-8")

    writer = threading.Thread(target=write)
    end = threading.Timer(8, stop.set)
    end.start()
    for _ in changes(tmp_path, stop):
        turns.append(len(list(tmp_path.glob("*.yaml"))))
        if len(turns) == 1:
            writer.start()
        else:
            stop.set()
    end.cancel()
    writer.join(5)
    assert turns == [1, 2]


def test_a_folder_that_is_gone_looks_different(tmp_path: Path):
    folder = tmp_path / "studies"
    folder.mkdir()
    empty = look(folder)
    folder.rmdir()
    assert look(folder) != empty
