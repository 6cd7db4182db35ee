"""The checks between results of one record, and between records: totals, baseline, copied figures, registrations."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

import numpy as np
from scipy.special import chdtr

from mscsec.errors import MscsecError
from mscsec.integrity.across import (
    BaselineVariable,
    SharedFigures,
    shared_figures,
    shared_registrations,
    significant_digits,
)
from mscsec.integrity.checks_across import check_baseline, check_shared_registration, told_of_shared
from mscsec.integrity.located import Verdicts, attempt
from mscsec.integrity.printed import Figure, printed
from mscsec.integrity.sample_sizes import size_of
from mscsec.integrity.verdict import Finding, Verdict
from mscsec.records.models import ArmResult, Review, Study, StudyResult
from mscsec.records.nodes import Path
from mscsec.records.quantities import SampleSize
from mscsec.said import said

_LEAST_BASELINE = 3  # variables below which a baseline table says next to nothing
_LEAST_SHARED = 3  # different figures that two records must share
_CHANCE, _NO_CHANCE = 0.05, 1e-6  # bounds on the chance of it, over the whole base
_MANY_RECORDS = 300
_TELLING_DIGITS = 2  # a figure of one digit is shared by one pair of trials in ten
_SAME_SD_DIGITS = 3
_SELDOM = 0.01  # chance, over the whole base, below which a coincidence is worth a question


def study_verdicts(study: Study, rounding: str) -> Verdicts:
    """Checks over the whole of one record."""
    yield from _totals(study)
    yield from _sizes_within(study)
    yield from _baseline(study, rounding)


def _firm(quantity: SampleSize | None) -> int | None:
    return int(quantity.value) if quantity is not None and quantity.assumed is None else None


def _totals(study: Study) -> Verdicts:
    """The arms against the patients of the trial: analysed against analysed, randomised against randomised."""
    people = study.population
    for field, total, path in (
        ("randomised", _firm(people.randomised), ("population", "randomised")),
        ("n", _firm(people.analysed), ("population", "analysed")),
    ):
        parts = [_firm(getattr(arm, field)) for arm in study.arms.values()]
        known = [part for part in parts if part is not None]
        if total is None or len(parts) < 2 or len(known) != len(parts):
            continue
        yield path, attempt("I101", known, total, what=f"arms ({'analysed' if field == 'n' else field})")
    sizes = [_firm(arm.n) for arm in study.arms.values()]
    most = _firm(people.randomised) or _firm(people.enrolled)
    if most is not None and len(sizes) > 1 and all(sizes) and study.design.type != "crossover-rct":
        yield ("population",), _within(sum(size or 0 for size in sizes), most, "patients of all arms", "in the trial")


def _within(part: int, total: int, what: str, whole: str) -> Verdict:
    fits = part <= total
    return Verdict(
        "I101",
        Finding.CONSISTENT if fits else Finding.INCONSISTENT,
        said("{} {}, {} {}", part, what, total, whole),
        "each patient is in one arm",
        said("{} is {} {}", part, "at most" if fits else "more than", total),
        question="" if fits else "How many patients were randomised to each arm, and how many analysed?",
        numbers={"difference": total - part},
    )


def _sizes_within(study: Study) -> Verdicts:
    """The n of a result against the randomised of its arm."""
    for index, result in enumerate(study.results):
        for name, arm in result.arms.items():
            own = _firm(arm.n)
            randomised = _firm(study.arms[name].randomised) if name in study.arms else None
            if own is not None and randomised is not None:
                path = ("results", index, "arms", name, "n")
                yield path, _within(own, randomised, "patients in this result", "randomised to the arm")


def _baseline(study: Study, rounding: str) -> Verdicts:
    """Carlisle's check on the baseline values that stand beside the results of a randomised trial."""
    if not study.design.randomised or study.design.type != "parallel-rct":
        return
    variables: dict[str, BaselineVariable] = {}
    path: Path = ()
    for index, result in enumerate(study.results):
        rows = [
            (arm.baseline.mean.value, arm.baseline.sd.value, size.n)
            for name, arm in result.arms.items()
            if arm.baseline is not None and arm.baseline.sd is not None
            if (size := size_of(study, result, name, arm.baseline.n)) is not None
        ]
        if len(rows) > 1 and result.outcome not in variables:
            means, sds, ns = zip(*rows, strict=True)
            variables[result.outcome] = BaselineVariable(result.outcome, means, sds, ns)
            path = path or ("results", index, "arms", next(iter(result.arms)), "baseline")
    if len(variables) >= _LEAST_BASELINE:
        rng = np.random.default_rng(zlib.crc32(study.id.encode()))  # the same record gives the same answer
        try:
            yield path, check_baseline(tuple(variables.values()), rng, rounding=rounding)
        except MscsecError as error:
            yield path, Verdict("I503", Finding.UNDECIDED, "baseline", "", error.message)


