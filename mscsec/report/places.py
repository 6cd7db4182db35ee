"""Places in an evidence base as a reader on another machine knows them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence


def from_folder(folder: str) -> Callable[[str], str]:
    """A path in the base as it is from the folder that holds it: the page says nothing of the machine it was made on."""
    given, name = os.path.join(folder, ""), os.path.join(os.path.basename(os.path.abspath(folder)), "")
    return lambda path: name + path.removeprefix(given) if path.startswith(given) else path


def path_words(path: Sequence[str | int]) -> str:
    """A place in a record in words: "arms, control, n"; places in a list count from one."""
    return ", ".join(str(part + 1) if isinstance(part, int) else part.replace("_", " ") for part in path)
