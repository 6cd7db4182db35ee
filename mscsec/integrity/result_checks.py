"""The checks between the arms of one result: P values, effects and their intervals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, product

from mscsec.constants import SIGNIFICANCE
from mscsec.integrity.contrasts import CONTRASTS
from mscsec.integrity.granularity import possible_counts
from mscsec.integrity.located import Setting, Verdicts, attempt, p_of
from mscsec.integrity.means import p_of_means, p_over_splits
from mscsec.integrity.printed import Figure, ReportedP, printed
from mscsec.integrity.sample_sizes import Size, firm_count, size_of, smallest_arm, total_patients
from mscsec.integrity.tables import TABLE_TESTS, Counts
from mscsec.integrity.verdict import Finding, Verdict, judge_p, reading_of_p
from mscsec.records.models import ArmResult, ReportedEffect, StudyResult
from mscsec.records.nodes import Path
from mscsec.said import joined, num, said

_MOST_TABLES = 4000  # tables tried where sizes are not printed
_LOSS = 0.8  # share of an arm that is left, at the least, where losses are tried as the explanation
_MOST_SPLITS = 60  # sizes tried in each arm likewise

# What a paper calls its test, by a word in the name, to a key of `TABLE_TESTS` or `MEAN_TESTS`; None is one that cannot
# be recomputed from a summary. The first that is found counts.
_TESTS: tuple[tuple[str, str | None], ...] = (
    ("mann|whitney|wilcoxon|rank|kruskal", "rank"),
    ("adjust|ancova|covarian|regress|mixed|gee|cox|mcnemar|paired|permut|bootstrap|bayes", None),
    ("fisher.*mid|mid.?p", "mid-p"),
    ("fisher|exact", "fisher"),
    ("yates|continuity|corrected", "yates"),
    ("likelihood", "likelihood-ratio"),
    ("chi|χ|pearson", "pearson"),
    ("welch|unequal", "welch"),
    ("student|t.?test|^t$", "student"),
    ("anova|analysis of variance", "anova"),
)


def test_named(text: str | None) -> tuple[bool, str | None]:
    """Whether the test that a paper names can be recomputed, and its key; (True, None) where none is named."""
    if text is None:
        return True, None
    for pattern, key in _TESTS:
        if re.search(pattern, text.casefold()):
            return key is not None, key
    return True, None


@dataclass(frozen=True, slots=True)
class Side:
    """One arm of a contrast: its figures and the size behind them."""

    name: str
    arm: ArmResult
    size: Size


def result_verdicts(setting: Setting) -> Verdicts:
    """Every check that a result's P, statistics and effects allow."""
    yield from _statistics(setting)
    if setting.independent:
        yield from _p_of_arms(setting)
    for index, effect in enumerate(setting.result.effects):
        yield from _effect(setting, (*setting.path, "effects", index), effect)


def sides(setting: Setting, result: StudyResult | None = None) -> list[Side]:
    """The arms of a result that have a size."""
    result = result or setting.result
    found = ((name, arm, size_of(setting.study, result, name)) for name, arm in result.arms.items())
    return [Side(name, arm, size) for name, arm, size in found if size is not None]


def _statistics(setting: Setting) -> Verdicts:
    """The P beside t, z or chi-square with its degrees of freedom."""
    reported = setting.result.reported
    if reported is None or reported.p is None:
        return
    path, p = (*setting.path, "reported", "p"), p_of(reported.p)
    df = float(reported.df.value) if reported.df is not None else None
    for kind, statistic in (("t", reported.t), ("chi2", reported.chi2), ("z", reported.z)):
        if statistic is not None and (df is not None or kind == "z"):
            freedom = () if kind == "z" else (df,)
            yield path, attempt("I305", kind, statistic.value, freedom, p, rounding=setting.rounding)


