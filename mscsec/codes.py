"""The stable codes of problems and notices; `mscsec explain CODE` prints the explanation."""

from __future__ import annotations

from dataclasses import dataclass

from mscsec.registry import by_key


@dataclass(frozen=True, slots=True)
class Code:
    """One code: U use of the program, R records, E effects, P pooling, B risk of bias, I integrity.

    title : what the code means, a few words.
    explanation : why it matters and what to do, plain sentences.
    """

    key: str
    title: str
    explanation: str


CODES = by_key(
    # --- U: use of the program ---------------------------------------------------------------------------------
    Code(
        "U001",
        "wrong use",
        "The command cannot be carried out as it was written. The message says which part and what to write instead.",
    ),
    Code(
        "U002",
        "unknown name",
        "The outcome, study, comparison or column asked for does not exist here. The message lists those that do and suggests the nearest.",
    ),
    Code(
        "U003",
        "unknown method",
        "The method asked for is in no table of the program. The message lists the methods it knows.",
    ),
    Code(
        "U004",
        "impossible numbers",
        "A number was given that no data can have, such as a negative variance or more events than participants. Nothing was computed.",
    ),
    # --- R: records --------------------------------------------------------------------------------------------
    # --- E: effects --------------------------------------------------------------------------------------------
    Code(
        "E301",
        "not reported",
        "A reconstruction needs a figure that the paper does not give. The message names it; another route may do without.",
    ),
    Code(
        "E302",
        "outside the method's reach",
        "The method has no formula for these figures: too few participants, a value that must be positive, or quantiles it does not cover. The message says which.",
    ),
    Code(
        "E303",
        "figures contradict one another",
        "No data can show these figures together, such as margins that would make a cell negative. Check them against the paper; nothing was computed for this row.",
    ),
    Code(
        "E304",
        "left open by the figures",
        "The figures are possible but do not determine the answer: a P value of 1 fits every standard error. Another statistic of the same result is needed.",
    ),
    Code(
        "E305",
        "rounding leaves several answers",
        "More than one whole number rounds to the figure printed. The smallest and the largest are in the result; a figure with more decimals would decide.",
    ),
    Code(
        "E306",
        "skewed data",
        "The quantiles are too lopsided for a method that takes the data as normal (test of Shi 2023 at 5 percent). Use the log-normal, quantile-estimation or Box-Cox method, or pool medians.",
    ),
    Code(
        "E307",
        "interval not centred",
        "The middle of the confidence interval is not the estimate on the scale of analysis. Often the scale is wrong (a ratio taken as a difference), or a figure is misprinted.",
    ),
    # --- P: pooling --------------------------------------------------------------------------------------------
    Code(
        "P100",
        "cannot be computed",
        "The request is valid, but these data do not determine an answer. The message says why.",
    ),
    Code(
        "P101",
        "too few studies",
        "The method needs more studies than there are. A single study is shown as it is; an estimator of between-study variance needs two.",
    ),
    Code(
        "P102",
        "not converged",
        "An iteration did not settle within its bound. The message names the method; a closed-form estimator such as DL always gives an answer.",
    ),
    Code(
        "P103",
        "not estimable",
        "The quantity does not exist for these data, for instance a ratio when no one in any study had the event.",
    ),
    Code(
        "P201",
        "one study",
        "There is a single study, so nothing was pooled: its own estimate and interval are shown, and no between-study quantity exists.",
    ),
    Code(
        "P202",
        "two studies",
        "With two studies the between-study variance rests on one degree of freedom. Random-effects intervals are then either far too narrow (Wald) or very wide (HKSJ); say so, and consider not pooling.",
    ),
    Code(
        "P203",
        "several maxima",
        "The likelihood of the between-study variance has more than one local maximum. The highest was taken; another program may stop at another one. Look at the profile, and compare with PM.",
    ),
    Code(
        "P204",
        "intervals disagree about zero",
        "The Wald and the HKSJ interval disagree about whether the mean differs from zero. The one shown follows the rule of the convention; both are in the result, and the conclusion is fragile.",
    ),
    Code(
        "P205",
        "no prediction interval",
        "The prediction interval asked for needs more studies than there are, so none is shown.",
    ),
    Code(
        "P206",
        "no interval for tau2",
        "The interval asked for is built on the logarithm or the square root of tau2 and does not exist where tau2 is zero. Q-profile always does.",
    ),
    Code(
        "P207",
        "less spread than chance",
        "The effects lie closer together than their sampling variances allow by chance, so that no between-study variance fits and the interval for it shrinks to zero. Look for shared patients, copied results or variances that are too large.",
    ),
    # --- B: risk of bias ---------------------------------------------------------------------------------------
    # --- I: integrity ------------------------------------------------------------------------------------------
)
