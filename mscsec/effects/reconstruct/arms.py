"""Groups put together, taken apart, and shared between comparisons.

Source throughout: Cochrane Handbook, sections 6.5.2.10 (combining groups) and 23.3.4 (multi-arm trials).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.effects.reconstruct import rules
from mscsec.effects.reconstruct.rows import Reason, Refusal, blank, columns, judge, missing, must, safe
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class Group(Result):
    """n, mean, sd of one group, units of the outcome; NaN in a refused row."""

    n: Array
    mean: Array
    sd: Array
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts(Result):
    """events and n of one group; not rounded."""

    events: Array
    n: Array
    refused: tuple[Refusal, ...] = ()


def combine_groups(n: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Group:
    """One group from several, as if their members had been listed together. Exact.

    n, mean, sd : (..., g) groups on the last axis; a group with none of the three is padding and does not count.
    The SD is that of all values around the common mean, wider than a pooled SD where the means differ.
    Source: Cochrane Handbook 6.5.2.10, table 6.5.a, for any number of groups.
    """
    n_, mean_, sd_ = columns(n=n, mean=mean, sd=sd)
    rules.group_size(1, n=n_)
    rules.not_negative("a standard deviation", sd=sd_)
    padding = np.isnan(n_) & np.isnan(mean_) & np.isnan(sd_)
    reasons = _incomplete(padding, n=n_, mean=mean_, sd=sd_)
    stands, refused = judge(n_.shape[:-1], reasons)
    used = stands[..., None] & ~padding
    size, m, s = safe(used, n_, 0.0), safe(used, mean_, 0.0), safe(used, sd_, 0.0)
    total = np.where(stands, size.sum(-1), 2.0)
    grand = (size * m).sum(-1) / total
    squares = (np.where(used, size - 1, 0.0) * s**2 + size * (m - grand[..., None]) ** 2).sum(-1)
    spread = np.sqrt(squares / np.maximum(total - 1, 1.0))
    return Group(blank(stands, total), blank(stands, grand), blank(stands, spread), refused)


def combine_counts(events: ArrayLike, n: ArrayLike) -> Counts:
    """One group from several: events and sizes add up. Exact.

    events, n : (..., g) groups on the last axis; a group with neither is padding.
    """
    events_, n_ = columns(events=events, n=n)
    rules.group_size(0, n=n_)
    rules.counts(events_, n_)
    padding = np.isnan(events_) & np.isnan(n_)
    stands, refused = judge(n_.shape[:-1], _incomplete(padding, events=events_, n=n_))
    return Counts(blank(stands, np.nansum(events_, -1)), blank(stands, np.nansum(n_, -1)), refused)


def remove_group(
    n: ArrayLike, mean: ArrayLike, sd: ArrayLike, n_part: ArrayLike, mean_part: ArrayLike, sd_part: ArrayLike
) -> Group:
    """What is left of a whole group when one part is taken out: `combine_groups` backwards. Exact.

    n, mean, sd : (...) the whole. n_part, mean_part, sd_part : the part.
    A part that does not fit the whole (a negative sum of squares is left) is refused (E303).
    """
    n_, m, s, k, mk, sk = columns(n=n, mean=mean, sd=sd, n_part=n_part, mean_part=mean_part, sd_part=sd_part)
    rules.group_size(1, n=n_, n_part=k)
    rules.not_negative("a standard deviation", sd=s, sd_part=sk)
    must(~(n_ - k < 2), "two or more participants are left", {"n": n_, "n_part": k})
    reasons = missing(n=n_, mean=m, sd=s, n_part=k, mean_part=mk, sd_part=sk)
    known, _ = judge(n_.shape, reasons)
    rest = safe(known, n_ - k, 2.0)
    rest_mean = m + k * (m - mk) / rest
    whole = (n_ - 1) * s**2
    squares = whole - (k - 1) * sk**2 - k * (mk - m) ** 2 - rest * (rest_mean - m) ** 2
    squares = np.where(np.abs(squares) <= 1e-12 * whole, 0.0, squares)  # what binary subtraction leaves of nothing
    reasons.append((squares < 0, "E303", "the part does not fit the whole: no values could leave this rest"))
    stands, refused = judge(n_.shape, reasons)
    spread = np.sqrt(safe(stands, squares) / (rest - 1))
    return Group(blank(stands, rest), blank(stands, rest_mean), blank(stands, spread), refused)


def split_shared_events(events: ArrayLike, n: ArrayLike, comparisons: ArrayLike) -> Counts:
    """A shared group spread evenly over its comparisons: events and size divided, not rounded.

    comparisons : (...) number of comparisons that use the group. The comparisons stay slightly correlated; a
    multivariate analysis is better where there is one.
    Source: Cochrane Handbook 23.3.4.
    """
    events_, n_, share = columns(events=events, n=n, comparisons=comparisons)
    rules.group_size(0, n=n_)
    rules.counts(events_, n_)
    _comparisons(share)
    stands, refused = judge(n_.shape, missing(events=events_, n=n_, comparisons=share))
    return Counts(blank(stands, events_ / safe(stands, share)), blank(stands, n_ / safe(stands, share)), refused)


def split_shared_group(n: ArrayLike, mean: ArrayLike, sd: ArrayLike, comparisons: ArrayLike) -> Group:
    """The same for a continuous outcome: the size is divided, mean and SD stay.

    Source: Cochrane Handbook 23.3.4.
    """
    n_, m, s, share = columns(n=n, mean=mean, sd=sd, comparisons=comparisons)
    rules.group_size(1, n=n_)
    rules.not_negative("a standard deviation", sd=s)
    _comparisons(share)
    stands, refused = judge(n_.shape, missing(n=n_, mean=m, sd=s, comparisons=share))
    return Group(blank(stands, n_ / safe(stands, share)), blank(stands, m), blank(stands, s), refused)


def _comparisons(comparisons: Array) -> None:
    must(~(comparisons < 1), "a group serves one comparison or more", {"comparisons": comparisons})
    rules.whole(comparisons=comparisons)


def _incomplete(padding: BoolArray, **figures: Array) -> list[Reason]:
    """Rows in which a group lacks one figure but not all, or in which there is no group."""
    reasons: list[Reason] = [(np.all(padding, axis=-1), "E301", "no group is reported")]
    for name, array in figures.items():
        lacking = np.any(np.isnan(array) & ~padding, axis=-1)
        reasons.append((lacking, "E301", f"{name} is not reported for one of the groups"))
    return reasons
