"""Edges by name, messages, notices, the advisor, and what the package must not import."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mscsec.codes import CODES
from mscsec.effects.measures import effect_size
from mscsec.errors import InvalidInput, NotConverged, NotEstimable, TooFewStudies, UnknownMethod
from mscsec.pooling.counts import (
    CONVENTIONS,
    COUNTS,
    GROUP_RATES,
    PROPORTIONS,
    RATES,
    ZeroCells,
    advise,
    compare,
    pool_counts,
    pool_counts_batch,
    pool_group_rates,
    pool_proportions,
    pool_rates,
)
from mscsec.pooling.counts.closed import MEASURES
from mscsec.sources import SOURCES

SPARSE = ([0, 0, 3, 5, 12, 0], [40, 55, 60, 48, 90, 35], [0, 4, 8, 0, 15, 0], [42, 50, 58, 50, 88, 30])
NOBODY = ([0, 0, 0], [20, 30, 40], [0, 0, 0], [22, 31, 38])
EVERYBODY = ([20, 30], [20, 30], [22, 31], [22, 31])
NEARLY_ALL = ([97, 195, 148], [100, 200, 150], [93, 190, 149], [100, 200, 150])
RATIOS = [(row.key, m) for row in COUNTS.values() for m in row.measures if m in ("OR", "RR")]


def test_every_row_has_a_source() -> None:
    for table in (COUNTS, RATES, PROPORTIONS, GROUP_RATES, MEASURES):
        assert {row.source for row in table.values()} <= set(SOURCES)


@pytest.mark.parametrize("data", [NOBODY, EVERYBODY], ids=["nobody", "everybody"])
@pytest.mark.parametrize(("method", "measure"), [pair for pair in RATIOS if pair[1] == "OR"])
def test_no_odds_ratio_without_both_outcomes(method: str, measure: str, data) -> None:
    with pytest.raises(NotEstimable):
        pool_counts(*data, method=method, measure=measure)


def test_no_risk_ratio_without_events() -> None:
    for method in ("MH", "IV", "SSW", "BB"):
        with pytest.raises(NotEstimable):
            pool_counts(*NOBODY, method=method, measure="RR")


def test_a_risk_difference_without_events_is_zero_and_has_no_test() -> None:
    found = pool_counts(*NOBODY, measure="RD")
    assert (found.estimate, found.se, found.statistic, found.p_value) == (0.0, 0.0, None, None)
    assert {"P302", "P304"} <= {notice.code for notice in found.warnings}


def test_events_in_one_arm_only() -> None:
    data = ([0, 0, 0], [20, 30, 40], [3, 2, 1], [22, 31, 38])
    for method in ("MH", "UM.FS", "UM.RS", "CM.EL", "CM.AL", "BB"):
        with pytest.raises(NotEstimable, match="one of the arms"):
            pool_counts(*data, method=method)
    assert pool_counts(*data, method="Peto").estimate < 0
    assert pool_counts(*data, method="IV").estimate < 0


@pytest.mark.parametrize("row", COUNTS.values(), ids=COUNTS)
def test_one_study(row) -> None:
    found = pool_counts([3], [20], [5], [22], method=row.key)
    assert found.k == 1
    assert found.weights == pytest.approx((1.0,))
    assert {notice.code for notice in found.warnings} == {"P201"}
    assert found.prediction_low is None


@pytest.mark.parametrize("row", COUNTS.values(), ids=COUNTS)
@pytest.mark.filterwarnings("error")
def test_a_thousand_million_patients(row) -> None:
    """Rates of 1 in 1000 in arms of 1e9: every method is close to the crude log odds ratio of its one effect."""
    n = np.array([1e9, 5e8, 8e8])
    found = pool_counts(n * 1.1e-3, n, n * 1.0e-3, n, method=row.key, model="common")
    expected = math.log(1.1e-3 / (1 - 1.1e-3)) - math.log(1e-3 / (1 - 1e-3))
    # Peto's step and the rare-event approximation are off by the order of the effect squared and of the rate.
    assert_allclose(found.estimate, expected, rtol=2e-3 if row.key in ("Peto", "CM.AL") else 1e-5)
    assert_allclose(found.se, np.sqrt((1 / (n * 1.1e-3).sum()) + 1 / (n * 1e-3).sum()), rtol=5e-3)


def test_why_there_is_no_ratio_is_said_as_it_is() -> None:
    """Events and others in both arms over all, yet each table has its zero on the same side."""
    one_sided = ([0, 5], [10, 10], [3, 10], [10, 10])
    for method in ("MH", "UM.FS", "CM.EL"):
        with pytest.raises(NotEstimable, match="no one without it in the other, always on the same side"):
            pool_counts(*one_sided, method=method)
    assert math.isfinite(pool_counts(*one_sided, measure="RR").estimate)
    rates = ([0, 0], [10, 20], [3, 4], [12, 22])
    for method in ("MH", "UM.FS", "UM.RS", "CM.EL"):
        with pytest.raises(NotEstimable, match="over all studies there is no event in one of the arms") as caught:
            pool_rates(*rates, method=method)
        assert "without it" not in caught.value.message  # person-time has no one without the event


def test_cochrans_weights_say_whose_events_do_not_count() -> None:
    """metainc's weights too are the events expected at the comparator's rate: 8 events against none weigh nothing."""
    found = pool_rates([5, 3, 1], [10, 20, 30], [0, 0, 4], [12, 22, 31], method="Cochran")
    assert found.weights == (0, 0, 1)
    assert "No event in the comparator of studies 1, 2 (2 of 3): no weight" in str(found.warnings)


def test_an_empty_arm_is_left_out_and_named() -> None:
    found = pool_counts([3, 0, 4], [20, 0, 30], [5, 1, 6], [22, 10, 33])
    assert found.k == 2
    assert found.weights[1] == 0
    assert "study 2 (1 of 3)" in found.warnings[0].message


def test_effects_that_differ_without_bound_are_refused() -> None:
    """Each study at one end or the other of its support: the likelihood rises with tau for ever."""
    data = ([0, 10, 0, 12], [60, 10, 70, 12], [9, 0, 11, 0], [9, 80, 11, 75])
    with pytest.raises((NotConverged, NotEstimable)):
        pool_counts(*data, method="CM.EL")
    assert math.isfinite(pool_counts(*data, method="MH").estimate)


def test_no_usable_study() -> None:
    with pytest.raises(TooFewStudies):
        pool_counts([0], [0], [0], [0])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([117], [44], [3], [40]), "117 events of 44 in arm 1 of study 1"),
        (([1, 2], [44, 40], [3, -1], [40, 40]), "events_2 of study 2 is -1"),
        (([1, math.nan], [44, 40], [3, 1], [40, 40]), "events_1 of study 2 is nan"),
        (([1, 2], [44, 40], [3], [40]), "events_2 has shape"),
        (([1], [math.inf], [3], [40]), "n_1 of study 1 is inf"),
    ],
)
def test_impossible_counts_are_refused(columns, message: str) -> None:
    with pytest.raises(InvalidInput, match=r"study|shape") as caught:
        pool_counts(*columns)
    assert message in caught.value.message


def test_a_unit_of_time_beyond_the_range_of_numbers() -> None:
    """Squares of 1e-200 are 0 to a float: refused by name. At the ends of what is taken, nothing overflows."""
    for unit in (1e-200, 1e200):
        times = (np.array([10, 20]) * unit, np.array([12, 22]) * unit)
        for measure in ("IRR", "IRD"):
            with pytest.raises(InvalidInput, match=r"time_1 of study 1 is .* Take another unit of person-time"):
                pool_rates([3, 5], times[0], [4, 6], times[1], measure=measure)
        with pytest.raises(InvalidInput, match=r"between 1e-100 and 1e\+100"):
            pool_group_rates([3, 5], times[0])
    plain = pool_rates([3, 5], [10, 20], [4, 6], [12, 22], measure="IRD")
    for unit in (1e-98, 1e98):
        found = pool_rates([3, 5], [10 * unit, 20 * unit], [4, 6], [12 * unit, 22 * unit], measure="IRD")
        assert_allclose(
            (found.estimate * unit, found.se * unit, found.q), (plain.estimate, plain.se, plain.q), rtol=1e-12
        )


def test_events_without_person_time() -> None:
    with pytest.raises(InvalidInput, match="no person-time in arm 2 of study 1"):
        pool_rates([1], [10], [2], [0])
    with pytest.raises(InvalidInput, match="no person-time of study 1"):
        pool_group_rates([1], [0])
    with pytest.raises(InvalidInput, match="5 events of 4"):
        pool_proportions([5], [4])


@pytest.mark.parametrize(
    "options",
    [
        {"method": "Pete"},
        {"method": "Peto", "measure": "RR"},
        {"method": "UM.FS", "ci": "hksj"},
        {"method": "UM.FS", "prediction": "bootstrap"},
        {"method": "Firth", "ci": "t"},
        {"method": "MH", "ci": "hksj"},
        {"method": "Peto", "ci": "t"},
        {"method": "BB", "ci": "profile"},
        {"zero_cells": "cochrane"},
        {"where": "some"},
        {"increment": "half"},
        {"preset": "revman"},
        {"tau2_about": "DL"},
    ],
)
def test_unknown_names_are_answered_with_the_known(options) -> None:
    with pytest.raises(UnknownMethod, match="Known: "):
        pool_counts(*SPARSE, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"method": "BB", "model": "random"},
        {"model": "fixed"},
        {"level": 1.0},
        {"method": "MH", "model": "common", "tau2": "DL"},
        {"method": "IV", "model": "common", "tau2_ci": "QP"},
        {"method": "UM.FS", "tau2": "REML"},
        {"method": "UM.FS", "points": 0},
        {"method": "UM.FS", "points": 7.5},
        {"method": "UM.FS", "coding": math.nan},
        {"increment": -1.0},
    ],
)
def test_requests_that_contradict_themselves(options) -> None:
    with pytest.raises(InvalidInput):
        pool_counts(*SPARSE, **options)


def test_fractions_where_counts_must_be_whole() -> None:
    fractions = ([3.5, 4], [20, 25], [5, 9], [22, 27])
    for method in ("CM.EL", "BB"):
        with pytest.raises(InvalidInput, match="fractions"):
            pool_counts(*fractions, method=method)
    assert pool_counts(*fractions).k == 2


def test_notices_name_the_sparse_studies() -> None:
    told = {notice.code: notice.message for notice in pool_counts(*SPARSE).warnings}
    assert "studies 1, 6 (2 of 6)" in told["P302"]
    assert "studies 2, 4 (2 of 6): 0.5 added" in told["P303"]
    assert "the pooled sums are as counted" in told["P303"]
    assert set(told) <= set(CODES)
    assert "the pooled sums have it too" in str(pool_counts(*SPARSE, preset="revman-5").warnings)


def test_sums_without_a_study_say_that_none_is_left() -> None:
    nobody_or_everybody = ([0, 35], [63, 35], [0, 31], [87, 31])
    with pytest.raises(NotEstimable, match="in every study nobody, or everybody, had the event"):
        pool_counts(*nobody_or_everybody, measure="RR", preset="revman-5")
    with pytest.raises(NotEstimable, match="in every study nobody had the event"):
        pool_rates([0, 0], [63, 35], [0, 0], [87, 31], preset="meta")
    assert pool_counts(*nobody_or_everybody, measure="RR").estimate == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("method", ["BB", "Firth"])
def test_a_model_that_keeps_studies_without_information_says_so_of_both_kinds(method: str) -> None:
    told = " ".join(
        n.message for n in pool_counts([0, 20, 4], [30, 20, 50], [0, 25, 9], [31, 25, 48], method=method).warnings
    )
    assert "No event in either arm of study 1 (1 of 3): kept" in told
    assert "Everybody had the event in study 2 (1 of 3): kept" in told


def test_what_meta_adds_to_a_risk_ratio_is_said_as_it_is() -> None:
    told = {n.code: n.message for n in pool_counts(*SPARSE, measure="RR", preset="meta").warnings}
    where = "0.5 added to the events of each arm for the study's own estimate; the pooled sums have it in each cell"
    assert where in told["P303"]
    told = {n.code: n.message for n in pool_counts(*SPARSE, measure="RR", method="IV", preset="meta").warnings}
    assert "0.5 added to the events of each arm for the study's own estimate" in told["P303"]


SPREAD_OUT = ([36, 2, 2, 34, 3, 38], [36, 41, 49, 34, 51, 38], [1, 0, 0, 48, 1, 1], [48, 32, 6, 48, 41, 18])


def test_results_hold_plain_numbers() -> None:
    """Also where a step is cut short, which is where a number of numpy's came in."""
    fits = [
        pool(*SPREAD_OUT, method=row.key, measure=measure, model=model)
        for pool, table in ((pool_counts, COUNTS), (pool_rates, RATES))
        for row in table.values() for measure in row.measures for model in row.models
    ]  # fmt: skip
    for fit in fits:
        strange = {name: getattr(fit, name) for name in fit.__slots__ if isinstance(getattr(fit, name), np.generic)}
        assert not strange, f"{fit.method} {fit.model}: {strange}"


