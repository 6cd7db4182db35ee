"""`mscsec batch`: every analysis of one table, a line of results for each."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mscsec.batch import ENGINES, Options, Summary, choose_method, pool_file
from mscsec.batch.run import Progress, scratch_output
from mscsec.cli import options as opt
from mscsec.cli.groups import NO_PREDICTION, ModelOptions, check_level, check_weights, expanded, given
from mscsec.cli.output import document, emit, is_pipe, json_text, say, width, wrap
from mscsec.codes import CODES
from mscsec.errors import NotEstimable, UsageError

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A table, one row a study: CSV (also .csv.gz, and - for stdin) or Parquet. Columns yi vi (or sei), or those of --measure: events_1 n_1 events_2 n_2, mean_1 sd_1 n_1 mean_2 sd_2 n_2 ...",
    ),
]
Group = Annotated[
    str,
    typer.Option(
        "--group",
        "-g",
        metavar="COLUMN",
        help="The column that names the analysis a row belongs to.",
        rich_help_panel="Table",
    ),
]
Measure = Annotated[
    str | None,
    typer.Option(
        "--measure",
        "-m",
        metavar="KEY",
        help="Effect measure: RR, OR, MD, SMD ... Default: yi as it stands.",
        rich_help_panel="Table",
    ),
]
Method = Annotated[
    str | None,
    typer.Option(
        "--method",
        metavar="KEY",
        help="IV (inverse variance), or from the cells, with a common effect: MH (OR, RR, RD, IRR, IRD), Peto (OR). Default: IV.",
        rich_help_panel=opt.MODEL,
    ),
]
Tau2Ci = Annotated[
    str,
    typer.Option(
        "--tau2-ci",
        metavar="KEY",
        help="Interval of the between-study variance: QP, PL, BJ, J, HT, wald, none.",
        rich_help_panel=opt.MODEL,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to FILE, .csv or .parquet. Default: CSV on stdout.",
        rich_help_panel=opt.SHOWN,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, metavar="N", help="How many pieces at a time. Default: every core.", rich_help_panel="Work"
    ),
]
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="KEY",
        help=f"Where the work is done: {', '.join(ENGINES)}. The table is the same.",
        rich_help_panel="Work",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="With --engine dask: a running cluster, as tcp://host:8786.",
        rich_help_panel="Work",
    ),
]
SpoolOption = Annotated[
    str,
    typer.Option(
        "--spool",
        metavar="KEY",
        help="Rows of one analysis that stand apart are first dealt into temporary files by analysis: auto (when met), always, never (refuse).",
        rich_help_panel="Work",
    ),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Stop at a row that is wrong instead of leaving it out.", rich_help_panel=opt.SHOWN),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Continue an interrupted run from OUTPUT.parts/.", rich_help_panel="Work")
]
Rejects = Annotated[
    Path | None,
    typer.Option(
        "--rejects",
        metavar="FILE",
        help="Write every row that entered no analysis to FILE (CSV), with line and reason.",
        rich_help_panel=opt.SHOWN,
    ),
]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="No progress bar on stderr.", rich_help_panel="Work")]


@dataclass(frozen=True, slots=True, eq=False)
class WorkOptions:
    """How the work is shared out, and taken up again."""

    resume: Resume = False
    workers: Workers = None
    engine: EngineOption = "processes"
    scheduler: Scheduler = None
    spool: SpoolOption = "auto"
    no_progress: NoProgress = False


@expanded
def command(
    file: File,
    *,
    group: Group = "analysis",
    measure: Measure = None,
    asked: ModelOptions,
    method: Method = None,
    prediction: opt.PredictionKey = None,
    level: opt.Level = None,
    tau2_ci: Tau2Ci = "none",
    output: Output = None,
    rejects: Rejects = None,
    strict: Strict = False,
    force: opt.Force = False,
    work: WorkOptions,
    json: Annotated[
        bool,
        typer.Option("--json", help="The summary as one JSON document on stdout; needs -o.", rich_help_panel=opt.SHOWN),
    ] = False,
) -> None:
    """Pool thousands to millions of analyses from one table: one line of results for each.

    Estimates of ratio measures are logs. A row that cannot be used is counted and reported
    with its line, and its analysis says how many were left out.

    \b
    Examples:
      mscsec batch trials.csv --group analysis
      mscsec batch trials.csv -g outcome --measure RR --tau2 DL -o pooled.csv
      mscsec batch trials.csv -g outcome --measure OR --method MH -o pooled.csv
      mscsec batch genes.parquet -g gene -o pooled.parquet --rejects rejects.csv
      mscsec batch genes.csv -g gene -o pooled.csv --resume
      mscsec batch genes.csv -g gene -o pooled.csv --engine dask
    """
    _three_files(file, output, rejects)
    output = None if str(output) == "-" else output
    if output is None:
        _needs_file({"--json": json, "--resume": work.resume}, force=force and rejects is None)
    elif work.resume and _streamed(file):
        raise UsageError(f"--resume needs a file: what came through {'stdin' if file == '-' else 'a pipe'} is gone")
    if work.engine == "serial" and work.workers is not None:
        raise UsageError("--engine serial works on one piece at a time; leave out --workers")
    check_level(level)
    interval = None if tau2_ci == "none" else tau2_ci
    method = choose_method(method)
    _agree(method, asked, prediction, interval)
    options = Options(
        asked.model or "random", asked.tau2, asked.ci, prediction, level or 0.95, tau2_ci, asked.preset,
        asked.tau2_weights, method,
    )  # fmt: skip
    request: dict[str, Any] = {"group": group, "measure": measure, "options": options}
    files: dict[str, Any] = {"strict": strict, "force": force, "rejects": rejects}
    summary, seconds = _pooled(file, output, work, **request, **files)
    shown = {"input": file, "output": None if output is None else str(output)}
    if json:
        emit(json_text(document("batch", summary=summary.to_dict() | shown)))
    _say(summary, file, seconds, output)
    if summary.analyses == summary.status["no studies"] + summary.status["refused"] + summary.status["not converged"]:
        raise NotEstimable("no analysis of this table could be pooled; the table of results says why for each")


def _summed_alone(method: str, asked: ModelOptions, prediction: str | None, tau2_ci: str | None) -> None:
    """Options that sums over the cells would not use, refused rather than ignored."""
    said = {**given(asked), "--prediction": prediction, "--tau2-ci": tau2_ci}
    meant = {"--model": "common", "--ci": "wald", "--prediction": "none"}
    idle = [name for name, value in said.items() if name != "--preset" and value not in (None, meant.get(name))]
    if idle:
        raise UsageError(
            f"--method {method} has a common effect with a normal interval in a batch; leave out {', '.join(idle)}"
        )


def _pooled(file: str, output: Path | None, work: WorkOptions, **request: Any) -> tuple[Summary, float]:
    """What became of the table, and the seconds it took; the results are in `output`, or on stdout where there is none."""
    with contextlib.ExitStack() as stack:
        table = stack.enter_context(_readable(file))
        report = stack.enter_context(_progress(not work.no_progress))
        target = stack.enter_context(scratch_output()) if output is None else output
        start = time.monotonic()
        try:
            summary = pool_file(
                table, target, engine=work.engine, workers=work.workers, scheduler=work.scheduler,
                spool_rows=work.spool, resume=work.resume, progress=report,
                called=_called(file) if _streamed(file) else None, **request,
            )  # fmt: skip
        except KeyboardInterrupt:
            gone = output is None or _streamed(file)
            say(f"Interrupted{'' if gone else '; what is finished is kept, and --resume continues from it'}")
            raise typer.Exit(130) from None
        seconds = time.monotonic() - start
        if output is None:
            _copy(target)
    return summary, seconds


def _needs_file(asked: dict[str, bool], *, force: bool) -> None:
    """Raises UsageError for what only a table in a file has. force : --force, with nothing else to overwrite."""
    if idle := [name for name, wanted in asked.items() if wanted]:
        raise UsageError(f"{idle[0]} needs -o FILE for the table")
    if force:
        raise UsageError("--force belongs to -o FILE or --rejects FILE; nothing is overwritten on stdout")


def _agree(method: str | None, asked: ModelOptions, prediction: str | None, tau2_ci: str | None) -> None:
    """Raises UsageError for choices of methods that cannot go together, or that would do nothing."""
    if method is not None:
        _summed_alone(method, asked, prediction, tau2_ci)
    asked.check(tau2_ci=tau2_ci)
    if asked.model == "common" and prediction not in (None, "none"):
        raise UsageError(NO_PREDICTION)
    check_weights(asked.tau2, tau2_ci, asked.tau2_weights)


@contextlib.contextmanager
def _readable(file: str) -> Iterator[str]:
    """The table as a file that can be read from any place: stdin, or a pipe, is written to a temporary one first."""
    import shutil

    if not _streamed(file):
        yield file
        return
    with scratch_output() as plain:
        try:
            with sys.stdin.buffer if file == "-" else open(file, "rb") as source, open(plain, "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
        except OSError as error:
            raise UsageError(f"{_called(file)} cannot be read into a temporary file: {error.strerror}") from None
        yield str(plain)


def _streamed(file: str) -> bool:
    """Whether the table can be read but once."""
    return file == "-" or is_pipe(file)


def _called(file: str) -> str:
    """What messages call the table."""
    return "<stdin>" if file == "-" else file


def _three_files(file: str, output: Path | None, rejects: Path | None) -> None:
    """Input, output and rejects are files of their own, so that none is lost to another."""
    named = {"the input": file, "-o": output, "--rejects": rejects}
    seen: dict[str, str] = {}
    for name, path in named.items():
        if path is None or str(path) == "-":
            continue
        place = os.path.realpath(path)
        if place in seen:
            raise UsageError(f"{name} and {seen[place]} are the same file, {path}; give each its own")
        seen[place] = name


def _copy(path: Path) -> None:
    """The finished table to stdout, a block at a time."""
    with open(path, encoding="utf-8", newline="") as table:
        while block := table.read(1 << 20):
            emit(block)


@contextlib.contextmanager
def _progress(wanted: bool, after: float = 1.0) -> Iterator[Progress | None]:
    """A bar on stderr once a second has passed; nothing where stderr is no terminal."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    start = time.monotonic()
    bar = Bar(
        TextColumn("Pooling"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    task: Any = bar.add_task("Pooling", total=None)
    shown = False

    def report(done: int, total: int) -> None:
        nonlocal shown
        if not shown and time.monotonic() - start > after:
            bar.start()
            shown = True
        bar.update(task, completed=done, total=total)

    try:
        yield report
    finally:
        if shown:
            bar.stop()


def _count(number: int, one: str, many: str | None = None) -> str:
    """ "1 row", "10,000,000 rows"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _say(summary: Summary, file: str, seconds: float, output: Path | None) -> None:
    """What became of the table, as talk."""
    kinds = "; ".join(f"{n:,} {word}" for word, n in summary.status.items() if n)
    file = _called(file)
    size = f"{_count(summary.rows, 'row')}, {_count(summary.analyses, 'analysis', 'analyses')}"
    say(f"{size}: {kinds or 'none'} ({seconds:.1f} s)")
    if summary.comma:
        say(f"{file}: numbers are read with decimal commas")
    if summary.spooled:
        say(f"Rows of one {summary.group} stood apart; they were brought together in temporary files first")
    if summary.resumed:
        say(
            f"Continued an interrupted run: {_count(summary.resumed, 'piece')} {'was' if summary.resumed == 1 else 'were'} finished"
        )
    if summary.several_maxima:
        say(f"Likelihood with several maxima, of which the highest was taken: {summary.several_maxima:,} [P203]")
    for code, n in summary.left_out.items():
        say(f"{_count(n, 'row')} left out: {CODES[code].title} [{code}]")
    for reject in summary.examples[:10]:
        where = f"{file}:{reject.line}: {reject.group + ': ' if reject.group else ''}{reject.reason} [{reject.code}]"
        for line in wrap(where, max(width(), 100), "  "):
            say("  " + line)
    hidden = sum(summary.left_out.values()) - len(summary.examples[:10])
    if hidden > 0:
        say(f"  and {hidden:,} more; --rejects FILE lists them all")
    if output is not None:
        say(f"Wrote {output}")
