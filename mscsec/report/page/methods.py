"""Question, methods and references of a review in words, from the protocol and the keys of what was used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mscsec.appraisal.instrument import instrument
from mscsec.appraisal.judgements import recorded_appraisals, tools_of
from mscsec.effects.collect import StudyEffect
from mscsec.effects.measures import MEASURES
from mscsec.effects.select import RANDOMISED_DESIGNS
from mscsec.pooling import CI, PREDICTION, PRESETS, TAU2, TAU2_CI
from mscsec.pooling.presets import DEFAULT_PRESET
from mscsec.records.models import Citation, Study
from mscsec.report.material import typeset
from mscsec.report.numbers import count
from mscsec.report.words import CI_NAMES, TAU2_NAMES
from mscsec.said import ASSESSED, PROTOCOL, RATED, RECORDS, RULE, num, said
from mscsec.sources import SOURCES, Source
from mscsec.synthesis.combinations import EVERY_SUBSET_UP_TO, Choice
from mscsec.synthesis.review import Synthesis

DESIGN_WORDS = {
    "parallel-rct": "parallel-group randomised trials",
    "cluster-rct": "cluster-randomised trials",
    "crossover-rct": "crossover randomised trials",
    "nonrandomised": "non-randomised studies",
    "single-arm": "single-arm studies",
}


def methods(synthesis: Synthesis) -> list[tuple[str, str]]:
    """Headed paragraphs for the methods section."""
    base = synthesis.base
    own = base.review.analysis
    preset = PRESETS[own.preset or DEFAULT_PRESET]
    designs = own.designs or RANDOMISED_DESIGNS
    found = [
        ("Studies", said("The base holds {}. {} enter the meta-analyses of two groups; every other record is kept, with the reason why it does not enter.", num(count(len(base.studies), "study", "studies"), RECORDS), _listed([DESIGN_WORDS[one] for one in designs]).capitalize())),
        ("Effects", "What each report prints is recorded as printed, with its place. Effects and their variances are derived from it step by step; figures by arm are taken before a printed contrast. A figure that no report prints is marked as assumed wherever it is used."),
        ("Synthesis", said("{} The convention is {}. Each outcome below says in one sentence how it was pooled.", _model(own.model or "random", own.tau2 or preset.tau2, own.ci or preset.ci), num(f"{preset.key} ({typeset(preset.name)})", PROTOCOL))),
        ("What can be chosen", said("The engine worked out every analysis that this page offers before the page was written: all subsets of up to {}, and each study left out in turn and the named sets beyond that, under each model and interval on offer. The page looks them up and computes no statistics.", num(f"{EVERY_SUBSET_UP_TO} studies", RULE))),
        ("Risk of bias", _instruments(base.studies)),
        ("Integrity", "Percentages, means and standard deviations of whole steps, P values, effects and intervals were recomputed from the figures beside them, allowing for rounding. A finding is a question about figures, not about people: most turn out to be misprints, patients missing from an outcome, or a spread of another kind."),
        ("Certainty", _certainty(synthesis)),
    ]  # fmt: skip
    return [(head, text) for head, text in found if text]


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _model(model: str, tau2: str, ci: str) -> str:
    if model == "common":
        return "Effects are pooled by inverse variance in a common-effect model."
    spread = TAU2_NAMES.get(tau2, tau2)
    interval = (
        "the interval of Hartung, Knapp, Sidik and Jonkman where there are more than two studies and the estimated variance is above zero, else the Wald interval"
        if ci == "auto"
        else said("an interval {}", CI_NAMES.get(ci, ci))
    )
    return said(
        "Effects are pooled by inverse variance in a random-effects model, with the between-study variance by {}, and {}.",
        spread,
        interval,
    )


def _instruments(studies: Sequence[Study]) -> str:
    recorded = recorded_appraisals(studies)
    tools = tools_of(recorded)
    if not tools:
        return "No assessment of risk of bias is on record."
    names = [f"{instrument(key).name} ({instrument(key).version})" for key in tools]
    return said(
        "{} of results by {}; the judgement follows from the answers by the instrument's own rules, and a departure from it is marked with its reason.",
        num(count(len(recorded), "assessment"), ASSESSED),
        num(_listed(names), ASSESSED),
    )


def _certainty(synthesis: Synthesis) -> str:
    decided = [one for one in synthesis.with_data if one.outcome in synthesis.base.review.grade]
    if not decided:
        return "No outcome here has a decision of the panel under grade: in the protocol, so that no certainty of evidence is rated."
    return said(
        "GRADE, for {}: proposals from the data by stated rules, decisions and their reasons from the protocol.",
        num(count(len(decided), "outcome"), RATED),
    )


def method_sources(synthesis: Synthesis) -> list[Source]:
    """The works behind the methods that the numbers on the page come from."""
    keys: dict[str, None] = {}
    for one in synthesis.with_data:
        assert one.sizes is not None
        assert one.fit is not None
        for key in (MEASURES[one.sizes.measure].source, *_fit_sources(one.fit), *_step_sources(one.sizes.rows)):
            keys[key] = None
    found = [SOURCES[key] for key in keys if key in SOURCES]
    return sorted(found, key=lambda row: (row.authors, row.year))


def _fit_sources(fit: object) -> Iterable[str]:
    for table, key in (
        (TAU2, getattr(fit, "tau2_method", None)),
        (CI, getattr(fit, "ci_method", None)),
        (PREDICTION, getattr(fit, "prediction_method", None)),
        (TAU2_CI, getattr(fit, "tau2_ci_method", None)),
    ):
        row = table.get(key) if key else None
        source = getattr(row, "source", None)
        if isinstance(source, str):
            yield source


def _step_sources(rows: Iterable[StudyEffect]) -> Iterable[str]:
    for row in rows:
        yield from (step.source for step in row.derivation.steps)


@dataclass(frozen=True, slots=True)
class Reference:
    """One report as a reference list has it. links : text and address."""

    study: str
    label: str
    authors: str
    year: str
    title: str
    published: str
    links: tuple[tuple[str, str], ...]
    note: str


def reference(study: Study) -> Reference:
    """The citation of a record."""
    cited = study.citation
    authors = ", ".join(cited.authors) or study.id
    return Reference(
        study.id, study.label, authors, str(cited.year) if cited.year else "no year", cited.title or "No title recorded",
        _published(cited), tuple(_links(cited)), cited.note or "",
    )  # fmt: skip


def _published(cited: Citation) -> str:
    volume = (cited.volume or "") + (f"({cited.issue})" if cited.issue else "")
    place = ":".join(part for part in (volume, cited.pages or "") if part)
    return " ".join(part for part in (cited.journal or "", place) if part)


def _links(cited: Citation) -> Iterable[tuple[str, str]]:
    if cited.doi:
        yield f"doi:{cited.doi}", f"https://doi.org/{cited.doi}"
    if cited.pmid:
        yield f"PMID {cited.pmid}", f"https://pubmed.ncbi.nlm.nih.gov/{cited.pmid}/"
    if cited.pmcid:
        yield cited.pmcid, f"https://www.ncbi.nlm.nih.gov/pmc/articles/{cited.pmcid}/"
    if cited.url and cited.url.startswith(("https://", "http://")):
        yield cited.url, cited.url


def choice_words(choice: Choice) -> tuple[str, str]:
    """Model and interval of a choice, as the page's buttons name them."""
    model = {"random": "Random effects", "common": "Common effect"}[choice.model]
    interval = {"auto": "Automatic", "wald": "Wald", "hksj": "Hartung-Knapp"}.get(choice.ci)
    return model, interval or CI[choice.ci].name
