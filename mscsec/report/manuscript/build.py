"""`manuscript`: a synthesis in, the blocks of its report out, in the order in which a journal prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mscsec.integrity.review import Located
from mscsec.records.models import Review
from mscsec.report.findings import PROFILE, profile_cells
from mscsec.report.manuscript.blocks import (
    Block,
    Heading,
    Listing,
    Manuscript,
    Paragraph,
    Picture,
    Run,
    Words,
    make_table,
    numbered,
    strong,
)
from mscsec.report.manuscript.methods import methods
from mscsec.report.material import Material, fitted, printed, typeset
from mscsec.report.numbers import beside, count, level
from mscsec.report.page.methods import Reference, method_sources, reference
from mscsec.report.tables_appraisal import assumption_tables, bias_of, findings_tables
from mscsec.report.tables_results import assumed_table, pooled_tables, sensitivity_table
from mscsec.report.tables_studies import characteristics, effect_table
from mscsec.report.words import (
    asymmetry_words,
    benefit_words,
    estimate_words,
    heterogeneity_words,
    left_out_words,
    method_words,
    test_words,
    warnings_of,
)
from mscsec.sources import SOURCES
from mscsec.synthesis.review import OutcomeSynthesis

Draw = Callable[[OutcomeSynthesis], Sequence[Picture]]


def manuscript(found: Material, draw: Draw, flow: Picture | None = None) -> Manuscript:
    """The whole report.

    draw : the pictures of an outcome. flow : the flow of studies, where it is recorded.
    """
    review = found.synthesis.base.review
    said, cited = methods(found)
    blocks = [
        *_question(review),
        Heading(1, "Methods"), *said,
        Heading(1, "Results"), *_studies(found, flow),
        *_overview(found),
        *(block for one in found.synthesis.with_data for block in _outcome(found, one, draw)),
        *_without(found),
        *_certainty(found),
        *_assumptions(found),
        *_references(found, cited),
        *_provenance(found),
    ]  # fmt: skip
    return numbered(review.title, blocks)


# --- what was asked, and which studies were found ----------------------------------------------------------------


def _question(review: Review) -> Iterator[Block]:
    asked = review.question
    yield Heading(1, "Question")
    parts = (("Population", asked.population), ("Intervention", asked.intervention), ("Comparator", asked.comparator))
    items: list[Words] = [(strong(f"{name}: "), Run(text)) for name, text in parts if text]
    if asked.outcomes:
        names = "; ".join(review.outcomes[name].label if name in review.outcomes else name for name in asked.outcomes)
        items.append((strong("Outcomes: "), Run(names)))
    yield Listing(tuple(items)) if items else Paragraph("The protocol states no question.")
    for note in review.notes:
        yield Paragraph(note)


def _studies(found: Material, flow: Picture | None) -> Iterator[Block]:
    base = found.synthesis.base
    inside = {row.record for one in found.synthesis.with_data for row in fitted(one)[0].rows}
    yield Heading(2, "Studies")
    yield Paragraph(
        f"{count(len(base.studies), 'study is', 'studies are')} on record; {count(len(inside), 'enters', 'enter')} a meta-analysis below."
    )
    if flow is not None:
        yield flow
    yield from characteristics(found)


# --- outcomes ----------------------------------------------------------------------------------------------------


def _overview(found: Material) -> Iterator[Block]:
    if found.synthesis.with_data:
        yield Heading(2, "Pooled results")
        yield from pooled_tables(found)


def _outcome(found: Material, one: OutcomeSynthesis, draw: Draw) -> Iterator[Block]:
    sizes, fit = fitted(one)
    yield Heading(2, one.label)
    yield Paragraph(_result_words(one))
    yield Paragraph(typeset(method_words(sizes, fit)))
    notes = warnings_of(sizes, fit)
    if notes:
        yield Listing(tuple(printed(notice.message) for notice in notes))
    yield from draw(one)
    yield effect_table(one)
    if one.outcome in found.funnels:
        yield Paragraph(asymmetry_words(found.funnels[one.outcome]))
    worth, silent = left_out_words(sizes)
    if worth:
        rest = f"; {count(silent, 'further record does', 'further records do')} not report it" if silent else ""
        yield Paragraph(f"Not in this analysis: {'; '.join(f'{study.label} ({study.reason})' for study in worth)}{rest}.")  # fmt: skip
    if len(one.sensitivity) > 1:
        yield sensitivity_table(one)
    for item in one.assumed:
        yield assumed_table(one, item)
    if one.integrity:
        yield Paragraph((strong("Integrity of figures."),))
        yield Listing(tuple(_finding(found, each) for each in one.integrity))
    yield from bias_of(one)


def _result_words(one: OutcomeSynthesis) -> str:
    """The pooled result as the first paragraph of its section."""
    sizes, fit = fitted(one)
    head = "Effect of the one study" if fit.k == 1 else f"Pooled effect of {count(fit.k, 'study', 'studies')}"
    test = "" if sizes.null is None else f"; {test_words(fit)}"
    parts = [f"{head}: {estimate_words(sizes, fit)}{test}."]
    shown = fit.display
    if shown.prediction_low is not None:
        ahead = beside(shown.estimate, shown.prediction_low, shown.prediction_high)
        parts.append(f"The {level(fit.level)} prediction interval for the effect in a new study is {ahead}.")
    if fit.threshold is not None and fit.probability_above is not None:
        parts.append(f"{benefit_words(sizes, fit)}.")
    spread = heterogeneity_words(fit)
    if fit.k > 1 and spread:
        parts.append(typeset(f"Heterogeneity: {spread}."))
    return " ".join(parts)


def _finding(found: Material, each: Located) -> Words:
    """One finding of integrity with its place."""
    verdict = each.verdict
    asks = f" Question for the authors: {verdict.question}" if verdict.question else ""
    return (
        strong(f"{each.label}, {each.level}"),
        Run(f" ({each.name}, {verdict.check}): {verdict.tested}. {verdict.found}.{asks} [{found.here(each.place)}]"),
    )


def _without(found: Material) -> Iterator[Block]:
    empty = [one for one in found.synthesis.outcomes if one.fit is None]
    if not empty:
        return
    yield Heading(2, "Outcomes without a result")
    items: list[Words] = []
    for one in empty:
        why = one.problem
        if one.sizes is not None:
            worth, _ = left_out_words(one.sizes)
            why = "; ".join(f"{study.label}: {study.reason}" for study in worth) or "no study reports it"
        items.append((strong(one.label), Run(f": {why}")))
    yield Listing(tuple(items))


# --- certainty, assumptions, references, provenance --------------------------------------------------------------


def _certainty(found: Material) -> Iterator[Block]:
    tables = findings_tables(found)
    if not tables:
        return
    yield Heading(1, "Certainty of evidence")
    yield from tables
    summary = found.findings
    if found.bodies and summary is not None:
        rows = [profile_cells(body, row) for body, row in zip(found.bodies.values(), summary.rows, strict=False)]
        yield make_table("profile", "Evidence profile", PROFILE, rows, wide=True)
    for body in found.bodies.values():
        steps = [step for step in body.certainty.steps if step.change or step.overridden]
        if steps:
            items: list[Words] = [
                (strong(f"{step.name}, {f'{step.change:+d}' if step.change else '0'}"),
                 Run(f"{' (decided by the panel)' if step.overridden else ''}: {step.reason}"))
                for step in steps
            ]  # fmt: skip
            yield Paragraph((strong(f"{body.certainty.outcome}."), Run(f" Starts at {body.certainty.start}.")))
            yield Listing(tuple(items))


def _assumptions(found: Material) -> Iterator[Block]:
    yield Heading(1, "Assumptions")
    if found.synthesis.assumptions:
        yield from assumption_tables(found)
    else:
        yield Paragraph("No figure in these records is assumed.")


def _references(found: Material, cited: Sequence[str]) -> Iterator[Block]:
    base = found.synthesis.base
    inside = {row.record for one in found.synthesis.with_data for row in fitted(one)[0].rows}
    yield Heading(1, "References")
    for name, studies in (
        ("Studies in a meta-analysis", [study for study in base.studies if study.id in inside]),
        ("Other records", [study for study in base.studies if study.id not in inside]),
    ):
        if studies:
            yield Heading(2, name)
            yield Listing(tuple(_reference(reference(study)) for study in studies), ordered=True)
    works = sorted(
        {work.key: work for work in (*method_sources(found.synthesis), *(SOURCES[key] for key in cited))}.values(),
        key=lambda work: (work.authors, work.year),
    )
    if works:
        yield Heading(2, "Methods")
        yield Listing(tuple(
            (
                Run(f"{work.authors} ({work.year}). {_closed(work.title)} "), Run(f"{work.published}.", "emphasis"),
                *((Run(" "), Run(f"doi:{work.doi}", link=f"https://doi.org/{work.doi}")) if work.doi else ()),
            )
            for work in works
        ), ordered=True)  # fmt: skip


def _closed(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _reference(one: Reference) -> Words:
    made = [Run(f"{one.authors} ({one.year}). {_closed(one.title)}")]
    if one.published:
        made += [Run(" "), Run(f"{one.published}.", "emphasis")]
    for text, address in one.links:
        made += [Run(" "), Run(text, link=address)]
    return (*made, Run(f" {one.note}")) if one.note else tuple(made)


def _provenance(found: Material) -> Iterator[Block]:
    yield Heading(1, "Records and software")
    names = ", ".join(f"{name} {version}" for name, version in found.synthesis.software)
    yield Paragraph(f"Computed with {names}. The same records and the same software give this document again, byte for byte.")  # fmt: skip
    rows = [(one.label, found.here(one.file), one.sha256) for one in found.synthesis.records]
    yield make_table(
        "records", "Every file that was read, with the SHA-256 of its text", ("Record", "File", "SHA-256"), rows
    )
