"""What a result says, in sentences that can go into a paper."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mscsec.effects.collect import StudyEffect
from mscsec.effects.select import Excluded
from mscsec.effects.sizes import EffectSizes
from mscsec.effects.trail import ArmData
from mscsec.pooling import CI, PREDICTION, TAU2_CI
from mscsec.pooling.result import PooledResult
from mscsec.report.numbers import (
    beside,
    count,
    level,
    number,
    p_value,
    percent,
    plain,
    plural,
    variance,
    with_limits,
)
from mscsec.results import Notice
from mscsec.said import PROTOCOL, Ref, Said, num, parts_of, quoted, said

if TYPE_CHECKING:
    from mscsec.effects.reexpressed import ReExpressed
    from mscsec.synthesis.funnel import FunnelTest

TAU2_NAMES = {
    "DL": "DerSimonian-Laird", "DL2": "two-step DerSimonian-Laird", "PM": "Paule-Mandel", "PMM": "median-unbiased Paule-Mandel",
    "REML": "restricted maximum likelihood", "ML": "maximum likelihood", "EB": "empirical Bayes", "SJ": "Sidik-Jonkman", "HE": "Hedges",
    "HS": "Hunter-Schmidt", "HSk": "Hunter-Schmidt with small-sample correction", "GENQ": "generalised Q", "GENQM": "median-unbiased generalised Q", "DLIT": "iterated DerSimonian-Laird", "SJIT": "iterated Sidik-Jonkman", "fixed": "a value given beforehand",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Footnotes:
    """Notes to a table: `marks` by study id, `notes` as (mark, text) in order of first use.

    of : by mark, the study that a note is first about.
    """

    marks: dict[str, str]
    notes: tuple[tuple[str, str], ...]
    of: dict[str, str]


def footnotes(rows: Sequence[StudyEffect]) -> Footnotes:
    """One letter for each different note; studies that share a note share its letter."""
    letters: dict[str, str] = {}
    marks: dict[str, str] = {}
    of: dict[str, str] = {}
    for row in rows:
        texts = [
            said("{}: {}", quoted(row.label), flag.text) if flag.mark == "assumed" else flag.text for flag in row.flags
        ]
        for text in texts:
            of.setdefault(letters.setdefault(text, letter(len(letters))), row.study)
        marks[row.study] = ",".join(mark for text, mark in letters.items() if text in texts)
    return Footnotes(marks, tuple((letter, text) for text, letter in letters.items()), of)


def letter(index: int) -> str:
    """The letter of a note: a to z, then aa."""
    return (letter(index // 26 - 1) if index >= 26 else "") + "abcdefghijklmnopqrstuvwxyz"[index % 26]


def arm_words(arm: ArmData) -> str:
    """What one group shows: "4/123", "5.50 ± 1.64 (10)"; empty where a contrast was reported as such."""
    if arm.events is not None and arm.n is not None:
        return f"{_counted(arm.events)}/{_counted(arm.n)}"
    if arm.events is not None and arm.time is not None:
        return f"{_counted(arm.events)} in {_counted(arm.time)}"
    if arm.mean is not None and arm.n is not None:
        spread = f" ± {number(arm.sd)}" if arm.sd is not None else ""
        return f"{number(arm.mean)}{spread} ({_counted(arm.n)})"
    return ""


def _counted(value: float | None) -> str:
    """A count as it is; one reduced by a design effect, or shared among comparisons, to two decimals."""
    return plain(None if value is None else round(value, 2))


def effect_unit(sizes: EffectSizes) -> str:
    """The unit of the effect as shown; empty for ratios and standardised measures."""
    return sizes.unit or "" if sizes.measure in ("MD", "MC") else ""


def measure_label(measure: str) -> str:
    """A measure's key as a reader sees it."""
    return "Peto OR" if measure == "PETO" else measure


def estimate_words(sizes: EffectSizes, fit: PooledResult) -> str:
    """The pooled estimate with its interval: "MD -5.40 days (95% CI -7.94 to -2.86)"."""
    unit = effect_unit(sizes)
    shown = fit.display
    value = f"{measure_label(sizes.measure)} {number(shown.estimate)}{' ' + plural(unit) if unit else ''}"
    return f"{value} ({level(fit.level)} CI {beside(shown.estimate, shown.ci_low, shown.ci_high)})"


