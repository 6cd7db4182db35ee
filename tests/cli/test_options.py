"""Options that commands share: one name, one default and one text, and the same numbers from them in each command."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from mscsec.cli.app import COMMANDS, load_command
from mscsec.plots.kinds import KINDS, Kind, Request

from .base import _stay, _study
from .conftest import Answer, Cli

# What `pool` takes beyond the numbers of one pooled result.
FORM = {"json", "csv", "markdown", "output", "force", "integrity"}
OTHER_WORDS = {"compare", "baseline_risk", "sd"}
NOT_REGRESS = {"method", "by", "common_tau2", "prediction"}
# One name with another meaning, said in each command's own help: what the file is, or what is fitted.
OWN_MEANING = {
    "--at": {"regress"},
    "--study": {"plot", "effects"},
    "--table": {"report"},
    "--tool": {"bias-report", "assess", "import-bias"},
    "--output": {"plot", "batch", "bias-report", "grade", "report"},
    "--outcome": {"grade", "report"},
    "--measure": {"batch"},
    "--baseline-risk": {"grade"},
    "--json": {"batch"},
    "--strict": {"batch"},
    "--tau2-ci": {"batch"},  # none unless asked for
    "--method": {"regress", "batch"},  # of the methods from the cells the mixed models alone, the closed forms alone
    "--result": {"import-bias"},
    "--assessor": {"import-bias"},
}


def options_of(command: str) -> dict[str, Any]:
    """By name, each option of a command as click has it, but for --help."""
    return {param.name: param for param in load_command(command).params if param.param_type_name == "option"}


def facts(option: Any) -> tuple[Any, ...]:
    return (option.opts, option.secondary_opts, option.default, option.help, option.metavar, option.rich_help_panel)


@pytest.mark.parametrize(("command", "without"), [("plot", OTHER_WORDS), ("regress", NOT_REGRESS)])
def test_what_decides_the_numbers_of_pool_is_in_other_commands_too(command: str, without: set[str], cli: Cli) -> None:
    pool, other = options_of("pool"), options_of(command)
    wanted = {name for name in pool if name not in FORM | OTHER_WORDS | without}
    assert len(wanted) > 20
    assert wanted - other.keys() == set()
    for name in wanted:
        assert facts(other[name]) == facts(pool[name])
    said = cli(command, "--help").out.split("Examples:")[0]
    for name in without:
        assert f"--{name.replace('_', '-')}" in said


def test_an_option_of_several_commands_has_one_text() -> None:
    seen: dict[str, tuple[str, Any]] = {}
    for command in COMMANDS:
        for option in options_of(command).values():
            flag = max(option.opts, key=len)
            if command in OWN_MEANING.get(flag, set()):
                continue
            where, first = seen.setdefault(flag, (command, option))
            assert (option.opts, option.help, option.metavar, option.default) == (
                first.opts, first.help, first.metavar, first.default,
            ), f"{flag} of {command} and of {where}"  # fmt: skip


@pytest.mark.parametrize("command", ["pool", "plot", "regress", "batch", "integrity"])
def test_a_long_page_of_help_has_headings(command: str, cli: Cli) -> None:
    out = cli(command, "--help").out
    headings = [line for line in out.splitlines() if line.endswith(":") and line[:1].isupper()]
    assert len(headings) > 3
    assert headings[-1] == "Options:"
    assert out.split("Options:")[1].split() == ["-h,", "--help", "Show", "this", "message", "and", "exit."]
    starts = {len(line) - len(line[2:].split("  ", 1)[1].lstrip()) for line in out.splitlines() if line.startswith("  --") and "  " in line[2:]}  # fmt: skip
    assert len(starts) == 1  # one column of words on the whole page


MORE = {
    "ivy2020": _study("ivy2020", "Ida Ivy", 2020, ("30", "30"), _stay("median: 9, range: [2, 30]", "median: 12, range: [3, 41]")),
    "jay2021": """\
schema: mscsec/study/1
id: jay2021
citation: {title: Trial jay2021, authors: [Joy Jay], year: 2021}
design: {type: cluster-rct, randomised: true, cluster_size: 12}
arms:
  a: {role: experimental, treatment: active, n: 40}
  b: {role: experimental, treatment: active, n: 42}
  c: {role: comparator, treatment: usual care, n: 81}
