"""Tests of funnel asymmetry: one table of tests, one function, one result."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.special import stdtr, stdtrit

from mscsec.arrays import Array, ArrayLike
from mscsec.errors import InvalidInput, TooFewStudies
from mscsec.pooling.regression import regress
from mscsec.pooling.sets import complement, one_set
from mscsec.registry import by_key, choose
from mscsec.results import Notice, Result
from mscsec.said import num, said
from mscsec.small_study.caveats import caveats
from mscsec.small_study.line import check_varies, no_variation, weighted_line
from mscsec.small_study.ranks import EXACT_BELOW, exact_p, normal_p, rank_correlation
from mscsec.small_study.tables import (
    Tables,
    check_whole,
    column,
    conditional_moments,
    mantel_haenszel_log_odds_ratio,
    odds_ratio_score,
    read_tables,
    risk_ratio_score,
)

NEEDS = 3  # studies, for a line and one degree of freedom to judge it by


@dataclass(frozen=True, slots=True)
class Asymmetry(Result):
    """One test of funnel asymmetry. What a test does not have is None.

    test : its key. k : studies that entered.
    statistic, df, p_value : t on `df`, normal where df is None; the Kendall score itself where `exact`. Two-sided.
    predictor : key of what stands for the size of a study, in a regression.
    slope, slope_se, intercept, intercept_se : of the line, on the analysis scale; a slope of zero is a symmetric funnel.
    sigma : residual standard deviation of a line with multiplicative dispersion; tau2, tau2_method : between-study
        variance left by a mixed-effects line.
    limit_estimate, limit_ci_low, limit_ci_high : effect where the line reaches a study of endless size, at `level`.
    kendall_tau, score, score_se, exact : of a rank test.
    small_studies : "higher" or "lower", where the smaller studies' effects lie by the estimate, sure or not.
    """

    test: str
    k: int
    statistic: float
    df: float | None
    p_value: float
    level: float
    predictor: str | None = None
    slope: float | None = None
    slope_se: float | None = None
    intercept: float | None = None
    intercept_se: float | None = None
    sigma: float | None = None
    tau2: float | None = None
    tau2_method: str | None = None
    limit_estimate: float | None = None
    limit_ci_low: float | None = None
    limit_ci_high: float | None = None
    kendall_tau: float | None = None
    score: float | None = None
    score_se: float | None = None
    exact: bool | None = None
    small_studies: str | None = None
    warnings: tuple[Notice, ...] = ()

    def __repr__(self) -> str:
        df = "" if self.df is None else f", df={self.df:g}"
        return (
            f"Asymmetry(test={self.test!r}, k={self.k}, statistic={self.statistic:.4g}{df}, p_value={self.p_value:.4g})"
        )


@dataclass(frozen=True, slots=True)
class Studies:
    """What a test may look at. yi is measured from `origin`; what was not given is None."""

    yi: Array
    vi: Array
    origin: float
    n: Array | None
    n_1: Array | None
    n_2: Array | None
    tables: Tables | None


@dataclass(frozen=True, slots=True)
class Predictor:
    """What stands for the size of a study in a regression.

    smaller : +1 where it grows as studies get smaller, -1 where it shrinks.
    limit : it is zero for a study of endless size, so that the intercept is the effect there.
    """

    key: str
    name: str
    values: Callable[[Studies], Array]
    smaller: int
    limit: bool


def _n(studies: Studies) -> Array:
    if studies.n is None:
        raise InvalidInput("no sample sizes", "this test looks at them", "Give n, or n_1 and n_2.")
    return studies.n


def _arms(studies: Studies) -> tuple[Array, Array]:
    if studies.n_1 is None or studies.n_2 is None:
        raise InvalidInput("no sample sizes of the arms", "this test looks at them", "Give n_1 and n_2.")
    return studies.n_1, studies.n_2


def _cells(studies: Studies) -> Tables:
    if studies.tables is None:
        raise InvalidInput("no counts", "this test looks at them", "Give events_1, n_1, events_2 and n_2.")
    return studies.tables


def _arm_se(studies: Studies) -> Array:
    n_1, n_2 = _arms(studies)
    return np.sqrt(1 / n_1 + 1 / n_2)


def _inverse_root_ess(studies: Studies) -> Array:
    n_1, n_2 = _arms(studies)
    return np.sqrt((n_1 + n_2) / (4 * n_1 * n_2))


def _score_se(studies: Studies) -> Array:
    return 1 / np.sqrt(odds_ratio_score(_cells(studies))[1])


def _arcsine_se(studies: Studies) -> Array:
    tables = _cells(studies)
    return np.sqrt(1 / (4 * tables.n_1) + 1 / (4 * tables.n_2))


def _risk_score_se(studies: Studies) -> Array:
    return 1 / np.sqrt(risk_ratio_score(_cells(studies))[1])


PREDICTORS = by_key(
    Predictor("sei", "the standard error", lambda s: np.sqrt(s.vi), 1, limit=True),
    Predictor("vi", "the sampling variance", lambda s: s.vi, 1, limit=True),
    Predictor("ni", "the sample size", _n, -1, limit=False),
    Predictor("ninv", "the inverse of the sample size", lambda s: 1 / _n(s), 1, limit=True),
    Predictor("sqrtni", "the root of the sample size", lambda s: np.sqrt(_n(s)), -1, limit=False),
    Predictor("sqrtninv", "the inverse root of the sample size", lambda s: 1 / np.sqrt(_n(s)), 1, limit=True),
    Predictor("arms", "the root of 1/n_1 + 1/n_2", _arm_se, 1, limit=True),
    Predictor("ess", "the inverse root of the effective sample size", _inverse_root_ess, 1, limit=True),
    Predictor("score", "the standard error of the score", _score_se, 1, limit=False),
    Predictor("score-rr", "the standard error of the score", _risk_score_se, 1, limit=False),
    Predictor("arcsine", "the standard error of the arcsine difference", _arcsine_se, 1, limit=False),
)
CHOICES = ("sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv")  # predictors that Egger's and Thompson's lines may take


@dataclass(frozen=True, slots=True)
class AsymmetryTest:
    """One test.

    kind : "line" (weighted least squares), "mixed" (a between-study variance besides) or "rank".
    columns : the two columns that are related, and weights for a line.
    predictor : key of `PREDICTORS`; None for a rank test.
    """

    key: str
    name: str
    kind: str
    columns: Callable[[Studies, Array], tuple[Array, Array]]
    source: str
    predictor: str | None = None


def _by_variance(studies: Studies, x: Array) -> tuple[Array, Array]:
    return studies.yi, 1 / studies.vi


def _by_events(studies: Studies, x: Array) -> tuple[Array, Array]:
    tables = _cells(studies)
    return studies.yi, 1 / (1 / tables.events + 1 / (tables.n - tables.events))


def _by_effective_size(studies: Studies, x: Array) -> tuple[Array, Array]:
    return studies.yi, 1 / x**2


def _by_score(studies: Studies, x: Array) -> tuple[Array, Array]:
    z, v = odds_ratio_score(_cells(studies))
    return z / v, v


def _by_risk_score(studies: Studies, x: Array) -> tuple[Array, Array]:
    z, v = risk_ratio_score(_cells(studies))
    return z / v, v


def _by_arcsine(studies: Studies, x: Array) -> tuple[Array, Array]:
    tables = _cells(studies)
    angle_1, angle_2 = (
        np.arcsin(np.sqrt(events / n)) for events, n in ((tables.events_1, tables.n_1), (tables.events_2, tables.n_2))
    )
    return angle_1 - angle_2, 1 / x**2


def _deviations(studies: Studies, x: Array) -> tuple[Array, Array]:
    """Standardised deviations from the common-effect mean, and variances; Begg & Mazumdar, equation 1."""
    wi = 1 / studies.vi
    sum_w = wi.sum()
    deviation = studies.yi - wi @ studies.yi / sum_w
    return deviation / np.sqrt(studies.vi * complement(wi, sum_w)), studies.vi


def _counts(studies: Studies, x: Array) -> tuple[Array, Array]:
    tables = _cells(studies)
    check_whole(tables)
    mean, variance = conditional_moments(tables, mantel_haenszel_log_odds_ratio(tables))
    return (tables.events_1 - mean) / np.sqrt(variance), 1 / variance


ASYMMETRY = by_key(
    AsymmetryTest("egger", "Egger's regression", "line", _by_variance, "egger1997", "sei"),
    AsymmetryTest("thompson", "Mixed-effects regression", "mixed", _by_variance, "thompson1999", "sei"),
    AsymmetryTest("begg", "Begg and Mazumdar's rank correlation", "rank", _deviations, "begg1994"),
    AsymmetryTest("harbord", "Harbord's score test (odds ratio)", "line", _by_score, "harbord2006", "score"),
    AsymmetryTest("harbord-rr", "Harbord's score test (risk ratio)", "line", _by_risk_score, "harbord2009", "score-rr"),
    AsymmetryTest(
        "rucker",
        "Rücker's mixed-effects regression of arcsine differences",
        "mixed",
        _by_arcsine,
        "rucker2008",
        "arcsine",
    ),
    AsymmetryTest("peters", "Peters' regression on 1/n", "line", _by_events, "peters2006", "ninv"),
    AsymmetryTest("macaskill", "Macaskill's regression on n", "line", _by_variance, "macaskill2001", "ni"),
    AsymmetryTest("schwarzer", "Schwarzer's rank correlation of counts", "rank", _counts, "schwarzer2007"),
    AsymmetryTest(
        "pustejovsky", "Pustejovsky and Rodgers' regression", "line", _by_variance, "pustejovsky2019", "arms"
    ),
    AsymmetryTest(
        "deeks", "Deeks' regression on effective sample size", "line", _by_effective_size, "deeks2005", "ess"
    ),
)


def asymmetry(
    yi: ArrayLike,
    vi: ArrayLike,
    test: str = "egger",
    *,
    n: ArrayLike | None = None,
    events_1: ArrayLike | None = None,
    n_1: ArrayLike | None = None,
    events_2: ArrayLike | None = None,
    n_2: ArrayLike | None = None,
    predictor: str | None = None,
    tau2: str | float = "REML",
    ci: str = "t",
    exact: bool | None = None,
    correct: bool = False,
    measure: str | None = None,
    level: float = 0.95,
) -> Asymmetry:
    """Test whether the effects of small studies differ from those of large ones.

    yi, vi : (k,) effects on the analysis scale (ratios as logs) and their sampling variances.
    test : key of `ASYMMETRY`.
    n, n_1, n_2, events_1, events_2 : (k,) sizes of the studies, of their arms, and events, for the tests on them.
    predictor : key out of `CHOICES` in place of the standard error, for "egger" and "thompson".
    tau2, ci : of the mixed-effects line ("thompson"), as in `regress`; tau2=0.0 is a common-effect line.
    exact : of a rank test; where not given, exact without ties and below 50 studies for "begg", else normal.
    correct : of a rank test by the normal distribution: the score is moved by one towards zero.
    measure : effect measure, so that the result can warn where the test does not suit it.

    Raises TooFewStudies below three studies, NotEstimable where the studies cannot be told apart by size,
    UnknownMethod, InvalidInput.
    Source: by test; Sterne et al. (2011), BMJ 343:d4002, for when to use which.
    """
    row = choose(ASYMMETRY, test, "test of funnel asymmetry")
    if not 0 < level < 1:
        raise InvalidInput(f"level is {level}", "it lies between 0 and 1", "Write 0.95 for 95 %")
    if predictor is not None and row.key not in ("egger", "thompson"):
        raise InvalidInput(f"predictor with {row.key}", "egger and thompson alone leave it open")
    if row.kind != "rank" and (exact is not None or correct):
        raise InvalidInput(f"exact or correct with {row.key}", "rank tests alone have them")
    studies = _read(yi, vi, n, events_1, n_1, events_2, n_2)
    studies, left_out = _informative(studies, row)
    k = studies.yi.size
    if k < NEEDS:
        raise TooFewStudies(f"a test of funnel asymmetry ({row.name})", NEEDS, k)
    warnings = [*left_out, *caveats(studies.yi, studies.vi, row.key, measure)]
    if row.kind == "rank":
        return _ranks(row, studies, exact, correct, level, warnings)
    how = _predictor(row, predictor)
    if row.kind == "mixed":
        return _mixed(row, how, studies, tau2, ci, level, tuple(warnings))
    return _line(row, how, studies, level, tuple(warnings))


def _read(
    yi: ArrayLike,
    vi: ArrayLike,
    n: ArrayLike | None,
    events_1: ArrayLike | None,
    n_1: ArrayLike | None,
    events_2: ArrayLike | None,
    n_2: ArrayLike | None,
) -> Studies:
    sets = one_set(yi, vi)
    k = int(sets.k)
    tables = None
    if events_1 is not None and n_1 is not None and events_2 is not None and n_2 is not None:
        tables = read_tables(events_1, n_1, events_2, n_2, k)
    one, two, both = (
        None if given is None else _sizes(name, given, k) for name, given in (("n_1", n_1), ("n_2", n_2), ("n", n))
    )
    if both is None and one is not None and two is not None:
        both = one + two
    return Studies(sets.yi, sets.vi, float(sets.origin), both, one, two, tables)


def _sizes(name: str, given: ArrayLike, k: int) -> Array:
    values = column(name, given, k)
    if (values <= 0).any():
        at = int(np.flatnonzero(values <= 0)[0])
        raise InvalidInput(f"{name}[{at}] is {values[at]:g}", "a sample size is positive")
    return values


def _informative(studies: Studies, row: AsymmetryTest) -> tuple[Studies, list[Notice]]:
    """Without the tables in which nobody or everybody had the event, for the tests that stand on counts."""
    tables = studies.tables
    if tables is None or row.key not in ("harbord", "harbord-rr", "peters", "schwarzer"):
        return studies, []
    chosen = tables.informative
    if chosen.all():
        return studies, []

    def some(values: Array | None) -> Array | None:
        return None if values is None else values[chosen]

    fewer = Studies(
        studies.yi[chosen],
        studies.vi[chosen],
        studies.origin,
        some(studies.n),
        some(studies.n_1),
        some(studies.n_2),
        tables.only(chosen),
    )
    gone = ", ".join(str(i) for i in np.flatnonzero(~chosen))
    return fewer, [
        Notice(
            "P506",
            said(
                "Nobody or everybody had the event in {}; {} leaves it out",
                num(f"study {gone} (counted from 0)"),
                row.name,
            ),
        )
    ]


def _predictor(row: AsymmetryTest, asked: str | None) -> Predictor:
    if asked is None:
        assert row.predictor is not None
        return PREDICTORS[row.predictor]
    return choose(_CHOICES, asked, "predictor")


_CHOICES: MappingProxyType[str, Predictor] = by_key(*(PREDICTORS[key] for key in CHOICES))


def _towards(slope: float, how: int) -> str | None:
    """Where the effects of smaller studies lie, by the sign of the slope and the way its predictor runs."""
    return None if slope == 0 else "higher" if slope * how > 0 else "lower"


def _origin(how: Predictor, studies: Studies) -> float:
    """What the effects were measured from; a test with an effect of its own measures it from zero."""
    return 0.0 if how.key in ("score", "score-rr", "arcsine") else studies.origin


def _line(
    row: AsymmetryTest, how: Predictor, studies: Studies, level: float, warnings: tuple[Notice, ...]
) -> Asymmetry:
    x = how.values(studies)
    y, weights = row.columns(studies, x)
    line = weighted_line(y, x, weights, how.name)
    statistic = line.slope / line.slope_se
    half = -float(stdtrit(line.df, (1 - level) / 2)) * line.intercept_se
    intercept = line.intercept + _origin(how, studies)
    limit = (intercept, intercept - half, intercept + half) if how.limit else (None, None, None)
    return Asymmetry(
        test=row.key,
        k=y.size,
        statistic=statistic,
        df=float(line.df),
        p_value=float(2 * stdtr(line.df, -abs(statistic))),
        level=level,
        predictor=how.key,
        slope=line.slope,
        slope_se=line.slope_se,
        intercept=intercept,
        intercept_se=line.intercept_se,
        sigma=line.sigma,
        limit_estimate=limit[0],
        limit_ci_low=limit[1],
        limit_ci_high=limit[2],
        small_studies=_towards(line.slope, how.smaller),
        warnings=warnings,
    )


def _mixed(
    row: AsymmetryTest,
    how: Predictor,
    studies: Studies,
    tau2: str | float,
    ci: str,
    level: float,
    warnings: tuple[Notice, ...],
) -> Asymmetry:
    x = how.values(studies)
    check_varies(x, how.name)
    y, weights = row.columns(studies, x)
    fit = regress(y, 1 / weights, x, names=["size"], tau2=tau2, ci=ci, tau2_ci="none", level=level)
    slope, intercept = fit.coefficients["size"], fit.coefficients["intercept"]
    if slope.se == 0:
        raise no_variation()
    limits = [x + _origin(how, studies) for x in (intercept.estimate, intercept.ci_low, intercept.ci_high)]
    return Asymmetry(
        test=row.key,
        k=studies.yi.size,
        statistic=slope.statistic,
        df=slope.df,
        p_value=slope.p_value,
        level=level,
        predictor=how.key,
        slope=slope.estimate,
        slope_se=slope.se,
        intercept=limits[0],
        intercept_se=intercept.se,
        tau2=fit.tau2,
        tau2_method=fit.tau2_method,
        limit_estimate=limits[0] if how.limit else None,
        limit_ci_low=limits[1] if how.limit else None,
        limit_ci_high=limits[2] if how.limit else None,
        small_studies=_towards(slope.estimate, how.smaller),
        warnings=(*warnings, *fit.warnings),
    )


def _ranks(
    row: AsymmetryTest, studies: Studies, exact: bool | None, correct: bool, level: float, warnings: list[Notice]
) -> Asymmetry:
    found = rank_correlation(*row.columns(studies, studies.vi))
    k = studies.yi.size
    wanted = row.key == "begg" and k < EXACT_BELOW and not correct if exact is None else exact
    if wanted and correct:
        raise InvalidInput("exact with correct", "an exact P needs no continuity correction")
    if wanted and found.ties:
        warnings.append(
            Notice("P505", "Ties: the P value is that of the normal distribution, with a variance for ties")
        )
    by_count = wanted and not found.ties
    score = found.score - math.copysign(1.0, found.score) if correct and found.score else found.score
    return Asymmetry(
        test=row.key,
        k=k,
        statistic=score if by_count else score / found.score_se,
        df=None,
        p_value=exact_p(score, k) if by_count else normal_p(score, found.score_se),
        level=level,
        kendall_tau=found.tau,
        score=score,
        score_se=found.score_se,
        exact=by_count,
        small_studies=_towards(score, 1),
        warnings=tuple(warnings),
    )
