"""Blocks as Markdown, Word and LaTeX: what a text says is read back from each, whatever it is made of."""

from __future__ import annotations

import io
import re
import shutil
import struct
import subprocess
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from PIL import Image

from mscsec.report.manuscript.blocks import (
    Column,
    Heading,
    Listing,
    Manuscript,
    Paragraph,
    Picture,
    Row,
    Run,
    clean,
    make_table,
    marked,
    numbered,
    shares,
    strong,
)
from mscsec.report.manuscript.docx import docx
from mscsec.report.manuscript.latex import escape as escape_latex
from mscsec.report.manuscript.latex import latex, tables_latex
from mscsec.report.manuscript.markdown import inline, markdown, tables_markdown
from mscsec.report.manuscript.slices import slices

HOSTILE = (
    "a|b \\| c\\", "5% & $3 _under_ #1 ^2 ~x~ {y}", "<script>alert('x')</script>", "**bold** *it* `code` [link](http://x) ![i](j)",
    "two\nlines\r\nand\ttabs", "مرحبا بالعالم", "间充质干细胞 分泌组", "abc\u202edef", "\x00null\x07", "&amp; &#60; &lt;", "# not a heading",
    "- not a list", "1. not a list", "-5.40 (-7.94 to -2.86)", "--- em -- en", "\\input{/etc/passwd} \\end{document}", "[5] first", "* star",
    "'' ,, ?` !`", '"quoted"', "https://a.example/x_y", "~~~", ": term", "> quote", "| cell |", "\u00a0", "é ß ½ ⊕◯ τ² ≥ 3", "a" * 120,
)  # fmt: skip


def text_table(texts: tuple[str, ...]):
    return make_table("hostile", "A | table & its <caption>", ("Text", Column("Again", right=True)), [(one, one) for one in texts])  # fmt: skip


def expected(text: str) -> str:
    return clean(text).strip()


def pixel() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def whole() -> Manuscript:
    """Every kind of block."""
    table = make_table(
        "pooled",
        "Pooled",
        ("Study", Column("RR", right=True)),
        [
            Row(("Trials",), "group"),
            (marked("Shu 2020", "a,b"), "-0.50"),
            Row(("Pooled", "-0.40"), "total"),
        ],
        [("a", "Assumed"), ("", "Of all")],
        wide=True,
    )
    picture = Picture("forest-x_y", "Forest [1]", "Three | studies", lambda kind: pixel(), (3.0, 12.0))
    return numbered(
        "A & B",
        [
            Heading(1, "Methods_1"),
            Paragraph((Run("See "), Run("the_trial", "emphasis", "https://doi.org/10.1/a(b)_c|d"), strong("."))),
            Listing(("one", "two"), ordered=True),
            table,
            picture,
            Listing(("again",), ordered=True),
            make_table("pooled-2", "Second", ("x",), [("y",)]),
        ],
    )


# --- Markdown ----------------------------------------------------------------------------------------------------


def read_markdown(text: str) -> list:
    return MarkdownIt("commonmark").enable("table").parse(text)


def words_of(token) -> str:
    return "".join(
        child.content for child in token.children or () if child.type in ("text", "softbreak", "code_inline")
    )


