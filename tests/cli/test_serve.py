"""`mscsec serve` as a process of its own, asked over HTTP."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mscsec.records.reader import load
from mscsec.report.numbers import interval, number
from mscsec.synthesis.fit import pooled

from .base import write_base as write_plain_base
from .conftest import Cli

REVIEW = "studies/review.yaml"


def write_base(folder: Path) -> None:
    """The base, with a comparison for its deaths."""
    write_plain_base(folder)
    protocol = folder / "review.yaml"
    text = protocol.read_text(encoding="utf-8").replace(
        "type: dichotomous, better: lower, important",
        "type: dichotomous, comparison: active_vs_control, better: lower, important",
    )
    protocol.write_text(text, encoding="utf-8")


class Served:
    """A running `mscsec serve` on a free port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        environment = {name: value for name, value in os.environ.items() if name != "MSCSEC_STUDIES"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mscsec", "serve", "--studies", "studies", "--port", "0"],
            cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\n", self.process.stdout.readline())
        assert found, self.process.stderr.read() if self.process.poll() is not None else "no address"
        self.port = int(found[1])

    def ask(self, path: str = "/", host: str | None = None) -> tuple[int, str]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        line.request("GET", path, headers={"Host": host or f"127.0.0.1:{self.port}"})
        answer = line.getresponse()
        found = (answer.status, answer.read().decode())
        line.close()
        return found

    def wait_for(self, holds: Callable[[str], bool], path: str = "/", seconds: float = 25) -> str:
        end = time.monotonic() + seconds
        while True:
            _, page = self.ask(path)
            if holds(page):
                return page
            assert time.monotonic() < end, page[:2000]
            time.sleep(0.2)

    def stop(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        self.process.send_signal(how)
        try:
            _, said = self.process.communicate(timeout=15)
        finally:
            self.process.kill()
        return self.process.returncode, said


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    write_base(tmp_path / "studies")
    made = Served(tmp_path)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.communicate(timeout=10)


def test_the_page_follows_the_records(served: Served):
    status, page = served.ask()
    assert status == 200
    assert "Active treatment for a severe disease" in page
    record = served.folder / REVIEW
    sound = record.read_text(encoding="utf-8")

    record.write_text(sound.replace("a severe disease", "another disease"), encoding="utf-8")
    served.wait_for(lambda page: "Active treatment for another disease" in page)

    record.write_text(sound.replace("better: lower, important", "beter: lower, important"), encoding="utf-8")
    page = served.wait_for(lambda page: "cannot be read as they stand" in page)
    place = f"{REVIEW}:{sound[: sound.index('better: lower, important')].count(chr(10)) + 1}:"
    assert place in page
    assert re.search(r"<pre>.*beter: lower.*\n.*\^</pre>", page)
    assert "another disease" in served.ask("/last")[1], "the last good page is still there"

    record.write_text(sound, encoding="utf-8")
    served.wait_for(lambda page: "Active treatment for a severe disease" in page)


def pooled_words(folder: Path) -> str:
    """The pooled estimate of the deaths as the engine has it."""
    _, fit = pooled(load(folder), "death")
    return f"{number(fit.display.estimate)} [{interval(fit.display.ci_low, fit.display.ci_high, joint=', ')}]"


def test_a_figure_that_changes_changes_the_page(served: Served):
    before = pooled_words(served.folder / "studies")
    page = served.ask()[1]
    assert before in page
    assert "4/40" in page
    record = served.folder / "studies" / "abel2019.yaml"
    record.write_text(record.read_text(encoding="utf-8").replace("events: 4}", "events: 14}"), encoding="utf-8")
    after = pooled_words(served.folder / "studies")
    assert after != before
    served.wait_for(lambda page: after in page and "14/40" in page and before not in page)


def test_it_stops_at_once_and_cleanly(served: Served):
    line = socket.create_connection(("127.0.0.1", served.port), timeout=5)
    line.sendall(f"GET /events?seen=x HTTP/1.1\r\nHost: localhost:{served.port}\r\n\r\n".encode())
    assert line.recv(64).startswith(b"HTTP/1.0 200")
    began = time.monotonic()
    code, said = served.stop()
    line.close()
    assert (code, "Traceback" in said) == (0, False), said
    assert said.endswith("Stopped\n")
    assert time.monotonic() - began < 8
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", served.port), timeout=2)


def test_a_polite_kill_is_as_good(served: Served):
    assert served.stop(signal.SIGTERM)[0] == 0


def test_another_host_is_refused(served: Served):
    assert served.ask(host="evil.example")[0] == 421


def test_records_that_are_broken_from_the_start_are_shown(tmp_path: Path):
    write_base(tmp_path / "studies")
    (tmp_path / "studies" / "x.yaml").write_text("schema: mscsec/study/1\nid: <b>\n", encoding="utf-8")
    made = Served(tmp_path)
    try:
        page = made.ask()[1]
        assert "studies/x.yaml:2:5" in page
        assert "&lt;b&gt;" in page
        assert made.ask("/last")[0] == 404
    finally:
        assert made.stop()[0] == 0


def test_a_port_in_use_is_refused(cli: Cli):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = cli("serve", "--port", str(port))
    assert (code, out) == (2, "")
    assert f"port {port} of 127.0.0.1 is in use" in err


def test_a_port_that_is_none_is_refused(cli: Cli):
    assert cli("serve", "--port", "70000").code == 2


def test_without_watchfiles_it_says_how_to_get_it(cli: Cli, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    code, _, err = cli("serve")
    assert code == 2
    assert "pip install 'mscsec[serve]'" in err
