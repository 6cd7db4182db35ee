"""Tables of judgements in the form the R package robvis reads, and back: text in, text out.

robvis reads columns by position and a judgement by its first letter, so that an unknown word is drawn as something
else or lost. Here an unknown word is refused by name, and full words are written.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from mscsec.appraisal.assessment import Appraisal
from mscsec.errors import InvalidInput
from mscsec.registry import by_key, choose
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class RobvisRow(Result):
    """One study or result: its label, judgements by column heading, the overall one, and a weight where there is one."""

    study: str
    judgements: dict[str, str]
    overall: str
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class RobvisTool:
    """A template of robvis.

    columns : headings between Study and Overall; empty for Generic, whose headings are the names of the domains.
    judgements : words the template knows, best first; what it leaves uncoloured comes last.
    """

    key: str
    name: str
    columns: tuple[str, ...]
    judgements: tuple[str, ...]
    source: str


_D5 = ("D1", "D2", "D3", "D4", "D5")
_D7 = (*_D5, "D6", "D7")
_OPEN = ("No information", "Not applicable")

ROBVIS = by_key(
    RobvisTool("ROB2", "RoB 2", _D5, ("Low", "Some concerns", "High", *_OPEN), source="mcguinness2021"),
    RobvisTool(
        "ROB2-Cluster",
        "RoB 2 for cluster trials",
        ("D1", "D1b", "D2", "D3", "D4", "D5"),
        ("Low", "Some concerns", "High", *_OPEN),
        source="mcguinness2021",
    ),
    RobvisTool(
        "ROBINS-I", "ROBINS-I", _D7, ("Low", "Moderate", "Serious", "Critical", *_OPEN), source="mcguinness2021"
    ),
    RobvisTool(
        "ROBINS-E", "ROBINS-E", _D7, ("Low", "Some concerns", "High", "Very high", *_OPEN), source="mcguinness2021"
    ),
    RobvisTool(
        "QUADAS-2",
        "QUADAS-2",
        ("D1", "D2", "D3", "D4"),
        ("Low", "Some concerns", "High", *_OPEN),
        source="mcguinness2021",
    ),
    RobvisTool("QUIPS", "QUIPS", (*_D5, "D6"), ("Low", "Moderate", "High", *_OPEN), source="mcguinness2021"),
    RobvisTool(
        "Generic",
        "any other tool",
        (),
        ("Low", "Some concerns", "Moderate", "Unclear", "High", "Serious", "Critical", *_OPEN),
        source="mcguinness2021",
    ),
)

# Judgements of our instruments in the words of the templates; robvis has no word for an open judgement but this one.
_WORDS = {
    "": "No information",
    "low (except for concerns about uncontrolled confounding)": "Low",
    "low risk": "Low",
    "low risk of bias": "Low",
    "some": "Some concerns",
    "high risk": "High",
    "high risk of bias": "High",
    "moderate risk": "Moderate",
    "serious risk": "Serious",
    "critical risk": "Critical",
    "no info": "No information",
    "ni": "No information",
    "na": "Not applicable",
    "n/a": "Not applicable",
    "none": "Not applicable",
    "?": "No information",
}
_SYMBOLS = "+-x!"  # what robvis draws for the levels of a fixed template, best first
_AT_RISK = {
    "Unclear": "Some concerns",
    "At risk of bias": "High",
}  # QUADAS-2's words, for which the template has others


@dataclass(frozen=True, slots=True)
class _Template:
    """The template for one of our instruments and, column by column, the domain that fills it ("" for none)."""

    tool: str
    domains: tuple[str, ...]


_TEMPLATES: Mapping[str, _Template] = MappingProxyType(
    {
        "rob2": _Template("ROB2", _D5),
        "rob2-cluster": _Template("ROB2-Cluster", ("D1a", "D1b", "D2", "D3", "D4", "D5")),
        "robins-i": _Template("ROBINS-I", _D7),
        # The template is that of 2016: classification and selection change places, deviations moved into confounding.
        "robins-i-v2": _Template("ROBINS-I", ("D1", "D3", "D2", "", "D4", "D5", "D6")),
        "quadas-2": _Template("QUADAS-2", ("D1", "D2", "D3", "D4")),
    }
)


def robvis_tool(instrument: str) -> str:
    """The template for an instrument of ours; Generic where robvis has none."""
    return _TEMPLATES[instrument].tool if instrument in _TEMPLATES else "Generic"


def instrument_columns(instrument: str) -> tuple[str, ...]:
    """Column by column, the domain of our instrument that stands there ("" for none); empty where robvis has no template."""
    return _TEMPLATES[instrument].domains if instrument in _TEMPLATES else ()


def robvis_row(study: str, appraisal: Appraisal, weight: float | None = None) -> RobvisRow:
    """One row from an appraisal; an open judgement becomes "No information", as robvis has no other word for it.

    study : label, different for each row. weight : share of the pooled result, for a weighted summary.
    """
    template = _TEMPLATES.get(appraisal.instrument)
    found = {domain.id: domain.judgement or "No information" for domain in appraisal.domains}
    if template is None:
        columns = {domain.name: found[domain.id] for domain in appraisal.domains if domain.status != "recorded"}
        return RobvisRow(study, columns, appraisal.judgement or "No information", weight)
    headings = ROBVIS[template.tool].columns
    cells = {head: found[id] if id else "Not applicable" for head, id in zip(headings, template.domains, strict=True)}
    return RobvisRow(study, cells, appraisal.judgement or "No information", weight)


def write_robvis(rows: Iterable[RobvisRow], tool: str, *, weighted: bool = False) -> str:
    """The rows as CSV for the template `tool`: Study, the domains, Overall, and Weight where `weighted`.

    Raises `InvalidInput` (B301) for no rows, a label used twice, a missing domain, a weight that is missing or negative,
    and a judgement that the template does not know.
    """
    template = choose(ROBVIS, tool, "robvis template")
    items = list(rows)
    if not items:
        raise InvalidInput("there are no judgements to write", "a table has a row at least", code="B301")
    columns = template.columns or tuple(items[0].judgements)
    _check_rows(items, columns, weighted)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Study", *columns, "Overall", *(["Weight"] if weighted else [])])
    for row in items:
        cells = [_word(row.judgements[column], template, row.study, column) for column in columns]
        overall = _word(row.overall, template, row.study, "Overall")
        writer.writerow([row.study, *cells, overall, *([repr(float(row.weight or 0))] if weighted else [])])
    return text.getvalue()


def _check_rows(rows: Sequence[RobvisRow], columns: tuple[str, ...], weighted: bool) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.study in seen:
            raise InvalidInput(f"the label {row.study!r} stands twice", "each row has a label of its own", code="B301")
        seen.add(row.study)
        if set(row.judgements) != set(columns):
            raise InvalidInput(
                f"{row.study} has judgements for {', '.join(row.judgements)}",
                f"the columns are {', '.join(columns)}",
                code="B301",
            )
        if weighted and (row.weight is None or not (math.isfinite(row.weight) and row.weight >= 0)):
            raise InvalidInput(
                f"the weight of {row.study} is {row.weight}",
                "a weighted table has a weight of 0 or more in each row",
                code="B301",
            )


def _word(value: str, template: RobvisTool, study: str, column: str) -> str:
    """`value` in full, in a word of the template; raises `InvalidInput` (B301) for any other."""
    folded = " ".join(value.split()).casefold()
    known = {word.casefold(): word for word in template.judgements}
    levels = [item for item in template.judgements if item not in _OPEN]
    short = [item for item in levels if item[0].casefold() == folded]
    if template.columns and folded and folded in _SYMBOLS[: len(levels)]:
        short = [levels[_SYMBOLS.index(folded)]]
    word = known.get(folded) or (short[0] if len(short) == 1 else "") or _WORDS.get(folded, "")
    if not word and template.key == "QUADAS-2":
        word = {key.casefold(): item for key, item in _AT_RISK.items()}.get(folded, "")
    if word not in template.judgements:
        raise InvalidInput(
            f"{column} of {study} is {value!r}",
            f"the judgements of {template.key} are {', '.join(template.judgements)}",
            code="B301",
        )
    return word


def read_robvis(text: str, tool: str) -> tuple[RobvisRow, ...]:
    """The rows of a table written for robvis, columns by position; headings of a fixed template are its own.

    A last column called Weight is a weight. Letters (L, S, H), +, ?, x, ! and spellings such as "Low risk" and NI are
    understood. Raises `InvalidInput` (B301), with the line, for anything else.
    """
    template = choose(ROBVIS, tool, "robvis template")
    lines = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) if any(cell.strip() for cell in row)]
    if len(lines) < 2:
        raise InvalidInput("the table has no rows", "a header row and a row for each study", code="B301")
    header = [cell.strip() for cell in lines[0]]
    weighted = header[-1].casefold() == "weight"
    columns = template.columns or tuple(name.replace(".", " ") for name in header[1 : -2 if weighted else -1])
    width = len(columns) + 2 + weighted
    if len(header) != width:
        raise InvalidInput(f"the header has {len(header)} cells", f"{template.key} has {width}", code="B301")
    rows = [_read_row(cells, number, columns, width, weighted, template) for number, cells in enumerate(lines[1:], 2)]
    _check_rows(rows, columns, weighted)
    return tuple(rows)


def _read_row(
    cells: Sequence[str], number: int, columns: tuple[str, ...], width: int, weighted: bool, template: RobvisTool
) -> RobvisRow:
    if len(cells) != width:
        raise InvalidInput(f"row {number} has {len(cells)} cells", f"{template.key} has {width}", code="B301")
    study = cells[0].strip()
    judgements = {name: _word(cell, template, study, name) for name, cell in zip(columns, cells[1:], strict=False)}
    overall = _word(cells[len(columns) + 1], template, study, "Overall")
    return RobvisRow(study, judgements, overall, _weight(cells[-1], study) if weighted else None)


def _weight(cell: str, study: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise InvalidInput(f"the weight of {study} is {cell!r}", "a weight is a number", code="B301") from None


def weight_shares(rows: Sequence[RobvisRow], tool: str) -> dict[str, dict[str, float]]:
    """By column and Overall, the share of each judgement, in [0, 1]; by weight where every row has one, else by count.

    The judgements stand in the template's order, those that do not occur left out; the shares of a column sum to 1.
    Raises `InvalidInput` (B301) where all weights are 0.
    """
    template = choose(ROBVIS, tool, "robvis template")
    weights = [row.weight for row in rows]
    sizes = [1.0 if None in weights else float(weight or 0) for weight in weights]
    total = math.fsum(sizes)
    if total <= 0:
        raise InvalidInput("the weights add to 0", "the weights of a summary are not all 0", code="B301")
    columns = template.columns or tuple(rows[0].judgements)
    found: dict[str, dict[str, float]] = {}
    for column in (*columns, "Overall"):
        words = [
            _word(row.overall if column == "Overall" else row.judgements[column], template, row.study, column)
            for row in rows
        ]
        sums = {
            word: math.fsum(size for size, said in zip(sizes, words, strict=True) if said == word) / total
            for word in template.judgements
            if word in words
        }
        found[column] = sums
    return found
