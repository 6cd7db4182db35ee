"""Predicted mean effects at chosen values of the moderators, with intervals for the mean and for a new study."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import Array, ArrayLike, floats
from mscsec.errors import InvalidInput, TooFewStudies
from mscsec.pooling.regression.fit import check_level
from mscsec.pooling.regression.inference import critical, fit_coefficients, kenward_roger_parts
from mscsec.pooling.regression.result import AnyRegression, RegressionResult
from mscsec.registry import by_key, choose
from mscsec.results import Notice, Result


@dataclass(frozen=True, slots=True)
class PredictionMethod:
    """A kind of prediction interval, named by its degrees of freedom; the SE is that of the interval for the mean."""

    key: str
    name: str
    source: str


PREDICTIONS = by_key(
    PredictionMethod("t-kp", "t on k - p, the counterpart of t-k1 with moderators", "higgins2009"),
    PredictionMethod("hts", "t on k - p - 1, the counterpart of k - 2", "higgins2009"),
    PredictionMethod("normal", "normal distribution", "skipka2006"),
    PredictionMethod("test", "the distribution of the test of the mean", "viechtbauer2010"),
)


@dataclass(frozen=True, slots=True)
class Predictions(Result):
    """One entry for each row of new values; on the analysis scale.

    estimate, se, ci_low, ci_high : the mean effect at these values, at `level`.
    prediction_low, prediction_high : interval for the effect in a new study there; None for a common-effect model.
    df, prediction_df : None for the normal distribution.
    """

    estimate: tuple[float, ...]
    se: tuple[float, ...]
    df: tuple[float | None, ...]
    ci_low: tuple[float, ...]
    ci_high: tuple[float, ...]
    prediction_low: tuple[float, ...] | None
    prediction_high: tuple[float, ...] | None
    prediction_df: tuple[float | None, ...] | None
    prediction_method: str | None
    level: float
    warnings: tuple[Notice, ...] = ()


def predict(
    fit: AnyRegression,
    new: ArrayLike | Mapping[str, ArrayLike],
    *,
    prediction: str = "auto",
    level: float | None = None,
) -> Predictions:
    """Mean effects at new values of the moderators, with intervals for the mean and for a new study.

    fit : of `regress`, or of `regress_counts` and its kin, then on the link scale.
    new : (m, q) a row a prediction, columns in the order of the coefficients without the intercept (which is
        supplied) or with it; (m,) where there is one moderator; or values by name.
    prediction : key of `PREDICTIONS`, "none", or "auto", which is t-kp.
    Raises InvalidInput where the columns do not match, TooFewStudies where the interval has no degrees of freedom.
    Source: Higgins, Thompson & Spiegelhalter (2009), J R Stat Soc A 172:137-159, section 4, with x'beta for the mean.
    """
    rows = new_rows(tuple(fit.coefficients), fit.constant, new)
    level = fit.level if level is None else check_level(level)
    beta = np.array([part.estimate for part in fit.coefficients.values()])
    estimate = rows @ beta
    se = np.sqrt(np.maximum(np.einsum("mi,ij,mj->m", rows, np.array(fit.vcov), rows), 0.0))
    df = row_df(fit, rows)
    half = critical(level, df) * se
    low = high = spread_df = method = None
    warnings: tuple[Notice, ...] = ()
    if fit.model == "random" and prediction != "none":
        method = choose(
            PREDICTIONS, "t-kp" if prediction == "auto" else prediction, "prediction interval", ("auto", "none")
        ).key
        if prediction == "auto" and fit.k <= fit.p:
            method, warnings = None, (Notice("P405", "no prediction interval: no degrees of freedom are left"),)
    if method is not None:
        spread_df = _prediction_df(fit, method, df)
        wide = critical(level, spread_df) * np.sqrt(se**2 + fit.tau2)
        low, high = tuple((estimate - wide).tolist()), tuple((estimate + wide).tolist())
    return Predictions(
        estimate=tuple(estimate.tolist()),
        se=tuple(se.tolist()),
        df=_finite(df),
        ci_low=tuple((estimate - half).tolist()),
        ci_high=tuple((estimate + half).tolist()),
        prediction_low=low,
        prediction_high=high,
        prediction_df=None if spread_df is None else _finite(spread_df),
        prediction_method=method,
        level=level,
        warnings=warnings,
    )


def new_rows(names: tuple[str, ...], constant: str | None, new: ArrayLike | Mapping[str, ArrayLike]) -> Array:
    """(m, p) rows of the design at new values, the intercept supplied where it was left out."""
    moderators = [name for name in names if name != constant]
    if isinstance(new, Mapping):
        if set(new) - {constant} != set(moderators):
            raise _other_columns(list(new), moderators)
        columns = np.broadcast_arrays(*(np.atleast_1d(floats(name, new[name])) for name in moderators))
        values = np.column_stack(columns) if moderators else np.ones((1, 0))
    else:
        values = floats("new", new)
        if values.ndim < 2:
            values = np.atleast_1d(values)
            values = values[:, None] if len(moderators) == 1 else values[None, :]
    if not np.isfinite(values).all():
        raise InvalidInput("a value to predict at is not a finite number", "each moderator has one in each row")
    if constant is not None and values.shape[1] == len(moderators):
        return np.insert(values, names.index(constant), 1.0, axis=1)
    if values.shape[1] != len(names):
        raise InvalidInput(
            f"each row to predict at has {values.shape[1]} values", f"the moderators are {', '.join(moderators)}"
        )
    return values


def _other_columns(given: list[str], moderators: list[str]) -> InvalidInput:
    """The refusal of values for other columns than those of the coefficients."""
    instead = ""
    if level := next((name for name in moderators if name.endswith("]") and ":" not in name), None):
        instead = f"Of a factor give {level} 1 at that level and 0 at the others"
    if product := next((name for name in moderators if ":" in name), None):
        instead += f"{'; of' if instead else 'Of'} the interaction {product} give the product of its parts"
    return InvalidInput(
        f"values are given for {', '.join(given) or 'nothing'}",
        f"each coefficient's column has one: {', '.join(moderators) or 'there is none but the intercept'}",
        instead,
    )


def row_df(fit: AnyRegression, rows: Array) -> Array:
    """Degrees of freedom for x'beta in each row, as the fit's interval method has them; infinite for the normal."""
    if fit.ci_method == "wald":
        return np.full(rows.shape[0], math.inf)
    if fit.ci_method != "kr" or not isinstance(fit, RegressionResult):
        return np.full(rows.shape[0], float(fit.k - fit.p))
    fitted = fit_coefficients(fit.data.problem, np.array([fit.tau2]))
    return np.asarray(kenward_roger_parts(fitted).df((rows @ fitted.model.inverse_triangle()[0])[None])[0])


def _prediction_df(fit: AnyRegression, method: str, df: Array) -> Array:
    if method == "test":
        return df
    if method == "normal":
        return np.full(df.shape, math.inf)
    left = fit.k - fit.p - (method == "hts")
    if left < 1:
        raise TooFewStudies(f"the {PREDICTIONS[method].name} prediction interval", fit.p + 1 + (method == "hts"), fit.k)
    return np.full(df.shape, float(left))


def _finite(df: Array) -> tuple[float | None, ...]:
    return tuple(float(x) if math.isfinite(x) else None for x in df)
