"""The body of evidence for one outcome of one comparison, and what GRADE's data file says about rating it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from mscsec.appraisal.absolute import ABSOLUTE, risk_from_hr, risk_from_or
from mscsec.appraisal.instrument import load_text
from mscsec.errors import InvalidInput, UnknownName
from mscsec.results import Result

RATIOS = ("RR", "OR", "HR", "HR-event-free", "PETO", "DOR", "IRR", "ROM", "VR", "CVR")


@dataclass(frozen=True, slots=True)
class Evidence(Result):
    """What a rating of certainty looks at; all that is not known is None or empty.

    measure : "RR", "OR", "HR", "RD", "MD", "SMD" ...; design : "randomised", "nonrandomised",
        "nonrandomised-robins-i" or "case-series".
    estimate, ci_low, ci_high, prediction_low, prediction_high : pooled, on the analysis scale (ratios as logs).
    study_estimates, study_low, study_high, weights, judgements : by study; weights sum to 1; overall risk-of-bias
        judgements, None for a study without one.
    without_high : pooled estimate, lower and upper limit without the studies at high risk of bias.
    baseline_risk : in the comparison group, in [0, 1]. sd : of the outcome, in its unit.
    important_difference : smallest that matters, positive: a risk difference in [0, 1] or the outcome's unit.
    important_ratio : the same as a ratio (0.8), used at the baseline risk where no difference is given.
    sizes : where small, moderate and large begin, rising, on the scale of `important_difference`.
    asymmetry_p : P value of a test of funnel asymmetry, None where none was made; asymmetry_test : its name;
        asymmetry_statistic, asymmetry_df : t, or normal where df is None; small_studies : "higher" or "lower", where the
        small studies' effects lie; asymmetry_why : why this test, or why none.
    suspicions : other reasons to suspect unpublished results.
    missing_evidence : overall judgement of ROB-ME.
    indirectness : by population, intervention, comparator or outcome: levels 0 to 2 and why; None where not yet judged.
    """

    outcome: str
    measure: str
    design: str
    k: int
    estimate: float
    ci_low: float
    ci_high: float
    intervention: str = "the intervention"
    level: float = 0.95
    prediction_low: float | None = None
    prediction_high: float | None = None
    i2: float | None = None
    tau2: float | None = None
    study_estimates: tuple[float, ...] = ()
    study_low: tuple[float, ...] = ()
    study_high: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    judgements: tuple[str | None, ...] = ()
    without_high: tuple[float, float, float] | None = None
    participants: int | None = None
    events: int | None = None
    baseline_risk: float | None = None
    sd: float | None = None
    important_difference: float | None = None
    important_ratio: float | None = None
    sizes: tuple[float, float, float] | None = None
    asymmetry_p: float | None = None
    asymmetry_test: str = "the test of funnel asymmetry"
    asymmetry_statistic: float | None = None
    asymmetry_df: float | None = None
    asymmetry_why: str = ""
    small_studies: str | None = None
    suspicions: tuple[str, ...] = ()
    missing_evidence: str | None = None
    indirectness: Mapping[str, tuple[int, str]] | None = None
    dose_response: bool | None = None
    plausible_confounding: bool | None = None
    followup: str = ""

    def __post_init__(self) -> None:
        spelled = {name.upper(): name for name in (*RATIOS, *ABSOLUTE)}
        object.__setattr__(self, "measure", spelled.get(self.measure.upper(), self.measure))
        for name in ("study_estimates", "study_low", "study_high", "weights", "judgements"):
            found = len(getattr(self, name))
            if found not in (0, self.k):
                raise InvalidInput(f"{name} has {found} values", f"one for each of the {self.k} studies", code="B403")
        if self.k < 1 or not -math.inf < self.ci_low <= self.estimate <= self.ci_high < math.inf:
            raise InvalidInput(
                f"k is {self.k}, the effect {self.estimate} ({self.ci_low} to {self.ci_high})",
                "one study or more, and lower limit, estimate and upper limit rise",
                code="B403",
            )
        if self.weights and not math.isclose(math.fsum(self.weights), 1, abs_tol=1e-6):
            raise InvalidInput(
                f"the weights sum to {math.fsum(self.weights):.6g}", "weights are shares and sum to 1", code="B403"
            )
        for limits in (self.sizes or (), [self.important_difference or 1.0], [self.important_ratio or 1.0]):
            if any(not limit > 0 for limit in limits) or list(limits) != sorted(limits):
                raise InvalidInput(
                    f"the thresholds are {list(limits)}",
                    "thresholds are positive and rise",
                    "Write sizes, not signs",
                    code="B403",
                )
        if self.design not in grade_data()["start"]:
            raise UnknownName("design", self.design, grade_data()["start"], code="B403")

    @property
    def is_ratio(self) -> bool:
        """True where the estimate is a log."""
        return self.measure in RATIOS

    @property
    def absolute_measure(self) -> str:
        """The key of `ABSOLUTE` by which the effect becomes a risk; empty where it does not."""
        key = {"PETO": "OR", "SMD": ""}.get(self.measure, self.measure)
        return key if key in ABSOLUTE else ""

    @property
    def is_continuous(self) -> bool:
        """True where participants, not events, carry the information."""
        return self.measure != "IRR" and not self.absolute_measure

    @property
    def has_absolute(self) -> bool:
        """True where risks can be computed at the baseline."""
        return self.baseline_risk is not None and bool(self.absolute_measure)

    def absolute(self, effect: float) -> float:
        """`effect` as a difference: of risks at the baseline for a ratio that has them, else as it is."""
        if not self.has_absolute or self.baseline_risk is None:
            return effect
        risk = ABSOLUTE[self.absolute_measure].risk(effect, self.baseline_risk)
        return min(max(risk, 0.0), 1.0) - self.baseline_risk

    def interval(self, low: float, high: float) -> tuple[float, float]:
        """An interval of effects on the scale of `absolute`, in order."""
        first, last = sorted((self.absolute(low), self.absolute(high)))
        return first, last

    @property
    def prediction(self) -> tuple[float, float] | None:
        """The prediction interval on the scale of `absolute`; None where there is none."""
        if self.prediction_low is None or self.prediction_high is None:
            return None
        return self.interval(self.prediction_low, self.prediction_high)

    @property
    def limits(self) -> tuple[float, ...]:
        """Where the sizes of an effect begin, on the scale of `absolute`, rising: `sizes` where stated, else the
        smallest difference that matters; empty where none was set for that scale."""
        scale = self.has_absolute or not self.is_ratio
        if self.sizes is not None and scale:
            return self.sizes
        if self.important_difference is not None and scale:
            return (self.important_difference,)
        if self.important_ratio is not None and self.is_ratio:
            return (abs(self.absolute(math.log(self.important_ratio))),)
        return ()

    @property
    def threshold(self) -> float | None:
        """The smallest difference that matters, on the scale of `absolute`; None where none was set."""
        return self.limits[0] if self.limits else None

    @property
    def risk_ratio(self) -> float | None:
        """The relative effect as a risk ratio; None where it is not one or the baseline to convert it is missing."""
        if self.measure == "RR":
            return math.exp(self.estimate)
        convert = {"OR": risk_from_or, "HR": risk_from_hr}.get(self.absolute_measure)
        if convert is None or not self.baseline_risk:
            return None
        return convert(self.estimate, self.baseline_risk) / self.baseline_risk


@cache
def grade_data() -> dict[str, Any]:
    """`grade.yaml` as plain data, read when first used."""
    text = (resources.files("mscsec.appraisal") / "grade.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = load_text(text, "grade.yaml")
    return data


def number(name: str) -> float:
    """One of the numbers of `grade.yaml`."""
    return float(grade_data()["numbers"][name]["value"])


def label(domain: str, levels: int) -> str:
    """The word for a number of levels in a domain: "serious" for 1 in inconsistency."""
    return str(grade_data()["domains"][domain]["labels"][levels])
