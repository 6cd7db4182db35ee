"""From a formula and a table to a design: what it reads, what it names, and what it refuses."""

from __future__ import annotations

import math

import pytest

from mscsec.errors import InvalidInput, UnknownName, UsageError
from mscsec.pooling.regression import design

TABLE = {"dose": [1, 2, 3, 4], "arm": ["a", "b", "a", "b"], "weight": [1.5, None, 2.5, math.nan]}


def test_missing_moderators_are_named_by_study():
    with pytest.raises(InvalidInput, match="weight of Roe 2020, Lee 2022"):
        design("dose + weight", TABLE, labels=["Doe 2019", "Roe 2020", "Kim 2021", "Lee 2022"])
    dropped = design("dose + weight", TABLE, missing="drop")
    assert (dropped.kept, dropped.dropped) == ((0, 2), (1, 3))
    assert [notice.code for notice in dropped.warnings] == ["P409"]
    assert design("dose", TABLE).dropped == ()
    with pytest.raises(InvalidInput, match="no study has every moderator"):
        design("dose", {"dose": [None, None]}, missing="drop")


def test_factors_interactions_and_arithmetic():
    part = design("dose * arm", TABLE)
    assert part.names == ("intercept", "dose", "arm[T.b]", "dose:arm[T.b]")
    assert part.X.tolist() == [[1, 1, 0, 0], [1, 2, 1, 2], [1, 3, 0, 0], [1, 4, 1, 4]]
    assert part.terms["arm"] == ("arm[T.b]",)
    assert design("0 + arm", TABLE).X.tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]
    assert design("I(dose - 1) + C(dose)", {"dose": [1, 2, 3, 3]}).X.shape == (4, 4)
    assert design("1", TABLE).X.tolist() == [[1]] * 4
    assert design("~ minimum(dose, 2)", TABLE).X[:, 1].tolist() == [1, 2, 2, 2]
    assert design("old", {"old": [True, False, True]}).names == ("intercept", "old[T.True]")


@pytest.mark.parametrize(
    ("formula", "error", "message"),
    [
        ("dosis", UnknownName, "did you mean 'dose'"),
        ("foo ~ dose", UsageError, "has a left side, which is the effect always; write 'dose'"),
        ("dose +* arm", UsageError, "cannot be read"),
        ("log(dose - 1)", InvalidInput, "of study 1 is -inf"),
        ("I(__import__('os').getcwd())", UsageError, "calls what a formula cannot"),
        ("dose.__class__", UnknownName, "unknown column 'dose.__class__'"),
        ("log(dose.x)", UnknownName, "did you mean 'dose'"),
        ("I(dose if arm else dose)", UsageError, "not arithmetic"),
        ("I(arm * arm)", UsageError, "cannot be evaluated"),
        ("0", UsageError, "leaves no coefficient; name a moderator"),
        ("", UsageError, "the formula is empty; name a moderator, or write 1 for the mean alone"),
        ("~ ", UsageError, "the formula is empty"),
        ("blind", InvalidInput, "blind is 'yes' in every study; a moderator differs between studies"),
        ("0 + blind", InvalidInput, "blind is 'yes' in every study"),
        ("dose + arm:blind", InvalidInput, "blind is 'yes' in every study"),
        ("C(seven)", InvalidInput, r"C\(seven\) has one level, the same in every study"),
        ("dose (mg)", UsageError, r"write it in backquotes: `dose \(mg\)`"),
        ("dose + a:b", UsageError, "has the column 'a:b', whose name is no single word"),
        ("f(x)", UsageError, r"write it in backquotes: `f\(x\)`"),
    ],
)
def test_a_formula_that_does_not_work_says_why(formula, error, message):
    signs = {"dose (mg)": [1, 2, 3, 4], "a:b": [1, 2, 3, 4], "f(x)": [1, 2, 3, 4]}
    with pytest.raises(error, match=message):
        design(formula, TABLE | {"blind": ["yes"] * 4, "seven": [7] * 4} | signs)


def test_a_name_of_any_signs_stands_in_backquotes():
    table = {"dose (mg)": [1, 2, 4, 3], "a:b": [5, 1, 2, 1], "f(x)": [1, 2, 1, 2]}
    found = design("`dose (mg)` * `a:b` + C(`f(x)`)", table)
    assert found.names == ("intercept", "dose (mg)", "a:b", "C(f(x))[T.2]", "dose (mg):a:b")
    assert found.X[2].tolist() == [1, 4, 2, 0, 8]
    assert found.columns == ("a:b", "dose (mg)", "f(x)")


def test_a_category_of_one_level_may_be_what_is_left():
    table = {"arm": ["a", "a", "b"], "dose": [1, 2, None]}
    with pytest.raises(InvalidInput, match="arm is 'a' in every study that is left"):
        design("arm + dose", table, missing="drop")


def test_a_number_that_is_a_category_has_whole_levels_and_powers_do_not_overflow():
    assert design("C(year)", {"year": [1949.0, 1950.0, 1950.5, 1949.0]}).names == ("intercept", "C(year)[T.1950]", "C(year)[T.1950.5]")  # fmt: skip
    assert design("0 + C(year):x", {"year": [-1.0, 2.0], "x": [1.0, 3.0]}).names == ("C(year)[-1]:x", "C(year)[2]:x")
    text = design("C(size)", {"size": ["1", "2", "2.0"]})
    assert text.names == ("intercept", "C(size)[T.2]", "C(size)[T.2.0]")
    assert design("I(n**5)", {"n": [200_000, 1]}).X[0, 1] == pytest.approx(3.2e26)


def test_columns_may_have_dots_in_their_names():
    """As R's often have; without the backticks that a formula would want."""
    table = {"mean.age": [50.0, 55.0, 61.0, 43.0], "mean.age.sd": [1.0, 2.0, 4.0, 8.0], "age": [1.0, 0.0, 1.0, 1.0]}
    found = design("mean.age * age + log2(mean.age.sd)", table)
    assert found.names == ("intercept", "mean.age", "age", "log2(mean.age.sd)", "mean.age:age")
    assert found.X[1].tolist() == [1, 55, 0, 1, 0]
    assert found.X.tolist() == design("`mean.age` * age + log2(`mean.age.sd`)", table).X.tolist()


def test_columns_of_differing_length_are_refused():
    with pytest.raises(InvalidInput, match="columns have lengths"):
        design("dose", {"dose": [1, 2], "arm": ["a"]})
    with pytest.raises(InvalidInput, match="missing is"):
        design("dose", TABLE, missing="ignore")
