"""What the data speak for in each domain of GRADE: levels, the numbers behind them and a reason; never a decision."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

from mscsec.appraisal.absolute import (
    InformationSize,
    information_size_continuous,
    information_size_dichotomous,
    per_1000,
)
from mscsec.appraisal.evidence import Evidence, label, number
from mscsec.registry import by_key
from mscsec.results import Result
from mscsec.said import EFFECT, RULE, Said, joined, num, quoted, said

Value = float | int | str | None


@dataclass(frozen=True, slots=True)
class Proposal(Result):
    """One domain: `levels` to rate down or up (None where data cannot say), its word, the reason, the numbers."""

    domain: str
    levels: int | None
    label: str
    reason: str
    numbers: dict[str, Value]


@dataclass(frozen=True, slots=True)
class GradeDomain:
    """A row of the table: how a domain's proposal is made, and whether it rates up."""

    key: str
    name: str
    propose: Callable[[Evidence], Proposal]
    up: bool
    source: str


def _proposal(domain: str, levels: int | None, reason: str, **numbers: Value) -> Proposal:
    word = "not judged" if levels is None else label(domain, levels)
    return Proposal(domain, levels, word, reason, numbers)


def _percent(share: float) -> str:
    return num(f"{100 * share:.0f}%")


def _rule(name: str) -> Said:
    """A number that guidance or this program sets, as printed."""
    return num(f"{number(name):.0f}", RULE)


def _zone(value: float, threshold: float | None) -> int:
    """Which side `value` lies on: below, between or above the thresholds; below or above 0 where there is none."""
    limit = threshold or 0.0
    return -1 if value < -limit else 1 if value > limit else 0


# --- risk of bias ----------------------------------------------------------------------------------------------

_LEVEL_OF = {
    "low": 0,
    "low (except for concerns about uncontrolled confounding)": 0,
    "some concerns": 1,
    "moderate": 1,
    "unclear": 1,
    "no information": 1,
    "high": 2,
    "at risk of bias": 2,
    "serious": 2,
    "critical": 3,
}


def risk_of_bias(evidence: Evidence) -> Proposal:
    """By where the weight of the evidence lies.

    Guidance gives no numbers; the convention here: more than half of the weight at high risk, two levels; more than a
    quarter, or more than half not at low risk, one. One level fewer of two where the result without the studies at
    high risk lies on the same side. With ROBINS-I, three levels where most of the weight is Critical, two where it is
    Serious or worse, one where it is Moderate or worse. Source: Guyatt et al. (2011), J Clin Epidemiol 64:407-415.
    """
    if not evidence.judgements or not evidence.weights:
        return _proposal("risk_of_bias", None, "The studies' judgements or weights are not known.")
    shares = [0.0, 0.0, 0.0, 0.0]
    for judgement, weight in zip(evidence.judgements, evidence.weights, strict=True):
        if judgement is not None:
            place = _LEVEL_OF.get(judgement.casefold())
            if place is None:
                return _proposal(
                    "risk_of_bias",
                    None,
                    f"The judgement {judgement!r} has no place between low and high risk.",
                )
            shares[place] += weight
    low, some, high = shares[0], shares[1], shares[2] + shares[3]
    numbers: dict[str, Value] = {
        "low": low,
        "some_concerns": some,
        "high": high,
        "critical": shares[3],
        "not_assessed": max(0.0, 1 - sum(shares)),
        "without_high": evidence.without_high[0] if evidence.without_high else None,
    }
    words = said(
        "{} of the weight is from results at high risk of bias, {} at some concerns, {} at low risk",
        _percent(high),
        _percent(some),
        _percent(low),
    )
    if 1 - sum(shares) > number("most_weight"):
        return _proposal(
            "risk_of_bias",
            None,
            said("{} of the weight has no judgement; {}.", _percent(1 - sum(shares)), words),
            **numbers,
        )
    if evidence.design == "nonrandomised-robins-i":
        levels = _robins_levels(shares)
        return _proposal(
            "risk_of_bias", levels, said("{}, {} at critical risk.", words, _percent(shares[3])), **numbers
        )
    most, much = number("most_weight"), number("much_weight")
    levels = 2 if high > most else 1 if high > much or some + high > most else 0
    if levels == 2 and evidence.without_high is not None and _same_side(evidence, evidence.without_high[0]):
        levels, words = 1, words + "; without the results at high risk the estimate stays on the same side"
    return _proposal("risk_of_bias", levels, words + ".", **numbers)


