"""docs/plots.md shows every picture that docs/pictures.py draws, and no other."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"


def test_the_page_shows_what_is_drawn() -> None:
    spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    pictures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pictures)
    shown = set(re.findall(r"\]\(pictures/([^)]+)\.png\)", (DOCS / "plots.md").read_text(encoding="utf-8")))
    assert shown == set(pictures.PICTURES)
    assert shown <= {file.stem for file in (DOCS / "pictures").glob("*.png")}
