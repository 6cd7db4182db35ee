"""`pool_file`, from one table on disk to another in bounded memory, and `pool_table`, from a table to a data frame."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mscsec.arrays import IntArray
from mscsec.batch.analyse import NONE, NOT_CONVERGED, OK, REFUSED, SINGLE, Analysed, analyse, columns_of
from mscsec.batch.csv_input import CsvTable
from mscsec.batch.engines import ENGINES, Engine
from mscsec.batch.lock import sole
from mscsec.batch.options import Columns, Options, choose_columns
from mscsec.batch.parquet_input import ParquetTable, from_frame, need_pyarrow
from mscsec.batch.parts import Part, Store, fingerprint, move_whole, scratch
from mscsec.batch.rows import FAULTS, Reject, join, rejects_csv
from mscsec.batch.source import open_table
from mscsec.batch.spool import Piece, hashed, spool
from mscsec.batch.tables import FORMATS, Format, header
from mscsec.errors import InvalidInput, MscsecError, UnknownName, UsageError
from mscsec.registry import choose
from mscsec.results import Result

if TYPE_CHECKING:
    import pandas

PIECE = 1 << 23  # bytes of input in a piece: half a second of work, and some 200 MB in a process at work on it
EXAMPLES = 20  # rejects that a summary lists
SPOOL = ("auto", "always", "never")
STATUSES = (OK, SINGLE, NONE, NOT_CONVERGED, REFUSED)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Summary(Result):
    """What became of a table.

    rows : read. analyses : in the result. status : how many analyses have each. left_out : rows that entered no analysis, by
    code. examples : the first of them, faults before studies without an estimate. faults : rows that are wrong.
    several_maxima : analyses whose likelihood has more than one maximum; the highest was taken.
    spooled : whether rows of one analysis stood apart and were brought together on disk first. resumed : pieces of an
    interrupted run that were used. columns : of the result. comma : numbers were read with decimal commas.
    """

    input: str
    output: str | None
    group: str
    measure: str
    options: dict[str, Any]
    rows: int
    analyses: int
    status: dict[str, int]
    left_out: dict[str, int]
    examples: tuple[Reject, ...]
    several_maxima: int
    spooled: bool
    resumed: int
    columns: tuple[str, ...]
    comma: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As plain data, each example by its field names."""
        return Result.to_dict(self) | {"examples": [reject._asdict() for reject in self.examples]}

    @property
    def faults(self) -> int:
        """Rows that are wrong: no number, impossible, of the wrong length, or of no analysis."""
        return sum(n for code, n in self.left_out.items() if code in FAULTS)


@dataclass(frozen=True, slots=True, eq=False)
class BatchTable:
    """frame : one row an analysis, as `pool_file` writes it; the group column has the values of the input. summary : counts."""

    frame: pandas.DataFrame
    summary: Summary


_Engine = Callable[[Iterator["_Job"]], Generator[tuple[int, Part], None, None]]


@dataclass(frozen=True, slots=True)
class _Job:
    """What a worker needs to compute one piece."""

    number: int
    piece: Piece
    columns: Columns
    options: Options
    format: str


def work(job: _Job) -> tuple[int, Part]:
    """Computes one piece, in whatever process."""
    found = analyse(job.piece.rows(), job.columns, job.options)
    content = choose(FORMATS, job.format, "output format").encode(found, job.columns.group)
    return job.number, Part(
        content, rejects_csv(found.rejects), hashed(found.groups), found.first, found.scattered, _counts(found)
    )


def _counts(found: Analysed) -> dict[str, Any]:
    faults = [reject for reject in found.rejects if reject.fault]
    others = [reject for reject in found.rejects if not reject.fault]
    status: Counter[str] = Counter()
    for text, n in Counter(found.status.tolist()).items():
        status[text.split(":")[0]] += n
    return {
        "rows": found.rows,
        "status": {word: status[word] for word in STATUSES},
        "left_out": dict(Counter(reject.code for reject in found.rejects)),
        "faults": faults[:EXAMPLES],
        "others": others[:EXAMPLES],
        "several_maxima": found.several_maxima,
    }


