"""A plain table: its columns, its gaps, and each cell that is no number at its line and column."""

from __future__ import annotations

import math

import pytest

from mscsec.effects.moderators import column, columns_of_base, columns_of_table
from mscsec.effects.reading import Rules
from mscsec.effects.sizes import effects
from mscsec.effects.tabular import effects_from_table, read_csv
from mscsec.errors import InvalidInput, UnknownName, UsageError
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
    alone = columns_of_base(base, effects(base, "death", measure="PLO"))
    assert (alone["n"], alone["n_1"]) == ([20], [20])


def test_moderators_of_a_trial_that_enters_twice_are_those_of_each_arm():
    arms = {"low": arm("experimental", dose="1 mL"), "high": arm("experimental", dose="2 mL"), "c": arm("comparator")}
    result = {"outcome": "death", "arms": {"low": {"events": 4}, "high": {"events": 5}, "c": {"events": 9}}}
    base = base_of(study(result, arms=arms))
    columns = columns_of_base(base, effects(base, "death", rules=Rules(multi_arm="split")))
    assert columns["dose"] == ["1 mL", "2 mL"]


@pytest.mark.parametrize(
    ("measure", "text", "places"),
    [
        ("RR", "study,events_1,n_1,events_2,n_2\nA,4,20,25,20\nB,0,30,3,29\n\nC,31,30,3,-29\n", [(2, 4), (5, 5)]),
        ("RR", "study,events_1,n_1,events_2,n_2\nA,4,20,5,-20\n", [(2, 5)]),
        ("SMD", "n_1,n_2,sd_1,sd_2,mean_1,mean_2\n9,9,1,1,2,3\n9,9,1,-1,2,3\n", [(3, 4)]),
        ("GEN", "study,yi,vi\nA,0.2,-0.1\n", [(2, 3)]),
        ("PR", "study,events,n\nA,7,5\n", [(2, 2)]),
    ],
)
def test_impossible_numbers_are_named_at_their_line_and_column(measure, text, places):
    with pytest.raises(RecordError) as caught:
        effects_from_table(read_csv("t.csv", text), measure)
    found = [(problem.line, problem.column) for problem in caught.value.problems]
    assert found == places
    assert {problem.code for problem in caught.value.problems} == {"E231"}
    assert "study 1" not in str(caught.value)


def test_an_impossible_option_is_no_fault_of_the_rows():
    with pytest.raises(InvalidInput, match="add is -1"):
        effects_from_table(read_csv("t.csv", CELLS), "OR", add=-1)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_are_read(separator):
    text = "study;yi;vi;dose\nA;0,25;0,04;1,5\nB;-0,4;0,09;2\nC;1;1,250;\n".replace(";", separator)
    read = read_csv("t.csv", text)
    assert read.comma
    found = effects_from_table(read)
    assert list(found.yi) == [0.25, -0.4, 1.0]
    assert list(found.vi) == [0.04, 0.09, 1.25]
    assert columns_of_table(read, found)["dose"] == [1.5, 2.0, None]
    assert found.rows[0].derivation.figures[0].text == "0,25"
    assert not read_csv("t.csv", CELLS).comma


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("study;yi;vi\nA;0,25;0.04\nB;-0,4;0.09\nC;0,1;0.2\n", "yi is '0,25', and 2 further cells have commas"),
        (
            "study;yi;vi\nA;1,250;2\nB;2,250;3\n",
            "Write 1250 if the comma parts thousands, 1.250 if it is a decimal comma",
        ),
    ],
)
def test_commas_that_leave_a_doubt_are_one_problem(text, says):
    with pytest.raises(RecordError) as caught:
        effects_from_table(read_csv("t.csv", text))
    (problem,) = caught.value.problems
    assert says in problem.message
    assert (problem.line, problem.column) == (2, 2)


