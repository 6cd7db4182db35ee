"""Our type, and how wide and high its texts are: added up letter by letter, which is a hundred times faster than setting each text."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.colors import to_rgba
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.text import Text

from mscsec.plots.letters import families

TRIAL, TRIAL_DPI = 24.0, 300  # points and dots per inch at which texts are measured
ALIGNED = {"left": 0.0, "center": 0.5, "right": 1.0}
HINTING = "no_hinting"  # letters keep their widths at every size and number of dots
_FONTS = Path(__file__).parent / "fonts"
_FILES = {"normal": "MscsecSans-Regular.ttf", "bold": "MscsecSans-Bold.ttf"}
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC")
_TONES = "˥˦˧˨˩"  # several of them are one sign
_STAYS = ("L", "EN", "ES", "ET", "CS", "WS", "ON")  # classes of direction that leave a text in its order


class Lettering:
    """One weight of our type at one size and number of dots, whose letters and pairs of letters are measured once.

    A text is as wide as its letters are, each with the distance (kerning) that its pair has in its script, and as high as from
    its lowest to its highest ink. That is exact where every letter is one sign of the font and of one script, and stands in the
    order in which it is written.
    """

    def __init__(self, weight: str, size: float, dpi: float) -> None:
        self._font = FT2Font(str(_FONTS / _FILES[weight]))
        self._font.set_size(size, dpi)
        self._known = frozenset(self._font.get_charmap())
        self._scripts: dict[str, str | None] = {}
        self._ink: dict[str, tuple[int, int]] = {}
        self._steps: dict[tuple[str, str, str], float] = {}
        self._ends: dict[str, float] = {}

    def extent(self, line: str) -> tuple[float, float] | None:
        """Width and height in dots; None for a text that has to be set to be measured."""
        if not line:
            return 0.0, 0.0
        script = self._script(line)
        if script is None:
            return None
        pairs = [(script, *pair) for pair in pairwise(line)]
        if line[-1] not in self._ends or any(pair not in self._steps for pair in pairs):
            self._learn(line, pairs)
        ink = [self._ink[letter] for letter in set(line)]
        width = sum([self._steps[pair] for pair in pairs], self._ends[line[-1]])
        return width / 64, (max(high for _, high in ink) - min(low for low, _ in ink)) / 64

    def _learn(self, line: str, pairs: Sequence[tuple[str, str, str]]) -> None:
        """Measures the letters and the pairs of a text."""
        self._font.clear()
        at = [float(x) for x, _ in self._font.set_text(line, 0.0, flags=LoadFlags.NO_HINTING)]
        self._steps |= {pair: there - here for pair, (here, there) in zip(pairs, pairwise(at), strict=True)}
        self._ends[line[-1]] = self._font.get_width_height()[0] - at[-1]
        for letter in line:
            if letter not in self._ink:
                _, low, _, high = self._font.load_char(ord(letter), flags=LoadFlags.NO_HINTING).bbox
                self._ink[letter] = low, high

    def _script(self, line: str) -> str | None:
        """The script of a text, "" for one of figures and signs alone; None for one that cannot be added up."""
        for letter in line:
            if letter not in self._scripts:
                self._scripts[letter] = _script_of(letter) if ord(letter) in self._known else None
        scripts = {self._scripts[letter] for letter in line} - {""}
        return scripts.pop() if len(scripts) == 1 else None if scripts else ""


def _script_of(letter: str) -> str | None:
    """The script of a letter, "" for one that stands in any; None where it can change its place or the letters around it."""
    kind = unicodedata.category(letter)
    if kind in ("Lu", "Ll") and letter != "µ":  # the micro sign stands in any script
        script = unicodedata.name(letter, "").partition(" ")[0]
        return script if script in _SCRIPTS else None
    apart = kind[0] in "NPSZ" and unicodedata.bidirectional(letter) in _STAYS and letter not in _TONES
    return "" if apart or letter == "µ" else None


@cache
def lettering(weight: str) -> Lettering:
    """The letters of a weight ("normal", "bold") at `TRIAL` points and `TRIAL_DPI` dots per inch."""
    return Lettering(weight, TRIAL, TRIAL_DPI)


def types_for(words: str, weight: str) -> tuple[str, ...]:
    """Families for a text: ours alone where it has every letter, which spares a search through the others."""
    return families()[:1] if lettering(weight).extent(words) is not None else families(words)


class Letters(Text):
    """A text that is set without being measured again where it is one line of our letters; any other as matplotlib sets it."""

    def draw(self, renderer: Any) -> None:
        """Draws it, from the place on its base line that its alignment names."""
        words = self.get_text()
        ems = self._ems(words)
        if ems is None or not words or not self.get_visible():
            super().draw(renderer)
            return
        x, y = self.get_transform().transform(self.get_unitless_position())
        x -= ALIGNED[self.get_horizontalalignment()] * ems * renderer.points_to_pixels(self.get_fontsize())
        if renderer.flipy():
            y = renderer.get_canvas_width_height()[1] - y
        renderer.open_group("text", self.get_gid())
        context = renderer.new_gc()
        context.set_foreground(to_rgba(self.get_color()), isRGBA=True)
        context.set_alpha(self.get_alpha())
        renderer.draw_text(context, x, y, words, self.get_fontproperties(), 0.0, ismath=False, mtext=self)
        context.restore()
        renderer.close_group("text")
        self.stale = False

    def _ems(self, words: str) -> float | None:
        """Its width in sizes of its letters; None where it has to be measured by who sets it."""
        plain = self.get_verticalalignment() == "baseline" and not self.get_rotation() and self.get_bbox_patch() is None
        found = lettering(str(self.get_fontweight())).extent(words) if plain else None
        return None if found is None else found[0] / TRIAL / TRIAL_DPI * 72


def extent(words: str, weight: str, renderer: Callable[[], Any]) -> tuple[float, float]:
    """Width and height in dots of a text of `TRIAL` points, in as many lines as it has.

    renderer : makes matplotlib's, of `TRIAL_DPI` dots per inch, which measures what must be set.
    """
    parts = [lettering(weight).extent(line) or _set(line, weight, renderer()) for line in words.split("\n")]
    return max(part[0] for part in parts), sum(part[1] for part in parts)


def _set(line: str, weight: str, renderer: Any) -> tuple[float, float]:
    """Width and height of a line as the renderer sets it, with the types that have the letters ours does not."""
    font = FontProperties(family=list(families(line)), size=TRIAL, weight=weight)
    with _unhinted(), quiet_glyphs():
        width, height, _ = renderer.get_text_width_height_descent(line, font, False)
    return float(width), float(height)


@contextmanager
def _unhinted() -> Iterator[None]:
    before = mpl.rcParams["text.hinting"]
    mpl.rcParams["text.hinting"] = HINTING
    try:
        yield
    finally:
        mpl.rcParams["text.hinting"] = before


@contextmanager
def quiet_glyphs() -> Iterator[None]:
    """A name in letters that no typeface has is drawn with boxes; who draws says so once (`letters.boxed_words`)."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from", category=UserWarning)
        yield