# --- from file to file --------------------------------------------------------------------------------------------------


def pool_file(
    path: str | Path,
    output: str | Path,
    *,
    group: str = "analysis",
    measure: str | None = None,
    options: Options | None = None,
    engine: str = "threads",
    workers: int | None = None,
    scheduler: str | None = None,
    spool_rows: str = "auto",
    strict: bool = False,
    resume: bool = False,
    force: bool = False,
    rejects: str | Path | None = None,
    progress: Progress | None = None,
    piece_size: int = PIECE,
    called: str | None = None,
) -> Summary:
    """Pools every analysis of a table, one line of `output` for each, in the order in which the table names them first.

    path, output : .csv or .parquet each, the first also packed (.csv.gz). group : the column that names the analysis a row belongs to. measure : key of
        MEASURES, with its columns; None for yi with vi or sei.
    engine : key of ENGINES. workers : the processor's cores unless given. scheduler : address of a dask cluster.
    spool_rows : what to do where rows of one analysis stand in more than one piece: "auto" deals all rows into files by
        analysis first, "always" does so without looking, "never" refuses. Within a piece they may stand anyhow.
    strict : refuse a table with a row that is wrong. rejects : a CSV file for all rows that entered no analysis.
    resume : continue an interrupted run of the same input and options from OUT.parts; force : overwrite output and parts.
    progress : called with (done, total). piece_size : bytes of input read at a time. called : what messages call an input
        that is a copy and goes away; of its run nothing is kept.

    Memory is some 200 MB a worker at this `piece_size`, and 16 bytes an analysis here; an analysis larger than a piece is held
    whole. The output appears whole or not at all, and one run at a time writes it. Raises UsageError, UnknownName and
    UnknownMethod for requests that make no sense, InvalidInput under `strict` or "never" and where the input changes
    meanwhile, and no error for an analysis that cannot be computed: its status says why.
    """
    chosen, count = _engine(engine, workers, scheduler)
    with open_table(path, called) as table:
        run = _Run.prepare(
            table, Path(path), Path(output), group, measure, options or Options(), piece_size, spool_rows, strict, called is None
        )  # fmt: skip
        run.report = progress or (lambda done, total: None)
        run.rejects = None if rejects is None else Path(rejects)
        run.refuse_existing(resume, force)
        with sole(run.output), run.said():
            run.refuse_existing(resume, force)  # again: a run that has just ended may have written it
            mode = run.store.open(resume, force)
            return run.whole(mode, lambda jobs: chosen.run(jobs, work, count, scheduler))


def _engine(key: str, workers: int | None, scheduler: str | None) -> tuple[Engine, int]:
    """Where the work is done, and by how many; one alone needs no other process or thread."""
    if scheduler is not None and key != "dask":
        raise UsageError("a scheduler belongs to the engine dask")
    count = workers or available_cores()
    if count < 1:
        raise UsageError(f"{count} workers; one or more are needed")
    chosen = choose(ENGINES, key, "engine")
    return (ENGINES["serial"] if count == 1 and key != "dask" else chosen), count


def available_cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def output_format(path: Path) -> Format:
    """By the suffix; raises UsageError where it names none."""
    for row in FORMATS.values():
        if row.suffix == path.suffix.lower():
            return row
    raise UsageError(
        f"the suffix {path.suffix!r} of {path} names no format; write {' or '.join(row.suffix for row in FORMATS.values())}"
    )


