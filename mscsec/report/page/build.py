"""`review_page`: a synthesis in, one HTML file out. The same input gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mscsec.appraisal.absolute import AbsoluteEffect
from mscsec.appraisal.findings import SummaryOfFindings, summary_of_findings
from mscsec.records.quantities import Quantity
from mscsec.records.reader import EvidenceBase
from mscsec.report.assumed import assumed_row, assumed_title, assumed_verdict
from mscsec.report.findings import baseline_words, notices_on, per_1000, step_reason
from mscsec.report.material import printed
from mscsec.report.numbers import count, interval, level, number, p_value, percent, plural, variance
from mscsec.report.page.axis import WIDTH
from mscsec.report.page.links import Place, cite, of_outcome, of_rating, say, told
from mscsec.report.page.methods import method_sources, methods, reference
from mscsec.report.page.names import (
    FLOW,
    PROTOCOL_TRAIL,
    RECORDS_TRAIL,
    finding_id,
    outcome_id,
    pooled_id,
    record_id,
    slug,
    study_id,
)
from mscsec.report.page.trails import Trail, outcome_trails
from mscsec.report.page.trails_base import base_trails, flow_counts
from mscsec.report.page.trails_judged import assumed_trail, bias_trail, finding_trail
from mscsec.report.page.views import OutcomeView, lights, outcome_view, sensitivity_methods, study_view
from mscsec.report.places import from_folder, path_words
from mscsec.synthesis.certainty import Body
from mscsec.synthesis.review import Synthesis, nothing_to_report

TEMPLATES = Path(__file__).parent / "templates"


def review_page(synthesis: Synthesis, bodies: Mapping[str, Body], flow: bytes = b"") -> str:
    """The page. flow : a picture (SVG) of the flow of studies, where there is one; it is shown as an image, apart from the page.

    Raises NotEstimable where no outcome has data.
    """
    base = synthesis.base
    if not synthesis.with_data:
        raise nothing_to_report(synthesis)
    views = [outcome_view(base, one, bodies.get(one.outcome)) for one in synthesis.with_data]
    rated = [(body.evidence, body.certainty) for body in bodies.values()]
    findings = summary_of_findings(rated) if rated else None
    absolute = {name: row.absolute for name, row in zip(bodies, findings.rows, strict=True)} if findings else {}
    finding_to = {id(each): finding_id(place) for place, each in enumerate(synthesis.integrity.findings)}
    trails = [trail for view in views for trail in _trails(base, view, absolute.get(view.found.outcome))]
    trails += [finding_trail(base, place, each) for place, each in enumerate(synthesis.integrity.findings)]
    trails += base_trails(synthesis)
    style, script = _file("page.css"), _file("page.js")
    page = _environment().get_template("page.html.j2")
    return page.render(
        synthesis=synthesis,
        here=from_folder(base.folder),
        base=base,
        review=base.review,
        outcomes=views,
        without=[one for one in synthesis.outcomes if one.fit is None],
        findings=findings,
        graded=list(bodies),
        methods=methods(synthesis),
        studies=[study_view(study, views) for study in base.studies],
        references=[reference(study) for study in base.studies],
        sources=method_sources(synthesis),
        trails=trails,
        flow=_by_box(flow_counts(base.review.flow)),
        anchors={view.found.outcome: view.anchor for view in views},
        rated=_rated(findings, list(bodies)),
        whole=[each for each in synthesis.integrity.findings if each.outcome is None],
        finding_to=lambda each: finding_to[id(each)],
        flow_picture=f"data:image/svg+xml;base64,{base64.b64encode(flow).decode()}" if flow else "",
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
    )  # fmt: skip


def _trails(base: EvidenceBase, view: OutcomeView, absolute: AbsoluteEffect | None) -> Iterator[Trail]:
    """Every trail of one outcome."""
    found = view.found
    yield from outcome_trails(base, found, view.method, sensitivity_methods(found), view.body, absolute)
    if found.bias is not None:
        for place, row in enumerate(found.bias.standing):
            yield bias_trail(base, found, found.bias, place, row)
    for item in found.assumed:
        yield assumed_trail(base, found, item)


def _rated(findings: SummaryOfFindings | None, outcomes: Sequence[str]) -> list[tuple[str, str, Place]]:
    """The lettered notes of the summary of findings, each with the outcome that it is first about."""
    if findings is None:
        return []
    first: dict[str, str] = {}
    for outcome, row in zip(outcomes, findings.rows, strict=False):
        for mark in row.marks:
            first.setdefault(mark, outcome)
    return [(mark, note, of_rating(first[mark])) for mark, note in findings.notes.items()]


def _by_box(counts: Iterable[tuple[str, str, Quantity]]) -> dict[str, list[tuple[str, str]]]:
    """By box of the flow, its numbers: name within it, and digits as written."""
    found: dict[str, list[tuple[str, str]]] = {}
    for box, part, one in counts:
        found.setdefault(box, []).append((part, one.value.text))
    return found


def _file(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """A source expression of a Content-Security-Policy that allows exactly this text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip
    helpers: dict[str, Any] = {
        "number": number, "interval": interval, "percent": percent, "p_value": p_value, "variance": variance, "level": level,
        "count": count, "plural": plural, "slug": slug, "record_id": record_id, "lights": lights, "per_1000": per_1000,
        "share": _share, "say": say, "cite": cite, "told": told, "general": Place(RECORDS_TRAIL), "of_outcome": of_outcome, "of_rating": of_rating,
        "FLOW": FLOW, "RECORDS": RECORDS_TRAIL, "PROTOCOL": PROTOCOL_TRAIL, "outcome_id": outcome_id, "study_id": study_id, "pooled_id": pooled_id,
        "path_words": path_words, "printed": printed, "step_reason": step_reason, "baseline_words": baseline_words, "notices_on": notices_on, "assumed_title": assumed_title, "assumed_row": assumed_row, "assumed_verdict": assumed_verdict,
    }  # fmt: skip
    made.globals.update(helpers)
    return made


def _share(place: float) -> str:
    """A place as a percentage of the width, as SVG takes it."""
    return f"{100 * place / WIDTH:.6g}%"
