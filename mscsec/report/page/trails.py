"""Trails: what stands behind a number, from the printed figure through each step to the estimate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mscsec.appraisal.absolute import AbsoluteEffect
from mscsec.effects.collect import StudyEffect
from mscsec.effects.sizes import EffectSizes
from mscsec.pooling.result import PooledResult
from mscsec.records.reader import EvidenceBase
from mscsec.report.numbers import in_brackets, level, number, p_value, percent
from mscsec.report.page.names import grade_id, pooled_id, record_id, set_id, study_id
from mscsec.sources import SOURCES
from mscsec.synthesis.certainty import Body
from mscsec.synthesis.review import OutcomeSynthesis, Sensitivity


@dataclass(frozen=True, slots=True)
class Figure:
    """A printed figure: its name, digits as written, `file:line:column`, and why it is believed where it is assumed."""

    name: str
    text: str
    place: str
    assumed: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """A place in the paper and its words there."""

    where: str
    words: str


@dataclass(frozen=True, slots=True)
class Step:
    """One calculation: name, value, formula, what went in, and its source."""

    result: str
    value: str
    formula: str
    inputs: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A study in a pooled estimate: link to its trail, effect, variance, share."""

    label: str
    to: str
    yi: str
    vi: str
    weight: str


@dataclass(frozen=True, slots=True)
class Trail:
    """One entry of the list of trails. `links` lead on: text and the trail's id."""

    id: str
    title: str
    words: str = ""
    figures: tuple[Figure, ...] = ()
    quotes: tuple[Quote, ...] = ()
    steps: tuple[Step, ...] = ()
    members: tuple[Member, ...] = ()
    notes: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def exact(value: float | None) -> str:
    """A value of a calculation: six significant digits."""
    return "–" if value is None else f"{value:.6g}"


def source_words(key: str) -> str:
    """ "Higgins 2024", from a key of SOURCES; the key itself where it is none."""
    row = SOURCES.get(key)
    return f"{row.authors.split(',')[0].rsplit(' ', 1)[0]} {row.year}" if row else key


# --- one study's effect -----------------------------------------------------------------------------------------


def effect_trail(base: EvidenceBase, sizes: EffectSizes, row: StudyEffect, fit: PooledResult, share: float) -> Trail:
    """From the figures of one study to its effect and its share of the pooled estimate."""
    derivation = row.derivation
    figures = tuple(
        Figure(one.name, one.text, str(base.origin(row.record, one.path)), one.assumed or "")
        for one in derivation.figures
    )
    quotes = dict.fromkeys((one.where or "", one.quote or "") for one in derivation.figures if one.where or one.quote)
    steps = [
        Step(
            one.result, exact(one.value), one.formula,
            ", ".join(f"{name} = {exact(value)}" for name, value in one.inputs), source_words(one.source),
        )
        for one in derivation.steps
    ]  # fmt: skip
    steps += _study_interval(sizes, row, fit)
    notes = tuple(dict.fromkeys(flag.text for flag in row.flags))
    return Trail(
        study_id(sizes.outcome, row.study),
        f"{row.label}: {sizes.measure} {in_brackets(row.estimate, row.low, row.high)}",
        f"{sizes.outcome_label}; {derivation.words}",
        figures,
        tuple(Quote(*one) for one in quotes),
        tuple(steps),
        notes=notes,
        links=(
            (f"{percent(share)} of the pooled estimate", pooled_id(sizes.outcome)),
            (f"Figures of {row.label}", record_id(row.record)),
        ),
    )


def _study_interval(sizes: EffectSizes, row: StudyEffect, fit: PooledResult) -> Iterator[Step]:
    yield Step(
        "interval",
        f"{exact(row.ci_low)} to {exact(row.ci_high)}",
        f"yi ± the normal quantile for {level(sizes.level)} times the square root of vi",
        f"yi = {exact(row.yi)}, vi = {exact(row.vi)}",
    )
    if sizes.transform != "identity":
        yield Step(
            "shown",
            in_brackets(row.estimate, row.low, row.high),
            f"back from the analysis scale ({sizes.transform})",
        )
    if fit.model == "random":
        yield Step(
            "weight", "", "1 / (vi + tau2), as a share of all", f"vi = {exact(row.vi)}, tau2 = {exact(fit.tau2)}"
        )
    elif fit.model == "common":
        yield Step("weight", "", "1 / vi, as a share of all", f"vi = {exact(row.vi)}")


# --- the pooled estimate ----------------------------------------------------------------------------------------


