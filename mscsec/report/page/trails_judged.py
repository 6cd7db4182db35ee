"""Trails of judgements about figures: findings of integrity, risk of bias, and what an assumed value decides."""

from __future__ import annotations

from collections.abc import Iterator

from mscsec.appraisal.judgements import BiasRow, BiasTable
from mscsec.integrity.review import Located
from mscsec.integrity.table import INTEGRITY
from mscsec.integrity.verdict import Reading
from mscsec.records.nodes import Node, Path
from mscsec.records.reader import EvidenceBase
from mscsec.report.assumed import assumed_title
from mscsec.report.numbers import in_brackets
from mscsec.report.page.names import assumed_id, bias_id, finding_id, pooled_id, record_id
from mscsec.report.page.trails import Figure, Quote, Step, Trail, exact, source_words
from mscsec.synthesis.assumed import Sensitivity
from mscsec.synthesis.review import OutcomeSynthesis

MOST_NAMED = 8
MOST_READINGS = 4  # of the readings of a check that tried very many, these are shown, those that agree first


# --- integrity --------------------------------------------------------------------------------------------------


def finding_trail(base: EvidenceBase, place: int, each: Located) -> Trail:
    """From the figures that a check looked at to what it recomputed. place : of the finding among all."""
    check = INTEGRITY[each.verdict.check]
    quotes = (Quote(each.where or "", each.quote or ""),) if each.where or each.quote else ()
    return Trail(
        finding_id(place),
        f"{each.label}{f', {each.timepoint}' if each.timepoint else ''}: {check.name}",
        f"Check {check.key}, after {source_words(check.source)}",
        tuple(_figures(base, each)), quotes, tuple(_recomputed(each)),
        notes=tuple(f"Held against {other}" for other in each.others),
        links=((f"Figures of {each.label}", record_id(each.study)),),
    )  # fmt: skip


def _figures(base: EvidenceBase, each: Located) -> Iterator[Figure]:
    """The recorded figures of the result or arm that a finding is about, and the sizes of the arms."""
    root = base.documents[each.study].root
    parts: list[Path] = [each.path]
    if each.path[0] == "results":
        arm = each.path[: each.path.index("arms") + 2] if "arms" in each.path else each.path[:2]
        arms = [str(arm[-1])] if "arms" in arm else list(base.study(each.study).arms)
        parts = [arm, *(("arms", name, kind) for name in arms for kind in ("randomised", "n"))]
        parts += [("population", "randomised"), ("population", "analysed")]
    elif each.path[0] == "population":
        parts = [("population",), ("arms",)]
    for part in parts:
        node, steps = root.find(part)
        if steps == len(part):
            for path, leaf, why in _leaves(node, part):
                name = " ".join(_said(step) for step in (path[2:] if path[0] == "results" else path))
                yield Figure(name, leaf.text, f"{each.file}:{leaf.line}:{leaf.column}", why)


def _said(step: str | int) -> str:
    return str(step + 1) if isinstance(step, int) else step.replace("_", " ")


def _leaves(node: Node, path: Path) -> Iterator[tuple[Path, Node, str]]:
    """Every number below a node, with its path and why it is assumed; a registration is one as well."""
    value = node.value
    if isinstance(value, dict) and "value" in value:
        why = value["assumed"][1].text if "assumed" in value else ""
        yield path, value["value"][1], why
    elif isinstance(value, dict):
        for key, (_, inner) in value.items():
            if key != "source":
                yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*path, place))
    elif (isinstance(value, (int, float)) and not isinstance(value, bool)) or path[-1] in ("p", "registration"):
        yield path, node, ""


