"""Ways from one scale to another: back-transformations, and one effect measure re-expressed as another.

Every function takes an array of any shape, and the further arrays it names, which broadcast against it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri

from mscsec.arrays import Array, ArrayLike
from mscsec.constants import COX_SNELL, SMD_TO_LOG_OR
from mscsec.effects.measures.small_sample import normal_density
from mscsec.errors import UnknownName, UsageError
from mscsec.registry import by_key, choose


@dataclass(frozen=True, slots=True)
class Transform:
    """One transformation.

    key : metafor's name without "transf.", where metafor has it.
    name : from what to what.
    function : takes x and the arrays in `needs` and `may` by name.
    source : key in SOURCES; empty for a change of scale that needs none.
    needs, may : names of further arrays, required or optional.
    inverse : key of the way back, where there is one.
    """

    key: str
    name: str
    function: Callable[..., Array]
    source: str = ""
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    inverse: str = ""


def transform(key: str, x: ArrayLike, **more: Any) -> Array:
    """`x` through the transformation `key` of TRANSFORMS; nan stays nan, and so does what lies outside its domain.

    more : the further arrays the row names (n, t, n_1, n_2, pg, pc, sd, tau2).
    Raises UnknownMethod for an unknown key, UnknownName and UsageError for arrays the row does not have or lacks.
    """
    row = choose(TRANSFORMS, key, "transformation")
    known = row.needs + row.may
    for name in more:
        if name not in known:
            raise UnknownName(f"array for {row.key}", name, known)
    lacking = [name for name in row.needs if name not in more]
    if lacking:
        raise UsageError(f"{row.key} ({row.name}) needs {' '.join(lacking)}")
    with np.errstate(all="ignore"):
        arrays = {name: np.asarray(values, dtype=float) for name, values in more.items()}
        return np.asarray(row.function(np.asarray(x, dtype=float), **arrays), dtype=float)


def identity(x: Array) -> Array:
    """x itself."""
    return x


def _ztor2(x: Array) -> Array:
    return np.asarray(np.tanh(x) ** 2)


def _arcsin(p: Array) -> Array:
    return np.asarray(np.arcsin(np.sqrt(p)))


def _iarcsin(x: Array) -> Array:
    """Values beyond the scale are its ends."""
    return np.asarray(np.sin(np.clip(x, 0, math.pi / 2)) ** 2)


def _isqrt(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0) ** 2)


def double_arcsine(p: Array, n: Array) -> Array:
    """Freeman-Tukey double arcsine of a proportion, halved. Source: Freeman & Tukey (1950)."""
    events = p * n
    return np.asarray((np.arcsin(np.sqrt(events / (n + 1))) + np.arcsin(np.sqrt((events + 1) / (n + 1)))) / 2)


def inverse_double_arcsine(x: Array, n: Array) -> Array:
    """Back from the double arcsine; what lies beyond its value for 0 or for n of n events is 0 or 1.

    Source: Miller (1978), Am Stat 32:138.
    """
    sine = np.sin(2 * x)
    inner = np.maximum(1 - (sine + (sine - 1 / sine) / n) ** 2, 0)
    p = (1 - np.sign(np.cos(2 * x)) * np.sqrt(inner)) / 2
    low, high = double_arcsine(np.zeros_like(x), n), double_arcsine(np.ones_like(x), n)
    return np.where(x <= low, 0.0, np.where(x >= high, 1.0, p)) + 0 * x


def inverse_double_arcsine_harmonic(x: Array, n: Array) -> Array:
    """Back from a pooled double arcsine with the harmonic mean of the studies' n. Source: Miller (1978), Am Stat 32:138."""
    sizes = n[np.isfinite(n)]
    return inverse_double_arcsine(x, np.asarray(sizes.size / np.sum(1 / sizes)))


def double_root(rate: Array, t: Array) -> Array:
    """Freeman-Tukey double square root of a rate, halved. Source: Freeman & Tukey (1950)."""
    return np.asarray((np.sqrt(rate) + np.sqrt(rate + 1 / t)) / 2)


