"""The theme: widths, inks that differ in grey and for the colour-blind, files that do not vary and say what they show."""

from __future__ import annotations

import io
import re
import zlib
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib.colors import to_rgb

from mscsec.errors import UsageError
from mscsec.plots.letters import families
from mscsec.plots.theme import PALETTES, Sheet, describe, inline, page_width, picture


@pytest.mark.parametrize(
    ("asked", "inches"),
    [(None, None), ("free", None), ("1", 3.35), ("2", 6.9), ("5.5", 5.5), ("140mm", 140 / 25.4), ("14 cm", 14 / 2.54), ("4in", 4)],
)  # fmt: skip
def test_widths(asked: str | None, inches: float | None) -> None:
    assert page_width(asked) == (None if inches is None else pytest.approx(inches))


@pytest.mark.parametrize("asked", ["3 columns", "", "0", "-2", "1mm", "500", "nan", "inf"])
def test_a_width_that_is_none_is_refused(asked: str) -> None:
    with pytest.raises(UsageError, match="--width"):
        page_width(asked)


def linear(colour: str) -> tuple[float, ...]:
    """sRGB to light, IEC 61966-2-1."""
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))


def lightness(colour: str) -> float:
    """CIE L*, from 0 (black) to 100 (white)."""
    light = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))
    return 116 * light ** (1 / 3) - 16 if light > 0.008856 else 903.3 * light


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_series_are_told_apart_in_grey(palette) -> None:
    assert all(b - a > 9 for a, b in pairwise(map(lightness, palette.series)))


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_lines_are_seen_on_paper(palette) -> None:
    """WCAG 2.2, 1.4.11: 3 to 1 for what carries meaning; of the series the first three, later ones have a marker."""
    for colour in (palette.study, palette.pooled, palette.prediction, palette.accent, *palette.series[:3]):
        light = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))
        assert 1.05 / (light + 0.05) > 3


MACHADO = {  # severity 1, Machado, Oliveira & Fernandes 2009, IEEE TVCG 15:1291-1298
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}


@pytest.mark.parametrize("kind", MACHADO)
def test_series_are_told_apart_by_the_colour_blind(kind: str) -> None:
    seen = [
        [sum(m * c for m, c in zip(line, linear(colour), strict=True)) for line in MACHADO[kind]]
        for colour in PALETTES["colour"].series
    ]
    encoded = [[max(c, 0.0) ** (1 / 2.2) for c in colour] for colour in seen]
    for a, b in combinations(encoded, 2):
        assert sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5 > 0.15


def test_an_svg_says_what_it_shows() -> None:
    sheet = Sheet()
    sheet.size(2, 1)
    sheet.text(0.2, 0.5, "a < b")
    svg = picture(describe(sheet.figure, "Deaths & stay", "Two studies; a < b."), "svg")
    root = ElementTree.fromstring(svg)
    name = "{http://www.w3.org/2000/svg}"
    title, words = root.find(f"{name}title"), root.find(f"{name}desc")
    assert title is not None
    assert words is not None
    assert (title.text, words.text) == ("Deaths & stay", "Two studies; a < b.")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {words.get('id')}"
    assert svg.count(b"<title") == 1


def test_a_pdf_embeds_its_fonts() -> None:
    sheet = Sheet()
    sheet.size(2, 1)
    sheet.text(0.2, 0.5, "words")
    pdf = picture(sheet.figure, "pdf")
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    fonts = re.findall(rb"/Length1 \d+.*?stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    assert len(fonts) == 1
    for stream in fonts:
        tables = set(TTFont(io.BytesIO(zlib.decompress(stream))).reader.keys())
        assert {"glyf", "hmtx", "loca"} <= tables
        assert not {"GPOS", "GSUB"} & tables
    assert isinstance(subset.Options, type)  # as it was before


def test_a_png_has_the_dots_asked_for() -> None:
    sheet = Sheet()
    sheet.size(2, 1)
    found = picture(sheet.figure, "png", dpi=150)
    assert int.from_bytes(found[16:20], "big") == 300
    assert int.from_bytes(found[20:24], "big") == 150


def test_the_type_is_ours_on_every_machine() -> None:
    from matplotlib.font_manager import FontProperties, findfont

    for weight, file in (("normal", "MscsecSans-Regular.ttf"), ("bold", "MscsecSans-Bold.ttf")):
        found = findfont(FontProperties(family=list(families()), weight=weight))
        assert Path(found).name == file


def test_a_picture_too_tall_for_dots_is_refused() -> None:
    sheet = Sheet()
    sheet.size(2, 300)
    with pytest.raises(UsageError, match="svg"):
        picture(sheet.figure, "png", dpi=300)


def test_a_word_too_wide_is_cut_with_a_hyphen() -> None:
    sheet = Sheet()
    for word in (
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk",
        "Hartung-Knapp-Sidik-Jonkman",
        "王小明王小明王小明",
    ):
        for room in (0.3, 0.5, 0.9):
            lines = sheet.wrap(word, room, 8)
            assert all(sheet.extent(line, 8)[0] <= room for line in lines)
            assert len(lines) > 1
            joined = "".join(line.removesuffix("-") for line in lines)
            assert joined.replace("-", "") == word.replace("-", "")
    assert sheet.wrap("Hartung-Knapp", 0.6, 8) == ["Hartung-", "Knapp"]
    assert "-" not in "".join(sheet.wrap("王小明王小明", 0.3, 8))


def test_an_inline_picture_has_no_styles_and_no_names_that_clash() -> None:
    sheet = Sheet()
    sheet.size(2, 1)
    sheet.text(0.2, 0.5, "words")
    sheet.line([0.1, 1], [0.2, 0.2], "#b3202c", 2, linestyle="--")
    found = inline(describe(sheet.figure, "A", "B"))
    root = ElementTree.fromstring(found)
    assert "<style" not in found
    assert not any("style" in element.attrib for element in root.iter())
    assert 'stroke="#b3202c"' in found
    names = [element.get("id") for element in root.iter() if element.get("id")]
    assert all(name.startswith(("title-", "desc-", "MscsecSans", "DejaVu", "p", "m")) for name in names if name)
    uses = [value for element in root.iter() for key, value in element.attrib.items() if key.endswith("href")]
    assert {use.removeprefix("#") for use in uses} <= set(names)
