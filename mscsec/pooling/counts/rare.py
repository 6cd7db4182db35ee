"""Which methods suit sparse tables, and what each of them says about these."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mscsec.arrays import ArrayLike
from mscsec.errors import CannotCompute, InvalidInput, TooFewStudies
from mscsec.pooling.counts import peto
from mscsec.pooling.counts.fit import COUNTS, SYNONYMS, CountMethod, pool_counts
from mscsec.pooling.counts.notices import SPARSE_RATE
from mscsec.pooling.counts.tables import Tables, two_by_two, whole
from mscsec.pooling.result import PooledResult
from mscsec.registry import choose
from mscsec.results import Result

# Cochrane Handbook 10.4.4.3 gives the 1 per cent; it names no number for "substantial imbalance" and "large effect".
PETO_RATE = 0.01  # event rate below which Peto's method was least biased in Bradburn et al. 2007, Stat Med 26:53-77
BALANCE = 2.0  # larger to smaller arm, over which we call the arms unbalanced
LARGE_LOG_OR = math.log(
    2.0
)  # beyond it the one-step estimate falls visibly short: Greenland & Salvan 1990, Stat Med 9:247-252


@dataclass(frozen=True, slots=True)
class Suitability:
    """One method: `verdict` is "recommended", "suitable", "caution" or "unsuitable", and why."""

    method: str
    name: str
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Advice(Result):
    """How sparse the tables are and which methods suit them.

    events_1, events_2, n_1, n_2 : totals. event_rate : events over participants in both arms, a proportion.
    imbalance : larger arm over smaller, geometric mean weighted by events.
    double_zero, single_zero, double_full, empty : positions of such studies, from 0.
    peto_log_or : one-step estimate, None where it does not exist.
    sparse : whether methods with a continuity correction should be avoided.
    methods : one row for each method of `COUNTS`, the recommended first.
    """

    k: int
    events_1: float
    events_2: float
    n_1: float
    n_2: float
    event_rate: float
    imbalance: float
    double_zero: tuple[int, ...]
    single_zero: tuple[int, ...]
    double_full: tuple[int, ...]
    empty: tuple[int, ...]
    peto_log_or: float | None
    sparse: bool
    methods: tuple[Suitability, ...]
    source: str = "cochrane_handbook"


@dataclass(frozen=True, slots=True)
class Compared(Result):
    """One method's result, or the reason why it has none."""

    method: str
    model: str
    verdict: str
    reason: str
    result: PooledResult | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Comparison(Result):
    """The advice, and every method that was fitted; `estimates_low` and `estimates_high` span those that are not unsuitable."""

    measure: str
    advice: Advice
    rows: tuple[Compared, ...]
    estimates_low: float | None
    estimates_high: float | None


def advise(events_1: ArrayLike, n_1: ArrayLike, events_2: ArrayLike, n_2: ArrayLike, *, measure: str = "OR") -> Advice:
    """Which methods suit these (k,) tables, for a ratio or, with `measure` "RD", for a risk difference.

    Raises InvalidInput for impossible counts and TooFewStudies where no study has participants in each arm.
    Source: Cochrane Handbook 10.4.4; Bradburn et al. (2007), Stat Med 26:53-77; Kuss (2015), Stat Med 34:1097-1116.
    """
    t = two_by_two(events_1, n_1, events_2, n_2)
    if not t.mask.any():
        raise TooFewStudies("advice on sparse tables", 1, 0, "No study has participants in each arm.")
    facts = _facts(t, measure)
    order = ("recommended", "suitable", "caution", "unsuitable")
    rows = [Suitability(row.key, row.name, *_judge(row, facts, t)) for row in COUNTS.values()]
    return Advice(
        k=int(t.mask.sum()),
        events_1=float(t.a[t.mask].sum()),
        events_2=float(t.c[t.mask].sum()),
        n_1=float(t.n_1[t.mask].sum()),
        n_2=float(t.n_2[t.mask].sum()),
        event_rate=facts.event_rate,
        imbalance=facts.imbalance,
        double_zero=_where(t.double_zero),
        single_zero=_where(t.any_zero & ~t.double_zero & ~t.double_full),
        double_full=_where(t.double_full),
        empty=_where(~t.mask),
        peto_log_or=facts.effect,
        sparse=facts.sparse,
        methods=tuple(sorted(rows, key=lambda row: order.index(row.verdict))),
    )


