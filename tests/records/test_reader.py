"""Folders to evidence bases: what is found, in which order, from which version, and where each value stands."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

import mscsec
from mscsec.errors import UnknownName, UsageError
from mscsec.problems import Problem, RecordError
from mscsec.records.models import Study, family_name
from mscsec.records.reader import decode, find_folder, inspect, load, read_file, shipped_folder

from .bases import FILES, STUDY, write


def test_load_gives_protocol_and_studies_in_order_of_file_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "b.yaml": STUDY.replace("roe2021", "zoe"),
            "a.yaml": STUDY.replace("roe2021", "abe"),
            ".hidden.yaml": "[",
            "notes.txt": "[",
        },
    )
    base = mscsec.load(tmp_path)
    assert [study.id for study in base.studies] == ["abe", "zoe", "roe2021"]
    assert base.review.title == "A review"
    assert (base.folder, base.shipped) == (str(tmp_path), False)
    assert base.study("zoe").id == "zoe"
    with pytest.raises(UnknownName, match="unknown study 'zoo'; did you mean 'zoe'"):
        base.study("zoo")


def test_every_value_leads_to_its_place(tmp_path: Path) -> None:
    base = load(write(tmp_path))
    lines = STUDY.splitlines()
    for path, text in {
        ("results", 1, "arms", "active", "sd"): "3.1",
        ("results", 1, "arms", "control", "iqr", 1): "14",
        ("citation", "year"): "2021",
        ("arms", "control", "n"): "21",
    }.items():
        origin = base.origin("roe2021", path)
        assert lines[origin.line - 1][origin.column - 1 :].startswith(text)
        assert origin.text == text
        assert str(origin) == f"{tmp_path}/roe2021.yaml:{origin.line}:{origin.column}"
    assert (
        base.origin("roe2021", ("results", 1, "arms", "nobody")).line
        == base.origin("roe2021", ("results", 1, "arms")).line
    )
    assert base.documents["roe2021"].sha256 == hashlib.sha256(STUDY.encode()).hexdigest()


def test_a_figure_in_full_dress_stands_at_its_value(tmp_path: Path) -> None:
    base = load(
        write(
            tmp_path, {"roe2021.yaml": STUDY.replace("comparator, n: 21", "comparator, n: {assumed: half, value: 21}")}
        )
    )
    origin = base.origin("roe2021", ("arms", "control", "n"))
    assert (origin.line, origin.column, origin.text) == (15, 57, "21")


def test_the_error_holds_every_problem_in_order(tmp_path: Path) -> None:
    write(tmp_path, {"roe2021.yaml": STUDY.replace("sd: 3.1", "sd: 0").replace("year: 2021", "year: 1"), "a.yaml": "["})
    with pytest.raises(RecordError) as caught:
        load(tmp_path)
    problems = caught.value.problems
    assert [(Path(problem.file).name, problem.code) for problem in problems] == [
        ("a.yaml", "R008"),
        ("roe2021.yaml", "R106"),
        ("roe2021.yaml", "R106"),
    ]
    assert [problem.line for problem in problems] == [1, 6, 29]
    assert all(problem.head in str(caught.value) for problem in problems)
    assert caught.value.exit_code == 2
    assert list(inspect(tmp_path)[1]) == list(problems)


def test_a_study_at_fault_does_not_hide_the_others(tmp_path: Path) -> None:
    base, problems = inspect(write(tmp_path, {"a.yaml": "- x\n"}))
    assert base is not None
    assert [study.id for study in base.studies] == ["roe2021"]
    assert [problem.code for problem in problems] == ["R015"]
    base, problems = inspect(write(tmp_path / "b", {"review.yaml": "x: 1\n"}))
    assert base is None
    assert {problem.code for problem in problems} == {"R102", "R103"}


def test_the_folder_nearest_upward_then_the_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_folder() == (os.fspath(shipped_folder()), True)
    (tmp_path / "studies").mkdir()
    assert find_folder()[1] is True
    write(tmp_path / "studies")
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert find_folder() == (os.path.join("..", "..", "studies"), False)
    assert find_folder("elsewhere") == ("elsewhere", False)
    with pytest.raises(UsageError, match="cannot be read: No such file or directory"):
        load("elsewhere")


def test_the_shipped_base_is_sound() -> None:
    base, problems = inspect(shipped_folder())
    assert problems == []
    assert base is not None
    assert len(base.studies) >= 30


def test_models_are_frozen(tmp_path: Path) -> None:
    base: Any = load(write(tmp_path))
    with pytest.raises(Exception, match="frozen"):
        base.studies[0].id = "x"
    with pytest.raises(dataclasses.FrozenInstanceError):
        base.folder = "x"


def test_a_null_is_the_same_as_nothing(tmp_path: Path) -> None:
    one = load(write(tmp_path / "a", {"roe2021.yaml": STUDY.replace("  year: 2021\n", "")}))
    two = load(write(tmp_path / "b", {"roe2021.yaml": STUDY.replace("year: 2021", "year: null")}))
    three = load(write(tmp_path / "c", {"roe2021.yaml": STUDY.replace("year: 2021", "year:")}))
    assert one.studies == two.studies == three.studies


@pytest.mark.parametrize(
    ("author", "family"),
    [
        ("Jane Roe", "Roe"), ("Roe, Jane", "Roe"), ("Roe J", "Roe"), ("van der Berg AB", "van der Berg"), ("Anna van der Berg", "van der Berg"),
        ("de la Cruz, Ana", "de la Cruz"), ("Roe", "Roe"), ("João da Silva", "da Silva"), ("Fathi-Kazerooni M", "Fathi-Kazerooni"), ("John Roe Jr.", "Roe"),
        ("Wu", "Wu"), ("LI", "LI"), ("  Roe  ", "Roe"), ("", ""),
    ],
)  # fmt: skip
def test_family_name(author: str, family: str) -> None:
    assert family_name(author) == family


def test_label_without_an_author_or_a_year(tmp_path: Path) -> None:
    study: Study = load(write(tmp_path)).studies[0]
    assert study.label == "Roe 2021"
    bare = study.model_copy(update={"citation": study.citation.model_copy(update={"authors": ()})})
    assert bare.label == "roe2021"


def test_a_table_may_have_a_byte_order_mark_and_a_record_may_not(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfa,b\n")
    assert read_file(str(path), mark_allowed=True) == ("a,b\n", [])
    assert [problem.code for problem in read_file(str(path))[1]] == ["R005"]
    assert decode("x", b"\xff\xfea\x00", mark_allowed=True)[1][0].code == "R005"


# --- problems ------------------------------------------------------------------------------------------------------------


def test_a_problem_as_editors_read_it() -> None:
    problem = Problem("f.yaml", 3, 5, "R106", "found -1", "it is positive", "Write 1", excerpt="  n: -1")
    assert problem.head == "f.yaml:3:5: error: R106 found -1; it is positive. Write 1"
    assert problem.render() == f"{problem.head}\n  3 |   n: -1\n    |     ^"
    assert Problem("f.yaml", 3, 5, "R106", "found -1").render() == "f.yaml:3:5: error: R106 found -1"


@pytest.mark.parametrize("column", [1, 50, 51, 400, 799])
def test_the_caret_of_a_long_line_stays_in_view(column: int) -> None:
    line = "".join(chr(ord("a") + place % 26) for place in range(800))
    _, shown, caret = Problem("f", 12, column, "R106", "x", excerpt=line).render().splitlines()
    assert len(shown) <= 110
    assert shown[caret.index("^")] == line[column - 1]


def test_the_caret_counts_cells_and_control_characters_are_shown_as_such() -> None:
    problem = Problem("f", 1, 5, "R006", "x", excerpt="漢字: \x1b[31m")
    _, shown, caret = problem.render().splitlines()
    assert "\x1b" not in shown
    assert shown[shown.index("|") + 2 :] == "漢字: �[31m"
    assert caret.index("^") - caret.index("|") - 2 == 6


def test_files_of_the_small_base() -> None:
    assert sorted(FILES) == ["review.yaml", "roe2021.yaml"]