def test_rare_events_are_said_where_inverse_variance_is_used() -> None:
    for options in ({"method": "IV"}, {"method": "MH", "model": "random"}, {"method": "SSW", "measure": "RR"}):
        told = {notice.code: notice.message for notice in pool_counts(*SPARSE, **options).warnings}
        assert "7.3 events in 100, a zero cell in studies 1, 2, 4, 6 (4 of 6)" in told["P306"]
        assert ("Peto" in told["P306"]) == ("measure" not in options)  # there is no Peto estimate of a risk ratio
    for options in ({"method": "MH"}, {"method": "UM.FS"}, {"method": "IV", "measure": "RD"}):
        assert "P306" not in {notice.code for notice in pool_counts(*SPARSE, **options).warnings}
    frequent = pool_counts([30, 40], [100, 100], [35, 45], [100, 100], method="IV")
    assert "P306" not in {notice.code for notice in frequent.warnings}
    everybody = {n.code: n.message for n in pool_counts(*NEARLY_ALL, method="IV").warnings}
    assert "(3.1 in 100 without the event)" in everybody["P306"]
    assert not pool_counts(*NEARLY_ALL, method="IV", measure="RR", prediction="none").warnings


def test_what_a_rule_adds_to_studies_without_a_zero_is_said_of_them() -> None:
    data = ([0, 5, 9], [40, 50, 60], [4, 6, 8], [42, 50, 58])
    told = [n.message for n in pool_counts(*data, method="IV", where="if0all", prediction="none").warnings]
    assert "No zero cell in studies 2, 3 (2 of 3): 0.5 added there too, because another study has one" in told
    told = [n.message for n in pool_counts(*data, method="IV", where="all", increment="tacc").warnings]
    assert "A zero cell in study 1 (1 of 3): increments in proportion to the arms added to each cell" in " ".join(told)
    assert (
        "No zero cell in studies 2, 3 (2 of 3): increments in proportion to the arms added there too, as in every study"
        in told
    )