def other_words(other: ReExpressed, unit: str | None, confidence: float, measure: str = "") -> str:
    """An effect at a baseline risk, or in natural units. measure : its key, whose own figure is not repeated."""
    if other.difference is not None:
        found = other.difference
        return f"In natural units (SD {number(other.sd)}): MD {number(found.estimate)}{' ' + plural(unit) if unit else ''} ({level(confidence)} CI {beside(found.estimate, found.low, found.high)})"
    assert other.per_1000 is not None
    assert other.risk is not None
    assert other.baseline_risk is not None
    found = other.per_1000
    kind = "fewer" if found.estimate < 0 else "more"
    ends = f"from {number(abs(found.low), 0)} {'fewer' if found.low < 0 else 'more'} to {number(abs(found.high), 0)} {'fewer' if found.high < 0 else 'more'}"
    ratios = (("RR", other.risk_ratio), ("OR", other.odds_ratio))
    implied = "".join(
        f"; {name} {with_limits(ratio.estimate, ratio.low, ratio.high)}"
        for name, ratio in ratios
        if ratio is not None and name != measure and not (name == "OR" and measure == "PETO")
    )
    nnt = "" if other.nnt is None else f"; NNT {other.nnt:.0f}"
    return f"At a baseline risk of {percent(other.baseline_risk)}: {number(abs(found.estimate), 0)} {kind} per 1000 ({level(confidence)} CI {ends}), risk {percent(other.risk.estimate)}{nnt}{implied}"


def test_words(fit: PooledResult) -> str:
    """The test that belongs to the interval shown."""
    if fit.statistic is None:
        return p_value(fit.p_value)
    name = f"z = {number(fit.statistic)}" if fit.df is None else f"t = {number(fit.statistic)}, df = {fit.df:.4g}"
    return f"{name}, {p_value(fit.p_value)}"


def benefit_words(sizes: EffectSizes, fit: PooledResult) -> Said:
    """How probable it is that the effect in a new study is a benefit at least as large as the important difference."""
    assert fit.threshold is not None
    assert fit.probability_above is not None
    share = fit.probability_above if sizes.better == "higher" else 1 - fit.probability_above
    bound = number(math.exp(fit.threshold) if sizes.transform == "exp" else fit.threshold)
    unit = effect_unit(sizes)
    beyond = "or above" if sizes.better == "higher" else "or below"
    size = num(f"{sizes.measure} {bound}{' ' + plural(unit) if unit else ''} {beyond}", PROTOCOL)
    return said("Important benefit ({}): probability {} in a new study", size, num(percent(share, 0)))


def heterogeneity_words(fit: PooledResult) -> str:
    """tau2 with its interval, I2, and Cochran's Q with its test."""
    parts = []
    if fit.tau2 is not None:
        bounds = (
            ""
            if fit.tau2_ci_low is None
            else f" ({level(fit.level)} CI {variance(fit.tau2_ci_low)} to {variance(fit.tau2_ci_high)})"
        )
        parts.append(f"tau2 = {variance(fit.tau2)}{bounds}")
    if fit.i2 is not None:
        q_shown = "q_lrt" not in (fit.details or {})
        differs = q_shown and fit.i2_q is not None and abs(fit.i2_q - fit.i2) > 0.005
        both = f", {percent(fit.i2_q)} from Q" if differs else ""
        parts.append(f"I2 = {percent(fit.i2)}{both}")
    details = fit.details or {}
    if "q_lrt" in details:  # the Wald test of a likelihood fails where a study has a zero cell
        parts.append(
            f"likelihood-ratio test = {number(details['q_lrt'])}, df = {fit.q_df:g}, {p_value(details['q_lrt_p'])}"
        )
    elif fit.q is not None:
        parts.append(f"Q = {number(fit.q)}, df = {fit.q_df:g}, {p_value(fit.q_p)}")
    if details.get("rho") is not None:
        parts.append(f"correlation of patients within an arm (beta-binomial rho) = {number(details['rho'], 3)}")
    return "; ".join(parts)


def association_words(fit: PooledResult) -> str:
    """The tests that go with a Mantel-Haenszel estimate: of association over the strata, and of equal odds ratios."""
    details = fit.details or {}
    over_tables = "cochran" in details  # over person-time there is no such test of Cochran's
    names = {
        "mantel_haenszel": "Cochran-Mantel-Haenszel" if over_tables else "Mantel-Haenszel",
        "tarone": "Breslow-Day with Tarone's correction",
    }
    parts = []
    for key, name in names.items():
        test = details.get(key) or {}
        if test.get("p_value") is not None:
            parts.append(f"{name} = {number(test['statistic'])}, df = {test['df']}, {p_value(test['p_value'])}")
    return "; ".join(parts)


