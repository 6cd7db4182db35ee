"""A tall picture in parts that fit a page, cut where there is next to nothing on it."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np

LEAST = 0.7  # of the height of a page, that a part has at the least: how far up a good place to cut is looked for


def slices(png: bytes, height: int) -> list[bytes]:
    """The picture in parts of at most `height` pixels, cut along the emptiest lines; itself where it is not taller.

    The emptiest line is the one with the fewest dark pixels: a rule down the whole picture (no effect) is on all of them.
    """
    from PIL import Image

    with Image.open(io.BytesIO(png)) as opened:
        whole = opened.convert("RGB")
        dpi = opened.info.get("dpi", (300, 300))
    if whole.height <= height:
        return [png]
    ink = (np.asarray(whole.convert("L")) < 250).sum(axis=1)
    cuts = [0]
    while whole.height - cuts[-1] > height:
        start = cuts[-1] + int(LEAST * height)
        window = ink[start : cuts[-1] + height]
        quiet = np.flatnonzero(window == window.min())
        last = np.split(quiet, np.flatnonzero(np.diff(quiet) > 1) + 1)[-1]  # the lowest gap, in its middle
        cuts.append(start + int(last[len(last) // 2]))
    cuts.append(whole.height)
    parts = []
    for top, bottom in pairwise(cuts):
        buffer = io.BytesIO()
        whole.crop((0, top, whole.width, bottom)).save(
            buffer, "png", dpi=dpi, compress_level=1
        )  # line drawings are no smaller at higher ones
        parts.append(buffer.getvalue())
    return parts