def test_nothing_is_said_to_be_added_to_person_time() -> None:
    data = ([0, 5, 9], [40.5, 50, 60], [4, 6, 8], [42, 50, 58])
    for measure, what in (("IRR", "estimate"), ("IRD", "estimate")):
        (told,) = [n.message for n in pool_rates(*data, measure=measure).warnings if n.code == "P303"]
        assert f"study 1 (1 of 3): 0.5 added to the events of each arm for the study's own {what};" in told


def test_peto_says_when_it_is_out_of_its_range() -> None:
    far = pool_counts([2, 3], [100, 100], [20, 30], [100, 100], method="Peto")
    skewed = pool_counts([20, 30], [1000, 1000], [2, 3], [100, 100], method="Peto")
    assert all("P305" in {n.code for n in found.warnings} for found in (far, skewed))
    assert not pool_counts([20, 30], [100, 100], [21, 30], [100, 100], method="Peto").warnings


def test_conventions_differ_where_they_say() -> None:
    estimates = {key: pool_counts(*SPARSE, measure="RR", preset=key).estimate for key in CONVENTIONS}
    assert estimates["metafor"] == estimates["cochrane-2025"]
    assert estimates["meta"] == estimates["revman-5"] != estimates["metafor"]
    own = pool_counts(*SPARSE, measure="RR", method="IV", zero_cells=ZeroCells("mine", increment=0.1))
    assert own.details is not None
    assert own.details["zero_cells"] == "mine"
    assert own.estimate == pool_counts(*SPARSE, measure="RR", method="IV", increment=0.1).estimate


