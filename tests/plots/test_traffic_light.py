"""Pictures of risk of bias: nothing overlaps, nothing leaves the page, and no judgement is told by hue alone."""

from __future__ import annotations

import random
import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, Rectangle

from mscsec.appraisal.degree import DEGREES
from mscsec.appraisal.judgements import BiasTable, bias_table
from mscsec.errors import InvalidInput, UsageError
from mscsec.plots.theme import COLUMNS, MARKS, PALETTES, Page, picture
from mscsec.plots.traffic_light import outcome_names, summary_bars, traffic_light
from mscsec.records.models import Study
from mscsec.records.reader import load

from .geometry import assert_texts_fit, boxes

NAMES = (
    "Al",
    "Collaborative Group on Mesenchymal Stromal Cell Secretome and Extracellular Vesicles in Severe Pneumonia Working Party",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "王小明",
)
REASON = (
    "The envelopes were opened before the patients were enrolled in one of the ten centres, which gave four patients"
)


def study(number: int, name: str, chance: random.Random) -> Study:
    answers = {
        "D1": {"1.1": "Y", "1.2": chance.choice(["Y", "NI", "N"]), "1.3": "N"},
        "D2": {"2.1": chance.choice(["N", "Y"]), "2.2": "N", "2.3": "N", "2.6": "Y"},
        "D3": {"3.1": chance.choice(["Y", "N"]), "3.2": "N", "3.3": "Y", "3.4": "NI"},
        "D4": {"4.1": "N", "4.2": "N", "4.3": "N"},
        "D5": {"5.1": chance.choice(["Y", "NI"]), "5.2": "N", "5.3": "N"},
    }
    domains: dict[str, Any] = {id: {"answers": given} for id, given in answers.items()}
    if number == 1:
        domains["D1"] = {"answers": answers["D1"] | {"1.2": "N"}, "judgement": "Some concerns", "reason": REASON}
    if number == 2:
        del domains["D3"]
    assessment = {"tool": "rob2", "aim": "assignment", "assessor": "A", "result": "death", "domains": domains}
    return Study.model_validate(
        {
            "schema": "mscsec/study/1",
            "id": f"s{number}",
            "citation": {"authors": [f"{name}, X"], "year": 2000 + number % 25},
            "design": {"type": "parallel-rct"},
            "arms": {"a": {"role": "experimental"}, "b": {"role": "comparator"}},
            "results": [{"outcome": "death"}],
            "risk_of_bias": [] if number == 4 else [assessment],
        }
    )


def made(count: int, weighted: bool) -> BiasTable:
    chance = random.Random(count)
    studies = [study(number, NAMES[number % len(NAMES)], chance) for number in range(count)]
    weights = {one.id: 1 / count for one in studies} if weighted else None
    return bias_table(studies, "rob2", "death" if weighted else None, weights=weights)


def shipped(outcome: str | None) -> BiasTable:
    base = load(Path(__file__).parents[2] / "studies")
    chosen = [one for one in base.studies if outcome is None or outcome in {r.outcome for r in one.results}]
    return bias_table(chosen, "rob2", outcome, plans=base.review.outcomes)


TABLES = {
    "3 studies": lambda: made(3, False),
    "5 studies, weighted": lambda: made(5, True),
    "40 studies, weighted": lambda: made(40, True),
    "40 studies": lambda: made(40, False),
    "1 study": lambda: made(1, False),
    "shipped": lambda: shipped(None),
    "shipped deaths": lambda: shipped("mortality_28d"),
    "shipped ICU stay": lambda: shipped("icu_stay"),
    "no domains": lambda: bias_table(load(Path(__file__).parents[2] / "studies").studies, "jadad"),
}
DRAWN = (traffic_light, summary_bars)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("draw", DRAWN)
def test_no_text_overlaps_another_or_leaves_the_page(name: str, draw: Any) -> None:
    assert_texts_fit(draw(TABLES[name]()), least=9)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize("width", [COLUMNS["1"], COLUMNS["2"]])
