"""Peto's one-step odds ratio, a closed form on a batch axis."""

from __future__ import annotations

import numpy as np

from mscsec.pooling.counts.mantel_haenszel import Stratified
from mscsec.pooling.counts.study_effects import hypergeometric_variance
from mscsec.pooling.counts.tables import Tables


def odds_ratio(t: Tables) -> Stratified:
    """Log odds ratio sum(O - E) / sum(V), with standard error 1 / sqrt(sum V).

    Right for small effects and balanced arms; biased towards no effect otherwise.
    Source: Yusuf et al. (1985), Prog Cardiovasc Dis 27:335-371.
    """
    information = hypergeometric_variance(t)
    total = information.sum(-1)
    ok = total > 0
    safe = np.where(ok, total, 1.0)
    excess = np.where(t.mask, t.a - (t.a + t.c) * (t.n_1 / t.total), 0.0).sum(-1)
    return Stratified(
        np.where(ok, excess / safe, np.nan),
        np.where(ok, 1 / np.sqrt(safe), np.nan),
        information / safe[..., None],
        ok,
    )
