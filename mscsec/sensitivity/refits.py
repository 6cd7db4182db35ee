"""One analysis refitted to other sets of its studies, all sets as one batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.arrays import Array, ArrayLike, BoolArray, IntArray, floats
from mscsec.errors import InvalidInput, TooFewStudies
from mscsec.pooling.batch import BatchResult, pool_batch
from mscsec.results import Result

LARGEST_POWER_SET = 20  # 2^20 subsets of 20 numbers are 20 MB of mask and about two seconds of work


@dataclass(frozen=True, slots=True, eq=False)
class Refits(Result):
    """The analysis over several sets of the studies, one row a set.

    members : (rows, k) bool, True where a study is in. order : (k,) the place of each study in the order it was added by
        a cumulative analysis, else None.
    result : the fits, arrays (rows,); a row of one study holds that study and its Wald interval (`pooled` is False there).
    """

    members: BoolArray
    result: BatchResult
    order: IntArray | None = None


def subsets(yi: ArrayLike, vi: ArrayLike, members: ArrayLike, **options: Any) -> Refits:
    """The analysis over each row of `members` (rows, k) bool. `options` as in `pool_batch`.

    Raises InvalidInput where a row is empty or the shapes differ, and what `pool_batch` raises.
    """
    y, v = _effects(yi, vi)
    rows = np.asarray(members, dtype=bool)
    if rows.ndim != 2 or rows.shape[1] != y.size:
        raise InvalidInput(f"members has shape {rows.shape}", f"one row a set and {y.size} columns, one a study")
    if not rows.any(axis=1).all():
        raise InvalidInput(f"set {int(np.argmin(rows.any(axis=1)))} is empty", "a set holds one study or more")
    return Refits(rows, pool_batch(y, v, rows, **options))


def leave_one_out(yi: ArrayLike, vi: ArrayLike, **options: Any) -> Refits:
    """The analysis without each study in turn: row i leaves study i out. Needs two studies.

    Source: Viechtbauer & Cheung (2010), Res Synth Methods 1:112-125, doi 10.1002/jrsm.11.
    """
    y, v = _effects(yi, vi)
    if y.size < 2:
        raise TooFewStudies("a leave-one-out analysis", 2, y.size)
    return subsets(y, v, ~np.eye(y.size, dtype=bool), **options)


def cumulative(yi: ArrayLike, vi: ArrayLike, order: ArrayLike | None = None, **options: Any) -> Refits:
    """The analysis as studies come in: row i holds the first i + 1 of them.

    order : (k,) what they are sorted by, rising (a year of publication); ties keep the order given, as does None.
    Source: Lau et al. (1992), N Engl J Med 327:248-254, doi 10.1056/NEJM199207233270406.
    """
    y, v = _effects(yi, vi)
    by = np.arange(y.size) if order is None else np.asarray(order)
    if by.shape != y.shape:
        raise InvalidInput(f"order has shape {by.shape}", f"one value for each of the {y.size} studies")
    places = np.argsort(np.argsort(by, kind="stable"), kind="stable")
    found = subsets(y, v, places[None, :] <= np.arange(y.size)[:, None], **options)
    return Refits(found.members, found.result, places)


def all_subsets(k: int) -> BoolArray:
    """Every set of one study or more of `k`, (2^k - 1, k): by size, then counting in binary, the first study the lowest bit.

    Raises InvalidInput beyond 20 studies.
    """
    if not 1 <= k <= LARGEST_POWER_SET:
        raise InvalidInput(
            f"all subsets of {k} studies", f"a power set is built of 1 to {LARGEST_POWER_SET} studies",
            "Draw some of them: gosh(..., limit=100000)",
        )  # fmt: skip
    numbers = np.arange(1, 2**k)
    members = (numbers[:, None] >> np.arange(k)) & 1 == 1
    return np.asarray(members[np.argsort(members.sum(axis=1), kind="stable")])


def gosh(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    limit: int = 2**15,
    generator: np.random.Generator | None = None,
    **options: Any,
) -> Refits:
    """The analysis over every subset of the studies, or over `limit` of them drawn at random where there are more.

    A drawn set holds each study with probability one half, so that sets of every size come as often as they exist; the
    empty set is never drawn, and a set can come twice. generator : where chance comes from; seed 0 where None.
    Source: Olkin, Dahabreh & Trikalinos (2012), Res Synth Methods 3:214-223, doi 10.1002/jrsm.1053.
    """
    y, v = _effects(yi, vi)
    if limit < 1:
        raise InvalidInput(f"limit is {limit}", "one set or more is fitted")
    if y.size <= LARGEST_POWER_SET and 2**y.size - 1 <= limit:
        return subsets(y, v, all_subsets(y.size), **options)
    chance = np.random.default_rng(0) if generator is None else generator
    drawn = np.empty((0, y.size), dtype=bool)
    while len(drawn) < limit:
        more = chance.random((limit - len(drawn), y.size)) < 0.5
        drawn = np.concatenate([drawn, more[more.any(axis=1)]])
    return subsets(y, v, drawn, **options)


def _effects(yi: ArrayLike, vi: ArrayLike) -> tuple[Array, Array]:
    y, v = floats("yi", yi), floats("vi", vi)
    if y.ndim != 1 or y.shape != v.shape:
        raise InvalidInput(f"yi has shape {y.shape}, vi {v.shape}", "both have one value a study")
    if y.size == 0:
        raise TooFewStudies("a meta-analysis", 1, 0)
    return y, v