def method_words(sizes: EffectSizes, fit: PooledResult) -> Said:
    """How the estimate was made, as a sentence for the methods or results section."""
    # Of the closed forms the random-effects model has the studies' estimates, at most with a tau2 about that of Mantel and Haenszel.
    inverse = fit.model == "random" and fit.method in ("MH", "Peto", "Cochran")
    if fit.k == 1:
        return _alone_words(sizes, fit)
    model = {"random": "a random-effects model", "common": "a common-effect model"}.get(
        fit.model, f"a {fit.model} model"
    )
    how = f"by {'inverse variance' if inverse else method_name(fit.method, sizes.measure)}"
    if fit.method == "given weights":
        how = mean_weights_words((fit.details or {}).get("weights", {}).get("field"))
    text = said(
        "The {} of {} were pooled {}",
        measure_plural(sizes.measure_name),
        num(count(fit.k, "study", "studies")),
        how,
    )
    text += "" if fit.method == "BB" else f" in {model}"  # the beta-binomial has its own parameter between studies
    if fit.model == "random" and fit.tau2_method:
        text += f", with the between-study variance estimated by {TAU2_NAMES.get(fit.tau2_method, fit.tau2_method)}"
        if (fit.details or {}).get("tau2_about") == "MH":
            text += " (Q around the Mantel-Haenszel estimate)"
        if fit.tau2_ci_method and fit.tau2_ci_low is not None:
            text += said(
                " (confidence interval by {})", _in_words(fit.tau2_ci_method, TAU2_CI_NAMES, TAU2_CI, "the method ")
            )
        if own := (fit.details or {}).get("tau2_weights"):
            text += weights_words(own["field"])
    text += said(
        "; the {} confidence interval is {}", num(level(fit.level), PROTOCOL),
        _in_words(fit.ci_method, CI_NAMES, CI, "by the method "),
    )  # fmt: skip
    if fit.prediction_method and fit.prediction_low is not None:
        way = fit.prediction_method
        if way == "t-k1" and fit.ci_method in ("wald", "t"):
            way = "shown"  # whose standard error is the Wald one
        text += said("; the prediction interval uses {}", _in_words(way, PREDICTION_NAMES, PREDICTION, ""))
    return text + "."


def _alone_words(sizes: EffectSizes, fit: PooledResult) -> Said:
    """The same of one study, whose interval is a Wald one but where its method has another."""
    named = fit.method in ("single study", "IV", "inverse variance") or sizes.measure == "PETO"
    how = "" if named else f", by {method_name(fit.method, sizes.measure)},"
    return said(
        "One study reported this outcome; its {}{} is shown with a {} confidence interval {}, and nothing was pooled.",
        sizes.measure_name, how, num(level(fit.level), PROTOCOL),
        CI_NAMES["profile"] if fit.ci_method == "profile" else "(normal approximation)",
    )  # fmt: skip


def mean_weights_words(field: str | None) -> str:
    """Weights of the mean that are not inverse variances, behind a verb; None where their field is not known."""
    return {None: "with given weights", "equal": "with equal weights"}.get(field, f"with the weights of {field}")


def weights_words(field: str) -> str:
    """Where the weights of generalised Q come from, behind the names of estimator and interval."""
    return f", with weights from {field}"


def measure_plural(name: str) -> str:
    """A measure's name in the plural: "odds ratios by Peto's method", "effects as reported"."""
    head, rest = name, ""
    for joint in (" (", " under ", " over ", " by ", " as ", " of ", " from ", ", "):
        before, found, after = head.partition(joint)
        if found:
            head, rest = before, found + after + rest
    return (f"{head[:-1]}ies" if head.endswith("y") else head if head.endswith("s") else f"{head}s") + rest


def _in_words(key: str, words: Mapping[str, str], table: Mapping[str, Any], before: str) -> str:
    """A method in the words of a sentence, else by its name in the registry."""
    return words.get(key) or (f"{before}“{table[key].name}”" if key in table else key)


def method_name(method: str, measure: str) -> str:
    """A pooling method in words; several measures have one of the same key, each with a likelihood of its own."""
    if method in ("inverse variance", "given weights"):
        return method
    from mscsec.pooling.counts import COUNTS, GROUP_RATES, PROPORTIONS, RATES  # only here, since they cost their import

    rows = [table[method] for table in (COUNTS, RATES, PROPORTIONS, GROUP_RATES) if method in table]
    row = next((row for row in rows if measure in row.measures), rows[0] if rows else None)
    if row is None or method in _BY:
        return _BY.get(method, method)
    if method == "GLMM":
        return f"the {row.name}"
    # Programs call several of these models "GLMM", so that the one that was fitted is said by its key.
    return f"the {row.name.replace('GLMM', f'GLMM {method}')}"