@dataclass(slots=True)
class _Run:
    """One run of `pool_file`: what it reads, where its parts are, and what they say."""

    table: CsvTable | ParquetTable
    path: Path
    columns: Columns
    options: Options
    output: Path
    format: Format
    store: Store
    piece_size: int
    spool_rows: str
    strict: bool
    resumable: bool
    rejects: Path | None = None
    report: Progress = lambda done, total: None
    spooled: bool = False
    resumed: int = 0
    numbers: list[int] = field(default_factory=list)

    @staticmethod
    def prepare(
        table: CsvTable | ParquetTable, path: Path, output: Path, group: str, measure: str | None, options: Options,
        piece_size: int, spool_rows: str, strict: bool, resumable: bool,
    ) -> _Run:  # fmt: skip
        """Everything that can be found wrong before the first row is read."""
        if spool_rows not in SPOOL:
            raise UnknownName("choice for --spool", spool_rows, SPOOL)
        options.check()
        columns = choose_columns(table.names, group, measure, options.tau2_weights, options.method)
        form = output_format(output)
        if form.key == "parquet":
            need_pyarrow()
        about = {
            "group": columns.group, "measure": columns.measure, "columns": list(columns.used), **asdict(options),
            "format": form.key, "spool": spool_rows, "piece": piece_size,
        }  # fmt: skip
        manifest = {"schema": "mscsec/batch-parts/2", **fingerprint(path), **about}
        store = Store(output.with_name(output.name + ".parts"), manifest, form.suffix)
        return _Run(table, path, columns, options, output, form, store, piece_size, spool_rows, strict, resumable)

    def refuse_existing(self, resume: bool, force: bool) -> None:
        """Raises UsageError for a file that cannot be written, and one that is there and is not to be overwritten: it may be so
        by `force`, and where an interrupted run had begun to put its results in their place.
        """
        placed = self.store.placed() if resume else ()
        for target in self._targets():
            if target.is_dir() or not target.parent.is_dir():
                raise UsageError(
                    f"{target} cannot be written: {'it is a folder' if target.is_dir() else 'there is no such folder'}"
                )
            if target.is_file() and not force and os.path.realpath(target) not in placed:
                raise UsageError(
                    f"{target} exists already and is not overwritten. Give --force to replace it, or another name"
                )

    def _targets(self) -> list[Path]:
        return [self.output] if self.rejects is None else [self.rejects, self.output]

    @contextlib.contextmanager
    def said(self) -> Iterator[None]:
        """Raises UsageError for what the system refuses: a full disk, a folder that may not be written."""
        try:
            yield
        except OSError as error:
            where = error.filename2 or error.filename or self.output
            kept = "; what is finished is kept for --resume" if self.resumable and self.store.finished() else ""
            raise UsageError(f"{where}: {error.strerror or error}{kept}") from None

    def whole(self, mode: str, run: _Engine) -> Summary:
        """Computes, and writes the results. What is finished is kept where it stops, unless the input has to change or goes away,
        or there is nothing yet that could be used again.
        """
        try:
            summary = self.through(mode, run)
            self._refuse_changed()
            self.finish()
        except BaseException as error:
            expected = isinstance(error, (MscsecError, OSError))
            useless = isinstance(error, InvalidInput) or (expected and not self.store.finished())
            if useless or not self.resumable:
                self.store.clear()
            raise
        self.store.clear()
        return summary

    def _refuse_changed(self) -> None:
        if any(self.store.manifest[name] != value for name, value in fingerprint(self.path).items()):
            raise InvalidInput(
                f"{self.table.called} was changed while it was read", "", "Start again once it is written.", code="E211"
            )

    def through(self, mode: str, run: _Engine) -> Summary:
        """Computes what is not finished; starts again with the rows spooled where an analysis turns out to be scattered."""
        if mode == "spooled" or (self.spool_rows == "always" and mode == "contiguous" and not self.store.finished()):
            if mode == "contiguous":
                self.store.set_mode("spooled")
            self._compute(self._spooled(), run)
        else:
            scattered = self._compute(self.table.pieces(self.columns, self.piece_size), run) or self._apart()
            if scattered:
                self._refuse_apart()
                self.store.set_mode("spooled")
                self.numbers.clear()
                self.resumed = 0
                self._compute(self._spooled(), run)
        return self._summary()

    def _compute(self, pieces: Iterator[Piece], run: _Engine) -> bool:
        """Computes the pieces and saves each part; True where rows of one analysis stand apart and there is more than one piece.

        That is the same whoever computes them and however often the run was interrupted, and so are the bytes of the result.
        """
        finished = self.store.finished()
        total, done, apart = self._size(), 0, False

        def jobs() -> Iterator[_Job]:
            nonlocal done, apart
            for number, piece in enumerate(pieces):
                self.numbers.append(number)
                if number in finished:
                    done += piece.size
                    self.resumed += 1
                    apart = apart or self.store.load(number)[2]
                else:
                    sizes[number] = piece.size
                    yield _Job(number, piece, self.columns, self.options, self.format.key)

        def scattered() -> bool:
            return apart and not self.spooled and len(self.numbers) > 1

        sizes: dict[int, int] = {}
        results = run(jobs())
        with contextlib.closing(results):
            for number, part in results:
                if self.strict and part.summary["faults"]:
                    self._refuse_fault(Reject(*part.summary["faults"][0]))
                self.store.save(number, part)
                done += sizes.pop(number)
                self.report(min(done, total), total)
                apart = apart or part.scattered
                if scattered():
                    return True
        return scattered()

    def _size(self) -> int:
        if isinstance(self.table, CsvTable):
            return os.path.getsize(self.table.path) - self.table.start
        with need_pyarrow().ParquetFile(self.table.path) as file:
            return int(file.metadata.num_rows)

    def _spooled(self) -> Iterator[Piece]:
        self.spooled = True
        total = self._size()
        done = 0

        def count(size: int) -> None:
            nonlocal done
            done += size
            self.report(min(done, total), total)

        # A spooled row is about as large as it was in the file; a Parquet row is taken as 64 bytes.
        weight = 1 if isinstance(self.table, CsvTable) else 64
        pieces = self.table.pieces(self.columns, self.piece_size)
        yield from spool(pieces, self.columns, self.store.spool, total * weight, self.piece_size, count)

    def _apart(self) -> bool:
        """Whether an analysis is in more than one part."""
        hashes = [self.store.load(number)[0] for number in self.numbers]
        together = np.sort(np.concatenate(hashes))
        return bool((together[1:] == together[:-1]).any())

    def _refuse_apart(self) -> None:
        if self.spool_rows == "never":
            raise InvalidInput(
                f"{self.table.called}: rows of one analysis stand apart",
                f"with --spool never the rows of one {self.columns.group} follow each other",
                f"Sort the table by {self.columns.group}, or leave out --spool never.",
                code="E223",
            )

    def _refuse_fault(self, fault: Reject) -> None:
        raise InvalidInput(
            f"{self.table.called}:{fault.line}: {fault.reason}",
            "with --strict every row is right",
            "Correct the row, or leave out --strict, and it is counted and left out.",
            code=fault.code,
        )

    def _summary(self) -> Summary:
        loaded = [self.store.load(number)[3] for number in self.numbers]
        status: Counter[str] = Counter()
        left_out: Counter[str] = Counter()
        for item in loaded:
            status.update(item["status"])
            left_out.update(item["left_out"])
        if self.strict and any(item["faults"] for item in loaded):
            self._refuse_fault(min(Reject(*item) for part in loaded for item in part["faults"]))
        examples = [sorted(Reject(*item) for part in loaded for item in part[kind]) for kind in ("faults", "others")]
        return Summary(
            input=self.table.called,
            output=str(self.output),
            group=self.columns.group,
            measure=self.columns.measure,
            options=asdict(self.options),
            rows=sum(item["rows"] for item in loaded),
            analyses=status.total(),
            status={word: status[word] for word in STATUSES},
            left_out=dict(sorted(left_out.items())),
            examples=tuple([*examples[0], *examples[1]][:EXAMPLES]),
            several_maxima=sum(item["several_maxima"] for item in loaded),
            spooled=self.spooled,
            resumed=self.resumed,
            columns=tuple(header(self.columns.group, columns_of(self.options))),
            comma=isinstance(self.table, CsvTable) and self.table.comma,
        )

    def finish(self) -> None:
        """Puts the parts together, and the results in their places."""
        first = [self.store.load(number)[1] for number in self.numbers]
        order: IntArray | None = np.argsort(np.concatenate(first), kind="stable") if self.spooled else None
        target = self.store.folder / f"whole{self.format.suffix}"
        parts = [self.store.table(number) for number in self.numbers]
        names = header(self.columns.group, columns_of(self.options))
        self.format.merge(parts, target, names, [len(lines) for lines in first], order)
        listed = self.store.folder / "rejects.csv"
        if self.rejects is not None:
            self._write_rejects(listed)
        self.store.place([os.path.realpath(path) for path in self._targets()])
        if self.rejects is not None:
            move_whole(listed, self.rejects)
        move_whole(target, self.output)

    def _write_rejects(self, target: Path) -> None:
        with open(target, "wb") as out:
            out.write(rejects_csv([("line", self.columns.group, "code", "reason")]))
            if not self.spooled:
                for number in self.numbers:
                    out.write(self.store.rejects(number))
                return
            lines: list[bytes] = []
            for number in self.numbers:
                lines += self.store.rejects(number).splitlines(keepends=True)
            lines.sort(key=lambda line: int(line.split(b",", 1)[0]))
            out.writelines(lines)