def _recomputed(each: Located) -> Iterator[Step]:
    verdict = each.verdict
    for one in sorted(verdict.readings, key=_best)[:MOST_READINGS]:
        kind = "usual reading" if one.usual else "another reading"
        yield Step(one.label, _value(one), f"{kind}: {'agrees' if one.fits else 'does not agree'}")
    left = verdict.readings and sorted(verdict.readings, key=_best)[MOST_READINGS:]
    if left:
        yield Step(f"{len(left)} more readings", "", "tried; " + ("none of them agrees" if not any(one.fits for one in left) else "some of them agree"))  # fmt: skip
    if any(one.value is not None for one in verdict.readings):
        return
    for name, value in verdict.numbers.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            yield Step(name.replace("_", " "), exact(float(value)), "recomputed")
        elif isinstance(value, (tuple, list)) and value and all(isinstance(one, (int, float)) for one in value):
            yield Step(name.replace("_", " "), ", ".join(f"{one:.6g}" for one in value[:MOST_NAMED]), "recomputed")


def _best(one: Reading) -> tuple[bool, bool]:
    """Those that agree first, then the usual ones."""
    return not one.fits, not one.usual


def _value(one: Reading) -> str:
    if one.value is None:
        return ""
    if one.low is None or one.high is None:
        return exact(one.value)
    return f"{exact(one.value)} ({exact(one.low)} to {exact(one.high)} by rounding)"


# --- risk of bias -----------------------------------------------------------------------------------------------


def bias_trail(base: EvidenceBase, found: OutcomeSynthesis, table: BiasTable, place: int, row: BiasRow) -> Trail:
    """The judgements of one assessment and what supports them, each at its line in the record."""
    figures = []
    at = _assessment(base, table, row)
    if at is not None and row.appraisal is not None:
        for item in row.appraisal.items:
            path: Path = ("risk_of_bias", at, "domains", item.id)
            node, steps = base.documents[row.study].root.find((*path, "support"))
            if steps < len(path) + 1:
                node, steps = base.documents[row.study].root.find(path)
            if steps >= len(path):
                figures.append(Figure(item.name, item.judgement or "open", f"{base.documents[row.study].file}:{node.line}:{node.column}"))  # fmt: skip
    return Trail(
        bias_id(found.outcome, place), f"{row.label}: risk of bias for {found.label}",
        f"{table.name}{f', by {row.assessor}' if row.assessor else ''}; the judgement follows from the recorded answers by the instrument's rules",
        tuple(figures), links=(("The pooled result", pooled_id(found.outcome)),),
    )  # fmt: skip


def _assessment(base: EvidenceBase, table: BiasTable, row: BiasRow) -> int | None:
    """Position of a row's assessment under `risk_of_bias:` of its record."""
    wanted = (table.tool, row.result, row.timepoint, row.assessor)
    for place, one in enumerate(base.study(row.study).risk_of_bias):
        if (one.tool, one.result, one.timepoint, one.assessor) == wanted:
            return place
    return None


# --- assumed values ---------------------------------------------------------------------------------------------


def assumed_trail(base: EvidenceBase, found: OutcomeSynthesis, item: Sensitivity) -> Trail:
    """An assumed quantity at its line, and the effects that it gives at each value of its range."""
    assert found.sizes is not None
    plan = getattr(base.review.outcomes[found.outcome], item.quantity)
    figures: tuple[Figure, ...] = ()
    if plan is not None:
        at = base.protocol.origin(("outcomes", found.outcome, item.quantity))
        figures = (Figure(item.name, at.text, str(at), plan.assumed or ""),)
    steps = [
        Step(
            f"{item.name} {point.value:g}", "; ".join(f"{one.label} {in_brackets(one.estimate, one.low, one.high)}" for one in point.studies),
            "as used" if point.used else "another value of the range that such guesses come from",
        )
        for point in item.points
    ]  # fmt: skip
    return Trail(
        assumed_id(found.outcome, item.quantity), f"{found.label}: {assumed_title(item, found.sizes)}",
        "The review's own analysis with the effects that each value gives", figures, steps=tuple(steps),
        links=(("The pooled result", pooled_id(found.outcome)),),
    )  # fmt: skip
