"""The command group: names and summaries here, each command's module imported only when it is used."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from mscsec.cli.version import __version__
from mscsec.errors import MscsecError, UnknownName, UsageError

COMMANDS = {
    "init": "Start an evidence base.",
    "add-study": "Add a study record, by questions or from a file.",
    "check": "Check all records; report every problem at once.",
    "explain": "Explain a problem code, such as R205.",
    "effects": "Show each study's effect and how it was derived.",
    "pool": "Pool one outcome, with a forest plot.",
    "plot": "Draw an outcome, fit for print: forest plot and others.",
    "regress": "Meta-regression on study-level moderators.",
    "batch": "Pool thousands to millions of analyses from one table.",
    "integrity": "Check whether the reported figures can be true.",
    "bias-report": "Report risk of bias by study.",
    "assess": "Assess risk of bias, question by question.",
    "import-bias": "Bring in judgements made elsewhere.",
    "grade": "Certainty of evidence and summary of findings.",
    "report": "Write the whole review: a page, a manuscript, its tables.",
    "serve": "Show the review in the browser, following its records.",
}
LONG = 12  # more parameters than this are read under headings


WrongUse: type[Exception] = typer.BadParameter.__mro__[1]  # click's own, which typer has no name for


WANTED = (  # of values, in words a user knows
    (r"Input should be a valid number.*", "a number is wanted"),
    (r"Input should be a valid integer.*", "a whole number is wanted"),
    (r"Input should be greater than or equal to (\S+)", r"\1 or more is wanted"),
)


@contextlib.contextmanager
def _our_errors(see: str) -> Iterator[None]:
    try:
        yield
    except WrongUse as error:
        said = str(getattr(error, "format_message", error.__str__)()).rstrip(".")
        for pattern, wanted in WANTED:
            said = re.sub(pattern, wanted, said)
        raise UsageError(f"{said[:1].lower()}{said[1:]}. See: {see}") from None


class LazyGroup(TyperGroup):
    """A group that knows its commands by name and imports one when it runs."""

    running = False

    def list_commands(self, _ctx: Any) -> list[str]:
        """Names in the order of work."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command; for a listing of the group a stand-in with its summary, so that help imports nothing."""
        if cmd_name not in COMMANDS:
            return None
        if not self.running:
            return TyperCommand(cmd_name, help=COMMANDS[cmd_name])
        return load_command(cmd_name)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As click does; wrong use is an error of ours, in the words and the form of all others."""
        if not args:
            return super().parse_args(ctx, args)  # which shows the help
        with _our_errors("mscsec --help"):
            return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As click does, with the real command; a name that is none is answered with the nearest and the list."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise UnknownName("command", args[0], COMMANDS)
        self.running = True
        return super().resolve_command(ctx, args)


class Command(TyperCommand):
    """A command whose help, where it is long, has its options under headings: their `rich_help_panel`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As click does; wrong use is an error of ours, in the words and the form of all others."""
        with _our_errors(f"mscsec {self.name} --help"):
            return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """[OPTIONS] and the arguments by their plain names, in brackets where one can be left out."""
        given = [param for param in self.get_params(ctx) if param.param_type_name == "argument"]
        return ["[OPTIONS]", *(_argument(param) if param.required else f"[{_argument(param)}]" for param in given)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments and options in columns of one width; those without a heading stand last."""
        sections: dict[str, list[tuple[str, str]]] = {}
        params = self.get_params(ctx)
        long = len(params) > LONG
        for param in params:
            heading = getattr(param, "rich_help_panel", None) if long else None
            heading = "Arguments" if param.param_type_name == "argument" else heading or "Options"
            if record := param.get_help_record(ctx):
                name = _argument(param) if heading == "Arguments" else record[0]
                sections.setdefault(heading, []).append((name, record[1].replace("  [required]", "")))
        rest = sections.pop("Options", [])
        room = min(30, max(len(name) for rows in [*sections.values(), rest] for name, _ in rows))
        for heading, rows in {**sections, "Options": rest}.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(room), text) for name, text in rows])


def _argument(param: Any) -> str:
    return str(param.metavar or param.name.upper()).strip("[]")


def load_command(name: str) -> Any:
    """The click command of `mscsec.cli.<name>.command`."""
    module = importlib.import_module(f"mscsec.cli.{name.replace('-', '_')}")
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    single.command(name, cls=Command, context_settings={"help_option_names": ["-h", "--help"]})(module.command)
    return get_command(single)


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 done, and it found what it looks for; 2 wrong use or invalid input; 3 cannot be computed from these data.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"mscsec {__version__}")
        raise typer.Exit


@app.callback(no_args_is_help=True)
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and stop."
    ),
) -> None:
    """Meta-analysis and evidence appraisal from plain YAML study records.

    Every number can be followed back to its line in a record and its place in the paper.
    Try: mscsec pool --outcome icu_stay
    """


VALUES = {"--trim-fill": "L0"}  # of options that may stand alone
NO_VALUES = {"funnel"}  # words that may follow one without being its value: the picture that has it


def _with_values(arguments: Sequence[str]) -> list[str]:
    """The command line with the value of each option that stands alone, which the parser does not know."""
    found: list[str] = []
    for place, word in enumerate(arguments):
        found.append(word)
        after = arguments[place + 1] if place + 1 < len(arguments) else "-"
        if word in VALUES and (after.startswith("-") or after in NO_VALUES):
            found.append(VALUES[word])
    return found


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and gives its exit code. Expected errors are one message on stderr."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else every installed package is searched for one
    if sys.stdout is None:  # closed by the caller (>&-): what is printed goes nowhere
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # open until the process ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 shows a question mark, not a traceback
    try:
        code = get_command(app).main(_with_values(arguments), prog_name="mscsec", standalone_mode=True)
    except MscsecError as error:
        from mscsec.cli.output import report_error

        report_error(error)
        return error.exit_code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the exit would try to write the help again
        sys.stderr.write(f"error: stdout cannot be written: {error.strerror} [U001]\n")
        return UsageError.exit_code
    return int(code or 0)
