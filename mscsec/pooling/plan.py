"""The options of one analysis, each looked up once."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from mscsec.arrays import real
from mscsec.errors import InvalidInput
from mscsec.pooling.mean import CI, CiMethod
from mscsec.pooling.prediction import PREDICTION, PredictionMethod
from mscsec.pooling.presets import DEFAULT_PRESET, PRESETS
from mscsec.pooling.tau2 import TAU2, TAU2_CI, Tau2Ci, Tau2Method
from mscsec.registry import choose


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for.

    tau2 : the estimator, or a value taken as known; None under a common-effect model.
    ci : None for "auto".
    prediction : a row, or the word "auto", "none" or "bootstrap".
    tau2_ci : None for "none".
    i2 : "tau2" or "q".
    """

    random: bool
    tau2: Tau2Method | float | None
    ci: CiMethod | None
    prediction: PredictionMethod | str
    tau2_ci: Tau2Ci | None
    i2: str
    level: float
    prediction_level: float
    null: float = 0.0


def make_plan(
    *,
    model: str,
    tau2: str | float | None,
    ci: str | None,
    prediction: str | None,
    tau2_ci: str | None,
    i2: str | None,
    preset: str | None,
    level: float,
    prediction_level: float | None,
    null: float,
) -> Plan:
    """The plan for options as a user gives them; None takes the preset's.

    Raises UnknownMethod for an unknown key, and InvalidInput for a value out of range or for options that contradict each other.
    """
    for name, word in (("model", model), ("ci", ci), ("prediction", prediction), ("tau2_ci", tau2_ci), ("i2", i2), ("preset", preset)):  # fmt: skip
        if word is not None and not isinstance(word, str):
            raise InvalidInput(f"{name} is {word!r}", "it is the name of a method")
    value = (
        tau2 if tau2 is None or isinstance(tau2, str) else real("tau2", tau2, "it is a number or names an estimator")
    )
    ahead = None if prediction_level is None else real("prediction_level", prediction_level)
    return _plan(
        model, value, ci, prediction, tau2_ci, i2, preset, real("level", level), ahead, real("null", null)
    )  # fmt: skip


@functools.lru_cache(maxsize=256)
def _plan(
    model: str,
    tau2: str | float | None,
    ci: str | None,
    prediction: str | None,
    tau2_ci: str | None,
    i2: str | None,
    preset: str | None,
    level: float,
    prediction_level: float | None,
    null: float,
) -> Plan:
    base = choose(PRESETS, preset or DEFAULT_PRESET, "preset")
    if model not in ("random", "common"):
        raise InvalidInput(f"model is {model!r}", 'the model is "random" or "common"')
    random = model == "random"
    form = i2 or base.i2
    if form not in ("tau2", "q"):
        raise InvalidInput(f"i2 is {i2!r}", 'I2 is computed from "tau2" or from "q"')
    if not math.isfinite(null):
        raise InvalidInput(f"null is {null}", "the null value is a finite number")
    plan = Plan(
        random=random,
        tau2=_estimator(base.tau2 if tau2 is None else tau2) if random else None,
        ci=_interval(ci or (base.ci if random else "auto")),
        prediction=_prediction(prediction or base.prediction),
        tau2_ci=_tau2_interval(tau2_ci or base.tau2_ci) if random else None,
        i2=form,
        level=_level(level),
        prediction_level=_level(level if prediction_level is None else prediction_level),
        null=null,
    )
    _check(plan, tau2, tau2_ci)
    return plan


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise InvalidInput(f"the level is {level}", "a level lies between 0 and 1", "Write 0.95 for 95 percent.")
    return level


def _estimator(asked: str | float) -> Tau2Method | float:
    if isinstance(asked, str):
        return choose(TAU2, asked, "estimator of tau2")
    if not 0 <= asked < math.inf:
        raise InvalidInput(f"tau2 is {asked}", "a between-study variance is finite and not negative")
    return asked


def _interval(key: str) -> CiMethod | None:
    return None if key == "auto" else choose(CI, key, "interval", ("auto",))


def _prediction(key: str) -> PredictionMethod | str:
    words = ("auto", "none", "bootstrap")
    return key if key in words else choose(PREDICTION, key, "prediction interval", words)


def _tau2_interval(key: str) -> Tau2Ci | None:
    return None if key == "none" else choose(TAU2_CI, key, "interval for tau2", ("none",))


def _check(plan: Plan, tau2: str | float | None, tau2_ci: str | None) -> None:
    """Refuse what contradicts itself instead of quietly doing something else."""
    asked_interval = tau2_ci not in (None, "none")
    if not plan.random:
        if tau2 is not None or asked_interval:
            raise InvalidInput("tau2 with a common-effect model", "a common effect has no between-study variance")
        if plan.ci is not None and not plan.ci.common:
            raise InvalidInput(
                f"the {plan.ci.key} interval with a common-effect model",
                "it is built on the between-study variance",
                'Take model="random", or one of wald, t, hksj, hksj-adhoc.',
            )
        return
    if isinstance(plan.tau2, float) and asked_interval:
        raise InvalidInput("an interval for a fixed tau2", "a value that is taken as known has none")
    likelihood = plan.tau2.likelihood if isinstance(plan.tau2, Tau2Method) else None
    if plan.ci is not None and plan.ci.key == "profile" and likelihood != "ML":
        raise InvalidInput(
            "a profile-likelihood interval without ML",
            "estimate, tau2 and interval come from one likelihood",
            'Set tau2="ML" (--tau2 ML).',
        )


def check_given_weights(plan: Plan) -> None:
    """Raises InvalidInput for an interval that stands on weights of its own where the mean has given ones."""
    ci, ahead = plan.ci, plan.prediction
    if ci is not None and not ci.common:
        raise InvalidInput(
            f"the {ci.key} interval with weights of your own",
            "it stands on weights that it has itself",
            "Take wald, t, hksj or hksj-adhoc.",
        )
    key = ahead if isinstance(ahead, str) else ahead.key
    if plan.random and key in OWN_WEIGHTS:
        raise InvalidInput(
            f"the {key} prediction interval with weights of your own",
            "it is about the inverse-variance mean",
            "Take t-k1, hts, hk or normal.",
        )


OWN_WEIGHTS = ("bootstrap", "kr", "kr-pr")  # prediction intervals about the mean with inverse variances alone
