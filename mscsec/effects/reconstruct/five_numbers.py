"""Mean and SD from the median with the range, the quartiles, or both.

Three sets of figures occur: S1 {minimum, median, maximum}, S2 {q1, median, q3} and S3, all five. A row uses S3 where all
are there, else the quartiles, else the range. Each method is one rule for the mean and one for the SD, so that published
pairings can be repeated; the default pairing is Luo (2018) for the mean with Wan (2014) or, for five numbers, Shi (2020)
for the SD. They hold for roughly normal data: `skewness` (Shi 2023) tests that, and by default a row that fails is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from mscsec.arrays import Array, ArrayLike, BoolArray
from mscsec.effects.reconstruct import rules
from mscsec.effects.reconstruct.blue import blue
from mscsec.effects.reconstruct.rows import Reason, Refusal, blank, columns, judge, must, safe
from mscsec.registry import by_key, choose
from mscsec.results import Result

SMALLEST_GROUP = (
    5  # below five values a five-number summary is the data; Shi et al. 2023 and Luo et al. 2018 start there
)

S1, S2, S3 = "S1", "S2", "S3"


@dataclass(frozen=True, slots=True)
class Summary:
    """What one group's report says, broadcast to one shape, each row with its scenario.

    minimum, q1, median, q3, maximum, n : (...) NaN where not reported.
    scenario : (...) "S1", "S2", "S3", or "" where the figures are not enough.
    """

    minimum: Array
    q1: Array
    median: Array
    q3: Array
    maximum: Array
    n: Array
    scenario: np.ndarray[tuple[int, ...], np.dtype[np.str_]]

    def rows(self, scenario: str) -> BoolArray:
        """Where this scenario holds."""
        return np.asarray(self.scenario == scenario)

    def logs(self) -> Summary:
        """The summary of the logarithms: quantiles keep their place under a monotone function. NaN for values not positive."""
        quantiles = (self.minimum, self.q1, self.median, self.q3, self.maximum)
        low, q1, middle, q3, high = (np.log(np.where(x > 0, x, np.nan)) for x in quantiles)
        return Summary(low, q1, middle, q3, high, self.n, self.scenario)


@dataclass(frozen=True, slots=True)
class MeanSd(Result):
    """mean, sd : (...) units of the outcome; NaN where refused, each for itself, as their rules cover different figures.

    skewed : (...) whether the test of Shi (2023) rejects normality at 5 percent (of the logs, for the log-normal method).
    """

    mean: Array
    sd: Array
    skewed: BoolArray
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Skewness(Result):
    """The test of Shi (2023) for skewness at the 5 percent level.

    statistic, critical : (...) NaN in a refused row. skewed : statistic >= critical; False in a refused row.
    """

    statistic: Array
    critical: Array
    skewed: BoolArray
    refused: tuple[Refusal, ...] = ()


Rule = Callable[[Summary], Array]


@dataclass(frozen=True, slots=True)
class Estimator:
    """One rule for a mean or an SD; NaN where it has no formula for the row's scenario.

    scenarios : those it covers. formulas : by scenario, in one line, with the names of the figures; quantile() is that of
        the standard normal.
    """

    key: str
    name: str
    estimate: Rule
    scenarios: tuple[str, ...]
    source: str
    formulas: Mapping[str, str]


def summarise(
    n: ArrayLike,
    median: ArrayLike,
    minimum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> Summary:
    """The figures checked and broadcast. Raises InvalidInput where they are out of order or n is below one."""
    low, lower, middle, upper, high, n_ = columns(minimum=minimum, q1=q1, median=median, q3=q3, maximum=maximum, n=n)
    rules.group_size(1, n=n_)
    named = {"minimum": low, "q1": lower, "median": middle, "q3": upper, "maximum": high}
    names = list(named)
    for i, smaller in enumerate(names):
        for larger in names[i + 1 :]:
            must(
                ~(named[smaller] > named[larger]),
                f"{smaller} is at most {larger}",
                {smaller: named[smaller], larger: named[larger]},
            )
    ranged, quartered = np.isfinite(low + middle + high), np.isfinite(lower + middle + upper)
    scenario = np.select([ranged & quartered, quartered, ranged], [S3, S2, S1], default="")
    return Summary(low, lower, middle, upper, high, n_, scenario)


def skewness(
    n: ArrayLike,
    median: ArrayLike,
    minimum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> Skewness:
    """Whether the summary is too lopsided for normal data, at the 5 percent level.

    Arguments as for `mean_sd_from_five_numbers`.
    Source: Shi, Luo, Wan et al. (2023), Stat Methods Med Res 32:1338-1360; statistics and approximate critical values for S1, S2, S3.
    """
    summary = summarise(n, median, minimum, q1, q3, maximum)
    stands, refused = judge(summary.n.shape, not_enough(summary))
    statistic, critical = skewness_of(summary, stands)
    return Skewness(blank(stands, statistic), blank(stands, critical), stands & (statistic >= critical), refused)


def mean_sd_from_five_numbers(
    n: ArrayLike,
    median: ArrayLike,
    minimum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    *,
    mean: str = "luo2018",
    sd: str = "wan-shi",
    refuse_skewed: bool = True,
) -> MeanSd:
    """Mean and SD of one group, each by its rule; a row whose scenario the rule does not cover is refused (E302).

    n : (...) group size, five or more. The quantiles : (...) units of the outcome, None or NaN where not reported.
    mean, sd : keys of MEANS and SDS.
    refuse_skewed : refuse rows where the skewness test rejects normality (E306); False computes them and marks them.
    Raises InvalidInput for quantiles out of order, UnknownMethod for an unknown key.
    """
    rule_mean, rule_sd = choose(MEANS, mean, "rule for the mean"), choose(SDS, sd, "rule for the SD")
    summary = summarise(n, median, minimum, q1, q3, maximum)
    enough, _ = judge(summary.n.shape, not_enough(summary))
    statistic, critical = skewness_of(summary, enough)
    skewed = enough & (statistic >= critical)
    common = not_enough(summary)
    if refuse_skewed:
        common.append(too_skewed(skewed))
    parts, refused = [], dict[Refusal, None]()  # an ordered set: one refusal for a reason that holds for both parts
    for rule in (rule_mean, rule_sd):
        stands, refusals = judge(summary.n.shape, [*common, *_not_covered(summary, rule)])
        parts.append(blank(stands, rule.estimate(only(summary, stands))))
        refused.update(dict.fromkeys(refusals))
    return MeanSd(parts[0], parts[1], skewed, tuple(sorted(refused, key=lambda refusal: refusal.row)))


def only(summary: Summary, stands: BoolArray) -> Summary:
    """The summary with no scenario in the refused rows, so that no rule computes anything there."""
    s = summary
    n = np.where(stands, s.n, float(SMALLEST_GROUP))
    return Summary(s.minimum, s.q1, s.median, s.q3, s.maximum, n, np.where(stands, s.scenario, ""))


def not_enough(summary: Summary) -> list[Reason]:
    """Rows whose figures are missing, or whose group is too small for any of the formulas."""
    return [
        (np.isnan(summary.n), "E301", "n is not reported"),
        (np.isnan(summary.median), "E301", "median is not reported"),
        (summary.scenario == "", "E301", "neither the quartiles nor minimum and maximum are reported"),
        (summary.n < SMALLEST_GROUP, "E302", f"the formulas hold for {SMALLEST_GROUP} participants or more"),
    ]


def _not_covered(summary: Summary, rule: Estimator) -> list[Reason]:
    missing = [s for s in (S1, S2, S3) if s not in rule.scenarios]
    said = {S1: "a median with its range", S2: "a median with its quartiles", S3: "all five numbers"}
    return [(summary.rows(s), "E302", f"{rule.name} has no formula for {said[s]}") for s in missing]


def too_skewed(skewed: BoolArray) -> Reason:
    """The refusal of rows that failed the test of skewness."""
    return (
        skewed,
        "E306",
        "too skewed for a method that takes the data as normal (Shi 2023, 5 percent); use the log-normal, qe or bc method",
    )


def skewness_of(summary: Summary, enough: BoolArray) -> tuple[Array, Array]:
    """Statistic and critical value by scenario, 0 and infinity elsewhere. Identical quantiles are not skewed."""
    s, n = summary, safe(enough, summary.n, float(SMALLEST_GROUP))
    range_part = _lopsided(s.minimum, s.median, s.maximum)
    quartile_part = _lopsided(s.q1, s.median, s.q3)
    both = np.fmax(2.65 * np.log(0.6 * n) / np.sqrt(n) * range_part, quartile_part)
    where = [enough & s.rows(kind) for kind in (S1, S2, S3)]
    statistic = np.select(where, [range_part, quartile_part, both], 0.0)
    critical = np.select(
        where,
        [1 / np.log(n + 9) + 2.5 / (n + 1), 2.65 / np.sqrt(n) - 6 / n**2, 3 / np.sqrt(n) - 40 / n**3],
        np.inf,
    )
    return statistic, critical


def _lopsided(low: Array, middle: Array, high: Array) -> Array:
    """|low + high - 2 middle| / (high - low): 0 for a symmetric summary, 1 where the middle sits at an end."""
    width = np.where(high > low, high - low, 1.0)
    return np.where(high > low, np.abs((low - middle) + (high - middle)) / width, np.where(low == high, 0.0, np.nan))


# --- rules for the mean ------------------------------------------------------------------------------------------


def _by_scenario(summary: Summary, **values: Array) -> Array:
    return np.select([summary.rows(s) for s in values], list(values.values()), np.nan)


def luo_mean(s: Summary) -> Array:
    """Weights by sample size between median, mid-range and mid-quartile range.

    Source: Luo, Wan, Liu & Tong (2018), Stat Methods Med Res 27:1785-1805, equations 7, 11 and 15.
    """
    mid_range, mid_quartile = (s.minimum + s.maximum) / 2, (s.q1 + s.q3) / 2
    w1, w2 = 4 / (4 + s.n**0.75), 0.7 + 0.39 / s.n
    w31, w32 = 2.2 / (2.2 + s.n**0.75), 0.7 - 0.72 / s.n**0.55
    return _by_scenario(
        s,
        S1=w1 * mid_range + (1 - w1) * s.median,
        S2=w2 * mid_quartile + (1 - w2) * s.median,
        S3=w31 * mid_range + w32 * mid_quartile + (1 - w31 - w32) * s.median,
    )


def wan_mean(s: Summary) -> Array:
    """(a + 2m + b) / 4, (q1 + m + q3) / 3, (a + 2 q1 + 2 m + 2 q3 + b) / 8.

    Source: Wan, Wang, Liu & Tong (2014), BMC Med Res Methodol 14:135.
    """
    return _by_scenario(
        s, S1=(s.minimum + 2 * s.median + s.maximum) / 4, S2=(s.q1 + s.median + s.q3) / 3, S3=bland_mean(s)
    )


def hozo_mean(s: Summary) -> Array:
    """(a + 2m + b) / 4 up to n = 25, the median itself beyond.

    Source: Hozo, Djulbegovic & Hozo (2005), BMC Med Res Methodol 5:13.
    """
    return _by_scenario(s, S1=np.where(s.n <= 25, (s.minimum + 2 * s.median + s.maximum) / 4, s.median))


def bland_mean(s: Summary) -> Array:
    """(a + 2 q1 + 2 m + 2 q3 + b) / 8. Source: Bland (2015), Int J Stat Med Res 4:57-64."""
    return _by_scenario(s, S3=(s.minimum + 2 * s.q1 + 2 * s.median + 2 * s.q3 + s.maximum) / 8)


def walter_mean(s: Summary) -> Array:
    """The median. Source: Walter & Yao (2007), J Clin Epidemiol 60:849-852."""
    return _by_scenario(s, S1=s.median)


# --- rules for the SD --------------------------------------------------------------------------------------------


def _range_width(n: Array) -> Array:
    """Expected range of n standard normal values, by Blom's approximation. Source: Wan et al. (2014), equation 9."""
    return 2 * ndtri((n - 0.375) / (n + 0.25))