@given(st.text(max_size=80))
@example("a &copy; b")
@example("_a_ __b__")
def test_any_text_is_read_back_from_a_markdown_paragraph(text: str):
    if expected(text):
        tokens = read_markdown(inline(text, start=True))
        assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
        assert words_of(tokens[1]) == expected(text)
        assert {child.type for child in tokens[1].children} <= {"text", "text_special"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_read_back_from_a_markdown_table(text: str):
    tokens = read_markdown(tables_markdown([text_table((text, "plain"))]))
    cells = [words_of(tokens[place + 1]) for place, token in enumerate(tokens) if token.type in ("th_open", "td_open")]
    assert cells == ["Text", "Again", expected(text), expected(text), "plain", "plain"]
    assert not any(token.type.startswith("html") for token in tokens)


def test_a_markdown_manuscript_has_its_blocks():
    text = markdown(whole(), "review files")
    tokens = read_markdown(text)
    kinds = [token.type for token in tokens if token.level == 0 and token.type.endswith("_open")]
    assert kinds == [
        "heading_open", "heading_open", "paragraph_open", "ordered_list_open", "paragraph_open", "table_open", "paragraph_open",
        "paragraph_open", "paragraph_open", "paragraph_open", "ordered_list_open", "paragraph_open", "table_open",
    ]  # fmt: skip
    assert "**Table 1.** Pooled" in text
    assert "**Table 2.** Second" in text
    assert "| Shu 2020 (a,b) | -0.50 |" in text
    assert "| **Pooled** | **-0.40** |" in text
    assert "\n(a) Assumed\n" in text
    links = [child for token in tokens for child in token.children or () if child.type in ("link_open", "image")]
    assert [link.attrs.get("href") or link.attrs.get("src") for link in links] == [
        "https://doi.org/10.1/a%28b%29_c%7Cd",
        "review%20files/forest-x_y.svg",
    ]


# --- Word --------------------------------------------------------------------------------------------------------


def read_docx(manuscript: Manuscript):
    return Document(io.BytesIO(docx(manuscript)))


def test_hostile_text_is_read_back_from_a_word_table():
    made = read_docx(Manuscript("t", (text_table(HOSTILE),)))
    shown = [[cell.text for cell in row.cells] for row in made.tables[0].rows][1:]
    wanted = [[re.sub(r"(^|(?<=[\s(\[]))-(?=[\d.])", "−", expected(text))] * 2 for text in HOSTILE]
    assert shown == wanted


@settings(max_examples=25, deadline=None)  # a document takes a tenth of a second
@given(st.text(max_size=60))
def test_any_text_can_stand_in_a_word_document(text: str):
    lines = [line.text for line in read_docx(Manuscript(text, (Paragraph(text), Heading(2, text)))).paragraphs]
    assert [line.replace("−", "-") for line in lines] == [expected(text).replace("−", "-")] * 3


def test_a_word_manuscript_has_headings_heads_captions_and_pictures():
    made = read_docx(whole())
    styles = [line.style.name for line in made.paragraphs if line.text]
    assert styles[:5] == ["Title", "Heading 1", "Normal", "List Number", "List Number"]
    captions = [line.text for line in made.paragraphs if line.style.name == "Caption"]
    assert captions == ["Table 1. Pooled", "Figure 1. Forest [1]", "Table 2. Second"]
    head = made.tables[0].rows[0]
    assert head._tr.trPr.find(qn("w:tblHeader")) is not None
    assert [cell.text for cell in made.tables[0].rows[2].cells] == ["Shu 2020a,b", "−0.50"]
    raised = made.tables[0].rows[2].cells[0].paragraphs[0].runs[1]
    assert (raised.text, raised.font.superscript) == ("a,b", True)
    assert [line.text for line in made.paragraphs if line.style.name == "Table Note"] == [
        "a\u00a0Assumed",
        "Of all",
        "",
    ]
    (drawn,) = made.inline_shapes
    assert drawn._inline.docPr.get("descr") == "Three | studies"
    assert drawn.height.inches < 10 < 30, "a picture is not taller than its page"
    assert made.core_properties.title == "A & B"


def test_a_wide_table_turns_the_page_and_what_follows_turns_it_back():
    made = read_docx(whole())
    assert [section.page_width > section.page_height for section in made.sections] == [False, True, False]
    widths = [column.width.cm for column in made.tables[0].columns]
    assert sum(widths) == pytest.approx(29.7 - 2 * 2.2, abs=0.01)


def test_each_list_counts_from_one():
    lines = [line for line in read_docx(whole()).paragraphs if line.style.name == "List Number"]
    numbers = [line._p.pPr.numPr.numId.val for line in lines]
    assert numbers[0] == numbers[1] != numbers[2]


def test_the_same_manuscript_gives_the_same_bytes():
    assert docx(whole()) == docx(whole())
    archive = zipfile.ZipFile(io.BytesIO(docx(whole())))
    assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def striped(rows: int) -> bytes:
    """Black bars of 20 pixels with gaps of 20, and a line down all of them."""
    buffer = io.BytesIO()
    image = Image.new("L", (60, 40 * rows), 255)
    for row in range(rows):
        image.paste(0, (0, 40 * row, 60, 40 * row + 20))
    image.paste(0, (30, 0, 32, 40 * rows))
    image.save(buffer, "png")
    return buffer.getvalue()


def test_a_tall_picture_is_cut_between_its_rows():
    parts = [Image.open(io.BytesIO(part)).convert("L") for part in slices(striped(50), 700)]
    assert sum(part.height for part in parts) == 2000
    assert all(part.height <= 700 for part in parts)
    for above, below in pairwise(parts):
        assert above.getpixel((0, above.height - 1)) == 255, "the last line of a part lies in a gap"
        assert below.getpixel((0, 0)) == 255, "and so does the first of the next"
    assert slices(striped(5), 700) == [striped(5)]


def test_a_picture_of_many_rows_goes_over_several_pages():
    picture = Picture("forest", "Forest", "Fifty studies", lambda kind: striped(50), (0.6, 40.0))
    made = read_docx(Manuscript("t", (picture,)))
    shapes = list(made.inline_shapes)
    assert len(shapes) > 2
    assert all(shape.height.inches < 10 and shape.width.inches == pytest.approx(0.6, abs=0.01) for shape in shapes)
    assert shapes[0]._inline.docPr.get("descr") == "Fifty studies"
    assert [line.text for line in made.paragraphs if line.style.name == "Caption"] == ["Forest"]


# --- LaTeX -------------------------------------------------------------------------------------------------------

_BACK = {
    r"\textbackslash{}": "\\", r"\{": "{", r"\}": "}", r"\$": "$", r"\&": "&", r"\#": "#", r"\%": "%", r"\_": "_", r"\textasciicircum{}": "^",
    r"\textasciitilde{}": "~", r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|", r"\textasciigrave{}": "`", r"\symbol{34}": '"',
    r"\allowbreak{}": "", "{[}": "[", "{]}": "]", "{*}": "*", "~": "\u00a0", "{}": "",
}  # fmt: skip
_TOKENS = re.compile("|".join(map(re.escape, sorted(_BACK, key=len, reverse=True))))


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
@example("--- ,, ''")
@example("{}[]*\\")
def test_any_plain_text_is_read_back_from_latex(text: str):
    made = escape_latex(expected(text))
    assert _TOKENS.sub(lambda found: _BACK[found[0]], made.replace("$-$", "-")) == expected(text)
    rest = _TOKENS.sub("", made.replace("$-$", ""))
    assert not set(rest) & set('\\{}$&#%_^~<>|`"[]*'), "nothing active is left"
    assert not re.search(r"--|,,|''", made)


def test_a_latex_table_has_its_columns_on_every_row():
    text = tables_latex([text_table(HOSTILE)])
    body = text.split(r"\endfoot")[1].split(r"\end{longtable}")[0]
    rows = [line for line in body.strip().splitlines() if line]
    assert len(rows) == len(HOSTILE)
    for row in rows:
        assert row.endswith(r" \\")
        assert len(re.findall(r"(?<!\\)&", row)) == 1
        assert not re.search(r"(?<!\\)%", row)
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") == 1
    assert r"\toprule" in text
    assert r"\endhead" in text


def test_a_latex_manuscript_compiles(tmp_path: Path):
    latin = tuple(text for text in HOSTILE if all(ord(char) < 0x250 for char in clean(text)))
    manuscript = Manuscript("A & B", (*[b for b in whole().blocks if not isinstance(b, Picture)], text_table(latin)))
    text = latex(manuscript)
    assert text.count(r"\begin{landscape}") == text.count(r"\end{landscape}") == 1
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    if engine := shutil.which("pdflatex"):
        (tmp_path / "m.tex").write_text(text, encoding="utf-8")
        done = subprocess.run([engine, "-interaction=nonstopmode", "-halt-on-error", "m.tex"], cwd=tmp_path, capture_output=True, timeout=120)  # fmt: skip
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-1500:]


# --- blocks ------------------------------------------------------------------------------------------------------


def test_a_row_must_have_the_cells_of_its_columns():
    with pytest.raises(ValueError, match="a row of 1 cells under 2 columns"):
        make_table("x", "x", ("a", "b"), [("one",)])


def test_columns_share_the_width_by_what_they_hold():
    table = make_table("x", "x", ("a", "b"), [("1", "a long text of many words that wants most of the room " * 3)])
    narrow, broad = shares(table)
    assert narrow + broad == pytest.approx(1)
    assert broad > 3 * narrow


def test_what_turns_a_line_round_and_what_no_page_can_show_is_taken_out():
    assert clean("a\u202eb\x00c\ud800d") == "ab\ufffdc\ufffdd"
    assert clean("a \n\t b") == "a b"
