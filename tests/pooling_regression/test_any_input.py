"""Whatever the numbers, the answer is a result without nan in its JSON or one of the project's own errors; never a warning."""

from __future__ import annotations

import contextlib
import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mscsec.errors import MscsecError
from mscsec.pooling.regression import (
    ESTIMATORS,
    INTERVALS,
    SANDWICHES,
    TAU2_INTERVALS,
    contrast,
    influence,
    location_scale,
    multilevel,
    permutation_test,
    predict,
    regress,
    residuals,
    robust,
    shrunken_effects,
    subgroups,
    variance_inflation,
)


@st.composite
def anything(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.random.Generator]:
    """Effects, variances over up to 24 orders of magnitude, a design that may be singular, labels."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    k, p = draw(st.integers(2, 11)), draw(st.integers(1, 3))
    v = 10 ** (draw(st.sampled_from([0.5, 3, 12])) * rng.uniform(-1, 1, k))
    y = [
        rng.normal(size=k),
        np.zeros(k),
        np.ones(k),
        1e6 * rng.normal(size=k),
        1e3 + 1e-6 * rng.normal(size=k),
        rng.integers(0, 2, k).astype(float),
        rng.normal(size=k) * np.sqrt(v),
    ][draw(st.integers(0, 6))]
    x = [rng.normal(size=(k, p)), rng.integers(0, 2, (k, p)).astype(float), 1e6 + 1e5 * rng.normal(size=(k, p))]
    return y, v, x[draw(st.integers(0, 2))], rng.integers(0, 4, k), rng


def answered(question):
    """The answer, or None for a named refusal; its JSON holds no nan."""
    with contextlib.suppress(MscsecError):
        found = question()
        if hasattr(found, "to_dict"):
            json.dumps(found.to_dict(), allow_nan=False)
        return found
    return None


@settings(max_examples=150, deadline=None)
@given(
    data=anything(),
    tau2=st.sampled_from(list(ESTIMATORS)),
    ci=st.sampled_from([*INTERVALS, "auto"]),
    tau2_ci=st.sampled_from([*TAU2_INTERVALS, "auto", "none"]),
    kind=st.sampled_from(list(SANDWICHES)),
    model=st.sampled_from(["random", "random", "common"]),
)
def test_a_regression_and_what_is_asked_of_it(data, tau2, ci, tau2_ci, kind, model):
    y, v, x, cluster, rng = data
    weights = 10 ** rng.uniform(-2, 2, len(y)) if ESTIMATORS[tau2].needs_weights else None
    fit = answered(lambda: regress(y, v, x, tau2=tau2, ci=ci, weights=weights, model=model, tau2_ci=tau2_ci))
    if fit is None:
        return
    assert all(np.isfinite(part.estimate) and part.se >= 0 for part in fit.coefficients.values())
    for question in (
        lambda: residuals(fit),
        lambda: shrunken_effects(fit),
        lambda: influence(fit),
        lambda: predict(fit, fit.data.design),
        lambda: robust(fit, cluster.tolist(), kind=kind),
        lambda: permutation_test(fit, draws=20),
        lambda: contrast(fit, np.eye(fit.p)),
        lambda: variance_inflation(fit),
    ):
        answered(question)


@settings(max_examples=60, deadline=None)
@given(data=anything(), method=st.sampled_from(["ML", "REML"]), common=st.booleans())
def test_the_other_models(data, method, common):
    y, v, x, cluster, _ = data
    answered(lambda: multilevel(y, v, cluster.tolist(), x, method=method, tau2_ci="none"))
    answered(lambda: location_scale(y, v, x, x[:, :1], method=method))
    answered(lambda: subgroups(y, v, cluster.tolist(), tau2_common=common))
