"""The pages read off the tables: up to date, whole, and readable as Markdown."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from mscsec.codes import CODES
from mscsec.effects.measures import MEASURES, TRANSFORMS
from mscsec.effects.reconstruct import RECONSTRUCT
from mscsec.pooling import CI, PREDICTION, PRESETS, TAU2, TAU2_CI, regression
from mscsec.pooling.counts import COUNTS, GROUP_RATES, PROPORTIONS, RATES
from mscsec.pooling.regression import SANDWICHES
from mscsec.small_study import ASYMMETRY, ESTIMATORS, FAIL_SAFE
from mscsec.sources import SOURCES

DOCS = Path(__file__).resolve().parents[1] / "docs"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLES = script("tables")
REGISTRIES = {
    "TAU2": TAU2, "TAU2_CI": TAU2_CI, "CI": CI, "PREDICTION": PREDICTION, "COUNTS": COUNTS, "RATES": RATES,
    "ASYMMETRY": ASYMMETRY, "ESTIMATORS": ESTIMATORS, "FAIL_SAFE": FAIL_SAFE, "SANDWICHES": SANDWICHES, "DRAWN": TABLES.DRAWN,
}  # fmt: skip
POOLED = {
    "TAU2": TAU2, "TAU2_CI": TAU2_CI, "CI": CI, "PREDICTION": PREDICTION, "PRESETS": PRESETS, "COUNTS": COUNTS, "RATES": RATES,
    "PROPORTIONS": PROPORTIONS, "GROUP_RATES": GROUP_RATES, "ASYMMETRY": ASYMMETRY, "ESTIMATORS": ESTIMATORS,
    "FAIL_SAFE": FAIL_SAFE, "SANDWICHES": SANDWICHES, "DRAWN": TABLES.DRAWN,
}  # fmt: skip
# What another program has and no reference case: checked by brute force, and by the definition of its draws.
UNSEEN = {"COUNTS": ["Firth"], "DRAWN": ["bootstrap"]}
HOLDS = {
    "measures.md": (*MEASURES, *TRANSFORMS),
    "reconstruction.md": tuple(RECONSTRUCT),
    "methods-tables.md": tuple(key for rows in REGISTRIES.values() for key in rows),
    "codes.md": tuple(CODES),
    "references.md": tuple(SOURCES),
}


def test_pages_are_up_to_date():
    assert TABLES.stale() == [], "run python docs/tables.py"


def test_a_page_that_is_not_is_found(tmp_path, monkeypatch, capsys):
    for name in TABLES.PAGES:
        (tmp_path / name).write_text((DOCS / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "codes.md").write_text("old", encoding="utf-8")
    (tmp_path / "references.md").unlink()
    monkeypatch.setattr(TABLES, "FOLDER", tmp_path)
    assert TABLES.main(check=True) == 1
    assert capsys.readouterr().out.split("\n")[0].startswith("codes.md: out of date")
    assert TABLES.main(check=False) == 0
    assert TABLES.main(check=True) == 0


@pytest.mark.parametrize("name", HOLDS)
def test_every_row_has_its_line(name):
    page = (DOCS / name).read_text(encoding="utf-8")
    assert [key for key in HOLDS[name] if f"| `{key}`" not in page] == []


@pytest.mark.parametrize("name", HOLDS)
def test_tables_are_rectangular(name):
    widths: set[int] = set()
    for line in (DOCS / name).read_text(encoding="utf-8").split("\n"):
        if not line.startswith("|"):
            widths = set()
            continue
        widths.add(len(re.findall(r"(?<!\\)\|", line)))
        assert len(widths) == 1, line


@pytest.mark.parametrize("name", ["measures.md", "reconstruction.md", "methods-tables.md"])
def test_links_lead_to_a_reference(name):
    page = (DOCS / name).read_text(encoding="utf-8")
    references = (DOCS / "references.md").read_text(encoding="utf-8")
    for key in re.findall(r"\(references\.md#([^)]+)\)", page):
        assert f'<a id="{key}">' in references


@pytest.mark.parametrize("name", TABLES.METHODS)
def test_every_method_has_its_formula_and_its_names_in_other_programs(name):
    rows = POOLED[name]
    assert list(TABLES.METHODS[name]) == list(rows)
    for key, given in TABLES.METHODS[name].items():
        assert len(given) == 3, key
        assert all(text.strip() for text in given), key
        assert rows[key].source in SOURCES


def test_every_table_of_methods_is_described():
    assert set(TABLES.METHODS) == set(POOLED)


@pytest.mark.parametrize("name", [name for name in POOLED if name != "PRESETS"])
def test_every_method_says_how_far_it_is_from_other_programs(name):
    page = (DOCS / "methods-tables.md").read_text(encoding="utf-8")
    agreed = TABLES.agreement()
    for key in POOLED[name]:
        last = agreed.get((name, key), "own tests")
        assert re.search(rf"^\| `{re.escape(key)}` .*\| {re.escape(last)} \|$", page, re.MULTILINE), key
    _, metafor, meta = zip(*TABLES.METHODS[name].values(), strict=True)
    shared = [key for key, a, b in zip(TABLES.METHODS[name], metafor, meta, strict=True) if (a, b) != ("none", "none")]
    assert [key for key in shared if (name, key) not in agreed] == UNSEEN.get(name, [])


def test_what_has_no_key_has_a_source_and_its_row_on_the_page_on_agreement():
    page = (DOCS / "methods-tables.md").read_text(encoding="utf-8")
    agreed = TABLES.agreement()
    for name, given in TABLES.BESIDE.items():
        here, formula, sources, metafor, meta, at = given
        assert all(text.strip() for text in (here, formula, metafor, meta)), name
        assert set(sources.split()) <= set(SOURCES), name
        last = agreed[tuple(at.split("/"))] if at else "own tests"
        assert re.search(rf"^\| {re.escape(name)} .*\| {re.escape(last)} \|$", page, re.MULTILINE), name


@pytest.mark.parametrize(
    "name",
    ["influence", "location_scale", "multilevel", "permutation_test", "residuals", "shrunken_effects", "variance_inflation"],
)  # fmt: skip
def test_what_is_made_of_a_regression_is_in_the_tables(name):
    assert callable(getattr(regression, name))
    assert f"{name}()" in {row[0] for row in TABLES.BESIDE.values()}


def test_pipes_do_not_end_a_cell():
    assert TABLES.table(["a"], [["x | y"]]) == "| a |\n| --- |\n| x \\| y |\n"
