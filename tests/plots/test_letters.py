"""Letters that our typeface lacks are drawn with one that is installed, and where there is none the reader is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from mscsec.plots import letters
from mscsec.plots.letters import OURS, boxed, boxed_words, families
from mscsec.plots.theme import Sheet, words_of

RARE = "\U00012000"  # a cuneiform sign, which hardly a machine can draw


def a_typeface(folder: Path, letter: str) -> Path:
    """A file with the outline of one letter."""
    pen = TTGlyphPen(None)
    for x, y in ((0, 0), (0, 500), (500, 500), (500, 0)):
        (pen.lineTo if (x, y) != (0, 0) else pen.moveTo)((x, y))
    pen.closePath()
    glyph = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "sign"])
    builder.setupCharacterMap({ord(letter): "sign"})
    builder.setupGlyf({".notdef": glyph, "sign": glyph})
    builder.setupHorizontalMetrics({".notdef": (600, 0), "sign": (600, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "One Sign", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(folder / "one-sign.ttf")
    return folder / "one-sign.ttf"


def test_letters_of_our_own_typeface_need_no_other() -> None:
    assert families("Ødegård-Þórðarson, Иванова, Ελένη, τ² ≤ 10⁻⁴") == OURS
    assert boxed(["Ødegård", "τ²", "a\nb\u00a0c"]) == ()
    assert boxed_words(()) == ""


def test_a_typeface_that_has_the_letter_is_taken_and_without_one_the_reader_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fontManager, "ttflist", list(fontManager.ttflist))
    letters._elsewhere.cache_clear()
    assert boxed([f"Smith {RARE}{RARE} 2020"]) == (RARE,)
    fontManager.addfont(a_typeface(tmp_path, RARE))
    letters._elsewhere.cache_clear()
    assert boxed([f"Smith {RARE} 2020"]) == ()
    assert families(f"Smith {RARE} 2020") == (*OURS, "One Sign")
    assert families("Smith 2020") == OURS
    sheet = Sheet()
    sheet.size(2, 1)
    text = sheet.text(0.2, 0.2, RARE)
    assert "One Sign" in text.get_fontfamily()
    assert words_of(sheet.figure) == (RARE,)
    assert ord(RARE) in get_font(findfont(FontProperties(family=["One Sign"]))).get_charmap()
    letters._elsewhere.cache_clear()


@pytest.mark.parametrize(
    ("letter", "package"),
    [("王", "fonts-noto-cjk"), ("한", "fonts-noto-cjk"), ("𠀋", "fonts-noto-cjk"), ("💊", "fonts-symbola"), ("☃", "fonts-symbola"), ("ក", "fonts-noto-core"), ("ع", "fonts-noto-core")],
)  # fmt: skip
def test_what_to_install_is_named(letter: str, package: str) -> None:
    words = boxed_words([letter])
    assert letter in words
    assert package in words
    assert words.count("Debian") == 1
