"""PNG files hold every dot as it was drawn, and open in what reads PNG."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from mscsec.plots.png import png


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (40, 25)])
def test_every_dot_is_kept(shape: tuple[int, int]) -> None:
    dots = np.random.default_rng(1).integers(0, 256, (*shape, 4), dtype=np.uint8)
    dots[..., 3] = 255
    with Image.open(io.BytesIO(png(dots, 300, {}))) as opened:
        opened.verify()
    with Image.open(io.BytesIO(png(dots, 300, {}))) as opened:
        assert opened.mode == "RGB"
        assert np.array_equal(np.asarray(opened), dots[..., :3])


def test_it_says_how_large_it_is_and_what_it_shows() -> None:
    words = {"Software": "mscsec", "Title": "Größe", "Comment": "τ² of 中文"}
    with Image.open(io.BytesIO(png(np.full((2, 2, 4), 255, dtype=np.uint8), 600, words))) as opened:
        opened.load()
        assert opened.info["dpi"] == pytest.approx((600, 600), abs=0.01)
        assert {key: opened.info[key] for key in words} == words
