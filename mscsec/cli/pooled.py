"""One outcome of a base pooled by the review's own analysis, for the commands that need its weights or its estimate."""

from __future__ import annotations

from typing import Any

from mscsec.cli.pool import fit_effects
from mscsec.effects.sizes import EffectSizes, effects
from mscsec.pooling.result import PooledResult
from mscsec.records.reader import EvidenceBase


def pooled(base: EvidenceBase, outcome: str, comparison: str | None = None) -> tuple[EffectSizes, PooledResult | None]:
    """The effects and their pooled result; None where no study contributes. Raises as `effects` and `pool` do."""
    sizes = effects(base, outcome, comparison=comparison, level=float(base.review.analysis.level or 0.95))
    return sizes, fit_effects(sizes, choices_of(base)) if sizes.rows else None


def choices_of(base: EvidenceBase) -> dict[str, Any]:
    """The review's own analysis, as `fit_effects` takes it."""
    own = base.review.analysis
    return {"model": own.model, "tau2": own.tau2, "ci": own.ci, "prediction": own.prediction, "preset": own.preset}


def weights_of(sizes: EffectSizes, fit: PooledResult | None) -> dict[str, float]:
    """By study, its share of the meta-analysis, in [0, 1]; empty where nothing was pooled."""
    return {} if fit is None else dict(zip((row.study for row in sizes.rows), fit.weights, strict=True))
