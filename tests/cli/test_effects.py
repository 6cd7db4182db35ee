"""`mscsec effects`: its tables of studies as text and as Markdown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mscsec.cli import output
from mscsec.report.numbers import number

from .conftest import Cli

DEATH = ("--outcome", "death", "--comparison", "active_vs_control")


def test_markdown_has_a_row_a_study_the_notes_and_who_is_left_out(cli: Cli, here: Path) -> None:
    rows = json.loads(cli("effects", *DEATH, "--json").out)["effects"]["rows"]
    out = cli("effects", *DEATH, "--markdown").out
    table = [line.split(" | ") for line in out.splitlines() if line.startswith("|")]
    assert [len(line) for line in table] == [4] * (2 + len(rows))
    for row, line in zip(rows, table[2:], strict=True):
        assert line[0].startswith(f"| {row['label']}")
        assert line[3].startswith(f"{number(row['estimate'])} ({number(row['low'])} to ")
    assert "21/118" in out
    assert "\n\n\n" not in out
    assert cli("effects", *DEATH, "-o", "x.md").code == 0
    assert (here / "x.md").read_text(encoding="utf-8") == out
    assert "Not in the analysis: " in cli("effects", *DEATH, "--exclude", rows[0]["study"], "--markdown").out
    assert "| --- |" not in cli("effects", "--outcome", "harm", "--markdown").out


def test_an_outcome_without_data_has_no_empty_table(cli: Cli) -> None:
    code, out, _ = cli("effects", "--outcome", "harm")
    assert code == 0
    assert "No study contributes to this outcome." in out
    assert "RR [95% CI]" not in out


@pytest.mark.parametrize("cells", [80, 120])
def test_one_long_name_does_not_cost_the_figures_of_the_groups(cells: int, cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", str(cells))
    record = here / "studies" / "doe2022.yaml"
    record.write_text(
        record.read_text(encoding="utf-8").replace("Featherstonehaugh", "Featherstonehaugh-" * 3 + "Fanshawe"),
        encoding="utf-8",
    )
    out = cli("effects", *DEATH).out
    assert "Experimental  Comparator" in out
    assert "21/118" in out
    assert max(map(output.display_width, out.splitlines())) <= cells
