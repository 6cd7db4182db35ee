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


CHANGED = """\
schema: mscsec/study/1
id: {name}
citation: {{title: Trial {name}, authors: [Ann {author}], year: 2020}}
design: {{type: parallel-rct, randomised: true}}
arms:
  a: {{role: experimental, treatment: active, n: 41}}
  c: {{role: comparator, treatment: usual care, n: 33}}
results:
  - outcome: score
    arms:
      a: {{change: {{mean: {mean}}}, sd: 6.2, baseline: {{mean: 20, sd: 5.8}}}}
      c: {{change: {{mean: 1.1}}, sd: 6.6, baseline: {{mean: 20, sd: 6.1}}}}
"""
SCORE = ("--outcome", "score", "--correlation", "0.5")


def changes(here: Path) -> None:
    for name, author, mean in (("kay2020", "Kay", 4.1), ("lee2020", "Lee", 3.2)):
        text = CHANGED.format(name=name, author=author, mean=mean)
        (here / "studies" / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_what_an_assumed_correlation_decides_stands_under_the_result(cli: Cli, here: Path) -> None:
    changes(here)
    code, out, _ = cli("pool", *SCORE)
    assert code == 0
    assert "Sensitivity to the correlation of baseline and final values, 0.5 assumed for Kay\n  2020, Lee 2020" in out
    block = out.split("Lee 2020\n")[1].split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in block[:6]] == ["at", "0.1", "0.3", "0.5*", "0.7", "0.9"]
    pooled = next(line for line in out.splitlines() if line.startswith("Pooled ")).split("[")[1].split("]")[0]
    assert f"[{pooled}]" in block[3]
    assert "the one used" in " ".join(" ".join(block[6:]).split())
    assert "Sensitivity" not in cli("pool", *SCORE, "--by", "year").out
    markdown = cli("pool", *SCORE, "--markdown").out
    assert "| 0.5* |" in markdown
    assert "Sensitivity" not in cli("pool", "--outcome", "stay").out


def test_what_an_assumed_correlation_decides_is_data_and_stands_by_each_study(cli: Cli, here: Path) -> None:
    changes(here)
    (item,) = json.loads(cli("pool", *SCORE, "--json").out)["assumed"]
    assert (item["quantity"], item["studies"]) == ("correlation", ["kay2020", "lee2020"])
    (alone,) = json.loads(cli("effects", *SCORE, "--json").out)["assumed"]
    assert [point["studies"] for point in alone["points"]] == [point["studies"] for point in item["points"]]
    assert alone["points"][0]["estimate"] is None
    out = cli("effects", *SCORE, "--explain", "--study", "kay2020").out
    lines = out.split("MD by correlation of baseline and final values (* as used)\n")[1].splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["0.1", "0.3", "0.5*", "0.7", "0.9"]
    assert json.loads(cli("pool", "--outcome", "stay", "--json").out)["assumed"] == []


def test_impossible_assumptions_are_refused(cli: Cli) -> None:
    for option, value in (("--correlation", "1.2"), ("--icc", "-0.1"), ("--icc", "2")):
        code, _, err = cli("pool", "--outcome", "stay", option, value)
        assert code == 2
        assert f"{option} is {float(value):g}" in err


def test_a_preview_of_judgements_says_what_writing_them_takes(cli: Cli, here: Path) -> None:
    (here / "rob.csv").write_text(
        "Study,D1,D2,D3,D4,D5,Overall\nabel2019,Low,Low,Low,Low,Low,Low\nbaker2020,Low,Low,Low,Low,Low,Low\n",
        encoding="utf-8",
    )
    code, out, err = cli("import-bias", "rob.csv")
    assert code == 0
    assert "abel2019" in out
    assert "add --result OUTCOME (death, stay) and --write" in err
    assert "--result" not in cli("import-bias", "rob.csv", "--result", "death").err


def test_tables_with_decimal_commas_and_impossible_numbers(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text("study;yi;vi\nA;0,25;0,04\nB;-0,4;0,09\n", encoding="utf-8")
    code, out, err = cli("pool", "--table", "t.csv")
    assert code == 0
    assert "0.25 [" in out
    assert err == "t.csv: numbers are read with decimal commas\n"
    (here / "t.csv").write_text("study,events_1,n_1,events_2,n_2\nA,4,20,25,20\n", encoding="utf-8")
    code, out, err = cli("pool", "--table", "t.csv", "--measure", "RR")
    assert (code, out) == (2, "")
    assert err.startswith("t.csv:2:4: error: E231 25 events among 20 participants in group 2;")


def test_a_time_point_with_a_slip_is_answered_with_the_nearest(cli: Cli) -> None:
    code, out, err = cli("pool", *DEATH, "--timepoint", "day 29")
    assert (code, out) == (2, "")
    assert "did you mean 'day 28'? Known: day 28, day 30" in err


def test_a_ratio_at_a_baseline_risk_is_shown_as_the_other_ratios_too(cli: Cli) -> None:
    found = json.loads(cli("pool", *DEATH, "--measure", "OR", "--baseline-risk", "0.2", "--json").out)["re_expressed"]
    line = " ".join(cli("pool", *DEATH, "--measure", "OR", "--baseline-risk", "0.2").out.split())
    assert f"; RR {found['risk_ratio']['estimate']:.2f} (" in line
    assert "; OR " not in line
    line = " ".join(cli("pool", *DEATH, "--measure", "RD", "--baseline-risk", "0.2").out.split())
    assert "; RR " in line
    assert "; OR " in line