def _quartile_width(n: Array) -> Array:
    """Expected interquartile range of n standard normal values. Source: Wan et al. (2014), equation 16."""
    return 2 * ndtri((0.75 * n - 0.125) / (n + 0.25))


def wan_sd(s: Summary) -> Array:
    """Range or interquartile range over its expected width; with five numbers the plain average of the two.

    Source: Wan, Wang, Liu & Tong (2014), BMC Med Res Methodol 14:135, equations 9, 12 and 16.
    """
    by_range = (s.maximum - s.minimum) / _range_width(s.n)
    by_quartiles = (s.q3 - s.q1) / _quartile_width(s.n)
    return _by_scenario(s, S1=by_range, S2=by_quartiles, S3=(by_range + by_quartiles) / 2)


def shi_sd(s: Summary) -> Array:
    """The two weighted by sample size, for five numbers.

    Source: Shi, Luo, Weng et al. (2020), Res Synth Methods 11:641-654, equation 10.
    """
    w = 1 / (1 + 0.07 * s.n**0.6)
    by_range = (s.maximum - s.minimum) / _range_width(s.n)
    by_quartiles = (s.q3 - s.q1) / _quartile_width(s.n)
    return _by_scenario(s, S3=w * by_range + (1 - w) * by_quartiles)


def wan_shi_sd(s: Summary) -> Array:
    """Wan for the range or the quartiles, Shi for five numbers."""
    return np.where(s.rows(S3), shi_sd(s), wan_sd(s))


