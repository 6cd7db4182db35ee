"""What stands in place of the page while it cannot be built: every problem with its line and a caret."""

from __future__ import annotations

from html import escape

from mscsec.errors import MscsecError
from mscsec.problems import Problem, RecordError

MOST = 200  # problems on one page; a wrong key in a hundred records says the same each time
_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "pre{padding:.7rem 1rem;overflow-x:auto;border-left:.3rem solid #b3202c;background:color-mix(in srgb,currentColor 7%,transparent);"
    "font:14px/1.4 ui-monospace,monospace}li{margin:0 0 1.2rem}code{font-family:ui-monospace,monospace}"
)


def trouble_page(error: MscsecError, good: bool) -> str:
    """The page. good : there is an earlier page to go back to, at /last."""
    problems = error.problems if isinstance(error, RecordError) else ()
    files = len({one.file for one in problems})
    head = "The records cannot be read as they stand" if problems else "The page cannot be built from these records"
    last = '<p><a href="/last">The last page that could be built</a> is still there.</p>' if good else ""
    if problems:
        body = f"<p>{_count(len(problems), 'problem')} in {_count(files, 'file')}. This page follows as soon as they are mended.</p>\n{last}\n<ol>\n"
        body += "\n".join(_item(one) for one in problems[:MOST]) + "\n</ol>"
        body += f"<p>And {len(problems) - MOST} more.</p>" if len(problems) > MOST else ""
    else:
        body = f"<pre>{escape(error.message)} [{escape(error.code)}]</pre>\n{last}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{head}</title><style>{_STYLE}</style></head>\n<body>\n<main>\n<h1>{head}</h1>\n{body}\n</main>\n</body></html>\n"
    )


def _item(problem: Problem) -> str:
    _, _, drawn = problem.render().partition("\n")
    shown = f"\n<pre>{escape(drawn)}</pre>" if drawn else ""
    place = f"{problem.file}:{problem.line}:{problem.column}"
    return (
        f"<li><p><code>{escape(place)}</code><br><strong>{escape(problem.severity)} {escape(problem.code)}</strong> "
        f"{escape(problem.message)}</p>{shown}</li>"
    )


def _count(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"
