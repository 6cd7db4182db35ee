"""Moderators: subgroups, meta-regression and the models that grow out of it, on arrays.

Takes effects `yi`, their sampling variances `vi` and a design matrix (or names of groups); gives frozen results. Pure
numpy and scipy.special; `design` alone imports formulaic, when called. Imports `mscsec.pooling` and what that may
import; knows no record, prints nothing.
"""

from mscsec.pooling.regression.batch import RegressionBatch, regress_batch
from mscsec.pooling.regression.fit import INTERCEPT, regress
from mscsec.pooling.regression.formula import Design, design
from mscsec.pooling.regression.hypothesis import (
    Contrasts,
    Inflation,
    LikelihoodRatio,
    contrast,
    likelihood_ratio,
    variance_inflation,
    wald,
)
from mscsec.pooling.regression.inference import INTERVALS
from mscsec.pooling.regression.location_scale import LocationScaleResult, location_scale
from mscsec.pooling.regression.multilevel import MultilevelResult, multilevel
from mscsec.pooling.regression.permutation import PermutationTest, permutation_test
from mscsec.pooling.regression.predict import PREDICTIONS, Predictions, predict
from mscsec.pooling.regression.result import Coefficient, JointTest, RegressionResult
from mscsec.pooling.regression.robust import SANDWICHES, RobustResult, robust
from mscsec.pooling.regression.studies import (
    Influence,
    Residuals,
    ShrunkenEffects,
    influence,
    residuals,
    shrunken_effects,
)
from mscsec.pooling.regression.subgroups import BetweenTest, SubgroupResult, between, subgroups
from mscsec.pooling.regression.tau2 import ESTIMATORS
from mscsec.pooling.regression.tau2_interval import TAU2_INTERVALS

__all__ = [
    "ESTIMATORS",
    "INTERCEPT",
    "INTERVALS",
    "PREDICTIONS",
    "SANDWICHES",
    "TAU2_INTERVALS",
    "BetweenTest",
    "Coefficient",
    "Contrasts",
    "Design",
    "Inflation",
    "Influence",
    "JointTest",
    "LikelihoodRatio",
    "LocationScaleResult",
    "MultilevelResult",
    "PermutationTest",
    "Predictions",
    "RegressionBatch",
    "RegressionResult",
    "Residuals",
    "RobustResult",
    "ShrunkenEffects",
    "SubgroupResult",
    "between",
    "contrast",
    "design",
    "influence",
    "likelihood_ratio",
    "location_scale",
    "multilevel",
    "permutation_test",
    "predict",
    "regress",
    "regress_batch",
    "residuals",
    "robust",
    "shrunken_effects",
    "subgroups",
    "variance_inflation",
    "wald",
]