def inverse_double_root(x: Array, t: Array) -> Array:
    """Back from the double square root, 0 where x is below its value for no events."""
    # From x - sqrt(rate)/2 = sqrt(rate + 1/t)/2, squared: sqrt(rate) = x - 1/(4 t x).
    return np.where(x <= double_root(np.zeros_like(x), t), 0.0, (x - 1 / (4 * t * x)) ** 2) + 0 * x


def _iahw(x: Array) -> Array:
    return np.asarray(np.clip(1 - (1 - x) ** 3, 0, 1))


def _ahw(alpha: Array) -> Array:
    return np.asarray(1 - np.cbrt(1 - alpha))


def _abt(alpha: Array) -> Array:
    return np.asarray(-np.log1p(-alpha))


def _iabt(x: Array) -> Array:
    return np.asarray(np.maximum(-np.expm1(-x), 0))


def cohen_u1(d: Array) -> Array:
    """Share of the two groups together that does not overlap. Source: Cohen (1988), table 2.2.1."""
    half = ndtr(np.abs(d) / 2)
    return np.asarray((2 * half - 1) / half)


def cohen_u2(d: Array) -> Array:
    """Share of one group that exceeds the same share of the other. Source: Cohen (1988), table 2.2.1."""
    return np.asarray(ndtr(d / 2))


def cohen_u3(d: Array) -> Array:
    """Share of group 2 below the mean of group 1. Source: Cohen (1988), table 2.2.1."""
    return np.asarray(ndtr(d))


def overlap(d: Array) -> Array:
    """Overlapping coefficient of two normal distributions. Source: Inman & Bradley (1989), Commun Stat 18:3851-3874."""
    return np.asarray(2 * ndtr(-np.abs(d) / 2))


def _dtocles(d: Array) -> Array:
    return np.asarray(ndtr(d / math.sqrt(2)))


def _clestod(p: Array) -> Array:
    return np.asarray(math.sqrt(2) * ndtri(p))


def _dtocliffd(d: Array) -> Array:
    return np.asarray(2 * ndtr(d / math.sqrt(2)) - 1)


def binomial_display(d: Array) -> Array:
    """Success rate of group 1 in a binomial effect size display. Source: Rosenthal & Rubin (1982), J Educ Psychol 74:166-169."""
    return np.asarray(0.5 + d / np.sqrt(d**2 + 4) / 2)


def _sizes(n_1: Array | None, n_2: Array | None) -> tuple[Array | float, Array | float]:
    """h in r = d / sqrt(d^2 + h), and the share of group 1; two large groups of one size where sizes are not given."""
    if n_1 is None or n_2 is None:
        return 4.0, 0.5
    df = n_1 + n_2 - 2
    return df / n_1 + df / n_2, n_1 / (n_1 + n_2)


def _cut(share: Array | float) -> Array:
    """sqrt(p q) over the normal density at the cut that leaves p above it."""
    p = np.asarray(share, dtype=float)
    return np.asarray(np.sqrt(p * (1 - p)) / normal_density(ndtri(p)))


def _dtorpb(d: Array, n_1: Array | None = None, n_2: Array | None = None) -> Array:
    h, _ = _sizes(n_1, n_2)
    return np.asarray(d / np.sqrt(d**2 + h))


def _dtorbis(d: Array, n_1: Array | None = None, n_2: Array | None = None) -> Array:
    return np.asarray(_dtorpb(d, n_1, n_2) * _cut(_sizes(n_1, n_2)[1]))


def _rpbtorbis(r: Array, pg: Array) -> Array:
    return np.asarray(r * _cut(pg))


def _rtorpb(r: Array, pg: Array) -> Array:
    return np.asarray(r / _cut(pg))


def _rpbtod(r: Array, n_1: Array | None = None, n_2: Array | None = None) -> Array:
    h, _ = _sizes(n_1, n_2)
    return np.asarray(np.sqrt(h) * r / np.sqrt(1 - r**2))


