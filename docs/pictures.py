"""Draws the pictures of docs/plots.md from the shipped evidence base, each by one command line.

python docs/pictures.py             # draws them all
python docs/pictures.py forest-by   # draws those whose name starts so
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from mscsec.cli.app import run

FOLDER = Path(__file__).resolve().parent / "pictures"
STUDIES = FOLDER.parent.parent / "studies"
DPI = 120

BCG = ("--table", str(FOLDER / "bcg.csv"), "--measure", "RR", "--title", "Tuberculosis after BCG vaccination")

# By name of the file: what stands behind `mscsec plot`. Further kinds of picture add their rows.
PICTURES = {
    "forest": ("forest", "--outcome", "mortality_28d"),
    "forest-one-column": ("forest", "--outcome", "mortality_28d", "--width", "1"),
    "forest-subgroups": ("forest", *BCG, "--by", "allocation", "--names", "Vaccinated,Not vaccinated", "--favours", "Favours vaccination,Favours no vaccination"),
    "forest-models": ("forest", *BCG, "--and", "common", "--and", "MH", "--sort", "weight", "--columns", "study,latitude,effect,weight", "--lines", "pooled", "--palette", "grey", "--width", "2"),
    "funnel-contours": ("funnel", *BCG, "--contours"),
    "funnel-trim-fill": ("funnel", *BCG, "--trim-fill", "L0"),
    "leave-one-out": ("leave-one-out", *BCG),
    "cumulative": ("cumulative", *BCG),
    "radial": ("radial", *BCG),
    "labbe": ("labbe", *BCG, "--measure", "OR"),
    "baujat": ("baujat", *BCG),
    "drapery": ("drapery", *BCG),
    "bubble": ("bubble", *BCG, "--moderator", "latitude"),
    "gosh": ("gosh", *BCG, "--study", "TPT Madras 1980"),
    "profile": ("profile", *BCG),
    "normal-qq": ("normal-qq", *BCG),
    "traffic-light": ("traffic-light", "--outcome", "mortality_28d"),
    "summary": ("summary", "--outcome", "mortality_28d"),
    "prisma": ("prisma", "--studies", str(FOLDER / "flow")),
}  # fmt: skip


def main(start: str = "") -> int:
    """Draws the pictures whose names start with `start`; 1 where one fails."""
    FOLDER.mkdir(exist_ok=True)
    wrong = 0
    for name, arguments in PICTURES.items():
        if name.startswith(start):
            file = FOLDER / f"{name}.png"
            base = [] if {"--table", "--studies"} & set(arguments) else ["--studies", str(STUDIES)]
            call = ["plot", *arguments, *base, "-o", str(file), "--dpi", str(DPI), "--force"]
            wrong += bool(run(call))
            fewer_colours(file)
    return int(wrong > 0)


def fewer_colours(file: Path) -> None:
    """A picture of few inks needs few colours: a quarter of the bytes, and the same to the eye."""
    with Image.open(file) as picture:
        found = picture.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    found.save(file, optimize=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