def test_a_page_of_a_journal_holds_it(name: str, draw: Any, width: float) -> None:
    figure = draw(TABLES[name](), page=Page(width))
    assert figure.get_size_inches()[0] == width
    assert_texts_fit(figure, least=9)
    discs = [patch for patch in figure.axes[0].patches if isinstance(patch, Circle)]
    for a, b in combinations([disc.center for disc in discs], 2):
        assert (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 > (2 * discs[0].radius) ** 2


def test_a_page_too_narrow_for_its_columns_is_refused_with_one_that_would_do() -> None:
    with pytest.raises(UsageError, match=r"a width of (\d\.\d) or more") as found:
        traffic_light(made(5, True), page=Page(2.0))
    (enough,) = (float(width) for width in re.findall(r"width of ([\d.]+) or more", str(found.value)))
    assert_texts_fit(traffic_light(made(5, True), page=Page(enough)))


@pytest.mark.parametrize("draw", DRAWN)
def test_a_grey_palette_has_no_hue(draw: Any) -> None:
    figure = draw(made(5, True), page=Page(palette=PALETTES["grey"]))
    for patch in [one for one in figure.axes[0].patches if one.get_fill()]:
        assert len({round(part, 6) for part in patch.get_facecolor()[:3]}) == 1


def test_a_study_without_weight_is_said_to_be_outside_the_meta_analysis() -> None:
    chance = random.Random(3)
    studies = [study(number, "Al", chance) for number in range(3)]
    for weights, said in (({"s0": 0.5, "s1": 0.5}, True), ({"s0": 0.4, "s1": 0.5, "s2": 0.1}, False)):
        words = [text for text, _ in boxes(traffic_light(bias_table(studies, "rob2", "death", weights=weights)))]
        assert ("– not in the meta-analysis" in words) == said


def test_outcomes_stand_there_as_a_reader_knows_them() -> None:
    base = load(Path(__file__).parents[2] / "studies")
    words = [text for text, _ in boxes(traffic_light(shipped(None), outcomes=outcome_names(base)))]
    assert "Bowdish: Death by day 28 to 30, day 30" in words
    assert not any("_" in text for text in words)


@pytest.mark.parametrize("name", TABLES)
def test_discs_keep_clear_of_each_other_and_of_the_labels(name: str) -> None:
    figure = traffic_light(TABLES[name]())
    discs = [patch for patch in figure.axes[0].patches if isinstance(patch, Circle)]
    centres = [disc.center for disc in discs]
    for a, b in combinations(centres, 2):
        assert (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 > (2 * discs[0].radius) ** 2
    height = figure.get_size_inches()[1]
    for words, box in boxes(figure):
        if len(words) > 3 and "%" not in words:
            for x, y in centres:
                inside = box.x0 - 0.1 < x < box.x1 + 0.1 and box.y0 < height - y < box.y1
                assert not inside, words


def test_there_is_one_disc_for_each_judgement_and_legend_entry() -> None:
    table = made(3, False)
    figure = traffic_light(table)
    discs = [patch for patch in figure.axes[0].patches if isinstance(patch, Circle)]
    said = {row.judgement(place) or "Not assessed" for row in table.rows for place in (*dict(table.domains), "overall")}
    assert len(discs) == 3 * 6 + len(said)


def test_bars_are_as_long_as_the_shares() -> None:
    table = made(40, True)
    outlines = [
        patch for patch in summary_bars(table).axes[0].patches if isinstance(patch, Rectangle) and not patch.get_fill()
    ]
    bars = [patch for patch in outlines if patch.get_height() == pytest.approx(0.24)]
    lengths = [patch.get_width() / 4.4 for patch in bars]
    expected = [share for place in (*dict(table.domains), "overall") for share in table.shares[place].values()]
    assert lengths == pytest.approx(expected)
    by_row: dict[float, float] = {}
    for patch in bars:
        by_row[round(patch.get_y(), 6)] = by_row.get(round(patch.get_y(), 6), 0) + patch.get_width()
    assert list(by_row.values()) == pytest.approx([4.4] * 6)


def test_marks_are_told_apart_without_colour() -> None:
    assert set(MARKS) == set(DEGREES)
    assert len({mark.symbol for mark in MARKS.values()}) == len(MARKS)
    assert len({mark.hatch for mark in MARKS.values()}) == len(MARKS)
    shades = [luminance(MARKS[key].fill) for key in ("low", "some", "high", "critical")]
    assert all(a - b > 0.05 for a, b in pairwise(shades))  # darker as the concern grows
    for mark in MARKS.values():  # the symbol reads on its disc: 4.5 to 1, WCAG 2.1, 1.4.3
        if mark.symbol:
            bright, dark = sorted((luminance(mark.fill), luminance(mark.ink)), reverse=True)
            assert (bright + 0.05) / (dark + 0.05) > 4.5


@pytest.mark.parametrize("kind", ["protanopia", "deuteranopia", "tritanopia"])
def test_marks_are_told_apart_by_the_colour_blind(kind: str) -> None:
    """Viénot, Brettel & Mollon (1999) for red and green; a matrix of Brettel's type for blue and yellow."""
    matrix = {
        "protanopia": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
        "deuteranopia": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
        "tritanopia": ((1.0, 0.14461, -0.14461), (0.0, 0.85924, 0.14076), (0.0, 0.85924, 0.14076)),
    }[kind]
    seen = [
        tuple(encoded(sum(m * c for m, c in zip(line, linear(MARKS[key].fill), strict=True))) for line in matrix)
        for key in ("low", "some", "high", "critical", "none")
    ]
    for a, b in combinations(seen, 2):
        assert sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5 > 0.15


def encoded(light: float) -> float:
    """Light to sRGB, in which equal steps look about equal, IEC 61966-2-1."""
    held = min(max(light, 0.0), 1.0)
    return 12.92 * held if held <= 0.0031308 else 1.055 * held ** (1 / 2.4) - 0.055


def linear(colour: str) -> tuple[float, ...]:
    """sRGB to light, IEC 61966-2-1."""
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("draw", DRAWN)
def test_the_bytes_do_not_vary_and_carry_no_time(draw: Any) -> None:
    for kind in ("svg", "pdf", "png"):
        first, second = (picture(draw(made(3, False)), kind) for _ in range(2))
        assert first == second
    assert b"dc:date" not in picture(draw(made(3, False)), "svg")


def test_nothing_to_draw_is_refused() -> None:
    for draw in DRAWN:
        with pytest.raises(InvalidInput):
            draw(bias_table([], "rob2"))
