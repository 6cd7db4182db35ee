"""A manuscript as LaTeX: tables with booktabs, everything escaped. Any engine reads it; other scripts want XeLaTeX or LuaLaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from mscsec.report.manuscript.blocks import (
    Block,
    Heading,
    Listing,
    Manuscript,
    Paragraph,
    Picture,
    Row,
    Run,
    Table,
    Words,
    clean,
    runs,
    shares,
    text_of,
    turns,
)

FIGURE = "pdf"  # the kind of its pictures
_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "`": r"\textasciigrave{}", '"': r"\symbol{34}", "[": "{[}", "]": "{]}", "*": "{*}",
    "\u00a0": "~", "±": r"$\pm$", "×": r"$\times$", "≤": r"$\leq$", "≥": r"$\geq$", "≠": r"$\neq$", "≈": r"$\approx$", "−": "$-$",
    "²": r"\textsuperscript{2}", "τ": r"$\tau$", "χ": r"$\chi$", "α": r"$\alpha$", "β": r"$\beta$", "µ": r"$\mu$", "μ": r"$\mu$",
    "⊕": r"$\oplus$", "◯": r"$\bigcirc$", "○": r"$\circ$", "–": "--", "—": "---", "“": "``", "”": "''", "‘": "`", "’": "'", "…": r"\ldots{}",
    "\u200b": r"\allowbreak{}", "→": r"$\rightarrow$", "·": r"$\cdot$", "°": r"$^{\circ}$", "\ufffd": "?",
}  # fmt: skip
_MELTING = re.compile(r"([-,'])(?=\1)")  # two in a row melt into another sign
_MINUS = re.compile(r"(^|(?<=[\s(\[]))-(?=[\d.])")
_LONG = re.compile(r"[\w/.:@%-]{25,}")
_SIGN = re.compile(r"[/._:-]")
_PLACES = re.compile(r"[/._:-](?=\w)")
_PIECE = re.compile(r"\w{16}(?=\w)")
_STYLES = {"strong": r"\textbf", "emphasis": r"\emph", "mark": r"\textsuperscript"}
_ADDRESS = "/:?#@!&'*+,;=-._"
_SECTIONS = ("section", "subsection", "subsubsection", "paragraph")


def _breakable(word: re.Match[str]) -> str:
    """A long word with places where a line may end: behind its signs, or every sixteen letters where it has none."""
    return _PLACES.sub("\\g<0>\u200b", word[0]) if _SIGN.search(word[0]) else _PIECE.sub("\\g<0>\u200b", word[0])


def escape(text: str) -> str:
    """`text` so that it prints as it stands: no commands, no ligatures of signs, a minus sign before a number."""
    text = _LONG.sub(_breakable, text)
    text = _MELTING.sub("\\1\u2060", _MINUS.sub("\u2212", text))  # a word joiner keeps the two apart until the end
    return "".join(_SIGNS.get(char, char) for char in text).replace("\u2060", "{}")


def inline(words: Words) -> str:
    """A text in one line."""
    return "".join(_run(run) for run in runs(words))


def _run(run: Run) -> str:
    text = escape(run.text)
    if run.style in _STYLES:
        text = f"{_STYLES[run.style]}{{{text}}}"
    if run.link:
        address = (
            quote(clean(run.link), safe=_ADDRESS)
            .replace("%", r"\%")
            .replace("&", r"\&")
            .replace("#", r"\#")
            .replace("_", r"\_")
        )
        text = f"\\href{{{address}}}{{{text}}}"
    return text


PREAMBLE = r"""\documentclass[a4paper,11pt]{article}
\usepackage{iftex}
\ifPDFTeX\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\else\usepackage{fontspec}\fi
\usepackage{textcomp}
\usepackage[margin=25mm]{geometry}
\usepackage{array,booktabs,float,longtable,graphicx,pdflscape}
\usepackage[hidelinks]{hyperref}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\emergencystretch=3em
"""
NEEDS = "% needs \\usepackage{array,booktabs,longtable}\n"


def latex(manuscript: Manuscript, folder: str = "") -> str:
    """The manuscript. folder : where its pictures lie, as the text names it."""
    body = "\n\n".join(_turned(manuscript, folder))
    title = escape(clean(manuscript.title))
    return (
        f"{PREAMBLE}\\title{{{title}}}\n\\date{{}}\n\\begin{{document}}\n\\maketitle\n\n{body}\n\n\\end{{document}}\n"
    )


def _turned(manuscript: Manuscript, folder: str) -> Iterator[str]:
    """The blocks, those that want the page turned within a landscape."""
    now = False
    for block, wanted in zip(manuscript.blocks, turns(manuscript.blocks), strict=True):
        if wanted is not None and wanted != now:
            yield r"\begin{landscape}" if wanted else r"\end{landscape}"
            now = wanted
        yield _block(block, folder)
    if now:
        yield r"\end{landscape}"


def tables_latex(tables: Iterable[Table]) -> str:
    """Tables alone, to be read into a document."""
    return NEEDS + "\n\n".join(table_latex(table) for table in tables) + "\n"


def _block(block: Block, folder: str) -> str:
    if isinstance(block, Heading):
        return f"\\{_SECTIONS[min(block.level, len(_SECTIONS)) - 1]}*{{{escape(clean(block.words))}}}"
    if isinstance(block, Paragraph):
        return inline(block.words)
    if isinstance(block, Listing):
        kind = "enumerate" if block.ordered else "itemize"
        items = "\n".join(f"\\item {{}}{inline(item)}" for item in block.items)
        return f"\\begin{{{kind}}}\n{items}\n\\end{{{kind}}}" if block.items else ""
    if isinstance(block, Table):
        return table_latex(block)
    return _picture(block, folder)


def _picture(picture: Picture, folder: str) -> str:
    file = f"{folder}/{picture.key}.{FIGURE}" if folder else f"{picture.key}.{FIGURE}"
    sized = r"width=\linewidth,height=0.85\textheight,keepaspectratio"
    return "\n".join(
        [
            r"\begin{figure}[H]",
            r"\centering",
            f"\\includegraphics[{sized}]{{{file}}}",
            f"\\caption{{{escape(clean(picture.caption))}}}",
            f"\\label{{fig:{_label(picture.key)}}}",
            r"\end{figure}",
        ]
    )


def _label(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", key)


def table_latex(table: Table) -> str:
    """One table that breaks over pages with its head repeated, its notes below."""
    sides = [
        f">{{\\{'raggedleft' if column.right else 'raggedright'}\\arraybackslash}}p{{\\dimexpr{share:.4f}\\linewidth-2\\tabcolsep\\relax}}"
        for column, share in zip(table.columns, shares(table), strict=True)
    ]
    head = " & ".join(f"\\textbf{{{inline(column.head)}}}" for column in table.columns) + r" \\"
    lines = [
        r"\begingroup\footnotesize\setlength{\tabcolsep}{3pt}",
        "\\begin{longtable}{@{}" + "\n  ".join(sides) + "@{}}",
        f"\\caption{{{escape(clean(table.caption))}}}\\label{{tab:{_label(table.key)}}} \\\\",
        r"\toprule", head, r"\midrule", r"\endfirsthead",
        r"\toprule", head, r"\midrule", r"\endhead",
        r"\bottomrule", r"\endfoot",
    ]  # fmt: skip
    lines += [_row(row, len(table.columns)) for row in table.rows]
    lines.append(r"\end{longtable}")
    for note in table.notes:
        lines.append(f"\\noindent {_mark(note.mark)}{inline(note.words)}\\par")
    lines.append(r"\endgroup")
    return "\n".join(lines)


def _mark(mark: str) -> str:
    return f"\\textsuperscript{{{escape(mark)}}}~" if mark else ""


def _row(row: Row, columns: int) -> str:
    if row.kind == "group":
        return f"\\multicolumn{{{columns}}}{{@{{}}p{{\\linewidth}}@{{}}}}{{\\textbf{{{escape(text_of(row.cells[0]))}}}}} \\\\*"
    cells = [_strong(cell) if row.kind == "total" else inline(cell) for cell in row.cells]
    return ("\\midrule\n" if row.kind == "total" else "") + " & ".join(cells) + r" \\"


def _strong(cell: Words) -> str:
    text = inline(cell)
    return f"\\textbf{{{text}}}" if text else ""