def hozo_sd(s: Summary) -> Array:
    """From a formula in the range and the median up to n = 15, range / 4 up to 70, range / 6 beyond.

    Source: Hozo, Djulbegovic & Hozo (2005), BMC Med Res Methodol 5:13.
    """
    width = s.maximum - s.minimum
    small = np.sqrt(((s.minimum - 2 * s.median + s.maximum) ** 2 / 4 + width**2) / 12)
    return _by_scenario(s, S1=np.select([s.n <= 15, s.n <= 70], [small, width / 4], width / 6))


def bland_sd(s: Summary) -> Array:
    """Source: Bland (2015), Int J Stat Med Res 4:57-64; written in differences from the median, which cannot cancel."""
    a, q1, q3, b = s.minimum - s.median, s.q1 - s.median, s.q3 - s.median, s.maximum - s.median
    squares = (a**2 + 2 * q1**2 + 2 * q3**2 + b**2) / 16 + (a * q1 + q3 * b) / 8
    variance = squares - (a + 2 * q1 + 2 * q3 + b) ** 2 / 64
    return _by_scenario(s, S3=np.sqrt(np.maximum(variance, 0.0)))


def walter_sd(s: Summary) -> Array:
    """Range over the expected range of n standard normal values, integrated.

    Source: Walter & Yao (2007), J Clin Epidemiol 60:849-852.
    """
    return _by_scenario(s, S1=(s.maximum - s.minimum) / expected_range(s.n))


