"""The pieces under the measures against their definitions: factors, integrals, transformations, and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import betaln, gammaln, hyp2f1, ndtr

from mscsec.effects.measures import TRANSFORMS, effect_size, transform
from mscsec.effects.measures.hypergeometric import hypergeometric
from mscsec.effects.measures.small_sample import hedges_j
from mscsec.effects.measures.tetrachoric import _orthant
from mscsec.errors import UnknownMethod, UnknownName, UsageError
from mscsec.sources import SOURCES


def test_hedges_j_is_the_gamma_ratio():
    df = np.array([2.0, 3.0, 10.0, 57.5, 150.0])
    exact = [math.gamma(v / 2) / (math.sqrt(v / 2) * math.gamma((v - 1) / 2)) for v in df]
    assert_allclose(hedges_j(df), exact, rtol=1e-12)


def test_hedges_j_meets_its_series_and_goes_to_one():
    below, above = hedges_j(np.array([np.nextafter(200, 0), 200.0]))
    assert_allclose(below, above, rtol=1e-12)
    assert hedges_j(np.array([1e15]))[0] == pytest.approx(1, abs=1e-14)
    assert np.isnan(hedges_j(np.array([1.0, 0.5]))).all()


@pytest.mark.parametrize("p", [0.5, 1.0])
def test_the_hypergeometric_series_meets_scipys(p):
    c, z = np.meshgrid([15.0, 15.5, 22.0, 40.0], [0.0, 0.3, 0.9, 0.999])
    assert_allclose(hypergeometric(p, c, z), hyp2f1(p, p, c, z), rtol=1e-11)


def test_the_hypergeometric_function_where_it_is_elementary():
    z = np.array([0.0, 0.2, 0.7, 0.95])
    assert_allclose(hypergeometric(0.5, np.full(4, 1.5), z)[1:], np.arcsin(np.sqrt(z[1:])) / np.sqrt(z[1:]), rtol=1e-12)
    assert_allclose(hypergeometric(1.0, np.full(4, 2.0), z)[1:], -np.log1p(-z[1:]) / z[1:], rtol=1e-12)
    assert np.isfinite(hypergeometric(0.5, np.array([915.0, 5e8]), np.array([0.999, 0.999]))).all()


def test_the_orthant_probability_of_medians():
    rho = np.array([-0.99, -0.4, 0.0, 0.6, 0.999])
    zero = np.zeros(5)
    assert_allclose(_orthant(zero, zero, np.arcsin(rho)), 0.25 + np.arcsin(rho) / (2 * math.pi), rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(rho=st.floats(-0.95, 0.95), h=st.floats(-1.5, 1.5), k=st.floats(-1.5, 1.5))
def test_the_tetrachoric_correlation_is_found_again(rho, h, k):
    """From the proportions of a bivariate normal population, at n so large that rounding the cells is nothing.

    Where the density at (h, k), the slope of the cell in rho, is tiny, the last bit of the cell moves rho by more than 1e-9.
    """
    rest = 1 - rho**2
    assume(math.exp(-(h * h - 2 * rho * h * k + k * k) / (2 * rest)) / (2 * math.pi * math.sqrt(rest)) > 1e-6)
    n = 1e9
    both = _orthant(np.array([h]), np.array([k]), np.array([math.asin(rho)]))[0] * n
    rows, columns = ndtr(k) * n, ndtr(h) * n
    effects = effect_size("RTET", events_1=both, n_1=rows, events_2=columns - both, n_2=n - rows)
    assert_allclose(effects.yi, rho, atol=1e-9)


@pytest.mark.parametrize(("r2", "m", "n"), [(0.3, 2, 30), (0.05, 5, 80), (0.6, 30, 90), (0.45, 1, 25)])
def test_the_variance_with_fixed_predictors_by_another_road(r2, m, n):
    """The likelihood as a Poisson mixture of beta densities, summed on a fine grid of rho squared."""
    rho2 = np.linspace(1e-4, 0.9999, 20_001)
    half = n * rho2 / (1 - rho2) / 2
    j = np.arange(0, 900)[:, None]
    terms = -half + j * np.log(half) - gammaln(j + 1) + j * np.log(r2) - betaln(m / 2 + j, (n - m - 1) / 2)
    top = terms.max(0)
    density = np.exp(top - top.max()) * np.exp(terms - top).sum(0)
    density[[0, -1]] /= 2
    density /= density.sum()
    mean = (density * rho2).sum()
    expected = (density * (rho2 - mean) ** 2).sum()
    assert_allclose(effect_size("R2F", r2=r2, predictors=m, n=n).vi, expected, rtol=1e-6)


def test_hedges_g_and_its_unbiased_variance_are_unbiased():
    """Simulated: the mean of g is delta, and the mean of the UB variance is the variance of g."""
    rng = np.random.default_rng(20)
    n_1, n_2, delta, draws = 5, 7, 0.8, 200_000
    one, two = rng.normal(delta, 1, (draws, n_1)), rng.normal(0, 1, (draws, n_2))
    effects = effect_size(
        "SMD", mean_1=one.mean(-1), sd_1=one.std(-1, ddof=1), n_1=n_1,
        mean_2=two.mean(-1), sd_2=two.std(-1, ddof=1), n_2=n_2, vtype="UB",
    )  # fmt: skip
    spread = effects.yi.std()
    assert abs(effects.yi.mean() - delta) < 4 * spread / math.sqrt(draws)
    assert_allclose(effects.vi.mean(), spread**2, rtol=0.02)


def test_the_unbiased_correlation_is_unbiased():
    rng = np.random.default_rng(21)
    n, rho, draws = 8, 0.5, 200_000
    x = rng.normal(size=(draws, n))
    y = rho * x + math.sqrt(1 - rho**2) * rng.normal(size=(draws, n))
    x, y = x - x.mean(-1, keepdims=True), y - y.mean(-1, keepdims=True)
    r = (x * y).sum(-1) / np.sqrt((x**2).sum(-1) * (y**2).sum(-1))
    effects = effect_size("UCOR", r=r, n=n, vtype="UB")
    assert abs(effects.yi.mean() - rho) < 4 * effects.yi.std() / math.sqrt(draws)
    assert_allclose(effects.vi.mean(), effects.yi.var(), rtol=0.02)


@pytest.mark.parametrize(("key", "vtype"), [("PHI", "ST"), ("RPB", "ST"), ("MPOR", "LS"), ("RD", "UB")])
def test_the_variance_is_the_spread_of_estimates(key, vtype):
    """Simulated under the sampling scheme that the variance formula is for."""
    rng = np.random.default_rng(22)
    draws = 40_000
    if key in ("PHI", "RD"):
        arrays = {
            "events_1": rng.binomial(300, 0.3, draws),
            "n_1": 300,
            "events_2": rng.binomial(200, 0.5, draws),
            "n_2": 200,
        }
    elif key == "MPOR":
        cells = rng.multinomial(400, [0.3, 0.25, 0.15, 0.3], draws).T
        arrays = dict(zip(("both", "only_1", "only_2", "neither"), cells, strict=True))
    else:
        one, two = rng.normal(0.6, 1, (draws, 60)), rng.normal(0, 1, (draws, 90))
        arrays = {"mean_1": one.mean(-1), "sd_1": one.std(-1, ddof=1), "n_1": 60,
                  "mean_2": two.mean(-1), "sd_2": two.std(-1, ddof=1), "n_2": 90}  # fmt: skip
    effects = effect_size(key, vtype=vtype, **arrays)
    assert_allclose(effects.vi.mean(), effects.yi.var(), rtol=0.04)


@pytest.mark.parametrize("vtype", ["CS", "ST"])
def test_phi_of_an_empty_diagonal_is_one_without_variance(vtype):
    """In metafor 3.8, escalc(measure="PHI", ai=c(0, 12, 3), n1i=c(12, 12, 3), ci=c(9, 0, 0), n2i=c(9, 9, 7)): -1, 1, 1."""
    effects = effect_size("PHI", vtype=vtype, events_1=[0, 12, 3], n_1=[12, 12, 3], events_2=[9, 0, 0], n_2=[9, 9, 7])
    assert effects.yi.tolist() == [-1, 1, 1]
    assert effects.vi.tolist() == [0, 0, 0]
    assert [flag.code for flag in effects.flags] == ["E105"]
    assert not effects.included.any()


# --- transformations ---------------------------------------------------------------------------------------------------

INSIDE = {
    "log": (0.1, 9), "rtoz": (-0.99, 0.99), "r2toz": (0, 0.99), "logit": (0.01, 0.99), "probit": (0.01, 0.99),
    "arcsin": (0, 1), "pft": (0, 1), "sqrt": (0, 9), "irft": (0, 9), "ahw": (0, 0.99), "abt": (0, 0.99),
    "dtocles": (-3, 3), "dtorpb": (-3, 3), "dtorbis": (-3, 3), "rpbtorbis": (-0.7, 0.7),
    "lnortod.norm": (-3, 3), "lnortod.logis": (-3, 3), "identity": (-3, 3),
}  # fmt: skip
MORE = {"n": 30.0, "t": 40.0, "n_1": 12.0, "n_2": 19.0, "pg": 0.3}


@pytest.mark.parametrize("key", INSIDE)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_there_and_back(key, data):
    x = np.array(data.draw(st.floats(*INSIDE[key])))
    row = TRANSFORMS[key]
    more = {name: MORE[name] for name in row.needs + row.may}
    assert_allclose(transform(row.inverse, transform(key, x, **more), **more), x, rtol=1e-6, atol=1e-6)


def test_inverses_point_at_each_other():
    with_inverse = [row for row in TRANSFORMS.values() if row.inverse]
    assert all(TRANSFORMS[row.inverse].inverse == row.key for row in with_inverse)
    assert {row.key for row in with_inverse} == set(INSIDE) | {TRANSFORMS[key].inverse for key in INSIDE}


@pytest.mark.parametrize("row", TRANSFORMS.values(), ids=list(TRANSFORMS))
def test_a_transformation_keeps_nan_shape_and_source(row):
    x = np.array([[0.3, np.nan], [0.5, 0.7]])
    more = {name: {"pc": 0.2, "sd": 9.0, "tau2": 0.1, **MORE}[name] for name in row.needs}
    out = transform(row.key, x, **more)
    assert out.shape == x.shape
    assert np.isnan(out[0, 1])
    assert np.isfinite(out[~np.isnan(x)]).all()
    assert row.source in SOURCES or row.source == ""


@pytest.mark.parametrize(
    ("key", "back"),
    [
        ("ztor.int", "ztor"),
        ("ilogit.int", "ilogit"),
        ("iprobit.int", "iprobit"),
        ("exp.int", "exp"),
        ("iarcsin.int", "iarcsin"),
    ],
)
def test_a_mean_over_the_studies_is_the_mean_of_many(key, back):
    draws = np.random.default_rng(23).normal(0.7, math.sqrt(0.02), 400_000)
    many = transform(back, draws)
    assert_allclose(transform(key, 0.7, tau2=0.02), many.mean(), atol=5 * many.std() / math.sqrt(many.size))
    assert_allclose(transform(key, 0.7, tau2=0.0), transform(back, 0.7))


def test_the_harmonic_mean_leaves_missing_sizes_out():
    assert_allclose(transform("ipft.hm", 0.6, n=[10, 40, np.nan]), transform("ipft", 0.6, n=16.0))


def test_a_transformation_says_what_it_needs():
    with pytest.raises(UnknownMethod, match="did you mean 'ztor'"):
        transform("ztorr", 0.1)
    with pytest.raises(UsageError, match="needs pc"):
        transform("lnortorr", 0.1)
    with pytest.raises(UnknownName, match="unknown array for exp 'n'"):
        transform("exp", 0.1, n=3)
