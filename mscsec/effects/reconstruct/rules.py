"""The rules that single figures obey, said once; each raises `InvalidInput` naming the row."""

from __future__ import annotations

import numpy as np

from mscsec.arrays import Array
from mscsec.effects.reconstruct.rows import must


def positive(kind: str, **figures: Array) -> None:
    """SDs, SEs, ratios and the like: above zero. `kind` is said in the message."""
    for name, array in figures.items():
        must(~(array <= 0), f"{kind} is positive", {name: array})


def group_size(at_least: float = 2, **sizes: Array) -> None:
    """Numbers of participants. Not rounded: an effective sample size is rarely whole."""
    for name, n in sizes.items():
        must(~(n < at_least), f"a group has {at_least:g} or more participants here", {name: n})


def probability(**figures: Array) -> None:
    """Two-sided P values: above 0, at most 1."""
    for name, p in figures.items():
        must(
            ~((p <= 0) | (p > 1)),
            "a P value lies above 0 and is at most 1",
            {name: p},
            "For 'P < 0.001' give the bound, 0.001: the standard error is then at most what is computed",
        )


def proportion(**figures: Array) -> None:
    """Risks and proportions in [0, 1]."""
    for name, p in figures.items():
        must(~((p < 0) | (p > 1)), "a proportion lies in [0, 1]", {name: p}, "Divide a percentage by 100")


def open_proportion(**figures: Array) -> None:
    """Risks and proportions strictly between 0 and 1."""
    for name, p in figures.items():
        must(~((p <= 0) | (p >= 1)), "it lies strictly between 0 and 1", {name: p}, "Divide a percentage by 100")


def not_negative(kind: str, **figures: Array) -> None:
    """Counts, squared statistics and SDs that may be zero. `kind` is said in the message."""
    for name, array in figures.items():
        must(~(array < 0), f"{kind} is not negative", {name: array})


def correlation(**figures: Array) -> None:
    """Correlations in [-1, 1]."""
    for name, r in figures.items():
        must(~(np.abs(r) > 1), "a correlation lies in [-1, 1]", {name: r})


def interval(ci_low: Array, ci_high: Array) -> None:
    """Confidence limits in order, and apart."""
    must(
        ~(ci_low >= ci_high),
        "the lower confidence limit lies below the upper",
        {"ci_low": ci_low, "ci_high": ci_high},
        "Check that the two were not exchanged",
    )


def confidence(level: Array) -> None:
    """Levels as proportions, 0.95 and not 95."""
    must(~((level <= 0) | (level >= 1)), "a level lies between 0 and 1", {"level": level}, "Write 0.95 for 95 percent")


def inside(estimate: Array, ci_low: Array, ci_high: Array) -> None:
    """An estimate lies within its own interval."""
    must(
        ~((estimate < ci_low) | (estimate > ci_high)),
        "an estimate lies within its own confidence interval",
        {"estimate": estimate, "ci_low": ci_low, "ci_high": ci_high},
    )


def counts(events: Array, n: Array) -> None:
    """Events are not negative and not more than participants."""
    must(~(events < 0), "a number of events is not negative", {"events": events})
    must(~(events > n), "no more events than participants", {"events": events, "n": n})


def whole(**figures: Array) -> None:
    """Counts that must be whole numbers."""
    for name, array in figures.items():
        must(np.isnan(array) | (array == np.round(array)), "it is a whole number", {name: array})