def expected_range(n: Array) -> Array:
    """Expected range of n standard normal values: the integral of 1 - (1 - Phi)^n - Phi^n.

    n : (...) two or more. Trapezia on an even grid over +-12: the integrand and all its derivatives vanish at both ends,
    so the rule converges faster than any power of the step; checked to 1e-12 for n up to a million.
    Source: Tippett (1925), Biometrika 17:364-387.
    """
    sizes, where = np.unique(n, return_inverse=True)
    x = np.linspace(-12.0, 12.0, 961)
    inside = 1 - ndtr(-x) ** sizes[:, None] - ndtr(x) ** sizes[:, None]
    return np.asarray((inside.sum(-1) * (x[1] - x[0]))[where].reshape(n.shape))


def blue_mean(s: Summary) -> Array:
    """Best linear unbiased estimate. Source: see `blue`."""
    return _blue(s)[0]


def blue_sd(s: Summary) -> Array:
    """Best linear unbiased estimate. Source: see `blue`."""
    return _blue(s)[1]


def _blue(s: Summary) -> tuple[Array, Array]:
    by_scenario = {
        S1: blue(np.stack([s.minimum, s.median, s.maximum], -1), s.n, (0, 2, 4)),
        S2: blue(np.stack([s.q1, s.median, s.q3], -1), s.n, (1, 2, 3)),
        S3: blue(np.stack([s.minimum, s.q1, s.median, s.q3, s.maximum], -1), s.n, (0, 1, 2, 3, 4)),
    }
    means = _by_scenario(s, **{kind: fit[0] for kind, fit in by_scenario.items()})
    sds = _by_scenario(s, **{kind: fit[1] for kind, fit in by_scenario.items()})
    return means, sds