def _p_of_arms(setting: Setting) -> Verdicts:
    reported = setting.result.reported
    arms = sides(setting)
    if reported is None or reported.p is None or len(arms) < 2 or len(arms) != len(setting.result.arms):
        return
    known, test = test_named(reported.test)
    path, p = (*setting.path, "reported", "p"), p_of(reported.p)
    if not known:
        return
    with_means = [side for side in arms if side.arm.mean is not None and (side.arm.sd or side.arm.se) is not None]
    if len(with_means) == len(arms):
        if test != "rank":
            yield path, _p_of_means(setting, with_means, p, test)
    elif all(_shares(side, setting.rounding) for side in arms):
        yield path, _p_of_counts(setting, arms, p, test)
    elif len(arms) == 2 and all(side.arm.median is not None for side in arms) and test in (None, "rank"):
        verdict = attempt("I309", arms[0].size.n, arms[1].size.n, p, rounding=setting.rounding)
        yield path, _softened(verdict, "a normal approximation or another test was used")


def _softened(verdict: Verdict, condition: str) -> Verdict:
    """A contradiction that another common way of working would resolve, as a condition."""
    if verdict.finding not in (Finding.INCONSISTENT, Finding.DECISION_ERROR):
        return verdict
    return replace(verdict, finding=Finding.ONLY_IF, condition=condition)


def _p_of_means(setting: Setting, arms: list[Side], p: ReportedP, test: str | None) -> Verdict:
    rounding, named = setting.rounding, {"test": test} if test in ("student", "welch") else {}
    if any(side.arm.sd is None for side in arms):
        return _p_of_standard_errors(arms, p, rounding)
    means = [side.arm.mean.value for side in arms if side.arm.mean is not None]
    sds = [side.arm.sd.value for side in arms if side.arm.sd is not None]
    sizes = [side.size for side in arms]
    if len(arms) > 2:
        return attempt("I310", means, sds, [size.n for size in sizes], p, rounding=rounding)
    figures = (means[0], sds[0], means[1], sds[1])
    verdict = attempt("I301", means[0], sds[0], sizes[0].n, means[1], sds[1], sizes[1].n, p, **named, rounding=rounding)
    if all(size.firm for size in sizes) or not _contradicts(verdict):
        return replace(verdict, assumption=_assumed(verdict.assumption, sizes))
    total = total_patients(setting.study)
    if total is not None and len(setting.study.arms) == 2 and not any(size.firm for size in sizes) and total >= 4:
        return _over_splits(verdict, figures, total, p, rounding)
    return _over_sizes(verdict, figures, sizes, p, rounding)


def _contradicts(verdict: Verdict) -> bool:
    return verdict.finding in (Finding.INCONSISTENT, Finding.DECISION_ERROR)


def _assumed(assumption: str, sizes: list[Size]) -> str:
    return joined("; ", dict.fromkeys([assumption, *(size.words for size in sizes)]))


def _over_splits(
    at_assumed: Verdict, figures: tuple[Figure, Figure, Figure, Figure], total: int, p: ReportedP, rounding: str
) -> Verdict:
    """P over every split of the total that randomisation is likely to give, beside the readings at the assumed split."""
    smallest = smallest_arm(total)
    verdict = attempt("I302", *figures, total, p, smallest=smallest, rounding=rounding)
    if verdict.finding not in (Finding.INCONSISTENT, Finding.DECISION_ERROR):
        return verdict
    other = tuple(reading for reading in at_assumed.readings if not reading.usual)
    errors = [each for each in other if "standard error" in each.label and each.value is not None]
    as_errors = ""
    if errors:
        low, high = min(each.value or 0.0 for each in errors), max(each.value or 0.0 for each in errors)
        as_errors = (
            said("; read as standard errors {:.2f} to {:.2f}", low, high)
            if high - low >= 0.005
            else said("; read as standard errors {:.2f}", low)
        )
    span = said(
        "; no split from {} + {} to {} + {} gives it ({:.2g} to {:.2g}){}",
        smallest,
        total - smallest,
        total - smallest,
        smallest,
        verdict.numbers["p_low"],
        verdict.numbers["p_high"],
        as_errors,
    )
    why = said(
        "a split further out than {} + {} comes less than once in {} by simple randomisation",
        smallest,
        total - smallest,
        20,
    )
    return replace(
        verdict,
        found=verdict.found + span,
        assumption=said("{}; {}", verdict.assumption, why),
        readings=(*verdict.readings, *other),
    )


