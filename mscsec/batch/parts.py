"""What is finished of a run, beside its output: `OUT.parts/` holds a manifest and one pair of files for each piece."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mscsec.arrays import IntArray
from mscsec.errors import UsageError

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One piece, computed: its table as bytes, its rejects as CSV, what identifies its analyses, and counts.

    hashes, first : (g,) of the names of its analyses, and the line of the first row of each. scattered : rows of one stood apart.
    summary : rows read, analyses by status, rejects by code, and the first faults and other rejects.
    """

    table: bytes
    rejects: bytes
    hashes: Hashes
    first: IntArray
    scattered: bool
    summary: dict[str, Any]


class Store:
    """The folder of parts. A part counts as finished once its `.npz` is there, which is written last and whole.

    manifest : what the run is of, by name; strings, numbers, None and lists of these.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any], suffix: str) -> None:
        self.folder, self.manifest, self.suffix = folder, dict(manifest), suffix

    @property
    def spool(self) -> Path:
        """Folder of the rows sorted by analysis, where that is needed."""
        return self.folder / "spool"

    def open(self, resume: bool, force: bool) -> str:
        """Prepares the folder; gives the mode of the interrupted run that is continued, else "contiguous".

        Raises UsageError where an interrupted run is there and is neither to be continued nor replaced, and where it was
        another run than this one.
        """
        path = self.folder / "manifest.json"
        other = self.folder.is_dir() and not path.exists() and any(self.folder.iterdir())
        if other or (self.folder.exists() and not self.folder.is_dir()):
            raise UsageError(
                f"{self.folder} holds something else than an interrupted run; move it, or name another output"
            )
        if path.exists() and not resume and not force:
            raise UsageError(
                f"{self.folder} holds an interrupted run. Give --resume to continue it, or --force to start again"
            )
        if path.exists() and resume:
            found = self._manifest(path)
            self._compare(found)
            return str(found["mode"])
        self.clear()
        self.folder.mkdir(parents=True)
        self.set_mode("contiguous")
        return "contiguous"

    def _manifest(self, path: Path) -> dict[str, Any]:
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            raise UsageError(
                f"{path} cannot be read, so that the run it belongs to is not known; leave out --resume and give --force to start again"
            ) from None

    def _compare(self, found: Mapping[str, Any]) -> None:
        """Raises UsageError with everything in which the run in the folder is another than this one."""
        asked = self.manifest
        different = sorted(name for name, value in asked.items() if name not in found or found[name] != value)
        if "schema" in different:
            different = ["schema"]  # of another version, which named the rest otherwise
        if different:
            what = "; ".join(f"{name} was {_told(found.get(name))}, is {_told(asked[name])}" for name in different)
            raise UsageError(
                f"{self.folder} is of another run ({what}); leave out --resume and give --force to start again"
            )

    def place(self, targets: Sequence[str]) -> None:
        """Notes which files the results are about to be put into, so that a run that is killed there can be continued."""
        write_bytes(self.folder / "placed.json", json.dumps(targets).encode())

    def placed(self) -> Sequence[str]:
        """The files that an interrupted run had noted."""
        try:
            return list(json.loads((self.folder / "placed.json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return ()

    def set_mode(self, mode: str) -> None:
        """ "contiguous" or "spooled"; a change drops what was finished in the other mode."""
        for path in self.folder.iterdir():
            if path.is_file():
                path.unlink()
        text = json.dumps(self.manifest | {"mode": mode}, indent=1)
        write_bytes(self.folder / "manifest.json", text.encode())

    def finished(self) -> set[int]:
        """Numbers of the pieces that need not be computed again: those of which every byte is there."""
        return {number for number in (int(path.stem) for path in self.folder.glob("*.npz")) if self._is_whole(number)}

    def _is_whole(self, number: int) -> bool:
        # A system that goes down may have renamed a file and not yet written it.
        try:
            with np.load(self._marker(number), allow_pickle=False) as found:
                sums = found["sums"].tolist()
            return bool(sums == [zlib.crc32(self.table(number).read_bytes()), zlib.crc32(self.rejects(number))])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return False

    def save(self, number: int, part: Part) -> None:
        """Writes a part: the table first, then the marker that makes it count."""
        write_bytes(self.table(number), part.table)
        write_bytes(self.folder / f"{number:07d}.rejects", part.rejects)
        temporary = self._marker(number).with_suffix(".tmp")
        with open(temporary, "wb") as file:
            np.savez(
                file,
                hashes=part.hashes,
                first=part.first,
                scattered=part.scattered,
                summary=json.dumps(part.summary),
                sums=np.array([zlib.crc32(part.table), zlib.crc32(part.rejects)], dtype=np.int64),
            )
        os.replace(temporary, self._marker(number))

    def _marker(self, number: int) -> Path:
        return self.folder / f"{number:07d}.npz"

    def table(self, number: int) -> Path:
        """Where the table of a part stands."""
        return self.folder / f"{number:07d}{self.suffix}"

    def rejects(self, number: int) -> bytes:
        """The rejects of a part."""
        return (self.folder / f"{number:07d}.rejects").read_bytes()

    def load(self, number: int) -> tuple[Hashes, IntArray, bool, dict[str, Any]]:
        """Hashes, first lines, whether rows stood apart, and the summary of a part."""
        with np.load(self._marker(number), allow_pickle=False) as found:
            return found["hashes"], found["first"], bool(found["scattered"]), json.loads(str(found["summary"]))

    def clear(self) -> None:
        """Removes the folder."""
        if self.folder.exists():
            shutil.rmtree(self.folder)


def write_bytes(path: Path, content: bytes) -> None:
    """The whole file or none: written under another name, then renamed."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def move_whole(path: Path, target: Path) -> None:
    """Puts a finished file in its place in one step, on another disk too. Behind a symbolic link the file it names is replaced;
    a device or a pipe is written to as it is. Raises OSError that names the target.
    """
    target = Path(os.path.realpath(target))
    beside = target.with_name(f".{target.name[:80]}.part")
    try:
        if target.exists() and not target.is_file():
            with open(path, "rb") as content, open(target, "wb") as device:
                shutil.copyfileobj(content, device)
            return
        if path.stat().st_dev != target.parent.stat().st_dev:
            source, path = path, beside
            shutil.copyfile(source, beside)
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(path, target)
    except OSError as error:
        if path == beside:
            beside.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(target)) from None


def fingerprint(path: Path) -> dict[str, Any]:
    """Size and time of change of the input: a changed input is another run."""
    about = os.stat(path)
    return {"input": os.path.abspath(path), "size": about.st_size, "changed": about.st_mtime_ns}


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder that goes away whatever happens."""
    with tempfile.TemporaryDirectory(prefix="mscsec-") as folder:
        yield Path(folder)


def _told(value: Any) -> str:
    """A value of the manifest in words."""
    return "not given" if value is None else repr(value)
