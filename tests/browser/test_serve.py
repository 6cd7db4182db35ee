"""`mscsec serve` in a browser: an open page follows its records, keeps its place, and shows what is wrong in them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from ..report.bases import write_base

SOON = 30_000  # ms; a page is built within a few seconds, on a machine that does other things too


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address and folder of a running server."""
    folder = write_base(tmp_path / "studies", 4, 2)
    process = subprocess.Popen(
        [sys.executable, "-m", "mscsec", "serve", "--studies", str(folder), "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), folder
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def page(browser: Browser, served: tuple[str, Path]) -> Iterator[Page]:
    """The page; at the end nothing was written to its console, and nobody but its server was asked."""
    said: list[str] = []
    asked: list[str] = []
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    made = context.new_page()
    made.on("console", lambda message: said.append(message.text))
    made.on("pageerror", lambda error: said.append(str(error)))
    made.on("request", lambda request: asked.append(request.url))
    made.goto(served[0])
    yield made
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith((served[0], "data:", "blob:"))] == []


def rewrite(folder: Path, old: str, new: str) -> None:
    record = folder / "review.yaml"
    text = record.read_text(encoding="utf-8")
    assert old in text
    record.write_text(text.replace(old, new), encoding="utf-8")


def test_an_open_page_follows_and_keeps_its_place(page: Page, served: tuple[str, Path]):
    top = "document.getElementById('references').getBoundingClientRect().top"
    page.evaluate("document.getElementById('references').scrollIntoView({behavior: 'instant'})")
    page.wait_for_timeout(500)  # what comes into view is laid out only then
    page.evaluate("document.getElementById('references').scrollIntoView({behavior: 'instant'})")
    before = page.evaluate(top)
    rewrite(served[1], "Treatment for disease", "Treatment for another disease")
    expect(page.locator("h1")).to_have_text("Treatment for another disease", timeout=SOON)
    page.wait_for_timeout(2500)
    assert abs(page.evaluate(top) - before) < 3


def test_what_is_wrong_is_shown_and_goes_away(page: Page, served: tuple[str, Path]):
    address, folder = served
    rewrite(folder, "outcomes:", "outcome_s:")
    expect(page.locator("h1")).to_have_text("The records cannot be read as they stand", timeout=SOON)
    expect(page.locator("li code", has_text="review.yaml:3:1")).to_be_visible()
    assert "^" in page.locator("pre").first.inner_text()
    assert Axe().run(page).violations_count == 0
    page.get_by_role("link").click()
    expect(page.locator("h1")).to_have_text("Treatment for disease")
    page.wait_for_timeout(1500)
    assert page.url == f"{address}last", "the last good page stays, and does not reload for ever"
    page.go_back()
    rewrite(folder, "outcome_s:", "outcomes:")
    expect(page.locator("h1")).to_have_text("Treatment for disease", timeout=SOON)
