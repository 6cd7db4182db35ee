"""Small evidence bases, written as YAML and read back, so that a test goes the way of a record."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from mscsec.effects.collect import StudyEffect
from mscsec.effects.sizes import EffectSizes, effects
from mscsec.records.reader import EvidenceBase, load

OUTCOMES: dict[str, dict[str, Any]] = {
    "death": {"label": "Death", "type": "dichotomous", "better": "lower", "measure": "RR"},
    "stay": {
        "label": "Length of stay", "type": "continuous", "unit": "day", "better": "lower", "measure": "MD",
        "conversions": {"hour": 0.0416666666666667},
    },
    "survival": {"label": "Time to death", "type": "time-to-event", "better": "higher", "measure": "HR"},
    "falls": {"label": "Falls", "type": "count", "better": "lower", "measure": "IRR"},
    "link": {"label": "Correlation", "type": "correlation"},
    "effect": {"label": "Some effect", "type": "generic"},
}  # fmt: skip
COMPARISONS = {"main": {"experimental": ["a", "low", "high"], "comparator": ["c"]}}


class Plain(str):
    """Text that is written without quotes: a number with its decimals."""

    __slots__ = ()


def fixed(value: float, decimals: int) -> Plain:
    """A number as a paper prints it."""
    return Plain(f"{value:.{decimals}f}")


def flow(value: Any) -> str:
    """YAML in flow style, on one line."""
    if isinstance(value, Plain):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return json.dumps(value)


def document(content: dict[str, Any]) -> str:
    """One key a line at the top, one result or arm a line below it."""
    lines = []
    for key, value in content.items():
        if key == "results":
            lines.append("results:" if value else "results: []")
            lines += [f"  - {flow(result)}" for result in value]
        else:
            lines.append(f"{key}: {flow(value)}")
    return "\n".join(lines) + "\n"


def study(
    *results: dict[str, Any],
    name: str = "trial",
    n: tuple[Any, Any] | None = (20, 20),
    arms: dict[str, Any] | None = None,
    design: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A record: arms a (experimental) and c (comparator) unless others are given."""
    two = {"a": {"role": "experimental"}, "c": {"role": "comparator"}}
    for size, arm in zip(n or (), two.values(), strict=False):
        arm["n"] = size
    return {
        "schema": "mscsec/study/1",
        "id": name,
        "citation": {"title": f"Report of {name}", "authors": [f"Ada {name.capitalize()}"], "year": 2020},
        "design": {"type": "parallel-rct"} | (design or {}),
        "arms": arms or two,
        "results": list(results),
    } | more


def arm(role: str, n: Any = 20, **more: Any) -> dict[str, Any]:
    """One arm."""
    return {"role": role, "n": n} | more


THREE = {"low": arm("experimental", 40), "high": arm("experimental", 42), "c": arm("comparator", 44)}


def base_of(
    *studies: dict[str, Any], outcomes: dict[str, dict[str, Any]] | None = None, comparisons: Any = None, **review: Any
) -> EvidenceBase:
    """The base of these records; `outcomes` adds keys to the outcomes of the protocol."""
    merged = {key: plan | (outcomes or {}).get(key, {}) for key, plan in OUTCOMES.items()}
    protocol = {"schema": "mscsec/review/1", "title": "A review", "outcomes": merged}
    protocol |= {"comparisons": COMPARISONS if comparisons is None else comparisons} | review
    with tempfile.TemporaryDirectory() as folder:
        for content, name in ((protocol, "review"), *((record, record["id"]) for record in studies)):
            (Path(folder) / f"{name}.yaml").write_text(document(content), encoding="utf-8")
        return load(folder)


def sizes_of(outcome: str, *results: dict[str, Any], measure: str | None = None, **options: Any) -> EffectSizes:
    """Effects of one trial; keywords of `study` and `base_of` go there, the others to `effects`."""
    own = {key: options.pop(key) for key in ("n", "arms", "design", "name") if key in options}
    protocol = {key: options.pop(key) for key in ("outcomes", "comparisons", "analysis") if key in options}
    whole = [{"outcome": outcome} | result for result in results]
    return effects(base_of(study(*whole, **own), **protocol), outcome, measure=measure, **options)


def row_of(outcome: str, *results: dict[str, Any], **options: Any) -> StudyEffect:
    """The one effect of one trial."""
    (row,) = sizes_of(outcome, *results, **options).rows
    return row


def reason_of(outcome: str, *results: dict[str, Any], **options: Any) -> str:
    """Why the one trial does not enter."""
    found = sizes_of(outcome, *results, **options)
    assert found.rows == ()
    (left_out,) = found.excluded
    return left_out.reason


def two(a: dict[str, Any], c: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A result of two arms."""
    return {"arms": {"a": a, "c": c}} | more


def codes(row: StudyEffect) -> set[str]:
    """Codes of a row's flags, but for the mark that every printed contrast carries (E227)."""
    return {flag.code for flag in row.flags} - {"E227"}
