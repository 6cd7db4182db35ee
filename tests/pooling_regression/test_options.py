"""Options that are none: each is named, in every function that takes it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mscsec.errors import InvalidInput, UnknownMethod
from mscsec.pooling.regression import (
    location_scale,
    multilevel,
    permutation_test,
    predict,
    regress,
    regress_batch,
    robust,
    subgroups,
)

Y = np.array([0.1, 0.5, -0.2, 0.9, 0.4, 0.0])
V = np.array([0.04, 0.09, 0.02, 0.1, 0.05, 0.03])
X = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 7.0])
GROUPS = list("aabbcc")


@pytest.mark.parametrize("level", [0, 1, 2, -1, math.nan, "a", [0.9, 0.8]])
@pytest.mark.parametrize(
    "call",
    [
        lambda level: regress(Y, V, X, level=level),
        lambda level: regress_batch(Y, V, X[:, None], level=level),
        lambda level: robust(regress(Y, V, X), GROUPS, level=level),
        lambda level: predict(regress(Y, V, X), [1], level=level),
        lambda level: location_scale(Y, V, X, np.ones(6), level=level),
        lambda level: multilevel(Y, V, GROUPS, level=level),
    ],
    ids=["regress", "regress_batch", "robust", "predict", "location_scale", "multilevel"],
)
def test_a_level_lies_between_0_and_1_wherever_it_is_given(call, level):
    with pytest.raises(InvalidInput, match="level is"):
        call(level)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: regress(Y, V, X, tau2=None), InvalidInput, "tau2 is None"),
        (lambda: regress_batch(Y, V, X[:, None], tau2=None), InvalidInput, "tau2 is None"),
        (lambda: regress(Y, V, X, ci=0.95), UnknownMethod, "unknown interval '0.95'"),
        (lambda: robust(regress(Y, V, X), GROUPS, kind=2), UnknownMethod, "unknown cluster-robust estimator '2'"),
        (lambda: predict(regress(Y, V, X), [1], prediction=None), UnknownMethod, "prediction interval 'None'"),
        (lambda: permutation_test(regress(Y, V, X), draws=2.5), InvalidInput, "draws is 2.5"),
        (lambda: permutation_test(regress(Y, V, X), seed=None), InvalidInput, "seed is None"),
        (lambda: subgroups(Y, V, GROUPS, weights=[1.0, 2.0]), InvalidInput, r"weights has shape \(2,\)"),
        (lambda: subgroups(Y, V, GROUPS, tau2_weights=3), InvalidInput, r"tau2_weights has shape \(\)"),
    ],
)
def test_what_is_no_option_at_all_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
