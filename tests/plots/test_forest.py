"""The forest plot: nothing overlaps or is cut whatever the data, and what is drawn is what the results say."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon, Rectangle

from mscsec.appraisal.judgements import BiasTable, bias_table
from mscsec.effects.sizes import EffectSizes
from mscsec.effects.tabular import effects_from_table, read_csv
from mscsec.effects.trail import Flag
from mscsec.errors import InvalidInput, UnknownName
from mscsec.plots.forest import Groups, Look, forest
from mscsec.plots.theme import COLUMNS, PALETTES, Page, picture
from mscsec.pooling.result import PooledResult
from mscsec.records.models import Study
from mscsec.synthesis.fit import fit_cells, fit_effects
from mscsec.synthesis.groups import fit_groups

from .geometry import assert_texts_fit, boxes
from .made import events, generic, label, means, odd

CHOSEN = {"model": "random", "tau2": "DL", "ci": None, "prediction": None, "preset": None}
WIDTHS = {"one column": COLUMNS["1"], "two columns": COLUMNS["2"], "free": None, "narrowest": 2.0, "wide": 12.0}


def grouped(sizes: EffectSizes) -> Groups:
    names = ["Early", "Late, after the first two weeks of a stay in hospital", "Unclear"]
    fields = {"route of administration": [names[place % 3] for place in range(len(sizes.rows))]}
    labels, found = fit_groups(sizes, fields, "route of administration", CHOSEN)
    return Groups("route of administration", tuple(labels), found)


def judged(sizes: EffectSizes) -> BiasTable:
    """RoB 2 for most of the studies, weighted."""
    chance = random.Random(len(sizes.rows))
    studies = []
    for number in range(len(sizes.rows)):
        domains: dict[str, Any] = {
            "D1": {"answers": {"1.1": "Y", "1.2": chance.choice(["Y", "NI", "N"]), "1.3": "N"}},
            "D2": {"answers": {"2.1": chance.choice(["N", "Y"]), "2.2": "N", "2.3": "N", "2.6": "Y"}},
            "D3": {"answers": {"3.1": chance.choice(["Y", "N"]), "3.2": "N", "3.3": "Y", "3.4": "NI"}},
            "D4": {"answers": {"4.1": "N", "4.2": "N", "4.3": "N"}},
            "D5": {"answers": {"5.1": chance.choice(["Y", "NI"]), "5.2": "N", "5.3": "N"}},
        }
        assessment = {"tool": "rob2", "aim": "assignment", "assessor": "A", "result": "death", "domains": domains}
        studies.append(
            Study.model_validate(
                {
                    "schema": "mscsec/study/1", "id": f"s{number}", "citation": {"authors": ["X, Y"], "year": 2000},
                    "design": {"type": "parallel-rct"},
                    "arms": {"a": {"role": "experimental"}, "b": {"role": "comparator"}},
                    "results": [{"outcome": "death"}],
                    "risk_of_bias": [] if number % 6 == 4 else [assessment],
                }
            )
        )  # fmt: skip
    table = bias_table(studies, "rob2", "death", weights={one.id: 1 / len(studies) for one in studies})
    names = {f"s{number}": row.study for number, row in enumerate(sizes.rows)}
    return replace(table, rows=tuple(replace(row, study=names[row.study]) for row in table.rows))


MADE: dict[str, Callable[[int], EffectSizes]] = {"events": events, "means": means, "generic": generic}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("k", [1, 3, 30])
@pytest.mark.parametrize("kind", MADE)
def test_nothing_overlaps_or_is_cut(kind: str, k: int, width: str) -> None:
    sizes = MADE[kind](k)
    figure, _ = forest(sizes, fit_effects(sizes, CHOSEN), page=Page(WIDTHS[width]))
    assert_texts_fit(figure, least=k)
    if WIDTHS[width] is not None:
        assert figure.get_size_inches()[0] == pytest.approx(WIDTHS[width])


@pytest.mark.parametrize("width", ["narrowest", "one column", "free"])
@pytest.mark.parametrize("name", odd())
def test_odd_numbers_have_an_axis(name: str, width: str) -> None:
    sizes = odd()[name]
    fit = fit_effects(sizes, CHOSEN)
    for look in (Look(), Look(at=(0.5, 1, 2), lines=("pooled",)), Look(ends=(0.9, 1.1))):
        figure, _ = forest(sizes, fit, page=Page(WIDTHS[width]), look=look)
        assert_texts_fit(figure, least=len(sizes.rows))


def test_an_axis_is_named_after_what_stands_on_it() -> None:
    for name, title in (
        ("proportions", "Proportion"),
        ("correlations", "Correlation"),
        ("rates", "Incidence rate ratio (log scale)"),
    ):
        sizes = odd()[name]
        assert title in texts(forest(sizes, fit_effects(sizes, CHOSEN))[0]).splitlines()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("k", [1, 3, 30])
def test_nothing_overlaps_with_everything_in_it(k: int, width: str) -> None:
    sizes = events(k)
    groups = grouped(sizes)
    fits = [
        groups.result.overall,
        fit_effects(sizes, CHOSEN | {"model": "common", "tau2": None}),
        fit_cells(sizes, "MH", dict.fromkeys(CHOSEN)),
    ]
    fields = {"year": [2000 + place for place in range(k)], "country": ["Iran, Islamic Republic of"] * k}
    look = Look(
        columns=("study", "year", "country", "arms", "effect", "weight"), sort="-weight", lines=("important", "pooled"),
        names=("Cell-free product of mesenchymal stem cells", "Placebo or usual care in the ward or the intensive care unit"),
    )  # fmt: skip
    figure, left_out = forest(
        sizes, fits, page=Page(WIDTHS[width]), look=look, groups=groups, bias=judged(sizes), fields=fields
    )
    assert_texts_fit(figure, least=k)
    lights_apart(figure)
    assert ("country" in left_out) == (width not in ("free", "wide"))


@pytest.mark.parametrize("width", ["one column", "two columns", "free"])
def test_two_hundred_studies(width: str) -> None:
    sizes = events(200)
    figure, _ = forest(sizes, fit_effects(sizes, CHOSEN), page=Page(WIDTHS[width]), bias=judged(sizes))
    assert_texts_fit(figure, least=200)
    lights_apart(figure)


def lights_apart(figure: Figure) -> None:
    """Discs keep clear of each other and of every text but their own symbol."""
    discs = [patch for patch in figure.axes[0].patches if isinstance(patch, Circle)]
    if not discs:
        return
    centres = np.array([disc.center for disc in discs])
    far = np.hypot(*(centres[:, None] - centres[None]).T) + 9 * np.eye(len(discs))
    assert far.min() > 2 * discs[0].radius
    height = figure.get_size_inches()[1]
    for words, box in boxes(figure):
        if len(words) > 1:
            gap_x = np.maximum(np.maximum(box.x0 - centres[:, 0], centres[:, 0] - box.x1), 0)
            gap_y = np.maximum(np.maximum(box.y0 - (height - centres[:, 1]), height - centres[:, 1] - box.y1), 0)
            assert np.hypot(gap_x, gap_y).min() > 0.8 * discs[0].radius, words


# --- what is drawn ---------------------------------------------------------------------------------------------------


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.axes[0].texts)


def place_of_ticks(figure: Figure) -> Callable[[float], float]:
    """From a value (a log for ratios) to inches, by the two outer ticks of the axis."""
    known = {}
    for text in figure.axes[0].texts:
        words = text.get_text().replace("−", "-")
        try:
            value = float(words)
        except ValueError:
            continue
        if text.get_ha() == "center" and value > 0:
            known[math.log(value)] = text.get_position()[0]
    (a, x_a), (b, x_b) = min(known.items()), max(known.items())
    return lambda value: x_a + (value - a) / (b - a) * (x_b - x_a)


def squares(figure: Figure, palette: str = "colour") -> list[Rectangle]:
    from matplotlib.colors import to_hex

    fill = PALETTES[palette].study
    return [p for p in figure.axes[0].patches if isinstance(p, Rectangle) and to_hex(p.get_facecolor()) == fill]


def diamonds(figure: Figure) -> list[Polygon]:
    from matplotlib.colors import to_hex

    fill = PALETTES["colour"].pooled
    return [
        p for p in figure.axes[0].patches
        if isinstance(p, Polygon) and to_hex(p.get_facecolor()) == fill and len(p.get_xy()) > 4
    ]  # fmt: skip


def test_boxes_stand_at_the_estimates_with_areas_by_weight() -> None:
    sizes = events(6, extreme=False)
    fit = fit_effects(sizes, CHOSEN)
    figure, _ = forest(sizes, fit)
    x = place_of_ticks(figure)
    drawn = squares(figure)
    assert [box.get_x() + box.get_width() / 2 for box in drawn] == pytest.approx(
        [x(row.yi) for row in sizes.rows], abs=1e-3
    )
    assert all(box.get_width() == pytest.approx(box.get_height()) for box in drawn)
    largest = max(fit.weights)
    areas = [box.get_width() ** 2 for box in drawn]
    for area, weight in zip(areas, fit.weights, strict=True):
        if weight / largest > 0.12:  # below that a box has its least size
            assert area / max(areas) == pytest.approx(weight / largest, rel=1e-6)


def test_a_diamond_spans_the_interval_of_its_model() -> None:
    sizes = events(6, extreme=False)
    fits = [fit_effects(sizes, CHOSEN | {"ci": "wald"}), fit_effects(sizes, CHOSEN | {"ci": "hksj"})]
    figure, _ = forest(sizes, fits)
    x = place_of_ticks(figure)
    drawn = diamonds(figure)
    assert len(drawn) == 2
    for polygon, fit in zip(drawn, fits, strict=True):
        corners = np.asarray(polygon.get_xy())
        assert corners[:, 0].min() == pytest.approx(x(fit.ci_low), abs=1e-3)
        assert corners[:, 0].max() == pytest.approx(x(fit.ci_high), abs=1e-3)
        assert sorted(corners[:4, 0])[1] == pytest.approx(x(fit.estimate), abs=1e-3)
    assert "(DL, Hartung-Knapp)" in texts(figure).replace("\n", " ")


def test_what_is_printed_is_what_the_results_say() -> None:
    sizes = events(4, extreme=False)
    fit = fit_effects(sizes, CHOSEN)
    figure, left_out = forest(sizes, fit, bias=judged(sizes), look=Look(names=("Active", "Control")))
    said = texts(figure)
    assert left_out == ()
    for row, weight in zip(sizes.rows, fit.weights, strict=True):
        assert f"{row.experimental.events:g}" in said
        assert f"{row.comparator.n:g}" in said
        assert f"{row.estimate:.2f}" in said
        assert f"[{row.low:.2f}," in said
        assert f"{100 * weight:.1f}%" in said
    shown = fit.display
    for value in (f"{shown.estimate:.2f}", f"[{shown.ci_low:.2f},", f"{shown.prediction_high:.2f}]", "100.0%"):
        assert value in said
    assert f"{sum(row.comparator.n or 0 for row in sizes.rows):g}" in said
    assert "Favours active" in said
    assert "1: n = 10 is assumed" in said.replace("\u00a0", " ").replace("\n", " ")
    assert "Weight by overall judgement" in said


def test_an_assumed_figure_has_the_letter_of_its_note() -> None:
    sizes = events(3, extreme=False)
    flag = Flag("E203", "assumed", "1: n = 8 is assumed: the paper does not say")
    sizes = replace(
        sizes, rows=tuple(replace(row, flags=(flag,) if place == 1 else ()) for place, row in enumerate(sizes.rows))
    )
    fit = fit_effects(sizes, CHOSEN)
    row = sizes.rows[1]
    for columns, before in (
        (("study", "arms", "effect"), f"{row.experimental.n:g}"),
        (("study", "effect"), row.label.split()[-1]),
    ):
        found = [
            (t.get_text(), t.get_window_extent())
            for t in forest(sizes, fit, look=Look(columns=columns))[0].axes[0].texts
        ]
        letter = next(box for words, box in found if words == "a" and box.x0 > 50)
        left = max(
            (
                (words, box)
                for words, box in found
                if box.x1 <= letter.x0 + 3 and box.y0 < letter.y1 and letter.y0 < box.y1
            ),
            key=lambda item: float(item[1].x1),
        )
        assert left[0].endswith(before)


def test_favours_follows_the_direction_of_the_outcome() -> None:
    sizes = events(3)
    fit = fit_effects(sizes, CHOSEN)
    look = Look(names=("Active", "Control"))
    for better, left in (("lower", "Favours active"), ("higher", "Favours control"), ("neither", None)):
        figure, _ = forest(replace(sizes, better=better), fit, look=look)
        found = {
            text.get_text(): text.get_position()[0] for text in figure.axes[0].texts if "Favours" in text.get_text()
        }
        assert (min(found, key=lambda words: found[words]) if found else None) == left


def test_an_interval_beyond_the_axis_has_an_arrow_and_ends_at_the_edge() -> None:
    sizes = events(3, extreme=False)
    fit = fit_effects(sizes, CHOSEN)
    figure, _ = forest(sizes, fit, look=Look(ends=(0.99, 1.01)))
    heads = [p for p in figure.axes[0].patches if isinstance(p, Polygon) and len(p.get_xy()) == 4]
    assert len(heads) >= 2 * 2  # both sides of every interval, and of favours
    lines = [line for line in figure.axes[0].lines if line.get_color() == "#1a1a1a"]
    assert all(0 <= x <= figure.get_size_inches()[0] for line in lines for x in np.asarray(line.get_xdata(), float))


@pytest.mark.parametrize(
    ("sort", "value"),
    [("effect", lambda row, w: row.yi), ("weight", lambda row, w: w), ("precision", lambda row, w: 1 / row.vi), ("label", lambda row, w: row.label.casefold())],
)  # fmt: skip
def test_orders(sort: str, value: Any) -> None:
    sizes = events(8)
    fit = fit_effects(sizes, CHOSEN)
    pairs = list(zip(sizes.rows, fit.weights, strict=True))
    for sign, down in (("", False), ("-", True)):
        figure, _ = forest(sizes, fit, look=Look(sort=sign + sort))
        wanted = [f"{row.estimate:.2f}" for row, _ in sorted(pairs, key=lambda pair: value(*pair), reverse=down)]
        printed = [t.get_text() for t in figure.axes[0].texts if t.get_text() in wanted and t.get_ha() == "right"]
        assert printed[: len(wanted)] == wanted


def test_an_order_by_year_puts_the_unknown_last() -> None:
    sizes = events(3)
    figure, _ = forest(
        sizes,
        fit_effects(sizes, CHOSEN),
        look=Look(sort="year", columns=("study", "year")),
        fields={"year": [2021, None, 2019]},
    )
    years = [t.get_text() for t in figure.axes[0].texts if t.get_text() in ("2019", "2021")]
    assert years == ["2019", "2021"]


def test_subgroups_have_their_headings_diamonds_and_test() -> None:
    sizes = events(9)
    groups = grouped(sizes)
    figure, _ = forest(sizes, groups.result.overall, groups=groups)
    said = texts(figure).replace("\u00a0", " ").replace("\n", " ")
    assert "Route of administration: Early" in said
    assert len(diamonds(figure)) == 4
    test = groups.result.between
    assert f"Test for subgroup differences: Q = {test.q:.2f}, df = 2" in said


def test_lights_stand_beside_each_study() -> None:
    sizes = events(12)
    figure, _ = forest(sizes, fit_effects(sizes, CHOSEN), bias=judged(sizes))
    discs = [patch for patch in figure.axes[0].patches if isinstance(patch, Circle)]
    beside = [disc for disc in discs if disc.center[0] > figure.get_size_inches()[0] * 0.7]
    assert len(beside) == 6 * 12


def test_one_study_has_no_diamond() -> None:
    sizes = events(1)
    figure, _ = forest(sizes, fit_effects(sizes, CHOSEN))
    assert not diamonds(figure)
    assert "nothing was pooled" in texts(figure).replace("\n", " ")
    assert "CI by the normal approximation" in texts(figure).replace("\n", " ").replace("\u00a0", " ")


def test_the_interval_of_one_study_is_called_what_it_is() -> None:
    sizes = events(1)
    figure, _ = forest(sizes, replace(fit_effects(sizes, CHOSEN), ci_method="profile"))
    said = texts(figure).replace("\n", " ").replace("\u00a0", " ")
    assert "CI by profile likelihood" in said
    assert "normal approximation" not in said


def test_a_narrow_page_drops_in_the_stated_order() -> None:
    sizes = events(5)
    fit = fit_effects(sizes, CHOSEN)
    fields = {"year": [2000] * 5}
    look = Look(columns=("study", "year", "arms", "effect", "weight"))
    order = ["year", "group data", "risk of bias by domain", "weights", "overall risk of bias", "effects in figures"]
    before: tuple[str, ...] = ()
    for width in (14.0, 8.0, 6.9, 5.0, 4.0, 3.35, 2.5, 2.0):
        _, left_out = forest(sizes, fit, page=Page(width), look=look, bias=judged(sizes), fields=fields)
        assert list(left_out) == order[: len(left_out)]
        assert left_out[: len(before)] == before
        before = left_out
    assert len(before) >= 4


def test_the_same_input_gives_the_same_bytes() -> None:
    sizes = events(5)
    fit = fit_effects(sizes, CHOSEN)
    for kind in ("svg", "pdf", "png"):
        first, second = (picture(forest(sizes, fit, bias=judged(sizes))[0], kind) for _ in range(2))
        assert first == second


def test_a_reader_who_cannot_see_it_has_the_figures() -> None:
    sizes = events(3)
    fit: PooledResult = fit_effects(sizes, CHOSEN)
    svg = picture(forest(sizes, fit)[0], "svg").decode()
    described = svg.split("<desc")[1].split("</desc>")[0]
    assert f"RR {fit.display.estimate:.2f}" in described
    assert label(2)[:12] in described


def test_what_does_not_exist_is_refused() -> None:
    sizes = events(3)
    fit = fit_effects(sizes, CHOSEN)
    with pytest.raises(UnknownName, match="column"):
        forest(sizes, fit, look=Look(columns=("study", "colour")))
    with pytest.raises(UnknownName, match="order"):
        forest(sizes, fit, look=Look(sort="size"))
    with pytest.raises(UnknownName, match="line"):
        forest(sizes, fit, look=Look(lines=("mean",)))
    with pytest.raises(InvalidInput):
        forest(replace(sizes, rows=()), fit)


def test_letters_of_the_notes_run_down_the_page() -> None:
    sizes = events(12)
    for look, groups in ((Look(sort="-effect"), None), (Look(), grouped(sizes))):
        figure, _ = forest(sizes, fit_effects(sizes, CHOSEN), look=look, groups=groups, page=Page(6.9))
        seen = [words for words, box in sorted(boxes(figure), key=lambda item: -item[1].y1) if len(words) < 6]
        letters = [letter for words in seen for letter in words.split(",") if len(letter) == 1 and letter.islower()]
        assert len(letters) > 1
        assert list(dict.fromkeys(letters)) == sorted(set(letters))


def test_effects_of_one_column_have_as_many_decimals_as_each_other() -> None:
    figure, _ = forest(events(30), fit_effects(events(30), CHOSEN), look=Look(columns=("study", "effect")))
    found = [words for words, _ in boxes(figure) if words.startswith("[") and words.endswith(",")]
    assert len(found) > 30
    assert {len(words.rstrip(",").rpartition(".")[2]) for words in found} == {2}


def test_letters_behind_a_figure_keep_clear_of_the_next_column() -> None:
    sizes = means(3)
    flag = Flag(
        "E203", "assumed", f"{sizes.rows[0].experimental.label}: n = {sizes.rows[0].experimental.n:g} is assumed"
    )
    sizes = replace(sizes, rows=(replace(sizes.rows[0], flags=(flag,)), *sizes.rows[1:]))
    figure, _ = forest(sizes, fit_effects(sizes, CHOSEN), look=Look(columns=("study", "arms")))
    (letter,) = [box for words, box in boxes(figure) if words == "a" and box.y0 > 1]
    beside = [box.x0 for words, box in boxes(figure) if abs(box.y0 - letter.y0) < 0.1 and box.x0 > letter.x0]
    assert min(beside) - letter.x1 > 0.08


def test_the_name_of_a_model_takes_two_lines_at_most_beside_short_names() -> None:
    table = "\n".join(["study,yi,sei", *(f"s{place},{0.1 * place - 0.6},0.05" for place in range(9))])
    sizes = effects_from_table(read_csv("t.csv", table), "RR", outcome="Death")
    chosen = CHOSEN | {"tau2": "REML", "ci": "wald"}
    figure, _ = forest(sizes, fit_effects(sizes, chosen), page=Page(COLUMNS["1"]))
    words = [text for text, _ in boxes(figure)]
    start = next(number for number, text in enumerate(words) if text.startswith("Random"))
    assert " ".join(words[start : start + 2]) == "Random effects (REML)"


def test_columns_of_one_group_are_named_after_what_stands_in_them() -> None:
    for name, heads in (
        ("proportions", {"Proportion [95% CI]", "Group"}),
        ("rates", {"IRR [95% CI]", "Experimental", "Comparator"}),
        ("great", {"Effect [95% CI]"}),
    ):
        sizes = odd()[name]
        figure, _ = forest(sizes, fit_effects(sizes, CHOSEN))
        words = {text for text, _ in boxes(figure)}
        assert heads <= words
        assert ("Experimental" in words) == ("Experimental" in heads)
        assert not any("e+" in text or "e-" in text for text in words)
