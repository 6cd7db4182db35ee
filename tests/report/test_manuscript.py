"""The report for a manuscript: what stands in it, in which order, and that every number is the engine's."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from markdown_it import MarkdownIt

from mscsec.plots.review import flow_picture, outcome_pictures
from mscsec.records.reader import load
from mscsec.report.manuscript.blocks import Heading, Manuscript, Picture, Table, clean, text_of, turns
from mscsec.report.manuscript.build import manuscript
from mscsec.report.manuscript.docx import docx
from mscsec.report.manuscript.latex import latex
from mscsec.report.manuscript.markdown import markdown
from mscsec.report.material import Material, material, printed
from mscsec.report.numbers import interval, number
from mscsec.report.tables import TABLES
from mscsec.synthesis.fit import pooled
from mscsec.synthesis.review import synthesise

from .bases import write_base
from .reviews import SAID, write_review

SHIPPED = Path(__file__).parents[2] / "studies"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_review(tmp_path_factory.mktemp("review") / "studies")


@pytest.fixture(scope="module")
def found(folder: Path) -> Material:
    return material(synthesise(load(folder), program="0"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return material(synthesise(load(write_review(tmp_path_factory.mktemp("hostile") / "studies", SAID)), program="0"))


def whole(found: Material, pictures: bool = False) -> Manuscript:
    if not pictures:
        return manuscript(found, lambda one: [])
    return manuscript(found, lambda one: outcome_pictures(found, one), flow_picture(found.synthesis.base))


def shown(key: str, found: Material) -> list[Table]:
    return TABLES[key].shown(found)


def rows_of(table: Table) -> list[list[str]]:
    return [[text_of(cell) for cell in row.cells] for row in table.rows]


# --- content -----------------------------------------------------------------------------------------------------


def test_the_sections_stand_in_the_order_of_a_journal(found: Material):
    heads = [block.words for block in whole(found).blocks if isinstance(block, Heading)]
    assert heads == [
        "Question", "Methods", "Results", "Studies", "Pooled results", "Death by day 28", "Length of stay", "Outcomes without a result",
        "Certainty of evidence", "Assumptions", "References", "Studies in a meta-analysis", "Methods", "Records and software",
    ]  # fmt: skip


def test_tables_and_pictures_are_numbered_as_they_stand(found: Material):
    blocks = whole(found, pictures=True).blocks
    for kind in (Table, Picture):
        numbers = [block.number for block in blocks if isinstance(block, kind)]
        assert numbers == list(range(1, len(numbers) + 1))
    assert [block.key for block in blocks if isinstance(block, Picture)] == ["flow", "forest-death", "forest-stay"]


@pytest.mark.parametrize("outcome", ["death", "stay"])
def test_a_pooled_result_is_the_engines_in_words_and_tables(found: Material, folder: Path, outcome: str):
    sizes, fit = pooled(load(folder), outcome)
    assert fit is not None
    shown_fit = fit.display
    text = markdown(whole(found))
    assert f"{sizes.measure} {number(shown_fit.estimate)}" in text
    cell = f"{number(shown_fit.estimate)} ({interval(shown_fit.ci_low, shown_fit.ci_high)})"
    table = next(one for one in shown("effects", found) if one.key == f"effects-{outcome}")
    total = next(row for row in table.rows if row.kind == "total")
    assert text_of(total.cells[3]) == cell
    assert interval(shown_fit.prediction_low, shown_fit.prediction_high) in text
    own = rows_of(next(one for one in shown("sensitivity", found) if one.key == f"sensitivity-{outcome}"))[0]
    assert own[:3] == ["The review's analysis", "4", cell]


def test_leaving_a_study_out_is_what_pool_gives_without_it(found: Material, folder: Path):
    from mscsec.effects.sizes import effects
    from mscsec.synthesis.fit import choices_of, fit_effects

    base = load(folder)
    fit = fit_effects(effects(base, "stay").without(["doe2022"]), choices_of(base))
    row = next(row for row in rows_of(shown("sensitivity", found)[1]) if row[0] == "Without Doe 2022")
    assert row[1:3] == ["3", f"{number(fit.display.estimate)} ({interval(fit.display.ci_low, fit.display.ci_high)})"]


def test_of_very_many_studies_left_out_the_two_ends_are_printed(tmp_path: Path):
    many = material(synthesise(load(write_base(tmp_path / "many", 35, 1)), program="0"))
    (table,) = TABLES["sensitivity"].shown(many)
    listed = TABLES["sensitivity"].data(many)
    rows = [dict(zip(listed.header, row, strict=True)) for row in listed.rows]
    left = sorted((row for row in rows if row["kind"] == "leave-one-out"), key=lambda row: row["estimate"])
    assert len(left) == 35, "the data have all of them"
    printed_rows = {row[0] for row in rows_of(table) if row[0].startswith("Without Author")}
    assert printed_rows == {left[0]["analysis"], left[-1]["analysis"]}
    assert "Of 35 studies left out in turn" in text_of(table.notes[0].words)


def test_an_assumption_follows_its_number(found: Material):
    notes = {note.mark: text_of(note.words) for note in shown("characteristics", found)[0].notes}
    baker = next(row for row in rows_of(shown("characteristics", found)[0]) if row[0] == "Baker 2020")
    assert baker[4].endswith("n = 25 (a)")
    assert notes == {"a": "Assumed: equal split of 50"}
    effect = next(row for row in rows_of(shown("effects", found)[0]) if row[0].startswith("Baker"))
    mark = re.search(r"\((\w)", effect[0])[1]
    said = {note.mark: text_of(note.words) for note in shown("effects", found)[0].notes}[mark]
    assert "equal split of 50" in said
    (ledger,) = shown("assumptions", found)
    assert rows_of(ledger)[0][0:4] == ["Baker 2020", "arms, a, n", "25", "equal split of 50"]
    assert re.search(r"baker2020\.yaml:7:\d+$", rows_of(ledger)[0][5])


def test_a_pooled_result_bears_the_marks_of_what_went_into_it(found: Material):
    (table,) = shown("pooled", found)
    notes = {note.mark for note in table.notes if note.mark}
    for row in rows_of(table):
        marks = re.search(r"\(([a!?,]+)\)$", row[0])
        assert marks, row
        assert "a" in marks[1].split(","), "one study's number of patients is assumed"
        assert set(marks[1].split(",")) <= notes


def test_bias_has_judgements_and_their_support(found: Material):
    judged, support = shown("bias", found)
    assert rows_of(judged)[0][:7] == ["Abel 2019", "Low", "Low", "Low", "Low", "Some concerns", "Some concerns"]
    assert ["D1", "Low", "A computer made the list"] in rows_of(support)
    assert rows_of(support)[0] == ["Abel 2019, assessed by AB"]


def test_findings_are_rated_and_noted(found: Material):
    (table,) = shown("findings", found)
    assert rows_of(table)[0][0].startswith("Death by day 28")
    marks = re.findall(r"\(([a-z, ]+)\)$", rows_of(table)[0][6])
    letters = {note.mark for note in table.notes if note.mark}
    assert marks
    assert set(marks[0].split(", ")) == letters


def test_references_and_hashes_are_those_of_the_records(found: Material, folder: Path):
    text = markdown(whole(found))
    assert "Ada Abel, Second Author (2019). A trial. *J Trials 3:1-9.* [doi:10.1000/x_abel2019(a)](https://doi.org/10.1000/x_abel2019%28a%29)" in text.replace("  ", " ")  # fmt: skip
    for path in folder.glob("*.yaml"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in text


def test_the_report_says_nothing_of_the_machine(found: Material, folder: Path):
    text = markdown(whole(found))
    assert "studies/baker2020.yaml:7:" in text
    assert str(folder.parent) not in text
    for row in TABLES.values():
        assert str(folder.parent) not in repr(row.data(found))


def test_methods_cite_what_was_used_and_it_stands_among_the_references(found: Material):
    text = markdown(whole(found))
    for words in ("restricted maximum likelihood (Viechtbauer 2005)", "Hartung", "Q-profile method (Viechtbauer 2007)", "0.5 added to every cell", "RoB 2", "; Sterne 2019)", "GRADE (Balshem 2011)", "mscsec 0"):  # fmt: skip
        assert words in text
    body, references = text.split("\n## Results\n")[0], text.split("\n### Methods\n")[1]
    names = re.findall(r"(?<!\d )([A-Z][\w'-]+) ((?:19|20)\d\d)(?=[;)])", body)
    assert len(names) > 6
    for name, year in names:
        assert re.search(rf"{name}\b.*\({year}\)", references), (name, year)


def test_a_notice_is_printed_without_what_to_type():
    assert printed("sparse tau2: MH suits better (--method MH, or --compare)") == "Sparse τ²: MH suits better."


# --- tables as data ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", TABLES)
def test_a_table_of_data_has_its_header_on_every_row(found: Material, key: str):
    listed = TABLES[key].data(found)
    assert listed.rows or key == "integrity"
    assert len(set(listed.header)) == len(listed.header)
    assert {len(row) for row in listed.rows} <= {len(listed.header)}


def test_data_keep_every_digit(found: Material, folder: Path):
    listed = TABLES["pooled"].data(found)
    row = dict(zip(listed.header, listed.rows[0], strict=True))
    _, fit = pooled(load(folder), "death")
    assert fit is not None
    assert (row["estimate"], row["shown_estimate"], row["tau2"], row["k"]) == (fit.estimate, fit.display.estimate, fit.tau2, 4)  # fmt: skip
    own = TABLES["sensitivity"].data(found)
    first = dict(zip(own.header, own.rows[0], strict=True))
    assert first["estimate"] == pytest.approx(fit.display.estimate, rel=1e-12)


# --- texts that try to break out ---------------------------------------------------------------------------------


def test_hostile_texts_stay_texts_in_markdown(hostile: Material):
    text = markdown(whole(hostile))
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = {child.type for token in tokens for child in (token, *(token.children or ()))}
    assert not {
        kind for kind in kinds if kind.startswith("html") or kind in ("code_inline", "fence", "code_block", "image")
    }
    links = {child.attrs["href"] for token in tokens for child in token.children or () if child.type == "link_open"}
    assert all(link.startswith("https://doi.org/10.") for link in links)
    said = ["".join(child.content for child in token.children or () if child.type == "text") for token in tokens]
    assert f"Active treatment {clean(SAID)}" in said
    expected = [block for block in whole(hostile).blocks if isinstance(block, Table)]
    assert sum(token.type == "table_open" for token in tokens) == len(expected)
    cells = sum(token.type in ("td_open", "th_open") for token in tokens)
    assert cells == sum(len(table.columns) * (1 + len(table.rows)) for table in expected)


def test_hostile_texts_stay_texts_in_word(hostile: Material):
    made = Document(io.BytesIO(docx(whole(hostile))))
    assert made.paragraphs[0].text == f"Active treatment {clean(SAID)}"
    cells = [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    assert any(clean(SAID) in text for text in cells)
    assert not made.element.xpath("//*[local-name()='script']")


def test_hostile_texts_compile(hostile: Material, tmp_path: Path):
    text = latex(whole(hostile))
    assert "<script>" not in text
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}")
    if engine := shutil.which("pdflatex"):  # whose fonts have neither Arabic nor Chinese
        latin = "".join(char for char in text if ord(char) < 0x250 or char in "–—‘’“”…")
        (tmp_path / "m.tex").write_text(latin, encoding="utf-8")
        done = subprocess.run([engine, "-interaction=nonstopmode", "-halt-on-error", "m.tex"], cwd=tmp_path, capture_output=True, timeout=120)  # fmt: skip
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-1500:]


def test_hostile_texts_stay_in_their_cell_of_data(hostile: Material):
    from mscsec.cli.output import csv_text

    listed = TABLES["characteristics"].data(hostile)
    read = list(csv.DictReader(io.StringIO(csv_text(listed.header, listed.rows))))
    assert read[0]["title"] == f"A trial {SAID}"


# --- Word --------------------------------------------------------------------------------------------------------


def test_a_word_report_has_its_pictures_with_words_and_repeated_heads(found: Material):
    data = docx(whole(found, pictures=True))
    assert data == docx(whole(found, pictures=True)), "the same review gives the same bytes"
    made = Document(io.BytesIO(data))
    assert len(made.inline_shapes) == 3
    for drawn in made.inline_shapes:
        assert len(drawn._inline.docPr.get("descr")) > 40
        assert drawn.width.cm <= 16.6
    for table in made.tables:
        assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert {section.page_width > section.page_height for section in made.sections} == {False, True}


def test_no_page_holds_a_heading_alone(found: Material):
    blocks = whole(found).blocks
    turned = turns(blocks)
    for place, block in enumerate(blocks[:-1]):
        if isinstance(block, Heading):
            after = next(turn for turn in turned[place + 1 :] if turn is not None) if isinstance(blocks[place + 1], Table) else turned[place + 1]  # fmt: skip
            assert after in (turned[place], None)


def test_the_shipped_base_becomes_a_manuscript():
    found = material(synthesise(load(SHIPPED), ["icu_stay", "mortality_28d"], program="0"))
    text = markdown(whole(found))
    assert "-5.40 (-7.94 to -2.86)" in text
    assert "Baghalishahi" in text
    assert "studies/baghalishahi2025.yaml:" in text
