"""Where results go: stdout is the result, stderr is talk, files are written whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mscsec.cli.version import __version__
from mscsec.errors import MscsecError, UsageError
from mscsec.problems import RecordError
from mscsec.report.numbers import count
from mscsec.results import plain

if TYPE_CHECKING:
    from mscsec.records.reader import EvidenceBase

NARROWEST = 60  # below this a table is unreadable whatever is done; it is drawn this wide and may wrap


def report_error(error: MscsecError) -> None:
    """One message on stderr; a RecordError prints every problem with its line and a count."""
    if isinstance(error, RecordError):
        files = len({problem.file for problem in error.problems})
        total = len(error.problems)
        say(error.message)
        say(
            f"{total} problem{'s' if total != 1 else ''} in {files} file{'s' if files != 1 else ''}. Nothing was computed. `mscsec explain CODE` says more."
        )
    else:
        say(f"error: {error.message} [{error.code}]")


def say(text: str) -> None:
    """Talk: to stderr."""
    print(text, file=sys.stderr)


def say_base(base: EvidenceBase) -> None:
    """Says which evidence base is read where the user did not name one in so many words."""
    where = "the evidence base shipped with mscsec" if base.shipped else "the evidence base"
    say(f"Reading {where}: {base.folder} ({count(len(base.studies), 'study', 'studies')})")


def width() -> int:
    """Columns to draw for: the terminal's, COLUMNS, or 80 into a pipe."""
    return max(NARROWEST, shutil.get_terminal_size((80, 24)).columns)


def unicode_output() -> bool:
    """Whether line-drawing characters reach the reader."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    return encoding.startswith(("utf", "cp65001")) and os.environ.get("TERM") != "dumb"


def styled(text: str, code: str) -> str:
    """`text` in bold or colour where stdout is a terminal that wants it (NO_COLOR, FORCE_COLOR, TERM=dumb respected)."""
    wanted = bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")
    return f"\x1b[{code}m{text}\x1b[0m" if wanted and not os.environ.get("NO_COLOR") else text


@contextlib.contextmanager
def progress(what: str, after: float = 1.0) -> Iterator[Callable[[int, int], None]]:
    """A counter on stderr for anything longer than a second; silent where stderr is no terminal."""
    start = time.monotonic()
    shown = False

    def report(done: int, total: int) -> None:
        nonlocal shown
        if sys.stderr.isatty() and time.monotonic() - start > after:
            shown = True
            print(
                f"\r{what}: {done:,} of {total:,} ({100 * done / max(total, 1):.0f}%)",
                end="",
                file=sys.stderr,
                flush=True,
            )

    try:
        yield report
    finally:
        if shown:
            print(file=sys.stderr)


def document(kind: str, **content: Any) -> dict[str, Any]:
    """A JSON document of this program: schema, generator, then the content without NaN."""
    return {"schema": f"mscsec/{kind}/1", "generated_by": f"mscsec {__version__}", **plain(content)}


def json_text(content: Mapping[str, Any]) -> str:
    """Deterministic JSON; refuses NaN."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """RFC 4180 with LF line ends; None is empty, floats have every digit."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(
        ["" if item is None else repr(float(item)) if isinstance(item, float) else item for item in row] for row in rows
    )
    return buffer.getvalue()


_SUFFIXES = {".json": "json", ".csv": "csv", ".md": "markdown", ".markdown": "markdown", ".txt": "text"}


def output_kind(output: Path | None, *, others: Sequence[str] = (), **asked: bool) -> str:
    """ "text", "json", "csv" or "markdown": by the switch, else by the suffix of the file, else text.

    others : suffixes that the command itself writes beside these; the message of an unknown suffix names them.
    Raises UsageError for two switches at once, and for a suffix that says nothing the command can write.
    """
    chosen = [name for name, wanted in asked.items() if wanted]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} exclude each other; give one of them")
    if output is None or str(output) == "-":
        return chosen[0] if chosen else "text"
    kind = _SUFFIXES.get(output.suffix.lower())
    if chosen:
        if kind not in (None, "text", chosen[0]):
            raise UsageError(f"--{chosen[0]} and the suffix of {output} contradict each other; leave one out")
        return chosen[0]
    if kind is None or (kind != "text" and kind not in asked):
        texts = [suffix for suffix, name in _SUFFIXES.items() if name == "text" or name in asked]
        known = ", ".join([*texts, *others])
        raise UsageError(
            f"the suffix {output.suffix!r} of {output} names no format that this command writes; it writes {known}"
        )
    return kind


