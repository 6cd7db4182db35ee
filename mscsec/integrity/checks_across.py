"""Checks that hold records, arms or time points against each other. They find coincidences, not contradictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mscsec.constants import BASELINE_SIGNAL
from mscsec.integrity.across import (
    BaselineVariable,
    SharedFigures,
    baseline_similarity,
    shared_figures,
    shared_registrations,
    unchanged,
)
from mscsec.integrity.printed import Figure
from mscsec.integrity.verdict import Finding, Verdict, short_p
from mscsec.said import joined, num, quoted, said


def _coincidence(found: bool) -> Finding:
    return Finding.UNLIKELY if found else Finding.CONSISTENT


def check_shared_figures(records: Mapping[str, Mapping[str, Figure]], *, at_least: int = 3, digits: int = 5) -> Verdict:
    """Whether two records print the same figures under the same labels, as `shared_figures` counts them."""
    return told_of_shared(shared_figures(records, at_least, digits), len(records), at_least)


def told_of_shared(pairs: Sequence[SharedFigures], records: int, at_least: int = 3) -> Verdict:
    """The verdict on pairs that were found among so many records."""
    found = joined(
        "; ",
        (
            said("{} and {}: ", pair.first, pair.second)
            + joined(
                ", ", (said("{} {}", label, num(text)) for label, text in zip(pair.labels, pair.figures, strict=True))
            )
            for pair in pairs
        ),
    )
    return Verdict(
        "I501",
        _coincidence(bool(pairs)),
        said("{} records", records),
        "different patients give different figures",
        found or said("no two records share {} figures or more", at_least),
        question="Do these reports share patients, or were figures carried over from one to the other?"
        if pairs
        else "",
        numbers={"pairs": [pair.to_dict() for pair in pairs]},
    )


def check_shared_registration(records: Mapping[str, str | None]) -> Verdict:
    """Whether two records name the same trial registration, so that one trial may stand twice."""
    shared = shared_registrations(records)
    return Verdict(
        "I502",
        _coincidence(bool(shared)),
        said("{} records, {} with a registration", len(records), sum(bool(text) for text in records.values())),
        "one registration is one trial",
        joined("; ", (said("{}: {}", num(number), quoted(", ".join(names))) for number, names in shared.items()))
        or "no registration stands twice",
        question="Are these reports of one trial, and which of them is to be counted?" if shared else "",
        numbers={"shared": shared},
    )


def check_baseline(
    variables: Sequence[BaselineVariable],
    rng: np.random.Generator,
    *,
    rounding: str = "up_or_down",
    signal: float = BASELINE_SIGNAL,
) -> Verdict:
    """Whether a baseline table differs between arms as random allocation makes it; see `baseline_similarity`.

    Unlikely where the two-sided P of Stouffer's z is below `signal`.
    """
    result = baseline_similarity(variables, rng, rounding)
    two_sided = min(2 * min(result.p_different, result.p_similar), 1.0)
    odd = two_sided < signal
    way = "more alike" if result.z < 0 else "more different"
    return Verdict(
        "I503",
        _coincidence(odd),
        said("{} baseline variables: {}", result.k, ", ".join(variable.label for variable in variables)),
        "patients allocated one by one at random; variables independent of each other and about normal; spreads are SDs",
        said(
            "Stouffer's z {:.2f}, two-sided P {}: the arms are {} than on average",
            result.z,
            num(short_p(two_sided)),
            way,
        ),
        question="How was allocation done, are the spreads SDs, and which variables are related?" if odd else "",
        numbers=result.to_dict() | {"p": two_sided},
    )


def check_unchanged(figures: Mapping[str, Figure], *, digits: int = 3) -> Verdict:
    """Whether the same SD is printed for several arms or time points."""
    groups = unchanged(figures, digits)
    return Verdict(
        "I504",
        _coincidence(bool(groups)),
        joined(", ", (said("{} {}", label, num(figure)) for label, figure in figures.items())),
        said("SDs of different patients or days seldom agree to {} digits", digits),
        "; ".join(" = ".join(labels) for labels in groups) or "no two are the same",
        question="Were these SDs computed for each arm and time, or copied from one to another?" if groups else "",
        numbers={"groups": groups},
    )
