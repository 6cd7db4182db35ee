"""One outcome of a base pooled by the review's own analysis, for the commands that need its weights or its estimate."""

from __future__ import annotations

from mscsec.cli.pool import fit_effects
from mscsec.effects.sizes import EffectSizes, effects
from mscsec.pooling.result import PooledResult
from mscsec.records.reader import EvidenceBase


def pooled(base: EvidenceBase, outcome: str, comparison: str | None = None) -> tuple[EffectSizes, PooledResult | None]:
    """The effects and their pooled result; None where no study contributes. Raises as `effects` and `pool` do."""
    own = base.review.analysis
    sizes = effects(base, outcome, comparison=comparison, level=float(own.level or 0.95))
    if not sizes.rows:
        return sizes, None
    chosen = {"model": own.model, "tau2": own.tau2, "ci": own.ci, "prediction": own.prediction, "preset": own.preset}
    return sizes, fit_effects(sizes, chosen)


def weights_of(sizes: EffectSizes, fit: PooledResult | None) -> dict[str, float]:
    """By study, its share of the meta-analysis, in [0, 1]; empty where nothing was pooled."""
    return {} if fit is None else dict(zip((row.study for row in sizes.rows), fit.weights, strict=True))