def _over_sizes(
    verdict: Verdict,
    figures: tuple[Figure, Figure, Figure, Figure],
    sizes: list[Size],
    p: ReportedP,
    rounding: str,
) -> Verdict:
    """A contradiction against sizes that are not printed becomes a condition on them, where some sizes give the P."""
    ranges = [[size.n] if size.firm else list(range(2, min(size.most, _MOST_SPLITS) + 1)) for size in sizes]
    pairs = [(n_1, n_2) for n_1, n_2 in product(*ranges)]
    fits = [
        num(f"{split.n_1} + {split.n_2}")
        for key in ("student", "welch")
        for split in p_over_splits(key, *figures, pairs, rounding=rounding)
        if p.fits(split.p.low, split.p.high, rounding)
    ]
    verdict = replace(verdict, assumption=_assumed(verdict.assumption, sizes))
    if not fits:
        return replace(
            verdict, found=said("{}; no sizes up to {} and {} give it", verdict.found, sizes[0].most, sizes[1].most)
        )
    shown = joined(", ", list(dict.fromkeys(fits))[:6])
    return replace(verdict, finding=Finding.ONLY_IF, condition=said("n is {}", shown))


def _p_of_standard_errors(arms: list[Side], p: ReportedP, rounding: str) -> Verdict:
    """P of two means whose spreads the record gives as standard errors, by Student's and Welch's t."""
    (one, two) = arms[:2]
    if len(arms) > 2 or any(side.arm.se is None for side in arms):
        return Verdict("I301", Finding.UNDECIDED, str(p), "", "the arms give spreads of different kinds")
    assert one.arm.mean
    assert two.arm.mean
    assert one.arm.se
    assert two.arm.se
    figures = (one.arm.mean.value, one.arm.se.value, one.size.n, two.arm.mean.value, two.arm.se.value, two.size.n)
    readings = [
        reading_of_p(key, True, p_of_means(key, *figures, as_se=True, rounding=rounding), p, rounding)
        for key in ("student", "welch")
    ]
    tested = said(
        "{}, SE {} (n = {}) against {}, SE {} (n = {}), {}",
        printed(figures[0]),
        printed(figures[1]),
        figures[2],
        printed(figures[3]),
        printed(figures[4]),
        figures[5],
        p,
    )
    return judge_p(
        "I301",
        p,
        readings,
        tested=tested,
        assumption=_assumed("independent patients; spreads are standard errors; P is two-sided", [one.size, two.size]),
        question="Which test gave this P, and are the spreads standard errors?",
        alpha=SIGNIFICANCE,
    )


def _shares(side: Side, rounding: str) -> list[int]:
    """Counts of patients with the event that the printed figures of an arm allow; the nearest where none fits."""
    arm, n = side.arm, side.size.n
    count = firm_count(arm, side.size)
    if arm.time is not None:
        return []
    if count is not None:
        return [count] if count <= n else []
    share = arm.percent or arm.non_event_percent
    if share is None:
        return []
    return [each if arm.percent else n - each for each in _counts_near(share.value, n, rounding)]


def _counts_near(percent: float, n: int, rounding: str) -> list[int]:
    fits = possible_counts(percent, n, rounding=rounding)
    below = int(percent * n / 100)
    return list(fits) or [each for each in (below, below + 1) if each <= n]


def _p_of_counts(setting: Setting, arms: list[Side], p: ReportedP, test: str | None) -> Verdict:
    rounding = setting.rounding
    if len(arms) > 2:
        rows = [[_shares(side, rounding)[0], side.size.n - _shares(side, rounding)[0]] for side in arms]
        return attempt("I304", rows, p, rounding=rounding)
    one, two = arms
    named = {"test": test} if test in TABLE_TESTS else {}
    pairs = product(_shares(one, rounding), _shares(two, rounding))
    tables = [(e_1, one.size.n, e_2, two.size.n) for e_1, e_2 in pairs]
    found = [attempt("I303", *table, p, **named, rounding=rounding) for table in tables]
    verdict = min(found, key=lambda each: _SEVERITY.index(each.finding))
    sizes = [one.size, two.size]
    verdict = replace(verdict, assumption=_assumed(verdict.assumption, sizes))
    if len(tables) > 1 or any(firm_count(side.arm, side.size) is None for side in arms):
        tried = joined(" or ", (num(f"{e_1}/{n_1} against {e_2}/{n_2}") for e_1, n_1, e_2, n_2 in tables))
        verdict = replace(verdict, assumption=said("{}; counts read from percentages: {}", verdict.assumption, tried))
    if _contradicts(verdict) and all(size.firm for size in sizes):
        return _with_losses(verdict, arms, p, rounding)
    if not _contradicts(verdict):
        return verdict
    fits = list(islice(_tables_that_fit(arms, p, rounding), 6))
    if not fits:
        return replace(
            verdict, found=said("{}; no n up to {} and {} gives it", verdict.found, one.size.most, two.size.most)
        )
    return replace(verdict, finding=Finding.ONLY_IF, condition=said("the counts are {}", joined(" or ", fits)))


