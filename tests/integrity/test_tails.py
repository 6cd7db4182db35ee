import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mscsec.errors import InvalidInput, UnknownMethod
from mscsec.integrity.tails import STATISTICS, p_of_statistic

# Checked against scipy.stats, which computes them in another way (distribution objects, survival functions).
ORACLE = {
    "t": lambda x, df: 2 * stats.t.sf(abs(x), df),
    "F": lambda x, df_1, df_2: stats.f.sf(x, df_1, df_2),
    "chi2": lambda x, df: stats.chi2.sf(x, df),
    "z": lambda x: 2 * stats.norm.sf(abs(x)),
    "r": lambda x, df: 2 * stats.t.sf(abs(x) * np.sqrt(df / (1 - x**2)), df),
}


def test_every_statistic_has_an_oracle():
    assert set(ORACLE) == set(STATISTICS)


@pytest.mark.parametrize("kind", STATISTICS)
@given(hundredths=st.integers(0, 99), whole=st.integers(0, 8), dfs=st.lists(st.integers(1, 60), min_size=2, max_size=2))
def test_p_and_the_span_that_rounding_allows(kind, hundredths, whole, dfs):
    text = f"{0 if kind == 'r' else whole}.{hundredths:02d}"
    df = dfs[: STATISTICS[kind].dfs]
    found = p_of_statistic(kind, text, *df)
    assert found.value == pytest.approx(ORACLE[kind](float(text), *df), rel=1e-9, abs=1e-300)
    for shift in (-0.005, -0.002, 0.004, 0.005):
        shifted = float(text) + shift
        if (kind in ("F", "chi2") and shifted < 0) or (kind == "r" and shifted >= 1):
            continue
        p = ORACLE[kind](shifted, *df)
        assert found.low * (1 - 1e-9) <= p <= found.high * (1 + 1e-9)
    assert found.low <= found.value <= found.high


def test_small_tails_keep_their_digits():
    assert p_of_statistic("z", "12.0").value == pytest.approx(3.552964224155358e-33, rel=1e-9)


def test_what_is_no_statistic_is_refused():
    with pytest.raises(InvalidInput, match="2 degrees of freedom"):
        p_of_statistic("F", "3.1", 2)
    with pytest.raises(InvalidInput, match="cannot be negative"):
        p_of_statistic("chi2", "-3.1", 2)
    with pytest.raises(InvalidInput, match="between -1 and 1"):
        p_of_statistic("r", "1.2", 10)
    with pytest.raises(InvalidInput, match="above 0"):
        p_of_statistic("t", "2.0", 0)
    with pytest.raises(UnknownMethod):
        p_of_statistic("tau", "2.0", 3)