def test_a_ratio_beyond_any_number_leaves_its_study_out():
    given = effects_from_table(read_csv("t.csv", "study,yi,vi\nA,900,2\nB,0.3,0.2\n"), "OR")
    assert [row.study for row in given.rows] == ["B"]
    assert "a ratio where its logarithm is wanted?" in given.excluded[0].reason
    text = "study,mean_1,sd_1,n_1,mean_2,sd_2,n_2\nA,1,1,2,0.03,2.8,2\nB,8,3,20,10,4,20\n"
    computed = effects_from_table(read_csv("t.csv", text), "ROM")
    assert [row.study for row in computed.rows] == ["B"]
    assert "is beyond any ratio" in computed.excluded[0].reason


@pytest.mark.parametrize(
    ("measure", "header", "rows"),
    [
        ("PFT", "study,events,n", "A,3,20\nB,5,40\nC,0,15\n"),
        ("IRFT", "study,events,time", "A,3,20.5\nB,5,40\nC,0,15\n"),
    ],
)
def test_a_pooled_proportion_or_rate_finds_its_way_back_by_the_sizes(measure: str, header: str, rows: str) -> None:
    found = effects_from_table(read_csv("one.csv", f"{header}\n{rows}"), measure)
    size = header.split(",")[2]
    sizes = [getattr(row.experimental, "n" if size == "n" else "time") for row in found.rows]
    assert sizes == [float(line.split(",")[2]) for line in rows.split()]
    assert all(row.comparator.events is None for row in found.rows)
    mean = 3 / sum(1 / one for one in sizes)  # harmonic, Miller 1978
    x = 0.5
    if measure == "PFT":  # p whose double arcsine with the harmonic n is x, Miller 1978: checked forward
        p = found.back()(x)
        forward = (math.asin(math.sqrt(p * mean / (mean + 1))) + math.asin(math.sqrt((p * mean + 1) / (mean + 1)))) / 2
    else:
        p = found.back()(x)
        forward = (math.sqrt(p) + math.sqrt(p + 1 / mean)) / 2
    assert forward == pytest.approx(x, rel=1e-9)


def test_a_name_that_stands_twice_is_marked_on_every_row_that_has_it() -> None:
    text = "study,yi,vi\nA,0.1,0.2\nA (2),0.2,0.2\nB,0.3,0.1\nA,0.4,0.1\nA,0.5,0.1\n"
    found = effects_from_table(read_csv("t.csv", text))
    assert [row.study for row in found.rows] == ["A", "A (2)", "B", "A (3)", "A (4)"]
    marked = {row.study: [flag.text for flag in row.flags if flag.code == "E232"] for row in found.rows}
    said = "the same name stands at lines 2, 5 and 6 of t.csv; each row enters as a study of its own"
    assert marked == {"A": [said], "A (2)": [], "B": [], "A (3)": [said], "A (4)": [said]}


@pytest.mark.parametrize(
    ("sei", "vi", "fits"),
    [
        ("0.32", "0.1", True),
        ("0.316", "0.100", True),
        ("0.31622776601683794", "0.1", True),
        ("1e-3", "1e-6", True),
        ("0.1", "0.32", False),
        ("0.5", "0.0625", False),
        ("0.250", "0.0620", False),
    ],
)
def test_vi_beside_sei_is_its_square_within_the_rounding_of_both(sei: str, vi: str, fits: bool) -> None:
    table = read_csv("t.csv", f"study,yi,vi,sei\nA,0.1,0.04,0.2\nB,0.2,{vi},{sei}\n")
    if fits:
        assert effects_from_table(table).vi[1] == float(vi)
        return
    with pytest.raises(RecordError) as caught:
        effects_from_table(table)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.code) == (3, 4, "E231")
    assert f"sei is {sei} and vi {vi}" in str(problem)


def test_a_row_whose_pairs_have_two_sizes_is_at_its_line() -> None:
    read = read_csv("t.csv", "study,events_1,n_1,events_2,n_2,r\nA,3,20,5,20,0.2\nB,3,20,5,22,0.2\n")
    with pytest.raises(RecordError) as caught:
        effects_from_table(read, "MPORM")
    (problem,) = caught.value.problems
    assert (problem.line, problem.code, problem.found) == (3, "E231", "n_1 is 20 and n_2 is 22")