@pytest.mark.parametrize(("measure", "sizes"), [("RD", "n"), ("IRD", "time")])
def test_the_default_convention_is_that_of_the_effects_a_command_shows(measure: str, sizes: str) -> None:
    """0.5 in a difference as well as in its variance, as in `effect_size`, so that both faces give one answer."""
    data = ([0, 5, 9], [40, 50, 60], [4, 6, 8], [42, 50, 58])
    own = effect_size(measure, **dict(zip(("events_1", f"{sizes}_1", "events_2", f"{sizes}_2"), data, strict=True)))
    found = (pool_counts if sizes == "n" else pool_rates)(*data, measure=measure, method="IV")
    assert found.details is not None
    assert_allclose(found.details["study_estimate"], own.yi, rtol=1e-13)
    assert_allclose(found.details["study_se"], own.sei, rtol=1e-13)


def test_revman_takes_tau2_about_the_mantel_haenszel_estimate() -> None:
    about = pool_counts(*SPARSE, model="random", preset="revman-5")
    other = pool_counts(*SPARSE, model="random", preset="revman-5", tau2_about="IV")
    assert about.tau2_method == other.tau2_method == "DL"
    assert about.tau2 != other.tau2
    assert about.tau2 is not None
    assert about.details is not None
    yi, se = (np.array([v for v in about.details[key] if v is not None]) for key in ("study_estimate", "study_se"))
    w = se**-2.0
    q = (w * (yi - about.details["common"]["estimate"]) ** 2).sum()
    assert_allclose(about.tau2, max(0, (q - len(w) + 1) / (w.sum() - (w**2).sum() / w.sum())), rtol=1e-12)


