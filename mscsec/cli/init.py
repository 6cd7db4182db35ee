"""`mscsec init`: a folder with a protocol and one example record, ready to be edited."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mscsec.cli import options as opt
from mscsec.cli.output import say, write_whole
from mscsec.errors import UsageError
from mscsec.records.reader import REVIEW_FILE
from mscsec.records.template import template

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to make.")]


def command(folder: Folder = Path("studies"), force: opt.Force = False) -> None:
    """Start an evidence base: a folder with a protocol and an example record.

    \b
    Examples:
      mscsec init
      mscsec init my-review/studies
    """
    files = {folder / REVIEW_FILE: template("review"), folder / "roe2021.yaml": template("study")}
    present = [str(path) for path in files if path.exists()]
    if present and not force:
        raise UsageError(
            f"{', '.join(present)} exists already and is not overwritten. Give --force to replace it, or another folder"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder {folder} cannot be made: {error.strerror}") from None
    for path, text in files.items():
        write_whole(path, text, force)
        say(f"Wrote {path}")
    say(f"Next: edit {folder / REVIEW_FILE}, then")
    say(f"  mscsec add-study --studies {folder}   adds a study")
    say(f"  mscsec check --studies {folder}       checks the records")