def compare(
    events_1: ArrayLike,
    n_1: ArrayLike,
    events_2: ArrayLike,
    n_2: ArrayLike,
    *,
    measure: str = "OR",
    methods: tuple[str, ...] | None = None,
    level: float = 0.95,
    preset: str | None = None,
) -> Comparison:
    """Fit every method of `COUNTS` that has `measure`, the recommended first, or those named, each with its default model.

    One that does not suit these data is fitted too, last, so that a reader sees what it would have said. A method that these data defeat stands with the reason in place of a result. Raises as `advise` and `pool_counts`.
    """
    advice = advise(events_1, n_1, events_2, n_2, measure=measure)
    verdicts = {row.method: row for row in advice.methods}
    wanted = tuple(key for key in verdicts if measure in COUNTS[key].measures)
    if methods is not None:
        wanted = tuple(choose(COUNTS, SYNONYMS.get(key.upper(), key), "method for counts").key for key in methods)
    rows = []
    for key in wanted:
        result, error = None, None
        try:
            result = pool_counts(events_1, n_1, events_2, n_2, measure=measure, method=key, level=level, preset=preset)
        except (CannotCompute, InvalidInput) as problem:  # counts that none could have are refused above
            error = problem.message
        known = verdicts[key]
        model = COUNTS[key].models[0] if result is None else result.model
        rows.append(Compared(key, model, known.verdict, known.reason, result, error))
    found = [row.result.estimate for row in rows if row.result is not None and row.verdict != "unsuitable"]
    return Comparison(measure, advice, tuple(rows), min(found, default=None), max(found, default=None))


@dataclass(frozen=True, slots=True)
class _Facts:
    """event_rate : events over participants; rate : of whichever of the two outcomes the measure is sparse in.

    one_sided : one arm has no event, or nothing but events, over all studies, so that likelihoods have no finite maximum.
    sums_end : the Mantel-Haenszel ratio is 0 or infinite for that reason.
    """

    event_rate: float
    rate: float
    imbalance: float
    effect: float | None
    sparse: bool
    zero: bool
    estimable: bool
    one_sided: bool
    sums_end: bool
    ratio: bool


def _facts(t: Tables, measure: str) -> _Facts:
    events, n = (t.a + t.c)[t.mask], t.total[t.mask]
    event_rate = float(events.sum() / n.sum())
    larger = np.maximum(t.n_1, t.n_2)[t.mask] / np.minimum(t.n_1, t.n_2)[t.mask]
    weights = events if events.sum() > 0 else np.ones_like(events)
    found = peto.odds_ratio(t)
    # A risk ratio is well determined where nearly all have the event; the other measures take the two outcomes alike.
    rate = event_rate if measure == "RR" else min(event_rate, 1 - event_rate)
    zero = bool(t.any_zero.any())
    empty = [bool(cells[t.mask].sum() == 0) for cells in (t.a, t.b, t.c, t.d)]
    return _Facts(
        event_rate=event_rate,
        rate=rate,
        imbalance=float(np.exp((weights * np.log(larger)).sum() / weights.sum())),
        effect=float(found.estimate) if found.estimable else None,
        sparse=rate < SPARSE_RATE or zero,
        zero=zero,
        estimable=bool(found.estimable),
        one_sided=any(empty),
        sums_end=any({"OR": empty, "RR": empty[::2]}.get(measure, ())),
        ratio=measure != "RD",
    )


def _where(which: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(which))


