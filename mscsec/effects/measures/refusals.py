"""Named reasons for which a study has no estimate, tried in order on the studies whose formula has no value."""

from __future__ import annotations

from typing import Any

import numpy as np

from mscsec.arrays import BoolArray
from mscsec.effects.measures.base import How, Refusal


def _h0(df: str) -> Refusal:
    return Refusal(
        lambda x, how: np.asarray((how.vtype == "H0") & (getattr(x, df) <= 2)),
        "vtype H0 needs more than 2 degrees of freedom",
    )


def _few(least: int, what: str, name: str = "n") -> Refusal:
    return Refusal(lambda x, how: np.asarray(getattr(x, name) < least), f"needs {least} {what} or more")


def _double_zero(x: Any, how: How) -> BoolArray:
    return np.asarray(x.double_zero())


def _has_zero(x: Any, how: How) -> BoolArray:
    return np.asarray(x.has_zero())


EMPTY = "a group is empty: no participants, pairs or person-time"
DOUBLE_ZERO = Refusal(_double_zero, "nobody or everybody had the event, and nothing was added")
ZERO_CELL = Refusal(_has_zero, "a cell is zero, and nothing was added")
NO_EVENTS = Refusal(_has_zero, "a group has no events, and nothing was added")
NO_DISCORDANT_PAIRS = Refusal(lambda x, how: np.asarray(x.b + x.c == 0), "no pair is discordant")
LONE_PARTICIPANT = Refusal(
    lambda x, how: np.asarray((x.n_1 <= 1) | (x.n_2 <= 1)), "a group of one participant has no variance"
)
BOTH_SDS_ZERO = Refusal(lambda x, how: np.asarray((x.sd_1 == 0) & (x.sd_2 == 0)), "both standard deviations are zero")
SD_1_ZERO = Refusal(lambda x, how: np.asarray(x.sd_1 == 0), "sd_1, which it is standardised by, is zero")
SD_2_ZERO = Refusal(lambda x, how: np.asarray(x.sd_2 == 0), "sd_2, which it is standardised by, is zero")
PHI_ONE = Refusal(_has_zero, "phi is 1 or -1, and its Fisher's z infinite")
SMALL_SMD = Refusal(
    lambda x, how: np.asarray(how.correct & (x.df <= 1)), "the bias correction needs 2 degrees of freedom or more"
)
SMALL_GLASS = Refusal(
    lambda x, how: np.asarray(how.correct & (x.n_2 <= 2)),
    "the bias correction needs three participants or more in group 2",
)
SMALL_CHANGE = Refusal(
    lambda x, how: np.asarray(how.correct & (x.n <= 2)), "the bias correction needs three pairs or more"
)
UNBIASED_CHANGE = Refusal(
    lambda x, how: np.asarray(((how.vtype == "UB") | (how.vtype == "H0")) & (x.n <= 4)),
    "vtypes UB and H0 need five pairs or more",
)
NO_POOLED_SD = Refusal(lambda x, how: np.asarray(x.df <= 0), "two groups of one participant have no pooled SD")
INFINITE_D = Refusal(
    lambda x, how: np.isinf(x.d), "a correlation of 1 or -1 leaves the standardised difference infinite"
)
IMPOSSIBLE_R = Refusal(
    lambda x, how: np.isfinite(x.r) | np.isfinite(x.p_both),
    "the margins do not allow that correlation or proportion with both",
)
BEYOND_MODEL = Refusal(
    lambda x, how: np.asarray(x.t**2 * (1 - x.r2) > x.r2 * x.df),
    "t and R squared contradict each other: one predictor explains more than the whole model",
)
ZERO_SD = Refusal(lambda x, how: np.asarray((x.sd_1 == 0) | (x.sd_2 == 0)), "a standard deviation is zero")
ONE_SIGN = Refusal(
    lambda x, how: np.asarray(x.mean_1 * x.mean_2 <= 0),
    "the log of a ratio of means needs two means of one sign, not zero",
)
POSITIVE_MEANS = Refusal(
    lambda x, how: np.asarray((x.mean_1 <= 0) | (x.mean_2 <= 0)), "a coefficient of variation needs positive means"
)
POSITIVE_MEAN = Refusal(lambda x, how: np.asarray(x.mean <= 0), "a logarithm needs a positive mean")
CERTAIN = Refusal(lambda x, how: np.asarray((x.auc == 0) | (x.auc == 1)), "the probability is 0 or 1")
FOUR_PAIRS = _few(4, "pairs")
FIVE_PAIRS = _few(5, "pairs")
PERFECT = Refusal(lambda x, how: np.asarray(np.abs(x.r) == 1), "Fisher's z of a correlation of 1 or -1 is infinite")
BEYOND_ONE = Refusal(
    lambda x, how: np.ones(x.n_1.shape, dtype=bool), "the estimated correlation is 1 or beyond, and Fisher's z infinite"
)
NO_RESIDUAL = Refusal(
    lambda x, how: np.asarray(x.n - x.predictors - 1 <= 0), "the model has no residual degrees of freedom"
)
NO_ROOM = Refusal(lambda x, how: np.asarray(x.n - x.predictors - 2 <= 0), "needs n above the predictors plus 2")
EMPTY_MODEL = Refusal(
    lambda x, how: np.asarray(x.r2 == 0), "R squared is 0, where the delta method for Fisher's z has no value"
)
FULL_MODEL = Refusal(lambda x, how: np.asarray(x.r2 == 1), "R squared is 1")
TWO_PAIRS = _few(2, "pairs")
TWO_PARTICIPANTS = _few(2, "participants")
THREE_PARTICIPANTS = _few(3, "participants")
ALPHA_ONE = Refusal(lambda x, how: np.asarray(x.alpha == 1), "the log of 1 - alpha is infinite where alpha is 1")
SD_ZERO = Refusal(lambda x, how: np.asarray(x.sd == 0), "the standard deviation is zero")
CHANGE_ZERO = Refusal(lambda x, how: np.asarray(x.change_variance == 0), "every change is the same: its SD is zero")
H0 = _h0("df")
H0_GLASS = Refusal(
    lambda x, how: np.asarray((how.vtype == "H0") & (x.n_2 <= 3)), "vtype H0 needs four participants or more in group 2"
)
UNBIASED_SINGLE = Refusal(
    lambda x, how: np.asarray((how.vtype == "UB") & (x.n <= 1)), "vtype UB needs two participants"
)