def _robins_levels(shares: list[float]) -> int:
    most = number("most_weight")
    return next((levels for levels in (3, 2, 1) if sum(shares[levels:]) > most), 0)


def _same_side(evidence: Evidence, estimate: float) -> bool:
    threshold = evidence.threshold
    return _zone(evidence.absolute(estimate), threshold) == _zone(evidence.absolute(evidence.estimate), threshold)


# --- inconsistency ---------------------------------------------------------------------------------------------


def inconsistency(evidence: Evidence) -> Proposal:
    """By whether studies fall on different sides of the threshold, never by I2 alone.

    One level where the prediction interval or a good part of the weight lies on another side than the mean and
    heterogeneity is substantial or intervals fail to overlap; two where all of these hold with considerable I2. A
    single study is not rated down. Sources: Guyatt et al. (2011), J Clin Epidemiol 64:1294-1302; Guyatt et al. (2023),
    J Clin Epidemiol 158:70-83; I2 bands: Cochrane Handbook, 10.10.2.
    """
    if evidence.k == 1:
        return _proposal("inconsistency", 0, "One study.")
    if not evidence.study_estimates and evidence.i2 is None:
        return _proposal("inconsistency", None, "The studies' results are not known.")
    threshold = evidence.threshold
    crossing = _prediction_crosses(evidence)
    other = _weight_elsewhere(evidence, threshold)
    apart = _pairs_apart(evidence)
    i2 = evidence.i2 or 0.0
    on_sides = crossing or other > number("other_side_weight")
    spread = i2 >= number("substantial_i2") or apart >= number("apart_pairs")
    extreme = crossing and other > number("other_side_weight") and i2 >= number("considerable_i2")
    levels = 2 if extreme and apart >= number("apart_pairs") else 1 if on_sides and spread else 0
    side = "the smallest important difference" if threshold else "no effect"
    parts = [said("I² {}", num(f"{100 * i2:.0f}%", EFFECT)) if evidence.i2 is not None else "I² not known"]
    if evidence.study_low:
        parts.append(said("{} of pairs of studies have intervals that do not overlap", _percent(apart)))
    if evidence.study_estimates:
        parts.append(said("{} of the weight lies on another side of {} than the mean", _percent(other), side))
    if evidence.prediction_low is not None:
        parts.append(
            f"the prediction interval {'crosses' if crossing else 'does not cross'} a limit that the confidence interval does not"
        )
    numbers: dict[str, Value] = {
        "i2": evidence.i2,
        "pairs_apart": apart,
        "weight_elsewhere": other,
        "prediction_crosses": int(crossing),
    }
    return _proposal("inconsistency", levels, joined("; ", parts) + ".", **numbers)


def _lines(evidence: Evidence) -> tuple[float, ...]:
    """The thresholds on both sides of no effect; no effect itself where none is set."""
    return tuple(side * limit for limit in evidence.limits for side in (-1, 1)) or (0.0,)


def _prediction_crosses(evidence: Evidence) -> bool:
    """Whether the prediction interval takes in a threshold that the confidence interval leaves out."""
    wide, narrow = evidence.prediction, evidence.interval(evidence.ci_low, evidence.ci_high)
    if wide is None:
        return False
    return any(wide[0] < line < wide[1] and not narrow[0] < line < narrow[1] for line in _lines(evidence))