def _rtod(r: Array, n_1: Array | None = None, n_2: Array | None = None) -> Array:
    return _rpbtod(np.asarray(r / _cut(_sizes(n_1, n_2)[1])), n_1, n_2)


def _risk(log_or: Array, pc: Array) -> Array:
    """Risk of group 1 at the comparator's risk pc."""
    return np.asarray(expit(log_or + logit(pc)))


def _lnortord(log_or: Array, pc: Array) -> Array:
    return np.asarray(_risk(log_or, pc) - pc)


def _lnortorr(log_or: Array, pc: Array) -> Array:
    return np.asarray(_risk(log_or, pc) / pc)


def _digby(log_or: Array) -> Array:
    return np.asarray(np.tanh(0.375 * log_or))  # (OR^c - 1)/(OR^c + 1) with c = 3/4


def _pearson(log_or: Array) -> Array:
    return np.asarray(np.cos(math.pi / (1 + np.exp(log_or / 2))))


def _averaged(back: Callable[[Array], Array]) -> Callable[..., Array]:
    """Mean of a back-transformation over N(x, tau2), by Gauss-Hermite quadrature with 100 points."""

    def function(x: Array, tau2: Array) -> Array:
        points, weights = np.polynomial.hermite_e.hermegauss(100)
        at = np.asarray(x)[..., None] + np.sqrt(np.asarray(tau2))[..., None] * points
        return np.asarray((back(at) * weights).sum(-1) / math.sqrt(2 * math.pi))

    return function


def _exp_int(x: Array, tau2: Array) -> Array:
    return np.asarray(np.exp(x + tau2 / 2))


