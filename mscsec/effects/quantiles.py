"""Mean and SD of an arm from its median with quartiles or range: the route asked for, its fit and its numbers on the trail."""

from __future__ import annotations

from typing import Any

from mscsec.effects.reading import Gap, Reading, Rules
from mscsec.records.models import ArmResult
from mscsec.records.nodes import Path
from mscsec.registry import choose
from mscsec.said import quoted, said

WORDS = {
    "quantiles-lognormal": "log-normal data; Shi et al. 2020",
    "quantiles-qe": "quantile estimation; McGrath et al. 2020",
    "quantiles-bc": "Box-Cox; McGrath et al. 2020",
    "quantiles-mln": "unknown non-normal distribution; Cai et al. 2021",
}
BACK = "of the normal distribution of the transformed values taken back through the power, by integration"
POWERS = {
    "quantiles-bc": "Box-Cox power at which the quantiles lie evenly about the median (0 is the logarithm)",
    "quantiles-mln": "Box-Cox power of the largest likelihood (0 is the logarithm)",
}
TRANSFORMED = {
    "quantiles-bc": ("of the transformed values, by Luo 2018", "of the transformed values, by Wan 2014"),
    "quantiles-mln": ("of the transformed values, by maximum likelihood",) * 2,
}
_PARTS = {"S1": "wan2014", "S2": "wan2014", "S3": "shi2020"}  # what the rule "wan-shi" is for the figures at hand
# What shape and scale of each family of quantile estimation are.
FAMILIES = {
    "normal": ("normal", "", ""),
    "lognormal": ("log-normal", "SD of the logs", "exponential of the mean of the logs"),
    "gamma": ("gamma", "shape", "scale"),
    "weibull": ("Weibull", "shape", "scale"),
    "beta": ("beta", "alpha", "beta"),
}


def mean_sd_of(reading: Reading, name: str, printed: ArmResult, path: Path, n: float) -> tuple[float, float]:
    """Mean and SD of arm `name` by the route that the rules name; Gap where the figures do not allow it."""
    if printed.median is None or not (printed.iqr or printed.range):
        has = "a median without its quartiles or range" if printed.median is not None else "neither a mean nor a median"
        raise Gap(f"arm {name} has {has}")
    given: dict[str, Any] = {
        "n": n,
        "median": reading.figure(f"{name}: median", printed.median, (*path, "median"), scaled=True),
    }
    for field, interval, ends in (("iqr", printed.iqr, ("q1", "q3")), ("range", printed.range, ("minimum", "maximum"))):
        for place, (end, value) in enumerate(zip(ends, interval or (), strict=False)):
            given[end] = reading.bound(f"{name}: {end}", value, (*path, field, place), True)
    try:
        mean, sd, method = _run(reading, name, given)
    except Gap as gap:
        raise Gap(f"arm {name}: {gap}") from None
    kind = (
        "five numbers"
        if printed.iqr and printed.range
        else "median and quartiles"
        if printed.iqr
        else "median and range"
    )
    reading.trail.flag("E206", "median", said("mean and SD from {} ({})", kind, quoted(method)))
    return mean, sd


def _run(reading: Reading, name: str, given: dict[str, Any]) -> tuple[float, float, str]:
    """Mean, SD, and the method in words; its fit stands on the trail before them."""
    key = reading.rules.quantiles
    if key == "quantiles-normal":
        return _normal(reading, name, given, reading.rules)
    how = {"refuse_skewed": False} if key == "quantiles-lognormal" else {}
    found = reading.solve(key, **given, **how)
    fit = {"quantiles-qe": _family, "quantiles-lognormal": _logs}.get(key, _power)
    formula, inputs, words = fit(reading, name, key, found, given)
    source = reading.route(key).source
    mean = reading.trail.step(f"{name}: mean", float(found.mean), f"mean {formula}", key, source, **inputs)
    sd = reading.trail.step(f"{name}: SD", float(found.sd), f"SD {formula}", key, source, **inputs)
    reading.trail.say(f"{name}: {words}" if words else "")
    return mean, sd, WORDS[key]


_Fit = tuple[str, dict[str, float], str]  # the end of the formula for mean and SD, its numbers, words about the fit


def _family(reading: Reading, name: str, key: str, found: Any, given: dict[str, Any]) -> _Fit:
    """Quantile estimation: the family that fits best and its parameters."""
    family, first, second = FAMILIES[str(found.family)]
    words = f"{family} distribution"
    fit = f"least squares of the quantiles on those of the {family} distribution"
    if not first:  # the parameters of the normal distribution are its mean and SD
        return f"by {fit}", given, words
    source = reading.route(key).source
    inputs = {}
    for parameter, value in ((first, found.shape), (second, found.scale)):
        inputs[parameter] = reading.trail.step(f"{name}: {parameter}", float(value), fit, key, source, **given)
    return f"of this {family} distribution", inputs, words


def _logs(reading: Reading, name: str, key: str, found: Any, given: dict[str, Any]) -> _Fit:
    """The log-normal route: mean and SD of the logs."""
    source = reading.route(key).source
    inputs = {}
    for what, value, rule in (("mean", found.mean_log, "Luo 2018"), ("SD", found.sd_log, "Wan 2014 or Shi 2020")):
        formula = f"{rule} on the logs of the figures"
        inputs[f"{what} of the logs"] = reading.trail.step(
            f"{name}: {what} of the logs", float(value), formula, key, source, **given
        )
    return "of the log-normal distribution, with correction for bias", inputs, ""


def _power(reading: Reading, name: str, key: str, found: Any, given: dict[str, Any]) -> _Fit:
    """Box-Cox and MLN: the power, and mean and SD of the transformed values."""
    source = reading.route(key).source
    middle, spread = TRANSFORMED[key]
    power = reading.trail.step(f"{name}: lambda", float(found.power), POWERS[key], key, source, **given)
    inputs = {"lambda": power}
    for what, value, formula in (("mean", found.location, middle), ("SD", found.scale, spread)):
        inputs[f"transformed {what}"] = reading.trail.step(
            f"{name}: transformed {what}", float(value), formula, key, source, **{"lambda": power}
        )
    return BACK, inputs, f"lambda {power:.3g}"


def _normal(reading: Reading, name: str, given: dict[str, Any], rules: Rules) -> tuple[float, float, str]:
    """By the rules for the mean and the SD, each with its formula for the figures that are there."""
    from mscsec.effects.reconstruct import MEANS, SDS  # with the other reconstructions, only where one is needed

    mean, sd = choose(MEANS, rules.mean, "rule for the mean"), choose(SDS, rules.sd, "rule for the SD")
    figures = "S3" if {"q1", "minimum"} <= given.keys() else "S2" if "q1" in given else "S1"
    said = SDS[_PARTS[figures]] if sd.key == "wan-shi" else sd
    formulas = {
        field: (f"{rule.name}: {rule.formulas[figures]}" if figures in rule.formulas else rule.name, rule.source)
        for field, rule in (("mean", mean), ("sd", said))
    }
    gives = {"mean": f"{name}: mean", "sd": f"{name}: SD"}
    found = reading.run("quantiles-normal", gives, formulas, **given, mean=mean.key, sd=sd.key, refuse_skewed=False)
    return found["mean"], found["sd"], f"{mean.name}; {said.name}"