def test_results_are_json() -> None:
    for row in COUNTS.values():
        json.dumps(pool_counts(*SPARSE, method=row.key).to_dict(), allow_nan=False)
    json.dumps(compare(*SPARSE).to_dict(), allow_nan=False)
    json.dumps(pool_counts_batch(*NOBODY).to_dict(), allow_nan=False)


# --- the advisor -----------------------------------------------------------------------------------------------------------


def verdicts(*data) -> dict[str, str]:
    return {row.method: row.verdict for row in advise(*data).methods}


def test_peto_below_one_in_a_hundred_with_balanced_arms_and_a_small_effect() -> None:
    found = verdicts([2, 1, 0, 3], [1000] * 4, [3, 2, 1, 2], [1000] * 4)
    assert found["Peto"] == "recommended"
    assert found["IV"] == "unsuitable"


def test_mantel_haenszel_when_the_arms_are_unbalanced_or_the_effect_is_large() -> None:
    unbalanced = verdicts([6, 3, 0, 8], [4000] * 4, [2, 1, 1, 1], [1000] * 4)
    assert (unbalanced["Peto"], unbalanced["MH"]) == ("unsuitable", "recommended")
    large = verdicts([1, 0, 1, 1], [1000] * 4, [8, 7, 6, 5], [1000] * 4)
    assert (large["Peto"], large["MH"]) == ("caution", "recommended")


def test_inverse_variance_when_events_are_frequent() -> None:
    assert verdicts([30, 40], [100, 100], [35, 45], [100, 100])["IV"] == "suitable"


def test_advice_where_nearly_everybody_has_the_event() -> None:
    """CM.AL takes events to be rare: here it gives 1.02, and every other method an odds ratio near 1.8."""
    found = advise(*NEARLY_ALL)
    assert_allclose(found.event_rate, 872 / 900)
    assert found.sparse
    rows = {row.method: row for row in compare(*NEARLY_ALL).rows}
    assert rows["CM.AL"].verdict == "unsuitable"
    assert rows["CM.AL"].result is not None
    assert math.exp(rows["CM.AL"].result.estimate) < 1.1
    low, high = compare(*NEARLY_ALL).estimates_low, compare(*NEARLY_ALL).estimates_high
    assert low is not None
    assert high is not None
    assert 1.6 < math.exp(low) < math.exp(high) < 1.9
    assert "zero cells" not in rows["IV"].reason  # there are none
    assert not advise(*NEARLY_ALL, measure="RR").sparse


def test_a_difference_of_rare_risks_is_not_recommended() -> None:
    """Cochrane Handbook 10.4.4.3: conservative coverage and low power where risks are low."""
    rare = ([2, 1, 0, 3], [1000] * 4, [3, 2, 1, 2], [1000] * 4)
    assert {row.method: row.verdict for row in advise(*rare, measure="RD").methods}["MH"] == "caution"
    mh = {row.method: row for row in advise(*SPARSE, measure="RD").methods}["MH"]
    assert (mh.verdict, mh.reason) == (
        "recommended",
        "it needs no continuity correction, and studies without events count",
    )


