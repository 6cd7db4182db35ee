"""Agreement between two assessors: percent agreement, kappa, weighted kappa, AC1 and AC2, and where they differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.special import ndtri, stdtrit

from mscsec.appraisal.assessment import Appraisal
from mscsec.appraisal.instrument import instrument
from mscsec.arrays import Array
from mscsec.errors import InvalidInput, NotEstimable
from mscsec.registry import by_key, choose
from mscsec.results import Notice, Result


@dataclass(frozen=True, slots=True)
class Coefficient(Result):
    """One coefficient of agreement; None where it does not exist for these ratings.

    estimate : at most 1, which is perfect agreement; 0 is what chance would give.
    se : large-sample standard error, not under the null hypothesis.
    ci_low, ci_high : held within [-1, 1] ([0, 1] for the observed agreement).
    """

    key: str
    estimate: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    level: float


@dataclass(frozen=True, slots=True)
class Disagreement(Result):
    """One item on which the assessors differ; `steps` is the distance on the scale."""

    item: str
    place: str
    first: str
    second: str
    steps: int


@dataclass(frozen=True, slots=True)
class Agreement(Result):
    """Agreement of two assessors on one set of items.

    n : items rated by both; `unpaired` are those that only one has rated.
    table : counts, rows the first assessor, columns the second, in the order of `categories`.
    """

    place: str
    n: int
    categories: tuple[str, ...]
    table: tuple[tuple[int, ...], ...]
    weights: str
    coefficients: dict[str, Coefficient]
    disagreements: tuple[Disagreement, ...]
    unpaired: tuple[str, ...]
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of agreement for `q` ordered categories: 1 on the diagonal, less the further apart."""

    key: str
    name: str
    matrix: Callable[[int], Array]
    source: str


def _distance(q: int) -> Array:
    place = np.arange(q, dtype=np.float64)
    return np.abs(place[:, None] - place[None, :])


def identity_weights(q: int) -> Array:
    """(q, q): agreement counts in full or not at all. Source: Cohen (1960), Educ Psychol Meas 20:37-46."""
    return np.eye(q)


def linear_weights(q: int) -> Array:
    """(q, q): 1 - |i - j| / (q - 1). Source: Cicchetti & Allison (1971), Am J EEG Technol 11:101-109."""
    return 1 - _distance(q) / max(q - 1, 1)


def quadratic_weights(q: int) -> Array:
    """(q, q): 1 - (i - j)^2 / (q - 1)^2. Source: Fleiss & Cohen (1973), Educ Psychol Meas 33:613-619."""
    result: Array = 1 - (_distance(q) / max(q - 1, 1)) ** 2
    return result


WEIGHTS = by_key(
    Weights("identity", "all or nothing", identity_weights, source="cohen1960"),
    Weights("linear", "linear in the steps", linear_weights, source="cicchetti1971"),
    Weights("quadratic", "quadratic in the steps", quadratic_weights, source="fleiss1973"),
)


@dataclass(frozen=True, slots=True)
class Statistic:
    """A row of the table of coefficients; `estimate(proportions, weights, n, level)` gives it.

    source : of the coefficient; interval : of its standard error and interval; keys of `mscsec.sources.SOURCES`.
    """

    key: str
    name: str
    estimate: Callable[[Array, Array, int, float], Coefficient]
    weighted: bool
    source: str
    interval: str


