"""Writes the pages that are read off the tables of the program: measures, reconstructions, methods, codes, references.

python docs/tables.py            # writes the pages
python docs/tables.py --check    # exit 1 where a page is not what the tables say
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from mscsec.codes import CODES
from mscsec.effects.measures import FAMILIES, MEASURES, TRANSFORMS
from mscsec.effects.measures.base import VTYPE_NOTES, Measure
from mscsec.effects.reconstruct import MEANS, RECONSTRUCT, SDS
from mscsec.effects.shared import COVARIANCES
from mscsec.pooling import CI, PREDICTION, PRESETS, TAU2, TAU2_CI
from mscsec.pooling.counts import COUNTS, GROUP_RATES, PROPORTIONS, RATES
from mscsec.pooling.regression import SANDWICHES
from mscsec.registry import by_key
from mscsec.small_study import ASYMMETRY, ESTIMATORS, FAIL_SAFE
from mscsec.sources import SOURCES

DOCS = FOLDER = Path(__file__).resolve().parent  # read from, and written to
HEADER = "<!-- Written by docs/tables.py from the tables of the program; edit those. -->\n"

# Formula of each method of pooling, and what asks for it in metafor and meta.
METHODS: dict[str, dict[str, list[str]]] = tomllib.loads((FOLDER / "methods.toml").read_text(encoding="utf-8"))
BESIDE = METHODS.pop("BESIDE")  # what has no key

# The one prediction interval that is no closed form, and so no row of PREDICTION.
DRAWN = by_key(SimpleNamespace(key="bootstrap", name="Nagashima's parametric bootstrap", source="nagashima2019"))

METAFOR = {"HR": "GEN, on log hazard ratios"}  # where the name is not the key


def cell(text: object) -> str:
    """Text that can stand in a cell: pipes and line ends do not end it."""
    return " ".join(str(text).replace("|", "\\|").split())


def code(text: str) -> str:
    """A formula or a name as it is typed; nothing where there is none."""
    return f"`{text}`" if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [list(head), ["---"] * len(head), *([cell(item) for item in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cite(key: str) -> str:
    """A short reference, linked to its doi, else to its line on the references page."""
    if key not in SOURCES:
        return ""
    source = SOURCES[key]
    return f"[{source.short}]({doi_address(source.doi) if source.doi else f'references.md#{key}'})"


def doi_address(doi: str) -> str:
    """The address of a doi; brackets and angles, which old ones hold, would end a Markdown link."""
    return "https://doi.org/" + quote(doi, safe="/:;.-_")


def measures() -> str:
    """Effect measures by family, variance formulas and transformations."""
    head = ["Key", "Measure", "yi", "vi", "Shown as", "Source", "metafor", "meta", "RevMan"]
    parts = [
        "# Effect measures\n",
        "Read off `MEASURES`, `FAMILIES` and `TRANSFORMS`. The last columns say what the measure is called in metafor "
        "(`measure=`), in meta (`sm=`) and in RevMan; where a tool has none, its generic inverse variance (`rma(yi, vi)`, "
        "`metagen`, RevMan's outcome type of that name) takes the effects that `mscsec effects --csv` prints with their standard errors. "
        "1 is the experimental group, 2 the comparator; a b c d are the cells of the 2x2 table (with and without the event in "
        "group 1, then in group 2), p the risks, x and t events and person-time, m s n mean, SD and size, d the difference "
        "over the pooled SD. `quantile`, `phi` and `Phi` belong to the standard normal. The variance is the first of the "
        "variance formulas listed; `--vtype` chooses another. A zero cell gets 1/2 where the last column of the options says so.\n",
    ]
    for family in FAMILIES.values():
        rows = [row for row in MEASURES.values() if row.family == family.key]
        if rows:
            parts += [f"## {family.name.capitalize()}\n", f"Takes {arguments(family)}.\n", table(head, map(_measure, rows)), table(["Key", "Variance formulas", "Small-sample correction", "Added to zero cells"], map(_options, rows))]  # fmt: skip
    parts += [
        "## Variance formulas\n", table(["Key", "Meaning"], [(code(key), text) for key, text in VTYPE_NOTES.items()]),
        "## Transformations\n", "`needs` must be given, `may` can be.\n",
        table(
            ["Key", "Transformation", "Inverse", "Needs", "May", "Source"],
            [
                (code(row.key), row.name, code(row.inverse or ""), " ".join(row.needs), " ".join(row.may), cite(row.source or ""))
                for row in TRANSFORMS.values()
            ],
        ),
        "## Several arms against one comparator\n",
        "With `multi_arm=\"separate\"` every experimental arm has its own row, and these are the covariances of two such rows "
        "i and j (`EffectSizes.covariance`).\n",
        table(["Measure", "Covariance", "Source"], [(code(row.key), code(row.formula), cite(row.source)) for row in COVARIANCES.values()]),
    ]  # fmt: skip
    return "\n".join(parts)


def arguments(family: Any) -> str:
    """The arrays of a family in words."""
    needed = " ".join(code(name) for name in family.needs)
    ways = "; or ".join(" ".join(code(name) for name in way) for way in family.any_of)
    text = " and one of: ".join(part for part in (needed, ways) if part)
    return text + (f"; uses {' '.join(code(name) for name in family.may)} where given" if family.may else "")


def _measure(row: Measure) -> tuple[str, ...]:
    back = {"identity": "", "exp": "ratio"}.get(row.back, TRANSFORMS[row.back].name)
    return (
        code(row.key), row.name, code(row.formula), code(row.variance), back, cite(row.source), code(METAFOR.get(row.key, row.key)),
        code(row.meta) or "none", row.revman or "none",
    )  # fmt: skip


def _options(row: Measure) -> tuple[str, ...]:
    counted = row.family in ("dichotomous", "marginal", "paired", "rates", "proportion", "rate", "genotypes")
    correction = "exact, or Hedges' approximate factor" if row.approximates else "yes" if row.corrects else ""
    return code(row.key), " ".join(map(code, row.vtypes)), correction, f"{row.add:g}" if counted else ""


def reconstruction() -> str:
    """Routes from printed figures to usable numbers."""
    rows = []
    for row in RECONSTRUCT.values():
        ways = "; or ".join(" ".join(way) for way in row.one_of)
        needs = " ".join(row.needs) + (f"; one of: {ways}" if ways else "")
        rows.append(
            (
                code(row.key),
                row.name,
                ", ".join(row.gives),
                needs,
                code(row.formula),
                "exact" if row.exact else "approximate",
                cite(row.source),
            )
        )
    rules = [
        (
            what,
            code(row.key),
            row.name,
            *(code(row.formulas.get(figures, "")) for figures in ("S1", "S2", "S3")),
            cite(row.source),
        )
        for what, of in (("mean", MEANS), ("SD", SDS))
        for row in of.values()
    ]
    return "\n".join(
        [
            "# From printed figures to numbers\n",
            "Read off `RECONSTRUCT`. Each route is a function of `mscsec.effects.reconstruct` and takes arrays as well as "
            "numbers. *Exact* means: what the raw data would give, but for rounding in print. What a route cannot do with the "
            "figures it was given it refuses, row by row, with a code and a sentence.\n",
            table(["Key", "Route", "Gives", "Needs", "Formula", "", "Source"], rows),
            "## Rules for the mean and the SD from a median\n",
            "For `quantiles-normal` (`--mean-rule`, `--sd-rule`), by the figures that are printed beside the median; "
            "`quantile` is that of the standard normal.\n",
            table(["For the", "Key", "Rule", "Range", "Quartiles", "Both", "Source"], rules),
        ]
    )


def methods() -> str:
    """Methods of pooling."""
    one_set: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
        ("TAU2", "Between-study variance (`--tau2`)", TAU2),
        ("TAU2_CI", "Interval of the between-study variance (`--tau2-ci`)", TAU2_CI),
        ("CI", "Interval of the pooled effect (`--ci`)", CI),
        ("PREDICTION", "Prediction interval (`--prediction`)", PREDICTION),
    )
    small: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
        ("ASYMMETRY", "Tests of funnel asymmetry (`asymmetry(test=)`)", ASYMMETRY),
        ("ESTIMATORS", "Studies missing by trim and fill (`trim_and_fill(estimator=)`)", ESTIMATORS),
        ("FAIL_SAFE", "Fail-safe N (`fail_safe_n(method=)`)", FAIL_SAFE),
    )
    cells: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
        ("COUNTS", "From 2x2 tables (`--method`)", COUNTS),
        ("RATES", "From events and person-time", RATES),
        ("PROPORTIONS", "From one group a study: proportions", PROPORTIONS),
        ("GROUP_RATES", "From one group a study: rates", GROUP_RATES),
    )
    seen = agreement()
    parts = [
        "# Methods of pooling\n",
        "Read off the tables of `mscsec.pooling`, with what asks for the same in metafor and meta. *Largest difference* is the "
        "largest relative difference from them that was seen, over all reference cases ([agreement](agreement.md) has their number and "
        "tolerances); *own tests* means that neither package has it, or no case does, and the tests compare it with brute force or "
        "published figures. "
        "`wi` = 1/vi, `S1` = Σ wi, S2 and S3 the sums of wi² and wi³, `Q` = Σ wi (yi − mean)², P = W − w w'/S1; a star means "
        "weights 1/(vi + tau2).\n",
    ]
    for name, title, rows in one_set:
        head = ["Key", "Method", "Formula", "Source", "metafor", "meta", "Largest difference"]
        lines = [_method(name, row, seen) for row in rows.values()]
        if name == "PREDICTION":
            lines += [_method("DRAWN", row, seen) for row in DRAWN.values()]
        parts += [f"## {title}\n", table(head, lines)]
    head = [
        "Key",
        "Convention",
        "tau2",
        "Interval",
        "Prediction",
        "Interval of tau2",
        "I2 from",
        "Source",
        "metafor",
        "meta",
    ]
    conventions = [
        (
            code(row.key), row.name, row.tau2, row.ci, row.prediction, row.tau2_ci, row.i2, cite(row.source),
            *map(called, METHODS["PRESETS"][row.key][1:]),
        )
        for row in PRESETS.values()
    ]  # fmt: skip
    parts += ["## Whole conventions (`--preset`)\n", table(head, conventions)]
    for name, title, rows in cells:
        head = ["Key", "Method", "Measures", "Models", "Formula", "Source", "metafor", "meta", "Largest difference"]
        lines = []
        for row in rows.values():
            key, method, *rest = _method(name, row, seen)
            lines.append((key, method, ", ".join(getattr(row, "measures", ())), ", ".join(row.models), *rest))
        if not any(line[2] for line in lines):
            head, lines = head[:2] + head[3:], [line[:2] + line[3:] for line in lines]
        parts += [f"## {title}\n", table(head, lines)]
    head = ["Key", "Method", "Formula", "Source", "metafor", "meta", "Largest difference"]
    parts += [
        "## Cluster-robust covariance (`--robust`, `robust(kind=)`)\n",
        "M = B [Σ X'W A e e'A'W X] B over n clusters of k effects, B = (X'WX)⁻¹ for p coefficients, e the residuals of a cluster "
        "and H its block of the hat matrix. All six are also `vcovCR(type=)` of clubSandwich.\n",
        table(head, [_method("SANDWICHES", row, seen) for row in SANDWICHES.values()]),
        "## Tests and models beside these\n",
        table(["Method", "Here", *head[2:]], [_beside(name, *row, seen) for name, row in BESIDE.items()]),
    ]
    for name, title, rows in small:
        parts += [f"## {title}\n", table(head, [_method(name, row, seen) for row in rows.values()])]
    return "\n".join(parts)


def _method(name: str, row: Any, seen: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    formula, *elsewhere = METHODS[name][row.key]
    difference = seen.get((name, row.key), "own tests")
    return code(row.key), row.name, code(formula), cite(row.source), *map(called, elsewhere), difference


def _beside(
    name: str,
    here: str,
    formula: str,
    sources: str,
    metafor: str,
    meta: str,
    at: str,
    seen: Mapping[tuple[str, str], str],
) -> tuple[str, ...]:
    """A row of what has no registry. at : table and row on the page on agreement, empty where no case has it."""
    of, _, key = at.partition("/")
    cited = "; ".join(map(cite, sources.split()))
    return name, code(here), code(formula), cited, called(metafor), called(meta), seen[of, key] if at else "own tests"


def called(name: str) -> str:
    """A name in another program as it is typed; the word "none" where it has none."""
    return name if name == "none" else code(name)


# The page on agreement has a table under each of these titles.
AGREED = {
    "Between-study variance": "TAU2", "Interval of the between-study variance": "TAU2_CI", "Interval of the pooled effect": "CI",
    "Prediction interval": "PREDICTION", "From 2x2 tables": "COUNTS", "From events and person-time": "RATES",
    "Proportions of one group": "PROPORTIONS", "Rates of one group": "GROUP_RATES", "Tests over the tables": "ASSOCIATION",
    "Meta-regression": "REGRESSION", "Cluster-robust covariance": "SANDWICHES",
    "Tests of funnel asymmetry": "ASYMMETRY", "Trim and fill": "ESTIMATORS", "Fail-safe N": "FAIL_SAFE",
}  # fmt: skip


def agreement() -> dict[tuple[str, str], str]:
    """Largest difference of each row with a case, as the page on agreement has it."""
    found, name = {}, None
    for line in (DOCS / "agreement.md").read_text(encoding="utf-8").split("\n"):
        if line.startswith("## "):
            name = AGREED.get(line[3:])
        row = re.match(r"\| `([^`]+)` \| \d+ \| (\S+) \|", line)
        if name and row:
            found[name, row[1]] = row[2]
    return found


ROOMS = {
    "U": "Use of the program", "R": "Records", "E": "Effects", "P": "Pooling", "B": "Risk of bias and certainty", "I": "Integrity",
}  # fmt: skip


def codes() -> str:
    """Problems and notices."""
    parts = [
        "# Codes\n",
        "Every problem and every notice has a stable code; `mscsec explain CODE` prints the same text.\n",
    ]
    for letter, title in ROOMS.items():
        rows = [(code(row.key), row.title, row.explanation) for row in CODES.values() if row.key.startswith(letter)]
        if rows:
            parts += [f"## {title}\n", table(["Code", "Title", "What it means"], rows)]
    return "\n".join(parts)


def references() -> str:
    """The literature."""
    rows = []
    for row in sorted(SOURCES.values(), key=lambda source: (source.authors.casefold(), source.year, source.key)):
        doi = f"[{row.doi.replace('<', '&lt;').replace('>', '&gt;')}]({doi_address(row.doi)})" if row.doi else ""
        rows.append(
            (f'<a id="{row.key}"></a>{row.authors} ({row.year}). {row.title}. {row.published}.', doi, code(row.key))
        )
    return "\n".join(["# References\n", "Every work a method of the program is taken from; tables point here by key.\n", table(["Work", "doi", "Key"], rows)])  # fmt: skip


PAGES: dict[str, Callable[[], str]] = {
    "measures.md": measures,
    "reconstruction.md": reconstruction,
    "methods-tables.md": methods,
    "codes.md": codes,
    "references.md": references,
}


def stale() -> list[str]:
    """Names of the pages that are not what the tables say."""
    found = []
    for name, write in PAGES.items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != HEADER + write():
            found.append(name)
    return found


def main(check: bool) -> int:
    """Writes the pages, or says which are out of date; the exit code."""
    names = stale()
    for name in names:
        if not check:
            (FOLDER / name).write_text(HEADER + PAGES[name](), encoding="utf-8")
        print(f"{name}: {'out of date; run python docs/tables.py' if check else 'written'}")
    return 1 if check and names else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
