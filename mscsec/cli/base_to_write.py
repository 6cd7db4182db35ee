"""The evidence base that a command adds to, which is one of the user's own."""

from __future__ import annotations

from pathlib import Path

from mscsec.errors import UsageError
from mscsec.problems import RecordError
from mscsec.records.reader import EvidenceBase, find_folder, inspect


def base_to_write(studies: Path | None) -> EvidenceBase:
    """The base in `studies`, or the nearest; its protocol must be readable, problems in other records do not stand in the way.

    Raises UsageError where it would be the one inside the package, RecordError for the protocol.
    """
    folder, shipped = find_folder(studies)
    if shipped:
        raise UsageError(
            "there is no studies/ folder here or above, and the evidence base inside the package is not written to. Make one: mscsec init"
        )
    base, problems = inspect(folder)
    if base is None:
        raise RecordError(problems)
    return base
