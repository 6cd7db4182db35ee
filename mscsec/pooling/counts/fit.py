"""`pool_counts`, `pool_rates` and their kin: one meta-analysis from the cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.errors import InvalidInput, TooFewStudies, UnknownMethod
from mscsec.pooling.counts import beta_binomial, closed, firth, mixed
from mscsec.pooling.counts.closed import Request
from mscsec.pooling.counts.continuity import ZeroCells, convention
from mscsec.pooling.counts.frame import Options, check_options, check_points
from mscsec.pooling.counts.mixed import GroupRequest
from mscsec.pooling.counts.tables import at_most, counts, needs_time, person_time, two_by_two
from mscsec.pooling.presets import DEFAULT_PRESET
from mscsec.pooling.result import PooledResult
from mscsec.registry import by_key, choose


@dataclass(frozen=True, slots=True)
class CountMethod:
    """A row of `COUNTS` or `RATES`.

    measures : what it estimates. models : "common", "random" or both, the first where none is asked for.
    exact : True where zero cells are handled by the likelihood, without a continuity correction.
    """

    key: str
    name: str
    fit: Callable[[Request], PooledResult]
    measures: tuple[str, ...]
    models: tuple[str, ...]
    source: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class GroupMethod:
    """A row of `PROPORTIONS` or `GROUP_RATES`: one arm a study. measures, models : as for a `CountMethod`."""

    key: str
    name: str
    fit: Callable[[GroupRequest], PooledResult]
    measures: tuple[str, ...]
    models: tuple[str, ...]
    source: str


BOTH = ("common", "random")

COUNTS = by_key(
    CountMethod("MH", "Mantel-Haenszel", closed.by_mantel_haenszel, ("OR", "RR", "RD"), BOTH, "mantel1959"),
    CountMethod("Peto", "Peto's one-step odds ratio", closed.by_peto, ("OR",), BOTH, "yusuf1985"),
    CountMethod(
        "IV", "inverse variance with a continuity correction", closed.by_inverse_variance, ("OR", "RR", "RD", "AS"),
        ("random", "common"), "dersimonian1986",
    ),
    CountMethod("SSW", "sample-size weights", closed.by_sample_size, ("OR", "RR", "RD", "AS"), BOTH, "bakbergenuly2020"),
    CountMethod(
        "UM.FS", "binomial-normal GLMM with fixed study effects", mixed.by_fixed_study_effects, ("OR",),
        ("random", "common"), "stijnen2010", exact=True,
    ),
    CountMethod(
        "UM.RS", "binomial-normal GLMM with random study effects", mixed.by_random_study_effects, ("OR",),
        ("random", "common"), "stijnen2010", exact=True,
    ),
    CountMethod(
        "CM.EL", "hypergeometric-normal GLMM (exact conditional)", mixed.by_conditional_exact, ("OR",),
        ("random", "common"), "stijnen2010", exact=True,
    ),
    CountMethod(
        "CM.AL", "conditional binomial-normal GLMM (approximate)", mixed.by_conditional_approximate, ("OR",),
        ("random", "common"), "stijnen2010", exact=True,
    ),
    CountMethod(
        "BB", "beta-binomial model", beta_binomial.by_beta_binomial, ("OR", "RR", "RD"), ("common",), "kuss2015",
        exact=True,
    ),
    CountMethod(
        "Firth", "logistic regression with Firth's penalty", firth.by_firth, ("OR",), ("common",), "firth1993", exact=True
    ),
)  # fmt: skip

RATES = by_key(
    CountMethod("MH", "Mantel-Haenszel", closed.by_mantel_haenszel, ("IRR", "IRD"), BOTH, "greenland1985"),
    CountMethod(
        "IV", "inverse variance with a continuity correction", closed.by_inverse_variance, ("IRR", "IRD"),
        ("random", "common"), "dersimonian1986",
    ),
    CountMethod("Cochran", "Cochran's weights (expected events)", closed.by_cochran, ("IRR",), BOTH, "baynejones1964"),
    CountMethod(
        "UM.FS", "Poisson-normal GLMM with fixed study effects", mixed.by_fixed_study_effects, ("IRR",),
        ("random", "common"), "stijnen2010", exact=True,
    ),
    CountMethod(
        "UM.RS", "Poisson-normal GLMM with random study effects", mixed.by_random_study_effects, ("IRR",),
        ("random", "common"), "stijnen2010", exact=True,
    ),
    CountMethod(
        "CM.EL", "conditional binomial-normal GLMM (exact)", mixed.by_conditional_exact, ("IRR",),
        ("random", "common"), "stijnen2010", exact=True,
    ),
)  # fmt: skip

PROPORTIONS = by_key(
    GroupMethod(
        "GLMM", "binomial-normal GLMM on the logit", mixed.by_proportions, ("PLO",), ("random", "common"), "hamza2008"
    ),
    GroupMethod("BB", "beta-binomial", beta_binomial.by_group_beta_binomial, ("PLO",), ("common",), "kuss2015"),
)

GROUP_RATES = by_key(
    GroupMethod(
        "GLMM",
        "Poisson-normal GLMM on the log rate",
        mixed.by_group_rates,
        ("IRLN",),
        ("random", "common"),
        "stijnen2010",
    ),
)

SYNONYMS = {"GLMM": "UM.FS", "INVERSE": "IV", "LRP": "Firth"}  # what other programs call the row


def pool_counts(
    events_1: ArrayLike,
    n_1: ArrayLike,
    events_2: ArrayLike,
    n_2: ArrayLike,
    *,
    measure: str = "OR",
    method: str = "MH",
    model: str | None = None,
    level: float = 0.95,
    ci: str | None = None,
    tau2: str | float | None = None,
    tau2_ci: str | None = None,
    prediction: str | None = None,
    preset: str | None = None,
    zero_cells: ZeroCells | str | None = None,
    increment: float | str | None = None,
    where: str | None = None,
    correct: bool = True,
    tau2_about: str = "MH",
    points: int | None = None,
    coding: float = 0.5,
) -> PooledResult:
    """Pool 2x2 tables, (k,) events and participants of arm 1 (experimental) and arm 2 (comparator).

    measure : "OR", "RR" (both as logs), "RD" or "AS", as far as the method has it.
    method : key of `COUNTS`; "GLMM" is "UM.FS".
    model : "common" or "random"; None takes the first that the method's row names.
    level, ci, tau2, tau2_ci, prediction, preset : as for `pool`; a mixed model takes ci "wald" or "t" and estimates tau2
        by maximum likelihood.
    zero_cells : key of `CONVENTIONS` or a `ZeroCells`; None takes the preset's. increment, where : change two of its fields.
    correct : continuity correction of the Cochran-Mantel-Haenszel tests in `details`.
    tau2_about : "MH" or "IV"; about which estimate Q is taken for tau2="DL" under method="MH".
    points : nodes of the adaptive quadrature of a mixed model (default 7; 25 for CM.EL; Laplace, 1, for UM.RS).
    coding : how the random effect of UM.FS and UM.RS enters arm 1; arm 2 gets `coding` - 1.

    The weights stand in the order given, 0 for a study that does not enter. `details` holds the study effects, the tests
    of association and homogeneity, and for likelihood methods the log-likelihood with AIC and BIC.

    Raises InvalidInput for impossible counts, UnknownMethod, TooFewStudies, NotEstimable where the events do not
    determine the effect, and NotConverged.
    """
    tables = two_by_two(events_1, n_1, events_2, n_2)
    row, options = _asked(COUNTS, method, measure, model, level, ci, tau2, tau2_ci, prediction, preset)
    rule = _rule(zero_cells, preset, increment, where)
    _one_set(tables.mask)
    about = _one_of("estimate for Q", tau2_about, ("MH", "IV"))
    return row.fit(Request(tables, measure, rule, options, correct, about, check_points(points), coding))


def pool_rates(
    events_1: ArrayLike,
    time_1: ArrayLike,
    events_2: ArrayLike,
    time_2: ArrayLike,
    *,
    measure: str = "IRR",
    method: str = "MH",
    model: str | None = None,
    level: float = 0.95,
    ci: str | None = None,
    tau2: str | float | None = None,
    tau2_ci: str | None = None,
    prediction: str | None = None,
    preset: str | None = None,
    zero_cells: ZeroCells | str | None = None,
    increment: float | str | None = None,
    where: str | None = None,
    correct: bool = True,
    tau2_about: str = "IV",
    points: int | None = None,
    coding: float = 0.5,
) -> PooledResult:
    """Pool incidence rates, (k,) events and person-time of arm 1 (experimental) and arm 2 (comparator).

    measure : "IRR" (as log) or "IRD", per unit of the person-time. method : key of `RATES`; "GLMM" is "UM.FS".
    The other options, the result and the errors are those of `pool_counts`.
    """
    tables = person_time(events_1, time_1, events_2, time_2)
    row, options = _asked(RATES, method, measure, model, level, ci, tau2, tau2_ci, prediction, preset)
    rule = _rule(zero_cells, preset, increment, where)
    _one_set(tables.mask)
    about = _one_of("estimate for Q", tau2_about, ("MH", "IV"))
    return row.fit(Request(tables, measure, rule, options, correct, about, check_points(points), coding))


def pool_proportions(
    events: ArrayLike,
    n: ArrayLike,
    *,
    method: str = "GLMM",
    model: str | None = None,
    level: float = 0.95,
    ci: str | None = None,
    prediction: str | None = None,
    preset: str | None = None,
    points: int | None = None,
) -> PooledResult:
    """Pool proportions of one group a study, (k,) events and participants, on the logit scale.

    method : key of `PROPORTIONS`. Options and errors as for `pool_counts`; `display` holds proportions.
    """
    (x, size), keep = counts(None, events=events, n=n)
    at_most(x, size, keep)
    row = choose(PROPORTIONS, method, "method for proportions")
    options = _options(row.models, row.key, model, level, ci, None, None, prediction, preset)
    _one_set(keep & (size > 0))
    return row.fit(GroupRequest(x, size, keep & (size > 0), options, check_points(points)))


def pool_group_rates(
    events: ArrayLike,
    time: ArrayLike,
    *,
    method: str = "GLMM",
    model: str | None = None,
    level: float = 0.95,
    ci: str | None = None,
    prediction: str | None = None,
    preset: str | None = None,
    points: int | None = None,
) -> PooledResult:
    """Pool incidence rates of one group a study, (k,) events and person-time, on the log scale.

    method : key of `GROUP_RATES`. Options and errors as for `pool_counts`; `display` holds rates.
    """
    (x, size), keep = counts(None, events=events, time=time)
    needs_time(x, size, keep)
    row = choose(GROUP_RATES, method, "method for rates of one group")
    options = _options(row.models, row.key, model, level, ci, None, None, prediction, preset)
    _one_set(keep & (size > 0))
    return row.fit(GroupRequest(x, size, keep & (size > 0), options, check_points(points)))


def _asked(
    table: MappingProxyType[str, CountMethod],
    method: str,
    measure: str,
    model: str | None,
    level: float,
    ci: str | None,
    tau2: str | float | None,
    tau2_ci: str | None,
    prediction: str | None,
    preset: str | None,
) -> tuple[CountMethod, Options]:
    """The row and the options; raises UnknownMethod for a method, or for a measure that it does not have."""
    row = choose(table, SYNONYMS.get(method.upper(), method), "method for counts")
    _one_of(f"measure for {row.key}", measure, row.measures)
    return row, _options(row.models, row.key, model, level, ci, tau2, tau2_ci, prediction, preset)


def _options(
    models: tuple[str, ...],
    method: str,
    model: str | None,
    level: float,
    ci: str | None,
    tau2: str | float | None,
    tau2_ci: str | None,
    prediction: str | None,
    preset: str | None,
) -> Options:
    options = Options(model or models[0], level, ci, tau2, tau2_ci, prediction, preset)
    check_options(options)
    if options.model not in models:
        raise InvalidInput(
            f"{method} with model={options.model!r}", f"it has a {' and a '.join(models)}-effect model only"
        )
    return options


def _rule(
    asked: ZeroCells | str | None, preset: str | None, increment: float | str | None, where: str | None
) -> ZeroCells:
    rule = convention(asked or preset or DEFAULT_PRESET)
    if increment is not None:
        rule = replace(rule, increment=increment)
    return rule if where is None else replace(rule, where=where)


def _one_set(mask: BoolArray | Array) -> None:
    if np.ndim(mask) != 1:
        raise InvalidInput(f"an array of shape {np.shape(mask)}", "one meta-analysis has one entry a study")
    if not mask.any():
        raise TooFewStudies("a meta-analysis", 1, 0, "No study has participants in each arm.")


def _one_of(what: str, asked: str, known: tuple[str, ...]) -> str:
    if asked not in known:
        raise UnknownMethod(what, asked, known)
    return asked
