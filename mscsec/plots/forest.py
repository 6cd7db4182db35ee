"""The forest plot: studies with their figures, effects and judgements; pooled effects under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from mscsec.appraisal.judgements import BiasTable, bias_table, recorded_appraisals, tools_of
from mscsec.effects.sizes import EffectSizes
from mscsec.plots.forest_columns import BUILT_IN
from mscsec.plots.forest_content import DEFAULT_COLUMNS, Groups, Look, content_of, summary
from mscsec.plots.forest_paint import paint
from mscsec.plots.kinds import Request
from mscsec.plots.scales import sides_of
from mscsec.plots.theme import Page, describe
from mscsec.pooling.result import PooledResult
from mscsec.records.reader import EvidenceBase
from mscsec.synthesis.fit import important, weights_of
from mscsec.synthesis.groups import fit_groups
from mscsec.synthesis.models import fit_words

__all__ = ["Groups", "Look", "draw", "forest"]


def forest(
    sizes: EffectSizes,
    fits: PooledResult | Sequence[PooledResult],
    *,
    page: Page | None = None,
    look: Look | None = None,
    groups: Groups | None = None,
    bias: BiasTable | None = None,
    fields: Mapping[str, Sequence[Any]] | None = None,
) -> tuple[Figure, tuple[str, ...]]:
    """The forest plot of one outcome, and in words what was left out of it for want of room.

    sizes : the studies; flags become footnotes, a flag whose mark is "!" or "?" a sign beside the study.
    fits : one pooled result, or several one below the other; boxes and the first column of weights are of the first.
    groups : subgroups with their own diamonds; `fits` are then those of all studies. bias : lights beside each study.
    fields : columns of the records by name, for `look.columns` and the order by year.
    Raises InvalidInput without a study; UnknownName for a column, an order or a line that does not exist.
    """
    page, look = page or Page(), look or Look()
    models = (fits,) if isinstance(fits, PooledResult) else tuple(fits)
    content = content_of(sizes, models, look, groups=groups, bias=bias, fields=fields)
    figure, left_out = paint(sizes, content, look, page)
    return describe(
        figure, f"Forest plot: {content.title or sizes.outcome_label}", summary(sizes, models, groups)
    ), left_out


def draw(request: Request) -> Figure:
    """The forest plot of a request."""
    sizes, fit = request.pooled
    asked = request.options
    groups = None
    if request.by is not None:
        labels, found = fit_groups(
            sizes, dict(request.columns()), request.by, request.chosen, common_tau2=request.common_tau2
        )
        groups = Groups(request.by, tuple(labels), found)
        fit = found.overall
    fits = (fit, *(fit_words(sizes, request.chosen, words) for words in asked.get("also", ())))
    look = Look(
        columns=tuple(asked.get("columns", DEFAULT_COLUMNS)),
        sort=asked.get("sort", "record"),
        at=tuple(asked.get("at", ())),
        ends=asked.get("limits"),
        lines=tuple(asked.get("lines", ())),
        names=asked.get("names") or side_names(sizes, request.base),
        favours=asked.get("favours"),
        title=request.page.title,
    )
    if "important" in look.lines and important(sizes) is None:
        request.say(
            f"No line for the important difference: none is recorded for {sizes.outcome}, or not for {sizes.measure}"
        )
    bias = _bias(request, sizes, fit)
    fields = request.columns() if set(look.columns) - set(BUILT_IN) or "year" in look.sort else {}
    figure, left_out = forest(sizes, fits, page=request.page, look=look, groups=groups, bias=bias, fields=fields)
    if left_out:
        request.say(f"Left out for want of room: {', '.join(left_out)}")
    return figure


def side_names(sizes: EffectSizes, base: EvidenceBase | None) -> tuple[str, str]:
    """What the two sides are called: by the comparison's label ("A against B"), else by its treatments."""
    comparison = base.review.comparisons.get(sizes.comparison or "") if base is not None else None
    if comparison is None:
        return "Experimental", "Comparator"
    sides = sides_of(comparison.label)
    parts = sides or (" or ".join(comparison.experimental), " or ".join(comparison.comparator))
    one, two = (part[:1].upper() + part[1:] for part in parts)
    return one, two


def _bias(request: Request, sizes: EffectSizes, fit: PooledResult) -> BiasTable | None:
    """The judgements of the instrument asked for; of the first on record for the outcome where none is named."""
    base, asked = request.base, request.options.get("lights", "auto")
    if base is None or asked == "none":
        return None
    records = {row.record for row in sizes.rows}
    studies = [study for study in base.studies if study.id in records]
    used = tools_of(recorded_appraisals(studies, sizes.outcome))
    if asked == "auto" and not used:
        return None
    tool = used[0] if asked == "auto" else asked
    weights = weights_of(sizes, fit) if fit.weights else None
    return bias_table(studies, tool, sizes.outcome, plans=base.review.outcomes, weights=weights)
