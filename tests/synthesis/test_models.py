"""Further models of the same effects, by the words that name them."""

from __future__ import annotations

import pytest

import mscsec as ms
from mscsec.effects.tabular import effects_from_table, read_csv
from mscsec.synthesis.models import NO_CHOICE, fit_words

CELLS = ([0, 3, 0, 9], [40, 50, 15, 60], [2, 0, 0, 14], [20, 30, 16, 61])
TEXT = "study,events_1,n_1,events_2,n_2\n" + "".join(
    f"s{i},{a},{n_1},{c},{n_2}\n" for i, (a, n_1, c, n_2) in enumerate(zip(*CELLS, strict=True))
)


@pytest.mark.parametrize("preset", [None, "revman-5", "meta"])
def test_a_method_from_the_cells_beside_others_follows_the_same_preset(preset: str | None) -> None:
    sizes = effects_from_table(read_csv("t.csv", TEXT), "RD", zero_cells=preset, counted=True)
    found = fit_words(sizes, NO_CHOICE | {"preset": preset}, "MH")
    wanted = ms.pool_counts(*CELLS, measure="RD", method="MH", preset=preset)
    assert (found.estimate, found.se, found.k) == (wanted.estimate, wanted.se, wanted.k)