def _weight_elsewhere(evidence: Evidence, threshold: float | None) -> float:
    """Share of the weight whose estimates lie on another side than the mean's; equal weights where none are known."""
    if not evidence.study_estimates:
        return 0.0
    weights = evidence.weights or tuple(1 / evidence.k for _ in range(evidence.k))
    here = _zone(evidence.absolute(evidence.estimate), threshold)
    return math.fsum(
        weight
        for value, weight in zip(evidence.study_estimates, weights, strict=True)
        if _zone(evidence.absolute(value), threshold) != here
    )


def _pairs_apart(evidence: Evidence) -> float:
    """Share of pairs of studies whose intervals do not overlap."""
    if not evidence.study_low or not evidence.study_high:
        return 0.0
    intervals = list(zip(evidence.study_low, evidence.study_high, strict=True))
    pairs = list(combinations(intervals, 2))
    return sum(max(a[0], b[0]) > min(a[1], b[1]) for a, b in pairs) / len(pairs)


# --- indirectness ----------------------------------------------------------------------------------------------


def indirectness(evidence: Evidence) -> Proposal:
    """What the panel says of population, intervention, comparator and outcome; data alone cannot say.

    The worst of the kinds is proposed. Source: Guyatt et al. (2011), J Clin Epidemiol 64:1303-1310.
    """
    if evidence.indirectness is None:
        return _proposal(
            "indirectness", None, "To be judged: do population, intervention, comparator and outcome fit the question?"
        )
    levels = max((level for level, _ in evidence.indirectness.values()), default=0)
    reasons = [said("{}: {}", kind, quoted(why)) for kind, (level, why) in evidence.indirectness.items() if level]
    numbers: dict[str, Value] = {kind: level for kind, (level, _) in evidence.indirectness.items()}
    return _proposal(
        "indirectness",
        min(levels, 2),
        joined("; ", reasons) + "." if reasons else "The evidence fits the question.",
        **numbers,
    )


# --- imprecision -----------------------------------------------------------------------------------------------


def imprecision(evidence: Evidence) -> Proposal:
    """By the interval against the thresholds, then by the optimal information size.

    One level for each threshold that the interval of the absolute effect crosses, three at most: both sides of the
    smallest important difference or of every size that was stated, or no effect where none is set. Without crossing: one level where the information size is not met, two
    where it is missed by far, none for a very large sample. Where only a ratio is known, an interval that crosses 1
    and takes in both appreciable benefit and harm (0.75 and 1.25) is two levels. Sources: Guyatt et al. (2011), J Clin
    Epidemiol 64:1283-1293; Zeng et al. (2022), J Clin Epidemiol 150:216-224.
    """
    interval = evidence.interval(evidence.ci_low, evidence.ci_high)
    threshold = evidence.threshold
    crossed = [line for line in _lines(evidence) if interval[0] < line < interval[1]]
    size = information_size(evidence)
    numbers: dict[str, Value] = {
        "low": interval[0],
        "high": interval[1],
        "threshold": threshold or 0.0,
        "crossed": len(crossed),
        "participants": evidence.participants,
        "events": evidence.events,
        "information_size": size.total if size else None,
    }
    shown = _interval_text(evidence, interval)
    if crossed:
        wide = not threshold and evidence.is_ratio and _takes_in_both(evidence)
        levels = 2 if wide else min(len(crossed), 3)
        more = " and takes in both appreciable benefit and harm" if wide else ""
        return _proposal(
            "imprecision",
            levels,
            said("The interval, {}, crosses {}{}.", shown, _lines_text(evidence, crossed), more),
            **numbers,
        )
    levels, words = _against_size(evidence, size)
    lines = _lines_text(evidence, list(evidence.limits))
    return _proposal(
        "imprecision", levels, said("The interval, {}, does not cross {}; {}.", shown, lines, words), **numbers
    )


def _takes_in_both(evidence: Evidence) -> bool:
    low, high = math.exp(evidence.ci_low), math.exp(evidence.ci_high)
    return low < number("appreciable_benefit") and high > number("appreciable_harm")


def _interval_text(evidence: Evidence, interval: tuple[float, float]) -> str:
    if evidence.has_absolute:
        middle = evidence.absolute(evidence.estimate)
        return per_1000(middle, *interval)
    if evidence.is_ratio:
        return num(f"{math.exp(interval[0]):.2f} to {math.exp(interval[1]):.2f}", EFFECT)
    return num(f"{interval[0]:.3g} to {interval[1]:.3g}", EFFECT)


