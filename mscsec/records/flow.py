"""The flow of records through a review, by the boxes of the PRISMA 2020 diagram, and whether its numbers add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Discriminator, Tag

from mscsec.records.quantities import Count, Model


def _shape(value: object) -> str:
    return "<mapping>" if isinstance(value, dict) and not {"value", "assumed"} & value.keys() else "<count>"


FlowCount = Annotated[
    Annotated[Count, Tag("<count>")] | Annotated[dict[str, Count], Tag("<mapping>")], Discriminator(_shape)
]


class Included(Model):
    """Studies, and the reports of them, in one version of the review."""

    studies: Count | None = None
    reports: Count | None = None


class Flow(Model):
    """Numbers of the PRISMA 2020 flow diagram (Page et al. 2021, BMJ 372:n71); each a number, or numbers by name that are added.

    previous : studies in an earlier version of the review. identified : records from databases and registers. removed :
    before screening (duplicates, automation, other). screened, excluded : records. sought, not_retrieved, assessed,
    ineligible : reports, the last by reason. other_ : the same for websites, organisations, citation searching.
    included : studies and reports new in this version. total : those with the earlier ones.
    """

    previous: Included | None = None
    identified: FlowCount | None = None
    removed: FlowCount | None = None
    screened: FlowCount | None = None
    excluded: FlowCount | None = None
    sought: FlowCount | None = None
    not_retrieved: FlowCount | None = None
    assessed: FlowCount | None = None
    ineligible: FlowCount | None = None
    other_identified: FlowCount | None = None
    other_sought: FlowCount | None = None
    other_not_retrieved: FlowCount | None = None
    other_assessed: FlowCount | None = None
    other_ineligible: FlowCount | None = None
    included: Included | None = None
    total: Included | None = None

    def parts(self, name: str) -> tuple[tuple[str, int], ...]:
        """The numbers of a box by name; empty where there is one number or none."""
        given = getattr(self, name)
        return tuple((key, int(part.value)) for key, part in given.items()) if isinstance(given, dict) else ()

    def sum_of(self, name: str) -> int | None:
        """The number in a box, its parts added; None where it is not recorded."""
        given = getattr(self, name)
        if given is None:
            return None
        return sum(number for _, number in self.parts(name)) if isinstance(given, dict) else int(given.value)

    def mismatches(self) -> Iterator[tuple[str, int, str, int]]:
        """Boxes that are not what is left of the box before: (box or box.part, its number, the subtraction in words, what that gives).

        A box is compared where every number of its subtraction is recorded; a box of what was taken out that is missing
        says nothing, and is not taken for 0.
        """
        for box, before, out in _STEPS:
            have, start, gone = self.sum_of(box), self.sum_of(before), self.sum_of(out)
            if have is not None and start is not None and gone is not None and have != start - gone:
                yield box, have, f"{before} less {out}", start - gone
        yield from self._reports()
        for unit in ("studies", "reports"):
            known = [_number(side, unit) for side in (self.total, self.previous, self.included)]
            if None not in known:
                total, old, new = (number for number in known if number is not None)
                if total != old + new:
                    yield f"total.{unit}", total, f"{unit} of previous and included", old + new

    def _reports(self) -> Iterator[tuple[str, int, str, int]]:
        """Reports included are the reports assessed less those not eligible, on both ways that there are."""
        reports = _number(self.included, "reports")
        left: list[int] = []
        for way in ("", "other_"):
            assessed, out = self.sum_of(f"{way}assessed"), self.sum_of(f"{way}ineligible")
            if assessed is None and (way == "" or self.sum_of("other_identified") is None):
                continue
            if assessed is None or out is None:
                return
            left.append(assessed - out)
        if reports is not None and left and reports != sum(left):
            yield "included.reports", reports, "reports assessed less ineligible", sum(left)


_STEPS = (
    ("screened", "identified", "removed"),
    ("sought", "screened", "excluded"),
    ("assessed", "sought", "not_retrieved"),
    ("other_assessed", "other_sought", "other_not_retrieved"),
)


def _number(side: Included | None, unit: str) -> int | None:
    found = None if side is None else getattr(side, unit)
    return None if found is None else int(found.value)
