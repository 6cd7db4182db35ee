"""`review_page`: a synthesis in, one HTML file out. The same input gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mscsec.appraisal.findings import summary_of_findings
from mscsec.errors import NotEstimable
from mscsec.records.quantities import Quantity
from mscsec.report.numbers import count, interval, level, number, p_value, percent, plural, variance
from mscsec.report.page.axis import WIDTH
from mscsec.report.page.methods import method_sources, methods, reference
from mscsec.report.page.trails import flow_counts, flow_trail, outcome_trails, record_id, record_trail, slug
from mscsec.report.page.views import lights, outcome_view, sensitivity_methods, study_view
from mscsec.report.places import from_folder
from mscsec.synthesis.certainty import Body
from mscsec.synthesis.review import Synthesis

TEMPLATES = Path(__file__).parent / "templates"


def review_page(synthesis: Synthesis, bodies: Mapping[str, Body], flow: bytes = b"") -> str:
    """The page. flow : a picture (SVG) of the flow of studies, where there is one; it is shown as an image, apart from the page.

    Raises NotEstimable where no outcome has data.
    """
    base = synthesis.base
    if not synthesis.with_data:
        why = "; ".join(f"{one.outcome}: {one.problem}" for one in synthesis.outcomes if one.problem)
        raise NotEstimable(
            "no outcome of the review has a study that contributes to it, so there is nothing to report"
            + (f". {why}" if why else "")
        )
    views = [outcome_view(base, one, bodies.get(one.outcome)) for one in synthesis.with_data]
    rated = [(body.evidence, body.certainty) for body in bodies.values()]
    findings = summary_of_findings(rated) if rated else None
    absolute = {name: row.absolute for name, row in zip(bodies, findings.rows, strict=True)} if findings else {}
    counted = _by_box(flow_counts(base.review.flow))
    trails = [
        trail
        for view in views
        for trail in outcome_trails(
            base, view.found, view.method, sensitivity_methods(view.found), view.body, absolute.get(view.found.outcome)
        )
    ]
    trails += [record_trail(base, study) for study in base.studies]
    trails += [flow_trail(base)] if counted else []
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
        flow=counted,
        flow_picture=f"data:image/svg+xml;base64,{base64.b64encode(flow).decode()}" if flow else "",
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
    )  # fmt: skip


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
        "count": count, "plural": plural, "slug": slug, "record_id": record_id, "lights": lights, "per_1000": _per_1000,
        "share": _share,
    }  # fmt: skip
    made.globals.update(helpers)
    return made


def _per_1000(risk: float) -> int:
    return int(1000 * risk + 0.5 + 1e-9)


def _share(place: float) -> str:
    """A place as a percentage of the width, as SVG takes it."""
    return f"{100 * place / WIDTH:.6g}%"
