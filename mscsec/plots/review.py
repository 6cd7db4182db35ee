"""The pictures of a whole review, as blocks of its manuscript: drawn once, written as each kind of file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from mscsec.effects.moderators import columns_of_base
from mscsec.plots.kinds import KINDS, Request
from mscsec.plots.theme import Page, described, picture, words_of
from mscsec.records.reader import EvidenceBase
from mscsec.report.manuscript.blocks import Picture
from mscsec.report.material import Material
from mscsec.synthesis.fit import choices_of
from mscsec.synthesis.review import OutcomeSynthesis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 6.5  # inches between the margins of a page
FUNNEL = 5.0


def outcome_pictures(found: Material, one: OutcomeSynthesis) -> list[Picture]:
    """The forest plot of an outcome with data, and its funnel plot where its asymmetry is tested."""
    base, sizes, fit = found.synthesis.base, one.sizes, one.fit
    if sizes is None or fit is None:
        return []
    chosen: Mapping[str, Any] = choices_of(base)
    request = Request(Page(WIDTH), sizes, fit, base, chosen, lambda: columns_of_base(base, sizes), say=_nothing)
    name = re.sub(r"[^A-Za-z0-9_-]", "-", one.outcome)
    where = f": {sizes.comparison_label}" if sizes.comparison_label else ""
    pictures = [as_block(KINDS["forest"].draw(request), f"forest-{name}", f"Forest plot of {one.label}{where}")]
    if one.outcome in found.funnels:
        figure = KINDS["funnel"].draw(replace(request, page=Page(FUNNEL)))
        pictures.append(as_block(figure, f"funnel-{name}", f"Funnel plot of {one.label}{where}"))
    return pictures


def flow_picture(base: EvidenceBase) -> Picture | None:
    """The PRISMA diagram; None where the protocol records no flow."""
    if not base.review.flow.model_fields_set:
        return None
    figure = KINDS["prisma"].draw(Request(Page(WIDTH), base=base, say=_nothing))
    return as_block(figure, "flow", "Flow of studies (PRISMA 2020)")


def _nothing(_: str) -> None:
    """What a picture leaves out for want of room stands in the table under it."""


def as_block(figure: Figure, key: str, caption: str) -> Picture:
    """A figure as a block; each kind of file is made once."""

    @cache
    def draw(kind: str) -> bytes:
        return picture(figure, kind)

    width, height = figure.get_size_inches()
    title, description = described(figure)
    size = (float(width), float(height))
    return Picture(key, caption, description or title or caption, draw, size, words_of(figure))
