"""Absolute effects from relative ones at a baseline risk, and the optimal information size."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from mscsec.constants import SMD_TO_LOG_OR
from mscsec.errors import InvalidInput
from mscsec.registry import by_key, choose
from mscsec.results import Notice, Result
from mscsec.said import num, said


@dataclass(frozen=True, slots=True)
class AbsoluteEffect(Result):
    """Risks, each in [0, 1], and their difference at one baseline risk.

    risk : with the intervention; difference : risk - baseline, negative where there are fewer events.
    nnt : people treated for one more or one less event, rounded up; None where the difference is below 1e-9. Its limits are
        given only where the interval of the difference leaves out 0; nnt_low belongs to the larger difference.
    text : the difference in words, per 1000 people.
    The interval is that of the relative effect at a baseline held fixed; the uncertainty of the baseline is not in it.
    """

    measure: str
    baseline: float
    risk: float
    risk_low: float
    risk_high: float
    difference: float
    difference_low: float
    difference_high: float
    nnt: int | None
    nnt_low: int | None
    nnt_high: int | None
    text: str
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class AbsoluteMeasure:
    """A row of the table: `risk(effect, baseline)` with the effect on the analysis scale, ratios as logs."""

    key: str
    name: str
    risk: Callable[[float, float], float]
    source: str


def risk_from_rr(log_rr: float, baseline: float) -> float:
    """Baseline times the risk ratio; above 1 where the ratio does not suit the baseline. Source: Handbook, 15.4.4.2."""
    return baseline * math.exp(log_rr)


def risk_from_or(log_or: float, baseline: float) -> float:
    """OR * b / (1 - b + OR * b) with b the baseline. Source: Cochrane Handbook, chapter 15."""
    odds = math.exp(log_or) * baseline
    return odds / (1 - baseline + odds)


def risk_from_hr(log_hr: float, baseline: float) -> float:
    """1 - (1 - b)^HR with b the risk of the event by a stated time; proportional hazards. Source: Handbook, chapter 15."""
    return -math.expm1(math.exp(log_hr) * math.log1p(-baseline)) if baseline < 1 else 1.0


def event_free_from_hr(log_hr: float, baseline: float) -> float:
    """s^HR with s the event-free share by a stated time; proportional hazards. Source: Cochrane Handbook, chapter 15."""
    return float(baseline ** math.exp(log_hr))


def risk_from_rd(difference: float, baseline: float) -> float:
    """Baseline plus the risk difference."""
    return baseline + difference


def risk_from_smd(smd: float, baseline: float) -> float:
    """Risk of a score above a cut-off, by ln OR = SMD * pi / sqrt(3). Source: Hasselblad & Hedges (1995)."""
    return risk_from_or(smd * SMD_TO_LOG_OR, baseline)


ABSOLUTE = by_key(
    AbsoluteMeasure("RR", "Risk ratio", risk_from_rr, source="cochrane_handbook"),
    AbsoluteMeasure("OR", "Odds ratio", risk_from_or, source="cochrane_handbook"),
    AbsoluteMeasure("HR", "Hazard ratio, risk of the event", risk_from_hr, source="cochrane_handbook"),
    AbsoluteMeasure(
        "HR-event-free", "Hazard ratio, share without the event", event_free_from_hr, source="cochrane_handbook"
    ),
    AbsoluteMeasure("RD", "Risk difference", risk_from_rd, source="cochrane_handbook"),
    AbsoluteMeasure(
        "SMD", "Standardised mean difference, risk of a high score", risk_from_smd, source="hasselblad1995"
    ),
)


def absolute_effect(measure: str, estimate: float, ci_low: float, ci_high: float, baseline: float) -> AbsoluteEffect:
    """Risk with the intervention and its difference from `baseline`, with the limits of the interval.

    measure : a key of `ABSOLUTE`. estimate, ci_low, ci_high : on the analysis scale, ratios as logs.
    baseline : assumed risk in the comparison group, in [0, 1]; for "HR-event-free" the share without the event.

    A risk beyond 0 or 1 is held there, and said (B402). Raises `UnknownMethod` for a measure without absolute form and
    `InvalidInput` (B403) for a baseline outside [0, 1] or numbers that are not finite and in order.
    """
    row = choose(ABSOLUTE, measure, "measure with absolute effects")
    if not 0 <= baseline <= 1:
        raise InvalidInput(
            f"the baseline risk is {baseline}", "a risk lies between 0 and 1", "Write 0.2 for 20%", code="B403"
        )
    if not (ci_low <= estimate <= ci_high and math.isfinite(ci_low) and math.isfinite(ci_high)):
        raise InvalidInput(
            f"the effect is {estimate} ({ci_low} to {ci_high})",
            "lower limit, estimate and upper limit rise",
            code="B403",
        )
    raw = [row.risk(value, baseline) for value in (estimate, ci_low, ci_high)]
    held = [min(max(value, 0.0), 1.0) for value in raw]
    low, high = sorted(held[1:])
    risk = held[0]
    differences = (risk - baseline, low - baseline, high - baseline)
    beyond = any(not -1e-12 <= value <= 1 + 1e-12 for value in raw)
    notice = Notice(
        "B402",
        said(
            "at a baseline risk of {:g} the {} leads beyond {}; held there", baseline, row.name.lower(), num("0 or 1")
        ),
    )
    nnts = _nnt(*differences)
    return AbsoluteEffect(
        row.key, baseline, risk, low, high, *differences, *nnts, per_1000(*differences), (notice,) if beyond else ()
    )


def _nnt(difference: float, low: float, high: float) -> tuple[int | None, int | None, int | None]:
    value = _people(difference)
    if value is None or low <= 0 <= high:
        return value, None, None
    near, far = sorted((abs(low), abs(high)))
    return value, _people(far), _people(near)


def _people(difference: float) -> int | None:
    if abs(difference) < 1e-9:  # more people than there are: what rounding leaves of no difference
        return None
    return math.ceil(round(1 / abs(difference), 9))  # 1 / 0.05 is 20 people, not 21 for a rounding error


def per_1000(difference: float, low: float, high: float) -> str:
    """The difference in words: "50 fewer per 1000 (from 80 fewer to 12 fewer)"; risks in, whole numbers out."""
    return num(f"{_fewer(difference)} per 1000 (from {_fewer(low)} to {_fewer(high)})")


def _fewer(difference: float) -> str:
    count = round_half_away(1000 * difference)
    return f"{abs(count)} fewer" if count < 0 else f"{count} more" if count > 0 else "0 fewer"


def round_half_away(value: float) -> int:
    """To the nearest whole number, halves away from 0, as tables are rounded by hand."""
    return int(math.copysign(math.floor(abs(value) + 0.5 + 1e-9), value))


@dataclass(frozen=True, slots=True)
class InformationSize(Result):
    """Participants that one adequate trial would need; `total` is both groups together."""

    per_group: int
    total: int
    basis: str


def information_size_dichotomous(
    baseline: float, relative_risk_reduction: float, *, alpha: float = 0.05, power: float = 0.80
) -> InformationSize:
    """Optimal information size for a risk that falls from `baseline` by `relative_risk_reduction`, both in (0, 1).

    Two-sided `alpha`; the pooled variance under the null, separate ones under the alternative. Raises `InvalidInput`
    (B403) outside these ranges. Source: Guyatt et al. (2011), J Clin Epidemiol 64:1283-1293, on Fleiss' formula.
    """
    _open_unit(baseline=baseline, relative_risk_reduction=relative_risk_reduction, alpha=alpha, power=power)
    risk = baseline * (1 - relative_risk_reduction)
    mean = (baseline + risk) / 2
    spread = math.sqrt(baseline * (1 - baseline) + risk * (1 - risk))
    root = _quantile(1 - alpha / 2) * math.sqrt(2 * mean * (1 - mean)) + _quantile(power) * spread
    size = math.ceil((root / (baseline - risk)) ** 2)
    basis = said("baseline risk {:.3g}, relative risk reduction {:.0f}%", baseline, 100 * relative_risk_reduction)
    return InformationSize(size, 2 * size, basis)


def information_size_continuous(
    sd: float, difference: float, *, alpha: float = 0.05, power: float = 0.80
) -> InformationSize:
    """Optimal information size for a difference of means `difference` with standard deviation `sd`, in one unit.

    Raises `InvalidInput` (B403) for numbers that are not positive. Source: Guyatt et al. (2011), J Clin Epidemiol
    64:1283-1293.
    """
    _open_unit(alpha=alpha, power=power)
    if not (sd > 0 and difference > 0):
        raise InvalidInput(f"sd is {sd}, the difference {difference}", "both are positive", code="B403")
    z = _quantile(1 - alpha / 2) + _quantile(power)
    size = math.ceil(2 * (z * sd / difference) ** 2)
    return InformationSize(size, 2 * size, said("standard deviation {:.3g}, difference {:.3g}", sd, difference))


def _quantile(p: float) -> float:
    """Of the normal distribution; imported here, since all else in this module is arithmetic."""
    from scipy.special import ndtri

    return float(ndtri(p))


def _open_unit(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < 1:
            raise InvalidInput(f"{name.replace('_', ' ')} is {value}", "it lies between 0 and 1", code="B403")
