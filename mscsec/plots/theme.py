"""What every picture shares: type, inks, marks of judgements, a sheet measured in inches, and files that do not vary.

No window system and no global state: figures are made without pyplot, and the same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any
from xml.sax.saxutils import escape

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform, TransformedPath

from mscsec.appraisal.degree import degree
from mscsec.errors import UsageError
from mscsec.plots.letters import families
from mscsec.plots.pdf import outlines_alone
from mscsec.plots.png import png
from mscsec.plots.typesetting import HINTING, TRIAL, TRIAL_DPI, Letters, extent, quiet_glyphs, types_for
from mscsec.registry import by_key

INK = "#1a1a1a"
QUIET = "#595959"
RULE = "#b3b3b3"
SHADE = "#ececec"
DPI = 300
LARGEST_PIXELS = 2**16  # what the renderer can address on one side
FEWEST_DOTS = 50  # dots per inch below which type of 6 points cannot be read
SMALLEST = 6.0  # points; below that, journals refuse the lettering of a figure

# Widths of a printed page in inches: one column and two, as most journals have them (85 and 175 mm).
COLUMNS = {"1": 3.35, "2": 6.9}
NARROWEST, WIDEST = 2.0, 40.0

_SETTINGS: Any = {
    "svg.hashsalt": "mscsec",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "path.simplify": False,
    "text.usetex": False,
    "axes.unicode_minus": True,
    "text.hinting": HINTING,
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


def mark_of(judgement: str, scale: Sequence[str] = (), palette: Palette | None = None) -> Mark:
    """The mark of a judgement; a word without one gets that of its place on `scale`, which is best first.

    With a palette of greys its fill is as light as the coloured one.
    """
    mark = MARKS[degree(judgement, scale)]
    if palette is None or palette.key != "grey":
        return mark
    light = sum(share * part for share, part in zip((0.299, 0.587, 0.114), to_rgb(mark.fill), strict=True))
    return replace(mark, fill=to_hex((light, light, light)))


@dataclass(frozen=True, slots=True)
class Palette:
    """The inks of a picture. Hue never carries a meaning alone: shape, dash or a symbol stands beside it.

    study : boxes and points of studies. pooled : diamonds and what is pooled. prediction : its bar. accent : a line that
    is pointed out, such as the important difference. series : inks of several lines or groups, told apart in grey by
    their lightness as well. shades : fills of nested regions, outermost first.
    """

    key: str
    study: str
    pooled: str
    prediction: str
    accent: str
    series: tuple[str, ...]
    shades: tuple[str, ...]


# The hues stay apart for protanopia, deuteranopia and tritanopia, the lightness in a grey print (tests/plots/test_theme.py).
PALETTES = by_key(
    Palette(
        "colour", "#2b5c8a", "#12263f", "#8a4b08", "#b3202c",
        ("#16355c", "#b3432b", "#3c8f8a", "#d9962f", "#bcd4ee"), ("#efefef", "#dde6f0", "#bccde2", "#ffffff"),
    ),
    Palette(
        "grey", "#4d4d4d", "#1a1a1a", "#666666", "#1a1a1a",
        ("#1a1a1a", "#555555", "#808080", "#a6a6a6", "#cccccc"), ("#f0f0f0", "#dedede", "#c2c2c2", "#ffffff"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """What a picture is made for: its width in inches (None where it takes what it needs), its inks, and a title of its own.

    base : size of the lettering in points, which a narrow picture may lower to `SMALLEST`.
    """

    width: float | None = None
    palette: Palette = PALETTES["colour"]
    title: str | None = None
    base: float = 8.0


def page_width(asked: str | None) -> float | None:
    """Inches for "1" or "2" columns of a journal, or as written ("5.5", "140mm"); None for None and "free".

    Raises UsageError for anything else, and outside of what can be drawn.
    """
    if asked is None or asked == "free":
        return None
    text, scale = asked.strip().casefold(), 1.0
    for unit, size in (("mm", 25.4), ("cm", 2.54), ("in", 1.0)):
        if text.endswith(unit):
            text, scale = text.removesuffix(unit).strip(), size
            break
    else:
        if text in COLUMNS:
            return COLUMNS[text]
    try:
        width = float(text) / scale
    except ValueError:
        width = float("nan")
    if not NARROWEST <= width <= WIDEST:
        raise UsageError(
            f"--width is {asked}; write 1 (one column, 85 mm), 2 (two columns, 175 mm), free, or a width between {NARROWEST:g} and {WIDEST:g} inches such as 5.5 or 140mm"
        )
    return width


_ALL = TransformedPath(Path.unit_rectangle(), IdentityTransform())


class Sheet:
    """A page measured in inches from its upper left corner, on which text can be measured before it is placed."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(1, 1), dpi=TRIAL_DPI)
        self._extents: dict[tuple[str, str], tuple[float, float]] = {}
        self._canvas: Any = FigureCanvasAgg(self.figure)
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()

    def size(self, width: float, height: float) -> None:
        """Sets the page; call it before anything is drawn."""
        self.figure.set_size_inches(width, height)
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(height, 0)

    def text(self, x: float, y: float, words: str, size: float = 9, **style: Any) -> Text:
        """Text at a place; `ha`, `va`, `weight`, `color` as matplotlib has them."""
        options: dict[str, Any] = {
            "ha": "left",
            "va": "center",
            "color": INK,
            "family": types_for(words, style.get("weight", "normal")),
            "parse_math": False,
        }
        text = Letters(x, y, words, fontsize=size, **(options | style))
        self.add(text)
        return text

    def add(self, mark: Artist) -> None:
        """A mark drawn in inches; nothing is cut at the edges of the page, and no limits are worked out from it."""
        mark.set_clip_on(False)
        mark.set_clip_path(_ALL)  # without effect; matplotlib would work out the edges of the page for each mark
        self.axes.add_artist(mark)

    def line(
        self, xs: Sequence[float], ys: Sequence[float], colour: str = INK, width: float = 0.8, **style: Any
    ) -> None:
        """A line through points."""
        self.add(Line2D(xs, ys, color=colour, linewidth=width, **style))

    def extent(self, words: str, size: float = 9, weight: str = "normal") -> tuple[float, float]:
        """Width and height of a text in inches."""
        known = self._extents.get((words, weight))
        if known is None:
            known = extent(words, weight, self._canvas.get_renderer)
            self._extents[words, weight] = known
        scale = size / TRIAL / TRIAL_DPI  # without hints a text is as much wider as its letters are larger
        return float(known[0] * scale), float(known[1] * scale)

    def wrap(self, words: str, room: float, size: float = 9, weight: str = "normal") -> list[str]:
        """`words` in lines that are at most `room` inches wide, broken at spaces; a single word that is wider is cut."""
        lines: list[str] = []
        for word in re.split(r"[ \t\n]+", words.strip()):
            joined = f"{lines[-1]} {word}" if lines else word
            if lines and self.extent(joined, size, weight)[0] <= room:
                lines[-1] = joined
                continue
            while len(word) > 1 and self.extent(word, size, weight)[0] > room:
                head, word = self._cut(word, room, size, weight)
                lines.append(head)
            lines.append(word)
        return lines

    def _cut(self, word: str, room: float, size: float, weight: str) -> tuple[str, str]:
        """A word too wide for a line in two: behind a hyphen or slash of its own, else with a hyphen between letters."""
        kept = max(1, int(len(word) * room / self.extent(word, size, weight)[0]))
        while kept > 1 and self.extent(f"{word[:kept]}-", size, weight)[0] > room:
            kept -= 1
        own = max(word.rfind("-", 0, kept), word.rfind("/", 0, kept)) + 1
        if own > 1:
            return word[:own], word[own:]
        joined = word[kept - 1].isalpha() and word[kept].isalpha() and word[kept] < "\u2e80"  # not in CJK
        return word[:kept] + ("-" if joined else ""), word[kept:]

    def balanced(self, words: str, room: float, size: float = 9, weight: str = "normal") -> list[str]:
        """`words` in as few lines as `wrap` needs, of about the same length."""
        lines = self.wrap(words, room, size, weight)
        longest = max(self.extent(word, size, weight)[0] for word in re.split(r"[ \t\n]+", words.strip()))
        for share in (0.5, 0.6, 0.7, 0.8, 0.9) if len(lines) > 1 else ():
            if share * room >= longest and len(found := self.wrap(words, share * room, size, weight)) == len(lines):
                return found
        return lines


