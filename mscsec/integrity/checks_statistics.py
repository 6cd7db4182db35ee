"""Checks of P values, effects and intervals against the figures they were made from.

A reported P is compared with the whole interval of P that rounding of the figures allows, under each test and reading
that a paper may have used; `test` narrows the usual readings to the one that the paper names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mscsec.constants import SIGNIFICANCE
from mscsec.errors import CannotCompute
from mscsec.integrity.contrasts import (
    CONTRASTS,
    Contrast,
    contrast_of_counts,
    counts_that_fit,
    excludes_null,
    interval_middle,
    p_of_interval,
)
from mscsec.integrity.means import MEAN_TESTS, p_of_anova, p_of_means, p_over_splits, splits_of
from mscsec.integrity.printed import Figure, ReportedP, before_rounding, printed, reported_p
from mscsec.integrity.tables import TABLE_TESTS, Counts, pearson_table, smallest_rank_p
from mscsec.integrity.tails import Interval, p_of_statistic
from mscsec.integrity.verdict import Finding, Reading, Verdict, judge_p, reading_of_p, short_p
from mscsec.registry import choose
from mscsec.said import joined, num, said

_TEST = "Which test gave this P, and of how many patients in each arm?"
_NEAR_SIZE = 200  # group sizes within this of the printed one are tried for those that would give a reported effect
_MOST_FITS = 20  # of them, the nearest are kept
_MOST_N = 200  # equal arms up to this size are tried for those that would give the reported P


def check_p_of_means(
    mean_1: Figure,
    sd_1: Figure,
    n_1: int,
    mean_2: Figure,
    sd_2: Figure,
    n_2: int,
    p: ReportedP | Figure,
    *,
    test: str | None = None,
    rounding: str = "up_or_down",
    alpha: float = SIGNIFICANCE,
) -> Verdict:
    """A reported P of two means against their SDs and sizes.

    Usual: Student's and Welch's t on SDs, or `test`, a key of `MEAN_TESTS`. Other readings: the spreads are standard
    errors, the P is one-sided, a normal test. Where none fits, equal arms that would give the P are looked for.
    """
    reported = reported_p(p)
    usual = (choose(MEAN_TESTS, test, "test of means").key,) if test else ("student", "welch")
    readings = []
    for key, method in MEAN_TESTS.items():
        for as_se in (False, True):
            found = p_of_means(key, mean_1, sd_1, n_1, mean_2, sd_2, n_2, as_se=as_se, rounding=rounding)
            label = method.name + (", ± read as standard errors" if as_se else "")
            readings.append(reading_of_p(label, key in usual and not as_se, found, reported, rounding))
            if key in usual and not as_se:
                readings.append(reading_of_p(f"{method.name}, one-sided", False, _halved(found), reported, rounding))
    numbers: dict[str, object] = {}
    if not any(each.fits for each in readings):
        numbers = {"equal_arms_that_fit": _equal_arms(usual, (mean_1, sd_1, mean_2, sd_2), reported, rounding)}
    return judge_p(
        "I301",
        reported,
        readings,
        tested=said(
            "{} ± {} (n = {}) against {} ± {} (n = {}), {}",
            printed(mean_1),
            printed(sd_1),
            n_1,
            printed(mean_2),
            printed(sd_2),
            n_2,
            reported,
        ),
        assumption="independent patients, an unadjusted comparison of means; ± is an SD; P is two-sided",
        question=_TEST + " Is ± a standard deviation or a standard error?",
        alpha=alpha,
        numbers=numbers,
    )


def _halved(p: Interval) -> Interval:
    return Interval(p.value / 2, p.low / 2, p.high / 2)


def _equal_arms(
    usual: Sequence[str], figures: tuple[Figure, Figure, Figure, Figure], reported: ReportedP, rounding: str
) -> dict[str, list[int]]:
    """By test, the sizes n + n that would give the reported P."""
    sizes = [(n, n) for n in range(2, _MOST_N + 1)]
    return {
        key: [
            split.n_1
            for split in p_over_splits(key, *figures, sizes, rounding=rounding)
            if reported.fits(split.p.low, split.p.high, rounding)
        ]
        for key in usual
    }


def check_p_over_splits(
    mean_1: Figure,
    sd_1: Figure,
    mean_2: Figure,
    sd_2: Figure,
    total: int,
    p: ReportedP | Figure,
    *,
    smallest: int = 2,
    rounding: str = "up_or_down",
    alpha: float = SIGNIFICANCE,
) -> Verdict:
    """A reported P of two means where only the total is known: whether any split of it gives the P.

    smallest : the least size of an arm to consider. An even split is the usual reading, every other one a condition.
    """
    reported = reported_p(p)
    readings = []
    for key in ("student", "welch"):
        for split in p_over_splits(key, mean_1, sd_1, mean_2, sd_2, splits_of(total, smallest), rounding=rounding):
            label = said("{}, {} + {}", MEAN_TESTS[key].name, split.n_1, split.n_2)
            readings.append(reading_of_p(label, abs(split.n_1 - split.n_2) <= 1, split.p, reported, rounding))
    values = [each.value for each in readings if each.value is not None]
    return judge_p(
        "I302",
        reported,
        readings,
        tested=said(
            "{} ± {} against {} ± {}, {} in all, {}",
            printed(mean_1),
            printed(sd_1),
            printed(mean_2),
            printed(sd_2),
            total,
            reported,
        ),
        assumption=said(
            "{} patients or more in each arm, all {} analysed; ± is an SD; P is two-sided", smallest, total
        ),
        question="How many patients of each arm are in these figures, and which test was used?",
        alpha=alpha,
        numbers={"p_low": min(values), "p_high": max(values)},
    )


def check_p_of_groups(
    means: Sequence[Figure],
    sds: Sequence[Figure],
    ns: Sequence[int],
    p: ReportedP | Figure,
    *,
    rounding: str = "up_or_down",
    alpha: float = SIGNIFICANCE,
) -> Verdict:
    """A reported P of the means of three arms or more against one-way analysis of variance; other reading: ± is an SE."""
    reported = reported_p(p)
    readings = [
        reading_of_p("analysis of variance", True, p_of_anova(means, sds, ns, rounding=rounding), reported, rounding),
        reading_of_p(
            "analysis of variance, ± read as standard errors",
            False,
            p_of_anova(means, sds, ns, as_se=True, rounding=rounding),
            reported,
            rounding,
        ),
    ]
    groups = zip(means, sds, ns, strict=True)
    return judge_p(
        "I310",
        reported,
        readings,
        tested=joined(" against ", (said("{} ± {} (n = {})", printed(m), printed(s), n) for m, s, n in groups))
        + said(", {}", reported),
        assumption="independent patients, one variance for all arms; ± is an SD",
        question=_TEST + " Is ± a standard deviation or a standard error?",
        alpha=alpha,
    )


def check_p_of_counts(
    events_1: int,
    n_1: int,
    events_2: int,
    n_2: int,
    p: ReportedP | Figure,
    *,
    test: str | None = None,
    rounding: str = "up_or_down",
    alpha: float = SIGNIFICANCE,
) -> Verdict:
    """A reported P of a 2x2 table against the tests in use; `test`, a key of `TABLE_TESTS`, is the one the paper names."""
    reported, counts = reported_p(p), Counts(events_1, n_1, events_2, n_2)
    named = choose(TABLE_TESTS, test, "test of a table").key if test else None
    readings = []
    for method in TABLE_TESTS.values():
        try:
            value = method.p(counts)
        except CannotCompute:  # a chi-square where no one, or everyone, had the event; exact tests give 1
            continue
        usual = method.usual if named is None else method.key == named
        readings.append(reading_of_p(method.name, usual, Interval(value, value, value), reported, rounding))
    if not any(each.usual for each in readings):
        return _undecided(
            "I303", said("{}, {}", counts, reported), "the test named has no P for a table with an empty column"
        )
    return judge_p(
        "I303",
        reported,
        readings,
        tested=said("{}, {}", counts, reported),
        assumption="each patient counts once, an unadjusted comparison; P is two-sided",
        question=_TEST,
        alpha=alpha,
    )


def check_p_of_table(
    counts: Sequence[Sequence[int]],
    p: ReportedP | Figure,
    *,
    rounding: str = "up_or_down",
    alpha: float = SIGNIFICANCE,
) -> Verdict:
    """A reported P of a table with groups by rows and more than two columns, against Pearson's chi-square."""
    reported, value = reported_p(p), pearson_table(counts)
    return judge_p(
        "I304",
        reported,
        [reading_of_p("chi-square without correction", True, Interval(value, value, value), reported, rounding)],
        tested=said("{}, {}", num(" against ".join("/".join(map(str, row)) for row in counts)), reported),
        assumption="each patient counts once; categories without order",
        question=_TEST,
        alpha=alpha,
    )