def pooled_trail(sizes: EffectSizes, fit: PooledResult, words: str) -> Trail:
    """From the effects of the studies to everything that is printed of the pooled result."""
    shown = fit.display
    members = tuple(
        Member(row.label, study_id(sizes.outcome, row.study), exact(row.yi), exact(row.vi), percent(share))
        for row, share in zip(sizes.rows, fit.weights, strict=True)
    )
    title = f"{sizes.outcome_label}: {sizes.measure} {in_brackets(shown.estimate, shown.ci_low, shown.ci_high)}"
    return Trail(
        pooled_id(sizes.outcome), title, words, members=members, steps=tuple(_pooled_steps(sizes, fit)),
        notes=tuple(str(notice) for notice in fit.warnings),
    )  # fmt: skip


def _pooled_steps(sizes: EffectSizes, fit: PooledResult) -> Iterator[Step]:
    if fit.q is not None:
        yield Step(
            "Q",
            f"{exact(fit.q)}, df = {fit.q_df:g}, {p_value(fit.q_p)}",
            "squared distances from the common-effect mean, each over its vi",
        )
    if fit.tau2 is not None:
        bounds = (
            ""
            if fit.tau2_ci_low is None
            else f"{level(fit.level)} interval {exact(fit.tau2_ci_low)} to {exact(fit.tau2_ci_high)} ({fit.tau2_ci_method})"
        )
        yield Step("tau2", exact(fit.tau2), f"between-study variance by {fit.tau2_method}", bounds)
    if fit.i2 is not None:
        form = "tau2 / (tau2 + typical vi)" if fit.model == "random" and fit.tau2 is not None else "(Q - df) / Q"
        yield Step("I2", percent(fit.i2), form)
    yield Step("estimate", exact(fit.estimate), "sum of weight times yi" if fit.k > 1 else "yi of the one study")
    yield Step("standard error", exact(fit.se), f"for the {fit.ci_method} interval")
    on = "the normal distribution" if fit.df is None else f"t with {fit.df:.4g} degrees of freedom"
    yield Step(
        "interval",
        f"{exact(fit.ci_low)} to {exact(fit.ci_high)}",
        f"{level(fit.level)}, from {on}",
        f"statistic {exact(fit.statistic)}, {p_value(fit.p_value)}",
    )
    if fit.prediction_low is not None:
        yield Step(
            "prediction interval",
            f"{exact(fit.prediction_low)} to {exact(fit.prediction_high)}",
            f"for the effect in a new study ({fit.prediction_method})",
        )
    if sizes.transform != "identity":
        shown = fit.display
        back = in_brackets(shown.estimate, shown.ci_low, shown.ci_high)
        yield Step("shown", back, f"back from the analysis scale ({sizes.transform})")


def set_trail(found: OutcomeSynthesis, place: int, one: Sensitivity, method: str) -> Trail:
    """Of one row of the sensitivity table: which studies are in it, and by which method."""
    assert found.combinations is not None
    assert found.sizes is not None
    table, sizes = found.combinations, found.sizes
    inside = table.members[one.row].tolist()
    column = table.columns[one.choice]
    out = [row.label for row, there in zip(sizes.rows, inside, strict=True) if not there]
    said = f"{sum(inside)} of {len(inside)} studies; {method}"
    steps = (
        Step("tau2", exact(_known(column.tau2[one.row])), "between-study variance of these studies"),
        Step("estimate", number(_known(column.estimate[one.row])), "sum of weight times yi over these studies, as shown"),
    )  # fmt: skip
    return Trail(
        set_id(sizes.outcome, place), f"{sizes.outcome_label}: {one.name}", said, steps=steps,
        notes=(f"Left out: {', '.join(out)}",) if out else (),
        links=(("The effects and variances of all studies", pooled_id(sizes.outcome)),),
    )  # fmt: skip


def _known(value: float) -> float | None:
    return None if value != value else float(value)


# --- certainty ------------------------------------------------------------------


def grade_trail(
    base: EvidenceBase, body: Body, absolute: AbsoluteEffect | None, sizes: EffectSizes | None = None
) -> Trail:
    """The absolute effect and the steps of the rating, with the numbers that they looked at."""
    rated = body.certainty
    steps = [
        *_risks(body, absolute),
        *_threshold(body),
        *_judged(body, sizes),
        Step("start", rated.start, rated.start_reason),
    ]
    for step in rated.steps:
        looked = ", ".join(
            f"{name.replace('_', ' ')} {_value(value)}" for name, value in step.numbers.items() if value is not None
        )
        steps.append(Step(step.name, f"{step.change:+d}" if step.change else "0", step.reason, looked))
    steps.append(Step("certainty", rated.level, rated.meaning))
    return Trail(
        grade_id(body.outcome),
        f"{rated.outcome}: {rated.level} certainty",
        f"Target: {rated.target}",
        _stated(base, body),
        _source(base, body),
        steps=tuple(steps),
        links=(("The pooled result", pooled_id(body.outcome)),),
    )


