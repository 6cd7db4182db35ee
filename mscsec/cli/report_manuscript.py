"""`mscsec report -o review.docx|review.md|review.tex`: the report for a manuscript, with its pictures."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mscsec.cli.output import progress, write_whole
from mscsec.errors import UsageError
from mscsec.report.manuscript.blocks import Manuscript, Picture
from mscsec.synthesis.review import Synthesis, nothing_to_report


@dataclass(frozen=True, slots=True)
class Written:
    """A report as files. beside : by name, what lies in the folder `folder_of` beside the file itself.

    boxes : which letters of its pictures no typeface has, and what to install; empty where there are none.
    """

    content: str | bytes
    beside: Mapping[str, bytes]
    boxes: str = ""


def as_docx(found: Synthesis, output: Path) -> Written:
    """One Word file with its pictures in it."""
    from mscsec.report.manuscript.docx import FIGURE, docx, need_docx

    need_docx()
    made = _made(found, FIGURE)
    return Written(docx(made), {}, _boxes(made))


def as_markdown(found: Synthesis, output: Path) -> Written:
    """Markdown, and its pictures as SVG."""
    from mscsec.report.manuscript.markdown import FIGURE, markdown

    made = _made(found, FIGURE)
    return Written(markdown(made, folder_of(output).name), _pictures(made, FIGURE), _boxes(made))


def as_latex(found: Synthesis, output: Path) -> Written:
    """LaTeX, and its pictures as PDF."""
    from mscsec.report.manuscript.latex import FIGURE, latex

    made = _made(found, FIGURE)
    return Written(latex(made, folder_of(output).name), _pictures(made, FIGURE), _boxes(made))


def _made(found: Synthesis, kind: str) -> Manuscript:
    """The manuscript, its pictures drawn as files of `kind`."""
    from mscsec.plots.hands import by_all
    from mscsec.plots.review import flow_picture, outcome_pictures
    from mscsec.report.manuscript.build import manuscript
    from mscsec.report.material import material

    made = material(found)
    if not found.with_data:
        raise nothing_to_report(found)
    outcomes = found.with_data

    def draw(place: int) -> list[Picture]:
        return [picture.drawn(kind) for picture in outcome_pictures(made, outcomes[place])]

    gc.freeze()  # what is there stays to the end: no search for cycles goes through it again, here or in other processes
    with progress("Drawing") as tell:
        pictures = by_all(draw, len(outcomes), tell)
    by_outcome = {one.outcome: shown for one, shown in zip(outcomes, pictures, strict=True)}
    return manuscript(made, lambda one: by_outcome[one.outcome], flow_picture(found.base))


def _pictures(made: Manuscript, kind: str) -> dict[str, bytes]:
    return {f"{block.key}.{kind}": block.draw(kind) for block in made.blocks if isinstance(block, Picture)}


def _boxes(made: Manuscript) -> str:
    from mscsec.plots.letters import unprinted

    return unprinted(words for block in made.blocks if isinstance(block, Picture) for words in block.words)


def folder_of(output: Path) -> Path:
    """Where the pictures of a report lie: review_files/ beside review.md."""
    return output.with_name(f"{output.stem}_files")


def check_free(output: Path, kind: str, force: bool) -> None:
    """Raises UsageError where a file exists and is not to be replaced. kind : of the pictures beside it; empty for none."""
    folder = folder_of(output)
    if kind and folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is in the way: the pictures of {output} go into a folder of that name")
    there = [output] if output.is_file() else []
    there += sorted(folder.glob(f"*.{kind}")) if kind and folder.is_dir() else []
    if there and not force:
        raise UsageError(
            f"{there[0]} exists already and is not overwritten. Give --force to replace it, or another name"
        )


def write_files(output: Path, written: Written, force: bool) -> None:
    """Writes the report and what lies beside it, all or nothing.

    Raises UsageError where a file exists and `force` is not given. With it, pictures of the same names are replaced; whatever
    else lies in the folder stays.
    """
    if not written.beside:
        write_whole(output, written.content, force)
        return
    folder = folder_of(output)
    fresh = not folder.exists()
    made: list[Path] = []
    try:
        if fresh:
            _new_folder(folder, written.beside)
        for name, data in () if fresh else written.beside.items():
            new = not (folder / name).exists()
            write_whole(folder / name, data, force)
            made += [folder / name] if new else []
        write_whole(output, written.content, force)
    except BaseException:
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _new_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """A folder with its files, by a temporary one and a rename."""
    try:
        made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name[:80]}."))
        try:
            for name, data in files.items():
                (made / name).write_bytes(data)
            made.chmod(0o777 & ~_umask())
            os.replace(made, folder)
        except BaseException:
            with contextlib.suppress(OSError):
                shutil.rmtree(made)
            raise
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
