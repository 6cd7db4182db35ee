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


DOUBLE_ZERO = Refusal(_double_zero, "nobody or everybody had the event, and nothing was added")
ZERO_CELL = Refusal(_has_zero, "a cell is zero, and nothing was added")
NO_EVENTS = Refusal(_has_zero, "a group has no events, and nothing was added")
NO_DISCORDANT_PAIRS = Refusal(lambda x, how: np.asarray(x.b + x.c == 0), "no pair is discordant")
LONE_PARTICIPANT = Refusal(
    lambda x, how: np.asarray((x.n_1 <= 1) | (x.n_2 <= 1)), "a group of one participant has no variance"
)
ZERO_SD = Refusal(lambda x, how: np.asarray((x.sd_1 == 0) | (x.sd_2 == 0)), "a standard deviation is zero")
ONE_SIGN = Refusal(
    lambda x, how: np.asarray(x.mean_1 * x.mean_2 <= 0), "the log of a ratio of means needs two means of one sign, not zero"
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
FULL_MODEL = Refusal(lambda x, how: np.asarray(x.r2 == 1), "R squared is 1")
TWO_PARTICIPANTS = _few(2, "participants")
THREE_PARTICIPANTS = _few(3, "participants")
ALPHA_ONE = Refusal(lambda x, how: np.asarray(x.alpha == 1), "the log of 1 - alpha is infinite where alpha is 1")
SD_ZERO = Refusal(lambda x, how: np.asarray(x.sd == 0), "the standard deviation is zero")
CHANGE_ZERO = Refusal(lambda x, how: np.asarray(x.change_variance == 0), "every change is the same: its SD is zero")
NO_R = Refusal(lambda x, how: np.isnan(x.r), "the correlation of the two occasions is missing")
H0 = _h0("df")
H0_GLASS = Refusal(
    lambda x, how: np.asarray((how.vtype == "H0") & (x.n_2 <= 3)), "vtype H0 needs four participants or more in group 2"
)
UNBIASED_SINGLE = Refusal(lambda x, how: np.asarray((how.vtype == "UB") & (x.n <= 1)), "vtype UB needs two participants")

TABLE = (LONE_PARTICIPANT, DOUBLE_ZERO, ZERO_CELL)
RATES = (NO_EVENTS,)
PAIRED = (NO_DISCORDANT_PAIRS, ZERO_CELL)
SMD = (LONE_PARTICIPANT, ZERO_SD, H0)
GLASS = (LONE_PARTICIPANT, ZERO_SD, H0_GLASS)
SDS = (LONE_PARTICIPANT, ZERO_SD)
CVS = (LONE_PARTICIPANT, ZERO_SD, POSITIVE_MEANS)
CHANGE = (NO_R, TWO_PARTICIPANTS, ZERO_SD, CHANGE_ZERO, THREE_PARTICIPANTS)
CHANGE_CVS = (NO_R, TWO_PARTICIPANTS, ZERO_SD, POSITIVE_MEANS)
ONE_GROUP = (UNBIASED_SINGLE, ZERO_CELL)
ONE_MEAN = (TWO_PARTICIPANTS, SD_ZERO, POSITIVE_MEAN, THREE_PARTICIPANTS)
