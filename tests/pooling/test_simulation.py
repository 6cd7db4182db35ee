"""Coverage in repeated sampling, against what theory and the published simulations say; fixed seeds, Monte-Carlo bounds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mscsec.pooling import pool_batch

N = 20_000


def simulated(k: int, tau2: float, seed: int, vi: Any = None, n: int = N) -> tuple[Any, Any, Any]:
    """n meta-analyses of k studies around zero, with the variances of Brockwell & Gordon (2001), and a new study's effects."""
    rng = np.random.default_rng(seed)
    if vi is None:
        vi = np.clip(0.25 * rng.chisquare(1, (n, k)), 0.009, 0.6)
    return rng.normal(0, np.sqrt(vi + tau2), (n, k)), np.broadcast_to(vi, (n, k)), rng.normal(0, math.sqrt(tau2), n)


def covered(low: Any, high: Any, truth: Any = 0.0) -> float:
    return float(np.mean((low <= truth) & (truth <= high)))


def slack(p: float, n: int = N) -> float:
    """Five standard errors of a simulated proportion."""
    return 5 * math.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize("k", [3, 6, 15])
def test_q_profile_covers_exactly(k: int) -> None:
    """Under the normal model with known variances its coverage is the level (Viechtbauer 2007)."""
    yi, vi, _ = simulated(k, 0.15, seed=k)
    batch = pool_batch(yi, vi, tau2="DL", ci="wald", tau2_ci="QP")
    assert covered(batch.tau2_ci_low, batch.tau2_ci_high, 0.15) == pytest.approx(0.95, abs=slack(0.95))


@pytest.mark.parametrize("key", ["BJ", "J"])
def test_generalised_q_covers_exactly(key: str) -> None:
    """Jackson (2013): exact for any weights fixed in advance."""
    n = 500
    yi, vi, _ = simulated(5, 0.15, seed=2, n=n)
    batch = pool_batch(yi, vi, tau2="DL", ci="wald", tau2_ci=key)
    assert covered(batch.tau2_ci_low, batch.tau2_ci_high, 0.15) == pytest.approx(0.95, abs=slack(0.95, n))


def test_hksj_is_exact_for_equal_variances_and_wald_is_not() -> None:
    """With equal variances HKSJ is the t test of the effects; Wald falls short with few studies (IntHout 2014, BMC Med Res Methodol 14:25)."""
    for k in (3, 5, 10):
        yi, vi, _ = simulated(k, 0.2, seed=10 + k, vi=0.1)
        scaled = pool_batch(yi, vi, tau2="DL", ci="hksj")
        assert covered(scaled.ci_low, scaled.ci_high) == pytest.approx(0.95, abs=slack(0.95))
        simple = pool_batch(yi, vi, tau2="DL", ci="wald")
        assert covered(simple.ci_low, simple.ci_high) < 0.94


def test_order_of_the_intervals_with_unequal_variances() -> None:
    """Wald below HKSJ, its floored form above it (Roever, Knapp & Friede 2015; Jackson et al 2017)."""
    yi, vi, _ = simulated(5, 0.1, seed=5)
    found = {}
    for ci in ("wald", "hksj", "hksj-adhoc", "hksj-wider", "kr"):
        batch = pool_batch(yi, vi, tau2="REML", ci=ci)
        found[ci] = covered(batch.ci_low, batch.ci_high)
    assert found["wald"] < 0.93
    assert (
        found["wald"] < found["hksj"] < 0.955
    )  # variances over two orders of magnitude cost HKSJ some of its coverage
    assert found["hksj-adhoc"] > max(found["hksj"], 0.92)
    assert found["hksj-wider"] > found["hksj"]
    assert found["kr"] > found["wald"]


def test_tau2_estimators_have_their_published_bias() -> None:
    """ML falls short, REML hardly; HE is unbiased before truncation, PM hardly biased (Viechtbauer 2005; Veroniki 2016)."""
    yi, vi, _ = simulated(20, 0.4, seed=7)
    mean = {key: float(pool_batch(yi, vi, tau2=key, ci="wald").tau2.mean()) for key in ("ML", "REML", "HE", "PM", "DL")}
    assert mean["ML"] < 0.385
    for key in ("REML", "HE", "PM"):
        assert mean[key] == pytest.approx(0.4, abs=0.01), key


def test_median_unbiased_errs_as_often_up_as_down() -> None:
    yi, vi, _ = simulated(8, 0.3, seed=9)
    batch = pool_batch(yi, vi, tau2="PMM", ci="wald")
    assert float(np.mean(batch.tau2 > 0.3)) == pytest.approx(0.5, abs=slack(0.5))


def test_prediction_intervals_cover_a_new_study() -> None:
    """Near the level for many studies, whichever; the normal one falls short for few (Partlett & Riley 2017)."""
    yi, vi, new = simulated(30, 0.3, seed=11)
    for key in ("t-k1", "hts", "hk"):
        batch = pool_batch(yi, vi, tau2="REML", ci="hksj", prediction=key)
        assert covered(batch.prediction_low, batch.prediction_high, new) == pytest.approx(0.95, abs=0.015)
    yi, vi, new = simulated(5, 0.3, seed=12)
    short = pool_batch(yi, vi, tau2="REML", ci="wald", prediction="normal")
    assert covered(short.prediction_low, short.prediction_high, new) < 0.93


def test_profile_likelihood_lies_between_wald_and_the_level() -> None:
    """Hardy & Thompson (1996); Brockwell & Gordon (2001), Stat Med 20:825-840."""
    n = 2000
    yi, vi, _ = simulated(8, 0.15, seed=13, n=n)
    profile = pool_batch(yi, vi, tau2="ML", ci="profile")
    simple = pool_batch(yi, vi, tau2="ML", ci="wald")
    assert covered(simple.ci_low, simple.ci_high) < covered(profile.ci_low, profile.ci_high) < 0.965


def test_henmi_and_copas_hold_the_level_where_wald_does_not() -> None:
    """Henmi & Copas (2010): with tau2 by DL the interval covers close to its level, Wald's and IVhet's less (Doi 2015)."""
    n = 2000
    yi, vi, _ = simulated(20, 0.1, seed=14, n=n)
    found = {}
    for ci in ("hc", "wald", "ivhet"):
        batch = pool_batch(yi, vi, tau2="DL", ci=ci)
        found[ci] = covered(batch.ci_low, batch.ci_high)
    assert found["hc"] == pytest.approx(0.95, abs=slack(0.95, n))
    assert found["wald"] < found["hc"]
    assert 0.87 < found["ivhet"] < found["hc"]
