"""The commented skeletons that `init` and `add-study --template` hand out."""

from __future__ import annotations

from importlib import resources


def template(name: str) -> str:
    """The skeleton called "study" or "review", as text."""
    return resources.files("mscsec.records").joinpath("templates", f"{name}.yaml").read_text(encoding="utf-8")
