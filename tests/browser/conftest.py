"""A headless Chromium and the pages that the tests look at; every page is watched for errors and for requests that leave it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from mscsec.cli.app import run
from mscsec.records.reader import shipped_folder

from ..report.bases import HOSTILE, bcg, write_base

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield made
        made.close()


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Evidence bases by name: the shipped one; 6 studies, of which every subset is offered; 14, of which some; hostile texts; a word
    without end."""
    root = tmp_path_factory.mktemp("bases")
    return {
        "shipped": shipped_folder(),
        "six": write_base(root / "six", 6, 2),
        "many": write_base(
            root / "many", 14, 2, text="flow: {identified: 120, removed: {duplicates: 20}, screened: 100}\n"
        ),
        "hostile": write_base(root / "hostile", 4, 2, said=HOSTILE),
        "bcg": bcg(root / "bcg"),
        "long": write_base(root / "long", 3, 2, said="x" * 150),
    }


@pytest.fixture(scope="session")
def files(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of each base."""
    root = tmp_path_factory.mktemp("pages")
    made = {}
    for name, folder in folders.items():
        made[name] = root / f"{name}.html"
        assert run(["report", "--studies", str(folder), "-o", str(made[name])]) == 0
    return made


@pytest.fixture
def visit(browser: Browser, files: dict[str, Path]) -> Iterator[Open]:
    """Opens a page by name. At the end of the test nothing was written to its console and nothing was asked of a network."""
    said: list[str] = []
    asked: list[str] = []
    contexts = []

    def go(name: str, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(files[name].as_uri())
        return page

    yield go
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