def check_p_of_statistic(
    kind: str,
    statistic: Figure,
    df: Sequence[float],
    p: ReportedP | Figure,
    *,
    rounding: str = "up_or_down",
    alpha: float = SIGNIFICANCE,
) -> Verdict:
    """A reported P against the test statistic printed beside it; `kind` is a key of `STATISTICS`."""
    reported = reported_p(p)
    found = p_of_statistic(kind, statistic, *df, rounding=rounding)
    readings = [reading_of_p("two-sided", True, found, reported, rounding)]
    if kind in ("t", "z", "r"):
        readings.append(reading_of_p("one-sided", False, _halved(found), reported, rounding))
    freedom = num(f"({', '.join(f'{each:g}' for each in df)})") if df else ""
    return judge_p(
        "I305",
        reported,
        readings,
        tested=said("{}{} = {}, {}", kind, freedom, printed(statistic), reported),
        assumption="the statistic, its degrees of freedom and P are of one test",
        question="Which of statistic, degrees of freedom and P is misprinted?",
        alpha=alpha,
    )


def check_p_of_ci(
    measure: str,
    estimate: Figure,
    ci_low: Figure,
    ci_high: Figure,
    p: ReportedP | Figure,
    *,
    level: float = 0.95,
    df: float = math.inf,
    rounding: str = "up_or_down",
    alpha: float = SIGNIFICANCE,
) -> Verdict:
    """A reported P against estimate and interval; `measure` is a key of `CONTRASTS`, `df` of t where t made the interval."""
    reported, row = reported_p(p), choose(CONTRASTS, measure, "effect measure")
    tested = said("{} {} ({} to {}), {}", row.key, printed(estimate), printed(ci_low), printed(ci_high), reported)
    readings = []
    for log in dict.fromkeys((row.log, False)):
        label = "interval on the log scale" if log else "interval on the natural scale"
        try:
            found = p_of_interval(
                estimate, ci_low, ci_high, log=log, level=level, df=df, null=row.null, rounding=rounding
            )
        except CannotCompute as why:
            if log == row.log:
                return _undecided("I306", tested, why.message)
            continue
        readings.append(reading_of_p(label, log == row.log, found, reported, rounding))
    return judge_p(
        "I306",
        reported,
        readings,
        tested=tested,
        assumption="P and interval are of the same test, the interval symmetric about the estimate on its scale",
        question="Are P and the interval of the same test and the same model?",
        alpha=alpha,
        numbers={"excludes_null": excludes_null(ci_low, ci_high, row.null, rounding)},
    )