_RANGE_SD = "(maximum - minimum) / (2 quantile((n - 0.375)/(n + 0.25)))"
_QUARTILE_SD = "(q3 - q1) / (2 quantile((0.75 n - 0.125)/(n + 0.25)))"
_SHI_SD = "w (maximum - minimum)/xi + (1 - w)(q3 - q1)/eta, w = 1/(1 + 0.07 n^0.6), xi = 2 quantile((n - 0.375)/(n + 0.25)), eta = 2 quantile((0.75 n - 0.125)/(n + 0.25))"
_EIGHTHS = "(minimum + 2 q1 + 2 median + 2 q3 + maximum)/8"
_FORMULAS: dict[str, dict[str, str]] = {
    "luo2018": {
        S1: "w (minimum + maximum)/2 + (1 - w) median, w = 4/(4 + n^0.75)",
        S2: "w (q1 + q3)/2 + (1 - w) median, w = 0.7 + 0.39/n",
        S3: "w1 (minimum + maximum)/2 + w2 (q1 + q3)/2 + (1 - w1 - w2) median, w1 = 2.2/(2.2 + n^0.75), w2 = 0.7 - 0.72/n^0.55",
    },
    "wan2014": {S1: "(minimum + 2 median + maximum)/4", S2: "(q1 + median + q3)/3", S3: _EIGHTHS},
    "hozo2005": {S1: "(minimum + 2 median + maximum)/4 up to n = 25, else the median"},
    "bland2015": {S3: _EIGHTHS},
    "walter2007": {S1: "the median"},
    "blue": dict.fromkeys((S1, S2, S3), "best linear weights of the ordered figures"),
}
_SD_FORMULAS: dict[str, dict[str, str]] = {
    "wan-shi": {S1: _RANGE_SD, S2: _QUARTILE_SD, S3: _SHI_SD},
    "wan2014": {S1: _RANGE_SD, S2: _QUARTILE_SD, S3: f"half of {_RANGE_SD} + {_QUARTILE_SD}"},
    "shi2020": {S3: _SHI_SD},
    "hozo2005": {
        S1: "sqrt(((minimum - 2 median + maximum)^2/4 + (maximum - minimum)^2)/12) up to n = 15, (maximum - minimum)/4 up to 70, else (maximum - minimum)/6"
    },
    "bland2015": {
        S3: "sqrt((a^2 + 2 b^2 + 2 d^2 + e^2)/16 + (a b + d e)/8 - (a + 2 b + 2 d + e)^2/64), a b d e the distances of minimum q1 q3 maximum from the median"
    },
    "walter2007": {S1: "(maximum - minimum) / expected range of n standard normal values"},
    "blue": dict.fromkeys((S1, S2, S3), "best linear weights of the ordered figures"),
}

MEANS = by_key(
    Estimator("luo2018", "Luo et al. 2018", luo_mean, (S1, S2, S3), "luo2018", _FORMULAS["luo2018"]),
    Estimator("wan2014", "Wan et al. 2014", wan_mean, (S1, S2, S3), "wan2014", _FORMULAS["wan2014"]),
    Estimator("hozo2005", "Hozo et al. 2005", hozo_mean, (S1,), "hozo2005", _FORMULAS["hozo2005"]),
    Estimator("bland2015", "Bland 2015", bland_mean, (S3,), "bland2015", _FORMULAS["bland2015"]),
    Estimator("walter2007", "Walter & Yao 2007", walter_mean, (S1,), "walter2007", _FORMULAS["walter2007"]),
    Estimator("blue", "best linear unbiased", blue_mean, (S1, S2, S3), "yang2022", _FORMULAS["blue"]),
)

SDS = by_key(
    Estimator(
        "wan-shi",
        "Wan et al. 2014, five numbers by Shi et al. 2020",
        wan_shi_sd,
        (S1, S2, S3),
        "shi2020",
        _SD_FORMULAS["wan-shi"],
    ),
    Estimator("wan2014", "Wan et al. 2014", wan_sd, (S1, S2, S3), "wan2014", _SD_FORMULAS["wan2014"]),
    Estimator("shi2020", "Shi et al. 2020", shi_sd, (S3,), "shi2020", _SD_FORMULAS["shi2020"]),
    Estimator("hozo2005", "Hozo et al. 2005", hozo_sd, (S1,), "hozo2005", _SD_FORMULAS["hozo2005"]),
    Estimator("bland2015", "Bland 2015", bland_sd, (S3,), "bland2015", _SD_FORMULAS["bland2015"]),
    Estimator("walter2007", "Walter & Yao 2007", walter_sd, (S1,), "walter2007", _SD_FORMULAS["walter2007"]),
    Estimator("blue", "best linear unbiased", blue_sd, (S1, S2, S3), "yang2022", _SD_FORMULAS["blue"]),
)