def _risks(body: Body, absolute: AbsoluteEffect | None) -> Iterator[Step]:
    """From the baseline risk to the risk with the intervention and their difference."""
    if body.evidence.participants is not None:
        yield Step("participants", str(body.evidence.participants), "both arms of the pooled studies, added")
    if absolute is None:
        return
    yield Step("baseline risk", exact(absolute.baseline), body.baseline_from)
    yield Step(
        "risk with the intervention",
        f"{exact(absolute.risk)} ({exact(absolute.risk_low)} to {exact(absolute.risk_high)})",
        f"the pooled effect at the baseline risk ({absolute.measure})",
        f"effect {exact(body.evidence.estimate)} ({exact(body.evidence.ci_low)} to {exact(body.evidence.ci_high)}) on the analysis scale",
    )
    yield Step("difference", exact(absolute.difference), "risk with the intervention less baseline risk", absolute.text)


def _threshold(body: Body) -> Iterator[Step]:
    """The smallest difference that matters, on the scale on which the interval is held against it."""
    evidence = body.evidence
    if evidence.threshold is not None and evidence.has_absolute and evidence.important_ratio is not None:
        yield Step(
            "important difference", f"{1000 * evidence.threshold:.0f} per 1000", "the baseline risk at the important ratio, less the baseline risk",
            f"ratio {exact(evidence.important_ratio)}, baseline risk {exact(evidence.baseline_risk)}",
        )  # fmt: skip
    looked = next((step.numbers for step in body.certainty.steps if step.domain == "imprecision"), {})
    if looked.get("information_size") is not None:
        yield Step("optimal information size", str(looked["information_size"]), "both groups of one adequate trial at two-sided alpha 0.05 and power 0.80, for the effect named in the reason", "", "Guyatt 2011")  # fmt: skip


def _source(base: EvidenceBase, body: Body) -> tuple[Quote, ...]:
    decision = base.review.grade.get(body.outcome)
    source = decision.baseline_risk.source if decision is not None and decision.baseline_risk is not None else None
    return () if source is None else (Quote(source.where, source.text or ""),)


def _value(value: object) -> str:
    return exact(value) if isinstance(value, float) else str(value)


def _stated(base: EvidenceBase, body: Body) -> tuple[Figure, ...]:
    """What the protocol states for the rating: the assumed risk, what difference is important, and each decision."""
    outcome, origin = body.outcome, base.protocol.origin
    decision = base.review.grade.get(outcome)
    found = []

    def add(name: str, assumed: str, *path: str | int) -> None:
        at = origin(path)
        found.append(Figure(name, at.text, str(at), assumed))

    if base.review.outcomes[outcome].important_difference is not None:
        add("important difference", "", "outcomes", outcome, "important_difference")
    if decision is None:
        return tuple(found)
    if decision.baseline_risk is not None:
        add("baseline risk", decision.baseline_risk.assumed or "", "grade", outcome, "baseline_risk")
    for place, _ in enumerate(decision.sizes or ()):
        add(f"{('small', 'moderate', 'large')[place]} effect from", "", "grade", outcome, "sizes", place)
    for place, _ in enumerate(decision.suspicions):
        add("suspicion", "", "grade", outcome, "suspicions", place)
    for step in body.certainty.steps:
        if getattr(decision, step.domain, None) is not None:
            add(f"{step.name}: levels decided", "", "grade", outcome, step.domain, "levels")
    return tuple(found)


def _judged(body: Body, sizes: EffectSizes | None) -> Iterator[Step]:
    """Weight and overall judgement of each study, from which the shares of the weight are added up."""
    evidence = body.evidence
    if sizes is None or not evidence.judgements or not evidence.weights:
        return
    for row, weight, word in zip(sizes.rows, evidence.weights, evidence.judgements, strict=True):
        yield Step(row.label, percent(weight), f"of the weight; overall risk of bias: {word or 'not assessed'}")


def outcome_trails(
    base: EvidenceBase,
    found: OutcomeSynthesis,
    words: str,
    methods: Sequence[str],
    body: Body | None,
    absolute: AbsoluteEffect | None = None,
) -> Iterator[Trail]:
    """Every trail of one outcome. words : of its method. methods : those of the sensitivity table's rows.

    absolute : its risks in the summary of findings, where it has some.
    """
    if found.sizes is None or found.fit is None:
        return
    yield pooled_trail(found.sizes, found.fit, words)
    for row, share in zip(found.sizes.rows, found.fit.weights, strict=True):
        yield effect_trail(base, found.sizes, row, found.fit, share)
    for place, (one, method) in enumerate(zip(found.sensitivity, methods, strict=True)):
        if one.kind != "own":
            yield set_trail(found, place, one, method)
    if body is not None:
        yield grade_trail(base, body, absolute, found.sizes)