def emit(text: str, output: Path | None = None, force: bool = False) -> None:
    """`text` to stdout, or whole into a file. Raises UsageError for `force` where no file is written."""
    if output is None or str(output) == "-":
        if force:
            raise UsageError("--force belongs to -o FILE; nothing is overwritten on stdout")
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            raise  # the reader has seen enough: no error
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the exit would try to write it again
            raise UsageError(f"stdout cannot be written: {error.strerror}") from None
    else:
        write_whole(output, text, force)
        say(f"Wrote {output}")


def is_pipe(file: str) -> bool:
    """Whether a name is that of a pipe, which is read once from start to end, such as the <(command) of a shell."""
    try:
        return stat.S_ISFIFO(os.stat(file).st_mode)
    except OSError:
        return False


def write_whole(path: Path, text: str | bytes, force: bool = False) -> None:
    """Writes text (as UTF-8) or bytes into a file by a temporary one and a rename, so that a crash leaves the old file or none.

    A device or a pipe is written to as it is; behind a symbolic link the file that it names is replaced, not the link.
    Raises UsageError where the file exists and `force` is not given, and where it cannot be written.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")
    if path.is_file() and not force:
        raise UsageError(f"{path} exists already and is not overwritten. Give --force to replace it, or another name")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        else:
            _replace(Path(os.path.realpath(path)), text)
    except OSError as error:
        folder = path.parent
        if isinstance(error, FileNotFoundError) and not folder.exists():
            raise UsageError(
                f"{path} cannot be written: there is no folder {folder}. Make it (mkdir -p {folder}), or name another"
            ) from None
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def _replace(path: Path, text: str | bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:80]}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Iterable[int] = (), gap: int = 2) -> list[str]:
    """Aligned columns without boxes; `right` names the columns that align to the right."""
    ends = set(right)
    widths = [max(display_width(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = [pad(cell, widths[i], i in ends) for i, cell in enumerate(row)]
        lines.append((" " * gap).join(cells).rstrip())
    return lines


def fitted_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], cells: int, right: Iterable[int] = (), least: int = 16
) -> list[str]:
    """As `table`, but names in the first column are broken into lines, of `least` cells or more, where the table is wider
    than `cells`."""
    ends = set(right)
    over = max(map(display_width, table(header, rows, ends))) - cells
    if over <= 0:
        return table(header, rows, ends)
    room = max(least, display_width(header[0]), max(display_width(row[0]) for row in rows) - over)
    drawn: list[Sequence[str]] = []
    for row in rows:
        name, *more = broken(row[0], room)
        drawn += [[name, *row[1:]], *([part, *[""] * (len(row) - 1)] for part in more)]
    return table(header, drawn, ends)


def broken(name: str, cells: int) -> list[str]:
    """A name in lines of at most `cells`, the later ones indented: behind blanks and marks (: = _ . / -), else anywhere."""
    lines = [""]
    for part in re.findall(r"[^\s:=_./-]*[\s:=_./-]*", name):
        rest = part
        if lines[-1].strip() and display_width(lines[-1] + rest.rstrip()) > cells:
            lines.append("  ")
        while display_width(lines[-1] + rest.rstrip()) > cells:
            kept = cells - display_width(lines[-1])
            while display_width(lines[-1] + rest[:kept]) > cells:
                kept -= 1
            lines[-1] += rest[:kept]
            rest = rest[kept:]
            lines.append("  ")
        lines[-1] += rest
    return [line.rstrip() for line in lines]


def display_width(text: str) -> int:
    """Terminal cells of a text: wide East Asian characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def pad(text: str, cells: int, right: bool = False) -> str:
    """`text` filled to a width in cells."""
    fill = " " * max(0, cells - display_width(text))
    return fill + text if right else text + fill


def shorten(text: str, cells: int) -> str:
    """`text` cut to a width, with an ellipsis where something is lost."""
    if display_width(text) <= cells:
        return text
    kept, dots = text, "…" if unicode_output() else ".."
    while kept and display_width(kept) > cells - len(dots):
        kept = kept[:-1]
    return kept.rstrip() + dots


_PLAIN = str.maketrans({"–": "-", "—": "-", "−": "-", "…": "..", "±": "+/-", "≤": "<=", "≥": ">=", "²": "2", "’": "'"})


def plain_text(text: str) -> str:
    """What is drawn for a terminal, without signs beyond ASCII of the program's own where those do not reach the reader."""
    return text if unicode_output() else text.translate(_PLAIN)


def wrap(text: str, cells: int, indent: str = "") -> list[str]:
    """`text` broken at spaces, but not inside "P = 0.04"; later lines start with `indent`."""
    import textwrap

    joined = re.sub(r"(?<=\w) ([=<]) (?=[-\d])", "\u00a0\\1\u00a0", text)
    lines = textwrap.wrap(joined, cells, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines] or [""]