_BY = {
    "MH": "the Mantel-Haenszel method",
    "Peto": "Peto's method",
    "IV": "inverse variance with a continuity correction",
    "SSW": "sample-size weights",
    "Cochran": "Cochran's weights (expected events)",
    "Firth": "logistic regression with Firth's penalty",
}
CI_NAMES = {
    "wald": "based on the normal distribution (Wald)",
    "t": said("based on t with {} degrees of freedom", num("k - 1")),
    "hksj": "by the method of Hartung, Knapp, Sidik and Jonkman",
    "hksj-adhoc": "by the method of Hartung, Knapp, Sidik and Jonkman, with its factor not allowed below one",
    "kr": "by the method of Kenward and Roger",
    "hc": "by the method of Henmi and Copas",
    "profile": "by the profile likelihood",
    "ivhet": "by the IVhet model",
}
TAU2_CI_NAMES = {
    "QP": "the Q-profile method",
    "PL": "profile likelihood",
    "BJ": "the method of Biggerstaff and Jackson",
    "GENQ": "generalised Q",
    "J": "the method of Jackson",
}
PREDICTION_NAMES = {
    "t-k1": said("t with {} degrees of freedom and the Wald standard error", num("k - 1")),
    "hts": said("t with {} degrees of freedom (Higgins, Thompson and Spiegelhalter)", num("k - 2")),
    "hk": said("t with {} degrees of freedom and the Hartung-Knapp standard error", num("k - 1")),
    "kr": "the degrees of freedom and standard error of Kenward and Roger",
    "normal": "the normal distribution",
    "bootstrap": "the parametric bootstrap of Nagashima",
    "shown": said("t with {} degrees of freedom and the standard error of the interval shown", num("k - 1")),
    "hk-pr": said("t with {} degrees of freedom and the Hartung-Knapp standard error", num("k - 2")),
    "kr-pr": "one degree of freedom fewer than Kenward and Roger, with their standard error",
    "simple": "the normal distribution and tau alone",
}


def warnings_of(sizes: EffectSizes, fit: PooledResult) -> tuple[Notice, ...]:
    """What a reader must know beside the numbers, intervals on the scale of the page; the method sentence is not repeated."""
    return tuple(
        Notice(
            notice.code,
            _disagreement(sizes, fit, notice) if notice.code == "P204" else by_label(sizes.labels, notice.message),
        )
        for notice in fit.warnings
        if notice.code != "P201" and not (notice.code == "P204" and sizes.null is None)  # no effect to exclude there
    )


_PLACES = re.compile(r"stud(?:y|ies) (\d+(?:, \d+)*)(, \.\.\.)? \((\d+) of (\d+)\)")


def by_label(labels: Sequence[str], text: str) -> Said:
    """A notice of a kernel, which knows studies by their place, with their names."""

    def named(found: re.Match[str]) -> str:
        if int(found[4]) != len(labels):
            return found[0]
        names = ", ".join(labels[int(place) - 1] for place in found[1].split(", "))
        return f"{names}{found[2] or ''} ({found[3]} of {found[4]})"

    pieces = parts_of(text)
    return Said(
        *(
            Ref(_PLACES.sub(named, one.text), one.of) if isinstance(one, Ref) else _PLACES.sub(named, one)
            for one in pieces
        )
    )


def warning_words(sizes: EffectSizes, fit: PooledResult) -> tuple[str, ...]:
    """The same, each with its code."""
    return tuple(str(notice) for notice in warnings_of(sizes, fit))


def _disagreement(sizes: EffectSizes, fit: PooledResult, notice: Notice) -> str:
    """The interval not shown, where it and the one shown disagree about no effect."""
    other = "wald" if fit.ci_method.startswith("hksj") else "hksj"
    found = (fit.details or {}).get(other)
    if found is None:
        return notice.message
    back = sizes.back()
    verb = "excludes" if found["excludes_zero"] else "includes"
    name = {"wald": "Wald", "hksj": "Hartung-Knapp"}
    return said(
        "The {} interval would be {} ({}) and {} no effect; the {} interval is shown",
        name[other], num(beside(fit.display.estimate, back(found["ci_low"]), back(found["ci_high"]))), num(p_value(found["p_value"])), verb,
        name["hksj" if other == "wald" else "wald"],
    )  # fmt: skip


def left_out_words(sizes: EffectSizes) -> tuple[tuple[Excluded, ...], int]:
    """Studies worth a line each (they report the outcome but do not enter), and how many do not report it at all."""
    silent = f"does not report {sizes.outcome}"
    worth = tuple(study for study in sizes.excluded if study.reason != silent)
    return worth, len(sizes.excluded) - len(worth)


def asymmetry_words(made: FunnelTest) -> str:
    """The test of funnel asymmetry in one line, or why there is none."""
    found = made.result
    if found is None:
        return f"No test of funnel asymmetry: {made.reason}."
    statistic = (
        f"z = {number(found.statistic)}" if found.df is None else f"t = {number(found.statistic)} on {found.df:g} df"
    )
    if found.exact:
        statistic = f"Kendall's tau {number(found.kendall_tau)}"
    return f"Funnel asymmetry, {made.name}: {statistic}, {p_value(found.p_value)}."
