"""The integrity checks, one row each; a row's key is the code of its verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mscsec.integrity import checks_across as across
from mscsec.integrity import checks_arithmetic as arithmetic
from mscsec.integrity import checks_granularity as granularity
from mscsec.integrity import checks_statistics as statistics
from mscsec.integrity.verdict import Verdict
from mscsec.registry import by_key


@dataclass(frozen=True, slots=True)
class Check:
    """One check. needs : the arguments it cannot do without, by name. source : key of its work in `SOURCES`."""

    key: str
    name: str
    run: Callable[..., Verdict]
    needs: tuple[str, ...]
    source: str


_MEANS = ("mean_1", "sd_1", "n_1", "mean_2", "sd_2", "n_2")
_COUNTS = ("events_1", "n_1", "events_2", "n_2")
_CI = ("ci_low", "ci_high")
_SPIRIT = "wilkinson2024"  # INSPECT-SR, which lists what to look at; it gives no formula, and these need none

INTEGRITY = by_key(
    Check("I101", "Parts add up to their total", arithmetic.check_sum, ("parts", "total"), _SPIRIT),
    Check("I102", "No more events than patients", arithmetic.check_events, ("events", "n"), _SPIRIT),
    Check("I103", "Minimum, quartiles, median, maximum in order", arithmetic.check_order, (), _SPIRIT),
    Check("I104", "Estimate inside its interval", arithmetic.check_estimate_in_ci, ("estimate", *_CI), _SPIRIT),
    Check("I105", "Change is final less baseline", arithmetic.check_change, ("baseline", "final", "change"), _SPIRIT),
    Check("I106", "Overall mean of its groups", arithmetic.check_overall_mean, ("means", "ns", "overall"), _SPIRIT),
    Check("I201", "Percentage of whole patients", granularity.check_percent, ("percent", "n"), "brown2017"),
    Check("I202", "Median of whole steps", granularity.check_median, ("median", "n"), "brown2017"),
    Check(
        "I203", "Mean and SD of zeros and ones (DEBIT)", granularity.check_debit, ("mean", "sd", "n"), "heathers2019"
    ),
    Check("I204", "Mean of whole steps (GRIM)", granularity.check_grim, ("mean", "n"), "brown2017"),
    Check("I205", "Mean and SD of whole steps (GRIMMER)", granularity.check_grimmer, ("mean", "sd", "n"), "anaya2016"),
    Check("I301", "P of two means", statistics.check_p_of_means, (*_MEANS, "p"), "nuijten2016"),
    Check(
        "I302",
        "P of two means over every split of the total",
        statistics.check_p_over_splits,
        ("mean_1", "sd_1", "mean_2", "sd_2", "total", "p"),
        "nuijten2016",
    ),
    Check("I303", "P of a 2x2 table", statistics.check_p_of_counts, (*_COUNTS, "p"), "nuijten2016"),
    Check("I304", "P of a larger table", statistics.check_p_of_table, ("counts", "p"), "nuijten2016"),
    Check(
        "I305",
        "P of a test statistic",
        statistics.check_p_of_statistic,
        ("kind", "statistic", "df", "p"),
        "nuijten2016",
    ),
    Check("I306", "P of an interval", statistics.check_p_of_ci, ("measure", "estimate", *_CI, "p"), "altman2011"),
    Check(
        "I307", "Effect of the counts", statistics.check_effect_of_counts, ("measure", "estimate", *_COUNTS), "katz1978"
    ),
    Check(
        "I308",
        "Interval centred on its estimate",
        statistics.check_ci_symmetry,
        ("measure", "estimate", *_CI),
        "altman2011",
    ),
    Check("I309", "Least P of an exact rank test", statistics.check_smallest_p, ("n_1", "n_2", "p"), "mann1947"),
    Check("I310", "P of several means", statistics.check_p_of_groups, ("means", "sds", "ns", "p"), "nuijten2016"),
    Check(
        "I401", "SD possible on a scale", arithmetic.check_sd_on_scale, ("mean", "sd", "n", "low", "high"), "bhatia2000"
    ),
    Check(
        "I402",
        "SD possible for the range",
        arithmetic.check_sd_by_range,
        ("sd", "n", "minimum", "maximum"),
        "thomson1955",
    ),
    Check(
        "I403",
        "Mean and median within an SD",
        arithmetic.check_mean_and_median,
        ("mean", "median", "sd", "n"),
        "hotelling1932",
    ),
    Check(
        "I404",
        "SD of change possible",
        arithmetic.check_change_sd,
        ("sd_baseline", "sd_final", "sd_change"),
        "cochrane_handbook",
    ),
    Check(
        "I405",
        "SD like those of its peers",
        arithmetic.check_sd_against_peers,
        ("sd", "n", "peers"),
        "cochrane_handbook",
    ),
    Check("I406", "Interval and SD of one mean", arithmetic.check_ci_of_mean, ("sd", "n", *_CI), "cochrane_handbook"),
    Check("I501", "Figures shared by two records", across.check_shared_figures, ("records",), _SPIRIT),
    Check("I502", "Registration shared by two records", across.check_shared_registration, ("records",), _SPIRIT),
    Check(
        "I503", "Baseline as random allocation makes it", across.check_baseline, ("variables", "rng"), "carlisle2017"
    ),
    Check("I504", "Same SD for several arms or times", across.check_unchanged, ("figures",), _SPIRIT),
)
