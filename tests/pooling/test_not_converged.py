"""An iteration that is stopped before it has settled is an error for one set, and a flag for its row in a batch."""

from __future__ import annotations

import numpy as np
import pytest

from mscsec.errors import NotConverged
from mscsec.pooling import pool, pool_batch

YI = [0.1, 0.9, 0.3, -0.2, 0.6, 1.9]
VI = [0.04, 0.09, 0.1, 0.05, 0.02, 0.3]
WHERE = {"REML": "likelihood", "ML": "likelihood", "PM": "q_equation", "GENQM": "quadratic_form"}


@pytest.mark.parametrize("key", WHERE)
def test_a_set_that_does_not_settle_is_an_error_with_its_state(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    whole = pool(YI, VI, tau2=key, tau2_weights=[1, 2, 3, 4, 5, 6])
    assert whole.iterations > 1
    assert whole.converged
    monkeypatch.setattr(f"mscsec.pooling.{WHERE[key]}.STEPS", 1)
    with pytest.raises(NotConverged, match=r'did not converge in 1 iterations .*Try tau2="DL"') as caught:
        pool(YI, VI, tau2=key, tau2_weights=[1, 2, 3, 4, 5, 6])
    assert caught.value.exit_code == 3
    assert caught.value.iterations == 1
    assert whole.tau2 is not None
    assert 0 < caught.value.last < 10 * whole.tau2


@pytest.mark.parametrize("key", WHERE)
def test_a_row_that_does_not_settle_is_flagged_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """The second row has no more spread than chance, and needs no search."""
    monkeypatch.setattr(f"mscsec.pooling.{WHERE[key]}.STEPS", 1)
    batch = pool_batch([YI, np.array(YI) / 100, YI], VI, tau2=key, tau2_weights=[1, 2, 3, 4, 5, 6])
    assert batch.converged.tolist() == [False, True, False]
    assert batch.tau2[1] == 0