def _lines_text(evidence: Evidence, lines: list[float]) -> str:
    """The thresholds in words, each size once, "on both sides" where both of its lines are meant."""
    sizes = sorted({abs(line) for line in lines})
    if not sizes or sizes == [0.0]:
        return "no effect"
    both = [size for size in sizes if size in lines and -size in lines]
    words = [said("{}{}", _size_text(evidence, size), " on both sides" if size in both else "") for size in sizes]
    return "a difference of " + joined(" and ", words)


def _size_text(evidence: Evidence, size: float) -> str:
    if evidence.has_absolute:
        return num(f"{1000 * size:.0f} per 1000")
    return said("a ratio of {:.2f}", math.exp(size)) if evidence.is_ratio else said("{:.3g}", size)


def information_size(evidence: Evidence) -> InformationSize | None:
    """The optimal information size: for a risk at the usual reduction of a quarter, for a mean at the important
    difference; None where baseline risk, or standard deviation and difference, are not known."""
    if not evidence.is_continuous:
        risk = evidence.baseline_risk
        if risk is None or not 0 < risk < 1:
            return None
        event = 1 - risk if evidence.measure == "HR-event-free" else risk
        return information_size_dichotomous(event, number("usual_relative_risk_reduction"))
    sd = 1.0 if evidence.measure == "SMD" else evidence.sd
    if not sd or not evidence.important_difference:
        return None
    return information_size_continuous(sd, evidence.important_difference)


def _against_size(evidence: Evidence, size: InformationSize | None) -> tuple[int, str]:
    people = evidence.participants
    if people is None:
        return 0, "the number of participants is not known, so the information size was not looked at"
    counted = num(f"{people} participants")
    if size is not None:
        words = said("{} against an optimal information size of {} ({})", counted, size.total, size.basis)
        if people >= size.total:
            return 0, words
        if people >= number("very_large_sample"):
            return 0, words + ", but the sample is very large"
        return (2 if people < number("far_below_information_size") * size.total else 1), words
    if evidence.events is not None:
        few = evidence.events < number("few_events") and people < number("very_large_sample")
        return int(few), said(
            "{} against the rule of thumb of {}", num(f"{evidence.events} events"), _rule("few_events")
        )
    if not evidence.is_continuous:
        return 0, "the number of events is not known, so the information size was not looked at"
    return int(people < number("few_participants")), said(
        "{} against the rule of thumb of {}", counted, _rule("few_participants")
    )


# --- publication bias ------------------------------------------------------------------------------------------


def publication_bias(evidence: Evidence) -> Proposal:
    """Suspected for stated reasons, ROB-ME at high risk, or funnel asymmetry where ten studies or more allow a test.

    Never more than one level, and never "absent". Sources: Guyatt et al. (2011), J Clin Epidemiol 64:1277-1282;
    Sterne et al. (2011), BMJ 343:d4002; the mapping of ROB-ME is this program's.
    """
    needed = int(number("asymmetry_studies"))
    reasons: list[str] = [quoted(one) for one in evidence.suspicions]
    if evidence.missing_evidence is not None and evidence.missing_evidence.casefold() == "high":
        reasons.append("ROB-ME finds a high risk of bias due to missing evidence")
    p, tested = evidence.asymmetry_p, _asymmetry(evidence, needed)
    if p is not None and evidence.k >= needed and p < number("asymmetry_p"):
        reasons.append(tested)
    numbers: dict[str, Value] = {
        "k": evidence.k,
        "asymmetry_test": None if p is None else evidence.asymmetry_test,
        "asymmetry_p": p,
        "asymmetry_statistic": evidence.asymmetry_statistic,
        "asymmetry_df": evidence.asymmetry_df,
        "small_studies": evidence.small_studies,
        "missing_evidence": evidence.missing_evidence,
    }
    if reasons:
        return _proposal("publication_bias", 1, joined("; ", reasons) + ".", **numbers)
    return _proposal("publication_bias", 0, tested + ".", **numbers)


