"""The questions of `add-study` at a terminal; each answer is validated by the model's own rule before the next is asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, get_args

import typer
from pydantic import BaseModel, TypeAdapter, ValidationError

from mscsec.cli.output import say
from mscsec.records.explain import value_words
from mscsec.records.models import Arm, ArmResult, Blinding, Citation, Design, Reported, Review, Study, StudyResult
from mscsec.records.models import Outcome as OutcomePlan
from mscsec.records.number import resolve
from mscsec.records.quantities import SourceNote, known_keys
from mscsec.records.reader import read_study, study_findings
from mscsec.records.writer import dump_study

Answer = Any


def interview(review: Review, folder: str, taken: Sequence[str]) -> str:
    """Asks for one record and gives it as YAML text. An empty answer leaves a field out; Ctrl-C leaves nothing behind."""
    say(f"A new study for {folder}. Empty leaves a field out, Ctrl-C stops and writes nothing.")
    record: dict[str, Any] = {"schema": "mscsec/study/1", "id": _id(taken)}
    say("\nCitation")
    record["citation"] = _fields(Citation, ("title", "year", "journal", "doi"))
    authors = _ask(
        "authors, separated by semicolons", lambda text: [name.strip() for name in text.split(";") if name.strip()]
    )
    if authors:
        record["citation"]["authors"] = authors
    say("\nDesign")
    record["design"] = _design()
    say("\nArms")
    record["arms"] = _arms(review, record["design"]["type"])
    say("\nResults")
    record["results"] = _results(review, record)
    return dump_study(record)


def _id(taken: Sequence[str]) -> str:
    field = known_keys(Study)["id"]

    def check(text: str) -> str:
        if text in taken:
            raise ValueError(f"{text} is taken")
        return str(_validated(field, text))

    return str(_ask("id (first author and year, such as roe2021)", check, required=True))


def _design() -> dict[str, Any]:
    design = _fields(Design, ("type",), required=True)
    if design["type"].endswith("rct"):
        design["randomised"] = True
    design |= _fields(Design, ("sequence_generation", "allocation_concealment", "open_label"))
    blinding = _fields(Blinding, ("participants", "personnel", "assessors"), prefix="blinding of ")
    return design | ({"blinding": blinding} if blinding else {}) | _fields(Design, ("country", "registration"))


def _arms(review: Review, design: str) -> dict[str, Any]:
    words = sorted({word for item in review.comparisons.values() for word in (*item.experimental, *item.comparator)})
    if words:
        say(f"Treatments named by the comparisons: {', '.join(words)}")
    arms: dict[str, Any] = {}
    for role in ("experimental",) if design == "single-arm" else ("experimental", "comparator"):
        arms |= _arm(role, arms)
    while confirm("A further arm?", default=False):
        arms |= _arm(None, arms)
    return arms


def _arm(role: str | None, taken: dict[str, Any]) -> dict[str, Any]:
    what = f"{role} arm" if role else "arm"

    def check(text: str) -> str:
        if text in taken or not text.replace("_", "").isalnum():
            raise ValueError("one short word that no other arm has")
        return text

    name = str(_ask(f"{what}: id (one short word)", check, required=True))
    arm = {"role": role} if role else _fields(Arm, ("role",), required=True)
    return {name: arm | _fields(Arm, ("label", "treatment", "n"), prefix=f"{name}: ")}


_FIGURES = {
    "dichotomous": ("events", "percent"),
    "continuous": ("mean", "sd", "median", "iqr", "range"),
    "count": ("events", "time"),
}


def _results(review: Review, record: dict[str, Any]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    say(f"Outcomes: {', '.join(review.outcomes)}")
    while True:
        outcome = _ask(
            "outcome" + ("" if not results else " (empty: no more)"),
            lambda text: _one_of(text, list(review.outcomes)),
            required=not results,
        )
        if not outcome:
            return results
        result = _result(outcome, review.outcomes[outcome], record["arms"])
        broken = _broken_rules({**record, "results": [*results, result]}, review)
        if broken:
            say("\n".join(f"  {text}" for text in broken) + "\n  This result is asked again.")
        else:
            results.append(result)


def _broken_rules(record: dict[str, Any], review: Review) -> list[str]:
    """What is wrong between the figures of the results, which no single answer can show."""
    study, _, problems = read_study("<answers>", dump_study(record))
    if study is None:
        return [problem.message for problem in problems]
    findings = [finding for finding in study_findings(study, review) if finding.path[0] == "results"]
    return ["; ".join(part for part in (item.found, item.rule, item.instead) if part) for item in findings]


def _result(outcome: str, plan: OutcomePlan, arms: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"outcome": outcome} | _fields(StudyResult, ("timepoint",))
    if plan.unit:
        result["unit"] = (
            _ask(f"unit [{plan.unit}]", lambda text: _one_of(text, [plan.unit or "", *plan.conversions])) or plan.unit
        )
    names = _FIGURES.get(plan.type, ())
    figures = {name: _fields(ArmResult, names, prefix=f"{name}: ") for name in arms} if names else {}
    figures = {name: given for name, given in figures.items() if given}
    if figures:
        result["arms"] = figures
    reported = _fields(Reported, ("p",), prefix="reported ")
    if reported:
        result["reported"] = reported
    result["source"] = _fields(SourceNote, ("where", "text"), prefix="source: ", required=True)
    return result


def _fields(model: type[BaseModel], names: Sequence[str], prefix: str = "", required: bool = False) -> dict[str, Any]:
    """Answers to some fields of a model, each validated by that field."""
    answers = {}
    for name in names:
        field = known_keys(model)[name]
        choices = _choices(field.annotation)
        hint = f" ({' | '.join(choices)})" if choices else " (true | false)" if "bool" in str(field.annotation) else ""
        hint = hint or (" (low, high)" if name in ("iqr", "range", "ci") else "")

        def check(text: str, field: Any = field, pair: bool = name in ("iqr", "range", "ci")) -> Answer:
            value: Any = (
                [resolve(part.strip(), True) for part in text.strip("[] ").split(",")] if pair else resolve(text, True)
            )
            _validated(field, value)
            return value

        answer = _ask(f"{prefix}{name}{hint}", check, required)
        if answer is not None:
            answers[name] = answer
    return answers


def _validated(field: Any, value: Any) -> Any:
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    return TypeAdapter(kind).validate_python(value)


def _choices(annotation: Any) -> list[str]:
    found = [item for item in get_args(annotation) if isinstance(item, str)]
    return found or [item for part in get_args(annotation) for item in _choices(part)]


def _one_of(text: str, known: list[str]) -> str:
    if text not in known:
        raise ValueError(f"one of: {', '.join(known)}")
    return text


def confirm(question: str, default: bool) -> bool:
    """A question of yes or no; the default for an empty answer."""
    answers = {"": default, "y": True, "yes": True, "n": False, "no": False}
    while True:
        text = _line(f"{question} [{'Y/n' if default else 'y/N'}]").lower()
        if text in answers:
            return answers[text]
        say("  write y or n")


def _line(question: str) -> str:
    """One line from the terminal. The question is talk, so it goes to stderr, and nothing of it to stdout."""
    print(f"{question}: ", end="", file=sys.stderr, flush=True)
    try:
        return input().strip()
    except EOFError:
        raise typer.Abort from None


def _ask(question: str, check: Callable[[str], Answer], required: bool = False) -> Answer:
    """Asks until the answer passes; None for an empty one."""
    while True:
        text = _line(question)
        if not text and not required:
            return None
        try:
            if text:
                return check(text)
            say("  an answer is needed here")
        except ValidationError as error:
            _, *parts = value_words(error.errors(include_url=False)[0], (question.split(" ")[0],))
            say("  " + "; ".join(part for part in parts if part))
        except ValueError as error:
            say(f"  {error}")
