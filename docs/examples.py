"""Runs every example of README.md and docs/*.md and compares what it prints with what stands there.

    python docs/examples.py            # exit 1 where one prints something else
    python docs/examples.py --update   # writes today's output into the pages

An example is a block marked `console` whose lines starting with `$ ` are run by a shell, one after the other, in a
folder of its own for each page, which starts as an empty one with the shipped evidence base found by default. An
HTML comment before the block changes that: `<!-- exit 1 -->` expects another exit code (and shows stderr too),
`<!-- columns 120 -->` another width, `<!-- in studies -->` puts a copy of studies/ into the folder.
Numbers of twelve digits or more are compared to ten, as the last ones hang on the processor.
A block marked `pycon` is a Python session in the same folder. A block marked `yaml` after `<!-- file NAME -->` is written
to that file.
"""

from __future__ import annotations

import difflib
import doctest
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(?P<notes>(?:<!--[^\n]*-->\n)*)```(?P<kind>console|pycon|yaml)\n(?P<body>.*?)```\n", re.DOTALL)


LONG = re.compile(r"-?\d+\.\d{11,}(?:e[-+]?\d+)?")


def shown(page: str) -> str:
    """The page with its long numbers at ten significant digits."""
    return LONG.sub(lambda match: f"{float(match[0]):.10g}", page)


def main(update: bool) -> int:
    """Checks or updates every page; the number of pages with an example that is not true."""
    wrong = 0
    count = 0
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            fresh = BLOCK.sub(lambda match, folder=folder: rerun(match, Path(folder)), text)
        count += len(BLOCK.findall(text))
        if shown(fresh) == shown(text):
            continue
        wrong += 1
        if update:
            page.write_text(fresh, encoding="utf-8")
            print(f"updated {page.relative_to(ROOT)}")
        else:
            report(page, text, fresh)
    print(f"{count} example blocks, {wrong} pages {'updated' if update else 'with an example that is not true'}")
    return 0 if update else wrong


def rerun(match: re.Match[str], folder: Path) -> str:
    """The block with today's output."""
    notes, kind, body = match["notes"], match["kind"], match["body"]
    if kind == "yaml":
        named = re.search(r"<!-- file (\S+) -->", notes)
        if named:
            (folder / named[1]).write_text(body, encoding="utf-8")
        return match[0]
    fresh = console(body, notes, folder) if kind == "console" else session(body, folder)
    return f"{notes}```{kind}\n{fresh}```\n"


def console(body: str, notes: str, folder: Path) -> str:
    """A shell session: each command followed by what it prints now."""
    if "<!-- in studies -->" in notes and not (folder / "studies").exists():
        shutil.copytree(ROOT / "studies", folder / "studies")
    expected = re.search(r"<!-- exit (\d+) -->", notes)
    code = int(expected[1]) if expected else 0
    columns = re.search(r"<!-- columns (\d+) -->", notes)
    out = []
    for command in re.findall(r"^\$ (.*(?:\\\n.*)*)$", body, re.MULTILINE):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment(columns[1] if columns else "80"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if code else subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != code:
            raise SystemExit(f"{command}: exit {done.returncode}, not {code}\n{done.stdout}{done.stderr or ''}")
        out.append(f"$ {command}\n{tidy(done.stdout)}")
    return "\n".join(out)


def session(body: str, folder: Path) -> str:
    """A Python session, replayed through `doctest`'s parser in a process of its own."""
    examples = doctest.DocTestParser().get_examples(body)
    program = (
        "import sys, json, io, contextlib\n"
        "ns = {}\nouts = []\n"
        "for source in json.load(sys.stdin):\n"
        "    buffer = io.StringIO()\n"
        "    with contextlib.redirect_stdout(buffer):\n"
        "        exec(compile(source, '<example>', 'single'), ns)\n"
        "    outs.append(buffer.getvalue())\n"
        "json.dump(outs, sys.stdout)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment("80"),
        input=json.dumps([example.source for example in examples]),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"a Python example fails:\n{body}\n{done.stderr}")
    parts = []
    for example, out in zip(examples, json.loads(done.stdout), strict=True):
        lines = example.source.rstrip("\n").split("\n")
        parts.append(">>> " + "\n... ".join(lines) + "\n" + tidy(out))
    return "".join(parts)


def environment(columns: str) -> dict[str, str]:
    """The commands beside this Python first, a fixed width, no colour."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    kept = {
        name: value for name, value in os.environ.items() if name in ("HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
    }
    return {**kept, "PATH": path, "COLUMNS": columns, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}


def tidy(text: str) -> str:
    """Without trailing blanks; paths of this machine become the name a reader would see."""
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)


def report(page: Path, old: str, new: str) -> None:
    """The difference, as a patch."""
    name = str(page.relative_to(ROOT))
    sys.stdout.writelines(
        difflib.unified_diff(old.splitlines(True), new.splitlines(True), f"{name} as written", f"{name} as run")
    )


if __name__ == "__main__":
    sys.exit(main("--update" in sys.argv[1:]))
