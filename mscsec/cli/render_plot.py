"""Pictures with characters, for a terminal: forest, funnel, traffic light."""

from __future__ import annotations

from itertools import takewhile

from mscsec.cli.output import styled, unicode_output, width, wrap
from mscsec.cli.render_judgements import table_text
from mscsec.cli.render_pool import forest, summary
from mscsec.plots import characters, characters_funnel
from mscsec.plots.kinds import Kind, Request
from mscsec.report.numbers import level
from mscsec.report.words import asymmetry_words, footnotes
from mscsec.synthesis.funnel import funnel_test


def characters_text(row: Kind, request: Request, title: str | None = None) -> str:
    """The picture of a kind whose `text` is True."""
    if row.key == "traffic-light":
        return table_text(request.judgements())
    return {"forest": forest_text, "funnel": funnel_text}[row.key](request, title)


def forest_text(request: Request, title: str | None = None) -> str:
    """Table and plot, the figures under it, and the notes to its marks."""
    sizes, fit = request.pooled
    cells, notes = width(), footnotes(sizes.rows)
    lines = [*_title(request, title), "", *forest(sizes, fit, notes, cells), "", *summary(sizes, fit, cells)]
    for mark, text in notes.notes:
        lines += wrap(f"{mark}  {text}", cells, "   ")
    return "\n".join(lines) + "\n"


def funnel_text(request: Request, title: str | None = None) -> str:
    """The plot, what its lines are, and the test of asymmetry."""
    sizes, fit = request.pooled
    cells, wide = width(), unicode_output()
    glyphs, signs = (
        (characters.UNICODE, characters_funnel.UNICODE) if wide else (characters.ASCII, characters_funnel.ASCII)
    )
    lines = [*_title(request, title), "", *wrap("Standard error against effect", cells)]
    lines += characters_funnel.funnel_lines(sizes, fit, cells, glyphs, signs)
    first, *more = summary(sizes, fit, cells)
    lines += ["", first, *takewhile(lambda line: line.startswith("  "), more)]
    legend = f"{signs.study} study; {signs.pooled} pooled effect; {signs.region} {level(fit.level)} of studies, if there were no heterogeneity"
    lines += [*wrap(legend, cells), *wrap(asymmetry_words(funnel_test(sizes, fit.tau2)), cells)]
    return "\n".join(lines) + "\n"


def _title(request: Request, title: str | None) -> list[str]:
    sizes, _ = request.pooled
    cells = width()
    head = wrap(title or sizes.outcome_label, cells)
    return [styled(head[0], "1"), *head[1:], *(wrap(sizes.comparison_label, cells) if sizes.comparison_label else [])]
