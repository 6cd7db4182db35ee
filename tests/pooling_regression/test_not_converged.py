"""An iteration that is stopped before it has settled is an error that says what did not settle."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from mscsec.errors import NotConverged
from mscsec.pooling.regression import (
    influence,
    location_scale,
    moments,
    multilevel,
    permutation_test,
    regress,
    regress_batch,
    roots,
)

Y = np.array([0.1, 0.5, -0.2, 0.9, 0.4, 2.0, -1.1, 0.3])
V = np.array([0.04, 0.09, 0.02, 0.1, 0.05, 0.3, 0.2, 0.06])
X = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 2.5, 0.0])
NAMES = {"REML": "estricted maximum likelihood", "PM": "Paule-Mandel"}


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every search for tau2 ends after its first step."""
    once = functools.partial(roots.bracketed_newton, most=1)
    monkeypatch.setattr("mscsec.pooling.regression.likelihood.bracketed_newton", once)
    once = functools.partial(moments.weighted_rss_tau2, most=1)
    monkeypatch.setattr("mscsec.pooling.regression.moments.weighted_rss_tau2", once)
    monkeypatch.setattr("mscsec.pooling.regression.tau2_interval.weighted_rss_tau2", once)


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("key", NAMES)
def test_a_regression(key):
    with pytest.raises(NotConverged, match=rf"{NAMES[key]}.* in 1 iterations .*DL gives an answer") as caught:
        regress(Y, V, X, tau2=key)
    assert caught.value.exit_code == 3
    assert caught.value.last > 0
    batch = regress_batch([Y, Y / 100], V, np.column_stack([np.ones(8), X]), tau2=key)
    assert batch.converged.tolist() == [False, True]
    assert batch.estimable.all()


@pytest.mark.usefixtures("stopped")
def test_an_interval_for_tau2():
    with pytest.raises(NotConverged, match="Q-profile interval did not converge"):
        regress(Y, V, X, tau2="DL", tau2_ci="QP")


@pytest.mark.parametrize("key", NAMES)
def test_fits_to_other_sets_of_the_same_studies(key, request):
    fit = regress(Y, V, X, tau2=key)
    request.getfixturevalue("stopped")
    with pytest.raises(NotConverged, match="leaving out each study did not converge in 1 iterations"):
        influence(fit)
    with pytest.raises(NotConverged, match="a permutation's fit did not converge in 1 iterations"):
        permutation_test(fit, draws=5)


@pytest.mark.parametrize(
    ("model", "last", "says"),
    [(location_scale, X, "the location-scale model"), (multilevel, list("aabbccdd"), "the three-level model")],
)
def test_models_with_more_than_one_variance(model, last, says, monkeypatch):
    arguments = (Y, V, np.ones(8), last) if model is location_scale else (Y, V, last)
    assert model(*arguments).iterations > 1
    monkeypatch.setitem(model.__globals__, "STEPS", 1)  # the module has the name of its function
    with pytest.raises(NotConverged, match=f"{says} did not converge in 1 iterations"):
        model(*arguments)
