"""Beta-binomial regression: each arm's count is beta-binomial with its group's mean and one common correlation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from mscsec.arrays import Array
from mscsec.errors import InvalidInput, NotConverged, NotEstimable
from mscsec.pooling.counts import notices
from mscsec.pooling.counts.closed import Request
from mscsec.pooling.counts.families import log_beta_ratio
from mscsec.pooling.counts.frame import Options, Spread, only_wald, spread_out, wald_result
from mscsec.pooling.counts.jets import Jet, constant, variable
from mscsec.pooling.counts.mixed import GroupRequest
from mscsec.pooling.counts.newton import Maximum, maximise
from mscsec.pooling.counts.tables import Tables, whole
from mscsec.pooling.result import PooledResult
from mscsec.results import Notice

LINKS = {"OR": "logit", "RR": "log", "RD": "identity"}
STARTS = (0.03, 0.2, 0.7)  # square roots of the overdispersion to start from
FLAT = 1e-9  # a rise of the log-likelihood over the binomial one that is rounding


@dataclass(frozen=True, slots=True)
class BetaBinomial:
    """Linear predictors (g,) of the groups with covariance (g, g); `rho` is the correlation of two patients of one arm."""

    eta: Array
    covariance: Array
    rho: float
    log_likelihood: float
    iterations: int


def by_beta_binomial(request: Request) -> PooledResult:
    """Kuss's model: arms of a study are independent, the two groups share the correlation within an arm.

    The double-zero studies enter as they are. Source: Kuss (2015), Stat Med 34:1097-1116.
    """
    t = request.tables
    assert isinstance(t, Tables)
    groups = [(t.a[t.mask], t.n_1[t.mask]), (t.c[t.mask], t.n_2[t.mask])]
    _require_inside(groups)
    fit = fit_beta_binomial(groups, LINKS[request.measure])
    variance = fit.covariance[0, 0] + fit.covariance[1, 1] - 2 * fit.covariance[0, 1]
    information = [
        _information(n, eta, fit.rho, LINKS[request.measure]) for (_, n), eta in zip(groups, fit.eta, strict=True)
    ]
    # The contrast's variance is the sum of the two groups' own, to which each study adds through both of its arms.
    share = sum(i / i.sum() ** 2 for i in information)
    told = (
        notices.empty_arms(~t.mask)
        + notices.double_zero(t.double_zero, "kept unchanged")
        + notices.double_full(t.double_full, "kept unchanged")
    )
    return _result(
        fit, float(fit.eta[0] - fit.eta[1]), float(np.sqrt(variance)), spread_out(share / share.sum(), t.mask),
        request.options, "identity" if request.measure == "RD" else "exp", told,
    )  # fmt: skip


def by_group_beta_binomial(request: GroupRequest) -> PooledResult:
    """One group of beta-binomial counts, on the logit scale."""
    x, n = request.events[request.mask], request.size[request.mask]
    _require_inside([(x, n)])
    fit = fit_beta_binomial([(x, n)], "logit")
    information = _information(n, fit.eta[0], fit.rho, "logit")
    weights = spread_out(information / information.sum(), request.mask)
    told = notices.empty_arms(~request.mask)
    se = float(np.sqrt(fit.covariance[0, 0]))
    return _result(fit, float(fit.eta[0]), se, weights, request.options, "expit", told)


def _result(
    fit: BetaBinomial,
    estimate: float,
    se: float,
    weights: Array,
    options: Options,
    transform: str,
    told: tuple[Notice, ...],
) -> PooledResult:
    only_wald(options, "the beta-binomial model")
    parameters, k = len(fit.eta) + 1, int((weights > 0).sum())
    result = wald_result(
        estimate, se, k=k, weights=weights, method="BB", options=options, transform=transform, spread=Spread(),
        notices=told,
        details={
            "rho": fit.rho,
            "log_likelihood": fit.log_likelihood,
            "aic": 2 * parameters - 2 * fit.log_likelihood,
            "bic": parameters * float(np.log(k * len(fit.eta))) - 2 * fit.log_likelihood,
            "parameters": parameters,
        },
    )  # fmt: skip
    return replace(result, iterations=fit.iterations)


def fit_beta_binomial(groups: list[tuple[Array, Array]], link: str) -> BetaBinomial:
    """Maximum likelihood means of the groups, each (events (k,), totals (k,)), with one correlation for all.

    link : "logit", "log" or "identity". Raises InvalidInput for fractions, NotConverged.
    Source of the likelihood: Griffiths (1973), Biometrics 29:637-648.
    """
    for x, n in groups:
        if not (whole(x, n >= 0) and whole(n, n >= 0)):
            raise InvalidInput("some counts are fractions", "a beta-binomial count is whole")
    sums = [(_rising(x), _rising(n - x), _rising(n)) for x, n in groups]
    start = np.array([_link(float((x.sum() + 0.5) / (n.sum() + 1)), link) for x, n in groups])
    constants = -sum(float(log_beta_ratio(n, x).sum()) for x, n in groups)

    def objective(shared: Array, _: Array) -> Jet:
        with np.errstate(all="ignore"):  # a trial outside the parameter space is not finite and is taken back
            return _log_likelihood(sums, shared, len(groups), link)

    best = maximise(objective, start, np.zeros(1), has_own=False)
    found = [maximise(objective, np.append(best.shared, s), np.zeros(1), has_own=False) for s in STARTS]
    top = max(found, key=lambda maximum: maximum.value)
    if top.value > best.value + FLAT * (1 + abs(best.value)):
        best = top
    return _finished(best, len(groups), constants)


def _finished(best: Maximum, groups: int, constants: float) -> BetaBinomial:
    if not best.converged:
        raise NotConverged("the beta-binomial model", best.iterations, best.value, "Ask for MH or a mixed model")
    spread = float(best.shared[groups] ** 2) if len(best.shared) > groups else 0.0
    covariance = np.linalg.inv(best.by_study.sum(-1))[:groups, :groups]
    return BetaBinomial(
        best.shared[:groups], covariance, spread / (1 + spread), best.value + constants, best.iterations
    )


def _log_likelihood(sums: list[tuple[Rising, Rising, Rising]], shared: Array, groups: int, link: str) -> Jet:
    """Log-likelihood, value (1,), in the linear predictors and, where there is one more, the root of the overdispersion.

    With gamma = rho / (1 - rho) the probability of x of n is C(n, x) prod (p + j gamma) prod (q + j gamma) / prod (1 + j gamma).
    """
    count = len(shared)
    values = [variable(np.array([v]), j, count) for j, v in enumerate(shared)]
    gamma = values[-1] * values[-1] if count > groups else constant(np.zeros(1), count)
    one = constant(np.ones(1), count)
    total = constant(np.zeros(1), count)
    for (events, rest, size), eta in zip(sums, values[:groups], strict=True):
        p = _inverse(eta, link)
        total = total + _sum_log(p, gamma, events) + _sum_log(one - p, gamma, rest) - _sum_log(one, gamma, size)
    return total


def _link(p: float, link: str) -> float:
    return {"logit": float(np.log(p / (1 - p))), "log": float(np.log(p)), "identity": p}[link]


def _inverse(eta: Jet, link: str) -> Jet:
    if link == "identity":
        return eta
    if link == "log":
        return eta.exp()
    p = expit(eta.value)
    q = expit(-eta.value)
    return eta.through(p, p * q, p * q * (q - p))


def _information(n: Array, eta: Array, rho: float, link: str) -> Array:
    """Approximate information of each arm on its linear predictor: (dp/deta)^2 n / (p q (1 + (n - 1) rho))."""
    p = {"logit": expit(eta), "log": np.exp(eta), "identity": eta}[link]
    slope = {"logit": p * (1 - p), "log": p, "identity": np.ones_like(p)}[link]
    return np.asarray(slope**2 * n / (p * (1 - p) * (1 + (n - 1) * rho)))


def _require_inside(groups: list[tuple[Array, Array]]) -> None:
    for x, n in groups:
        if not 0 < x.sum() < n.sum():
            raise NotEstimable("over all studies no one, or everyone, had the event in one of the arms")


# --- sums over j < x of log(p + j gamma), for many x at once ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rising:
    """Places t and weights w with sum_i sum_{j < x_i} f(j) = sum w f(t) for f(j) = log(p + j gamma)."""

    places: Array
    weights: Array


DIRECT = 1000  # terms summed one by one; beyond, the Euler-Maclaurin formula is exact to rounding
_GAUSS = 16  # nodes in each doubling panel of its integral


def _rising(counts: Array) -> Rising:
    """Source of the tail: Euler-Maclaurin formula, Abramowitz & Stegun (1964), 23.1.30."""
    low = np.sort(np.minimum(counts, DIRECT))
    direct = np.arange(int(low[-1]) if low.size else 0, dtype=float)
    places, weights = [direct], [(low.size - np.searchsorted(low, direct, side="right")).astype(float)]
    nodes, gauss = np.polynomial.legendre.leggauss(_GAUSS)
    for x in counts[counts > DIRECT]:
        edges = np.append(DIRECT * 2.0 ** np.arange(np.ceil(np.log2(x / DIRECT))), x)
        half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
        ends = np.array([DIRECT, x, x + 0.5, x - 0.5, DIRECT + 0.5, DIRECT - 0.5])
        places += [(middle[:, None] + half[:, None] * nodes).ravel(), ends]
        weights += [(half[:, None] * gauss).ravel(), np.array([0.5, -0.5, 1 / 12, -1 / 12, -1 / 12, 1 / 12])]
    return Rising(np.concatenate(places), np.concatenate(weights))


def _sum_log(p: Jet, gamma: Jet, rising: Rising) -> Jet:
    terms = (p.add_axis() + gamma.add_axis() * rising.places).log() * rising.weights
    return terms.sum(-1)
