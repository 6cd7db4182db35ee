"""A plain table: its columns, its gaps, and each cell that is no number at its line and column."""

from __future__ import annotations

import math

import pytest

from mscsec.effects.moderators import column, columns_of_base, columns_of_table
from mscsec.effects.reading import Rules
from mscsec.effects.sizes import effects
from mscsec.effects.tabular import effects_from_table, read_csv
from mscsec.errors import UnknownName, UsageError
from mscsec.problems import RecordError

from .bases import arm, base_of, study

CELLS = "study,events_1,n_1,events_2,n_2,dose\nA,4,20,9,20,10\nB,0,30,3,29,\nC,,20,3,20,30\nD,0,9,0,9,40\n"


def test_effects_of_a_table():
    found = effects_from_table(read_csv("t.csv", CELLS), "OR")
    assert [row.study for row in found.rows] == ["A", "B"]
    assert found.rows[0].yi == pytest.approx(math.log(4 * 11 / (16 * 9)))
    assert [flag.code for flag in found.rows[1].flags] == ["E101"]
    reasons = {item.study: item.reason for item in found.excluded}
    assert reasons["C"] == "events_1 is missing"
    assert "nobody, or everybody" in reasons["D"]
    figure = found.rows[0].derivation.figures[0]
    assert (figure.name, figure.text, figure.path) == ("events_1", "4", ("t.csv", 2, "events_1"))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_a_byte_order_mark(separator):
    text = "\ufeff" + CELLS.replace(",", separator)
    assert len(effects_from_table(read_csv("t.csv", text), "RR").rows) == 2


@pytest.mark.parametrize("columns", ["yi,vi", "yi,sei"])
def test_effects_as_given(columns):
    found = effects_from_table(read_csv("t.csv", f"author,{columns}\nA,0.5,0.25\nA,0.1,0.04\n"))
    assert [row.study for row in found.rows] == ["A", "A (2)"]
    assert found.rows[0].vi == pytest.approx(0.25 if columns == "yi,vi" else 0.0625)
    assert found.measure == "GEN"


def test_cells_that_are_no_numbers_are_all_named():
    with pytest.raises(RecordError) as caught:
        effects_from_table(read_csv("t.csv", "study,yi,vi\nA,much,0.1\nB,0.2,0;1\n"))
    assert [(problem.line, problem.column, problem.code) for problem in caught.value.problems] == [
        (2, 2, "E212"),
        (3, 3, "E212"),
    ]


def test_columns_that_lack_are_named():
    with pytest.raises(UsageError, match=r"MD .* needs the columns mean_1 sd_1 mean_2 sd_2 n_1 n_2"):
        effects_from_table(read_csv("t.csv", CELLS), "MD")
    with pytest.raises(UsageError, match="name the measure"):
        effects_from_table(read_csv("t.csv", CELLS))


def test_moderators_of_a_table():
    table = read_csv("t.csv", CELLS)
    columns = columns_of_table(table, effects_from_table(table, "OR"))
    assert columns["dose"] == [10.0, None]
    assert columns["study"] == ["A", "B"]
    with pytest.raises(UnknownName, match="did you mean 'dose'"):
        column(columns, "dos")


def test_moderators_of_a_base():
    record = study(
        {"outcome": "death", "timepoint": "day 28", "arms": {"a": {"events": 4}, "c": {"events": 9}}},
        design={"randomised": True, "country": "Norway"},
        arms={"a": arm("experimental", dose="2 mL"), "c": arm("comparator", dose="none")},
        moderators={"age": 61.5, "ward": "ICU"},
    )
    base = base_of(record)
    columns = columns_of_base(base, effects(base, "death"))
    shown = {name: columns[name][0] for name in ("year", "country", "dose", "comparator_dose", "age", "ward", "n", "randomised", "timepoint")}  # fmt: skip
    assert shown == {
        "year": 2020, "country": "Norway", "dose": "2 mL", "comparator_dose": "none", "age": 61.5, "ward": "ICU", "n": 40,
        "randomised": "yes", "timepoint": "day 28",
    }  # fmt: skip


def test_moderators_of_a_trial_that_enters_twice_are_those_of_each_arm():
    arms = {"low": arm("experimental", dose="1 mL"), "high": arm("experimental", dose="2 mL"), "c": arm("comparator")}
    result = {"outcome": "death", "arms": {"low": {"events": 4}, "high": {"events": 5}, "c": {"events": 9}}}
    base = base_of(study(result, arms=arms))
    columns = columns_of_base(base, effects(base, "death", rules=Rules(multi_arm="split")))
    assert columns["dose"] == ["1 mL", "2 mL"]
