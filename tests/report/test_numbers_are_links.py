"""Every number of evidence on the page is a link: what is not one stands in a short list of contexts, each with its reason."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mscsec.records.reader import load, shipped_folder
from mscsec.report.page.build import review_page
from mscsec.synthesis.certainty import bodies_of
from mscsec.synthesis.review import synthesise

from .bases import HOSTILE, bcg, write_base
from .reviews import SAID, write_review
from .test_page import ENDED_BY, VOID

# docs/report.md has the same list in words. Each entry is an element, a class (.x) or an id (#x).
NO_EVIDENCE = {
    "head": "what the browser shows around the page",
    "script": "the table that the script looks up",
    "h1": "names", "h3": "names", "h5": "names",
    ".toc": "names",
    ".references": "citations",
    "code": "places in files",
    ".code": "codes, registrations, versions of instruments",
    ".letters": "ids of domains", ".domain": "ids of domains",
    "svg": "marks of an axis",
    "#provenance": "versions and hashes",
    "#trails": "the path itself",
}  # fmt: skip


class Walker(HTMLParser):
    """Collects each text with a digit that is no link and in none of the contexts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, set[str]]] = []
        self.found: list[str] = []
        self.linked = 0
        self.used: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self.open and tag in ENDED_BY.get(self.open[-1][0], ()):
            self.open.pop()
        named = dict(attrs)
        marks = {tag, *(f".{name}" for name in (named.get("class") or "").split()), f"#{named.get('id')}"}
        if tag == "a" and (named.get("href") or "").startswith("#"):
            marks.add("LINK")
        if tag not in VOID:
            self.open.append((tag, marks))

    def handle_endtag(self, tag: str) -> None:
        while self.open[-1][0] != tag:
            self.open.pop()
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if not re.search(r"[0-9]", data):
            return
        around = set().union(*(marks for _, marks in self.open))
        self.used |= around & set(NO_EVIDENCE)
        if "LINK" in around:
            self.linked += 1
        elif not around & set(NO_EVIDENCE):
            self.found.append(" ".join(data.split()))


def walk(page: str) -> Walker:
    walker = Walker()
    walker.feed(page)
    return walker


def page_of(folder: Path) -> str:
    synthesis = synthesise(load(folder), program="0.0.0")
    return review_page(synthesis, bodies_of(synthesis))


@pytest.fixture(scope="module")
def shipped() -> str:
    return page_of(shipped_folder())


def test_every_number_of_the_shipped_base_is_a_link(shipped: str):
    walker = walk(shipped)
    assert walker.found == []
    assert walker.linked > 1000
    assert walker.used == set(NO_EVIDENCE), "a context that nothing stands in is no context"


@pytest.mark.parametrize("name", ["bcg", "many", "hostile", "scripts"])
def test_every_number_of_other_bases_is_a_link(tmp_path: Path, name: str):
    folder = {
        "bcg": lambda: bcg(tmp_path / "base"),
        "many": lambda: write_base(tmp_path / "base", 14, 2, text="flow: {identified: 120, removed: {duplicates: 20}}\n"),
        "hostile": lambda: write_base(tmp_path / "base", 4, 2, said=f"{HOSTILE} 7"),
        "scripts": lambda: write_review(tmp_path / "base", SAID),
    }[name]()  # fmt: skip
    assert walk(page_of(folder)).found == []


def test_a_number_that_is_no_link_is_found(shipped: str):
    broken = shipped.replace('<p class="meta">', '<p class="meta">Of 17 patients.', 1)
    assert walk(broken).found == ["Of 17 patients."]


def test_the_contexts_stand_in_the_docs():
    text = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    section = text.split("## Every number is a link")[1].split("\n## ")[0]
    assert {row.strip() for row in re.findall(r"^\| ([^|]+) \|", section, re.M)} >= set(NO_EVIDENCE.values())
