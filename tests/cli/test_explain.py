"""`mscsec explain`: codes, and every key of the two kinds of file."""

from __future__ import annotations

import json

import pytest

from mscsec.records.fields import ROOTS, sections
from mscsec.records.schema import review_schema, study_schema

from .conftest import Cli


@pytest.mark.parametrize("kind", ["study", "review"])
def test_every_key_of_a_file_is_listed(kind: str, cli: Cli) -> None:
    code, out, err = cli("explain", kind)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    for section in sections(ROOTS[kind]):
        block = out.split(f"\n\n{section.name}\n")[1].split("\n\n")[0]
        for row in section.rows:
            assert f"    {row.key}{'*' if row.required else ''} " in block
    found = json.loads(cli("explain", kind, "--json").out)
    assert [section["name"] for section in found["sections"]] == [section.name for section in sections(ROOTS[kind])]


def test_the_schema_is_the_one_that_editors_take(cli: Cli) -> None:
    assert json.loads(cli("explain", "study", "--schema").out) == study_schema()
    assert json.loads(cli("explain", "review", "--schema").out) == review_schema()
    code, out, err = cli("explain", "R205", "--schema")
    assert (code, out) == (2, "")
    assert "--schema belongs to mscsec explain study" in err


def test_the_template_names_a_command_that_lists_every_key(cli: Cli) -> None:
    assert "# Every key: mscsec explain study." in cli("add-study", "--template").out