def _asymmetry(evidence: Evidence, needed: int) -> str:
    """What the test of funnel asymmetry says, or why there is none, without a full stop."""
    p, k = evidence.asymmetry_p, evidence.k
    if k < needed:
        studies = num("1 study" if k == 1 else f"{k} studies", EFFECT)
        return said(
            "{}: no test of funnel asymmetry is made below {}, where it has too little power",
            studies,
            num(needed, RULE),
        )
    if p is None:
        return "No test of asymmetry was made" + (
            said(": {}", evidence.asymmetry_why) if evidence.asymmetry_why else ""
        )
    shown = num(f"P {'< 0.001' if p < 0.001 else f'= {p:.2g}'}")
    words = said("{} gives {} over {}", evidence.asymmetry_test, shown, num(f"{k} studies", EFFECT))
    if evidence.asymmetry_statistic is None:
        return words
    t, df = evidence.asymmetry_statistic, evidence.asymmetry_df
    about = said("z = {:.2f}", t) if df is None else said("t = {:.2f} on {:g} degrees of freedom", t, df)
    if evidence.small_studies:
        about += f"; effects of small studies lie {evidence.small_studies}"
    return said("{} ({})", words, about)


# --- rating up -------------------------------------------------------------------------------------------------


def large_effect(evidence: Evidence) -> Proposal:
    """A risk ratio beyond 2 or 0.5 (one level), 5 or 0.2 (two); odds and hazard ratios are converted first.

    Source: Guyatt et al. (2011), J Clin Epidemiol 64:1311-1316.
    """
    ratio = evidence.risk_ratio
    if ratio is None or ratio <= 0:
        return _proposal("large_effect", 0, "The effect is no risk ratio and cannot be made one here.", risk_ratio=None)
    size = max(ratio, 1 / ratio)
    levels = 2 if size > number("very_large_effect") else 1 if size > number("large_effect") else 0
    return _proposal("large_effect", levels, said("Risk ratio {:.2f}.", ratio), risk_ratio=ratio)


def dose_response(evidence: Evidence) -> Proposal:
    """A dose-response gradient, as the panel says. Source: Guyatt et al. (2011), J Clin Epidemiol 64:1311-1316."""
    return _asked("dose_response", evidence.dose_response, "a dose-response gradient")


def plausible_confounding(evidence: Evidence) -> Proposal:
    """Confounding that could only weaken the finding, as the panel says. Source: Guyatt et al. (2011), 64:1311-1316."""
    return _asked(
        "plausible_confounding", evidence.plausible_confounding, "confounding that would only weaken the finding"
    )


def _asked(domain: str, answer: bool | None, what: str) -> Proposal:
    if answer is None:
        return _proposal(domain, 0, f"No one has reported {what}.")
    return _proposal(domain, int(answer), f"The panel sees {what}." if answer else f"The panel sees no sign of {what}.")


GRADE_DOMAINS = by_key(
    GradeDomain("risk_of_bias", "Risk of bias", risk_of_bias, up=False, source="guyatt2011_rob"),
    GradeDomain("inconsistency", "Inconsistency", inconsistency, up=False, source="guyatt2011_inconsistency"),
    GradeDomain("indirectness", "Indirectness", indirectness, up=False, source="guyatt2011_indirectness"),
    GradeDomain("imprecision", "Imprecision", imprecision, up=False, source="guyatt2011_imprecision"),
    GradeDomain("publication_bias", "Publication bias", publication_bias, up=False, source="guyatt2011_publication"),
    GradeDomain("large_effect", "Large effect", large_effect, up=True, source="guyatt2011_up"),
    GradeDomain("dose_response", "Dose-response gradient", dose_response, up=True, source="guyatt2011_up"),
    GradeDomain(
        "plausible_confounding", "Plausible confounding", plausible_confounding, up=True, source="guyatt2011_up"
    ),
)
