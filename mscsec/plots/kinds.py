"""The kinds of picture, as a table: what each is called, what it needs, and the module that draws it.

Reading the table imports no matplotlib; a kind's module is imported when it is drawn.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mscsec.appraisal.judgements import BiasTable
from mscsec.effects.sizes import EffectSizes
from mscsec.pooling.result import PooledResult
from mscsec.records.reader import EvidenceBase
from mscsec.registry import by_key
from mscsec.synthesis.bias import judgements

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
    outcome, comparison : as asked for, of a kind that needs "bias".
    common_tau2 : with `by`, one between-study variance for all groups.
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
    outcome: str | None = None
    comparison: str | None = None
    common_tau2: bool = False

    def judgements(self) -> BiasTable:
        """The risk-of-bias table of a kind that needs "bias"; says where it is not weighted, and why."""
        assert self.base is not None
        found, why = judgements(self.base, self.options.get("tool"), self.outcome, self.comparison)
        if why:
            self.say(f"Not weighted: {why}")
        return found

    @property
    def pooled(self) -> tuple[EffectSizes, PooledResult]:
        """Effects and fit of a kind that needs "fit"."""
        assert self.sizes is not None
        assert self.fit is not None
        return self.sizes, self.fit


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of picture.

    needs : "fit" (effects of an outcome, pooled), "effects" (not pooled), "base" (the evidence base alone) or "bias" (the
        base, with an outcome or without).
    module : below mscsec.plots; its function `draw(request)` gives the figure. studies : the fewest that it can show.
    options : names of the command's options that are this kind's own, beside those of the effects and the fit.
    unshown : names of options of the effects and the fit that make no difference to it.
    text : whether it can be drawn with characters as well.
    """

    key: str
    name: str
    needs: str
    module: str
    studies: int = 1
    options: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()
    text: bool = False

    def draw(self, request: Request) -> Figure:
        """The figure; imports matplotlib."""
        found: Figure = importlib.import_module(f"mscsec.plots.{self.module}").draw(request)
        return found


AHEAD = ("prediction", "tau2-ci")  # what only a picture with the figures of the pooled result shows
INTERVALS = ("ci", *AHEAD)

KINDS = by_key(
    Kind("forest", "Forest plot", "fit", "forest", options=("by", "columns", "sort", "at", "limits", "lines", "also", "names", "favours", "lights", "integrity"), text=True),
    Kind("funnel", "Funnel plot", "fit", "funnel", options=("y", "contours", "trim-fill"), unshown=AHEAD, text=True),
    Kind("leave-one-out", "Leave-one-out forest plot", "fit", "leave_one_out", studies=2, unshown=AHEAD),
    Kind("cumulative", "Cumulative forest plot", "fit", "cumulative", options=("order",), unshown=AHEAD),
    Kind("radial", "Radial (Galbraith) plot", "fit", "radial", unshown=AHEAD),
    Kind("labbe", "L'Abbé plot", "fit", "labbe", unshown=INTERVALS),
    Kind("baujat", "Baujat plot", "fit", "baujat", studies=3, unshown=(*AHEAD, "level")),
    Kind("drapery", "Drapery plot", "fit", "drapery", unshown=("tau2-ci",)),
    Kind("bubble", "Bubble plot of a meta-regression", "fit", "bubble", studies=3, options=("moderator",), unshown=AHEAD),
    Kind("gosh", "GOSH plot of all subsets", "fit", "gosh", studies=3, options=("study", "limit"), unshown=INTERVALS),
    Kind("profile", "Profile likelihood of tau2", "fit", "profile", studies=2, unshown=("ci", "prediction")),
    Kind("normal-qq", "Normal Q-Q plot", "fit", "normal_qq", studies=2, unshown=INTERVALS),
    Kind("traffic-light", "Risk of bias by study", "bias", "traffic_light", options=("tool",), text=True),
    Kind("summary", "Risk of bias by domain", "bias", "summary", options=("tool",)),
    Kind("prisma", "PRISMA 2020 flow diagram", "base", "prisma"),
)  # fmt: skip