@dataclass(frozen=True, slots=True)
class BetweenRecords:
    """A verdict about several records; it stands at `path` of `study`, and `others` name the rest by id and path."""

    study: str
    path: Path
    verdict: Verdict
    others: tuple[tuple[str, Path], ...]


def base_verdicts(studies: Sequence[Study], review: Review, outcome: str | None = None) -> Iterator[BetweenRecords]:
    """Figures and registrations that stand in two records, and SDs unlike those of every other arm.

    outcome : only what stands at a figure of this outcome; how often it is so by chance is still that of the whole base.
    """
    yield from _shared(studies, outcome)
    if outcome is None:
        yield from _registrations(studies)
    yield from _copied_spreads(studies, outcome)
    yield from _peers(studies, review, outcome)


def telling_figures(study: Study) -> dict[str, tuple[Figure, Path]]:
    """The figures by which two records could be told to share their source, by outcome, time point, role and kind.

    Means, spreads, percentages without a count, and medians and quartiles in finer steps than a quarter, of two digits or
    more; counts, and quantiles of whole numbers, agree too often by chance.
    """
    found: dict[str, tuple[Figure, Path]] = {}
    for index, result in enumerate(study.results):
        about = f"{result.outcome}{' ' + result.timepoint if result.timepoint else ''}"
        for name, arm in result.arms.items():
            role = study.arms[name].role if name in study.arms else "other"
            for place, figure in _figures(arm):
                least = _TELLING_DIGITS + (place[-1] in ("sd", "se"))  # spreads of like patients are alike
                if significant_digits(figure) >= least:
                    label = f"{about}, {role}, {'.'.join(map(str, place))}"
                    found.setdefault(label, (figure, ("results", index, "arms", name, *place)))
    return found


def _figures(arm: ArmResult) -> Iterator[tuple[Path, Figure]]:
    """(place, figure) of an arm's figures."""
    for holder, place in ((arm, ()), (arm.baseline, ("baseline",)), (arm.change, ("change",))):
        for field in ("mean", "sd", "se"):
            quantity = getattr(holder, field, None)
            if quantity is not None and quantity.assumed is None:
                yield (*place, field), quantity.value
    for field in ("percent", "non_event_percent"):
        if (quantity := getattr(arm, field)) is not None and arm.events is None and arm.non_events is None:
            yield (field,), quantity.value
    quantiles: list[tuple[Path, Figure]] = [(("median",), arm.median.value)] if arm.median is not None else []
    quantiles += [
        ((field, end), number) for field in ("iqr", "range") for end, number in enumerate(getattr(arm, field) or ())
    ]
    yield from ((place, number) for place, number in quantiles if (printed(number).value * 4).denominator != 1)


def _shared(studies: Sequence[Study], outcome: str | None) -> Iterator[BetweenRecords]:
    found = {study.id: telling_figures(study) for study in studies}
    folded = {name: {_fold(label): place for label, (_, place) in row.items()} for name, row in found.items()}
    years = {study.id: study.citation.year or 0 for study in studies}
    outcomes = {study.id: [result.outcome for result in study.results] for study in studies}
    compared = _pairs_compared(folded)
    for names in _candidates(found):
        first, later = sorted(names, key=lambda name: (years[name], name))
        tidy = {name: {label: figure for label, (figure, _) in found[name].items()} for name in (first, later)}
        for pair in shared_figures(tidy):
            here, there = folded[later], folded[first]
            label = pair.labels[0]
            if outcome not in (None, outcomes[later][int(here[label][1])]):
                continue
            if not _telling(pair, len(here.keys() & there.keys()), compared):
                continue
            verdict = _told(told_of_shared((pair,), 2), pair)
            yield BetweenRecords(later, here[label], verdict, ((first, there[label]),))


def _pairs_compared(folded: Mapping[str, Mapping[str, object]]) -> int:
    """Pairs of records with enough labels in common to share figures; all pairs, where there are very many records."""
    rows = [row.keys() for row in folded.values() if len(row) >= _LEAST_SHARED]
    if len(rows) > _MANY_RECORDS:
        return math.comb(len(rows), 2)
    return sum(len(one & other) >= _LEAST_SHARED for one, other in combinations(rows, 2))


def _telling(pair: SharedFigures, common: int, compared: int) -> bool:
    """Whether so many shared figures, of `common` labels in `compared` pairs of records, are more than chance.

    Like trials have like figures, so that of d digits the first is taken to tell nothing and the others to agree once in
    10^(d - 1). The chance that some pair shares as many is then at most compared * C(common, m) * product of these. A
    large table shares a few figures sooner than that says, since its rows are related: of it a quarter must agree, or
    chance be out of the question.
    """
    digits = {printed(figure).value: significant_digits(figure) for figure in pair.figures}
    if len(digits) < _LEAST_SHARED:
        return False  # one figure that both records give several times
    chance = compared * math.comb(common, len(digits)) * 10.0 ** -sum(each - 1 for each in digits.values())
    return chance < _CHANCE and (len(digits) >= common / 4 or chance < _NO_CHANCE)


