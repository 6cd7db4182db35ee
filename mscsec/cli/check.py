"""`mscsec check`: every problem of every record at once, at its line and column."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from mscsec.appraisal.flags import contradictions
from mscsec.cli import options as opt
from mscsec.cli.assessments import assessment_problems, unfinished
from mscsec.cli.output import document, emit, json_text, say
from mscsec.codes import CODES
from mscsec.effects.measures import MEASURES
from mscsec.errors import UnknownMethod
from mscsec.problems import Problem
from mscsec.records.checks import Finding
from mscsec.records.reader import EvidenceBase, inspect
from mscsec.registry import choose
from mscsec.report.numbers import count
from mscsec.synthesis.fit import problems_of as problems_of_analysis

Format = Annotated[
    str, typer.Option("--output-format", metavar="FORMAT", help="text, json, github (annotations) or sarif.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Check, too, whether the reported figures can be true (see mscsec integrity).")
]
FORMATS = ("text", "json", "github", "sarif")


def command(
    strict: Strict = False,
    studies: opt.Studies = None,
    output_format: Format = "text",
    json: opt.AsJson = False,
) -> None:
    """Check the protocol and every record; exit 1 where an error is found.

    Every problem is listed as file:line:column with what was found, the rule, and what to write instead.
    A rule between values can be silenced where it stands: # mscsec: ignore[R214] reason

    \b
    Examples:
      mscsec check
      mscsec check --strict
      mscsec check --studies my-review --output-format github
    """
    chosen = choose_format(output_format, json)
    base, problems = inspect(studies)
    further_problems = further(base) if base is not None else []
    if strict and base is not None:
        from mscsec.integrity.problems import problems_of  # every check of figures, which plain `check` does without
        from mscsec.integrity.review import review

        further_problems += problems_of(base, review(base))
    problems = sorted((*problems, *further_problems), key=lambda problem: problem.sort_key)
    emit(render(problems, chosen))
    if chosen == "text":
        say(summary(base, problems))
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)


def choose_format(asked: str, json: bool) -> str:
    """The output format; raises UnknownMethod for one that does not exist."""
    if asked not in FORMATS:
        raise UnknownMethod("output format", asked, FORMATS)
    return "json" if json else asked


def further(base: EvidenceBase) -> list[Problem]:
    """What the reader of records cannot know: measures and methods that do not exist, blinding flags that contradict each other,
    assessments that do not fit their instrument, and (as warnings) those that are not finished."""
    found: list[Problem | None] = [*assessment_problems(base), *unfinished(base)]
    for name, outcome in base.review.outcomes.items():
        if outcome.measure is not None:
            try:
                choose(MEASURES, outcome.measure, "measure")
            except UnknownMethod as error:
                found.append(
                    base.protocol.problem(
                        Finding(
                            ("outcomes", name, "measure"),
                            "R216",
                            f"found the measure {outcome.measure!r}",
                            error.message,
                        )
                    )
                )
    found += problems_of_analysis(base, base.review.analysis)
    for study in base.studies:
        document_of = base.documents[study.id]
        for contradiction in contradictions(study):
            found.append(
                document_of.problem(
                    Finding(
                        contradiction.path,
                        "B010",
                        contradiction.message,
                        "the flags of a design agree with each other",
                        "Correct the one that is wrong",
                    )
                )
            )
    return [problem for problem in found if problem is not None]


def summary(base: EvidenceBase | None, problems: list[Problem]) -> str:
    """One closing line."""
    errors = [problem for problem in problems if problem.severity == "error"]
    warned = count(len(problems) - len(errors), "warning")
    if not errors and base is not None:
        told = "no problems" if not problems else f"no errors, {warned}"
        return f"{base.folder}: {count(len(base.studies), 'study', 'studies')}, {count(len(base.review.outcomes), 'outcome')}, {told}"
    files = len({problem.file for problem in errors})
    more = f" and {warned}" if len(errors) < len(problems) else ""
    return f"{count(len(errors), 'problem')} in {count(files, 'file')}{more}. `mscsec explain CODE` says more."


def render(problems: list[Problem], output_format: str) -> str:
    """The problems in one of `FORMATS`."""
    if output_format == "json":
        return json_text(document("check", problems=problems))
    if output_format == "github":
        return "".join(
            f"::{p.severity} file={_escape(p.file, True)},line={p.line},col={p.column},title={p.code}::{_escape(p.message)}\n"
            for p in problems
        )
    if output_format == "sarif":
        return json_text(_sarif(problems))
    return "".join(problem.render() + "\n" for problem in problems)


def _escape(text: str, in_property: bool = False) -> str:
    """GitHub's escapes for workflow commands."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text


def _sarif(problems: list[Problem]) -> dict[str, object]:
    """SARIF 2.1.0, as code-scanning services read it."""
    codes = sorted({problem.code for problem in problems})
    rules = [{"id": code, "shortDescription": {"text": CODES[code].title if code in CODES else code}} for code in codes]
    results = [
        {
            "ruleId": problem.code,
            "level": problem.severity,
            "message": {"text": problem.message},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(problem.file)},
                        "region": {"startLine": problem.line, "startColumn": problem.column},
                    }
                }
            ],
        }
        for problem in problems
    ]
    driver = {"name": "mscsec", "informationUri": "https://pypi.org/project/mscsec/", "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
