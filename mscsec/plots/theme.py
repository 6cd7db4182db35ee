"""What every picture shares: type, inks, marks of judgements, a sheet measured in inches, and files that do not vary.

No window system and no global state: figures are made without pyplot, and the same input gives the same bytes.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from mscsec.appraisal.degree import degree
from mscsec.registry import by_key

INK = "#1a1a1a"
QUIET = "#595959"
RULE = "#b3b3b3"
SHADE = "#ececec"
FONT = "DejaVu Sans"  # comes with matplotlib, so that a picture does not hang on the fonts of a machine
DPI = 200

_SETTINGS: Any = {
    "font.family": FONT,
    "svg.hashsalt": "mscsec",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "path.simplify": False,
    "text.usetex": False,
    "axes.unicode_minus": True,
}
# By kind of file; no time of making and no version of a library, so that the bytes do not vary.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "mscsec"},
    "pdf": {"CreationDate": None, "Creator": "mscsec", "Producer": None},
    "png": {"Software": "mscsec"},
}
KINDS = tuple(_METADATA)


@dataclass(frozen=True, slots=True)
class Mark:
    """How one degree of concern is drawn: it is told by its symbol, by its lightness and by its hatch, not by hue alone.

    ink : of the symbol. hatch : of a bar's segment, for prints without grey.
    """

    key: str
    fill: str
    symbol: str
    ink: str
    hatch: str


# From light to dark as the concern grows, so that a grey print keeps the order; the hues differ for every common form
# of colour blindness (a pale green, an orange and a dark red are apart in lightness first).
MARKS = by_key(
    Mark("low", "#c5e8cd", "+", INK, ""),
    Mark("some", "#f2a541", "–", INK, "//"),
    Mark("high", "#b3202c", "×", "#ffffff", "xx"),
    Mark("critical", "#4d0010", "!", "#ffffff", "**"),
    Mark("none", "#ffffff", "?", INK, ".."),
    Mark("absent", "#ffffff", "", INK, "oo"),
)


def mark_of(judgement: str, scale: Sequence[str] = ()) -> Mark:
    """The mark of a judgement; a word without one gets that of its place on `scale`, which is best first."""
    return MARKS[degree(judgement, scale)]


class Sheet:
    """A page measured in inches from its upper left corner, on which text can be measured before it is placed."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(1, 1), dpi=DPI)
        self._renderer: Any = cast(Any, FigureCanvasAgg(self.figure)).get_renderer()
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()

    def size(self, width: float, height: float) -> None:
        """Sets the page; call it before anything is drawn."""
        self.figure.set_size_inches(width, height)
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(height, 0)

    def text(self, x: float, y: float, words: str, size: float = 9, **style: Any) -> Text:
        """Text at a place; `ha`, `va`, `weight`, `color` as matplotlib has them."""
        options: dict[str, Any] = {"ha": "left", "va": "center", "color": INK, "family": FONT, "parse_math": False}
        return self.axes.text(x, y, words, fontsize=size, **(options | style))

    def extent(self, words: str, size: float = 9, weight: str = "normal") -> tuple[float, float]:
        """Width and height of a text in inches."""
        with quiet_glyphs():
            trial = self.figure.text(0, 0, words, fontsize=size, weight=weight, family=FONT, parse_math=False)
            box = trial.get_window_extent(self._renderer)
            trial.remove()
        return float(box.width / DPI), float(box.height / DPI)

    def wrap(self, words: str, room: float, size: float = 9, weight: str = "normal") -> list[str]:
        """`words` in lines that are at most `room` inches wide; a single word that is wider is cut."""
        lines: list[str] = []
        for word in words.split() or [""]:
            joined = f"{lines[-1]} {word}" if lines else word
            if lines and self.extent(joined, size, weight)[0] <= room:
                lines[-1] = joined
                continue
            while len(word) > 1 and self.extent(word, size, weight)[0] > room:
                kept = max(1, int(len(word) * room / self.extent(word, size, weight)[0]) - 1)
                lines.append(word[:kept])
                word = word[kept:]
            lines.append(word)
        return lines


@contextmanager
def quiet_glyphs() -> Iterator[None]:
    """A name in letters that the font does not have is drawn with boxes; that is no reason to write to stderr."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from", category=UserWarning)
        yield


def picture(figure: Figure, kind: str) -> bytes:
    """The figure as a file of `kind` (svg, png, pdf), the same bytes each time."""
    buffer = io.BytesIO()
    with mpl.rc_context(_SETTINGS), quiet_glyphs():
        figure.savefig(buffer, format=kind, dpi=DPI, metadata=_METADATA[kind], facecolor="white")
    return buffer.getvalue()
