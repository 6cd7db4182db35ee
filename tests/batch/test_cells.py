"""Sums over the cells of a table: each analysis is what `pool_counts` or `pool_rates` makes of its rows alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mscsec.batch import Options, pool_table
from mscsec.cli.app import run
from mscsec.errors import InvalidInput, NotEstimable, UnknownMethod, UsageError
from mscsec.pooling.counts import pool_counts, pool_rates

RNG = np.random.default_rng(7)
K = RNG.integers(1, 7, 120)
CELLS = {
    "events_1": RNG.binomial(40, 0.04, K.sum()),
    "n_1": RNG.integers(40, 90, K.sum()),
    "events_2": RNG.binomial(40, 0.07, K.sum()),
    "n_2": RNG.integers(40, 90, K.sum()),
}
TABLE = pd.DataFrame({"analysis": np.repeat(np.arange(120), K), **CELLS})
TIMES = TABLE.rename(columns={"n_1": "time_1", "n_2": "time_2"})
SAME = ("estimate", "se", "ci_low", "ci_high", "statistic", "p_value")
SPREAD = ("q", "q_p", "i2", "h2")


def numbers(result: object, names: tuple[str, ...]) -> list[float]:
    return [np.nan if (value := getattr(result, name)) is None else value for name in names]


@pytest.mark.parametrize("preset", [None, "revman-5", "metafor", "meta"])
@pytest.mark.parametrize(
    ("method", "measure"), [("MH", "OR"), ("MH", "RR"), ("MH", "RD"), ("Peto", "OR"), ("MH", "IRR"), ("MH", "IRD")]
)
def test_every_analysis_is_that_of_its_rows_alone(method: str, measure: str, preset: str | None) -> None:
    rates = measure in ("IRR", "IRD")
    table, pool = (TIMES, pool_rates) if rates else (TABLE, pool_counts)
    found = pool_table(table, measure=measure, options=Options(method=method, preset=preset)).frame
    refused = 0
    for (_, rows), (_, line) in zip(table.groupby("analysis"), found.iterrows(), strict=True):
        cells = [rows[name].to_numpy() for name in table.columns[1:]]
        try:
            alone = pool(*cells, measure=measure, method=method, model="common", preset=preset)
        except NotEstimable:
            refused += 1
            assert line.status.startswith("refused: ")
            assert np.isnan(line.estimate)
            continue
        assert (line.k, line.k + line.left_out) == (alone.k, len(rows))
        assert line.status == ("ok" if alone.k > 1 else "k=1")
        assert_allclose(line[list(SAME)].to_numpy(float), numbers(alone, SAME), rtol=1e-10, atol=1e-12)
        if alone.k > 1:
            assert_allclose(line[list(SPREAD)].to_numpy(float), numbers(alone, SPREAD), rtol=1e-9, atol=1e-10)
        assert np.isnan(line.tau2)
    exact = method == "MH" and preset in (None, "metafor") and measure not in ("RD", "IRD")
    assert (refused > 0) == exact


def test_a_row_counts_that_has_its_cells_and_no_other() -> None:
    table = pd.DataFrame(
        {
            "analysis": list("aaaab"),
            "events_1": [0, 4, np.nan, 9, 3],
            "n_1": [20, 50, 30, 8, 30],
            "events_2": [0, 7, 2, 1, 5],
            "n_2": [20, 50, 30, 20, 30],
        }
    )
    done = pool_table(table, measure="OR", options=Options(method="MH"))
    assert done.frame.k.tolist() == [2, 1]
    assert done.frame.left_out.tolist() == [2, 0]
    assert [(reject.code, reject.reason) for reject in done.summary.examples] == [
        ("E222", "events_1 is 9 among 8 participants"),
        ("E102", "left out: events_1 missing"),
    ]


@pytest.mark.parametrize(("preset", "k"), [(None, 4), ("revman-5", 2), ("metafor", 4), ("meta", 2)])
def test_a_row_that_the_sums_leave_out_is_counted_and_named(preset: str | None, k: int) -> None:
    table = pd.DataFrame(
        {
            "analysis": ["a"] * 5,
            "events_1": [0, 4, 0, 9, 12],
            "n_1": [0, 50, 30, 18, 12],
            "events_2": [3, 7, 0, 6, 15],
            "n_2": [20, 50, 30, 20, 15],
        }
    )
    done = pool_table(table, measure="OR", options=Options(method="MH", preset=preset))
    assert (done.frame.k[0], done.frame.left_out[0]) == (k, 5 - k)
    assert k == pool_counts(*(table[name] for name in table.columns[1:]), method="MH", preset=preset).k
    found = [(reject.line, reject.code, reject.reason) for reject in done.summary.examples]
    out = "left out of the sums: nobody, or everybody, had the event"
    assert found[0] == (1, "E104", "a group is empty: no participants, pairs or person-time")
    assert found[1:] == ([] if k == 4 else [(3, "E103", out), (5, "E103", out)])


@pytest.mark.parametrize(
    ("method", "measure", "why"),
    [
        ("MH", "OR", "in every study there is no event in one of the arms, or no one without it in the other"),
        ("MH", "RR", "over all studies there is no event in one of the arms"),
        ("Peto", "OR", "one of the two outcomes never occurred in any table"),
    ],
)
def test_an_analysis_without_an_estimate_says_why(method: str, measure: str, why: str) -> None:
    table = pd.DataFrame(
        {
            "analysis": list("aabb"),
            "events_1": [0, 5, 0, 0],
            "n_1": [10] * 4,
            "events_2": [3, 10, 0, 0],
            "n_2": [10] * 4,
        }
    )
    status = pool_table(table, measure=measure, options=Options(method=method)).frame.status
    assert status[0] == "ok" or status[0].startswith(f"refused: {why}")
    assert (status[0] == "ok") == ((method, measure) != ("MH", "OR"))
    assert status[1].startswith(f"refused: {why}")


def test_what_a_method_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match="--method Peto pools OR; write --measure OR"):
        pool_table(TABLE, measure="RR", options=Options(method="Peto"))
    with pytest.raises(UsageError, match="needs the columns events_1 n_1 events_2 n_2; the table has"):
        pool_table(
            pd.DataFrame({"analysis": ["a"], "yi": [1.0], "vi": [1.0]}), measure="OR", options=Options(method="MH")
        )
    with pytest.raises(UnknownMethod, match="did you mean 'MH'"):
        pool_table(TABLE, measure="OR", options=Options(method="MHH"))


@pytest.mark.parametrize("method", ["mh", "IV"])
def test_a_key_is_written_as_it_is(method: str) -> None:
    with pytest.raises(UnknownMethod, match="Known: MH, Peto"):
        pool_table(TABLE, measure="OR", options=Options(method=method))


def test_a_level_that_is_none_is_refused_before_any_row() -> None:
    with pytest.raises(InvalidInput, match="level is 95"):
        pool_table(TABLE, measure="OR", options=Options(method="MH", level=95))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.csv"
    TABLE.to_csv(path, index=False)

    def said(*more: str) -> tuple[int, str, str]:
        code = run(["batch", str(path), "--measure", "OR", "--workers", "1", *more])
        return code, *capsys.readouterr()

    code, out, _ = said("--method", "mh")
    assert code == 0
    assert len(out.splitlines()) == 121
    assert said("--method", "MH", "--ci", "wald", "--prediction", "none", "--model", "common")[1] == out
    code, out, err = said("--method", "MH", "--tau2", "DL", "--ci", "t", "--tau2-ci", "QP")
    assert (code, out) == (2, "")
    assert "--method MH has a common effect with a normal interval in a batch; leave out --tau2, --ci, --tau2-ci" in err
