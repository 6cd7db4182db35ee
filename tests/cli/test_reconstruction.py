"""What a paper prints instead of what a measure needs, from the record to the terminal."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Cli

REBUILT = """\
schema: mscsec/study/1
id: ivy2024
citation: {title: Trial ivy2024, authors: [Ida Ivy], year: 2024}
design: {type: parallel-rct, randomised: true}
arms:
  a: {role: experimental, treatment: active, n: 123}
  c: {role: comparator, treatment: usual care, n: 139}
results:
  - outcome: death
    timepoint: day 28
    events: 15
    effects: [{measure: RR, estimate: 0.41, ci: [0.13, 1.26]}]
"""
DEATH = ("--outcome", "death", "--comparison", "active_vs_control")


def test_cells_rebuilt_from_a_ratio_enter_methods_that_count(cli: Cli, here: Path) -> None:
    (here / "studies" / "ivy2024.yaml").write_text(REBUILT, encoding="utf-8")
    printed = json.loads(cli("pool", *DEATH, "--json").out)["effects"]["rows"][-1]
    assert printed["study"] == "ivy2024"
    assert printed["experimental"]["events"] is None
    for arguments in (("--method", "MH"), ("--measure", "OR"), ("--compare",)):
        code, _, err = cli("pool", *DEATH, *arguments)
        assert code == 0, err
        assert "ivy2024" not in err
    text = cli("pool", *DEATH, "--method", "MH", columns=120).out
    assert "4/123" in text
    assert "cells rebuilt from RR 0.41 and the margins; only 4 events in a print so" in " ".join(text.split())


def test_the_path_to_rebuilt_cells_is_shown(cli: Cli, here: Path) -> None:
    (here / "studies" / "ivy2024.yaml").write_text(REBUILT, encoding="utf-8")
    code, out, _ = cli("effects", *DEATH, "--measure", "OR", "--explain", "--study", "ivy2024")
    assert code == 0
    said = " ".join(out.split())
    assert (
        "a = RR n_1 events_total / (RR n_1 + n_2) (risk_ratio = 0.41, n_1 = 123, n_2 = 139, events_total = 15)" in said
    )
    assert "studies/ivy2024.yaml:11:13" in out
    assert "[Di Pietrantonj 2006]" in said
    assert max(map(len, out.splitlines())) <= 80