# --- in memory ----------------------------------------------------------------------------------------------------------


def pool_table(
    table: str | Path | pandas.DataFrame,
    *,
    group: str = "analysis",
    measure: str | None = None,
    options: Options | None = None,
) -> BatchTable:
    """Pools every analysis of a table in memory: a data frame, or a CSV or Parquet file (also .gz).

    Arguments as in `pool_file`. Line numbers of a data frame are its rows, from 1. Memory is several times the table's.
    """
    chosen = options or Options()
    chosen.check()
    comma = False
    if isinstance(table, (str, Path)):
        with open_table(table) as read:
            comma = isinstance(read, CsvTable) and read.comma
            columns = choose_columns(read.names, group, measure, chosen.tau2_weights, chosen.method)
            rows = join([piece.rows() for piece in read.pieces(columns, PIECE)], columns.names)
        keys = None
    else:
        columns = choose_columns(
            [str(name) for name in table.columns], group, measure, chosen.tau2_weights, chosen.method
        )
        rows = from_frame(table.rename(columns=str), columns)
        keys = table.rename(columns=str)[columns.group]
    found = analyse(rows, columns, chosen)
    return BatchTable(_frame(found, columns, keys), _summary_of(found, table, columns, chosen, comma))


def _frame(found: Analysed, columns: Columns, keys: Any) -> pandas.DataFrame:
    import pandas

    names: Any = found.groups if keys is None else keys.iloc[found.first - 1].to_numpy()
    data: Mapping[str, Any] = {
        columns.group: names, "k": found.k, "left_out": found.left_out, **found.numbers, "status": found.status
    }  # fmt: skip
    return pandas.DataFrame(data)


def _summary_of(found: Analysed, table: Any, columns: Columns, options: Options, comma: bool) -> Summary:
    counts = _counts(found)
    return Summary(
        input=str(table) if isinstance(table, (str, Path)) else "a data frame",
        output=None,
        group=columns.group,
        measure=columns.measure,
        options=asdict(options),
        rows=found.rows,
        analyses=len(found.groups),
        status=counts["status"],
        left_out=dict(sorted(counts["left_out"].items())),
        examples=tuple([*counts["faults"], *counts["others"]][:EXAMPLES]),
        several_maxima=found.several_maxima,
        spooled=False,
        resumed=0,
        columns=tuple(header(columns.group, columns_of(options))),
        comma=comma,
    )


@contextlib.contextmanager
def scratch_output(suffix: str = ".csv") -> Iterator[Path]:
    """A file name in a temporary folder that goes away, for a result that is shown and not kept."""
    with scratch() as folder:
        yield folder / f"result{suffix}"
