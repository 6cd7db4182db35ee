"""The effects of one outcome pooled by subgroups, which a field of the records tells apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mscsec.effects.moderators import column
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import InvalidInput, TooFewStudies
from mscsec.pooling.regression import SubgroupResult, subgroups
from mscsec.synthesis.weights import as_arrays, noted


def fit_groups(
    sizes: EffectSizes,
    columns: Mapping[str, list[Any]],
    field: str,
    chosen: Mapping[str, Any],
    *,
    common_tau2: bool = False,
) -> tuple[list[str], SubgroupResult]:
    """The group of each row of `sizes`, and the groups pooled; groups that are numbers stand in their order.

    columns : fields by name, as `moderators.columns_of_base` gives them. chosen : as for `fit_effects`.
    common_tau2 : one between-study variance for all groups.
    Raises UnknownName for a field that no study has, InvalidInput where a study does not say its group.
    """
    groups = column(dict(columns), field)
    unknown = [row.label for row, group in zip(sizes.rows, groups, strict=True) if group is None]
    if unknown:
        raise InvalidInput(
            f"{field} is not recorded for {', '.join(unknown)}",
            "every study in a subgroup analysis belongs to a group",
            "Record it, or leave these studies out with --exclude",
        )
    labels = [f"{group:g}" if isinstance(group, float) else str(group) for group in groups]
    options = as_arrays(chosen, sizes) | {"model": chosen.get("model") or "random"}
    try:
        found = subgroups(
            sizes.yi, sizes.vi, labels, tau2_common=common_tau2, level=sizes.level, transform=sizes.back(), **options
        )
    except TooFewStudies as error:
        raise TooFewStudies(error.method, error.needed, error.found, _small(field, labels, error)) from None
    found = replace(found, overall=noted(found.overall, chosen, sizes))
    if all(isinstance(group, float) for group in groups):
        found = replace(found, groups=dict(sorted(found.groups.items(), key=lambda item: float(item[0]))))
    return labels, found


def _small(field: str, labels: list[str], error: TooFewStudies) -> str:
    """Which subgroups have too few studies for a method; empty where it is not for want of studies in one of them."""
    sizes = Counter(labels)
    small = [name for name, size in sizes.items() if size < error.needed]
    if error.found not in sizes.values() or error.found == len(labels):
        return ""
    return f"So few are in {', '.join(f'{field} = {name}' for name in small)}; leave out --by, or take another method"
