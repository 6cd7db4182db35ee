"""What the commands print, at fixed widths without colour, against stored files; and that it fits."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from .conftest import GOLDEN, Cli

CALLS = {
    "pool-rr": ("pool", "--outcome", "death", "--comparison", "active_vs_control"),
    "pool-md": ("pool", "--outcome", "stay"),
    "pool-common": ("pool", "--outcome", "stay", "--model", "common", "--ci", "wald"),
    "pool-one": ("pool", "--outcome", "death", "--comparison", "other_vs_control"),
    "effects": ("effects", "--outcome", "death", "--comparison", "active_vs_control"),
    "effects-md": ("effects", "--outcome", "stay"),
    "explain-effects": ("effects", "--outcome", "stay", "--explain"),
    "explain-study": ("effects", "--outcome", "death", "--comparison", "active_vs_control", "--explain", "--study", "baker2020"),
    "check": ("check",),
    "bias-report": ("bias-report",),
    "explain": ("explain", "R205"),
    "plot-forest": ("plot", "forest", "--outcome", "stay"),
    "plot-funnel": ("plot", "funnel", "--outcome", "death", "--comparison", "active_vs_control"),
    "plot-traffic-light": ("plot", "traffic-light", "--tool", "rob2"),
    "help": ("--help",),
}  # fmt: skip


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", CALLS)
def test_as_stored(name: str, columns: int, cli: Cli, golden: Callable[[str, str], None]) -> None:
    answer = cli(*CALLS[name], columns=columns)
    assert answer.code == 0
    golden(f"{name}-{columns}.txt", answer.out + ("-- stderr --\n" + answer.err if answer.err else ""))


def test_every_stored_file_is_compared() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {
        f"{name}-{columns}.txt" for name in CALLS for columns in (80, 120)
    }


@pytest.mark.parametrize("columns", [60, 80, 100, 120, 200])
@pytest.mark.parametrize(
    "name", [name for name in CALLS if name != "check"]
)  # which writes for editors, a problem a line
def test_no_line_is_wider_than_the_terminal(name: str, columns: int, cli: Cli) -> None:
    answer = cli(*CALLS[name], columns=columns)
    wide = [line for line in answer.out.splitlines() if len(line) > columns]
    assert wide == []


@pytest.mark.parametrize("name", CALLS)
def test_a_terminal_narrower_than_that_is_drawn_for_sixty(name: str, cli: Cli) -> None:
    assert cli(*CALLS[name], columns=30).code == 0


@pytest.mark.parametrize("name", CALLS)
def test_no_trailing_spaces_and_one_line_end(name: str, cli: Cli) -> None:
    out = cli(*CALLS[name]).out
    assert [line for line in out.splitlines() if line != line.rstrip()] == []
    assert out == "" or out.endswith("\n")
    assert not out.endswith("\n\n")


@pytest.mark.parametrize("name", CALLS)
def test_same_bytes_twice(name: str, cli: Cli) -> None:
    assert cli(*CALLS[name]) == cli(*CALLS[name])


@pytest.mark.parametrize("name", ["pool-rr", "effects", "bias-report", "check"])
def test_colour_only_where_it_is_wanted(name: str, cli: Cli) -> None:
    plain = cli(*CALLS[name]).out
    assert "\x1b" not in plain
    assert cli(*CALLS[name], NO_COLOR="1").out == plain
    assert cli(*CALLS[name], NO_COLOR="1", FORCE_COLOR="1").out == plain
    coloured = cli(*CALLS[name], FORCE_COLOR="1").out
    assert re.sub(r"\x1b\[\d*m", "", coloured) == plain
    assert ("\x1b" in coloured) == (name in ("pool-rr", "bias-report"))


def test_a_dumb_terminal_gets_ascii_lines(cli: Cli) -> None:
    out = cli(*CALLS["pool-rr"], TERM="dumb").out
    plot = out[: out.index("Pooled effect")]
    assert set(plot) - {chr(code) for code in range(128)} <= {"…"}


def test_shares_of_weight_sum_to_the_whole(cli: Cli) -> None:
    out = cli(*CALLS["pool-rr"]).out
    rows = [line for line in out.splitlines() if re.search(r"\]\s+\d+\.\d%", line)]
    shares = [float(match[1]) for row in rows if (match := re.search(r"(\d+\.\d)%", row))]
    assert sum(shares[:-1]) == pytest.approx(100, abs=0.2)
    assert shares[-1] == 100
