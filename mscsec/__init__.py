"""Meta-analysis and evidence appraisal from plain YAML study records.

    import mscsec as ms
    base = ms.load("studies")
    data = ms.effects(base, outcome="icu_stay", measure="MD")
    fit = ms.pool(data.yi, data.vi)

Names are imported when they are first used, so that `import mscsec` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mscsec.cli.version import __version__ as __version__

if TYPE_CHECKING:
    from mscsec.effects.measures import effect_size as effect_size
    from mscsec.effects.sizes import EffectSizes as EffectSizes
    from mscsec.effects.sizes import effects as effects
    from mscsec.errors import MscsecError as MscsecError
    from mscsec.pooling import pool as pool
    from mscsec.pooling import pool_batch as pool_batch
    from mscsec.pooling import studies as studies
    from mscsec.pooling.counts import pool_counts as pool_counts
    from mscsec.pooling.counts import pool_group_rates as pool_group_rates
    from mscsec.pooling.counts import pool_proportions as pool_proportions
    from mscsec.pooling.counts import pool_rates as pool_rates
    from mscsec.pooling.counts.moderators import regress_counts as regress_counts
    from mscsec.pooling.counts.moderators import regress_group_rates as regress_group_rates
    from mscsec.pooling.counts.moderators import regress_proportions as regress_proportions
    from mscsec.pooling.counts.moderators import regress_rates as regress_rates
    from mscsec.pooling.regression import location_scale as location_scale
    from mscsec.pooling.regression import multilevel as multilevel
    from mscsec.pooling.regression import permutation_test as permutation_test
    from mscsec.pooling.regression import predict as predict
    from mscsec.pooling.regression import regress as regress
    from mscsec.pooling.regression import robust as robust
    from mscsec.pooling.regression import subgroups as subgroups
    from mscsec.pooling.result import PooledResult as PooledResult
    from mscsec.problems import RecordError as RecordError
    from mscsec.records.reader import EvidenceBase as EvidenceBase
    from mscsec.records.reader import load as load
    from mscsec.sensitivity import baujat as baujat
    from mscsec.sensitivity import cumulative as cumulative
    from mscsec.sensitivity import gosh as gosh
    from mscsec.sensitivity import leave_one_out as leave_one_out
    from mscsec.small_study.asymmetry import asymmetry as asymmetry
    from mscsec.small_study.trim_and_fill import trim_and_fill as trim_and_fill

_FACE = {
    "EffectSizes": "mscsec.effects.sizes",
    "EvidenceBase": "mscsec.records.reader",
    "MscsecError": "mscsec.errors",
    "PooledResult": "mscsec.pooling.result",
    "RecordError": "mscsec.problems",
    "asymmetry": "mscsec.small_study",
    "baujat": "mscsec.sensitivity",
    "cumulative": "mscsec.sensitivity",
    "effect_size": "mscsec.effects.measures",
    "effects": "mscsec.effects",
    "gosh": "mscsec.sensitivity",
    "leave_one_out": "mscsec.sensitivity",
    "load": "mscsec.records.reader",
    "location_scale": "mscsec.pooling.regression",
    "multilevel": "mscsec.pooling.regression",
    "permutation_test": "mscsec.pooling.regression",
    "pool": "mscsec.pooling",
    "pool_batch": "mscsec.pooling",
    "pool_counts": "mscsec.pooling.counts",
    "pool_group_rates": "mscsec.pooling.counts",
    "pool_proportions": "mscsec.pooling.counts",
    "pool_rates": "mscsec.pooling.counts",
    "predict": "mscsec.pooling.regression",
    "regress": "mscsec.pooling.regression",
    "regress_counts": "mscsec.pooling.counts.moderators",
    "regress_group_rates": "mscsec.pooling.counts.moderators",
    "regress_proportions": "mscsec.pooling.counts.moderators",
    "regress_rates": "mscsec.pooling.counts.moderators",
    "robust": "mscsec.pooling.regression",
    "studies": "mscsec.pooling",
    "subgroups": "mscsec.pooling.regression",
    "trim_and_fill": "mscsec.small_study",
}

__all__ = ["__version__", *sorted(_FACE)]


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module 'mscsec' has no attribute {name!r}; it has {', '.join(sorted(_FACE))}")
    module = importlib.import_module(_FACE[name])
    return module if _FACE[name] == f"mscsec.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
