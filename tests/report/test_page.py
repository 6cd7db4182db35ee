"""The page as text: what it must hold, that nothing in it reaches out or breaks out, and that it fits its budget."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from mscsec.errors import NotEstimable
from mscsec.records.reader import load, shipped_folder
from mscsec.report.numbers import number
from mscsec.report.page.build import review_page
from mscsec.report.page.names import slug
from mscsec.synthesis.certainty import bodies_of
from mscsec.synthesis.review import Synthesis, synthesise

from .bases import HOSTILE, write_base

VOID = {"meta", "link", "br", "input", "img", "hr"}
# Elements whose end tag HTML lets go, and what begins or ends where they do.
ENDED_BY = {
    "td": {"td", "th", "tr", "tbody"}, "th": {"td", "th", "tr", "tbody"}, "tr": {"tr", "tbody"}, "thead": {"tbody"},
    "tbody": set(), "li": {"li"},
}  # fmt: skip


class Reader(HTMLParser):
    """Elements in order with their attributes, the text, and the nesting checked as it goes."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.links: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        while self.open and tag in ENDED_BY.get(self.open[-1], ()):
            self.open.pop()
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append((dict(attrs).get("href") or "", ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.open[-1] != tag and self.open[-1] in ENDED_BY:
            self.open.pop()
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)
            if self.open[-1] == "a":
                href, said = self.links[-1]
                self.links[-1] = (href, said + data)


def page_of(synthesis: Synthesis) -> str:
    return review_page(synthesis, bodies_of(synthesis))


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def shipped() -> Synthesis:
    return synthesise(load(shipped_folder()), program="0.0.0")


@pytest.fixture(scope="module")
def page(shipped: Synthesis) -> str:
    return page_of(shipped)


def test_the_same_input_gives_the_same_bytes(shipped: Synthesis, page: str):
    assert page_of(synthesise(load(shipped_folder()), program="0.0.0")) == page


def test_it_says_nothing_of_the_machine_it_was_made_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = write_base(tmp_path / "somewhere" / "studies", 2, 2)
    far = page_of(synthesise(load(folder)))
    assert str(tmp_path) not in far
    assert "studies/trial000.yaml:" in far
    monkeypatch.chdir(folder.parent)
    assert page_of(synthesise(load("studies"))) == far


def test_ids_are_unique_and_links_inside_lead_somewhere(page: str):
    reader = read(page)
    ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    inside = [href[1:] for href, _ in reader.links if href.startswith("#")]
    assert len(inside) > 500
    assert set(inside) <= set(ids)
    for _, attributes in reader.elements:
        for name in ("aria-labelledby", "for"):
            for target in (attributes.get(name) or "").split():
                assert target in ids or target == "dialog-h"


def test_nothing_in_it_needs_a_network_or_breaks_the_policy(page: str):
    reader = read(page)
    for tag, attributes in reader.elements:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("src") or "data:").startswith("data:")
        if tag == "link":
            assert attributes["href"] == "data:,"
    policy = next(a["content"] or "" for tag, a in reader.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for kind, found in (
        ("script", re.findall(r"<script>(.*?)</script>", page, re.S)),
        ("style", re.findall(r"<style>(.*?)</style>", page, re.S)),
    ):
        assert len(found) == 1
        digest = base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_texts_from_records_are_escaped_everywhere(tmp_path: Path):
    synthesis = synthesise(load(write_base(tmp_path / "base", 3, 2, said=HOSTILE)))
    made = page_of(synthesis)
    assert "<script>window" not in made
    assert "<b>&" not in made
    said = "".join(read(made).text)
    for where in (
        "Treatment for disease ",
        "Death 0",
        "Drug ",
        "Trial ",
        "Ada Author000",
        "as printed ",
        "Said so ",
        "equal split ",
        "As asked ",
        "A note ",
    ):
        assert where + HOSTILE in said, where


def test_it_holds_what_a_review_reports(page: str, shipped: Synthesis):
    said = " ".join("".join(read(page).text).split())
    review = shipped.base.review
    for text in (review.title, review.question.population, review.question.intervention, review.question.comparator):
        assert text is not None
        assert text in said
    for heading in (
        "Question and methods",
        "Flow of studies",
        "Studies",
        "Summary of findings",
        "Outcomes",
        "Assumptions",
        "References",
        "Records and software",
        "Trails",
    ):
        assert heading in said
    assert "records no flow of studies" in said
    for study in shipped.base.studies:
        assert study.label in said
        if study.citation.doi:
            assert f"doi:{study.citation.doi}" in said
    for row in shipped.records:
        assert row.sha256 in said
    for one in shipped.assumptions:
        assert one.reason in said
        assert f"studies/{Path(one.origin.file).name}:{one.origin.line}:{one.origin.column}" in said
    for one in shipped.with_data:
        assert one.fit is not None
        assert one.label in said
        for each in one.integrity:
            assert each.verdict.found in said
        for row in one.bias.standing if one.bias else ():
            assert all(text in said for text in row.support.values())
    assert "⊕" in said
    assert "MSC cells may reduce death by day 28 to 30" in said


def test_a_figure_leads_to_its_line_and_the_words_of_the_paper(page: str):
    article = re.search(r'<article class="trail" id="trail-icu_stay--baghalishahi2025".*?</article>', page, re.S)
    assert article is not None
    said = " ".join("".join(read(article[0]).text).split())
    for text in (
        "studies/baghalishahi2025.yaml:55:25",
        "5.50",
        "10.90 ± 3.75 vs. 5.50 ± 1.64 days, P = 0.04",
        "yi = -5.4",
        "m1 - m2",
        "equal split of 20",
    ):
        assert text in said, text


def test_every_number_of_a_forest_plot_and_a_result_is_a_link(page: str):
    for cell in re.findall(r'<td role="cell" class="(?:r effect|r weight|side)"[^>]*>(.*?)</td>', page, re.S):
        assert not re.search(r"\d", re.sub(r"<a .*?</a>", "", cell, flags=re.S)), cell
    for value in re.findall(r"<dl class=\"results\">(.*?)</dl>", page, re.S):
        for cell in re.findall(r"<dd>(.*?)</dd>", value, re.S):
            assert not re.search(r"\d", re.sub(r"<a .*?</a>", "", cell, flags=re.S)), cell
    for table in re.findall(r'<table class="sensitivity">.*?</table>', page, re.S):
        for cell in re.findall(r'<td class="r">(.*?)</td>', table, re.S):
            assert not re.search(r"\d", re.sub(r"<a .*?</a>", "", cell, flags=re.S)), cell


def test_the_risks_of_the_summary_lead_to_their_baseline_and_its_line(page: str):
    table = re.search(r'<table class="sof">.*?</table>', page, re.S)
    assert table is not None
    for cell in re.findall(r"<td>(.*?)</td>", table[0], re.S)[:-1]:
        assert not re.search(r"\d", re.sub(r"<a .*?</a>|<sup>.*?</sup>", "", cell, flags=re.S)) or "may" in cell, cell
    assert ">364 per 1000 (265 to 501)</a>" in table[0]
    article = re.search(r'<article class="trail" id="trail-mortality_28d--grade".*?</article>', page, re.S)
    assert article is not None
    said = " ".join("".join(read(article[0]).text).split())
    assert re.search(r"baseline risk\s*0\.427\s*studies/review\.yaml:\d+:\d+", said)
    assert "risk with the intervention = 0.364" in said
    assert "participants = 321" in said


def test_the_pooled_numbers_are_those_of_the_fit(page: str, shipped: Synthesis):
    for one in shipped.with_data:
        assert one.fit is not None
        section = re.search(rf'<section class="outcome" id="outcome-{one.outcome}".*?</section>', page, re.S)
        assert section is not None
        shown = one.fit.display
        wanted = f"{number(shown.estimate)} [{number(shown.ci_low)}, {number(shown.ci_high)}]"
        assert f'data-show="effect">{wanted}</a>' in section[0]


def test_tables_have_a_caption_and_heads_with_a_scope(page: str):
    tables = re.findall(r"<table.*?</table>", page, re.S)
    assert len(tables) > 100
    for table in tables:
        assert "<caption" in table
        heads = re.findall(r"<th\b[^>]*>", table)
        simple = re.search(
            r"<caption>(Printed|Studies)</caption>", table
        )  # heads above and at the left alone need no scope
        assert all("scope=" in head for head in heads) or (simple and "<thead><tr><th>" in table)


def test_headings_leave_no_level_out(page: str):
    levels = [int(tag[1]) for tag, _ in read(page).elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_a_flow_is_shown_with_its_lines(tmp_path: Path):
    folder = write_base(
        tmp_path / "base", 2, 1, text="flow: {identified: 120, screened: 120, excluded: {wrong_population: 20}}\n"
    )
    made = page_of(synthesise(load(folder)))
    assert '<a href="#trail--flow">120</a>' in made
    assert "wrong population <a" in made
    assert "Flow of studies" in made
    line = (folder / "review.yaml").read_text().splitlines().index(
        "flow: {identified: 120, screened: 120, excluded: {wrong_population: 20}}"
    ) + 1
    assert f"review.yaml:{line}:20" in made


def test_a_review_without_data_is_refused():
    synthesis = synthesise(load(shipped_folder()), ["recovery"])
    with pytest.raises(NotEstimable, match="no outcome of the review has a result"):
        page_of(synthesis)


def test_an_outcome_without_data_is_listed_with_the_reason(page: str):
    said = " ".join("".join(read(page).text).split())
    assert "Outcomes without a result" in said
    assert "Recovery: no study of 34 contributes" in said


def test_slugs_of_different_names_differ():
    names = ["a b", "a.20b", "a--b", "a-.2db", "a-b", "ä", "a_b", "a:b"]
    assert len({slug(name) for name in names}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", slug(name)) and "--" not in slug(name) for name in names)


def test_thirty_studies_and_eight_outcomes_stay_under_two_megabytes(tmp_path: Path):
    made = page_of(synthesise(load(write_base(tmp_path / "base", 30, 8))))
    assert len(made.encode()) < 2_000_000


def test_twelve_studies_in_each_of_eight_outcomes_every_subset_on_offer_stay_under_two_megabytes(tmp_path: Path):
    synthesis = synthesise(load(write_base(tmp_path / "base", 12, 8)))
    assert all(one.combinations is not None and one.combinations.complete for one in synthesis.outcomes)
    assert len(page_of(synthesis).encode()) < 2_000_000


def test_the_shipped_page_is_well_below(page: str):
    assert len(page.encode()) < 600_000


def test_limits_have_the_decimals_of_their_estimate(tmp_path: Path) -> None:
    folder = write_base(tmp_path / "base", 4, 2)
    for record in folder.glob("trial*.yaml"):
        small = re.sub(
            r"(mean|sd): ([-0-9.]+)",
            lambda found: f"{found[1]}: {float(found[2]) / 300:.5f}",
            record.read_text("utf-8"),
        )
        record.write_text(small, "utf-8")
    text = " ".join(read(page_of(synthesise(load(folder)))).text)
    shown = re.findall(r"-?0\.00\d\d \[([^\]]*), ([^\]]*)\]", text)
    assert len(shown) > 4
    shown += re.findall(
        r"-?0\.00\d\d \[[^\]]*\]\s+[\d.]+\s+(\S+) to (\S+)", text
    )  # prediction intervals of the sensitivity table
    assert all(re.fullmatch(r"-?\d\.\d{4,6}", limit) for limits in shown for limit in limits), shown
    for name in ("confidence", "prediction"):
        limits = re.search(rf"95%\s+{name} interval\s+(-?0\.\d+) to (-?0\.\d+)", text)
        assert limits
        assert [len(limit.lstrip("-")) for limit in limits.groups()] == [6, 6]