def percent_agreement(p: Array, weights: Array, n: int, level: float) -> Coefficient:
    """Share of items on which both agree, with Wilson's score interval.

    p : (q, q) proportions, summing to 1. weights : the identity. n : number of items.
    Source of the interval: Wilson (1927), J Am Stat Assoc 22:209-212.
    """
    agreed = float((weights * p).sum())
    se = math.sqrt(agreed * (1 - agreed) / n)
    z2 = float(ndtri((1 + level) / 2)) ** 2
    centre = (agreed + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (agreed * (1 - agreed) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Coefficient("agreement", agreed, se, max(0.0, centre - half), min(1.0, centre + half), level)


def cohen_kappa(p: Array, weights: Array, n: int, level: float) -> Coefficient:
    """Cohen's kappa, weighted by `weights`; does not exist where both put every item into one same category.

    p : (q, q) proportions, summing to 1. weights : (q, q), 1 on the diagonal. n : number of items.
    Normal interval from the large-sample standard error. Sources: Cohen (1960), Educ Psychol Meas 20:37-46; Cohen
    (1968), Psychol Bull 70:213-220; standard error: Fleiss, Cohen & Everitt (1969), Psychol Bull 72:323-327.
    """
    row, column = p.sum(1), p.sum(0)
    observed, expected = float((weights * p).sum()), float(row @ weights @ column)
    if expected >= 1 - 1e-12:
        return Coefficient("kappa", None, None, None, None, level)
    kappa = (observed - expected) / (1 - expected)
    means = (weights @ column)[:, None] + (row @ weights)[None, :]
    spread = float((p * (weights - means * (1 - kappa)) ** 2).sum()) - (kappa - expected * (1 - kappa)) ** 2
    se = math.sqrt(max(spread, 0.0) / n) / (1 - expected)
    half = float(ndtri((1 + level) / 2)) * se
    return Coefficient("kappa", kappa, se, max(-1.0, kappa - half), min(1.0, kappa + half), level)


def gwet_ac(p: Array, weights: Array, n: int, level: float) -> Coefficient:
    """Gwet's AC1, and AC2 where `weights` gives partial credit; it exists where kappa does not.

    p : (q, q) proportions, summing to 1, over all categories of the scale, used or not. n : number of items.
    Interval with t on n - 1 degrees of freedom; none for a single item. Source: Gwet (2008), Br J Math Stat Psychol
    61:29-48; AC2: Gwet (2014), Handbook of Inter-Rater Reliability, 4th edition, chapter 5.
    """
    q = len(p)
    shares = (p.sum(1) + p.sum(0)) / 2
    factor = float(weights.sum()) / (q * (q - 1))
    observed, expected = float((weights * p).sum()), factor * float((shares * (1 - shares)).sum())
    if expected >= 1 - 1e-12:
        return Coefficient("ac", None, None, None, None, level)
    value = (observed - expected) / (1 - expected)
    own = factor * ((1 - shares)[:, None] + (1 - shares)[None, :]) / 2  # chance agreement seen from each item
    item = (weights - expected) / (1 - expected) - 2 * (1 - value) * (own - expected) / (1 - expected)
    se = math.sqrt(float((p * (item - value) ** 2).sum()) / (n - 1)) if n > 1 else None
    if se is None:
        return Coefficient("ac", value, None, None, None, level)
    half = float(stdtrit(n - 1, (1 + level) / 2)) * se
    return Coefficient("ac", value, se, max(-1.0, value - half), min(1.0, value + half), level)


STATISTICS: MappingProxyType[str, Statistic] = by_key(
    Statistic(
        "agreement", "Observed agreement", percent_agreement, weighted=False, source="cohen1960", interval="wilson1927"
    ),
    Statistic("kappa", "Cohen's kappa", cohen_kappa, weighted=False, source="cohen1960", interval="fleiss1969"),
    Statistic(
        "weighted_kappa", "Weighted kappa", cohen_kappa, weighted=True, source="cohen1968", interval="fleiss1969"
    ),
    Statistic("ac1", "Gwet's AC1", gwet_ac, weighted=False, source="gwet2008", interval="gwet2008"),
    Statistic("ac2", "Gwet's AC2", gwet_ac, weighted=True, source="gwet2014", interval="gwet2014"),
)


def agreement(
    first: Mapping[str, str],
    second: Mapping[str, str],
    categories: Sequence[str],
    *,
    place: str = "",
    weights: str = "linear",
    level: float = 0.95,
) -> Agreement:
    """How far two assessors agree on the items that both have rated.

    first, second : the rating of each item, by the item's name. categories : the whole scale, in order, two or more;
    AC1 and AC2 depend on how many there are. weights : for weighted kappa and AC2, a key of `WEIGHTS`.

    Raises `InvalidInput` (B201) for a rating that is no category or a scale or level that is none, `NotEstimable`
    (B202) where no item is rated by both.
    """
    scale = tuple(categories)
    if len(set(scale)) != len(scale) or len(scale) < 2:
        raise InvalidInput(f"the categories are {list(scale)}", "a scale has two or more, all different", code="B201")
    if not 0 < level < 1:
        raise InvalidInput(f"the level is {level}", "a level lies between 0 and 1", code="B201")
    kind = choose(WEIGHTS, weights, "weights")
    _check_ratings(first, second, scale)
    items = [item for item in first if item in second]
    if not items:
        raise NotEstimable(f"no item{' of ' + place if place else ''} is rated by both assessors", code="B202")
    counts = np.zeros((len(scale), len(scale)))
    np.add.at(counts, ([scale.index(first[i]) for i in items], [scale.index(second[i]) for i in items]), 1)
    matrices = {True: kind.matrix(len(scale)), False: identity_weights(len(scale))}
    n = len(items)
    found = {}
    for row in STATISTICS.values():
        value = row.estimate(counts / n, matrices[row.weighted], n, level)
        found[row.key] = Coefficient(row.key, value.estimate, value.se, value.ci_low, value.ci_high, level)
    return Agreement(
        place=place,
        n=n,
        categories=scale,
        table=tuple(tuple(int(cell) for cell in row) for row in counts),
        weights=kind.key,
        coefficients=found,
        disagreements=_disagreements(first, second, items, scale, place),
        unpaired=tuple(sorted(first.keys() ^ second.keys())),
        warnings=_notices(found, counts),
    )


def _check_ratings(first: Mapping[str, str], second: Mapping[str, str], scale: tuple[str, ...]) -> None:
    for who, ratings in (("first", first), ("second", second)):
        for item, rating in ratings.items():
            if rating not in scale:
                raise InvalidInput(
                    f"the {who} assessor rates {item} {rating!r}", f"the categories are {', '.join(scale)}", code="B201"
                )


def _disagreements(
    first: Mapping[str, str], second: Mapping[str, str], items: Sequence[str], scale: tuple[str, ...], place: str
) -> tuple[Disagreement, ...]:
    """Items on which they differ, furthest apart first."""
    found = [
        Disagreement(item, place, first[item], second[item], abs(scale.index(first[item]) - scale.index(second[item])))
        for item in items
        if first[item] != second[item]
    ]
    return tuple(sorted(found, key=lambda one: -one.steps))


def _notices(found: Mapping[str, Coefficient], counts: Array) -> tuple[Notice, ...]:
    n = int(counts.sum())
    notices = []
    if found["kappa"].estimate is None:
        notices.append(
            Notice(
                "B203",
                f"both assessors give all {n} items one same rating; chance alone would do so, and kappa does not exist",
            )
        )
    if n == 1:
        notices.append(Notice("B204", "one item is rated by both; agreement has no interval"))
    elif np.trace(counts) == n:
        notices.append(
            Notice(
                "B204",
                f"the assessors agree on all {n} items; the standard errors are 0 and their intervals a point, which {n} items do not warrant",
            )
        )
    return tuple(notices)


def compare(
    first: Mapping[str, Appraisal], second: Mapping[str, Appraisal], *, weights: str = "linear", level: float = 0.95
) -> tuple[Agreement, ...]:
    """Agreement of two assessors by domain, over all domains together, and overall.

    first, second : the appraisal of each result by its name, all with one instrument. Domains without a judgement by
    both are left out; places where nothing is left do not appear.
    """
    appraisals = [*first.values(), *second.values()]
    tools = {item.instrument for item in appraisals}
    if len(tools) > 1:
        raise InvalidInput(
            f"the appraisals are by {', '.join(sorted(tools))}", "both assessors use one instrument", code="B201"
        )
    if not appraisals:
        raise NotEstimable("there is no appraisal to compare", code="B202")
    form = instrument(appraisals[0].instrument)
    # From best to worst as the overall judgement ranks them: No information lies between Moderate and Serious there.
    order = form.overall[0].order if form.overall[0].kind == "worst" else form.judgements
    scales = {d.id: tuple(word for word in order if word in d.judgements) for d in form.domains if d.judgements}
    common = tuple(word for word in order if any(word in scale for scale in scales.values()))
    found = []
    together: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for id, scale in scales.items():
        ratings = (_ratings(first, id), _ratings(second, id))
        for store, rated in zip(together, ratings, strict=True):
            store.update({f"{name}, {id}": value for name, value in rated.items()})
        if ratings[0].keys() & ratings[1].keys():
            found.append(agreement(*ratings, scale, place=id, weights=weights, level=level))
    if together[0].keys() & together[1].keys():
        found.append(agreement(*together, common, place="all domains", weights=weights, level=level))
    for item in form.overall:
        pair = (_overall(first, item.id), _overall(second, item.id))
        if pair[0].keys() & pair[1].keys():
            found.append(agreement(*pair, item.judgements, place=item.id, weights=weights, level=level))
    return tuple(found)


def _ratings(appraisals: Mapping[str, Appraisal], id: str) -> dict[str, str]:
    rated = ((name, domain) for name, item in appraisals.items() for domain in item.domains if domain.id == id)
    return {name: domain.judgement for name, domain in rated if domain.judgement is not None}


def _overall(appraisals: Mapping[str, Appraisal], id: str) -> dict[str, str]:
    rated = ((name, overall) for name, item in appraisals.items() for overall in item.overall if overall.id == id)
    return {name: overall.judgement for name, overall in rated if overall.judgement is not None}
