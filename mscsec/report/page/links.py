"""Where the numbers of a sentence lead on the page, and a sentence as it stands there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from mscsec.report.material import typeset
from mscsec.report.page.names import (
    ASSESSMENTS,
    PROTOCOL_TRAIL,
    RECORDS_TRAIL,
    RULES,
    grade_id,
    outcome_id,
    pooled_id,
    study_id,
)  # fmt: skip
from mscsec.said import ASSESSED, EFFECT, OUTCOME, PROTOCOL, RATED, RECORDS, RULE, Ref, parts_of

GENERAL = {RULE: RULES, PROTOCOL: PROTOCOL_TRAIL, RECORDS: RECORDS_TRAIL, ASSESSED: ASSESSMENTS, RATED: "findings"}


@dataclass(frozen=True, slots=True)
class Place:
    """What a sentence is about: the trail of its numbers, and of those that name something else."""

    own: str
    others: Mapping[str, str] = field(default_factory=lambda: GENERAL)

    def to(self, ref: Ref) -> str:
        """The id that a piece leads to."""
        return self.others.get(ref.of, self.own) if ref.of else self.own


def of_outcome(outcome: str, own: str = "") -> Place:
    """Sentences about an outcome; their numbers lead to its pooled result unless `own` is given."""
    pooled = pooled_id(outcome)
    return Place(own or pooled, {**GENERAL, EFFECT: pooled, OUTCOME: outcome_id(outcome)})


def of_rating(outcome: str) -> Place:
    """Sentences about the certainty of an outcome."""
    return of_outcome(outcome, grade_id(outcome))


def of_study(outcome: str, study: str) -> Place:
    """Sentences about one study's effect on an outcome."""
    return of_outcome(outcome, study_id(outcome, study))


def say(text: str, place: Place | str) -> Markup:
    """A sentence with each of its numbers and quotations as a link; symbols of the program's own words as a journal sets them."""
    at = Place(place) if isinstance(place, str) else place
    return Markup("").join(
        linked(part.text, at.to(part)) if isinstance(part, Ref) else escape(typeset(part)) for part in parts_of(text)
    )


def linked(text: str, to: str) -> Markup:
    """A text that leads to an id of the page."""
    return Markup('<a href="#{}">{}</a>').format(to, text)


def cite(text: str, to: str) -> Markup:
    """Words of a record: a link as a whole where they hold a number, which cannot be told apart from them."""
    return linked(text, to) if re.search(r"\d", text) else escape(text)


def told(text: str, to: str) -> Markup:
    """A reason: a sentence whose numbers are known, or the message of an error, which leads as a whole."""
    return say(text, to) if any(isinstance(part, Ref) for part in parts_of(text)) else cite(text, to)
