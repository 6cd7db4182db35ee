"""The effect at no standard error (PET), at no variance (PEESE), and the choice between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from mscsec.arrays import ArrayLike
from mscsec.errors import InvalidInput, TooFewStudies
from mscsec.pooling.sets import one_set
from mscsec.results import Notice, Result
from mscsec.small_study.caveats import caveats
from mscsec.small_study.line import Line, weighted_line


@dataclass(frozen=True, slots=True)
class PetPeese(Result):
    """Both extrapolations and the one chosen, on the analysis scale.

    pet_p : one-sided P of PET's estimate in the direction `side`; PEESE is chosen where it is below `alpha`.
    estimate, se, ci_low, ci_high : of the chosen one, t on `df`.
    """

    k: int
    side: str
    pet_estimate: float
    pet_se: float
    pet_statistic: float
    pet_p: float
    peese_estimate: float
    peese_se: float
    peese_statistic: float
    df: int
    chosen: str
    alpha: float
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    level: float
    warnings: tuple[Notice, ...] = ()


def pet_peese(
    yi: ArrayLike, vi: ArrayLike, *, side: str, alpha: float = 0.05, level: float = 0.95, measure: str | None = None
) -> PetPeese:
    """Extrapolate the effects to a study of endless size, by standard errors or by variances.

    yi, vi : (k,) effects on the analysis scale and sampling variances. side : "left" or "right", where an effect is
    expected, for the one-sided test that decides. Raises TooFewStudies, NotEstimable, InvalidInput.
    Source: Stanley & Doucouliagos (2014), Res Synth Methods 5:60-78.
    """
    if side not in ("left", "right"):
        raise InvalidInput(f"side is {side!r}", 'it is "left" or "right"')
    for name, share in (("alpha", alpha), ("level", level)):
        if not 0 < share < 1:
            raise InvalidInput(f"{name} is {share}", "it lies between 0 and 1")
    sets = one_set(yi, vi)
    k, origin = int(sets.k), float(sets.origin)
    if k < 3:
        raise TooFewStudies("PET-PEESE", 3, k)
    pet = weighted_line(sets.yi, np.sqrt(sets.vi), 1 / sets.vi, "the standard error")
    peese = weighted_line(sets.yi, sets.vi, 1 / sets.vi, "the sampling variance")
    t_pet, t_peese = ((line.intercept + origin) / line.intercept_se for line in (pet, peese))
    p = float(stdtr(pet.df, t_pet if side == "left" else -t_pet))
    chosen: Line = peese if p < alpha else pet
    estimate = chosen.intercept + origin
    half = -float(stdtrit(chosen.df, (1 - level) / 2)) * chosen.intercept_se
    return PetPeese(
        k=k,
        side=side,
        pet_estimate=pet.intercept + origin,
        pet_se=pet.intercept_se,
        pet_statistic=t_pet,
        pet_p=p,
        peese_estimate=peese.intercept + origin,
        peese_se=peese.intercept_se,
        peese_statistic=t_peese,
        df=pet.df,
        chosen="PEESE" if chosen is peese else "PET",
        alpha=alpha,
        estimate=estimate,
        se=chosen.intercept_se,
        ci_low=estimate - half,
        ci_high=estimate + half,
        level=level,
        warnings=tuple(caveats(sets.yi, sets.vi, "egger", measure)),
    )