def _undecided(check: str, tested: str, why: str) -> Verdict:
    return Verdict(check, Finding.UNDECIDED, tested, "", why)


def check_effect_of_counts(
    measure: str,
    estimate: Figure,
    events_1: int,
    n_1: int,
    events_2: int,
    n_2: int,
    ci: tuple[Figure, Figure] | None = None,
    *,
    level: float = 0.95,
    rounding: str = "up_or_down",
) -> Verdict:
    """A reported RR, OR or RD, and its interval where given, against the counts.

    Usual: the effect with its Wald interval. Other readings: groups exchanged, patients without the event counted, the
    other ratio. Where none fits, counts near the printed ones that would give the figures are looked for.
    """
    row, counts = choose(CONTRASTS, measure, "effect measure"), Counts(events_1, n_1, events_2, n_2)
    text = said("{} {}", row.key, printed(estimate)) + (
        said(" ({} to {})", printed(ci[0]), printed(ci[1])) if ci else ""
    )
    tested = said("{}, {}", counts, text)
    readings = []
    main: Contrast | None = None
    for label, key, table in _readings_of_counts(row.key, counts):
        try:
            found = contrast_of_counts(key, table, level)
        except CannotCompute as why:
            if main is None:
                return _undecided("I307", tested, why.message)
            continue
        main = main or found
        readings.append(Reading(label, found is main, _printed_so(found, estimate, ci, rounding), found.estimate))
    assert main is not None
    fitting = [each for each in readings if each.fits]
    finding = Finding.CONSISTENT if readings[0].fits else Finding.ONLY_IF if fitting else Finding.INCONSISTENT
    near = _near_counts(row.key, estimate, ci, counts, level, rounding) if finding is Finding.INCONSISTENT else []
    if finding is Finding.INCONSISTENT and ci and _crosses(main, ci, row.null, rounding):
        finding = Finding.DECISION_ERROR
    found_text = said("{} {:.3g} ({:.3g} to {:.3g})", row.key, main.estimate, main.ci_low, main.ci_high)
    return Verdict(
        "I307",
        finding,
        tested,
        "each patient counts once, an unadjusted effect with a Wald interval"
        + (said("; {} added to each cell for an empty one", num("1/2")) if main.adjusted else ""),
        found_text + (said("; counts that would fit: {}", joined("; ", near[:6])) if near else ""),
        condition=joined(" or ", (each.label for each in fitting)) if finding is Finding.ONLY_IF else "",
        question=""
        if finding is Finding.CONSISTENT
        else "Of how many patients are the events, and is the effect adjusted?",
        numbers={"recomputed": main.to_dict(), "counts_that_fit": near},
        readings=tuple(readings),
    )


