"""The effects of one outcome, or the counts behind them, as a function of fields of the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.arrays import Array
from mscsec.effects.moderators import column
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import InvalidInput
from mscsec.pooling.regression import (
    Design,
    Inflation,
    LocationScaleResult,
    PermutationTest,
    Predictions,
    RegressionResult,
    RobustResult,
    design,
    location_scale,
    permutation_test,
    predict,
    regress,
    robust,
    variance_inflation,
)
from mscsec.pooling.regression.result import AnyRegression
from mscsec.results import Notice, plain
from mscsec.synthesis.fit import Counts, counts_of, method_row
from mscsec.synthesis.weights import Weights

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Beside:
    """What is asked for beside the coefficients of a regression on the effects.

    scale : formula of the log between-study variance. cluster : field of the clusters, with the kind of robust test.
    permutations : how many at the most, sampled with `seed`. progress : of these.
    """

    scale: str | None = None
    cluster: str | None = None
    robust: str = "CR2"
    permutations: int = 0
    seed: int = 0
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Moderators:
    """A formula over columns of the studies, and the rules for a missing value ("refuse", "drop") and a redundant column.

    columns : by name, for the rows of the effects, as `moderators.columns_of_base` gives them.
    at : values of the coefficients' columns to predict at, each with its words.
    """

    formula: str
    columns: Mapping[str, list[Any]]
    missing: str = "refuse"
    redundant: str = "refuse"
    at: Mapping[str, Mapping[str, float]] | None = None


@dataclass(frozen=True, slots=True)
class Regression:
    """A fitted meta-regression with what was asked for beside it; None for what was not.

    method : "IV", or key of the mixed model of the counts. labels : of the studies whose moderators are known, and
    `fit.used` says which of these inform a model of the counts. terms : the coefficients of each term of the formula;
    inflation : by term. weighted_by, tau2_weighted_by : field of the weights of the coefficients, of generalised Q.
    """

    formula: str
    method: str
    labels: tuple[str, ...]
    fit: AnyRegression
    terms: Mapping[str, tuple[str, ...]]
    inflation: Mapping[str, Inflation] | None
    predictions: Predictions | None
    at: tuple[str, ...]
    notices: tuple[Notice, ...]
    weighted_by: str | None = None
    tau2_weighted_by: str | None = None
    robust: RobustResult | None = None
    cluster: str | None = None
    permutation: PermutationTest | None = None
    scale: LocationScaleResult | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, the fit without its arrays."""
        names = ("inflation", "robust", "cluster", "permutation", "predictions", "at", "scale", "notices")
        rest = {name: plain(getattr(self, name)) for name in names}
        whole = {"formula": self.formula, "method": self.method, "studies": list(self.labels)}
        whole |= {} if self.weighted_by is None else {"weights": self.weighted_by}
        whole |= {} if self.tau2_weighted_by is None else {"tau2_weights": self.tau2_weighted_by}
        return whole | {"result": self.fit.to_dict(), **rest}

    def inflation_of(self, coefficient: str) -> Inflation | None:
        """Of the term that the coefficient belongs to, with the other levels of a factor."""
        by = {name: term for term, names in self.terms.items() for name in names}
        return None if self.inflation is None or coefficient not in by else self.inflation[by[coefficient]]


def regress_effects(sizes: EffectSizes, by: Moderators, chosen: Mapping[str, Any], beside: Beside) -> Regression:
    """Inverse variance, or the weights among `chosen`. chosen : keyword arguments of `regress`, those of the design and the
    level aside; weights as `weigh` gives them."""
    x = _design(sizes, by)
    kept = list(x.kept)
    own = {name: np.array(value.of(sizes))[kept] for name, value in chosen.items() if isinstance(value, Weights)}
    fit = regress(
        sizes.yi[kept], sizes.vi[kept], x.X, names=x.names, intercept=False, redundant=by.redundant, level=sizes.level,
        **{**chosen, **own},
    )  # fmt: skip
    permuted = None
    if beside.permutations:
        permuted = permutation_test(fit, draws=beside.permutations, seed=beside.seed, progress=beside.progress)
    clusters = None if beside.cluster is None else column(dict(by.columns), beside.cluster)
    return Regression(
        **_common(sizes, by, x, fit),
        method="IV",
        weighted_by=_field(chosen, "weights"),
        tau2_weighted_by=_field(chosen, "tau2_weights"),
        robust=None if clusters is None else robust(fit, [clusters[place] for place in kept], kind=beside.robust),
        cluster=beside.cluster,
        permutation=permuted,
        scale=None if beside.scale is None else _scale(beside.scale, sizes, by, x, fit, chosen),
    )


