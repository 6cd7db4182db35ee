"""What is true of every picture: no text overlaps another, none is cut, and none is too small to be printed."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

from mscsec.plots.theme import SMALLEST, settings
from mscsec.plots.typesetting import quiet_glyphs

MARGIN = 0.02  # inches that stay free around a picture
TOUCH = 0.01  # inches by which two boxes of text may run into each other


def boxes(figure: Figure) -> list[tuple[str, Any]]:
    """Every visible text with its box in inches, in the order drawn."""
    canvas: Any = figure.canvas
    with settings(), quiet_glyphs():
        renderer = canvas.get_renderer()
        figure.draw_without_rendering()  # axes place their tick labels while they draw
        found = [
            (text.get_text(), text.get_window_extent(renderer))
            for text in figure.findobj(Text)
            if isinstance(text, Text) and text.get_visible() and text.get_text().strip()
        ]
    return [(words, box.transformed(figure.dpi_scale_trans.inverted())) for words, box in found]


def assert_texts_fit(figure: Figure, least: int = 1) -> None:
    """No text overlaps another, leaves the page or is smaller than journals print; there are `least` texts or more."""
    found = boxes(figure)
    assert len(found) >= least
    assert_inside(figure, found)
    assert_apart(found)
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip():
            assert text.get_fontsize() >= SMALLEST - 1e-9, (text.get_text(), text.get_fontsize())


def assert_inside(figure: Figure, found: list[tuple[str, Any]]) -> None:
    """Each box lies within the page."""
    width, height = figure.get_size_inches()
    for words, box in found:
        assert box.x0 > MARGIN, words
        assert box.y0 > MARGIN, words
        assert box.x1 < width - MARGIN, words
        assert box.y1 < height - MARGIN, words


def assert_apart(found: list[tuple[str, Any]]) -> None:
    """No two boxes overlap."""
    edges = np.array([(box.x0, box.x1, box.y0, box.y1) for _, box in found])
    left, right, bottom, top = edges.T
    across = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    down = np.minimum(top[:, None], top) - np.maximum(bottom[:, None], bottom)
    first, second = np.nonzero(np.triu((across > TOUCH) & (down > TOUCH), k=1))
    assert not first.size, [(found[a][0], found[b][0]) for a, b in zip(first[:5], second[:5], strict=True)]