def disc(sheet: Sheet, x: float, y: float, radius: float, mark: Mark, size: float) -> None:
    """A judgement as a disc with its symbol."""
    dashed = mark.key == "absent"
    width = 0.8 if radius > 0.09 else 0.5
    sheet.add(
        Circle((x, y), radius, facecolor=mark.fill, edgecolor=INK, linewidth=width, linestyle="--" if dashed else "-")
    )
    symbol(sheet, x, y, radius, mark, size)


def symbol(sheet: Sheet, x: float, y: float, radius: float, mark: Mark, size: float) -> None:
    """The symbol of a judgement as it stands on a disc of this radius; `size` is for those that are letters."""
    arm = 0.5 * radius
    strokes = {
        "+": (((-arm, 0), (arm, 0)), ((0, -arm), (0, arm))),
        "–": (((-arm, 0), (arm, 0)),),
        "×": (((-0.8 * arm, -0.8 * arm), (0.8 * arm, 0.8 * arm)), ((-0.8 * arm, 0.8 * arm), (0.8 * arm, -0.8 * arm))),
    }
    for (x_0, y_0), (x_1, y_1) in strokes.get(mark.symbol, ()):
        sheet.line([x + x_0, x + x_1], [y + y_0, y + y_1], mark.ink, 14 * radius, solid_capstyle="butt")
    if mark.symbol and mark.symbol not in strokes:
        sheet.text(
            x, y + 0.36 * size / 72, mark.symbol, size, ha="center", va="baseline", color=mark.ink, weight="bold"
        )


