"""Which typefaces draw which letters: ours, then one of this machine that has what ours lacks, and what none has."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager, get_font

FONT = "Mscsec Sans"  # in fonts/: as wide as Arial and Helvetica, and the same on every machine
OURS = (FONT, "DejaVu Sans")  # the second comes with matplotlib
# Asked first for letters that ours lack; after them every other typeface of the machine, by name.
PREFERRED = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC", "WenQuanYi Micro Hei", "PingFang SC",
    "Microsoft YaHei", "Noto Sans Arabic", "Noto Sans Devanagari", "Noto Sans Thai", "Noto Emoji", "Symbola",
    "Arial Unicode MS",
)  # fmt: skip
# Ends of ranges of code points, with the typeface that has their letters and its package in Debian.
SCRIPTS = (
    (0x2E80, "Noto Sans (Debian: fonts-noto-core)"),
    (0x1F000, "Noto Sans CJK (Debian: fonts-noto-cjk)"),
    (0x20000, "Noto Emoji or Symbola (Debian: fonts-symbola)"),
    (0x40000, "Noto Sans CJK (Debian: fonts-noto-cjk)"),
)
PICTOGRAPHS = range(0x2600, 0x27C0)  # symbols below the letters of East Asia
NO_LETTERS = ("Color Emoji", "Last Resort")  # bitmaps; frames with the number of a letter
INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufe0e\ufe0f\u00ad\ufeff")


@cache
def _add_ours() -> None:
    """Makes the typeface that is shipped known to matplotlib."""
    for file in sorted((Path(__file__).parent / "fonts").glob("*.ttf")):
        fontManager.addfont(file)


@cache
def _ours() -> frozenset[int]:
    _add_ours()
    found = [get_font(findfont(FontProperties(family=[name]))).get_charmap() for name in OURS]
    return frozenset(code for letters in found for code in letters)


@cache
def _add_installed() -> None:
    """Makes typefaces known that were installed after matplotlib wrote its list of them."""
    known = {entry.fname for entry in fontManager.ttflist}
    for file in sorted(set(findSystemFonts()) - known):
        with suppress(OSError, RuntimeError):
            fontManager.addfont(file)


@cache
def _elsewhere(code: int) -> str | None:
    """The typeface of this machine that has a letter; None where there is none."""
    _add_installed()
    by_name: dict[str, str] = {}
    for entry in fontManager.ttflist:
        if entry.name not in OURS and not any(part in entry.name for part in NO_LETTERS):
            by_name.setdefault(entry.name, entry.fname)
    order = [name for name in PREFERRED if name in by_name] + sorted(set(by_name) - set(PREFERRED))
    for name in order:
        try:
            if code in get_font(by_name[name]).get_charmap():
                return name
        except (OSError, RuntimeError):  # a file that is gone, or no outlines
            continue
    return None


def _foreign(words: str) -> list[str]:
    """The letters that ours lack, each once, in order."""
    if words.isascii():
        return []
    return [
        one for one in dict.fromkeys(words) if ord(one) not in _ours() and not one.isspace() and one not in INVISIBLE
    ]


def families(words: str = "") -> tuple[str, ...]:
    """Typefaces for `family=` of a text, in the order in which a letter is looked for: ours first."""
    _add_ours()
    return (*OURS, *dict.fromkeys(name for one in _foreign(words) if (name := _elsewhere(ord(one)))))


def boxed(texts: Iterable[str]) -> tuple[str, ...]:
    """The letters of `texts` that no typeface of this machine has, so that boxes are drawn; each once."""
    return tuple(one for one in _foreign("".join(texts)) if _elsewhere(ord(one)) is None)


def unprinted(texts: Iterable[str]) -> str:
    """What of `texts` is drawn as boxes on this machine, and what to install; empty where nothing is."""
    return boxed_words(boxed(texts))


def boxed_words(letters: Iterable[str]) -> str:
    """What is drawn as boxes and what to install; empty where nothing is."""
    shown = list(letters)
    if not shown:
        return ""
    needed = dict.fromkeys(
        SCRIPTS[2][1]
        if ord(one) in PICTOGRAPHS
        else next((name for end, name in SCRIPTS if ord(one) < end), SCRIPTS[0][1])
        for one in shown
    )
    some = f"{' '.join(shown[:12])}{' and others' if len(shown) > 12 else ''}"
    return f"No typeface of this machine has {some}: boxes are drawn instead. Install {' and '.join(needed)}"
