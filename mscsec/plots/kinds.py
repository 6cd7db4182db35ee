"""The kinds of picture, as a table: what each is called, what it needs, and the module that draws it.

Reading the table imports no matplotlib; a kind's module is imported when it is drawn.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mscsec.effects.sizes import EffectSizes
from mscsec.pooling.result import PooledResult
from mscsec.records.reader import EvidenceBase
from mscsec.registry import by_key

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mscsec.plots.theme import Page


@dataclass(frozen=True, slots=True)
class Request:
    """Everything a picture may be made of; what its kind does not need may be None.

    sizes, fit : effects of one outcome and their pooled result, by the choices of the review or the caller.
    base : the evidence base; None for a table. chosen : keyword arguments of `synthesis.fit.fit_effects`.
    columns : fields of the studies by name, in the order of `sizes.rows`, read when they are called for.
    by : the field that divides the studies. page : width, inks, title.
    options : those of the kind's own (`Kind.options`) that were given.
    say : takes a sentence for the reader of the terminal (a column that was dropped).
    """

    page: Page
    sizes: EffectSizes | None = None
    fit: PooledResult | None = None
    base: EvidenceBase | None = None
    chosen: Mapping[str, Any] = field(default_factory=dict)
    columns: Callable[[], Mapping[str, list[Any]]] = dict
    by: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    say: Callable[[str], None] = lambda _: None

    @property
    def pooled(self) -> tuple[EffectSizes, PooledResult]:
        """Effects and fit of a kind that needs "fit"."""
        assert self.sizes is not None
        assert self.fit is not None
        return self.sizes, self.fit


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of picture.

    needs : "fit" (effects of an outcome, pooled), "effects" (not pooled) or "base" (the evidence base alone).
    module : below mscsec.plots; its function `draw(request)` gives the figure. studies : the fewest that it can show.
    options : names of the command's options that are this kind's own, beside those of the effects and the fit.
    """

    key: str
    name: str
    needs: str
    module: str
    studies: int = 1
    options: tuple[str, ...] = ()

    def draw(self, request: Request) -> Figure:
        """The figure; imports matplotlib."""
        found: Figure = importlib.import_module(f"mscsec.plots.{self.module}").draw(request)
        return found


KINDS = by_key(
    Kind("forest", "Forest plot", "fit", "forest", options=("by", "columns", "sort", "at", "limits", "lines", "also", "names", "lights", "integrity")),
)  # fmt: skip
