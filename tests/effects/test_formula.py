"""The last steps of a trail: the numbers shown beside a formula are those it was given, and give what it says."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy import stats

from mscsec.effects.formula import Formula
from mscsec.effects.measures import FAMILIES, MEASURES, effect_size
from mscsec.effects.tabular import effects_from_table, read_csv

from .bases import row_of, two

ARRAYS = {
    "events_1": 7.0, "n_1": 31.0, "events_2": 12.0, "n_2": 29.0, "events": 7.0, "time_1": 120.0, "time_2": 110.0, "time": 90.0,
    "mean_1": 8.2, "sd_1": 3.1, "mean_2": 10.4, "sd_2": 4.0, "mean": 8.2, "sd": 3.1, "n": 31.0, "r": 0.6, "both": 12.0,
    "only_1": 9.0, "only_2": 4.0, "neither": 21.0, "predictors": 3.0, "t": 2.2, "r2": 0.4, "auc": 0.61, "ties": 0.05,
    "alpha": 0.81, "items": 8.0, "cases_0": 14.0, "cases_1": 31.0, "cases_2": 9.0,
}  # fmt: skip
WORDS = {
    "log": math.log, "sqrt": math.sqrt, "exp": math.exp, "asin": math.asin, "artanh": math.atanh, "quantile": stats.norm.ppf,
    "Phi": stats.norm.cdf, "pi": math.pi, "Gamma": math.gamma,
}  # fmt: skip


def value_of(formula: str, given: dict[str, float]) -> float:
    """A formula of the table as arithmetic: a space multiplies, and parts behind commas say what a letter is."""
    first, *rest = re.split(r", (?=\w+(?:\^2)? = )", formula)
    known = WORDS | given
    for part in reversed(rest):
        letter, text = part.split(" = ", 1)
        found = eval(python(text), {"__builtins__": {}}, known)
        known[letter.removesuffix("^2")] = math.sqrt(found) if letter.endswith("^2") else found
    return float(eval(python(first), {"__builtins__": {}}, known))


def python(text: str) -> str:
    text = text.replace("^", "**")
    text = re.sub(r"\b([A-Za-z]\w*)\(", lambda m: m[0] if m[1] in WORDS else f"{m[1]}*(", text)
    text = re.sub(r"(?<=[\w)]) (?=[\w(])", "*", text)
    return text.replace(")(", ")*(")


def arithmetic(formula, given):
    """The formula's value, None where it is words or stands on something that is not written out."""
    try:
        return value_of(formula, given)
    except (NameError, SyntaxError, TypeError):
        return None


def of(key):
    row = MEASURES[key]
    names = list(FAMILIES[row.family].needs)
    ways = FAMILIES[row.family].any_of
    names += list(next((way for way in ways if "mean_1" in way), ways[0])) if ways else []
    names += [name for name in FAMILIES[row.family].may if name in ("sd_1", "sd_2", "ties")]
    given = {name: [ARRAYS[name]] for name in names}
    if "both" in given or row.family == "marginal":
        given = {name: values if name not in ("n_1", "n_2") else [31.0] for name, values in given.items()}
    return row, given


COMPUTED = [key for key, row in MEASURES.items() if row.family != "reported"]


def checked(key):
    """How many of a measure's two formulas are written out; each of these gives the number beside it."""
    row, given = of(key)
    found = effect_size(key, **given)
    assert found.included[0], found.warnings
    formula = Formula(row, found, given)
    yi, vi = float(found.yi[0]), float(found.vi[0])
    written = 0
    for text, result in ((row.formula, yi), (row.variance, vi)):
        value = arithmetic(text, formula.inputs(0, text, yi))
        if value is not None:
            assert value == pytest.approx(result, rel=1e-9), text
            written += 1
    return written


@pytest.mark.parametrize("key", COMPUTED)
def test_the_numbers_beside_a_formula_give_its_result(key):
    checked(key)


def test_most_formulas_are_written_out():
    assert sum(map(checked, COMPUTED)) >= 140


def test_zero_cells_are_shown_with_what_was_added():
    row = row_of("death", two({"events": 0}, {"events": 3}), n=(12, 29))
    steps = {step.result: step for step in row.derivation.steps}
    assert [(name, steps[name].value) for name in ("a: events", "a: n", "c: events", "c: n")] == [
        ("a: events", 0.5), ("a: n", 13.0), ("c: events", 3.5), ("c: n", 30.0),
    ]  # fmt: skip
    assert steps["a: events"].formula == "events + 0.5"
    assert dict(steps["vi"].inputs) == {"a": 0.5, "c": 3.5, "n1": 13.0, "n2": 30.0}
    assert steps["vi"].value == pytest.approx(1 / 0.5 - 1 / 13 + 1 / 3.5 - 1 / 30)


def test_nothing_is_added_where_no_cell_is_zero():
    row = row_of("death", two({"events": 4}, {"events": 3}), n=(12, 29))
    assert [step.result for step in row.derivation.steps] == ["yi", "vi"]
    assert dict(row.derivation.steps[0].inputs) == pytest.approx({"p1": 4 / 12, "p2": 3 / 29})


def test_each_row_of_a_table_has_its_own_numbers():
    text = "study,events_1,n_1,events_2,n_2\nA,4,20,9,20\nB,0,30,3,29\n"
    rows = effects_from_table(read_csv("t.csv", text), "OR").rows
    assert dict(rows[0].derivation.steps[-1].inputs) == {"a": 4, "b": 16, "c": 9, "d": 11}
    assert dict(rows[1].derivation.steps[-1].inputs) == {"a": 0.5, "b": 30.5, "c": 3.5, "d": 26.5}
    assert [step.result for step in rows[1].derivation.steps][:4] == ["1: events", "1: n", "2: events", "2: n"]


def test_another_variance_formula_is_named():
    row = row_of("stay", two({"mean": 8, "sd": 3}, {"mean": 10, "sd": 4}), measure="SMD", vtype="UB")
    assert row.derivation.steps[-1].formula == "UB: unbiased"


def test_a_printed_contrast_ends_in_its_variance():
    row = row_of("survival", {"effects": [{"measure": "HR", "estimate": 0.7, "ci": [0.5, 0.98]}]})
    last = row.derivation.steps[-1]
    assert (last.result, last.formula) == ("vi", "SE^2")
    assert dict(last.inputs)["SE"] == pytest.approx(np.sqrt(row.vi))
