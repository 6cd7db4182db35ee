"""When a test of funnel asymmetry should not be trusted: rules of the guidance, as notices."""

from __future__ import annotations

from mscsec.arrays import Array
from mscsec.results import Notice
from mscsec.said import num, said

FEW = 10  # studies below which a test has too little power; Sterne et al. 2011, BMJ 343:d4002, recommendation 2
HETEROGENEOUS = 0.5  # I2 from which asymmetry is no sign of bias; Ioannidis & Trikalinos 2007, CMAJ 176:1091-1096
VARIANCE_RATIO = 4.0  # largest over smallest variance, at or below which studies are of like size; the same source

ODDS = ("OR", "PETO")
TIED = {
    **dict.fromkeys(ODDS, "the standard error of a log odds ratio grows with its size; harbord or peters avoid that"),
    "RR": "the standard error of a log risk ratio depends on the risks themselves; harbord-rr avoids that",
    "RD": "the standard error of a risk difference depends on the risks themselves, and no test is established for it",
    "SMD": "the standard error of a standardised mean difference contains the difference; pustejovsky avoids that",
}  # Sterne et al. 2011; Pustejovsky & Rodgers 2019
BY_STANDARD_ERROR = ("egger", "thompson", "begg")
FOR_ODDS = ("harbord", "peters", "schwarzer", "deeks", "rucker")
FOR_ARMS = ("pustejovsky",)


def caveats(yi: Array, vi: Array, test: str, measure: str | None) -> list[Notice]:
    """Notices on a test of (k,) effects: few studies, a measure it does not suit, heterogeneity, studies of one size."""
    notices = []
    k = yi.size
    if k < FEW:
        notices.append(
            Notice(
                "P501",
                said(
                    "{}: below ten a test of funnel asymmetry has too little power to tell bias from chance",
                    num(f"{k} studies"),
                ),
            )
        )
    unsuited = _unsuited(test, measure)
    if unsuited:
        notices.append(Notice("P502", f"{test} is not recommended for {measure}: {unsuited}"))
    i2 = _i2(yi, vi)
    if i2 > HETEROGENEOUS:
        notices.append(
            Notice(
                "P503",
                said(
                    "I2 is {}: with such heterogeneity asymmetry may have other causes than bias",
                    num(f"{100 * i2:.0f} %"),
                ),
            )
        )
    if float(vi.max() / vi.min()) <= VARIANCE_RATIO:
        notices.append(
            Notice(
                "P504", "The largest sampling variance is at most four times the smallest: the studies are of like size"
            )
        )
    return notices


def _unsuited(test: str, measure: str | None) -> str:
    if measure is None:
        return ""
    if test in BY_STANDARD_ERROR:
        return TIED.get(measure, "")
    if test in FOR_ODDS and measure not in ODDS:
        return "it is made for odds ratios"
    if test == "harbord-rr" and measure != "RR":
        return "it is made for risk ratios"
    if test in FOR_ARMS and measure != "SMD":
        return "it is made for standardised mean differences"
    return ""


def _i2(yi: Array, vi: Array) -> float:
    wi = 1 / vi
    q = float(wi @ (yi - wi @ yi / wi.sum()) ** 2)
    return max(0.0, (q - (yi.size - 1)) / q) if q > 0 else 0.0