results:
  - outcome: death
    timepoint: day 28
    arms: {a: {events: 5}, b: {events: 8}, c: {events: 21}}
  - outcome: stay
    unit: day
    arms:
      a: {change: {mean: -3.1}, sd: 4.2, baseline: {mean: 12, sd: 4.8}}
      b: {change: {mean: -2.0}, sd: 4.4, baseline: {mean: 12, sd: 4.6}}
      c: {change: {mean: -1.1}, sd: 4.6, baseline: {mean: 12, sd: 4.1}}
""",
    "kim2022": """\
schema: mscsec/study/1
id: kim2022
citation: {title: Trial kim2022, authors: [Kai Kim], year: 2022}
design: {type: parallel-rct, randomised: true}
arms:
  a: {role: experimental, treatment: active, n: 123}
  c: {role: comparator, treatment: usual care, n: 139}
results:
  - outcome: death
    timepoint: day 28
    events: 15
    arms: {a: {events: 4}, c: {events: 11}}
    effects: [{measure: RR, estimate: 0.45, ci: [0.15, 1.30]}]
""",
}  # fmt: skip
DEATH = ("--outcome", "death", "--comparison", "active_vs_control", "--icc", "0.02")
STAY = ("--outcome", "stay", "--correlation", "0.5", "--icc", "0.02")
SETS = [
    (*STAY, "--quantiles", "qe"),
    (*STAY, "--mean-rule", "hozo2005"),
    (*STAY, "--sd-rule", "hozo2005"),
    (*STAY, "--multi-arm", "split"),
    (*STAY, "--correlation", "0.9"),
    (*STAY, "--icc", "0.2"),
    (*STAY, "--measure", "SMD", "--vtype", "UB"),
    (*STAY, "--tau2", "PM", "--ci", "kr", "--level", "0.9", "--exclude", "cole2021"),
    (*STAY, "--preset", "revman-5"),
    (*STAY, "--model", "common"),
    (*STAY, "--prediction", "hts"),
    (*DEATH, "--prefer", "reported"),
    (*DEATH, "--measure", "OR", "--method", "MH"),
    (*DEATH, "--method", "Peto"),
    (*DEATH, "--timepoint", "day 28", "--design", "all"),
]


@pytest.fixture
def more(here: Path) -> None:
    for name, text in MORE.items():
        (here / "studies" / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.mark.usefixtures("more")
@pytest.mark.parametrize("chosen", SETS, ids=lambda words: " ".join(words[2:]))
def test_a_picture_shows_what_pool_prints(chosen: tuple[str, ...], cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = cli("pool", *chosen)
    assert printed.code == 0, printed.err
    drawn = cli("plot", "forest", *chosen)
    assert drawn.code == 0, drawn.err
    lines = {" ".join(line.split()) for line in printed.out.splitlines()}
    rows = drawn.out.split("\n\n", 1)[1].split("\na  ")[0].splitlines()
    assert len(rows) > 8
    assert [row for row in rows if " ".join(row.split()) not in lines] == []
    plain = cli("pool", *(DEATH if "death" in chosen else STAY))
    assert plain.out != printed.out  # the option does something, so that to pass it on is something too
    for warning in (line for line in printed.out.splitlines() if line.startswith("Note: ")):
        assert warning in drawn.err

    seen: list[Request] = []

    def draw(_: Kind, request: Request) -> Any:
        seen.append(request)
        raise KeyboardInterrupt

    monkeypatch.setattr(Kind, "draw", draw)
    data = json.loads(cli("pool", *chosen, "--json").out)["result"]
    cli("plot", "forest", *chosen, "-o", "f.svg")
    fit = seen[0].fit
    assert fit is not None
    assert (fit.estimate, fit.ci_low, fit.ci_high, fit.tau2, fit.prediction_low) == tuple(
        data[name] for name in ("estimate", "ci_low", "ci_high", "tau2", "prediction_low")
    )


@pytest.mark.usefixtures("more")
def test_subgroups_with_one_variance_are_drawn_as_pooled(cli: Cli, here: Path) -> None:
    by = (*DEATH, "--by", "allocation_concealment")
    for more in ((), ("--common-tau2",)):
        data = json.loads(cli("pool", *by, *more, "--json").out)["result"]
        assert cli("plot", "forest", *by, *more, "-o", "f.svg", "--force").code == 0
        said = (here / "f.svg").read_text(encoding="utf-8").split("<desc")[1].split("</desc>")[0]
        for group in data["groups"].values():
            assert f"{group['display']['estimate']:.2f}" in said


@pytest.mark.usefixtures("more")
def test_a_regression_takes_the_effects_that_pool_takes(cli: Cli) -> None:
    for chosen in SETS[:7]:
        pooled = json.loads(cli("pool", *chosen, "--json").out)["effects"]
        code, out, err = cli("regress", *chosen, "--moderators", "year", "--json")
        assert code == 0, err
        assert json.loads(out)["effects"]["rows"] == pooled["rows"]


def test_a_preset_decides_a_regression_too(cli: Cli) -> None:
    call = ("regress", "--outcome", "death", "--comparison", "active_vs_control", "--moderators", "year", "--json")
    found = json.loads(cli(*call, "--preset", "revman-5").out)["result"]
    assert (found["tau2_method"], found["ci_method"]) == ("DL", "wald")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("plot", "traffic-light", "--outcome", "death", "--quantiles", "qe"), "has no use for --quantiles"),
        (("plot", "prisma", "--outcome", "death", "--model", "common"), "has no use for --outcome, --model"),
        (("plot", "funnel", "--outcome", "death", "--by", "year"), "has no use for --by"),
        (("plot", "forest", "--outcome", "death", "--common-tau2"), "--common-tau2 belongs to --by"),
        (("pool", "--table", "t.csv", "--quantiles", "qe", "--icc", "0.1"), "no use for --quantiles, --icc"),
        (("plot", "forest", "--table", "t.csv", "--timepoint", "day 28"), "--table stands alone"),
        (("pool", "--outcome", "death", "--model", "common", "--tau2", "DL"), "leave out --tau2"),
        (("plot", "radial", "--outcome", "death", "--model", "common", "--tau2", "DL"), "leave out --tau2"),
        (("batch", "t.csv", "--model", "common", "--tau2", "DL"), "leave out --tau2"),
        (("regress", "--outcome", "death", "--moderators", "year", "--multi-arm", "separate"), "mscsec effects --multi-arm separate"),
    ],
    ids=lambda value: " ".join(value[:6]) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_an_option_without_use_is_refused_in_the_same_words(
    call: tuple[str, ...], says: str, cli: Cli, here: Path
) -> None:
    (here / "t.csv").write_text("analysis,study,yi,vi\na,x,0.1,0.2\na,y,0.2,0.1\n", encoding="utf-8")
    code, out, err = cli(*call)
    assert (code, out) == (2, "")
    assert says in err


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("pool", "--foo"), "error: no such option: --foo (Possible options: --force). See: mscsec pool --help [U001]"),
        (("plot",), "error: missing argument 'KIND'. See: mscsec plot --help [U001]"),
        (("check", "nowhere"), "error: got unexpected extra argument(s) (nowhere). See: mscsec check --help [U001]"),
        (("pool", "--level", "x"), "error: invalid value for '--level'"),
        (("--foo",), "error: no such option: --foo. See: mscsec --help [U001]"),
    ],
)
def test_a_word_that_cannot_be_read_is_an_error_like_all_others(call: tuple[str, ...], says: str, cli: Cli) -> None:
    code, out, err = cli(*call)
    assert (code, out) == (2, "")
    assert err.startswith(says)
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "usage"),
    [("plot", "[OPTIONS] KIND"), ("init", "[OPTIONS] [FOLDER]"), ("explain", "[OPTIONS] [CODE|study|review]")],
)
def test_help_names_an_argument_plainly(command: str, usage: str, cli: Cli) -> None:
    out = cli(command, "--help").out
    assert out.startswith(f"Usage: mscsec {command} {usage}\n")
    assert "<" not in out.split("Arguments:")[1].split("\n\n")[0]


PAIRS = "study,yi,vi,x\na,0.1,0.2,1\nb,0.2,0.1,2\nc,0.4,0.1,4\n"
ROWS = ("--table", "t.csv")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("regress", *ROWS, "--moderators", "x", "--seed", "1"), "--seed belongs to --permutations N"),
        (("regress", *ROWS, "--moderators", "x", "--permutations", "5", "--seed", "-1"), "invalid value for '--seed'"),
        (("regress", *ROWS, "--moderators", "x", "--robust", "CR2"), "--robust belongs to --cluster FIELD"),
        (("regress", *ROWS, "--moderators", "x", "--model", "common", "--tau2-ci", "QP"), "leave out --tau2-ci, or --model common"),
        (("regress", *ROWS, "--moderators", "x", "--force"), "--force belongs to -o FILE"),
        (("pool", *ROWS, "--force"), "--force belongs to -o FILE"),
        (("pool", *ROWS, "--measure", "SMD", "--vtype", "UB"), "no use for a variance formula; leave out --vtype"),
        (("pool", "--outcome", "stay", "--quantiles", "qe", "--mean-rule", "wan2014", "--sd-rule", "wan2014"), "--quantiles qe has its own mean and SD, and no use for --mean-rule, --sd-rule; leave them out"),
        (("effects", "--outcome", "death", "--quantiles", "qe"), "death is dichotomous, and has no use for --quantiles; leave it out"),
        (("pool", "--outcome", "death", "--correlation", "0.4", "--sd-rule", "wan2014"), "no use for --sd-rule, --correlation; leave them out"),
        (("pool", "--outcome", "death", "--baseline-risk", "0.2", "--csv"), "CSV has the studies and the pooled row alone; leave out --baseline-risk"),
        (("pool", "--outcome", "death", "--comparison", "active_vs_control", "--method", "MH", "--prediction", "hts"), "no between-study variance; add --model random, or leave out --prediction"),
        (("pool", "--outcome", "death", "--comparison", "active_vs_control", "--method", "Peto", "--prediction", "hts", "--measure", "OR"), "leave out --prediction"),
        (("pool", "--outcome", "death", "--comparison", "active_vs_control", "--method", "BB", "--measure", "OR", "--prediction", "hts"), "no between-study variance; leave out --prediction"),
        (("regress", *ROWS, "--moderators", "x", "--scale", "x", "--ci", "hksj", "--tau2", "PM"), "leave out --tau2 PM, --ci hksj"),
        (("batch", "t.csv", "--group", "study", "--force"), "--force belongs to -o FILE or --rejects FILE"),
        (("batch", "t.csv", "--group", "study", "--model", "common", "--prediction", "hts"), "leave out --prediction"),
        (("batch", "t.csv", "--group", "study", "--model", "common", "--tau2-ci", "QP"), "leave out --tau2-ci"),
        (("batch", "t.csv", "--group", "study", "--engine", "serial", "--workers", "2"), "leave out --workers"),
        (("plot", "forest", *ROWS, "--force"), "--force belongs to -o FILE"),
        (("plot", "forest", *ROWS, "--dpi", "200", "-o", "f.svg"), "--dpi belongs to a .png"),
        (("plot", "funnel", *ROWS, "--prediction", "hts"), "has no use for --prediction"),
        (("plot", "labbe", *ROWS, "--ci", "t", "--tau2-ci", "PL"), "has no use for --ci, --tau2-ci"),
        (("plot", "baujat", *ROWS, "--level", "0.9"), "has no use for --level"),
        (("plot", "traffic-light", "--outcome", "death", "--title", "T"), "with --title the picture goes into a file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_an_option_that_would_do_nothing_is_refused(call: tuple[str, ...], says: str, cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(PAIRS, encoding="utf-8")
    code, out, err = cli(*call)
    assert (code, out) == (2, "")
    assert says in err.replace("\n", " ")


TABLE_OF_COUNTS = "\n".join(
    [
        "study,events_1,n_1,events_2,n_2",
        *(f"s{i},{a},{n},{c},{n + 4}" for i, (a, n, c) in enumerate([(4, 50, 9), (12, 90, 15), (3, 40, 8), (8, 70, 20), (30, 99, 28)])),
    ]
)  # fmt: skip
DIFFERENT = {"--prediction": "hts", "--tau2-ci": "PL", "--ci": "t", "--level": "0.8"}


@pytest.mark.parametrize("kind", [row for row in KINDS.values() if row.needs == "fit"], ids=lambda row: row.key)
def test_a_picture_takes_what_makes_a_difference_to_it_and_nothing_else(kind: Kind, cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text(TABLE_OF_COUNTS + "\n", encoding="utf-8")
    more = ("--moderator", "n_1") if kind.key == "bubble" else ()
    call = ("plot", kind.key, *ROWS, "--measure", "OR", *more, "--force", "-o")
    assert cli(*call, "plain.svg").code == 0
    plain = (here / "plain.svg").read_bytes()
    for option, value in DIFFERENT.items():
        code, _, err = cli(*call, "f.svg", option, value)
        if option.removeprefix("--") in kind.unshown:
            assert (code, f"no use for {option}" in err) == (2, True)
        else:
            assert code == 0
            drawn = (here / "f.svg").read_bytes() != plain
            assert drawn or (kind.key, option) == ("funnel", "--ci")  # which its drawing with characters shows


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("regress", "--permutations", "1.5"), "'--permutations': a whole number is wanted."),
        (("regress", "--permutations", "-1"), "'--permutations': 0 or more is wanted."),
        (("pool", "--level", "x"), "'--level': a number is wanted."),
        (("batch", "t.csv", "--workers", "0"), "'--workers': 1 or more is wanted."),
        (("regress", "--table", "t.csv", "--moderators", "n|g"), "the formula 'n|g' cannot be read. Write names of fields"),
    ],
)  # fmt: skip
def test_what_an_option_wants_is_said_in_words(call: tuple[str, ...], says: str, cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text("study,yi,vi,n,g\nA,1,.2,3,a\nB,2,.3,4,b\nC,3,.2,5,a\nD,1,.1,9,b\n", encoding="utf-8")
    code, out, err = cli(*call)
    assert (code, out) == (2, "")
    assert says in err
    assert not any(word in err for word in ("Input should", "object has no attribute"))


def test_the_help_of_regress_names_what_it_takes(cli: Cli, here: Path) -> None:
    (here / "t.csv").write_text("study,yi,vi,n\nA,1,.2,3\nB,2,.3,4\nC,3,.2,5\nD,1,.1,9\nE,2,.2,1\n", encoding="utf-8")
    text = " ".join(cli("regress", "--help", columns=200).out.split())
    for option in ("--ci", "--tau2-ci"):
        _, _, said = text.partition(f" {option} KEY ")
        assert said.startswith("Interval of ")
        call = ("regress", "--table", "t.csv", "--moderators", "n", option)
        for key in ("hc", "profile") if option == "--ci" else ("HT", "wald"):
            assert cli(*call, key).code == 2
            assert said.index("mean" if option == "--ci" else "without moderators") < said.index(f" {key}")


def test_a_pipe_is_read_as_stdin_is(cli: Cli, here: Path) -> None:
    rows = "study,g,yi,vi\nA,x,1,.2\nB,x,2,.3\nC,y,3,.2\n"
    (here / "t.csv").write_text(rows, encoding="utf-8")
    os.mkfifo(here / "pipe")

    def piped(*call: str) -> Answer:
        writer = threading.Thread(target=(here / "pipe").write_text, args=(rows,))
        writer.start()
        answer = cli(*call)
        writer.join()
        return answer

    assert piped("pool", "--table", "pipe").out == cli("pool", "--table", "-", stdin=rows).out
    assert piped("batch", "pipe", "-g", "g").out == cli("batch", "t.csv", "-g", "g").out
    code, out, err = cli("batch", "pipe", "-g", "g", "-o", "o.csv", "--resume")
    assert (code, out) == (2, "")
    assert "--resume needs a file: what came through a pipe is gone" in err
    assert (
        "is a folder; --table reads a CSV file. Of records: --studies studies" in cli("pool", "--table", "studies").err
    )
