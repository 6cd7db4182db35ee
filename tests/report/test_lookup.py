"""What the page's script unpacks holds, set by set, the digits that `pool` prints, and places that agree with them.

The reading here is written from the description in `lookup`, as the script's is.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from pathlib import Path
from typing import Any

import pytest

from mscsec.effects.sizes import EffectSizes, effects
from mscsec.pooling import pool
from mscsec.records.reader import load
from mscsec.report.numbers import number, p_value, percent, variance
from mscsec.report.page.axis import OUT_LEFT, OUT_RIGHT, Axis, axis_of
from mscsec.report.page.lookup import ZERO, lookup, packed
from mscsec.synthesis.combinations import Combinations, combinations, options_of

from .bases import write_base

OWN = {"model": "random", "tau2": "REML", "ci": "auto", "prediction": "auto", "preset": "cochrane-2025"}


def made(tmp_path: Path, studies: int, outcome: str) -> tuple[EffectSizes, Combinations, Axis, dict[str, Any]]:
    sizes = effects(load(write_base(tmp_path / "base", studies, 2)), outcome)
    table = combinations(sizes, OWN)
    axis = axis_of(sizes, pool(sizes.yi, sizes.vi, transform=sizes.back(), preset="cochrane-2025"))
    text = packed(lookup(table, axis, sizes.labels))
    return sizes, table, axis, json.loads(zlib.decompress(base64.b64decode(text)))


def lines(column: Any) -> list[str]:
    """The texts of a column, read as the script of the page reads them."""
    if isinstance(column, str):
        return column.split("|")
    shapes, kinds, steps = column
    signs = [code for code in range(35, 127) if code != 92]
    letters = iter([signs.index(ord(letter)) for letter in steps])
    values: dict[int, float] = {}
    out: list[str] = []
    for number_of, kind in enumerate(kinds, 1):
        shape = shapes[signs.index(ord(kind))]
        if len(shape) == 1:
            out.append(shape[0])
            continue
        before, decimals, after = shape
        less = [number_of - 2**study for study in range(number_of.bit_length()) if number_of >> study & 1]
        known = [values[one] for one in less if one in values]
        told = math.floor((sum(known) / len(known) if known else 0.0) * 10**decimals + 0.5)
        step = next(letters)
        if step >= 80:
            several, step = step - 80 + 2, 0
            for _ in range(several):
                step = step * 80 + next(letters)
        units = told + (-(step + 1) // 2 if step % 2 else step // 2)
        values[number_of] = units / 10**decimals
        out.append(f"{before}{units / 10**decimals:.{decimals}f}{after}")
    assert next(letters, None) is None
    return out


def chosen(content: dict[str, Any], place: int, row: int) -> dict[str, Any]:
    choice = content["choices"][place]
    return content["choices"][choice["from"][int(choice["pick"][row])]] if "pick" in choice else choice


def shares(content: dict[str, Any], table: Combinations, column: int) -> list[list[int] | None]:
    same, *studies = content["weights"][column].split("|")
    used, last = [0] * len(studies), [0] * len(studies)
    out: list[list[int] | None] = []
    for row, inside in enumerate(table.members.tolist()):
        if same and same[row] == "1":
            out.append(None)
            continue
        found = []
        for study, there in enumerate(inside):
            if there:
                last[study] += ord(studies[study][used[study]]) - ZERO
                used[study] += 1
                found.append(last[study])
        out.append(found)
    assert used == [len(text) for text in studies]
    return out


@pytest.mark.parametrize(("studies", "outcome"), [(5, "o0"), (5, "o1"), (13, "o0"), (2, "o1")])
def test_every_text_is_what_pool_prints(tmp_path: Path, studies: int, outcome: str):
    sizes, table, _, content = made(tmp_path, studies, outcome)
    for place, choice in enumerate(table.choices):
        for row in range(len(table.members)):
            inside = table.members[row]
            fit = pool(sizes.yi[inside], sizes.vi[inside], transform=sizes.back(), **options_of(choice, OWN))
            one = fit.display
            wanted = {
                "e": number(one.estimate), "l": number(one.ci_low), "h": number(one.ci_high), "pl": number(one.prediction_low),
                "ph": number(one.prediction_high), "p": p_value(fit.p_value), "t": variance(fit.tau2), "i": percent(fit.i2),
            }  # fmt: skip
            of = chosen(content, place, row)
            assert {name: lines(content["texts"][of[name]])[row] for name in wanted} == wanted
            own = shares(content, table, of["w"])[row] or shares(content, table, content["base"])[row]
            assert own is not None
            assert [f"{tenths // 10}.{tenths % 10}%" for tenths in own] == [percent(share) for share in fit.weights]


@pytest.mark.parametrize("outcome", ["o0", "o1"])
def test_places_are_the_digits_places_mended(tmp_path: Path, outcome: str):
    _, table, axis, content = made(tmp_path, 6, outcome)
    for place, column in enumerate(table.columns):
        for row in range(len(table.members)):
            of = chosen(content, place, row)
            for field, name in (("estimate", "e"), ("ci_low", "l"), ("ci_high", "h"), ("prediction_low", "pl")):
                value = float(getattr(column, field)[row])
                text, letter = lines(content["texts"][of[name]])[row], content["places"][of[f"{name}x"]][row]
                read = None if text == "–" else axis.at(float(text))
                if letter in "<>":
                    found = OUT_LEFT if letter == "<" else OUT_RIGHT
                else:
                    found = None if read is None else read + ord(letter) - ZERO
                assert found == axis.at(value)


def test_the_automatic_interval_is_stored_once(tmp_path: Path):
    _, table, _, content = made(tmp_path, 5, "o1")
    picked = content["choices"][table.own]
    assert set(picked["pick"]) == {"0", "1"}
    assert [table.choices[place].ci for place in picked["from"]] == ["wald", "hksj"]
    assert len({str(column) for column in content["texts"]}) == len(content["texts"])


def test_a_set_that_did_not_converge_has_no_numbers(tmp_path: Path):
    from dataclasses import replace

    sizes = effects(load(write_base(tmp_path / "base", 3, 1)), "o0")
    table = combinations(sizes, OWN)
    stuck = table.columns[0].converged.copy()
    stuck[4] = False
    broken = replace(table, columns=tuple(replace(column, converged=stuck) for column in table.columns))
    axis = axis_of(sizes, pool(sizes.yi, sizes.vi, transform="exp"))
    content = lookup(broken, axis, sizes.labels)
    of = chosen(content, 0, 4)
    assert {lines(content["texts"][of[name]])[4] for name in "elhpti"} <= {"–", "P not available"}


def test_numbers_beyond_the_axis_say_on_which_side(tmp_path: Path):
    sizes = effects(load(write_base(tmp_path / "base", 4, 1)), "o0")
    table = combinations(sizes, OWN)
    narrow = Axis(0.95, 1.05, True, (), 1.0)
    content = lookup(table, narrow, sizes.labels)
    of = chosen(content, 0, 14)
    low = table.columns[0].ci_low[14]
    assert low < 0.95
    assert narrow.at(low) == OUT_LEFT
    assert math.isfinite(low)
    read = narrow.at(float(lines(content["texts"][of["l"]])[14]))
    assert content["places"][of["lx"]][14] == (chr(ZERO) if read == OUT_LEFT else "<")