@contextmanager
def settings() -> Iterator[None]:
    """matplotlib's settings for a picture: our type, and files that do not vary. For axes made by matplotlib itself."""
    with mpl.rc_context(_SETTINGS | {"font.family": list(families())}):
        yield


def describe(figure: Figure, title: str, description: str) -> Figure:
    """The figure with its name and what it shows in words, which `picture` writes into the file for screen readers."""
    figure.set_label(f"{title}\n{description}")
    return figure


def words_of(figure: Figure) -> tuple[str, ...]:
    """Every text of a figure."""
    found = (text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_visible())
    return tuple(words for words in found if words)


def described(figure: Figure) -> tuple[str, str]:
    """Title and description of a figure; empty where it has none."""
    title, _, description = str(figure.get_label()).partition("\n")
    return title, description


def picture(figure: Figure, kind: str, dpi: int = DPI) -> bytes:
    """The figure as a file of `kind` (svg, png, pdf), the same bytes each time; `dpi` is for png."""
    buffer = io.BytesIO()
    if kind == "png" and max(figure.get_size_inches()) * dpi >= LARGEST_PIXELS:
        tall = max(figure.get_size_inches())
        fitting = int(LARGEST_PIXELS / tall)
        lower = f", or lower the dots to {fitting}" if fitting >= FEWEST_DOTS else ""
        raise UsageError(
            f"the picture is {tall:.0f} inches long, which at {dpi} dots per inch is more than a png can hold here; write svg or pdf{lower}"
        )
    title, description = described(figure)
    metadata = _METADATA[kind] | ({"Title": title} if title else {})
    with settings(), quiet_glyphs():
        if kind == "png":
            return png(_dots(figure, dpi), dpi, metadata)
        with outlines_alone() if kind == "pdf" else nullcontext():
            figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata, facecolor="white")
    return _accessible(buffer.getvalue(), title, description) if kind == "svg" and title else buffer.getvalue()


def _dots(figure: Figure, dpi: float) -> Any:
    """The figure in dots, on white."""
    canvas: Any = FigureCanvasAgg(figure)
    before = figure.dpi
    figure.set_dpi(dpi)
    figure.set_facecolor("white")
    try:
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())
    finally:
        figure.set_dpi(before)


def _accessible(svg: bytes, title: str, description: str) -> bytes:
    """The SVG as one image with a name and a description (SVG 2, 5.8; WAI-ARIA graphics)."""
    head, _, rest = svg.decode().partition("<svg ")
    opening, _, body = rest.partition(">")
    _, found, after = body.partition("</title>")  # matplotlib's own, which has no id
    body = after if found else body
    mark = hashlib.sha256(f"{title}\n{description}".encode()).hexdigest()[:8]  # several pictures can stand on one page
    words = f'\n <title id="title-{mark}">{escape(title)}</title>\n <desc id="desc-{mark}">{escape(description)}</desc>'
    return f'{head}<svg role="img" aria-labelledby="title-{mark} desc-{mark}" {opening}>{words}{body}'.encode()


def inline(figure: Figure) -> str:
    """The figure as an `<svg>` element for the body of a page: no prolog, no styles that a strict policy would refuse.

    Properties stand as attributes, and names of parts are left out, so that several pictures share one page.
    """
    _, _, body = picture(figure, "svg").decode().partition("<svg ")
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r' id="[a-z0-9.]+_\d+"', "", body)
    body = re.sub(r' style="([^"]*)"', _attributes, body)
    return f'<svg stroke-linejoin="round" stroke-linecap="butt" {body}'


def _attributes(style: re.Match[str]) -> str:
    """CSS declarations as presentation attributes (SVG 2, 6.6)."""
    pairs = [part.partition(":") for part in style[1].split(";") if part.strip()]
    return "".join(f' {name.strip()}="{value.strip()}"' for name, _, value in pairs)
