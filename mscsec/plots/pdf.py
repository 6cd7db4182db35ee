"""What a PDF holds of our type: the letters used, without the rules of where letters go, which the place of each makes useless."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

UNUSED = ("GDEF", "GPOS", "GSUB")  # a PDF reader asks a font for outlines and widths alone (ISO 32000-1, 9.9)


@contextmanager
def outlines_alone() -> Iterator[None]:
    """While it lasts, matplotlib's fonts for a PDF are cut down to that; else their rules are cut letter by letter, which takes
    most of the time of the file."""
    from fontTools import subset

    module: Any = subset
    whole = module.Options

    def fewer(**chosen: Any) -> Any:
        """fontTools' choices, with more tables left out."""
        options = whole(**chosen)
        options.drop_tables = [*options.drop_tables, *UNUSED]
        return options

    module.Options = fewer
    try:
        yield
    finally:
        module.Options = whole
