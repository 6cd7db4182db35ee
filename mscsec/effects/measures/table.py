"""The menu of effect measures: one function, one row."""

from __future__ import annotations

from mscsec.effects.measures import continuous, dichotomous, generic
from mscsec.effects.measures.base import Measure, Refusal
from mscsec.effects.measures.cells import Table
from mscsec.registry import by_key

MEASURES = by_key(
    # --- two groups, event or not ----------------------------------------------------------------------------------
    Measure("RR", "risk ratio", "dichotomous", dichotomous.risk_ratio, "katz1978", "exp", vtypes=("LS", "AV", "H0"), meta="RR", revman="Risk Ratio"),
    Measure("OR", "odds ratio", "dichotomous", dichotomous.odds_ratio, "woolf1955", "exp", vtypes=("LS", "AV", "H0"), meta="OR", revman="Odds Ratio"),
    Measure("RD", "risk difference", "dichotomous", dichotomous.risk_difference, "berkey1995", vtypes=("LS", "UB", "AV", "H0"), meta="RD", revman="Risk Difference"),
    Measure("PETO", "odds ratio by Peto's method", "dichotomous", dichotomous.peto, "yusuf1985", "exp", meta="OR (method=\"Peto\")", revman="Peto Odds Ratio"),
    # --- two groups, means -------------------------------------------------------------------------------------------
    Measure("MD", "mean difference", "means", continuous.mean_difference, "cochrane_handbook", vtypes=("LS", "HO"), meta="MD", revman="Mean Difference"),
    Measure("SMD", "standardised mean difference (Hedges' g)", "smd", continuous.standardised_mean_difference, "hedges1981", vtypes=("LS", "LS2", "UB", "AV", "H0"), corrects=True, meta="SMD", revman="Std. Mean Difference"),
    Measure("ROM", "ratio of means", "means", continuous.ratio_of_means, "hedges1999", "exp", vtypes=("LS", "LS2", "HO", "AV", "AVHO"), corrects=True, meta="ROM"),
    # --- as reported -------------------------------------------------------------------------------------------------
    Measure("HR", "hazard ratio", "reported", generic.as_reported, "cochrane_handbook", "exp", meta="HR", revman="Hazard Ratio"),
    Measure("GEN", "effect as reported", "reported", generic.as_reported, "cochrane_handbook", meta="metagen", revman="generic inverse variance"),
)
