"""What `pool` says beside the numbers: what was added to zero cells and whether it was pooled, tests, names, intervals of tau2."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from .conftest import Cli

SPARSE = "study,events_1,n_1,events_2,n_2\nA,0,100,2,100\nB,1,120,3,118\nC,0,80,0,82\nD,2,200,5,190\nE,60,60,58,61\nF,1,50,0,55\n"
EFFECTS = "study,yi,vi,dose\nA,0.1,0.04,1\nB,0.3,0.05,2\nC,0.9,0.02,3\nD,-0.2,0.08,4\nE,0.5,0.03,5\nF,0.7,0.06,6\n"


@pytest.fixture
def sparse(here: Path) -> str:
    (here / "sparse.csv").write_text(SPARSE)
    return "sparse.csv"


@pytest.fixture
def effects(here: Path) -> str:
    (here / "effects.csv").write_text(EFFECTS)
    return "effects.csv"


def flat(text: str) -> str:
    return " ".join(text.split())


def test_revman_5_adds_a_half_to_the_pooled_sums_and_says_so(cli: Cli, sparse: str) -> None:
    said = flat(cli("pool", "--table", sparse, "--measure", "RR", "--method", "MH", "--preset", "revman-5").out)
    # rma.mh(measure="RR", add=c(.5,.5), to=c("only0","only0"), drop00=c(TRUE,TRUE)): 0.95442, 0.83916 to 1.08550
    assert "RR 0.95 (95% CI 0.84 to 1.09)" in said
    assert "a 0.5 added to every cell, in the pooled sums as well" in said
    assert "the pooled sums have it too [P303]" in said
    assert "made from the counts" not in said


def test_what_meta_adds_to_a_risk_ratio_differs_in_the_sums_and_is_said_to(cli: Cli, sparse: str) -> None:
    said = flat(cli("pool", "--table", sparse, "--measure", "RR", "--method", "MH", "--preset", "meta").out)
    assert "a 0.5 added to the events, and to every cell in the pooled sums" in said
    assert (
        "0.5 added to the events of each arm for the study's own estimate; the pooled sums have it in each cell" in said
    )


RATES = "study,events_1,time_1,events_2,time_2\nA,0,120.5,3,118\nB,2,340,5,322\nC,0,90,0,95\nD,14,1200,29,1190\nE,3,88,0,79\n"


def test_cochrans_weights_pool_the_estimates_with_a_half_added(cli: Cli, here: Path) -> None:
    (here / "rates.csv").write_text(RATES)
    call = ("pool", "--table", "rates.csv", "--measure", "IRR", "--method", "Cochran")
    said = flat(cli(*call).out)
    assert "were pooled by Cochran's weights (expected events) in a common-effect model" in said
    assert "No event in the comparator of E (1 of 5): no weight in the estimate" in said
    assert "a 0.5 added to the events b" in said  # a part of what is pooled, not of the row alone
    said = flat(cli(*call, "--model", "random").out)
    assert "were pooled by inverse variance in a random-effects model" in said
    assert "No event in the comparator" not in said


def test_where_q_is_taken_around_is_said_as_it_is(cli: Cli, here: Path, sparse: str) -> None:
    """Of rates tau2 is the usual one, as in meta; of tables Q is taken around the Mantel-Haenszel estimate."""
    (here / "rates.csv").write_text(RATES)
    more = ("--model", "random", "--tau2", "DL", "--json")
    found = {}
    for table, measure in (("rates.csv", "IRR"), (sparse, "OR")):
        for method in ("MH", "IV"):
            shown = json.loads(cli("pool", "--table", table, "--measure", measure, "--method", method, *more).out)
            found[measure, method] = shown["result"]["q"], "Q around the Mantel-Haenszel" in shown["method_text"]
    assert found["IRR", "MH"] == (pytest.approx(found["IRR", "IV"][0]), False)
    assert found["OR", "MH"][1]
    assert found["OR", "MH"][0] != pytest.approx(found["OR", "IV"][0])
    said = flat(cli("pool", "--table", sparse, "--measure", "OR", "--method", "Peto", "--model", "random").out)
    assert "were pooled by inverse variance in a random-effects model" in said


def test_the_note_and_the_comparison_give_one_advice(cli: Cli, here: Path) -> None:
    rows = ["A,0,200,1,198", "B,1,300,3,310", "C,0,150,0,149", "D,2,400,5,390", "E,1,250,2,255"]
    full = [
        "A,20,20,0,18",
        "B,30,30,22,31",
        "C,15,15,10,14",
    ]  # one arm full throughout: no finite odds ratio, but a risk ratio
    for name, lines in (("rare", rows), ("full", full)):
        (here / f"{name}.csv").write_text("\n".join(["study,events_1,n_1,events_2,n_2", *lines, ""]))
    for name, measure in (
        ("rare", "OR"),
        ("rare", "RR"),
        ("rare", "RD"),
        ("full", "OR"),
        ("full", "RR"),
        ("full", "RD"),
    ):
        call = ("pool", "--table", f"{name}.csv", "--measure", measure)
        compared = csv.DictReader(cli(*call, "--compare", "--csv").out.splitlines())
        better = [row["method"] for row in compared if row["verdict"] in ("recommended", "suitable")]
        said = flat(cli(*call).out)
        assert f"is not advised; {', '.join(better)} suit" in said, (name, measure)
        assert f"(--method {better[0]}, or all side by side: --compare)" in said


def test_numbers_of_a_csv_are_written_as_numbers(cli: Cli, here: Path) -> None:
    rows = [(36, 36, 1, 48), (2, 41, 0, 32), (2, 49, 0, 6), (34, 34, 48, 48), (3, 51, 1, 41), (38, 38, 1, 18)]
    text = "".join(f"s{i},{','.join(map(str, row))}\n" for i, row in enumerate(rows))
    (here / "spread.csv").write_text("study,events_1,n_1,events_2,n_2\n" + text)
    for more in (("--method", "Firth"), ("--compare",)):
        out = cli("pool", "--table", "spread.csv", "--measure", "OR", *more, "--csv").out
        row = next(
            row for row in csv.DictReader(out.splitlines()) if "pooled" in row.values() or "Firth" in row.values()
        )
        assert float(row["yi"]) == pytest.approx(6.559330362349798, rel=1e-9)


def test_counts_as_they_are_are_said_to_be(cli: Cli, sparse: str) -> None:
    said = flat(cli("pool", "--table", sparse, "--measure", "OR", "--method", "MH").out)
    assert "0.5 added to every cell for this row alone; the pooled estimate is made from the counts" in said
    assert "A zero cell in A, E, F (3 of 6)" in said
    assert "No event in either arm of C (1 of 6): no estimate of its own, and nothing added to the sums [P302]" in said


@pytest.mark.parametrize("more", [("--method", "SSW"), ("--method", "MH", "--model", "random", "--tau2", "DL")])
def test_effects_with_a_half_added_are_not_said_to_be_counts(cli: Cli, sparse: str, more: tuple[str, ...]) -> None:
    said = flat(cli("pool", "--table", sparse, "--measure", "OR", *more).out)
    assert "a 0.5 added to every cell" in said
    assert "made from the counts" not in said


def test_mantel_haenszel_shows_its_tests(cli: Cli, sparse: str) -> None:
    said = flat(cli("pool", "--table", sparse, "--measure", "OR", "--method", "MH").out)
    # metafor 3.8, rma.mh(measure="OR"): MH 0.28600 (P 0.59279), Tarone 8.35280 on 4 (P 0.07948)
    assert "Tests: Cochran-Mantel-Haenszel = 0.29, df = 1, P = 0.59" in said
    assert "Breslow-Day with Tarone's correction = 8.35, df = 4, P = 0.079" in said
    rates = flat(cli("pool", "--table", sparse, "--measure", "RD", "--method", "MH").out)
    assert "Tarone" not in rates


def test_rates_are_spoken_of_as_rates(cli: Cli, here: Path) -> None:
    """metafor 3.8, rma.mh(measure="IRR"): -0.4633, SE 0.2848; MH 2.2587 (P 0.1329), which it calls the Mantel-Haenszel test."""
    rows = "A,3,120,7,118\nB,0,60,2,65\nC,12,300.5,15,290\nD,0,40,0,42\nE,5,80,9,100\n"
    (here / "rates.csv").write_text("study,events_1,time_1,events_2,time_2\n" + rows)
    call = ("pool", "--table", "rates.csv", "--measure", "IRR")
    said = flat(cli(*call, "--method", "MH").out)
    assert "IRR 0.63 (95% CI 0.36 to 1.10); z = -1.63, P = 0.10; k = 5" in said
    assert "Tests: Mantel-Haenszel = 2.26, df = 1, P = 0.13" in said
    assert "B (1 of 5): 0.5 added to the events of each arm for the study's own estimate" in said
    assert "a 0.5 added to the events for this row alone; the pooled estimate is made from the counts" in said
    assert "not estimable: nobody had the event" in said
    assert "cell" not in said.replace("A zero cell in", "")
    assert "D (D): left out: nobody had an event" in flat(cli(*call).out)
    assert "pooled by Cochran's weights (expected events) in a" in flat(cli(*call, "--method", "Cochran").out)


def test_a_comparison_does_not_call_the_rule_an_exception(cli: Cli, here: Path) -> None:
    (here / "all.csv").write_text(SPARSE.splitlines()[0] + "\nA,97,100,93,100\nB,195,200,190,200\nC,150,150,150,150\n")
    said = flat(cli("pool", "--table", "all.csv", "--measure", "OR", "--compare").out)
    assert (
        "442/450 against 433/450 events, 97.2% overall; arms of one size; 1 study in which everybody had the event."
        in said
    )
    table = cli("pool", "--table", "all.csv", "--measure", "OR", "--compare", "--markdown").out
    assert "| inverse variance with a continuity correction | random |" in table


def test_the_interval_of_one_study_is_named(cli: Cli, here: Path) -> None:
    (here / "one.csv").write_text(SPARSE.splitlines()[0] + "\nA,3,40,3,42\n")
    call = ("pool", "--table", "one.csv", "--measure", "OR", "--method")
    assert "with a 95% confidence interval by the profile likelihood, and nothing" in flat(cli(*call, "Firth").out)
    assert "with a 95% confidence interval (normal approximation), and nothing" in flat(cli(*call, "UM.FS").out)


def test_no_q_is_spoken_of_beside_a_likelihood_ratio_test(cli: Cli, here: Path) -> None:
    """Its Wald Q has no information from studies with a zero, so that an I2 from it would say 0 beside P = 0.003."""
    (here / "t.csv").write_text("study,events_1,time_1,events_2,time_2\nA,5,10,0,12\nB,3,20,0,22\nC,1,30,4,31\n")
    said = flat(cli("pool", "--table", "t.csv", "--measure", "IRR", "--method", "GLMM").out)
    assert "I2 = 60.3%; likelihood-ratio test = 11.63, df = 2, P = 0.003" in said


def test_peto_has_a_readable_name(cli: Cli, sparse: str) -> None:
    said = cli("pool", "--table", sparse, "--measure", "OR", "--method", "Peto").out
    assert "Pooled effect: Peto OR 0.68" in said
    assert "PETO" not in said


def test_henmi_and_copas_statistic_belongs_to_their_p(cli: Cli, effects: str) -> None:
    said = flat(cli("pool", "--table", effects, "--measure", "GEN", "--tau2", "DL", "--ci", "hc").out)
    assert "z = 2.15, P = 0.032" in said  # 2 (1 - Phi(2.15)) = 0.0316


@pytest.mark.parametrize(
    ("key", "low", "high"),  # metafor 3.8: confint(rma(yi, vi), type=, control=list(tol=1e-14))
    [("QP", 0.01838698193, 0.92038164471), ("PL", 0.01450250063, 0.70046881539)],
)
def test_the_interval_of_tau2_is_chosen(cli: Cli, effects: str, key: str, low: float, high: float) -> None:
    found = json.loads(cli("pool", "--table", effects, "--measure", "GEN", "--tau2-ci", key, "--json").out)["result"]
    assert found["tau2_ci_method"] == key
    assert [found["tau2_ci_low"], found["tau2_ci_high"]] == pytest.approx([low, high], rel=1e-8)
    regressed = cli(
        "regress", "--table", effects, "--measure", "GEN", "--moderators", "dose", "--tau2-ci", key, "--json"
    )
    assert f'"tau2_ci_method": "{key}"' in regressed.out


def test_an_interval_of_tau2_where_there_is_none_is_refused(cli: Cli, effects: str) -> None:
    common = cli("pool", "--table", effects, "--measure", "GEN", "--model", "common", "--tau2-ci", "PL")
    assert (common.code, common.out) == (2, "")
    assert "leave out --tau2-ci" in common.err
    groups = cli("pool", "--table", effects, "--measure", "GEN", "--by", "dose", "--tau2-ci", "PL")
    assert groups.code == 2


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--method", "MH"), "no between-study variance. Leave out tau2 and tau2_ci"),
        (("--method", "UM.FS"), "an interval 'PL' of tau2 with a mixed model; it estimates tau2 by maximum likelihood"),
        (("--method", "UM.FS", "--tau2", "DL"), "tau2 'DL' and an interval 'PL' of tau2 with a mixed model"),
    ],
    ids=["MH", "interval", "both"],
)
def test_what_a_method_from_the_cells_has_not_is_refused(
    cli: Cli, sparse: str, more: tuple[str, ...], says: str
) -> None:
    code, out, err = cli("pool", "--table", sparse, "--measure", "OR", "--tau2-ci", "PL", *more)
    assert (code, out) == (2, "")
    assert says in err


@pytest.mark.parametrize(
    "option", [("--tau2-ci", "PL"), ("--tau2", "DL"), ("--ci", "t"), ("--prediction", "hts"), ("--model", "common")]
)
def test_a_comparison_of_methods_refuses_what_it_would_not_use(cli: Cli, sparse: str, option: tuple[str, str]) -> None:
    code, out, err = cli("pool", "--table", sparse, "--measure", "OR", "--compare", *option)
    assert (code, out) == (2, "")
    assert f"--compare fits each method with its own model and interval; leave out {option[0]} [U001]" in err


def test_a_comparison_shows_k_and_what_does_not_suit_and_where_the_others_are(cli: Cli, sparse: str) -> None:
    code, out, _ = cli("pool", "--table", sparse, "--measure", "RR", "--compare")
    assert code == 0
    head, *rows = [line.split() for line in out.splitlines() if line.startswith((" ", "+", "o", "x"))][:5]
    assert head[:3] == ["Method", "Model", "k"]
    assert {row[1] for row in rows if row[0] == "x"} == {"IV", "SSW"}
    assert all(row[3].isdigit() for row in rows)
    assert "For odds ratios alone (--measure OR): Peto, UM.FS, UM.RS, CM.EL, Firth, CM.AL." in " ".join(out.split())


def test_a_comparison_without_a_single_estimate_says_why(cli: Cli, tmp_path: Path) -> None:
    table = tmp_path / "nobody.csv"
    table.write_text("study,events_1,n_1,events_2,n_2\na,0,20,0,21\nb,0,30,0,31\n", encoding="utf-8")
    code, out, err = cli("pool", "--table", str(table), "--measure", "OR", "--compare")
    assert (code, out) == (3, "")
    assert "no method gives the odds ratio of these studies: one of the two outcomes never occurred" in err


def test_subgroups_show_what_is_behind_each_estimate(cli: Cli, here: Path) -> None:
    rows = "study,yi,vi,way\na,0.1,0.1,iv\nb,0.9,0.1,iv\nc,-0.6,0.2,iv\nd,0.3,0.1,oral\ne,0.5,0.1,oral\n"
    (here / "t.csv").write_text(rows, encoding="utf-8")
    asked = ("pool", "--table", "t.csv", "--by", "way")
    figures = {row["study"] + row["group"]: row for row in csv.DictReader(cli(*asked, "--csv").out.splitlines())}
    iv = json.loads(cli("pool", "--table", "t.csv", "--exclude", "d", "--exclude", "e", "--json").out)["result"]
    assert float(figures["poolediv"]["prediction_high"]) == iv["prediction_high"]
    assert float(figures["poolediv"]["tau2_ci_high"]) == iv["tau2_ci_high"]
    assert figures["pooledoral"]["prediction_low"] == ""
    out = cli(*asked).out
    line = next(line for line in out.splitlines() if line.startswith("iv  "))
    assert line.split()[:2] == ["iv", "3"]
    assert f"{iv['prediction_low']:.2f} to {iv['prediction_high']:.2f}" in line
    assert next(line for line in out.splitlines() if line.startswith("oral  ")).endswith("–")


def test_csv_has_heterogeneity_level_and_model_behind_the_columns_it_had(cli: Cli, effects: str) -> None:
    call = ("pool", "--table", effects, "--measure", "GEN", "--level", "0.9")
    result = json.loads(cli(*call, "--json").out)["result"]
    out = cli(*call, "--csv").out
    assert ",method,notes,q,q_df,q_p,tau2_ci_low,tau2_ci_high,level,model\n" in out.split("\n")[0] + "\n"
    *studies, pooled = csv.DictReader(out.splitlines())
    for name in ("q", "q_df", "q_p", "tau2_ci_low", "tau2_ci_high", "level"):
        assert float(pooled[name]) == result[name]
    assert pooled["model"] == "random"
    assert {(row["level"], row["q"], row["model"]) for row in studies} == {("0.9", "", "")}


@pytest.fixture
def alone(here: Path) -> tuple[str, ...]:
    (here / "one.csv").write_text("study,events_1,n_1,events_2,n_2\nA,2,30,5,31\n")
    return ("pool", "--table", "one.csv", "--measure", "OR")


def test_the_interval_of_one_study_is_called_what_it_is(cli: Cli, alone: tuple[str, ...]) -> None:
    said = flat(cli(*alone, "--method", "Firth").out)
    assert "is shown with a 95% confidence interval by the profile likelihood, and nothing was pooled." in said
    assert "normal approximation" not in said
    assert "95% confidence interval (normal approximation)" in flat(cli(*alone, "--method", "MH").out)
    assert "its odds ratio by Peto's method is shown" in flat(cli(*alone, "--method", "Peto").out)


def test_one_study_is_one_study(cli: Cli, alone: tuple[str, ...]) -> None:
    assert "1 study, 2/30 against 5/31 events" in flat(cli(*alone, "--compare").out)


def test_a_comparison_in_markdown_has_tau2(cli: Cli, sparse: str) -> None:
    call = ("pool", "--table", sparse, "--measure", "OR", "--compare")
    by_key = {row["method"]: row for row in json.loads(cli(*call, "--json").out)["comparison"]["rows"]}
    found = float(by_key["UM.RS"]["result"]["tau2"])
    head, rule, *rows = [line for line in cli(*call, "--markdown").out.splitlines() if line.startswith("|")]
    assert head.endswith("| P | tau2 | Advice |")
    assert {line.count("|") for line in (head, rule, *rows)} == {8}
    (row,) = [row for row in rows if "UM.RS" in row]
    assert float(row.split("|")[-3]) == pytest.approx(found, rel=5e-3)
    (row,) = [row for row in rows if "Mantel" in row]
    assert row.split("|")[-3].strip() == "–"


def test_an_estimate_and_its_interval_have_like_decimals(cli: Cli, here: Path) -> None:
    (here / "rd.csv").write_text("study,events_1,n_1,events_2,n_2\nA,12,200,11,210\nB,9,150,9,148\nC,20,400,17,390\n")
    call = ("pool", "--table", "rd.csv", "--measure", "RD", "--ci", "wald")
    shown = json.loads(cli(*call, "--json").out)["result"]["display"]
    limits = [f"{shown[name]:.4f}" for name in ("estimate", "ci_low", "ci_high")]
    assert 1e-4 < abs(shown["estimate"]) < 0.01 < abs(shown["ci_low"])
    out = cli(*call).out
    assert f"Pooled effect: RD {limits[0]} (95% CI {limits[1]} to {limits[2]})" in flat(out)
    assert f"{limits[0]} [{limits[1]}, {limits[2]}]" in out
    assert f"**{limits[0]} ({limits[1]} to {limits[2]})**" in cli(*call, "--markdown").out