def _with_losses(verdict: Verdict, arms: list[Side], p: ReportedP, rounding: str) -> Verdict:
    """Names sizes a little below those of the arms that would give the P, where the result prints no n of its own."""
    if all(side.size.kind == "printed" for side in arms):
        return verdict
    counts = [_shares(side, rounding)[0] for side in arms]
    ranges = [
        [side.size.n]
        if side.size.kind == "printed"
        else range(side.size.n, max(count, int(_LOSS * side.size.n)) - 1, -1)
        for side, count in zip(arms, counts, strict=True)
    ]
    near = (
        num(f"{counts[0]}/{n_1} against {counts[1]}/{n_2}")
        for n_1, n_2 in product(*ranges)
        if n_1 and n_2 and p_fits(Counts(counts[0], n_1, counts[1], n_2), p, rounding)
    )
    fits = list(islice(near, 3))
    return (
        replace(verdict, found=said("{}; were patients missing, {} would", verdict.found, joined(" or ", fits)))
        if fits
        else verdict
    )


_SEVERITY = (
    Finding.CONSISTENT, Finding.ONLY_IF, Finding.UNLIKELY, Finding.INCONSISTENT, Finding.DECISION_ERROR, Finding.UNDECIDED,
)  # fmt: skip


def _tables_that_fit(arms: list[Side], p: ReportedP, rounding: str) -> Iterator[str]:
    """Tables of other sizes, as far as these are not printed, that a usual test gives the reported P for."""
    choices = [list(_tables_of_arm(side, rounding)) for side in arms]
    for (e_1, n_1), (e_2, n_2) in islice(product(*choices), _MOST_TABLES):
        if p_fits(Counts(e_1, n_1, e_2, n_2), p, rounding):
            yield num(f"{e_1}/{n_1} against {e_2}/{n_2}")


def p_fits(counts: Counts, p: ReportedP, rounding: str) -> bool:
    """Whether a usual test of the table gives the reported P."""
    if not 0 < counts.events_1 + counts.events_2 < counts.n_1 + counts.n_2:
        return p.fits(1.0, 1.0, rounding)
    values = [row.p(counts) for row in TABLE_TESTS.values() if row.usual]
    return any(p.fits(value, value, rounding) for value in values)


def _tables_of_arm(side: Side, rounding: str) -> Iterator[tuple[int, int]]:
    arm = side.arm
    sizes = [side.size.n] if side.size.firm else range(1, side.size.most + 1)
    for n in sizes:
        if arm.events is not None:
            counts = [int(arm.events.value)]
        elif arm.non_events is not None:
            counts = [n - int(arm.non_events.value)]
        else:
            share = arm.percent or arm.non_event_percent
            found = possible_counts(share.value, n, rounding=rounding) if share is not None else ()
            counts = [each if arm.percent else n - each for each in found]
        yield from ((count, n) for count in counts if 0 <= count <= n)


def _effect(setting: Setting, path: Path, effect: ReportedEffect) -> Verdicts:
    """A printed contrast: inside and centred in its interval, that of its counts, and with the P of its interval."""
    measure = "MD" if effect.log else effect.measure.upper()
    estimate, ci, rounding = effect.estimate, effect.ci, setting.rounding
    if measure not in CONTRASTS or estimate is None:
        return
    if ci is not None:
        yield (*path, "estimate"), attempt("I104", estimate.value, ci[0], ci[1], rounding=rounding)
        verdict = attempt("I308", measure, estimate.value, ci[0], ci[1], rounding=rounding)
        plain = measure == "MD" and not effect.log
        yield (
            (*path, "ci"),
            verdict if plain else _softened(verdict, "the interval is an exact, score, profile or bootstrap one"),
        )
    arms = _arms_of(setting, effect)
    if arms is not None and measure in ("RR", "OR", "RD") and effect.adjusted is None and setting.independent:
        yield (*path, "estimate"), _effect_of_counts(setting, effect, arms, measure)
    if effect.p is not None:
        yield from _p_of_effect(setting, path, effect, measure, arms)