def _readings_of_counts(measure: str, counts: Counts) -> list[tuple[str, str, Counts]]:
    swapped = Counts(counts.events_2, counts.n_2, counts.events_1, counts.n_1)
    without = Counts(counts.n_1 - counts.events_1, counts.n_1, counts.n_2 - counts.events_2, counts.n_2)
    readings = [
        ("as printed", measure, counts),
        ("the comparator stands first", measure, swapped),
        ("patients without the event are compared", measure, without),
    ]
    other = {"RR": "OR", "OR": "RR"}.get(measure)
    return [*readings, (f"the figure is {CONTRASTS[other].name.lower()}", other, counts)] if other else readings


def _printed_so(found: Contrast, estimate: Figure, ci: tuple[Figure, Figure] | None, rounding: str) -> bool:
    pairs = [(estimate, found.estimate)]
    if ci is not None:
        pairs += [(ci[0], found.ci_low), (ci[1], found.ci_high)]
    return all(before_rounding(figure, rounding).meets(value, value) for figure, value in pairs)


def _crosses(found: Contrast, ci: tuple[Figure, Figure], null: float, rounding: str) -> bool:
    """Whether the reported and the recomputed interval differ about the null."""
    reported = excludes_null(*ci, null, rounding)
    return reported is not None and reported != (found.ci_low > null or found.ci_high < null)