def _judge(row: CountMethod, facts: _Facts, t: Tables) -> tuple[str, str]:
    """Verdict and reason for one method."""
    if not facts.estimable:
        why = "so no ratio exists" if facts.ratio else "so every difference is 0 and its variance is not known"
        return "unsuitable", f"one of the two outcomes never occurred, {why}"
    if row.key in ("IV", "SSW"):
        if facts.zero:
            return (
                "unsuitable",
                "it needs a continuity correction for zero cells, which biases estimates of rare events",
            )
        if facts.sparse:
            return "unsuitable", "with so few events, each study's own estimate and its weight are biased"
        return "suitable", "events are frequent enough for each study's own estimate to be normal"
    if facts.sums_end if row.key == "MH" else facts.one_sided and row.key in _LIKELIHOODS:
        return (
            "unsuitable",
            "over all studies one arm has no event, or nothing but events, so that no finite estimate exists",
        )
    judge = {"Peto": _judge_peto, "MH": _judge_mh, "CM.AL": _judge_approximate, "BB": _judge_bb, "CM.EL": _judge_whole}
    if row.key in judge:
        return judge[row.key](facts, t)
    if row.key == "Firth":
        return "suitable", "the penalty keeps the estimate finite and takes off its first-order bias"
    return "suitable", "the binomial likelihood needs no continuity correction"


_LIKELIHOODS = ("UM.FS", "UM.RS", "CM.EL", "CM.AL", "BB")


def _judge_peto(facts: _Facts, t: Tables) -> tuple[str, str]:
    large = facts.effect is not None and abs(facts.effect) > LARGE_LOG_OR
    if facts.imbalance > BALANCE:
        return "unsuitable", f"the arms are unbalanced ({facts.imbalance:.2g} to 1), which biases the one-step estimate"
    if large:
        return (
            "caution",
            f"the effect is large (odds ratio {math.exp(facts.effect or 0.0):.2g}), which the one step falls short of",
        )
    if facts.rate < PETO_RATE:
        return (
            "recommended",
            "events below 1 in 100, arms of like size and no large effect: least biased and most powerful here",
        )
    return "suitable", "no large effect and arms of like size"


def _judge_mh(facts: _Facts, t: Tables) -> tuple[str, str]:
    if not facts.ratio:
        if facts.rate < SPARSE_RATE:
            return (
                "caution",
                "differences of rare risks have too wide intervals and little power, so a ratio suits better",
            )
        verdict = "recommended" if facts.sparse else "suitable"
        return verdict, "it needs no continuity correction, and studies without events count"
    better = facts.sparse and not (facts.rate < PETO_RATE and _judge_peto(facts, t)[0] == "recommended")
    return (
        "recommended" if better else "suitable",
        "without a continuity correction it stays nearly unbiased with sparse tables; double-zero studies add nothing to a ratio",
    )


def _judge_approximate(facts: _Facts, t: Tables) -> tuple[str, str]:
    # It is the events that have to be rare: where they are the rule, the estimate comes close to the log risk ratio.
    if facts.event_rate > 2 * SPARSE_RATE:
        verdict = "caution" if facts.event_rate <= 0.5 else "unsuitable"
        return verdict, "it takes the binomial for the hypergeometric, which needs rare events"
    return "suitable", "the binomial approximation to the exact conditional likelihood holds for rare events"


def _judge_bb(facts: _Facts, t: Tables) -> tuple[str, str]:
    if not all(whole(v, t.mask) for v in (t.a, t.n_1, t.c, t.n_2)):
        return "unsuitable", "it needs whole counts"
    if t.mask.sum() < 3:
        return "caution", "the correlation is hardly estimable from so few studies"
    return "suitable", "takes double-zero studies as they are; it compares arms across studies, so balance matters"


def _judge_whole(facts: _Facts, t: Tables) -> tuple[str, str]:
    if not all(whole(v, t.mask) for v in (t.a, t.n_1, t.c, t.n_2)):
        return "unsuitable", "it needs whole counts"
    return "suitable", "the exact conditional likelihood needs no continuity correction"