def _candidates(found: Mapping[str, Mapping[str, tuple[Figure, Path]]]) -> Iterator[tuple[str, str]]:
    """Pairs of records with enough figures in common, without holding every record against every other."""
    holders: dict[tuple[str, Fraction], list[str]] = {}
    for name, row in found.items():
        for label, (figure, _) in row.items():
            holders.setdefault((_fold(label), printed(figure).value), []).append(name)
    shared = Counter(pair for names in holders.values() for pair in combinations(names, 2))
    yield from (pair for pair, times in shared.items() if times >= _LEAST_SHARED)


@lru_cache(maxsize=65536)
def _fold(label: str) -> str:
    return " ".join(label.casefold().split())


def _told(verdict: Verdict, pair: SharedFigures) -> Verdict:
    return replace(verdict, tested=f"{pair.first} and {pair.second}, figures with two digits or more")


def _registrations(studies: Sequence[Study]) -> Iterator[BetweenRecords]:
    given = {study.id: study.design.registration for study in studies}
    path: Path = ("design", "registration")
    for number, names in shared_registrations(given).items():
        verdict = check_shared_registration(dict.fromkeys(names, number))
        yield BetweenRecords(names[-1], path, verdict, tuple((name, path) for name in names[:-1]))


def _copied_spreads(studies: Sequence[Study], outcome: str | None) -> Iterator[BetweenRecords]:
    """The same SD for several arms or time points of one outcome, where chance makes so many digits agree seldom."""
    rows = [(study, *row) for study in studies for row in _spreads_by_outcome(study)]
    compared = sum(math.comb(len(figures), 2) for _, _, figures, _ in rows)
    for study, of, figures, paths in rows:
        if outcome not in (None, of):
            continue
        verdict = attempt("I504", figures, digits=_SAME_SD_DIGITS)
        groups = verdict.numbers.get("groups") or ((next(reversed(paths)),),)
        digits = sum((significant_digits(figures[group[0]]) - 1) * (len(group) - 1) for group in groups)
        yield BetweenRecords(study.id, paths[groups[0][-1]], _unless(compared * 10.0**-digits, verdict), ())


def _spreads_by_outcome(study: Study) -> Iterator[tuple[str, dict[str, Figure], dict[str, Path]]]:
    """Each outcome with two SDs or more, these, and where they stand, by arm and time point."""
    for outcome in dict.fromkeys(result.outcome for result in study.results):
        figures: dict[str, Figure] = {}
        paths: dict[str, Path] = {}
        for index, result in enumerate(study.results):
            for name, arm in result.arms.items() if result.outcome == outcome else ():
                if arm.sd is not None and arm.sd.assumed is None:
                    label = ", ".join(part for part in (name, result.timepoint, result.analysis) if part)
                    figures[label], paths[label] = arm.sd.value, ("results", index, "arms", name, "sd")
        if len(figures) > 1:
            yield outcome, figures, paths


def _unless(chance: float, verdict: Verdict) -> Verdict:
    """The verdict; where chance alone makes such a coincidence in `chance` of bases like this, it passes."""
    if chance < _SELDOM or not verdict.asks:
        return verdict
    why = "seen so often by chance among so many figures"
    return replace(verdict, finding=Finding.CONSISTENT, question="", found=said("{}; {}", verdict.found, why))


def _peers(studies: Sequence[Study], review: Review, wanted: str | None) -> Iterator[BetweenRecords]:
    """The least SD of an outcome against those of all other arms and trials; no other can be far below every peer.

    A small arm may have so small an SD by chance: of normal values, (n - 1) SD^2 / variance is a chi-square.
    """
    by_outcome: dict[str, list[tuple[str, Path, Figure, int]]] = {
        outcome: [] for outcome in review.outcomes if wanted in (None, outcome)
    }
    for study in studies:
        for index, result in enumerate(study.results):
            if result.outcome in by_outcome and result.unit in (None, review.outcomes[result.outcome].unit):
                by_outcome[result.outcome] += _spreads_of(study, index, result)
    for rows in by_outcome.values():
        if len(rows) > 2:
            least = min(range(len(rows)), key=lambda at: printed(rows[at][2]).value)
            name, path, sd, n = rows[least]
            peers = [row[2] for at, row in enumerate(rows) if at != least]
            verdict = attempt("I405", sd, n, peers)
            ratio = float(verdict.numbers.get("ratio", 1.0))
            chance = len(rows) * float(chdtr(n - 1, (n - 1) * ratio**2))
            yield BetweenRecords(name, path, _unless(chance, verdict), ())


def _spreads_of(study: Study, index: int, result: StudyResult) -> Iterator[tuple[str, Path, Figure, int]]:
    for name, arm in result.arms.items():
        size = size_of(study, result, name)
        if arm.sd is not None and arm.sd.assumed is None and size is not None and size.n > 1:
            yield study.id, ("results", index, "arms", name, "sd"), arm.sd.value, size.n