def _near_counts(
    measure: str, estimate: Figure, ci: tuple[Figure, Figure] | None, counts: Counts, level: float, rounding: str
) -> list[str]:
    """Counts that are printed so, nearest first: the same events of other sizes, and a few events more or fewer.

    Where none gives both, those that give the estimate alone.
    """
    groups = (counts.events_1, counts.n_1), (counts.events_2, counts.n_2)
    sizes = [range(max(e, 1, n - _NEAR_SIZE), min(3 * n, n + _NEAR_SIZE) + 1) for e, n in groups]
    events = [range(max(e - 2, 0), min(e + 2, n) + 1) for e, n in groups]
    for interval in dict.fromkeys((ci, None)):
        fits = counts_that_fit(
            measure,
            estimate,
            interval,
            [counts.events_1],
            sizes[0],
            [counts.events_2],
            sizes[1],
            level=level,
            rounding=rounding,
        ) + counts_that_fit(
            measure,
            estimate,
            interval,
            events[0],
            [counts.n_1],
            events[1],
            [counts.n_2],
            level=level,
            rounding=rounding,
        )
        if fits:
            break
    fits = tuple(sorted(fits, key=lambda fit: abs(fit.n_1 - counts.n_1) + abs(fit.n_2 - counts.n_2)))
    only = "" if interval == ci else " (the estimate alone)"
    return [
        said("{}{}", num(f"{fit.events_1}/{fit.n_1} against {fit.events_2}/{fit.n_2}"), only)
        for fit in fits[:_MOST_FITS]
    ]


def check_ci_symmetry(
    measure: str, estimate: Figure, ci_low: Figure, ci_high: Figure, *, rounding: str = "up_or_down"
) -> Verdict:
    """Whether an interval is centred on its estimate: on the log scale for a ratio, else on its own."""
    row = choose(CONTRASTS, measure, "effect measure")
    readings = []
    for log in dict.fromkeys((row.log, False)):
        found = interval_middle(estimate, ci_low, ci_high, log=log, rounding=rounding)
        label = "centred on the log scale" if log else "centred on the natural scale"
        readings.append(Reading(label, log == row.log, found.agrees, found.middle, found.low, found.high))
    fits = [each for each in readings if each.fits]
    finding = Finding.CONSISTENT if readings[0].fits else Finding.ONLY_IF if fits else Finding.INCONSISTENT
    return Verdict(
        "I308",
        finding,
        said("{} {} ({} to {})", row.key, printed(estimate), printed(ci_low), printed(ci_high)),
        "a Wald interval; exact, profile and bootstrap intervals need not be centred",
        joined("; ", (said("{}, the middle is {:.3g}", each.label, each.value) for each in readings)),
        condition=fits[0].label if finding is Finding.ONLY_IF else "",
        question="" if finding is Finding.CONSISTENT else "How was the interval made, and is a figure misprinted?",
        numbers={"middle": readings[0].value},
        readings=tuple(readings),
    )


def check_smallest_p(n_1: int, n_2: int, p: ReportedP | Figure, *, rounding: str = "up_or_down") -> Verdict:
    """Whether an exact rank test can give so small a P with groups of these sizes.

    Usual: two-sided without ties. Half of its least P is that of a one-sided test and, where the groups differ in size,
    of a permutation test with ties or on means.
    """
    reported, least = reported_p(p), smallest_rank_p(n_1, n_2)
    half = Interval(least / 2, least / 2, 1.0)
    readings = [
        reading_of_p("two-sided, no ties", True, Interval(least, least, 1.0), reported, rounding),
        reading_of_p("one-sided", False, half, reported, rounding),
    ]
    if n_1 != n_2:
        readings.append(reading_of_p("a permutation test with ties or on means", False, half, reported, rounding))
    fitting = [each for each in readings if each.fits]
    finding = Finding.CONSISTENT if readings[0].fits else Finding.ONLY_IF if fitting else Finding.INCONSISTENT
    return Verdict(
        "I309",
        finding,
        said("n = {} and {}, {}", n_1, n_2, reported),
        "an exact two-sided Mann-Whitney test without ties",
        said("the least P such a test can give is {}", num(short_p(least))),
        condition=joined(" or ", (each.label for each in fitting)) if finding is Finding.ONLY_IF else "",
        question="" if readings[0].fits else "Was the test exact, or a normal approximation?",
        numbers={"least": least},
        readings=tuple(readings),
    )
