"""The test that an outcome's funnel is put to: the recommended one, on the outcome's own figures, or a reason."""

from __future__ import annotations

import numpy as np
import pytest

from mscsec.effects.tabular import effects_from_table, read_csv
from mscsec.small_study import asymmetry, recommended_test
from mscsec.synthesis.funnel import columns_of, funnel_test

N = [400, 300, 250, 200, 180, 150, 130, 120, 100, 90, 80, 70]
EVENTS = [[60, 40, 30, 26, 22, 16, 13, 12, 9, 7, 6, 4], [70, 50, 44, 36, 33, 29, 26, 25, 22, 20, 19, 17]]


def counted(measure: str, k: int = 12, **changes: list[int]):
    columns = {"events_1": EVENTS[0], "n_1": N, "events_2": EVENTS[1], "n_2": N} | changes
    rows = [f"s{i},{','.join(str(column[i]) for column in columns.values())}" for i in range(k)]
    text = "\n".join([f"study,{','.join(columns)}", *rows]) + "\n"
    return effects_from_table(read_csv("t.csv", text), measure)


def reported(measure: str):
    rows = [f"s{i},{-0.3 - 0.05 * i},{4 / n}" for i, n in enumerate(N)]
    return effects_from_table(read_csv("t.csv", "\n".join(["study,yi,vi", *rows]) + "\n"), measure)


@pytest.mark.parametrize(("measure", "tau2", "key"), [("RR", None, "harbord-rr"), ("OR", 0.05, "harbord"), ("OR", 0.2, "rucker")])  # fmt: skip
def test_the_recommended_test_is_made_on_the_counts(measure: str, tau2: float | None, key: str) -> None:
    sizes = counted(measure)
    made = funnel_test(sizes, tau2)
    n = np.array(N)
    known = asymmetry(sizes.yi, sizes.vi, key, events_1=EVENTS[0], n_1=n, events_2=EVENTS[1], n_2=n, measure=measure)
    assert made.test == key
    assert made.result == known
    assert made.reason == recommended_test(measure, 12, counts=True, arms=True, tau2=tau2).reason
    assert made.name
    assert known.small_studies == "lower"
    assert "P502" not in [notice.code for notice in known.warnings]


def test_few_studies_and_unsuited_measures_have_a_reason() -> None:
    made = funnel_test(counted("RR", 9))
    assert (made.test, made.result) == (None, None)
    assert made.reason == "9 studies, fewer than 10: a test would have too little power"
    assert "no test for this measure (RD)" in funnel_test(counted("RD")).reason


def test_without_counts_there_is_none_for_a_risk_ratio() -> None:
    sizes = reported("RR")
    assert columns_of(sizes) == {}
    assert "the counts are not at hand" in funnel_test(sizes).reason


def test_what_the_data_cannot_answer_is_a_reason() -> None:
    sizes = counted("OR", n_1=[100] * 12, n_2=[100] * 12)
    made = funnel_test(sizes, 0.2)
    assert made.test is None
    assert made.reason.startswith(
        "Rücker's mixed-effects regression of arcsine differences was to be made, but the standard error"
    )
    assert made.to_dict()["result"] is None