def _arms_of(setting: Setting, effect: ReportedEffect) -> tuple[Side, Side] | None:
    """The two arms of a contrast, from its own result or from another of the same outcome and time point."""
    names = [effect.experimental, effect.comparator]
    for role, place in (("experimental", 0), ("comparator", 1)):
        of_role = [name for name, arm in setting.study.arms.items() if arm.role == role]
        if names[place] is None and len(of_role) == 1:
            names[place] = of_role[0]
    here = setting.result
    others = [
        each for each in setting.study.results
        if each is not here and (each.outcome, each.timepoint) == (here.outcome, here.timepoint)
    ]  # fmt: skip
    for result in (here, *others):
        found = {side.name: side for side in sides(setting, result)}
        if names[0] in found and names[1] in found:
            return found[str(names[0])], found[str(names[1])]
    return None


def _effect_of_counts(setting: Setting, effect: ReportedEffect, arms: tuple[Side, Side], measure: str) -> Verdict:
    assert effect.estimate is not None
    counts = [firm_count(side.arm, side.size) for side in arms]
    tested = said("{} {}", measure, num(effect.estimate.value.text))
    if None in counts or any(side.arm.time is not None for side in arms):
        return Verdict("I307", Finding.UNDECIDED, tested, "", "the record has no counts for both arms")
    table = (counts[0], arms[0].size.n, counts[1], arms[1].size.n)
    options = {"level": float(effect.ci_level or 0.95), "rounding": setting.rounding}
    verdict = attempt("I307", measure, effect.estimate.value, *table, effect.ci, **options)
    if not _contradicts(verdict):
        return verdict
    if effect.ci and attempt("I307", measure, effect.estimate.value, *table, **options).finding is Finding.CONSISTENT:
        return _softened(verdict, "the interval is not a Wald interval")
    if not all(side.size.firm for side in arms) and verdict.numbers.get("counts_that_fit"):
        return _softened(verdict, "other patients than these are counted")
    return verdict


def _p_of_effect(
    setting: Setting, path: Path, effect: ReportedEffect, measure: str, arms: tuple[Side, Side] | None
) -> Verdicts:
    """P against the interval and, unless adjusted, against the counts: it may be that of either."""
    assert effect.p is not None
    assert effect.estimate is not None
    p, rounding = p_of(effect.p), setting.rounding
    found: list[Verdict] = []
    if effect.ci is not None:
        level = float(effect.ci_level or 0.95)
        figures = (measure, effect.estimate.value, effect.ci[0], effect.ci[1], p)
        for df in _freedoms(measure, arms):
            found.append(attempt("I306", *figures, level=level, df=df, rounding=rounding))
            if found[-1].finding is Finding.CONSISTENT:
                break
    plain = effect.adjusted is None and setting.independent and measure in ("RR", "OR", "RD")
    agrees = any(each.finding is Finding.CONSISTENT for each in found)
    if arms is not None and plain and not agrees and all(_shares(side, rounding) for side in arms):
        found.append(_p_of_counts(setting, list(arms), p, None))
    if found:
        best = min(found, key=lambda each: _SEVERITY.index(each.finding))
        other = "P and interval come from different tests or models"
        yield (*path, "p"), _softened(best, other) if best.check == "I306" else best


def _freedoms(measure: str, arms: tuple[Side, Side] | None) -> list[float]:
    """Degrees of freedom that an interval of a difference of means may have; infinite for ratios and for large groups."""
    if measure not in ("MD", "SMD") or arms is None:
        return [float("inf")]
    least, most = min(side.size.n for side in arms) - 1, sum(side.size.n for side in arms) - 2
    if least < 1 or most > 200:
        return [float("inf")]
    return [float("inf"), *map(float, range(most, least - 1, -1))]
