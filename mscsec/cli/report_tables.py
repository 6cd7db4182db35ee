"""`mscsec report --format md|csv|latex`: the tables of a report alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from mscsec.cli.output import csv_text, emit, say, write_whole
from mscsec.errors import NotEstimable, UnknownMethod, UsageError
from mscsec.registry import choose
from mscsec.report.material import Material, material
from mscsec.report.tables import TABLES, TableKind
from mscsec.synthesis.review import Synthesis

FORMATS = {"md": ".md", "csv": ".csv", "latex": ".tex"}
ALL = "all"


def chosen_format(asked: str) -> str:
    """The key of a format; raises UnknownMethod for one that does not exist."""
    key = {"markdown": "md", "tex": "latex"}.get(asked.casefold(), asked.casefold())
    if key not in FORMATS:
        raise UnknownMethod("format", asked, FORMATS)
    return key


def chosen_tables(asked: Sequence[str]) -> tuple[TableKind, ...]:
    """The tables by name, each once and in their own order; all of them for none and for "all"."""
    if not asked or ALL in asked:
        return tuple(TABLES.values())
    keys = {choose(TABLES, name, "table").key for name in asked}
    return tuple(row for row in TABLES.values() if row.key in keys)


def check_output(form: str, kinds: Sequence[TableKind], output: Path | None) -> None:
    """Refuses, before anything is computed, what cannot be written: several CSV tables want a folder."""
    if form == "csv" and len(kinds) > 1 and (output is None or str(output) == "-" or output.suffix):
        raise UsageError(
            "a CSV file holds one table; name it with --table, such as --table pooled, or name a folder for all of them: -o tables"
        )
    if (
        output is not None
        and output.suffix
        and str(output) != "-"
        and output.suffix.lower() not in (FORMATS[form], ".txt")
    ):
        raise UsageError(f"--format {form} and the suffix of {output} contradict each other; leave one out")


def write_tables(synthesis: Synthesis, form: str, kinds: Sequence[TableKind], output: Path | None, force: bool) -> None:
    """The tables on stdout, in one file, or for CSV in a folder with a file each.

    Raises NotEstimable where the tables asked for have nothing to say.
    """
    found = material(synthesis)
    if form == "csv":
        texts = {row.key: csv_text(*_data(row, found)) for row in kinds}
        if len(kinds) > 1:
            assert output is not None
            _write_folder(output, texts, force)
            return
        emit(texts[kinds[0].key], output, force)
        return
    tables = [table for row in kinds for table in row.shown(found)]
    if not tables:
        names = ", ".join(row.name.lower() for row in kinds)
        raise NotEstimable(f"there is nothing to show: {names}. These records have none")
    if form == "md":
        from mscsec.report.manuscript.markdown import tables_markdown as render
    else:
        from mscsec.report.manuscript.latex import tables_latex as render
    emit(render(tables), output, force)


def _data(row: TableKind, found: Material) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
    listed = row.data(found)
    return listed.header, listed.rows


def _write_folder(folder: Path, texts: dict[str, str], force: bool) -> None:
    """A CSV file a table; nothing is written where one of them exists and is not to be replaced."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder for the tables")
    files = {folder / f"{key}.csv": text for key, text in texts.items()}
    there = [path for path in files if path.exists()]
    if there and not force:
        raise UsageError(
            f"{there[0]} exists already and is not overwritten. Give --force to replace it, or another folder"
        )
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}") from None
    for path, text in files.items():
        write_whole(path, text, force)
    say(f"Wrote {len(files)} tables into {folder}")