def _field(chosen: Mapping[str, Any], name: str) -> str | None:
    weights: Weights | None = chosen.get(name)
    return None if weights is None else weights.field


def regress_cells(sizes: EffectSizes, by: Moderators, method: str, model: str | None, ci: str | None) -> Regression:
    """A mixed model of the counts. method : UM.FS, UM.RS, CM.EL or CM.AL; "GLMM" of a single group, or as UM.FS.

    Raises UsageError for a measure that the method does not estimate, and for a study without its counts.
    """
    counts = counts_of(sizes)
    key = method_row(counts, sizes.measure, method, tuple(_models(counts))).key
    x = _design(sizes, by)
    cells = [[values[place] for place in x.kept] for values in counts.cells]
    named = {"method": key} if counts.arms == 2 else {}
    fit = _function(counts)(
        *cells, x.X, names=x.names, intercept=False, redundant=by.redundant, level=sizes.level,
        model=model or "random", ci="wald" if ci is None or ci.lower() == "auto" else ci.lower(), **named,
    )  # fmt: skip
    return Regression(**_common(sizes, by, x, fit), method=key)


def _models(counts: Counts) -> Sequence[str]:
    """The keys of the mixed models for counts of this kind."""
    from mscsec.pooling.counts.mixed import OF_RATES, OF_TABLES

    if counts.arms == 1:
        return ("GLMM",)
    return tuple(OF_RATES if counts.rates else OF_TABLES)


def _function(counts: Counts) -> Callable[..., AnyRegression]:
    from mscsec.pooling.counts import moderators as of

    if counts.arms == 1:
        return of.regress_group_rates if counts.rates else of.regress_proportions
    return of.regress_rates if counts.rates else of.regress_counts


def _design(sizes: EffectSizes, by: Moderators) -> Design:
    """Raises InvalidInput for the effect itself among its moderators, beside what `design` raises."""
    x = design(by.formula, by.columns, labels=sizes.labels, missing=by.missing)
    effects = [float(sizes.yi[place]) for place in x.kept]
    for name in x.columns:
        if len(effects) > 1 and [by.columns[name][place] for place in x.kept] == effects:
            raise InvalidInput(
                f"{name} is the effect itself", "a moderator is something else that is known of the studies"
            )
    return x


def _common(sizes: EffectSizes, by: Moderators, x: Design, fit: AnyRegression) -> dict[str, Any]:
    """What a regression has whatever its likelihood."""
    terms = _term_sets(x, fit)
    return {
        "formula": by.formula,
        "labels": tuple(sizes.labels[place] for place in x.kept),
        "fit": fit,
        "terms": terms,
        "inflation": variance_inflation(fit, terms) if len(terms) > 1 else None,
        "predictions": None if not by.at else predict(fit, _rows(by.at)),
        "at": tuple(by.at or ()),
        "notices": x.warnings,
    }


def _term_sets(x: Design, fit: AnyRegression) -> dict[str, tuple[str, ...]]:
    """The dummies of a factor together, coefficients that stayed in the model only."""
    sets = {
        term: tuple(name for name in names if name in fit.coefficients and name != fit.constant)
        for term, names in x.terms.items()
    }
    return {term: names for term, names in sets.items() if names}


def _scale(
    formula: str, sizes: EffectSizes, by: Moderators, x: Design, fit: RegressionResult, chosen: Mapping[str, Any]
) -> LocationScaleResult:
    """By the likelihood and the tests that were chosen where it has them, else by REML with Wald tests."""
    kept = list(x.kept)
    z = design(
        formula,
        {name: [cells[place] for place in kept] for name, cells in by.columns.items()},
        labels=[sizes.labels[place] for place in kept],
    )
    names = tuple(fit.coefficients)
    return location_scale(
        sizes.yi[kept], sizes.vi[kept], fit.data.design, z.X, names=names, scale_names=z.names, intercept=False,
        scale_intercept=False, level=sizes.level, method="ML" if str(chosen.get("tau2")).upper() == "ML" else "REML",
        ci="t" if str(chosen.get("ci")).lower() == "t" else "wald",
    )  # fmt: skip


def _rows(at: Mapping[str, Mapping[str, float]]) -> dict[str, Array]:
    """Values by column, one of each for each place to predict at."""
    return {name: np.array([values[name] for values in at.values()]) for name in next(iter(at.values()))}
