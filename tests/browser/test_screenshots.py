"""The pictures of the page in the docs can be drawn again by the command that the docs name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_pictures_of_the_docs_can_be_drawn_again(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "docs" / "screenshots.py"), "/usr/bin/chromium", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    drawn = {path.name: path.read_bytes() for path in tmp_path.glob("*.png")}
    assert set(drawn) == {"report.png", "report-trail.png"}
    assert all(picture.startswith(b"\x89PNG") and len(picture) > 20_000 for picture in drawn.values())
    page = (ROOT / "docs" / "report.md").read_text(encoding="utf-8") + (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"pictures/{name}" in page for name in drawn)
