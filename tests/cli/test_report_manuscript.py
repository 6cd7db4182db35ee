"""`mscsec report -o review.docx|review.md|review.tex`: which files are written, and that it is all of them or none."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from docx import Document
from markdown_it import MarkdownIt

from mscsec.cli.report_manuscript import Written, check_free, write_files
from mscsec.errors import UsageError

from .conftest import Cli

STAY = ("report", "--outcome", "stay")


def test_a_word_file_holds_its_pictures(cli: Cli, here: Path):
    code, out, err = cli(*STAY, "-o", "review.docx")
    assert (code, out) == (0, "")
    assert err.endswith("Wrote review.docx\n")
    made = Document(io.BytesIO((here / "review.docx").read_bytes()))
    assert made.paragraphs[0].text == "Active treatment for a severe disease"
    assert len(made.inline_shapes) == 1
    assert sorted(path.name for path in here.iterdir()) == ["review.docx", "studies"]


@pytest.mark.parametrize(("suffix", "picture", "start"), [("md", "svg", b"<?xml"), ("tex", "pdf", b"%PDF")])
def test_pictures_lie_in_a_folder_beside_the_text(suffix: str, picture: str, start: bytes, cli: Cli, here: Path):
    code, _, err = cli(*STAY, "-o", f"my review.{suffix}")
    assert code == 0
    assert f"Wrote my review.{suffix} and my review_files (1 picture)" in err
    (drawn,) = (here / "my review_files").iterdir()
    assert drawn.name == f"forest-stay.{picture}"
    assert drawn.read_bytes().startswith(start)
    text = (here / f"my review.{suffix}").read_text(encoding="utf-8")
    assert "8.2" in text
    if suffix == "md":
        images = [
            child for token in MarkdownIt().parse(text) for child in token.children or () if child.type == "image"
        ]
        assert [image.attrs["src"] for image in images] == ["my%20review_files/forest-stay.svg"]


def test_nothing_is_replaced_without_force_and_nothing_else_with_it(cli: Cli, here: Path):
    assert cli(*STAY, "-o", "r.md").code == 0
    (here / "r_files" / "mine.txt").write_text("mine")
    first = (here / "r.md").read_bytes()
    (here / "r.md").unlink()
    code, _, err = cli(*STAY, "-o", "r.md")
    assert code == 2
    assert "r_files/forest-stay.svg exists already and is not overwritten" in err
    assert not (here / "r.md").exists()
    assert cli(*STAY, "-o", "r.md", "--force").code == 0
    assert (here / "r.md").read_bytes() == first
    assert cli(*STAY, "-o", "r.tex").code == 0, "pictures of another kind are in nobody's way"
    assert sorted(path.name for path in (here / "r_files").iterdir()) == [
        "forest-stay.pdf",
        "forest-stay.svg",
        "mine.txt",
    ]


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise UsageError("full")

    monkeypatch.setattr("mscsec.cli.report_manuscript.write_whole", refuse)
    with pytest.raises(UsageError, match="full"):
        write_files(tmp_path / "r.md", Written("text", {"a.svg": b"<svg/>"}), force=False)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_a_folder_as_it_was(tmp_path: Path):
    (tmp_path / "r_files").mkdir()
    (tmp_path / "r_files" / "mine.txt").write_text("mine")
    (tmp_path / "r.md").write_text("there already")
    with pytest.raises(UsageError, match="exists already"):
        write_files(tmp_path / "r.md", Written("text", {"a.svg": b"<svg/>"}), force=False)
    assert [path.name for path in (tmp_path / "r_files").iterdir()] == ["mine.txt"]


def test_a_file_in_place_of_the_folder_is_in_the_way(tmp_path: Path):
    (tmp_path / "r_files").write_text("a file")
    with pytest.raises(UsageError, match="in the way"):
        check_free(tmp_path / "r.md", "svg", force=True)


def test_without_python_docx_it_says_how_to_get_it(cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "docx", None)
    code, _, err = cli(*STAY, "-o", "r.docx")
    assert code == 2
    assert "pip install 'mscsec[docx]'" in err


@pytest.mark.parametrize("suffix", ["docx", "md", "tex"])
def test_a_review_without_a_result_is_no_report(suffix: str, cli: Cli, here: Path):
    code, _, err = cli("report", "--outcome", "score", "-o", f"r.{suffix}")
    assert code == 3
    assert "nothing to report" in err
    assert [path.name for path in here.iterdir()] == ["studies"]


@pytest.mark.parametrize("suffix", ["docx", "md", "tex"])
def test_letters_that_no_typeface_has_are_named_once(suffix: str, cli: Cli, here: Path):
    sign = "\U00012000"  # of cuneiform
    for study in (here / "studies").glob("*.yaml"):
        text = study.read_text(encoding="utf-8")
        study.write_text(text.replace("], year", f"{sign}], year"), encoding="utf-8")
    code, _, err = cli(*STAY, "-o", f"r.{suffix}")
    assert code == 0
    assert err.count("boxes are drawn") == 1
    assert sign in err
    assert "Install" in err
