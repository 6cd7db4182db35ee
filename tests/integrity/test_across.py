import numpy as np
import pytest
from scipy import stats

from mscsec.errors import InvalidInput, NotEstimable
from mscsec.integrity.across import (
    BaselineVariable,
    baseline_similarity,
    registrations,
    shared_figures,
    shared_registrations,
    significant_digits,
    stouffer,
    unchanged,
)


def rng():
    return np.random.default_rng(7)


def test_the_same_laboratory_figures_in_two_trials():
    records = {
        "sengupta2020": {"CRP": "77", "ferritin": "43", "D-dimer": "42"},
        "fathikazerooni2022": {"crp": "77", "Ferritin": "43", "d-dimer ": "42", "CD8": "15"},
        "other": {"CRP": "77.0", "ferritin": "30", "D-dimer": "42"},
    }
    (found,) = shared_figures(records)
    assert (found.first, found.second) == ("sengupta2020", "fathikazerooni2022")
    assert found.labels == ("crp", "ferritin", "d-dimer")
    assert found.digits == 6
    assert len(shared_figures(records, at_least=1, digits=2)) == 3


@pytest.mark.parametrize(("figure", "digits"), [("5.50", 3), ("0.043", 2), ("0.00", 0), ("-12", 2), ("1.2e-3", 2)])
def test_digits_that_tell_figures_apart(figure, digits):
    assert significant_digits(figure) == digits


def test_registrations():
    assert registrations("registered as nct04355728 and ISRCTN12345678") == ("NCT04355728", "ISRCTN12345678")
    assert registrations("IRCT20200421047150N1") == ("IRCT20200421047150N1",)
    assert registrations("  Own  registry 5 ") == ("OWN REGISTRY 5",)
    assert registrations("") == ()
    shared = shared_registrations({"a": "NCT04355728", "b": "(NCT04355728)", "c": None, "d": "NCT00000001"})
    assert shared == {"NCT04355728": ("a", "b")}


def test_stouffer_is_scipy():
    p = np.array([0.03, 0.4, 0.77, 0.2])
    assert stouffer(p) == pytest.approx(stats.combine_pvalues(p, method="stouffer").statistic)
    for wrong in ([], [1.0, 0.5], [0.0]):
        with pytest.raises(NotEstimable):
            stouffer(np.array(wrong))


def table(means):
    return [BaselineVariable(f"x{i}", pair, ("9.8", "10.1"), (40, 40)) for i, pair in enumerate(means)]


def test_baselines_too_alike_too_different_and_as_expected():
    alike = baseline_similarity(
        table([("50.0", "50.0"), ("70.1", "70.1"), ("30.2", "30.2"), ("12.3", "12.3")] * 3), rng()
    )
    assert alike.p_similar < 1e-6
    assert alike.z_low is None  # means that may be equal have a P of 1
    assert all(0.97 < p < 1 for p in alike.p_values)
    apart = baseline_similarity(table([("50.0", "58.0"), ("70.1", "62.1")]), rng())
    assert apart.p_different < 1e-4
    data = np.random.default_rng(3).normal(50, 10, (20, 2, 40))
    honest = [
        BaselineVariable(
            f"x{i}", tuple(f"{m:.1f}" for m in x.mean(-1)), tuple(f"{s:.1f}" for s in x.std(-1, ddof=1)), (40, 40)
        )
        for i, x in enumerate(data)
    ]
    found = baseline_similarity(honest, rng())
    assert min(found.p_different, found.p_similar) > 0.01
    raw = [stats.ttest_ind(*x).pvalue for x in data]
    for p, each, interval in zip(raw, found.p_values, found.intervals, strict=True):
        assert interval.low * (1 - 1e-9) <= p <= interval.high * (1 + 1e-9)
        assert interval.low <= each <= interval.high


def test_baseline_z_lies_between_its_ends_and_a_seed_fixes_it():
    variables = table([("50.1", "52.3"), ("70.1", "66.2")])
    found = baseline_similarity(variables, rng())
    assert found.z_low < found.z < found.z_high
    assert found.p_different + found.p_similar == pytest.approx(1)
    assert found == baseline_similarity(variables, rng())
    with pytest.raises(InvalidInput):
        baseline_similarity([], rng())


def test_the_same_sd_printed_twice():
    groups = unchanged({"baseline 1": "3.75", "final 1": "3.75", "baseline 2": "3.750", "x": "12", "y": "12"})
    assert groups == (("baseline 1", "final 1"),)
