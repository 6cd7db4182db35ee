"""What an assumed value decides stands on the page and in the manuscript, with the numbers that `pool` gives at each value."""

from __future__ import annotations

import re

import pytest

import mscsec as ms
from mscsec.effects.reading import Rules
from mscsec.records.reader import load
from mscsec.report.assumed import assumed_verdict
from mscsec.report.manuscript.blocks import Table, text_of
from mscsec.report.manuscript.build import manuscript
from mscsec.report.material import material
from mscsec.report.numbers import interval, number
from mscsec.report.page.build import review_page
from mscsec.synthesis.certainty import bodies_of
from mscsec.synthesis.review import Synthesis, synthesise

from .bases import bcg


@pytest.fixture(scope="module")
def synthesis(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    return synthesise(load(bcg(tmp_path_factory.mktemp("bcg") / "base")))


def expected(synthesis: Synthesis, icc: float) -> str:
    """The pooled effect with this ICC, by the library itself."""
    data = ms.effects(synthesis.base, "tb", level=0.9, rules=Rules(icc=icc))
    shown = ms.pool(data.yi, data.vi, level=0.9, transform=data.back()).display
    return f"{number(shown.estimate)} {{}}{interval(shown.ci_low, shown.ci_high, joint='{}')}{{}}"


def test_the_page_has_a_row_for_each_value(synthesis: Synthesis):
    page = review_page(synthesis, bodies_of(synthesis))
    section = re.search(r"<h4>What an assumed value decides</h4>.*?</table>", page, re.S)
    assert section is not None
    for icc in (0.0, 0.05, 0.2):
        assert f">{expected(synthesis, icc).format('[', ', ', ']')}</a>" in section[0]
    assert '<a href="#trail-tb--at--icc">0.05*</a>' in section[0]
    trail = re.search(r'<article class="trail" id="trail-tb--at--icc">.*?</article>', page, re.S)
    assert trail is not None
    assert "base/review.yaml:5:" in trail[0]
    assert "as in 3 trials of schools" in trail[0]


def test_the_manuscript_has_the_same_table(synthesis: Synthesis):
    made = manuscript(material(synthesis), lambda one: ())
    table = next(block for block in made.blocks if isinstance(block, Table) and block.key == "assumed-tb-icc")
    assert table.caption == "Sensitivity to the intra-cluster correlation, 0.05 assumed for Hart 1977"
    rows = {text_of(row.cells[0]): text_of(row.cells[1]) for row in table.rows}
    for icc, mark in ((0.0, "0"), (0.05, "0.05*"), (0.2, "0.2")):
        assert rows[mark] == expected(synthesis, icc).format("(", " to ", ")")


def test_the_verdict_follows_the_intervals(synthesis: Synthesis):
    (item,) = synthesis.with_data[0].assumed
    assert all(point.excludes_null for point in item.points)
    assert assumed_verdict(item).startswith("The interval excludes no effect at each of these values")
