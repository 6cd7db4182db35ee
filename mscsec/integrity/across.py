"""Figures held against each other across trials, across arms at baseline, and between two reports.

What is found here is a coincidence to be explained, not a contradiction: a shared figure may be a shared patient, a
shared author's template, or chance.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from mscsec.arrays import Array
from mscsec.errors import InvalidInput, NotEstimable
from mscsec.integrity.means import anova, p_of_anova
from mscsec.integrity.printed import Figure, before_rounding, printed, spread_span
from mscsec.integrity.tails import Interval
from mscsec.results import Result

# Draws of the rounding errors of one baseline variable: its P is then known to about 0.3 / sqrt(2000), 0.007.
_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class SharedFigures(Result):
    """Two records with the same figures. labels, figures : what they share. digits : significant digits among them."""

    first: str
    second: str
    labels: tuple[str, ...]
    figures: tuple[str, ...]
    digits: int


def shared_figures(
    records: Mapping[str, Mapping[str, Figure]], at_least: int = 3, digits: int = 5
) -> tuple[SharedFigures, ...]:
    """Pairs of records that print the same figure under the same label, `at_least` times and with `digits` digits in all.

    records : record -> label (outcome, statistic) -> figure as printed. Labels are compared without case and spacing;
    figures by value and decimals, so that 5.50 and 5.5 differ. A 0 has no digits that could tell two trials apart.
    """
    tidy = {name: {_fold(label): printed(figure) for label, figure in row.items()} for name, row in records.items()}
    found = []
    for first, second in itertools.combinations(tidy, 2):
        here, there = tidy[first], tidy[second]
        same = [label for label in here if label in there and _alike(here[label], there[label])]
        weight = sum(significant_digits(here[label]) for label in same)
        if len(same) >= at_least and weight >= digits:
            texts = tuple(here[label].text for label in same)
            found.append(SharedFigures(first, second, tuple(same), texts, weight))
    return tuple(found)


@lru_cache(maxsize=65536)
def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


def _alike(one: Figure, other: Figure) -> bool:
    a, b = printed(one), printed(other)
    return (a.value, a.decimals) == (b.value, b.decimals)


def significant_digits(figure: Figure) -> int:
    """Digits from the first that is not 0 on, as printed: 3 in 5.50, 2 in 0.043, 0 in 0.00."""
    return _significant(printed(figure).text)


@lru_cache(maxsize=65536)
def _significant(text: str) -> int:
    mantissa = re.split("[eE]", text)[0]
    return len(re.sub(r"\D", "", mantissa).lstrip("0"))


# The registries' own forms; anything else is compared as it stands.
_REGISTRATION = re.compile(
    r"NCT\d{8}|ISRCTN\d{8}|IRCT\d+N\d+|ChiCTR[-\w]*\d{6,}|ACTRN\d{14}|CTRI/\d{4}/\d{2,3}/\d{6}|EUCTR\d{4}-\d{6}-\d{2}"
    r"|DRKS\d{8}|jRCT\w?\d{10}|UMIN\d{9}|KCT\d{7}|TCTR\d{11}|NTR\d+|PACTR\d+|RBR-\w{6,8}|SLCTR/\d{4}/\d{3}",
    re.IGNORECASE,
)


def registrations(text: str) -> tuple[str, ...]:
    """The trial registration numbers in a text, upper case, each once; the whole text where none is recognised."""
    found = [match.upper() for match in _REGISTRATION.findall(text)]
    return tuple(dict.fromkeys(found)) or ((_fold(text).upper(),) if text.strip() else ())


def shared_registrations(records: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """Registration number -> the records that give it, where these are two or more."""
    holders: dict[str, list[str]] = {}
    for name, text in records.items():
        for number in registrations(text or ""):
            holders.setdefault(number, []).append(name)
    return {number: tuple(names) for number, names in holders.items() if len(names) > 1}


@dataclass(frozen=True, slots=True)
class BaselineVariable:
    """One baseline characteristic by arm: printed means and SDs, and sizes; two arms or more."""

    label: str
    means: tuple[Figure, ...]
    sds: tuple[Figure, ...]
    ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BaselineSimilarity(Result):
    """Carlisle's combination of the P values of a baseline table.

    k : variables. z : Stouffer's sum of z, high where arms differ more than random allocation makes them and low where
    they are more alike. p_different, p_similar : one-sided P of either. z_low, z_high : by the ends of every P that
    rounding allows; None where that is infinite, as it is for means that may be equal.
    p_values : each variable's P, averaged over its rounding; intervals : the P that rounding allows.
    """

    k: int
    z: float
    p_different: float
    p_similar: float
    z_low: float | None
    z_high: float | None
    p_values: tuple[float, ...]
    intervals: tuple[Interval, ...]


def stouffer(p: Array) -> float:
    """Sum of z over sqrt(k), z = Phi^-1(1 - p); p in (0, 1). Source: Stouffer et al. (1949), The American Soldier."""
    values = np.asarray(p, dtype=float)
    if values.size == 0 or not ((values > 0) & (values < 1)).all():
        raise NotEstimable("a P of 0 or 1, or none at all, has no z to add")
    return float(-ndtri(values).sum() / math.sqrt(values.size))


def baseline_similarity(
    variables: Sequence[BaselineVariable], rng: np.random.Generator, rounding: str = "up_or_down"
) -> BaselineSimilarity:
    """Whether baseline means differ as much as random allocation makes them, over all variables together.

    Assumes that patients were allocated one by one at random, that variables are independent of each other and about
    normal, and that the spreads are SDs. Age with weight, or stratified variables, break the second and the first.
    rng : for the rounding errors; a mean printed as equal in all arms was not, and its P is averaged over what it may
    have been. Source: Carlisle (2017), Anaesthesia 72:944-952.
    """
    if not variables:
        raise InvalidInput("no baseline variables are given", "one variable or more, each with means, SDs and n by arm")
    intervals = tuple(p_of_anova(each.means, each.sds, each.ns, rounding=rounding) for each in variables)
    p = tuple(_mean_p(each, rng, rounding) for each in variables)
    z = stouffer(np.array(p))
    low = _finite_stouffer([interval.high for interval in intervals])
    high = _finite_stouffer([interval.low for interval in intervals])
    return BaselineSimilarity(len(p), z, float(ndtr(-z)), float(ndtr(z)), low, high, p, intervals)


def _mean_p(variable: BaselineVariable, rng: np.random.Generator, rounding: str) -> float:
    """P of equal means, averaged over what means and SDs may have been before rounding."""

    def draw(spans: list[tuple[float, float]]) -> Array:
        low, high = np.array(spans).T
        drawn: Array = low + (high - low) * rng.random((_DRAWS, len(spans)))
        return drawn

    means = draw([before_rounding(mean, rounding).floats() for mean in variable.means])
    sds = draw([spread_span(sd, rounding).floats() for sd in variable.sds])
    ns = np.broadcast_to(np.asarray(variable.ns, float), means.shape)
    return float(anova(means, sds, ns).p.mean())


def _finite_stouffer(p: Sequence[float]) -> float | None:
    return stouffer(np.array(p)) if all(0 < value < 1 for value in p) else None


def unchanged(figures: Mapping[str, Figure], digits: int = 3) -> tuple[tuple[str, ...], ...]:
    """Groups of labels under which the very same figure is printed, for figures of `digits` significant digits or more.

    For SDs of several arms or time points: SDs of different patients or days agree to three digits about once in hundreds.
    """
    groups: dict[tuple[object, int], list[str]] = {}
    for label, figure in figures.items():
        number = printed(figure)
        if significant_digits(number) >= digits:
            groups.setdefault((number.value, number.decimals), []).append(label)
    return tuple(tuple(labels) for labels in groups.values() if len(labels) > 1)
