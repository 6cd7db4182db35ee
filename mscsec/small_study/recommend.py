"""Which test of funnel asymmetry suits an outcome, and why: the guidance as one function."""

from __future__ import annotations

from dataclasses import dataclass

from mscsec.results import Result
from mscsec.small_study.caveats import FEW, ODDS

HETEROGENEOUS_ODDS = (
    0.1  # tau2 of log odds ratios above which only the arcsine test keeps its level; Sterne et al. 2011
)
STANDARDISED = ("SMD", "SMDH", "SMD1", "SMD1H")
PLAIN = {
    "MD": "for mean differences the standard error does not depend on the effect, so Egger's regression may be used",
    "HR": "the standard error of a log hazard ratio follows the number of events and hardly its size",
    "ZCOR": "the sampling variance of Fisher's z follows the sample size alone",
}


@dataclass(frozen=True, slots=True)
class Recommendation(Result):
    """The test to make, or None where none should be made.

    reason : one clause that says why. source : key of the guidance in `SOURCES`.
    """

    test: str | None
    reason: str
    source: str = "sterne2011"


def recommended_test(
    measure: str, k: int, *, counts: bool = False, arms: bool = False, tau2: float | None = None
) -> Recommendation:
    """The test of funnel asymmetry for `k` studies of an effect measure.

    counts : the 2x2 tables are at hand. arms : the sizes of the arms are. tau2 : between-study variance of the log
    odds ratios, where known.
    Source: Sterne et al. (2011), BMJ 343:d4002; Cochrane Handbook 6.5, section 13.3.5; for standardised mean
    differences Pustejovsky & Rodgers (2019), Res Synth Methods 10:57-71.
    """
    if k < FEW:
        studies = "1 study" if k == 1 else f"{k} studies"
        return Recommendation(None, f"{studies}, fewer than {FEW}: a test would have too little power")
    if measure in ODDS:
        return _for_odds_ratios(counts, tau2)
    if measure == "RR":
        if counts:
            why = (
                "the score of a log risk ratio is not tied to its standard error; guidance for risk ratios is not firm"
            )
            return Recommendation("harbord-rr", why, "harbord2009")
        return Recommendation(
            None, "the standard error of a log risk ratio depends on the risks, and the counts are not at hand"
        )
    if measure in STANDARDISED:
        if arms:
            why = (
                "the standard error of a standardised mean difference contains the effect; the sizes of the arms do not"
            )
            return Recommendation("pustejovsky", why, "pustejovsky2019")
        return Recommendation(
            None,
            "the standard error of a standardised mean difference contains the effect, and the sizes of the arms are not at hand",
            "pustejovsky2019",
        )
    if measure in PLAIN:
        return Recommendation("egger", PLAIN[measure])
    return Recommendation(None, f"the guidance names no test for this measure ({measure})")


def _for_odds_ratios(counts: bool, tau2: float | None) -> Recommendation:
    if not counts:
        return Recommendation(
            None, "the standard error of a log odds ratio grows with its size, and the counts are not at hand"
        )
    if tau2 is not None and tau2 > HETEROGENEOUS_ODDS:
        why = f"tau2 of the log odds ratios is above {HETEROGENEOUS_ODDS}, where the arcsine test alone keeps its level"
        return Recommendation("rucker", why)
    return Recommendation("harbord", "the score of a log odds ratio is not tied to its standard error")
