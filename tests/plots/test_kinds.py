"""Every kind of picture: nothing overlaps or is cut, whatever the studies are; the same bytes each time; what cannot be drawn is refused."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mscsec.effects.tabular import effects_from_table, read_csv
from mscsec.errors import MscsecError, NotEstimable, TooFewStudies, UnknownMethod, UnknownName, UsageError
from mscsec.plots.kinds import KINDS, Request
from mscsec.plots.theme import PALETTES, Page, described, picture
from mscsec.records.flow import Flow

from .geometry import assert_texts_fit, boxes
from .samples import base_of, far_apart, request, sizes_of

ONE_COLUMN, TWO_COLUMNS = 3.35, 6.9
WIDE = {"prisma": 6.9}  # inches that its boxes need
VARIANTS = [
    ("funnel", {"contours": True}), ("funnel", {"y": "precision"}), ("funnel", {"y": "n"}), ("funnel", {"trim-fill": "L0"}),
    ("gosh", {"study": "1"}), ("cumulative", {"order": "dose"}),
]  # fmt: skip


@pytest.mark.parametrize("k", [1, 3, 30, 200])
@pytest.mark.parametrize("kind", KINDS)
def test_no_text_overlaps_another_or_is_cut(kind: str, k: int) -> None:
    if k < KINDS[kind].studies:
        with pytest.raises(MscsecError):
            KINDS[kind].draw(request(kind, sizes_of(k)))
        return
    assert_texts_fit(KINDS[kind].draw(request(kind, sizes_of(k))), least=4)


@pytest.mark.parametrize("k", [3, 30])
@pytest.mark.parametrize("kind", KINDS)
def test_a_column_of_a_journal_holds_it(kind: str, k: int) -> None:
    width = WIDE.get(kind, ONE_COLUMN)
    figure = KINDS[kind].draw(request(kind, sizes_of(k), Page(width=width, palette=PALETTES["grey"])))
    assert figure.get_size_inches()[0] == pytest.approx(width)
    assert_texts_fit(figure, least=4)


@pytest.mark.parametrize("k", [3, 30, 200])
@pytest.mark.parametrize("kind", [key for key, row in KINDS.items() if row.needs == "fit" and key != "labbe"])
def test_extreme_values(kind: str, k: int) -> None:
    assert_texts_fit(KINDS[kind].draw(request(kind, far_apart(k), Page(width=TWO_COLUMNS))), least=4)


@pytest.mark.parametrize("k", [3, 30])
@pytest.mark.parametrize(("kind", "options"), VARIANTS, ids=[f"{kind}-{next(iter(named))}" for kind, named in VARIANTS])
def test_options_of_a_kind(kind: str, options: dict[str, object], k: int) -> None:
    sizes = sizes_of(k)
    if "study" in options:
        options = {"study": sizes.rows[1].study}
    assert_texts_fit(KINDS[kind].draw(request(kind, sizes, **options)), least=4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bytes_each_time_and_words_for_a_screen_reader(kind: str) -> None:
    first, second = (KINDS[kind].draw(request(kind, sizes_of(5))) for _ in range(2))
    svg = picture(first, "svg")
    assert svg == picture(second, "svg")
    assert b"dc:date" not in svg
    title, description = described(first)
    assert len(title) > 3
    assert len(description) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_a_title_of_ones_own_or_none(kind: str) -> None:
    for title in ("Another name", ""):
        figure = KINDS[kind].draw(request(kind, sizes_of(4), Page(title=title)))
        words = [text.get_text() for text in figure.axes[0].texts]
        assert ("Another name" in words) == (title != "")
        assert title in described(figure)[0]
        assert len(described(figure)[0]) > 3
        assert_texts_fit(figure, least=4)


@pytest.mark.parametrize(
    ("kind", "k", "options", "error", "words"),
    [
        ("baujat", 2, {}, TooFewStudies, "a Baujat plot needs 3 studies"),
        ("leave-one-out", 1, {}, TooFewStudies, "leave-one-out"),
        ("profile", 1, {}, TooFewStudies, "likelihood of tau2"),
        ("gosh", 1, {}, NotEstimable, "no subset"),
        ("gosh", 4, {"study": "nobody"}, UnknownName, "unknown study 'nobody'"),
        ("funnel", 4, {"y": "height"}, UnknownMethod, "vertical axis"),
        ("funnel", 4, {"y": "n", "contours": True}, UsageError, "contours"),
        ("funnel", 4, {"y": "n", "trim-fill": "L0"}, UsageError, "trim and fill"),
        ("funnel", 4, {"trim-fill": "L9"}, UnknownMethod, "L9"),
        ("bubble", 4, {"moderator": None}, UsageError, "--moderator dose"),
        ("bubble", 4, {"moderator": "colour"}, UnknownName, "colour"),
        ("cumulative", 4, {"order": "colour"}, UnknownName, "colour"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(kind, k, options, error, words) -> None:
    with pytest.raises(error, match=re.escape(words)):
        KINDS[kind].draw(request(kind, sizes_of(k), **options))


def test_measures_that_are_no_two_risks_have_no_labbe_plot() -> None:
    with pytest.raises(UsageError, match="GEN is not of that kind"):
        KINDS["labbe"].draw(request("labbe", far_apart(4)))


def test_a_review_without_a_flow_is_told_what_to_write() -> None:
    base = base_of(1)
    empty = base.review.model_copy(update={"flow": Flow()})
    with pytest.raises(NotEstimable, match="identified, removed, screened") as caught:
        KINDS["prisma"].draw(Request(Page(), base=replace(base, review=empty)))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("flow", [{"screened": 3}, {"included": {"studies": 2}}, {"screened": 120, "excluded": {"by title": 20}}, {"previous": {"studies": 1}, "other_identified": 4}])  # fmt: skip
def test_a_flow_with_missing_boxes(flow) -> None:
    assert_texts_fit(KINDS["prisma"].draw(Request(Page(), base=base_of(1, flow))), least=3)


@pytest.mark.parametrize("kind", ["cumulative", "leave-one-out", "drapery", "funnel"])
@pytest.mark.parametrize("width", [ONE_COLUMN, TWO_COLUMNS])
def test_every_tick_has_its_text_below_it(kind: str, width: float) -> None:
    table = "\n".join(["study,yi,sei", *(f"{name},-0.2,0.12" for name in "abcdefghijkl")])
    sizes = effects_from_table(read_csv("t.csv", table), "RR", outcome="Death")
    figure = KINDS[kind].draw(request(kind, sizes, Page(width=width)))
    panel = figure.axes[1]
    found = boxes(figure)
    left, floor, across, _ = panel.get_position().bounds
    low, high = panel.get_xlim()
    for value in panel.get_xticks():
        x = (left + (value - low) / (high - low) * across) * width
        y = floor * figure.get_size_inches()[1]
        assert any(abs((box.x0 + box.x1) / 2 - x) < 0.01 and -0.3 < box.y1 - y < 0 for _, box in found), value