TABLE = (DOUBLE_ZERO, ZERO_CELL)
RISKS = (LONE_PARTICIPANT, *TABLE)
PHI_Z = (DOUBLE_ZERO, PHI_ONE)
RATES = (NO_EVENTS,)
PAIRED = (NO_DISCORDANT_PAIRS, ZERO_CELL)
MARGINS = (*TABLE, IMPOSSIBLE_R)
SMD = (LONE_PARTICIPANT, INFINITE_D, BOTH_SDS_ZERO, SMALL_SMD, H0)
GLASS = (LONE_PARTICIPANT, SD_2_ZERO, SMALL_GLASS, H0_GLASS)
SDS = (LONE_PARTICIPANT, ZERO_SD)
CVS = (LONE_PARTICIPANT, ZERO_SD, POSITIVE_MEANS)
CHANGE_D = (TWO_PAIRS, CHANGE_ZERO, SMALL_CHANGE, UNBIASED_CHANGE)
CHANGE_ONE_SD = (TWO_PAIRS, SD_1_ZERO, SMALL_CHANGE, UNBIASED_CHANGE)
CHANGE_MEAN_SD = (TWO_PAIRS, BOTH_SDS_ZERO, SMALL_CHANGE)
CHANGE_SDS = (TWO_PAIRS, ZERO_SD)
CHANGE_CVS = (TWO_PAIRS, ZERO_SD, POSITIVE_MEANS)
ONE_GROUP = (UNBIASED_SINGLE, ZERO_CELL)
ONE_MEAN = (TWO_PARTICIPANTS, SD_ZERO, POSITIVE_MEAN, THREE_PARTICIPANTS)
