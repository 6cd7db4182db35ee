"""Subgroups pooled by methods of the counts room, compared by the test between groups."""

from __future__ import annotations

import numpy as np
import pytest

from mscsec.pooling.counts import pool_counts
from mscsec.pooling.regression import between, regress

from .reference import cases, close, columns


@pytest.mark.parametrize(
    "found",
    [c for c in cases("meta") if "-sub-" in c["id"] and c["options"].get("method") == "MH"],
    ids=lambda found: found["id"],
)
def test_groups_pooled_from_the_cells_are_compared(found):
    """The groups' own numbers are the counts room's; the shared tau2 and the tests between groups are compared here."""
    options, expected = found["options"], found["expected"]
    table = {key: np.array(column) for key, column in columns(found | {"options": {"measure": options["sm"]}}).items()}
    inside = {name: table[options["subgroup"]] == name for name in expected["levels"]}
    tau2 = options["method.tau"]
    if options["tau.common"]:
        design_of_groups = np.column_stack(list(inside.values()))
        shared = regress(table["yi"], table["vi"], design_of_groups, intercept=False, tau2=tau2, ci="wald")
        close(
            [shared.tau2, shared.qe, shared.qe_df],
            [expected[f"{key}_resid"] for key in ("tau2", "Q", "df_Q")],
            found["tolerance"],
        )
        tau2 = shared.tau2
    ci = "hksj" if options.get("method.random.ci") == "HK" or "HK" in found["id"] else "wald"
    for model, how in (("common", {}), ("random", {"tau2": tau2, "ci": ci})):
        groups = {
            name: pool_counts(
                *(table[arm][at] for arm in ("ai", "n1i", "ci", "n2i")), measure=options["sm"], model=model, **how
            )
            for name, at in inside.items()
        }
        test = between(groups)
        keys = ("Q_b", "df_Q_b", "pval_Q_b")
        close([test.q, test.df, test.p_value], [expected[f"{key}_{model}"] for key in keys], found["tolerance"])
