"""Texts measured letter by letter are exactly as wide and high as matplotlib sets them."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from mscsec.plots.letters import families
from mscsec.plots.theme import settings
from mscsec.plots.typesetting import HINTING, TRIAL, TRIAL_DPI, Lettering, extent, lettering, quiet_glyphs

RENDERER: Any = cast(Any, FigureCanvasAgg(Figure(figsize=(1, 1), dpi=TRIAL_DPI))).get_renderer()
ASCII = "".join(map(chr, range(32, 127)))
LATIN, GREEK = "".join(filter(str.isalpha, ASCII)) + "éüßøñçÅŁ", "τχΔμΩΑΤΥαβγ"
SIGNS = "".join(letter for letter in ASCII if not letter.isalpha()) + "–—−×·±≥≤²†‡„“”’…€→←µ"
OTHERS = "中文 العربية עברית ก a\u0301 ˥˩ \U0001f600"


def as_set(line: str, weight: str, renderer: Any = RENDERER) -> tuple[float, float]:
    """What matplotlib's own measuring says."""
    font = FontProperties(family=list(families(line)), size=TRIAL, weight=weight)
    with settings(), quiet_glyphs():
        width, height, _ = renderer.get_text_width_height_descent(line, font, False)
    return width, height


@pytest.mark.parametrize("weight", ["normal", "bold"])
@given(
    line=st.one_of(st.text(LATIN + SIGNS, max_size=30), st.text(SIGNS, max_size=9), st.text(GREEK + SIGNS, max_size=30))
)
def test_a_line_is_as_wide_and_high_as_it_is_set(weight: str, line: str) -> None:
    assert lettering(weight).extent(line) == as_set(line, weight)


@pytest.mark.parametrize("weight", ["normal", "bold"])
@pytest.mark.parametrize("line", ["11", "11 days", "11.27", "a 11.27", "T 1", "Τ 1 Α", "Т 1 А"])
def test_figures_stand_closer_beside_letters_than_alone(weight: str, line: str) -> None:
    """The type moves a pair of ones together in a text with letters, and not in a number by itself."""
    assert lettering(weight).extent(line) == as_set(line, weight)


@pytest.mark.parametrize("weight", ["normal", "bold"])
@pytest.mark.parametrize("line", ["AVAST To. Ty", "fi ffl ff", "We, P = 0.04", " a ", "−1.50 [−2.1, 0.3]", "I² 43%"])
def test_pairs_that_the_type_moves_together(weight: str, line: str) -> None:
    assert lettering(weight).extent(line) == as_set(line, weight)


def test_what_is_learned_from_one_text_holds_in_another() -> None:
    fresh = Lettering("normal", TRIAL, TRIAL_DPI)
    for line in ("To", "oAV", "ToAV", "VA"):
        fresh.extent(line)
    assert fresh.extent("ToAVA") == as_set("ToAVA", "normal")
    assert fresh.extent("ToAVA") != fresh.extent("AAToV")


@given(line=st.text(LATIN + GREEK + SIGNS + OTHERS, min_size=1, max_size=12))
def test_letters_of_other_scripts_are_measured_as_they_are_set(line: str) -> None:
    assert extent(line, "normal", lambda: RENDERER) == pytest.approx(as_set(line, "normal"), abs=0)


@pytest.mark.parametrize("line", ["中文", "العربية", "a\u0301", "˥˩", "שלום", "τ² of I²"])
def test_a_text_that_must_be_set_is_not_added_up(line: str) -> None:
    assert lettering("normal").extent(line) is None


def test_lines_stand_below_each_other() -> None:
    one, two = as_set("first", "normal"), as_set("second line", "normal")
    assert extent("first\nsecond line", "normal", lambda: RENDERER) == (max(one[0], two[0]), one[1] + two[1])
    assert extent("", "normal", lambda: RENDERER) == (0, 0)


def test_the_hinting_measured_is_that_of_the_pictures() -> None:
    with settings():
        import matplotlib as mpl

        assert mpl.rcParams["text.hinting"] == HINTING