def test_advice_counts_what_is_sparse() -> None:
    found = advise(*SPARSE)
    assert (found.double_zero, found.single_zero, found.double_full, found.empty) == ((0, 5), (1, 3), (), ())
    assert (found.events_1, found.events_2, found.k, found.sparse) == (20, 27, 6, True)
    assert_allclose(found.event_rate, 47 / 646)


def test_advice_where_nobody_had_the_event() -> None:
    assert set(verdicts(*NOBODY).values()) == {"unsuitable"}
    found = compare(*NOBODY)
    assert {row.result for row in found.rows} == {None}
    assert (found.estimates_low, found.estimates_high) == (None, None)
    assert "no ratio exists" in found.rows[0].reason
    assert "every difference is 0" in compare(*NOBODY, measure="RD").rows[0].reason


def test_comparison_holds_a_result_or_a_reason() -> None:
    found = compare(*SPARSE)
    assert {row.method for row in found.rows} == set(COUNTS)
    assert all((row.result is None) != (row.error is None) for row in found.rows)
    unsuited = [row for row in found.rows if row.verdict == "unsuitable"]
    assert [row.method for row in found.rows[-len(unsuited) :]] == [row.method for row in unsuited] == ["IV", "SSW"]
    span = [row.result.estimate for row in found.rows[: -len(unsuited)]]
    assert (found.estimates_low, found.estimates_high) == (min(span), max(span))
    chosen = compare(*SPARSE, methods=("GLMM", "IV"))
    assert [row.method for row in chosen.rows] == ["UM.FS", "IV"]
    defeated = compare([0, 0], [20, 30], [3, 2], [22, 31], methods=("MH", "Firth"))
    assert defeated.rows[0].error is not None
    assert defeated.rows[1].result is not None


def test_a_method_that_refuses_fractions_does_not_take_the_others_with_it() -> None:
    found = {row.method: row for row in compare([3.5, 4, 6], [40, 50, 60], [5, 7.5, 9], [41, 52, 58]).rows}
    assert "fractions" in (found["CM.EL"].error or "")
    assert found["CM.EL"].result is None
    assert found["MH"].result is not None
    with pytest.raises(InvalidInput):
        compare([50, 4], [40, 50], [5, 7], [41, 52])


def test_nothing_heavy_is_imported() -> None:
    heavy = "'scipy.stats', 'scipy.optimize', 'pandas', 'matplotlib'"
    code = f"import sys, mscsec.pooling.counts; print([m for m in ({heavy}) if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_table_has_no_spread():
    """rma.mh(measure="RD", ai=0, n1i=10, ci=2, n2i=12, drop00=FALSE) of metafor 3.8 has QE = 0 too."""
    found = pool_counts([0], [10], [2], [12], measure="RD", method="MH", preset="metafor")
    assert (found.q, found.q_df, found.q_p, found.i2) == (0, 0, None, None)
    assert found.estimate == pytest.approx(-1 / 6)


@pytest.mark.parametrize("method", ["MH", "Peto"])
def test_a_table_full_of_events_that_the_rule_drops_is_not_seen_by_sums_of_changed_cells(method: str) -> None:
    rule = ZeroCells("own", in_sums=("MH", "Peto"), in_tests=True, drop="ratio")
    kept = pool_counts([4, 0, 30], [20, 25, 40], [7, 3, 35], [22, 24, 41], method=method, zero_cells=rule)
    full = pool_counts(
        [4, 0, 30, 34], [20, 25, 40, 34], [7, 3, 35, 90], [22, 24, 41, 90], method=method, zero_cells=rule
    )
    assert (full.estimate, full.se) == (kept.estimate, kept.se)
    assert full.details is not None
    assert kept.details is not None
    assert full.details["cochran"] == kept.details["cochran"]


DROPPED = ZeroCells("dropped", drop="always")


def test_if0all_does_not_count_the_zeros_of_a_table_that_metafor_drops() -> None:
    data = ([4, 0, 9], [20, 25, 40], [7, 0, 12], [22, 24, 41])
    dropped = pool_counts(*data, method="IV", model="common", preset="metafor", zero_cells=DROPPED, where="if0all")
    left_out = pool_counts(
        [4, 9], [20, 40], [7, 12], [22, 41], method="IV", model="common", preset="metafor", zero_cells=DROPPED
    )
    assert (dropped.estimate, dropped.se) == (left_out.estimate, left_out.se)
    counted = pool_counts(*data, method="IV", model="common", preset="meta", where="if0all")
    assert counted.estimate != left_out.estimate