TRANSFORMS = by_key(
    Transform("identity", "as it is", identity, inverse="identity"),
    Transform("exp", "log to ratio", np.exp, inverse="log"),
    Transform("log", "ratio to log", np.log, inverse="exp"),
    Transform("rtoz", "correlation to Fisher's z", np.arctanh, "fisher1921", inverse="ztor"),
    Transform("ztor", "Fisher's z to correlation", np.tanh, "fisher1921", inverse="rtoz"),
    Transform("r2toz", "R squared to Fisher's z", lambda x: np.arctanh(np.sqrt(x)), "olkin1995", inverse="ztor2"),
    Transform("ztor2", "Fisher's z to R squared", _ztor2, "olkin1995", inverse="r2toz"),
    Transform("logit", "proportion to log odds", logit, inverse="ilogit"),
    Transform("ilogit", "log odds to proportion", expit, inverse="logit"),
    Transform("probit", "proportion to normal quantile", ndtri, inverse="iprobit"),
    Transform("iprobit", "normal quantile to proportion", ndtr, inverse="probit"),
    Transform("arcsin", "proportion to arcsine square root", _arcsin, "anscombe1948", inverse="iarcsin"),
    Transform("iarcsin", "arcsine square root to proportion", _iarcsin, "anscombe1948", inverse="arcsin"),
    Transform("pft", "proportion to double arcsine", double_arcsine, "freeman1950", ("n",), inverse="ipft"),
    Transform("ipft", "double arcsine to proportion", inverse_double_arcsine, "miller1978", ("n",), inverse="pft"),
    Transform("ipft.hm", "pooled double arcsine to proportion", inverse_double_arcsine_harmonic, "miller1978", ("n",)),
    Transform("sqrt", "rate to square root", np.sqrt, inverse="isqrt"),
    Transform("isqrt", "square root to rate", _isqrt, inverse="sqrt"),
    Transform("irft", "rate to double square root", double_root, "freeman1950", ("t",), inverse="iirft"),
    Transform("iirft", "double square root to rate", inverse_double_root, "freeman1950", ("t",), inverse="irft"),
    Transform("ahw", "alpha to cube root", _ahw, "hakstian1976", inverse="iahw"),
    Transform("iahw", "cube root to alpha", _iahw, "hakstian1976", inverse="ahw"),
    Transform("abt", "alpha to log", _abt, "bonett2002", inverse="iabt"),
    Transform("iabt", "log to alpha", _iabt, "bonett2002", inverse="abt"),
    Transform("dtou1", "d to Cohen's U1", cohen_u1, "cohen1988"),
    Transform("dtou2", "d to Cohen's U2", cohen_u2, "cohen1988"),
    Transform("dtou3", "d to Cohen's U3", cohen_u3, "cohen1988"),
    Transform("dtoovl", "d to overlap", overlap, "inman1989"),
    Transform("dtocles", "d to probability of superiority", _dtocles, "ruscio2008", inverse="clestod"),
    Transform("clestod", "probability of superiority to d", _clestod, "ruscio2008", inverse="dtocles"),
    Transform("dtocliffd", "d to Cliff's delta", _dtocliffd, "ruscio2008"),
    Transform("dtobesd", "d to binomial effect size display", binomial_display, "rosenthal1982"),
    Transform("dtomd", "d to mean difference", lambda x, sd: x * sd, needs=("sd",)),
    Transform("dtorpb", "d to point-biserial correlation", _dtorpb, "jacobs2017", may=("n_1", "n_2"), inverse="rpbtod"),
    Transform("rpbtod", "point-biserial correlation to d", _rpbtod, "jacobs2017", may=("n_1", "n_2"), inverse="dtorpb"),
    Transform("dtorbis", "d to biserial correlation", _dtorbis, "jacobs2017", may=("n_1", "n_2"), inverse="rtod"),
    Transform("rtod", "biserial correlation to d", _rtod, "jacobs2017", may=("n_1", "n_2"), inverse="dtorbis"),
    Transform("rpbtorbis", "point-biserial to biserial correlation", _rpbtorbis, "jacobs2017", ("pg",), inverse="rtorpb"),
    Transform("rtorpb", "biserial to point-biserial correlation", _rtorpb, "jacobs2017", ("pg",), inverse="rpbtorbis"),
    Transform("lnortord", "log odds ratio to risk difference", _lnortord, "cochrane_handbook", ("pc",)),
    Transform("lnortorr", "log odds ratio to risk ratio", _lnortorr, "cochrane_handbook", ("pc",)),
    Transform("lnortod.norm", "log odds ratio to d (normal)", lambda x: x / COX_SNELL, "cox1989", inverse="dtolnor.norm"),
    Transform("lnortod.logis", "log odds ratio to d (logistic)", lambda x: x / SMD_TO_LOG_OR, "chinn2000", inverse="dtolnor.logis"),
    Transform("dtolnor.norm", "d to log odds ratio (normal)", lambda x: x * COX_SNELL, "cox1989", inverse="lnortod.norm"),
    Transform("dtolnor.logis", "d to log odds ratio (logistic)", lambda x: x * SMD_TO_LOG_OR, "chinn2000", inverse="lnortod.logis"),
    Transform("lnortortet.digby", "log odds ratio to tetrachoric correlation (Digby)", _digby, "digby1983"),
    Transform("lnortortet.pearson", "log odds ratio to tetrachoric correlation (Pearson)", _pearson, "pearson1900"),
    Transform("exp.int", "log to ratio, mean over the studies", _exp_int, needs=("tau2",)),
    Transform("ztor.int", "Fisher's z to correlation, mean over the studies", _averaged(np.tanh), needs=("tau2",)),
    Transform("ztor2.int", "Fisher's z to R squared, mean over the studies", _averaged(_ztor2), needs=("tau2",)),
    Transform("iahw.int", "cube root to alpha, mean over the studies", _averaged(_iahw), needs=("tau2",)),
    Transform("iabt.int", "log to alpha, mean over the studies", _averaged(_iabt), needs=("tau2",)),
    Transform("ilogit.int", "log odds to proportion, mean over the studies", _averaged(expit), needs=("tau2",)),
    Transform("iprobit.int", "normal quantile to proportion, mean over the studies", lambda x, tau2: ndtr(x / np.sqrt(1 + tau2)), needs=("tau2",)),
    Transform("iarcsin.int", "arcsine square root to proportion, mean over the studies", _averaged(_iarcsin), needs=("tau2",)),
)  # fmt: skip
