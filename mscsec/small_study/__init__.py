"""Do small studies show other effects than large ones, and what would the mean be without that?

Takes effects `yi`, their sampling variances `vi` and, where a test needs them, sample sizes or the cells of 2x2 tables;
gives frozen results: tests of funnel asymmetry, trim and fill, PET-PEESE, fail-safe N. Pure numpy and scipy.special.
Imports `mscsec.pooling` and the foundation; knows no record, prints nothing.
"""

from mscsec.small_study.asymmetry import ASYMMETRY, PREDICTORS, Asymmetry, AsymmetryTest, asymmetry
from mscsec.small_study.fail_safe import FAIL_SAFE, FailSafeN, fail_safe_n
from mscsec.small_study.pet_peese import PetPeese, pet_peese
from mscsec.small_study.recommend import Recommendation, recommended_test
from mscsec.small_study.trim_and_fill import CONVENTIONS, ESTIMATORS, TrimAndFill, trim_and_fill

__all__ = [
    "ASYMMETRY",
    "CONVENTIONS",
    "ESTIMATORS",
    "FAIL_SAFE",
    "PREDICTORS",
    "Asymmetry",
    "AsymmetryTest",
    "FailSafeN",
    "PetPeese",
    "Recommendation",
    "TrimAndFill",
    "asymmetry",
    "fail_safe_n",
    "pet_peese",
    "recommended_test",
    "trim_and_fill",
]
